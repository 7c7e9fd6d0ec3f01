"""A mailbox is followed: against a real IMAP server, over a wire that breaks."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from channels.email.following import RECONNECT_MS_MAX, REFUSALS_MAX
from channels.email.imap_port import NOWHERE, ImapState, Position
from router.core.words import DAY_MS
from router.serving_mail import StateLog
from tests.email.post_office import HOST, PASSWORD, START, USER, desk, mail_server, wire_to
from tests.story import free_port, patiently

COLD = b"From: Mia <mia@customer.example>\r\nTo: help@support.example\r\nSubject: cold\r\n\r\nThe flat is cold.\r\n"
WARM = b"From: Mia <mia@customer.example>\r\nTo: help@support.example\r\nSubject: warm\r\n\r\nIt is warm again.\r\n"
THIRD = b"From: Ben <ben@customer.example>\r\nTo: help@support.example\r\nSubject: hi\r\n\r\nHello?\r\n"


async def test_new_mail_comes_at_once_while_the_mailbox_waits() -> None:
    """A mail is taken as soon as the server has it, byte for byte, in the envelope that its headers tell of."""
    async with mail_server() as server, desk() as people:
        mailbox = people.follows(server.port)
        await people.is_at(mailbox, "idle")
        await server.gets(COLD)
        await people.has(1)
        (envelope, where), *_ = people.got
        assert envelope.raw == COLD
        assert (envelope.sender, envelope.recipients) == ("mia@customer.example", ("help@support.example",))
        assert where.startswith("imap:INBOX/")
        await people.is_at(mailbox, "idle")
        assert mailbox.state == ImapState("idle", people.clock.now(), people.clock.now())


async def test_news_that_comes_in_one_piece_with_the_servers_yes_is_heard() -> None:
    """A server that says "go on and wait" and "a mail came" in one breath is not waited for in vain."""
    async with mail_server() as server, wire_to(server) as wire, desk() as people:
        wire.held_at = b"+ Idling."
        people.follows(wire.port)
        await patiently(wire.holds.wait())
        await server.gets(COLD)
        await people.has(1)


async def test_a_restart_goes_on_where_it_stopped() -> None:
    """What was taken is not given again; what came meanwhile is, in the order of its coming."""
    async with mail_server() as server, desk() as people:
        await server.gets(COLD)
        before = people.follows(server.port)
        await people.is_at(before, "idle")
        await before.close()
        await server.gets(WARM, THIRD)
        for _ in range(2):
            after = people.follows(server.port)
            await people.is_at(after, "idle")
            await after.close()
            assert people.bodies == [COLD, WARM, THIRD]


async def test_the_same_mail_in_two_folders_is_given_twice_with_the_same_bytes() -> None:
    """Whoever takes can tell that it is one mail, for it is the same; where each lay is told."""
    async with mail_server() as server, desk() as people:
        await server.has_folder("Support & more")
        await server.gets(COLD)
        await server.gets(COLD, folder="Support & more")
        people.follows(server.port, folders=("INBOX", "Support & more"))
        await people.has(2)
        assert people.bodies == [COLD, COLD]
        assert {where.split("/")[0] for _, where in people.got} == {"imap:INBOX", "imap:Support & more"}


async def test_folders_after_the_first_are_looked_at_now_and_then() -> None:
    """The server tells of the open folder only; the others are looked at when their time has come."""
    async with mail_server() as server, desk() as people:
        await server.has_folder("Support")
        mailbox = people.follows(server.port, folders=("INBOX", "Support"), poll_s=45.0)
        await people.is_at(mailbox, "idle")
        await server.gets(COLD, folder="Support")
        assert await people.waits(mailbox) == 45_000
        await people.has(1)


async def test_without_idle_the_mailbox_is_looked_at_now_and_then() -> None:
    """A server that cannot tell is asked."""
    async with mail_server(has_idle=False) as server, desk() as people:
        mailbox = people.follows(server.port, poll_s=20.0)
        await people.is_at(mailbox, "polling")
        await server.gets(COLD)
        assert await people.waits(mailbox) == 20_000
        await people.has(1)


async def test_a_connection_lost_in_the_middle_of_a_mail_gives_the_whole_mail_later() -> None:
    """Half a mail is never taken; it is fetched again over a new connection, and the error is told until then."""
    async with mail_server() as server, wire_to(server) as wire, desk() as people:
        await server.gets(COLD, WARM)
        wire.cut_at = b"The flat is"
        mailbox = people.follows(wire.port)
        assert await people.waits(mailbox) == 1_000
        await people.has(2)
        assert people.bodies == [COLD, WARM]
        assert wire.connections == 2
        await people.is_at(mailbox, "idle")
        assert mailbox.state.error == ""


async def test_a_connection_lost_while_waiting_is_made_again() -> None:
    """A mail that came while nobody listened is taken with the next connection."""
    async with mail_server() as server, wire_to(server) as wire, desk() as people:
        mailbox = people.follows(wire.port)
        await people.is_at(mailbox, "idle")
        wire.breaks()
        await people.is_at(mailbox, "reconnecting")
        assert "broke" in mailbox.state.error
        assert mailbox.state.connected_since is None
        await server.gets(COLD)
        await people.waits(mailbox)
        await people.has(1)


async def test_a_server_that_is_away_is_asked_less_and_less_often() -> None:
    """Each failure in a row doubles the pause, up to five minutes; the error says what to check."""
    async with desk() as people:
        mailbox = people.follows(free_port())
        pauses = [await people.waits(mailbox) for _ in range(11)]
        assert pauses[:4] == [1_000, 2_000, 4_000, 8_000]
        assert pauses[-2:] == [RECONNECT_MS_MAX, RECONNECT_MS_MAX]
        await people.is_at(mailbox, "reconnecting")
        assert mailbox.state.error.startswith(f"No connection to {HOST}:")
        assert mailbox.state.error.endswith("check host, port and tls.")


async def test_a_folder_made_anew_is_begun_anew() -> None:
    """Numbers of mails hold for one UIDVALIDITY; under another one the folder is read again from some days back."""
    async with mail_server() as server, desk() as people:
        await server.has_folder("Support")
        await server.gets(COLD, WARM, folder="Support")
        before = people.follows(server.port, folders=("Support",))
        await people.is_at(before, "idle")
        await before.close()
        old = people.notebook.pages["Support"]
        await server.loses_folder("Support")
        await server.has_folder("Support")
        await server.gets(THIRD, folder="Support")
        await server.gets(COLD, folder="Support", days_ago=9)
        after = people.follows(server.port, folders=("Support",))
        await people.is_at(after, "idle")
        assert people.bodies == [COLD, WARM, THIRD]
        new = people.notebook.pages["Support"]
        assert new.uid_validity != old.uid_validity
        await server.gets(WARM, folder="Support")
        await people.has(4)


async def test_numbers_that_went_back_begin_the_folder_anew() -> None:
    """A server that gives every folder the same UIDVALIDITY is not believed when its numbers fall."""
    async with mail_server() as server, desk() as people:
        await server.gets(COLD)
        before = people.follows(server.port)
        await people.is_at(before, "idle")
        await before.close()
        people.notebook.pages["INBOX"] = Position(people.notebook.pages["INBOX"].uid_validity, 4_000)
        after = people.follows(server.port)
        await people.is_at(after, "idle")
        assert people.bodies == [COLD, COLD]


async def test_a_folder_begins_some_days_back() -> None:
    """Connecting a mailbox that is years old opens no cases of last year; what came lately is taken."""
    async with mail_server() as server, desk() as people:
        await server.gets(COLD, days_ago=3)
        await server.gets(WARM, days_ago=1)
        mailbox = people.follows(server.port, look_back_days=2)
        await people.is_at(mailbox, "idle")
        assert people.bodies == [WARM]


async def test_a_mail_came_when_the_server_had_it() -> None:
    """What the mail says of its own date counts for nothing; a server whose clock is days ahead is not believed."""
    dated = b"Date: Mon, 2 Nov 2026 08:00:00 +0100\r\n" + COLD
    async with mail_server() as server, desk() as people:
        await server.gets(dated, days_ago=1)
        await server.gets(WARM, days_ago=-2)
        people.follows(server.port)
        await people.has(2)
        assert [envelope.received_at for envelope, _ in people.got] == [START - DAY_MS, None]


async def test_a_mailbox_with_nothing_new_is_begun_at_its_end() -> None:
    """What moves into the folder later is taken, however old it is."""
    async with mail_server() as server, desk() as people:
        await server.gets(COLD, days_ago=30)
        mailbox = people.follows(server.port)
        await people.is_at(mailbox, "idle")
        await server.gets(WARM, days_ago=30)
        await people.has(1)
        assert people.bodies == [WARM]


async def test_an_unknown_folder_is_named_with_those_there_and_the_others_are_followed() -> None:
    """One wrong name stops nothing else, and is mended without a restart when the folder is made."""
    async with mail_server() as server, desk() as people:
        await server.has_folder("Archive")
        mailbox = people.follows(server.port, folders=("INBOX", "Suport"))
        await people.is_at(mailbox, "idle")
        assert mailbox.state.error == "There is no folder 'Suport'; there are: INBOX, Archive."
        await server.gets(COLD)
        await people.has(1)
        await server.has_folder("Suport")
        await server.gets(WARM, folder="Suport")
        await people.is_at(mailbox, "idle")
        await people.waits(mailbox)
        await people.has(2)
        await people.sees(lambda: mailbox.state.error == "")


async def test_a_folder_that_vanished_is_begun_anew_when_it_is_back() -> None:
    """Whatever number it then starts with."""
    async with mail_server() as server, desk() as people:
        await server.has_folder("Support")
        await server.gets(COLD, folder="Support")
        mailbox = people.follows(server.port, folders=("INBOX", "Support"))
        await people.has(1)
        await people.is_at(mailbox, "idle")
        await server.loses_folder("Support")
        await people.waits(mailbox)
        await people.sees(lambda: people.notebook.pages["Support"] == NOWHERE)
        await server.has_folder("Support")
        await server.gets(COLD, folder="Support")
        await people.is_at(mailbox, "idle")
        await people.waits(mailbox)
        await people.has(2)


async def test_a_refused_login_says_what_to_do() -> None:
    """The sentence names the setting and never the password; the server is left alone for long, so that it locks no
    account."""
    async with mail_server() as server, desk() as people:
        mailbox = people.follows(server.port, password="not-it")
        assert await people.waits(mailbox) == RECONNECT_MS_MAX
        error = mailbox.state.error
        assert error.startswith(f"{HOST} refused the login of {USER!r} (")
        assert "check user and password" in error
        assert "not-it" not in error + repr(mailbox)
        assert PASSWORD not in error


async def test_a_mail_that_is_not_taken_comes_again_and_nothing_passes_it() -> None:
    """False, or a failure of whoever takes, leaves the mail where it is; the error tells which one waits."""
    async with mail_server() as server, desk() as people:
        answers = iter(["later", "boom"])

        async def unwilling(raw: bytes) -> bool:
            match next(answers, "yes"):
                case "later":
                    return False
                case "boom":
                    raise RuntimeError("the desk is on fire")
                case _:
                    return True

        people.answer = unwilling
        await server.gets(COLD, WARM)
        mailbox = people.follows(server.port)
        assert await people.waits(mailbox) == 1_000
        assert "is not wanted yet" in mailbox.state.error
        assert await people.waits(mailbox) == 2_000
        await people.has(4)
        assert people.bodies == [COLD, COLD, COLD, WARM]
        await people.is_at(mailbox, "idle")
        assert mailbox.state.error == ""


async def test_a_folder_whose_mail_waits_holds_no_other_folder_up() -> None:
    """Nothing passes it in its own folder only."""
    async with mail_server() as server, desk() as people:

        async def not_cold(raw: bytes) -> bool:
            return raw != COLD

        people.answer = not_cold
        await server.has_folder("Support")
        await server.gets(COLD, folder="Support")
        await server.gets(WARM)
        mailbox = people.follows(server.port, folders=("INBOX", "Support"))
        await people.has(2)
        await people.is_at(mailbox, "reconnecting")
        assert people.bodies == [COLD, WARM]
        assert "imap:Support/" in mailbox.state.error
        assert "Support" not in people.notebook.pages


async def test_a_crash_between_taking_and_noting_gives_the_mail_twice() -> None:
    """Twice rather than never: the place is noted only after the mail was taken."""
    async with mail_server() as server, desk() as people:
        people.notebook.is_torn = True
        await server.gets(COLD)
        mailbox = people.follows(server.port)
        await people.is_at(mailbox, "reconnecting")
        assert (
            mailbox.state.error
            == "The place in 'INBOX' could not be kept (OSError: the disk is full); it is tried again."
        )
        people.notebook.is_torn = False
        await people.waits(mailbox)
        await people.is_at(mailbox, "idle")
        assert people.bodies == [COLD, COLD]


async def test_a_mail_that_is_too_large_is_given_up_to_the_limit_and_says_so() -> None:
    """Header and first words reach a person; the first line tells that the rest is in the mailbox, and both copies of
    such a mail are the same."""
    large = COLD + b"x" * 3_000
    async with mail_server() as server, desk() as people:
        await server.has_folder("Support")
        await server.gets(large)
        await server.gets(large, folder="Support")
        people.follows(server.port, folders=("INBOX", "Support"), bytes_max=200)
        await people.has(2)
        first, second = people.got
        note = f"X-Onecase-Note: cut after 200 bytes, of {len(large)} bytes; all is in the mailbox\r\n".encode()
        assert first[0].raw == second[0].raw == note + large[:200]
        assert first[0].sender == "mia@customer.example"


async def test_a_mail_that_the_server_does_not_give_is_asked_for_again() -> None:
    """Meanwhile the error tells which one, and the folder waits for it."""
    async with mail_server() as server, wire_to(server) as wire, desk() as people:
        wire.fetches_refused = 2
        await server.gets(COLD, WARM)
        mailbox = people.follows(wire.port)
        assert await people.waits(mailbox) == 60_000
        await people.sees(lambda: "(" in mailbox.state.error and "this mail is broken" in mailbox.state.error)
        await people.waits(mailbox)
        await people.has(2)
        assert people.bodies == [COLD, WARM]


async def test_a_mail_that_the_server_never_gives_is_told_of_in_its_place() -> None:
    """One broken mail holds up no other for ever, and a person reads where it lies."""
    async with mail_server() as server, wire_to(server) as wire, desk() as people:
        wire.fetches_refused = REFUSALS_MAX
        await server.gets(COLD, WARM)
        mailbox = people.follows(wire.port)
        await people.waits(mailbox)
        await people.is_at(mailbox, "idle")
        await people.waits(mailbox)
        await people.has(2)
        note, rest = people.bodies
        assert note.startswith(b"X-Onecase-Note: not fetched: The server does not give the mail imap:INBOX/")
        assert rest == WARM
        assert people.got[0][0].sender == ""


@pytest.mark.parametrize(("seen", "is_marked"), [("keep", False), ("mark", True)])
async def test_mails_are_marked_as_read_only_where_it_is_wanted(seen: str, is_marked: bool) -> None:
    """The mailbox stays as it is for people who look into it too; nothing is ever deleted."""
    async with mail_server() as server, desk() as people:
        await server.gets(COLD, WARM)
        mailbox = people.follows(server.port, seen=seen)
        await people.has(2)
        await people.is_at(mailbox, "idle")
        assert await server.seen() == [is_marked, is_marked]


async def test_marking_deletes_nothing_that_somebody_else_marked_for_it() -> None:
    """A mail that a person has put into the bin but not yet thrown away stays there."""
    async with mail_server() as server, desk() as people:
        await server.gets(COLD)
        await server.does(lambda box: (box.folder.set("INBOX"), box.client.store("1", "+FLAGS", r"(\Deleted)")))
        mailbox = people.follows(server.port, seen="mark")
        await people.has(1)
        await people.is_at(mailbox, "idle")
        assert len(await server.seen()) == 1


async def test_closing_does_not_wait_for_ever_for_whoever_takes() -> None:
    """The mail that is being taken is let go, and comes again at the next start."""
    async with mail_server() as server, desk() as people:

        async def never(raw: bytes) -> bool:
            await asyncio.Event().wait()
            return True

        people.answer = never
        await server.gets(COLD)
        mailbox = people.follows(server.port)
        await people.has(1)
        await patiently(mailbox.close())
        assert mailbox.state.doing == "stopped"
        assert people.notebook.pages == {}


async def test_closing_lets_a_mail_be_taken_to_its_end() -> None:
    """What was taken in time is noted, and not given again."""
    async with mail_server() as server, desk() as people:
        go_on = asyncio.Event()

        async def slowly(raw: bytes) -> bool:
            await go_on.wait()
            return True

        people.answer = slowly
        await server.gets(COLD, WARM)
        mailbox = people.follows(server.port)
        await people.has(1)
        closing = asyncio.ensure_future(mailbox.close())
        await asyncio.wait({closing}, timeout=0)
        go_on.set()
        await patiently(closing)
        assert people.bodies == [COLD]
        assert list(people.notebook.pages) == ["INBOX"]


async def test_closing_while_no_server_answers() -> None:
    """A pause between connections is no reason to stay."""
    async with desk() as people:
        mailbox = people.follows(free_port())
        await people.is_at(mailbox, "reconnecting")
        await patiently(mailbox.close())
        assert mailbox.state.doing == "stopped"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")
async def test_the_servers_certificate_is_checked(tmp_path: Path) -> None:
    """A server that shows a certificate nobody vouches for gets no password; with its authority given it is trusted."""
    cert, key = str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"]
    made += ["-subj", "/CN=mail", "-addext", f"subjectAltName=IP:{HOST}"]
    subprocess.run(made, check=True, capture_output=True)
    async with mail_server(cert=cert, key=key) as server, desk() as people:
        mailbox = people.follows(server.port, tls="starttls")
        assert await people.waits(mailbox) == RECONNECT_MS_MAX
        assert "is not trusted" in mailbox.state.error
        trusting = people.follows(server.port, tls="starttls", ca_file=cert)
        await people.is_at(trusting, "idle")
        await server.gets(COLD)
        await people.has(1)
        await people.is_at(trusting, "idle")


async def test_a_failure_is_one_line_of_the_log() -> None:
    """However many states of the mailbox bear it, until the next failure."""
    async with mail_server() as server, desk() as people:
        people.logs = StateLog()
        with capture_logs() as lines:
            mailbox = people.follows(server.port, password="wrong")
            for failures in (1, 2):
                await people.is_at(mailbox, "reconnecting")
                assert len(lines) == failures, lines
                before = mailbox.state.error_at
                await people.waits(mailbox)
                await people.sees(lambda before=before: mailbox.state.error_at != before)


async def test_the_wrong_kind_of_tls_is_told() -> None:
    """TLS to a port that speaks none says which ports are usual."""
    async with mail_server() as server, desk() as people:
        mailbox = people.follows(server.port, tls="ssl")
        await people.is_at(mailbox, "reconnecting")
        assert "does not speak TLS as asked" in mailbox.state.error


async def test_a_file_of_certificates_that_is_none_is_told(tmp_path: Path) -> None:
    """Missing, or no certificates: the sentence names the setting."""
    (tmp_path / "empty.pem").write_text("hello")
    async with mail_server() as server, desk() as people:
        for name in ("empty.pem", "missing.pem"):
            mailbox = people.follows(server.port, tls="ssl", ca_file=str(tmp_path / name))
            await people.is_at(mailbox, "reconnecting")
            assert "check ca_file" in mailbox.state.error
