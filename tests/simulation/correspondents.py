"""People at their mailboxes: they write, answer what we wrote in every way that programs do, copy colleagues, forward,
send twice; machines answer.

Their one rule: nobody but the owner of a mailbox reads what is in it, and what is true of a mail is noted before it
sets out.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Protocol

from channels.sandbox.mail.reading import letter_of
from tests.simulation.mail_watch import MailWatch
from tests.simulation.mailbox import FOLDERS
from tests.simulation.mails import SAID, SUBJECTS, TEXTS, Draft, as_in_folder, written
from tests.simulation.options import MAILBOX_FAULTS, Options
from tests.simulation.people import Person
from tests.simulation.post_office import OURS, Mailed, PostOffice

DOMAINS = tuple(f"customer{n}.example" for n in range(7))
ROTATING = "tickets.example"
OTHER_MARKS = 50_000
"""From here on count those at a second domain."""
ROTATED_MAX = 60
"""Mails that a machine with many addresses writes at most."""
BEHAVIOUR = {"gone": "bounce_later", "closed": "reject", "full": "full", "greylist": "greylist"}
BEHAVIOUR |= {"desk": "auto_reply", "vacation": "vacation"}
ACKNOWLEDGED = "Thank you for writing to us. Your request got the number {n}. A colleague will answer you soon."
Planned = tuple[float, Callable[[], Awaitable[object]]]


@dataclass(frozen=True, slots=True)
class Writer:
    """Somebody with a mailbox. `temper`: person, or what answers and refuses there."""

    name: str
    address: str
    temper: str = "person"

    @property
    def is_machine(self) -> bool:
        return self.temper in ("desk", "rotating")


class Means(Protocol):
    """What people use: their mail server, and a mailbox elsewhere that the service reads."""

    async def send(self, raw: bytes, *, sender: str) -> None: ...
    async def behave(self, address: str, on_mail: str, *, after_s: float) -> None: ...
    def put(self, raw: bytes, folder: str) -> None:
        """A mail comes into a folder of the mailbox elsewhere."""
        ...

    def start(self, work: Coroutine[Any, Any, None], name: str = "") -> object: ...
    def now(self) -> int: ...


class Correspondents:
    def __init__(
        self, options: Options, people: list[Person], *, office: PostOffice, watch: MailWatch, means: Means
    ) -> None:
        self._options = options
        self.office = office
        self.watch = watch
        self._means = means
        self._chance = Random(f"mails/{options.seed}")
        self._marks = 0 if options.crowd is None else OTHER_MARKS
        self._left = options.mails  # answers that people still write
        self._rotated = 0
        self._elsewhere = 0.4 if options.faults & set(MAILBOX_FAULTS) else 0.12  # of first mails: how many come there
        self.got: dict[str, list[bytes]] = {}
        self.also: Callable[[Mailed, bytes, str, bool], None] | None = None  # somebody else may get what people send
        self.writers = make_writers(options, people)
        self.by_address = {one.address: one for one in self.writers}
        for one in self.writers:
            office.owner_of[one.address] = one.name
            if one.is_machine:
                watch.machines.add(one.name)
        office.hears.append(self._hears)
        office.looks.append(watch.on_the_wire)

    async def begin(self) -> None:
        """Every mailbox does from the start what it does."""
        for one in self.writers:
            if one.temper in BEHAVIOUR:
                after_s = self._chance.choice((0.0, 5.0, 60.0, 120.0))
                await self._means.behave(one.address, BEHAVIOUR[one.temper], after_s=after_s)

    def plan(self) -> list[Planned]:
        """Every first mail of the whole world, by its time in seconds."""
        options, chance = self._options, Random(f"first mails/{self._options.seed}")
        length = options.minutes * 60.0
        plan: list[Planned] = []
        for _ in range(options.mails):
            own = Random(chance.getrandbits(64))
            plan.append((chance.uniform(0, length), lambda own=own: self._first(own)))
        for one in self.writers:
            if options.machines and one.temper != "person":
                own = Random(chance.getrandbits(64))
                plan.append((chance.uniform(0, 600), lambda own=own, one=one: self._first(own, one)))
        return sorted(plan, key=lambda planned: planned[0])

    def _begin(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Whoever is about to write something keeps the world from being quiet."""

        async def do() -> None:
            self.office.at_it += 1
            try:
                await work
            finally:
                self.office.at_it -= 1

        self._means.start(do(), name)

    # --- writing ------------------------------------------------------------------------------------------------------

    async def _first(self, chance: Random, writer: Writer | None = None) -> None:
        writer = writer or chance.choice(self.writers)
        draft = self.draft(chance, writer)
        if chance.random() < 0.2:
            draft.cc = (chance.choice(self.writers).address,)
        if chance.random() < 0.06:
            draft.headers["Message-ID"] = ""
        self._post(chance, writer, draft)

    def draft(self, chance: Random, writer: Writer, *, text: str = "") -> Draft:
        self._marks += 1
        address = writer.address.upper() if chance.random() < 0.05 else writer.address
        return Draft(
            mark=f"mark-{self._marks:05d}",
            sender=address,
            at_ms=self._means.now(),
            subject=chance.choice(SUBJECTS),
            text=text or chance.choice(TEXTS),
            vouched=chance.choice(("pass", "pass", "none", "")),
        )

    def _post(self, chance: Random, writer: Writer, draft: Draft) -> None:
        """Send it: once, twice, or to a mailbox elsewhere with two folders."""
        raw, named = written(draft), frozenset(one for one in (*draft.to, *draft.cc) if one in self.by_address)
        mail = self.mailed(writer, draft, named - {writer.address})
        what = chance.random()
        if what < self._elsewhere and draft.to == (OURS,):
            forms = [as_in_folder(raw, folder) for folder in FOLDERS]
            self.office.wrote(mail, *forms)
            for form, folder in list(zip(forms, FOLDERS, strict=True))[: chance.randint(1, 2)]:
                after_s = chance.choice((0.0, 0.0, 400.0))
                self._begin(self._into_folder(mail, form, folder, after_s), "a mail comes into a folder")
            return
        self.office.wrote(mail, raw)
        self.send(raw, writer.address)
        if self.also is not None:
            self.also(mail, raw, writer.address, draft.vouched == "pass")
        if what > 0.9 or (what > 0.75 and self._options.has("mail_repeated")):
            self._begin(self._again(raw, writer.address, chance.choice((0.0, 1.0, 300.0))), "sent twice")

    def mailed(self, writer: Writer, draft: Draft, named: frozenset[str]) -> Mailed:
        return Mailed(
            author=writer.name,
            claims=writer.address,
            named=named,
            is_machine=writer.is_machine,
            denied=draft.vouched == "fail",
            sure=draft.vouched == "pass" or "+" in draft.to[0] or "<msg." in draft.headers.get("In-Reply-To", ""),
            mark=draft.mark,
        )

    def send(self, raw: bytes, sender: str) -> None:
        self._begin(self._means.send(raw, sender=sender), "a mail is sent")

    async def _again(self, raw: bytes, sender: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self.send(raw, sender)

    async def _into_folder(self, mail: Mailed, raw: bytes, folder: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        self._means.put(raw, folder)
        mail.taken += 1

    # --- answering ----------------------------------------------------------------------------------------------------

    def _hears(self, address: str, raw: bytes, return_path: str) -> None:
        """A mail is in somebody's mailbox."""
        writer = self.by_address.get(address)
        if writer is None and address.endswith((f"@{ROTATING}", f".{ROTATING}")):
            writer = next((one for one in self.writers if one.temper == "rotating"), None)
        if writer is None:
            return
        reference = self.office.reference_in(letter_of(raw).header("Message-ID"))
        if reference and (case := self.watch.case_of_message.get(reference)):
            self.watch.given[case].add(writer.name)
        self.got.setdefault(writer.address, []).append(raw)
        if writer.temper == "rotating":
            self._rotate(writer, raw)
        elif writer.temper in ("person", "greylist") and self._left > 0 and self._chance.random() < 0.45:
            self._left -= 1
            own = Random(self._chance.getrandbits(64))
            self._begin(self._answer(own, writer, raw), f"{writer.name} answers")

    async def _answer(self, chance: Random, writer: Writer, raw: bytes) -> None:
        await asyncio.sleep(chance.choice((2.0, 30.0, 200.0, 900.0)) * chance.random())
        letter = letter_of(raw)
        draft = self.draft(chance, writer, text=chance.choice(SAID))
        draft.subject = chance.choice((f"Re: {letter.subject}", letter.subject, "", "SV: something else"))
        how, id = chance.random(), letter.header("Message-ID")
        reply_to = next(iter(letter.addresses("Reply-To")), OURS)
        if how < 0.55:
            draft.to = (reply_to,)
        if how < 0.8:
            draft.headers["In-Reply-To"] = id
            draft.headers["References"] = f"{letter.header('References')} {id}".strip() if how < 0.5 else ""
            draft.text += f"\r\n\r\nOn Mon, 23 Nov 2026 at 14:10, {OURS} wrote:\r\n> quoted {letter.text[:60]!r}"
        if chance.random() < 0.15:
            draft.cc = (chance.choice(self.writers).address,)
        if chance.random() < 0.08 and "+" in reply_to:
            self._forward(chance, writer, reply_to)
        self._post(chance, writer, draft)

    def _forward(self, chance: Random, writer: Writer, reply_to: str) -> None:
        """Somebody else is given our mail, and writes to the address that it says to answer to."""
        other = chance.choice(self.writers)
        case = self.case_of(reply_to)
        if other is writer or other.is_machine or not case:
            return
        self.watch.given[case].add(other.name)
        draft = self.draft(chance, other, text="this was forwarded to me")
        draft.to = (reply_to,)
        self._post(chance, other, draft)

    def case_of(self, reply_to: str) -> str:
        """The case of whoever got a mail with this reply address."""
        for raws in self.got.values():
            for raw in raws:
                letter = letter_of(raw)
                if reply_to in letter.addresses("Reply-To"):
                    return self.watch.case_of_message.get(self.office.reference_in(letter.header("Message-ID")), "")
        return ""

    # --- machines -----------------------------------------------------------------------------------------------------

    def _rotate(self, writer: Writer, raw: bytes) -> None:
        """A desk that acknowledges everything, from a new address each time, every other one at a domain of its own, and
        says nowhere that it is a machine."""
        if self._rotated >= ROTATED_MAX:
            return
        self._rotated += 1
        below, chance = f"h{self._rotated}." if self._rotated % 2 else "", Random(self._chance.getrandbits(64))
        address = f"ticket-{self._rotated}@{below}{ROTATING}"
        self.office.owner_of[address] = writer.name
        one = replace(writer, address=address)
        draft = self.draft(chance, one, text=ACKNOWLEDGED.format(n=self._rotated))
        draft.sender, draft.subject, draft.vouched = address, f"[{self._rotated}] Your request", "pass"
        self.office.wrote(self.mailed(one, draft, frozenset()), body := written(draft))
        self._begin(self._again(body, address, chance.uniform(1, 20)), "a machine answers")


def make_writers(options: Options, people: list[Person]) -> list[Writer]:
    """Some of those who text have a mailbox too, of which nobody told us; others only mail."""
    chance = Random(f"mailboxes/{options.who}")
    names = [f"{person.name} by mail" for person in people if chance.random() < 0.3] if options.mails else []
    names += [f"writer {n}" for n in range(chance.randint(4, 14) if options.mails else options.machines)]
    writers: list[Writer] = []
    for n, name in enumerate(names):
        address = f"{chance.choice(('mia', 'tom', 'Kim', 'o.neil', 'a_b'))}{n}@{chance.choice(DOMAINS)}".lower()
        writers.append(Writer(name, address, _temper(options, chance, n)))
    return writers


def _temper(options: Options, chance: Random, n: int) -> str:
    draw, kind = chance.random(), chance.random()
    if options.machines:
        return ("desk", "rotating", "vacation", "desk")[n % 4]
    if options.has("mail_machines") and draw < 0.35:
        return "rotating" if n < 3 and kind < 0.3 else ("desk" if kind < 0.5 else "vacation")
    if options.has("mail_bounces") and draw < 0.6:
        return "gone" if kind < 0.5 else ("closed" if kind < 0.8 else "full")
    if options.has("mail_greylist") and draw < 0.8:
        return "greylist"
    return "person"
