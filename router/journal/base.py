"""The journal's contract: what an engine must do. Memory and SQLite do it; one test suite runs over both.

Its one rule: a batch is whole and durable before anybody hears of it, or it never was. A batch whose key is taken or
whose documents changed meanwhile is refused alone; a commit that fails stops the engine for good.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from router.core.clock import Ms
from router.core.commands import Blob, File, Indexed, Kept
from router.core.documents import (
    Agent,
    Call,
    Case,
    Customer,
    Document,
    Entry,
    Message,
    MessageState,
    Promise,
    Recording,
    Slot,
    Staffing,
    State,
    Work,
)
from router.core.events import CaseSplit, CommandTaken, Event, SplitUndone
from router.core.values import field, replace, value
from router.core.words import AddressId, CallState, CaseId, Channel, WorkState
from router.journal.terms import Term

MOVING = ("SplitCase", "UnmergeCases")
"""Kinds of commands by which rows of a timeline go to another case."""
DOMAIN = "domain"
"""The stream of the domain scope; every other stream is a customer's id."""

ANSWER_KEPT_MS = 48 * 3_600_000
"""How long an answer to an API call is repeated verbatim."""
BLOB_BYTES_MAX = 256 * 1024
"""What is written at once of a file; a larger one goes piece by piece before the batch that speaks of it, so that no
commit waits for it."""
PROVIDER_KEY_KEPT_MS = 90 * 24 * 3_600_000
"""How long a provider's id is remembered as taken: far past any retry and any outage that is caught up after."""


@value
class Answer:
    """What was answered to a key, to be given again. `fingerprint` tells the same request from another one."""

    key: str
    status: int
    body: str
    fingerprint: str = ""
    kept_until: Ms = Ms(0)


@value
class Moved:
    """A row of a case's timeline stands in another case from now on; in its own again where `to` is that."""

    case: str
    n: int
    to: str


@value
class Batch:
    """All that one command changes, committed whole."""

    stream: str
    at: Ms
    key: str
    events: tuple[Event, ...]
    documents: tuple[tuple[Document, int], ...] = ()  # each with the version it replaces, 0 when new
    rows: tuple[tuple[CaseId, int, str], ...] = ()  # of timelines: case, number there, kind
    lines: tuple[tuple[AddressId, int], ...] = ()  # of chats, each with its number there
    kept: tuple[Kept, ...] = ()
    indexed: tuple[Indexed, ...] = ()
    blobs: tuple[Blob, ...] = ()
    moved: tuple[Moved, ...] = ()
    answer: Answer | None = None
    erased: tuple[str, ...] = ()  # owners: their keys find nobody from now on, and nothing is kept for them any more;
    # or whoever takes part in a case alone, whose words are `forgotten`
    unindexed: tuple[str, ...] = ()  # keys that find nobody any more, at once: of who is erased, or of these documents
    forgotten: tuple[str, ...] = ()  # words of the vault that are gone with this commit


@value
class Stored:
    """A batch as the log holds it. Its events have the numbers `first` to `last`."""

    first: int
    last: int
    at: Ms
    stream: str
    kind: str
    events: tuple[Event, ...]


@value
class Loaded:
    """A customer's working set. `address`: which of theirs the looked-up key is."""

    customer: str | None = None
    address: AddressId | None = None
    state: State = field(default_factory=dict[str, Document])


@value
class Place:
    """Words that were found. `entry`: in which row of the timeline; 0: they are of the case or customer themselves.
    `marks`: start and end of each of them in `text`."""

    entry: int
    text: str
    marks: tuple[tuple[int, int], ...] = ()


@value
class Hit:
    """A document in which all terms stand, and where."""

    document: Document
    places: tuple[Place, ...]


@value
class Found:
    """A page of hits, the newest first. `next`: to go on before; None when there surely is nothing more."""

    hits: tuple[Hit, ...] = ()
    next: str | None = None


class KeyTaken(Exception):
    """This key was done before; its answer can be read."""


class VersionConflict(Exception):
    """A document changed since it was read; decide again."""


class JournalStopped(Exception):
    """The engine does not write any more: a commit failed or it was closed."""


class JournalClosed(JournalStopped):
    """The engine was closed in good order. What comes after that is not taken, and nothing is wrong."""

    def __init__(self) -> None:
        super().__init__("the journal is closed")


class ListenerFailed(Exception):
    """Whoever heard of what was committed failed over it: memory is not what the disk says any more."""


class JournalUnusable(Exception):
    """The folder cannot be opened: held by another process, not writable, damaged, or of a newer version."""


class Journal(Protocol):
    """Appends are acknowledged in order. Reads see all that was acknowledged."""

    @property
    def last_seq(self) -> int: ...
    def append(self, batch: Batch) -> asyncio.Future[Stored]:
        """Durable when the future is done. It raises KeyTaken, VersionConflict or JournalStopped."""
        ...

    def listen(self, listener: Callable[[list[Stored]], None]) -> None:
        """Hear of each group of batches as soon as it is durable, in order, before any `append` of it is answered."""
        ...

    async def load_by_address(self, key: str) -> Loaded: ...
    async def load_by_document(self, id: str) -> Loaded:
        """The working set of whoever owns document `id`, and that document itself."""
        ...

    async def document(self, id: str) -> Document | None: ...
    async def listed(self, prefix: str, *, before: str | None, limit: int) -> list[str]:
        """What is indexed under keys that begin with `prefix`: the rest of each key, the greatest first, below
        `before`."""
        ...

    async def live(self, kind: type[Document]) -> list[Document]:
        """All documents of a kind that still matter (see `is_live`), by id."""
        ...

    async def documents(self, kind: type[Document], *, after: str, limit: int) -> list[Document]:
        """Documents of a kind in order of their ids, from `after` on; those that no longer matter too."""
        ...

    async def cases(self, *, before: str | None, limit: int, owner: str | None = None) -> list[Case]:
        """Cases from the newest on, older than case id `before`."""
        ...

    async def messages(self, *, states: tuple[str, ...], after: str, limit: int) -> list[Message]: ...
    async def entries(self, case: str, *, after: int, limit: int, kinds: tuple[str, ...] = ()) -> list[Entry]: ...
    async def lines(self, address: str, *, after: int, limit: int) -> list[tuple[int, Event]]:
        """Lines of a chat in order, each with the event that says it."""
        ...

    async def timeline(
        self, cases: Sequence[str], *, after: int, limit: int, kinds: tuple[str, ...] = (), newest: bool = False
    ) -> list[tuple[int, Entry]]:
        """Rows that stand in any of `cases`, in the order of the log, each with the number of its event; those after
        event `after`. `newest`: the last ones of all. Costs what these cases hold."""
        ...

    async def rows(self, ids: Sequence[tuple[str, int]]) -> list[tuple[str, Entry]]:
        """Single rows, each with the case that it stands in; those that are not there are missing."""
        ...

    async def words(self, ids: list[str]) -> dict[str, str]:
        """What the vault holds under `ids`; erased ones are missing."""
        ...

    async def blob(self, hash: str) -> bytes | None:
        """A file by the hash of its content."""
        ...

    async def put_blob(self, blob: Blob) -> None:
        """Write a file durably before the batch that speaks of it; one that is there already is not written again."""
        ...

    async def answer(self, key: str) -> Answer | None: ...
    async def batches(self, *, after: int, limit: int, kinds: tuple[str, ...] = ()) -> list[Stored]:
        """Batches with a number above `after`, in order."""
        ...

    async def domain_batches(self, *, after: int, limit: int) -> list[Stored]:
        """Those of the domain scope alone; the others are not looked at."""
        ...

    async def record(self, kind: str, id: str) -> str | None:
        """A small record beside the log: a token, a policy version, a cursor, a secret."""
        ...

    async def records(self, kind: str) -> dict[str, str]: ...
    async def put_record(self, kind: str, id: str, body: str | None) -> None:
        """Write a record durably, or delete it with None."""
        ...

    async def owned(self, owner: str) -> list[Document]:
        """All documents of an owner, those that no longer matter too."""
        ...

    def is_erased(self, owner: str) -> bool: ...
    async def erasing(self) -> list[str]:
        """Owners whose words are not all gone yet."""
        ...

    async def erase(self, owners: Sequence[str]) -> bool:
        """Remove all that is kept for `owners`, whom a batch erased: words, names, addresses, files that nobody else
        has, what was answered about them, and what finds them. It takes many small steps between the commits of
        others, and looks through the whole vault. False: something could not go yet; do it again later."""
        ...

    async def unindex(self, case: str, rows: Sequence[int]) -> None:
        """Words of these rows of a case's timeline are found no more (0: what is of the case itself)."""
        ...

    async def index_again(self, case: str, rows: Sequence[int]) -> None:
        """What is still kept of these rows is found again."""
        ...

    async def index_addresses(self, case: str) -> None:
        """Find a case by the addresses of its customer, and of those who take part in it now, and by no other."""
        ...

    async def tidy(self) -> None:
        """Remove files that nobody names any more, and what is left of words that were deleted."""
        ...

    @property
    def indexed_to(self) -> int:
        """The number up to which words can be found. It is not acknowledged: after a crash it may be a smaller one."""
        ...

    async def index(self, batches: Sequence[Stored]) -> None:
        """Make the words of `batches` found, which follow `indexed_to` in the log: of as many, and at least of one, as
        hold up no commit. Done twice, it is done once."""
        ...

    async def find_cases(
        self, terms: Sequence[Term], *, before: str | None, limit: int, owner: str | None = None
    ) -> Found:
        """Cases in which all terms stand, wherever in them. No terms: none."""
        ...

    async def find_customers(self, terms: Sequence[Term], *, before: str | None, limit: int) -> Found:
        """Customers by their addresses and by how they call themselves."""
        ...

    async def counts(self) -> dict[str, int]: ...
    async def forget_answers(self, before: Ms) -> int: ...
    async def backup(self, to: Path) -> None:
        """Write a whole, consistent copy while running."""
        ...

    async def close(self) -> None: ...


def tell(listeners: Iterable[Callable[[list[Stored]], None]], batches: list[Stored]) -> None:
    """Tell every listener of what is durable, in order. Raises ListenerFailed with the name of the first that fails."""
    for listener in listeners:
        try:
            listener(batches)
        except ListenerFailed:  # it told others, and names whose fault it is
            raise
        except Exception as error:
            name = getattr(listener, "__qualname__", type(listener).__name__)
            raise ListenerFailed(f"{name} failed over what was committed: {error!r}") from error


def moves_of(events: tuple[Event, ...]) -> tuple[Moved, ...]:
    """Which rows of timelines go to other cases by `events`."""
    if command_kind(events) not in MOVING:
        return ()
    found: list[Moved] = []
    for event in events:
        if isinstance(event, CaseSplit):
            found += [Moved(case, n, event.into) for case, n in event.entries]
        elif isinstance(event, SplitUndone):
            found += [Moved(case, n, case) for case, n in event.entries]
    return tuple(found)


async def last_at(journal: Journal) -> Ms:
    """When the newest batch was decided; 0 where there is none."""
    newest = await journal.batches(after=journal.last_seq - 1, limit=1)
    return newest[-1].at if newest else Ms(0)


async def stored(journal: Journal, file: File) -> File:
    """A file as a batch may speak of it: a large one is written before, so that no commit waits for it."""
    if file.content is None or len(file.content) <= BLOB_BYTES_MAX:
        return file
    await journal.put_blob(Blob(hash=file.hash, body=file.content))
    return replace(file, content=None)


def is_live(document: Document) -> bool:
    """Whether a document belongs to its owner's working set."""
    match document:
        case Customer() | Agent() | Staffing():
            return True
        case Slot():
            return not document.free
        case Case():
            return document.status.is_live
        case Message() if document.channel is Channel.CHAT:  # it waits until they come for it
            return document.moved_to is None and document.state in (MessageState.QUEUED, MessageState.SENT)
        case Message():
            return document.state in (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)
        case Call():
            return document.state is not CallState.ENDED
        case Recording():
            return not document.is_settled
        case Promise():
            return document.state.is_pending
        case Work():
            return document.state is not WorkState.DONE


def owner_of(document: Document) -> str:
    match document:
        case Customer():
            return document.id
        case Case() | Message() | Call() | Recording() | Promise():
            return document.customer
        case Agent() | Work() | Slot() | Staffing():
            return DOMAIN


def command_kind(events: tuple[Event, ...]) -> str:
    """The kind of the command that a batch came from."""
    first = events[0]
    return first.kind if isinstance(first, CommandTaken) else ""
