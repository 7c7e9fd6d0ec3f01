"""Answers go where a mail asks for them, and to nobody who is only named beside: forms, groups, people with two boxes."""

from collections.abc import AsyncIterator

import pytest

from tests.mailbox import HELP, MIA, Mailbox
from tests.story import Story
from tests.story.people import Agent

FORM = "webform@site.example"
VANNA, OTTO, EVIL = "vanna@elsewhere.example", "otto@elsewhere.example", "evil@forger.example"
VOUCHED = {"Authentication-Results": "mx.support.example; dmarc=pass header.from=site.example"}


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story(mail={"verifier": "mx.support.example"}) as story:
        yield story


async def received(story: Story, *addresses: str) -> list[list[str]]:
    """The words of the agents' mails that came to each."""
    boxes = [await Mailbox(story, address).received() for address in addresses]
    ours = [[m for m in box if m["from"] == HELP and "Auto-Submitted" not in m["headers"]] for box in boxes]
    return [[m["text"].strip() for m in box] for box in ours]


async def answers(story: Story, ana: Agent, case: str, text: str) -> None:
    await ana.replies(case, text)
    await story.passes(seconds=2)


@pytest.mark.parametrize("verified", [{}, VOUCHED])
async def test_two_people_who_use_one_form_are_two(story: Story, verified: dict[str, str]):
    """The person who writes is whoever is to be answered, however well the form's own domain is vouched for."""
    ana = await story.ready_agent("Ana")
    form = Mailbox(story, FORM)
    await form.writes("The thermostat shows E42", subject="Contact form", headers={**verified, "Reply-To": VANNA})
    await form.writes("My invoice 4711 is wrong", subject="Contact form", headers={**verified, "Reply-To": OTTO})
    by = {case["contacts"][0]["address"]: case for case in [await story.case(c["id"]) for c in await story.cases()]}
    vannas, ottos = by[VANNA], by[OTTO]
    assert vannas["customer"] != ottos["customer"]
    await answers(story, ana, vannas["id"], "for Vanna")
    await answers(story, ana, ottos["id"], "for Otto")
    assert await received(story, FORM, VANNA, OTTO) == [[], ["for Vanna"], ["for Otto"]]
    assert await form.received() == []
    for case in (vannas, ottos):
        whole = await story.case(case["id"])
        [contact] = whole["contacts"]
        assert (contact["evidence"], contact["grounds"][0]) == ("weak", "reply_to")
        assert whole["participants"] == []
        [entry] = [e for e in await story.timeline(case["id"], "message") if e["direction"] == "in"]
        assert any("asks to be answered at another address" in note for note in entry["notes"])
    await Mailbox(story, OTTO).answers((await Mailbox(story, OTTO).last()), "Thank you")
    assert (await story.timeline(ottos["id"], "message"))[-1]["text"].strip() == "Thank you"


async def test_whoever_forges_a_name_and_asks_for_the_answer_joins_nothing(story: Story):
    """Neither by the sender, nor by the subject, nor by a mail of hers that they name, nor by her reference."""
    ana = await story.ready_agent("Ana")
    mia = Mailbox(story, MIA)
    await mia.writes("The flat is cold")
    case = await story.one_case()
    names_hers = {"Reply-To": EVIL, "In-Reply-To": f"<1.{MIA}>", "References": f"<1.{MIA}>"}
    await mia.writes(f"About {case['ref']}: where does it stand?", headers=names_hers)
    assert len({one["customer"] for one in await story.cases()}) == 2
    await answers(story, ana, case["id"], "The code of the door is 4711.")
    assert await received(story, MIA, EVIL) == [["The code of the door is 4711."], []]
    assert (await story.case(case["id"]))["participants"] == []


async def test_who_asks_in_somebody_elses_name_gets_nothing_of_it(story: Story):
    """Answers to what comes by a forger with her address as where to answer go to her, and not in copy to the forger."""
    ana = await story.ready_agent("Ana")
    await Mailbox(story, MIA).writes("The flat is cold")
    case = await story.one_case()
    await Mailbox(story, EVIL).writes(f"{case['ref']}: and now?", headers={"Reply-To": MIA}, cc="two@forger.example")
    [contact] = (await story.case((await story.one_case())["id"]))["contacts"][1:]
    assert contact["evidence"] == "weak"
    await answers(story, ana, case["id"], "A technician comes.")
    assert await received(story, MIA, EVIL, "two@forger.example") == [["A technician comes."], [], []]


async def test_somebody_with_two_mailboxes_goes_on_with_their_case(story: Story):
    """An answer to our reply address that asks for the next one elsewhere stands on the case: it goes to both."""
    ana = await story.ready_agent("Ana")
    mia, home = Mailbox(story, MIA), "mia@home.example"
    await mia.writes("The flat is cold")
    case = await story.one_case()
    await answers(story, ana, case["id"], "Since when?")
    await mia.answers(await mia.last(), "Since Monday", headers={"Reply-To": home})
    assert (await story.one_case())["id"] == case["id"]
    assert (await story.case(case["id"]))["contacts"][-1]["address"] == MIA
    await answers(story, ana, case["id"], "A technician comes.")
    assert await received(story, MIA, home) == [["Since when?", "A technician comes."], ["A technician comes."]]
    again = Mailbox(story, home)
    await again.answers(await again.last(), "Good")
    assert (await story.one_case())["id"] == case["id"]


async def test_one_who_always_asks_for_answers_elsewhere_is_known_there(story: Story):
    """From work, to be answered at home: their own mail, and their answer, are one case of whoever is at home."""
    ana = await story.ready_agent("Ana")
    mia, home = Mailbox(story, MIA), Mailbox(story, "mia@home.example")
    await mia.writes("The flat is cold", headers={"Reply-To": home.address})
    case = await story.one_case()
    await answers(story, ana, case["id"], "Since when?")
    assert await received(story, MIA, home.address) == [[], ["Since when?"]]
    await mia.answers(await home.last(), "Since Monday", headers={"Reply-To": home.address})
    await mia.writes("One more thing", headers={"Reply-To": home.address})
    assert (await story.one_case())["id"] == case["id"]
    assert {c["address"] for c in (await story.case(case["id"]))["contacts"]} == {home.address}
    assert (await story.case(case["id"]))["participants"] == []


async def test_our_own_address_as_where_to_answer_is_nobody(story: Story):
    """Some programs write the address that a mail went to there."""
    await Mailbox(story, MIA).writes("The flat is cold", headers={"Reply-To": HELP})
    case = await story.case((await story.one_case())["id"])
    assert [c["address"] for c in case["contacts"]] == [MIA]


@pytest.mark.parametrize(("group", "to_answer"), [("help", OTTO), ("team", OTTO), ("help", HELP)])
async def test_whoever_writes_by_a_group_of_ours_is_answered(story: Story, group: str, to_answer: str):
    """A group writes its own address into From where the writer's domain would have it refused, and who wrote beside."""
    ana = await story.ready_agent("Ana")
    listed = {
        "Reply-To": to_answer,
        "X-Original-From": f"Otto <{OTTO}>",
        "Precedence": "list",
        "Mailing-list": f"list {group}@support.example",
        "List-ID": f"<{group}.support.example>",
        "List-Unsubscribe": "<mailto:x@groups.example>",
    }
    await Mailbox(story, f"{group}@support.example", "'Otto' via Help").writes("The flat is cold", headers=listed)
    case = await story.case((await story.one_case())["id"])
    [contact] = case["contacts"]
    assert (case["status"], contact["address"], contact["evidence"]) == ("open", OTTO, "weak")
    assert case["participants"] == []
    await answers(story, ana, case["id"], "for Otto")
    assert await received(story, OTTO, f"{group}@support.example") == [["for Otto"], []]


async def test_two_senders_are_none_and_no_domain_is_said_to_deny_it(story: Story):
    mia = Mailbox(story, MIA)
    await mia.sends(
        f"From: {MIA}, {OTTO}\r\nTo: {HELP}\r\nSubject: Heating\r\nMessage-ID: <two@x.example>\r\n\r\nE42\r\n".encode()
    )
    [contact] = (await story.case((await story.one_case())["id"]))["contacts"]
    assert (contact["evidence"], contact["grounds"][0]) == ("weak", "several_from")


OFFICE = "office@site.example"


@pytest.mark.parametrize(
    "to_answer",
    [f"{FORM}, {{}}", f"{{}}, {FORM}", f"Office <{OFFICE}>, {{}}", f"{{}}, Office <{OFFICE}>"],
    ids=["form-first", "visitor-first", "office-first", "office-last"],
)
@pytest.mark.parametrize("verified", [{}, VOUCHED], ids=["bare", "vouched"])
async def test_a_form_that_wants_the_answers_too_is_neither_of_its_visitors(
    story: Story, to_answer: str, verified: dict[str, str]
):
    """Each visitor has a case of their own; the form or its office gets copies, and neither reads of the other."""
    ana = await story.ready_agent("Ana")
    form, beside = Mailbox(story, FORM), OFFICE if "office" in to_answer else FORM
    await form.writes("The flat is cold", subject="Form", headers={**verified, "Reply-To": to_answer.format(VANNA)})
    first = await story.one_case()
    await answers(story, ana, first["id"], "for Vanna")
    await form.writes("My doctor asks", subject="Form", headers={**verified, "Reply-To": to_answer.format(OTTO)})
    by = {case["contacts"][0]["address"]: case for case in [await story.case(c["id"]) for c in await story.cases()]}
    assert set(by) == {VANNA, OTTO} and by[VANNA]["customer"] != by[OTTO]["customer"]
    await answers(story, ana, by[OTTO]["id"], "for Otto")
    await answers(story, ana, by[VANNA]["id"], "again for Vanna")
    assert await received(story, VANNA, OTTO) == [["for Vanna", "again for Vanna"], ["for Otto"]]
    assert (await received(story, beside))[0] == ["for Vanna", "for Otto", "again for Vanna"]


async def test_who_names_themselves_first_among_those_to_answer_is_who_writes(story: Story):
    """At a provider for everybody the address in From is a person's, whoever else is to be answered."""
    ana = await story.ready_agent("Ana")
    lea = Mailbox(story, "lea@gmail.com")
    await lea.writes("The flat is cold", headers={"Reply-To": f"lea@gmail.com, {OTTO}"})
    case = await story.case((await story.one_case())["id"])
    assert case["contacts"][0]["address"] == "lea@gmail.com"
    await answers(story, ana, case["id"], "A technician comes.")
    assert await received(story, "lea@gmail.com", OTTO) == [["A technician comes."], ["A technician comes."]]


async def test_a_form_with_its_visitor_in_copy_has_a_case_for_each(story: Story):
    """A mail that answers nothing joins no case of which the answers go to others, of whom it is to none."""
    ana = await story.ready_agent("Ana")
    form = Mailbox(story, FORM)
    await form.writes("The flat is cold", subject="Contact form", cc=VANNA, headers=VOUCHED)
    first = await story.one_case()
    await answers(story, ana, first["id"], "for Vanna")
    await form.writes("My doctor asks", subject="Contact form", cc=OTTO, headers=VOUCHED)
    [second] = [case for case in await story.cases() if case["id"] != first["id"]]
    await answers(story, ana, second["id"], "for Otto")
    assert await received(story, VANNA, OTTO) == [["for Vanna"], ["for Otto"]]
    [contact] = (await story.case(second["id"]))["contacts"]
    assert contact["link"] == "new_matter" and "other_people" in contact["grounds"]


async def test_who_brings_one_more_along_goes_on_with_their_case(story: Story):
    """Where somebody who is answered is on the mail too, or nobody else is answered so far, it is the same matter."""
    await story.ready_agent("Ana")
    mia = Mailbox(story, MIA)
    await mia.writes("The flat is cold", headers={"Authentication-Results": "mx.support.example; dmarc=pass"})
    for cc in (VANNA, f"{VANNA}, {OTTO}"):
        await mia.writes("And the water, too", cc=cc)
    assert len(await story.cases()) == 1
