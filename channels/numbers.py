"""What the numbering plans say of an address. The only place that knows the tables of `phonenumbers`."""

from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType, timezone

from router.core.addresses import ANONYMOUS_CALLERS, CHAT, USER, AddressFacts, AddressKind

PREMIUM = (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)
ZONES_MAX = 4
"""More zones than this say nothing: the number does not tell where its owner is."""
ONE_CLOCK = {
    "Europe/Guernsey": "Europe/London",
    "Europe/Isle_of_Man": "Europe/London",
    "Europe/Jersey": "Europe/London",
    "Europe/Mariehamn": "Europe/Helsinki",
    "Europe/Vatican": "Europe/Rome",
    "Arctic/Longyearbyen": "Europe/Oslo",
    "America/Kralendijk": "America/Curacao",
    "Asia/Choibalsan": "Asia/Ulaanbaatar",
}
"""Zones that the tables of numbers know besides the one whose clock theirs is: whole countries would be in doubt."""
NUMBER_MIN, NUMBER_MAX = 7, 15
"""So many digits a number has that somebody says (ITU-T E.164 section 6)."""
BLOCK = 3
"""The last digits of a long number, which tell nothing of it: numbers are given out in blocks."""
LONG = 11
DOWN_TO_THE_END = ("+34", "+57", "+353", "+372", "+686", "+995")
"""Calling codes where the last digits of some long numbers do tell."""


def dialled_number(keys: str, *, ours: str) -> str:
    """The number that somebody typed on a phone, in the country of our number `ours`; empty when it is none."""
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(ours)) if ours.startswith("+") else None
        number = phonenumbers.parse(keys if not keys.startswith("00") else f"+{keys[2:]}", region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def spoken_digits(words: str) -> str:
    """The digits of a number that somebody says, as they would be typed; empty where there are too few for one.

    >>> spoken_digits("it is 212 555-0199"), spoken_digits("+49 30 123456"), spoken_digits("in 2 minutes")
    ('2125550199', '004930123456', '')
    """
    digits = "".join(c for c in words if c in "0123456789")
    if not NUMBER_MIN <= len(digits) <= NUMBER_MAX:
        return ""
    return f"00{digits}" if words[: words.find(digits[0])].rstrip().endswith("+") else digits


def facts_of(address: str) -> AddressFacts:
    """Facts of an address as a provider spells it. Never fails: what is no number is a name or a short code."""
    if address.startswith((CHAT, USER)):
        return AddressFacts(kind=AddressKind.CHAT if address.startswith(CHAT) else AddressKind.USER)
    plain = address.strip().removeprefix("whatsapp:")
    if "@" in plain and ":" not in plain:  # with a colon it is a SIP address
        return AddressFacts(kind=AddressKind.MAIL)
    if plain.casefold() in ANONYMOUS_CALLERS or not plain.startswith("+"):
        return AddressFacts(kind=AddressKind.SENDER)
    digits = plain[1:]
    if len(digits) >= LONG and digits.isascii() and digits.isdecimal() and not plain.startswith(DOWN_TO_THE_END):
        plain = plain[:-BLOCK] + "0" * BLOCK
    return _facts_of_number(plain)


@lru_cache(maxsize=10_000)
def _facts_of_number(plain: str) -> AddressFacts:
    try:
        number = phonenumbers.parse(plain)
    except phonenumbers.NumberParseException:
        return AddressFacts(kind=AddressKind.SENDER)
    kind = phonenumbers.number_type(number)
    zones = {ONE_CLOCK.get(zone, zone): None for zone in timezone.time_zones_for_geographical_number(number)}
    known = zones if len(zones) <= ZONES_MAX and "Etc/Unknown" not in zones else ()
    return AddressFacts(
        kind=AddressKind.PHONE,
        country=phonenumbers.region_code_for_number(number) or "",
        zones=tuple(known),
        dialable=phonenumbers.is_possible_number(number) and kind not in PREMIUM,
        premium=kind in PREMIUM,
    )
