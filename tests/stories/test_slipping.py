"""A promise that slips counts as moved where the customer knows it; whoever could not be told hears it when they can."""

from datetime import timedelta

import pytest

from router.admin_doctor import doctor
from tests.mailbox import Mailbox
from tests.stories.test_promises import (
    ANAS,
    asked_for_a_call,
    dials,
    dials_her,
    finishes_all,
    the_promise,
    until,
    window,
)
from tests.story import ADMIN, HERS, HIS, Json, Story, instant

MIA = "mia@customer.example"


async def promised(story: Story, *, after: timedelta = timedelta(minutes=10)) -> tuple[str, Json]:
    """She wrote, and is promised a call in twenty minutes that begin soon; what she was told of it was read."""
    await story.phone(HERS).texts("E42, the flat is cold")
    case = await story.phone(HERS).case()
    start = await story.now() + after
    made = await story.api("POST", f"/cases/{case}/callbacks", {"window": window(start)})
    await story.passes(seconds=10)
    return case, made


async def count(story: Story, state: str) -> int:
    return len((await story.api("GET", f"/promises?state={state}"))["items"])


async def test_a_slipping_promise_that_nobody_was_told_of_is_broken_and_told_when_the_provider_is_back() -> None:
    """The provider is down: the promise is at risk, and never counts as moved. When it is back she reads that we broke
    it, and not the later time that was true once; she is dialled once, and no word of it comes after the call."""
    async with Story() as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        _, made = await promised(story)
        before = len(await her.inbox())
        start = await story.now() + timedelta(minutes=9, seconds=50)
        await story.faults(provider_down=1)
        await until(story, start + timedelta(minutes=16))
        assert (await the_promise(story))["state"] == "at_risk"
        assert (await the_promise(story))["window"] == made["window"], "nobody was told of another"
        await until(story, start + timedelta(minutes=21))
        assert (await count(story, "moved"), await count(story, "broken")) == (0, 1)
        assert len(await her.inbox()) == before
        await story.passes(minutes=50)
        await story.faults()
        await story.passes(minutes=2)
        assert ["did not call you" in text for text in (await her.inbox())[before:]] == [True]
        ana = await story.ready_agent("ana", phone=ANAS)
        await dials_her(story, ana, phone)
        await her.picks_up()
        await story.passes(minutes=5)
        assert (await dials(story), await count(story, "kept")) == (1, 1)
        assert len(await her.inbox()) == before + 1
        figures = (await story.ask("GET", "/metrics")).body.decode()
        assert 'onecase_promises_total{state="moved"}' not in figures


@pytest.mark.parametrize("down", ["provider", "her phone"])
async def test_word_that_cannot_go_by_text_goes_by_mail(down: str) -> None:
    """She has an address as well: she reads the later time there before it is due, and that moves the promise."""
    async with Story() as story:
        her, mia = story.phone(HERS), Mailbox(story, MIA, "Mia")
        case, made = await promised(story)
        customer = (await story.case(case))["customer"]
        await story.api("POST", f"/customers/{customer}/addresses", {"address": MIA})
        if down == "provider":
            await story.faults(provider_down=1)
        else:
            await her.behaves(on_text="undelivered", error_code=30003)
        await story.passes(minutes=28)
        assert "longer than we said" in (await mia.last())["text"]
        moved = await the_promise(story)
        assert (moved["state"], moved["window"]["end"] > made["window"]["end"]) == ("moved", True)
        await story.faults()
        await story.passes(minutes=1)
        assert len(await mia.received()) == 1
        assert not [text for text in await her.inbox() if "longer than we said" in text], "she read it once"
        assert await count(story, "broken") == 0


async def test_word_that_is_reported_undelivered_later_has_moved_nothing() -> None:
    """The provider took it, so the promise counts as moved; then it says that her phone did not get it, and there is no
    other way: the promise is broken, the case says why, and her call goes before others, once."""
    async with Story() as story:
        her, his, phone = story.phone(HERS), story.phone(HIS), story.phone(ANAS)
        await his.calls(attestation="A")
        await story.passes(seconds=20)
        await his.presses("1")
        await story.passes(seconds=10)
        case, made = await promised(story)
        await her.behaves(on_text="undelivered", error_code=30003)
        await story.passes(minutes=28)
        broken = (await story.api("GET", "/promises?state=broken"))["items"]
        assert [one["id"] for one in broken] == [made["id"]]
        rows = str(await story.timeline(case, "promise"))
        assert "word that it moves did not reach them" in rows
        lines, _ = await doctor(story.service, ADMIN)
        assert any("broken" in line for line in lines), lines
        ana = await story.ready_agent("ana", phone=ANAS)
        assert (await ana.offered())["case"] == case, "before whoever waits longer"
        await dials_her(story, ana, phone)
        await her.picks_up()
        await story.passes(seconds=10)
        assert (await dials(story), await count(story, "kept")) == (1, 1)


async def test_changes_that_she_asks_for_are_answered_however_many_they_are() -> None:
    """Six texts a day are for words that nobody asked for: she hears of each change that she makes, and that the
    promise slips after the last of them."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("call me at 3 pm today")
        for n in range(8):
            await story.passes(minutes=1)
            await her.texts(f"call me at {4 + n % 3} pm today")
            await story.passes(seconds=10)
            assert len(await her.inbox()) == 2 + n
            assert f"{4 + n % 3}:" in (await her.inbox())[-1]
        ends = (await the_promise(story))["window"]["end"]
        assert await count(story, "moved") == 1
        await until(story, instant(ends) - timedelta(minutes=4))
        assert "longer than we said" in (await her.inbox())[-1]


async def test_an_agent_promises_a_call_to_who_gets_no_texts() -> None:
    """She said stop: nothing is sent, and the promise does not say that she was told. By mail she is."""
    async with Story() as story:
        her, mia = story.phone(HERS), Mailbox(story, MIA, "Mia")
        await her.texts("E42")
        case = await story.one_case()
        await her.texts("STOP")
        await story.passes(seconds=10)
        before = len(await her.inbox())
        path = f"/cases/{case['id']}/callbacks"
        made = await story.api("POST", path, {"window": window(await story.now() + timedelta(hours=1))})
        assert made["told_via"] is None
        await story.api("DELETE", f"/callbacks/{made['id']}")
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
        made = await story.api("POST", path, {})
        assert made["told_via"] == "email"
        await story.passes(minutes=1)
        assert len(await her.inbox()) == before
        assert "we call you" in (await mia.last())["text"]


async def test_word_that_is_not_so_any_more_is_not_sent() -> None:
    """While the provider is down it slips, and an agent takes it back: she reads that alone, once the way is open."""
    async with Story() as story:
        her = story.phone(HERS)
        _, made = await promised(story)
        before = len(await her.inbox())
        await story.faults(provider_down=1)
        await story.passes(minutes=26)
        assert (await the_promise(story))["state"] == "at_risk"
        await story.api("DELETE", f"/callbacks/{made['id']}")
        await story.faults()
        await story.passes(minutes=2)
        assert ["we do not call you" in text for text in (await her.inbox())[before:]] == [True]


async def test_while_the_provider_takes_no_dial_nobody_is_asked_again_and_again() -> None:
    """Ana takes every offer: a few in forty minutes, ever further apart. The promise is at risk from the first on, she is told
    by mail five minutes before its end, and is dialled once when the provider is back."""
    async with Story() as story:
        her, mia, phone = story.phone(HERS), Mailbox(story, MIA, "Mia"), story.phone(ANAS)
        case, made = await promised(story)
        customer = (await story.case(case))["customer"]
        await story.api("POST", f"/customers/{customer}/addresses", {"address": MIA})
        ana = await story.ready_agent("ana", phone=ANAS)
        await story.faults(provider_down=1)
        taken = 0
        for tenth in range(240):
            for offer in await ana.offers():
                await ana.accepts(offer)
                taken += 1
            await story.passes(seconds=10)
            if tenth == 70:
                assert (await the_promise(story))["state"] == "at_risk"
        assert 3 <= taken <= 6
        [told] = await mia.received()
        assert "longer than we said" in told["text"]
        assert len(await story.timeline(case)) < 80
        assert await count(story, "kept") == 0
        await story.faults()
        for _ in range(16 * 6):
            if await ana.offers():
                break
            await story.passes(seconds=10)
        await dials_her(story, ana, phone)
        await her.picks_up()
        await story.passes(seconds=10)
        assert (await dials(story), await count(story, "kept"), made["state"]) == (1, 1, "open")


async def test_a_line_that_is_busy_for_an_hour_ends_no_call_back() -> None:
    """S15: it is dialled ever further apart, all of half an hour counts as one attempt, and when she hangs up she has
    her call at the place that she had."""
    async with Story() as story:
        her, phone = await asked_for_a_call(story), story.phone(ANAS)
        await her.behaves(on_ring="busy")
        place_at = (await the_promise(story))["place_at"]
        ana = await story.ready_agent("ana", phone=ANAS)
        for _ in range(59 * 6):
            if await ana.offers():
                await dials_her(story, ana, phone)
                await finishes_all(ana)
            await story.passes(seconds=10)
        promise = await the_promise(story)
        assert (promise["state"], promise["place_at"]) == ("open", place_at)
        assert 5 <= len(promise["attempts"]) <= 7
        await her.behaves()
        for _ in range(16 * 6):
            if await ana.offers():
                break
            await story.passes(seconds=10)
        await dials_her(story, ana, phone)
        await her.picks_up()
        await story.passes(seconds=10)
        assert await count(story, "kept") == 1
