"""The cookies of one call or of one exchange of texts, which the provider brings back to whoever set them.

Its one rule: a jar belongs to one call or one pair of numbers and to no other, and it is bounded. Paths, domains and
dates of cookies are not looked at: each goes back to the host and port that set it until it is emptied or the jar ends.
"""

from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from multidict import MultiMapping

from channels.wire import WireResponse
from router.core.clock import Ms

COOKIES_MAX = 50
COOKIE_CHARS_MAX = 4_096
TEXTS_MS = 4 * 3_600_000
JARS_MAX = 10_000


@dataclass(slots=True)
class Cookies:
    """A jar: values by host and name."""

    _kept: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])

    def header_for(self, url: str) -> str:
        """What the header Cookie says to `url`; empty for nothing."""
        return "; ".join(f"{name}={value}" for name, value in self._kept.get(urlsplit(url).netloc, {}).items())

    def take(self, url: str, answer: WireResponse) -> None:
        """Keep what the answer of `url` sets; what cannot be read is left out."""
        headers = answer.headers
        lines = headers.getall("Set-Cookie", []) if isinstance(headers, MultiMapping) else []
        for line in lines:
            if len(line) <= COOKIE_CHARS_MAX:
                self._keep(self._kept.setdefault(urlsplit(url).netloc, {}), line)

    def _keep(self, kept: dict[str, str], line: str) -> None:
        try:
            read = SimpleCookie(line)
        except CookieError:
            return
        for name, one in read.items():
            if one["max-age"] in ("0", "-1") or not one.coded_value:
                kept.pop(name, None)
            elif name in kept or len(kept) < COOKIES_MAX:
                kept[name] = one.coded_value


class TextCookies:
    """One jar for each pair of a phone and our number, for four hours from its beginning."""

    def __init__(self) -> None:
        self._jars: dict[tuple[str, str], tuple[Ms, Cookies]] = {}

    def of(self, phone: str, ours: str, *, at: Ms) -> Cookies:
        began_at, jar = self._jars.get((phone, ours), (at, None))
        if jar is None or at - began_at >= TEXTS_MS:
            jar = Cookies()
            self._jars.pop((phone, ours), None)
            self._jars[phone, ours] = at, jar
            if len(self._jars) > JARS_MAX:
                del self._jars[next(iter(self._jars))]
        return jar
