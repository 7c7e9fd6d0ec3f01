"""Addresses as they stand in From and To: a number, with a prefix where the channel is not SMS.

Its one rule: what is not an E.164 number (or, for a sender on a phone's side, a short code) is no address.
"""

import re
from dataclasses import dataclass
from typing import Literal

import phonenumbers

Channel = Literal["sms", "whatsapp"]
PREFIX: dict[Channel, str] = {"sms": "", "whatsapp": "whatsapp:"}
E164 = re.compile(r"\+[1-9][0-9]{6,14}")
SHORT_CODE = re.compile(r"[0-9]{3,8}")
PUNCTUATION = str.maketrans("", "", " -.()")


@dataclass(frozen=True, slots=True)
class Address:
    channel: Channel
    number: str

    def __str__(self) -> str:
        return PREFIX[self.channel] + self.number


def address_of(text: str) -> Address | None:
    """The address in `text` (`+14155550142`, `whatsapp:+14155550142`; punctuation is ignored), or None."""
    channel: Channel = "whatsapp" if text.startswith(PREFIX["whatsapp"]) else "sms"
    number = text.removeprefix(PREFIX[channel]).translate(PUNCTUATION)
    return Address(channel, number) if E164.fullmatch(number) else None


def country_of(number: str) -> str:
    """`US`, `GB`, …; empty when the number does not say."""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""
