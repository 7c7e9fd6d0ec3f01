"""Handing a customer on to somebody who is none of ours: their phone rings while the agent stays with the customer.

Its one rule: the customer is never left with nobody. Whoever is called hears why and presses a key; only then are they
in the conversation, and the agent may leave it. Which numbers may not be called is looked at by whoever asks.
"""

from router.core.call_parts import agents_of, customer_of, guests_to_look_at, move, our_number, outside_of, withdraw
from router.core.commands import BringOutside
from router.core.contacts import clean_text
from router.core.context import Making
from router.core.documents import Call, Case
from router.core.errors import Reason, Rejected
from router.core.events import LegPlanned, OutsideAsked
from router.core.words import CallId, CallRole, CallState, Channel, Step

IN_CONVERSATION = (Step.TALKING, Step.OPENING, Step.HELD)


def bring_outside(making: Making, command: BringOutside) -> None:
    """Have the number rung. Raises Rejected where the agent is in no conversation, or somebody is called already."""
    case = making.case(command.case)
    customer = customer_of(making, case)
    here = any(leg.agent == command.agent and leg.step is Step.BESIDE for leg in agents_of(making, case.id))
    if customer is None or customer.step not in IN_CONVERSATION or not here:
        raise Rejected(Reason.NOTHING_TO_DO, "over")
    if outside_of(making, case.id) is not None:
        raise Rejected(Reason.NOTHING_TO_DO, "being called")
    id, reason = CallId(making.context.ids.new("call")), clean_text(command.reason)
    making.emit(
        LegPlanned(
            call=id,
            case=case.id,
            customer=case.customer,
            at=making.now,
            role=CallRole.OUTSIDE,
            to=making.keep(command.number, kind="address", owner=case.customer),
            via=our_number(making, case),
            step=Step.WHISPER,
            language=customer.language,
            agent=command.agent,
        )
    )
    words = f"{command.number}: {reason}" if reason else command.number
    making.emit(
        OutsideAsked(
            call=id,
            case=case.id,
            customer=case.customer,
            at=making.now,
            entry=case.entries + 1,
            agent=command.agent,
            words=making.keep(words, kind="note", owner=case.customer),
            note=making.keep(reason, kind="note", owner=case.customer) if reason else None,
        )
    )


def follow(making: Making) -> None:
    """Let whoever is none of ours go when the customer has gone, or when nobody is left to bring them in."""
    for leg in guests_to_look_at(making, CallRole.OUTSIDE):
        if not is_wanted(making, leg):
            move(making, leg, Step.GOODBYE)


def is_wanted(making: Making, leg: Call) -> bool:
    """Whether a customer is there whom they talk with, or an agent who would bring them in."""
    customer = customer_of(making, making.case(leg.case))
    if customer is None or customer.state is not CallState.LIVE or customer.step not in IN_CONVERSATION:
        return False
    return leg.step is Step.BESIDE or any(one.step is Step.BESIDE for one in agents_of(making, leg.case))


def left_to(making: Making, case: Case) -> bool:
    """The agent has left, and somebody outside is with the customer: the work is done but for the agent's notes. False:
    nobody is."""
    leg = outside_of(making, case.id)
    if leg is None or leg.step is not Step.BESIDE:
        return False
    if case.ask is not None and case.ask.requirement.channel is Channel.PHONE:  # whoever was asked first never came
        withdraw(making, case, case.ask, why="handed on to somebody outside")
    return True


def left_alone(making: Making, leg: Call) -> Call | None:
    """Whoever was none of ours has gone: the line of a customer whom nobody else is with. None: there is none."""
    case = making.case(leg.case)
    customer = customer_of(making, case)
    if leg.step is not Step.BESIDE or customer is None or customer.state is not CallState.LIVE:
        return None
    alone = not any(one.step is Step.BESIDE for one in agents_of(making, case.id))
    return customer if alone and customer.step in IN_CONVERSATION else None
