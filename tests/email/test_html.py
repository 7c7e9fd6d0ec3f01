"""Pages of mails: what is left of them, what a person reads in them, and that none takes for ever."""

import pytest

from bench.letters import HOSTILE
from channels.email.html import HTML_MAX, RAW_MAX, allowed_value, safe_html, text_of_html
from tests.email.builders import read
from tests.email.work import steps_of

SAFE = [
    ('<a href="https://x.example/a?b=1&c=2">x</a>', '<a href="https://x.example/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer nofollow">x</a>'),
    ('<a href="mailto:a@b.example" onclick="x">m</a>', '<a href="mailto:a@b.example" target="_blank" rel="noopener noreferrer nofollow">m</a>'),
    ('<a href="/relative">r</a>', '<a target="_blank" rel="noopener noreferrer nofollow">r</a>'),
    ('<img src="cid:a@b" alt="A" width="10">', '<img alt="A" width="10" data-src="cid:a@b">'),
    ('<img src="https://t.example/p.gif">', '<img data-src="https://t.example/p.gif">'),
    ('<img src="data:image/png;base64,xx">', "<img>"),
    ('<img src="file:///etc/x">', "<img>"),
    ('<p style="color:red;position:absolute;background:url(x)">a</p>', '<p style="color:red">a</p>'),
    ("<font color=red size=7 face=x>a</font>", '<font color="red" size="7">a</font>'),
    ("<table background=x width=100000><tr><td width=50%>a</table>", '<table><tbody><tr><td width="50%">a</td></tr></tbody></table>'),
    ("<center><b>a</b><custom-tag>b</custom-tag></center>", "<center><b>a</b>b</center>"),
    ("<title>t</title><style>s</style><script>x</script>a", "a"),
    ("", ""),
    ("   ", ""),
    ("<!-- only a comment -->", ""),
]  # fmt: skip


@pytest.mark.parametrize(("page", "shown"), SAFE)
def test_a_page_is_made_safe(page: str, shown: str) -> None:
    """An allow-list; links open apart and tell nobody; pictures wait for a person."""
    assert sorted(safe_html(page).replace(">", " ").split()) == sorted(shown.replace(">", " ").split())


TEXTS = [
    ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
    ("<ul><li>a<li>b</ul>", "  * a\n  * b"),
    ("<pre>a  b\n c</pre>", "a  b\n c"),
    ("a <script>x</script>b<style>y</style> c", "a b c"),
    ("<div hidden style='mso-hide:all'>x</div>y", "y"),
    ("<p>&lt;b&gt; &#8364;</p>", "<b> €"),
    ("no tags at all", "no tags at all"),
]


@pytest.mark.parametrize(("page", "text"), TEXTS)
def test_a_page_is_read(page: str, text: str) -> None:
    assert text_of_html(page) == text


def test_the_second_wall_stands_alone() -> None:
    """What the first one should have taken out is refused once more."""
    for value in ("javascript:x", " JavaScript:x", "data:image/png;base64,x", "//t.example/x", "x", ""):
        assert allowed_value("img", "data-src", value) is None
    for value in ("100000000", "1e9", "calc(1px)", "100vw", ""):
        assert allowed_value("td", "width", value) is None
    assert allowed_value("img", "data-src", "cid:a@b") == "cid:a@b"
    assert allowed_value("td", "width", "50%") == "50%"


def test_a_page_that_is_too_much_for_parsers_is_its_words() -> None:
    """Deeper or with more tags than people's mail has: nothing is lost, the layout is."""
    for page in ("<div>" * 1_000 + "the words", "<b>the</b> <i>words</i><br>" * 5_000):
        assert text_of_html(page).startswith("the words")
        assert safe_html(page).startswith("<pre>the words")


def test_words_behind_nothing_but_tags_are_found() -> None:
    """Further in than a parser looks."""
    assert text_of_html("<div>" * 50_000 + "the words") == "the words"


def test_a_style_without_end_in_a_page_that_is_cut_is_no_text() -> None:
    """Its end may have stood behind the cut."""
    assert text_of_html("<p>the words</p><style>" + "a{color:red}" * (RAW_MAX // 10) + "</style>") == "the words"
    assert "and more" in text_of_html("<p>the words</p><style>and more")


def test_a_page_is_cut() -> None:
    assert len(text_of_html("<p>" + "word " * HTML_MAX)) <= HTML_MAX


def test_a_wide_table_does_not_fill_the_memory() -> None:
    """Laid out, each row would be as wide as the widest cell."""
    page = "<table><tr><td>" + "w" * 50_000 + "</td></tr>" + "<tr><td>x</td></tr>" * 1_000 + "</table>"
    assert len(text_of_html(page)) < 60_000


@pytest.mark.parametrize("name", HOSTILE)
def test_mails_that_are_made_to_take_long_take_few_steps(name: str) -> None:
    """Whatever their size: the steps of our own code stay below a fixed number. Parsers in C are measured by the bench."""
    raw = HOSTILE[name]()[:2_000_000]
    assert steps_of(lambda: read(raw)) < 1_200_000
