"""Matters and people that are joined, split and taken apart: nothing is lost, and every mistake can be taken back."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.mailbox import MIA, TOM, Mailbox
from tests.story import HERS, Story, World, instant
from tests.visitor import Visitor

HIS = "+12125550177"


async def said(story: World, case: str) -> list[str]:
    """The words on a case's timeline, in order, whoever said them."""
    return [entry["text"] for entry in await story.timeline(case, "message")]


async def state(story: World, case: str) -> dict[str, Any]:
    shown = await story.case(case)
    return {
        "said": await said(story, case),
        "status": shown["status"],
        "place": shown["ask"] and shown["ask"]["place_at"],
        "agent": shown["agent"],
        "promises": [(p["state"], p["place_at"]) for p in shown["promises"]],
        "contacts": [c["id"] for c in shown["contacts"]],
        "ledger": shown["ledger"],
    }


async def test_two_people_wrongly_joined_are_told_apart_again() -> None:
    """S3: the join is undone, and timelines, places, promises and reports are what they were, later words on the right
    side."""
    async with Story() as story:
        lead = await story.token("lead")
        await story.phone(HERS).texts("E42 on my thermostat")
        await story.passes(minutes=5)
        await story.phone(HIS).texts("my bill is wrong")
        hers, his = await story.cases()
        before = {case["id"]: await state(story, case["id"]) for case in (hers, his)}

        join = {"customer": his["customer"], "reason": "same surname", "evidence": "weak"}
        joined = await story.api("POST", f"/customers/{hers['customer']}/merge", join, token=lead)
        merged = await story.api("POST", f"/cases/{hers['id']}/merge", {"case": his["id"]}, token=lead)
        one = await story.one_case()
        assert one["id"] == hers["id"]
        assert await said(story, one["id"]) == ["E42 on my thermostat", "my bill is wrong"]
        assert one["ask"]["place_at"] == before[hers["id"]]["place"], "the older of both places"
        assert [part["id"] for part in one["merged"]] == [his["id"]]

        await story.passes(minutes=5)
        await story.phone(HIS).texts("and the address too")
        await story.phone(HERS).texts("still cold")
        await story.restarts()
        assert await said(story, one["id"]) == [
            "E42 on my thermostat",
            "my bill is wrong",
            "and the address too",
            "still cold",
        ]
        person = await story.api("GET", f"/customers/{hers['customer']}")
        assert [member["id"] for member in person["members"]] == [his["customer"]]
        assert person["members"][0]["reason"] == "same surname"

        await story.api("POST", f"/customers/{hers['customer']}/unmerge", {"merge": joined["merge"]}, token=lead)
        after = {case: await state(story, case) for case in before}
        assert after[hers["id"]]["said"] == ["E42 on my thermostat", "still cold"]
        assert after[his["id"]]["said"] == ["my bill is wrong", "and the address too"]
        for case, was in before.items():
            for what in ("status", "place", "agent", "promises"):
                assert after[case][what] == was[what], what
            assert after[case]["contacts"][:1] == was["contacts"]
            assert after[case]["ledger"]["contacts"] == 2
        await story.phone(HIS).texts("thank you")
        assert (await said(story, his["id"]))[-1] == "thank you"
        assert len(await story.cases()) == 2
        gone = await story.refused("POST", f"/cases/{hers['id']}/unmerge", {"merge": merged["merge"]}, token=lead)
        assert gone["status"] == 409
        identity = [entry["facts"]["what"] for entry in await story.timeline(hers["id"], "identity")]
        assert identity == ["customers_merged", "merged", "unmerged", "customers_unmerged"]


async def test_that_two_are_one_person_stands_once_where_their_cases_are_one() -> None:
    """Each of their cases has a row of it; on the page of the case that both became it stands once, with one undo."""
    async with Story() as story:
        lead = await story.agent("Lea", role="lead")
        await story.phone(HERS).texts("E42 on my thermostat")
        await story.phone(HIS).texts("my bill is wrong")
        hers, his = await story.cases()
        join = {"customer": his["customer"]}
        joined = await story.api("POST", f"/customers/{hers['customer']}/merge", join)
        await story.api("POST", f"/cases/{hers['id']}/merge", {"case": his["id"]})
        page = await lead.page(hers["id"])
        assert page.count("said that two customers are one person") == 1
        assert page.count(f'id="undo-{joined["merge"]}"') == 1


async def test_an_answer_goes_to_whoever_wrote_and_stays_on_their_side() -> None:
    """S3: while two people count as one, each is answered on their own line; whoever was not answered is in line again
    at their own place once they are told apart."""
    async with Story() as story:
        lead = await story.token("lead")
        ana = await story.agent("Ana")
        await story.phone(HERS).texts("E42 on my thermostat")
        await story.passes(minutes=5)
        await story.phone(HIS).texts("my bill is wrong")
        hers, his = await story.cases()
        place = (await story.case(hers["id"]))["ask"]["place_at"]
        join = {"customer": his["customer"]}
        joined = await story.api("POST", f"/customers/{hers['customer']}/merge", join, token=lead)
        await story.api("POST", f"/cases/{hers['id']}/merge", {"case": his["id"]}, token=lead)
        sent = await ana.replies(his["id"], "We look into your bill.")
        assert sent["address"] == HIS
        assert await story.phone(HIS).inbox() == ["We look into your bill."]
        assert await story.phone(HERS).inbox() == []
        assert (await story.one_case())["ask"] is None

        await story.api("POST", f"/customers/{hers['customer']}/unmerge", {"merge": joined["merge"]}, token=lead)
        assert await said(story, his["id"]) == ["my bill is wrong", "We look into your bill."]
        assert await said(story, hers["id"]) == ["E42 on my thermostat"]
        assert (await story.case(hers["id"]))["ask"]["place_at"] == place
        assert (await story.case(his["id"]))["ask"] is None
        offer = (await ana.is_now("ready"), await ana.offered())[1]
        assert offer["case"] == hers["id"]


async def test_two_matters_of_one_person_wrongly_joined_are_told_apart_again() -> None:
    """S3: the answer about the boiler, and what she wrote about it meanwhile, stand with the boiler; her invoice, which
    nobody answered, is in line again since she wrote of it."""
    async with Story() as story:
        ana = await story.agent("Ana")
        her = story.phone(HERS)
        await her.texts("my boiler is cold")
        await story.passes(minutes=40)
        await her.texts("something else: my invoice is wrong")
        boiler, invoice = await story.cases()
        place = (await story.case(invoice["id"]))["ask"]["place_at"]
        merged = await story.api("POST", f"/cases/{boiler['id']}/merge", {"case": invoice["id"]})
        await story.passes(minutes=5)
        await ana.replies(boiler["id"], "About the boiler: press reset.")
        assert (await story.one_case())["status"] == "waiting_customer"
        await her.texts("the boiler shows E42 now")

        await story.api("POST", f"/cases/{boiler['id']}/unmerge", {"merge": merged["merge"]})
        assert await said(story, boiler["id"]) == [
            "my boiler is cold",
            "About the boiler: press reset.",
            "the boiler shows E42 now",
        ]
        assert await said(story, invoice["id"]) == ["something else: my invoice is wrong"]
        apart = await story.case(invoice["id"])
        assert (apart["ask"]["place_at"], apart["queue"]) == (place, "billing")
        assert (await story.case(boiler["id"]))["queue"] == "heating"


async def test_a_call_that_was_promised_while_two_were_one_goes_where_its_own_matter_does() -> None:
    """S3: her boiler went on in his invoice, and a call to her was promised there: taken apart, whoever knows boilers
    calls her, at her place."""
    async with Story() as story:
        lead = await story.token("lead")
        await story.phone(HERS).texts("my boiler is cold, E42")
        place = (await story.one_case())["ask"]["place_at"]
        await story.passes(seconds=2)
        await Mailbox(story, TOM).writes("my invoice is wrong", subject="Invoice 77")
        boiler, invoice = await story.cases()
        await story.api("POST", f"/customers/{invoice['customer']}/merge", {"customer": boiler["customer"]}, token=lead)
        merged = await story.api("POST", f"/cases/{invoice['id']}/merge", {"case": boiler["id"]}, token=lead)
        await story.passes(minutes=1)
        await story.api("POST", f"/cases/{boiler['id']}/callbacks", {"address": HERS}, token=lead)
        assert (await story.case(boiler["id"]))["ask"]["queue"] == "billing"
        await story.api("POST", f"/cases/{invoice['id']}/unmerge", {"merge": merged["merge"]}, token=lead)
        apart = await story.case(boiler["id"])
        assert [one["state"] for one in apart["promises"]] == ["open"]
        assert (apart["ask"]["queue"], apart["queue"], apart["ask"]["skills"]) == ("heating", "heating", {"heating": 1})
        assert apart["ask"]["since"] == place
        assert (await story.case(invoice["id"]))["ask"]["queue"] == "billing"


async def test_words_that_nobody_answered_wait_for_us_in_the_case_that_they_are_merged_into() -> None:
    """Ana has answered hers and waits; what he wrote is unanswered, and the case that both are waits for us since then.
    Taken apart, hers waits for her again and his is in line at its own place."""
    async with Story() as story:
        lead, ana = await story.token("lead"), await story.ready_agent("Ana")
        await story.phone(HERS).texts("E42 on my thermostat")
        hers = await story.one_case()
        await ana.accepts()
        await story.passes(minutes=1)
        await ana.replies(hers["id"], "Is the fuse on?")
        await story.passes(minutes=5)
        await ana.is_now("away")
        await story.phone(HIS).texts("my bill is wrong")
        [his] = [case for case in await story.cases() if case["id"] != hers["id"]]
        before = {case["id"]: await state(story, case["id"]) for case in (hers, his)}
        assert before[hers["id"]]["status"] == "waiting_customer"

        await story.api("POST", f"/customers/{hers['customer']}/merge", {"customer": his["customer"]}, token=lead)
        merged = await story.api("POST", f"/cases/{hers['id']}/merge", {"case": his["id"]}, token=lead)
        one = await story.one_case()
        assert (one["id"], one["status"]) == (hers["id"], "waiting_us")
        assert one["ask"]["place_at"] == before[his["id"]]["place"]

        await story.api("POST", f"/cases/{hers['id']}/unmerge", {"merge": merged["merge"]}, token=lead)
        after = {case: await state(story, case) for case in before}
        for case, was in before.items():
            for what in ("status", "place", "agent"):
                assert after[case][what] == was[what], what

        await story.api("POST", f"/cases/{hers['id']}/merge", {"case": his["id"]}, token=lead)
        await ana.replies(hers["id"], "We look into your bill.")
        assert (await story.one_case())["status"] == "waiting_customer"


async def test_a_call_goes_on_while_its_case_is_joined_and_taken_apart() -> None:
    """Whoever is on the line stays there, with their own place and the agent who took them; what was written waits for
    the same agent and not for a second one, and afterwards each is on their own side."""
    async with Story() as story:
        lead, desk = await story.token("lead"), story.phone("+14155550201")
        await story.phone(HERS).texts("E42 on my thermostat")
        hers = await story.one_case()
        await story.passes(minutes=2)
        caller = story.phone(HIS)
        await caller.calls()
        await story.passes(seconds=15)
        his = await story.case(await caller.case())
        join = {"customer": his["customer"]}
        joined = await story.api("POST", f"/customers/{hers['customer']}/merge", join, token=lead)
        await story.api("POST", f"/cases/{hers['id']}/merge", {"case": his["id"]}, token=lead)
        both, call = await story.case(hers["id"]), await story.case(his["id"])
        assert both["ask"] == call["ask"] is not None, "whoever is on the phone asks for both"
        assert (await story.case(his["id"]))["ask"]["place_at"] == his["ask"]["place_at"], "a text is no shortcut"
        ana = await story.ready_agent("Ana", phone=desk.number)
        offer = await ana.offered()
        assert offer["case"] == his["id"]
        work = await ana.accepts(offer)
        await story.passes(seconds=1)
        await desk.picks_up()
        await story.passes(seconds=1)
        await desk.presses("1")
        await story.passes(seconds=20)
        assert await caller.talks_with() == [desk.number]
        assert len(await ana.legs(hers["id"])) == 2, "both legs are shown for all of it"

        await story.api("POST", f"/customers/{hers['customer']}/unmerge", {"merge": joined["merge"]}, token=lead)
        assert await caller.talks_with() == [desk.number]
        assert (await story.case(hers["id"]))["ask"]["place_at"] == hers["ask"]["place_at"]
        await caller.hangs_up()
        await ana.finishes(work, "solved")
        assert (await story.case(his["id"]))["status"] == "solved"
        assert {entry["kind"] for entry in await story.timeline(hers["id"])} & {"call", "promise"} == set()
        assert (await ana.offered())["case"] == hers["id"]


async def test_words_of_the_other_number_stand_in_a_part_of_its_own() -> None:
    """Two numbers of one person: what comes from the second joins the open matter, and told apart it goes with its
    number."""
    async with Story() as story:
        lead = await story.token("lead")
        await story.phone(HIS).texts("first of all")
        his = (await story.one_case())["customer"]
        await story.api("POST", f"/cases/{(await story.one_case())['id']}/status", {"status": "closed"})
        await story.passes(minutes=1)
        await story.phone(HERS).texts("E42 on my thermostat")
        hers = (await story.cases())[-1]
        joined = await story.api("POST", f"/customers/{hers['customer']}/merge", {"customer": his}, token=lead)
        await story.phone(HIS).texts("it is me, from my other phone")
        await story.phone(HIS).texts("still E42")
        live = await story.cases(customer=hers["customer"])
        assert [case["id"] for case in live if case["status"] != "closed"] == [hers["id"]]
        words = ["E42 on my thermostat", "it is me, from my other phone", "still E42"]
        assert await said(story, hers["id"]) == words
        assert len((await story.case(hers["id"]))["merged"]) == 1, "one part for all that comes from there"

        await story.api("POST", f"/customers/{hers['customer']}/unmerge", {"merge": joined["merge"]}, token=lead)
        assert await said(story, hers["id"]) == words[:1]
        [other] = [case for case in await story.cases(customer=his) if case["status"] != "closed"]
        assert await said(story, other["id"]) == words[1:]
        assert other["ask"] is not None


WHOLE = ("contacts", "ledger", "participants", "promises", "subject", "candidates", "merged", "merged_into")
"""What stands beside a case's own document."""


async def test_whoever_does_something_is_answered_with_the_whole_case() -> None:
    """Status, assignment, who takes part, links taken back, a case of ours: the answer is what the next look shows."""
    async with Story() as story:
        ana = await story.agent("Ana")
        her = story.phone(HERS)
        await her.texts("E42 on my thermostat")
        case = await her.case()
        await ana.api("POST", f"/cases/{case}/callbacks", {})
        made = await ana.api("POST", "/cases", {"address": HERS, "subject": "The visit"})
        assert made["subject"] == "The visit"
        await ana.api("POST", f"/cases/{case}/merge", {"case": made["id"]})
        for method, path, body in (
            ("POST", "assign", {"queue": "billing"}),
            ("POST", "participants", {"address": "tom@elsewhere.example", "invited": True}),
            ("DELETE", "switch", None),
            ("POST", "status", {"status": "waiting_customer"}),
            ("POST", "status", {"status": "open"}),
        ):
            answered = await ana.api(method, f"/cases/{case}/{path}", body)
            shown = await story.case(case)
            assert {name: answered[name] for name in WHOLE} == {name: shown[name] for name in WHOLE}, path
            assert answered["ledger"] == {"contacts": 1, "channels": ["sms"]}


async def test_consent_and_health_survive_a_merge_and_its_undoing() -> None:
    """Whom we may write to, whether mail reaches them, and how sure an address is, is theirs whoever they are found to
    be: the same before, while they are one person, and after."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        lea = await story.agent("lea", role="lead")
        mia = Mailbox(story, MIA)
        await mia.writes("hello", subject="A question")
        await story.passes(seconds=2)
        [mails] = await story.cases()
        await ana.accepts()
        await mia.behaves("bounce_later")
        await ana.replies(mails["id"], "We come tomorrow.")
        await story.passes(minutes=5)
        her = story.phone(HERS)
        await her.texts("STOP")
        texts = await her.case()
        first = (await story.case(mails["id"]))["customer"]
        other = (await story.case(texts))["customer"]

        async def standing() -> list[list[tuple[str, list[str], str, str]]]:
            found = [(await story.api("GET", f"/customers/{id}"))["addresses"] for id in (first, other)]
            return [[(a["address"], a["blocked"], a["health"], a["verification"]) for a in one] for one in found]

        before = await standing()
        assert before == [[(MIA, [], "bounced", "known")], [(HERS, ["sms"], "ok", "known")]]
        merged = await lea.api("POST", f"/customers/{first}/merge", {"customer": other, "reason": "it is her"})
        assert await standing() == before
        for body in ({"text": "again", "channel": "sms"}, {"text": "again", "channel": "email"}):
            assert (await story.refused("POST", f"/cases/{mails['id']}/messages", body))["status"] in (409, 422)
        await lea.api("POST", f"/customers/{first}/unmerge", {"merge": merged["merge"]})
        assert await standing() == before
        await mia.writes("it works again")
        assert (await standing())[0] == [(MIA, [], "ok", "known")]


async def test_what_a_split_that_was_taken_back_left_is_no_case_again() -> None:
    """Nothing stands there: taking it apart once more is refused, and new words have one matter to go on with."""
    async with Story() as story:
        ana, her = await story.agent("Ana"), story.phone(HERS)
        await her.texts("E42 on my thermostat")
        await her.texts("and my bill is wrong")
        case = await story.one_case()
        rows = await story.timeline(case["id"], "message")
        new = await ana.api("POST", f"/cases/{case['id']}/split", {"entries": [rows[1]["id"]]})
        await ana.api("POST", f"/cases/{new['id']}/unmerge", {"merge": new["split"]})
        [left] = (await story.case(case["id"]))["merged"]
        refused = await ana.refused("POST", f"/cases/{case['id']}/unmerge", {"merge": left["merge"]})
        assert (refused["status"], refused["detail"]) == (409, "It is empty already.")
        await her.texts("hello?")
        assert (await story.case(case["id"]))["contacts"][-1]["link"] == "single_open_case"


async def test_a_matter_that_was_two_is_split_and_joined_again() -> None:
    """S2, S8: one wrong guess is split in one action: the words stand in a new case of the same person, with their own
    place; undone, everything is where it was."""
    async with Story() as story:
        ana = await story.agent("Ana")
        her = story.phone(HERS)
        await her.texts("E42 on my thermostat")
        await story.passes(minutes=5)
        second = await story.now()
        await her.texts("and my bill is wrong")
        case = await story.one_case()
        before = await state(story, case["id"])
        rows = await story.timeline(case["id"], "message")
        new = await ana.api("POST", f"/cases/{case['id']}/split", {"entries": [rows[1]["id"]], "reason": "two matters"})
        assert new["ref"] != case["ref"]
        assert await said(story, case["id"]) == ["E42 on my thermostat"]
        moved = await story.timeline(new["id"], "message")
        assert [(entry["id"], entry["text"]) for entry in moved] == [(rows[1]["id"], "and my bill is wrong")]
        shown = await story.case(new["id"])
        assert {name: new[name] for name in WHOLE} == {name: shown[name] for name in WHOLE}
        assert [one["address"] for one in new["contacts"]] == [HERS]
        assert (shown["customer"], shown["ledger"]["contacts"]) == (case["customer"], 1)
        assert instant(shown["ask"]["place_at"]) == second
        assert shown["ask"]["queue"] == "billing"
        assert len(await story.cases()) == 2
        await story.restarts()
        [found] = (await story.api("GET", "/cases?q=bill"))["items"]
        assert found["id"] in (new["id"], case["id"])

        await ana.api("POST", f"/cases/{new['id']}/unmerge", {"merge": shown["split"]})
        assert (await story.one_case())["id"] == case["id"]
        after = await state(story, case["id"])
        assert after == before


async def test_a_merged_case_is_found_and_shown_as_the_one_that_it_went_to() -> None:
    """Lists and search show the head; a link to the part shows what it is now, and what undoes it."""
    async with Story() as story:
        ana = await story.agent("Ana")
        her = story.phone(HERS)
        await her.texts("E42 on my thermostat")
        first = await story.one_case()
        opened = await ana.api("POST", "/cases", {"customer": first["customer"], "subject": "the leaking radiator"})
        body = {"case": opened["id"], "reason": "the same flat"}
        merged = await ana.api("POST", f"/cases/{first['id']}/merge", body)
        assert [case["id"] for case in await story.cases()] == [first["id"]]
        await story.settles()
        found = (await story.api("GET", "/cases?q=radiator"))["items"]
        assert [case["id"] for case in found] == [first["id"]]
        part = await story.case(opened["id"])
        assert part["merged_into"]["id"] == first["id"]
        assert part["merged_into"]["merge"] == merged["merge"]
        assert part["merged_into"]["reason"] == "the same flat"
        assert part["head"]["id"] == first["id"]
        assert await said(story, opened["id"]) == ["E42 on my thermostat"]
        brief = await story.api("GET", f"/cases/{opened['id']}/brief")
        assert brief["wants"] == "E42 on my thermostat"
        await ana.api("POST", f"/cases/{opened['id']}/notes", {"text": "rang the plumber"})
        assert [e["text"] for e in await story.timeline(first["id"], "note")] == ["rang the plumber"]
        again = await ana.refused("POST", f"/cases/{first['id']}/merge", {"case": opened["id"]})
        assert again["status"] == 409


async def test_who_may_join_what() -> None:
    """Agents join cases of one person; people are joined by leads; nobody's case goes to somebody else's."""
    async with Story() as story:
        ana, lead = await story.agent("Ana"), await story.token("lead")
        await story.phone(HERS).texts("E42")
        await story.passes(minutes=1)
        await story.phone(HIS).texts("E43")
        hers, his = await story.cases()
        body = {"case": his["id"]}
        refused = await ana.refused("POST", f"/cases/{hers['id']}/merge", body)
        assert refused["status"] == 409
        assert f"Cases {his['ref']} and {hers['ref']} are of two people" in refused["detail"]
        form = urlencode({"ref": his["ref"], "once": "once-once-one"}).encode()
        for token, is_shown in ((ana.token, False), (lead, True)):
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = await story.ask("POST", f"/desk/case/{hers['id']}/merge", body=form, headers=kind, token=token)
            assert answer.status == 409
            page = answer.body.decode()
            assert f"Cases {his['ref']} and {hers['ref']} are of two people" in page
            assert ("Mark “It is of somebody else, who is the same person” here" in page) is is_shown
        assert (await ana.refused("POST", f"/cases/{hers['id']}/merge", {"case": hers["id"]}))["status"] == 409
        assert (await ana.refused("POST", f"/cases/{hers['id']}/merge", {"case": "case_0"}))["status"] == 404
        assert (await ana.refused("POST", f"/cases/{hers['id']}/unmerge", {"merge": "mrg_0"}))["status"] == 404
        split = {"entries": [f"{his['id']}/1"]}
        assert (await ana.refused("POST", f"/cases/{hers['id']}/split", split))["status"] == 404
        all_of_it = {"entries": [f"{hers['id']}/1"]}
        assert (await ana.refused("POST", f"/cases/{hers['id']}/split", all_of_it))["status"] == 409
        people = {"customer": his["customer"]}
        path = f"/customers/{hers['customer']}/merge"
        assert (await ana.refused("POST", path, people))["status"] == 403
        stale = await story.refused("POST", path, people, token=lead, If_Match="99")
        assert stale["status"] == 412
        assert (await story.refused("POST", path, {"customer": hers["customer"]}, token=lead))["status"] == 409
        done = await story.api("POST", path, people, token=lead, key="join-1")
        assert await story.api("POST", path, people, token=lead, key="join-1") == done


async def test_an_answer_named_for_one_persons_part_goes_to_that_person() -> None:
    """Two people were joined wrongly, and one of them is in the chat: what an agent writes on the part of the other
    goes to the other, by their line, and the chat never hears it; taken apart, each has their own answers."""
    async with Story() as story:
        lead = await story.token("lead")
        ana = await story.ready_agent("Ana")
        mia = Visitor(story)
        await mia.comes()
        await mia.writes("E42 broken")
        chat = await story.one_case()
        await story.phone(HIS).texts("my bill is wrong")
        [bill] = [case for case in await story.cases() if case["id"] != chat["id"]]
        join = {"customer": bill["customer"]}
        merge = (await story.api("POST", f"/customers/{chat['customer']}/merge", join, token=lead))["merge"]
        await story.api("POST", f"/cases/{chat['id']}/merge", {"case": bill["id"]}, token=lead)
        sent = await ana.replies(bill["id"], "Your bill is 99.")
        assert (sent["channel"], sent["address"]) == ("sms", HIS)
        sent = await ana.replies(chat["id"], "Is the fuse on?")
        assert sent["channel"] == "chat"
        assert (await mia.hears("message"))["text"] == "Is the fuse on?"
        assert (await story.phone(HIS).inbox())[-1] == "Your bill is 99."
        await story.api("POST", f"/customers/{chat['customer']}/unmerge", {"merge": merge}, token=lead)
        assert await said(story, chat["id"]) == ["E42 broken", "Is the fuse on?"]
        assert await said(story, bill["id"]) == ["my bill is wrong", "Your bill is 99."]


async def test_an_answer_by_mail_repeats_nothing_of_who_was_found_to_be_the_same() -> None:
    """Two who write mail were joined, wrongly, with a thermostat whose button was pressed last. It reads no letters, so
    the answer goes by mail to one of them: under their own subject, in their own thread."""
    async with Story() as story:
        lead = await story.token("lead")
        ana = await story.ready_agent("Ana")
        boxes = {"Heating": Mailbox(story, MIA), "My divorce": Mailbox(story, TOM)}
        await boxes["Heating"].writes("E42 broken", subject="Heating")
        [head] = await story.cases()
        await story.passes(minutes=5)
        await boxes["My divorce"].writes("please help", subject="My divorce")
        await story.passes(minutes=5)
        await story.api("POST", "/contacts", {"text": "E42", "context": {"device": "T100-7"}})
        for other in [case for case in await story.cases() if case["id"] != head["id"]]:
            join = {"customer": other["customer"]}
            await story.api("POST", f"/customers/{head['customer']}/merge", join, token=lead)
            await story.api("POST", f"/cases/{head['id']}/merge", {"case": other["id"]}, token=lead)
        await ana.replies(head["id"], "We come at five.")
        await story.passes(seconds=5)
        got = {subject: (await box.last()) for subject, box in boxes.items()}
        [(subject, mail)] = [(one, mail) for one, mail in got.items() if mail["text"].strip() == "We come at five."]
        assert mail["subject"] == f"Re: {subject}"


@pytest.mark.parametrize("way", ["mail", "chat"])
@pytest.mark.parametrize("goes_on_in", ["hers", "the call's"])
async def test_who_has_a_matter_in_hand_keeps_it_beside_a_call_that_waits(way: str, goes_on_in: str) -> None:
    """Joined with a case that waits for a call, in either direction: she goes on with one piece of work, and nobody is
    offered it; taken apart, each side is as it was."""
    async with Story() as story:
        lead, ana = await story.token("lead"), await story.ready_agent("Ana", skills={"billing": 1})
        if way == "mail":
            await Mailbox(story, MIA, "Mia").writes("my invoice is wrong")
        else:
            mia = Visitor(story)
            await mia.comes()
            await mia.writes("my invoice is wrong")
        await story.settles()
        hers = await story.one_case()
        await ana.accepts()
        await ana.is_now("away")
        tom = Visitor(story)
        await tom.comes()
        await tom.writes("a question about an invoice")
        await tom.says("leave", reach_me={"channel": "phone", "address": HIS, "at": "now"})
        await tom.hears("left")
        await tom.goes()
        [his] = [case for case in await story.cases() if case["id"] != hers["id"]]

        async def stands() -> list[tuple[str, str, str, str | None]]:
            shown = await story.api("GET", "/work")
            return sorted(
                (one["case"], kind, one["kind"], one.get("agent"))
                for kind, some in shown.items()
                if isinstance(some, list)
                for one in some
            )

        before, [work] = await stands(), await ana.work()
        assert len(before) == 2
        await story.api("POST", f"/customers/{his['customer']}/merge", {"customer": hers["customer"]}, token=lead)
        into, part = (hers["id"], his["id"]) if goes_on_in == "hers" else (his["id"], hers["id"])
        merged = await story.api("POST", f"/cases/{into}/merge", {"case": part}, token=lead)
        assert await stands() == before
        assert await ana.work() == [work]
        assert (await story.case(into))["agent"] == ana.id
        await story.api("POST", f"/cases/{into}/unmerge", {"merge": merged["merge"]}, token=lead)
        assert await stands() == before
        assert await ana.work() == [work]


@pytest.mark.parametrize("goes_on_in", ["hers", "the call's"])
async def test_who_has_one_matter_in_hand_has_the_other_once_its_call_is_not_wanted(goes_on_in: str) -> None:
    """Then both are to be answered in writing: by her, in one piece of work, and each by itself once they are apart."""
    async with Story() as story:
        lead, ana = await story.token("lead"), await story.ready_agent("Ana", skills={"billing": 1})
        await Mailbox(story, MIA, "Mia").writes("my invoice is wrong")
        hers = await story.one_case()
        await ana.accepts()
        await ana.is_now("away")
        tom = Visitor(story)
        await tom.comes()
        await tom.writes("a question about an invoice")
        await tom.says("leave", reach_me={"channel": "phone", "address": HIS, "at": "now"})
        await tom.hears("left")
        [his] = [case for case in await story.cases() if case["id"] != hers["id"]]
        await story.api("POST", f"/customers/{his['customer']}/merge", {"customer": hers["customer"]}, token=lead)
        into, part = (hers["id"], his["id"]) if goes_on_in == "hers" else (his["id"], hers["id"])
        merged = await story.api("POST", f"/cases/{into}/merge", {"case": part}, token=lead)
        [promise] = (await story.case(his["id"]))["promises"]
        await story.api("DELETE", f"/callbacks/{promise['id']}", token=lead)
        await story.settles()
        [work] = await ana.work()
        assert work["state"] == "active"
        ben = await story.ready_agent("Ben", skills={"billing": 1})
        assert await ben.offers() == []
        await story.api("POST", f"/cases/{into}/unmerge", {"merge": merged["merge"]}, token=lead)
        await story.settles()
        [work] = await ana.work()
        assert (work["case"], work["state"]) == (hers["id"], "active")
        assert (await ben.offered())["case"] == his["id"]
