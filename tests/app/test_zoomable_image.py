"""Looking closer at an image: the wheel, dragging, double clicks and keys, and what is read of it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPixmap, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app.models.image_pyramid import ImagePyramid
from visualmemory_gui.app.models.viewport import FIT, ImageFrame, Viewport
from visualmemory_gui.app.views.kit.zoomable_image import ZoomableImage
from visualmemory_gui.engine.types import Box, FullImage

FRAME = ImageFrame(QSize(1000, 500), QSizeF(400, 400))


def test_an_image_that_fits_lies_in_the_middle_and_what_is_zoomed_at_stays_under_the_mouse():
    assert FRAME.place(FIT) == QRectF(0, 100, 400, 200)
    at = QPointF(100, 180)
    view = FRAME.zoomed(FIT, 5.0, at)
    place = FRAME.place(view)
    assert place.width() == pytest.approx(2000)
    assert ((at.x() - place.x()) / place.width(), (at.y() - place.y()) / place.height()) == pytest.approx((0.25, 0.4))


@pytest.mark.parametrize(
    ("frame", "asked", "zoom"),
    [
        (FRAME, 0.1, 1.0),  # a large image is never smaller than fits
        (FRAME, 1e9, 16 * FRAME.full),
        (ImageFrame(QSize(40, 40), QSizeF(400, 400)), 0.01, 0.1),  # a small one may be seen 1:1
        (ImageFrame(QSize(1000, 500), QSizeF(400, 400), 2.0), 1e9, 16 * FRAME.full / 2),
    ],
)
def test_a_zoom_ends_at_what_fits_and_where_pixels_are_large_squares(frame: ImageFrame, asked: float, zoom: float):
    assert frame.zoomed(FIT, asked).zoom == pytest.approx(zoom)


def test_an_image_cannot_be_dragged_out_of_sight():
    view = FRAME.zoomed(FIT, 4.0)
    for by in (QPointF(1e6, 1e6), QPointF(-1e6, -1e6)):
        place = FRAME.place(FRAME.moved(view, by))
        assert place.left() <= 1e-6 and place.right() >= 400 - 1e-6
        assert place.top() <= 1e-6 and place.bottom() >= 400 - 1e-6


def test_a_pyramid_has_a_level_for_every_zoom():
    pixels = np.random.default_rng(1).integers(0, 256, (600, 1100, 3), np.uint8)
    made = ImagePyramid.of_full(FullImage(pixels, 2200, 1200))  # read at half of its size
    assert [level.width() for level in made.levels] == [1100, 550, 275]
    assert (made.level(1.0).width(), made.level(0.2).width(), made.level(0.01).width()) == (1100, 550, 275)
    assert made.levels[0].pixelColor(7, 5).getRgb()[:3] == tuple(pixels[5, 7])
    box = Box(2 * 31, 2 * 17, 2 * 40, 2 * 20)
    assert made.part(box).levels[0] == made.levels[0].copy(31, 17, 40, 20)
    full = ImagePyramid.of_full(FullImage(pixels, 1100, 600))
    assert np.array_equal(full.pixels(Box(31, 17, 40, 20)), pixels[17:37, 31:71])


@pytest.mark.parametrize("shape", [(600, 1100), (601, 1101), (1, 1100), (1100, 1), (513, 2)])
def test_each_pixel_of_a_level_is_the_mean_of_four(shape: tuple[int, int]):
    pixels = np.random.default_rng(2).integers(0, 256, (*shape, 3), np.uint8)
    second = ImagePyramid.of_full(FullImage(pixels, shape[1], shape[0])).levels[1]
    high, wide = max(1, shape[0] // 2), max(1, shape[1] // 2)
    assert (second.height(), second.width()) == (high, wide)
    rows, columns = (
        np.minimum(2 * np.arange(n)[:, None] + (0, 1), most - 1) for n, most in zip((high, wide), shape, strict=True)
    )
    means = pixels.astype(float)[rows].mean(axis=1)[:, columns].mean(axis=2)
    for y, x in ((0, 0), (high - 1, wide - 1), (high // 2, wide // 2)):
        seen = second.pixelColor(x, y).getRgb()
        assert seen[3] == 255 and np.abs(seen[:3] - means[y, x]).max() <= 1


def test_the_window_goes_on_while_a_large_image_is_made_ready():
    """Qt from Python would let no other thread run while it converts or scales."""
    large = FullImage(np.zeros((4000, 3000, 3), np.uint8), 3000, 4000)
    turns, ended = [0], threading.Event()

    def count() -> None:
        while not ended.is_set():
            turns[0] += 1
            time.sleep(0)

    other = threading.Thread(target=count)
    other.start()
    before = turns[0]
    ImagePyramid.of_full(large)
    after = turns[0]
    ended.set()
    other.join()
    assert after - before > 400  # Qt lets it have about 70


@pytest.fixture
def view(qtbot: QtBot) -> ZoomableImage:
    """A view of 400 x 400 on an image of 1,600 x 800, of which only the middle pixel columns are white."""
    seen = ZoomableImage()
    qtbot.addWidget(seen)
    seen.resize(400, 400)
    seen.show()
    qtbot.waitExposed(seen)
    pixels = np.zeros((800, 1600, 3), np.uint8)
    pixels[:, 800:] = 255
    thumbnail = QImage(256, 128, QImage.Format.Format_RGB32)
    thumbnail.fill(Qt.GlobalColor.red)
    seen.set_pixmap(QPixmap.fromImage(thumbnail), "Query a.png")
    assert seen.accessibleName() == "Query a.png"
    assert seen.grab().toImage().pixelColor(200, 200).name() == "#ff0000"
    seen.set_pyramid(ImagePyramid.of_full(FullImage(pixels, 1600, 800)))
    return seen


def turn(view: ZoomableImage, at: QPointF, notches: int) -> None:
    no = Qt.MouseButton.NoButton
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), no, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def test_the_mouse_zooms_moves_and_fits(view: ZoomableImage, qtbot: QtBot):
    shown = view.grab().toImage()
    assert (shown.pixelColor(190, 200).value(), shown.pixelColor(210, 200).value()) == (0, 255)
    assert view.accessibleName() == "Query a.png, 25 %"
    turn(view, QPointF(100, 200), 5)
    assert view.percent == round(25 * 1.25**5) and view.place().left() < 0
    assert view.grab().toImage().pixelColor(90, 200).value() == 0
    before = view.place()
    qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    qtbot.mouseMove(view, QPoint(150, 190))
    qtbot.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(150, 190))
    assert view.place().topLeft() - before.topLeft() == QPointF(-50, -10)
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    assert view.viewport == FIT
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    assert view.percent == 100 and view.accessibleName() == "Query a.png, 100 %"
    turn(view, QPointF(200, 200), -40)
    assert view.viewport == FIT


def test_the_keyboard_does_the_same_and_a_layer_covers_its_part_alone(view: ZoomableImage, qtbot: QtBot):
    heard: list[Viewport] = []
    view.viewport_changed.connect(heard.append)
    for key, percent in ((Qt.Key.Key_Plus, 31), (Qt.Key.Key_Minus, 25), (Qt.Key.Key_1, 100), (Qt.Key.Key_0, 25)):
        qtbot.keyClick(view, key)
        assert view.percent == percent
    qtbot.keyClick(view, Qt.Key.Key_1)
    left = view.place().left()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.place().left() < left and heard[-1] == view.viewport
    view.fit()
    green = QImage(8, 8, QImage.Format.Format_RGB32)
    green.fill(Qt.GlobalColor.green)
    view.set_layer(green, QRectF(0, 0, 0.5, 1))
    shown = view.grab().toImage()
    assert (shown.pixelColor(100, 200).name(), shown.pixelColor(300, 200).name()) == ("#00ff00", "#ffffff")
    view.set_layer(None)
    assert view.grab().toImage().pixelColor(100, 200).name() == "#000000"


def test_decide_shows_all_pixels_of_the_query_unless_its_file_changed(desk: Desk, tmp_path: Path, qtbot: QtBot):
    wide = np.random.default_rng(2).integers(0, 256, (600, 900, 3), np.uint8)
    path = tmp_path / "wide.png"
    Image.fromarray(wide).save(path)
    decide = desk.window.decide
    desk.drop_files(decide, path)
    qtbot.waitUntil(lambda: decide.query_image.pyramid is not None, timeout=5000)
    image = decide.query.image
    assert image.pyramid is not None and image.pyramid.size == QSize(900, 600)
    full = desk.window.findChild(QToolButton, "queryImageFull")
    assert full is not None
    full.click()
    assert image.percent == 100
    place = image.place()
    shown = image.grab().toImage()
    at = (round(200 - place.x()), round(100 - place.y()))
    assert shown.pixelColor(200, 100).getRgb()[:3] == tuple(wide[at[1], at[0]])
    Image.fromarray(wide[:300]).save(path)
    desk.window.on_query_chosen(1)
    desk.settle()
    decide.query.on_recent_clicked(decide.recent.index(0))
    desk.settle()
    qtbot.waitUntil(lambda: bool(decide.query_image.why), timeout=5000)
    assert "changed" in decide.query_image.why and image.viewport == FIT
    path.unlink()
    decide.query.on_recent_clicked(decide.recent.index(0))
    desk.settle()
    qtbot.waitUntil(lambda: bool(decide.query_image.why), timeout=5000)
    assert "no longer there" in decide.query_image.why
    desk.window.commands.decide.decide([Image.fromarray(wide)])  # pasted
    desk.settle()
    qtbot.waitUntil(lambda: decide.query_image.pyramid is not None, timeout=5000)
