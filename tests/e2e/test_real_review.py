"""Review with real hands: labels that the others contradict are mended, struck and kept, by keyboard."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.drawings import write_drawings
from tests.e2e.real_screen import Screen, State, run
from tests.e2e.story import Story

pytestmark = pytest.mark.xvfb
WRONG = "straight/stripes"
SUSPECTS_TAB = 1


@pytest.fixture
def mislabelled(drawn: Path) -> list[dict[str, Any]]:
    """Three exemplars under a label that is not theirs; as they were before."""
    rows = run("show", drawn, "--label", "smooth")[:2] + run("show", drawn, "--label", "round/disks")[:1]
    run("relabel", drawn, *(row["id"] for row in rows), "--label", WRONG)
    return rows


def open_review(screen: Screen) -> State:
    screen.focus()
    screen.keys("ctrl+2")
    state = screen.until(lambda s: s["workspace"] == "curate", "Curate is shown")
    screen.click(state["review"]["tabs"][SUSPECTS_TAB])
    return looked(screen)


def looked(screen: Screen) -> State:
    screen.until(lambda s: s["review"]["looked"], "the memory was looked over")
    return screen.rest()


def go_to(screen: Screen, exemplar: int) -> None:
    """Bring the keyboard to that suspect."""
    order = [row[0] for row in looked(screen)["review"]["suspects"]]
    screen.keys("ctrl+Home", *["Down"] * order.index(exemplar))
    screen.until(lambda s: s["review"]["chosen"] == [exemplar], f"{exemplar} is chosen")


def shown(memory: Path, exemplar: int) -> dict[str, Any]:
    (row,) = run("show", memory, exemplar)
    return dict(row)


def test_wrong_labels_are_mended_struck_and_kept_by_keyboard(
    mislabelled: list[dict[str, Any]], screen: Screen, drawn: Path
) -> None:
    first, second, third = (row["id"] for row in mislabelled)
    found = {row[0]: row[1:] for row in open_review(screen)["review"]["suspects"]}
    assert {first, second, third} <= set(found)
    for row in mislabelled:
        assert found[row["id"]] == [WRONG, row["label"]]
    screen.until(lambda s: s["focus"] == "likelyTable", "the list has the keys")
    go_to(screen, first)
    screen.keys("Return")
    screen.until(lambda s: s["note"]["text"].startswith("Relabelled 1 exemplar to "), "it is mended")
    assert shown(drawn, first)["label"] == mislabelled[0]["label"]
    go_to(screen, second)
    screen.keys("s")
    screen.until(lambda s: s["note"]["text"].startswith("Struck 1 exemplar"), "it is struck out")
    assert shown(drawn, second)["state"] == "struck"
    go_to(screen, third)
    screen.keys("k")
    screen.until(lambda s: s["note"]["text"].startswith("Kept the label"), "it is kept")
    left = {row[0] for row in looked(screen)["review"]["suspects"]}
    assert not left & {first, second, third}
    assert shown(drawn, third) == {**mislabelled[2], "label": WRONG}

    screen.restart(str(drawn))
    assert {row[0] for row in open_review(screen)["review"]["suspects"]} == left


def test_many_suspects_are_mended_in_one_step(mislabelled: list[dict[str, Any]], screen: Screen, drawn: Path) -> None:
    story = Story("correct all suspicious labels together", screen)
    before = open_review(screen)
    count = len(before["review"]["suspects"])
    screen.until(lambda s: s["focus"] == "likelyTable", "the list has the keys")
    screen.keys("ctrl+a", "Return")
    screen.until(lambda s: s["undo"] != before["undo"], "they are mended")
    assert story.end() == 4
    assert count >= 3 and all(shown(drawn, row["id"])["label"] == row["label"] for row in mislabelled)
    screen.rest()
    screen.keys("ctrl+z")
    screen.until(lambda s: s["undo"] == before["undo"], "one undo takes all of it back")
    assert all(shown(drawn, row["id"])["label"] == WRONG for row in mislabelled)


def test_originals_that_moved_are_found_again_and_decide_as_before(tmp_path: Path, display: str) -> None:
    images = write_drawings(tmp_path / "images", each=1)
    run("build", images, tmp_path / "linked.vmem")
    before = run("show", tmp_path / "linked.vmem", "--state", "active")
    moved = Path(shutil.move(images, tmp_path / "elsewhere"))
    (done,) = run("relink", tmp_path / "linked.vmem", images, moved)
    assert done == {"moved": len(before), "missing": []}
    after = run("show", tmp_path / "linked.vmem", "--state", "active")
    assert [row["source"] for row in after] == [row["source"].replace(str(images), str(moved)) for row in before]
    assert [{**row, "source": None} for row in after] == [{**row, "source": None} for row in before]
    (tmp_path / "room").mkdir()
    screen = Screen(tmp_path / "room", display, str(tmp_path / "linked.vmem"))
    try:
        screen.rest()
        screen.drag("queryPanel", Path(after[0]["source"]))
        state = screen.until(lambda s: bool(s["cards"]), "an original is decided")
        assert state["cards"][0]["exemplar"] == after[0]["id"]
        assert state["cards"][0]["distance"] == pytest.approx(0, abs=1e-6)
        screen.close()
    finally:
        screen.end()
