"""Everybody who was found to be one person, read from the journal.

Its one rule: it tells who they are at that moment, under no lock. What is decided on them is decided in the customer
scope, which finds them again.
"""

from router.core.documents import Customer
from router.journal.base import Journal


async def person_in(journal: Journal, id: str) -> list[Customer]:
    """All customers of the person that a customer is, the asked one first; nobody who was erased, but for that one."""
    root = asked = await journal.document(id)
    while isinstance(root, Customer) and root.joined is not None:
        root = await journal.document(root.joined.into)
    found = [root] if isinstance(root, Customer) else []
    for one in found:
        members = [await journal.document(member) for member in one.members]
        found += [member for member in members if isinstance(member, Customer)]
    others = [one for one in found if one.id != id and one.erased_at is None]
    return [asked, *others] if isinstance(asked, Customer) else others
