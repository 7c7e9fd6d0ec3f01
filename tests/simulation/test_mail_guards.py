"""Each guard of mail is taken away, one at a time, and the simulator must turn red; and machines that are left to
themselves fall silent.
"""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from channels.base import Outgoing, Sent
from channels.email import following, heading, reading
from channels.email.channel import EmailChannel
from channels.email.following import Following
from channels.email.machines import Signs
from router.core import contacts, letters, mailing
from router.core.addresses import matching_key
from router.core.values import replace as replace_value
from router.core.words import HOUR_MS
from router.node.mail_guard import MailGuard
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without
from tests.simulation.loop import VirtualLoop, run_virtual
from tests.simulation.run import run_options, silence
from tests.simulation.world import World

BY_MAIL = replace(PLAIN, people=6, texts=10, mails=40, minutes=20)
MACHINES = replace(PLAIN, people=1, texts=0, agents=0, machines=8, minutes=30 * 60, mode="safety")
QUIET_AFTER_H = 2.0


def each_delivery_is_a_mail(patch: Patch) -> None:
    real, count = heading._fingerprint, itertools.count()
    patch.setattr(heading, "_fingerprint", lambda *given: f"{next(count)}/{real(*given)}")


def whoever_names_a_case_may_write_there(patch: Patch) -> None:
    real = letters._entitled

    def entitled(making: Any, case: Any, command: Any) -> Any:
        try:
            return real(making, case, command)
        except letters.Rejected:
            return letters._add_participant(making, case, command.sender, invited=False, why="named it")

    patch.setattr(letters, "_entitled", entitled)


def forgers_are_believed(patch: Patch) -> None:
    def sender_key(command: Any) -> str:
        return matching_key(command.sender)

    patch.setattr(contacts, "sender_key", sender_key)
    patch.setattr("router.node.customers.sender_key", sender_key)


def whom_a_forger_names_is_answered(patch: Patch) -> None:
    patch.setattr(letters, "why_untold", lambda *_: "")


def a_late_copy_goes_to_everybody(patch: Patch) -> None:
    real = EmailChannel.send

    async def send(channel: EmailChannel, message: Outgoing) -> Sent:
        letter = message.letter
        if letter is None or letter.copy_of is None:
            return await real(channel, message)
        first = letter.copy_of
        whole = replace_value(
            message, to=first.to, reference=first.reference, letter=replace_value(letter, copy_of=None)
        )
        return await real(channel, whole)

    patch.setattr(EmailChannel, "send", send)


def a_place_is_kept_before_its_mail(patch: Patch) -> None:
    real = Following._bring

    async def bring(self: Following, session: Any, folder: str, position: Any) -> bool:
        await self._save(folder, position)
        return await real(self, session, folder, position)

    patch.setattr(Following, "_bring", bring)


def numbers_of_mails_hold_for_ever(patch: Patch) -> None:
    patch.setattr(following, "holds", lambda position, opened: position.uid <= opened.uid_last)


def machines_are_people(patch: Patch) -> None:
    patch.setattr(reading, "signs_of", lambda *_, **__: Signs())


def machines_are_answered_for_ever(patch: Patch) -> None:
    patch.setattr(MailGuard, "look", lambda *_: "")


def what_came_back_is_forgotten(patch: Patch) -> None:
    patch.setattr(mailing, "mark", lambda *_, **__: None)


def reports_are_believed_of_anybody(patch: Patch) -> None:
    patch.setattr("router.node.working_sets.is_theirs", lambda *_: True)


def what_others_prove_is_the_customers(patch: Patch) -> None:
    patch.setattr(letters, "of_somebody_else", lambda graded: graded)


GUARDS = (
    Guard(each_delivery_is_a_mail, "mail_repeated mail_answer_lost", (3,)),
    Guard(each_delivery_is_a_mail, "mailbox_changes", (3,)),
    Guard(a_place_is_kept_before_its_mail, "mailbox_breaks", (2,)),
    Guard(numbers_of_mails_hold_for_ever, "mailbox_changes", (2,)),
    Guard(whoever_names_a_case_may_write_there, "mail_forged", (24,)),
    Guard(forgers_are_believed, "mail_forged", (24,)),
    Guard(whom_a_forger_names_is_answered, "mail_forged", (22, 24)),
    Guard(machines_are_people, "mail_machines", (23,)),
    Guard(machines_are_answered_for_ever, "", (22,), (("mails", 0), ("machines", 8))),
    Guard(what_came_back_is_forgotten, "mail_bounces", (45,)),
    Guard(a_late_copy_goes_to_everybody, "mail_bounces mail_greylist", (21,)),
    Guard(what_others_prove_is_the_customers, "", (24,)),
    Guard(reports_are_believed_of_anybody, "mail_forged", (0, 5, 8, 24), first=3),
)


def test_the_plain_world_by_mail_is_green():
    run_options(BY_MAIL)


@each_of(GUARDS)
def test_without_this_guard_the_simulator_turns_red(guard: Guard, monkeypatch: Patch):
    turns_red_without(guard, BY_MAIL, monkeypatch)


@pytest.mark.parametrize("seed", range(1, 4))
def test_machines_that_are_left_to_themselves_fall_silent(seed: int):
    """Desks that acknowledge everything and mark nothing, one of them from ever new addresses, and notices of absence:
    each begins once, and until somebody of us answers, a day later, nothing moves any more."""
    worlds: list[World] = []

    async def live(loop: VirtualLoop) -> None:
        worlds.append(World(replace(MACHINES, seed=seed), loop))
        await worlds[0].run()

    with silence():
        run_virtual(live)
    watch = worlds[0].watch.mail
    assert watch is not None
    assert watch.automatic >= 4
    first_at = worlds[0].log.batches[0].at
    hours = [(at - first_at) / HOUR_MS for at in watch.moved_at]
    assert [h for h in hours if QUIET_AFTER_H < h < MACHINES.minutes / 60] == []
