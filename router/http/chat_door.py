"""Where chats come in: one seat a connection, each frame acted on, each line told, whatever carries them.

Its one rule: nothing is accepted before it is durable, and no session shows more than its own lines. It knows no
sockets; `chat_sockets` and the simulator carry its frames.
"""

import asyncio
import hashlib
import json
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any

from channels.chat.conversation import Conversation, Stage
from channels.chat.frames import CodeSaid, ContextTold, Delivered, Hello, Left, Prove, Said, Typing, WasRead, say
from channels.chat.identity import BadIdentity
from channels.chat.sessions import Session, Sessions, visitor_address
from router.core.addresses import Address, matching_key
from router.core.clock import Ms
from router.core.commands import File, TakeContact
from router.core.contacts import clean_text
from router.core.context import Decision
from router.core.documents import Case, Customer, State
from router.core.events import ContactReceived, Event, LinesBrought, MessageQueued
from router.core.redaction import without_cards
from router.core.timeline import line_of
from router.core.tree import asking
from router.core.waits.said import Said as Wait
from router.core.waits.said import phrase_of
from router.core.words import ActorKind, AddressId, AgentId, CaseId, Channel, Evidence, MessageId
from router.http.chat_leaving import Refused, form_of, has_proved
from router.http.chat_lines import lines_of, said_in
from router.http.chat_proving import Proving
from router.http.joined import asking_of
from router.http.live import Live
from router.http.rates import Rates
from router.http.service import Service
from router.http.sites import Site
from router.http.views import stamp
from router.journal.base import PROVIDER_KEY_KEPT_MS, Answer, JournalStopped, Loaded
from router.node.person import person_in
from router.node.visitors import Room, agent_in

ADMITTED_AT_ONCE = 64
"""Sessions that are looked up at the same time when many come back at once."""
MESSAGES_A_MINUTE = 60
READ_AT_ONCE = 50
READ_BACK = 20
"""Lines before a read mark that it marks."""
FRESH_MAX = 16
SEATS_MAX = 10
"""Connections of one session; with one more the oldest ends."""


class ChatDoor:
    def __init__(
        self,
        service: Service,
        live: Live,
        *,
        make_visitor: Callable[[], str] = lambda: secrets.token_hex(16),
        make_code: Callable[[], str] = lambda: f"{secrets.randbelow(1_000_000):06d}",
        make_key: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self.service = service
        self.node = service.node
        self.live = live
        self.make_visitor = make_visitor
        self.rates = Rates()
        self.proving = Proving(
            self.node, self.rates, sessions=lambda: self.sessions, make_code=make_code, make_key=make_key
        )
        self.admitting = asyncio.Semaphore(ADMITTED_AT_ONCE)
        self.waiting: set[ChatSeat] = set()  # who was told how long it takes until somebody is there
        self._sessions: Sessions | None = None

    @property
    def sessions(self) -> Sessions:
        if self._sessions is None:
            self._sessions = Sessions(self.node.means.secret)
        return self._sessions

    def seat(self, *, origin: str, remote: str, wake: Callable[[], None]) -> "ChatSeat":
        """A connection. `wake` is called whenever there is something to send: then `ChatSeat.next` gives it."""
        return ChatSeat(self, origin=origin, remote=remote, wake=wake)

    async def agent_types(self, case: Case, name: str | None, *, on: bool) -> int:
        """Tell everybody in this case's chats that an agent types, or stopped. Returns how many heard it."""
        seats = await self.node.visitors.in_case(case)
        for seat in seats:
            if isinstance(seat, ChatSeat):
                seat.tell(say("typing", on=on, name=name))
        return len(seats)

    def look_at_waits(self) -> None:
        """Somebody's wait may be another one now: whoever waits is told where it is."""
        for seat in list(self.waiting):
            seat.look_at_wait()

    async def name_of(self, agent: AgentId | None) -> str | None:
        found = self.node.domain.agents.get(agent) if agent is not None else None
        return (await self.node.journal.words([found.name])).get(found.name) if found is not None else None


class ChatSeat:
    """One connection."""

    def __init__(self, door: "ChatDoor", *, origin: str, remote: str, wake: Callable[[], None]) -> None:
        self.conversation = Conversation()
        self._door = door
        self._node = door.node
        self._origin = origin
        self._remote = remote
        self._wake = wake
        self._room: Room | None = None
        self._session: Session | None = None
        self._name = ""
        self._case: CaseId | None = None
        self._newest = 0
        self._fresh: deque[tuple[int, Event]] = deque(maxlen=FRESH_MAX)
        self._context: dict[str, str] = {}
        self._carry = ""
        self._began = ""  # where they had begun to chat before they signed in
        self._read_to = 0
        self._wait: Wait | None = None  # how long it takes until somebody is there, as it was told last

    # --- what is told -------------------------------------------------------------------------------------------------

    def take_line(self, n: int, event: Event) -> None:
        self._newest = max(self._newest, n)
        if isinstance(event, LinesBrought):  # many lines at once are read
            self._fresh.clear()
        else:
            self._fresh.append((n, event))
        self._wake()

    def look_for_lines(self, last: int) -> None:
        """There may be lines up to `last` that nobody told of."""
        if self._newest < last:
            self._newest = last
            self._wake()

    def take_brought(self, chat: AddressId) -> None:
        """Something was said in a chat that they had begun before they signed in."""
        self._node.visitors.tasks.start(self._bring(chat), "what was said before")

    def take_agent(self, agent: AgentId | None) -> None:
        self._node.visitors.tasks.start(self._tell_agent(agent), "who answers")

    def take_wait(self, case: CaseId | None) -> None:
        """A case of theirs waits for somebody to answer them here, maybe for the first time; or one does no more."""
        self._case = case or self._case
        self.look_at_wait()

    def take_end(self) -> None:
        """Nothing is left of whose chat it was, or it is somebody's who signed in: the session is over, and so is the
        connection."""
        self._end("bad_session")

    def _end(self, error: str) -> None:
        self.conversation.refuse(error)
        self.leave()
        self._wake()

    def tell(self, frame: str) -> None:
        if self.conversation.stage is Stage.OPEN:
            self.conversation.say(frame)
            self._wake()

    async def next(self) -> list[str]:
        """The frames that are to be sent now; none where everything was said."""
        talk = self.conversation
        if not talk.out and talk.stage is Stage.OPEN and talk.at < self._newest:
            await self._catch_up()
        frames = list(talk.out)
        talk.out.clear()
        return frames

    async def _catch_up(self) -> None:
        talk, room = self.conversation, self._room
        chat = room.id if room is not None else None
        if chat is None:
            return
        while self._fresh and self._fresh[0][0] <= talk.at:
            self._fresh.popleft()
        rows = list(self._fresh)
        if not rows or rows[0][0] != talk.at + 1:
            rows = await self._node.journal.lines(chat, after=talk.at, limit=READ_AT_ONCE)
        lines = await lines_of(self._node, rows, own=talk.own)
        for line in lines:
            talk.line(line)
        if ours := [MessageId(line.message) for line in lines if line.message]:
            self._mark(ours, "sent")

    async def _tell_agent(self, agent: AgentId | None) -> None:
        self.tell(say("agent", name=await self._door.name_of(agent)))
        await self._tell_wait()

    def look_at_wait(self) -> None:
        self._node.visitors.tasks.start(self._tell_wait(), "how long it takes")

    async def _tell_wait_in_line(self) -> None:
        """The same at the cost of a look where they wait for nobody."""
        if self._case is not None and self._node.waits.of_case(self._case, Channel.CHAT) is not None:
            await self._tell_wait()

    async def _tell_wait(self) -> None:
        """Say how long it takes until somebody is there, where that is not what was told last."""
        case = await self._node.journal.document(self._case) if self._case is not None else None
        case = await asking_of(self._node.journal, case) if isinstance(case, Case) else None
        wait = self._node.waits.of_case(case.id, Channel.CHAT) if case is not None else None
        if wait == self._wait or self.conversation.stage is not Stage.OPEN:
            return
        self._wait = wait
        if case is None or wait is None:
            self._door.waiting.discard(self)
            self.tell(say("wait", low_s=None, high_s=None, confidence=None, says=None))
            return
        self._door.waiting.add(self)
        policy = self._node.means.policy
        phrase, names = phrase_of(wait)
        says = policy.phrase(phrase, policy.said_in(case.language), **names)
        self.tell(say("wait", low_s=wait.low_s, high_s=wait.high_s, confidence=wait.confidence, says=says))

    # --- what comes ---------------------------------------------------------------------------------------------------

    async def hear(self, text: str) -> None:
        """One frame of the client, acted on to its end."""
        frame = self.conversation.hear(text, self._node.clock.now())
        try:
            with self._node.activity.doing("chat"):
                await self._act(frame)
        except Refused as refused:
            self.conversation.refuse(refused.error, str(refused), **refused.told)
        except JournalStopped:
            self.conversation.refuse("stopping")
        if self.conversation.stage is Stage.OPENING:
            self.conversation.stay_new()
        if self.conversation.out or self.conversation.at < self._newest:
            self._wake()

    def leave(self) -> None:
        """The connection is gone."""
        self.conversation.end()
        self._door.waiting.discard(self)
        if self._room is not None:
            self._node.visitors.leave(self._room, self)
            self._room = None

    async def _act(self, frame: Any) -> None:
        match frame:
            case Hello():
                await self._hello(frame)
            case Said():
                await self._said(frame)
            case Delivered():
                await self._node.visitors.mark(
                    [MessageId(id) for id in self.conversation.acknowledged(frame.seq)], "delivered"
                )
            case WasRead():
                await self._read(frame.seq)
            case Typing():
                if self._case is not None:
                    self._door.live.whisper("typing", {"case": self._case, "on": frame.on})
            case ContextTold():
                self._context = form_of(context={**self._context, **frame.context}).context
            case Left() | Prove() | CodeSaid():
                is_proved = self._session is not None and self._session.is_proved
                answer = await self._door.proving.answer(frame, self._room, remote=self._remote, is_proved=is_proved)
                self.conversation.say(answer)
            case _:
                pass

    def _mark(self, messages: list[MessageId], state: str) -> None:
        self._node.visitors.tasks.start(self._node.visitors.mark(messages, state), f"chat {state}")

    # --- hello --------------------------------------------------------------------------------------------------------

    async def _hello(self, hello: Hello) -> None:
        now = self._node.clock.now()
        if not self._node.is_ready:
            raise Refused("stopping")
        site = self._door.service.sites.by_key(hello.site)
        if site is None:
            raise Refused("bad_site")
        if self._origin and not site.allows(self._origin):
            raise Refused("bad_origin")
        try:
            session = self._session_of(hello, site, now)
        except BadIdentity as bad:
            raise Refused("bad_identity", str(bad)) from None
        self._session, self._context = session, form_of(context=hello.context).context
        self._carry = hello.carry
        await self._open(session, site, now)
        await self._tell_wait_in_line()

    async def _bring(self, chat: AddressId) -> None:
        """What was said there becomes a line of their own chat."""
        room = self._room
        if room is not None and chat in room.begun and room.customer is not None and room.id is not None:
            await self._door.proving.bring(room.customer, room.id, chat)

    async def _looks_back(self, room: Room, mine: Address | None) -> State:
        """Chats that they had begun go on being told here. What stands with whoever they were there."""
        found: State = {}
        for one in mine.brought if mine is not None else ():
            if await self._node.customers.root_of(one.owner) == room.person:  # else it was taken back
                self._node.visitors.goes_on(room, one.chat, owner=one.owner)
                await self._bring(one.chat)
                found |= (await self._node.journal.load_by_document(one.owner)).state
        return found

    async def _has_same_numbers(self, mine: AddressId | None, begun: AddressId | None) -> bool:
        """Whether the lines of their chat are the first ones of the chat that they had begun."""
        rows = await self._node.journal.lines(mine, after=0, limit=1) if mine is not None else []
        return any(isinstance(e, LinesBrought) and (e.chat, e.after) == (begun, 0) for _, e in rows)

    async def _is_over(self, loaded: Loaded) -> bool:
        """Whether the visitor of an anonymous chat signed in since: what is theirs is told to nobody who has only the
        browser."""
        customer, id = loaded.state.get(loaded.customer or ""), loaded.address
        if not isinstance(customer, Customer) or id is None:
            return False
        if self._node.visitors.goes_on_elsewhere(id):
            return True
        if customer.joined is None and not any(a.brought for a in customer.addresses):
            return False
        address = customer.address(id)
        if (
            customer.joined is not None
            and customer.joined.author is ActorKind.CUSTOMER
            and address is not None
            and address.proved_at is None
        ):
            return True
        person = await person_in(self._node.journal, customer.id)
        return any(one.chat == id for who in person for a in who.addresses for one in a.brought)

    def _session_of(self, hello: Hello, site: Site, now: Ms) -> Session:
        """Raises BadIdentity, and Refused where somebody new comes too often."""
        sessions = self._door.sessions
        if hello.identity is not None:
            subject = self._door.service.identities.subject(hello.identity, site=site.id, now=now)
            visitor = hello.session and sessions.visitor_in(hello.session, site=site.id, origin=self._origin, now=now)
            self._began = visitor_address(visitor, site=site.id) if visitor else ""
            return sessions.user(subject, site=site.id)
        visitor = None
        if hello.session is not None:
            visitor = sessions.visitor_in(hello.session, site=site.id, origin=self._origin, now=now)
            if visitor is None:
                self.conversation.refuse("bad_session")
        if visitor is None:
            return self._new_session(site, now)
        return sessions.session(visitor, site=site.id, origin=self._origin, now=now)

    def _new_session(self, site: Site, now: Ms) -> Session:
        if waits := self._door.service.sites.waits_ms(site, self._remote, now):
            raise Refused("too_many", waits_ms=waits)
        visitor = self._door.make_visitor()
        return self._door.sessions.session(visitor, site=site.id, origin=self._origin, now=now)

    async def _open(self, session: Session, site: Site, now: Ms) -> None:
        """Who is told of new lines first and reads afterwards misses none of them. What was begun on this browser
        before they signed in is theirs first of all."""
        self._name = self._door.sessions.name_of(session.address)
        self._room = room = self._node.visitors.enter(session.address, self)
        if len(room.seats) > SEATS_MAX and isinstance(oldest := room.seats[0], ChatSeat):
            oldest._end("taken_over")
        begun = await self._door.proving.sign_in(self._began, session.address) if self._began else None
        async with self._door.admitting:
            loaded = await self._node.journal.load_by_address(matching_key(session.address))
        if self.conversation.stage is Stage.OVER:  # the connection broke meanwhile
            return
        was_erased = loaded.customer is None and self.conversation.at > 0
        if session.token is not None and (was_erased or await self._is_over(loaded)):
            # It had lines and has none: they were erased while it was away. Nothing new is numbered on top of those.
            self._node.visitors.leave(room, self)
            self._room, self.conversation.at = None, 0
            self.conversation.refuse("bad_session")
            self._session = self._new_session(site, now)
            await self._open(self._session, site, now)
            return
        if self._began and not await self._has_same_numbers(loaded.address, begun):
            self.conversation.at = 0  # the number that they named is one of another chat
        seq, agent, is_proved = 0, None, session.is_proved
        if loaded.customer is not None and loaded.address is not None:
            customer = loaded.state.get(loaded.customer)
            is_joined = isinstance(customer, Customer) and customer.joined is not None
            person = await self._node.customers.root_of(loaded.customer) if is_joined else loaded.customer
            self._node.visitors.know(room, customer=loaded.customer, id=loaded.address, person=person)
            mine = customer.address(loaded.address) if isinstance(customer, Customer) else None
            state = {**await self._looks_back(room, mine), **loaded.state}
            seq, agent = mine.lines if mine is not None else 0, agent_in(state)
            is_proved = is_proved or has_proved(self._node, customer, loaded.address, now=now)
            self._case = await self._case_in(state)
            for seat in list(room.seats):  # whoever has another window open may not know yet that this is theirs
                if isinstance(seat, ChatSeat):
                    seat.look_for_lines(seq)
        seq = self._newest = max(self._newest, seq)
        self.conversation.open(
            seq=seq,
            session=session.token,
            expires_at=stamp(session.expires_at) if session.expires_at is not None else None,
            identified=is_proved,
            upload=self._door.sessions.upload(session.address, now=now),
            agent=await self._door.name_of(agent),
            at=stamp(now),
        )
        waiting = [m for m in loaded.state.values() if _is_had(m, room.id, self.conversation.at)]
        if waiting:
            self._mark([MessageId(m.id) for m in waiting], "delivered")

    async def _case_in(self, state: State) -> CaseId | None:
        """Of whoever came back, the case that waits in the chat; else their newest one."""
        live = [d for d in state.values() if isinstance(d, Case) and d.status.is_live]
        asks = [await asking_of(self._node.journal, case) for case in live]
        in_chat = [one for one in asks if one.ask is not None and one.ask.requirement.channel is Channel.CHAT]
        if in_chat:
            return max(in_chat, key=lambda case: case.changed_at).id
        newest = [d.live_cases[-1] for d in state.values() if isinstance(d, Customer) and d.live_cases]
        return max(newest, default=None)

    # --- messages -----------------------------------------------------------------------------------------------------

    async def _said(self, said: Said) -> None:
        session, now = self._session, self._node.clock.now()
        assert session is not None
        if waits := self._door.rates.wait_ms(session.address, per_min=MESSAGES_A_MINUTE, now=now):
            raise Refused("too_many", client_id=said.client_id, waits_ms=waits)
        files = await self._files(said, session, now)
        text = without_cards(clean_text(said.text))
        fingerprint = _fingerprint(text, files)
        key = f"chat/{self._name}/{said.client_id}"
        command = TakeContact(
            key=key,
            channel=Channel.CHAT,
            sender=session.address,
            via=session.site,
            at=now,
            text=text,
            files=files,
            context=self._context,
            evidence=Evidence.PROOF if session.is_proved else Evidence.WEAK,
            grounds=("identity",) if session.is_proved else (),
            client_id=said.client_id,
            carry=self._carry,
        )

        def answer(decision: Decision) -> Answer:
            received = next(e for e in decision.events if isinstance(e, ContactReceived))
            body = f'{{"seq":{received.line},"at":"{stamp(received.at)}"}}'
            until = Ms(now + PROVIDER_KEY_KEPT_MS)
            return Answer(key=key, status=200, body=body, fingerprint=fingerprint, kept_until=until)

        self._node.faults.reach("chat.before_take")
        outcome = await self._node.take(command, answer)
        self._node.faults.reach("chat.after_take")
        for file in files:
            await self._node.uploads.sent(file.hash, name=self._name)
        if outcome.decision is None:
            await self._repeated(said, outcome.answer, fingerprint)
        else:
            self._context, self._carry = {}, ""
            assert outcome.stored is not None
            self._know(outcome.decision, person=outcome.stored.stream)
            await self._tell_wait_in_line()

    async def _repeated(self, said: Said, known: Answer | None, fingerprint: str) -> None:
        """It came before: the first one counts. What this connection was not told of yet is told in its turn."""
        if known is None or known.fingerprint != fingerprint:
            raise Refused("used_before", client_id=said.client_id)
        told = json.loads(known.body)
        if not await self._is_line(told["seq"], said.client_id):  # it was erased, with whoever wrote it
            raise Refused("used_before", client_id=said.client_id)
        if told["seq"] <= self.conversation.at:
            self.conversation.accept(said.client_id, told["seq"], told["at"])
        self._newest = max(self._newest, told["seq"])

    async def _is_line(self, seq: int, client_id: str) -> bool:
        room = self._room
        if room is None or room.id is None:
            return False
        rows = await self._node.journal.lines(room.id, after=seq - 1, limit=1)
        return any(n == seq and isinstance(e, ContactReceived) and e.client_id == client_id for n, e in rows)

    def _know(self, decision: Decision, *, person: str) -> None:
        """Whose chat it is stands in the first message alone; everybody who is in it learns of that one so, and of what
        was answered to it by itself."""
        received = next(e for e in decision.events if isinstance(e, ContactReceived))
        case, room = decision.state[received.case], self._room
        assert isinstance(case, Case)
        self._case = asking(decision.state, case).id
        if room is None:
            return
        if room.id is None:
            self._node.visitors.know(room, customer=received.customer, id=received.address, person=person)
        told = [(line[1], e) for e in decision.events if (line := line_of(e)) and line[0] == received.address]
        for seat in list(room.seats):
            for n, event in told:
                if isinstance(seat, ChatSeat) and seat._newest < n:
                    seat.take_line(n, event)

    async def _files(self, said: Said, session: Session, now: Ms) -> tuple[File, ...]:
        """What the message refers to. Raises Refused for what this session did not upload, or is gone."""
        found: list[File] = []
        for reference in said.files:
            fields = self._door.sessions.file_in(reference, address=session.address, now=now)
            if fields is None or not await self._node.uploads.has(fields["hash"], name=self._name):
                raise Refused("bad_file", client_id=said.client_id)
            found.append(
                File(
                    name=fields["name"],
                    content_type=fields["type"],
                    hash=fields["hash"],
                    size_bytes=fields["size_bytes"],
                    note=fields["note"],
                )
            )
        return tuple(found)

    async def _read(self, seq: int) -> None:
        """The last lines up to a read mark were read."""
        room = self._room
        if room is None or room.id is None:
            return
        seq = min(seq, self.conversation.at)
        if seq <= self._read_to:
            return
        self._read_to = seq
        self.conversation.acknowledged(seq)
        rows = await self._node.journal.lines(room.id, after=max(0, seq - READ_BACK), limit=READ_BACK)
        said = await said_in(self._node, [(n, e) for n, e in rows if n <= seq])
        lines = [e for _, e in said if isinstance(e, MessageQueued)]
        ours = [e.message for e in lines if e.channel is Channel.CHAT]
        await self._node.visitors.mark(ours, "read")


def _fingerprint(text: str, files: tuple[File, ...]) -> str:
    plain = "\0".join((text, *(file.hash for file in files)))
    return hashlib.blake2b(plain.encode(), digest_size=16).hexdigest()


def _is_had(document: object, id: AddressId | None, at: int) -> bool:
    """Whether a document is a message of ours which a client has that says up to which line it has them."""
    line = getattr(document, "line", 0)
    return bool(line) and id is not None and getattr(document, "address", None) == id and line <= at
