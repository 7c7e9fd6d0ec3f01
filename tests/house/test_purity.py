"""The core and the policies are pure: no I/O, no clock, no chance, no environment, no logs."""

import ast
from pathlib import Path

import pytest
from house import modules, shown, text_of

FORBIDDEN_MODULES = frozenset(
    [
        "aiohttp",
        "aiosqlite",
        "asyncio",
        "concurrent",
        "ctypes",
        "fcntl",
        "gc",
        "getpass",
        "http",
        "inspect",
        "io",
        "logging",
        "multiprocessing",
        "os",
        "pickle",
        "platform",
        "pydantic",
        "queue",
        "random",
        "requests",
        "sched",
        "secrets",
        "select",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "structlog",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "twilio",
        "uuid",
        "uvloop",
        "weakref",
    ]
)
FORBIDDEN_CALLS = frozenset({"open", "print", "input", "exec", "eval", "breakpoint", "globals", "__import__"})
FORBIDDEN_METHODS = frozenset(
    {"now", "utcnow", "today", "read_text", "write_text", "read_bytes", "write_bytes", "urandom", "getenv", "environ"}
)
READS_FILES = {"policies/files.py": {"open"}}
"""The one module that reads policy texts from disk."""
ONLY_IN = {
    "zoneinfo": {
        "policies/zones.py",
        "policies/hours.py",
        "policies/hours_file.py",
        "policies/openings.py",
        "policies/call_hours.py",
        "policies/policy_set.py",
        "policies/window_calendar.py",
        "policies/windows.py",
        "policies/windows_said.py",
        "policies/whose_clock.py",
    },  # tables, not a clock
    "msgspec": {"router/core/values.py"},  # makes values; what stands on disk is the journal's affair
}
PORT_OF_TIME = "router/core/clock.py"
"""The protocol of a clock, which is made elsewhere."""
MAY_BE_ASKED = frozenset({"context.now", "making.now", "self.now", "self.context.now", "making.context.now"})
"""Times that were passed in."""
PURE = modules("router/core", "policies")


@pytest.mark.parametrize("file", PURE, ids=shown)
def test_a_pure_module_reaches_for_nothing(file: Path) -> None:
    """No import, call or name by which a decision could depend on anything but what it was given."""
    found = _reaches(text_of(file), shown(file))
    assert not found, "\n".join(found)


def test_this_test_sees_what_it_looks_for() -> None:
    """A test that cannot fail proves nothing."""
    source = "import time\nfrom random import choice\nprint(datetime.now())\nopen('x')\nasync def f():\n    await g()\n"
    assert len(_reaches(source, "router/core/sample.py")) == 7
    assert _reaches("import zoneinfo", "policies/zones.py") == []
    assert _reaches("import zoneinfo", "router/core/sample.py") == ["router/core/sample.py:1: zoneinfo"]


def _reaches(source: str, name: str) -> list[str]:
    found: list[str] = []
    allowed = READS_FILES.get(name, set())
    for node in ast.walk(ast.parse(source)):
        what = ""
        match node:
            case ast.Import(names=imported):
                what = next((n.name for n in imported if _is_forbidden(n.name, name)), "")
            case ast.ImportFrom(module=str(module)):
                what = module if _is_forbidden(module, name) else ""
            case ast.Call(func=ast.Name(id=called)) if called in FORBIDDEN_CALLS:
                what = f"{called}()"
            case ast.Call(func=ast.Attribute(attr=called)) if called in FORBIDDEN_METHODS | {"open"}:
                what = "" if called in allowed or ast.unparse(node.func) in MAY_BE_ASKED else ast.unparse(node.func)
            case ast.Global():
                what = f"global {', '.join(node.names)}"
            case ast.AsyncFunctionDef() | ast.Await():
                what = "" if name == PORT_OF_TIME else "async"
            case _:
                continue
        if what:
            found.append(f"{name}:{node.lineno}: {what}")
    return found


def _is_forbidden(module: str, name: str) -> bool:
    top = module.partition(".")[0]
    return top in FORBIDDEN_MODULES or (top in ONLY_IN and name not in ONLY_IN[top])
