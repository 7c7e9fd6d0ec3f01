"""Answers in eleven languages by the common mail programs: what is new in them, and that nothing is lost."""

import pytest

from channels.email.html import page_of_html
from channels.email.trimming import NOTHING_NEW, Trimmed, trim
from channels.email.trimming_html import marked_text
from tests.email.builders import from_mia, read
from tests.email.replies import ADDRESS, CLIENTS, OLD, SPOKEN, quoted

ANSWERS = [(language, client) for language in SPOKEN for client in CLIENTS]
BLANKS = str.maketrans("", "", "> \t\u200b")


def holds_all(text: str, *kept: str) -> bool:
    """Whether every line of words stands in one of the texts."""
    there = {line.translate(BLANKS) for one in kept for line in one.split("\n")}
    return all(line.translate(BLANKS) in there for line in text.split("\n") if line.strip())


@pytest.mark.parametrize(("language", "client"), ANSWERS, ids=["-".join(one) for one in ANSWERS])
def test_only_the_new_words_of_an_answer_are_new(language: str, client: str) -> None:
    """What the program put above and below goes to the history with what it quotes; both hold all of it."""
    text = CLIENTS[client](SPOKEN[language])
    found = trim(text)
    assert found.new == SPOKEN[language].words
    assert holds_all(text, found.new, found.history)
    assert "fuse" in found.history
    assert found.note == ""


PAGES = {
    "gmail": '<div dir="ltr">New <b>words</b></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{intro}<br></div><blockquote class="gmail_quote" style="margin:0">{old}</blockquote></div>',
    "gmail-below": '<div class="gmail_quote"><div class="gmail_attr">{intro}</div><blockquote class="gmail_quote">{old}</blockquote></div><div>New words</div>',
    "outlook-desktop": '<div class="WordSection1"><p class="MsoNormal">New words</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal"><b>From:</b> Support<br><b>Sent:</b> Monday</p></div></div><p>{old}</p></div>',
    "outlook-desktop-2010": '<p>New words</p><div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b><span>Von:</span></b> Support</p></div>{old}',
    "outlook-web": '<div>New words</div><div id="appendonsend"></div><hr tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Support</div><div>{old}</div>',
    "outlook-web-without-mark": '<div>New words</div><hr><div id="divRplyFwdMsg"><b>From:</b> Support</div><div>{old}</div>',
    "outlook-mobile": '<div dir="ltr">New words</div><div id="ms-outlook-mobile-signature">Get Outlook for iOS</div><div class="ms-outlook-mobile-reference-message skipProofing"><hr><b>From:</b> x</div><div>{old}</div>',
    "outlook-mac": '<div>New words</div><span id="OLK_SRC_BODY_SECTION"><div>From: Support</div>{old}</span>',
    "hotmail": '<div>New words<br><br><hr id="stopSpelling">From: help@support.example<br>{old}</div>',
    "apple-mail": '<html><body>New words<div><br><blockquote type="cite"><div>{intro}</div><br><div>{old}</div></blockquote></div></body></html>',
    "iphone": '<html><body dir="auto">New words<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">Sent from my iPhone</div><div dir="ltr"><br><blockquote type="cite">{intro}<br>{old}</blockquote></div></body></html>',
    "thunderbird": '<html><body><p>New words</p><div class="moz-cite-prefix">{intro}<br></div><blockquote type="cite" cite="mid:x">{old}</blockquote></body></html>',
    "yahoo": '<div class="ydp1">New words</div><div id="ydp2yahoo_quoted_1" class="ydp2yahoo_quoted"><div>{intro}</div><div>{old}</div></div>',
    "yahoo-old": '<div>New words</div><div class="yahoo_quoted"><div>{intro}</div><div>{old}</div></div>',
    "proton": '<div style="font-family: Arial">New words</div><div class="protonmail_quote">{intro}<br><blockquote class="protonmail_quote" type="cite">{old}</blockquote></div>',
    "tutanota": '<div>New words</div><div>{intro}</div><blockquote class="tutanota_quote">{old}</blockquote>',
    "zoho": '<div>New words</div><div class="zmail_extra"><div>{intro}</div><blockquote>{old}</blockquote></div>',
    "forwarded-again-with-x": '<div>New words</div><div class="x_gmail_quote"><blockquote class="x_gmail_quote">{intro} {old}</blockquote></div>',
}


@pytest.mark.parametrize("program", PAGES)
def test_structure_of_a_page_says_what_is_quoted(program: str) -> None:
    """Programs mark by structure what they quote; the words below and above it are new."""
    intro = f"On Mon, Nov 23, 2026 at 2:02 PM {ADDRESS.replace('<', '&lt;')} wrote:"
    page = PAGES[program].format(intro=intro, old="<p>have you checked<br>the fuse?</p>")
    letter = read(from_mia("Content-Type: text/html; charset=utf-8", page))
    assert letter.new_words == "New words"
    assert "the fuse?" in letter.history
    assert holds_all(letter.text, letter.new_words, letter.history)
    assert letter.notes == ()


INLINE = f"""\
Hi, see below.

On 11/23/26 2:02 PM, {ADDRESS} wrote:
> Hello Mia,
>
> have you checked the fuse?

Yes, it is on.

> Which model is it,
> and since when?
T-100, since noon.

> Your support

-- {""}
Mia Miller
"""


def test_answers_between_the_lines_keep_what_they_answer() -> None:
    """`Yes, it is on.` makes sense only with the question."""
    found = trim(INLINE)
    assert found.new == (
        "Hi, see below.\n\n> have you checked the fuse?\n\nYes, it is on.\n\n"
        "> Which model is it,\n> and since when?\nT-100, since noon."
    )
    assert holds_all(INLINE, found.new, found.history)
    assert "> Your support" in found.history
    assert "Mia Miller" in found.history


def test_answers_inside_a_page_keep_what_they_answer() -> None:
    page = '<blockquote type="cite">have you checked the fuse?</blockquote>Yes.<blockquote type="cite">Which model?</blockquote>T-100.<blockquote type="cite">Bye</blockquote>'
    letter = read(from_mia("Content-Type: text/html", page))
    assert letter.new_words == "> have you checked the fuse?\nYes.\n> Which model?\nT-100."


WRAPPED = {
    "gmail": '<div dir="ltr">Hi, see below<br></div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{intro}<br></div><blockquote class="gmail_quote" style="margin:0">{first}</blockquote><div>No, it is smoking</div><blockquote class="gmail_quote">{second}</blockquote><div>T-100</div></div>',
    "gmail-before-2018": '<div dir="ltr">Hi, see below<div class="gmail_extra"><div class="gmail_quote">{intro}<br><blockquote class="gmail_quote">{first}</blockquote><div>No, it is smoking</div><blockquote class="gmail_quote">{second}</blockquote><div>T-100</div></div></div></div>',
    "yahoo": '<div>Hi, see below</div><div class="ydp1yahoo_quoted"><div>{intro}</div><blockquote>{first}</blockquote><div>No, it is smoking</div><blockquote>{second}</blockquote><div>T-100</div></div>',
    "proton": '<div>Hi, see below</div><div class="protonmail_quote">{intro}<br><blockquote class="protonmail_quote" type="cite">{first}</blockquote><div>No, it is smoking</div><blockquote class="protonmail_quote" type="cite">{second}</blockquote><div>T-100</div></div>',
    "x": '<div>Hi, see below</div><div class="x_gmail_quote"><div class="x_gmail_attr">{intro}</div><blockquote class="x_gmail_quote">{first}</blockquote><div>No, it is smoking</div><blockquote class="x_gmail_quote">{second}</blockquote><div>T-100</div></div>',
}  # fmt: skip


@pytest.mark.parametrize("program", WRAPPED)
def test_answers_inside_what_a_program_wraps_around_its_quotations_are_new(program: str) -> None:
    """Gmail, Yahoo and Proton keep quotations, and what is written between them, in one box."""
    intro = f"On Mon, Nov 23, 2026 at 2:02 PM {ADDRESS.replace('<', '&lt;')} wrote:"
    page = WRAPPED[program].format(intro=intro, first="<div>Have you checked the fuse?</div>", second="Which model?")
    letter = read(from_mia("Content-Type: text/html; charset=utf-8", page))
    assert [line for line in letter.new_words.split("\n") if line] == [
        "Hi, see below",
        "> Have you checked the fuse?",
        "No, it is smoking",
        "> Which model?",
        "T-100",
    ]
    assert "wrote:" in letter.history
    assert holds_all(letter.text, letter.new_words, letter.history)


def test_an_answer_under_the_quotation_in_its_box_is_new() -> None:
    page = '<div class="gmail_quote"><div class="gmail_attr">On Mon, X wrote:</div><blockquote class="gmail_quote">Have you checked the fuse?</blockquote><div><br></div><div>Yes, come on Tuesday.</div></div>'
    letter = read(from_mia("Content-Type: text/html; charset=utf-8", page))
    assert letter.new_words.endswith("Yes, come on Tuesday.")
    assert "wrote:" not in letter.new_words
    assert letter.notes == ()


def test_what_was_quoted_in_what_is_quoted_is_history() -> None:
    """A box without quotations of its own is quoted whole, whatever stands in it."""
    page = '<div>New words</div><div class="yahoo_quoted"><div>On Monday, Support wrote:</div><div>The fuse?<div class="gmail_quote"><div class="gmail_attr">On Sunday, Mia wrote:</div><blockquote class="gmail_quote">It is cold</blockquote>An answer of then</div></div><div>Your <blockquote type="cite">rule</blockquote> support</div></div>'
    letter = read(from_mia("Content-Type: text/html; charset=utf-8", page))
    assert letter.new_words == "New words"


def test_an_answer_below_the_whole_quotation_stands_alone() -> None:
    """Nobody needs to scroll past their own words."""
    text = f"On 11/23/26 2:02 PM, Support wrote:\n{quoted(OLD)}\n\nYes, it is on.\n"
    assert trim(text).new == "Yes, it is on."


MORE_INTRODUCTIONS = {
    "zoho": f"---- On Mon, 23 Nov 2026 14:02:00 +0100 {ADDRESS} wrote ---",
    "zoho-german": f"---- Am Mo., 23 Nov. 2026 14:02:00 +0100 schrieb {ADDRESS} ----",
    "gmail-taiwan": f"{ADDRESS} 於 2026年11月23日 週一 下午2:02寫道：",
    "taiwan": "於 2026年11月23日 14:02，Support 寫道：",
}


@pytest.mark.parametrize("program", MORE_INTRODUCTIONS)
@pytest.mark.parametrize("old", [quoted(OLD), OLD], ids=["marked", "bare"])
def test_introductions_of_other_programs(program: str, old: str) -> None:
    found = trim(f"New words\n\n{MORE_INTRODUCTIONS[program]}\n\n{old}\n")
    assert found.new == "New words"
    assert "fuse" in found.history


KEPT_WHOLE = {
    "on-that-is-no-quotation": "On 3 May 2026 at 14:02 he came and wrote this down:\nfirst the fuse,\nthen the pump.",
    "from-that-is-no-header": "From: what I see, the pump is broken.\nTo: be honest, I am cold.",
    "a-journey": "Hello,\n\nFrom: Berlin\nTo: Munich\nDate: Monday\n\nPlease book this.",
    "dashes": "The list:\n- one\n--- two ---\n- three",
    "a-heading-in-dashes": "---- On 3 May 2026 at 14:02 ---\nthe pump stood still",
    "greater-than": "My meter says\n> 100",
    "short-rule": "first\n____\nsecond",
    "minus-minus-inside": "a -- b\n--option\nc",
    "url-first": "https://x.example/a\nhttps://x.example/b",
    "he-wrote": "The technician wrote:\nno",
    "verb-with-digit": "You wrote that it takes 3 days:\nit took 5.",
}


@pytest.mark.parametrize("what", KEPT_WHOLE)
def test_what_people_write_is_not_taken_for_a_quotation(what: str) -> None:
    found = trim(KEPT_WHOLE[what])
    assert found.new == KEPT_WHOLE[what]
    assert found.history == ""


NOTHING = {
    "only-a-quotation": f"On 11/23/26 2:02 PM, Support wrote:\n{quoted(OLD)}\n",
    "only-a-signature": "-- \nMia Miller\nCologne\n",
    "only-from-my-phone": "Sent from my iPhone\n",
    "only-a-header": "From: Support\nSent: Monday\nTo: Mia\nSubject: Heating\n\nold\n",
}


@pytest.mark.parametrize("what", NOTHING)
def test_where_nothing_is_new_the_whole_is_shown(what: str) -> None:
    """Never fully empty when the mail was not."""
    found = trim(NOTHING[what])
    assert found.new == NOTHING[what].strip("\n")
    assert found.history == ""
    assert found.note == NOTHING_NEW


def test_what_is_forwarded_is_new() -> None:
    """Somebody else's mail, sent to us to read, is not our history."""
    for start in ("---------- Forwarded message ---------\n", "Begin forwarded message:\n\n", ""):
        text = f"Please help my mother.\n\n{start}From: Mum <mum@other.example>\nDate: Monday\nTo: Mia\nSubject: Heating\n\nIt is cold here."
        letter = read(
            from_mia("")
            .replace(b"Subject: Heating", b"Subject: Fwd: Heating")
            .replace(b"It is cold.\r\n", text.encode())
        )
        assert letter.new_words == text
    assert (
        marked_text(
            page_of_html('<div>x</div><div class="gmail_quote">---------- Forwarded message ---------<br>a</div>')
        ).is_marked
        is False
    )


def test_what_says_to_be_forwarded_is_new_in_an_answer_too() -> None:
    text = "FYI\n\n---------- Forwarded message ---------\nFrom: Mum\nDate: Monday\nSubject: x\nTo: Mia\n\nIt is cold."
    assert trim(text).new == text
    signed = text.replace("FYI", "FYI\n\n-- \nMia Miller")
    assert trim(signed) == Trimmed(text, "-- \nMia Miller".replace("-- ", "--"))


def test_a_signature_of_many_lines_is_none() -> None:
    """Two dashes as a ruler inside a long text do not hide it."""
    text = "first\n--\n" + "\n".join(f"line {n}" for n in range(40))
    assert trim(text).new == text


def test_the_text_is_trimmed_where_the_page_says_nothing() -> None:
    letter = read(
        from_mia(
            "Content-Type: text/html",
            "<p>New</p><p>Von: Support<br>Gesendet: Montag<br>An: Mia<br>Betreff: AW: x</p><p>Alt</p>",
        )
    )
    assert letter.new_words == "New"
    assert letter.history.endswith("Alt")


HEAD_DE = "Von: Support <help@support.example>\nAn: mia@customer.example\nBetreff: Re: Heizung\n\n"
WRITTEN_BY = {
    "samsung": f"Ja, um neun.\n\n\nVon meinem/meiner Galaxy gesendet\n\n\n-------- Ursprüngliche Nachricht --------\n{HEAD_DE}",
    "gmx": f"Ja, um neun.\n \n\nGesendet: Montag, 23. November 2026 um 14:02 Uhr\n{HEAD_DE}",
    "foxmail": f"Ja, um neun.\n\n\n\nmia@customer.example\n \n{HEAD_DE}",
    "qq": f"Ja, um neun.\n\n\n------------------&nbsp;原始邮件&nbsp;------------------\n{HEAD_DE}",
    "qq-with-blanks-that-do-not-break": f"Ja, um neun.\n\n------------------\xa0原始邮件\xa0------------------\n{HEAD_DE}",
}


@pytest.mark.parametrize("program", WRITTEN_BY)
def test_what_one_program_alone_puts_above_a_quotation_is_not_new(program: str) -> None:
    text = f"{WRITTEN_BY[program]}Haben Sie die Sicherung geprüft?"
    found = trim(text)
    assert found.new == "Ja, um neun."
    assert holds_all(text, found.new, found.history)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("First problem\n--\nSecond problem is the boiler, please read", None),
        ("It is cold.\n--\nAnd who pays for it?", None),
        ("It is cold.\n--\nMia Müller\nHead of Heating at the Example Works\nTel 030 1234", "It is cold."),
        ("It is cold.\n-- \nMia, who wrote this on the train to her work", "It is cold."),
        ("Write to my husband:\n\ntom@customer.example\n\n" + HEAD_DE + "old", "Write to my husband:\n\ntom@customer.example"),
        ("Gesendet: gestern\nAngekommen: nie\nBetreff: mein Paket", None),
    ],
)  # fmt: skip
def test_what_people_write_themselves_is_new(text: str, new: str | None) -> None:
    """Two matters with a rule of two dashes between them, an address that they name, a list with colons."""
    assert trim(text).new == (text if new is None else new)
