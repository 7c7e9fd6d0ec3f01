"""Bad requests to the API and the right outcome: rows 41 to 48, strangers' ids, logs and secrets."""

import asyncio
import json
from urllib.parse import quote

import pytest

from tests.story import OURS, Answered, Json, RealStory, Story, World, problem_in

JSON = {"Content-Type": "application/json"}


async def journaled(story: World) -> int:
    metrics = (await story.ask("GET", "/metrics")).body.decode()
    return int(float(next(li.split()[1] for li in metrics.splitlines() if li.startswith("onecase_journal_seq"))))


async def post(story: World, body: bytes, path: str = "/api/v1/agents") -> Answered:
    """A raw body that must leave no trace in the log."""
    before = await journaled(story)
    answer = await story.ask("POST", path, body=body, headers=JSON)
    assert await journaled(story) == before
    return answer


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": "Ana", "skils": {"a": 1}}, "body.skils"),
        ({"name": "Ana", "__proto__": 1}, "body.__proto__"),
        ({"nmae": "Ana"}, "body.nmae"),
        ({"name": "Ana", "capacity": {"fax": 1}}, "body.capacity.fax"),
    ],
)
async def test_row41_an_unknown_field_is_named(body: Json, named: str) -> None:
    """Row 41: a field that does not exist is refused by its name."""
    async with Story() as story:
        problem = problem_in(await post(story, json.dumps(body).encode()))
        assert problem["status"] == 422
        assert named in [".".join(str(part) for part in e["loc"]).removesuffix(".[key]") for e in problem["errors"]]
        assert all(e["msg"] for e in problem["errors"])


async def test_row41_an_unknown_parameter_is_named() -> None:
    """Row 41: also in the query."""
    async with Story() as story:
        problem = await story.refused("GET", "/cases?statuss=open")
        assert (problem["status"], problem["errors"][0]["loc"]) == (422, ["query", "statuss"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"name": "A", "skills": {"heating": "3"}}', id="number-as-string"),
        pytest.param(b'{"name": "A", "skills": {"heating": 3.5}}', id="fraction"),
        pytest.param(b'{"name": "A", "skills": {"heating": true}}', id="yes"),
        pytest.param(b'{"name": 7}', id="string-as-number"),
        pytest.param(b'{"name": "A", "skills": {"heating": NaN}}', id="nan"),
        pytest.param(b'{"name": "A", "skills": {"heating": Infinity}}', id="infinity"),
        pytest.param(b'{"name": "A", "skills": {"heating": 1e999}}', id="1e999"),
        pytest.param(b'{"name": "A", "skills": {"heating": ' + b"9" * 5000 + b"}}", id="5000-digits"),
        pytest.param(b'{"name": "A", "name": "B"}', id="twins"),
        pytest.param(b'{"name": "A", "skills": {"a": 1, "a": 2}}', id="twins-inside"),
        pytest.param(b'{"name": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", id="depth-10000"),
        pytest.param(b'{"name": ' + b"[" * 300 + b"]" * 300 + b"}", id="depth-300"),
        pytest.param(b'{"name": "A", "x": ' + b'{"a":' * 60 + b"1" + b"}" * 60 + b"}", id="depth-60"),
        pytest.param(b'{"name": "\\ud800"}', id="lone-surrogate"),
        pytest.param(b'{"name": "\xff"}', id="no-utf-8"),
        pytest.param(b'\xef\xbb\xbf{"name": "A"}', id="byte-order-mark"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'"name"', id="word"),
        pytest.param(b"{'name': 'A'}", id="python"),
        pytest.param(b'{"name": "A"} {"name": "B"}', id="two"),
        pytest.param(b'{"name": "A",}', id="comma"),
    ],
)
async def test_row42_what_is_no_plain_json_is_refused(body: bytes) -> None:
    """Row 42: wrong types, numbers that are none, keys that come twice, nesting without end: 400, nothing kept."""
    async with Story() as story:
        assert problem_in(await post(story, body))["status"] == 400


async def test_row43_a_key_belongs_to_one_request() -> None:
    """Row 43: the same key with another body, path or method is refused; another caller's key is another key."""
    async with Story() as story:
        lead, ops = await story.token("lead"), await story.token("ops")
        made = await story.api("POST", "/agents", {"name": "Ana"}, token=lead, key="k")
        assert await story.api("POST", "/agents", {"name": "Ana"}, token=lead, key="k") == made
        problem = await story.refused("POST", "/agents", {"name": "Ben"}, token=lead, Idempotency_Key="k")
        assert problem["status"] == 409
        assert (await story.api("POST", "/agents", {"name": "Ana"}, token=ops, key="k"))["id"] != made["id"]
        answers = await asyncio.gather(
            *(story.api("POST", "/agents", {"name": "Cem"}, token=lead, key="at-once") for _ in range(5))
        )
        assert len({a["id"] for a in answers}) == 1
        for bad in ("", " ", "x" * 201, "tab\there"):
            assert (await story.refused("POST", "/agents", {"name": "A"}, Idempotency_Key=bad))["status"] == 400
        assert len((await story.api("GET", "/agents"))["items"]) == 3


async def test_who_sees_how_agents_are_reached() -> None:
    """Leads, ops and admins see role and phone of every agent, everybody their own, and nobody a password."""
    async with Story() as story:
        ana = await story.agent("Ana", phone="sip:ana:secret@pbx.example")
        lea = await story.agent("Lea", phone="+14155550202", role="lead")
        cem = await story.agent("Cem")
        ways = {"Ana": ("agent", "sip:ana@pbx.example"), "Lea": ("lead", "+14155550202"), "Cem": ("agent", None)}

        async def seen(token: str) -> dict[str, tuple[str | None, str | None]]:
            shown = (await story.api("GET", "/agents", token=token))["items"]
            return {a["name"]: (a["role"], a["phone"]) for a in shown}

        for token in (lea.token, await story.token("ops"), await story.token("admin")):
            assert await seen(token) == ways
        nobodys = dict.fromkeys(ways, (None, None))
        assert await seen(ana.token) == {**nobodys, "Ana": ways["Ana"]}
        assert await seen(await story.token("integration")) == nobodys
        for agent in (ana, lea, cem):
            me = await agent.me()
            assert (me["role"], me["phone"]) == ways[agent.name]
            assert "secret" not in str(me)


LISTS = ("/cases", "/agents", "/outbox", "/audit", "/tokens", "/policies/versions", "/customers?q=%2B1")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "paging",
    ["limit=0", "limit=-1", "limit=1000000000", "limit=x", "limit=", "limit=1.5", "limit=9" + "9" * 30,
     "after=broken", "after=", "after=-1", "after=case_", "after=..%2F..", "after=%00", "after=" + "9" * 40,
     "after=%C2%B2", "after=case_ZZZZZZZZZZZZZZZZZZZZ", "limit=1&limit=2"],
)  # fmt: skip
async def test_row44_a_page_that_is_none(path: str, paging: str, lists: Story) -> None:
    """Row 44: an impossible size or a cursor that no page gave is refused, never answered with the first page."""
    problem = await lists.refused("GET", path + ("&" if "?" in path else "?") + paging)
    assert problem["status"] == 400


async def test_row44_pages_follow_each_other_without_gap_or_repeat() -> None:
    """Row 44: from page to page every item comes once, in every list."""
    async with Story() as story:
        for n in range(7):
            await story.phone(f"+1212555100{n}").texts("hello")
            await story.api("POST", "/agents", {"name": f"Agent {n}"})
            await story.token("integration")
        case = (await story.cases())[0]["id"]
        for path in ("/cases", "/agents", "/tokens", "/audit", "/policies/versions", f"/cases/{case}/timeline"):
            whole = (await story.api("GET", f"{path}?limit=200"))["items"]
            pages: list[Json] = []
            after = ""
            while True:
                page = await story.api("GET", f"{path}?limit=2{after}")
                assert len(page["items"]) <= 2
                pages += page["items"]
                if page["next"] is None:
                    break
                after = f"&after={quote(page['next'])}"
            assert pages == whole, path


async def test_row45_a_stale_version_is_refused() -> None:
    """Row 45: whoever changes what has changed since they read it is told so; the right version is taken."""
    async with Story() as story:
        await story.phone().texts("hello")
        case = await story.one_case()
        path, body = f"/cases/{case['id']}/status", {"status": "waiting_us"}
        changed = await story.ask("POST", f"/api/v1{path}", body=body, headers={"If-Match": f'"{case["version"]}"'})
        assert changed.status == 200
        problem = await story.refused("POST", path, {"status": "solved"}, If_Match=str(case["version"]))
        assert problem["status"] == 412
        for bad in ("*", "x", "-1", "1.0", "9" * 30):
            assert (await story.refused("POST", path, body, If_Match=bad))["status"] == 400
        assert (await story.case(case["id"]))["status"] == "waiting_us"


@pytest.mark.parametrize(
    "until",
    ["2026-11-24T12:00:00", "2026-02-30T12:00:00Z", "2026-11-24T25:00:00Z", "tomorrow", "", "2026-11-24", "1764000000",
     "2026-11-24T12:00:00+99:00", "9999999-01-01T00:00:00Z", 1764000000, 1.5, True, []],
)  # fmt: skip
async def test_row46_a_time_that_is_none(until: object) -> None:
    """Row 46: a time without zone, or on a day that does not exist, is refused with what is wrong with it."""
    async with Story() as story:
        ana = await story.agent("Ana")
        problem = await ana.refused("PUT", "/agents/me/state", {"state": "away", "until": until})
        assert problem["status"] in (400, 422)
        assert problem["status"] == 422 or not isinstance(until, str)
        assert problem["errors"][0]["loc"] == ["body", "until"]
        assert (await ana.me())["state"] == "off"


@pytest.mark.parametrize("framing", ["length", "chunks"])
async def test_row47_a_body_cut_off_in_the_middle(framing: str) -> None:
    """Row 47: a request whose body ends too early is refused and keeps nothing."""
    async with Story() as story:
        before = await journaled(story)
        host, port = story.service.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST /api/v1/agents HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer oct_the-admin-of-the-stories\r\n"
        head += "Content-Type: application/json\r\nConnection: close\r\n"
        body = '{"name": "Ana"}'
        if framing == "length":
            writer.write(f"{head}Content-Length: 40\r\n\r\n{body}".encode())
        else:
            writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\nnonsense\r\n".encode())
        writer.write_eof()
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer[:200]
        assert b"Traceback" not in answer
        assert await journaled(story) == before
        assert problem_in(await post(story, body[:9].encode()))["status"] == 400


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
             "application/jsonp", "application/problem+json", "application/json, text/html"],
)  # fmt: skip
async def test_row48_another_content_type(kind: str) -> None:
    """Row 48: only JSON is read as JSON: what a form of another site can send is not."""
    async with Story() as story:
        before = await journaled(story)
        answer = await story.ask("POST", "/api/v1/agents", body=b'{"name": "Ana"}', headers={"Content-Type": kind})
        assert problem_in(answer)["status"] == 415
        assert await journaled(story) == before
        good = await story.ask(
            "POST", "/api/v1/agents", body=b'{"name": "A"}', headers={"Content-Type": "Application/JSON; charset=utf-8"}
        )
        assert good.status == 201


async def test_abuse9_ids_of_nothing_all_look_the_same() -> None:
    """Abuse 9: missing, malformed and foreign ids get the same answer, on every path."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone().texts("hello")
        case = await story.one_case()
        wrong = ["case_" + "0" * 32, "case_", "nothing", "%00", "%27%20OR%201=1--", "..%2F..%2Fetc", "%ED%A0%80",
                 case["customer"], ana.id, case["id"].upper(), case["id"] + "0", "x" * 4000, "%3Cscript%3E"]  # fmt: skip
        calls: list[tuple[str, str, Json | None]] = [
            ("GET", "/cases/{}", None),
            ("GET", "/cases/{}/timeline", None),
            ("GET", "/cases/{}/brief", None),
            ("GET", "/cases/{}/decisions", None),
            ("POST", "/cases/{}/messages", {"text": "x"}),
            ("POST", "/cases/{}/notes", {"text": "x"}),
            ("POST", "/cases/{}/status", {"status": "open"}),
            ("POST", "/cases/{}/assign", {"queue": "general"}),
        ]
        for method, path, body in calls:
            answers = [await story.ask(method, f"/api/v1{path.format(id)}", body=body) for id in wrong]
            assert {a.status for a in answers} == {404}, (path, [a.status for a in answers])
            assert len({a.body for a in answers}) == 1, path
        for method, path in (("GET", "/customers/{}"), ("DELETE", "/tokens/{}"), ("POST", "/work/{}/finish"),
                             ("POST", "/outbox/{}/retry"), ("POST", "/offers/{}/accept")):  # fmt: skip
            body = {"outcome": "x"} if "finish" in path else None
            ids = [id for id in wrong if id not in (case["customer"],)]
            token = ana.token if path.startswith(("/work", "/offers")) else None
            answers = [
                await story.ask(method, f"/api/v1{path.format(id)}", body=body, **({"token": token} if token else {}))
                for id in ids
            ]
            assert len({(a.status, a.body) for a in answers}) == 1, (path, {(a.status, a.body) for a in answers})
            assert answers[0].status in (404, 409)


async def test_abuse25_logs_cannot_be_written_by_strangers() -> None:
    """Abuse 25: line breaks, terminal escapes and quotes from outside never begin a line of the log."""
    async with RealStory() as story:
        nasty = 'x\r\n{"event":"forged"}\x1b[2J\x1b]0;owned\x07\u2028forged'
        await story.phone().texts(nasty)
        await story.webhook({"MessageSid": nasty, "From": nasty, "To": nasty, "Body": nasty})
        await story.webhook({"MessageSid": nasty}, signature=base_header(nasty))
        for path in (f"/api/v1/cases/{quote(nasty)}", f"/{quote(nasty)}", f"/api/v1/cases?q={quote(nasty)}"):
            await story.ask("GET", path)
        await story.ask("GET", "/api/v1/cases", token=base_header(nasty))
        host, port = story.service.removeprefix("http://").split(":")
        for line in (
            b"GET /\x1b[31m HTTP/1.1\r\n\r\n",
            b"\x1b[2J\r\n\r\n",
            b"GET / HTTP/1.1\r\nX: \x1b[2J\x00\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(line)
            writer.write_eof()
            async with asyncio.timeout(10):
                assert b"Traceback" not in await reader.read()
            writer.close()
        assert story.process is not None
        process = story.process
        assert await process.stops() == 0
        assert "\x1b" not in process.errors + process.output
        assert not any(line.startswith('{"event":"forged"') for line in process.errors.splitlines())
        assert all(json.loads(line) for line in process.errors.splitlines())
        assert "Traceback" not in process.errors
        await story.starts()


def base_header(text: str) -> str:
    """As much of a text as a header can carry."""
    return "".join(c for c in text if " " <= c <= "~")


CANARIES = {
    "ONECASE_BOOTSTRAP_TOKEN": "canary-bootstrap-0001",
    "ONECASE_TWILIO__AUTH_TOKEN": "canary-authtoken-0002",
    "ONECASE_TWILIO__PREVIOUS_AUTH_TOKEN": "canary-previous-0003",
    "ONECASE_TWILIO__API_KEY_SECRET": "canary-apikey-0004",
    "ONECASE_TWILIO__SIGNING_KEY": "canary-signing-0005",
}


async def test_abuse30_no_secret_shows_anywhere() -> None:
    """Abuse 30: nothing that answers or logs shows a secret: metrics, health, problems, documents, logs, audit."""
    async with RealStory(environment=CANARIES) as story:
        admin = CANARIES["ONECASE_BOOTSTRAP_TOKEN"]
        made = await story.api("POST", "/agents", {"name": "Ana"}, token=admin)
        story.phone()
        shown: list[str] = []
        for path in ("/metrics", "/healthz", "/readyz", "/openapi.json", "/docs", "/nothing", "/desk", "/api/v1/tokens",
                     "/api/v1/agents", "/api/v1/audit", "/api/v1/policies", "/api/v1/outbox", "/api/v1/cases"):  # fmt: skip
            answer = await story.ask("GET", path, token=admin)
            shown += [answer.body.decode(), str(answer.headers)]
        for body in (b"{", b'{"name": 1}', b"x" * 2_000_000):
            answer = await story.ask("POST", "/api/v1/agents", body=body, headers=JSON, token=admin)
            shown += [answer.body.decode(), str(answer.headers)]
        shown.append((await story.webhook({"MessageSid": "SM1"}, signature="x")).body.decode())
        stream = await story.stream(admin, since=0)
        await stream.until(1)
        shown.append(json.dumps(stream.frames))
        assert story.process is not None
        await story.process.stops()
        shown += [story.process.errors, story.process.output]
        for canary in (*CANARIES.values(), made["token"], "sandbox-auth-token"):
            assert not any(canary in text for text in shown[:-1]), canary
        assert not any(c in shown[-1] for c in list(CANARIES.values())[1:])
        kept = b"".join(file.read_bytes() for file in story.data.iterdir())
        for canary in (*CANARIES.values(), made["token"]):
            assert canary.encode() not in kept, canary
        await story.starts()


@pytest.mark.parametrize(
    ("phone", "says"),
    [
        pytest.param("+19005550100", "premium number", id="premium"),
        pytest.param(OURS, "our own", id="ours"),
        pytest.param("+10005550123", "Nobody can have that number", id="impossible"),
        pytest.param("+14155550201", "the phone of Ana", id="another-agents"),
        pytest.param("sip:ana@pbx.example", "the phone of Sia", id="another-agents-sip-address"),
    ],
)
async def test_a_phone_that_cannot_be_an_agents_is_refused(phone: str, says: str) -> None:
    """Where it is wrong, what was expected and what to do; nobody is made of it."""
    async with Story() as story:
        ana = {"name": "Ana", "phone": "+14155550201"}
        first = await story.api("POST", "/agents", ana, key="ana-once")
        await story.api("POST", "/agents", {"name": "Sia", "phone": "sip:ana@pbx.example"})
        before = await journaled(story)
        problem = await story.refused("POST", "/agents", {"name": "Ben", "phone": phone})
        assert (problem["status"], problem["errors"][0]["loc"]) == (422, ["body", "phone"])
        assert says in problem["detail"]
        assert "Give" in problem["detail"]
        assert problem["errors"][0]["msg"].startswith("expected a phone")
        assert await journaled(story) == before
        assert await story.api("POST", "/agents", ana, key="ana-once") == first, "asked again it is the same agent"


async def test_whoever_left_leaves_their_phone() -> None:
    """An agent without a token has left: their number is the next one's."""
    async with Story() as story:
        made = await story.api("POST", "/agents", {"name": "Ana", "phone": "+14155550201"})
        token = next(one for one in (await story.api("GET", "/tokens"))["items"] if one["agent"] == made["id"])
        await story.api("DELETE", f"/tokens/{token['id']}")
        await story.api("POST", "/agents", {"name": "Ben", "phone": "+14155550201"})
        assert (await story.refused("POST", "/agents", {"name": "Cleo", "phone": "+14155550201"}))["status"] == 422
