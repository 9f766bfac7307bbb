"""Sixty images of the queue, one by one, by a real keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.drawings import LOOKS, draw, draw_spiral
from tests.e2e.real_screen import Screen, State
from tests.e2e.story import Story

pytestmark = pytest.mark.xvfb
EACH, SPIRALS = 7, 4
NEW = "spirals"


@pytest.fixture
def waiting(tmp_path: Path) -> list[Path]:
    """Seven new drawings of each look, and four of a look that no class has."""
    folder = tmp_path / "waiting"
    folder.mkdir()
    for look in LOOKS:
        for n in range(EACH):
            draw(look, seed=70 + n).save(folder / f"{look.replace('/', '-')}-{n}.png")
    for n in range(SPIRALS):
        draw_spiral(seed=n).save(folder / f"{NEW}-{n}.png")
    return sorted(folder.iterdir())


def right_label(image: str) -> str:
    """What a user sees that the image is: its file says so."""
    return image.rsplit("-", 1)[0].replace("-", "/")


def teach(screen: Screen, state: State) -> State:
    """Teach what is shown as what it is, with as few keys as that takes."""
    image, winner = state["cull"]["image"], state["cull"]["winner"]
    label = right_label(image)
    digit = next((key for key, named in state["keys"].items() if named == label), None)
    if winner == label:
        screen.keys("Return")
    elif digit is not None:
        screen.keys(digit)
    else:
        name(screen, label, new=label not in state["classes"])
    return screen.until(
        lambda s: s["cull"]["image"] != image and (s["cull"]["decided"] or s["cull"]["image"] is None),
        f"{image} is taught as {label}",
    )


def name(screen: Screen, label: str, *, new: bool) -> None:
    """T and the name of a new class; a few letters of one that is there."""
    screen.keys("t" if new else "slash")
    screen.focus("labelChooser")
    screen.hands("key", "ctrl+a")
    screen.type(label if new else label.split("/")[1])
    screen.keys("Return")
    screen.until(lambda s: not s["dialog"], "the class is chosen")
    screen.focus()


def test_sixty_images_are_culled_by_keyboard_and_undone_together(screen: Screen, waiting: list[Path]) -> None:
    screen.drag("queryPanel", *waiting)
    screen.until(lambda s: len(s["queue"]["names"]) == len(waiting) == 60, "all images wait")
    screen.rest()
    screen.focus()
    story = Story("teach 60 images one by one, by keyboard", screen)
    screen.keys("ctrl+shift+c")
    state = screen.until(lambda s: s["workspace"] == "cull" and s["cull"]["decided"], "the first image is shown")
    assert state["cull"]["progress"] == "1 of 60 · 0 taught · 0 skipped"
    screen.keys("space")
    screen.until(lambda s: s["cull"]["progress"] == "2 of 60 · 0 taught · 1 skipped", "one is skipped")
    screen.keys("Left")
    state = screen.until(lambda s: s["cull"]["progress"].startswith("1 of 60") and s["cull"]["decided"], "it is back")
    while state["cull"]["image"] is not None:
        state = teach(screen, state)
    keys = story.end()
    assert state["cull"]["summary"].startswith("60 of 60 images taught.")
    assert keys < 90
    state = screen.rest()
    taught = dict(zip(state["queue"]["names"], state["queue"]["taught"], strict=True))
    assert taught == {path.name: right_label(path.name) for path in waiting}
    screen.keys("shift+u")
    screen.until(lambda s: s["cull"]["said"] == "Undone: 60 lessons.", "all is undone")
    screen.keys("Escape")
    state = screen.until(lambda s: s["workspace"] == "decide" and not s["busy"], "the queue is there again")
    assert set(state["queue"]["taught"]) == {None}
