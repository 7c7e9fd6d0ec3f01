"""Files that visitors of a chat have uploaded and may still send.

Its one rule: until its time is over or it was sent, a file is here by a record of its own, over restarts too; it goes
with whoever uploaded it, and with its time.
"""

from router.core.addresses import matching_key
from router.core.clock import Clock, Ms
from router.core.values import value
from router.core.words import HOUR_MS
from router.journal import codec
from router.journal.base import Blob, Journal
from router.journal.held import UPLOAD

SLACK_MS = HOUR_MS
"""What is sent in the last instant is still here when it is taken."""


@value
class Upload:
    raw: str  # the hash of the file
    whose: tuple[str, ...]
    until: Ms
    owner: str = ""  # they were erased


class Uploads:
    def __init__(self, *, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    async def came(self, file: Blob, *, address: str, name: str, until: Ms) -> None:
        """Keep what `address` uploaded, which is called `name` here, until it is sent or its time is over."""
        await self._journal.put_blob(file)
        upload = Upload(raw=file.hash, whose=(matching_key(address),), until=Ms(until + SLACK_MS))
        await self._journal.put_record(UPLOAD, _id(file.hash, name), codec.encode(upload).decode())

    async def has(self, hash: str, *, name: str) -> bool:
        """Whether a file is here to be sent, perhaps once more."""
        body = await self._journal.record(UPLOAD, _id(hash, name))
        if body is not None:
            return not codec.decode(body, Upload).owner
        return await self._journal.blob(hash) is not None

    async def sent(self, hash: str, *, name: str) -> None:
        """A message that is durable names it from here on."""
        if await self._journal.record(UPLOAD, _id(hash, name)) is not None:
            await self._journal.put_record(UPLOAD, _id(hash, name), None)

    async def forget(self) -> int:
        """Let go of those whose time is over. Returns how many; their files are nobody's now."""
        now = self._clock.now()
        over = [id for id, body in (await self._journal.records(UPLOAD)).items() if _is_over(body, now)]
        for id in over:
            await self._journal.put_record(UPLOAD, id, None)
        return len(over)


def _is_over(body: str, now: Ms) -> bool:
    upload = codec.decode(body, Upload)
    return upload.until <= now and not upload.owner


def _id(hash: str, name: str) -> str:
    return f"{name}/{hash}"
