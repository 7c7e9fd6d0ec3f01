"""How much work something is, counted and not timed: lines of our code that are run."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps_of(work: Callable[[], object]) -> int:
    """Lines run in `channels.email` and the standard library's pure Python below it. Regular expressions look at lines
    cut to a fixed length, so they are a fixed price each."""
    steps = 0

    def line(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps
