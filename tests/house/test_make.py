"""`make` on a machine that has little: what is missing is said in one line, and nothing fails for it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from house import ROOT

from tests.browser import stage

MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="there is no make")


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def make_browser(path: Path, **more: str) -> subprocess.CompletedProcess[str]:
    asked = [str(MAKE), "--no-print-directory", "-C", str(ROOT), "browser"]
    return subprocess.run(
        asked, env={"PATH": str(path), **more}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("machine", ["nothing", "apt without leave"])
def test_without_a_browser_its_tests_are_left_out(tmp_path: Path, machine: str) -> None:
    """One line says so and how to get them; where nobody may install, nobody tries."""
    if machine != "nothing":
        program(tmp_path, "apt-get", "echo tried to install; exit 1")
        program(tmp_path, "id", "echo 1000")
        program(tmp_path, "sudo", "exit 1")
    said = make_browser(tmp_path)
    assert (said.returncode, said.stderr) == (0, "")
    (line,) = said.stdout.splitlines()
    assert "LEFT OUT" in line and "apt-get install chromium" in line


def test_where_it_may_be_installed_it_is(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", 'echo "$@" >&2')
    program(tmp_path, "id", "echo 0")
    said = make_browser(tmp_path)
    assert said.returncode == 0 and "install -y" in said.stderr and "LEFT OUT" not in said.stdout


def test_with_a_browser_nothing_is_said(tmp_path: Path) -> None:
    program(tmp_path, "chromium", "exit 0")
    said = make_browser(tmp_path)
    assert (said.returncode, said.stdout) == (0, "")


def test_the_tests_themselves_are_skipped_and_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "BROWSERS", ("no-such-browser",))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.delenv("ONECASE_NO_BROWSER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        stage.find_chromium()
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    with pytest.raises(pytest.fail.Exception, match="no-such-browser"):
        stage.find_chromium()
