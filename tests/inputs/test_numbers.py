"""What a number tells is looked up once for all numbers of its block. These tests prove that this changes nothing."""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from re import _constants as part  # pyright: ignore
from re import _parser as patterns  # pyright: ignore
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata
from phonenumbers.tzdata import TIMEZONE_DATA

from channels.numbers import BLOCK, DOWN_TO_THE_END, LONG, ONE_CLOCK, _facts_of_number, facts_of  # pyright: ignore
from router.core.addresses import AddressKind

DIGITS_MAX = 15
KINDS = (
    *("general_desc", "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan"),
    *("voicemail", "fixed_line", "mobile"),
)
Tails = dict[int, int]
"""By length of what a pattern matches: how many of its last digits may be any digit, at least."""


def regions() -> Iterator[tuple[int, Any]]:
    for code, names in COUNTRY_CODE_TO_REGION_CODE.items():
        for name in names:
            if metadata := PhoneMetadata.metadata_for_region_or_calling_code(code, name):
                yield code, metadata


def tails_of(pattern: Iterable[Any]) -> Tails:
    found: Tails = {0: 0}
    for operator, operand in pattern:
        found = _followed(found, _one(operator, operand))
    return found


def _one(operator: Any, operand: Any) -> Tails:
    if operator is part.LITERAL:
        return {1: 0}
    if operator is part.IN:
        return {1: int(operand == [(part.CATEGORY, part.CATEGORY_DIGIT)])}
    if operator is part.SUBPATTERN:
        return tails_of(operand[3])
    if operator is part.AT:
        return {0: 0}
    found: Tails = {}
    if operator is part.BRANCH:
        for branch in operand[1]:
            _least(found, tails_of(branch))
        return found
    assert operator in (part.MAX_REPEAT, part.MIN_REPEAT), f"a pattern has {operator}, which this proof does not know"
    low, high, repeated = operand
    once, times = tails_of(repeated), {0: 0}
    for n in range(min(int(high), DIGITS_MAX) + 1):
        if n >= low:
            _least(found, times)
        times = _followed(times, once)
    return found


def _followed(left: Tails, right: Tails) -> Tails:
    found: Tails = {}
    for after, free in right.items():
        for before, tail in left.items():
            if before + after <= DIGITS_MAX:
                _least(found, {before + after: after + tail if free == after else free})
    return found


def _least(found: Tails, more: Tails) -> None:
    for length, tail in more.items():
        found[length] = min(tail, found.get(length, DIGITS_MAX))


def test_no_numbering_plan_looks_at_the_last_digits_of_a_long_number():
    """By the patterns themselves: where one does, its calling code stands in DOWN_TO_THE_END."""
    looking: set[str] = set()
    for code, metadata in regions():
        for kind in KINDS:
            plan = getattr(metadata, kind)
            if plan is None or not plan.national_number_pattern:
                continue
            for length, tail in tails_of(patterns.parse(plan.national_number_pattern)).items():
                is_possible = not plan.possible_length or length in plan.possible_length
                if is_possible and len(str(code)) + length >= LONG and tail < BLOCK:
                    looking.add(f"+{code}")
    looking |= {f"+{prefix}" for prefix in TIMEZONE_DATA if len(prefix) > LONG - BLOCK}
    assert all(any(found.startswith(known) for known in DOWN_TO_THE_END) for found in looking), looking


@pytest.mark.parametrize("seed", range(4))
def test_numbers_of_a_block_have_the_same_facts_as_each_has_alone(seed: int):
    chance = random.Random(seed)
    for code, metadata in regions():
        example = phonenumbers.example_number(metadata.id) or phonenumbers.example_number_for_non_geo_entity(code)
        national = phonenumbers.national_significant_number(example) if example else "1"
        for kept in range(len(national)):
            digits = f"{code}{national[:kept]}"
            length = chance.choice((LONG, len(str(code)) + len(national), chance.randint(LONG, DIGITS_MAX + 1)))
            number = "+" + digits + "".join(chance.choices("0123456789", k=max(0, length - len(digits))))
            assert facts_of(number) == _facts_of_number(number), number


def test_what_is_no_number_is_a_sender():
    for address in ("", "anonymous", "86753", "ONECASE", "+266696687"):
        assert facts_of(address).kind is AddressKind.SENDER
    assert facts_of("whatsapp:+4915112345678") == facts_of("+4915112345678")
    assert facts_of("+4915112345678").zones == ("Europe/Berlin",)


def _clocks(zones: Iterable[str]) -> list[tuple[str, ...]]:
    """What the clock of each zone shows through two years, every six hours."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    instants = [start + timedelta(hours=6 * n) for n in range(4 * 730)]
    return [tuple(str(at.astimezone(ZoneInfo(zone)).utcoffset()) for at in instants) for zone in zones]


@pytest.mark.parametrize("number", ["+447400123456", "+353851234567", "+393331234567", "+358401234567", "+4740612345"])
def test_who_lives_in_a_country_with_one_clock_is_not_in_doubt(number: str):
    """The tables name islands and small states beside the country; their clocks are the country's."""
    assert len(facts_of(number).zones) == 1, facts_of(number)
    assert facts_of("+447400123456").zones == ("Europe/London",)


def test_zones_taken_as_one_show_the_same_time():
    for zone, same in ONE_CLOCK.items():
        [theirs, known] = _clocks((zone, same))
        assert theirs == known, zone
