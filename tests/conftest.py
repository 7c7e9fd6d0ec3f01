"""What holds for all tests: logs as plain as in production, and what takes long goes first.

Plain logs are tracebacks without the values of everything that is in their frames, which takes longer to write down than
most tests take.
"""

from pathlib import Path

import pytest
import structlog

LONG = ("simulation", "sim", "kill", "browser", "stories", "inputs", "house")
"""Folders whose files take long. A file is given to one worker whole: where a long one comes last, the others wait."""


def pytest_configure() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True, default=repr),
        ]
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _rank(item.path.relative_to(Path(__file__).parent).parts[0]))


def _rank(folder: str) -> int:
    return LONG.index(folder) if folder in LONG else len(LONG)
