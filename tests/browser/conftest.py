"""The fixtures of the desk's tests; what they are made of stands in `stage`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.stage import FLAGS, Stage, find_chromium, stage

WAIT_MS = 10_000
OpenDesk = Callable[..., Awaitable[Page]]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = find_chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_desk(desk: Stage, browser: Browser) -> AsyncIterator[OpenDesk]:
    """Opens a signed-in desk for a token; at the end no page may have broken a rule of its own."""
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    async def open_one(token: str, *, script: bool = True) -> Page:
        context = await browser.new_context(java_script_enabled=script, timezone_id="Europe/Berlin")
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        page.on("dialog", lambda dialog: complaints.append(f"a dialog: {dialog.message}"))
        await page.goto(f"{desk.line.url}/desk")
        await page.get_by_label("Your token").fill(token)
        await page.get_by_role("button", name="Sign in").click()
        if script:
            await page.locator("#line", has_text="live").wait_for()
        return page

    yield open_one
    for context in contexts:
        await context.close()
    assert complaints == []
