"""Guards of junk and of card numbers are taken away, one at a time, and the simulator must turn red."""

from dataclasses import replace
from typing import Any

from router.core import calls, contacts, junk
from router.core.context import Making
from router.core.linking import Link
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without
from tests.simulation.run import run_options


def anybody_may_be_junk(patch: Patch) -> None:
    """Open cases and promises protect nobody, nor does having been met."""

    def set_aside_contact(making: Making, command: Any, case: Any, facts: Any, *, known: bool) -> bool:
        return real(making, command, case, facts, known=False)

    real = junk.set_aside_contact
    patch.setattr(junk, "_begins_matter", lambda *_: True)
    patch.setattr(contacts.junk, "set_aside_contact", set_aside_contact)
    patch.setattr(contacts, "link", lambda *_, **__: Link(None, "new_case", ()))


def junk_is_worked_on(patch: Patch) -> None:
    """It is set aside, and asks for an agent all the same."""
    real = junk.set_aside_contact

    def set_aside_contact(*given: Any, **more: Any) -> bool:
        real(*given, **more)
        return False

    patch.setattr(contacts.junk, "set_aside_contact", set_aside_contact)


def cards_are_kept(patch: Patch) -> None:
    patch.setattr(contacts, "without_cards", lambda text: text)
    patch.setattr(calls, "without_cards", lambda text: text)


GUARDS = (
    Guard(anybody_may_be_junk, "", (8, 45), (("spammers", 5),)),
    Guard(junk_is_worked_on, "", (45,), (("spammers", 5),)),
    Guard(cards_are_kept, "", (28,), (("spammers", 5),)),
)


@each_of(GUARDS)
def test_without_the_guard_the_simulator_turns_red(guard: Guard, monkeypatch: Patch) -> None:
    turns_red_without(guard, PLAIN, monkeypatch)


def test_with_all_guards_a_world_of_spam_is_green() -> None:
    """Spammers write, people write what looks like spam, somebody lets some of it out, and everybody is where they
    belong."""

    result = run_options(replace(PLAIN, seed=1, spammers=5))
    assert result.junk >= 5
    assert result.released >= 1
