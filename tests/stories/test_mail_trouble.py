"""Mail that comes back, mail of forgers, people added twice: what goes wrong with mail, over real SMTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from channels.email.post import Envelope
from router.core.clock import Ms
from router.core.documents import Case
from router.core.words import DAY_MS
from tests.mailbox import HELP, MIA, TOM, Mailbox
from tests.stories.test_matching import GERMAN, policies_with
from tests.story import Agent, Json, Story

VERIFIER = "mx.support.example"


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story(mail={"verifier": VERIFIER}) as story:
        yield story


async def document(story: Story, id: str) -> Case:
    assert story.running is not None
    case = await story.running.node.journal.document(id)
    assert isinstance(case, Case)
    return case


def report(about: str, *failed: str, to: str) -> bytes:
    """What a mail server writes when a mail could not be delivered."""
    fields = "".join(f"\r\nFinal-Recipient: rfc822; {one}\r\nAction: failed\r\nStatus: 5.1.1\r\n" for one in failed)
    return (
        "From: mailer-daemon@elsewhere.example\r\n"
        f"To: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\n\r\nCould not be delivered\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n{fields}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {about}\r\n\r\n--b--\r\n"
    ).encode()


async def test_a_copy_that_comes_back_is_nobody_elses_trouble(story: Story, mia: Mailbox, tom: Mailbox):
    """Mia has her answer; Tom is left out until he writes again."""
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM)
    case = await story.one_case()
    await ana.accepts()
    await tom.behaves("bounce_later")
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(minutes=5)
    await tom.behaves("accept")
    [entry] = [e for e in await story.timeline(case["id"], "message") if e["text"] == "Which boiler is it?"]
    assert entry["delivery"]["state"] == "sent", "she has it"
    await ana.replies(case["id"], "And since when?")
    await story.passes(seconds=2)
    assert (await mia.last())["text"].strip() == "And since when?"
    assert all(m["from"] != HELP for m in await tom.received())
    await tom.writes("Since Monday", headers={"In-Reply-To": f"<1.{MIA}>"})
    await ana.replies(case["id"], "Thank you both.")
    await story.passes(seconds=2)
    assert (await tom.last())["text"].strip() == "Thank you both."


async def test_a_copy_that_is_refused_does_not_keep_the_mail_from_the_others(story: Story, mia: Mailbox, tom: Mailbox):
    """Mia has her answer at once; Tom is left out until he writes again, and whoever answers is told so."""
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM)
    case = await story.one_case()
    await ana.accepts()
    await tom.behaves("reject")
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(seconds=2)
    assert (await mia.last())["text"].strip() == "Which boiler is it?"
    [entry] = [e for e in await story.timeline(case["id"], "message") if e["text"] == "Which boiler is it?"]
    assert (entry["delivery"]["state"], entry["delivery"]["error"]) == ("sent", None)
    assert (await story.one_case())["participants"] == [{"address": TOM, "invited": True, "bounced": True}]
    await tom.behaves("accept")
    await ana.replies(case["id"], "And since when?")
    await story.passes(seconds=2)
    assert all(m["from"] != HELP for m in await tom.received())
    await tom.writes("Since Monday", headers={"In-Reply-To": f"<1.{MIA}>"})
    await ana.replies(case["id"], "Thank you both.")
    await story.passes(seconds=2)
    assert (await tom.last())["text"].strip() == "Thank you both."


async def test_an_address_that_refuses_for_good_is_written_to_no_more(story: Story, mia: Mailbox):
    """Her mail server says at once that she is not there: the answer is seen as not delivered, and the next one tells
    who writes it that mail does not reach her, until she writes from there again."""
    ana = await story.ready_agent("Ana")
    await mia.writes("The boiler hums")
    case = await story.one_case()
    await ana.accepts()
    await mia.behaves("reject")
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(seconds=2)
    [entry] = [e for e in await story.timeline(case["id"], "message") if e["text"] == "Which boiler is it?"]
    assert entry["delivery"]["state"] == "failed"
    refused = await ana.refused("POST", f"/cases/{case['id']}/messages", {"text": "And since when?"})
    assert refused["status"] == 409
    await mia.behaves("accept")
    await mia.writes("I am back", headers={"In-Reply-To": f"<1.{MIA}>"})
    await ana.replies(case["id"], "And since when?")
    await story.passes(seconds=2)
    assert (await mia.last())["text"].strip() == "And since when?"


@pytest.mark.parametrize("passing", ["full", "greylist"])
async def test_a_copy_that_is_refused_for_now_is_tried_again_alone(
    story: Story, mia: Mailbox, tom: Mailbox, passing: str
):
    """Under the same Message-ID, and nobody else gets the mail twice."""
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM)
    case = await story.one_case()
    await ana.accepts()
    await tom.behaves(passing)
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(seconds=2)
    assert (await mia.last())["text"].strip() == "Which boiler is it?"
    assert await of_ours(tom) == []
    [late] = await late_copies(story, case)
    assert (late["to"], late["delivery"]["state"], late["reasons"][0][:1]) == ([TOM], "queued", "4")
    await tom.behaves("accept")
    await story.passes(minutes=2)
    [theirs] = await of_ours(tom)
    hers = await mia.last()
    assert theirs["raw"] == hers["raw"]
    assert len(await of_ours(mia)) == 2, "the word that her mail came, and the answer"
    [late] = await late_copies(story, case)
    assert (late["delivery"]["state"], late["delivery"]["attempts"]) == ("sent", 1)
    await tom.answers(theirs, "The old one")
    assert (await story.one_case())["contacts"][-1]["address"] == TOM


async def test_a_copy_that_never_gets_through_is_seen(story: Story, mia: Mailbox, tom: Mailbox):
    """It is tried as long as any mail; then it stands beside whom it was for, and nobody is asked to answer her."""
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM)
    case = await story.one_case()
    work = await ana.accepts()
    await tom.behaves("full")
    await ana.replies(case["id"], "Which boiler is it?")
    await ana.finishes(work)
    await story.passes(hours=12)
    [late] = await late_copies(story, case)
    assert late["delivery"]["state"] == "queued" and late["delivery"]["attempts"] > 10
    assert late["delivery"]["due_at"] is not None
    await story.passes(hours=13)
    [late] = await late_copies(story, case)
    assert (late["to"], late["delivery"]["state"]) == ([TOM], "failed")
    [entry] = await sent(story, case)
    assert (entry["delivery"]["state"], entry["delivery"]["attempts"]) == ("sent", 1)
    assert (await document(story, case["id"])).ask is None, "she has her answer"


async def test_a_copy_that_is_refused_for_good_later_is_the_last(story: Story, mia: Mailbox, tom: Mailbox):
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM)
    case = await story.one_case()
    await ana.accepts()
    await tom.behaves("full")
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(seconds=2)
    await tom.behaves("reject")
    await story.passes(minutes=2)
    [late] = await late_copies(story, case)
    assert late["delivery"]["state"] == "failed"
    assert (await story.one_case())["participants"] == [{"address": TOM, "invited": True, "bounced": True}]


async def test_whoever_is_written_to_no_more_gets_no_late_copy(story: Story, mia: Mailbox, tom: Mailbox):
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM)
    case = await story.one_case()
    await ana.accepts()
    await tom.behaves("full")
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(seconds=2)
    await tom.behaves("accept")
    await story.api("POST", f"/cases/{case['id']}/participants", {"address": TOM, "invited": False})
    await story.passes(minutes=2)
    assert await of_ours(tom) == []


async def of_ours(box: Mailbox) -> list[Json]:
    return [m for m in await box.received() if m["from"] == HELP]


async def late_copies(story: Story, case: Json) -> list[Json]:
    return [e for e in await story.timeline(case["id"], "status") if e["facts"].get("what") == "copy_late"]


async def test_full_mailboxes_do_not_keep_mail_from_others(story: Story, mia: Mailbox):
    """Refusals that are on the recipient say nothing of the provider: it is not left alone because of them."""
    full = [Mailbox(story, f"person{n}@elsewhere.example") for n in range(6)]
    for one in full:
        await one.behaves("full")
        await one.writes("Hello", subject=f"Matter of {one.address}")
    await mia.writes("E42")
    await story.passes(seconds=2)
    assert len(await mia.received()) == 1


async def test_a_report_says_of_everybody_whom_it_could_not_reach(story: Story, mia: Mailbox):
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM)
    case = await story.one_case()
    await ana.accepts()
    await story.faults(mail_bounce_later=1.0)
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(minutes=5)
    await story.faults()
    kept = await document(story, case["id"])
    assert [p.address.bounced for p in kept.participants] == [True]
    refused = await story.refused("POST", f"/cases/{case['id']}/messages", {"text": "again", "channel": "email"})
    assert refused["type"].endswith("channel_cannot")


@pytest.mark.parametrize("about", ["", "<other@relay.example>"], ids=["nothing", "an-id-of-a-relay"])
async def test_a_report_that_names_no_mail_of_ours_is_about_the_case_of_its_return_path(
    story: Story, mia: Mailbox, tom: Mailbox, about: str
):
    """The signed return path says which case, and the report who of those written to there was not reached."""
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM)
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(seconds=2)
    back = (await mia.last())["return_path"]
    await tom.sends(report(about, "nobody@customer.example", to=back), envelope_from="")
    assert [e["delivery"]["state"] for e in await sent(story, case)] == ["sent"], "it went to nobody of that name"
    await tom.sends(report(about, MIA, to=back).replace(b"text/rfc822-headers", b"text/plain"), envelope_from="")
    assert [e["delivery"]["state"] for e in await sent(story, case)] == ["failed"]
    kept = await document(story, case["id"])
    assert ([p.address.bounced for p in kept.participants], kept.ask is not None) == ([False], True)
    refused = await story.refused("POST", f"/cases/{case['id']}/messages", {"text": "again", "channel": "email"})
    assert refused["type"].endswith("channel_cannot")


async def sent(story: Story, case: Json) -> list[Json]:
    rows = await story.timeline(case["id"], "message")
    return [e for e in rows if e["direction"] == "out" and e["author"]["kind"] == "agent"]


async def test_a_report_to_a_case_says_nothing_of_another(story: Story, mia: Mailbox):
    """Mallory has the reply address of a case of theirs alone, so what they report of Mia changes nothing."""
    _, case, mallory, _, theirs = await two_were_answered(story, mia)
    await mallory.sends(report("", MIA, to=theirs["headers"]["Reply-To"]), envelope_from="")
    assert [e["delivery"]["state"] for e in await sent(story, case)] == ["sent"]


async def two_were_answered(story: Story, mia: Mailbox) -> tuple[Agent, Json, Mailbox, Json, Json]:
    """Ana, Mia's case, Mallory, and the mail that each of both has of us."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "We come at five.")
    mallory = Mailbox(story, "mallory@elsewhere.example")
    await mallory.writes("hello", subject="hello")
    await story.passes(seconds=2)
    theirs, hers = await mallory.last(), await mia.last()
    return ana, case, mallory, hers, theirs


async def test_a_report_about_a_mail_to_others_changes_nothing(story: Story, mia: Mailbox):
    """Anybody who was shown a mail of ours knows its Message-ID, and can send a report about it to their own case."""
    ana, case, mallory, hers, theirs = await two_were_answered(story, mia)
    raw = report(hers["headers"]["Message-ID"], MIA, to=theirs["headers"]["Reply-To"])
    said = await mallory.sends(raw, envelope_from="")
    assert said["accepted"] is True
    delivery = [e["delivery"]["state"] for e in await story.timeline(case["id"], "message") if e["direction"] == "out"]
    assert delivery == ["sent", "sent"]
    await ana.replies(case["id"], "Or at six.")
    await story.passes(seconds=2)
    assert (await mia.last())["text"].strip() == "Or at six."


async def test_a_report_to_a_case_that_was_erased_is_about_no_other(story: Story, mia: Mailbox):
    """Their own case is gone, and what they report of a mail to Mia stands on no case of hers."""
    _, case, mallory, hers, theirs = await two_were_answered(story, mia)
    cases = (await story.api("GET", "/cases"))["items"]
    other = next(one for one in cases if one["id"] != case["id"])
    await story.api("POST", f"/customers/{other['customer']}/erase")
    before = await story.timeline(case["id"], "message")
    raw = report(hers["headers"]["Message-ID"], MIA, to=theirs["headers"]["Reply-To"])
    assert (await mallory.sends(raw, envelope_from=""))["accepted"] is True
    assert await story.timeline(case["id"], "message") == before


async def test_a_mail_that_comes_back_twice_fails_once(story: Story, mia: Mailbox):
    """It had arrived twice, for the reply to it was lost."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "We come at five.")
    await story.passes(seconds=2)
    ours = await mia.last()
    for n in range(2):
        await mia.sends(
            report(ours["headers"]["Message-ID"], MIA, to=ours["headers"]["Reply-To"]) + b"\r\n" * n + b"%d" % n,
            envelope_from="",
        )
    assert len([e for e in await story.timeline(case["id"]) if e["kind"] == "delivery"]) <= 1
    entries = [e for e in await story.timeline(case["id"], "message") if e["direction"] == "in"]
    assert len(entries) == 3, "both reports are kept"


@pytest.mark.parametrize("by", ["a list of others", "a group of ours", "itself"])
async def test_our_own_mail_that_comes_round_is_ours(story: Story, mia: Mailbox, by: str):
    """Whatever a list wrote over it, its Message-ID is ours: it stands on its case, marked, and opens nothing again."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    work = await ana.accepts()
    await ana.replies(case["id"], "Mended.")
    await ana.finishes(work, "solved")
    await story.passes(seconds=2)
    raw = (await mia.last())["raw"].encode()
    lines = [one for one in raw.split(b"\r\n") if not one.startswith(b"X-Loop:")]
    if by == "a list of others":
        lines = [b"From: Club <mia@customer.example>" if one.startswith(b"From:") else one for one in lines]
        lines = [b"Reply-To: mia@customer.example" if one.startswith(b"Reply-To:") else one for one in lines]
        lines.insert(0, b"List-Id: <club.customer.example>")
    elif by == "a group of ours":
        lines = [b"Reply-To: mia@customer.example" if one.startswith(b"Reply-To:") else one for one in lines]
        lines.insert(0, b"List-Id: <all.support.example>")
    await story.brings_mail(b"\r\n".join(lines), f"?from={MIA}&to={HELP}")
    await story.settles()
    [now] = await story.cases()
    assert (now["id"], now["status"]) == (case["id"], "solved")
    came = (await story.timeline(case["id"], "message"))[-1]
    assert (came["direction"], came["automatic"], came["notes"][0]) == ("in", True, "own")


async def test_whom_a_forger_names_is_not_bothered(story: Story, mia: Mailbox):
    """Her domain says that it was not her: she gets no automatic mail about what she did not write."""
    denied = {"Authentication-Results": f"{VERIFIER}; dmarc=fail header.from=customer.example"}
    await mia.writes("give me everything", headers=denied)
    assert len(await story.cases()) == 1
    await story.passes(minutes=1)
    assert await mia.received() == []


async def test_whom_a_forger_names_is_asked_nothing(tmp_path: Path):
    """Nor is she asked whether another language would do."""
    denied = {"Authentication-Results": f"{VERIFIER}; dmarc=fail header.from=customer.example"}
    policies = policies_with(tmp_path / "p", routing=GERMAN)
    async with Story(mail={"verifier": VERIFIER}, policies=policies) as story:
        await story.ready_agent("Ana", languages=["en"])
        mia = Mailbox(story, MIA)
        await mia.writes("Guten Tag, meine Bestellung ist nicht da", subject="Bestellung", headers=denied)
        await story.passes(minutes=15)
        assert await mia.received() == []
        entries = await story.timeline((await story.one_case())["id"], "status")
        assert [e["facts"]["what"] for e in entries] == ["text_withheld"]


async def test_somebody_takes_part_once(story: Story, mia: Mailbox):
    """However often they are in copy: in two mails at once, in other letters, and when a solved case opens again."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    work = await ana.accepts()
    await asyncio.gather(*(mia.writes(f"and {n}", cc=f"{TOM}, {TOM.upper()}") for n in range(4)))
    await ana.replies(case["id"], "Mended.")
    await ana.finishes(work, "solved")
    await story.settles()
    await mia.writes("Not quite", cc=TOM)
    assert (await story.one_case())["id"] == case["id"]
    assert len((await document(story, case["id"])).participants) == 1


async def test_machines_take_no_part_and_people_only_so_many(story: Story, mia: Mailbox):
    """Whoever has the reply address may write there; beyond the limit it is a matter of their own, and nothing is
    lost."""
    await mia.writes("E42")
    case = await story.one_case()
    await story.passes(seconds=2)
    reply_to = (await mia.last())["headers"]["Reply-To"]
    for n in range(3):
        away = Mailbox(story, f"away{n}@elsewhere.example")
        await away.writes("I am away", to=reply_to, headers={"Auto-Submitted": "auto-replied"})
    assert (await document(story, case["id"])).participants == ()
    for n in range(22):
        await Mailbox(story, f"person{n}@elsewhere.example").writes("me too", to=reply_to)
    assert len((await document(story, case["id"])).participants) == 20
    assert len(await story.cases()) == 3


async def test_whoever_was_not_invited_is_read_and_changes_nothing(story: Story, mia: Mailbox):
    """A mail of somebody else to the reply address stands on the case, marked; the answer goes to her, in her
    language, on from her own mail."""
    ana = await story.ready_agent("Ana")
    await mia.writes("The heating shows E42 and is cold", subject="My heating")
    case = await story.one_case()
    await story.passes(seconds=2)
    reply_to = (await mia.last())["headers"]["Reply-To"]
    before = await document(story, case["id"])
    stranger = Mailbox(story, "stranger@elsewhere.example")
    await stranger.writes("Bitte schicken Sie alles ab jetzt nur an mich", subject="Ganz anderes", to=reply_to)
    now = await document(story, case["id"])
    assert (now.language, now.letter) == (before.language, before.letter)
    assert now.letter is not None
    assert (await story.timeline(case["id"], "message"))[-1]["facts"]["participant"] is True
    await ana.accepts()
    await ana.replies(case["id"], "Open the valve, please.")
    await story.passes(seconds=2)
    answer = await mia.last()
    assert (answer["text"].strip(), answer["subject"]) == ("Open the valve, please.", "Re: My heating")
    assert await stranger.received() == []


async def test_a_mail_of_long_ago_is_taken_once_from_two_folders(story: Story):
    """Whenever it came to the server: the same mail is one entry, hours apart; nobody wrote in the future, and what
    the mail says of its own date decides nothing."""
    assert story.running is not None
    node, now = story.running.node, await story.now()
    start, old = node.clock.now(), format_datetime(now - timedelta(days=400))
    for days in (-200, -3, 1):
        raw = f"From: {MIA}\r\nTo: {HELP}\r\nDate: {old}\r\nSubject: E42\r\n\r\ncold since {days}\r\n".encode()
        for folder in ("INBOX", "All Mail"):
            copy, came_at = f"X-Folder: {folder}\r\n".encode() + raw, Ms(start + days * DAY_MS)
            await node.take_mail(Envelope(MIA, (HELP,), copy, came_at), late=True)
            await story.passes(hours=3)
    case = await story.one_case()
    entries = [e for e in await story.timeline(case["id"], "message") if e["direction"] == "in"]
    came = sorted(datetime.fromisoformat(e["at"]) - now for e in entries)
    assert [round(ago / timedelta(days=1), 1) for ago in came] == [-30.0, -3.0, 0.5]
    assert (await document(story, case["id"])).changed_at <= node.clock.now()


async def test_a_domain_that_writes_much_is_told_as_long_as_it_is_answered_little(story: Story, mia: Mailbox):
    """Mails of a large provider's people count only where one of ours answered them by itself."""
    for n in range(35):
        await mia.writes(f"and {n}")
    tom = Mailbox(story, TOM)
    await tom.writes("Hello there, this is my first mail to you")
    await story.passes(minutes=1)
    assert (len(await mia.received()), len(await tom.received())) == (1, 1)


async def test_one_customer_gets_one_automatic_mail_an_hour(story: Story, mia: Mailbox):
    """Whatever became of the cases that they were about."""
    for n in range(3):
        await mia.writes(f"Hello {n}", subject=f"Matter {n}")
        case = (await story.cases())[-1]
        await story.api("POST", f"/cases/{case['id']}/status", {"status": "closed"})
        await story.passes(minutes=1)
        await story.restarts()
    assert len(await story.cases()) == 3
    assert len(await mia.received()) == 1


CALENDAR = """From: {sender}
To: help@support.example
Subject: Accepted: visit
Message-ID: <c9@customer.example>
In-Reply-To: {id}
MIME-Version: 1.0
Content-Type: {kind}

{body}"""
COMPLAINT = """From: abuse@isp.example
To: help@support.example
Subject: FW: x
Message-ID: <f9@isp.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

abuse report
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1
User-Agent: x

--b
Content-Type: message/rfc822

Message-ID: {id}
From: help@support.example

Visit
--b--
"""
AWAY = """From: {sender}
To: help@support.example
Subject: Out of office
Message-ID: <o9@customer.example>
In-Reply-To: {id}
Auto-Submitted: auto-replied

I am away until Monday
"""


@pytest.mark.parametrize("what", ["a complaint", "out of office", "an answer to an invitation"])
async def test_a_machine_that_names_a_mail_of_ours_is_noted_on_its_case(story: Story, mia: Mailbox, what: str):
    """Whatever address it writes from: it stands with the mail that it is about, marked, opens nothing, takes no part
    and is not answered. One that names a mail that is not ours stands in a closed case of its own."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    work = await ana.accepts()
    await ana.replies(case["id"], "A visit at five?")
    await ana.finishes(work, "solved")
    await story.passes(seconds=2)
    ours = (await mia.last())["headers"]["Message-ID"]
    before = (len(await mia.received()), len(await story.timeline(case["id"])))
    delegate = Mailbox(story, "secretary@customer.example")
    invitation = "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n"
    written = {
        "a complaint": COMPLAINT,
        "out of office": AWAY,
        "an answer to an invitation": CALENDAR.replace("{kind}", "text/calendar; method=REPLY").replace(
            "{body}", invitation
        ),
    }[what]
    await delegate.sends(written.format(sender=delegate.address, id=ours).encode(), envelope_from="")
    await story.passes(minutes=1)
    assert [one["id"] for one in await story.cases()] == [case["id"]]
    shown = await story.case(case["id"])
    assert (shown["status"], shown["ask"], shown["participants"]) == ("solved", None, [])
    rows = await story.timeline(case["id"])
    assert rows[-1]["automatic"] is True
    assert (len(await mia.received()), len(rows)) == (before[0], before[1] + 1)
    assert await delegate.received() == []
    forged = f"<{'x' * 30}@support.example>"
    await delegate.sends(written.replace("9@", "8@").format(sender=delegate.address, id=forged).encode())
    assert [one["status"] for one in await story.cases() if one["id"] != case["id"]] == ["closed"]
