"""What providers took while we were away is fetched in order, a stretch at a time, and never begun again."""

from channels.base import Capabilities, IsKnown, Outgoing, Received, Sent
from channels.clock import ManualClock
from channels.wire import WireRequest, WireResponse
from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import TakeContact
from router.core.documents import Case
from router.core.words import HOUR_MS, Channel
from router.journal.memory import MemoryJournal
from router.node.node import Node

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
        last = BEGIN + HOURS * HOUR_MS if until is None else until
        if self.fails_at is not None and since <= self.fails_at <= last:
            raise ConnectionError("no answer within a minute")
        times = (Ms(BEGIN + n * HOUR_MS // 2) for n in range(2 * HOURS))
        return [text(at) for at in times if since <= at <= last and not await is_known(f"log/{at}")]


def text(at: Ms) -> TakeContact:
    n = (at - BEGIN) // (HOUR_MS // 2)
    return TakeContact(
        key=f"log/{at}", channel=Channel.SMS, sender=f"+12125550{n:03d}", via="+1", at=at, text="E42 again", late=True
    )


async def started(channel: LongLog, journal: MemoryJournal) -> Node:
    facts = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
    node = Node(
        journal=journal,
        clock=ManualClock(Ms(BEGIN + HOURS * HOUR_MS)),
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
