"""Mail goes out to a server that wants TLS and a name, as a provider's does: it arrives, and no password goes elsewhere."""

import asyncio
import shutil
import ssl
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from channels.email.post import Envelope, PostFailure
from channels.email.smtp import SmtpPost
from router.serving_mail import mail_of
from router.settings import MailSection, SettingsProblem

HOST, USER, PASSWORD = "127.0.0.1", "help@support.example", "a door of oak"
MAIL = Envelope("help@support.example", ("mia@customer.example",), b"Subject: hello\r\n\r\nWe come at five.\r\n")
Tls = Literal["starttls", "tls"]

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate with openssl")


@dataclass
class Provider:
    """A mail server that takes mail over TLS from whoever says the password, and notes what it heard and how."""

    trust: ssl.SSLContext
    tls: Tls
    port: int = 0
    is_secret: bool = False  # TLS is spoken now
    mails: list[bytes] = field(default_factory=list[bytes])
    words: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])  # verbs, and whether over TLS

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.is_secret = self.tls == "tls"
        is_known = False
        writer.write(b"220 mx.support.example ESMTP\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line.upper().split(" ")[0]
            self.words.append((verb, self.is_secret))
            match verb:
                case "EHLO":
                    more = b"250-AUTH PLAIN LOGIN\r\n" if self.is_secret else b"250-STARTTLS\r\n"
                    writer.write(b"250-mx.support.example\r\n" + more + b"250 8BITMIME\r\n")
                case "STARTTLS":
                    writer.write(b"220 go on\r\n")
                    await writer.drain()
                    await writer.start_tls(self.trust)
                    self.is_secret = True
                case "AUTH":
                    given = line.split(" ")[2] if line.upper().startswith("AUTH PLAIN ") else ""
                    is_known = given != "" and b64decode(given).split(b"\0")[1:] == [USER.encode(), PASSWORD.encode()]
                    writer.write(b"235 welcome\r\n" if is_known else b"535 5.7.8 who are you?\r\n")
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    self.mails.append(await reader.readuntil(b"\r\n.\r\n"))
                    writer.write(b"250 taken\r\n")
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    writer.write(b"250 ok\r\n" if is_known else b"530 5.7.0 say who you are\r\n")
            await writer.drain()
        writer.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate that nobody on this machine vouches for, and its key."""
    folder: Path = tmp_path_factory.mktemp("authority")
    cert, key = str(folder / "cert.pem"), str(folder / "key.pem")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2"]
    made += ["-subj", "/CN=mail", "-addext", f"subjectAltName=IP:{HOST}"]
    subprocess.run(made, check=True, capture_output=True)
    return cert, key


@asynccontextmanager
async def provider(authority: tuple[str, str], tls: Tls) -> AsyncIterator[Provider]:
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(*authority)
    made = Provider(trust, tls)
    server = await asyncio.start_server(made.serve, HOST, 0, ssl=trust if tls == "tls" else None)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


def post(to: Provider, authority: tuple[str, str] | None, *, password: str = PASSWORD) -> SmtpPost:
    trust = ssl.create_default_context(cafile=authority[0]) if authority else None
    return SmtpPost(HOST, to.port, tls=to.tls, username=USER, password=password, tls_context=trust)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_mail_goes_out_over_tls_under_our_name(authority: tuple[str, str], tls: Tls):
    """The password is said over TLS alone, and the mail arrives whole."""
    async with provider(authority, tls) as there:
        assert await post(there, authority).deliver(MAIL, timeout_s=20) == ()
    [mail] = there.mails
    assert b"We come at five." in mail
    spoken = dict(reversed(there.words))
    assert (spoken["AUTH"], spoken["MAIL"], spoken["DATA"]) == (True, True, True)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_server_nobody_vouches_for_gets_neither_password_nor_mail(authority: tuple[str, str], tls: Tls):
    """Without its authority (`smtp_ca_file`) its certificate is worth nothing; the mail waits."""
    async with provider(authority, tls) as there:
        with pytest.raises(PostFailure) as caught:
            await post(there, None).deliver(MAIL, timeout_s=20)
    assert not caught.value.may_have_arrived
    assert there.mails == []
    assert "AUTH" not in dict(there.words)


async def test_a_wrong_password_is_no_verdict_on_the_mail(authority: tuple[str, str]):
    """It waits until the setting is mended, and the password stands in no message."""
    async with provider(authority, "starttls") as there:
        with pytest.raises(PostFailure) as caught:
            await post(there, authority, password="a door of glass").deliver(MAIL, timeout_s=20)
    assert not caught.value.may_have_arrived
    assert there.mails == []
    assert "glass" not in str(caught.value)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_the_settings_name_the_authority(authority: tuple[str, str], tls: Tls):
    """`mail.smtp_ca_file` is what is trusted; one that cannot be read stops the start."""
    async with provider(authority, tls) as there:
        section = MailSection(
            address="help@support.example",
            smtp_host=HOST,
            smtp_port=there.port,
            smtp_tls=tls,
            smtp_username=USER,
            smtp_password=PASSWORD,  # pyright: ignore[reportArgumentType]
            smtp_ca_file=authority[0],
        )
        mail = mail_of(section, b"secret")
        assert mail is not None
        await mail.channel._post.deliver(MAIL, timeout_s=20)  # pyright: ignore[reportPrivateUsage]
        await mail.reader.close()
    assert len(there.mails) == 1
    with pytest.raises(SettingsProblem, match="smtp_ca_file"):
        mail_of(section.model_copy(update={"smtp_ca_file": "/nowhere.pem"}), b"secret")
