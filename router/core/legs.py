"""The legs that we dial: the agent's phone first, then, for a call-back, the customer's.

An attempt is an event before the provider is asked. A customer is never rung before an agent has pressed a key, and no
leg ends the conversation of the others by leaving it.
"""

from router.core import attempts, leads, outside, recording
from router.core.addresses import Address
from router.core.call_ends import comes_by, end_call, fetch_back
from router.core.call_parts import (
    agents_of,
    ask_for_phone,
    change_promise,
    customer_of,
    is_current,
    is_taken,
    is_unpromised,
    move,
    number_to_call,
    our_number,
    place_on_phone,
    promise_call,
    stand_in_line,
    until_turn,
)
from router.core.clock import Ms
from router.core.commands import BeginLeg, RecordLeg, StartCall
from router.core.context import Making
from router.core.documents import Call, Case, Promise
from router.core.errors import Fault, Reason, Rejected
from router.core.events import (
    CallChecked,
    CallMoved,
    CallWentOn,
    CaseReopened,
    LegAnswered,
    LegAttempted,
    LegPlaced,
    LegPlanned,
    LegPutOff,
    WorkAccepted,
)
from router.core.words import (
    SECOND_MS,
    CallbackState,
    CallId,
    CallRole,
    CallState,
    Channel,
    Step,
)

LOOK_AFTER_MS = 15 * SECOND_MS
"""How long a dial may stay without an answer, or a leg silent after its ringing time, before the provider is asked."""
WHISPERS_MAX = 2
AGAIN_MS = 2 * SECOND_MS
"""A phone of ours that the provider could not dial is dialled again so soon at the earliest."""


def ring_agent(making: Making, case: Case, event: WorkAccepted) -> None:
    """An agent took work on the phone: their own phone rings, if anybody is there to talk to."""
    if case.ask is None or case.ask.requirement.channel is not Channel.PHONE or event.phone is None:
        return
    customer = customer_of(making, case)
    if customer is None and case.promise is None:
        return
    mine = next(
        (leg for leg in agents_of(making, case.id) if leg.agent == event.agent and leg.step is Step.BESIDE), None
    )
    if mine is not None and customer is not None:  # they handed it on, stayed, and it came back to them
        for leg in (mine, customer):
            making.emit(_joined(leg, event, at=making.now))
        return
    if customer is not None and leads.take_over(making, case, event):
        return
    making.emit(
        LegPlanned(
            call=CallId(making.context.ids.new("call")),
            case=case.id,
            customer=case.customer,
            at=making.now,
            role=CallRole.AGENT,
            to=event.phone,
            via=our_number(making, case),
            step=Step.WHISPER,
            language=making.context.policy.phrases.language,
            work=event.work,
            agent=event.agent,
        )
    )


def _joined(leg: Call, event: WorkAccepted, *, at: Ms) -> CallMoved:
    return CallMoved(call=leg.id, at=at, turn=leg.turn, step=leg.step, work=event.work, agent=event.agent, stays=True)


def begin_leg(making: Making, command: BeginLeg) -> None:
    """Record that the provider is about to be asked to dial."""
    call = making.call(command.call)
    if call.state is not CallState.PLANNED:
        raise Rejected(Reason.NOTHING_TO_DO, call.state)
    if not _is_wanted(making, call):
        end_call(making, call, how="canceled")
        return
    if command.busy or command.later or is_taken(making):
        end_call(making, call, how="busy" if command.busy else attempts.LATER if command.later else "held")
        return
    making.emit(LegAttempted(call=call.id, at=making.now, lookup_at=Ms(making.now + LOOK_AFTER_MS)))


def record_leg(making: Making, command: RecordLeg) -> None:
    """Take what the provider answered to a dial or a move."""
    call = making.call(command.call)
    if call.state is CallState.ENDED:
        raise Rejected(Reason.NOTHING_TO_DO, "over")
    match command.outcome:
        case "placed":
            if call.state is not CallState.DIALLING or call.provider_id is not None:
                raise Rejected(Reason.NOTHING_TO_DO, call.state)
            _placed(making, call, command.provider_id, adopted=command.adopted)
        case "refused" | "absent" | "again":
            if call.state is not CallState.DIALLING or call.provider_id is not None:
                raise Rejected(Reason.NOTHING_TO_DO, call.state)
            if command.outcome == "again" and (again_at := _again_at(making, call)) is not None:
                making.emit(LegPutOff(call=call.id, at=making.now, again_at=again_at))
                return
            hows = {"absent": attempts.UNKNOWN, "again": attempts.LATER}
            end_call(making, call, how=hows.get(command.outcome, "failed"))
        case "moved":
            if command.turn != call.turn:
                raise Rejected(Reason.NOTHING_TO_DO, "another move")
            making.emit(CallChecked(call=call.id, at=making.now, look_at=_look_at(making, call)))
        case "astray":
            if not fetch_back(making, call, astray=True):
                raise Rejected(Reason.NOTHING_TO_DO, call.step)
        case "there" | "answered":
            was_answered = command.outcome == "answered" and _take_up(making, call)
            if not was_answered and not fetch_back(making, call):
                comes_at = comes_by(making, call)
                look_at = _look_at(making, call) if comes_at is None else comes_at
                making.emit(CallChecked(call=call.id, at=making.now, look_at=look_at))
        case "gone":
            end_call(making, call, how="completed")
        case _:
            raise Fault(f"a leg cannot go on as {command.outcome}")


def answered(making: Making, call: Call, *, provider_id: str, by: str) -> None:
    """A leg of ours was picked up and asks what to say: the whisper, the opening, or words for a machine."""
    if provider_id and call.provider_id != provider_id:  # it names our leg: what was adopted by its number was another
        _placed(making, call, provider_id, adopted=True)
    making.emit(LegAnswered(call=call.id, at=making.now, by=by))
    call = making.call(call.id)
    machine = by == "machine" and call.role is CallRole.CUSTOMER
    to = Step.MACHINE if machine else call.step
    notice = recording.notice_for(making, call, to)
    making.emit(
        CallWentOn(
            call=call.id,
            at=making.now,
            turn=call.turn + 1,
            step=to,
            heard="answered",
            notice=notice,
            rounds=int(machine and _is_last(making, call)),
        )
    )


def _is_last(making: Making, call: Call) -> bool:
    """Whether nobody calls again where a machine answered this one."""
    promise = making.state.get(call.promise or "")
    return isinstance(promise, Promise) and attempts.next_at(making, promise, "machine") is None


def _take_up(making: Making, call: Call) -> bool:
    """Take a customer whom we called out of the provider's own document, who answered while we were away, to the agent
    who is there for them: they hear who we are as if they had answered now. False: it still comes to us by itself, or
    nobody is there."""
    is_ours = call.role is CallRole.CUSTOMER and call.state is CallState.RINGING and not call.move
    if not is_ours or (call.attempted_at or call.started_at) >= making.context.since:
        return False
    if not any(leg.step is Step.BESIDE for leg in agents_of(making, call.case)):
        return False
    making.emit(LegAnswered(call=call.id, at=making.now, by=""))
    move(making, making.call(call.id), call.step)
    return True


def hear_agent(making: Making, call: Call, *, key: str) -> None:
    """The agent's own leg: 1 lets them in; nothing, twice, lets them go."""
    to, rounds = call.step, call.rounds
    if call.step is Step.WHISPER and key == "1" and _is_wanted(making, call):
        to, rounds = Step.BESIDE, 0
    elif call.step is Step.WHISPER:
        rounds += 1
        to = Step.WHISPER if rounds < WHISPERS_MAX and _is_wanted(making, call) else Step.GOODBYE
    else:
        to = Step.GOODBYE
    making.emit(
        CallWentOn(
            call=call.id,
            at=making.now,
            turn=call.turn + 1,
            step=to,
            heard="keys" if key else "silence",
            rounds=rounds,
            coached=leads.coached_by(making, call) if to is Step.BESIDE else "",
        )
    )
    if to is Step.BESIDE and call.role is CallRole.AGENT:
        bring_customer(making, making.call(call.id))


def bring_customer(making: Making, leg: Call) -> None:
    """The agent is there: the customer comes from the line into the room, or is dialled now. Whoever had the work that
    a lead took over is let go."""
    case = making.case(leg.case)
    if case.ask is not None and case.ask.takes_over and case.ask.work == leg.work:
        for other in agents_of(making, case.id):
            if other.id != leg.id and other.step is Step.BESIDE:
                move(making, other, Step.GOODBYE)
    customer = customer_of(making, case)
    if customer is not None:
        stays = customer.step in (Step.TALKING, Step.OPENING)  # a second agent comes to a conversation
        making.emit(
            CallMoved(
                call=customer.id,
                at=making.now,
                turn=customer.turn if stays else customer.turn + 1,
                step=Step.TALKING,
                work=leg.work,
                agent=leg.agent,
                stays=stays,
            )
        )
        return
    if case.promise is None:
        move(making, leg, Step.GOODBYE)
        return
    promise = making.promise(case.promise)
    if promise.address is None:
        raise Fault("a promised call without a number")
    making.emit(
        LegPlanned(
            call=CallId(making.context.ids.new("call")),
            case=case.id,
            customer=case.customer,
            at=making.now,
            role=CallRole.CUSTOMER,
            to=promise.address,
            via=leg.via,
            step=Step.OPENING,
            language=_spoken(making, case) or leg.language,
            address=promise.address,
            work=leg.work,
            agent=leg.agent,
            promise=promise.id,
        )
    )
    change_promise(making, promise.id, promise.state, CallbackState.DIALLING)


def _spoken(making: Making, case: Case) -> str | None:
    """The language of a call of ours: the one that whoever talks must speak, else theirs."""
    ask = making.asking(case.id).ask
    required = ask.requirement.language if ask is not None else None
    return required or case.language or making.customer(case.customer).language


def start_call(
    making: Making,
    command: StartCall,
    *,
    to: Address | None = None,
    told_via: Channel | None = Channel.PHONE,
    kept_at: Ms | None = None,
) -> None:
    """Call the customer of a case: because an agent asks for it now, or because they were told so. `to`: at this
    number of theirs. `told_via`: how they hear of it. `kept_at`: the place of a call that they were promised at another
    number, which this one takes."""
    case = making.case(command.case)
    if not case.status.is_live:
        making.emit(CaseReopened(case=case.id, at=making.now))
        case = making.case(case.id)
    is_told = command.told or kept_at is not None
    replaces = command.told and is_unpromised(making, case)
    is_in_line = case.ask is not None and case.ask.requirement.channel is Channel.PHONE
    has_asked = False
    if case.promise is None or replaces:
        address = number_to_call(making, case, command.address, to=to)
        why = "we said that we call" if is_told else ""
        is_turn = command.told and command.agent is None
        place_at = min(place_on_phone(making, case.ask), making.now if kept_at is None else kept_at)
        if is_turn and not is_in_line:
            ask_for_phone(making, case.id, place_at=place_at, call=None)
            case, has_asked = making.case(case.id), True
        promise_call(
            making,
            case,
            address,
            why=why,
            told_via=told_via,
            number=command.address,
            place_at=None if kept_at is None else place_at,
            agent=None if command.told else command.agent,
            unpromised=not is_told,
            until=until_turn(making, case) if is_turn else None,
        )
        case = making.case(case.id)
    if is_in_line and command.agent is None:
        if replaces or kept_at is not None:
            return  # whoever is about to talk with them does so as promised now
        raise Rejected(Reason.NOTHING_TO_DO, "their turn")
    if case.promise is not None and not has_asked:
        stand_in_line(making, making.promise(case.promise), agent=command.agent)


def _is_wanted(making: Making, leg: Call) -> bool:
    """Whether an agent's leg still has somebody to talk to, and a customer's leg an agent."""
    case = making.case(leg.case)
    if leg.role is CallRole.OUTSIDE:
        return leg.step is not Step.GOODBYE and outside.is_wanted(making, leg)
    if leg.role is CallRole.LEAD:
        return leg.step is not Step.GOODBYE and leads.is_conversation(making, case)
    if leg.role is CallRole.AGENT:
        return leg.work is not None and is_current(case, leg.work)
    return any(other.step is Step.BESIDE for other in agents_of(making, leg.case))


def _placed(making: Making, call: Call, provider_id: str, *, adopted: bool) -> None:
    making.emit(
        LegPlaced(call=call.id, at=making.now, provider_id=provider_id, look_at=_look_at(making, call), adopted=adopted)
    )


def _again_at(making: Making, call: Call) -> Ms | None:
    """When a phone of ours is dialled again that the provider could not dial now: soon at first, then less often, and
    not for longer than a phone rings. None: it is given up. A customer's call has times of its own."""
    if call.role is CallRole.CUSTOMER:
        return None
    again_at = Ms(making.now + max(AGAIN_MS, making.now - call.started_at))
    over_at = call.started_at + making.context.policy.settings.agents.leg_s * SECOND_MS
    return again_at if again_at <= over_at else None


def _look_at(making: Making, call: Call) -> Ms:
    """When to ask the provider about a leg that has gone silent."""
    settings = making.context.policy.settings
    ring_s = settings.callbacks.ring_s if call.role is CallRole.CUSTOMER else settings.agents.leg_s
    return Ms(making.now + ring_s * SECOND_MS + LOOK_AFTER_MS)
