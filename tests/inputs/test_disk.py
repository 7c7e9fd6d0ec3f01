"""What a failing disk and an orderly stop look like from outside: in words, and told apart."""

import asyncio

import pytest

from channels.clock import ManualClock
from policies import default_policy_files, parse_policies
from router.core.addresses import AddressFacts, AddressKind
from router.core.clock import Ms
from router.core.commands import SYSTEM, AddAgent, SetAgentState, TakeContact
from router.core.documents import Work
from router.core.words import AgentId, AgentState, Channel
from router.journal.base import JournalClosed, JournalStopped
from router.journal.memory import MemoryJournal, RamDisk, next_frame
from router.node.node import Node

NOW = Ms(1_790_000_000_000)
POLICY = parse_policies(default_policy_files(), 0)


class DeadDisk(RamDisk):
    """Can be read and fails at each sync."""

    async def sync(self) -> None:
        raise OSError(5, "Input/output error")


async def node_on(disk: RamDisk) -> Node:
    facts = AddressFacts(kind=AddressKind.PHONE, country="US", dialable=True)
    return Node(
        journal=await MemoryJournal.open(disk),
        clock=ManualClock(NOW),
        policy=POLICY,
        policy_files=default_policy_files(),
        channels=[],
        facts_of=lambda _: facts,
        senders={},
    )


def text(n: int) -> TakeContact:
    return TakeContact(key=f"t/{n}", channel=Channel.SMS, sender="+12125550142", via="+1", at=NOW, text="E42 again")


async def offered(disk: RamDisk) -> None:
    """A text offered to an agent, all of it told."""
    node = await node_on(disk)
    await node.start()
    skills = (("heating", 3),)
    made = await node.take(
        AddAgent(key="a", name="Ana", skills=skills, languages=("en",), capacity=(("message", 3),), actor=SYSTEM)
    )
    assert made.decision is not None
    agent = AgentId(next(iter(made.decision.state)))
    await node.take(SetAgentState(key="s", agent=agent, state=AgentState.READY, actor=SYSTEM))
    await node.take(text(1))
    while not await node.journal.live(Work) or node.relay.lag:
        await asyncio.sleep(0)
    await node.close()


def before_told(data: bytes) -> bytes:
    """The log up to the offer: the case has not been told of it."""
    at = 0
    while (frame := next_frame(data, at)) is not None:
        body, at = frame
        if b'"WorkOffered"' in body:
            return data[:at]
    raise AssertionError("nothing was offered")


async def test_a_disk_that_fails_while_starting_is_named_by_one_error():
    """Cases are told what they missed several at a time; the first failure is what is raised, not a group of them."""
    disk = RamDisk()
    await offered(disk)
    dead = DeadDisk()
    dead.data = before_told(disk.data)
    node = await node_on(dead)
    with pytest.raises(JournalStopped, match=r"a commit failed: .*Input/output error"):
        await node.start()


async def test_what_an_orderly_stop_cuts_off_is_no_failure():
    """Commands that were under way are refused, to be sent again; nothing is said to have failed."""
    node = await node_on(RamDisk())
    await node.start()
    await node.take(text(1))
    await node.close()
    with pytest.raises(JournalClosed):
        await node.take(text(2))
    assert not node.failed.done()


async def test_a_disk_that_fails_stops_the_node():
    disk = RamDisk()
    node = await node_on(disk)
    await node.start()
    disk.sync = DeadDisk().sync
    with pytest.raises(JournalStopped, match="a commit failed"):
        await node.take(text(1))
    assert "Input/output error" in await node.failed


async def test_a_consumer_that_fails_stops_the_node(monkeypatch: pytest.MonkeyPatch):
    """Not ready any more, nothing taken, and whoever serves is told who failed: it ends as with a dead disk."""
    node = await node_on(RamDisk())
    await node.start()

    def hear(*_: object) -> None:
        raise RuntimeError("confused")

    hear.__qualname__ = "Floods.hear"
    monkeypatch.setattr(node.floods, "hear", hear)
    for n in (1, 2):
        with pytest.raises(JournalStopped, match=r"Floods.hear failed over what was committed: .*confused"):
            await node.take(text(n))
    assert not node.is_ready
    assert "Floods.hear" in await node.failed
