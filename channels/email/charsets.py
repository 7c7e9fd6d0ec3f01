"""Bytes of any charset, declared, undeclared or wrongly declared, as clean text.

One rule: it never fails; what cannot be read becomes U+FFFD, and a note says so. Only charsets that the standard
library knows by name are looked up, so that invented names leave nothing behind in its caches.
"""

import re
from encodings.aliases import aliases

__all__ = ["REPLACED", "clean", "decoded", "one_line"]

REPLACED = "\ufffd"
NO_TEXT = frozenset(["punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem", "rot_13"])
NO_TEXT_SUFFIX = "_codec"
WIDER = {
    "ascii": "utf_8",
    "latin_1": "cp1252",
    "iso8859_1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "ks_c_5601_1987": "cp949",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "tis_620": "cp874",
    "windows_874": "cp874",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "unicode_1_1_utf_8": "utf_8",
    "unicode_1_1_utf_7": "utf_7",
    "utf_8_mac": "utf_8",
    "iso_2022_jp": "iso2022_jp_ext",
    "x_sjis": "cp932",
    "x_gbk": "gb18030",
    "x_unknown": "",
    "unknown_8bit": "",
    "8bit": "",
    "default": "",
    "none": "",
}
"""What mail programs mean by a name: the superset they write, or nothing at all."""
NAME_MAX = 40
_PLAIN = re.compile(r"[^a-z0-9]+")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")
_ASCII_CONTROL = bytes([*range(9), 11, *range(14, 32), 127])
_KNOWN = frozenset(aliases) | frozenset(aliases.values())


def decoded(raw: bytes, charset: str) -> tuple[str, str]:
    """The text of `raw`, and a note: empty where all went as declared."""
    codec = _codec(charset)
    if codec == "utf_8" or not codec:
        return _undeclared(raw, charset, is_known=codec is not None)
    try:
        return clean(raw.decode(codec)), ""
    except (UnicodeError, ValueError):
        return clean(raw.decode(codec, "replace")), f"not all of the text is {charset}, characters replaced"


def clean(text: str) -> str:
    """Unix line ends; form feeds are line ends, other control characters are gone, lone surrogates are replaced."""
    if "\r" in text or "\x0c" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n")
    if text.isascii():
        plain = text.encode("ascii").translate(None, _ASCII_CONTROL)
        return text if len(plain) == len(text) else plain.decode("ascii")
    return _CONTROL.sub(lambda found: REPLACED if found[0] >= "\ud800" else "", text)


def one_line(text: str, *, chars: int) -> str:
    """The words of `text` with single blanks between them, cut to `chars`."""
    return " ".join(clean(text[: 4 * chars]).split())[:chars]


def _codec(charset: str) -> str | None:
    """The codec to read with; empty to guess, None when nobody knows the name."""
    name = _PLAIN.sub("_", charset[:NAME_MAX].strip().lower()).strip("_")
    if not name or name in WIDER:
        return WIDER.get(name, "")
    if name not in _KNOWN:
        name = name.removeprefix("x_").removeprefix("cs")
    if name not in _KNOWN:
        return None
    codec = aliases.get(name, name)
    if codec in NO_TEXT or codec.endswith(NO_TEXT_SUFFIX):
        return None
    return WIDER.get(codec, codec)


def _undeclared(raw: bytes, charset: str, *, is_known: bool) -> tuple[str, str]:
    """UTF-8 where it is, else Windows' western letters, which is what undeclared mail mostly has."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
        said = f"charset {one_line(charset, chars=NAME_MAX)}" if charset else "no charset declared"
        return clean(text), f"{said}{' unknown' if not is_known else ''}, characters replaced"
    return clean(text), "" if is_known or raw.isascii() else f"charset {charset[:NAME_MAX]} unknown, read as UTF-8"
