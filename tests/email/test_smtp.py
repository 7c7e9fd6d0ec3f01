"""Mail on real sockets: the sender that carries it away and the server that takes it in, against each other and against
servers and clients that behave badly."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email._header_value_parser import get_angle_addr  # pyright: ignore[reportMissingTypeStubs]
from typing import Any

import aiosmtplib
import pytest
from hypothesis import given, settings
from hypothesis.strategies import from_regex

from channels.email.post import ACCEPTED, Envelope, PostFailure, PostRefused, Reply, Unreached
from channels.email.smtp import UTF8_REFUSED, SmtpLimits, SmtpListener, SmtpPost
from channels.email.smtp_session import PLAIN_PATH

HOST = "127.0.0.1"
MAIL = Envelope("mia@customer.example", ("help@support.example",), b"Subject: hello\r\n\r\nIt is cold.\r\n")


class Desk:
    """Takes mail and answers as told."""

    def __init__(self) -> None:
        self.got: list[Envelope] = []
        self.answer: Callable[[], Awaitable[Reply]] | Reply = ACCEPTED

    async def take(self, envelope: Envelope) -> Reply:
        self.got.append(envelope)
        return self.answer if isinstance(self.answer, Reply) else await self.answer()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture(autouse=True)
async def bugs() -> AsyncIterator[list[str]]:
    """Whatever nobody awaited fails the test, unless the test takes it away."""
    found: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context["message"]))
    yield found
    assert found == []


@asynccontextmanager
async def listening(desk: Desk, **limits: float) -> AsyncIterator[SmtpListener]:
    listener = await SmtpListener.start(HOST, 0, desk.take, SmtpLimits(**limits), name="mail.support.example")  # pyright: ignore[reportArgumentType]
    yield listener
    await listener.close()


async def post(listener: SmtpListener, mail: Envelope = MAIL, *, timeout_s: float = 5) -> None:
    await SmtpPost(HOST, listener.port).deliver(mail, timeout_s=timeout_s)


async def talk(port: int, *lines: bytes) -> list[bytes]:
    """What a bare client hears to these lines, until the server hangs up or nothing more is to be said."""
    reader, writer = await asyncio.open_connection(HOST, port)
    heard = [await reader.readline()]
    for line in lines:
        writer.write(line + b"\r\n")
        heard.append(await reader.readline())
    writer.close()
    return heard


async def write_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def test_a_mail_arrives_as_it_was_sent(desk: Desk):
    async with listening(desk) as listener:
        await post(listener)
    assert desk.got == [MAIL]


async def test_any_bytes_and_dots_and_long_lines_arrive(desk: Desk):
    raw = b"Subject: caf\xe9\r\n\r\n.\r\n..\r\n.hidden\r\n" + b"x" * 100_000 + "\r\n😀\r\n".encode()
    async with listening(desk) as listener:
        await post(listener, Envelope("", ("a@support.example", "b@support.example"), raw))
    assert desk.got == [Envelope("", ("a@support.example", "b@support.example"), raw)]


async def test_addresses_outside_ascii_arrive(desk: Desk):
    async with listening(desk) as listener:
        await post(listener, Envelope("mïa@customer.example", ("hilfe@münchen.example",), MAIL.raw))
    assert desk.got[0].sender == "mïa@customer.example" and desk.got[0].recipients == ("hilfe@münchen.example",)


@pytest.mark.parametrize(
    "address", ["", "a b@c.example", "a@c.example>\r\nRSET", "\ud800@c.example", "a" * 300 + "@c.example"]
)
async def test_what_is_no_address_is_refused_before_it_goes_out(desk: Desk, address: str):
    async with listening(desk) as listener:
        with pytest.raises(PostRefused) as caught:
            await post(listener, Envelope(MAIL.sender, (address,), MAIL.raw))
    assert caught.value.permanent and desk.got == []


@pytest.mark.parametrize(
    ("reply", "is_permanent"), [(Reply(450, "4.7.1 later"), False), (Reply(550, "5.1.1 never"), True)]
)
async def test_a_refusal_comes_through_with_its_words(desk: Desk, reply: Reply, is_permanent: bool):
    desk.answer = reply
    async with listening(desk) as listener:
        with pytest.raises(PostRefused) as caught:
            await post(listener)
    assert (caught.value.code, caught.value.text) == (reply.code, reply.text)
    assert caught.value.permanent is is_permanent


async def test_250_is_said_only_after_the_mail_was_taken(desk: Desk):
    may_go = asyncio.Event()

    async def slowly() -> Reply:
        await may_go.wait()
        return ACCEPTED

    desk.answer = slowly
    async with listening(desk) as listener:
        posting = asyncio.create_task(post(listener))
        while not desk.got:
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not posting.done()
        may_go.set()
        await posting


async def test_trouble_of_ours_is_451_and_not_explained(desk: Desk, bugs: list[str]):
    async def fail() -> Reply:
        raise RuntimeError("the secret of the house")

    desk.answer = fail
    async with listening(desk) as listener:
        with pytest.raises(PostRefused) as caught:
            await post(listener)
    assert caught.value.code == 451 and "secret" not in caught.value.text
    assert bugs == ["a mail was not taken"]
    bugs.clear()


async def test_a_broken_connection_after_the_mail_means_it_may_have_arrived(desk: Desk):
    async def lose() -> Reply:
        raise PostFailure("a fault", may_have_arrived=True)

    desk.answer = lose
    async with listening(desk) as listener:
        with pytest.raises(PostFailure) as caught:
            await post(listener)
    assert caught.value.may_have_arrived and desk.got == [MAIL]


async def test_where_nobody_listens_nothing_arrived(unused_tcp_port: int):
    with pytest.raises(PostFailure) as caught:
        await SmtpPost(HOST, unused_tcp_port).deliver(MAIL, timeout_s=5)
    assert not caught.value.may_have_arrived


@pytest.mark.parametrize("wanted", [{"tls": "starttls"}, {"tls": "tls"}, {"username": "us", "password": "secret"}])
async def test_what_the_server_does_not_offer_is_no_verdict_on_the_mail(desk: Desk, wanted: dict[str, Any]):
    """A mail is not lost because a setting is wrong."""
    async with listening(desk) as listener:
        with pytest.raises(PostFailure) as caught:
            await SmtpPost(HOST, listener.port, **wanted).deliver(MAIL, timeout_s=5)
    assert not caught.value.may_have_arrived and desk.got == [] and "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("script", "may_have_arrived"),
    [
        ([b"220 hi", b"250 hello", b"250 ok"], False),
        ([b"220 hi", b"250 hello", b"250 ok", b"250 ok", b"354 go on"], True),
        ([b"not SMTP at all"], False),
    ],
)
async def test_a_server_that_hangs_up_in_the_middle(script: list[bytes], may_have_arrived: bool):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for line in script:
            writer.write(line + b"\r\n")
            await reader.readline()
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    with pytest.raises(PostFailure) as caught:
        await SmtpPost(HOST, server.sockets[0].getsockname()[1]).deliver(MAIL, timeout_s=5)
    server.close()
    assert caught.value.may_have_arrived is may_have_arrived


async def test_a_server_that_says_nothing_costs_no_more_than_the_time_limit():
    server = await asyncio.start_server(lambda reader, _: reader.read(), HOST, 0)
    with pytest.raises(PostFailure) as caught:
        await SmtpPost(HOST, server.sockets[0].getsockname()[1]).deliver(MAIL, timeout_s=0.05)
    server.close()
    assert not caught.value.may_have_arrived


async def test_a_refused_greeting_is_a_refusal():
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 no mail here\r\n")
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    with pytest.raises(PostRefused) as caught:
        await SmtpPost(HOST, server.sockets[0].getsockname()[1]).deliver(MAIL, timeout_s=5)
    server.close()
    assert caught.value.permanent


class Counting:
    """A mail server that says yes to all, and hangs up when it has taken `mails_max` mails on one connection."""

    def __init__(self, mails_max: int) -> None:
        self.mails_max = mails_max
        self.mails: list[int] = []  # by connection

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.mails)
        self.mails.append(0)
        writer.write(b"220 hi\r\n")
        is_data = False
        while line := await reader.readline():
            if is_data and line != b".\r\n":
                continue
            if is_data:
                self.mails[number] += 1
            is_data = line == b"DATA\r\n"
            writer.write(b"354 go on\r\n" if is_data else b"250 ok\r\n")
            if self.mails[number] == self.mails_max:
                break
        writer.close()


@pytest.mark.parametrize(("mails_max", "expected"), [(9, [3]), (1, [1, 1, 1]), (2, [2, 1])])
async def test_mails_in_a_row_take_one_connection_and_each_arrives_once(mails_max: int, expected: list[int]):
    """Servers close connections as they like; that is no failure, and nothing goes twice."""
    counting = Counting(mails_max)
    server = await asyncio.start_server(counting.serve, HOST, 0)
    post = SmtpPost(HOST, server.sockets[0].getsockname()[1])
    for _ in range(3):
        await post.deliver(MAIL, timeout_s=5)
    server.close()
    assert counting.mails == expected


ANA, TOM, EVA = "ana@support.example", "tom@elsewhere.example", "eva@elsewhere.example"
NOBODY, GREY = Reply(550, "5.1.1 No such user here"), Reply(450, "4.2.0 Greylisted")
SYSTEM_FULL, LEAVING = Reply(452, "4.3.1 Disk full"), Reply(421, "4.3.2 Going down")


@asynccontextmanager
async def refusing(desk: Desk, refused: dict[str, Reply]) -> AsyncIterator[SmtpPost]:
    """The way to a server that refuses some at RCPT."""
    listener = await SmtpListener.start(HOST, 0, desk.take, admit=lambda _, recipient: refused.get(recipient))
    yield SmtpPost(HOST, listener.port)
    await listener.close()


@pytest.mark.parametrize("reply", [NOBODY, GREY])
async def test_where_a_copy_is_refused_the_others_get_the_mail(desk: Desk, reply: Reply):
    async with refusing(desk, {TOM: reply}) as way:
        unreached = await way.deliver(Envelope(MAIL.sender, (ANA, TOM, EVA), MAIL.raw), timeout_s=5)
    assert unreached == (Unreached(TOM, reply),) and unreached[0].is_permanent is (reply is NOBODY)
    assert [one.recipients for one in desk.got] == [(ANA, EVA)]


@pytest.mark.parametrize(
    ("reply", "is_of_recipient"), [(NOBODY, True), (GREY, True), (SYSTEM_FULL, False), (LEAVING, False)]
)
async def test_where_the_first_is_refused_nobody_gets_the_mail(desk: Desk, reply: Reply, is_of_recipient: bool):
    """Whether the refusal is on them or on the server as a whole is told."""
    async with refusing(desk, {ANA: reply}) as way:
        with pytest.raises(PostRefused) as caught:
            await way.deliver(Envelope(MAIL.sender, (ANA, TOM), MAIL.raw), timeout_s=5)
    assert caught.value.text == reply.text and desk.got == []
    assert caught.value.of_recipient is is_of_recipient


async def test_a_server_that_leaves_in_the_middle_of_the_copies_has_nothing(desk: Desk):
    async with refusing(desk, {TOM: LEAVING}) as way:
        with pytest.raises(PostRefused) as caught:
            await way.deliver(Envelope(MAIL.sender, (ANA, TOM, EVA), MAIL.raw), timeout_s=5)
    assert (caught.value.code, caught.value.of_recipient) == (421, False) and desk.got == []


async def test_a_passing_refusal_of_the_mail_itself_is_not_on_its_recipient(desk: Desk):
    desk.answer = Reply(451, "4.3.0 later")
    async with listening(desk) as listener:
        with pytest.raises(PostRefused) as caught:
            await post(listener)
    assert not caught.value.of_recipient


async def test_a_copy_to_what_is_no_address_is_left_out(desk: Desk):
    odd = "a b@c.example"
    async with listening(desk) as listener:
        unreached = await SmtpPost(HOST, listener.port).deliver(
            Envelope(MAIL.sender, (ANA, odd, EVA), MAIL.raw), timeout_s=5
        )
    assert [one.address for one in unreached] == [odd] and unreached[0].is_permanent
    assert desk.got[0].recipients == (ANA, EVA)


async def test_a_copy_to_an_address_outside_ascii_is_left_out_where_the_server_takes_none():
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hi\r\n")
        while line := await reader.readline():
            heard.append(line)
            writer.write(b"354 go on\r\n" if line == b"DATA\r\n" else b"250 ok\r\n")
            if line == b"DATA\r\n":
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 ok\r\n")
            if line == b"QUIT\r\n":
                break
        writer.close()

    server = await asyncio.start_server(serve, HOST, 0)
    way, odd = SmtpPost(HOST, server.sockets[0].getsockname()[1]), "hilfe@münchen.example"
    unreached = await way.deliver(Envelope(MAIL.sender, (ANA, odd), MAIL.raw), timeout_s=5)
    with pytest.raises(PostRefused) as caught:
        await way.deliver(Envelope(MAIL.sender, (odd, ANA), MAIL.raw), timeout_s=5)
    server.close()
    assert unreached == (Unreached(odd, UTF8_REFUSED),) and caught.value.permanent
    assert sum(line.startswith(b"RCPT") for line in heard) == 1


async def test_the_size_is_announced_and_kept(desk: Desk):
    async with listening(desk, message_bytes=1_000) as listener:
        async with aiosmtplib.SMTP(hostname=HOST, port=listener.port, start_tls=False) as client:
            await client.ehlo()
            assert client.esmtp_extensions["size"] == "1000"
        with pytest.raises(PostRefused) as caught:  # already at MAIL, for the size was told
            await post(listener, Envelope(MAIL.sender, MAIL.recipients, b"x" * 1_001))
        assert caught.value.code == 552
        await post(listener)
    assert desk.got == [MAIL]


async def test_a_mail_larger_than_it_said_is_refused_and_the_session_goes_on(desk: Desk):
    async with listening(desk, message_bytes=1_000) as listener:
        async with aiosmtplib.SMTP(hostname=HOST, port=listener.port, start_tls=False) as client:
            for raw, code in ((b"x\r\n" * 500, 552), (MAIL.raw, 250)):
                await client.mail(MAIL.sender)
                await client.rcpt(MAIL.recipients[0])
                try:
                    assert (await client.data(raw)).code == code
                except aiosmtplib.SMTPDataError as problem:
                    assert problem.code == code
    assert desk.got == [MAIL]


async def test_a_mail_too_large_is_refused_while_it_comes(desk: Desk):
    """Whoever listens hears it before the end; what comes behind the end is a command again, and heard once."""
    async with listening(desk, message_bytes=1_000) as listener:
        reader, writer = await asyncio.open_connection(HOST, listener.port)
        writer.write(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n" + b"x\r\n" * 400)
        async with asyncio.timeout(10):
            await reader.readuntil(b"\r\n552 5.3.4 The mail is too large\r\n")
        writer.write(b"x\r\n" * 100 + b".\r\nNOOP\r\nQUIT\r\n")
        async with asyncio.timeout(10):
            said = (await reader.read()).splitlines()
        writer.close()
    assert [one[:3] for one in said] == [b"250", b"221"] and desk.got == []


@pytest.mark.parametrize("unit", [b"\r\n", b"..\r\n"])
async def test_a_mail_of_very_many_lines_is_a_few_pieces_with_turns_of_others_between(desk: Desk, unit: bytes):
    """No object stands for a line, and what one turn of the loop reads is one piece from the socket."""
    raw, turns, blocks, is_over = unit * (2_000_000 // len(unit)), 0, 0, False

    async def others() -> None:
        nonlocal turns, blocks
        while not is_over:
            turns, blocks = turns + 1, max(blocks, sys.getallocatedblocks())
            await asyncio.sleep(0)

    async with listening(desk) as listener:
        reader, writer = await asyncio.open_connection(HOST, listener.port)
        writer.write(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        await reader.readuntil(b"\r\n354 End data with <CR><LF>.<CR><LF>\r\n")
        before = sys.getallocatedblocks()
        task = asyncio.create_task(others())
        writer.write(raw + b".\r\n")
        assert (await reader.readline()).startswith(b"250")
        is_over = True
        await task
        writer.close()
    assert turns >= len(raw) // 262_144
    assert blocks - before < 100_000 < len(raw) // len(unit)
    assert desk.got[0].raw == raw.replace(b"..", b".")


async def test_mails_that_come_in_one_piece_are_told_apart(desk: Desk):
    """Who waits for no reply sends a mail, its end and the next mail at once."""
    begin = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"
    async with listening(desk) as listener:
        reader, writer = await asyncio.open_connection(HOST, listener.port)
        mails = [b"", b"..one\r\n", b"\r\n\r\n", b"two\n.\nstill two\r\n"]
        writer.write(b"EHLO x\r\n" + b"".join(begin + one + b".\r\n" for one in mails) + b"QUIT\r\n")
        async with asyncio.timeout(10):
            said = (await reader.read()).splitlines()
        writer.close()
    assert [one.raw for one in desk.got] == [b"", b".one\r\n", b"\r\n\r\n", b"two\n.\nstill two\r\n"]
    assert said[-1].startswith(b"221")


async def test_an_endless_line_is_cut_off(desk: Desk):
    async with listening(desk, message_bytes=1_000) as listener:
        _, writer = await asyncio.open_connection(HOST, listener.port)
        writer.write(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        with pytest.raises(ConnectionError):
            await write_for_ever(writer)
    assert desk.got == []


async def test_recipients_have_a_limit(desk: Desk):
    many = tuple(f"{name}@support.example" for name in "abc")
    async with listening(desk, recipients=2) as listener:
        (left_out,) = await SmtpPost(HOST, listener.port).deliver(Envelope(MAIL.sender, many, MAIL.raw), timeout_s=5)
    assert (left_out.address, left_out.reply.code) == (many[2], 452) and desk.got[0].recipients == many[:2]


async def test_a_connection_too_many_is_told_so(desk: Desk):
    async with listening(desk, connections=1) as listener:
        async with aiosmtplib.SMTP(hostname=HOST, port=listener.port, start_tls=False):
            with pytest.raises(PostRefused) as caught:
                await post(listener)
            assert caught.value.code == 421
        await post(listener)
    assert desk.got == [MAIL]


async def test_silence_ends_a_session(desk: Desk):
    async with listening(desk, idle_s=0.02) as listener:
        reader, writer = await asyncio.open_connection(HOST, listener.port)
        said = await reader.read()
        writer.close()
    assert said.startswith(b"220 mail.support.example") and b"421 4.4.2" in said


async def test_who_drips_bytes_does_not_stay_for_ever(desk: Desk):
    async with listening(desk, session_s=0.05) as listener:
        reader, writer = await asyncio.open_connection(HOST, listener.port)
        writer.write(b"EHLO x\r\n")
        async with asyncio.timeout(10):
            said = await reader.read()
        writer.close()
    assert b"421 4.4.2" in said


async def test_a_take_that_never_ends_is_451(desk: Desk, bugs: list[str]):
    async def never() -> Reply:
        await asyncio.Event().wait()
        return ACCEPTED

    desk.answer = never
    async with listening(desk, take_s=0) as listener:
        with pytest.raises(PostRefused) as caught:
            await post(listener)
    assert caught.value.code == 451
    bugs.clear()


async def test_who_waits_for_a_reply_is_not_idle(desk: Desk):
    async def slowly() -> Reply:
        (session,) = listener._connections
        session._timeout_cb()  # as if the client had been silent for long
        return ACCEPTED

    desk.answer = slowly
    async with listening(desk) as listener:
        await post(listener)


async def test_a_mail_that_came_whole_is_taken_though_its_sender_is_gone(desk: Desk):
    may_go, done = asyncio.Event(), asyncio.Event()

    async def slowly() -> Reply:
        await may_go.wait()
        done.set()
        return ACCEPTED

    desk.answer = slowly
    async with listening(desk) as listener:
        posting = asyncio.create_task(post(listener))
        while not desk.got:
            await asyncio.sleep(0)
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
        may_go.set()
        await done.wait()


async def test_half_a_mail_is_not_taken(desk: Desk):
    async with listening(desk) as listener:
        _, writer = await asyncio.open_connection(HOST, listener.port)
        writer.write(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: half\r\n\r\nof")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        await post(listener)
    assert desk.got == [MAIL]


async def test_closing_lets_a_mail_under_way_finish_and_sends_the_idle_away(desk: Desk):
    may_go = asyncio.Event()

    async def slowly() -> Reply:
        await may_go.wait()
        return ACCEPTED

    desk.answer = slowly
    listener = await SmtpListener.start(HOST, 0, desk.take)
    idle, idle_writer = await asyncio.open_connection(HOST, listener.port)
    posting = asyncio.create_task(post(listener))
    while not desk.got:
        await asyncio.sleep(0)
    closing = asyncio.create_task(listener.close())
    assert (await idle.read()).splitlines()[-1].startswith(b"421")
    assert not closing.done()
    may_go.set()
    await posting
    await closing
    idle_writer.close()


async def test_closing_says_goodbye_after_the_mail_under_way(desk: Desk):
    may_go = asyncio.Event()

    async def slowly() -> Reply:
        await may_go.wait()
        return ACCEPTED

    desk.answer = slowly
    listener = await SmtpListener.start(HOST, 0, desk.take, SmtpLimits(closing_s=60))
    reader, writer = await asyncio.open_connection(HOST, listener.port)
    writer.write(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nwords\r\n.\r\n")
    while not desk.got:
        await asyncio.sleep(0)
    closing = asyncio.create_task(listener.close())
    await asyncio.sleep(0)
    may_go.set()
    async with asyncio.timeout(10):
        said = (await reader.read()).splitlines()
        await closing
    writer.close()
    assert [one[:3] for one in said[-2:]] == [b"250", b"421"]


async def test_closing_breaks_off_what_does_not_finish(desk: Desk):
    async def never() -> Reply:
        await asyncio.Event().wait()
        return ACCEPTED

    desk.answer = never
    listener = await SmtpListener.start(HOST, 0, desk.take, SmtpLimits(closing_s=0.02))
    posting = asyncio.create_task(post(listener))
    while not desk.got:
        await asyncio.sleep(0)
    await listener.close()
    with pytest.raises(PostFailure) as caught:
        await posting
    assert caught.value.may_have_arrived


@pytest.mark.parametrize(
    "line",
    [
        b"MAIL FROM:<>x>",
        b"MAIL FROM:<\xff\xfe@b.example>",
        b'MAIL FROM:<"@b.example>',
        b"MAIL FROM:<a@[1.2>",
        b"MAIL FROM:<(((((@b.example>",
        b"MAIL FROM:<" + b"a" * 1_500 + b"@b.example>",
        b"MAIL FROM:<a@b.example> SIZE=x",
        b"MAIL",
        b"AUTH PLAIN AGEAYQ==",
        b"\xff\xfe\x00",
        b"EHLO " + b"x" * 100_000,
        b"",
    ],
)
async def test_odd_commands_are_refused_and_the_session_goes_on(desk: Desk, line: bytes):
    async with listening(desk) as listener:
        heard = await talk(listener.port, b"HELO x", line, b"NOOP")
    assert heard[2][:1] == b"5", heard
    assert heard[3].startswith(b"250"), heard


@settings(max_examples=200, deadline=None)
@given(path=from_regex(PLAIN_PATH, fullmatch=True))
def test_a_plain_path_is_read_as_the_library_reads_it(path: str):
    """The short way for nearly all addresses is a short way and nothing else."""
    found = PLAIN_PATH.fullmatch(path)
    assert found is not None
    address, rest = get_angle_addr(path)
    assert (found[1] or "<>", (found[2] or "").strip()) == (address.addr_spec, rest.strip())
