"""Stories of the customer's own clock: told once, by them or by one of us, it is kept, and nobody is asked again."""

import pytest

from tests.story import HERS, Json, Story, World

TWO_CLOCKS = "+12085550142"
"""An area code of Idaho that lies on two clocks: Boise's and Los Angeles'."""
NO_CLOCK = "+18005550142"
ASKED = "We are not sure on which clock you are."


async def terms(story: World, zone: str | None) -> Json:
    customer = (await story.cases())[0]["customer"]
    return await story.api("PATCH", f"/customers/{customer}/terms", {"zone": zone})


async def known(story: World) -> str | None:
    customer = (await story.cases())[0]["customer"]
    return (await story.api("GET", f"/customers/{customer}"))["zone"]


async def starts_at(story: World) -> str:
    [promise] = (await story.one_case())["promises"]
    return promise["window"]["start"]


@pytest.mark.parametrize(
    ("answer", "zone", "start"),
    [
        ("Los Angeles", "America/Los_Angeles", "2026-11-24T01:00:00.000Z"),
        ("I'm on mountain time", "America/Denver", "2026-11-24T00:00:00.000Z"),
        ("Boise", "America/Boise", "2026-11-24T00:00:00.000Z"),
        ("5pm Pacific time", "America/Los_Angeles", "2026-11-24T01:00:00.000Z"),
    ],
)
async def test_her_answer_to_our_question_is_kept(answer: str, zone: str, start: str) -> None:
    """A number on two clocks does not tell hers: we ask once, at the time that she named, and never again."""
    async with Story() as story:
        her = story.phone(TWO_CLOCKS)
        await her.texts("call me at 5pm")
        assert ASKED in (await her.inbox())[-1]
        await her.texts(answer)
        assert (await starts_at(story), await known(story)) == (start, zone)
        await her.texts("no need to call")
        await her.texts("call me tomorrow at 10am")
        assert ASKED not in (await her.inbox())[-1]
        assert "2026-11-24T1" in await starts_at(story)


async def test_a_yes_to_the_place_that_we_named_tells_the_clock() -> None:
    async with Story() as story:
        her = story.phone(TWO_CLOCKS)
        await her.texts("call me at 5pm")
        assert await known(story) is None, "nothing is known of who was only asked"
        await her.texts("yes")
        zone = await known(story)
        assert zone in ("America/Boise", "America/Los_Angeles")
        await her.texts("no need to call")
        await her.texts("call me tomorrow at 10am")
        assert ASKED not in (await her.inbox())[-1]


async def test_a_zone_beside_the_time_is_kept_where_the_number_tells_none() -> None:
    async with Story() as story:
        her, his = story.phone(NO_CLOCK), story.phone(HERS)
        await her.texts("call me at 2pm Pacific time")
        assert await known(story) == "America/Los_Angeles"
        await story.passes(seconds=1)
        await his.texts("call me at 2pm Pacific time")
        other = (await story.cases())[1]["customer"]
        assert (await story.api("GET", f"/customers/{other}"))["zone"] is None, "the number tells"


async def test_what_one_of_us_notes_is_the_clock_that_she_is_read_on() -> None:
    async with Story() as story:
        her = story.phone(NO_CLOCK)
        await her.texts("hello")
        assert (await terms(story, "America/Denver"))["zone"] == "America/Denver"
        await her.texts("call me at 4pm")
        assert await starts_at(story) == "2026-11-23T23:00:00.000Z"
        assert "4:00 PM" in (await her.inbox())[-1]
        customer = (await story.one_case())["customer"]
        handed = await story.api("POST", f"/customers/{customer}/export")
        assert (handed["terms"]["zone"], handed["terms"]["zone_said"]) == ("America/Denver", None)
        assert (await terms(story, None))["zone"] is None
        path = f"/customers/{customer}/terms"
        assert (await story.refused("PATCH", path, {"zone": None}))["status"] == 409
        await terms(story, "America/Denver")
        await story.api("POST", f"/customers/{customer}/erase")
        assert (await story.api("GET", f"/customers/{customer}"))["zone"] is None


@pytest.mark.parametrize(
    ("given", "hint"), [("EST", "America/New_York"), ("America/Denvr", "America/Denver"), ("UTC+2", ""), ("", "place")]
)
async def test_what_is_no_zone_is_refused_with_what_was_meant(given: str, hint: str) -> None:
    async with Story() as story:
        await story.phone().texts("hello")
        customer = (await story.one_case())["customer"]
        said = await story.refused("PATCH", f"/customers/{customer}/terms", {"zone": given})
        assert said["status"] == 422
        [error] = said["errors"]
        assert (error["loc"][-1], hint in error["msg"]) == ("zone", True)
        assert (await story.refused("PATCH", f"/customers/{customer}/terms", {}))["status"] == 422
        assert (await story.api("PATCH", f"/customers/{customer}/terms", {"discreet": True}))["zone"] is None


async def test_who_moved_away_is_not_rung_before_their_morning() -> None:
    """The number is New York's, and she lives in Los Angeles: nine there is six where she is, and eleven is eight."""
    async with Story() as story:
        her, ana = story.phone(), await story.ready_agent("ana", phone="+14155550201")
        await her.texts("hello")
        case = await story.one_case()
        nine = {"start": "2026-11-24T14:00:00Z", "end": "2026-11-24T14:30:00Z"}
        made = await ana.api("POST", f"/cases/{case['id']}/callbacks", {"window": nine})
        assert made["window"]["start"] == "2026-11-24T14:00:00.000Z"
        await terms(story, "America/Los_Angeles")
        said = await ana.refused(
            "PATCH", f"/callbacks/{made['id']}", {"window": {**nine, "end": "2026-11-24T14:40:00Z"}}
        )
        assert (said["status"], "2026-11-24T11:00:00-05:00" in said["detail"]) == (422, True)
        await story.passes(hours=20)
        assert (await story.now()).hour == 15
        assert not [one for one in await story.traffic("rest", "/Calls.json") if one["method"] == "POST"]
        assert not [one for one in await ana.offers() if one["channel"] == "phone"]


async def test_on_the_phone_a_zone_alone_answers_our_question() -> None:
    """Said in line, asked back on which clock, and answered with a zone: from then on it is known."""
    async with Story() as story:
        her = story.phone(TWO_CLOCKS)
        await her.calls(attestation="A")
        await story.passes(seconds=30)
        await her.presses("4")
        await story.passes(seconds=5)
        await her.speaks("tomorrow at 10am")
        await story.passes(seconds=10)
        assert "on which clock" in await her.heard()
        await her.speaks("Pacific time")
        await story.passes(seconds=10)
        assert (await starts_at(story), await known(story)) == ("2026-11-24T18:00:00.000Z", "America/Los_Angeles")


async def test_who_were_found_to_be_one_keep_their_own_clocks() -> None:
    """As with all that is known of them: taken apart again, each has what they had."""
    async with Story() as story:
        her, his = story.phone(NO_CLOCK), story.phone(TWO_CLOCKS)
        await her.texts("call me at 2pm Pacific time")
        await story.passes(seconds=1)
        await his.texts("hello")
        first, second = [case["customer"] for case in await story.cases()]
        await story.api("PATCH", f"/customers/{second}/terms", {"zone": "America/Boise"})
        merge = await story.api("POST", f"/customers/{first}/merge", {"customer": second})
        handed = (await story.api("POST", f"/customers/{first}/export"))["terms"]
        assert (handed["zone"], handed["zone_said"]) == ("America/Boise", "America/Los_Angeles")
        await story.api("POST", f"/customers/{second}/unmerge", {"merge": merge["merge"]})
        zones = [(await story.api("GET", f"/customers/{one}"))["zone"] for one in (first, second)]
        assert zones == ["America/Los_Angeles", "America/Boise"]


async def test_a_touch_without_proof_tells_no_clock() -> None:
    """Whoever typed her number may be anybody: what they say of the clock is theirs, and hers does not show."""
    async with Story() as story:
        her = story.phone(NO_CLOCK)
        await her.texts("hello")
        body = {"channel": "touch", "address": NO_CLOCK, "reach_me": {"channel": "phone", "at": "2pm Pacific time"}}
        answer = await story.ask("POST", "/api/v1/contacts", body=body, headers={"X-Site-Key": "site_demo"}, token=None)
        assert answer.status == 201
        await story.settles()
        for case in await story.cases():
            assert (await story.api("GET", f"/customers/{case['customer']}"))["zone"] is None
