"""Stories of devices: a press, a code that its household says, and what the device may sign and read from then on."""

import hmac

from router.http.device_signature import HEADER, signed_text
from tests.story import Json, Story, World

PATH = "/api/v1/contacts"
SITE = {"X-Site-Key": "site_demo"}


class Device:
    """A device as its maker writes it: it presses, keeps what it is given, signs, and reads its page."""

    def __init__(self, story: World, id: str, site_key: str = "site_demo") -> None:
        self.story, self.id, self.site_key = story, id, site_key
        self.key = self.secret = self.code = self.page = ""

    def body(self, **more: object) -> bytes:
        import json

        return json.dumps({"context": {"device": self.id, "error": "E42"}, **more}).encode()

    def signature(self, body: bytes, at_s: int) -> str:
        text = signed_text("POST", PATH, at_s, body)
        return f"{self.key}.{at_s}.{hmac.new(self.secret.encode(), text, 'sha256').hexdigest()}"

    async def presses(self, *, signs: bool | None = None, off_s: int = 0, **more: object) -> Json:
        body = self.body(**more)
        headers = {"X-Site-Key": self.site_key}
        if self.key if signs is None else signs:
            at_s = int((await self.story.now()).timestamp()) + off_s
            headers[HEADER] = self.signature(body, at_s)
        answer = await self.story.ask("POST", PATH, body=body, headers=headers, token=None)
        await self.story.settles()
        assert answer.status == 201, answer.body
        self.keeps(answer.json)
        return answer.json

    def keeps(self, told: Json) -> None:
        self.page = told["page_url"]
        self.code = told["device"].get("code", "")
        if "key" in told["device"]:
            self.key, self.secret = told["device"]["key"], told["device"]["secret"]

    async def reads(self) -> Json:
        answer = await self.story.ask("GET", self.page, headers={"Accept": "application/json"}, token=None)
        return answer.json


async def test_an_unpaired_press_opens_a_case_and_gives_a_code() -> None:
    async with Story() as story:
        device = Device(story, "T100-1")
        told = await device.presses()
        case = await story.one_case()
        assert told["device"]["paired"] is False
        assert len(device.code) == 9
        again = await device.presses()
        assert again["device"] == {k: v for k, v in told["device"].items() if k not in ("key", "secret")}
        other = Device(story, "T100-1")
        foreign = await other.presses()
        assert foreign["device"]["code"] != told["device"]["code"]
        assert (await device.reads())["state"] == "unpaired"
        assert case
