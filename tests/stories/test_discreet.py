"""Others may hear the phone of a discreet person: no machine is told anything, and hanging up never rings it."""

from tests.stories.test_calls import ANAS
from tests.story import HERS, Story


async def test_who_is_discreet_is_not_rung_for_hanging_up_and_no_machine_is_told() -> None:
    """Marked so over the API: she does not hear that hanging up becomes a call, and it does not, though the number is
    attested and she was in line for a minute; her place is kept. A call that she asks for herself is made; where a
    machine answers, it hears who called from nobody. Whoever reads the brief is told; taken back, it holds no more."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.texts("hello")
        case = await story.one_case()
        customer = case["customer"]
        path = f"/customers/{customer if isinstance(customer, str) else customer['id']}/terms"
        shown = await story.api("PATCH", path, {"discreet": True})
        assert shown["discreet"] is True
        assert (await story.refused("PATCH", path, {"discreet": True}))["status"] == 409
        assert (await story.refused("PATCH", path, {"discreet": "very"}))["status"] == 400
        assert any("discreet" in one for one in (await story.api("GET", f"/cases/{case['id']}/brief"))["cautions"])
        await her.calls(attestation="A")
        await story.passes(seconds=60)
        assert "hang up" not in await her.heard()
        await her.hangs_up()
        await story.settles()
        assert (await story.one_case())["promises"] == []
        await her.calls(attestation="A")
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=10)
        await her.behaves(on_ring="voicemail", after_s=2)
        ana = await story.ready_agent("ana", phone=ANAS)
        await ana.accepts(next(o for o in await ana.offers() if o["channel"] == "phone"))
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=60)
        assert await her.state() == "idle"
        [tried] = (await story.one_case())["promises"]
        assert tried["attempts"][-1]["outcome"] == "machine"
        last = [one for one in await story.traffic("webhook", "/twilio/voice") if HERS in str(one)]
        assert "try again" not in str(last[-6:]).lower()
        assert (await story.api("PATCH", path, {"discreet": False}))["discreet"] is False
