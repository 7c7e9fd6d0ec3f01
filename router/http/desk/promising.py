"""Promises on the desk: typed words are shown back as a window before anything is kept, moved or cancelled.

Its one rule: nothing is promised that was not read out to whoever promises it, on the customer's own clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from policies import PolicySet
from policies.call_hours import said_window
from router.core.clock import Ms
from router.http.api_windows import PledgeOut, WindowSaidOut
from router.http.auth import Identity
from router.http.desk.calls import Calls
from router.http.problems import Problem
from router.http.views import stamp

WORDS_MAX = 500


@dataclass(frozen=True, slots=True)
class Meant:
    """What typed words mean. `promise`: the one that is moved there; empty: a new one. `named`: the customer named the
    time, so that it may be late in their day. `read`: None where no time was read, and `problem` says so."""

    words: str
    promise: str = ""
    named: bool = False
    read: WindowSaidOut | None = None
    problem: str = ""


async def meant_by(calls: Calls, who: Identity, case: str, asked: Mapping[str, str]) -> Meant | None:
    """What the words in a page's address mean; None where there are none. Raises Problem for a case that is not."""
    words = " ".join(asked.get("words", "").split())[:WORDS_MAX]
    if not words:
        return None
    promise, named = asked.get("move", ""), asked.get("named") == "yes"
    try:
        read = await calls.read(who, f"/cases/{case}/windows", words=words)
    except Problem as problem:
        if problem.status != 422:
            raise
        return Meant(words, promise, named, problem=problem.detail)
    return Meant(words, promise, named, read)


def instead_of(refused: Problem, form: Mapping[str, str], *, now: Ms, policy: PolicySet) -> Meant | None:
    """The window that can be promised in place of one that was refused, to be kept with one key; None where there is
    none."""
    if refused.window is None:
        return None
    words, zone = form.get("words", "")[:WORDS_MAX], refused.zone or "UTC"
    start, end = refused.window
    read = WindowSaidOut(
        kind="reply" if form.get("kind") == "reply" else "callback",
        window={"start": stamp(start), "end": stamp(end)},
        said=said_window(refused.window, now, zone=zone, language=policy.phrases.language, names_place=True),
        zone=zone,
        sure=False,
        doubt="",
        words=words,
    )
    return Meant(words, form.get("promise", ""), form.get("named") == "yes", read)


async def pledged(calls: Calls, who: Identity, case: str) -> WindowSaidOut | None:
    """What our last answer promises, where nobody made a promise of it."""
    found: PledgeOut = await calls.read(who, f"/cases/{case}/pledge")
    return found.pledge


async def keep(calls: Calls, who: Identity, case: str, form: Mapping[str, str], *, once: str) -> str:
    """Make, move or cancel a promise as a form says; the word for what was done."""
    promise = form.get("promise", "")
    if form.get("cancel"):
        why = form.get("reason", "").strip()
        await calls.act(
            who, f"/promises/{promise}", {}, once=once, method="DELETE", query={"reason": why} if why else {}
        )
        return "uncalled" if form.get("ours") else "cancelled"
    window = {"start": form.get("start", ""), "end": form.get("end", "")}
    named = form.get("named") == "yes"
    if promise:
        fields = {"window": window, "named": named, "reason": form.get("words", "")}
        await calls.act(who, f"/promises/{promise}", fields, once=once, method="PATCH")
        return "moved"
    kind = form.get("kind", "callback")
    fields = {"kind": kind, "window": window, "named": named, "text": form.get("pledged", "")}
    await calls.act(who, f"/cases/{case}/promises", fields, once=once)
    return "promised"
