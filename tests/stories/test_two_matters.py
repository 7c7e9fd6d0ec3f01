"""Two matters in one case that is in line: wherever they are cut and joined, each is in exactly one line, by its own
words and in its own place."""

from datetime import timedelta
from typing import Any

from tests.story import HERS, HIS, Story, World

COLD, WRONG = "my radiator is cold", "my invoice is wrong"


async def line(story: World, case: str) -> tuple[str, str, str] | None:
    """What a case asks for: its queue, since when they ask, and by which kind of capacity."""
    await story.settles()
    [waiting] = [w for w in (await story.api("GET", "/work"))["waiting"] if w["case"] == case] or [None]
    return waiting and (waiting["queue"], waiting["since"], waiting["requires"])


async def row(story: World, case: str, text: str) -> str:
    return next(entry["id"] for entry in await story.timeline(case, "message") if entry["text"] == text)


async def two_matters(story: World) -> tuple[dict[str, Any], list[str]]:
    """A case of two texts a minute apart, and when each came."""
    her, came = story.phone(HERS), list[str]()
    for text in (COLD, WRONG):
        await her.texts(text)
        case = await story.one_case()
        came.append((await story.timeline(case["id"], "message"))[-1]["at"])
        await story.passes(minutes=1)
    return await story.one_case(), came


async def test_words_cut_from_a_case_that_is_promised_a_call_ask_by_themselves() -> None:
    """What a promised call is about can be two matters: whichever goes to a case of its own is in line there with its
    own place; whichever stays is called, by its own words and since they came."""
    for cut in (0, 1):
        for window in (False, True):
            async with Story() as story:
                case, came = await two_matters(story)
                call: dict[str, Any] = {}
                if window:
                    at = await story.now() + timedelta(hours=1)
                    call = {"window": {"start": at.isoformat(), "end": (at + timedelta(hours=1)).isoformat()}}
                await story.api("POST", f"/cases/{case['id']}/callbacks", call)
                before = await line(story, case["id"])
                new = await story.api(
                    "POST",
                    f"/cases/{case['id']}/split",
                    {"entries": [await row(story, case["id"], (COLD, WRONG)[cut])]},
                )
                queues = ("heating", "billing") if cut == 0 else ("billing", "heating")
                went = await line(story, new["id"])
                assert went is not None
                assert went[:2] == (queues[0], came[cut])
                stays = await line(story, case["id"])
                assert (stays is None) is window
                if stays is not None:
                    assert stays[:2] == (queues[1], came[1 - cut])
                    assert (await story.case(case["id"]))["promises"][0]["since"] == came[1 - cut]
                await story.api("POST", f"/cases/{new['id']}/unmerge", {"merge": new["split"]})
                assert await line(story, case["id"]) == before
                assert await line(story, new["id"]) is None


async def test_words_cut_from_a_case_whose_caller_was_missed_ask_by_themselves() -> None:
    """Text, missed call, text: the first text in a case of its own is in line; the call stands since it came."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts(COLD)
        came = (await story.timeline((await story.one_case())["id"], "message"))[0]["at"]
        await story.passes(minutes=1)
        await her.calls()
        await story.passes(minutes=2)
        await her.hangs_up()
        await story.passes(minutes=1)
        await her.texts(WRONG)
        case = await story.one_case()
        new = await story.api("POST", f"/cases/{case['id']}/split", {"entries": [await row(story, case["id"], COLD)]})
        assert await line(story, new["id"]) == ("heating", came, "message")
        called = (await story.timeline(case["id"], "call"))[0]["at"]
        assert await line(story, case["id"]) == ("billing", called, "phone")


async def cut(story: World, case: str, text: str) -> dict[str, Any]:
    return await story.api("POST", f"/cases/{case}/split", {"entries": [await row(story, case, text)]})


async def test_what_is_left_after_splits_and_an_undoing_does_not_depend_on_their_order() -> None:
    """Three texts, the first two cut off and the second given back: what there is goes where the second leads, as if
    the first had gone alone; given back as well, all is as it was."""
    async with Story() as story:
        case, came = await two_matters(story)
        await story.phone(HERS).texts("hello?")
        before = await line(story, case["id"])
        wrong, cold = await cut(story, case["id"], WRONG), await cut(story, case["id"], COLD)
        await story.api("POST", f"/cases/{wrong['id']}/unmerge", {"merge": wrong["split"]})
        assert await line(story, case["id"]) == ("billing", came[1], "message")
        await story.api("POST", f"/cases/{cold['id']}/unmerge", {"merge": cold["split"]})
        assert await line(story, case["id"]) == before


async def test_no_two_cases_stand_in_line_since_the_same_words() -> None:
    """The first of two texts is cut off, more is said about it there, and it is given back and cut off again: each
    stands since its own words."""
    async with Story() as story:
        case, came = await two_matters(story)
        cold = await cut(story, case["id"], COLD)
        await story.phone(HERS).texts(f"{cold['ref']}: the radiator again")
        assert len(await story.timeline(cold["id"], "message")) == 2
        await story.api("POST", f"/cases/{cold['id']}/unmerge", {"merge": cold["split"]})
        assert await line(story, case["id"]) == ("heating", came[0], "message")
        again = await cut(story, case["id"], COLD)
        assert await line(story, again["id"]) == ("heating", came[0], "message")
        assert await line(story, case["id"]) == ("billing", came[1], "message")
        await story.api("POST", f"/cases/{again['id']}/unmerge", {"merge": again["split"]})
        assert await line(story, case["id"]) == ("heating", came[0], "message")


async def test_who_has_a_case_in_hand_keeps_it_whichever_way_it_is_merged() -> None:
    """Ana has one of two matters and takes nothing new: joined, they are in her hands and offered to nobody; taken
    apart, she has hers and the other is in line as it was."""
    for into_hers in (False, True):
        async with Story() as story:
            her = story.phone(HERS)
            ana = await story.ready_agent("Ana", skills={"heating": 5, "billing": 5})
            await her.texts(WRONG)
            await ana.accepts()
            hers = await story.one_case()
            await ana.is_now("busy")
            await story.passes(minutes=1)
            await her.texts(f"this is about something else: {COLD}")
            [other] = [case for case in await story.cases() if case["id"] != hers["id"]]
            before = await line(story, other["id"])
            assert before is not None
            head, part = (hers, other) if into_hers else (other, hers)
            merged = await story.api("POST", f"/cases/{head['id']}/merge", {"case": part["id"]})
            assert [(work["case"], work["state"]) for work in await ana.work()] == [(head["id"], "active")]
            assert await line(story, head["id"]) is None
            ben = await story.ready_agent("Ben", skills={"heating": 9, "billing": 9})
            await story.passes(minutes=11)
            assert await ben.offers() == []
            await ben.is_now("off")
            await story.api("POST", f"/cases/{head['id']}/unmerge", {"merge": merged["merge"]})
            assert [(work["case"], work["state"]) for work in await ana.work()] == [(hers["id"], "active")]
            assert ((await line(story, other["id"])) or ())[:2] == before[:2]


async def test_a_case_shows_the_line_of_a_call_that_was_merged_into_it_and_goes_back_to_its_own() -> None:
    """A text, and another matter that is promised a call: joined either way, the case shows the one line that it stands
    in; once the call is dropped the text is in line where its words lead."""
    for into_text in (True, False):
        async with Story() as story:
            await story.phone(HERS).texts(COLD)
            text = await story.one_case()
            before = await line(story, text["id"])
            assert before is not None
            await story.passes(minutes=30)
            call = await story.api("POST", "/cases", {"customer": text["customer"], "subject": "the other thing"})
            promised = await story.api("POST", f"/cases/{call['id']}/callbacks", {})
            head, part = (text, call) if into_text else (call, text)
            await story.api("POST", f"/cases/{head['id']}/merge", {"case": part["id"]})
            shown = await story.case(head["id"])
            [work] = (await story.api("GET", "/work"))["waiting"]
            assert shown["ask"] is not None
            assert shown["wait"] is not None
            assert (shown["ask"]["work"], shown["queue"]) == (work["work"], work["queue"])
            await story.api("DELETE", f"/callbacks/{promised['id']}")
            assert ((await line(story, head["id"])) or ()) == before


async def test_whoever_calls_keeps_no_place_of_words_that_were_cut_from_a_case_joined_with_theirs() -> None:
    """A caller in line, joined with a case that has waited for hours, stands before others for it; words that are cut
    from that take their place along, what stays counts by its own, and nobody waits twice since the same words."""
    async with Story() as story:
        her, caller = story.phone(HERS), story.phone(HIS)
        await her.texts("E42 on my thermostat")
        await story.passes(hours=3)
        await her.texts("still E42 on it")
        text = await her.case()
        await story.passes(minutes=3)
        await caller.calls(attestation="A")
        await story.passes(seconds=40)
        call = await caller.case()
        alone = (await story.case(call))["ask"]
        people = [(await story.case(case))["customer"] for case in (call, text)]
        await story.api("POST", f"/customers/{people[0]}/merge", {"customer": people[1]})
        await story.api("POST", f"/cases/{call}/merge", {"case": text})
        joined = (await story.case(call))["ask"]
        assert joined["place_at"] < alone["place_at"]
        first, last = [
            row for row in await story.timeline(text) if row["kind"] == "message" and row["direction"] == "in"
        ]
        assert joined["since"] == first["at"]
        cut = await story.api("POST", f"/cases/{call}/split", {"entries": [first["id"]]})
        left = (await story.case(call))["ask"]
        assert (await story.case(cut["id"]))["ask"]["since"] == first["at"]
        assert (left["place_at"], left["since"]) == (alone["place_at"], last["at"])


async def test_a_note_stays_with_the_case_that_it_was_written_on() -> None:
    """Of two joined matters one is noted something: the whole shows it, and taken apart it stands with that one."""
    async with Story() as story:
        case, _ = await two_matters(story)
        wrong = await cut(story, case["id"], WRONG)
        merged = await story.api("POST", f"/cases/{case['id']}/merge", {"case": wrong["id"]})
        await story.api("POST", f"/cases/{wrong['id']}/notes", {"text": "paid twice"})
        assert [note["text"] for note in await story.timeline(case["id"], "note")] == ["paid twice"]
        await story.api("POST", f"/cases/{case['id']}/unmerge", {"merge": merged["merge"]})
        assert await story.timeline(case["id"], "note") == []
        assert [note["text"] for note in await story.timeline(wrong["id"], "note")] == ["paid twice"]
