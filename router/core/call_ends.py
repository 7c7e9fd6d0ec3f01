"""How calls end, and what becomes of whoever was on them: nobody is left in silence, no place is lost by hanging up.

Hanging up in line becomes a call only where they heard that it would, on a number that is surely theirs.
"""

from router.core.call_parts import (
    agents_of,
    ask_for_phone,
    can_be_called,
    change_promise,
    customer_of,
    is_current,
    move,
    own_promise,
    promise_call,
    refuse,
    turn_to_writing,
)
from router.core.call_table import may_ring_back
from router.core.clock import Ms
from router.core.context import Making
from router.core.documents import Call, Case
from router.core.events import CallEnded, PlaceKept, WorkWithdrawn
from router.core.tree import tree_of
from router.core.words import SECOND_MS, CallbackState, CallRole, CallState, Channel, PromiseState, Step, WorkId

IN_TALK = (Step.OPENING, Step.TALKING, Step.HELD, Step.LOST)
SURELY_TALKED_MS = 15 * SECOND_MS
"""Nobody stays so long in a room without a word: where nobody told us that they were in it, this does."""


def end_call(making: Making, call: Call, *, how: str) -> None:
    """A leg is over, whoever ended it. `how` is the provider's final word, or machine, or unknown."""
    case = making.case(call.case)
    seconds = (making.now - call.answered_at) // SECOND_MS if call.answered_at is not None else 0
    making.emit(
        CallEnded(
            call=call.id,
            case=case.id,
            at=making.now,
            entry=case.entries + 1,
            how=how,
            role=call.role,
            seconds=seconds,
            step=call.step,
            agent=call.agent,
        )
    )
    if call.role is CallRole.LEAD:
        return  # the conversation goes on without them
    if call.role is CallRole.AGENT:
        _agent_ended(making, call, how=how)
    elif call.step in IN_TALK and _talked(making, call):
        note_kept(making, call)
        all_said(making, call, why="the call ended")
        own_promise(making, call.case)  # one that another call of theirs was promised meanwhile
    elif call.promise is not None and call.promise == case.promise:
        _not_reached(making, call, how=_outcome(call, how))
    elif customer_of(making, making.case(call.case)) is None:  # nobody else of theirs is on the line
        _hung_up(making, call)
        waits = _waits_for_phone(making.case(call.case))  # then whoever is being rung for them will call them
        for leg in agents_of(making, call.case):
            if not waits or leg.step is Step.BESIDE:
                move(making, leg, Step.GOODBYE)
        own_promise(making, call.case)


def note_kept(making: Making, call: Call) -> None:
    """Both are in the room: what was promised is done, by our call or because they called in."""
    promise = making.case(call.case).promise
    if promise is not None and call.promise == promise:
        change_promise(making, promise, PromiseState.KEPT, CallbackState.TALKING, attempt="answered")
    elif promise is not None and call.promise is None and call.work is not None:
        change_promise(making, promise, PromiseState.KEPT, CallbackState.DONE, why="they called in")
    if call.work is not None:
        _keep_others(making, call)


def _keep_others(making: Making, call: Call) -> None:
    """What they were promised about cases that are joined with this one is done as well: nobody is rung twice."""
    case = making.case(call.case)
    for one in tree_of(making.state, case):
        if one.id == case.id or one.customer != case.customer or one.promise is None or one.call is not None:
            continue
        change_promise(making, one.promise, PromiseState.KEPT, CallbackState.DONE, why="they were talked with about it")
        if one.ask is not None and _waits_for_phone(one) and not one.taken:
            why = "they were talked with about it"
            making.emit(WorkWithdrawn(case=one.id, customer=one.customer, at=making.now, work=one.ask.work, why=why))


def _talked(making: Making, call: Call) -> bool:
    return call.joined or (call.talking_at is not None and making.now - call.talking_at >= SURELY_TALKED_MS)


def _outcome(call: Call, how: str) -> str:
    """What a call that reached nobody came to."""
    if call.step in (Step.MACHINE, Step.GOODBYE) and call.answered_at is not None:
        return "machine"
    return "cut off" if call.answered_at is not None else how


def _agent_ended(making: Making, leg: Call, *, how: str) -> None:
    """Before the agent's key the work goes to somebody else; after it the customer is asked to stay or to hang up."""
    case = making.case(leg.case)
    customer = customer_of(making, case)
    with_them = customer is not None and customer.work == leg.work
    if leg.step is not Step.BESIDE and not with_them:
        if leg.work is not None and is_current(case, leg.work):
            why = "nobody was on the line any more" if leg.move else f"their phone did not take it ({how})"
            refuse(making, leg.work, leg.agent, case, why=why, away=not leg.move)
        return
    if customer is None or any(other.step is Step.BESIDE for other in agents_of(making, case.id)):
        return
    if customer.state is not CallState.LIVE:  # it still rings, and nobody would be there to talk to
        move(making, customer, Step.GOODBYE)
    elif customer.step in IN_TALK and customer.step is not Step.LOST:
        move(making, customer, Step.LOST)


def _not_reached(making: Making, call: Call, *, how: str) -> None:
    """A promised call that reached nobody: recorded, tried again later, and in the end a person decides."""
    case = making.case(call.case)
    settings = making.context.policy.settings.callbacks
    all_said(making, call, why=f"not reached: {how}")
    if call.promise is None or call.promise != case.promise:
        return
    tried = len(making.promise(call.promise).attempts) + 1
    if tried < settings.attempts:
        due_at = Ms(making.now + settings.spacing_s * SECOND_MS)
        state, callback = PromiseState.OPEN, CallbackState.SCHEDULED
    else:
        due_at, state, callback = None, PromiseState.BROKEN, CallbackState.FAILED
    change_promise(making, call.promise, state, callback, why=f"not reached: {how}", attempt=how, due_at=due_at)
    if due_at is None:
        place_at = making.promise(call.promise).place_at
        if case.ask is not None and case.ask.requirement.channel is Channel.PHONE:
            place_at = min(place_at, case.ask.place_at)  # somebody who had waited longer may have been joined with them
        ask_for_phone(making, case.id, place_at=place_at, call=None)
        turn_to_writing(making, case.id, why="not reached by phone")


def all_said(making: Making, call: Call, *, why: str) -> None:
    """The conversation is over: the agent wraps up, and every leg of it is let go."""
    case = making.case(call.case)
    if case.ask is not None and case.ask.requirement.channel is Channel.PHONE:
        making.emit(WorkWithdrawn(case=case.id, customer=case.customer, at=making.now, work=case.ask.work, why=why))
    for leg in agents_of(making, call.case):
        move(making, leg, Step.GOODBYE)


def _hung_up(making: Making, call: Call) -> None:
    """They hung up in line. A call where they heard of it, an answer in writing where they spoke, else the place is
    kept silently for some days."""
    case = making.case(call.case)
    if case.ask is None or not _waits_for_phone(case):
        return
    if case.promise is not None:
        due_at = making.promise(case.promise).due_at
        if due_at is not None and due_at > making.now:
            why = "they are called again at the time that was set"
            making.emit(WorkWithdrawn(case=case.id, customer=case.customer, at=making.now, work=case.ask.work, why=why))
        return
    address = making.customer(call.customer).address(call.address) if call.address else None
    waited_ms = making.now - (call.queued_at or making.now)
    enough = waited_ms >= making.context.policy.settings.callbacks.heard_s * SECOND_MS
    if call.told_at is not None and enough and may_ring_back(call) and address is not None and can_be_called(address):
        promise_call(making, case, address, why="they hung up after hearing that we ring them")
    elif call.spoke or case.ask.written:
        turn_to_writing(making, case.id, why="they hung up")
    else:
        place_at = case.ask.place_at
        making.emit(
            WorkWithdrawn(case=case.id, customer=case.customer, at=making.now, work=case.ask.work, why="they hung up")
        )
        making.emit(PlaceKept(case=case.id, at=making.now, entry=making.case(case.id).entries + 1, place_at=place_at))


def _waits_for_phone(case: Case) -> bool:
    return case.ask is not None and case.ask.requirement.channel is Channel.PHONE


def let_agent_go(making: Making, call: Call) -> None:
    """A customer whose agent's line was lost stayed on: the work goes back to the line with its place."""
    case = making.case(call.case)
    if call.step is Step.LOST and call.work is not None and is_current(case, call.work):
        refuse(making, call.work, call.agent, case, why="the line to the agent was lost", away=False)


def work_closed(making: Making, case: Case, work: WorkId) -> bool:
    """An agent is through with work on the phone: whoever is still on the line hears a good-bye. False: nobody was."""
    legs = agents_of(making, case.id)
    for leg in legs:
        if leg.work == work:
            move(making, leg, Step.GOODBYE)
    customer = customer_of(making, case)
    others = any(leg.work != work and leg.step is Step.BESIDE for leg in legs)
    alone = customer is not None and customer.work == work and not others
    if customer is not None and alone:
        handed_on = case.ask is not None and case.ask.work != work and case.ask.requirement.channel is Channel.PHONE
        if not handed_on:
            move(making, customer, Step.GOODBYE)
        elif customer.step in IN_TALK:
            move(making, customer, Step.LOST)
    return alone or any(leg.work == work for leg in legs)
