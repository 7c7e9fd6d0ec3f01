"""What went over the wire, in order, for assertions; and the errors that the provider would show in its debugger.

Its one rule: both are rings, the oldest gives way. Secrets are not kept: no Authorization header comes here.
"""

import itertools
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from channels.sandbox.times import rfc3339
from router.core.clock import Ms

EXCHANGES_MAX = 10_000
TROUBLES_MAX = 1_000
ANSWER_CHARS_MAX = 4_000


@dataclass(slots=True)
class Exchange:
    """One request and what became of it. `status` is None until an answer came, and for ever when none did."""

    seq: int
    at: Ms
    kind: Literal["rest", "webhook"]
    method: str
    url: str
    fields: tuple[tuple[str, str], ...]
    headers: dict[str, str] = field(default_factory=dict[str, str])
    attempt: int = 1
    status: int | None = None
    answer: str = ""
    failure: str | None = None
    faults: list[str] = field(default_factory=list[str])

    def answered(self, status: int, body: bytes) -> None:
        self.status = status
        self.answer = body[: 4 * ANSWER_CHARS_MAX].decode("utf-8", "replace")[:ANSWER_CHARS_MAX]

    def shown(self) -> dict[str, object]:
        """As JSON: a field that came more than once is a list."""
        fields: dict[str, object] = {}
        for name, group in itertools.groupby(sorted(self.fields, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
            values = [value for _, value in group]
            fields[name] = values[0] if len(values) == 1 else values
        return {
            "seq": self.seq,
            "at": rfc3339(self.at),
            "kind": self.kind,
            "method": self.method,
            "url": self.url,
            "fields": fields,
            "headers": self.headers,
            "attempt": self.attempt,
            "status": self.status,
            "answer": self.answer,
            "failure": self.failure,
            "faults": self.faults,
        }


@dataclass(slots=True)
class MailExchange:
    """One mail on its way: `in` goes to the service, `out` comes from it. `code` is None until a reply came."""

    seq: int
    at: Ms
    direction: Literal["in", "out"]
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    size_bytes: int
    attempt: int = 1
    code: int | None = None
    text: str = ""
    failure: str | None = None
    faults: list[str] = field(default_factory=list[str])

    def answered(self, code: int, text: str) -> None:
        self.code, self.text = code, text

    def shown(self) -> dict[str, object]:
        """As JSON: from and to are the envelope's."""
        return {
            "seq": self.seq,
            "at": rfc3339(self.at),
            "kind": "mail",
            "direction": self.direction,
            "from": self.sender,
            "to": ", ".join(self.recipients),
            "subject": self.subject,
            "message_id": self.message_id,
            "size_bytes": self.size_bytes,
            "attempt": self.attempt,
            "code": self.code,
            "text": self.text,
            "failure": self.failure,
            "faults": self.faults,
        }


@dataclass(frozen=True, slots=True)
class Trouble:
    """One entry of the debugger: an error or warning code of the provider, and the URL or message it is about."""

    at: Ms
    code: int
    text: str
    about: str

    def shown(self) -> dict[str, object]:
        return {"at": rfc3339(self.at), "code": self.code, "text": self.text, "about": self.about}


class Traffic:
    """The two rings."""

    def __init__(self, exchanges_max: int = EXCHANGES_MAX) -> None:
        self._exchanges: deque[Exchange | MailExchange] = deque(maxlen=exchanges_max)
        self._troubles: deque[Trouble] = deque(maxlen=TROUBLES_MAX)
        self._count = itertools.count(1)

    def begin(
        self, kind: Literal["rest", "webhook"], method: str, url: str, fields: tuple[tuple[str, str], ...], *, at: Ms
    ) -> Exchange:
        """Note that a request went out or came in; the caller fills in what became of it."""
        exchange = Exchange(next(self._count), at, kind, method, url, fields)
        self._exchanges.append(exchange)
        return exchange

    def begin_mail(
        self,
        direction: Literal["in", "out"],
        sender: str,
        recipients: tuple[str, ...],
        *,
        subject: str,
        message_id: str,
        size_bytes: int,
        at: Ms,
    ) -> MailExchange:
        """Note that a mail is on its way; the caller fills in what became of it."""
        seq = next(self._count)
        exchange = MailExchange(seq, at, direction, sender, recipients, subject, message_id, size_bytes)
        self._exchanges.append(exchange)
        return exchange

    def trouble(self, trouble: Trouble) -> None:
        self._troubles.append(trouble)

    def after(self, seq: int, limit: int) -> tuple[list[Exchange | MailExchange], bool]:
        """At most `limit` exchanges after `seq`, oldest first, and whether there are more. Linear in the ring."""
        later = list(itertools.islice((one for one in self._exchanges if one.seq > seq), limit + 1))
        return later[:limit], len(later) > limit

    def troubles(self) -> list[Trouble]:
        return list(self._troubles)
