"""How the control API says no: RFC 9457 problem documents.

Its one rule: an error names the field, what came and what was expected.
"""

import json
from dataclasses import dataclass, field
from http import HTTPStatus

from pydantic import ValidationError

from channels.wire import WireResponse

GOT_CHARS_MAX = 80


@dataclass(frozen=True, slots=True)
class FieldError:
    loc: tuple[str | int, ...]
    msg: str


@dataclass(slots=True)
class Problem(Exception):
    """Raised by whatever answers; shown by whoever catches."""

    status: int
    detail: str
    errors: list[FieldError] = field(default_factory=list[FieldError])

    def response(self) -> WireResponse:
        shape = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "errors": [{"loc": list(one.loc), "msg": one.msg} for one in self.errors],
        }
        return WireResponse(self.status, json.dumps(shape, ensure_ascii=False).encode(), "application/problem+json")


def problem_of(error: ValidationError) -> Problem:
    """400 for what is no JSON, else 422."""
    found = error.errors(include_url=False, include_context=False)
    if any(one["type"] == "json_invalid" for one in found):
        return Problem(400, f"The body is not JSON: {found[0]['msg']}")
    errors = [FieldError(("body", *one["loc"]), _words(one["msg"], one["input"])) for one in found]
    return Problem(422, "The body has what is not allowed here.", errors)


def bad_field(name: str, *, expected: str, got: object) -> Problem:
    return Problem(422, f"{name} is not allowed so.", [FieldError((name,), f"expected {expected}; got {_cut(got)}")])


def _words(msg: str, got: object) -> str:
    return f"{msg.removeprefix('Value error, ')}; got {_cut(got)}"


def _cut(got: object) -> str:
    text = repr(got)
    return text if len(text) <= GOT_CHARS_MAX else text[:GOT_CHARS_MAX] + "…"
