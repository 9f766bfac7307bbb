"""A memory made from a folder: what is chosen for it, and that none is left behind where nothing could be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QComboBox

from tests.app.conftest import Desk
from tests.conftest import paint_image, write_images
from visualmemory_gui.app import preferences
from visualmemory_gui.app.views.kit.choosers import Choosers
from visualmemory_gui.app.widgets.dialogs.import_dialog import ImportDialog
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


def new_memory_of(desk: Desk, folder: Path) -> None:
    desk.window.commands.memory.new_memory_of(str(folder))
    desk.settle()


def test_a_memory_into_which_nothing_came_is_removed_and_forgotten(empty_desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "birds" / "owl").mkdir(parents=True)
    (tmp_path / "birds" / "owl" / "broken.png").write_bytes(b"not an image")
    new_memory_of(empty_desk, tmp_path / "birds")
    assert empty_desk.window.session.memory is None and empty_desk.window.workspace == "empty"
    assert not (tmp_path / "birds.vmem").exists()
    assert empty_desk.notes[-1] == "birds holds no image that can be read; birds.vmem was not made."
    assert preferences.recent_memories(empty_desk.window.settings) == []


def test_one_image_that_can_be_read_keeps_the_memory(empty_desk: Desk, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "birds", each=1)
    (folder / "broken.png").write_bytes(b"not an image")
    new_memory_of(empty_desk, folder)
    assert empty_desk.memory.summary().active == 3 and (tmp_path / "birds.vmem").exists()


def test_an_import_that_brings_nothing_leaves_a_memory_that_was_there(empty_desk: Desk, tmp_path: Path) -> None:
    VisualMemory.create(tmp_path / "old.vmem", encoder="fake").close()
    empty_desk.open(tmp_path / "old.vmem")
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / "broken.png").write_bytes(b"not an image")
    empty_desk.window.commands.memory.import_folder(str(tmp_path / "birds"))
    empty_desk.settle()
    assert empty_desk.window.session.memory is not None and (tmp_path / "old.vmem").exists()


def test_the_vectors_of_a_new_memory_are_reduced_where_that_is_chosen(empty_desk: Desk, tmp_path: Path) -> None:
    for i in range(70):
        (tmp_path / "birds" / f"class {i % 2}").mkdir(parents=True, exist_ok=True)
        paint_image((3 * i, 90, 250 - 3 * i), seed=i).save(tmp_path / "birds" / f"class {i % 2}" / f"{i}.png")
    dialogs: list[ImportDialog] = []

    def options(folder: str, then: Any, *, label: str | None = None, encoder: Any = None) -> Any:
        encoder.name = "fake"
        tell = Choosers(empty_desk.window).import_options(folder, then, label=label, encoder=encoder)
        dialogs.extend(empty_desk.window.findChildren(ImportDialog))
        return tell

    empty_desk.ask.import_options = options  # type: ignore[method-assign]
    new_memory_of(empty_desk, tmp_path / "birds")
    dims = dialogs[0].findChild(QComboBox, "importDim")
    assert isinstance(dims, QComboBox)
    assert dims.itemData(0) is None
    dims.addItem("Reduced to 32 numbers", 32)  # the encoder has 64
    dims.setCurrentIndex(dims.findData(32))
    dialogs[0].accept()
    empty_desk.bot.waitUntil(lambda: empty_desk.window.session.memory is not None, timeout=20_000)
    empty_desk.settle()
    assert empty_desk.errors == [] and empty_desk.memory.identity.dim == 32
    assert empty_desk.memory.summary().active == 70


def test_too_few_images_for_that_are_named_and_no_memory_is_made(empty_desk: Desk, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "birds", each=2)

    def options(folder: str, then: Any, *, encoder: Any) -> Any:
        encoder.name = "fake"
        encoder.reduce(32)
        return lambda facts: None if facts.measured else then(False)

    empty_desk.ask.import_options = options  # type: ignore[method-assign]
    new_memory_of(empty_desk, folder)
    assert "at least 33 different images" in " ".join(empty_desk.errors[0])
    assert not (tmp_path / "birds.vmem").exists() and empty_desk.window.session.memory is None
