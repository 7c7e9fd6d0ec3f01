"""Mail by HTTP at its door: what is looked at before a body, and what becomes of large ones."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from urllib.parse import urlencode, urlsplit

import pytest

from tests.mailbox import HELP, MIA
from tests.story import Story, patiently

KEY = "key-of-the-webhooks"
BYTES_MAX = 3 * 1024 * 1024
MAIL = f"From: {MIA}\r\nTo: {HELP}\r\nSubject: E42\r\n\r\nThe flat is cold\r\n".encode()
LARGE = MAIL + b"It has been so for long.\r\n" * 60_000
"""More than is taken apart on the loop."""
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story(
        mail={"bytes_max": BYTES_MAX, "mailgun_signing_key": KEY},
        body_bytes_max=65_536,
    ) as story:
        yield story


async def answer_to_head(story: Story, head: str, length: int) -> str:
    """What is answered to a request of which no byte of the body is ever sent; empty where the body is waited for."""
    address = urlsplit(story.service)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(f"{head}\r\nHost: onecase\r\nContent-Length: {length}\r\n\r\n".encode())
        return (await patiently(reader.readline())).decode().strip()
    finally:
        writer.close()


@pytest.mark.parametrize(
    ("head", "length", "status"),
    [
        ("POST /email/inbound/raw HTTP/1.1", 1_000, 401),
        ("POST /email/inbound/postmark HTTP/1.1\r\nAuthorization: Bearer guessed", 2 * BYTES_MAX, 401),
        ("POST /email/inbound/sendgrid HTTP/1.1\r\nAuthorization: Basic bWFpbDpndWVzc2Vk", 2 * BYTES_MAX, 401),
        ("POST /email/inbound/mailgun HTTP/1.1\r\nAuthorization: Bearer guessed", 1_000, 401),
        ("POST /email/inbound/mailgun HTTP/1.1", BYTES_MAX + 1, 413),
        ("POST /email/inbound/other HTTP/1.1", 1_000, 404),
        ("PUT /email/inbound/raw HTTP/1.1", 1_000, 405),
    ],
)
async def test_of_a_strangers_mail_nothing_is_read_but_the_head(story: Story, head: str, length: int, status: int):
    """The answer comes before the body does. What is signed in its body is read up to the largest mail."""
    assert (await answer_to_head(story, head, length)).split()[1] == str(status)


async def test_a_stranger_who_sends_the_whole_mail_hears_why_it_is_not_taken(story: Story):
    """The answer is not lost although nobody wants what they send."""
    said = await patiently(story.ask("POST", "/email/inbound/raw", body=b"x" * 2 * BYTES_MAX, token=None))
    assert (said.status, said.json["title"]) == (401, "Not signed in")


async def test_who_may_read_only_brings_no_mail(story: Story):
    """A token of operations is known, and is not let in."""
    head = f"POST /email/inbound/raw HTTP/1.1\r\nAuthorization: Bearer {await story.token('ops')}"
    assert (await answer_to_head(story, head, 2 * BYTES_MAX)).split()[1] == "403"


@pytest.mark.parametrize("kind", ["raw", "postmark", "mailgun"])
async def test_a_large_mail_is_taken_once_by_whatever_kind(story: Story, kind: str):
    """A body longer than any of the API's is taken apart beside the loop, and is the same mail when it comes again."""
    stamp, token = str(int((await story.now()).timestamp())), "t" * 50
    signature = hmac.new(KEY.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": stamp, "token": token, "signature": signature, "body-mime": LARGE}
    body, content_type = {
        "raw": (LARGE, "message/rfc822"),
        "postmark": (json.dumps({"RawEmail": LARGE.decode()}).encode(), "application/json"),
        "mailgun": (urlencode(signed).encode(), FORM),
    }[kind]
    said = [
        await story.ask(
            "POST",
            f"/email/inbound/{kind}",
            body=body,
            token=None if kind == "mailgun" else await story.token("integration"),
            headers={"Content-Type": content_type},
        )
        for _ in range(2)
    ]
    assert [one.status for one in said] == [200, 200], said[0].body
    assert said[0].json == said[1].json
    case = await story.one_case()
    [entry] = [e for e in await story.timeline(case["id"], "message") if e["direction"] == "in"]
    assert entry["text"].startswith("The flat is cold")
    assert (await story.ask("GET", entry["raw_url"])).body == LARGE
    if kind == "mailgun":
        other = urlencode({**signed, "body-mime": LARGE + b"and more"}).encode()
        again = await story.ask(
            "POST", "/email/inbound/mailgun", body=other, token=None, headers={"Content-Type": FORM}
        )
        assert again.status == 403, "a signature brings one mail"
