"""`World(options)`: everything around one service, from its first start until all is quiet again.

Its one rule: whatever happens in it follows from the seed. It raises the first invariant that does not hold.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from channels.sandbox.account import SANDBOX_TOKEN
from channels.wire import WireFailure, WireRequest, WireResponse
from router.journal.erasures import MemoryLedger
from tests.simulation.call_watch import CallWatch
from tests.simulation.callers import Callers
from tests.simulation.checks import check_at_rest, check_end, check_now, is_quiet
from tests.simulation.desks import Desk
from tests.simulation.disk import Platter
from tests.simulation.folder import Folder, plan_reloads
from tests.simulation.invariants import Watch
from tests.simulation.joiners import Joiner
from tests.simulation.log import Judge, Log
from tests.simulation.loop import OWNER, VirtualClock, VirtualLoop
from tests.simulation.mail_side import MailSide
from tests.simulation.network import Link, Passage
from tests.simulation.ops import Ops
from tests.simulation.options import STARTS, Options
from tests.simulation.people import make_people, plan_texts
from tests.simulation.policy_watch import PolicyWatch
from tests.simulation.pressers import Pressers
from tests.simulation.process import Grounds, Process
from tests.simulation.provider import NEXT_TOKEN, Provider
from tests.simulation.recording_watch import RecordingWatch
from tests.simulation.spammers import SENT_CARDS, JunkWatch, plan_releases, plan_spam
from tests.simulation.trouble import Troubles
from tests.simulation.visitors import Visitors
from tests.simulation.wait_watch import WaitWatch
from tests.simulation.walls import Ids, Wall

CHECK_EVERY_S = 15.0
FULL_CHECK_EVERY = 8
READY_S_MAX = 300.0
"""However slow disk and provider are, a restarted service answers webhooks after this."""
DRAIN_S_MAX = 3 * 3600.0
DRAIN_MAIL_S_MAX = 11 * 3600.0
"""A mail server tries again after hours, six at most, until the mail is through or returned."""
QUIET_S = 1200.0
CALM_AFTER_MS = 600_000
HARMLESS = frozenset({"lines_break", "phones_odd", "spoofed", "forged", "odd_words", "burst", "flood", "streams_flap"})
"""Whatever else goes wrong may for a moment keep the service from saying something in time."""
QUIET_ROUNDS_MAX = 2_500
SPARE_DESK = 100
"""From this number on are the desks of a healthy core: somebody is there, with a telephone where there are calls."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a world came to."""

    seed: int
    trace: str
    contacts: int
    sent: int
    processes: int
    hours: float
    events: int
    calls: int = 0
    mails: int = 0
    read: int = 0  # mails that were fetched from the mailbox elsewhere
    joined: int = 0
    undone: int = 0
    junk: int = 0
    released: int = 0
    presses: int = 0
    erased: int = 0
    chats: int = 0
    waits: tuple[int, int] = (0, 0)  # that were said to callers and are over, and how many were as they were said
    in_chats: tuple[tuple[str, int], ...] = ()  # what visitors did besides writing
    beside: int = 0  # contacts of the second domain, where there is one
    repeated: int = 0  # ids that a provider gave to items at both
    copied: int = 0  # mails that went to both
    tried: int = 0  # what a stranger tried at either


class World:
    def __init__(self, options: Options, loop: VirtualLoop) -> None:
        self.options = options
        self.loop = loop
        self._trace = hashlib.blake2b(digest_size=16)
        self.judge = Judge("at the second domain: " if options.crowd is not None else "")
        chance = Random(f"world/{options.seed}")
        self._chance = chance
        skew = chance.randint(-30_000, 30_000) if options.has("clock_skew") else 0
        start = STARTS[options.calendar]
        self.clock, self.provider_clock = VirtualClock(loop, start=start), VirtualClock(loop, skew, start=start)
        self.known_at: dict[str, int] = {}
        self.watch = Watch(
            judge=self.judge,
            calls=CallWatch(
                judge=self.judge,
                vouched=lambda sid: self.provider.exchange.vouched.get(sid, "none"),
                ear_of=lambda sid: self.provider.exchange.ears.get(sid),
                is_dialled=lambda reference: self.provider.exchange.has(reference),
                began=lambda: [process.began_at for process in self.processes],
                said=lambda words: self.log.vault.get(words, ""),
            ),
            said_waits=WaitWatch(self.judge, counts=options.faults <= HARMLESS and not options.lost_agents),
            policies=PolicyWatch(self.judge),
            sent_by=lambda key: self.provider.sent_by.get(key) or self.visitors.sent_by(key),
            is_at_provider=lambda message: not options.repeats_words and self.provider.accepted()[message] > 0,
            known_at=self.known_at,
            nothing_breaks=options.faults <= HARMLESS and not options.calls,
            junk=JunkWatch(self.judge),
        )
        self.log = Log(self.judge, self.watch.look)
        self.platter = Platter(Random(f"disk/{options.seed}"), self._on_record, self.judge.broken)
        owner = OWNER.get()
        assert owner is not None
        self._owner = owner
        owner.on_error = lambda error: self.judge.broken(0, f"the world itself failed: {error!r}")
        self.webhooks = self._link("webhooks", self._to_service, (60.0, options.late_s_max))
        self.rest = self._link("rest", lambda request: self.provider.answer(request), (11.0, 60.0))
        self.api = self._link("api", self._to_service, (20.0, 60.0))
        self.ids = Ids(f"provider/{options.seed}")
        self.provider = Provider(
            clock=self.provider_clock,
            chance=self.ids,
            wire=self.webhooks,
            judge=self.judge,
            log=self.log,
            world=owner,
            lines=Random(f"lines/{options.seed}"),
            numbers=options.numbers,
            mark=options.mark,
        )
        self.provider.exchange.is_calm = self._is_calm
        self.wall: Wall | None = None  # around this domain, where there is another one
        self.beside: World | None = None
        self.is_mended = self.is_through = self.is_drained = False
        self.secret = secret_of(options)
        self.presses = self._link("presses", self._to_service, (20.0, 200.0))
        self.pressers = Pressers(
            options, link=self.presses, provider=self.provider, judge=self.judge, clock=self.clock, world=owner
        )
        self.post = MailSide(self, owner) if options.has_mail else None
        self.office = self.post.office if self.post else None
        self.provider.on_ordered = lambda body: self.on_shown(body, "what is sent")
        self.provider.exchange.on_recording = RecordingWatch(self.judge, self.log, self.provider.exchange).begun
        self.calm_since = 0 if options.faults <= HARMLESS else None
        self.processes: list[Process] = []
        self.count = 0
        self._secrets: tuple[bytes, ...] = (SANDBOX_TOKEN.encode(),)
        self.folder = Folder(options)
        self.ledger = MemoryLedger()
        self.desks: list[Desk] = []
        self.visitors = Visitors(
            options,
            self.judge,
            self.log,
            world=owner,
            process=self.current,
            clock=self.clock,
            texts=self.provider.messages,
        )
        self.joiner: Joiner | None = None
        self._checks = 0
        self.jumped_at = self.clock.now()
        self.free_for: dict[tuple[str, str], int] = {}  # work and an agent who could take it: since when

    # --- the course of it ---------------------------------------------------------------------------------------------

    async def run(self) -> Result:
        await self._begin_process()
        await self._until(self._is_up, READY_S_MAX, 35, "the service does not get ready")
        people = make_people(self.options)
        self._known = [number for person in people for number in person.spellings if number.startswith("+")]
        self.desks = [self._desk(n) for n in range(self.options.agents)]
        self.joiner = Joiner(self.options, self.api, self._owner) if self.options.joins else None
        callers = Callers(self.options, people, self.provider)
        await self._break_phones([number for person in people for number in person.spellings])
        await callers.break_phones()
        by_mail = await self.post.begin(people) if self.post else []
        self.visitors.begin()
        troubles = Troubles(self.options, self)
        await troubles.begin()
        plan = [(at, True, act) for at, act in plan_texts(self.options, people, self.provider)]
        plan += [(at, True, act) for at, act in plan_spam(self.options, people, self.provider)]
        plan += [(at, False, act) for at, act in plan_releases(self.options, self.api, self._owner.start)]
        plan += [(at, True, act) for at, act in callers.plan()]
        plan += [(at, True, act) for at, act in by_mail]
        ops = Ops(self.options, self.api, self.log, self._owner)
        plan += [(at, True, act) for at, act in ops.plan()]
        plan += [(at, True, act) for at, act in self.pressers.plan()]
        plan += [(at, False, act) for at, act in troubles.plan()]
        if self.options.has("policy_reload"):
            reloads = plan_reloads(self.options, self.folder, self.start_anew, length_s=troubles.length_s)
            plan += [(at, False, act) for at, act in reloads]
        plan.append((troubles.length_s, True, lambda: self._mend(troubles)))
        plan.sort(key=lambda planned: planned[0])
        began = self.loop.time()
        for at, _, act in plan:
            await self._pass(began + at - self.loop.time())
            await act()
        await self._mend(troubles)
        self.is_through = True
        await self._drain()
        for desk in self.desks:
            desk.is_over = True
        await self._pass(120)
        await self._be_quiet()
        check_end(self)
        self.watch.said_waits.end()
        self.judge.check()
        return Result(
            seed=self.options.seed,
            trace=self._trace.hexdigest(),
            contacts=self.watch.contacts,
            sent=sum(self.accepted().values()),
            processes=self.count,
            hours=round(self.loop.time() / 3600, 2),
            events=self.log.seq,
            calls=self.provider.exchange.calls,
            mails=self.watch.mail.count if self.watch.mail else 0,
            read=self.office.mailbox.given if self.office else 0,
            joined=self.joiner.joined if self.joiner else 0,
            undone=self.joiner.undone if self.joiner else 0,
            junk=self.watch.junk.count if self.watch.junk else 0,
            released=self.watch.junk.released if self.watch.junk else 0,
            presses=self.pressers.answered,
            erased=sum(customer.erased_at is not None for customer in self.log.customers()),
            chats=sum(bool(visitor.ever) for visitor in self.visitors.all),
            waits=(self.watch.said_waits.judged, self.watch.said_waits.held),
            in_chats=tuple(sorted(self.visitors.counts.items())),
        )

    async def _mend(self, troubles: Troubles) -> None:
        await troubles.end()
        self.is_mended = True
        self.folder.mend()
        await self.start_anew()
        self.visitors.mend()
        self.pressers.mend()
        if self.joiner is not None:
            self.joiner.is_over = True
        for process in self.processes:
            process.points.arm("", 0)
        for desk in self.desks:
            if not desk.is_lost:
                desk.heal()
        spare = SPARE_DESK
        while not any(desk.is_healthy and (desk.phone.number or not self.options.calls) for desk in self.desks):
            self.desks.append(self._desk(spare))
            self.desks[-1].heal()
            spare += 1
        if self.calm_since is None and not self.options.has("status_lost"):
            self.calm_since = self.clock.now()

    async def _drain(self) -> None:
        await self._until(self._is_up, READY_S_MAX, 35, "the service does not come back")
        await self._until(
            lambda: is_quiet(self) and self._is_quiet_beside(), self._drain_s_max, 15, "work does not drain"
        )
        self.is_drained = True

    def _is_quiet_beside(self) -> bool:
        """Whether the other domain is as far: whoever is through early would count its rounds of the loop as their own."""
        beside = self.beside
        return beside is None or beside.is_drained or (beside.is_through and is_quiet(beside))

    @property
    def _drain_s_max(self) -> float:
        return DRAIN_S_MAX if self.office is None else DRAIN_MAIL_S_MAX

    async def _be_quiet(self) -> None:
        """Without input nothing but the provider's log is looked at now and then. What was far off when all had
        drained may be nearer by now: the agents have gone home, and it has to stay away only for as long as this."""
        soon_ms = int(QUIET_S + CHECK_EVERY_S) * 1000
        await self._until(lambda: is_quiet(self, soon_ms=soon_ms), self._drain_s_max, 15, "work does not drain")
        rounds = self.loop.rounds
        await self._pass(QUIET_S)
        if self.loop.rounds - rounds > QUIET_ROUNDS_MAX * (1 if self.beside is None else 2):
            self.judge.broken(41, f"{self.loop.rounds - rounds} rounds of the loop in {QUIET_S:.0f} quiet seconds")
        check_at_rest(self)

    async def _until(self, holds: Callable[[], bool], seconds: float, number: int, otherwise: str) -> None:
        ends = self.loop.time() + seconds
        while not holds():
            if self.loop.time() > ends:
                check_end(self)  # what exactly is missing, where that can be said
                self.judge.broken(number, f"{otherwise}: {why_not(self)}")
            await self._pass(1.0 if seconds <= READY_S_MAX else CHECK_EVERY_S)

    async def _pass(self, seconds: float) -> None:
        """Let time pass, and look at everything now and then."""
        ends = self.loop.time() + max(0.0, seconds)
        while True:
            self.judge.check()
            left = ends - self.loop.time()
            if left < 1e-6:
                return
            await asyncio.sleep(min(left, CHECK_EVERY_S))
            if left >= CHECK_EVERY_S:
                self._checks += 1
                check_now(self, full=self._checks % FULL_CHECK_EVERY == 0)

    # --- what faults act on -------------------------------------------------------------------------------------------

    async def crash(self) -> None:
        for process in list(self.processes):
            process.crash("at any instant")

    async def crash_at(self, point: str, nth: int) -> None:
        if (process := self.current()) is not None:
            process.points.arm(point, nth)

    async def restart(self) -> None:
        if (process := self.current()) is not None:
            self._owner.start(process.stop())

    async def start_anew(self) -> None:
        """The files were changed: they count from the next start on."""
        process = self.current()
        if process is not None and process.files != self.folder.texts:
            await self.restart()

    async def second_process(self) -> None:
        await self._begin_process()

    async def jump(self, ms: int) -> None:
        """Forward: the host was suspended, and the provider seen from it: the wall moved on, monotonic time did not.
        Back: its clock alone was set."""
        self.clock.jump(ms)
        if ms > 0:
            self.provider_clock.jump(ms)
        self.jumped_at = self.clock.now()

    async def stall(self, seconds: float) -> None:
        self.loop.stall(seconds)

    async def rotate(self) -> None:
        """The operator lets the service take both secrets, then tells the provider to sign with the next one."""
        self._secrets = (NEXT_TOKEN.encode(), SANDBOX_TOKEN.encode())
        await self.restart()
        await asyncio.sleep(0)

        async def later() -> None:
            await asyncio.sleep(200)
            while any(process.secrets != self._secrets for process in self.processes):  # it was starting just then
                await self.restart()
                await asyncio.sleep(30)
            self.provider.rotate()

        self._owner.start(later())

    def accepted(self) -> Counter[str]:
        """How often each message of ours was taken by whoever carries it, by our reference."""
        return self.provider.accepted() + (self.office.arrived() if self.office else Counter())

    def _desk(self, n: int) -> Desk:
        parts = (self.judge, self.log, self.current)
        exchange = self.provider.exchange
        desk = Desk(n, self.options, self.api, self._owner, parts, exchange=exchange, known=self._known)
        if self.options.steady:
            desk.heal()
        return desk

    def _is_calm(self) -> bool:
        """Nothing has gone wrong for so long that nobody on the phone hears the after-effects of it."""
        since = self.calm_since
        return since is not None and self.clock.now() - since > CALM_AFTER_MS and self.current() is not None

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _begin_process(self) -> None:
        found = self.folder.read()
        if found is None:
            self.note("a service with a mistaken policy does not start")
            self._begin_again()
            return
        if self.folder.is_mistaken:
            self.judge.broken(30, "a mistaken policy is live")
        self.count += 1
        policy, files = found
        grounds = Grounds(
            clock=self.clock,
            wire=self.rest,
            platter=self.platter,
            judge=self.judge,
            log=self.log,
            secret=self.secret,
            known_at=self.known_at,
            on_death=self._on_death,
            office=self.office,
            ledger=self.ledger,
            has_chats=self.options.chats > 0,
            numbers=self.options.numbers,
            on_shown=self.on_shown,
        )
        self.processes.append(Process(self.count, grounds, secrets=self._secrets, policy=policy, files=files))

    def _on_death(self, process: Process, why: str) -> None:
        self.note(f"process {process.number} ended: {why}")
        self.processes.remove(process)
        self._begin_again()

    def _begin_again(self) -> None:
        if not self.processes and self.judge.first is None:
            self._owner.start(self._begin_later())

    async def _begin_later(self) -> None:
        await asyncio.sleep(self._chance.choice((0.05, 2.0, 30.0, 120.0)))
        if not self.processes:
            await self._begin_process()

    async def _break_phones(self, numbers: list[str]) -> None:
        for number in numbers:
            if self._chance.random() < 0.15:
                await self.provider.behave(number, self._chance.choice(("undelivered", "never", "read")))

    def current(self) -> Process | None:
        return next((p for p in reversed(self.processes) if p.is_ready), None)

    def _is_up(self) -> bool:
        return self.current() is not None

    async def _to_service(self, request: WireRequest) -> WireResponse:
        listening = [p for p in self.processes if p.front is not None]
        if not listening:
            raise WireFailure("nobody listens (simulated)", may_have_arrived=False)
        process = listening[0] if len(listening) == 1 else self._chance.choice(listening)
        return await process.answer(request)

    def _link(
        self, name: str, deliver: Callable[[WireRequest], Awaitable[WireResponse]], late_s: tuple[float, float]
    ) -> Link:
        chance = Random(f"{name}/{self.options.seed}")
        return Link(name, chance=chance, world=self._owner, deliver=deliver, note=self._on_passage, late_s=late_s)

    def _on_record(self, body: bytes) -> None:
        if SENT_CARDS.search(body):
            self.judge.broken(28, "a card number stands in the log")
        self._trace.update(body)
        self.log.take(body)
        if self.wall is not None:
            self.wall.wrote(body)

    def on_shown(self, shown: bytes, where: str) -> None:
        if self.wall is not None:
            self.wall.shows(shown, where)

    def _on_passage(self, passage: Passage) -> None:
        digest = hashlib.blake2b(passage.body, digest_size=8).hexdigest()
        self.note(f"{passage.link} {passage.what} {passage.method} {passage.path} {passage.status} {digest}")

    def note(self, text: str) -> None:
        self._trace.update(f"{self.loop.jump.time_ns} {text}\n".encode())


def secret_of(options: Options) -> bytes:
    """That of the instance, by which it makes ids and signs what it gives out."""
    return hashlib.sha256(f"secret/{options.seed}".encode()).digest()


def why_not(world: World) -> str:
    process = world.current()
    if process is None:
        return "nobody is up"
    return f"lag {process.node.relay.lag}, outbox {process.node.outbox.waiting}, " + ", ".join(
        f"{w.id} {w.state}" for w in world.log.works() if w.state != "done"
    )
