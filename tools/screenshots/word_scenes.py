"""Exemplars found by words. The encoder ``fake`` serves, whose words are colours: it needs no weights."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QToolButton

from tools.screenshots.stage import Stage, unpack
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

SOME = 400


def words(stage: Stage) -> None:
    """A search by words in Curate, and what class names alone would say in the details of a decision."""
    window, folder = stage.window, stage.room / "some images"
    if window.session.memory is None:
        window.open(str(stage.room / "birthday" / "demo.vmem"))
        stage.settle()
    unpack(stage, folder, most=SOME)
    with VisualMemory.create(stage.room / "colours.vmem", encoder="fake") as memory:
        memory.build(folder)
    window.open(str(stage.room / "colours.vmem"))
    stage.settle()
    stage.press("actionCurate")
    line, switch = window.curate.findChild(QLineEdit, "filterEdit"), window.curate.findChild(QToolButton, "filterWords")
    assert line is not None and switch is not None
    switch.setChecked(True)
    stage.shoot("words-offered")
    line.setText("a red flag")
    QTest.keyClick(line, Qt.Key.Key_Return)
    stage.settle()
    stage.shoot("words-found")
    window.on_query_chosen(int(window.curate.grid.ids[0]))
    stage.settle()
    window.decide.decision.details.fold.setChecked(True)
    stage.settle()
    stage.shoot("class-names")
    window.open(str(stage.room / "birthday" / "demo.vmem"))
    stage.settle()
