"""Carry tokens: a case goes along in a link, a text or a field, and whoever brings it is the customer.

Its one rule: a token proves once, for a short while, and only what was not taken back; whoever brings one that is used,
over or forged is somebody as any other, and loses no word by it. Looking at a link uses nothing.
"""

import base64
import hmac
import json
import re
from dataclasses import dataclass

from router.core.clock import Clock, Ms
from router.core.commands import TakeContact
from router.core.context import Decision
from router.core.documents import Case
from router.core.events import ContactReceived
from router.core.values import replace
from router.core.words import HOUR_MS, CaseId, Evidence
from router.journal.base import Journal
from router.node.taking import Means

CARRY_MS = 24 * HOUR_MS
"""How long a link carries."""
LINK = "carry"
"""How a contact says that it came by a token."""
MARK = "go-"
SAID = re.compile(r"\s*\bgo-([a-z2-7]{52})\b", re.ASCII | re.IGNORECASE)
TOKEN = re.compile(r"[a-z2-7]{52}", re.ASCII)
PADDING = "===="
PURPOSE = b"carries a case"
CASE_BYTES, TIME_BYTES, ONCE_BYTES, MAC_BYTES = 16, 6, 2, 8
RECORD = "carry"
USED_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Carried:
    """What a token of ours says. `once`: its name, which tells nothing."""

    token: str
    case: CaseId
    made_at: Ms
    until: Ms

    @property
    def once(self) -> str:
        return self.token[:44]

    @property
    def offer(self) -> str:
        """All links that were made together, of which one can be used."""
        return f"{self.case} {self.made_at}"


def carry_token(secret: bytes, case: str, *, made_at: Ms, once: str) -> str:
    """A token that carries `case`. `once`: what tells it from others of the same moment."""
    salt = hmac.digest(_key(secret), b"once" + once.encode("utf-8", "replace"), "sha256")[:ONCE_BYTES]
    id = bytes.fromhex(case.removeprefix("case_"))
    said = id + made_at.to_bytes(TIME_BYTES, "big") + salt
    return base64.b32encode(said + _mac(secret, said)).decode().rstrip("=").lower()


def carried_by(secret: bytes, token: str) -> Carried | None:
    """What a token says; None for one that we did not sign. Whether its time is over is not asked."""
    if not TOKEN.fullmatch(token):
        return None
    raw = base64.b32decode(token.upper() + PADDING)
    said, mac = raw[:-MAC_BYTES], raw[-MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(secret, said)):
        return None
    made_at = Ms(int.from_bytes(said[CASE_BYTES : CASE_BYTES + TIME_BYTES], "big"))
    return Carried(token, CaseId(f"case_{said[:CASE_BYTES].hex()}"), made_at, Ms(made_at + CARRY_MS))


def _key(secret: bytes) -> bytes:
    return hmac.digest(secret, PURPOSE, "sha256")


def _mac(secret: bytes, said: bytes) -> bytes:
    return hmac.digest(_key(secret), said, "sha256")[:MAC_BYTES]


class Carrying:
    def __init__(self, *, journal: Journal, clock: Clock, means: Means) -> None:
        self._journal = journal
        self._clock = clock
        self._means = means
        self._used: dict[str, Ms] = {}

    async def load(self) -> None:
        """Know again which tokens were used."""
        self._used = {once: Ms(json.loads(body)) for once, body in (await self._journal.records(RECORD)).items()}

    async def open(self, token: str) -> Carried | None:
        """What a token carries; None where it is forged, over or taken back. It is not used by it."""
        carried = carried_by(self._means.secret, token.strip().lower())
        if carried is None or carried.until <= self._clock.now():
            return None
        case = await self._journal.document(carried.case)
        if not isinstance(case, Case) or (case.links_from is not None and carried.made_at <= case.links_from):
            return None
        return carried

    def is_used(self, carried: Carried) -> bool:
        """Whether it was brought, or another link that was made together with it."""
        return carried.once in self._used or carried.offer in self._used

    async def read(self, command: TakeContact) -> tuple[TakeContact, str]:
        """A contact without the token in its words, and with what that is worth; and the token, where it is worth
        something."""
        token, text = token_in(command.text)
        token = command.carry or token
        if not token:
            return command, ""
        brought = await self._bring(replace(command, text=text, carry=""), token)
        return brought, token if brought.thread is not None else ""

    async def _bring(self, command: TakeContact, token: str) -> TakeContact:
        """A contact with what its token is worth: the first one who brings it is the customer, on that case."""
        carried = await self.open(token)
        if carried is None or self.is_used(carried):
            return command
        self._used[carried.once] = carried.until  # at once, so that of two who come together one is the first
        self._used[carried.offer] = carried.until
        return replace(command, thread=carried.case, thread_by=LINK, evidence=Evidence.PROOF, grounds=("signed_token",))

    async def brought(self, token: str) -> None:
        """The contact is durable: so is that its token was used."""
        for name in self._names(token):
            if (until := self._used.get(name)) is not None:
                await self._journal.put_record(RECORD, name, json.dumps(until))
                await self._forget_old()

    def not_brought(self, token: str) -> None:
        """Nothing was taken: the token is as it was."""
        for name in self._names(token):
            self._used.pop(name, None)

    def _names(self, token: str) -> tuple[str, ...]:
        carried = carried_by(self._means.secret, token.strip().lower())
        return (carried.once, carried.offer) if carried is not None else ()

    async def _forget_old(self) -> None:
        now = self._clock.now()
        for once, until in list(self._used.items())[:2]:
            if until <= now or len(self._used) > USED_MAX:
                del self._used[once]
                await self._journal.put_record(RECORD, once, None)


def may_carry(command: TakeContact) -> bool:
    """Whether it is worth looking. A mail has its reply address."""
    return command.mail is None and bool(command.carry or MARK in command.text.lower())


def was_brought(decision: Decision | None) -> bool:
    """Whether a contact stands on the case that its token carried."""
    events = decision.events if decision is not None else ()
    return any(isinstance(event, ContactReceived) and event.link == LINK for event in events)


def token_in(text: str) -> tuple[str, str]:
    """The token in somebody's words, and the words without it.

    >>> token_in("hello go-" + "a" * 52)
    ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'hello')
    """
    found = SAID.search(text)
    if found is None:
        return "", text
    return found[1].lower(), (text[: found.start()] + text[found.end() :]).strip()
