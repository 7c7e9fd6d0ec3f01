"""How sure a promise is: a share is named where a window was told of a call, and nowhere else."""

from datetime import timedelta

from router.core.clock import Ms
from router.core.documents import Promise
from router.core.values import replace
from router.core.words import CaseId, Channel, CustomerId, PromiseId
from router.http.views import promise_out
from tests.story import Story

CALL = Promise(
    id=PromiseId("prm_1"), version=1, customer=CustomerId("cus_1"), case=CaseId("cas_1"), kind="callback",
    made_at=Ms(0), told_via=Channel.SMS, place_at=Ms(0),
)  # fmt: skip
WINDOW = Ms(0), Ms(600_000)


def test_what_is_named_goes_by_what_was_told() -> None:
    told = [
        CALL,
        replace(CALL, window=WINDOW, by_turn=True),
        replace(CALL, window=WINDOW),
        replace(CALL, window=WINDOW, kind="reply"),
        replace(CALL, window=WINDOW, unpromised=True),
    ]
    assert [promise_out(one).confidence for one in told] == [None, 0.9, 0.95, None, None]


async def test_a_booked_call_says_how_sure_it_is() -> None:
    async with Story() as story:
        await story.phone().texts("hello")
        case, now = await story.one_case(), await story.now()
        window = {"start": (now + timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=2)).isoformat()}
        made = await story.api("POST", f"/cases/{case['id']}/callbacks", {"window": window})
        [listed] = (await story.api("GET", "/promises"))["items"]
        [shown] = (await story.one_case())["promises"]
        assert [one["confidence"] for one in (made, listed, shown)] == [0.95, 0.95, 0.95]


async def test_calls_that_were_asked_for_or_moved_are_listed_so() -> None:
    """Both are scheduled: how far the call has come is one thing, what became of its time another."""
    async with Story() as story:
        await story.phone().texts("call me")
        case, now = await story.one_case(), await story.now()
        asked = (await story.one_case())["promises"][0]["id"]

        async def listed(state: str) -> list[str]:
            return [one["id"] for one in (await story.api("GET", f"/callbacks?state={state}"))["items"]]

        assert [await listed(state) for state in ("asked", "scheduled", "moved")] == [[asked], [asked], []]
        window = {"start": (now + timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=2)).isoformat()}
        moved = await story.api("PATCH", f"/callbacks/{asked}", {"window": window})
        assert (moved["state"], moved["callback"], moved["case"]) == ("moved", "scheduled", case["id"])
        assert [await listed(state) for state in ("asked", "scheduled", "moved")] == [[], [asked], [asked]]
