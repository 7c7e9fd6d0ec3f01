"""A mail as it was written: its HTML, made safe before, in a page of its own that may do nothing at all.

Its one rule: the page is walled off by the browser (no scripts, no forms, no foreign requests, an origin of its own);
pictures of others are fetched only when the agent asks for them, for they tell their sender who reads, where and when.
Those that came along with the mail tell nobody, and stand in the page itself, for it cannot ask us for them.
The link that asks stands on the desk: a link of the walled page would come without the agent's cookie.
"""

import asyncio
import base64
import re

from channels.wire import WireResponse
from router.core.files import StoredFile
from router.core.words import VaultId
from router.http.problems import Problem
from router.journal.base import Journal

PLACE = re.compile(r"^(case_[a-z0-9]{1,40})/(\d{1,9})$")
WALL = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
NOWHERE = "'none'"
HELD_BACK = 'data-src="http'
_PLACED = re.compile(r'data-src="part:(\d{1,4})"')
PICTURES = frozenset(["image/png", "image/jpeg", "image/gif", "image/webp"])
PICTURES_MAX, PICTURE_BYTES_MAX = 50, 5_000_000
"""Those of one mail that are shown in place, and their size together; what is more is among the files."""
HEAD = (
    '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>A mail</title><style>body{font:15px/1.45 system-ui,sans-serif;margin:1rem;overflow-wrap:anywhere}"
    "img{max-width:100%}.held{padding:.5rem .75rem;background:#eee;color:#222;border-radius:.5rem}</style>"
)
SAID = '<p class="held">Pictures of others are not loaded; “with pictures” on the desk loads them.</p>'


async def mail_page(journal: Journal, place: str, *, pictures: bool) -> WireResponse:
    """The mail of `case/n`. Raises Problem where there is none."""
    found = PLACE.fullmatch(place)
    rows = await journal.entries(found[1], after=int(found[2]) - 1, limit=1) if found else []
    letter = rows[0].letter if rows and found and rows[0].n == int(found[2]) else None
    html = (await journal.words([letter.html])).get(letter.html) if letter and letter.html else None
    if html is None:
        raise Problem(404, "Not found", "There is no such mail, or it was erased.")
    html, has_own = await _with_own(journal, html, rows[0].media)
    sources = ["data:"] if has_own else []
    if pictures:
        html, sources = html.replace("data-src=", "src="), [*sources, "https:", "http:"]
    wall = f"{WALL}; img-src {' '.join(sources) or NOWHERE}"
    said = SAID if not pictures and HELD_BACK in html else ""
    headers = {"Content-Security-Policy": wall, "Referrer-Policy": "no-referrer"}
    return WireResponse(200, (HEAD + said + html).encode("utf-8", "replace"), "text/html; charset=utf-8", headers)


async def _with_own(journal: Journal, html: str, files: tuple[VaultId, ...]) -> tuple[str, bool]:
    """The page with the pictures that came along in their places, as far as they are some and not too large."""
    places = sorted({int(n) for n in _PLACED.findall(html) if int(n) < len(files)})[:PICTURES_MAX]
    kept, left = await journal.words([str(files[n]) for n in places]), PICTURE_BYTES_MAX
    for n in places:
        file = StoredFile.of(kept.get(files[n], ""))
        if file is None or file.content_type not in PICTURES or file.size_bytes > left:
            continue
        content = await journal.blob(file.hash)
        if content is None:
            continue
        left -= file.size_bytes
        shown = (await asyncio.to_thread(base64.b64encode, content)).decode()
        html = html.replace(f'data-src="part:{n}"', f'src="data:{file.content_type};base64,{shown}"')
    return html, left < PICTURE_BYTES_MAX
