"""An old log is read by a newer program: each older shape of an event is lifted to the present one, on both engines."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.core.errors import Fault
from router.core.events import ContactReceived
from router.journal import codec
from tests.journal.test_contract import Engine, Writer, engine

__all__ = ["engine"]

NAME = ContactReceived.__name__
Fields = dict[str, Any]


def first_lift(old: Fields) -> Fields:
    """The first shape called our number `ours`."""
    return {"via": old["ours"], **{name: value for name, value in old.items() if name != "ours"}}


def second_lift(old: Fields) -> Fields:
    """The second wrote the channel in capitals."""
    return {**old, "channel": old["channel"].lower()}


def in_the_second(fields: Fields) -> Fields:
    return {**fields, "channel": fields["channel"].upper()}


def in_the_first(fields: Fields) -> Fields:
    fields = in_the_second(fields)
    return {"ours": fields.pop("via"), **fields}


def written_by(shape: int, form: Callable[[Fields], Fields]) -> Callable[[Any], str]:
    """What the program of that time wrote."""
    today = codec.encode_events

    def encode(events: Any) -> str:
        told = json.loads(today(events))
        return json.dumps([[name, shape, form(f)] if name == NAME else [name, s, f] for name, s, f in told])

    return encode


async def test_what_older_programs_wrote_is_read_as_it_was_meant(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    """Two older shapes and the present one stand in one log; what is read and folded is the same as if it had been
    written today. A program without the lifts stops instead of guessing."""
    writer, stored = Writer(), []
    for shape, form in ((0, in_the_first), (1, in_the_second)):
        with monkeypatch.context() as of_that_time:
            of_that_time.setattr(codec, "encode_events", written_by(shape, form))
            stored.append(await engine.journal.append(writer.contact(f"shape {shape}")))
    with monkeypatch.context() as today:
        today.setitem(codec.UPCASTERS, NAME, [first_lift, second_lift])
        stored.append(await engine.journal.append(writer.contact("today")))
        journal = await engine.reopen()
        assert await journal.batches(after=0, limit=100) == stored
        told = [one for batch in stored for one in batch.events if isinstance(one, ContactReceived)]
        assert [(one.via, one.channel) for one in told] == [("+1", "sms")] * 3
        folded = await journal.load_by_document(writer.case.id)
        assert folded.state == writer.state
        newer = codec.encode_events(stored[-1].events)
    with pytest.raises(Fault, match="use a newer version"):
        codec.decode_events(newer)
    assert NAME not in codec.UPCASTERS
