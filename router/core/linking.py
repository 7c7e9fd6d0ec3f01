"""Which case a contact belongs to, and why (design: continuity). It looks at one customer's cases and changes none.

Its one rule: a guess that could be another's matter is not made. What they say themselves comes first, then what the
line tells, then what the words are about; where several cases fit equally well it is a new one, with the others as
candidates for the agent. Who the customer is was found before; how sure that is says `core.evidence`.
"""

import re

from router.core.clock import Ms
from router.core.commands import TakeCall, TakeContact
from router.core.context import Making
from router.core.documents import Candidate, Case, Customer, Promise
from router.core.evidence import REFERENCE
from router.core.reference import normalised_reference
from router.core.tree import customers_of, heard_at, side_for, tree_of
from router.core.values import value
from router.core.words import DAY_MS, HOUR_MS, MINUTE_MS, AddressId, CaseStatus, Channel

LATELY_MS = 48 * HOUR_MS
"""What happened within this time makes a case the likelier one."""
JUST_NOW_MS = 30 * MINUTE_MS
"""Who writes again on the same line within this time goes on with what they said, even about something else: people
write in pieces. Where it is another matter, the agent splits it off."""
CANDIDATES_MAX = 9
"""As many as have a key of their own."""
FITS_AS_WELL = "fits_as_well"
RUNS = re.compile(r"[0-9][0-9 \-./#]{5,}[0-9]")


@value
class Link:
    """The case that a contact belongs to; None: a new matter. `how` names the rule, `grounds` what it stands on."""

    case: Case | None
    how: str
    grounds: tuple[str, ...]
    candidates: tuple[Candidate, ...] = ()


NOTHING_OPEN = Link(None, "new_case", ("nothing_open",))


@value
class Words:
    """What the words of a contact tell; never the words. `topics` as the policy's rules name them."""

    topics: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    is_another: bool = False
    is_again: bool = False


NO_WORDS = Words()


def read_words(making: Making, customer: Customer | None, text: str, besides: tuple[str, ...] = ()) -> Words:
    """What `text` tells of the matter that it is about. `besides`: topics that came along otherwise.

    Whoever is new has no other matter, so no more than the topic is looked for."""
    policy = making.context.policy
    topics = policy.topics_in(text) + besides
    if not text or customer is None or customer.last_case is None:
        return Words(topics=topics) if topics else NO_WORDS
    return Words(
        topics=topics,
        references=references_in(text),
        is_another=policy.matters.is_another(text),
        is_again=policy.matters.is_again(text),
    )


def references_in(text: str) -> tuple[str, ...]:
    """References of cases that stand in a text, as we write them.

    >>> references_in("about 48 2196 3, please: not 48-2196-4")
    ('48-2196-3',)
    """
    found = RUNS.findall(text)
    if not found:
        return ()
    runs = (part for run in found for part in (run, *run.split()))
    return tuple(dict.fromkeys(ref for run in runs if (ref := normalised_reference(run))))


def link(
    making: Making, customer: Customer, command: TakeContact | TakeCall, *, address: AddressId, words: Words
) -> Link:
    """The case of `customer` that this contact is about."""
    if customer.last_case is None and customer.joined is None and not customer.members:
        return NOTHING_OPEN
    rules = making.context.policy.settings.cases
    since = Ms(command.at - rules.link_window_days * DAY_MS)
    person = people(making, customer)
    ids = [id for one in person for id in one.live_cases]
    known = [case for id in ids if isinstance(case := making.state.get(id), Case)]
    if (asked := _answered(making, known, command)) is not None:
        return Link(asked, "answer_to_question", ("asked_which",))
    if words.references and (named := _named(making, [*known, *_ended(making, person)], words)) is not None:
        return Link(named, "reference", (REFERENCE,))
    if (told := _told(making, customer, address, words)) is not None:
        return Link(told, "reply", ("written_there",))
    cases = [case for case in known if case.changed_at >= since and not is_others(case)]
    single = "single_case" if len(known) == 1 else "single_lately"
    own = [case for case in cases if side_for(making.state, case, customer.id) is not None] if len(person) > 1 else []
    if own and not any(map(_was_unsure, own)):  # they go before those of who was found to be the same person
        single = single if len(own) == len(cases) else "single_own"
        cases = own
    if cases:
        return _of_open(making, customer, command, cases, address=address, words=words, single=single)
    ended = next(iter(_ended(making, person)), None)
    return _of_ended(making, ended, command, words=words, reopen_ms=rules.reopen_days * DAY_MS)


def _answered(making: Making, cases: list[Case], command: TakeContact | TakeCall) -> Case | None:
    """The case about which we asked on this line which matter it is, where these words are the answer: by a word that
    names another matter, or by the reference of one, it is answered as well."""
    if not isinstance(command, TakeContact) or command.touch is not None:  # anybody can touch for anybody
        return None
    asked = [case for case in cases if _same_line(case, command) and _was_asked(case, command.at)]
    case = max(asked, key=_heard_at, default=None)
    return case if case is not None and choice_in(making, case, command.text) is not None else None


def _told(making: Making, customer: Customer, address: AddressId, words: Words) -> Case | None:
    """The open case about which we wrote to an address that a visitor typed: what comes from there is a reply."""
    given = customer.address(address)
    case = making.state.get(given.told_case or "") if given is not None and given.typed else None
    head = making.head(case.id) if isinstance(case, Case) else None
    return head if head is not None and head.status.is_live and not words.is_another else None


def choice_in(making: Making, case: Case, text: str) -> int | None:
    """Which of the choices of its question `text` takes, counted from 1: by number, in words, or by the reference or
    the topic of one that was named. None where it is no answer, or no question is open: whoever had the case is
    through, and these are words for whoever comes next."""
    question = case.question
    if question is None or case.ask is None:
        return None
    said = text.strip().rstrip(".)")
    if said.isdecimal() and len(said) <= 2:
        return int(said) if 1 <= int(said) <= len(question.choices) else None
    matters, named = making.context.policy.matters, question.choices[:-1]
    if question.named and not matters.is_another(text):
        refs, topics = references_in(text), making.context.policy.topics_in(text)
        cases = [(n, one) for n, id in enumerate(named, start=1) if isinstance(one := making.state.get(id or ""), Case)]
        found = [n for n, one in cases if one.ref in refs]
        found = found or [n for n, one in cases if not topics_of(making, one).isdisjoint(topics)]
        if len(found) == 1:
            return found[0]
    if matters.says_new(text):
        return len(question.choices)
    return 1 if len(named) == 1 and matters.says_earlier(text) else None


def people(making: Making, customer: Customer) -> list[Customer]:
    """All customers who were found to be this person."""
    if customer.joined is None and not customer.members:
        return [customer]
    return customers_of(making.state)


def _ended(making: Making, person: list[Customer]) -> list[Case]:
    """The matter that was opened last, or what it goes on in, where that is over; else nothing."""
    found = [making.state.get(one.last_case or "") for one in person]
    cases = [making.head(case.id) for case in found if isinstance(case, Case)]
    last = max(cases, key=lambda case: (case.changed_at, case.id), default=None)
    return [last] if last is not None and not last.status.is_live and not is_others(last) else []


def _named(making: Making, cases: list[Case], words: Words) -> Case | None:
    """The first case whose reference, or that of one that goes on in it, they wrote."""
    return next((c for c in cases if any(one.ref in words.references for one in tree_of(making.state, c))), None)


# --- something is open ------------------------------------------------------------------------------------------------


def _of_open(
    making: Making,
    customer: Customer,
    command: TakeContact | TakeCall,
    cases: list[Case],
    *,
    address: AddressId,
    words: Words,
    single: str,
) -> Link:
    if words.is_another:
        return Link(None, "new_matter", ("says_other",), _candidates(cases, "open"))
    if sure := _by_line(making, customer, command, cases, address=address):
        return sure
    if len(cases) == 1:
        [only] = cases
        if is_other_matter(making, only, words) and not _goes_on(only, command):
            return Link(None, "new_matter", ("other_words",), _candidates(cases, "open"))
        return Link(only, "single_open_case", (single,))
    return _by_words(making, command, cases, words) or _by_time(command, cases)


def _by_line(
    making: Making, customer: Customer, command: TakeContact | TakeCall, cases: list[Case], *, address: AddressId
) -> Link | None:
    """A reply to what we wrote on this line, or the call that is promised to it."""
    here = [case for case in cases if _same_line(case, command)]
    if asked := [case for case in here if _was_asked(case, command.at)]:
        return Link(max(asked, key=_heard_at), "answer_to_question", ("asked_which",))
    if answered := [case for case in here if _is_reply(case, command.at)]:
        best = max(answered, key=lambda case: (case.answered_at or 0, case.id))
        return Link(best, "reply", ("same_line",))
    for case in [case for case in cases if case.promise is not None]:
        promise = making.state.get(case.promise or "")
        if isinstance(promise, Promise) and promise.state.is_pending and promise.address is not None:
            promised, found = customer.address(promise.address), customer.address(address)
            if promised is not None and promised.line == (found.line if found is not None else None):
                return Link(
                    case, *(("our_call", ("our_call",)) if promise.unpromised else ("open_promise", ("promise",)))
                )
    return None


def _was_asked(case: Case, at: Ms) -> bool:
    return case.question is not None and at - case.question.at <= LATELY_MS


def _is_reply(case: Case, at: Ms) -> bool:
    """The first words since our answer are a reply to it, whatever they are about; so are others soon after."""
    if case.answered_at is None:
        return False
    return not case.unanswered or at - case.answered_at <= LATELY_MS


def _by_words(making: Making, command: TakeContact | TakeCall, cases: list[Case], words: Words) -> Link | None:
    mail = command.mail if isinstance(command, TakeContact) else None
    if mail is not None and mail.subject_key:
        same = [c for c in cases if any(mail.subject_key in one.subject_keys for one in tree_of(making.state, c))]
        if same:
            return Link(max(same, key=lambda case: (case.changed_at, case.id)), "same_subject", ("same_subject",))
    if not words.topics:
        return None
    fitting = [case for case in cases if not topics_of(making, case).isdisjoint(words.topics)]
    if len(fitting) == 1:
        return Link(fitting[0], "same_words", ("same_words",))
    goes_on = any(_goes_on(case, command) for case in cases)
    if not fitting and not goes_on and all(is_other_matter(making, case, words) for case in cases):
        return Link(None, "new_matter", ("other_words",), _candidates(cases, "open"))
    if len(fitting) > 1:
        return _by_time(command, fitting, "same_words")
    return None


def _by_time(command: TakeContact | TakeCall, cases: list[Case], *besides: str) -> Link:
    """The last 48 hours, and within them who goes on with what they said a moment ago; else nobody can tell."""
    on_line = [case for case in cases if _goes_on(case, command)]
    if on_line:
        return Link(max(on_line, key=_heard_at), "just_now", (*besides, "just_now"))
    waiting = [case for case in cases if _was_unsure(case) and _same_line(case, command)]
    if waiting:  # we were not sure then either: what follows stands with what came first
        return Link(max(waiting, key=_heard_at), "just_now", (*besides, "same_line"))
    recent = [case for case in cases if command.at - case.changed_at <= LATELY_MS]
    if len(recent) == 1:
        return Link(recent[0], "latest_open_case", (*besides, "lately"))
    if command.channel is Channel.PHONE:  # they have said nothing yet, and will
        newest = max(cases, key=lambda case: (case.changed_at, case.id))
        return Link(newest, "latest_open_case", (*besides, "unspoken"))
    return Link(None, "unsure", (*besides, "unsure"), _candidates(cases, *besides, FITS_AS_WELL))


# --- nothing is open --------------------------------------------------------------------------------------------------


def _of_ended(
    making: Making, ended: Case | None, command: TakeContact | TakeCall, *, words: Words, reopen_ms: int
) -> Link:
    """A solved case opens again when its customer comes back, unless it is about something else; a closed one only
    when they say that it is about the same."""
    if ended is None or ended.solved_at is None or ended.solved_at < command.at - reopen_ms:
        return NOTHING_OPEN
    if words.is_another or is_other_matter(making, ended, words):
        ground = "says_other" if words.is_another else "other_words"
        return Link(None, "new_matter", (ground,), _candidates([ended], "solved"))
    if ended.status is CaseStatus.SOLVED:
        return Link(ended, "reply_after_solved", ("came_back", *(("says_again",) if words.is_again else ())))
    fits = not topics_of(making, ended).isdisjoint(words.topics)
    if ended.asked and (words.is_again or fits):
        return Link(ended, "reply_after_closed", ("says_again",) if words.is_again else ("same_words",))
    return NOTHING_OPEN


def going_on(making: Making, found: Link) -> Link:
    """The likeliest of its candidates, for what is about no matter at all."""
    likeliest = making.state.get(found.candidates[0].case or "")
    return Link(likeliest, "latest_open_case", ("lately",)) if isinstance(likeliest, Case) else found


# --- which of those that are joined -----------------------------------------------------------------------------------


def side_of_words(making: Making, head: Case, customer: Customer, words: Words) -> Case | None:
    """On which of the cases that are joined under `head` these words of `customer` stand: the one that they name, or
    are about, or the one on which they were answered last if they wrote nothing since; else where they wrote last.
    None: there is none of theirs."""
    theirs = [one for one in tree_of(making.state, head) if one.customer == customer.id]
    if len(theirs) < 2:
        return next(iter(theirs), None)
    named = [one for one in theirs if one.ref in words.references]
    about = [one for one in theirs if not set(one.topics).isdisjoint(words.topics)]
    for fitting in (named, about):
        if len(fitting) == 1:
            return fitting[0]
    last = side_for(making.state, head, customer.id)
    told = max(theirs, key=_side_told_at)
    is_reply = last is not None and last.side is not None and _side_told_at(told) >= heard_at(last)
    return told if is_reply else last


def _side_told_at(case: Case) -> int:
    return (case.side.answered_at if case.side is not None else case.answered_at) or 0


# --- parts ------------------------------------------------------------------------------------------------------------


def topics_of(making: Making, case: Case) -> set[str]:
    """What a case is about, and all that go on in it."""
    if case.side is None:
        return set(case.topics)
    return {topic for one in tree_of(making.state, case) for topic in one.topics}


def is_other_matter(making: Making, case: Case, words: Words) -> bool:
    """Whether the words are about something, the case is about something, and it is not the same."""
    if not words.topics:
        return False
    topics = topics_of(making, case)
    return bool(topics) and topics.isdisjoint(words.topics)


def _candidates(cases: list[Case], *why: str) -> tuple[Candidate, ...]:
    newest = sorted(cases, key=lambda case: (case.changed_at, case.id), reverse=True)
    return tuple(Candidate(case=case.id, why=why) for case in newest[:CANDIDATES_MAX])


def _was_unsure(case: Case) -> bool:
    return any(FITS_AS_WELL in candidate.why for candidate in case.candidates)


def _heard_at(case: Case) -> int:
    return case.heard.at if case.heard is not None else 0


def _goes_on(case: Case, command: TakeContact | TakeCall) -> bool:
    """Whether it goes on with what was said a moment ago. A mail is written whole."""
    return (
        command.channel is not Channel.EMAIL
        and _same_line(case, command)
        and command.at - _heard_at(case) <= JUST_NOW_MS
    )


def _same_line(case: Case, command: TakeContact | TakeCall) -> bool:
    """True when their last words on this case came on the line that the contact came in on."""
    heard = case.heard
    return heard is not None and heard.channel is command.channel and heard.via == command.via


def is_others(case: Case) -> bool:
    """Whether nobody but others who take part wrote about it: it is their matter, and no mail of the customer's goes
    on there unless it names the case."""
    return case.heard is not None and case.heard.participant


def may_ask(channel: Channel) -> bool:
    """Whether one short question can be asked back on the channel itself."""
    return channel in (Channel.SMS, Channel.WHATSAPP, Channel.CHAT)
