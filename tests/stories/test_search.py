"""Cases and people are found by what was said, by names, numbers and references, as soon as they were taken."""

import sqlite3
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.journal.sqlite_file import FILE_NAME
from tests.mailbox import MIA, TOM, Mailbox
from tests.story import ADMIN, HERS, RealStory, Story, World


@pytest.fixture
async def story() -> AsyncIterator[Story]:
    async with Story() as story:
        yield story


async def find(story: World, typed: str, **more: str) -> list[Any]:
    rest = "".join(f"&{name}={quote(value)}" for name, value in more.items())
    return (await story.api("GET", f"/cases?q={quote(typed)}{rest}"))["items"]


async def ids(story: World, typed: str, **more: str) -> list[str]:
    return [case["id"] for case in await find(story, typed, **more)]


async def test_a_case_is_found_by_words_of_everybody_who_spoke(story: Story):
    """Theirs, ours, notes and why somebody did something; all of them, in whichever rows they stand."""
    ana = await story.ready_agent("Ana")
    await story.phone(HERS).texts("E42 again, the kettle hums")
    await story.phone("+12125550199").texts("the kettle is cold")
    hers, other = await story.phone(HERS).case(), await story.phone("+12125550199").case()
    await ana.accepts((await ana.offers())[0])
    await ana.replies(hers, "A technician brings a gasket.")
    await story.api("POST", f"/cases/{hers}/notes", {"text": "warranty until May"}, token=ana.token)
    await story.api("POST", f"/cases/{hers}/status", {"status": "waiting_us", "reason": "spare parts"}, token=ana.token)
    await story.settles()
    assert await ids(story, "kettle") == [other, hers]
    for typed in ("kettle hums", "gasket", "warranty kettle", "spare gask", '"kettle hums"', "E42", "HUMS"):
        assert await ids(story, typed) == [hers], typed
    for typed in ("hums cold", '"hums kettle"', "gas kettle nowhere"):
        assert await ids(story, typed) == [], typed
    [found] = (await find(story, "hums"))[0]["found"]
    assert found["text"] == "E42 again, the kettle hums"
    assert [found["text"][a:b] for a, b in found["marks"]] == ["hums"]
    timeline = {e["id"]: e["text"] for e in await story.timeline(hers)}
    assert timeline[found["entry"]] == found["text"]


async def test_a_mail_is_found_by_subject_people_files_and_all_its_text(story: Story):
    mia = Mailbox(story, MIA, "Mia Müller")
    await mia.writes("Die Straße ist kalt.", subject="Meine Heizung", cc=TOM, files={"rechnung-0815.pdf": b"%PDF"})
    await Mailbox(story, "zoe@elsewhere.example").writes("hello", subject="Other")
    case = await mia.case()
    for typed in (
        "heizung", "Müller", "muller", "mueller", "MUELLER straße", "strasse", "strasse kalt", "rechnung", "0815",
        MIA, "mia@customer", "customer.example heizung", TOM, "tom",
    ):  # fmt: skip
        assert await ids(story, typed) == [case], typed
    assert await ids(story, "elsewhere heizung") == []


async def test_the_desk_opens_the_case_whose_reference_stands_in_what_was_typed(story: Story):
    """As it stands in what we write to people: with a word before it and a full stop behind."""
    ana = await story.agent("Ana")
    await story.phone(HERS).texts("the kettle hums")
    case = await story.one_case()
    for typed in (case["ref"], f"Case {case['ref']}.", f"ref {case['ref'].replace('-', ' ')}"):
        answer = await story.ask("GET", f"/desk?q={quote(typed)}", token=ana.token)
        assert (answer.status, answer.headers.get("Location")) == (303, f"/desk/case/{case['id']}#latest"), typed
    answer = await story.ask("GET", "/desk?q=kettle", token=ana.token)
    assert (answer.status, b"kettle</mark>" in answer.body) == (200, True)


async def test_any_form_of_a_number_finds_its_people(story: Story):
    """As it is dialled from anywhere, as it is written on paper, by its last figures; together with words too."""
    await story.phone(HERS).texts("the kettle hums")
    await story.phone("+491711234567").texts("Guten Tag")
    hers, theirs = await story.phone(HERS).case(), await story.phone("+491711234567").case()
    forms = ("+12125550142", "+1 212 555 0142", "2125550142", "(212) 555-0142", "212.555.0142", "0142", "0142 kettle")
    for typed in forms:
        assert await ids(story, typed) == [hers], typed
    for typed in ("0171 1234567", "0049 171 1234567", "+49 (0) 171 1234567", "01711234567", "4567"):
        assert await ids(story, typed) == [theirs], typed
    await story.phone("+5511987654321").texts("Bom dia")
    brazilian = await story.phone("+5511987654321").case()
    for typed in ("+551187654321", "551187654321", "55 11 8765-4321", "5511987654321", "11 98765-4321"):
        assert await ids(story, typed) == [brazilian], typed
    for typed in ("0142", "212 555 0142"):
        customers = (await story.api("GET", f"/customers?q={quote(typed)}"))["items"]
        assert [c["cases"] for c in customers] == [[hers]]
    await story.api("POST", f"/customers/{customers[0]['id']}/addresses", {"address": "+12125557777"})
    await story.settles()
    assert await ids(story, "7777 kettle") == [hers], "a number that was added later finds earlier cases"
    assert len((await story.api("GET", "/customers?q=7777"))["items"]) == 1


async def test_people_are_found_by_how_they_sign(story: Story):
    mia, tom = Mailbox(story, MIA, "Mia Müller"), Mailbox(story, TOM, "Tom Kettle")
    await mia.writes("one", subject="First")
    await tom.writes("two", subject="Second")
    await tom.writes("three about Mia", subject="Third")
    for typed, case in (("mia", await mia.case()), ("mueller", await mia.case()), ("kettle tom", await tom.case())):
        [customer] = (await story.api("GET", f"/customers?q={quote(typed)}"))["items"]
        assert case in customer["cases"]
    everybody = await story.api("GET", "/customers?q=customer.example&limit=1")
    rest = await story.api("GET", f"/customers?q=customer.example&limit=5&after={everybody['next']}")
    assert len({c["id"] for c in (*everybody["items"], *rest["items"])}) == 2


async def test_japanese_is_found_by_any_piece_of_it(story: Story):
    """No spaces part its words, so each letter is a token and a query is letters that follow each other."""
    await story.phone(HERS).texts("サーモスタットが動きません")
    case = await story.phone(HERS).case()
    for typed in ("サーモ", "スタット", "動き", "動"):
        assert await ids(story, typed) == [case], typed
    assert await ids(story, "動サ") == []


async def test_words_go_together_with_the_other_filters_and_with_pages(story: Story):
    for n in range(5):
        await story.phone(f"+1212555020{n}").texts("the kettle hums")
    newest = await ids(story, "kettle")
    assert len(newest) == 5
    await story.api("POST", f"/cases/{newest[1]}/status", {"status": "solved"})
    await story.settles()
    assert await ids(story, "kettle", status="solved") == [newest[1]]
    customer = (await story.case(newest[3]))["customer"]
    assert await ids(story, "kettle", customer=customer) == [newest[3]]
    assert await ids(story, "kettle", customer="cus_none") == []
    seen: list[str] = []
    after = ""
    while True:
        page = await story.api("GET", f"/cases?q=kettle&limit=2{after}")
        seen += [case["id"] for case in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == newest


async def test_the_desk_shows_what_was_found_and_jumps_to_a_reference(story: Story):
    """The words are marked and stand there as words, whatever they contain."""
    await story.phone(HERS).texts("<b>kettle</b> & <script>alert(1)</script>")
    await story.phone("+12125550199").texts("another kettle")
    hers = await story.case(await story.phone(HERS).case())

    async def desk(typed: str) -> Any:
        return await story.ask("GET", f"/desk?q={quote(typed)}", token=ADMIN)

    page = (await desk("kettle")).body.decode()
    assert page.count("<mark>kettle</mark>") == 2
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page
    assert HERS in page and hers["ref"] in page and f"/desk/case/{hers['id']}#latest" in page
    one = (await desk("another")).body.decode()
    assert "<mark>another</mark> kettle" in one, "one hit by a word is shown, not opened"
    jump = await desk(hers["ref"].replace("-", " "))
    assert (jump.status, jump.headers["Location"]) == (303, f"/desk/case/{hers['id']}#latest")
    missed = await desk('"><script>x')
    assert missed.status == 404 and b'"><script>' not in missed.body


async def test_no_machine_is_named_among_the_people_of_what_was_found(story: Story):
    """A mail server that brings a mail back is nobody: the result names her alone."""
    mia = Mailbox(story, MIA)
    ana = await story.ready_agent("Ana")
    await mia.writes("The kettle is cold.")
    case = await mia.case()
    await ana.accepts()
    await mia.behaves("bounce_later")
    await ana.replies(case, "We come at five.")
    await story.passes(minutes=5)
    contacts = (await story.case(case))["contacts"]
    assert [one["automatic"] for one in contacts] == [False, True]
    await story.settles()
    page = (await story.ask("GET", "/desk?q=kettle", token=ADMIN)).body.decode()
    assert MIA in page
    assert contacts[1]["address"] not in page


@pytest.mark.parametrize("point", ["search.before_write:2", "search.after_write:2"])
async def test_a_crash_between_a_text_and_its_index_loses_no_word(point: str):
    """What was acknowledged is found after the restart, wherever the indexer was."""
    async with RealStory() as story:
        await story.phone(HERS).texts("the first kettle")
        await story.process_ends_at(point)
        try:
            for n in range(4):
                await story.phone(f"+1212555030{n}").texts(f"kettle number{n}")
        except (aiohttp.ClientError, AssertionError):
            pass
        assert await story.dies() == -9
        await story.starts()
        await story.settles()
        taken = {case["id"] for case in (await story.api("GET", "/cases"))["items"]}
        assert len(taken) >= 2
        assert set(await ids(story, "kettle")) == taken


async def test_an_index_that_is_missing_is_made_again_from_the_log():
    async with Story() as story:
        await story.phone(HERS).texts("the kettle hums")
        case = await story.phone(HERS).case()
        await story.stops()
        with sqlite3.connect(story.data / FILE_NAME) as db:
            db.execute("DROP TABLE search_case_words")
        await story.starts()
        await story.settles()
        assert await ids(story, "0142 kettle") == [case]
        lag = [line for line in (await story.ask("GET", "/metrics")).body.decode().splitlines() if "lag" in line]
        assert 'onecase_consumer_lag_events{consumer="search"} 0.0' in lag


async def test_whatever_is_typed_is_answered(story: Story):
    """No character is a language of its own: every query is answered, and one that says nothing finds nothing."""
    await story.phone(HERS).texts('NEAR("kettle" OR *) {col}: ^ + - 0142')
    pieces = st.sampled_from(['"', "*", "(", ")", "AND", "OR", "NOT", "NEAR(", "kettle", "^", ":", "+1", "ü", "0", "'"])
    typed = st.one_of(st.text(max_size=40), st.lists(pieces, max_size=12).map(" ".join), st.lists(pieces).map("".join))

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(typed)
    def ask(text: str) -> None:
        asked.append(text[:60])

    asked: list[str] = []
    ask()
    for text in asked:
        raw = quote(text.encode("utf-8", "surrogatepass"))
        for path in ("cases", "customers"):
            answer = await story.ask("GET", f"/api/v1/{path}?q={raw}")
            assert answer.status == 200, (text, answer.body)
    for noise in ("", "   ", "!?", '""', "***", "()"):
        assert await ids(story, noise) == []
