"""What must hold between the log, the service's memory and the provider: now and then, at rest, and at the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from policies.call_hours import may_ring
from router.core.documents import Agent, Call, Message, Promise, Work
from router.core.tree import members_of
from router.core.words import HOUR_MS, AgentState, CallRole, CallState, Channel, PromiseState, WorkState
from router.journal.base import is_live
from tests.simulation.invariants import can_do
from tests.simulation.mail_watch import check_mail_end
from tests.simulation.recording_watch import BY_US, RecordingWatch
from tests.simulation.visitors import check_chats_end, waits_for_visitor

if TYPE_CHECKING:
    from tests.simulation.process import Process
    from tests.simulation.world import World

GRACE_MS = 60_000
"""What slow disks and folds may cost before an offer that ran out is off the books."""
OFFERED_MS_MAX = 120_000
"""So long work may wait for the agent who knows its case, and for a look, while somebody else is free."""


def check_now(world: World, *, full: bool) -> None:
    """Cheap looks, every few seconds; with `full` the service's memory against the log."""
    process = world.current()
    if process is None or process.ready_at is None:
        _check_recovery(world)
        return
    now = process.clock.now()  # what the service can know: after a step back it may lag behind who was there all along
    if world._is_calm():
        _recordings(world).look(now)
    has_settled = world.clock.now() > world.jumped_at + GRACE_MS and not world.platter.trouble.slow
    for id, offer in world.watch.offers.items():
        if has_settled and now > max(offer.expires_at, process.ready_at) + GRACE_MS:
            world.judge.broken(14, f"{id} is still open {now - offer.expires_at} ms after it ran out")
    _check_offered(world, now)
    if full:
        check_memory(world, process)


def _check_offered(world: World, now: int) -> None:
    """Invariant 15, once all is well: whoever waits while somebody is free who can do it is offered to them soon."""
    before, world.free_for = world.free_for, {}
    if world.options.mode != "liveness" or not world._is_calm():
        return
    ready = [d for d in world.log.states.get("domain", {}).values() if isinstance(d, Agent)]
    ready = [a for a in ready if a.state is AgentState.READY and a.asked is None and not world.watch.held[a.id]]
    for work, line in world.watch.lines.items():
        if not line.waits or line.ask.agent is not None:
            continue
        for agent in ready:
            if agent.id not in line.passed_by and can_do(agent, line.ask.requirement):
                since = world.free_for[work, agent.id] = before.get((work, agent.id), now)
                if now - since > OFFERED_MS_MAX:
                    world.judge.broken(15, f"{work} waits, {agent.id} is free for {now - since} ms, and is not asked")


def _check_recovery(world: World) -> None:
    for process in world.processes:
        if not world.options.has("clock_jump") and process.clock.now() - process.began_at > 600_000:
            world.judge.broken(35, f"process {process.number} is not ready after ten minutes")


def check_memory(world: World, process: Process) -> None:
    """Invariant 4: what the service holds in memory is what the log says, byte for byte."""
    log, journal, node = world.log, process.journal, process.node
    if journal.last_seq != log.seq or journal._writing is not None:
        return
    documents = log.documents()
    _check_erased(world, process)
    if journal._documents != documents:
        differ = [id for id in documents if journal._documents.get(id) != documents[id]]
        world.judge.broken(4, f"documents differ from the fold of the log: {differ[:3]}")
    works = {d.id: d for d in documents.values() if isinstance(d, Work) and is_live(d)}
    agents = {d.id: d for d in documents.values() if isinstance(d, Agent)}
    if node.domain.works != works or node.domain.agents != agents:
        world.judge.broken(4, "the matcher's memory differs from the fold of the log")
    held: Counter[tuple[str, str]] = Counter()
    for work in works.values():
        holder = work.offer.agent if work.offer else work.agent
        if holder is not None and work.state is not WorkState.WAITING:
            held[holder, work.ask.requirement.kind] += 1
    for call in documents.values():
        if isinstance(call, Call) and call.role is CallRole.LEAD and call.state is not CallState.ENDED and call.agent:
            held[call.agent, "phone"] += 1  # a lead in a conversation of others is on the phone
    for agent in agents.values():
        for kind, _ in agent.capacity:
            if node.domain.matcher.load(agent.id, kind) != held[agent.id, kind]:
                world.judge.broken(13, f"the matcher thinks that {agent.id} holds another number of {kind}")


def _check_rows(world: World, process: Process) -> None:
    """Invariants 9 and 10: each contact stands on one case, and every case counts what stands on it and on those that
    go on in it, whatever was joined, split and taken back."""
    journal, seen, stands = process.journal, set[str](), Counter[str]()
    for case, rows in journal._entries.items():
        for row in rows:
            if row.contact is None or row.evidence is None or row.kind not in ("message", "call"):
                continue
            if row.contact in seen:
                world.judge.broken(10, f"{row.contact} stands on the timeline twice")
            seen.add(row.contact)
            if row.letter is not None and row.letter.automatic:
                continue  # kept beside the matter, and counted nowhere
            stands[journal._moved.get((case, row.n), case)] += 1
    documents = world.log.documents()
    for case in world.log.cases():
        own = case.contacts if case.side is None else case.side.contacts
        if own != stands[case.id]:
            world.judge.broken(9, f"{case.id} counts {own} contacts of its own, {stands[case.id]} stand there")
        if case.is_head and case.contacts != (together := sum(stands[one.id] for one in members_of(documents, case))):
            world.judge.broken(9, f"{case.id} counts {case.contacts} contacts in all, {together} stand there")


def _check_erased(world: World, process: Process) -> None:
    """Invariant 27: of whoever was erased nothing is left that could be read, and nobody finds them."""
    journal = process.journal
    erased = {c.id for c in world.log.customers() if c.erased_at is not None}
    if not erased <= set(journal._erased):
        world.judge.broken(27, "somebody was erased and the journal does not know of it")
    gone = {owner for owner, is_gone in journal._erased.items() if is_gone}
    if left := [id for id, owner in journal._kept_by.items() if owner in gone and id in journal._vault]:
        world.judge.broken(27, f"{left[:3]} is kept of somebody who was erased")
    for key, indexed in journal._addresses.items():
        if indexed.customer in gone:
            world.judge.broken(27, f"somebody who was erased is found by {key}")
    for owner in gone:
        if owner not in world.ledger.known:
            world.judge.broken(27, f"{owner} was erased and does not stand in the ledger")


SOON_MS = HOUR_MS
"""A promise that was moved to a later time than this ahead is not waited for."""


def _rests(promise: Promise, until: int) -> bool:
    """Whether it is a call of our own accord that rests until the morning, which nobody waits for, one at a time that
    they named, or were told, and that is not there yet, or one that reached nobody, or was not made, and is made by
    day."""
    is_by_day = promise.due_at is not None and not may_ring(promise.due_at - 1, promise.zones)
    is_for_later = promise.unpromised or promise.named or bool(promise.attempts) or is_by_day
    is_for_later = is_for_later or promise.state is PromiseState.MOVED
    return is_for_later and (promise.due_at or 0) >= until


def is_quiet(world: World, *, soon_ms: int = SOON_MS) -> bool:
    """Nothing is under way any more: nobody waits, no message is open, nothing is still to be folded; nor will be for
    `soon_ms`."""
    process = world.current()
    if process is None or process.node.relay.lag or process.node.outbox.waiting or process.node.eraser.owed:
        return False
    if world.office is not None and (world.office.is_busy() or any(m.taken and not m.case for m in world.office.mails)):
        return False
    if any(link.copies for link in (world.webhooks, world.rest, world.api, world.presses)) or world.pressers.at_it:
        return False
    if not world.visitors.is_quiet():
        return False
    if any(key not in world.watch.cases_of for key in world.provider.in_log):
        return False
    if any(key not in world.log.keys for key in world.provider.recorded()):
        return False
    if world.provider.exchange.live() or any(c.state != "ended" for c in world.log.calls()):
        return False
    soon = world.clock.now() + soon_ms
    if any(
        (p.state in ("open", "at_risk") and not _rests(p, soon)) or (p.state == "moved" and 0 < (p.due_at or 0) < soon)
        for p in world.log.promises()
    ):
        return False
    if any(not recording.is_settled for recording in world.log.recordings()):
        return False
    if any(c.ask is not None for c in world.log.cases()) or any(w.state != "done" for w in world.log.works()):
        return False
    if any(m.state == "sent" and waits_for_visitor(world.log, m) for m in world.log.messages()):
        return False
    return not any(m.state in ("queued", "sending") and not _waits_for_day(m, soon) for m in world.log.messages())


def _waits_for_day(message: Message, soon: int) -> bool:
    """Whether a text wakes nobody: it goes out in the morning."""
    return message.state == "queued" and message.attempts == 0 and (message.due_at or 0) >= soon


def check_at_rest(world: World) -> None:
    """Nothing is left over in memory (invariants 14, 33)."""
    process = world.current()
    if process is None:
        world.judge.broken(35, "nobody is up at the end")
        return
    node = process.node
    check_memory(world, process)
    _check_rows(world, process)
    if journal_owes := [c.id for c in world.log.customers() if c.erased_at and not process.journal._erased.get(c.id)]:
        world.judge.broken(27, f"{journal_owes[:3]} were erased, and something of them is still there")
    left = {
        "commands under way": len(node._keys),
        "locks": len(node.customers._locks),
        "outbox": node.outbox.waiting,
        "offers": len(world.watch.offers),
        "waiting work": len(node.domain.matcher),
        "held": sum(len(held) for held in world.watch.held.values()),
        "activity": len(
            [name for name in node.activity.names() if name != "catch-up"]
        ),  # the provider's log is looked at
        "legs": len(node.dialler.legs) + len(node.dialler.tasks) + len(node.dialler._under_way),
        "recordings": node.recorder.open,
        "agents' lines": len(world.watch.calls.on_line),
    }
    for name, count in left.items():
        if count:
            world.judge.broken(33, f"{count} {name} are left at rest")
    if len(node.deadlines) > len(node.domain.agents) + len(world.log.works()) + 8:
        world.judge.broken(33, f"{len(node.deadlines)} deadlines are left at rest")


def check_end(world: World) -> None:
    """Nothing lost, nothing twice, nobody forgotten."""
    _check_contacts(world)
    _check_sends(world)
    _check_attended(world)
    _check_calls(world)
    _check_decisions(world)
    check_chats_end(world.judge, world.log, world.visitors)
    if world.office is not None:
        check_mail_end(world.judge, world.office.mails, world.log.cases())


def _check_contacts(world: World) -> None:
    for key in world.provider.in_log:
        if key not in world.watch.cases_of:
            world.judge.broken(2, f"{key} is in the provider's log and on no case")
    for key in world.provider.recorded():
        if key not in world.log.keys:
            world.judge.broken(2, f"{key} was said to the provider and is on no case")
    if world.watch.contacts != len(world.watch.cases_of):
        world.judge.broken(3, "there are more contacts than messages")


def _check_sends(world: World) -> None:
    watch = world.watch
    accepted = world.accepted()
    for reference, count in accepted.items():
        message = world.log.message(reference)
        allowed = 1 + watch.released[reference]
        if world.options.twice:
            allowed += watch.unknown[reference]
        if world.office is not None:
            allowed += world.office.answers_lost(reference)
        if message is None or count > allowed:
            world.judge.broken(21, f"{reference} was sent {count} times, {allowed} are allowed")
    for message in world.log.messages():
        if message.channel is Channel.CHAT:  # nobody carries it but us
            continue
        is_out = message.state in ("sent", "delivered", "read")
        if is_out and not accepted[message.id] and not world.options.repeats_words:
            world.judge.broken(21, f"{message.id} counts as {message.state} and was never handed over")


def _check_attended(world: World) -> None:
    """Invariant 15: whoever wrote and was not attended to has somebody who will. 27: nothing is open of whoever was
    erased."""
    erased = {customer.id for customer in world.log.customers() if customer.erased_at is not None}
    for case in world.log.cases():
        if case.customer in erased and (case.status.is_live or case.ask is not None):
            world.judge.broken(27, f"{case.id} is {case.status}, and {case.customer} was erased")
        owed = world.watch.unattended[case.id]
        if case.id in world.watch.joined:  # who answered whom is known only when they are taken apart
            continue
        if owed and case.ask is None and case.promise is None:
            world.judge.broken(15, f"{case.id} is {case.status}, was written to at {owed[0]}, and nobody will look")


def _check_calls(world: World) -> None:
    """No leg is left on any line, no promise is left open, and nothing was recorded but by the provider's own words."""
    for leg in world.provider.exchange.live():
        world.judge.broken(33, f"{leg.sid} ({leg.phone}) is still on the line")
    for call in world.log.calls():
        if call.state != "ended":
            world.judge.broken(33, f"{call.id} counts as {call.state} at the end")
    for promise in world.log.promises():
        if promise.state.is_pending and not _rests(promise, world.clock.now()):
            world.judge.broken(17, f"{promise.id} is {promise.state} at the end")
        if promise.state.is_pending:
            world.watch.calls.end(promise, world.clock.now())
    for recording in world.provider.exchange.network.recordings.newest_first():
        if recording.source != "RecordVerb" and (world.options.recorded == "no" or recording.source != BY_US):
            world.judge.broken(38, f"{recording.sid} was recorded, and the policy says no")
    _recordings(world).end(deletes=not world.options.keeps_refused)


def _recordings(world: World) -> RecordingWatch:
    return RecordingWatch(world.judge, world.log, world.provider.exchange)


def _check_decisions(world: World) -> None:
    """Invariant 29: what the matcher did for a case stands in its timeline."""
    offered = noted = 0
    for batch in world.log.batches:
        for event in batch.events:
            kind = type(event).__name__
            offered += kind == "WorkOffered"
            noted += kind == "RoutingNoted" and getattr(event, "what", "") == "offered"
    if offered != noted:
        world.judge.broken(29, f"{offered} offers were made and {noted} are told in timelines")
