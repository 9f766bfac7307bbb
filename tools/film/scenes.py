"""The main story of the window in scenes; each finds the window as the one before left it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStyleOptionViewItem

from tools.film.camera import Camera
from tools.film.hand import Hand
from tools.screenshots.scenes import WRONG
from tools.screenshots.stage import Stage
from visualmemory_gui.app.views.study.evaluate_page import EvaluatePage

NEW_CLASS = "herringbone"
PATTERN, OTHER_PATTERN = "28-pattern-herringbone-3.png", "05-pattern-herringbone-4.png"
READ_MS = 2600  # to read a caption and look


class Set:
    """What a scene has: the stage, the camera and the hand."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.window = stage.window
        self.camera = Camera(stage)
        self.hand = Hand(stage, self.camera)
        self.memory = stage.room / "birthday" / "demo.vmem"

    def queries(self) -> list[Path]:
        """Images that the demo memory does not hold."""
        return sorted(self.memory.with_name("demo-queries").iterdir())

    def say(self, caption: str, ms: int = READ_MS) -> None:
        self.camera.caption = caption
        self.camera.hold(ms)

    def show(self, ms: int = READ_MS) -> None:
        """Let the window finish, and look at it."""
        self.stage.settle()
        self.camera.hold(ms)


def dropped(scene: Set) -> None:
    """An image is dropped, and the neighbours that decided it are seen."""
    scene.window.open(str(scene.memory))
    scene.stage.settle()
    scene.say("A memory of 3,300 labelled drawings. Drop an image on it", 1600)
    scene.hand.drop([scene.memory.with_name("demo-queries") / WRONG], scene.window.decide.query)
    scene.show(600)
    scene.say("Its nearest neighbours vote on its class: you see who decided, and by how much", 3400)


def struck(scene: Set) -> None:
    """The neighbour that misleads is struck out."""
    grid = scene.window.decide.neighbours.grid
    option = QStyleOptionViewItem()
    grid.initViewItemOption(option)
    place = grid.cards.button_rect(option, grid.visualRect(grid.model().index(0, 0))).center()
    scene.say("The first neighbour misleads: strike it out", 1400)
    scene.hand.click(grid.viewport(), place)
    scene.show(900)
    scene.say("The vote changes at once, and the note says what else that changed. Nothing was trained", 3600)


def queued(scene: Set) -> None:
    """Many images are dropped and wait, the least certain first."""
    scene.stage.close_dialogs()
    scene.say("Drop many images: they wait in a queue, the least certain first", 1200)
    scene.hand.drop(scene.queries(), scene.window.decide.query)
    scene.show(2400)
    scene.window.notes.bar.hide()


def taught(scene: Set) -> None:
    """A class is taught from one image; the queue is decided again."""
    choose(scene, PATTERN)
    scene.say("The memory knows patterns, but has no class for this kind. Press T and name it", 3000)
    scene.hand.press(Qt.Key.Key_T)
    scene.hand.type_class(NEW_CLASS)
    scene.say("One image is enough. The whole queue is decided again", 0)
    scene.camera.roll(1500)
    scene.show(1200)
    choose(scene, OTHER_PATTERN)
    scene.say("The other herringbone in the queue has changed its class", 3200)


def choose(scene: Set, name: str) -> None:
    """Click the row of that image in the queue."""
    model, table = scene.window.session.queue, scene.window.decide.queue.table
    row = next(row for row in range(model.rowCount()) if model.row(row).name == name)
    table.scrollTo(model.index(row, 0), table.ScrollHint.PositionAtCenter)
    scene.hand.click(table.viewport(), table.visualRect(model.index(row, 0)).center())
    scene.show(400)


def undone(scene: Set) -> None:
    """The lesson is undone."""
    scene.say("Ctrl+Z takes the lesson back, even after a restart", 1400)
    scene.hand.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    scene.camera.roll(1200)
    scene.show(1800)


def mended(scene: Set) -> None:
    """A label that the other exemplars contradict is seen beside the suggested one, and corrected."""
    scene.window.notes.bar.hide()
    scene.say("Which labels are wrong? Curate lists those that the other images contradict", 1200)
    scene.hand.press(Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    scene.show(500)
    tabs = scene.window.curate.tabs
    scene.hand.click(tabs.tabBar(), tabs.tabBar().tabRect(tabs.indexOf(tabs.suspects)).center())
    scene.show(1200)
    table = tabs.suspects.table
    scene.hand.click(table.viewport(), table.visualRect(table.model().index(0, 0)).center())
    scene.show(300)
    scene.say("Below, it lies between the nearest of its own label and of the suggested one. Enter corrects it", 3600)
    scene.hand.press(Qt.Key.Key_Return)
    scene.camera.roll(800)
    scene.show(2200)


def evaluated(scene: Set) -> None:
    """How often the memory is right."""
    scene.window.notes.bar.hide()
    scene.say("How often is it right? Every image is decided by all the others", 1000)
    scene.hand.press(Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    scene.show(700)
    page = scene.window.study.findChild(EvaluatePage)
    assert page is not None
    scene.hand.click(page.run_button)
    scene.stage.settle()
    scene.stage.settle_look()  # the charts are drawn
    scene.camera.hold(5000)


STORY: tuple[Callable[[Set], None], ...] = (dropped, struck, queued, taught, undone, mended, evaluated)
