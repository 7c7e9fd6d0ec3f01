"""Codes that devices show, so that their household can say them: short, speakable, with a check digit, soon over.

Its one rule: a code belongs to the key that was handed out with it and to no other, so that whoever presses in the name
of a device learns nothing of the code that it shows. One at a time for a device. Nothing is merged here.
"""

import hmac
import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from router.core.clock import Ms
from router.core.reference import luhn_digit
from router.core.words import HOUR_MS, MINUTE_MS
from router.journal.base import Journal

CODE_MS = 15 * MINUTE_MS
"""How long a code can be said."""
FRESH_MS = 5 * MINUTE_MS
"""A code with less time left than this is not shown again: its device gets another one."""
CODES_MAX = 20_000
"""Devices that wait for their household at once; the oldest makes room."""
TRIES_MAX = 5
"""Wrong codes in an hour; whoever said as many is not listened to until it is over."""
WHO_MAX = 20_000
DIGITS = 7
RECORD = "pairing"
SAID = re.compile(r"(?<![\d-])(\d{4})[ .-]?(\d{4})(?![\d-])", re.ASCII)


@dataclass(frozen=True, slots=True)
class PairingCode:
    """`device`: its address; `key`: the id of the key that it was given with the code; `press`: with which press."""

    code: str
    device: str
    key: str
    press: str
    until: Ms

    @property
    def shown(self) -> str:
        """As it is shown and read out: `7351-4820`."""
        return f"{self.code[:4]}-{self.code[4:]}"


def codes_in(text: str) -> Iterator[str]:
    """What could be codes of ours in somebody's words.

    >>> list(codes_in("it shows 7351 4820, order 12345678 or 735148200"))
    ['73514820']
    """
    for found in SAID.finditer(text):
        digits = found[1] + found[2]
        if luhn_digit(digits[:DIGITS]) == digits[DIGITS:]:
            yield digits


class PairingCodes:
    """All codes that are shown somewhere now, at hand for every text."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._by_device: OrderedDict[str, PairingCode] = OrderedDict()
        self._by_code: dict[str, PairingCode] = {}
        self._tries: OrderedDict[str, tuple[int, Ms]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_device)

    async def load(self) -> None:
        """Know again the codes that were given before."""
        for body in (await self._journal.records(RECORD)).values():
            self._know(PairingCode(**json.loads(body)))

    async def give(self, device: str, key: str, *, press: str, secret: bytes, now: Ms) -> PairingCode:
        """The code that a device shows from now on, durable. One that it was given with this key, or for this press,
        stays."""
        known = self._by_device.get(device)
        if known is not None and (known.key == key or known.press == press) and known.until - now >= FRESH_MS:
            return known
        await self._let_go_of_old(now)
        code = self._free_code(device, key, secret=secret, now=now)
        given = PairingCode(code, device, key, press, Ms(now + CODE_MS))
        await self._journal.put_record(RECORD, device, json.dumps(asdict(given)))
        self._know(given)
        return given

    def find(self, code: str, *, now: Ms) -> PairingCode | None:
        found = self._by_code.get(code)
        return found if found is not None and found.until > now else None

    def of(self, device: str, *, now: Ms) -> PairingCode | None:
        """The code that a device shows now."""
        found = self._by_device.get(device)
        return found if found is not None and found.until > now else None

    async def spend(self, given: PairingCode) -> None:
        """A code was said and did what it is for: it is over."""
        if self._by_device.get(given.device) == given:
            await self._forget(given)

    # --- tries --------------------------------------------------------------------------------------------------------

    def is_heard(self, who: str, *, now: Ms) -> bool:
        """Whether codes that `who` says are looked at."""
        count, since = self._tries.get(who, (0, now))
        return count < TRIES_MAX or now - since >= HOUR_MS

    def note_wrong(self, who: str, *, now: Ms) -> None:
        count, since = self._tries.pop(who, (0, now))
        self._tries[who] = (count + 1, since) if now - since < HOUR_MS else (1, now)
        if len(self._tries) > WHO_MAX:
            self._tries.popitem(last=False)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _free_code(self, device: str, key: str, *, secret: bytes, now: Ms) -> str:
        for n in range(CODES_MAX):
            digest = hmac.digest(secret, f"{RECORD} {device} {key} {now} {n}".encode(), "sha256")
            digits = f"{int.from_bytes(digest[:8], 'big') % 10**DIGITS:0{DIGITS}d}"
            code = digits + luhn_digit(digits)
            if code not in self._by_code:
                return code
        raise AssertionError("more codes are given than there may be")

    def _know(self, given: PairingCode) -> None:
        old = self._by_device.pop(given.device, None)
        if old is not None:
            self._by_code.pop(old.code, None)
        self._by_device[given.device] = self._by_code[given.code] = given

    async def _let_go_of_old(self, now: Ms) -> None:
        """The two oldest, where their time is over, so that no more stand there than are given; and one too many."""
        for given in list(self._by_device.values())[:2]:
            if given.until <= now or len(self._by_device) >= CODES_MAX:
                await self._forget(given)

    async def _forget(self, given: PairingCode) -> None:
        self._by_device.pop(given.device, None)
        self._by_code.pop(given.code, None)
        await self._journal.put_record(RECORD, given.device, None)
