"""Reads what a page, app or device sends with a touch: whatever it is, as much of it as can be used.

Its one rule: nothing is refused for its form. What cannot be used is named, and kept within bounds for a person to
read; card numbers and secrets are taken out here, before anything is written. It knows no customers and no cases.
"""

import json
import math
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from channels.wire import WireRequest
from router.core.clock import Ms
from router.core.contacts import TEXT_CHARS_MAX, clean_text
from router.core.redaction import SECRET_MARK, is_secret, redacted, without_cards
from router.core.words import MINUTE_MS, TOUCHES, Channel
from router.http.problems import Problem
from router.http.times import zoned
from router.node.carrying import MARK
from router.node.carrying import TOKEN as CARRY

BODY_BYTES_MAX = 256 * 1024
CONTEXT_BYTES_MAX = 8 * 1024
VALUE_CHARS_MAX = 500
LIST_MAX = 20
EXTRA_MAX = 40
EXTRA_BYTES_MAX = 4 * 1024
IGNORED_MAX = 100
NAME_CHARS_MAX = 80
DEPTH_MAX = 20
IDENTITY_CHARS_MAX = 4_000
DIGITS_MAX = 18
"""A number with more digits than this counts nothing; it is read as what was written."""
REACH_FIELDS = ("channel", "address", "at", "until")
REACH_TIMES = ("reach_me", "reach_me.at", "reach_me.until")
"""Where a time may stand at which they want to be called."""
TIME_CHARS_MAX = 200
"""Of a time, in their words."""
AT_ONE_TIME_MS = 20 * MINUTE_MS
"""How long a window is that is named by its beginning."""
AS_WORDS = "{} (kept as words)"
NAME = re.compile(r"[a-z_]{1,40}", re.ASCII)
DEVICE = re.compile(r"[!-~]{1,100}", re.ASCII)
MAIL = re.compile(r"[^@\s<>\",;:\x00-\x1f]{1,64}@[^@\s<>\",;:]+\.[^@\s<>\",;:.]+")
PHONE = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
SEPARATORS = re.compile(r"(?<!^)[\s().\-/\u2010-\u2015\u00a0]")


@dataclass(slots=True)
class ContactForm:
    """What could be read of `request`. `ignored` names what could not; most of that stands in `extra`."""

    request: WireRequest
    channel: Channel = Channel.TOUCH
    address: str = ""
    customer: str = ""
    text: str = ""
    context: dict[str, str] = field(default_factory=dict[str, str])
    device: str = ""
    carry: str = ""
    identity: str = ""  # the word of their site on who they are, not looked at yet
    calls: bool = False  # they want to be called when it is their turn
    soon: bool = False  # they said so: now
    time: str = ""  # when, in their words
    window: tuple[Ms, Ms] | None = None  # the same, as a program names it
    until: Ms | None = None  # now, and not after that
    number: str = ""  # where they want to be called, where `address` is no telephone
    prefers: Channel | None = None
    wish: list[str] = field(default_factory=list[str])  # how they want to be reached, for a person to read
    extra: dict[str, str] = field(default_factory=dict[str, str])
    ignored: list[str] = field(default_factory=list[str])

    def ignore(self, name: str, value: Any = None) -> None:
        """Name what could not be used, and keep it as far as there is room."""
        shown = without_cards(clean_text(name))[:NAME_CHARS_MAX]
        if shown not in self.ignored:
            self.ignored.append(shown)
        room = EXTRA_BYTES_MAX - sum(len(n.encode()) + len(v.encode()) for n, v in self.extra.items())
        kept = _kept(name, value)
        if value is not None and len(self.extra) < EXTRA_MAX and len(shown.encode()) + len(kept.encode()) <= room:
            self.extra[shown] = kept

    @property
    def wants_call(self) -> bool:
        """Whether they want to be called, at once or at a time."""
        return self.calls or bool(self.time or self.window)

    def window_from(self, now: Ms) -> tuple[Ms, Ms] | None:
        """When they want to be called, as a program names it."""
        return self.window if self.until is None else (now, self.until)

    def used(self, *names: str) -> None:
        """These were words, and were used after all."""
        self.ignored = [one for one in self.ignored if one not in {AS_WORDS.format(name) for name in names}]

    def named(self) -> list[str]:
        """What was ignored, for the answer."""
        if len(self.ignored) <= IGNORED_MAX:
            return self.ignored
        return [*self.ignored[:IGNORED_MAX], f"and {len(self.ignored) - IGNORED_MAX} more"]


def read_contact(request: WireRequest) -> ContactForm:
    """The body as a contact. Raises Problem(413) for one that is too large, 400 for one that is no JSON object."""
    if len(request.body) > BODY_BYTES_MAX:
        raise Problem(413, "Too large", f"The body is larger than {BODY_BYTES_MAX} bytes.")
    form = ContactForm(request)
    given = _object(request.body, form)
    for name, value in sorted(given.items(), key=lambda one: one[0] == "reach_me"):  # last: it knows the address
        if value is None:
            continue
        match name:
            case "channel" if value in TOUCHES:
                form.channel = Channel(value)
            case "address" if isinstance(value, str) and (address := plain_address(value)):
                form.address = address
            case "customer" if isinstance(value, str) and 0 < len(value) <= NAME_CHARS_MAX:
                form.customer = value
            case "text" if isinstance(value, str) and not isinstance(value, _Digits):
                form.text = without_cards(clean_text(value))
                if len(value) > TEXT_CHARS_MAX:
                    form.ignore("text")
            case "carry" if isinstance(value, str) and CARRY.fullmatch(value.strip().removeprefix(MARK).lower()):
                form.carry = value.strip().removeprefix(MARK).lower()
            case "identity" if isinstance(value, str) and 0 < len(value) <= IDENTITY_CHARS_MAX:
                form.identity = value
            case "identity":
                form.ignore("identity")
            case "context" if isinstance(value, dict):
                _read_context(form, value)
            case "reach_me" if isinstance(value, dict | str):
                _read_wish(form, value)
            case _:
                form.ignore(name, value)
    return form


def plain_address(given: str) -> str:
    """A phone number with its country, or an e-mail address, as it can be called or written to; else nothing.

    >>> plain_address(" +1 (212) 555-0142 "), plain_address("Mia@Customer.example"), plain_address("call me")
    ('+12125550142', 'Mia@Customer.example', '')
    """
    given = given.strip()
    if len(given) > 254:
        return ""
    number = SEPARATORS.sub("", given)
    if PHONE.fullmatch(number):
        return number
    return given if MAIL.fullmatch(given) else ""


# --- JSON -------------------------------------------------------------------------------------------------------------


def _object(body: bytes, form: ContactForm) -> dict[str, Any]:
    """The JSON object in `body`. A key that stands there twice has its last value; the others are named."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict[str, Any]()
        for name, value in found:
            if name in fields:
                form.ignore(name, fields[name])
            fields[name] = value
        return fields

    text = body.decode("utf-8-sig", "replace")
    try:
        read = json.loads(text, object_pairs_hook=pairs, parse_int=_whole)
    except RecursionError:  # an object that nobody can look into, or no object at all
        if not text.lstrip().startswith("{"):
            raise _no_object() from None
        form.ignore("body", "nested too deep to be read")
        return {}
    except ValueError:
        raise _no_object() from None
    if not isinstance(read, dict):
        raise _no_object()
    return read


def _no_object() -> Problem:
    return Problem(
        400, "No JSON object", "Send a JSON object; `{}` is enough. Whatever stands in it is taken, used or not."
    )


class _Digits(str):
    """A whole number too long to count with."""


def _whole(digits: str) -> int | _Digits:
    return int(digits) if len(digits) <= DIGITS_MAX else _Digits(digits)


# --- context ----------------------------------------------------------------------------------------------------------


def _read_context(form: ContactForm, given: dict[str, Any]) -> None:
    room = CONTEXT_BYTES_MAX
    for name, value in given.items():
        shown = f"context.{name}"
        if value is None:
            continue
        if is_secret(name):
            form.ignore(shown)
            form.context |= {name: SECRET_MARK} if NAME.fullmatch(name) else {}
            continue
        plain = _plain(value) if NAME.fullmatch(name) else None
        room -= 0 if plain is None else len(name) + len(plain.encode())
        if plain is None or room < 0:
            form.ignore(shown, value)
            continue
        form.context[name] = redacted(plain)
        if name == "device" and isinstance(value, str) and DEVICE.fullmatch(value):
            form.device = value


def _plain(value: Any) -> str | None:
    """A short text, a number, yes or no, or a list of those as text; None for anything else."""
    match value:
        case bool():
            return "true" if value else "false"
        case float() if not math.isfinite(value):
            return None
        case int() | float():
            return f"{value}"
        case str() if len(value) <= VALUE_CHARS_MAX:
            return clean_text(value)
        case list() if len(value) <= LIST_MAX:
            parts = [None if isinstance(one, list) else _plain(one) for one in value]
            whole = ", ".join(part or "" for part in parts)
            return None if None in parts or len(whole) > VALUE_CHARS_MAX else whole
        case _:
            return None


def _kept(name: str, value: Any) -> str:
    """What cannot be used, for a person to read: as JSON, cut, without secrets."""
    if any(is_secret(part) for part in name.split(".")):
        return SECRET_MARK
    if isinstance(value, str):
        text = value
    elif _is_deep(value):
        return "[nested too deep]"
    else:
        text = json.dumps(_without_secrets(value), ensure_ascii=False)
    return redacted(clean_text(text[: 2 * VALUE_CHARS_MAX]))[:VALUE_CHARS_MAX]


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [x for x in level if isinstance(x, dict | list)]
        level = [inner for x in level for inner in (x.values() if isinstance(x, dict) else x)]
    return bool(level)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: SECRET_MARK if is_secret(name) else _without_secrets(one) for name, one in value.items()}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value


# --- how they want to be reached --------------------------------------------------------------------------------------


def _read_wish(form: ContactForm, given: dict[str, Any] | str) -> None:
    """`reach_me`: a call, when it is their turn or at the time that they name, another channel, or their own words."""
    if isinstance(given, str):
        form.time = clean_text(given)[:TIME_CHARS_MAX]
        _keep_words(form, "reach_me", given)
        return
    given = _with_ends(given)
    wanted = given.get("channel")
    channel = Channel(wanted) if wanted in list(Channel) and wanted not in TOUCHES else None
    if channel is not None:
        form.prefers = None if channel is Channel.PHONE else channel
        form.calls = channel is Channel.PHONE
        form.soon = form.calls and given.get("at") == "now"
        if form.calls and (given.get("at") not in (None, "now") or given.get("until") is not None):
            _read_time(form, given.get("at"), given.get("until"))
        form.wish.append(f"Wants to be reached by {channel}." if not form.calls else "Wants to be called.")
    address = given.get("address")
    plain = plain_address(address) if isinstance(address, str) else ""
    if plain and form.address in ("", plain):
        form.address = plain
        address = None
    elif plain and channel is Channel.PHONE and "@" in form.address and "@" not in plain:
        form.number, address = plain, None
    for name, value in {**given, "address": address}.items():
        if value is None or (name == "channel" and channel) or (name == "address" and address is None):
            continue
        if name == "at" and value == "now":
            form.wish += [] if form.calls else ["Now."]
        elif name in REACH_FIELDS and name != "channel":
            _keep_words(form, f"reach_me.{name}", value)
        else:
            form.ignore(f"reach_me.{name}", value)


def _with_ends(given: dict[str, Any]) -> dict[str, Any]:
    """`at` as a window, `{"start", "end"}`, is the same as `at` and `until`."""
    at = given.get("at")
    if not isinstance(at, dict) or "start" not in at or not at.keys() <= {"start", "end"}:
        return given
    return {**given, "at": at["start"], "until": at.get("end", given.get("until"))}


def _read_time(form: ContactForm, at: Any, until: Any) -> None:
    """When they want to be called: instants with a zone, or any words. Anything else leaves it to a person, and is no
    wish to be called at once."""
    is_now = at in (None, "now")
    try:
        first, last = (zoned(one) if isinstance(one, str) else None for one in (None if is_now else at, until))
    except ValueError:
        first = last = None
    if is_now and isinstance(last, datetime):
        form.until = Ms(round(last.timestamp() * 1000))
    elif is_now and isinstance(until, str):
        form.time = clean_text(f"until {until}")[:TIME_CHARS_MAX]
    elif isinstance(first, datetime):
        start = Ms(round(first.timestamp() * 1000))
        end = Ms(round(last.timestamp() * 1000)) if isinstance(last, datetime) else Ms(start + AT_ONE_TIME_MS)
        form.window = (start, end)
    elif isinstance(at, str) and (until is None or isinstance(until, str)):
        form.time = clean_text(at if until is None else f"from {at} until {until}")[:TIME_CHARS_MAX]
    form.calls = bool(form.window or form.time or form.until)
    form.soon = form.soon and not (form.until or form.time)


def _keep_words(form: ContactForm, name: str, value: Any) -> None:
    said = _kept(name, value)
    what = name.partition(".")[2]
    form.wish.append(f"{what.capitalize()}: {said}" if what else said)
    form.ignore(AS_WORDS.format(name))
