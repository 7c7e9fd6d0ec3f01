"""HTML of a mail: made safe to show, and read as text.

One rule: what comes out of `safe_html` runs nothing, loads nothing and covers nothing: an allow-list, and pictures
only as `data-src`, for a person to ask for. Both ways are bounded: HTML is cut, long tags are thinned and depth is
limited before any parser sees it, for each of the parsers has inputs that take it minutes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, TypeAlias
from urllib.parse import unquote

import nh3
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from channels.email.charsets import clean

__all__ = [
    "HTML_MAX",
    "RAW_MAX",
    "Page",
    "allowed_value",
    "page_of_html",
    "safe_html",
    "safe_page",
    "text_of_html",
    "text_of_tree",
]

Element: TypeAlias = Any
"""An element of lxml, which has no types."""
HTML_MAX = 200_000
"""Characters looked at, after comments, styles and scripts are taken out."""
RAW_MAX = 1_500_000
TAG_MAX = 300
"""A tag longer than this is thinned: parsers compare each attribute with all others of its tag."""
VALUE_MAX = 2_000
ATTRIBUTES_MAX = 30
TAGS_MAX = 8_000
ENTITIES_MAX = 10_000
ELEMENTS_LAID_OUT_MAX = 1_000
TABLE_AREA_MAX = 2_000_000
_SHOWN = """
    a abbr address article b big blockquote br caption center cite code col colgroup dd del details div dl dt em font
    h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s samp section small span strike strong sub summary sup table
    tbody td tfoot th thead tr tt u ul var wbr
"""
_LINES = """
    address article blockquote caption center dd details div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section summary
    table tr ul body form fieldset header footer main nav aside figure
"""
TAGS = frozenset(_SHOWN.split())
BLOCKS = frozenset(_LINES.split())
ATTRIBUTES = {
    "*": {"dir", "lang", "title", "style"},
    "a": {"href"},
    "blockquote": {"type"},
    "font": {"color", "size"},
    "img": {"data-src", "alt", "width", "height"},
    "ol": {"start", "type"},
    "table": {"width", "cellpadding", "cellspacing", "border", "align", "bgcolor"},
    "td": {"colspan", "rowspan", "width", "align", "valign", "bgcolor"},
    "th": {"colspan", "rowspan", "width", "align", "valign", "bgcolor"},
    "tr": {"align", "valign", "bgcolor"},
}
STYLES = {"color", "background-color", "font-weight", "font-style", "text-align", "text-decoration"}
SCHEMES = {"http", "https", "mailto", "tel"}
PICTURE_SCHEMES = ("http://", "https://", "cid:")
SILENT = frozenset(
    ["script", "style", "head", "title", "noscript", "template", "object", "iframe", "textarea", "select"]
)

_LONG_TAG = re.compile(rf"<[a-zA-Z/!?][^<>]{{{TAG_MAX},}}>?")
_ATTRIBUTE = re.compile(r"""([a-zA-Z_][\w:.-]{0,40})\s{0,9}=\s{0,9}("[^"]*"|'[^']*'|[^\s"'>]+)""")
PRIVATE = re.compile("[\ue0f0-\ue0ff]")
"""Characters that mean nothing outside one program, kept for our own marks."""
_FILE_IN_ADDRESS = re.compile(r"data:[^\"'<>\s]{200,}")
_INLINE_TAG = re.compile(r"</?(?:[abiu]|em|strong|span|font)(?=[\s>/])[^<>]*>?", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>?")
_CAME_ALONG = re.compile(r'data-src="cid:([^"]{1,300})"')
_HIDDEN = re.compile(r"display\s{0,3}:\s{0,3}none|mso-hide\s{0,3}:\s{0,3}all", re.IGNORECASE)
_BLANKS = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed page. Of one that is empty, or deeper or with more tags than people's mail has, the words alone."""

    plain: str
    tree: Element | None
    words: str
    is_cut: bool


def safe_html(html: str) -> str:
    """The HTML with nothing in it but what the allow-list names."""
    return safe_page(page_of_html(html))


def safe_page(page: Page) -> str:
    """The same of a page that was parsed before; words alone where it is too much for a parser."""
    tree = _parsed(page.plain) if page.tree is not None else None
    if tree is None:
        return f"<pre>{escape(page.words)}</pre>" if page.words.strip() else ""
    for picture in list(tree.iter("img")):
        source = picture.attrib.pop("src", "").strip()
        picture.attrib.pop("data-src", None)
        if source.lower().startswith(PICTURE_SCHEMES):
            picture.set("data-src", source)
    return nh3.clean(
        etree.tostring(tree, encoding="unicode", method="html"),
        tags=set(TAGS),
        clean_content_tags={"script", "style", "title"},
        attributes=ATTRIBUTES,
        attribute_filter=allowed_value,
        filter_style_properties=STYLES,
        url_schemes=SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    ).strip()


def allowed_value(tag: str, name: str, value: str) -> str | None:
    """The second wall: a value that the allow-list lets through by name and that is still refused."""
    if name == "data-src":
        return value if value.strip().lower().startswith(PICTURE_SCHEMES) else None
    if name in ("width", "height", "size", "colspan", "rowspan", "cellpadding", "cellspacing", "border", "start"):
        return value if value.removesuffix("%").lstrip("+-").isdecimal() and len(value) <= 5 else None
    return value


def text_of_html(html: str) -> str:
    """What a person would read, as plain text: tables laid out, links by their words."""
    page = page_of_html(html)
    return page.words if page.tree is None else text_of_tree(page.tree)


def page_of_html(html: str) -> Page:
    """Parse a page within the limits."""
    bulky = _without_bulk(html)
    plain = _LONG_TAG.sub(_thinned, bulky[:HTML_MAX])
    tree = _parsed(plain)
    words = _bare(plain) if tree is None else ""
    if tree is None and len(bulky) > HTML_MAX and not words.strip():  # nothing but tags so far
        words = _bare(bulky)[:HTML_MAX]
    is_cut = len(html) > RAW_MAX or len(plain) >= HTML_MAX
    return Page(plain, tree, words, is_cut)


def _parsed(plain: str) -> Element | None:
    if not plain.strip() or plain.count("<") > TAGS_MAX or plain.count("&") > ENTITIES_MAX:
        return None
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = etree.fromstring(plain.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        return None
    is_deep = any("depth" in entry.message.lower() for entry in parser.error_log)  # there the parser stops
    return None if is_deep else tree


def _without_bulk(html: str) -> str:
    """Cut, without comments, styles, scripts and files that stand in an address."""
    is_cut = len(html) >= RAW_MAX
    html = clean(html[:RAW_MAX])
    if not html.isascii():
        html = PRIVATE.sub("", html)
    for opening, closing in (("<!--", "-->"), ("<style", "</style>"), ("<script", "</script>")):
        html = _without(html, opening, closing, is_cut=is_cut)
    return _FILE_IN_ADDRESS.sub("data:", html)


def _without(html: str, opening: str, closing: str, *, is_cut: bool) -> str:
    """Without all from each `opening` to its `closing`; one that is never closed loses its opening alone, but all
    behind it where the page is cut: its closing may have stood there."""
    folded = html.lower() if opening[1].isalpha() else html
    if opening not in folded or len(folded) != len(html):
        return html
    kept: list[str] = []
    at = 0
    while (start := folded.find(opening, at)) >= 0:
        kept.append(html[at:start])
        stop = folded.find(closing, start + len(opening))
        if stop < 0 and is_cut:
            return "".join(kept)
        if stop < 0:
            return "".join(kept) + html[start:].replace(html[start : start + len(opening)], "")
        at = stop + len(closing)
    return "".join(kept) + html[at:]


def _thinned(found: re.Match[str]) -> str:
    """A long tag with its first attributes, without values that are files in themselves."""
    tag = found[0]
    name = re.match(r"</?[a-zA-Z][a-zA-Z0-9:]{0,30}", tag)
    if name is None:
        return ""
    kept: dict[str, str] = {}
    for attribute in _ATTRIBUTE.finditer(tag, name.end()):
        if len(attribute[2]) <= VALUE_MAX:
            kept.setdefault(attribute[1].lower(), attribute[2])
        if len(kept) >= ATTRIBUTES_MAX:
            break
    return name[0] + "".join(f" {key}={value}" for key, value in kept.items()) + ">"


def text_of_tree(tree: Element) -> str:
    """The text of a parsed page, laid out where that is cheap. The tree is changed."""
    hidden = [e for e in tree.iter(etree.Element) if e.tag in SILENT or _HIDDEN.search(e.get("style", "")[:VALUE_MAX])]
    for element in hidden:
        _drop(element)
    cells = elements = 0
    for element in tree.iter(etree.Element):
        elements += 1
        cells += element.tag in ("td", "th", "tr")
        for name in ("style", "align", "valign"):
            element.attrib.pop(name, None)
    size = sum(map(len, tree.itertext()))
    is_cheap = elements <= ELEMENTS_LAID_OUT_MAX and cells * size <= TABLE_AREA_MAX
    return _tidy(
        Inscriptis(tree, ParserConfig(css=CSS_PROFILES["strict"].copy())).get_text() if is_cheap else _plain(tree)
    )


def _drop(element: Element) -> None:
    """Take an element out with all that is in it; the words behind it stay."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None or element.tag == "body":
        return
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _plain(tree: Element) -> str:
    """The text without layout: one pass, whatever the size."""
    found: list[str] = []
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        is_block = element.tag in BLOCKS
        if event == "start":
            found.append("\n" if is_block or element.tag == "br" else "")
            found.append(_words(element.text))
        else:
            found.append("\n" if is_block else "  " if element.tag in ("td", "th") else "")
            found.append(_words(element.tail))
    return "".join(found)


def _words(text: str | None) -> str:
    """Text with its blanks as a browser shows them."""
    if not text:
        return ""
    words = " ".join(text.split())
    before, after = " " if text[0].isspace() else "", " " if text[-1].isspace() else ""
    return before + words + after if words else " "


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\xa0", " ").split("\n")]
    return _BLANKS.sub("\n\n", "\n".join(lines)).strip("\n")


def _bare(plain: str) -> str:
    """The words of a page that no parser should see: the common inline tags are nothing, all others line ends."""
    return _tidy(clean(unescape(_BLANKS.sub("\n\n", _TAG.sub("\n", _INLINE_TAG.sub("", plain))))))


def placed_pictures(html: str, content_ids: Sequence[str]) -> str:
    """A safe page in which pictures that came along (RFC 2392) are named by the place of their part: `part:0`."""
    places = {id: n for n, id in reversed(list(enumerate(content_ids))) if id}

    def place(found: re.Match[str]) -> str:
        n = places.get(unquote(unescape(found[1])))
        return found[0] if n is None else f'data-src="part:{n}"'

    return _CAME_ALONG.sub(place, html) if places else html
