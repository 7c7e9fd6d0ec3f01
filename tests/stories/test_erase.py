"""Erasing somebody: what goes, what stays, what stands in the way, and that a backup brings nobody back."""

from pathlib import Path

from tests.mailbox import Mailbox
from tests.story import HERS, HIS, Agent, Story

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
        assert (await story.case(case))["status"] == "closed"
        assert await story.said(his) == ["my Wacholder is fine"]
        assert len(await story.cases()) == 2
        assert (await story.refused("POST", f"/customers/{customer}/export"))["status"] == 410
