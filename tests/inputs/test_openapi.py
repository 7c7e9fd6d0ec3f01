"""The API's own description: sound OpenAPI 3.1, and true: what is answered is what it says."""

import json
import re
from datetime import timedelta
from typing import Any

from tests.story import Json, Story, World

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
TYPES: dict[str, Any] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None), "array": list,
    "object": dict,
}  # fmt: skip


def wrong(value: Any, schema: Json, document: Json, at: str = "") -> list[str]:
    """Where a value is not what its schema (the part of JSON Schema 2020-12 that is in use) says."""
    if "$ref" in schema:
        return wrong(value, find(document, schema["$ref"]), document, at)
    if "anyOf" in schema:
        tries = [wrong(value, one, document, at) for one in schema["anyOf"]]
        return [] if any(not found for found in tries) else min(tries, key=len)
    found: list[str] = []
    kind = schema.get("type")
    if kind and not (isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))):
        return [f"{at or '/'}: {value!r} is no {kind}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} is none of {schema['enum']}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, inner in value.items():
            rest = schema.get("additionalProperties", {} if not known else False)
            if name in known:
                found += wrong(inner, known[name], document, f"{at}/{name}")
            elif rest is False:
                found.append(f"{at}: {name} is not documented")
            elif isinstance(rest, dict):
                found += wrong(inner, rest, document, f"{at}/{name}")
    if isinstance(value, list) and "items" in schema:
        for n, inner in enumerate(value):
            found += wrong(inner, schema["items"], document, f"{at}/{n}")
    return found


def find(document: Json, reference: str) -> Json:
    assert reference.startswith("#/"), reference
    node: Any = document
    for part in reference[2:].split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [v for k, v in node.items() if k == "$ref"] + [r for v in node.values() for r in references(v)]
    return [r for v in node for r in references(v)] if isinstance(node, list) else []


async def described(story: World) -> Json:
    answer = await story.ask("GET", "/openapi.json", token=None)
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json


async def test_the_document_is_sound() -> None:
    """OpenAPI 3.1: the fields it must have, references that lead somewhere, path parameters that are declared, operation
    ids that are used once, a reply and a problem for every operation, and every route on the page for people."""
    async with Story() as story:
        document = await described(story)
        assert document["openapi"].startswith("3.1.")
        assert set(document["info"]) >= {"title", "version"}
        assert [find(document, reference) for reference in references(document)]
        operations = [(p, m, o) for p, item in document["paths"].items() for m, o in item.items()]
        ids = [operation["operationId"] for _, _, operation in operations]
        assert len(set(ids)) == len(ids)
        page = (await story.ask("GET", "/docs", token=None)).body.decode()
        for path, method, operation in operations:
            assert method in METHODS
            assert path.startswith("/api/v1/")
            named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
            assert named == set(re.findall(r"{(\w+)}", path))
            keys = [(p["in"], p["name"]) for p in operation["parameters"]]
            assert len(set(keys)) == len(keys)
            assert all("schema" in p and p["required"] is (p["in"] == "path") for p in operation["parameters"])
            assert "default" in operation["responses"]
            [good] = [status for status in operation["responses"] if status != "default"]
            assert re.fullmatch("20[0-9]", good)
            assert all(r["description"] for r in operation["responses"].values())
            assert ("requestBody" in operation) <= (method in ("post", "put", "patch"))
            assert f"<code>{path}</code>" in page
        for name, schema in document["components"]["schemas"].items():
            assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
            assert set(schema.get("required", ())) <= set(schema.get("properties", {}))


async def test_answers_are_what_the_document_says() -> None:
    """Every GET and the calls of an agent's work: status and body as described, on data with everything in it."""
    async with Story() as story:
        document = await described(story)
        seen: set[tuple[str, str]] = set()

        async def check(
            method: str, path: str, body: Json | None = None, *, token: str, query: str = "", **values: str
        ) -> Any:
            answer = await story.ask(method, path.format(**values) + query, body=body, token=token)
            operation = document["paths"][path][method.lower()]
            described_as = operation["responses"].get(str(answer.status))
            assert described_as, (method, path, answer.status, answer.body)
            seen.add((method.lower(), path))
            if "application/json" in described_as["content"]:
                schema = described_as["content"]["application/json"]["schema"]
                assert wrong(answer.json, schema, document) == [], (method, path)
                return answer.json
            return None

        v1 = "/api/v1"
        admin = "oct_the-admin-of-the-stories"
        made = await check("POST", f"{v1}/agents", {"name": "Ana", "skills": {"heating": 3}}, token=admin)
        ana = made["token"]
        await check("PUT", f"{v1}/agents/me/state", {"state": "ready"}, token=ana)
        her = story.phone()
        await her.texts("E42", media=[{"content_type": "image/png", "base64": "iVBORw0KGgo="}])
        case = await story.one_case()
        values = {"id": case["id"]}
        [offer] = (await check("GET", f"{v1}/agents/me/work", token=ana))["offers"]
        await check("POST", f"{v1}/offers/{{id}}/decline", {"reason": "no"}, token=ana, id=offer["id"])
        await story.passes(minutes=2, seconds=1)
        [offer] = (await check("GET", f"{v1}/agents/me/work", token=ana))["offers"]
        work = await check("POST", f"{v1}/offers/{{id}}/accept", token=ana, id=offer["id"])
        await check("GET", f"{v1}/agents/me/work", token=ana)
        await her.behaves(on_text="undelivered")
        await check("POST", f"{v1}/cases/{{id}}/messages", {"text": "hi"}, token=ana, **values)
        await check("POST", f"{v1}/cases/{{id}}/notes", {"text": "hm"}, token=ana, **values)
        await check("POST", f"{v1}/cases/{{id}}/typing", {"on": True}, token=ana, **values)
        await story.passes(seconds=5)
        [stuck] = (await story.api("GET", "/outbox?state=failed"))["items"]
        await check("POST", f"{v1}/outbox/{{id}}/retry", token=admin, id=stuck["id"])
        await story.passes(seconds=5)
        await check(
            "POST", f"{v1}/work/{{id}}/transfer", {"to": "queue:general", "reason": "x"}, token=ana, id=work["id"]
        )
        await story.settles()
        [offer] = (await story.api("GET", "/agents/me/work", token=ana))["offers"]
        work = await check("POST", f"{v1}/offers/{{id}}/accept", token=ana, id=offer["id"])
        await check("POST", f"{v1}/work/{{id}}/finish", {"outcome": "done", "note": "n"}, token=ana, id=work["id"])
        await story.phone("+12125550177").texts("hello")
        [last] = (await check("GET", f"{v1}/agents/me/work", token=ana))["offers"]
        lea = await check("POST", f"{v1}/agents", {"name": "Lea", "role": "lead"}, token=admin)
        later = {"until": "2099-01-01T00:00:00Z"}
        await check("PUT", f"{v1}/work/{{id}}/deadline", later, token=ana, id=last["work"])
        await check("POST", f"{v1}/work/{{id}}/first", {"reason": "x"}, token=admin, id=last["work"])
        await check("POST", f"{v1}/work/{{id}}/take", {"reason": "x"}, token=lea["token"], id=last["work"])
        await story.settles()
        caller, desk_phone = story.phone("+12125550179"), story.phone("+14155550201")
        eva = await story.ready_agent("Eva", phone=desk_phone.number, capacity={"message": 0})
        await caller.calls()
        await story.passes(seconds=15)
        called = await caller.case()
        [call] = [o for o in await eva.offers() if o["case"] == called]
        await eva.accepts(call)
        await story.passes(seconds=1)
        await desk_phone.picks_up()
        await story.passes(seconds=1)
        await desk_phone.presses("1")
        await story.passes(seconds=4)
        legs = (await story.api("GET", f"/cases/{await caller.case()}/calls"))["items"]
        [leg] = [one for one in legs if one["role"] == "customer"]
        made = await story.api("POST", "/agents", {"name": "Lea", "phone": "+14155550203", "role": "lead"})
        await check(
            "POST",
            f"{v1}/calls/{{id}}/join",
            {"mode": "listen", "reason": "to learn"},
            token=made["token"],
            id=leg["id"],
        )
        await check("POST", f"{v1}/calls/{{id}}/recording", {"on": False}, token=admin, id=leg["id"])
        for step in ("hold", "resume", "hang-up"):
            await check("POST", f"{v1}/calls/{{id}}/{step}", token=admin, id=leg["id"])
        opened = await check("POST", f"{v1}/cases", {"address": "+12125550178", "subject": "s"}, token=ana)
        promise = await check("POST", f"{v1}/cases/{{id}}/callbacks", {}, token=ana, id=opened["id"])
        await check("DELETE", f"{v1}/callbacks/{{id}}", token=ana, id=promise["id"])
        promise = await check("POST", f"{v1}/cases/{{id}}/callbacks", {}, token=ana, id=opened["id"])
        hour = (await story.now()) + timedelta(hours=1)
        window = {"start": hour.isoformat(), "end": (hour + timedelta(minutes=20)).isoformat()}
        for kind in ("callbacks", "promises"):
            path = f"{v1}/{kind}/{{id}}"
            await check("PATCH", path, {"window": window, "named": True}, token=ana, id=promise["id"])
        said = {"kind": "reply", "window": window, "text": "we write by then"}
        reply = await check("POST", f"{v1}/cases/{{id}}/promises", said, token=ana, id=opened["id"])
        await check("DELETE", f"{v1}/promises/{{id}}", token=ana, id=reply["id"])
        await check("PUT", f"{v1}/staffing", {"shifts": []}, token=admin)
        await story.settles()
        await check("POST", f"{v1}/cases/{{id}}/assign", {"queue": "general"}, token=admin, **values)
        await check("POST", f"{v1}/cases/{{id}}/status", {"status": "solved", "reason": "r"}, token=admin, **values)
        mail = {"address": "mia@customer.example"}
        await check("POST", f"{v1}/customers/{{id}}/addresses", mail, token=ana, id=case["customer"])
        tom = {"address": "tom@customer.example"}
        await check("POST", f"{v1}/cases/{{id}}/participants", tom, token=ana, id=case["id"])
        person = {"customer": opened["customer"]}
        joined = await check("POST", f"{v1}/customers/{{id}}/merge", person, token=admin, id=case["customer"])
        merged = await check("POST", f"{v1}/cases/{{id}}/merge", {"case": opened["id"]}, token=ana, **values)
        await her.texts("and my bill")
        came = [row for row in await story.timeline(case["id"], "message") if row["direction"] == "in"]
        split = await check("POST", f"{v1}/cases/{{id}}/split", {"entries": [came[-1]["id"]]}, token=ana, **values)
        await check("POST", f"{v1}/cases/{{id}}/unmerge", {"merge": split["split"]}, token=ana, id=split["id"])
        await check("POST", f"{v1}/cases/{{id}}/unmerge", merged, token=ana, **values)
        await check("POST", f"{v1}/customers/{{id}}/unmerge", joined, token=admin, id=case["customer"])
        touch = {"address": "+12125550180", "text": "E42", "reach_me": {"channel": "phone"}, "x": 1}
        await check("POST", f"{v1}/contacts", touch, token=admin)
        await check("POST", f"{v1}/contacts", {}, token=admin)
        await story.passes(seconds=1)
        await her.texts("I have another question")
        newest = (await story.cases())[-1]
        await check("POST", f"{v1}/cases/{{id}}/candidates", {}, token=ana, id=newest["id"])
        site = await check("POST", f"{v1}/sites", {"name": "Shop"}, token=admin)
        by_site = await story.ask("POST", f"{v1}/contacts", body=touch, headers={"X-Site-Key": site["key"]}, token=None)
        schema = document["paths"][f"{v1}/contacts"]["post"]["responses"]["201"]["content"]["application/json"][
            "schema"
        ]
        assert wrong(by_site.json, schema, document) == []
        await story.phone("+12125550181").texts("You have won! http://win.example/now")
        [junk] = (await check("GET", f"{v1}/quarantine", token=admin))["items"]
        await check("POST", f"{v1}/quarantine/{{id}}/release", {}, token=admin, id=junk["id"])
        pressed = await check("POST", f"{v1}/contacts", {"context": {"device": "T100-0001"}}, token=admin)
        theirs = {"id": case["customer"]}
        code = {"code": pressed["device"]["code"]}
        paired = await check("POST", f"{v1}/customers/{{id}}/devices", code, token=ana, **theirs)
        device = f"{v1}/customers/{{id}}/devices/{{device}}/unpair"
        await check("GET", f"{v1}/customers/{{id}}/devices", token=ana, **theirs)
        await check("POST", device, {"reason": "sold"}, token=ana, device=paired["id"], **theirs)
        await check("POST", f"{v1}/cases/{{id}}/switch", {"channel": "sms"}, token=ana, **values)
        await check("DELETE", f"{v1}/cases/{{id}}/switch", token=ana, **values)
        token = await check("POST", f"{v1}/tokens", {"role": "ops"}, token=admin)
        [made_token] = [t for t in (await story.api("GET", "/tokens"))["items"] if t["role"] == "ops"]
        assert token["token"]

        file = (await story.timeline(case["id"], "message"))[0]["attachments"][0]
        ids = {f"{v1}/media/{{id}}": file["id"], f"{v1}/customers/{{id}}": case["customer"]}
        ids[f"{v1}/customers/{{id}}/devices"] = case["customer"]
        for path, item in document["paths"].items():
            if "get" in item and (path != f"{v1}/customers"):
                own = path.startswith(f"{v1}/agents/me")
                query = "?words=tomorrow+after+3" if path.endswith("/windows") else ""
                await check("GET", path, token=ana if own else admin, query=query, id=ids.get(path, case["id"]))
        found = await story.ask("GET", f"{v1}/customers?q=%2B12125550142")
        schema = document["paths"][f"{v1}/customers"]["get"]["responses"]["200"]["content"]["application/json"][
            "schema"
        ]
        assert wrong(found.json, schema, document) == []
        assert found.json["items"]
        await check("PATCH", f"{v1}/customers/{{id}}/terms", {"discreet": True}, token=ana, id=case["customer"])
        for held in (True, False):
            await check("POST", f"{v1}/customers/{{id}}/hold", {"on": held}, token=admin, id=case["customer"])
        await check("POST", f"{v1}/customers/{{id}}/export", token=admin, id=case["customer"])
        for what in ("export", "erase"):
            await check("POST", f"{v1}/participants/{what}", tom, token=admin)
        whole = {"whole_person": True}
        await check("POST", f"{v1}/customers/{{id}}/erase", whole, token=admin, id=case["customer"])
        await check("DELETE", f"{v1}/tokens/{{id}}", token=admin, id=made_token["id"])
        await check("DELETE", f"{v1}/sites/{{id}}", token=admin, id=site["id"])

        every = {(m, p) for p, item in document["paths"].items() for m in item} - {("get", f"{v1}/customers")}
        assert every <= seen, sorted(every - seen)
        problem = document["paths"][f"{v1}/cases"]["get"]["responses"]["default"]
        schema = problem["content"]["application/problem+json"]["schema"]
        for refusal in (
            await story.refused("GET", "/cases?limit=0"),
            await story.refused("GET", "/cases/x"),
            await story.refused("GET", "/nowhere"),
            await story.refused("GET", "/cases", token=None),
            await story.refused("POST", "/agents", {"x": 1}),
            await story.refused("DELETE", "/cases"),
        ):
            assert wrong(refusal, schema, document) == []


def test_the_check_itself_finds_what_is_wrong() -> None:
    """A value that is not as described is found, wherever it is."""
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "integer"}, "b": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    }
    good: list[Any] = [{"a": 1}, {"a": 1, "b": None}, {"a": 1, "b": "x"}]
    bad: list[Any] = [{}, {"a": "1"}, {"a": True}, {"a": 1, "b": 2}, {"a": 1, "c": 1}, [], None]
    assert [wrong(value, schema, {}) for value in good] == [[], [], []]
    assert all(wrong(value, schema, {}) for value in bad)
    assert json.dumps(schema)
