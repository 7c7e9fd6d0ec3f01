"""Which addresses of one person are one and the same line or mailbox, although they stand under several ids.

Its one rule: it looks only where a command says something of an address that holds for all of them: that it stopped
us, or that nothing arrives there. It changes nothing.
"""

from policies import PolicySet
from router.core.addresses import Address, matching_key
from router.core.commands import CustomerCommand, RecordAttempt, RecordDelivery, TakeContact
from router.core.context import Alike
from router.core.documents import Case, Customer, Message, State
from router.core.texts import TEXTS
from router.core.words import AddressId, Setback
from router.journal.base import Journal


async def alike_of(
    journal: Journal, policy: PolicySet, command: CustomerCommand, state: State, found: AddressId | None
) -> Alike:
    """Groups of two and more, of those that `command` speaks of. `found`: the sender's."""
    subjects = _subjects(policy, command, state, found)
    if not subjects:
        return ()
    known = {id: address.facts.kind for id, address in _addresses(state).items()}
    kinds = {known[id] for id in subjects if id in known}
    others = [id for id, kind in known.items() if kind in kinds]
    if len(others) < 2:
        return ()
    words = await journal.words([str(id) for id in others])
    groups: dict[str, set[AddressId]] = {}
    for id in others:
        if id in words:
            groups.setdefault(matching_key(words[id]), set()).add(id)
    return tuple(frozenset(ids) for ids in groups.values() if len(ids) > 1 and not ids.isdisjoint(subjects))


def _subjects(
    policy: PolicySet, command: CustomerCommand, state: State, found: AddressId | None
) -> tuple[AddressId, ...]:
    match command:
        case RecordAttempt() if command.unreached:
            return command.unreached
        case RecordAttempt() | RecordDelivery() if command.setback is Setback.OPTED_OUT:
            return _went_to(state.get(command.message))
        case TakeContact() if command.mail is not None:
            sender = _addresses(state).get(found) if found is not None else None
            wrote_again = (sender.id,) if sender is not None and sender.bounced else ()
            bounced = command.mail.bounced
            return (*wrote_again, *(command.mail.bounced_at or _went_to(state.get(bounced or ""))))
        case TakeContact() if command.channel in TEXTS and found is not None:
            return (found,) if policy.consent_word(command.text) is not None else ()
        case _:
            return ()


def _went_to(message: object) -> tuple[AddressId, ...]:
    return (message.address,) if isinstance(message, Message) else ()


def _addresses(state: State) -> dict[AddressId, Address]:
    """Those of a person, and of whoever takes part in their cases."""
    documents = state.values()
    theirs = [address for one in documents if isinstance(one, Customer) for address in one.addresses]
    others = [part.address for one in documents if isinstance(one, Case) for part in one.participants]
    return {address.id: address for address in (*theirs, *others)}
