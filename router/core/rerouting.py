"""Where a case goes, and where it stands, once words that decided it are another matter.

Its one rule: what stays is routed by its own words, where those that decided it before went along; what a person
decided, and what somebody has in hand, stays where it is. Undoing gives back what was, unless somebody moved it since.
"""

from collections.abc import Iterable

from router.core.addresses import Address, AddressFacts
from router.core.asks import changed
from router.core.call_parts import customer_of
from router.core.clock import Ms
from router.core.commands import TakeContact
from router.core.contacts import relax_of, requirement_of
from router.core.context import Making
from router.core.documents import Ask, Case, Entry, Place, Replaced, Requirement, Rerouted, Routed, Split
from router.core.events import AskChanged, WorkWanted
from router.core.facts import facts_of_contact
from router.core.place import LIVE, place_after_switch, since_of
from router.core.side_folds import as_routed, routed_of
from router.core.tree import is_written
from router.core.values import replace
from router.core.words import BY_A_PERSON, CaseId, Channel

WHY = ("what decided that is another case now",)
STAYED = "the place of the words that stayed"
BACK = ("as it was before the split",)


def topics_of_rows(rows: Iterable[Entry]) -> tuple[str, ...]:
    """What rows are about, oldest first."""
    found = [topic for row in sorted(rows, key=_at) for topic in _topics(row)]
    return tuple(dict.fromkeys(found))


def owed_at(case: Case) -> int | None:
    """Since when a case's own words wait for somebody; None where all were attended to. When they asked, and not their
    place: a change of channel moves that."""
    side = case.side
    if side is None:
        asked = case.ask or (case.asked_as if case.promise is not None else None)  # a call that is due later rests
        return None if asked is None or (case.taken and not case.unanswered) else asked.waits_since
    if side.place_at is None:
        return None
    return min([side.place_at, *(ask.waits_since for ask in (case.ask, side.ask) if ask is not None)])


def waiting_of(case: Case, rows: Iterable[Entry]) -> list[Entry]:
    """Those contacts of a case that nobody has attended to, oldest first."""
    since, account = owed_at(case), case.side or case
    if since is None:
        return []
    answered_at = account.answered_at
    return sorted((row for row in rows if row.at >= since and (answered_at is None or row.at > answered_at)), key=_at)


def row_that_decides(case: Case, rows: Iterable[Entry]) -> Entry | None:
    """Of contacts that stay, the one by whose words the case is routed: the first that waits, or where that says
    nothing of it, or none waits, the last that does."""
    ordered = sorted(rows, key=_at)
    waiting = waiting_of(case, ordered)
    said = [row for row in waiting if row.kind != "call" or _topics(row)]  # a call without a word says nothing of it
    first = next(iter(said or waiting), None)
    if first is not None and _topics(first):
        return first
    telling = [row for row in ordered if _topics(row) and (first is None or row.at <= first.at)]
    return telling[-1] if telling else first or (ordered[-1] if ordered else None)


def rerouted(making: Making, case: Case, *, gone: list[Entry], left: list[Entry], text: str) -> Rerouted | None:
    """How what stays of a case asks; None where it asks as before. `text`: of the row that decides."""
    old, row = _asks(case), row_that_decides(case, left)
    if old is None or row is None or row.channel is None or not _may_move(making, case, old):
        return None
    topic = making.context.policy.topic_of(old.rule)
    stays = topic in topics_of_rows(left)
    if not _went_first(case, gone, left) and (not topic or stays or topic not in topics_of_rows(gone)):
        return None
    heard = TakeContact(key="", channel=row.channel, sender="", via=row.via, at=row.at, text=text)
    facts = facts_of_contact(
        heard, case=case, address=address_of(making, case, row), known=True, language=case.language or "",
        now=making.now,
    )  # fmt: skip
    if old.requirement.channel is Channel.PHONE:  # whatever they wrote, it is a call that is wanted
        facts = {**facts, "channel": Channel.PHONE.value}
    verdict = making.context.policy.route(facts)
    requirement = requirement_of(verdict, old.requirement.channel)
    if (stays and not verdict.matched) or (verdict.queue, requirement) == (old.queue, old.requirement):
        return None
    now = Routed(
        queue=verdict.queue,
        requirement=requirement,
        policy=making.context.policy.version,
        rule=verdict.rule,
        relax=relax_of(verdict),
    )
    return Rerouted(was=routed_of(old), now=now)


def address_of(making: Making, case: Case, row: Entry) -> Address:
    """From where a contact came: of the customer, of whoever takes part, or of somebody whom no document knows any
    more."""
    assert row.address is not None
    address = making.customer(case.customer).address(row.address)
    address = address or next((p.address for p in case.participants if p.address.id == row.address), None)
    return address or Address(id=row.address, facts=AddressFacts())


def replaced(making: Making, case: Case, *, gone: list[Entry], left: list[Entry]) -> Replaced | None:
    """Where whoever is to be called stands without the words that had waited longest; None where that stays."""
    went, stayed, stands = waiting_of(case, gone), waiting_of(case, left), _stands(making, case)
    if stands is None or not went or not stayed or not went[0].at == stands.since < stayed[0].at:
        return None
    channel, at = stayed[0].channel or Channel.PHONE, stayed[0].at
    old, new = (_like(making, one) for one in (channel, Channel.PHONE))
    if stands.place_at == stands.since:
        place_at = place_after_switch(at, now=making.now, old=old, new=new)
    else:  # both took the same share of their targets along, at the same moment
        share = 1 if old.kind in LIVE else new.target_ms / old.target_ms
        place_at = min(making.now, Ms(stands.place_at + round((at - stands.since) * share)))
    return Replaced(was=stands, now=Place(place_at=place_at, since=at))


def stand(making: Making, id: CaseId, moved: Replaced | None, *, what: str, why: tuple[str, ...]) -> None:
    """Whoever is in line for a call stands there as `moved` says, and goes where the case is routed now (`why`)."""
    case = making.case(id)
    if case.ask is None or is_written(case) or case.taken or case.side is not None:
        return
    ask = case.ask
    if moved is not None:
        since_at = since_of(moved.now.since, moved.now.place_at)
        ask = replace(ask, place_at=moved.now.place_at, since_at=since_at)
    if ask != case.ask or why:
        changed(making, case, ask, at=making.now, what=what, reasons=why or (STAYED,))


def given_back(making: Making, came: Split, case: Case, new: Case) -> Rerouted | None:
    """What undoing a split changes in how a case asks: words that come back and have waited longest decide it again.
    None where a person, or what was split off or came since, decides it."""
    old, theirs = _asks(case), _asks(new)
    if old is None or not _may_move(making, case, old):
        return None
    was, moved = routed_of(old), came.rerouted
    if moved is not None and was == moved.now:
        return Rerouted(was=was, now=moved.was)
    since, waits = owed_at(new), owed_at(case)
    if since is None or since > came.at or (waits is not None and waits < since):
        return None
    told = theirs is not None and came.topics and theirs.rule != BY_A_PERSON and theirs.agent is None
    now = moved.was if moved is not None else routed_of(theirs) if theirs is not None and told else was
    return Rerouted(was=was, now=now) if now != was else None


def put_back(making: Making, came: Replaced | None, case: Case) -> Replaced | None:
    """And of the place for a call: None where they stand elsewhere since."""
    return Replaced(was=came.now, now=came.was) if came is not None and _stands(making, case) == came.now else None


def restore(making: Making, id: CaseId, back: Rerouted | None, *, before: Ms) -> None:
    """What came back asks as it did together with the rest, where it has waited since before the split was made."""
    case = making.case(id)
    if back is None or case.ask is None or not case.is_head or not _may_move(making, case, case.ask):
        return
    ask = as_routed(case.ask, back.now) if case.ask.waits_since <= before else case.ask
    told = [event.ask for event in making.events if isinstance(event, AskChanged | WorkWanted)]
    if ask != case.ask or (routed_of(ask) == back.now and ask not in told):
        changed(making, case, ask, at=making.now, what="unmerged", reasons=BACK)


def _stands(making: Making, case: Case) -> Place | None:
    """Where whoever is to be called stands, or will once it is time; None where nobody is, or somebody is at it."""
    if case.side is not None or case.taken or is_written(case):
        return None
    promise = making.promise(case.promise) if case.promise is not None else None
    stands = case.ask or promise
    return Place(place_at=stands.place_at, since=stands.waits_since) if stands is not None else None


def _like(making: Making, channel: Channel) -> Requirement:
    """What a channel requires where no rule knows more: how long they may wait there."""
    return requirement_of(making.usual(channel), channel)


def _asks(case: Case) -> Ask | None:
    """How a case asks, or asked last."""
    side = case.side.ask if case.side is not None else None
    return side or case.ask or case.asked_as


def _may_move(making: Making, case: Case, ask: Ask) -> bool:
    """Whether words decide where it goes: nobody has it in hand or is on the line, and no person said where."""
    live = case.ask is not None and (case.taken or customer_of(making, case) is not None)
    return not live and ask.rule != BY_A_PERSON and ask.agent is None


def _went_first(case: Case, gone: list[Entry], left: list[Entry]) -> bool:
    """Whether the words by which a case asks are among those that went."""
    went, stayed = waiting_of(case, gone), waiting_of(case, left)
    return bool(went) and (not stayed or went[0].at < stayed[0].at)


def _topics(row: Entry) -> list[str]:
    told = row.facts.get("topics")
    return told.split(", ") if isinstance(told, str) and told else []


def _at(row: Entry) -> tuple[int, str, int]:
    return row.at, row.case, row.n
