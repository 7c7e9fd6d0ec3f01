"""Stories of devices and their households: a press, a code that somebody says, and what the device is told from then on."""

from tests.story import HERS, HIS, Json, Story, World
from tests.story.devices import Device

NO_CODE = (
    "That code pairs no device now. Press its button again and send us the new code; if it was somebody else's, "
    "they must let it go first."
)


async def devices_of(story: World, customer: str) -> list[Json]:
    return (await story.api("GET", f"/customers/{customer}/devices"))["items"]


async def customer_of(story: World, number: str = HERS) -> str:
    return (await story.case(await story.phone(number).case()))["customer"]


async def test_a_press_a_code_by_text_and_a_call_back() -> None:
    """An unpaired press is a case at once. The household texts the code from the number that we know: one matter, one
    ask; the next press is signed and joins it, asks for a call, and their phone is what rings; the device reads that."""
    async with Story() as story:
        await story.phone(HERS).texts("I moved, just so you know")
        old = await story.phone(HERS).case()
        await story.api("POST", f"/cases/{old}/status", {"status": "closed"})
        device = Device(story, "T100-0001")
        told = await device.presses()
        assert told["device"]["paired"] is False
        assert (await device.reads()).json["state"] == "unpaired"
        [pressed] = [case for case in await story.cases() if case["id"] != old]
        assert pressed["queue"] == "heating"
        await story.phone(HERS).texts(f"the code is {device.code.replace('-', ' ')}")
        await story.settles()
        assert (await device.reads()).json | {"at": 0, "until": 0, "id": 0, "place_at": 0} == {
            "state": "received", "says": "Somebody of us reads it and answers you. You need not do anything.",
            "id": 0, "at": 0, "until": 0, "paired": True, "promise": None, "place_at": 0, "wait": None,
        }  # fmt: skip
        waiting = [case for case in await story.cases() if case["ask"]]
        assert [case["id"] for case in waiting] == [pressed["id"]]
        [shown] = await devices_of(story, await customer_of(story))
        assert (shown["how"], shown["evidence"]) == ("sms", "weak")
        again = await device.presses(reach_me={"channel": "phone", "at": "now"})
        assert again["device"] == {"paired": True}
        assert again["promise"]["state"] == "open"
        assert again["ignored"] == []
        read = (await device.reads()).json
        assert (read["state"], read["promise"]["kind"]) == ("call", "callback")
        assert (await device.reads("text/plain")).body.startswith(b"call: We call you")
        assert len([case for case in await story.cases() if case["ask"]]) == 1
        eva = await story.ready_agent("Eva", phone="+14155550201", skills={"heating": 3}, capacity={"message": 0})
        await eva.accepts()
        await story.passes(seconds=1)
        await story.phone("+14155550201").picks_up()
        await story.passes(seconds=1)
        await story.phone("+14155550201").presses("1")
        await story.passes(seconds=4)
        assert await story.phone(HERS).state() == "ringing"


async def test_a_paired_device_reads_out_when_its_household_is_called() -> None:
    """At a time that they named, on the clock of the number that is called; as JSON and as a line."""
    async with Story() as story:
        await story.phone(HERS).texts("my heating is cold")
        device = Device(story, "T100-0001")
        await device.presses()
        await story.api("POST", f"/customers/{await customer_of(story)}/devices", {"code": device.code}, key="pair")
        told = await device.presses(reach_me={"channel": "phone", "at": "call me at 6 pm"})
        assert told["promise"]["window"]["start"] == "2026-11-23T23:00:00.000Z"
        said = "We call you today between 6:00 PM and 6:20 PM."
        assert (await device.reads("text/plain")).body.decode() == f"call: {said}\n"
        assert (await device.reads()).json["says"] == said


async def test_an_agent_pairs_and_lets_go() -> None:
    """The code read to an agent is sure; a device that was let go signs in vain, is given a new code, and whoever presses
    it next is somebody new, who sees nothing of before."""
    async with Story() as story:
        await story.phone(HERS).texts("my heating is cold")
        customer = await customer_of(story)
        device = Device(story, "T100-0001")
        await device.presses()
        code = {"code": device.code}
        item = await story.api("POST", f"/customers/{customer}/devices", code, key="pair")
        assert await story.api("POST", f"/customers/{customer}/devices", code, key="pair") == item
        assert (item["how"], item["evidence"], item["device"].rpartition("/")[2]) == ("api", "strong", "T100-0001")
        await device.presses()
        proved = [c for case in await story.cases() for c in case["contacts"] if c["evidence"] == "proof"]
        assert len(proved) == 1
        left = await story.api("POST", f"/customers/{customer}/devices/{item['id']}/unpair", {"reason": "sold"})
        assert left == {"done": True}
        before = {case["id"] for case in await story.cases()}
        told = await device.presses(text="from the new owner")
        assert told["device"]["paired"] is False
        await story.phone(HIS).texts(f"{device.code}")
        new = [case for case in await story.cases() if case["id"] not in before]
        assert (await story.said(new[0]["id"]))[:2] == ["from the new owner", device.code]
        assert [d["how"] for d in await devices_of(story, await customer_of(story, HIS))] == ["sms"]
        assert await devices_of(story, customer) == []
        await story.restarts()
        assert (await device.presses())["device"] == {"paired": True}


async def test_a_device_of_another_household_is_not_taken() -> None:
    """Whoever gets at a paired device and says its new code does not get what is its household's: it must be let go by
    them first."""
    async with Story() as story:
        await story.phone(HERS).texts("hello")
        device = Device(story, "T100-0001")
        await device.presses()
        await story.phone(HERS).texts(device.code)
        thief = Device(story, "T100-0001")
        await thief.presses()
        await story.phone(HIS).texts(thief.code)
        assert await devices_of(story, await customer_of(story, HIS)) == []
        refused = await story.refused(
            "POST", f"/customers/{await customer_of(story, HIS)}/devices", {"code": thief.code}
        )
        assert refused["status"] == 409
        assert (await device.presses())["device"] == {"paired": True}


async def test_a_code_on_the_screen_holds_whoever_presses_meanwhile() -> None:
    """A stranger who knows no more than a device's name and its site's key presses while its household reads the code
    on its screen: what they text pairs it, and the key that came with that code is the one that signs."""
    async with Story() as story:
        device, stranger = Device(story, "T100-0001"), Device(story, "T100-0001")
        await device.presses()
        await stranger.presses()
        assert stranger.code != device.code
        await story.restarts()
        await story.phone(HERS).texts(f"the thermostat shows {device.code}")
        await story.settles()
        assert [d["how"] for d in await devices_of(story, await customer_of(story))] == ["sms"]
        assert (await device.presses())["device"] == {"paired": True}
        assert (await stranger.presses())["device"]["paired"] is False


async def test_a_wrong_code_by_text_is_a_text() -> None:
    """Words with a code that nobody shows are words, and stay with somebody of us; nothing tells a wrong code from a
    right one of somebody else's device, and whoever wrote a whole code reads what to do."""
    async with Story() as story:
        device = Device(story, "T100-0001")
        await device.presses()
        wrong = device.code[:-1] + str((int(device.code[-1]) + 1) % 10)
        await story.phone(HERS).texts(wrong)
        await story.phone(HERS).texts("7351 4820")
        rows = await story.timeline(await story.phone(HERS).case(), "message")
        assert [row["text"] for row in rows if row["direction"] == "in"] == [wrong, "7351 4820"]
        assert set(await story.phone(HERS).inbox()) == {NO_CODE}
        assert await devices_of(story, await customer_of(story)) == []
        await story.passes(minutes=16)
        await story.phone(HERS).texts(device.code)
        assert await devices_of(story, await customer_of(story)) == []


async def test_a_pairing_by_mistake_is_taken_back() -> None:
    """The two are one person only as long as nobody takes it back: then the device's case is its own again."""
    async with Story() as story:
        await story.phone(HERS).texts("my invoice is wrong")
        customer = await customer_of(story)
        device = Device(story, "T100-0001")
        await device.presses()
        [pressed] = [case["id"] for case in await story.cases() if case["contacts"][0]["channel"] == "touch"]
        await story.phone(HERS).texts(device.code)
        rows = await story.timeline(pressed, "identity")
        assert {"customers_merged", "device paired"} <= {e["facts"]["what"] for e in rows}
        merge = next(e["facts"]["merge"] for e in rows if "merge" in e["facts"])
        await story.api("POST", f"/customers/{customer}/unmerge", {"merge": merge})
        assert await devices_of(story, customer) == []
        await story.phone(HERS).texts("still wrong")
        assert await story.said(pressed) == [""]


async def test_the_code_on_the_phone() -> None:
    """Said in a call, a code pairs as well."""
    async with Story() as story:
        device = Device(story, "T100-0001")
        await device.presses()
        await story.phone(HERS).calls()
        await story.phone(HERS).speaks(f"my thermostat shows {device.code}")
        [shown] = await devices_of(story, await customer_of(story))
        assert (shown["how"], shown["evidence"]) == ("phone", "weak")
        await story.phone(HERS).hangs_up()


async def test_a_devices_household_is_answered() -> None:
    """A device reads no letters: what an agent writes about its press goes to its household, by the way that reaches
    them, and the device reads that they were answered."""
    async with Story() as story:
        await story.phone(HERS).texts("I moved")
        old = await story.phone(HERS).case()
        await story.api("POST", f"/cases/{old}/status", {"status": "closed"})
        ana = await story.ready_agent("Ana", skills={"heating": 3})
        device = Device(story, "T100-0001")
        await device.presses()
        work = await ana.accepts()
        nobody = await ana.refused("POST", f"/cases/{work['case']}/messages", {"text": "Is the fuse on?"})
        assert nobody["status"] == 409
        await story.api("POST", f"/customers/{await customer_of(story)}/devices", {"code": device.code})
        assert (await device.reads()).json["state"] == "with_us"
        sent = await ana.replies(work["case"], "Is the fuse on?")
        assert (sent["channel"], sent["address"]) == ("sms", HERS)
        assert await story.phone(HERS).inbox() == ["Is the fuse on?"]
        await ana.finishes(work)
        assert (await device.reads()).json["state"] == "answered"
        await story.phone(HERS).texts("yes, it is on")
        rows = await story.timeline(work["case"], "message")
        assert [row["text"] for row in rows] == ["", "Is the fuse on?", "yes, it is on"]
        await story.api("POST", f"/cases/{work['case']}/status", {"status": "solved"})
        assert (await device.reads()).json["state"] == "done"


async def test_the_code_by_keys() -> None:
    """After 8, a code is typed; they go on in line, and a wrong one is only a wrong one."""
    async with Story() as story:
        device = Device(story, "T100-0001")
        await device.presses()
        her = story.phone(HERS)
        await her.calls()
        await story.passes(seconds=5)
        await her.presses("8")
        await story.passes(seconds=6)
        assert "type the code that your device shows" in await her.heard()
        await her.presses("12345674#")
        assert await devices_of(story, await customer_of(story)) == []
        await story.passes(seconds=6)
        await her.presses("8")
        await story.passes(seconds=6)
        await her.presses(f"{device.code.replace('-', '')}#")
        [shown] = await devices_of(story, await customer_of(story))
        assert shown["how"] == "phone"
        assert await her.state() == "in_call"
        await her.hangs_up()


async def test_a_bare_text_opens_nothing_to_a_device() -> None:
    """Whoever texts in somebody else's name the code of a device of their own gets that device no word of the other's
    matter: neither that an agent is at it, nor that it is settled, nor what was promised before."""
    async with Story() as story:
        ana = await story.ready_agent("Ana")
        await story.phone(HERS).texts("my invoice is wrong")
        case = await story.phone(HERS).case()
        await story.api("POST", f"/cases/{case}/callbacks", {})
        device = Device(story, "T100-0001")
        await device.presses()
        await story.phone(HERS).texts(device.code)
        told = await device.presses(reach_me={"channel": "phone", "at": "now"})
        assert told["device"] == {"paired": True}
        assert set(told["promise"]) == {"kind", "state", "callback", "window"}
        for _ in range(2):
            read = (await device.reads()).json
            assert read["state"] in ("received", "call")
            assert (read["promise"], read["place_at"]) == (None, None)
            await ana.is_now("ready")
            for offer in await ana.offers():
                await ana.accepts(offer)
        pressed = [c for one in await story.cases() for c in one["contacts"] if c["channel"] == "touch"]
        assert {c["evidence"] for c in pressed} == {"weak"}


async def test_a_touch_with_a_number_pairs_nothing() -> None:
    """A code in a touch that only names a number is words: anybody can name it."""
    async with Story() as story:
        await story.phone(HERS).texts("hello")
        device = Device(story, "T100-0001")
        await device.presses()
        body = {"address": HERS, "text": device.code}
        await story.ask("POST", "/api/v1/contacts", body=body, headers={"X-Site-Key": "site_demo"}, token=None)
        await story.settles()
        assert await devices_of(story, await customer_of(story)) == []


async def test_a_code_makes_no_two_people_one() -> None:
    """A device that was found to be somebody's already is not made another's by its code, nor is that somebody."""
    async with Story() as story:
        await story.phone(HERS).texts("hello")
        await story.phone(HIS).texts("hello")
        device = Device(story, "T100-0001")
        await device.presses()
        [pressed] = [c for c in await story.cases() if c["contacts"][0]["channel"] == "touch"]
        hers = await customer_of(story)
        await story.api("POST", f"/customers/{pressed['customer']}/merge", {"customer": hers})
        await story.phone(HIS).texts(device.code)
        assert await devices_of(story, await customer_of(story, HIS)) == []
        await story.phone(HERS).texts(device.code)
        assert len(await devices_of(story, hers)) == 1


async def test_whoever_texts_a_code_reads_what_became_of_it() -> None:
    """Paired, in one line and once; a code that no device shows, what to do; a number in a sentence is no code."""
    async with Story() as story:
        her, device = story.phone(HERS), Device(story, "T100-0001")
        await device.presses()
        shown = device.code
        await her.texts(shown)
        await story.settles()
        assert await her.inbox() == ["Thank you. Your device is paired with you: what it reports comes to us as yours."]
        him = story.phone(HIS)
        await him.texts("my order is 7351 4820 and it has not come")
        await him.texts(f"code: {shown}")
        await story.settles()
        assert await him.inbox() == [NO_CODE]
        assert len(await her.inbox()) == 1
