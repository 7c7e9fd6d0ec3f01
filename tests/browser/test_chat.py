"""The page to try a chat with, and the desk beside it: a person writes, reloads, and sees who types and answers."""

import pytest
from playwright.async_api import Browser, expect

from tests.story import Story

pytestmark = pytest.mark.browser

WAIT_MS = 10_000


async def test_a_person_chats_and_reloads(browser: Browser) -> None:
    """What was written and answered is there after a reload, files by name at once; hostile words stay words; both
    sides see who types; a browser that forgets its session is somebody new."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        context = await browser.new_context()
        context.set_default_timeout(WAIT_MS)
        complaints: list[str] = []
        chat, desk, sandbox = [await context.new_page() for _ in range(3)]
        for page in (chat, desk, sandbox):
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
            page.on("dialog", lambda dialog: complaints.append(dialog.message))
        await sandbox.goto(story.sandbox)
        link = sandbox.get_by_role("link", name="Chat visitor")
        await expect(link).to_have_attribute("href", f"{story.service}/chat/test")

        await chat.goto(f"{story.service}/chat/test")
        await chat.get_by_label("Your words").fill("<img src=x onerror=alert(1)> still E42")
        await chat.get_by_role("button", name="Send", exact=True).click()
        await expect(chat.locator("li.mine:not(.waiting)")).to_have_text("<img src=x onerror=alert(1)> still E42")
        await story.settles()
        case = (await story.one_case())["id"]
        await ana.accepts()
        await expect(chat.locator("#state")).to_have_text("Ana answers")

        await desk.goto(f"{story.service}/desk")
        await desk.get_by_label("Your token").fill(ana.token)
        await desk.get_by_role("button", name="Sign in").click()
        await desk.goto(f"{story.service}/desk/case/{case}")
        await desk.locator("#line", has_text="live").wait_for()
        await expect(desk.locator(".facts").first).to_contain_text("a chat visitor")
        await story.passes(seconds=2)  # somebody who types says so once a second at most
        await chat.get_by_label("Your words").press_sequentially("and")
        await expect(desk.locator("#their-typing")).to_have_text("They are typing…")
        await desk.locator("#text").press_sequentially("Is the fuse on?")
        await expect(chat.locator("#typing")).to_have_text("Ana is typing…")
        await desk.locator("#send").click()
        await expect(chat.locator("li:not(.mine)")).to_contain_text("Is the fuse on?")

        await chat.get_by_label("File").set_input_files({"name": "fuse.txt", "mimeType": "text/plain", "buffer": b"on"})
        await chat.get_by_label("Your words").fill("see there")
        await chat.get_by_role("button", name="Send", exact=True).click()
        await expect(chat.locator("li.mine:not(.waiting)").last).to_have_text("see there [fuse.txt]")

        await chat.reload()
        await expect(chat.locator("#lines li")).to_have_count(3)
        await expect(chat.locator("li.mine").last).to_have_text("see there [fuse.txt]")
        said = ["<img src=x onerror=alert(1)> still E42", "Is the fuse on?", "see there"]
        assert await story.said(case) == said
        await chat.get_by_role("button", name="Somebody new").click()
        await expect(chat.locator("#state")).to_have_text("We read what you write")
        await expect(chat.locator("#lines li")).to_have_count(0)
        await context.close()
        assert complaints == []
