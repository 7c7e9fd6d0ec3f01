"""Invariant 6: in whatever order, and however often, the same things come in, the same stands at the end."""

from itertools import permutations
from urllib.parse import urlencode

from channels.twilio_messaging import REFERENCE, STATUS_PATH
from tests.story import HERS, HIS, OURS, Story

THIRD = "+12125550188"
STATES = ("sent", "delivered", "read")


async def tells(story: Story, message: str, sid: str, state: str) -> None:
    fields = {"MessageSid": sid, "MessageStatus": state, "To": HERS, "From": OURS}
    assert (await story.webhook(fields, path=f"{STATUS_PATH}?{urlencode({REFERENCE: message})}")).status < 300


async def test_status_callbacks_in_any_order_end_in_the_same_state() -> None:
    """Each order of three callbacks, each of them twice: the furthest one counts and none takes it back."""
    async with Story() as story:
        await story.faults(lose_status=1.0)  # what comes is what we send
        ana = await story.ready_agent("Ana")
        await story.phone(HERS).texts("hello")
        await ana.accepts()
        case = await story.one_case()
        for number, order in enumerate(permutations(STATES)):
            words = f"answer {number}"
            sent = await ana.replies(case["id"], words)
            await story.passes(seconds=5)
            [out] = [m for m in (await story.rest("/Messages.json"))["messages"] if m["body"] == words]
            for state in (*order, *order):
                await tells(story, sent["id"], out["sid"], state)
            await story.settles()
            [seen] = [e for e in await story.timeline(case["id"], "message") if e["text"] == words]
            assert seen["delivery"]["state"] == "read", order


async def stands(texts: tuple[tuple[str, str], ...]) -> list[tuple[str, ...]]:
    """What stands after these texts came in this order, each webhook twice, apart from ids and times."""
    async with Story() as story:
        for again in range(2):
            for number, body in texts:
                sid = f"SM{body.encode().hex():0>32}"
                fields = {"MessageSid": sid, "From": number, "To": OURS, "Body": body, "NumMedia": "0"}
                assert (await story.webhook(fields)).status == 200, again
        await story.settles()
        found: list[tuple[str, ...]] = []
        for case in await story.cases():
            addresses = [one["address"] for one in (await story.case(case["id"]))["contacts"]]
            found.append((case["status"], case["queue"], *addresses, *await story.said(case["id"])))
        return sorted(found)


async def test_texts_of_several_people_give_the_same_in_any_order() -> None:
    """Texts that have nothing to do with each other: each order of them, each webhook twice, gives the same cases."""
    texts = ((HERS, "E42 again"), (HIS, "my invoice is wrong"), (THIRD, "hello?"))
    first = await stands(texts)
    assert len(first) == 3
    for order in list(permutations(texts))[1::2]:
        assert await stands(order) == first
