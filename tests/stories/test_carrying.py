"""Stories of links that carry a case: by text, by a touch, on a page; once, for a while, and never for two people."""

from urllib.parse import parse_qs, urlencode, urlsplit

from tests.story import HERS, HIS, Json, Story, World
from tests.story.wire import Answered
from tests.visitor import Visitor

SITE = {"X-Site-Key": "site_demo"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NEW = "+12125550177"


async def a_case(story: World, text: str = "my heating is cold", number: str = HERS) -> str:
    await story.phone(number).texts(text)
    return await story.phone(number).case()


async def links(story: World, case: str, channel: str) -> dict[str, str]:
    made = await story.api("POST", f"/cases/{case}/switch", {"channel": channel})
    return {name: link for name, link in made["links"].items() if link}


def body_of(sms: str) -> str:
    return parse_qs(urlsplit(sms).query)["body"][0]


async def writes(story: World, link: str, text: str, cookie: str = "", press: str = "") -> Answered:
    headers = {**FORM, "Origin": "null", **({"Cookie": cookie} if cookie else {})}
    sent = urlencode({"text": text, "press": press or text}).encode()
    answer = await story.ask("POST", urlsplit(link).path, body=sent, headers=headers, token=None)
    await story.settles()
    return answer


async def test_a_text_carries_its_case_to_another_phone() -> None:
    """Whoever texts with a link's words goes on with the same case from a number that we did not know, on proof; the
    words for the agent are without it, and what they write later is theirs too."""
    async with Story() as story:
        case = await a_case(story)
        made = await links(story, case, "sms")
        assert set(made) == {"sms", "page"}
        await story.phone(NEW).texts(f"it is me {body_of(made['sms'])}")
        assert await story.phone(NEW).case() == case
        shown = await story.case(case)
        assert [(c["address"], c["evidence"]) for c in shown["contacts"]] == [(HERS, "weak"), (NEW, "proof")]
        assert await story.said(case) == ["my heating is cold", "it is me"]
        assert [e["kind"] for e in await story.timeline(case, "switch")] == ["switch"]
        await story.phone(NEW).texts("and the fuse is on")
        assert len((await story.case(case))["contacts"]) == 3


async def test_s9_a_link_used_twice_opens_nothing() -> None:
    """S9: a link that was passed on proves nothing the second time: whoever brings it then is somebody else, with a case
    of their own, and loses no word."""
    async with Story() as story:
        case = await a_case(story)
        words = body_of((await links(story, case, "sms"))["sms"])
        await story.phone(NEW).texts(f"hello {words}")
        await story.phone(HIS).texts(f"hello {words}")
        other = await story.phone(HIS).case()
        assert other != case
        assert (await story.case(other))["contacts"][0]["evidence"] == "weak"
        assert await story.said(other) == ["hello"]
        await story.restarts()
        third = "+12125550178"
        await story.phone(third).texts(f"hello {words}")
        assert await story.phone(third).case() not in (case, other)


async def test_s9_of_links_made_together_one_can_be_used() -> None:
    """A text and a page are offered at once: whoever texts has used the page as well, after a restart too, and whoever
    opens it then is somebody as any other."""
    async with Story() as story:
        case = await a_case(story)
        made = await links(story, case, "sms")
        await story.phone(NEW).texts(f"it is me {body_of(made['sms'])}")
        assert await story.said(case) == ["my heating is cold", "it is me"]
        await story.restarts()
        assert "Set-Cookie" not in (await writes(story, made["page"], "and me too")).headers
        assert await story.said(case) == ["my heating is cold", "it is me"]
        assert len(await story.cases()) == 2


async def test_s9_a_link_that_is_over_or_taken_back_opens_nothing() -> None:
    """S9: after its day, and after it was taken back, a link carries nothing; one that was made later does."""
    async with Story() as story:
        case = await a_case(story)
        first = await links(story, case, "sms")
        await story.api("DELETE", f"/cases/{case}/switch")
        await story.phone(NEW).texts(body_of(first["sms"]))
        assert await story.phone(NEW).case() != case
        gone = await story.ask("GET", urlsplit(first["page"]).path, token=None)
        assert gone.status == 404
        await story.passes(seconds=1)
        second = await links(story, case, "sms")
        await story.passes(hours=25)
        await story.phone(HIS).texts(body_of(second["sms"]))
        assert await story.phone(HIS).case() != case
        assert (await story.ask("GET", urlsplit(second["page"]).path, token=None)).status == 404


async def test_a_link_does_not_make_two_people_one() -> None:
    """Who is known to us as somebody else stays that, whatever link they bring, and does not use it up."""
    async with Story() as story:
        case, his = await a_case(story), await a_case(story, "my invoice is wrong", HIS)
        words = body_of((await links(story, case, "sms"))["sms"])
        await story.phone(HIS).texts(f"see {words}")
        assert len((await story.case(case))["contacts"]) == 1
        assert [c["evidence"] for c in (await story.case(his))["contacts"]] == ["weak", "weak"]
        await story.phone(NEW).texts(f"and I have a new phone {words}")  # he did not use it up
        assert [c["evidence"] for c in (await story.case(case))["contacts"]] == ["weak", "proof"]


async def test_a_touch_carries_its_case() -> None:
    """`carry` in a touch is proof, once; afterwards it is named and the contact is taken all the same."""
    async with Story() as story:
        case = await a_case(story)
        token = urlsplit((await links(story, case, "page"))["page"]).path.removeprefix("/c/")
        answers = []
        for _ in range(2):
            answer = await story.ask(
                "POST", "/api/v1/contacts", body={"text": "E42", "carry": token}, headers=SITE, token=None
            )
            answers.append(answer.json)
        await story.settles()
        assert [one["ignored"] for one in answers] == [[], ["carry (used, over or taken back)"]]
        assert [c["evidence"] for c in (await story.case(case))["contacts"]] == ["weak", "proof"]
        assert len(await story.cases()) == 2


async def test_row7_a_page_is_bound_to_whoever_writes_on_it_first() -> None:
    """Abuse 7: a scanner that looks uses nothing; the first who writes keeps the page; in another browser it shows
    nothing and proves nothing; it never shows history, and tells no referrer."""
    async with Story() as story:
        case = await a_case(story, "my secret of yesterday")
        link = (await links(story, case, "page"))["page"]
        for _ in range(3):
            seen = await story.ask("GET", urlsplit(link).path, token=None)
            assert seen.status == 200
            assert b"Go on here" in seen.body
            assert b"yesterday" not in seen.body
            assert seen.headers["Referrer-Policy"] == "no-referrer"
        sent = await writes(story, link, "still cold")
        assert sent.status == 303
        cookie = sent.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        mine = cookie.partition(";")[0]
        await writes(story, link, "and wet", mine)
        foreign = await writes(story, link, "who is this?")
        assert "Set-Cookie" not in foreign.headers
        assert await story.said(case) == ["my secret of yesterday", "still cold", "and wet"]
        assert [c["evidence"] for c in (await story.case(case))["contacts"]] == ["weak", "proof", "proof"]
        other = await story.ask("GET", urlsplit(link).path, token=None)
        assert b"opened elsewhere" in other.body
        assert b"yesterday" not in other.body
        assert len(await story.cases()) == 2


async def test_words_that_are_sent_twice_are_one() -> None:
    async with Story() as story:
        case = await a_case(story)
        link = (await links(story, case, "page"))["page"]
        first = await writes(story, link, "still cold", press="one")
        await writes(story, link, "still cold", first.headers["Set-Cookie"].partition(";")[0], press="one")
        assert await story.said(case) == ["my heating is cold", "still cold"]
        assert len(await story.cases()) == 1


async def test_mail_and_phone_have_links_too() -> None:
    """By mail it is the case's own reply address; a call finds its case by the number."""
    async with Story() as story:
        case = await a_case(story)
        assert (await links(story, case, "email"))["mailto"].startswith("mailto:help+")
        assert (await links(story, case, "phone"))["tel"] == "tel:+14155550100"
        refused = await story.refused("POST", f"/cases/{case}/switch", {"channel": "fax"})
        assert refused["status"] == 422
        assert (await story.refused("POST", "/cases/case_0/switch", {"channel": "sms"}))["status"] == 404
        made: Json = await story.api("POST", f"/cases/{case}/switch", {"channel": "sms"}, key="k")
        assert await story.api("POST", f"/cases/{case}/switch", {"channel": "sms"}, key="k") == made


async def test_a_chat_link_carries_its_case_into_the_chat() -> None:
    """Whoever opens the link chats on in the same case, on proof, with nothing asked again; the second browser that
    brings it is somebody else, and loses no word."""
    async with Story() as story:
        case = await a_case(story)
        made = await links(story, case, "chat")
        page, _, fragment = made["chat"].partition("#")
        assert (await story.ask("GET", urlsplit(page).path, token=None)).status == 200
        token = fragment.removeprefix("carry=")
        mia = Visitor(story)
        await mia.comes(carry=token)
        await mia.writes("it is me, still cold")
        assert await story.said(case) == ["my heating is cold", "it is me, still cold"]
        contacts = (await story.case(case))["contacts"]
        assert [(c["channel"], c["evidence"], c["link"]) for c in contacts][-1] == ("chat", "proof", "carry")
        mia.drops()
        await mia.comes(carry=token)
        await mia.writes("and the fuse is on")
        assert (await story.said(case))[-1] == "and the fuse is on"
        other = Visitor(story)
        await other.comes(carry=token)
        await other.writes("somebody else")
        [new] = [one for one in await story.cases() if one["id"] != case]
        assert await story.said(new["id"]) == ["somebody else"]


async def test_a_site_has_a_page_of_its_own_for_chats() -> None:
    """Where a site says where its visitors chat, links lead there."""
    page = "https://shop.example/help"
    async with Story(sites=[{"id": "sit_0123456789abcdef", "chat_page": page}]) as story:
        assert (await links(story, await a_case(story), "chat"))["chat"].startswith(f"{page}#carry=")


async def test_a_whatsapp_link_opens_whatsapp() -> None:
    """It is not a text: the link opens a chat with our number there, with the token ready to be sent."""
    async with Story() as story:
        case = await a_case(story)
        made = await links(story, case, "whatsapp")
        assert set(made) == {"whatsapp", "page"}
        link = urlsplit(made["whatsapp"])
        assert (link.netloc, link.path) == ("wa.me", "/14155550100")
        [words] = parse_qs(link.query)["text"]
        await story.phone(NEW).texts(f"it is me {words}")
        assert (await story.case(case))["contacts"][-1]["evidence"] == "proof"
