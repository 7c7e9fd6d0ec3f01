"""When somebody wants to be called, in their words: read on their own clock, and said back in one line.

Its one rule: words are read only where they ask for a call or answer our question for a time, and a wish of which
anything is doubtful is never taken as said: it goes back with what was not clear and with a window that we suggest. It
promises nothing; whether anybody is free then is asked elsewhere.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from policies import PolicySet
from policies.whose_clock import Clock, clock_of, on_clock
from policies.window_calendar import Doubt, Window
from policies.windows_said import say_doubt, say_window
from router.core.clock import Ms
from router.core.documents import Case, Customer
from router.core.words import MINUTE_MS, Channel

DIGITS_MIN, DIGITS_MAX = 7, 15
"""Of a number with its country (E.164)."""
NAMED_IN = (Channel.EMAIL, Channel.CHAT, Channel.SMS, Channel.WHATSAPP)
"""Where people say in words at which number they want to be called."""
_NUMBER = re.compile(r"(?<![\w+])\+\d[\d\s().\-/\u00a0]{5,24}\d(?!\d)")
_CALLING = re.compile(r"call|ring|phone|reach me|r[uü]f|r[uü]ck|telefon|melde|ll[aá]m|tel[eé]fono", re.IGNORECASE)
"""Part of a word of calling, in any language that we read: nothing is looked up for a signature alone."""
SUGGESTED_LEFT_MS = 5 * MINUTE_MS
"""A time that we suggested and of which less is left is over."""
READ_MAX = 2_000
"""Characters that are read of a text: who wants a call says so early."""
UNFIT, LATER, EARLIER, NO_ROOM, NO_EARLIER = "unfit", "later", "earlier", "no room", "no earlier"
REASONS: Final = {
    UNFIT: "callback_unfit",
    LATER: "callback_want_later",
    EARLIER: "callback_want_earlier",
    NO_ROOM: "call_no_room",
    NO_EARLIER: "page_no_earlier",
}
"""Why we ask about a time, or name none, besides what is not clear in their words: the phrase that says it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was wished for. `window`: None where it is as soon as possible; what we suggest where it is not `sure`.

    `said` is the window in their language, `doubt` the sentence on what was not clear (empty where it is sure), `why`
    its name, `words` those that were read. `days`, `from_min` and `until_min` are of a window that comes again; `hours`
    is what was named of a day, in minutes since midnight. `named`: the zone that they named beside it, or took with a
    yes to our question for it.
    """

    window: tuple[Ms, Ms] | None
    said: str
    sure: bool
    doubt: str
    words: str
    zone: str
    days: tuple[int, ...] = ()
    from_min: int = 0
    until_min: int = 0
    hours: tuple[int, int] | None = None
    why: str = ""
    named: str = ""


def clock_for(policy: PolicySet, customer: Customer | None, zones: tuple[str, ...], *, queue: str) -> Clock:
    """On whose clock a time for a call is said. `zones`: of the number that is to be called; `customer`: whose it is;
    None: what is known of them must not show."""
    profile, asked = (customer.zone, customer.zone_said) if customer is not None else ("", "")
    return clock_of(zones, profile=profile, asked=asked, ours=policy.hours_of(queue).zone)


def wish_of(
    policy: PolicySet, text: str, *, language: str, zones: tuple[str, ...], customer: Customer | None, queue: str,
    now: Ms, is_asked: bool = False, promised: tuple[Ms, Ms] | None = None,
) -> Wish | None:  # fmt: skip
    """The wish in `text`; None where no time is wished for. `zones`: of the number that is to be called; `customer`: of
    whom a zone may be known besides, as in `clock_for`; `queue`: whose hours are taken where nothing is known.

    `promised`: what "the same time" is. `is_asked`: we asked for a time. Without it a text that has no word of calling
    costs one look at its words, which were looked up already.
    """
    if not is_asked and not policy.asks_for_call(text):
        return None
    clock = clock_for(policy, customer, zones, queue=queue)
    instant = datetime.fromtimestamp(now / 1000, UTC)
    same = Window(*(datetime.fromtimestamp(at / 1000, UTC) for at in promised)) if promised is not None else None
    found = policy.read_window(
        text[:READ_MAX], language=language, zone=clock.zone, now=instant, is_asked=is_asked, promised=same
    )  # fmt: skip
    if found is None or (found.doubt is Doubt.BESIDE and not is_asked):  # somebody's shift ends then, or a contract
        return None
    is_theirs = found.zone is None or found.zone == clock.zone
    on_any_clock = found.is_soon or found.doubt is not None or found.zone is not None
    doubt = found.doubt if on_any_clock or clock.sure else Doubt.ZONE
    rule, said_in = found.rule if is_theirs else None, policy.said_in(language)
    return Wish(
        window=None if found.is_soon and doubt is None else (_ms(found.window.start), _ms(found.window.end)),
        said=say_window(found.window, language=said_in, zone=clock.zone, now=instant,
                        names_place=not (clock.sure and is_theirs)),
        sure=doubt is None,
        doubt=say_doubt(doubt, language=said_in) if doubt is not None else "",
        words=found.words,
        zone=clock.zone.key,
        days=tuple(sorted(rule.days)) if rule is not None else (),
        from_min=rule.start if rule is not None else 0,
        until_min=rule.end if rule is not None else 0,
        hours=found.hours if is_theirs else None,
        why=doubt or "",
        named=found.zone.key if found.zone is not None and doubt is not Doubt.ZONE else "",
    )  # fmt: skip


def why_said(policy: PolicySet, why: str, *, language: str) -> str:
    """Why we asked back, or named no time, in a sentence: `why` is the name of a doubt, one of `REASONS`, or empty."""
    if not why or why in REASONS:
        return policy.phrase(REASONS[why], language) if why else ""
    return say_doubt(Doubt(why), language=policy.said_in(language))


def number_named(text: str) -> str:
    """The first number with its country in words that speak of calling; empty where there is none.

    >>> number_named("Please ring me after 3: +1 (212) 555-0142. Mia"), number_named("Mia, +1 212 555 0142")
    ('+12125550142', '')
    """
    words = text[:READ_MAX]
    if "+" not in words or _CALLING.search(words) is None or (found := _NUMBER.search(words)) is None:
        return ""
    digits = "".join(one for one in found[0] if one.isdecimal())
    return f"+{digits}" if DIGITS_MIN <= len(digits) <= DIGITS_MAX and digits.isascii() else ""


def suggested_in(case: Case, *, now: Ms) -> tuple[Ms, Ms] | None:
    """The time for our call with which we asked back, where those were our last words and it is not over."""
    window = case.suggested
    return window if window is not None and window[1] - now >= SUGGESTED_LEFT_MS else None


def without_number(text: str) -> str:
    """The words without the number that is named in them."""
    return _NUMBER.sub(" ", text[:READ_MAX]) if number_named(text) else text


def wish_at(
    policy: PolicySet, window: tuple[Ms, Ms], *, language: str, zones: tuple[str, ...], customer: Customer | None,
    queue: str, now: Ms,
) -> Wish:  # fmt: skip
    """A wish whose window a program named, said as any other."""
    clock = clock_for(policy, customer, zones, queue=queue)
    start, end, instant = (datetime.fromtimestamp(at / 1000, UTC) for at in (*window, now))
    said = say_window(
        Window(start, end), language=policy.said_in(language), zone=clock.zone, now=instant, names_place=not clock.sure
    )  # fmt: skip
    return Wish(window=window, said=said, sure=True, doubt="", words="", zone=clock.zone.key)


def answer_to_clock(policy: PolicySet, text: str, *, asked: tuple[Ms, Ms], said_in: str, language: str) -> Wish | None:
    """What they answer who were asked on which clock they are: `asked` is the time that we suggested then, on the clock
    of `said_in`. On the one that they name it is the same time of day. None: they name none, or a time of their own."""
    zone = policy.zone_in(text[:READ_MAX], language=language)
    if zone is None:
        return None
    start, end = on_clock(asked, said_in=said_in, zone=zone)
    return Wish(window=(Ms(start), Ms(end)), said="", sure=True, doubt="", words="", zone=zone, named=zone)


def _ms(at: datetime) -> Ms:
    return Ms(round(at.timestamp() * 1000))
