"""Policy texts from disk: the one module of this package that reads files. It reads; it judges only what is no text."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from policies.problems import PolicyProblems, Problem
from policies.tree import FILE_BYTES_MAX

SUFFIX: Final = ".yaml"


def default_policy_files() -> dict[str, str]:
    """The policies that the product comes with, by file name."""
    return _texts(files("policies") / "defaults")


def load_folder_texts(folder: Path) -> dict[str, str]:
    """The texts of all *.yaml files of `folder`, by name, sorted.

    Raises `PolicyProblems` for a file that is too long or not UTF-8, and OSError where the folder cannot be read.
    """
    return _texts(folder)


def _texts(folder: Path | Traversable) -> dict[str, str]:
    found = sorted((file for file in folder.iterdir() if file.name.endswith(SUFFIX)), key=lambda file: file.name)
    return {file.name: text_of_file(file) for file in found if file.is_file()}


def text_of_file(file: Path | Traversable) -> str:
    """The text of one file. Raises `PolicyProblems` where it is too long or not UTF-8, and OSError."""
    with file.open("rb") as stream:
        raw = stream.read(FILE_BYTES_MAX + 1)
    if len(raw) > FILE_BYTES_MAX:
        raise PolicyProblems([Problem(file.name, 1, 1, "a longer file", f"at most {FILE_BYTES_MAX} bytes")])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PolicyProblems([Problem(file.name, line, 1, "bytes that are not UTF-8", "text in UTF-8")]) from None
