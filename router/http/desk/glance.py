"""A case at a glance, for one line of a list: whose it is, and what was said last in it. Reads only."""

from router.core.documents import Case, Customer
from router.http.api_cases import is_theirs
from router.http.joined import last_rows
from router.journal.base import Journal

LOOKED_BACK = 12
"""Rows at the end of a timeline among which their last words are looked for."""


async def address_of(journal: Journal, case: Case) -> str | None:
    """The vault id of one address of a case's customer."""
    customer = await journal.document(case.customer)
    addresses = customer.addresses if isinstance(customer, Customer) else ()
    return next((a.id for a in addresses), None)


async def said_last(journal: Journal, case: Case) -> str | None:
    """The vault id of the customer's last words in a case."""
    rows = await last_rows(journal, case, limit=LOOKED_BACK, kinds=("message", "call"))
    return next((row.words for row in reversed(rows) if row.words and is_theirs(row)), None)
