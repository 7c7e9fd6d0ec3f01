"""Problem documents (RFC 9457): what was wrong, where, what was expected. Never a stack trace, never a secret."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from channels.wire import WireResponse
from router.core.clock import Ms
from router.core.errors import Reason, Rejected
from router.core.words import MINUTE_MS

TYPE = "https://onecase.dev/problems/"
CONTENT_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    loc: list[str | int]
    msg: str


class Alternative(BaseModel):
    """What can be done instead: `to`, as the request names it, and its name for people."""

    to: str
    name: str


class ProblemDocument(BaseModel):
    """RFC 9457, with one entry in `errors` for each field that is wrong."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    alternatives: list[Alternative] = []


class Problem(Exception):
    """Raised by a handler; becomes the answer."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        errors: list[tuple[list[str | int], str]] | None = None,
        kind: str | None = None,
        headers: dict[str, str] | None = None,
        alternatives: list[Alternative] | None = None,
        window: tuple[Ms, Ms] | None = None,
        zone: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors or []
        self.kind = kind or title.lower().replace(" ", "_")
        self.headers = headers or {}
        self.alternatives = alternatives
        self.window, self.zone = window, zone  # the one that can be promised instead, and whose clock it is said on

    def response(self) -> WireResponse:
        body: dict[str, Any] = {
            "type": TYPE + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "errors": [{"loc": loc, "msg": msg} for loc, msg in self.errors],
        }
        if self.alternatives is not None:
            body["alternatives"] = [one.model_dump() for one in self.alternatives]
        return WireResponse(
            status=self.status,
            body=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
            content_type=CONTENT_TYPE,
            headers=self.headers,
        )


WORDS: dict[Reason, tuple[int, str, str]] = {
    Reason.NOT_FOUND: (404, "Not found", "There is no such {what}, or it is not yours to see."),
    Reason.STALE_VERSION: (412, "Changed meanwhile", "Somebody changed it; it has {what} now. Read it again first."),
    Reason.OFFER_GONE: (409, "Offer gone", "This offer has ended: it ran out, was taken back or was answered before."),
    Reason.NOT_YOURS: (403, "Not yours", "This belongs to another agent."),
    Reason.WORK_NOT_ACTIVE: (409, "Work not active", "This work is {what}; only accepted work can be finished."),
    Reason.CASE_CLOSED: (409, "Case closed", "Case {what} is closed. Set its status to open first."),
    Reason.NUMBER_TAKEN: (
        409,
        "That number is taken",
        "That number is to be called already, or was called often enough for a day. "
        "Open a case by the number itself to call whoever has it.",
    ),
    Reason.NO_NUMBER: (
        409,
        "No number to call",
        "No number of this customer may be called: none is known, or it cannot be dialled, or they told us to stop. "
        "Name another number of theirs.",
    ),
    Reason.NO_WAY_TO_REACH: (409, "No way to reach them", "No address of this customer can be written to."),
    Reason.PREMIUM: (
        409,
        "Premium number",
        "That is a premium number, and is never called or written to: it costs whoever rings or texts it.",
    ),
    Reason.OPTED_OUT: (409, "They said stop", "The customer told us not to write by {what}."),
    Reason.WINDOW_CLOSED: (
        409,
        "Window closed",
        "By {what} we can write only within 24 hours of the customer's last message there, and that is older.",
    ),
    Reason.WINDOW_UNFIT: (422, "Another window", ""),
    Reason.TEXT_TOO_LONG: (422, "Text too long", "By sms this would be {what}. Shorten it, or take another channel."),
    Reason.TEXTS_SPENT: (
        409,
        "Enough texts for a day",
        "{what} texts about this case went out within a day, as many as the policy allows. The next one is possible "
        "from {when}; a person may send it now and say why in one line.",
    ),
    Reason.CHANNEL_CANNOT: (409, "Channel cannot", "They cannot be reached by {what} from this case."),
    Reason.NAME_TAKEN: (409, "Name taken", "{what} is already in use."),
    Reason.TRIES_SPENT: (
        429,
        "Too many tries",
        "There were too many wrong {what} within an hour. Wait, then try again.",
    ),
    Reason.TWO_PEOPLE: (
        409,
        "Two people",
        "A site vouches for each of them. Only one of us can say that they are one person.",
    ),
    Reason.SHARED_LINE: (409, "Shared line", "Several people use this {what}. Name the customer who is meant."),
    Reason.ERASED: (410, "Erased", "This customer was erased; what is left says when things happened, and no more."),
    Reason.HELD: (409, "On hold", "A hold stands on this customer, so nothing of them is erased until it is lifted."),
    Reason.JOINED: (
        409,
        "Joined with others",
        "They were found to be one person with {what}, whose words would go as well. Erase all of them with "
        "`whole_person`, or take them apart first, where they are not.",
    ),
    Reason.NOTHING_TO_DO: (409, "Nothing to do", "It is {what} already."),
    Reason.STILL_RINGING: (409, "Still ringing", "They have not picked up yet."),
    Reason.OTHER_CUSTOMER: (
        409,
        "Another customer",
        "Cases {what} are of two people. If they are one person, a lead says so first: by joining the customers.",
    ),
    Reason.ITSELF: (409, "The same case", "A case goes on in another one, not in itself. Name the other one."),
    Reason.NOTHING_TAKEN: (
        409,
        "Nothing of theirs",
        "The customer wrote or said none of these rows. Name one that they did: a case begins with words of theirs.",
    ),
    Reason.NOTHING_STAYS: (
        409,
        "Nothing would stay",
        "These are all rows that the customer wrote or said. Leave one: a case is not without words of theirs.",
    ),
    Reason.SEVERAL_CASES: (
        409,
        "Rows of several cases",
        "These rows came to several cases that were merged. Name rows of one of them, or take the merge back.",
    ),
    Reason.TOO_MANY: (409, "Too many", "These would be more than {what}."),
}
UNFIT = {
    "past": "it is over already",
    "order": "it ends before it starts",
    "short": "it is shorter than five minutes",
    "long": "it is longer than twelve hours",
    "far": "it is more than 90 days ahead",
    "night": "it is not between 8 and 20 o'clock where they are (`named`: true where they named it themselves)",
    "closed": "nobody is there when it starts",
    "full": "nobody is free then",
}
NO_OTHER = " No other way to write to them is open."


def problem_of(rejected: Rejected) -> Problem:
    """The words for people that go with the core's reason."""
    status, title, words = WORDS[rejected.reason]
    if rejected.reason is Reason.WINDOW_UNFIT:
        said = _unfit(rejected)
        errors: list[tuple[list[str | int], str]] = [(["body", "window"], said)]
        window, zone = rejected.window, rejected.zone
        return Problem(status, title, said, errors=errors, kind=rejected.reason.value, window=window, zone=zone)
    detail = words.replace("{what}", rejected.what or "thing").replace("{when}", _moment(rejected.when))
    for reason, what in rejected.also:
        detail += " " + WORDS[reason][2].replace("{what}", what)
    if rejected.instead is not None:
        detail += f" Open to them: {', '.join(rejected.instead)}." if rejected.instead else NO_OTHER
    return Problem(status, title, detail, kind=rejected.reason.value)


def no_such_queue(queue: str, queues: Iterable[str]) -> Problem:
    """What a query names is none of the policy's."""
    why = f"there is no queue {queue}; there are {', '.join(sorted(queues))}"
    return Problem(422, "Cannot be used", f"queue: {why}.", errors=[(["query", "queue"], why)], kind="invalid")


def _unfit(rejected: Rejected) -> str:
    """Why a window cannot be promised, and one that can, on the clock of whoever is called."""
    why = f"This window cannot be promised: {UNFIT.get(rejected.what, rejected.what)}."
    if rejected.window is None:
        return why
    zone = ZoneInfo(rejected.zone) if rejected.zone else UTC
    start, end = (datetime.fromtimestamp(at / 1000, UTC).astimezone(zone).isoformat() for at in rejected.window)
    return f"{why} Possible is {start} to {end}."


def _moment(at: Ms | None) -> str:
    """To the full minute, and never too early."""
    minute = 0 if at is None else -(-at // MINUTE_MS) * MINUTE_MS
    return datetime.fromtimestamp(minute / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC") if minute else ""


def validation_problem(error: ValidationError, *, where: str) -> Problem:
    """400 where the form of the input is wrong (types), 422 where a field is unknown, missing or impossible."""
    errors = [([where, *e["loc"]], _words(e)) for e in error.errors(include_url=False, include_context=False)]
    is_form = any(e["type"].endswith(("_type", "_parsing")) and e["type"] != "datetime_type" for e in error.errors())
    named = ", ".join(".".join(str(part) for part in loc) for loc, _ in errors[:5])
    if is_form:
        return Problem(400, "Wrong type", f"These are not of the expected type: {named}.", errors=errors)
    return Problem(422, "Cannot be used", f"These cannot be used as they are: {named}.", errors=errors)


def _words(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such field"
    return str(error["msg"])
