"""The desk in a real browser: a person is an agent, live, and also without a script or with a line that breaks."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenDesk
from tests.browser.stage import PHONE, Stage

pytestmark = pytest.mark.browser

OTHER = "+12125550177"
HOSTILE = (
    "<script>alert('x')</script><img src=x onerror=alert(1)> {{7*7}} javascript:alert(1) "
    "https://evil.example/pay \u202egnp.exe " + "w" * 300
)


async def ready(page: Page) -> None:
    await page.get_by_role("button", name="Ready").click()
    await expect(page.get_by_role("button", name="Ready")).to_have_attribute("aria-pressed", "true")


async def test_an_agent_answers_a_text_without_ever_reloading(desk: Stage, open_desk: OpenDesk) -> None:
    """Ready, offered, accepted, answered, answered back, finished: what happens outside shows by itself."""
    page = await open_desk(await desk.agent())
    await ready(page)
    await desk.text("My thermostat shows E42 and the flat is cold")
    await expect(page.locator(".offer")).to_contain_text("E42")
    await expect(page.locator(".offer .left")).to_contain_text("s left")
    await expect(page).to_have_title("(1) Desk · onecase")
    await expect(page.locator("#news")).to_contain_text("New offer: case")
    await page.locator(".offer").get_by_role("button", name="Accept").click()
    reply = page.get_by_label("Reply to the customer")
    await expect(page.locator("h1")).to_be_focused()
    await expect(page.locator(".timeline li.in .words")).to_have_text("My thermostat shows E42 and the flat is cold")
    await expect(page.locator("#way")).to_contain_text(f"Goes by sms to {PHONE}: the customer wrote last by sms")
    await reply.fill("Please check the fuse — is it on? " + "Thank you. " * 5)
    await expect(page.locator(".segments")).to_have_text("2 texts")
    await reply.fill("Is the fuse on?")
    await expect(page.locator(".segments")).to_have_text("1 text")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".timeline li.out .delivery")).to_have_text("delivered")
    assert await desk.inbox() == ["Is the fuse on?"]
    await expect(reply).to_have_value("")

    await reply.press_sequentially("Good, then")
    await desk.text("found the fuse, it's on, still E42")
    await expect(page.locator(".timeline li.in .words").nth(1)).to_have_text("found the fuse, it's on, still E42")
    await expect(page.locator(".status")).to_have_text("waiting for us")
    await expect(reply).to_have_value("Good, then")
    await expect(reply).to_be_focused()
    await expect(page.locator(".why")).to_contain_text("Rule heating-errors of policy 1 put it in the line heating")
    await expect(page.locator(".why")).to_contain_text("looked at Ana: free")

    assert "time_over" not in await page.locator("#outcome option").evaluate_all("all => all.map(one => one.value)")
    await page.get_by_label("Outcome").select_option("solved")
    await page.get_by_role("button", name="Finish").click()
    await expect(page.locator("#said")).to_contain_text("You are through with this case")
    await expect(page.locator(".status")).to_have_text("solved")
    await expect(page.locator(".mine")).to_contain_text("Nothing with you")
    await expect(reply).to_have_value("Good, then")


async def test_a_long_case_scrolls_within_the_page(desk: Stage, open_desk: OpenDesk) -> None:
    """However long a timeline is, the bar above and the keys below stay where they are."""
    token = await desk.agent()
    page = await open_desk(token)
    await ready(page)
    case = await desk.case_of(token, "My thermostat shows E42")
    for n in range(30):
        await desk.text(f"and this is number {n}")
    await page.locator(".offer").get_by_role("button", name="Accept").click()
    await expect(page.locator(".timeline .words").last).to_have_text("and this is number 29")
    assert case in page.url
    assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0


async def test_words_of_strangers_are_only_words(desk: Stage, open_desk: OpenDesk) -> None:
    """Markup, templates, links and marks that turn the reading direction are shown, never obeyed."""
    token = await desk.agent()
    page = await open_desk(token)
    await ready(page)
    await desk.text(HOSTILE)
    await page.locator(".offer .ref").click()
    words = page.locator(".timeline .words").first
    await expect(words).to_contain_text("<script>alert('x')</script><img src=x onerror=alert(1)> {{7*7}}")
    await expect(words).to_contain_text("⇄gnp.exe")
    assert await words.locator("script, img, a").count() == 0
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    for width in (1280, 900, 420):
        await page.set_viewport_size({"width": width, "height": 800})
        assert not await page.evaluate(wide), f"the page runs over its edge at {width}"


async def test_a_line_that_breaks_is_said_and_taken_up_again(desk: Stage, open_desk: OpenDesk) -> None:
    """What came meanwhile is there afterwards; what was being typed never went away."""
    page = await open_desk(await desk.agent())
    await ready(page)
    await desk.text("E42 again")
    await page.locator(".offer").get_by_role("button", name="Accept").click()
    reply = page.get_by_label("Reply to the customer")
    await page.locator("#line", has_text="live").wait_for()
    await reply.fill("I am looking into")
    desk.line.cut()
    await expect(page.locator("#line")).to_have_text("reconnecting…")
    await desk.text("are you there?")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#said")).to_contain_text("No answer came")
    await expect(reply).to_have_value("I am looking into")
    desk.line.mend()
    await expect(page.locator("#line")).to_have_text("live")
    await expect(page.locator(".timeline li.in .words").last).to_have_text("are you there?")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator(".timeline li.out .delivery")).to_have_text("delivered")
    assert await desk.inbox() == ["I am looking into"]


async def test_without_a_script_forms_do_the_work(desk: Stage, open_desk: OpenDesk) -> None:
    """Accept, count, answer, note and finish by plain forms."""
    token = await desk.agent()
    page = await open_desk(token, script=False)
    await ready(page)
    await desk.case_of(token, "E42 and no heat")
    await page.goto(f"{desk.line.url}/desk")
    await page.locator(".offer").get_by_role("button", name="Accept").click()
    await page.get_by_label("Reply to the customer").fill("line one\nline two")
    await page.get_by_role("button", name="Count").click()
    await expect(page.locator(".segments")).to_have_text("1 text")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#said")).to_have_text("Your answer is on its way.")
    await expect(page.locator(".timeline li.out .words")).to_have_text("line one\nline two")
    await page.get_by_text("Note", exact=True).click()
    await page.get_by_label("Only for us").fill("fuse is on")
    await page.get_by_role("button", name="Keep note").click()
    await expect(page.locator(".timeline li.note .words")).to_have_text("fuse is on")
    await page.get_by_label("Outcome").select_option("answered")
    await page.get_by_role("button", name="Finish").click()
    await expect(page.locator("#said")).to_have_text("You are through with this case.")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Your token")).to_be_visible()


async def test_keys_accept_reply_and_go_on(desk: Stage, open_desk: OpenDesk) -> None:
    """a, r and n; typed into a field they are letters, and they can be switched off. After a the cursor is at the case,
    not in the reply box: no key goes to the customer."""
    page = await open_desk(await desk.agent())
    await ready(page)
    await desk.text("E42 one")
    await page.locator(".offer").wait_for()
    await page.get_by_label("Keys").uncheck()
    await page.keyboard.press("a")
    await page.get_by_label("Keys").check()
    await expect(page.locator(".offer")).to_have_count(1)
    await page.keyboard.press("a")
    reply = page.get_by_label("Reply to the customer")
    await expect(page.locator("h1")).to_be_focused()
    await page.keyboard.press("r")
    await expect(reply).to_be_focused()
    await expect(reply).to_have_value("")
    await page.keyboard.type("ran")
    await expect(reply).to_have_value("ran")
    await page.locator("#line", has_text="live").wait_for()
    await desk.text("E42 two", OTHER)
    await page.locator(".offer").wait_for()
    await page.locator("h1").click()
    await page.keyboard.press("a")
    await expect(page.locator(".timeline .words").first).to_have_text("E42 two")
    await page.locator("#line", has_text="live").wait_for()
    await page.locator("h1").click()
    await page.keyboard.press("n")
    await expect(page.locator(".timeline .words").first).to_have_text("E42 one")
    await expect(reply).to_have_value("ran")
    await page.keyboard.press("r")
    await expect(reply).to_be_focused()


async def test_stop_is_said_at_once_and_an_answer_is_refused(desk: Stage, open_desk: OpenDesk) -> None:
    """The customer says stop while the agent types: a caution, a sentence, and the words stay in the box."""
    page = await open_desk(await desk.agent())
    await ready(page)
    await desk.text("E42 and cold")
    await page.locator(".offer").get_by_role("button", name="Accept").click()
    reply = page.get_by_label("Reply to the customer")
    await reply.fill("We will")
    await desk.text("STOP")
    await expect(page.locator(".cautions")).to_contain_text("Told us to stop sms")
    await expect(page.locator("#way")).to_contain_text("told us not to write by sms")
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#said")).to_contain_text("The customer told us not to write by sms")
    await expect(reply).to_have_value("We will")
    assert not [text for text in await desk.inbox() if "We will" in text]


async def test_nothing_is_cut_off_at_the_usual_width(desk: Stage, open_desk: OpenDesk) -> None:
    """At 1360 px what is to be typed is said whole, what was found scrolls one way alone, and the heading that a script
    leads to has no ring."""
    page = await open_desk(await desk.agent())
    await page.set_viewport_size({"width": 1360, "height": 900})
    await desk.text("My thermostat shows E42")
    cases = await desk.until(lambda: desk.api("GET", "/cases", desk.admin), lambda found: len(found["items"]) == 1)
    await page.goto(f"{desk.line.url}/desk/case/{cases['items'][0]['id']}#case")
    await page.locator("#line", has_text="live").wait_for()
    cut = await page.evaluate(
        """() => [...document.querySelectorAll(".head input[placeholder]")].filter((input) => {
          const style = getComputedStyle(input), pen = document.createElement("canvas").getContext("2d");
          pen.font = style.font;
          const room = input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
          return pen.measureText(input.placeholder).width > room;
        }).map((input) => input.placeholder)"""
    )
    assert cut == []
    await page.keyboard.press("Escape")
    await page.evaluate('document.getElementById("case").focus()')
    assert await page.evaluate('getComputedStyle(document.getElementById("case")).outlineStyle') == "none"
    await page.goto(f"{desk.line.url}/desk?q=thermostat")
    await page.locator(".found mark").wait_for()
    assert await page.evaluate('(e => e.scrollWidth - e.clientWidth)(document.querySelector(".found"))') == 0
