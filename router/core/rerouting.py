"""Where a case goes once words that decided it are another matter.

Its one rule: what stays is routed by its own words, where those that decided it before went along; what a person
decided, and what somebody has in hand, stays where it is. Undoing gives back what was, unless somebody moved it since.
"""

from collections.abc import Iterable

from router.core.addresses import Address, AddressFacts
from router.core.asks import changed
from router.core.clock import Ms
from router.core.commands import TakeContact
from router.core.contacts import relax_of, requirement_of
from router.core.context import Making
from router.core.documents import Ask, Case, Entry, Rerouted, Routed
from router.core.events import AskChanged, WorkWanted
from router.core.facts import facts_of_contact
from router.core.side_folds import as_routed, routed_of
from router.core.tree import is_written, tree_of
from router.core.words import BY_A_PERSON, CaseId

WHY = ("what decided that is another case now",)
BACK = ("as it was before the split",)


def topics_of_rows(rows: Iterable[Entry]) -> tuple[str, ...]:
    """What rows are about, oldest first."""
    found = [topic for row in sorted(rows, key=_at) for topic in _topics(row)]
    return tuple(dict.fromkeys(found))


def owed_at(case: Case) -> int | None:
    """Since when a case's own words wait for somebody; None where all were attended to."""
    if case.side is not None:
        return case.side.place_at
    if case.ask is None or (case.taken and not case.unanswered):
        return None
    return case.ask.place_at


def row_that_decides(case: Case, rows: Iterable[Entry]) -> Entry | None:
    """Of contacts that stay, the one by whose words the case is routed: the first that waits, or where that says
    nothing of it, or none waits, the last that does."""
    ordered, since = sorted(rows, key=_at), owed_at(case)
    first = next((row for row in ordered if since is not None and row.at >= since), None)
    if first is not None and _topics(first):
        return first
    telling = [row for row in ordered if _topics(row) and (first is None or row.at <= first.at)]
    return telling[-1] if telling else first or (ordered[-1] if ordered else None)


def rerouted(making: Making, case: Case, *, gone: list[Entry], left: list[Entry], text: str) -> Rerouted | None:
    """How what stays of a case asks; None where it asks as before. `text`: of the row that decides."""
    old, row = _asks(case), row_that_decides(case, left)
    if old is None or row is None or row.channel is None or not _may_move(case, old):
        return None
    if _others_wait(making, case):
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


def given_back(came: Rerouted | None, case: Case) -> Rerouted | None:
    """What undoing a split changes: None where whoever asks was moved since."""
    old = _asks(case)
    if came is None or old is None or routed_of(old) != came.now or not _may_move(case, old):
        return None
    return Rerouted(was=came.now, now=came.was)


def restore(making: Making, id: CaseId, came: Rerouted | None, *, before: Ms) -> None:
    """What came back asks as it did together with the rest, where it has waited since before the split was made."""
    case = making.case(id)
    if came is None or case.ask is None or not case.is_head or not _may_move(case, case.ask):
        return
    ask = as_routed(case.ask, came.was) if case.ask.place_at <= before else case.ask
    told = [event.ask for event in making.events if isinstance(event, AskChanged | WorkWanted)]
    if ask != case.ask or (routed_of(ask) == came.was and ask not in told):
        changed(making, case, ask, at=making.now, what="unmerged", reasons=BACK)


def _asks(case: Case) -> Ask | None:
    """How a case asks, or asked last."""
    side = case.side.ask if case.side is not None else None
    return case.ask or side or case.asked_as


def _others_wait(making: Making, case: Case) -> bool:
    """Whether it asks for others that are joined with it as well."""
    others = [one for one in tree_of(making.state, case) if one.id != case.id]
    return any(one.side is not None and one.side.place_at is not None for one in others)


def _may_move(case: Case, ask: Ask) -> bool:
    live = case.ask is not None and (case.taken or not is_written(case))
    return not live and ask.rule != BY_A_PERSON and ask.agent is None


def _went_first(case: Case, gone: list[Entry], left: list[Entry]) -> bool:
    """Whether the words by which a case asks are among those that went."""
    since = owed_at(case)
    first = min((row.at for row in gone if since is not None and row.at >= since), default=None)
    stayed = min((row.at for row in left if since is not None and row.at >= since), default=None)
    return first is not None and (stayed is None or first < stayed)


def _topics(row: Entry) -> list[str]:
    told = row.facts.get("topics")
    return told.split(", ") if isinstance(told, str) and told else []


def _at(row: Entry) -> tuple[int, str, int]:
    return row.at, row.case, row.n
