"""Files that came along: fetched from the provider alone, handed on as downloads (rows 14 and 15)."""

import asyncio
import base64

import pytest
from aiohttp import web
from multidict import CIMultiDict

from channels.sandbox.account import SANDBOX_SID
from channels.transport import AiohttpTransport
from channels.twilio_media import TwilioMedia
from channels.wire import WireRequest, WireResponse
from tests.story import HERS, OURS, Json, Story, World, free_port

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
MEDIA = f"/2010-04-01/Accounts/{SANDBOX_SID}/Messages/MM1/Media/ME1"


async def attachments(story: World) -> list[Json]:
    case = await story.one_case()
    return [a for e in await story.timeline(case["id"], "message") for a in e["attachments"]]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        pytest.param("image/png", "image/png", id="picture"),
        pytest.param("image/svg+xml", "application/octet-stream", id="svg-may-run-script"),
        pytest.param("text/html", "application/octet-stream", id="html"),
        pytest.param("application/x-made-up", "application/octet-stream", id="unknown"),
    ],
)
async def test_a_file_is_a_download_of_a_harmless_type(sent: str, shown: str) -> None:
    """Whatever a customer sends is handed on as a download that no browser runs."""
    async with Story() as story:
        await story.phone().texts("look", media=[{"content_type": sent, "base64": PNG}])
        [file] = await attachments(story)
        assert (file["type"], file["missing"]) == (sent, False)
        answer = await story.ask("GET", file["url"])
        assert (answer.status, answer.body) == (200, base64.b64decode(PNG))
        assert answer.headers["Content-Type"] == shown
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert (await story.ask("GET", file["url"], token=None)).status == 401


async def test_row14_dead_files_leave_the_text_whole() -> None:
    """Row 14: ten files that are gone: the text is kept, each file is asked for twice and then said to be missing."""
    async with Story() as story:
        dead = [f"{story.sandbox}{MEDIA}{n}" for n in range(10)]
        await story.phone().texts("ten pictures", media=dead)
        case = await story.one_case()
        assert await story.said(case["id"]) == ["ten pictures"]
        files = await attachments(story)
        assert len(files) == 10 and all(file["missing"] for file in files), "seen before anybody clicks"
        marks = [e["facts"]["file"] for e in await story.timeline(case["id"], "status") if "file" in e["facts"]]
        assert marks == [file["id"] for file in files], "a row each, once"
        ana = await story.agent("Ana")
        page = await ana.page(case["id"])
        assert page.count("missing at the provider") == 20 and "/api/v1/media/" not in page
        asked = len(await story.traffic("rest", "/Media/ME10"))
        for file in files:
            refusal = await story.refused("GET", file["url"].removeprefix("/api/v1"))
            assert (refusal["status"], refusal["title"]) == (404, "Missing at the provider")
        assert len(await story.traffic("rest", "/Media/ME10")) == asked + 2


async def test_row15_a_foreign_address_is_never_asked() -> None:
    """Row 15: an address that is not the provider's is not asked for anything, with or without credentials."""
    asked: list[str] = []

    async def note(request: web.BaseRequest) -> web.Response:
        asked.append(request.raw_path)
        return web.Response(text="gotcha")

    runner = web.ServerRunner(web.Server(note))
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with Story() as story:
            own = story.sandbox.removeprefix("http://")
            foreign = [
                f"http://127.0.0.1:{port}{MEDIA}",
                f"http://localhost:{port}/picture.png",
                f"http://{own}@127.0.0.1:{port}{MEDIA}",
                f"{story.sandbox}/2010-04-01/Accounts/{SANDBOX_SID}.json",
                f"{story.sandbox}/2010-04-01/Accounts/{SANDBOX_SID}/Messages.json",
                f"{story.sandbox}{MEDIA}/../../../../{SANDBOX_SID}.json",
                f"https://{own}{MEDIA}",
                f"{story.sandbox}/traffic",
            ]
            await story.phone().texts("click me", media=foreign)
            files = await attachments(story)
            assert len(files) == len(foreign)
            before = len(await story.traffic("rest"))
            for file in files:
                refusal = await story.refused("GET", file["url"].removeprefix("/api/v1"))
                assert (refusal["status"], refusal["title"]) == (409, "Not fetched")
                assert "not the provider's host" in refusal["detail"]
            assert len(await story.traffic("rest")) == before
            assert asked == []
    finally:
        await runner.cleanup()


async def test_a_redirect_to_a_stranger_is_not_followed() -> None:
    """A file at a host that is not configured is not fetched from there."""
    async with Story() as story:
        elsewhere = f"http://127.0.0.1:{free_port()}/else"
        sid = await story.phone().texts("look", media=[elsewhere])
        [listed] = (await story.rest(f"/Messages/{sid}/Media.json"))["media_list"]
        url = story.sandbox + listed["uri"].removesuffix(".json")
        fields = {
            "MessageSid": "MM" + "2" * 32,
            "From": HERS,
            "To": OURS,
            "Body": "",
            "NumMedia": "1",
            "MediaUrl0": url,
        }
        await story.webhook(fields)
        files = await attachments(story)
        refusal = await story.refused("GET", files[-1]["url"].removeprefix("/api/v1"))
        assert (refusal["status"], refusal["title"]) == (503, "Provider away")


class Answers:
    """A provider and its file hosts, in memory: what each address answers, and who was asked with what."""

    def __init__(self, answers: dict[str, WireResponse]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, bool]] = []

    async def send(self, request: WireRequest, *, timeout_s: float) -> WireResponse:
        self.asked.append((request.url, "Authorization" in request.headers))
        return self.answers[request.url]


def sent_on(to: str) -> WireResponse:
    return WireResponse(307, headers=CIMultiDict({"Location": to}))


FILE = "https://mms.twiliocdn.com/AC1/file?Signature=x%2By"
TWILIO = "https://api.twilio.com" + MEDIA


def twilio_media(answers: Answers) -> TwilioMedia:
    hosts = ["*.twiliocdn.com", "files.example"]
    return TwilioMedia(answers, base_url="https://api.twilio.com", user="AC", secret="s", file_hosts=hosts)


@pytest.mark.parametrize("target", [FILE, "https://files.example/1"])
async def test_a_file_host_is_asked_once_and_without_credentials(target: str) -> None:
    """Twilio keeps files elsewhere and sends us on: the address it gives lets in by itself."""
    answers = Answers({TWILIO: sent_on(target), target: WireResponse(200, b"png", "image/png")})
    found = await twilio_media(answers).fetch(TWILIO)
    assert found is not None
    assert (found.status, found.body) == (200, b"png")
    assert answers.asked == [(TWILIO, True), (target, False)]


@pytest.mark.parametrize(
    "target",
    [
        "http://mms.twiliocdn.com/file",
        "https://evil.example/mms.twiliocdn.com",
        "https://twiliocdn.com.evil.example/file",
        "https://eviltwiliocdn.com/file",
        "https://user@mms.twiliocdn.com/file",
        "https://mms.twiliocdn.com:8443/file",
        "https://evil.example\\.twiliocdn.com/file",
        "https://a.files.example/file",
        "https://[mms.twiliocdn.com/file",
        "//mms.twiliocdn.com/file",
        "/relative",
        "",
    ],
)
async def test_nobody_else_is_asked_however_it_is_written(target: str) -> None:
    answers = Answers({TWILIO: sent_on(target)})
    found = await twilio_media(answers).fetch(TWILIO)
    assert found is not None
    assert found.status == 307
    assert answers.asked == [(TWILIO, True)]


async def test_a_second_redirect_is_not_followed() -> None:
    answers = Answers({TWILIO: sent_on(FILE), FILE: sent_on(FILE)})
    found = await twilio_media(answers).fetch(TWILIO)
    assert found is not None
    assert found.status == 307
    assert len(answers.asked) == 2


async def test_a_file_may_have_16_mib_and_no_more() -> None:
    """What is larger is not fetched to the end; the answer says so, and the service goes on."""
    size = 16 * 1024 * 1024

    async def send(request: web.BaseRequest) -> web.Response:
        return web.Response(body=bytes(size + int(request.path[-1])), content_type="image/png")

    runner = web.ServerRunner(web.Server(send))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
    transport = AiohttpTransport(body_bytes_max=size)
    try:
        media = TwilioMedia(transport, base_url=f"http://127.0.0.1:{port}", user="AC", secret="s")
        found = await media.fetch(f"http://127.0.0.1:{port}{MEDIA}0")
        assert found is not None
        assert len(found.body) == size
        with pytest.raises(Exception, match="larger than"):
            await media.fetch(f"http://127.0.0.1:{port}{MEDIA}1")
    finally:
        await transport.close()
        await runner.cleanup()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("base", "url", "ours"),
    [
        ("https://api.twilio.com", "https://api.twilio.com" + MEDIA, True),
        ("https://api.twilio.com", "https://api.dublin.ie1.twilio.com" + MEDIA, True),
        ("https://api.dublin.ie1.twilio.com", "https://api.twilio.com" + MEDIA, True),
        ("https://api.twilio.com", "http://api.twilio.com" + MEDIA, False),
        ("https://api.twilio.com", "https://api.twilio.com.evil.example" + MEDIA, False),
        ("https://api.twilio.com", "https://evil.example/api.twilio.com" + MEDIA, False),
        ("https://api.twilio.com", "https://apiXtwilio.com" + MEDIA, False),
        ("https://api.twilio.com", "https://api.twilio.com:8443" + MEDIA, False),
        ("https://api.twilio.com", "https://user@api.twilio.com" + MEDIA, False),
        ("https://api.twilio.com", "https://api.twilio.com\\@evil.example" + MEDIA, False),
        ("https://sip.example/api/laml", "https://sip.example/api/laml" + MEDIA, True),
        ("https://sip.example/api/laml", "https://api.twilio.com" + MEDIA, False),
        ("https://api.twilio.com", "https://[api.twilio.com" + MEDIA, False),
    ],
)
async def test_whose_address_it_is(base: str, url: str, ours: bool) -> None:
    """Only scheme, host and port of the provider count, and all of Twilio's own hosts where it is Twilio."""
    async with AiohttpTransport() as transport:
        assert TwilioMedia(transport, base_url=base, user="AC", secret="s").is_ours(url) is ours


async def test_an_id_that_is_no_file_leads_nowhere() -> None:
    """Words that look like a file's row are not fetched: only files are, by their own ids."""
    async with Story() as story:
        await story.phone().texts(f"image/png {story.sandbox}/2010-04-01/Accounts/{SANDBOX_SID}.json")
        screen = await story.stream(since=0)
        await story.settles()
        metrics = (await story.ask("GET", "/metrics")).body.decode()
        end = int(float(next(li.split()[1] for li in metrics.splitlines() if li.startswith("onecase_journal_seq"))))
        events = await screen.until(end)
        ids = {str(v) for e in events for v in e["data"].values() if isinstance(v, str) and "_" in v}
        for id in {*ids, "med_" + "0" * 32, "v_" + "0" * 32, "%00", "med_%27"}:
            assert (await story.refused("GET", f"/media/{id}"))["status"] == 404
