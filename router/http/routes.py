"""Declarations: one `Route` gives a path's validation, its roles, its documentation and its place in OpenAPI.

Reads requests strictly: what is unknown is refused by name, what is malformed is refused before anything is kept.
"""

import json
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import parse_qsl, unquote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from channels.wire import WireRequest, WireResponse
from router.http.auth import Identity, Role
from router.http.problems import Problem, validation_problem

M = TypeVar("M", bound=BaseModel)
ID_CURSOR = re.compile(r"^[a-z]{2,4}_[0-9a-z]{16,40}$", re.ASCII)
NUMBER_CURSOR = re.compile(r"^\d{1,15}$", re.ASCII)
LIST_MAX = 200
LIST_DEFAULT = 50
DEPTH_MAX = 50
Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
"""A reason that has to be given: it stands on the case and in the audit."""


class Body(BaseModel):
    """A request's body: strict types, unknown fields refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """A request's query."""

    model_config = ConfigDict(extra="forbid")


class Empty(Body):
    """The body of a request that needs none."""


class Nothing(Query):
    """No query at all."""


class Page(Query):
    """A page of a list."""

    limit: int = Field(LIST_DEFAULT, ge=1, le=LIST_MAX, description="how many items at most")
    after: str | None = Field(None, max_length=200, description="`next` of the page before")


class Reply(BaseModel):
    """An answer's body."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read and checked."""

    who: Identity
    path: dict[str, str]
    query: Any
    body: Any
    key: str  # for the command: from Idempotency-Key, or made for this call
    fingerprint: str  # empty without Idempotency-Key
    if_version: int | None


Handler = Callable[[Call], Awaitable["Replied"]]


@dataclass(frozen=True, slots=True)
class Replied:
    """What a handler answers: a model, JSON that was stored before, or a file."""

    status: int
    model: BaseModel | None = None
    stored: str | None = None
    file: WireResponse | None = None

    def response(self) -> WireResponse:
        return self.file or WireResponse(self.status, self.json(), "application/json")

    def json(self) -> bytes:
        if self.model is not None:
            return self.model.model_dump_json(by_alias=True).encode("utf-8", "replace")
        return (self.stored or "").encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str  # /api/v1/cases/{id}
    summary: str
    roles: frozenset[Role]
    handler: Handler
    reply: type[BaseModel] | None
    status: int = 200
    body: type[BaseModel] | None = None
    query: type[BaseModel] = Nothing
    tag: str = "cases"
    read: Callable[[WireRequest], Any] | None = None  # where nothing is refused for its form: reads the body instead
    bytes_max: int = 0  # of a body that may be larger than others: whoever sends it is looked at before it is read
    is_repeated: bool = True  # a second call with the same Idempotency-Key is answered from what was stored, unasked


class RouteTable:
    """Finds a route by method and path: one dictionary step a segment, whatever the number of routes."""

    def __init__(self, routes: list[Route]) -> None:
        self.routes = routes
        self._root: dict[str, Any] = {}
        for route in routes:
            node = self._root
            for segment in route.path.strip("/").split("/"):
                node = node.setdefault("{}" if segment.startswith("{") else segment, {})
            node.setdefault("", {})[route.method] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route and its path values. None: no such path. Raises Problem(405) where the method is wrong."""
        node, values = self._root, list[str]()
        for segment in path.strip("/").split("/"):
            following = node.get(segment)
            if following is None:
                following = node.get("{}")
                values.append(unquote(segment))
            if following is None:
                return None
            node = following
        methods: dict[str, Route] | None = node.get("")
        if methods is None:
            return None
        route = methods.get(method)
        if route is None:
            allowed = ", ".join(sorted(methods))
            raise Problem(405, "Method not allowed", f"This path takes {allowed}.", headers={"Allow": allowed})
        names = [s.strip("{}") for s in route.path.split("/") if s.startswith("{")]
        return route, dict(zip(names, values, strict=True))


def id_cursor(after: str | None, prefix: str) -> str | None:
    """The id that a page begins after. Raises Problem(400) for anything that no page ever gave."""
    if after is not None and not (after.startswith(prefix) and ID_CURSOR.match(after)):
        raise broken_cursor()
    return after


def number_cursor(after: str | None) -> int:
    """The number that a page begins after, 0 for the first page. Raises Problem(400)."""
    if after is None:
        return 0
    if not NUMBER_CURSOR.match(after):
        raise broken_cursor()
    return int(after)


def broken_cursor() -> Problem:
    return Problem(400, "Broken cursor", "Send `next` of the page before as `after`, unchanged.")


def read_query(raw: str, model: type[M]) -> M:
    pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=50)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Problem(400, "Given twice", "A query parameter was given twice.")
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problem = validation_problem(error, where="query")
        paging = any(e["loc"] and e["loc"][0] in ("limit", "after") for e in error.errors())
        raise Problem(400, problem.title, problem.detail, errors=problem.errors) if paging else problem from None


def read_body(request: WireRequest, model: type[M]) -> M:
    """The body as `model`. 415 for another type, 400 for what is not plain JSON, 422 for fields that cannot be used."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(415, "Wrong content type", f"Send application/json; this came as {kind or 'nothing'}.")
    try:
        read = json.loads(
            request.body.decode(),
            object_pairs_hook=_no_twins,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        if _depth(read) > DEPTH_MAX:
            raise RecursionError
        json.dumps(read, ensure_ascii=False).encode()  # a lone surrogate is no text
    except RecursionError:
        raise Problem(400, "Nested too deep", f"The body is nested deeper than {DEPTH_MAX} levels.") from None
    except ValueError as error:
        raise Problem(400, "Not JSON", f"The body cannot be read as JSON: {error}") from None
    try:
        return model.model_validate_json(request.body)
    except ValidationError as error:
        raise validation_problem(error, where="body") from None


def read_or(request: WireRequest, default: M) -> M:
    """The body, or what no body means."""
    return read_body(request, type(default)) if request.body.strip() else default


def _depth(read: Any) -> int:
    """How deep lists and objects are nested, without recursion."""
    depth, level = 0, [read]
    while level := [x for x in level if isinstance(x, dict | list)]:
        depth += 1
        level = [inner for x in level for inner in (x.values() if isinstance(x, dict) else x)]
    return depth


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twin = next(name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1)
        raise ValueError(f"the key {twin!r} stands there twice")
    return fields


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is too large")
    return number
