"""How calls end, and what becomes of whoever was on them: nobody is left in silence, no place is lost by hanging up.

Hanging up in line becomes a call only where they heard that it would, on a number that is surely theirs. Whoever we
lost has not hung up: they are looked after as if they had called while nobody was there.
"""

from router.core import asks, attempts, junk, leads
from router.core.addresses import Address
from router.core.call_parts import (
    agents_of,
    ask_for_phone,
    can_be_called,
    change_promise,
    customer_of,
    is_current,
    is_unpromised,
    is_with_outside,
    keep_written,
    let_go,
    move,
    own_promise,
    promise_call,
    refuse,
    rest_until_due,
    turn_to_writing,
    withdraw,
)
from router.core.call_table import TABLE, lasts_ms, may_ring_back, script_of
from router.core.clock import Ms
from router.core.context import Making
from router.core.documents import Call, Case, Customer, Promise
from router.core.events import CallEnded, PlaceKept
from router.core.outside import left_alone, left_to
from router.core.tree import tree_of
from router.core.values import replace
from router.core.words import (
    DAY_MS,
    SECOND_MS,
    AgentId,
    CallbackState,
    CallRole,
    CallState,
    CaseId,
    Channel,
    PromiseState,
    Step,
    WorkId,
)

IN_TALK = (Step.OPENING, Step.TALKING, Step.HELD, Step.LOST)
SURELY_TALKED_MS = 15 * SECOND_MS
"""Nobody stays so long in a room without a word: where nobody told us that they were in it, this does."""
TURN_MS_MAX = 45 * SECOND_MS
"""No prompt of ours lasts so long with the answer that is waited for: music and a sentence take half of it."""
NOT_TAKEN = {
    "no-answer": "Your phone was not answered",
    "busy": "Your phone was busy",
    "failed": "Your phone could not be called",
    "canceled": "Your phone was not answered",
    "completed": "The call to your phone ended without the key 1",
}
"""What an agent reads who is set away because their phone did not take a call, by how it ended."""
NOT_DIALLED = {
    attempts.LATER: "the telephone provider could not call their phone",
    attempts.UNKNOWN: "the telephone provider did not say what became of the call to their phone",
}
"""How the call to an agent's phone ended that nobody there can have missed."""
LATE_MS = 3 * SECOND_MS
"""And whoever said nothing comes so soon after the end of our words."""
TOLD_AT_ONCE_MS = 5 * SECOND_MS
"""Within this the end of a call is the moment we hear of it: the provider's own times are whole seconds."""


def end_call(making: Making, call: Call, *, how: str, ended_at: Ms | None = None, seconds: int = 0) -> None:
    """A leg is over, whoever ended it. `how` is the provider's final word, or machine, or unknown; `ended_at` and
    `seconds` are what the provider says of it, where it does. A leg of ours may have been answered although nobody told
    us, because we were away: then nobody of us spoke with them, and how it ended is not known."""
    case = making.case(call.case)
    at = _end_of(making, call, ended_at, seconds)
    talked = (call.step in IN_TALK or call.through) and _talked(call, at)
    unheard = how == "completed" and seconds > 0 and call.answered_at is None
    is_lost = not talked and (unheard or _is_lost(making, call, at))
    abandoned = not talked and not is_lost and _is_abandoned(making, call, at)
    counted_s = (at - call.answered_at) // SECOND_MS if call.answered_at is not None else 0
    making.emit(
        CallEnded(
            call=call.id,
            case=case.id,
            at=at,
            entry=case.entries + 1,
            how=attempts.LOST if is_lost else how,
            role=call.role,
            seconds=seconds or counted_s,
            step=call.step,
            agent=call.agent,
            abandoned=abandoned,
            waited_s=(at - call.started_at) // SECOND_MS if abandoned else 0,
            by=call.ended_by if call.step is Step.GOODBYE else None,
        )
    )
    if call.role is CallRole.LEAD:
        _lead_ended(making, case)
    elif call.role is CallRole.OUTSIDE:
        _outside_ended(making, call)
    elif call.role is CallRole.AGENT:
        _agent_ended(making, call, how=how, unheard=unheard)
    elif talked:
        note_kept(making, call)
        if _is_left_to_next(case, call):
            turn_to_writing(making, case.id, why="they hung up before whom they were handed on to was there")
        all_said(making, call, why="the call ended")
        own_promise(making, call.case)  # one that another call of theirs was promised meanwhile
    elif call.promise is not None and call.promise == case.promise:
        _not_reached(making, call, how=attempts.LOST if unheard else _outcome(call, how))
    elif customer_of(making, making.case(call.case)) is None:  # nobody else of theirs is on the line
        _gone(making, call, at=at, is_lost=is_lost)
        waits = _waits_for_phone(making.case(call.case))  # then whoever is being rung for them will call them
        for leg in agents_of(making, call.case):
            if not waits or leg.step is Step.BESIDE:
                let_go(making, leg)
        own_promise(making, call.case)


def _is_left_to_next(case: Case, call: Call) -> bool:
    """Whether whoever they talked with handed them on and is through: how it ended is then nobody's to say."""
    is_asked = _waits_for_phone(case) and case.ask is not None and case.ask.work != call.work
    return is_asked and call.work is not None and case.wrapping is None and case.handing is None


def place_of(making: Making, call: Call) -> Ms:
    """Where a call stands in line: since it began, or since the place that was kept for them."""
    kept_at = making.case(call.case).kept_place_at
    kept_ms = making.context.policy.settings.callbacks.place_days * DAY_MS
    if kept_at is None or making.now - kept_at > kept_ms:
        return call.started_at
    return min(call.started_at, kept_at)


def fetch_back(making: Making, call: Call, *, astray: bool = False) -> bool:
    """Take a caller back into line who should have come for what to say, and has not: they hear the provider's own
    document, for it could not reach us, and can again. `astray`: they came, and were turned away. False: they hear what
    they are to hear."""
    at = comes_by(making, call)
    if at is None or (making.now < at and not astray):
        return False
    if call.held_at is not None and any(leg.step is Step.BESIDE for leg in agents_of(making, call.case)):
        move(making, call, Step.TALKING)
        return True
    if not _waits_for_phone(making.case(call.case)):
        ask_for_phone(making, call.case, place_at=place_of(making, call), call=call)
    move(making, call, Step.WAITING)
    return True


def comes_by(making: Making, call: Call) -> Ms | None:
    """When a customer in line has surely come for what to say again, if they can: sooner where we were away since, for
    then they cannot have spoken with us for long; at once in the waiting loop, for a key that they pressed meanwhile
    reached nobody, and nothing is lost by breaking off its music. None where they need not come."""
    row = TABLE[call.step]
    if call.role is not CallRole.CUSTOMER or call.state is not CallState.LIVE or call.move:
        return None
    if row.room or row.ends or call.step is Step.MACHINE:
        return None
    if _heard_at(call) >= making.context.since:
        return Ms(_heard_at(call) + TURN_MS_MAX)
    if call.step is Step.WAITING:
        return _heard_at(call)
    script = script_of(call, making.case(call.case), making.context.policy)
    return Ms(_heard_at(call) + min(lasts_ms(script) + LATE_MS, TURN_MS_MAX))


def look_after(making: Making, call: Call) -> None:
    """Somebody called and nobody is on the line: their wish stands in line in writing, since they called."""
    case = making.case(call.case)
    if case.promise is not None:  # they are called anyway, at the time that was set
        return
    if case.ask is None:
        ask_for_phone(making, case.id, place_at=place_of(making, call), call=call)
    elif (other := customer_of(making, case)) is not None:  # they are in line with another call of theirs
        if other.started_at < call.started_at and not case.ask.written:
            # Nobody calls from two lines: that one may be over as well, without our knowing, and asks for nothing then.
            ask, why = replace(case.ask, written=True), "they called once more, and could not reach us"
            asks.changed(making, case, ask, at=making.now, what="called", reasons=(why,))
        return
    turn_to_writing(making, case.id, why="nobody is on the line")


def _end_of(making: Making, call: Call, said_at: Ms | None, seconds: int) -> Ms:
    """When a leg was over: the present, unless the provider puts it well before that, as after an outage. How long it
    was answered says so better than the time of day: no two clocks agree."""
    if seconds and call.answered_at is not None:
        said_at = Ms(call.answered_at + seconds * SECOND_MS)
    if said_at is None or making.now - said_at <= TOLD_AT_ONCE_MS:
        return making.now
    return max(said_at, _heard_at(call))


def _is_lost(making: Making, call: Call, at: Ms) -> bool:
    """Whether a caller whom nobody of us was with hung up on us, or we on them: we were away since they last came for
    what to say, or they stayed on the line longer than anything of ours lasts, with words that were not ours."""
    row = TABLE[call.step]
    if call.role is not CallRole.CUSTOMER or call.promise is not None or row.ends:
        return False
    heard_at = _heard_at(call)
    return heard_at < making.context.since or (not row.room and at - heard_at > TURN_MS_MAX)


def _is_abandoned(making: Making, call: Call, at: Ms) -> bool:
    """Whether a caller left by themselves before anybody was with them: not to be called or written to instead."""
    if call.role is not CallRole.CUSTOMER or call.promise is not None or call.work is not None:
        return False
    is_promised = making.case(call.case).promise is not None or _rung_at(making, call, at=at) is not None
    return not TABLE[call.step].ends and not is_promised


def _heard_at(call: Call) -> Ms:
    return call.heard_at or call.answered_at or call.attempted_at or call.started_at


def note_kept(making: Making, call: Call) -> None:
    """Both are in the room: what was promised is done, by our call or because they called in."""
    promise = making.case(call.case).promise
    if promise is not None and call.promise == promise:
        change_promise(making, promise, PromiseState.KEPT, CallbackState.TALKING, attempt="answered")
    elif promise is not None and call.promise is None and call.work is not None:
        change_promise(making, promise, PromiseState.KEPT, CallbackState.DONE, why="they called in")
    if call.work is not None:
        keep_written(making, call.case, why="they were talked with")
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
            withdraw(making, one, one.ask, why=why)


def _talked(call: Call, at: Ms) -> bool:
    return call.joined or (call.talking_at is not None and at - call.talking_at >= SURELY_TALKED_MS)


def _outcome(call: Call, how: str) -> str:
    """What a call that reached nobody came to."""
    if call.step in (Step.MACHINE, Step.GOODBYE) and call.answered_at is not None:
        return "machine"
    return "cut off" if call.answered_at is not None else how


def _agent_ended(making: Making, leg: Call, *, how: str, unheard: bool) -> None:
    """Before the agent's key the work goes to somebody else; after it the customer is asked to stay or to hang up.
    `unheard`: they answered, and it never came to us."""
    case = making.case(leg.case)
    customer = customer_of(making, case)
    with_them = customer is not None and customer.work == leg.work
    if leg.step is not Step.BESIDE and not with_them:
        if leg.work is not None and is_current(case, leg.work):
            why, notice = f"their phone did not take it ({how})", NOT_TAKEN.get(how, "")
            if leg.move:
                why, notice = "nobody was on the line any more", ""
            elif unheard or (leg.answered_at is not None and _heard_at(leg) < making.context.since):
                why, notice = "they had answered, and the service was away", ""
            elif how == attempts.LATER and customer is None and case.promise is not None:
                all_said(making, leg, why=NOT_DIALLED[how])  # nor could the customer's: nobody is asked again at once
                _put_off(making, case, making.promise(case.promise), how=how)
                return
            elif how in NOT_DIALLED:
                why = NOT_DIALLED[how]
            refuse(making, leg.work, leg.agent, case, why=why, away=bool(notice), notice=notice)
        return
    if customer is None or any(other.step is Step.BESIDE for other in agents_of(making, case.id)):
        return
    if left_to(making, case):
        return
    if customer.state is not CallState.LIVE:  # it still rings, and nobody would be there to talk to
        move(making, customer, Step.GOODBYE)
    elif (lead := leads.talking(making, case.id)) is not None:
        if customer.work is not None and is_current(case, customer.work):
            why = f"the line to the agent was lost, and {lead.agent} goes on with them"
            refuse(making, customer.work, customer.agent, case, why=why, away=False, stays=True, to=lead.agent)
    else:
        is_handed = case.handing == leg.work and _waits_for_phone(case)  # then it is no accident that they left
        _to_lost(making, customer, by=leg.agent if is_handed else None)


def _lead_ended(making: Making, case: Case) -> None:
    """A lead has left: the conversation goes on without them, where anybody else is in it."""
    customer = customer_of(making, case)
    others = any(leg.step is Step.BESIDE for leg in agents_of(making, case.id)) or is_with_outside(making, case.id)
    if customer is None or others or leads.talking(making, case.id) is not None:
        return
    if customer.state is CallState.LIVE:
        _to_lost(making, customer)


def _to_lost(making: Making, customer: Call, *, by: AgentId | None = None) -> None:
    """A customer in a conversation whom nobody is with any more hears so. `by`: who handed them on."""
    if customer.step in IN_TALK and customer.step is not Step.LOST:
        move(making, customer, Step.LOST, by=by)
        back_in_line(making, customer)


def _outside_ended(making: Making, leg: Call) -> None:
    """A customer whom nobody else is with hears so, and others are asked at once meanwhile."""
    customer = left_alone(making, leg)
    if customer is None:
        return
    move(making, customer, Step.LOST)
    if making.case(customer.case).ask is None:
        ask_for_phone(making, customer.case, place_at=place_of(making, customer), call=customer)


def back_in_line(making: Making, customer: Call) -> None:
    """Nobody is with them any more, and they hear so: others are asked at once. Whoever had talked with them has notes
    to finish if they hang up now, and may be asked again once they stay on."""
    case = making.case(customer.case)
    if customer.work is not None and is_current(case, customer.work):
        why = "the line to the agent was lost"
        refuse(making, customer.work, customer.agent, case, why=why, away=False, stays=True)


def _not_reached(making: Making, call: Call, *, how: str) -> None:
    """A promised call that reached nobody: recorded, tried again later, and in the end a person decides."""
    case = making.case(call.case)
    all_said(making, call, why=f"not reached: {how}")
    if call.promise is None or call.promise != case.promise:
        return
    _put_off(making, case, making.promise(call.promise), how=how)


def _put_off(making: Making, case: Case, promise: Promise, *, how: str) -> None:
    """An attempt came to nothing: it is tried again later, or was the last. A time that was told is at risk while the
    provider takes no dial."""
    due_at = attempts.next_at(making, promise, how)
    state, callback = PromiseState.WITHDRAWN if promise.unpromised else PromiseState.BROKEN, CallbackState.FAILED
    if due_at is not None:
        is_hindered = how in attempts.OURS and promise.window is not None and not promise.unpromised
        state = PromiseState.AT_RISK if is_hindered else promise.state
        callback = CallbackState.SCHEDULED
    why = attempts.SAID.get(how, f"not reached: {how}")
    change_promise(making, promise.id, state, callback, why=why, attempt=how, due_at=due_at)
    attempts.tell(making, promise, how, is_last=due_at is None)
    if due_at is None:
        place_at, since_at = promise.place_at, promise.since_at
        if case.ask is not None and case.ask.requirement.channel is Channel.PHONE and case.ask.place_at < place_at:
            place_at, since_at = case.ask.place_at, case.ask.since_at  # of somebody who was joined with them
        ask_for_phone(making, case.id, place_at=place_at, since_at=since_at, call=None)
        turn_to_writing(making, case.id, why="not reached by phone")


def all_said(making: Making, call: Call, *, why: str) -> None:
    """The conversation is over: the agent wraps up, and every leg of it is let go."""
    case = making.case(call.case)
    if case.ask is not None and case.ask.requirement.channel is Channel.PHONE:
        withdraw(making, case, case.ask, why=why)
    for leg in agents_of(making, call.case):
        let_go(making, leg)


def _gone(making: Making, call: Call, *, at: Ms, is_lost: bool) -> None:
    """They are off the line, and nobody was with them. A call where they heard of it, an answer in writing where they
    spoke or where we lost them, nothing where it was junk, else the place is kept silently for some days."""
    case = making.case(call.case)
    if case.ask is None:
        _gone_unasked(making, call, at=at, is_lost=is_lost)
        return
    if not _waits_for_phone(case):
        return
    address = _rung_at(making, call, at=at)
    if case.promise is not None and (address is None or not is_unpromised(making, case)):
        rest_until_due(making, case.id)
        return
    if address is not None:
        why = "we lost their call" if is_lost else "they hung up"
        due_at = call.closed.at if call.closed is not None else None
        until = call.wait.until if call.wait is not None else None
        promise_call(making, case, address, why=f"{why} after hearing that we ring them", due_at=due_at, until=until)
        rest_until_due(making, case.id)
    elif is_lost:
        turn_to_writing(making, case.id, why="we lost their call")
    elif junk.set_aside_call(making, call):
        return
    elif call.spoke or case.ask.written:
        turn_to_writing(making, case.id, why="they hung up")
    else:
        place_at = case.ask.place_at
        withdraw(making, case, case.ask, why="they hung up")
        _keep_place(making, case.id, place_at=place_at)


def _gone_unasked(making: Making, call: Call, *, at: Ms, is_lost: bool) -> None:
    """They were gone before they stood in line, or somebody had settled it while they did, or since."""
    case = making.case(call.case)
    if is_lost and call.queued_at is None:
        if case.status.is_live or (case.solved_at or at) < at:
            look_after(making, call)
    elif junk.set_aside_call(making, call) or call.queued_at is not None:
        return
    elif case.status.is_live and case.promise is None:
        _keep_place(making, case.id, place_at=place_of(making, call))


def _rung_at(making: Making, call: Call, *, at: Ms) -> Address | None:
    """The number at which they are called who heard that hanging up becomes a call."""
    return ring_back(making, call, at=at) if call.told_at is not None else None


def ring_back(making: Making, call: Call, *, at: Ms) -> Address | None:
    """The number at which a caller is called once they are told so: one that is surely theirs alone, with no other call
    to it pending, of who stood in line for long enough."""
    address = making.customer(call.customer).address(call.address) if call.address else None
    enough = at - (call.queued_at or at) >= making.context.policy.settings.callbacks.heard_s * SECOND_MS
    if making.customer(call.customer).discreet or (address is not None and _is_pending(making, address)):
        return None
    if address is None or not enough or not may_ring_back(call) or not can_be_called(address):
        return None
    return address


def _is_pending(making: Making, address: Address) -> bool:
    """Whether a call to this line of theirs is promised already, about whatever."""
    return any(
        isinstance(one, Promise)
        and one.state.is_pending
        and not one.unpromised
        and one.address is not None
        and isinstance(whose := making.state.get(one.customer), Customer)
        and (known := whose.address(one.address)) is not None
        and known.line == address.line
        for one in making.state.values()
    )


def write_instead(making: Making, id: CaseId, *, why: str) -> None:
    """Nobody is on the line any more, by no wish of theirs: they are answered in writing, and keep their place on the
    phone for when they call again."""
    case = making.case(id)
    if _waits_for_phone(case) and case.ask is not None:
        entry = case.entries + 1
        making.emit(PlaceKept(case=id, at=making.now, entry=entry, place_at=case.ask.place_at))
        turn_to_writing(making, id, why=why)


def _keep_place(making: Making, id: CaseId, *, place_at: Ms) -> None:
    """Nothing is done until they come back: unless something else of the case is under way, it waits for them."""
    case = making.case(id)
    is_alone = case.side is None and case.wrapping is None
    making.emit(PlaceKept(case=id, at=making.now, entry=case.entries + 1, place_at=place_at, waits=is_alone))


def _waits_for_phone(case: Case) -> bool:
    return case.ask is not None and case.ask.requirement.channel is Channel.PHONE


def let_agent_go(making: Making, call: Call) -> None:
    """A customer whose agent's line was lost stayed on: that agent may be asked for it again, as others are."""
    case = making.case(call.case)
    if call.step is Step.LOST and call.work is not None and case.wrapping == call.work:
        refuse(making, call.work, call.agent, case, why="the line to the agent was lost", away=False)


def work_closed(making: Making, case: Case, work: WorkId, *, solved: bool = False) -> bool:
    """An agent is through with work on the phone: whoever is still on the line hears a good-bye. False: nobody was.
    `solved`: then nobody is waited for any more whom the agent had asked to take over, and who is not there yet, though
    they may have taken it and their phone be ringing."""
    legs = agents_of(making, case.id)
    for leg in legs:
        if leg.work == work:
            move(making, leg, Step.GOODBYE)
    customer = customer_of(making, case)
    others = is_with_outside(making, case.id) or any(leg.work != work and leg.step is Step.BESIDE for leg in legs)
    alone = customer is not None and customer.work == work and not others
    if customer is not None and alone:
        others_asked = case.ask is not None and case.ask.work != work and case.ask.requirement.channel is Channel.PHONE
        is_settled = solved and case.handing == work
        through = others_asked and (is_settled or (case.wrapping == work and not case.taken))  # or their line was lost
        if not others_asked or through:
            move(making, customer, Step.GOODBYE, by=customer.agent)
        elif customer.step in IN_TALK and customer.step is not Step.LOST:
            move(making, customer, Step.LOST, by=customer.agent)
        if through and case.ask is not None:
            why = "the agent was through with it"
            withdraw(making, case, case.ask, why=why)
    return alone or any(leg.work == work for leg in legs)
