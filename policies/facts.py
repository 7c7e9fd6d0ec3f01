"""The named plain values that rules may test, in one table, from which the documentation's list is made.

Whoever routes makes them; rules only compare. A fact that is not given is not known, and no condition on it is true.
"""

from typing import Final, Literal

Fact = str | int | float | bool | tuple[str, ...]
"""A plain value; a tuple is a list of texts."""

FactType = Literal["text", "count", "yes or no", "texts by name"]
Kind = Literal["phone", "chat", "message", "email"]

CHANNELS: Final = ("phone", "sms", "whatsapp", "chat", "email", "touch", "page")
KINDS: Final[tuple[Kind, ...]] = ("phone", "chat", "message", "email")
"""Kinds of ask: what waits together has the same targets and shares an agent's capacity."""

CONTEXT: Final = "context."
NOW: Final = "now_ms"
"""The instant that is asked about, in milliseconds since 1970: hours are told from it, and rules do not name it."""
ATTESTATIONS: Final = ("A", "B", "C", "failed", "none")

_KIND_OF_CHANNEL: Final[dict[str, Kind]] = {"phone": "phone", "chat": "chat", "email": "email"}

FACTS: Final[dict[str, tuple[FactType, str]]] = {
    "channel": ("text", "How the contact came: phone, sms, whatsapp, chat, email, touch or page."),
    "text": ("text", "The words of the contact; the first 2,000 characters count."),
    "number": ("text", "Our number or address that was contacted, such as +14155550100."),
    "language": ("text", "The customer's language as two letters, such as en."),
    "country": ("text", "The country of the customer's address as two letters, such as DE."),
    "known_customer": ("yes or no", "Whether we have met this customer before."),
    "contacts_in_case": ("count", "How many contacts this case has had, this one included."),
    "age_s": ("count", "Seconds since the first contact of this case."),
    "hour_open": ("yes or no", "Whether the queue that the rule leads to is open now; in routing.yaml alone."),
    "media_count": ("count", "How many pictures or files came along."),
    "links": ("count", "How many addresses of pages stand in the words."),
    "alike": ("count", "How often in a row, within a day, they sent these same words before; in junk.yaml alone."),
    "junk_before": ("count", "How many contacts of theirs were junk before; in junk.yaml alone."),
    "silent": ("yes or no", "Whether nobody said a word or pressed a key in the whole call; in junk.yaml alone."),
    "anonymous": ("yes or no", "Whether the caller hides their number; in junk.yaml alone."),
    "attestation": ("text", "What is said of the caller's number: A, B, C, failed or none; in junk.yaml alone."),
    "speaks_at_once": ("yes or no", "Whether a machine speaks, or a long speech began at once; in junk.yaml alone."),
    "context": ("texts by name", "What the page, app or device told: context.model, context.error and so on."),
}


def kind_of(channel: str) -> Kind:
    """The kind of ask that a contact over `channel` is: texts, touches and pages are messages."""
    return _KIND_OF_CHANNEL.get(channel, "message")
