"""How long somebody would wait who came now: a range that holds as often as it says, or that we do not know."""

from pydantic import Field

from router.core.documents import Requirement
from router.core.words import Channel
from router.http.auth import ANYBODY
from router.http.problems import no_such_queue
from router.http.routes import Call, Query, Replied, Route
from router.http.service import Service
from router.http.views import WaitOut, stamp, wait_out


class WaitsQuery(Query):
    queue: str = Field("", max_length=100, description="the last routing rule's, where it is missing")
    channel: Channel = Field(Channel.PHONE, description="how they would come")


class WaitsOut(WaitOut):
    at: str = Field(description="as of when")


class WaitApi:
    def __init__(self, service: Service) -> None:
        self._node = service.node

    def routes(self) -> list[Route]:
        summary = "How long somebody would wait who came now"
        return [Route("GET", "/api/v1/waits", summary, ANYBODY, self.read, WaitsOut, query=WaitsQuery, tag="work")]

    async def read(self, call: Call) -> Replied:
        query: WaitsQuery = call.query
        policy = self._node.means.policy
        queue = query.queue or policy.routing.rules[-1].queue
        if queue not in policy.queues:
            raise no_such_queue(queue, policy.queues)
        found = self._node.waits.of_queue(queue, Requirement(channel=query.channel).kind)
        return Replied(200, WaitsOut(**dict(wait_out(found)), at=stamp(self._node.clock.now())))
