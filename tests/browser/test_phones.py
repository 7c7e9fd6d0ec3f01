"""A call from end to end in two windows: the sandbox's phones by their buttons, and the desk's own buttons for calls."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.conftest import OpenDesk
from tests.browser.stage import Stage, stage
from tests.story.wire import AFTERNOON

pytestmark = pytest.mark.browser

ANAS = "+14155550177"


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Stage]:
    """As everywhere here, but its time goes on by hand alone."""
    async with stage(tmp_path, starts_at=AFTERNOON) as made:
        yield made


async def press(button: Locator) -> None:
    """Press a button, and wait until what it asks for is answered: only then may time go on by hand."""
    async with button.page.expect_response(lambda answer: answer.request.method == "POST"):
        await button.click()


async def is_put_through(desk: Stage, anas: Locator) -> None:
    """Ana's phone rings first; she picks up, hears what it is about, and presses 1 on the keypad."""
    await desk.passes(2)
    await expect(anas.locator(".state")).to_contain_text("calls")
    await press(anas.get_by_role("button", name="Pick up"))
    await desk.passes(2)
    await expect(anas.locator(".heard")).to_contain_text("Press 1")
    await press(anas.locator(".keys").get_by_role("button", name="1", exact=True))
    await desk.passes(2)


async def test_a_call_by_buttons_alone(desk: Stage, browser: Browser, open_desk: OpenDesk) -> None:
    """She calls, says what it is, and is put through; on hold she hears so, and is brought back; Ana ends the call and
    later calls her; what she writes on her phone is the same case."""
    complaints: list[str] = []
    sandbox = await browser.new_page()
    sandbox.set_default_timeout(10_000)
    sandbox.on("pageerror", lambda error: complaints.append(str(error)))
    sandbox.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    await sandbox.goto(desk.sandbox.url)
    hers, anas = phone(sandbox, 0), phone(sandbox, 2)
    page = await open_desk(await desk.agent(phone=ANAS))
    await page.get_by_role("button", name="Ready").click()

    await press(hers.get_by_role("button", name="Call"))
    await sandbox.get_by_role("button", name="+1 s").click()
    await expect(hers.locator(".state")).to_have_text("in a call")
    await desk.passes(7)
    await hers.get_by_label("Words to speak").fill("my boiler is cold")
    await press(hers.get_by_role("button", name="Say"))
    await desk.passes(5)
    await expect(page.locator(".offer")).to_contain_text("my boiler is cold")
    await press(page.locator(".offer").get_by_role("button", name="Accept"))
    await is_put_through(desk, anas)
    await expect(hers.locator(".state")).to_have_text(f"talking with {ANAS}")
    await hers.get_by_label("Words to speak").fill("can you hear me")
    await hers.get_by_role("button", name="Say").click()
    await expect(anas.locator(".heard")).to_contain_text("can you hear me")

    hold, back = (page.get_by_role("button", name=name) for name in ("Hold", "Back to them"))
    await hold.click()
    await expect(back).to_be_visible()
    await desk.passes(3)
    await expect(hers.locator(".heard")).to_contain_text("One moment")
    await expect(hers.locator(".state")).to_have_text("in a call")
    await back.click()
    await expect(hold).to_be_visible()
    await desk.passes(3)
    await expect(hers.locator(".state")).to_have_text(f"talking with {ANAS}")
    end = page.get_by_role("button", name="End call")
    await end.click()
    await expect(end).to_be_hidden()  # the service has heard it, and time may go on
    await desk.passes(2)
    for one in (hers, anas):
        await expect(one.locator(".state")).to_have_text("no call")
    await page.get_by_role("button", name="Finish").click()
    await expect(page.locator("#said")).to_contain_text("You are through with this case")

    await page.get_by_role("button", name="Call them").click()
    await press(page.locator(".offer").get_by_role("button", name="Accept"))
    await is_put_through(desk, anas)
    await expect(hers.locator(".state")).to_contain_text("calls")
    await press(hers.get_by_role("button", name="Pick up"))
    await desk.passes(8)
    await expect(hers.locator(".state")).to_have_text(f"talking with {ANAS}")
    await press(hers.get_by_role("button", name="Hang up"))
    await desk.passes(2)
    await expect(hers.locator(".state")).to_have_text("no call")

    await hers.get_by_label("Text", exact=True).fill("thank you, it is warm")
    await press(hers.get_by_role("button", name="Send"))
    await desk.passes(1)
    await expect(hers.locator(".talk .out .bubble")).to_have_text("thank you, it is warm")
    await expect(hers.locator(".talk .out .note")).to_contain_text("taken")
    await expect(page.locator(".timeline li.in .words").last).to_have_text("thank you, it is warm")
    assert complaints == []


async def test_a_call_goes_before_the_text_that_it_ended(desk: Stage, browser: Browser, open_desk: OpenDesk) -> None:
    """She calls about the text that Ana has at hand: the page speaks of the call that is with Ana, and of the text that
    is left to wrap up when the call is finished."""
    sandbox = await browser.new_page()
    sandbox.set_default_timeout(10_000)
    await sandbox.goto(desk.sandbox.url)
    hers, anas = phone(sandbox, 0), phone(sandbox, 2)
    page = await open_desk(await desk.agent(phone=ANAS))
    await page.get_by_role("button", name="Ready").click()
    await hers.get_by_label("Text", exact=True).fill("my boiler is cold")
    await press(hers.get_by_role("button", name="Send"))
    await desk.passes(1)
    await press(page.locator(".offer").get_by_role("button", name="Accept"))
    await expect(page.locator("#finish")).to_contain_text("With you.")

    await press(hers.get_by_role("button", name="Call"))
    await desk.passes(7)
    await expect(hers.locator(".heard .listens").first).to_contain_text("for keys and words")
    await hers.get_by_label("Words to speak").fill("it is still cold")
    await press(hers.get_by_role("button", name="Say"))
    await desk.passes(5)
    await press(page.locator(".offer").get_by_role("button", name="Accept"))
    await is_put_through(desk, anas)
    await expect(hers.locator(".state")).to_have_text(f"talking with {ANAS}")
    await expect(page.locator("#finish")).to_contain_text("With you.")
    end = page.get_by_role("button", name="End call")
    await end.click()
    await expect(end).to_be_hidden()
    await desk.passes(2)
    await page.get_by_role("button", name="Finish").click()
    await expect(page.locator("#finish")).to_contain_text("To wrap up")


async def test_a_call_is_handed_on_to_a_number_outside(desk: Stage, browser: Browser, open_desk: OpenDesk) -> None:
    """Ana types the plumber's number on the page: his phone rings, and she stays with the customer meanwhile."""
    sandbox = await browser.new_page()
    sandbox.set_default_timeout(10_000)
    await sandbox.goto(desk.sandbox.url)
    hers, anas = phone(sandbox, 0), phone(sandbox, 2)
    page = await open_desk(await desk.agent(phone=ANAS))
    await page.get_by_role("button", name="Ready").click()
    await press(hers.get_by_role("button", name="Call"))
    await desk.passes(7)
    await hers.get_by_label("Words to speak").fill("my boiler leaks")
    await press(hers.get_by_role("button", name="Say"))
    await desk.passes(5)
    await press(page.locator(".offer").get_by_role("button", name="Accept"))
    await is_put_through(desk, anas)
    await page.get_by_text("Status and hand-over").click()
    await page.get_by_label("or a number outside").fill("+1 (212) 555-0188")
    await page.get_by_label("Why, for whoever takes it").fill("a leak")
    await page.get_by_role("button", name="Hand on").click()
    await expect(page.locator("#said")).to_contain_text("Their phone rings. You stay with the customer")
    await desk.passes(2)
    await expect(hers.locator(".state")).to_have_text(f"talking with {ANAS}")


async def test_a_picture_is_sent_and_what_is_heard_stands_in_order(desk: Stage, browser: Browser) -> None:
    """A file goes along by WhatsApp, without a word; the number that it goes to can be read whole. In a call what is
    said stands before that it is listened for, and music is called music."""
    sandbox = await browser.new_page(viewport={"width": 1360, "height": 820})
    sandbox.set_default_timeout(10_000)
    await sandbox.goto(desk.sandbox.url)
    hers = phone(sandbox, 0)
    await hers.locator(".way").nth(1).click()
    picture = {"name": "boiler.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n"}
    await hers.get_by_label("Pictures and files").set_input_files(files=[picture])  # type: ignore[list-item]
    await press(hers.get_by_role("button", name="Send"))
    await desk.passes(1)
    await expect(hers.locator(".talk .out .file")).to_have_text("image/png")
    await expect(hers.locator(".talk .out .note")).to_contain_text("WhatsApp · taken")
    ours = hers.locator(".ours")
    box, wanted = (
        await ours.bounding_box(),
        await ours.evaluate(
            "one => { const all = one.cloneNode(true); all.style = 'min-width: 0; max-width: none; width: max-content;';"
            " one.after(all); const wide = all.getBoundingClientRect().width; all.remove(); return wide; }"
        ),
    )
    assert box is not None and box["width"] >= wanted - 1, "the number is cut"

    await press(hers.get_by_role("button", name="Call"))
    await desk.passes(50)
    heard = hers.locator(".heard li .kind")
    await expect(hers.locator(".heard")).to_contain_text("hold music")
    await expect(hers.locator(".heard")).not_to_contain_text("http")
    kinds = await heard.all_inner_texts()
    assert kinds.index("says") < kinds.index("listens")


def phone(sandbox: Page, place: int) -> Locator:
    return sandbox.locator("#phones-shown .phone").nth(place)
