"""The sandbox's own web page, as files of the package.

Its one rule: only the files named here are served, each under a policy that lets nothing foreign in.
"""

from functools import cache
from pathlib import Path

from multidict import CIMultiDict

from channels.wire import WireResponse

FOLDER = Path(__file__).parent / "page"
FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "page/page.css": ("page.css", "text/css; charset=utf-8"),
    "page/devices.css": ("devices.css", "text/css; charset=utf-8"),
    "page/devices.js": ("devices.js", "text/javascript; charset=utf-8"),
    "page/mail.css": ("mail.css", "text/css; charset=utf-8"),
    "page/mail.js": ("mail.js", "text/javascript; charset=utf-8"),
    "page/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
HEADERS = CIMultiDict(
    {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
    }
)


def page_file(path: str) -> WireResponse | None:
    """The file at `path` (without the leading slash), or None."""
    if path not in FILES:
        return None
    name, content_type = FILES[path]
    return WireResponse(200, _bytes(name), content_type, HEADERS)


@cache
def _bytes(name: str) -> bytes:
    return (FOLDER / name).read_bytes()
