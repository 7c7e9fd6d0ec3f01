"""Abuse, and the right outcome: numbers of cards, ids of others, doors that roles may not pass, markup and templates."""

import re
from pathlib import Path

import pytest

from router.core.redaction import without_cards
from tests.email.builders import eml
from tests.story import Story
from tests.story.wire import HERS, HIS

CARD = "4111 1111 1111 1111"
OTHER_CARD = "5500-0055-5555-5559"
FIGURES = re.compile(rb"4111[ -]?1111[ -]?1111[ -]?1111|5500[ -]?0055[ -]?5555[ -]?5559")
ASIDE = "We took a card number out"


def nowhere(data: Path) -> None:
    """No card number is in any file of the folder."""
    for file in data.iterdir():
        assert not FIGURES.search(file.read_bytes()), file.name


# --- 27: card numbers and security codes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param(f"my card is {CARD}", "my card is [card number removed]", id="spaces"),
        pytest.param(OTHER_CARD, "[card number removed]", id="dashes"),
        pytest.param("4111111111111111", "[card number removed]", id="one-piece"),
        pytest.param("4111.1111.1111.1111", "[card number removed]", id="dots"),
        pytest.param("4111\u00a01111\u20131111  1111", "[card number removed]", id="odd-separators"),
        pytest.param("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "[card number removed]", id="figure-by-figure"),
        pytest.param("41 11 11 11 11 11 11 11", "[card number removed]", id="pairs"),
        pytest.param("378282246310005", "[card number removed]", id="fifteen"),
        pytest.param(
            "3782 822463 10005 exp 12/27 cvv 1234", "[card number removed] exp 12/27 cvv [removed]", id="amex"
        ),
        pytest.param("4222222222222", "[card number removed]", id="thirteen"),
        pytest.param("6304000000000000000", "[card number removed]", id="nineteen"),
        pytest.param(f"{CARD} 12/27 123", "[card number removed] 12/27 [removed]", id="code-after-date"),
        pytest.param(f"{CARD}, 123", "[card number removed], [removed]", id="code-after-number"),
        pytest.param("CVV: 123", "CVV: [removed]", id="cvv"),
        pytest.param("the security code is 4321.", "the security code is [removed].", id="security-code"),
        pytest.param("Prüfziffer 123", "Prüfziffer [removed]", id="german"),
        pytest.param("código de seguridad es 123", "código de seguridad es [removed]", id="spanish"),
        pytest.param(f"{CARD} and {OTHER_CARD}", "[card number removed] and [card number removed]", id="two"),
        pytest.param("4111 1111 1111 1112", "4111 1111 1111 1112", id="wrong-check-digit"),
        pytest.param("call 212 555 0142 or 212 555 0143", "call 212 555 0142 or 212 555 0143", id="phone-numbers"),
        pytest.param("from 2026-11-24 to 2026-11-25", "from 2026-11-24 to 2026-11-25", id="dates"),
        pytest.param("2026-11-24 2026-11-25", "2026-11-24 2026-11-25", id="dates-in-a-row"),
        pytest.param("your code is 123456", "your code is 123456", id="one-time-code"),
        pytest.param("error code 123", "error code 123", id="error-code"),
        pytest.param("0000000000000000", "0000000000000000", id="zeros"),
    ],
)
def test_row27_what_is_taken_out(text: str, kept: str) -> None:
    """Abuse 27: 13 to 19 figures with a right check digit go, however they are grouped; security codes by name go with
    them; numbers of other kinds stay."""
    assert without_cards(text) == kept


async def test_row27_by_text_it_is_said_once() -> None:
    """Abuse 27: a number by SMS is on no disk, and its sender is told once about a case; spam is answered by nobody."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts(f"please charge {CARD} cvv 123")
        await her.texts(f"or this one: {OTHER_CARD}")
        case = await story.one_case()
        assert (await story.said(case["id"]))[0] == "please charge [card number removed] cvv [removed]"
        told = [text for text in await her.inbox() if text.startswith(ASIDE)]
        assert len(told) == 1
        him = story.phone(HIS)
        await him.texts(f"You have won! http://win.example {CARD}")
        assert await him.inbox() == []
        nowhere(story.data)
        told_by = (await story.ask("GET", "/metrics")).body
        assert not FIGURES.search(told_by)


async def test_row27_who_said_stop_is_not_told() -> None:
    """Abuse 27: nothing goes to whoever told us to stop; that it did not stands on the case."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("STOP")
        await her.texts(f"charge {CARD}")
        assert not [text for text in await her.inbox() if text.startswith(ASIDE)]
        nowhere(story.data)


async def test_row27_on_the_phone() -> None:
    """Abuse 27: a number that is spoken or typed is on no disk; the caller hears at once that it was left out."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=15)
        await her.speaks(f"my card number is {CARD}")
        await story.passes(seconds=2)
        assert "We do not keep card numbers" in await her.heard()
        await her.presses("1")
        await story.passes(seconds=3)
        case = await her.case()
        said = [e["text"] for e in await story.timeline(case, "call") if e["text"]]
        assert said == ["my card number is [card number removed]"]
        hidden = story.phone(HIS)
        await hidden.calls(caller="anonymous")
        await story.passes(seconds=15)
        await hidden.presses("1")
        await story.passes(seconds=3)
        await hidden.presses("4111111111111111#")
        await story.passes(seconds=10)
        assert "cannot call that number" in await hidden.heard()
        await hidden.hangs_up()
        await story.settles()
        nowhere(story.data)


MAILS = {
    "plain": ("Content-Type: text/plain", f"charge {CARD}\n"),
    "html": ("Content-Type: text/html", f"<p>charge <b>4111</b> <i>1111</i> 1111 1111 {CARD}</p>\n"),
    "base64": ("Content-Type: text/plain\nContent-Transfer-Encoding: base64", "Y2hhcmdlIDQxMTEgMTExMSAxMTExIDExMTE=\n"),
    "file": (
        'Content-Type: multipart/mixed; boundary="b"',
        f"--b\nContent-Type: text/plain\n\nsee file\n--b\nContent-Type: text/csv\n"
        f'Content-Disposition: attachment; filename="cards.csv"\n\nname,card\nMia,{CARD}\n--b--\n',
    ),
}


@pytest.mark.parametrize("kind", MAILS)
async def test_row27_by_mail(kind: str) -> None:
    """Abuse 27: in no text, file or source of a mail; its source says the way it took and what is left; told once."""
    headers, body = MAILS[kind]
    async with Story() as story:
        head = f"From: Mia <mia@customer.example>\nTo: help@support.example\nSubject: card\nMessage-ID: <{kind}@c>\n"
        await story.brings_mail(eml(f"{head}{headers}\n\n{body}"))
        await story.settles()
        case = await story.one_case()
        came = (await story.timeline(case["id"], "message"))[0]
        assert any("card number" in note for note in came["notes"])
        source = (await story.ask("GET", came["raw_url"])).body
        assert not FIGURES.search(source)
        assert b"From: Mia <mia@customer.example>" in source
        nowhere(story.data)
        [answered] = (await story.provider("GET", "/mail/mia@customer.example"))["items"]
        assert case["ref"] in answered["text"]
        assert ASIDE.lower() in answered["text"].lower()
