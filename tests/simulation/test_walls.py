"""Two routing domains in one world, to which the same people write: nothing of one is anything at the other, and what
comes to one is neither lost nor joined by what comes to the other. Each stone of the wall is taken away, one at a time,
and the simulator must turn red.
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from router.core.documents import Document
from router.http.auth import Identity, Tokens
from router.http.live import Live
from router.journal.base import Answer, Batch, KeyTaken, Loaded, Stored
from router.journal.memory import MemoryJournal
from tests.simulation import world as world_module
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without
from tests.simulation.run import run_options
from tests.simulation.world import Result

TWO = replace(PLAIN, neighbour=True, people=6, texts=60, agents=2, minutes=15)
ALL = replace(TWO, seed=3, mode="safety", texts=30, chats=2, mails=10, calls=4, presses=4, minutes=8)
REPO = Path(__file__).parents[2]
done: list[Result] = []
PROGRAM = "from tests.simulation import test_walls, run; print(run.run_options(test_walls.ALL).trace)"


def everywhere(patch: Patch) -> list[MemoryJournal]:
    """All folders that there are, for whoever looks into those of others."""
    real, found = MemoryJournal.__init__, list[MemoryJournal]()

    def init(self: MemoryJournal, *given: Any) -> None:
        real(self, *given)
        found.insert(0, self)

    patch.setattr(MemoryJournal, "__init__", init)
    return found


def an_id_of_a_provider_is_known_at_one_domain(patch: Patch) -> None:
    journals = everywhere(patch)
    real = MemoryJournal._refusal

    def known(self: MemoryJournal, key: str) -> Answer | None:
        some = (self, *journals) if key.startswith("twilio/") else (self,)
        return next((found for one in some if (found := one._answers.get(key)) is not None), None)

    def refusal(self: MemoryJournal, batch: Batch, *given: Any) -> Exception | None:
        is_known = batch.answer is not None and known(self, batch.answer.key) is not None
        return KeyTaken(batch.answer.key) if batch.answer is not None and is_known else real(self, batch, *given)

    async def answer(self: MemoryJournal, key: str) -> Answer | None:
        return known(self, key)

    patch.setattr(MemoryJournal, "_refusal", refusal)
    patch.setattr(MemoryJournal, "answer", answer)


def a_person_is_known_at_one_domain(patch: Patch) -> None:
    journals = everywhere(patch)
    real = MemoryJournal.load_by_address

    async def load(self: MemoryJournal, key: str) -> Loaded:
        return await real(next((one for one in (self, *journals) if key in one._addresses), self), key)

    patch.setattr(MemoryJournal, "load_by_address", load)


def an_id_opens_a_document_of_its_own_domain(patch: Patch) -> None:
    journals = everywhere(patch)

    async def document(self: MemoryJournal, id: str) -> Document | None:
        return next((found for one in (self, *journals) if (found := one._documents.get(id)) is not None), None)

    patch.setattr(MemoryJournal, "document", document)


def words_are_found_at_their_own_domain(patch: Patch) -> None:
    journals = everywhere(patch)
    real = MemoryJournal.find_cases

    async def find(self: MemoryJournal, *given: Any, **more: Any) -> Any:
        own = await real(self, *given, **more)
        if own.hits:
            return own
        others = [await real(one, *given, **more) for one in journals]
        return next((found for found in others if found.hits), own)

    patch.setattr(MemoryJournal, "find_cases", find)


def a_list_is_of_its_own_domain(patch: Patch) -> None:
    journals = everywhere(patch)
    real = MemoryJournal.listed

    async def listed(self: MemoryJournal, prefix: str, **more: Any) -> list[str]:
        own = await real(self, prefix, **more)
        return own or [id for one in journals for id in await real(one, prefix, **more)]

    patch.setattr(MemoryJournal, "listed", listed)
    real_cases = MemoryJournal.cases

    async def cases(self: MemoryJournal, **more: Any) -> Any:
        return [case for one in dict.fromkeys((self, *journals)) for case in await real_cases(one, **more)]

    patch.setattr(MemoryJournal, "cases", cases)


def a_stream_tells_of_its_own_domain(patch: Patch) -> None:
    lives = list[Live]()
    real_init, real_hear = Live.__init__, Live.hear

    def init(self: Live, journal: Any) -> None:
        real_init(self, journal)
        lives.append(self)

    def hear(self: Live, batches: list[Stored]) -> None:
        for one in lives:
            real_hear(one, batches)

    patch.setattr(Live, "__init__", init)
    patch.setattr(Live, "hear", hear)


def a_token_is_of_its_own_domain(patch: Patch) -> None:
    all_tokens = list[Tokens]()
    real_init, real = Tokens.__init__, Tokens.identity

    def init(self: Tokens, journal: Any) -> None:
        real_init(self, journal)
        all_tokens.append(self)

    def identity(self: Tokens, token: str) -> Identity | None:
        return next((who for one in (self, *all_tokens) if (who := real(one, token)) is not None), None)

    patch.setattr(Tokens, "__init__", init)
    patch.setattr(Tokens, "identity", identity)


def each_domain_has_a_secret_of_its_own(patch: Patch) -> None:
    patch.setattr(world_module, "secret_of", lambda _: b"one secret for all of us, as it was copied")


GUARDS = (
    Guard(an_id_of_a_provider_is_known_at_one_domain, "", (1, 2)),
    Guard(a_person_is_known_at_one_domain, "", (0, 2, 8, 25, 26)),
    Guard(an_id_opens_a_document_of_its_own_domain, "", (26,)),
    Guard(words_are_found_at_their_own_domain, "", (26,)),
    Guard(a_list_is_of_its_own_domain, "", (26,)),
    Guard(a_stream_tells_of_its_own_domain, "", (1, 26, 39)),  # also of what its own log does not hold yet
    Guard(a_token_is_of_its_own_domain, "", (26,)),
    Guard(each_domain_has_a_secret_of_its_own, "", (26,), (("chats", 6),)),
)


def test_two_domains_with_the_same_people_keep_every_promise_and_nothing_crosses():
    """26 and fault 22: on every channel, with ids that come to both and whatever one gave out brought to the other."""
    result = run_options(ALL)
    assert result.beside >= 15
    assert result.repeated >= 3
    assert result.copied >= 3
    assert result.tried >= 80
    done.append(result)


def test_a_world_of_two_domains_is_one_world_bit_for_bit():
    """In this process, and in another with another hash seed."""
    here = done[0] if done else run_options(ALL)
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=REPO,
        env={**os.environ, "PYTHONHASHSEED": "4242"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert ran.stdout.strip() == here.trace


@each_of(GUARDS)
def test_without_this_stone_the_simulator_turns_red(guard: Guard, monkeypatch: Patch):
    turns_red_without(guard, TWO, monkeypatch)
