"""What no person wrote, and what only looks like it: over real SMTP and by webhook."""

import json
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import pytest

from tests.mailbox import HELP, MIA, Mailbox
from tests.stories.test_matching import policies_with
from tests.story import ADMIN, Agent, Json, Story

SIGNS = {
    "a provider for many": {"Feedback-ID": "::1.us-east-1.abc=:AmazonSES"},
    "a firm's mail program": {"X-Auto-Response-Suppress": "OOF, AutoReply"},
    "a list": {"List-Id": "<team.customer.example>", "Precedence": "list"},
    "to be unsubscribed from": {"List-Unsubscribe": "<mailto:u@x.example>", "Feedback-ID": "1:2"},
    "bulk": {"Precedence": "bulk"},
}


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story() as story:
        yield story


@pytest.fixture
def mia(story: Story) -> Mailbox:
    return Mailbox(story, MIA, "Mia Müller")


async def solved(story: Story, mia: Mailbox, ana: Agent) -> tuple[str, Json]:
    """A case of hers that Ana answered and closed, and the answer as it came."""
    await mia.writes("E42")
    case = await story.one_case()
    work = await ana.accepts()
    await ana.replies(case["id"], "Mended. Is it warm?")
    await ana.finishes(work, "solved")
    await story.passes(minutes=3)
    return case["id"], await mia.last()


async def heard(story: Story, case: str) -> Json:
    """The last that came in."""
    return [e for e in await story.timeline(case, "message") if e["direction"] == "in"][-1]


def plain(sender: str = MIA) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"], message["Message-ID"] = sender, HELP, "Notice", f"<n.{sender}>"
    message.set_content("This mailbox is read by nobody.")
    return message.as_bytes()


async def by_smtp(story: Story) -> None:
    await Mailbox(story, MIA).sends(plain(), envelope_from="")


async def by_raw(story: Story) -> None:
    await posted(story, f"raw?to={HELP}&from=", data=plain())


async def by_sendgrid(story: Story) -> None:
    form = aiohttp.FormData()
    form.add_field("email", plain().decode(), content_type="text/plain")
    form.add_field("envelope", json.dumps({"to": [HELP], "from": ""}))
    await posted(story, "sendgrid", data=form())


async def posted(story: Story, path: str, *, data: bytes | aiohttp.Payload) -> None:
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{story.service}/email/inbound/{path}", data=data, headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()
    await story.settles()


@pytest.mark.parametrize("comes", [by_smtp, by_raw, by_sendgrid])
async def test_what_comes_from_nobody_is_answered_by_nobody(story: Story, mia: Mailbox, comes: object):
    """RFC 3834 section 2: never a reply to the null return path, whatever the header says or leaves out."""
    await comes(story)  # type: ignore[operator]
    await story.passes(seconds=2)
    case = await story.one_case()
    entry = await heard(story, case["id"])
    assert (entry["automatic"], case["status"], case["ask"]) == (True, "closed", None)
    assert "automatic: its return path is empty" in entry["notes"]
    assert await mia.received() == []


async def test_a_mail_without_an_author_by_a_program_is_read_by_somebody(story: Story):
    """Nobody told of a return path, so that there is none does not say that no person wrote it."""
    await posted(story, "raw", data=f"To: {HELP}\r\nSubject: E42\r\n\r\nThe flat is cold.\r\n".encode())
    case = await story.one_case()
    assert (await heard(story, case["id"]))["automatic"] is False
    assert case["status"] == "open"


async def test_exchange_says_that_an_answer_did_not_arrive(story: Story, mia: Mailbox):
    """From whatever sender, with a null path in the envelope alone: it stands on the case of the mail that it is about,
    marks the address, and is answered by nobody."""
    ana = await story.ready_agent("Ana")
    case, mine = await solved(story, mia, ana)
    notice = EmailMessage()
    notice["From"], notice["To"] = "postbox@mx.customer.example", HELP
    notice["Subject"], notice["Message-ID"] = "Undeliverable: Re: My heating", "<ndr.1@mx.customer.example>"
    notice["In-Reply-To"] = mine["headers"]["Message-ID"].replace("\n", " ").strip()
    notice.set_content(
        f"Delivery has failed to these recipients:\n\n{MIA}\n\n#550 5.1.1 RESOLVER.ADR.RecipNotFound ##\n\n"
        f"Original message headers:\n\nMessage-ID: {notice['In-Reply-To']}\n"
    )
    await Mailbox(story, "postbox@mx.customer.example").sends(notice.as_bytes(), envelope_from="")
    await story.passes(seconds=2)
    assert [one["id"] for one in await story.cases()] == [case]
    entry = await heard(story, case)
    assert (entry["automatic"], entry["notes"][0]) == (True, "bounce")
    refused = await story.refused("POST", f"/cases/{case}/messages", {"text": "again", "channel": "email"})
    assert refused["type"].endswith("channel_cannot")
    assert await Mailbox(story, "postbox@mx.customer.example").received() == []


@pytest.mark.parametrize("sign", SIGNS)
async def test_an_answer_to_one_of_us_is_read_whatever_its_program_adds(story: Story, mia: Mailbox, sign: str):
    """Such headers ask that no machine answers; they do not say that no person wrote."""
    ana = await story.ready_agent("Ana")
    case, mine = await solved(story, mia, ana)
    before = len(await mia.received())
    await mia.answers(mine, "No, it is still cold.", headers=SIGNS[sign])
    await story.passes(seconds=2)
    entry, now = await heard(story, case), await story.one_case()
    assert (entry["text"].strip(), entry["automatic"]) == ("No, it is still cold.", False)
    assert now["status"] == "waiting_us" and now["ask"] is not None
    assert not [note for note in entry["notes"] if "automatic" in note]
    assert len(await mia.received()) == before, "and nothing answers it by itself"


@pytest.mark.parametrize(
    ("sign", "is_machine"), [(sign, sign not in ("a provider for many", "a firm's mail program")) for sign in SIGNS]
)
async def test_of_first_mails_lists_and_newsletters_are_put_away(
    story: Story, mia: Mailbox, sign: str, is_machine: bool
):
    """Two signs of a list are one, and so is what calls itself bulk. Nothing with such a sign is answered by itself."""
    await mia.writes("My flat is cold, the boiler is dead.", headers=SIGNS[sign])
    await story.passes(seconds=2)
    case = await story.one_case()
    entry = await heard(story, case["id"])
    assert (entry["automatic"], case["status"]) == ((True, "closed") if is_machine else (False, "open"))
    assert await mia.received() == []


@pytest.mark.parametrize(
    ("subject", "is_read"), [("Out of office - boiler", True), ("Automatic reply: Re: My heating", False)]
)
async def test_a_subject_says_little_of_who_wrote_it(story: Story, mia: Mailbox, subject: str, is_read: bool):
    ana = await story.ready_agent("Ana")
    case, mine = await solved(story, mia, ana)
    await mia.answers(mine, "I am out of the office, but it is dead again.", subject=subject)
    assert (await heard(story, case))["automatic"] is not is_read
    assert (await story.one_case())["status"] == ("waiting_us" if is_read else "solved")


async def test_a_subject_of_machines_that_answers_nothing_of_ours_is_read(story: Story, mia: Mailbox):
    headers = {"In-Reply-To": "<foo@bar.example>"}
    await mia.writes("It cannot be switched off.", subject="Automatic reply: on my T-100", headers=headers)
    case = await story.one_case()
    assert ((await heard(story, case["id"]))["automatic"], case["status"]) == (False, "open")


ACKNOWLEDGED = "Thank you for contacting us. Your message number {n} is with our service desk."


async def test_an_acknowledgement_that_was_read_once_opens_nothing_again(story: Story, mia: Mailbox):
    """S40: another desk acknowledges each answer of ours and marks none of it. The first time somebody reads it, for it
    may be a person's; the next time the same words, but for figures, are kept and put away."""
    ana = await story.ready_agent("Ana")
    case, mine = await solved(story, mia, ana)
    await mia.answers(mine, "It is still cold.")
    for n, status in enumerate(("waiting_us", "solved", "solved")):
        work = await ana.accepts() if n < 2 else None
        await ana.replies(case, f"A technician comes on day {n}.")
        if work is not None:
            await ana.finishes(work, "solved")
        else:
            await ana.api("POST", f"/cases/{case}/status", {"status": "solved"})
        await story.passes(seconds=20)
        await mia.answers(await mia.last(), ACKNOWLEDGED.format(n=7_000 + n))
        entry = await heard(story, case)
        assert (entry["automatic"], (await story.one_case())["status"]) == (n > 0, status)
    assert "automatic: the same acknowledgement came from there before" in entry["notes"]


@pytest.mark.parametrize(
    ("text", "minutes"), [(ACKNOWLEDGED, 10), ("It is still cold, and nobody came to look at it", 0)]
)
async def test_words_that_come_again_are_a_persons_otherwise(story: Story, mia: Mailbox, text: str, minutes: int):
    """Later than another desk would write them, or where they acknowledge nothing."""
    ana = await story.ready_agent("Ana")
    case, mine = await solved(story, mia, ana)
    await mia.answers(mine, text)
    work = await ana.accepts()
    await ana.replies(case, "We look into it.")
    await ana.finishes(work, "solved")
    await story.passes(seconds=20, minutes=minutes)
    await mia.answers(await mia.last(), text)
    assert (await heard(story, case))["automatic"] is False
    assert (await story.one_case())["status"] == "waiting_us"


@pytest.mark.parametrize(("domain", "told"), [("gmail.com", 40), ("yahoo.co.uk", 40), ("firm.example", 30)])
async def test_people_of_one_provider_have_nothing_to_do_with_each_other(story: Story, domain: str, told: int):
    """Machines of one firm end at the cap of the hour, and ops are told; whoever has an address where anybody may have
    one is told that their mail came."""
    for n in range(40):
        await Mailbox(story, f"person{n}@{domain}").writes(f"Words of their own {'abcdefghij'[n % 10] * (n + 1)}")
    await story.passes(seconds=5)
    heard_of = [len(await Mailbox(story, f"person{n}@{domain}").received()) for n in range(40)]
    assert sum(heard_of) == told
    held = [one for one in await story.cases() if await story.timeline(one["id"], "status")]
    assert len(held) == 40 - told


@pytest.mark.parametrize(("domain", "told"), [("h{n}.firm.example", 8), ("h{n}.co.uk", 12)])
async def test_domains_below_one_end_together(tmp_path: Path, domain: str, told: int):
    """A machine may have as many as it likes; what a country gives out are firms of their own."""
    few = policies_with(tmp_path / "p", sending={"mail_answers_an_hour: 30": "mail_answers_an_hour: 2"})
    async with Story(policies=few) as story:
        boxes = [Mailbox(story, f"desk@{domain.format(n=n)}") for n in range(12)]
        for n, box in enumerate(boxes):
            await box.writes(f"Words of their own {'x' * (n + 1)}")
        await story.passes(seconds=5)
        assert sum([len(await box.received()) for box in boxes]) == told


async def test_the_same_words_from_below_one_domain_are_answered_once(story: Story):
    boxes = [Mailbox(story, f"desk@h{n}.firm.example") for n in range(3)]
    for n, box in enumerate(boxes):
        await box.writes(ACKNOWLEDGED.format(n=n))
    await story.passes(seconds=5)
    assert sum([len(await box.received()) for box in boxes]) == 1


async def test_whoever_answers_one_of_us_soon_after_an_automatic_mail_is_no_machine(story: Story, mia: Mailbox):
    """The word that hers came went out seconds before, and she answers Ana."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "Is it warm?")
    await story.passes(seconds=5)
    await mia.answers(await mia.last(), "No, it is cold")
    assert [e for e in await story.timeline(case["id"], "status") if e["facts"]["what"] == "text_withheld"] == []


async def test_who_asks_for_no_answer_by_machine_gets_none_about_a_call(story: Story, mia: Mailbox):
    """Their mail names a time for our call: it is noted, and nothing is written back by itself."""
    await mia.writes("Please call me tomorrow at 11:00, +12125550142", headers={"X-Auto-Response-Suppress": "All"})
    await story.passes(seconds=5)
    case = await story.one_case()
    assert (await heard(story, case["id"]))["automatic"] is False
    withheld = [e for e in await story.timeline(case["id"], "status") if e["facts"]["what"] == "text_withheld"]
    assert {why for e in withheld for why in e["reasons"]} == {"X-Auto-Response-Suppress: all"}
    assert {e["facts"]["phrase"] for e in withheld} == {"mail_received", "callback_at"}
    assert await mia.received() == []


async def test_a_mail_that_answers_nothing_is_not_said_to(story: Story, mia: Mailbox):
    """Two mails within half a minute: that no further automatic mail goes out has a true reason."""
    await mia.writes("Please call me tomorrow at 11:00, +12125550142")
    await story.passes(seconds=5)
    before = len(await mia.received())
    await mia.writes("Or rather call me tomorrow at 12:00", subject="Another time")
    await story.passes(seconds=5)
    reasons = [why for e in await story.timeline((await story.one_case())["id"], "status") for why in e["reasons"]]
    assert reasons == ["an automatic mail went to them within the last 30 seconds"]
    assert len(await mia.received()) == before


FORMS = {
    "our own address": (HELP, {}),
    "our own address, in a hurry": (HELP, {"Precedence": "bulk"}),
    "generated": ("wordpress@site.example", {"Auto-Submitted": "auto-generated"}),
    "generated in bulk": ("wordpress@site.example", {"Auto-Submitted": "auto-generated", "Precedence": "bulk"}),
}


@pytest.mark.parametrize("form", FORMS)
async def test_what_somebody_wrote_by_a_form_is_read_however_its_program_sends_it(story: Story, form: str):
    """The words come before somebody, with what they say of danger; what says that it is a program's is answered by
    none."""
    address, headers = FORMS[form]
    carl = Mailbox(story, "carl@elsewhere.example")
    await Mailbox(story, address).writes("I smell gas in the hall", headers={**headers, "Reply-To": carl.address})
    case = await story.case((await story.one_case())["id"])
    [contact] = case["contacts"]
    assert (case["status"], contact["address"], contact["automatic"]) == ("open", carl.address, False)
    assert case["ask"]["urgent"]
    assert len(await carl.received()) == (0 if headers else 1)


async def test_programs_that_answer_each_other_by_another_address_fall_silent(story: Story):
    """Each says that it generates its mail and wants answers elsewhere: nothing of ours goes to either."""
    box = Mailbox(story, "desk@site.example")
    for n in range(5):
        other = {"Auto-Submitted": "auto-generated", "Reply-To": f"request-{n}@elsewhere.example"}
        await box.writes(f"Your request {n} was taken", subject="Request", headers=other)
    await story.passes(minutes=30)
    assert await box.received() == []
    assert [await Mailbox(story, f"request-{n}@elsewhere.example").received() for n in range(5)] == [[]] * 5
