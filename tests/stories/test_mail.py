"""Mail joins the case, and never loses, loops or leaks: over real SMTP, both ways."""

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from email.message import EmailMessage
from urllib.parse import unquote

import pytest

from tests.mailbox import HELP, MIA, TOM, Mailbox
from tests.story import HERS, Story


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story() as story:
        yield story


@pytest.fixture
def mia(story: Story) -> Mailbox:
    return Mailbox(story, MIA, "Mia Müller")


async def test_a_mail_becomes_a_case_that_an_agent_answers_in_its_thread(story: Story, mia: Mailbox):
    """New words first, subject and people with them; the answer threads, and comes back to the same case."""
    ana = await story.ready_agent("Ana", skills={"heating": 2})
    await mia.writes("E42 again, the flat is cold.", subject="My heating")
    case = await story.one_case()
    assert case["subject"] == "My heating"
    offer = await ana.offered()
    assert (offer["case"], offer["channel"]) == (case["id"], "email")
    work = await ana.accepts(offer)
    sent = await ana.replies(case["id"], "A technician comes today at five.")
    assert (sent["channel"], sent["address"]) == ("email", MIA)
    await story.passes(seconds=2)
    mail = await mia.last()
    assert mail["text"].strip() == "A technician comes today at five."
    assert mail["subject"] == "Re: My heating"
    assert mail["headers"]["In-Reply-To"] == f"<1.{MIA}>"
    assert mail["from"] == HELP
    await mia.answers(mail, "Five is fine, thank you.")
    assert (await story.one_case())["id"] == case["id"]
    entries = [e for e in await story.timeline(case["id"], "message") if e["direction"] == "in"]
    assert [e["text"].strip() for e in entries] == ["E42 again, the flat is cold.", "Five is fine, thank you."]
    assert "A technician comes today at five." in entries[1]["full_text"]
    assert entries[0]["subject"] == "My heating"
    assert entries[0]["from"] == f"Mia Müller <{MIA}>"
    await ana.finishes(work, "solved")


async def test_who_mails_first_is_told_once_that_it_came(story: Story, mia: Mailbox):
    """In words of ours alone, by a mail that no machine answers; the second mail is not answered by itself."""
    await mia.writes("Hello?", subject="URGENT buy pills")
    case = await story.one_case()
    await story.passes(seconds=2)
    [told] = await mia.received()
    assert case["ref"] in told["text"]
    assert "pills" not in told["raw"]
    assert told["headers"]["Auto-Submitted"] == "auto-replied"
    assert told["return_path"] == ""
    await mia.writes("One more thing", subject="URGENT buy pills")
    await story.passes(seconds=2)
    assert len(await mia.received()) == 1


@pytest.mark.parametrize(
    ("words", "headers", "language"),
    [
        ("Bonjour, mon chauffage est en panne depuis ce matin. Merci de me rappeler.", {}, "fr"),
        ("暖房が壊れました。至急ご連絡ください。", {"Content-Language": "en-US"}, "ja"),
        ("Lämmitys ei toimi, ja asunnossa on kylmä. Voitteko soittaa minulle huomenna?", {}, None),
        (
            "Lämmitys ei toimi, ja asunnossa on kylmä. Voitteko soittaa minulle huomenna?",
            {"Content-Language": "fi-FI"},
            "fi",
        ),
        ("E42", {}, None),
    ],
)
async def test_nobody_is_said_to_speak_our_language(
    story: Story, mia: Mailbox, words: str, headers: dict, language: str | None
):
    """The first mail is answered in the words that we have; the person's language is theirs, or not known."""
    await mia.writes(words, subject="E42", headers=headers)
    case = await story.one_case()
    assert case["language"] == language
    assert (await story.api("GET", f"/customers/{case['customer']}"))["language"] == language
    await story.passes(seconds=2)
    assert "We have your mail" in (await mia.last())["text"]


async def test_from_text_to_mail_and_back_it_is_one_case(story: Story, mia: Mailbox):
    """S1: she texts, is answered by mail because she asked for it, answers by mail, texts again."""
    phone = story.phone(HERS)
    ana = await story.ready_agent("Ana")
    await phone.texts(f"Too long for a text, write to {MIA} please")
    case = await story.one_case()
    await ana.accepts()
    await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
    await ana.replies(case["id"], "Here is all of it in writing.", channel="email")
    await story.passes(seconds=2)
    await mia.answers(await mia.last(), "Got it. One question: which fuse?")
    await phone.texts("I wrote you a mail")
    assert (await story.one_case())["id"] == case["id"]
    assert [e["channel"] for e in await story.timeline(case["id"], "message")] == ["sms", "email", "email", "sms"]


async def test_a_mail_without_a_thread_is_the_same_matter_with_its_evidence(story: Story, mia: Mailbox):
    """S2: from a known address, while one case is open."""
    await mia.writes("The heating is cold", subject="Heating")
    await mia.writes("I forgot: it is the T-100", subject="one more thing")
    case = await story.one_case()
    entries = await story.timeline(case["id"], "message")
    theirs = [e for e in entries if e["direction"] == "in"]
    assert [e["facts"]["link"] for e in theirs] == ["new_case", "single_open_case"]
    assert [c["evidence"] for c in case["contacts"]] == ["weak", "weak"]


async def test_a_colleague_in_copy_takes_part(story: Story, mia: Mailbox, tom: Mailbox):
    """S11: his answer stands on her case, answers go to both, and no second case is opened."""
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM)
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "Which boiler is it, Tom?")
    await story.passes(seconds=2)
    assert (await mia.last())["text"].strip() == (await tom.last())["text"].strip() == "Which boiler is it, Tom?"
    await tom.answers(await tom.last(), "The old one in the cellar.", cc=MIA)
    assert (await story.one_case())["id"] == case["id"]
    last = (await story.timeline(case["id"], "message"))[-1]
    assert last["text"].strip() == "The old one in the cellar."
    assert last["facts"]["participant"] is True
    await ana.replies(case["id"], "Thank you both.")
    await story.passes(seconds=2)
    assert (await mia.last())["text"].strip() == (await tom.last())["text"].strip() == "Thank you both."
    assert (await mia.last())["cc"] == TOM


@pytest.mark.parametrize(
    ("client", "headers", "subject"),
    [
        ("Apple Mail, which overwrites References", {"References": ""}, "Re: My heating"),
        ("Outlook in German", {}, "AW: My heating"),
        ("a Swedish client", {}, "SV: My heating"),
        ("one that counts", {}, "Re[2]: My heating"),
    ],
)
async def test_replies_of_every_client_thread(story: Story, mia: Mailbox, client: str, headers: dict, subject: str):
    """S39: by In-Reply-To alone, under any prefix, when the reply address was lost."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "We look into it.")
    await story.passes(seconds=2)
    mail = await mia.last()
    thread = {"In-Reply-To": mail["headers"]["Message-ID"], **{k: v for k, v in headers.items() if v}}
    await mia.writes("Thanks", subject=subject, to=HELP, headers=thread)
    assert (await story.one_case())["id"] == case["id"]
    assert (await story.timeline(case["id"], "message"))[-1]["facts"]["link"] == "answer"


async def test_outlook_threads_by_its_index_alone(story: Story, mia: Mailbox, tom: Mailbox):
    """S39: somebody in copy whose client keeps nothing but Thread-Index."""
    index = "AdocuSJxuW/cEa/hTguP8FtnY3kDRw=="
    await mia.writes("The boiler", cc=TOM, headers={"Thread-Index": index})
    case = await story.one_case()
    longer = "AdocuSJxuW/cEa/hTguP8FtnY3kDRwAAAAsQAAAAEA=="
    await tom.writes("I am on it", subject="RE: My heating", headers={"Thread-Index": longer})
    assert (await story.one_case())["id"] == case["id"]
    assert (await story.timeline(case["id"], "message"))[-1]["facts"]["link"] == "thread"


async def test_a_stranger_who_quotes_a_case_number_joins_nothing(story: Story, mia: Mailbox):
    """S41: neither by the number nor by the headers of a mail that is not theirs; nothing is told to them."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "The code of your door is 4711.")
    await story.passes(seconds=2)
    ours = (await mia.last())["headers"]["Message-ID"]
    mallory = Mailbox(story, "mallory@elsewhere.example")
    await mallory.writes(
        f"About {case['ref']}", subject=f"Re: [case {case['ref']}]", headers={"In-Reply-To": ours, "References": ours}
    )
    found = await story.cases()
    assert len(found) == 2
    assert found[1]["customer"] != case["customer"]
    await story.passes(seconds=2)
    for mail in await mallory.received():
        assert "4711" not in mail["raw"]
        assert case["ref"] not in mail["text"]


async def test_machines_are_kept_and_answered_at_most_once(story: Story, mia: Mailbox):
    """S40: vacation, another desk's acknowledgement, a bounce, our own address, a sender that rotates: at most one
    automatic mail goes out, and none that says what it is opens the case again. (One that does not is read once.)"""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    case = await story.one_case()
    work = await ana.accepts()
    await ana.replies(case["id"], "Mended.")
    await ana.finishes(work, "solved")
    await story.passes(seconds=2)
    mine = await mia.last()
    before = len(await mia.received())
    await mia.answers(mine, "I am away until Monday.", headers={"Auto-Submitted": "auto-replied"}, envelope_from="")
    asked = {"X-Auto-Response-Suppress": "All", "Auto-Submitted": "auto-generated"}
    await mia.answers(mine, "Ihre Anfrage ist eingegangen.", headers=asked)
    await Mailbox(story, HELP).writes("We have your mail", headers={"Auto-Submitted": "auto-generated"})
    assert (await story.case(case["id"]))["status"] == "solved"
    assert len(await mia.received()) == before
    desks = [Mailbox(story, f"ticket-{n}@desk.example") for n in range(6)]
    for n, desk in enumerate(desks):
        await desk.writes(f"Thank you. Your request number {n} has reached our service desk.", subject=f"[{n}] Ticket")
    await story.passes(minutes=5)
    assert sum([len(await desk.received()) for desk in desks]) <= 1
    assert (await story.case(case["id"]))["status"] == "solved"


async def test_two_machines_that_answer_each_other_fall_silent(story: Story):
    """Another desk acknowledges every mail of ours and marks none of them: it ends at the cap."""
    desk = Mailbox(story, "service@other.example")
    await desk.behaves("auto_reply")
    await desk.writes("Please look at this", subject="A question")
    for _ in range(20):
        await story.passes(minutes=10)
    assert len(await desk.received()) == 1
    assert len(await story.cases()) == 1


async def test_a_mail_of_ours_that_comes_back_goes_another_way(story: Story, mia: Mailbox):
    """A bounce stands on the case it is about, marks the address, and the words reach her by text."""
    phone = story.phone(HERS)
    ana = await story.ready_agent("Ana")
    await phone.texts("Please write to my mail address")
    case = await story.one_case()
    await ana.accepts()
    await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": MIA})
    await mia.behaves("bounce_later")
    await ana.replies(case["id"], "The part comes on Thursday.", channel="email")
    await story.passes(minutes=5)
    assert "The part comes on Thursday." in await phone.inbox()
    entries = await story.timeline(case["id"])
    assert [e["channel"] for e in entries if e["kind"] == "message" and e["automatic"]] == ["email"]
    ways = await story.refused("POST", f"/cases/{case['id']}/messages", {"text": "again", "channel": "email"})
    assert ways["type"].endswith("channel_cannot")


async def test_what_comes_back_from_the_other_address_of_one_person_is_known_of_it(story: Story, mia: Mailbox):
    """She is found to be who pressed a button: an answer on that case goes to her mail, comes back, and none follows."""
    ana = await story.ready_agent("Ana")
    pressed = await story.api("POST", "/contacts", {"channel": "touch", "text": "The flat is cold"})
    await mia.writes("It is me who pressed the button")
    touched = await story.api("GET", f"/cases/{pressed['case']}")
    [mailed] = [case for case in await story.cases() if case["id"] != touched["id"]]
    join = {"customer": mailed["customer"], "reason": "she said so", "evidence": "strong"}
    await story.api("POST", f"/customers/{touched['customer']}/merge", join)
    await mia.behaves("bounce_later")
    await ana.replies(touched["id"], "The part comes on Thursday.", channel="email")
    await story.passes(minutes=5)
    for case in (touched, mailed):
        await story.refused("POST", f"/cases/{case['id']}/messages", {"text": "again", "channel": "email"})


async def test_a_case_asks_again_as_it_asked_before(story: Story, mia: Mailbox) -> None:
    """S35: where our answer came back, and where a person opens it again, it wants the same people by the same rule;
    a queue that a person names is something new."""
    eva = await story.ready_agent("Eva", skills={"heating": 3})
    await story.passes(seconds=2)
    await mia.writes("The heating is off")
    await story.passes(seconds=2)
    work = await eva.accepts()
    asked = (await story.one_case())["ask"]
    assert (asked["rule"], asked["skills"]) == ("heating-errors", {"heating": 1})
    await mia.behaves("bounce_later")
    await eva.replies(work["case"], "We come tomorrow.")
    await eva.finishes(work)
    assert (await story.one_case())["ask"] is None
    await story.passes(minutes=5)
    again = (await story.one_case())["ask"]
    assert {**again, "work": "", "since": "", "place_at": ""} == {**asked, "work": "", "since": "", "place_at": ""}
    assert again["work"] != asked["work"]

    for status in ("solved", "open"):
        assert (await story.api("POST", f"/cases/{work['case']}/status", {"status": status}))["status"] == status
    opened = (await story.one_case())["ask"]
    assert (opened["queue"], opened["rule"], opened["skills"]) == ("heating", "heating-errors", {"heating": 1})
    await story.api("POST", f"/cases/{work['case']}/assign", {"queue": "billing"})
    moved = (await story.one_case())["ask"]
    assert (moved["queue"], moved["rule"], moved["skills"]) == ("billing", "assigned by a person", {})


async def test_the_same_mail_twice_is_one_entry(story: Story, mia: Mailbox):
    """S42: from two folders, or brought again because the answer got lost."""
    raw = (
        b"From: mia@customer.example\r\nTo: help@support.example\r\nSubject: E42\r\n"
        b"Message-ID: <same@customer.example>\r\n\r\nE42\r\n"
    )
    await mia.sends(raw)
    await mia.sends(b"Received: from elsewhere\r\n" + raw)
    await story.faults(mail_lost_answer=1.0)
    await mia.writes("And a second one")
    await story.faults()
    await story.passes(hours=1)
    case = await story.one_case()
    assert [s.strip() for s in await story.said(case["id"]) if "reference" not in s] == ["E42", "And a second one"]


async def test_greylisted_mail_of_ours_goes_out_later(story: Story, mia: Mailbox):
    ana = await story.ready_agent("Ana")
    await mia.writes("E42")
    await story.passes(seconds=2)
    await mia.behaves("greylist")
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "We come at five.")
    assert len(await mia.received()) == 1
    await story.passes(minutes=10)
    assert (await mia.last())["text"].strip() == "We come at five."
    delivery = (await story.timeline(case["id"], "message"))[-1]["delivery"]
    assert delivery["state"] == "sent"


async def test_files_come_along_typed_by_content_and_the_source_is_a_click_away(story: Story, mia: Mailbox):
    png = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")
    await mia.writes("See the picture", files={"../../photo.png": png, "report.pdf": b"MZ\x90\x00 not a pdf"})
    case = await story.one_case()
    entry = (await story.timeline(case["id"], "message"))[0]
    names = {a["name"]: a for a in entry["attachments"]}
    assert set(names) == {"photo.png", "report.pdf"}
    assert names["photo.png"]["type"] == "image/png"
    assert names["report.pdf"]["type"] != "application/pdf"
    fetched = await story.ask("GET", names["photo.png"]["url"])
    assert fetched.body == png
    assert fetched.headers["Content-Disposition"] == 'attachment; filename="photo.png"'
    source = await story.ask("GET", entry["raw_url"])
    assert b"See the picture" in source.body
    assert source.headers["Content-Disposition"] == 'attachment; filename="mail.eml"'
    await mia.writes("And the bill", files={"Rechnung März – Größe.PDF": b"%PDF-1.7\n"})
    bill = (await story.timeline(case["id"], "message"))[-1]["attachments"][0]
    told = (await story.ask("GET", bill["url"])).headers["Content-Disposition"]
    plain, _, whole = told.partition("; filename*=UTF-8''")
    assert plain == 'attachment; filename="Rechnung Marz _ Grosse.PDF"'
    assert unquote(whole) == "Rechnung März – Größe.PDF"


async def test_mail_comes_by_http_with_a_token_and_is_taken_once(story: Story):
    token = await story.token("integration")
    raw = b"From: mia@customer.example\r\nTo: help@support.example\r\nSubject: E42\r\n\r\nThe flat is cold\r\n"
    answers = [
        await story.ask("POST", "/email/inbound/raw", body=raw, token=token, headers={"Content-Type": "message/rfc822"})
        for _ in range(2)
    ]
    assert [a.status for a in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    case = await story.one_case()
    assert answers[0].json["case"] == case["id"]
    assert answers[0].json["entry"].startswith(f"{case['id']}/")
    assert (await story.ask("POST", "/email/inbound/raw", body=raw, token=None)).status == 401


async def test_what_is_not_ours_is_not_taken(story: Story):
    """We are no relay: mail to others is refused at the door."""
    said = await Mailbox(story, MIA).story.brings_mail(
        b"From: a@b.example\r\nTo: other@elsewhere.example\r\n\r\nhello\r\n", "?to=other@elsewhere.example"
    )
    assert said["accepted"] is False
    assert said["reply"].startswith("550")
    assert await story.cases() == []


async def test_pictures_of_others_wait_for_the_agents_yes(story: Story, mia: Mailbox):
    """The desk has the link, for the walled page has no cookie; without it no server learns that somebody reads."""
    ana = await story.ready_agent("Ana")
    await mia.writes("See the picture", html='<p>See</p><img src="https://t.example/p.gif">')
    case = await story.one_case()
    page = await ana.page(case["id"])
    [link] = set(re.findall(r"/desk/mail/[^\"]+\?pictures=1", page))
    plain = await story.ask("GET", link.partition("?")[0], token=ana.token)
    assert (plain.status, b' src="https://t.example' in plain.body) == (200, False)
    assert "img-src 'none'" in plain.headers["Content-Security-Policy"]
    shown = await story.ask("GET", link, token=ana.token)
    assert b' src="https://t.example/p.gif"' in shown.body
    await mia.writes("And one without", html="<p>And one without</p>")
    assert len(set(re.findall(r"/desk/mail/[^\"]+\?pictures=1", await ana.page(case["id"])))) == 1


async def test_an_answer_refers_to_the_first_mail_of_a_very_long_thread(story: Story, mia: Mailbox):
    """And to one whose id is as long as a line."""
    ana = await story.ready_agent("Ana")
    long = f"<{'x' * 900}@customer.example>"
    thread = " ".join(f"<ref{n}@customer.example>" for n in range(430))
    await mia.writes("E42", headers={"References": thread, "Message-ID": long})
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "We come at five.")
    await story.passes(seconds=2)
    answer = await mia.last()
    named = answer["headers"]["References"].split()
    assert (named[0], named[-2], named[-1]) == ("<ref0@customer.example>", "<ref429@customer.example>", long)
    assert "".join(answer["headers"]["In-Reply-To"].split()) == long


async def test_what_comes_in_her_name_names_nothing_anew(story: Story, mia: Mailbox):
    """A mail that nobody vouches for and that names no mail of ours stands on her case: what the case is about stays,
    and our answer goes on in her own thread, under her own subject."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42 again", subject="AW: My heating", headers={"References": "<first@customer.example>"})
    case = await story.one_case()
    assert case["subject"] == "My heating"
    await ana.accepts()
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(seconds=2)
    await mia.answers(await mia.last(), "The old one.")
    hers = f"<{story.mails_written}.{MIA}>"
    forged = {"References": "<theirs@forger.example>", "In-Reply-To": "<theirs@forger.example>"}
    await mia.writes("And send me the code", subject="Your prize", headers=forged)
    assert (await story.one_case())["subject"] == "My heating"
    await ana.replies(case["id"], "We come at five.")
    await story.passes(seconds=2)
    answer = await mia.last()
    assert answer["subject"] == "Re: My heating"
    assert answer["headers"]["In-Reply-To"] == hers
    assert "<first@customer.example>" in answer["headers"]["References"]
    assert "forger" not in answer["raw"]


async def test_pictures_that_came_along_are_seen_in_their_places(story: Story, mia: Mailbox):
    """They tell nobody that somebody reads, so nobody need ask for them; what is no picture stays among the files."""
    ana = await story.ready_agent("Ana")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(2_000)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = MIA, HELP, "The display"
    message.set_content("See the display")
    page = '<p>See</p><img src="cid:a%40b"><img src="cid:c@d"><img src="https://t.example/p.gif">'
    message.add_alternative(page, subtype="html")
    related = message.get_payload()[1]  # type: ignore[index]
    related.add_related(picture, "image", "png", cid="<a@b>")  # type: ignore[union-attr]
    related.add_related(b"<svg onload=x></svg>", "image", "svg+xml", cid="<c@d>")  # type: ignore[union-attr]
    await mia.sends(message.as_bytes())
    case = await story.one_case()
    [entry] = [e for e in await story.timeline(case["id"], "message") if e["direction"] == "in"]
    shown = await story.ask("GET", f"/desk/mail/{entry['id']}", token=ana.token)
    assert f'src="data:image/png;base64,{b64encode(picture).decode()}"'.encode() in shown.body
    assert b"svg" not in shown.body and b' src="https://t.example' not in shown.body
    assert shown.headers["Content-Security-Policy"].endswith("img-src data:")
    more = await story.ask("GET", f"/desk/mail/{entry['id']}?pictures=1", token=ana.token)
    assert b"data:image/png" in more.body and b' src="https://t.example/p.gif"' in more.body
    assert more.headers["Content-Security-Policy"].endswith("img-src data: https: http:")


async def test_a_mail_of_ours_says_who_got_it(story: Story, mia: Mailbox):
    """On the timeline as on the wire; one that nobody of us wrote says so."""
    ana = await story.ready_agent("Ana")
    await mia.writes("Tom knows the boiler", cc=TOM, subject="AW: Boiler")
    case = await story.one_case()
    await ana.accepts()
    await ana.replies(case["id"], "Which boiler is it?")
    await story.passes(seconds=2)
    told, answer = [e for e in await story.timeline(case["id"], "message") if e["direction"] == "out"]
    assert (told["automatic"], told["from"], told["to"], told["cc"]) == (True, HELP, [MIA], [])
    assert (answer["automatic"], answer["from"], answer["to"], answer["cc"]) == (False, HELP, [MIA], [TOM])
    wire = await mia.last()
    assert answer["subject"] == wire["subject"] == "Re: Boiler"
    assert answer["full_text"] == "Which boiler is it?"
    page = await ana.page(case["id"])
    assert f'<dt>Copy to</dt><dd dir="auto">{TOM}</dd>' in page and "A machine" not in page


async def test_an_answer_carries_files_and_looks(story: Story, mia: Mailbox):
    """They go by mail whatever she wrote last by, stand on the timeline, and each file is what its bytes say."""
    ana = await story.ready_agent("Ana")
    await mia.writes("How do I bleed the radiator?")
    case = await story.one_case()
    await ana.accepts()
    path = f"/cases/{case['id']}/messages"
    picture = b"\x89PNG\r\n\x1a\n" + bytes(900_000)
    plan = {"name": "../plan.png", "content": b64encode(picture).decode()}
    sent = await ana.api(
        "POST",
        path,
        {"text": "Like this.", "html": "<p>Like <b>this</b>.<script>x()</script></p>", "attachments": [plan]},
    )
    await story.passes(seconds=2)
    assert (sent["channel"], sent["reasons"]) == ("email", ["files go by email"])
    mail = await mia.last()
    assert mail["text"].strip() == "Like this."
    assert "<b>this</b>" in mail["html"]
    assert "script" not in mail["html"]
    assert [(a["name"], a["type"], a["size_bytes"]) for a in mail["attachments"]] == [
        ("plan.png", "image/png", len(picture))
    ]
    [entry] = [e for e in await story.timeline(case["id"], "message") if e["text"] == "Like this."]
    [file] = entry["attachments"]
    answer = await story.ask("GET", file["url"], token=ana.token)
    assert answer.body == picture
    refused = await ana.refused("POST", path, {"text": "x", "channel": "sms", "attachments": [plan]})
    assert refused["status"] == 409
    broken = await ana.refused("POST", path, {"text": "x", "attachments": [{"name": "a", "content": "%"}]})
    assert (broken["status"], broken["errors"][0]["loc"]) == (422, ["body", "attachments", 0, "content"])
    stranger = await story.refused("POST", path, {"text": "x", "attachments": [plan, plan]}, token=None)
    assert stranger["status"] == 401


async def test_one_case_speaks_with_one_reference(story: Story, mia: Mailbox):
    """A matter that was joined from two goes by the reference of the one that people see, whichever side is answered;
    the answer finds its side again, before and after they are taken apart."""
    ana, lead = await story.ready_agent("Ana"), await story.token("lead")
    await story.phone(HERS).texts("E42 on my thermostat")
    await story.passes(minutes=1)
    await story.phone("+12125550177").texts("it is me again, on my other phone")
    hers, other = await story.cases()
    await story.api("POST", f"/customers/{other['customer']}/addresses", {"address": MIA})
    join = {"customer": other["customer"]}
    joined = await story.api("POST", f"/customers/{hers['customer']}/merge", join, token=lead)
    await story.api("POST", f"/cases/{hers['id']}/merge", {"case": other["id"]}, token=lead)
    await ana.replies(hers["id"], "We are on it.", channel="email")
    await story.passes(seconds=2)
    mail = await mia.last()
    assert mail["subject"] == f"onecase: your message {hers['ref']}"
    await mia.answers(mail, "Thank you")
    assert (await story.one_case())["id"] == hers["id"]
    await story.api("POST", f"/customers/{hers['customer']}/unmerge", {"merge": joined["merge"]}, token=lead)
    await mia.answers(mail, "And when?")
    said = [e["text"].strip() for e in await story.timeline(other["id"], "message") if e["channel"] == "email"]
    assert said == ["We are on it.", "Thank you", "And when?"]


async def test_an_answer_goes_on_in_the_thread_of_the_case_that_was_merged(story: Story, mia: Mailbox, tom: Mailbox):
    """She mailed about one case and called about another, and both are one: whoever took part by mail reads the answer,
    in their thread."""
    ana = await story.ready_agent("Ana")
    await mia.writes("E42, and Tom knows the boiler", subject="My heating", cc=TOM)
    mailed = await story.one_case()
    made = await ana.api("POST", "/cases", {"customer": mailed["customer"], "subject": "Boiler"})
    await ana.api("POST", f"/cases/{made['id']}/merge", {"case": mailed["id"]})
    await ana.replies(made["id"], "We come at five.", channel="email")
    await story.passes(seconds=2)
    for mailbox in (mia, tom):
        mail = await mailbox.last()
        assert (mail["subject"], mail["headers"]["In-Reply-To"]) == ("Re: My heating", f"<1.{MIA}>")


async def test_an_automatic_mail_stands_in_the_thread_of_whoever_is_vouched_for():
    """Programs join what has one subject; a stranger's subject goes to nobody whose domain did not say that it is
    theirs (abuse 19)."""
    async with Story(mail={"verifier": "mx.support.example"}) as story:
        mia, tom = Mailbox(story, MIA), Mailbox(story, TOM)
        vouched = {"Authentication-Results": "mx.support.example; dmarc=pass header.from=customer.example"}
        await mia.writes("E42", subject="AW: My heating", headers=vouched)
        await tom.writes("E42", subject="URGENT buy pills")
        await story.passes(seconds=2)
        mail = await mia.last()
        assert (mail["subject"], mail["headers"]["Auto-Submitted"]) == ("Re: My heating", "auto-replied")
        assert mail["headers"]["In-Reply-To"] == mail["headers"]["References"] == f"<1.{MIA}>"
        assert "pills" not in (await tom.last())["raw"]
