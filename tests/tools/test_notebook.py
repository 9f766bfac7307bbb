"""The notebook in the documentation does what it says."""

from __future__ import annotations

from pathlib import Path

from tools import notebook

STORY = Path(__file__).resolve().parents[2] / "docs/mend_labels.ipynb"


def test_the_story_finds_wrong_labels_mends_them_gains_and_is_undone() -> None:
    names = notebook.run(notebook.read(STORY))
    assert len(names["really"] & set(names["suspects"].index)) >= 30
    assert names["after"] > names["before"] == names["undone"]
    assert names["memory"].path.name.endswith(".vmem")


def test_the_outputs_of_every_cell_are_kept() -> None:
    cells = [cell for cell in notebook.read(STORY)["cells"] if cell["cell_type"] == "code"]
    assert len(cells) > 6 and all(cell["outputs"] for cell in cells)
