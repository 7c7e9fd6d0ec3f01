"""A mail arrives: the case that it belongs to, who may write there, and what no person wrote (design: continuity).

Its one rule: a sender joins a case only where they are entitled to; whoever is not, writes a matter of their own. What
a machine sent is kept and marked; it asks for nothing, answers nothing and opens nothing again.
"""

from router.core import asks, cards, junk
from router.core.addresses import Address, matching_key
from router.core.choice import Way
from router.core.commands import SYSTEM, Indexed, MailIn, SetParticipant, TakeContact
from router.core.contacts import (
    clean_text,
    known_customer,
    language_of,
    new_address,
    new_customer,
    open_case,
    side_of,
    want_work,
)
from router.core.context import Making
from router.core.documents import Candidate, Case, Customer, Letter, Message, MessageState
from router.core.errors import Reason, Rejected
from router.core.events import (
    CaseReopened,
    CaseStatusChanged,
    ContactReceived,
    ParticipantAdded,
    ParticipantChanged,
)
from router.core.evidence import (
    BY_SUBJECT,
    REFERENCE,
    Graded,
    grade_of_mail,
    of_somebody_else,
    of_typed_address,
    strengthened,
)
from router.core.files import keep_file
from router.core.linking import NO_WORDS, Link, Words, is_others, link, read_words, references_in
from router.core.mailing import AT_ONCE, AT_ONCE_MS, brand_of, mark_all, note_unreached, why_untold
from router.core.messages import has_arrived
from router.core.shared_lines import candidates_of, check_goes_on, graded_on_line, refuse_shared
from router.core.texts import queue_message, withhold
from router.core.tree import owner_of_address, tree_of
from router.core.undelivered import fail
from router.core.values import replace
from router.core.words import (
    DAY_MS,
    ActorKind,
    AddressId,
    CaseId,
    CaseStatus,
    Channel,
    ContactId,
    CustomerId,
    Evidence,
    Setback,
    VaultId,
)

PARTICIPANTS_MAX = 20
"""Others on one case; more are shown with the mail and not written to, and what they write is a matter of their own."""
SHOWN_MAX = 50
"""People of one mail that are kept by name."""
SUBJECT_CHARS_MAX = 500
SURE_THREADS = ("reply_address", "answer")
"""Ways of naming a case that nobody knows who was not written to about it: the customer alone, while nobody else is."""
RECEIVED = "mail_received"
UNGUESSABLE = "reply_address"
"""The way of naming a case that only somebody can know who was written to about it."""


def take_letter(making: Making, command: TakeContact) -> None:
    """One mail becomes one entry of one case. Raises Rejected(NOT_YOURS) where its sender may not write to the case
    that it names."""
    mail = command.mail
    assert mail is not None
    policy, text, making.unanswered = making.context.policy, clean_text(command.text), mail.unanswered
    found = known_customer(making) if command.thread is None else None
    before = making.state
    whole = f"{mail.subject}\n{text}" if mail.subject else text
    writer = found[0] if found else None
    language, known = language_of(policy, text or mail.subject, writer, named=mail.language)
    words = read_words(making, writer, whole) if not mail.automatic else NO_WORDS
    customer, address, found_link = _placed(making, command, found=found, language=known, words=words)
    case = found_link.case
    known_before, others_before = before.get(customer.id), case is not None and bool(case.participants)
    is_at_once = case is not None and _is_at_once(making.head(case.id), command)
    participant = customer.address(address) is None
    if participant or known is None:
        language = customer.language or language  # the language is the customer's; nobody else's words change it
    is_new, mark, alike = case is None, "", 0
    is_known = junk.has_met(known_before if isinstance(known_before, Customer) else None)
    told_of_cards = case is not None and case.redacted
    if case is None:
        mark, alike = junk.compared(making, customer, text, at=command.at)
        queue = policy.routing.rules[-1].queue
        candidates = candidates_of(customer, found_link)
        case = open_case(making, customer, queue=queue, at=command.at, candidates=candidates)
    elif not making.head(case.id).status.is_live and not mail.automatic:
        making.emit(CaseReopened(case=making.head(case.id).id, at=making.now))
    before_it = before.get(making.head(case.id).id)
    if command.thread is None:
        case = side_of(making, making.case(case.id), customer, at=command.at, words=words)
    letter = _kept(making, mail, text, owner=customer.id)
    thread_by = command.thread_by if command.thread is not None else ""
    vouched = _vouched(mail, customer.address(address), known=found is not None or not is_new, thread_by=thread_by)
    graded = graded_on_line(customer, strengthened(vouched, found_link.grounds))
    if participant:
        graded = of_somebody_else(graded)
    evidence = graded.evidence
    making.emit(
        ContactReceived(
            contact=ContactId(making.context.ids.new("con")),
            case=case.id,
            customer=customer.id,
            at=command.at,
            entry=making.case(case.id).entries + 1,
            channel=Channel.EMAIL,
            address=address,
            via=command.via,
            evidence=evidence,
            link=found_link.how,
            grounds=graded.grounds,
            policy=making.context.policy.version,
            topics=() if participant else words.topics,
            words=making.keep(text, kind="text", owner=customer.id) if text else None,
            media=tuple(keep_file(making, file, owner=customer.id) for file in mail.files),
            language=known if not mail.automatic and not participant else None,
            late=command.late,
            opt_out_hint=not mail.automatic and policy.mentions_opt_out(whole),
            letter=letter,
            participant=participant,
            mark=mark,
            alike=alike,
            redacted=mail.redacted,
        )
    )
    _note_thread(making, mail, case)
    if mail.automatic:
        _note_machine(making, command, case, is_new=is_new)
        return
    if is_at_once:
        withhold(making, making.case(case.id), what=RECEIVED, why=AT_ONCE)
    sure = mail.vouched is not False and (
        known_before is None
        or vouched.evidence is not Evidence.WEAK  # a reference that they name invites nobody
        or (command.thread_by in SURE_THREADS and not others_before)
    )
    _note_people(making, case.id, mail, address, sure=sure)
    if not participant and asks.take_answer(making, case.id, text):
        return
    want_work(
        making,
        replace(command, text=whole),
        case_id=case.id,
        address=_address(making, case.id, address),
        known=is_known,
        language=language,
        before=before_it if isinstance(before_it, Case) else None,
    )
    is_told = (
        is_new
        and not making.case(case.id).junk
        and _say_that_we_have_it(making, making.case(case.id), address, command)
    )
    if mail.redacted and not participant and not is_told:
        cards.tell(making, case.id, command, again=told_of_cards)


# --- whose and which --------------------------------------------------------------------------------------------------


def _placed(
    making: Making, command: TakeContact, *, found: tuple[Customer, Address] | None, language: str | None, words: Words
) -> tuple[Customer, AddressId, Link]:
    """Customer, address, and the case (None: a new one) with why."""
    if command.thread is None:
        customer, address = found or new_customer(making, command, language=language)
        refuse_shared(address)
        found_link = _among_the_same(making, command, link(making, customer, command, address=address.id, words=words))
        check_goes_on(customer, found_link.how)
        return customer, address.id, found_link
    case = making.case(command.thread)
    wrote = owner_of_address(making.state, making.context.found) if making.context.found is not None else None
    if wrote is not None and wrote.id != case.customer:  # who was found to be the same person, on their own side
        case = side_of(making, making.head(case.id), wrote, at=command.at)
    customer, sender = making.customer(case.customer), _entitled(making, case, command)
    if command.thread_by == BY_SUBJECT:
        _check_subject(making, case, command, sender)
    reopens = making.context.policy.settings.cases.reopen_days * DAY_MS
    head = making.head(case.id)
    mail, is_theirs = command.mail, customer.address(sender) is not None
    if head.junk and is_theirs:  # what was set aside is answered by nobody: each mail is judged by itself
        return customer, sender, Link(None, "new_case", ("nothing_open",))
    long_over = not head.status.is_live and command.at - (head.solved_at or head.changed_at) > reopens
    if long_over and mail is not None and not mail.automatic and is_theirs:
        return customer, sender, Link(None, "new_case_after_long", ("long_over",))
    return customer, sender, Link(case, command.thread_by, ())


def _check_subject(making: Making, case: Case, command: TakeContact, sender: AddressId) -> None:
    """Anybody could write a subject. By one alone goes on, on lines that nobody shares, the customer, and whoever is
    written to about the case; within the time in which they would without one, and where their words name no other.
    Raises Rejected(NOT_YOURS)."""
    head, customer = making.head(case.id), making.customer(case.customer)
    policy, theirs = making.context.policy, customer.address(sender)
    if theirs is None:
        is_entitled = any(p.address.id == sender and p.invited for p in case.participants)
    else:
        found = Link(case, BY_SUBJECT, ())
        is_sure = not (customer.users or theirs.users or is_others(head) or references_in(command.text))
        is_entitled = is_sure and _among_the_same(making, command, found) is found
    rules, ended_at = policy.settings.cases, head.solved_at or head.changed_at
    since, days = (head.changed_at, rules.link_window_days) if head.status.is_live else (ended_at, rules.reopen_days)
    is_over = head.junk or command.at - since > days * DAY_MS
    if not is_entitled or is_over or policy.matters.is_another(command.text):
        raise Rejected(Reason.NOT_YOURS, "case")


def _among_the_same(making: Making, command: TakeContact, found: Link) -> Link:
    """A mail that names no case and brings somebody new along is a matter of its own where answers of the case it was
    found for go to others, of whom it is to none: a form that writes to each visitor in copy is no one person."""
    mail, case = command.mail, found.case
    if mail is None or mail.automatic or case is None or REFERENCE in found.grounds:
        return found
    parts = tree_of(making.state, making.head(case.id))
    ids = {one.id for one in parts}
    is_anew = any(
        o.owner not in {one.customer for one in parts} and ids.isdisjoint(o.takes_part_in) for o in mail.others
    )
    reads = any(p.invited for one in parts for p in one.participants)
    is_to_one = any(not ids.isdisjoint(other.takes_part_in) for other in mail.others)
    if not is_anew or not reads or is_to_one:
        return found
    return Link(None, "new_matter", ("other_people",), (Candidate(case=case.id, why=("open",)),))


def _vouched(mail: MailIn, sender: Address | None, *, known: bool, thread_by: str) -> Graded:
    graded = grade_of_mail(mail, known=known, thread_by=thread_by)
    return of_typed_address(graded) if sender is not None and sender.typed else graded


def _entitled(making: Making, case: Case, command: TakeContact) -> AddressId:
    """The address that a mail about this case comes from: the customer's, a participant's, or that of somebody new who
    was given the reply address, who takes part from now on. What comes back to us by itself (a bounce, a complaint, an
    answer of a machine to a mail of ours) comes from anywhere, and no machine takes part."""
    found, mail = making.context.found, command.mail
    customer = making.customer(case.customer)
    if found is not None and (customer.address(found) or any(p.address.id == found for p in case.participants)):
        return found
    is_given = command.thread_by == UNGUESSABLE and (mail is None or mail.joins)
    if mail is not None and mail.automatic and (command.thread_by in SURE_THREADS or mail.bounced is not None):
        return new_address(making, command.sender, owner=case.customer).id
    if is_given and len(case.participants) < PARTICIPANTS_MAX:
        why = "wrote to the reply address of this case"
        return _add_participant(making, case, command.sender, invited=False, why=why)
    raise Rejected(Reason.NOT_YOURS, "case")


def _address(making: Making, case_id: CaseId, id: AddressId) -> Address:
    case = making.case(case_id)
    found = making.customer(case.customer).address(id)
    return found or next(p.address for p in case.participants if p.address.id == id)


def _add_participant(making: Making, case: Case, given: str, *, invited: bool, why: str) -> AddressId:
    address = new_address(making, given, owner=case.customer)
    making.emit(
        ParticipantAdded(case=case.id, customer=case.customer, at=making.now, address=address, invited=invited, why=why)
    )
    index_participant(making, case.id, given, address=address.id, customer=case.customer)
    return address.id


def set_participant(making: Making, command: SetParticipant) -> None:
    """Write to somebody about a case from now on, or no longer. `context.found`: who of those taking part it is."""
    case, found = making.case(command.case), making.context.found
    known = next((p for p in case.participants if p.address.id == found), None)
    if known is None:
        if not command.invited:
            raise Rejected(Reason.NOT_FOUND, "participant")
        if len(case.participants) >= PARTICIPANTS_MAX:
            raise Rejected(Reason.NOTHING_TO_DO, f"{PARTICIPANTS_MAX} people, the most there can be,")
        _add_participant(making, case, command.address, invited=True, why="invited by one of us")
        return
    if known.invited is command.invited:
        raise Rejected(Reason.NOTHING_TO_DO, "so")
    making.emit(
        ParticipantChanged(
            case=case.id,
            customer=case.customer,
            at=making.now,
            address=known.address.id,
            invited=command.invited,
            author=command.actor.kind,
            author_id=command.actor.id,
        )
    )


def index_participant(making: Making, case: CaseId, given: str, *, address: AddressId, customer: CustomerId) -> None:
    """Somebody who takes part is found by the address as it was given, and their cases by it."""
    for key in participant_keys(case, given):
        making.indexed.append(Indexed(key=key, address=address, customer=customer, first_wins=True))


def participant_keys(case: str, address: str) -> tuple[str, str]:
    """All keys of somebody who takes part in a case."""
    return participant_key(case, address), f"{cases_key(address)}{case}"


def participant_key(case: str, address: str) -> str:
    """Under which somebody is found as a participant of one case, and of no other."""
    return f"{case} {matching_key(address)}"


def cases_key(address: str) -> str:
    """How the keys begin that list the cases in which somebody takes part."""
    return f"takes part {matching_key(address)} "


def _note_people(making: Making, id: CaseId, mail: MailIn, sender: AddressId, *, sure: bool) -> None:
    """Whoever else the customer wrote to takes part from now on: they may answer, and answers go to them as well.

    Somebody who was not invited invites nobody. Where it is not `sure` that it was the customer, nobody is written to
    because of it: a forged sender must not have us send what we know to an address of theirs."""
    case = making.case(id)
    customer, wrote = making.customer(case.customer), _address(making, id, sender)
    known = customer.address(sender)
    if wrote.bounced and mail.vouched is not False:
        mark_all(making, case, (wrote.id,), bounced=False, why="they wrote again")
    if known is None and not any(p.address.id == sender and p.invited for p in case.participants):
        return
    for other in mail.others:
        case = making.case(id)
        known_here = other.owner == case.customer or id in other.takes_part_in
        if not known_here and len(case.participants) < PARTICIPANTS_MAX:
            _add_participant(making, case, other.address, invited=sure, why="was written to by them")


# --- what is kept -----------------------------------------------------------------------------------------------------


def _kept(making: Making, mail: MailIn, text: str, *, owner: str) -> Letter:
    def keep(words: str, kind: str = "text") -> VaultId | None:
        return making.keep(words, kind=kind, owner=owner) if words else None

    full = clean_text(mail.full_text)
    return Letter(
        thread=making.keep(f"{mail.thread} {mail.id}".strip(), kind="mail-id", owner=owner),
        raw=keep_file(making, mail.raw, owner=owner),
        sender=keep(mail.sender, "person"),
        to=tuple(id for one in mail.to[:SHOWN_MAX] if (id := keep(one, "person"))),
        copies=tuple(id for one in mail.copies[:SHOWN_MAX] if (id := keep(one, "person"))),
        subject=keep(clean_text(mail.subject)[:SUBJECT_CHARS_MAX]),
        full=keep(full) if full != text else None,
        html=keep(mail.html, "html"),
        automatic=mail.automatic,
        subject_key=mail.subject_key,
        notes=mail.notes,
        vouched=mail.vouched is True,
    )


def _note_thread(making: Making, mail: MailIn, case: Case) -> None:
    """What refers to it finds its case, and what it answers of ours has arrived."""
    has_arrived(making, mail.answers)
    for key in mail.keys:
        making.indexed.append(Indexed(key=key, address=AddressId(case.id), customer=case.customer, first_wins=True))


# --- machines ---------------------------------------------------------------------------------------------------------


def _note_machine(making: Making, command: TakeContact, case: Case, *, is_new: bool) -> None:
    """Nobody is asked because of it. One that belongs to no matter stands in a case of its own that is closed."""
    mail = command.mail
    assert mail is not None
    message = making.state.get(mail.bounced or "")
    is_theirs = isinstance(message, Message) and message.customer == case.customer
    if isinstance(message, Message) and is_theirs and mail.bounced_for_good:
        _came_back(making, message, mail)
    if is_new:
        case = making.case(case.id)
        making.emit(
            CaseStatusChanged(
                case=case.id,
                at=making.now,
                entry=case.entries + 1,
                status=CaseStatus.CLOSED,
                author=ActorKind.SYSTEM,
                author_id=None,
            )
        )


def _is_at_once(head: Case, command: TakeContact) -> bool:
    """Whether it answers an automatic mail of ours sooner than a person would: no other sign of a machine is needed
    for people of ours to be told. It asks for somebody as any mail does, for it may be a person after all."""
    told, mail = head.told_at, command.mail
    if mail is not None and mail.to_person:
        return False
    return told is not None and command.thread_by in SURE_THREADS and 0 <= command.at - told < AT_ONCE_MS


def _came_back(making: Making, message: Message, mail: MailIn) -> None:
    """Nothing goes to that address until somebody writes from it. Where only a copy came back, the mail arrived."""
    ids, why = mail.bounced_at or (message.address,), mail.bounced_why[:200]
    note_unreached(making, making.case(message.case), ids, why)
    if message.address in ids and message.state != MessageState.FAILED:  # one that arrived twice comes back twice
        fail(making, message, f"came back: {why}", Setback.UNREACHABLE)


def _say_that_we_have_it(making: Making, case: Case, address: AddressId, command: TakeContact) -> bool:
    """Tell them once that their mail came, in words of ours alone: whoever wrote may not be whom the address names.
    False: nothing was said."""
    mail, policy = command.mail, making.context.policy
    if mail is None or not policy.settings.sending.acknowledge_mail:
        return False
    if why := mail.quiet or why_untold(making, case):
        if mail.vouched is not False:  # else it stands beside the mail why its sender is told nothing
            withhold(making, case, what=RECEIVED, why=why)
        return False
    language = case.language or ""
    text = policy.phrase(RECEIVED, language, brand=brand_of(policy, command.via), ref=case.ref)
    if mail.redacted:
        text = f"{policy.phrase(cards.PHRASE, language)}\n\n{text}"
    words = making.keep(text, kind="text", owner=case.customer)
    way = Way(Channel.EMAIL, address, command.via)
    queue_message(making, case, way, words, segments=0, by=SYSTEM, reasons=("their first mail about it",))
    return True
