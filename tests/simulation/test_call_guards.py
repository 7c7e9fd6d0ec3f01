"""Each guard of the telephone is taken away, one at a time, and the simulator must turn red."""

from dataclasses import replace
from typing import Any

from channels.twilio_recording import TwilioRecordings
from channels.twilio_voice import TwilioVoice
from router.core import attempts, call_ends, call_table, calls, legs, promises, recording, slips
from router.core.call_parts import promise_call
from router.core.commands import BeginLeg
from router.core.documents import Case
from router.core.values import replace as change
from router.core.words import CallRole, PromiseState, Step
from router.node.dialler import Dialler
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without
from tests.simulation.run import run_options

ON_THE_PHONE = replace(PLAIN, texts=20, calls=50, minutes=10, agents=3)


def late_turns_act(patch: Patch) -> None:
    real = calls.hear_call

    def hear_call(making: Any, command: Any) -> None:
        real(making, change(command, turn=making.call(command.call).turn))

    patch.setattr(calls, "hear_call", hear_call)


def dialled_before_it_is_durable(patch: Patch) -> None:
    real = Dialler._try

    async def try_(self: Dialler, command: Any) -> None:
        if isinstance(command, BeginLeg):
            call: Any = await self._journal.document(command.call)
            await self._channel.dial(await self._dial_of(call))  # type: ignore[union-attr]
        await real(self, command)

    patch.setattr(Dialler, "_try", try_)


def no_look_up_of_dials(patch: Patch) -> None:
    async def dialled(*_: object) -> list[str]:
        return []

    patch.setattr(TwilioVoice, "dialled", dialled)


def promises_beside_promises(patch: Patch) -> None:
    def promise(making: Any, case: Case, address: Any, **more: Any) -> None:
        promise_call(making, change(case, promise=None), address, **more)

    for module in (calls, call_ends, legs):
        patch.setattr(module, "promise_call", promise)


def anybody_is_rung_back(patch: Patch) -> None:
    for module in (call_table, calls, call_ends):
        patch.setattr(module, "may_ring_back", lambda _: True)


def no_key_is_asked_for(patch: Patch) -> None:
    real = legs.hear_agent

    def hear_agent(making: Any, call: Any, *, key: str) -> None:
        real(making, call, key="1" if call.step is Step.WHISPER else key)

    patch.setattr(legs, "hear_agent", hear_agent)


def customers_are_rung_first(patch: Patch) -> None:
    """A customer's leg is planned with the agent's, before anybody has pressed a key."""
    real = legs.ring_agent

    def ring_agent(making: Any, case: Any, event: Any) -> None:
        real(making, case, event)
        for leg in list(making.state.values()):
            if getattr(leg, "role", None) is CallRole.AGENT and leg.state == "planned" and leg.work == event.work:
                legs.bring_customer(making, leg)

    patch.setattr("router.core.cases.ring_agent", ring_agent)


def nobody_is_told_that_the_agent_is_gone(patch: Patch) -> None:
    real = call_ends.move

    def move(making: Any, call: Any, to: Any, **how: Any) -> None:
        if to is not Step.LOST:
            real(making, call, to, **how)

    patch.setattr(call_ends, "move", move)


def two_legs_on_one_phone(patch: Patch) -> None:
    patch.setattr(Dialler, "_join_line", lambda *_: None)


def hanging_up_forgets_promises(patch: Patch) -> None:
    patch.setattr("router.core.cases.own_promise", lambda *_: None)
    patch.setattr(call_ends, "own_promise", lambda *_: None)


def moved_before_they_know(patch: Patch) -> None:
    """A promise that slips counts as moved as soon as word of it is queued."""
    real = slips.slip

    def slip(making: Any, promise: Any, window: Any, **how: Any) -> bool:
        told = real(making, promise, window, **how)
        if told and (word := making.promise(promise.id).word) is not None:
            slips.word_is_out(making, making.message(word))
        return told

    patch.setattr(slips, "slip", slip)
    patch.setattr("router.core.promises.slip", slip)


def nobody_watches_what_was_moved(patch: Patch) -> None:
    """A time that was moved once may go by: nobody looks whether it slips again."""
    real = attempts.is_rung
    for module in (promises, slips):
        patch.setattr(module, "is_rung", lambda promise: promise.state is PromiseState.MOVED or real(promise))


def tried_again_at_once(patch: Patch) -> None:
    real = attempts.next_at

    def next_at(making: Any, promise: Any, how: str) -> Any:
        return None if real(making, promise, how) is None else making.now

    patch.setattr(attempts, "next_at", next_at)


def nobody_is_told_of_the_recording(patch: Patch) -> None:
    """Whether they heard of it is not asked any more, and nobody says it."""
    patch.setattr(recording, "is_announced", lambda *_: True)
    patch.setattr(recording, "notice_for", lambda *_: "")
    patch.setattr(calls, "_notice_at_greeting", lambda *_: "")


def refused_recordings_stay_at_the_provider(patch: Patch) -> None:
    async def delete(*_: object) -> bool:
        return True

    patch.setattr(TwilioRecordings, "delete", delete)


def no_look_up_of_recordings(patch: Patch) -> None:
    async def found(*_: object) -> list[str]:
        return []

    patch.setattr(TwilioRecordings, "found", found)


def lost_callers_hang_up(patch: Patch) -> None:
    patch.setattr(call_ends, "_is_lost", lambda *_: False)


GUARDS = (
    Guard(lost_callers_hang_up, "crash", (15,), (("strength", 1.0),)),
    Guard(late_turns_act, "webhook_repeated webhook_late webhook_slow", (6, 7), (("strength", 0.5),), first=4),
    Guard(dialled_before_it_is_durable, "", (21,)),
    Guard(no_look_up_of_dials, "rest_answer_lost status_lost", (21,), (("strength", 0.6),)),
    Guard(promises_beside_promises, "phones_odd", (17, 18)),
    Guard(anybody_is_rung_back, "spoofed", (24,), (("agents", 1),)),
    Guard(no_key_is_asked_for, "", (44,)),
    Guard(customers_are_rung_first, "", (0, 18, 43, 44)),
    Guard(nobody_is_told_that_the_agent_is_gone, "lines_break", (33, 43), (("strength", 0.6), ("agents", 4)), first=6),
    Guard(two_legs_on_one_phone, "rest_lost rest_errors", (13,), (("strength", 0.3),)),
    Guard(hanging_up_forgets_promises, "", (17,), first=2),
    Guard(
        moved_before_they_know,
        "",
        (17,),
        (("windows", True), ("agents", 2), ("texts", 40), ("minutes", 60), ("turmoil", 0.9)),
        first=2,
    ),
    Guard(
        nobody_watches_what_was_moved,
        "",
        (17,),
        (("windows", True), ("agents", 1), ("texts", 40), ("minutes", 60), ("turmoil", 0.9)),
        first=4,
    ),
    Guard(tried_again_at_once, "phones_odd", (18,)),
    Guard(nobody_is_told_of_the_recording, "", (38,), (("recorded", "calls"),)),
    Guard(refused_recordings_stay_at_the_provider, "", (38,), (("recorded", "calls"),), first=2),
    Guard(
        no_look_up_of_recordings, "rest_answer_lost status_lost", (33, 38), (("recorded", "calls"), ("strength", 0.6))
    ),
)


def test_the_plain_world_on_the_phone_is_green():
    run_options(ON_THE_PHONE)


@each_of(GUARDS)
def test_without_this_guard_the_simulator_turns_red(guard: Guard, monkeypatch: Patch):
    turns_red_without(guard, ON_THE_PHONE, monkeypatch)
