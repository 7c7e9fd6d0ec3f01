"""What can be found of a batch: rows of words, each of one case or customer, by the ids of the words in the vault.

Its one rule: a row belongs to a document, and that to an owner, so that whoever is erased is not found any more. It
reads events alone; words come from the vault, the addresses of a customer from their document.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from router.core.documents import Letter
from router.core.events import (
    AddressAdded,
    AskChanged,
    CallRecorded,
    CallSaid,
    CaseOpened,
    CasesMerged,
    CaseSplit,
    CaseStatusChanged,
    CasesUnmerged,
    ContactReceived,
    CustomerCreated,
    Event,
    IdentityNoted,
    JoinAsked,
    MessageQueued,
    NoteAdded,
    ParticipantAdded,
    RecordingReady,
    SplitUndone,
    WorkClosed,
)
from router.core.timeline import entry_of
from router.journal.base import DOMAIN, Stored
from router.journal.terms import address_keys, parted, reference_key

SLOT_BITS = 24
"""Rows of one document: those of its timeline, by number, and from the middle on those of its addresses and names."""
BESIDE = 1 << (SLOT_BITS - 1)
TELLING = frozenset(
    {
        AskChanged,
        CallRecorded,
        CallSaid,
        CasesMerged,
        CasesUnmerged,
        CaseSplit,
        CaseStatusChanged,
        ContactReceived,
        IdentityNoted,
        JoinAsked,
        MessageQueued,
        NoteAdded,
        RecordingReady,
        SplitUndone,
        WorkClosed,
    }
)
"""Events whose row of the timeline may hold words."""


@dataclass(frozen=True, slots=True)
class Row:
    """Words that are found together. `slot`: which of its document's rows it is; None: the one that says the same."""

    document: str
    owner: str
    slot: int | None
    words: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    ref: str = ""
    with_addresses: bool = False  # and with all that its owner has
    of_each_case: bool = False  # of its owner, instead of `document`

    @property
    def ids(self) -> tuple[str, ...]:
        return (*self.words, *self.addresses, *self.files)


def rows_of(batches: Iterable[Stored]) -> tuple[list[Row], list[Row]]:
    """Rows of cases and rows of customers."""
    cases: list[Row] = []
    customers: list[Row] = []
    for stored in batches:
        if stored.stream == DOMAIN:
            continue
        first: tuple[str, ...] = ()
        for offset, event in enumerate(stored.events):
            slot = BESIDE | (stored.first + offset) % BESIDE
            match event:
                case CaseOpened():
                    subject = (event.subject,) if event.subject else ()
                    cases.append(
                        Row(event.case, event.customer, 0, subject, first, ref=event.ref, with_addresses=not first)
                    )
                case CustomerCreated():
                    first = (event.address.id,)
                    customers.append(Row(event.customer, event.customer, None, addresses=(event.address.id,)))
                case AddressAdded():
                    customers.append(Row(event.customer, event.customer, None, addresses=(event.address.id,)))
                    cases.append(Row("", event.customer, slot, addresses=(event.address.id,), of_each_case=True))
                case ParticipantAdded():
                    cases.append(Row(event.case, event.customer, slot, addresses=(event.address.id,)))
                case _ if type(event) in TELLING:
                    cases += _told(event, getattr(event, "customer", stored.stream))
                    customers += _named(event)
                case _:
                    pass
    return cases, customers


def slot_of(row: Row, text: str) -> int:
    """Where a row stands: what a customer is called or reached by stands there once, however often it is said."""
    if row.slot is not None:
        return row.slot
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big") % BESIDE


def text_of(row: Row, vault: Mapping[str, str], addresses: Iterable[str] = ()) -> tuple[str, str]:
    """The words of a row as the index takes them, and the keys of what is found by figures."""
    given = [vault[id] for id in dict.fromkeys((*row.addresses, *addresses)) if id in vault]
    said = [vault[id] for id in row.words if id in vault]
    files = [name for id in row.files if (name := file_name(vault.get(id, "")))]
    keys = [key for one in given if (key := address_keys(one))]
    if row.ref:
        keys.append(reference_key(row.ref))
    return parted("\n".join([*said, *given, *files])), " ".join(keys)


def file_name(body: str) -> str:
    """The name of a file that stands in the journal; empty for one that stands at a provider."""
    parts = body.split(" ", 3)
    return parts[3] if len(parts) == 4 and parts[1].startswith("blob:") else ""


def _told(event: Event, owner: str) -> list[Row]:
    entry = entry_of(event)
    if entry is None:
        return []
    words = _written(entry.letter, entry.words) if entry.letter else (entry.words,) if entry.words else ()
    if not words and not entry.media:
        return []
    return [Row(entry.case, owner, entry.n % BESIDE, words=words, files=entry.media)]


def _written(letter: Letter, words: str | None) -> tuple[str, ...]:
    """A mail: its subject, all its text, and the people that it names."""
    parts = (letter.subject, letter.full or words, letter.sender, *letter.to, *letter.copies)
    return tuple(str(id) for id in parts if id)


def _named(event: Event) -> list[Row]:
    """How a customer calls themselves in a mail."""
    if not isinstance(event, ContactReceived) or event.letter is None or event.participant:
        return []
    sender = event.letter.sender
    return [Row(event.customer, event.customer, None, words=(sender,))] if sender and not event.letter.automatic else []
