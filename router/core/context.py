"""What a decision needs from outside, passed in, and the place where it is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from policies import PolicySet, Verdict
from policies.facts import NOW
from router.core.addresses import AddressFacts
from router.core.capacity import FindRoom, any_room
from router.core.choice import There, nobody
from router.core.clock import Ms
from router.core.commands import Blob, Indexed, Kept
from router.core.documents import Call, Case, Customer, Document, Message, Promise, Recording, State
from router.core.errors import Reason, Rejected
from router.core.events import CaseOpened, Event
from router.core.evolve import evolve
from router.core.tree import asking, head_of
from router.core.values import value
from router.core.waits.said import FindPlace, FindWait, no_place, no_wait
from router.core.words import AddressId, CaseId, Channel, CustomerId, Ids, MessageId, VaultId

PageLink = Callable[[CaseId, Ms, str], str]
"""The address of a page that carries a case, signed at an instant for a short while; a word tells it from others of the
moment. Empty where nobody outside reaches us by an address."""


def no_page(case: CaseId, now: Ms, once: str) -> str:
    """Without an address of ours there is no page."""
    return ""


@value
class SharedLine:
    """A line that several people use: who they are, and under which key whoever writes there now is found again."""

    key: str
    users: tuple[CustomerId, ...]


@value
class Dialled:
    """What is known of the number that a command names. `theirs`: the addresses that this person has it as;
    `is_pending`: a call to it is promised, to whomever; `times`: how often it was dialled within a day because somebody
    named it whose number it may not be; `shown`: the number itself, where a caller shows it whom nobody vouches for."""

    theirs: tuple[AddressId, ...] = ()
    is_pending: bool = False
    times: int = 0
    shown: str = ""


NAMES_NONE = Dialled()

Alike = tuple[frozenset[AddressId], ...]
"""Addresses of one person that are one and the same, in groups of two and more."""


@value
class Context:
    """`senders`: our number for each channel we can write first on. `found`: the address that the sender's matching key
    already has. `case_number` counts cases up from 0. `there`: whether somebody is in the chat of an address now.
    `since`: from when on we have been here without a break. `wait`: how long a case still waits for somebody live;
    `place`: would wait that stood in line with a place from now on."""

    now: Ms
    ids: Ids
    policy: PolicySet
    case_number: Callable[[], int]
    reference_offset: int
    facts_of: Callable[[str], AddressFacts]
    senders: Mapping[Channel, str]
    found: AddressId | None = None
    there: There = nobody
    since: Ms = Ms(0)
    shared: SharedLine | None = None  # the contact comes from such a line
    dialled: Dialled = NAMES_NONE
    alike: Alike = ()  # of those that the command says something of which holds for all of them
    room: FindRoom = any_room
    wait: FindWait = no_wait
    place: FindPlace = no_place
    page: PageLink = no_page
    awaited: bool = False  # somebody is promised a call to the number that it comes from

    def is_ours(self, number: str) -> bool:
        """Whether a number is one of our own, at which we would reach nobody but ourselves."""
        return is_ours(number, self.senders, self.policy)


def is_ours(number: str, senders: Mapping[Channel, str], policy: PolicySet) -> bool:
    """Whether a number is one that we write or are called at."""
    return number in senders.values() or number in policy.numbers


@dataclass(slots=True)
class Making:
    """A decision being made: each event is folded at once, so that the next rule sees what the last one changed."""

    state: State
    context: Context
    events: list[Event] = field(default_factory=list[Event])
    kept: list[Kept] = field(default_factory=list[Kept])
    indexed: list[Indexed] = field(default_factory=list[Indexed])
    blobs: list[Blob] = field(default_factory=list[Blob])
    erased: list[str] = field(default_factory=list[str])
    unindexed: list[str] = field(default_factory=list[str])
    forgotten: list[VaultId] = field(default_factory=list[VaultId])
    unanswered: str = ""  # why no automatic mail may go out because of what came

    @property
    def now(self) -> Ms:
        return self.context.now

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self.state = evolve(self.state, event)

    def usual(self, channel: Channel, **known: str) -> Verdict:
        """What the rules say of a channel where no words tell more: how long people may wait there."""
        return self.context.policy.route({"channel": channel.value, "text": "", NOW: self.now, **known})

    def alike(self, id: AddressId) -> frozenset[AddressId]:
        """All ids under which this address stands, itself among them."""
        return next((ids for ids in self.context.alike if id in ids), frozenset((id,)))

    def keep(self, words: str, *, kind: str, owner: str) -> VaultId:
        """Put words into the vault and return where they stand."""
        id = VaultId(self.context.ids.new("med" if kind == "media" else "v"))  # files are fetched by their id
        self.kept.append(Kept(id=id, owner=owner, kind=kind, body=words))
        return id

    def store(self, hash: str, content: bytes) -> None:
        """Put a file beside the vault, under the hash of its content."""
        self.blobs.append(Blob(hash=hash, body=content))

    def customer(self, id: str) -> Customer:
        found = self.state.get(id)
        if not isinstance(found, Customer):
            raise Rejected(Reason.NOT_FOUND, "customer")
        return found

    def case(self, id: CaseId) -> Case:
        found = self.state.get(id)
        if not isinstance(found, Case):
            raise Rejected(Reason.NOT_FOUND, "case")
        return found

    def head(self, id: CaseId) -> Case:
        """The case that a case goes on in: itself, unless it was merged."""
        return head_of(self.state, self.case(id))

    def asking(self, id: CaseId) -> Case:
        """Which of the cases joined with this one asks for an agent; the head where none does."""
        case = self.case(id)
        return case if case.side is None else asking(self.state, case)

    def call(self, id: str) -> Call:
        found = self.state.get(id)
        if not isinstance(found, Call):
            raise Rejected(Reason.NOT_FOUND, "call")
        return found

    def promise(self, id: str) -> Promise:
        found = self.state.get(id)
        if not isinstance(found, Promise):
            raise Rejected(Reason.NOT_FOUND, "promise")
        return found

    def recording(self, id: str) -> Recording:
        found = self.state.get(id)
        if not isinstance(found, Recording):
            raise Rejected(Reason.NOT_FOUND, "recording")
        return found

    def message(self, id: MessageId) -> Message:
        found = self.state.get(id)
        if not isinstance(found, Message):
            raise Rejected(Reason.NOT_FOUND, "message")
        return found


@value
class Decision:
    """What was decided: events in order, words and files to keep, keys for the index, and the documents after."""

    events: tuple[Event, ...]
    kept: tuple[Kept, ...]
    indexed: tuple[Indexed, ...]
    state: State
    blobs: tuple[Blob, ...] = ()
    erased: tuple[str, ...] = ()  # owners of whom nothing is kept any more
    unindexed: tuple[str, ...] = ()  # keys that find nobody any more
    forgotten: tuple[VaultId, ...] = ()  # words that are kept no longer

    def opened(self) -> Case | None:
        """The case that this decision opened, as it stands after it."""
        opened = next((event.case for event in self.events if isinstance(event, CaseOpened)), None)
        case = self.state.get(opened or "")
        return case if isinstance(case, Case) else None

    def changed(self, before: State) -> list[tuple[Document, int]]:
        """Documents that differ from `before`, each with the version it had there (0 when new)."""
        return [
            (document, before[id].version if id in before else 0)
            for id, document in self.state.items()
            if before.get(id) is not document
        ]
