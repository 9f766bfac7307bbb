"""An image of two things: each part is decided and taught, by a real mouse and by a real keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.drawings import SIDE, draw, draw_spiral
from tests.e2e.real_screen import Screen, State, run
from tests.e2e.story import Story

pytestmark = pytest.mark.xvfb
LEFT, RIGHT = "straight/checks", "smooth/clouds"


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """Two drawings side by side, with a spiral between them that is neither."""
    image = Image.new("RGB", (3 * SIDE, SIDE), "white")
    for at, part in enumerate((draw(LEFT, seed=61), draw_spiral(seed=3), draw(RIGHT, seed=61))):
        image.paste(part, (at * SIDE, 0))
    image.save(tmp_path / "pair.png")
    return tmp_path / "pair.png"


def shown(screen: Screen) -> State:
    return screen.until(lambda s: s["image"]["read"] and s["cards"] and not s["busy"], "all of the image is shown")


def decided(screen: Screen, *, drawn: int) -> State:
    state = screen.until(
        lambda s: s["image"]["box"] is not None and len(s["image"]["parts"]) == drawn and s["cards"],
        "a part is decided",
    )
    return screen.rest() if state["busy"] else state


def spot(state: State, x: float, y: float) -> list[int]:
    """Where on the screen a spot of the image is, in fractions of its sides."""
    left, top, wide, high = state["image"]["place"]
    return [round(left + x * wide), round(top + y * high)]


def taught(screen: Screen, memory: Path, label: str) -> list[list[int]]:
    """The boxes of the exemplars of ``label``, as the command line shows them beside the open window."""
    screen.until(lambda s: s["note"]["text"].startswith("Taught"), "it is taught")
    screen.rest()
    return [row["box"] for row in run("show", memory, "--label", label) if row.get("box")]


def test_a_part_is_decided_and_taught_by_mouse_and_another_by_keyboard(screen: Screen, drawn: Path, pair: Path) -> None:
    screen.focus()
    screen.drag("queryPanel", pair)
    state = shown(screen)

    story = Story("decide a part of an image and teach it, by mouse", screen)
    screen.draw([spot(state, 0.003, 0.01), *(spot(state, at, 3 * at) for at in (0.1, 0.2, 0.3, 0.33))], held="shift")
    state = decided(screen, drawn=1)
    x, y, wide, high = state["image"]["box"]
    assert x < 8 and y < 8 and abs(wide - SIDE) < 10 and abs(high - SIDE) < 10
    assert state["texts"]["queryWinner"] == LEFT
    screen.keys(next(key for key, label in state["keys"].items() if label == LEFT))
    assert taught(screen, drawn, LEFT) == [[x, y, wide, high]]
    assert story.end() == 2

    story = Story("decide a part of an image and teach it, by keyboard", screen)
    screen.keys("b")
    screen.until(lambda s: s["focus"] == "partBox", "a box can be moved")
    arrows = {"Up": 6, "shift+Down": 12, "shift+Left": 6, "Right": 24}
    for key, times in arrows.items():
        screen.keys(*[key] * times, pause_ms=10)
    screen.keys("Return")
    state = decided(screen, drawn=2)
    x, y, wide, high = state["image"]["box"]
    assert x + wide == 3 * SIDE and (y, high) == (0, SIDE) and wide < 2 * SIDE and state["focus"] != "partBox"
    label = state["keys"]["1"]
    screen.keys("1")
    assert taught(screen, drawn, label)[-1] == [x, y, wide, high]
    assert story.end() == 3 + sum(arrows.values())

    screen.keys("c")
    screen.until(lambda s: s["image"]["compared"] is not None, "it is compared with its nearest neighbour")
    before = run("show", drawn)[0]["exemplars"]
    screen.keys("1", "Right", "2", "Escape")
    screen.until(lambda s: s["image"]["compared"] is None, "the comparison is closed")
    screen.rest()
    assert run("show", drawn)[0]["exemplars"] == before
