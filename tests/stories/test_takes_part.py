"""Others who take part by mail: what they say and prove is theirs, and never the customer's."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.mailbox import MIA, TOM, Mailbox
from tests.story import Json, Story, World

VERIFIER = "mx.support.example"


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story(mail={"verifier": VERIFIER}) as story:
        yield story


def vouched(domain: str) -> dict[str, str]:
    """What our own mail server writes of a mail whose domain vouches for it."""
    return {"Authentication-Results": f"{VERIFIER}; dmarc=pass header.from={domain}"}


def who_it_is(page: str) -> str:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))
    return text.partition("Who it is")[2][:240]


async def asked_by_mail(story: World, mia: Mailbox, *, cc: str = "") -> Json:
    """A case that an agent answered."""
    ana = await story.ready_agent("Ana")
    await mia.writes("The boiler is cold", cc=cc)
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "Which boiler?")
    await story.passes(seconds=2)
    return case


@pytest.mark.parametrize("how", ["in copy", "forwarded"])
async def test_what_somebody_else_proves_proves_nothing_of_the_customer(
    story: Story, mia: Mailbox, tom: Mailbox, how: str
):
    """Whoever was in copy, or was passed our mail on, answers from a domain that vouches for them: the customer's own
    unvouched mail is all that is known of who she is, on the desk and in the API."""
    await asked_by_mail(story, mia, cc=TOM if how == "in copy" else "")
    ours = await (tom if how == "in copy" else mia).last()
    await tom.answers(ours, "The old one in the cellar", headers=vouched("customer.example"))
    case = await story.one_case()
    theirs = case["contacts"][-1]
    assert (theirs["evidence"], theirs["participant"]) == ("weak", True)
    assert theirs["grounds"][:2] == ["participant", "dmarc"]
    ana = await story.agent("Ben")
    page = await ana.page(case["id"])
    assert re.search(r"Tom[^<]*tom@customer\.example[^<]*, who takes part</b> by email", page), "nobody says who"
    said = who_it_is(page)
    assert "weak by email" in said
    assert "Tell nothing of the case" in said
    assert "reply address" not in said
    rows = await story.timeline(case["id"], "message")
    assert [row["facts"]["evidence"] for row in rows if row["direction"] == "in"] == ["weak", "weak"]


async def test_what_the_customer_proves_still_holds_beside_others(story: Story, mia: Mailbox, tom: Mailbox):
    """Her own answer in our thread is proof of her, whoever else writes there after it."""
    await asked_by_mail(story, mia, cc=TOM)
    await mia.answers(await mia.last(), "The new one", headers=vouched("customer.example"))
    await tom.answers(await tom.last(), "No, the old one", headers=vouched("customer.example"))
    case = await story.one_case()
    assert [c["evidence"] for c in case["contacts"]] == ["weak", "proof", "weak"]
    ana = await story.agent("Ben")
    assert "proof by email" in who_it_is(await ana.page(case["id"]))


async def test_the_brief_has_the_customers_words_as_hers_alone(story: Story, mia: Mailbox, tom: Mailbox):
    """What she wants is in her own words, however much others wrote since, and theirs stand under another name."""
    case = await asked_by_mail(story, mia, cc=TOM)
    ours = await tom.last()
    for n in range(7):
        await tom.answers(ours, f"Send it all to me ({n})")
    brief = await story.api("GET", f"/cases/{case['id']}/brief")
    assert brief["wants"].strip() == "The boiler is cold"
    assert brief["earlier"][-1].startswith("somebody who takes part: Send it all to me (6)")
    assert [said for said in brief["earlier"] if said.startswith("customer: Send")] == []


@pytest.mark.parametrize("answered", [False, True], ids=["unanswered", "answered"])
@pytest.mark.parametrize("how", ["in copy", "forwarded"])
async def test_what_somebody_else_wrote_is_split_off_and_answered_to_them(
    story: Story, mia: Mailbox, tom: Mailbox, how: str, answered: bool
):
    """Their matter becomes a case on which they take part: the answer goes to them alone, in their thread, they go on
    there, and her next mail does not land there. Undone, it is as before."""
    ana = await story.ready_agent("Ana")
    await mia.writes("The boiler is cold", cc=TOM if how == "in copy" else "")
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "Which boiler?")
    await story.passes(seconds=2)
    await tom.answers(await (tom if how == "in copy" else mia).last(), "By the way, I need an invoice")
    if answered:
        await ana.replies(case["id"], "We look into it")
        await story.passes(seconds=2)
    row = next(r for r in await story.timeline(case["id"], "message") if "invoice" in (r["text"] or ""))
    hers, his = len(await mia.received()), len(await tom.received())
    new = await ana.api("POST", f"/cases/{case['id']}/split", {"entries": [row["id"]]})
    new = await story.case(new["id"])
    assert [(p["address"], p["invited"]) for p in new["participants"]] == [(TOM, True)]
    assert (new["ask"] is None) is answered
    assert "only somebody who takes part wrote" in who_it_is(await ana.page(new["id"]))
    sent = await ana.replies(new["id"], "To which name?")
    assert (sent["channel"], sent["address"]) == ("email", TOM)
    await story.passes(seconds=2)
    assert (len(await mia.received()), len(await tom.received())) == (hers, his + 1)
    got = await tom.last()
    assert got["text"].strip() == "To which name?"
    assert got["headers"].get("Cc", "") == ""
    await tom.answers(got, "To mine")
    shown = await story.case(new["id"])
    assert [c["address"] for c in shown["contacts"]] == [TOM, TOM]
    assert len(shown["participants"]) == 1
    await mia.writes("And now the tap drips", subject="Tap")
    assert "tap drips" not in " ".join(await story.said(new["id"]))
    await ana.api("POST", f"/cases/{new['id']}/unmerge", {"merge": new["split"]})
    back = await ana.replies(case["id"], "Back to the boiler")
    assert (back["channel"], back["address"]) == ("email", MIA)


async def test_his_words_stay_where_hers_are_split_off(story: Story, mia: Mailbox, tom: Mailbox):
    """Her mail of another matter goes; what is left is answered to her, and not in the thread of whoever only had the
    reply address."""
    case = await asked_by_mail(story, mia)
    mail = await mia.last()
    await mia.answers(mail, "Please send an invoice too")
    await tom.writes("I was passed this on", subject="Something else", to=mail["headers"]["Reply-To"])
    ana = await story.agent("Ben")
    row = next(r for r in await story.timeline(case["id"], "message") if "invoice" in (r["text"] or ""))
    await ana.api("POST", f"/cases/{case['id']}/split", {"entries": [row["id"]]})
    sent = await ana.replies(case["id"], "We come at five")
    assert sent["address"] == MIA
    await story.passes(seconds=2)
    assert (await mia.last())["subject"] == "Re: My heating"


async def test_who_wrote_what_was_split_off_and_cannot_be_reached_is_not_answered_to_her(
    story: Story, mia: Mailbox, tom: Mailbox
):
    """There is no other way to somebody who takes part: an answer that cannot reach them goes to nobody."""
    case = await asked_by_mail(story, mia, cc=TOM)
    await tom.answers(await tom.last(), "By the way, I need an invoice")
    row = next(r for r in await story.timeline(case["id"], "message") if "invoice" in (r["text"] or ""))
    ben = await story.agent("Ben")
    new = await ben.api("POST", f"/cases/{case['id']}/split", {"entries": [row["id"]]})
    refused = await ben.refused("POST", f"/cases/{new['id']}/messages", {"text": "Hello", "channel": "sms"})
    assert refused["status"] == 409
