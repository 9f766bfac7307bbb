"""What counts as code."""

from __future__ import annotations

from pathlib import Path

from tools.size import lines_of_code, size

MODULE = '''"""What it is,
in two lines."""

from __future__ import annotations

from typing import (
    Any,
)

SIDE = 3  # of a cell
"""Pixels."""


# alone on its line
def area(side: Any) -> str:
    """Squared."""
    return """
    text that is used
    """
'''


def test_code_has_no_blank_lines_comments_docstrings_or_imports() -> None:
    assert lines_of_code(MODULE) == 5


def test_all_modules_below_a_folder_count(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    for name in ("one.py", "room/two.py", "room/notes.txt"):
        (tmp_path / name).write_text(MODULE)
    assert size(tmp_path) == {"lines": 38, "of code": 10, "modules": 2}
