"""What goes over a wire, without the wire: one request, one response, and the port that carries them.

The same adapters run on real sockets (`channels.transport`) and in the simulator, which carries these values in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from multidict import CIMultiDict, CIMultiDictProxy

NO_HEADERS: Mapping[str, str] = CIMultiDictProxy(CIMultiDict[str]())


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request. `url` is absolute on the way out; the raw path with its query on the way in, as sent."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)  # looked up case-insensitively
    body: bytes = b""
    remote: str = ""  # the address of whoever is at the other end of the wire, on the way in


@dataclass(frozen=True, slots=True)
class WireResponse:
    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)


class WireFailure(Exception):
    """No answer came. `may_have_arrived` is False only where the request surely never reached the other side."""

    def __init__(self, reason: str, *, may_have_arrived: bool) -> None:
        super().__init__(reason)
        self.may_have_arrived = may_have_arrived


class WireTooLarge(WireFailure):
    """The answer is larger than what is read."""


class Transport(Protocol):
    """Carries a request to the outside and brings the response back."""

    async def send(self, request: WireRequest, *, timeout_s: float) -> WireResponse:
        """Raise `WireFailure` when no whole answer came within `timeout_s` (real seconds)."""
        ...
