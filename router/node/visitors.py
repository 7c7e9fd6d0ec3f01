"""Who is in a chat now, and what they are to hear: lines of their chat as soon as they are durable, and who answers.

Its one rule: it remembers nothing that the log does not hold. Whoever comes back is told from the log what they missed;
what waits for somebody who stays away follows them by the way that they allowed, once, and what they had asked
otherwise in writing waits so again.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from channels.clock import Activity
from policies import PolicySet
from router.core.chats import BETWEEN, unread_by_any, unread_in
from router.core.clock import Clock, Ms
from router.core.commands import FollowAnswers, NoteAway, RecordDelivery
from router.core.documents import Ask, Case, Customer, Document, Message, State
from router.core.errors import Rejected
from router.core.events import (
    AskChanged,
    CustomerErased,
    CustomersMerged,
    CustomersUnmerged,
    Event,
    LinesBrought,
    MessageQueued,
    WorkClosed,
    WorkReturned,
    WorkTaken,
    WorkWanted,
    WorkWithdrawn,
)
from router.core.timeline import chat_lines_of
from router.core.words import SECOND_MS, AddressId, AgentId, CaseId, Channel, MessageId
from router.journal.base import Journal, JournalStopped, Stored
from router.node.deadlines import Deadlines
from router.node.taking import Outcome
from router.node.tasks import Tasks


class Seat(Protocol):
    """One open connection of a visitor."""

    def take_line(self, n: int, event: Event) -> None: ...
    def take_brought(self, chat: AddressId) -> None: ...
    def take_agent(self, agent: AgentId | None) -> None: ...
    def take_wait(self, case: CaseId | None) -> None: ...
    def take_end(self) -> None: ...


@dataclass(slots=True)
class Room:
    """The chat of one address. Until its visitor has written, nobody else knows of it."""

    address: str
    id: AddressId | None = None
    customer: str | None = None  # whose address it is
    person: str = ""  # under whom that customer stands
    seats: list[Seat] = field(default_factory=list[Seat])
    begun: dict[AddressId, str] = field(default_factory=dict[AddressId, str])  # chats begun before, and whose they are


class Visitors:
    def __init__(
        self,
        *,
        journal: Journal,
        take: Callable[[FollowAnswers | NoteAway | RecordDelivery], Awaitable[Outcome]],
        root_of: Callable[[str], Awaitable[str]],
        policy: Callable[[], PolicySet],
        clock: Clock,
        deadlines: Deadlines,
        activity: Activity,
    ) -> None:
        self._journal = journal
        self._take = take
        self._root_of = root_of
        self._policy = policy
        self._clock = clock
        self._deadlines = deadlines
        self._activity = activity
        self._rooms: dict[str, Room] = {}
        self._by_id: dict[AddressId, Room] = {}
        self._by_person: dict[str, list[Room]] = {}
        self._turned: dict[AddressId, set[CaseId]] = {}  # what waits in a chat, and waits otherwise without one
        self.tasks = Tasks()

    def __len__(self) -> int:
        """How many connections there are."""
        return sum(len(room.seats) for room in self._rooms.values())

    async def load(self, cases: Iterable[Document]) -> None:
        """Nobody is there yet: whoever does not come back in time is followed."""
        for message in await self._journal.live(Message):
            if isinstance(message, Message) and message.channel is Channel.CHAT:
                self._follow_later(message.customer, message.address, message.queued_at)
        for case in cases:
            if isinstance(case, Case) and case.ask is not None:
                self._turn_back_later(case.id, case.ask)

    async def close(self) -> None:
        await self.tasks.close()

    # --- coming and going ---------------------------------------------------------------------------------------------

    def enter(self, address: str, seat: Seat) -> Room:
        """Somebody is there. From now on they are told of every line."""
        room = self._rooms.setdefault(address, Room(address))
        room.seats.append(seat)
        if room.id is not None:
            self._deadlines.clear(f"away {room.id}")
        return room

    def know(self, room: Room, *, customer: str, id: AddressId, person: str) -> None:
        """Whose chat it is, once they have written. `person`: under whom that customer stands."""
        if (room.id, room.customer, room.person) == (id, customer, person):
            return
        self._forget(room)
        room.id, room.customer, room.person = id, customer, person
        self._by_id[id] = room
        self._by_person.setdefault(person, []).append(room)
        self._deadlines.clear(f"away {id}")

    def goes_on(self, room: Room, begun: AddressId, *, owner: str) -> None:
        """Whoever is in `room` had begun to chat at another address: what is said there is said to them, and to nobody
        who has only the browser."""
        self._end_anonymous(begun)
        if begun not in self._by_id:
            room.begun[begun] = owner
            self._by_id[begun] = room
            self._deadlines.clear(f"away {begun}")

    def goes_on_elsewhere(self, id: AddressId) -> bool:
        """Whether whoever had begun a chat goes on with it now as somebody who signed in."""
        room = self._by_id.get(id)
        return room is not None and id in room.begun

    def _end_anonymous(self, chat: AddressId) -> None:
        """A chat is somebody's who signed in: whoever still has it open as nobody in particular is told that."""
        room = self._by_id.get(chat)
        for seat in list(room.seats) if room is not None and room.id == chat else ():
            seat.take_end()

    def leave(self, room: Room, seat: Seat) -> None:
        """A connection is gone; with the last one of them they are away."""
        if seat in room.seats:
            room.seats.remove(seat)
        if room.seats:
            return
        self._rooms.pop(room.address, None)
        self._forget(room)
        for id in (room.id, *room.begun):
            if id is not None and id in self._turned:
                self._away_later(id)
        for begun, owner in room.begun.items():
            self._lets_go(room, begun, owner)
        if room.id is not None and room.customer is not None:
            self._follow_later(room.customer, room.id, self._clock.now())

    def there(self, id: AddressId) -> bool:
        """Whether somebody is in the chat of an address now."""
        return id in self._by_id

    async def in_case(self, case: Case) -> list[Seat]:
        """Everybody who is in a chat of this case's person now."""
        if not self._rooms:
            return []
        person = await self._root_of(case.customer)
        return [seat for room in self._by_person.get(person, ()) for seat in room.seats]

    def _lets_go(self, room: Room, begun: AddressId, owner: str) -> None:
        if self._by_id.get(begun) is room:
            del self._by_id[begun]
            self._follow_later(owner, begun, self._clock.now())

    def _forget(self, room: Room) -> None:
        if room.id is not None and self._by_id.get(room.id) is room:
            del self._by_id[room.id]
        rooms = self._by_person.get(room.person, [])
        if room in rooms:
            rooms.remove(room)
            if not rooms:
                del self._by_person[room.person]

    # --- what happens -------------------------------------------------------------------------------------------------

    def hear(self, batches: list[Stored]) -> None:
        """New batches, in order; called as soon as they are durable."""
        for stored in batches:
            rooms = self._by_person.get(stored.stream)
            for event in stored.events:
                waits = isinstance(event, MessageQueued) and event.channel is Channel.CHAT and event.line
                if isinstance(event, MessageQueued) and waits and not self.there(event.address):
                    self._follow_later(event.customer, event.address, event.at)
                if isinstance(event, WorkWanted | AskChanged):
                    self._turn_back_later(event.case, event.ask)
                if self._rooms:
                    self._tell(rooms or (), event)

    def _tell(self, rooms: Iterable[Room], event: Event) -> None:
        if isinstance(event, LinesBrought):
            self._end_anonymous(event.chat)
        if lines := chat_lines_of(event):
            address, last = lines[-1]
            room = self._by_id.get(address)
            for seat in list(room.seats) if room is not None else ():
                if room is not None and address in room.begun:
                    seat.take_brought(address)
                else:
                    seat.take_line(last, event)
        elif isinstance(event, WorkTaken | WorkClosed | WorkReturned):
            agent = event.agent if isinstance(event, WorkTaken) else None
            for room in rooms:
                for seat in list(room.seats):
                    seat.take_agent(agent)
        elif isinstance(event, WorkWanted) and event.ask.requirement.channel is Channel.CHAT:
            for room in rooms:
                is_theirs = event.customer in (room.customer, *room.begun.values()) or event.ask.in_chat
                for seat in list(room.seats) if is_theirs else ():
                    seat.take_wait(event.case)
        elif isinstance(event, WorkWithdrawn):
            for room in rooms:
                for seat in list(room.seats):
                    seat.take_wait(None)
        elif isinstance(event, CustomerErased):  # whoever writes on is somebody new, with lines from 1
            for room in [room for room in rooms if room.customer == event.customer]:
                for seat in list(room.seats):
                    seat.take_end()
        elif isinstance(event, CustomersMerged | CustomersUnmerged):
            for person in (event.customer, event.into):
                for room in list(self._by_person.get(person, ())):
                    self.tasks.start(self._find_again(room), f"whose chat {room.id}")

    async def _find_again(self, room: Room) -> None:
        """Customers were found to be one person, or two after all. Read from the documents themselves: what is at hand
        of them is forgotten only after this was heard."""
        if room.id is None or room.customer is None:
            return
        found = await self._journal.document(room.customer)
        while isinstance(found, Customer) and found.joined is not None:
            found = await self._journal.document(found.joined.into)
        if room.seats and isinstance(found, Customer):
            self.know(room, customer=room.customer, id=room.id, person=found.id)
        for begun, owner in list(room.begun.items()):  # what was taken back is not said here any more
            if await self._root_of(owner) != room.person and room.begun.pop(begun, None) is not None:
                self._lets_go(room, begun, owner)

    async def mark(self, messages: list[MessageId], state: str) -> None:
        """Note that messages of ours were sent, delivered or read. What is known already is not written again."""
        for id in messages:
            message = await self._journal.document(id)
            if not isinstance(message, Message) or not _is_news(message, state):
                continue
            try:
                await self._take(RecordDelivery(key=f"chat/{id}/{state}", message=id, state=state, provider_id=str(id)))
            except Rejected:
                continue

    async def unread(self, case: str) -> tuple[tuple[MessageId, str], ...]:
        """What waits in the chats of a case's customer in which nobody is, and its words."""
        loaded = await self._journal.load_by_document(case)
        waiting = unread_by_any(loaded.state.values(), self.there)
        words = await self._journal.words([m.words for m in waiting]) if waiting else {}
        return tuple((m.id, words.get(m.words, "")) for m in waiting)

    # --- whoever is away ----------------------------------------------------------------------------------------------

    def _follow_later(self, customer: str, id: AddressId, since: Ms) -> None:
        at = Ms(max(since, self._clock.now()) + self._policy().settings.sending.chat_away_s * SECOND_MS)
        self._deadlines.set(f"away {id}", at, lambda: self._start_following(customer, id))

    def _turn_back_later(self, case: CaseId, ask: Ask) -> None:
        """What waits in a chat waits otherwise once nobody is there."""
        if ask.in_chat is None:
            return
        self._turned.setdefault(ask.in_chat.address, set()).add(case)
        if not self.there(ask.in_chat.address):
            self._away_later(ask.in_chat.address)

    def _away_later(self, id: AddressId) -> None:
        at = Ms(self._clock.now() + self._policy().settings.sending.chat_away_s * SECOND_MS)
        self._deadlines.set(f"turned {id}", at, lambda: self._start_turning(id))

    def _start_turning(self, id: AddressId) -> None:
        if not self.there(id):
            self._activity.until(self.tasks.start(self._turn_back(id), f"turn back {id}"), "turns back")

    async def _turn_back(self, id: AddressId) -> None:
        for case in sorted(self._turned.pop(id, ())):
            document = await self._journal.document(case)
            if not isinstance(document, Case) or document.ask is None:
                continue
            try:
                await self._take(NoteAway(key=f"away/{document.ask.work}", case=case, address=id))
            except Rejected:  # it was answered meanwhile, or they came back just now
                continue
            except JournalStopped:
                return

    def _start_following(self, customer: str, id: AddressId) -> None:
        if not self.there(id):
            self._activity.until(self.tasks.start(self._follow(customer, id), f"follow {id}"), "answers follow")

    async def _follow(self, customer: str, id: AddressId) -> None:
        """Send what waits in a chat after its visitor, where they allowed it; else it goes on waiting."""
        loaded = await self._journal.load_by_document(customer)
        waiting = unread_in(loaded.state.values(), id)
        if not waiting:
            return
        words = await self._journal.words([m.words for m in waiting])
        command = FollowAnswers(
            key=f"follow/{waiting[-1].id}",
            customer=waiting[-1].customer,
            address=id,
            messages=tuple(m.id for m in waiting),
            text=BETWEEN.join(words.get(m.words, "") for m in waiting),
        )
        try:
            await self._take(command)
        except (Rejected, JournalStopped):  # they allowed no other way, or came back just now
            return


def _is_news(message: Message, state: str) -> bool:
    order = ("queued", "sent", "delivered", "read")
    return message.state in order and order.index(state) > order.index(message.state)


def agent_in(state: State) -> AgentId | None:
    """Who answers somebody now, by what is loaded of them."""
    taken = [d for d in state.values() if isinstance(d, Case) and d.taken and d.agent is not None]
    return max(taken, key=lambda case: case.changed_at).agent if taken else None
