"""Files that a record beside the log holds, while no row of the vault names them.

Its one rule: whatever keeps a file in this way has the kind of its records here, each with the hash of the file as its
`raw`; no file that is held is taken for one that nobody names. A record that is somebody's goes with them, and its file
before it.
"""

from collections.abc import Iterable, Mapping

from router.core.taking_part import part_named
from router.core.values import value
from router.journal import codec

ASIDE, UPLOAD = "aside", "upload"
HOLDING = (ASIDE, UPLOAD)
"""Kinds of records that hold a file."""


@value
class Held:
    """What such a record says of the file; of the kinds above, some hold none. `whose`: the keys under which whoever
    it is of is found. `owner`: they were erased, and it is to go with them."""

    raw: str = ""
    whose: tuple[str, ...] = ()
    owner: str = ""


def held_in(body: str) -> Held:
    return codec.decode(body, Held)


def parts_gone(erased: Iterable[str], unindexed: Iterable[str]) -> dict[str, str]:
    """Of those who are erased and only took part, by the key of their address, as whom they are owed. What is held of
    them names no case, so it goes with the first where they are erased."""
    cases = {f"{part[0]} ": owner for owner in erased if (part := part_named(owner)) is not None}
    return {key.removeprefix(case): owner for case, owner in cases.items() for key in unindexed if key.startswith(case)}


def going_with(body: str, found: Mapping[str, str]) -> str | None:
    """The record from here on, where it is of one of those who are `found` under these keys and are erased."""
    owner = next((found[key] for key in held_in(body).whose if key in found), None)
    if owner is None:
        return None
    return codec.encode(codec.decode(body, codec.Fields) | {"owner": owner}).decode()
