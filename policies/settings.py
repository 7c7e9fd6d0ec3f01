"""Limits and habits that ops set: agents.yaml, cases.yaml, calls.yaml, callbacks.yaml and sending.yaml. Every key has a
default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from policies.facts import KINDS, Kind
from policies.fields import Fields
from policies.retention import Retention
from policies.scalars import DURATION_FORM, duration_hint, seconds
from policies.staffing import StaffingSettings
from policies.tree import Scalar

DAY_S: Final = 86_400
CAPACITY: Final[Mapping[Kind, int]] = {"phone": 1, "chat": 3, "message": 5, "email": 10}
INTERRUPTS: Final[Mapping[Kind, tuple[Kind, ...]]] = {
    "phone": ("message", "email"),
    "chat": ("message", "email"),
    "message": ("chat", "email"),
    "email": ("chat", "message"),
}
UNTIL_FINISH: Final = "until finish"
TEXTS_A_DAY_MAX: Final = 100
"""Each case remembers as many times, and stays small."""

Recorded = Literal["no", "messages", "calls"]
"""What is recorded on a number: nothing, what is said at "tell us now", or conversations as well."""
RECORDED: Final[tuple[Recorded, ...]] = get_args(Recorded)


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How agents are offered work."""

    lost_s: int = 45
    """An agent whose stream is gone so long is away, and offers are freed."""
    offer_s: int = 30
    """An offer lasts so long where no queue says otherwise."""
    leg_s: int = 20
    """An agent's phone rings so long."""
    wrap_up_s: int | None = None
    """After work is ended, the agent has so long to wrap up; None: until they say that they have finished."""
    missed_offers_away: int = 2
    """So many offers missed in a row set an agent away."""
    sticky_s: int = 20
    """Work waits so long for the agent who knows the case before others get it."""
    capacity: Mapping[Kind, int] = field(default_factory=lambda: dict(CAPACITY))
    """How much of each kind an agent has at once."""
    interrupts: Mapping[Kind, tuple[Kind, ...]] = field(default_factory=lambda: dict(INTERRUPTS))
    """By kind: which other kinds may be under way at an agent when work of that kind is offered to them."""


@dataclass(frozen=True, slots=True)
class CaseSettings:
    """When a contact belongs to a case that is there already."""

    link_window_days: int = 14
    """A new contact joins a single open case that was last touched within so many days."""
    reopen_days: int = 7
    """A solved case opens again when its customer comes back within so many days."""
    proof_days: int = 1
    """Proof of who somebody is holds for so many days, on every channel."""
    comeback_days: int = 7
    """Who comes back on a matter within so many days after it was ended has waited a little already."""
    comeback_credit: float = 0.1
    """How much: this share of the time within which an answer should come."""
    ask_which: bool = True
    """Whether somebody is asked which of their open cases they mean, where that changes who gets it."""
    ask_who: bool = True
    """Whether somebody on a line that several people share is asked who they are."""


@dataclass(frozen=True, slots=True)
class CallSettings:
    """What is kept of what is said on the phone."""

    record: Recorded = "no"
    """Where a number says nothing of its own."""
    deletes_refused: bool = True
    """Whether what was recorded in a call is deleted when its customer says that they are not to be recorded."""


@dataclass(frozen=True, slots=True)
class CallbackSettings:
    """When we call instead of keeping people waiting."""

    offer_over_s: int = 0
    """Who has been in line for so long is told that we can call them; 0: at once, unless their call is taken."""
    heard_s: int = 10
    """Hanging up becomes a call only after so long in line."""
    attempts: int = 3
    """We dial so often before we write."""
    busy_s: int = 120
    """After a busy line, or where the provider takes no dial, we try again so soon; then twice as late each time."""
    busy_for_s: int = 1800
    """All attempts within so long that find the line busy count as one."""
    again_s: int = 180
    """And so soon after the first call that nobody answered."""
    spacing_s: int = 900
    """Between later ones we wait so long, and no longer than that between any two."""
    ring_s: int = 25
    """We let it ring so long."""
    place_days: int = 3
    """A place in line is kept so many days for somebody who hung up."""
    hold_s: int = 120
    """Whoever is on hold for longer is asked whether they would rather be called."""
    warn_s: int = 300
    """So long before a promise is due, and is not being kept yet, they hear that it takes longer."""


@dataclass(frozen=True, slots=True)
class SendingSettings:
    """How messages are sent."""

    attempts: int = 5
    spacing_s: int = 30
    """Seconds between the first two attempts; later ones are further apart."""
    mail_for_s: int = 86_400
    """A mail that its server does not take for now is tried for so long, however often that is."""
    mail_spacing_s_max: int = 1800
    """The most seconds between two attempts of a mail."""
    mail_late_s: int = 900
    """Whoever wrote a mail that is not out after so long is told, and its words take another open way."""
    lookup_s: int = 120
    """When we cannot know whether something was sent, we ask the provider for so long."""
    acknowledge_mail: bool = True
    """Whether the first mail about a matter is answered at once with its reference."""
    twice_is_better_than_never: bool = False
    """Whether a message that may or may not have been sent is sent again."""
    mail_answers_an_hour: int = 30
    """Automatic mails to one domain within an hour."""
    mail_providers: frozenset[str] = frozenset()
    """More domains at which anybody has an address than are known, for which they are not counted."""
    sms_max_segments: int = 3
    chat_away_s: int = 300
    """Answers that a visitor has not read follow them, by the way they allowed, once they were gone for so long."""
    texts_a_day: int = 6
    """So many texts to one customer about one case in a day, unasked ones and answers together."""
    owed_a_day: int = 30
    """So many, those counted in, where one answers their own words or says what becomes of a promise."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them."""

    agents: AgentSettings
    cases: CaseSettings
    calls: CallSettings
    callbacks: CallbackSettings
    sending: SendingSettings
    retention: Retention = field(default_factory=Retention)
    staffing: StaffingSettings = field(default_factory=StaffingSettings)


def read_agents(top: Fields) -> AgentSettings:
    """agents.yaml"""
    use = AgentSettings()
    block = top.block("capacity", keys=KINDS)
    wrap_up = top.get("wrap_up")
    is_until = isinstance(wrap_up, Scalar) and wrap_up.text == UNTIL_FINISH
    form = f'{DURATION_FORM}, or "{UNTIL_FINISH}"'
    wrap_up_s = None if is_until else top.scalar(wrap_up, seconds, expected=form, hint=duration_hint)
    return AgentSettings(
        lost_s=top.seconds("lost", use.lost_s, low=5, high=3600),
        offer_s=top.seconds("offer", use.offer_s, low=5, high=3600),
        leg_s=top.seconds("ring", use.leg_s, low=5, high=120),
        wrap_up_s=wrap_up_s,
        missed_offers_away=top.count("missed_offers_away", use.missed_offers_away, low=1, high=100),
        sticky_s=top.seconds("sticky", use.sticky_s, low=0, high=DAY_S),
        capacity={kind: block.count(kind, use.capacity[kind], low=1, high=100) for kind in KINDS},
        interrupts=_interrupts(top),
    )


def _interrupts(top: Fields) -> Mapping[Kind, tuple[Kind, ...]]:
    """Kinds by the kind that may come between; a kind that is not named is as it is by itself."""
    block = top.block("interrupts", keys=KINDS)
    found: dict[Kind, tuple[Kind, ...]] = {}
    for kind in KINDS:
        node = block.get(kind)
        named = [block.choice(item, KINDS, what="a kind of work") for item in block.items_of(node)]
        found[kind] = INTERRUPTS[kind] if node is None else tuple(k for k in KINDS if k in named)
    return found


def read_cases(top: Fields) -> CaseSettings:
    """cases.yaml"""
    use = CaseSettings()
    return CaseSettings(
        link_window_days=_days(top, "link_window", use.link_window_days),
        reopen_days=_days(top, "reopen", use.reopen_days),
        proof_days=_days(top, "proof_holds", use.proof_days),
        comeback_days=_days(top, "comeback", use.comeback_days),
        comeback_credit=top.number("comeback_credit", use.comeback_credit, low=0, high=1),
        ask_which=top.flag("ask_which", default=use.ask_which),
        ask_who=top.flag("ask_who", default=use.ask_who),
    )


def read_calls(top: Fields) -> CallSettings:
    """calls.yaml"""
    use = CallSettings()
    refused = top.choice(top.get("on_refusal"), ("delete", "keep"), what="what becomes of a refused recording")
    return CallSettings(
        record=read_recorded(top) or use.record,
        deletes_refused=use.deletes_refused if refused is None else refused == "delete",
    )


def read_recorded(fields: Fields) -> Recorded | None:
    """The key `record`; None where it is not there."""
    said = fields.choice(fields.get("record"), RECORDED, what="what is recorded")
    return next((one for one in RECORDED if one == said), None)


def read_callbacks(top: Fields) -> CallbackSettings:
    """callbacks.yaml"""
    use = CallbackSettings()
    _warn_unused(top, "not_now")
    return CallbackSettings(
        offer_over_s=top.seconds("offer_over", use.offer_over_s, low=0, high=DAY_S),
        heard_s=top.seconds("heard", use.heard_s, low=0, high=3600),
        attempts=top.count("attempts", use.attempts, low=1, high=10),
        busy_s=top.seconds("busy", use.busy_s, low=10, high=DAY_S),
        busy_for_s=top.seconds("busy_for", use.busy_for_s, low=0, high=DAY_S),
        again_s=top.seconds("again", use.again_s, low=10, high=DAY_S),
        spacing_s=top.seconds("spacing", use.spacing_s, low=60, high=DAY_S),
        ring_s=top.seconds("ring", use.ring_s, low=5, high=120),
        place_days=_days(top, "keep_place", use.place_days),
        hold_s=top.seconds("hold", use.hold_s, low=10, high=3600),
        warn_s=top.seconds("warn", use.warn_s, low=60, high=3600),
    )


def read_sending(top: Fields) -> SendingSettings:
    """sending.yaml"""
    use = SendingSettings()
    _warn_unused(top, "quiet")
    return SendingSettings(
        attempts=top.count("attempts", use.attempts, low=1, high=20),
        spacing_s=top.seconds("spacing", use.spacing_s, low=1, high=DAY_S),
        mail_for_s=top.seconds("mail_for", use.mail_for_s, low=60, high=7 * DAY_S),
        mail_spacing_s_max=top.seconds("mail_spacing_max", use.mail_spacing_s_max, low=1, high=DAY_S),
        mail_late_s=top.seconds("mail_late", use.mail_late_s, low=60, high=7 * DAY_S),
        lookup_s=top.seconds("lookup", use.lookup_s, low=1, high=DAY_S),
        acknowledge_mail=top.flag("acknowledge_mail", default=use.acknowledge_mail),
        twice_is_better_than_never=top.flag("twice_is_better_than_never", default=use.twice_is_better_than_never),
        mail_answers_an_hour=top.count("mail_answers_an_hour", use.mail_answers_an_hour, low=1, high=100_000),
        mail_providers=_domains(top, "mail_providers"),
        sms_max_segments=top.count("sms_max_segments", use.sms_max_segments, low=1, high=10),
        chat_away_s=top.seconds("chat_away", use.chat_away_s, low=10, high=DAY_S),
        texts_a_day=top.count("texts_a_day", use.texts_a_day, low=1, high=TEXTS_A_DAY_MAX),
        owed_a_day=top.count("owed_a_day", use.owed_a_day, low=1, high=TEXTS_A_DAY_MAX),
    )


def _warn_unused(top: Fields, key: str) -> None:
    """A key that earlier releases had, of which nothing came: whoever wrote it should know that it changes nothing."""
    if key in top:
        top.findings.warn(f"{top.node.file}:{top.key(key).line}: {key} is not used and changes nothing; it may go")


def _domains(top: Fields, key: str) -> frozenset[str]:
    """Names of domains, in lower case."""
    node = top.get(key)
    found = [top.scalar(one, _domain, expected='a domain, such as "gmail.com"') for one in top.items_of(node)]
    return frozenset(one for one in found if one is not None)


def _domain(text: str) -> str | None:
    text = text.strip().lower()
    return text if "." in text[1:-1] and not any(c.isspace() or c == "@" for c in text) else None


def _days(top: Fields, key: str, default: int) -> int:
    """Whole days of a duration; a part of a day is refused."""
    seconds = top.seconds(key, default * DAY_S, low=DAY_S)
    node = top.get(key)
    if seconds % DAY_S and node is not None:
        top.refuse(node, expected='whole days, such as "7 days"')
    return seconds // DAY_S
