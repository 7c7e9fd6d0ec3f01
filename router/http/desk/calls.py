"""The API from inside: the desk reads and acts through the very routes that programs call.

Its one rule: no rule of its own. Roles, limits and words for problems are those of the route; a form's hidden `once`
is its Idempotency-Key, so that a double click or a second try after a lost answer is done once.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from router.http.api_calls import CallApi
from router.http.api_candidates import CandidateApi
from router.http.api_cases import CaseApi
from router.http.api_merges import MergeApi
from router.http.api_people import PeopleApi
from router.http.api_promises import PromiseApi
from router.http.api_quarantine import QuarantineApi
from router.http.api_windows import WindowApi
from router.http.api_work import WorkApi
from router.http.auth import Identity, require
from router.http.problems import Problem, validation_problem
from router.http.routes import Call, Route, RouteTable
from router.http.service import Service

API = "/api/v1"
NO_QUERY: Mapping[str, str] = {}
Fields = Mapping[str, str | bool | list[str] | dict[str, str]]
"""Of a form, as a route's body has them."""
ONCE = re.compile(r"^[\w-]{8,64}$")


class Calls:
    def __init__(self, service: Service) -> None:
        apis = (
            CaseApi, CallApi, PromiseApi, WindowApi, WorkApi, CandidateApi, MergeApi, PeopleApi, QuarantineApi,
        )  # fmt: skip
        self._table = RouteTable([route for api in apis for route in api(service).routes()])

    def may(self, who: Identity, method: str, path: str) -> bool:
        """Whether the role of `who` is let in there at all."""
        return who.role in self._find(method, path)[0].roles

    async def read(self, who: Identity, path: str, **query: str | int | None) -> Any:
        """The model that GET `path` answers. Raises Problem."""
        route, values = self._find("GET", path)
        require(who, route.roles)
        given = {name: str(value) for name, value in query.items() if value is not None}
        asked = Call(
            who=who,
            path=values,
            query=_checked(route.query, given, where="query"),
            body=None,
            key="",
            fingerprint="",
            if_version=None,
        )
        return (await route.handler(asked)).model

    async def act(
        self,
        who: Identity,
        path: str,
        fields: Fields,
        *,
        once: str,
        method: str = "POST",
        query: Mapping[str, str] = NO_QUERY,
        if_version: int | None = None,
    ) -> dict[str, Any]:
        """Do what a form asks for; its answer as the API gives it. Raises Problem."""
        route, values = self._find(method, path)
        require(who, route.roles)
        digest = hashlib.blake2b(
            json.dumps([method, path, {**fields}, {**query}, if_version]).encode(), digest_size=16
        ).hexdigest()
        is_known = ONCE.match(once) is not None
        done = Call(
            who=who,
            path=values,
            query=_checked(route.query, query, where="query"),
            body=_checked(route.body, fields, where="form") if route.body else None,
            key=f"desk/{who.token}/{once if is_known else secrets.token_hex(16)}",
            fingerprint=digest if is_known else "",
            if_version=if_version,
        )
        return json.loads((await route.handler(done)).json())

    def _find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        found = self._table.find(method, API + path)
        if found is None:
            raise Problem(404, "Not found", "There is nothing at this address.")
        return found


def _checked(model: type[BaseModel], fields: Fields, *, where: str) -> BaseModel:
    try:
        return model.model_validate_json(json.dumps({**fields})) if where == "form" else model.model_validate(fields)
    except ValidationError as error:
        raise validation_problem(error, where=where) from None
