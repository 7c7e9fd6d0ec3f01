"""The rooms stand in order, and every package that is imported is a declared one."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from house import CODE, ROOMS, ROOT, modules, text_of

DISTRIBUTION_OF = {"cel": "common-expression-language", "jwt": "pyjwt", "ruamel": "ruamel.yaml"}
NEEDED_UNSEEN = {"tzdata"}
"""Used by the standard library's zoneinfo, where the system has no zones."""


def test_each_room_imports_only_those_below() -> None:
    """The contracts of import-linter in pyproject.toml are kept."""
    linter = Path(sys.executable).parent / "lint-imports"
    seen = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert seen.returncode == 0, seen.stdout[-3000:] + seen.stderr


def test_every_import_is_declared_and_every_declaration_used() -> None:
    """What the code imports from outside stands under `dependencies`, and nothing else does."""
    declared = {
        re.split(r"[<>=;\[ ]", line)[0]
        for line in tomllib.loads(text_of(ROOT / "pyproject.toml"))["project"]["dependencies"]
    }
    imported = {top for file in modules(*CODE) for top in _tops(file)}
    outside = imported - set(sys.stdlib_module_names) - set(ROOMS) - {"onecase"}
    wanted = {DISTRIBUTION_OF.get(top, top.replace("_", "-")) for top in outside}
    assert wanted == declared - NEEDED_UNSEEN


def _tops(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text_of(file))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found
