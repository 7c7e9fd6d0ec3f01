"""Runs documents: verb by verb, from one document to the next.

Its one rule: what is not understood is named and skipped, as the provider does. A call that asks for documents over and
over without time passing is stopped.
"""

from collections import deque
from xml.etree.ElementTree import Element

from channels.sandbox.phones import Kind
from channels.sandbox.voice.dialling import dial_people
from channels.sandbox.voice.documents import BrokenDocument, Document, text_of
from channels.sandbox.voice.gathering import gather
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.line import HungUp, Redirected
from channels.sandbox.voice.meeting import dial_conference
from channels.sandbox.voice.player import PLAYED, Hear, Wait
from channels.sandbox.voice.recording_verb import record
from channels.sandbox.voice.sources import Ask, Source, method_of
from channels.sandbox.voice.studio import Studio
from router.core.clock import Ms

APOLOGY = "We are sorry, an application error has occurred. Goodbye."
DOCUMENTS_AT_ONCE_MAX, AT_ONCE_MS = 50, 1_000


class Program:
    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    async def run(self, leg: Leg, source: Source, *, keeps_course: bool = False) -> None:
        """Carry out documents from `source` on, until they end. Raise `HungUp`; with `keeps_course`, `Redirected`."""
        recent: deque[Ms] = deque(maxlen=DOCUMENTS_AT_ONCE_MAX)
        following: Source | None = source
        while following is not None:
            try:
                self._brake(leg, recent)
                following = await self._document(leg, following)
            except Redirected:
                if keeps_course:
                    raise
                following = leg.line.take_redirect()
            except BrokenDocument:
                await self._apologise(leg)

    def _brake(self, leg: Leg, recent: deque[Ms]) -> None:
        present = self._studio.ground.now()
        if len(recent) == DOCUMENTS_AT_ONCE_MAX and present - recent[0] < AT_ONCE_MS:
            words = f"the call asked for {DOCUMENTS_AT_ONCE_MAX} documents within a second"
            self._studio.ground.trouble(11215, words, about=leg.sid)
            raise BrokenDocument(11215, words, "")
        recent.append(present)

    async def _document(self, leg: Leg, source: Source) -> Source | None:
        work = self._studio.ground.start(self._studio.requests.fetched(leg, source), name=f"document for {leg.sid}")
        document = await leg.line.rest_for(work)
        if isinstance(document, BrokenDocument):
            raise document
        for place, verb in enumerate(document.verbs):
            following = await self._verb(leg, verb, document, is_first=place == 0)
            if following is not None:
                return following
        return None

    async def _verb(self, leg: Leg, verb: Element, document: Document, *, is_first: bool) -> Source | None:
        studio = self._studio
        match verb.tag:
            case "Reject" if is_first and leg.answered_at is None:
                studio.switch.end(leg, "busy" if verb.get("reason") == "busy" else "no-answer", sip_code=486)
                raise HungUp
            case tag if tag in PLAYED:
                if tag != "Pause":  # a pause at the beginning only delays the answer
                    studio.switch.answer(leg)
                await studio.player.perform(verb, document, hear=_ears(leg), wait=_patience(studio, leg), about=leg.sid)
            case "Gather":
                studio.switch.answer(leg)
                return await gather(studio, leg, verb, document)
            case "Record":
                studio.switch.answer(leg)
                return await record(studio, leg, verb, document)
            case "Dial":
                return await self._dial(leg, verb, document)
            case "Redirect":
                return Ask(document.absolute(text_of(verb)) or document.url, method_of(verb.get("method")))
            case "Hangup":
                studio.switch.answer(leg)
                studio.switch.end(leg)
                raise HungUp
            case _:
                words = f"<{verb.tag}> is not a verb that the sandbox knows for calls, or not here; skipped"
                studio.ground.trouble(12200, words, about=document.url or leg.sid)
        return None

    async def _dial(self, leg: Leg, verb: Element, document: Document) -> Source | None:
        noun = next((one for one in verb if one.tag == "Conference"), None)
        for one in verb:
            if one.tag not in ("Conference", "Number", "Client", "Sip"):
                self._studio.ground.trouble(13221, f"<{one.tag}> in <Dial> is not emulated; skipped", about=leg.sid)
        if noun is not None:
            return await dial_conference(self._studio, leg, verb, document, noun)
        return await dial_people(self._studio, leg, verb, document, self.run)

    async def _apologise(self, leg: Leg) -> None:
        studio = self._studio
        studio.switch.answer(leg)
        leg.hear("say", APOLOGY)
        await _patience(studio, leg)(studio.pacing.speech_ms(APOLOGY))
        studio.switch.end(leg)
        raise HungUp


def _ears(leg: Leg) -> Hear:
    """The far end of one call, as a player sees it."""

    def hear(kind: Kind, text: str | None) -> None:
        leg.hear(kind, text)

    return hear


def _patience(studio: Studio, leg: Leg) -> Wait:
    """Waiting in one call, as a player sees it."""

    async def wait(duration_ms: int) -> None:
        await leg.line.rest_until(Ms(studio.ground.now() + duration_ms))

    return wait
