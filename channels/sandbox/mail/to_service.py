"""Mail to the service, as the customer's mail server carries it: tried again while the service is not able, returned to
its sender when it does not want it.

Its one rule: a mail ends in the service or in a report to its sender (RFC 5321 section 4.5.4), unless it is such a
report itself. It does not look into mails.
"""

from channels.email.post import Envelope, Post, PostFailure, PostRefused, Reply, Unreached
from channels.sandbox.ground import Ground
from channels.sandbox.mail.letters import Stamp, Undelivered, bounce
from channels.sandbox.mail.mailboxes import Mailboxes, Sent
from channels.sandbox.mail.reading import letter_of
from router.core.clock import Ms

POST_S = 30.0  # real seconds for one attempt
RETRY_AFTER_S = (60, 300, 900, 3_600, 3 * 3_600, 6 * 3_600)
"""How long after each failed attempt the next one comes; after the last, the mail is returned."""

TAKEN = "250 OK"
NO_SERVER = "the sandbox was not told where the service takes mail"


class MailToService:
    """`domain` is the service's own; `post` may come later."""

    def __init__(self, ground: Ground, boxes: Mailboxes, *, domain: str, post: Post | None) -> None:
        self.post = post
        self._ground = ground
        self._boxes = boxes
        self._domain = domain.lower()

    def is_ours(self, address: str) -> bool:
        """Is it an address in the service's domain?"""
        domain = address.rpartition("@")[2].lower()
        return domain == self._domain or domain.endswith(f".{self._domain}")

    async def send(self, envelope: Envelope) -> Sent:
        """Deliver, once now and then in the background as often as it takes."""
        sent = Sent(self._ground.now(), envelope.recipients, letter_of(envelope.raw).brief())
        if envelope.sender:
            self._boxes.used(envelope.sender).sent.append(sent)
        if not await self._attempt(envelope, sent, attempt=1):
            self._ground.start(self._try_again(envelope, sent), name=f"mail to {envelope.recipients[0]}")
        return sent

    def give(self, envelope: Envelope) -> None:
        """Send what a mailbox wrote by itself, in the background: to the service, or to another mailbox here."""
        here = [one for one in envelope.recipients if not self.is_ours(one) and self._boxes.has(one)]
        for recipient in here:
            self.put(recipient, envelope)
        if rest := tuple(one for one in envelope.recipients if one not in here):
            there = Envelope(envelope.sender, rest, envelope.raw)
            self._ground.start(self.send(there), name=f"mail to {rest[0]}")

    def put(self, recipient: str, envelope: Envelope) -> None:
        """Into a mailbox, without the service."""
        self._boxes.receive(recipient, envelope.raw, return_path=envelope.sender, at=self._ground.now())

    def bounce(self, envelope: Envelope, failed: list[Undelivered], *, host: str, came_at: Ms) -> Envelope | None:
        """The report to the return path; None where there is none."""
        if not envelope.sender:
            return None
        stamp = Stamp(self._ground.now(), self._ground.token())
        raw = bounce(envelope.raw, failed, to=envelope.sender, host=host, came_at=came_at, stamp=stamp)
        return Envelope("", (envelope.sender,), raw)

    async def _try_again(self, envelope: Envelope, sent: Sent) -> None:
        for place, wait_s in enumerate(RETRY_AFTER_S):
            await self._ground.sleep_ms(wait_s * 1000)
            if await self._attempt(envelope, sent, attempt=2 + place):
                return
        self._return(envelope, sent)

    async def _attempt(self, envelope: Envelope, sent: Sent, *, attempt: int) -> bool:
        """True when nothing more is to be done."""
        refusal = await self._deliver(envelope, sent, attempt=attempt)
        if refusal is None:
            sent.state = "accepted"
            if self._ground.strikes(self._ground.faults.mail_twice):
                await self._deliver(envelope, sent, attempt=attempt, fault="twice")
            return True
        if refusal.code < 500:
            return False
        self._return(envelope, sent)
        return True

    async def _deliver(self, envelope: Envelope, sent: Sent, *, attempt: int, fault: str = "") -> Reply | None:
        """None when the service has it. No reply is as good as a passing refusal."""
        exchange = self._ground.traffic.begin_mail(
            "in",
            envelope.sender,
            envelope.recipients,
            subject=sent.letter.subject,
            message_id=sent.letter.message_id,
            size_bytes=len(envelope.raw),
            at=self._ground.now(),
        )
        exchange.attempt, exchange.faults = attempt, [fault] if fault else []
        with self._ground.activity.doing(f"mail to {envelope.recipients[0]}"):
            try:
                if self.post is None:
                    raise PostFailure(NO_SERVER, may_have_arrived=False)
                unreached = await self.post.deliver(envelope, timeout_s=POST_S)
            except PostRefused as refused:
                exchange.answered(refused.code, refused.text)
                sent.reply = str(refused)
                return Reply(refused.code, refused.text)
            except PostFailure as failure:
                exchange.failure = str(failure)
                sent.reply = f"no reply: {failure}"
                return Reply(451, "4.4.1 No answer from host")
        exchange.answered(250, "OK")
        sent.reply = TAKEN
        if not fault:
            self._see_to(envelope, sent, unreached)
        return None

    def _see_to(self, envelope: Envelope, sent: Sent, unreached: tuple[Unreached, ...]) -> None:
        """Those whom the service refused while it took the mail for others."""
        if failed := [Undelivered(one.address, str(one.reply)) for one in unreached if one.is_permanent]:
            self._report(envelope, failed, came_at=sent.at)
        if later := tuple(one.address for one in unreached if not one.is_permanent):
            rest = Envelope(envelope.sender, later, envelope.raw)
            self._ground.start(self._try_again(rest, sent), name=f"mail to {later[0]}")

    def _return(self, envelope: Envelope, sent: Sent) -> None:
        sent.state = "bounced"
        reply = sent.reply if sent.reply[:1] in "45" else f"4.4.7 Delivery time expired; {sent.reply}"
        failed = [Undelivered(one, reply) for one in envelope.recipients]
        self._report(envelope, failed, came_at=sent.at)

    def _report(self, envelope: Envelope, failed: list[Undelivered], *, came_at: Ms) -> None:
        host = f"mail.{envelope.sender.rpartition('@')[2]}"
        if report := self.bounce(envelope, failed, host=host, came_at=came_at):
            self.put(envelope.sender, report)
