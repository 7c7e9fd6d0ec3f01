"""Files that stand whole in the journal, and what the vault tells of each: type, hash of the content, size, name.

Its one rule: both directions of that row are here. Files that stand at a provider are told of by their address instead.
"""

from router.core.commands import File
from router.core.context import Making
from router.core.values import value
from router.core.words import VaultId


@value
class StoredFile:
    content_type: str
    hash: str  # SHA-256, hexadecimal
    size_bytes: int
    name: str

    @classmethod
    def of(cls, body: str) -> "StoredFile | None":
        """What a row of the vault tells of a file; None for one that stands at a provider."""
        content_type, _, rest = body.partition(" ")
        if not rest.startswith("blob:"):
            return None
        hash, size, name = rest.removeprefix("blob:").split(" ", 2)
        return cls(content_type=content_type, hash=hash, size_bytes=int(size), name=name)


def hash_in(body: str) -> str:
    """The hash of the file that a row of the vault names; empty where it names none."""
    return body.partition(" blob:")[2][:64]


def keep_file(making: Making, file: File, *, owner: str) -> VaultId:
    """Keep a file, once under the hash of its content, and return where it stands in the vault."""
    if file.content is not None:
        making.store(file.hash, file.content)
    return making.keep(f"{file.content_type} blob:{file.hash} {file.size_bytes} {file.name}", kind="media", owner=owner)
