"""The state table of calls: what is said at each step, what is listened for, and which step follows.

Its one rule: every step has an "otherwise", so no silence, wrong key or lost line leaves a caller nowhere. Drawn from
here in docs/calls.md. What a transition does to the case stands in `core.calls` and `core.legs`.
"""

from policies import PolicySet
from policies.call_hours import said_window
from router.core.clock import Ms
from router.core.documents import Call, Case, Said
from router.core.opening import opens_said
from router.core.values import field, value
from router.core.waits.said import Told, phrase_of
from router.core.words import MINUTE_MS, SECOND_MS, CallId, CallRole, JoinMode, Step

MISSES_MAX = 3
"""So many answers in a row that are none, and nobody is asked again: they stay in line for a person."""
HANG_UP = "call_hang_up"
"""A sentence that stands alone: whoever fetches what follows has heard it to its end, and hangs up as it said."""
RELAYED_S = 12
"""So long an answer may take that somebody else types or says for them."""
TOLD_ROUND = 2
"""The round of waiting that says it."""
MUSIC = "music"
"""In the place of a phrase: music, so that waiting is never silence."""
MUSIC_MS = 15 * SECOND_MS
SPOKEN_CHARS_A_SECOND = 10
"""No voice that reads to people is slower."""
REFUSES = "9"
"""The key by which they say that they are not to be recorded; it leads back to where they were."""
CLOSED = (("closed",), ("call_closed",), (HANG_UP,), (MUSIC, "call_closed"))
"""What is said in line, by round, while the queue is closed: never that somebody is free soon."""
EARLY = (("call_moment",), (MUSIC,))
"""What is said in line, by round, before anybody is told the choices (`offer_over`)."""
CHOICES_ROUND = 1
"""The round of waiting that tells the choices: whoever heard that it is closed comes back to them."""
ASKS_WHO = {"call_about": "call_who"}
"""What is asked instead where several people use the number; it names none of them."""
TEXTS = {
    "call_options": "call_options_no_text",
    "call_waiting": "call_waiting_no_text",
    "call_closed": "call_closed_no_text",
}
"""What is said instead where the number gets no texts: nobody is offered what cannot be."""
SAID_BACK = {Step.PROMISED: "callback_when", Step.TIME: "call_time_back"}
"""What is said at these steps where there is a time to say: it is promised, or it is suggested."""
OPENS_WITH = {Step.GREETING: "greeting", Step.OPENING: "callback_opening"}
"""What these steps begin with: said once, before the notice that they are recorded where there is one."""


@value
class Row:
    """One step. `says`: phrases in order, by round (the last row repeats); `keys`: where a key leads; `speech` and
    `silence`: where words and no answer lead. `listen_s`: how long is waited for an answer once all is said."""

    meaning: str
    says: tuple[tuple[str, ...], ...]
    silence: Step
    listen_s: int = 0
    speech: Step | None = None
    keys: dict[str, Step] = field(default_factory=dict[str, Step])
    digits: int = 1  # keys that make an answer; 0: as many as they like, until the hash key
    room: bool = False  # they stand in the conference of their case
    ends: bool = False  # the call is over once it is said
    keeps_words: bool = True  # what they say is kept on their case


TABLE: dict[Step, Row] = {
    Step.GREETING: Row(
        meaning="we greet, and they may say what it is about",
        says=(("greeting", "call_about"),),
        listen_s=4,
        speech=Step.WAITING,
        keys={"*": Step.WAITING, "8": Step.CODE, REFUSES: Step.GREETING},
        silence=Step.WAITING,
    ),
    Step.WAITING: Row(
        meaning="in line: choices that all keep the place, and words are taken at any time",
        says=(("call_moment",), ("call_options",), (HANG_UP,), (MUSIC, "call_waiting")),
        listen_s=2,
        speech=Step.WAITING,
        keys={
            "1": Step.PROMISED,
            "2": Step.WORDS,
            "3": Step.TEXTED,
            "4": Step.TIME,
            "5": Step.DROPPED,
            "8": Step.CODE,
            REFUSES: Step.WAITING,
        },
        silence=Step.WAITING,
    ),
    Step.LANGUAGE: Row(
        meaning="nobody who speaks their language is free: only they can say that another will do",
        says=(("language_question",),),
        listen_s=RELAYED_S,
        speech=Step.WAITING,
        keys={"1": Step.WAITING, "2": Step.WAITING},
        silence=Step.WAITING,
    ),
    Step.NUMBER: Row(
        meaning="their number is not to be called: which one is?",
        says=(("call_ask_number",), ("call_not_that_number", "call_ask_number")),
        listen_s=RELAYED_S,
        digits=0,
        keys={"number": Step.PROMISED},
        speech=Step.NUMBER,
        silence=Step.WAITING,
        keeps_words=False,  # they are a number, or of somebody beside them
    ),
    Step.CODE: Row(
        meaning="they type the code that a device of theirs shows",
        says=(("call_code",),),
        listen_s=RELAYED_S,
        digits=0,
        keys={"number": Step.WAITING},
        silence=Step.WAITING,
    ),
    Step.WORDS: Row(
        meaning="they tell us now; it stands in the case as text",
        says=(("call_speak_now",), ("call_spoken",)),
        listen_s=RELAYED_S,
        keys={REFUSES: Step.WORDS},
        speech=Step.WORDS,
        silence=Step.WAITING,
    ),
    Step.TIME: Row(
        meaning="they say, or type, when we are to call them",
        says=(("call_ask_when",),),
        listen_s=RELAYED_S,
        digits=0,
        keys={"number": Step.TIME},
        speech=Step.TIME,
        silence=Step.WAITING,
    ),
    Step.DROPPED: Row(
        meaning="they need no call any more", says=(("callback_dropped",),), silence=Step.GOODBYE, ends=True
    ),
    Step.PROMISED: Row(
        meaning="we will call them when it is their turn", says=(("callback_turn",),), silence=Step.GOODBYE, ends=True
    ),
    Step.TEXTED: Row(meaning="we go on by text", says=(("call_texted",),), silence=Step.GOODBYE, ends=True),
    Step.TALKING: Row(meaning="with an agent", says=(("call_connecting",),), room=True, silence=Step.LOST),
    Step.HELD: Row(
        meaning="on hold, with a way out",
        says=(("call_held",), (MUSIC, "call_held")),
        listen_s=2,
        keys={"1": Step.PROMISED, REFUSES: Step.HELD},
        speech=Step.HELD,
        silence=Step.HELD,
        keeps_words=False,  # what they say to others meanwhile is none of ours
    ),
    Step.LOST: Row(
        meaning="the agent's line is gone: back in line at their place, unless they were through",
        says=(("call_lost",),),
        listen_s=3,
        keys={REFUSES: Step.LOST},
        speech=Step.WAITING,
        silence=Step.WAITING,
    ),
    Step.RESTARTING: Row(
        meaning="the service stops: they keep their place, and are called where that is promised",
        says=(("call_restarting",),),
        silence=Step.GOODBYE,
        ends=True,
    ),
    Step.OPENING: Row(
        meaning="we called them: who we are, then the agent",
        says=(("callback_opening",),),
        room=True,
        silence=Step.LOST,
    ),
    Step.MACHINE: Row(
        meaning="a machine answered, or somebody who sounds like one; other words at the last attempt",
        says=(("callback_machine",), ("callback_machine_last",)),
        listen_s=RELAYED_S,
        keys={"1": Step.TALKING},
        speech=Step.TALKING,
        silence=Step.GOODBYE,
        keeps_words=False,  # they may be a machine's
    ),
    Step.WHISPER: Row(
        meaning="an agent's phone: what it is, and a key, so that no machine takes a customer",
        says=(("whisper",),),
        listen_s=5,
        keys={"1": Step.BESIDE},
        silence=Step.WHISPER,
    ),
    Step.BESIDE: Row(meaning="an agent with the customer", says=((),), room=True, silence=Step.GOODBYE),
    Step.GOODBYE: Row(meaning="the end", says=(("call_goodbye",),), silence=Step.GOODBYE, ends=True),
}


@value
class Aloud:
    """What an agent's phone says in the whisper, with words of people. `note`: why the call was handed on; `subject`:
    what the case is about, where somebody said so; `danger`: what they said, where it tells of danger (None: it does
    not). `dials`: nobody is on the line, and key 1 has the customer dialled; `told`: the time that they were told."""

    note: str = ""
    subject: str = ""
    danger: str | None = None
    dials: bool = False
    told: Said | None = None


NOTHING_ALOUD = Aloud()


@value
class Script:
    """What one leg hears next: words, then an answer is waited for, a room is entered, or the call ends.

    `says` holds spoken text; None stands for a stretch of music. An answer, or none, comes back as (`step`, `turn`)."""

    call: CallId
    turn: int
    step: Step
    language: str
    says: tuple[str | None, ...]
    listen_s: int = 0
    keys: int | None = None  # how many keys make an answer; 0: until the hash key; None: keys are not listened for
    speech: bool = False
    room: str | None = None
    muted: bool = False  # they hear the room, and nobody hears them
    coached: str = ""  # the provider's id of the leg that alone hears them
    goes_on: bool = False  # the next turn is fetched once all is said
    ends: bool = False


def script_of(call: Call, case: Case | None, policy: PolicySet, aloud: Aloud = NOTHING_ALOUD) -> Script:
    """What a leg is to hear now, from where it stands. The same document gives the same script."""
    row = TABLE[call.step]
    said = _said(call, row)
    if _tells_nobody(call):
        said = ()
    alone = bool(call.notice) or said == (HANG_UP,)
    if aloud.dials and said == ("whisper",):
        said = ("whisper_dial",) if aloud.told is None else ("whisper_promise",)
    if aloud.note and hears_note(call):
        said = ("whisper_note", *said)
    if aloud.danger is not None and hears_matter(call):
        said = ("whisper_danger", *said)
    if call.step is Step.LOST and call.ended_by is not None:  # whoever talked with them handed them on
        said = tuple("call_handed_on" if name == "call_lost" else name for name in said)
    if call.step is Step.RESTARTING and case is not None and case.promise is not None:
        said = ("call_restarting_call",)
    if call.first:
        said = (call.first, *said)
    if call.no_text:
        said = tuple(TEXTS.get(name, name) for name in said)
    number = policy.numbers.get(call.via)
    subject = aloud.subject or (case.queue if case else "")
    words = {"brand": number.brand if number else "", "subject": subject, "note": aloud.note}
    words["words"] = aloud.danger or subject
    now = call.started_at if call.heard_at is None else call.heard_at
    if call.said is not None:
        words |= {"window": _when(call.said, now, call.language), "doubt": call.said.doubt}
    if aloud.told is not None:
        words["window"] = _when(aloud.told, now, call.language)
    if call.closed is not None:
        words["opens"] = opens_said(call.closed, policy, now=now, language=call.language)
    if call.wait is not None:
        words |= phrase_of(call.wait)[1]
        words["within"] = str(((call.wait.until or call.wait.at) - call.wait.at) // MINUTE_MS)
    if call.shared and policy.settings.cases.ask_who:
        said = tuple(ASKS_WHO.get(name, name) for name in said)
    language = call.language
    if call.step is Step.LANGUAGE:  # asked in the language that is to be given up, whichever number they called
        ask = case.ask if case else None
        own = (ask.requirement.language if ask else None) or call.language
        other = (ask.offered_language if ask else None) or call.language
        words |= {"own": policy.language_name(own, own), "other": policy.language_name(other, own)}
        language = own
    return Script(
        call=call.id,
        turn=call.turn,
        step=call.step,
        language=language,
        says=tuple(None if name == MUSIC else policy.phrase(name, language, **words) for name in said),
        listen_s=0 if alone else row.listen_s,
        keys=row.digits if row.keys and row.listen_s else None,
        speech=row.speech is not None,
        room=call.room if row.room and not call.notice else None,
        muted=call.role is CallRole.LEAD and (call.mode is JoinMode.LISTEN or not call.mode or _nobody_coached(call)),
        coached=call.coached if call.role is CallRole.LEAD else "",
        goes_on=alone,
        ends=row.ends,
    )


def lasts_ms(script: Script) -> int:
    """How long a script lasts at the most, with the answer that is waited for, where none comes."""
    spoken_ms = sum(
        MUSIC_MS if words is None else len(words) * SECOND_MS // SPOKEN_CHARS_A_SECOND for words in script.says
    )
    return spoken_ms + script.listen_s * SECOND_MS


def _said(call: Call, row: Row) -> tuple[str, ...]:
    """The phrases of this turn. A notice stands alone, where no key and no word cuts it short."""
    opens = OPENS_WITH.get(call.step)
    if call.notice:
        notice = "recording_notice" if call.notice == "calls" else "recording_notice_words"
        return (*((opens,) if opens else ()), notice, *(("recording_say_so",) if row.room else ()))
    if call.said is not None and call.step in SAID_BACK:
        return (SAID_BACK[call.step],)
    says = row.says
    if call.step is Step.WAITING and call.closed is not None:
        says = CLOSED
    elif call.step is Step.WAITING and call.early:
        says = EARLY
    said = says[min(call.rounds, len(says) - 1)]
    if said == (HANG_UP,) and not may_ring_back(call):
        said = says[-1]
    if call.wait is not None:
        said = _with_wait(call.step, said, call.wait, rounds=call.rounds)
    if call.step is Step.WHISPER and call.role is CallRole.LEAD:
        return ("whisper_lead",)
    if call.step is Step.WHISPER and call.role is CallRole.OUTSIDE:
        return ("whisper_outside",)
    return tuple(name for name in said if name != opens or not (call.announced_at or call.first))


def _with_wait(step: Step, said: tuple[str, ...], wait: Told, *, rounds: int) -> tuple[str, ...]:
    """How long it will be, before the choices. A call that is promised is promised within it."""
    if step is Step.PROMISED:
        return ("callback_within", *said) if wait.until is not None else said
    if not says_wait(step, rounds) or said == (HANG_UP,):
        return said
    return (*said[:-1], phrase_of(wait)[0], said[-1])


def says_wait(step: Step, rounds: int) -> bool:
    """Whether a round in line says how long it will be, where nothing is said alone."""
    return step is Step.WAITING and rounds >= CHOICES_ROUND


def _when(said: Said, now: Ms, language: str) -> str:
    return said_window(said.window, now, zone=said.zone, language=language, names_place=True)


def _tells_nobody(call: Call) -> bool:
    """Whether a machine may hear it that others listen to as well: not even that we called."""
    at_machine = call.step is Step.MACHINE or (call.step is Step.GOODBYE and not call.joined)
    return call.discreet and call.promise is not None and call.role is CallRole.CUSTOMER and at_machine


def hears_note(call: Call) -> bool:
    """Whether a leg is told why the call was handed on: that of whoever is asked to take it."""
    return call.step is Step.WHISPER and call.role in (CallRole.AGENT, CallRole.OUTSIDE)


def hears_matter(call: Call) -> bool:
    """Whether a leg is told what its case is about: that of one of us, who is asked to come to it."""
    return call.step is Step.WHISPER and call.role in (CallRole.AGENT, CallRole.LEAD)


def _nobody_coached(call: Call) -> bool:
    return call.mode is JoinMode.WHISPER and not call.coached


def may_ring_back(call: Call) -> bool:
    """Whether hanging up may become a call to this number: one that we may call, one person's alone, whom nobody else
    hears, and fully attested, or ours to know where nobody attests.

    A number that the provider does not vouch for may be anybody's: calling it back would ring a stranger."""
    if call.shared or call.discreet or call.no_call:
        return False
    return call.attested is True or (call.attested is None and call.known)
