"""The documents that the sandbox serves itself: what callers, and those whom we call, hear while we are away.

Its one rule: they are static and never go over the wire, so that they work when nothing else does.
"""

from urllib.parse import urlsplit

from channels.wire import WireResponse

FALLBACK_PATH = "/voice/fallback.xml"
CALLED_FALLBACK_PATH = "/voice/called.xml"
AGENTS_FALLBACK_PATH = "/voice/agents.xml"
THANKS_PATH = "/voice/thanks.xml"
_DOCUMENTS = {
    FALLBACK_PATH: (
        "<Response><Say>Our service is just restarting. Please say after the tone what this is about, and how we can "
        f'reach you.</Say><Record action="{THANKS_PATH}" maxLength="120" timeout="5" finishOnKey="#"/>'
        "<Say>We heard nothing. Please call again in a minute. Goodbye.</Say></Response>"
    ),
    CALLED_FALLBACK_PATH: (
        "<Response><Say>We wanted to talk with you, and our service is just restarting. You need not do anything: we "
        "call you again. If you like, say after the tone what we should know.</Say>"
        f'<Record action="{THANKS_PATH}" maxLength="120" timeout="5" finishOnKey="#"/><Say>Goodbye.</Say></Response>'
    ),
    AGENTS_FALLBACK_PATH: (
        "<Response><Say>Our service is just restarting, so this call from us ends here. Nothing is lost, and you need "
        "not do anything. Goodbye.</Say></Response>"
    ),
    THANKS_PATH: "<Response><Say>Thank you. Your words are kept for us. Goodbye.</Say></Response>",
}


def own_document(url: str, *, own_url: str) -> WireResponse | None:
    """The document when `url` is one of the sandbox's own, else None."""
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" != own_base(own_url):
        return None
    return own_page(parts.path)


def own_page(path: str) -> WireResponse | None:
    text = _DOCUMENTS.get(path)
    return None if text is None else WireResponse(200, text.encode(), "text/xml; charset=utf-8")


def own_base(own_url: str) -> str:
    """Where the sandbox is; one that listens nowhere has a name all the same."""
    return own_url or "http://sandbox.invalid"


def fallback_url(own_url: str) -> str:
    return own_base(own_url) + FALLBACK_PATH
