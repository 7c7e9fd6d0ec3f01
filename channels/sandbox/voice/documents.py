"""The documents that steer calls, read and judged: TwiML, plain text (said) or audio (played).

Its one rule: a document is understood as a whole or not at all; a DTD, and with it any entity, is refused. It does not
know what verbs do.
"""

from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.wire import WireResponse

DOCUMENT_BYTES_MAX = 64 * 1024
XML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})


class BrokenDocument(Exception):
    """What came cannot be carried out; `code` is the provider's."""

    def __init__(self, code: int, words: str, url: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.url = url


@dataclass(frozen=True, slots=True)
class Document:
    """The verbs in order. `url` is where it came from: relative URLs start there."""

    url: str
    verbs: tuple[Element, ...]

    def absolute(self, url: str) -> str:
        return urljoin(self.url, url.strip()) if self.url else url.strip()


def document_of(answer: WireResponse, *, url: str) -> Document:
    """Raise `BrokenDocument`."""
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind.startswith("audio/"):
        return Document(url, (_element("Play", url),))
    if len(answer.body) > DOCUMENT_BYTES_MAX:
        raise BrokenDocument(11750, f"the answer has {len(answer.body)} bytes; {DOCUMENT_BYTES_MAX} are allowed", url)
    if not answer.body.strip():
        return Document(url, ())
    if kind == "text/plain":
        return Document(url, (_element("Say", answer.body.decode("utf-8", "replace")),))
    if kind not in XML_TYPES:
        raise BrokenDocument(12300, f"invalid content type {kind or 'none'!r}; expected text/xml", url)
    return twiml_of(answer.body, url=url)


def twiml_of(text: bytes, *, url: str) -> Document:
    """Raise `BrokenDocument`."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as problem:
        raise BrokenDocument(12100, f"the document cannot be parsed: {problem!r}", url) from problem
    if root.tag != "Response":
        raise BrokenDocument(12100, f"the root element is <{root.tag}>; expected <Response>", url)
    return Document(url, tuple(root))


def text_of(element: Element) -> str:
    """The words in an element, those in its children (SSML) included; white space is one space."""
    return " ".join("".join(element.itertext()).split())


def flag_of(element: Element, name: str, *, default: bool) -> bool:
    said = element.get(name)
    return default if said is None else said.strip().lower() == "true"


def number_of(element: Element, name: str, *, default: float, low: float = 0, high: float) -> float:
    """The number in an attribute, kept within bounds; what is none counts as not said."""
    try:
        said = float(element.get(name, default))
    except ValueError:
        return default
    return min(max(said, low), high) if said == said else default  # noqa: PLR0124


def _element(tag: str, text: str) -> Element:
    made = Element(tag)
    made.text = text
    return made
