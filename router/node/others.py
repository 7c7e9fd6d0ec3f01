"""Whoever only takes part in cases of others, as the journal knows them: where, and which words are theirs.

Its one rule: it reads, a page at a time, and changes nothing. No index leads from an address to the cases in which
somebody takes part under it, for contacts come by the thousand and such questions by the dozen: all cases are looked
through.
"""

from collections.abc import AsyncIterator, Iterable

from router.core.addresses import AddressKind, matching_key
from router.core.documents import Case, Customer, Entry
from router.core.letters import participant_keys
from router.core.taking_part import takes_part
from router.core.values import value
from router.core.words import AddressId, VaultId
from router.journal.base import Journal
from router.node.paging import pages

CASES_AT_ONCE = 200
LINE_CHARS_MIN, WORDS_CHARS_MIN = 24, 12
"""A line of theirs of this length that stands in somebody else's mail is a quotation, and no greeting that anybody
writes; where no line is so long, the longest of this length."""


@value
class Part:
    """Somebody takes part in `case`, and has `address` there."""

    case: Case
    address: AddressId


async def parts_of(journal: Journal, given: Iterable[str]) -> list[Part]:
    """Where whoever is reached by any of these addresses takes part. It grows with the number of cases."""
    keys, after = {matching_key(one) for one in given}, ""
    found: list[Part] = []
    while cases := await journal.documents(Case, after=after, limit=CASES_AT_ONCE):
        after = cases[-1].id
        listed = [Part(case=c, address=p.address.id) for c in cases if isinstance(c, Case) for p in c.participants]
        words = await journal.words([one.address for one in listed]) if listed else {}
        found += [one for one in listed if matching_key(words.get(one.address, "")) in keys]
    return found


async def parts_of_person(journal: Journal, person: Iterable[Customer]) -> list[Part]:
    """Where whoever these customers are takes part in cases of others."""
    person = list(person)
    owners = {one.id for one in person}
    ids = [a.id for one in person for a in one.addresses if a.facts.kind is AddressKind.MAIL]
    given = (await journal.words([*ids])).values() if ids else ()
    return [part for part in await parts_of(journal, given) if part.case.customer not in owners] if given else []


async def keys_of_part(journal: Journal, cases: Iterable[Case], address: AddressId) -> tuple[str, ...]:
    """Under which they are found in these cases."""
    written = (await journal.words([address])).get(address)
    theirs = [case.id for case in cases if takes_part(case, address)]
    return () if written is None else tuple(key for case in theirs for key in participant_keys(case, written))


async def words_of_part(journal: Journal, cases: Iterable[Case], address: AddressId) -> tuple[VaultId, ...]:
    """Where everything of theirs stands in these cases: their address, what they wrote and what was written to them
    alone; of the mails of others what names or quotes them, but for the new words, which are somebody else's."""
    cases = list(cases)
    found: dict[VaultId, None] = {VaultId(address): None}
    written = (await journal.words([address])).get(address, "")
    marks = {written.casefold()} if written else set[str]()
    for case in cases:
        async for entry in rows_of_part(journal, case, address):
            found |= dict.fromkeys(held_by(entry))
            if entry.words is not None and entry.direction == "in":
                marks |= _marks((await journal.words([entry.words])).get(entry.words, ""))
    for case in cases:
        async for rows in pages(journal, case.id):
            for entry in rows:
                if entry.address != address and entry.letter is not None:
                    found |= dict.fromkeys(await _naming(journal, entry, marks))
    return tuple(found)


async def rows_of_part(journal: Journal, case: Case, address: AddressId) -> AsyncIterator[Entry]:
    """What they wrote in a case, and what was written to them alone."""
    async for rows in pages(journal, case.id):
        for entry in rows:
            if entry.address == address:
                yield entry


def held_by(entry: Entry) -> list[VaultId]:
    """All of the vault that a row of the timeline names."""
    ids = [entry.words, entry.said, *entry.media]
    if (letter := entry.letter) is not None:
        ids += [letter.thread, letter.raw, letter.sender, letter.subject, letter.full, letter.html]
        ids += [*letter.to, *letter.copies]
    return [id for id in ids if id is not None]


def _marks(said: str) -> set[str]:
    """Lines by which it is seen that somebody quotes these words."""
    lines = [_plain(line) for line in said.splitlines()]
    long = {line for line in lines if len(line) >= LINE_CHARS_MIN}
    return long or {line for line in (max(lines, key=len, default=""),) if len(line) >= WORDS_CHARS_MIN}


def _plain(text: str) -> str:
    """Without what a quotation adds: marks, other breaks of lines."""
    return " ".join(text.casefold().replace(">", " ").split())


async def _naming(journal: Journal, entry: Entry, marks: set[str]) -> list[VaultId]:
    """What of somebody else's mail names or quotes them. The mail as it came goes with any of it."""
    letter = entry.letter
    assert letter is not None
    parts = [letter.thread, letter.sender, letter.full, letter.html, *letter.to, *letter.copies]
    words = await journal.words([id for id in parts if id is not None])
    found = [VaultId(id) for id, body in words.items() if any(mark in _plain(body) for mark in marks)]
    return [*found, letter.raw] if found else []
