"""An answer for a device that reads no JSON: one `name: value` a line, and the time, so that it can set its clock.

Its one rule: it says what the JSON says and nothing else; a value is one line whatever stands in it.
"""

import json
from dataclasses import replace
from typing import Any

from channels.wire import WireRequest, WireResponse
from router.core.clock import Ms
from router.core.words import SECOND_MS

TEXT = "text/plain"
TIME = "X-Time"
"""A header with the time as we have it, in seconds since 1970: a device signs with it."""


def in_lines(request: WireRequest, answer: WireResponse, *, now: Ms) -> WireResponse:
    """The answer with the time in a header, and in lines where the request accepts those alone."""
    answer = replace(answer, headers={**(answer.headers or {}), TIME: str(now // SECOND_MS)})
    if request.headers.get("Accept", "").partition(";")[0].strip().lower() != TEXT or not answer.body:
        return answer
    lines = [f"{name}: {_line(value)}" for name, value in _flat(json.loads(answer.body))]
    text = "\n".join([*lines, f"time: {now // SECOND_MS}", ""])
    return replace(answer, body=text.encode("utf-8", "replace"), content_type=f"{TEXT}; charset=utf-8")


def _flat(shape: dict[str, Any]) -> list[tuple[str, Any]]:
    """Its values by name; what the device keeps stands first, without the name of what it stands in."""
    device = shape.pop("device", None) or {}
    rows = [*device.items(), *shape.items()]
    return [(name, value) for name, value in rows if isinstance(value, str | int | bool)]


def _line(value: str | float) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split())
