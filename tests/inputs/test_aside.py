"""What cannot be taken however often it is tried goes aside, and nothing waits behind it (fault 23)."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from channels.email.post import Envelope
from channels.numbers import facts_of
from router.core.addresses import AddressFacts
from tests.email.builders import eml, from_mia
from tests.stories.test_erase import found_in
from tests.stories.test_retention import keeping
from tests.story import OURS, Json, Story

POISON = "+12125550199"
MAIL = {"Content-Type": "message/rfc822"}


def poisoned(address: str) -> AddressFacts:
    """Tables of numbering plans that break on some addresses."""
    if address in (POISON, "mia@customer.example", "tom@customer.example"):
        raise ZeroDivisionError
    return facts_of(address)


async def stuck(story: Story) -> list[Json]:
    return [one for one in (await story.api("GET", "/quarantine"))["items"] if one["rule"] == "cannot_be_taken"]


def breaks(story: Story, *, is_broken: bool = True) -> None:
    assert story.running is not None
    story.running.node.means.facts_of = poisoned if is_broken else facts_of


async def test_fault23_a_text_that_cannot_be_taken_goes_aside() -> None:
    """A text on which taking breaks each time is tried five times, then put aside, visibly; others are taken meanwhile
    and after, over a restart too. Once mended, it is let out with its true time."""
    async with Story() as story:
        breaks(story)
        await story.phone(POISON).texts("poison")
        sent_at = await story.now()
        await story.phone("+12125550101").texts("hello")
        assert len(await story.cases()) == 1
        assert await stuck(story) == []
        await story.passes(minutes=4)
        assert await stuck(story) == []
        await story.passes(minutes=16)
        [item] = await stuck(story)
        assert (item["channel"], item["case"], item["text"]) == ("sms", None, None)
        assert "ZeroDivisionError" in item["reasons"][0]
        await story.phone("+12125550102").texts("hello")
        assert len(await story.cases()) == 2
        assert (await story.refused("POST", f"/quarantine/{item['id']}/release", {}))["status"] == 409
        assert [one["id"] for one in await stuck(story)] == [item["id"]]
        await story.restarts()
        assert [one["id"] for one in await stuck(story)] == [item["id"]]
        await story.api("POST", f"/quarantine/{item['id']}/release", {})
        assert await stuck(story) == []
        [taken] = [case for case in await story.cases() if case["contacts"][0]["address"] == POISON]
        assert await story.said(taken["id"]) == ["poison"]
        assert abs((sent_at.timestamp() * 1000) - _ms(taken["ask"]["place_at"])) < 2000
        assert (await story.refused("POST", f"/quarantine/{item['id']}/release", {}))["status"] == 404


async def test_a_text_that_was_taken_meanwhile_is_let_out_with_its_case() -> None:
    """The provider brings a text once more that is aside, and it is taken; so it is where the service dies just after
    it is let out. Letting it out says on which case it is, and who did so and why stands there; it is aside no more."""
    async with Story() as story:
        breaks(story)
        sid = await story.phone(POISON).texts("poison")
        await story.passes(minutes=20)
        [item] = await stuck(story)
        breaks(story, is_broken=False)
        await story.webhook({"MessageSid": sid, "From": POISON, "To": OURS, "Body": "poison", "NumMedia": "0"})
        case = await story.one_case()
        told = await story.api("POST", f"/quarantine/{item['id']}/release", {"reason": "mended"})
        assert told["case"]["id"] == case["id"]
        [noted] = [row for row in await story.timeline(case["id"]) if row["facts"].get("what") == "released"]
        assert noted["text"] == "mended"
        assert await story.said(case["id"]) == ["poison"]
        assert await stuck(story) == []


async def test_fault23_a_call_that_cannot_be_taken_goes_aside() -> None:
    """The same of a call: whoever calls hears the provider's own document, and the others are served."""
    async with Story() as story:
        breaks(story)
        caller = story.phone(POISON)
        await caller.calls()
        await story.passes(minutes=40)
        [item] = await stuck(story)
        assert item["channel"] == "phone"
        breaks(story, is_broken=False)
        told = await story.api("POST", f"/quarantine/{item['id']}/release", {"reason": "mended"})
        await story.settles()
        case = await story.one_case()
        assert told["case"]["id"] == case["id"]
        assert case["ask"] is not None
        [noted] = [row for row in await story.timeline(case["id"]) if row["facts"].get("what") == "released"]
        assert noted["text"] == "mended"


async def test_fault23_a_mail_that_cannot_be_taken_goes_aside() -> None:
    """The same of a mail: after five tries its server is told that we have it, whole."""
    async with Story() as story:
        breaks(story)
        for n in range(5):
            answer = await story.ask("POST", "/email/inbound/raw", body=from_mia(), headers=MAIL)
            assert answer.status == (500 if n < 4 else 200)
        [item] = await stuck(story)
        assert item["channel"] == "email"
        breaks(story, is_broken=False)
        await story.api("POST", f"/quarantine/{item['id']}/release", {})
        case = await story.one_case()
        assert await story.said(case["id"]) == ["It is cold.", *(await story.said(case["id"]))[1:]]
        assert await stuck(story) == []


async def test_a_mail_that_is_aside_is_still_here_when_files_are_tidied_away() -> None:
    """Its server was told that we have it: after a restart too, and whatever else goes meanwhile."""
    async with Story() as story:
        breaks(story)
        for _ in range(5):
            await story.ask("POST", "/email/inbound/raw", body=from_mia(), headers=MAIL)
        [item] = await stuck(story)
        for _ in range(2):
            assert story.running is not None
            await story.running.node.journal.tidy()
            await story.restarts()
        await story.api("POST", f"/quarantine/{item['id']}/release", {})
        assert (await story.said((await story.one_case())["id"]))[0] == "It is cold."


async def test_a_mail_that_is_let_out_has_its_time_its_envelope_and_who_let_it_out() -> None:
    """Its server said that it came from nobody, three hours ago: so it is taken. Who let it out and why stands on the
    case and in the audit, and the answer is the case, under the same key again."""
    async with Story() as story:
        breaks(story)
        assert story.running is not None
        came_at, mail = await story.now(), Envelope("", ("help@support.example",), from_mia())
        for _ in range(4):
            with pytest.raises(ZeroDivisionError):
                await story.running.node.take_mail(mail)
        await story.running.node.take_mail(mail)
        [item] = await stuck(story)
        await story.passes(hours=3)
        breaks(story, is_broken=False)
        lead, path = await story.token("lead"), f"/quarantine/{item['id']}/release"
        told = await story.api("POST", path, {"reason": "a customer"}, token=lead, key="k")
        case = await story.one_case()
        assert told["case"]["id"] == case["id"]
        assert await story.api("POST", path, {"reason": "a customer"}, token=lead, key="k") == told
        [contact] = [row for row in await story.timeline(case["id"]) if row["direction"] == "in"]
        assert (contact["automatic"], abs(_ms(contact["at"]) - came_at.timestamp() * 1000) < 2000) == (True, True)
        [noted] = [row for row in await story.timeline(case["id"]) if row["facts"].get("what") == "released"]
        assert (noted["text"], noted["author"]["kind"]) == ("a customer", "agent")
        [audited] = [one for one in (await story.api("GET", "/audit"))["items"] if one["action"] == "ReleaseContact"]
        assert (audited["reason"], audited["actor_id"]) == ("a customer", noted["author"]["id"])
        metrics = (await story.ask("GET", "/metrics", token=None)).body.decode()
        assert "onecase_junk_released_total 0.0" in metrics, "it was none"


async def test_a_mail_whose_envelope_was_not_kept_is_let_out_at_its_time() -> None:
    """As versions before put it aside."""
    async with Story() as story:
        breaks(story)
        for _ in range(5):
            await story.ask("POST", "/email/inbound/raw", body=from_mia(), headers=MAIL)
        came_at, [item] = await story.now(), await stuck(story)
        assert story.running is not None
        journal = story.running.node.journal
        kept = json.loads(await journal.record("aside", item["id"]) or "")
        for name in ("sender", "recipients", "whose", "since"):
            kept.pop(name)
        await journal.put_record("aside", item["id"], json.dumps(kept))
        await story.passes(hours=3)
        await story.restarts()
        told = await story.api("POST", f"/quarantine/{item['id']}/release", {})
        [contact] = [row for row in await story.timeline(told["case"]["id"]) if row["direction"] == "in"]
        assert abs(_ms(contact["at"]) - came_at.timestamp() * 1000) < 2000


async def test_a_mail_that_is_aside_goes_with_whoever_wrote_it() -> None:
    """Erased, nothing of theirs is left in any file; what somebody else wrote stays."""
    async with Story() as story:
        breaks(story)
        theirs = eml("From: Tom <tom@customer.example>\nTo: help@support.example\nMessage-ID: <t@x>\n\nmy Wacholder\n")
        for raw in (from_mia("Message-ID: <m2@customer.example>", "my Zaubernuss is dry\n"), theirs):
            for _ in range(5):
                await story.ask("POST", "/email/inbound/raw", body=raw, headers=MAIL)
        items = await stuck(story)
        breaks(story, is_broken=False)
        await story.brings_mail(from_mia())
        assert len(items) == 2
        assert found_in(story.data, "Zaubernuss")
        customer = (await story.one_case())["customer"]
        assert (await story.api("POST", f"/customers/{customer}/erase"))["state"] == "erased"
        assert found_in(story.data, "Zaubernuss", "mia@customer.example") == []
        for _ in range(2):
            [left] = await stuck(story)
            [gone] = [one["id"] for one in items if one["id"] != left["id"]]
            assert (await story.refused("POST", f"/quarantine/{gone}/release", {}))["status"] == 404
            await story.restarts()
        assert found_in(story.data, "Wacholder")
        await story.api("POST", f"/quarantine/{left['id']}/release", {})


@pytest.mark.parametrize("is_customer", [False, True], ids=["only takes part", "is a customer too"])
async def test_a_mail_that_is_aside_goes_with_whoever_takes_part_and_wrote_it(is_customer: bool) -> None:
    """Erased where he takes part, nothing of his is left; but where he is a customer as well, it goes with that one."""
    async with Story() as story:
        await story.brings_mail(from_mia("Cc: tom@customer.example"))
        hers = await story.one_case()
        breaks(story)
        for _ in range(5):
            raw = eml("From: tom@customer.example\nTo: help@support.example\nMessage-ID: <t@x>\n\nmy Wacholder\n")
            await story.ask("POST", "/email/inbound/raw", body=raw, headers=MAIL)
        breaks(story, is_broken=False)
        [item] = await stuck(story)
        if is_customer:
            await story.brings_mail(eml("From: tom@customer.example\nTo: help@support.example\nSubject: Own\n\nmine\n"))
        done = await story.api("POST", "/participants/erase", {"address": "tom@customer.example"})
        assert done == {"cases": [hers["id"]], "state": "erased"}
        if is_customer:
            assert [one["id"] for one in await stuck(story)] == [item["id"]]
            [his] = [one["customer"] for one in await story.cases() if one["customer"] != hers["customer"]]
            assert (await story.api("POST", f"/customers/{his}/erase"))["state"] == "erased"
        for _ in range(2):
            assert await stuck(story) == []
            assert found_in(story.data, "Wacholder", "tom@customer.example") == []
            await story.restarts()
        assert len((await story.case(hers["id"]))["contacts"]) == 1


@pytest.mark.parametrize("is_held", [False, True])
async def test_a_mail_that_is_aside_has_the_time_of_the_quarantine(tmp_path: Path, is_held: bool) -> None:
    """It is gone with its words once that is over, unless a hold stands on whoever wrote it."""
    async with Story(policies=keeping(tmp_path / "p", junk="1 day")) as story:
        breaks(story)
        for _ in range(5):
            raw = from_mia("Message-ID: <m2@customer.example>", "my Zaubernuss is dry\n")
            await story.ask("POST", "/email/inbound/raw", body=raw, headers=MAIL)
        breaks(story, is_broken=False)
        await story.brings_mail(from_mia())
        customer = (await story.one_case())["customer"]
        if is_held:
            await story.api("POST", f"/customers/{customer}/hold", {"on": True})
        await story.passes(hours=20)
        assert len(await stuck(story)) == 1
        await story.passes(hours=11)
        assert len(await stuck(story)) == is_held
        assert bool(found_in(story.data, "Zaubernuss")) is is_held


def _ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000
