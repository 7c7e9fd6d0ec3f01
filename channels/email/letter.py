"""What a mail says, as plain values.

One rule: a `Letter` is complete and safe to show; whoever has one never looks into the raw mail again. It does not
say whose case the mail belongs to.
"""

from router.core.clock import Ms
from router.core.values import value

__all__ = ["Bounce", "Letter", "Mailbox", "Part"]


@value
class Mailbox:
    """A name as people see it, and the bare address (`mia@customer.example`), empty where there is none to trust."""

    name: str
    address: str


@value
class Part:
    """A file that came along: `content_type` is found in its bytes, `note` says what is odd about it."""

    name: str  # a base name, safe to show and to save under
    content_type: str
    content: bytes
    note: str = ""  # such as "sealed: S/MIME", "empty", "type says image/png, content is a program"
    content_id: str = ""  # what `cid:` addresses in the HTML name it by


@value
class Bounce:
    """A mail of ours that did not arrive, as a mail server tells it."""

    final_recipient: str = ""
    status: str = ""  # RFC 3463, such as 5.1.1
    permanent: bool = False  # given up; False: the server goes on trying
    original_message_id: str = ""
    reason: str = ""
    failed: tuple[str, ...] = ()  # everybody whom it will not reach any more


@value
class Letter:
    """One mail, read. Texts have unix line ends and neither control characters nor lone surrogates."""

    message_id: str  # with its angle brackets; made from the content where the mail has none
    fingerprint: str  # of sender, date, subject and body, without the traces of the way: equal for the same mail
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()  # oldest first; also the mail that a bounce, a receipt or a complaint is about
    thread_index: str = ""  # 44 hexadecimal digits that name the conversation in Outlook
    date: Ms | None = None  # None where missing or absurd
    subject: str = ""
    language: str = ""  # two letters, as its writer's program names it; programs name their own instead, too
    sender: Mailbox | None = None  # the one From address; None when there is none, or more than one
    from_all: tuple[Mailbox, ...] = ()
    reply_to: tuple[Mailbox, ...] = ()
    rewritten: Mailbox | None = None  # who wrote it, where a group sends it on under an address of its own
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    delivered_to: tuple[str, ...] = ()
    text: str = ""
    html: str = ""  # made safe
    new_words: str = ""
    history: str = ""
    parts: tuple[Part, ...] = ()
    automatic: str = ""  # auto-reply, bounce, list, complaint, receipt, calendar, own, bulk; empty for people's mail
    quiet: str = ""  # why no machine should answer it, though a person may have written it, whatever `automatic` says
    bounce: Bounce | None = None
    authenticated: str = "none"  # pass, fail, none: DMARC as the configured verifier found it
    notes: tuple[str, ...] = ()  # what is odd, in words for the agent
    source: bytes = b""  # what is kept as its source where a card number stood in it; empty: the mail as it came

    @property
    def answered(self) -> tuple[Mailbox, ...]:
        """To whom answers are to go, as the mail says; nobody: to whom it is from."""
        return self.reply_to + ((self.rewritten,) if self.rewritten is not None else ())
