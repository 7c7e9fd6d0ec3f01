"""Calls at the door: a turn becomes a command, and whoever is on the line hears where their call stands then.

A turn that was answered before hears the same again; one that is over hears what stands now.
"""

from typing import cast

from channels.base import Channel, LiveChannel, Received
from channels.wire import WireResponse
from router.core.call_table import NOTHING_ALOUD, Aloud, Script, hears_matter, hears_note, script_of
from router.core.clock import Ms
from router.core.context import Decision
from router.core.documents import Call, Case, Promise, Said, State
from router.core.errors import Rejected
from router.core.redaction import redacted
from router.core.words import CallId, CallRole, CallState, Step
from router.http.joined import is_theirs, last_rows
from router.http.views import given_subject_of
from router.journal.base import ANSWER_KEPT_MS, Answer
from router.node.node import Node

NOTE_CHARS_MAX = 300
"""So much of a note is said: about twenty seconds. All of it stands on the desk."""
SUBJECT_CHARS_MAX = 120
"""So much is said of what it is about: about seven seconds."""
ROWS_LOOKED_AT = 100


async def speak(node: Node, channel: Channel, received: Received) -> WireResponse:
    """Take the turn that was received and answer with words. Raises JournalStopped."""
    live = cast(LiveChannel, channel)
    [command] = received.commands
    id = received.call
    assert id is not None, "somebody is on the line"

    aloud = await _aloud(node, id)

    def answer_of(decision: Decision) -> Answer:
        spoken = live.speak(_script(node, decision.state, id, aloud))
        kept_until = Ms(node.clock.now() + ANSWER_KEPT_MS)
        return Answer(key=command.key, status=spoken.status, body=spoken.body.decode(), kept_until=kept_until)

    try:
        outcome = await node.take(command, answer_of)
    except Rejected:
        if (said := await node.journal.answer(command.key)) is not None:
            return WireResponse(said.status, said.body.encode(), live.spoken_type)
        return live.speak(_script(node, await _on_the_line(node, id), id, aloud))
    assert outcome.answer is not None, "a turn of a call is always answered"
    if not outcome.answer.body:  # it was fetched from the provider's log before it came
        return live.speak(_script(node, await _on_the_line(node, id), id))
    return WireResponse(outcome.answer.status, outcome.answer.body.encode(), live.spoken_type)


async def _aloud(node: Node, id: CallId) -> Aloud:
    """What people said that the phone of an agent, or of somebody outside, says when it is picked up."""
    call = await node.journal.document(id)
    if not isinstance(call, Call) or not (hears_note(call) or hears_matter(call)):
        return NOTHING_ALOUD
    if call.role is CallRole.OUTSIDE:
        return Aloud(note=_spoken(await _words(node, call.note), NOTE_CHARS_MAX))
    case = await node.journal.document(call.case)
    if not isinstance(case, Case):
        return NOTHING_ALOUD
    is_danger = case.ask is not None and case.ask.requirement.is_danger
    note = case.ask.note if case.ask is not None and hears_note(call) else None
    promise = await _to_dial(node, case) if call.role is CallRole.AGENT else None
    return Aloud(
        note=_spoken(await _words(node, note), NOTE_CHARS_MAX),
        subject=_spoken(await _words(node, given_subject_of(case)), SUBJECT_CHARS_MAX),
        danger=_spoken(await _last_words(node, case), SUBJECT_CHARS_MAX) if is_danger else None,
        dials=promise is not None,
        told=_told(node, case, promise) if promise is not None else None,
    )


async def _to_dial(node: Node, case: Case) -> Promise | None:
    """The call that an agent makes with key 1; None where the customer is on the line."""
    theirs = await node.journal.document(case.call) if case.call else None
    if case.promise is None or (isinstance(theirs, Call) and theirs.state is not CallState.ENDED):
        return None
    promise = await node.journal.document(case.promise)
    return promise if isinstance(promise, Promise) else None


def _told(node: Node, case: Case, promise: Promise) -> Said | None:
    """The time that the customer was told of their call, on their clock; None where nobody told them one."""
    if promise.window is None or promise.unpromised:
        return None
    policy = node.means.policy
    ours = policy.hours_of(policy.queue_or_last(case.queue)).zone.key
    return Said(window=promise.window, zone=next(iter(promise.zones), ours))


async def _last_words(node: Node, case: Case) -> str:
    """What the customer of a case said last."""
    rows = await last_rows(node.journal, case, limit=ROWS_LOOKED_AT, kinds=("message", "call"))
    return await _words(node, next((row.words for row in reversed(rows) if row.words and is_theirs(row)), None))


async def _words(node: Node, id: str | None) -> str:
    return (await node.journal.words([id])).get(id, "") if id else ""


def _spoken(words: str, most: int) -> str:
    """Words as they may be spoken: without card numbers, and no more than are listened to."""
    flat = " ".join(redacted(words).split())
    if len(flat) > most:
        flat = flat[:most].rpartition(" ")[0] or flat[:most]
    return flat.rstrip(" .")


def _script(node: Node, state: State, id: CallId, aloud: Aloud = NOTHING_ALOUD) -> Script:
    call = state.get(id)
    if not isinstance(call, Call) or call.state is CallState.ENDED:
        language = node.means.policy.phrases.language
        return Script(call=id, turn=0, step=Step.GOODBYE, language=language, says=(), ends=True)
    case = state.get(call.case)
    return script_of(call, case if isinstance(case, Case) else None, node.means.policy, aloud)


async def _on_the_line(node: Node, id: CallId) -> State:
    call = await node.journal.document(id)
    case = await node.journal.document(call.case) if isinstance(call, Call) else None
    return {document.id: document for document in (call, case) if document is not None}
