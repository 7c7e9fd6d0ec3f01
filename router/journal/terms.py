"""What somebody looks for, read from what they typed: terms, each with the ways in which it may be written.

Its one rule: nothing that can be typed is an error; what says nothing is left out. It knows the tokens of the index
(letters and figures, without case and accents) and nothing of where those stand.
"""

import re
import unicodedata
from dataclasses import dataclass

from router.core.addresses import matching_key
from router.core.reference import normalised_reference

TERMS_MAX = 12
"""Words of one query that are looked for; the rest is not."""
PREFIX_MIN = 3
"""Letters of an unfinished last word; a shorter one is taken as it is."""
INTERNATIONAL_MIN = 11
"""A number of so many figures may begin with its country."""
TAIL_MIN = 4
"""Last figures of a number by which somebody is found."""
WHOLE_MIN = 7
"""Figures with gaps that are taken as one number, as in `212 555 0142`."""
NATIONAL_MIN = 6
"""Figures after a leading 0 that is dialled inside a country only."""

PARTS = re.compile(r'"([^"]*)"|(\S+)')
FIGURES = re.compile(r"[+#(]*[0-9][0-9().\-/#]*")
NO_FIGURES = re.compile("[^0-9]+")
TOKEN = re.compile(r"[^\W_]+")
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts that leave no spaces between words: Thai, Lao, Burmese, Khmer, kana, Han."""
PART = "\x1f"
"""What parts such letters in the index, so that each is a token and any piece of a sentence is found."""
UMLAUTS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
WRITTEN_OUT = re.compile("ae|oe|ue")


@dataclass(frozen=True, slots=True)
class Said:
    """Tokens that follow each other. `goes_on`: the last may be the beginning of a longer one."""

    text: str
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that must be there, in one of several ways; a way is all of its parts in one row.

    `figures`: those of a number, whose last ones are enough."""

    ways: tuple[tuple[Said, ...], ...]
    figures: str = ""


def terms_of(typed: str) -> tuple[Term, ...]:
    """All of these must be found. Empty when nothing was said."""
    clean = "".join(c if c.isprintable() else " " for c in typed.encode("utf-8", "replace").decode())
    parts = [(m[1], True) if m[1] is not None else (m[2].replace('"', " "), False) for m in PARTS.finditer(clean)]
    found: list[Term] = []
    at = 0
    while at < len(parts) and len(found) < TERMS_MAX:
        end = at
        while end < len(parts) and not parts[end][1] and FIGURES.fullmatch(parts[end][0]):
            end += 1
        run = [text for text, _ in parts[at:end]]
        if len(run) > 1 and len(digits_of("".join(run))) < WHOLE_MIN:
            run = run[:1]
        text, is_quoted = parts[at]
        at += len(run) or 1
        is_last = at >= len(parts)
        if run:
            found.append(_number(run, is_last=is_last))
        elif tokens(text):
            found.append(Term(((Said(parted(text)),),)) if is_quoted else _word(text, is_last=is_last))
    return tuple(found)


def tokens(text: str) -> list[str]:
    """The tokens of a text as the index knows them."""
    return [m[0] for m in TOKEN.finditer(folded(parted(text)))]


def folded(text: str) -> str:
    """Without case, and without accents on letters."""
    if text.isascii():
        return text.lower()
    bare = "".join(c for c in unicodedata.normalize("NFD", text.lower()) if not "\u0300" <= c <= "\u036f")
    return unicodedata.normalize("NFC", bare)


def parted(text: str) -> str:
    """The text with each letter of an unspaced script standing alone."""
    if text.isascii():
        return text
    return UNSPACED.sub(lambda m: f"{PART}{m[0]}{PART}", unicodedata.normalize("NFC", text))


def whole(text: str) -> str:
    """What `parted` was given."""
    return text.replace(PART, "")


def address_keys(address: str) -> str:
    """What finds an address by its last figures: them in reverse order, so that the last are the first of a token."""
    key = matching_key(address)
    if not key.startswith("tel:"):
        return ""
    found, other = tail_key(key[4:]), tail_key(digits_of(address))
    return found if found == other else f"{found} {other}"


def reference_key(reference: str) -> str:
    return f"r{digits_of(reference)}"


def tail_key(digits: str) -> str:
    return f"x{digits[::-1]}"


def digits_of(text: str) -> str:
    return NO_FIGURES.sub("", text)


def follows(here: list[str], at: int, words: list[str], *, goes_on: bool) -> bool:
    """Whether `words` stand in `here` from position `at` on."""
    if goes_on:
        return here[at : at + len(words) - 1] == words[:-1] and here[at + len(words) - 1].startswith(words[-1])
    return here[at : at + len(words)] == words


def _word(text: str, *, is_last: bool) -> Term:
    """A word in the spellings that mean the same: with its umlaut, without, and written out."""
    last = tokens(text)[-1]
    goes_on = is_last and len(last) >= PREFIX_MIN and not UNSPACED.match(last)
    ways = [Said(parted(text), goes_on)]
    plain = unicodedata.normalize("NFC", text.lower())
    out = "".join(UMLAUTS.get(c, c) for c in plain)
    if out != plain:
        ways.append(Said(out, goes_on))
    elif "ss" in plain:
        ways.append(Said(plain.replace("ss", "ß"), goes_on))
    if WRITTEN_OUT.search(plain):
        ways.append(Said(WRITTEN_OUT.sub(lambda m: m[0][0], plain)))
    return Term(tuple((way,) for way in ways))


def _number(run: list[str], *, is_last: bool) -> Term:
    """A number as it was typed, as the end of an address, as a reference."""
    typed = " ".join(run)
    digits = digits_of(typed.replace("(0)", ""))
    asked = [digits]
    if typed.startswith("+") or len(digits) >= INTERNATIONAL_MIN:  # people leave the plus out
        asked.append(digits_of(matching_key(f"+{digits}")))
    national = digits.lstrip("0")
    if national != digits and len(national) >= NATIONAL_MIN:
        asked.append(national)
    said = [parts[-1] for one in run if (parts := tokens(one))]
    goes_on = is_last and len(said[-1]) >= PREFIX_MIN
    ways = [tuple(Said(one, goes_on and n == len(run) - 1) for n, one in enumerate(run))]
    tails = list(dict.fromkeys(one for one in asked if len(one) >= TAIL_MIN))
    ways += [(Said(tail_key(tail), goes_on=True),) for tail in tails]
    if (reference := normalised_reference(typed)) is not None:
        ways.append((Said(reference_key(reference)),))
    return Term(tuple(ways), figures=min(tails, key=len, default=""))
