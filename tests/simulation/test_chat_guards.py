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
    patch.setattr(ChatSeat, "_name", property(lambda _: f"{next(counted)}", lambda *_: None), raising=False)


def what_was_missed_stays_missed(patch: Patch) -> None:
    async def catch_up(self: ChatSeat) -> None:
        self.conversation.at = self._newest

    patch.setattr(ChatSeat, "_catch_up", catch_up)


def nobody_is_told_at_once(patch: Patch) -> None:
    patch.setattr(ChatSeat, "take_line", lambda *_: None)


def whoever_was_erased_goes_on_unaware(patch: Patch) -> None:
    patch.setattr(ChatSeat, "take_end", lambda _: None)


def what_was_erased_counts_as_taken(patch: Patch) -> None:
    async def is_line(*_: object) -> bool:
        return True

    patch.setattr(ChatSeat, "_is_line", is_line)


def a_session_may_be_lost(patch: Patch) -> None:
    real = Sessions.visitor_in
    patch.setattr(Sessions, "visitor_in", lambda self, token, **of: None if token[0] < "8" else real(self, token, **of))


GUARDS = (
    Guard(each_sending_is_a_message, "chat_breaks", (2, 3, 39)),
    Guard(what_was_missed_stays_missed, "chat_breaks", (2, 39, 15)),
    Guard(nobody_is_told_at_once, "chat_breaks", (2, 15, 39)),
    Guard(whoever_was_erased_goes_on_unaware, "chat_breaks", (0, 2, 15, 39), (("erasures", 12),)),
    Guard(
        what_was_erased_counts_as_taken,
        "chat_breaks crash",
        (2, 3, 15, 39),
        (("erasures", 16), ("minutes", 15), ("chats", 10)),
    ),
    Guard(a_session_may_be_lost, "chat_breaks", (39,)),
)


@each_of(GUARDS)
def test_without_it_an_invariant_of_chats_falls(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these holds up something that a world of visitors shows."""
    turns_red_without(guard, CHATTING, monkeypatch)
