"""What providers took while we were away is fetched in order, a stretch at a time, and never begun again."""

from urllib.parse import urlsplit

from channels.base import Capabilities, IsKnown, Outgoing, Received, Sent
from channels.clock import ManualClock
from channels.registry import BUILT_IN, Host
from channels.sandbox.account import SANDBOX_API_KEYS, SANDBOX_SID, SANDBOX_TOKEN
from channels.twilio_messaging import TwilioSettings
from channels.wire import WireRequest, WireResponse
from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import TakeCall, TakeContact
from router.core.documents import Case
from router.core.words import HOUR_MS, Channel
from router.journal.memory import MemoryJournal
from router.node.node import Node
from tests.sandbox.stage import TARGET
from tests.sandbox.voice_stage import CallBench, make_call_bench

BEGIN = Ms(1_790_000_000_000)
HOURS = 10


class LongLog:
    """A provider whose log has a text for each half hour, and fails when it is asked for some hour."""

    id = "long-log"
    carries = (Channel.SMS,)
    capabilities = Capabilities()
    paths = ()

    def __init__(self) -> None:
        self.asked: list[tuple[Ms, Ms | None]] = []
        self.fails_at: Ms | None = None
        self.ends_at = Ms(BEGIN + HOURS * HOUR_MS)

    def receive(self, request: WireRequest, now: Ms) -> Received:
        raise NotImplementedError

    async def send(self, message: Outgoing) -> Sent:
        raise NotImplementedError

    async def find(self, message: Outgoing) -> list[str]:
        return []

    async def fetch_media(self, url: str) -> WireResponse | None:
        return None

    async def missed(self, since: Ms, until: Ms | None, is_known: IsKnown) -> list[TakeContact]:
        self.asked.append((since, until))
        last = self.ends_at if until is None else until
        if self.fails_at is not None and since <= self.fails_at <= last:
            raise ConnectionError("no answer within a minute")
        times = (Ms(BEGIN + n * HOUR_MS // 2) for n in range(2 * HOURS))
        return [text(at) for at in times if since <= at <= last and not await is_known(f"log/{at}")]


def text(at: Ms) -> TakeContact:
    n = (at - BEGIN) // (HOUR_MS // 2)
    return TakeContact(
        key=f"log/{at}", channel=Channel.SMS, sender=f"+12125550{n:03d}", via="+1", at=at, text="E42 again", late=True
    )


async def started(channel: LongLog, journal: MemoryJournal, *, now: Ms = Ms(BEGIN + HOURS * HOUR_MS)) -> Node:
    facts = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
    node = Node(
        journal=journal,
        clock=ManualClock(now),
        policy=parse_policies(default_policy_files(), 0),
        policy_files=default_policy_files(),
        channels=[channel],  # pyright: ignore[reportArgumentType]
        facts_of=lambda _: facts,
        senders={},
    )
    await node.start()
    return node


async def test_a_long_log_is_taken_up_where_it_stopped():
    journal = await MemoryJournal.open()
    await journal.put_record("reconciled", LongLog.id, str(BEGIN))
    log = LongLog()
    log.fails_at = Ms(BEGIN + 4 * HOUR_MS + 1)
    node = await started(log, journal)
    opened = sorted(c.opened_at for c in await journal.live(Case) if isinstance(c, Case))
    assert opened == [BEGIN + n * HOUR_MS // 2 for n in range(9)]
    assert await journal.record("reconciled", LongLog.id) == str(BEGIN + 4 * HOUR_MS)

    log.fails_at = None
    log.asked.clear()
    assert await node.catch_up() == 11
    assert log.asked[0][0] == BEGIN + 3 * HOUR_MS, "an hour before where it stopped, and not from the beginning"
    assert log.asked[-1][1] is None, "the last stretch reaches to the present"
    assert len(await journal.live(Case)) == 2 * HOURS
    assert await node.catch_up() == 0
    await node.close()


async def test_what_was_missed_never_came_in_the_future():
    """The provider's clock is ten seconds ahead of ours: who wrote stands in line since now, and no later ask of theirs
    finds a place that has yet to come."""
    journal = await MemoryJournal.open()
    await journal.put_record("reconciled", LongLog.id, str(BEGIN))
    now = Ms(BEGIN + (HOURS - 1) * HOUR_MS - 10_000)
    log = LongLog()
    log.ends_at = Ms(now + 10_000)
    node = await started(log, journal, now=now)
    cases = [case for case in await journal.live(Case) if isinstance(case, Case)]
    assert len(cases) == 2 * (HOURS - 1) + 1
    assert max(case.opened_at for case in cases) == now
    assert max(case.ask.place_at for case in cases if case.ask is not None) == now
    await node.close()


class ToSandbox:
    """The way from an adapter to a sandbox in memory."""

    def __init__(self, bench: CallBench) -> None:
        self._bench = bench

    async def send(self, request: WireRequest, *, timeout_s: float) -> WireResponse:
        path = urlsplit(request.url)._replace(scheme="", netloc="").geturl()
        return await self._bench.sandbox.handle(WireRequest(request.method, path, request.headers, request.body))


async def test_a_caller_who_was_on_the_line_when_we_looked_is_found_when_they_have_gone():
    """A call is found by when it ended too: one that outlasts the overlap of two looks began before the second."""
    bench = make_call_bench()
    bench.service.routes["/twilio/voice"] = '<Pause length="600"/><Redirect/>'
    user, secret = next(iter(SANDBOX_API_KEYS.items()))
    settings = TwilioSettings(account=SANDBOX_SID, secrets=(SANDBOX_TOKEN.encode(),), public_url=TARGET)
    host = Host(
        transport=ToSandbox(bench), public_url=TARGET, twilio=settings, twilio_user=user, twilio_secret=secret,
        twilio_base_url="https://provider.example",
    )  # fmt: skip
    [voice] = [channel for make in BUILT_IN if Channel.PHONE in (channel := make(host)).carries]

    async def unknown(_: str) -> bool:
        return False

    sid = await bench.call_in()
    await bench.advance(3 * 3600)
    looked_at = bench.clock.now()
    assert await voice.missed(Ms(looked_at - HOUR_MS), None, unknown) == []
    await bench.does("hang-up")
    [missed] = await voice.missed(Ms(looked_at - HOUR_MS), None, unknown)
    assert isinstance(missed, TakeCall)
    assert (missed.provider_id, missed.late) == (sid, True)
    assert looked_at - missed.at == 3 * HOUR_MS
    await bench.sandbox.close()
