"""The sandbox's page: a person writes a mail, reads the answer and replies to it; nothing in a mail becomes the page's."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from channels.email.post import ACCEPTED, Envelope, Reply
from channels.email.smtp import SmtpListener
from channels.sandbox.server import RunningSandbox, run_sandbox

pytestmark = pytest.mark.browser

HOST, MIA, HELP = "127.0.0.1", "mia@customer.example", "help@support.example"
HOSTILE = b"""From: "<b>Ana</b>" <help@support.example>
To: mia@customer.example
Subject: Re: <img src=x onerror=alert(1)>
Message-ID: <7@support.example>
References: <1@customer.example>
Reply-To: case+k7@support.example
Content-Type: multipart/alternative; boundary=x

--x

We are <script>alert(2)</script> coming.
--x
Content-Type: text/html

<p onclick="alert(3)">We are coming.</p><iframe src="https://elsewhere.example"></iframe>
--x--
"""


@dataclass
class Desk:
    """The service's mail server."""

    got: asyncio.Queue[Envelope] = field(default_factory=asyncio.Queue[Envelope])

    async def take(self, envelope: Envelope) -> Reply:
        self.got.put_nowait(envelope)
        return ACCEPTED

    async def next(self) -> Message:
        async with asyncio.timeout(10):
            return message_from_bytes((await self.got.get()).raw)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def sandbox(desk: Desk) -> AsyncIterator[RunningSandbox]:
    listener = await SmtpListener.start(HOST, 0, desk.take)
    made = await run_sandbox(target=f"http://{HOST}:9", seed=7, mail_target=(HOST, listener.port))
    yield made
    await made.close()
    await listener.close()


@pytest.fixture
async def page(sandbox: RunningSandbox, browser: Browser) -> AsyncIterator[Page]:
    """At the end the page may have broken no rule of its own, and asked nobody else for anything."""
    complaints: list[str] = []
    context = await browser.new_context()
    context.set_default_timeout(10_000)
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
    page.on("request", lambda one: None if one.url.startswith(sandbox.url) else complaints.append(one.url))
    await page.goto(f"{sandbox.url}/#mail")
    yield page
    await context.close()
    assert complaints == []


def mailbox(page: Page) -> Locator:
    return page.locator(".mailbox").first


async def test_a_person_writes_a_mail(page: Page, desk: Desk):
    box = mailbox(page)
    await box.get_by_label("Subject").fill("Kälte 😀 im Flur, und noch ein langer Betreff dazu")
    await box.get_by_label("Text").fill("Grüße\n.\nMia")
    await box.get_by_role("button", name="Send").click()
    mail = await desk.next()
    assert str(make_header(decode_header(mail["Subject"]))) == "Kälte 😀 im Flur, und noch ein langer Betreff dazu"
    assert (
        (mail["From"], mail["To"]) == (MIA, HELP) and mail["Date"] and mail["Message-ID"].endswith("@customer.example>")
    )
    assert mail.get_payload(decode=True) == "Grüße\r\n.\r\nMia\r\n".encode()
    await expect(box.locator(".mail.out")).to_contain_text(["taken"])
    assert await box.get_by_label("Text").input_value() == ""


async def test_a_mail_takes_a_copy_and_files_along(page: Page, desk: Desk):
    box = mailbox(page)
    content = bytes(range(256)) * 40
    await box.get_by_label("Copy to").fill("colleague@customer.example")
    await box.get_by_label("Files").set_input_files([{"name": "Wärme (1).bin", "mimeType": "", "buffer": content}])
    await box.get_by_label("Text").fill("See the file")
    await box.get_by_role("button", name="Send").click()
    mail = await desk.next()
    words, file = mail.get_payload()
    assert (mail["Cc"], words.get_payload(decode=True)) == ("colleague@customer.example", b"See the file")
    assert (file.get_filename(), file.get_payload(decode=True)) == ("Wärme (1).bin", content)
    await expect(box.get_by_label("Copy to")).to_have_value("")
    assert await box.get_by_label("Files").input_value() == ""


async def test_a_mail_is_read_and_nothing_of_it_runs(page: Page, sandbox: RunningSandbox):
    await sandbox.sandbox.mail_in(Envelope("", (MIA,), HOSTILE))
    box = mailbox(page)
    await box.locator(".mail.in").click()
    await expect(box.locator(".subject")).to_have_text("Re: <img src=x onerror=alert(1)>")
    await expect(box.locator(".view")).to_have_text("We are <script>alert(2)</script> coming.")
    await box.get_by_role("button", name="HTML", exact=True).click()
    await expect(box.locator(".view")).to_contain_text("<iframe src=")
    await box.get_by_role("button", name="Headers").click()
    await expect(box.locator(".view")).to_contain_text('"<b>Ana</b>" <help@support.example>')
    assert await page.locator("iframe, .view b, .view p, .view script").count() == 0


async def test_a_reply_keeps_the_thread(page: Page, sandbox: RunningSandbox, desk: Desk):
    await sandbox.sandbox.mail_in(Envelope("", (MIA,), HOSTILE))
    box = mailbox(page)
    await box.locator(".mail.in").click()
    await box.get_by_role("button", name="Reply", exact=True).click()
    await page.keyboard.type("Thank you")
    await box.get_by_text("with HTML").click()
    await box.get_by_label("HTML", exact=True).fill("<p>Thank <b>you</b></p>")
    await box.get_by_role("button", name="Send").click()
    mail = await desk.next()
    assert (mail["To"], mail["In-Reply-To"]) == ("case+k7@support.example", "<7@support.example>")
    assert mail["References"].split() == ["<1@customer.example>", "<7@support.example>"]
    plain, html = mail.get_payload()
    assert plain.get_payload(decode=True).startswith(b"Thank you\r\n\r\nOn ")
    assert b"\r\n> We are <script>" in plain.get_payload(decode=True)
    assert html.get_payload(decode=True) == b"<p>Thank <b>you</b></p>"


async def test_a_mailbox_is_told_what_to_do(page: Page, sandbox: RunningSandbox):
    await mailbox(page).get_by_label("What this mailbox does with mail").select_option("does not exist")
    await expect(page.locator("#notice")).to_be_hidden()
    async with aiohttp.ClientSession(sandbox.url) as http:
        async with asyncio.timeout(10):
            while (await (await http.get(f"/mail/{MIA}")).json())["behaviour"]["on_mail"] != "reject":
                await asyncio.sleep(0)


async def test_mail_that_comes_while_the_phones_are_shown_is_counted(page: Page, sandbox: RunningSandbox):
    await expect(page.locator(".mailbox .empty")).to_have_count(2)
    await page.get_by_role("link", name="Phones").click()
    await expect(page.locator(".phone:visible")).to_have_count(3)
    await sandbox.sandbox.mail_in(Envelope("", (MIA,), HOSTILE))
    await expect(page.locator("#unseen")).to_have_text("1")
    await page.get_by_role("link", name="Mail").click()
    await expect(page.locator("#unseen")).to_be_hidden()
