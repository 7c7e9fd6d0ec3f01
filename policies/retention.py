"""How long what people told us is kept: retention.yaml. Every kind but junk is kept for ever unless a time is given."""

from dataclasses import dataclass
from typing import Final

from policies.fields import Fields
from policies.scalars import DURATION_FORM, duration_hint, seconds
from policies.tree import Node, Scalar

DAY_S: Final = 86_400
DAYS_MAX: Final = 36_500
KEEP: Final = "keep"
KINDS: Final = ("words", "mails", "files", "recordings")
"""What may go of a closed case while its customer stays."""
JUNK: Final = "junk"
"""All that a contact holds that was set aside as junk, and nobody let out."""
JUNK_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Retention:
    """Days after a closed case last changed; None: for ever. `customers`: after the last of their cases did."""

    words: int | None = None
    mails: int | None = None
    files: int | None = None
    recordings: int | None = None
    customers: int | None = None
    junk: int | None = JUNK_DAYS  # after it was set aside

    def days(self, kind: str) -> int | None:
        """Of one of `KINDS`, or of junk."""
        found: dict[str, int | None] = {
            "words": self.words,
            "mails": self.mails,
            "files": self.files,
            "recordings": self.recordings,
            JUNK: self.junk,
        }
        return found[kind]

    @property
    def keeps_all(self) -> bool:
        """Of all cases, apart from those that were set aside."""
        return self.customers is None and all(self.days(kind) is None for kind in KINDS)


def read_retention(top: Fields) -> Retention:
    """retention.yaml"""
    return Retention(
        words=_days(top, "words"),
        mails=_days(top, "mails"),
        files=_days(top, "files"),
        recordings=_days(top, "recordings"),
        customers=_days(top, "customers"),
        junk=_days(top, "junk", default=JUNK_DAYS),
    )


def _days(top: Fields, key: str, *, default: int | None = None) -> int | None:
    node: Node | None = top.get(key)
    if node is None:
        return default
    if isinstance(node, Scalar) and node.text == KEEP:
        return None
    given = top.scalar(node, seconds, expected=f'{DURATION_FORM}, or "{KEEP}"', hint=duration_hint)
    if given is None:
        return None
    if given % DAY_S or not DAY_S <= given <= DAYS_MAX * DAY_S:
        top.refuse(node, expected=f'whole days, 1 to {DAYS_MAX}, such as "90 days"')
    return given // DAY_S
