"""Events of the domain scope: policies, agents, offers and work.

Used through `core.events`.
"""

from router.core.clock import Ms
from router.core.documents import Ask, Shift, SkillLevels, Window
from router.core.values import value
from router.core.words import (
    ActorKind,
    AgentId,
    AgentState,
    CaseId,
    CustomerId,
    OfferId,
    PromiseId,
    SlotId,
    VaultId,
    WorkId,
)


@value
class PolicyActivated:
    at: Ms
    policy: int
    digest: str


@value
class AgentAdded:
    agent: AgentId
    at: Ms
    name: VaultId
    skills: SkillLevels
    languages: tuple[str, ...]
    capacity: tuple[tuple[str, int], ...]
    phone: VaultId | None = None


@value
class AgentStateChanged:
    agent: AgentId
    at: Ms
    state: AgentState
    until: Ms | None = None
    why: str = ""


@value
class AgentStateAsked:
    """A break or the end of the shift, asked for while work is under way: it begins when that is finished."""

    agent: AgentId
    at: Ms
    state: AgentState
    until: Ms | None = None


@value
class ScreenOpened:
    """The first screen of an agent is open: from now on they are lost when no screen is for too long."""

    agent: AgentId
    at: Ms


@value
class ScreenLost:
    """No screen of an agent was open for as long as the policy allows."""

    agent: AgentId
    at: Ms


@value
class LanguageDue:
    """Work has waited so long that its language may go, if the customer agrees: `other` is spoken by somebody here."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    language: str
    other: str


@value
class DeadlineDue:
    """Work can go ahead of others for the customer's own deadline: those it passes have time left."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    why: str


@value
class WorkOffered:
    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    offer: OfferId
    expires_at: Ms
    ask: Ask
    score: float
    waiting: int
    candidates: tuple[str, ...]  # "agent: why (not)" in the order they were weighed
    overtakes: str = ""  # why it goes before its equals with an older place; empty when none of them waits


@value
class OfferEnded:
    """An offer came to nothing: `declined`, `expired` or `revoked`. The work waits again with its place."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    offer: OfferId
    how: str
    why: str = ""
    again_at: Ms | None = None  # from when it may be offered to this agent again
    said: VaultId | None = None  # the agent's own reason
    anew: bool = False  # those who passed it by before may be asked again already


@value
class WorkAccepted:
    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    offer: OfferId
    phone: VaultId | None = None  # where the agent's own leg rings, for work on the phone


@value
class WorkWrapped:
    """The customer's side of the work is over; the agent keeps its capacity until they say finish, or until the time
    that the policy gives them is over."""

    work: WorkId
    at: Ms
    agent: AgentId
    why: str
    until_at: Ms | None = None


@value
class WorkFinished:
    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    outcome: str
    note: VaultId | None = None


@value
class WorkGivenBack:
    """Accepted work returns to the line with its place: transferred, or its agent was lost."""

    work: WorkId
    case: CaseId
    customer: CustomerId
    at: Ms
    agent: AgentId
    why: str
    to: str | None = None  # agent:ID or queue:NAME
    stays: bool = False  # the agent stays on the line until somebody else is there, and finishes then
    takes_over: bool = False  # whoever it goes to has asked for it: no offer, and this agent is let go then
    said: VaultId | None = None  # the agent's own reason
    author: ActorKind = ActorKind.AGENT  # who did it; the system where the agent's phone or line came to nothing
    author_id: str | None = None
    note: VaultId | None = None  # why, in their own words, for whoever takes it


@value
class WorkDropped:
    """Work that its case withdrew before anybody accepted it, or before they were with anybody."""

    work: WorkId
    at: Ms
    why: str


@value
class AccessRefused:
    """Attempts turned away at the door since the last such event, counted, so that a flood cannot fill the log."""

    at: Ms
    what: str
    count: int


@value
class TokenNoted:
    """A token was made or revoked (`what`). `token`: its id; the token itself stands nowhere."""

    at: Ms
    what: str
    token: str
    role: str
    agent: AgentId | None = None


@value
class StaffingSet:
    """Who will be there was said anew; what was said before counts no more. `shrinkage`: 0 to 1."""

    at: Ms
    shifts: tuple[Shift, ...]
    shrinkage: float = 0.0


@value
class SlotHeld:
    """Agents' time is kept free for a promise, from `start` on: until `expires_at`, or for as long as it stands."""

    slot: SlotId
    promise: PromiseId
    case: CaseId
    customer: CustomerId
    at: Ms
    queue: str
    window: Window
    start: Ms
    load_ms: int
    expires_at: Ms
    skills: SkillLevels = ()


@value
class SlotRefused:
    """Too few agents will be there. `alternatives`: the next windows in which there are enough, the soonest first."""

    promise: PromiseId
    case: CaseId
    customer: CustomerId
    at: Ms
    window: Window
    why: str
    alternatives: tuple[Window, ...] = ()


@value
class SlotFreed:
    slot: SlotId
    at: Ms
    why: str


@value
class PromiseAtRisk:
    """Fewer agents will be there than when it was promised, and this promise does not fit any more: its time is given
    up, and the customer is to hear before the window. `alternatives`: as of SlotRefused."""

    slot: SlotId
    promise: PromiseId
    case: CaseId
    customer: CustomerId
    at: Ms
    window: Window
    why: str
    alternatives: tuple[Window, ...] = ()
