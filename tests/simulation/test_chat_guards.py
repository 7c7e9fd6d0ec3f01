"""Guards of chats, taken away one by one: in a world of visitors who drop and send again, an invariant falls."""

import itertools
from dataclasses import replace

import pytest

from channels.chat.sessions import Sessions
from router.http.chat_door import ChatSeat
from tests.simulation.guarding import PLAIN, Guard, Patch, each_of, turns_red_without

CHATTING = replace(PLAIN, texts=10, people=4, chats=8)


def each_sending_is_a_message(patch: Patch) -> None:
    counted = itertools.count()
    patch.setattr(Sessions, "name_of", lambda *_: f"{next(counted)}")


def what_was_missed_stays_missed(patch: Patch) -> None:
    async def catch_up(self: ChatSeat) -> None:
        self.conversation.at = self._newest

    patch.setattr(ChatSeat, "_catch_up", catch_up)


def nobody_is_told_at_once(patch: Patch) -> None:
    patch.setattr(ChatSeat, "take_line", lambda *_: None)


GUARDS = (
    Guard(each_sending_is_a_message, "chat_breaks", (2, 3, 39)),
    Guard(what_was_missed_stays_missed, "chat_breaks", (2, 39, 15)),
    Guard(nobody_is_told_at_once, "chat_breaks", (2, 15, 39)),
)


@each_of(GUARDS)
def test_without_it_an_invariant_of_chats_falls(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these holds up something that a world of visitors shows."""
    turns_red_without(guard, CHATTING, monkeypatch)
