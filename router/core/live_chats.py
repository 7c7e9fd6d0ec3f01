"""Whoever is in a chat is answered there: what they ask for in writing is work of a chat as long as they are there.

Its one rule: a change between live and written channels carries the share of the target that was waited, there and
back, and what an agent has in hand stays as it is. Whoever asked in a chat from the beginning goes on asking so when
they leave it; nobody can say how else they are to be answered.
"""

from router.core.commands import NoteAway
from router.core.context import Making
from router.core.documents import Ask, Case, Customer, InChat, Requirement
from router.core.errors import Reason, Rejected
from router.core.events import WorkWanted, WorkWithdrawn
from router.core.place import place_after_switch, reasons_of, since_of
from router.core.tree import is_written
from router.core.values import replace
from router.core.words import SECOND_MS, AddressId, Channel, WorkId

CHAT = "chat"


def chat_now(making: Making, case: Case) -> AddressId | None:
    """The chat in which whoever asks for one is now; None where what a case asks for is none, or nobody is there."""
    if case.ask is None or case.ask.requirement.kind != CHAT:
        return None
    customer = making.state.get(case.customer)
    known = [address.id for address in customer.addresses] if isinstance(customer, Customer) else []
    if case.ask.in_chat is not None:
        known.append(case.ask.in_chat.address)
    return next((id for id in known if making.context.there(id)), None)


def turn_to_chat(making: Making, case: Case, chat: AddressId) -> None:
    """Somebody wrote in `chat` about what waits to be answered otherwise in writing: now it waits there."""
    old = case.ask
    if old is None or case.taken or not is_written(case) or old.requirement.kind == CHAT:
        return
    verdict = making.usual(Channel.CHAT, language=case.language or "")
    target_ms, offer_ms = verdict.target_s * SECOND_MS, verdict.offer_s * SECOND_MS
    new = replace(old.requirement, channel=Channel.CHAT, target_ms=target_ms, offer_ms=offer_ms)
    in_chat = InChat(address=chat, asked=old.requirement)
    _turn(making, case, case, new, in_chat=in_chat, why="they are in the chat now")


def note_away(making: Making, command: NoteAway) -> None:
    """Nobody is in a chat any more: what had waited otherwise before waits so again. Raises Rejected where nothing did,
    or they are back."""
    case = making.case(command.case)
    ask = case.ask
    came_from = ask.in_chat if ask is not None and not case.taken else None
    if ask is None or came_from is None or came_from.address != command.address:
        raise Rejected(Reason.NOTHING_TO_DO, "chat")
    if making.context.there(command.address):
        raise Rejected(Reason.NOTHING_TO_DO, "chat")
    asked = came_from.asked
    new = replace(ask.requirement, channel=asked.channel, target_ms=asked.target_ms, offer_ms=asked.offer_ms)
    _turn(making, case, making.head(case.id), new, in_chat=None, why="they left the chat")


def _turn(making: Making, case: Case, to: Case, new: Requirement, *, in_chat: InChat | None, why: str) -> None:
    """What a case asks for is asked by `to`, otherwise than before."""
    old = case.ask
    assert old is not None
    place_at = place_after_switch(old.place_at, now=making.now, old=old.requirement, new=new)
    since_at = since_of(old.waits_since, place_at)
    ask: Ask = replace(
        old,
        work=WorkId(making.context.ids.new("work")),
        place_at=place_at,
        requirement=new,
        asked_at=making.now,
        reasons=reasons_of(old.reasons, old=old.requirement, new=new, since_at=since_at),
        since_at=since_at,
        in_chat=in_chat,
    )
    making.emit(WorkWithdrawn(case=case.id, customer=case.customer, at=making.now, work=old.work, why=why))
    to = making.case(to.id)
    making.emit(WorkWanted(case=to.id, customer=to.customer, at=making.now, entry=to.entries + 1, ask=ask))
