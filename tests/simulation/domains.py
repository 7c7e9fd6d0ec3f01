"""Two routing domains in one world: two services, each with a log, a secret, an account at the provider, numbers, desks,
a mailbox and a site of its own, and the same people who write to both.

Its one rule: each is a whole world that keeps every promise by itself, so nothing may be lost or joined by what comes to
the other; beyond that nothing of one is anything at the other (invariant 26).
"""

import asyncio
from dataclasses import replace
from random import Random

from tests.simulation.loop import OWNER, Owner, VirtualLoop
from tests.simulation.options import OTHER_NUMBERS, Options
from tests.simulation.people import make_people
from tests.simulation.strangers import Stranger
from tests.simulation.walls import Wall, at_both, stand_between
from tests.simulation.world import Result, World

MARKS = (" (to amber)", " (to birch)")
"""What stands in the words that are said to each."""
SMALLER = 3
APART = 1_000_000_000
"""Between the seeds of both."""
TEMPERS = ("mail_machines", "mail_bounces", "mail_greylist")
"""By which one and the same mailbox is what it is, whoever writes to it."""
COPIED = 0.4
"""The share of mails that go to both."""


async def run_two(options: Options, loop: VirtualLoop) -> Result:
    """The world of a domain that has another one beside it."""
    own, owner = OWNER.get(), Owner("the other domain")
    assert own is not None
    first = World(replace(options, mark=MARKS[0]), loop)
    second: World = owner.run(lambda: World(_other(options), loop))
    both = (first, second)
    for world in both:
        world.wall = Wall(world.judge, world.log, world.options.mark)
    stand_between(*(world.wall for world in both if world.wall is not None))
    for here, there in (both, both[::-1]):
        here.beside = there
        here.ids.other = there.ids
        if here.post is not None and there.post is not None:
            here.post.copy_to(there.post, Random(f"copied/{here.options.seed}"), share=COPIED)
    people = make_people(options)
    strangers = [Stranger(first, second, people, own), Stranger(second, first, people, owner)]
    result, other = await asyncio.gather(first.run(), owner.start(second.run()))
    for world in both:
        assert world.wall is not None
        world.wall.end()
        world.judge.check()
    return replace(
        result,
        trace=f"{result.trace} {other.trace}",
        beside=other.contacts,
        repeated=at_both(first.provider.in_log, second.provider.in_log),
        copied=sum(world.post.copied for world in both if world.post is not None),
        tried=sum(stranger.tried for stranger in strangers),
    )


def _other(options: Options) -> Options:
    """The smaller one: the same people, and of what goes wrong nothing that does not at the first."""
    chance = Random(f"beside/{options.mode}/{options.seed}")
    alike = frozenset(TEMPERS) & options.faults
    return replace(
        options,
        seed=options.seed + APART,
        crowd=options.seed,
        mark=MARKS[1],
        numbers=OTHER_NUMBERS,
        faults=alike | {one for one in sorted(options.faults - {"flood"}) if chance.random() < 0.7},
        texts=options.texts // SMALLER,
        calls=options.calls // SMALLER,
        mails=options.mails // SMALLER,
        presses=options.presses // SMALLER,
        chats=-(-options.chats // SMALLER),
        erasures=-(-options.erasures // SMALLER),
        agents=max(1, options.agents // 2),
        spammers=0,
        joins=False,
    )
