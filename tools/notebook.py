"""Runs the code of a notebook in this process and keeps what its cells show.

``python -m tools.notebook docs/mend_labels.ipynb`` runs one and writes its outputs into it.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Cell = dict[str, Any]


def run(notebook: dict[str, Any]) -> dict[str, Any]:
    """Run the cells of code, in order and in one namespace, which is returned; each gets its outputs.

    As in Jupyter a cell shows what it prints and the value of its last expression. Raises what the code raises.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, 1):
        cell["execution_count"] = number
        cell["outputs"] = _outputs("".join(cell["source"]), names, number)
    return names


def _outputs(source: str, names: dict[str, Any], number: int) -> list[Cell]:
    tree = ast.parse(source)
    last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None  # type: ignore[attr-defined]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {number}", "exec"), names)
        value = None if last is None else eval(compile(last, f"cell {number}", "eval"), names)
    outputs: list[Cell] = []
    if printed.getvalue():
        outputs.append(
            {"output_type": "stream", "name": "stdout", "text": printed.getvalue().splitlines(keepends=True)}
        )
    if value is not None:
        outputs.append(
            {"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": _shown(value)}
        )
    return outputs


def _shown(value: object) -> Mapping[str, list[str]]:
    shown = {"text/plain": repr(value).splitlines(keepends=True)}
    html = getattr(value, "_repr_html_", None)
    return shown if html is None else {**shown, "text/html": html().splitlines(keepends=True)}


def read(path: Path) -> dict[str, Any]:
    """The notebook in a file."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main() -> None:
    for name in sys.argv[1:]:
        notebook = read(Path(name))
        run(notebook)
        text = json.dumps(notebook, ensure_ascii=False, indent=1)
        Path(name).write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
