"""`<Gather>`: keys, words or both.

Its one rule: input counts from the first prompt on; what came before, and what comes after it has ended, is gone. A key
interrupts the prompts; words do so unless `bargeIn` is false, and then they are not taken. Whatever a phone says is
understood with the same confidence.
"""

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from channels.sandbox.ground import Ground
from channels.sandbox.phones import Kind
from channels.sandbox.voice.documents import Document, flag_of, number_of
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.player import PLAYED
from channels.sandbox.voice.sources import Ask, method_of
from channels.sandbox.voice.studio import Studio
from router.core.clock import Ms

CONFIDENCE = "0.92"
TIMEOUT_S, TIMEOUT_S_MAX = 5.0, 600.0
DIGITS_MAX = 1_000


class _BargedIn(Exception):
    pass


@dataclass(slots=True)
class _Input:
    """What was taken so far. `deadline` is when no more is waited for; None while prompts play."""

    ground: Ground
    kinds: frozenset[str]
    finish_keys: str
    digits_max: int
    takes_words: bool
    timeout_ms: int
    silence_ms: int
    keys: str = ""
    words: list[str] = field(default_factory=list[str])
    finished_on: str = ""
    is_finished: bool = False
    deadline: Ms | None = None

    @property
    def is_empty(self) -> bool:
        return not self.keys and not self.words and not self.is_finished

    def key(self, key: str) -> None:
        if self.is_finished or self.words or "dtmf" not in self.kinds:
            return
        if key in self.finish_keys:
            self.is_finished, self.finished_on = True, key
            return
        self.keys += key
        self.deadline = Ms(self.ground.now() + self.timeout_ms)
        self.is_finished = len(self.keys) >= self.digits_max

    def say(self, text: str, until: Ms) -> None:
        if self.is_finished or self.keys or not self.takes_words or "speech" not in self.kinds:
            return
        self.words.append(text)
        self.deadline = Ms(until + self.silence_ms)


async def gather(studio: Studio, leg: Leg, verb: Element, document: Document) -> Ask | None:
    taken = _input_of(studio, verb)
    line = leg.line

    def take_words(text: str, until: Ms) -> None:
        taken.say(text, until)
        if taken.words and (url := verb.get("partialResultCallback")):
            partial = [
                ("UnstableSpeechResult", " ".join(taken.words)),
                ("Stability", "0.8"),
                ("SequenceNumber", str(len(taken.words) - 1)),
            ]
            studio.requests.tell(leg, document.absolute(url), partial)

    line.on_key, line.on_words = taken.key, take_words
    try:
        leg.hear("gather", " ".join(sorted(taken.kinds)))
        await _prompt(studio, leg, verb, document, taken)
        taken.takes_words = True
        if taken.deadline is None:
            taken.deadline = Ms(studio.ground.now() + taken.timeout_ms)
        while not taken.is_finished and studio.ground.now() < taken.deadline:
            await line.rest(taken.deadline)
    finally:
        line.on_key = line.on_words = None
    return _result(studio, leg, verb, document, taken)


def _input_of(studio: Studio, verb: Element) -> _Input:
    timeout_ms = round(number_of(verb, "timeout", default=TIMEOUT_S, high=TIMEOUT_S_MAX) * 1000)
    silence_ms = timeout_ms
    if said := verb.get("speechTimeout"):
        automatic = studio.pacing.auto_silence_ms / 1000
        silence_ms = round(number_of(verb, "speechTimeout", default=automatic, high=TIMEOUT_S_MAX) * 1000)
        silence_ms = studio.pacing.auto_silence_ms if said == "auto" else silence_ms
    kinds = frozenset(verb.get("input", "dtmf").replace(",", " ").split()) & {"dtmf", "speech"}
    return _Input(
        studio.ground,
        kinds=kinds or frozenset({"dtmf"}),
        finish_keys=verb.get("finishOnKey", "#"),
        digits_max=int(number_of(verb, "numDigits", default=DIGITS_MAX, low=1, high=DIGITS_MAX)),
        takes_words=flag_of(verb, "bargeIn", default=True),
        timeout_ms=timeout_ms,
        silence_ms=silence_ms,
    )


async def _prompt(studio: Studio, leg: Leg, verb: Element, document: Document, taken: _Input) -> None:
    ground = studio.ground

    def hear(kind: Kind, text: str | None) -> None:
        leg.hear(kind, text)

    async def wait(duration_ms: int) -> None:
        ends_at = Ms(ground.now() + duration_ms)
        while ground.now() < ends_at:
            if not taken.is_empty:
                raise _BargedIn
            await leg.line.rest(ends_at)

    try:
        for part in verb:
            if part.tag in PLAYED:
                await studio.player.perform(part, document, hear=hear, wait=wait, about=leg.sid)
            else:
                ground.trouble(12200, f"<{part.tag}> is not allowed in <Gather>; skipped", about=document.url)
    except _BargedIn:
        return


def _result(studio: Studio, leg: Leg, verb: Element, document: Document, taken: _Input) -> Ask | None:
    is_empty = not taken.keys and not taken.words
    if is_empty and not flag_of(verb, "actionOnEmptyResult", default=False):
        return None
    action = document.absolute(verb.get("action", "")) or document.url
    if not action:
        studio.ground.trouble(13338, "<Gather> in TwiML that came without a URL needs an action", about=leg.sid)
        return None
    fields = [("msg", "Gather End")]
    if taken.words:
        fields += [("SpeechResult", " ".join(taken.words)), ("Confidence", CONFIDENCE)]
        fields.append(("Language", verb.get("language", "en-US")))
    else:
        fields.append(("Digits", taken.keys))
        fields += [("FinishedOnKey", taken.finished_on)] if taken.finished_on else []
    return Ask(action, method_of(verb.get("method")), tuple(fields))
