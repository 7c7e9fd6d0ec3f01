"""A customer on the phone: the call joins their case and waits in line with choices that all keep the place.

One turn of a call is one command, told by `core.call_table`. A turn that came before changes nothing: whoever asks
again is told what stands now. What we dial ourselves stands in `core.legs`, how calls end in `core.call_ends`.
"""

from policies import PolicySet
from policies.segments import segments_of
from router.core import call_times, junk, leads, legs, recording
from router.core.addresses import Address, AddressKind, is_anonymous
from router.core.asks import agrees, answer_language, is_asked
from router.core.call_ends import (
    IN_TALK,
    TURN_MS_MAX,
    all_said,
    back_in_line,
    end_call,
    let_agent_go,
    look_after,
    note_kept,
    place_of,
    ring_back,
    write_instead,
)
from router.core.call_parts import (
    agents_of,
    ask_for_phone,
    can_be_called,
    customers_leg,
    facts_of_call,
    is_unpromised,
    is_with_outside,
    move,
    must_be_live,
    promise_call,
    rest_until_due,
    turn_to_writing,
    typed_address,
    wish_call,
)
from router.core.call_table import CHOICES_ROUND, MISSES_MAX, REFUSES, TABLE, TOLD_ROUND, Row, may_ring_back, says_wait
from router.core.choice import Way, choose_way
from router.core.clock import Ms
from router.core.commands import (
    SYSTEM,
    AnswerLanguage,
    BreakOffCall,
    HangUp,
    HearCall,
    HoldCall,
    NoteCall,
    OpenCase,
    StartCall,
    TakeCall,
    TakeRecording,
)
from router.core.contacts import (
    as_spelled,
    clean_text,
    keep_media,
    known_customer,
    new_customer,
    open_case,
    side_of,
)
from router.core.context import Making
from router.core.documents import Call, Said
from router.core.errors import Reason, Rejected
from router.core.events import (
    CallArrived,
    CallEnded,
    CallJoined,
    CallRecorded,
    CallSaid,
    CallWentOn,
    CaseReopened,
    ContactReceived,
    HoldChanged,
    PlaceKept,
    WorkWanted,
)
from router.core.evidence import grade_of_call, of_typed_address, strengthened
from router.core.linking import NO_WORDS, link
from router.core.opening import closed_until
from router.core.redaction import without_cards
from router.core.shared_lines import candidates_of, check_goes_on, graded_on_line, refuse_shared
from router.core.telling import can_be_told, page_for
from router.core.texts import queue_message
from router.core.waits.said import Told
from router.core.wishes import Wish
from router.core.words import (
    SECOND_MS,
    CallRole,
    CallState,
    Channel,
    ContactId,
    Step,
)

SPEECH_CHARS_MAX = 5_000
"""What is said in one turn is cut here; a minute of quick speech is a fifth of it."""
CARD_REMOVED = "call_card_removed"
AGAIN = "call_again"
OTHERWISE = "call_otherwise"
"""Said first where an answer was none: at most twice for one question, however long they pause between."""
NO_TEXT = "call_no_text"
NO_CODE = "call_no_code"
HELD_LONG = "call_held_long"
BACK_AGAIN = "call_back_again"
JOINED = "joined"
IN_LINE = (Step.WAITING, Step.PROMISED, Step.TEXTED)
NO_ROOM = "call_no_room"
PROMISED = "call_promised"
"""Said first to whoever surely calls from the number that is to be called: when, and how that is changed."""
"""The steps at which a caller hears it where their queue is closed."""
FINAL = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
"""The provider's words for a leg that is over. Others change nothing."""
KNOWN = FINAL | {"queued", "initiated", "ringing", "in-progress", "answered", JOINED}
"""All words that we know; any other is counted and told."""


def take_call(making: Making, command: TakeCall) -> None:
    """A phone calls us: its case, its contact, and the first step of the call. Nothing of a case is told on it."""
    policy = making.context.policy
    found = known_customer(making)
    if found:
        refuse_shared(found[1])
    is_known = junk.has_met(found[0] if found else None)
    number = policy.numbers.get(command.via)
    theirs, ours = found[0].language if found else None, number.language if number else policy.phrases.language
    language = theirs if theirs and policy.said_in(theirs) == theirs else ours
    customer, address = as_spelled(making, *found, command) if found else new_customer(making, command, language=None)
    found_link = link(making, customer, command, address=address.id, words=NO_WORDS)
    check_goes_on(customer, found_link.how)
    graded = grade_of_call(command, known=found is not None)
    graded = strengthened(of_typed_address(graded) if address.typed else graded, found_link.grounds)
    graded = graded_on_line(customer, graded)
    case = found_link.case
    kept_place_at = junk.kept_place(making, customer) if case is None else None
    if case is None:
        queue = policy.routing.rules[-1].queue
        candidates = candidates_of(customer, found_link)
        case = open_case(making, customer, queue=queue, at=command.at, candidates=candidates)
    elif not case.status.is_live:
        making.emit(CaseReopened(case=case.id, at=making.now))
    case = side_of(making, making.case(case.id), customer, at=command.at)
    making.emit(
        ContactReceived(
            contact=ContactId(making.context.ids.new("con")),
            case=case.id,
            customer=customer.id,
            at=command.at,
            entry=making.case(case.id).entries + 1,
            channel=Channel.PHONE,
            address=address.id,
            via=command.via,
            evidence=graded.evidence,
            link=found_link.how,
            grounds=graded.grounds,
            policy=making.context.policy.version,
            late=command.late,
            keeps_wish=True,
        )
    )
    making.emit(
        CallArrived(
            call=command.call,
            case=case.id,
            customer=customer.id,
            at=command.at,
            address=address.id,
            via=command.via,
            provider_id=command.provider_id,
            language=language,
            step=Step.GREETING,
            attested=command.attested,
            known=is_known and not customer.users,
            shared=bool(customer.users),
            hidden=is_anonymous(command.sender),
            attestation=command.attestation,
            no_text=_no_text(making, address),
            no_call=not can_be_called(address),
            block=junk.block_of(making, command),
            notice=_notice_at_greeting(making, customer.unrecorded_at is not None, command),
        )
    )
    if kept_place_at is not None:
        entry = making.case(case.id).entries + 1
        making.emit(PlaceKept(case=case.id, at=making.now, entry=entry, place_at=kept_place_at))
    if command.astray:
        move(making, making.call(command.call), Step.GREETING)
    if command.late:  # nobody is on the line any more: somebody looks after them
        call = making.call(command.call)
        case = making.case(case.id)
        making.emit(
            CallEnded(
                call=call.id,
                case=case.id,
                at=min(Ms(command.at + command.seconds * SECOND_MS), making.now),
                entry=case.entries + 1,
                how="missed",
                role=CallRole.CUSTOMER,
                seconds=command.seconds,
                step=Step.GREETING,
            )
        )
        look_after(making, call)


def _notice_at_greeting(making: Making, is_refused: bool, command: TakeCall) -> str:
    """Where conversations are recorded, that is what they hear first."""
    recorded = making.context.policy.recorded(command.via)
    return recorded if recorded == "calls" and not is_refused and not command.late else ""


def take_recording(making: Making, command: TakeRecording) -> None:
    """What they said to the provider's own document belongs to the case of their call, and somebody listens to it."""
    call = making.call(command.call)
    if call.role is not CallRole.CUSTOMER:
        raise Rejected(Reason.NOTHING_TO_DO, "no customer's words")
    case = making.case(call.case)
    making.emit(
        CallRecorded(
            call=call.id,
            case=case.id,
            customer=call.customer,
            at=command.at,
            entry=case.entries + 1,
            media=tuple(keep_media(making, command, owner=call.customer)),
        )
    )
    if making.customer(call.customer).erased_at is not None:
        return
    if call.state is CallState.ENDED:
        look_after(making, call)
    else:  # their words stand in line whatever becomes of the call
        _queue(making, making.call(call.id))


def hear_call(making: Making, command: HearCall) -> None:
    """One turn: what came back, what it does, where the call stands then."""
    call = making.call(command.call)
    if call.state is CallState.ENDED or command.turn != call.turn:
        raise Rejected(Reason.NOTHING_TO_DO, "this turn is over")
    if call.state is not CallState.LIVE:
        legs.answered(making, call, provider_id=command.provider_id, by=command.answered_by)
    elif call.move:
        first = BACK_AGAIN if call.step is Step.WAITING and _was_away(making, call) else ""
        _go_on(making, call, call.step, heard="moved", first=first)
        if call.role is CallRole.AGENT and call.step is Step.BESIDE:  # a lead who took over, and is heard now
            legs.bring_customer(making, making.call(call.id))
    elif call.notice:
        recording.announced(making, call)
        first = "recording_choice" if TABLE[call.step].listen_s else ""
        _go_on(making, making.call(call.id), call.step, heard="notice", first=first)
    elif call.role is not CallRole.CUSTOMER:
        legs.hear_agent(making, call, key=command.digits)
    else:
        _hear_customer(making, call, command)


def _was_away(making: Making, call: Call) -> bool:
    """Whether a caller could not come to us for what to say, and is fetched back."""
    heard_at = making.now if call.heard_at is None else call.heard_at
    return call.role is CallRole.CUSTOMER and (heard_at < making.context.since or making.now - heard_at > TURN_MS_MAX)


def _hear_customer(making: Making, call: Call, command: HearCall) -> None:
    row = TABLE[call.step]
    given = clean_text(command.speech)[:SPEECH_CHARS_MAX].strip()
    speech = without_cards(given)
    is_redacted = speech is not given and row.keeps_words
    to, heard = row.silence, "silence"
    misses = call.misses if to is call.step else 0  # whoever pauses is asked the same still
    refuses = _refuses(making, row, command.digits, speech)
    is_told = is_redacted and not making.case(call.case).redacted
    first = "recording_off" if refuses else CARD_REMOVED if is_told else ""
    if refuses:
        recording.refuse(making, call)
    wish = None if refuses else call_times.wish_in(making, call, speech=speech, keys=command.digits)
    if refuses and (not speech or making.context.policy.spoken.is_short(speech)):
        to, heard = call.step, "refused"
    elif speech and row.speech is not None:
        chosen = None if wish is not None else _chosen(making.context.policy, call, speech)
        to, heard, misses = chosen or row.speech, "speech", 0
        if row.keeps_words:
            _say(making, call, speech, redacted=is_redacted, by=command.answered_by)
    elif command.digits:
        heard = "keys"
        key = "number" if row.digits == 0 else command.digits
        known = _led_to(making, call, row, key, is_time=wish is not None)
        misses = 0 if known else call.misses + 1
        to = known or (call.step if misses < MISSES_MAX else row.silence)
    if row.room:
        to, heard = _after_room(making, call), "left"
    to = row.silence if call.step is Step.MACHINE and not _is_person(making, command, speech) else to
    if (call.step is Step.LANGUAGE or call.language_open) and not refuses:
        to = _of_language(making, call, command.digits, speech, to=to)
    elif call.step in (Step.TIME, Step.NUMBER) and speech and wish is None:
        misses = call.misses + 1
        to = call.step if misses < MISSES_MAX else row.silence
    wanted, missed = to, misses > call.misses
    if wish is not None:
        to, said, first = _take_time(making, call, wish, first)
    else:
        to = _enter(making, making.call(call.id), to, number=command.number if row.digits == 0 else "")
        if to is call.step is Step.NUMBER and not speech:  # not to be called: they hear so, then that they may stay
            misses, missed = call.misses + 1, call.misses + 1 >= MISSES_MAX
            to = _enter(making, making.call(call.id), row.silence, number="") if missed else to
        said, first = _standing(making, call, to, first)
    if missed and TABLE[to].listen_s:
        first = first or (AGAIN if misses < MISSES_MAX else OTHERWISE)
    first = _said_first(making, call, command, to=to, wanted=wanted, heard=heard, first=first)
    to = Step.LANGUAGE if to is Step.WAITING and _is_to_be_asked(making, call) else to
    told = call.step is Step.WAITING and call.rounds == TOLD_ROUND and heard == "silence" and may_ring_back(call)
    now, misses = making.call(call.id), misses if to is call.step else 0
    _go_on(making, now, to, heard=heard, misses=misses, missed=missed, told=told, first=first, said=said)


def _said_first(
    making: Making, call: Call, command: HearCall, *, to: Step, wanted: Step, heard: str, first: str
) -> str:
    """The phrase that says why they are where they did not want to be, or what else comes before the rest."""
    if wanted is Step.TEXTED and to is not wanted:
        return NO_TEXT
    if call.step is Step.CODE and heard == "keys" and not command.known_code:
        return NO_CODE
    if not first and to is call.step is Step.HELD and _is_long_held(making, call):
        return HELD_LONG
    return first


def _standing(making: Making, call: Call, to: Step, first: str) -> tuple[Said | None, str]:
    """What they hear of the call that stands promised to them, and the phrase that says so first."""
    came_in = call.step is Step.GREETING and to is Step.WAITING
    said = call_times.said_of(making, call) if came_in or to is Step.PROMISED else None
    return said, first or (PROMISED if came_in and said is not None else "")


def _take_time(making: Making, call: Call, wish: Wish, first: str) -> tuple[Step, Said | None, str]:
    """Where it leads that they named a time, and what is said of it. They stand in line for it first, so that their
    place is that of this call."""
    _queue(making, making.call(call.id))
    said = call_times.take(making, making.call(call.id), wish)
    if said is None:
        return Step.WAITING, None, first or NO_ROOM
    return Step.TIME if said.doubt else Step.PROMISED, said, first


def _led_to(making: Making, call: Call, row: Row, key: str, *, is_time: bool) -> Step | None:
    """Where a key leads; None where it leads nowhere, or is not for who calls."""
    known = row.keys.get(key) or row.keys.get("*")
    if known is Step.DROPPED and call_times.standing(making, call) is None:
        return None
    if known is Step.TIME and not (is_time or (call.step is not Step.TIME and call_times.may_name(making, call))):
        return None
    return known


def _is_long_held(making: Making, call: Call) -> bool:
    """Whether they came to be on hold for longer than the policy likes since they last came for what to say."""
    if call.held_at is None:
        return False
    over_at = call.held_at + making.context.policy.settings.callbacks.hold_s * SECOND_MS
    return (call.heard_at or call.held_at) < over_at <= making.now


def _refuses(making: Making, row: Row, digits: str, speech: str) -> bool:
    """Whether they say, by key or by words, that they are not to be recorded."""
    by_key = not speech and digits == REFUSES and REFUSES in row.keys
    return by_key or (row.speech is not None and making.context.policy.refuses_recording(speech))


def _is_person(making: Making, command: HearCall, speech: str) -> bool:
    """Whether somebody is there who sounded like a machine: they press a key, or speak as no machine does."""
    return bool(command.digits) or making.context.policy.spoken.is_person(speech)


def _of_language(making: Making, call: Call, key: str, speech: str, *, to: Step) -> Step:
    """Take what they say to another language; the question is asked once more where they say nothing to it, for whoever
    is relayed may not have had the time, and a yes that comes later counts."""
    if call.step is Step.LANGUAGE:
        _answer_language(making, call, key, speech)
        return Step.LANGUAGE if not key and not speech and call.rounds == 0 else to
    if call.step is Step.WAITING and speech:
        _answer_language(making, call, "", speech)
    return to


def _is_to_be_asked(making: Making, call: Call) -> bool:
    """Whether another language has to be asked for, and was not in this call."""
    ask = making.case(call.case).ask
    return ask is not None and is_asked(ask) and not call.language_asked


def _answer_language(making: Making, call: Call, key: str, speech: str) -> None:
    """Their yes or no to another language; anything else is no answer, and nothing is given up without a yes."""
    ask = making.case(call.case).ask
    if ask is None or not is_asked(ask):
        return
    yes = (key == "1" and not speech) or agrees(making, ask, speech)
    if yes or key == "2":
        answer_language(making, AnswerLanguage(key="", case=call.case, yes=yes))


def _go_on(
    making: Making,
    call: Call,
    to: Step,
    *,
    heard: str,
    misses: int = 0,
    missed: bool = False,
    told: bool = False,
    first: str = "",
    said: Said | None = None,
) -> None:
    queued = call.queued_at is None and _is_in_line(making, call)
    again = call.rounds if heard == "refused" else call.rounds + 1
    rounds = again if to is call.step and heard not in ("moved", "notice") and not missed else 0
    closed = closed_until(making, call) if to in IN_LINE and call.role is CallRole.CUSTOMER else None
    if closed is not None and to is Step.WAITING and (closed.at is None or (call.closed and to is not call.step)):
        rounds = max(rounds, CHOICES_ROUND)  # they know, or there is no time to tell
    elif closed is not None and closed.at is not None and call.closed is None and to is not Step.WAITING:
        first = first or "closed"
    early = to is Step.WAITING and closed is None and (_is_early(making, call) or _is_taken(making, call))
    if early or (call.early and to is Step.WAITING and not missed):
        rounds = min(rounds, CHOICES_ROUND)
    wait = None
    is_told = to is not Step.PROMISED or can_be_told(making, making.case(call.case))  # else no time is promised
    if to in IN_LINE and call.role is CallRole.CUSTOMER and closed is None and not early and is_told:
        wait = call.wait if to is Step.WAITING and rounds == TOLD_ROUND else _wait_told(making, call)
    if wait is not None and wait.high_s is None and call.unsure:
        wait = None  # they heard so, and know no more by now
    notice = recording.notice_for(making, call, to)
    making.emit(
        CallWentOn(
            call=call.id,
            at=making.now,
            turn=call.turn + 1,
            step=to,
            heard=heard,
            rounds=rounds,
            misses=misses,
            told=told,
            queued=queued,
            first=first,
            notice=notice,
            coached=leads.coached_by(making, call) if to is Step.BESIDE else "",
            closed=closed,
            early=early,
            wait=wait,
            unsure=wait is not None and wait.high_s is None and not notice and says_wait(to, rounds),
            said=said,
        )
    )


def _wait_told(making: Making, call: Call) -> Told | None:
    """How long they still wait, as they are told now; None where they do not stand in line yet."""
    found = making.context.wait(call.case)
    return Told(making.now, found.low_s, found.high_s) if found is not None else None


def _is_early(making: Making, call: Call) -> bool:
    """Whether they have been in line for less than the policy asks before the choices are told."""
    offer_ms = making.context.policy.settings.callbacks.offer_over_s * SECOND_MS
    return offer_ms > 0 and making.now - (making.now if call.queued_at is None else call.queued_at) < offer_ms


def _is_taken(making: Making, call: Call) -> bool:
    """Whether somebody has said that they take the call, and is on their way to it."""
    case = making.case(call.case)
    return call.role is CallRole.CUSTOMER and case.ask is not None and case.taken


def _chosen(policy: PolicySet, call: Call, speech: str) -> Step | None:
    """Where words lead that are one of the choices."""
    if call.step not in (Step.WAITING, Step.GREETING):
        return None
    return {"call": Step.PROMISED, "text": Step.TEXTED}.get(policy.spoken.choice(speech) or "")


def _enter(making: Making, call: Call, to: Step, *, number: str) -> Step:
    """Do what entering a step means; the step that is really entered."""
    match to:
        case Step.WAITING if call.held_at is not None and call.step is Step.NUMBER:
            return Step.HELD  # no number, no call: the agent is there
        case Step.WAITING:
            let_agent_go(making, call)
            _queue(making, call)
            return to
        case Step.LOST if call.step is not Step.LOST:
            back_in_line(making, call)
            return to
        case Step.PROMISED:
            _queue(making, call)
            return _promise(making, making.call(call.id), number=number)
        case Step.TIME if call.step is Step.WAITING and not call_times.reaches(making, call):
            return Step.NUMBER
        case Step.DROPPED:
            _queue(making, call)
            call_times.drop(making, making.call(call.id))
            return to
        case Step.TEXTED:
            _queue(making, call)
            return to if _go_on_by_text(making, making.call(call.id)) else Step.WAITING
        case _:
            return to


def _after_room(making: Making, call: Call) -> Step:
    """The customer came out of the conference by itself: back to it if an agent stands there, else the line is lost."""
    beside = any(leg.step is Step.BESIDE for leg in agents_of(making, call.case)) or leads.talking(making, call.case)
    return Step.TALKING if beside or is_with_outside(making, call.case) else Step.LOST


def _say(making: Making, call: Call, speech: str, *, redacted: bool, by: str) -> None:
    """Keep what the customer said; words that need somebody else move the case there, its place kept."""
    case = making.case(call.case)
    facts = facts_of_call(making, call, speech)
    making.emit(
        CallSaid(
            call=call.id,
            case=case.id,
            customer=call.customer,
            at=making.now,
            entry=case.entries + 1,
            words=making.keep(speech, kind="text", owner=call.customer),
            suspect=junk.suspected(making, call, facts, speech, by=by),
            block="" if call.spoke else call.block,
            redacted=redacted,
        )
    )
    if not _is_in_line(making, call):
        _queue(making, making.call(call.id), speech)
        return
    case = making.case(call.case)
    if case.ask is not None and not case.taken:
        verdict = making.context.policy.route(facts)
        if verdict.matched and verdict.rule != case.ask.rule and verdict.priority >= case.ask.requirement.priority:
            place_at, since_at = case.ask.place_at, case.ask.since_at
            ask_for_phone(making, case.id, place_at=place_at, since_at=since_at, call=call, speech=speech)


def _queue(making: Making, call: Call, speech: str = "") -> None:
    """Stand in line for the phone, once per call: since the call began, or since the place they had."""
    if _is_in_line(making, call):
        return
    ask_for_phone(making, call.case, place_at=place_of(making, call), call=call, speech=speech)


def _is_in_line(making: Making, call: Call) -> bool:
    """Whether the case waits for an agent on the phone because of this call, or an agent has taken it already."""
    case = making.case(call.case)
    if case.ask is None or case.ask.requirement.channel is not Channel.PHONE:
        return False
    if case.taken or call.queued_at is not None or call.work is not None:
        return True
    return any(isinstance(event, WorkWanted) for event in making.events)


def _promise(making: Making, call: Call, *, number: str) -> Step:
    """Promise a call to the number they call from, or to the one they typed; NUMBER where that cannot be called."""
    customer = making.customer(call.customer)
    if call.step is Step.NUMBER:
        address = typed_address(making, customer, number, typed=True) if number else None
    else:
        address = customer.address(call.address) if call.address else None
    if address is None or not can_be_called(address):
        return Step.NUMBER
    case, why = making.case(call.case), "they asked for it"
    closed = closed_until(making, call)
    due_at = closed.at if closed is not None else None
    until = told.until if closed is None and (told := _wait_told(making, call)) is not None else None
    named = number if call.step is Step.NUMBER else making.context.dialled.shown
    if named:  # it may be somebody else's telephone
        wish_call(making, case, address, named, why=why, due_at=due_at, until=until)
    else:
        promise_call(making, case, address, why=why, due_at=due_at, until=until)
    if call.held_at is not None:  # they leave the agent, who has their notes to finish
        _note_hold(making, call, held=False, how="call instead")
        all_said(making, call, why="they chose to be called instead of waiting on hold")
    return Step.PROMISED


def _no_text(making: Making, address: Address) -> bool:
    """Whether whoever calls from here gets no text of ours: nobody can, or they told us to stop."""
    is_phone = address.facts.kind is AddressKind.PHONE and not address.facts.premium
    return not is_phone or Channel.SMS not in making.context.senders or Channel.SMS in address.blocked


def _go_on_by_text(making: Making, call: Call) -> bool:
    """Send one text to go on by, and turn the ask into a written one. False where this number gets no texts."""
    customer = making.customer(call.customer)
    address = customer.address(call.address) if call.address else None
    via = making.context.senders.get(Channel.SMS)
    if address is None or via is None or _no_text(making, address):
        return False
    policy, case = making.context.policy, making.case(call.case)
    number = policy.numbers.get(call.via)
    ours = call.via if call.via in policy.numbers else via
    text = policy.phrase("text_after_call", call.language, brand=number.brand if number else "")
    way = Way(Channel.SMS, address.id, ours)  # they ask for it at this moment, so it goes out whatever went before
    if page := page_for(making, case, way, call.id):
        text = f"{text} {policy.phrase('page_yours', call.language, link=page)}"
    words = making.keep(text, kind="text", owner=customer.id)
    reasons = ("they chose to go on by text",)
    queue_message(making, case, way, words, segments=segments_of(text), by=SYSTEM, reasons=reasons)
    turn_to_writing(making, case.id, why="they go on by text")
    return True


# --- the end ----------------------------------------------------------------------------------------------------------


def note_call(making: Making, command: NoteCall) -> None:
    """Follow a leg by the provider's words: final ones end it, once; others and unknown ones change nothing."""
    call = making.call(command.call)
    if command.state == JOINED and call.state is not CallState.ENDED and not call.joined:
        making.emit(CallJoined(call=call.id, at=making.now))
        if call.role is CallRole.CUSTOMER:
            note_kept(making, call)
        return
    if call.state is CallState.ENDED or command.state not in FINAL:
        raise Rejected(Reason.NOTHING_TO_DO, command.state[:40])
    end_call(making, call, how=command.state, ended_at=command.ended_at, seconds=command.seconds)


# --- what agents do with a call ---------------------------------------------------------------------------------------


def hold_call(making: Making, command: HoldCall) -> None:
    """Out of the conversation into a way of waiting that listens to them, or back."""
    call = customers_leg(making, command.call)
    wanted, at = (Step.HELD, Step.TALKING) if command.held else (Step.TALKING, Step.HELD)
    talking = (Step.TALKING, Step.OPENING)
    must_be_live(call)
    if (call.step not in talking) if command.held else (call.step is not at):
        raise Rejected(Reason.NOTHING_TO_DO, call.step)
    _note_hold(making, call, held=command.held, how="hold" if command.held else "resume")
    move(making, making.call(call.id), wanted)


def _note_hold(making: Making, call: Call, *, held: bool, how: str) -> None:
    case, since_at = making.case(call.case), making.now if call.held_at is None else call.held_at
    seconds = 0 if held else (making.now - since_at) // SECOND_MS
    event = HoldChanged(
        call=call.id, case=case.id, at=making.now, entry=case.entries + 1, held=held, how=how, seconds=seconds
    )
    making.emit(event)


def break_off(making: Making, command: BreakOffCall) -> None:
    """The service stops. Whoever waits on the phone hears so, with what becomes of them: a call where the number is
    surely theirs, else they are looked after as whoever we lost; whoever is on hold is with their agent again."""
    call = making.call(command.call)
    row = TABLE[call.step]
    is_in_line = call.role is CallRole.CUSTOMER and not (row.room or row.ends or call.step is Step.MACHINE)
    if call.state is not CallState.LIVE or not is_in_line:
        raise Rejected(Reason.NOTHING_TO_DO, call.step)
    if call.held_at is not None:
        _note_hold(making, call, held=False, how="resume")
        move(making, making.call(call.id), Step.TALKING)
        return
    _queue(making, call)
    case, why = making.case(call.case), "the service restarted while they were in line"
    address = ring_back(making, call, at=making.now)
    if address is not None:
        due_at = call.closed.at if call.closed is not None else None
        until = call.wait.until if call.wait is not None else None
        promise_call(making, case, address, why=why, due_at=due_at, until=until)
        rest_until_due(making, case.id)
    elif case.promise is None or is_unpromised(making, case):
        write_instead(making, case.id, why=why)
    move(making, making.call(call.id), Step.RESTARTING)


def hang_up(making: Making, command: HangUp) -> None:
    call = making.call(command.call)
    if call.state is CallState.ENDED:
        raise Rejected(Reason.NOTHING_TO_DO, "over")
    move(making, call, Step.GOODBYE, through=call.step in IN_TALK, by=command.actor.id)


def open_for(making: Making, command: OpenCase) -> None:
    """We contact somebody: a case of their own, and a call at once where that is asked for. Raises Rejected where they
    cannot be written to by the channel that is asked for."""
    found = known_customer(making)
    if command.customer is not None:
        customer, address = making.customer(command.customer), None
    else:
        if found:
            refuse_shared(found[1])
        customer, address = found or new_customer(making, command, language=None)
    queue = making.context.policy.routing.rules[-1].queue
    case = open_case(making, customer, queue=queue, at=making.now, subject=clean_text(command.subject))
    if command.writes is not None:
        choose_way(case, customer, wanted=command.writes, numbers=making.context.senders, now=making.now)
    if command.calls:
        legs.start_call(
            making,
            StartCall(key=command.key, case=case.id, actor=command.actor, agent=command.agent, told=False),
            to=address,
        )
