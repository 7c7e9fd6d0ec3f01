"""Files that came along: fetched from the provider when somebody asks, handed on as downloads, never shown in place.

A file at an address that is not the provider's is not fetched at all, by nobody and with nothing.
"""

from urllib.parse import quote

from channels.base import Channel
from channels.email.attachments import ending_of, plain_name
from channels.wire import WireResponse, WireTooLarge
from router.core.files import StoredFile
from router.http.auth import ANYBODY
from router.http.problems import Problem
from router.http.routes import Call, Replied, Route
from router.http.service import Service

PREFIX = "med_"
TRIES = 2
GONE = (404, 410)
SAFE_TYPES = frozenset(
    {
        "application/pdf",
        "message/rfc822",
        "audio/aac",
        "audio/amr",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/plain",
        "text/vcard",
        "video/3gpp",
        "video/mp4",
    }
)
"""What a browser may be told a file is; everything else is a row of bytes."""


class MediaApi:
    def __init__(self, service: Service) -> None:
        self._journal = service.node.journal
        self._channels = service.node.channels

    def routes(self) -> list[Route]:
        path = "/api/v1/media/{id}"
        return [Route("GET", path, "A file that came along", ANYBODY, self.get, None, tag="cases")]

    async def get(self, call: Call) -> Replied:
        id = call.path["id"]
        kept = (await self._journal.words([id])).get(id) if id.startswith(PREFIX) else None
        if kept is None:
            raise Problem(404, "Not found", "There is no such file, or it is not yours to see.", kind="not_found")
        if (file := StoredFile.of(kept)) is not None:
            return Replied(200, file=await self._stored(file, id))
        url = kept.partition(" ")[2]
        for channel in self._channels:
            if (found := await _fetched(channel, url)) is not None:
                return Replied(200, file=_download(found, id))
        raise Problem(409, "Not fetched", "This file was not fetched: its address is not the provider's host.")

    async def _stored(self, file: StoredFile, id: str) -> WireResponse:
        body = await self._journal.blob(file.hash)
        if body is None:
            raise Problem(404, "Not found", "This file was erased.")
        return _download(WireResponse(200, body, file.content_type), id, name=file.name)


async def _fetched(channel: Channel, url: str) -> WireResponse | None:
    """The provider's good answer; None where the address is not this provider's."""
    status = 0
    for _ in range(TRIES):
        try:
            answer = await channel.fetch_media(url)
        except WireTooLarge:
            raise Problem(409, "Too large", "This file is larger than what is fetched; look at the provider.") from None
        except ConnectionError:
            continue
        if answer is None or answer.status == 200:
            return answer
        status = answer.status
    if status in GONE:
        raise Problem(404, "Missing at the provider", "The provider does not have this file any more.")
    raise Problem(503, "Provider away", "The provider did not hand the file over.", headers={"Retry-After": "30"})


def _download(answer: WireResponse, id: str, *, name: str = "") -> WireResponse:
    told = answer.content_type.partition(";")[0].strip().lower()
    kind = told if told in SAFE_TYPES else "application/octet-stream"
    headers = {
        "Content-Disposition": _disposition(name or f"{id}.{ending_of(kind)}", kind),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return WireResponse(200, answer.body, kind, headers)


def _disposition(name: str, kind: str) -> str:
    """A download under its name (RFC 6266), and for programs that read no `filename*` under what ASCII has of it."""
    plain = plain_name(name, kind)
    return f'attachment; filename="{plain}"' + ("" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}")
