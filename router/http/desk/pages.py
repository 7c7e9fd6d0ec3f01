"""The desk's addresses: a request to a page, a form to a command and a redirect, a problem to a sentence.

Its one rule: it decides nothing. What may be done, and what is said when it may not, comes from the API's routes.
"""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import structlog

from channels.wire import WireRequest, WireResponse
from router.core.errors import Reason, Rejected
from router.http.api_quarantine import QuarantinePage
from router.http.auth import LEADS, Identity, Role, identify, refuse_foreign_origin, session_cookie
from router.http.contact_form import SEPARATORS
from router.http.desk.calls import Calls
from router.http.desk.door import Door
from router.http.desk.finding import Results, case_named, results
from router.http.desk.mail import mail_page
from router.http.desk.promising import Meant, instead_of, keep, meant_by
from router.http.desk.render import Pages
from router.http.desk.screen import ROWS_SHOWN, Draft, Screens
from router.http.desk.words import DONE, ONE_PERSON
from router.http.problems import Problem, problem_of
from router.http.service import Service
from router.http.views import CaseOut
from router.journal.base import JournalStopped

HOME = "/desk"
CASE = re.compile(r"^case_[a-z0-9]{1,40}$")
BACK = re.compile(r"^/desk(/quarantine|/case/case_[a-z0-9]{1,40})?$")
FIELDS_MAX = 2_100
"""A split names as many rows as a page may show."""
ROW = "row "
"""What the name of a row's box begins with."""
ASIDE_SHOWN = 50
STOPPING = "The service is starting or stopping. Try again in a moment."

log = structlog.get_logger("onecase.desk")
Form = dict[str, str]


class Desk:
    def __init__(self, service: Service) -> None:
        self._service = service
        self._calls = Calls(service)
        self._screens = Screens(service, self._calls)
        self._pages = Pages()
        self._door = Door(service.tokens, service.node.clock, is_https=urlsplit(service.public_url).scheme == "https")

    async def answer(self, request: WireRequest) -> WireResponse:
        """A page for every request, whatever happens."""
        path = urlsplit(request.url).path.rstrip("/") or HOME
        try:
            return await self._route(request, path)
        except Problem as problem:
            return self._sentence(problem)
        except Rejected as rejected:
            return self._sentence(problem_of(rejected))
        except JournalStopped:
            return self._sentence(Problem(503, "Not ready", STOPPING))
        except Exception as error:  # the edge: a bug of ours must not show itself to a person
            log.exception("a page failed", method=request.method, path=path, kind=type(error).__name__)
            return self._sentence(Problem(500, "Our fault", "Something failed on our side; it was noted."))

    async def _route(self, request: WireRequest, path: str) -> WireResponse:
        rest = path.removeprefix(HOME).strip("/").split("/")
        if rest[0] == "static" and len(rest) == 2 and (file := self._pages.file(rest[1])):
            return file
        if not self._service.node.is_ready:
            raise Problem(503, "Not ready", STOPPING)
        if request.method == "POST":
            return await self._write(request, rest)
        if request.method not in ("GET", "HEAD"):
            raise Problem(
                405, "Not possible", "A page can be read, a form can be sent.", headers={"Allow": "GET, POST"}
            )
        who = self._who(request)
        if rest == ["sign-in"]:
            return _to(HOME) if who else self._sign_in(HOME)
        if who is None:
            return self._sign_in(path)
        return await self._show(request, rest, who)

    # --- signing in and out -------------------------------------------------------------------------------------------

    def _who(self, request: WireRequest) -> Identity | None:
        try:
            who = identify(request, self._service.tokens)
        except Problem as problem:
            if problem.status == 401:
                return None
            raise
        return None if who.role is Role.INTEGRATION else who

    def _sign_in(self, back: str, problem: Problem | None = None) -> WireResponse:
        status = problem.status if problem else 401
        headers = problem.headers if problem else {}
        back = back if BACK.match(back) else HOME
        said = problem.detail if problem else None
        return self._pages.page("sign_in.html", status=status, headers=headers, back=back, said=said)

    def _enter(self, request: WireRequest, form: Form) -> WireResponse:
        token, back = form.get("token", "").strip(), form.get("back", HOME)
        try:
            self._door.let_in(request, token)
        except Problem as problem:
            return self._sign_in(back, problem)
        return _to(back if BACK.match(back) else HOME, {"Set-Cookie": self._door.cookie(token)})

    # --- reading ------------------------------------------------------------------------------------------------------

    async def _show(self, request: WireRequest, rest: list[str], who: Identity) -> WireResponse:
        query = dict(parse_qsl(urlsplit(request.url).query, max_num_fields=FIELDS_MAX))
        done = DONE.get(query.get("done", ""))
        match rest:
            case [""]:
                if asked := query.get("q", "").strip():
                    return await self._search(who, asked, after=query.get("after"))
                return await self._screen(who, None, done=done)
            case ["quarantine"]:
                return await self._screen(who, None, done=done, aside=await self._aside(who, query.get("after")))
            case ["mail", case, n]:
                pictures = query.get("pictures") == "1"
                return await mail_page(self._service.node.journal, f"{case}/{n}", pictures=pictures)
            case ["case", id]:
                shown = query.get("show", "")
                rows = int(shown) if shown.isdecimal() and len(shown) < 6 else ROWS_SHOWN
                meant = await meant_by(self._calls, who, id, query)
                return await self._screen(who, id, done=done, shown=rows, meant=meant)
            case _:
                raise Problem(404, "Not found", "There is nothing at this address.")

    async def _search(self, who: Identity, asked: str, *, after: str | None) -> WireResponse:
        found = await results(self._calls, who, asked, after=after)
        if found.only is not None:
            return _to(f"{HOME}/case/{found.only}#latest")
        if found.items or found.following:
            return await self._screen(who, None, asked=asked, found=found)
        said = f"There is no case with {asked[:40]}."
        if not any(c.isalpha() for c in asked):
            said += " The last digit of a reference checks the others: are all of them right?"
        return await self._screen(who, None, status=404, said=said, asked=asked)

    async def _screen(
        self,
        who: Identity,
        case: str | None,
        *,
        status: int = 200,
        done: str | None = None,
        said: str | None = None,
        asked: str = "",
        shown: int = ROWS_SHOWN,
        draft: Draft | None = None,
        found: Results | None = None,
        aside: QuarantinePage | None = None,
        meant: Meant | None = None,
    ) -> WireResponse:
        screen = await self._screens.screen(who, case=case, shown=shown, draft=draft or Draft())
        return self._pages.page(
            "desk.html",
            status=status,
            screen=screen,
            view=screen.view,
            now=screen.now,
            done=done,
            said=said,
            asked=asked,
            shown=shown,
            results=found,
            aside=aside,
            meant=meant,
            may_release=self._calls.may(who, "GET", "/quarantine"),
        )

    async def _aside(self, who: Identity, after: str | None) -> QuarantinePage:
        return await self._calls.read(who, "/quarantine", limit=ASIDE_SHOWN, after=after)

    def _sentence(self, problem: Problem) -> WireResponse:
        values = {"title": problem.title, "said": problem.detail}
        return self._pages.page("sentence.html", status=problem.status, headers=problem.headers, **values)

    # --- writing ------------------------------------------------------------------------------------------------------

    async def _write(self, request: WireRequest, rest: list[str]) -> WireResponse:
        form = read_form(request)
        if rest == ["sign-in"]:
            return self._enter(request, form)
        refuse_foreign_origin(request)
        if rest == ["sign-out"]:
            return (
                _to(f"{HOME}/sign-in", {"Set-Cookie": self._door.cookie("")}) if session_cookie(request) else _to(HOME)
            )
        at = next((id for id in (rest[1] if rest[0] == "case" and len(rest) > 1 else "", form.get("at", "")) if id), "")
        at = at if CASE.match(at) else ""
        who = self._who(request)
        if who is None:
            return self._sign_in(f"{HOME}/case/{at}" if at else HOME)
        if rest[0] == "case" and rest[-1] == "preview" and at:
            return await self._preview(who, at, form)
        try:
            return await self._act(who, rest, form, at)
        except (Problem, Rejected) as refused:
            problem = problem_of(refused) if isinstance(refused, Rejected) else refused
            draft = _draft(form) if rest[-1] in ("reply", "notes") else Draft()
            aside = await self._aside(who, None) if rest[0] == "quarantine" and problem.status != 403 else None
            node, said = self._service.node, sentence_of(problem)
            meant = instead_of(problem, form, now=node.clock.now(), policy=node.means.policy)
            return await self._screen(
                who, at or None, status=problem.status, said=said, draft=draft, aside=aside, meant=meant
            )

    async def _preview(self, who: Identity, case: str, form: Form) -> WireResponse:
        """Say how the typed answer would go out, before it does; the script asks for that line alone."""
        draft = _draft(form)
        if "alone" not in form:
            return await self._screen(who, case, draft=draft)
        way = await self._screens.way(await self._screens.document(case), channel=draft.channel, text=draft.text)
        return self._pages.page("way.html", way=way, reason=draft.reason)

    async def _act(self, who: Identity, rest: list[str], form: Form, at: str) -> WireResponse:
        once = form.get("once", "")
        match rest:
            case ["state"]:
                fields = {"state": form.get("state", "")}
                await self._calls.act(who, "/agents/me/state", fields, once=once, method="PUT")
                return _at(at)
            case ["offer", id, "accept"]:
                taken = await self._calls.act(who, f"/offers/{id}/accept", {}, once=once)
                return _to(f"{HOME}/case/{await self._head(who, taken['case'])}#case")
            case ["offer", id, "decline"]:
                await self._calls.act(who, f"/offers/{id}/decline", _some(form, "reason"), once=once)
                return _at(at, "declined")
            case ["work", id, "finish"]:
                fields = _some(form, "outcome", "note")
                ended = await self._calls.act(who, f"/work/{id}/finish", fields, once=once)
                return _at(at, "finished_unkept" if ended["withdrawn"] else "finished")
            case ["work", id, "transfer"]:
                number = SEPARATORS.sub("", form.get("number", "").strip())
                fields = {**_some(form, "to", "reason"), **({"to": number} if number else {})}
                await self._calls.act(who, f"/work/{id}/transfer", fields, once=once)
                return _at(at, "outside" if number else "transferred")
            case ["case", id, "promise"]:
                return _at(id, await keep(self._calls, who, id, form, once=once))
            case ["call", id, "hold" | "resume" | "hang-up" as step]:
                await self._calls.act(who, f"/calls/{id}/{step}", {}, once=once)
                return _at(at)
            case ["call", id, "recording"]:
                on = form.get("on") == "true"
                await self._calls.act(who, f"/calls/{id}/recording", {"on": on}, once=once)
                return _at(at, "recorded" if on else "not_recorded")
            case ["call", id, "join"]:
                await self._calls.act(who, f"/calls/{id}/join", _some(form, "mode", "reason"), once=once)
                return _at(at, "joining")
            case ["quarantine", id, "release"]:
                out = (await self._calls.act(who, f"/quarantine/{id}/release", _some(form, "reason"), once=once))[
                    "case"
                ]
                return _at(out["id"], "released") if out else _to(f"{HOME}/quarantine?done=released")
            case ["work", id, "take"]:
                await self._calls.act(who, f"/work/{id}/take", _some(form, "reason"), once=once)
                return _at(at, "taken")
            case ["work", id, "first"]:
                await self._calls.act(who, f"/work/{id}/first", _some(form, "reason"), once=once)
                return _at(at, "first")
            case ["case", id, "participants"]:
                who_else = {"address": form.get("address", ""), "invited": form.get("invited") == "yes"}
                await self._calls.act(who, f"/cases/{id}/participants", who_else, once=once)
                return _at(at)
            case ["case", id, "call"]:
                await self._calls.act(who, f"/cases/{id}/callbacks", {"by": "me"}, once=once)
                return _at(at, "calling")
            case ["case", id, "candidates" | "merge" | "split" | "undo" as deed]:
                return await self._belongs(who, id, deed, form, once=once)
            case ["case", id, deed] if deed in DEEDS:
                done, fields = DEEDS[deed](form)
                version = int(v) if (v := form.get("version", "")).isdecimal() and len(v) < 16 else None
                await self._calls.act(who, f"/cases/{id}/{API_NAMES[deed]}", fields, once=once, if_version=version)
                return _at(at, done)
            case _:
                raise Problem(404, "Not found", "There is nothing at this address.")

    async def _belongs(self, who: Identity, case: str, deed: str, form: Form, *, once: str) -> WireResponse:
        """Which case, and whose, it is: chosen, joined, split, taken back."""
        path = f"/cases/{case}"
        match deed:
            case "candidates":
                chosen = _some(form, "case", "customer")
                await self._calls.act(who, f"{path}/candidates", chosen, once=once)
                named = "named" if who.role in LEADS else "named_by_agent"
                done = "joined" if "case" in chosen else named if chosen else "own"
                return _at(chosen.get("case", case), done)
            case "merge":
                other = await case_named(self._calls, who, form.get("ref", ""))
                if form.get("people") == "yes":
                    await self._one_person(who, case, other, form, once=f"{once}-people")
                try:
                    await self._calls.act(who, f"{path}/merge", {"case": other, **_some(form, "reason")}, once=once)
                except Problem as problem:
                    if problem.kind != Reason.OTHER_CUSTOMER.value or who.role not in LEADS:
                        raise
                    detail = f"{problem.detail} Mark “{ONE_PERSON}” here to say so."
                    raise Problem(problem.status, problem.title, detail) from None
                return _at(case, "joined")
            case "split":
                rows = [name.removeprefix(ROW) for name in form if name.startswith(ROW)]
                made = await self._calls.act(who, f"{path}/split", {"entries": rows}, once=once)
                return _at(str(made["id"]), "split")
            case _:
                whose = form.get("customer", "")
                await self._calls.act(
                    who, f"/customers/{whose}/unmerge" if whose else f"{path}/unmerge", _some(form, "merge"), once=once
                )
                return _at(await self._head(who, case), "undone")  # of a split that was taken back nothing is left here

    async def _head(self, who: Identity, case: str) -> str:
        """The case that all of its matter is."""
        shown: CaseOut = await self._calls.read(who, f"/cases/{case}")
        return (shown.head or shown).id

    async def _one_person(self, who: Identity, case: str, other: str, form: Form, *, once: str) -> None:
        """Whoever wrote as two people are one: each of these cases is theirs. It is undone by itself."""
        mine: CaseOut = await self._calls.read(who, f"/cases/{case}")
        theirs: CaseOut = await self._calls.read(who, f"/cases/{other}")
        fields = {"customer": theirs.customer, **_some(form, "reason")}
        try:
            await self._calls.act(who, f"/customers/{mine.customer}/merge", fields, once=once)
        except Rejected as rejected:
            if rejected.reason is not Reason.NOTHING_TO_DO:  # they are one already
                raise


def read_form(request: WireRequest) -> Form:
    """A form's fields; its line ends as people mean them."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Problem(415, "Not a form", "This address takes a form.")
    try:
        pairs = parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Problem(400, "Not a form", "This form has too many fields.") from None
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def sentence_of(problem: Problem) -> str:
    """A problem for the top of the page."""
    if problem.kind == "key_used_before":
        return "This form was sent before. Here is how it stands now; write again if something is missing."
    return " ".join([problem.detail, *(f"{str(loc[-1]).capitalize()}: {msg}." for loc, msg in problem.errors[:3])])


def _draft(form: Form) -> Draft:
    if "channel" in form:
        return Draft(text=form.get("text", ""), channel=form.get("channel", "auto"), reason=form.get("reason", ""))
    return Draft(note=form.get("text", ""))


def _some(form: Form, *names: str) -> Form:
    return {name: form[name].strip() for name in names if form.get(name, "").strip()}


def _assign(form: Form) -> tuple[str, Form]:
    kind, _, name = form.get("to", "").partition(":")
    return "assigned", {**({kind: name} if kind in ("agent", "queue") else {}), **_some(form, "reason")}


DEEDS: dict[str, Callable[[Form], tuple[str, Form]]] = {
    "reply": lambda form: (
        "replied",
        {"text": form.get("text", "").strip(), "channel": form.get("channel", "auto"), **_some(form, "reason")},
    ),
    "notes": lambda form: ("noted", {"text": form.get("text", "").strip()}),
    "status": lambda form: ("status", _some(form, "status", "reason")),
    "assign": _assign,
}
API_NAMES = {"reply": "messages", "notes": "notes", "status": "status", "assign": "assign"}


def _at(case: str, done: str = "") -> WireResponse:
    """Back to the page the form stood on."""
    where = f"{HOME}/case/{case}" if case else HOME
    return _to(f"{where}?done={done}#latest" if done else where)


def _to(where: str, headers: dict[str, str] | None = None) -> WireResponse:
    return WireResponse(303, b"", "text/plain; charset=utf-8", {"Location": where, **(headers or {})})
