"""Commands of the customer scope about chats, devices, links, and who is the same person or matter. Used through
`core.commands`."""

from router.core.clock import Ms
from router.core.commands_parts import CUSTOMER, SYSTEM, Actor, Touch
from router.core.documents import Entry
from router.core.values import value
from router.core.words import (
    AddressId,
    CaseId,
    Channel,
    CustomerId,
    Evidence,
    MergeId,
    MessageId,
    VaultId,
)

# --- chats ------------------------------------------------------------------------------------------------------------


@value
class LeaveChat:
    """A visitor, in the chat of `address`, says how they want to be reached, in `touch`, as with one. `given`: an
    address that they typed for answers; `is_proved`: their site vouches for who they are. `told_key` is found before it
    is decided."""

    key: str
    customer: CustomerId
    address: AddressId
    given: str
    touch: Touch
    is_proved: bool = False
    actor: Actor = CUSTOMER
    told_key: str = ""  # under which replies from `given` will be found; empty: they are already, or never


@value
class FollowAnswers:
    """Whoever was in the chat of `address` is gone, and `messages` wait there. `text`: what those say."""

    key: str
    customer: CustomerId
    address: AddressId
    messages: tuple[MessageId, ...]
    text: str
    actor: Actor = SYSTEM


@value
class NoteAway:
    """Whoever was in the chat of `address` is gone, and a case waits for somebody to answer them there."""

    key: str
    case: CaseId
    address: AddressId
    actor: Actor = SYSTEM


@value
class SignIn:
    """Somebody for whom a site vouches is there for the first time, and had begun to chat before. `sender`: theirs."""

    key: str
    sender: str
    actor: Actor = CUSTOMER


@value
class BringLines:
    """What was said in `chat`, which they had begun before they signed in, stands in the chat of `address` too."""

    key: str
    customer: CustomerId
    address: AddressId
    chat: AddressId
    actor: Actor = SYSTEM


@value
class AskCode:
    """A visitor, in the chat of `address`, says that `given` is theirs too. `digest`: of the code that is sent."""

    key: str
    customer: CustomerId
    address: AddressId
    given: str
    code: str
    digest: str
    actor: Actor = CUSTOMER


@value
class GiveCode:
    """A visitor says the code. `given`: the address that it went to; `digest`: of what they said."""

    key: str
    customer: CustomerId
    address: AddressId
    given: str
    digest: str
    actor: Actor = CUSTOMER


@value
class OfferSwitch:
    """The customer is to go on by another channel, by links that carry the case until `until`."""

    key: str
    case: CaseId
    channel: Channel
    until: Ms
    actor: Actor


@value
class RevokeLinks:
    key: str
    case: CaseId
    actor: Actor


@value
class PairDevice:
    """Somebody of the household said the code that a device shows. `device`: its address, `customer`: who has it."""

    key: str
    customer: CustomerId
    device: str
    device_key: str
    how: str
    evidence: Evidence
    actor: Actor


@value
class UnpairDevice:
    key: str
    customer: CustomerId
    address: AddressId
    actor: Actor
    reason: str = ""


# --- joining and taking apart -----------------------------------------------------------------------------------------


@value
class MergeCases:
    """`case` goes on in `into`, whose version `if_version` is. Both are of one person."""

    key: str
    case: CaseId
    into: CaseId
    actor: Actor
    reason: str = ""
    evidence: Evidence = Evidence.WEAK
    if_version: int | None = None


@value
class PlaceCase:
    """`case`, which somebody began before we knew who they are, goes where any contact of `person` would. `text`: what
    they said in it."""

    key: str
    case: CaseId
    person: CustomerId
    text: str
    actor: Actor
    reason: str = ""


@value
class UnmergeCases:
    """Take apart what one merge, or one split, did; what came in between is on the right side already. `stays`: of a
    split, contacts that came to the new case since, which are found under the customer's lock."""

    key: str
    merge: MergeId
    actor: Actor
    reason: str = ""
    if_version: int | None = None
    stays: tuple[Entry, ...] = ()


@value
class SplitCase:
    """Named rows are another matter. The rest is found under the customer's lock: those rows, the contacts that stay,
    what was written in the first row of theirs and in the one that decides how the rest asks, and the addresses of
    those who wrote them."""

    key: str
    case: CaseId
    entries: tuple[str, ...]
    actor: Actor
    reason: str = ""
    if_version: int | None = None
    rows: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()
    text: str = ""
    left_text: str = ""
    given: tuple[tuple[AddressId, str], ...] = ()


@value
class MergeCustomers:
    """`customer` was found to be `into` as well, whose version `if_version` is."""

    key: str
    customer: CustomerId
    into: CustomerId
    actor: Actor
    reason: str = ""
    evidence: Evidence = Evidence.WEAK
    if_version: int | None = None


@value
class Spoken:
    """A recording that the provider's own machine made of somebody's words."""

    case: CaseId
    provider_id: str


@value
class SharedWith:
    """A line, found under `key`, that others use too: one of them, with `address` of theirs, and all of them."""

    key: str
    customer: CustomerId
    address: AddressId
    users: tuple[tuple[CustomerId, AddressId], ...]


@value
class UnmergeCustomers:
    """They are two people after all: their cases are taken apart as well. `keys` and what was `spoken`, of all of them,
    are put there where somebody of them is to be erased."""

    key: str
    merge: MergeId
    actor: Actor
    reason: str = ""
    if_version: int | None = None
    keys: tuple[str, ...] = ()
    lines: tuple[SharedWith, ...] = ()
    spoken: tuple[Spoken, ...] = ()


# --- what becomes of what is known ------------------------------------------------------------------------------------


@value
class EraseCustomer:
    """Forget a customer. `again`: they were erased already, and came back with a restored backup; no hold of that day
    stands in the way. `whole_person`: with all who were found to be the same person. `keys` under which they are found,
    the `lines` that others use too, and what was `spoken`, are put there by whoever knows them."""

    key: str
    customer: CustomerId
    actor: Actor
    reason: str = ""  # a reference; it is kept, so it names nobody
    why: str = "request"
    whole_person: bool = False
    keys: tuple[str, ...] = ()
    lines: tuple[SharedWith, ...] = ()
    spoken: tuple[Spoken, ...] = ()

    @property
    def again(self) -> bool:
        return self.why == "again"


@value
class ErasePart:
    """Forget somebody who takes part in a case of somebody else. `again`: they were erased already, and came back with
    a restored backup. `keys` under which they are found there, and the `words` of the vault that are theirs or name
    them, their address among them, are put there by whoever knows them."""

    key: str
    case: CaseId
    address: AddressId
    actor: Actor
    reason: str = ""  # a reference; it is kept, so it names nobody
    why: str = "request"
    keys: tuple[str, ...] = ()
    words: tuple[VaultId, ...] = ()

    @property
    def again(self) -> bool:
        return self.why == "again"


@value
class ExportPart:
    """What somebody wrote in a case of somebody else is handed to somebody."""

    key: str
    case: CaseId
    address: AddressId
    actor: Actor


@value
class SetHold:
    """Nothing of this customer may be erased from now on, or it may again."""

    key: str
    customer: CustomerId
    on: bool
    actor: Actor
    reason: str = ""
    keys: tuple[str, ...] = ()
    lines: tuple[SharedWith, ...] = ()
    spoken: tuple[Spoken, ...] = ()


@value
class ExportCustomer:
    """All that is known of a customer is handed to somebody."""

    key: str
    customer: CustomerId
    actor: Actor


@value
class ForgetWords:
    """The policy keeps no longer what a closed case holds of one kind. `ids`: where that stands in the vault."""

    key: str
    case: CaseId
    what: str
    days: int
    ids: tuple[VaultId, ...] = ()
    recordings: bool = False  # they are deleted at the provider as well
    actor: Actor = SYSTEM
