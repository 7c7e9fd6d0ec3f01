"""A contact arrives: whose is it, which matter is it about, and who should look at it (design: continuity).

A contact is never refused for its form. Links made here on weak evidence are for agents; nothing is told to the sender.
"""

from policies import ConsentWord, PolicySet, Verdict
from policies.segments import segments_of
from router.core import asks, cards, junk, questions
from router.core.addresses import Address, AddressFacts, AddressKind, is_anonymous, is_other_spelling, matching_key
from router.core.choice import Way
from router.core.clock import Ms
from router.core.commands import (
    SYSTEM,
    AddAddress,
    Indexed,
    Kept,
    OpenCase,
    SignIn,
    TakeCall,
    TakeContact,
    TakeRecording,
)
from router.core.context import Making
from router.core.documents import Ask, Candidate, Case, Customer, Requirement
from router.core.errors import Reason, Rejected
from router.core.events import (
    AddressAdded,
    CaseOpened,
    CaseReopened,
    CaseStatusChanged,
    ConsentChanged,
    ContactReceived,
    ContextNoted,
    CustomerCreated,
    Event,
    WorkWanted,
)
from router.core.evidence import Graded, grade_of_contact, holds_proof, of_typed_address, strengthened
from router.core.facts import facts_of_contact, without_words
from router.core.files import keep_file
from router.core.linking import NO_WORDS, Link, Words, going_on, link, read_words, side_of_words
from router.core.live_chats import turn_to_chat
from router.core.parts import note_merge
from router.core.place import place_after_switch, since_of
from router.core.redaction import without_cards
from router.core.reference import reference_of
from router.core.shared_lines import ask_who, candidates_of, check_goes_on, graded_on_line, refuse_shared
from router.core.texts import queue_message
from router.core.tree import owners_of
from router.core.values import replace
from router.core.wishes import suggested_in
from router.core.words import (
    DAY_MS,
    SECOND_MS,
    ActorKind,
    AddressId,
    CaseId,
    CaseStatus,
    Channel,
    ContactId,
    CustomerId,
    VaultId,
    WorkId,
)

KEPT_PLACE = "the place that was kept for them on the phone goes along"
TEXT_CHARS_MAX = 20_000
"""Longer words are cut for the timeline; no text channel carries as many."""


def take_contact(making: Making, command: TakeContact) -> None:
    """One arrival becomes one entry of one case: a reply's case, the single open one, or a new one."""
    given = clean_text(command.text)
    text = without_cards(given)
    policy = making.context.policy
    found = known_customer(making)
    if found:
        refuse_shared(found[1])
    is_known = junk.has_met(found[0] if found else None)
    language, known = language_of(policy, text, found[0] if found else None, via=command.via)
    customer, address = _whose(making, command, found, language=known if text else None)
    word = policy.consent_word(text) if command.channel in (Channel.SMS, Channel.WHATSAPP) else None
    is_order = word in (ConsentWord.OPT_OUT, ConsentWord.OPT_IN)
    words = read_words(making, customer, text, _topics_besides(making, command, address))
    if command.thread is not None:  # it was carried here
        found_link = Link(making.head(command.thread), command.thread_by, ())
    else:
        found_link = link(making, customer, command, address=address.id, words=words)
        if is_order and _is_answer(making, command, found_link.case, address):
            word, is_order = None, False
        if is_order and found_link.candidates:  # a bare stop or start is about no matter, and opens none beside others
            found_link = going_on(making, found_link)
        check_goes_on(customer, found_link.how)
    graded = graded_on_line(customer, strengthened(_graded(making, command, address), found_link.grounds))
    case = before = found_link.case
    mark, alike = "", 0
    if case is None:
        mark, alike = junk.compared(making, customer, text, at=command.at)
        case = open_case(
            making, customer, queue=_last_queue(making), at=command.at, candidates=candidates_of(customer, found_link)
        )
    elif not case.status.is_live and not is_order:
        making.emit(CaseReopened(case=case.id, at=making.now))
        case = making.case(case.id)
    if case.side is not None or case.customer != customer.id:
        case = side_of(making, case, customer, at=command.at, words=words)
    owner = customer.id
    media = keep_media(making, command, owner=owner)
    if command.files:
        media += [keep_file(making, file, owner=owner) for file in command.files]
    making.emit(
        ContactReceived(
            contact=ContactId(making.context.ids.new("con")),
            case=case.id,
            customer=customer.id,
            at=command.at,
            entry=case.entries + 1,
            channel=command.channel,
            address=address.id,
            via=command.via,
            evidence=graded.evidence,
            link=found_link.how,
            grounds=graded.grounds,
            policy=making.context.policy.version,
            topics=words.topics,
            words=making.keep(text, kind="text", owner=owner) if text else None,
            media=tuple(media),
            language=known if text and not is_order else None,
            late=command.late,
            opt_out_hint=word is None and policy.mentions_opt_out(text),
            line=address.lines + 1 if command.channel is Channel.CHAT else 0,
            client_id=command.client_id,
            mark=mark,
            alike=alike,
            redacted=text is not given,
        )
    )
    received = making.events[-1]
    _note_context(making, command)
    if is_order:
        _change_consent(making, case.id, address, command, blocked=word is ConsentWord.OPT_OUT)
    elif command.touch is not None or not _take_answer(making, case.id, text):  # anybody can touch for anybody
        want_work(
            making,
            command if command.evidence is graded.evidence else replace(command, evidence=graded.evidence),
            case_id=case.id,
            address=address,
            known=is_known,
            language=language,
            before=before,
        )
        _ask(making, customer, received, is_unsure=found_link.how == "unsure")
    if text is not given:
        cards.tell(making, case.id, command, again=before is not None and before.redacted)


def _whose(
    making: Making, command: TakeContact, found: tuple[Customer, Address] | None, *, language: str | None
) -> tuple[Customer, Address]:
    """Whose contact it is, and from which address of theirs."""
    if found is not None:
        return as_spelled(making, *found, command)
    if command.thread is not None:
        return new_way(making, command, command.thread)
    return new_customer(making, command, language=language)


def language_of(
    policy: PolicySet, text: str, customer: Customer | None, *, named: str = "", via: str = ""
) -> tuple[str, str | None]:  # fmt: skip
    """In which language words are to be read and answered, and what may be said of whoever wrote them (None: nothing).
    `named`: as their program names it. `via`: our number that they wrote to."""
    known = policy.language_known(text, default=customer.language if customer else None, named=named)
    ours = policy.numbers[via].language if via in policy.numbers else ""
    return known or policy.language_of(text, ours=ours), known


def _is_answer(making: Making, command: TakeContact, case: Case | None, address: Address) -> bool:
    """Whether a yes is one to the time that we suggested for our call. Where we were not to write, it is a word of
    consent."""
    is_open = (
        case is not None and command.channel not in address.blocked and suggested_in(case, now=making.now) is not None
    )
    return is_open and making.context.policy.agrees(command.text)


def _graded(making: Making, command: TakeContact, address: Address) -> Graded:
    """What vouches for them. What they proved in a chat holds for that chat, and as long as the policy says."""
    holds_ms = making.context.policy.settings.cases.proof_days * DAY_MS
    graded = grade_of_contact(command, proved=holds_proof(address, at=command.at, holds_ms=holds_ms))
    return of_typed_address(graded) if address.typed else graded


def _ask(making: Making, customer: Customer, received: Event, *, is_unsure: bool) -> None:
    """Ask which matter it is, and who wrote, where that is not clear."""
    if not is_unsure and not customer.users:
        return
    if not isinstance(received, ContactReceived) or making.case(received.case).junk:
        return
    if is_unsure:
        questions.ask_which(making, received)
    if customer.users:
        ask_who(making, customer, received)


def _take_answer(making: Making, id: CaseId, text: str) -> bool:
    """Whether the words were the answer to a question of ours, and nothing else."""
    return questions.take_answer(making, id, text) or asks.take_answer(making, id, text)


def _note_context(making: Making, command: TakeContact) -> None:
    """What came along besides words stands on the timeline, a row each, and in the vault: it may be personal."""
    if not command.context and command.touch is None:
        return
    extra = command.touch.extra if command.touch else {}
    told = {**command.context, **{f"extra.{name}": value for name, value in extra.items()}}
    received = making.events[-1]
    if not told or not isinstance(received, ContactReceived):
        return
    rows = "\n".join(f"{' '.join(name.split())}: {' '.join(value.split())}" for name, value in told.items())
    making.emit(
        ContextNoted(
            case=received.case,
            customer=received.customer,
            at=command.at,
            entry=received.entry + 1,
            contact=received.contact,
            channel=command.channel,
            words=making.keep(clean_text(rows), kind="text", owner=received.customer),
        )
    )


def clean_text(text: str) -> str:
    """Words as they can be stored and shown: valid Unicode without NUL, cut at `TEXT_CHARS_MAX`."""
    valid = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if not text.isascii() else text
    return valid.replace("\0", "")[:TEXT_CHARS_MAX]


def want_work(
    making: Making,
    command: TakeContact,
    *,
    case_id: CaseId,
    address: Address,
    known: bool,
    language: str,
    before: Case | None = None,
) -> None:
    """Ask for an agent unless the case is already in line or with one: its place is that of the first words.

    `before`: the case as it was when they came, for who comes back soon has waited a little already."""
    case = making.asking(case_id)
    if case.ask is not None:
        if command.channel is Channel.CHAT:
            turn_to_chat(making, case, address.id)
        return
    facts = facts_of_contact(command, case=case, address=address, known=known, language=language, now=making.now)
    if before is None and junk.set_aside_contact(making, command, case, facts, known=known):
        return
    verdict = making.context.policy.route(facts)
    requirement = requirement_of(verdict, command.channel)
    queue, relax, stays = verdict.queue, relax_of(verdict), False
    if not verdict.matched and (kept := standing(making, case)) is not None:
        queue, relax, stays = kept.queue, kept.relax, kept.queue != verdict.queue
        requirement = replace(requirement, skills=kept.requirement.skills)
    place_at, reasons = command.at, tuple[str, ...]()
    if before is not None:
        place_at, reasons = asks.comeback(making, before, at=command.at, target_ms=requirement.target_ms)
    since_at = command.at
    if (kept_at := _kept_place(making, case)) is not None:
        since_at = kept_at
        place_at, reasons = min(place_at, _place_from_phone(making, case, kept_at, requirement)), (KEPT_PLACE,)
    ask = Ask(
        work=WorkId(making.context.ids.new("work")),
        place_at=place_at,
        queue=queue,
        requirement=requirement,
        policy=making.context.policy.version,
        rule=verdict.rule,
        relax=relax,
        asked_at=making.now,
        knows=case.agent,
        reasons=reasons,
        since_at=since_of(since_at, place_at),
        stays=stays,
    )
    making.emit(
        WorkWanted(
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            ask=ask,
            matched=verdict.matched,
            inputs=without_words(facts),
            topic=making.context.policy.topic_of(verdict.rule) if case.id == case_id else "",  # a part knows its own
        )
    )


def standing(making: Making, case: Case) -> Ask | None:
    """What the case asked for last, for words that fit the last rule alone: what they are about it tells already, and
    "it still does not work" makes it no other matter."""
    last = case.asked_as
    return last if last is not None and last.queue in making.context.policy.queues else None


def offered_before(case: Case) -> str | None:
    """The language that they were asked about. Of an earlier ask only a yes counts."""
    if case.ask is not None or case.asked_as is None:
        return case.ask.offered_language if case.ask is not None else None
    offered = case.asked_as.offered_language
    return offered if offered == case.asked_as.requirement.language else None


def _kept_place(making: Making, case: Case) -> Ms | None:
    """The place on the phone of somebody who hung up without a word, while it is kept for them."""
    kept_ms = making.context.policy.settings.callbacks.place_days * DAY_MS
    at = case.kept_place_at
    return at if at is not None and making.now - at <= kept_ms else None


def _place_from_phone(making: Making, case: Case, kept_at: Ms, requirement: Requirement) -> Ms:
    """Who hung up and writes now takes along the share of the target that they had waited, and no more."""
    old = case.asked_as.requirement if case.asked_as is not None else None
    if old is None or old.channel is not Channel.PHONE:
        target_s = making.usual(Channel.PHONE).target_s
        old = replace(requirement, channel=Channel.PHONE, target_ms=target_s * SECOND_MS)
    return place_after_switch(kept_at, now=making.now, old=old, new=requirement)


def _last_queue(making: Making) -> str:
    """The queue of what no rule but the last one takes."""
    return making.context.policy.routing.rules[-1].queue


def _topics_besides(making: Making, command: TakeContact, address: Address) -> tuple[str, ...]:
    """What a contact is about by what its page or device told."""
    if not command.context:
        return ()
    policy = making.context.policy
    facts = facts_of_contact(command, case=None, address=address, known=True, language="", now=making.now)
    topic = policy.topic_of(policy.route(facts).rule)
    return (topic,) if topic else ()


def requirement_of(verdict: Verdict, channel: Channel) -> Requirement:
    """What the rules require of whoever takes the work."""
    return Requirement(
        channel=channel,
        skills=verdict.skills,
        language=verdict.language,
        rate=verdict.rate,
        priority=verdict.priority,
        target_ms=verdict.target_s * SECOND_MS,
        offer_ms=verdict.offer_s * SECOND_MS,
    )


def relax_of(verdict: Verdict) -> tuple[tuple[int, str], ...]:
    return tuple((step.after_s * SECOND_MS, step.drop) for step in verdict.relax)


def known_customer(making: Making) -> tuple[Customer, Address] | None:
    found = making.context.found
    if found is not None:
        for document in making.state.values():
            if isinstance(document, Customer) and (address := document.address(found)):
                return document, address
    return None


def new_customer(
    making: Making, command: TakeContact | TakeCall | OpenCase | SignIn, *, language: str | None
) -> tuple[Customer, Address]:
    context = making.context
    customer = CustomerId(context.ids.new("cus"))
    shared = context.shared
    users = shared.users if shared is not None else ()
    address = new_address(making, command.sender, owner=customer)
    address = replace(address, denied=is_denied(command), shared=shared is not None)
    making.emit(CustomerCreated(customer=customer, at=making.now, address=address, language=language, users=users))
    if shared is not None:
        making.indexed.append(Indexed(key=shared.key, address=address.id, customer=customer))
    elif not is_anonymous(command.sender):  # who hides their number is somebody else each time
        making.indexed.append(Indexed(key=sender_key(command), address=address.id, customer=customer))
    return making.customer(customer), address


def new_way(making: Making, command: TakeContact, id: CaseId) -> tuple[Customer, Address]:
    """Whoever brought a case along is its customer, whatever they write from: it is one more address of theirs."""
    customer = making.customer(making.case(id).customer)
    address = new_address(making, command.sender, owner=customer.id)
    making.emit(AddressAdded(customer=customer.id, at=making.now, address=address))
    if not is_anonymous(command.sender):
        making.indexed.append(Indexed(key=sender_key(command), address=address.id, customer=customer.id))
    return making.customer(customer.id), address


def sender_key(command: TakeContact | TakeCall | OpenCase | SignIn) -> str:
    """Under which whoever sent this is found again. A mail that its sender's own domain denies is somebody else's."""
    return f"unverified {matching_key(command.sender)}" if is_denied(command) else matching_key(command.sender)


def is_denied(command: TakeContact | TakeCall | OpenCase | SignIn) -> bool:
    """Whether it is a mail of which its sender's own domain says that it does not come from there."""
    return isinstance(command, TakeContact) and command.mail is not None and command.mail.vouched is False


def as_spelled(
    making: Making, customer: Customer, address: Address, command: TakeContact | TakeCall
) -> tuple[Customer, Address]:
    """The address of this line in the spelling that was used now: answers go back to that one."""
    other = is_other_spelling(command.sender)
    if address.other_spelling == other:
        return customer, address
    for known in customer.addresses:
        if known.line == address.line and known.other_spelling == other:
            return customer, known
    new = new_address(making, command.sender, owner=customer.id)
    new = replace(new, blocked=address.blocked, of_line=address.line, typed=address.typed)
    making.emit(AddressAdded(customer=customer.id, at=making.now, address=new))
    return making.customer(customer.id), new


def add_address(making: Making, command: AddAddress) -> None:
    """Note one more address of a customer. Raises Rejected where somebody has it already."""
    customer = making.customer(command.customer)
    found = making.context.found
    if found is not None and customer.address(found) is not None:
        raise Rejected(Reason.NOTHING_TO_DO, "theirs")
    if found is not None and not command.shared:
        raise Rejected(Reason.NAME_TAKEN, "this address")
    address = replace(new_address(making, command.address, owner=customer.id), shared=command.shared)
    making.emit(AddressAdded(customer=customer.id, at=making.now, address=address))
    if found is None:  # a shared line is found under whoever had it first, who names the others
        making.indexed.append(Indexed(key=matching_key(command.address), address=address.id, customer=customer.id))


def new_address(making: Making, given: str, *, owner: CustomerId) -> Address:
    id = AddressId(making.context.ids.new("adr"))
    making.kept.append(Kept(id=VaultId(id), owner=owner, kind="address", body=given))
    facts = making.context.facts_of(given)
    if facts.kind is AddressKind.PHONE and making.context.is_ours(given):
        facts = AddressFacts(AddressKind.SENDER)  # whoever spoofs it is heard, and we never call or text ourselves
    return Address(id=id, facts=facts, other_spelling=is_other_spelling(given))


def side_of(making: Making, head: Case, customer: Customer, *, at: Ms, words: Words = NO_WORDS) -> Case:
    """The case on which this customer's words stand: the head, or the part of theirs that goes on in it. What somebody
    else of the same person says about it stands in a part of their own, so that it can be told apart again."""
    if head.side is None and head.customer == customer.id:
        return head
    mine = side_of_words(making, head, customer, words)
    if mine is not None:
        return mine
    part = open_case(making, customer, queue=head.queue, at=at)
    note_merge(making, part, making.case(head.id), by=SYSTEM)
    return making.case(part.id)


def open_case(
    making: Making,
    customer: Customer,
    *,
    queue: str,
    at: Ms,
    subject: str = "",
    candidates: tuple[Candidate, ...] = (),
) -> Case:
    id = CaseId(making.context.ids.new("case"))
    ref = reference_of(making.context.case_number(), offset=making.context.reference_offset)
    words = making.keep(subject, kind="text", owner=customer.id) if subject else None
    making.emit(
        CaseOpened(
            case=id,
            customer=customer.id,
            at=at,
            ref=ref,
            queue=queue,
            priority=0,
            subject=words,
            candidates=candidates,
        )
    )
    return making.case(id)


def keep_media(making: Making, command: TakeContact | TakeRecording, *, owner: str) -> list[VaultId]:
    return [making.keep(f"{m.content_type} {m.url}", kind="media", owner=owner) for m in command.media]


def _welcome(making: Making, case: Case, address: Address, command: TakeContact) -> None:
    """Say that they get our messages again. By SMS the provider says it, in its own words."""
    policy, number = making.context.policy, making.context.policy.numbers.get(command.via)
    language = case.language or (number.language if number else "")
    text = policy.phrase("opted_in", language, brand=number.brand if number else "")
    words = making.keep(text, kind="text", owner=case.customer)
    way = Way(command.channel, address.id, command.via)
    reasons = ("they asked for our messages again",)
    queue_message(making, making.case(case.id), way, words, segments=segments_of(text), by=SYSTEM, reasons=reasons)


def _change_consent(making: Making, case_id: CaseId, address: Address, command: TakeContact, *, blocked: bool) -> None:
    case = making.case(case_id)
    making.emit(
        ConsentChanged(
            customer=case.customer,
            case=case.id,
            at=making.now,
            entry=case.entries + 1,
            address=address.id,
            channel=command.channel,
            blocked=blocked,
            why="their own word",
            also=owners_of(making.state, making.alike(address.id) - {address.id}),
        )
    )
    if command.channel is Channel.WHATSAPP and not blocked and command.channel in address.blocked:
        _welcome(making, case, address, command)
    if (
        case.ask is None and case.contacts == 1 and case.side is None
    ):  # opened by this word alone: nothing is left to do
        making.emit(
            CaseStatusChanged(
                case=case.id,
                at=making.now,
                entry=making.case(case.id).entries + 1,
                status=CaseStatus.CLOSED,
                author=ActorKind.SYSTEM,
                author_id=None,
            )
        )
