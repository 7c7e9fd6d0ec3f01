"""A device as its maker writes it from the documents: it presses, keeps what it is given, signs, and reads its page."""

import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.story.wire import Answered, Json

if TYPE_CHECKING:
    from tests.story.world import World

PATH = "/api/v1/contacts"
SIGNATURE = "X-Device-Signature"


@dataclass
class Device:
    story: "World"
    id: str
    site_key: str = "site_demo"
    key: str = ""
    secret: str = ""
    code: str = ""
    page: str = ""

    def body(self, **more: Any) -> bytes:
        return json.dumps({"context": {"device": self.id, "error": "E42"}, **more}).encode()

    async def signature(self, body: bytes, *, off_s: int = 0) -> str:
        at_s = int((await self.story.now()).timestamp()) + off_s
        text = b"POST\n%s\n%d\n" % (PATH.encode(), at_s) + body
        return f"{self.key}.{at_s}.{hmac.new(self.secret.encode(), text, 'sha256').hexdigest()}"

    async def sends(self, body: bytes, **headers: str) -> Answered:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"X-Site-Key": self.site_key, **named}
        answer = await self.story.ask("POST", PATH, body=body, headers=sent, token=None)
        await self.story.settles()
        return answer

    async def presses(self, *, signs: bool = True, off_s: int = 0, **more: Any) -> Json:
        """Press its button, a second later: signed as soon as it has a key."""
        await self.story.passes(seconds=1)
        body = self.body(**more)
        signed = {SIGNATURE: await self.signature(body, off_s=off_s)} if signs and self.key else {}
        answer = await self.sends(body, **signed)
        assert answer.status == 201, answer.body
        told = answer.json
        self.page, self.code = told["page_url"], told["device"].get("code", "")
        if "key" in told["device"]:
            self.key, self.secret = told["device"]["key"], told["device"]["secret"]
        return told

    async def reads(self, accept: str = "application/json", language: str = "en") -> Answered:
        headers = {"Accept": accept, "Accept-Language": language}
        return await self.story.ask("GET", self.page, headers=headers, token=None)
