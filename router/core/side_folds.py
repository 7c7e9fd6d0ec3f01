"""What events change where cases are joined: each side's own account, and what the head shows of all of them.

Its one rule: rows and accounts stay with the case that they came to, what is live is the head's. So undoing needs no
guessing: whatever came in between is on the right side already.
"""

from typing import Any

from router.core.documents import (
    Ask,
    Case,
    Customer,
    Joined,
    Letter,
    Promise,
    Reached,
    Replaced,
    Rerouted,
    Routed,
    Side,
    Split,
    State,
)
from router.core.events import (
    CasesMerged,
    CaseSplit,
    CaseStatusChanged,
    CasesUnmerged,
    ContactReceived,
    CustomersMerged,
    CustomersUnmerged,
    MessageFailed,
    MessageQueued,
    SplitUndone,
    WishNoted,
)
from router.core.folding import change, get
from router.core.tree import head_of, is_written, members_of, tree_of
from router.core.values import replace
from router.core.words import TOUCHES, CaseStatus, Channel, CustomerId, Evidence

KEEP_WISH = (*TOUCHES, Channel.CHAT)
"""Whoever contacts us so may still want to be answered otherwise: a visitor is soon gone. A call says itself that it
keeps the wish: it tells nothing of where written words are to go."""
TOPICS_MAX = SUBJECTS_MAX = 8
"""More topics than this make a case about everything."""
ACCOUNT = ("heard", "letter", "answered_at", "unanswered", "contacts", "language", "opt_out_hint", "prefers")
"""Fields that a head has of all its sides together."""


# --- one account ------------------------------------------------------------------------------------------------------


def heard_on(before: Reached | None, event: ContactReceived) -> Reached | None:
    """How the customer was heard last, once these words are there."""
    reached = Reached(at=event.at, channel=event.channel, address=event.address, via=event.via)
    if event.participant:  # answers go to the customer, with a copy to whoever takes part
        reached = replace(before, at=event.at) if before is not None else None
    elif before is not None and before.participant:  # and where the customer wrote nothing, from their first words on
        return replace(reached, at=max(before.at, event.at))
    return reached if before is None or event.at >= before.at else before


def keeps_wish(event: ContactReceived) -> bool:
    """Whether they still want to be answered as they said before; where they write themselves is the newer wish."""
    return event.keeps_wish or event.channel in KEEP_WISH


def own_side(case: Case) -> Side:
    """A case's account as it is now."""
    ask = case.ask  # one for the phone is never passed on, and needs no giving back
    attended = case.taken and ask is not None and case.answered_at is not None and case.answered_at >= ask.place_at
    return Side(
        status=case.status,
        queue=case.queue,
        agent=case.agent,
        ask=ask if is_written(case) else None,
        taken=case.taken and is_written(case),
        place_at=None if ask is None or (attended and not case.unanswered) else ask.place_at,
        solved_at=case.solved_at,
        **{name: getattr(case, name) for name in ACCOUNT},
    )


def _together(sides: list[Side]) -> dict[str, Any]:
    """What several accounts come to."""
    latest = sorted(sides, key=lambda side: side.heard.at if side.heard else 0, reverse=True)
    answered = [side.answered_at for side in sides if side.answered_at is not None]
    return {
        "heard": last_of([side.heard for side in latest]),
        "letter": next((side.letter for side in latest if side.letter is not None), None),
        "answered_at": max(answered, default=None),
        "contacts": sum(side.contacts for side in sides),
        "language": next((side.language for side in latest if side.language is not None), None),
        "opt_out_hint": any(side.opt_out_hint for side in sides),
        "prefers": latest[0].prefers,
    }


def _unanswered(cases: list[Case]) -> int:
    """Contacts since we answered their customer last, on whichever of these cases that was: joined, they are answered
    together, though each keeps for itself what it was told."""
    told: dict[CustomerId, list[Side]] = {}
    for case in cases:
        if case.side is not None:
            told.setdefault(case.customer, []).append(case.side)
    return sum(side.unanswered for sides in told.values() for side in sides if not _is_told(side, sides))


def _is_told(side: Side, sides: list[Side]) -> bool:
    """Whether their last words here were there when they were answered on another of `sides`."""
    heard_at = side.heard.at if side.heard is not None else 0
    return any(one is not side and (one.answered_at or 0) >= heard_at > 0 for one in sides)


def last_of(heard: list[Reached | None]) -> Reached | None:
    """How the customer was heard last, at the time of the last words of anybody there."""
    known = [one for one in heard if one is not None]
    best = max(known, key=lambda one: (not one.participant, one.at), default=None)
    return replace(best, at=max(one.at for one in known)) if best is not None else None


def settle(state: State, case: Case) -> State:
    """Every case of a tree shows what it and those under it come to; a part also where it stands by itself."""
    head = head_of(state, case)
    for node in members_of(state, head):
        sides = sides_of(state, node)
        changes = {**_together(sides), "unanswered": _unanswered(members_of(state, node))}
        if node.joined is not None and node.ask is None:
            changes |= {"status": status_of(sides), "solved_at": sides[0].solved_at}
        changes = {name: value for name, value in changes.items() if getattr(node, name) != value}
        if changes:
            state = change(state, node, **changes)
    return state


def sides_of(state: State, case: Case) -> list[Side]:
    """The accounts of a case and of all under it, its own first."""
    return [one.side for one in members_of(state, case) if one.side is not None]


def status_of(sides: list[Side]) -> CaseStatus:
    """Where these would stand together: live while one of them is."""
    return next((side.status for side in sides if side.status.is_live), sides[0].status)


def _with_side(state: State, case: Case, **changes: Any) -> State:
    assert case.side is not None
    return change(state, case, side=replace(case.side, **changes))


# --- what happens to joined cases -------------------------------------------------------------------------------------


ANSWERING = ("reply_address", "answer")
"""Links of whoever had a mail of ours."""


def letter_to_answer(before: Letter | None, event: ContactReceived) -> Letter | None:
    """The mail whose thread and subject an answer of ours takes up: their last one. What anybody could have written in
    their name takes neither over from one that was surely theirs."""
    if event.letter is None:
        return before
    sure = event.evidence is not Evidence.WEAK or event.link in ANSWERING
    return before if before is not None and before.sure and not sure else replace(event.letter, sure=sure)


def came_in(state: State, case: Case, event: ContactReceived, *, answers_it: bool) -> State:
    """Words came to `case`, whose rows and live state are folded already."""
    side = case.side
    assert side is not None
    asks = event.channel is not Channel.PHONE or event.late  # on the line they say for themselves what they want
    waits = not side.status.is_live or side.status is CaseStatus.WAITING_CUSTOMER
    state = _with_side(
        state,
        case,
        heard=heard_on(side.heard, event),
        letter=letter_to_answer(side.letter, event) if answers_it else side.letter,
        contacts=side.contacts + 1,
        unanswered=side.unanswered + 1,
        language=event.language or side.language,
        opt_out_hint=side.opt_out_hint or event.opt_out_hint,
        prefers=side.prefers if keeps_wish(event) else None,
        status=CaseStatus.WAITING_US if waits else side.status,
        place_at=side.place_at if side.place_at is not None or not asks else event.at,
    )
    return settle(state, case)


def said(state: State, case: Case, *, at: int, heard: Reached | None) -> State:
    """The customer said something in a call of `case`."""
    side = case.side
    assert side is not None
    place_at = side.place_at if side.place_at is not None else at
    state = _with_side(state, case, unanswered=side.unanswered + 1, heard=heard or side.heard, place_at=place_at)
    return settle(state, case)


def wished(state: State, event: WishNoted) -> State:
    case = get(state, event.case, Case)
    return settle(_with_side(state, case, prefers=event.prefers or case.prefers), case)


def only_stopped(state: State, case: Case) -> State:
    """What they wrote was a bare order to stop, and asks nothing of anybody."""
    side = case.side
    if side is None or side.heard is None or side.place_at != side.heard.at:
        return state
    return _with_side(state, case, place_at=None)


def attended(state: State, case: Case, *, at: int) -> State:
    """A person talked with the customer of `case`: every side of theirs is attended to."""
    for one in tree_of(state, case):
        if one.side is not None and one.customer == case.customer:
            state = _with_side(state, one, answered_at=at, unanswered=0, place_at=None)
    return settle(state, get(state, case.id, Case))


def answered(state: State, event: MessageQueued, *, by_person: bool) -> State:
    """A message of ours on a part: the head counts it as well."""
    case = get(state, event.case, Case)
    head = head_of(state, case)
    if head.id != case.id:
        texts = tuple(sorted((*head.texts, event.at)))[-event.budget :] if event.budget else head.texts
        told_at = event.at if event.mail is not None and event.mail.automatic else head.told_at
        state = change(state, head, texts=texts, told_at=told_at, changed_at=max(head.changed_at, event.at))
        head = get(state, head.id, Case)
        if by_person and head.status.is_live:
            state = change(state, head, status=CaseStatus.WAITING_CUSTOMER)
    case = get(state, event.case, Case)
    assert case.side is not None
    if by_person:  # what it says it says of this side alone: taken apart, nobody has attended to the others
        status = CaseStatus.WAITING_CUSTOMER if case.side.status.is_live else case.side.status
        done = {"answered_at": event.at, "unanswered": 0, "place_at": None, "status": status}
        state = settle(_with_side(state, case, **done), case)
    return state


def not_arrived(state: State, event: MessageFailed, queued_at: int) -> State:
    """A text that did not arrive takes nothing of the head's budget either."""
    case = get(state, event.case, Case)
    head = head_of(state, case)
    if head.id == case.id or queued_at not in head.texts:
        return state
    at = head.texts.index(queued_at)  # type: ignore[arg-type]
    return change(state, head, texts=(*head.texts[:at], *head.texts[at + 1 :]))


def finished(state: State, case: Case) -> State:
    """An agent is through with what the joined cases asked for."""
    for one in tree_of(state, case):
        if one.side is not None:
            state = _with_side(state, one, place_at=None, ask=None, taken=False)
    return state


def status_set(state: State, event: CaseStatusChanged) -> State:
    """What somebody says of the head they say of all of it."""
    head = get(state, event.case, Case)
    wants = event.status in (CaseStatus.OPEN, CaseStatus.WAITING_US)
    solved_at = None if event.status.is_live else event.at
    for one in tree_of(state, head):
        side = one.side
        assert side is not None
        done = {} if wants else {"place_at": None, "ask": None, "taken": False}
        state = _with_side(state, one, status=event.status, solved_at=solved_at, **done)
    return settle(state, get(state, event.case, Case))


# --- joining and taking apart -----------------------------------------------------------------------------------------


def merged(state: State, event: CasesMerged) -> State:
    part, parent = get(state, event.case, Case), get(state, event.into, Case)
    joined = Joined(
        id=event.merge,
        into=event.into,
        at=event.at,
        author=event.author,
        author_id=event.author_id,
        evidence=event.evidence,
        why=event.words,
    )
    state = change(state, part, joined=joined, side=part.side or own_side(part))
    state = _listed(state, get(state, part.id, Case))
    side = parent.side or own_side(parent)
    state = change(state, parent, parts=(*parent.parts, part.id), side=side, entries=event.entry)
    head = head_of(state, get(state, parent.id, Case))
    wakes = not head.status.is_live and part.status.is_live
    state = change(
        state,
        head,
        status=part.status if wakes else head.status,
        solved_at=None if wakes else head.solved_at,
        agent=head.agent or part.agent,
        changed_at=event.at,
    )
    state = settle(state, get(state, head.id, Case))
    return _listed(state, get(state, head.id, Case))


def unmerged(state: State, event: CasesUnmerged) -> State:
    part = get(state, event.case, Case)
    assert part.joined is not None
    parent = get(state, part.joined.into, Case)
    state = change(state, part, joined=None)
    state = change(state, parent, parts=tuple(id for id in parent.parts if id != part.id))
    state = change(state, get(state, event.head, Case), entries=event.entry, changed_at=event.at)
    for id in (part.id, event.head):
        head = get(state, id, Case)
        sides = sides_of(state, head)
        own = sides[0]
        state = change(
            state,
            head,
            status=head.status if head.ask is not None and head.id == part.id else status_of(sides),
            solved_at=own.solved_at if not status_of(sides).is_live else None,
            agent=head.agent if head.taken or head.id == part.id else own.agent,
            queue=head.ask.queue if head.ask is not None else own.queue,
        )
        state = settle(state, get(state, id, Case))
        state = _listed(state, get(state, id, Case))
    for id in (part.id, parent.id):
        case = get(state, id, Case)
        if case.joined is None and not case.parts:
            state = change(state, case, side=None)
    return state


def _listed(state: State, case: Case) -> State:
    """A customer's open matters are heads that are live."""
    customer = get(state, case.customer, Customer)
    others = tuple(id for id in customer.live_cases if id != case.id)
    wanted = case.is_head and case.status.is_live
    if wanted is (case.id in customer.live_cases):
        return state
    return change(state, customer, live_cases=(*others, case.id) if wanted else others)


def split(state: State, event: CaseSplit) -> State:
    case, new = get(state, event.case, Case), get(state, event.into, Case)
    if case.side is not None:
        state = _with_side(state, case, place_at=event.place_at)
        case = get(state, event.case, Case)
    state = _moved(
        state,
        case,
        contacts=-event.contacts,
        unanswered=-event.unanswered,
        heard=event.left,
        letter=event.left_letter,
    )
    state = _rerouted(state, get(state, case.id, Case), event.rerouted)
    state = _replaced(state, get(state, case.id, Case), event.replaced)
    about = case.topics if event.left_topics is None else event.left_topics[-TOPICS_MAX:]
    went = {event.letter.subject_key} if event.letter is not None else set[str]()
    went -= {event.left_letter.subject_key} if event.left_letter is not None else set()
    state = change(
        state,
        get(state, case.id, Case),
        entries=event.entry,
        rows_moved=True,
        changed_at=event.at,
        topics=about,
        subject_keys=tuple(key for key in case.subject_keys if key not in went),
    )
    came = Split(
        id=event.split,
        case=event.case,
        at=event.at,
        topics=event.topics or (),
        was_about=case.topics,
        rerouted=event.rerouted,
        replaced=event.replaced,
        rows=tuple(n for _, n in event.entries),
        contacts=event.contacts,
        unanswered=event.unanswered,
    )
    return change(
        state,
        new,
        split=came,
        rows_moved=True,
        heard=event.heard,
        letter=event.letter,
        subject_keys=(event.letter.subject_key,) if event.letter is not None and event.letter.subject_key else (),
        contacts=event.contacts,
        unanswered=event.unanswered,
        language=case.language,
        topics=new.topics if event.topics is None else event.topics[-TOPICS_MAX:],
    )


def split_undone(state: State, event: SplitUndone) -> State:
    new = get(state, event.into, Case)
    came = new.split
    assert came is not None
    mine: Case | Side = new.side or new
    heard, letter = mine.heard, mine.letter
    state = _moved(state, new, contacts=-came.contacts, unanswered=-came.unanswered, heard=heard, letter=letter)
    if new.side is not None:  # in logs of before it was joined only then
        state = _waits_there(state, get(state, new.id, Case), get(state, event.case, Case), stays_at=event.stays_at)
    kept = tuple(topic for topic in new.topics if topic not in came.topics)
    state = change(state, get(state, new.id, Case), split=None, topics=kept)
    case = get(state, event.case, Case)
    theirs: Case | Side = case.side or case
    back = last_of([theirs.heard, heard])
    if theirs.heard is None or (heard is not None and heard.at > theirs.heard.at):
        letter = letter or theirs.letter
    else:
        letter = theirs.letter or letter
    state = _moved(state, case, contacts=came.contacts, unanswered=came.unanswered, heard=back, letter=letter)
    state = _rerouted(state, get(state, case.id, Case), event.rerouted)
    state = _replaced(state, get(state, case.id, Case), event.replaced)
    about = tuple(dict.fromkeys((*came.was_about, *case.topics)))[-TOPICS_MAX:]
    return change(state, get(state, case.id, Case), entries=event.entry, changed_at=event.at, topics=about)


def _waits_there(state: State, new: Case, case: Case, *, stays_at: int | None) -> State:
    """Rows that went back wait where they stand: a case of which nothing is left asks for nothing by itself, and what
    came to it since waits since then (`stays_at`)."""
    mine, theirs = new.side, case.side
    assert mine is not None
    assert theirs is not None
    if mine.place_at is not None and (stays_at is None or mine.place_at < stays_at):
        place_at = mine.place_at if theirs.place_at is None else min(mine.place_at, theirs.place_at)
        state = _with_side(state, case, place_at=place_at, ask=theirs.ask or mine.ask)
    if not mine.contacts:
        return _with_side(state, new, place_at=None, ask=None, taken=False)
    if stays_at is None:
        return state
    ask = replace(mine.ask, place_at=stays_at, since_at=None) if mine.ask is not None else None
    return _with_side(state, new, place_at=stays_at, ask=ask)


def routed_of(ask: Ask) -> Routed:
    """Where an ask goes, and by which rule."""
    return Routed(
        queue=ask.queue,
        requirement=ask.requirement,
        policy=ask.policy,
        rule=ask.rule,
        relax=ask.relax,
        stays=ask.stays,
    )


def as_routed(ask: Ask, to: Routed) -> Ask:
    """The same ask, that goes elsewhere."""
    return replace(
        ask,
        queue=to.queue,
        requirement=to.requirement,
        policy=to.policy,
        rule=to.rule,
        relax=to.relax,
        stays=to.stays,
    )


def _rerouted(state: State, case: Case, moved: Rerouted | None) -> State:
    """A case asks otherwise than it did: now, by itself once it is taken apart, and where it asks again."""
    if moved is None:
        return state

    def after(ask: Ask | None) -> Ask | None:
        return as_routed(ask, moved.now) if ask is not None and routed_of(ask) == moved.was else ask

    side = case.side
    if side is not None:
        queue = moved.now.queue if side.queue == moved.was.queue else side.queue
        side = replace(side, ask=after(side.ask), queue=queue)
    ask = after(case.ask)
    queue = moved.now.queue if case.queue == moved.was.queue and ask is None else case.queue
    queue = ask.queue if ask is not None else queue
    return change(state, case, ask=ask, asked_as=after(case.asked_as), side=side, queue=queue)


def _replaced(state: State, case: Case, moved: Replaced | None) -> State:
    """The call that a case was promised, and what it asked for before it rested, counts since other words."""
    if moved is None:
        return state
    if case.promise is not None:
        promise = get(state, case.promise, Promise)
        state = change(state, promise, **_since_other_words(promise, moved))
    if case.asked_as is not None:
        asked_as = replace(case.asked_as, **_since_other_words(case.asked_as, moved))
        state = change(state, get(state, case.id, Case), asked_as=asked_as)
    return state


def _since_other_words(one: Ask | Promise, moved: Replaced) -> dict[str, Any]:
    place_at = moved.now.place_at if one.place_at == moved.was.place_at else one.place_at
    since = moved.now.since if one.waits_since == moved.was.since else one.waits_since
    return {"place_at": place_at, "since_at": None if since == place_at else since}


def _moved(
    state: State, case: Case, *, contacts: int, unanswered: int, heard: Reached | None, letter: Letter | None
) -> State:
    """Contacts went from, or to, a case. What was answered meanwhile stays answered."""
    mine: Case | Side = case.side or case
    changes: dict[str, Any] = {
        "contacts": mine.contacts + contacts,
        "unanswered": max(0, mine.unanswered + unanswered),
        "heard": heard,
        "letter": letter,
    }
    if case.side is None:
        return change(state, case, **changes)
    return settle(_with_side(state, case, **changes), case)


# --- customers --------------------------------------------------------------------------------------------------------


def customers_merged(state: State, event: CustomersMerged) -> State:
    customer, into = get(state, event.customer, Customer), get(state, event.into, Customer)
    joined = Joined(
        id=event.merge,
        into=event.into,
        at=event.at,
        author=event.author,
        author_id=event.author_id,
        evidence=event.evidence,
        why=event.words,
    )
    state = change(state, customer, joined=joined)
    return change(state, into, members=(*into.members, customer.id))


def customers_unmerged(state: State, event: CustomersUnmerged) -> State:
    customer, into = get(state, event.customer, Customer), get(state, event.into, Customer)
    state = change(state, customer, joined=None)
    return change(state, into, members=tuple(id for id in into.members if id != customer.id))


def person_of(state: State, root: CustomerId) -> list[CustomerId]:
    """A customer and all who were found to be the same person, itself first."""
    found = [root]
    for id in found:
        found += get(state, id, Customer).members
    return found
