"""One node: the pure core with a journal, a clock and channels around it.

It starts in the order that loses nothing (documents, cases told, lines rebuilt, provider's log caught up) and stops at
once when the journal fails: it must not go on from a state that the disk does not hold.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import cast

import structlog

from channels.base import Channel, LiveChannel
from channels.clock import Activity
from channels.email.post import Envelope
from policies import PolicySet
from router.core.addresses import AddressFacts
from router.core.clock import Clock, Ms
from router.core.commands import (
    SYSTEM,
    ActivatePolicy,
    Command,
    CustomerCommand,
    HearCall,
    NoteCall,
    NoteRecording,
    RecordDelivery,
    TakeCall,
    TakeContact,
    TakeRecording,
)
from router.core.documents import Call, Case, Promise, Slot
from router.core.errors import Fault, Rejected
from router.core.events import CaseOpened, PolicyActivated
from router.core.reference import number_of
from router.core.values import replace as revised
from router.core.words import HOUR_MS, MINUTE_MS, SECOND_MS
from router.core.words import Channel as ChannelName
from router.journal import codec
from router.journal.base import Journal, JournalClosed, JournalStopped, ListenerFailed, Stored, tell
from router.journal.erasures import Ledger, MemoryLedger
from router.journal.faultpoints import FaultPoints
from router.node.aside import Aside, Item, NotThere, StillFails
from router.node.carrying import Carrying, may_carry, was_brought
from router.node.customers import CustomerScope
from router.node.deadlines import Deadlines
from router.node.devices import Devices
from router.node.dialler import Dialler
from router.node.domain import DomainScope
from router.node.eraser import Eraser
from router.node.files import Files
from router.node.floods import Floods
from router.node.indexer import Indexer
from router.node.keeper import Keeper
from router.node.learner import Learner
from router.node.letterbox import Letterbox, MailMeans
from router.node.locks import Locks
from router.node.outbox import Outbox
from router.node.recorder import Recorder
from router.node.relay import Relay
from router.node.retention import RetentionClock
from router.node.taking import AnswerOf, Means, Outcome, case_of
from router.node.uploads import Uploads
from router.node.visitors import Visitors
from router.node.waits import Waits

CATCH_UP_EVERY_MS = 5 * MINUTE_MS
CATCH_UP_SOON_MS = 5 * SECOND_MS
CATCH_UPS_SOON = 2
"""After we are ready: what came while we were not yet, and late into the provider's log, waits no longer."""
ASTRAY_MS = 4 * SECOND_MS
"""Whoever has been on the line for so long, and has not come to us, was not let in: nothing of theirs is on its way."""
POLICY_AFTER = "policy_after"
"""What stands in the log before a policy counts, by its version."""
POLICY_WITHIN = 20
"""So many decisions of the domain after that are looked through for it: a start makes fewer before."""
CATCH_UP_OVERLAP_MS = HOUR_MS
CATCH_UP_STRETCH_MS = HOUR_MS
"""How much of a provider's log is asked for at once."""
FETCHED_AROUND_MS = HOUR_MS
"""How far around its time one item is looked for in a provider's log."""
FORGET_EVERY_MS = HOUR_MS
LOOKED_BACK = 1000
"""Events that are read at once in search of the last case."""

log = structlog.get_logger("onecase.node")
Listener = Callable[[list[Stored]], None]
Missed = TakeContact | TakeCall | TakeRecording


def new_secret() -> bytes:
    return secrets.token_bytes(32)


class Node:
    def __init__(
        self,
        *,
        journal: Journal,
        clock: Clock,
        policy: PolicySet,
        policy_files: Mapping[str, str],
        channels: Sequence[Channel],
        facts_of: Callable[[str], AddressFacts],
        senders: Mapping[ChannelName, str],
        activity: Activity | None = None,
        faults: FaultPoints | None = None,
        make_secret: Callable[[], bytes] = new_secret,
        mail: MailMeans | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self.journal = journal
        self.clock = clock
        self.activity = activity or Activity()
        self.faults = faults or FaultPoints()
        self.channels = list(channels)
        self.is_ready = False
        self.failed: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._policy_files = policy_files
        self._make_secret = make_secret
        self._listeners: list[Listener] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._keys = Locks()
        self.means = Means(secret=b"", policy=policy, facts_of=facts_of, senders=senders)
        self.deadlines = Deadlines(clock, self.activity)
        phone = next((c for c in self.channels if c.capabilities.live and ChannelName.PHONE in c.carries), None)
        self.customers = CustomerScope(
            journal=journal,
            clock=clock,
            means=self.means,
            faults=self.faults,
            spoken_id=cast(LiveChannel, phone).recordings.id_of if phone else lambda _: None,
        )
        self.learner = Learner(journal=journal, clock=clock, zone=lambda: self.means.policy.zone)
        self.domain = DomainScope(
            journal=journal,
            clock=clock,
            means=self.means,
            learner=self.learner,
            deadlines=self.deadlines,
            activity=self.activity,
            faults=self.faults,
            on_failure=self.fail,
        )
        self.means.room = self.domain.bookings.pencil
        self.waits = Waits(domain=self.domain, clock=clock, journal=journal, roster=self.domain.bookings.levels)
        self.means.wait = self.waits.of_case
        self.means.place = self.waits.of_place
        self.relay = Relay(
            journal=journal,
            customers=self.customers,
            domain=self.domain,
            activity=self.activity,
            faults=self.faults,
        )
        self.eraser = Eraser(
            journal=journal,
            ledger=ledger or MemoryLedger(),
            clock=clock,
            activity=self.activity,
            faults=self.faults,
        )
        self.aside = Aside(journal=journal, clock=clock)
        self.uploads = Uploads(journal=journal, clock=clock)
        self.retention = RetentionClock(
            journal=journal,
            aside=self.aside,
            uploads=self.uploads,
            take=self.take,
            policy=lambda: self.means.policy,
            clock=clock,
            activity=self.activity,
        )
        self.indexer = Indexer(journal=journal, activity=self.activity)
        self.visitors = Visitors(
            journal=journal,
            take=self.take,
            root_of=self.customers.root_of,
            policy=lambda: self.means.policy,
            clock=clock,
            deadlines=self.deadlines,
            activity=self.activity,
        )
        self.means.there = self.visitors.there
        by_name: dict[ChannelName, Channel] = {name: c for c in self.channels for name in c.carries}
        self.outbox = Outbox(
            journal=journal,
            customers=self.customers,
            channels=by_name,
            policy=lambda: self.means.policy,
            clock=clock,
            deadlines=self.deadlines,
            activity=self.activity,
            faults=self.faults,
        )
        self.carrying = Carrying(journal=journal, clock=clock, means=self.means)
        self.devices = Devices(journal=journal, take=self.take, root_of=self.customers.root_of, clock=clock)
        self.letterbox = (
            Letterbox(journal=journal, take=self.take, means=mail, policy=lambda: self.means.policy, clock=clock)
            if mail
            else None
        )
        self.dialler = Dialler(
            journal=journal,
            take=self.take,
            channel=phone,
            policy=lambda: self.means.policy,
            clock=clock,
            deadlines=self.deadlines,
            activity=self.activity,
            faults=self.faults,
        )

        self.keeper = Keeper(
            journal=journal,
            take=self.take,
            policy=lambda: self.means.policy,
            clock=clock,
            deadlines=self.deadlines,
            activity=self.activity,
        )
        self.recorder = Recorder(
            journal=journal,
            take=self.take,
            channel=phone,
            clock=clock,
            deadlines=self.deadlines,
            activity=self.activity,
            faults=self.faults,
        )
        self.floods = Floods()

        self.files = Files(journal=journal, take=self.take, channels=self.channels, activity=self.activity)

    # --- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Be ready: everything that was acknowledged before is at hand again, and what we missed is fetched."""
        self.means.since = self.clock.now()
        self.means.secret = await instance_secret(self.journal, self._make_secret)
        self.means.cases_opened = await self._cases_opened()
        await self.carrying.load()
        await self.devices.load()
        await self.aside.load()
        await self.relay.load()
        await self.domain.load()
        await self.learner.load(self.domain.agents.values())
        await self.waits.load()
        await self.dialler.load()
        self.journal.listen(self._hear)
        await self._activate_policy()
        await self.relay.catch_up()
        cases, promises = await self.journal.live(Case), await self.journal.live(Promise)
        calls = await self.journal.live(Call)
        self.domain.rebuild(cases, promises, calls)
        self.waits.begin(cases, promises, calls, await self.journal.live(Slot))
        self.spawn(self.relay.run(), "relay")
        self.spawn(self._watch(self.outbox.tasks.failure), "outbox watch")
        self.spawn(self._watch(self.dialler.tasks.failure), "dialler watch")
        self.spawn(self._watch(self.keeper.tasks.failure), "keeper watch")
        self.spawn(self._watch(self.recorder.tasks.failure), "recorder watch")
        self.spawn(self._watch(self.files.tasks.failure), "files watch")
        self.spawn(self._watch(self.visitors.tasks.failure), "visitors watch")
        await self.outbox.load()
        await self.dialler.begin()
        await self.keeper.begin()
        await self.recorder.load()
        await self.visitors.load(cases)
        await self.files.begin()
        await self.eraser.begin(self.take)
        self.spawn(self.eraser.run(), "eraser")
        await self.catch_up()
        self.spawn(self.indexer.run(), "indexer")  # late, for it may have much to do
        self.spawn(self._catch_up_for_ever(), "catch-up")
        self.spawn(self._forget_for_ever(), "forget answers")
        self.spawn(self.retention.run(), "retention")
        self.spawn(self.learner.run(), "learner")
        self.spawn(self.waits.run(), "waits")
        self.spawn(self.domain.bookings.answer(self.relay.passed), "bookings")
        self.is_ready = True
        await self.dialler.serve()

    async def drain(self) -> None:
        """Before an ordered stop: nobody who is on the line with us is left without a word."""
        await self.dialler.drain()

    async def close(self) -> None:
        """Stop in order; what was not finished is taken up at the next start."""
        self.is_ready = False
        self.deadlines.close()
        await self.outbox.close()
        await self.dialler.close()
        await self.keeper.close()
        await self.recorder.close()
        await self.files.close()
        await self.visitors.close()
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        with suppress(JournalStopped):
            await self.learner.save()
            await self.waits.save()
        await self.journal.close()

    def fail(self, error: BaseException) -> None:
        """Stop taking anything: memory may be ahead of the disk. What an orderly stop cut off is no failure."""
        self.is_ready = False
        if not self.failed.done() and not isinstance(error, JournalClosed):
            log.critical("the node stops", error=str(error), kind=type(error).__name__)
            self.failed.set_result(str(error))

    # --- commands -----------------------------------------------------------------------------------------------------

    async def take(self, command: Command, answer_of: AnswerOf | None = None) -> Outcome:
        """Decide `command` and make it durable. Raises Rejected, or JournalStopped when nothing is taken any more.

        A key that is being done at this moment is waited for, one that was done before gives its stored answer."""
        if self.failed.done():
            raise JournalStopped(self.failed.result())
        with self.activity.doing("command"):
            try:
                if answer_of is None and not isinstance(command, TakeContact | TakeCall):
                    return await self._take(command, None)
                async with self._keys.hold(command.key):
                    return await self._take(command, answer_of)
            except (JournalStopped, Fault) as error:
                self.fail(error)
                raise

    async def _take(self, command: Command, answer_of: AnswerOf | None) -> Outcome:
        if isinstance(command, TakeContact) and may_carry(command):
            return await self._take_carried(command, answer_of)
        if isinstance(command, CustomerCommand):
            if isinstance(command, HearCall):
                command = await self.devices.with_known(command)
            outcome = await self.customers.take(command, answer_of)
            if isinstance(command, TakeContact | HearCall):
                await self.devices.listen(command, outcome)
            return outcome
        if answer_of is not None and (known := await self.journal.answer(command.key)) is not None:
            return Outcome(stored=None, decision=None, answer=known)
        outcome = await self.domain.take(command, answer_of)
        if outcome.stored is not None:
            await self.relay.passed(outcome.stored.last)
        return outcome

    async def _take_carried(self, command: TakeContact, answer_of: AnswerOf | None) -> Outcome:
        """A contact that may bring a case along. Its token is used once the contact is durable on that case, and only
        then: somebody else who brings it does not use it up."""
        command, token = await self.carrying.read(command)
        try:
            outcome = await self.customers.take(command, answer_of)
        except BaseException:
            self.carrying.not_brought(token)
            raise
        if token and was_brought(outcome.decision):
            await self.carrying.brought(token)
        else:
            self.carrying.not_brought(token)
        await self.devices.listen(command, outcome)
        return outcome

    async def take_mail(self, envelope: Envelope, *, late: bool = False) -> Outcome:
        """Make a mail durable as a contact. The same mail is taken once; the answer names what it became. `late`: it
        waited somewhere for us. Raises JournalStopped when nothing is taken any more."""
        if self.letterbox is None:
            raise Fault("mail came to a service without mail")
        with self.activity.doing("mail"):
            try:
                return await self.letterbox.take(envelope, late=late)
            except (JournalStopped, Fault):
                raise
            except Exception as error:  # whatever a mail makes of us, those behind it are taken
                key = mail_key(envelope.raw)
                if not await self.aside.mail_failed(key, error, channel=ChannelName.EMAIL, mail=envelope):
                    raise
                return Outcome(stored=None, decision=None, answer=None)

    async def take_again(self, item: Item) -> str | None:
        """Try once more what is aside; there it stays until whoever asks says that it is taken. The case that it stands
        on, also where it was taken meanwhile. Raises StillFails, NotThere, and ConnectionError where whoever has it
        does not answer."""
        try:
            return await self._take_again(item)
        except (ConnectionError, JournalStopped, Fault, NotThere):
            raise
        except Exception as error:
            raise StillFails(type(error).__name__) from error

    async def _take_again(self, item: Item) -> str | None:
        if item.raw:
            raw = await self.journal.blob(item.raw)
            if raw is None or self.letterbox is None:
                raise NotThere
            return case_of(
                await self.letterbox.take(item.envelope(raw, otherwise_to=self.letterbox.address), late=True)
            )
        command = await self._fetched(item)
        if command is None:
            raise NotThere
        outcome = await self.take(command)
        if isinstance(command, TakeContact):
            return case_of(outcome)
        call = await self.journal.document(command.call)
        return call.case if isinstance(call, Call) else None

    async def take_delivery(self, command: RecordDelivery | NoteCall | NoteRecording) -> None:
        """A status callback: what it says of something we do not know, or know better, changes nothing."""
        with suppress(Rejected):
            await self.take(command)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear of each batch once it is durable, in order. Returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def catch_up(self) -> int:
        """Fetch what providers took while we were away. Returns how many contacts were new."""
        new = 0
        with self.activity.doing("catch-up"):
            for channel in self.channels:
                new += await self._catch_up_channel(channel)
                if channel.capabilities.live and ChannelName.PHONE in channel.carries:
                    new += await self._take_astray(channel)
        return new

    # --- inside -------------------------------------------------------------------------------------------------------

    def _hear(self, batches: list[Stored]) -> None:
        """Raises ListenerFailed: whoever does not hear of all knows less than the disk, and so the node stops."""
        consumers = (
            *(self.relay, self.indexer, self.outbox, self.dialler, self.keeper, self.recorder, self.files),
            *(self.domain, self.visitors, self.eraser, self.aside, self.floods, self.learner, self.waits),
        )
        try:
            tell([*(one.hear for one in consumers), *self._listeners], batches)
        except ListenerFailed as failed:
            self.fail(failed)
            raise

    async def _cases_opened(self) -> int:
        """How many case numbers were given. They rise in the order of the log, so the last one there tells."""
        upper = self.journal.last_seq
        while upper > 0:
            lower = max(0, upper - LOOKED_BACK)
            for stored in reversed(await self.journal.batches(after=lower, limit=LOOKED_BACK)):
                for event in stored.events:
                    if isinstance(event, CaseOpened):
                        return number_of(event.ref, offset=self.means.reference_offset) + 1
            upper = lower
        return 0

    async def _activate_policy(self) -> None:
        """Publish the policy files as the next version when they differ from the last one."""
        body = codec.encode(dict(sorted(self._policy_files.items()))).decode()
        digest = hashlib.sha256(body.encode()).hexdigest()
        versions = await self.journal.records("policy")
        last = max((int(v) for v in versions), default=0)
        if last and not await self._is_activated(last):  # we died before the log said so: it never counted
            last -= 1
        if last and versions[f"{last:08d}"] == body:
            self.means.policy = replace(self.means.policy, version=last)
            return
        version = last + 1
        await self.journal.put_record(POLICY_AFTER, f"{version:08d}", str(self.journal.last_seq))
        await self.journal.put_record("policy", f"{version:08d}", body)
        self.means.policy = replace(self.means.policy, version=version)
        await self.domain.take(ActivatePolicy(key=f"policy/{version}", policy=version, digest=digest, actor=SYSTEM))

    async def _is_activated(self, version: int) -> bool:
        """Whether the log says that a version counts, whose files are kept: little else of the domain comes between."""
        after = await self.journal.record(POLICY_AFTER, f"{version:08d}")
        if after is None:
            return True
        batches = await self.journal.domain_batches(after=int(after), limit=POLICY_WITHIN)
        return any(isinstance(e, PolicyActivated) and e.policy == version for b in batches for e in b.events)

    async def _catch_up_channel(self, channel: Channel) -> int:
        """A stretch at a time, oldest first: where a long log is not read to its end, the next time goes on there."""
        now = self.clock.now()
        done = Ms(int(await self.journal.record("reconciled", channel.id) or now))
        since, new = Ms(done - CATCH_UP_OVERLAP_MS), 0
        while True:
            until = Ms(done + CATCH_UP_STRETCH_MS)
            is_last = until >= now
            try:
                missed = await channel.missed(since, None if is_last else until, self._is_known)
            except ConnectionError as error:
                log.warning("the provider's log cannot be read", channel=channel.id, error=str(error))
                break
            new += await self._take_missed(channel, missed)
            done = now if is_last else until
            await self.journal.put_record("reconciled", channel.id, str(done))
            if is_last:
                break
            since = Ms(done - MINUTE_MS)
        if new:
            log.info("contacts that we had missed are on cases now", channel=channel.id, count=new)
        return new

    async def _take_astray(self, channel: Channel) -> int:
        """Open the calls of those who are on the line and never came to us; the dialler fetches them."""
        try:
            astray = await cast(LiveChannel, channel).astray(self._is_known)
        except ConnectionError as error:
            log.warning("the provider does not say who is on the line", channel=channel.id, error=str(error))
            return 0
        new = await self._take_missed(channel, [one for one in astray if one.at <= self.clock.now() - ASTRAY_MS])
        if new:
            log.info("callers whom we had missed are on the line still", channel=channel.id, count=new)
        return new

    async def _take_missed(self, channel: Channel, missed: Sequence[Missed]) -> int:
        new = 0
        for command in sorted(missed, key=lambda c: (c.at, c.key)):
            if self.aside.is_aside(command.key):
                continue
            try:
                now = self.clock.now()  # the provider's clock may be ahead of ours: nobody came in the future
                outcome = await self.take(command if command.at <= now else revised(command, at=now))
            except Rejected:  # a recording of a call that is none of ours
                continue
            except (JournalStopped, Fault):
                raise
            except Exception as error:  # noqa: BLE001 - one that cannot be taken must not keep the others from it
                name = command.channel if isinstance(command, TakeContact) else ChannelName.PHONE
                await self.aside.failed(command.key, error, channel=name, source=channel.id, at=command.at)
                continue
            await self.aside.taken([command.key])
            new += not outcome.is_repeat
        return new

    async def _fetched(self, item: Item) -> Missed | None:
        """An item from whoever has it, also where it was taken meanwhile."""

        async def is_another(key: str) -> bool:
            return key != item.key

        channel = next((one for one in self.channels if one.id == item.source), None)
        if channel is None:
            return None
        since, until = Ms(item.at - FETCHED_AROUND_MS), Ms(item.at + FETCHED_AROUND_MS)
        listed = await channel.missed(since, until, is_another)
        return next((command for command in listed if command.key == item.key), None)

    async def _is_known(self, key: str) -> bool:
        return await self.journal.answer(key) is not None

    async def _catch_up_for_ever(self) -> None:
        soon = CATCH_UPS_SOON
        while True:
            wait_ms = CATCH_UP_SOON_MS if soon else CATCH_UP_EVERY_MS
            await self.clock.sleep_until(Ms(self.clock.now() + wait_ms))
            with suppress(JournalStopped):
                await self.catch_up()
            soon = max(0, soon - 1)

    async def _forget_for_ever(self) -> None:
        while True:
            await self.clock.sleep_until(Ms(self.clock.now() + FORGET_EVERY_MS))
            with suppress(JournalStopped):
                await self.journal.forget_answers(self.clock.now())

    async def _watch(self, failure: "asyncio.Future[BaseException]") -> None:
        self.fail(await failure)

    def spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        """Run `work` beside everything else; it is ended at close, and its failure is the node's."""
        task: asyncio.Task[None] = asyncio.create_task(work, name=name)
        task.add_done_callback(self._task_ended)
        self._tasks.append(task)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)


def mail_key(raw: bytes) -> str:
    """What tells one mail that cannot be taken from others."""
    return f"mail/{hashlib.sha256(raw).hexdigest()}"


async def instance_secret(journal: Journal, make: Callable[[], bytes] = new_secret) -> bytes:
    """The secret of this instance, made when its folder is new."""
    known = await journal.record("instance", "secret")
    if known is None:
        known = make().hex()
        await journal.put_record("instance", "secret", known)
    return bytes.fromhex(known)
