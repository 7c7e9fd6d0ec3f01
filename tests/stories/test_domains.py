"""Domains never cross: two services side by side, and people whom both know.

What one of them gave out (a token, a session, an address to answer to, a link, a key) is worth nothing at the other,
and whoever writes to one was never there at the other (S7).
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import WSServerHandshakeError

from tests.mailbox import MIA, Mailbox
from tests.story import HERS, HIS, OURS, Json, Story
from tests.story.devices import Device
from tests.visitor import Visitor

Two = tuple[Story, Story]
SAME_SID = "SM0123456789abcdef0123456789abcdef"


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    """Two services, each with a folder and a sandbox of its own."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(Story()), await stack.enter_async_context(Story())


async def links(story: Story, case: str) -> dict[str, str]:
    """The links that carry a case: a page, and the words of a text."""
    made = (await story.api("POST", f"/cases/{case}/switch", {"channel": "sms"}))["links"]
    return {"page": made["page"], "words": parse_qs(urlsplit(made["sms"]).query)["body"][0]}


async def everything(story: Story) -> str:
    """All that a service shows of its cases and customers, in one text."""
    shown: list[Json] = []
    for case in await story.cases():
        shown += [await story.case(case["id"]), *await story.timeline(case["id"])]
        shown += [await story.api("GET", f"/customers/{case['customer']}")]
    return repr(shown)


async def test_s7_who_writes_to_one_was_never_at_the_other(two: Two) -> None:
    """S7: one number that both know: each has a case of its own with its own words, finds its own alone, and a stop
    said to one does not silence the other."""
    ours, theirs = two
    await ours.phone(HERS).texts("E42 again, the boiler is cold")
    assert await theirs.cases() == []
    await theirs.phone(HERS).texts("where is my parcel")
    assert "boiler" in await everything(ours)
    assert "parcel" not in await everything(ours)
    assert "boiler" not in await everything(theirs)
    for story, own, foreign in ((ours, "boiler", "parcel"), (theirs, "parcel", "boiler")):
        assert len(await story.cases(q=own)) == 1
        assert await story.cases(q=foreign) == []
        assert len((await story.case((await story.one_case())["id"]))["contacts"]) == 1
    await theirs.phone(HERS).texts("STOP")
    ana = await ours.ready_agent("Ana", skills={"heating": 3})
    await ana.accepts()
    await ana.replies((await ours.one_case())["id"], "Is the fuse on?")
    await ours.passes(seconds=2)
    assert (await ours.phone(HERS).inbox())[-1] == "Is the fuse on?"


async def test_fault22_one_id_of_a_provider_at_both_is_one_contact_at_each(two: Two) -> None:
    """Fault 22: whatever id another domain has seen, this one takes what comes to it, once."""
    for story, text in zip(two, ("the first's", "the second's"), strict=True):
        fields = {"MessageSid": SAME_SID, "From": HERS, "To": OURS, "Body": text, "NumMedia": "0"}
        for _ in range(2):
            assert (await story.webhook(fields)).status == 200
        await story.settles()
        case = await story.one_case()
        assert await story.said(case["id"]) == [text]


async def test_tokens_and_ids_of_one_open_nothing_at_the_other(two: Two) -> None:
    """Invariant 26: a token of one is a stranger's at the other, and no id of one is anything there."""
    ours, theirs = two
    await ours.phone(HERS).texts("hello")
    case = await ours.one_case()
    ana = await ours.agent("Ana")
    for token in (ana.token, await ours.token("ops"), await ours.token("integration")):
        assert (await ours.ask("GET", "/api/v1/cases", token=token)).status == 200
        assert (await theirs.ask("GET", "/api/v1/cases", token=token)).status == 401
    for path in (f"/cases/{case['id']}", f"/customers/{case['customer']}", f"/cases/{case['id']}/timeline"):
        assert (await ours.ask("GET", f"/api/v1{path}")).status == 200
        assert (await theirs.refused("GET", path))["status"] == 404
    site = await ours.api("POST", "/sites", {"name": "shop"})
    pressed = {"text": "E42"}
    for story, status in ((ours, 201), (theirs, 401)):
        headers = {"X-Site-Key": site["key"]}
        answer = await story.ask("POST", "/api/v1/contacts", body=pressed, headers=headers, token=None)
        assert answer.status == status, answer.body


async def test_abuse_10_no_door_of_one_leads_to_a_case_of_the_other(two: Two) -> None:
    """Abuse 10: by the API, the stream from its beginning, the export, the search and the attachment, whoever works at
    one finds nothing of the other's: with tokens of their own nothing is there, and at the other's they are nobody."""
    ours, theirs = two
    await Mailbox(ours, MIA, "Mia").writes("The boiler is cold", files={"plan.txt": b"behind the wall"})
    case = await ours.one_case()
    read = await ours.api("POST", f"/customers/{case['customer']}/export")
    [file] = [one["url"] for one in read["cases"][0]["files"] if one["name"] == "plan.txt"]
    ben, ops = await theirs.ready_agent("Ben"), await theirs.token("ops")
    doors = [
        ("GET", f"/api/v1/cases/{case['id']}", ben.token),
        ("GET", f"/api/v1/cases/{case['id']}/brief", ben.token),
        ("POST", f"/api/v1/customers/{case['customer']}/export", ops),
        ("GET", file, ben.token),
        ("GET", f"/desk/case/{case['id']}", ben.token),
    ]
    for method, path, token in doors:
        assert (await ours.ask(method, path)).status == 200, path
        assert (await theirs.ask(method, path, token=token)).status == 404, path
        assert (await ours.ask(method, path, token=token)).status in (303, 401), path
    for story, found in ((ours, 1), (theirs, 0)):
        assert len(await story.cases(q="boiler")) == found
    assert (await ours.ask("GET", "/api/v1/cases?q=boiler", token=ben.token)).status == 401
    await theirs.phone(HIS).texts("my parcel")
    seen = await (await theirs.stream(ben.token, since=0)).until(await last_seq(theirs))
    assert "parcel" in repr(seen)
    assert [word for word in ("boiler", case["id"], case["customer"], MIA) if word in repr(seen)] == []
    with pytest.raises(WSServerHandshakeError, match="401"):
        await ours.stream(ben.token, since=0)


async def last_seq(story: Story) -> int:
    metrics = (await story.ask("GET", "/metrics")).body.decode()
    return int(float(next(li.split()[1] for li in metrics.splitlines() if li.startswith("onecase_journal_seq"))))


async def test_a_chat_session_of_one_is_none_at_the_other(two: Two) -> None:
    """A visitor who brings the other's session is told so, sees no line of it and begins anew; what allowed them to
    upload there allows nothing here."""
    ours, theirs = two
    visitor = Visitor(ours)
    await visitor.comes()
    await visitor.writes("my secret of yesterday")
    stranger = Visitor(theirs, session=visitor.session)
    await stranger.connects()
    await stranger.says("hello", **stranger.hello())
    assert (await stranger.hears("error"))["error"] == "bad_session"
    again = Visitor(theirs)
    assert (await again.comes())["seq"] == 0
    for story, status in ((ours, 201), (theirs, 401)):
        answer = await story.ask(
            "POST", "/chat/files", body=b"hello", headers={"X-File-Name": "a.txt"}, token=visitor.upload
        )
        assert answer.status == status, answer.body


async def test_an_answer_to_a_mail_of_one_is_a_new_mail_at_the_other(two: Two) -> None:
    """The reply address and the Message-ID of one domain prove nothing at the other: it is a case of its own there, and
    no word of ours comes into it."""
    ours, theirs = two
    mia, at_theirs = Mailbox(ours, MIA, "Mia"), Mailbox(theirs, MIA, "Mia")
    ana = await ours.ready_agent("Ana", skills={"heating": 2})
    await mia.writes("E42 again")
    await ana.accepts()
    case = await ours.one_case()
    await ana.replies(case["id"], "A technician comes at five.")
    await ours.passes(seconds=2)
    mail, before = await mia.last(), await everything(ours)
    await at_theirs.answers(mail, "Five is fine.")
    there = await theirs.one_case()
    assert [one["rule"] for one in await theirs.links(there["id"])] == ["new_case"]
    assert await everything(ours) == before
    await mia.answers(mail, "Five is fine here.")
    assert (await ours.links(case["id"]))[-1]["rule"] == "reply_address"


async def test_links_of_one_carry_nothing_at_the_other(two: Two) -> None:
    """The words of a carry link are words at the other, its page is not there, and neither is that of a touch."""
    ours, theirs = two
    await ours.phone(HERS).texts("my heating is cold")
    made = await links(ours, (await ours.one_case())["id"])
    await theirs.phone(HIS).texts(f"it is me {made['words']}")
    there = await theirs.one_case()
    assert [(c["address"], c["evidence"]) for c in there["contacts"]] == [(HIS, "weak")]
    device = Device(ours, "T100-1")
    await device.presses()
    for page in (urlsplit(made["page"]).path, urlsplit(device.page).path):
        assert (await ours.ask("GET", page, token=None)).status == 200
        assert (await theirs.ask("GET", page, token=None)).status == 404
    token = urlsplit(made["page"]).path.removeprefix("/c/")
    headers = {"X-Site-Key": "site_demo"}
    touched = await theirs.ask("POST", "/api/v1/contacts", body={"carry": token}, headers=headers, token=None)
    assert touched.json["ignored"] == ["carry (used, over or taken back)"]
    await ours.phone(HIS).texts(f"it is me {made['words']}")  # nothing there has used it up here
    assert [c["evidence"] for c in (await ours.case(await ours.phone(HIS).case()))["contacts"]][-1] == "proof"


async def test_a_device_of_one_is_unknown_at_the_other(two: Two) -> None:
    """What a device signs with a key of one domain is not believed at the other, and its code is words there."""
    ours, theirs = two
    device = Device(ours, "T100-1")
    await device.presses()
    await theirs.phone(HERS).texts(device.code)
    words, answer = await theirs.said((await theirs.one_case())["id"])
    assert words == device.code and "pairs no device" in answer
    await ours.phone(HERS).texts(device.code)
    assert (await device.presses())["device"] == {"paired": True}
    abroad = Device(theirs, "T100-1", key=device.key, secret=device.secret)
    told = await abroad.presses()
    assert told["device"]["paired"] is False
    assert told["ignored"]
