"""What visitors do in a chat besides writing: they leave, and they prove that an address is theirs by a code.

Its one rule: an address that somebody typed leads to nobody. It can be written to, and nobody is found by it, until a
code that went there comes back; only a reply from there to what we wrote goes to the case that we wrote about. What is
said to whoever typed it is the same whether or not we know the address.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress

from policies.segments import segments_of
from router.core.addresses import Address, AddressKind, matching_key
from router.core.choice import There, Way, choose_way, was_left
from router.core.clock import Ms
from router.core.commands import SYSTEM, Actor, AskCode, FollowAnswers, GiveCode, Indexed
from router.core.contacts import clean_text, new_address
from router.core.context import Making
from router.core.documents import Case, Customer, Document, Message, MessageState
from router.core.errors import Reason, Rejected
from router.core.events import (
    AddressAdded,
    AddressProved,
    AnswersFollowed,
    CodeAsked,
    CodeRefused,
    MessageQueued,
)
from router.core.mailing import brand_of
from router.core.texts import TEXTS, queue_message, spent_until, too_many_parts
from router.core.tree import owner_of_address
from router.core.values import replace
from router.core.words import DAY_MS, MINUTE_MS, AddressId, Channel, MessageId

BETWEEN = "\n\n"
"""Between several answers that go in one message."""
CODE_MS = 10 * MINUTE_MS
CODE_TRIES = 5
TYPED_MAX = 5
"""Addresses that one visitor may type; each could be somebody else's."""
UNREAD = (MessageState.QUEUED, MessageState.SENT)


def unread_of(making: Making, address: AddressId) -> list[Message]:
    """Messages of ours that wait in a chat, the oldest first."""
    return unread_in(making.state.values(), address)


def unread_in(documents: Iterable[Document], address: AddressId) -> list[Message]:
    """The same, among these documents."""
    found = [
        d
        for d in documents
        if isinstance(d, Message) and d.channel is Channel.CHAT and d.address == address and d.state in UNREAD
    ]
    return sorted((m for m in found if m.moved_to is None), key=lambda m: m.line)


def follow_answers(making: Making, command: FollowAnswers) -> None:
    """Send what waits in a chat after whoever left it, once and as one message, by the way that they allowed; where it
    is closed, or cannot carry it, by the next that reaches them.

    Raises Rejected where they allowed none, nothing waits, or something else does than `command.text` says."""
    customer = making.customer(command.customer)
    waiting = unread_of(making, command.address)
    if not waiting or tuple(m.id for m in waiting) != command.messages or making.context.there(command.address):
        raise Rejected(Reason.NOTHING_TO_DO, "answers")
    case = making.case(waiting[-1].case)
    segments = segments_of(command.text)
    way = _way_after(making, case, customer, segments=segments)
    last = waiting[-1]
    why = "as they asked" if way.channel is case.prefers else f"for {case.prefers} does not reach them"
    queue_message(
        making,
        case,
        way,
        making.keep(clean_text(command.text), kind="text", owner=customer.id),
        segments=segments,
        by=Actor(last.author, last.author_id),
        reasons=(f"they left the chat; what they had not read there follows by {way.channel}, {why}",),
        moved_from=last.id,
    )
    note_followed(making, waiting)


def note_followed(making: Making, waiting: list[Message]) -> None:
    """What waited in a chat went out with the message that was queued last."""
    made = next(e for e in reversed(making.events) if isinstance(e, MessageQueued))
    making.emit(
        AnswersFollowed(
            case=made.case,
            customer=made.customer,
            at=making.now,
            messages=tuple(m.id for m in waiting),
            message=made.message,
        )
    )


def unread_by_any(documents: Iterable[Document], there: There) -> list[Message]:
    """Messages of ours that wait in chats in which nobody is, among these documents, the oldest first."""
    found = list(documents)
    chats = {d.address for d in found if isinstance(d, Message) and d.channel is Channel.CHAT and not there(d.address)}
    return sorted((m for chat in chats for m in unread_in(found, chat)), key=lambda m: (m.queued_at, m.line))


def bring_along(
    making: Making, case: Case, customer: Customer, way: Way, *, text: str, unread: Mapping[MessageId, str]
) -> tuple[list[Message], int]:
    """What waits in a customer's chats and goes ahead of `text`, in one message, so that they read first what was
    written first; and the parts of a text that it is then. What would be too long together goes ahead by itself, and
    nothing goes where they did not allow it. `unread`: the words of what waits, as far as they are known."""
    waiting = [m for m in unread_by_any(making.state.values(), making.context.there) if customer.address(m.address)]
    segments = segments_of(text)
    if way.channel is Channel.CHAT or not waiting or any(m.id not in unread for m in waiting):
        return [], segments
    if not is_allowed(case, customer, way):
        return [], segments
    ahead = BETWEEN.join(unread[m.id] for m in waiting)
    whole = segments_of(f"{ahead}{BETWEEN}{text}")
    if not too_many_parts(way.channel, whole, making.context.policy.settings.sending):
        return waiting, whole
    _send_ahead(making, making.case(waiting[-1].case), way, waiting, segments=segments_of(ahead))
    return [], segments


def _send_ahead(making: Making, case: Case, way: Way, waiting: list[Message], *, segments: int) -> None:
    """What waits in a chat, as a message of its own; it goes on waiting where that is too long or one too many."""
    sending, last = making.context.policy.settings.sending, waiting[-1]
    texts = sum(at > making.now - DAY_MS for at in case.texts) if way.channel in TEXTS else 0
    if too_many_parts(way.channel, segments, sending) or texts + 2 > sending.texts_a_day:
        return
    queue_message(
        making,
        case,
        way,
        last.words,
        segments=segments,
        by=Actor(last.author, last.author_id),
        reasons=(f"they left the chat; what they had not read there goes by {way.channel}, ahead of the next answer",),
        moved_from=last.id,
        along=tuple(m.words for m in waiting[:-1]),
    )
    note_followed(making, waiting)


def chat_of(case: Case, customer: Customer, way: Way) -> AddressId | None:
    """The chat in which an answer that goes another way is a line as well: the one that it answers."""
    heard = case.heard
    if way.channel is Channel.CHAT or heard is None or heard.channel is not Channel.CHAT or heard.participant:
        return None
    return heard.address if customer.address(heard.address) is not None else None


def _way_after(making: Making, case: Case, customer: Customer, *, segments: int) -> Way:
    """How they said that answers are to follow, what they typed last being what they meant; else the next way that is
    open. Whoever said nothing of it is followed nowhere."""
    wanted, sending = case.prefers, making.context.policy.settings.sending
    if wanted is None or wanted in (Channel.CHAT, Channel.PHONE):
        raise Rejected(Reason.NO_WAY_TO_REACH, "chat")
    for channel in (wanted, None):
        with suppress(Rejected):
            choice = choose_way(case, customer, wanted=channel, numbers=making.context.senders, now=making.now)
            for way in (choice.way, *choice.alternatives):
                is_spent = spent_until(case, way.channel, now=making.now, sending=sending) is not None
                is_long = too_many_parts(way.channel, segments, sending) > 0
                if way.channel is not Channel.CHAT and not is_spent and not is_long:
                    return way
    raise Rejected(Reason.CHANNEL_CANNOT, wanted.value)


def is_allowed(case: Case, customer: Customer, way: Way) -> bool:
    """Whether they said that answers from the chat are to go this way, or gave its address for another that is none."""
    if way.channel in (Channel.CHAT, Channel.PHONE):
        return False
    return way.channel is case.prefers or was_left(way, case, customer)


# --- codes ------------------------------------------------------------------------------------------------------------


def ask_code(making: Making, command: AskCode) -> None:
    """Send a code to an address that a visitor says is theirs. Raises Rejected where they have no case, or typed too
    many addresses, or none of our channels goes there."""
    customer = making.customer(command.customer)
    case = case_of_visitor(making, customer)
    address = add_typed(making, customer, command.given)
    channel = Channel.EMAIL if address.facts.kind is AddressKind.MAIL else Channel.SMS
    via = making.context.senders.get(channel)
    if via is None or not (address.facts.kind is AddressKind.MAIL or address.facts.dialable):
        raise Rejected(Reason.CHANNEL_CANNOT, channel.value)
    making.emit(
        CodeAsked(
            customer=customer.id,
            at=making.now,
            address=address.id,
            chat=command.address,
            digest=command.digest,
            expires_at=Ms(making.now + CODE_MS),
        )
    )
    text = _code_words(making, case.language or "", command.code, channel=channel, via=via)
    queue_message(
        making,
        making.case(case.id),
        Way(channel, address.id, via),
        making.keep(text, kind="text", owner=customer.id),
        segments=segments_of(text),
        by=SYSTEM,
        reasons=("a code, to prove that the address is theirs",),
        is_secret=True,
    )


def _code_words(making: Making, language: str, code: str, *, channel: Channel, via: str) -> str:
    """What goes to the address. A mail has room to say what to do where nobody asked for it."""
    policy = making.context.policy
    text = policy.phrase("code", language, code=code)
    if channel is not Channel.EMAIL:
        return text
    return f"{text}\n\n{policy.phrase('code_unasked', language, brand=brand_of(policy, via))}"


def give_code(making: Making, command: GiveCode) -> None:
    """A visitor says the code. Where it is right the address is proved to be theirs, and found from now on unless it is
    somebody's: then these two are one person, which a merge says. Raises Rejected where no code is open."""
    customer = making.customer(command.customer)
    code = customer.code
    if code is None or code.chat != command.address or code.tries < 1 or making.now >= code.expires_at:
        raise Rejected(Reason.NOTHING_TO_DO, "code")
    if code.digest != command.digest:
        making.emit(CodeRefused(customer=customer.id, at=making.now, address=code.address))
        return
    is_new = making.context.found in (None, code.address)
    making.emit(
        AddressProved(
            customer=customer.id, at=making.now, address=code.address, chat=code.chat, is_new=is_new, vouches=True
        )
    )
    if is_new:
        making.indexed.append(Indexed(key=matching_key(command.given), address=code.address, customer=customer.id))


def typed_key(customer: str, given: str) -> str:
    """Under which an address that a visitor typed is found again, for that visitor alone."""
    return f"{customer} {matching_key(given)}"


def is_told(address: Address, *, at: Ms, within_ms: int) -> bool:
    """Whether we wrote there lately: then what comes from there is a reply."""
    return address.typed and address.told_at is not None and at - address.told_at <= within_ms


def case_of_visitor(making: Making, customer: Customer) -> Case:
    case = making.state.get((customer.live_cases or (customer.last_case or "",))[-1])
    if not isinstance(case, Case):
        raise Rejected(Reason.NOT_FOUND, "case")
    return case


def add_typed(making: Making, customer: Customer, given: str) -> Address:
    """The address that somebody typed; one that they typed before, or wrote to us from, is the same. Where somebody
    who was found to be the same person has it, what that one stopped, and what came back from there, holds for it."""
    known = making.context.found
    owner = owner_of_address(making.state, known) if known is not None else None
    same = owner.address(known) if owner is not None and known is not None else None
    if same is not None and owner is not None and owner.id == customer.id and not same.shared:
        return same
    if sum(a.typed for a in customer.addresses) >= TYPED_MAX:
        raise Rejected(Reason.NOTHING_TO_DO, f"{TYPED_MAX} addresses, the most there can be,")
    address = replace(new_address(making, given, owner=customer.id), typed=True)
    if same is not None:
        address = replace(address, blocked=same.blocked, bounced=same.bounced)
    making.emit(AddressAdded(customer=customer.id, at=making.now, address=address))
    key = typed_key(customer.id, given)
    making.indexed.append(Indexed(key=key, address=address.id, customer=customer.id, first_wins=True))
    return address
