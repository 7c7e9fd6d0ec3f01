"""Opt-out at the provider, by its own words, for each pair of our number and a phone.

Its one rule: only a text that is one of the words, and nothing else, counts ("STOP please" does not). It covers SMS;
WhatsApp has no such handling at the provider.
"""

from typing import Literal

STOP_WORDS = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})

STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."

Word = Literal["stop", "start", "help"]


def word_of(text: str) -> Word | None:
    """Which of the provider's words the whole text is, if any."""
    said = text.strip().upper()
    if said in STOP_WORDS:
        return "stop"
    if said in START_WORDS:
        return "start"
    return "help" if said in HELP_WORDS else None


class Consent:
    """Which phones want nothing more from which of our numbers."""

    def __init__(self) -> None:
        self._stopped: set[tuple[str, str]] = set()

    def is_stopped(self, our_number: str, phone: str) -> bool:
        return (our_number, phone) in self._stopped

    def hear(self, our_number: str, phone: str, text: str) -> str | None:
        """Take note of a text from `phone`; return what the provider answers by itself. A word that changes nothing
        (a second STOP, a YES without a STOP before) gets no answer."""
        pair = (our_number, phone)
        match word_of(text):
            case "stop" if pair not in self._stopped:
                self._stopped.add(pair)
                return STOPPED
            case "start" if pair in self._stopped:
                self._stopped.remove(pair)
                return STARTED
            case "help":
                return HELPED
            case _:
                return None
