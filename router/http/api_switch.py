"""`POST /cases/{id}/switch`: links by which a customer goes on with the same case on another channel.

Its one rule: whatever the channel, the page is there as well, so that no way is a dead end; links are short-lived, and
all of a case can be taken back.
"""

from typing import Literal
from urllib.parse import quote

from pydantic import Field

from router.core.clock import Ms
from router.core.commands import OfferSwitch, RevokeLinks
from router.core.context import Decision
from router.core.documents import Case
from router.core.words import CaseId, Channel
from router.http.api_cases import actor_of
from router.http.auth import WRITERS
from router.http.contact_page import PREFIX
from router.http.problems import Problem
from router.http.routes import Body, Call, Replied, Reply, Route
from router.http.service import Service
from router.http.views import CaseOut, case_after, seen_of, stamp
from router.node.carrying import CARRY_MS, MARK, carry_token

CHAT_MARK = "carry="
"""Before the token in the fragment of a chat page's address, which browsers send to no server."""


class SwitchBody(Body):
    channel: Literal["phone", "sms", "whatsapp", "chat", "email", "page"] = Field(description="where they go on")


class Links(Reply):
    """Each carries the case once. `tel` carries nothing: whoever calls from their own number is known by it."""

    tel: str | None = None
    sms: str | None = None
    whatsapp: str | None = None
    mailto: str | None = None
    chat: str | None = None
    page: str | None = None


class SwitchOut(Reply):
    links: Links
    expires_at: str


class SwitchApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._node = service.node

    def routes(self) -> list[Route]:
        one = "/api/v1/cases/{id}/switch"
        return [
            Route(
                "POST", one, "Links that carry it to another channel", WRITERS, self.offer, SwitchOut, body=SwitchBody
            ),
            Route("DELETE", one, "Take back every link that carries it", WRITERS, self.revoke, CaseOut),
        ]

    async def offer(self, call: Call) -> Replied:
        case, channel = await self._case(call), Channel(call.body.channel)
        now = self._node.clock.now()
        until = Ms(now + CARRY_MS)
        links = self._links(case.id, channel, made_at=now, once=call.key, site=case.heard.via if case.heard else "")
        command = OfferSwitch(key=call.key, case=case.id, channel=channel, until=until, actor=actor_of(call))
        return await self._service.take(
            call, command, lambda _: SwitchOut(links=links, expires_at=stamp(until)), status=200
        )

    async def revoke(self, call: Call) -> Replied:
        found = await self._case(call)
        id = found.id
        [seen] = await seen_of(self._node.journal, [found])

        def answer(decision: Decision) -> CaseOut:
            case = decision.state[id]
            assert isinstance(case, Case)
            return case_after(case, decision, seen)

        command = RevokeLinks(key=call.key, case=id, actor=actor_of(call))
        return await self._service.take(call, command, answer, status=200)

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _case(self, call: Call) -> Case:
        found = await self._node.journal.document(call.path["id"])
        if not isinstance(found, Case):
            raise Problem(404, "Not found", "There is no such case, or it is not yours to see.", kind="not_found")
        return found

    def _links(self, case: CaseId, channel: Channel, *, made_at: Ms, once: str, site: str) -> Links:
        means = self._node.means

        def token(way: str) -> str:
            return carry_token(means.secret, case, made_at=made_at, once=f"{way} {once}")

        texts, phone = (
            means.senders.get(Channel.SMS),
            means.senders.get(Channel.PHONE) or means.senders.get(Channel.SMS),
        )
        links = Links(page=f"{self._service.public_url}{PREFIX}{token('page')}")
        if channel is Channel.PHONE and phone:
            links.tel = f"tel:{phone}"
        elif channel is Channel.SMS and texts:
            links.sms = f"sms:{texts}?body={quote(MARK + token('sms'))}"
        elif channel is Channel.WHATSAPP and (ours := means.senders.get(Channel.WHATSAPP)):
            links.whatsapp = (
                f"https://wa.me/{ours.removeprefix('whatsapp:').lstrip('+')}?text={MARK}{token('whatsapp')}"
            )
        elif channel is Channel.CHAT and (page := self._chat_page(site)):
            links.chat = f"{page}#{CHAT_MARK}{token('chat')}"
        elif channel is Channel.EMAIL and (mailto := self._mailto(case)):
            links.mailto = mailto
        return links

    def _chat_page(self, site: str) -> str | None:
        """Where they chat: at the site where they were last, else at the first that has such a page."""
        pages = self._service.chat_pages
        return pages.get(site) or next(iter(pages.values()), None)

    def _mailto(self, case: CaseId) -> str | None:
        """The case's own reply address, which finds it for as long as it is there."""
        letterbox = self._node.letterbox
        if letterbox is None:
            return None
        return f"mailto:{letterbox.reply_address(case)}"
