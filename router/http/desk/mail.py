"""A mail as it was written: its HTML, made safe before, in a page of its own that may do nothing at all.

Its one rule: the page is walled off by the browser (no scripts, no forms, no foreign requests, an origin of its own);
pictures of others are fetched only when the agent asks for them, for they tell their sender who reads, where and when.
The link that asks stands on the desk: a link of the walled page would come without the agent's cookie.
"""

import re

from channels.wire import WireResponse
from router.http.problems import Problem
from router.journal.base import Journal

PLACE = re.compile(r"^(case_[a-z0-9]{1,40})/(\d{1,9})$")
WALL = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
HELD_BACK = 'data-src="http'
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
    wall = f"{WALL}; img-src 'none'"
    if pictures:
        html, wall = html.replace("data-src=", "src="), f"{WALL}; img-src https: http:"
    said = SAID if not pictures and HELD_BACK in html else ""
    headers = {"Content-Security-Policy": wall, "Referrer-Policy": "no-referrer"}
    return WireResponse(200, (HEAD + said + html).encode("utf-8", "replace"), "text/html; charset=utf-8", headers)
