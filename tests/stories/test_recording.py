"""Recording: only where the policy says so, only after they heard of it, and never after they said no."""

from pathlib import Path
from typing import Any

from policies import default_policy_files
from tests.story import HERS, Agent, Phone, Story

ANAS = "+14155550201"


def recorded(folder: Path, said: str = "calls", *, on_refusal: str = "delete") -> Path:
    """The product's own policies, with recording."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in default_policy_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "calls.yaml").write_text(f"record: {said}\non_refusal: {on_refusal}\n", encoding="utf-8")
    return folder


async def connected(story: Story, her: Phone, agent: Agent, phone: Phone) -> str:
    """She calls, the agent takes it and presses 1; they talk. Returns the case."""
    await her.calls()
    await story.passes(seconds=20)
    return await comes_to_the_phone(story, agent, phone)


async def comes_to_the_phone(story: Story, agent: Agent, phone: Phone) -> str:
    await agent.accepts()
    await story.passes(seconds=3)
    await phone.picks_up()
    await story.passes(seconds=3)
    await phone.presses("1")
    await story.passes(seconds=10)
    return (await story.one_case())["id"]


async def at_the_provider(story: Story) -> list[dict[str, Any]]:
    return (await story.rest("/Recordings.json"))["recordings"]


async def her_leg(agent: Agent, case: str) -> str:
    [leg] = [one for one in await agent.legs(case) if one["role"] == "customer"]
    return leg["id"]


async def noted(story: Story, case: str) -> list[str]:
    rows = await story.timeline(case)
    return [e["facts"]["what"] for e in rows if str(e["facts"].get("what", "")).startswith("recording")]


async def test_where_the_policy_says_nothing_nothing_is_recorded() -> None:
    """The default is no: nobody hears of recording, and the provider has none."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        await story.passes(seconds=30)
        assert "recorded" not in await her.heard()
        assert await at_the_provider(story) == []
        assert await noted(story, case) == []


async def test_it_is_announced_then_recorded_then_on_the_case(tmp_path: Path) -> None:
    """She hears that it is recorded before anything is; when the call is over its sound stands on the case."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await her.calls()
        await story.passes(seconds=4)
        assert "This call is recorded." in await her.heard()
        assert await at_the_provider(story) == [], "nobody records a greeting"
        await story.passes(seconds=16)
        case = await comes_to_the_phone(story, ana, phone)
        assert HERS in await phone.talks_with()
        assert (await her.heard()).count("This call is recorded.") == 1
        [running] = await at_the_provider(story)
        assert (running["status"], running["source"]) == ("in-progress", "StartCallRecordingAPI")
        [leg] = [one for one in await ana.legs(case) if one["role"] == "customer"]
        assert leg["recorded"] is True
        await her.speaks("it is about my heating")
        await her.hangs_up()
        await story.passes(seconds=10)
        [entry] = [e for e in await story.timeline(case, "call") if e["facts"].get("what") == "recording"]
        [sound] = entry["attachments"]
        assert entry["facts"]["seconds"] > 0
        fetched = await story.ask("GET", sound["url"])
        assert (fetched.status, fetched.body[:4]) == (200, b"RIFF")
        page = await ana.page(case)
        assert f'<a href="{sound["url"]}"' in page
        assert "erased" not in page
        assert await noted(story, case) == ["recording announced", "recording"]


async def test_on_hold_nothing_is_recorded(tmp_path: Path) -> None:
    """What she says while she is on hold is nobody's; back in the conversation it is recorded again."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        leg = await her_leg(ana, case)
        await ana.api("POST", f"/calls/{leg}/hold")
        await story.passes(seconds=5)
        assert [one["status"] for one in await at_the_provider(story)] == ["completed"]
        await her.speaks("mum, they let me wait")
        assert "mum" not in str(await story.timeline(case))
        await ana.api("POST", f"/calls/{leg}/resume")
        await story.passes(seconds=5)
        assert [one["status"] for one in await at_the_provider(story)] == ["in-progress", "completed"]


async def test_do_not_record_in_line(tmp_path: Path) -> None:
    """She says so while she waits: she hears that it is so, keeps her place, and this call and the next are not."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=25)
        await her.speaks("do not record this please")
        assert "It is not recorded." in await her.heard()
        before = (await story.one_case())["ask"]["place_at"]
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await comes_to_the_phone(story, ana, phone)
        assert HERS in await phone.talks_with()
        assert (await story.case(case))["ask"]["place_at"] == before
        assert await at_the_provider(story) == []
        await her.hangs_up()
        await story.passes(seconds=5)
        for work in await ana.work():
            await ana.finishes(work, "answered")
        await connected(story, her, ana, phone)
        assert HERS in await phone.talks_with()
        assert "recorded" not in await her.heard()
        assert await at_the_provider(story) == []


async def test_do_not_record_by_key_in_the_greeting(tmp_path: Path) -> None:
    """Key 9 where she is told of it; what she says next is kept as text, and nothing else is."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=6)
        assert "press 9" in await her.heard()
        await her.presses("9")
        await story.passes(seconds=1)
        assert "It is not recorded." in await her.heard()
        await her.speaks("my heating is cold")
        ana = await story.ready_agent("ana", phone=ANAS, skills={"heating": 2})
        case = await comes_to_the_phone(story, ana, phone)
        assert HERS in await phone.talks_with()
        assert [e["text"] for e in await story.timeline(case, "call") if e["text"]] == ["my heating is cold"]
        assert await at_the_provider(story) == []


async def test_she_tells_the_agent_in_the_middle(tmp_path: Path) -> None:
    """The agent's button: it stops at once, what was recorded is deleted at the provider, and the row says who did."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        assert len(await at_the_provider(story)) == 1
        leg = await her_leg(ana, case)
        shown = await ana.api("POST", f"/calls/{leg}/recording", {"on": False})
        assert shown["recorded"] is False
        await story.settles()
        assert await at_the_provider(story) == []
        assert HERS in await phone.talks_with(), "they go on talking"
        await story.passes(minutes=3)
        assert await at_the_provider(story) == []
        again = await ana.refused("POST", f"/calls/{leg}/recording", {"on": False})
        assert again["status"] == 409
        [row] = [e for e in await story.timeline(case) if e["facts"].get("what") == "recording refused"]
        assert row["author"]["id"] == ana.id
        await ana.api("POST", f"/calls/{leg}/recording", {"on": True})
        await story.passes(seconds=3)
        assert [one["status"] for one in await at_the_provider(story)] == ["in-progress"]


async def test_words_are_recorded_too_where_only_they_are(tmp_path: Path) -> None:
    """`messages`: "tell us now" is announced, recorded and text; the conversation afterwards is not recorded."""
    async with Story(policies=recorded(tmp_path / "p", "messages")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=25)
        assert "recorded" not in await her.heard()
        await her.presses("2")
        await story.passes(seconds=4)
        assert "What you say now is recorded." in await her.heard()
        await story.passes(seconds=4)
        await her.speaks("my boiler is cold since Monday")
        [running] = await at_the_provider(story)
        assert running["status"] == "in-progress"
        await story.passes(seconds=30)
        ana = await story.ready_agent("ana", phone=ANAS, skills={"heating": 2})
        case = await comes_to_the_phone(story, ana, phone)
        assert HERS in await phone.talks_with()
        await story.passes(seconds=10)
        assert [one["status"] for one in await at_the_provider(story)] == ["completed"]
        rows = await story.timeline(case, "call")
        assert "my boiler is cold since Monday" in [e["text"] for e in rows]
        assert [e["facts"]["what"] for e in rows if e["attachments"]] == ["recording"]


async def test_no_while_she_tells_us_deletes_what_she_said(tmp_path: Path) -> None:
    """Key 9 in the middle of "tell us now": what was recorded goes, and her words go on being text."""
    async with Story(policies=recorded(tmp_path / "p", "messages")) as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=25)
        await her.presses("2")
        await story.passes(seconds=8)
        await her.speaks("my boiler is cold")
        assert len(await at_the_provider(story)) == 1
        await her.presses("9")
        await story.passes(seconds=5)
        assert await at_the_provider(story) == []
        assert "It is not recorded." in await her.heard()
        case = (await story.one_case())["id"]
        assert "my boiler is cold" in [e["text"] for e in await story.timeline(case, "call")]


async def test_a_call_back_announces_as_well(tmp_path: Path) -> None:
    """We call her: who we are, that it is recorded, then the agent, then the recording."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        await ana.api("POST", "/cases", {"address": HERS, "channel": "phone", "subject": "the part is there"})
        await story.settles()
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=2)
        await her.picks_up()
        await story.passes(seconds=2)
        assert await at_the_provider(story) == []
        await story.passes(seconds=12)
        heard = await her.heard()
        assert (
            heard.index("One of us is on the line") < heard.index("This call is recorded.") < heard.index("just say so")
        )
        assert HERS in await phone.talks_with()
        assert [one["status"] for one in await at_the_provider(story)] == ["in-progress"]


async def test_the_provider_is_down_when_it_is_to_stop(tmp_path: Path) -> None:
    """It is asked again until it has stopped and deleted, also by a service that was started anew meanwhile."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        leg = await her_leg(ana, case)
        await story.faults(provider_down=1)
        await ana.api("POST", f"/calls/{leg}/recording", {"on": False})
        await story.passes(seconds=30)
        await story.faults()
        assert [one["status"] for one in await at_the_provider(story)] == ["in-progress"]
        await story.faults(provider_down=1)
        await story.restarts()
        await story.faults()
        await story.passes(minutes=1)
        assert await at_the_provider(story) == []
        assert (await noted(story, case))[-2:] == ["recording refused", "recording deleted"]


async def test_a_status_said_twice_or_of_nothing_we_know_changes_nothing(tmp_path: Path) -> None:
    """The provider's word on a recording, repeated, late, or of another: 204, and the case stays as it is."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        await her.hangs_up()
        await story.passes(seconds=10)
        [told] = [
            one
            for one in await story.traffic("webhook", "/twilio/status/recording")
            if one["fields"]["RecordingStatus"] == "completed"
        ]
        before = await story.case(case)
        path = told["url"].partition("#")[0].removeprefix(story.service)
        for change in (
            {},
            {"RecordingStatus": "in-progress"},
            {"RecordingStatus": "teleported"},
            {"RecordingSid": "RE1"},
        ):
            again = await story.webhook({**told["fields"], **change}, path=path)
            assert again.status == 204
        for path in ("?recording=rec_1", "?recording=", "", f"?recording={case}"):
            odd = await story.webhook(told["fields"], path=f"/twilio/status/recording{path}")
            assert odd.status == 204
        assert (await story.case(case))["version"] == before["version"]


async def test_the_desk_shows_it_and_stops_it(tmp_path: Path) -> None:
    """The agent sees that they are recorded, with a button that ends it; then why they are not, and the way back."""
    async with Story(policies=recorded(tmp_path / "p")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        assert 'id="stop-recording"' in await ana.page(case)
        leg = await her_leg(ana, case)
        await ana.clicks(f"/call/{leg}/recording", on="false", at=case)
        assert await at_the_provider(story) == []
        page = await ana.page(case)
        assert 'id="stop-recording"' not in page
        assert "they do not want it" in page
        assert "They are not to be recorded" in page
        await ana.clicks(f"/call/{leg}/recording", on="true", at=case)
        assert 'id="stop-recording"' in await ana.page(case)


async def test_do_not_record_on_hold(tmp_path: Path) -> None:
    """On hold, by words and by key: she stays on hold, hears that it is so, and back in the talk nothing is recorded."""
    for said in ("words", "key"):
        async with Story(policies=recorded(tmp_path / said)) as story:
            her, phone = story.phone(HERS), story.phone(ANAS)
            ana = await story.ready_agent("ana", phone=ANAS)
            case = await connected(story, her, ana, phone)
            leg = await her_leg(ana, case)
            await ana.api("POST", f"/calls/{leg}/hold")
            await story.passes(seconds=5)
            await (her.speaks("please do not record") if said == "words" else her.presses("9"))
            await story.passes(seconds=2)
            assert "It is not recorded." in await her.heard()
            [shown] = [one for one in await ana.legs(case) if one["role"] == "customer"]
            assert (shown["step"], shown["refused"]) == ("held", True)
            assert "does not want to be recorded" in (await ana.api("GET", f"/cases/{case}/brief"))["cautions"]
            await ana.api("POST", f"/calls/{leg}/resume")
            await story.passes(seconds=5)
            assert HERS in await phone.talks_with()
            assert await at_the_provider(story) == []


async def test_what_was_recorded_is_kept_where_the_policy_says_so(tmp_path: Path) -> None:
    """`on_refusal: keep`: it stops at once, and what there is stands on the case."""
    async with Story(policies=recorded(tmp_path / "p", on_refusal="keep")) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        ana = await story.ready_agent("ana", phone=ANAS)
        case = await connected(story, her, ana, phone)
        await ana.api("POST", f"/calls/{await her_leg(ana, case)}/recording", {"on": False})
        await story.passes(seconds=10)
        assert [one["status"] for one in await at_the_provider(story)] == ["completed"]
        assert await noted(story, case) == ["recording announced", "recording refused", "recording"]
