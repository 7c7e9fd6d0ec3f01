"""The desk's plain words: what a row of the timeline, a decision, a state says to a person. Short and true.

Gives text only; the templates escape it.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from router.core.timeline import COPY_LATE
from router.core.words import BY_A_PERSON
from router.http.api_cases import DecisionOut
from router.http.desk.mail import HELD_BACK
from router.http.names import SOMEBODY, with_names
from router.http.views import CODE_SENT, AttachmentOut, DeliveryOut, EntryOut, WaitOut

SYSTEM = "onecase"
ONE_PERSON = "It is of somebody else, who is the same person"
STATUS = {
    "open": "open",
    "waiting_customer": "waiting for the customer",
    "waiting_us": "waiting for us",
    "solved": "solved",
    "closed": "closed",
}
STATES = {"ready": "Ready", "busy": "Busy", "away": "Away", "off": "Off"}
WORK = {
    "active": "with you",
    "wrapping": "to wrap up: say how it ended",
    "staying": "handed on: you are with them until somebody else is there",
    "leaving": "handed on, and somebody else is there: leave when you have introduced them",
}
OUTCOMES = {
    "solved": "Solved",
    "answered": "Answered, they may write again",
    "waiting": "Waiting for somebody else",
    "nothing_to_do": "Nothing to do",
    "call_stands": "Nothing settled, the promised call stood",
    "time_over": "Nothing said, the time to wrap up is over",
    "goes_on": "It goes on in the case that it was merged with",
}
CALL_STANDS = {
    "call_stands": "Nothing settled: the promised call stands",
    "solved": "Solved: nobody calls them, and they are not told so",
}
"""The same where a call is promised: first what changes nothing of it, and what ends it says so before it is chosen."""
DELIVERY = {
    "queued": "on its way out",
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "did not arrive",
}
UNSURE = "nobody knows whether it arrived"
LINKS = {
    "new_case": "a new matter",
    "reply": "a reply on this line",
    "reference": "the case whose reference they named",
    "open_promise": "the case about which we promised to call them",
    "our_call": "the case about which we were about to call them",
    "answer_to_question": "their answer to which matter it is",
    "same_words": "the one that the words are about",
    "just_now": "what they wrote about a moment ago",
    "new_matter": "a new matter",
    "unsure": "a case of its own: several fit equally well",
    "reply_after_closed": "the same matter again, although it was closed",
    "single_open_case": "their one open case",
    "latest_open_case": "the newest of their open cases",
    "reply_after_solved": "they came back after it was solved",
    "same_subject": "a mail with the subject of this case",
    "reply_address": "an answer to the address of this case",
    "answer": "an answer to a mail of ours",
    "thread": "a mail of the same thread",
    "new_case_after_long": "a new matter: the one it answers has been over for long",
}
MOVING = {"held": "is being put on hold, and hears you still"}
"""What a leg does that is on its way to a step, where that matters to whoever speaks."""
STEPS = {
    "greeting": "is greeted",
    "waiting": "waits in line",
    "language": "is asked about another language",
    "number": "types a number",
    "words": "tells what it is about",
    "time": "says when we are to call",
    "dropped": "needs no call any more",
    "promised": "was promised a call",
    "texted": "goes on by text",
    "talking": "is in the conversation",
    "opening": "is in the conversation",
    "held": "is on hold",
    "lost": "was cut off, and is asked to stay",
    "restarting": "hears that we restart, and keeps their place",
    "machine": "may be a machine",
    "whisper": "hears what it is about",
    "beside": "is in the conversation",
    "goodbye": "is leaving",
}
RINGS = {"planned": "is about to be called", "dialling": "is being called", "ringing": "is being called"}
ENDED = {
    "completed": "hung up",
    "busy": "busy",
    "no-answer": "no answer",
    "failed": "could not be reached",
    "canceled": "let go",
    "missed": "nobody answered while the service was away",
    "lost": "we lost the call",
    "unknown": "nobody knows whether it rang",
    "machine": "a machine answered",
    "later": "the telephone provider could not take it",
    "held": "not dialled, for that number is called already or was often enough today",
}
WHOSE = {"customer": "The customer's", "outside": "The other"}
"""Whose line ended; that of one of us has their name."""
GOOD_BYES = ("goodbye", "dropped", "promised", "texted")
"""Steps at which it is we who end the call."""
CALLBACKS = {
    "made": "We promised to call when it is their turn",
    "due": "What we promised is due now",
    "scheduled": "What we promised may not be kept in time",
    "at_risk": "What we promised may not be kept in time",
    "moved": "What we promised was moved to another time",
    "broken": "We did not keep what we promised",
    "done": "What we promised is done",
    "dialling": "We call them as promised",
    "answered": "The promise was kept: they talked with us",
    "cancelled": "They do not want to be called any more",
    "dropped": "What we promised falls away",
    "not promised": "They wish to be called, and were promised nothing",
}
OUR_CALLS = {
    "due": "They are called again now",
    "dialling": "We call them",
    "answered": "We called them, and they talked with us",
    "done": "We need not call them any more",
    "cancelled": "We do not call them any more",
}
"""How far a call of our own accord has come, which nobody was promised."""
PROMISED = {"callback": "a call", "reply": "an answer", "update": "word from us"}
"""What is promised, by its kind."""
OF_THE_SYSTEM = {
    "file_missing": "A file that came along is missing at the provider",
    "copy_late": "Somebody in copy did not get it at once, and it is tried again by itself",
    "message_failed": "A message of ours did not arrive",
    "message_late": "A mail of ours is not out yet and is tried again: call them if it matters now",
    "message_unknown": "Nobody knows whether a message of ours went out",
    "participant_erased": "Somebody who took part was erased",
}
AUTOMATIC = {
    "auto-reply": "an automatic answer",
    "bounce": "a mail server: something did not arrive",
    "list": "a mailing list",
    "complaint": "a complaint that our mail is unwanted",
    "receipt": "a receipt",
    "calendar": "an answer to an invitation",
    "own": "a mail of our own",
    "bulk": "a mail to many",
}
"""What a machine sent, by the kind of it."""
A_CODE = "A code was sent, in words for nobody but them."
NOT_TAKEN = "It could not be taken, however often it was tried"
ROLES = {"customer": "Customer", "agent": "Agent", "lead": "Lead", "outside": "Somebody outside"}
MODES = {"listen": "Listen", "whisper": "Whisper to the agent", "talk": "Talk with both"}
WITH_THEM = {"listen": "listens", "whisper": "whispers to the agent", "talk": "talks with them"}
"""A lead in a conversation, by their mode."""
JOINS = {"listen": "to listen", "whisper": "to whisper to the agent", "talk": "to talk with both"}
RECORDING = {
    "recording announced": "They heard that this call is recorded",
    "recording refused": "They are not to be recorded",
    "recording allowed": "They may be recorded again",
    "recording deleted": "What was recorded is deleted",
}
ASKS = {
    "merged": "What the joined cases ask for is one now",
    "unmerged": "Each of the cases asks for itself again",
    "split": "What stays here asks for itself",
    "promised": "When it is their turn goes by what was promised",
    "deadline": "It goes ahead, for soon they cannot be reached any more",
    "deadline_set": "It was noted until when they can be reached",
    "language_asked": "They were asked whether another language will do",
    "language_kept": "They keep their language",
    "language_agreed": "They agreed to another language",
}
"""What was changed about what a case wants of an agent."""
IDENTITY = {
    "merged": "{who} let another case go on here",
    "unmerged": "{who} took a merge back: that case is its own again",
    "split": "{who} made another case of some of it",
    "split_undone": "{who} took a split back",
    "split_off": "{who} took this out of another case",
    "taken_apart": "{who} took a merge back: this case is its own again",
    "customers_merged": "{who} said that two customers are one person",
    "customers_unmerged": "{who} said that they are two people after all",
    "own_matter": "{who} said that it is a matter of its own",
}
UNDONE_BY = ("merged", "split", "split_off", "customers_merged")
"""What has an undo, until it was taken back."""
OF_CUSTOMERS = ("customers_merged", "customers_unmerged")
UNDONE = ("unmerged", "split_undone", "taken_apart", "customers_unmerged")
LAST_WORDS_MAX = 160
"""Characters of what was said last, where a case stands among others."""
NOT_KNOWN = "too early to say how long"


def outcomes(call_stands: bool) -> list[tuple[str, str]]:
    """How an agent may say that work ended, what is chosen unless they choose first. `call_stands`: a call is promised,
    which nobody drops without having read that it falls away."""
    said = {value: label for value, label in OUTCOMES.items() if value not in ("time_over", "goes_on", "call_stands")}
    if call_stands:
        said = {**CALL_STANDS, **{value: label for value, label in said.items() if value not in CALL_STANDS}}
    return list(said.items())


def last_words(text: str | None) -> str:
    """What was said last, for one line of a list."""
    return textwrap.shorten(text or "", LAST_WORDS_MAX, placeholder="…")


def wait_said(wait: WaitOut | None) -> str:
    """How long somebody still waits, as an agent reads it; empty where they stand in no line."""
    if wait is None:
        return ""
    if wait.low_s is None or wait.high_s is None:
        return NOT_KNOWN
    low, high = wait.low_s // 60, wait.high_s // 60
    return f"probably {low}–{high} min more" if low else f"probably less than {high} min more"


PLACES = {"since_at": "in line since", "place_at": "goes before whoever came after"}
DONE = {
    "joined": "It goes on here. Undo stands beside it in the timeline.",
    "named": "It is theirs now. Undo stands beside it in the timeline.",
    "named_by_agent": "It is theirs now. A lead takes it back where that was wrong.",
    "own": "It is a matter of its own.",
    "split": "Another case was made of it.",
    "undone": "It is as it was before.",
    "recorded": "They may be recorded.",
    "not_recorded": "They are not recorded from now on.",
    "joining": "Your phone rings; with key 1 you are in.",
    "first": "It goes before everybody else now.",
    "taken": "It is yours. On a call your phone rings, or you are heard now.",
    "calling": "Your phone rings as soon as you take it, then theirs.",
    "replied": "Your answer is on its way.",
    "noted": "The note is kept.",
    "finished": "You are through with this case.",
    "finished_unkept": "You are through with this case. What was promised falls away, and the customer is not told so.",
    "declined": "It goes to somebody else.",
    "transferred": "It was handed on, with its place in line.",
    "outside": "Their phone rings. You stay with the customer until they are there.",
    "promised": "It is promised, and stands here with its time.",
    "moved": "It is promised for another time now.",
    "cancelled": "It is not promised any more.",
    "uncalled": "They are not called any more.",
    "assigned": "The case was given on.",
    "status": "The status was set.",
    "released": "It is out of the quarantine, with its place since it came.",
}
"""What was done, by the word in the address after a redirect."""


@dataclass(frozen=True, slots=True)
class File:
    """Something that came along, to be fetched with a click."""

    name: str
    size: str
    url: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail shows besides its new words; the rest of it is folded."""

    subject: str
    people: list[tuple[str, str]]
    folded: str | None
    as_sent: str | None
    with_pictures: str | None  # pictures of others too, which tell their sender who reads
    source: str
    machine: str
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the timeline. `look`: in, out, note or record."""

    look: str
    at: str
    who: str
    said: str
    channel: str | None = None
    words: str | None = None
    attachments: list[File] = field(default_factory=list[File])
    mail: Mail | None = None
    delivery: str | None = None
    due_at: str | None = None  # when it goes out, or is tried again: it stands behind `delivery`
    is_failed: bool = False
    reasons: list[str] = field(default_factory=list[str])
    message: str | None = None
    id: str = ""
    evidence: str | None = None  # how sure it is that it is theirs
    undo: str | None = None  # the merge, or split, that this row is about and that can be taken back
    of_customer: bool = False  # it is about customers
    case: str | None = None  # another case that this row is about


@dataclass(frozen=True, slots=True)
class Why:
    """One decision of the engine, for people."""

    at: str
    said: str
    reasons: list[str]
    inputs: list[tuple[str, str]]


def rows_of(entries: Sequence[EntryOut], names: Mapping[str, str]) -> list[Row]:
    """A timeline for people. What was taken back cannot be taken back again, nor a case made of which a split that was
    taken back left nothing; what stands in several cases that are one now stands once."""
    undone = {entry.facts.get("merge") for entry in entries if entry.facts.get("what") in UNDONE}
    own = {entry.id.partition("/")[0] for entry in entries if entry.kind in ("message", "call")}
    emptied = {entry.facts.get("case") for entry in entries if entry.facts.get("what") == "split_undone"} - own
    undone |= {
        entry.facts.get("merge")
        for entry in entries
        if entry.facts.get("what") == "merged" and entry.facts.get("case") in emptied
    }
    rows = [row_of(entry, names) for entry in _once(entries)]
    return [replace(row, undo=None) if row.undo in undone else row for row in rows]


def _once(entries: Sequence[EntryOut]) -> list[EntryOut]:
    """Without rows about a merge of customers that stand above already: each of their cases has one."""
    seen, left = set[tuple[str, str]](), list[EntryOut]()
    for entry in entries:
        told = (str(entry.facts.get("what")), str(entry.facts.get("merge")))
        if told[0] not in OF_CUSTOMERS or told not in seen:
            left.append(entry)
        seen.add(told)
    return left


def row_of(entry: EntryOut, names: Mapping[str, str]) -> Row:
    """A timeline entry for people; `names` of agents by id."""
    who = _author(entry, names)
    if entry.kind == "message":
        return _message_row(entry, who)
    if entry.kind == "note":
        return Row("note", entry.at, who, "note", words=entry.text, id=entry.id)
    if entry.kind == "identity":
        return _identity_row(entry, who)
    facts = dict(entry.facts)
    if entry.kind == "call" and entry.direction == "in" and (entry.text is not None or entry.attachments):
        return _message_row(entry, who)
    said = _record_words(entry.kind, facts, _name(facts.get("agent"), names), who=who)
    reasons = [with_names(reason, names) for reason in entry.reasons]
    if facts.get("what") == COPY_LATE and entry.to:
        said = f"{said}: {', '.join(entry.to)}"
    delivery = entry.delivery if facts.get("what") == COPY_LATE else None
    return Row(
        look="record",
        at=entry.at,
        who=who,
        said=said,
        channel=entry.channel,
        words=entry.text,
        delivery=_delivered(delivery) if delivery else None,
        due_at=delivery.due_at if delivery else None,
        is_failed=bool(delivery and delivery.state == "failed"),
        reasons=reasons,
    )


def _message_row(entry: EntryOut, who: str) -> Row:
    delivery = entry.delivery
    reasons = list(entry.reasons)
    if entry.facts.get("participant"):
        who = f"{entry.sender or 'Somebody'}, who takes part"
    link = LINKS.get(str(entry.facts.get("link", "")))
    if link:
        reasons.insert(0, f"put here as {link}")
    if entry.facts.get("late"):
        reasons.append("fetched later: it came while the service was away")
    if entry.facts.get("opt_out_hint"):
        reasons.append("may mean: stop writing to me")
    if delivery and delivery.attempts > 1:
        reasons.append(f"{delivery.attempts} attempts")
    return Row(
        look="in" if entry.direction == "in" else "out",
        at=entry.at,
        who="A machine" if entry.automatic and entry.direction == "in" else who,
        said=A_CODE if entry.facts.get("what") == CODE_SENT else "",
        channel=entry.channel,
        words="" if entry.kind == "call" and entry.attachments else entry.text,
        attachments=[_file(a) for a in entry.attachments],
        mail=_mail(entry) if entry.raw_url or entry.to else None,
        delivery=_delivered(delivery) if delivery else None,
        due_at=delivery.due_at if delivery else None,
        is_failed=bool(delivery and delivery.state == "failed"),
        reasons=reasons,
        message=delivery.message if delivery else None,
        id=entry.id,
        evidence=str(entry.facts["evidence"]) if "evidence" in entry.facts else None,
    )


def _delivered(delivery: DeliveryOut) -> str:
    """How far a message of ours came. Where it waits for a time, that stands behind these words."""
    if delivery.unknown:
        return UNSURE
    if delivery.due_at is not None and not delivery.attempts:
        return "goes out"
    state = DELIVERY.get(delivery.state, delivery.state)
    said = f"{state}: {delivery.error}" if delivery.error else state
    return f"{said}; again" if delivery.due_at is not None else said


def _identity_row(entry: EntryOut, who: str) -> Row:
    """What was found out about whose and which it is; what can be taken back has its merge beside it."""
    what = str(entry.facts.get("what"))
    merge = str(entry.facts["merge"]) if "merge" in entry.facts else None
    other = str(entry.facts.get("case") or entry.facts.get("other") or "")
    return Row(
        look="record",
        at=entry.at,
        who=who,
        said=IDENTITY.get(what, what.replace("_", " ")).format(who=who),
        words=entry.text,
        reasons=list(entry.reasons),
        undo=merge if what in UNDONE_BY else None,
        of_customer=what == "customers_merged",
        case=other if other.startswith("case_") else None,
    )


def _file(one: AttachmentOut) -> File:
    size = one.size_bytes
    shown = "" if size is None else f"{size} bytes" if size < 1_000 else f"{size / 1_000:,.0f} kB"
    return File(
        name=one.name if size is not None else one.type or "erased", size=shown, url=one.url, missing=one.missing
    )


def _mail(entry: EntryOut) -> Mail:
    more = entry.full_text if entry.full_text and entry.full_text.strip() != (entry.text or "").strip() else None
    is_machines = entry.automatic and entry.direction == "in"
    machine = next((AUTOMATIC.get(note, note) for note in entry.notes[:1]), "") if is_machines else ""
    people = [("From", entry.sender or ""), ("To", ", ".join(entry.to)), ("Copy to", ", ".join(entry.cc))]
    return Mail(
        subject=entry.subject or "",
        people=[(name, said) for name, said in people if said],
        folded=more,
        as_sent=f"/desk/mail/{entry.id}" if entry.html else None,
        with_pictures=f"/desk/mail/{entry.id}?pictures=1" if HELD_BACK in (entry.html or "") else None,
        source=entry.raw_url or "",
        machine=machine,
        notes=entry.notes[1:] if is_machines else entry.notes,
    )


def _record_words(kind: str, facts: Mapping[str, Any], agent: str, *, who: str) -> str:
    match kind, facts.get("what"):
        case _, "queued":
            return f"In line: {facts.get('queue')}"
        case _, "linked":
            return f"Put here as {LINKS.get(str(facts.get('link')), 'part of this case')}"
        case _, "matter_asked":
            return "They were asked which matter it is"
        case _, "candidates_found":
            return "They proved who they are: it stays a case of its own, and may belong to another one of theirs"
        case _, "matter_answered":
            return "They said that it is something new" if facts.get("is_new") else "They said which matter it is"
        case _, "offered":
            return f"Offered to {agent}"
        case _, "expired":
            return f"The offer to {agent} ran out"
        case _, "declined":
            return f"{agent} let others take it"
        case _, "revoked":
            return f"The offer to {agent} was taken back"
        case _, "accepted":
            return f"{agent} took it"
        case _, "given_back":
            if who == SYSTEM:
                return f"It came back from {agent} into the line"
            return f"{agent} handed it on" if who in ("", agent) else f"{who} took it over from {agent}"
        case _, "put_first":
            return f"{who or agent} put it before everybody else"
        case "decision" | "assignment", str(what) if what in ASKS:
            return ASKS[what]
        case _, "finished":
            outcome = str(facts.get("outcome"))
            return f"{agent} finished: {OUTCOMES.get(outcome, outcome).lower()}"
        case _, "set aside":
            return "Set aside as junk: nobody is asked to look at it"
        case _, "released":
            return f"{who or 'Somebody of us'} let it out of the quarantine"
        case _, "forgotten":
            return f"Kept no longer: {facts.get('kind')}"
        case _, "text_withheld":
            return f"{'An automatic mail' if facts.get('phrase') == 'mail_received' else 'A text'} of ours was not sent"
        case _, str(what) if what in RECORDING:
            return RECORDING[what]
        case _, str(what) if what in OF_THE_SYSTEM:
            return OF_THE_SYSTEM[what]
        case "call", "outside called":
            return f"{agent} calls somebody outside"
        case "call", "lead joins":
            return f"{agent} comes to the call {JOINS.get(str(facts.get('mode')), '')}"
        case "call", "ended":
            whose = WHOSE.get(str(facts.get("who")), f"{agent}'s")
            seconds = int(facts.get("seconds") or 0)
            long = f" after {seconds // 60}:{seconds % 60:02d}" if seconds else ""
            if (ended := _ended_by_us(facts, agent, who, long)) is not None:
                return ended
            if facts.get("abandoned"):
                waited = int(facts.get("waited") or 0)
                return f"The customer left after {waited // 60}:{waited % 60:02d}, before anybody was with them"
            return f"{whose} line ended{long}: {ENDED.get(str(facts.get('how')), str(facts.get('how')))}"
        case "call", "hold":
            return "They were put on hold"
        case "call", "resume" | "call instead" as what:
            seconds = int(facts.get("seconds") or 0)
            left = "They were taken back" if what == "resume" else "They chose to be called instead"
            return f"{left} after {seconds // 60}:{seconds % 60:02d} on hold"
        case "call", "place kept":
            return "They hung up; their place is kept"
        case "call", "our call":
            became = str(facts.get("became"))
            if became == "made":
                return f"{agent} calls them" if facts.get("agent") else "They are to be called by us"
            return OUR_CALLS.get(became, f"We called them: {ENDED.get(became, became)}")
        case "call", None:
            return "They called"
        case "context", _:
            return "What their page or device told"
        case "promise", "made" if facts.get("kind") != "callback":
            return "We promised to write or to say how it stands"
        case "promise", "made" if facts.get("from"):
            return "We promised to call in a window"
        case "promise", what:
            return CALLBACKS.get(str(what), f"We called them: {ENDED.get(str(what), str(what))}")
        case "status", _:
            return f"{who} set it to: {STATUS.get(str(facts.get('status')), str(facts.get('status')))}"
        case "terms", _:
            return "They told us to stop writing here" if facts.get("blocked") else "They allow us to write here again"
        case _, what:
            return str(what or kind).replace("_", " ")


def _ended_by_us(facts: Mapping[str, Any], agent: str, who: str, long: str) -> str | None:
    """Of a line on which nobody hung up: whoever of us ended it, or that all was said. None: they did it themselves."""
    if facts.get("how") != "completed" or facts.get("step") not in GOOD_BYES:
        return None
    if facts.get("who") != "customer":
        whose = WHOSE.get(str(facts.get("who")), f"{agent}'s")
        return f"{agent} left the call{long}" if who == agent else f"{whose} line ended{long}: the call was over"
    if who != SYSTEM:
        return f"{who} ended the call{long}"
    return f"The customer's call ended{long}, with our good-bye"


def why_of(decision: DecisionOut, names: Mapping[str, str]) -> Why:
    """A decision in plain words, with what it was decided on."""
    agent = _name(decision.agent, names)
    facts = {**decision.inputs, "what": decision.what, "link": decision.rule}
    by = decision.inputs.get("by")  # who did it, where that was not the agent
    who = "" if by is None else SYSTEM if by == "system" else _name(by, names)
    said = _record_words("decision", facts, agent, who=who)
    if decision.what == "queued":
        by_rule = f"rule {decision.rule} of policy {decision.policy}"
        policy = "a person" if decision.rule == BY_A_PERSON else by_rule
        said += f", where it stands already: only {policy} fits" if facts.get("stays") else f", by {policy}"
    hidden = ("work", "score", "what", "grounds", "by", "stays")
    places = PLACES if "since_at" in decision.inputs else {"place_at": PLACES["since_at"]}
    inputs = [
        (places.get(k) or k.replace("_", " "), _plain(v))
        for k, v in decision.inputs.items()
        if k not in hidden and v != ""
    ]
    if isinstance(score := decision.inputs.get("score"), int | float):
        inputs.append(("share of the target time waited", f"{score:.0%}"))
    told = ("queue ", "rule ")  # what the sentence itself says
    reasons = [with_names(r, names) for r in decision.reasons if not r.startswith(told)]
    reasons += [f"looked at {with_names(r, names)}" for r in decision.candidates]
    return Why(at=decision.at, said=said, reasons=reasons, inputs=inputs)


def summary_of(decisions: list[DecisionOut]) -> str | None:
    """The last queueing in one sentence."""
    queued = next((d for d in reversed(decisions) if d.what == "queued"), None)
    if queued is None:
        return None
    skills = queued.inputs.get("skills")
    needs = f" It asks for {skills}." if skills else " It asks for no special skill."
    by = "A person" if queued.rule == BY_A_PERSON else f"Rule {queued.rule} of policy {queued.policy}"
    return f"{by} put it in the line {queued.inputs.get('queue')}.{needs}"


def _author(entry: EntryOut, names: Mapping[str, str]) -> str:
    if entry.author.kind == "customer":
        return "Customer"
    if entry.author.kind == "agent":
        return entry.author.name or _name(entry.author.id, names)
    return SYSTEM


def _name(id: Any, names: Mapping[str, str]) -> str:
    return names.get(str(id), SOMEBODY) if id else SOMEBODY


def _plain(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
