"""From the first start to the first class taught, as someone does it who reads nothing: by mouse, and by keyboard."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.drawings import LOOKS, draw, draw_spiral
from tests.e2e.real_screen import Screen, run, tab_until
from tests.e2e.story import Story

pytestmark = pytest.mark.xvfb


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose sub-folders are three classes."""
    for look in LOOKS[:3]:
        name = look.split("/")[1]
        (tmp_path / "drawings" / name).mkdir(parents=True)
        for seed in range(4):
            draw(look, seed=seed).save(tmp_path / "drawings" / name / f"{seed}.png")
    return tmp_path / "drawings"


@pytest.fixture
def spiral(tmp_path: Path) -> Path:
    draw_spiral(seed=1).save(tmp_path / "spiral.png")
    return tmp_path / "spiral.png"


def accept(screen: Screen, dialog: str, after: str) -> None:
    """Press Return in ``dialog`` as soon as it takes it, until the question ``after`` it is there; "" for none."""
    screen.actions += 1
    screen.focus(dialog)
    end = time.monotonic() + 30
    while screen.state()["dialog"] == dialog and time.monotonic() < end:
        screen.hands("key", "Return")
    screen.until(lambda s: s["dialog"] == after, f"{dialog} is answered")


def teach(screen: Screen, folder: Path) -> None:
    """Name the class of the query, and see that the memory on disk has it."""
    screen.answer("labelChooser", "spirals")
    state = screen.until(lambda s: s["texts"]["queryWinner"] == "spirals" and not s["busy"], "the class is taught")
    assert state["texts"]["statusMemory"] == "13 exemplars · 4 classes"
    assert len(run("show", folder.with_suffix(".vmem"), "--label", "spirals")) == 1


def make(screen: Screen) -> None:
    """Take what the two questions suggest: to link the images, and the name of the memory."""
    accept(screen, "importDialog", "QFileDialog")
    accept(screen, "QFileDialog", "")
    screen.until(lambda s: s["texts"]["statusMemory"].startswith("12 exemplars") and not s["busy"], "it is made")
    screen.focus()
    screen.rest()


def test_with_the_mouse_a_folder_is_dropped_and_an_image_on_a_new_class(
    started: Screen, folder: Path, spiral: Path
) -> None:
    started.focus()
    story = Story("from the first start to a class of your own, by mouse", started)
    started.drag("emptyState", folder)
    make(started)
    started.drag("queryPanel", spiral)
    started.until(lambda s: s["cards"] and not s["busy"], "it is decided")
    started.drag("newClass", spiral)
    teach(started, folder)
    assert story.end() == 6


def test_with_the_keyboard_alone_a_folder_is_chosen_and_an_image_taught(
    started: Screen, folder: Path, spiral: Path
) -> None:
    started.focus()
    story = Story("from the first start to a class of your own, by keyboard", started)
    tab_until(started, lambda s: s["focus_name"].startswith("New from folder"), "the button for a folder")
    started.keys("Return")
    started.fill("QFileDialog", str(folder))
    started.keys("Return")
    make(started)
    started.keys("ctrl+d")
    started.answer("QFileDialog", str(spiral))
    started.until(lambda s: s["cards"] and not s["busy"], "it is decided")
    started.keys("t")
    teach(started, folder)
    assert story.end() <= 14
