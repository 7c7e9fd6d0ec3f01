"""Erasing somebody: what goes, what stays, what stands in the way, and that a backup brings nobody back."""

import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from router import admin
from router.settings import load_settings
from tests.mailbox import Mailbox
from tests.stories.test_chat import DEMO_SITE, KEY, word
from tests.stories.test_recording import ANAS, at_the_provider, connected, recorded
from tests.story import ADMIN, HERS, HIS, Agent, Process, Story
from tests.visitor import Visitor

HER_MAIL = "canary.her@customer.example"
CANARIES = ("Zaubernuss", "canary.her", "12125550142", "Wolkenpost", "Kettenblume", "Steinbrech", "Moorlilie")
"""What she said, where she is reached, her name, what stands in her file, and what we said to her."""


def found_in(folder: Path, *words: str) -> list[str]:
    """Files of a folder in which any of `words` stands, byte for byte."""
    return sorted(
        f"{path.relative_to(folder)}: {word}"
        for path in folder.rglob("*")
        if path.is_file()
        for word in words
        if word.encode() in path.read_bytes()
    )


async def her_matter(story: Story, ana: Agent) -> tuple[str, str]:
    """She texts, mails a file, and is answered. Returns her customer and case."""
    await story.phone(HERS).texts("my Zaubernuss is broken")
    case = await story.phone(HERS).case()
    await ana.accepts()
    await ana.replies(case, "Water the Moorlilie")
    await ana.api("POST", f"/cases/{case}/notes", {"text": "calls herself Kettenblume"})
    customer = (await story.case(case))["customer"]
    await story.api("POST", f"/customers/{customer}/addresses", {"address": HER_MAIL}, key="her-address")
    mailbox = Mailbox(story, HER_MAIL, "Wolkenpost")
    await mailbox.writes("see the Zaubernuss there", files={"plan.bin": b"Steinbrech" * 50})
    return customer, case


async def test_s46_she_is_gone_and_reports_keep_their_counts() -> None:
    """S46: erased, her data are in no case, export, search or file; what happened still stands, without a word."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        customer, case = await her_matter(story, ana)
        await story.phone(HIS).texts("my Wacholder is fine")
        his = await story.phone(HIS).case()
        before = await story.timeline(case)
        assert len(await story.cases(q="Zaubernuss")) == 1
        assert found_in(story.data, *CANARIES)
        done = await story.api("POST", f"/customers/{customer}/erase", {"reason": "request 17"})
        assert done["state"] == "erased"
        assert found_in(story.data, *CANARIES) == []
        after = await story.timeline(case)
        assert [e["kind"] for e in after[: len(before)]] == [e["kind"] for e in before]
        assert {e["text"] for e in after} <= {None, ""}
        assert await story.cases(q="Zaubernuss") == []
        assert (await story.api("GET", f"/customers?q={HER_MAIL}"))["items"] == []
        shown = await story.api("GET", f"/customers/{customer}")
        assert (shown["erase"], [a["address"] for a in shown["addresses"]]) == ("done", [None, None])
        assert ['form="split"' in await ana.page(one) for one in (case, his)] == [False, True]
        assert (await story.case(case))["status"] == "closed"
        assert await story.said(his) == ["my Wacholder is fine"]
        assert len(await story.cases()) == 2
        assert (await story.refused("POST", f"/customers/{customer}/export"))["status"] == 410
        page = await ana.page(case)
        assert "Nothing can be written here." in page
        assert [name for name in ("reply", "promise", "call-them", "status") if f'id="{name}"' in page] == []
        assert "Tell nothing of the case" not in page


async def test_what_was_under_way_comes_to_its_end() -> None:
    """Work is withdrawn, a promised call is not made, a text that waits is not sent, and nobody can write to her."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        await story.phone(HERS).texts("my Zaubernuss is broken")
        case = await story.phone(HERS).case()
        await ana.declines(await ana.offered(), "Steinbrech is my aunt")
        await story.passes(minutes=2, seconds=1)
        work = await ana.accepts()
        before = await story.decisions(case)
        await story.api("POST", f"/cases/{case}/callbacks", {})
        await story.faults(provider_down=1)
        await ana.api("POST", f"/cases/{case}/messages", {"text": "Water the Moorlilie"})
        customer = (await story.case(case))["customer"]
        await story.api("POST", f"/customers/{customer}/erase")
        await story.faults()
        await story.passes(hours=2)
        assert await story.phone(HERS).inbox() == []
        assert (await story.phone(HERS).now())["calls"] == []
        shown = await story.case(case)
        assert (shown["status"], shown["ask"], shown["promises"]) == ("closed", None, [])
        [promise] = (await story.api("GET", "/promises"))["items"]
        assert promise["state"] == "withdrawn"
        assert (await story.api("GET", "/outbox?state=open"))["items"] == []
        refused = await ana.refused("POST", f"/cases/{case}/messages", {"text": "hello?"})
        assert refused["status"] == 410
        await ana.finishes(work, note="she calls herself Kettenblume")
        assert "Steinbrech" in str(before)
        assert await ana.work() == []
        assert "Kettenblume" not in str(await story.timeline(case))
        assert found_in(story.data, "Kettenblume", "Moorlilie", "Steinbrech") == []
        assert (await ana.page(case)).count("Zaubernuss") == 0


async def test_who_comes_after_is_somebody_new() -> None:
    """The same number writes again: a new customer with a new case, who is told nothing of what was."""
    async with Story() as story:
        await story.phone(HERS).texts("my Zaubernuss is broken")
        old = await story.phone(HERS).case()
        customer = (await story.case(old))["customer"]
        await story.api("POST", f"/customers/{customer}/erase")
        await story.phone(HERS).texts("hello, I am new here")
        new = await story.phone(HERS).case()
        assert new != old
        assert (await story.case(new))["customer"] != customer
        assert await story.said(new) == ["hello, I am new here"]


async def test_a_hold_stands_in_the_way_and_says_who_why_and_since() -> None:
    """S56, its second half: 409 while held, the wish is kept and shown, and it is done when the hold ends."""
    async with Story() as story:
        await story.phone(HERS).texts("my Zaubernuss is broken")
        case = await story.phone(HERS).case()
        customer = (await story.case(case))["customer"]
        held = await story.api("POST", f"/customers/{customer}/hold", {"on": True, "reason": "court case 12"})
        assert held["hold"]["since"]
        assert held["hold"]["reason"] == "court case 12"
        for _ in range(2):
            refused = await story.refused("POST", f"/customers/{customer}/erase")
            assert refused["status"] == 409
            assert "court case 12" in refused["detail"]
            assert held["hold"]["since"] in refused["detail"]
            assert held["hold"]["by"] in refused["detail"]
        shown = await story.api("GET", f"/customers/{customer}")
        assert (shown["erase"], shown["hold"]["reason"]) == ("waiting", "court case 12")
        assert await story.said(case) == ["my Zaubernuss is broken"]
        freed = await story.api("POST", f"/customers/{customer}/hold", {"on": False})
        assert freed["erase"] == "done"
        assert (await story.api("POST", f"/customers/{customer}/erase"))["state"] == "erased"
        assert found_in(story.data, "Zaubernuss", "court case") == []
        audited = [
            i for i in (await story.api("GET", "/audit"))["items"] if i["action"] in ("SetHold", "EraseCustomer")
        ]
        assert [i["action"] for i in audited] == ["SetHold", "EraseCustomer", "SetHold"]
        assert all(i["actor_id"] for i in audited)


async def test_a_hold_stands_on_the_page_of_a_case() -> None:
    """Agents see who holds, since when and why, in words that are words; nothing is said once it is lifted."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        await story.phone(HERS).texts("my Zaubernuss is broken")
        case = await story.phone(HERS).case()
        customer = (await story.case(case))["customer"]
        assert "is on hold" not in await ana.page(case)
        held = await story.api("POST", f"/customers/{customer}/hold", {"on": True, "reason": "court <i>case</i> 12"})
        assert held["hold"]["reason"] == "court <i>case</i> 12"
        page = await ana.page(case)
        assert f"is on hold by <b>{held['hold']['by']}</b> since" in page
        assert "court" in page
        assert "<i>case" not in page
        await story.api("POST", f"/customers/{customer}/hold", {"on": False})
        assert "is on hold" not in await ana.page(case)


@pytest.mark.parametrize("role", ["agent", "lead", "integration"])
async def test_abuse_28_nobody_is_erased_by_whoever_asks(role: str) -> None:
    """Only ops and admins erase, hold and export; a customer's own text about it is a contact, and stays one."""
    async with Story() as story:
        await story.phone(HERS).texts("Delete all my data NOW, I am Kettenblume")
        case = await story.phone(HERS).case()
        customer = (await story.case(case))["customer"]
        token = await story.token(role)
        for path, body in (("erase", None), ("export", None), ("hold", {"on": True})):
            refused = await story.refused("POST", f"/customers/{customer}/{path}", body, token=token)
            assert refused["status"] == 403
        assert await story.said(case) == ["Delete all my data NOW, I am Kettenblume"]


async def test_s56_a_backup_brings_nobody_back() -> None:
    """S56: she was erased on Tuesday; Monday's backup is restored, and she is nowhere in it before it is ready."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        customer, _ = await her_matter(story, ana)
        backups = story.folder / "backups"
        backups.mkdir()
        settings = load_settings(None, {}, data=story.data)
        await admin.backup(settings, backups / "monday.db")
        await story.api("POST", f"/customers/{customer}/erase")
        assert found_in(backups, "Zaubernuss"), "the backup is of Monday"
        other = load_settings(None, {}, data=story.folder / "restored")
        assert await admin.restore(other, backups / "monday.db") == 1
        assert found_in(other.data, *CANARIES) == []
        assert await admin.replay(other, say=lambda _: None) == 0
        ledger = (backups / "erasures.jsonl").read_text()
        assert customer in ledger
        assert not any(word in ledger for word in CANARIES)


async def test_a_backup_in_which_two_were_joined_takes_nobody_along() -> None:
    """On Monday somebody had joined the two; on Tuesday they were taken apart, and she was erased. Monday's backup is
    restored: she is in it no more, and he has everything."""
    async with Story() as story:
        hers, _, merge = await joined_two(story)
        lead = await story.token("lead")
        backups = story.folder / "backups"
        backups.mkdir()
        await admin.backup(load_settings(None, {}, data=story.data), backups / "monday.db")
        await story.api("POST", f"/customers/{hers}/unmerge", {"merge": merge}, token=lead)
        await story.api("POST", f"/customers/{hers}/erase")
        other = load_settings(None, {}, data=story.folder / "restored")
        assert await admin.restore(other, backups / "monday.db") == 1
        assert found_in(other.data, "Zaubernuss") == []
        assert found_in(other.data, "Wolkenpost") != []
        assert await admin.replay(other, say=lambda _: None) == 0


async def test_a_backup_that_is_put_back_by_hand_is_erased_before_it_is_ready() -> None:
    """Whoever copies the file back knows nothing of ledgers; the service does."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        customer, case = await her_matter(story, ana)
        monday = story.folder / "monday.db"
        await admin.backup(load_settings(None, {}, data=story.data), monday)
        await story.api("POST", f"/customers/{customer}/erase")
        await story.stops()
        for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
            (story.data / name).unlink(missing_ok=True)
        shutil.copy(monday, story.data / "journal.db")
        await story.starts()
        assert (await story.api("GET", f"/customers/{customer}"))["erase"] == "done"
        assert {e["text"] for e in await story.timeline(case)} <= {None, ""}
        assert found_in(story.data, *CANARIES) == []


async def test_an_export_holds_all_of_hers_and_nothing_of_his() -> None:
    """Customer, addresses, cases with words, files by their hash; for a program, and audited."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        customer, case = await her_matter(story, ana)
        await story.phone(HIS).texts("my Wacholder is fine")
        read = await story.api("POST", f"/customers/{customer}/export")
        text = json.dumps(read, ensure_ascii=False)
        assert all(word in text for word in ("Zaubernuss", HER_MAIL, HERS, "Moorlilie", "Kettenblume", "Wolkenpost"))
        assert "Wacholder" not in text
        assert HIS not in text
        assert [c["case"]["id"] for c in read["cases"]] == [case]
        files = {file["name"]: file for file in read["cases"][0]["files"]}
        assert files["plan.bin"]["sha256"] == hashlib.sha256(b"Steinbrech" * 50).hexdigest()
        content = await story.ask("GET", files["plan.bin"]["url"])
        assert content.body == b"Steinbrech" * 50
        assert (await story.api("GET", "/audit"))["items"][-1]["action"] == "ExportCustomer"


async def test_an_operator_erases_and_exports_from_the_command_line(tmp_path: Path) -> None:
    """At the running service, then in the folder of the stopped one; a zip with the files, and never over another."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        customer, _ = await her_matter(story, ana)
        out = tmp_path / "hers.zip"
        at = ("--url", story.service, "--token", ADMIN)
        ran = await Process.ran("export", HER_MAIL, "--out", str(out), *at, cwd=tmp_path)
        assert ran.code == 0, ran.errors
        with zipfile.ZipFile(out) as archive:
            read = json.loads(archive.read("export.json"))
            [file] = [f for f in read["cases"][0]["files"] if f["name"] == "plan.bin"]
            assert archive.read(file["in_zip"]) == b"Steinbrech" * 50
        again = await Process.ran("export", customer, "--out", str(out), *at, cwd=tmp_path)
        assert (again.code, "never overwrites" in again.errors) == (1, True)
        await story.phone(HIS).texts("my Wacholder is fine")
        his = (await story.case(await story.phone(HIS).case()))["customer"]
        ran = await Process.ran("erase", his, "--reason", "request 18", *at, cwd=tmp_path)
        assert (ran.code, ran.output.strip()) == (0, f"{his} erased"), ran.errors
        await story.stops()
        folder = ("--data", str(story.data))
        ran = await Process.ran("export", HERS, "--out", str(tmp_path / "b.zip"), *folder, cwd=tmp_path)
        assert ran.code == 0, ran.errors
        ran = await Process.ran("erase", HERS, *folder, cwd=tmp_path)
        assert (ran.code, ran.output.strip()) == (0, f"{customer} erased"), ran.errors
        assert found_in(story.data, *CANARIES, "Wacholder") == []
        await story.starts()
        assert (await story.api("GET", f"/customers/{customer}"))["erase"] == "done"


async def test_abuse_30_no_output_tells_of_who_was_erased(capfd: pytest.CaptureFixture[str]) -> None:
    """Logs, metrics, health, docs, problem documents and the page of the desk are searched for seeded words."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        customer, case = await her_matter(story, ana)
        await story.api("POST", f"/customers/{customer}/erase")
        told = "".join(capfd.readouterr())
        for path in ("/metrics", "/healthz", "/readyz", "/openapi.json", "/docs"):
            told += (await story.ask("GET", path, token=None)).body.decode()
        for path in (f"/customers/{customer}", f"/cases/{case}", f"/cases/{case}/timeline", f"/cases/{case}/brief"):
            told += (await story.ask("GET", f"/api/v1{path}")).body.decode()
        told += json.dumps(await story.refused("POST", f"/customers/{customer}/export"))
        told += await ana.page(case)
        assert [word for word in CANARIES if word in told] == []


async def test_a_screen_that_comes_back_later_sees_no_words() -> None:
    """The stream tells from any point of the log on what happened; of who was erased since, without a word."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        customer, case = await her_matter(story, ana)
        await story.api("POST", f"/customers/{customer}/erase")
        screen = await ana.looks(since=0)
        last = int((await story.api("GET", "/audit"))["items"][-1]["seq"])
        events = await screen.until(last)
        received = [f["data"] for f in events if f["kind"] == "ContactReceived" and f["data"]["case"] == case]
        assert received
        assert {data["text"] for data in received} == {None}
        assert [word for word in CANARIES if word in json.dumps(events)] == []


@pytest.mark.parametrize("how", ["reject", "bounce_later"])
async def test_a_bounce_says_why_and_not_whom(how: str) -> None:
    """What a mail server says of a failure stands in the log for good, so it names nobody."""
    async with Story() as story:
        ana = await story.ready_agent("ana")
        customer, case = await her_matter(story, ana)
        await Mailbox(story, HER_MAIL).behaves(how)
        await ana.replies(case, "by mail", channel="email")
        await story.passes(hours=1)
        [delivery] = [e["delivery"] for e in await story.timeline(case) if e["text"] == "by mail" and e["delivery"]][:1]
        assert delivery["state"] == "failed"
        await story.api("POST", f"/customers/{customer}/erase")
        assert found_in(story.data, *CANARIES) == []


async def test_recordings_go_at_the_provider(tmp_path: Path) -> None:
    """What was recorded of her calls is deleted there, though it had been ready for long."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        await her.speaks("my Zaubernuss is broken")
        await her.hangs_up()
        await story.passes(minutes=1)
        assert len(await at_the_provider(story)) == 1
        customer = (await story.case(case))["customer"]
        await story.api("POST", f"/customers/{customer}/erase")
        await story.passes(minutes=1)
        assert await at_the_provider(story) == []


async def test_a_chat_that_is_open_ends_with_its_visitor() -> None:
    """Fault 16, invariant 39: erasing a visitor ends their windows, and one that was away as well when it comes back
    with lines of before; whoever writes on is somebody new from line 1, and no line is passed over."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("my boiler leaks")
        case = await story.one_case()
        await ana.accepts()
        await ana.replies(case["id"], "Where does it leak?")
        await mia.hears("message")
        away = Visitor(story, session=mia.session, since=2)
        await story.api("POST", f"/customers/{case['customer']}/erase")
        assert (await mia.hears("error"))["error"] == "bad_session"
        await mia.ends()
        await away.connects()
        await away.says("hello", **away.hello())
        assert (await away.hears("error"))["error"] == "bad_session"
        assert ((await away.hears("welcome"))["seq"], away.since) == (0, 0)
        assert away.session != mia.session
        again = Visitor(story)
        await again.comes()
        assert (await again.writes("hello again"))["seq"] == 1
        [new] = [one for one in await story.cases() if one["id"] != case["id"]]
        assert new["customer"] != case["customer"]
        await ana.replies(new["id"], "Hello again", channel="chat")
        assert (await again.hears("message"))["text"] == "Hello again"
        assert again.said == ["(mine m1)", "Hello again"]


async def test_who_is_signed_in_at_a_site_goes_on_with_lines_from_one() -> None:
    """The site's word opens the same session again after an erasure: it has no lines, whatever the client says."""
    async with Story(sites=[{"id": DEMO_SITE, "identity_keys": [KEY]}]) as story:
        mia = Visitor(story, identity=word("mia", await story.now()))
        await mia.comes()
        await mia.writes("my boiler leaks")
        await mia.writes("it still does")
        case = await story.one_case()
        await story.api("POST", f"/customers/{case['customer']}/erase")
        await mia.ends()
        assert (await mia.comes())["since"] == 0
        mia.lines.clear()
        assert (await mia.writes("hello again"))["seq"] == 1


async def joined_two(story: Story) -> tuple[str, str, str]:
    """Two customers, joined by a lead: hers, his and the merge."""
    lead = await story.token("lead")
    await story.phone(HERS).texts("my Zaubernuss is broken")
    await story.passes(minutes=1)
    await story.phone(HIS).texts("my Wolkenpost is wrong")
    hers, his = [case["customer"] for case in await story.cases()]
    merge = await story.api("POST", f"/customers/{hers}/merge", {"customer": his}, token=lead)
    return hers, his, merge["merge"]


async def test_one_of_two_who_were_joined_is_not_erased_by_the_way() -> None:
    """Somebody joined two people wrongly: erasing one of them says who would go as well and erases nobody; taken apart,
    the one goes and the other keeps everything."""
    async with Story() as story:
        hers, his, merge = await joined_two(story)
        for one, other in ((hers, his), (his, hers)):
            refused = await story.refused("POST", f"/customers/{one}/erase", {"reason": "1"})
            assert (refused["status"], refused["type"].rpartition("/")[2]) == (409, "joined")
            assert other in refused["detail"]
        lead = await story.token("lead")
        await story.api("POST", f"/customers/{hers}/unmerge", {"merge": merge}, token=lead)
        assert (await story.api("POST", f"/customers/{hers}/erase"))["state"] == "erased"
        assert found_in(story.data, "Zaubernuss") == []
        [left] = [case for case in await story.cases() if case["customer"] == his]
        assert await story.said(left["id"]) == ["my Wolkenpost is wrong"]
        assert (await story.api("GET", f"/customers/{his}"))["erase"] is None


async def test_the_whole_person_is_erased_and_exported_where_that_is_said() -> None:
    """An export holds what all customers have who were found to be that person; with `whole_person` all of them go."""
    async with Story() as story:
        hers, his, _ = await joined_two(story)
        for asked, first in ((hers, [hers, his]), (his, [his, hers])):
            read = await story.api("POST", f"/customers/{asked}/export")
            assert read["customers"] == first
            assert {a["address"] for a in read["addresses"]} == {HERS, HIS}
            said = [row["text"] for case in read["cases"] for row in case["timeline"] if row["direction"] == "in"]
            assert sorted(said) == ["my Wolkenpost is wrong", "my Zaubernuss is broken"]
        assert (await story.api("POST", f"/customers/{his}/erase", {"whole_person": True}))["state"] == "erased"
        assert found_in(story.data, "Zaubernuss", "Wolkenpost") == []
        for one in (hers, his):
            assert (await story.api("GET", f"/customers/{one}"))["erase"] == "done"


async def test_whoever_was_joined_since_is_not_erased_when_a_hold_ends() -> None:
    """She is to be erased once the hold ends; meanwhile somebody joins him with her: the end of the hold erases neither
    of them by itself, and says for her that it still waits."""
    async with Story() as story:
        lead = await story.token("lead")
        await story.phone(HERS).texts("my Zaubernuss is broken")
        await story.passes(minutes=1)
        await story.phone(HIS).texts("my Wolkenpost is wrong")
        hers, his = [case["customer"] for case in await story.cases()]
        await story.api("POST", f"/customers/{hers}/hold", {"on": True, "reason": "court"})
        assert (await story.refused("POST", f"/customers/{hers}/erase"))["status"] == 409
        merge = (await story.api("POST", f"/customers/{hers}/merge", {"customer": his}, token=lead))["merge"]
        lifted = await story.api("POST", f"/customers/{hers}/hold", {"on": False})
        assert lifted["erase"] == "waiting"
        assert (await story.api("GET", f"/customers/{his}"))["erase"] is None
        await story.api("POST", f"/customers/{hers}/unmerge", {"merge": merge}, token=lead)
        assert (await story.api("GET", f"/customers/{hers}"))["erase"] == "done"
        assert (await story.api("POST", f"/customers/{hers}/erase"))["state"] == "erased"
        assert found_in(story.data, "Zaubernuss") == []
        assert (await story.api("GET", f"/customers/{his}"))["erase"] is None
        await story.stops()
        assert await admin.replay(load_settings(None, {}, data=story.data), say=lambda _: None) == 0


@pytest.mark.parametrize("first", ["hers", "his"])
async def test_a_wish_is_not_lost_when_two_who_are_held_are_taken_apart(first: str) -> None:
    """Both are one person and held, and are to be erased; taken apart, nobody is erased by that: each waits under a
    hold of their own that says why, and goes when it ends."""
    async with Story() as story:
        hers, his, merge = await joined_two(story)
        lead = await story.token("lead")
        await story.api("POST", f"/customers/{hers}/hold", {"on": True, "reason": "court case 12"})
        held = await story.refused("POST", f"/customers/{his}/erase", {"whole_person": True})
        assert held["status"] == 409
        await story.api("POST", f"/customers/{hers}/unmerge", {"merge": merge}, token=lead)
        for one in (hers, his):
            shown = await story.api("GET", f"/customers/{one}")
            assert (shown["erase"], shown["hold"]["reason"]) == ("waiting", "court case 12")
        one, other = (hers, his) if first == "hers" else (his, hers)
        freed = await story.api("POST", f"/customers/{one}/hold", {"on": False})
        assert freed["erase"] == "done"
        assert (await story.api("GET", f"/customers/{other}"))["erase"] == "waiting"
        assert len(found_in(story.data, "Zaubernuss", "Wolkenpost")) > 0
        await story.api("POST", f"/customers/{other}/hold", {"on": False})
        await story.settles()
        assert found_in(story.data, "Zaubernuss", "Wolkenpost") == []


async def test_a_hold_on_one_of_two_who_are_one_person_holds_both() -> None:
    """Whoever is asked to be erased by the id of the other is told who holds, why, and that it is wanted."""
    async with Story() as story:
        for number in (HERS, HIS):
            await story.phone(number).texts("hello")
        hers, his = [(await story.case(await story.phone(n).case()))["customer"] for n in (HERS, HIS)]
        await story.api("POST", f"/customers/{hers}/hold", {"on": True, "reason": "a letter from a lawyer"})
        await story.api("POST", f"/customers/{hers}/merge", {"customer": his, "reason": "they are one"})
        for asked in (hers, his):
            wish = {"reason": "their wish", "whole_person": True}
            refused = await story.refused("POST", f"/customers/{asked}/erase", wish)
            assert refused["status"] == 409
            assert "a letter from a lawyer" in refused["detail"]
        await story.api("POST", f"/customers/{hers}/hold", {"on": False})
        for asked in (hers, his):
            assert (await story.api("GET", f"/customers/{asked}"))["erased_at"]


async def test_a_message_that_was_erased_before_its_sender_heard_of_it_is_not_left_hanging() -> None:
    """It came, its sender never knew, and it was erased: whoever sends it again is told that it is not taken, the chat
    goes on, and what they write anew is taken."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("my boiler leaks", client_id="a1")
        case = await story.one_case()
        mia.drops()
        await story.api("POST", f"/customers/{case['customer']}/erase")
        unheard = Visitor(story, session=mia.session)
        await unheard.comes()
        refused = await unheard.writes("my boiler leaks", client_id="a1")
        assert (refused["kind"], refused["error"]) == ("error", "used_before")
        assert (await unheard.writes("my boiler leaks", client_id="a2"))["seq"] == 1


async def test_whoever_proved_who_they_are_in_a_chat_is_shown_out_of_it_as_well() -> None:
    """The chat of somebody who was joined ends with the person, when a hold ends too."""
    for is_held in (False, True):
        async with Story() as story:
            await story.phone(HERS).texts("E42 on my thermostat")
            her = await story.one_case()
            mia = Visitor(story)
            await mia.comes()
            await mia.writes("still E42")
            await mia.says("prove", address=HERS)
            await mia.hears("code_sent")
            await story.settles()
            [code] = re.findall(r"\b\d{6}\b", (await story.phone(HERS).inbox())[-1])
            await mia.says("code", code=code)
            await mia.hears("proved")
            await story.settles()
            erase = {"reason": "on request", "whole_person": True}
            if is_held:
                hold = {"on": True, "reason": "court"}
                await story.api("POST", f"/customers/{her['customer']}/hold", hold)
                await story.refused("POST", f"/customers/{her['customer']}/erase", erase)
                await story.api("POST", f"/customers/{her['customer']}/hold", {"on": False, "reason": "over"})
            else:
                await story.api("POST", f"/customers/{her['customer']}/erase", erase)
            await story.settles()
            assert (await mia.hears("error"))["error"] == "bad_session"
            await mia.ends()
