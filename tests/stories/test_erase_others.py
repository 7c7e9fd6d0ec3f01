"""Erasing whoever only takes part in a case of somebody else: they are nowhere, and the case stays its customer's."""

import json
import shutil
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from router import admin
from router.settings import load_settings
from tests.mailbox import MIA, Mailbox
from tests.stories.test_erase import found_in
from tests.story import ADMIN, Json, Process, Story, World

HIS = "canary.tom@colleague.example"
CANARIES = ("canary.tom", "Wolkenpost", "Kettenblume", "Steinbrech")
"""Where he is reached, his name, what he wrote, and what stands in his file."""


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story() as story:
        yield story


async def their_matter(story: World) -> tuple[Mailbox, Mailbox, Json]:
    """She writes with him in copy, he answers all with a file, and she goes on, quoting him."""
    mia, tom = Mailbox(story, MIA, "Mia"), Mailbox(story, HIS, "Wolkenpost")
    ana = await story.ready_agent("Ana")
    await mia.writes("My Zaubernuss is broken", cc=f"Wolkenpost <{HIS}>")
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "Which Zaubernuss?")
    await story.passes(seconds=2)
    mail = await tom.last()
    await tom.answers(mail, "It is the one beside the Kettenblume", files={"plan.bin": b"Steinbrech" * 50})
    await mia.answers(
        await mia.last(),
        "Yes, the tall one\n\nOn Mon, 23 Nov 2026 at 14:11, Wolkenpost wrote:\n> It is the one beside the Kettenblume\n",
    )
    await story.settles()
    return mia, tom, await story.one_case()


async def test_he_is_gone_and_her_case_is_whole(story: Story) -> None:
    """His address, name, words, files and search rows leave, and what quoted him; her words, ours and every row stay."""
    mia, _, case = await their_matter(story)
    before = await story.timeline(case["id"])
    assert len(await story.cases(q="Kettenblume")) == len(await story.cases(q=HIS)) == 1
    assert found_in(story.data, *CANARIES)
    done = await story.api("POST", "/participants/erase", {"address": HIS.upper(), "reason": "request 17"})
    assert done == {"cases": [case["id"]], "state": "erased"}
    assert found_in(story.data, *CANARIES) == []
    after = await story.timeline(case["id"])
    assert [e["kind"] for e in after[: len(before)]] == [e["kind"] for e in before]
    assert after[-1]["facts"]["what"] == "participant_erased"
    said = await story.said(case["id"])
    assert {"My Zaubernuss is broken", "Which Zaubernuss?", "Yes, the tall one"} <= set(said)
    shown = await story.case(case["id"])
    assert (shown["participants"], shown["status"]) == ([], case["status"])
    assert [c["address"] for c in shown["contacts"]] == [MIA, None, MIA]
    assert await story.cases(q="Kettenblume") == await story.cases(q=HIS) == []
    assert len(await story.cases(q="Zaubernuss")) == len(await story.cases(q=MIA)) == 1
    ana = await story.agent("Ben")
    sent = await ana.replies(case["id"], "We come at five")
    assert sent["address"] == MIA
    await story.passes(seconds=2)
    assert (await mia.last())["headers"].get("Cc", "") == ""
    refused = await story.refused("POST", "/participants/erase", {"address": HIS})
    assert refused["status"] == 404
    audited = [i for i in (await story.api("GET", "/audit"))["items"] if i["action"] == "ErasePart"]
    assert [i["reason"] for i in audited] == ["request 17"]
    await story.stops()
    assert await admin.replay(load_settings(None, {}, data=story.data), say=lambda _: None) == 0


async def test_the_same_request_again_is_answered_as_before(story: Story) -> None:
    """Whoever asks again with the same key is told the same, and not that nobody is there."""
    await their_matter(story)
    once = await story.api("POST", "/participants/erase", {"address": HIS}, key="once")
    assert await story.api("POST", "/participants/erase", {"address": HIS}, key="once") == once


async def test_an_export_holds_his_part_and_nothing_of_hers(story: Story) -> None:
    """By his address, for he is nobody's customer: what he wrote, with his file."""
    _, _, case = await their_matter(story)
    read = await story.api("POST", "/participants/export", {"address": HIS})
    [part] = read["takes_part"]
    assert (part["case"], part["address"]) == (case["id"], HIS)
    assert [e["text"] for e in part["timeline"]] == ["It is the one beside the Kettenblume"]
    assert "plan.bin" in [file["name"] for file in part["files"]]
    assert "My Zaubernuss" not in json.dumps(read)
    assert "Yes, the tall one" not in json.dumps(read)
    assert (await story.api("GET", "/audit"))["items"][-1]["action"] == "ExportPart"


async def test_who_is_a_customer_as_well_goes_with_all_their_parts(story: Story) -> None:
    """He has a case of his own: erased, or exported, by the id of a customer, his part in hers goes along."""
    _, tom, case = await their_matter(story)
    await tom.writes("And my own Steinbrech drips", subject="Tap")
    [his] = (await story.api("GET", f"/customers?q={HIS}"))["items"]
    exported = await story.api("POST", f"/customers/{his['id']}/export")
    assert [part["case"] for part in exported["takes_part"]] == [case["id"]]
    assert (await story.api("POST", f"/customers/{his['id']}/erase"))["state"] == "erased"
    assert found_in(story.data, *CANARIES) == []
    assert "My Zaubernuss is broken" in await story.said(case["id"])


async def test_a_hold_on_her_keeps_what_he_wrote(story: Story) -> None:
    """What a court wants of her case it wants whole: 409, until the hold ends."""
    _, _, case = await their_matter(story)
    await story.api("POST", f"/customers/{case['customer']}/hold", {"on": True, "reason": "court case 12"})
    refused = await story.refused("POST", "/participants/erase", {"address": HIS})
    assert refused["status"] == 409
    assert "It is the one beside the Kettenblume" in await story.said(case["id"])


async def test_a_hold_on_him_keeps_his_part_until_it_ends(story: Story) -> None:
    """He is a customer as well, and held: his part stands until his own wish is done."""
    _, tom, case = await their_matter(story)
    await tom.writes("And my own tap drips", subject="Tap")
    [his] = (await story.api("GET", f"/customers?q={HIS}"))["items"]
    await story.api("POST", f"/customers/{his['id']}/hold", {"on": True})
    assert (await story.refused("POST", f"/customers/{his['id']}/erase"))["status"] == 409
    assert "It is the one beside the Kettenblume" in await story.said(case["id"])
    await story.api("POST", f"/customers/{his['id']}/hold", {"on": False})
    await story.settles()
    assert found_in(story.data, *CANARIES) == []
    assert "My Zaubernuss is broken" in await story.said(case["id"])


async def test_whoever_writes_afterwards_is_somebody_new(story: Story) -> None:
    """He answers the old mail: a new participant of that case, and nothing of before is back."""
    _, tom, case = await their_matter(story)
    mail = await tom.last()
    await story.api("POST", "/participants/erase", {"address": HIS})
    await tom.answers(mail, "I am here again")
    assert [p["address"] for p in (await story.case(case["id"]))["participants"]] == [HIS]
    assert "I am here again" in await story.said(case["id"])
    assert await story.cases(q="Kettenblume") == []


async def test_a_backup_brings_him_back_to_nobody(story: Story) -> None:
    """The ledger names him by ids; Monday's file is copied back by hand, and he is gone before anybody is let in."""
    _, _, case = await their_matter(story)
    monday = story.folder / "monday.db"
    await admin.backup(load_settings(None, {}, data=story.data), monday)
    await story.api("POST", "/participants/erase", {"address": HIS})
    ledger = (story.data / "erasures.jsonl").read_text()
    assert case["id"] in ledger
    assert not any(word in ledger for word in CANARIES)
    await story.stops()
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        (story.data / name).unlink(missing_ok=True)
    shutil.copy(monday, story.data / "journal.db")
    await story.starts()
    assert found_in(story.data, *CANARIES) == []
    assert (await story.case(case["id"]))["participants"] == []


async def test_what_was_split_off_is_erased_as_well(story: Story, tmp_path: Path) -> None:
    """A split takes him along; he is erased in both cases, and undoing it brings nothing back."""
    _, _, case = await their_matter(story)
    ana = await story.agent("Ben")
    row = next(r for r in await story.timeline(case["id"], "message") if "Kettenblume" in (r["text"] or ""))
    new = await ana.api("POST", f"/cases/{case['id']}/split", {"entries": [row["id"]]})
    await story.settles()
    done = await story.api("POST", "/participants/erase", {"address": HIS})
    assert done["cases"] == sorted([case["id"], new["id"]])
    assert found_in(story.data, *CANARIES) == []
    split = (await story.case(new["id"]))["split"]
    await ana.api("POST", f"/cases/{case['id']}/unmerge", {"merge": split})
    assert (await story.case(case["id"]))["participants"] == []


async def test_an_operator_does_it_from_the_command_line(story: Story, tmp_path: Path) -> None:
    """By his address, at the running service and in the folder of the stopped one."""
    await their_matter(story)
    at = ("--url", story.service, "--token", ADMIN)
    ran = await Process.ran("export", HIS, "--out", str(tmp_path / "a.zip"), *at, cwd=tmp_path)
    assert ran.code == 0, ran.errors
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        read = json.loads(archive.read("export.json"))
        [file] = [f for f in read["takes_part"][0]["files"] if f["name"] == "plan.bin"]
        assert archive.read(file["in_zip"]) == b"Steinbrech" * 50
    await story.stops()
    folder = ("--data", str(story.data))
    ran = await Process.ran("export", HIS, "--out", str(tmp_path / "b.zip"), *folder, cwd=tmp_path)
    assert ran.code == 0, ran.errors
    ran = await Process.ran("erase", HIS, "--reason", "request 18", *folder, cwd=tmp_path)
    assert (ran.code, ran.output.strip()) == (0, f"{HIS} erased; cases of others: 1"), ran.errors
    assert found_in(story.data, *CANARIES) == []
    ran = await Process.ran("erase", HIS, *folder, cwd=tmp_path)
    assert (ran.code, "there is no customer" in ran.errors) == (1, True)
    await story.starts()
    ran = await Process.ran("erase", HIS, *at[:1], story.service, *at[2:], cwd=tmp_path)
    assert (ran.code, "Nobody takes part" in ran.errors) == (1, True)
