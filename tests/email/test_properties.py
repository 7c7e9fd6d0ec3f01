"""What holds of any bytes, any text, any page and any mail of ours."""

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from channels.email.addresses import is_mail_address
from channels.email.composing import compose
from channels.email.html import safe_html, text_of_html
from channels.email.letter import Letter, Mailbox, Part
from channels.email.limits import Limits
from channels.email.reading import read_letter
from channels.email.trimming import trim
from router.core.clock import Ms
from router.core.values import fields_of
from tests.email.builders import NOW, OWN, VERIFIER
from tests.email.replies import CLIENTS, SPOKEN
from tests.email.test_corpus import CASES

SEEDS = [one.raw for one in CASES if len(one.raw) < 3_000]
SNIPPETS = st.sampled_from(
    [b"\r\n", b"\r\n\r\n", b"--b1\r\n", b"--b1--", b"Content-Type: message/rfc822\r\n", b"Content-Type: text/html; charset=utf-7\r\n\r\n",
     b"Content-Type: multipart/mixed; boundary=b1\r\n", b"Content-Transfer-Encoding: base64\r\n", b"=?utf-8?b?", b"?=", b"<", b">", b"\0", b"\xff\xfe", b"\xed\xa0\x80",
     b"Content-Type: multipart/report; report-type=delivery-status; boundary=b1\r\n", b"From: ", b"Date: ", b"filename*0*=utf-8''%FF", b"\n> ", b" wrote:\n", b"-- \n",
     b"<blockquote type=cite>", b"<table><td>", b"-----BEGIN PGP MESSAGE-----\n", b"Authentication-Results: mx.support.example; dmarc=pass header.from="]
)  # fmt: skip
MAILS = st.binary(max_size=400) | st.lists(SNIPPETS | st.binary(max_size=20), max_size=30).map(b"".join)


@st.composite
def changed_mails(draw: st.DrawFn) -> bytes:
    """A mail of the corpus with a piece taken out, doubled or replaced."""
    raw = draw(st.sampled_from(SEEDS))
    at, size = draw(st.integers(0, len(raw))), draw(st.integers(0, 80))
    return raw[:at] + draw(SNIPPETS | st.binary(max_size=10) | st.just(raw[at : at + size] * 2)) + raw[at + size :]


def texts_of(letter: Letter) -> list[str]:
    found: list[str] = []
    waiting: list[object] = [letter]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, tuple):
            waiting.extend(one)
        elif isinstance(one, Letter | Mailbox | Part) or type(one).__name__ == "Bounce":
            waiting.extend(fields_of(one).values())
    return found


@given(MAILS | changed_mails())
@settings(max_examples=200, deadline=None)
@example(b"")
@example(b"\r")
@example(b"\n\n\n")
@example(b"Content-Type: text/html\n\n<!---->")
@example(b"Content-Type: text/plain; charset=utf-7\n\n+2AA-")
def test_any_bytes_are_a_letter(raw: bytes) -> None:
    """No exception; texts can be stored and shown; who wrote words finds some among the new ones."""
    letter = read_letter(raw, received_at=NOW, verifier=VERIFIER, ours=OWN)
    assert letter.message_id.startswith("<")
    assert letter.message_id.endswith(">")
    assert bool(letter.new_words.strip()) == bool(letter.text.strip())
    assert "\n" not in letter.subject
    for text in texts_of(letter):
        text.encode("utf-8")
        assert "\0" not in text
        assert "\r" not in text
    for part in letter.parts:
        assert part.name
        assert not set('/\\\n<>"') & set(part.name)
    if letter.sender is not None:
        assert is_mail_address(letter.sender.address)
    else:
        assert letter.authenticated == "none"


@given(MAILS | changed_mails(), st.integers(1, 4), st.integers(0, 3), st.integers(1, 500))
@settings(max_examples=150, deadline=None)
def test_limits_hold_whatever_comes(raw: bytes, parts: int, nesting: int, size: int) -> None:
    limits = Limits(
        bytes=size, parts=parts, nesting=nesting, headers=5, header_bytes=200, text_chars=50, searches=2, work_borders=5
    )
    letter = read_letter(raw, received_at=NOW, limits=limits)
    assert len(letter.text) <= 100 or letter.html
    assert len(letter.parts) <= parts + 21


PIECES = st.sampled_from(
    ["<script>", "</script>", "<img src=x onerror=y>", "<a href='javascript:x'>", "<svg onload=x>", "<math>", "<style>", "</style>", "<!--", "-->", "<table>", "<td>",
     "<p style='position:fixed;color:red'>", "<form action=x>", "<iframe src=x>", "<base href=x>", "<", ">", "&lt;", "&#x6a;avascript:", "\"", "'", "=", "<noscript>", "<template>", "<title>",
     "<img data-src=javascript:x>", "<xmp>", "<plaintext>", "<a href=\"java\nscript:x\">", "<div id=x class=y>", "\u2028", "\ue0f0", "<mglyph>", "<annotation-xml encoding=text/html>"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=8), max_size=25).map("".join))
@settings(max_examples=200, deadline=None)
@example('<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">')
@example("<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>")
def test_safe_html_has_no_script_and_no_handler(page: str) -> None:
    """Whatever comes in, no tag, attribute or address that runs or loads anything comes out; twice is as once."""
    shown = safe_html(page)
    tags = re.findall(r"<(/?[a-zA-Z][^\s>/]*)((?:\"[^\"]*\"|'[^']*'|[^>\"'])*)>", shown)
    for name, attributes in tags:
        assert name.strip("/").lower() not in (
            "script",
            "style",
            "svg",
            "math",
            "form",
            "input",
            "iframe",
            "base",
            "meta",
            "link",
            "object",
            "template",
            "title",
        )
        names = [found.lower() for found in re.findall(r"([^\s\"'=<>/]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')", attributes)]
        assert not [one for one in names if one.startswith("on") or one in ("src", "srcset", "id", "class", "action")]
        assert not re.search(r"(?:href|data-src)=[\"']\s*(?:java|data|vbscript)", attributes, re.IGNORECASE)
        assert "position" not in attributes.lower() or "title=" in attributes
    text_of_html(page)


TEXT = st.lists(
    st.sampled_from(["> a", ">> b", "", "-- ", "On 1/2/26 3:04 PM, A <a@b.example> wrote:", "words here", "From: A <a@b.example>", "Sent: 1", "To: b", "Subject: x", "Sent from my iPhone",
                     "-----Original Message-----", "________________________________", "El 1 de mayo", "escribió:", ">", "   "]) | st.text(max_size=12).filter(lambda line: "\n" not in line),
    max_size=25,
).map("\n".join)  # fmt: skip


@given(TEXT)
@settings(max_examples=200, deadline=None)
def test_nothing_is_lost_by_trimming(text: str) -> None:
    """Every line stands in the new words or in the history; new words are there when words were."""
    found = trim(text)
    there = {line.strip() for line in f"{found.new}\n{found.history}".split("\n")}
    assert all(line.strip() in there for line in text.split("\n") if line.strip())
    assert bool(found.new.strip()) == bool(text.strip())


@given(
    st.sampled_from(sorted(SPOKEN)),
    st.sampled_from(sorted(CLIENTS)),
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=60).map(str.strip),
)
@settings(max_examples=150, deadline=None)
def test_words_at_the_top_stay_at_the_top(language: str, client: str, words: str) -> None:
    """Whatever somebody writes first is new, unless it looks like a quotation."""
    first = f"Hello {words}"
    text = f"{first}\n{CLIENTS[client](SPOKEN[language])}"
    assert trim(text).new.startswith("Hello")


NAMES = st.text(max_size=30)
LOCALS = st.from_regex(r"[a-z0-9]{1,8}(?:\.[a-z0-9]{1,5})?", fullmatch=True)
ADDRESSES = st.builds(
    lambda local, domain: f"{local}@{domain}.example", LOCALS, st.sampled_from(["customer", "x-y", "a.b"])
)
BOXES = st.builds(Mailbox, NAMES, ADDRESSES)
BODIES = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.just("\n"), max_size=300)


@given(
    BOXES,
    st.lists(BOXES, min_size=1, max_size=3),
    NAMES,
    BODIES,
    st.booleans(),
    st.lists(
        st.builds(
            Part, NAMES, st.sampled_from(["image/png", "text/plain", "message/rfc822", "odd"]), st.binary(max_size=50)
        ),
        max_size=2,
    ),
)
@settings(max_examples=200, deadline=None)
def test_what_we_compose_is_what_is_read(
    sender: Mailbox, to: list[Mailbox], subject: str, text: str, is_reply: bool, parts: list[Part]
) -> None:
    """Names, subject, words, ids and files come back, and nothing else came in with them."""
    raw = compose(sender=sender, to=to, subject=subject, text=text, message_id="<msg.a@support.example>", date=NOW,
                  in_reply_to="<q@customer.example>" if is_reply else "", references=["<p@customer.example>"], parts=parts)  # fmt: skip
    letter = read_letter(raw, received_at=Ms(NOW + 1000))
    assert letter.sender is not None
    assert letter.sender.address == sender.address
    assert [one.address for one in letter.to] == [one.address for one in to]
    assert letter.cc == letter.reply_to == ()
    assert letter.message_id == "<msg.a@support.example>"
    assert letter.date == NOW // 1000 * 1000
    assert letter.references == (
        ("<p@customer.example>", "<q@customer.example>") if is_reply else ("<p@customer.example>",)
    )
    assert (
        letter.text.strip() == "\n".join(text.splitlines()).strip()
        or "-----BEGIN PGP" in text
        or {"\x85", "\u2028", "\u2029"} & set(text)
    )
    assert [p.content for p in letter.parts] == [p.content for p in parts]
    head = raw.partition(b"\r\n\r\n")[0].decode()
    known = {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "in-reply-to",
        "references",
        "x-loop",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
    }
    assert {line.partition(":")[0].lower() for line in head.split("\r\n") if not line.startswith((" ", "\t"))} <= known
