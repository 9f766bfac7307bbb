"""Parts of the query: drawn with the mouse or by keys, decided, taught, kept in a list while the image is looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app.operations import teach
from visualmemory_gui.app.views.decide.part_box import PartBox
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.types import Box, Exemplar

RED, BLUE = (200, 30, 30), (30, 30, 200)
TURNED = 6  # EXIF: the camera was held upright


def two_things() -> Image.Image:
    """400 x 300, red on the left, blue on the right."""
    pixels = np.full((300, 400, 3), 255, np.uint8)
    pixels[100:200, 50:150], pixels[100:200, 250:350] = RED, BLUE
    return Image.fromarray(pixels)


@pytest.fixture
def shown(desk: Desk, tmp_path: Path, qtbot: QtBot) -> Desk:
    """A window that shows an image of two things, whose file is turned by its EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = TURNED
    two_things().transpose(Image.Transpose.ROTATE_90).save(tmp_path / "two.png", exif=exif)
    desk.drop_files(desk.window.decide, tmp_path / "two.png")
    read(desk, qtbot)
    return desk


def read(desk: Desk, qtbot: QtBot) -> None:
    """Wait until all pixels of the query are there."""
    qtbot.waitUntil(lambda: desk.window.decide.query_image.part is not None, timeout=5000)
    desk.settle()


def drag(desk: Desk, qtbot: QtBot, *box: int) -> None:
    """Drag over x, y, w, h of the image with Shift."""
    image, shift = desk.window.decide.query.image, Qt.KeyboardModifier.ShiftModifier
    corner, scale = image.place().topLeft(), image.place().width() / image.frame.size.width()
    x, y, w, h = box
    begin, end = ((corner + QPointF(*at) * scale).toPoint() for at in ((x, y), (x + w, y + h)))
    qtbot.mousePress(image, Qt.MouseButton.LeftButton, shift, begin)
    for spot in ((begin + end) / 2, end):
        qtbot.mouseMove(image, spot)
    qtbot.mouseRelease(image, Qt.MouseButton.LeftButton, shift, end)
    desk.settle()


def newest(desk: Desk) -> Exemplar:
    return desk.memory.catalog.get([max(desk.memory.snapshot.ids.tolist())])[0]


def near(one: Box | None, other: Box, by: int = 3) -> bool:
    """Whether two boxes are alike, as far as pixels of the screen can be hit."""
    return one is not None and all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def test_parts_are_drawn_with_the_mouse_decided_taught_and_listed(shown: Desk, qtbot: QtBot):
    desk, query, parts = shown, shown.window.decide.query, shown.window.decide.parts
    model, image = desk.window.session.decision, query.image
    left, right = Box(50, 100, 100, 100), Box(250, 100, 100, 100)
    assert query.box_hint.isHidden() and query.parts.isHidden()
    drag(desk, qtbot, *left)
    read(desk, qtbot)
    assert model.query is not None and near(model.query.box, left) and "at" in model.query.name
    assert desk.decision.label == "animals/cat"  # the class of red images
    assert image.pyramid is not None and image.pyramid.size == QSize(400, 300)  # still the whole image
    image.zoom_by(1.5, QPointF(50, 150))
    view = image.viewport
    drag(desk, qtbot, *right)
    assert desk.decision.label != "animals/cat" and image.viewport == view
    assert [near(one, wanted) for one, wanted in zip(parts.boxes, (left, right), strict=True)] == [True, True]
    rows = [str(parts.index(row).data()) for row in range(parts.rowCount())]
    assert rows[0].startswith("Whole image") and "animals/cat" in rows[1] and query.parts.isVisible()
    second = model.query.box
    desk.window.commands.decide.teach_as("things/blue")
    desk.settle()
    taught = newest(desk)
    assert taught.label == "things/blue" and taught.box == second and (taught.width, taught.height) == (400, 300)
    query.parts.clicked.emit(parts.index(1))
    desk.settle()
    assert model.query is not None and near(model.query.box, left) and desk.decision.label == "animals/cat"
    query.parts.setFocus()
    qtbot.keyClick(query.parts, Qt.Key.Key_Delete)
    desk.settle()
    assert parts.boxes == [second] and model.query.box is None  # the whole image again
    drag(desk, qtbot, 10, 10, 3, 3)
    assert "at least 8 x 8" in query.box_hint.text() and model.query.box is None
    drag(desk, qtbot, 300, 200, 5000, 5000)  # out of the image: clipped to it
    assert model.query.box is not None and model.query.box.x + model.query.box.w == 400


def test_a_part_is_cut_from_the_pixels_that_are_shown_as_if_it_were_read_from_the_file(
    shown: Desk, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read_again: list[str] = []
    decode = DecodePool.decode
    monkeypatch.setattr(DecodePool, "decode", lambda self, path, box=None: read_again.append(str(path)))
    model = shown.window.session.decision
    for box in (Box(50, 100, 100, 100), Box(251, 99, 97, 103)):  # the second is a part drawn while a part is the query
        drag(shown, qtbot, *box)
        read(shown, qtbot)
    assert not read_again and not shown.errors and model.query is not None and model.query.image is not None
    monkeypatch.setattr(DecodePool, "decode", decode)
    found, again = model.query.image, shown.memory.decode(tmp_path / "two.png", model.query.box)
    assert np.array_equal(found.pixels, again.pixels)
    assert replace(found, pixels=again.pixels) == again


def test_a_part_is_drawn_by_keys_and_no_digit_teaches_meanwhile(shown: Desk, qtbot: QtBot):
    desk, decide = shown, shown.window.decide
    box, before = decide.query.box, dict(shown.memory.class_counts())
    desk.window.activateWindow()
    qtbot.waitActive(desk.window)
    decide.neighbours.grid.setFocus()
    desk.key(Qt.Key.Key_B)
    assert (
        box.isVisible()
        and box.hasFocus()
        and box.box == Box(100, 75, 200, 150)
        and "Enter" in decide.query.box_hint.text()
    )
    qtbot.keyClick(box, Qt.Key.Key_Left)
    qtbot.keyClick(box, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(box, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    moved = box.box
    assert moved is not None and moved.x < 100 and moved.y == 74 and moved.w < 200 and "at" in box.accessibleName()
    for _ in range(60):
        qtbot.keyClick(box, Qt.Key.Key_Left)
        qtbot.keyClick(box, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(box, Qt.Key.Key_1)
    assert box.box is not None and box.box.x == 0 and box.box.h == 8 and desk.memory.class_counts() == before
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert not box.isVisible() and decide.neighbours.grid.hasFocus() and desk.window.session.decision.query.box is None
    desk.key(Qt.Key.Key_B)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    desk.settle()
    assert desk.window.session.decision.query.box == Box(100, 75, 200, 150) and decide.neighbours.grid.hasFocus()
    label = desk.window.session.class_marks.label_of(1)
    desk.key(Qt.Key.Key_1)
    assert label is not None and desk.memory.class_counts()[label] == before[label] + 1


def test_a_part_is_drawn_again_from_the_recent_queries_and_refused_where_the_file_changed(
    shown: Desk, tmp_path: Path, qtbot: QtBot
):
    desk, decide = shown, shown.window.decide
    drag(desk, qtbot, 50, 100, 100, 100)
    part = desk.window.session.decision.query
    other = tmp_path / "other.png"
    two_things().resize((200, 150)).save(other)
    desk.drop_files(decide, other)
    assert decide.parts.rowCount() == 0
    rows = [decide.recent.query(row) for row in range(decide.recent.rowCount())]
    [again] = [row for row, query in enumerate(rows) if query.box is not None]
    assert rows[again].box == part.box and rows[again].name == part.name
    decide.on_recent_chosen(again)
    read(desk, qtbot)
    assert decide.parts.boxes == [part.box] and decide.query.image.pyramid.size == QSize(400, 300)
    desk.window.commands.decide.teach_as("things/red")
    desk.settle()
    assert newest(desk).box == part.box
    decide.parts.choose(0)
    desk.settle()
    assert desk.window.session.decision.query.box is None and not desk.errors
    (tmp_path / "two.png").unlink()
    drag(desk, qtbot, 250, 100, 100, 100)  # from the copy in the memory
    assert len(decide.parts.boxes) == 2 and not desk.errors
    desk.drop_files(decide, other)
    read(desk, qtbot)
    two_things().resize((60, 60)).save(other)
    drag(desk, qtbot, 100, 50, 60, 60)
    assert "changed" in " ".join(desk.errors[-1]) and decide.parts.rowCount() == 0
    other.unlink()
    drag(desk, qtbot, 100, 50, 60, 60)
    assert "no longer there" in " ".join(desk.errors[-1])


def test_a_pasted_image_has_parts_too_and_one_that_is_only_a_thumbnail_has_none(desk: Desk, qtbot: QtBot):
    decide = desk.window.decide
    desk.window.commands.decide.decide([two_things()])
    read(desk, qtbot)
    drag(desk, qtbot, 50, 100, 100, 100)
    assert desk.decision.label == "animals/cat"
    teach.teach(desk.window.session, [desk.window.session.decision.query.image], "things/red")
    desk.settle()
    assert newest(desk).box == decide.parts.boxes[0]
    pasted = next(q for q in map(decide.recent.query, range(decide.recent.rowCount())) if q.box is None)
    desk.window.session.decision.ask_query(pasted)
    desk.settle()
    qtbot.waitUntil(lambda: bool(decide.query_image.why), timeout=5000)
    box = desk.window.findChild(PartBox, "partBox")
    assert box is not None
    box.begin()
    assert "No part can be cut out" in decide.query.box_hint.text() and not box.isVisible()
    qtbot.mousePress(decide.query.image, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, QPoint(50, 50))
    assert not box.isVisible()
