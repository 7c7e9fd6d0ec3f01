"""The timeline: which events make a row in a case's story, and what that row says. One event, at most one row."""

from typing import Any

from policies.retention import JUNK
from router.core.clock import Ms
from router.core.documents import Ask, Entry
from router.core.events import (
    AskChanged,
    CallbackHeld,
    CallEnded,
    CallRecorded,
    CallSaid,
    CandidatesDropped,
    CandidatesFound,
    CasesMerged,
    CaseSplit,
    CaseStatusChanged,
    CasesUnmerged,
    ConsentChanged,
    ContactReceived,
    ContactReleased,
    ContactSetAside,
    ContextNoted,
    CopyQueued,
    DevicePaired,
    DeviceUnpaired,
    Event,
    FileMissing,
    HoldChanged,
    IdentityNoted,
    JoinAsked,
    LinesBrought,
    LinksRevoked,
    MatterAnswered,
    MatterAsked,
    MessageFailed,
    MessageLost,
    MessageQueued,
    MessageRetryPlanned,
    NoteAdded,
    OutsideAsked,
    ParticipantErased,
    PlaceKept,
    PromiseChanged,
    PromiseMade,
    RecordingAllowed,
    RecordingAnnounced,
    RecordingDeleted,
    RecordingReady,
    RecordingRefused,
    RoutingNoted,
    SplitUndone,
    SwitchOffered,
    TextWithheld,
    WishNoted,
    WordsForgotten,
    WorkClosed,
    WorkReturned,
    WorkTaken,
    WorkWanted,
)
from router.core.evidence import Graded, of_somebody_else, words_of_grounds
from router.core.words import BY_A_PERSON, ActorKind, AddressId, CallbackState, CaseId, Channel, PromiseState, VaultId

LOST_CALL = "the call did not come back to the service before it ended, and nobody of us was with them"

TAKEN = (
    "they wish to be called at a number that is to be called already, or was often enough for a day: it is not dialled "
    "because of this, and a person decides"
)


def since_fact(ask: Ask) -> dict[str, Ms]:
    """When they truly asked, beside a place that counts otherwise."""
    return {} if ask.since_at is None else {"since_at": ask.since_at}


SAYS = frozenset({ContactReceived, LinesBrought, MessageQueued})
"""Events that may be a line of a chat."""


def line_of(event: Event) -> tuple[AddressId, int] | None:
    """The chat in which `event` is a line, and which one it is there."""
    if isinstance(event, (ContactReceived, MessageQueued)) and event.line:
        shown_in = event.shown_in if isinstance(event, MessageQueued) else None
        return shown_in or event.address, event.line
    return None


def lines_of(events: tuple[Event, ...]) -> tuple[tuple[AddressId, int], ...]:
    """The lines of chats among the events of one command; most have none."""
    return tuple([line for event in events if type(event) in SAYS for line in chat_lines_of(event)])


def chat_lines_of(event: Event) -> tuple[tuple[AddressId, int], ...]:
    """The lines of chats that `event` is: one, or as many as it brings along."""
    if type(event) is LinesBrought:
        return tuple((event.address, event.line + n) for n in range(event.count))
    return (line,) if (line := line_of(event)) is not None else ()


OUR_CALL = "our call"
"""What the row says that tells of a call of our own accord; its fact `became` says how far it has come."""
FILE_MISSING = "file_missing"
"""What the row says that tells of a file which the provider does not have any more; its fact `file` names it."""
COPY_LATE = "copy_late"
"""What the row says that tells of a copy which was refused for now; its fact `message` is what is tried instead."""

ROW_KINDS: dict[type[Event], str] = {
    **dict.fromkeys((ContactReceived, MessageQueued), "message"),
    ContextNoted: "context",
    **dict.fromkeys((NoteAdded, WishNoted), "note"),
    **dict.fromkeys((SwitchOffered, LinksRevoked), "switch"),
    **dict.fromkeys(
        (DevicePaired, DeviceUnpaired, CandidatesDropped, CasesMerged, CasesUnmerged, CaseSplit, SplitUndone),
        "identity",
    ),
    IdentityNoted: "identity",
    **dict.fromkeys(
        (WorkWanted, AskChanged, RoutingNoted, ContactSetAside, ContactReleased, MatterAsked, MatterAnswered),
        "decision",
    ),
    CandidatesFound: "decision",
    **dict.fromkeys((WorkTaken, WorkReturned, WorkClosed), "assignment"),
    **dict.fromkeys(
        (
            CaseStatusChanged,
            CopyQueued,
            FileMissing,
            MessageFailed,
            MessageLost,
            MessageRetryPlanned,
            TextWithheld,
            WordsForgotten,
            ParticipantErased,
        ),
        "status",
    ),
    **dict.fromkeys((ConsentChanged, RecordingRefused, RecordingAllowed), "terms"),
    **dict.fromkeys((CallSaid, CallRecorded, CallEnded, PlaceKept, JoinAsked, OutsideAsked, HoldChanged), "call"),
    **dict.fromkeys((RecordingAnnounced, RecordingReady, RecordingDeleted), "call"),
    **dict.fromkeys((PromiseMade, PromiseChanged, CallbackHeld), "promise"),
}
"""Events that make a row, and of which kind. A contact by phone makes one of the kind `call`."""


def row_of(event: Event) -> tuple[CaseId, int, str] | None:
    """In which case's timeline `event` makes a row, which one, and of what kind: all that is written of it beside the
    event itself. None: it makes none."""
    kind = ROW_KINDS.get(type(event))
    if kind is None:
        return None
    match event:
        case ContactReceived():
            return event.case, event.entry, "call" if event.channel is Channel.PHONE else kind
        case CasesMerged():
            return event.into, event.entry, kind
        case CasesUnmerged():
            return event.head, event.entry, kind
        case PromiseMade() | PromiseChanged() if event.unpromised:
            return event.case, event.entry, "call"
        case _:
            told: Any = event
            return (told.case, told.entry, kind) if told.case is not None else None


def rows_of(events: tuple[Event, ...]) -> tuple[tuple[CaseId, int, str], ...]:
    """The rows that the events of one command make."""
    return tuple([row for event in events if (row := row_of(event)) is not None])


def entry_of(event: Event) -> Entry | None:
    """The row that `event` adds to its case's timeline, as people read it, or None (see `row_of`)."""
    match event:
        case ContactReceived():
            facts: dict[str, str | int | float | bool | None] = {"link": event.link}
            graded = Graded(event.evidence, event.grounds)
            if event.participant:  # logs of before graded the writer, whoever that was
                graded = of_somebody_else(graded)
            if graded.grounds:
                facts["grounds"] = " ".join(graded.grounds)
            if event.policy:
                facts["policy"] = event.policy
            if event.topics:
                facts["topics"] = ", ".join(event.topics)
            if event.participant:
                facts["participant"] = True
            if event.late:
                facts["late"] = True
            if event.opt_out_hint:
                facts["opt_out_hint"] = True
            if event.redacted:
                facts["redacted"] = True
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="call" if event.channel is Channel.PHONE else "message",
                author="customer",
                author_id=event.customer,
                channel=event.channel,
                direction="in",
                words=event.words,
                contact=event.contact,
                address=event.address,
                via=event.via,
                evidence=graded.evidence,
                media=event.media,
                letter=event.letter,
                reasons=words_of_grounds(graded.grounds),
                facts=facts,
            )
        case MessageQueued():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="message",
                author=event.author,
                author_id=event.author_id,
                channel=event.channel,
                direction="out",
                words=None if event.is_secret else event.words,
                message=event.message,
                address=event.address,
                reasons=event.reasons,
                media=event.mail.files if event.mail else (),
                via=event.via if event.mail else "",
                mail=event.mail,
            )
        case ContextNoted():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="context",
                author="customer",
                author_id=event.customer,
                channel=event.channel,
                direction="in",
                words=event.words,
                contact=event.contact,
            )
        case WishNoted():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="note",
                author="system",
                direction="internal",
                words=event.words,
                contact=event.contact,
                facts={"calls": event.calls, "prefers": event.prefers, **_wished(event)},
            )
        case SwitchOffered() | LinksRevoked():
            is_offer = isinstance(event, SwitchOffered)
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="switch",
                author=event.author,
                author_id=event.author_id,
                channel=event.channel if is_offer else None,
                direction="internal",
                facts={"what": "links made", "until_at": event.until} if is_offer else {"what": "links taken back"},
            )
        case DevicePaired() | DeviceUnpaired():
            return _device_row(event)
        case NoteAdded():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="note",
                author=event.author,
                author_id=event.author_id,
                direction="internal",
                words=event.words,
            )
        case _:
            return _record_of(event)


def _record_of(event: Event) -> Entry | None:
    match event:
        case WorkWanted():
            ask = event.ask
            return _system(
                event.case,
                event.entry,
                event.at,
                "decision",
                reasons=(_queued(ask), *event.matched, *ask.reasons),
                facts={
                    **event.inputs,
                    "what": "queued",
                    "rule": ask.rule,
                    "policy": ask.policy,
                    "queue": ask.queue,
                    **({"stays": True} if ask.stays else {}),
                    "place_at": ask.place_at,
                    **since_fact(ask),
                    "work": ask.work,
                    "skills": ", ".join(f"{name} {level}" for name, level in ask.requirement.skills),
                },
            )
        case ContactSetAside():
            return _system(
                event.case,
                event.entry,
                event.at,
                "decision",
                reasons=(f"set aside by rule {event.rule} of policy {event.policy}", *event.matched),
                facts={**event.inputs, "what": "set aside", "rule": event.rule, "policy": event.policy},
            )
        case ContactReleased():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="decision",
                author=event.author,
                author_id=event.author_id,
                direction="internal",
                words=event.words,
                facts={"what": "released"},
            )
        case AskChanged():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="decision",
                author=event.author,
                author_id=event.author_id,
                direction="internal",
                words=event.words,
                reasons=event.reasons,
                facts={
                    "what": event.what,
                    "rule": event.ask.rule,
                    "policy": event.ask.policy,
                    "queue": event.ask.queue,
                    "place_at": event.ask.place_at,
                    **since_fact(event.ask),
                    "work": event.ask.work,
                },
            )
        case CandidatesDropped():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="identity",
                author=event.author,
                author_id=event.author_id,
                direction="internal",
                facts={"what": "own_matter"},
            )
        case CandidatesFound():
            reasons = words_of_grounds(event.grounds)
            return _system(
                event.case, event.entry, event.at, "decision", reasons=reasons, facts={"what": "candidates_found"}
            )
        case MatterAsked():
            reason = "several open cases fit, and the answer tells who gets it"
            return _system(
                event.case, event.entry, event.at, "decision", reasons=(reason,), facts={"what": "matter_asked"}
            )
        case MatterAnswered():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="decision",
                author="customer",
                author_id=event.customer,
                direction="internal",
                facts={"what": "matter_answered", "is_new": event.chosen is None},
            )
        case RoutingNoted():
            return _system(
                event.case,
                event.entry,
                event.at,
                "decision",
                reasons=(event.why, *event.candidates) if event.why else event.candidates,
                said=event.said,
                facts={**event.facts, "what": event.what, "agent": event.agent, "work": event.work},
            )
        case WorkTaken():
            return _system(
                event.case, event.entry, event.at, "assignment", facts={"what": "accepted", "agent": event.agent}
            )
        case WorkReturned():
            is_system = event.author is ActorKind.SYSTEM
            by = event.author.value if is_system else event.author_id or event.agent
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="assignment",
                author=event.author,
                author_id=None if is_system else by,
                direction="internal",
                words=event.words,
                reasons=(event.why,) if event.why else (),
                said=event.said,
                facts={"what": "given_back", "agent": event.agent, **({} if by == event.agent else {"by": by})},
            )
        case WorkClosed():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="assignment",
                author="agent",
                author_id=event.agent,
                direction="internal",
                words=event.note,
                facts={"what": "finished", "outcome": event.outcome, "agent": event.agent},
            )
        case CaseStatusChanged():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="status",
                author=event.author,
                author_id=event.author_id,
                direction="internal",
                words=event.why,
                facts={"status": event.status},
            )
        case ConsentChanged():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="terms",
                author="customer",
                author_id=event.customer,
                channel=event.channel,
                address=event.address,
                reasons=(event.why,),
                facts={"blocked": event.blocked},
            )
        case CallSaid():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="call",
                author="customer",
                author_id=event.customer,
                channel=Channel.PHONE,
                direction="in",
                words=event.words,
                facts={"what": "said"},
            )
        case CallRecorded():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="call",
                author="customer",
                author_id=event.customer,
                channel=Channel.PHONE,
                direction="in",
                media=event.media,
                facts={"what": "recorded"},
            )
        case RecordingAnnounced() | RecordingRefused() | RecordingAllowed() | RecordingReady() | RecordingDeleted():
            return _recording_row(event)
        case CasesMerged() | CasesUnmerged() | CaseSplit() | SplitUndone() | IdentityNoted():
            return _identity_row(event)
        case OutsideAsked():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="call",
                author="agent",
                author_id=event.agent,
                direction="internal",
                words=event.words,
                facts={"what": "outside called", "agent": event.agent},
            )
        case JoinAsked():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="call",
                author="agent",
                author_id=event.agent,
                direction="internal",
                words=event.words,
                facts={"what": "lead joins", "mode": event.mode.value, "agent": event.agent},
            )
        case CallEnded():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="call",
                author="system" if event.by is None else "agent",
                author_id=event.by,
                direction="internal",
                reasons=(LOST_CALL,) if event.how == "lost" else (),
                facts={
                    "what": "ended",
                    "who": event.role.value,
                    "how": event.how,
                    **({"seconds": event.seconds} if event.seconds or event.how != "missed" else {}),
                    "step": event.step.value,
                    "agent": event.agent,
                    **({"abandoned": True, "waited": event.waited_s} if event.abandoned else {}),
                },
            )
        case PromiseMade() | PromiseChanged() if event.unpromised:
            return _our_call_row(event)
        case PromiseMade():
            return _system(
                event.case,
                event.entry,
                event.at,
                "promise",
                reasons=(event.why,) if event.why else (),
                said=event.words,
                facts={"what": "made", "promise": event.promise, "kind": event.kind, **_window(event.window)},
            )
        case PromiseChanged():
            return _system(
                event.case,
                event.entry,
                event.at,
                "promise",
                reasons=(event.why,) if event.why else (),
                said=event.said,
                facts={
                    "what": event.attempt or _what_became(event),
                    "promise": event.promise,
                    "state": event.state.value,
                    **_window(event.window),
                },
            )
        case CallbackHeld():
            return _system(
                event.case,
                event.entry,
                event.at,
                "promise",
                reasons=(TAKEN,),
                facts={"what": "not promised"},
            )
        case HoldChanged():
            facts = {"what": event.how, **({} if event.held else {"seconds": event.seconds})}
            return _system(event.case, event.entry, event.at, "call", facts={**facts})
        case PlaceKept():
            return _system(
                event.case,
                event.entry,
                event.at,
                "call",
                reasons=(f"{'they hung up; ' if event.waits else ''}their place is kept for when they come back",),
                facts={"what": "place kept", "place_at": event.place_at},
            )
        case FileMissing():
            facts: dict[str, str | int | float | bool | None] = {"what": FILE_MISSING, "file": event.file}
            return _system(event.case, event.entry, event.at, "status", facts=facts)
        case CopyQueued():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="status",
                author="system",
                direction="internal",
                channel=Channel.EMAIL,
                message=event.message,
                address=event.address,
                reasons=(event.why,),
                facts={"what": COPY_LATE, "message": event.message},
            )
        case MessageFailed():
            return _system(
                event.case,
                event.entry,
                event.at,
                "status",
                reasons=(event.error,),
                facts={"what": "message_failed", "message": event.message},
            )
        case TextWithheld():
            return _system(
                event.case,
                event.entry,
                event.at,
                "status",
                reasons=(event.why,),
                facts={"what": "text_withheld", "phrase": event.what},
            )
        case WordsForgotten():
            return _system(
                event.case,
                event.entry,
                event.at,
                "status",
                reasons=(_kept_for(event),),
                facts={"what": "forgotten", "kind": event.what},
            )
        case ParticipantErased():
            return _system(
                event.case,
                event.entry,
                event.at,
                "status",
                reasons=("somebody who took part was erased: what they wrote here is gone",),
                facts={"what": "participant_erased"},
            )
        case MessageRetryPlanned() if event.case is not None:
            return _system(
                event.case,
                event.entry,
                event.at,
                "status",
                reasons=(event.error,),
                facts={"what": "message_late", "message": event.message},
            )
        case MessageLost():
            return _system(
                event.case,
                event.entry,
                event.at,
                "status",
                reasons=("nobody knows whether it went out; ops can send it again",),
                facts={"what": "message_unknown", "message": event.message},
            )
        case _:
            return None


def _kept_for(event: WordsForgotten) -> str:
    what = "what was set aside" if event.what == JUNK else f"{event.what} of a closed case"
    return f"the policy keeps {what} for {event.days} days"


def _queued(ask: Ask) -> str:
    if ask.stays:
        return f"queue {ask.queue}, where the case stands already: of policy {ask.policy} only rule {ask.rule} fits"
    by = "a person" if ask.rule == BY_A_PERSON else f"rule {ask.rule} of policy {ask.policy}"
    return f"queue {ask.queue} by {by}"


def _device_row(event: DevicePaired | DeviceUnpaired) -> Entry | None:
    if event.case is None:
        return None
    is_paired = isinstance(event, DevicePaired)
    return Entry(
        case=event.case,
        n=event.entry,
        at=event.at,
        kind="identity",
        author=event.author,
        author_id=event.author_id,
        direction="internal",
        address=event.address,
        words=None if is_paired else event.why,
        evidence=event.evidence if is_paired else None,
        facts={"what": "device paired", "how": event.how} if is_paired else {"what": "device unpaired"},
    )


def _identity_row(event: CasesMerged | CasesUnmerged | CaseSplit | SplitUndone | IdentityNoted) -> Entry:
    """What was found out about whose and which it is, by whom and on what evidence."""
    evidence, case = None, event.case
    match event:
        case CasesMerged():
            facts, case, evidence = {"what": "merged", "case": event.case}, event.into, event.evidence
        case CasesUnmerged():
            facts, case = {"what": "unmerged", "case": event.case}, event.head
        case CaseSplit():
            facts = {"what": "split", "case": event.into, "entries": len(event.entries)}
        case SplitUndone():
            facts = {"what": "split_undone", "case": event.into}
        case IdentityNoted():
            facts, evidence = {"what": event.what, "other": event.other}, event.evidence
    merge = event.split if isinstance(event, CaseSplit | SplitUndone) else event.merge
    return Entry(
        case=case,
        n=event.entry,
        at=event.at,
        kind="identity",
        author=event.author,
        author_id=event.author_id,
        direction="internal",
        words=event.words,
        evidence=evidence,
        facts={**facts, "merge": merge},
    )


def _recording_row(
    event: RecordingAnnounced | RecordingRefused | RecordingAllowed | RecordingReady | RecordingDeleted,
) -> Entry:
    match event:
        case RecordingReady():
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="call",
                author="customer",
                author_id=event.customer,
                channel=Channel.PHONE,
                direction="in",
                media=event.media,
                facts={"what": "recording", "seconds": event.seconds},
            )
        case RecordingRefused() | RecordingAllowed():
            is_refused = isinstance(event, RecordingRefused)
            return Entry(
                case=event.case,
                n=event.entry,
                at=event.at,
                kind="terms",
                author=event.author,
                author_id=event.author_id,
                channel=Channel.PHONE,
                facts={"what": "recording refused" if is_refused else "recording allowed"},
            )
        case RecordingAnnounced():
            facts = {"what": "recording announced", "recorded": event.what}
            return _system(event.case, event.entry, event.at, "call", facts={**facts})
        case RecordingDeleted():
            return _system(event.case, event.entry, event.at, "call", facts={"what": "recording deleted"})


def _our_call_row(event: PromiseMade | PromiseChanged) -> Entry:
    """A call of our own accord, of which the customer was told nothing: how far it has come."""
    is_made = isinstance(event, PromiseMade)
    agent = event.agent if is_made else None
    return Entry(
        case=event.case,
        n=event.entry,
        at=event.at,
        kind="call",
        author="system" if agent is None else "agent",
        author_id=agent,
        direction="internal",
        reasons=(event.why,) if event.why else (),
        said=None if is_made else event.said,
        facts={
            "what": OUR_CALL,
            "became": "made" if is_made else event.attempt or _what_became(event),
            "callback": event.promise,
            **({"agent": agent} if agent is not None else {}),
        },
    )


def _window(window: tuple[int, int] | None) -> dict[str, int]:
    """From when to when something is promised."""
    return {} if window is None else {"from": window[0], "until": window[1]}


def _wished(event: WishNoted) -> dict[str, int | str]:
    """The time that somebody named with a touch, or why it was none."""
    told = {name: said for name, said in (("zone", event.zone), ("doubt", event.doubt)) if said}
    return {**_window(event.window), **told}


def _what_became(event: PromiseChanged) -> str:
    """What a row says of a promise that went on without a call. What falls away by itself was not cancelled by them."""
    if event.state is PromiseState.WITHDRAWN and event.why and not event.unpromised:
        return "dropped"
    if event.window is not None and event.state is PromiseState.MOVED:
        return "moved"
    if event.callback is CallbackState.DUE and event.state in (PromiseState.BROKEN, PromiseState.AT_RISK):
        return event.state.value
    return event.callback.value


def _system(
    case: str,
    n: int,
    at: int,
    kind: str,
    *,
    reasons: tuple[str, ...] = (),
    said: VaultId | None = None,
    facts: dict[str, str | int | float | bool | None],
) -> Entry:
    return Entry(
        case=CaseId(case),
        n=n,
        at=Ms(at),
        kind=kind,
        author="system",
        direction="internal",
        reasons=reasons,
        said=said,
        facts=facts,
    )
