"""The post as it really was: who wrote which mail to us, which mails of ours arrived where, and who learned of it.

Its one rule: it is the truth that the service only hears of. A mail is known by its bytes, for those are what we say
that we keep; what a machine at the sandbox wrote is noted when it sets out.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from channels.email.addresses import reference_of_message_id
from channels.email.post import Envelope, Post, Reply, Take, Unreached
from channels.sandbox.core import Sandbox
from channels.sandbox.mail.control_mail import MAIL_ADDRESS
from channels.sandbox.mail.reading import letter_of
from tests.simulation.log import Judge, Log
from tests.simulation.loop import Owner
from tests.simulation.mail_link import MailLink
from tests.simulation.mailbox import MailboxElsewhere

OURS = MAIL_ADDRESS
OUR_DOMAIN = OURS.rpartition("@")[2]
MARK = re.compile(r"mark-\d{5}")
REFERENCE = re.compile(r"<msg\.[a-z2-7]{45}@[^<>\s]+>")
FAILED = re.compile(rb"(?im)^Final-Recipient: rfc822; (\S+)")


@dataclass(eq=False, slots=True)
class Mailed:
    """One mail to us. `author` wrote it, whatever it says; `claims` is the address in its From."""

    author: str
    claims: str
    named: frozenset[str] = frozenset()  # whoever else it went to
    says_so: bool = False  # it says that no person wrote it
    is_machine: bool = False  # no person wrote it, whatever it says
    denied: bool = False  # its sender's domain says that it is not from there
    sure: bool = True  # that domain says that it is from there, or it answers a mail of ours
    about: str = ""  # the message of ours that a report is about
    failed: tuple[str, ...] = ()  # and who did not get it
    mark: str = ""  # stands in it and nowhere else
    text: str = ""  # all of it, as far as it is text
    taken: int = 0  # how often we said that we have it, or a mailbox of ours has it
    case: str = ""  # where it stands


@dataclass(eq=False, slots=True)
class Handed:
    """One mail of ours that arrived. `learned_by`: the process that heard of it."""

    reference: str
    learned_by: int | None = None


Heard = Callable[[str, bytes, str], None]
"""A mail of ours, or of somebody else, came into a mailbox: address, the mail, its return path."""


@dataclass(slots=True)
class Out:
    """A mail of ours on its way."""

    reference: str
    case: str
    recipients: tuple[str, ...]
    raw: bytes
    shown: str  # all that a reader can see of it


class PostOffice:
    """`take` is the service's door; `is_alive` tells of a process by its number."""

    def __init__(
        self,
        sandbox: Sandbox,
        *,
        seed: int,
        secret: bytes,
        judge: Judge,
        log: Log,
        world: Owner,
        take: Take,
        is_alive: Callable[[int], bool],
        note: Callable[[str], None],
        mailbox: MailboxElsewhere,
    ) -> None:
        self.sandbox = sandbox
        self.mailbox = mailbox
        self.by_hash: dict[str, Mailed] = {}
        self.mails: list[Mailed] = []
        self.handed: list[Handed] = []
        self.asked: Counter[str] = Counter()
        self.owner_of: dict[str, str] = {}  # address -> who it belongs to
        self.at_it = 0  # people who are about to write something
        self.looks: list[Callable[[Out], None]] = []
        self.hears: list[Heard] = []
        self._secret = secret
        self._judge = judge
        self._log = log
        self._is_alive = is_alive
        self._note = note
        self._take = take
        link = {"world": world, "note": self._passed}
        self.to_service = MailLink("mail in", chance=Random(f"mail in/{seed}"), take=self._bring, **link)
        self.from_service = MailLink(
            "mail out", chance=Random(f"mail out/{seed}"), take=self._arrive, admit=sandbox.mail_admits, **link
        )
        sandbox.post = self.to_service
        boxes = sandbox._mail_in._boxes  # pyright: ignore[reportPrivateUsage]
        self._receive = boxes.receive
        boxes.receive = self._received  # pyright: ignore[reportAttributeAccessIssue]

    # --- to the service -----------------------------------------------------------------------------------------------

    def wrote(self, mail: Mailed, *raws: bytes) -> Mailed:
        """Somebody wrote a mail; `raws` are the forms in which it may come."""
        self.mails.append(mail)
        mail.text = raws[0].decode("ascii", "replace")
        for raw in raws:
            self.by_hash[hashlib.sha256(raw).hexdigest()] = mail
        return mail

    async def _bring(self, envelope: Envelope) -> Reply:
        mail = self.mail_of(envelope.raw) or self.wrote(self._by_machine(envelope), envelope.raw)
        reply = await self._take(envelope)
        if reply.is_taken:
            mail.taken += 1
        return reply

    def mail_of(self, raw: bytes) -> Mailed | None:
        return self.by_hash.get(hashlib.sha256(raw).hexdigest())

    def _by_machine(self, envelope: Envelope) -> Mailed:
        """What a mailbox wrote by itself."""
        raw = envelope.raw
        sender = next(iter(letter_of(raw).addresses("From")), "")
        if sender.startswith("mailer-daemon@"):
            about = self.reference_in(raw.decode("ascii", "replace"))
            failed = tuple(one.decode().lower() for one in FAILED.findall(raw))
            return Mailed("a mail server", sender, says_so=True, is_machine=True, about=about, failed=failed)
        says_so = b"Auto-Submitted" in raw
        return Mailed(self.owner_of.get(sender, sender), sender, says_so=says_so, is_machine=True)

    # --- from the service ---------------------------------------------------------------------------------------------

    def post_of(self, process: int) -> Post:
        """The way out of one process."""
        return _Outward(self, process)

    async def hand_over(self, envelope: Envelope, process: int, *, timeout_s: float) -> tuple[Unreached, ...]:
        out = self._out(envelope)
        self._about_to_send(out)
        for look in self.looks:
            look(out)
        before = len(self.handed)
        unreached = await self.from_service.deliver(envelope, timeout_s=timeout_s)
        for one in self.handed[before:]:
            if one.reference == out.reference:
                one.learned_by = process
        return unreached

    def _about_to_send(self, out: Out) -> None:
        """Whatever is to be sent was written down as an attempt before (invariant 21), one for each time."""
        self.asked[out.reference] += 1
        message = self._log.message(out.reference)
        if message is None or message.attempts < self.asked[out.reference]:
            times = self.asked[out.reference]
            self._judge.broken(
                21, f"{out.reference} was mailed {times} times in {message and message.attempts} attempts"
            )

    async def _arrive(self, envelope: Envelope) -> Reply:
        reference = self._out(envelope).reference
        for one in self.handed:
            if one.reference != reference or one.learned_by is None:
                continue
            if self._is_alive(one.learned_by):
                self._judge.broken(21, f"{reference} was mailed again, and it was known that it had arrived")
            one.learned_by = None  # whoever knew is dead, and had not written it down
        this = Handed(reference)
        self.handed.append(this)
        reply = await self.sandbox.mail_in(envelope)  # where it raises, the mail was taken all the same
        if not reply.is_taken:
            self.handed.remove(this)
        return reply

    def arrived(self) -> Counter[str]:
        """How often each message of ours was taken by a mail server, by our reference."""
        return Counter(one.reference for one in self.handed)

    def answers_lost(self, reference: str) -> int:
        """How often a mail of ours arrived, and nobody learned of it."""
        return sum(one.reference == reference and one.learned_by is None for one in self.handed)

    def reference_in(self, text: str) -> str:
        """The message of ours that a text names by its Message-ID."""
        found = REFERENCE.search(text)
        return (reference_of_message_id(found[0], self._secret) or "") if found else ""

    def _out(self, envelope: Envelope) -> Out:
        letter = letter_of(envelope.raw)
        recipients = tuple(one.lower() for one in envelope.recipients)
        reference = self._meant(reference_of_message_id(letter.message_id, self._secret) or "", recipients)
        message = self._log.message(reference)
        shown = "\n".join((letter.text, *(value for _, value in letter.headers), letter.subject))
        return Out(reference, message.case if message else "", recipients, envelope.raw, shown)

    def _meant(self, named: str, recipients: tuple[str, ...]) -> str:
        """The message of ours that is under way: the one that its Message-ID names, or the one by which somebody in
        copy gets the same mail alone."""
        vault = self._log.vault
        for one in self._log.messages():
            if one.copy_of == named and recipients == (vault.get(one.address, "").lower(),):
                return one.id
        return named

    # --- mailboxes ----------------------------------------------------------------------------------------------------

    def is_busy(self) -> bool:
        """Whether a mail is on its way, or a machine is about to write one."""
        if self.at_it or self.to_service.under_way or self.from_service.under_way:
            return True
        tasks = self.sandbox._ground._tasks  # pyright: ignore[reportPrivateUsage]
        return any(task.get_name().startswith(("mail to", "what ")) for task in tasks)

    def _received(self, address: str, raw: bytes, *, return_path: str, **more: object) -> None:
        self._receive(address, raw, return_path=return_path, **more)  # pyright: ignore[reportArgumentType]
        for hear in self.hears:
            hear(address.lower(), raw, return_path)

    def _passed(self, what: str, envelope: Envelope) -> None:
        digest = hashlib.blake2b(envelope.raw, digest_size=8).hexdigest()
        self._note(f"{what} {envelope.sender} {' '.join(envelope.recipients)} {digest}")


@dataclass(slots=True)
class _Outward:
    _office: PostOffice
    _process: int

    async def deliver(self, envelope: Envelope, *, timeout_s: float) -> tuple[Unreached, ...]:
        return await self._office.hand_over(envelope, self._process, timeout_s=timeout_s)
