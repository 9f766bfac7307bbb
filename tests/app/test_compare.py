"""The query beside a neighbour: zoomed together, by keyboard, with no key that teaches meanwhile."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QPointF, QSize, Qt
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import paint_image
from visualmemory_gui.app.models.viewport import FIT
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.types import Box


def test_a_neighbour_is_compared_and_struck_out_by_keyboard(asked: Desk, qtbot: QtBot):
    desk, decide = asked, asked.window.decide
    compare, taught = decide.compare, dict(desk.memory.class_counts())
    qtbot.waitUntil(lambda: decide.query_image.pyramid is not None, timeout=5000)
    desk.key(Qt.Key.Key_C)
    ids = [n.id for n in desk.decision.voters]
    assert compare.isVisible() and compare.exemplar == ids[0] and decide.selected() == [ids[0]]
    said = compare.neighbour_words.text()
    assert "rank 1" in said and "distance" in said and "of the vote" in said
    qtbot.waitUntil(lambda: compare.neighbour.pyramid is not None and compare._comparison.pyramid is not None)
    qtbot.keyClick(compare, Qt.Key.Key_Plus)
    compare.neighbour.zoom_by(2.0, QPointF(10, 10))
    assert compare.query.viewport == compare.neighbour.viewport != FIT
    qtbot.keyClick(compare, Qt.Key.Key_Right)
    desk.settle()
    assert compare.exemplar == ids[1] and compare.neighbour.viewport == compare.query.viewport
    for key in (Qt.Key.Key_2, Qt.Key.Key_1, Qt.Key.Key_0, Qt.Key.Key_T, Qt.Key.Key_R):
        qtbot.keyClick(compare, key)
    desk.settle()
    assert desk.memory.class_counts() == taught and not desk.ask.asked and compare.query.viewport == FIT
    qtbot.keyClick(compare, Qt.Key.Key_S)
    desk.settle()
    assert [row.state for row in desk.memory.catalog.get([ids[1]])] == ["struck"]
    assert compare.exemplar == ids[1] and "struck out" in compare.accessibleName()
    qtbot.keyClick(compare, Qt.Key.Key_U)
    desk.settle()
    assert [row.state for row in desk.memory.catalog.get([ids[1]])] == ["active"]
    qtbot.keyClick(compare, Qt.Key.Key_S)
    desk.settle()
    qtbot.keyClick(compare, Qt.Key.Key_Right)  # the one that moved up into its place
    desk.settle()
    assert compare.exemplar == ids[2]
    qtbot.keyClick(compare, Qt.Key.Key_Left)
    assert compare.exemplar == ids[0] and not compare.before.isEnabled()
    compare.map.setChecked(True)
    qtbot.waitUntil(lambda: compare.neighbour._layer is not None and compare.query._layer is not None, timeout=10_000)
    compare.map.setChecked(False)
    qtbot.waitUntil(lambda: compare.neighbour._layer is None, timeout=10_000)
    assert not decide.query.similarity.isChecked()
    qtbot.keyClick(compare, Qt.Key.Key_Escape)
    assert not compare.isVisible()
    decide.neighbours.compare.click()
    assert compare.isVisible()
    desk.window.let_go()
    assert not compare.isVisible()


def test_a_part_is_shown_on_its_original_until_that_changes(desk: Desk, tmp_path: Path, qtbot: QtBot):
    pixels = np.full((200, 300, 3), 255, np.uint8)
    pixels[50:110, 100:180] = (200, 30, 30)
    path = tmp_path / "whole.png"
    Image.fromarray(pixels).save(path)
    paint_image((200, 30, 30), seed=9).save(tmp_path / "query.png")
    with VisualMemory.create(tmp_path / "parts.vmem", encoder="fake") as memory:
        [part] = memory.add([path], ["red"], boxes=[Box(100, 50, 80, 60)], copy=False)
    desk.open(tmp_path / "parts.vmem")
    desk.drop_files(desk.window.decide, tmp_path / "query.png")
    compare = desk.window.decide.compare

    def look() -> None:
        desk.press("actionCompare")
        qtbot.waitUntil(lambda: compare._comparison.whole is not None or bool(compare._comparison.why), timeout=5000)

    look()
    assert compare.exemplar == part and compare.original.isVisible()
    assert compare.neighbour.pyramid is not None and compare.neighbour.pyramid.size == QSize(80, 60)
    qtbot.keyClick(compare, Qt.Key.Key_O)
    assert compare.neighbour.pyramid.size == QSize(300, 200) and str(path) in compare.note.text()
    corner = compare.neighbour.place_of(Box(100, 50, 80, 60)).topLeft().toPoint()
    shown = compare.neighbour.grab().toImage()
    assert shown.pixelColor(corner + (corner - corner)).name() not in ("#ffffff", "#c81e1e")  # its outline
    desk.key(Qt.Key.Key_Escape)
    Image.fromarray(pixels[:150]).save(path)
    look()
    assert "changed" in compare.note.text() and compare.original.isVisible() and not compare.original.isEnabled()
    assert not compare.neighbour.pixmap.isNull()  # its thumbnail
    desk.key(Qt.Key.Key_Escape)
    path.unlink()
    look()
    assert "no longer there" in compare.note.text()
