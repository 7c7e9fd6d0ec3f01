"""Where the document that steers a call comes from: a URL to ask, or TwiML that was given.

Its one rule: these are plain values; nothing here asks or reads.
"""

from dataclasses import dataclass

from channels.sandbox.webhooks import Method


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask `url` what to do; `fields` come on top of those that every request about a call has."""

    url: str
    method: Method = "POST"
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """TwiML as text, with the URL that its relative URLs start from."""

    text: str
    url: str = ""


Source = Ask | Given


def method_of(text: str | None) -> Method:
    return "GET" if (text or "").upper() == "GET" else "POST"
