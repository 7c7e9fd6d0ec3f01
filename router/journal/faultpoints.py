"""Named points at which a test may stop the process dead. In production they do nothing.

Given as `name:n` they end the process by SIGKILL when the point is reached for the n-th time: no cleanup, no flush.
"""

import os
import signal
from collections import Counter


class FaultPoints:
    def __init__(self, spec: str = "") -> None:
        name, _, count = spec.partition(":")
        self._name = name
        self._count = int(count or 1)
        self._seen: Counter[str] = Counter()

    def reach(self, name: str) -> None:
        """Pass the point `name`; the last thing this process does if it was told so."""
        if name == self._name:
            self._seen[name] += 1
            if self._seen[name] == self._count:
                os.kill(os.getpid(), signal.SIGKILL)


FAULT_POINTS = (
    "webhook.before_decide",
    "journal.before_write",
    "journal.before_commit",
    "journal.after_commit",
    "webhook.before_answer",
    "relay.before_fold",
    "relay.after_fold",
    "matcher.before_offer",
    "outbox.before_attempt",
    "outbox.before_send",
    "outbox.after_send",
    "outbox.after_record",
    "mail.before_take",
    "mail.before_answer",
    "dialler.before_attempt",
    "dialler.before_dial",
    "dialler.after_dial",
    "dialler.before_move",
    "recorder.before_attempt",
    "recorder.before_asking",
    "recorder.after_asking",
    "recorder.before_stop",
    "recorder.before_delete",
    "erase.before_ledger",
    "erase.before_piece",
    "erase.before_done",
    "chat.before_take",
    "chat.after_take",
    "search.before_write",
    "search.after_write",
)
"""Every point that exists; the kill sweep visits each."""
