"""Lines of modules and functions, room by room: median, 95th percentile, the largest with their names."""

import ast
from collections.abc import Iterator
from pathlib import Path

from house import modules, shown, text_of

PLACES = ("policies", "router/core", "router/journal", "router/sim", "router/node", "router/http", "channels", "router")


def size_lines() -> list[str]:
    """One line a room; `router` is what stands in none of its rooms."""
    lines = [f"{'room':<15} files  lines/file: median p95 max            lines/function: median p95 max"]
    for place in PLACES:
        files = [f for f in modules(place) if place != "router" or len(f.relative_to(f.parents[1]).parts) == 2]
        files = [f for f in files if place != "router" or f.parent.name == "router"]
        if files:
            by_file = sorted((len(text_of(f).splitlines()), shown(f)) for f in files)
            by_function = sorted(size for f in files for size in functions(f)) or [(0, "")]
            lines.append(f"{place:<15} {len(files):>5}  {_spread(by_file)}  {_spread(by_function)}")
    return lines


def functions(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text_of(file))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield (node.end_lineno or node.lineno) - node.lineno + 1, f"{file.name}:{node.name}"


def _spread(sizes: list[tuple[int, str]]) -> str:
    median, p95 = sizes[len(sizes) // 2][0], sizes[min(len(sizes) - 1, len(sizes) * 95 // 100)][0]
    largest, name = sizes[-1]
    return f"{median:>4} {p95:>4} {largest:>4} {name:<34}"
