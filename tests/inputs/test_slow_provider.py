"""A provider that is slow holds up its own messages and nobody else's; what a crash ends is taken up again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from channels.base import Capabilities, IsKnown, Outgoing, Received, Sent
from channels.clock import ManualClock
from channels.wire import WireRequest, WireResponse
from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import Actor, Media, SendReply, TakeContact
from router.core.documents import Case
from router.core.events import FileMissing
from router.core.words import ActorKind, Channel
from router.journal.memory import MemoryJournal, RamDisk
from router.node.node import Node
from router.node.outbox import AT_ONCE
from tests.story import patiently

NOW = Ms(1_790_000_000_000)
ANA = Actor(ActorKind.AGENT, "agt_ana")


class Provider:
    """Takes each message once its gate is open."""

    capabilities = Capabilities(can_send=True)
    paths = ()

    def __init__(self, carries: Channel) -> None:
        self.id = f"provider of {carries}"
        self.carries = (carries,)
        self.gate = asyncio.Event()
        self.asked: list[Outgoing] = []
        self.taken: list[Outgoing] = []
        self.files: list[str] = []
        self.news = asyncio.Event()

    def receive(self, request: WireRequest, now: Ms) -> Received:
        raise NotImplementedError

    async def send(self, message: Outgoing) -> Sent:
        self.asked.append(message)
        self.news.set()
        await self.gate.wait()
        self.taken.append(message)
        self.news.set()
        return Sent("sent", provider_id=f"{self.id}/{len(self.taken)}")

    async def sees(self, asked: int = 0, taken: int = 0) -> None:
        while len(self.asked) < asked or len(self.taken) < taken:
            self.news.clear()
            await patiently(self.news.wait())

    async def find(self, message: Outgoing) -> list[str]:
        return []

    async def missed(self, since: Ms, until: Ms | None, is_known: IsKnown) -> list[TakeContact]:
        return []

    async def fetch_media(self, url: str) -> WireResponse | None:
        self.files.append(url)
        self.news.set()
        await self.gate.wait()
        return WireResponse(404)


@asynccontextmanager
async def running(*providers: Provider, disk: RamDisk | None = None) -> AsyncIterator[Node]:
    facts = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
    node = Node(
        journal=await MemoryJournal.open(disk),
        clock=ManualClock(NOW),
        policy=parse_policies(default_policy_files(), 0),
        policy_files=default_policy_files(),
        channels=list(providers),  # pyright: ignore[reportArgumentType]
        facts_of=lambda _: facts,
        senders={provider.carries[0]: "+14155550100" for provider in providers},
    )
    await node.start()
    yield node
    for provider in providers:
        provider.gate.set()
    await node.close()


async def answered(node: Node, channel: Channel, n: int) -> None:
    """Somebody wrote and has an answer of ours waiting."""
    sender = f"+12125550{n:03d}"
    taken = await node.take(
        TakeContact(key=f"in/{n}", channel=channel, sender=sender, via="+14155550100", at=NOW, text="E42 again")
    )
    assert taken.decision is not None
    (case,) = [d for d in taken.decision.state.values() if isinstance(d, Case)]
    await node.take(SendReply(key=f"out/{n}", case=case.id, text="Check the fuse", channel=channel, actor=ANA))


async def test_a_provider_that_is_slow_does_not_hold_up_the_messages_of_another():
    slow, quick = Provider(Channel.WHATSAPP), Provider(Channel.SMS)
    quick.gate.set()
    async with running(slow, quick) as node:
        for n in range(AT_ONCE + 4):
            await answered(node, Channel.WHATSAPP, n)
        await slow.sees(asked=AT_ONCE)
        await answered(node, Channel.SMS, 900)
        await quick.sees(taken=1)
        assert (len(slow.asked), len(slow.taken)) == (AT_ONCE, 0), "and it is not asked for more at once"
        slow.gate.set()
        await slow.sees(taken=AT_ONCE + 4)


async def missing(node: Node) -> list[str]:
    batches = await node.journal.batches(after=0, limit=1000)
    return [str(event.file) for stored in batches for event in stored.events if isinstance(event, FileMissing)]


async def test_files_that_a_crash_kept_from_being_looked_at_are_looked_at_after_the_start():
    """Two pictures came and the node died before the provider had said whether they are there: the next one asks, and
    notes what is gone; the one after that has nothing to ask."""
    slow, quick, last = (Provider(Channel.SMS) for _ in range(3))
    disk, later = RamDisk(), RamDisk()
    quick.gate.set()
    async with running(slow, disk=disk) as node:
        files = tuple(Media(f"http://provider.test/{n}", "image/png") for n in range(2))
        sender, ours = "+12125550142", "+14155550100"
        await node.take(
            TakeContact(key="in/1", channel=Channel.SMS, sender=sender, via=ours, at=NOW, text="see", media=files)
        )
        while not slow.files:
            slow.news.clear()
            await patiently(slow.news.wait())
        assert await missing(node) == []
        later.data = disk.data  # what stands on the disk at this instant
    async with running(quick, disk=later) as node:
        await patiently(idle(node))
        assert len(await missing(node)) == 2
        assert len(quick.files) == 4, "each is asked for twice"
    async with running(last, disk=later) as node:
        await patiently(idle(node))
        assert (last.files, len(await missing(node))) == ([], 2)


async def idle(node: Node) -> None:
    while len(node.files.tasks):
        await asyncio.sleep(0)
