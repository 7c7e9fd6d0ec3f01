"""What the service is asked and told about calls: the fields that every request has, documents, callbacks.

Its one rule: a document that cannot be had is looked for once more at the fallback URL, with what went wrong; then it
is given up. Addresses of the sandbox itself are answered by the sandbox, for then the service is not there.
"""

from collections.abc import Sequence

from channels.sandbox.addresses import country_of
from channels.sandbox.carrier import API_VERSION
from channels.sandbox.ground import Ground
from channels.sandbox.times import rfc2822
from channels.sandbox.voice.documents import BrokenDocument, Document, document_of, twiml_of
from channels.sandbox.voice.legs import EVENTS, Leg
from channels.sandbox.voice.own_documents import own_document
from channels.sandbox.voice.sources import Given, Source, method_of
from channels.sandbox.webhooks import Failed, Webhooks

Fields = Sequence[tuple[str, str]]
EVENT_STATUS = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}


class Requests:
    def __init__(self, ground: Ground, webhooks: Webhooks) -> None:
        self._ground = ground
        self._webhooks = webhooks

    def fields_of(self, leg: Leg) -> list[tuple[str, str]]:
        """The fields that every request about a call has."""
        fields = [
            ("CallSid", leg.sid),
            ("AccountSid", self._ground.account.sid),
            ("From", leg.sender),
            ("To", leg.to),
            ("Caller", leg.sender),
            ("Called", leg.to),
            ("CallStatus", leg.status),
            ("ApiVersion", API_VERSION),
            ("Direction", leg.direction),
        ]
        for sides, address in ((("From", "Caller"), leg.sender), (("To", "Called"), leg.to)):
            country = country_of(address) if address.startswith("+") else ""
            for side in sides:
                fields += [(f"{side}{part}", "") for part in ("City", "State", "Zip")]
                fields.append((f"{side}Country", country))
        if leg.parent_sid:
            fields.append(("ParentCallSid", leg.parent_sid))
        if leg.verstat:
            fields.append(("StirVerstat", leg.verstat))
        if leg.forwarded_from:
            fields.append(("ForwardedFrom", leg.forwarded_from))
        if leg.answered_by and leg.detection_ms:
            fields += [("AnsweredBy", leg.answered_by), ("MachineDetectionDuration", str(leg.detection_ms))]
        return fields

    async def document(self, leg: Leg, source: Source, *, with_fallback: bool = True) -> Document:
        """The document at `source`, or at the fallback of the call. Raise `BrokenDocument` when both fail."""
        try:
            return await self._read(leg, source)
        except BrokenDocument as problem:
            fallback = leg.fallback if with_fallback else None
            if fallback is None or fallback.url == problem.url:
                raise
            fields = [*self.fields_of(leg), ("ErrorCode", str(problem.code)), ("ErrorUrl", problem.url)]
            return await self._fetch(leg, fallback.url, fields, method=fallback.method)

    async def fetched(self, leg: Leg, source: Source, *, with_fallback: bool = True) -> Document | BrokenDocument:
        """The same as a value, for whoever fetches in the background."""
        try:
            return await self.document(leg, source, with_fallback=with_fallback)
        except BrokenDocument as problem:
            return problem

    async def _read(self, leg: Leg, source: Source) -> Document:
        if isinstance(source, Given):
            try:
                return twiml_of(source.text.encode("utf-8", "surrogatepass"), url=source.url)
            except BrokenDocument as problem:
                self._ground.trouble(problem.code, problem.words, about=leg.sid)
                raise
        return await self._fetch(leg, source.url, [*self.fields_of(leg), *source.fields], method=source.method)

    async def _fetch(self, leg: Leg, url: str, fields: Fields, *, method: str) -> Document:
        own = own_document(url, own_url=self._ground.own_url)
        if own is not None:
            return document_of(own, url=url)
        answer = await self._webhooks.ask(url, fields, about=leg.sid, method=method_of(method), cookies=leg.cookies)
        if isinstance(answer, Failed):
            raise BrokenDocument(answer.code, "the document could not be fetched", url)
        try:
            return document_of(answer, url=url.partition("#")[0])
        except BrokenDocument as problem:
            self._ground.trouble(problem.code, problem.words, about=url)
            raise

    def tell(self, leg: Leg, url: str, fields: Fields, *, method: str = "POST") -> None:
        """Say something about a call; what is answered is not read."""
        if own_document(url, own_url=self._ground.own_url) is None:
            every = [*self.fields_of(leg), *fields]
            self._webhooks.post(url, every, about=leg.sid, method=method_of(method), cookies=leg.cookies)

    def call_back(self, url: str, fields: Fields, *, about: str, method: str = "POST") -> None:
        """A status callback: the fault `lose_status` may take it."""
        if url and not self._ground.strikes(self._ground.faults.lose_status):
            self._webhooks.post(url, fields, about=about, method=method_of(method))

    def progress(self, leg: Leg, event: str, *, more: Fields = ()) -> None:
        """Report an event of a call (one of `EVENTS`) to whoever asked for it."""
        assert event in EVENTS
        if not leg.reports.url or event not in leg.reports.events:
            return
        status = EVENT_STATUS.get(event, leg.status)
        fields = [(name, status if name == "CallStatus" else value) for name, value in self.fields_of(leg)]
        fields += [
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", leg.next_sequence()),
            ("Timestamp", rfc2822(self._ground.now())),
            *more,
        ]
        self.call_back(leg.reports.url, fields, about=f"{leg.sid} {event}", method=leg.reports.method)
