"""Junk: what nobody needs to see is kept whole, asks for nobody, and comes out again at its true place."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.email.builders import eml
from tests.story import Json, Phone, Story, World
from tests.story.wire import HERS, HIS

SPAM = "You have won! Claim it at http://win.example/now"
ANAS = "+14155550201"


async def aside(story: World, **query: Any) -> list[Json]:
    """What is in the quarantine, the newest first."""
    paging = "&".join(f"{name}={value}" for name, value in query.items())
    return (await story.api("GET", f"/quarantine?{paging}"))["items"]


async def released(story: World, item: Json, reason: str = "") -> Json:
    out = await story.api("POST", f"/quarantine/{item['id']}/release", {"reason": reason} if reason else {})
    await story.settles()
    return out["case"]


async def test_a_spam_text_asks_for_nobody_and_comes_out_at_its_true_place() -> None:
    """A text that is junk: no agent, no answer, not among the cases, all of it in the quarantine with the rule. Let out,
    it is first in line, for it came first; it is answered, and who let it out and why is kept."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", capacity={"message": 1})
        spammer = story.phone(HIS)
        await spammer.texts(SPAM)
        assert await ana.offers() == []
        assert await story.cases() == []
        [item] = await aside(story)
        assert item == {
            "id": item["case"], "case": item["case"], "contact": item["contact"], "channel": "sms", "address": HIS,
            "at": item["at"], "rule": "advertising", "text": SPAM,
            "reasons": ["channel is sms, whatsapp, email, touch or page", "links is at least 1",
                        "customer is new", "text matches spam-words"],
        }  # fmt: skip
        case = await story.case(item["case"])
        assert (case["status"], case["junk"], case["ask"]) == ("closed", "advertising", None)
        [decided] = await story.decisions(case["id"])
        assert (decided["what"], decided["rule"], decided["policy"]) == ("set aside", "advertising", 1)
        assert "won" not in str(decided["inputs"])

        await story.passes(minutes=10)
        await story.phone(HERS).texts("my boiler is cold")
        await ana.is_now("off")
        out = await released(story, item, "he really sells boilers")
        assert (out["status"], out["junk"]) == ("waiting_us", None)
        assert out["ask"]["place_at"] == item["at"]
        await ana.is_now("ready")
        offer = await ana.offered()
        assert (offer["case"], offer["place_at"]) == (case["id"], item["at"])
        await ana.accepts(offer)
        await ana.replies(case["id"], "Thank you, no.")
        assert await spammer.inbox() == ["Thank you, no."]
        assert await aside(story) == []
        assert (await story.refused("POST", f"/quarantine/{item['id']}/release", {}))["status"] == 409
        told = [
            one for one in (await story.api("GET", "/audit?limit=200"))["items"] if one["action"] == "ReleaseContact"
        ]
        assert len(told) == 1
        let_out = [e for e in await story.timeline(case["id"], "decision") if e["facts"].get("what") == "released"]
        assert [e["text"] for e in let_out] == ["he really sells boilers"]


async def test_each_contact_is_judged_by_itself() -> None:
    """Three times junk from one number, each kept and judged; then the same person writes in earnest, and is heard."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        him = story.phone(HIS)
        for n in range(3):
            await him.texts(f"{SPAM} {n}")
        assert len(await aside(story)) == 3
        assert await ana.offers() == []
        await him.texts("and my heating is broken, please help")
        offer = await ana.offered()
        assert await story.said(offer["case"]) == ["and my heating is broken, please help"]
        await him.texts(SPAM)
        assert len(await aside(story)) == 3, "whoever has an open case is no spammer"
        assert (await story.said(offer["case"]))[-1] == SPAM


async def text_of_spam(phone: Phone) -> None:
    await phone.texts(SPAM)


async def silent_call(phone: Phone) -> None:
    """Under a number that the provider does not vouch for."""
    await phone.calls(attestation="C")
    await phone.hangs_up()


@pytest.mark.parametrize(("comes", "rule"), [(text_of_spam, "advertising"), (silent_call, "silent-stranger")])
@pytest.mark.parametrize("dropped", [False, True])
async def test_who_is_called_at_another_number_is_not_junk_there(
    comes: Callable[[Phone], Awaitable[None]], rule: str, dropped: bool
) -> None:
    """She asks to be called at a number that we do not know: while that call stands, nothing that comes from there is
    set aside; once it is dropped, it is a stranger's as any other."""
    async with Story() as story:
        await story.phone(HERS).texts("please call me tomorrow between 10 and 11 at +1 212 555 0143")
        [promise] = (await story.one_case())["promises"]
        if dropped:
            await story.api("DELETE", f"/callbacks/{promise['id']}")
        await comes(story.phone(HIS))
        assert [one["rule"] for one in await aside(story)] == ([rule] if dropped else [])
        assert len(await story.cases()) == (1 if dropped else 2)


async def test_who_is_never_junk() -> None:
    """Danger, people whom we have met, and whoever has an open case: whatever words they use, they are heard."""
    async with Story() as story:
        await story.phone("+12125550170").texts(f"{SPAM} and I smell gas leak in the kitchen")
        await story.phone(HERS).texts("hello")
        await story.phone(HERS).texts(SPAM)
        [case] = [c for c in await story.cases() if len(c["contacts"]) == 2]
        await story.api("POST", f"/cases/{case['id']}/status", {"status": "closed"})
        await story.phone(HERS).texts(SPAM)
        assert await aside(story) == []
        assert len(await story.cases()) == 3


async def test_the_same_words_again_and_again() -> None:
    """Whoever sends the same words over and over, each time after somebody has closed the matter, is junk in the end."""
    async with Story() as story:
        him = story.phone(HIS)
        for _ in range(5):
            await him.texts("We make websites for you. Interested?")
            for case in await story.cases(junk="false"):
                if case["status"] != "closed":
                    await story.api("POST", f"/cases/{case['id']}/status", {"status": "closed"})
        assert [one["rule"] for one in await aside(story)] == ["same-again"]
        assert len(await story.cases()) == 4


async def test_cases_show_junk_only_when_it_is_asked_for() -> None:
    """Not in the list, nor in a search; with `junk=true`, or with a status."""
    async with Story() as story:
        await story.phone(HIS).texts(SPAM)
        await story.phone(HERS).texts("hello")
        assert [c["junk"] for c in await story.cases()] == [None]
        assert await story.cases(q="claim") == []
        assert [c["junk"] for c in await story.cases(junk="true")] == ["advertising"]
        assert [c["junk"] for c in await story.cases(status="closed")] == ["advertising"]
        assert await story.cases(status="closed", junk="false") == []
        assert len(await story.cases(q="claim", junk="true")) == 1


async def test_junk_mail_gets_no_answer_and_each_mail_of_its_thread_is_judged() -> None:
    """A stranger's advertising by mail: no reference goes back, and their next mail in the same thread is no way out."""
    async with Story() as story:
        first = eml(f"From: Max <max@shop.example>\r\nTo: help@support.example\r\nSubject: Offer\r\n"
                     f"Message-ID: <1@shop.example>\r\n\r\n{SPAM}\r\n")  # fmt: skip
        await story.brings_mail(first)
        await story.settles()
        second = eml(f"From: Max <max@shop.example>\r\nTo: help@support.example\r\nSubject: Re: Offer\r\n"
                      f"Message-ID: <2@shop.example>\r\nIn-Reply-To: <1@shop.example>\r\n\r\nagain: {SPAM}\r\n")  # fmt: skip
        await story.brings_mail(second)
        await story.settles()
        assert await story.cases() == []
        assert len(await aside(story)) == 2
        assert (await story.provider("GET", "/mail/max@shop.example"))["items"] == []


async def test_a_silent_call_with_a_hidden_number() -> None:
    """Nobody says a word, the number is hidden, they hang up: no work stands, and let out it is work in writing at the
    place of when they called."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone=ANAS)
        ghost = story.phone(HIS)
        await ghost.calls(caller="anonymous")
        await story.passes(seconds=20)
        await ghost.hangs_up()
        await story.settles()
        assert await story.cases() == []
        [item] = await aside(story)
        assert (item["rule"], item["channel"], item["text"]) == ("silent-and-hidden", "phone", None)
        assert await ana.offers() == []
        out = await released(story, item)
        assert out["ask"] is not None
        [offer] = await ana.offers()
        assert offer["case"] == item["case"]


async def test_who_was_set_aside_and_calls_again_has_their_place() -> None:
    """A silent call may be a mistake: whoever calls again and speaks stands where the silent call began."""
    async with Story() as story:
        him = story.phone(HIS)
        await him.calls(attestation="C")
        await story.passes(seconds=20)
        await him.hangs_up()
        [item] = await aside(story)
        await story.passes(minutes=5)
        await him.calls(attestation="C")
        await story.passes(seconds=2)
        await him.speaks("my heating is cold")
        await story.passes(seconds=20)
        case = await story.one_case()
        assert case["ask"]["place_at"] == item["at"]
        await him.hangs_up()
        await story.settles()
        assert (await story.one_case())["ask"] is not None, "who spoke is answered"


async def test_a_key_is_no_silence() -> None:
    """Whoever pressed a key is somebody, whatever is said of their number."""
    async with Story() as story:
        him = story.phone(HIS)
        await him.calls(attestation="C")
        await story.passes(seconds=15)
        await him.presses("7")
        await story.passes(seconds=5)
        await him.hangs_up()
        await story.settles()
        assert await aside(story) == []


async def test_a_machine_that_speaks_at_once() -> None:
    """A long speech that began with the call, from a number that nobody vouches for: no agent, no call-back; what it
    said is kept. With danger in it, it is heard."""
    speech = "This is an important message about the warranty of your car which is about to run out so act now " * 2
    for said, rules in ((speech, ["machine"]), (f"{speech} gas leak", [])):
        async with Story() as story:
            robot = story.phone(HIS)
            await robot.calls(attestation="B")
            await robot.speaks(said)
            await story.passes(seconds=10)
            await robot.hangs_up()
            await story.settles()
            assert [one["rule"] for one in await aside(story)] == rules
            assert len(await story.cases()) == (0 if rules else 1)


async def test_who_may_look_and_let_out() -> None:
    """Leads, ops and admins; an agent, a program and a stranger may not."""
    async with Story() as story:
        await story.phone(HIS).texts(SPAM)
        [item] = await aside(story)
        for role, may in (("lead", True), ("ops", True), ("admin", True), ("agent", False), ("integration", False)):
            token = await story.token(role)
            answer = await story.ask("GET", "/api/v1/quarantine", token=token)
            assert answer.status == (200 if may else 403), role
            if not may:
                refused = await story.refused("POST", f"/quarantine/{item['id']}/release", {}, token=token)
                assert refused["status"] == 403
        assert (await story.refused("GET", "/quarantine", token=None))["status"] == 401


async def test_pages_of_the_quarantine() -> None:
    """From page to page each comes once, whatever was let out meanwhile."""
    async with Story() as story:
        for n in range(7):
            await story.phone(f"+1212555010{n}").texts(f"{SPAM} {n}")
        every = [one["id"] for one in await aside(story)]
        assert len(every) == 7
        await released(story, {"id": every[1]})
        await released(story, {"id": every[3]})
        seen: list[str] = []
        after = ""
        while True:
            page = await story.api("GET", f"/quarantine?limit=2{after}")
            seen += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert seen == [id for id in every if id not in (every[1], every[3])]


async def test_the_desk_shows_the_quarantine_to_whoever_may_look() -> None:
    """A lead sees on the desk what was set aside, its words as words, and lets it out with one click; an agent sees
    neither list nor link."""
    async with Story() as story:
        lea, ana = await story.agent("Lea", role="lead"), await story.agent("Ana")
        await story.phone(HIS).texts(f"<b>{SPAM}</b>")
        [item] = await aside(story)
        page = (await story.ask("GET", "/desk/quarantine", token=lea.token)).body.decode()
        assert "&lt;b&gt;You have won!" in page
        assert "rule advertising" in page
        assert f"/desk/quarantine/{item['id']}/release" in page
        await lea.clicks(f"/quarantine/{item['id']}/release", reason="no junk", once="once-once-once")
        assert (await story.case(item["case"]))["status"] == "waiting_us"
        shown = await lea.page(item["case"])
        assert "Set aside as junk" in shown
        assert "Lea let it out of the quarantine" in shown
        assert "no junk" in shown
        assert (await story.ask("GET", "/desk/quarantine", token=ana.token)).status == 403
        assert "/desk/quarantine" not in (await story.ask("GET", "/desk", token=ana.token)).body.decode()


async def test_what_is_released_goes_where_it_would_have_gone() -> None:
    """A touch and a mail that were junk by mistake: what the device told and the mail's subject route them, as they
    would have at the time."""
    async with Story() as story:
        touch = {"address": HIS, "text": SPAM, "context": {"error": "E42"}}
        await story.ask("POST", "/api/v1/contacts", body=touch, headers={"X-Site-Key": "site_demo"}, token=None)
        head = "From: Max <max@shop.example>\nTo: help@support.example\nSubject: my invoice\nMessage-ID: <1@shop.example>\n"
        await story.brings_mail(eml(f"{head}\n{SPAM}\n"))
        await story.settles()
        by_mail, by_touch = sorted(await aside(story), key=lambda item: item["channel"])
        assert (by_mail["channel"], by_touch["channel"]) == ("email", "touch")
        for item, queue in ((by_touch, "heating"), (by_mail, "billing")):
            out = await released(story, item)
            assert (out["queue"], out["ask"]["place_at"]) == (queue, item["at"])


async def test_a_touch_that_asks_for_a_call_is_no_junk() -> None:
    """Whoever wants to be called is called, whatever they say."""
    async with Story() as story:
        touch = {"address": HIS, "text": SPAM, "reach_me": {"channel": "phone"}}
        await story.ask("POST", "/api/v1/contacts", body=touch, headers={"X-Site-Key": "site_demo"}, token=None)
        assert await aside(story) == []
        assert len((await story.one_case())["promises"]) == 1
