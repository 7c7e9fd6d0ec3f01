"""onecase: one continuous case over every channel, on the customer's terms.

Programs use the `onecase` command and the API; plug-ins import from here and from nowhere else.
"""

import gc
import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

__version__ = "0.1.0"

HERE = str(Path(__file__).resolve().parent)
if HERE not in sys.path:
    sys.path.insert(0, HERE)  # the rooms have one spelling (`router.…`) in the checkout and in the wheel

EXPORTS = {
    "Capabilities": "channels.base",
    "Channel": "channels.base",
    "ChannelName": "channels.base",
    "Evidence": "router.core.words",
    "IsKnown": "channels.base",
    "Media": "router.core.commands",
    "Ms": "router.core.clock",
    "Outgoing": "channels.base",
    "Received": "channels.base",
    "Refusal": "channels.base",
    "Sent": "channels.base",
    "Setback": "router.core.words",
    "TakeContact": "router.core.commands",
    "Transport": "channels.wire",
    "WireFailure": "channels.wire",
    "WireRequest": "channels.wire",
    "WireResponse": "channels.wire",
    "WireTooLarge": "channels.wire",
}
__all__ = ["main", *EXPORTS]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in EXPORTS:
        raise AttributeError(f"module 'onecase' has no attribute {name!r}; it exports {', '.join(sorted(EXPORTS))}")
    return getattr(importlib.import_module(EXPORTS[name]), name)


def main() -> None:
    """The `onecase` command."""
    gc.disable()  # what the modules make stays: to look through it while it is made is an eighth of the time
    # The evaluator of expressions imports its own command line: a toolkit for terminals, of two hundred modules, an
    # eighth of a second and ten megabytes at each start.
    sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
    try:
        from router.main import run
    finally:
        gc.enable()
    run()


class _OneSpelling:
    """Refuses `onecase.router` and its like: a second spelling would make a second copy of every class."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        if name.startswith("onecase."):
            raise ImportError(f"{name}: import what you need from `onecase` itself ({', '.join(sorted(EXPORTS))})")
        return None


if not any(isinstance(finder, type) and finder.__name__ == "_OneSpelling" for finder in sys.meta_path):
    sys.meta_path.insert(0, _OneSpelling)  # type: ignore[arg-type]

if __name__ == "__main__":
    main()
