"""One call of the REST API as its resources see it, and the pages that lists come in.

Its one rule: a page's token names the last thing shown, so that what arrives meanwhile shifts nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from channels.sandbox.refusals import Refused

PAGE_SIZE, PAGE_SIZE_MAX = 50, 1_000
FIELDS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Call:
    """`path` is what stands below the API's version, decoded and without `.json`; `pairs` is the form as sent."""

    method: str
    path: list[str]
    raw_path: str
    is_json: bool
    query: dict[str, str]
    pairs: tuple[tuple[str, str], ...]

    @property
    def form(self) -> dict[str, str]:
        """The form where every name comes once."""
        return dict(self.pairs)

    def all_of(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.pairs if key == name)


class Listed(Protocol):
    @property
    def sid(self) -> str: ...


T = TypeVar("T", bound=Listed)


def pairs_of(text: str) -> tuple[tuple[str, str], ...]:
    """The pairs of a form or query. Raise `Refused` when there are too many."""
    try:
        return tuple(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError as problem:
        raise Refused(20001, str(problem)) from problem


def page_of(call: Call, name: str, things: Iterable[T], shape: Callable[[T], dict[str, object]]) -> dict[str, object]:
    """One page of `things`, in the provider's envelope, by `PageSize`, `Page` and `PageToken` of the query."""
    size, page = _number(call, "PageSize", PAGE_SIZE), _number(call, "Page", 0)
    size = min(max(size, 1), PAGE_SIZE_MAX)
    rest = iter(things)
    if token := call.query.get("PageToken"):
        sid = token.removeprefix("PA")
        if not any(one.sid == sid for one in rest):
            raise Refused(20001, f"the page token {token} is not, or no longer, known")
    shown = list(islice(rest, size + 1))
    more, shown = len(shown) > size, shown[:size]
    filters = [(key, value) for key, value in call.query.items() if key not in ("Page", "PageSize", "PageToken")]

    def uri(number: int, after: str) -> str:
        token = [("PageToken", f"PA{after}")] if after else []
        return f"{call.raw_path}?{urlencode([*filters, ('PageSize', size), ('Page', number), *token])}"

    return {
        name: [shape(one) for one in shown],
        "page": page,
        "page_size": size,
        "start": page * size,
        "end": page * size + max(len(shown) - 1, 0),
        "uri": uri(page, ""),
        "first_page_uri": uri(0, ""),
        "next_page_uri": uri(page + 1, shown[-1].sid) if more else None,
        "previous_page_uri": None,
    }


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Refused(20001, f"{name} is a whole number; got {text}")
    return int(text)
