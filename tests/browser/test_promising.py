"""Promises on the desk in a real browser: typed words are shown back, kept with one key, moved and taken back."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenDesk
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser


async def at_a_case(desk: Stage, open_desk: OpenDesk, *, script: bool = True) -> tuple[Page, str, str]:
    token = await desk.agent()
    page = await open_desk(token, script=script)
    await page.get_by_role("button", name="Ready").click()
    case = await desk.case_of(token, "My thermostat shows E42")
    await desk.api(
        "POST", f"/offers/{(await desk.api('GET', '/agents/me/work', token))['offers'][0]['id']}/accept", token
    )
    await page.goto(f"{desk.line.url}/desk/case/{case}")
    return page, token, case


async def promises(desk: Stage, token: str, case: str) -> list[dict[str, object]]:
    return (await desk.api("GET", f"/cases/{case}", token))["promises"]


async def test_typed_words_are_shown_back_before_they_are_kept(desk: Stage, open_desk: OpenDesk) -> None:
    """Thursday after 3 is read on her clock and said; nothing is promised until the key is pressed. Then it is moved by
    words as well, and taken back."""
    page, token, case = await at_a_case(desk, open_desk)
    await page.get_by_label("Promise to call them, when").fill("Thursday after 3")
    await page.get_by_role("button", name="See when").click()
    await expect(page.locator("#keep-promise")).to_contain_text("between 3:00 PM and 8:00 PM, New York time")
    assert await promises(desk, token, case) == []
    await page.keyboard.press("p")
    await expect(page.locator("#said")).to_contain_text("It is promised")
    await expect(page.locator(".promised")).to_contain_text("Promised: a call between")
    [made] = await promises(desk, token, case)
    await desk.until(desk.inbox, lambda texts: "on Thursday between 3:00 PM and 8:00 PM" in "".join(texts[-1:]))
    await page.get_by_label("Another time").fill("Thursday between 10 and 11")
    await page.get_by_role("button", name="Move").click()
    await expect(page.locator("#keep-promise")).to_contain_text("Move it: ")
    await expect(page.locator("#keep-promise")).to_contain_text("between 10:00 AM and 11:00 AM, New York time")
    await page.keyboard.press("p")
    await expect(page.locator("#said")).to_contain_text("another time now")
    [moved] = await promises(desk, token, case)
    assert moved["id"] == made["id"]
    await desk.until(desk.inbox, lambda texts: "between 10:00 AM and 11:00 AM" in "".join(texts[-1:]))
    assert moved["window"] != made["window"]
    await page.get_by_role("button", name="Cancel it").click()
    await expect(page.locator(".promised")).to_be_hidden()
    assert await promises(desk, token, case) == []


async def test_words_without_a_time_are_said_to_have_none(desk: Stage, open_desk: OpenDesk) -> None:
    """Nothing is guessed: the words stand there still, and how a time is said."""
    page, token, case = await at_a_case(desk, open_desk, script=False)
    await page.get_by_label("Promise to call them, when").fill("some other day perhaps")
    await page.get_by_role("button", name="See when").click()
    await expect(page.get_by_role("alert")).to_contain_text("No time was read in: some other day perhaps.")
    await expect(page.get_by_label("Promise to call them, when")).to_have_value("some other day perhaps")
    await page.get_by_label("Promise to call them, when").fill("Thursday between 10 and 11")
    await page.get_by_role("button", name="See when").click()
    await page.get_by_role("button", name="Promise it").click()
    assert len(await promises(desk, token, case)) == 1, "by plain forms as well"


async def test_a_time_in_an_answer_is_a_promise_with_one_key(desk: Stage, open_desk: OpenDesk) -> None:
    """S25: "I'll ring Thursday by four", typed to her, is suggested as a promise, and is one when the key is pressed."""
    page, token, case = await at_a_case(desk, open_desk)
    await page.get_by_label("Reply to the customer").fill("The part is on its way. I'll ring Thursday by four.")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#keep-pledge")).to_contain_text("The last answer says: Thursday by four.")
    await expect(page.locator("#keep-pledge")).to_contain_text("between 8:00 AM and 4:00 PM")
    assert await promises(desk, token, case) == []
    await page.locator("h1").focus()
    await page.keyboard.press("p")
    await expect(page.locator(".promised")).to_contain_text("Promised: a call between")
    await expect(page.locator("#keep-pledge")).to_be_hidden()
    [made] = await promises(desk, token, case)
    assert made["kind"] == "callback"


async def test_an_answer_that_promises_nothing_suggests_nothing(desk: Stage, open_desk: OpenDesk) -> None:
    """A time that is not ours, and words without a time, are no promise; that we write by five is one of an answer."""
    page, token, case = await at_a_case(desk, open_desk)
    for said in ("The shop opens Thursday at nine.", "I'll ring you."):
        await desk.api("POST", f"/cases/{case}/messages", token, {"text": said, "channel": "auto"})
        assert (await desk.api("GET", f"/cases/{case}/pledge", token))["pledge"] is None
    await desk.api("POST", f"/cases/{case}/messages", token, {"text": "I'll let you know tomorrow by five."})
    assert (await desk.api("GET", f"/cases/{case}/pledge", token))["pledge"]["kind"] == "reply"
    await page.reload()
    await page.get_by_role("button", name="Promise it").click()
    await expect(page.locator(".promised")).to_contain_text("Promised: an answer")
