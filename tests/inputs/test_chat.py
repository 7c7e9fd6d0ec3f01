"""What strangers send into a chat, and the right outcome: named, answered, nothing lost, the session alive."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.chat.conversation import ANGRY_FRAMES, FRAMES_A_SECOND, OUT_MAX, Conversation, Line, Stage
from channels.chat.frames import ERRORS, TEXT_CHARS_MAX, BadFrame, read_frame
from channels.chat.sessions import SESSION_MS, Sessions
from router.core.clock import Ms
from router.core.documents import Case
from router.http.contact_form import CONTEXT_BYTES_MAX
from tests.story import Json, Story, problem_in
from tests.visitor import PAGE, Visitor

NOW = Ms(1_790_000_000_000)
CARD = "4111 1111 1111 1111"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door() -> AsyncIterator[Story]:
    async with Story() as story:
        yield story


async def case_of(story: Story, visitor: Visitor) -> str:
    """The case of a visitor, found by their session."""
    assert story.running is not None
    assert visitor.session is not None
    site = story.running.service.sites.by_key(visitor.site)
    assert site is not None
    address = f"as:chat:{site.id}/{visitor.session.partition('.')[0]}"
    loaded = await story.running.node.journal.load_by_address(address)
    [case] = [d.id for d in loaded.state.values() if isinstance(d, Case)]
    return case


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 1_000_000, id="row-19-a-megabyte"),
        pytest.param("x\n" * 10_000, id="row-19-ten-thousand-lines"),
        pytest.param("ä" * (TEXT_CHARS_MAX + 1), id="row-19-one-character-more"),
    ],
)
async def test_row_19_what_is_too_large_is_refused_and_the_session_lives(door: Story, text: str) -> None:
    """413 with a plain reason; the next message is taken."""
    visitor = Visitor(door)
    await visitor.comes()
    refused = await visitor.writes(text)
    assert (refused["error"], refused["status"]) == ("too_large", 413)
    assert str(TEXT_CHARS_MAX) in refused["detail"]
    assert (await visitor.writes("shorter"))["kind"] == "accepted"


@pytest.mark.asyncio(loop_scope="module")
async def test_row_20_markup_is_words(door: Story) -> None:
    """Markup, a javascript link, an RTL override and a zero-width space are kept as words; NUL is taken out; the desk
    escapes all of it and makes no link."""
    visitor = Visitor(door)
    await visitor.comes()
    words = "<script>alert(1)</script> javascript:alert(2) \u202egnp.exe zero\u200bwidth nul\u0000end"
    assert (await visitor.writes(words))["kind"] == "accepted"
    case = await case_of(door, visitor)
    assert (await door.said(case))[-1] == words.replace("\0", "")
    ana = await door.agent("row 20")
    page = await ana.page(case)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert 'href="javascript' not in page
    again = Visitor(door, session=visitor.session)
    await again.comes()
    assert (await again.hears("message"))["text"] == words.replace("\0", "")


@pytest.mark.asyncio(loop_scope="module")
async def test_row_21_the_same_client_id_with_other_words(door: Story) -> None:
    """The first one counts, the second gets 409, the same words again get the same answer."""
    visitor = Visitor(door)
    await visitor.comes()
    first = await visitor.writes("one", client_id="same")
    other = await visitor.writes("two", client_id="same")
    assert (other["error"], other["status"], other["client_id"]) == ("used_before", 409, "same")
    assert await visitor.writes("one", client_id="same") == first
    somebody = Visitor(door)
    await somebody.comes()
    assert (await somebody.writes("theirs", client_id="same"))["seq"] == 1, "of another session it is another message"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("how", ["stale", "forged", "of-another-site", "of-another-origin", "nonsense", "half"])
async def test_row_22_a_session_that_is_not_theirs(door: Story, how: str) -> None:
    """401, and a new session that is empty: no history, whatever `since` says."""
    mia = Visitor(door)
    await mia.comes()
    await mia.writes("for me alone")
    assert mia.session is not None
    thief = Visitor(door, session=mia.session)
    match how:
        case "stale":
            sessions = Sessions(door.running.node.means.secret)  # type: ignore[union-attr]
            site = door.running.service.sites.by_key("site_demo")  # type: ignore[union-attr]
            visitor = mia.session.partition(".")[0]
            old = Ms(door.running.node.clock.now() - SESSION_MS - 1000)  # type: ignore[union-attr]
            thief.session = sessions.session(visitor, site=site.id, origin=PAGE, now=old).token
        case "forged":
            thief.session = mia.session[:-1] + ("A" if mia.session[-1] != "A" else "B")
        case "of-another-site":
            made = await door.api("POST", "/sites", {"name": "other", "origins": [PAGE]})
            thief.site = made["key"]
        case "of-another-origin":
            thief.origin = "http://localhost:9999"
        case "nonsense":
            thief.session = "ünïcode\u0000" * 9
        case _:
            thief.session = mia.session[:40]
    await thief.connects()
    await thief.says("hello", **thief.hello(since=1))
    refused = await thief.hears("error")
    assert (refused["error"], refused["status"]) == ("bad_session", 401)
    welcome = await thief.hears("welcome")
    assert (welcome["seq"], welcome["since"]) == (0, 0)
    assert welcome["session"] not in (mia.session, None)
    assert (await thief.writes("hello"))["seq"] == 1
    assert thief.said == ["(mine m1)"]


@pytest.mark.asyncio(loop_scope="module")
async def test_row_23_a_clients_clock_is_never_asked(door: Story) -> None:
    """Five years off: the line has our time."""
    visitor = Visitor(door)
    await visitor.comes()
    said = await visitor.writes("hello", at="2031-01-01T00:00:00Z")
    assert said["at"].startswith((await door.now()).strftime("%Y-%m-%d"))


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 20_000_000)
    return packed.getvalue()


FILES: list[Any] = [
    pytest.param("holiday.png", b"MZ" + b"\0" * 100, 201, "application/x-dosexec", id="row-24-exe-named-png"),
    pytest.param("a.svg", b"<svg onload='alert(1)'/>", 201, "image/svg+xml", id="row-24-svg-with-script"),
    pytest.param("a.html", b"<html><script>1</script>", 201, "text/html", id="row-24-html"),
    pytest.param("empty.txt", b"", 201, "application/octet-stream", id="row-24-no-bytes"),
    pytest.param("b.zip", bomb(), 422, "", id="row-24-zip-bomb"),
    pytest.param("../../<img onerror=1>.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 20, 201, "image/png", id="row-24-name"),
    pytest.param("big.bin", b"\0" * (11 * 1024 * 1024), 413, "", id="row-24-eleven-megabytes"),
]


async def upload(story: Story, visitor: Visitor, name: str, content: bytes, **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {visitor.upload}", "X-File-Name": name, "Origin": PAGE, **headers}
    return await story.ask("POST", "/chat/files", body=content, headers=sent, token=None)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "content", "status", "kind"), FILES)
async def test_row_24_files_are_what_their_bytes_say(
    door: Story, name: str, content: bytes, status: int, kind: str
) -> None:
    """Typed by content, safe by name; what a browser would run is only ever downloaded; a bomb is refused unpacked."""
    visitor = Visitor(door)
    await visitor.comes()
    answer = await upload(door, visitor, name, content, **{"Content-Type": "image/png"})
    assert answer.status == status, answer.body
    if status != 201:
        problem_in(answer)
        return
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.json["type"] == kind
    if not content:
        assert answer.json["note"] == "empty"
    assert (await visitor.writes("see file", files=[answer.json["file"]]))["kind"] == "accepted"
    case = await case_of(door, visitor)
    [attached] = (await door.timeline(case, "message"))[-1]["attachments"]
    assert attached["type"] == kind
    assert "/" not in attached["name"]
    assert "<" not in attached["name"]
    got = await door.ask("GET", attached["url"])
    assert (got.status, got.body) == (200, content)
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["Content-Type"] in ("image/png", "application/octet-stream")
    again = Visitor(door, session=visitor.session)
    await again.comes()
    assert (await again.hears("message"))["files"][0]["type"] == kind


@pytest.mark.asyncio(loop_scope="module")
async def test_row_24_files_of_others_and_of_nobody(door: Story) -> None:
    """A file goes with messages of the session that uploaded it, and nobody else uploads."""
    mia, thief = Visitor(door), Visitor(door)
    await mia.comes()
    await thief.comes()
    answer = await upload(door, mia, "a.txt", b"words")
    refused = await thief.writes("mine now", files=[answer.json["file"]])
    assert (refused["error"], refused["status"]) == ("bad_file", 422)
    for odd in ("x", "ä.ö", "a.b.c", answer.json["file"][:-2]):
        assert (await mia.writes("odd", files=[odd]))["error"] == "bad_file"
    for token in ("", "x", f"{mia.upload}x", "ä.1.b", mia.session or ""):
        mine = Visitor(door, upload=token)
        assert (await upload(door, mine, "a", b"x")).status == 401
    foreign = await upload(door, mia, "a", b"x", Origin="https://evil.example")
    assert foreign.status == 403
    assert (await door.ask("OPTIONS", "/chat/files", headers={"Origin": PAGE}, token=None)).status == 204
    assert (await door.ask("GET", "/chat/files", token=None)).status == 405


@pytest.mark.asyncio(loop_scope="module")
async def test_row_25_typing_a_thousand_times_is_dropped_and_not_kept(door: Story) -> None:
    """Agents see it once; nothing of it stands in the log; the session lives."""
    visitor = Visitor(door)
    await visitor.comes()
    await visitor.writes("hello")
    ana = await door.agent("row 25")
    screen = await ana.looks()
    before = door.running.node.journal.last_seq  # type: ignore[union-attr]
    for _ in range(1_000):
        await visitor.says("typing", on=True)

    async def whispered() -> Json:
        while (frame := await screen.socket.receive_json())["kind"] != "typing":
            pass
        return frame

    frame = await whispered()
    assert frame["data"]["on"] is True
    assert "seq" not in frame
    await door.passes(seconds=2)
    await visitor.says("typing", on=False)
    assert (await whispered())["data"]["on"] is False
    assert (await visitor.writes("still here"))["kind"] == "accepted"
    log = await door.running.node.journal.batches(after=before, limit=50)  # type: ignore[union-attr]
    assert {batch.kind for batch in log} <= {"OpenScreen", "TakeContact"}


ODD_FRAMES = [
    pytest.param("", "bad_frame", id="nothing"),
    pytest.param("{", "bad_frame", id="half"),
    pytest.param("[1]", "bad_frame", id="a-list"),
    pytest.param("NaN", "bad_frame", id="nan"),
    pytest.param("[" * 100_000, "bad_frame", id="a-hundred-thousand-deep"),
    pytest.param("{}", "unknown_kind", id="no-kind"),
    pytest.param('{"kind": ["hello"]}', "unknown_kind", id="kind-list"),
    pytest.param('{"kind": "fly"}', "unknown_kind", id="unknown-kind"),
    pytest.param('{"kind": "hello", "site": "site_demo"}', "hello_twice", id="hello-twice"),
    pytest.param('{"kind": "hello", "v": 2, "site": "x"}', "bad_version", id="version-2"),
    pytest.param('{"kind": "hello"}', "bad_field", id="hello-without-site"),
    pytest.param('{"kind": "message", "text": "x"}', "bad_field", id="no-client-id"),
    pytest.param('{"kind": "message", "client_id": "ä", "text": "x"}', "bad_field", id="client-id-umlaut"),
    pytest.param('{"kind": "message", "client_id": "' + "a" * 41 + '", "text": "x"}', "bad_field", id="client-id-long"),
    pytest.param('{"kind": "message", "client_id": "a", "text": 7}', "bad_field", id="text-number"),
    pytest.param('{"kind": "message", "client_id": "a", "text": " \\n"}', "bad_field", id="no-words"),
    pytest.param('{"kind": "message", "client_id": "a", "text": "x", "files": "y"}', "bad_field", id="files-word"),
    pytest.param('{"kind": "message", "client_id": "a", "files": ' + json.dumps(["x"] * 11) + "}", "too_large",
                 id="eleven-files"),
    pytest.param('{"kind": "delivered"}', "bad_field", id="no-seq"),
    pytest.param('{"kind": "read", "seq": -1}', "bad_field", id="seq-negative"),
    pytest.param('{"kind": "read", "seq": true}', "bad_field", id="seq-yes"),
    pytest.param('{"kind": "read", "seq": 1e999}', "bad_field", id="seq-infinite"),
    pytest.param('{"kind": "typing", "on": "yes"}', "bad_field", id="typing-word"),
    pytest.param('{"kind": "context", "context": "E42"}', "bad_field", id="context-word"),
    pytest.param('{"kind": "context", "context": {"a": "' + "x" * 70_000 + '"}}', "too_large", id="context-70-kB"),
    pytest.param('{"kind": "leave"}', "bad_field", id="leave-nothing"),
    pytest.param('{"kind": "prove", "address": ""}', "bad_field", id="prove-nothing"),
    pytest.param('{"kind": "prove", "address": "call me"}', "no_case", id="prove-before-words"),
    pytest.param('{"kind": "code", "code": "123456"}', "no_case", id="code-before-words"),
    pytest.param('{"kind": "leave", "reach_me": {"channel": "email"}}', "no_case", id="leave-before-words"),
]  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("text", "error"), ODD_FRAMES)
async def test_odd_frames_are_named_and_the_session_lives(door: Story, text: str, error: str) -> None:
    """Whatever comes, the error has a name of the documented list, and the next message is taken."""
    visitor = Visitor(door)
    await visitor.comes()
    await visitor.says_raw(text)
    refused = await visitor.hears("error")
    assert (refused["error"], refused["status"]) == (error, ERRORS[error][0])
    assert "Traceback" not in refused["detail"]
    assert (await visitor.writes("still here"))["kind"] == "accepted"


@pytest.mark.asyncio(loop_scope="module")
async def test_frames_before_a_hello_and_frames_of_bytes(door: Story) -> None:
    """They are refused by name; a hello that was refused may be said again."""
    visitor = await Visitor(door).connects()
    await visitor.says("message", client_id="a", text="x")
    early = await visitor.hears("error")
    assert (early["error"], early["client_id"]) == ("hello_first", "a")
    assert visitor.socket is not None
    await visitor.socket.send_bytes(b"\0\1")
    assert (await visitor.hears("error"))["error"] == "bad_frame"
    await visitor.says("hello", v=1, site="site_nobody")
    assert (await visitor.hears("error"))["error"] == "bad_site"
    await visitor.says("hello", v=1, site="site_demo", identity="x.y.z")
    assert (await visitor.hears("error"))["error"] == "bad_identity"
    await visitor.says("hello", v=1, site="site_demo")
    assert (await visitor.hears("welcome"))["seq"] == 0


@pytest.mark.asyncio(loop_scope="module")
async def test_abuse_8_a_key_on_pages_of_another_site(door: Story) -> None:
    """A page of no site's origin gets no connection; one of another site's is refused the key."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await Visitor(door, origin="https://evil.example").connects()
    assert refused.value.status == 403
    made = await door.api("POST", "/sites", {"name": "shop", "origins": ["https://shop.example"]})
    page = await Visitor(door, origin="https://shop.example").connects()
    await page.says("hello", v=1, site="site_demo")
    assert (await page.hears("error"))["error"] == "bad_origin"
    assert await Visitor(door, origin="https://shop.example", site=made["key"]).comes()
    assert await Visitor(door, origin=None, site=made["key"]).comes(), "an app has no origin"


@pytest.mark.asyncio(loop_scope="module")
async def test_abuse_27_card_numbers_are_not_kept(door: Story) -> None:
    """A card number in words or context is taken out before anything is written."""
    visitor = Visitor(door)
    await visitor.comes(context={"field": CARD, "password": "hunter2"})
    await visitor.writes(f"my card is {CARD}")
    case = await case_of(door, visitor)
    told = json.dumps(await door.timeline(case))
    assert CARD not in told
    assert "hunter2" not in told
    assert "[card number removed]" in told


@pytest.mark.asyncio(loop_scope="module")
async def test_abuse_25_line_breaks_and_escapes_stay_in_the_words(door: Story) -> None:
    """CR LF and terminal escapes make no line of their own anywhere."""
    visitor = Visitor(door)
    await visitor.comes()
    words = "one\r\nERROR forged log line\x1b[31m red"
    await visitor.writes(words)
    case = await case_of(door, visitor)
    assert (await door.said(case))[-1] == words


@pytest.mark.asyncio(loop_scope="module")
async def test_sixty_messages_a_minute(door: Story) -> None:
    """More are refused with when to try again, and nothing of the session is lost."""
    visitor = Visitor(door)
    await visitor.comes()
    for n in range(61):
        await visitor.says("message", client_id=f"n{n}", text=f"line {n}")
        if n % 30 == 29:  # frames of a second are counted too
            await visitor.until(lambda f, n=n: f.get("client_id") == f"n{n}")
            await door.passes(seconds=1)
    last = await visitor.until(lambda f: f.get("client_id") == "n60")
    if last["kind"] == "accepted":  # two seconds went by, and gave room for two
        for n in (61, 62):
            last = await visitor.writes("more", client_id=f"n{n}")
    assert (last["error"], last["status"]) == ("too_many", 429)
    assert last["retry_after_s"] >= 1
    await door.passes(seconds=last["retry_after_s"])
    assert (await visitor.writes("now", client_id="now"))["kind"] == "accepted"


@pytest.mark.asyncio(loop_scope="module")
async def test_leaving_again_and_again_is_bounded(door: Story) -> None:
    """Each is a row of the case, so there are six a minute; a context that grows and grows stays within its bounds."""
    visitor = Visitor(door)
    await visitor.comes()
    await visitor.writes("hello")
    for _ in range(6):
        await visitor.says("leave", reach_me={"channel": "sms"})
        await visitor.hears("left")
    await visitor.says("leave", reach_me={"channel": "sms"})
    assert (await visitor.hears("error"))["error"] == "too_many"
    letters = "abcdefghij"
    for n in range(40):
        name = f"{letters[n % 10]}_{letters[n // 10]}"
        await visitor.says("context", context={name: "x" * 500})
    await visitor.writes("and now", client_id="now")
    [context] = await door.timeline(await case_of(door, visitor), "context")
    assert 1_000 < len(context["text"]) < CONTEXT_BYTES_MAX + 2_000


# --- the machine alone ------------------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["kind", "v", "site", "session", "since", "text", "client_id", "files", "seq", "on", "context"]),
        inner | st.sampled_from(["hello", "message", "read", "typing", "leave", "context"]), max_size=6),
    max_leaves=12).map(json.dumps)))  # fmt: skip
def test_any_frame_is_read_or_refused_by_name(text: str) -> None:
    """No frame makes anything but a frame or a named refusal."""
    try:
        read_frame(text)
    except BadFrame as bad:
        assert bad.error in ERRORS


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=60), st.integers(0, 14), st.integers(0, 12))
def test_lines_are_said_in_order_each_once(lines: list[tuple[int, bool]], since: int, seq: int) -> None:
    """Invariant 39, of the machine alone: whatever is offered to it, it says lines rising by one, from where the client
    stands."""
    talk = Conversation()
    talk.hear(json.dumps({"kind": "hello", "site": "s", "since": since}), NOW)
    talk.open(seq=seq)
    first = since if since <= seq else 0
    for n, is_ours in lines:
        talk.line(Line(seq=n, at="", author="agent", text="", message="m" if is_ours else None))
    said = [frame["seq"] for frame in map(json.loads, talk.out) if frame["kind"] == "message"]
    assert said == list(range(first + 1, first + 1 + len(said)))


def test_whoever_does_not_read_is_cut() -> None:
    """What waits for a reader is bounded, whatever is said."""
    talk = Conversation()
    for _ in range(OUT_MAX + 1):
        talk.say("x")
    assert talk.is_slow
    assert len(talk.out) == OUT_MAX


def test_a_flood_of_frames_is_dropped_and_ends_at_last() -> None:
    """Beyond so many a second nothing is even read; who never stops is cut."""
    talk = Conversation()
    for _ in range(FRAMES_A_SECOND + ANGRY_FRAMES + 1):
        talk.hear("{", NOW)
    assert talk.is_slow
    assert len(talk.out) <= FRAMES_A_SECOND + 1
    assert talk.stage is Stage.NEW


@pytest.mark.asyncio(loop_scope="module")
async def test_every_message_of_a_burst_is_answered_by_name(door: Story) -> None:
    """A client that was offline sends all it has at once: each message is accepted or refused by its name, so that it
    knows what to send again; somebody who types and types takes nothing away from what they write."""
    visitor = Visitor(door)
    await visitor.comes()
    for n in range(300):
        await visitor.says("typing", on=n % 2 == 0)
    for n in range(58):
        await visitor.says("message", client_id=f"b{n}", text=f"line {n}")
    answers: dict[str, str] = {}
    while len(answers) < 58:
        frame = await visitor.until(lambda f: f["kind"] in ("accepted", "error"))
        answers[frame["client_id"]] = frame["kind"]
    assert sorted(answers) == sorted(f"b{n}" for n in range(58))
    accepted = [id for id, kind in answers.items() if kind == "accepted"]
    assert accepted[:50] == [f"b{n}" for n in range(len(accepted))][:50]
    assert len(accepted) >= 49
