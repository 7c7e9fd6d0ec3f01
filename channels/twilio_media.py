"""Files that came with messages, fetched from the provider that holds them.

Its one rule: the account's credentials go to the configured provider's own address and to nothing but its media. One
redirect is followed, to a configured host of the provider's files, and without them.
"""

import base64
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from multidict import CIMultiDict

from channels.wire import Transport, WireFailure, WireRequest, WireResponse, WireTooLarge

FETCH_S = 20.0
REDIRECTS = (301, 302, 303, 307, 308)
MEDIA_PATH = re.compile(r"(/[\w.-]+)*/Accounts/\w+/(Messages/\w+/Media/\w+|Recordings/\w+\.wav)", re.ASCII)
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
TWILIO_HOST = re.compile(r"api(\.[a-z0-9-]+){0,2}\.twilio\.com")


class TwilioMedia:
    """`user` and `secret` are sent as HTTP Basic to `base_url`; where that is Twilio, to its regional hosts as well.

    `file_hosts` are where it may send us on to, such as `*.twiliocdn.com`."""

    def __init__(
        self, transport: Transport, *, base_url: str, user: str, secret: str, file_hosts: Sequence[str] = ()
    ) -> None:
        self._transport = transport
        self._file_hosts = tuple(file_hosts)
        self._base = urlsplit(base_url)
        self._basic = "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()

    def is_ours(self, url: str) -> bool:
        """True for a medium at the provider's own address, and for nothing that only looks like one."""
        try:
            asked = urlsplit(url)
        except ValueError:
            return False
        if asked.fragment or not url.isascii() or not url.isprintable() or not MEDIA_PATH.fullmatch(asked.path):
            return False
        if (asked.scheme, asked.netloc) == (self._base.scheme, self._base.netloc):
            return True
        is_twilio = self._base.scheme == "https" and TWILIO_HOST.fullmatch(self._base.netloc) is not None
        return is_twilio and asked.scheme == "https" and TWILIO_HOST.fullmatch(asked.netloc) is not None

    def url_of(self, uri: str) -> str:
        """The address of a medium from the `uri` that the provider lists it under."""
        return f"{self._base.scheme}://{self._base.netloc}{self._base.path.rstrip('/')}{uri.removesuffix('.json')}"

    async def fetch(self, url: str) -> WireResponse | None:
        """The provider's answer; None, unasked, for an address that is not the provider's. Raises WireTooLarge, and
        ConnectionError when no answer came."""
        if not self.is_ours(url):
            return None
        answer = await self._send(WireRequest("GET", url, CIMultiDict({"Authorization": self._basic})))
        target = answer.headers.get("Location", "") if answer.status in REDIRECTS else ""
        return await self._send(WireRequest("GET", target)) if self._holds_files(target) else answer

    def _holds_files(self, url: str) -> bool:
        """True for https at a host of the provider's files: no port, no user, nothing that only looks like one."""
        try:
            asked = urlsplit(url)
        except ValueError:
            return False
        host = asked.netloc
        if asked.scheme != "https" or not HOST.fullmatch(host) or not url.isascii() or not url.isprintable():
            return False
        return any(host == known or (known[:2] == "*." and host.endswith(known[1:])) for known in self._file_hosts)

    async def _send(self, request: WireRequest) -> WireResponse:
        try:
            return await self._transport.send(request, timeout_s=FETCH_S)
        except WireTooLarge:
            raise
        except WireFailure as failure:
            raise ConnectionError(str(failure)) from failure
