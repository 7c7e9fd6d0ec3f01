"""The doctor: what needs somebody is said in a sentence, and is well again when it was seen to."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from router.admin_doctor import doctor, judged
from tests.email.post_office import HOST, PASSWORD, USER, mail_server
from tests.mailbox import HELP, MIA, Mailbox
from tests.stories.test_calls import ANAS
from tests.stories.test_matching import policies_with
from tests.story import ADMIN, HERS, HIS, Story, patiently


async def examined(story: Story) -> tuple[str, bool]:
    lines, healthy = await doctor(story.service, ADMIN)
    return "\n".join(lines), healthy


async def test_a_broken_promise_is_told_until_somebody_answers(tmp_path: Path) -> None:
    """A call in vain, and no more tries: the doctor names the promise and its case, and is content when that is
    settled."""
    async with Story(policies=policies_with(tmp_path / "p", callbacks={"attempts: 3": "attempts: 1"})) as story:
        her, phone = story.phone(HERS), story.phone(ANAS)
        await her.calls()
        await story.passes(seconds=20)
        await her.presses("1")
        await story.passes(seconds=10)
        said, healthy = await examined(story)
        assert (healthy, "ok promises: 0 broken" in said) == (True, True)
        await her.behaves(on_ring="busy")
        ana = await story.ready_agent("ana", phone=ANAS)
        await ana.accepts()
        await story.passes(seconds=2)
        await phone.picks_up()
        await story.passes(seconds=2)
        await phone.presses("1")
        await story.passes(seconds=10)
        case = await story.one_case()
        said, healthy = await examined(story)
        assert f"was broken after 1 tries, and case {case['ref']} still waits" in said
        assert "at risk, broken, withdrawn: broken 1, made 1" in said
        assert not healthy
        await story.api("POST", f"/cases/{case['id']}/status", {"status": "solved"})
        said, healthy = await examined(story)
        assert ("ok promises: 1 broken, of which 0 still wait" in said, healthy) == (True, True)


async def test_machines_that_answer_each_other_are_told_for_an_hour() -> None:
    """S40: what the cap holds back stands on its case, is counted, and makes the service not well for an hour."""
    async with Story() as story:
        for n in range(2):
            desk = Mailbox(story, f"desk-{n}@desk.example")
            await desk.writes(
                f"Thank you. Your request number {n} has reached our service desk.", subject=f"Ticket {n}"
            )
            await story.passes(seconds=1)
        [_, second] = await story.cases()
        [row] = await story.timeline(second["id"], "status")
        assert row["facts"] == {"what": "text_withheld", "phrase": "mail_received"}
        assert row["reasons"] == ["the same words came from this domain within a day"]
        said, healthy = await examined(story)
        assert "1 automatic mails were held back within an hour" in said
        assert not healthy
        await story.passes(hours=1)
        said, healthy = await examined(story)
        assert ("held back within" in said, healthy) == (False, True)


async def test_a_machine_that_answers_our_machine_is_told() -> None:
    """S40: another desk acknowledges our acknowledgement and marks nothing: it ends at one mail, its case says why, and
    the service is not well for an hour. Whoever reads before they answer is a person, and nobody is told."""
    async with Story() as story:
        desk, mia = Mailbox(story, "service@other.example"), Mailbox(story, "mia@customer.example")
        await mia.writes("Please look at this", subject="My heating")
        await story.passes(seconds=40)
        await mia.answers(await mia.last(), "I forgot: it shows E42.")
        assert (await examined(story))[1]
        await desk.behaves("auto_reply")
        await desk.writes("Please look at this", subject="A question")
        await story.passes(seconds=20)
        assert len(await desk.received()) == 1
        hers, theirs = await story.cases()
        assert await story.timeline(hers["id"], "status") == []
        [row] = await story.timeline(theirs["id"], "status")
        assert row["reasons"] == [
            "it answered an automatic mail of ours within 30 seconds, so a machine may have written it"
        ]
        said, healthy = await examined(story)
        assert ("1 automatic mails were held back within an hour" in said, healthy) == (True, False)
        await story.passes(hours=1)
        assert (await examined(story))[1]


async def test_the_cap_of_one_customer_stands_on_the_case() -> None:
    """S40: one automatic mail an hour to the same customer: the next case says why none went out; who goes on and on
    is told."""
    async with Story() as story:
        mia = Mailbox(story, "mia@customer.example")
        for n in range(2):
            await mia.writes(f"Hello {n}", subject=f"Matter {n}")
            await story.api("POST", f"/cases/{(await story.cases())[-1]['id']}/status", {"status": "closed"})
        told = [await story.timeline(one["id"], "status") for one in await story.cases()]
        why = [row["reasons"] for rows in told for row in rows if row["facts"].get("what") == "text_withheld"]
        assert why == [["an automatic mail went to them just now"]]
        assert (await examined(story))[1]
        for n in range(2, 4):
            [await story.api("POST", f"/cases/{one['id']}/status", {"status": "closed"}) for one in await story.cases()]
            await mia.writes(f"Hello {n}", subject=f"Matter {n}")
        said, healthy = await examined(story)
        assert ("1 automatic mails were held back within an hour" in said, healthy) == (True, False)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ('onecase_provider_wait_seconds{for="twilio"}', 12.0, "the provider of twilio keeps failing"),
        ("onecase_legs_dialling_seconds", 61.0, "a call was asked for 61 s ago"),
        ('onecase_consumer_lag_events{consumer="relay"}', 1001.0, "a consumer is behind"),
    ],
)
def test_what_makes_a_service_not_well(name: str, value: float, says: str) -> None:
    """A provider that is left alone, a call of which nothing is heard, a consumer that is behind."""
    lines, healthy = judged([(name, value)])
    assert says in lines[0]
    assert not healthy
    assert judged([(name, 0.0)])[1]


async def test_the_doctor_shows_calls_and_providers() -> None:
    """Legs by state, and how long each provider is left alone."""
    async with Story() as story:
        await story.phone().calls()
        await story.settles()
        said, healthy = await examined(story)
        assert "   Telephone legs that are not over, by state: live 1" in said
        assert "   How long a failing provider is left alone: dialler 0 s" in said
        assert healthy


async def test_the_doctor_speaks_in_words() -> None:
    """Everything it shows has the words that its metric has; no name of a metric is left for a person to read. What
    needs somebody stands first, figures after that."""
    async with Story() as story:
        await story.phone().texts("E42 again, the flat is cold")
        await story.settles()
        said, healthy = await examined(story)
        assert ("   Work waiting for an agent: heating 1" in said, healthy) == (True, True)
        assert "onecase_" not in said
        verdicts, _, figures = said.partition("figures:\n")
        assert ("ok quarantine" in verdicts, all(line.startswith("   ") for line in figures.splitlines())) == (
            True,
            True,
        )


@dataclass
class Doorman:
    """A mail server that lets nobody in, and hangs up on who says a second name; then it takes all."""

    is_open: bool = False
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx.support.example ESMTP\r\n")
        refused = 0
        while line := (await reader.readline()).decode().strip():
            match line.upper().split(" ")[0]:
                case "EHLO":
                    writer.write(b"250-mx.support.example\r\n250 AUTH PLAIN LOGIN\r\n")
                case "AUTH" if not self.is_open and refused:
                    break
                case "AUTH":
                    refused += 1
                    writer.write(b"235 welcome\r\n" if self.is_open else b"535 5.7.8 who are you?\r\n")
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    writer.write(b"250 taken\r\n")
                case _:
                    writer.write(b"250 ok\r\n")
            await writer.drain()
        writer.close()


@asynccontextmanager
async def doorman() -> AsyncIterator[Doorman]:
    made = Doorman()
    server = await asyncio.start_server(made.serve, HOST, 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


async def test_a_wrong_password_of_the_mail_server_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """No mail goes out, and that is said: in the log without anybody's address, in the outbox in the server's words, by
    the doctor as soon as it is no accident any more, and until a mail went."""
    async with doorman() as there:
        mail = {
            "address": HELP, "listen_port": 0, "smtp_host": HOST, "smtp_port": there.port, "smtp_tls": "none",
            "smtp_username": USER, "smtp_password": "wrong",
        }  # fmt: skip
        async with Story(mail=mail) as story:
            with caplog.at_level(logging.WARNING, "onecase.mail"):
                await Mailbox(story, MIA).writes("The flat is cold")
                await story.passes(seconds=2)
            [item] = (await story.api("GET", "/outbox"))["items"]
            assert "does not let us in" in item["error"]
            again = "by email, tried in vain and tried again: 1, the last: 127.0.0.1 does not let us in"
            said, healthy = await examined(story)
            assert ("mail out does not" in said, again in said, healthy) == (False, True, True)
            await story.passes(minutes=2)
            said, healthy = await examined(story)
            assert "mail out does not get through: the last 3 attempts failed, and what is to go out waits" in said
            assert (again in said, healthy) == (True, False)
            [line] = [record.getMessage() for record in caplog.records if record.name == "onecase.mail"]
            assert line.startswith(f"no mail goes out: the mail server {HOST} does not let us in (")
            assert "@" not in line
            there.is_open = True
            await story.passes(minutes=10)
            said, healthy = await examined(story)
            assert ("mail out does not" in said, "tried in vain" in said, healthy) == (False, False, True)


async def test_what_gave_up_is_told_of_itself_and_not_of_its_server() -> None:
    """A mail that nobody tries any more stands in the outbox for somebody to decide; once it was seen to, all is well
    although nothing went out since."""
    async with doorman() as there:
        mail = {
            "address": HELP, "listen_port": 0, "smtp_host": HOST, "smtp_port": there.port, "smtp_tls": "none",
            "smtp_username": USER, "smtp_password": "wrong",
        }  # fmt: skip
        async with Story(mail=mail) as story:
            await Mailbox(story, MIA).writes("The flat is cold")
            await story.passes(hours=25)
            said, healthy = await examined(story)
            assert ("mail out does not" in said, "outbox: 1 stuck" in said, healthy) == (False, True, False)


async def test_a_mailbox_that_cannot_be_read_is_told() -> None:
    """Where a mailbox elsewhere is followed, the doctor says that its server refuses us."""
    async with mail_server() as server:
        imap = {"host": HOST, "port": server.port, "tls": "none", "user": USER, "password": "wrong"}
        async with Story(mail={"imap": imap}) as story:

            async def told() -> None:
                while "the mailbox elsewhere cannot be read" not in (await examined(story))[0]:
                    await asyncio.sleep(0)

            await patiently(told())
            assert not (await examined(story))[1]


async def test_a_folder_that_is_missing_is_told_as_one() -> None:
    """The first is read all the same, and the doctor says neither that all is well nor that no mail comes."""
    async with mail_server() as server:
        imap = {
            "host": HOST, "port": server.port, "tls": "none", "user": USER, "password": PASSWORD,
            "folders": ["INBOX", "Missing"],
        }  # fmt: skip
        async with Story(mail={"imap": imap}) as story:

            async def told() -> None:
                while "a folder of the mailbox elsewhere cannot be read" not in (await examined(story))[0]:
                    await asyncio.sleep(0)

            await patiently(told())
            said, healthy = await examined(story)
            assert (healthy, "no mail comes from it" in said.partition("figures:")[0]) == (False, False)


async def test_who_waits_while_nobody_is_ready_is_told_with_what_to_do() -> None:
    """Danger in line is told at once, other work past its target; once somebody is ready who could take it all is
    well."""
    async with Story() as story:
        await story.phone(HERS).texts("there is a gas leak, I smell gas")
        await story.phone(HIS).calls()
        await story.passes(seconds=10)
        said, healthy = await examined(story)
        assert ("somebody tells of danger" in said, healthy) == (True, False)
        assert "set themselves ready at once" in said
        assert "longer than they should" not in said
        await story.passes(minutes=5)
        said, _ = await examined(story)
        assert "in general somebody has waited 3" in said
        await story.ready_agent("Ana", phone=ANAS)
        said, healthy = await examined(story)
        assert ("nobody who could take it is ready" in said.partition("figures:")[0], healthy) == (False, True)
