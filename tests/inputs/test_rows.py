"""Rows 41 to 48 of bad inputs for every operation that the API declares: each row for each family of paths.

What an operation takes is read from `/openapi.json`, so a new one is held to the rows without being named here.
"""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.inputs.test_api import journaled
from tests.inputs.test_openapi import find
from tests.story import Answered, Json, Story, problem_in

FAMILIES = ("agents", "calls", "cases", "customers", "outbox", "quarantine", "sites", "staffing", "tokens", "work")
LISTS = (*FAMILIES, "audit", "policies")
NEVER_REFUSED = "/api/v1/contacts"
NOBODY = "0" * 32
PREFIXES = {"cases": "case_", "customers": "cus_", "callbacks": "prm_", "calls": "call_", "offers": "off_"}
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story() -> AsyncIterator[Story]:
    async with Story() as story:
        await story.phone().texts("hello")
        yield story


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(story: Story) -> Json:
    return (await story.ask("GET", "/openapi.json", token=None)).json


class Operation:
    """One that takes or may take a body."""

    def __init__(self, document: Json, path: str, method: str, declared: Json) -> None:
        self.document, self.method, self.template = document, method.upper(), path
        self.path = re.sub(r"{\w+}", lambda _: PREFIXES.get(path.split("/")[3], "") + NOBODY, path)
        content = declared.get("requestBody", {}).get("content", {}).get("application/json", {})
        self.schema: Json | None = content.get("schema")
        self.body: Any = sample(self.schema, document) if self.schema else {}

    async def sent(self, story: Story, body: bytes, kind: str = "application/json") -> Answered:
        """The answer to a body that must leave no trace in the log. Agents' own calls are made by an agent."""
        before = await journaled(story)
        answer = await story.ask(self.method, self.path, body=body, headers={"Content-Type": kind})
        assert await journaled(story) == before, self.template
        return answer

    def fields(self) -> dict[str, Json]:
        schema = find(self.document, self.schema["$ref"]) if self.schema and "$ref" in self.schema else self.schema
        return (schema or {}).get("properties", {})


def sample(schema: Json, document: Json) -> Any:
    """A value that a schema allows, with no more in it than must be."""
    if "$ref" in schema:
        return sample(find(document, schema["$ref"]), document)
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], document)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    match schema.get("type"):
        case "object":
            needed = schema.get("required", ())
            return {
                name: sample(inner, document) for name, inner in schema.get("properties", {}).items() if name in needed
            }
        case "string" if "date-time" in schema.get("format", ""):
            return "2099-01-01T00:00:00Z"
        case "string":
            return "queue:general" if "pattern" in schema else "words"
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "array":
            return []
        case _:
            return None


def operations(document: Json, family: str) -> list[Operation]:
    found = [
        Operation(document, path, method, declared)
        for path, item in document["paths"].items()
        for method, declared in item.items()
        if method in ("post", "put", "patch") and family in declared["tags"] and path != NEVER_REFUSED
    ]
    assert found, family
    return found


async def test_every_family_is_here(document: Json) -> None:
    """A family of paths that is new is held to the rows too."""
    tags = {
        tag
        for path, item in document["paths"].items()
        for method, declared in item.items()
        for tag in declared["tags"]
        if method in ("post", "put", "patch") and path != NEVER_REFUSED
    }
    assert tags == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
async def test_row41_an_unknown_field_is_named(story: Story, document: Json, family: str) -> None:
    """Row 41: a field that does not exist is refused by its name, also where no body is needed."""
    for one in operations(document, family):
        problem = problem_in(await one.sent(story, json.dumps({**one.body, "no_such_field": 1}).encode()))
        assert problem["status"] == 422, (one.template, problem)
        assert ["body", "no_such_field"] in [e["loc"] for e in problem["errors"]], one.template


@pytest.mark.parametrize("family", FAMILIES)
async def test_row42_what_is_no_plain_json(story: Story, document: Json, family: str) -> None:
    """Row 42: wrong types, NaN, 1e999, keys that come twice and endless nesting are 400."""
    for one in operations(document, family):
        rest = json.dumps(one.body)[1:-1]
        more = f", {rest}" if rest else ""
        odd = [f'{{"x": NaN{more}}}', f'{{"x": 1e999{more}}}', f'{{"x": 1, "x": 2{more}}}',
               '{"x": ' + "[" * 10_000 + "]" * 10_000 + f"{more}}}", f'{{"x": "\\ud800"{more}}}', "[]", "null", "7"]  # fmt: skip
        odd += [json.dumps({**one.body, name: wrong}) for name, wrong in _wrong(one)]
        for body in odd:
            problem = problem_in(await one.sent(story, body.encode()))
            assert problem["status"] == 400, (one.template, body[:200], problem)


def _wrong(one: Operation) -> list[tuple[str, Any]]:
    """Each field with a value of another type."""
    found: list[tuple[str, Any]] = []
    for name, schema in one.fields().items():
        kinds = {inner.get("type") for inner in schema.get("anyOf", [schema])}
        if kinds & {"integer", "number"}:
            found += [(name, "3"), (name, True)]
        elif "string" in kinds and not any(
            "enum" in inner or "const" in inner for inner in schema.get("anyOf", [schema])
        ):
            found += [(name, 7), (name, [])] if "date-time" not in str(schema) else []
        elif "boolean" in kinds:
            found += [(name, "yes"), (name, 1)]
    return found


@pytest.mark.parametrize("family", FAMILIES)
async def test_row43_a_key_is_of_a_sound_form(story: Story, document: Json, family: str) -> None:
    """Row 43: a key that nobody could repeat is refused, wherever it comes."""
    for one in operations(document, family):
        for key in ("", " ", "x" * 201, "a\tb"):
            answer = await story.ask(one.method, one.path, body=one.body, headers={"Idempotency-Key": key})
            assert problem_in(answer)["status"] == 400, one.template


@pytest.mark.parametrize("family", LISTS)
async def test_row44_a_page_that_is_none(story: Story, document: Json, family: str) -> None:
    """Row 44: an impossible size or a cursor that no page gave is never answered with the first page."""
    lists = [
        path
        for path, item in document["paths"].items()
        if family in item.get("get", {}).get("tags", ()) and "limit" in {p["name"] for p in item["get"]["parameters"]}
    ]
    case = (await story.cases())[0]["id"]
    for path in lists:
        address = path.replace("{id}", case)
        asked = "q=x&" if path == "/api/v1/customers" else ""
        for paging in ("limit=0", "limit=-1", "limit=1000000000", "limit=x", "limit=", "limit=1&limit=2", "after=",
                       "after=broken", "after=case_", "after=%00", "after=-1", "after=case_ZZZZZZZZZZZZZZZZZZZZ"):  # fmt: skip
            answer = await story.ask("GET", f"{address}?{asked}{paging}")
            assert problem_in(answer)["status"] == 400, (path, paging)


@pytest.mark.parametrize("deed", ["messages", "notes", "status", "assign", "participants", "callbacks"])
async def test_row45_a_stale_version(story: Story, deed: str) -> None:
    """Row 45: whoever says that they read an older version is told so, whatever they do with the case; what is no
    version is refused."""
    bodies: dict[str, Json] = {
        "messages": {"text": "x"}, "notes": {"text": "x"}, "status": {"status": "waiting_us"},
        "assign": {"queue": "general"}, "participants": {"address": "tom@c.example"}, "callbacks": {},
    }  # fmt: skip
    case = (await story.cases())[0]
    path = f"/cases/{case['id']}/{deed}"
    before = await journaled(story)
    problem = await story.refused("POST", path, bodies[deed], If_Match=str(case["version"] - 1))
    assert (problem["status"], problem["type"].rpartition("/")[2]) == (412, "stale_version")
    for bad in ("*", "x", "-1", "9" * 30):
        assert (await story.refused("POST", path, bodies[deed], If_Match=bad))["status"] == 400
    assert await journaled(story) == before


TIMES = [
    ("2026-11-24T12:00:00", "2026-11-24T12:00:00Z"),
    ("2026-02-30T12:00:00Z", "2026-02-28T12:00:00Z and 2026-03-01T12:00:00Z"),
    ("2027-03-14T02:30:00[America/New_York]", "2027-03-14T01:59:00-05:00 and 2027-03-14T03:00:00-04:00"),
    ("2027-11-07T01:30:00[America/New_York]", "2027-11-07T01:30:00-04:00 or 2027-11-07T01:30:00-05:00"),
    ("2027-03-14T12:00:00[Mars/Base]", "there is no zone Mars/Base"),
    ("tomorrow", "is no time"),
]  # fmt: skip


@pytest.mark.parametrize(("time", "said"), TIMES, ids=[time for time, _ in TIMES])
async def test_row46_a_time_that_is_none(story: Story, document: Json, time: str, said: str) -> None:
    """Row 46: without a zone, on a day that does not exist, on no clock or on clocks twice: 422, with what could be
    meant, in every field that is a time."""
    seen = 0
    for family in FAMILIES:
        for one in operations(document, family):
            for name, schema in one.fields().items():
                if "date-time" not in json.dumps(schema):
                    continue
                seen += 1
                problem = problem_in(await one.sent(story, json.dumps({**one.body, name: time}).encode()))
                assert problem["status"] == 422, one.template
                assert problem["errors"][0]["loc"] == ["body", name]
                assert said in problem["errors"][0]["msg"]
    assert seen >= 2


async def test_row46_a_time_in_a_zone_is_that_instant() -> None:
    """Row 46: a time of day in a named zone is taken where a clock there shows it once."""
    async with Story() as story:
        ana = await story.agent("Ana")
        shown = await ana.is_now("away", "2027-03-14T09:00:00[America/New_York]")
        assert shown["until"] == "2027-03-14T13:00:00.000Z"


@pytest.mark.parametrize("family", FAMILIES)
async def test_row47_a_body_cut_off(story: Story, document: Json, family: str) -> None:
    """Row 47: a body that ends in the middle is 400, and nothing is kept."""
    for one in operations(document, family):
        whole = json.dumps({**one.body, "z": "z"}).encode()
        for cut in (whole[:-1], whole[: len(whole) // 2], whole[:1]):
            assert problem_in(await one.sent(story, cut))["status"] == 400, one.template


@pytest.mark.parametrize("family", FAMILIES)
async def test_row48_another_content_type(story: Story, document: Json, family: str) -> None:
    """Row 48: only JSON is read as JSON."""
    for one in operations(document, family):
        for kind in (
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
        ):
            answer = await one.sent(story, json.dumps(one.body or {"x": 1}).encode(), kind)
            assert problem_in(answer)["status"] == 415, (one.template, kind)


# --- 43, where something is done --------------------------------------------------------------------------------------

DONE: list[tuple[str, Json, Json]] = [
    ("/agents", {"name": "Ana"}, {"name": "Ben"}),
    ("/cases", {"address": "+12125550190"}, {"address": "+12125550191"}),
    ("/cases/{case}/notes", {"text": "a"}, {"text": "b"}),
    ("/cases/{case}/status", {"status": "waiting_us"}, {"status": "open"}),
    ("/cases/{case}/assign", {"queue": "general"}, {"queue": "billing"}),
    ("/cases/{case}/messages", {"text": "a"}, {"text": "b"}),
    ("/cases/{case}/callbacks", {}, {"address": "+12125550192"}),
    ("/customers/{customer}/addresses", {"address": "+12125550193"}, {"address": "+12125550194"}),
    ("/cases/{case}/participants", {"address": "a@c.example"}, {"address": "b@c.example"}),
    ("/quarantine/{junk}/release", {}, {"reason": "x"}),
]


@pytest.mark.parametrize(("path", "first", "other"), DONE, ids=[path for path, _, _ in DONE])
async def test_row43_a_key_belongs_to_one_request(path: str, first: Json, other: Json) -> None:
    """Row 43: the same request under the same key has the same answer and is done once; another one is refused."""
    async with Story() as story:
        await story.phone("+12125550199").texts("You have won! http://win.example")
        await story.phone().texts("hello")
        [case], [junk] = await story.cases(), (await story.api("GET", "/quarantine"))["items"]
        at = path.format(case=case["id"], customer=case["customer"], junk=junk["id"])
        made = await story.api("POST", at, first, key="k")
        await story.settles()
        before = await journaled(story)
        assert await story.api("POST", at, first, key="k") == made
        assert await journaled(story) == before
        assert (await story.refused("POST", at, other, Idempotency_Key="k"))["status"] == 409
        assert await journaled(story) == before


@pytest.mark.parametrize(
    ("path", "first", "other"),
    [
        pytest.param("/tokens", {"role": "ops"}, {"role": "admin"}, id="tokens"),
        pytest.param("/sites", {"name": "a"}, {"name": "b"}, id="sites"),
    ],
)
async def test_row43_a_secret_is_shown_once(path: str, first: Json, other: Json) -> None:
    """Row 43: what shows a secret is done once under a key; the secret is not kept, so it is not shown again."""
    async with Story() as story:
        await story.api("POST", path, first, key="k")
        made = (await story.api("GET", path))["items"]
        assert (await story.refused("POST", path, first, Idempotency_Key="k"))["type"].endswith("shown_once")
        assert (await story.refused("POST", path, other, Idempotency_Key="k"))["type"].endswith("key_used_before")
        assert (await story.api("GET", path))["items"] == made
