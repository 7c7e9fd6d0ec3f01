"""Files that a record beside the log holds, while no row of the vault names them.

Its one rule: whatever keeps a file in this way has the kind of its records here, each with the hash of the file as its
`raw`; no file that is held is taken for one that nobody names.
"""

from collections.abc import Iterable

from router.core.values import value
from router.journal import codec

ASIDE = "aside"
HOLDING = (ASIDE,)
"""Kinds of records that hold a file."""


@value
class Held:
    """What such a record says of the file; of the kinds above, some hold none."""

    raw: str = ""


def files_in(bodies: Iterable[str]) -> set[str]:
    """The files that records hold."""
    return {held.raw for body in bodies if (held := codec.decode(body, Held)).raw}
