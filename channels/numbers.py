"""What the numbering plans say of an address. The only place that knows the tables of `phonenumbers`."""

from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, timezone

from router.core.addresses import ANONYMOUS_CALLERS, AddressFacts, AddressKind

PREMIUM = (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)
ZONES_MAX = 4
"""More zones than this say nothing: the number does not tell where its owner is."""


@lru_cache(maxsize=10_000)
def facts_of(address: str) -> AddressFacts:
    """Facts of an address as a provider spells it. Never fails: what is no number is a name or a short code."""
    plain = address.strip().removeprefix("whatsapp:")
    if plain.casefold() in ANONYMOUS_CALLERS or not plain.startswith("+"):
        return AddressFacts(kind=AddressKind.SENDER)
    try:
        number = phonenumbers.parse(plain)
    except phonenumbers.NumberParseException:
        return AddressFacts(kind=AddressKind.SENDER)
    kind = phonenumbers.number_type(number)
    zones = timezone.time_zones_for_geographical_number(number)
    known = zones if len(zones) <= ZONES_MAX and "Etc/Unknown" not in zones else ()
    return AddressFacts(
        kind=AddressKind.PHONE,
        country=phonenumbers.region_code_for_number(number) or "",
        zones=tuple(known),
        dialable=phonenumbers.is_possible_number(number) and kind not in PREMIUM,
        premium=kind in PREMIUM,
    )
