"""Runs worlds: silently, one at a time, and with every option of the seed in what is raised."""

from collections.abc import Generator
from contextlib import contextmanager

import structlog

from tests.simulation.domains import run_two
from tests.simulation.loop import VirtualLoop, run_virtual
from tests.simulation.options import Mode, Options, draw_options
from tests.simulation.world import Result, World


def run_world(seed: int, mode: Mode) -> Result:
    """The world of a seed."""
    return run_options(draw_options(seed, mode))


def run_options(options: Options) -> Result:
    """One world. Raises Broken, or whatever else was raised in it, with the seed and every option drawn from it."""
    try:
        with silence():
            return run_virtual(lambda loop: _run(options, loop))
    except BaseException as problem:
        problem.add_note(f"World of seed {options.seed}, {options.mode}:\n{options.shown()}")
        problem.add_note(f"Again: python -m tests.simulation --mode {options.mode} --from {options.seed} --seeds 1")
        raise


async def _run(options: Options, loop: VirtualLoop) -> Result:
    return await (run_two(options, loop) if options.neighbour else World(options, loop).run())


@contextmanager
def silence() -> Generator[None, None, None]:
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(*_: object) -> str:
    raise structlog.DropEvent
