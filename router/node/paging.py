"""The timeline of a case, read a page at a time.

Its one rule: no timeline is in memory as a whole, however long it grew.
"""

from collections.abc import AsyncIterator

from router.core.documents import Entry
from router.journal.base import Journal

PAGE = 200


async def pages(journal: Journal, case: str, *, kinds: tuple[str, ...] = ()) -> AsyncIterator[list[Entry]]:
    """The timeline of a case, a page at a time."""
    after = 0
    while rows := await journal.entries(case, after=after, limit=PAGE, kinds=kinds):
        yield rows
        after = rows[-1].n
