"""Each guard of the product is taken away, one at a time, and the simulator must turn red: a guard whose absence stays
green is not tested.
"""

from collections import deque
from typing import Any

from channels import twilio_messaging
from channels.twilio_rest import twilio_client
from router.core import cases, contacts, messages, undelivered
from router.core.commands import TakeContact
from router.core.documents import Ask, Case
from router.core.events import MessageAttempted
from router.core.matcher import Matcher
from router.core.values import replace as change
from router.core.values import replace as replace_value
from router.core.words import SECOND_MS
from router.http.live import Live
from router.journal.base import KeyTaken
from router.journal.memory import MemoryJournal
from router.node import node as node_module
from router.node.deadlines import Deadlines
from router.node.domain import DomainScope
from router.node.locks import Hold
from router.node.node import Node
from router.node.taking import Outcome
from tests.simulation.disk import Handle, Platter
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without
from tests.simulation.run import run_options


def no_dedupe(patch: Patch) -> None:
    real = MemoryJournal._refusal

    def refusal(self: MemoryJournal, *given: Any) -> Exception | None:
        refused = real(self, *given)
        return None if isinstance(refused, KeyTaken) else refused

    patch.setattr(MemoryJournal, "_refusal", refusal)


def answer_before_commit(patch: Patch) -> None:
    real = Node.take

    async def take(self: Node, command: Any, answer_of: Any = None) -> Outcome:
        if isinstance(command, TakeContact):
            work = real(self, command, answer_of)
            self.spawn(work, "later")  # pyright: ignore[reportArgumentType]
            return Outcome(stored=None, decision=None)
        return await real(self, command, answer_of)

    patch.setattr(Node, "take", take)


def no_sync(patch: Patch) -> None:
    async def sync(self: Handle) -> None:
        return None

    patch.setattr(Handle, "sync", sync)


def no_fence(patch: Patch) -> None:
    real = Platter.__init__

    def init(self: Platter, *given: Any) -> None:
        real(self, *given)
        self.fenced = False

    patch.setattr(Platter, "__init__", init)


def no_signature(patch: Patch) -> None:
    patch.setattr(twilio_messaging, "is_signed", lambda *_, **__: True)


def no_lock(patch: Patch) -> None:
    async def enter(self: Hold) -> None:
        return None

    async def leave(self: Hold, *_: object) -> None:
        return None

    patch.setattr(Hold, "__aenter__", enter)
    patch.setattr(Hold, "__aexit__", leave)


def no_look_up(patch: Patch) -> None:
    async def find(*_: object) -> list[str]:
        return []

    patch.setattr(twilio_messaging.TwilioMessaging, "find", find)


def no_opt_out_at_send(patch: Patch) -> None:
    def begin(making: Any, command: Any) -> None:
        message = making.message(command.message)
        if message.state != "queued":
            raise messages.Rejected(messages.Reason.NOTHING_TO_DO, message.state)
        making.emit(
            MessageAttempted(
                message=message.id,
                at=making.now,
                attempt=message.attempts + 1,
                lookup_at=making.now + 120 * SECOND_MS,
            )
        )

    patch.setattr(messages, "begin_attempt", begin)


def words_move_on_for_ever(patch: Patch) -> None:
    def fail(making: Any, message: Any, *given: Any) -> None:
        undelivered.fail(making, change(message, moved_from=None), *given)

    patch.setattr(messages, "fail", fail)


def same_words_are_the_same_message(patch: Patch) -> None:
    patch.setattr("router.node.customers.sent_key", lambda _: "")
    patch.setattr("router.node.outbox.sent_key", lambda _: "")


def gateways_are_believed(patch: Patch) -> None:
    patch.setattr(twilio_messaging, "OWN_CODES", 0)


def no_catch_up(patch: Patch) -> None:
    async def nothing(self: Node) -> int:
        return 0

    patch.setattr(Node, "catch_up", nothing)


def the_list_is_cut(patch: Patch) -> None:
    real = twilio_client

    def client(*given: Any, **more: Any) -> Any:
        made = real(*given, **more)
        listing = made.messages.list_async
        patch.setattr(type(made.messages), "list_async", lambda self, **asked: listing(**{**asked, "limit": 5}))
        return made

    patch.setattr("channels.registry.twilio_client", client)


def states_go_back(patch: Patch) -> None:
    class Always(dict[str, int]):
        """Every state counts as later than the one before."""

        asked = 0

        def __getitem__(self, _: str) -> int:
            self.asked += 1
            return self.asked % 2

    patch.setattr(messages, "RANK", Always())


def place_is_lost(patch: Patch) -> None:
    real = cases.want_again

    def want_again(making: Any, id: Any, *, place_at: Any, **more: Any) -> None:
        real(making, id, place_at=making.now, **more)

    patch.setattr(cases, "want_again", want_again)


def last_come_first_served(patch: Patch) -> None:
    real = Matcher.for_agent

    def for_agent(self: Matcher, id: Any, now: Any) -> Any:
        match = real(self, id, now)
        if match is None:
            return None
        line = self._waiting[match.waiting.work][1]
        _, last = max(place for place in line.heap if self._stands(line, place))
        return replace_value(match, waiting=self._waiting[last][0])

    patch.setattr(Matcher, "for_agent", for_agent)


def no_capacity(patch: Patch) -> None:
    patch.setattr(Matcher, "_has_room", lambda _, desk, kind: bool(desk.room.get(kind)))


def offers_for_ever(patch: Patch) -> None:
    real = Deadlines.set

    def set_(self: Deadlines, key: str, at: Any, then: Any) -> None:
        if not key.startswith("offer "):
            real(self, key, at, then)

    patch.setattr(Deadlines, "set", set_)


def early_timers(patch: Patch) -> None:
    real = Deadlines.set
    patch.setattr(Deadlines, "set", lambda self, key, at, then: real(self, key, at - 5_000, then))


def work_is_forgotten(patch: Patch) -> None:
    real = DomainScope.want

    def want(self: DomainScope, event: Any) -> None:
        if event.at % 5:
            real(self, event)

    patch.setattr(DomainScope, "want", want)


def memory_differs(patch: Patch) -> None:
    real = MemoryJournal._apply

    def apply(self: MemoryJournal, batch: Any, stored: Any) -> None:
        wrong = tuple(
            (change(document, entries=document.entries + 1) if isinstance(document, Case) else document, base)
            for document, base in batch.documents
        )
        real(self, change(batch, documents=wrong), stored)

    patch.setattr(MemoryJournal, "_apply", apply)


def no_rule(patch: Patch) -> None:
    patch.setattr(contacts, "Ask", lambda **fields: Ask(**{**fields, "rule": ""}))


def stream_with_gaps(patch: Patch) -> None:
    real = Live._after

    async def after(self: Live, position: int) -> Any:
        found = await real(self, position)
        return found[1:] if len(found) > 1 else found

    patch.setattr(Live, "_after", after)


def busy_loop(patch: Patch) -> None:
    patch.setattr(node_module, "CATCH_UP_EVERY_MS", 5_000)


def locks_leak(patch: Patch) -> None:
    real = Hold._pass_on

    def pass_on(self: Hold) -> None:
        real(self)
        self._held[f"left over from {self._key}"] = deque()

    patch.setattr(Hold, "_pass_on", pass_on)


GUARDS = (
    Guard(no_dedupe, "webhook_repeated webhook_answer_lost", (3,)),
    Guard(answer_before_commit, "disk_slow", (1,)),
    Guard(no_sync, "crash", (1,)),
    Guard(no_fence, "second_process", (37,)),
    Guard(no_signature, "forged", (24,)),
    Guard(no_lock, "webhook_slow disk_slow", (0, 3, 5, 8)),
    Guard(no_look_up, "rest_answer_lost status_lost", (21,), (("strength", 0.6),)),
    Guard(no_opt_out_at_send, "rest_errors provider_down", (20,), (("people", 3), ("texts", 200)), first=7),
    Guard(words_move_on_for_ever, "", (21,), (("people", 40), ("texts", 150)), first=3),
    Guard(same_words_are_the_same_message, "rest_answer_lost rest_lost", (21,), (("repeats_words", True),)),
    Guard(gateways_are_believed, "rest_gateway status_lost", (21,), (("strength", 0.6),)),
    Guard(no_catch_up, "webhook_lost", (2,)),
    Guard(the_list_is_cut, "webhook_lost", (2,)),
    Guard(states_go_back, "webhook_slow webhook_repeated", (7,)),
    Guard(place_is_lost, "", (11,)),
    Guard(last_come_first_served, "burst", (12, 16), (("agents", 1),)),
    Guard(no_capacity, "burst", (13,), (("agents", 1),)),
    Guard(offers_for_ever, "", (14,)),
    Guard(early_timers, "", (31,)),
    Guard(work_is_forgotten, "", (12, 15, 16)),
    Guard(memory_differs, "", (4,)),
    Guard(no_rule, "", (29,)),
    Guard(stream_with_gaps, "burst streams_flap disk_slow", (39,)),
    Guard(busy_loop, "", (41,)),
    Guard(locks_leak, "", (33,)),
)


def test_the_plain_world_is_green():
    run_options(PLAIN)


@each_of(GUARDS)
def test_without_this_guard_the_simulator_turns_red(guard: Guard, monkeypatch: Patch):
    turns_red_without(guard, PLAIN, monkeypatch)
