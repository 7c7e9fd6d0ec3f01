"""Whose a contact is and which matter it is about: what is sure, what is a guess, and what nobody is told."""

from router.http.views import TIMELINE_PAGE
from tests.mailbox import MIA, Mailbox
from tests.site_words import DEMO_SITE, KEY, word
from tests.story import HERS, OURS, Agent, Story
from tests.visitor import Visitor


async def test_a_case_solved_three_days_ago_opens_again_and_a_new_bill_does_not() -> None:
    """S8: "still broken" is the old matter, a new bill is another one of the same person, linked with the old one as a
    candidate; a wrong guess is taken back in one action."""
    async with Story() as story:
        ana = await story.ready_agent("Ana", skills={"heating": 1, "billing": 1})
        her = story.phone(HERS)
        await her.texts("my heating shows E42")
        await ana.finishes(await ana.accepts(), "solved")
        await story.stops()
        await story.passes(days=3)
        await story.starts()

        await her.texts("still broken")
        heating = await story.one_case()
        assert heating["status"] == "waiting_us"
        again = (await story.links(heating["id"]))[-1]
        assert again["rule"] == "reply_after_solved"
        assert "the words say that it is about the same as before" in again["reasons"]
        await ana.finishes(await ana.accepts(), "solved")

        await her.texts("the new bill is too high")
        old, new = await story.cases()
        assert (old["id"], old["status"]) == (heating["id"], "solved")
        assert new["customer"] == old["customer"]
        assert new["queue"] == "billing"
        [link] = await story.links(new["id"])
        assert (link["rule"], link["policy"], link["inputs"]["evidence"]) == ("new_matter", 1, "weak")
        assert "the words are about something else than what was open" in link["reasons"]
        assert [(c["case"], c["ref"], c["status"]) for c in new["candidates"]] == [(old["id"], old["ref"], "solved")]


async def test_several_open_cases_are_told_apart_by_words_and_else_left_to_the_agent() -> None:
    """Words of a topic go to its case. What fits both is a case of its own, shown with both, and what follows stands
    with it; nothing of theirs is named to somebody of whom we know only a number."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("my heating shows E42")
        await story.passes(hours=1)
        await her.texts("your invoice is wrong")
        await story.passes(hours=1)
        await her.texts("the boiler leaks too")
        await her.texts("and where is my refund?")
        heating, billing = await story.cases()
        assert await story.said(heating["id"]) == ["my heating shows E42", "the boiler leaks too"]
        assert await story.said(billing["id"]) == ["your invoice is wrong", "and where is my refund?"]
        await story.passes(hours=1)

        await her.texts("is anybody there?")
        unsure = (await story.cases())[-1]
        assert len(await story.cases()) == 3
        assert {c["case"] for c in unsure["candidates"]} == {heating["id"], billing["id"]}
        assert unsure["contacts"][0]["link"] == "unsure"
        await her.texts("hello??")
        assert await story.said(unsure["id"]) == ["is anybody there?", "hello??"]
        assert await her.inbox() == []  # the answer could not tell which, and nothing may be named


async def test_a_reference_with_the_expected_address_is_strong_and_alone_it_opens_nothing() -> None:
    """She names the reference of her older case and it goes there; a stranger who names it writes a matter of their
    own, and hears nothing of the case."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("my heating shows E42")
        [heating] = await story.cases()
        await story.passes(hours=1)
        await her.texts("I have another question: do you repair stoves?")
        await her.texts(f"about {heating['ref'].replace('-', ' ')}: it beeps")
        heating, _ = await story.cases()
        assert await story.said(heating["id"]) == [
            "my heating shows E42",
            f"about {heating['ref'].replace('-', ' ')}: it beeps",
        ]
        named = heating["contacts"][-1]
        assert (named["evidence"], named["link"]) == ("strong", "reference")
        assert "reference_and_expected_address" in named["grounds"]
        assert heating["contacts"][0]["evidence"] == "weak"

        await story.passes(seconds=1)
        stranger = story.phone("+12125550177")
        await stranger.texts(f"what about {heating['ref']}?")
        assert len(await story.cases()) == 3
        theirs = (await story.cases())[-1]
        assert theirs["customer"] != heating["customer"]
        assert theirs["contacts"][0]["evidence"] == "weak"
        assert await stranger.inbox() == []


async def test_which_matter_is_asked_where_the_answer_tells_who_gets_it() -> None:
    """By WhatsApp, which vouches for the account, the question names the references; with the answer the words go on
    in that case, and an agent can take that back."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("my heating shows E42", channel="whatsapp")
        await story.passes(hours=1)
        await her.texts("your invoice is wrong", channel="whatsapp")
        await story.passes(hours=1)
        await her.texts("is anybody there?", channel="whatsapp")
        heating, billing, unsure = await story.cases()
        [asked] = await her.inbox()
        assert heating["ref"] in asked and billing["ref"] in asked
        assert asked.startswith("Which case is it about?")
        await her.texts("2", channel="whatsapp")
        second = asked.partition("2 = ")[2][: len(billing["ref"])]
        chosen = next(c for c in (heating, billing) if c["ref"] == second)
        assert len(await story.cases()) == 2
        unsure = await story.case(unsure["id"])
        assert unsure["merged_into"]["id"] == chosen["id"]
        assert (await story.said(chosen["id"]))[-3:] == ["is anybody there?", asked, "2"]
        assert "matter_answered" in [d["what"] for d in await story.decisions(chosen["id"])]
        await her.texts("2", channel="whatsapp")
        assert len(await her.inbox()) == 1
        await story.api("POST", f"/cases/{chosen['id']}/unmerge", {"merge": unsure["merged_into"]["merge"]})
        assert (await story.said(unsure["id"]))[:3] == ["is anybody there?", asked, "2"]


async def test_what_a_number_alone_is_asked_names_nothing() -> None:
    """Two open matters of one kind: earlier or new makes a difference, and the question says neither what nor which."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("my heating shows E42")
        await story.passes(hours=1)
        await her.texts("another problem: the thermostat in the hall")
        await story.passes(hours=1)
        await her.texts("is anybody there?", to=OURS)
        unsure = (await story.cases())[-1]
        assert unsure["queue"] == "general"
        [asked] = await her.inbox()
        assert asked == (
            "Is this about what you wrote to us earlier, or something new? Answer 1 for earlier, 2 for something new."
        )
        await her.texts("1")
        unsure = await story.case(unsure["id"])
        assert unsure["queue"] == "heating"
        assert len(unsure["candidates"]) == 2
        assert await her.inbox() == [asked]


async def test_which_matter_is_understood_in_words_and_by_the_reference_that_we_named() -> None:
    """Who is asked "earlier or new" and answers so has answered, and so has who copies a reference out of the question:
    nothing of it stays behind as a case of its own."""
    async with Story() as story:
        her = story.phone(HERS)
        await her.texts("my heating shows E42")
        await story.passes(hours=1)
        await her.texts("another problem: the thermostat in the hall")
        await story.passes(hours=1)
        await her.texts("is anybody there?")
        await story.passes(seconds=1)
        await her.texts("The earlier one.")
        [*_, unsure] = await story.cases()
        assert (len(await story.cases()), unsure["queue"]) == (3, "heating")
        assert await story.said(unsure["id"]) == ["is anybody there?", (await her.inbox())[0], "The earlier one."]
        assert unsure["contacts"][-1]["link"] == "answer_to_question"
        assert "matter_answered" in [d["what"] for d in await story.decisions(unsure["id"])]

        his = story.phone("+12125550177")
        for text in ("my heating shows E42", "your invoice is wrong", "is anybody there?"):
            await his.texts(text, channel="whatsapp")
            await story.passes(hours=1)
        heating, billing, unsure = (await story.cases())[3:]
        await his.texts(f"{billing['ref']}, please", channel="whatsapp")
        unsure = await story.case(unsure["id"])
        assert unsure["merged_into"]["id"] == billing["id"]
        assert len(await story.cases()) == 5
        assert (await story.said(billing["id"]))[-1] == f"{billing['ref']}, please"
        assert await story.said(heating["id"]) == ["my heating shows E42"]


FAMILY = "+12125550160"
"""A number that two people use."""


async def shared_by_two(story: Story) -> tuple[str, str]:
    """Mia and Tom, each with a mobile and a case of their own, and one number at home: their customers' ids."""
    await story.phone(HERS).texts("my heating shows E42")
    await story.passes(seconds=1)
    await story.phone("+12125550177").texts("my invoice is wrong")
    mia, tom = (case["customer"] for case in await story.cases())
    await story.api("POST", f"/customers/{mia}/addresses", {"address": FAMILY})
    shown = await story.api("POST", f"/customers/{tom}/addresses", {"address": FAMILY, "shared": True})
    assert [(a["address"], a["shared"]) for a in shown["addresses"]] == [("+12125550177", False), (FAMILY, True)]
    mine = await story.api("GET", f"/customers/{mia}")
    assert [(a["address"], a["shared"]) for a in mine["addresses"]] == [(HERS, False), (FAMILY, True)]
    await story.passes(seconds=1)
    return mia, tom


async def test_a_shared_number_opens_nobodys_profile() -> None:
    """S4: what comes from it stands with somebody provisional; the agent sees both as candidates, one question is asked
    that names nobody, and neither case is touched or told of. What follows stands with it."""
    async with Story() as story:
        mia, tom = await shared_by_two(story)
        home = story.phone(FAMILY)
        await home.texts("it is still cold")
        await home.texts("hello?")
        heating, billing, theirs = await story.cases()
        assert theirs["customer"] not in (mia, tom)
        assert await story.said(theirs["id"]) == ["it is still cold", (await home.inbox())[0], "hello?"]
        assert {c["customer"] for c in theirs["candidates"]} == {mia, tom}
        assert {a for c in theirs["candidates"] for a in c["addresses"]} == {HERS, "+12125550177"}
        first = theirs["contacts"][0]
        assert (first["evidence"], first["grounds"][0]) == ("weak", "shared_line")
        [asked] = await home.inbox()
        assert "Who is it, please?" in asked
        assert not any(secret in asked for secret in (heating["ref"], billing["ref"], "E42", "invoice", HERS))
        assert [c["ledger"]["contacts"] for c in (heating, billing)] == [1, 1]
        await story.restarts()
        await home.texts("are you there?")
        assert len(await story.cases()) == 3


async def test_a_call_from_a_shared_number_is_asked_who_it_is() -> None:
    """S4: attested or not, the number is nobody's in particular: a question without a name, and no promise to ring a
    line at which somebody else may pick up."""
    async with Story() as story:
        mia, tom = await shared_by_two(story)
        home = story.phone(FAMILY)
        await home.calls(attestation="A")
        await story.passes(seconds=8)
        assert "Please tell us your name" in await home.heard()
        await story.passes(seconds=30)
        assert "we ring you on this number" not in await home.heard()
        theirs = (await story.cases())[-1]
        assert theirs["customer"] not in (mia, tom)
        assert theirs["contacts"][0]["evidence"] == "weak"


async def test_a_stop_from_a_shared_number_stops_it_for_all_and_nothing_else() -> None:
    """Abuse 31: nobody is texted there any more, whoever wrote it; their own numbers stay as they were."""
    async with Story() as story:
        mia, tom = await shared_by_two(story)
        await story.phone(FAMILY).texts("STOP")
        for customer in (mia, tom):
            shown = await story.api("GET", f"/customers/{customer}")
            assert [(a["address"] == FAMILY, a["blocked"]) for a in shown["addresses"]] == [
                (False, []),
                (True, ["sms"]),
            ]
        await story.phone(FAMILY).texts("START")
        shown = await story.api("GET", f"/customers/{tom}")
        assert [a["blocked"] for a in shown["addresses"]] == [[], []]


async def test_a_stop_that_only_the_provider_heard_holds_for_all_who_share_the_number() -> None:
    """Abuse 31: one of them is written to in vain, and nobody tries the other there."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        mia, tom = await shared_by_two(story)
        home = story.phone(FAMILY)
        await home.texts("my invoice is wrong")
        await ana.api("POST", f"/cases/{(await story.cases())[-1]['id']}/candidates", {"customer": tom})
        await story.passes(seconds=15)  # by then what came while we were getting ready has been asked for
        await story.faults(provider_down=True)
        await home.texts("STOP")
        await story.faults()
        await ana.replies((await story.cases())[-1]["id"], "It is mended.", channel="sms")
        await story.passes(seconds=30)
        assert "It is mended." not in await home.inbox()
        for customer in (mia, tom):
            shown = await story.api("GET", f"/customers/{customer}")
            assert {a["address"]: a["blocked"] for a in shown["addresses"]}[FAMILY] == ["sms"]


async def test_a_shared_number_stays_theirs_who_are_left_when_one_is_erased() -> None:
    """What comes from it stands with somebody provisional as before, and only who is there may be it; a stop holds."""
    async with Story() as story:
        mia, tom = await shared_by_two(story)
        home = story.phone(FAMILY)
        await home.texts("it is still cold")
        await story.api("POST", f"/customers/{mia}/erase", {"reason": "request 17"})
        await story.passes(hours=49)
        await home.texts("my invoice is wrong")
        theirs = (await story.cases())[-1]
        assert theirs["customer"] not in (mia, tom)
        assert theirs["contacts"][0]["grounds"][0] == "shared_line"
        assert [c["customer"] for c in theirs["candidates"] if c["customer"]] == [tom]
        await story.restarts()
        await home.texts("STOP")
        shown = await story.api("GET", f"/customers/{tom}")
        assert [(a["address"] == FAMILY, a["blocked"]) for a in shown["addresses"]] == [(False, []), (True, ["sms"])]
        problem = await story.refused("POST", f"/cases/{theirs['id']}/messages", {"text": "hi", "channel": "sms"})
        assert problem["type"].endswith("opted_out")
        await story.api("POST", f"/customers/{tom}/erase", {"reason": "request 18"})
        await story.passes(hours=49)
        await home.texts("hello, we are new here")
        assert "shared_line" not in (await story.cases())[-1]["contacts"][0]["grounds"]


async def test_a_shared_number_stays_theirs_who_are_left_when_a_hold_ends_that_kept_one() -> None:
    """While the hold stands the one who is to be erased may still be it; when it is lifted only who is left may."""
    async with Story() as story:
        mia, tom = await shared_by_two(story)

        async def may_be() -> set[str]:
            await story.passes(hours=49)
            await story.phone(FAMILY).texts("my invoice is wrong")
            return {c["customer"] for c in (await story.cases())[-1]["candidates"] if c["customer"]}

        await story.api("POST", f"/customers/{mia}/hold", {"on": True, "reason": "lawsuit 9"})
        await story.refused("POST", f"/customers/{mia}/erase", {"reason": "request 17"})
        assert await may_be() == {mia, tom}
        assert (await story.api("POST", f"/customers/{mia}/hold", {"on": False}))["erase"] == "done"
        assert await may_be() == {tom}


async def test_a_number_that_is_one_persons_again_is_found_again() -> None:
    """Marked by an agent, and taken back: what comes then is theirs as before."""
    async with Story() as story:
        await story.phone(HERS).texts("my heating shows E42")
        case = await story.one_case()
        path = f"/customers/{case['customer']}/addresses"
        await story.api("POST", path, {"address": HERS, "shared": True})
        await story.phone(HERS).texts("hello")
        assert len(await story.cases()) == 2
        await story.api("POST", path, {"address": HERS, "shared": False})
        await story.phone(HERS).texts("hello again")
        assert (await story.said(case["id"]))[-1] == "hello again"
        refused = await story.refused("POST", path, {"address": HERS, "shared": False})
        assert refused["status"] == 409


async def test_the_desk_says_what_a_candidate_is_about_and_what_is_not_to_be_told() -> None:
    """A candidate stands with its queue and its last words. Of a case that holds their own words alone nobody is warned
    in red: nothing of earlier ones is to be told. Once a note stands in it, nothing of it is."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone(HERS).texts("My thermostat shows <E42>")
        await story.passes(seconds=1)
        await story.phone(HERS).texts("another question: my bill is wrong")
        first, second = await story.cases()
        page = await ana.page(second["id"])
        choices = page.partition('class="choices"')[2].partition("</section>")[0]
        assert f"{first['queue']} · " in choices
        assert "My thermostat shows &lt;E42&gt;" in choices
        assert "Tell nothing of earlier cases until that is proved." in page
        assert 'class="grade own"' in page
        assert 'class="grade weak"' not in page
        await ana.api("POST", f"/cases/{second['id']}/notes", {"text": "she has an invoice of March"})
        page = await ana.page(second["id"])
        assert "Tell nothing of the case until that is proved." in page
        assert 'class="grade weak"' in page


async def proved_by_mail(story: Story) -> tuple[Agent, str]:
    """Her text, and her answer to our mail, for which her domain vouches: who she is is proved."""
    mia = Mailbox(story, MIA, "Mia")
    ana = await story.agent("Ana")
    await mia.writes("My thermostat shows E42")
    case = (await story.one_case())["id"]
    await story.api("POST", f"/customers/{(await story.one_case())['customer']}/addresses", {"address": HERS})
    await ana.replies(case, "Which one?", channel="email")
    await story.passes(seconds=2)
    headers = {"Authentication-Results": "mx.support.example; dmarc=pass header.from=customer.example"}
    await mia.answers(await mia.last(), "The one in the hall", headers=headers)
    assert await may_be_told(ana, case) == "everything"
    return ana, case


async def may_be_told(agent: Agent, case: str) -> str:
    """What the brief says, and that the desk says the same."""
    sure = (await agent.api("GET", f"/cases/{case}/brief"))["sure"]
    words = {"nothing": "Tell nothing of the case", "everything": "Everything of theirs may be talked about"}
    page = await agent.page(case)
    assert [tell for tell, said in words.items() if said in page] == [sure["tell"]]
    return sure["tell"]


async def test_who_calls_with_her_number_is_not_who_proved_to_be_her() -> None:
    """Her answer by mail proved who she is, and then somebody calls with her number, which nobody vouches for: whatever
    she writes meanwhile, nothing may be told to whoever is on the line, nor afterwards, until she is heard again. What
    she proves in a chat while the call goes on, she proves to whoever talks with her."""
    async with Story(mail={"verifier": "mx.support.example"}) as story:
        ana, case = await proved_by_mail(story)
        caller = story.phone(HERS)
        await story.passes(minutes=5)
        await caller.calls(attestation="C")
        assert (await story.case(case))["contacts"][-1]["link"] == "single_open_case"
        assert await may_be_told(ana, case) == "nothing"
        mia = Mailbox(story, MIA, "Mia")
        headers = {"Authentication-Results": "mx.support.example; dmarc=pass header.from=customer.example"}
        await story.passes(seconds=20)
        await mia.answers(await mia.last(), "And the light is red", headers=headers)
        assert (await story.case(case))["contacts"][-1]["evidence"] == "proof"
        assert await may_be_told(ana, case) == "nothing", "her mail proves nothing of who is on the phone"
        visitor = Visitor(story)
        link = (await story.api("POST", f"/cases/{case}/switch", {"channel": "chat"}))["links"]["chat"]
        await visitor.comes(carry=link.partition("#carry=")[2])
        await visitor.writes("it is me")
        assert await may_be_told(ana, case) == "everything"
        await story.passes(minutes=1)
        await caller.hangs_up()
        await story.passes(minutes=1)
        await caller.calls(attestation="C")
        await caller.hangs_up()
        assert await may_be_told(ana, case) == "nothing"
        await mia.answers(await mia.last(), "When do you come?", headers=headers)
        assert await may_be_told(ana, case) == "everything"


async def test_what_she_proved_holds_for_a_call_that_her_provider_vouches_for() -> None:
    """Her answer by mail proved who she is: on a call from her number for which the provider vouches, it is not asked
    again."""
    async with Story(mail={"verifier": "mx.support.example"}) as story:
        ana, case = await proved_by_mail(story)
        await story.passes(minutes=5)
        await story.phone(HERS).calls(attestation="A")
        assert [c["evidence"] for c in (await story.case(case))["contacts"]] == ["weak", "proof", "strong"]
        assert await may_be_told(ana, case) == "everything"


async def test_who_calls_after_a_long_talk_is_not_who_proved_to_be_her() -> None:
    """Signed in at the site she has written more than a case is read at once, when somebody calls with her number: that
    call is the newest contact of the case, and nothing may be told on it."""
    async with Story(sites=[{"id": DEMO_SITE, "identity_keys": [KEY]}]) as story:
        ana, mia = await story.agent("Ana"), Visitor(story, identity=word("mia", await story.now()))
        await mia.comes()
        for n in range(TIMELINE_PAGE + 1):
            if n % 50 == 49:
                await story.passes(minutes=1)
            await mia.says("message", client_id=f"m{n}", text=f"line {n}")
            await mia.hears("accepted")
        case = await story.one_case()
        assert await may_be_told(ana, case["id"]) == "everything"
        await story.api("POST", f"/customers/{case['customer']}/addresses", {"address": HERS})
        await story.passes(minutes=1)
        await story.phone(HERS).calls(attestation="C")
        last = (await story.one_case())["contacts"][-1]
        assert (last["channel"], last["evidence"]) == ("phone", "weak")
        assert await may_be_told(ana, case["id"]) == "nothing"


async def test_an_agent_says_where_it_belongs_with_one_action() -> None:
    """A candidate is chosen: a case goes on in it, or its provisional customer is one of the people of the line; only
    candidates can be chosen, and "a matter of its own" leaves none."""
    async with Story() as story:
        ana = await story.agent("Ana")
        mia, _ = await shared_by_two(story)
        home = story.phone(FAMILY)
        await home.texts("it is still cold")
        theirs = (await story.cases())[-1]
        choose = f"/cases/{theirs['id']}/candidates"
        refused = await ana.refused("POST", choose, {"customer": theirs["customer"]})
        assert refused["status"] == 422
        chosen = await ana.api("POST", choose, {"customer": mia})
        assert chosen["merge"]
        # What is not an answer to us is anybody's again.
        await story.passes(hours=1)
        await home.texts("who is this?")
        again = (await story.cases())[-1]
        assert again["id"] != theirs["id"]
        assert again["customer"] not in (mia, theirs["customer"])
        assert (await ana.api("POST", f"/cases/{again['id']}/candidates", {}))["merge"] is None
        assert (await story.case(again["id"]))["candidates"] == []
        assert (await ana.refused("POST", f"/cases/{again['id']}/candidates", {}))["status"] == 409


async def test_what_answers_us_on_a_shared_line_goes_where_it_came_from() -> None:
    """Once the agent said who it is and wrote there, the answer stands on that case; it proves nobody."""
    async with Story() as story:
        ana = await story.agent("Ana")
        mia, _ = await shared_by_two(story)
        home = story.phone(FAMILY)
        await home.texts("it is still cold")
        theirs = (await story.cases())[-1]
        await ana.api("POST", f"/cases/{theirs['id']}/candidates", {"customer": mia})
        await ana.replies(theirs["id"], "Is the fuse on?", channel="sms")
        await story.passes(minutes=1)
        await home.texts("yes it is")
        assert len(await story.cases()) == 3
        assert (await story.said(theirs["id"]))[-1] == "yes it is"
        assert (await story.links(theirs["id"]))[-1]["inputs"]["evidence"] == "weak"


async def test_a_mail_without_a_token_is_a_guess_that_is_split_in_one_action() -> None:
    """S2: from a known address it joins the one open case, marked so with its grounds; it was another matter, and one
    action makes that a case of its own. Words of another topic are another matter at once."""
    async with Story() as story:
        ana = await story.agent("Ana")
        mia = Mailbox(story, MIA, "Mia")
        await mia.writes("The heating is cold", subject="Heating")
        await story.passes(minutes=5)
        await mia.writes("My cat is on your roof", subject="hello")
        case = await story.one_case()
        guess = case["contacts"][-1]
        assert (guess["evidence"], guess["link"]) == ("weak", "single_open_case")
        assert guess["grounds"] == ["bare_mail", "single_case"]
        row = (await story.timeline(case["id"], "message"))[-1]
        assert "it is the only matter of theirs that is open" in row["reasons"]
        await story.passes(minutes=5)
        await mia.writes("You charged me twice", subject="Invoice 4711")
        assert (await story.cases())[-1]["contacts"][0]["link"] == "new_matter"

        split = await ana.api("POST", f"/cases/{case['id']}/split", {"entries": [row["id"]]})
        assert await story.said(split["id"]) == ["My cat is on your roof"]
        assert split["customer"] == case["customer"]
