"""What the window opens that a stranger made, or that is no memory at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QToolTip

from tests.app.conftest import Desk
from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.encoders import weights
from visualmemory_gui.engine.types import EncoderIdentity


@pytest.mark.parametrize("name", ["x/enc.pt", "local/enc.pt", "dinov2-small"])
def test_a_memory_whose_encoder_is_not_here_is_shown_and_nothing_is_copied_or_fetched(
    empty_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "enc.pt").write_bytes(b"a network")
    with VisualMemory.create_for(tmp_path / "m.vmem", EncoderIdentity(name, 384, "0" * 64)) as m:
        m.add_vectors(*clustered(8, dim=384, classes=2, seed=0))
    empty_desk.open(tmp_path / "m.vmem")
    assert empty_desk.memory.summary().active == 8
    [(what, todo)] = empty_desk.errors
    assert ("encoders --" in what or "nknown encoder" in what) and todo
    assert not weights.folder().exists()


@pytest.mark.parametrize("place", ["milvus://host/x", "http://host/m.vmem", "file:///tmp/m.vmem"])
def test_a_place_that_is_no_folder_is_refused_and_not_made(
    empty_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    empty_desk.window.open(place)
    empty_desk.settle()
    assert "folder on this computer" in empty_desk.errors[0][0]
    assert list(tmp_path.iterdir()) == []


def test_markup_in_a_name_is_shown_and_not_followed(empty_desk: Desk) -> None:
    text, window = "a <img src='file:///etc/hostname'> <b>cat</b>", empty_desk.window
    box = QMessageBox(window)
    box.setText(text)
    box.open()
    QToolTip.showText(QPoint(5, 5), text, window)
    shown = [label for label in QApplication.allWidgets() if isinstance(label, QLabel) and label.text() == text]
    assert len(shown) == 2 and {label.textFormat() for label in shown} == {Qt.TextFormat.PlainText}
    QToolTip.hideText()
    box.close()
