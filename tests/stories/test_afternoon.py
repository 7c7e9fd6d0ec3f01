"""The product in one afternoon, as far as it is told in texts."""

from tests.story import HERS, Story, instant


async def test_a_text_becomes_one_case_that_an_agent_answers() -> None:
    """A text is one durable case; an agent who can help is offered it at once with the reason; the answer goes back the
    way she wrote, with its reasons; her next words join the same case; afterwards everybody's screen tells one story."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", skills={"heating": 3})
        her = story.phone(HERS)

        await her.texts("My thermostat shows E42 and the flat is cold")
        offer = await ana.offered()
        assert offer["queue"] == "heating"
        assert offer["why"] == "rule heating-errors, policy 1"
        assert instant(offer["expires_at"]) == instant("2026-11-23T14:02:30-05:00")

        work = await ana.accepts(offer)
        sent = await ana.replies(offer["case"], "Have you checked the fuse?")
        assert sent["channel"] == "sms"
        assert sent["address"] == HERS
        assert sent["reasons"] == [
            "the customer wrote last by sms",
            "same number of ours, so the answer keeps its thread",
        ]
        assert await her.inbox() == ["Have you checked the fuse?"]

        await story.passes(minutes=38)
        await her.texts("found the fuse, it's on, still E42")
        case = await story.one_case()
        assert case["status"] == "waiting_customer" or case["agent"] == ana.id
        assert [c["channel"] for c in case["contacts"]] == ["sms", "sms"]
        assert await story.said(case["id"]) == [
            "My thermostat shows E42 and the flat is cold",
            "Have you checked the fuse?",
            "found the fuse, it's on, still E42",
        ]
        brief = await ana.api("GET", f"/cases/{case['id']}/brief")
        assert brief["wants"] == "found the fuse, it's on, still E42"
        assert brief["customer"]["addresses"][0]["address"] == HERS

        await ana.replies(case["id"], "A part is on its way.")
        await ana.finishes(work, "solved", note="part ordered")
        assert (await story.case(case["id"]))["status"] == "solved"
        assert await her.inbox() == ["Have you checked the fuse?", "A part is on its way."]
