"""What stands before a subject: "Re:", "AW:", "SV:", "Fwd:" and the like, in any of the languages that programs write.

One rule: a prefix is taken off only with its colon; words that people wrote stay.
"""

import re

__all__ = ["bare_subject", "is_forward", "reply_subject"]

PREFIXES_MAX = 20
REPLY_WORDS = ("re", "aw", "antw", "antwort", "sv", "vs", "res", "rif", "r", "odp", "bls", "ynt", "atb", "ha",
               "ответ", "отв", "回复", "回覆", "答复", "答覆", "返信")  # fmt: skip
FORWARD_WORDS = ("fw", "fwd", "wg", "tr", "rv", "enc", "i", "inoltra", "pd", "vb", "vl", "vs", "doorst", "ilt",
                 "vidarebefordrat", "weitergeleitet", "转发", "轉寄", "転送", "пересл")  # fmt: skip
_PREFIX = re.compile(r"\s{0,9}(\w{1,15})\s?(?:\[\d{1,4}\]|\(\d{1,4}\)|\^\d{1,4})?\s?[:：]\s{0,9}")
BOTH = frozenset(REPLY_WORDS) & frozenset(FORWARD_WORDS)
_KNOWN = frozenset(REPLY_WORDS) | frozenset(FORWARD_WORDS)
_FORWARDS = frozenset(FORWARD_WORDS) - BOTH


def bare_subject(subject: str) -> str:
    """The subject without its prefixes: what two mails of one thread have in common."""
    for _ in range(PREFIXES_MAX):
        found = _PREFIX.match(subject)
        if found is None or found[1].lower() not in _KNOWN:
            break
        subject = subject[found.end() :]
    return subject.strip()


def reply_subject(subject: str) -> str:
    """The subject of an answer: `Re:` once, whatever stood before."""
    return f"Re: {bare_subject(subject)}".strip()


def is_forward(subject: str) -> bool:
    """True when the first prefix says that something is forwarded, and cannot mean an answer."""
    found = _PREFIX.match(subject)
    return found is not None and found[1].lower() in _FORWARDS
