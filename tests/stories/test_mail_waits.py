"""Mail that its server does not take for now: it is tried for a day, whoever wrote it is told, and words that have
another way take it.
"""

from pathlib import Path

import pytest

from router.admin_doctor import doctor
from tests.mailbox import MIA, Mailbox
from tests.stories.test_mail_trouble import report
from tests.stories.test_matching import policies_with
from tests.story import ADMIN, HERS, Agent, Json, Story

LATE = "A mail of ours is not out yet"


async def answered(story: Story, mia: Mailbox, how: str, **more: float) -> tuple[Agent, str]:
    """Ana's answer to a mail of hers, while her mailbox does something."""
    ana = await story.ready_agent("Ana")
    await mia.writes("The boiler hums")
    await story.passes(seconds=2)
    await ana.accepts()
    await mia.behaves(how, **more)
    case = (await story.one_case())["id"]
    await ana.replies(case, "Which boiler is it?")
    return ana, case


async def ours(story: Story, case: str) -> list[Json]:
    entries = await story.timeline(case, "message")
    return [e for e in entries if e["direction"] == "out" and e["author"]["kind"] == "agent"]


async def test_a_mail_is_tried_for_hours_and_arrives_once():
    """452 for three hours: nothing is given up, the case says that it takes long, once, and then she has it."""
    async with Story() as story:
        mia = Mailbox(story, MIA)
        ana, case = await answered(story, mia, "full")
        await story.passes(minutes=12)
        assert LATE not in await ana.page(case)
        await story.passes(hours=3)
        [mail] = await ours(story, case)
        assert mail["delivery"]["state"] == "queued"
        assert (await ana.page(case)).count(LATE) == 1
        told = [e for e in await story.timeline(case, "status") if e["facts"].get("what") == "message_late"]
        assert len(told) == 1 and told[0]["reasons"][0].startswith("452")
        await mia.behaves("accept")
        await story.passes(minutes=31)
        assert [m["text"].strip() for m in await mia.received() if m["text"].startswith("Which")] == [
            "Which boiler is it?"
        ]
        [mail] = await ours(story, case)
        assert mail["delivery"] == {**mail["delivery"], "state": "sent", "error": None}


async def test_after_a_day_somebody_decides():
    async with Story() as story:
        mia = Mailbox(story, MIA)
        _, case = await answered(story, mia, "full")
        await story.passes(hours=23)
        [item] = (await story.api("GET", "/outbox?state=open"))["items"]
        tried = item["attempts"]
        assert 40 < tried < 60, "further apart, and half an hour at most"
        await story.passes(hours=2)
        [mail] = await ours(story, case)
        assert mail["delivery"]["state"] == "failed" and "gave up" in mail["delivery"]["error"]
        assert (await story.one_case())["ask"] is not None
        said, healthy = await doctor(story.service, ADMIN)
        assert not healthy and any("It did not reach them" in line for line in said)
        assert not any("refused for good" in line for line in said), "it was not"
        await story.api("POST", f"/outbox/{item['id']}/retry")
        await mia.behaves("accept")
        await story.passes(minutes=10)
        assert (await mia.last())["text"].strip() == "Which boiler is it?", "and it is tried anew from then on"


async def test_words_that_take_too_long_go_another_way_that_is_open():
    """She is known by her telephone too: after a quarter of an hour the same words are a text, and no mail follows."""
    async with Story() as story:
        mia, phone, ana = Mailbox(story, MIA), story.phone(HERS), await story.ready_agent("Ana")
        await phone.texts("Please write to my mail address")
        case = await story.one_case()
        await ana.accepts()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        await mia.behaves("full")
        await ana.replies(case["id"], "The part comes on Thursday.", channel="email")
        await story.passes(minutes=14)
        assert "The part comes on Thursday." not in await phone.inbox()
        await story.passes(minutes=5)
        assert (await phone.inbox()).count("The part comes on Thursday.") == 1
        await mia.behaves("accept")
        await story.passes(hours=2)
        assert await mia.received() == []
        states = [(m["channel"], m["delivery"]["state"]) for m in await ours(story, case["id"])]
        assert states == [("email", "failed"), ("sms", "delivered")]
        [item] = (await story.api("GET", "/outbox?state=dead"))["items"]
        assert item["moved_to"] is not None and item["advice"].startswith("Its words went another way")
        assert (await doctor(story.service, ADMIN))[1], "what was seen to makes nothing red"


@pytest.mark.parametrize(("just_wrote", "by_night"), [(False, 0), (True, 1)])
async def test_words_that_go_another_way_wake_nobody(just_wrote: bool, by_night: int):
    """The mail comes back at night, on the clock of her phone: the text is there in the morning, once, unless she wrote
    a moment ago."""
    async with Story() as story:
        mia, phone, ana = Mailbox(story, MIA), story.phone(HERS), await story.ready_agent("Ana")
        await phone.texts("Please write to my mail address")
        case = await story.one_case()
        await ana.accepts()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        await story.passes(hours=15)
        if just_wrote:
            await phone.texts("Are you still there?")
        await mia.behaves("bounce_later")
        await ana.replies(case["id"], "The part comes on Thursday.", channel="email")
        await story.passes(minutes=20)
        assert (await phone.inbox()).count("The part comes on Thursday.") == by_night
        assert [m["channel"] for m in await ours(story, case["id"])] == ["email", "sms"]
        await story.restarts()
        await story.passes(hours=2)
        assert (await phone.inbox()).count("The part comes on Thursday.") == by_night
        await story.passes(hours=8)
        assert (await phone.inbox()).count("The part comes on Thursday.") == 1


async def test_words_that_wait_for_the_day_go_before_whatever_is_said_later():
    """The desk says when they go. She is written to at night all the same: then they come first, in their order."""
    async with Story() as story:
        mia, phone, ana = Mailbox(story, MIA), story.phone(HERS), await story.ready_agent("Ana")
        await phone.texts("Please write to my mail address")
        case = await story.one_case()
        await ana.accepts()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        await story.passes(hours=15)
        await mia.behaves("bounce_later")
        await ana.replies(case["id"], "The part comes on Thursday.", channel="email")
        await story.passes(minutes=20)
        [_, moved] = await ours(story, case["id"])
        assert moved["delivery"]["due_at"] > (await story.now()).isoformat()
        assert 'goes out <time datetime="' in await ana.page(case["id"])
        await ana.replies(case["id"], "And a new valve, too.", channel="sms")
        await story.passes(minutes=1)
        assert (await phone.inbox())[-2:] == ["The part comes on Thursday.", "And a new valve, too."]
        assert (await ours(story, case["id"]))[1]["delivery"]["due_at"] is None
        await story.passes(hours=10)
        assert (await phone.inbox()).count("The part comes on Thursday.") == 1


@pytest.mark.parametrize("twice", [False, True])
async def test_what_may_have_arrived_is_sent_a_few_times_and_then_asked_about(tmp_path: Path, twice: bool):
    """The answer to each DATA is lost, and she has a phone: the words go nowhere else and are not said to have failed,
    unless twice is better than never."""
    never, always = "twice_is_better_than_never: no", "twice_is_better_than_never: yes"
    brief = policies_with(tmp_path / "p", sending={never: always}) if twice else None
    async with Story(policies=brief) as story:
        mia, phone, ana = Mailbox(story, MIA), story.phone(HERS), await story.ready_agent("Ana")
        await phone.texts("Please write to my mail address")
        case = await story.one_case()
        work = await ana.accepts()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        await story.faults(mail_lost_answer=1)
        await ana.replies(case["id"], "The part comes on Thursday.", channel="email")
        await ana.finishes(work)
        await story.passes(hours=26)
        copies = [m for m in await mia.received() if "Thursday" in m["text"]]
        assert len({m["message_id"] for m in copies}) == 1
        assert len(copies) == (5 if twice else 3)
        assert (await phone.inbox()).count("The part comes on Thursday.") == 0
        [item] = (await story.api("GET", "/outbox?state=unknown"))["items"]
        assert item["advice"].startswith("Nobody knows whether it went out")
        assert (await story.api("GET", "/outbox?state=failed"))["items"] == []
        assert (await story.one_case())["ask"] is not None
        told = [e for e in await story.timeline(case["id"], "status") if e["facts"].get("what") == "message_unknown"]
        assert len(told) == 1
        await story.faults(mail_lost_answer=0)
        await story.api("POST", f"/outbox/{item['id']}/retry")
        await story.passes(minutes=1)
        assert (await story.api("GET", "/outbox?state=unknown"))["items"] == []


@pytest.mark.parametrize("given_up", [False, True])
async def test_her_answer_proves_that_ours_arrived(given_up: bool):
    """The answer to each DATA was lost. She answers the mail: it is not sent again, and nobody asks whether it came."""
    async with Story() as story:
        mia, ana = Mailbox(story, MIA), await story.ready_agent("Ana")
        await mia.writes("When does the part come?")
        case = await story.one_case()
        await ana.accepts()
        await story.faults(mail_lost_answer=1)
        await ana.replies(case["id"], "The part comes on Thursday.")
        await story.passes(**({"hours": 26} if given_up else {"seconds": 20}))
        await story.faults(mail_lost_answer=0)
        mail = next(m for m in await mia.received() if "Thursday" in m["text"])
        assert (await ours(story, case["id"]))[-1]["delivery"]["unknown"] is given_up
        shown = await ana.page(case["id"])
        assert ("nobody knows whether it arrived" in shown) is given_up
        before = len(await mia.received())
        await mia.answers(mail, "Thursday is fine")
        [entry] = [m for m in await ours(story, case["id"]) if "Thursday" in m["text"]]
        assert (entry["delivery"]["state"], entry["delivery"]["error"]) == ("delivered", None)
        assert (await story.api("GET", "/outbox?state=open"))["items"] == []
        await story.passes(hours=1)
        assert len([m for m in await mia.received() if "Thursday" in m["text"]]) <= before
        assert (await ours(story, case["id"]))[-1]["delivery"]["attempts"] == (3 if given_up else 1)


async def test_a_report_that_a_mail_is_late_proves_nothing():
    """It names ours as an answer does."""
    async with Story() as story:
        mia, ana = Mailbox(story, MIA), await story.ready_agent("Ana")
        await mia.writes("When does the part come?")
        case = await story.one_case()
        await ana.accepts()
        await story.faults(mail_lost_answer=1)
        await ana.replies(case["id"], "The part comes on Thursday.")
        await story.passes(hours=26)
        mail = next(m for m in await mia.received() if "Thursday" in m["text"])
        raw = report(mail["headers"]["Message-ID"], MIA, to=mail["headers"]["Reply-To"])
        late = raw.replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1", b"4.4.1")
        await mia.sends(late, envelope_from="")
        entry = (await ours(story, case["id"]))[-1]
        assert (entry["delivery"]["state"], entry["delivery"]["unknown"]) == ("queued", True)


async def test_what_may_have_arrived_is_not_said_to_have_failed(tmp_path: Path):
    """One answer is lost, then her mailbox is full for a day: nobody knows, so the words stay and somebody is asked."""
    async with Story() as story:
        mia, phone, ana = Mailbox(story, MIA), story.phone(HERS), await story.ready_agent("Ana")
        await phone.texts("Please write to my mail address")
        case = await story.one_case()
        await ana.accepts()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        await story.faults(mail_lost_answer=1)
        await ana.replies(case["id"], "The part comes on Thursday.", channel="email")
        await story.passes(seconds=2)
        await story.faults(mail_lost_answer=0)
        await mia.behaves("full")
        await story.passes(hours=26)
        assert (await phone.inbox()).count("The part comes on Thursday.") == 0
        assert len((await story.api("GET", "/outbox?state=unknown"))["items"]) == 1
        assert (await story.api("GET", "/outbox?state=failed"))["items"] == []


async def test_the_policy_says_for_how_long(tmp_path: Path):
    brief = policies_with(tmp_path / "p", sending={"mail_for: 24 h": "mail_for: 5 min"})
    async with Story(policies=brief) as story:
        _, case = await answered(story, Mailbox(story, MIA), "full")
        await story.passes(minutes=6)
        [mail] = await ours(story, case)
        assert mail["delivery"]["state"] == "failed"
