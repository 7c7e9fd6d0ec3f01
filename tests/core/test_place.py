"""The place in line: across a change of channel, for a promise about to bite, and who may be passed."""

from hypothesis import given
from hypothesis import strategies as st

from router.core.clock import Ms
from router.core.documents import Ask, Requirement
from router.core.matcher import FIRST, ORDINARY, PROMISED, score_of
from router.core.place import BITES_MS, SERVED_MS, has_slack, place_after_switch, turn_of
from router.core.relax import relaxed
from router.core.values import replace
from router.core.words import HOUR_MS, Channel, WorkId

PHONE = Requirement(channel=Channel.PHONE, target_ms=60_000)
CHAT = Requirement(channel=Channel.CHAT, target_ms=90_000)
TEXT = Requirement(channel=Channel.SMS, target_ms=HOUR_MS)
MAIL = Requirement(channel=Channel.EMAIL, target_ms=8 * HOUR_MS)
NOW = Ms(1_790_000_000_000)
KINDS = st.sampled_from([PHONE, CHAT, TEXT, MAIL])
WAITED = st.integers(0, 100 * HOUR_MS)


def ask(requirement: Requirement, *, waited: int = 0) -> Ask:
    return Ask(work=WorkId("w"), place_at=Ms(NOW - waited), queue="q", requirement=requirement, policy=1, rule="r")


def test_between_live_channels_the_seconds_count_and_else_the_share() -> None:
    """Half of a text's hour waited is half a minute on the phone; a night's mail does not beat a caller."""
    assert place_after_switch(Ms(NOW - HOUR_MS // 2), now=NOW, old=TEXT, new=PHONE) == NOW - 30_000
    assert place_after_switch(Ms(NOW - 30_000), now=NOW, old=PHONE, new=TEXT) == NOW - HOUR_MS // 2
    assert place_after_switch(Ms(NOW - 2 * HOUR_MS), now=NOW, old=MAIL, new=TEXT) == NOW - HOUR_MS // 4
    assert place_after_switch(Ms(NOW - 45_000), now=NOW, old=CHAT, new=PHONE) == NOW - 45_000
    assert place_after_switch(Ms(NOW - 45_000), now=NOW, old=PHONE, new=CHAT) == NOW - 45_000
    after_a_night = place_after_switch(Ms(NOW - 10 * HOUR_MS), now=NOW, old=MAIL, new=PHONE)
    assert score_of(PHONE, after_a_night, NOW) < score_of(PHONE, Ms(NOW - 80_000), NOW)


@given(old=KINDS, new=KINDS, waited=WAITED)
def test_no_channel_is_a_shortcut(old: Requirement, new: Requirement, waited: int) -> None:
    """Whoever switches and comes back stands where they stood, never a millisecond younger; between live and written
    the score stays the same."""
    place = Ms(NOW - waited)
    there = place_after_switch(place, now=NOW, old=old, new=new)
    gained = place - place_after_switch(there, now=NOW, old=new, new=old)
    assert 0 <= gained <= old.target_ms / new.target_ms + 1
    assert there <= NOW
    if not {old.kind, new.kind} <= {"phone", "chat"}:
        assert abs(score_of(new, there, NOW) - score_of(old, place, NOW)) <= 1 / new.target_ms


def test_a_promise_goes_first_when_it_is_about_to_bite() -> None:
    """Five minutes before it is due, not earlier; a person's word stands above it; without either there is the line."""
    due = replace(ask(TEXT), due_at=Ms(NOW + BITES_MS + 1))
    assert turn_of(due, NOW) == (ORDINARY, NOW + 1)
    assert turn_of(due, Ms(NOW + 1)) == (PROMISED, None)
    assert turn_of(replace(due, first=True), NOW) == (FIRST, None)
    assert turn_of(replace(ask(TEXT), early=True), NOW) == (PROMISED, None)
    assert turn_of(ask(TEXT), NOW) == (ORDINARY, None)


def test_whoever_is_passed_has_time_left() -> None:
    assert has_slack(ask(TEXT, waited=HOUR_MS - SERVED_MS), NOW)
    assert not has_slack(ask(TEXT, waited=HOUR_MS - SERVED_MS + 1), NOW)
    assert not has_slack(ask(PHONE), NOW)
    assert not has_slack(replace(ask(MAIL), due_at=Ms(NOW + SERVED_MS - 1)), NOW)


STEPS = ((60_000, "level"), (120_000, "language"), (180_000, "skill:billing"))
GERMAN = replace(TEXT, skills=(("billing", 3),), language="de")


def test_requirements_relax_in_the_written_order_and_language_only_with_a_yes() -> None:
    """S31: level, then the language is asked for, then the skill; the language stays until the customer agreed."""
    waits = replace(ask(GERMAN), relax=STEPS)
    everybody = {"is_held": lambda *_: True}
    levels = [relaxed(waits, Ms(NOW + s * 1000), **everybody) for s in (59, 60, 120, 180)]
    assert [one.requirement.skills for one in levels] == [(("billing", 3),), (("billing", 1),), (("billing", 1),), ()]
    assert [one.requirement.language for one in levels] == ["de"] * 4
    assert [one.asks for one in levels] == [False, False, True, True]
    assert [one.next_at for one in levels] == [NOW + 60_000, NOW + 120_000, NOW + 180_000, None]
    assert levels[3].taken == (
        "level no longer required after 60 s",
        "skill:billing no longer required after 180 s",
    )
    agreed = replace(waits, requirement=replace(GERMAN, language="en"), offered_language="en")
    after = relaxed(agreed, Ms(NOW + 180_000), **everybody)
    assert (after.requirement.language, after.asks) == ("en", False)
    assert after.taken[0] == "language en: the customer agreed"


PRESENT = {"heating": 1, "billing": 3}


def present(skill: str, level: int) -> bool:
    return PRESENT.get(skill, 0) >= level


def test_what_nobody_present_can_meet_is_given_up_at_once_whatever_step_it_stands_in() -> None:
    """A level that nobody has goes at once, and only for the skill of which nobody has it; so does a skill behind a step
    that has yet to come, and of all skills those alone that nobody can meet. Each step comes in its own time as well."""
    for skills, steps, left, missed in (
        ((("heating", 2),), ((10, "level"), (20, "skill:heating")), (("heating", 1),), ("heating",)),
        ((("chess", 2),), ((10, "level"), (20, "skill:chess")), (), ("chess",)),
        ((("billing", 3), ("heating", 2)), ((10, "level"),), (("billing", 3), ("heating", 1)), ("heating",)),
        ((("billing", 3), ("chess", 1)), ((10, "level"), (20, "skill:chess")), (("billing", 3),), ("chess",)),
        ((("billing", 3), ("chess", 2)), ((10, "skills"),), (("billing", 3),), ("chess",)),
        ((("heating", 2),), ((10, "skill:heating"),), (), ("heating",)),
        ((("chess", 1),), ((10, "level"),), (("chess", 1),), ()),
    ):
        waits = replace(
            ask(replace(TEXT, skills=skills)), place_at=NOW, relax=tuple((s * 1000, what) for s, what in steps)
        )
        found = relaxed(waits, NOW, is_held=present)
        assert (found.requirement.skills, found.missed) == (left, missed), (skills, steps)
        assert found.next_at == NOW + steps[0][0] * 1000


def test_a_language_that_nobody_present_speaks_is_given_up_by_no_step_of_the_rule() -> None:
    """Only the customer's yes gives it up, however little is there."""
    waits = replace(ask(GERMAN), place_at=NOW, relax=STEPS)
    found = relaxed(waits, NOW, is_held=lambda *_: False)
    assert (found.requirement.skills, found.requirement.language, found.asks) == ((), "de", False)
