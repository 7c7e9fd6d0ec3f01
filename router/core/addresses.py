"""Addresses: one way to reach a person each, found again under any spelling, kept as it was given.

Pure: what needs tables of numbering plans (country, zones, dialable) is passed in as `AddressFacts`.
"""

from enum import StrEnum
from functools import lru_cache

from router.core.clock import Ms
from router.core.values import field, replace, value
from router.core.words import AddressId, CaseId, Channel, CustomerId, Evidence

BROUGHT_MAX = 5
"""Chats that one was begun in; of more nobody brings anything along."""
WINDOWS_MAX = 8
"""Numbers of ours for which an address remembers when it wrote to them by WhatsApp."""
ANONYMOUS_CALLERS = frozenset(
    {"+266696687", "+86282452253", "+7378742833", "+2562533", "+8566", "+464", "anonymous", "unknown", "restricted", ""}
)
"""What providers send for a withheld number: keypad spellings of ANONYMOUS, UNAVAILABLE, RESTRICTED, BLOCKED."""


DEVICE = "device:"
"""What the address of a device begins with; the rest of it is as the device says it, to the letter."""


CHAT = "chat:"
"""What the address of a chat visitor begins with; the rest is their site and what it calls them, to the letter."""
USER = "user:"
"""The same for a person for whom a site vouches."""
PROVED = "proved_at"
"""What the evidence of an address is called of which a code came back in a chat."""
AS_GIVEN = (DEVICE, CHAT, USER)


def is_anonymous(given: str) -> bool:
    """Whether a provider sent this for somebody who hides their number."""
    return given.strip().casefold() in ANONYMOUS_CALLERS


class AddressKind(StrEnum):
    PHONE = "phone"
    MAIL = "mail"
    SENDER = "sender"  # a short code or a name: it can write to us, nothing can be sent to it
    CHAT = "chat"  # a visitor of a site: whoever has that session
    USER = "user"  # a person for whom a site vouches
    OTHER = "other"


@value
class AddressFacts:
    """What the numbering plan says of a number; recorded instead of the number."""

    kind: AddressKind = AddressKind.OTHER
    country: str = ""  # ISO 3166-1 alpha-2, empty when unknown
    zones: tuple[str, ...] = ()  # IANA names; several when the number does not tell
    dialable: bool = False
    premium: bool = False


@value
class Pairing:
    """A device is of a household. `key`: the id of the key that it signs with; the key itself is kept nowhere."""

    key: str
    at: Ms
    how: str  # by which way the household said the code: sms, phone, api …
    evidence: Evidence  # how sure it is that the household said it
    key_at: Ms = Ms(0)  # since when it signs with this key
    next_key: str = ""  # handed out already; its first use makes it the key


@value
class Brought:
    """A chat that was begun before its visitor signed in. `lines`: how far it was brought along."""

    chat: AddressId
    owner: CustomerId
    lines: int


@value
class Address:
    """One way to reach a customer. The number itself stands in the vault under `id`."""

    id: AddressId
    facts: AddressFacts
    blocked: tuple[Channel, ...] = ()  # channels its owner told us to stop
    evidence: dict[str, str] = field(default_factory=dict[str, str])
    bounced: bool = False  # the last mail to it came back for good
    denied: bool = False  # whoever wrote from it is somebody else, as its own domain says
    other_spelling: bool = False  # not spelled as its matching key is, such as a Brazilian mobile without its 9
    of_line: AddressId | None = None  # the first address of the same line, where this is a second spelling of it
    shared: bool = False  # several people use it: it identifies nobody
    users: tuple[tuple[CustomerId, AddressId], ...] = ()  # who uses this line too, and as which address of theirs
    windows: tuple[tuple[str, Ms], ...] = ()  # our numbers they wrote to by WhatsApp, with when they did last
    typed: bool = False  # a visitor says that it is theirs, and nobody is found by it until we wrote there
    told_case: CaseId | None = None  # of one that was typed: the case about which we wrote there last
    told_at: Ms | None = None  # and when
    given_at: Ms | None = None  # when a visitor last said that answers are to go there
    lines: int = 0  # what was said in this chat so far, by both sides
    brought: tuple[Brought, ...] = ()  # of a chat: those that its visitor began before, whose lines are lines here too
    proved_at: Ms | None = None  # of a chat: when its visitor proved who they are
    pairing: Pairing | None = None  # of a device whose household said its code

    @property
    def line(self) -> AddressId:
        """What all spellings of one line have in common."""
        return self.of_line or self.id

    def bringing(self, chat: AddressId, *, owner: CustomerId, lines: int, line: int) -> "Address":
        """The address after lines of another chat, up to `lines` there, became the lines up to `line` here."""
        others = tuple(one for one in self.brought if one.chat != chat)
        brought = (*others, Brought(chat=chat, owner=owner, lines=lines))[-BROUGHT_MAX:]
        return replace(self.at_line(line), brought=brought)

    def at_line(self, line: int) -> "Address":
        """The address after one more was said in its chat."""
        return replace(self, lines=max(self.lines, line))

    def wrote_by_whatsapp(self, via: str, at: Ms) -> "Address":
        """The address after its owner wrote to `via`, a number of ours; what comes late closes no window earlier."""
        last = max([at, *(then for number, then in self.windows if number == via)])
        others = tuple(window for window in self.windows if window[0] != via)
        return replace(self, windows=(*others, (via, last))[-WINDOWS_MAX:])


@lru_cache(maxsize=16)  # a contact is asked for its key in several places
def matching_key(value: str) -> str:
    """The key under which an address is found again: equal for all spellings of one line, different for two lines.

    Brazil added a 9 before mobile subscriber numbers (12 to 13 digits; landlines begin with 2 to 5 and never got it),
    Mexico dropped the 1 after +52, Argentina writes a 9 for mobiles from abroad (ITU-T E.164 national notices).

    Mailboxes differ in case alone for nobody who runs one today (RFC 5321, 2.4, leaves it to the host).

    >>> matching_key("+55 11 8765-4321") == matching_key("+5511987654321")
    True
    >>> matching_key("Mia@Customer.example")
    'mail:mia@customer.example'
    >>> matching_key("device:sit_1/Ab") == matching_key("device:sit_1/ab")
    False
    """
    if value.startswith(AS_GIVEN):
        return f"as:{value}"
    plain = value.strip().casefold()
    digits = plain[1:]
    if "@" in plain and ":" not in plain:  # with a colon it is a SIP address
        return f"mail:{plain}"
    if not plain.startswith("+") or not (digits.isdecimal() or any(c.isdigit() for c in digits)):
        return f"as:{plain}"
    if not digits.isdecimal():
        digits = "".join(c for c in digits if c in "0123456789")
    if digits.startswith("55") and len(digits) == 12 and digits[4] in "6789":
        digits = f"{digits[:4]}9{digits[4:]}"
    elif digits.startswith("521") and len(digits) == 13:
        digits = f"52{digits[3:]}"
    elif digits.startswith("549") and len(digits) == 13:
        digits = f"54{digits[3:]}"
    return f"tel:{digits}"


def is_other_spelling(value: str) -> bool:
    """True where the key's spelling of a line is not the given one: a message must go out as its owner wrote it.

    >>> is_other_spelling("+551187654321"), is_other_spelling("+5511987654321")
    (True, False)
    """
    key = matching_key(value)
    if not key.startswith("tel:"):
        return False
    digits = len(value) - 1 if value[1:].isdecimal() else sum(c.isdecimal() for c in value)
    return len(key) - len("tel:") != digits
