"""One number is called by one promise at a time, whoever asks: nobody has a stranger's telephone rung."""

import pytest

from tests.story import HERS, HIS, OURS, OURS_TOO, Agent, Json, Phone, Story

ANAS, BENS = "+14155550201", "+14155550202"
TYPED = HERS.removeprefix("+1")


async def hidden_wish(story: Story, number: str) -> str:
    """Somebody who hides their number asks to be called at hers. Returns what they heard."""
    caller = story.phone(number)
    await caller.calls(caller="anonymous")
    await story.passes(seconds=20)
    await caller.presses("1")
    await story.passes(seconds=6)
    await caller.presses(f"{TYPED}#")
    await story.passes(seconds=8)
    return (await caller.heard()).partition("which number")[2]


async def phoned(story: Story) -> Agent:
    """An agent for calls alone."""
    return await story.ready_agent("ana", phone=ANAS, capacity={"message": 0})


async def rings(story: Story, number: str = HERS) -> int:
    """How often a number was dialled."""
    made = await story.traffic("rest", "/Calls.json")
    return len([one for one in made if number in str(one) and one["method"] == "POST"])


async def takes_all(story: Story, ana: Agent, phone: Phone) -> None:
    """Ana takes whatever call she is offered and is beside, for as long as three attempts take."""
    for _ in range(90):
        calls = [one for one in await ana.offers() if one["channel"] == "phone"]
        if calls:
            await ana.accepts(calls[0])
            await story.passes(seconds=2)
            await phone.picks_up()
            await story.passes(seconds=2)
            await phone.presses("1")
            await story.passes(seconds=40)
        for work in await ana.work():
            await ana.finishes(work, "not-reached")
        await story.passes(seconds=20)


async def open_promises(story: Story) -> list[Json]:
    return (await story.api("GET", "/promises?state=open"))["items"]


async def test_abuse22_three_who_hide_their_number_have_one_number_called_once() -> None:
    """Abuse 22: the second wish for one number hears what the first heard, stands on its own case, and dials nobody;
    and the one promise there is dials no more often than one promise may."""
    async with Story() as story:
        said = [await hidden_wish(story, f"+1212555030{n}") for n in range(3)]
        assert "We will call you" in said[0]
        assert said[0] == said[1] == said[2], "nobody learns whether a call is promised"
        [promise] = await open_promises(story)
        cases = await story.cases()
        assert len({case["customer"] for case in cases}) == 3
        others = [case for case in cases if case["id"] != promise["case"]]
        for case in others:
            rows = await story.timeline(case["id"], "promise")
            assert [row["facts"]["what"] for row in rows] == ["not promised"]
            assert (await story.case(case["id"]))["ask"] is not None, "a person decides"
        await story.phone(HERS).behaves(on_ring="ignore")
        ana, phone = await phoned(story), story.phone(ANAS)
        await takes_all(story, ana, phone)
        assert await rings(story) == 3
        again = await hidden_wish(story, "+12125550309")
        assert again == said[0]
        assert await open_promises(story) == [], "it rang often enough for a day"
        await takes_all(story, ana, phone)
        assert await rings(story) == 3
        await story.passes(hours=25)
        await hidden_wish(story, "+12125550308")
        assert len(await open_promises(story)) == 1, "a new day"


async def test_abuse22_a_touch_and_a_typed_number_are_one_promise() -> None:
    """Whether a button or a telephone asked: a call to that number is promised, and nobody is promised another."""
    async with Story() as story:
        touch = {"address": HERS, "reach_me": {"channel": "phone"}}
        await story.api("POST", "/contacts", touch)
        assert len(await open_promises(story)) == 1
        assert "We will call you" in await hidden_wish(story, HIS)
        assert len(await open_promises(story)) == 1


async def test_abuse22_a_typed_number_then_a_touch_are_one_promise() -> None:
    """The other way round it is one promise too, and what was touched waits for an agent in writing."""
    async with Story() as story:
        await hidden_wish(story, HIS)
        [promise] = await open_promises(story)
        await story.api("POST", "/contacts", {"address": HERS, "reach_me": {"channel": "phone"}})
        assert [one["id"] for one in await open_promises(story)] == [promise["id"]]
        hers = await story.case((await story.cases())[-1]["id"])
        assert hers["ask"] is not None
        assert hers["id"] != promise["case"]


async def test_abuse22_whose_number_it_is_gets_her_call() -> None:
    """Somebody else had her number called; she calls herself and wants to be called: she is, and the other promise is
    not dialled while hers stands."""
    async with Story() as story:
        her = story.phone(HERS)
        await hidden_wish(story, HIS)
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("1")
        assert "We will call you" in await her.heard()
        await story.passes(seconds=10)
        promises = await open_promises(story)
        assert len(promises) == 2
        hers = (await story.cases())[-1]["id"]
        ana, phone = await phoned(story), story.phone(ANAS)
        await her.behaves(on_ring="answer", after_s=3)
        offer = await ana.offered()
        assert offer["case"] != hers, "whoever asked first is first in line"
        await ana.accepts(offer)
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=20)
        assert await rings(story) == 0
        for work in await ana.work():
            await ana.finishes(work, "not-reached")
        offer = next(one for one in await ana.offers() if one["case"] == hers)
        await ana.accepts(offer)
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=10)
        assert HERS in await phone.talks_with()
        assert await rings(story) == 1


async def test_a_number_that_they_have_is_that_number() -> None:
    """An agent calls a customer at another number of theirs, five times: it stands with them once."""
    async with Story() as story:
        await story.phone(HERS).texts("call me at work please")
        case = await story.one_case()
        ana = await story.ready_agent("ana", phone=ANAS, capacity={"message": 0})
        for n in range(5):
            number = HIS if n % 2 else f"{HIS[:2]} {HIS[2:5]} {HIS[5:]}".replace(" ", "")
            made = await ana.api("POST", f"/cases/{case['id']}/callbacks", {"address": number})
            await story.api("DELETE", f"/callbacks/{made['id']}")
            await story.settles()
        customer = await story.api("GET", f"/customers/{case['customer']}")
        assert [one["address"] for one in customer["addresses"]] == [HERS, HIS]


async def test_one_sip_phone_rings_for_one_agent_however_it_is_written() -> None:
    """A SIP user is one line by whatever port, transport and password; the provider's clients differ by case."""
    async with Story() as story:
        await story.agent("Ana", phone="sip:ana@pbx.example")
        for same in ("sip:ana@pbx.example:5060", "sip:ana@PBX.example;transport=tcp", "sips:ana:pw@pbx.example"):
            refusal = await story.refused("POST", "/agents", {"name": "Ben", "phone": same})
            assert "the phone of Ana" in refusal["detail"], same
        for broken in (
            "sip:nohost",
            "sip:ana@",
            "sip:@pbx",
            "sip:ana@-pbx-",
            "sip:ana@pbx..example",
            "sip:911@pbx.example",
        ):
            refusal = await story.refused("POST", "/agents", {"name": "Ben", "phone": broken})
            assert (refusal["status"], refusal["errors"][0]["loc"]) == (422, ["body", "phone"]), broken
        for other in ("sip:ben@pbx.example", "sip:ana@pbx", "sip:101@[::1]:5060", "client:Ana", "client:ana"):
            await story.agent("Ben", phone=other)
        assert (
            "the phone of" in (await story.refused("POST", "/agents", {"name": "B", "phone": "client:ana"}))["detail"]
        )


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (OURS, "our own"),
        (OURS_TOO, "our own"),
        (BENS, "the phone of Ben"),
        ("+19005550123", "premium"),
        ("+10005550123", "Nobody can have"),
        ("mia@customer.example", "e-mail address"),
    ],
)
async def test_numbers_that_nobody_has_us_call(number: str, why: str) -> None:
    """Voice row 10 and abuse 22, over the API: our own, an agent's, premium, unassigned: wherever a number is named to
    be called it is refused in the same words, no case is opened, and nothing is dialled or written."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone=ANAS)
        await story.agent("Ben", phone=BENS)
        for channel in ("phone", "sms", "whatsapp"):
            refusal = await ana.refused("POST", "/cases", {"address": number, "channel": channel})
            assert (refusal["status"], refusal["errors"][0]["loc"]) == (422, ["body", "address"])
            assert why in refusal["detail"]
        assert await story.cases() == []
        if number.startswith("+"):
            await story.phone(HERS).texts("hello")
            case = await story.one_case()
            window = {"start": "2026-11-24T15:00:00Z", "end": "2026-11-24T15:30:00Z"}
            for path, more in (("callbacks", {}), ("callbacks", {"window": window}),
                               ("promises", {"kind": "callback", "window": window})):  # fmt: skip
                refusal = await ana.refused("POST", f"/cases/{case['id']}/{path}", {"address": number, **more})
                assert refusal["status"] == 422
                assert why in refusal["detail"]
            assert (await story.one_case())["promises"] == []
        assert [one for one in await story.traffic("rest", "/Calls.json") if one["method"] == "POST"] == []


async def test_a_premium_number_that_writes_to_us_is_not_answered_by_text() -> None:
    """It came in and stands on its case; an answer would cost us, and the agent reads so."""
    async with Story() as story:
        ana, robot = await story.ready_agent("Ana", phone=ANAS), story.phone("+19005550123")
        await robot.texts("text me back")
        await ana.accepts()
        case = await story.one_case()
        for channel in ("auto", "sms"):
            refusal = await ana.refused("POST", f"/cases/{case['id']}/messages", {"text": "hello", "channel": channel})
            assert (refusal["status"], refusal["type"].rpartition("/")[2]) == (409, "premium"), refusal
            assert "premium number, and is never called or written to" in refusal["detail"]
        assert await robot.inbox() == []


async def test_who_has_no_number_is_not_called_and_it_is_said_so() -> None:
    """Somebody known by a hidden number alone: no number of theirs may be called, and that is what the agent reads."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", phone=ANAS)
        await story.phone(HERS).calls(caller="anonymous")
        case = await story.one_case()
        refusal = await ana.refused("POST", f"/cases/{case['id']}/callbacks", {})
        assert refusal["status"] == 409
        assert refusal["detail"].startswith("No number of this customer may be called")
