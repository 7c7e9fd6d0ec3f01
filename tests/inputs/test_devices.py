"""What devices send, and the right outcome: signatures, codes, keys. No press is turned away for its signature."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from channels.wire import WireRequest
from router.core.clock import Ms
from router.core.words import HOUR_MS
from router.http.device_signature import WINDOW_S, device_key, fresh_key_id, sign, signature_of
from router.journal.memory import MemoryJournal
from router.node.pairing_codes import CODE_MS, OF_DEVICE_MAX, TRIES_MAX, PairingCodes, codes_in
from tests.story import HIS, Json, Story
from tests.story.devices import SIGNATURE, Device

DOCS = Path(__file__).parents[2] / "docs" / "touch.md"
SECRET, NOW = b"s" * 32, Ms(1_795_460_520_000)


async def paired(story: Story, id: str) -> Device:
    """A device that somebody of us paired with whoever pressed it."""
    device = Device(story, id)
    await device.presses()
    await story.api("POST", f"/customers/{await whose(story, id)}/devices", {"code": device.code})
    return device


async def whose(story: Story, id: str) -> str:
    """The customer who has a device."""
    address = f"device:{await site(story)}/{id}"
    return next(c["customer"] for c in await story.cases() if c["contacts"][0]["address"] == address)


async def site(story: Story) -> str:
    return next(one["id"] for one in (await story.api("GET", "/sites"))["items"] if one["name"] == "demo")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door() -> AsyncIterator[Story]:
    async with Story() as story:
        yield story


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        pytest.param(lambda good: "", "not of the form KEY.TIME.SIGNATURE", id="empty"),
        pytest.param(lambda good: "x" * 5000, "not of the form KEY.TIME.SIGNATURE", id="long"),
        pytest.param(lambda good: good.replace(".", ",", 1), "not of the form KEY.TIME.SIGNATURE", id="no-form"),
        pytest.param(lambda good: good[:-1] + ("0" if good[-1] != "0" else "1"), "not signed with that key", id="wrong"),
        pytest.param(lambda good: "dvk_" + "0" * 32 + good[36:], "not signed with that key", id="another-key"),
        pytest.param(lambda good: good.replace(".17", ".18", 1), "not signed with that key", id="another-time"),
        pytest.param(lambda good: good.replace(".17", ".017", 1), "not signed with that key", id="another-spelling"),
    ],
)  # fmt: skip
async def test_a_wrong_signature_turns_nobody_away(door: Story, spoil: Any, why: str, request: Any) -> None:
    """The press is taken, as an unsigned one, and the answer says why; the device is given a code as if it were new."""
    device = await paired(door, f"spoilt-{request.node.callspec.id}")
    body = device.body()
    answer = await device.sends(body, **{SIGNATURE: spoil(await device.signature(body))})
    assert answer.status == 201
    assert answer.json["ignored"] == [f"{SIGNATURE} ({why})"]
    assert answer.json["device"]["paired"] is False
    assert answer.json["device"]["key"] != device.key


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("off_s", "is_good"), [(-WINDOW_S, True), (WINDOW_S, True), (-WINDOW_S - 1, False), (86_400, False)]
)
async def test_a_clock_that_is_off(door: Story, off_s: int, is_good: bool) -> None:
    """Within five minutes a signature holds; outside it is none, and the answer says what time it is."""
    device = await paired(door, f"clock-{off_s}")
    body = device.body()
    answer = await device.sends(body, **{SIGNATURE: await device.signature(body, off_s=off_s)})
    assert answer.json["device"]["paired"] is is_good
    assert int(answer.headers["X-Time"]) == int((await door.now()).timestamp())


@pytest.mark.asyncio(loop_scope="module")
async def test_row16_a_signed_press_that_is_replayed_is_one(door: Story) -> None:
    """Abuse 16: whoever records a signed press and sends it again adds nothing and hears what was said; with other words
    it is not signed."""
    device = await paired(door, "replayed")
    body = device.body(text="once")
    signature = {SIGNATURE: await device.signature(body)}
    first, again = [await device.sends(body, **signature) for _ in range(2)]
    assert (first.status, again.body) == (201, first.body)
    other = await device.sends(device.body(text="twice"), **signature)
    assert other.json["device"]["paired"] is False
    found = [case for case in await door.cases() if "once" in await door.said(case["id"])]
    assert await door.said(found[0]["id"]) == ["", "once", "twice"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_key_is_of_one_device_and_one_site(door: Story) -> None:
    """A device that signs in another's name, or at another site, is not that one."""
    mine, other = await paired(door, "mine"), await paired(door, "other")
    body = other.body()
    forged = await mine.sends(body, **{SIGNATURE: await mine.signature(body)})
    assert forged.json["device"]["paired"] is False
    made = await door.api("POST", "/sites", {"name": "another"})
    moved = Device(door, "mine", made["key"], mine.key, mine.secret)
    assert (await moved.presses())["device"]["paired"] is False
    nameless = b'{"text": "E42"}'
    answer = await mine.sends(nameless, **{SIGNATURE: await mine.signature(nameless)})
    assert answer.json["ignored"] == [f"{SIGNATURE} (names no device)"]
    assert "device" not in answer.json


@pytest.mark.asyncio(loop_scope="module")
async def test_wrong_codes(door: Story) -> None:
    """A code that nobody shows is 404, whatever it looks like; after five of them even the right one is not heard, 429,
    for an hour."""
    device = Device(door, "guessed")
    await device.presses()
    case = await whose(door, "guessed")
    for code in ("0000-0000", "12345678", "x", "9" * 40, device.code[:-1] + str((int(device.code[-1]) + 1) % 10)):
        assert (await door.refused("POST", f"/customers/{case}/devices", {"code": code}))["status"] == 404, code
    right = {"code": device.code}
    assert (await door.refused("POST", f"/customers/{case}/devices", right))["status"] == 429
    assert (await door.refused("POST", "/customers/cus_0/devices", right))["status"] == 404
    await door.passes(minutes=61)
    assert (await door.refused("POST", f"/customers/{case}/devices", right))["status"] == 404  # over
    await device.presses()
    assert (await door.api("POST", f"/customers/{case}/devices", {"code": device.code}))["evidence"] == "strong"
    assert (await door.refused("POST", f"/customers/{case}/devices", {"code": device.code}))["status"] == 404  # spent


@pytest.mark.asyncio(loop_scope="module")
async def test_another_who_presses_in_its_name_does_not_get_its_code(door: Story) -> None:
    """Whoever presses with the id of a device gets a code and a key of their own: the device's code stays, for its key
    alone, and theirs pairs nobody else's device once the household has said its own."""
    device, thief = Device(door, "wanted"), Device(door, "wanted")
    first = await device.presses()
    assert await device.presses() | {"id": 0, "at": 0, "page_url": 0} == first | {
        "id": 0, "at": 0, "page_url": 0, "device": {k: v for k, v in first["device"].items() if k not in ("key", "secret")}
    }  # fmt: skip
    stolen = await thief.presses()
    assert stolen["device"]["code"] != first["device"]["code"]
    assert stolen["device"]["key"] != first["device"]["key"]
    mine = await device.presses()
    assert mine["device"]["code"] == first["device"]["code"]
    customer = await whose(door, "wanted")
    await door.api("POST", f"/customers/{customer}/devices", {"code": mine["device"]["code"]})
    await door.phone(HIS).texts("hello")
    other = (await door.case(await door.phone(HIS).case()))["customer"]
    assert (await door.refused("POST", f"/customers/{other}/devices", {"code": thief.code}))["status"] == 409
    assert (await device.presses())["device"] == {"paired": True}
    assert (await thief.presses())["device"]["paired"] is False


async def test_in_lines_and_as_one_line() -> None:
    """A device without JSON: the answer in lines, a refusal too, and its page as one line, in the reader's language."""
    async with Story() as story:
        device = Device(story, "plain")
        answer = await device.sends(device.body(text="a\nb"), Accept="text/plain")
        lines = dict(line.split(": ", 1) for line in answer.body.decode().splitlines())
        assert list(lines)[:5] == ["paired", "code", "code_until", "key", "secret"]
        assert lines["paired"] == "no"
        assert lines["time"] == answer.headers["X-Time"]
        device.page = lines["page_url"]
        assert (await device.reads("text/plain")).body == (
            b"unpaired: We have it. Tell us the code that this device shows, and it is yours.\n"
        )
        assert (await device.reads("text/plain", "de")).body.startswith(b"unpaired: Es ist bei uns")
        page = await device.reads("text/html,text/plain")
        assert page.headers["Content-Type"].startswith("text/html")
        assert page.body.count(b"We have it.") == 1
        assert b"Tell us the code that this device shows" in page.body
        refused = await device.sends(b"[]", Accept="text/plain")
        assert refused.status == 400
        assert b"detail: Send a JSON object" in refused.body
        device.page = device.page[:-2] + "xx"
        gone = await device.reads("text/plain")
        assert (gone.status, gone.body[:5]) == (404, b"gone:")


async def test_the_curl_of_the_documents() -> None:
    """The lines in docs/touch.md that sign with nothing but a shell work as they stand there."""
    async with Story() as story:
        device = await paired(story, "T100-0001")
        block = next(b for b in DOCS.read_text(encoding="utf-8").split("```sh\n") if "openssl dgst" in b).split("```")[
            0
        ]
        at = int((await story.now()).timestamp())
        script = block.replace("$(date +%s)", str(at)).replace("http://127.0.0.1:8080", story.service)
        assert story.service in script
        assert f"at={at} " in script
        environment = {"KEY": device.key, "SECRET": device.secret, "PATH": "/usr/bin:/bin:/usr/local/bin"}
        ran = await asyncio.to_thread(
            subprocess.run,
            ["sh", "-c", script],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        assert '"paired":true' in ran.stdout, ran.stdout + ran.stderr


# --- without a service ------------------------------------------------------------------------------------------------


def test_any_other_character_is_another_signature() -> None:
    """Method, path, time and body are all signed: whatever differs, it is not that key's signature."""
    request = WireRequest("POST", "/api/v1/contacts", {}, b'{"a": 1}')
    key, at_s = fresh_key_id(SECRET, "one", now=NOW), NOW // 1000
    good = sign(SECRET, key, request, at_s=at_s)
    seen: Json = {SIGNATURE: good}
    assert signature_of(WireRequest("POST", request.url, seen, request.body), SECRET, now=NOW).key == key
    for method, url, body in (
        ("PUT", request.url, request.body),
        ("POST", request.url + "?", request.body),
        ("POST", request.url, request.body + b" "),
    ):
        assert signature_of(WireRequest(method, url, seen, body), SECRET, now=NOW).key == ""
    assert signature_of(WireRequest("POST", request.url, seen, request.body), b"t" * 32, now=NOW).key == ""
    assert device_key(SECRET, key) != device_key(SECRET, fresh_key_id(SECRET, "one", now=Ms(NOW + 1)))


async def test_codes_are_few_and_soon_over() -> None:
    """None twice at a time, over after a quarter of an hour, and known again after a restart."""
    journal = MemoryJournal()
    codes = PairingCodes(journal)
    given = [await codes.give(f"device:s/{n}", f"dvk_{n}", press=f"{n}", secret=SECRET, now=NOW) for n in range(500)]
    assert len({one.code for one in given}) == 500
    assert all(list(codes_in(f"it says {one.shown}, or so")) == [one.code] for one in given)
    again = PairingCodes(journal)
    await again.load()
    assert again.find(given[7].code, now=NOW) == given[7]
    assert again.find(given[7].code, now=Ms(NOW + CODE_MS)) is None
    later = Ms(NOW + CODE_MS)
    for n in range(300):
        await again.give(f"device:t/{n}", f"dvk_t{n}", press=f"t{n}", secret=SECRET, now=later)
    assert len(again) == 300
    assert len(await journal.records("pairing")) == 300


async def test_nobody_takes_away_a_code_that_a_device_shows() -> None:
    """Abuse: a stranger presses on and on in a device's name. Each code it was given stays good to its own end, with
    the key that came with it; how many there are is bounded, and the newest makes room. A retry is the same press."""
    journal = MemoryJournal()
    codes = PairingCodes(journal)
    given = [
        await codes.give("device:s/1", f"dvk_{n}", press=f"p{n}", secret=SECRET, now=Ms(NOW + n)) for n in range(30)
    ]
    again = PairingCodes(journal)
    await again.load()
    kept = [one for one in given if again.find(one.code, now=Ms(NOW + 30))]
    assert kept == [*given[: OF_DEVICE_MAX - 1], given[-1]]
    assert [one.key for one in kept[:2]] == ["dvk_0", "dvk_1"]
    assert await again.give("device:s/1", "dvk_99", press="p0", secret=SECRET, now=Ms(NOW + 40)) == given[0]
    await again.spend(given[1])
    assert again.find(given[1].code, now=NOW) is None
    assert again.find(given[0].code, now=NOW) == given[0]
    assert again.find(given[0].code, now=Ms(NOW + CODE_MS)) is None


def test_tries_are_counted() -> None:
    codes = PairingCodes(MemoryJournal())
    for n in range(TRIES_MAX):
        assert codes.is_heard("cus_1", now=Ms(NOW + n))
        codes.note_wrong("cus_1", now=Ms(NOW + n))
    assert not codes.is_heard("cus_1", now=Ms(NOW + HOUR_MS - 1))
    assert codes.is_heard("cus_2", now=NOW)
    assert codes.is_heard("cus_1", now=Ms(NOW + HOUR_MS + TRIES_MAX))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("7351 4820", 1),
        ("7351-4820.", 1),
        ("it shows 73514820", 1),
        ("7351.4820", 1),
        ("order 173514820", 0),
        ("7351-4820-1", 0),
        ("48-2196-3", 0),
        ("7351 4821", 0),
        ("\u0667\u0663\u0665\u0661 \u0664\u0668\u0662\u0660", 0),
        ("", 0),
        ("7351 4820 " * 500, 500),
    ],
)
def test_what_is_a_code(text: str, count: int) -> None:
    assert len(list(codes_in(text))) == count


# --- rows of the API --------------------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("path", "field"), [("/customers/{customer}/devices", b"code"), ("/cases/{case}/switch", b"channel")]
)
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b'{"colour": 1}', {}, 422, id="row41-unknown-field"),
        pytest.param(b'{"FIELD": NaN}', {}, 400, id="row42-nan"),
        pytest.param(b'{"FIELD": "sms", "FIELD": "sms"}', {}, 400, id="row42-twins"),
        pytest.param(b'{"x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", {}, 400, id="row42-depth"),
        pytest.param(b'{"FIELD": "sm', {}, 400, id="row47-cut-off"),
        pytest.param(b'{"FIELD": "sms"}', {"Content-Type": "text/plain"}, 415, id="row48-content-type"),
        pytest.param(b'{"FIELD": "sms"}', {"If-Match": "x"}, 400, id="row45-if-match"),
    ],
)
async def test_bad_requests_are_named(
    door: Story, path: str, field: bytes, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Rows 41 to 48: refused with words before anything is kept."""
    device = Device(door, "rows")
    await device.presses()
    customer = await whose(door, "rows")
    case = next(c["id"] for c in await door.cases() if c["customer"] == customer)
    rows = len(await door.timeline(case))
    sent = {"Content-Type": "application/json", **headers}
    where = "/api/v1" + path.format(customer=customer, case=case)
    answer = await door.ask("POST", where, body=body.replace(b"FIELD", field), headers=sent)
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(await door.timeline(case)) == rows


@pytest.mark.asyncio(loop_scope="module")
async def test_row42_a_number_is_no_code(door: Story) -> None:
    """Row 42: a code is text, for it may begin with a nought; a channel that is none is named with those that are."""
    customer = await whose(door, "guessed")
    assert (await door.refused("POST", f"/customers/{customer}/devices", {"code": 73514820}))["status"] == 400
    case = next(c["id"] for c in await door.cases() if c["customer"] == customer)
    refused = await door.refused("POST", f"/cases/{case}/switch", {"channel": 7})
    assert refused["status"] == 422
    assert "'sms'" in refused["errors"][0]["msg"]


@pytest.mark.asyncio(loop_scope="module")
async def test_who_may(door: Story) -> None:
    """Row 43: a key belongs to one request. A site's key opens neither; programs may, for their people."""
    made = {"X-Site-Key": "site_demo"}
    customer = await whose(door, "guessed")
    for path in (f"/customers/{customer}/devices", "/cases/case_1/switch"):
        refused = await door.ask("POST", f"/api/v1{path}", body={}, headers=made, token=None)
        assert refused.status == 401
    device = Device(door, "keyed")
    await device.presses()
    path, code = f"/customers/{await whose(door, 'keyed')}/devices", {"code": device.code}
    token = await door.token("integration")
    first = await door.api("POST", path, code, token=token, key="k")
    assert await door.api("POST", path, code, token=token, key="k") == first
    other = await door.refused("POST", path, {"code": "1"}, token=token, Idempotency_Key="k")
    assert other["status"] == 409
