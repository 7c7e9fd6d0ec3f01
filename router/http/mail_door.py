"""`POST /email/inbound/{raw|sendgrid|mailgun|postmark}`: mail that somebody else's server brings by HTTP.

Its one rule: it is answered with 2xx only when the mail is durable; whoever brings it tries again otherwise. Of a
stranger's request no more than the head is read, but where a signature stands in the body.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from multidict import CIMultiDict

from channels.base import Refusal
from channels.email.inbound import KINDS, Kind, envelopes_of, fields_of, token_of, verify_mailgun
from channels.wire import WireRequest, WireResponse
from router.core.clock import Ms
from router.core.words import MINUTE_MS
from router.http.auth import WRITERS, identify, require
from router.http.problems import Problem
from router.http.service import Service
from router.journal.base import Answer

PREFIX = "/email/inbound/"
TOKEN_KEPT_MS = 10 * MINUTE_MS
"""Twice as long as a signature holds."""
TOKENS_MAX = 100_000
LONGER = 2
"""How many times as long as the mail a request may be: as JSON or a form it is longer."""
AT_ONCE_BYTES_MAX = 1024 * 1024
"""What is taken apart on the loop."""
BY_NAME: dict[str, Kind] = {kind: kind for kind in KINDS}

T = TypeVar("T")


class MailDoor:
    """`mailgun_key`: what Mailgun signs with; without it, its webhooks need a token as the others do. `bytes_max`: the
    largest mail."""

    def __init__(self, service: Service, *, bytes_max: int, mailgun_key: bytes = b"") -> None:
        self._service = service
        self._node = service.node
        self._bytes_max = bytes_max
        self._mailgun_key = mailgun_key
        self._used: OrderedDict[str, tuple[bytes, Ms]] = OrderedDict()

    async def __call__(self, request: WireRequest) -> WireResponse:
        kind, address = self._kind_of(request)
        try:
            await self._let_in(kind, request)
            read = partial(envelopes_of, kind, request, otherwise_to=address, is_trusted=True)
            envelopes = await _beside(request.body, read)
        except Refusal as refusal:
            title = "Refused" if refusal.status == 403 else "Cannot be read"
            raise Problem(refusal.status, title, str(refusal)) from None
        taken = [await self._node.take_mail(envelope) for envelope in envelopes]
        answer: Answer | None = taken[0].answer if taken else None
        return WireResponse(200, (answer.body if answer else "{}").encode(), "application/json")

    def body_bytes_max(self, request: WireRequest) -> int:
        """How long a body may come after this head, before any of it is read. Raises Problem where none may."""
        kind, _ = self._kind_of(request)
        if self._is_signed(kind, request):
            return self._bytes_max
        self._require_token(request)
        return LONGER * self._bytes_max

    def _kind_of(self, request: WireRequest) -> tuple[Kind, str]:
        """What comes, and our address. Raises Problem."""
        said = request.url.partition("?")[0].removeprefix(PREFIX)
        kind = BY_NAME.get(said)
        if kind is None:
            raise Problem(404, "Not found", f"Mail comes to {PREFIX} and one of {', '.join(KINDS)}.")
        if request.method != "POST":
            raise Problem(405, "Method not allowed", "Mail comes by POST.", headers={"Allow": "POST"})
        letterbox = self._node.letterbox
        if letterbox is None:
            raise Problem(409, "No mail here", "This service has no mail address: set [mail] address.")
        if not self._node.is_ready:
            raise Problem(503, "Not ready", "The service is starting or stopping.", headers={"Retry-After": "2"})
        return kind, letterbox.address

    def _is_signed(self, kind: Kind, request: WireRequest) -> bool:
        return kind == "mailgun" and bool(self._mailgun_key) and "Authorization" not in request.headers

    async def _let_in(self, kind: Kind, request: WireRequest) -> None:
        """By a token or by Mailgun's signature. Raises Problem or Refusal."""
        if not self._is_signed(kind, request):
            self._require_token(request)
            return
        fields = await _beside(request.body, partial(fields_of, request))
        now = self._node.clock.now()
        token = verify_mailgun(fields, self._mailgun_key, now)
        digest = await _beside(request.body, lambda: hashlib.sha256(request.body).digest())
        self._use(token, digest, now)

    def _require_token(self, request: WireRequest) -> None:
        """Also as the password of HTTP Basic, which is what providers can send. Raises Problem."""
        headers = CIMultiDict(request.headers)
        if (token := token_of(request)) is not None:
            headers["Authorization"] = f"Bearer {token}"
        require(identify(WireRequest(request.method, request.url, headers), self._service.tokens), WRITERS)

    def _use(self, token: str, digest: bytes, now: Ms) -> None:
        """The signature says nothing of the mail itself, so each token brings one: again the same, never another."""
        while self._used and now - next(iter(self._used.values()))[1] > TOKEN_KEPT_MS:
            self._used.popitem(last=False)
        if self._used.setdefault(token, (digest, now))[0] != digest:
            raise Refusal("this signature was used for another mail")
        if len(self._used) > TOKENS_MAX:
            self._used.popitem(last=False)


async def _beside(body: bytes, work: Callable[[], T]) -> T:
    """What `work` makes of a body; of a large one in a thread, so that it holds up no call."""
    return await asyncio.to_thread(work) if len(body) > AT_ONCE_BYTES_MAX else work()
