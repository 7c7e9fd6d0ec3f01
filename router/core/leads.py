"""Leads in the conversations of others: they listen, whisper to the agent, or talk, and may take the work over.

Its one rule: the conversation does not depend on them. Their legs count for nobody's company, and are let go when the
customer and the agent are not in a conversation any more.
"""

from router.core.call_parts import agents_of, customer_of, guests_to_look_at, move, our_number
from router.core.commands import JoinCall
from router.core.contacts import clean_text
from router.core.context import Making
from router.core.documents import Call, Case
from router.core.errors import Reason, Rejected
from router.core.events import JoinAsked, LeadTookOver, LegPlanned, WorkAccepted
from router.core.words import AgentId, CallId, CallRole, CallState, CaseId, JoinMode, Step, VaultId

IN_CONVERSATION = (Step.TALKING, Step.OPENING, Step.HELD)


def join_call(making: Making, command: JoinCall) -> None:
    """Ring the lead's phone, or let them be otherwise in the conversation that they are in."""
    case = making.case(making.call(command.call).case)
    if not is_conversation(making, case):
        raise Rejected(Reason.NOTHING_TO_DO, "over")
    if any(leg.agent == command.agent for leg in agents_of(making, case.id)):
        raise Rejected(Reason.NOTHING_TO_DO, "your own call")
    leg = lead_leg(making, case.id, command.agent)
    if leg is not None and leg.mode is command.mode:
        raise Rejected(Reason.NOTHING_TO_DO, command.mode)
    id = leg.id if leg is not None else CallId(making.context.ids.new("call"))
    if leg is None:
        making.emit(
            LegPlanned(
                call=id,
                case=case.id,
                customer=case.customer,
                at=making.now,
                role=CallRole.LEAD,
                to=VaultId(command.phone),
                via=our_number(making, case),
                step=Step.WHISPER,
                language=making.context.policy.phrases.language,
                agent=command.agent,
                mode=command.mode,
            )
        )
    reason = clean_text(command.reason)
    making.emit(
        JoinAsked(
            call=id,
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            agent=command.agent,
            mode=command.mode,
            words=making.keep(reason, kind="note", owner=case.customer) if reason else None,
        )
    )
    if leg is not None and leg.step is Step.BESIDE:
        move(making, making.call(id), Step.BESIDE)


def follow(making: Making) -> None:
    """Let leads go whose conversation is over, and let whoever whispers do so to the agent who is there now."""
    for leg in guests_to_look_at(making, CallRole.LEAD):
        if not is_conversation(making, making.case(leg.case)):
            move(making, leg, Step.GOODBYE)
        elif leg.step is Step.BESIDE and not leg.move and leg.coached != coached_by(making, leg):
            move(making, leg, Step.BESIDE)


def coached_by(making: Making, leg: Call) -> str:
    """The provider's id of the agent's leg that a lead speaks to alone; empty where they do not whisper."""
    if leg.role is not CallRole.LEAD or leg.mode is not JoinMode.WHISPER:
        return ""
    return next((one.provider_id or "" for one in agents_of(making, leg.case) if one.step is Step.BESIDE), "")


def is_conversation(making: Making, case: Case) -> bool:
    """Whether the customer is in a conversation, on hold included, and an agent is there, or a lead whom they hear."""
    customer = customer_of(making, case)
    if customer is None or customer.state is not CallState.LIVE or customer.step not in IN_CONVERSATION:
        return False
    beside = any(leg.step is Step.BESIDE for leg in agents_of(making, case.id))
    return beside or talking(making, case.id) is not None


def talking(making: Making, case: CaseId) -> Call | None:
    """The leg of a lead who is in the conversation and whom the customer hears."""
    return next(
        (
            d
            for d in making.state.values()
            if isinstance(d, Call)
            and d.case == case
            and d.role is CallRole.LEAD
            and d.mode is JoinMode.TALK
            and d.state is CallState.LIVE
            and d.step is Step.BESIDE
        ),
        None,
    )


def lead_leg(making: Making, case: CaseId, agent: AgentId) -> Call | None:
    """A lead's leg of this case that is not over and not about to be."""
    return next(
        (
            d
            for d in making.state.values()
            if isinstance(d, Call)
            and d.case == case
            and d.role is CallRole.LEAD
            and d.agent == agent
            and d.state is not CallState.ENDED
            and d.step is not Step.GOODBYE
        ),
        None,
    )


def take_over(making: Making, case: Case, event: WorkAccepted) -> bool:
    """A lead who is in the conversation has its work from now on. False: they are not there, and their phone rings."""
    leg = lead_leg(making, case.id, event.agent)
    if leg is None:
        return False
    making.emit(LeadTookOver(call=leg.id, case=case.id, at=making.now, turn=leg.turn + 1, work=event.work))
    return True
