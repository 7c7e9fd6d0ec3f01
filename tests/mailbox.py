"""Somebody's mailbox in a story: they write to us and answer what we wrote, as mail clients do."""

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

from tests.story import Json, World

HELP = "help@support.example"
MIA, TOM = "mia@customer.example", "tom@customer.example"


@dataclass
class Mailbox:
    """`name` is how they sign."""

    story: World
    address: str
    name: str = ""

    async def writes(
        self,
        text: str,
        *,
        subject: str = "My heating",
        to: str = HELP,
        cc: str = "",
        html: str = "",
        headers: dict[str, str] | None = None,
        files: dict[str, bytes] | None = None,
        envelope_from: str | None = None,
    ) -> Json:
        """Write to us and wait until it came in; what the sandbox says of it."""
        message = EmailMessage()
        message["From"] = f"{self.name} <{self.address}>" if self.name else self.address
        message["To"] = to
        if cc:
            message["Cc"] = cc
        message["Subject"] = subject
        message.set_content(text)
        if html:
            message.add_alternative(html, subtype="html")
        for name, content in (files or {}).items():
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        given = {"Message-ID": await self._new_id(), **(headers or {})}
        for name, value in given.items():
            message[name] = value
        return await self.sends(message.as_bytes(), envelope_from=envelope_from)

    async def answers(self, mail: Json, text: str, **more: Any) -> Json:
        """Answer a mail of ours with the answer button: to its reply address, quoting it below."""
        headers = _folded(mail["headers"])
        id = headers["Message-ID"]
        quoted = "\n".join(f"> {line}" for line in mail["text"].splitlines())
        subject = mail["subject"] if mail["subject"].lower().startswith("re:") else f"Re: {mail['subject']}"
        thread = {"In-Reply-To": id, "References": f"{headers.get('References', '')} {id}".strip()}
        return await self.writes(
            f"{text}\n\nOn Mon, 23 Nov 2026 at 14:10, {mail['from']} wrote:\n{quoted}\n",
            headers={**thread, **more.pop("headers", {})},
            **{"subject": subject, "to": headers.get("Reply-To") or mail["from"], **more},
        )

    async def sends(self, raw: bytes, *, envelope_from: str | None = None) -> Json:
        """Bring a whole mail on its way, as it is."""
        query = "" if envelope_from is None else f"?from={quote(envelope_from)}"
        said = await self.story.brings_mail(raw, query)
        await self.story.settles()
        return said

    async def received(self) -> list[Json]:
        """What came, oldest first."""
        return (await self.story.provider("GET", f"/mail/{quote(self.address)}"))["items"]

    async def last(self) -> Json:
        return (await self.received())[-1]

    async def behaves(self, on_mail: str, **how: Any) -> None:
        await self.story.provider("PUT", f"/mail/{quote(self.address)}/behaviour", {"on_mail": on_mail, **how})

    async def case(self) -> str:
        """The newest case of whoever has this address."""
        [customer] = (await self.story.api("GET", f"/customers?q={quote(self.address)}"))["items"]
        return customer["cases"][0]

    async def _new_id(self) -> str:
        self.story.mails_written += 1
        return f"<{self.story.mails_written}.{self.address}>"


def _folded(headers: Any) -> dict[str, str]:
    return {name: value.replace("\n", " ") for name, value in headers.items()}
