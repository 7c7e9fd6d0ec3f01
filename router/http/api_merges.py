"""Joining and taking apart over the API: cases, customers, rows of a timeline. Timelines name who did it.

Its one rule: the case, or customer, of the path is the one that stays; what the body names goes on in it.
"""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from router.core.commands import Command, MergeCases, MergeCustomers, SplitCase, UnmergeCases, UnmergeCustomers
from router.core.context import Decision
from router.core.documents import Case, Customer
from router.core.events import CasesMerged, CaseSplit, CustomersMerged
from router.core.splitting import SPLIT_MAX
from router.core.words import CaseId, CustomerId, Evidence, MergeId
from router.http.api_cases import actor_of
from router.http.auth import LEADS, WRITERS, Role
from router.http.joined import head_of
from router.http.problems import Problem
from router.http.routes import Body, Call, Replied, Reply, Route
from router.http.service import Service
from router.http.views import CaseOut, case_after, said_first, seen_of

Reason = Annotated[str, Field(max_length=2000)]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Grade = Literal["weak", "strong", "proof"]


class MergeCasesBody(Body):
    case: Name = Field(description="the case that goes on in the one of the path")
    reason: Reason = ""
    evidence: Grade = Field("weak", description="why they are one matter, or one person")


class MergeCustomersBody(Body):
    customer: Name = Field(description="the customer who was found to be the one of the path as well")
    reason: Reason = ""
    evidence: Grade = Field("weak", description="why they are one person")


class UnmergeBody(Body):
    merge: Name = Field(description="what the merge, or the split, was answered with")
    reason: Reason = ""


class SplitBody(Body):
    entries: Annotated[list[Name], Field(min_length=1, max_length=SPLIT_MAX)] = Field(
        description="ids of rows of its timeline that are another matter; one of theirs is among them, and one stays"
    )
    reason: Reason = ""


class MergeOut(Reply):
    merge: str = Field(description="what undoes it")


class MergeApi:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._journal = service.node.journal

    def routes(self) -> list[Route]:
        case, customer = "/api/v1/cases/{id}", "/api/v1/customers/{id}"
        writing = WRITERS | {Role.OPS}
        return [
            Route(
                "POST",
                f"{case}/merge",
                "Let another case go on in this one",
                writing,
                self.merge_cases,
                MergeOut,
                body=MergeCasesBody,
            ),
            Route(
                "POST",
                f"{case}/unmerge",
                "Take a merge or a split back",
                writing,
                self.unmerge_cases,
                MergeOut,
                body=UnmergeBody,
            ),
            Route(
                "POST",
                f"{case}/split",
                "Make a case of rows that are another matter",
                writing,
                self.split,
                CaseOut,
                201,
                body=SplitBody,
            ),
            Route(
                "POST",
                f"{customer}/merge",
                "They are one person: let another customer stand under this one",
                LEADS,
                self.merge_customers,
                MergeOut,
                body=MergeCustomersBody,
                tag="customers",
            ),
            Route(
                "POST",
                f"{customer}/unmerge",
                "They are two people after all",
                LEADS,
                self.unmerge_customers,
                MergeOut,
                body=UnmergeBody,
                tag="customers",
            ),
        ]

    async def merge_cases(self, call: Call) -> Replied:
        body: MergeCasesBody = call.body
        await self._check(call, Case)
        command = MergeCases(
            key=call.key,
            case=CaseId(body.case),
            into=CaseId(call.path["id"]),
            actor=actor_of(call),
            reason=body.reason,
            evidence=Evidence(body.evidence),
            if_version=call.if_version,
        )
        return await self._join(call, command, CasesMerged)

    async def unmerge_cases(self, call: Call) -> Replied:
        return await self._undo(call, Case, UnmergeCases)

    async def split(self, call: Call) -> Replied:
        body: SplitBody = call.body
        await self._check(call, Case)
        whole = await self._journal.document(call.path["id"])
        assert isinstance(whole, Case)
        [seen] = await seen_of(self._journal, [await head_of(self._journal, whole)])
        going = said_first(row for row in seen.rows if f"{row.case}/{row.n}" in body.entries)
        seen = replace(seen, words={**seen.words, **(await self._journal.words(going) if going else {})})
        command = SplitCase(
            key=call.key,
            case=CaseId(call.path["id"]),
            entries=tuple(dict.fromkeys(body.entries)),
            actor=actor_of(call),
            reason=body.reason,
            if_version=call.if_version,
        )

        def answer(decision: Decision) -> CaseOut:
            split = next(event for event in decision.events if isinstance(event, CaseSplit))
            case = decision.state[split.into]
            assert isinstance(case, Case)
            return case_after(case, decision, seen, rows=split.entries)

        return await self._service.take(call, command, answer, status=201)

    async def merge_customers(self, call: Call) -> Replied:
        body: MergeCustomersBody = call.body
        await self._check(call, Customer)
        command = MergeCustomers(
            key=call.key,
            customer=CustomerId(body.customer),
            into=CustomerId(call.path["id"]),
            actor=actor_of(call),
            reason=body.reason,
            evidence=Evidence(body.evidence),
            if_version=call.if_version,
        )
        return await self._join(call, command, CustomersMerged)

    async def unmerge_customers(self, call: Call) -> Replied:
        return await self._undo(call, Customer, UnmergeCustomers)

    async def _join(self, call: Call, command: Command, kind: type[CasesMerged] | type[CustomersMerged]) -> Replied:
        def answer(decision: Decision) -> MergeOut:
            merged = next(event for event in decision.events if isinstance(event, kind))
            return MergeOut(merge=merged.merge)

        return await self._service.take(call, command, answer, status=200)

    async def _undo(
        self, call: Call, what: type[Case] | type[Customer], kind: type[UnmergeCases] | type[UnmergeCustomers]
    ) -> Replied:
        await self._check(call, what)
        command = kind(
            key=call.key,
            merge=MergeId(call.body.merge),
            actor=actor_of(call),
            reason=call.body.reason,
            if_version=call.if_version,
        )
        return await self._service.take(call, command, lambda _: MergeOut(merge=call.body.merge), status=200)

    async def _check(self, call: Call, kind: type[Case] | type[Customer]) -> None:
        if not isinstance(await self._journal.document(call.path["id"]), kind):
            what = "case" if kind is Case else "customer"
            raise Problem(404, "Not found", f"There is no such {what}, or it is not yours to see.", kind="not_found")
