"""What rules may test: named plain values made from a contact and the case it stands on.

A new fact is one line here and its documentation in `policies` (the table FACTS).
"""

import re

from policies.facts import NOW
from router.core.addresses import Address
from router.core.clock import Ms
from router.core.commands import TakeContact
from router.core.documents import Case, Reached

Fact = str | int | float | bool | tuple[str, ...]
_LINK = re.compile(r"https?://|www\.|\b[a-z0-9-]{1,63}\.[a-z]{2,12}/", re.IGNORECASE)
"""How an address of a page is written: with its scheme, as www, or as a domain with a path."""


def facts_of_contact(
    command: TakeContact, *, case: Case | None, address: Address, known: bool, language: str, now: Ms
) -> dict[str, Fact]:
    """Facts of an arriving contact. `text` holds the customer's words: it is looked at and never kept."""
    facts: dict[str, Fact] = {
        "channel": command.channel.value,
        "text": command.text,
        "number": command.via,
        "language": language,
        "country": address.facts.country,
        "known_customer": known,
        "contacts_in_case": case.contacts if case else 0,
        "age_s": (now - case.opened_at) // 1000 if case else 0,
        "media_count": len(command.media),
        NOW: now,
    }
    if "/" in command.text or "www." in command.text:
        facts["links"] = len(_LINK.findall(command.text))
    facts.update((f"context.{name}", value) for name, value in command.context.items())
    return facts


def facts_of_case(case: Case, *, now: Ms, heard: Reached | None) -> dict[str, Fact]:
    """Facts of a case that is looked at again without new words (moved by a person, given back)."""
    return {
        "channel": heard.channel.value if heard else "sms",
        "text": "",
        "number": heard.via if heard else "",
        "language": case.language or "",
        "country": "",
        "known_customer": True,
        "contacts_in_case": case.contacts,
        "age_s": (now - case.opened_at) // 1000,
        "media_count": 0,
        NOW: now,
    }


def without_words(facts: dict[str, Fact]) -> dict[str, str | int | float | bool | None]:
    """The facts as a decision may record them: outcomes and kinds, never what somebody said."""
    return {
        name: value
        for name, value in facts.items()
        if name not in ("text", "number", NOW) and not name.startswith("context.") and not isinstance(value, tuple)
    }
