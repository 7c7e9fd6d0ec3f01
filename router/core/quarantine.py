"""Out of the quarantine: what was set aside as junk and is none goes where it would have gone, at its true place.

Its one rule: nobody who was set aside by mistake waits longer for it: their place counts since they came.
"""

from policies.retention import JUNK
from router.core.call_parts import ask_for_phone, turn_to_writing
from router.core.commands import ReleaseContact, TakeContact
from router.core.contacts import want_work
from router.core.context import Making
from router.core.documents import Case
from router.core.errors import Reason, Rejected
from router.core.events import ContactReleased
from router.core.junk import has_met
from router.core.words import Channel


def release(making: Making, command: ReleaseContact) -> None:
    """Open the case again and ask for an agent. Raises Rejected where it is not in the quarantine. What could not be
    taken has its place already: only who let it out is noted."""
    case = making.case(command.case)
    if command.stuck:
        _note(making, command, case)
        return
    customer, heard = making.customer(case.customer), case.heard
    if not case.junk or heard is None or JUNK in case.forgotten:
        raise Rejected(Reason.NOTHING_TO_DO, "out of the quarantine")
    known = has_met(customer)
    _note(making, command, case)
    case, address = making.case(case.id), customer.address(heard.address)
    if heard.channel is Channel.PHONE or address is None:
        ask_for_phone(making, case.id, place_at=case.opened_at, call=None)
        turn_to_writing(making, case.id, why="nobody is on the line")
        return
    came = TakeContact(
        key="",
        channel=heard.channel,
        sender="",
        via=heard.via,
        at=heard.at,
        text=command.text,
        context=command.context,
        media=command.media,
    )
    language = case.language or customer.language or making.context.policy.phrases.language
    want_work(making, came, case_id=case.id, address=address, known=known, language=language, before=case)


def _note(making: Making, command: ReleaseContact, case: Case) -> None:
    making.emit(
        ContactReleased(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            author=command.actor.kind,
            author_id=command.actor.id,
            words=making.keep(command.reason, kind="note", owner=case.customer) if command.reason else None,
            stuck=command.stuck,
        )
    )
