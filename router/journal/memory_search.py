"""The search index in memory: every row is looked at, by the same tokens as the other engine's.

Its one rule: it holds ids, never words; those are read from the vault when somebody looks for them. It is derived and
made again from the log at each start.
"""

from collections.abc import Iterable, Mapping, Sequence

from router.core.documents import Customer, Document
from router.journal.base import Found, Hit, Place, Stored
from router.journal.excerpts import place_of
from router.journal.findable import Row, rows_of, slot_of, text_of
from router.journal.terms import Said, Term, follows, tokens, whole

Texts = tuple[str, list[str], list[str]]
"""What a row says, and the tokens of it and of its keys."""


class MemorySearch:
    """`documents` and `vault` are the journal's own and change under its hands."""

    def __init__(self, documents: Mapping[str, Document], vault: Mapping[str, str]) -> None:
        self._documents = documents
        self._vault = vault
        self._rows: dict[str, dict[str, list[Row]]] = {"case": {}, "customer": {}}
        self.position = 0

    def write(self, batches: Iterable[Stored]) -> None:
        fresh = [stored for stored in batches if stored.last > self.position]
        for kind, rows in zip(("case", "customer"), rows_of(fresh), strict=True):
            for row in rows:
                if not row.of_each_case:  # all addresses are read from the customer when somebody looks
                    self._rows[kind].setdefault(row.document, []).append(row)
        self.position = fresh[-1].last if fresh else self.position

    def find(
        self, kind: str, terms: Sequence[Term], *, before: str | None, limit: int, owner: str | None = None
    ) -> Found:
        hits: list[Hit] = []
        order = list(self._rows[kind])
        for id in reversed(order[: order.index(before) if before in order else None if before is None else 0]):
            rows = self._rows[kind][id]
            if terms and (owner is None or rows[0].owner == owner) and (places := self._places(rows, terms)):
                hits.append(Hit(document=self._documents[id], places=tuple(places)))
            if len(hits) == limit:
                return Found(tuple(hits), id)
        return Found(tuple(hits))

    def _places(self, rows: list[Row], terms: Sequence[Term]) -> list[Place]:
        """The newest row of each term; empty when one of them is nowhere."""
        texts: dict[int, Texts] = {}
        for row in rows:
            text, keys = text_of(row, self._vault, self._addresses(row))
            texts[slot_of(row, text)] = (whole(text), tokens(text), tokens(keys))
        found: dict[int, Place] = {}
        for term in terms:
            slot = max((slot for slot, one in texts.items() if _is_in(term, one)), default=None)
            if slot is None:
                return []
            found[slot] = place_of(slot, texts[slot][0], terms)
        return list(found.values())

    def _addresses(self, row: Row) -> list[str]:
        customer = self._documents.get(row.owner) if row.ref else None
        return [a.id for a in customer.addresses] if isinstance(customer, Customer) else []


def _is_in(term: Term, text: Texts) -> bool:
    return any(all(_stands(said, text[1]) or _stands(said, text[2]) for said in way) for way in term.ways)


def _stands(said: Said, here: list[str]) -> bool:
    words = tokens(said.text)
    return bool(words) and any(
        follows(here, at, words, goes_on=said.goes_on) for at in range(len(here) - len(words) + 1)
    )
