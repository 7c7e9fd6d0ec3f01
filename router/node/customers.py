"""Customer scope: one command at a time per customer, decided on that customer's own documents.

A first contact holds its normalised address, so that twelve parts of one album never make two customers. What was
read is checked again at the append; on a conflict it is read and decided anew.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import assert_never

from router.core.addresses import is_anonymous, matching_key
from router.core.clock import Clock
from router.core.commands import (
    AddAddress,
    AddNote,
    AnswerLanguage,
    AssignCase,
    BeginAttempt,
    BeginLeg,
    BeginRecording,
    CancelCallback,
    CustomerCommand,
    EraseCustomer,
    ExportCustomer,
    FoldWork,
    ForgetWords,
    HangUp,
    HearCall,
    HoldCall,
    JoinCall,
    MailIn,
    NoteCall,
    NoteRecording,
    OpenCase,
    Other,
    PutFirst,
    RecordAttempt,
    RecordDelivery,
    RecordLeg,
    ReleaseMessage,
    SendReply,
    SetDeadline,
    SetHold,
    SetParticipant,
    SetRecording,
    SetStatus,
    Spoken,
    StartCall,
    TakeCall,
    TakeContact,
    TakeRecording,
)
from router.core.contacts import sender_key
from router.core.context import Decision
from router.core.decide import decide
from router.core.documents import Call, Case, Customer, Document, Entry, Message, Promise, Recording, State
from router.core.errors import Fault, Reason, Rejected
from router.core.events import LegPlaced, MessageSent, RecordingStarted
from router.core.letters import participant_key
from router.core.values import replace
from router.core.words import AddressId
from router.journal.base import DOMAIN, PROVIDER_KEY_KEPT_MS, Answer, Journal, KeyTaken, Ms, VersionConflict, owner_of
from router.journal.faultpoints import FaultPoints
from router.node.locks import Locks
from router.node.shelf import Shelf
from router.node.taking import AnswerOf, Means, Outcome, batch_of

TRIES_MAX = 5
PAGE = 200
ABOUT_MESSAGES = (BeginAttempt, RecordAttempt, RecordDelivery, ReleaseMessage)
ABOUT_CALLS = (HearCall, NoteCall, BeginLeg, RecordLeg, HoldCall, HangUp, SetRecording, JoinCall)
ABOUT_RECORDINGS = (BeginRecording, NoteRecording)


class Gone(Exception):
    """Whoever was found under an address was erased since: nobody is found there any more."""


class CustomerScope:
    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        means: Means,
        faults: FaultPoints,
        spoken_id: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._means = means
        self._faults = faults
        self._locks = Locks()
        self._spoken_id = spoken_id
        self.shelf = Shelf()

    async def take(self, command: CustomerCommand, answer_of: AnswerOf | None = None) -> Outcome:
        """Decide and commit. Raises Rejected; a key done before gives the answer of then."""
        if isinstance(command, TakeContact) and command.thread is not None:
            return await self._take_in_thread(command, command.thread, answer_of or keep_key(command.key, command.at))
        if isinstance(command, TakeContact | TakeCall) or (isinstance(command, OpenCase) and command.customer is None):
            return await self._take_contact(command, answer_of or keep_key(command.key, command.at))
        if isinstance(command, EraseCustomer | SetHold | ForgetWords):
            return await self._erase(command, answer_of)
        if isinstance(command, TakeRecording):
            answer_of = keep_key(command.key, command.at)
        if answer_of is None and isinstance(command, RecordAttempt | RecordDelivery | RecordLeg | NoteRecording):
            answer_of = claim_sent
        document = _document_of(command)
        owner = await self._owner(document, _noun_of(command))
        found: AddressId | None = None
        if isinstance(command, AddAddress | SetParticipant):
            key = matching_key(command.address)
            if isinstance(command, SetParticipant):
                key = participant_key(command.case, command.address)
            found = known[1] if (known := await self._find(key)) else None
        async with self._locks.hold(owner):
            return await self._decide(command, owner, answer_of, found=found, document=document)

    async def _owner(self, document: str, noun: str) -> str:
        owner = self.shelf.owner(document)
        if owner is None:
            loaded = await self._journal.load_by_document(document)
            if loaded.customer is None or loaded.customer == DOMAIN:
                raise Rejected(Reason.NOT_FOUND, noun)
            owner = loaded.customer
        return owner

    async def _take_in_thread(self, command: TakeContact, case: str, answer_of: AnswerOf) -> Outcome:
        """A mail that says which case it is about is decided on that case, whoever sent it."""
        owner = await self._owner(case, "case")
        denied = command.mail is not None and command.mail.vouched is False
        async with self._locks.hold(owner):  # whoever takes part is found under it, so that nobody is added twice
            found: AddressId | None = None
            for key in () if denied else (matching_key(command.sender), participant_key(case, command.sender)):
                known = await self._find(key)
                if known is not None and known[0] == owner:
                    found = known[1]
                    break
            return await self._decide(command, owner, answer_of, found=found, document=case)

    async def _take_contact(self, command: TakeContact | TakeCall | OpenCase, answer_of: AnswerOf) -> Outcome:
        key = f"nobody {command.key}" if is_anonymous(command.sender) else sender_key(command)
        line = f"address {key}"
        known = None if self._locks.is_held(line) else self.shelf.by_address(key)
        if known is not None:
            with suppress(Gone):
                return await self._take_known(command, answer_of, known)
        # Whoever came while the first contact was under way stays in line behind it: nobody overtakes.
        async with self._locks.hold(line):
            known = self.shelf.by_address(key) or await self._find(key)
            if known is None:
                try:
                    return await self._first_contact(command, answer_of, key=key)
                except VersionConflict:  # another node was first with this address
                    known = await self._find(key)
                    if known is None:
                        raise
            try:
                outcome = await self._take_known(command, answer_of, known)
            except Gone:
                return await self._first_contact(command, answer_of, key=key)
            self.shelf.know_address(key, *known)
            return outcome

    async def _take_known(
        self, command: TakeContact | TakeCall | OpenCase, answer_of: AnswerOf, known: tuple[str, AddressId]
    ) -> Outcome:
        async with self._locks.hold(known[0]):
            if self._journal.is_erased(known[0]):
                raise Gone
            return await self._decide(command, known[0], answer_of, found=known[1])

    async def _erase(self, command: EraseCustomer | SetHold | ForgetWords, answer_of: AnswerOf | None) -> Outcome:
        """Decided on all that they have, and with every key under which they are found: a first contact from the same
        address is somebody else's in the very next instant."""
        owner = await self._owner(_document_of(command), "customer")
        async with self._locks.hold(owner):
            self.shelf.drop(owner)
            before: State = {document.id: document for document in await self._journal.owned(owner)}
            if not isinstance(command, ForgetWords):
                command = replace(command, keys=await keys_of(self._journal, before), spoken=await self._spoken(before))
            decision = decide(before, command, self._means.context(command, self._clock.now()))
            outcome = await self._commit(command, owner, before, decision, answer_of)
            self.shelf.drop(owner)
            return outcome

    async def _spoken(self, state: State) -> tuple[Spoken, ...]:
        """What the provider's own machine recorded of their words, as the vault names it."""
        found: list[Spoken] = []
        for case in (d for d in state.values() if isinstance(d, Case)):
            async for rows in pages(self._journal, case.id, kinds=("call",)):
                media = {id for row in rows if row.facts.get("what") == "recorded" for id in row.media}
                for body in (await self._journal.words(sorted(media))).values():
                    if (id := self._spoken_id(body.partition(" ")[2])) is not None:
                        found.append(Spoken(case=case.id, provider_id=id))
        return tuple(found)

    async def _find(self, key: str) -> tuple[str, AddressId] | None:
        loaded = await self._journal.load_by_address(key)
        if loaded.customer is None or loaded.address is None:
            return None
        # The working set is read again under the customer's lock; here only who it is counts.
        return loaded.customer, loaded.address

    async def _first_contact(
        self, command: TakeContact | TakeCall | OpenCase, answer_of: AnswerOf, *, key: str
    ) -> Outcome:
        now = self._clock.now()
        before: State = {}
        decision = decide(before, command, self._means.context(command, now))
        customer = next(d.id for d in decision.state.values() if isinstance(d, Customer))
        outcome = await self._commit(command, customer, before, decision, answer_of)
        if not outcome.is_repeat:
            self.shelf.put(customer, decision.state)
            for indexed in decision.indexed:
                if indexed.key == key:
                    self.shelf.know_address(key, customer, indexed.address)
        return outcome

    async def _decide(
        self,
        command: CustomerCommand,
        owner: str,
        answer_of: AnswerOf | None,
        *,
        found: AddressId | None = None,
        document: str | None = None,
    ) -> Outcome:
        for _ in range(TRIES_MAX):
            bounced = command.mail.bounced if isinstance(command, TakeContact) and command.mail is not None else None
            before = await self._working_set(owner, document, bounced)
            if isinstance(command, TakeContact) and command.mail is not None and command.mail.others:
                command = await self._with_people(command, command.mail, before)
            now = self._clock.now()
            decision = decide(before, command, self._means.context(command, now, found))
            try:
                outcome = await self._commit(command, owner, before, decision, answer_of)
            except VersionConflict:
                self.shelf.drop(owner)
                continue
            if not outcome.is_repeat:
                self.shelf.put(owner, decision.state)
            return outcome
        raise Fault(f"{type(command).__name__} met {TRIES_MAX} version conflicts in a row")

    async def _with_people(self, command: TakeContact, mail: MailIn, before: State) -> TakeContact:
        """A mail with what is known by now of everybody it went to."""
        cases = [d.id for d in before.values() if isinstance(d, Case)]
        others: list[Other] = []
        for other in mail.others:
            known = await self._find(matching_key(other.address))
            parts = [case for case in cases if await self._find(participant_key(case, other.address))]
            others.append(replace(other, owner=known[0] if known else "", takes_part_in=tuple(parts)))
        return replace(command, mail=replace(mail, others=tuple(others)))

    async def _working_set(self, owner: str, document: str | None, *more: str | None) -> State:
        state = self.shelf.state(owner)
        if state is None:
            loaded = await self._journal.load_by_document(owner)
            state = loaded.state
        needed = [id for id in (document, *more) if id is not None]
        customer = state.get(owner)
        if isinstance(customer, Customer) and customer.last_case and customer.last_case not in state:
            needed.append(customer.last_case)
        for id in needed:
            extra = state.get(id) or await self._journal.document(id)
            if extra is not None and owner_of(extra) == owner:  # a report may name a message of somebody else
                state = state if id in state else {**state, id: extra}
                for other in _beside(extra):
                    if other not in state and (found := await self._journal.document(other)):
                        state = {**state, other: found}
        return state

    async def _commit(
        self,
        command: CustomerCommand,
        owner: str,
        before: State,
        decision: Decision,
        answer_of: AnswerOf | None,
    ) -> Outcome:
        now = self._clock.now()
        answer = answer_of(decision) if answer_of else None
        try:
            stored = await self._journal.append(batch_of(owner, command, before, decision, at=now, answer=answer))
        except KeyTaken as taken:
            return Outcome(stored=None, decision=None, answer=await self._journal.answer(str(taken)))
        return Outcome(stored=stored, decision=decision, answer=answer)


async def keys_of(journal: Journal, state: State) -> tuple[str, ...]:
    """Every key under which a customer, and whoever takes part in their cases, is found by an address."""
    customer = next((d for d in state.values() if isinstance(d, Customer)), None)
    cases = [d for d in state.values() if isinstance(d, Case)]
    taking_part = {p.address.id: case.id for case in cases for p in case.participants}
    theirs = [a.id for a in customer.addresses] if customer else []
    words = await journal.words([*theirs, *taking_part])
    plain = [matching_key(words[id]) for id in theirs if id in words]
    of_cases = [participant_key(case, words[id]) for id, case in taking_part.items() if id in words]
    return (*plain, *(f"unverified {key}" for key in plain), *of_cases)


async def pages(journal: Journal, case: str, *, kinds: tuple[str, ...] = ()) -> AsyncIterator[list[Entry]]:
    """The timeline of a case, a page at a time."""
    after = 0
    while rows := await journal.entries(case, after=after, limit=PAGE, kinds=kinds):
        yield rows
        after = rows[-1].n


def keep_key(key: str, at: Ms) -> AnswerOf:
    """Remember a provider's id as done; the answer to it is always the same and needs no keeping."""
    return lambda _: Answer(key=key, status=200, body="", kept_until=Ms(at + PROVIDER_KEY_KEPT_MS))


def _noun_of(command: CustomerCommand) -> str:
    if isinstance(command, ABOUT_MESSAGES):
        return "message"
    if isinstance(command, ABOUT_RECORDINGS):
        return "recording"
    if isinstance(command, AddAddress | ExportCustomer):
        return "customer"
    return "call" if isinstance(command, ABOUT_CALLS) else "case"


def _beside(document: Document) -> tuple[str, ...]:
    """What is looked at together with a document."""
    match document:
        case Call():
            return (document.case, *document.recordings)
        case Recording():
            return (document.case, *((document.call,) if document.call else ()))
        case Message() | Promise():
            return (document.case,)
        case _:
            return ()


def sent_key(provider_id: str) -> str:
    """The key under which a message at the provider is known as one of ours."""
    return f"sent/{provider_id}"


def claim_sent(decision: Decision) -> Answer:
    """No two messages, legs or recordings of ours are one and the same at the provider: whichever was told first keeps
    it."""
    sent = next((e for e in decision.events if isinstance(e, MessageSent | LegPlaced | RecordingStarted)), None)
    if sent is None:
        return Answer(key="", status=200, body="")
    return keep_key(sent_key(sent.provider_id), sent.at)(decision)


def _document_of(command: CustomerCommand) -> str:
    """The document that names the customer whom a command is about."""
    match command:
        case BeginAttempt() | RecordAttempt() | RecordDelivery() | ReleaseMessage():
            return command.message
        case HearCall() | NoteCall() | BeginLeg() | RecordLeg() | HoldCall() | HangUp() | TakeRecording():
            return command.call
        case SetRecording() | JoinCall():
            return command.call
        case BeginRecording() | NoteRecording():
            return command.recording
        case CancelCallback():
            return command.promise
        case OpenCase() | AddAddress() | EraseCustomer() | SetHold() | ExportCustomer():
            return command.customer or ""
        case ForgetWords():
            return command.case
        case TakeContact() | TakeCall():
            raise Fault("an arrival is found by its sender")
        case SetParticipant():
            return command.case
        case SendReply() | AddNote() | SetStatus() | AssignCase() | FoldWork() | StartCall():
            return command.case
        case PutFirst() | SetDeadline() | AnswerLanguage():
            return command.case
        case _:
            assert_never(command)
