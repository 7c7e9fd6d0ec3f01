"""Retention: what the policy keeps no longer goes by itself, once, and a hold stops it."""

from pathlib import Path

import pytest

from policies import default_policy_files, parse_policies
from router import admin
from router.settings import load_settings
from tests.mailbox import Mailbox
from tests.stories.test_erase import found_in
from tests.story import HERS, HIS, Story

HER_MAIL = "hers@customer.example"


def keeping(folder: Path, **kinds: str) -> Path:
    """The product's own policies, with times for what is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in default_policy_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "retention.yaml").write_text("".join(f"{k}: {v}\n" for k, v in kinds.items()), encoding="utf-8")
    return folder


async def closed_matter(story: Story) -> str:
    """She mails with a file, and the matter is closed. Returns its case."""
    await Mailbox(story, HER_MAIL, "Wolkenpost").writes("my Zaubernuss is dry", files={"a.bin": b"Steinbrech" * 9})
    case = (await story.cases())[-1]["id"]
    await story.api("POST", f"/cases/{case}/status", {"status": "closed", "reason": "Moorlilie is well"})
    return case


async def test_by_default_everything_is_kept(tmp_path: Path) -> None:
    """Nothing goes by itself unless somebody wrote a time into the policy."""
    async with Story() as story:
        case = await closed_matter(story)
        await story.passes(hours=49)
        assert "Zaubernuss" in str(await story.timeline(case))
        assert found_in(story.data, "Steinbrech")


async def test_words_mails_and_files_go_each_in_its_time(tmp_path: Path) -> None:
    """Each kind by its own time, of closed cases alone; the timeline says that it went, and who it was stays."""
    policies = keeping(tmp_path / "p", words="2 days", mails="1 day", files="1 day")
    async with Story(policies=policies) as story:
        case = await closed_matter(story)
        await story.phone(HIS).texts("my Wacholder is open")
        his = await story.phone(HIS).case()
        await story.passes(hours=32)
        rows = await story.timeline(case)
        assert "my Zaubernuss is dry" in str(rows)
        assert found_in(story.data, "Steinbrech") == []
        [mail] = [e for e in rows if e.get("raw_url")]
        assert (await story.ask("GET", mail["raw_url"])).status == 404
        assert [e["facts"]["kind"] for e in rows if e["facts"].get("what") == "forgotten"] == ["mails", "files"]
        assert len(await story.cases(q="Zaubernuss")) == 1
        await story.restarts()
        await story.passes(hours=24)
        assert found_in(story.data, "Zaubernuss", "Moorlilie") == []
        assert await story.cases(q="Zaubernuss") == []
        forgotten = [e["facts"]["kind"] for e in await story.timeline(case) if e["facts"].get("what") == "forgotten"]
        assert forgotten == ["mails", "files", "words"], "each once"
        assert await story.said(his) == ["my Wacholder is open"]
        assert [c["address"] for c in (await story.case(case))["contacts"]] == [HER_MAIL]


@pytest.mark.parametrize("is_held", [False, True])
async def test_a_customer_with_nothing_open_goes_unless_a_hold_stands(tmp_path: Path, is_held: bool) -> None:
    """Whole customers by policy: as if they had been erased; one with an open case stays, and so does one on hold."""
    async with Story(policies=keeping(tmp_path / "p", customers="1 day", words="1 day")) as story:
        case = await closed_matter(story)
        customer = (await story.case(case))["customer"]
        await story.phone(HIS).texts("my Wacholder is open")
        if is_held:
            await story.api("POST", f"/customers/{customer}/hold", {"on": True})
        await story.passes(hours=31)
        shown = await story.api("GET", f"/customers/{customer}")
        assert shown["erase"] == (None if is_held else "done")
        assert bool(found_in(story.data, "Zaubernuss", HER_MAIL)) is is_held
        assert found_in(story.data, "Wacholder")
        if not is_held:
            metrics = (await story.ask("GET", "/metrics", token=None)).body.decode()
            assert "onecase_forgotten_total 1.0" in metrics


async def test_somebody_is_kept_while_anything_of_the_same_person_is_open(tmp_path: Path) -> None:
    """Two customers were found to be one person: what one of them has is over, the other's case is open, and both
    stay until that is over as well."""
    async with Story(policies=keeping(tmp_path / "p", customers="1 day")) as story:
        lead = await story.token("lead")
        case = await closed_matter(story)
        hers = (await story.case(case))["customer"]
        await story.phone(HIS).texts("my Wacholder is open")
        [other] = [one for one in await story.cases() if one["customer"] != hers]
        await story.api("POST", f"/customers/{hers}/merge", {"customer": other["customer"]}, token=lead)
        await story.passes(hours=31)
        assert found_in(story.data, "Zaubernuss")
        await story.api("POST", f"/cases/{other['id']}/status", {"status": "closed"})
        await story.passes(hours=31)
        assert found_in(story.data, "Zaubernuss", "Wacholder") == []


@pytest.mark.parametrize("is_held", [False, True])
async def test_junk_leaves_the_quarantine_in_its_time(tmp_path: Path, is_held: bool) -> None:
    """What nobody let out is gone with all it said, and cannot be let out any more; what was let out stays, and so does
    what a hold stands on. Nobody else's words go."""
    async with Story(policies=keeping(tmp_path / "p", junk="1 day")) as story:
        await story.phone(HERS).texts("You have won a Zaubernuss! Claim it at http://win.example/now")
        await story.phone(HIS).texts("You have won a Wacholder! Claim it at http://win.example/now")
        junk = {item["address"]: item for item in (await story.api("GET", "/quarantine"))["items"]}
        await story.api("POST", f"/quarantine/{junk[HIS]['id']}/release", {})
        await story.api("POST", f"/cases/{junk[HIS]['id']}/status", {"status": "closed"})
        case = junk[HERS]["id"]
        if is_held:
            customer = (await story.case(case))["customer"]
            await story.api("POST", f"/customers/{customer}/hold", {"on": True})
        await story.passes(hours=20)
        assert [item["id"] for item in (await story.api("GET", "/quarantine"))["items"]] == [case]
        await story.passes(hours=11)
        left = [item["id"] for item in (await story.api("GET", "/quarantine"))["items"]]
        assert left == ([case] if is_held else [])
        assert bool(found_in(story.data, "Zaubernuss")) is is_held
        assert found_in(story.data, "Wacholder")
        if not is_held:
            [gone] = [e for e in await story.timeline(case) if e["facts"].get("what") == "forgotten"]
            assert gone["reasons"] == ["the policy keeps what was set aside for 1 days"]
            refused = await story.refused("POST", f"/quarantine/{case}/release", {})
            assert refused["status"] == 409
        await story.stops()
        assert await admin.replay(load_settings(None, {}, data=story.data), say=lambda _: None) == 0


def test_junk_goes_after_thirty_days_by_default() -> None:
    kept = parse_policies(default_policy_files(), 0).settings.retention
    assert (kept.junk, kept.keeps_all) == (30, True)


async def test_who_comes_back_is_kept_anew(tmp_path: Path) -> None:
    """A closed case that is opened again has new words: they stay until it was closed for as long again."""
    async with Story(policies=keeping(tmp_path / "p", words="1 day")) as story:
        await story.phone(HERS).texts("my Zaubernuss is dry")
        case = await story.phone(HERS).case()
        await story.api("POST", f"/cases/{case}/status", {"status": "solved"})
        await story.passes(hours=31)
        assert await story.said(case) == [None]
        await story.phone(HERS).texts("and now it is wet")
        assert (await story.said(case))[-1] == "and now it is wet"
        await story.passes(hours=31)
        assert (await story.said(case))[-1] == "and now it is wet", "it is open"
        await story.api("POST", f"/cases/{case}/status", {"status": "closed"})
        await story.passes(hours=31)
        assert await story.said(case) == [None, None]
