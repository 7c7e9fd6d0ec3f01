"""What one decision of the customer scope looks at: one person's documents, from the shelf or from the journal.

Its one rule: a working set is whole. It holds all customers who were found to be one person, and with a case all those
that are joined with it. It is loaded under that person's lock; before that, only who they are counts.
"""

from router.core.commands import SplitCase, UnmergeCases
from router.core.documents import Call, Case, Customer, Document, Entry, Message, Promise, Recording, State
from router.core.errors import Reason, Rejected
from router.core.rerouting import row_that_decides
from router.core.splitting import is_contact
from router.core.tree import head_of, tree_of
from router.core.values import replace
from router.journal.base import Journal, owner_of
from router.node.shelf import Shelf

LEFT_MAX = 200
"""Rows that are looked at for what stays when others are split off."""
CASES_AT_ONCE = 200


class WorkingSets:
    def __init__(self, journal: Journal, shelf: Shelf) -> None:
        self._journal = journal
        self._shelf = shelf

    async def root_of(self, customer: str) -> str:
        """The customer under whom a customer stands: themselves, unless they were found to be somebody else as well."""
        at_hand = self._shelf.owner(customer)
        if at_hand is not None:
            return at_hand
        document = await self._journal.document(customer)
        while isinstance(document, Customer) and document.joined is not None:
            document = await self._journal.document(document.joined.into)
        return document.id if isinstance(document, Customer) else customer

    async def root(self, customer: str, state: State) -> str:
        """The root of a customer whose working set was just read; that of most customers is themselves."""
        document = state.get(customer)
        if isinstance(document, Customer) and document.joined is not None:
            return await self.root_of(document.joined.into)
        return customer

    async def load(self, owner: str, document: str | None, *more: str | None) -> State:
        """The working set of whoever stands under `owner`, with these documents where they are theirs."""
        state = self._shelf.state(owner)
        if state is None:
            loaded = await self._journal.load_by_document(owner)
            state = await self._with_members(loaded.state, owner)
        needed = [id for id in (document, *more) if id is not None]
        for customer in [d for d in state.values() if isinstance(d, Customer)]:
            if customer.last_case and customer.last_case not in state:
                needed.append(customer.last_case)
        for id in needed:
            extra = state.get(id) or await self._journal.document(id)
            if extra is not None and is_theirs(extra, state):
                state = state if id in state else {**state, id: extra}
                for other in _beside(extra):
                    if other not in state and (found := await self._journal.document(other)):
                        state = {**state, other: found}
        return await self._with_trees(state)

    async def _with_members(self, state: State, root: str) -> State:
        """And those of all who were found to be the same person."""
        customer = state.get(root)
        if not isinstance(customer, Customer) or not customer.members:
            return state
        for member in customer.members:
            loaded = await self._journal.load_by_document(member)
            state = {**state, **await self._with_members(loaded.state, member)}
        return state

    async def _with_trees(self, state: State) -> State:
        """And the cases that are joined with one of these."""
        joined = [d for d in state.values() if isinstance(d, Case) and d.side is not None]
        for case in joined:
            for id in (*case.parts, *([case.joined.into] if case.joined else [])):
                if id not in state:
                    found = await self._journal.document(id)
                    if isinstance(found, Case):
                        joined.append(found)
                        state = {**state, id: found}
        return state

    async def joined_of(self, customer: str) -> tuple[str, ...]:
        """All cases, open or not, of a customer and those under them that are joined with others: none of them may stay
        joined with somebody else's."""
        ids, found = [customer], list[str]()
        for id in ids:
            document = await self._journal.document(id)
            ids += document.members if isinstance(document, Customer) else ()
            before: str | None = None
            while cases := await self._journal.cases(before=before, limit=CASES_AT_ONCE, owner=id):
                before = cases[-1].id
                found += [case.id for case in cases if case.side is not None]
        return tuple(found)

    async def with_rows(self, command: SplitCase, before: State) -> SplitCase:
        """A split with the rows that are named, those of the same case that stay, and the words that come first."""
        case = before.get(command.case)
        if not isinstance(case, Case):
            raise Rejected(Reason.NOT_FOUND, "case")
        ids = [(id, int(n)) for id, _, n in (name.rpartition("/") for name in command.entries) if n.isdecimal()]
        here = {one.id for one in tree_of(before, head_of(before, case))}
        named = [entry for stands_in, entry in await self._journal.rows(ids) if stands_in == entry.case]
        if len(named) != len(command.entries) or not all(entry.case in here for entry in named):
            raise Rejected(Reason.NOT_FOUND, "entry")
        left: list[Entry] = []
        if named:
            gone = {(entry.case, entry.n) for entry in named}
            stay = await self._journal.timeline(
                [named[0].case], after=0, limit=LEFT_MAX, kinds=("message", "call"), newest=True
            )
            left = [entry for _, entry in stay if (entry.case, entry.n) not in gone]
        of = before.get(named[0].case) if named else None
        decides = row_that_decides(of, filter(is_contact, left)) if isinstance(of, Case) else None
        last = decides.words if decides is not None else None
        theirs = sorted((entry for entry in named if entry.contact and entry.words), key=lambda entry: entry.at)
        first = theirs[0].words if theirs else None
        wrote = dict.fromkeys(entry.address for entry in named if entry.contact and entry.address)
        words = await self._journal.words([*((first,) if first else ()), *((last,) if last else ()), *wrote])
        given = tuple((id, words[id]) for id in wrote if id in words)
        return replace(
            command,
            rows=tuple(named),
            left=tuple(left),
            text=words.get(first or "", ""),
            left_text=words.get(last or "", ""),
            given=given,
        )

    async def with_what_stays(self, command: UnmergeCases, before: State, found: str | None) -> UnmergeCases:
        """The undoing of a split with the contacts that came to the new case since."""
        new = before.get(found or "")
        if not isinstance(new, Case) or new.split is None or new.split.id != command.merge:
            return command
        came = await self._journal.timeline([new.id], after=0, limit=LEFT_MAX, kinds=("message", "call"), newest=True)
        return replace(command, stays=tuple(entry for _, entry in came if entry.case == new.id))


def is_theirs(document: Document, state: State) -> bool:
    """Whether it belongs to one of these customers: a report may name a message of somebody else."""
    return owner_of(document) in state


def _beside(document: Document) -> tuple[str, ...]:
    """What is looked at together with a document."""
    match document:
        case Case() if document.split is not None:
            return (document.split.case,)
        case Call():
            return (document.case, *document.recordings)
        case Recording():
            return (document.case, *((document.call,) if document.call else ()))
        case Message() if document.about is not None:
            return (document.case, document.about)
        case Message() | Promise():
            return (document.case,)
        case _:
            return ()
