"""`POST /email/inbound/{raw|sendgrid|mailgun|postmark}`: mail that somebody else's server brings by HTTP.

Its one rule: it is answered with 2xx only when the mail is durable; whoever brings it tries again otherwise.
"""

import hashlib
from collections import OrderedDict

from multidict import CIMultiDict

from channels.base import Refusal
from channels.email.inbound import KINDS, envelopes_of, fields_of, token_of, verify_mailgun
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


class MailDoor:
    """`mailgun_key`: what Mailgun signs with; without it, its webhooks need a token as the others do."""

    def __init__(self, service: Service, *, mailgun_key: bytes = b"") -> None:
        self._service = service
        self._node = service.node
        self._mailgun_key = mailgun_key
        self._used: OrderedDict[str, tuple[bytes, Ms]] = OrderedDict()

    async def __call__(self, request: WireRequest) -> WireResponse:
        kind = request.url.partition("?")[0].removeprefix(PREFIX)
        if kind not in KINDS:
            raise Problem(404, "Not found", f"Mail comes to {PREFIX} and one of {', '.join(KINDS)}.")
        if request.method != "POST":
            raise Problem(405, "Method not allowed", "Mail comes by POST.", headers={"Allow": "POST"})
        letterbox = self._node.letterbox
        if letterbox is None:
            raise Problem(409, "No mail here", "This service has no mail address: set [mail] address.")
        try:
            self._let_in(kind, request)
            envelopes = envelopes_of(kind, request, otherwise_to=letterbox.address, is_trusted=True)
        except Refusal as refusal:
            title = "Refused" if refusal.status == 403 else "Cannot be read"
            raise Problem(refusal.status, title, str(refusal)) from None
        if not self._node.is_ready:
            raise Problem(503, "Not ready", "The service is starting or stopping.", headers={"Retry-After": "2"})
        taken = [await self._node.take_mail(envelope) for envelope in envelopes]
        answer: Answer | None = taken[0].answer if taken else None
        return WireResponse(200, (answer.body if answer else "{}").encode(), "application/json")

    def _let_in(self, kind: str, request: WireRequest) -> None:
        """By a token, also as the password of HTTP Basic, which is what providers can send; or by Mailgun's signature.

        Raises Problem or Refusal."""
        if kind == "mailgun" and self._mailgun_key and "Authorization" not in request.headers:
            now = self._node.clock.now()
            self._use(verify_mailgun(fields_of(request), self._mailgun_key, now), request.body, now)
            return
        headers = CIMultiDict(request.headers)
        if (token := token_of(request)) is not None:
            headers["Authorization"] = f"Bearer {token}"
        require(identify(WireRequest(request.method, request.url, headers), self._service.tokens), WRITERS)

    def _use(self, token: str, body: bytes, now: Ms) -> None:
        """The signature says nothing of the mail itself, so each token brings one: again the same, never another."""
        while self._used and now - next(iter(self._used.values()))[1] > TOKEN_KEPT_MS:
            self._used.popitem(last=False)
        digest = hashlib.sha256(body).digest()
        if self._used.setdefault(token, (digest, now))[0] != digest:
            raise Refusal("this signature was used for another mail")
        if len(self._used) > TOKENS_MAX:
            self._used.popitem(last=False)
