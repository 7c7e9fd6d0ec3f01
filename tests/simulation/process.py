"""One process of the service: wired as `router.serving` does it, on the simulated disk and wire, and mortal.

Its one rule: a crash cuts disk and network in the same instant, so that nothing the dying code still does is seen.
"""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from channels.base import Refusal
from channels.chat.identity import Identities, IdentityKey
from channels.clock import Activity
from channels.email.channel import EmailChannel, MailSettings
from channels.email.imap import CLOSE_S
from channels.email.post import Envelope, PostFailure, Reply, Take
from channels.email.reader import Reader
from channels.numbers import facts_of
from channels.registry import BUILT_IN, Host
from channels.sandbox.account import SANDBOX_API_KEYS, SANDBOX_SID
from channels.sandbox.mail.control_mail import MAIL_ADDRESS
from channels.twilio_messaging import MESSAGES_PATH, TwilioSettings
from channels.twilio_voice import MUSIC_PATH, VOICE_PATH
from channels.wire import Transport, WireFailure, WireRequest, WireResponse
from policies import PolicySet
from router.core.clock import Ms
from router.core.errors import Rejected
from router.core.events import WorkOffered
from router.core.words import CallState, Channel
from router.http.auth import Identity, Role, Tokens, hash_of
from router.http.chat_door import ChatDoor
from router.http.chat_pages import PREFIX as CHAT_PREFIX
from router.http.chat_pages import ChatPages
from router.http.front import Front
from router.http.live import Live
from router.http.metrics import NodeMetrics, registry_for
from router.http.music import hold_music
from router.http.service import Service
from router.journal.base import Batch, JournalStopped, JournalUnusable, KeyTaken, Stored, VersionConflict, last_at
from router.journal.erasures import MemoryLedger
from router.journal.faultpoints import FaultPoints
from router.journal.memory import MemoryJournal
from router.node.letterbox import MailHome, MailMeans
from router.node.node import Node
from router.serving_mail import PURPOSE, Places, derived, reading, taking
from tests.simulation.disk import Platter
from tests.simulation.log import Judge, Log
from tests.simulation.loop import Owner, VirtualClock
from tests.simulation.mailbox import FollowedMailbox
from tests.simulation.mails import VERIFIER
from tests.simulation.options import OUR_NUMBERS
from tests.simulation.post_office import OUR_DOMAIN, PostOffice
from tests.simulation.provider import PROVIDER_URL, SERVICE_URL

EXPECTED = (JournalStopped, KeyTaken, VersionConflict, Rejected, Refusal, OSError, ExceptionGroup)
"""Errors with which a task may end, for somebody waits for it and takes them."""
TOLD = re.compile(rb"[?&;]turn=(\d+)")
ADMIN_TOKEN = "oct_the-first-admin-token"
CHAT_KEY = "site_of-the-world"
CHAT_SITE = f"sit_{hash_of(CHAT_KEY)[:16]}"
SITE_WORD = IdentityKey(
    kid="1", algorithm="HS256", key="known to the site and to us alone", issuer="https://shop.example", audience="us"
)
"""By what a visitor's site says who they are."""


class WatchedJournal(MemoryJournal):
    """The memory journal, with an ear at its port."""

    on_append: Callable[[Batch], None] = staticmethod(lambda _: None)

    def append(self, batch: Batch) -> asyncio.Future[Stored]:
        self.on_append(batch)
        return super().append(batch)


class Points(FaultPoints):
    """The named points of the code, and those of the disk: at one of them the process may die."""

    def __init__(self, die: Callable[[str], None]) -> None:
        super().__init__()
        self.passed: Counter[str] = Counter()
        self._die = die
        self._armed = ("", 0)

    def arm(self, name: str, nth: int) -> None:
        self._armed = (name, self.passed[name] + nth)

    def reach(self, name: str) -> None:
        self.passed[name] += 1
        if name == self._armed[0] and self.passed[name] >= self._armed[1]:
            self._armed = ("", 0)
            self._die(f"at {name}")


@dataclass(frozen=True, slots=True)
class Grounds:
    """What every process of one world is given."""

    clock: VirtualClock
    wire: Transport
    platter: Platter
    judge: Judge
    log: Log
    secret: bytes
    known_at: dict[str, int]
    on_death: Callable[["Process", str], None]
    office: PostOffice | None = None
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    has_chats: bool = False
    numbers: tuple[str, str] = OUR_NUMBERS
    on_shown: Callable[[bytes, str], None] = lambda _shown, _where: None


class Process:
    def __init__(
        self, number: int, grounds: Grounds, *, secrets: tuple[bytes, ...], policy: PolicySet, files: Mapping[str, str]
    ) -> None:
        self.number = number
        self._policy, self.files = policy, files
        self.owner = Owner(f"process {number}")
        self.owner.on_error = self._failed
        self.is_alive = True
        self.is_stopping = False
        self.ready_at: Ms | None = None
        self.clock = grounds.clock.of_process()
        self.began_at = self.clock.now()
        self.points = Points(self.crash)
        self.handle = grounds.platter.claim(self.points.reach)
        self.node: Node
        self.front: Front | None = None
        self.live: Live
        self.tokens: Tokens
        self.take: Take
        self.chat: ChatDoor | None = None
        self._mailbox: FollowedMailbox | None = None
        self._reading: asyncio.Task[None]
        self.journal: WatchedJournal
        self._grounds = grounds
        self.secrets = secrets
        self._keys = 0
        self.owner.start(self._live(), f"process {number}")

    # --- life ---------------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        try:
            await self._start()
            why = await self.node.failed
        except JournalUnusable as error:
            self._grounds.judge.broken(35, f"the log cannot be opened: {error}")
            return
        except (JournalStopped, OSError, ExceptionGroup) as error:
            why = str(error)
        if self.is_alive and not self.is_stopping and not self.handle.has_failed:
            self._grounds.judge.broken(0, f"the service stopped by itself: {why}")
        self.crash(why)

    def _failed(self, error: BaseException) -> None:
        """A task of the service ended by an error: nobody may be relying on it."""
        if self.is_alive and not self.is_stopping and not isinstance(error, EXPECTED):
            self._grounds.judge.broken(0, f"a task of the service failed: {error!r}")

    async def _start(self) -> None:
        grounds = self._grounds
        journal = await WatchedJournal.open(self.handle)
        assert isinstance(journal, WatchedJournal)
        self.journal = journal
        journal.on_append = self._appending
        self.clock.begin_at(await last_at(journal))
        self.began_at = self.clock.now()  # never before anything that stands in the log
        user, secret = next(iter(SANDBOX_API_KEYS.items()))
        host = Host(
            transport=grounds.wire,
            public_url=SERVICE_URL,
            twilio=TwilioSettings(account=SANDBOX_SID, secrets=self.secrets, public_url=SERVICE_URL),
            twilio_user=user,
            twilio_secret=secret,
            twilio_base_url=PROVIDER_URL,
        )
        mail = self._mail()
        self.node = node = Node(
            journal=journal,
            clock=self.clock,
            policy=self._policy,
            policy_files=self.files,
            channels=[*(make(host) for make in BUILT_IN), *([mail[0]] if mail else [])],
            facts_of=facts_of,
            senders={Channel.SMS: grounds.numbers[0], Channel.WHATSAPP: grounds.numbers[0]}
            | ({Channel.EMAIL: MAIL_ADDRESS} if mail else {})
            | ({Channel.CHAT: "chat"} if grounds.has_chats else {}),
            activity=Activity(),
            faults=self.points,
            make_secret=lambda: grounds.secret,
            mail=mail[1] if mail else None,
            ledger=grounds.ledger,
        )
        self.take = taking(node)
        self.live, metrics = Live(journal), NodeMetrics(node)
        node.listen(self.live.hear)
        node.listen(metrics.hear)
        self.tokens = Tokens(journal)
        service = Service(
            node=node,
            tokens=self.tokens,
            registry=registry_for(metrics),
            version="0",
            sandbox_url=PROVIDER_URL,
            identities=Identities({CHAT_SITE: [SITE_WORD]}),
        )
        door = ChatDoor(
            service,
            self.live,
            make_visitor=self._make_visitor,
            make_code=lambda: f"{int(self._make_visitor(), 16) % 1_000_000:06d}",
            make_key=self._make_key,
        )
        pages = {MUSIC_PATH: hold_music, CHAT_PREFIX: ChatPages(door, has_test_page=False)}
        self.front = Front(service, metrics, pages=pages, make_key=self._make_key)
        await node.start()
        await self.tokens.load(node.means.secret)
        if not any(identity.role is Role.ADMIN for identity in self.tokens.all()):
            await self.tokens.create(Role.ADMIN, at=self.clock.now(), token=ADMIN_TOKEN)
        if grounds.has_chats:
            await self._open_chats(service, door)
        if grounds.office is not None:
            self._follow_mailbox(grounds.office)
        self.ready_at = self.clock.now()

    async def _open_chats(self, service: Service, door: ChatDoor) -> None:
        await service.sites.load()
        if service.sites.by_key(CHAT_KEY) is None:
            await service.sites.create("world", at=self.clock.now(), key=CHAT_KEY)
        self.chat = service.chat = door

    def _make_visitor(self) -> str:
        return hashlib.blake2b(self._make_key().encode(), key=self._grounds.secret, digest_size=16).hexdigest()

    def _mail(self) -> tuple[EmailChannel, MailMeans] | None:
        """The way out and what mail is read with, in worlds that have mail."""
        office = self._grounds.office
        if office is None:
            return None
        secret, home = derived(self._grounds.secret, PURPOSE), MailHome(MAIL_ADDRESS, (OUR_DOMAIN,))
        reader = Reader(verifier=VERIFIER, ours=(MAIL_ADDRESS,), beside=False)
        channel = EmailChannel(MailSettings(address=MAIL_ADDRESS, secret=secret), office.post_of(self.number))
        return channel, MailMeans(home=home, secret=secret, read=reader)

    def crash(self, why: str) -> None:
        """Dead at this instant, in the middle of whatever it did."""
        if not self.is_alive:
            return
        self.is_alive = False
        self.handle.cut()
        self.owner.kill()
        self._grounds.on_death(self, why)

    async def stop(self) -> None:
        """As on SIGTERM: nobody is let in any more, what is under way may finish."""
        if self.front is not None and self.is_alive:
            self.front, self.is_stopping = None, True
            if self._mailbox is not None:
                self._mailbox.end()
                await asyncio.wait([self._reading], timeout=CLOSE_S)
            await asyncio.wait([self.owner.start(self.node.close())])
        self.crash("stopped in order")

    @property
    def is_ready(self) -> bool:
        return self.is_alive and self.front is not None and self.ready_at is not None and self.node.is_ready

    def do(self, call: Callable[[], Any]) -> Any:
        """Call into the service as one of its own."""
        return self.owner.run(call)

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self.owner.start(work)

    def shows(self, shown: bytes, where: str) -> None:
        """Somebody outside reads this."""
        self._grounds.on_shown(shown, where)

    # --- wire ---------------------------------------------------------------------------------------------------------

    async def answer(self, request: WireRequest) -> WireResponse:
        """A request arrives. Raises WireFailure when the process is not there, or dies over it."""
        front = self.front
        if not self.is_alive or front is None:
            raise WireFailure("nobody listens (simulated)", may_have_arrived=False)
        parts = urlsplit(request.url)
        path = parts._replace(scheme="", netloc="", fragment="").geturl()
        task = self.start(front.handle(WireRequest(request.method, path, request.headers, request.body)))
        await asyncio.wait([task])
        if task.cancelled() or not self.is_alive:
            raise WireFailure("the process died (simulated)", may_have_arrived=True)
        answer: WireResponse = task.result()
        self.shows(answer.body, f"an answer to {request.method} {parts.path}")
        self._check_claim(request, parts.path, answer)
        return answer

    async def take_mail(self, envelope: Envelope) -> Reply:
        """A mail arrives. Raises PostFailure when the process is not there, or dies over it."""
        if not self.is_alive or self.front is None:
            raise PostFailure("nobody listens (simulated)", may_have_arrived=False)
        task = self.start(self.take(envelope))
        await asyncio.wait([task])
        if task.cancelled() or not self.is_alive:
            raise PostFailure("the process died (simulated)", may_have_arrived=True)
        if (problem := task.exception()) is not None:
            self._grounds.judge.broken(0, f"a mail was not taken: {problem!r}")
            return Reply(451, "4.3.0 Local trouble")
        reply = task.result()
        if reply.is_taken:
            self._check_mail(envelope)
        return reply

    def _follow_mailbox(self, office: PostOffice) -> None:
        """As `router.serving_mail.follow` does it, on this loop."""
        box = office.mailbox
        places = Places(self.node.journal, f"{box.settings.user}@{box.settings.host}")
        self._mailbox = FollowedMailbox(box, self._take_read, places, self.clock)
        self._reading = self.start(self._mailbox.live())

    async def _take_read(self, envelope: Envelope, where: str) -> bool:
        """A mail of the mailbox elsewhere is given to the service."""
        try:
            is_taken = await reading(self.node)(envelope, where)
        except JournalStopped:
            raise
        except Exception as problem:
            if self.is_alive:
                self._grounds.judge.broken(0, f"a mail was not read: {problem!r}")
            raise
        if is_taken and self.is_alive:
            self._check_mail(envelope)
        return is_taken

    def _check_mail(self, envelope: Envelope) -> None:
        """A mail that we say we have is on the platter for good at this moment (invariant 1)."""
        office = self._grounds.office
        mail = office.mail_of(envelope.raw) if office else None
        if mail is not None and not mail.case:
            self._grounds.judge.broken(1, f"a mail of {mail.author} was taken before it was durable")

    def _check_claim(self, request: WireRequest, path: str, answer: WireResponse) -> None:
        """What is answered with 2xx is on the platter for good at this moment (invariant 1)."""
        judge, log = self._grounds.judge, self._grounds.log
        if answer.status == 500:
            judge.broken(0, f"{request.method} {path} was answered with 500: {answer.body.decode()}")
        if not 200 <= answer.status < 300 or request.method == "GET":
            return
        key = request.headers.get("Idempotency-Key")
        if path.startswith(VOICE_PATH):
            self._check_turn(request, path, answer)
        elif path == MESSAGES_PATH:
            sid = parse_qs(request.body.decode("utf-8", "replace")).get("MessageSid", [""])[0]
            if f"twilio/{sid}" not in log.keys:
                judge.broken(1, f"{sid} was answered with {answer.status} before it was durable")
        elif key is not None:
            who = self.tokens.identity(request.headers.get("Authorization", "").removeprefix("Bearer "))
            if who is not None and f"api/{who.token}/{key}" not in log.keys:
                judge.broken(1, f"{path} ({key}) was answered with {answer.status} before it was durable")

    def _check_turn(self, request: WireRequest, path: str, answer: WireResponse) -> None:
        """Whoever is on the line is always told something, and only what stands on the platter by now."""
        judge, log = self._grounds.judge, self._grounds.log
        if not answer.body.startswith(b"<?xml") or b"<Response" not in answer.body:
            judge.broken(43, f"{path} was answered with {answer.body[:80]!r}")
        sid = parse_qs(request.body.decode("utf-8", "replace")).get("CallSid", [""])[0]
        query = dict(parse_qsl(urlsplit(request.url).query))
        if path == VOICE_PATH:
            if f"twilio/{sid}" not in log.keys:
                judge.broken(1, f"{sid} was answered with {answer.status} before it was durable")
        elif (call := log.call(query.get("call", ""))) is not None and call.state is not CallState.ENDED:
            told = max((int(turn) for turn in TOLD.findall(answer.body)), default=0)
            if told > call.turn:
                judge.broken(1, f"turn {told} of {call.id} was told before it was durable")

    def identity(self, token: str) -> Identity | None:
        return self.tokens.identity(token)

    def _appending(self, batch: Batch) -> None:
        for event in batch.events:
            if isinstance(event, WorkOffered):
                self._grounds.known_at[event.offer] = self.node.relay.position

    def _make_key(self) -> str:
        self._keys += 1
        return f"{self.number}-{self._keys}"
