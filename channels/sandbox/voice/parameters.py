"""Parameters of REST calls about voice, read and judged.

Its one rule: a parameter that would change what happens and is not emulated is refused, never ignored.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from channels.sandbox.carrier import is_web_url
from channels.sandbox.refusals import NOT_EMULATED, Refused
from channels.sandbox.rest_call import Call
from channels.sandbox.times import moment
from channels.sandbox.voice.recordings import Wish
from channels.sandbox.webhooks import Method
from router.core.clock import Ms

STATUS_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
RECORDING_EVENTS = frozenset({"in-progress", "completed", "absent"})


def refuse_unknown(call: Call, known: Iterable[str]) -> None:
    allowed = frozenset(known)
    for name, _ in call.pairs:
        if name not in allowed:
            raise Refused(NOT_EMULATED, f"The sandbox does not emulate {name}.")


def flag(call: Call, name: str, *, default: bool = False) -> bool:
    said = call.form.get(name)
    if said is None:
        return default
    if said.lower() not in ("true", "false"):
        raise Refused(20001, f"{name} is true or false; got {said}")
    return said.lower() == "true"


def whole(call: Call, name: str, *, default: int, low: int, high: int) -> int:
    said = call.form.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", said, re.ASCII) or not low <= int(said) <= high:
        raise Refused(20001, f"{name} is a whole number from {low} to {high}; got {said}")
    return int(said)


def one_of(call: Call, name: str, allowed: Iterable[str], *, default: str) -> str:
    said = call.form.get(name, default)
    if said not in (choices := tuple(allowed)):
        raise Refused(20001, f"{name} is one of {', '.join(choices)}; got {said}")
    return said


def url(call: Call, name: str, *, code: int = 21205) -> str:
    said = call.form.get(name, "")
    if said and not is_web_url(said):
        raise Refused(code, said)
    return said


def method(call: Call, name: str) -> Method:
    return "GET" if one_of(call, name, ("GET", "POST"), default="POST") == "GET" else "POST"


def events(call: Call, name: str, allowed: Iterable[str], *, default: tuple[str, ...]) -> tuple[str, ...]:
    """Events come as repeated fields, or in one, separated by spaces."""
    said = [one for text in call.all_of(name) for one in text.replace(",", " ").split()]
    choices = frozenset(allowed)
    for one in said:
        if one not in choices:
            raise Refused(20001, f"{name} has {', '.join(sorted(choices))}; got {one}")
    return tuple(said) or default


def wish(call: Call, prefix: str = "RecordingStatusCallback") -> Wish:
    """Who is told about a recording."""
    return Wish(
        url(call, prefix, code=21609),
        method(call, f"{prefix}Method"),
        events(call, f"{prefix}Event", RECORDING_EVENTS, default=("completed",)),
    )


WISH = ("RecordingStatusCallback", "RecordingStatusCallbackMethod", "RecordingStatusCallbackEvent")


def within(call: Call, name: str) -> Callable[[Ms | None], bool]:
    """Does an instant lie where the filters `name`, `name<` and `name>` want it? Bounds are days or instants."""
    on, before, after = (_when(call, f"{name}{sign}") for sign in ("", "<", ">"))

    def lies(at: Ms | None) -> bool:
        if on is None and before is None and after is None:
            return True
        if at is None:
            return False
        present = moment(at).replace(microsecond=0)
        return (
            (on is None or on[0] <= present < on[1])
            and (before is None or present < before[1])
            and (after is None or present >= after[0])
        )

    return lies


def _when(call: Call, name: str) -> tuple[datetime, datetime] | None:
    """From when (inclusive) until when (exclusive) a filter reaches: a second, or a day."""
    text = call.query.get(name)
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError as problem:
        raise Refused(20001, f"{name} is YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ; got {text}") from problem
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    is_day = len(text) == len("YYYY-MM-DD")
    return when, when + (timedelta(days=1) if is_day else timedelta(seconds=1))
