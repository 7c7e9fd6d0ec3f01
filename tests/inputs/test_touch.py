"""What pages, apps and devices send with a touch, and the right outcome: taken whatever its form; keys, origins, rates."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.wire import WireRequest
from router.core.clock import Ms
from router.core.words import DAY_MS
from router.http.contact_form import BODY_BYTES_MAX, CONTEXT_BYTES_MAX, EXTRA_BYTES_MAX, IGNORED_MAX, read_contact
from router.http.contact_page import PAGE_DAYS, contact_in, page_path
from router.http.rates import Rates
from router.http.sites import ADDRESS_RATE_PER_MIN
from tests.story import Json, Story, World, problem_in
from tests.story.wire import Answered

PATH = "/api/v1/contacts"
PAGE = "http://localhost:5173"
CARD = "4111 1111 1111 1111"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door() -> AsyncIterator[Story]:
    async with Story() as story:
        yield story


async def send(
    story: World, body: bytes | Json, *, key: str | None = "site_demo", token: str | None = None, **headers: str
) -> Answered:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if key is not None:
        sent["X-Site-Key"] = key
    return await story.ask("POST", PATH, body=body, headers=sent, token=token)


async def taken(story: World, body: bytes | Json) -> tuple[list[str], Json]:
    """What was ignored, and the entries of the one case that this contact opened, by kind."""
    before = {case["id"] for case in await story.cases()}
    answer = await send(story, body)
    assert answer.status == 201, answer.body
    [case] = [case["id"] for case in await story.cases() if case["id"] not in before]
    entries = await story.timeline(case)
    return answer.json["ignored"], {e["kind"]: e for e in reversed(entries)}


ODD: list[Any] = [
    pytest.param({}, [], "", id="nothing"),
    pytest.param({"channel": None, "text": None, "context": None, "reach_me": None}, [], "", id="nulls"),
    pytest.param({"channel": "fax"}, ["channel"], "extra.channel: fax", id="unknown-channel"),
    pytest.param({"channel": "sms"}, ["channel"], "extra.channel: sms", id="channel-with-a-door-of-its-own"),
    pytest.param({"channel": ["touch"]}, ["channel"], 'extra.channel: ["touch"]', id="channel-list"),
    pytest.param({"channel": 7}, ["channel"], "extra.channel: 7", id="channel-number"),
    pytest.param({"text": 17}, ["text"], "extra.text: 17", id="text-number"),
    pytest.param({"text": {"a": 1}}, ["text"], 'extra.text: {"a": 1}', id="text-object"),
    pytest.param({"text": True}, ["text"], "extra.text: true", id="text-yes"),
    pytest.param({"address": "call me"}, ["address"], "extra.address: call me", id="address-words"),
    pytest.param({"address": "555-0142"}, ["address"], "extra.address: 555-0142", id="address-without-country"),
    pytest.param({"address": 12125550142}, ["address"], "extra.address: 12125550142", id="address-number"),
    pytest.param({"address": "a@b"}, ["address"], "extra.address: a@b", id="address-no-domain"),
    pytest.param({"address": "+" + "1" * 40}, ["address"], "extra.address: +", id="address-40-digits"),
    pytest.param({"address": "mailto:a@b.example"}, ["address"], "extra.address: mailto:", id="address-scheme"),
    pytest.param({"customer": "cus_1"}, ["customer"], "extra.customer: cus_1", id="customer-by-site-key"),
    pytest.param({"context": "E42"}, ["context"], "extra.context: E42", id="context-words"),
    pytest.param({"context": ["E42"]}, ["context"], 'extra.context: ["E42"]', id="context-list"),
    pytest.param({"context": {"Model": "x"}}, ["context.Model"], "extra.context.Model: x", id="context-capital"),
    pytest.param({"context": {"a" * 41: "x"}}, ["context." + "a" * 41], "", id="context-long-name"),
    pytest.param({"context": {"a": {"b": 1}}}, ["context.a"], 'extra.context.a: {"b": 1}', id="context-object"),
    pytest.param({"context": {"a": "x" * 501}}, ["context.a"], "extra.context.a: xxx", id="context-long-value"),
    pytest.param({"context": {"a": list(range(21))}}, ["context.a"], "extra.context.a: [0,", id="context-long-list"),
    pytest.param({"context": {"a": [["b"]]}}, ["context.a"], 'extra.context.a: [["b"]]', id="context-list-in-list"),
    pytest.param({"context": {"a": 1.5, "b": True, "c": ["x", 2]}}, [], "a: 1.5\nb: true\nc: x, 2", id="context-good"),
    pytest.param({"terms": {"until": "14:30"}}, ["terms"], 'extra.terms: {"until": "14:30"}', id="terms"),
    pytest.param({"carry": "abc"}, ["carry"], "extra.carry: abc", id="carry"),
    pytest.param({"nonsense": 5}, ["nonsense"], "extra.nonsense: 5", id="unknown-field"),
    pytest.param({"": 1}, [""], "extra.: 1", id="empty-name"),
    pytest.param({"reach_me": 7}, ["reach_me"], "extra.reach_me: 7", id="reach-number"),
    pytest.param({"reach_me": {"channel": "fax"}}, ["reach_me.channel"], "extra.reach_me.channel: fax", id="reach-fax"),
    pytest.param({"reach_me": {"x": 1}}, ["reach_me.x"], "extra.reach_me.x: 1", id="reach-unknown"),
    pytest.param({"reach_me": "after 3"}, ["reach_me (kept as words)"], "", id="reach-words"),
    pytest.param(b'{"text": "a", "text": "b"}', ["text"], "extra.text: a", id="twins"),
    pytest.param(b'{"context": {"t": NaN}}', ["context.t"], "extra.context.t: NaN", id="nan"),
    pytest.param(b'{"context": {"t": 1e999}}', ["context.t"], "extra.context.t: Infinity", id="1e999"),
    pytest.param(b'{"context": {"t": ' + b"9" * 400 + b"}}", [], "t: 999", id="400-digits"),
    pytest.param(b'{"x": ' + b"9" * 5000 + b"}", ["x"], "extra.x: 999", id="5000-digits"),
    pytest.param(b'{"x": ' + b"[" * 300 + b"]" * 300 + b"}", ["x"], "extra.x: [nested too deep]", id="depth-300"),
    pytest.param(b'{"x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", ["body"], "extra.body: nested", id="depth-50000"),
    pytest.param(b'{"context": {"a": "\\ud800"}}', [], "a: \ufffd", id="lone-surrogate"),
    pytest.param(b'{"\\ud800": 1}', ["\ufffd"], "extra.\ufffd: 1", id="lone-surrogate-name"),
    pytest.param(b'{"context": {"a": "\xff"}}', [], "a: \ufffd", id="no-utf-8"),
    pytest.param(b'\xef\xbb\xbf{"context": {"a": "b"}}', [], "a: b", id="byte-order-mark"),
    pytest.param({"context": {"a": "b\nfake: row\x00"}}, [], "a: b fake: row", id="one-row-stays-one"),
    pytest.param({"context": {"card": CARD}}, [], "card: [card number removed]", id="card"),
    pytest.param({"context": {"a": "4111-1111-1111-1111."}}, [], "a: [card number removed].", id="card-dashes"),
    pytest.param({"context": {"a": "4111111111111112"}}, [], "a: 4111111111111112", id="no-card"),
    pytest.param({"context": {"page": "https://x/?token=abc&b=1"}}, [], "page: https://x/?token=[removed]&b=1",
                 id="token-in-address"),
    pytest.param({"context": {"password": "hunter2"}}, ["context.password"], "password: [removed]", id="password"),
    pytest.param({"auth": {"Authorization": "Bearer x"}}, ["auth"], 'extra.auth: {"Authorization": "[removed]"}',
                 id="authorization-inside"),
    pytest.param({"secretKey": "s3cr3t"}, ["secretKey"], "extra.secretKey: [removed]", id="secret-field"),
]  # fmt: skip


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("body", "ignored", "row"), ODD)
async def test_a_contact_is_never_refused_for_its_form(
    door: Story, body: bytes | Json, ignored: list[str], row: str
) -> None:
    """Whatever the object, it is a contact on a case; what cannot be used is named and stands there for a person."""
    named, entries = await taken(door, body)
    assert named == ignored
    assert row in (entries["context"]["text"] if "context" in entries else "")
    assert "message" in entries


@pytest.mark.asyncio(loop_scope="module")
async def test_row27_a_card_number_is_not_kept(door: Story) -> None:
    """Abuse 27: a card number in words, context, names or wishes, and what is named as a secret, is nowhere on disk."""
    secret = "hunter2-the-secret"
    await taken(door, {"text": f"my card is {CARD} and 5500005555555559", "reach_me": {"at": f"with {CARD}"},
                       "context": {"api_token": secret, "last_errors": [f"password={secret}"], "note": CARD},
                       CARD: 1, "x": {"deep": [CARD], "password": {"inner": secret}}})  # fmt: skip
    kept = b"".join(file.read_bytes() for file in door.data.iterdir())
    for gone in (CARD, "5500005555555559", secret):
        assert gone.encode() not in kept


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"[" * 50_000, id="deep-list"),
        pytest.param(b'"E42"', id="word"),
        pytest.param(b"E42", id="words"),
        pytest.param(b'{"text": "cut of', id="cut-off"),
        pytest.param(b'{"a": 1} {"b": 2}', id="two"),
        pytest.param(b"text=E42", id="form"),
    ],
)
async def test_what_is_no_object_is_refused(door: Story, body: bytes) -> None:
    """Row 47: a body that is no JSON object is 400 with a sentence that says so, and nothing is kept."""
    before = len(await door.cases())
    problem = problem_in(await send(door, body))
    assert problem["status"] == 400
    assert "JSON object" in problem["detail"]
    assert len(await door.cases()) == before


@pytest.mark.asyncio(loop_scope="module")
async def test_too_large_is_refused(door: Story) -> None:
    """Size refuses, with words that a page may read; long words that fit are cut, and said to be."""
    large = b'{"text": "' + b"x" * BODY_BYTES_MAX + b'"}'
    answer = await send(door, large, Origin=PAGE)
    assert problem_in(answer)["status"] == 413
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    named, entries = await taken(door, {"text": "x" * 30_000})
    assert named == ["text"]
    assert len(entries["message"]["text"]) == 20_000


@pytest.mark.asyncio(loop_scope="module")
async def test_any_type_of_content_and_any_query(door: Story) -> None:
    """A device may say that it sends text, a page may add what it likes to the address, and a stale version is none."""
    for kind in ("text/plain", "application/octet-stream", ""):
        assert (await send(door, b"{}", Content_Type=kind)).status == 201
    odd = {"X-Site-Key": "site_demo", "If-Match": "nonsense"}
    assert (await door.ask("POST", f"{PATH}?utm=1&utm=2", body={}, headers=odd, token=None)).status == 201


# --- keys, origins, rates ---------------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
async def test_keys(door: Story) -> None:
    """A wrong key is 401, and so is none; a key opens nothing but this path; revoked, it opens that no more."""
    assert problem_in(await send(door, {}, key="site_wrong"))["status"] == 401
    assert problem_in(await send(door, {}, key=None))["status"] == 401
    assert problem_in(await send(door, {}, key=""))["status"] == 401
    for path in ("/api/v1/cases", "/api/v1/sites", "/api/v1/agents"):
        answer = await door.ask("GET", path, headers={"X-Site-Key": "site_demo", "Origin": PAGE}, token=None)
        assert problem_in(answer)["status"] == 401
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert problem_in(await door.ask("GET", PATH, headers={"X-Site-Key": "site_demo"}, token=None))["status"] == 405
    made = await door.api("POST", "/sites", {"name": "Thermostats"})
    assert set(made) == {"id", "key", "name", "origins", "rate_per_min"}
    assert (await send(door, {}, key=made["key"])).status == 201
    listed = (await door.api("GET", "/sites"))["items"]
    assert {site["name"] for site in listed} == {"demo", "Thermostats"}
    assert made["key"] not in json.dumps(listed)
    await door.restarts()
    assert (await send(door, {}, key=made["key"])).status == 201
    await door.api("DELETE", f"/sites/{made['id']}")
    assert problem_in(await send(door, {}, key=made["key"]))["status"] == 401
    assert (await door.refused("DELETE", f"/sites/{made['id']}"))["status"] == 404
    kept = b"".join(file.read_bytes() for file in door.data.iterdir())
    assert made["key"].encode() not in kept


@pytest.mark.asyncio(loop_scope="module")
async def test_who_makes_keys(door: Story) -> None:
    """Keys are made, seen and revoked by admins alone; a name and sound origins are needed."""
    for role in ("agent", "lead", "ops", "integration"):
        token = await door.token(role)
        assert (await door.refused("POST", "/sites", {"name": "x"}, token=token))["status"] == 403
        assert (await door.refused("GET", "/sites", token=token))["status"] == 403
        assert (await send(door, {}, key=None, token=token)).status == 201
    for origin in (
        "shop.example",
        "https://shop.example/path",
        "ftp://x",
        "*",
        "null",
        "https://*.example",
        "https://",
    ):
        assert (await door.refused("POST", "/sites", {"name": "x", "origins": [origin]}))["status"] == 422, origin
    assert (await door.refused("POST", "/sites", {"name": ""}))["status"] == 422
    assert (await door.refused("POST", "/tokens", {"role": "site"}))["status"] == 422


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("origins", "origin", "is_let_in"),
    [
        pytest.param([], None, True, id="device"),
        pytest.param([], "https://shop.example", False, id="page-with-a-devices-key"),
        pytest.param(["https://Shop.example"], "https://shop.example", True, id="its-page"),
        pytest.param(["https://shop.example"], None, True, id="no-origin"),
        pytest.param(["https://shop.example"], "http://shop.example", False, id="other-scheme"),
        pytest.param(["https://shop.example"], "https://shop.example:8443", False, id="other-port"),
        pytest.param(["https://shop.example"], "https://shop.example.evil.example", False, id="longer"),
        pytest.param(["https://shop.example"], "https://evil-shop.example", False, id="ends-alike"),
        pytest.param(["https://shop.example"], "null", False, id="null"),
        pytest.param(["https://shop.example"], "", False, id="empty"),
        pytest.param(["loopback"], "http://127.0.0.1:3000", True, id="loopback-4"),
        pytest.param(["loopback"], "http://[::1]:3000", True, id="loopback-6"),
        pytest.param(["loopback"], "https://localhost", True, id="localhost"),
        pytest.param(["loopback"], "http://localhost.evil.example", False, id="looks-like-localhost"),
        pytest.param(["loopback"], "http://127.0.0.1.evil.example", False, id="looks-like-loopback"),
        pytest.param(["loopback"], "loopback", True, id="the-word-itself"),
    ],
)
async def test_row8_a_key_is_bound_to_its_origins(
    door: Story, origins: list[str], origin: str | None, is_let_in: bool
) -> None:
    """Abuse 8: a key copied to another page is 403, and that page may not read the answer; its own page may."""
    made = await door.api("POST", "/sites", {"name": "x", "origins": origins})
    headers = {} if origin is None else {"Origin": origin}
    answer = await send(door, {"text": "hello"}, key=made["key"], **headers)
    assert answer.status == (201 if is_let_in else 403)
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if is_let_in else None)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    await door.api("DELETE", f"/sites/{made['id']}")


@pytest.mark.asyncio(loop_scope="module")
async def test_preflight(door: Story) -> None:
    """A browser asks first: allowed for pages that some key is for, on this path alone, by POST alone."""
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-site-key"}
    answer = await door.ask("OPTIONS", PATH, headers=asks, token=None)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert "X-Site-Key" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Vary"] == "Origin"
    other = await door.ask("OPTIONS", PATH, headers={**asks, "Origin": "https://evil.example"}, token=None)
    elsewhere = await door.ask("OPTIONS", "/api/v1/cases", headers=asks, token=None)
    for refused in (other, elsewhere):
        assert refused.status in (401, 403)
        assert "Access-Control-Allow-Origin" not in refused.headers


async def test_too_many_are_told_when_to_come_again() -> None:
    """A key has its own rate: 429 with the seconds until the next one, and after these it is taken."""
    async with Story() as story:
        made = await story.api("POST", "/sites", {"name": "x", "rate_per_min": 3})
        key = made["key"]
        assert [(await send(story, {}, key=key)).status for _ in range(4)] == [201, 201, 201, 429]
        refused = await send(story, {}, key=key)
        assert problem_in(refused)["status"] == 429
        assert (await send(story, {})).status == 201
        await story.passes(seconds=int(refused.headers["Retry-After"]))
        assert [(await send(story, {}, key=key)).status for _ in range(2)] == [201, 429]
        assert len(await story.cases()) == 5


async def test_one_address_does_not_spend_a_sites_rate() -> None:
    """From one address of the open network fewer are taken than the key allows; a neighbour in the same IPv6 network is
    the same one, a proxy in a private network is nobody in particular."""
    async with Story() as story:
        assert story.running is not None
        sites, now = story.running.service.sites, Ms(0)
        statuses: dict[str, int] = {}
        for remote in ("9.9.9.9", "9.9.9.10", "2620:fe::9", "2620:fe::fe", "10.0.0.1", "127.0.0.1", ""):
            request = WireRequest("POST", PATH, {"X-Site-Key": "site_demo"}, b"{}", remote)
            for _ in range(ADDRESS_RATE_PER_MIN + 1):
                try:
                    sites.identify(request, now=now)
                    statuses[remote] = statuses.get(remote, 0) + 1
                except Exception as problem:
                    assert getattr(problem, "status", None) == 429
        assert [statuses.get(one, 0) for one in ("9.9.9.9", "9.9.9.10", "2620:fe::9", "2620:fe::fe", "10.0.0.1")] == [
            60, 60, 60, 0, 61
        ]  # fmt: skip


def test_buckets_are_bounded() -> None:
    """Whoever comes from ever new addresses takes no more memory than is set aside; who comes regularly is counted."""
    rates = Rates(buckets_max=100)
    for n in range(10_000):
        assert rates.wait_ms(f"n{n}", per_min=10, now=Ms(n)) == 0
        rates.wait_ms("often", per_min=1, now=Ms(n))
    assert len(rates) == 100
    assert rates.wait_ms("often", per_min=1, now=Ms(10_000)) > 0


async def test_row43_a_key_belongs_to_one_request() -> None:
    """Row 43: the same request under one Idempotency-Key is one contact; another one is 409; keys are of one site."""
    async with Story() as story:
        once = {"Idempotency_Key": "press-1"}
        first, again = [await send(story, {"text": "E42"}, **once) for _ in range(2)]
        assert (first.status, first.body) == (201, again.body)
        assert (await send(story, {"text": "E43"}, **once)).status == 409
        made = await story.api("POST", "/sites", {"name": "x"})
        assert (await send(story, {"text": "E43"}, key=made["key"], **once)).status == 201
        assert len(await story.cases()) == 2


# --- pages and bounds -------------------------------------------------------------------------------------------------


def test_row9_a_pages_link_cannot_be_made_up() -> None:
    """Abuse 7, 9: a link of ours opens its contact until its time is over; any other character, and it opens none."""
    secret, contact, now = b"s" * 32, "con_" + "0" * 12 + "ab" * 10, Ms(1_000_000_000)
    path = page_path(secret, contact, now=now)
    assert contact_in(secret, path, now=now) == contact
    assert contact_in(secret, path, now=Ms(now + PAGE_DAYS * DAY_MS)) is None
    assert contact_in(b"t" * 32, path, now=now) is None
    for at in range(3, len(path)):
        other = path[:at] + ("0" if path[at] != "0" else "1") + path[at + 1 :]
        assert contact_in(secret, other, now=now) is None
    for odd in ("/c/", "/c/x", "/c/..%2f", path + "x", path.upper(), "/c/" + "é" * 70):
        assert contact_in(secret, odd, now=now) is None


def test_bounds() -> None:
    """However much comes along, context, what could not be used and its names stay within their limits."""
    many = {f"N{n}": "x" * 400 for n in range(300)}
    context = {f"{'a' * (n % 26 + 1)}_{chr(97 + n // 26)}": "y" * 400 for n in range(60)}
    form = read_contact(WireRequest("POST", PATH, body=json.dumps({**many, "context": context}).encode()))
    assert sum(len(k) + len(v) for k, v in form.context.items()) <= CONTEXT_BYTES_MAX
    assert sum(len(k) + len(v) for k, v in form.extra.items()) <= EXTRA_BYTES_MAX
    assert len(form.named()) == IGNORED_MAX + 1
    assert form.named()[-1].startswith("and ")


KNOWN = ("channel", "address", "customer", "text", "context", "reach_me", "terms", "carry")
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
ANY = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
                   max_leaves=8)  # fmt: skip
OBJECTS = st.dictionaries(st.sampled_from(KNOWN) | st.text(max_size=10), ANY, max_size=6)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[asyncio.AbstractEventLoop, Story]]:
    loop = asyncio.new_event_loop()
    story = loop.run_until_complete(Story().__aenter__())
    yield loop, story
    loop.run_until_complete(story.__aexit__(None, None, None))
    loop.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=OBJECTS)
def test_any_object_is_a_contact(running: tuple[asyncio.AbstractEventLoop, Story], body: Json) -> None:
    """Property: any JSON object is 201; each field that is not known, or has a kind of value that it cannot have, is
    named in `ignored`, and nothing that can be used is."""
    loop, story = running
    raw = json.dumps(body).encode()
    answer = loop.run_until_complete(send(story, raw, key=None, token="oct_the-admin-of-the-stories"))
    assert answer.status == 201, answer.body
    ignored: list[str] = answer.json["ignored"]
    for name, value in body.items():
        shown = name.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
        usable = value is None or (
            (name == "text" and isinstance(value, str))
            or (name == "context" and isinstance(value, dict))
            or (name == "reach_me" and isinstance(value, dict | str))
        )
        if usable:
            assert shown not in ignored
        elif name not in ("channel", "address", "customer"):
            assert shown in ignored
    if isinstance(body.get("context"), dict):
        for name, value in body["context"].items():
            if isinstance(value, dict):
                assert any(one.startswith("context.") for one in ignored), name
