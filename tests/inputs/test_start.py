"""Starts that cannot succeed: each ends with a sentence that says where and what to do, a code, and no traceback."""

import asyncio
import os
import re
import socket
from email import message_from_bytes
from pathlib import Path

import aiohttp
import pytest

from channels.email.post import ACCEPTED, Envelope, Reply
from channels.email.smtp import SmtpLimits, SmtpListener, SmtpPost
from router.admin import check
from router.serving import start_service
from router.settings import load_settings
from tests.story import ADMIN, Process, free_port, patiently

GOOD_POLICY = Path(__file__).resolve().parent.parent.parent / "policies" / "defaults"


async def refused(*arguments: str, says: str, code: int = 1, **more: str) -> str:
    """Run a command that must end with a sentence."""
    process = await Process.ran(*arguments, **more)
    assert process.code == code, process.output + process.errors
    said = process.output + process.errors
    assert re.search(says, said), said
    assert "Traceback" not in said
    assert "Unclosed" not in said
    assert "never awaited" not in said
    return said


def serve(tmp_path: Path, *more: str) -> tuple[str, ...]:
    return ("serve", f"--data={tmp_path / 'data'}", f"--port={free_port()}", *more)


INSIDE = ("--sandbox", "--sandbox-port=0")


async def test_a_port_in_use(tmp_path: Path) -> None:
    """Somebody else listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        data = f"--data={tmp_path / 'data'}"
        await refused("serve", data, f"--port={port}", *INSIDE, says="port is in use.*--port")
        await refused(
            "serve", data, f"--port={free_port()}", "--sandbox", f"--sandbox-port={port}", says="port is in use"
        )
        await refused("sandbox", f"--port={port}", says="port is in use")


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """The folder lies below a file, or is one, or holds something else."""
    (tmp_path / "file").write_text("I am a file")
    await refused("serve", f"--data={tmp_path}/file/data", *INSIDE, "--port=0", says="cannot be written.*--data")
    await refused("serve", f"--data={tmp_path}/file", *INSIDE, "--port=0", says="cannot be written.*--data")
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "journal.db").write_text("this is no database, it is a letter" * 100)
    await refused("serve", f"--data={tmp_path}/odd", *INSIDE, "--port=0", says="journal.db.*cannot be opened")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("ONECASE_PROT", "8080", "ONECASE_PROT: there is no such setting"),
        ("ONECASE_TWILIO__AUTH_TOKN", "canary", "twilio.auth_tokn.*there is no such setting"),
        ("ONECASE_PORT", "eighty", "port.*valid integer"),
        ("ONECASE_PORT", "70000", "port.*65535"),
        ("ONECASE_LOG_LEVEL", "loud", "log_level"),
        ("ONECASE_DATABASE_URL", "postgresql://user:canary@db/onecase", "database_url.*not built"),
    ],
)
async def test_a_variable_that_is_no_setting(variable: str, value: str, says: str, tmp_path: Path) -> None:
    """What is misspelt or impossible is named; secrets in it are not repeated."""
    arguments = ("serve", f"--data={tmp_path / 'data'}", *INSIDE)
    said = await refused(*arguments, says=says, **{variable: value})
    assert "canary" not in said


async def test_an_address_where_a_folder_is_meant() -> None:
    """No folder is made that is named like a database, and the password in it is not repeated."""
    for command in ("serve", "check", "replay"):
        said = await refused(command, "--data=postgresql://user:canary@db/onecase", says="data: .*folder.*not built")
        assert "canary" not in said


async def test_check_finds_the_same_without_a_start(tmp_path: Path) -> None:
    """`onecase check` says what a start would say."""
    await refused("check", f"--data={tmp_path / 'data'}", says="ONECASE_PROT: there is no such", ONECASE_PROT="8080")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("port = 8080\nprot = 8081\n", "onecase.toml:2: prot: there is no such setting"),
        ('[twilio]\naccount_sid = "AC"\nauth_tokn = "canary"\n', "onecase.toml:3: twilio.auth_tokn: there is no"),
        ('port = "eighty"\n', "onecase.toml:1: port: .*integer.*eighty"),
        ("port = \n", "onecase.toml: is not TOML"),
        ('database_url = "postgresql://user:canary@db/onecase"\n', "database_url.*not built"),
    ],
)
async def test_a_line_of_the_file_that_is_no_setting(text: str, says: str, tmp_path: Path) -> None:
    """The file and the line are named."""
    (tmp_path / "onecase.toml").write_text(text)
    said = await refused(
        "serve", f"--config={tmp_path / 'onecase.toml'}", f"--data={tmp_path}/data", *INSIDE, says=says
    )
    assert "canary" not in said


async def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A settings file that was asked for and is missing is not passed over."""
    await refused("serve", f"--config={tmp_path}/none.toml", *INSIDE, says="there is no such file")


async def test_policies_that_cannot_be_used(tmp_path: Path) -> None:
    """The file, the line and what was found are named; nothing starts."""
    folder = tmp_path / "policies"
    folder.mkdir()
    for file in GOOD_POLICY.glob("*.yaml"):
        (folder / file.name).write_text(file.read_text())
    agents = folder / "agents.yaml"
    agents.write_text(agents.read_text().replace("offer: 30 s", "offre: 30 s"))
    line = next(n for n, text in enumerate(agents.read_text().splitlines(), 1) if text.startswith("offre"))
    says = rf"agents\.yaml:{line}:.*offre"
    await refused(*serve(tmp_path, *INSIDE), says=says, ONECASE_POLICIES=str(folder))
    await refused("policy", "check", str(folder), says=says)
    await refused(*serve(tmp_path, *INSIDE), says="nowhere", ONECASE_POLICIES=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--clock=fast", *INSIDE), "--clock is real or manual, not fast"),
        (("--clock=manual",), "--clock manual needs --sandbox"),
        (("--clock=manual", "--clock-start=noon", *INSIDE), "noon is no time"),
        (("--clock=manual", "--clock-start=2026-11-22T14:00:00", *INSIDE), "has no zone"),
        (("--sandbox", "--sandbox-url=http://127.0.0.1:1"), "not both"),
    ],
)
async def test_options_that_do_not_fit(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    """Options that contradict each other are refused with what to do instead."""
    await refused(*serve(tmp_path, *arguments), says=says)


MAIL_ALONE = {
    "ONECASE_MAIL__ADDRESS": "help@firm.example",
    "ONECASE_MAIL__SMTP_HOST": "127.0.0.1",
    "ONECASE_MAIL__SMTP_TLS": "none",
}


async def test_mail_alone_needs_no_telephone_provider(tmp_path: Path) -> None:
    """A mail comes in by SMTP and is answered; the start says what there is not. An address that the policy does not
    name is shown by its domain."""
    listens, out, port = free_port(), free_port(), free_port()
    went = asyncio.Queue[Envelope]()

    async def take(envelope: Envelope) -> Reply:
        went.put_nowait(envelope)
        return ACCEPTED

    server = await SmtpListener.start("127.0.0.1", out, take, SmtpLimits(), name="mx.firm.example")
    more = {"ONECASE_MAIL__LISTEN_PORT": str(listens), "ONECASE_MAIL__SMTP_PORT": str(out)}
    process = await Process.of("serve", f"--data={tmp_path / 'data'}", f"--port={port}", cwd=None, **MAIL_ALONE, **more)
    said = await process.says("telephone provider")
    assert "onecase ready" in said
    raw = b"From: mia@customer.example\r\nTo: help@firm.example\r\nSubject: cold\r\n\r\nThe flat is cold.\r\n"
    await SmtpPost("127.0.0.1", listens).deliver(
        Envelope("mia@customer.example", ("help@firm.example",), raw), timeout_s=20
    )
    told = await patiently(went.get())
    await server.close()
    assert await process.stops() == 0, process.errors
    mail = message_from_bytes(told.raw)
    assert str(mail["Subject"]).startswith("firm.example: your message ")
    assert mail.get_payload(decode=True).decode().rstrip().endswith("firm.example")  # pyright: ignore
    assert "Traceback" not in process.errors


async def test_chat_alone_needs_no_telephone_provider(tmp_path: Path) -> None:
    """With nothing set there is the desk, the API and the chat of a site."""
    port = free_port()
    given = {"ONECASE_BOOTSTRAP_TOKEN": ADMIN}
    process = await Process.of("serve", f"--data={tmp_path / 'data'}", f"--port={port}", cwd=None, **given)
    await process.says("telephone provider")
    site = {"name": "shop", "origins": ["https://shop.example"]}
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {ADMIN}"}) as http:
        async with http.post(f"http://127.0.0.1:{port}/api/v1/sites", json=site) as answer:
            assert answer.status == 201, await answer.text()
    assert await process.stops() == 0, process.errors
    assert "Traceback" not in process.errors


@pytest.mark.parametrize(
    ("more", "says", "code"),
    [
        ({}, "ok mail: no address is set", 0),
        ({}, "ok provider: none is set, so there are no calls", 0),
        (MAIL_ALONE, "ok mail: help@firm.example, in by the API, out by SMTP to 127.0.0.1:587", 0),
        (MAIL_ALONE, "warning mail: help@firm.example is not in numbers.yaml, so people read firm.example", 0),
        (MAIL_ALONE, "warning mail: neither listen_port nor", 0),
        (
            {**MAIL_ALONE, "ONECASE_MAIL__IMAP__HOST": "imap.firm.example"},
            r"in by IMAP of imap.firm.example:993 \(INBOX\) and the API",
            0,
        ),
        ({"ONECASE_MAIL__ADDRESS": "help@firm.example"}, "mail.smtp_host: is empty", 1),
        ({**MAIL_ALONE, "ONECASE_MAIL__SMTP_CA_FILE": "/nowhere.pem"}, "mail.smtp_ca_file: no certificates", 1),
    ],
)
async def test_check_says_what_is_set_of_mail(more: dict[str, str], says: str, code: int, tmp_path: Path) -> None:
    """Each way in and out by name, and what people will read as our name."""
    await refused("check", f"--data={tmp_path / 'data'}", says=says, code=code, **more)


async def test_an_option_that_does_not_exist(tmp_path: Path) -> None:
    """Told by the command line itself."""
    await refused(*serve(tmp_path, "--sandboxx"), says="No such option", code=2)


async def test_tokens_made_while_it_is_stopped_stand_in_the_audit(tmp_path: Path) -> None:
    """What was done with tokens in the folder itself is in the audit once, from the next start on."""
    data = f"--data={tmp_path / 'data'}"
    made = (await Process.ran("token", "create", "--role=ops", data)).output.strip()
    [kept] = (await Process.ran("token", "list", data)).output.split("\n")[:1]
    id = kept.split()[0]
    assert (await Process.ran("token", "revoke", id, data)).code == 0
    settings = load_settings(None, {}, data=tmp_path / "data", port=free_port(), host="127.0.0.1")
    secret: str | None = None
    for _ in "the first start", "the second":
        running = await start_service(settings)
        try:
            secret = running.bootstrap or secret  # the first start alone gives it
            headers = {"Authorization": f"Bearer {secret}"}
            async with aiohttp.request("GET", f"{running.url}/api/v1/audit", headers=headers) as answer:
                items = (await answer.json())["items"]
        finally:
            await running.close()
        told = [one["data"]["TokenNoted"] for one in items if one["action"] == "NoteToken"]
        assert [(one["what"], one["token"], one["role"]) for one in told] == [
            ("made", id, "ops"),
            ("revoked", id, "ops"),
        ]
        assert made not in str(items)


async def test_the_token_of_the_operator_is_no_setting(tmp_path: Path) -> None:
    """ONECASE_TOKEN, which `token` and `doctor` read, does not stop any command."""
    made = await Process.ran("token", "create", "--role=ops", f"--data={tmp_path / 'data'}", ONECASE_TOKEN="")
    assert (made.code, made.output.startswith("oct_")) == (0, True), made.errors
    said = await refused(
        "token", "list", "--url=http://127.0.0.1:1", says="does not answer", ONECASE_TOKEN="oct_something"
    )
    assert "ONECASE_TOKEN" not in said


def test_settings_do_not_show_secrets() -> None:
    """Printing the settings shows no secret."""
    settings = load_settings(
        None, {}, bootstrap_token="canary-1",
        twilio={"auth_token": "canary-2", "api_key_secret": "canary-3", "signing_key": "canary-4"},
    )  # fmt: skip
    assert "canary" not in repr(settings) + str(settings) + str(settings.model_dump())


async def test_a_data_folder_that_cannot_be_one_is_told_before_the_start(tmp_path: Path) -> None:
    """A file in its place, or above it, and a folder nobody may write: `check` says what to do, for `serve` would fail.
    One that is to be made where we may is well."""
    (tmp_path / "taken").write_text("a file")

    async def told(data: Path) -> str:
        [line] = [line for line in await check(load_settings(None, {}, data=data)) if "data:" in line]
        return line

    assert await told(tmp_path / "new" / "data") == f"ok data: {tmp_path / 'new' / 'data'} is new"
    for data in (tmp_path / "taken", tmp_path / "taken" / "data"):
        assert await told(data) == f"data: {tmp_path / 'taken'} is a file, and a folder is needed; give another one"
    (tmp_path / "closed").mkdir(mode=0o555)
    if os.geteuid() != 0:  # who may do everything may write there
        for data in (tmp_path / "closed", tmp_path / "closed" / "data"):
            assert (await told(data)).startswith(f"data: {tmp_path / 'closed'} cannot be written by this user")
