"""A lead at the desk in a real browser: the conversations that go on, and the ways in to each."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenDesk
from tests.browser.stage import Stage, stage
from tests.story.wire import AFTERNOON

pytestmark = pytest.mark.browser

ANAS, LEAS = "+14155550177", "+14155550203"
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Stage]:
    """As everywhere here, but its time goes on by hand alone."""
    async with stage(tmp_path, starts_at=AFTERNOON) as made:
        yield made


async def is_put_through(desk: Stage, phone: str) -> None:
    """A phone of ours rings; they pick up, hear what it is about, and press 1."""
    await desk.passes(2)
    await desk.phone_does("pick-up", phone)
    await desk.passes(3)
    await desk.phone_does("press", phone, digits="1")
    await desk.passes(3)


async def talking(desk: Stage) -> str:
    """She calls about her boiler, and is with Ana. Ana's token."""
    ana = await desk.agent(phone=ANAS)
    await desk.api("PUT", "/agents/me/state", ana, {"state": "ready"})
    await desk.phone_does("calls")
    await desk.passes(7)
    await desk.phone_does("speak", text="my boiler is cold")
    await desk.passes(5)
    mine = await desk.until(lambda: desk.api("GET", "/agents/me/work", ana), lambda work: bool(work["offers"]))
    await desk.api("POST", f"/offers/{mine['offers'][0]['id']}/accept", ana)
    await is_put_through(desk, ANAS)
    return ana


async def test_a_lead_sees_what_goes_on_and_comes_to_it(desk: Stage, open_desk: OpenDesk) -> None:
    """Lea reads who talks with whom and about what, comes to listen with a reason, and takes it over; agents have no
    such list."""
    page = await open_desk(await desk.agent("Lea", phone=LEAS, role="lead"))
    live = page.locator(".live")
    await expect(live).to_contain_text("Nobody talks with a customer now")
    ana = await talking(desk)
    await expect(live).to_contain_text("phone · heating")
    await expect(live).to_contain_text("with Ana")
    await expect(live).to_contain_text("my boiler is cold")
    await expect(page.locator("#live-count")).to_have_text("Conversations 1")
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        await live.get_by_text("Join or take over").click()
        assert not await page.evaluate(WIDE), f"the page runs over its edge at {width}"
        await live.get_by_text("Join or take over").click()
    await live.get_by_text("Join or take over").click()
    await live.get_by_label("Why you come to it").fill("new here")
    await live.get_by_role("button", name="Listen").click()
    await expect(page.locator("h1")).to_be_visible()
    await is_put_through(desk, LEAS)
    await expect(page.locator(".line")).to_contain_text("Lea (lead) is in the conversation (listen)")
    await page.locator("#live-count").click()
    await expect(live).to_contain_text("Lea listens")
    await live.get_by_text("Join or take over").click()
    await live.get_by_label("Why you come to it").fill("I know the part")
    await live.get_by_role("button", name="Take over").click()
    await expect(page.locator("h1")).to_be_visible()
    await desk.passes(4)
    await expect(page.locator(".mine")).to_contain_text("my boiler is cold")
    await page.locator("#live-count").click()
    await expect(live).to_contain_text("Nobody talks with a customer now")
    audited = (await desk.api("GET", "/audit?limit=200", desk.admin))["items"]
    reasons = {one["action"]: one["reason"] for one in audited if one["action"] in ("JoinCall", "GiveBackWork")}
    assert reasons["JoinCall"] == "new here"
    assert reasons["GiveBackWork"].endswith(": I know the part")

    theirs = await open_desk(ana)
    await expect(theirs.locator(".live, #live-count")).to_have_count(0)


async def test_a_conversation_is_taken_over_by_plain_forms(desk: Stage, open_desk: OpenDesk) -> None:
    """Without a script the button does the same, and a lead without a phone reads why not."""
    await talking(desk)
    page = await open_desk(await desk.agent("Lea", role="lead"), script=False)
    await page.get_by_text("Join or take over").click()
    await page.get_by_label("Why you come to it").fill("I know the part")
    await page.get_by_role("button", name="Take over").click()
    await expect(page.locator("#said")).to_contain_text("Only an agent with a phone can take a call over")
