"""Templates into bytes: everything escaped, hidden marks made visible, instants as `<time>`."""

import hashlib
import re
import secrets
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from channels.wire import WireResponse
from router.http.desk import words

HERE = Path(__file__).parent
TYPES = {"desk.css": "text/css; charset=utf-8", "desk.js": "text/javascript; charset=utf-8"}
TURNING = re.compile("[\u202a-\u202e]")
"""Marks that turn the direction of what follows: no customer needs them, and they make words read as others."""
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
OWN = {"Referrer-Policy": "same-origin"}
"""With `no-referrer` a browser hides the Origin of its own forms."""


class Pages:
    def __init__(self) -> None:
        self._files = {name: (HERE / "static" / name).read_bytes() for name in TYPES}
        self._environment = _environment()

    def page(
        self, template: str, *, status: int = 200, headers: dict[str, str] | None = None, **values: Any
    ) -> WireResponse:
        """A page of `template`."""
        text = self._environment.get_template(template).render(**values)
        body = text.encode("utf-8", "replace")
        return WireResponse(status, body, "text/html; charset=utf-8", {**OWN, **(headers or {})})

    def file(self, name: str) -> WireResponse | None:
        """A style sheet or script, or None."""
        body = self._files.get(name)
        return None if body is None else WireResponse(200, body, TYPES[name], FOREVER)


@cache
def _environment() -> Environment:
    """The templates, each compiled when it is first shown."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(plain=plain, moment=moment, until=until, since=since, wait=words.wait_said)
    versions = {name: hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12] for name in TYPES}
    made.globals.update(words=words, versions=versions, once=lambda: secrets.token_urlsafe(16))
    return made


def plain(text: str | None) -> Markup:
    """Words of a stranger: escaped, never a link, with marks that would turn the reading direction made visible."""
    shown = escape(text or "")
    return Markup(TURNING.sub(_mark, str(shown)))  # noqa: S704 - escaped above; the marks are ours


def _mark(found: re.Match[str]) -> str:
    return f'<span class="turn" title="hidden direction mark U+{ord(found[0]):04X}">⇄</span>'


@pass_context
def moment(context: Context, at: str) -> Markup:
    """An instant: its clock time in UTC, with the day when that is another; the script makes it local and relative."""
    then = datetime.fromisoformat(at)
    today = str(context["now"])[:10] == at[:10]
    shown = f"{then:%H:%M} UTC" if today else f"{then.day} {then:%b %H:%M} UTC"
    full = f"{then.day} {then:%B %Y, %H:%M:%S} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at, full, shown)


def until(at: str) -> Markup:
    """A clock that runs out."""
    then = datetime.fromisoformat(at)
    return Markup('<time datetime="{}" data-left role="timer" aria-live="off">until {} UTC</time>').format(
        at, f"{then:%H:%M:%S}"
    )


def since(at: str, limit: str) -> Markup:
    """A clock that counts up from an instant; past `limit` it is marked."""
    then = datetime.fromisoformat(at)
    return Markup(
        '<time datetime="{}" data-since data-limit="{}" role="timer" aria-live="off">since {} UTC</time>'
    ).format(at, limit, f"{then:%H:%M:%S}")
