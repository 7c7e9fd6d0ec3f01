"""The sandbox's page: a device is pressed, shows its code, and shows what it reads once its household has said it."""

import pytest
from playwright.async_api import Browser, expect

from tests.browser.stage import Stage

pytestmark = pytest.mark.browser


async def test_press_say_the_code_press_again(desk: Stage, browser: Browser) -> None:
    """Nothing to fill in: one press and a code; said by text, the device is paired, signs, and reads that we call."""
    complaints: list[str] = []
    page = await browser.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    await page.goto(f"{desk.sandbox.url}/#devices")
    device = page.locator(".device").first
    await expect(device.locator(".bond")).to_have_text("new")
    await device.get_by_role("button", name="Help").click()
    await expect(device.locator(".lamp-words")).to_have_text("it came in")
    code = await device.locator(".digits").inner_text()
    its_page = await device.get_by_role("link", name="Its page").get_attribute("href")
    assert its_page is not None and "/c/" in its_page
    reader = await browser.new_page()
    await reader.goto(its_page)
    await expect(reader.locator("h1")).to_be_visible()
    await desk.text(f"it shows {code}")
    await expect(device.locator(".bond")).to_have_text("paired · signs")
    await expect(device.locator(".code")).to_be_hidden()
    await device.get_by_role("button", name="Call me").click()
    await expect(device.locator(".lamp-words")).to_have_text("we call")
    await expect(device.locator(".says")).to_contain_text("We call you when it is your turn")
    await expect(device.locator(".presses li").first).to_contain_text("pressed, signed")
    assert await device.evaluate("one => one.scrollHeight <= one.clientHeight"), "something of it is cut off"
    await device.get_by_role("button", name="Reset").click()
    await expect(device.locator(".bond")).to_have_text("new")
    await page.get_by_role("link", name="Phones").click()
    await expect(device).to_be_hidden()
    found = await desk.until(lambda: desk.get("/desk?q=T100-0001", desk.admin), lambda answer: answer.status == 200)
    assert "device T100-0001" in found.body.decode()
    assert "device:sit" not in found.body.decode(), "an address as only programs read it"
    assert complaints == []
