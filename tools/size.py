"""Counts what there is to read of the package: its lines, how many of them are code, and its modules.

``python -m tools.size``; with a folder, the modules below that one. Code is what is left without blank lines, comments
alone on a line, docstrings and imports.
"""

from __future__ import annotations

import argparse
import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "visualmemory_gui"


def size(folder: Path) -> dict[str, int]:
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.py")]
    return {
        "lines": sum(text.count("\n") for text in texts),
        "of code": sum(lines_of_code(text) for text in texts),
        "modules": len(texts),
    }


def lines_of_code(text: str) -> int:
    left_out = {
        line
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.stmt) and _is_no_code(node)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate(map(str.strip, text.split("\n")), start=1)
    return sum(bool(line) and not line.startswith("#") and number not in left_out for number, line in lines)


def _is_no_code(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return isinstance(node.value.value, str)
    return isinstance(node, ast.Import | ast.ImportFrom)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, nargs="?", default=PACKAGE)
    for what, count in size(options.parse_args().folder).items():
        print(f"{count:7,}  {what}")


if __name__ == "__main__":
    main()
