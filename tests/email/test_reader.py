"""Mails are read in a worker process that dies, hangs and comes back; none of it costs another mail anything."""

import asyncio
import os
import signal
from email.message import EmailMessage

import pytest

from channels.email import worker as worker_module
from channels.email.reader import AT_ONCE_BYTES_MAX, UNREAD, Reader, read_clean
from channels.email.reading import read_letter
from channels.email.worker import Known, Worker
from tests.email.builders import NOW, from_mia
from tests.email.poisoned import bench, large, poisoned
from tests.story import patiently


async def test_a_worker_that_died_with_nothing_to_do_is_replaced() -> None:
    """The next mail is read by another one and is not blamed."""
    async with bench() as at:
        first = await patiently(at.reads(large("hello")))
        os.kill(int(first.text), signal.SIGKILL)
        for _ in range(2):
            again = await patiently(at.reads(large("hello")))
            assert UNREAD not in again.notes
            assert again.text != first.text
        assert again.fingerprint == first.fingerprint
        assert len(at.limits) == 3, "each mail was begun once"


async def test_a_worker_that_is_killed_while_it_reads_costs_nothing() -> None:
    """The mail is read once more, in a fresh worker."""
    async with bench() as at:
        reading = asyncio.ensure_future(at.reads(large(f"hangs {at.port}")))
        process, _ = await patiently(at.hung.get())
        os.kill(process, signal.SIGKILL)
        another, wire = await patiently(at.hung.get())
        wire.write(b"g")
        letter = await patiently(reading)
        assert process != another == int(letter.text)
        assert UNREAD not in letter.notes


async def test_a_mail_that_hangs_costs_none_of_those_that_wait() -> None:
    """Twelve others are read as ever; their time begins when their reading does."""
    async with bench() as at:
        hanging = asyncio.ensure_future(at.reads(large(f"hangs {at.port}")))
        await patiently(at.hung.get())
        waiting = [asyncio.ensure_future(at.reads(large("hello", subject=f"matter {n}"))) for n in range(12)]
        at.time_runs_out()
        await patiently(at.hung.get())
        assert len(at.limits) == 2, "only the mail that is read has its time running"
        at.time_runs_out()
        letter = await patiently(hanging)
        others = await patiently(asyncio.gather(*waiting))
        assert UNREAD in letter.notes
        assert [other.subject for other in others] == [f"matter {n}" for n in range(12)]
        assert [other.notes for other in others] == [()] * 12


async def test_a_mail_that_kills_each_worker_is_kept_as_it_came() -> None:
    """Its header still says whose it is, and the same bytes have the fingerprint that they have when they are read."""
    async with bench() as at:
        raw = large("dies")
        letter = await patiently(at.reads(raw))
        read = read_letter(raw, received_at=NOW)
        assert len(at.limits) == 2
        assert UNREAD in letter.notes
        assert [part.content for part in letter.parts] == [raw]
        for name in ("fingerprint", "message_id", "sender", "subject", "references", "to"):
            assert getattr(letter, name) == getattr(read, name), name
        assert UNREAD not in (await patiently(at.reads(large("hello")))).notes


async def test_a_reading_that_fails_is_not_tried_again() -> None:
    """It would fail again; the worker lives and reads the next mail. Small mails on the loop fail no worse."""
    async with bench() as at:
        well = await patiently(at.reads(large("hello")))
        failed = await patiently(at.reads(large("fails")))
        assert UNREAD in failed.notes
        assert len(at.limits) == 2
        assert (await patiently(at.reads(large("hello")))).text == well.text
        small = from_mia(body="fails at once\n")
        assert len(small) < AT_ONCE_BYTES_MAX
        assert UNREAD in (await Reader(read=poisoned)(small, NOW)).notes


async def test_whoever_gives_up_holds_up_nobody() -> None:
    """A mail whose bringer went away leaves the worker at once."""
    async with bench() as at:
        hanging = asyncio.ensure_future(at.reads(large(f"hangs {at.port}")))
        await patiently(at.hung.get())
        hanging.cancel()
        assert UNREAD not in (await patiently(at.reads(large("hello")))).notes
        assert hanging.cancelled()


async def test_closing_ends_what_is_being_read() -> None:
    """It comes back unread rather than never, and no new worker is started."""
    async with bench() as at:
        hanging = asyncio.ensure_future(at.reads(large(f"hangs {at.port}")))
        await patiently(at.hung.get())
        await at.reader.close()
        assert UNREAD in (await patiently(hanging)).notes
        assert len(at.limits) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Subject: =?utf-8?q?\r\n" * 400,
        b"X" * 120_000,
        b"\r\r\n",
    ],
)
async def test_a_mail_has_one_fingerprint_whether_it_is_read_or_not(head: bytes) -> None:
    """However its header is made, and whatever line ends were added at its end."""
    raw = head + large("fails")
    unread = await Reader(read=poisoned, beside=False)(raw, NOW)
    read = read_letter(raw + b"\r\n", received_at=NOW)
    assert UNREAD in unread.notes
    assert (unread.fingerprint, unread.message_id) == (read.fingerprint, read.message_id)


async def test_an_unread_mail_is_believed_no_more_than_its_header_says() -> None:
    """A domain that denies it, and a machine that wrote it, are told by the header alone."""
    denied = "Authentication-Results: mx.support.example; dmarc=fail header.from=customer.example"
    raw = from_mia(f"{denied}\nAuto-Submitted: auto-replied", "fails\n")
    letter = await Reader(read=poisoned, verifier="mx.support.example")(raw, NOW)
    assert UNREAD in letter.notes
    assert (letter.authenticated, letter.automatic) == ("fail", "auto-reply")
    report = from_mia("Content-Type: multipart/report; report-type=delivery-status", "fails\n")
    assert (await Reader(read=poisoned)(report, NOW)).automatic == "receipt"


def test_an_answer_to_an_invitation_says_what_it_answers():
    """It has no words of its own: accepted, declined or tentative stands beside it."""
    calendar = "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nATTENDEE;PARTSTAT=DECLINED:mailto:mia@customer.example\n"
    raw = f"From: mia@customer.example\nSubject: No: visit\nContent-Type: text/calendar; method=REPLY\n\n{calendar}"
    letter = read_letter(raw.encode(), received_at=NOW)
    assert letter.automatic == "calendar"
    assert "the invitation is declined" in letter.notes


async def test_a_large_mail_takes_the_loop_in_small_steps() -> None:
    """What goes to the process, what comes back and what is decoded at once does not grow with the mail; its files are
    whole, and a small mail behind it is read as ever."""
    content = os.urandom(3_000_000)
    message = EmailMessage()
    message["From"], message["Subject"] = "mia@customer.example", "Large"
    message.set_content("It is attached.")
    message.add_attachment(content, maintype="application", subtype="octet-stream", filename="log.bin")
    message.add_attachment(b"small", maintype="application", subtype="octet-stream", filename="note.bin")
    worker, steps = await Worker.start(read_clean), list[int]()
    write, read_exactly, decode = worker._writer.write, worker._reader.readexactly, worker_module._decoded

    def writes(some: bytes) -> None:
        steps.append(len(some))
        write(some)

    async def reads(n: int) -> bytes:
        steps.append(n)
        return await read_exactly(n)

    def decodes(body: bytes) -> worker_module.Told:
        steps.append(len(body))
        return decode(body)

    worker._writer.write, worker._reader.readexactly = writes, reads  # type: ignore[method-assign]
    worker_module._decoded = decodes
    try:
        both = [message.as_bytes(), from_mia(body="hello")]
        known = Known(received_at=NOW)
        large_one, small_one = await patiently(
            asyncio.gather(*(worker.read(raw, known, lambda: asyncio.timeout(30)) for raw in both))
        )
    finally:
        worker_module._decoded = decode
        worker.end()
    assert [part.content for part in large_one.parts] == [content, b"small"]
    assert small_one.text.strip() == "hello"
    assert max(steps) <= worker_module.PIECE_BYTES_MAX
