"""Where a case of which we were not sure belongs: an agent chooses one of its candidates, with one key.

Its one rule: nothing but a candidate can be chosen here, so that this needs no lead; each choice is a merge, and is
undone as any other.
"""

from typing import Annotated

from pydantic import Field

from router.core.commands import DropCandidates, MergeCases, MergeCustomers
from router.core.context import Decision
from router.core.documents import Case
from router.core.events import CasesMerged, CustomersMerged
from router.core.words import CaseId, CustomerId
from router.http.api_cases import actor_of
from router.http.auth import WRITERS, Role
from router.http.problems import Problem
from router.http.routes import Body, Call, Replied, Reply, Route
from router.http.service import Service

Name = Annotated[str, Field(min_length=1, max_length=60)]
REASON = "chosen among the candidates of the case"


class ChoiceBody(Body):
    """One of them, or neither: then it is a matter of its own."""

    case: Name | None = Field(None, description="the case that it goes on in")
    customer: Name | None = Field(None, description="whose it is, of the people who use the line")


class ChoiceOut(Reply):
    merge: str | None = Field(description="what undoes it; null where there is nothing to undo")


class CandidateApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        return [
            Route(
                "POST",
                "/api/v1/cases/{id}/candidates",
                "Say where it belongs, or that it is a matter of its own",
                WRITERS | {Role.OPS},
                self.choose,
                ChoiceOut,
                body=ChoiceBody,
            )
        ]

    async def choose(self, call: Call) -> Replied:
        body: ChoiceBody = call.body
        case = await self._journal.document(call.path["id"])
        if not isinstance(case, Case):
            raise Problem(404, "Not found", "There is no such case, or it is not yours to see.", kind="not_found")
        if body.case is None and body.customer is None:
            dropping = DropCandidates(key=call.key, case=case.id, actor=actor_of(call))
            return await self._service.take(call, dropping, lambda _: ChoiceOut(merge=None), status=200)
        chosen = [
            one
            for one in case.candidates
            if (body.case is None or one.case == body.case) and (body.customer is None or one.customer == body.customer)
        ]
        if not chosen:
            raise Problem(422, "No candidate", "Choose one of the candidates of this case.")
        return await self._service.take(call, self._merge(call, case, body), _answer, status=200)

    def _merge(self, call: Call, case: Case, body: ChoiceBody) -> MergeCases | MergeCustomers:
        by = actor_of(call)
        if body.case is not None:
            return MergeCases(key=call.key, case=case.id, into=CaseId(body.case), actor=by, reason=REASON)
        assert body.customer is not None
        into = CustomerId(body.customer)
        return MergeCustomers(key=call.key, customer=case.customer, into=into, actor=by, reason=REASON)


def _answer(decision: Decision) -> ChoiceOut:
    merged = next(event for event in decision.events if isinstance(event, CasesMerged | CustomersMerged))
    return ChoiceOut(merge=merged.merge)
