"""Calls at the door: a turn becomes a command, and whoever is on the line hears where their call stands then.

A turn that was answered before hears the same again; one that is over hears what stands now.
"""

from typing import cast

from channels.base import Channel, LiveChannel, Received
from channels.wire import WireResponse
from router.core.call_table import Script, hears_note, script_of
from router.core.clock import Ms
from router.core.context import Decision
from router.core.documents import Call, Case, State
from router.core.errors import Rejected
from router.core.redaction import redacted
from router.core.words import CallId, CallRole, CallState, Step
from router.journal.base import ANSWER_KEPT_MS, Answer
from router.node.node import Node

NOTE_CHARS_MAX = 300
"""So much of a note is said: about twenty seconds. All of it stands on the desk."""


async def speak(node: Node, channel: Channel, received: Received) -> WireResponse:
    """Take the turn that was received and answer with words. Raises JournalStopped."""
    live = cast(LiveChannel, channel)
    [command] = received.commands
    id = received.call
    assert id is not None, "somebody is on the line"

    note = await _note(node, id)

    def answer_of(decision: Decision) -> Answer:
        spoken = live.speak(_script(node, decision.state, id, note))
        kept_until = Ms(node.clock.now() + ANSWER_KEPT_MS)
        return Answer(key=command.key, status=spoken.status, body=spoken.body.decode(), kept_until=kept_until)

    try:
        outcome = await node.take(command, answer_of)
    except Rejected:
        if (said := await node.journal.answer(command.key)) is not None:
            return WireResponse(said.status, said.body.encode(), live.spoken_type)
        return live.speak(_script(node, await _on_the_line(node, id), id, note))
    assert outcome.answer is not None, "a turn of a call is always answered"
    if not outcome.answer.body:  # it was fetched from the provider's log before it came
        return live.speak(_script(node, await _on_the_line(node, id), id))
    return WireResponse(outcome.answer.status, outcome.answer.body.encode(), live.spoken_type)


async def _note(node: Node, id: CallId) -> str:
    """What whoever handed the call on says to the agent who is rung, as it may be spoken."""
    call = await node.journal.document(id)
    if not isinstance(call, Call) or not hears_note(call):
        return ""
    kept = call.note
    if call.role is not CallRole.OUTSIDE:
        case = await node.journal.document(call.case)
        kept = case.ask.note if isinstance(case, Case) and case.ask is not None else None
    if kept is None:
        return ""
    words = redacted((await node.journal.words([kept])).get(kept, ""))
    return " ".join(words.split())[:NOTE_CHARS_MAX].rstrip(" .")


def _script(node: Node, state: State, id: CallId, note: str = "") -> Script:
    call = state.get(id)
    if not isinstance(call, Call) or call.state is CallState.ENDED:
        language = node.means.policy.phrases.language
        return Script(call=id, turn=0, step=Step.GOODBYE, language=language, says=(), ends=True)
    case = state.get(call.case)
    return script_of(call, case if isinstance(case, Case) else None, node.means.policy, note)


async def _on_the_line(node: Node, id: CallId) -> State:
    call = await node.journal.document(id)
    case = await node.journal.document(call.case) if isinstance(call, Call) else None
    return {document.id: document for document in (call, case) if document is not None}
