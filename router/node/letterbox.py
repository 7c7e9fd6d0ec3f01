"""The letterbox: a mail that came in, by whatever way, becomes one contact of the case that it belongs to.

Its one rule: the mail is taken for durable or not at all, and the same mail is taken once however often it comes. Which
case a mail names is looked up here; whether its sender may write there is decided in the core.
"""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from channels.email.addresses import ReplyAddress, reference_of_message_id
from channels.email.letter import Bounce, Letter, Mailbox
from channels.email.post import Envelope
from channels.email.subjects import is_prefixed, matter_of
from policies import PolicySet
from router.core.addresses import AddressKind, matching_key
from router.core.clock import Clock, Ms
from router.core.commands import File, MailIn, Other, TakeContact
from router.core.context import Decision
from router.core.documents import Case, Customer, Message
from router.core.errors import Rejected
from router.core.events import ContactReceived, MessageQueued, TextWithheld
from router.core.evidence import BY_SUBJECT
from router.core.letters import SURE_THREADS, UNGUESSABLE, cases_key
from router.core.values import replace
from router.core.words import DAY_MS, MINUTE_MS, AddressId, CaseId, Channel, MessageId
from router.journal.base import PROVIDER_KEY_KEPT_MS, Answer, Journal, stored
from router.node.mail_guard import MailGuard
from router.node.person import person_in
from router.node.taking import AnswerOf, Outcome

THREADS_MAX = 30
"""Mails that one refers to of which the case is looked for, nearest first."""
OTHERS_MAX = 30
"""People besides us and the sender who are looked at."""
CASES_MAX = 50
"""Cases of a sender, the newest, among which one is looked for that has the subject of their mail."""
SENT_MAX = 20
"""Messages of a case among which the one is looked for that a report is about."""
SHOWN_CHARS = 200
HASHED_AT_ONCE_BYTES_MAX = 1024 * 1024
SOON_MS = 2 * MINUTE_MS
"""An acknowledgement of another desk comes sooner than this after what it acknowledges."""
ACKNOWLEDGED_BEFORE = "the same acknowledgement came from there before"
WAITED_MS_MAX = 30 * DAY_MS
"""A mail that waited longer than this counts as if it had come then."""


@dataclass(frozen=True, slots=True)
class MailMeans:
    """What a node needs for mail. `secret` signs what finds its way back."""

    home: "MailHome"
    secret: bytes = field(repr=False)
    read: "Read"


OWN_ID = "it has the Message-ID of a mail of ours"
SEEN = "another mail had the same Message-ID"
ELSEWHERE = "it asks to be answered at another address than it comes from: who is answered there wrote it"
DENIED = "the domain of its sender says that it does not come from there: take it for somebody else's"


class Read(Protocol):
    """Reads a mail; heavy ones somewhere else than on the loop."""

    def __call__(self, raw: bytes, received_at: Ms, *, null_path: bool = False) -> Awaitable[Letter]: ...


@dataclass(frozen=True, slots=True)
class Named:
    """What a mail says that it belongs to: cases, the surest way first."""

    cases: list[tuple[CaseId, str]]
    is_ours: bool  # a mail of ours, by its Message-ID or by a reply address of ours
    is_a_persons: bool  # one that somebody of us wrote, as far as it can be told
    answered_at: Ms | None = None  # when the last of ours that it names went out
    answers: tuple[tuple[MessageId, str], ...] = ()  # mails of ours that it names, with their Message-IDs
    is_to_person: bool = False  # the one that it answers was written by one of us


@dataclass(frozen=True, slots=True)
class MailHome:
    """Where our mail lives. `address` is what we write from, `others` are more of ours; mail to any address at one of
    the `domains` is taken, and whoever has such an address and is none of ours is a person."""

    address: str
    domains: tuple[str, ...]
    others: tuple[str, ...] = ()

    def takes(self, address: str) -> bool:
        """Whether mail to it comes to us."""
        return address.rpartition("@")[2].lower() in self.domains

    def ours(self, address: str) -> str | None:
        """Which of our addresses it is, whatever stands after a plus; None for everybody else's."""
        local, _, domain = address.lower().rpartition("@")
        bare = f"{local.partition('+')[0]}@{domain}"
        return next((one for one in (self.address, *self.others) if one.lower() == bare), None)


class Letterbox:
    def __init__(
        self,
        *,
        journal: Journal,
        take: Callable[[TakeContact, AnswerOf], Awaitable[Outcome]],
        means: MailMeans,
        policy: Callable[[], PolicySet],
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._take = take
        self._read = means.read
        self._clock = clock
        self._home = means.home
        self._secret = means.secret
        self.guard = MailGuard(clock, policy)

    @property
    def address(self) -> str:
        """What we write from."""
        return self._home.address

    def reply_address(self, case: CaseId) -> str:
        """Where whoever writes about this case writes to."""
        return ReplyAddress.sign(case, self._secret, self._home.address)

    async def take(self, envelope: Envelope, *, late: bool = False) -> Outcome:
        """Take a mail. The outcome's answer names contact, case and entry. `late`: it waited somewhere for us."""
        now = self._clock.now()
        letter = await self._read(envelope.raw, now, null_path=envelope.has_null_path)
        named = await self._named(envelope, letter)
        letter = self._acknowledging(self._judged(letter, named), named, came_at=_came_at(envelope, now))
        command = await self._command(envelope, letter, named, now, late=late)
        outcome = await self._placed(command, named.cases, letter)
        for event in outcome.decision.events if outcome.decision else ():
            if isinstance(event, MessageQueued) and event.mail is not None and event.mail.automatic:
                self.guard.answered(command.sender, self._causes(envelope, letter))
            elif isinstance(event, TextWithheld) and command.mail is not None and event.why != command.mail.quiet:
                self.guard.held_back(command.sender, event.why)
        return outcome

    def _judged(self, letter: Letter, named: Named) -> Letter:
        """The mail as our own where its Message-ID is ours, whatever a group or a list wrote over it; and as a person's
        where what it answers tells so: whoever answers one of us by way of a list, or from a mail program of a firm, is
        to be read; and a subject of machines that answers nothing of ours may be anybody's."""
        if self._ours(letter.message_id) is not None and letter.automatic != "own":
            return replace(letter, automatic="own", quiet="", notes=(*letter.notes, f"automatic: {OWN_ID}"))
        if not letter.automatic or not letter.quiet:
            return letter
        is_persons = not named.is_ours if letter.automatic == "auto-reply" else named.is_a_persons
        if not is_persons:
            return letter
        notes = tuple(note for note in letter.notes if note != f"automatic: {letter.quiet}")
        return replace(letter, automatic="", notes=notes)

    def _acknowledging(self, letter: Letter, named: Named, *, came_at: Ms) -> Letter:
        """The mail as a machine's where it acknowledges an answer of ours as it did once before: then it has been read.
        Nothing else tells another desk that says nowhere that it is a machine from a person who answers at once."""
        is_soon = named.answered_at is not None and 0 <= came_at - named.answered_at < SOON_MS
        if letter.automatic or not is_soon or letter.sender is None:
            return letter
        if not self.guard.has_acknowledged(letter.sender.address, letter.new_words or letter.text):
            return letter
        return replace(letter, automatic="auto-reply", notes=(*letter.notes, f"automatic: {ACKNOWLEDGED_BEFORE}"))

    async def _placed(self, command: TakeContact, threads: list[tuple[CaseId, str]], letter: Letter) -> Outcome:
        """The mail on the first case that it names and its sender may write to; else where its sender's mail stands."""
        if (outcome := await self._in_thread(command, threads, letter)) is not None:
            return outcome
        same = await self._with_subject(command)
        return await self._in_thread(command, same, letter) or await self._take(command, self._contact_of)

    async def _in_thread(
        self, command: TakeContact, threads: list[tuple[CaseId, str]], letter: Letter
    ) -> Outcome | None:
        """The mail on the first of these cases that its sender may write to. None: there is none.

        What no person wrote may come from anywhere, so what it was written to a case about counts for no other: a
        report to a case that is gone says nothing of a mail of somebody else's."""
        gone = False
        for case, how in threads:
            if gone and how != UNGUESSABLE:
                break
            for one in self._writers(command, letter, how):
                try:
                    return await self._take(replace(one, thread=case, thread_by=how), self._contact_of)
                except Rejected:  # its sender may not write there, or it is gone
                    gone = gone or (how == UNGUESSABLE and command.mail is not None and bool(command.mail.automatic))
        return None

    def _writers(self, command: TakeContact, letter: Letter, how: str) -> list[TakeContact]:
        """The mail by whomever it may be from, the likeliest first. Where answers go elsewhere than to its `From`, a
        thread that only somebody can name who was written to is gone on with by whichever of the two is known there;
        by nothing less does the one in `From` join anything, for what is answered may go to the other."""
        mail, named = command.mail, letter.sender
        if mail is None or not mail.claimed:
            return [command]
        if named is None or how not in SURE_THREADS or self._home.ours(named.address) is not None:
            return [command]
        itself = replace(
            command,
            sender=named.address,
            mail=replace(
                mail,
                claimed=False,
                joins=False,
                vouched=_vouched(letter),
                others=self._others(letter, named.address),
                notes=tuple(note for note in mail.notes if note != ELSEWHERE),
            ),
        )
        return [replace(command, mail=replace(mail, joins=False)), itself, command]

    def _contact_of(self, decision: Decision) -> Answer:
        """What a mail became, to be said now and to whoever brings it again, whenever it says that it was written."""
        contact = next(e for e in decision.events if isinstance(e, ContactReceived))
        key = next(getattr(e, "key", "") for e in decision.events)
        body = {"contact": contact.contact, "case": contact.case, "entry": f"{contact.case}/{contact.entry}"}
        kept_until = Ms(self._clock.now() + PROVIDER_KEY_KEPT_MS)
        return Answer(key=key, status=200, body=json.dumps(body), kept_until=kept_until)

    # --- what it says -------------------------------------------------------------------------------------------------

    async def _command(self, envelope: Envelope, letter: Letter, named: Named, now: Ms, *, late: bool) -> TakeContact:
        sender, vouched, claimed = self._sender(letter)
        via = self._via(envelope, letter)
        words = letter.new_words or letter.text
        mid = _mail_key(letter.message_id)
        seen = (await self._journal.load_by_address(mid)).customer is not None
        odd = {SEEN: seen, ELSEWHERE: claimed, DENIED: letter.authenticated == "fail"}
        notes = (*letter.notes, *(note for note, is_so in odd.items() if is_so))
        files = [
            await stored(self._journal, await _file(p.content, p.name, p.content_type, p.note)) for p in letter.parts
        ]
        quiet = (
            "" if letter.automatic else letter.quiet or self.guard.look(sender, words, self._causes(envelope, letter))
        )
        bounced, bounced_at = await self._bounced(letter.bounce, named) if letter.bounce else (None, ())
        return TakeContact(
            key=f"mail/{letter.fingerprint[:40]}",
            channel=Channel.EMAIL,
            sender=sender,
            via=via,
            at=_came_at(envelope, now),
            text=words,
            late=late,
            mail=MailIn(
                id=letter.message_id,
                raw=await stored(
                    self._journal, await _file(letter.source or envelope.raw, "mail.eml", "message/rfc822")
                ),
                thread=" ".join(_first_and_latest(letter.references)),
                subject=letter.subject,
                sender=", ".join(_shown(one) for one in letter.from_all),
                to=tuple(_shown(one) for one in letter.to),
                copies=tuple(_shown(one) for one in letter.cc),
                others=self._others(letter, sender),
                full_text=letter.text,
                html=letter.html,
                files=tuple(files),
                automatic=letter.automatic,
                language=letter.language,
                vouched=vouched,
                claimed=claimed,
                several=letter.sender is None and letter.authenticated != "fail",
                keys=tuple(key for key in (mid, _conversation_key(letter)) if key),
                subject_key=self._subject_key(letter.subject),
                bounced=bounced,
                bounced_at=bounced_at,
                bounced_for_good=letter.bounce is not None and letter.bounce.permanent,
                bounced_why=_why_it_came_back(letter.bounce) if letter.bounce else "",
                answers=named.answers if letter.bounce is None else (),
                to_person=named.is_to_person,
                quiet=quiet,
                unanswered="" if letter.automatic else letter.quiet,
                redacted=bool(letter.source),
                notes=notes,
            ),
        )

    def _via(self, envelope: Envelope, letter: Letter) -> str:
        """The address of ours that it came to."""
        given = (*envelope.recipients, *letter.delivered_to, *(one.address for one in (*letter.to, *letter.cc)))
        return next((ours for a in given if (ours := self._home.ours(a)) is not None), self._home.address)

    def _sender(self, letter: Letter) -> tuple[str, bool | None, bool]:
        """Who writes: the address to which answers go (RFC 5322 section 3.6.2), whether a domain vouches for it, and
        whether it is another than the mail says it is from.

        One of several in `From` is not believed. A machine's mail is answered by nobody, so its own address counts."""
        named = letter.sender.address if letter.sender is not None else ""
        first = next((one.address for one in letter.from_all if one.address), "")
        if first and not named:
            return first, False, False
        answered = [one.address for one in letter.answered if one.address and self._home.ours(one.address) is None]
        if not answered or letter.automatic:
            return named, _vouched(letter) if named else None, False
        writer = self._writer(named, answered)
        if matching_key(writer) == matching_key(named):
            return named, _vouched(letter), False
        return writer, False if letter.authenticated == "fail" else None, True

    def _writer(self, named: str, answered: list[str]) -> str:
        """Who of those to be answered wrote. A form names itself or an office of its site beside its visitor, and no
        two visitors may be one, so where several are named it is the first whose address is of another domain."""
        domain = named.rpartition("@")[2].lower()
        if len(answered) > 1 and self.guard.is_firms(domain):
            elsewhere = [one for one in answered if one.rpartition("@")[2].lower() != domain]
            if elsewhere:
                return elsewhere[0]
        return named if matching_key(named) in map(matching_key, answered) else answered[0]

    def _causes(self, envelope: Envelope, letter: Letter) -> tuple[str, ...]:
        """Who is behind a mail: whom it says it is from, and where no domain vouches for that, who sent it. Our groups
        send everybody's mail on from an address of ours."""
        named = next((one.address for one in letter.from_all if one.address), "")
        sent = envelope.sender if letter.authenticated != "pass" and not self._home.takes(envelope.sender) else ""
        return tuple(dict.fromkeys(one for one in (named, sent) if one))

    def _others(self, letter: Letter, sender: str) -> tuple[Other, ...]:
        """Whoever else it went to, and is to be answered; a form or a group that a person wrote by is nobody, unless
        it asks to be answered as well."""
        found: dict[str, Other] = {}
        wrote = {matching_key(one) for one in (sender, letter.sender.address if letter.sender else "")}
        wrote -= {matching_key(one.address) for one in letter.answered} - {matching_key(sender)}
        for one in (*letter.answered, *letter.to, *letter.cc):
            key = matching_key(one.address)
            if one.address and key not in wrote and self._home.ours(one.address) is None:
                found.setdefault(key, Other(address=one.address))
        return tuple(found.values())[:OTHERS_MAX]

    def _subject_key(self, subject: str) -> str:
        plain = matter_of(subject)
        return hashlib.blake2b(plain.encode(), key=self._secret[:32], digest_size=8).hexdigest() if plain else ""

    # --- which case it names ------------------------------------------------------------------------------------------

    async def _named(self, envelope: Envelope, letter: Letter) -> Named:
        """Cases that it names, the surest way first: our reply address, a mail of ours, a mail that we know."""
        found: dict[CaseId, str] = {}
        written: dict[str, Message] = {}
        sent_to = (*letter.delivered_to, *(one.address for one in (*letter.to, *letter.cc)))
        for address in (*envelope.recipients, *sent_to):
            if (case := ReplyAddress.verify(address, self._secret, self._home.address)) is not None:
                found.setdefault(CaseId(case), "reply_address")
        named = [letter.bounce.original_message_id] if letter.bounce else []
        named += [letter.message_id] if self._ours(letter.message_id) is not None else []
        named += [*letter.in_reply_to, *reversed(letter.references)]
        for id in named[:THREADS_MAX]:
            if (message := self._ours(id)) is not None:
                document = await self._journal.document(message)
                if isinstance(document, Message):
                    found.setdefault(document.case, "answer")
                    written[id] = document
        for key in [*(_mail_key(id) for id in named[:THREADS_MAX] if id), _conversation_key(letter)]:
            loaded = await self._journal.load_by_address(key) if key else None
            if loaded is not None and loaded.address is not None:
                found.setdefault(CaseId(loaded.address), "thread")
        return Named(
            list(found.items()),
            is_ours=bool(written) or "reply_address" in found.values(),
            is_a_persons=any(one.mail is None or not one.mail.automatic for one in written.values())
            if written
            else "reply_address" in found.values(),
            answered_at=max(
                (one.attempted_at for one in written.values() if one.attempted_at is not None), default=None
            ),
            answers=tuple((one.id, id) for id, one in written.items()),
            is_to_person=any(not (one.mail and one.mail.automatic) for one in list(written.values())[:1]),
        )

    async def _with_subject(self, command: TakeContact) -> list[tuple[CaseId, str]]:
        """Cases of this subject that are its sender's, the one that changed last first, and then those in which they
        take part, for a mail that says by its subject that it goes on with an earlier one. The programs of some people
        write nothing else of a thread; what a machine sent goes by its headers alone."""
        mail = command.mail
        if mail is None or mail.automatic or mail.claimed or not mail.subject_key or not is_prefixed(mail.subject):
            return []
        customer = (await self._journal.load_by_address(matching_key(command.sender))).customer
        theirs: list[Case] = []
        for one in await person_in(self._journal, customer) if customer is not None else ():
            theirs += await self._journal.cases(before=None, limit=CASES_MAX, owner=one.id)
        listed = await self._journal.listed(cases_key(command.sender), before=None, limit=CASES_MAX)
        others = [case for id in listed if isinstance(case := await self._journal.document(id), Case)]
        opened = await self._journal.words([case.subject for case in (*theirs, *others) if case.subject])
        same: list[Case] = []
        for cases in (theirs, others):
            found = [case for case in cases if mail.subject_key in self._subjects(case, opened)]
            same += sorted(found, key=lambda case: (case.changed_at, case.id), reverse=True)
        return [(case.id, BY_SUBJECT) for case in same]

    def _subjects(self, case: Case, opened: Mapping[str, str]) -> tuple[str, ...]:
        """Those of its mails, and the one that it was opened under, as our first mail has it."""
        return (*case.subject_keys, self._subject_key(opened.get(case.subject or "", "")))

    async def _bounced(self, bounce: Bounce, named: Named) -> tuple[MessageId | None, tuple[AddressId, ...]]:
        """Which mail of ours a report is about, and whom of those that it went to it did not reach. One that says no
        mail of ours is about the last to somebody whom it names, of the case that its return path vouches for."""
        if (told := self._ours(bounce.original_message_id)) is not None:
            return told, await self._recipients(told, bounce.failed)
        case = next((case for case, how in named.cases if how == UNGUESSABLE), None)
        if case is None or not bounce.failed:
            return None, ()
        rows = await self._journal.timeline([case], after=0, limit=SENT_MAX, kinds=("message",), newest=True)
        for _, row in reversed(rows):
            if row.message is None or row.channel is not Channel.EMAIL:
                continue
            if found := await self._recipients(row.message, bounce.failed):
                return row.message, found
        return None, ()

    async def _recipients(self, id: MessageId, failed: tuple[str, ...]) -> tuple[AddressId, ...]:
        """Which of those whom a mail of ours went to a report speaks of, by whichever record of theirs."""
        message = await self._journal.document(id)
        if not isinstance(message, Message):
            return ()
        went_to = (message.address, *(message.mail.copies if message.mail else ()))
        customer = await self._journal.document(message.customer)
        theirs = customer.addresses if isinstance(customer, Customer) else ()
        same_kind = [a.id for a in theirs if a.facts.kind is AddressKind.MAIL]
        ids = tuple(dict.fromkeys((*went_to, *same_kind)))
        written = await self._journal.words([str(id) for id in ids])
        spelled = {id: matching_key(written.get(id, "")) for id in ids}
        keys = {matching_key(address) for address in failed} & {spelled[id] for id in went_to}
        return tuple(id for id in ids if spelled[id] in keys)

    def _ours(self, message_id: str) -> MessageId | None:
        """The message of ours that has this Message-ID."""
        reference = reference_of_message_id(message_id, self._secret) if message_id else None
        return MessageId(reference) if reference is not None and reference.startswith("msg_") else None


def _came_at(envelope: Envelope, now: Ms) -> Ms:
    """Now, or when a server that kept it for us had it: neither in the future nor before all that is told of today."""
    at = now if envelope.received_at is None else envelope.received_at
    return Ms(min(max(at, now - WAITED_MS_MAX), now))


def _first_and_latest(references: tuple[str, ...]) -> tuple[str, ...]:
    """What an answer refers to: the mail that the thread began with, and those before it."""
    return references if len(references) <= THREADS_MAX else (references[0], *references[1 - THREADS_MAX :])


def _vouched(letter: Letter) -> bool | None:
    """Whether the domain that it says it is from vouches for it; None: nobody says."""
    return {"pass": True, "fail": False}.get(letter.authenticated)


def _why_it_came_back(bounce: Bounce) -> str:
    """Its status and what the server said, which often begins with that status."""
    has_status = bounce.status in bounce.reason.split()
    return bounce.reason if has_status else f"{bounce.status} {bounce.reason}".strip()


def _shown(one: Mailbox) -> str:
    return (f"{one.name} <{one.address}>" if one.name else one.address)[:SHOWN_CHARS]


async def _file(content: bytes, name: str, content_type: str, note: str = "") -> File:
    """A large one is hashed in a thread, so that it holds up no call."""
    is_large = len(content) > HASHED_AT_ONCE_BYTES_MAX
    return File(
        name=name,
        content_type=content_type,
        hash=await asyncio.to_thread(_hash, content) if is_large else _hash(content),
        size_bytes=len(content),
        content=content,
        note=note,
    )


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mail_key(message_id: str) -> str:
    return f"mid:{hashlib.sha256(message_id.encode('utf-8', 'replace')).hexdigest()[:32]}"


def _conversation_key(letter: Letter) -> str:
    return f"conv:{letter.thread_index}" if letter.thread_index else ""
