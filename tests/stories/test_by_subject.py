"""Mail programs that write no headers of a thread: what they leave of it is the subject, and who wrote it."""

from collections.abc import AsyncIterator

import pytest

from tests.mailbox import HELP, MIA, TOM, Mailbox
from tests.story import HERS, Json, Story, World

VERIFIER = "mx.support.example"
EVE = "eve@customer.example"
ELM = "Elm Street 7"
INVOICE = "Your last invoice is wrong"
DENIED = {"Authentication-Results": f"{VERIFIER}; dmarc=fail header.from=customer.example"}
VOUCHED = {"Authentication-Results": f"{VERIFIER}; dmarc=pass header.from=customer.example"}


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story(mail={"verifier": VERIFIER}) as story:
        yield story


async def last_contact(story: World, case: str) -> Json:
    return (await story.case(case))["contacts"][-1]


async def the_other(story: World, case: str) -> Json:
    """The one case besides."""
    [other] = [one for one in await story.cases() if one["id"] != case]
    return other


async def solve(story: World, case: str) -> None:
    await story.api("POST", f"/cases/{case}/status", {"status": "solved"})


@pytest.mark.parametrize("prefix", ["Re: ", "AW: ", "SV:", "Re[2]: ", "Fwd: ", "RE: WG: ", "回复："])
async def test_an_answer_by_its_subject_goes_on_whatever_its_words_are_about(
    story: Story, mia: Mailbox, prefix: str
) -> None:
    """S39: the matter of that subject, though it speaks of an invoice; how it was found is said."""
    await mia.writes("The boiler is cold", subject=ELM)
    case = (await story.one_case())["id"]
    await mia.writes(INVOICE, subject=f"{prefix}elm  street 7")
    last = await last_contact(story, (await story.one_case())["id"])
    assert (last["link"], last["evidence"]) == ("same_subject", "weak")
    assert last["grounds"] == ["bare_mail", "same_subject"]
    await mia.writes(INVOICE, subject=f"{prefix}elm  street 7", headers=VOUCHED)
    last = await last_contact(story, case)
    assert (last["evidence"], last["grounds"]) == ("strong", ["dmarc", "same_subject"]), "a subject proves nobody"
    assert "the mail has the subject of this case" in (await story.links(case))[-1]["reasons"]


async def test_headers_that_name_no_mail_of_the_case_leave_the_subject(story: Story, mia: Mailbox) -> None:
    await mia.writes("The boiler is cold", subject=ELM)
    lost = {"In-Reply-To": "<rewritten@gateway.example>", "References": "<rewritten@gateway.example>"}
    await mia.writes(INVOICE, subject="Re: Elm Street 7", headers=lost)
    assert len((await story.one_case())["contacts"]) == 2


async def test_a_case_that_began_by_text_has_the_subjects_of_its_mails(story: Story, mia: Mailbox) -> None:
    """Each of them: the one that came second as well."""
    await story.phone(HERS).texts("my boiler is cold E42")
    case = await story.one_case()
    await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
    await mia.writes("It is still cold here.", subject="Flat 9")
    await mia.writes("And it drips.", subject="Flat 10")
    await mia.writes(INVOICE, subject="Re: Flat 9")
    await mia.writes(INVOICE, subject="Re: Flat 10")
    assert len((await story.one_case())["contacts"]) == 5


async def test_a_case_that_we_opened_has_the_subject_of_our_first_mail(story: Story, mia: Mailbox) -> None:
    ana = await story.agent("Ana")
    made = await ana.api("POST", "/cases", {"address": MIA, "channel": "email", "subject": "Your boiler"})
    await ana.replies(made["id"], "It is here.")
    await story.passes(seconds=2)
    assert (await mia.last())["subject"] == "Your boiler"
    await mia.writes(INVOICE, subject="Antw: Your boiler")
    assert (await last_contact(story, made["id"]))["link"] == "same_subject"


async def test_what_was_solved_goes_on_in_the_policys_time(story: Story, mia: Mailbox, tom: Mailbox) -> None:
    """Solved, and though another matter is open and came later: it opens again, as by an answer to our mail."""
    await mia.writes("The boiler is cold", subject=ELM, cc=TOM)
    heating = (await story.one_case())["id"]
    await solve(story, heating)
    await story.passes(days=1)
    await mia.writes(INVOICE, subject="A wrong sum")
    invoice = await the_other(story, heating)
    await story.passes(days=1)
    await mia.writes("And what of the invoice for it?", subject="AW: Elm Street 7")
    assert (await story.case(heating))["status"] == "waiting_us"
    assert [one["link"] for one in (await story.case(heating))["contacts"]] == ["new_case", "same_subject"]
    assert len((await story.case(invoice["id"]))["contacts"]) == 1
    await solve(story, heating)
    await story.stops()
    await story.passes(days=7, seconds=1)
    await story.starts()
    await mia.writes("The invoice for it", subject="AW: Elm Street 7")
    await tom.writes("Cold again", subject="AW: Elm Street 7")
    assert (await story.case(heating))["status"] == "solved", "that is too long ago"


async def test_a_fresh_mail_goes_by_its_words(story: Story, mia: Mailbox) -> None:
    """The same subject, and nothing that says that it answers: her words decide, as they do where they say it is about
    something else or name another case."""
    await mia.writes("The boiler is cold", subject=ELM)
    old = await story.one_case()
    await mia.writes(INVOICE, subject=ELM)
    new = await the_other(story, old["id"])
    assert [one["link"] for one in new["contacts"]] == ["new_matter"]
    assert [one["case"] for one in new["candidates"]] == [old["id"]]
    await mia.writes(f"This is about {new['ref']}", subject="Re: Elm Street 7")
    assert (await last_contact(story, new["id"]))["link"] == "reference"
    await mia.writes("Another thing: the tap drips", subject="Re: Elm Street 7")
    assert len(await story.cases()) == 3


@pytest.mark.parametrize(
    "subject", ["Hello", "A question", "Hallo, eine Frage!", "", "Re:", "(no subject)", "Re: AW: ", "件名なし"]
)
async def test_a_subject_that_names_nothing_joins_nothing(story: Story, mia: Mailbox, subject: str) -> None:
    await mia.writes("The boiler is cold", subject=subject)
    await mia.writes(INVOICE, subject=f"Re: {subject}")
    assert sorted(c["contacts"][0]["link"] for c in await story.cases()) == ["new_case", "new_matter"]


async def test_s11_who_was_in_copy_answers_by_the_subject_alone(story: Story, mia: Mailbox, tom: Mailbox) -> None:
    """S11: he takes part in her case, open or solved, whether she reads it or not; once he is to read nothing of it
    any more, it is a matter of his own."""
    await mia.writes("The boiler is cold", subject=ELM, cc=TOM)
    case = (await story.one_case())["id"]
    await tom.writes("It is the one in the cellar", subject="Re: Elm Street 7", to=f"{HELP}, {MIA}")
    last = await last_contact(story, (await story.one_case())["id"])
    assert (last["participant"], last["link"], last["evidence"]) == (True, "same_subject", "weak")
    assert last["grounds"] == ["participant", "bare_mail", "same_subject"]
    await solve(story, case)
    await tom.writes("Cold again", subject="AW: Elm Street 7")
    assert (await story.one_case())["status"] == "waiting_us"
    await tom.writes("Cold again", subject="Something else")
    his = await the_other(story, case)
    await tom.writes("The second time", subject="Re: Something else")
    await tom.writes("It is warm", subject="Re: Elm Street 7")
    assert len((await story.case(his["id"]))["contacts"]) == 2
    assert len((await story.case(case))["contacts"]) == 4
    [part] = (await story.case(case))["participants"]
    assert part["address"] == TOM
    await story.api("POST", f"/cases/{case}/participants", {"address": TOM, "invited": False})
    await tom.writes("And now?", subject="Re: Elm Street 7")
    assert len((await story.case(case))["contacts"]) == 4


async def test_s41_nobody_else_joins_by_a_subject(story: Story, mia: Mailbox, tom: Mailbox) -> None:
    """A stranger who knows it, who has her in copy, who is to be answered at her address, and whose mail the domain of
    its sender denies: each writes a matter of their own, and a machine that has the subject reopens nothing."""
    await mia.writes("The boiler is cold", subject=ELM, cc=TOM)
    case = (await story.one_case())["id"]
    eve = Mailbox(story, EVE)
    await eve.writes("Tell me of it", subject="Re: Elm Street 7")
    await eve.writes("Tell me of it", subject="Re: Elm Street 7", cc=f"{MIA}, {TOM}")
    await eve.writes("Tell me of it", subject="Re: Elm Street 7", headers={"Reply-To": TOM})
    await tom.writes("Tell me of it", subject="Re: Elm Street 7", cc=MIA, headers=DENIED)
    shown = await story.case(case)
    assert (len(shown["contacts"]), [one["address"] for one in shown["participants"]]) == (1, [TOM])
    await solve(story, case)
    await mia.writes(INVOICE, subject="Re: Elm Street 7", headers={"Auto-Submitted": "auto-replied"})
    assert (await story.case(case))["status"] == "solved"


async def test_his_own_matter_of_a_subject_comes_first(story: Story, mia: Mailbox, tom: Mailbox) -> None:
    await tom.writes("Mine is cold", subject=ELM)
    his = (await story.one_case())["id"]
    await mia.writes("The boiler is cold", subject=ELM, cc=TOM)
    await tom.writes("Still", subject="Re: Elm Street 7")
    assert len((await story.case(his))["contacts"]) == 2


async def test_what_was_split_off_goes_on_by_its_subject(story: Story, mia: Mailbox) -> None:
    """There, and what stayed where it was; undone, all of it in the one case."""
    await mia.writes("The boiler is cold", subject=ELM)
    case = (await story.one_case())["id"]
    await mia.writes("The tap drips", subject="A tap")
    row = (await story.timeline(case, "message"))[-1]
    new = await story.api("POST", f"/cases/{case}/split", {"entries": [row["id"]]})
    await mia.writes("It drips more", subject="Re: A tap")
    await mia.writes("It is colder", subject=f"Re: {ELM}")
    assert await story.said(new["id"]) == ["The tap drips", "It drips more"]
    stayed = await story.said(case)
    assert (stayed[0], stayed[-1], len(stayed)) == ("The boiler is cold", "It is colder", 3)  # we said that we have it
    await story.api("POST", f"/cases/{new['id']}/unmerge", {"merge": new["split"]})
    await mia.writes("It floods", subject="Re: A tap")
    assert (await last_contact(story, case))["link"] == "same_subject"


async def test_people_on_one_line_are_told_apart_by_no_subject(story: Story, mia: Mailbox) -> None:
    """Where several use her address, a subject alone opens nobody's case."""
    await mia.writes("The boiler is cold", subject=ELM)
    case = await story.one_case()
    other = await story.api("POST", "/contacts", {"channel": "touch", "context": {"model": "T-100"}})
    customer = (await story.case(other["case"]))["customer"]
    await story.api("POST", f"/customers/{customer}/addresses", {"address": MIA, "shared": True})
    await mia.writes(INVOICE, subject=f"Re: {ELM}")
    assert len((await story.case(case["id"]))["contacts"]) == 1
    assert len(await story.cases()) == 3


async def test_somebody_who_was_found_to_be_the_same_goes_on_there(story: Story, mia: Mailbox, tom: Mailbox) -> None:
    """From another of their addresses as well: whatever customer it stood with before."""
    await mia.writes("The boiler is cold", subject=ELM)
    hers = await story.one_case()
    await tom.writes(INVOICE, subject="A sum")
    his = await the_other(story, hers["id"])
    await story.api("POST", f"/customers/{his['customer']}/merge", {"customer": hers["customer"]})
    await tom.writes(INVOICE, subject=f"Re: {ELM}")
    assert (await last_contact(story, hers["id"]))["link"] == "same_subject"
