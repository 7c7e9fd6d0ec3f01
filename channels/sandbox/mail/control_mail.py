"""The control API's part about mail: a mail from a mailbox, what is in a mailbox, how it behaves.

Its one rule: a mail is never refused for its form. Where its headers do not say from whom and to whom, it comes from a
stranger and goes to the service.
"""

import json
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError

from channels.email.post import Envelope, is_address
from channels.sandbox.mail.mailboxes import Mail, MailBehaviour, Mailbox, Mailboxes, Sent
from channels.sandbox.mail.reading import Letter, letter_of, without_bcc
from channels.sandbox.mail.to_service import NO_SERVER, MailToService
from channels.sandbox.problems import Problem, bad_field, problem_of
from channels.sandbox.times import rfc3339
from channels.wire import WireRequest, WireResponse

MAIL_ADDRESS = "help@support.example"
STRANGER = "stranger@customer.example"
MAIL_BYTES_MAX = 50 * 1024 * 1024
RECIPIENTS_MAX = 1_000


class MailControl:
    """`address` is where mail without a recipient goes."""

    def __init__(self, boxes: Mailboxes, out: MailToService, *, address: str) -> None:
        self._boxes = boxes
        self._out = out
        self.address = address

    async def answer(self, request: WireRequest, rest: list[str]) -> WireResponse:
        """Answer for `/mail/…`, `rest` being what follows. Raise `Problem`."""
        match request.method, rest:
            case "POST", []:
                return await self._send(request)
            case "GET", [address]:
                return self._show(_address(address), request)
            case "PUT", [address, "behaviour"]:
                return self._behave(_address(address), request)
            case _:
                raise Problem(404, f"There is nothing at {request.method} {urlsplit(request.url).path} in the sandbox.")

    async def _send(self, request: WireRequest) -> WireResponse:
        if self._out.post is None:
            raise Problem(409, f"There is nowhere to bring the mail: {NO_SERVER}.")
        if not request.body.strip():
            raise Problem(422, "The body is empty; expected a mail (RFC 5322): headers, an empty line, words.")
        if len(request.body) > MAIL_BYTES_MAX:
            raise Problem(413, f"A mail may have {MAIL_BYTES_MAX} bytes.")
        query = _query(request, {"from", "to"})
        letter = letter_of(request.body)
        sender = _given(query, "from", letter)
        if "to" in query:
            named = [one.strip() for value in query["to"] for one in value.split(",")]
            there, here = tuple(_checked("to", one) for one in named), ()
        else:
            there, here = self._routed(letter)
        raw = without_bcc(request.body)
        for recipient in here:
            self._out.put(recipient, Envelope(sender, (recipient,), raw))
        sent = await self._out.send(Envelope(sender, there, raw))
        shape = {"message_id": letter.message_id or None, "accepted": sent.state == "accepted", "reply": sent.reply}
        return _json({**shape, "from": sender, "to": list(there)}, status=201)

    def _routed(self, letter: Letter) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Who gets it from the service's server, and who here: strangers to the service's domain, if it is named."""
        named = tuple(one for one in letter.addresses("To", "Cc", "Bcc") if is_address(one))[:RECIPIENTS_MAX]
        ours = tuple(one for one in named if self._out.is_ours(one))
        if not ours:
            return named or (self.address,), ()
        return ours, tuple(one for one in named if one not in ours)

    def _show(self, address: str, request: WireRequest) -> WireResponse:
        query = _query(request, {"after"})
        after = query["after"][0] if "after" in query else "0"
        if not (after.isascii() and after.isdigit() and len(after) <= 15):
            raise bad_field("after", expected="the seq of a mail", got=after)
        mailbox = self._boxes.seen(address)
        return _json(
            {
                "address": address,
                "items": [_mail(one) for one in mailbox.mails if one.seq > int(after)],
                "sent": [_sent(one) for one in mailbox.sent],
                "behaviour": _behaviour(mailbox),
            }
        )

    def _behave(self, address: str, request: WireRequest) -> WireResponse:
        try:
            behaviour = MailBehaviour.model_validate_json(request.body)
        except ValidationError as error:
            raise problem_of(error) from error
        mailbox = self._boxes.used(address)
        mailbox.behaviour = behaviour
        return _json(_behaviour(mailbox))


def _given(query: dict[str, list[str]], name: str, letter: Letter) -> str:
    """The envelope's sender: as asked for (an empty one is the null path), else by Return-Path, else by From."""
    if name in query:
        return "" if query[name][0] in ("", "<>") else _checked(name, query[name][0])
    if letter.header("Return-Path").strip() == "<>":
        return ""
    named = [*letter.addresses("Return-Path"), *letter.addresses("From"), *letter.addresses("Sender")]
    return next((one for one in named if is_address(one)), STRANGER)


def _query(request: WireRequest, allowed: set[str]) -> dict[str, list[str]]:
    query = parse_qs(urlsplit(request.url).query, keep_blank_values=True)
    if unknown := query.keys() - allowed:
        raise bad_field(min(unknown), expected=f"only {' and '.join(sorted(allowed))}", got=query[min(unknown)][0])
    return query


def _checked(name: str, text: str) -> str:
    if "@" not in text or not is_address(text):
        raise bad_field(name, expected="an address like mia@customer.example", got=text)
    return text


def _address(text: str) -> str:
    return _checked("address", text).lower()


def _behaviour(mailbox: Mailbox) -> dict[str, object]:
    return mailbox.behaviour.model_dump()


def _mail(one: Mail) -> dict[str, object]:
    letter = one.letter
    return {
        "seq": one.seq,
        "at": rfc3339(one.at),
        "folder": one.folder,
        "return_path": one.return_path,
        **_letter(letter),
        "headers": letter.by_name(),
        "attachments": [
            {"name": part.name, "type": part.content_type, "size_bytes": part.size_bytes} for part in letter.attachments
        ],
        "raw": one.raw.decode("utf-8", "replace"),
    }


def _sent(one: Sent) -> dict[str, object]:
    envelope = {"at": rfc3339(one.at), "recipients": list(one.to), "state": one.state, "reply": one.reply}
    return {**envelope, **_letter(one.letter)}


def _letter(letter: Letter) -> dict[str, object]:
    """Addresses as they are written, several of them with commas between."""
    return {
        "message_id": letter.message_id or None,
        "from": ", ".join(letter.addresses("From")),
        "to": ", ".join(letter.addresses("To")),
        "cc": ", ".join(letter.addresses("Cc")),
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
    }


def _json(shape: object, *, status: int = 200) -> WireResponse:
    return WireResponse(status, json.dumps(shape, ensure_ascii=False).encode(), "application/json")
