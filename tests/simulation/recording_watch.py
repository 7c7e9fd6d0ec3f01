"""What must hold of recordings (invariant 38): the provider's recordings against what was in whose ear, and the log.

Its one rule: it believes the ear, not the event; whoever is recorded had heard of it to the end before, and whoever said
that they do not want it is on no tape that was begun later, and on none that is left where the policy deletes them.
"""

from channels.sandbox.voice.recordings import Recording as Tape
from router.core.documents import Call, Customer, Recording
from router.core.events import RecordingAttempted, RecordingRefused
from tests.simulation.exchange import Exchange
from tests.simulation.log import Judge, Log

BY_US = "StartCallRecordingAPI"
STOPS_MS = 30_000
"""So soon after their no the provider has stopped, where nothing is wrong on the wire."""


class RecordingWatch:
    def __init__(self, judge: Judge, log: Log, exchange: Exchange) -> None:
        self._judge = judge
        self._log = log
        self._exchange = exchange

    def begun(self, tape: Tape) -> None:
        """The provider begins to record, at this instant."""
        if tape.source != BY_US:
            return
        ear, call = self._exchange.ears.get(tape.call_sid), self._call(tape)
        if ear is None or ear.told_at is None or ear.told_at > tape.started_at:
            self._judge.broken(38, f"{tape.sid} records {tape.call_sid}, who has not heard of it")
        elif call is None or call.announced_at is None:
            self._judge.broken(38, f"{tape.sid} records {tape.call_sid}, and no event says that it was announced")

    def look(self, now: int) -> None:
        """While nothing is wrong on any wire: nobody is recorded who said no."""
        for tape in self._tapes():
            call = self._call(tape)
            customer = self._log.customer(call.customer) if call is not None else None
            refused_at = customer.unrecorded_at if customer is not None else None
            if tape.is_open and refused_at is not None and now - refused_at > STOPS_MS:
                self._judge.broken(38, f"{tape.sid} runs {now - refused_at} ms after they said no")

    def end(self, *, deletes: bool) -> None:
        """When all is over: each is known and over, and what was refused is gone."""
        known = {one.provider_id for one in self._log.recordings()}
        for tape in self._tapes():
            if tape.is_open:
                self._judge.broken(38, f"{tape.sid} is still running at the end")
            if tape.sid not in known:
                self._judge.broken(38, f"{tape.sid} was recorded, and nobody knows of it")
        tapes = {tape.sid: tape for tape in self._tapes()}
        for one in self._log.recordings():
            if not one.is_settled:
                self._judge.broken(33, f"{one.id} is {one.state} at the end")
            if one.delete and one.provider_id in tapes:
                self._judge.broken(38, f"{one.provider_id} was to be deleted, and is at the provider")
        for call, at in self._refused():
            for tape in tapes.values():
                owner = self._call(tape)
                if deletes and owner is not None and owner.id == call and tape.started_at < at:
                    self._judge.broken(38, f"{tape.sid} was recorded before they said no, and is left")

    def _refused(self) -> list[tuple[str, int]]:
        """Calls in which somebody said no, and when: by the provider's clock it may be half a minute later."""
        return [
            (event.call, event.at - 60_000)
            for batch in self._log.batches
            for event in batch.events
            if isinstance(event, RecordingRefused)
        ]

    def _tapes(self) -> list[Tape]:
        return [tape for tape in self._exchange.network.recordings.newest_first() if tape.source == BY_US]

    def _call(self, tape: Tape) -> Call | None:
        return next((call for call in self._log.calls() if call.provider_id == tape.call_sid), None)


def attempted(judge: Judge, event: RecordingAttempted, *, one: Recording, call: Call, customer: Customer) -> None:
    """The log itself never asks for a recording that was not announced, or that was refused."""
    if call.announced_at is None or call.announced_at > event.at:
        judge.broken(38, f"{one.id} is asked for, and {call.id} was not told")
    if customer.unrecorded_at is not None:
        judge.broken(38, f"{one.id} is asked for, and {customer.id} said no at {customer.unrecorded_at}")
