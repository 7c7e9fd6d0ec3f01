"""The door of the desk: a token typed into a form becomes a browser session, and wrong ones are slowed down.

Nothing is said about why a token does not fit. The limit is the instance's: a flood of wrong tokens keeps newcomers
waiting for a minute, and nobody who is signed in.
"""

from collections import deque

from channels.wire import WireRequest
from router.core.clock import Clock, Ms
from router.core.words import HOUR_MS, MINUTE_MS
from router.http.auth import COOKIE, Identity, Role, Tokens, refuse_foreign_origin
from router.http.problems import Problem

FAILURES_MAX = 10
WINDOW_MS = MINUTE_MS
SESSION_S = 12 * HOUR_MS // 1000
"""A browser forgets its session after a long shift."""


class Door:
    def __init__(self, tokens: Tokens, clock: Clock, *, is_https: bool) -> None:
        self._tokens = tokens
        self._clock = clock
        self._is_https = is_https
        self._failures: deque[Ms] = deque(maxlen=FAILURES_MAX)

    def let_in(self, request: WireRequest, token: str) -> Identity:
        """The holder of a typed token.

        Raises Problem: 401 wrong, 403 a foreign page or a program's token, 429 after too many failures."""
        refuse_foreign_origin(request)
        now = self._clock.now()
        if len(self._failures) == FAILURES_MAX and now - self._failures[0] < WINDOW_MS:
            wait_s = -(-(self._failures[0] + WINDOW_MS - now) // 1000)
            text = f"Too many sign-ins failed. Wait {wait_s} seconds, then try again."
            raise Problem(429, "Too many failures", text, headers={"Retry-After": str(wait_s)})
        found = self._tokens.identity(token)
        if found is None:
            self._failures.append(now)
            raise Problem(401, "Not signed in", "This token does not fit. Check it and try again.")
        if found.role is Role.INTEGRATION:
            raise Problem(403, "Not for people", "This token belongs to a program. Sign in with your own.")
        return found

    def cookie(self, token: str) -> str:
        """The Set-Cookie line of a session; an empty token ends it."""
        age = SESSION_S if token else 0
        secure = "; Secure" if self._is_https else ""
        return f"{COOKIE}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"
