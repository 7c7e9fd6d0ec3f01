"""What is new in an answer, and what it quotes.

One rule: nothing is thrown away. Every line stands in the new words or in the history, and when nothing would be new,
the whole is shown. One pass over lines cut to 500 characters; each looks at a fixed number of neighbours at most, so
the time grows with the length alone, up to a named number of lines.

It reads text; `trimming_html` makes such text from the structure of HTML.
"""

import re
from dataclasses import dataclass

from channels.email.trimming_words import FORWARDED, LANGUAGES, MOBILE, ORIGINAL, QUOTE_STARTS, QUOTE_VERBS

__all__ = ["NOTHING_NEW", "Trimmed", "trim"]

NOTHING_NEW = "no new text"
LINE_MAX = 500
LINES_MAX = 5_000
"""What is below goes to the history unread."""
WRAPPED_MAX = 3
"""An introduction ("On … wrote:") is wrapped over so many lines at most."""
HEADS_WITHIN = 9
BLANKS_INSIDE_MAX = 2
"""So many blank lines stand in one quotation without parting it."""
SIGNATURE_LINES_MAX = 20
SENTENCE_WORDS_MIN = 4
"""A line with so many words in small letters is more than a name or an address."""
ANSWERED_LINES_MAX = 10
BOTTOM_POSTED_MIN = 4
MOBILE_CHARS_MAX = 120
NAME_CHARS_MAX = 60
SENDER, SENT, TO, SUBJECT = range(4)
QUOTED, BLANK, TEXT, INTRODUCTION, SIGNATURE = ">", " ", "t", "i", "s"

_HEAD_NAMES = {
    name: number
    for language in LANGUAGES.values()
    for number, names in (
        (SENDER, language.heads.sender),
        (SENT, language.heads.sent),
        (TO, language.heads.to),
        (SUBJECT, language.heads.subject),
    )
    for name in names
}
_SENDERS = frozenset(name for language in LANGUAGES.values() for name in language.heads.sender)
_VERB = re.compile("|".join(re.escape(verb) for verb in sorted(QUOTE_VERBS, key=len, reverse=True)))
_DATED = re.compile(r"^\d{1,4}[-/.年 ]|^(?:[a-zśáéû]{2,9}\.?,? )?\d{1,2} ")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|\d[./-]\d{1,2}[./-]\d\d")
_TIME = re.compile(r"\d{1,2}[:.h時]\d\d")
_HAS_DIGIT = re.compile(r"\d")
_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,253}")
_RULE = re.compile(r"_{10,}|-{20,}|={20,}")


@dataclass(frozen=True, slots=True)
class Trimmed:
    """`new` and `history` hold all of it between them; `note` is `NOTHING_NEW` when the whole is shown for want of
    anything new."""

    new: str
    history: str
    note: str = ""


def trim(text: str, *, is_forwarded: bool = False) -> Trimmed:
    """Split `text`. What somebody forwards to us is new to us: then only signatures go to the history."""
    lines = text.split("\n", LINES_MAX)
    rest = "\n" + lines.pop() if len(lines) > LINES_MAX else ""
    roles = [_role(line) for line in lines]
    end = _mark(lines, roles, is_forwarded=is_forwarded)
    _mark_mobile(lines, roles, end)
    new = _new_lines(lines, roles, end)
    shown = _joined(lines, new)
    if not shown:
        return Trimmed(text.strip("\n"), "", NOTHING_NEW if text.strip() else "")
    answers = {n for n in new if roles[n] == QUOTED}
    kept = [n for n in range(len(lines)) if n not in new or n in answers]
    return Trimmed(shown, (_joined(lines, kept) + rest).strip("\n"))


def _joined(lines: list[str], numbers: list[int] | set[int]) -> str:
    """These lines; where some between them were left out, a blank line."""
    shown: list[str] = []
    before = -1
    for n in sorted(numbers):
        line = lines[n].rstrip()
        if n != before + 1 and line and shown and shown[-1]:
            shown.append("")
        shown.append(line)
        before = n
    return "\n".join(shown).strip("\n")


def _role(line: str) -> str:
    start = line.lstrip()[:1]
    return BLANK if not start else QUOTED if start == ">" else TEXT


def _mark(lines: list[str], roles: list[str], *, is_forwarded: bool) -> int:
    """Mark introductions and signatures; return where everything further is history (the end when nothing is)."""
    signature_from: int | None = None
    end = len(lines)
    for n, role in enumerate(roles):
        if role == QUOTED:
            _close_signature(lines, roles, signature_from, n)
            signature_from = None
        if role != TEXT or not _may_tell(lines[n]):
            continue
        line = lines[n][:LINE_MAX].strip()
        is_drawn = line[0] in "-_*"
        is_introduced = line[-1] in ":：" or (is_drawn and _is_dashed(line))
        if (is_introduced or is_drawn) and line.lower().strip(" -:") in FORWARDED:
            _close_signature(lines, roles, signature_from, n)
            return end  # from here on it is another's words, sent to us to read
        if line == "--" and lines[n] in ("-- ", "--"):
            _close_signature(lines, roles, signature_from, n)
            signature_from = n
        elif is_introduced and (first := _introduction(lines, roles, n)) is not None:
            if _next_is_quoted(roles, n):
                _close_signature(lines, roles, signature_from, first)
                signature_from = None
                roles[first : n + 1] = [INTRODUCTION] * (n + 1 - first)
            elif not is_forwarded and _is_certain(" ".join(lines[first : n + 1])[:LINE_MAX]):
                end = first
                break
        elif not is_forwarded and ((is_drawn and _is_original(line)) or _is_head(lines, roles, n, line)):
            end = n
            break
    _close_signature(lines, roles, signature_from, end)
    return _back_over_rules(lines, roles, end)


def _may_tell(line: str) -> bool:
    """Whether anything that is looked for can stand in it: a quick look, with which most lines are done."""
    return ":" in line or "：" in line or line.lstrip()[0] in "-_*"


def _close_signature(lines: list[str], roles: list[str], start: int | None, end: int) -> None:
    """A signature ends where a quotation begins, or at the end; one that is too long is none, and behind a `--` without
    its blank (RFC 3676 section 4.3) also one in which sentences stand: people part two matters so."""
    if start is None:
        return
    texts = [n for n in range(start, end) if roles[n] == TEXT]
    is_parting = lines[start] == "--" and any(_is_sentence(lines[n]) for n in texts)
    if len(texts) <= SIGNATURE_LINES_MAX and not is_parting:
        for n in texts:
            roles[n] = SIGNATURE


def _is_sentence(line: str) -> bool:
    words = line[:LINE_MAX].split()
    return line.rstrip().endswith(("?", "？")) or sum(word[0].islower() for word in words) >= SENTENCE_WORDS_MIN


def _introduction(lines: list[str], roles: list[str], n: int) -> int | None:
    """The first line of the introduction that ends in line `n`; None when it is none."""
    joined = ""
    for first in range(n, max(-1, n - WRAPPED_MAX), -1):
        if roles[first] != TEXT:
            return None
        line = lines[first][:LINE_MAX].strip()
        joined = f"{line.strip(' -') if _is_dashed(line) else line} {joined}"
        folded = joined[:LINE_MAX].lower()
        if _HAS_DIGIT.search(folded) is None:
            continue
        begins = folded.startswith(QUOTE_STARTS) or _DATED.match(folded) is not None
        is_theirs = (begins or "@" in folded) and _VERB.search(folded) is not None
        if is_theirs or (begins and ">:" in folded):
            if begins or first == n - WRAPPED_MAX + 1 or not first or roles[first - 1] != TEXT:
                return first
            before = lines[first - 1][:LINE_MAX].strip().lower()
            is_name = folded.startswith("<") and len(before) <= NAME_CHARS_MAX
            return first - 1 if is_name or (before.startswith(QUOTE_STARTS) and _HAS_DIGIT.search(before)) else first
    return None


def _is_dashed(line: str) -> bool:
    """Zoho writes an introduction so: "---- On … wrote ---"."""
    return line.startswith("----") and line.endswith("---")


def _is_certain(introduction: str) -> bool:
    """Whether a program wrote it, so that what follows is quoted even without a mark."""
    return _TIME.search(introduction) is not None and ("@" in introduction or _YEAR.search(introduction) is not None)


def _next_is_quoted(roles: list[str], n: int) -> bool:
    """Whether a quotation follows, after two blank lines at most."""
    return QUOTED in roles[n + 1 : n + 4] and TEXT not in roles[n + 1 : roles.index(QUOTED, n + 1, n + 4)]


def _is_original(line: str) -> bool:
    return line.lower().replace("&nbsp;", " ").strip(" -_*\xa0") in ORIGINAL


def _head_name(line: str) -> str:
    """The field's name, when the line looks like one of a header."""
    name, colon, _ = line[:24].replace("：", ":", 1).partition(":")
    return name.strip(" *\t_\xa0").lower() if colon else ""


def _is_head(lines: list[str], roles: list[str], n: int, line: str) -> bool:
    """Whether line `n` begins a header that somebody's program wrote above what it quotes: with its sender, or its time
    and then its sender; a subject and one more field follow. `From: Berlin, To: Munich, Date: Monday` is a journey."""
    kind = _HEAD_NAMES.get(name := _head_name(line))
    if kind is None:
        return False
    if name not in _SENDERS and not (
        kind == SENT and n + 1 < len(lines) and _head_name(lines[n + 1][:LINE_MAX].strip()) in _SENDERS
    ):
        return False
    kinds = {SENDER}
    for further in range(n, min(n + HEADS_WITHIN, len(lines))):
        if roles[further] == TEXT:
            kinds.add(_HEAD_NAMES.get(_head_name(lines[further][:LINE_MAX].strip()), SENDER))
    return SUBJECT in kinds and len(kinds) >= 3


def _back_over_rules(lines: list[str], roles: list[str], end: int) -> int:
    """A rule above what is quoted belongs to it, and the writer's address that Foxmail puts there, over a blank."""
    if end == len(lines):
        return end
    place = end - 1
    while place >= 0 and roles[place] == BLANK:
        place -= 1
    if place < 0:
        return end
    above = lines[place][:LINE_MAX].strip()
    is_foxmails = _ADDRESS.fullmatch(above) is not None and lines[place + 1] == " " and place + 2 == end
    return place if _RULE.fullmatch(above) or is_foxmails else end


def _mark_mobile(lines: list[str], roles: list[str], end: int) -> None:
    """What telephones put under a text ("Sent from my …"): the last lines before a quotation or the end."""
    borders = [n for n in range(end) if roles[n] in (INTRODUCTION, QUOTED, SIGNATURE)]
    for border in {*borders[:1], end}:
        place = border - 1
        while place >= 0 and roles[place] == BLANK:
            place -= 1
        if place >= 0 and roles[place] == TEXT and _is_mobile(lines[place]):
            roles[place] = SIGNATURE


def _is_mobile(line: str) -> bool:
    plain = line[:LINE_MAX].strip(" \t*_<[(").lower()
    return len(plain) <= MOBILE_CHARS_MAX and plain.startswith(MOBILE)


def _new_lines(lines: list[str], roles: list[str], end: int) -> set[int]:
    """The numbers of the lines that are new, with those of quoted lines that are answered right below them."""
    blocks = _quotations(roles, end)
    texts = [n for n in range(end) if roles[n] == TEXT]
    new = set(texts)
    for start, stop in blocks:
        is_last = not texts or texts[-1] < stop
        if is_last:
            has_introduction = INTRODUCTION in roles[max(0, start - 3) : start]
            if stop - start == 1 and len(blocks) == 1 and not has_introduction and texts:
                roles[start] = TEXT  # one line after a ">" is as likely a sign of its writer's
                new.add(start)
            continue
        is_bottom_posted = len(blocks) == 1 and texts[0] >= stop and stop - start >= BOTTOM_POSTED_MIN
        if not is_bottom_posted:
            new.update(_answered(lines, start, stop))
    is_followed = False
    for n in range(end - 1, -1, -1):  # blank lines belong to what follows them
        if roles[n] == BLANK and is_followed:
            new.add(n)
        elif roles[n] != BLANK:
            is_followed = n in new
    return new


def _quotations(roles: list[str], end: int) -> list[tuple[int, int]]:
    """Runs of quoted lines, blank lines inside them included."""
    found: list[tuple[int, int]] = []
    start = stop = -BLANKS_INSIDE_MAX - 1
    for n in range(end):
        if roles[n] == QUOTED:
            if n - stop > BLANKS_INSIDE_MAX or roles[stop:n].count(BLANK) < n - stop:
                if stop > 0:
                    found.append((start, stop))
                start = n
            stop = n + 1
    return [*found, (start, stop)] if stop > 0 else found


def _answered(lines: list[str], start: int, stop: int) -> range:
    """The last paragraph of a quotation: what the words below it answer."""
    first = stop - 1
    while first > start and stop - first < ANSWERED_LINES_MAX and lines[first - 1].strip(" >\t"):
        first -= 1
    return range(first, stop)
