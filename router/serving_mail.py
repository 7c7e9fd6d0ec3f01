"""Wiring of mail: settings into a way out, a listener, a reader and an address."""

import hmac
import random
import ssl
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import structlog

from channels.email import imap_port
from channels.email.addresses import BASE_LOCAL_MAX, is_mail_address
from channels.email.channel import EmailChannel, MailSettings
from channels.email.imap import ImapMailbox, ImapSettings, ImapState, Position
from channels.email.post import ACCEPTED, Envelope, Reply, Take
from channels.email.reader import Reader
from channels.email.smtp import SmtpListener, SmtpPost
from channels.email.smtp_session import SmtpLimits
from router.core.clock import Ms
from router.journal.base import Journal, JournalStopped
from router.node.letterbox import MailHome, MailMeans
from router.node.node import Node
from router.settings import MailSection, SettingsProblem

NOT_OURS = Reply(550, "5.7.1 This is no mailbox of ours")
NOT_NOW = Reply(451, "4.3.2 Not taking mail now, please try again later")
PURPOSE = b"onecase mail"

log = structlog.get_logger("onecase.mail")


def derived(secret: bytes, purpose: bytes) -> bytes:
    """A secret for one purpose, from the instance's."""
    return hmac.digest(secret, purpose, "sha256")


@dataclass(slots=True)
class Mail:
    """What a service has for mail. `channel` writes; `means` are what its node reads with."""

    section: MailSection
    means: MailMeans
    channel: EmailChannel
    reader: Reader


def mail_of(section: MailSection, secret: bytes, *, addresses: Sequence[str] = ()) -> Mail | None:
    """None where no address is set. `addresses`: more of ours. Raises SettingsProblem."""
    if not section.address:
        return None
    if not is_mail_address(section.address) or section.address.find("@") > BASE_LOCAL_MAX:
        expected = (
            f"an address with at most {BASE_LOCAL_MAX} characters before its @, for what we add to it to answer to"
        )
        raise SettingsProblem([f"mail.address: found {section.address!r}, expected {expected}"])
    if not section.smtp_host:
        raise SettingsProblem(
            ["mail.smtp_host: is empty; name the server by which mail goes out, or leave address empty"]
        )
    home = MailHome(
        address=section.address,
        domains=tuple(dict.fromkeys(d.lower() for d in (section.address.rpartition("@")[2], *section.domains))),
        others=tuple(one for one in addresses if one.lower() != section.address.lower()),
    )
    reader = Reader(verifier=section.verifier, ours=(home.address, *home.others))
    post = SmtpPost(
        section.smtp_host,
        section.smtp_port,
        tls=section.smtp_tls,
        username=section.smtp_username,
        password=section.smtp_password.get_secret_value(),
        name=home.domains[0],
        tls_context=_trust(section.smtp_ca_file),
    )
    return Mail(
        section=section,
        means=MailMeans(home=home, secret=secret, read=reader),
        channel=EmailChannel(MailSettings(address=section.address, secret=secret), post),
        reader=reader,
    )


def _trust(ca_file: str) -> ssl.SSLContext | None:
    """Whom the server by which mail goes out must be vouched for by. Raises SettingsProblem."""
    if not ca_file:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as problem:
        why = problem.strerror or "they are no certificates"
        raise SettingsProblem([f"mail.smtp_ca_file: no certificates can be read from {ca_file!r} ({why})"]) from None


class Places:
    """How far the folders of a mailbox are taken, kept in the journal."""

    def __init__(self, journal: Journal, mailbox: str) -> None:
        self._journal = journal
        self._mailbox = mailbox

    async def load(self, folder: str) -> Position | None:
        kept = await self._journal.record("imap", f"{self._mailbox}/{folder}")
        return Position(*(int(part) for part in kept.split("/"))) if kept else None

    async def save(self, folder: str, position: Position) -> None:
        body = f"{position.uid_validity}/{position.uid}"
        await self._journal.put_record("imap", f"{self._mailbox}/{folder}", body)


def follow(mail: Mail, node: Node, stack: AsyncExitStack) -> ImapMailbox | None:
    """Read a mailbox elsewhere where the settings name one. What is wrong with it shows in its state."""
    section = mail.section.imap
    if not section.host:
        return None

    mailbox = ImapMailbox(
        ImapSettings(
            host=section.host,
            port=section.port,
            tls=section.tls,
            ca_file=section.ca_file,
            user=section.user,
            password=section.password.get_secret_value(),
            folders=tuple(section.folders),
            address=mail.section.address,
            seen=section.seen,
            bytes_max=mail.section.bytes_max,
            look_back_days=section.look_back_days,
            poll_s=section.poll_s,
        ),
        reading(node),
        Places(node.journal, f"{section.user}@{section.host}"),
        node.clock,
        jitter=random.SystemRandom().random,
        on_state=StateLog(),
    )
    mailbox.start()
    stack.push_async_callback(mailbox.close)
    return mailbox


def reading(node: Node) -> imap_port.Take:
    """How a node takes what lies in a mailbox elsewhere."""

    async def take(envelope: Envelope, _: str) -> bool:
        if not node.is_ready:
            return False
        node.faults.reach("mail.before_take")
        await node.take_mail(envelope, late=True)
        node.faults.reach("mail.before_answer")
        return True

    return take


def is_read(state: ImapState) -> tuple[bool, bool]:
    """Whether a mailbox is read, and whether all of its folders are: over a connection that holds, what is wrong is
    wrong with a folder."""
    return state.connected_since is not None or not state.error, not state.error


class StateLog:
    """Logs each failure of a mailbox once: its state bears the error until the mailbox is well again."""

    def __init__(self) -> None:
        self._logged: Ms | None = None

    def __call__(self, state: ImapState) -> None:
        if state.error and state.error_at != self._logged:
            self._logged = state.error_at
            log.warning("the mailbox", doing=state.doing, error=state.error)


def taking(node: Node) -> Take:
    """How a node answers to a mail: with 250 once it is durable, and before and afterwards that it comes too early."""

    async def take(envelope: Envelope) -> Reply:
        if not node.is_ready:
            return NOT_NOW
        node.faults.reach("mail.before_take")
        try:
            await node.take_mail(envelope)
        except JournalStopped:
            return NOT_NOW
        node.faults.reach("mail.before_answer")
        return ACCEPTED

    return take


async def listen(mail: Mail, node: Node, stack: AsyncExitStack) -> tuple[str, int] | None:
    """Take mail by SMTP where the settings say so; the address it listens on. Raises OSError as a socket does."""
    section = mail.section
    if section.listen_port < 0:
        return None
    home = mail.means.home

    listener = await SmtpListener.start(
        section.listen_host,
        section.listen_port,
        taking(node),
        SmtpLimits(message_bytes=section.bytes_max),
        name=home.domains[0],
        admit=lambda _, recipient: None if home.takes(recipient) else NOT_OURS,
    )
    stack.push_async_callback(listener.close)
    return section.listen_host, listener.port
