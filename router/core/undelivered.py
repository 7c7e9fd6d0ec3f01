"""A message of ours did not arrive: that is noted, and an agent's words take the next open way, once.
By text that is by day, on the clock of whoever gets it: nobody there chose this hour.

Its one rule: nobody's words are left where they cannot be read. Where no other way is open, or they failed there too,
the case asks for an agent again unless somebody has it. Nothing moves by itself onto a line that stopped our texts.
"""

from router.core.cases import want_again
from router.core.choice import Way, choose_way
from router.core.commands import Actor
from router.core.context import Making
from router.core.documents import Case, Message
from router.core.errors import Rejected
from router.core.events import CaseReopened, ConsentChanged, MessageFailed
from router.core.mailing import why_untold
from router.core.redaction import without_addresses
from router.core.slips import word_is_lost
from router.core.texts import DAY, TEXTS, day_for, queue_message, spent_until, too_many_parts
from router.core.tree import owners_of
from router.core.words import ActorKind, CaseStatus, Channel, Setback

WHY = {
    Setback.WINDOW_CLOSED: "their last message by {channel} is more than 24 hours old",
    Setback.OPTED_OUT: "they stopped {channel}",
    Setback.UNREACHABLE: "{channel} does not reach them",
    Setback.LATE: "{channel} does not get through to them",
}


def fail(making: Making, message: Message, error: str, setback: Setback | None = None) -> None:
    """Note that `message` will never arrive, and see to it that its words are not lost."""
    drop(making, message, error, setback)
    case = making.case(message.case)
    if making.customer(case.customer).erased_at is not None:
        return
    if setback is Setback.OPTED_OUT:
        _note_stop(making, message)
    if message.about is not None and message.moved_to is None:
        if message.moved_from is not None or not _move(making, message, setback or Setback.LATE):
            word_is_lost(making, message)
        return
    if message.author is not ActorKind.AGENT or message.moved_to is not None:
        return
    if setback is None or message.moved_from is not None or not _move(making, message, setback):
        ask_again(making, message)


def drop(making: Making, message: Message, error: str, setback: Setback | None = None) -> None:
    """Note that `message` will never arrive, and no more: nothing is lost by it."""
    case = making.case(message.case)
    making.emit(
        MessageFailed(
            message=message.id,
            case=case.id,
            at=making.now,
            entry=case.entries + 1,
            error=without_addresses(error),
            setback=setback,
        )
    )


def has_other_way(making: Making, message: Message, setback: Setback) -> bool:
    """Whether words that come to nothing on their way, an agent's or about a promise, have another one."""
    is_carried = message.author is ActorKind.AGENT or message.about is not None
    if not is_carried or message.moved_from is not None or message.moved_to is not None:
        return False
    if message.mail is not None and message.mail.files:
        return False
    return _next_way(making, making.case(message.case), message, setback) is not None


def _move(making: Making, message: Message, setback: Setback) -> bool:
    """Queue the same words on the next way that is open to them. False where there is none."""
    if message.mail is not None and message.mail.files:
        return False  # no other way carries them: a person decides
    case = making.case(message.case)
    way = _next_way(making, case, message, setback)
    if way is None:
        return False
    why = WHY[setback].format(channel=message.channel)
    due_at = day_for(making, case, way)
    when = (DAY,) if due_at is not None else ()
    queue_message(
        making,
        case,
        way,
        message.words,
        segments=message.segments,
        by=Actor(message.author, message.author_id),
        reasons=(f"{why}, so the same words go by {way.channel}", *when),
        moved_from=message.id,
        along=message.along,
        due_at=due_at,
        about=message.about,
    )
    return True


def _next_way(making: Making, case: Case, message: Message, setback: Setback) -> Way | None:
    customer, sending = making.customer(case.customer), making.context.policy.settings.sending
    failed = customer.address(message.address)
    is_word, is_down = message.about is not None, setback is Setback.LATE and message.channel in TEXTS
    stopped = failed.line if failed is not None and setback is Setback.OPTED_OUT else None
    try:
        choice = choose_way(
            case, customer, wanted=None, numbers=making.context.senders, now=making.now, there=making.context.there
        )
    except Rejected:
        return None
    for way in (choice.way, *choice.alternatives):
        address = customer.address(way.address)
        if (way.channel, way.address) == (message.channel, message.address):
            continue
        if is_down and way.channel in TEXTS:
            continue  # one provider has them all
        if is_word and way.channel is Channel.EMAIL and why_untold(making, case, is_owed=True):
            continue
        if way.channel is Channel.CHAT and (message.line or not making.context.there(way.address)):
            continue  # nobody is there, or they read it there as it is
        if address is None or address.line == stopped or Channel.SMS in address.blocked:
            continue
        if too_many_parts(way.channel, message.segments, sending):
            continue
        if spent_until(case, way.channel, now=making.now, sending=sending, is_owed=is_word) is None:
            return way
    return None


def _note_stop(making: Making, message: Message) -> None:
    """The provider knows that they stopped us, and we did not; unless they wrote there since the message left."""
    customer = making.customer(message.customer)
    address = customer.address(message.address)
    since = message.attempted_at or message.queued_at
    heard = [d.heard for d in making.state.values() if isinstance(d, Case) and d.heard is not None]
    if any(one.channel is message.channel and one.at >= since for one in heard):
        return  # the last of it may have been START
    if address is None or message.channel in address.blocked:
        return
    case = making.case(message.case)
    making.emit(
        ConsentChanged(
            customer=customer.id,
            case=case.id,
            at=making.now,
            entry=case.entries + 1,
            address=address.id,
            channel=message.channel,
            blocked=True,
            why="the provider says so",
            also=owners_of(making.state, making.alike(address.id) - {address.id}),
        )
    )


def ask_again(making: Making, message: Message) -> None:
    """They have waited for these words since they were written."""
    case = making.asking(message.case)
    if case.ask is not None or case.status is CaseStatus.CLOSED:
        return
    if not case.status.is_live:
        making.emit(CaseReopened(case=case.id, at=making.now))
    want_again(making, case.id, place_at=message.queued_at)
