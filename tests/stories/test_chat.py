"""Stories of chats: who drops, reloads and comes back on another device goes on in one case and misses nothing."""

import asyncio
import json
import re
import socket
from datetime import datetime

import jwt
import pytest

from router.http import chat_sockets
from tests.mailbox import MIA, Mailbox
from tests.site_words import DEMO_SITE, KEY, NEXT_KEY, word
from tests.story import HERS, OURS, Agent, Json, Story
from tests.visitor import SITE, Visitor


def stamp_of(at: datetime) -> str:
    """An instant as the API says it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def test_a_chat_is_a_case_with_an_agent() -> None:
    """A visitor writes, an agent is offered the chat at once, answers, and is named; marks come back to the case."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        welcome = await mia.comes(context={"page": "/boiler", "token": "secret", "error": "E42"})
        assert (welcome["seq"], welcome["agent"], welcome["identified"]) == (0, None, False)
        first = await mia.writes("found the fuse, it's on, still E42")
        assert (first["kind"], first["seq"]) == ("accepted", 1)
        case = await story.one_case()
        assert [c["channel"] for c in case["contacts"]] == ["chat"]
        assert case["ask"] is not None
        [context] = await story.timeline(case["id"], "context")
        assert "page: /boiler" in context["text"]
        assert "secret" not in context["text"]
        work = await ana.accepts()
        assert (work["channel"], (await mia.hears("agent"))["name"]) == ("chat", "Ana")
        sent = await ana.replies(case["id"], "Then let us look at the valve.")
        assert (sent["channel"], sent["reasons"]) == ("chat", ["they are in the chat now"])
        line = await mia.hears("message")
        assert (line["seq"], line["from"], line["name"], line["text"]) == (
            2, "agent", "Ana", "Then let us look at the valve.",
        )  # fmt: skip

        async def delivery() -> str:
            await story.settles()
            return (await story.timeline(case["id"], "message"))[-1]["delivery"]["state"]

        await mia.says("delivered", seq=2)
        await mia.says("typing")
        while await delivery() != "delivered":
            await asyncio.sleep(0)
        await mia.says("read", seq=2)
        while await delivery() != "read":
            await asyncio.sleep(0)
        await ana.finishes(work)
        assert (await mia.hears("agent"))["name"] is None


async def test_drops_reloads_and_restarts_lose_nothing_and_repeat_nothing() -> None:
    """Invariant 39: lines come in order, each once, whatever breaks in between: the socket, the page, the service."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("one")
        case = (await story.one_case())["id"]
        await ana.accepts()
        mia.drops()
        await ana.replies(case, "two")
        await mia.comes()
        assert (await mia.hears("message"))["seq"] == 2
        assert (await mia.writes("one", client_id="m1"))["seq"] == 1, "the same client_id is the same message"
        await mia.writes("three")
        await story.restarts()
        await ana.replies(case, "four")
        await mia.comes()
        assert (await mia.hears("message"))["text"] == "four"
        assert mia.said == ["(mine m1)", "two", "(mine m3)", "four"]
        other = Visitor(story, session=mia.session)  # the same browser, another window without memory
        assert (await other.comes())["seq"] == 4
        for _ in range(4):
            await other.hears("message")
        assert other.said == ["one", "two", "three", "four"]
        await mia.writes("five")
        assert (await other.hears("message"))["text"] == "five"
        assert await story.said(case) == ["one", "two", "three", "four", "five"]
        assert len(await story.cases()) == 1


async def test_from_phone_to_chat_to_mail_is_one_case() -> None:
    """S1, without a call-back: she calls, waits, goes on by text, opens the chat by a link that carries her case, says
    there what is wrong, and answers our mail in the end. It is one case with one timeline; she has waited since she
    called, whoever takes it reads what she said everywhere, and nothing is asked again: not who she is, nor which case.
    """
    async with Story() as story:
        her, box = story.phone(HERS), Mailbox(story, MIA, "Mia")
        called_at = stamp_of(await story.now())
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("3")
        await story.passes(minutes=2)
        case = (await story.one_case())["id"]
        made = await story.api("POST", f"/cases/{case}/switch", {"channel": "chat"})
        mia = Visitor(story)
        await mia.comes(carry=made["links"]["chat"].partition("#carry=")[2])
        await mia.writes("my T-100 shows E42, the fuse is on")
        shown = await story.one_case()
        assert shown["ask"]["since"] == called_at
        assert [(c["channel"], c["evidence"]) for c in shown["contacts"]] == [("phone", "weak"), ("chat", "proof")]
        ana = await story.ready_agent("Ana")
        work = await ana.accepts()
        page = await ana.page(case)
        assert "my T-100 shows E42, the fuse is on" in page
        assert "Everything of theirs may be talked about" in await sure_of(ana, case)
        await ana.replies(case, "Then it is the valve. We send one.")
        assert (await mia.hears("message"))["text"] == "Then it is the valve. We send one."
        await mia.says("leave", reach_me={"channel": "email", "address": MIA})
        await mia.hears("left")
        await mia.says("delivered", seq=2)
        await mia.goes()
        await ana.replies(case, "It comes on Thursday.", channel="chat")
        await story.passes(minutes=6)
        await story.passes(minutes=6)
        [mail] = await box.received()
        assert mail["text"].strip() == "It comes on Thursday."
        await box.answers(mail, "Thursday is fine, thank you.")
        shown = await story.one_case()
        assert [c["channel"] for c in shown["contacts"]] == ["phone", "chat", "email"]
        said = [row["text"].strip() for row in await story.timeline(case, "message") if row["direction"] == "in"]
        assert said == ["my T-100 shows E42, the fuse is on", "Thursday is fine, thank you."]
        asked = [text for text in (*mia.said, mail["text"], *await her.inbox()) if "?" in text]
        assert asked == [], "nothing was asked"
        await ana.finishes(work)


async def test_what_was_not_read_follows_once_by_the_way_they_allowed() -> None:
    """She leaves an address and goes; two answers wait in the chat, and after five minutes both follow by mail, as one.
    When she comes back the chat holds them too, and nothing is mailed again."""
    async with Story() as story:
        ana, box = await story.ready_agent("Ana"), Mailbox(story, MIA)
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await mia.says("leave", reach_me={"channel": "email", "address": MIA})
        assert (await mia.hears("left"))["channel"] == "email"
        case = (await story.one_case())["id"]
        work = await ana.accepts()
        await mia.goes()
        for words in ("We send a part.", "It comes on Thursday."):
            sent = await ana.replies(case, words, channel="chat")
            assert sent["channel"] == "chat"
        await story.passes(minutes=4)
        assert await box.received() == []
        await story.passes(minutes=2)
        [mail] = await box.received()
        assert mail["text"].split() == ["We", "send", "a", "part.", "It", "comes", "on", "Thursday."]
        rows = await story.timeline(case, "message")
        assert [r["channel"] for r in rows] == ["chat", "chat", "chat", "email"]
        assert rows[-1]["author"]["name"] == "Ana"
        assert "they left the chat" in rows[-1]["reasons"][0]
        await mia.comes()
        for words in ("We send a part.", "It comes on Thursday."):
            assert (await mia.hears("message"))["text"] == words
        await mia.says("delivered", seq=3)
        await mia.goes()
        await story.passes(hours=1)
        assert len(await box.received()) == 1
        await ana.finishes(work)


@pytest.mark.parametrize("way", ["email", "sms"])
async def test_what_waits_goes_along_with_the_next_answer(way: str) -> None:
    """She saw the first answer come in and closed the page before it was there; the second one is written a minute
    later. She reads the first one first, both in one message, once; and the chat holds both when she comes back, each
    once, with the way that the second one took, whatever the page had by then."""
    async with Story() as story:
        ana, box = await story.ready_agent("Ana"), Mailbox(story, MIA)
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await mia.says("leave", reach_me={"channel": way, "address": MIA if way == "email" else HERS})
        await mia.hears("left")
        case = (await story.one_case())["id"]
        work = await ana.accepts()
        await ana.replies(case, "FIRST")
        await mia.hears("message")
        await mia.goes()
        await story.passes(minutes=1)
        sent = await ana.replies(case, "SECOND")
        assert sent["channel"] == way
        assert sent["reasons"][-1] == "what they had not read in the chat goes along, ahead of it"
        await story.passes(minutes=1)
        await ana.replies(case, "THIRD")
        await story.passes(minutes=30)
        texts = [m["text"] for m in await box.received()] if way == "email" else await story.phone(HERS).inbox()
        assert [text.split() for text in texts] == [["FIRST", "SECOND"], ["THIRD"]]
        assert await story.said(case) == ["still E42", "FIRST", "SECOND", "THIRD"]
        await story.restarts()
        again = Visitor(story, session=mia.session)
        for visitor, since in ((mia, 2), (again, 0)):
            assert (await visitor.comes())["seq"] == 4
            lines = [await visitor.hears("message") for _ in range(4 - since)]
            assert [line["text"] for line in lines][-2:] == ["SECOND", "THIRD"]
            assert [line.get("by") for line in lines][-2:] == [way, way]
        assert again.said == ["still E42", "FIRST", "SECOND", "THIRD"]
        await again.says("read", seq=4)
        assert (await ana.replies(case, "FOURTH"))["channel"] == "chat"
        assert (await mia.hears("message"))["seq"] == 5
        await ana.finishes(work)


LEAVES: list[tuple[Json, str | None, list[str]]] = [
    ({"channel": "sms"}, None, ["reach_me.channel (sms: no address is known that it reaches)"]),
    (
        {"channel": "sms", "address": "not a number"},
        None,
        ["reach_me.address (kept as words)", "reach_me.channel (sms: no address is known that it reaches)"],
    ),
    (
        {"channel": "whatsapp", "address": HERS},
        "sms",
        ["reach_me.channel (whatsapp: only within 24 hours of their words; sms instead)"],
    ),
    (
        {"channel": "email", "address": HERS},
        "sms",
        ["reach_me.channel (email: no address is known that it reaches; sms instead)"],
    ),
    ({"address": MIA}, "email", []),
    ({"channel": "phone", "at": "now"}, None, ["reach_me.channel (phone: no number is known that we may call)"]),
]


@pytest.mark.parametrize(("wish", "channel", "ignored"), LEAVES)
async def test_what_is_said_at_leaving_is_what_will_be(wish: Json, channel: str | None, ignored: list[str]) -> None:
    """What cannot be is named with the reason, nothing is confirmed that does not exist, and the next answer goes as
    they were told, with the true reason; the agent reads the wish once."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await mia.says("leave", reach_me=wish)
        left = await mia.hears("left")
        assert (left["channel"], left["ignored"], "promise" in left) == (channel, ignored, False)
        case = (await story.one_case())["id"]
        assert str(await story.timeline(case)).count("not a number") == ("not a number" in str(wish))
        await ana.accepts()
        await mia.goes()
        sent = await ana.replies(case, "We send a part.")
        assert sent["channel"] == (channel or "chat")
        assert "wrote last by sms" not in " ".join(sent["reasons"])
        if channel not in (None, wish.get("channel"), "email"):
            assert sent["reasons"] == [
                f"{wish['channel']} does not reach them, as they asked", "sms reaches the number that they left",
            ]  # fmt: skip


async def test_a_call_asked_for_at_leaving_is_promised() -> None:
    """A call asked for at leaving is read as with a touch: it becomes a promise, and that telephone rings."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await mia.says("leave", reach_me={"channel": "phone", "address": HERS, "at": "now"})
        left = await mia.hears("left")
        assert (left["channel"], left["ignored"]) == ("phone", [])
        assert left["promise"] == {"kind": "callback", "state": "open", "callback": "scheduled", "window": None}
        await mia.goes()
        [promise] = (await story.one_case())["promises"]
        assert (promise["kind"], promise["told_via"]) == ("callback", "chat")
        eva = await story.ready_agent("Eva", phone="+14155550201", capacity={"message": 0})
        await eva.accepts()
        await story.passes(seconds=1)
        await story.phone("+14155550201").picks_up()
        await story.passes(seconds=1)
        await story.phone("+14155550201").presses("1")
        await story.passes(seconds=4)
        assert await story.phone(HERS).state() == "ringing"


async def test_a_call_at_a_time_is_promised_then() -> None:
    """The time is read on the number's clock and said back; one that is not clear promises nothing and says why."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await mia.says("leave", reach_me={"channel": "phone", "address": HERS, "at": "tomorrow at 3 pm"})
        left = await mia.hears("left")
        assert (left["channel"], left["ignored"]) == ("phone", [])
        assert left["promise"]["window"]["start"]
        assert "3:00" in left["says"]
        assert (await story.one_case())["promises"][0]["window"]["start"] == left["promise"]["window"]["start"]
        tom = Visitor(story)
        await tom.comes()
        await tom.writes("hello")
        await tom.says("leave", reach_me={"channel": "phone", "address": "+12125550177", "at": "when the moon is blue"})
        left = await tom.hears("left")
        assert (left["channel"], "promise" in left) == (None, False)
        assert left["says"]


async def test_what_is_wished_for_last_at_leaving_is_what_stands() -> None:
    """Another time moves the call that was asked for in the same chat, and words by mail take its place. Nobody else's
    wish moves a call to that number, and what each is told is true either way and the same."""
    async with Story() as story:
        mia, tom = Visitor(story), Visitor(story)

        async def leaves(who: Visitor, **reach_me: str) -> Json:
            await who.says("leave", reach_me=reach_me)
            return await who.hears("left")

        await mia.comes()
        await mia.writes("still E42")
        await leaves(mia, channel="phone", address=HERS, at="now")
        case = await story.one_case()
        for time, hour in (("tomorrow at 2 pm", "2:00"), ("tomorrow at 4 pm", "4:00")):
            left = await leaves(mia, channel="phone", address=HERS, at=time)
            assert hour in left["says"]
            assert "unless other calls to this number stand in the way" in left["says"]
            [promise] = (await story.case(case["id"]))["promises"]
            assert promise["window"] == left["promise"]["window"]
        await tom.comes()
        await tom.writes("hello")
        assert (await leaves(tom, channel="phone", address=HERS, at="tomorrow at 4 pm"))["says"] == left["says"]
        assert (await story.case(case["id"]))["promises"] == [promise]
        assert (await leaves(mia, address=MIA))["channel"] == "email"
        assert (await story.case(case["id"]))["promises"] == []


async def test_whom_their_site_vouches_for_moves_their_call_as_they_leave() -> None:
    async with Story(sites=[{"id": DEMO_SITE, "identity_keys": [KEY]}]) as story:
        mia = Visitor(story, identity=word("u9", await story.now()))
        await mia.comes()
        await mia.writes("call me")
        for time in ("now", "tomorrow at 3 pm", "tomorrow at 5 pm"):
            await mia.says("leave", reach_me={"channel": "phone", "address": HERS, "at": time})
            left = await mia.hears("left")
            [promise] = (await story.one_case())["promises"]
            assert left["promise"]["window"] == promise["window"]
        assert left["says"].startswith("We call you")
        assert "5:00" in left["says"]
        assert "stand in the way" not in left["says"]


async def test_what_is_too_long_together_goes_in_its_order() -> None:
    """Together they would be more parts than a text may have: what waited goes ahead by itself."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        await mia.says("leave", reach_me={"channel": "sms", "address": HERS})
        await mia.hears("left")
        case = (await story.one_case())["id"]
        await ana.accepts()
        await mia.goes()
        words = ["FIRST" + " one" * 70, "SECOND" + " two" * 70]
        await ana.replies(case, words[0], channel="chat")
        await story.passes(minutes=1)
        sent = await ana.replies(case, words[1])
        assert (sent["channel"], sent["segments"]) == ("sms", 2)
        await story.passes(minutes=30)
        assert await story.phone(HERS).inbox() == words


async def test_without_another_way_answers_wait_for_the_session() -> None:
    """Nobody said how else: nothing goes out by itself, and hours later the answer is there."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("still E42")
        case = (await story.one_case())["id"]
        await ana.accepts()
        await mia.goes()
        sent = await ana.replies(case, "We send a part.")
        assert sent["reasons"] == ["the customer wrote last by chat", "it waits there until they come back"]
        await story.restarts()
        await story.passes(hours=6)
        [answer] = [row for row in await story.timeline(case, "message") if row["direction"] == "out"]
        assert answer["delivery"]["state"] == "queued"
        await mia.comes()
        assert (await mia.hears("message"))["text"] == "We send a part."


async def test_two_people_of_a_site_on_one_browser_never_join() -> None:
    """S6: whoever is signed in has a session of their own, the same on every device; another one on the same browser
    sees none of it; signed out, the browser's own visitor is somebody else again."""
    async with Story(sites=[{"id": DEMO_SITE, "identity_keys": [KEY, NEXT_KEY]}]) as story:
        now = await story.now()
        mia = Visitor(story, identity=word("mia", now))
        assert (await mia.comes())["identified"] is True
        await mia.writes("I am Mia")
        await mia.goes()
        tom = Visitor(story, session=mia.session, identity=word("tom", now))
        assert (await tom.comes())["seq"] == 0
        await tom.writes("I am Tom")
        phone = Visitor(story, identity=word("mia", now, key=NEXT_KEY))
        assert (await phone.comes())["seq"] == 1
        assert (await phone.hears("message"))["text"] == "I am Mia"
        nobody = Visitor(story)
        assert (await nobody.comes())["seq"] == 0
        cases = await story.cases()
        assert len({case["customer"] for case in cases}) == len(cases) == 2
        assert {case["contacts"][0]["evidence"] for case in cases} == {"proof"}
        await story.restarts()
        assert (await tom.comes(since=0))["seq"] == 1


@pytest.mark.filterwarnings("ignore:The HMAC key")
async def test_a_word_that_cannot_be_taken_opens_nothing() -> None:
    """Another key, issuer or audience, no time or one that is over, another algorithm: refused by name, and the next
    hello may be a good one."""
    async with Story(sites=[{"id": DEMO_SITE, "identity_keys": [KEY]}]) as story:
        now = await story.now()
        good = word("mia", now)
        head, body, signature = good.split(".")
        bad = {
            "another key": word("mia", now, key={**KEY, "key": "x" * 32}),
            "no such kid": word("mia", now, key={**KEY, "kid": "other"}),
            "issuer": word("mia", now, iss="https://evil.example"),
            "audience": word("mia", now, aud="somebody else"),
            "over": word("mia", now, exp=now.timestamp() - 61),
            "not yet": word("mia", now, nbf=now.timestamp() + 61),
            "too long": word("mia", now, exp=now.timestamp() + 3 * 86_400),
            "no end": word("mia", now, exp=None),
            "end is text": word("mia", now, exp="soon"),
            "nobody": word("", now),
            "unsigned": jwt.encode({"sub": "mia"}, key=None, algorithm="none"),
            "another algorithm": word("mia", now, algorithm="HS384"),
            "cut": f"{head}.{body}.",
            "changed": f"{head}.{word('tom', now).split('.')[1]}.{signature}",
            "nonsense": "ä.ö.ü",
        }
        mia = Visitor(story)
        await mia.connects()
        for what, identity in bad.items():
            await mia.says("hello", v=1, site="site_demo", identity=identity)
            refused = await mia.hears("error")
            assert (refused["error"], refused["status"]) == ("bad_identity", 401), what
        for identity in (word("mia", now, exp=now.timestamp() - 30), word("mia", now, nbf=now.timestamp() + 30)):
            assert (await Visitor(story, identity=identity).comes())["identified"], "a clock may be a minute off"


async def test_a_proved_address_is_found_from_then_on() -> None:
    """S10, where nobody had the address: before the code nobody is found by it; after it, her mail joins the chat's
    case. The answer to `prove` is one and the same, and one code at a time goes to an address."""
    async with Story() as story:
        mia, box = Visitor(story), Mailbox(story, MIA, "Mia")
        await mia.comes()
        await mia.says("prove", address=MIA)
        assert (await mia.hears("error"))["error"] == "no_case"
        await mia.writes("still E42")
        await mia.says("prove", address=MIA)
        assert (await mia.hears("code_sent")) == {"kind": "code_sent"}
        await story.passes(seconds=5)
        [mail] = await box.received()
        [code] = re.findall(r"\b\d{6}\b", mail["text"])
        case = (await story.one_case())["id"]
        assert code not in json.dumps(await story.timeline(case)), "agents never see it"
        await mia.says("prove", address=MIA)
        assert (await mia.hears("code_sent")) == {"kind": "code_sent"}
        await story.passes(seconds=5)
        assert len(await box.received()) == 1
        await mia.says("code", code="000000" if code != "000000" else "111111")
        assert (await mia.hears("error"))["error"] == "bad_code"
        await mia.says("code", code=f"{code[:3]} {code[3:]}")
        await mia.hears("proved")
        await box.writes("and by mail", subject="E42")
        await story.settles()
        assert (await story.said(case))[-1].strip() == "and by mail"
        assert len(await story.cases()) == 1


async def test_a_code_that_is_over_is_had_again() -> None:
    """A code that nobody said in time is followed by a new one when she asks; who else asks meanwhile is told when, not
    that one was sent; and nobody's mailbox gets more than three in an hour."""
    async with Story() as story:
        mia, tom, box = Visitor(story), Visitor(story), Mailbox(story, MIA)
        for visitor in (mia, tom):
            await visitor.comes()
            await visitor.writes("hello")
        await mia.says("prove", address=MIA)
        await mia.hears("code_sent")
        await story.passes(seconds=60)
        await tom.says("prove", address=MIA)
        refused = await tom.until(lambda f: f["kind"] in ("code_sent", "error"))
        assert (refused["error"], refused["retry_after_s"]) == ("too_many", 540)
        await story.passes(seconds=640)
        await mia.says("code", code=re.findall(r"\b\d{6}\b", (await box.received())[0]["text"])[0])
        assert (await mia.hears("error"))["error"] == "bad_code"
        await mia.says("prove", address=MIA)
        await mia.hears("code_sent")
        await story.passes(seconds=5)
        [_, second] = await box.received()
        await mia.says("code", code=re.findall(r"\b\d{6}\b", second["text"])[0])
        await mia.hears("proved")
        told = ""
        for _ in range(3):
            await story.passes(minutes=11)
            await tom.says("prove", address=MIA)
            said = await tom.until(lambda f: f["kind"] in ("code_sent", "error"))
            told += f" {said.get('error', 'sent')}"
        assert told.split() == ["sent", "too_many", "too_many"]
        assert len(await box.received()) == 3


async def test_abuse_6_five_wrong_codes_and_a_code_that_is_over() -> None:
    """Abuse 6: five tries in ten minutes; the right code after that is no code."""
    async with Story() as story:
        mia, box = Visitor(story), Mailbox(story, MIA)
        await mia.comes()
        await mia.writes("hello")
        await mia.says("prove", address=MIA)
        await mia.hears("code_sent")
        await story.passes(seconds=5)
        [code] = re.findall(r"\b\d{6}\b", (await box.received())[0]["text"])
        for _ in range(5):
            await mia.says("code", code="wrong1")
            assert (await mia.hears("error"))["error"] == "bad_code"
        await mia.says("code", code=code)
        assert (await mia.hears("error"))["error"] == "bad_code"
        await story.passes(hours=1)
        await mia.says("prove", address=MIA)
        await mia.hears("code_sent")
        await story.passes(minutes=11)
        [_, second] = await box.received()
        await mia.says("code", code=re.findall(r"\b\d{6}\b", second["text"])[0])
        assert (await mia.hears("error"))["error"] == "bad_code"


async def test_abuse_6_an_address_that_somebody_types_leads_to_nobody() -> None:
    """Abuse 6: a visitor types the address of a customer: nothing joins, nothing is told, and the customer's own mail
    stays where it is."""
    async with Story() as story:
        box = Mailbox(story, MIA, "Mia")
        await box.writes("My boiler leaks", subject="Boiler")
        await story.settles()
        hers = await story.one_case()
        thief = Visitor(story)
        await thief.comes()
        await thief.writes("I am Mia")
        await thief.says("leave", reach_me={"channel": "email", "address": MIA})
        assert (await thief.hears("left"))["ignored"] == []
        await box.writes("It still leaks", subject="Boiler")
        await story.settles()
        assert [text.strip() for text in await story.said(hers["id"])][-1] == "It still leaks"
        assert len({case["customer"] for case in await story.cases()}) == 2


async def test_an_address_that_was_only_typed_is_shown_as_such() -> None:
    """Until its owner says the code that went there; and the desk says that it was a code, without its words."""
    async with Story() as story:
        ana, mia = await story.agent("Ana"), Visitor(story)
        await mia.comes()
        await mia.writes("hello")
        case = await story.one_case()

        async def standing() -> dict[str, str]:
            addresses = (await story.api("GET", f"/customers/{case['customer']}"))["addresses"]
            return {a["kind"]: a["verification"] for a in addresses}

        await mia.says("prove", address=HERS)
        await mia.hears("code_sent")
        assert (await standing())["phone"] == "typed"
        [text] = await story.phone(HERS).inbox()
        [code] = re.findall(r"\b\d{6}\b", text)
        page = await ana.page(case["id"])
        assert "A code was sent, in words for nobody but them." in page
        assert ("No words." in page, code in page) == (False, False)
        assert f"{HERS}</b> (typed in, not proved)" in page
        await mia.says("code", code=code)
        await mia.hears("proved")
        assert (await standing())["phone"] == "code"
        assert "not proved" not in await ana.page(case["id"])


async def test_texts_go_to_our_own_country_alone() -> None:
    """Abuse 21: a code by text goes to the country of our number; elsewhere, to premium and to our own numbers it does
    not."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("hello")
        for address in ("+447700900123", "+19005550123", OURS, "+1", "call me"):
            await mia.says("prove", address=address)
            assert (await mia.hears("error"))["error"] == "bad_address", address
        await mia.says("prove", address=HERS)
        await mia.hears("code_sent")
        [text] = await story.phone(HERS).inbox()
        [code] = re.findall(r"\b\d{6}\b", text)
        await mia.says("code", code=code)
        await mia.hears("proved")
        await story.phone(HERS).texts("and by text")
        case = await story.one_case()
        assert {c["channel"] for c in case["contacts"]} == {"chat", "sms"}


async def test_an_agent_types() -> None:
    """The visitor sees it at once, and nothing of it is kept."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("hello")
        case = (await story.one_case())["id"]
        assert await ana.api("POST", f"/cases/{case}/typing", {"on": True}) == {"heard": 1}
        assert await mia.hears("typing") == {"kind": "typing", "on": True, "name": "Ana"}


async def test_ten_windows_are_in_step_and_the_eleventh_ends_the_oldest() -> None:
    """Several windows of one session may be open; what is bounded is how many."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("hello")
        windows = [Visitor(story, session=mia.session) for _ in range(10)]
        for window in windows:
            await window.comes()
            assert (await window.hears("message"))["text"] == "hello"
        assert (await mia.hears("error"))["error"] == "taken_over"
        await mia.ends()
        await windows[0].writes("again", client_id="another")
        for window in windows[1:]:
            assert (await window.hears("message"))["text"] == "again"


async def code_sent(story: Story, to: str) -> str:
    """The code that came to a number by text."""
    texts = await story.phone(to).inbox()
    return [found[0] for text in texts if (found := re.findall(r"\b\d{6}\b", text))][-1]


async def proves(visitor: Visitor, address: str) -> None:
    await visitor.says("prove", address=address)
    await visitor.hears("code_sent")
    await visitor.says("code", code=await code_sent(visitor.story, address))  # pyright: ignore[reportArgumentType]
    await visitor.hears("proved")
    await visitor.story.settles()


async def sure_of(agent: Agent, case: str) -> str:
    """What the desk says of who it is."""
    page = " ".join(re.sub(r"<[^>]*>", " ", await agent.page(case)).split())
    return page[page.index("Who it is") :][:160]


async def evidence_of(story: Story, channel: str) -> list[tuple[str, str]]:
    """Evidence and grounds of each contact by a channel, in order."""
    found = [c for case in await story.cases() for c in case["contacts"] if c["channel"] == channel]
    shown = {c["id"]: c for c in found}  # a matter shows the contacts of its parts as well
    return [(c["evidence"], c["grounds"][0]) for c in sorted(shown.values(), key=lambda c: c["at"])]


async def theirs_in(story: Story, case: str) -> list[str]:
    """What the person said in a case and in those that were merged into it."""
    return [row["text"] for row in await story.timeline(case, "message") if row["direction"] == "in"]


async def test_an_anonymous_chat_joins_the_case_once_she_is_proved() -> None:
    """S10, S1 as far as it goes without a call-back: she texts, chats without saying who she is, proves the number by a
    code: what she said in the chat stands in her case, one row each, with an agent in it; answers reach her chat."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone(HERS).texts("E42 again, nobody called")
        hers = await story.one_case()
        work = await ana.accepts()
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("found the fuse, it's on")
        await mia.writes("still E42")
        assert len(await story.cases()) == 2, "nothing joins on what somebody types"
        await mia.says("prove", address=HERS)
        await mia.hears("code_sent")
        [code] = [found[0] for text in await story.phone(HERS).inbox() if (found := re.findall(r"\b\d{6}\b", text))]
        await mia.says("code", code=code)
        await mia.hears("proved")
        await story.settles()
        said = ["E42 again, nobody called", "found the fuse, it's on", "still E42"]
        assert await theirs_in(story, hers["id"]) == said
        sent = await ana.replies(hers["id"], "Good, then it is the valve.")
        assert (sent["channel"], sent["reasons"]) == ("chat", ["they are in the chat now"])
        assert (await mia.hears("message"))["text"] == "Good, then it is the valve."
        await mia.writes("how long?")
        assert await theirs_in(story, hers["id"]) == [*said, "how long?"]
        weak = ("weak", "session")
        assert await evidence_of(story, "chat") == [weak, weak, ("proof", "proved_session")]
        await mia.says("code", code=code)
        again = await mia.until(lambda f: f["kind"] in ("proved", "error"))
        assert again["kind"] == "proved", "who says it again is who they are"
        await ana.finishes(work)
        await mia.goes()
        await story.restarts()
        await mia.comes(since=0)
        heard = [(await mia.hears("message"))["text"] for _ in range(4)]
        assert heard == ["found the fuse, it's on", "still E42", "Good, then it is the valve.", "how long?"]


async def test_a_code_is_proof_for_that_chat_as_long_as_proof_holds() -> None:
    """S10: from the code on, what she says in that chat is proof of who she is, over reconnects and restarts, and the
    desk says so at once; another window of nobody is nobody still. After `proof_holds` it is a chat like any other."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone(HERS).texts("E42")
        hers = await story.one_case()
        assert "Tell nothing" in await sure_of(ana, hers["id"])
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("hi")
        await proves(mia, HERS)
        assert "Everything of theirs may be talked about" in await sure_of(ana, hers["id"])
        await mia.writes("and now")
        await mia.goes()
        await story.restarts()
        await mia.comes()
        await mia.writes("back again")
        other = Visitor(story)
        await other.comes()
        await other.writes("I am Mia too")
        weak, proof = ("weak", "session"), ("proof", "proved_session")
        assert await evidence_of(story, "chat") == [weak, proof, proof, weak]
        assert "Everything of theirs may be talked about" in await sure_of(ana, hers["id"])
        await mia.goes()
        await story.passes(hours=25)
        await mia.comes()
        await mia.writes("a day later")
        assert (await evidence_of(story, "chat"))[-1] == weak
        assert "Tell nothing" in await sure_of(ana, hers["id"])


async def test_a_code_for_an_address_that_nobody_had_is_proof_too() -> None:
    """Where nobody had the address it is theirs from then on, and what they say is proof as well."""
    async with Story() as story:
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("hi")
        await proves(mia, HERS)
        await mia.writes("and now")
        assert await evidence_of(story, "chat") == [("weak", "session"), ("proof", "proved_session")]


async def two_matters(story: Story) -> list[Json]:
    """Her heating, and an hour later an invoice."""
    for words in ("my heating shows E42", "your invoice is wrong"):
        await story.phone(HERS).texts(words)
        await story.passes(hours=1)
    return await story.cases()


async def test_a_proved_chat_goes_to_the_matter_that_its_words_are_about() -> None:
    """Two matters are open, the newer one about an invoice: a chat about the heating goes on in the heating case once
    she proved who she is, as a text of hers would."""
    async with Story() as story:
        heating, invoice = await two_matters(story)
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("the heating is cold again, E42")
        await proves(mia, HERS)
        assert await theirs_in(story, heating["id"]) == ["my heating shows E42", "the heating is cold again, E42"]
        assert await theirs_in(story, invoice["id"]) == ["your invoice is wrong"]


async def test_a_proved_chat_about_something_else_stays_a_matter_of_its_own() -> None:
    """Her heating is open, and she chats about an invoice: proved to be hers, it is a new matter of hers, with the
    other one as its candidate, and whoever has heating does not get it."""
    async with Story() as story:
        await story.phone(HERS).texts("my heating shows E42")
        await story.passes(hours=1)
        heating = await story.one_case()
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("your invoice is wrong, refund me")
        await proves(mia, HERS)
        heating, invoice = await story.cases()
        assert await theirs_in(story, heating["id"]) == ["my heating shows E42"]
        assert [one["case"] for one in invoice["candidates"]] == [heating["id"]]
        assert invoice["ask"]["queue"] != heating["ask"]["queue"]
        person = await story.api("GET", f"/customers/{heating['customer']}")
        assert [one["id"] for one in person["members"]] == [invoice["customer"]]
        await mia.writes("it is number 77")
        assert await theirs_in(story, invoice["id"]) == ["your invoice is wrong, refund me", "it is number 77"]


async def test_a_proof_is_told_of_as_long_as_it_holds() -> None:
    """A reload is told who they are as long as their code counts as proof; a day later neither the welcome nor the desk
    says so, and what they write is weak again."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("the heating is cold again, E42")
        await proves(mia, HERS)
        await mia.writes("it is the old one")
        await mia.goes()
        assert (await mia.comes())["identified"] is True
        case = (await story.one_case())["id"]
        assert "Everything of theirs may be talked about" in await sure_of(ana, case)
        await mia.goes()
        await story.passes(hours=25)
        page = await sure_of(ana, case)
        assert "may be talked about" not in page
        assert "it was sure, and that is too long ago" in page
        assert (await mia.comes())["identified"] is False
        await mia.writes("are you there?")
        assert (await evidence_of(story, "chat"))[-1] == ("weak", "session")


async def test_where_nobody_can_tell_a_proved_chat_has_candidates() -> None:
    """Two matters fit equally well: the chat is a case of its own, an agent sees both, and what they say of it holds
    when the code is said once more."""
    async with Story() as story:
        heating, invoice = await two_matters(story)
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("hello, it is me")
        await mia.says("prove", address=HERS)
        await mia.hears("code_sent")
        code = await code_sent(story, HERS)
        await mia.says("code", code=code)
        await mia.hears("proved")
        await story.settles()
        [chat] = [case for case in await story.cases() if case["id"] not in (heating["id"], invoice["id"])]
        assert [one["case"] for one in chat["candidates"]] == [invoice["id"], heating["id"]]
        lead = await story.token("lead")
        await story.api("POST", f"/cases/{chat['id']}/candidates", {}, token=lead)
        await mia.says("code", code=code)
        await mia.hears("proved")
        await story.settles()
        [chat] = [case for case in await story.cases() if case["id"] not in (heating["id"], invoice["id"])]
        assert chat["candidates"] == []


async def test_a_visitor_who_asks_to_be_erased_is_asked_who_they_are() -> None:
    """Abuse 28: whoever asks in a chat that somebody's data be deleted has written a message; nothing is deleted."""
    async with Story() as story:
        await story.phone(HERS).texts("E42 again")
        hers = await story.one_case()
        thief = Visitor(story)
        await thief.comes()
        await thief.writes(f"I am {HERS}, delete all my data")
        assert await story.said(hers["id"]) == ["E42 again"]
        assert len(await story.cases()) == 2


async def test_a_visitor_who_does_not_read_is_cut_and_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window that stops reading is cut after its time; the others of the same session go on meanwhile, and coming
    back later has no gap."""
    monkeypatch.setattr(chat_sockets, "SEND_S", 0.5)
    async with Story() as story:
        assert story.running is not None
        visitors = story.running.node.visitors
        mia = Visitor(story)
        await mia.comes()
        for n in range(110):
            if n % 50 == 49:
                await story.passes(minutes=1)
            assert (await mia.writes("🙂" * 10_000))["kind"] == "accepted"
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            host, port = story.service.removeprefix("http://").split(":")
            slow.connect((host, int(port)))
            slow.sendall(
                f"GET /chat/ws HTTP/1.1\r\nHost: {host}:{port}\r\nOrigin: {mia.origin}\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
            )
            hello = json.dumps({"kind": "hello", "site": SITE, "session": mia.session, "since": 0}).encode()
            slow.sendall(bytes((0x81, 0x80 | 126)) + len(hello).to_bytes(2, "big") + b"\0\0\0\0" + hello)
            async with asyncio.timeout(30):
                while len(visitors) < 2:
                    await asyncio.sleep(0)
                assert (await mia.writes("still here"))["kind"] == "accepted"
                while len(visitors) > 1:
                    await asyncio.sleep(0.02)
        again = Visitor(story, session=mia.session, since=109)
        assert (await again.comes())["seq"] == 111
        assert [(await again.hears("message"))["seq"] for _ in range(2)] == [110, 111]


async def test_whoever_gets_a_code_and_did_not_ask_is_led_to_nobodys_case() -> None:
    """A visitor types somebody else's address: the mail names no case, says what to do, and an answer to it is a matter
    of whoever answers."""
    async with Story() as story:
        visitor, victim = Visitor(story), Mailbox(story, MIA, "Mia")
        await visitor.comes()
        await visitor.writes("still E42")
        case = await story.one_case()
        await visitor.says("prove", address=MIA)
        await visitor.hears("code_sent")
        await story.passes(seconds=5)
        mail = await victim.last()
        assert case["ref"] not in mail["raw"]
        assert "code" in mail["subject"]
        assert "ignore this mail" in mail["text"]
        assert "Reply-To" not in mail["headers"]
        assert "In-Reply-To" not in mail["headers"]
        await victim.answers(mail, "I never asked for this")
        [_, hers] = await story.cases()
        assert hers["customer"] != case["customer"]
        assert "I never asked" not in " ".join(await story.said(case["id"]))


async def test_who_is_called_already_is_told_so_however_they_leave() -> None:
    """Signed in, with a call that stands: no number need be named again, another time moves it, "now" makes it as soon
    as it can be, and whatever else they say they hear when they are called."""
    async with Story(sites=[{"id": DEMO_SITE, "identity_keys": [KEY]}]) as story:
        mia = Visitor(story, identity=word("u9", await story.now()))
        await mia.comes()
        await mia.writes("call me")

        async def leaves(**reach_me: str) -> tuple[Json, Json]:
            await story.passes(seconds=20)
            await mia.says("leave", reach_me=reach_me)
            left = await mia.hears("left")
            [promise] = (await story.one_case())["promises"]
            return left, promise

        await leaves(channel="phone", address=HERS, at="tomorrow at 3 pm")
        left, promise = await leaves(channel="phone", at="tomorrow at 5 pm")
        assert (left["channel"], left["ignored"]) == ("phone", [])
        assert left["promise"]["window"] == promise["window"]
        assert "5:00" in left["says"]
        for wish in (
            {"channel": "phone"},
            {"note": "I am in the garden"},
            {"channel": "phone", "at": "2026-11-20T10:00:00Z"},
            {"channel": "phone", "at": "when the moon is blue"},
        ):
            left, stands = await leaves(**wish)
            assert (left["channel"], stands["window"]) == ("phone", promise["window"]), wish
            assert left["promise"]["window"] == promise["window"]
            assert "5:00" in left["says"], wish
            assert not [one for one in left["ignored"] if "no number" in one]
        left, stands = await leaves(channel="phone", at="now")
        assert stands["window"]["start"] < promise["window"]["start"]
        assert left["promise"]["window"] == stands["window"]
        assert "5:00" not in left["says"]


async def test_a_number_that_was_named_as_they_left_need_not_be_named_again() -> None:
    """Another time moves the call, and "now" makes it as soon as it can be. Whoever named a number that is called for
    somebody else hears the same."""
    async with Story() as story:
        mia, tom = Visitor(story), Visitor(story)
        told: list[list[Json]] = []
        for who in (mia, tom):
            await who.comes()
            await who.writes("still E42")
            told.append([])
            for wish in (
                {"channel": "phone", "address": HERS, "at": "tomorrow at 2 pm"},
                {"channel": "phone", "at": "tomorrow at 4 pm"},
                {"channel": "phone", "at": "now"},
            ):
                await who.says("leave", reach_me=wish)
                told[-1].append(await who.hears("left"))
                cases = await story.cases()
                promised = [(await story.case(case["id"]))["promises"] for case in cases]
                [promise] = [one for some in promised for one in some]
                if who is mia and told[-1][-1]["promise"]["window"] is not None:
                    assert promise["window"] == told[-1][-1]["promise"]["window"]
            assert [one["channel"] for one in told[-1]] == ["phone", "phone", "phone"]
            assert promise["window"]["start"] < told[-1][0]["promise"]["window"]["start"]
        assert told[0] == told[1]
