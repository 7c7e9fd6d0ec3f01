"""A policy set: everything that ops edit, read, checked and ready to be asked. It never changes; a change is a new one.

Its answers depend on it and on what it is asked, on nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from policies import languages
from policies.consent import Consent, ConsentWord
from policies.facts import Fact
from policies.hours import Hours
from policies.junk import Junk, JunkRules
from policies.matters import Matters
from policies.phrases import Phrases
from policies.pledges import Pledge, Pledges
from policies.queues import Queue
from policies.routing import Routing, Verdict
from policies.settings import Recorded, Settings
from policies.spoken import Spoken
from policies.window_calendar import Window
from policies.windows import ReadWindow, WindowWords


@dataclass(frozen=True, slots=True)
class Number:
    """One of our numbers or addresses: whose it is, the language its callers are greeted in, and what is recorded there
    where that is not as everywhere."""

    number: str
    brand: str
    language: str
    record: Recorded | None = None


@dataclass(frozen=True, slots=True)
class PolicySet:
    """One version of the policies. `warnings` are remarks for ops that did not refuse it."""

    version: int
    hours: Mapping[str, Hours]
    queues: Mapping[str, Queue]
    numbers: Mapping[str, Number]
    settings: Settings
    routing: Routing
    junk: JunkRules
    phrases: Phrases
    consent: Consent
    spoken: Spoken
    matters: Matters
    pledges: Pledges
    windows: WindowWords
    warnings: tuple[str, ...]

    def route(self, facts: Mapping[str, Fact]) -> Verdict:
        """Where a contact goes and why. `facts` are named as in `FACTS`, those of context as `context.model`."""
        return self.routing.route(facts)

    def topic_of(self, rule: str) -> str:
        """What the work of a rule is about, as a queue with skills; empty where it is nothing in particular."""
        return self.routing.topic_of(rule)

    def topics_in(self, text: str) -> tuple[str, ...]:
        """What the words of a text are about, named as `topic_of` names it; never the words."""
        return self.routing.topics_in(text)

    def judge(self, facts: Mapping[str, Fact]) -> Junk | None:
        """What makes a contact junk; None where it is to be worked on."""
        return self.junk.judge(facts)

    def language_of(self, text: str, *, default: str | None = None, ours: str = "") -> str:
        """The language that `text` shows itself to be in, else `default`; else `ours` (that of our number), or the
        policy's, where it says too little to tell, and none (empty) where it is in one that we do not know."""
        shown = self._shown(text)
        return shown or default or (ours or self.phrases.language if shown is None else languages.UNKNOWN)

    def language_known(self, text: str, *, default: str | None = None, named: str = "") -> str | None:
        """What may be said of somebody who wrote `text`: the language that it shows itself to be in, else `default`,
        else the one that their program `named`, where `text` does not tell otherwise. None: nothing."""
        shown = self._shown(text)
        is_denied = shown == languages.UNKNOWN and languages.is_told_by_words(named)
        return shown or default or (named if named and not is_denied else None)

    def _shown(self, text: str) -> str | None:
        """The language in which a few words wish for a call shows them, where their small words do not."""
        shown = languages.language_shown(text)
        return shown if shown in self.windows.languages else self.windows.language_of_wish(text) or shown

    def said_in(self, language: str | None) -> str:
        """The language in which we speak to somebody of `language`: theirs where we have its words."""
        return language if language and language in self.phrases.parts["greeting"] else self.phrases.language

    def phrase(self, key: str, language: str, **plain: str) -> str:
        """A phrase in `language`, or in the policy's where it has no other, with `{name}` replaced by `plain`.

        Raises KeyError for a key that is not in `PHRASES` and for a name that the phrase needs and `plain` lacks.
        """
        return self.phrases.phrase(key, language, plain)

    def language_name(self, language: str, said_in: str) -> str:
        """What a language is called: German, Deutsch, alemán."""
        return languages.name_of(language, said_in=said_in if said_in in languages.NAMES else self.phrases.language)

    def agrees(self, text: str) -> bool:
        """Whether an answer is a yes and nothing else."""
        return self.spoken.agrees(text)

    def agrees_to_language(self, text: str, *, own: str, other: str) -> bool:
        """Whether an answer is a yes to `other` instead of `own`, in words of their own: "yes, English is fine"."""
        names = {other, *(self.language_name(other, said_in) for said_in in (own, other))}
        return self.spoken.consents(text, names)

    def recorded(self, number: str) -> Recorded:
        """What is recorded of calls on one of our numbers."""
        ours = self.numbers.get(number)
        return (ours.record if ours else None) or self.settings.calls.record

    def refuses_recording(self, text: str) -> bool:
        """Whether words said on the phone ask, among whatever else, not to be recorded."""
        return self.spoken.refuses_recording(text)

    def consent_word(self, text: str) -> ConsentWord | None:
        """What a text asks for that is a stop, start or help word and nothing else."""
        return self.consent.word(text)

    def mentions_opt_out(self, text: str) -> bool:
        """Whether a text has words of an opt-out somewhere in it, so that the agent is told."""
        return self.consent.mentions_opt_out(text)

    def asks_for_call(self, text: str) -> bool:
        """Whether a text has a word of calling; only then it may pay to read a window in it."""
        return self.windows.hints.asks_for_call(text)

    def read_window(
        self, text: str, *, language: str, zone: ZoneInfo, now: datetime, is_asked: bool = False,
        promised: Window | None = None,
    ) -> ReadWindow | None:  # fmt: skip
        """When somebody wants to be called, in their words; None where they wish for no time: `WindowWords.read`."""
        read_as = language if language in self.windows.languages else self.phrases.language
        return self.windows.read(text, language=read_as, zone=zone, now=now, is_asked=is_asked, promised=promised)

    def zone_in(self, text: str, *, language: str) -> str | None:
        """The one zone that somebody names: `WindowWords.zone_in`."""
        read_as = language if language in self.windows.languages else self.phrases.language
        return self.windows.zone_in(text, language=read_as)

    def pledges_in(self, text: str) -> tuple[Pledge, ...]:
        """What an answer of ours says that we will do: call, or write."""
        return self.pledges.said_in(text)

    def is_open(self, queue: str, at: datetime) -> bool:
        """Whether people are there for `queue`. Raises KeyError for an unknown queue."""
        return self.hours_of(queue).is_open(at)

    def next_open(self, queue: str, at: datetime) -> datetime | None:
        """`at` when open, else the next opening, in UTC; None when there is none within 400 days."""
        return self.hours_of(queue).next_open(at)

    def open_seconds_between(self, queue: str, first: datetime, last: datetime) -> float:
        """Open seconds from `first` to `last`; 0 when `last` is not later."""
        return self.hours_of(queue).open_seconds_between(first, last)

    def skills(self) -> tuple[str, ...]:
        """All skills that any rule or queue asks for, sorted."""
        asked = {skill for rule in self.routing.rules for skill, _ in rule.skills}
        return tuple(sorted(asked | {skill for queue in self.queues.values() for skill, _ in queue.skills}))

    @property
    def zone(self) -> tzinfo:
        """On whose clock days are told apart: that of the hours named first."""
        return next(iter(self.hours.values())).zone

    def queue_or_last(self, queue: str) -> str:
        """`queue` where the set has it, else that of the last rule: a case may be older than its policy."""
        return queue if queue in self.queues else self.routing.rules[-1].queue

    def hours_of(self, queue: str) -> Hours:
        """The hours of a queue. Raises KeyError for an unknown queue."""
        return self.hours[self.queues[queue].hours]
