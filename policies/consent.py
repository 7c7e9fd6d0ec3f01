"""Words by which people say how they may be written to: stop, start, help.

The rule is the exact word: the whole text is such a word, whatever its case, accents, dots or emoji. Carriers read
texts so (Twilio: Advanced Opt-Out, default keywords) and block by it, so we must not read them otherwise: a bare CANCEL
is an opt-out and YES an opt-in. "please stop by at five" is neither, but is pointed out to the agent
(47 CFR 64.1200(a)(10): any reasonable way of saying it counts).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from policies.conditions import WordIndex
from policies.text import words_of

CONSENT_TEXT_MAX: Final = 40
"""Longer texts are not a word. Characters."""


class ConsentWord(Enum):
    """What a one-word text asks for."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"


WORDS: Final[Mapping[ConsentWord, tuple[str, ...]]] = {
    ConsentWord.OPT_OUT: (
        "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out",
        "stopp", "abmelden", "abbestellen", "alto", "parar", "baja", "arret", "arrete", "arreter", "desabonner",
    ),
    ConsentWord.OPT_IN: (
        "start", "yes", "unstop", "subscribe", "optin", "opt in", "anmelden", "alta", "comenzar", "commencer",
    ),
    ConsentWord.HELP: ("help", "info", "hilfe", "ayuda", "aide"),
}  # fmt: skip

MENTIONS: Final = (
    "stop", "stopall", "unsubscribe", "revoke", "optout", "opt out", "remove me", "no more texts", "no more messages",
    "stopp", "abmelden", "abbestellen", "keine sms mehr", "keine nachrichten mehr", "parar", "baja", "no mas mensajes",
    "arret", "arrete", "arreter", "desabonner", "plus de messages",
)  # fmt: skip
"""What sounds like an opt-out inside a longer text. Cancel, end and quit do not: people cancel orders."""


@dataclass(frozen=True, slots=True)
class Consent:
    """The words in use: the fixed ones and those that a policy adds."""

    words: Mapping[str, ConsentWord]
    index: WordIndex
    mentions: int

    def word(self, text: str) -> ConsentWord | None:
        """What the whole text asks for, if it is such a word."""
        if len(text) > CONSENT_TEXT_MAX:
            return None
        return self.words.get(" ".join(words_of(text)))

    def mentions_opt_out(self, text: str) -> bool:
        """Whether a text has words of an opt-out in it, the exact ones included."""
        return self.index.hits(text) & self.mentions != 0 or self.word(text) is ConsentWord.OPT_OUT


def consent_of(more: Mapping[ConsentWord, Iterable[str]], index: WordIndex) -> Consent:
    """The fixed words and `more`; a fixed word keeps its meaning."""
    words = {word: kind for kind, added in more.items() for word in added}
    words |= {word: kind for kind, fixed in WORDS.items() for word in fixed}
    return Consent(words=words, index=index, mentions=index.mask_of(MENTIONS))
