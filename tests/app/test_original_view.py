"""The original of an exemplar from a card, from Curate and from the map: all its pixels, and the part outlined."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from tests.app.conftest import Desk
from tests.conftest import paint_image
from visualmemory_gui.app.operations import originals
from visualmemory_gui.app.views.kit.original_view import OriginalView
from visualmemory_gui.engine.memory import original_image
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.types import Box

SHIFT = Qt.KeyboardModifier.ShiftModifier
BOX = Box(100, 50, 80, 60)


@pytest.fixture
def parts(desk: Desk, tmp_path: Path) -> Iterator[Desk]:
    """A window over a memory of one part of an image, whose query is a red image."""
    pixels = np.full((200, 300, 3), 255, np.uint8)
    pixels[50:110, 100:180] = (200, 30, 30)
    Image.fromarray(pixels).save(tmp_path / "whole.png")
    paint_image((200, 30, 30), seed=9).save(tmp_path / "query.png")
    with VisualMemory.create(tmp_path / "parts.vmem", encoder="fake") as memory:
        memory.add([tmp_path / "whole.png"], ["red"], boxes=[BOX], copy=False)
    desk.open(tmp_path / "parts.vmem")
    desk.drop_files(desk.window.decide, tmp_path / "query.png")
    yield desk
    QGuiApplication.clipboard().clear()


def seen(desk: Desk, view: OriginalView) -> OriginalView:
    """The view once it has read all there is."""
    desk.settle()
    desk.bot.waitUntil(lambda: view._read.whole is not None or bool(view._read.why), timeout=5000)
    return view


def test_a_part_is_shown_on_its_original_from_a_card_and_from_curate(parts: Desk, tmp_path: Path) -> None:
    parts.select([1])
    parts.key(Qt.Key.Key_Space, SHIFT)
    view = seen(parts, parts.window.decide.original)
    assert view.isVisible() and view.image.pyramid is not None and view.image.pyramid.size == QSize(300, 200)
    assert view.image._boxes == (BOX,) and "80 x 60 at 100, 50" in view.words.accessibleName()
    before = parts.memory.history.steps()
    QTest.keyClick(view, Qt.Key.Key_X)  # a key that strikes elsewhere
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert view.image.viewport.zoom > 1 and parts.memory.history.steps() == before
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not view.isVisible() and view.image.pyramid is None
    parts.press("actionCurate")
    curate = parts.window.curate
    curate.grid.selection.click(0)
    curate.grid.changed_selection()
    (tmp_path / "whole.png").unlink()
    curate.actions_by_id["original"].trigger()
    view = seen(parts, curate.original)
    assert view.isVisible() and "no longer there" in view.words.accessibleName() and not view.image.pixmap.isNull()
    parts.window.session.close()
    parts.settle()
    assert not view.isVisible()


def test_files_are_opened_shown_and_copied(parts: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    for name in ("open_file", "show_in_folder"):
        monkeypatch.setattr(originals, name, opened.append)
    parts.select([1])
    for action in ("actionOpenOriginal", "actionShowInFolder", "actionQueryOpen", "actionQueryFolder"):
        parts.press(action)
    whole, query = str(tmp_path / "whole.png"), str(tmp_path / "query.png")
    assert opened == [whole, whole, query, query]
    parts.press("actionCopy")
    assert QGuiApplication.clipboard().image().size() == QSize(80, 60)  # the part alone
    parts.press("actionQueryCopy")
    assert QGuiApplication.clipboard().image().size() == QSize(*paint_image((200, 30, 30), seed=9).size)
    (tmp_path / "whole.png").unlink()
    parts.press("actionOpenOriginal")
    assert opened == [whole, whole, query, query] and "is no longer there" in parts.notes[-1]
    parts.press("actionCopy")
    assert parts.notes[-1].startswith("Copied the thumbnail of whole.png") and "no longer there" in parts.notes[-1]


@pytest.mark.parametrize("name", ["whole.desktop", "whole.exe", "whole"])
def test_a_file_that_may_be_a_program_is_not_opened(
    parts: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(originals, "open_file", opened.append)
    (tmp_path / "whole.png").rename(tmp_path / name)
    monkeypatch.setattr(original_image, "places", lambda *_: [tmp_path / name])
    parts.select([1])
    parts.press("actionOpenOriginal")
    assert not opened and parts.notes[-1].startswith(f"{name} was not opened")
