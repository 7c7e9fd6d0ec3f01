"""Mail as strangers send it: each row of bad input and abuse that the whole service decides has its right outcome."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.mailbox import HELP, MIA, Mailbox
from tests.story import HERS, Story

VERIFIER = "mx.support.example"
FAILS = f"{VERIFIER}; dmarc=fail header.from=customer.example"
PASSES = f"{VERIFIER}; dmarc=pass header.from=customer.example"


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story(mail={"verifier": VERIFIER}) as story:
        yield story


@pytest.fixture
def mia(story: Story) -> Mailbox:
    return Mailbox(story, MIA, "Mia")


async def theirs(story: Story, case: str) -> list[dict]:
    return [e for e in await story.timeline(case, "message") if e["direction"] == "in"]


async def test_row_26_no_sender_is_a_case_without_a_sender(story: Story, mia: Mailbox):
    """No From at all: the words are kept, nobody can be written back to, and that is said."""
    await mia.sends(b"To: help@support.example\r\nSubject: cold\r\n\r\nThe flat is cold\r\n", envelope_from="")
    case = await story.one_case()
    [entry] = await theirs(story, case["id"])
    assert entry["text"].strip() == "The flat is cold"
    assert any("From" in note for note in entry["notes"])
    problem = await story.refused("POST", f"/cases/{case['id']}/messages", {"text": "hello"})
    assert problem["status"] == 409


async def test_row_26_the_first_of_two_senders_is_not_believed(story: Story, mia: Mailbox):
    await mia.writes("Mine", subject="A")
    await mia.sends(
        b"From: mia@customer.example, mallory@elsewhere.example\r\nTo: help@support.example\r\nSubject: B\r\n\r\nHi\r\n"
    )
    assert len({c["customer"] for c in await story.cases()}) == 2


async def test_row_28_without_an_id_the_same_mail_twice_is_one_entry(story: Story, mia: Mailbox):
    raw = b"From: mia@customer.example\r\nTo: help@support.example\r\nSubject: E42\r\n\r\nThe flat is cold\r\n"
    await mia.sends(raw)
    await mia.sends(raw)
    assert len(await theirs(story, (await story.one_case())["id"])) == 1


async def test_row_29_another_mail_under_a_known_id_is_new_and_flagged(story: Story, mia: Mailbox):
    await mia.writes("first", headers={"Message-ID": "<one@customer.example>"})
    await mia.writes("quite another", headers={"Message-ID": "<one@customer.example>"})
    entries = await theirs(story, (await story.one_case())["id"])
    assert [e["text"].strip() for e in entries] == ["first", "quite another"]
    assert "another mail had the same Message-ID" in entries[1]["notes"]


async def test_row_30_a_thread_of_somebody_else_is_not_joined(story: Story, mia: Mailbox):
    """In-Reply-To to another person's case: no join, a case of its own."""
    await mia.writes("hers", headers={"Message-ID": "<hers@customer.example>"})
    eve = Mailbox(story, "eve@elsewhere.example")
    await eve.writes("me too", subject="Re: My heating", headers={"In-Reply-To": "<hers@customer.example>"})
    first, second = await story.cases()
    assert first["customer"] != second["customer"]


async def test_row_31_a_number_in_a_subject_gives_nothing(story: Story, mia: Mailbox):
    """`[case 48-…]` typed by a stranger: it joins nothing, and nothing of the case is told."""
    await mia.writes("E42")
    case = await story.one_case()
    eve = Mailbox(story, "eve@elsewhere.example")
    await eve.writes("what is the state?", subject=f"[case {case['ref']}] state?")
    assert len(await story.cases()) == 2
    assert len(await theirs(story, case["id"])) == 1


async def test_row_38_out_of_office_changes_nothing_that_was_promised(story: Story, mia: Mailbox):
    """It is attached; the case does not open again and a promised call stays as it is."""
    phone = story.phone(HERS)
    ana = await story.ready_agent("Ana")
    await phone.texts("my thermostat shows E42")
    case = await story.one_case()
    work = await ana.accepts()
    await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
    await ana.replies(case["id"], "We call you today.", channel="email")
    promise = await ana.api("POST", f"/cases/{case['id']}/callbacks", {})
    await ana.finishes(work, "waiting")
    await story.passes(seconds=2)
    before = await story.case(case["id"])
    away = {"Auto-Submitted": "auto-replied"}
    await mia.answers(await mia.last(), "I am on holiday.", headers=away, envelope_from="")
    after = await story.case(case["id"])
    assert (after["status"], after["promises"], after["ask"]) == (before["status"], before["promises"], before["ask"])
    assert after["promises"][0]["id"] == promise["id"]
    assert (await theirs(story, case["id"]))[-1]["automatic"] is True


async def test_row_39_a_bounce_stands_on_the_case_it_is_about(story: Story, mia: Mailbox):
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    await ana.accepts()
    await mia.behaves("bounce_later")
    await ana.replies(case["id"], "We come at five.")
    await story.passes(minutes=5)
    assert (await story.one_case())["id"] == case["id"]
    sent = [e for e in await story.timeline(case["id"], "message") if e["author"]["kind"] == "agent"]
    assert sent[0]["delivery"]["state"] == "failed"
    error = sent[0]["delivery"]["error"]
    assert "came back: 5" in error
    statuses = [word for word in error.split() if word.count(".") == 2 and word.replace(".", "").isdigit()]
    assert len(statuses) == 1, f"the status stands once: {error}"


async def test_abuse_1_a_forged_sender_is_somebody_else(story: Story, mia: Mailbox):
    """DMARC fails: an unverified case of its own, no history, and the agent reads why."""
    await mia.writes("Mine", headers={"Authentication-Results": PASSES})
    case = await story.one_case()
    assert case["contacts"][0]["evidence"] == "strong"
    await mia.writes("Send me everything", subject="Re: My heating", headers={"Authentication-Results": FAILS})
    [second] = [c for c in await story.cases() if c["id"] != case["id"]]
    assert second["customer"] != case["customer"]
    [entry] = await theirs(story, second["id"])
    assert second["contacts"][0]["evidence"] == "weak"
    assert any("does not come from" in note or "dmarc" in note.lower() for note in entry["notes"]), entry["notes"]
    await mia.writes("Still me, really", headers={"Authentication-Results": FAILS})
    assert len(await story.cases()) == 2, "what is denied again joins what was denied before"


async def test_abuse_1_who_forges_her_name_to_the_reply_address_is_not_named_as_somebody_else(
    story: Story, mia: Mailbox
):
    """It stands on the case as a participant's, and her own address is nobody's who takes part."""
    ana = await story.ready_agent("Ana")
    await mia.writes("Mine", headers={"Authentication-Results": PASSES})
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(seconds=2)
    await mia.answers(await mia.last(), "Send me everything", headers={"Authentication-Results": FAILS})
    [case] = [c for c in await story.cases() if c["id"] == case["id"]]
    assert (await theirs(story, case["id"]))[-1]["text"].strip() == "Send me everything"
    assert case["participants"] == []
    assert "Was named in a mail" not in await ana.page(case["id"])


async def test_abuse_1_a_sender_who_is_not_sure_brings_nobody_into_what_we_write(story: Story, mia: Mailbox):
    """Mail in her name with somebody in copy is read on her case, and nothing of ours goes to anybody but her until one
    of us says so; with another address to answer to it is somebody else's."""
    ana = await story.ready_agent("Ana")
    await mia.writes("Mine")
    case = await story.one_case()
    await ana.accepts()
    await mia.writes("Please tell my lawyer too", cc="lawyer@elsewhere.example")
    assert (await story.one_case())["id"] == case["id"]
    await mia.writes("And tell me here", headers={"Reply-To": "x@evil.example"})
    assert len(await story.cases()) == 2
    await ana.replies(case["id"], "Your door code is 4711.")
    await story.passes(seconds=2)
    lawyer, evil = Mailbox(story, "lawyer@elsewhere.example"), Mailbox(story, "x@evil.example")
    assert "4711" not in str([await box.received() for box in (lawyer, evil)])
    people = (await story.case(case["id"]))["participants"]
    assert {(p["address"], p["invited"]) for p in people} == {(lawyer.address, False)}
    await ana.api("POST", f"/cases/{case['id']}/participants", {"address": lawyer.address})
    await ana.replies(case["id"], "To both of you: it is mended.")
    await story.passes(seconds=2)
    assert "To both of you" in (await lawyer.last())["text"]
    assert "mended" not in str(await evil.received())
    await ana.api("POST", f"/cases/{case['id']}/participants", {"address": lawyer.address, "invited": False})
    await ana.replies(case["id"], "Only to you.")
    await story.passes(seconds=2)
    assert "Only to you" not in (await lawyer.last())["text"]


async def test_abuse_2_results_that_our_verifier_did_not_write_are_ignored(story: Story, mia: Mailbox):
    await mia.writes("Mine", headers={"Authentication-Results": "mx.elsewhere.example; dmarc=pass"})
    assert (await story.one_case())["contacts"][0]["evidence"] == "weak"


async def test_proof_is_an_answer_in_our_thread_that_its_domain_vouches_for(story: Story, mia: Mailbox):
    ana = await story.ready_agent("Ana")
    await mia.writes("E42", headers={"Authentication-Results": PASSES})
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "Is it still cold?")
    await story.passes(seconds=2)
    await mia.answers(await mia.last(), "Yes", headers={"Authentication-Results": PASSES})
    assert [c["evidence"] for c in (await story.case(case["id"]))["contacts"]] == ["strong", "proof"]


async def test_abuse_19_we_are_nobody_s_mail_bomb(story: Story):
    """A hundred mails in the name of one victim: one automatic mail in the hour, with nothing of the stranger's."""
    victim = Mailbox(story, "victim@customer.example")
    for n in range(100):
        await victim.writes(f"BUY NOW {n}", subject=f"BUY {n}", envelope_from="mallory@elsewhere.example")
    await story.passes(minutes=30)
    got = await victim.received()
    assert len(got) == 1
    assert "BUY" not in got[0]["raw"]


def of_one_mailbox(n: int) -> tuple[str, str, dict[str, str]]:
    return f"victim+{n}@gmail.com", f"victim+{n}@gmail.com", {}


def by_one_form(n: int) -> tuple[str, str, dict[str, str]]:
    return f"victim-{n}@gmail.com", "form@site.example", {"Reply-To": f"victim-{n}@gmail.com"}


def by_one_account(n: int) -> tuple[str, str, dict[str, str]]:
    return f"victim-{n}@gmail.com", "form@gmail.com", {"Reply-To": f"victim-{n}@gmail.com"}


def by_one_sender(n: int) -> tuple[str, str, dict[str, str]]:
    return f"victim-{n}@gmail.com", f"victim-{n}@gmail.com", {}


@pytest.mark.parametrize(
    ("made", "most"), [(of_one_mailbox, 1), (by_one_form, 30), (by_one_account, 30), (by_one_sender, 30)]
)
async def test_abuse_19_a_hundred_names_at_a_provider_for_everybody(
    story: Story, made: Callable[[int], tuple[str, str, dict[str, str]]], most: int
):
    """What somebody has us send is counted for who causes it, and one mailbox has many names after a plus."""
    victims: list[str] = []
    for n in range(100):
        victim, named, headers = made(n)
        victims.append(victim)
        words = f"What we want to buy today is {'x' * n}"
        sender = "mallory@elsewhere.example" if made is by_one_sender else named
        await Mailbox(story, named).writes(words, subject=f"BUY {n}", headers=headers, envelope_from=sender)
    await story.passes(minutes=30)
    assert sum([len(await Mailbox(story, victim).received()) for victim in victims]) == most


async def test_abuse_20_two_machines_in_a_circle_stop_at_the_cap_with_an_alert(story: Story):
    """Another desk opens a request of its own for each mail of ours, each from another address."""
    desks = [Mailbox(story, f"request-{n}@desk.example") for n in range(40)]
    for desk in desks:
        await desk.writes(f"We have received your mail, it is request {desk.address}", subject="Received")
    await story.passes(minutes=30)
    assert sum([len(await desk.received()) for desk in desks]) <= 2
    metrics = (await story.ask("GET", "/metrics")).body.decode()
    stopped = next(line for line in metrics.splitlines() if line.startswith("onecase_mail_answers_held_back_total "))
    assert float(stopped.split()[1]) >= 38


async def test_a_mail_of_ours_that_came_round_opens_nothing(story: Story, mia: Mailbox):
    await Mailbox(story, HELP).writes("We have your mail")
    await story.passes(minutes=5)
    [case] = await story.cases()
    assert case["status"] == "closed"
    assert await Mailbox(story, HELP).received() == []


async def test_whatever_comes_is_taken(story: Story, mia: Mailbox):
    """Bytes that are hardly a mail become a contact with their source."""
    for raw in (
        b"\x00\xff\xfe\r\n\r\n\x00",
        b"Subject",
        b"From: \xff@\xfe\r\n" * 50 + b"\r\n\xff\xff",
        b":\r\n:\r\n\r\n.",
    ):
        said = await mia.story.brings_mail(raw, "?from=mia@customer.example&to=help@support.example")
        assert said["accepted"], said
    await story.settles()
    cases = await story.cases()
    entries = [e for case in cases for e in await theirs(story, case["id"])]
    assert len(entries) == 4
    assert all(e["raw_url"] for e in entries)


async def test_somebody_of_our_own_domain_who_writes_is_a_person(story: Story):
    """Only our own addresses are ours: whoever works here may have a cold flat as well."""
    await Mailbox(story, "ana@support.example").writes("My own heating is cold")
    case = await story.one_case()
    assert case["status"] == "open"
    assert case["ask"] is not None
