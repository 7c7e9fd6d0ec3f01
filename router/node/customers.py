"""Customer scope: one command at a time per customer, decided on that customer's own documents.

A first contact holds its normalised address, so that twelve parts of one album never make two customers. Customers who
were found to be one person have one lock, that of the one whom all of them point to, and one working set. What was read
is checked again at the append; on a conflict it is read and decided anew.
"""

from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack, suppress
from typing import assert_never

from router.core.addresses import is_anonymous, matching_key
from router.core.call_parts import provider_id
from router.core.chats import typed_key
from router.core.clock import Clock
from router.core.commands import (
    AddAddress,
    AddNote,
    AnswerCode,
    AnswerLanguage,
    AskCode,
    AssignCase,
    BeginAttempt,
    BeginLeg,
    BeginRecording,
    BlockLine,
    BreakOffCall,
    BringLines,
    BringOutside,
    CancelCallback,
    CustomerCommand,
    DropCandidates,
    EraseCustomer,
    ErasePart,
    ExportCustomer,
    ExportPart,
    FoldWork,
    FollowAnswers,
    ForgetWords,
    GiveCode,
    HangUp,
    HearCall,
    HoldCall,
    JoinCall,
    KeepPromise,
    LeaveChat,
    MailIn,
    MakePromise,
    MergeCases,
    MergeCustomers,
    MovePromise,
    NoteAway,
    NoteCall,
    NoteMissing,
    NoteRecording,
    OfferSwitch,
    OpenCase,
    Other,
    PairDevice,
    PlaceCase,
    PutFirst,
    RecordAttempt,
    RecordDelivery,
    RecordLeg,
    ReleaseContact,
    ReleaseMessage,
    RevokeLinks,
    SendReply,
    SetDeadline,
    SetHold,
    SetParticipant,
    SetRecording,
    SetStatus,
    SetTerms,
    SharedWith,
    ShareLine,
    SignIn,
    SplitCase,
    Spoken,
    StartCall,
    TakeCall,
    TakeContact,
    TakeRecording,
    UnmergeCases,
    UnmergeCustomers,
    UnpairDevice,
)
from router.core.contacts import sender_key
from router.core.context import Alike, Decision, SharedLine
from router.core.decide import decide
from router.core.documents import Case, Customer, State
from router.core.errors import Fault, Reason, Rejected
from router.core.events import ConsentChanged, LegPlaced, MessageSent, RecordingStarted
from router.core.letters import UNGUESSABLE, participant_key, participant_keys
from router.core.parts import merge_key
from router.core.tree import owner_of_address
from router.core.values import replace
from router.core.words import DAY_MS, SECOND_MS, AddressId, CallId, Evidence
from router.journal.base import DOMAIN, PROVIDER_KEY_KEPT_MS, Answer, Journal, KeyTaken, Ms, VersionConflict
from router.journal.faultpoints import FaultPoints
from router.node.alike import alike_of
from router.node.locks import Locks
from router.node.numbers import is_awaited, known_of, number_of
from router.node.others import keys_of_part, words_of_part
from router.node.paging import pages
from router.node.person import person_in
from router.node.shared_lines import blocks, line_at, lines_of, stops
from router.node.shelf import Shelf
from router.node.taking import AnswerOf, Means, Outcome, batch_of, case_in
from router.node.told import key_for, told
from router.node.working_sets import WorkingSets

TRIES_MAX = 5
ABOUT_MESSAGES = (BeginAttempt, RecordAttempt, RecordDelivery, ReleaseMessage)
ABOUT_CALLS = (HearCall, NoteCall, BeginLeg, RecordLeg, HoldCall, BreakOffCall, HangUp, SetRecording, JoinCall)
ABOUT_RECORDINGS = (BeginRecording, NoteRecording)


class PersonChanged(Exception):
    """Whose documents are meant was found out before their lock was held, and is not so any more."""


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
        self._sets = WorkingSets(journal, self.shelf)

    async def take(self, command: CustomerCommand, answer_of: AnswerOf | None = None) -> Outcome:
        """Decide and commit. Raises Rejected; a key done before gives the answer of then."""
        if number := number_of(command):  # whoever else names it waits: of two wishes one is the first
            async with self._locks.hold(f"dial {matching_key(number)}"):
                return await self._take_again(command, answer_of)
        return await self._take_again(command, answer_of)

    async def _take_again(self, command: CustomerCommand, answer_of: AnswerOf | None) -> Outcome:
        for _ in range(TRIES_MAX):
            try:
                return await self._take(command, answer_of)
            except PersonChanged:
                continue
        raise Fault(f"{type(command).__name__} met {TRIES_MAX} changes of person in a row")

    async def root_of(self, customer: str) -> str:
        """The customer under whom a customer stands: themselves, unless they were found to be somebody else as well."""
        return await self._sets.root_of(customer)

    async def _take(self, command: CustomerCommand, answer_of: AnswerOf | None) -> Outcome:
        if isinstance(command, MergeCustomers):
            return await self._merge_customers(command, answer_of)
        if isinstance(command, UnmergeCases | UnmergeCustomers):
            return await self._unmerge(command, answer_of)
        if isinstance(command, TakeContact) and command.thread is not None and command.mail is None:
            return await self._take_carried(command, command.thread, answer_of or keep_case(command.key, command.at))
        if isinstance(command, TakeContact) and command.thread is not None:
            return await self._take_in_thread(command, command.thread, answer_of or keep_case(command.key, command.at))
        if isinstance(command, TakeContact | TakeCall) or (isinstance(command, OpenCase) and command.customer is None):
            keep = keep_case if isinstance(command, TakeContact) else keep_key
            answer_of = answer_of or keep(command.key, command.at)
            try:
                return await self._take_contact(command, answer_of)
            except Rejected as rejected:
                if rejected.reason is not Reason.SHARED_LINE or isinstance(command, OpenCase):
                    raise
                return await self._take_shared(command, answer_of)
        if isinstance(command, SignIn):
            return await self._sign_in(command, answer_of)
        if isinstance(command, EraseCustomer | ErasePart | SetHold | ForgetWords):
            return await self._erase(command, answer_of)
        if isinstance(command, TakeRecording):
            answer_of = keep_key(command.key, command.at)
            command = await self._of_our_leg(command)
        if answer_of is None and isinstance(command, RecordAttempt | RecordDelivery | RecordLeg | NoteRecording):
            answer_of = claim_sent
        document = _document_of(command)
        owner = await self._owner(document, _noun_of(command))
        found: AddressId | None = None
        for key in _keys_of(command):
            if (known := await self._find(key)) is not None:
                found = known[1]
                break
        if isinstance(command, LeaveChat):
            command = replace(command, told_key=await key_for(self._journal, command))
        async with self._locks.hold(owner):
            outcome = await self._decide(command, owner, answer_of, found=found, document=document)
        if isinstance(command, RecordAttempt | RecordDelivery) and outcome.decision is not None:
            await self._stop_others(outcome.decision)
        return outcome

    async def _of_our_leg(self, command: TakeRecording) -> TakeRecording:
        """Words that were recorded in a call that we made, with our name for it; the provider knows its own alone."""
        placed = await self._journal.answer(sent_key(provider_id(command.call)))
        return replace(command, call=CallId(placed.body)) if placed is not None and placed.body else command

    async def _stop_others(self, decision: Decision) -> None:
        """What a provider knows of a stop on a line that several people use holds for each of them."""
        for event in decision.events:
            if not isinstance(event, ConsentChanged):
                continue
            customer = decision.state.get(event.customer)
            address = customer.address(event.address) if isinstance(customer, Customer) else None
            if address is None or not (address.users or address.shared):
                continue
            key = matching_key((await self._journal.words([address.id])).get(address.id, ""))
            line = await line_at(self._journal, self._find, key, at=event.at)
            for block in stops(event, line.users):
                with suppress(Rejected):  # it holds for them already
                    await self.take(block)

    async def _owner(self, document: str, noun: str) -> str:
        owner = self.shelf.owner(document)
        if owner is None:
            loaded = await self._journal.load_by_document(document)
            if loaded.customer is None or loaded.customer == DOMAIN:
                raise Rejected(Reason.NOT_FOUND, noun)
            owner = await self._sets.root(loaded.customer, loaded.state)
        return owner

    async def _merge_customers(self, command: MergeCustomers, answer_of: AnswerOf | None) -> Outcome:
        """Both locks are held, in order of their ids, so that nothing of either is decided meanwhile."""
        one, other = await self._owner(command.customer, "customer"), await self._owner(command.into, "customer")
        if one == other:
            raise Rejected(Reason.NOTHING_TO_DO, "one person")
        async with AsyncExitStack() as held:
            for root in sorted((one, other)):
                await held.enter_async_context(self._locks.hold(root))
            before = {**await self._sets.load(one, command.customer), **await self._sets.load(other, command.into)}
            _check_person(before, one, command.customer, None)
            _check_person(before, other, command.into, None)
            decision = decide(before, command, self._means.context(command, self._clock.now()))
            try:
                return await self._commit(command, other, before, decision, answer_of)
            except VersionConflict:
                raise PersonChanged from None
            finally:
                self._forget(one, other)

    async def _unmerge(self, command: UnmergeCases | UnmergeCustomers, answer_of: AnswerOf | None) -> Outcome:
        """Who, or which case, was joined by it is found by its id."""
        loaded = await self._journal.load_by_address(merge_key(command.merge))
        if loaded.customer is None or loaded.address is None:
            raise Rejected(Reason.NOT_FOUND, "merge")
        if (loaded.address == loaded.customer) is not isinstance(command, UnmergeCustomers):
            raise Rejected(Reason.NOT_FOUND, "merge")
        owner = await self._sets.root(loaded.customer, loaded.state)
        async with self._locks.hold(owner):
            if isinstance(command, UnmergeCases):
                return await self._decide(command, owner, answer_of, found=loaded.address, document=loaded.address)
            if not await self._is_to_be_erased(owner):
                beside = await self._sets.joined_of(loaded.customer)
                try:
                    return await self._decide(
                        command, owner, answer_of, found=loaded.address, document=loaded.address, beside=beside
                    )
                finally:
                    self._forget(owner, loaded.customer)
        return await self._decide_on_all(command, owner, answer_of, found=loaded.address)

    async def _is_to_be_erased(self, root: str) -> bool:
        """Whether somebody who is this person is to be erased: then all that they have is decided on."""
        return any(one.erase_wanted_at is not None for one in await person_in(self._journal, root))

    def _forget(self, *roots: str) -> None:
        """What was at hand of these is not the whole of it any more, or more than it."""
        for root in roots:
            self.shelf.drop(root)

    async def _take_in_thread(self, command: TakeContact, case: str, answer_of: AnswerOf) -> Outcome:
        """A mail that says which case it is about is decided on that case, whoever sent it."""
        owner = await self._owner(case, "case")
        denied = command.mail is not None and command.mail.vouched is False
        async with self._locks.hold(owner):  # whoever takes part is found under it, so that nobody is added twice
            found: AddressId | None = None
            for key in () if denied else await self._keys_in_thread(command, case):
                known = await self._find(key)
                if known is not None and known[0] == owner:
                    found = known[1]
                    break
            return await self._decide(command, owner, answer_of, found=found, document=case)

    async def _keys_in_thread(self, command: TakeContact, case: str) -> tuple[str, ...]:
        """Under which a mail's sender may be known in a case: as its customer, as somebody who takes part, and, where
        they write to the reply address that went there, as the visitor who typed that address."""
        keys = (matching_key(command.sender), participant_key(case, command.sender))
        document = await self._journal.document(case) if command.thread_by == UNGUESSABLE else None
        return (*keys, typed_key(document.customer, command.sender)) if isinstance(document, Case) else keys

    async def _take_carried(self, command: TakeContact, case: str, answer_of: AnswerOf) -> Outcome:
        """Whoever brings a carry token is that case's customer, unless we know them as somebody else: two people are
        not made one by a link that was passed on."""
        key = f"nobody {command.key}" if is_anonymous(command.sender) else sender_key(command)
        plain = replace(command, thread=None, thread_by="", evidence=Evidence.WEAK, grounds=())
        try:
            owner = await self._owner(case, "case")
        except Rejected:  # it is gone
            return await self._take_contact(plain, answer_of)
        async with self._locks.hold(f"address {key}"):
            known = None if is_anonymous(command.sender) else await self._find(key)
            if known is None or known[0] == owner:
                async with self._locks.hold(owner):
                    found = known[1] if known else None
                    return await self._decide(command, owner, answer_of, found=found, document=case, sender=found)
        return await self._take_contact(plain, answer_of)

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
            if known is None and (typed := await self._find_told(command)) is not None:
                with suppress(Gone):
                    return await self._take_known(command, answer_of, typed)
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

    async def _sign_in(self, command: SignIn, answer_of: AnswerOf | None) -> Outcome:
        """Somebody becomes known before they have said anything, unless they are."""
        key = sender_key(command)
        async with self._locks.hold(f"address {key}"):
            try:
                if await self._find(key) is None:
                    return await self._first_contact(command, answer_of, key=key)
            except VersionConflict:  # another node was first
                pass
        raise Rejected(Reason.NOTHING_TO_DO, "known")

    async def _find_told(self, command: TakeContact | TakeCall | OpenCase) -> tuple[str, AddressId] | None:
        """Under whom a reply from an address stands that a visitor typed."""
        within_ms = self._means.policy.settings.cases.link_window_days * DAY_MS
        found = await told(self._journal, command, within_ms=within_ms)
        return (await self.root_of(found[0]), found[1]) if found is not None else None

    async def _take_known(
        self, command: TakeContact | TakeCall | OpenCase, answer_of: AnswerOf, known: tuple[str, AddressId]
    ) -> Outcome:
        async with self._locks.hold(known[0]):
            if self._journal.is_erased(known[0]):
                raise Gone
            return await self._decide(command, known[0], answer_of, found=known[1], sender=known[1])

    async def _take_shared(self, command: TakeContact | TakeCall, answer_of: AnswerOf) -> Outcome:
        """A contact from a line that several people use stands with somebody of its own: who wrote there today or
        yesterday and was not named, or whom it answers; else somebody new. A stop from it is everybody's."""
        key = sender_key(command)
        async with self._locks.hold(f"shared {key}"):
            line = await line_at(self._journal, self._find, key, at=command.at)
            for block in blocks(command, line.users, self._means.policy):  # first, so that what comes again finishes it
                with suppress(Rejected):  # it holds for them already
                    await self.take(block, keep_key(block.key, command.at))
            for known in line.provisional:
                try:
                    return await self._take_known(command, answer_of, known)
                except Rejected as rejected:  # it was said who that was, and this is no answer to them
                    if rejected.reason is not Reason.SHARED_LINE:
                        raise
            return await self._first_contact(command, answer_of, key=line.next.key, shared=line.next)

    async def _erase(
        self, command: EraseCustomer | ErasePart | SetHold | ForgetWords, answer_of: AnswerOf | None
    ) -> Outcome:
        owner = await self._owner(_document_of(command), "customer")
        if isinstance(command, EraseCustomer | SetHold):
            return await self._decide_on_all(command, owner, answer_of)
        async with self._locks.hold(owner):
            if await self.root_of(owner) != owner:
                raise PersonChanged
            self.shelf.drop(owner)
            before = await self._all_of(owner)
            if isinstance(command, ErasePart):
                cases = [d for d in before.values() if isinstance(d, Case)]
                keys = await keys_of_part(self._journal, cases, command.address)
                words = await words_of_part(self._journal, cases, command.address)
                command = replace(command, keys=keys, words=words)
            decision = decide(before, command, self._means.context(command, self._clock.now()))
            outcome = await self._commit(command, owner, before, decision, answer_of)
            self.shelf.drop(owner)
            return outcome

    async def _decide_on_all(
        self,
        command: EraseCustomer | SetHold | UnmergeCustomers,
        owner: str,
        answer_of: AnswerOf | None,
        *,
        found: AddressId | None = None,
    ) -> Outcome:
        """Decided on all that a person has, and with every key under which they are found: a first contact from the
        same address is somebody else's in the very next instant. Where somebody is to go who stands for a line that
        others use, those know of it first, and it is decided again."""
        while True:
            async with self._locks.hold(owner):
                if await self.root_of(owner) != owner:
                    raise PersonChanged
                self.shelf.drop(owner)
                before = await self._all_of(owner)
                keys = await keys_of(self._journal, before)
                command = replace(command, keys=keys, spoken=await self._spoken(before))
                decision = decide(before, command, self._means.context(command, self._clock.now(), found))
                lines = await lines_of(self._journal, before, gone=decision.erased)
                if lines == command.lines:
                    try:
                        return await self._commit(command, owner, before, decision, answer_of)
                    finally:
                        self._forget(owner, *(d.id for d in before.values() if isinstance(d, Customer)))
            command = replace(command, lines=lines)
            await self._hand_on(lines, command)

    async def _hand_on(self, lines: Iterable[SharedWith], command: EraseCustomer | SetHold | UnmergeCustomers) -> None:
        """Who uses a line stands with one of them: with somebody else of them, from now on, as well."""
        for line in lines:
            share = ShareLine(
                key=f"{command.key}/{line.address}",
                customer=line.customer,
                address=line.address,
                actor=command.actor,
                users=line.users,
                shared=True,
            )
            with suppress(Rejected):  # it is known there already
                await self.take(share, None)

    async def _all_of(self, root: str) -> State:
        """All documents of a person, those that no longer matter too."""
        state: State = {}
        waiting = [root]
        for id in waiting:
            state |= {document.id: document for document in await self._journal.owned(id)}
            customer = state.get(id)
            waiting += customer.members if isinstance(customer, Customer) else ()
        return state

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
        """Under whom an address is found: the one customer whom all of that person point to."""
        loaded = await self._journal.load_by_address(key)
        if loaded.customer is None or loaded.address is None:
            return None
        # The working set is read again under the customer's lock; here only who it is counts.
        return await self._sets.root(loaded.customer, loaded.state), loaded.address

    async def _first_contact(
        self,
        command: TakeContact | TakeCall | OpenCase | SignIn,
        answer_of: AnswerOf | None,
        *,
        key: str,
        shared: SharedLine | None = None,
    ) -> Outcome:
        before: State = {}
        decision = await self._decided(command, before, shared=shared)
        customer = next(d.id for d in decision.state.values() if isinstance(d, Customer))
        outcome = await self._commit(command, customer, before, decision, answer_of)
        if not outcome.is_repeat:
            self.shelf.put(customer, decision.state)
            for indexed in decision.indexed:
                if indexed.key == key:
                    self.shelf.know_address(key, customer, indexed.address)
        return outcome

    async def _decided(
        self,
        command: CustomerCommand,
        before: State,
        *,
        found: AddressId | None = None,
        shared: SharedLine | None = None,
        alike: Alike = (),
    ) -> Decision:
        now = self._clock.now()
        busy_for_ms = self._means.policy.settings.callbacks.busy_for_s * SECOND_MS
        dialled = await known_of(self._journal, command, before, now=now, busy_for_ms=busy_for_ms)
        context = self._means.context(command, now, found, shared=shared, dialled=dialled, alike=alike)
        decision = decide(before, command, context)
        if await is_awaited(self._journal, command, decision):
            decision = decide(before, command, replace(context, awaited=True))
        return decision

    async def _decide(
        self,
        command: CustomerCommand,
        owner: str,
        answer_of: AnswerOf | None,
        *,
        found: AddressId | None = None,
        document: str | None = None,
        sender: AddressId | None = None,
        beside: tuple[str, ...] = (),
    ) -> Outcome:
        for _ in range(TRIES_MAX):
            more = command.mail.bounced if isinstance(command, TakeContact) and command.mail is not None else None
            if isinstance(command, MergeCases):
                more = command.into
            before = await self._sets.load(owner, document, more, *beside)
            _check_person(before, owner, document, sender)
            if isinstance(command, MergeCases) and command.into not in before:
                raise await self._not_theirs(command)
            if isinstance(command, SplitCase):
                command = await self._sets.with_rows(command, before)
            if isinstance(command, UnmergeCases):
                command = await self._sets.with_what_stays(command, before, found)
            if isinstance(command, TakeContact) and command.mail is not None and command.mail.others:
                command = await self._with_people(command, command.mail, before)
            alike = await alike_of(self._journal, self._means.policy, command, before, found)
            decision = await self._decided(command, before, found=found, alike=alike)
            try:
                outcome = await self._commit(command, owner, before, decision, answer_of)
            except VersionConflict:
                self.shelf.drop(owner)
                continue
            if not outcome.is_repeat:
                self.shelf.put(owner, decision.state)
            return outcome
        raise Fault(f"{type(command).__name__} met {TRIES_MAX} version conflicts in a row")

    async def _not_theirs(self, command: MergeCases) -> Rejected:
        case, into = await self._journal.document(command.case), await self._journal.document(command.into)
        if not isinstance(case, Case) or not isinstance(into, Case):
            return Rejected(Reason.NOT_FOUND, "case")
        return Rejected(Reason.OTHER_CUSTOMER, f"{case.ref} and {into.ref}")

    async def _with_people(self, command: TakeContact, mail: MailIn, before: State) -> TakeContact:
        """A mail with what is known by now of everybody it went to."""
        cases = [d.id for d in before.values() if isinstance(d, Case)]
        others: list[Other] = []
        for other in mail.others:
            known = await self._journal.load_by_address(matching_key(other.address))
            parts = [case for case in cases if await self._find(participant_key(case, other.address))]
            others.append(replace(other, owner=known.customer or "", takes_part_in=tuple(parts)))
        return replace(command, mail=replace(mail, others=tuple(others)))

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
    """Every key under which a person, and whoever takes part in their cases, is found by an address."""
    cases = [d for d in state.values() if isinstance(d, Case)]
    taking_part = {p.address.id: case.id for case in cases for p in case.participants}
    theirs = [a.id for d in state.values() if isinstance(d, Customer) for a in d.addresses]
    words = await journal.words([*theirs, *taking_part])
    plain = [matching_key(words[id]) for id in theirs if id in words]
    of_cases = [k for id, case in taking_part.items() if id in words for k in participant_keys(case, words[id])]
    return (*plain, *(f"unverified {key}" for key in plain), *of_cases)


def keep_key(key: str, at: Ms) -> AnswerOf:
    """Remember a provider's id as done; the answer to it is always the same and needs no keeping."""
    return lambda _: Answer(key=key, status=200, body="", kept_until=Ms(at + PROVIDER_KEY_KEPT_MS))


def keep_case(key: str, at: Ms) -> AnswerOf:
    """The same of what somebody wrote, with the case that it stands on."""

    def answer(decision: Decision) -> Answer:
        kept, case = keep_key(key, at)(decision), case_in(decision)
        return kept if case is None else replace(kept, body=f'{{"case":"{case}"}}')

    return answer


def _check_person(state: State, root: str, document: str | None, sender: AddressId | None) -> None:
    """Raises PersonChanged where customers were joined, or taken apart, while this command waited for their lock."""
    customer = state.get(root)
    if isinstance(customer, Customer) and customer.joined is not None:
        raise PersonChanged
    if sender is not None and owner_of_address(state, sender) is None:
        raise PersonChanged
    if document is not None and document not in state:
        raise PersonChanged


def _noun_of(command: CustomerCommand) -> str:
    if isinstance(command, ABOUT_MESSAGES):
        return "message"
    if isinstance(command, ABOUT_RECORDINGS):
        return "recording"
    if isinstance(command, CancelCallback | MovePromise | KeepPromise):
        return "promise"
    if isinstance(command, AddAddress | ExportCustomer):
        return "customer"
    return "call" if isinstance(command, ABOUT_CALLS) else "case"


def _keys_of(command: CustomerCommand) -> tuple[str, ...]:
    """Under which an address that a command names is looked for; the first that is somebody's counts."""
    match command:
        case AddAddress():
            return (matching_key(command.address),)
        case SetParticipant():
            return (participant_key(command.case, command.address),)
        case LeaveChat() | AskCode():
            return (typed_key(command.customer, command.given), matching_key(command.given))
        case GiveCode():
            return (matching_key(command.given),)
        case PairDevice():
            return (matching_key(command.device),)
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
    kept = keep_key(sent_key(sent.provider_id), sent.at)(decision)
    return replace(kept, body=sent.call) if isinstance(sent, LegPlaced) else kept


def _document_of(command: CustomerCommand) -> str:
    """The document that names the customer whom a command is about."""
    match command:
        case BeginAttempt() | RecordAttempt() | RecordDelivery() | ReleaseMessage():
            return command.message
        case HearCall() | NoteCall() | BeginLeg() | RecordLeg() | HoldCall() | HangUp() | TakeRecording():
            return command.call
        case BringOutside():
            return command.case
        case SetRecording() | JoinCall() | BreakOffCall():
            return command.call
        case BeginRecording() | NoteRecording():
            return command.recording
        case CancelCallback() | MovePromise() | KeepPromise():
            return command.promise
        case PairDevice() | UnpairDevice() | EraseCustomer() | SetHold() | ExportCustomer():
            return command.customer
        case ForgetWords() | ErasePart() | ExportPart():
            return command.case
        case MergeCases() | SplitCase() | PlaceCase() | NoteAway():
            return command.case
        case MergeCustomers() | UnmergeCases() | UnmergeCustomers():
            raise Fault("what a merge is about is found by it")
        case OpenCase() | AddAddress() | ShareLine() | BlockLine() | SetTerms():
            return command.customer or ""
        case LeaveChat() | BringLines() | FollowAnswers() | AskCode() | GiveCode():
            return command.customer
        case TakeContact() | TakeCall() | SignIn():
            raise Fault("an arrival is found by its sender")
        case SetParticipant() | DropCandidates() | ReleaseContact():
            return command.case
        case SendReply() | AddNote() | NoteMissing() | SetStatus() | AssignCase() | FoldWork() | StartCall():
            return command.case
        case MakePromise():
            return command.case
        case PutFirst() | SetDeadline() | AnswerCode() | AnswerLanguage() | OfferSwitch() | RevokeLinks():
            return command.case
        case _:
            assert_never(command)
