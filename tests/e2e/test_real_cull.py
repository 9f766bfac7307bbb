"""Sixty images of the queue, one by one, by a real keyboard."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.drawings import LOOKS, draw, draw_spiral
from tests.e2e.real_screen import Screen, State

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


class Hand:
    """Teaches what is shown as what it is, with as few keys as that takes; ``keys`` counts them."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.keys = 0

    def teach(self, state: State) -> State:
        image, winner = state["cull"]["image"], state["cull"]["winner"]
        label = right_label(image)
        digit = next((key for key, named in state["keys"].items() if named == label), None)
        if winner == label:
            self.press("Return")
        elif digit is not None:
            self.press(digit)
        else:
            self.name(label, new=label not in state["classes"])
        return self.screen.until(
            lambda s: s["cull"]["image"] != image and (s["cull"]["decided"] or s["cull"]["image"] is None),
            f"{image} is taught as {label}",
        )

    def name(self, label: str, *, new: bool) -> None:
        """T and the name of a new class; a few letters of one that is there."""
        self.press("t" if new else "slash")
        self.screen.focus("labelChooser")
        typed = label if new else label.split("/")[1]
        self.screen.keys("ctrl+a")
        self.screen.type(typed)
        self.keys += len(typed)
        self.press("Return")
        self.screen.until(lambda s: not s["dialog"], "the class is chosen")
        self.screen.focus()

    def press(self, key: str) -> None:
        self.keys += 1
        self.screen.keys(key)


def test_sixty_images_are_culled_by_keyboard_and_undone_together(screen: Screen, waiting: list[Path]) -> None:
    screen.drag("queryPanel", *waiting)
    screen.until(lambda s: len(s["queue"]["names"]) == len(waiting) == 60, "all images wait")
    screen.rest()
    screen.focus()
    hand, begun = Hand(screen), time.monotonic()
    hand.press("ctrl+shift+c")
    state = screen.until(lambda s: s["workspace"] == "cull" and s["cull"]["decided"], "the first image is shown")
    assert state["cull"]["progress"] == "1 of 60 · 0 taught · 0 skipped"
    hand.press("space")
    screen.until(lambda s: s["cull"]["progress"] == "2 of 60 · 0 taught · 1 skipped", "one is skipped")
    hand.press("Left")
    state = screen.until(lambda s: s["cull"]["progress"].startswith("1 of 60") and s["cull"]["decided"], "it is back")
    while state["cull"]["image"] is not None:
        state = hand.teach(state)
    seconds = time.monotonic() - begun
    assert state["cull"]["summary"].startswith("60 of 60 images taught.")
    print(f"60 images culled with {hand.keys} keys in {seconds:.0f} s")
    state = screen.rest()
    taught = dict(zip(state["queue"]["names"], state["queue"]["taught"], strict=True))
    assert taught == {path.name: right_label(path.name) for path in waiting}
    screen.keys("shift+u")
    screen.until(lambda s: s["cull"]["said"] == "Undone: 60 lessons.", "all is undone")
    screen.keys("Escape")
    state = screen.until(lambda s: s["workspace"] == "decide" and not s["busy"], "the queue is there again")
    assert set(state["queue"]["taught"]) == {None}
