"""All of one world's mail: the post, who looks at it, who writes; what people use to write.

Its one rule: a world without mail has none of this, and draws nothing for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from channels.email.post import Envelope, PostFailure, Reply
from router.serving_mail import PURPOSE, derived
from tests.simulation.correspondents import Correspondents
from tests.simulation.liars import Liars
from tests.simulation.loop import Owner
from tests.simulation.mail_watch import MailWatch
from tests.simulation.mailbox import MailboxElsewhere
from tests.simulation.people import Person
from tests.simulation.post_office import Mailed, PostOffice

if TYPE_CHECKING:
    from tests.simulation.world import World


class MailSide:
    def __init__(self, world: World, owner: Owner) -> None:
        self._world = world
        self._owner = owner
        self._doors = Random(f"doors/{world.options.seed}")
        self.office = PostOffice(
            world.provider.sandbox,
            seed=world.options.seed,
            secret=derived(world.secret, PURPOSE),
            judge=world.judge,
            log=world.log,
            world=owner,
            take=self._take,
            is_alive=lambda number: any(p.number == number and p.is_alive for p in world.processes),
            note=world.note,
            mailbox=MailboxElsewhere(
                Random(f"mailbox/{world.options.seed}"), now=self.now, world=owner, note=world.note
            ),
        )
        self.office.looks.append(lambda out: world.on_shown(out.shown.encode(), "a mail"))
        self.copied = 0
        self._writers: Correspondents | None = None
        self._also: Callable[[Mailed, bytes, str, bool], None] | None = None
        self.watch = world.watch.mail = MailWatch(
            judge=world.judge,
            vault=world.log.vault,
            mail_by=self.office.by_hash.get,
            owner_of=self.office.owner_of,
            lives=lambda: world.count,
        )

    async def begin(self, people: list[Person]) -> list[tuple[float, Callable[[], Awaitable[object]]]]:
        """Everybody has a mailbox from now on; what they will write by themselves, by its time in seconds."""
        options = self._world.options
        writers = Correspondents(options, people, office=self.office, watch=self.watch, means=self)
        self._writers, writers.also = writers, self._also
        await writers.begin()
        return writers.plan() + Liars(options, writers).plan()

    def copy_to(self, other: MailSide, chance: Random, *, share: float) -> None:
        """Some of what people write here goes to another domain as well, byte for byte."""

        def also(mail: Mailed, raw: bytes, sender: str, vouched: bool) -> None:
            if other._writers is not None and chance.random() < share:
                self.copied += 1
                copy = replace(mail, sure=vouched, taken=0, case="")
                other.office.wrote(copy, raw)
                other._writers.send(raw, sender)

        self._also = also

    # --- what people use ----------------------------------------------------------------------------------------------

    async def send(self, raw: bytes, *, sender: str) -> None:
        await self._world.provider.mail(raw, sender=sender)

    async def behave(self, address: str, on_mail: str, *, after_s: float) -> None:
        await self._world.provider.mailbox(address, on_mail, after_s=after_s)

    def put(self, raw: bytes, folder: str) -> None:
        self.office.mailbox.put(raw, folder)

    def start(self, work: Coroutine[Any, Any, None], name: str = "") -> object:
        return self._owner.start(work, name)

    def now(self) -> int:
        return self._world.provider_clock.now()

    async def _take(self, envelope: Envelope) -> Reply:
        """Whoever listens takes it."""
        listening = [p for p in self._world.processes if p.front is not None]
        if not listening:
            raise PostFailure("nobody listens (simulated)", may_have_arrived=False)
        return await (listening[0] if len(listening) == 1 else self._doors.choice(listening)).take_mail(envelope)
