"""Texts of ours, by SMS and WhatsApp: how long one may be, how many a day about one case, and how one is queued.

Its one rule: they cost money and patience, so nothing of ours passes the policy's limits unseen. What is too long is
refused, never cut; what is one too many waits for a person's reason. It does not choose the way.
"""

from policies import SendingSettings
from policies.call_hours import ring_from
from policies.segments import segments_of
from policies.whose_clock import day_zones
from router.core.choice import Choice, Way
from router.core.clock import Ms
from router.core.commands import Actor
from router.core.context import Making
from router.core.documents import Case, Customer, Mailing, Message, MessageState
from router.core.errors import Reason, Rejected
from router.core.events import MessageHurried, MessageQueued, TextWithheld
from router.core.mailing import apart_mailing, automatic_mailing_of, mailing_of
from router.core.tree import heard_at
from router.core.values import replace
from router.core.words import DAY_MS, MINUTE_MS, ActorKind, AddressId, Channel, MessageId, PromiseId, VaultId

WHATSAPP_CHARS_MAX = 1600
DAY = "when it is day there"
ANSWERED_MS = 30 * MINUTE_MS
"""Who wrote or called within this time gets words at any hour: they are up."""
TEXTS = (Channel.SMS, Channel.WHATSAPP)
"""Channels whose messages count: each costs, and each makes somebody's phone sound."""


def check_length(choice: Choice, text: str, sending: SendingSettings) -> None:
    """Raises Rejected(TEXT_TOO_LONG) where `text` by SMS would go out in more parts than the policy allows."""
    if parts := too_many_parts(choice.way.channel, segments_of(text), sending):
        others = tuple(dict.fromkeys(way.channel.value for way in choice.alternatives))
        instead = tuple(channel for channel in others if channel != Channel.SMS)
        raise Rejected(Reason.TEXT_TOO_LONG, f"{parts} texts, and {sending.sms_max_segments} are allowed", instead)
    if choice.way.channel is Channel.WHATSAPP and len(text) > WHATSAPP_CHARS_MAX:
        what = f"{len(text)} characters, and {WHATSAPP_CHARS_MAX} fit"
        raise Rejected(Reason.TEXT_TOO_LONG, what)


def too_many_parts(channel: Channel, segments: int, sending: SendingSettings) -> int:
    """The parts of a text where they are too many for `channel`; else 0."""
    return segments if channel is Channel.SMS and segments > sending.sms_max_segments else 0


def check_budget(case: Case, channel: Channel, *, now: Ms, sending: SendingSettings) -> None:
    """Raises Rejected(TEXTS_SPENT) where one more text about this case would be one too many for a day."""
    if (next_at := spent_until(case, channel, now=now, sending=sending)) is not None:
        raise Rejected(Reason.TEXTS_SPENT, str(sending.texts_a_day), when=next_at)


def spent_until(case: Case, channel: Channel, *, now: Ms, sending: SendingSettings, is_owed: bool = False) -> Ms | None:
    """When the next text about this case is possible; None: now. `is_owed`: it answers their own words, or says what
    becomes of what we promised."""
    recent = [at for at in case.texts if at > now - DAY_MS] if channel in TEXTS else []
    most = max(sending.texts_a_day, sending.owed_a_day) if is_owed else sending.texts_a_day
    if len(recent) < most:
        return None
    return Ms(recent[-most] + DAY_MS)


def budget_of(channel: Channel, sending: SendingSettings) -> int:
    """How many times of texts the case must remember; 0 for a message that counts for nothing."""
    return max(sending.texts_a_day, sending.owed_a_day) if channel in TEXTS else 0


def day_for(making: Making, case: Case, way: Way) -> Ms | None:
    """When words that nobody there waits for at this hour may make a phone sound; None: at once."""
    address = making.customer(case.customer).address(way.address)
    if way.channel not in TEXTS or address is None or making.now - heard_at(case) <= ANSWERED_MS:
        return None
    customer = making.customer(case.customer)
    zones = day_zones(address.facts.zones, profile=customer.zone, asked=customer.zone_said)
    day = Ms(ring_from(making.now, zones))
    return day if day > making.now else None


def queue_message(
    making: Making,
    case: Case,
    way: Way,
    words: VaultId,
    *,
    segments: int,
    by: Actor,
    reasons: tuple[str, ...],
    moved_from: MessageId | None = None,
    html: VaultId | None = None,
    files: tuple[VaultId, ...] = (),
    is_secret: bool = False,
    shown_in: AddressId | None = None,
    along: tuple[VaultId, ...] = (),
    due_at: Ms | None = None,
    about: PromiseId | None = None,
    suggests: tuple[Ms, Ms] | None = None,
    doubt: str = "",
) -> None:
    """Queue words of ours that stand in the vault already. `moved_from`: the message that could not carry them.
    `is_secret`: they are for nobody but whoever gets them. `shown_in`: a chat that shows them as well; `along`: words
    that go ahead of them. `about`: the promise of which they say what becomes of it; `suggests`: the time for our call
    for which they ask, and `doubt`: why."""
    if due_at is None:
        _hurry(making, way)
    chat = way.address if way.channel is Channel.CHAT else shown_in
    making.emit(
        MessageQueued(
            message=MessageId(making.context.ids.new("msg")),
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            channel=way.channel,
            address=way.address,
            via=way.via,
            words=words,
            segments=segments,
            author=by.kind,
            author_id=by.id,
            reasons=reasons,
            mail=replace(_mailing(making, case, by, way, is_secret=is_secret), html=html, files=files)
            if way.channel is Channel.EMAIL
            else None,
            budget=budget_of(way.channel, making.context.policy.settings.sending),
            moved_from=moved_from,
            is_secret=is_secret,
            line=_line(making, chat) if chat is not None else 0,
            shown_in=shown_in,
            along=along,
            due_at=due_at,
            about=about,
            suggests=suggests,
            doubt=doubt,
        )
    )


def _hurry(making: Making, way: Way) -> None:
    """What waits for the day there goes ahead of whatever makes their phone sound now."""
    waiting = [
        d
        for d in making.state.values()
        if isinstance(d, Message) and (d.channel, d.address) == (way.channel, way.address) and _waits(d, making.now)
    ]
    for message in sorted(waiting, key=lambda m: m.queued_at):
        making.emit(MessageHurried(message=message.id, at=making.now))


def _waits(message: Message, now: Ms) -> bool:
    is_untried = message.state == MessageState.QUEUED and message.attempts == 0
    return is_untried and message.copy_of is None and message.due_at is not None and message.due_at > now


def _line(making: Making, chat: AddressId) -> int:
    """The number of the next line of a chat."""
    owners = (d for d in making.state.values() if isinstance(d, Customer))
    return next(a.lines for d in owners if (a := d.address(chat)) is not None) + 1


def _mailing(making: Making, case: Case, by: Actor, way: Way, *, is_secret: bool) -> Mailing:
    if is_secret:
        return apart_mailing()
    if by.kind is not ActorKind.AGENT:
        return automatic_mailing_of(making.state, case)
    mailing = mailing_of(making.state, case)  # whoever it goes to gets no copy of it
    return replace(mailing, copies=tuple(id for id in mailing.copies if id != way.address))


def withhold(
    making: Making,
    case: Case,
    *,
    what: str,
    why: str,
    on_page: bool = False,
    suggests: tuple[Ms, Ms] | None = None,
    doubt: str = "",
) -> None:
    """Note that a text which nobody asked us for is not sent. `what` names it: the key of its phrase; `on_page`: their
    page shows what became of it, with the time for our call that it `suggests`, and why (`doubt`)."""
    making.emit(
        TextWithheld(
            case=case.id, at=making.now, entry=case.entries + 1, what=what, why=why,
            on_page=on_page, suggests=suggests if on_page else None, doubt=doubt if on_page else "",
        )
    )  # fmt: skip
