"""A bundle becomes a memory: by double click, by name on the command line, by drop, by choice."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from tests.app.conftest import Desk
from visualmemory_gui.app import preferences
from visualmemory_gui.app.application import create
from visualmemory_gui.engine.exchange import bundle as bundles
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def bundle(small: Path, tmp_path: Path) -> Path:
    """The small memory in one file, in a folder of its own."""
    (tmp_path / "mail").mkdir()
    with VisualMemory.open(small, readonly=True) as memory:
        bundles.export(memory, tmp_path / "mail" / "birds.vmemz")
    return tmp_path / "mail" / "birds.vmemz"


def test_a_bundle_dropped_on_the_empty_state_becomes_a_memory_beside_it(empty_desk: Desk, bundle: Path) -> None:
    empty_desk.drop_files(empty_desk.window.empty, bundle)
    assert empty_desk.ask.asked == [str(bundle.with_suffix(".vmem"))]
    assert empty_desk.memory.path == bundle.with_suffix(".vmem")
    assert empty_desk.memory.summary().active == 18
    assert empty_desk.memory.history.can_undo() is None
    assert preferences.recent_memories(empty_desk.window.settings)[0] == str(bundle.with_suffix(".vmem"))


def test_another_memory_is_open_until_the_bundle_is_unpacked(desk: Desk, bundle: Path) -> None:
    desk.ask.path = str(bundle)
    desk.press("actionBundle")
    assert desk.memory.path == bundle.with_suffix(".vmem")
    assert desk.errors == []


def test_a_name_that_is_taken_is_not_suggested(empty_desk: Desk, bundle: Path) -> None:
    bundle.with_suffix(".vmem").mkdir()
    (bundle.with_suffix(".vmem") / "something").touch()
    empty_desk.open(bundle)
    assert empty_desk.memory.path.name == "birds-2.vmem"


def test_a_place_that_holds_something_is_refused_and_left(
    empty_desk: Desk, bundle: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(empty_desk.ask, "new_memory", lambda suggested, then: then(str(small)))
    empty_desk.open(bundle)
    assert "is not empty" in empty_desk.errors[0][0]
    assert empty_desk.window.workspace == "empty"
    with VisualMemory.open(small) as memory:
        assert memory.summary().active == 18


@pytest.mark.parametrize("damage", ["no zip", "cut", "missing", "another zip"])
def test_a_broken_bundle_is_told_before_anything_is_asked(empty_desk: Desk, bundle: Path, damage: str) -> None:
    whole = bundle.read_bytes()
    if damage == "missing":
        bundle.unlink()
    else:
        bundle.write_bytes({"no zip": b"hello", "cut": whole[:-200], "another zip": b"PK\5\6" + bytes(18)}[damage])
    empty_desk.open(bundle)
    assert len(empty_desk.errors) == 1 and "birds.vmemz" in empty_desk.errors[0][0]
    assert empty_desk.ask.asked == []
    assert not bundle.with_suffix(".vmem").exists()


def test_damage_inside_is_told_and_leaves_no_memory(empty_desk: Desk, bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    at = data.index(b"\x89PNG") + 60
    data[at] ^= 1
    bundle.write_bytes(data)
    empty_desk.open(bundle)
    assert "damaged" in empty_desk.errors[0][0]
    assert not bundle.with_suffix(".vmem").exists()
    assert empty_desk.window.workspace == "empty"


def test_a_bundle_named_when_the_window_starts_asks_once_the_window_is_there(
    qtbot: QtBot, qapp: QApplication, bundle: Path, tmp_path: Path
) -> None:
    """What a double click does: the desktop starts the program with the file's path."""
    _, window = create(
        ["visualmemory-gui", str(bundle)], settings=QSettings(str(tmp_path / "w.ini"), QSettings.Format.IniFormat)
    )
    assert window.findChild(QFileDialog) is None
    window.show()
    qtbot.waitUntil(lambda: window.findChild(QFileDialog) is not None)
    dialog = window.findChild(QFileDialog)
    assert dialog.directory().path() == str(bundle.parent)
    assert [Path(path).name for path in dialog.selectedFiles()] == ["birds.vmem"]
    dialog.fileSelected.emit(str(bundle.parent / "mine"))
    dialog.done(QDialog.DialogCode.Rejected)
    qtbot.waitUntil(lambda: window.session.memory is not None and not window.session.tasks.busy, timeout=20_000)
    assert window.session.memory.path == bundle.parent / "mine.vmem"
    window.close()
    delete(window)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.vmemz", "bundle"), ("A.VMEMZ", "bundle"), ("a.zip", "other"), ("gone.vmemz", "bundle")]
)
def test_a_bundle_is_told_by_its_name(tmp_path: Path, name: str, kind: str) -> None:
    if name != "gone.vmemz":
        (tmp_path / name).touch()
    assert preferences.kind_of([str(tmp_path / name)]) == kind
