"""What a mail of ours needs besides its words, whom mail reaches, and whether one that no person wrote may go out."""

from policies import PolicySet
from router.core.addresses import Address
from router.core.context import Making
from router.core.documents import Case, Customer, Letter, Mailing, State
from router.core.events import AddressMarked
from router.core.redaction import without_addresses
from router.core.tree import customers_of, heard_at, tree_of
from router.core.values import replace
from router.core.words import DAY_MS, HOUR_MS, SECOND_MS, AddressId

TOLD_AGAIN_MS = DAY_MS
"""An automatic mail about one case goes out once in this time."""
TOLD_ADDRESS_MS = HOUR_MS
"""And one to the same customer once in this time, whatever it is about."""
AT_ONCE_MS = 30 * SECOND_MS
"""An answer to an automatic mail that comes sooner is not believed to be a person's: they would have to read first."""
AT_ONCE = "it answered an automatic mail of ours within 30 seconds, so a machine may have written it"
JUST_NOW = "an automatic mail went to them within the last 30 seconds"
"""The same time, where nothing says that what came answers that mail."""


def mailing_of(state: State, case: Case) -> Mailing:
    """What an answer by mail needs: the thread of the last mail, and everybody who was invited to take part there and
    whom mail reaches. On a joined case it is the mail that came there, else the last that its customer wrote on
    another: whoever else wrote on the others was found to be the same person, and may not be."""
    at = _written_on(state, case)
    letter = _own_letter(at)
    return Mailing(
        subject=letter.subject if letter else case.subject,
        thread=letter.thread if letter else None,
        copies=tuple(p.address.id for p in at.participants if p.invited and not p.address.bounced),
    )


def automatic_mailing_of(state: State, case: Case) -> Mailing:
    """The same for a mail that no person wrote: to nobody but the customer. It stands in their thread by their own
    subject where the sender's domain vouches for it; whoever else is named may never have written it, and gets nothing
    of what a stranger wrote."""
    letter = _own_letter(_written_on(state, case))
    subject = letter.subject if letter is not None and letter.vouched else None
    return replace(mailing_of(state, case), subject=subject, copies=(), automatic=True)


def _written_on(state: State, case: Case) -> Case:
    """The case whose mail is answered: this one, else one that is joined with it where its customer wrote last."""
    if case.side is None or case.side.letter is not None:
        return case
    theirs = [one for one in tree_of(state, case) if one.customer == case.customer and _own_letter(one) is not None]
    return max(theirs, key=heard_at, default=case)


def _own_letter(case: Case) -> Letter | None:
    return case.letter if case.side is None else case.side.letter


def apart_mailing() -> Mailing:
    """The same for words that are for nobody but whoever gets them, who may never have written to us: under a subject
    of its own, in no thread, and its answer leads to nobody's case."""
    return Mailing(automatic=True, apart=True)


def brand_of(policy: PolicySet, via: str) -> str:
    """Who we are on an address of ours: as the policy names it, else the domain; empty where it is neither."""
    number = policy.numbers.get(via)
    return (number.brand if number else "") or (via.rpartition("@")[2] if "@" in via else "")


def note_unreached(making: Making, case: Case, ids: tuple[AddressId, ...], why: str) -> None:
    """Nothing goes to these addresses by mail until somebody writes from there, whichever of the customers who were
    found to be one person has them, and in whichever of their cases somebody takes part with them."""
    mark_all(making, case, ids, bounced=True, why=why)


def mark_all(making: Making, case: Case, ids: tuple[AddressId, ...], *, bounced: bool, why: str) -> None:
    """Note of addresses whether mail reaches them, under every id of theirs."""
    alike = {id for given in ids for id in making.alike(given)}
    for customer in customers_of(making.state):
        for address in customer.addresses:
            if address.id in alike and address.bounced is not bounced:
                mark(making, case, address, of=customer, bounced=bounced, why=why)
    for one in [d for d in making.state.values() if isinstance(d, Case)]:
        for part in one.participants:
            if part.address.id in alike and part.address.bounced is not bounced:
                mark(making, one, part.address, of=None, bounced=bounced, why=why)


def mark(making: Making, case: Case, address: Address, *, of: Customer | None, bounced: bool, why: str) -> None:
    """Note of an address whether mail reaches it; of a customer, or of somebody who takes part in the case."""
    making.emit(
        AddressMarked(
            customer=of.id if of is not None else case.customer,
            at=making.now,
            address=address.id,
            bounced=bounced,
            why=without_addresses(why),
            case=case.id if of is None else None,
        )
    )


def why_untold(making: Making, case: Case, *, is_answer: bool = False, is_owed: bool = False) -> str:
    """Why no automatic mail may go out about a case now; empty where one may. Two machines that answer each other end
    here, and nobody is bothered who did not write. `is_answer`: it says what became of words of theirs, and goes out
    however lately another did, but for an answer of theirs that no person could have written so soon. `is_owed`: it
    says what becomes of a promise, and no machine brought that about."""
    if making.unanswered:
        return making.unanswered
    customer = making.customer(case.customer)
    if any(address.denied for address in customer.addresses):
        return "the domain of its sender says that whoever is named there wrote nothing"
    if is_answer:
        told_at = max(customer.told_at or 0, case.told_at or 0)
        return JUST_NOW if 0 < making.now - told_at < AT_ONCE_MS else ""
    if is_owed:
        return ""
    if customer.told_at is not None and making.now - customer.told_at < TOLD_ADDRESS_MS:
        return "an automatic mail went to them just now"
    if case.told_at is not None and making.now - case.told_at < TOLD_AGAIN_MS:
        return "an automatic mail about this case went out just now"
    return ""
