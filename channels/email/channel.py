"""Mail as a channel: messages of ours become mails that find their way back to their case.

Its one rule: every mail carries its case in a signed reply address and in its own Message-ID, so that an answer joins
without anybody's memory; one to somebody who may be a stranger has no such address. Mail that comes in is taken by the
letterbox, not here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from channels.base import Capabilities, IsKnown, Letter, Outgoing, Received, Refusal, Sent
from channels.email.addresses import ReplyAddress, is_mail_address, message_id_of
from channels.email.composing import compose
from channels.email.letter import Mailbox, Part
from channels.email.post import Envelope, Post, PostFailure, PostRefused
from channels.wire import WireRequest, WireResponse
from router.core.clock import Ms
from router.core.commands import TakeCall, TakeContact, TakeRecording
from router.core.words import Channel, Setback

SEND_S = 60.0
ONLY_ID = 0
"""Whatever the attempt, a mail has one Message-ID: sent twice it is one mail to whoever gets it."""


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Who we are by mail. `secret` signs what must find its way back; whoever has it can make others' mail join."""

    address: str
    secret: bytes = field(repr=False)


class EmailChannel:
    id = "email"
    carries: Sequence[Channel] = (Channel.EMAIL,)
    capabilities = Capabilities(
        media=True,
        text_chars_max=100_000,
        can_start=True,
        can_send=True,
        carries_proof=True,
        repeats_safely=True,
    )
    paths: Sequence[str] = ()

    def __init__(self, settings: MailSettings, post: Post) -> None:
        self._settings = settings
        self._post = post

    def receive(self, request: WireRequest, now: Ms) -> Received:
        raise Refusal("mail does not come this way", status=404)

    async def send(self, message: Outgoing) -> Sent:
        letter = message.letter
        if letter is None or not is_mail_address(message.to):
            return Sent("refused", error="there is no address to write to")
        id, first = self._message_id(message.reference), letter.copy_of
        shown_to = first.to if first is not None and is_mail_address(first.to) else message.to
        copies = tuple(dict.fromkeys(one for one in letter.copies if is_mail_address(one) and one != shown_to))
        try:
            envelope = Envelope(
                sender="" if letter.automatic else self._reply_address(letter),
                recipients=(message.to,) if first is not None else (message.to, *copies),
                raw=self._composed(message, letter, to=shown_to, copies=copies),
            )
        except ValueError as problem:  # nothing that a stranger wrote may stop us; a person looks at it
            return Sent("refused", error=f"the mail cannot be written: {problem}"[:300])
        try:
            unreached = await self._post.deliver(envelope, timeout_s=SEND_S)
        except PostRefused as refused:
            error = f"{refused.code} {refused.text}"[:300]
            if not refused.permanent:
                return Sent("again", error=error, of_recipient=refused.of_recipient)
            unreached = (message.to,) if refused.of_recipient else ()
            return Sent("refused", error=error, setback=Setback.UNREACHABLE, unreached=unreached)
        except PostFailure as failure:
            return Sent("lost" if failure.may_have_arrived else "again", error=str(failure)[:300])
        later = [one for one in unreached if not one.is_permanent]
        return Sent(
            "sent",
            provider_id=id,
            error=str(later[0].reply)[:300] if later else "",
            unreached=tuple(one.address for one in unreached if one.is_permanent),
            later=tuple(one.address for one in later),
        )

    def _composed(self, message: Outgoing, letter: Letter, *, to: str, copies: tuple[str, ...]) -> bytes:
        answered = letter.thread[-1] if letter.thread else ""
        return compose(
            sender=Mailbox(name=letter.brand, address=message.via or self._settings.address),
            to=(Mailbox(name="", address=to),),
            cc=tuple(Mailbox(name="", address=one) for one in copies),
            reply_to=self._reply_address(letter) if letter.leads_back else "",
            subject=letter.subject,
            message_id=self._message_id(letter.copy_of.reference if letter.copy_of else message.reference),
            in_reply_to=answered,
            is_answer=letter.is_answer,
            references=letter.thread,
            date=message.attempted_at,
            text=message.text,
            automatic="auto-replied" if letter.automatic else "",
            html=letter.html,
            parts=[Part(name=f.name, content_type=f.content_type, content=f.content) for f in letter.files],
        )

    def _message_id(self, reference: str) -> str:
        return message_id_of(reference, ONLY_ID, self._domain, self._settings.secret)

    def _reply_address(self, letter: Letter) -> str:
        return ReplyAddress.sign(letter.case, self._settings.secret, self._settings.address)

    @property
    def _domain(self) -> str:
        return self._settings.address.rpartition("@")[2]

    async def find(self, message: Outgoing) -> Sequence[str]:
        """No mail server tells what it took: it is sent again under the same Message-ID."""
        return ()

    async def missed(
        self, since: Ms, until: Ms | None, is_known: IsKnown
    ) -> Sequence[TakeContact | TakeCall | TakeRecording]:
        """Whoever could not reach us tries again by themselves; a mailbox elsewhere keeps its own place."""
        return ()

    async def fetch_media(self, url: str) -> WireResponse | None:
        return None
