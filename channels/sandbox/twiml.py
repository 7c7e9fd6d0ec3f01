"""What the answer to a message webhook tells the provider to do: TwiML, or plain text, which is sent as a message.

Its one rule: what is not understood is named and skipped, as the provider does; entities and DTDs are refused.
It knows `<Message>` only; it does not send.
"""

from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from channels.wire import WireResponse

DOCUMENT_BYTES_MAX = 64 * 1024
XML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})
MESSAGE_ATTRIBUTES = frozenset({"to", "from", "statusCallback"})


@dataclass(frozen=True, slots=True)
class Reply:
    """One message to send; empty `to` and `sender` mean back to whoever wrote, from the number they wrote to."""

    body: str
    media_urls: tuple[str, ...] = ()
    to: str = ""
    sender: str = ""
    status_callback: str = ""


@dataclass(frozen=True, slots=True)
class Script:
    """What to do, and what was wrong: pairs of the provider's code and words."""

    replies: tuple[Reply, ...] = ()
    troubles: tuple[tuple[int, str], ...] = ()


def script_of(answer: WireResponse, *, url: str) -> Script:
    """Read the answer to the message webhook at `url`."""
    kind = answer.content_type.partition(";")[0].strip().lower()
    if not answer.body.strip():
        return Script()
    if len(answer.body) > DOCUMENT_BYTES_MAX:
        return Script(troubles=((11750, f"the answer has {len(answer.body)} bytes; 65536 are allowed"),))
    if kind == "text/plain":
        return Script((Reply(answer.body.decode("utf-8", "replace")),))
    if kind not in XML_TYPES:
        return Script(troubles=((12300, f"invalid content type {kind or 'none'!r}; expected text/xml"),))
    try:
        root: Element = fromstring(answer.body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as problem:
        return Script(troubles=((12100, f"the document cannot be parsed: {problem}"),))
    if root.tag != "Response":
        return Script(troubles=((12100, f"the root element is <{root.tag}>; expected <Response>"),))
    return _script(root, url)


def _script(root: Element, url: str) -> Script:
    replies: list[Reply] = []
    troubles: list[tuple[int, str]] = []
    for verb in root:
        if verb.tag != "Message":
            troubles.append((12200, f"<{verb.tag}> is not a verb that the sandbox knows for messages; skipped"))
            continue
        troubles += [(12200, f"the attribute {name} of <Message> is ignored") for name in _unknown_attributes(verb)]
        troubles += [(12200, f"<{part.tag}> in <Message> is ignored") for part in verb if part.tag not in _PARTS]
        replies.append(_reply(verb, url))
    return Script(tuple(replies), tuple(troubles))


_PARTS = frozenset({"Body", "Media"})


def _unknown_attributes(verb: Element) -> list[str]:
    return [name for name in verb.attrib if name not in MESSAGE_ATTRIBUTES]


def _reply(verb: Element, url: str) -> Reply:
    written = [verb.text or "", *(part.text or "" for part in verb if part.tag == "Body")]
    callback = verb.get("statusCallback", "")
    return Reply(
        body="\n".join(text for text in written if text.strip()),
        media_urls=tuple(urljoin(url, (part.text or "").strip()) for part in verb if part.tag == "Media"),
        to=verb.get("to", ""),
        sender=verb.get("from", ""),
        status_callback=urljoin(url, callback) if callback else "",
    )
