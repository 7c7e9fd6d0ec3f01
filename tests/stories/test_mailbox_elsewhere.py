"""A mailbox elsewhere becomes cases: a service with `[mail.imap]` and a real IMAP server, over a wire."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.core.events import ContactReceived
from tests.email.post_office import HOST, PASSWORD, USER, MailServer, Wire, mail_server, wire_to
from tests.mailbox import HELP, MIA, Mailbox
from tests.story import Story, patiently


def mail(text: str, number: int) -> bytes:
    head = f"From: Mia <{MIA}>\r\nTo: {HELP}\r\nSubject: My heating\r\nMessage-ID: <{number}@customer.example>\r\n"
    return f"{head}\r\n{text}\r\n".encode()


async def come(story: Story, count: int) -> None:
    """Let time pass until so many contacts stand in the log, of all that ever came."""

    async def wait() -> None:
        while await contacts(story) < count:
            await story.passes(seconds=5)

    await patiently(wait())


async def contacts(story: Story) -> int:
    assert story.running is not None
    batches = await story.running.node.journal.batches(after=0, limit=1000)
    return sum(isinstance(event, ContactReceived) for batch in batches for event in batch.events)


async def places(story: Story, *folders: str) -> list[str | None]:
    """How far each folder is taken, as the service remembers it."""
    assert story.running is not None
    journal = story.running.node.journal
    return [await journal.record("imap", f"{USER}@{HOST}/{folder}") for folder in folders]


@asynccontextmanager
async def following(**mails: list[bytes]) -> AsyncIterator[tuple[Story, MailServer, Wire]]:
    """A service that follows these folders, in which mails lie already."""
    async with mail_server() as server, wire_to(server) as wire:
        for folder, lying in mails.items():
            if folder != "INBOX":
                await server.has_folder(folder)
            await server.gets(*lying, folder=folder)
        imap = {
            "host": HOST, "port": wire.port, "tls": "none", "user": USER, "password": PASSWORD, "folders": list(mails),
        }  # fmt: skip
        async with Story(mail={"imap": imap}) as story:
            yield story, server, wire


async def said_in(story: Story) -> list[str]:
    case = await story.one_case()
    return [row["text"].strip() for row in await story.timeline(case["id"], "message") if row["direction"] == "in"]


async def test_a_mail_in_a_mailbox_becomes_a_case_that_is_answered() -> None:
    """The answer goes out by SMTP, in the thread of the mail, to whoever wrote it."""
    async with following(INBOX=[mail("The flat is cold.", 1)]) as (story, _, _):
        ana = await story.ready_agent("Ana")
        await come(story, 1)
        case = await story.one_case()
        assert await said_in(story) == ["The flat is cold."]
        await ana.accepts()
        await ana.replies(case["id"], "We come at five.")
        await story.passes(seconds=2)
        got = await Mailbox(story, MIA).last()
        assert got["text"].strip() == "We come at five."
        assert got["headers"]["In-Reply-To"] == "<1@customer.example>"


async def test_after_a_restart_nothing_is_read_twice_and_what_came_meanwhile_is() -> None:
    """The place stands in the journal: a mail that was taken is not even asked for again."""
    async with following(INBOX=[mail("The flat is cold.", 1)]) as (story, server, wire):
        await come(story, 1)
        await story.stops()
        [first] = wire.fetches
        wire.fetches.clear()
        await server.gets(mail("It is warm again.", 2), mail("And cold.", 3))
        await story.starts()
        await come(story, 3)
        assert await said_in(story) == ["The flat is cold.", "It is warm again.", "And cold."]
        assert len(wire.fetches) == 2
        assert first not in wire.fetches


async def test_the_same_mail_in_two_folders_is_one_entry() -> None:
    """Providers show one mail under several labels."""
    cold, monday = mail("The flat is cold.", 1), mail("Since Monday.", 2)
    async with following(INBOX=[cold, monday], Support=[cold]) as (story, _, wire):
        await come(story, 2)
        assert sorted(await said_in(story)) == ["Since Monday.", "The flat is cold."]
        assert len(wire.fetches) == 3
        assert None not in await places(story, "Support")


async def test_a_mailbox_made_anew_brings_no_mail_a_second_time() -> None:
    """Under another UIDVALIDITY the folder is read again: what we have stays one entry, what is new is taken."""
    cold = mail("The flat is cold.", 1)
    async with following(INBOX=[mail("Hello?", 9)], Support=[cold]) as (story, server, _):
        await come(story, 2)
        [before] = await places(story, "Support")
        await story.stops()
        await server.loses_folder("Support")
        await server.has_folder("Support")
        await server.gets(cold, mail("It is warm again.", 2), folder="Support")
        await story.starts()
        await come(story, 3)
        assert sorted(await said_in(story)) == ["Hello?", "It is warm again.", "The flat is cold."]
        assert await places(story, "Support") != [before]
