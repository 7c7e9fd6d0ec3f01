"""Recording what is said on the phone: where the policy says so, after they heard that it is, and until they object.

Its one rule: no recording is asked for before its announcement was heard to its end, and one that is not wanted any
more is unwanted at once. `follow` compares what is wanted with what there is after every change of a call. What the
provider is asked and says stands in `core.recorded`.
"""

from policies import Recorded
from router.core.call_parts import agents_of, customers_leg, is_with_outside, move, must_be_live
from router.core.clock import Ms
from router.core.commands import CUSTOMER, Actor, SetRecording
from router.core.context import Making
from router.core.documents import Call, Customer, Recording
from router.core.errors import Reason, Rejected
from router.core.events import (
    CallEnded,
    CallJoined,
    CallMoved,
    CallWentOn,
    RecordingAllowed,
    RecordingAnnounced,
    RecordingLost,
    RecordingPlanned,
    RecordingReady,
    RecordingRefused,
    RecordingStarted,
    RecordingStopped,
    RecordingUnwanted,
)
from router.core.words import (
    SECOND_MS,
    CallRole,
    CallState,
    RecordingId,
    RecordingState,
    Step,
)

RECORDED: dict[Step, Recorded] = {Step.WORDS: "messages", Step.TALKING: "calls", Step.OPENING: "calls"}
"""Steps in which is recorded, and the least that the policy must say for it."""
SAID_AT: dict[Recorded, tuple[Step, ...]] = {
    "no": (),
    "messages": (Step.WORDS,),
    "calls": (Step.GREETING, Step.WORDS, Step.TALKING, Step.OPENING),
}
"""Before which steps it is announced, unless they heard it already."""
OPEN = (RecordingState.PLANNED, RecordingState.STARTING, RecordingState.RUNNING)
RECORDINGS_MAX = 20
"""So many recordings of one call; each hold ends one."""
REFUSED = "they are not to be recorded"
AGAIN_MS = 5 * SECOND_MS
"""After one that never began, so long until the next is asked for."""


def notice_for(making: Making, call: Call, step: Step) -> str:
    """What must be announced before `step`: messages, calls, or nothing (empty)."""
    policy = making.context.policy
    recorded = policy.recorded(call.via)
    if call.role is not CallRole.CUSTOMER or step not in SAID_AT[recorded] or _covers(call.announced, recorded):
        return ""
    return "" if making.customer(call.customer).unrecorded_at is not None else recorded


def announced(making: Making, call: Call) -> None:
    """The turn that said so was heard to its end."""
    case = making.case(call.case)
    making.emit(RecordingAnnounced(call=call.id, case=case.id, at=making.now, entry=case.entries + 1, what=call.notice))


def refuse(making: Making, call: Call, *, actor: Actor = CUSTOMER) -> None:
    """They are not to be recorded: in no call any more, and this call's recordings go where the policy says so."""
    customer, case = making.customer(call.customer), making.case(call.case)
    if customer.unrecorded_at is not None:
        return
    making.emit(
        RecordingRefused(
            call=call.id,
            case=case.id,
            customer=customer.id,
            at=making.now,
            entry=case.entries + 1,
            author=actor.kind,
            author_id=actor.id if actor is not CUSTOMER else customer.id,
        )
    )
    if not making.context.policy.settings.calls.deletes_refused:
        return
    for one in _of(making, call):
        if not one.delete and one.state is not RecordingState.DELETED:
            making.emit(RecordingUnwanted(recording=one.id, at=making.now, why=REFUSED, delete=True))


def set_recording(making: Making, command: SetRecording) -> None:
    """An agent stops it for a customer who said so to them, or takes that back for one who changed their mind."""
    call = customers_leg(making, command.call)
    customer, case = making.customer(call.customer), making.case(call.case)
    must_be_live(call)
    if not command.on:
        if customer.unrecorded_at is not None:
            raise Rejected(Reason.NOTHING_TO_DO, "not recorded")
        refuse(making, call, actor=command.actor)
        return
    if customer.unrecorded_at is None:
        raise Rejected(Reason.NOTHING_TO_DO, "as the policy says")
    making.emit(
        RecordingAllowed(
            call=call.id,
            case=case.id,
            customer=customer.id,
            at=making.now,
            entry=case.entries + 1,
            author=command.actor.kind,
            author_id=command.actor.id,
        )
    )
    if call.step in (Step.TALKING, Step.OPENING) and notice_for(making, call, Step.TALKING):
        move(making, call, Step.TALKING)  # out of the room to hear that it is, and back


# --- what is wanted and what there is ---------------------------------------------------------------------------------

FOLLOWED = frozenset(
    {
        *(CallWentOn, CallMoved, CallJoined, CallEnded, RecordingRefused, RecordingAllowed),
        *(RecordingStarted, RecordingStopped, RecordingReady, RecordingLost),
    }
)
"""After these something else may be wanted, or be there."""


def follow(making: Making) -> None:
    """Begin what is wanted, end what is not."""
    if FOLLOWED.isdisjoint(map(type, making.events)):
        return
    for call in [d for d in making.state.values() if isinstance(d, Call) and d.role is CallRole.CUSTOMER]:
        present = [one for one in _of(making, call) if one.state in OPEN]
        if not is_wanted(making, call):
            for one in present:
                if one.unwanted_at is None:
                    making.emit(RecordingUnwanted(recording=one.id, at=making.now, why=_why_not(making, call)))
        elif not present and len(call.recordings) < RECORDINGS_MAX:
            _plan(making, call)


def _plan(making: Making, call: Call) -> None:
    failed = any(isinstance(event, RecordingLost) for event in making.events)
    making.emit(
        RecordingPlanned(
            recording=RecordingId(making.context.ids.new("rec")),
            call=call.id,
            case=call.case,
            customer=call.customer,
            at=making.now,
            due_at=Ms(making.now + AGAIN_MS) if failed else making.now,
        )
    )


def is_wanted(making: Making, call: Call) -> bool:
    """Whether what is said on this call now is to be recorded, and may be."""
    needed = RECORDED.get(call.step)
    customer = making.state.get(call.customer)
    if call.state is not CallState.LIVE or call.move or call.notice or needed is None:
        return False
    if not isinstance(customer, Customer) or customer.unrecorded_at is not None or not is_announced(call, needed):
        return False
    if not _covers(making.context.policy.recorded(call.via), needed):
        return False
    return call.step is Step.WORDS or (call.joined and _with_agent(making, call))


def is_announced(call: Call, needed: Recorded) -> bool:
    """Whether they heard it: the guard of every recording."""
    return _covers(call.announced, needed)


def _why_not(making: Making, call: Call) -> str:
    customer = making.state.get(call.customer)
    if isinstance(customer, Customer) and customer.unrecorded_at is not None:
        return REFUSED
    return "the call is over" if call.state is CallState.ENDED else "what was said there is over"


def _with_agent(making: Making, call: Call) -> bool:
    if is_with_outside(making, call.case):
        return False  # nobody has told them that they would be recorded
    return any(leg.step is Step.BESIDE and leg.state is CallState.LIVE for leg in agents_of(making, call.case))


def _covers(said: str, needed: str) -> bool:
    return said == "calls" or (said == "messages" and needed == "messages")


def _of(making: Making, call: Call) -> list[Recording]:
    """The recordings of a call that are at hand; those that are settled may not be."""
    return [one for id in call.recordings if isinstance(one := making.state.get(id), Recording)]
