"""The bell with real keys: after ten minutes of other edits the first of them can still be taken back, alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.drawings import draw_between
from tests.e2e.real_screen import Screen, run
from tests.e2e.story import Story
from visualmemory_gui.app.models.note_log import MOST

pytestmark = pytest.mark.xvfb
ALONE = "Revert this step alone"


def test_the_oldest_of_fifty_edits_is_taken_back_from_the_bell(screen: Screen, drawn: Path, tmp_path: Path) -> None:
    draw_between("round/rings", "straight/checks", seed=100).save(tmp_path / "contested.png")
    screen.focus()
    screen.keys("ctrl+d")
    state = screen.answer("QFileDialog", str(tmp_path / "contested.png"))
    first, second = (card["exemplar"] for card in state["cards"][:2])
    screen.keys("Home", "x")
    screen.until(lambda s: s["undo"] == "Undo: Strike out 1 exemplar", "it is struck out")
    screen.rest()
    screen.keys("Home")
    for turn in range(1, MOST):  # another one, struck out and restored again and again
        screen.keys("u" if turn % 2 == 0 else "x")
        screen.until(lambda s, turn=turn: len(notes_of(s["bell"]["rows"])) == turn + 1, f"edit {turn} is noted")  # type: ignore[misc]
        screen.rest()
    assert {row["id"] for row in run("show", drawn, "--state", "struck")} == {first, second}

    story = Story("take back the oldest of the fifty edits that the bell keeps", screen)
    screen.keys("ctrl+shift+n")
    screen.until(lambda s: s["bell"]["open"] and ALONE in s["bell"]["rows"], "the bell shows its list")
    screen.keys("End")
    for _ in range(3):
        state = screen.until(lambda s: s["bell"]["current"] >= 0, "a row is chosen")
        if state["bell"]["rows"][state["bell"]["current"]] == ALONE:
            break
        screen.keys("Up")
    screen.keys("Return")
    screen.until(lambda s: s["note"]["text"].startswith("Reverted: Struck"), "the first strike is taken back")
    assert story.end() <= 5
    screen.rest()
    assert [row["id"] for row in run("show", drawn, "--state", "struck")] == [second]


def notes_of(rows: list[str]) -> list[str]:
    """The rows that are notes, not what can be done about one."""
    return [row for row in rows if row.startswith(("Struck", "Restored"))]
