"""The bytes of one mail as they come after DATA (RFC 5321 sections 4.1.1.4 and 4.5.2), without sockets.

Its one rule: a mail costs memory for its bytes, never for its lines, and nothing is kept of one that is too large. Only
CRLF ends a line: a lone CR or LF is a byte like any other, so nobody can hide an end of a mail and a second one behind.
"""

LINE_END = b"\r\n"
DOTTED = b"\r\n."
END = b"\r\n.\r\n"
KNOWN = 2  # bytes before those that are looked at: the line end that a dot may stand behind
PIECE_BYTES = 128 * 1024
"""A mail is kept in pieces of about this size: nothing of it is copied often, and no large copy is made at once."""
HELD = 2  # bytes that may belong to the end: its dot and its CR


class MailData:
    """Collects one mail of at most `bytes_max`, without the dots that SMTP puts before dots. Linear in its bytes."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._pieces = list[bytes]()
        self._mail = bytearray()  # the last of them, while it grows
        self._size = 0
        self._last = LINE_END  # that of the DATA command, for the end of a mail may come at once
        self.is_too_large = False

    def feed(self, some: bytes) -> bytes | None:
        """Take the next bytes. Once the mail is whole: what came behind it, which may be nothing; None before."""
        window = self._last + some
        end = window.find(END)
        until = end + len(LINE_END) if end >= 0 else max(KNOWN, len(window) - HELD)
        if not self.is_too_large:
            self._keep(window[:until].replace(DOTTED, LINE_END)[KNOWN:])
        if self._size > self._bytes_max:
            self.is_too_large = True
            self._pieces, self._mail, self._size = [], bytearray(), 0
        self._last = window[until - KNOWN :]
        return window[end + len(END) :] if end >= 0 else None

    def take(self) -> list[bytes]:
        """The mail in pieces, which whoever has a thread for it puts together; it is kept here no longer."""
        pieces = [*self._pieces, bytes(self._mail)]
        self._pieces, self._mail = [], bytearray()
        return pieces

    def _keep(self, some: bytes) -> None:
        self._mail += some
        self._size += len(some)
        if len(self._mail) >= PIECE_BYTES:
            self._pieces.append(bytes(self._mail))
            self._mail = bytearray()
