"""What every rule about calls uses: who is on the line, what was promised, and asking for the phone or for writing.

It knows no steps of a conversation: those stand in `core.calls` and `core.legs`, and how calls end in `core.call_ends`.
"""

from policies.call_hours import ring_from
from router.core.addresses import Address, AddressKind, matching_key
from router.core.clock import Ms
from router.core.commands import Indexed, TakeContact
from router.core.contacts import new_address, offered_before, relax_of, requirement_of, standing
from router.core.context import Making
from router.core.documents import Ask, Call, Case, Customer, Promise
from router.core.errors import Reason, Rejected
from router.core.events import (
    AddressAdded,
    CallbackHeld,
    CallEnded,
    CallMoved,
    CallWentOn,
    CaseReopened,
    LegRefused,
    PromiseChanged,
    PromiseMade,
    WorkWanted,
    WorkWithdrawn,
)
from router.core.facts import Fact, facts_of_case, facts_of_contact, without_words
from router.core.place import place_after_switch, reasons_of, since_of
from router.core.telling import can_be_told, zones_at
from router.core.tree import is_written, owner_of_address
from router.core.values import replace
from router.core.waits.said import Told
from router.core.words import (
    CALLBACK,
    SECOND_MS,
    AddressId,
    AgentId,
    CallbackState,
    CallId,
    CallRole,
    CallState,
    CaseId,
    Channel,
    PromiseId,
    PromiseState,
    Step,
    VaultId,
    WorkId,
)

GOES_ON = frozenset({CallWentOn, CallMoved, CallEnded})
"""Events after which whoever came beside agent and customer may have nobody to talk with."""

NOT_TOLD = ", and the customer was not told that it falls away"
INBOUND = "call_"


def inbound_id(provider_id: str) -> CallId:
    """The document of a call that came in is found by the provider's own id."""
    return CallId(f"{INBOUND}{provider_id}")


def provider_id(id: CallId) -> str:
    """The provider's own id of a call that came in."""
    return id.removeprefix(INBOUND)


def agents_of(making: Making, case: CaseId) -> list[Call]:
    """The agents' legs of a case that are not over."""
    return [
        d
        for d in making.state.values()
        if isinstance(d, Call) and d.case == case and d.role is CallRole.AGENT and d.state is not CallState.ENDED
    ]


def guests_to_look_at(making: Making, role: CallRole) -> list[Call]:
    """The legs of those who come beside agent and customer, and have not been let go, where a call went on just now."""
    if GOES_ON.isdisjoint(map(type, making.events)):
        return []
    return [
        d
        for d in making.state.values()
        if isinstance(d, Call)
        and d.role is role
        and d.state is not CallState.ENDED
        and d.step is not Step.GOODBYE
        and isinstance(making.state.get(d.case), Case)
    ]


def outside_of(making: Making, case: CaseId) -> Call | None:
    """The leg of somebody who is none of ours, if it is not over and not about to be."""
    return next(
        (
            d
            for d in making.state.values()
            if isinstance(d, Call)
            and d.case == case
            and d.role is CallRole.OUTSIDE
            and d.state is not CallState.ENDED
            and d.step is not Step.GOODBYE
        ),
        None,
    )


def is_with_outside(making: Making, case: CaseId) -> bool:
    """Whether somebody who is none of ours is in the conversation."""
    leg = outside_of(making, case)
    return leg is not None and leg.step is Step.BESIDE


def customer_of(making: Making, case: Case) -> Call | None:
    """The customer's leg of a case, if it is not over."""
    call = making.state.get(case.call or "")
    return call if isinstance(call, Call) and call.state is not CallState.ENDED else None


def customers_leg(making: Making, id: CallId) -> Call:
    """The customer's leg of the conversation that a leg is in, whoever's it is. Raises Rejected where there is none."""
    call = making.call(id)
    if call.role is CallRole.CUSTOMER:
        return call
    theirs = customer_of(making, making.case(call.case))
    if call.state is CallState.ENDED or theirs is None:
        raise Rejected(Reason.NOTHING_TO_DO, "over")
    return theirs


def must_be_live(call: Call) -> None:
    """Raises Rejected where nobody is on it: it is over, or they have not answered."""
    if call.state is CallState.ENDED:
        raise Rejected(Reason.NOTHING_TO_DO, "over")
    if call.state is not CallState.LIVE:
        raise Rejected(Reason.STILL_RINGING)


def is_current(case: Case, work: WorkId) -> bool:
    """Whether an agent has taken this work and the case still wants it."""
    return case.ask is not None and case.ask.work == work and case.taken


def can_be_called(address: Address) -> bool:
    """A number that we may dial: never premium, never a name, never one that nobody can have."""
    return address.facts.kind is AddressKind.PHONE and address.facts.dialable and Channel.PHONE not in address.blocked


def move(making: Making, call: Call, to: Step, *, through: bool = False, by: str | None = None) -> None:
    """Take a leg to another step; whatever it was doing there is over. `through`: so is its conversation. `by`: who of
    us ended it."""
    turn, work, agent = call.turn + 1, call.work, call.agent
    making.emit(
        CallMoved(call=call.id, at=making.now, turn=turn, step=to, work=work, agent=agent, through=through, by=by)
    )


def let_go(making: Making, leg: Call) -> None:
    """Nobody needs this leg any more; one that is about to end needs no second word."""
    if leg.step is not Step.GOODBYE:
        move(making, leg, Step.GOODBYE)


def refuse(
    making: Making,
    work: WorkId,
    agent: AgentId | None,
    case: Case,
    *,
    why: str,
    away: bool,
    stays: bool = False,
    to: AgentId | None = None,
    notice: str = "",
) -> None:
    """Tell the domain that this agent's line came to nothing: the work needs somebody else, or goes to `to`. `stays`:
    they had talked, and have it to wrap up if the customer hangs up now."""
    if agent is not None:
        making.emit(
            LegRefused(
                case=case.id,
                customer=case.customer,
                at=making.now,
                work=work,
                agent=agent,
                why=why,
                away=away,
                stays=stays,
                to=to,
                notice=notice,
            )
        )


def withdraw(making: Making, case: Case, ask: Ask, *, why: str) -> None:
    """The case wants no agent any more. Whoever has taken a call wraps it up where they were with somebody; else their
    phone need not ring any more, nor tell them of it."""
    unmet = case.taken and ask.requirement.channel is Channel.PHONE and not _is_met(making, case, ask.work)
    making.emit(WorkWithdrawn(case=case.id, customer=case.customer, at=making.now, work=ask.work, why=why, unmet=unmet))
    for leg in agents_of(making, case.id):
        if unmet and leg.work == ask.work:
            let_go(making, leg)


def _is_met(making: Making, case: Case, work: WorkId) -> bool:
    """Whether the agent who took this work is, or was, where the customer comes to, or is called."""
    return any(
        isinstance(d, Call)
        and d.case == case.id
        and d.work == work
        and (d.role is CallRole.CUSTOMER or d.step is Step.BESIDE)
        for d in making.state.values()
    )


def our_number(making: Making, case: Case) -> str:
    """The number of ours that calls of a case are made from: the one they called, where they did."""
    senders = making.context.senders
    if case.heard is not None and case.heard.channel is Channel.PHONE:
        return case.heard.via
    return senders.get(Channel.PHONE) or senders.get(Channel.SMS) or ""


def dial_prefix(number: str) -> str:
    """What the keys begin with under which promises to a number are listed that somebody else may have asked for."""
    return f"dial {matching_key(number)} "


def is_taken(making: Making) -> bool:
    """Whether the number that was named is to be called already, or was called often enough for a day: as often as one
    promise may be tried."""
    dialled = making.context.dialled
    return dialled.is_pending or dialled.times >= making.context.policy.settings.callbacks.attempts


def wish_call(
    making: Making,
    case: Case,
    address: Address,
    number: str,
    *,
    why: str,
    told_via: Channel | None = Channel.PHONE,
    due_at: Ms | None = None,
    until: Ms | None = None,
) -> None:
    """Promise a call to a number that somebody named. Where it is taken their wish stands on their own case, in line in
    writing, and a person decides; they are answered alike, so that nobody learns whom we are about to call."""
    if case.promise is not None and not is_unpromised(making, case):
        return
    if is_taken(making):
        hold_wish(making, case)
        return
    promise_call(making, case, address, why=why, told_via=told_via, number=number, due_at=due_at, until=until)


def hold_wish(making: Making, case: Case) -> None:
    """Nobody dials that number by itself for this wish: a person decides, and answers in writing."""
    making.emit(CallbackHeld(case=case.id, customer=case.customer, at=making.now, entry=case.entries + 1))
    turn_to_writing(making, case.id, why="the number is not called a second time by itself")


def promise_call(
    making: Making,
    case: Case,
    address: Address,
    *,
    why: str,
    told_via: Channel | None = Channel.PHONE,
    number: str = "",
    due_at: Ms | None = None,
    place_at: Ms | None = None,
    window: tuple[Ms, Ms] | None = None,
    until: Ms | None = None,
    named: bool = False,
    agent: AgentId | None = None,
    words: VaultId | None = None,
    unpromised: bool = False,
) -> None:
    """Promise that we call when it is their turn. One promise at a time: a second wish changes nothing. `number`: that
    of the address, where whoever asks may be somebody else. `unpromised`: a call of our own accord, told to nobody; a
    promise takes its place.

    `due_at`: they stand in line from then on, at the place that they have; None: at once. Where it is night for them
    then, and no window was named, it is their next morning. `place_at`: their place, where the case asks for nothing.
    `until`: the upper end of the wait that they were told; it is promised that it is their turn by then. Not to whom we
    could not say in time that it takes longer: no time is promised to them.
    """
    if case.promise is not None:
        if unpromised or not is_unpromised(making, case):
            return
        if place_at is None:
            place_at = place_on_phone(making, case.ask)
        give_way(making, case, making.promise(case.promise))
        case = making.case(case.id)
    by_turn = until is not None and until > making.now and due_at is None and window is None
    by_turn = by_turn and can_be_told(making, case)
    if until is not None and by_turn:
        window = making.now, until
    if due_at is not None and not named:
        due_at = Ms(ring_from(due_at, zones_at(making.customer(case.customer), address.id)))
    if place_at is None:
        place_at = place_on_phone(making, case.ask)
    waits_since = place_at if case.ask is None else min(place_at, case.ask.waits_since)
    id = PromiseId(making.context.ids.new("prm"))
    if number:
        making.indexed.append(Indexed(key=dial_prefix(number) + id, address=address.id, customer=case.customer))
    making.emit(
        PromiseMade(
            promise=id,
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            kind=CALLBACK,
            told_via=told_via,
            place_at=place_at,
            address=address.id,
            window=window,
            why=why,
            since_at=since_of(waits_since, place_at),
            due_at=due_at,
            named=named,
            by_turn=by_turn,
            agent=agent,
            words=words,
            unpromised=unpromised,
            zones=zones_at(making.customer(case.customer), address.id),
        )
    )


def give_way(making: Making, case: Case, ours: Promise) -> None:
    """A promise takes the place of a call of ours, for whoever is free and no longer for who began it alone."""
    why, ask = "they are promised a call now", case.ask
    change_promise(making, ours.id, PromiseState.WITHDRAWN, CallbackState.CANCELLED, why=why)
    if ask is not None and ask.requirement.channel is Channel.PHONE and ask.agent == ours.agent and not case.taken:
        withdraw(making, making.case(case.id), ask, why=why)


def is_unpromised(making: Making, case: Case) -> bool:
    """Whether the call that the case has under way or before it is one of our own accord."""
    return case.promise is not None and making.promise(case.promise).unpromised


def change_promise(
    making: Making,
    id: str,
    state: PromiseState,
    callback: CallbackState,
    *,
    why: str = "",
    attempt: str = "",
    due_at: Ms | None = None,
    said: VaultId | None = None,
    window: tuple[Ms, Ms] | None = None,
    named: bool | None = None,
    later: tuple[Ms, Ms] | None = None,
) -> None:
    promise = making.promise(id)
    making.emit(
        PromiseChanged(
            promise=promise.id,
            case=promise.case,
            at=making.now,
            entry=making.case(promise.case).entries + 1,
            state=state,
            callback=callback,
            why=why,
            attempt=attempt,
            due_at=due_at,
            said=said,
            window=window,
            named=named,
            unpromised=promise.unpromised,
            later=later,
        )
    )


def drop_promise(making: Making, id: CaseId, *, why: str, untold: bool = False) -> None:
    """The matter is settled: nobody is to be called, or told, about it any more. `untold`: nor do they hear so, which
    stands beside what they were promised."""
    case = making.case(id)
    for promise in (*case.promised, *((case.promise,) if case.promise is not None else ())):
        said = f"{why}{NOT_TOLD}" if untold and not making.promise(promise).unpromised else why
        change_promise(making, promise, PromiseState.WITHDRAWN, CallbackState.CANCELLED, why=said)


def keep_written(making: Making, id: CaseId, *, why: str) -> None:
    """An answer went out, or they were talked with: what was promised besides calls is kept."""
    for promise in making.case(id).promised:
        change_promise(making, promise, PromiseState.KEPT, CallbackState.DONE, why=why)


def keep_by_answer(making: Making, id: CaseId) -> None:
    """Whoever was to be called when it is their turn wrote meanwhile, and one of us answered: that was the call. Who
    named a time is called then."""
    case = making.case(id)
    promise = making.promise(case.promise) if case.promise is not None else None
    if promise is None or not promise.waits_turn or case.heard is None or customer_of(making, case) is not None:
        return
    on_phone = case.ask is not None and case.ask.requirement.channel is Channel.PHONE
    if case.heard.channel is Channel.PHONE or case.heard.at <= promise.made_at or (on_phone and case.taken):
        return
    why = "they wrote first, and were answered"
    change_promise(making, promise.id, PromiseState.KEPT, CallbackState.DONE, why=why)
    if case.ask is not None and on_phone:
        withdraw(making, making.case(id), case.ask, why=why)


def own_promise(making: Making, id: CaseId) -> None:
    """A promise that nobody works on, and that is not due later, stands in line again at its place."""
    case = making.case(id)
    customer = customer_of(making, case)
    if case.promise is None or case.ask is not None or (customer is not None and customer.work is not None):
        return
    promise = making.promise(case.promise)
    if promise.due_at is None or promise.due_at <= making.now:
        stand_in_line(making, promise)


def place_on_phone(making: Making, ask: Ask | None) -> Ms:
    """Where whoever asks for something stands once it is a call that they want: what they waited for an answer in
    writing counts by its share."""
    if ask is None or ask.requirement.channel is Channel.PHONE:
        return making.now if ask is None else ask.place_at
    target_s = making.usual(Channel.PHONE).target_s
    new = replace(ask.requirement, channel=Channel.PHONE, target_ms=target_s * SECOND_MS)
    return place_after_switch(ask.place_at, now=making.now, old=ask.requirement, new=new)


def until_turn(making: Making, case: Case) -> Ms | None:
    """The upper end of the wait of a case that stands in line on the phone, as it is told at this moment; None where we
    know too little to say one."""
    ask = case.ask
    if ask is None or ask.requirement.channel is not Channel.PHONE:
        return None
    found = making.context.place(case.id, ask.queue, ask.requirement.kind, ask.place_at)
    return Told(making.now, found.low_s, found.high_s).until if found is not None else None


def stand_in_line(making: Making, promise: Promise, *, agent: AgentId | None = None) -> None:
    """Work for a promised call is wanted at the place that it has: who promised it is asked first, and it goes before
    others when its window is nearly over; as soon as possible is no time, unless it slips and nobody could be told.
    `agent`: who calls them and nobody else."""
    window = promise.window if not promise.by_turn or promise.later is not None else None
    ask_for_phone(
        making,
        promise.case,
        place_at=promise.place_at,
        since_at=promise.since_at,
        call=None,
        agent=agent,
        due_at=window[1] if window is not None else None,
        knows=promise.agent,
    )


def rest_until_due(making: Making, id: CaseId) -> None:
    """Nobody is offered a call that is to be made later. Danger waits for no time, whatever was said of one, until the
    first call: what comes to nothing is tried again as any is."""
    case = making.case(id)
    promise = making.promise(case.promise) if case.promise is not None else None
    if case.ask is None or promise is None or (case.ask.requirement.is_danger and not promise.attempts):
        return
    if promise.due_at is not None and promise.due_at > making.now:
        why = "they are called again at the time that was set"
        withdraw(making, case, case.ask, why=why)


def number_to_call(making: Making, case: Case, number: str, *, to: Address | None = None) -> Address:
    """The address at which the customer of a case is called: `to` (that of the `number`, where one was named), else the
    `number`, else the first of theirs that can be. Raises Rejected where there is none, or where somebody else may have
    asked for that number."""
    customer = making.customer(case.customer)
    address = to or next((a for a in customer.addresses if can_be_called(a)), None)
    if number and to is None:
        address = typed_address(making, customer, number)
    if address is None or not can_be_called(address):
        raise Rejected(Reason.NO_NUMBER)
    if number and is_taken(making):
        raise Rejected(Reason.NUMBER_TAKEN)
    return address


def facts_of_call(making: Making, call: Call, speech: str) -> dict[str, Fact]:
    """What rules may test of a call, with what was said just now."""
    case = making.case(call.case)
    address = making.customer(call.customer).address(call.address) if call.address else None
    assert address is not None, "a call that came in has an address"
    heard = TakeContact(key="", channel=Channel.PHONE, sender="", via=call.via, at=call.started_at, text=speech)
    return facts_of_contact(
        heard, case=case, address=address, known=call.known, language=case.language or call.language, now=making.now
    )


def ask_for_phone(
    making: Making,
    case_id: CaseId,
    *,
    place_at: Ms,
    since_at: Ms | None = None,
    call: Call | None,
    speech: str = "",
    agent: AgentId | None = None,
    due_at: Ms | None = None,
    knows: AgentId | None = None,
) -> None:
    """Ask for an agent on the phone. What the case had asked for before is withdrawn, its place carried over.
    `since_at`: when they asked, where that is not `place_at`. `due_at`: what was promised has to be kept until then.
    `knows`: who is asked before others, where that is not the case's agent."""
    for one in dict.fromkeys((making.head(case_id).id, case_id)):
        if not making.case(one).status.is_live:  # it was settled while they were on the line
            making.emit(CaseReopened(case=one, at=making.now))
    case, asks = making.case(case_id), making.asking(case_id)
    if asks.id != case.id and not is_written(asks):  # somebody else of the same matter is on the phone
        asks = case
    if call is not None:
        facts = facts_of_call(making, call, speech)
    else:  # whatever they wrote last, it is a call that is wanted, in one line with those who hold
        facts = {**facts_of_case(case, now=making.now, heard=case.heard), "channel": Channel.PHONE.value}
    verdict = making.context.policy.route(facts)
    requirement = requirement_of(verdict, Channel.PHONE)
    old = asks.ask
    kept = None if verdict.matched else old or standing(making, asks)  # no new words: it is about what it was about
    if kept is not None and old is None and speech:
        requirement = replace(requirement, skills=kept.requirement.skills)  # how urgent it is, these words tell
    elif kept is not None:
        requirement = replace(
            kept.requirement, channel=Channel.PHONE, target_ms=requirement.target_ms, offer_ms=requirement.offer_ms
        )
    queue, stays = (kept.queue, kept.stays if old else kept.queue != verdict.queue) if kept else (verdict.queue, False)
    named = making.context.policy.queues.get(case.queue)
    if not verdict.matched and kept is None and case.agent is not None and named is not None:
        queue, requirement = case.queue, replace(requirement, skills=named.skills)  # the matter has its queue already
        stays = verdict.queue != queue
    waits_since, reasons = place_at if since_at is None else since_at, tuple[str, ...]()
    if old is not None:
        place_at = min(place_at, place_after_switch(old.place_at, now=making.now, old=old.requirement, new=requirement))
        waits_since = min(waits_since, old.waits_since)
        since = since_of(waits_since, place_at)
        reasons = reasons_of(old.reasons, old=old.requirement, new=requirement, since_at=since)
        withdraw(making, asks, old, why="they are on the phone" if call else "we call them")
    case = making.case(case_id)
    making.emit(
        WorkWanted(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            ask=Ask(
                work=WorkId(making.context.ids.new("work")),
                place_at=place_at,
                queue=queue,
                requirement=requirement,
                policy=making.context.policy.version,
                rule=kept.rule if kept else verdict.rule,
                relax=kept.relax if kept else relax_of(verdict),
                agent=agent,
                asked_at=making.now,
                knows=(knows or case.agent) if agent is None else None,
                due_at=due_at,
                offered_language=offered_before(asks) if kept and old is None else None,
                written=(call is not None and call.spoke)
                or (old is not None and (old.written or old.requirement.channel is not Channel.PHONE)),
                reasons=reasons,
                since_at=since_of(waits_since, place_at),
                note=old.note if old is not None else None,
                stays=stays,
            ),
            matched=verdict.matched,
            inputs=without_words(facts),
            topic=making.context.policy.topic_of(verdict.rule) if kept is None else "",
        )
    )


def turn_to_writing(making: Making, case_id: CaseId, *, why: str) -> None:
    """The case no longer asks for the phone: the same wish, to be answered in writing, with the share it has waited."""
    case = making.case(case_id)
    old = case.ask
    if old is None or old.requirement.channel is not Channel.PHONE:
        return
    target_s = making.usual(Channel.SMS).target_s
    new = replace(old.requirement, channel=Channel.SMS, target_ms=target_s * SECOND_MS)
    place_at = place_after_switch(old.place_at, now=making.now, old=old.requirement, new=new)
    withdraw(making, case, old, why=why)
    case = making.case(case_id)
    since_at = since_of(old.waits_since, place_at)
    ask = replace(
        old,
        work=WorkId(making.context.ids.new("work")),
        place_at=place_at,
        requirement=new,
        agent=None,
        reasons=reasons_of(old.reasons, old=old.requirement, new=new, since_at=since_at),
        since_at=since_at,
    )
    making.emit(WorkWanted(case=case.id, customer=case.customer, at=making.now, entry=case.entries + 1, ask=ask))


def typed_address(making: Making, customer: Customer, number: str, *, typed: bool = False) -> Address | None:
    """The address of a number that was typed or named: one they have, or a new one that identifies nobody, for nobody
    is found under it. None for a number that is ours, premium, or nobody's. `typed`: by whoever shows their address,
    and may be somebody else: whoever answers them sees that."""
    if (known := named_address(making)) is not None:
        return known
    if making.context.is_ours(number):
        return None
    facts = making.context.facts_of(number)
    if not facts.dialable or facts.premium or not facts.country:
        return None
    wanted = ("address", customer.id, number)
    added = next((one for one in making.kept if (one.kind, one.owner, one.body) == wanted), None)
    if added is not None:
        return making.customer(customer.id).address(AddressId(added.id))
    address = replace(new_address(making, number, owner=customer.id), typed=typed)
    making.emit(AddressAdded(customer=customer.id, at=making.now, address=address))
    return address


def named_address(making: Making) -> Address | None:
    """The number that is named, as this person has it; None where it is none of theirs."""
    theirs = making.context.dialled.theirs
    owner = owner_of_address(making.state, theirs[0]) if theirs else None
    return owner.address(theirs[0]) if owner is not None else None


def is_at_other_number(making: Making, case: Case, number: str, *, to: Address | None = None) -> bool:
    """Whether a case has a call before it, and to another number than this one (`to`, or else the `number` that is
    named)."""
    promise = making.promise(case.promise) if case.promise is not None else None
    if promise is None or promise.address is None or not (number or to):
        return False
    known = {to.id, to.line} if to is not None else set(making.context.dialled.theirs)
    owner = owner_of_address(making.state, promise.address)
    at = owner.address(promise.address) if owner is not None else None
    return not known & {promise.address, at.line if at is not None else promise.address}
