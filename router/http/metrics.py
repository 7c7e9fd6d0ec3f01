"""Metrics for Prometheus: counts and gauges of the node, without anything personal."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from router.core.events import (
    CallEnded,
    CaseOpened,
    ContactReceived,
    ContactReleased,
    ContactSetAside,
    MessageDelivered,
    MessageFailed,
    MessageLost,
    MessageSent,
    OfferEnded,
    PromiseChanged,
    PromiseMade,
    TextWithheld,
    WorkAccepted,
    WorkFinished,
    WorkOffered,
)
from router.core.words import SECOND_MS, CallbackState, PromiseState
from router.http.views import stamp
from router.journal.base import Stored
from router.node.node import Node

COUNTED = frozenset(
    {
        CallEnded,
        CaseOpened,
        ContactReceived,
        ContactReleased,
        ContactSetAside,
        MessageDelivered,
        MessageFailed,
        MessageLost,
        MessageSent,
        OfferEnded,
        PromiseChanged,
        PromiseMade,
        TextWithheld,
        WorkAccepted,
        WorkFinished,
        WorkOffered,
    }
)

BECAME = (
    PromiseState.KEPT, PromiseState.MOVED, PromiseState.AT_RISK, PromiseState.BROKEN, PromiseState.WITHDRAWN
)  # fmt: skip


class NodeMetrics(Collector):
    """Counts what was committed, and reads the node's gauges when it is asked."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._contacts: dict[str, int] = {}
        self._messages: dict[str, int] = {}
        self._offers: dict[str, int] = {}
        self._calls: dict[str, int] = {}
        self._overtakes: dict[str, int] = {}
        self._junk: dict[str, int] = {}
        self._promises: dict[str, int] = {}
        self._withheld: dict[str, int] = {}
        self._cases = 0
        self._released = 0
        self._abandoned = 0
        self.refused = 0
        self.unknown_states = 0
        self.mailbox: Callable[[], tuple[bool, bool]] | None = None  # whether it is read, and all its folders
        """Whether a mailbox elsewhere can be read, where one is followed."""

    def hear(self, batches: list[Stored]) -> None:
        for event in (e for stored in batches for e in stored.events if type(e) in COUNTED):
            match event:
                case ContactReceived():
                    _add(self._contacts, event.channel)
                case CaseOpened():
                    self._cases += 1
                case ContactSetAside():
                    _add(self._junk, event.rule)
                case ContactReleased() if not event.stuck:
                    self._released += 1
                case WorkOffered():
                    _add(self._offers, "made")
                    if event.overtakes:
                        _add(self._overtakes, event.overtakes)
                case OfferEnded():
                    _add(self._offers, event.how)
                case WorkAccepted():
                    _add(self._offers, "accepted")
                case WorkFinished():
                    _add(self._offers, "finished")
                case MessageSent():
                    _add(self._messages, "sent")
                case MessageDelivered():
                    _add(self._messages, event.state)
                case MessageFailed():
                    _add(self._messages, "failed")
                case MessageLost():
                    _add(self._messages, "unknown")
                case PromiseMade() if not event.unpromised:
                    _add(self._promises, "made")
                case PromiseChanged() if event.state in BECAME and not event.unpromised and not _is_step(event):
                    _add(self._promises, event.state)
                case TextWithheld():
                    _add(self._withheld, event.what)
                case CallEnded():
                    _add(self._calls, f"{event.role} {event.how}")
                    self._abandoned += event.abandoned
                case _:
                    pass

    def _alone(self) -> Iterable[Metric]:
        """Who waits past their target in an open queue, or tells of danger, while nobody is ready for them. One look a
        line."""
        node, alone, danger = self._node, dict[str, float](), 0.0
        now, policy = node.clock.now(), node.means.policy
        at = datetime.fromtimestamp(now / SECOND_MS, UTC)
        for item in node.domain.matcher.heads():
            waits_ms, needs = now - item.ask.waits_since, item.requirement
            is_danger = needs.is_danger
            is_late = waits_ms > needs.target_ms and policy.is_open(item.ask.queue, at)
            if not (is_danger or is_late) or node.domain.matcher.is_ready_for(needs):
                continue
            if is_danger:
                danger = max(danger, waits_ms / SECOND_MS)
            else:
                alone[item.ask.queue] = max(alone.get(item.ask.queue, 0.0), waits_ms / SECOND_MS)
        found = GaugeMetricFamily(
            "onecase_work_alone_seconds",
            "How long the longest past its target waits while nobody who could take it is ready",
            labels=["queue"],
        )
        for queue, seconds in sorted(alone.items()):
            found.add_metric([queue], seconds)
        yield found
        yield GaugeMetricFamily(
            "onecase_danger_alone_seconds", "The same of somebody who tells of danger", value=danger
        )

    def _lines(self) -> Iterable[Metric]:
        """Who waits, by queue and by what is required, and who is there for them."""
        node = self._node
        waiting = GaugeMetricFamily("onecase_work_waiting", "Work waiting for an agent", labels=["queue"])
        oldest = GaugeMetricFamily("onecase_work_oldest_seconds", "How long the longest has waited", labels=["queue"])
        for queue, (count, since) in sorted(node.domain.matcher.waiting_by_queue().items()):
            waiting.add_metric([queue], count)
            oldest.add_metric([queue], (node.clock.now() - since) / 1000)
        yield waiting
        yield oldest
        labels = ["queue", "requires"]
        waiting = GaugeMetricFamily("onecase_class_waiting", "Work waiting that requires the same", labels=labels)
        oldest = GaugeMetricFamily(
            "onecase_class_oldest_seconds", "How long the longest of a class has waited", labels=labels
        )
        for name, (count, since) in sorted(node.domain.matcher.waiting_by_class().items()):
            waiting.add_metric(name, count)
            oldest.add_metric(name, (node.clock.now() - since) / 1000)
        yield waiting
        yield oldest
        yield from self._alone()
        yield from self._staffing()
        yield from self._waits()

    def _waits(self) -> Iterable[Metric]:
        """Whether waits are as long as we say: a range that was told is judged when the place is reached."""
        labels = ["queue", "kind"]
        judged = CounterMetricFamily("onecase_waits_judged", "Waits that were told and are over", labels=labels)
        kept = GaugeMetricFamily(
            "onecase_waits_kept_share", "How many of them held as they were told, lately", labels=labels
        )
        for queue, kind, cover in self._node.waits.covers():
            judged.add_metric([queue, kind], cover.judged)
            if cover.share is not None:
                kept.add_metric([queue, kind], cover.share)
        yield judged
        yield kept

    def _staffing(self) -> Iterable[Metric]:
        """Who should be there now, and what is promised for the hours that come."""
        bookings = self._node.domain.bookings
        short, due = bookings.short()
        yield GaugeMetricFamily("onecase_staff_due", "People who should be there now by the roster", value=due)
        yield GaugeMetricFamily("onecase_staff_short", "How many of them are not", value=short)
        booked = GaugeMetricFamily("onecase_callbacks_booked", "Calls promised by hour (UTC)", labels=["hour"])
        for hour, count in bookings.booked_by_hour().items():
            booked.add_metric([stamp(hour)], count)
        yield booked
        yield GaugeMetricFamily("onecase_callbacks_at_risk", "Promised calls that do not fit any more and stand where "
                                "they were", value=bookings.at_risk)  # fmt: skip

    def _ways_out(self) -> Iterable[Metric]:
        """How providers do, and a mailbox elsewhere."""
        provider = GaugeMetricFamily(
            "onecase_provider_wait_seconds", "How long a failing provider is left alone", labels=["for"]
        )
        node, now = self._node, self._node.clock.now()
        for name, breaker in (*sorted(node.outbox.breakers.items()), ("dialler", node.dialler.breaker)):
            provider.add_metric([name], breaker.wait_ms(now) / 1000)
        yield provider
        failing = GaugeMetricFamily(
            "onecase_sending_failures", "Attempts to send in a row that failed, while something waits", labels=["by"]
        )
        for name, breaker in sorted(node.outbox.breakers.items()):
            failing.add_metric([name], breaker.failures if breaker.is_failing else 0)
        yield failing
        if self.mailbox is not None:
            is_read, is_whole = self.mailbox()
            yield GaugeMetricFamily("onecase_mailbox_unread", "1 while the mailbox elsewhere cannot be read",
                                    value=int(not is_read))  # fmt: skip
            yield GaugeMetricFamily("onecase_mailbox_folder_unread", "1 while a folder of that mailbox cannot be read",
                                    value=int(is_read and not is_whole))  # fmt: skip

    def collect(self) -> Iterable[Metric]:
        node = self._node
        yield _counter("onecase_contacts", "Contacts taken", "channel", self._contacts)
        yield _counter("onecase_messages", "Messages of ours by what became of them", "state", self._messages)
        yield _counter("onecase_offers", "Offers by outcome", "outcome", self._offers)
        yield _counter("onecase_calls", "Legs that ended, by whose and how", "outcome", self._calls)
        yield _counter(
            "onecase_promises", "Promises made, kept, moved, at risk, broken, withdrawn", "state", self._promises
        )
        yield _counter("onecase_texts_withheld", "Texts of ours that were not sent", "what", self._withheld)
        yield CounterMetricFamily(
            "onecase_calls_abandoned", "Callers who left before anybody was with them", value=self._abandoned
        )
        yield CounterMetricFamily(
            "onecase_call_states_unknown",
            "Words of the provider on a call that we do not know",
            value=self.unknown_states,
        )
        yield _counter("onecase_overtakes", "Offers made before equals with an older place", "reason", self._overtakes)
        yield _counter("onecase_junk", "Contacts set aside as junk", "rule", self._junk)
        yield _counter("onecase_junk_floods", "Times that much junk came at once", "rule", node.floods.told)
        flood = GaugeMetricFamily("onecase_junk_flood", "1 while much junk comes at once", labels=["rule"])
        for rule in sorted(node.floods.under_way(node.clock.now())):
            flood.add_metric([rule], 1)
        yield flood
        yield CounterMetricFamily("onecase_junk_released", "Contacts let out of the quarantine", value=self._released)
        yield CounterMetricFamily("onecase_cases_opened", "Cases opened", value=self._cases)
        yield CounterMetricFamily("onecase_webhooks_refused", "Webhooks with a wrong signature", value=self.refused)
        if (letterbox := self._node.letterbox) is not None:
            yield CounterMetricFamily(
                "onecase_mail_answers_held_back",
                "Automatic mails that were not sent, for machines seem to answer each other",
                value=letterbox.guard.stopped,
            )
            yield GaugeMetricFamily(
                "onecase_mail_answers_held_back_lately",
                "The same within an hour, as far as they are counted",
                value=letterbox.guard.stopped_lately,
            )
        yield from self._lines()
        agents = GaugeMetricFamily("onecase_agents", "Agents by state", labels=["state"])
        states: dict[str, int] = {}
        for agent in node.domain.agents.values():
            _add(states, agent.state)
        for state, count in sorted(states.items()):
            agents.add_metric([state], count)
        yield agents
        chats = GaugeMetricFamily("onecase_chat_connections", "Windows of visitors that are open")
        chats.add_metric([], len(node.visitors))
        yield chats
        lag = GaugeMetricFamily("onecase_consumer_lag_events", "Events not yet consumed", labels=["consumer"])
        lag.add_metric(["relay"], node.relay.lag)
        lag.add_metric(["search"], node.indexer.lag)
        yield lag
        yield CounterMetricFamily(
            "onecase_forgotten", "What went by itself as the policy says", value=node.retention.forgotten
        )
        yield GaugeMetricFamily("onecase_erasing", "Customers of whom something is still to go", value=node.eraser.owed)
        yield GaugeMetricFamily("onecase_outbox_under_way", "Messages being sent now", value=node.outbox.waiting)
        legs = GaugeMetricFamily("onecase_legs", "Telephone legs that are not over, by state", labels=["state"])
        by_state: dict[str, int] = {}
        for state in node.dialler.legs.values():
            _add(by_state, state)
        for state, count in sorted(by_state.items()):
            legs.add_metric([state], count)
        yield legs
        since = min(node.dialler.dialling_since.values(), default=node.clock.now())
        yield GaugeMetricFamily(
            "onecase_legs_dialling_seconds",
            "How long ago the oldest leg was asked for of which the provider has said nothing",
            value=(node.clock.now() - since) / 1000,
        )
        yield from self._ways_out()
        yield GaugeMetricFamily("onecase_journal_seq", "Number of the last event", value=node.journal.last_seq)
        yield GaugeMetricFamily("onecase_ready", "1 while the service takes contacts", value=int(node.is_ready))


def registry_for(metrics: NodeMetrics) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(metrics)
    return registry


def _is_step(event: PromiseChanged) -> bool:
    """Whether a promise that was moved, or is at risk, only went a step on: it is dialled, or tried again."""
    if event.state is PromiseState.MOVED:
        return event.window is None
    return event.state is PromiseState.AT_RISK and (bool(event.attempt) or event.callback is CallbackState.DIALLING)


def _add(counts: dict[str, int], name: str) -> None:
    counts[str(name)] = counts.get(str(name), 0) + 1


def _counter(name: str, text: str, label: str, counts: dict[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family
