"""Work meets agents: offered, accepted, declined, lapsed, taken back, finished, given back.

Every offer ends: accepted, declined, expired or revoked. Whatever ends it but acceptance leaves the work its place.
"""

from router.core.agents import after_finish, revoke_offers, set_away, the_agent
from router.core.clock import Ms
from router.core.commands import (
    AcceptOffer,
    Actor,
    EndOffer,
    FinishWork,
    GiveBackWork,
    NoteDeadlineDue,
    NoteLanguageDue,
    OfferWork,
    WithdrawWork,
)
from router.core.contacts import clean_text
from router.core.context import Making
from router.core.documents import Work
from router.core.errors import Reason, Rejected
from router.core.events import (
    DeadlineDue,
    LanguageDue,
    OfferEnded,
    WorkAccepted,
    WorkDropped,
    WorkFinished,
    WorkGivenBack,
    WorkOffered,
    WorkWrapped,
)
from router.core.words import (
    MINUTE_MS,
    SECOND_MS,
    ActorKind,
    AgentId,
    AgentState,
    Channel,
    OfferId,
    VaultId,
    WorkId,
    WorkState,
)

PASS_MS = 2 * MINUTE_MS
"""How long work goes to others first after an agent declined it; after a missed offer, for one more offer time."""

GOES_ON = "goes_on"
"""How work ended whose case was joined with another that its agent has in hand: nothing is left to say about it."""


def offer_work(making: Making, command: OfferWork) -> None:
    """Reserve a piece of work for one agent until the offer expires."""
    making.emit(
        WorkOffered(
            work=command.work,
            case=command.case,
            customer=command.customer,
            at=making.now,
            agent=command.agent,
            offer=OfferId(making.context.ids.new("off")),
            expires_at=Ms(making.now + command.ask.requirement.offer_ms),
            ask=command.ask,
            score=command.score,
            waiting=command.waiting,
            candidates=command.candidates,
            overtakes=command.overtakes,
        )
    )


def note_language_due(making: Making, command: NoteLanguageDue) -> None:
    """Have the customer asked whether another language will do."""
    making.emit(
        LanguageDue(
            work=command.work,
            case=command.case,
            customer=command.customer,
            at=making.now,
            language=command.language,
            other=command.other,
        )
    )


def note_deadline_due(making: Making, command: NoteDeadlineDue) -> None:
    """Have the case say whether it may go ahead of others for the customer's own deadline."""
    making.emit(
        DeadlineDue(work=command.work, case=command.case, customer=command.customer, at=making.now, why=command.why)
    )


def accept_offer(making: Making, command: AcceptOffer) -> None:
    work = _work(making, command.work)
    if work.offer is None or work.offer.id != command.offer or making.now >= work.offer.expires_at:
        raise Rejected(Reason.OFFER_GONE)
    if work.offer.agent != command.agent:
        raise Rejected(Reason.NOT_YOURS)
    making.emit(
        WorkAccepted(
            work=work.id,
            case=work.case,
            customer=work.customer,
            at=making.now,
            agent=command.agent,
            offer=command.offer,
            phone=the_agent(making, command.agent).phone if work.ask.requirement.channel is Channel.PHONE else None,
        )
    )
    kind, interrupts = work.ask.requirement.kind, making.context.policy.settings.agents.interrupts

    def is_in_the_way(other: Work) -> bool:
        asked = other.ask.requirement.kind
        return asked != kind and not any(kind == may for may in interrupts[asked])  # pyright: ignore[reportArgumentType]

    revoke_offers(making, command.agent, why=f"they took a {kind}", which=is_in_the_way)


def end_offer(making: Making, command: EndOffer) -> None:
    """An offer comes to nothing. The second one missed in a row sets its agent away and frees their other offers."""
    work = _work(making, command.work)
    if work.offer is None or work.offer.id != command.offer:
        raise Rejected(Reason.OFFER_GONE)
    agent_id = work.offer.agent
    if command.how == "declined" and command.actor.id != agent_id:
        raise Rejected(Reason.NOT_YOURS)
    said = _said(making, work, command.actor, command.why)
    making.emit(_offer_ended(making, work, how=command.how, why="" if said else command.why, said=said))
    agent = the_agent(making, agent_id)
    limit = making.context.policy.settings.agents.missed_offers_away
    if command.how == "expired" and agent.missed >= limit and agent.state is AgentState.READY:
        notice = f"{agent.missed} offers in a row ran out, so you were set away. Set yourself ready to go on."
        set_away(making, agent, why=notice)
        revoke_offers(making, agent.id, why="the agent was set away")


def withdraw_work(making: Making, command: WithdrawWork) -> None:
    """The case wants no agent any more: an offer is taken back, an agent at work wraps up, unless they were with nobody
    yet."""
    work = _work(making, command.work)
    match work.state:
        case WorkState.WAITING:
            making.emit(WorkDropped(work=work.id, at=making.now, why=command.why))
        case WorkState.OFFERED:
            making.emit(_offer_ended(making, work, how="revoked", why=command.why))
            making.emit(WorkDropped(work=work.id, at=making.now, why=command.why))
        case WorkState.ACTIVE if work.agent is not None and command.goes_on:
            making.emit(
                WorkFinished(
                    work=work.id,
                    case=work.case,
                    customer=work.customer,
                    at=making.now,
                    agent=work.agent,
                    outcome=GOES_ON,
                )
            )
        case WorkState.ACTIVE if work.agent is not None and command.unmet:
            making.emit(WorkDropped(work=work.id, at=making.now, why=command.why))
            after_finish(making, work.agent)
        case WorkState.ACTIVE if work.agent is not None:
            wrap_up_s = making.context.policy.settings.agents.wrap_up_s
            until_at = Ms(making.now + wrap_up_s * SECOND_MS) if wrap_up_s is not None else None
            making.emit(WorkWrapped(work=work.id, at=making.now, agent=work.agent, why=command.why, until_at=until_at))
        case _:
            raise Rejected(Reason.NOTHING_TO_DO, work.state)


def finish_work(making: Making, command: FinishWork) -> None:
    """The agent is through with it, notes and all, or their time for it is over; only this frees the capacity."""
    work = _held(making, command.work, command.agent)
    making.emit(
        WorkFinished(
            work=work.id,
            case=work.case,
            customer=work.customer,
            at=making.now,
            agent=command.agent,
            outcome=command.outcome,
            note=making.keep(command.note, kind="note", owner=work.customer) if command.note else None,
        )
    )
    after_finish(making, command.agent)


def give_back(making: Making, command: GiveBackWork) -> None:
    """Accepted work goes back into the line (or to somebody named) with its place.

    On the phone whoever hands it on stays with the customer until the next one is there: they wrap up meanwhile, and
    may hand it on to somebody else while nobody has come."""
    work = _held(making, command.work, command.agent)
    if work.state is WorkState.WRAPPING and not work.stays:
        raise Rejected(Reason.WORK_NOT_ACTIVE, work.state)
    on_phone = work.ask.requirement.channel is Channel.PHONE
    said = _said(making, work, command.actor, command.why)
    making.emit(
        WorkGivenBack(
            work=work.id,
            case=work.case,
            customer=work.customer,
            at=making.now,
            agent=command.agent,
            why="" if said else command.why,
            said=said,
            to=command.to,
            stays=(command.to is not None or command.stays) and on_phone,
            takes_over=command.takes_over and on_phone,
            author=command.actor.kind,
            author_id=command.actor.id,
            note=making.keep(clean_text(command.note), kind="note", owner=work.customer) if command.note else None,
        )
    )
    after_finish(making, command.agent)


def _said(making: Making, work: Work, actor: Actor, why: str) -> VaultId | None:
    """A person's own words stand in the vault, for they may tell of the customer."""
    return making.keep(why, kind="note", owner=work.customer) if why and actor.kind is ActorKind.AGENT else None


def _held(making: Making, id: WorkId, agent: AgentId) -> Work:
    work = _work(making, id)
    if work.state not in (WorkState.ACTIVE, WorkState.WRAPPING):
        raise Rejected(Reason.WORK_NOT_ACTIVE, work.state)
    if work.agent != agent:
        raise Rejected(Reason.NOT_YOURS)
    return work


def _work(making: Making, id: WorkId) -> Work:
    found = making.state.get(id)
    if not isinstance(found, Work):
        raise Rejected(Reason.NOT_FOUND, "work")
    return found


def _offer_ended(making: Making, work: Work, *, how: str, why: str, said: VaultId | None = None) -> OfferEnded:
    assert work.offer is not None
    anew = work.again_at is not None and making.now >= work.again_at
    others_ms = work.ask.requirement.offer_ms if how == "expired" else PASS_MS
    asked_from = 0 if anew or work.again_at is None else work.again_at
    return OfferEnded(
        work=work.id,
        case=work.case,
        customer=work.customer,
        at=making.now,
        agent=work.offer.agent,
        offer=work.offer.id,
        how=how,
        why=why,
        said=said,
        again_at=Ms(max(making.now + others_ms, asked_from)),
        anew=anew,
    )
