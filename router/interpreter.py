"""What the interpreter is told in a process that serves and does nothing else.

Its one rule: whoever owns the process decides it, so a service that runs beside others (as in tests) changes nothing
for them and leaves nothing behind.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

GC_THRESHOLD = 50_000
"""Young objects before the collector looks: requests make many that die at once."""
SWITCH_S = 0.001
"""How long the loop may keep the interpreter's lock from the journal's writer, who needs it a few times a commit."""


@contextmanager
def starting_to_serve() -> Iterator[None]:
    """What is made inside stays as long as the process: it is never looked through for cycles, not even once. A start
    leaves a few hundred objects that nobody needs, and to find them among a million takes longer than to read the cases
    that wait."""
    gc.disable()  # to look through it again and again while it is read would double the time
    try:
        yield
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 20)
        sys.setswitchinterval(SWITCH_S)
    finally:
        gc.enable()
