"""The desk's pages without a browser: who gets in, what is refused, and that every answer is a page for people."""

import re
from pathlib import Path

import pytest

from channels.wire import WireResponse
from router.http.desk import pages
from tests.browser.stage import PHONE, Stage, stage

FOREIGN = "https://evil.example"


def words(answer: WireResponse) -> str:
    assert answer.content_type.startswith("text/html"), answer.body
    return answer.body.decode()


async def offered(desk: Stage, body: str = "E42 and cold") -> tuple[str, str, str]:
    """A ready agent with one offer: token, case, offer."""
    token = await desk.agent()
    await desk.api("PUT", "/agents/me/state", token, {"state": "ready"})
    case = await desk.case_of(token, body)
    work = await desk.api("GET", "/agents/me/work", token)
    return token, case, work["offers"][0]["id"]


async def test_a_token_opens_a_session_that_scripts_cannot_read(desk: Stage) -> None:
    token = await desk.agent()
    answer = await desk.post("/desk/sign-in", token=token, back="/desk")
    assert (answer.status, answer.headers["Location"]) == (303, "/desk")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"onecase_session={token}; Path=/;")
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Secure" not in cookie
    out = await desk.post("/desk/sign-out", token)
    assert "onecase_session=; Path=/; Max-Age=0" in out.headers["Set-Cookie"]


async def test_over_https_the_session_travels_only_there(tmp_path: Path) -> None:
    async with stage(tmp_path, public_url="https://desk.test") as desk:
        answer = await desk.post("/desk/sign-in", token=desk.admin)
        assert "; Secure" in answer.headers["Set-Cookie"]


async def test_work_that_a_person_moved_says_so(desk: Stage) -> None:
    """Why is it there: a person put it there, and no rule of that name."""
    token, case, _ = await offered(desk)
    await desk.api("POST", f"/cases/{case}/assign", desk.admin, {"queue": "billing", "reason": "an invoice"})
    assert "A person put it in the line billing." in words(await desk.get(f"/desk/case/{case}", token))


@pytest.mark.parametrize("back", ["https://evil.example/desk", "//evil.example", "/desk/../x", "/api/v1/cases"])
async def test_after_the_door_nobody_is_sent_elsewhere(desk: Stage, back: str) -> None:
    answer = await desk.post("/desk/sign-in", token=desk.admin, back=back)
    assert answer.headers["Location"] == "/desk"


async def test_wrong_tokens_get_one_sentence_and_then_have_to_wait(desk: Stage) -> None:
    for _ in range(10):
        answer = await desk.post("/desk/sign-in", token="oct_" + "x" * 43)
        assert answer.status == 401
        assert "This token does not fit." in words(answer)
        assert "Set-Cookie" not in answer.headers
    answer = await desk.post("/desk/sign-in", token=desk.admin)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) <= 60
    assert (await desk.get("/desk", desk.admin)).status == 200  # who is in stays in


async def test_a_programs_token_is_not_for_people(desk: Stage) -> None:
    made = await desk.api("POST", "/tokens", desk.admin, {"role": "integration"})
    answer = await desk.post("/desk/sign-in", token=made["token"])
    assert answer.status == 403
    assert "belongs to a program" in words(answer)
    assert (await desk.get("/desk", made["token"])).status == 401


async def test_who_is_not_signed_in_sees_the_door_alone(desk: Stage) -> None:
    _, case, offer = await offered(desk)
    for answer in (await desk.get(f"/desk/case/{case}"), await desk.post(f"/desk/offer/{offer}/accept", at=case)):
        assert answer.status == 401
        assert f'value="/desk/case/{case}"' in words(answer)
        assert "E42" not in words(answer)


async def test_a_page_of_another_site_cannot_act(desk: Stage) -> None:
    token, case, offer = await offered(desk)
    for path in ("/desk/state", f"/desk/offer/{offer}/accept", f"/desk/case/{case}/reply", "/desk/sign-out"):
        answer = await desk.post(path, token, origin=FOREIGN, state="off", text="x", channel="auto")
        assert answer.status == 403
        assert "may not act for you" in words(answer)
    assert (await desk.post("/desk/sign-in", origin=FOREIGN, token=token)).status == 403
    assert (await desk.api("GET", "/agents/me", token))["state"] == "ready"


async def test_what_customers_write_is_escaped(desk: Stage) -> None:
    token, case, _ = await offered(desk, "E42 <script>alert(1)</script> \"'><b> \u202edlog")
    for path in ("/desk", f"/desk/case/{case}"):
        page = words(await desk.get(path, token))
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &#34;&#39;&gt;&lt;b&gt;" in page
        assert "<script>alert" not in page and "\u202e" not in page


async def test_a_refusal_is_a_sentence_and_keeps_the_words(desk: Stage) -> None:
    token, case, offer = await offered(desk)
    await desk.post(f"/desk/offer/{offer}/decline", token, once="first-time")
    gone = await desk.post(f"/desk/offer/{offer}/accept", token, at=case)
    assert gone.status in (404, 409)
    assert '<p class="said bad" role="alert">' in words(gone)
    await desk.text("STOP")
    stopped = await desk.post(f"/desk/case/{case}/reply", token, text="good <i>morning", channel="auto")
    assert stopped.status == 409
    assert "told us not to write by sms" in words(stopped)
    assert "good &lt;i&gt;morning</textarea>" in words(stopped)
    stale = await desk.post(f"/desk/case/{case}/status", token, status="solved", version="1")
    assert stale.status == 412
    assert "Somebody changed it" in words(stale)


async def test_a_text_that_is_too_long_is_told_beside_its_box(desk: Stage) -> None:
    """While it is typed and when it is sent: how long it is, what is allowed; the words stay."""
    token, case, _ = await offered(desk)
    long = "half a page of words " * 30
    typed = await desk.post(f"/desk/case/{case}/preview", token, text=long, channel="auto", alone="1")
    sent = await desk.post(f"/desk/case/{case}/reply", token, text=long, channel="auto")
    assert (typed.status, sent.status) == (200, 422)
    for answer in (typed, sent):
        assert 'id="cannot">By sms this would be 5 texts, and 3 are allowed. Shorten it' in words(answer)
    assert long.strip() in words(sent)


async def test_one_text_too_many_asks_for_a_reason_beside_its_box(desk: Stage) -> None:
    """The desk says when the next one is possible, keeps the words and takes a line that says why it cannot wait."""
    token, case, _ = await offered(desk)
    for n in range(6):
        await desk.post(f"/desk/case/{case}/reply", token, text=f"answer {n}", channel="auto")
    typed = await desk.post(f"/desk/case/{case}/preview", token, text="one more", channel="auto", alone="1")
    sent = await desk.post(f"/desk/case/{case}/reply", token, text="one <more>", channel="auto")
    assert (typed.status, sent.status) == (200, 409)
    for answer in (typed, sent):
        assert "6 texts about this case went out within a day" in words(answer)
        assert '<input id="why-more" name="reason"' in words(answer)
    assert "one &lt;more&gt;</textarea>" in words(sent)
    done = await desk.post(f"/desk/case/{case}/reply", token, text="one more", channel="auto", reason="she asked")
    assert done.headers["Location"] == f"/desk/case/{case}?done=replied#latest"


async def test_a_form_sent_twice_is_done_once(desk: Stage) -> None:
    token, case, offer = await offered(desk)
    await desk.post(f"/desk/offer/{offer}/accept", token, once="accepted-1")
    for _ in range(2):
        answer = await desk.post(f"/desk/case/{case}/reply", token, text="hello", channel="auto", once="reply-0001")
        assert answer.headers["Location"] == f"/desk/case/{case}?done=replied#latest"
    other = await desk.post(f"/desk/case/{case}/reply", token, text="other", channel="auto", once="reply-0001")
    assert "This form was sent before" in words(other)
    timeline = await desk.api("GET", f"/cases/{case}/timeline", token)
    assert [e["text"] for e in timeline["items"] if e["direction"] == "out"] == ["hello"]


async def test_who_is_no_agent_may_look(desk: Stage) -> None:
    _, case, _ = await offered(desk)
    page = words(await desk.get(f"/desk/case/{case}", desk.admin))
    assert "You are signed in as admin, not as an agent" in page
    assert 'name="state"' not in page and "E42 and cold" in page


async def test_a_case_is_found_by_its_reference(desk: Stage) -> None:
    token, case, _ = await offered(desk)
    ref = (await desk.api("GET", f"/cases/{case}", token))["ref"]
    asked = f"/desk?q={ref.replace('-', '')}"
    found = await desk.until(lambda: desk.get(asked, token), lambda answer: answer.status != 404)  # it is indexed soon
    assert found.headers["Location"] == f"/desk/case/{case}#latest"
    for asked in ("000000-1", "%3Cscript%3E", "x" * 500):
        missed = await desk.get(f"/desk?q={asked}", token)
        assert missed.status == 404
        assert "There is no case" in words(missed) and "<script>" not in words(missed)


async def test_a_case_in_which_others_take_part_is_found_with_its_people(desk: Stage) -> None:
    """Whoever has the case stands there, and whoever takes part; each once."""
    token, case, _ = await offered(desk, "E42 and warbling")
    await desk.api("POST", f"/cases/{case}/participants", token, {"address": "colleague@customer.example"})
    await desk.text("another question: warbling", "+12125550177")
    found = await desk.until(
        lambda: desk.get("/desk?q=warbling", token),
        lambda answer: b"2125550177" in answer.body and answer.status == 200,
    )
    assert words(found).count("colleague@customer.example") == 1
    assert PHONE in words(found)


async def test_who_waits_longest_stands_first(desk: Stage) -> None:
    token = await desk.agent()
    for n in range(3):
        await desk.text(f"E42 {n}", f"+1212555015{n}")
    found = await desk.until(lambda: desk.api("GET", "/cases", token), lambda page: len(page["items"]) == 3)
    cases = sorted(found["items"], key=lambda case: case["ask"]["place_at"])
    page = words(await desk.get("/desk", token))
    waiting = page[page.index('data-part="waiting"') :]
    places = [waiting.index(case["ref"]) for case in cases]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "path", ["/desk/nothing", "/desk/case/case_none", "/desk/case/%00", "/desk/static/../pages.py"]
)
async def test_what_is_not_there_is_said_on_a_page(desk: Stage, path: str) -> None:
    answer = await desk.get(path, desk.admin)
    assert answer.status == 404
    assert "Traceback" not in words(answer)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/desk/state", {"state": "asleep"}),
        ("/desk/case/{case}/reply", {"text": "", "channel": "auto"}),
        ("/desk/case/{case}/reply", {"text": "x" * 2000, "channel": "pigeon"}),
        ("/desk/case/{case}/assign", {"to": "agent:agt_nobody"}),
        ("/desk/case/{case}/assign", {"to": "?"}),
        ("/desk/work/work_none/finish", {"outcome": "solved"}),
        ("/desk/work/work_none/transfer", {"to": "queue:none", "reason": "x"}),
        ("/desk/offer/x%2Fy/accept", {}),
        ("/desk/case/{case}/preview", {"text": "x", "channel": "pigeon"}),
        ("/desk/nothing", {}),
    ],
)
async def test_forms_that_make_no_sense_get_a_page(desk: Stage, path: str, form: dict[str, str]) -> None:
    token, case, _ = await offered(desk)
    answer = await desk.post(path.format(case=case), token, at=case, **form)
    assert answer.status < 500
    assert "<!doctype html>" in words(answer)


async def test_files_of_the_page_are_kept_by_the_browser(desk: Stage) -> None:
    answer = await desk.get("/desk/static/desk.js")
    assert answer.content_type.startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]


FORMS = sorted(
    {
        re.sub(r"\{\{.*?\}\}", "{}", action)
        for page in (Path(pages.__file__).parent / "templates").glob("*.html")
        for action in re.findall(r'<form method="post" action="([^"]+)"', page.read_text())
    }
)


async def test_every_form_of_the_desk_leads_somewhere(desk: Stage) -> None:
    """Whatever a page has a button for is known to the door, and to the API behind it. (A form without its fields is
    refused for what it lacks, and not because there is nothing.)"""
    token, case, _ = await offered(desk)
    assert len(FORMS) > 20
    for form in FORMS:
        place = form.replace("/case/{}", f"/case/{case}").replace("{}", "x_1")
        for more in ({}, {"customer": "x_1"}):
            answer = await desk.post(place, token, at=case, **more)
            assert "There is nothing at this address" not in answer.body.decode(), place


async def test_who_takes_part_is_left_out_and_written_to_again_by_a_button(desk: Stage) -> None:
    token, case, _ = await offered(desk)
    tom = {"address": "tom@customer.example"}
    for invited, says in (("yes", "Leave out"), ("", "Write to them too"), ("yes", "Leave out")):
        answer = await desk.post(f"/desk/case/{case}/participants", token, invited=invited, **tom)
        assert answer.status == 303
        page = words(await desk.get(f"/desk/case/{case}", token))
        assert says in page and tom["address"] in page
