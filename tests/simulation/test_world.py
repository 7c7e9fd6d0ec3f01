"""Ten thousand contacts in fixed worlds, in both modes; and one seed is one world, whatever the process."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.options import ALL_FAULTS, STARTS, Mode, draw_options
from tests.simulation.run import run_world
from tests.simulation.world import Result

SEEDS = (1, 2, 3, 4, 6, 8, 9, 13, 14, 16, 17, 18, 70, 3034, 9001)
"""Those of the first that need the least time for all that is counted below. 70 has a customer who sends a thousand
messages; 3034 was red once."""
MORE_SEEDS = (5, 7, 10, 11, 12, 15, 67)
MODES: tuple[Mode, ...] = ("safety", "liveness")
RED_ONCE: tuple[tuple[int, Mode], ...] = (
    (3031, "safety"),
    (7005, "liveness"),
    (7030, "liveness"),
    (7054, "liveness"),
    (7107, "safety"),
    (7132, "safety"),
    (7133, "liveness"),
    (7144, "safety"),
    (7160, "liveness"),
    (7188, "safety"),
    (7191, "safety"),
    (7204, "safety"),
    (7234, "safety"),
)
CONTACTS, CALLS, MAILS = 10_000, 1_000, 1_500
READ = 300
"""Mails that were fetched from a mailbox elsewhere, again wherever it had to be."""
JOINED, UNDONE = 150, 50
"""Cases and people that were joined, and taken apart again."""
JUNK, PRESSES, ERASED, CHATS = 100, 200, 50, 60
BESIDE, TRIED = 200, 300
"""What came to a second domain, and what strangers tried at either."""
IN_CHATS = ("left", "proved", "files", "signed in", "erased")
"""What visitors of a site did, or what became of them, at least once each."""
REPO = Path(__file__).parents[2]
PROGRAM = (
    "import sys; from tests.simulation.run import run_world; print(run_world(int(sys.argv[1]), sys.argv[2]).trace)"
)

done: dict[tuple[int, Mode], Result] = {}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_keeps_every_promise(seed: int, mode: Mode):
    """Section 3 of the catalogue holds in a world of faults, and when they end all work drains."""
    done[seed, mode] = run_world(seed, mode)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_more_worlds_keep_every_promise(seed: int, mode: Mode):
    run_world(seed, mode)


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "mode"), RED_ONCE)
def test_a_world_that_was_red_once_keeps_every_promise(seed: int, mode: Mode):
    run_world(seed, mode)


def test_these_were_ten_thousand_contacts_with_a_thousand_calls_and_many_mails_among_them():
    if len(done) < len(SEEDS) * len(MODES):
        pytest.skip("only when all worlds were run")
    results = list(done.values())
    assert sum(result.contacts + result.beside for result in results) >= CONTACTS
    assert sum(result.calls for result in results) >= CALLS
    assert sum(result.mails for result in results) >= MAILS
    assert sum(result.read for result in results) >= READ
    assert sum(result.joined for result in results) >= JOINED
    assert sum(result.undone for result in results) >= UNDONE
    assert sum(result.junk for result in results) >= JUNK
    assert sum(result.presses for result in results) >= PRESSES
    assert sum(result.erased for result in results) >= ERASED
    assert sum(result.chats for result in results) >= CHATS
    assert sum(result.beside for result in results) >= BESIDE
    assert sum(result.tried for result in results) >= TRIED
    in_chats = sum((Counter(dict(result.in_chats)) for result in results), Counter[str]())
    assert {what for what in IN_CHATS if in_chats[what] < 1} == set()


def test_every_fault_is_in_some_of_these_worlds():
    drawn = [draw_options(seed, mode) for seed in SEEDS for mode in MODES]
    missing = [fault for fault in ALL_FAULTS if not any(options.has(fault) for options in drawn)]
    assert missing == []
    assert {options.calendar for options in drawn} == set(STARTS)
    assert any(options.neighbour for options in drawn)
    assert any(options.joins and options.erasures for options in drawn)
    assert any(options.chats and options.erasures for options in drawn)


@pytest.mark.parametrize(("seed", "mode"), [(1, "safety"), (3, "liveness")])
def test_one_seed_is_one_world_bit_for_bit(seed: int, mode: Mode):
    """In this process twice, and in another with another hash seed."""
    first = done.get((seed, mode)) or run_world(seed, mode)
    assert first == run_world(seed, mode)
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seed), mode],
        cwd=REPO,
        env={**os.environ, "PYTHONHASHSEED": "4242"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert ran.stdout.strip() == first.trace
