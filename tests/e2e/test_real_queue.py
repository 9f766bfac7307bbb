"""The teaching queue with real hands: many images dragged in, taught by key, confirmed, written out, still there."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.drawings import LOOKS, draw, draw_spiral
from tests.e2e.real_screen import Screen, State, run

pytestmark = pytest.mark.xvfb
SPIRALS = [f"spiral{n}.png" for n in range(6)]


@pytest.fixture
def waiting(tmp_path: Path) -> list[Path]:
    """A new drawing of each look, and six of a look that no class has."""
    folder = tmp_path / "waiting"
    folder.mkdir()
    for look in LOOKS:
        draw(look, seed=70).save(folder / f"{look.replace('/', '-')}.png")
    for seed, name in enumerate(SPIRALS):
        draw_spiral(seed=seed).save(folder / name)
    return sorted(folder.iterdir())


@pytest.fixture
def filled(screen: Screen, waiting: list[Path]) -> Screen:
    screen.drag("queryPanel", *waiting)
    screen.until(lambda s: len(s["queue"]["names"]) == len(waiting), "all images wait")
    screen.rest()
    screen.focus()
    return screen


def choose(screen: Screen, name: str, *, held: str = "") -> State:
    """Click the row of that image, which must be in sight."""
    queue = screen.rest()["queue"]
    screen.click(queue["spots"][queue["names"].index(name)], held=held)
    screen.until(lambda s: name in s["queue"]["chosen"], f"{name} is chosen")
    return screen.rest()


def decided(memory: Path, images: list[Path]) -> dict[str, tuple[str, float, bool]]:
    said = run("classify", memory, *images)
    return {Path(one["image"]).name: (one["label"], one["share"], one["known"]) for one in said}


def assert_as_the_command_line_says(state: State, memory: Path, images: list[Path]) -> None:
    """Winner and share of every row, the order, and the header."""
    queue, said = state["queue"], decided(memory, images)
    assert dict(zip(queue["names"], queue["winners"], strict=True)) == {name: one[0] for name, one in said.items()}
    for name, share in zip(queue["names"], queue["shares"], strict=True):
        assert share == pytest.approx(said[name][1], abs=1e-4)
    untaught = [name for name, label in zip(queue["names"], queue["taught"], strict=True) if label is None]
    certainty = [said[name][1] - (said[name][2] is False) for name in untaught]
    assert certainty == sorted(certainty) and queue["names"][: len(untaught)] == untaught
    assert queue["summary"] == header(queue)


def header(queue: dict[str, Any]) -> str:
    taught = [label is not None for label in queue["taught"]]
    sure = [
        done or (share >= queue["least"] / 100 and known != "unknown")
        for done, share, known in zip(taught, queue["shares"], queue["known"], strict=True)
    ]
    return f"taught {sum(taught)}; {sum(sure)} of {len(sure)} certain"


def test_one_lesson_decides_all_that_wait_anew_and_undo_takes_it_back(
    filled: Screen, drawn: Path, waiting: list[Path]
) -> None:
    before = filled.state()
    assert before["queue"]["shown"] and before["queue"]["chosen"] == before["queue"]["names"][:1]
    assert_as_the_command_line_says(before, drawn, waiting)
    taught = next(name for name in before["queue"]["names"] if name in SPIRALS)
    choose(filled, taught)
    filled.keys("t")
    after = filled.answer("labelChooser", "spirals")
    winners = dict(zip(after["queue"]["names"], after["queue"]["winners"], strict=True))
    assert {winners[name] for name in SPIRALS} == {"spirals"}
    assert set(SPIRALS) <= set(after["queue"]["moved"])
    assert after["queue"]["chosen"] == after["queue"]["names"][:1] != [taught]
    assert_as_the_command_line_says(after, drawn, waiting)
    filled.keys("ctrl+z")
    filled.until(lambda s: s["queue"]["summary"] == before["queue"]["summary"], "the lesson is undone")
    undone = filled.rest()["queue"]
    assert undone["names"] == before["queue"]["names"] and undone["taught"] == before["queue"]["taught"]


def test_letters_typed_in_the_queue_find_a_class_and_are_no_commands(filled: Screen) -> None:
    before = choose(filled, filled.state()["queue"]["names"][0])
    filled.keys("c")  # was the key of Confirm
    filled.focus("labelChooser")
    filled.type("ro")
    filled.keys("Return")
    state = filled.until(lambda s: s["queue"]["summary"].startswith("taught 1; ") and not s["busy"], "it is taught")
    taught = dict(zip(state["queue"]["names"], state["queue"]["taught"], strict=True))
    assert taught[before["queue"]["chosen"][0]] == "straight/crosses"
    assert state["undo"] == "Undo: Teach 1 as straight/crosses"


def test_many_are_taught_by_a_digit_the_certain_confirmed_and_the_table_written_and_kept(
    filled: Screen, drawn: Path, waiting: list[Path], tmp_path: Path
) -> None:
    first, second, third = filled.state()["queue"]["names"][:3]
    choose(filled, first)
    state = choose(filled, third, held="shift")
    assert state["queue"]["chosen"] == [first, second, third]
    label = state["keys"]["2"]
    filled.keys("2")
    filled.until(lambda s: s["queue"]["summary"].startswith("taught 3; "), "three are taught")
    state = filled.rest()
    taught = dict(zip(state["queue"]["names"], state["queue"]["taught"], strict=True))
    assert {taught[name] for name in (first, second, third)} == {label}
    assert state["undo"] == f"Undo: Teach 3 as {label}"
    assert_as_the_command_line_says(state, drawn, waiting)
    confirm_all(filled)
    export_and_compare(filled, tmp_path / "queue.csv")
    before = filled.rest()["queue"]
    filled.restart(str(drawn))
    after = filled.until(lambda s: len(s["queue"]["names"]) == len(waiting), "the queue is there again")["queue"]
    for name in ("names", "winners", "shares", "taught", "summary"):
        assert after[name] == before[name]


def confirm_all(screen: Screen) -> None:
    """Every row that the header counts as certain is taught as it was decided; the others are left."""
    queue = screen.state()["queue"]
    sure = {
        name: winner
        for name, winner, share, known, taught in zip(
            *(queue[part] for part in ("names", "winners", "shares", "known", "taught")), strict=True
        )
        if taught is None and share >= queue["least"] / 100 and known != "unknown"
    }
    assert sure
    screen.keys("ctrl+shift+Return")
    screen.focus("confirmDialog")
    screen.keys("Return")
    screen.until(lambda s: s["queue"]["summary"].startswith(f"taught {3 + len(sure)}; "), "the certain are taught")
    after = screen.rest()["queue"]
    taught = dict(zip(after["names"], after["taught"], strict=True))
    assert {name: taught[name] for name in sure} == sure


def export_and_compare(screen: Screen, path: Path) -> None:
    screen.focus()
    screen.keys("ctrl+shift+e")
    screen.answer("QFileDialog", str(path))
    screen.until(lambda s: path.is_file() and not s["busy"], "the table is written")
    queue = screen.rest()["queue"]
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows] == queue["names"]
    assert [row["label"] for row in rows] == queue["winners"]
    assert [row["taught"] or None for row in rows] == queue["taught"]
    assert [float(row["share"]) for row in rows] == pytest.approx(queue["shares"], abs=1e-5)
