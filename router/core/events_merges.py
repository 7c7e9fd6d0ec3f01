"""Events of joining and taking apart: cases, customers, and rows of a timeline. Used through `core.events`.

References move, not rows: each of these says what stands where from now on, and nothing is copied.
"""

from router.core.clock import Ms
from router.core.documents import Letter, Reached, Replaced, Rerouted
from router.core.values import value
from router.core.words import ActorKind, CaseId, CustomerId, Evidence, MergeId, VaultId


@value
class CasesMerged:
    """A case goes on in another one. Its rows stay its own, and show there; what it wants is wanted there."""

    merge: MergeId
    case: CaseId
    into: CaseId
    customer: CustomerId  # of the case that goes on
    at: Ms
    entry: int  # of `into`
    author: ActorKind
    author_id: str | None = None
    evidence: Evidence = Evidence.WEAK
    words: VaultId | None = None


@value
class CasesUnmerged:
    """A case that went on in another one is a matter of its own again. `head`: the one that both stood under."""

    merge: MergeId
    case: CaseId
    head: CaseId
    customer: CustomerId  # of the head
    at: Ms
    entry: int  # of the head
    author: ActorKind
    author_id: str | None = None
    words: VaultId | None = None


@value
class CaseSplit:
    """Rows of a case stand in a new one, which was opened just before. `heard`: the last words among them, `left`
    those that stay; `contacts`, `unanswered`: how many of them went along. `place_at`: of what stays; `rerouted`: how
    that asks, where what decided it went along; `replaced`: where it stands for a call then. `topics`, `left_topics`:
    of both; None in logs of before."""

    split: MergeId
    case: CaseId
    into: CaseId
    customer: CustomerId
    at: Ms
    entry: int
    entries: tuple[tuple[CaseId, int], ...]
    contacts: int
    unanswered: int
    author: ActorKind
    author_id: str | None = None
    words: VaultId | None = None
    heard: Reached | None = None
    left: Reached | None = None
    place_at: Ms | None = None
    letter: Letter | None = None  # the last mail among them
    left_letter: Letter | None = None
    topics: tuple[str, ...] | None = None
    left_topics: tuple[str, ...] | None = None
    rerouted: Rerouted | None = None
    replaced: Replaced | None = None


@value
class SplitUndone:
    """The rows stand again where they came in. What came to the new case since stays there."""

    split: MergeId
    case: CaseId
    into: CaseId  # the case that had been split off
    entries: tuple[tuple[CaseId, int], ...]
    customer: CustomerId
    at: Ms
    entry: int
    author: ActorKind
    author_id: str | None = None
    words: VaultId | None = None
    rerouted: Rerouted | None = None  # as it was before the split, where nobody moved it meanwhile
    replaced: Replaced | None = None
    stays_at: Ms | None = None  # the first of what came to the new case since and waits there


@value
class CustomersMerged:
    """Two customers were found to be one person. Each keeps addresses, consent, cases and words."""

    merge: MergeId
    customer: CustomerId
    into: CustomerId
    at: Ms
    author: ActorKind
    author_id: str | None = None
    evidence: Evidence = Evidence.WEAK
    words: VaultId | None = None


@value
class CustomersUnmerged:
    """They are two people after all."""

    merge: MergeId
    customer: CustomerId
    into: CustomerId
    at: Ms
    author: ActorKind
    author_id: str | None = None
    words: VaultId | None = None


@value
class IdentityNoted:
    """A case keeps what was found out about whose and which it is. `what`: split_off, taken_apart, customers_merged,
    customers_unmerged. `other`: the case or customer it is about."""

    case: CaseId
    at: Ms
    entry: int
    what: str
    merge: MergeId
    other: str
    author: ActorKind
    author_id: str | None = None
    evidence: Evidence | None = None
    words: VaultId | None = None
