"""What we say: phrases by key and language, and their part of words.yaml.

One rule: a phrase is filled by plain substitution of `{name}`; nothing in it is ever evaluated, and what is put in is
not looked at again. Which names a phrase may use stands in `PHRASES`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from policies.consent import WORDS
from policies.fields import Fields
from policies.problems import Findings, nearest, shown
from policies.segments import segments_of
from policies.tree import Node

PHRASE_MAX: Final = 1_600
LANGUAGES_MAX: Final = 50

PHRASES: Final[Mapping[str, tuple[str, ...]]] = {
    "greeting": ("brand",),
    "closed": ("brand", "opens"),
    "call_closed": (),
    "call_closed_no_text": (),
    "call_about": (),
    "call_moment": (),
    "call_options": (),
    "call_hang_up": (),
    "call_waiting": (),
    "call_options_no_text": (),
    "call_waiting_no_text": (),
    "call_no_text": (),
    "call_no_code": (),
    "call_texted": (),
    "wait_between": ("low", "high"),
    "wait_under": ("high",),
    "wait_moment": (),
    "wait_unknown": (),
    "call_held": (),
    "call_held_long": (),
    "call_lost": (),
    "call_handed_on": (),
    "call_restarting": (),
    "call_restarting_call": (),
    "call_back_again": (),
    "call_goodbye": (),
    "call_not_that_number": (),
    "text_after_call": ("brand",),
    "call_again": (),
    "call_otherwise": (),
    "call_connecting": (),
    "recording_notice": (),
    "recording_notice_words": (),
    "recording_choice": (),
    "recording_say_so": (),
    "recording_off": (),
    "call_ask_number": (),
    "call_code": (),
    "call_speak_now": (),
    "call_spoken": (),
    "callback_turn": (),
    "callback_within": ("within",),
    "callback_when": ("window",),
    "callback_dropped": (),
    "callback_not_needed": ("brand",),
    "call_promised": ("window",),
    "call_ask_when": (),
    "call_time_back": ("doubt", "window"),
    "call_no_room": (),
    "callback_machine": ("brand",),
    "callback_machine_last": ("brand",),
    "callback_opening": ("brand",),
    "callback_tried": ("brand",),
    "page_link": ("link",),
    "page_yours": ("link",),
    "callback_not_reached": ("brand",),
    "callback_no_number": ("brand",),
    "our_call_tried": ("brand",),
    "our_call_not_reached": ("brand",),
    "our_call_no_number": ("brand",),
    "callback_at": ("brand", "window"),
    "touch_ask_back": ("doubt", "window"),
    "callback_ask_back": ("brand", "doubt", "window"),
    "callback_ask_first": ("brand", "doubt", "window"),
    "callback_unfit": (),
    "callback_want_later": (),
    "callback_want_earlier": (),
    "callback_no_earlier": ("brand", "window"),
    "callback_no_room": ("brand",),
    "callback_no_room_stands": ("brand", "window"),
    "callback_no_room_turn": ("brand",),
    "callback_no_time": ("brand",),
    "callback_soon": ("brand",),
    "callback_soon_within": ("brand", "within"),
    "callback_in_writing": ("brand",),
    "callback_later": ("brand", "window"),
    "callback_overdue": ("brand",),
    "promise_later": ("brand", "window"),
    "promise_overdue": ("brand",),
    "page_received": (),
    "page_answer": (),
    "page_call": (),
    "page_promise": ("window",),
    "touch_promise": ("window",),
    "page_other_time": (),
    "page_by_text": (),
    "page_ask_back": ("window",),
    "page_no_earlier": (),
    "page_yes": (),
    "page_do_not_call": (),
    "page_no_call": (),
    "page_no_address": (),
    "page_with_us": (),
    "page_answered": (),
    "page_done": (),
    "page_unpaired": (),
    "device_paired": (),
    "device_no_code": (),
    "page_carry": (),
    "page_used": (),
    "page_write": (),
    "page_send": (),
    "page_until": ("until",),
    "page_gone": (),
    "mail_received": ("brand", "ref"),
    "mail_subject": ("brand", "ref"),
    "code": ("code",),
    "code_unasked": ("brand",),
    "code_subject": ("brand",),
    "language_question": ("own", "other"),
    "which_matter": ("choices", "last"),
    "which_matter_unproved": (),
    "who_writes": ("brand",),
    "call_who": (),
    "whisper": ("subject",),
    "whisper_promise": ("subject", "window"),
    "whisper_dial": ("subject",),
    "whisper_danger": ("words",),
    "whisper_note": ("note",),
    "whisper_lead": ("subject",),
    "whisper_outside": ("brand",),
    "opted_in": ("brand",),
    "card_removed": (),
    "call_card_removed": (),
}
"""Every phrase that we say, with the names it may use."""

RETIRED: Final = frozenset({
    "call_ask_time", "call_still_waiting", "callback_cancelled", "callback_missed", "callback_moved",
    "callback_promised", "callback_voicemail", "case_solved", "help", "impact_known", "message_link",
    "message_received", "opted_out", "restarting", "terms_confirmed",
})  # fmt: skip
"""Phrases that words.yaml once had and that are said nowhere: a set that has them is told so, and stays valid."""
CONSENT_PHRASES: Final = frozenset({"opted_in"})
TEXTED: Final = CONSENT_PHRASES | {
    "text_after_call", "code", "language_question", "which_matter", "which_matter_unproved", "who_writes",
    "card_removed", "callback_tried", "callback_not_reached", "callback_no_number", "callback_later",
    "callback_overdue", "callback_soon", "callback_soon_within", "callback_in_writing", "callback_at",
    "callback_ask_back", "callback_ask_first", "callback_no_room",
    "callback_no_room_stands", "callback_no_room_turn", "callback_no_time",
    "callback_not_needed", "promise_later", "promise_overdue", "our_call_tried", "our_call_not_reached",
    "our_call_no_number",
}  # fmt: skip
"""Phrases that go out by text; the others are spoken or shown."""
NAME_CHARS: Final = 30
"""What a name that is filled in counts for: about as long as a brand, a window or a link."""

_NAME: Final = re.compile(r"\{([^{}]*)\}")
_CAPITALS: Final = re.compile(r"\b[A-Z]{2,}\b")
_CONSENT_WORDS: Final = frozenset(word for words in WORDS.values() for word in words)

Parts = tuple[str, ...]
"""Text and names in turn, starting with text: ('We answer within ', 'wait', '.')."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """All phrases, by key and language. `language` is used where a phrase has no other."""

    language: str
    parts: Mapping[str, Mapping[str, Parts]]

    def phrase(self, key: str, language: str, plain: Mapping[str, str]) -> str:
        """The phrase with its names filled in. Raises KeyError for an unknown key or a name that is not given."""
        by_language = self.parts[key]
        parts = by_language.get(language) or by_language[self.language]
        return "".join(plain[part] if at % 2 else part for at, part in enumerate(parts))


def warn_of_long_texts(phrases: Phrases, findings: Findings, *, segments_max: int) -> None:
    """A text of ours that is longer than an agent's may be is sent as it is; whoever wrote it should know."""
    for key in sorted(TEXTED & phrases.parts.keys()):
        for language, parts in phrases.parts[key].items():
            text = "".join("x" * NAME_CHARS if at % 2 else part for at, part in enumerate(parts))
            if (segments := segments_of(text)) > segments_max:
                findings.warn(f"words.yaml: phrase {key} in {language} goes out as {segments} texts; "
                              f"sms_max_segments allows {segments_max}")  # fmt: skip


def read_phrases(top: Fields, base: Fields | None) -> Phrases:
    """The phrases of words.yaml. Those that are missing are taken from `base`, the product's own, and warned of."""
    language = top.scalar(top.get("language"), _code, expected="a language as two letters, such as en") or "en"
    found: dict[str, dict[str, Parts]] = {}
    for key, node in top.block("phrases").items():
        if key.text in RETIRED:
            top.findings.warn(f"{key.file}:{key.line}: phrase {key.text} is said nowhere; it may go")
            continue
        if key.text not in PHRASES:
            top.refuse(key, found=f"unknown phrase {shown(key.text)}", expected="a phrase that we say",
                       suggestion=nearest(key.text, PHRASES))  # fmt: skip
            continue
        found[key.text] = _phrase(Fields(node, top.findings), key.text, language)
    for key in PHRASES:
        if key not in found:
            found[key] = _from_base(top, base, key, language)
    return Phrases(language, found)


def _from_base(top: Fields, base: Fields | None, key: str, language: str) -> dict[str, Parts]:
    block = base.block("phrases") if base else None
    node = block.get(key) if block else None
    if node is None or block is None:
        top.refuse(top.node, found=f"no phrase {key}", expected="every phrase that we say, under phrases")
        return {}
    top.findings.warn(f"{top.node.file}: phrase {key} is missing; the product's own is used")
    return _phrase(Fields(node, top.findings), key, language)


def _phrase(fields: Fields, key: str, language: str) -> dict[str, Parts]:
    by_language: dict[str, Parts] = {}
    for code, node in fields.items():
        name = fields.scalar(code, _code, expected="a language as two letters, such as de")
        text = fields.scalar(node, _fitting, expected=f"text of at most {PHRASE_MAX} characters")
        if name and text:
            by_language[name] = _parts(fields, node, key=key, text=text)
            _warn_of_consent_words(fields, node, key=key, text=text)
    if language not in by_language:
        fields.refuse(fields.node, found=f"no {language} in phrase {key}", expected=f"{key} in {language} at least")
    return by_language


def _parts(fields: Fields, node: Node, *, key: str, text: str) -> Parts:
    parts = _NAME.split(text)
    known = PHRASES[key]
    names = " or ".join(f"{{{name}}}" for name in known) or "no names in braces"
    for at, part in enumerate(parts):
        if at % 2 and part not in known:
            near = nearest(part, known)
            fields.refuse(node, found=f"{shown('{' + part + '}')} in phrase {key}", expected=names,
                          suggestion=f"{{{near}}}" if near else None)  # fmt: skip
        elif not at % 2 and ("{" in part or "}" in part):
            fields.refuse(node, found=f"a lone brace in phrase {key}", expected=names)
    return tuple(parts)


def _warn_of_consent_words(fields: Fields, node: Node, *, key: str, text: str) -> None:
    """A text of ours must not ask for an answer by which carriers block or unblock us."""
    asked = [word for word in _CAPITALS.findall(text) if word.casefold() in _CONSENT_WORDS]
    if asked and key not in CONSENT_PHRASES:
        fields.findings.warn(f"{node.file}:{node.line}: phrase {key} names {asked[0]}, which carriers read as "
                             "an opt-out, an opt-in or a call for help")  # fmt: skip


def _fitting(text: str) -> str | None:
    return text if text.strip() and len(text) <= PHRASE_MAX else None


def _code(text: str) -> str | None:
    return text if len(text) == 2 and text.isascii() and text.isalpha() and text.islower() else None
