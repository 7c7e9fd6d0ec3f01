"""Messages of ours: queued with their reasons, attempted once at a time, followed to their receipt.

Final states stay final. An attempt is an event before the provider is asked; an unknown outcome is looked up before
anything is sent again.
"""

from router.core.call_parts import keep_by_answer, keep_written
from router.core.cases import add_note
from router.core.chats import bring_along, chat_of, note_followed
from router.core.choice import Choice, Way, choose_way, refusal_of
from router.core.clock import Ms
from router.core.commands import AddNote, BeginAttempt, RecordAttempt, RecordDelivery, ReleaseMessage, SendReply
from router.core.contacts import clean_text
from router.core.context import Making
from router.core.documents import Case, Customer, Message, MessageState
from router.core.errors import Fault, Reason, Rejected
from router.core.events import (
    CopyQueued,
    MessageAttempted,
    MessageDelivered,
    MessageLost,
    MessageReleased,
    MessageRetryPlanned,
    MessageSent,
    WorkWithdrawn,
)
from router.core.files import keep_file
from router.core.mailing import note_unreached
from router.core.redaction import without_addresses
from router.core.slips import is_wanted, word_is_out
from router.core.texts import budget_of, check_budget, check_length, queue_message, spent_until
from router.core.tree import heard_at, members_of, owner_of_address, reachable_of, side_for, tree_of
from router.core.undelivered import ask_again, drop, fail, has_other_way
from router.core.words import MINUTE_MS, SECOND_MS, ActorKind, Channel, MessageId, Setback

RANK = {
    MessageState.QUEUED: 0,
    MessageState.SENDING: 1,
    MessageState.UNKNOWN: 1,
    MessageState.SENT: 2,
    MessageState.DELIVERED: 3,
    MessageState.FAILED: 3,
    MessageState.READ: 4,
}
"""Delivery states never go back: a callback of a lower or equal rank changes nothing."""

UNSETTLED = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)
"""What may have arrived once it was tried, and nobody knows so."""
UNANSWERED_MAX = 3
"""So often a mail is sent of which nobody knows whether it arrived, where twice is not better than never: many
mailboxes show each copy, whatever its Message-ID."""
WORD_SPACING_MS_MAX = MINUTE_MS
"""A text that says what becomes of a promise is tried again at least so often."""
DOUBLED_MAX = 20
"""The time between two attempts is doubled so often at most."""

TOO_LATE = {
    Reason.OPTED_OUT: ("opted out before it was sent", Setback.OPTED_OUT),
    Reason.WINDOW_CLOSED: ("the window closed before it was sent", Setback.WINDOW_CLOSED),
}
"""Why a way that was open when a message was written is not any more when it is sent."""

COPY_REFUSED = "their mail server refused a copy"
LET_GO = "a copy, and they are not written to any more"
WITH_FILES = "files go by email"
BROUGHT_ALONG = "what they had not read in the chat goes along, ahead of it"

PROVIDER_STATES = {
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.READ,
    "undelivered": MessageState.FAILED,
    "failed": MessageState.FAILED,
    "canceled": MessageState.FAILED,
}


def send_reply(making: Making, command: SendReply) -> None:
    """Queue an answer on the way that `core.choice` finds. Attends the customer's ask when nobody had taken it.

    Raises Rejected where it is too long, or one text too many for a day and no person gives a reason, and where files
    cannot go that way."""
    case = making.head(command.case)
    named = named_part(making.case(command.case), case)
    wanted = carrier_of(command.channel, has_files=bool(command.files))
    customer = whom_to_answer(making, named, wanted=wanted)
    choice: Choice = choose_way(
        named,
        customer,
        wanted=wanted,
        numbers=making.context.senders,
        now=making.now,
        there=making.context.there,
    )
    text = clean_text(command.text)
    sending = making.context.policy.settings.sending
    check_length(choice, text, sending)
    reasons = (WITH_FILES,) if command.files and command.channel is None else choice.reasons
    if command.reason and command.actor.kind is ActorKind.AGENT:
        if spent_until(case, choice.way.channel, now=making.now, sending=sending) is not None:
            reasons = (*reasons, f"one more than {sending.texts_a_day} texts a day, for the reason in the note")
        add_note(making, AddNote(key="", case=case.id, text=clean_text(command.reason), actor=command.actor))
    else:
        check_budget(case, choice.way.channel, now=making.now, sending=sending)
    words = making.keep(text, kind="text", owner=customer.id)
    is_mail = choice.way.channel is Channel.EMAIL
    waiting, segments = bring_along(making, named, customer, choice.way, text=text, unread=dict(command.unread))
    reasons = (*reasons, BROUGHT_ALONG) if waiting else reasons
    queue_message(
        making,
        _side_answered(making, making.case(command.case), making.case(case.id), customer),
        choice.way,
        words,
        segments=segments,
        by=command.actor,
        reasons=reasons,
        html=making.keep(command.html, kind="html", owner=customer.id) if command.html and is_mail else None,
        files=tuple(keep_file(making, file, owner=customer.id) for file in command.files),
        shown_in=chat_of(named, customer, choice.way) if command.channel is None else None,
        along=tuple(m.words for m in waiting),
    )
    if waiting:
        note_followed(making, waiting)
    if command.actor.kind is ActorKind.AGENT:
        for one in tree_of(making.state, making.case(case.id)):
            keep_written(making, one.id, why="they were answered")
            keep_by_answer(making, one.id)
    asks = making.asking(case.id)
    if asks.ask is not None and not asks.taken and asks.ask.requirement.channel is not Channel.PHONE:
        making.emit(  # a text is no answer to somebody who is on the line, or was promised a call
            WorkWithdrawn(case=asks.id, customer=asks.customer, at=making.now, work=asks.ask.work, why="answered")
        )


def _side_answered(making: Making, named: Case, head: Case, customer: Customer) -> Case:
    """On which of the joined cases an answer stands: where `customer` has written since all of them are one, else where
    it was written. So what it left unanswered on another one is in line again when they are taken apart."""
    last = side_for(making.state, head, customer.id)
    if last is None or named.customer != customer.id:
        return last or head
    joined_at = max((one.joined.at for one in tree_of(making.state, head) if one.joined is not None), default=0)
    return last if named.is_head and heard_at(last) > joined_at else named


def carrier_of(wanted: Channel | None, *, has_files: bool) -> Channel | None:
    """The channel that an answer must take; None: any. Raises Rejected where files cannot go by the wanted one."""
    if not has_files:
        return wanted
    if wanted not in (None, Channel.EMAIL):
        raise Rejected(Reason.CHANNEL_CANNOT, f"{wanted} with files", (Channel.EMAIL.value,))
    return Channel.EMAIL


def named_part(named: Case, head: Case) -> Case:
    """The case whose customers are answered: the whole matter, unless somebody named the part of a customer who is not
    the head's. That one was found to be the same person, and may not be: what is meant for them goes to nobody else."""
    return named if named.joined is not None and named.customer != head.customer else head


def whom_to_answer(making: Making, case: Case, *, wanted: Channel | None = None) -> Customer:
    """Who is in a chat now, else who wrote last: the customer of a case, or one whose case goes on in it. A device
    reads no letters: its household is answered."""
    there = making.context.there
    if case.side is not None and wanted in (None, Channel.CHAT):
        persons = [making.customer(one.customer) for one in members_of(making.state, case)]
        chatting = next((one for one in persons if any(there(address.id) for address in one.addresses)), None)
        if chatting is not None:
            return chatting
    if case.side is not None and case.heard is not None:
        wrote = owner_of_address(making.state, case.heard.address)
        if wrote is not None:
            return reachable_of(making.state, wrote)
    return reachable_of(making.state, making.customer(case.customer))


def begin_attempt(making: Making, command: BeginAttempt) -> None:
    """Record that the provider is about to be asked. Rejected unless the message waits for it."""
    message = making.message(command.message)
    if message.state != MessageState.QUEUED:
        raise Rejected(Reason.NOTHING_TO_DO, message.state)
    customer = making.customer(message.customer)
    way = Way(message.channel, message.address, message.via)
    refusal = refusal_of(way, customer, now=making.now)
    if refusal is not None and refusal in TOO_LATE:  # they said stop, or the window closed, after this was written
        fail(making, message, *TOO_LATE[refusal])
        return
    if _is_let_go(making, message):
        drop(making, message, LET_GO)
        return
    if not is_wanted(making, message):
        drop(making, message, "what it says is not so any more")
        return
    lookup_at = Ms(making.now + making.context.policy.settings.sending.lookup_s * SECOND_MS)
    making.emit(MessageAttempted(message=message.id, at=making.now, attempt=message.attempts + 1, lookup_at=lookup_at))


def record_attempt(making: Making, command: RecordAttempt) -> None:
    """Take what the provider answered to an attempt; an answer to an older attempt changes nothing, and one that comes
    when all is known of the message counts for those in copy."""
    message, before = making.message(command.message), len(making.events)
    if message.state != MessageState.SENDING or message.attempts != command.attempt:
        if message.attempts == command.attempt and message.state not in UNSETTLED and command.outcome == "sent":
            _take_copies(making, message, command)  # an answer to it proved first that it arrived
        if len(making.events) == before:
            raise Rejected(Reason.NOTHING_TO_DO, message.state)
        return
    sending = making.context.policy.settings.sending
    match command.outcome:
        case "sent":
            making.emit(
                MessageSent(
                    message=message.id,
                    at=making.now,
                    provider_id=command.provider_id or "",
                    adopted=command.adopted,
                )
            )
            word_is_out(making, message)
            _take_copies(making, message, command)
        case "refused":
            theirs = tuple(id for id in command.unreached if id == message.address)
            note_unreached(making, making.case(message.case), theirs, command.error[:200])
            if message.unanswered and not sending.twice_is_better_than_never:
                _lose(making, message)  # an earlier attempt may have arrived
                return
            fail(making, message, _said(message, command.error), command.setback)
        case "again":
            _try_again(making, message, command)
        case "unanswered":  # it may be sent twice under one id, and is tried a few times
            most = sending.attempts if sending.twice_is_better_than_never else min(UNANSWERED_MAX, sending.attempts)
            if message.unanswered + 1 < most:
                _try_again(making, message, command, unanswered=True)
            else:
                _lose(making, message)
        case "absent" if sending.twice_is_better_than_never and message.attempts < sending.attempts:
            making.emit(
                MessageRetryPlanned(message=message.id, at=making.now, due_at=making.now, error="outcome unknown")
            )
        case "absent":
            _lose(making, message)
        case _:
            raise Fault(f"an attempt cannot end as {command.outcome}")


def _take_copies(making: Making, message: Message, command: RecordAttempt) -> None:
    """Whoever was in copy and was refused it for good is left out from now on; who was for now gets it alone, and their
    trouble is nobody else's."""
    note_unreached(making, making.case(message.case), command.unreached, COPY_REFUSED)
    if message.mail is None:
        return
    due_at = Ms(making.now + making.context.policy.settings.sending.spacing_s * SECOND_MS)
    for address in [id for id in message.mail.copies if id in command.later]:
        case = making.case(message.case)
        making.emit(
            CopyQueued(
                message=MessageId(making.context.ids.new("msg")),
                of=message.id,
                case=case.id,
                customer=message.customer,
                at=making.now,
                entry=case.entries + 1,
                address=address,
                due_at=due_at,
                why=without_addresses(command.error[:200]),
            )
        )


def _is_let_go(making: Making, message: Message) -> bool:
    """Whether it is a copy for somebody whom one of us said not to write to any more."""
    if message.copy_of is None:
        return False
    cases = [d for d in making.state.values() if isinstance(d, Case)]
    parts = [p for one in cases for p in one.participants if p.address.id == message.address]
    return bool(parts) and not any(p.invited for p in parts)


def _said(message: Message, error: str) -> str:
    return error if message.copy_of is None else f"a copy: {error}"


def _lose(making: Making, message: Message) -> None:
    """Nobody knows whether it arrived: that is said, and the words take no other way, for they may be there."""
    case = making.case(message.case)
    making.emit(MessageLost(message=message.id, case=case.id, at=making.now, entry=case.entries + 1))
    if message.author is ActorKind.AGENT:  # they may wait for words that nobody sent
        ask_again(making, message)


def _try_again(making: Making, message: Message, command: RecordAttempt, *, unanswered: bool = False) -> None:
    """After a while, further apart each time. A text so often as the policy says; a mail for so long, for mail servers
    refuse for now as a matter of course, and are away for hours. An agent's mail that takes long goes another way where
    one is open to them, and else its case says so. What may have arrived (`unanswered`: by this attempt) neither goes
    another way, unless twice is better than never, nor is said not to have arrived. Word about a promise goes another
    way at once, and is tried for as long as a mail: it is of use only while it is due, and owed until it is out."""
    sending = making.context.policy.settings.sending
    is_mail, spacing_ms = message.channel is Channel.EMAIL, sending.spacing_s * SECOND_MS
    since = message.tried_since or message.queued_at
    until = Ms(since + sending.mail_for_s * SECOND_MS)
    doubled = min(message.attempts - 1, DOUBLED_MAX)
    wait_ms = command.retry_after_ms or spacing_ms * 2**doubled
    if is_mail:
        wait_ms = min(wait_ms, sending.mail_spacing_s_max * SECOND_MS)
    is_word = message.about is not None
    if is_word and not is_mail:
        wait_ms = min(wait_ms, WORD_SPACING_MS_MAX)
    may_be_there = unanswered or message.unanswered > 0
    if making.now >= until if is_mail or is_word else message.attempts >= sending.attempts:
        if may_be_there:
            _lose(making, message)
            return
        fail(making, message, _said(message, f"{command.error}; gave up after {message.attempts} attempts"))
        return
    is_by_agent = message.author is ActorKind.AGENT
    is_late = is_word or (is_mail and is_by_agent and making.now >= since + sending.mail_late_s * SECOND_MS)
    may_move = sending.twice_is_better_than_never or not may_be_there
    if is_late and may_move and has_other_way(making, message, Setback.LATE):
        fail(making, message, f"{command.error}; it took too long", Setback.LATE)
        return
    case = making.case(message.case) if is_late and is_by_agent and not message.late else None
    making.emit(
        MessageRetryPlanned(
            message=message.id,
            at=making.now,
            due_at=Ms(min(making.now + wait_ms, until) if is_mail or is_word else making.now + wait_ms),
            error=without_addresses(command.error),
            unanswered=unanswered,
            case=case.id if case is not None else None,
            entry=case.entries + 1 if case is not None else 0,
        )
    )


def record_delivery(making: Making, command: RecordDelivery) -> None:
    """Follow a message by its status callbacks: late, repeated and reordered ones never take it back."""
    message, before = making.message(command.message), len(making.events)
    state = PROVIDER_STATES.get(command.state)
    is_earlier = 0 < command.attempt < message.attempts or message.provider_id not in (None, command.provider_id)
    if is_earlier or (message.state == MessageState.QUEUED and state == MessageState.FAILED):
        raise Rejected(Reason.NOTHING_TO_DO, "another attempt of this message")
    open_states = (MessageState.SENDING, MessageState.UNKNOWN)
    is_by_chat = message.channel is Channel.CHAT and message.state == MessageState.QUEUED
    if message.provider_id is None and (message.state in open_states or is_by_chat):
        # The callback came before the answer to our request, or instead of it: the provider has it. A chat asks for
        # what waits there, and nobody else is asked.
        making.emit(
            MessageSent(message=message.id, at=making.now, provider_id=command.provider_id, adopted=not is_by_chat)
        )
        word_is_out(making, message)
        message = making.message(command.message)
    if state is None or RANK[state] <= RANK[message.state]:
        if len(making.events) == before:
            raise Rejected(Reason.NOTHING_TO_DO, command.state)
        return
    if state == MessageState.FAILED:
        fail(making, message, f"{command.state} {command.error}".strip(), command.setback)
    else:
        making.emit(MessageDelivered(message=message.id, at=making.now, state=state))


def has_arrived(making: Making, answers: tuple[tuple[MessageId, str], ...]) -> None:
    """What somebody answers is there, whatever the provider said of it: it is not sent again, and no longer unsure."""
    for id, provider_id in answers:
        message = making.state.get(id)
        if not isinstance(message, Message) or message.attempts == 0 or message.state not in UNSETTLED:
            continue
        making.emit(MessageSent(message=id, at=making.now, provider_id=provider_id, adopted=True))
        word_is_out(making, message)
        making.emit(MessageDelivered(message=id, at=making.now, state=MessageState.DELIVERED))


def release_message(making: Making, command: ReleaseMessage) -> None:
    """Try a failed or unknown message again, because somebody decided so."""
    message = making.message(command.message)
    if message.state not in (MessageState.FAILED, MessageState.UNKNOWN):
        raise Rejected(Reason.NOTHING_TO_DO, message.state)
    if message.moved_to is not None:
        raise Rejected(Reason.NOTHING_TO_DO, "on another way")
    budget = budget_of(message.channel, making.context.policy.settings.sending)
    making.emit(MessageReleased(message=message.id, at=making.now, budget=budget))
