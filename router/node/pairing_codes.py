"""Codes that devices show, so that their household can say them: short, speakable, with a check digit, soon over.

Its one rule: a code belongs to the key that was handed out with it and to no other, so that whoever presses in the name
of a device learns nothing of the code that it shows, and takes it from nobody: each stays good to its own end, for a
press may come from somebody else, or be a retry whose answer was lost. Nothing is merged here.
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
OF_DEVICE_MAX = 8
"""Codes of one device that hold at once. Beyond it the newest makes room: whoever presses on and on in a device's name
takes away none of the codes that it showed before."""
CODES_MAX = 20_000
"""Devices that wait for their household at once; the oldest makes room."""
TRIES_MAX = 5
"""Wrong codes in an hour; whoever said as many is not listened to until it is over."""
WHO_MAX = 20_000
BESIDE_MAX = 25
"""Characters beside a code of what says nothing else."""
DIGITS = 7
SHOWN_CHARS = DIGITS + 2
"""Of a code with the mark in it."""
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


def is_code_alone(text: str) -> bool:
    """Whether somebody wrote nothing but a code as a device shows it.

    >>> is_code_alone("7351-4820."), is_code_alone("my code: 7351 4820"), is_code_alone("73514820")
    (True, True, False)
    """
    if len(text) > SHOWN_CHARS + BESIDE_MAX:  # a long letter is not searched for what it cannot be
        return False
    found = SAID.search(text)
    if found is None or not (set(found[0]) & set(" .-") or "code" in text.casefold()):
        return False
    return len(text) - len(found[0]) <= BESIDE_MAX and sum(c.isdigit() for c in text) == DIGITS + 1


class PairingCodes:
    """All codes that are shown somewhere now, at hand for every text."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._by_device: OrderedDict[str, tuple[PairingCode, ...]] = OrderedDict()  # each with its codes, oldest first
        self._by_code: dict[str, PairingCode] = {}
        self._tries: OrderedDict[str, tuple[int, Ms]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._by_device)

    async def load(self) -> None:
        """Know again the codes that were given before."""
        for device, body in (await self._journal.records(RECORD)).items():
            found = json.loads(body)
            self._know(device, tuple(PairingCode(**one) for one in (found if isinstance(found, list) else [found])))

    async def give(self, device: str, key: str, *, press: str, secret: bytes, now: Ms) -> PairingCode:
        """The code that a device shows from now on, durable. One that it was given with this key, or for this press,
        stays."""
        open_codes = tuple(one for one in self._by_device.get(device, ()) if one.until > now)
        for known in reversed(open_codes):
            if (known.key == key or known.press == press) and known.until - now >= FRESH_MS:
                return known
        await self._let_go_of_old(now)
        code = self._free_code(device, key, secret=secret, now=now)
        given = PairingCode(code, device, key, press, Ms(now + CODE_MS))
        await self._keep(device, (*open_codes[: OF_DEVICE_MAX - 1], given))
        return given

    def find(self, code: str, *, now: Ms) -> PairingCode | None:
        found = self._by_code.get(code)
        return found if found is not None and found.until > now else None

    def has_key(self, device: str, key: str, *, now: Ms) -> bool:
        """Whether a device was given this key with a code that can still be said."""
        return any(one.key == key and one.until > now for one in self._by_device.get(device, ()))

    async def spend(self, given: PairingCode) -> None:
        """A code was said and did what it is for: it is over."""
        codes = self._by_device.get(given.device, ())
        if given in codes:
            await self._keep(given.device, tuple(one for one in codes if one != given))

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

    def _know(self, device: str, codes: tuple[PairingCode, ...]) -> None:
        for one in self._by_device.pop(device, ()):
            self._by_code.pop(one.code, None)
        if codes:
            self._by_device[device] = codes
            self._by_code |= {one.code: one for one in codes}

    async def _keep(self, device: str, codes: tuple[PairingCode, ...]) -> None:
        """These are a device's codes from now on."""
        body = json.dumps([asdict(one) for one in codes]) if codes else None
        await self._journal.put_record(RECORD, device, body)
        self._know(device, codes)

    async def _let_go_of_old(self, now: Ms) -> None:
        """The two oldest, where their time is over, so that no more stand there than are given; and one too many."""
        for device, codes in list(self._by_device.items())[:2]:
            if codes[-1].until <= now or len(self._by_device) >= CODES_MAX:
                await self._keep(device, ())
