"""The addresses in From, To, Cc and Reply-To fields.

One rule: the address is what stands there in plain letters. Encoded words are read for the name alone, after the
address was found, so that nothing that merely looks like an address becomes one. One pass, no recursion.
"""

from channels.email.addresses import bare_address
from channels.email.charsets import one_line
from channels.email.headers import decoded_words
from channels.email.letter import Mailbox

__all__ = ["mailboxes"]

MAILBOXES_MAX = 500
NAME_MAX = 200


def mailboxes(value: str) -> tuple[Mailbox, ...]:
    """Every mailbox of an address list, groups opened. Of several `<…>` in one the last is the address."""
    reader = _Reader()
    for letter in value:
        reader.take(letter)
        if len(reader.found) >= MAILBOXES_MAX:
            break
    reader.end()
    return tuple(reader.found)


class _Reader:
    """RFC 5322 section 3.4, one character at a time."""

    def __init__(self) -> None:
        self.found: list[Mailbox] = []
        self._reset()

    def _reset(self) -> None:
        self._name: list[str] = []
        self._comment: list[str] = []
        self._angle: list[str] | None = None
        self._angles: list[str] = []
        self._depth = 0
        self._is_quoted = self._is_escaped = self._had_quote = False

    def take(self, letter: str) -> None:
        into = self._comment if self._depth else self._name if self._angle is None else self._angle
        if self._is_escaped:
            into.append(letter)
            self._is_escaped = False
        elif letter == "\\":
            self._is_escaped = True
        elif self._is_quoted or letter == '"':
            self._quote(letter, into)
        elif letter == "(" or self._depth:
            self._comment_letter(letter)
        elif self._angle is not None:
            self._angle_letter(letter)
        elif letter == "<":
            self._angle = []
        elif letter in ",;":
            self.end()
        elif letter == ":":
            self._name.clear()  # the name of a group
        else:
            self._name.append(letter)

    def _quote(self, letter: str, into: list[str]) -> None:
        if letter == '"':
            self._is_quoted = not self._is_quoted
            self._had_quote = True
        else:
            into.append(letter)

    def _comment_letter(self, letter: str) -> None:
        self._depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter not in "()":
            self._comment.append(letter)

    def _angle_letter(self, letter: str) -> None:
        assert self._angle is not None
        if letter == ">":
            if self._angles:
                self._name += f"<{self._angles[-1]}>"  # shown, never taken for the address
            self._angles.append("".join(self._angle))
            self._angle = None
        else:
            self._angle.append(letter)

    def end(self) -> None:
        """The mailbox is complete: keep it, and begin anew."""
        if self._angle:
            self._angles.append("".join(self._angle))  # a bracket that was never closed
        name = "".join(self._name).strip()
        if self._angles:
            self._keep(name or "".join(self._comment), bare_address(self._angles[-1]))
        elif name:
            address = "" if self._had_quote else bare_address(name)
            self._keep("".join(self._comment) if address else name, address)
        self._reset()

    def _keep(self, name: str, address: str) -> None:
        self.found.append(Mailbox(name=one_line(decoded_words(name[:1000]), chars=NAME_MAX), address=address))
