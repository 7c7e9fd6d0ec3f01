"""What git carries: no machine's paths, no registry's host, no secrets, nothing that tools left behind."""

import re
from pathlib import Path

import pytest
from house import CODE, ROOT, modules, shown, text_of, tracked

from router.journal.faultpoints import FAULT_POINTS

TEXTS = [p for p in tracked() if p.suffix not in (".png", ".ico", ".woff2")]
FOUND_NOWHERE = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:home|Users|root|work)/\w"),
    "a registry's host": re.compile(
        r"pypi\.org|pythonhosted\.org|registry\.npmjs|npmjs\.org|proxy\.golang|--index-url|--extra-index|find-links"
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a conflict": re.compile(r"^(?:<{7} |>{7} )", re.MULTILINE),
}
FILE_BYTES_MAX = 600_000


@pytest.mark.parametrize("what", FOUND_NOWHERE)
def test_no_file_holds(what: str) -> None:
    """A clone works anywhere and gives nothing away."""
    found = [
        f"{shown(path)}: {hit[0]}"
        for path in TEXTS
        if path != Path(__file__).resolve() and (hit := FOUND_NOWHERE[what].search(text_of(path)))
    ]
    assert not found, found


def test_files_are_small_and_plain() -> None:
    """UTF-8, unix lines, an end of line at the end, no blanks at line ends, and no large file by mistake."""
    for path in TEXTS:
        raw = path.read_bytes()
        assert len(raw) <= FILE_BYTES_MAX, shown(path)
        assert b"\r\n" not in raw or "inputs" in path.parts, f"{shown(path)}: unix lines"
        assert not raw or raw.endswith(b"\n") or "inputs" in path.parts, f"{shown(path)}: end of line at the end"
        if path.suffix in (".py", ".md", ".toml", ".yaml", ".sql"):
            assert not re.search(rb"[ \t]+$", raw, re.MULTILINE), f"{shown(path)}: blanks at a line's end"


def test_every_fault_point_is_reached_and_every_reach_is_named() -> None:
    """The kill sweep visits each point; a point nobody passes, or nobody names, would not be swept."""
    reached = {name for file in modules(*CODE) for name in re.findall(r'faults\.reach\(\s*"([\w.]+)"', text_of(file))}
    assert reached == set(FAULT_POINTS)


def test_every_module_says_what_it_is() -> None:
    """Each module begins with a sentence; packages that hold nothing need none."""
    for file in modules(*CODE):
        text = text_of(file).strip()
        assert not text or text.startswith(('"""', 'r"""')), f"{shown(file)}: what is it, and its one rule?"


def test_ci_runs_what_people_run() -> None:
    run = ROOT / ".ci" / "run"
    assert "set -euo pipefail" in text_of(run)
    assert "make test" in text_of(run)
    assert run.stat().st_mode & 0o111
