"""How much of a mail is looked at: named limits that keep reading bounded, whatever comes.

One rule: beyond a limit nothing is dropped; the rest becomes one attachment, and a note says so.
"""

from dataclasses import dataclass

__all__ = ["DEFAULT", "Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one mail. Sizes in bytes, texts in characters."""

    bytes: int = 25_000_000
    parts: int = 500
    nesting: int = 50
    header_bytes: int = 100_000
    headers: int = 1_000
    text_chars: int = 250_000
    searches: int = 6  # how many times the whole mail is searched for the borders between parts, over all levels
    searched_bytes_min: int = 1_000_000  # and so many bytes in any case: a small mail may be as deep as it likes
    work_borders: int = 5_000  # places looked at that may be such a border


DEFAULT = Limits()
