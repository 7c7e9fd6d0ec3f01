"""Lines of a chat as everybody in it sees them: their events, with the words from the vault."""

from collections.abc import Container, Mapping, Sequence

from channels.chat.conversation import Line
from router.core.documents import Agent
from router.core.events import ContactReceived, Event, LinesBrought, MessageQueued
from router.core.files import StoredFile
from router.core.words import AgentId, Channel
from router.http.views import stamp
from router.node.node import Node


async def lines_of(node: Node, rows: Sequence[tuple[int, Event]], *, own: Container[str] = ()) -> list[Line]:
    """The lines that these events say; words that were erased are empty. One read, whatever their number.

    Of a line whose client id is among `own` nobody needs the words: whoever wrote it has them."""
    agents = node.domain.agents
    rows = await said_in(node, rows)
    ids: set[str] = set()
    for _, event in rows:
        if not (isinstance(event, ContactReceived) and event.client_id is not None and event.client_id in own):
            ids.update(_ids_of(event))
        if isinstance(event, MessageQueued) and (agent := agents.get(AgentId(event.author_id or ""))):
            ids.add(agent.name)
    words = await node.journal.words(sorted(ids)) if ids else {}
    return [_line(n, event, words, agents) for n, event in rows]


async def said_in(node: Node, rows: Sequence[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """Lines with what was said in the chat in which they were said first; nothing where that is not theirs any more."""
    found: list[tuple[int, Event]] = []
    for n, event in rows:
        if not isinstance(event, LinesBrought):
            found.append((n, event))
            continue
        if found and found[-1][0] >= n:
            continue  # it was read with those before it
        last = max(m for m, other in rows if other is event)
        is_theirs = await node.customers.root_of(event.owner) == await node.customers.root_of(event.customer)
        after = event.after + n - event.line
        said = await node.journal.lines(event.chat, after=after, limit=last - n + 1) if is_theirs else []
        known = dict(said)
        found += [(m, known.get(after + 1 + m - n, event)) for m in range(n, last + 1)]
    return found


def _ids_of(event: Event) -> tuple[str, ...]:
    match event:
        case ContactReceived():
            return (*((str(event.words),) if event.words else ()), *map(str, event.media))
        case MessageQueued():
            return (str(event.words),)
        case _:
            return ()


def _line(n: int, event: Event, words: Mapping[str, str], agents: Mapping[AgentId, Agent]) -> Line:
    if isinstance(event, ContactReceived):
        files = (StoredFile.of(words.get(str(id), "")) for id in event.media)
        shown = tuple(
            {"name": file.name, "type": file.content_type, "size_bytes": file.size_bytes} for file in files if file
        )
        text = words.get(str(event.words), "")
        return Line(seq=n, at=stamp(event.at), author="customer", text=text, client_id=event.client_id, files=shown)
    if isinstance(event, LinesBrought):  # nothing is left of it here
        return Line(seq=n, at=stamp(event.at), author="customer", text="")
    assert isinstance(event, MessageQueued)
    agent = agents.get(AgentId(event.author_id or ""))
    return Line(
        seq=n,
        at=stamp(event.at),
        author=event.author.value,
        text=words.get(str(event.words), ""),
        name=words.get(agent.name) if agent is not None else None,
        message=event.message if event.channel is Channel.CHAT else None,
        by=event.channel if event.channel is not Channel.CHAT else None,
    )
