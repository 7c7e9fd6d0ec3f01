"""`<Dial>` to people: Number, Client and Sip, one after the other or all at once, the first to answer wins.

Its one rule: the legs that a `<Dial>` made end with it, except one that was sent elsewhere meanwhile.
"""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from channels.sandbox.addresses import E164, PUNCTUATION
from channels.sandbox.voice.documents import Document, flag_of, number_of, text_of
from channels.sandbox.voice.legs import EVENTS, Leg, Reports
from channels.sandbox.voice.line import HungUp, Redirected
from channels.sandbox.voice.mixing import bridged
from channels.sandbox.voice.recording_verb import wish_of
from channels.sandbox.voice.recordings import Recording
from channels.sandbox.voice.sources import Ask, method_of
from channels.sandbox.voice.studio import Run, Studio

TIMEOUT_S, TIMEOUT_S_MAX = 30.0, 600.0
LIMIT_S = 14_400.0
NOUNS_MAX = 10
PEOPLE = frozenset({"Number", "Client", "Sip"})
IDENTITY = re.compile(r"[!-~]{1,256}")


@dataclass(slots=True, eq=False)
class _Child:
    """`is_ready` once it may be put through; `is_gone` when it was sent elsewhere."""

    leg: Leg
    is_ready: bool = False
    is_gone: bool = False

    @property
    def is_lost(self) -> bool:
        return self.leg.is_over or self.is_gone


@dataclass(slots=True)
class _Outcome:
    status: str = "failed"
    child: Leg | None = None
    is_bridged: bool = False
    is_gone: bool = False
    recording: Recording | None = None


async def dial_people(studio: Studio, leg: Leg, verb: Element, document: Document, run: Run) -> Ask | None:
    nouns = [one for one in verb if one.tag in PEOPLE][:NOUNS_MAX]
    if text := (verb.text or "").strip():
        nouns.insert(0, _number(text))
    if not flag_of(verb, "answerOnBridge", default=False):
        studio.switch.answer(leg)
    groups = [[one] for one in nouns] if flag_of(verb, "sequential", default=False) else [nouns]
    outcome = _Outcome()
    action = document.absolute(url) if (url := verb.get("action", "")) else ""
    try:
        for group in groups:
            await _try(studio, leg, verb, document, run, group, outcome)
            if outcome.status == "completed":
                break
    except HungUp:
        if action:
            studio.requests.tell(leg, action, _fields(studio, outcome), method=verb.get("method", ""))
        raise
    return Ask(action, method_of(verb.get("method")), tuple(_fields(studio, outcome))) if action else None


async def _try(
    studio: Studio, leg: Leg, verb: Element, document: Document, run: Run, nouns: list[Element], outcome: _Outcome
) -> None:
    children = [child for one in nouns if (child := _call(studio, leg, verb, document, run, one)) is not None]
    if not children:
        return
    outcome.child = children[0].leg
    leg.hear("music", "ringing")
    try:
        winner = await _first(studio, leg, children)
        if winner is not None:
            outcome.child, outcome.status = winner.leg, "completed"
            await _talk(studio, leg, verb, document, winner, outcome)
    finally:
        _end_all(studio, children)
        outcome.status = _status(children, outcome)


async def _first(studio: Studio, leg: Leg, children: list[_Child]) -> _Child | None:
    """The child that is ready to be put through, or None when none will be. The first to answer ends the others."""
    while not all(one.is_lost for one in children):
        answered = next((one for one in children if one.leg.answered_at is not None and not one.is_lost), None)
        if answered is not None:
            for one in children:
                if one is not answered:
                    studio.switch.end(one.leg, "canceled")
            if answered.is_ready:
                return answered
        await leg.line.rest()
    return None


async def _talk(studio: Studio, leg: Leg, verb: Element, document: Document, child: _Child, outcome: _Outcome) -> None:
    studio.switch.answer(leg)
    studio.switch.limit(child.leg, round(number_of(verb, "timeLimit", default=LIMIT_S, low=1, high=LIMIT_S) * 1000))
    outcome.is_bridged = True
    room = bridged(leg, child.leg)
    if verb.get("record", "do-not-record") not in ("do-not-record", "false"):
        channels = 2 if "dual" in verb.get("record", "") else 1
        wish = wish_of(verb, document)
        outcome.recording = studio.recordings.begin("DialVerb", call_sid=leg.sid, wish=wish, channels=channels)
        leg.recordings.append(outcome.recording)
    is_star_pressed = False

    def on_key(key: str) -> None:
        nonlocal is_star_pressed
        is_star_pressed = is_star_pressed or key == "*"

    if flag_of(verb, "hangupOnStar", default=False):
        leg.line.on_key = on_key
    try:
        while not child.is_lost and not is_star_pressed:
            await leg.line.rest()
    finally:
        leg.line.on_key = None
        outcome.is_gone = child.is_gone
        if leg.room is room:
            room.leave(leg, "")
        if outcome.recording is not None:
            studio.recordings.end(outcome.recording)
            leg.recordings.remove(outcome.recording)


def _call(studio: Studio, leg: Leg, verb: Element, document: Document, run: Run, noun: Element) -> _Child | None:
    """Start calling; None where nobody can be called so."""
    trouble = studio.ground.trouble
    to = _address(noun)
    if to is None:
        trouble(13224, f"<{noun.tag}> {text_of(noun)[:80]!r} is nobody who can be called", about=document.url)
        return None
    sender = verb.get("callerId", leg.sender)
    ours = studio.ground.account.numbers
    if sender not in ours and sender not in (leg.sender, leg.to) and noun.tag == "Number":
        trouble(13214, f"callerId {sender!r} is none of our numbers", about=document.url)
        return None
    if to in ours:
        trouble(13224, f"{to} is our own number; the sandbox does not call itself", about=document.url)
        return None
    events = tuple(one for one in noun.get("statusCallbackEvent", "completed").split() if one in EVENTS)
    url = noun.get("statusCallback", "")
    reports = Reports(document.absolute(url) if url else "", method_of(noun.get("statusCallbackMethod")), events)
    made = studio.switch.leg("outbound-dial", sender=sender, to=to, phone=to, parent_sid=leg.sid, reports=reports)
    made.fallback = leg.fallback
    child = _Child(made)
    timeout_ms = round(number_of(verb, "timeout", default=TIMEOUT_S, low=1, high=TIMEOUT_S_MAX) * 1000)
    studio.ground.start(_live(studio, leg, document, child, noun, run, timeout_ms), name=f"call {child.leg.sid}")
    return child


async def _live(
    studio: Studio, parent: Leg, document: Document, child: _Child, noun: Element, run: Run, timeout_ms: int
) -> None:
    leg = child.leg
    try:
        await studio.switch.ring(leg, timeout_ms=timeout_ms)
        parent.line.ring()
        try:
            if keys := noun.get("sendDigits", ""):
                await studio.switch.send_keys(leg, keys)
            if url := noun.get("url", ""):
                await run(leg, Ask(document.absolute(url), method_of(noun.get("method"))), keeps_course=True)
            child.is_ready = True
            parent.line.ring()
            while True:
                await leg.line.rest()
        except Redirected:
            child.is_gone = True
            if leg.room is not None:
                leg.room.leave(leg, "")
            parent.line.ring()
            await run(leg, leg.line.take_redirect())
    except HungUp:
        pass
    finally:
        studio.switch.end(leg)
        parent.line.ring()


def _end_all(studio: Studio, children: list[_Child]) -> None:
    for one in children:
        if not one.is_gone:
            studio.switch.end(one.leg, "completed" if one.leg.answered_at is not None else "canceled")


def _status(children: list[_Child], outcome: _Outcome) -> str:
    if outcome.status == "completed" or any(one.leg.answered_at is not None for one in children):
        return "completed"
    statuses = [one.leg.status for one in children]
    return next((one for one in ("no-answer", "busy", "canceled") if one in statuses), "failed")


def _fields(studio: Studio, outcome: _Outcome) -> list[tuple[str, str]]:
    fields = [("DialCallStatus", outcome.status), ("DialBridged", "true" if outcome.is_bridged else "false")]
    if outcome.child is not None:
        fields.append(("DialCallSid", outcome.child.sid))
        if not outcome.is_gone and outcome.child.answered_at is not None:
            fields.append(("DialCallDuration", str(outcome.child.duration_s)))
    if outcome.recording is not None:
        fields += studio.switch.recorded(outcome.recording)
    return fields


def _number(text: str) -> Element:
    made = Element("Number")
    made.text = text
    return made


def _address(noun: Element) -> str | None:
    text = (noun.text or "").strip()
    if noun.tag == "Number":
        number = text.translate(PUNCTUATION)
        return number if E164.fullmatch(number) else None
    if noun.tag == "Client":
        identity = text or text_of(noun)
        return f"client:{identity}" if IDENTITY.fullmatch(identity) else None
    return text if text.startswith(("sip:", "sips:")) and IDENTITY.fullmatch(text) else None
