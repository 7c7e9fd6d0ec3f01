"""Erasing, on both engines: what was somebody's is gone for good, what is others' stays, and a crash forgets nothing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from router.core.clock import Ms
from router.core.commands import SYSTEM, Blob, EraseCustomer, ErasePart, Indexed, Kept, SetParticipant
from router.core.decide import decide
from router.core.documents import Case, Customer
from router.core.events import CommandTaken
from router.core.letters import participant_key
from router.core.taking_part import owner_of_part
from router.core.values import replace
from router.core.words import ActorKind, AddressId, CustomerId, VaultId
from router.journal.base import Answer, Batch, KeyTaken, Stored
from router.journal.sqlite import SqliteJournal
from router.journal.terms import terms_of
from router.node.taking import batch_of
from tests.journal.test_contract import NOW, Engine, Writer

HER_KEY = "tel:12125550142"
WORDS = "Zaubernuss"


@pytest.fixture(params=["memory", "sqlite"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Engine]:
    engine = Engine(request.param, tmp_path)
    await engine.open()
    yield engine
    await engine.journal.close()


def owner_of(writer: Writer) -> CustomerId:
    return next(d.id for d in writer.state.values() if isinstance(d, Customer))


def another() -> Writer:
    """Somebody else, whose keys are theirs."""
    writer = Writer("+12125550143")
    writer.count = 100
    return writer


def with_file(writer: Writer, content: str, batch: Batch) -> Batch:
    """The same batch, with a file that came along."""
    hash = f"{content:0>64}"
    kept = Kept(
        id=VaultId(f"med_{writer.sender}{writer.count}"),
        owner=owner_of(writer),
        kind="media",
        body=f"text/plain blob:{hash} 3 a.txt",
    )
    return replace(batch, kept=(*batch.kept, kept), blobs=(Blob(hash=hash, body=content.encode()),))


def erasing(writer: Writer, key: str = HER_KEY) -> Batch:
    writer.count += 1
    at = Ms(NOW + writer.count)
    command = EraseCustomer(key="erase", customer=owner_of(writer), actor=SYSTEM, keys=(key,))
    decision = decide(writer.state, command, writer.means.context(command, at))
    batch = batch_of(owner_of(writer), command, writer.state, decision, at=at, answer=None)
    writer.state = decision.state
    return batch


async def indexed(engine: Engine) -> None:
    journal = engine.journal
    await journal.index(await journal.batches(after=journal.indexed_to, limit=1000))


async def test_nothing_of_hers_is_left_and_nothing_of_his_is_touched(engine: Engine) -> None:
    """Words, addresses, files that she alone had, what finds her and what was answered about her; after a restart too."""
    her, him, journal = Writer(), another(), engine.journal
    first = her.contact(WORDS)
    await journal.append(first)
    await journal.append(with_file(her, "aa", her.contact("more")))
    await journal.append(with_file(her, "bb", her.contact("more")))
    his = him.contact("Wacholder")
    await journal.append(his)
    await journal.append(with_file(him, "bb", him.contact("mine")))
    told = f'{{"id": "{her.case.id}", "text": "{WORDS}"}}'
    other = replace(her.contact("x"), answer=Answer(key="api/1", status=200, body=told, kept_until=Ms(NOW * 2)))
    await journal.append(other)
    await indexed(engine)
    assert (await journal.find_cases(terms_of(WORDS), before=None, limit=9)).hits
    assert await journal.words([k.id for k in first.kept]) == {k.id: k.body for k in first.kept}
    await journal.append(erasing(her))
    assert (await journal.load_by_address(HER_KEY)).customer is None, "at once"
    assert await journal.erasing() == [owner_of(her)]
    assert await journal.erase([owner_of(her)])
    for is_restarted in (False, True):
        journal = await engine.reopen() if is_restarted else journal
        await indexed(engine)
        ids = [str(k.id) for k in (*first.kept, *his.kept)]
        assert await journal.words(ids) == {k.id: k.body for k in his.kept}
        assert await journal.blob(f"{'aa':0>64}") is None
        assert await journal.blob(f"{'bb':0>64}") == b"bb", "he has it too"
        assert not (await journal.find_cases(terms_of(WORDS), before=None, limit=9)).hits
        assert not (await journal.find_customers(terms_of("+12125550142"), before=None, limit=9)).hits
        assert (await journal.find_cases(terms_of("Wacholder"), before=None, limit=9)).hits
        answer = await journal.answer("api/1")
        assert answer is not None
        assert (answer.status, WORDS in answer.body) == (410, False)
        assert await journal.erasing() == []
        assert journal.is_erased(owner_of(her))
        assert not journal.is_erased(owner_of(him))
        assert (await journal.load_by_address(HER_KEY)).customer is None
        documents = {d.id: d for d in await journal.owned(owner_of(her))}
        assert documents == {id: d for id, d in her.state.items() if id in documents}


async def test_what_is_owed_is_owed_after_a_restart(engine: Engine) -> None:
    """The commit that erases somebody also says that their words are still to go."""
    her = Writer()
    await engine.journal.append(her.contact(WORDS))
    await engine.journal.append(erasing(her))
    journal = await engine.reopen()
    assert await journal.erasing() == [owner_of(her)]
    assert (await journal.load_by_address(HER_KEY)).customer is None
    assert await journal.erase(await journal.erasing())
    assert await journal.erase([owner_of(her)]), "twice is as once"


async def test_nothing_is_kept_any_more_for_somebody_who_was_erased(engine: Engine) -> None:
    """What was decided before, and is written after, says no word and finds nobody."""
    her, journal = Writer(), engine.journal
    await journal.append(her.contact(WORDS))
    await journal.append(erasing(her))
    words = Kept(id=VaultId("v_late"), owner=owner_of(her), kind="text", body="one moment too late")
    way = Indexed(key="tel:999", address=AddressId("adr_x"), customer=owner_of(her))
    taken = CommandTaken(kind="FoldWork", key="late", actor=ActorKind.SYSTEM)
    batch = Batch(stream=owner_of(her), at=NOW, key="late", events=(taken,), kept=(words,), indexed=(way,))
    await journal.append(batch)
    assert await journal.words([words.id]) == {}
    assert (await journal.load_by_address("tel:999")).customer is None


async def test_her_number_is_anybodys_in_the_next_instant(engine: Engine) -> None:
    """A first contact from the same number in one commit with the erasure is another customer's."""
    her, next_one, journal = Writer(), Writer(), engine.journal
    next_one.count = 100
    await journal.append(her.contact(WORDS))
    first, again = journal.append(erasing(her)), journal.append(next_one.contact("hello"))
    await first
    await again
    assert (await journal.load_by_address(HER_KEY)).customer == owner_of(next_one) != owner_of(her)
    await journal.erase([owner_of(her)])
    assert (await journal.load_by_address(HER_KEY)).customer == owner_of(next_one)


async def test_a_key_that_was_done_stays_done(engine: Engine) -> None:
    """Erased or not, a provider that repeats a text does not bring it again."""
    her, journal = Writer(), engine.journal
    await journal.append(her.contact(WORDS, key="twilio/SM1"))
    await journal.append(erasing(her))
    await journal.erase([owner_of(her)])
    with pytest.raises(KeyTaken):
        await journal.append(Writer("+12125550149").contact("again", key="twilio/SM1"))


async def test_a_file_whose_batch_is_on_its_way_is_not_taken_from_under_it(tmp_path: Path) -> None:
    """Somebody else's mail with the same file is being written: the file waits for it, and the erasure for the file."""
    engine = Engine("sqlite", tmp_path)
    journal = await engine.open()
    her, him = Writer(), another()
    await journal.append(her.contact())
    await journal.append(with_file(her, "cc", her.contact()))
    await journal.append(him.contact())
    await journal.append(erasing(her))
    await journal.put_blob(Blob(hash=f"{'cc':0>64}", body=b"cc"))
    assert not await journal.erase([owner_of(her)])
    assert await journal.erasing() == [owner_of(her)]
    await journal.append(replace(with_file(him, "cc", him.contact()), blobs=()))
    assert await journal.erase([owner_of(her)])
    assert await journal.blob(f"{'cc':0>64}") == b"cc"
    await journal.close()


async def test_a_file_that_a_record_holds_stays_until_the_record_goes(engine: Engine) -> None:
    """It is no orphan after a restart either, and it does not go with whoever else had the same file."""
    her, journal, hash = Writer(), engine.journal, f"{'dd':0>64}"
    await journal.append(her.contact())
    await journal.append(with_file(her, "dd", her.contact()))
    await journal.put_blob(Blob(hash=hash, body=b"dd"))
    await journal.put_record("aside", "bad_1", f'{{"id": "bad_1", "tries": 5, "raw": "{hash}"}}')
    await journal.put_record("aside", "bad_2", '{"id": "bad_2", "tries": 5}')
    await journal.append(erasing(her))
    for _ in range(2):
        assert await journal.erase([owner_of(her)])
        await journal.tidy()
        assert await journal.blob(hash) == b"dd"
        journal = await engine.reopen()
    await journal.put_record("aside", "bad_1", None)
    await journal.tidy()
    assert await journal.blob(hash) is None


@pytest.mark.parametrize("seed", range(3))
async def test_no_byte_of_theirs_is_left_in_any_file(tmp_path: Path, seed: int) -> None:
    """Hundreds of people, words of every length, pages split and merged: the raw files of the folder are searched."""
    chance = Random(seed)
    journal = await SqliteJournal.open(tmp_path / "data", checkpoint_every=chance.choice((20, 4000)))
    people = [Writer(f"+1212555{n:04d}") for n in range(60)]
    for round in range(8):
        written: list[asyncio.Future[Stored]] = []
        for n in chance.sample(range(60), 50):
            text = f"canary{n:02d}x " * chance.choice((1, 3, 40, 700)) + f"canary{n:02d}x{round}"
            batch = people[n].contact(text, key=f"{n}/{round}")
            written.append(journal.append(with_file(people[n], f"canary{n:02d}x{round}", batch)))
        await asyncio.gather(*written)
        await journal.index(await journal.batches(after=journal.indexed_to, limit=10_000))
    gone = chance.sample(range(60), 20)
    for n in gone:
        await journal.append(erasing(people[n], key=f"tel:1212555{n:04d}"))
        if chance.random() < 0.1:
            assert await journal.erase([owner_of(people[n])])
    assert await journal.erase(await journal.erasing())
    raw = {path.name: path.read_bytes() for path in (tmp_path / "data").iterdir()}
    left = [
        f"{name}: {word}"
        for name, data in raw.items()
        for n in gone
        for word in (f"canary{n:02d}x", f"+1212555{n:04d}", f"tel:1212555{n:04d}", f"{n:04d}", f"5550{n:03d}"[::-1])
        if word.encode() in data and len(word) > 4
    ]
    assert left == []
    kept = next(n for n in range(60) if n not in gone)
    assert any(f"canary{kept:02d}x".encode() in data for data in raw.values())
    await journal.close()


TOM = "tom@colleague.example"


def inviting(writer: Writer, address: str = TOM) -> Batch:
    """Somebody else takes part in her case."""
    key = f"invite/{address}"
    command = SetParticipant(key=key, case=writer.case.id, address=address, invited=True, actor=SYSTEM)
    return deciding(writer, command)


def deciding(writer: Writer, command: SetParticipant | ErasePart) -> Batch:
    writer.count += 1
    at = Ms(NOW + writer.count)
    decision = decide(writer.state, command, writer.means.context(command, at))
    batch = batch_of(owner_of(writer), command, writer.state, decision, at=at, answer=None)
    writer.state = decision.state
    return batch


async def test_nothing_is_left_of_whoever_took_part_and_nothing_of_hers_is_touched(engine: Engine) -> None:
    """His address, what finds him and her case by it, a file that he alone sent, and what was answered about that case;
    after a restart too."""
    her, journal = Writer(), engine.journal
    await journal.append(her.contact(WORDS))
    await journal.append(inviting(her))
    await journal.append(inviting(her, "eve@colleague.example"))
    tom = her.case.participants[0].address.id
    his = with_file(her, "aa", her.contact("a row of his"))
    await journal.append(his)
    await journal.append(with_file(her, "bb", her.contact("a row of hers")))
    told = f'{{"id": "{her.case.id}", "participants": ["{TOM}"]}}'
    await journal.append(
        replace(her.contact("x"), answer=Answer(key="api/1", status=200, body=told, kept_until=Ms(NOW * 2)))
    )
    await indexed(engine)
    key, words = participant_key(her.case.id, TOM), (VaultId(tom), his.kept[-1].id)
    command = ErasePart(key="part", case=her.case.id, address=tom, actor=SYSTEM, keys=(key,), words=words)
    await journal.append(deciding(her, command))
    owner = owner_of_part(her.case.id, tom)
    assert (await journal.load_by_address(key)).customer is None, "at once"
    assert await journal.erasing() == [owner]
    await journal.index_addresses(her.case.id)
    assert await journal.erase([owner])
    for is_restarted in (False, True):
        journal = await engine.reopen() if is_restarted else journal
        await indexed(engine)
        assert await journal.words([*words]) == {}
        assert await journal.blob(f"{'aa':0>64}") is None
        assert await journal.blob(f"{'bb':0>64}") == b"bb"
        for typed, is_found in ((TOM, False), ("eve@colleague.example", True), (her.sender, True), (WORDS, True)):
            assert bool((await journal.find_cases(terms_of(typed), before=None, limit=9)).hits) is is_found, typed
        answer = await journal.answer("api/1")
        assert answer is not None
        assert (answer.status, TOM in answer.body) == (410, False)
        assert await journal.erasing() == []
        assert not journal.is_erased(owner_of(her))
        assert (await journal.load_by_address(HER_KEY)).customer == owner_of(her)
        case = await journal.document(her.case.id)
        assert isinstance(case, Case)
        assert [one.address.id for one in case.participants] == [her.case.participants[0].address.id] != [tom]
