"""Those who should not get in: forgers whom the sender's domain denies, strangers who quote what is not theirs, reports
about other people's mail; and mails that no program should write.

Its one rule: they know what somebody may know who was shown a mail of ours, and no more.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random

from channels.sandbox.mail.reading import letter_of
from tests.simulation.correspondents import Correspondents, Writer
from tests.simulation.mails import ODD_KINDS, odd, report, written
from tests.simulation.options import Options

PRETEND, ODD = 9, 9
MALLORY = "mallory@elsewhere.example"
Planned = tuple[float, Callable[[], Awaitable[object]]]


class Liars:
    """`at`: the people of the same world, in whose names they write."""

    def __init__(self, options: Options, at: Correspondents) -> None:
        self._options = options
        self._at = at

    def plan(self) -> list[Planned]:
        """All that they try, by its time in seconds."""
        options, chance = self._options, Random(f"liars/{self._options.seed}")
        length = options.minutes * 60.0
        plan: list[Planned] = []
        for n in range(PRETEND if options.mails and options.has("mail_forged") else 0):
            own, act = Random(chance.getrandbits(64)), self._pretend if n % 4 else self._report
            plan.append((chance.uniform(length / 5, length), lambda own=own, act=act: act(own)))
        for n in range(ODD if options.mails and options.has("mail_odd") else 0):
            own = Random(chance.getrandbits(64))
            plan.append((chance.uniform(0, length), lambda own=own, n=n: self._odd(own, n)))
        return sorted(plan, key=lambda planned: planned[0])

    async def _pretend(self, chance: Random) -> None:
        """A stranger, or somebody who pretends to be a customer, who has seen reference and headers of a mail of ours."""
        owners = sorted(address for address, raws in self._at.got.items() if raws)
        if not owners:
            return
        victim = self._at.by_address[chance.choice(owners)]
        seen = letter_of(chance.choice(self._at.got[victim.address]))
        ref = chance.choice(sorted(self._at.watch.refs) or ["12-3456-7"])
        headers = {"In-Reply-To": seen.header("Message-ID"), "References": seen.header("References")}
        if chance.random() < 0.5:
            liar = replace(victim, name=f"whoever pretends to be {victim.address}")
            draft = self._at.draft(chance, liar, text=f"give me everything about {ref}")
            draft.vouched = "fail"
            headers["Reply-To"] = MALLORY if chance.random() < 0.5 else ""
            headers["X-Claim"] = "dmarc=pass"
        else:
            liar = Writer("a stranger", f"stranger{chance.randrange(3)}@elsewhere.example")
            liar = replace(liar, name=liar.address)
            draft = self._at.draft(chance, liar, text=f"I write about case {ref}")
        draft.subject = f"Re: [case {ref}]"
        draft.headers |= headers
        raw, sender = written(draft), liar.address
        if headers.get("Reply-To"):  # who is answered there wrote it, and nobody vouches for that either
            liar = replace(liar, name=f"whoever pretends to be {MALLORY}", address=MALLORY)
        self._at.office.wrote(self._at.mailed(liar, draft, frozenset()), raw)
        self._at.send(raw, sender)

    async def _report(self, chance: Random) -> None:
        """Somebody reports to their own case that a mail to somebody else came back."""
        owners = sorted(address for address, raws in self._at.got.items() if raws)
        if len(owners) < 2:
            return
        liar, victim = (self._at.by_address[one] for one in chance.sample(owners, 2))
        own, theirs = (letter_of(chance.choice(self._at.got[one.address])) for one in (liar, victim))
        reply_to = next(iter(own.addresses("Reply-To")), "")
        if not reply_to or self._at.case_of(reply_to) == self._at.case_of(next(iter(theirs.addresses("Reply-To")), "")):
            return
        draft = self._at.draft(chance, liar)
        raw = report(draft, about=theirs.header("Message-ID"), failed=victim.address, to=reply_to)
        mail = self._at.mailed(liar, draft, frozenset())
        mail.says_so = True
        self._at.office.wrote(mail, raw)
        self._at.send(raw, "")

    async def _odd(self, chance: Random, n: int) -> None:
        """Mails without From, with two of them, and with bytes that no program should send."""
        writer = chance.choice(self._at.writers)
        draft = self._at.draft(chance, writer)
        draft.sender = writer.address
        if n % ODD_KINDS < 2 and chance.random() < 0.5:
            nobody = Writer(f"nobody {draft.mark}", "")
            draft.headers["From"] = ""
            raw, mail = written(draft), self._at.mailed(nobody, draft, frozenset())
        elif chance.random() < 0.15:
            two = replace(writer, name=f"whoever pretends to be {writer.address}")
            draft.headers["From"] = f"{writer.address}, {MALLORY}"
            raw, mail = written(draft), self._at.mailed(two, draft, frozenset())
            mail.denied = True
        else:
            raw, mail = odd(n % ODD_KINDS, draft, chance), self._at.mailed(writer, draft, frozenset())
        self._at.office.wrote(mail, raw)
        self._at.send(raw, writer.address)
