"""The house's own tests: of the code base as such."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from sizes import size_lines


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Sizes are information, not a gate."""
    terminalreporter.section("sizes")
    for line in size_lines():
        terminalreporter.write_line(line)
