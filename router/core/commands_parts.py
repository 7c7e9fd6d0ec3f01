"""What commands are made of: who gives them, and what comes along whole. Used through `core.commands`."""

from router.core.clock import Ms
from router.core.values import field, value
from router.core.words import (
    ActorKind,
    AddressId,
    Channel,
    MessageId,
)


@value
class Actor:
    kind: ActorKind
    id: str | None = None


SYSTEM = Actor(ActorKind.SYSTEM)
CUSTOMER = Actor(ActorKind.CUSTOMER)


@value
class Media:
    """A file that came along: where it can be fetched, and what the sender says it is."""

    url: str
    content_type: str


@value
class File:
    """A file that came along whole. `content` is None where it was stored before."""

    name: str
    content_type: str
    hash: str  # SHA-256, hexadecimal
    size_bytes: int
    content: bytes | None = None
    note: str = ""


@value
class Other:
    """Somebody else whom a mail went to. `owner`: the customer who has this address; `takes_part_in`: cases of whom the
    mail is about. Both are found under that customer's lock."""

    address: str
    owner: str = ""
    takes_part_in: tuple[str, ...] = ()


@value
class MailIn:
    """What a mail carries besides its new words; addresses as they were written, and plain ones to write back to."""

    id: str  # its Message-ID
    raw: File
    thread: str = ""  # Message-IDs it refers to, oldest first
    subject: str = ""
    sender: str = ""
    to: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    others: tuple[Other, ...] = ()  # everybody it went to besides us and its sender
    full_text: str = ""
    html: str = ""
    files: tuple[File, ...] = ()
    automatic: str = ""
    language: str = ""  # what its writer's program names it, as two letters
    vouched: bool | None = None  # the verifier we trust says that it comes from where it says; None: it says nothing
    claimed: bool = False  # its sender stands in Reply-To and not in From, and for that nobody vouches
    several: bool = False  # its From names several, of which none is believed
    joins: bool = True  # whoever has the reply address of a case may begin to take part; else only who is known there
    keys: tuple[str, ...] = ()  # under which mails that refer to it find its case
    subject_key: str = ""  # equal for equal subjects, and tells nothing of them
    bounced: MessageId | None = None  # the message of ours that came back
    bounced_at: tuple[AddressId, ...] = ()  # whom it did not reach; empty: it does not say, or says somebody else
    bounced_for_good: bool = False
    bounced_why: str = ""
    answers: tuple[tuple[MessageId, str], ...] = ()  # mails of ours that it answers, with their Message-IDs
    to_person: bool = False  # the mail of ours that it answers was written by one of us
    quiet: str = ""  # why its first automatic answer may not go out
    unanswered: str = ""  # why none at all may go out because of it, as it asks for none by its header
    redacted: bool = False  # a card number was taken out of it
    notes: tuple[str, ...] = ()


@value
class Touch:
    """What comes with a touch of a button besides words and context. Redacted and bounded by whoever read it."""

    extra: dict[str, str] = field(default_factory=dict[str, str])  # what could not be used, by name
    calls: bool = False  # they want to be called when it is their turn
    soon: bool = False  # they said so: now
    time: str = ""  # when they want to be called, in their words
    window: tuple[Ms, Ms] | None = None  # the same, where a program named it
    prefers: Channel | None = None  # how they want to be answered
    wish: str = ""  # how they want to be reached, for the agent to read
    key: str = ""  # the id of the device's key that signed it, where it is signed as it should be
    fresh_key: str = ""  # the id of a key that the device is given with the answer, or can be
    number: str = ""  # where they are to be called, when the contact did not come from there

    @property
    def wants_call(self) -> bool:
        """Whether they want to be called, at once or at a time."""
        return self.calls or bool(self.time or self.window)
