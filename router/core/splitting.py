"""Rows of a case that are about another matter become a case of their own, and go back when that was wrong.

Its one rule: a row stands on one case at a time, under the id that it came in with. The new case asks with the place of
the words that came along, where nobody has attended to them; whoever takes part and wrote them takes part there, and is
answered alone where the customer wrote none of them.
"""

from collections.abc import Mapping

from router.core.call_parts import rest_until_due
from router.core.cases import check_version
from router.core.commands import SplitCase, TakeContact, UnmergeCases
from router.core.contacts import open_case, want_work
from router.core.context import Making
from router.core.documents import Case, Entry, Letter, Reached
from router.core.errors import Reason, Rejected
from router.core.events import CaseSplit, ParticipantAdded, SplitUndone
from router.core.letters import index_participant
from router.core.merging import join, realign, take_apart, unmerge_cases
from router.core.parts import index_merge, note_identity
from router.core.rerouting import (
    BACK,
    WHY,
    address_of,
    given_back,
    put_back,
    replaced,
    rerouted,
    restore,
    stand,
    topics_of_rows,
    waiting_of,
)
from router.core.tree import chain_of, is_written
from router.core.words import AddressId, CaseId, MergeId

SPLIT_MAX = 200
"""Rows taken out of a case at once."""


def split_case(making: Making, command: SplitCase) -> None:
    """Open a case for the named rows. Raises Rejected where one of them does not stand there, or all of them would go
    that the customer wrote."""
    case = _whose(making, command)
    contacts = [row for row in command.rows if is_contact(row)]
    left = [row for row in command.left if is_contact(row)]
    if not contacts or not left:
        raise Rejected(Reason.NOTHING_TAKEN if not contacts else Reason.NOTHING_STAYS)
    staying, waiting = waiting_of(case, left), waiting_of(case, contacts)
    moved = rerouted(making, case, gone=contacts, left=left, text=command.left_text)
    stands = replaced(making, case, gone=contacts, left=left)
    new = open_case(making, making.customer(case.customer), queue=case.queue, at=min(row.at for row in contacts))
    _take_along(making, case, new.id, contacts, given=dict(command.given))
    split = MergeId(making.context.ids.new("mrg"))
    by = command.actor
    words = making.keep(command.reason, kind="note", owner=case.customer) if command.reason else None
    making.emit(
        CaseSplit(
            split=split,
            case=case.id,
            into=new.id,
            customer=case.customer,
            at=making.now,
            entry=making.case(case.id).entries + 1,
            entries=tuple((row.case, row.n) for row in command.rows),
            contacts=len(contacts),
            unanswered=len(waiting),
            author=by.kind,
            author_id=by.id,
            words=words,
            heard=_heard(contacts),
            left=_heard(left),
            letter=_letter(contacts, making.case(new.id)),
            left_letter=_letter(left, case),
            place_at=staying[0].at if staying else None,
            topics=topics_of_rows(contacts),
            left_topics=topics_of_rows(left),
            rerouted=moved,
            replaced=stands,
        )
    )
    index_merge(making, split, new.id, case.customer)
    note_identity(making, new.id, what="split_off", merge=split, other=case.id, by=by, words=words)
    first = next(iter(waiting), None)
    if first is not None or moved is not None:
        place_at = staying[0].at if staying else None
        why = WHY if moved is not None else ()
        realign(making, case.id, place_at, first_at=first.at if first is not None else None, why=why)
        stand(making, case.id, stands, what="split", why=why)
    if first is not None:
        _asks_apart(making, new.id, first, text=command.text)


def _take_along(
    making: Making, case: Case, new: CaseId, contacts: list[Entry], *, given: Mapping[AddressId, str]
) -> None:
    """Whoever takes part and wrote the rows takes part in the new case. Who wrote last is written to there, if nobody
    but others wrote them: it is their matter."""
    wrote = {row.address for row in contacts if row.facts.get("participant")}
    heard = _heard(contacts)
    for one in case.participants:
        if one.address.id not in wrote:
            continue
        is_answered = heard is not None and heard.participant and heard.address == one.address.id
        making.emit(
            ParticipantAdded(
                case=new,
                customer=case.customer,
                at=making.now,
                address=one.address,
                invited=one.invited or is_answered,
                why="wrote what was split off",
            )
        )
        if (address := given.get(one.address.id)) is not None:
            index_participant(making, new, address, address=one.address.id, customer=case.customer)


def _whose(making: Making, command: SplitCase) -> Case:
    """The case on which all named rows stand: the one that is meant, or one that goes on in it."""
    head = making.head(command.case)
    check_version(head, command.if_version)
    if not command.rows or len(command.rows) != len(set(command.entries)):
        raise Rejected(Reason.NOT_FOUND, "entry")
    if len(command.rows) > SPLIT_MAX:
        raise Rejected(Reason.TOO_MANY, f"{SPLIT_MAX} entries at once")
    cases = {row.case for row in command.rows}
    if len(cases) > 1:
        raise Rejected(Reason.SEVERAL_CASES)
    case = making.case(cases.pop())
    if making.head(case.id).id != head.id:
        raise Rejected(Reason.NOT_FOUND, "entry")
    return case


def _asks_apart(making: Making, new: CaseId, first: Entry, *, text: str) -> None:
    """The words that went ask for themselves, with their own place; those that stay keep theirs."""
    assert first.channel is not None
    case = making.case(new)
    address = address_of(making, case, first)
    heard = TakeContact(key="", channel=first.channel, sender="", via=first.via, at=first.at, text=text)
    want_work(making, heard, case_id=new, address=address, known=True, language=case.language or "")


def is_contact(row: Entry) -> bool:
    """Whether somebody wrote or called, and not a machine."""
    is_words = row.contact is not None and row.kind in ("message", "call") and row.direction == "in"
    return is_words and not (row.letter is not None and row.letter.automatic)


def _letter(rows: list[Entry], case: Case) -> Letter | None:
    """The mail from which answers go on: the last of the customer, or of somebody whom answers go to as well."""
    invited = {p.address.id for p in case.participants if p.invited}
    mails = [row for row in rows if row.letter is not None]
    answered = [row for row in mails if not row.facts.get("participant") or row.address in invited]
    return max(answered or mails, key=lambda row: (row.at, row.n)).letter if mails else None


def _heard(rows: list[Entry]) -> Reached | None:
    """How the customer was heard last; where none of it is theirs, whoever wrote last."""
    theirs = [row for row in rows if not row.facts.get("participant")]
    row = max(theirs or rows, key=lambda row: (row.at, row.n))
    channel, address = row.channel, row.address
    if channel is None or address is None:
        return None
    at = max(one.at for one in rows)
    return Reached(at=at, channel=channel, address=address, via=row.via, participant=not theirs)


# --- undoing ----------------------------------------------------------------------------------------------------------


def undo(making: Making, command: UnmergeCases) -> None:
    """Take a merge, or a split, back. `making.context.found` names the case that was joined or made by it."""
    case = making.case(CaseId(making.context.found or ""))
    if case.split is None or case.split.id != command.merge:
        unmerge_cases(making, command)
        return
    check_version(making.head(case.id), command.if_version)
    by, origin = command.actor, making.case(case.split.case)
    if case.joined is not None:
        take_apart(making, case, by=by, reason=command.reason)
    above = [one for one in chain_of(making.state, origin) if one.joined is not None and one.joined.into == case.id]
    if above:  # it goes on in the very case that it was split from
        take_apart(making, making.case(above[0].id), by=by, reason=command.reason)
    case, origin = making.case(case.id), making.case(origin.id)
    assert case.split is not None
    came, back = case.split, given_back(making, case.split, origin, case)
    later = next(iter(waiting_of(case, filter(is_contact, command.stays))), None)
    stands = put_back(making, came.replaced, origin)
    join(making, case, origin, by=by, reason=command.reason)
    making.emit(
        SplitUndone(
            split=came.id,
            case=origin.id,
            into=case.id,
            entries=tuple((origin.id, n) for n in came.rows),
            customer=origin.customer,
            at=making.now,
            entry=making.case(origin.id).entries + 1,
            author=by.kind,
            author_id=by.id,
            words=making.keep(command.reason, kind="note", owner=case.customer) if command.reason else None,
            rerouted=back,
            replaced=stands,
            stays_at=later.at if later is not None else None,
        )
    )
    restore(making, origin.id, back, before=came.at)
    stand(making, origin.id, stands, what="unmerged", why=BACK if stands is not None else ())
    _rest_again(making, origin, making.case(case.id))


def _rest_again(making: Making, origin: Case, new: Case) -> None:
    """Words that a call was promised for wait for that call again. `origin`: as it was before they came back."""
    if origin.ask is not None or origin.promise is None or new.side is None or new.side.place_at is not None:
        return
    ask = making.case(origin.id).ask
    if (
        ask is not None
        and is_written(making.case(origin.id))
        and ask.waits_since <= making.promise(origin.promise).made_at
    ):
        rest_until_due(making, origin.id)
