"""OpenAPI 3.1 from the same declarations that validate, and a page that shows it without anything from elsewhere."""

from html import escape
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from router.http.auth import Role
from router.http.problems import ProblemDocument
from router.http.routes import Nothing, Route
from router.http.sites import HEADER as SITE_KEY

REF = "#/components/schemas/{model}"
BYTES = {"description": "The file.", "content": {"application/octet-stream": {}}}


def openapi(routes: list[Route], *, version: str) -> dict[str, Any]:
    """The document for all `routes`."""
    inputs = {r.body for r in routes if r.body}
    outputs = {r.reply for r in routes if r.reply} | {ProblemDocument}
    models: list[tuple[type[BaseModel], Any]] = [
        *((m, "validation") for m in sorted(inputs, key=lambda m: m.__name__)),
        *((m, "serialization") for m in sorted(outputs, key=lambda m: m.__name__)),
    ]
    references, definitions = models_json_schema(models, ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "onecase",
            "version": version,
            "description": "One continuous case over every channel, on the customer's terms.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "site_key": {"type": "apiKey", "in": "header", "name": SITE_KEY},
            },
        },
        "security": [{"token": []}],
    }


def _operation(route: Route, references: Any) -> dict[str, Any]:
    name = "".join(part.strip("{}").title() for part in route.path.removeprefix("/api/v1/").split("/"))
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{name}",
        "summary": route.summary,
        "tags": [route.tag],
        "description": f"Roles: {', '.join(sorted(route.roles))}.",
        "parameters": _parameters(route),
        "responses": {
            str(route.status): _content(references[(route.reply, "serialization")]) if route.reply else dict(BYTES),
            "default": {
                "description": "A problem (RFC 9457).",
                "content": {"application/problem+json": {"schema": references[(ProblemDocument, "serialization")]}},
            },
        },
    }
    if Role.SITE in route.roles:
        operation["security"] = [{"token": []}, {"site_key": []}]
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": references[(route.body, "validation")]}},
        }
    return operation


def _content(schema: Any) -> dict[str, Any]:
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": s.strip("{}"), "in": "path", "required": True, "schema": {"type": "string"}}
        for s in route.path.split("/")
        if s.startswith("{")
    ]
    if route.query is not Nothing:
        schema = route.query.model_json_schema()
        definitions = schema.get("$defs", {})
        for name, field in schema.get("properties", {}).items():
            found.append({"name": name, "in": "query", "required": False, "schema": _inline(field, definitions)})
    if route.method == "POST":
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string"}})
    return found


def _inline(field: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(field, dict):
        if "$ref" in field:
            return definitions[field["$ref"].rsplit("/", 1)[-1]]
        return {k: _inline(v, definitions) for k, v in field.items()}
    return [_inline(v, definitions) for v in field] if isinstance(field, list) else field


BESIDE = (
    ("GET", "/api/v1/stream", "WebSocket: all that happens, from `?since=SEQ` on"),
    ("GET", "/chat/ws", "WebSocket: a visitor's chat"),
    ("GET", "/c/{token}", "the customer's page"),
    ("POST", "/twilio/…", "the provider's webhooks, signed"),
    ("POST", "/email/inbound/{raw|sendgrid|mailgun|postmark}", "mail that somebody else's server brings"),
    ("GET", "/healthz, /readyz, /metrics", "for whoever watches the service"),
)
"""What is not called as the rest is."""


def docs_page(routes: list[Route]) -> str:
    """The API on one page."""
    rows = "".join(
        f"<tr><td><code>{escape(r.method)}</code></td><td><code>{escape(r.path)}</code></td>"
        f"<td>{escape(r.summary)}</td><td>{_takes(r)}</td><td>{escape(', '.join(sorted(r.roles)))}</td></tr>"
        for r in routes
    )
    beside = "".join(
        f"<tr><td><code>{escape(method)}</code></td><td><code>{escape(path)}</code></td><td>{escape(what)}</td></tr>"
        for method, path, what in BESIDE
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>onecase API</title>"
        "<meta name=viewport content='width=device-width'>"
        "<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui;margin:2rem auto;max-width:70rem;"
        "padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{padding:.4rem .6rem;text-align:left;"
        "border-bottom:1px solid #8884;vertical-align:top}</style>"
        "<h1>onecase API</h1><p>Every call carries <code>Authorization: Bearer TOKEN</code>, "
        f"or <code>{SITE_KEY}</code> where a site may call. "
        "The same as <a href=/openapi.json>OpenAPI 3.1</a>.</p>"
        f"<table><tr><th>Method<th>Path<th>What<th>Takes<th>Roles</tr>{rows}</table>"
        f"<h2>Beside it</h2><table><tr><th>Method<th>Path<th>What</tr>{beside}</table></html>"
    )


def _takes(route: Route) -> str:
    """The fields of its body and query; those that must be there are strong."""
    fields = [
        (name, field.is_required())
        for model in (route.body, route.query)
        if model is not None
        for name, field in model.model_fields.items()
    ]
    return " ".join(
        f"<code><b>{escape(name)}</b></code>" if needed else f"<code>{escape(name)}</code>" for name, needed in fields
    )
