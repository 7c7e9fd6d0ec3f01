"""Say, Play and Pause: what is heard, and for how long.

Its one rule: whoever plays decides who hears it and how it waits, so the same code serves a call's own document, music
on hold and announcements.
"""

import asyncio
from collections.abc import Awaitable, Callable
from xml.etree.ElementTree import Element

from channels.sandbox.ground import Ground
from channels.sandbox.phones import Kind
from channels.sandbox.voice.documents import BrokenDocument, Document, number_of, text_of
from channels.sandbox.voice.legs import Leg
from channels.sandbox.voice.pacing import VoicePacing
from channels.sandbox.voice.requests import Requests
from channels.sandbox.voice.sources import Ask, method_of

SAY_CHARS_MAX = 4_096
LOOPS_MAX = 1_000
AGAIN_MS_MIN = 1_000
DOCUMENTS_MAX = 1_000
DEFAULT_MUSIC = "http://twimlets.com/holdmusic?Bucket=com.twilio.music.classical"
PLAYED = frozenset({"Say", "Play", "Pause"})

Hear = Callable[[Kind, str | None], None]
Wait = Callable[[int], Awaitable[None]]


class Player:
    """`perform` plays one verb; `music` and `announce` play whole documents in the background."""

    def __init__(self, ground: Ground, requests: Requests, pacing: VoicePacing) -> None:
        self._ground = ground
        self._requests = requests
        self._pacing = pacing

    async def perform(self, verb: Element, document: Document, *, hear: Hear, wait: Wait, about: str) -> None:
        """One of `PLAYED`; each round of a loop is heard anew."""
        if verb.tag == "Pause":
            return await wait(round(number_of(verb, "length", default=1, high=86_400) * 1000))
        kind, text, length_ms = self._sound(verb, document, about)
        loops = int(number_of(verb, "loop", default=1, high=LOOPS_MAX)) or LOOPS_MAX
        for _ in range(loops if text else 0):
            hear(kind, text)
            await wait(length_ms)
        return None

    def _sound(self, verb: Element, document: Document, about: str) -> tuple[Kind, str, int]:
        if verb.tag == "Say":
            text = text_of(verb)
            if len(text) > SAY_CHARS_MAX:
                self._ground.trouble(13520, f"<Say> may have {SAY_CHARS_MAX} characters; the rest is cut", about=about)
                text = text[:SAY_CHARS_MAX]
            return "say", text, self._pacing.speech_ms(text)
        if keys := verb.get("digits", ""):
            return "play", f"keys {keys}", self._pacing.keys_ms(keys)
        url = text_of(verb)
        return "play", document.absolute(url) if url else "", self._pacing.play_ms

    async def music(self, leg: Leg, source: Ask) -> None:
        """What somebody hears who waits, over and over, until cancelled. A document that takes no time comes once."""
        if source.url == DEFAULT_MUSIC:
            leg.hear("music", source.url)
            return

        def hear(kind: Kind, text: str | None) -> None:
            leg.hear("music" if kind == "play" else kind, text)

        for _ in range(DOCUMENTS_MAX):
            began_at = self._ground.now()
            try:
                following = await self._play(leg, source, hear)
            except BrokenDocument:
                return
            if self._ground.now() - began_at < AGAIN_MS_MIN:
                if following is None:
                    return
                await self._ground.sleep_ms(AGAIN_MS_MIN)
            source = following or source

    async def announce(self, leg: Leg, source: Ask, hear: Hear) -> bool:
        """Play a document once; False when it could not be had."""
        try:
            await self._play(leg, source, hear)
        except BrokenDocument:
            return False
        return True

    async def _play(self, leg: Leg, source: Ask, hear: Hear) -> Ask | None:
        """The document that a `<Redirect>` at its end names, or None."""
        # The request goes on by itself when the music stops: what is on the wire is not taken back.
        fetching = self._ground.start(
            self._requests.fetched(leg, source, with_fallback=False), name=f"document for {leg.sid}"
        )
        document = await asyncio.shield(fetching)
        if isinstance(document, BrokenDocument):
            raise document
        for verb in document.verbs:
            if verb.tag in PLAYED:
                await self.perform(verb, document, hear=hear, wait=self._ground.sleep_ms, about=leg.sid)
            elif verb.tag == "Redirect":
                return Ask(document.absolute(text_of(verb)), method_of(verb.get("method")))
            else:
                self._ground.trouble(12200, f"<{verb.tag}> is not allowed where somebody waits; skipped", about=leg.sid)
        return None
