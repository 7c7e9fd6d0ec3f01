"""Fault 12: a mailbox elsewhere that renumbers its folder, breaks off in the middle of a mail, and has one mail twice."""

from typing import Any

from tests.email.post_office import PASSWORD, USER, mail_server, wire_to
from tests.story import Story

LOOKS_MAX = 200


def mail(n: int, text: str) -> bytes:
    head = f"From: Mia <mia{n}@customer.example>\r\nTo: help@support.example\r\nMessage-ID: <{n}@customer.example>\r\n"
    return f"{head}Subject: number {n}\r\n\r\n{text}\r\n".encode()


COLD, WARM, THIRD = mail(1, "The flat is cold."), mail(2, "It is warm again."), mail(3, "Hello?")


def following(port: int, *folders: str) -> Story:
    imap: dict[str, Any] = {"host": "127.0.0.1", "port": port, "tls": "none", "user": USER, "password": PASSWORD}
    return Story(mail={"imap": {**imap, "folders": list(folders)}})


async def has(story: Story, count: int) -> list[str]:
    """The words of every case, once there are so many: the mailbox is looked at as time goes by."""
    for _ in range(LOOKS_MAX):
        if len(found := await story.cases()) >= count:
            break
        await story.passes(seconds=5)
    for _ in range(3):  # and nothing comes after them
        await story.passes(minutes=2)
    found = await story.cases()
    return sorted([text.strip() for case in found for text in await theirs(story, case["id"])])


async def theirs(story: Story, case: str) -> list[str]:
    return [row["text"] for row in await story.timeline(case, "message") if row["direction"] == "in"]


async def test_a_folder_that_is_numbered_anew_gives_each_mail_once() -> None:
    """UIDVALIDITY changes while the service is away: the folder is read again from some days back, and what was taken
    is known by itself and not by its number; what came meanwhile is taken."""
    async with mail_server() as server:
        await server.has_folder("Support")
        await server.gets(COLD, WARM, folder="Support")
        async with following(server.port, "Support") as story:
            assert await has(story, 2) == ["It is warm again.", "The flat is cold."]
            await story.stops()
            await server.loses_folder("Support")
            await server.has_folder("Support")
            await server.gets(WARM, COLD, THIRD, folder="Support")
            await story.starts()
            assert await has(story, 3) == ["Hello?", "It is warm again.", "The flat is cold."]


async def test_a_connection_broken_in_the_middle_of_a_mail_gives_it_whole_and_once() -> None:
    """Half a mail is no contact; over the next connection it is one, in whichever folders it lies."""
    async with mail_server() as server, wire_to(server) as wire:
        await server.has_folder("Support")
        await server.gets(COLD, WARM)
        await server.gets(COLD, folder="Support")
        wire.cut_at = b"The flat is"
        async with following(wire.port, "INBOX", "Support") as story:
            assert await has(story, 2) == ["It is warm again.", "The flat is cold."]
            assert wire.connections >= 2
