"""Answers: which way they take and why, what is said of them on their way, and who told us to be silent."""

import pytest

from tests.mailbox import MIA, Mailbox
from tests.story import HERS, OURS, Agent, Json, Phone, Story, World


async def a_case(story: World, words: str = "hello") -> tuple[Agent, Phone, str]:
    """An agent, a customer who wrote, and her case, accepted."""
    ana = await story.ready_agent("Ana")
    her = story.phone(HERS)
    await her.texts(words)
    offer = await ana.offered()
    await ana.accepts(offer)
    return ana, her, offer["case"]


async def delivery(story: World, case: str) -> Json:
    return [e for e in await story.timeline(case, "message") if e["direction"] == "out"][-1]["delivery"]


async def test_an_answer_is_followed_to_its_receipt() -> None:
    """Queued, sent, delivered: each as the provider reports it; the answer to the agent says which way and why."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        sent = await ana.replies(case, "Here is Ana.")
        assert sent["reasons"][0] == "the customer wrote last by sms"
        assert (sent["segments"], sent["not_before"]) == (1, None)
        assert (await delivery(story, case))["state"] == "sent"
        assert await her.inbox() == ["Here is Ana."]
        assert (await delivery(story, case))["state"] == "delivered"
        assert len(await story.traffic("rest", "/Messages.json")) >= 1


async def test_a_delivery_never_goes_backwards() -> None:
    """Reports that come late, twice or in the wrong order never take a message back."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        sent = await ana.replies(case, "Here is Ana.")
        await her.inbox()
        callbacks = [w for w in await story.traffic("webhook", "/twilio/status/message")]
        assert [w["fields"]["MessageStatus"] for w in callbacks] == ["sent", "delivered"]
        path = callbacks[0]["url"].removeprefix(story.service)
        for state in ("queued", "sending", "sent", "delivered", "sent", "undelivered", "failed"):
            fields = {**callbacks[0]["fields"], "MessageStatus": state, "SmsStatus": state}
            assert (await story.webhook(fields, path=path)).status == 200
            assert (await delivery(story, case))["state"] == "delivered"
        for strange in ("partying", "", "DELIVERED"):
            fields = {**callbacks[0]["fields"], "MessageStatus": strange}
            assert (await story.webhook(fields, path=path)).status == 200
        elsewhere = {**callbacks[0]["fields"], "MessageSid": "SM" + "9" * 32, "MessageStatus": "failed"}
        assert (await story.webhook(elsewhere, path=path)).status == 200
        assert await delivery(story, case) == {
            "state": "delivered", "error": None, "attempts": 1, "message": sent["id"], "due_at": None, "unknown": False,
        }  # fmt: skip


async def test_reports_in_any_order_end_the_same() -> None:
    """Reports that overtake each other or are lost end in what is true, as far as anybody told us."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await story.faults(reorder=0.5, duplicate_webhooks=True)
        for n in range(4):
            await ana.replies(case, f"answer {n}")
        await story.passes(minutes=1)
        states = [e["delivery"]["state"] for e in (await story.timeline(case, "message"))[1:]]
        assert states == ["delivered"] * 4
        await story.faults(lose_status=True)
        await ana.replies(case, "nobody reports on me")
        await story.passes(minutes=10)
        assert (await delivery(story, case))["state"] == "sent"
        assert [one["body"] for one in await her.received()][-1] == "nobody reports on me"


async def test_a_lost_answer_of_the_provider_never_sends_twice() -> None:
    """The provider took the message, its answer was lost: it is looked for there, found, and not sent again."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await story.faults(lose_answers=True, lose_status=True)
        await ana.replies(case, "once only")
        await story.faults(lose_status=True)
        await story.passes(minutes=10)
        assert [one["body"] for one in await her.received()] == ["once only"]
        assert (await delivery(story, case))["state"] == "sent"


async def test_a_provider_that_is_down_gets_it_later_and_once() -> None:
    """A provider that refuses for a while is asked again, further and further apart; then it goes out once."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await story.faults(throttle=True)
        await ana.replies(case, "be patient")
        assert (await delivery(story, case))["state"] == "queued"
        await story.passes(seconds=31)
        assert (await delivery(story, case))["attempts"] == 2
        await story.faults()
        await story.passes(minutes=2)
        assert [one["body"] for one in await her.received()] == ["be patient"]
        assert (await delivery(story, case))["state"] == "delivered"


async def test_an_undelivered_message_is_shown_within_seconds() -> None:
    """S24, row 18: what the carrier could not deliver is shown as failed, with its code, on the case, in the brief and in
    the list of failed messages; ops can send it again after mending the cause."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await her.behaves(on_text="undelivered", error_code=30003)
        sent = await ana.replies(case, "can you hear me?")
        assert await her.inbox() == []
        shown = await delivery(story, case)
        assert shown["state"] == "failed"
        assert "30003" in shown["error"]
        notices = [e for e in await story.timeline(case, "status") if e["facts"].get("what") == "message_failed"]
        assert "30003" in notices[0]["reasons"][0]
        assert "our last message did not arrive" in (await ana.api("GET", f"/cases/{case}/brief"))["cautions"]
        [stuck] = (await story.api("GET", "/outbox?state=failed"))["items"]
        assert stuck["id"] == sent["id"]

        await her.behaves(on_text="deliver")
        ops = await story.token("ops")
        await story.api("POST", f"/outbox/{sent['id']}/retry", token=ops)
        assert await her.inbox() == ["can you hear me?"]
        assert (await delivery(story, case))["state"] == "delivered"
        assert (await story.refused("POST", f"/outbox/{sent['id']}/retry", token=ops))["status"] == 409


async def test_stop_between_writing_and_sending() -> None:
    """Whoever says stop after an answer was written and before it went out does not get it: consent is looked at when it
    is sent. The agent sees that it was not."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await story.faults(throttle=True)
        await ana.replies(case, "too late")
        await her.texts("STOP")
        await story.faults()
        await story.passes(minutes=5)
        ours = [one["body"] for one in await her.received() if one["body"] == "too late"]
        assert ours == []
        shown = await delivery(story, case)
        assert (shown["state"], shown["error"]) == ("failed", "opted out before it was sent")
        sent = [r for r in await story.traffic("rest", "/Messages.json") if r["method"] == "POST"]
        assert len(sent) == 1
        refusal = await ana.refused("POST", f"/cases/{case}/messages", {"text": "hello?"})
        assert (refusal["status"], refusal["title"]) == (409, "They said stop")


async def test_s24_the_same_reply_goes_another_way_when_the_window_is_closed() -> None:
    """S24: WhatsApp takes an answer within a day of the customer's last message there. Later the same reply goes by text
    to the same number, in the same case, and says why; WhatsApp by name is refused, with what is open instead. When they
    write there again, it is open again."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("E42 again", channel="whatsapp")
        case = (await ana.offered())["case"]
        await ana.accepts()
        path = f"/cases/{case}/messages"
        await story.passes(hours=23, minutes=59)
        in_time = await ana.replies(case, "Is the fuse on?")
        assert (in_time["channel"], [way["channel"] for way in in_time["alternatives"]]) == ("whatsapp", ["sms"])
        await story.passes(minutes=2)
        late = await ana.replies(case, "Then please press reset.")
        assert (late["channel"], late["address"], late["alternatives"]) == ("sms", HERS, [])
        assert late["reasons"] == [
            "their last message by whatsapp is more than 24 hours old, so none can go there", "sms is still open",
        ]  # fmt: skip
        refusal = await ana.refused("POST", path, {"text": "x", "channel": "whatsapp"})
        assert (refusal["status"], refusal["title"]) == (409, "Window closed")
        assert refusal["detail"].endswith("that is older. Open to them: sms.")
        assert await her.inbox() == ["Is the fuse on?", "Then please press reset."]
        assert [one["channel"] for one in await her.received()] == ["whatsapp", "sms"]
        assert await story.said(case) == ["E42 again", "Is the fuse on?", "Then please press reset."]
        await her.texts("did that", channel="whatsapp")
        assert (await ana.replies(case, "Good."))["channel"] == "whatsapp"


async def test_s24_a_window_that_closes_on_the_way() -> None:
    """The provider refuses what was just in time: the words go by text, once; the first try is shown as failed and the
    reason stands with the second."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("E42 again", channel="whatsapp")
        case = (await ana.offered())["case"]
        await ana.accepts()
        await story.passes(hours=24, seconds=-0.1)
        assert (await ana.replies(case, "Please press reset."))["channel"] == "whatsapp"
        assert await her.inbox() == ["Please press reset."]
        await story.passes(minutes=5)
        first, second = (await story.timeline(case, "message"))[1:]
        assert (first["delivery"]["state"], first["delivery"]["error"]) == ("failed", "failed 63016")
        assert (second["channel"], second["delivery"]["state"]) == ("sms", "delivered")
        assert (second["text"], second["author"]) == (first["text"], first["author"])
        why = "their last message by whatsapp is more than 24 hours old, so the same words go by sms"
        assert second["reasons"] == [why]
        assert await her.inbox() == ["Please press reset."]
        assert (await ana.api("GET", f"/cases/{case}/brief"))["cautions"] == []
        assert (await story.case(case))["status"] == "waiting_customer"
        ops = await story.token("ops")
        retry = await story.refused("POST", f"/outbox/{first['delivery']['message']}/retry", token=ops)
        assert (retry["status"], retry["detail"]) == (409, "It is on another way already.")


async def test_s24_an_answer_that_waits_until_the_window_is_closed() -> None:
    """A provider that was away for too long: the window is looked at when the answer is sent, too."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("E42 again", channel="whatsapp")
        case = (await ana.offered())["case"]
        await ana.accepts()
        await story.passes(hours=23, minutes=59, seconds=50)
        await story.faults(throttle=True)
        await ana.replies(case, "Please press reset.")
        await story.passes(seconds=15)
        await story.faults()
        await story.passes(minutes=5)
        assert [one["channel"] for one in await her.received()] == ["sms"]
        assert (await story.timeline(case, "message"))[1]["delivery"]["error"] == "the window closed before it was sent"


@pytest.mark.parametrize(
    ("code", "moves"), [(30003, True), (30005, True), (30006, True), (30007, False), (30410, False)]
)
async def test_words_that_cannot_arrive_take_the_next_way_once(code: int, moves: bool) -> None:
    """A phone that texts do not reach, and a window that is open: the words go by WhatsApp. What failed for another reason
    is shown and stays; so is what fails on the second way. Then the case asks for somebody, unless they have it."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await her.texts("or by WhatsApp", channel="whatsapp")
        await her.texts("as you like")
        await her.behaves(on_text="undelivered", error_code=code)
        for heard in (True, False):
            assert (await ana.replies(case, f"can you hear me? {heard}"))["channel"] == "sms"
            if heard:
                await story.passes(seconds=1.1)
                await her.behaves(on_text="deliver")
                await story.passes(seconds=2)
                assert await her.inbox() == ([f"can you hear me? {heard}"] if moves else [])
                await her.behaves(on_text="undelivered", error_code=code)
        [work] = await ana.work()
        await ana.finishes(work, "answered")
        assert await ana.offers() == []
        await story.passes(seconds=10)
        states = [
            (e["channel"], e["delivery"]["state"]) for e in await story.timeline(case, "message") if e["delivery"]
        ]
        whatsapp = [("whatsapp", "delivered"), ("whatsapp", "failed")] if moves else [None, None]
        expected = [("sms", "failed"), whatsapp[0], ("sms", "failed"), whatsapp[1]]
        assert states == [one for one in expected if one]
        assert (await ana.offered())["case"] == case
        assert (await story.case(case))["status"] == "waiting_us"


async def test_words_never_move_by_themselves_to_who_said_stop() -> None:
    """The provider heard a STOP that we missed: it is noted, nothing goes to that line by itself, and the next answer is
    an agent's own choice. Stopped everywhere, both are named."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await her.texts("or by WhatsApp", channel="whatsapp")
        await her.texts("as you like")
        await story.passes(seconds=15)  # by then what came while we were getting ready has been asked for
        await story.faults(provider_down=True)
        await her.texts("STOP")
        await story.faults()
        await ana.replies(case, "too late")
        await story.passes(seconds=30)
        assert [one["body"] for one in await her.received() if one["body"] == "too late"] == []
        assert (await delivery(story, case))["error"] == "21610"
        [terms] = await story.timeline(case, "terms")
        assert (terms["channel"], terms["facts"]["blocked"], terms["reasons"]) == (
            "sms",
            True,
            ["the provider says so"],
        )
        path = f"/cases/{case}/messages"
        refusal = await ana.refused("POST", path, {"text": "x", "channel": "sms"})
        assert refusal["detail"] == "The customer told us not to write by sms. Open to them: whatsapp."
        assert (await ana.replies(case, "your own choice"))["reasons"][0] == "the customer stopped sms"
        await her.texts("STOP", channel="whatsapp")
        refusal = await ana.refused("POST", path, {"text": "x"})
        assert (refusal["status"], refusal["title"]) == (409, "They said stop")
        assert refusal["detail"] == (
            "The customer told us not to write by whatsapp or sms. No other way to write to them is open."
        )


async def test_a_long_message_does_not_become_many_texts_by_itself() -> None:
    """What WhatsApp would have carried whole goes nowhere by itself where it would be too many texts."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her = story.phone(HERS)
        await her.texts("E42 again", channel="whatsapp")
        case = (await ana.offered())["case"]
        await story.passes(hours=24, seconds=-0.1)
        assert (await ana.replies(case, "a" * 1000))["channel"] == "whatsapp"
        await story.passes(minutes=1)
        assert await her.received() == []
        assert (await delivery(story, case))["state"] == "failed"
        assert (await story.case(case))["ask"] is not None


async def test_stop_holds_for_its_channel_and_start_ends_it() -> None:
    """Stop by text leaves WhatsApp open, and the reply says why it goes there; START opens texts again. Both are rows of
    the case's story."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await her.texts("STOP")
        await her.texts("by WhatsApp, please", channel="whatsapp")
        assert (await ana.replies(case, "As you like."))["channel"] == "whatsapp"
        assert (await ana.refused("POST", f"/cases/{case}/messages", {"text": "x", "channel": "sms"}))["status"] == 409
        brief = await ana.api("GET", f"/cases/{case}/brief")
        assert "told us to stop sms" in brief["cautions"]
        await her.texts("START")
        assert (await ana.replies(case, "Texts again."))["channel"] == "sms"
        terms = [(e["channel"], e["facts"]["blocked"]) for e in await story.timeline(case, "terms")]
        assert terms == [("sms", True), ("sms", False)]


@pytest.mark.parametrize(
    ("text", "channel", "parts"),
    [
        pytest.param("a" * 459, "auto", 0, id="three"),
        pytest.param("a" * 460, "auto", 4, id="four"),
        pytest.param("a" * 460, "sms", 4, id="chosen"),
        pytest.param("ж" * 202, "auto", 4, id="16-bit"),
    ],
)
async def test_a_text_of_too_many_parts_is_not_taken(text: str, channel: str, parts: int) -> None:
    """A longer text is neither cut nor sent at any price: the agent reads how long it is and what is allowed, and nothing
    waits to go out."""
    async with Story() as story:
        _, her, case = await a_case(story)
        answer = await story.ask("POST", f"/api/v1/cases/{case}/messages", body={"text": text, "channel": channel})
        assert answer.status == (422 if parts else 202)
        if parts:
            problem = answer.json
            assert problem["title"] == "Text too long"
            assert f"{parts} texts, and 3 are allowed. Shorten it" in problem["detail"]
        await story.settles()
        assert await her.inbox() == ([] if parts else [text])
        assert len(await story.timeline(case, "message")) == (1 if parts else 2)


async def test_texts_a_day_are_counted_for_each_case() -> None:
    """Six texts of ours about one case in a day; the next is refused with when it will be possible, and goes out at once
    for a reason that a person gives, which stays on the case. A day after the first one there is room again."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        path, program = f"/cases/{case}/messages", await story.token("integration")
        for n in range(6):
            await ana.replies(case, f"answer {n}")
            await story.passes(hours=1)
        refusal = await ana.refused("POST", path, {"text": "one more", "reason": "  "})
        assert (refusal["status"], refusal["title"]) == (409, "Enough texts for a day")
        assert "6 texts about this case" in refusal["detail"]
        assert "possible from 2026-11-24 19:0" in refusal["detail"]
        assert (await story.refused("POST", path, {"text": "x", "reason": "sale"}, token=program))["status"] == 409
        assert len(await her.inbox()) == 6

        sent = await ana.api("POST", path, {"text": "one more", "reason": "she asked me to"})
        assert sent["reasons"][-1] == "one more than 6 texts a day, for the reason in the note"
        assert [note["text"] for note in await story.timeline(case, "note")] == ["she asked me to"]
        await story.passes(hours=18)
        assert (await ana.refused("POST", path, {"text": "again"}))["status"] == 409
        await story.passes(hours=1, minutes=5)
        assert (await ana.replies(case, "a new day"))["segments"] == 1
        assert (await her.inbox())[-2:] == ["one more", "a new day"]


async def test_texts_that_did_not_arrive_count_for_nothing() -> None:
    """What never came to them took nothing of their patience."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await her.behaves(on_text="undelivered")
        for n in range(3):
            await ana.replies(case, f"nobody hears {n}")
        await story.passes(minutes=1)
        await her.behaves(on_text="deliver")
        for n in range(6):
            await ana.replies(case, f"answer {n}")
        assert (await ana.refused("POST", f"/cases/{case}/messages", {"text": "x"}))["status"] == 409


async def test_the_same_reply_sent_again_is_one_reply() -> None:
    """Idempotency: the same key and body get the same answer, also when the call would not be allowed any more, also
    after a restart, also at once; another body under the key is refused."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        body = {"text": "just once", "channel": "auto"}
        path = f"/cases/{case}/messages"
        first = await ana.api("POST", path, body, key="k-1")
        assert await ana.api("POST", path, body, key="k-1") == first
        refusal = await story.refused("POST", path, {"text": "another"}, token=ana.token, Idempotency_Key="k-1")
        assert (refusal["status"], refusal["title"]) == (409, "Key used before")
        await her.inbox()
        await her.texts("STOP")
        await story.restarts()
        assert await ana.api("POST", path, body, key="k-1") == first
        assert [b for b in await her.inbox() if b == "just once"] == ["just once"]
        assert (await story.said(case)).count("just once") == 1


@pytest.mark.parametrize("path", ["accept", "finish", "status", "state", "agents"])
async def test_every_kind_of_call_can_be_repeated(path: str) -> None:
    """Whatever a call changes, sending it again with its key changes nothing and answers the same."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone().texts("hello")
        offer = await ana.offered()
        match path:
            case "accept":
                call = ("POST", f"/offers/{offer['id']}/accept", None)
            case "finish":
                work = await ana.accepts(offer)
                call = ("POST", f"/work/{work['id']}/finish", {"outcome": "solved"})
            case "status":
                call = ("POST", f"/cases/{offer['case']}/status", {"status": "solved"})
            case "state":
                call = ("PUT", "/agents/me/state", {"state": "away"})
            case _:
                call = ("POST", "/agents", {"name": "Ben"})
        token = ana.token if path != "agents" else await story.token("ops")
        first = await story.api(*call, token=token, key="again")
        await story.settles()
        events = await _last_seq(story)
        assert await story.api(*call, token=token, key="again") == first
        await story.settles()
        assert await _last_seq(story) == events


async def _last_seq(story: World) -> float:
    metrics = (await story.ask("GET", "/metrics")).body.decode()
    return float(next(line.split()[1] for line in metrics.splitlines() if line.startswith("onecase_journal_seq")))


async def test_who_may_do_what() -> None:
    """Agents work, leads also assign and see the outbox, ops look after the service, programs write and read; nobody does
    what belongs to another, and every refusal says who may."""
    async with Story() as story:
        ana, _, case = await a_case(story)
        work = (await ana.work())[0]
        tokens = {role: await story.token(role) for role in ("lead", "ops", "integration")}
        tokens["agent"] = ana.token
        reply = ("POST", f"/cases/{case}/messages", {"text": "hi"})
        allowed: list[tuple[str, str, Json | None, set[str]]] = [
            ("GET", f"/cases/{case}", None, {"agent", "lead", "ops", "integration"}),
            (*reply, {"agent", "lead", "ops", "integration"}),
            ("GET", "/outbox", None, {"lead", "ops"}),
            ("GET", "/policies", None, {"lead", "ops"}),
            ("GET", "/audit", None, {"ops"}),
            ("GET", "/tokens", None, set[str]()),
            ("POST", "/agents", {"name": "Ben"}, {"lead", "ops"}),
            ("POST", "/agents", {"name": "Lea", "role": "lead"}, {"ops"}),
        ]
        for method, path, body, roles in allowed:
            for role, token in tokens.items():
                answer = await story.ask(method, f"/api/v1{path}", body=body, token=token)
                assert (answer.status < 300) == (role in roles), (method, path, body, role, answer.status)
                assert answer.status < 300 or answer.status == 403
        for role in ("lead", "ops", "integration"):
            assert (await story.refused("POST", f"/work/{work['id']}/finish", {"outcome": "x"}, token=tokens[role]))[
                "status"
            ] == 403
        for wrong in (None, "", "nonsense", ana.token + "x"):
            assert (await story.refused("GET", f"/cases/{case}", token=wrong))["status"] == 401
        by = {e["author"]["kind"] for e in await story.timeline(case, "message") if e["direction"] == "out"}
        assert by == {"agent", "system"}

        [ours] = [t["id"] for t in (await story.api("GET", "/tokens"))["items"] if t["agent"] == ana.id]
        await story.api("DELETE", f"/tokens/{ours}")
        assert (await ana.refused("GET", "/agents/me"))["status"] == 401


async def test_a_note_stays_inside() -> None:
    """Notes are for us: they stand on the case and go nowhere."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await ana.api("POST", f"/cases/{case}/notes", {"text": "sounds upset"})
        assert await her.inbox() == []
        [note] = await story.timeline(case, "note")
        assert (note["direction"], note["text"], note["author"]["name"]) == ("internal", "sounds upset", "Ana")


async def test_numbers_of_ours_keep_their_thread() -> None:
    """An answer leaves from the number that was written to."""
    async with Story() as story:
        ana, her, case = await a_case(story)
        await ana.replies(case, "here")
        await her.inbox()
        assert {one["from"] for one in await her.received()} == {OURS}


async def test_we_write_first() -> None:
    """An agent opens a case for somebody and writes by text or by mail; their answer joins it. Where that channel cannot
    reach them, it is said before a case is there."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        her, box = story.phone(HERS), Mailbox(story, MIA, "Mia")
        texted = await ana.api(
            "POST", "/cases", {"address": "+1 (212) 555-0142", "channel": "sms", "subject": "a part"}
        )
        await ana.api("POST", f"/cases/{texted['id']}/messages", {"text": "Your part is there.", "channel": "auto"})
        await story.settles()
        assert await her.inbox() == ["Your part is there."]
        await her.texts("I come on Friday")
        mailed = await ana.api("POST", "/cases", {"address": MIA, "channel": "email", "subject": "Your part"})
        await ana.api("POST", f"/cases/{mailed['id']}/messages", {"text": "It is there.", "channel": "auto"})
        await story.settles()
        [ours] = await box.received()
        assert (ours["subject"], ours["text"].strip()) == ("Your part", "It is there.")
        await box.answers(ours, "Thank you")
        for case, words in ((texted, "I come on Friday"), (mailed, "Thank you")):
            rows = await story.timeline(case["id"], "message")
            assert [row["text"].strip() for row in rows if row["direction"] == "in"] == [words]
        before = len(await story.cases())
        for address, channel in ((MIA, "sms"), (HERS, "email"), (HERS, "whatsapp"), ("not an address", None)):
            body = {"address": address, "channel": channel}
            refused = await story.ask("POST", "/api/v1/cases", body=body, token=ana.token)
            assert refused.status in (409, 422), (address, channel, refused.status)
        assert len(await story.cases()) == before
