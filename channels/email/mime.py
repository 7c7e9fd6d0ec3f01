"""A mail cut into its parts (RFC 2046), as places in its bytes.

One rule: the time it takes is bounded by named limits. The standard library's parser looks at each line once for each
level around it, in Python, and runs out of stack on deep mails; here the borders between parts are searched for in
the bytes, and only their header fields are read. Contents are not decoded here.
"""

from dataclasses import dataclass

from channels.email.headers import Headers, headers_of
from channels.email.limits import Limits

__all__ = ["CUT", "Cut", "Entity", "cut_mail", "tidy"]

BOUNDARY_MAX = 200
CUT = ""
"""The kind of a part that was not looked into, for a limit was met: it is within the rest."""
AFTER_BORDER_MAX = 200
HEAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Entity:
    """One part, or the mail itself: where its header (`start`), its body and its end are. Leaves have no children."""

    headers: Headers
    kind: str
    start: int
    body: int
    end: int
    children: tuple["Entity", ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """The tree. `rest_at` is where looking stopped, when a limit was met; `why` says which."""

    root: Entity
    rest_at: int | None = None
    why: str = ""


def tidy(raw: bytes) -> bytes:
    """A mail with line ends that can be found: some arrive with carriage returns alone, or with an empty first line."""
    head = raw[:HEAD_BYTES]
    if b"\r" in head and b"\n" not in head:
        raw = raw.replace(b"\r", b"\n")
    return raw.lstrip(b"\r\n") if raw[:1] in (b"\r", b"\n") else raw


def cut_mail(raw: bytes, limits: Limits) -> Cut:
    """The tree of a tidy mail."""
    cutter = _Cutter(raw, limits)
    root = cutter.entity(0, min(len(raw), limits.bytes), depth=0, default="text/plain")
    if len(raw) > limits.bytes:
        cutter.stop(limits.bytes, f"cut after {limits.bytes:,} bytes")
    return Cut(root, cutter.rest_at, cutter.why)


class _Cutter:
    def __init__(self, raw: bytes, limits: Limits) -> None:
        self.rest_at: int | None = None
        self.why = ""
        self._raw = raw
        self._limits = limits
        self._leaves = 0
        self._work_bytes = max(limits.searches * min(len(raw), limits.bytes), limits.searched_bytes_min)
        self._work_borders = limits.work_borders

    def stop(self, at: int, why: str) -> None:
        """From `at` on nothing is looked into; the first stop is the one that counts."""
        if self.rest_at is None or at < self.rest_at:
            self.rest_at, self.why = at, why

    def entity(self, start: int, end: int, *, depth: int, default: str) -> Entity:
        headers, body = headers_of(self._raw, start, end, self._limits)
        kind = headers.kind(default)
        if kind.startswith("multipart/"):
            boundary = headers.parameter("boundary")[:BOUNDARY_MAX].encode("utf-8", "replace")
            if depth >= self._limits.nesting:
                self.stop(start, f"cut after {self._limits.nesting} levels")
            elif boundary:
                children = self._children(boundary, body, end, depth=depth, inside=kind)
                if children:
                    return Entity(headers, kind, start, body, end, children)
            kind = CUT if self.rest_at is not None else "text/plain"  # it says to have parts and has none
        self._leaves += 1
        return Entity(headers, kind, start, body, end)

    def _children(self, boundary: bytes, start: int, end: int, *, depth: int, inside: str) -> tuple[Entity, ...]:
        default = "message/rfc822" if inside == "multipart/digest" else "text/plain"
        found: list[Entity] = []
        for place, stop in self._between(boundary, start, end):
            if self.rest_at is not None:
                break
            if self._leaves >= self._limits.parts:
                self.stop(place, f"cut after {self._limits.parts} parts")
                break
            found.append(self.entity(place, stop, depth=depth + 1, default=default))
        return tuple(found)

    def _between(self, boundary: bytes, start: int, end: int) -> list[tuple[int, int]]:
        """Where the parts between the borders begin and end. A border that is missing at the end is the end."""
        raw, mark = self._raw, b"--" + boundary
        self._work_bytes -= end - start
        if self._work_bytes < 0:
            self.stop(start, "cut: too much work")
            return []
        places: list[tuple[int, int]] = []
        opened: int | None = None
        at = start if raw.startswith(mark, start, end) else self._next(mark, start, end)
        while at >= 0:
            self._work_borders -= 1
            if self._work_borders < 0:
                self.stop(opened if opened is not None else start, "cut: too much work")
                return places
            after, is_last = self._after(at + len(mark), end)
            if after is not None:
                if opened is not None:
                    places.append((opened, max(opened, self._line_end_before(at))))
                opened = after
                if is_last:
                    return places
            at = self._next(mark, at + len(mark), end)
        if opened is not None:
            places.append((opened, end))
        return places

    def _next(self, mark: bytes, start: int, end: int) -> int:
        at = self._raw.find(b"\n" + mark, max(0, start - 1), end)
        return at + 1 if at >= 0 else -1

    def _after(self, at: int, end: int) -> tuple[int | None, bool]:
        """Where the part after a border begins, None when it is no border; and whether it is the closing one."""
        stop = self._raw.find(b"\n", at, min(end, at + AFTER_BORDER_MAX))
        if stop < 0:
            stop = end
        line = self._raw[at : min(stop, at + AFTER_BORDER_MAX)].strip()
        if line not in (b"", b"--"):
            return None, False
        return min(stop + 1, end), line == b"--"

    def _line_end_before(self, at: int) -> int:
        """The line end before a border belongs to the border."""
        at -= 1
        return at - 1 if self._raw[at - 1 : at] == b"\r" else at
