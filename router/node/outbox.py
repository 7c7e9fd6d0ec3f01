"""The outbox: does what events intend on the outside world, once, and brings the outcome back as a command.

An attempt is durable before the provider is asked. No answer: the provider is looked up before anything is sent
again. A provider that keeps failing is left alone for a while (circuit breaker), and no attempt is counted meanwhile.
One that is slow holds up its own messages alone.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

from channels.base import Channel, CopyOf, Enclosed, Letter, Outgoing, Sent
from channels.clock import Activity
from policies import PolicySet
from router.core.chats import BETWEEN
from router.core.clock import Clock, Ms
from router.core.commands import BeginAttempt, RecordAttempt
from router.core.documents import Case, Mailing, Message, MessageState
from router.core.errors import Rejected
from router.core.events import (
    CopyQueued,
    MessageAttempted,
    MessageHurried,
    MessageQueued,
    MessageReleased,
    MessageRetryPlanned,
)
from router.core.files import StoredFile
from router.core.mailing import brand_of
from router.core.tree import PARTS_MAX
from router.core.values import replace
from router.core.words import SECOND_MS, CaseId, MessageId
from router.core.words import Channel as ChannelName
from router.journal.base import Journal, JournalStopped, Stored
from router.journal.faultpoints import FaultPoints
from router.node.customers import CustomerScope, sent_key
from router.node.deadlines import Deadlines
from router.node.locks import Locks
from router.node.tasks import Tasks

AT_ONCE = 16
"""Messages under way at the same time on one channel; those to one address go one after the other."""
READ_AT_ONCE = 16
HEARD = frozenset({CopyQueued, MessageQueued, MessageHurried, MessageReleased, MessageRetryPlanned, MessageAttempted})
NO_ANSWER = "no answer to the last attempt"
"""What is said of an attempt that nobody answered; where one before it failed, that says more."""
BREAKER_FAILURES = 5
BREAKER_FIRST_MS, BREAKER_LAST_MS = 5 * SECOND_MS, 60 * SECOND_MS


@dataclass(slots=True)
class Breaker:
    """Opens after several failures in a row, for a time that doubles; one message then tries whether it is over."""

    failures: int = 0
    open_until: Ms = Ms(0)
    in_vain: set[MessageId] = field(default_factory=set[MessageId])  # tried, and to be tried again

    @property
    def is_failing(self) -> bool:
        """Whether something waits because of the failures: what gave up, or went another way, waits no more."""
        return self.failures > 0 and bool(self.in_vain)

    def wait_ms(self, now: Ms) -> int:
        return max(0, self.open_until - now)

    def note(self, *, ok: bool, now: Ms) -> None:
        self.failures = 0 if ok else self.failures + 1
        if self.failures >= BREAKER_FAILURES:
            wait = min(BREAKER_FIRST_MS * 2 ** (self.failures - BREAKER_FAILURES), BREAKER_LAST_MS)
            self.open_until = Ms(now + wait)


class Outbox:
    def __init__(
        self,
        *,
        journal: Journal,
        customers: CustomerScope,
        channels: Mapping[ChannelName, Channel],
        policy: Callable[[], PolicySet],
        clock: Clock,
        deadlines: Deadlines,
        activity: Activity,
        faults: FaultPoints,
    ) -> None:
        self._journal = journal
        self._customers = customers
        self._channels = channels
        self._policy = policy
        self._clock = clock
        self._deadlines = deadlines
        self._activity = activity
        self._faults = faults
        self.tasks = Tasks()
        self._reading = asyncio.Semaphore(READ_AT_ONCE)
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._in_order = Locks()
        self._under_way: set[MessageId] = set()
        self.breakers: dict[str, Breaker] = {}

    @property
    def waiting(self) -> int:
        return len(self.tasks)

    async def load(self) -> None:
        """Take up every message whose outcome is open."""
        for message in await self._journal.live(Message):
            is_sent = isinstance(message, Message) and message.channel is not ChannelName.CHAT
            if is_sent and isinstance(message, Message) and message.due_at is not None:
                self._plan(message.id, message.due_at)

    def hear(self, batches: list[Stored]) -> None:
        for event in (e for stored in batches for e in stored.events if type(e) in HEARD):
            match event:
                case MessageQueued() if event.channel is ChannelName.CHAT:
                    pass  # it waits until they come for it
                case MessageQueued():
                    self._plan(event.message, event.due_at if event.due_at is not None else event.at)
                case CopyQueued():
                    self._plan(event.message, event.due_at)
                case MessageHurried():
                    self._plan(event.message, event.at)
                case MessageReleased():
                    self._plan(event.message, event.at)
                case MessageRetryPlanned():
                    self._plan(event.message, event.due_at)
                case MessageAttempted():
                    self._plan(event.message, event.lookup_at)
                case _:
                    pass

    async def close(self) -> None:
        """Let what is under way finish for a moment; what does not is looked up at the next start."""
        await self.tasks.close()

    def _plan(self, message: MessageId, at: Ms) -> None:
        if at <= self._clock.now():
            self._start(message)
        else:
            self._deadlines.set(f"outbox {message}", at, lambda: self._start(message))

    def _start(self, message: MessageId) -> None:
        self.tasks.start(self._work(message), f"outbox {message}")

    async def _work(self, id: MessageId) -> None:
        with self._activity.doing("outbox"):
            async with self._reading:
                message = await self._journal.document(id)
            channel = self._channels.get(message.channel) if isinstance(message, Message) else None
            if not isinstance(message, Message) or channel is None:
                return
            slots = self._slots.setdefault(channel.id, asyncio.Semaphore(AT_ONCE))
            async with slots, self._in_order.hold(message.address):
                await self._attend(id, channel)

    async def _attend(self, id: MessageId, channel: Channel) -> None:
        message = await self._journal.document(id)
        if not isinstance(message, Message) or message.due_at is None or id in self._under_way:
            return self._settled(id) if isinstance(message, Message) and message.due_at is None else None
        now = self._clock.now()
        if message.due_at > now:
            return self._plan(id, message.due_at)
        breaker = self.breakers.setdefault(channel.id, Breaker())
        if wait := breaker.wait_ms(now):
            return self._deadlines.set(f"outbox {id}", Ms(now + wait), lambda: self._start(id))
        self._under_way.add(id)
        try:
            if message.state == MessageState.QUEUED:
                await self._send(message, channel, breaker)
            elif message.state == MessageState.SENDING:
                await self._look_up(message, channel, breaker)
        except (Rejected, JournalStopped):
            return None
        finally:
            self._under_way.discard(id)

    async def _send(self, message: Message, channel: Channel, breaker: Breaker) -> None:
        self._faults.reach("outbox.before_attempt")
        key = f"attempt/{message.id}/{message.attempts + 1}/{message.version}"
        begun = await self._customers.take(BeginAttempt(key=key, message=message.id))
        attempted = [e for e in (begun.decision.events if begun.decision else ()) if isinstance(e, MessageAttempted)]
        if not attempted:
            self._settled(message.id)
            return
        outgoing = await self._outgoing(message, attempted[0].at, attempted[0].attempt)
        self._faults.reach("outbox.before_send")
        sent = await channel.send(outgoing)
        self._faults.reach("outbox.after_send")
        breaker.note(ok=sent.is_provider_well, now=self._clock.now())
        breaker.in_vain.add(message.id)
        if sent.outcome != "lost":
            await self._record(message, attempted[0].attempt, sent)
        self._faults.reach("outbox.after_record")

    async def _look_up(self, message: Message, channel: Channel, breaker: Breaker) -> None:
        """An attempt without an answer: ask the provider whether it has the message."""
        outgoing = await self._outgoing(message, message.attempted_at or message.queued_at, message.attempts)
        try:
            found = await channel.find(outgoing)
        except ConnectionError:
            breaker.note(ok=False, now=self._clock.now())
            again = Ms(self._clock.now() + max(BREAKER_FIRST_MS, breaker.wait_ms(self._clock.now())))
            return self._deadlines.set(f"outbox {message.id}", again, lambda: self._start(message.id))
        for id in found:
            if await self._journal.answer(sent_key(id)) is None:  # not another message with the same words
                return await self._record(message, message.attempts, Sent("sent", provider_id=id), adopted=True)
        outcome = "unanswered" if channel.capabilities.repeats_safely else "absent"
        return await self._record(message, message.attempts, Sent(outcome, error=message.error or NO_ANSWER))

    async def _record(self, message: Message, attempt: int, sent: Sent, *, adopted: bool = False) -> None:
        named = {*sent.unreached, *sent.later}
        everybody = (message.address, *message.mail.copies) if message.mail is not None and named else ()
        words = await self._journal.words([str(id) for id in everybody])
        recorded = await self._customers.take(
            RecordAttempt(
                key=f"outcome/{message.id}/{attempt}/{sent.outcome}/{message.version}",
                message=message.id,
                attempt=attempt,
                outcome=sent.outcome,
                provider_id=sent.provider_id,
                error=sent.error,
                retry_after_ms=sent.retry_after_ms,
                adopted=adopted,
                setback=sent.setback,
                unreached=tuple(id for id in everybody if words.get(id) in sent.unreached),
                later=tuple({to: id for id in everybody if (to := words.get(id)) in sent.later}.values()),
            )
        )
        events = recorded.decision.events if recorded.decision else ()
        if not any(isinstance(event, MessageRetryPlanned) for event in events):
            self._settled(message.id)

    def _settled(self, id: MessageId) -> None:
        """It is not tried again."""
        for breaker in self.breakers.values():
            breaker.in_vain.discard(id)

    async def _outgoing(self, message: Message, attempted_at: Ms, attempt: int) -> Outgoing:
        first = await self._journal.document(message.copy_of) if message.copy_of is not None else None
        of = first if isinstance(first, Message) else message
        said = (*message.along, message.words)
        words = await self._journal.words([*said, message.address, of.address])
        letter = await self._letter_of(message, message.mail) if message.mail is not None else None
        if of is not message and letter is not None:
            letter = replace(letter, copy_of=CopyOf(reference=of.id, to=words.get(of.address, "")))
        return Outgoing(
            reference=message.id,
            channel=message.channel,
            to=words.get(message.address, ""),
            via=message.via,
            text=BETWEEN.join(text for id in said if (text := words.get(id, "")) or len(said) == 1),
            attempted_at=attempted_at if of is message else of.attempted_at or attempted_at,  # the same mail, all of it
            attempt=attempt,
            letter=letter,
        )

    async def _letter_of(self, message: Message, mail: Mailing) -> Letter:
        """What a mail needs besides its words. One without a subject is named by the reference of its matter: where
        the case goes on in another one, that is the one that people know."""
        case = await self._matter_of(message.case)
        one = (mail.subject, mail.thread, mail.html)
        ids = [*(id for id in one if id is not None), *mail.copies, *mail.files, *message.along]
        words = await self._journal.words([str(id) for id in ids])
        policy = self._policy()
        brand = brand_of(policy, message.via)
        ref, language = (case.ref, case.language or "") if case is not None else ("", "")
        own = policy.phrase("code_subject" if mail.apart else "mail_subject", language, brand=brand, ref=ref)
        subject = words.get(mail.subject or "") or own
        return Letter(
            case=message.case,
            subject=subject,
            is_answer=mail.thread is not None and mail.subject is not None,
            brand=brand,
            thread=tuple(words.get(mail.thread or "", "").split()),
            copies=tuple(words[id] for id in mail.copies if id in words),
            automatic=mail.automatic,
            leads_back=not mail.apart,
            html=_html_of([words.get(id, "") for id in message.along], words.get(mail.html or "", "")),
            files=tuple([f for id in mail.files if (f := await self._enclosed(words.get(id, ""))) is not None]),
        )

    async def _matter_of(self, id: CaseId) -> Case | None:
        """The case that a case goes on in: itself, where it is a matter of its own. None: it is gone."""
        case = await self._journal.document(id)
        for _ in range(PARTS_MAX):
            if not isinstance(case, Case) or case.joined is None:
                break
            case = await self._journal.document(case.joined.into)
        return case if isinstance(case, Case) else None

    async def _enclosed(self, kept: str) -> Enclosed | None:
        """None for a file that was erased meanwhile."""
        file = StoredFile.of(kept)
        content = await self._journal.blob(file.hash) if file is not None else None
        if file is None or content is None:
            return None
        return Enclosed(name=file.name, content_type=file.content_type, content=content)


def _html_of(along: list[str], html: str) -> str:
    """A mail's looks with what goes ahead of it; one without looks is its text alone."""
    if not html:
        return ""
    return "".join(f"<p>{escape(text)}</p>".replace("\n", "<br>") for text in along if text) + html
