"""Commands of the domain scope: agents, offers and work. Used through `core.commands`."""

from router.core.clock import Ms
from router.core.commands_parts import SYSTEM, Actor
from router.core.documents import Ask, Shift, SkillLevels, Window
from router.core.values import value
from router.core.words import (
    AgentId,
    AgentState,
    CaseId,
    CustomerId,
    OfferId,
    PromiseId,
    SlotId,
    WorkId,
)

# --- domain scope -----------------------------------------------------------------------------------------------------


@value
class ActivatePolicy:
    key: str
    policy: int
    digest: str
    actor: Actor


@value
class AddAgent:
    key: str
    name: str
    skills: SkillLevels
    languages: tuple[str, ...]
    capacity: tuple[tuple[str, int], ...]
    actor: Actor
    phone: str | None = None


@value
class SetAgentState:
    key: str
    agent: AgentId
    state: AgentState
    actor: Actor
    until: Ms | None = None
    why: str = ""


@value
class OpenScreen:
    """The first screen of an agent was opened."""

    key: str
    agent: AgentId
    actor: Actor = SYSTEM


@value
class LoseAgent:
    """No stream of this agent has been open for as long as the policy allows."""

    key: str
    agent: AgentId
    actor: Actor = SYSTEM


@value
class OfferWork:
    """The matcher found an agent for a piece of work."""

    key: str
    work: WorkId
    case: CaseId
    customer: CustomerId
    ask: Ask
    agent: AgentId
    score: float
    waiting: int
    candidates: tuple[str, ...]
    overtakes: str = ""
    actor: Actor = SYSTEM


@value
class NoteLanguageDue:
    """Only the customer's yes can drop the language that work requires: have them asked."""

    key: str
    work: WorkId
    case: CaseId
    customer: CustomerId
    language: str
    other: str
    actor: Actor = SYSTEM


@value
class NoteDeadlineDue:
    """A customer's own deadline is near, and those whom they would pass have time left."""

    key: str
    work: WorkId
    case: CaseId
    customer: CustomerId
    why: str
    actor: Actor = SYSTEM


@value
class AcceptOffer:
    key: str
    offer: OfferId
    work: WorkId
    agent: AgentId
    actor: Actor


@value
class EndOffer:
    """`how`: declined (by the agent), expired (its time), revoked (the case or the agent went away)."""

    key: str
    offer: OfferId
    work: WorkId
    how: str
    actor: Actor
    why: str = ""


@value
class WithdrawWork:
    key: str
    work: WorkId
    why: str
    goes_on: bool = False  # whoever is at it goes on with the matter in other work
    unmet: bool = False  # whoever took it was with nobody yet
    actor: Actor = SYSTEM


@value
class FinishWork:
    key: str
    work: WorkId
    agent: AgentId
    outcome: str
    actor: Actor
    note: str = ""


@value
class GiveBackWork:
    """Hand accepted work on: `to` is `agent:ID`, `queue:NAME`, or nobody in particular."""

    key: str
    work: WorkId
    agent: AgentId
    actor: Actor
    why: str
    to: str | None = None
    takes_over: bool = False  # whoever it goes to asked for it themselves
    stays: bool = False  # its agent has it to wrap up, whoever it goes to
    note: str = ""  # why, in the words of whoever hands it on: kept in the vault


@value
class CountRefused:
    key: str
    what: str
    count: int
    actor: Actor = SYSTEM


@value
class NoteToken:
    """Somebody is about to make or revoke a token. `token`: its id; `agent`: whose it is."""

    key: str
    what: str
    token: str
    role: str
    actor: Actor
    agent: AgentId | None = None


@value
class SetStaffing:
    """Say anew who will be there."""

    key: str
    shifts: tuple[Shift, ...]
    shrinkage: float
    actor: Actor


@value
class HoldSlot:
    """Agents' time was found for a promise. `replaces`: what was kept for it before."""

    key: str
    promise: PromiseId
    case: CaseId
    customer: CustomerId
    queue: str
    window: Window
    start: Ms
    load_ms: int
    expires_at: Ms
    skills: SkillLevels = ()
    replaces: SlotId | None = None
    actor: Actor = SYSTEM


@value
class RefuseSlot:
    """No agents' time is left for a promise in its window."""

    key: str
    promise: PromiseId
    case: CaseId
    customer: CustomerId
    window: Window
    why: str
    alternatives: tuple[Window, ...] = ()
    actor: Actor = SYSTEM


@value
class FreeSlot:
    key: str
    slot: SlotId
    why: str
    actor: Actor = SYSTEM


@value
class NoteAtRisk:
    """What is kept for a promise is more than those who will be there can give."""

    key: str
    slot: SlotId
    why: str
    alternatives: tuple[Window, ...] = ()
    actor: Actor = SYSTEM
