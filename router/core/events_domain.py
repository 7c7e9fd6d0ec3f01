"""Events of the domain scope: policies, agents, offers and work.

Used through `core.events`.
"""

from router.core.clock import Ms
from router.core.documents import Ask, SkillLevels
from router.core.values import value
from router.core.words import ActorKind, AgentId, AgentState, CaseId, CustomerId, OfferId, VaultId, WorkId


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
    """Work that its case withdrew before anybody accepted it."""

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
