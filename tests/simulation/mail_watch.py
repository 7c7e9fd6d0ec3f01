"""What must hold of mail after every batch of the log, and of every mail of ours on its way.

Each is written from the promise. Numbers of the catalogue: 2 and 3 each mail that we said to have is on one case, 8 one
writer is one customer, 22 machines that answer each other fall silent, 23 nothing automatic answers what says that no
person wrote it, 24 nobody's words join, and nothing of a case reaches, whoever does not take part in it; and beyond it,
45 nothing goes to an address that mail came back from until it writes again.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from router.core.documents import Case, Customer, State
from router.core.events import (
    CaseOpened,
    CaseReopened,
    CasesMerged,
    CaseSplit,
    ContactReceived,
    CustomerErased,
    CustomersMerged,
    MessageQueued,
    WorkWanted,
)
from router.core.words import DAY_MS, HOUR_MS, Channel, Evidence
from tests.simulation.log import Judge, Taken
from tests.simulation.post_office import MARK, Mailed, Out

TOLD_AN_HOUR_MAX = 1
TOLD_A_DAY_MAX = 24
TOLD_MACHINE_MAX = 3
"""Automatic mails to one machine in a day and a life of the service, however many addresses it writes from."""


@dataclass
class MailWatch:
    """`mail_by`: the mail that is kept under a hash. `vault`: what the log keeps by id. `lives`: processes so far."""

    judge: Judge
    vault: dict[str, str]
    mail_by: Callable[[str], Mailed | None]
    owner_of: dict[str, str]
    lives: Callable[[], int]
    machines: set[str] = field(default_factory=set[str])
    founders: dict[str, str] = field(default_factory=dict[str, str])  # customer -> who wrote first
    customer_of: dict[str, str] = field(default_factory=dict[str, str])  # who -> customer
    reached: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # case -> addresses it may be told
    invited: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # case -> who may write there
    given: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # and who has its reply address
    said: dict[str, list[Mailed]] = field(default_factory=lambda: defaultdict(list))  # case -> the mails on it
    case_of_mark: dict[str, str] = field(default_factory=dict[str, str])
    case_of_message: dict[str, str] = field(default_factory=dict[str, str])
    refs: dict[str, str] = field(default_factory=dict[str, str])  # reference -> case
    went_to: dict[str, list[str]] = field(default_factory=dict[str, list[str]])  # message -> addresses, copies last
    came_back: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])  # of a customer, and of a case
    told: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    told_case: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    told_machine: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[tuple[str, int], Mailed] = field(default_factory=dict[tuple[str, int], Mailed])
    one_person: set[str] = field(default_factory=set[str])  # customers who were found to be somebody else as well
    gone_on_in: dict[str, set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )  # case -> those to which it was ever joined
    was_read: Counter[str] = field(default_factory=Counter[str])  # address -> mails that were taken for a person's
    count: int = 0
    automatic: int = 0  # mails that no person of ours wrote
    moved_at: list[int] = field(default_factory=list[int])  # when mails came and were queued

    def look(self, batch: Taken, before: State) -> None:
        for event in batch.events:
            match event:
                case CaseSplit():
                    self._split(event)
                case CaseOpened():
                    self.refs[event.ref] = event.case
                case ContactReceived() if event.letter is not None:
                    self._came(batch, before, event)
                case MessageQueued() if event.channel is Channel.EMAIL:
                    self._queued(event)
                case CasesMerged():
                    self.gone_on_in[event.case].add(event.into)
                case CustomersMerged():
                    self.one_person |= {event.customer, event.into}
                case CustomerErased():
                    self._erased(event.customer)
                case _:
                    pass

    def _erased(self, customer: str) -> None:
        """Whoever writes next is somebody new: nothing is known of what came back, or of when they were told."""
        self.customer_of = {who: one for who, one in self.customer_of.items() if one != customer}
        self.came_back = {one for one in self.came_back if one[0] != customer}
        self.told.clear()

    def is_from_machine(self, event: ContactReceived) -> bool:
        """Whether a mail asks for nobody: it says that no person wrote it; or a desk wrote it that says nothing, is
        known by what it wrote before, and was read then. A person's mail never is."""
        mail, letter = self._mail(event), event.letter
        if mail is None or letter is None:
            return False
        return mail.says_so or (mail.is_machine and letter.automatic != "" and self.was_read[mail.claims] > 0)

    # --- what came ----------------------------------------------------------------------------------------------------

    def _mail(self, event: ContactReceived) -> Mailed | None:
        assert event.letter is not None
        kept = self.vault.get(event.letter.raw, "")
        return self.mail_by(kept.partition("blob:")[2].partition(" ")[0])

    def _came(self, batch: Taken, before: State, event: ContactReceived) -> None:
        mail = self._mail(event)
        if mail is None:
            self.judge.broken(24, f"{event.contact} is a mail that nobody wrote in these bytes")
            return
        self.count += 1
        self.moved_at.append(batch.at)
        if mail.case:
            self.judge.broken(3, f"a mail of {mail.author} stands on {mail.case} and on {event.case}")
        mail.case = event.case
        self.said[event.case].append(mail)
        if event.letter is not None and not event.letter.automatic:
            self.was_read[mail.claims] += 1
        self.rows[event.case, event.entry] = mail
        self.case_of_mark[mail.mark] = event.case
        known = isinstance(before.get(event.customer), Customer)
        if not known:
            self.founders[event.customer] = mail.author
        self._check_place(mail, event)
        self._check_silence(batch, mail)
        if mail.says_so:
            self._came_back(mail, event)
            return
        if not mail.denied:
            self.came_back = {one for one in self.came_back if one[1] != mail.claims}
        if mail.author == self.founders.get(event.customer) or mail.author in self.invited[event.case]:
            self.reached[event.case] |= {mail.claims, *(mail.named if mail.sure or not known else ())}
            self.invited[event.case] |= {self.owner_of.get(one, one) for one in mail.named}

    def _check_place(self, mail: Mailed, event: ContactReceived) -> None:
        founder = self.founders.get(event.customer)
        if mail.author == founder:
            is_one = mail.author not in self.machines  # those may have as many addresses as they like
            if is_one and self.customer_of.setdefault(mail.author, event.customer) != event.customer:
                self.judge.broken(8, f"{mail.author} became two customers")
            return
        if founder is not None and event.evidence is not Evidence.WEAK:
            self.judge.broken(24, f"what {mail.author} proves of themselves is told as {event.evidence} of {founder}")
        if mail.about and self._case_of(mail.about) == event.case:
            return
        if mail.author not in self.invited[event.case] | self.given[event.case]:
            whose = founder or "somebody who never wrote a mail"
            self.judge.broken(24, f"what {mail.author} wrote as {mail.claims} stands on a case of {whose}")

    def _check_silence(self, batch: Taken, mail: Mailed) -> None:
        """Who says that no person wrote it gets no answer and asks nobody, unless words of an agent came back; whom
        somebody only pretends to be gets none either."""
        answered = [e for e in batch.events if isinstance(e, MessageQueued) and e.mail is not None and e.mail.automatic]
        asked = not mail.about and any(isinstance(e, WorkWanted | CaseReopened) for e in batch.events)
        if mail.says_so and (answered or asked):
            self.judge.broken(23, f"a mail of {mail.author} says that no person wrote it, and it was acted upon")
        if mail.denied and answered:
            self.judge.broken(24, f"{mail.claims} was answered by itself about a mail that they did not write")

    def _came_back(self, mail: Mailed, event: ContactReceived) -> None:
        if mail.about and self._case_of(mail.about) == event.case:
            first = self.went_to[mail.about][0]
            self.came_back |= {(event.customer if one == first else event.case, one) for one in mail.failed}

    def _split(self, event: CaseSplit) -> None:
        """Whoever takes part in a case takes part in what is split from it, and what they wrote there went along."""
        went = [self.rows[row] for row in event.entries if row in self.rows]
        self.said[event.into] += went
        if event.heard is not None and event.heard.participant:  # it is their matter now, and answered to them
            address = self.vault[event.heard.address].lower()
            self.reached[event.into].add(address)
        for some in (self.reached, self.invited, self.given):
            some[event.into] |= some[event.case]

    def _case_of(self, message: str) -> str:
        return self.case_of_message.get(message, "")

    # --- what goes ----------------------------------------------------------------------------------------------------

    def _queued(self, event: MessageQueued) -> None:
        self.case_of_message[event.message] = event.case
        self.moved_at.append(event.at)
        assert event.mail is not None
        to = [self.vault[id].lower() for id in (event.address, *event.mail.copies)]
        self.went_to[event.message] = to
        if event.customer in self.one_person:  # somebody of us said so, and answers may go to any address of theirs
            self.reached[event.case].add(to[0])
        for place, address in enumerate(to):
            if (event.case if place else event.customer, address) in self.came_back:
                how = "in copy" if place else "by itself" if event.mail.automatic else "as an answer"
                self.judge.broken(45, f"{event.message} goes {how} to {address}, from where mail came back")
            if address not in self.reached[event.case]:
                self.judge.broken(24, f"{event.message} goes to {address}, who does not take part in {event.case}")
        if event.mail.automatic:
            self._automatic(event, to[0])

    def _automatic(self, event: MessageQueued, address: str) -> None:
        for told, span, most in (
            (self.told[address], HOUR_MS, TOLD_AN_HOUR_MAX),
            (self.told[address], DAY_MS, TOLD_A_DAY_MAX),
            (self.told_case[event.case], DAY_MS, 1),
        ):
            if sum(event.at - at < span for at in told) >= most:
                self.judge.broken(22, f"{address} gets more than {most} automatic mails in {span // HOUR_MS} h")
        self.automatic += 1
        self.told[address].append(event.at)
        self.told_case[event.case].append(event.at)
        who = self.owner_of.get(address, address)
        if who in self.machines:
            told = self.told_machine[who]
            told.append(event.at)
            if sum(event.at - at < DAY_MS for at in told) > TOLD_MACHINE_MAX * self.lives():
                self.judge.broken(22, f"{who}, a machine, got {len(told)} automatic mails")

    def on_the_wire(self, out: Out) -> None:
        """A mail of ours as it goes: to whom, and what can be seen in it."""
        for address in out.recipients:
            if address not in self.reached[out.case]:
                self.judge.broken(24, f"{out.reference} is mailed to {address}, who does not take part in {out.case}")
        for mark in MARK.findall(out.shown):
            if self.case_of_mark.get(mark) != out.case and not self._is_repeated(mark, out.case):
                self.judge.broken(24, f"{out.reference} of {out.case} repeats {mark}, which was written elsewhere")
        theirs = self._matters_of(out.case)
        for ref, case in self.refs.items():
            if case in theirs or ref not in out.shown or self._is_repeated(ref, out.case):
                continue
            self.judge.broken(24, f"{out.reference} of {out.case} names {ref}, which is {case}")

    def _matters_of(self, case: str) -> set[str]:
        """The case, and those in which it ever went on: people know it by their references."""
        found, more = set[str](), [case]
        while more:
            found.add(one := more.pop())
            more += self.gone_on_in[one] - found
        return found

    def _is_repeated(self, words: str, case: str) -> bool:
        """Whether somebody who wrote on this case said so themselves, here or where a part of it was a case of its own
        for a while."""
        wrote = {mail.author for mail in self.said[case]}
        parts = [one for one, into in self.gone_on_in.items() if case in into]
        theirs = [mail for part in parts for mail in self.said[part] if mail.author in wrote]
        return any(words in mail.text for mail in (*self.said[case], *theirs))


def check_mail_end(judge: Judge, mails: list[Mailed], cases: list[Case]) -> None:
    """Invariant 2: what we said we have, we have."""
    known = {case.id for case in cases}
    for mail in mails:
        if mail.taken and mail.case not in known:
            judge.broken(2, f"a mail of {mail.author} was taken {mail.taken} times and is on no case")
