"""Whether an automatic mail may answer a mail: machines that answer machines are left without an answer.

Its one rule: the same words from one organisation's domains are answered once a day, and one domain so often in an hour
as the policy says, whoever of it gets the answers or causes them, and all that are below another one `BELOW` times as
often; a provider at whose domain anybody has an address is no domain in this sense, but each mailbox there that causes
answers counts. What stands after a plus makes no other mailbox. It looks at what came lately, in memory; what one case
and one customer get is limited by their documents.
"""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Callable

import structlog

from channels.email.machine_words import ACKNOWLEDGED
from policies import PolicySet
from policies.mail_providers import base_of, is_public_provider
from router.core.clock import Clock, Ms
from router.core.mailing import AT_ONCE
from router.core.words import DAY_MS, HOUR_MS

SAME_WORDS_MS = DAY_MS
BELOW = 4
"""Machines may have as many domains below one of theirs as they like; below a few there are several organisations."""
UNDER = "below "
REMEMBERED_MAX = 20_000
STOPPED_MAX = 1_000
UNTOLD_MAX = 2
"""So many mails that go without an automatic one are a person's other matters; more within an hour are told."""
WORDS_CHARS = 2_000
TELLING_CHARS = 24
FIGURES = str.maketrans("", "", "0123456789")

PHRASE_CHARS = 300
"""An acknowledgement says what it is in its first sentences."""

log = structlog.get_logger("onecase.mail")


class MailGuard:
    def __init__(self, clock: Clock, policy: Callable[[], PolicySet]) -> None:
        self._clock = clock
        self._policy = policy
        self._answers: OrderedDict[str, deque[Ms]] = OrderedDict()
        self._mailboxes: OrderedDict[str, tuple[str, Ms]] = OrderedDict()
        self._words: OrderedDict[bytes, Ms] = OrderedDict()
        self._acknowledged: OrderedDict[bytes, Ms] = OrderedDict()
        self.stopped = 0  # answers that were held back
        self._stopped_at: deque[Ms] = deque(maxlen=STOPPED_MAX)
        self._untold: OrderedDict[str, deque[Ms]] = OrderedDict()

    def look(self, sender: str, words: str, causes: tuple[str, ...] = ()) -> str:
        """Why no automatic answer goes to this mail; empty where one may. One that goes is counted by `answered`.
        `causes`: from whom it came, as far as it says or a server wrote down, where that is not whoever is answered."""
        now, domain = self._clock.now(), sender.rpartition("@")[2].lower()
        if not domain:
            return "it says no address"
        if self._came_lately(base_of(domain), words, now):
            return self._stop("the same words came from this domain within a day")
        other, at = self._mailboxes.get(_mailbox(sender), (sender.lower(), now))
        if other != sender.lower() and now - at < HOUR_MS:
            return self._stop("another name of the same mailbox was answered within the hour")
        most = self._policy().settings.sending.mail_answers_an_hour
        if self.is_firms(domain) and len(self._within_an_hour(domain, now)) >= most:
            return self._stop("this domain was answered often enough in this hour")
        if any(
            len(self._within_an_hour(key, now)) >= (most * BELOW if key.startswith(UNDER) else most)
            for key in self._counted(sender, causes)
        ):
            return self._stop("mail from there was answered often enough in this hour")
        return ""

    def is_firms(self, domain: str) -> bool:
        """Whether a domain is one whose addresses are all of one firm, and no provider at which anybody has one."""
        return not is_public_provider(domain) and domain not in self._policy().settings.sending.mail_providers

    def _counted(self, sender: str, causes: tuple[str, ...]) -> set[str]:
        """Under what an answer is counted: domains, those below one together, and mailboxes that caused it."""
        domains = {one.rpartition("@")[2].lower() for one in (sender, *causes)}
        firms = {one for one in domains if one and self.is_firms(one)}
        above = {base for one in firms if (base := base_of(one)) != one and self.is_firms(base)}
        return firms | {f"{UNDER}{one}" for one in above} | {_mailbox(one) for one in causes}

    def has_acknowledged(self, sender: str, words: str) -> bool:
        """Whether these words are an acknowledgement that came from this sender before. It is remembered for the next
        time; the figures in it may be others."""
        plain = " ".join(words[:WORDS_CHARS].casefold().split())
        if not any(phrase in plain[:PHRASE_CHARS] for phrase in ACKNOWLEDGED):
            return False
        same = _digest(sender.lower(), plain.translate(FIGURES))
        return self._came_before(self._acknowledged, same, self._clock.now()) is not None

    def answered(self, sender: str, causes: tuple[str, ...] = ()) -> None:
        """An automatic answer goes to this sender."""
        now = self._clock.now()
        for key in self._counted(sender, causes):
            answers = self._within_an_hour(key, now)
            answers.append(now)
            self._answers[key] = answers
            self._answers.move_to_end(key)
        self._mailboxes[_mailbox(sender)] = (sender.lower(), now)
        self._mailboxes.move_to_end(_mailbox(sender))
        for kept in (self._answers, self._mailboxes):
            while len(kept) > REMEMBERED_MAX:
                kept.popitem(last=False)

    def held_back(self, sender: str, why: str) -> None:
        """The case or the customer had their share of automatic mails, so none answers this sender. It counts at once
        where a machine answered a machine, and otherwise from the third within an hour."""
        now, sender = self._clock.now(), sender.lower()
        times = self._untold.pop(sender, None) or deque[Ms](maxlen=UNTOLD_MAX)
        is_often = len(times) == UNTOLD_MAX and now - times[0] < HOUR_MS
        times.append(now)
        self._untold[sender] = times
        if len(self._untold) > REMEMBERED_MAX:
            self._untold.popitem(last=False)
        if is_often or why == AT_ONCE:
            self._stop(why)

    @property
    def stopped_lately(self) -> int:
        """How many were held back within an hour, `STOPPED_MAX` at most."""
        while self._stopped_at and self._clock.now() - self._stopped_at[0] >= HOUR_MS:
            self._stopped_at.popleft()
        return len(self._stopped_at)

    def _within_an_hour(self, key: str, now: Ms) -> deque[Ms]:
        answers = self._answers.get(key) or deque[Ms]()
        while answers and now - answers[0] >= HOUR_MS:
            answers.popleft()
        return answers

    def _came_lately(self, domain: str, words: str, now: Ms) -> bool:
        """Machines count: other numbers in the same words make no difference. A few words are anybody's."""
        plain = "".join(words[:WORDS_CHARS].casefold().split()).translate(FIGURES)
        if len(plain) < TELLING_CHARS:
            return False
        last = self._came_before(self._words, _digest(domain, plain), now)
        return last is not None and now - last < SAME_WORDS_MS

    def _came_before(self, seen: OrderedDict[bytes, Ms], same: bytes, now: Ms) -> Ms | None:
        """When it came last; from now on that is now."""
        last = seen.pop(same, None)
        seen[same] = now
        if len(seen) > REMEMBERED_MAX:
            seen.popitem(last=False)
        return last

    def _stop(self, why: str) -> str:
        self.stopped += 1
        self._stopped_at.append(self._clock.now())
        if self.stopped & (self.stopped - 1) == 0:  # the first, the second, the fourth …: a flood fills no log
            log.warning("no automatic answer goes out", why=why, so_far=self.stopped)
        return why


def _mailbox(address: str) -> str:
    """An address without what stands after a plus."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _digest(whose: str, words: str) -> bytes:
    return hashlib.blake2b(f"{whose}\0{words}".encode("utf-8", "replace"), digest_size=16).digest()
