"""What an attempt counts for: in the plan of the next one, and for a time that was promised."""

import pytest

from router.core.attempts import counted, is_rung
from router.core.clock import Ms
from router.core.documents import Promise
from router.core.values import replace
from router.core.words import CALLBACK, MINUTE_MS, CaseId, Channel, CustomerId, PromiseId

NOW = Ms(1_790_000_000_000)
END = Ms(NOW + 30 * MINUTE_MS)
PROMISE = Promise(
    id=PromiseId("prm_1"), version=1, customer=CustomerId("cus_1"), case=CaseId("case_1"), kind=CALLBACK, made_at=NOW,
    told_via=Channel.SMS, place_at=NOW, window=(NOW, END),
)  # fmt: skip


@pytest.mark.parametrize(
    ("how", "rung"),
    [
        ("no-answer", True), ("machine", True), ("lost", True), ("failed", True), ("cut off", True),
        ("busy", False), ("canceled", False), ("held", False), ("later", False), ("unknown", False),
    ],
)  # fmt: skip
def test_what_they_may_have_heard_of_was_a_call(how: str, rung: bool) -> None:
    """A dial that the provider did not take, or does not have, and a line that was busy, keep no promised time."""
    assert is_rung(replace(PROMISE, attempts=((Ms(NOW + MINUTE_MS), how),))) is rung


def test_a_line_that_was_busy_to_the_end_was_called_in_time() -> None:
    tried = replace(PROMISE, attempts=((Ms(END - MINUTE_MS), "busy"), (Ms(END - 20_000), "busy")))
    assert is_rung(tried)
    assert not is_rung(replace(tried, window=(NOW, Ms(END + MINUTE_MS)))), "it was moved since"


def test_what_was_tried_for_another_time_is_no_call_for_this_one() -> None:
    assert not is_rung(replace(PROMISE, attempts=((NOW, "no-answer"),), earlier=1))


def test_a_dial_that_the_provider_never_had_counts_for_no_attempt() -> None:
    tries = ((NOW, "unknown"), (Ms(NOW + 1), "no-answer"), (Ms(NOW + 2), "later"), (Ms(NOW + 3), "busy"))
    assert counted(tries, busy_for_ms=MINUTE_MS) == 2
