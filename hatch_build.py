"""The wheel's layout: everything inside `onecase/`, so that no shared environment loses its own `channels`.

The rooms are moved by `sources` in pyproject.toml; single files only a hook can rename, and only for the wheel itself:
an editable install runs from the checkout.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

RENAMED = {"onecase.py": "onecase/__init__.py", "router/py.typed": "onecase/py.typed"}


class Layout(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"].update(RENAMED)
