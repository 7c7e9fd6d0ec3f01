"""What the house's tests share: where things stand, and what git would carry."""

import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("policies", "router", "channels")
CODE = ("onecase.py", *ROOMS)


@cache
def tracked() -> list[Path]:
    """Files that are in git, or would be; in an unpacked archive everything but what tools leave behind."""
    if (ROOT / ".git").exists() and (git := shutil.which("git")):
        asked = [git, "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
        listed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        return [path for name in sorted(set(listed.split("\0"))) if name and (path := ROOT / name).is_file()]
    left = {".venv", "dist", "build", "__pycache__", ".hypothesis", ".ruff_cache", ".pytest_cache", "onecase-data"}
    return [path for path in sorted(ROOT.rglob("*")) if path.is_file() and not left & set(path.parts)]


def modules(*places: str) -> list[Path]:
    """Python files of rooms or single files."""
    wanted = [ROOT / place for place in places]
    return [p for p in tracked() if p.suffix == ".py" and any(p == w or w in p.parents for w in wanted)]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")
