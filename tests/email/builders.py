"""Mails for tests, written so that a person can read them: text in, bytes with CR LF out; and what a mail must say."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from textwrap import dedent
from typing import Any

from channels.email.letter import Letter
from channels.email.reading import read_letter
from router.core.clock import Ms

NOW = Ms(int(datetime(2026, 11, 23, 14, 0, tzinfo=UTC).timestamp() * 1000))
VERIFIER = "mx.support.example"
OWN = ("help@support.example",)
FROM_MIA = (
    "From: Mia <mia@customer.example>\nTo: help@support.example\nSubject: Heating\nMessage-ID: <m1@customer.example>\n"
)


def eml(text: str) -> bytes:
    """Indented text as a mail: UTF-8, CR LF."""
    return crlf(dedent(text).lstrip("\n").encode("utf-8", "surrogateescape"))


def crlf(raw: bytes) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def from_mia(headers: str = "", body: str | bytes = "It is cold.\n") -> bytes:
    """A mail of hers with further headers and a body, which may be bytes of any kind."""
    head = FROM_MIA + dedent(headers).strip("\n") + ("\n" if headers.strip() else "")
    return (
        crlf(head.encode("utf-8", "surrogateescape"))
        + b"\r\n"
        + (crlf(dedent(body).lstrip("\n").encode()) if isinstance(body, str) else body)
    )


def parts(*made: bytes | str, kind: str = "mixed", boundary: str = "b1", more: str = "") -> tuple[str, bytes]:
    """A multipart: its Content-Type line and its body. Each part brings its own headers."""
    raw = b"".join(
        b"--"
        + boundary.encode()
        + b"\r\n"
        + (crlf(dedent(p).lstrip("\n").encode()) if isinstance(p, str) else p)
        + b"\r\n"
        for p in made
    )
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"{more}', raw + b"--" + boundary.encode() + b"--\r\n"


def part(kind: str, body: str | bytes, headers: str = "") -> bytes:
    head = f"Content-Type: {kind}\n" + (dedent(headers).strip("\n") + "\n" if headers else "")
    return crlf(head.encode()) + b"\r\n" + (crlf(dedent(body).lstrip("\n").encode()) if isinstance(body, str) else body)


def whole(headers: str, made: tuple[str, bytes]) -> bytes:
    """A mail of hers whose body is a multipart."""
    return from_mia(f"{headers}\n{made[0]}" if headers else made[0], made[1])


@dataclass(frozen=True)
class Case:
    """A mail and what must be read in it. `notes` are pieces of notes; None for `notes` asks for none at all."""

    id: str
    raw: bytes
    expected: dict[str, Any] = field(default_factory=dict)


def case(id: str, raw: bytes, **expected: Any) -> Case:
    return Case(id, raw, expected)


def read(raw: bytes, **more: Any) -> Letter:
    return read_letter(raw, **{"received_at": NOW, "verifier": VERIFIER, "ours": OWN, **more})


def check(one: Case) -> None:
    """Read the mail and compare everything that the case names."""
    letter = read(one.raw)
    for name, wanted in one.expected.items():
        match name:
            case "parts":
                assert [(p.name, p.content_type) for p in letter.parts] == wanted, letter.parts
            case "contents":
                assert [p.content for p in letter.parts] == wanted
            case "part_notes":
                assert [p.note for p in letter.parts] == wanted
            case "notes" if wanted is None:
                assert letter.notes == ()
            case "notes":
                for words in wanted:
                    assert any(words in note for note in letter.notes), (words, letter.notes)
            case "sender":
                assert (letter.sender.address if letter.sender else None) == wanted, letter.from_all
            case "sender_name":
                assert letter.sender is not None
                assert letter.sender.name == wanted
            case "bounce":
                told = letter.bounce
                assert told is not None
                assert (told.final_recipient, told.status, told.permanent, told.original_message_id) == wanted
            case "failed":
                assert letter.bounce is not None and letter.bounce.failed == wanted, letter.bounce
            case "reason":
                assert letter.bounce is not None
                assert wanted in letter.bounce.reason
            case "html_has":
                assert wanted in letter.html, letter.html
            case "html_lacks":
                assert not [word for word in wanted if word in letter.html.lower()], letter.html
            case _:
                assert getattr(letter, name) == wanted, (name, getattr(letter, name), letter.notes)
    if letter.text.strip():
        assert letter.new_words.strip()
