"""What is written of a timeline's row beside its event is what people read of it later."""

from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.core.events import Event
from router.core.timeline import ROW_KINDS, entry_of, row_of

KINDS: tuple[type[Event], ...] = get_args(Event)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_row_stands_where_its_event_says(kind: type[Event]) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.builds(kind, **{name: st.from_type(hint) for name, hint in get_type_hints(kind).items()}))
    def check(event: Any) -> None:
        entry = entry_of(event)
        assert row_of(event) == (None if entry is None else (entry.case, entry.n, entry.kind))

    check()


def test_every_event_that_makes_a_row_is_one_of_ours() -> None:
    assert set(ROW_KINDS) <= set(KINDS)
