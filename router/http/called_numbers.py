"""Which numbers nobody has us call or text: the one check of every request that names one, with the reason in words.

Its one rule: whoever names a number hears what is wrong with it before anybody is rung.
"""

import re
from collections.abc import Set

from router.core.addresses import AddressKind, matching_key
from router.core.documents import Agent
from router.core.words import AgentId
from router.http.problems import Problem
from router.node.node import Node

SHORT_DIGITS = 6
"""Numbers no longer than this, without a country, are a country's own, such as those for emergencies."""
SHORT_DIGITS_ANYWHERE = 3
"""No country begins a whole number so: with a plus before it, it is a short one all the same."""

EMERGENCY = frozenset({"112", "911", "999"})
"""What a telephone behind a SIP address may put through to; other short numbers are extensions like any."""
SIP = re.compile(
    r"""sips?:(?P<user>[^\s@:;?]+)(:[^\s@]*)?@  # with a password, where there must be one (RFC 3261, 19.1.1)
        (?P<host>\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*)\.?
        (:[0-9]{1,5})?([;?]\S*)?""",
    re.IGNORECASE | re.VERBOSE,
)
CLIENT = "client:"


async def check_called(node: Node, number: str, *, where: str, theirs: str = "") -> None:
    """Raises Problem, in words, for a number that we do not call. `where`: the field that names it. `theirs`: the one
    that they are on the line with."""
    why = _why_not(node, number)
    if not why and theirs and matching_key(number) == matching_key(theirs):
        why = "That is the number that they are on the line with: their own phone would ring. Name another one."
    why = why or await _whose_phone(node, number)
    if why:
        raise Problem(422, "Cannot be called", why, errors=[(["body", where], "not to be called")], kind="not_called")


async def why_no_phone_of_ours(node: Node, phone: str, *, here: Set[AgentId]) -> str:
    """Why a phone cannot be an agent's, in words; empty where it can. `here`: the agents who have a token; whoever
    has none any more has left, and so has their phone."""
    if phone.startswith("+"):
        facts = node.means.facts_of(phone)
        if node.means.is_ours(phone):
            return "That number is our own: whoever took a call on it would be rung by ourselves. Give the agent's own."
        if facts.premium:
            return "That is a premium number, and is never called. Give an ordinary number, sip:… or client:…."
        if not facts.dialable or not facts.country:
            return "Nobody can have that number; it may be incomplete. Give it with its country, such as +12125550142."
    elif not phone.startswith(CLIENT):
        sip = SIP.fullmatch(phone)
        if sip is None:
            return "A SIP address names a user and a host, such as sip:ana@pbx.example."
        if sip["user"].lstrip("+") in EMERGENCY:
            return "Emergency numbers are not called from here: whoever needs one dials it themselves."
    owner = next((agent for agent in await _owners_of(node, phone) if agent.id in here), None)
    if owner is None:
        return ""
    return (
        f"That is the phone of {await _name_of(node, owner)} ({owner.id}), and one phone rings for one agent. "
        "Give another one; where they have left, revoke their token first (`DELETE /tokens/{id}`)."
    )


def _why_not(node: Node, number: str) -> str:
    facts = node.means.facts_of(number)
    if facts.kind is AddressKind.MAIL:
        return "That is an e-mail address. Give a number with its country, such as +12125550142."
    if len(number.lstrip("+")) <= (SHORT_DIGITS_ANYWHERE if number.startswith("+") else SHORT_DIGITS):
        return "Emergency and short numbers are not called from here: whoever needs one dials it themselves."
    if node.means.is_ours(number):
        return "That number is our own: calling it would ring ourselves. Name a queue, a person or another number."
    if facts.premium:
        return "That is a premium number, and is never called or written to. Name another one."
    if facts.kind is not AddressKind.PHONE or not facts.dialable or not facts.country:
        return "Nobody can have that number; it may be incomplete. Give it with its country, such as +12125550142."
    return ""


async def _whose_phone(node: Node, number: str) -> str:
    """Whose of us it is: an agent's own phone would only be busy with the call."""
    owners = await _owners_of(node, number)
    if not owners:
        return ""
    found = owners[-1]
    name = await _name_of(node, found)
    return f"That is the phone of {name}, one of our agents. Hand on to {found.id} by name, or name another number."


async def _owners_of(node: Node, phone: str) -> list[Agent]:
    """The agents whose phone it is, newest last: whoever left keeps theirs. One look at every agent's phone."""
    agents = {agent.phone: agent for agent in node.domain.agents.values() if agent.phone is not None}
    phones = await node.journal.words(list(agents))
    line = line_of(phone)
    theirs = [agents[id] for id in agents if id in phones and line_of(phones[id]) == line]
    return sorted(theirs, key=lambda agent: agent.id)


def line_of(phone: str) -> str:
    """What rings under an agent's phone: the same for every way to reach one SIP user. The provider tells its own
    clients apart by case.

    >>> line_of("sips:ana:secret@PBX.example:5061;transport=tls") == line_of("sip:ana@pbx.example")
    True
    >>> line_of("client:Ana") == line_of("client:ana")
    False
    """
    if phone.startswith(CLIENT):
        return phone
    sip = SIP.fullmatch(phone)
    return matching_key(phone) if sip is None else f"sip:{sip['user']}@{sip['host']}".casefold()


async def _name_of(node: Node, agent: Agent) -> str:
    return (await node.journal.words([agent.name])).get(agent.name, agent.id)
