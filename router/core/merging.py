"""Cases are joined and taken apart: which asks for an agent, with whose place, and what each gets back.

Its one rule: a merge moves references and what is wanted, never rows. Work in writing is the head's; a case that is on
the phone, or was promised a call, keeps that until it is through with it, and so does one whose customer is in a chat
now. Undoing gives each side its own ask and place again, unless a person attended to it meanwhile.
"""

from router.core.asks import changed
from router.core.call_parts import customer_of
from router.core.cases import check_version, want_again
from router.core.clock import Ms
from router.core.commands import Actor, MergeCases, UnmergeCases
from router.core.context import Making
from router.core.documents import Ask, Case, InChat, Side
from router.core.errors import Fault, Reason, Rejected
from router.core.events import CasesUnmerged, WorkWanted, WorkWithdrawn
from router.core.live_chats import chat_now
from router.core.parts import note_identity, note_merge
from router.core.place import LIVE, place_after_switch, since_of
from router.core.side_folds import as_routed, routed_of
from router.core.tree import PARTS_MAX, head_of, is_written, members_of, tree_of
from router.core.values import replace
from router.core.words import BY_A_PERSON, AgentId, CaseId, CaseStatus, Evidence, WorkId

MERGED = "another case of theirs was merged here; the older place holds"
STAYED = "the place of the words that stayed"
APART = "a case that had been merged here is its own again"


def merge_cases(making: Making, command: MergeCases) -> None:
    """One case goes on in another. Raises Rejected where it does already, or is that case itself."""
    case, into = making.case(command.case), making.head(command.into)
    if command.if_version != making.case(command.into).version:
        check_version(into, command.if_version)
    if command.case == command.into:
        raise Rejected(Reason.ITSELF)
    if case.joined is not None:
        raise Rejected(Reason.NOTHING_TO_DO, "merged")
    if case.id == into.id:
        raise Rejected(Reason.NOTHING_TO_DO, "one case")
    if len(tree_of(making.state, case)) + len(tree_of(making.state, into)) > PARTS_MAX:
        raise Rejected(Reason.TOO_MANY, f"{PARTS_MAX} cases in one")
    join(making, case, into, by=command.actor, reason=command.reason, evidence=command.evidence)


def join(
    making: Making, case: Case, into: Case, *, by: Actor, reason: str = "", evidence: Evidence = Evidence.WEAK
) -> None:
    """Note the merge, and let one of them ask for both."""
    note_merge(making, case, into, by=by, reason=reason, evidence=evidence)
    for part in members_of(making.state, making.case(case.id)):
        pass_on(making, part.id)


def follow(making: Making) -> None:
    """A part that came off the phone and is to be answered in writing asks where its head does."""
    for event in making.events:
        if type(event) is WorkWanted:
            case = making.state.get(event.case)
            if not isinstance(case, Case) or case.side is None or not is_written(case) or case.taken:
                continue
            if case.ask == event.ask and any(type(e) is WorkWithdrawn and e.case == case.id for e in making.events):
                _go_where_it_stood(making, case, event.ask)
            if case.joined is not None:
                pass_on(making, case.id)
            for part in members_of(making.state, making.case(case.id))[1:]:
                if part.taken and is_written(part):  # somebody had that in hand beside the call
                    pass_on(making, part.id)


def _go_where_it_stood(making: Making, case: Case, ask: Ask) -> None:
    """What came off the phone goes, in writing, where those of the joined cases go that have waited longest."""
    owed = _owed(tree_of(making.state, case))
    like = owed.ask if owed is not None and owed.ask is not None and owed.ask.place_at == owed.place_at else None
    if like is None or ask.rule == BY_A_PERSON or ask.agent is not None or routed_of(like) == routed_of(ask):
        return
    changed(making, case, as_routed(ask, routed_of(like)), at=making.now, what="merged", reasons=(MERGED,))


def pass_on(making: Making, id: CaseId) -> None:
    """What a part wants of an agent is wanted by the head: with the older of both places where that asks as well. What
    somebody has in hand stays with them beside a call that waits, on whichever side of the merge it is."""
    part = making.case(id)
    others = [one for one in tree_of(making.state, part) if one.id != id]
    asks = next((one for one in others if one.ask is not None), None)
    if part.ask is None:
        return
    if not is_written(part):
        if asks is not None and is_written(asks) and not asks.taken:
            _join_line(making, asks, part)
        return
    if part.taken and asks is not None and not is_written(asks) and not asks.taken:
        return
    if chat_now(making, part) is not None and (asks is None or _yields_to_chat(making, asks)):
        if asks is not None:
            _join_line(making, asks, part)
        return
    if asks is None:
        ask, owed = part.ask, _owed(tree_of(making.state, part))
        oldest = owed.place_at if owed is not None and owed.place_at is not None else ask.place_at
        agent = part.agent if part.taken else None
        _withdraw(making, part, why="its case was merged into another one", goes_on=agent is not None)
        status = part.side.status if part.side is not None and agent is not None else None
        status = status if status is CaseStatus.WAITING_CUSTOMER else None
        _want(making, making.head(id), ask, place_at=min(ask.place_at, oldest), agent=agent, status=status)
        return
    _join_line(making, part, asks)


def _yields_to_chat(making: Making, asks: Case) -> bool:
    """Whether what waits to be answered in writing is answered to whoever is in a chat now: theirs stays as it is, with
    its offer and what they were told."""
    return is_written(asks) and _in_hand(asks) is None and chat_now(making, asks) is None


def _in_chat(making: Making, old: Ask, other: Case) -> InChat | None:
    """What is asked in a chat now, and by whom, once `old` was joined with it: so it is asked again when they left."""
    assert other.ask is not None
    chat = chat_now(making, other)
    if other.ask.in_chat is not None or chat is None or old.requirement.kind in LIVE:
        return other.ask.in_chat or (old.in_chat if chat is not None else None)
    return InChat(address=chat, asked=old.requirement)


def _join_line(making: Making, case: Case, other: Case) -> None:
    """What `case` asks is asked by `other`, which is in line, or with an agent, already. Who has one of them in hand
    has both: nobody is offered what is with them."""
    old, ask = case.ask, other.ask
    assert old is not None
    assert ask is not None
    in_chat = _in_chat(making, old, other)
    goes_on = case.taken and is_written(other) and (not other.taken or case.agent == other.agent)
    hand = _in_hand(case) if _in_hand(other) is None and is_written(other) else None
    _withdraw(making, case, why="merged with a case that is in line already", goes_on=goes_on)
    place_at = place_after_switch(old.place_at, now=making.now, old=old.requirement, new=ask.requirement)
    waits_since = old.waits_since
    if case.side is not None and case.side.place_at is None:  # somebody has attended to it: it waits for nobody
        place_at, waits_since = ask.place_at, ask.waits_since
    elif other.side is None or other.side.place_at is not None or not other.taken:
        place_at, waits_since = min(place_at, ask.place_at), min(waits_since, ask.waits_since)
    with_words = ask.written or not is_written(other)
    new = replace(
        ask,
        place_at=place_at,
        written=with_words,
        first=ask.first or old.first,
        reasons=(*ask.reasons, MERGED) if place_at < ask.place_at else ask.reasons,
        since_at=since_of(waits_since, place_at),
        in_chat=in_chat,
    )
    was_answered = other.taken and is_written(other) and other.status is CaseStatus.WAITING_CUSTOMER
    waits = was_answered and (case.side is None or case.side.place_at is not None)  # these words nobody has answered
    status = CaseStatus.WAITING_US if waits else None
    if hand is not None:
        _withdraw(making, other, why="merged with a case that somebody has in hand")
        _want(making, making.case(other.id), new, place_at=place_at, agent=hand, status=status)
    elif new != ask or waits:
        changed(making, making.case(other.id), new, at=making.now, what="merged", reasons=(MERGED,), status=status)


# --- taking apart -----------------------------------------------------------------------------------------------------


def unmerge_cases(making: Making, command: UnmergeCases) -> None:
    """Take one merge back. `making.context.found` names the case that it joined."""
    part = making.case(CaseId(making.context.found or ""))
    if part.split is not None and part.split.id == command.merge:
        raise Fault("a split is undone by its own rule")
    check_version(making.head(part.id), command.if_version)
    if part.joined is None or part.joined.id != command.merge:
        raise Rejected(Reason.NOTHING_TO_DO, "taken apart")
    if part.rows_moved and part.split is None and part.side is not None and not part.side.contacts:
        raise Rejected(Reason.NOTHING_TO_DO, "empty")  # its split was taken back: it would be a case of nothing
    take_apart(making, part, by=command.actor, reason=command.reason)


def take_apart(making: Making, part: Case, *, by: Actor, reason: str = "") -> None:
    """Each side stands by itself again, with its own ask where nobody has attended to that."""
    assert part.joined is not None
    merge, head = part.joined.id, head_of(making.state, part)
    theirs = members_of(making.state, part)
    ids = {one.id for one in theirs}
    rest = [one for one in members_of(making.state, head) if one.id not in ids]
    with_agent = _release(making, head, rest, theirs)
    owed, kept = _owed(theirs), _owed(rest)
    words = making.keep(reason, kind="note", owner=head.customer) if reason else None
    making.emit(
        CasesUnmerged(
            merge=merge,
            case=part.id,
            head=head.id,
            customer=head.customer,
            at=making.now,
            entry=making.case(head.id).entries + 1,
            author=by.kind,
            author_id=by.id,
            words=words,
        )
    )
    note_identity(making, part.id, what="taken_apart", merge=merge, other=head.id, by=by, words=words)
    _restore(making, head.id, kept, agent=None)
    _restore(making, part.id, owed, agent=with_agent)
    for one in (*rest, *theirs):
        if one.side is not None and _is_on_phone(one):
            others = theirs if one in rest else rest
            gone = {at for other in others for at in _waited_since(other)}
            _own_place(making, one.id, one.side, gone=gone, what="unmerged", why=APART)
            _own_way(making, one.id, one.side, gone=others)


def _release(making: Making, head: Case, rest: list[Case], theirs: list[Case]) -> AgentId | None:
    """Let go of what the head asked for the other side alone. Who had that in hand, if somebody had."""
    if not is_written(head):
        return None
    agent = _in_hand(head)
    if not _brought(rest, theirs, agent) and any(
        one.side is not None and (one.side.place_at is not None or one.side.ask is not None) for one in rest
    ):
        return None
    _withdraw(making, head, why=APART, goes_on=agent is not None)
    return agent


def _in_hand(case: Case) -> AgentId | None:
    """Who has in hand what a case asks for, or is given it at once."""
    if case.taken:
        return case.agent
    return case.ask.agent if case.ask is not None and case.ask.takes_over else None


def _brought(rest: list[Case], theirs: list[Case], agent: AgentId | None) -> bool:
    """Whether who has all of it in hand had one of `theirs` before these were joined, and nothing of the rest."""
    mine, other = ([one.side for one in cases if one.side is not None and one.side.taken] for cases in (rest, theirs))
    return agent is not None and not mine and any(side.agent == agent for side in other)


def _owed(cases: list[Case]) -> Side | None:
    """The side that has waited longest of those that nobody has attended to, else one that an agent has in hand."""
    sides = [one.side for one in cases if one.side is not None and not _is_on_phone(one)]
    waiting = [side for side in sides if side.place_at is not None]
    in_hand = [side for side in sides if side.ask is not None and side.taken]
    return min(waiting, key=lambda side: side.place_at or 0, default=next(iter(in_hand), None))


def _restore(making: Making, id: CaseId, owed: Side | None, *, agent: AgentId | None) -> None:
    """What a side wants by itself stands in line at its own place."""
    case = making.case(id)
    asks = next((one for one in tree_of(making.state, case) if one.ask is not None), None)
    if owed is None or (asks is not None and not is_written(asks)):  # whoever is on the phone asks for all of it
        return
    place_at = owed.place_at if owed.place_at is not None else owed.ask.place_at if owed.ask is not None else making.now
    like = owed.ask if owed.ask is None else replace(owed.ask, since_at=_since(owed, place_at))
    if asks is None and like is None:
        want_again(making, id, place_at=place_at, agent=agent)
    elif asks is None and like is not None:
        sides = [owed, *(one.side for one in tree_of(making.state, case) if one.side is not None)]
        takes = agent or next((side.agent for side in sides if side.taken and side.ask is not None), None)
        status = owed.status if owed.status is CaseStatus.WAITING_CUSTOMER else None
        _want(making, making.head(id), like, place_at=place_at, agent=takes, status=status)
    elif asks is not None and asks.ask is not None:
        _give_back(making, asks, asks.ask, owed, place_at=place_at)


def realign(making: Making, id: CaseId, place_at: Ms | None, *, first_at: Ms | None, why: tuple[str, ...] = ()) -> None:
    """Words that had waited since `first_at` went away from a case: what stays has waited since `place_at`, or waits
    for nobody. Who has it in hand keeps it. `why`: it goes elsewhere than it did; `first_at` None: its place stays."""
    asks = making.asking(id)
    if asks.ask is None or asks.taken:
        return
    if not is_written(asks):
        if asks.side is not None and first_at is not None:
            _own_place(making, asks.id, asks.side, gone={first_at}, what="split", why=STAYED)
        return
    since_at = owed = None
    if asks.side is not None:
        owed = _owed(tree_of(making.state, asks))
        place_at = owed.place_at if owed is not None else None
        since_at = _since(owed, place_at) if owed is not None else None
    if first_at is None or (
        asks.side is None and place_at is not None and (place_at <= asks.ask.place_at or first_at > asks.ask.place_at)
    ):
        place_at, since_at = asks.ask.place_at, asks.ask.since_at
    if place_at is None:
        _withdraw(making, asks, why="what it was about is another case now")
    elif place_at != asks.ask.place_at or why:
        if place_at != asks.ask.place_at:
            why = (STAYED, *why)
        ask = replace(asks.ask, place_at=place_at, since_at=since_at)
        if owed is not None and owed.ask is not None and ask.rule != BY_A_PERSON and ask.agent is None:
            ask = as_routed(ask, routed_of(owed.ask))  # of all that are joined, whoever waits longest says where
        changed(making, asks, ask, at=making.now, what="split", reasons=why)


def _since(owed: Side, place_at: Ms | None) -> Ms | None:
    """When a side truly asked, where its place is that of its ask and not of words that came later."""
    return owed.ask.since_at if owed.ask is not None and owed.ask.place_at == place_at else None


def _is_on_phone(case: Case) -> bool:
    return case.ask is not None and not is_written(case)


def _waited_since(case: Case) -> set[Ms]:
    """Since when a side by itself waits, by its place and truly."""
    side = case.side
    asked = {side.ask.place_at, side.ask.waits_since} if side is not None and side.ask is not None else set[Ms]()
    return asked | ({side.place_at} if side is not None and side.place_at is not None else set())


def _own_place(making: Making, id: CaseId, side: Side, *, gone: set[Ms], what: str, why: str) -> None:
    """Who waits for the phone stands where they stood before somebody else's older place was theirs as well, or where
    what is joined with it still puts them. `side`: its own account; `gone`: since when those waited who left."""
    case = making.case(id)
    ask = case.ask
    if ask is None or side.place_at is None:
        return
    places, since = [side.place_at], [side.place_at]
    for one in tree_of(making.state, case):
        other = one.side
        if one.id != id and other is not None and other.place_at is not None and other.ask is not None:
            old = other.ask.requirement
            places.append(place_after_switch(other.place_at, now=making.now, old=old, new=ask.requirement))
            since.append(other.place_at)
    place_at = max(ask.place_at, min(places))
    waits_since = max(ask.waits_since, min(since)) if ask.waits_since in gone else min(ask.waits_since, place_at)
    reasons = ask.reasons if place_at < side.place_at else tuple(one for one in ask.reasons if one != MERGED)
    new = replace(ask, place_at=place_at, since_at=since_of(waits_since, place_at), reasons=reasons)
    if new != ask:
        changed(making, case, new, at=making.now, what=what, reasons=(why,))


def _own_way(making: Making, id: CaseId, side: Side, *, gone: list[Case]) -> None:
    """A call that goes where the matter of those who left goes, which it was asked for with, goes where its own does.
    `side`: its own account; `gone`: who left. Whoever is on the line said where they want to."""
    case = making.case(id)
    ask, own = case.ask, side.ask
    if ask is None or own is None or case.taken or ask.agent is not None or customer_of(making, case) is not None:
        return
    theirs = {(one.side.ask.queue, one.side.ask.rule) for one in gone if one.side is not None and one.side.ask}
    went = (ask.queue, ask.rule)
    if ask.rule == BY_A_PERSON or went == (own.queue, own.rule) or went not in theirs:
        return
    live = ask.requirement
    requirement = replace(own.requirement, channel=live.channel, target_ms=live.target_ms, offer_ms=live.offer_ms)
    new = as_routed(ask, replace(routed_of(own), requirement=requirement))
    changed(making, case, new, at=making.now, what="unmerged", reasons=(APART,))


def _give_back(making: Making, asks: Case, ask: Ask, owed: Side, *, place_at: Ms) -> None:
    """What is in line, or with an agent, already is that side's own again."""
    own = owed.ask if owed.ask is not None and owed.ask.requirement.kind == ask.requirement.kind else None
    its_own = own is not None or owed.ask is None
    new = replace(
        ask,
        place_at=place_at if its_own else ask.place_at,
        since_at=_since(owed, place_at) if its_own else ask.since_at,
        reasons=own.reasons if own is not None else tuple(why for why in ask.reasons if why != MERGED),
        agent=own.agent if own is not None and not ask.takes_over else ask.agent,
        first=own.first if own is not None else ask.first,
        written=own.written if own is not None else ask.written,
        in_chat=own.in_chat if own is not None else ask.in_chat,
    )
    if new != ask:
        changed(making, making.case(asks.id), new, at=making.now, what="unmerged", reasons=(APART,))


def _want(
    making: Making, case: Case, like: Ask, *, place_at: Ms, agent: AgentId | None, status: CaseStatus | None
) -> None:
    """Ask for an agent as was asked before. `agent`: who has it in hand, and goes on with it."""
    ask = replace(
        like,
        work=WorkId(making.context.ids.new("work")),
        place_at=place_at,
        agent=agent or like.agent,
        takes_over=agent is not None,
        asked_at=making.now,
        knows=case.agent,
    )
    making.emit(
        WorkWanted(case=case.id, customer=case.customer, at=making.now, entry=case.entries + 1, ask=ask, status=status)
    )


def _withdraw(making: Making, case: Case, *, why: str, goes_on: bool = False) -> None:
    assert case.ask is not None
    work = case.ask.work
    making.emit(WorkWithdrawn(case=case.id, customer=case.customer, at=making.now, work=work, why=why, goes_on=goes_on))


def crossing(making: Making, apart: set[str]) -> list[Case]:
    """Parts whose customer and whose head's customer are on different sides of `apart`, a set of customers."""
    found: list[Case] = []
    for case in making.state.values():
        if isinstance(case, Case) and case.joined is not None:
            parent = making.case(CaseId(case.joined.into))
            if (case.customer in apart) is not (parent.customer in apart):
                found.append(case)
    return found
