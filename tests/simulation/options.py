"""What one seed's world is like, drawn from the seed alone: size, length, and which faults there are at all.

Its one rule: swarm. Each seed switches whole classes of faults off, for faults hide each other (a crash every minute
never lets a queue grow). A red seed prints all of this.
"""

from dataclasses import dataclass, field, fields
from random import Random
from typing import Literal

from channels.sandbox.account import SANDBOX_NUMBERS
from policies import Recorded
from router.core.clock import Ms
from tests.simulation.loop import START

Mode = Literal["safety", "liveness"]
STARTS: dict[str, Ms] = {
    "a day": START,
    "summer time ends": Ms(1792889700000),  # 2026-10-25, 00:55 UTC, in Europe
    "summer time begins": Ms(1805007000000),  # 2027-03-14, 06:50 UTC, in New York
    "a leap day begins": Ms(1835394900000),  # 2028-02-28, 23:55 UTC
    "a leap day ends": Ms(1835481300000),  # 2028-02-29, 23:55 UTC
}
"""What the calendar does while a world lasts: when it begins."""

FAULTS = (
    "crash",  # the process dies at any instant or at a named point of the code
    "restart",  # it is stopped in order and started again
    "second_process",  # another one starts on the same log while the first still runs
    "disk_slow",
    "disk_fails",  # full, or a sync that reports an error
    "webhook_lost",  # never arrives, or no connection
    "webhook_answer_lost",  # taken, but the provider never learns
    "webhook_repeated",
    "webhook_late",  # by minutes or hours, overtaken by others
    "webhook_slow",  # out of order by seconds
    "status_lost",
    "rest_lost",  # our request to the provider never arrives
    "rest_answer_lost",  # it has its effect, and we never learn
    "rest_gateway",  # 502 from in between, before or after the effect
    "rest_errors",  # 429, 500, 503 from the provider
    "rest_malformed",  # the effect, and half an answer
    "provider_down",  # nothing at all for minutes
    "api_lost",  # agents' requests and answers
    "clock_jump",  # the host was suspended for up to two hours, or its clock was set, forward or back
    "clock_skew",  # our clock is not the provider's
    "stall",  # the process does not get to run for seconds
    "streams_flap",
    "forged",  # webhooks with a wrong signature
    "odd_words",  # bodies that no phone sends: surrogates, NUL, no MessageSid
    "secret_rotated",
    "burst",  # ten times as much for a minute
    "flood",  # one customer sends a thousand messages
)
CALL_FAULTS = (
    "lines_break",  # a call is gone at any instant, whoever is in it
    "phones_odd",  # busy, ignored, a machine, or no phone at all
    "spoofed",  # calls that show a number to which nobody vouches, listen to the end and hang up
)
MAIL_FAULTS = (
    "mail_refused",  # no connection, or the server says 4xx for a while
    "mail_broken",  # the connection breaks in the middle: nobody knows whether it arrived
    "mail_answer_lost",  # it arrived and was taken; the sender never learns
    "mail_slow",
    "mail_repeated",  # twice, and in two folders
    "mail_bounces",  # at once, later, full mailboxes
    "mail_greylist",
    "mail_machines",  # notices of absence, and desks that acknowledge everything and mark nothing
    "mail_forged",  # forgers whom the sender's domain denies, and strangers who quote what is not theirs
    "mail_odd",  # without From, with two, with bytes and headers that no program should write
)

MAILBOX_FAULTS = (
    "mailbox_breaks",  # no connection, or it breaks, also in the middle of a mail; mails that are refused, mails twice
    "mailbox_changes",  # another UIDVALIDITY after minutes away, a folder that is gone for a while, mails moved about
)

CHAT_FAULTS = (
    "chat_breaks",  # a connection is gone at any instant, with what is under way on it
    "chat_slow",
)


OPS_FAULTS = (
    "policy_reload",  # another policy, a mistaken one, one written by half, in the middle of everything
)
ALL_FAULTS = (*FAULTS, *CALL_FAULTS, *MAIL_FAULTS, *MAILBOX_FAULTS, *CHAT_FAULTS, *OPS_FAULTS)
OUR_NUMBERS, OTHER_NUMBERS = SANDBOX_NUMBERS, ("+14155550102", "+14155550103")
"""Those of the one routing domain that most worlds have, and those of a second one."""

RECORDED: tuple[Recorded, ...] = ("no", "no", "messages", "calls", "calls")


@dataclass(frozen=True)
class Options:
    """One world. `twice`: an unknown outcome is sent again (the policy twice_is_better_than_never)."""

    seed: int
    mode: Mode
    faults: frozenset[str]
    people: int
    texts: int
    agents: int
    minutes: int
    twice: bool
    repeats_words: bool
    lost_agents: int
    strength: float
    late_s_max: float
    turmoil: float = field(default=0.6)  # the share of the time after which faults stop in liveness mode
    calls: int = 0
    mails: int = 0
    machines: int = 0  # mailboxes of machines in a world where nobody else mails
    chats: int = 0  # visitors of a site
    recorded: Recorded = "no"
    erasures: int = 0  # customers who are erased while they write
    keeps_refused: bool = False  # what was recorded before somebody objected is not deleted
    has_lead: bool = False  # somebody comes to the calls of others
    presses: int = 0  # of devices with one button
    joins: bool = False  # somebody joins, splits and takes apart cases and people at random
    calendar: str = "a day"  # of STARTS
    windows: bool = False  # calls are promised for a time, which may slip
    steady: bool = False  # agents do all that comes, and callers wait for them: lines are what they are by themselves
    spammers: int = 0  # who send spam and numbers of cards, and people who do so now and then
    neighbour: bool = False  # a second routing domain: the same people write there, under the same ids (fault 22)
    numbers: tuple[str, str] = OUR_NUMBERS
    crowd: int | None = None  # the seed of its people, where they are those of another domain
    mark: str = ""  # stands in words that are said to this domain alone

    def has(self, fault: str) -> bool:
        assert fault in ALL_FAULTS, fault
        return fault in self.faults

    @property
    def who(self) -> int:
        """By which seed people and their mailboxes are drawn."""
        return self.seed if self.crowd is None else self.crowd

    @property
    def has_mail(self) -> bool:
        return bool(self.mails or self.machines)

    def shown(self) -> str:
        rows = {f.name: getattr(self, f.name) for f in fields(self)}
        rows["faults"] = ", ".join(f for f in ALL_FAULTS if f in self.faults) or "none"
        return "\n".join(f"  {name}: {value}" for name, value in rows.items())


def draw_options(seed: int, mode: Mode) -> Options:
    chance = Random(f"options/{mode}/{seed}")
    keep = chance.choice((0.15, 0.35, 0.6))
    faults = {name for name in FAULTS if chance.random() < keep} - {"flood"}
    if chance.random() < 0.02:
        faults.add("flood")
    on_phone = Random(f"options/calls/{mode}/{seed}")
    faults |= {name for name in CALL_FAULTS if on_phone.random() < 0.4}
    by_mail = Random(f"options/mail/{mode}/{seed}")
    faults |= {name for name in MAIL_FAULTS if by_mail.random() < 0.45}
    elsewhere = Random(f"options/mailbox/{mode}/{seed}")
    faults |= {name for name in MAILBOX_FAULTS if elsewhere.random() < 0.5}
    on_tape = Random(f"options/recording/{mode}/{seed}")
    of_ops = Random(f"options/erasures/{mode}/{seed}")
    in_chat = Random(f"options/chat/{mode}/{seed}")
    faults |= {name for name in CHAT_FAULTS if in_chat.random() < 0.5}
    faults |= {name for name in OPS_FAULTS if Random(f"options/{name}/{mode}/{seed}").random() < 0.25}
    by_leads = Random(f"options/joins/{mode}/{seed}")
    of_spam = Random(f"options/spam/{mode}/{seed}")
    return Options(
        seed=seed,
        mode=mode,
        chats=in_chat.choice((0, 0, 4, 8)),
        mails=by_mail.choice((0, 15, 30, 60)),
        recorded=on_tape.choice(RECORDED),
        keeps_refused=on_tape.random() < 0.25,
        erasures=of_ops.choice((0, 0, 3, 10)),
        has_lead=on_tape.random() < 0.4,
        presses=Random(f"options/presses/{mode}/{seed}").choice((0, 0, 0, 10, 40)),
        joins=by_leads.random() < 0.3,
        spammers=of_spam.choice((0, 2, 5)),
        neighbour=Random(f"options/neighbour/{mode}/{seed}").random() < 0.07,
        windows=Random(f"options/windows/{mode}/{seed}").random() < 0.5,
        calls=on_phone.choice((0, 15, 40, 80)),
        faults=frozenset(faults),
        people=chance.randint(4, 40),
        texts=chance.randint(60, 260),
        agents=chance.randint(1, 6),
        minutes=chance.choice((5, 15, 40, 120)),
        twice=chance.random() < 0.3,
        repeats_words=chance.random() < 0.4,
        lost_agents=chance.choice((0, 0, 1, 2)) if mode == "liveness" else 0,
        strength=chance.choice((0.03, 0.1, 0.25)),
        late_s_max=chance.choice((300.0, 300.0, 1800.0, 3 * 3600.0)),
        calendar=Random(f"options/calendar/{mode}/{seed}").choice(("a day",) * 4 + tuple(STARTS)[1:]),
    )
