"""Texts of a policy folder to a policy set, or to every mistake in them. Everything that can be wrong is found here."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Final

from policies.condition_file import Terms, read_words
from policies.conditions import GAP, WHOLE, WordIndex
from policies.consent import Consent, ConsentWord, consent_of
from policies.fields import Fields
from policies.hours_file import read_hours
from policies.junk_file import read_junk
from policies.matters import AGAIN, ANOTHER, matters_of
from policies.phrases import read_phrases, warn_of_long_texts
from policies.pledges import CALL_PLEDGES, WRITE_PLEDGES, pledges_of
from policies.policy_set import Number, PolicySet
from policies.problems import Findings, PolicyProblems, Problem, either, nearest, shown
from policies.queues import read_queues
from policies.retention import read_retention
from policies.routing_file import read_routing
from policies.settings import Settings, read_agents, read_callbacks, read_calls, read_cases, read_recorded, read_sending
from policies.spoken import MOVE_WITH, MOVES, NO_CALL, NOT_RECORDED, spoken_of
from policies.staffing import read_staffing
from policies.tree import Mapping as Block
from policies.tree import tree_of
from policies.windows_file import read_windows

FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "hours.yaml": ("zone", "hours"),
    "queues.yaml": ("targets", "queues"),
    "routing.yaml": ("rules",),
    "junk.yaml": ("rules",),
    "words.yaml": ("language", "phrases", "lists", "consent"),
    "windows.yaml": ("day", "exact", "around", "soon", "ahead", "zones", "languages"),
    "numbers.yaml": ("numbers",),
    "agents.yaml": ("lost", "offer", "ring", "wrap_up", "missed_offers_away", "sticky", "capacity",
                    "interrupts"),
    "cases.yaml": ("link_window", "reopen", "proof_holds", "comeback", "comeback_credit", "ask_which", "ask_who"),
    "calls.yaml": ("record", "on_refusal"),
    "staffing.yaml": ("slot", "share", "learned_share", "call", "held_for", "ahead", "late", "away"),
    "callbacks.yaml": ("offer_over", "heard", "attempts", "busy", "busy_for", "again", "spacing", "ring", "warn",
                       "keep_place", "hold", "not_now"),
    "retention.yaml": ("words", "mails", "files", "recordings", "customers", "junk"),
    "sending.yaml": ("attempts", "spacing", "lookup", "acknowledge_mail", "twice_is_better_than_never",
                     "sms_max_segments", "chat_away", "texts_a_day", "owed_a_day", "mail_for", "mail_spacing_max",
                     "mail_late", "mail_answers_an_hour", "mail_providers", "quiet"),
}  # fmt: skip
"""The files of a set, with the keys at their top."""

NEEDED: Final = ("hours.yaml", "queues.yaml", "routing.yaml", "words.yaml")
"""The others may be missing: everything in them has a default."""

SETS_KEPT: Final = 4


def parse_policies(files: Mapping[str, str], version: int, *, base: Mapping[str, str] | None = None) -> PolicySet:
    """The policy set of `files` (name to text). Raises `PolicyProblems` with all that is wrong.

    `base` are texts to fall back on, usually the product's own: for files that are missing, and for phrases that
    words.yaml lacks, so that a set written for an older release stays valid.
    """
    return replace(_read(tuple(files.items()), tuple((base or {}).items())), version=version)


@lru_cache(maxsize=SETS_KEPT)
def _read(own: tuple[tuple[str, str], ...], spare_texts: tuple[tuple[str, str], ...]) -> PolicySet:
    """Texts that were read just now (a set is checked, then put in force) are not read again."""
    files, base = dict(own), dict(spare_texts)
    findings = Findings()
    chosen = {**base, **files}
    tops = _tops(chosen, findings)
    spare = _spare("words.yaml", files, base)
    hours = read_hours(tops["hours.yaml"])
    settings = _settings(tops)
    queues = read_queues(tops["queues.yaml"], hours=hours, offer_s=settings.agents.offer_s)
    words = tops["words.yaml"]
    phrases = read_phrases(words, spare)
    warn_of_long_texts(phrases, findings, segments_max=settings.sending.sms_max_segments)
    numbers = _numbers(tops["numbers.yaml"], language=phrases.language)
    lists = _known_to("routing.yaml", files, spare, words)
    index = WordIndex()  # one for all that is asked of every text, which is looked through once then
    routing_terms = Terms(lists=lists, numbers=numbers, index=index, hours=hours)
    routing = read_routing(tops["routing.yaml"], queues=queues, terms=routing_terms)
    junk_lists = _known_to("junk.yaml", files, spare, words)
    junk_terms = Terms(lists=junk_lists, numbers=numbers, judges=True, index=index, hours=hours)
    junk = read_junk(tops["junk.yaml"], terms=junk_terms)
    known = _known_lists(spare, lists)
    policies = PolicySet(
        version=0, hours=hours, queues=queues, numbers=numbers, settings=settings, routing=routing,
        junk=junk, phrases=phrases, consent=_consent(words, index), spoken=spoken_of(known),
        matters=matters_of(known, index), pledges=pledges_of(known),
        windows=read_windows(tops["windows.yaml"], _spare("windows.yaml", files, base), index=index), warnings=(),
    )  # fmt: skip
    findings.stop_if_wrong()
    return replace(policies, warnings=tuple(findings.warnings))


def _tops(files: Mapping[str, str], findings: Findings) -> dict[str, Fields]:
    """The top block of every file of a set. A file that is no YAML is one problem, and nothing else is read then."""
    broken: list[Problem] = [_unknown_file(name) for name in files if name not in FILES]
    missing = [name for name in NEEDED if name not in files]
    broken += [Problem(name, 1, 1, "no such file", "this file in every policy set") for name in missing]
    trees: dict[str, Block] = {}
    for name in FILES:
        try:
            trees[name] = tree_of(name, files.get(name, ""))
        except PolicyProblems as error:
            broken += error.problems
    if broken:
        raise PolicyProblems(broken)
    return {name: Fields(tree, findings, keys=FILES[name]) for name, tree in trees.items()}


def _unknown_file(name: str) -> Problem:
    return Problem(shown(name).strip("'"), 1, 1, "an unknown file", either(FILES), nearest(name, FILES))


def _spare(name: str, files: Mapping[str, str], base: Mapping[str, str] | None) -> Fields | None:
    """The product's own file of that name, where a set has one of its own."""
    if base is None or name not in files or name not in base:
        return None
    return Fields(tree_of(name, base[name]), Findings())


def _settings(tops: Mapping[str, Fields]) -> Settings:
    return Settings(
        agents=read_agents(tops["agents.yaml"]),
        cases=read_cases(tops["cases.yaml"]),
        calls=read_calls(tops["calls.yaml"]),
        callbacks=read_callbacks(tops["callbacks.yaml"]),
        sending=read_sending(tops["sending.yaml"]),
        retention=read_retention(tops["retention.yaml"]),
        staffing=read_staffing(tops["staffing.yaml"]),
    )


def _lists(words: Fields) -> dict[str, tuple[str, ...]]:
    lists: dict[str, tuple[str, ...]] = {}
    for key, node in words.block("lists").items():
        lists[words.name(key) or ""] = read_words(words, node)
    return lists


def _known_to(name: str, files: Mapping[str, str], spare: Fields | None, words: Fields) -> dict[str, tuple[str, ...]]:
    """The lists that the rules of file `name` may name: the product's own rules know the product's own lists."""
    return {**(_lists(spare) if spare and name not in files else {}), **_lists(words)}


def _known_lists(spare: Fields | None, lists: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """The lists, with the product's own words where a set names none: that somebody is not to be recorded or called, or
    speaks of another matter, is always heard, and so is what one of us says that we will do."""
    missing = [
        name
        for name in (NOT_RECORDED, NO_CALL, *MOVES, MOVE_WITH, ANOTHER, AGAIN, CALL_PLEDGES, WRITE_PLEDGES)
        if name not in lists
    ]
    if spare is None or not missing:
        return lists
    ours = _lists(spare)
    return {**lists, **{name: ours[name] for name in missing if name in ours}}


def _consent(words: Fields, index: WordIndex) -> Consent:
    block = words.block("consent", keys=[kind.value for kind in ConsentWord])
    return consent_of({kind: _plain_words(block, kind.value) for kind in ConsentWord}, index)


def _plain_words(block: Fields, key: str) -> Iterable[str]:
    return [word for word in read_words(block, block.get(key)) if not word.endswith(("*", WHOLE)) and GAP not in word]


def _numbers(top: Fields, *, language: str) -> dict[str, Number]:
    numbers: dict[str, Number] = {}
    for key, node in top.block("numbers").items():
        fields = Fields(node, top.findings, keys=("brand", "language", "record"))
        number = top.scalar(key, _address, expected="a number such as +14155550100 or a mail address") or ""
        spoken = fields.scalar(fields.get("language"), _language, expected="a language as two letters, such as en")
        numbers[number] = Number(number, fields.text(fields.need("brand")) or "", spoken or language,
                                 read_recorded(fields))  # fmt: skip
    return numbers


def _address(text: str) -> str | None:
    is_number = text.startswith("+") and text[1:].isascii() and text[1:].isdigit() and 7 <= len(text) <= 16
    is_mail = text.count("@") == 1 and not text.startswith("@") and " " not in text and "." in text.rpartition("@")[2]
    return text if is_number or (is_mail and len(text) <= 254) else None


def _language(text: str) -> str | None:
    return text if len(text) == 2 and text.isascii() and text.isalpha() and text.islower() else None
