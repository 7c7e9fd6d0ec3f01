"""Stories of one touch of a button: on a thermostat, on a page, by a program for somebody."""

from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from policies import default_policy_files
from tests.mailbox import MIA, Mailbox
from tests.site_words import DEMO_SITE, KEY, word
from tests.story import HERS, HIS, OURS, Json, Story, World
from tests.story.wire import Answered
from tests.visitor import Visitor

SITE = {"X-Site-Key": "site_demo"}
GERMAN = """  - name: german
    when:
      language: de
    queue: general
    language: de
    relax:
      - after: 10 min
        drop: language

  - name: everything-else
"""
IN_GERMAN = "Guten Tag, meine Bestellung ist nicht da"
E42 = {"model": "T-100", "error": "E42", "firmware": "3.1", "last_buttons": ["up", "up", "service"]}


def german_alone(folder: Path) -> Path:
    """The default policies, with a rule that German is answered in German."""
    folder.mkdir()
    for name, body in default_policy_files().items():
        (folder / name).write_text(body.replace("  - name: everything-else\n", GERMAN), encoding="utf-8")
    return folder


async def touch(story: World, body: Json, **headers: str) -> Answered:
    """A touch with the site key of the sandbox."""
    sent = {**SITE, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = await story.ask("POST", "/api/v1/contacts", body=body, headers=sent, token=None)
    await story.settles()
    return answer


async def touched(story: World, body: Json, **headers: str) -> Json:
    answer = await touch(story, body, **headers)
    assert answer.status == 201, answer.body
    return answer.json


async def shown(story: World, contact: Json, language: str = "en") -> str:
    answer = await story.ask("GET", contact["page_url"], headers={"Accept-Language": language}, token=None)
    assert answer.status == 200
    return answer.body.decode()


async def test_the_thermostats_button() -> None:
    """One press, nothing to fill in: the case goes to heating by the error that the device knows, the agent sees what
    the device told, and a rule says why."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", skills={"heating": 3})
        contact = await touched(story, {"channel": "touch", "context": {**E42, "device": "T-100/0001"}})
        assert (contact["channel"], contact["ignored"]) == ("touch", [])
        case = await story.one_case()
        assert (case["queue"], case["ask"]["rule"]) == ("heating", "heating-devices")
        assert (case["contacts"][0]["channel"], case["contacts"][0]["evidence"]) == ("touch", "weak")
        assert (await ana.offered())["case"] == case["id"]
        [context] = await story.timeline(case["id"], "context")
        assert context["author"]["kind"] == "customer"
        rows = context["text"].split("\n")
        assert rows[:4] == ["model: T-100", "error: E42", "firmware: 3.1", "last_buttons: up, up, service"]
        brief = await ana.api("GET", f"/cases/{case['id']}/brief")
        assert brief["context"] == rows
        error = {"value": "E42", "from": "touch", "at": case["opened_at"]}
        assert brief["known"]["error"] == (await story.case(case["id"]))["known"]["error"] == error
        page = await ana.page(case["id"])
        assert "model: T-100, error: E42" in page
        assert "What their page or device told" in page
        assert "error: E42" in page


async def test_what_was_taken_out_stands_in_the_timeline_alone() -> None:
    """A password that a device sent is not kept; that there was one is no line of what is known on top."""
    async with Story() as story:
        ana = await story.agent("Ana")
        await touched(story, {"channel": "touch", "context": {**E42, "password": "hunter2"}})
        page = await ana.page((await story.one_case())["id"])
        top, _, timeline = page.partition('aria-label="Timeline"')
        assert ("E42" in top, "password" in top) == (True, False)
        assert "password: [removed]" in timeline


async def test_no_address_is_a_ground_of_its_own() -> None:
    """What an agent reads of how sure it is names no address where none was typed."""
    async with Story() as story:
        await touched(story, {"text": "hello", "context": {"page": "/boiler"}})
        await touched(story, {"text": "hello", "address": HERS})
        grounds = [contact["grounds"][:1] for case in await story.cases() for contact in case["contacts"]]
        assert sorted(grounds) == [["no_address"], ["typed_address"]]


async def test_pressed_twice_is_one_case() -> None:
    """A device is an address: its second press joins the first one's case; another device, and the same id at another
    site, is somebody else; without a device each touch is somebody new."""
    async with Story() as story:
        first, again = [await touched(story, {"context": {"device": "Ab1"}}) for _ in range(2)]
        assert first["id"] != again["id"]
        case = await story.one_case()
        assert len(case["contacts"]) == 2
        await touched(story, {"context": {"device": "aB1"}})
        made = await story.api("POST", "/sites", {"name": "another"})
        await touched(story, {"context": {"device": "Ab1"}}, X_Site_Key=made["key"])
        assert len(await story.cases()) == 3
        for _ in range(2):
            await touched(story, {"text": "hello"})
        assert len(await story.cases()) == 5


async def test_a_touch_and_a_text_are_one_case() -> None:
    """Who touched with a number and then texts from it goes on in the same case, and the answer goes by text."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", skills={"heating": 3})
        await touched(story, {"address": "+1 (212) 555-0142", "context": E42})
        case = await story.one_case()
        work = await ana.accepts()
        sent = await ana.replies(case["id"], "Is the fuse on?")
        assert (sent["channel"], sent["address"]) == ("sms", HERS)
        assert sent["reasons"] == ["they touched a button last, and sms reaches them"]
        await story.phone(HERS).texts("the fuse is on")
        case = await story.one_case()
        assert {c["channel"] for c in case["contacts"]} == {"touch", "sms"}
        assert (await ana.replies(case["id"], "good"))["reasons"][0] == "the customer wrote last by sms"
        await ana.finishes(work)


async def test_call_me_now() -> None:
    """`reach_me` by phone is a promised call, in line since the touch; when an agent takes it, their phone rings, then
    hers. A second touch rings nobody twice."""
    async with Story() as story:
        wish = {"address": HERS, "text": "cold flat", "context": E42, "reach_me": {"channel": "phone", "at": "now"}}
        first = await touched(story, wish)
        assert first["promise"] == {"kind": "callback", "state": "open", "callback": "scheduled", "window": None}
        assert first["ignored"] == []
        again = await touched(story, wish)
        assert again["promise"] == first["promise"]
        [promise] = (await story.api("GET", "/callbacks"))["items"]
        assert (promise["told_via"], promise["place_at"]) == ("touch", first["at"])
        case = await story.one_case()
        assert case["ask"]["place_at"] == first["at"]
        assert case["queue"] == "heating"
        desk = story.phone("+14155550201")
        eva = await story.ready_agent("Eva", phone=desk.number, skills={"heating": 1}, capacity={"message": 0})
        await eva.accepts()
        await story.passes(seconds=1)
        await desk.picks_up()
        await story.passes(seconds=1)
        await desk.presses("1")
        await story.passes(seconds=4)
        assert await story.phone(HERS).state() == "ringing"
        dialled = [one for one in await story.traffic("rest", "/Calls.json") if one["method"] == "POST"]
        assert len(dialled) == 2


async def test_a_call_wished_for_while_an_agent_writes() -> None:
    """The agent who has the case keeps it; the promised call stands in line once they are through."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await touched(story, {"address": HERS, "text": "hello"})
        work = await ana.accepts()
        await touched(story, {"address": HERS, "reach_me": {"channel": "phone"}})
        case = await story.one_case()
        assert (case["agent"], case["promises"][0]["state"]) == (ana.id, "open")
        assert [w["state"] for w in await ana.work()] == ["active"]
        await ana.finishes(work)
        eva = await story.ready_agent("Eva", phone="+14155550201", capacity={"message": 0})
        assert (await eva.offered())["kind"] == "call"


async def test_one_pending_call_to_a_number() -> None:
    """Whoever touches in somebody else's name brings them one call at most, whatever case it would be about; and a
    number that is only named beside another address is not called at all."""
    async with Story() as story:
        for n in range(5):
            await touched(story, {"address": HERS, "text": f"{n}", "reach_me": {"channel": "phone"}})
        opened = await story.api("POST", "/cases", {"address": HERS, "subject": "another matter"})
        assert opened["id"]
        await touched(story, {"address": HERS, "reach_me": {"channel": "phone", "at": "now"}})
        contact = await touched(story, {"address": HIS, "reach_me": {"channel": "phone", "address": HERS}})
        assert contact["ignored"] == ["reach_me.address (kept as words)"]
        called = [p["case"] for p in (await story.api("GET", "/callbacks"))["items"]]
        owners = [(await story.case(case))["customer"] for case in called]
        assert len(owners) == len(set(owners)) == 2


async def test_now_and_not_after_a_time_is_a_window_that_begins_now() -> None:
    async with Story() as story:
        wish = {"channel": "phone", "at": "now", "until": "2026-11-23T17:30:00-05:00"}
        contact = await touched(story, {"address": HERS, "text": "E42", "reach_me": wish})
        assert contact["ignored"] == []
        assert contact["promise"]["window"] == {"start": contact["at"], "end": "2026-11-23T22:30:00.000Z"}


async def test_a_page_that_knows_their_mail_names_the_telephone_to_call() -> None:
    """`reach_me.address` is where they want to be called, where `address` is no telephone; the answer goes there alone."""
    async with Story() as story:
        wish = {"channel": "phone", "address": HERS, "at": "now"}
        contact = await touched(story, {"address": "mia@customer.example", "text": "no heating", "reach_me": wish})
        assert contact["ignored"] == []
        assert contact["promise"]["kind"] == "callback"
        desk = story.phone("+14155550201")
        ana = await story.ready_agent("Ana", phone=desk.number, capacity={"message": 0})
        await ana.accepts()
        await story.passes(seconds=1)
        await desk.picks_up()
        await story.passes(seconds=1)
        await desk.presses("1")
        await story.passes(seconds=4)
        assert await story.phone(HERS).state() == "ringing"


async def test_a_number_that_a_touch_names_is_shown_as_typed() -> None:
    """Anybody can type her mail address, and a number of theirs to be called at: it is called, and whoever answers her
    sees that nobody proved it to be hers; nothing may be told because of it, and nobody is found by it."""
    async with Story() as story:
        mia, ana = Mailbox(story, MIA, "Mia"), await story.agent("Ana")
        await mia.writes("The flat is cold")
        case = await story.one_case()
        wish = {"channel": "phone", "address": HIS}
        await touched(story, {"address": MIA, "text": "call me", "reach_me": wish})
        assert len((await story.one_case())["promises"]) == 1
        shown = await story.api("GET", f"/customers/{case['customer']}")
        assert [(one["address"], one["verification"]) for one in shown["addresses"]] == [(MIA, "known"), (HIS, "typed")]
        assert f"{HIS}</b> (typed in, not proved)" in await ana.page(case["id"])
        assert (await ana.api("GET", f"/cases/{case['id']}/brief"))["sure"]["tell"] == "nothing"
        sent = await ana.replies(case["id"], "We come tomorrow")
        assert (sent["channel"], sent["address"]) == ("email", MIA)
        await story.phone(HIS).texts("what about it?")
        assert len(await story.cases()) == 2


async def test_nothing_is_sent_because_of_a_touch(tmp_path: Path) -> None:
    """No text and no mail goes to an address that somebody named: neither a confirmation nor a question, though the
    policy would ask whether another language will do."""
    async with Story(policies=german_alone(tmp_path / "p")) as story:
        await story.ready_agent("Ana", languages=["en"])
        await touched(story, {"address": HERS, "text": IN_GERMAN, "reach_me": {"channel": "sms"}})
        await touched(story, {"address": "mia@customer.example", "text": IN_GERMAN, "reach_me": {"channel": "email"}})
        await story.passes(hours=3)
        assert await story.phone(HERS).inbox() == []
        assert [one for one in await story.traffic("rest", "/Messages.json") if one["method"] == "POST"] == []
        assert (await story.provider("GET", "/mail/mia@customer.example"))["items"] == []
        assert (await story.api("GET", "/outbox?state=open"))["items"] == []


async def test_a_touch_answers_no_question_for_them(tmp_path: Path) -> None:
    """A yes that comes with a touch gives up nobody's language: anybody can touch for anybody."""
    async with Story(policies=german_alone(tmp_path / "p")) as story:
        await story.ready_agent("Ana", languages=["en"])
        await story.phone(HERS).texts(IN_GERMAN)
        await story.passes(minutes=11)
        await touched(story, {"address": HERS, "text": "ja"})
        case = await story.one_case()
        assert [d["what"] for d in await story.decisions(case["id"])] == ["queued", "language_asked"]
        await story.phone(HERS).texts("ja")
        assert "language_agreed" in [d["what"] for d in await story.decisions(case["id"])]


async def test_by_the_channel_they_wish_for() -> None:
    """Another channel is their wish: a note for the agent, and the way that the answer takes, until they write
    themselves by another one."""
    async with Story() as story:
        await touched(story, {"address": HERS, "text": "hello"})
        case = await story.one_case()
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": "mia@customer.example"})
        await touched(story, {"address": HERS, "reach_me": {"channel": "email", "at": "after 3 pls", "until": "5 pm"}})
        [note] = await story.timeline(case["id"], "note")
        assert (note["author"]["kind"], note["direction"]) == ("system", "internal")
        assert note["text"] == "Wants to be reached by email.\nAt: after 3 pls\nUntil: 5 pm"
        ana = await story.ready_agent("Ana")
        sent = await ana.replies(case["id"], "as you wish")
        assert (sent["channel"], sent["address"]) == ("email", "mia@customer.example")
        assert sent["reasons"] == ["they asked to be answered by email"]
        await story.phone(HERS).texts("text me after all")
        assert (await ana.replies(case["id"], "gladly"))["channel"] == "sms"


async def test_the_same_answer_for_known_and_unknown_addresses() -> None:
    """A site's key learns nothing: the same fields and values for somebody known, with an open case, an agent, a pending
    call and another language, and for somebody new; and the two pages are the same but for the clock and the link."""
    async with Story() as story:
        await story.ready_agent("Ana", languages=["en", "de"])
        await story.phone(HERS).texts("Meine Heizung ist kaputt und ich habe eine Rechnung von Ihnen")
        case = await story.one_case()
        await story.api("POST", f"/cases/{case['id']}/callbacks", {})
        wish = {"text": "E42", "context": {"model": "T-100"}, "reach_me": {"channel": "phone", "at": "now"}}
        known, new = [await touched(story, {"address": number, **wish}) for number in (HERS, "+12125550199")]
        for field in ("id", "page_url"):
            assert known[field] != new[field]
        assert {**known, "id": 0, "page_url": 0} == {**new, "id": 0, "page_url": 0}
        assert "case" not in known
        assert "ref" not in known
        assert await shown(story, known) == await shown(story, new)
        assert len(await story.cases()) == 2
        for secret in (case["id"], case["customer"], case["ref"]):
            assert secret.rpartition("_")[2] not in known["page_url"]


async def test_programs_learn_the_case() -> None:
    """With a token the answer names case and ref, and a customer by id is whose contact it is."""
    async with Story() as story:
        token = await story.token("integration")
        made = await story.api("POST", "/contacts", {"address": HERS, "text": "hello"}, token=token, key="one")
        case = await story.one_case()
        assert (made["case"], made["ref"]) == (case["id"], case["ref"])
        body = {"customer": case["customer"], "text": "again", "reach_me": {"channel": "phone"}}
        again = await story.api("POST", "/contacts", body, token=token)
        assert again["case"] == case["id"]
        assert again["promise"]["case"] == case["id"]
        assert again["ignored"] == []
        repeated = await story.api("POST", "/contacts", {"address": HERS, "text": "hello"}, token=token, key="one")
        assert repeated == made
        assert len((await story.one_case())["contacts"]) == 2
        answer = await touched(story, {"customer": case["customer"], "text": "not mine"})
        assert answer["ignored"] == ["customer"]
        assert len(await story.cases()) == 2


async def test_the_page_of_a_touch() -> None:
    """The page shows what was said with this touch, that it came and what follows: no history, no names, in the
    reader's language; it is not indexed, tells no referrer and changes nothing."""
    async with Story() as story:
        ana = await story.ready_agent("Ana Example")
        await story.phone(HERS).texts("my secret of yesterday")
        case = await story.one_case()
        contact = await touched(story, {"address": HERS, "text": "<b>cold</b> flat", "context": {"error": "E42"}})
        await touched(story, {"address": HERS, "text": "a later touch", "context": {"error": "E99"}})
        await ana.accepts()
        await ana.replies(case["id"], "an answer of ours")
        answer = await story.ask("GET", contact["page_url"], token=None)
        page = answer.body.decode()
        assert "&lt;b&gt;cold&lt;/b&gt; flat" in page
        assert "error: E42" in page
        assert "Somebody of us reads it" in page
        for other in (
            "yesterday",
            "later",
            "E99",
            "Ana",
            "answer of ours",
            HERS,
            case["ref"],
            case["id"],
            case["customer"],
        ):
            assert other not in page
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Es ist bei uns angekommen" in await shown(story, contact, "de-AT,de;q=0.9")
        seq = (await story.ask("GET", "/metrics")).body
        for _ in range(3):
            await shown(story, contact)
        line = next(li for li in seq.splitlines() if li.startswith(b"onecase_journal_seq"))
        assert line in (await story.ask("GET", "/metrics")).body
        assert (await story.ask("POST", contact["page_url"], body=b"", token=None)).status == 405
        await story.restarts()
        assert await shown(story, contact) == page
        forged = await story.ask("GET", contact["page_url"][:-2] + "xx", token=None)
        assert forged.status == 404
        assert b"nothing to see here" in forged.body


async def test_a_touch_without_an_address_says_so() -> None:
    """Whoever left no way to reach them is told that we cannot answer, not that we will."""
    async with Story() as story:
        contact = await touched(story, {"text": "hello", "reach_me": {"channel": "phone", "at": "now"}})
        assert "promise" not in contact
        assert contact["ignored"] == ["reach_me (kept as words)"]
        assert "left no number and no address" in await shown(story, contact)
        case = await story.one_case()
        assert [n["text"] for n in await story.timeline(case["id"], "note")] == ["Wants to be called."]


async def test_our_number_is_where_texts_still_come_in() -> None:
    """A number that is ours, premium or nobody's is no address: it is kept for a person, and never called."""
    async with Story() as story:
        for number in (OURS, "+19005550123", "+999123456789", "+266696687"):
            contact = await touched(story, {"address": number, "reach_me": {"channel": "phone", "at": "now"}})
            assert contact["ignored"] == ["address", "reach_me (kept as words)"], number
        assert (await story.api("GET", "/callbacks"))["items"] == []
        found = await story.api("GET", "/customers?" + urlencode({"q": "+19005550123"}))
        assert found["items"] == []
        rows = [row["text"] for case in await story.cases() for row in await story.timeline(case["id"], "context")]
        numbers = (OURS, "+19005550123", "+999123456789", "+266696687")
        assert sorted(rows) == sorted(f"extra.address: {number}" for number in numbers)


async def test_a_site_says_who_touched() -> None:
    """Whoever is signed in at a site is one person there: in its chat and with its button, proved both times, told their
    own case and reference; the number that they give is called, and is no proof of anything."""
    async with Story(sites=[{"id": DEMO_SITE, "identity_keys": [KEY]}]) as story:
        ana = await story.ready_agent("Ana", phone="+14155550199")
        now = await story.now()
        mia = Visitor(story, identity=word("mia", now))
        await mia.comes()
        await mia.writes("my boiler says E42")
        case = await story.one_case()
        touch_body = {"identity": word("mia", now), "address": HERS, "reach_me": {"channel": "phone", "at": "now"}}
        contact = await touched(story, touch_body)
        assert (contact["case"], contact["ref"], contact["ignored"]) == (case["id"], case["ref"], [])
        assert contact["promise"]["kind"] == "callback"
        again = await story.one_case()
        assert [(c["channel"], c["evidence"]) for c in again["contacts"]] == [("chat", "proof"), ("touch", "proof")]
        assert [promise["state"] for promise in again["promises"]] == ["open"]
        named = await touched(story, {"identity": word("mia", now), "customer": again["customer"]})
        assert (named["case"], named["ignored"]) == (case["id"], ["customer"])
        stranger = await touched(story, {"address": HERS})
        assert "case" not in stranger
        assert len(await story.cases()) == 2, "a number that somebody typed leads to nobody"
        assert ana.token


async def test_a_word_that_cannot_be_believed_is_a_touch_as_any_other() -> None:
    """Signed by somebody else, over, or for another site: named in the answer, worth nothing, and nothing is lost."""
    async with Story(sites=[{"id": DEMO_SITE, "identity_keys": [KEY]}]) as story:
        now = await story.now()
        mia = Visitor(story, identity=word("mia", now))
        await mia.comes()
        await mia.writes("my boiler says E42")
        bad = {
            "identity (Its signature is not that of the key)": word("mia", now, key={**KEY, "key": "x" * 32}),
            "identity (It is over (`exp`))": word("mia", now, exp=now.timestamp() - 61),
            "identity (It is no JWT)": "mia",
        }
        for why, identity in bad.items():
            contact = await touched(story, {"identity": identity, "text": "it is cold"})
            assert contact["ignored"] == [why]
            assert "case" not in contact
        for odd in (7, "", "x" * 5_000, {"sub": "mia"}):
            assert (await touched(story, {"identity": odd}))["ignored"] == ["identity"]
        cases = await story.cases()
        assert [one["evidence"] for case in cases for one in case["contacts"]].count("proof") == 1


AFTER_3 = {"start": "2026-11-23T20:00:00.000Z", "end": "2026-11-24T01:00:00.000Z"}


@pytest.mark.parametrize(
    ("wish", "window"),
    [
        ({"channel": "phone", "at": "after 3"}, AFTER_3),
        ("please call me after 3", AFTER_3),
        ("bitte anrufen nach 15 Uhr", AFTER_3),
        (
            {"channel": "phone", "at": "2026-11-23T16:00:00-05:00"},
            {"start": "2026-11-23T21:00:00.000Z", "end": "2026-11-23T21:20:00.000Z"},
        ),
        (
            {"channel": "phone", "at": "16:00", "until": "17:30"},
            {"start": "2026-11-23T21:00:00.000Z", "end": "2026-11-23T22:30:00.000Z"},
        ),
        (
            {"channel": "phone", "at": {"start": "2026-11-23T16:00:00-05:00", "end": "2026-11-23T17:30:00-05:00"}},
            {"start": "2026-11-23T21:00:00.000Z", "end": "2026-11-23T22:30:00.000Z"},
        ),
    ],
)
async def test_a_call_at_the_time_that_a_touch_names(wish: Json | str, window: Json) -> None:
    """`reach_me` with a time, by program or in free words, is the promise that a text with it makes: one line of the
    answer and the page say when, and nobody is offered it before."""
    async with Story() as story:
        contact = await touched(story, {"address": HERS, "text": "E42", "reach_me": wish})
        assert contact["ignored"] == []
        assert contact["promise"]["window"] == window
        assert "New York" in contact["says"]
        [promise] = (await story.one_case())["promises"]
        assert (promise["window"], promise["told_via"]) == (window, "touch")
        assert "We call you today between" in await shown(story, contact)
        ana = await story.ready_agent("Ana", phone="+14155550201")
        assert await ana.offers() == []
        start = datetime.fromisoformat(window["start"])
        await story.passes(seconds=(start - await story.now()).total_seconds())
        assert (await ana.offered())["channel"] == "phone"
        assert await story.phone(HERS).inbox() == [], "no text goes out because of a touch"


@pytest.mark.parametrize("wish", ["please call me after 3", "bitte anrufen nach 15 Uhr"])
async def test_whether_a_number_is_called_already_does_not_show(wish: str) -> None:
    """Whoever names a number hears the same whether it was named before, and nothing that may not hold."""
    async with Story() as story:
        first = await touched(story, {"address": HERS, "text": "E42", "reach_me": wish})
        again = await touched(story, {"address": HERS, "text": "E42", "reach_me": wish})
        assert again["says"] == first["says"]
        assert "unless other calls to this number stand in the way" in first["says"] or "sofern" in first["says"]
        assert len((await story.one_case())["promises"]) == 1


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("at 3 or at 5", "You named more than one time."),
        ("after the game", "You did not name an exact time."),
        ("at 9 in the evening", "At that time we cannot call you."),
        ("2026-11-20T16:00:00Z", "At that time we cannot call you."),
    ],
)
async def test_a_touch_with_a_time_that_is_not_clear_promises_nothing(at: str, why: str) -> None:
    """What is doubtful, over, or at night where they are is said with what can be; a person reads their words."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", skills={"heating": 3})
        wish = {"channel": "phone", "at": at}
        contact = await touched(story, {"address": HERS, "text": "E42", "reach_me": wish})
        assert contact["says"].startswith(why)
        assert "promise" not in contact
        case = await story.one_case()
        assert case["promises"] == []
        assert (await ana.offered())["case"] == case["id"], "their words are somebody's to read"
        if "Does" in contact["says"]:
            again = contact["says"].partition("Does ")[2].partition(" suit you")[0]
            better = await touched(story, {"address": HERS, "reach_me": {"channel": "phone", "at": again}})
            assert better["promise"]["window"], "what is suggested is taken"


async def test_a_time_is_answered_alike_for_known_and_unknown_numbers() -> None:
    """Neither a pending call nor the language of whose number it is shows to whoever touches with it."""
    async with Story() as story:
        await story.phone(HERS).texts("Bitte rufen Sie mich um 16 Uhr an, die Heizung ist kalt")
        [before] = (await story.one_case())["promises"]
        said: list[Json] = []
        for number in (HERS, HIS):
            contact = await touched(story, {"address": number, "reach_me": {"channel": "phone", "at": "after 3"}})
            said.append({name: contact[name] for name in ("promise", "says")})
        assert said[0] == said[1]
        [after] = next(c for c in await story.cases() if c["promises"][0]["id"] == before["id"])["promises"]
        assert after == before, "and what she was promised stands"
