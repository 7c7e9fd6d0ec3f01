"""What a matter is about is said by the case, whatever came first and however it was joined."""

from itertools import permutations
from typing import Any

import pytest

from tests.mailbox import MIA, Mailbox
from tests.story import HERS, HIS, Story, World
from tests.story.devices import Device
from tests.visitor import Visitor


async def chats(story: World) -> None:
    visitor = Visitor(story)
    await visitor.comes()
    await visitor.writes("it is cold in my room")
    visitor.drops()


async def texts(story: World) -> None:
    await story.phone(HERS).texts("it is cold in my room")


async def calls(story: World) -> None:
    phone = story.phone(HERS)
    await phone.calls(attestation="A")
    await story.passes(seconds=2)
    await phone.speaks("it is cold in my room")
    await story.settles()
    await phone.hangs_up()


async def mails_without_subject(story: World) -> None:
    await Mailbox(story, MIA).writes("it is cold in my room", subject="")


async def mails(story: World) -> None:
    await Mailbox(story, MIA).writes("Please come soon", subject="it is cold in my room")


async def presses_with_words(story: World) -> None:
    await story.api("POST", "/contacts", {"channel": "touch", "address": HERS, "text": "it is cold in my room"})


WAYS = (chats, texts, calls, mails_without_subject, mails, presses_with_words)


@pytest.mark.parametrize("comes", WAYS)
async def test_the_first_words_name_a_matter(comes: Any) -> None:
    """By whatever way they came; in the case, in the list, and where it is offered."""
    async with Story() as story:
        ana = await story.agent("Ana", skills={"heating": 1}, phone="+14155550201")
        await comes(story)
        case = await story.one_case()
        assert case["subject"] == "it is cold in my room"
        assert [one["subject"] for one in await story.cases()] == ["it is cold in my room"]
        await ana.is_now("ready")
        await story.settles()
        assert [offer["subject"] for offer in await ana.offers()] == ["it is cold in my room"]


async def test_a_touch_without_words_is_named_by_the_first_that_follow() -> None:
    """A press alone names nothing; words that come later by any way do, and what follows them changes nothing."""
    async with Story() as story:
        pressed = await story.api("POST", "/contacts", {"channel": "touch", "address": HERS, "context": {"model": "T"}})
        assert (await story.case(pressed["case"]))["subject"] is None
        await story.phone(HERS).texts("E42 again")
        await story.passes(minutes=1)
        await story.phone(HERS).texts("hello?")
        assert (await story.case(pressed["case"]))["subject"] == "E42 again"


async def test_the_code_of_a_device_names_nothing() -> None:
    """What a device shows is said so that it is known, before or in the matter itself; an order number is a name."""
    async with Story() as story:
        await story.phone(HERS).texts("where is my parcel?")
        await story.api("POST", f"/cases/{await story.phone(HERS).case()}/status", {"status": "closed"})
        device = Device(story, "T100-0001")
        await device.presses()
        pressed = (await story.cases(status="open"))[0]["id"]
        await story.phone(HERS).texts(device.code)
        assert (await story.case(pressed))["subject"] is None
        ana = await story.ready_agent("Ana", skills={"heating": 3})
        assert [offer["subject"] for offer in await ana.offers()] == [None]
        await story.phone(HERS).texts("it is cold in my room")
        assert (await story.case(pressed))["subject"] == "it is cold in my room"
        assert [offer["subject"] for offer in await ana.offers()] == ["it is cold in my room"]
        wrong = device.code[:-1] + str((int(device.code[-1]) + 1) % 10)
        await story.phone(HIS).texts(wrong)
        assert (await story.case(await story.phone(HIS).case()))["subject"] == wrong


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_joined_matters_are_named_by_the_first_words_in_whatever_order(order: tuple[int, ...]) -> None:
    """Three matters in one, however they were joined; taken apart each has its own, and one that was opened under
    something is that."""
    async with Story() as story:
        phone, names = story.phone(HERS), ("E42 again", "another question: my bill", "something else: my order")
        for text in names:
            await phone.texts(text)
            await story.passes(minutes=1)
        cases = sorted(await story.cases(), key=lambda case: case["opened_at"])
        assert [case["subject"] for case in cases] == list(names)
        head, second, third = (cases[n] for n in order)
        merges = [await story.api("POST", f"/cases/{head['id']}/merge", {"case": second["id"]})]
        merges.append(await story.api("POST", f"/cases/{second['id']}/merge", {"case": third["id"]}))
        assert (await story.case(head["id"]))["subject"] == "E42 again"
        opened = await story.api("POST", "/cases", {"customer": head["customer"], "subject": "The visit"})
        merges.append(await story.api("POST", f"/cases/{head['id']}/merge", {"case": opened["id"]}))
        assert (await story.case(head["id"]))["subject"] == "The visit"
        for merge in merges[::-1]:
            await story.api("POST", f"/cases/{head['id']}/unmerge", merge)
        for case, name in zip(cases, names, strict=True):
            assert (await story.case(case["id"]))["subject"] == name


async def test_each_half_of_a_split_is_named_by_its_own_words() -> None:
    """At once, in the answer to the split; and both together by the first of them when it is taken back."""
    async with Story() as story:
        for text in ("E42 again", "and my bill is wrong"):
            await story.phone(HERS).texts(text)
            await story.passes(minutes=1)
        case = await story.one_case()
        first, _ = await story.timeline(case["id"], "message")
        made = await story.api("POST", f"/cases/{case['id']}/split", {"entries": [first["id"]]})
        assert made["subject"] == (await story.case(made["id"]))["subject"] == "E42 again"
        assert (await story.case(case["id"]))["subject"] == "and my bill is wrong"
        await story.api("POST", f"/cases/{made['id']}/unmerge", {"merge": made["split"]})
        assert (await story.case(case["id"]))["subject"] == "E42 again"
