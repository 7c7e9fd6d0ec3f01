"""Chats over the API: that an agent types. What is said goes by `POST /cases/{id}/messages` as everywhere."""

from router.core.documents import Case
from router.http.auth import WRITERS
from router.http.problems import Problem
from router.http.routes import Body, Call, Replied, Reply, Route
from router.http.service import Service


class TypingBody(Body):
    on: bool = True


class TypingOut(Reply):
    heard: int


class ChatApi:
    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[Route]:
        path = "/api/v1/cases/{id}/typing"
        return [
            Route("POST", path, "Tell a visitor that somebody types", WRITERS, self.typing, TypingOut, 202, TypingBody,
                  is_repeated=False),
        ]  # fmt: skip

    async def typing(self, call: Call) -> Replied:
        """Nothing of it is kept; `heard` says how many windows of the visitor show it."""
        case = await self._service.node.journal.document(call.path["id"])
        if not isinstance(case, Case):
            raise Problem(404, "Not found", "There is no such case, or it is not yours to see.", kind="not_found")
        door = self._service.chat
        if door is None:
            return Replied(202, TypingOut(heard=0))
        name = await door.name_of(call.who.agent)
        return Replied(202, TypingOut(heard=await door.agent_types(case, name, on=call.body.on)))
