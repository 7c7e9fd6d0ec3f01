"""The desk says how sure it is whose a contact is, and lets one key say where it belongs, split it off and undo."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenDesk
from tests.browser.stage import PHONE, Stage

pytestmark = pytest.mark.browser

OTHER, FAMILY = "+12125550177", "+12125550160"


async def cases_of(desk: Stage, count: int) -> list[str]:
    """The ids of the cases there are, the oldest first, once there are so many."""
    page = await desk.until(lambda: desk.api("GET", "/cases", desk.admin), lambda page: len(page["items"]) == count)
    return [case["id"] for case in page["items"][::-1]]


async def test_one_key_says_where_a_case_belongs_and_undo_takes_it_back(desk: Stage, open_desk: OpenDesk) -> None:
    """Evidence with its reason beside each contact; the candidate's key joins, and the other case's page opens."""
    page = await open_desk(await desk.agent())
    await desk.text("My thermostat shows E42")
    await cases_of(desk, 1)
    await desk.text("another question: my bill is wrong")
    first, second = await cases_of(desk, 2)
    await page.goto(f"{desk.line.url}/desk/case/{second}")
    await page.locator("#line", has_text="live").wait_for()
    await expect(page.locator(".known")).to_contain_text("weak by sms")
    await expect(page.locator(".known")).to_contain_text("nobody vouches for the sender's number")
    await expect(page.locator(".known")).to_contain_text("Tell nothing of earlier cases until that is proved.")
    await expect(page.locator(".timeline .grade").first).to_have_text("weak")
    await page.locator(".timeline li.in summary").first.click()
    await expect(page.locator(".timeline li.in").first).to_contain_text("the words say that it is about something else")
    await expect(page.locator(".choices")).to_contain_text("It may belong to another case.")
    await page.keyboard.press("1")
    await page.wait_for_url(f"**/case/{first}#case")
    await expect(page.locator(".timeline .words")).to_have_text(
        ["My thermostat shows E42", "another question: my bill is wrong"]
    )
    joined = page.locator(f'.timeline [data-case="{second}"]')
    await expect(joined).to_have_count(1)  # by which news of that case is this page's, and read at once
    await page.get_by_role("button", name="Undo").click()
    await expect(page.locator("#said")).to_contain_text("It is as it was before.")
    await expect(page.locator(".timeline .words")).to_have_text(["My thermostat shows E42"])
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)


async def test_rows_are_split_off_by_keys_and_joined_by_reference(desk: Stage, open_desk: OpenDesk) -> None:
    """s goes to the rows, space marks, s makes another case of them; its reference brings it back."""
    page = await open_desk(await desk.agent())
    await desk.text("My thermostat shows E42")
    await cases_of(desk, 1)
    await desk.text("and my bill is wrong")
    [case] = await cases_of(desk, 1)
    await page.goto(f"{desk.line.url}/desk/case/{case}")
    await page.locator("#line", has_text="live").wait_for()
    await expect(page.locator(".timeline li.in")).to_have_count(2)
    await page.keyboard.press("s")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Space")
    await page.keyboard.press("s")
    await page.wait_for_url("**/case/case_*#case")
    await expect(page.locator(".timeline .words")).to_have_text(["and my bill is wrong"])
    ref = (await page.locator("h1").inner_text()).split()[1]

    await page.goto(f"{desk.line.url}/desk/case/{case}")
    await page.locator("#line", has_text="live").wait_for()
    await page.get_by_text("Split and join").click()
    join = page.get_by_label("Another case of theirs goes on here")
    await join.fill("12-3456-7")
    await page.get_by_role("button", name="Join").click()
    await expect(page.locator("#said")).to_contain_text("That is no reference")
    await join.fill(ref)
    await page.get_by_role("button", name="Join").click()
    await expect(page.locator("#said")).to_contain_text("It goes on here.")
    await expect(page.locator(".timeline .words")).to_have_text(["My thermostat shows E42", "and my bill is wrong"])


async def test_a_split_that_is_taken_back_leads_to_the_case_that_has_it_all(desk: Stage, open_desk: OpenDesk) -> None:
    """Nothing is left on the page of what was split off."""
    page = await open_desk(await desk.agent())
    await desk.text("My thermostat shows E42")
    await cases_of(desk, 1)
    await desk.text("and my bill is wrong")
    [case] = await cases_of(desk, 1)
    await page.goto(f"{desk.line.url}/desk/case/{case}")
    await page.locator("#line", has_text="live").wait_for()
    await expect(page.locator(".timeline li.in")).to_have_count(2)
    for key in ("s", "Space", "s"):
        await page.keyboard.press(key)
    await expect(page.locator(".timeline .words")).to_have_text(["and my bill is wrong"])
    await page.get_by_role("button", name="Undo").click()
    await page.wait_for_url(f"**/case/{case}#case")
    await expect(page.locator(".timeline .words")).to_have_text(["My thermostat shows E42", "and my bill is wrong"])
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)  # it would make a case of nothing


async def test_whose_a_shared_line_is_now_takes_one_key(desk: Stage, open_desk: OpenDesk) -> None:
    """Both people stand there by their own numbers; the key says who it is, and a lead can undo it in place."""
    page = await open_desk(await desk.agent())
    await desk.text("My thermostat shows E42")
    [first] = await cases_of(desk, 1)
    await desk.text("my bill is wrong", OTHER)
    [_, second] = await cases_of(desk, 2)
    mia, tom = [(await desk.api("GET", f"/cases/{id}", desk.admin))["customer"] for id in (first, second)]
    await desk.api("POST", f"/customers/{mia}/addresses", desk.admin, {"address": FAMILY})
    await desk.api("POST", f"/customers/{tom}/addresses", desk.admin, {"address": FAMILY, "shared": True})
    await desk.text("still cold here", FAMILY)
    [*_, third] = await cases_of(desk, 3)
    await page.goto(f"{desk.line.url}/desk/case/{third}")
    await page.locator("#line", has_text="live").wait_for()
    await expect(page.locator(".choices")).to_contain_text("Several people use this line. Whose is it?")
    await expect(page.locator(".choices")).to_contain_text(PHONE)
    await expect(page.locator(".choices")).to_contain_text(OTHER)
    [mias, toms] = [page.locator(".choices li", has_text=number) for number in (PHONE, OTHER)]
    await expect(mias).to_contain_text("My thermostat shows E42")
    await expect(toms).to_contain_text("my bill is wrong")
    await expect(toms.get_by_role("link")).to_have_attribute("href", f"/desk/case/{second}#latest")
    await page.keyboard.press("1")
    await expect(page.locator("#said")).to_contain_text("It is theirs now.")
    await expect(page.locator("#said")).to_contain_text("A lead takes it back")
    await expect(page.locator(".head .facts").first).to_contain_text(f"the same person as {PHONE}")
    await expect(page.locator(".choices")).to_have_count(0)
    await expect(page.locator(".timeline")).to_contain_text("said that two customers are one person")
    lead = await open_desk(desk.admin)
    await lead.goto(f"{desk.line.url}/desk/case/{third}")
    await lead.get_by_role("button", name="Undo").click()
    await expect(lead.locator(".choices")).to_contain_text("Whose is it?")


async def test_a_lead_joins_the_cases_of_one_person_who_wrote_as_two(desk: Stage, open_desk: OpenDesk) -> None:
    """To join a case of somebody else is refused with what to do; a lead says in the same step that they are one."""
    await desk.text("My thermostat shows E42")
    [first] = await cases_of(desk, 1)
    await desk.text("it is me, from my other number", OTHER)
    [_, second] = await cases_of(desk, 2)
    ref = (await desk.api("GET", f"/cases/{second}", desk.admin))["ref"]
    lead = await open_desk(desk.admin)
    await lead.goto(f"{desk.line.url}/desk/case/{first}")
    await lead.locator("#line", has_text="live").wait_for()
    await lead.get_by_text("Split and join").click()
    await lead.get_by_label("Another case of theirs goes on here").fill(ref)
    await lead.get_by_role("button", name="Join", exact=True).click()
    await expect(lead.locator("#said")).to_contain_text("a lead says so first")
    await lead.get_by_label("It is of somebody else, who is the same person").check()
    await lead.get_by_role("button", name="Join", exact=True).click()
    await expect(lead.locator("#said")).to_contain_text("It goes on here.")
    await expect(lead.locator(".timeline .words")).to_have_text(
        ["My thermostat shows E42", "it is me, from my other number"]
    )
