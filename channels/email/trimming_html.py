"""HTML as text in which quotations carry a `>`: what mail programs mark by structure, for `trimming` to read.

One rule: structure is only ever a hint of what is quoted; no words are lost by it. What a program marks as "quoted from
here on" is kept apart as the rest.
"""

from dataclasses import dataclass

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from channels.email.html import Element, Page, text_of_tree

__all__ = ["Marked", "marked_text"]

OPEN, CLOSE, FROM_HERE, INTRODUCED = "\ue0f0", "\ue0f1", "\ue0f2", "\ue0f3"
"""Characters of the private area that stand for borders while a page is laid out; no page has them (`html.PRIVATE`)."""
MARKS_MAX = 200
STRUCTURE = ("div", "blockquote", "span", "td", "hr", "table")
WRAPPING = frozenset(
    ["gmail_quote", "gmail_quote_container", "yahoo_quoted", "protonmail_quote", "tutanota_quote", "zmail_extra"]
)
FROM_HERE_IDS = frozenset(["appendonsend", "divRplyFwdMsg", "OLK_SRC_BODY_SECTION", "stopSpelling", "reply-intro",
                           "mail-editor-reference-message-container", "replySplit", "isForwardContent"])  # fmt: skip
FROM_HERE_CLASSES = frozenset(["OutlookMessageHeader", "ms-outlook-mobile-reference-message", "moz-forward-container"])
INTRODUCING = frozenset(["moz-cite-prefix", "gmail_attr", "protonmail_quote_header"])
FORWARDS = ("---------- forwarded", "---------- weitergeleitet", "forwarded message", "begin forwarded")


@dataclass(frozen=True, slots=True)
class Marked:
    """`plain` is what a person reads; `quoted` the same up to the rest, with `>` before quotations; `is_marked` tells
    whether the page's structure said anything."""

    plain: str
    quoted: str
    rest: str
    is_marked: bool


def marked_text(page: Page, *, is_forwarded: bool = False) -> Marked:
    """The text of a page with its quotations marked; in what was forwarded nothing is. The page's tree is changed."""
    if page.tree is None:
        return Marked(page.words, page.words, "", is_marked=False)
    is_marked = not is_forwarded and _mark(page.tree)
    text = text_of_tree(page.tree)
    if not is_marked:
        return Marked(text, text, "", is_marked=False)
    return _read(text)


@dataclass(slots=True)
class Wrapper:
    """An element in which a program keeps what it quotes. With a `quote` of its own, that is quoted and not the whole:
    answers stand between its quotations. What stands before the first of them introduces it."""

    element: Element
    quote: Element | None = None
    introduction: Element | None = None


def _mark(tree: Element) -> bool:
    """Put borders where the structure has them."""
    quotations: list[Element] = []
    wrappers: list[Wrapper] = []
    open_now: list[Wrapper] = []
    rest: Element | None = None
    for event, element in etree.iterwalk(tree, events=("start", "end"), tag=STRUCTURE):
        if event == "end":
            if open_now and open_now[-1].element is element:
                open_now.pop()
            continue
        if _begins_the_rest(element):
            rest = element
            break
        within = open_now[-1] if open_now else None
        if element.tag == "blockquote" and within is not None and _is_own(element, within.element):
            within.quote = element if within.quote is None else within.quote
        elif within is not None and within.quote is None and not _classes(element).isdisjoint(INTRODUCING):
            within.introduction = element
        if len(quotations) + len(wrappers) >= MARKS_MAX:
            continue
        if _is_quotation(element) or (within is not None and _is_own(element, within.element)):
            quotations.append(element)
        elif _is_wrapper(element):
            open_now.append(Wrapper(element))
            wrappers.append(open_now[-1])
    for wrapper in wrappers:
        if wrapper.quote is None:
            quotations.append(wrapper.element)
        elif wrapper.introduction is not None:
            _enclose(wrapper.introduction, INTRODUCED)
        else:
            wrapper.element.insert(0, _border(OPEN, wrapper.element.text))
            wrapper.element.text = None
            _put_before(wrapper.quote, INTRODUCED)
    for element in quotations:
        _enclose(element, CLOSE)
    if rest is not None:
        _put_before(rest, FROM_HERE)
    return bool(quotations) or rest is not None


def _enclose(element: Element, end: str) -> None:
    element.insert(0, _border(OPEN, element.text))
    element.text = None
    element.append(_border(end))


def _put_before(element: Element, mark: str) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.insert(parent.index(element), _border(mark))


def _border(mark: str, tail: str | None = None) -> Element:
    border = etree.Element("div")
    border.text, border.tail = mark, tail
    return border


def _classes(element: Element) -> set[str]:
    """Without the `x_` that Outlook on the web puts before those of what it shows."""
    return {name.removeprefix("x_") for name in element.get("class", "").split()[:10]}


def _is_quotation(element: Element) -> bool:
    if element.tag != "blockquote":
        return False
    return element.get("type", "").lower() == "cite" or "gmail_quote" in element.get("class", "")


def _is_own(element: Element, wrapper: Element) -> bool:
    """Whether a wrapper keeps its quotations in this one; any other that stands deeper in it was quoted itself."""
    if element.tag != "blockquote":
        return False
    return element.getparent() is wrapper or not _classes(element).isdisjoint(WRAPPING)


def _is_wrapper(element: Element) -> bool:
    classes = _classes(element)
    named = classes & WRAPPING or any(name.endswith("yahoo_quoted") for name in classes)
    return bool(named) and element.tag != "blockquote" and not _is_forward(element)


def _is_forward(element: Element) -> bool:
    """Gmail marks what is forwarded as it marks what is quoted; its first words tell."""
    first = "".join(text for _, text in zip(range(5), element.itertext(), strict=False)).strip().lower()
    return first[:40].startswith(FORWARDS)


def _begins_the_rest(element: Element) -> bool:
    id = element.get("id", "")
    if id.removeprefix("x_") in FROM_HERE_IDS or not _classes(element).isdisjoint(FROM_HERE_CLASSES):
        return True
    return element.tag == "div" and _is_outlook_rule(element)


def _is_outlook_rule(element: Element) -> bool:
    """Outlook on a desk writes its header into a box with a line above."""
    style = element.get("style", "")[:300].replace(" ", "").lower()
    if "border-top:solid#" not in style or not ("e1e1e1" in style or "b5c4df" in style):
        return False
    return next(element.iter("b"), None) is not None


def _read(text: str) -> Marked:
    quoted: list[str] = []
    plain: list[str] = []
    rest: list[str] = []
    depth, is_rest = 0, False
    for line in text.split("\n"):
        left = line.translate(_NO_MARKS)
        opens, closes = line.count(OPEN), line.count(CLOSE) + line.count(INTRODUCED)
        is_rest = is_rest or FROM_HERE in line
        depth += opens
        if left.strip() or not (opens or closes or FROM_HERE in line):
            plain.append(left)
            (rest if is_rest else quoted).append("> " * min(depth, 10) + left if depth and not is_rest else left)
        depth = max(0, depth - closes)
        if INTRODUCED in line:  # nobody answers how a quotation is introduced
            quoted.append("")
    texts = ("\n".join(lines).strip("\n") for lines in (plain, quoted, rest))
    return Marked(*texts, is_marked=True)


_NO_MARKS = dict.fromkeys(map(ord, (OPEN, CLOSE, FROM_HERE, INTRODUCED)))
