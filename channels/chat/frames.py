"""Frames of the chat protocol, version 1: what clients send as values, and what we say as JSON.

Its one rule: a frame is read whole and strictly, or refused by the name of what is wrong; nothing of it is guessed.
"""

import json
import re
from typing import Any

from router.core.values import field, value

VERSION = 1
FRAME_CHARS_MAX = 2 * 1024 * 1024
"""Beyond this the connection is closed; up to it a frame is refused in words and the session lives."""
TEXT_CHARS_MAX = 10_000
TEXT_LINES_MAX = 500
SMALL_CHARS_MAX = 64 * 1024
"""No frame but a message is larger."""
FILES_MAX = 10
SEQ_MAX = 10**12
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
SITE_CHARS_MAX, TOKEN_CHARS_MAX, IDENTITY_CHARS_MAX, ADDRESS_CHARS_MAX = 200, 300, 8_000, 254

ERRORS: dict[str, tuple[int, str]] = {
    "bad_frame": (400, "Send one JSON object a frame, with its `kind`."),
    "unknown_kind": (400, "There is no such kind of frame."),
    "bad_version": (400, f"This service speaks version {VERSION}."),
    "bad_field": (400, "A field is missing, or is not what it should be."),
    "hello_first": (400, "Say hello before anything else."),
    "hello_twice": (409, "Hello was said before; open another connection for another session."),
    "bad_site": (401, "No site has this key."),
    "bad_origin": (403, "The key may not be used by pages of this origin."),
    "bad_session": (401, "This session is over, or was never yours. Forget it, and begin anew."),
    "bad_identity": (401, "The site's word for who this is cannot be taken."),
    "too_large": (413, f"A message has at most {TEXT_CHARS_MAX} characters and {TEXT_LINES_MAX} lines."),
    "used_before": (409, "This client_id was used for another message; the first one counts."),
    "too_many": (429, "That was too often. Wait a little."),
    "bad_file": (422, "A file is not one that this session uploaded within a day."),
    "no_case": (409, "Write something first."),
    "bad_address": (422, "That is no address that we can write to."),
    "bad_code": (422, "That is not the code, or it is over. Ask for another one later."),
    "taken_over": (409, "This session has ten newer windows; this one ends."),
    "stopping": (503, "The service is stopping, or not ready yet. Connect again in a moment."),
}
"""Every error, with the status that HTTP would give it and its words for people."""


class BadFrame(Exception):
    """A frame that is refused. `error` is a name of `ERRORS`."""

    def __init__(self, error: str, detail: str = "", client_id: str | None = None) -> None:
        super().__init__(detail or ERRORS[error][1])
        self.error = error
        self.client_id = client_id


@value
class Hello:
    """A client begins. `since`: the number of the last line that it has; None: none, and it wants none. `carry`: the
    token of a link that brought them here."""

    site: str
    session: str | None = None
    identity: str | None = None
    since: int = 0
    context: dict[str, Any] = field(default_factory=dict[str, Any])
    carry: str = ""


@value
class Said:
    client_id: str
    text: str
    files: tuple[str, ...] = ()


@value
class Delivered:
    """Every line up to `seq` is on the client's screen."""

    seq: int


@value
class WasRead:
    """Every line up to `seq` was seen by a person."""

    seq: int


@value
class Typing:
    on: bool


@value
class ContextTold:
    context: dict[str, Any]


@value
class Left:
    reach_me: dict[str, Any]


@value
class Prove:
    address: str


@value
class CodeSaid:
    code: str


Frame = Hello | Said | Delivered | WasRead | Typing | ContextTold | Left | Prove | CodeSaid


def read_frame(text: str) -> Frame:
    """The frame in `text`. Raises BadFrame."""
    given = _object(text)
    kind = given.pop("kind", None)
    if kind != "message" and len(text) > SMALL_CHARS_MAX:
        raise BadFrame("too_large", f"Only a message is longer than {SMALL_CHARS_MAX} characters.")
    match kind:
        case "hello":
            return _hello(given)
        case "message":
            return _said(given)
        case "delivered":
            return Delivered(seq=_seq(given, "seq"))
        case "read":
            return WasRead(seq=_seq(given, "seq"))
        case "typing":
            on = given.get("on", True)
            if not isinstance(on, bool):
                raise BadFrame("bad_field", "`on` is true or false.")
            return Typing(on=on)
        case "context":
            return ContextTold(context=_context(given))
        case "leave":
            reach_me = given.get("reach_me")
            if not isinstance(reach_me, dict):
                raise BadFrame("bad_field", '`reach_me` is an object such as {"channel": "email", "address": …}.')
            return Left(reach_me=reach_me)
        case "prove":
            return Prove(address=_text(given, "address", ADDRESS_CHARS_MAX))
        case "code":
            return CodeSaid(code=_text(given, "code", 20))
        case _:
            raise BadFrame("unknown_kind")


def say(kind: str, **fields: Any) -> str:
    """A frame of ours."""
    return _ENCODER.encode({"kind": kind, **fields})


def error_frame(error: str, detail: str = "", **more: Any) -> str:
    status, words = ERRORS[error]
    told = {name: one for name, one in more.items() if one is not None}
    return say("error", error=error, status=status, detail=detail or words, **told)


# --- reading ----------------------------------------------------------------------------------------------------------


def _object(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("bad_frame") from None
    if not isinstance(given, dict):
        raise BadFrame("bad_frame")
    return given


def _hello(given: dict[str, Any]) -> Hello:
    if given.get("v", VERSION) != VERSION or isinstance(given.get("v"), bool):
        raise BadFrame("bad_version")
    return Hello(
        site=_text(given, "site", SITE_CHARS_MAX),
        session=_text(given, "session", TOKEN_CHARS_MAX) if given.get("session") is not None else None,
        identity=_text(given, "identity", IDENTITY_CHARS_MAX) if given.get("identity") is not None else None,
        since=_seq(given, "since") if given.get("since") is not None else 0,
        context=_context(given) if given.get("context") is not None else {},
        carry=_text(given, "carry", TOKEN_CHARS_MAX) if given.get("carry") is not None else "",
    )


def _said(given: dict[str, Any]) -> Said:
    client_id = given.get("client_id")
    if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
        raise BadFrame("bad_field", "`client_id` has 1 to 40 letters, digits, - and _.")
    text = given.get("text", "")
    files = given.get("files", [])
    if not isinstance(text, str):
        raise BadFrame("bad_field", "`text` is text.", client_id)
    if len(text) > TEXT_CHARS_MAX or text.count("\n") >= TEXT_LINES_MAX:
        raise BadFrame("too_large", client_id=client_id)
    if not isinstance(files, list) or not all(isinstance(one, str) for one in files):
        raise BadFrame("bad_field", "`files` is a list of what uploading them gave.", client_id)
    if len(files) > FILES_MAX:
        raise BadFrame("too_large", f"A message has at most {FILES_MAX} files.", client_id)
    if not text.strip() and not files:
        raise BadFrame("bad_field", "A message has words or files.", client_id)
    return Said(client_id=client_id, text=text, files=tuple(files))


def _text(given: dict[str, Any], name: str, chars_max: int) -> str:
    found = given.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= chars_max:
        raise BadFrame("bad_field", f"`{name}` is text of at most {chars_max} characters.")
    return found


def _seq(given: dict[str, Any], name: str) -> int:
    found = given.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= SEQ_MAX:
        raise BadFrame("bad_field", f"`{name}` is the number of a line.")
    return found


def _context(given: dict[str, Any]) -> dict[str, Any]:
    found = given.get("context")
    if not isinstance(found, dict):
        raise BadFrame("bad_field", "`context` is an object.")
    return found
