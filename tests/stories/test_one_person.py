"""Who somebody is: one person under every spelling of a number, one case for one matter, each text once."""

import asyncio
from datetime import timedelta

import pytest

from tests.story import AFTERNOON, HERS, OURS, OURS_TOO, Story, World, instant


async def addresses(story: World) -> list[list[str]]:
    customers = {case["customer"] for case in await story.cases()}
    found = [await story.api("GET", f"/customers/{id}") for id in sorted(customers)]
    return [[a["address"] for a in customer["addresses"]] for customer in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("+551187654321", "+5511987654321", id="brazil-without-and-with-9"),
        pytest.param("+5511987654321", "+551187654321", id="brazil-with-and-without-9"),
        pytest.param("+5215512345678", "+525512345678", id="mexico-521-and-52"),
        pytest.param("+5491123456789", "+541123456789", id="argentina-549-and-54"),
    ],
)
async def test_two_spellings_of_one_mobile_are_one_person(one: str, other: str) -> None:
    """S5: a mobile written with and without its extra digit is one person with one case, found under both spellings,
    and the answer goes to the spelling that wrote last."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone(one).texts("hello")
        await story.phone(other).texts("still me")

        case = await story.one_case()
        assert await story.said(case["id"]) == ["hello", "still me"]
        assert [c["address"] for c in case["contacts"]] == [one, other]
        for spelling in (one, other):
            page = await story.api("GET", f"/customers?q={spelling.replace('+', '%2B')}")
            assert [c["id"] for c in page["items"]] == [case["customer"]]

        await ana.replies(case["id"], "Here I am.")
        assert await story.phone(other).inbox() == ["Here I am."]
        assert await story.phone(one).inbox() == []

        await story.phone(one).texts("STOP")
        customer = await story.api("GET", f"/customers/{case['customer']}")
        assert [a["blocked"] for a in customer["addresses"]] == [["sms"], ["sms"]]
        await story.restarts()
        await story.phone(other).texts("START")
        await ana.replies(case["id"], "Again.")
        assert "Again." in await story.phone(other).inbox()
        assert await addresses(story) == [[one, other]]


@pytest.mark.parametrize(
    ("landline", "mobile"),
    [
        pytest.param("+551133334444", "+5511933334444", id="brazil"),
        pytest.param("+551123456789", "+5511923456789", id="brazil-2"),
        pytest.param("+551152345678", "+5511952345678", id="brazil-5"),
    ],
)
async def test_a_landline_is_not_taken_for_a_mobile(landline: str, mobile: str) -> None:
    """S5: a Brazilian landline has 12 digits and never got the 9: it is another line than the mobile that looks like it."""
    async with Story() as story:
        await story.phone(landline).texts("from the office")
        await story.phone(mobile).texts("from the road")
        assert len(await story.cases()) == 2
        assert sorted(await addresses(story)) == sorted([[landline], [mobile]])


async def test_the_same_webhook_three_times_is_one_text() -> None:
    """S42: whatever the provider sends again (at once, one after the other, an hour later) is the same item."""
    async with Story() as story:
        fields = {"MessageSid": "SM" + "1" * 32, "From": HERS, "To": OURS, "Body": "E42", "NumMedia": "0"}
        answers = await asyncio.gather(*(story.webhook(fields) for _ in range(3)))
        answers.append(await story.webhook(fields))
        await story.passes(hours=1)
        answers.append(await story.webhook(fields))
        assert {(a.status, a.body) for a in answers} == {
            (200, b'<?xml version="1.0" encoding="UTF-8"?><Response/>'),
        }
        case = await story.one_case()
        assert await story.said(case["id"]) == ["E42"]
        assert case["ledger"]["contacts"] == 1


@pytest.mark.parametrize("parts", [6, 12])
async def test_an_album_that_comes_at_once_is_one_case_in_order(parts: int) -> None:
    """S42: many messages of one unknown sender at the same instant, each webhook twice: one customer, one case, each
    message once, in the order in which they were sent."""
    async with Story() as story:
        await story.faults(duplicate_webhooks=True)
        her = story.phone(HERS)
        for n in range(parts):
            picture = {"content_type": "image/png", "base64": "iVBORw0KGgo="}
            await her.begins_text(f"picture {n}", channel="whatsapp", media=[picture])
        await story.settles()

        assert len(await story.traffic("webhook", "/twilio/messages")) == 2 * parts
        case = await story.one_case()
        assert await story.said(case["id"]) == [f"picture {n}" for n in range(parts)]
        assert len(await addresses(story)) == 1
        files = [len(entry["attachments"]) for entry in await story.timeline(case["id"], "message")]
        assert files == [1] * parts


async def test_two_first_texts_at_once_on_two_numbers_of_ours_are_one_person() -> None:
    """A first contact holds its number, whichever of our lines it comes in on."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.begins_text("on one line", to=OURS)
        await her.begins_text("on the other", to=OURS_TOO)
        await story.settles()
        case = await story.one_case()
        assert sorted(await story.said(case["id"])) == ["on one line", "on the other"]


async def test_a_reference_names_one_case_for_ever() -> None:
    """No reference is given twice, whatever was sent again and however often the service was restarted."""
    async with Story() as story:
        first = {"MessageSid": "SM" + "1" * 32, "From": HERS, "To": OURS, "Body": "one matter"}
        await story.webhook(first)
        case = await story.one_case()
        await story.api("POST", f"/cases/{case['id']}/status", {"status": "closed"})
        for _ in range(3):
            await story.webhook(first)  # again: what is decided anew is thrown away
        await story.phone("+12125550001").texts("a second matter")
        await story.restarts()
        for n in range(6):
            await story.phone(f"+1212555001{n}").texts("another matter")
        refs = [c["ref"] for c in await story.cases()]
        assert len(refs) == 8
        assert len(set(refs)) == 8
        for one in await story.cases():
            for spelled in (one["ref"], one["ref"].replace("-", ""), one["ref"].replace("-", "%20")):
                found = (await story.api("GET", f"/cases?q={spelled}"))["items"]
                assert [c["id"] for c in found] == [one["id"]]


async def test_words_after_solved_reopen_and_after_closed_begin_anew() -> None:
    """A reply to a solved case reopens it, with the place of its own words and the credit for coming back; after closing, or a long time, it is a new
    matter of the same person."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("the tap drips")
        offer = await ana.offered()
        await ana.finishes(await ana.accepts(offer), "solved")

        await story.passes(hours=3)
        await her.texts("it drips again")
        case = await story.one_case()
        assert case["status"] == "waiting_us"
        again = await ana.offered()
        assert again["case"] == case["id"]
        assert instant(again["place_at"]) == await story.now() - timedelta(minutes=6)  # who comes back has waited some
        links = [entry["facts"]["link"] for entry in await story.timeline(case["id"], "message")]
        assert links == ["new_case", "reply_after_solved"]

        await ana.finishes(await ana.accepts(again), "solved")
        await story.stops()
        await story.passes(days=8)
        await story.starts()
        await her.texts("now the door")
        cases = await story.cases()
        assert len(cases) == 2
        assert cases[0]["customer"] == cases[1]["customer"]
        assert cases[0]["status"] == "solved"


async def test_whatsapp_goes_in_and_out_and_keeps_to_itself() -> None:
    """What came by WhatsApp is answered by WhatsApp, from the number she wrote to; texts and WhatsApp of one number are
    one person and one case."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.behaves(on_text="read")
        await her.texts("hola", channel="whatsapp", to=OURS_TOO)
        case = await story.one_case()
        sent = await ana.replies(case["id"], "Hello!")
        assert (sent["channel"], sent["address"]) == ("whatsapp", HERS)
        await story.passes(seconds=5)
        [got] = await her.received()
        assert (got["channel"], got["from"], got["body"]) == ("whatsapp", OURS_TOO, "Hello!")
        assert (await story.timeline(case["id"], "message"))[1]["delivery"]["state"] == "read"

        await her.texts("now by text")
        assert (await story.one_case())["id"] == case["id"]
        assert (await ana.replies(case["id"], "By text, then."))["channel"] == "sms"
        assert (await ana.replies(case["id"], "And here?", channel="sms"))["channel"] == "sms"
        refusal = await ana.refused("POST", f"/cases/{case['id']}/messages", {"text": "?", "channel": "email"})
        assert refusal["status"] == 409


async def test_times_are_those_of_the_customer() -> None:
    """A contact stands at the instant it was sent, and the case says when it was opened, in UTC."""
    async with Story() as story:
        await story.phone().texts("hello")
        case = await story.one_case()
        assert instant(case["opened_at"]) == AFTERNOON
        assert case["opened_at"].endswith("Z")
