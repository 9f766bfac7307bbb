"""The scenes of choosing an encoder: what is listed, a fetch under way, and what is said when it was stopped."""

from __future__ import annotations

import os
from unittest.mock import patch

from PySide6.QtWidgets import QApplication, QComboBox

from tests.hub_server import hub_server
from tools.screenshots.stage import Stage, unpack, wait
from visualmemory_gui.app.models.encoders import JOB
from visualmemory_gui.app.operations.reembed import reembed as again
from visualmemory_gui.app.widgets.dialogs.encoder_dialog import EncoderDialog
from visualmemory_gui.app.widgets.dialogs.import_dialog import ImportDialog
from visualmemory_gui.engine.encoders import timm_models
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

SHOWN = "dinov2-small"


def encoders(stage: Stage) -> None:
    """A new memory of a folder, with another encoder, from a hub on this computer."""
    folder = stage.room / "birds"
    unpack(stage, folder, most=200)
    with hub_server() as hub:
        hub.files = {of.repository: bytes(88_000_000) for of in timm_models.SPECS if of.name == SHOWN}
        hub.pause_s = 0.01
        here = {"XDG_DATA_HOME": str(stage.room), "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(stage.room / "hub")}
        with patch.dict(os.environ, here):
            _choose(stage, str(folder))


def _choose(stage: Stage, folder: str) -> None:
    stage.window.commands.memory.new_memory_of(folder)
    stage.settle()
    stage.shoot("new-memory")
    asked = stage.dialog()
    assert isinstance(asked, ImportDialog)
    asked.encoder_requested.emit()
    stage.settle()
    chooser = next(each for each in QApplication.topLevelWidgets() if isinstance(each, EncoderDialog))
    chooser.measure_requested.emit("lite0")
    stage.settle()
    stage.shoot("encoders")
    names = [row.name for row in chooser.model.rows]
    chooser.table.selectRow(names.index(SHOWN))
    chooser.fetch_requested.emit(SHOWN)
    tasks = stage.window.session.tasks
    wait(stage, lambda: any(task.done > 8_000_000 for task in tasks.running))
    stage.shoot("encoder-fetch")
    if (task := tasks.running_job(JOB)) is not None:
        task.cancel()
    stage.settle()
    stage.shoot("encoder-fetch-stopped")
    chooser.table.selectRow(names.index("dinov3-small"))
    chooser.fetch_requested.emit("dinov3-small")
    stage.settle_look()
    stage.shoot("encoder-terms")


def reembedded(stage: Stage) -> None:
    """A memory made again under another encoder: what is asked, what it takes, and how the two compare."""
    folder = stage.room / "again" / "birds"
    unpack(stage, folder, most=120)
    first = folder.with_suffix(".vmem")
    with VisualMemory.create(first, "fake") as memory:
        memory.build(folder)
    next(path for path in sorted(folder.rglob("*")) if path.is_file()).unlink()
    stage.window.open(str(first))
    stage.settle()
    stage.press("actionReembed")
    chooser = stage.dialog()
    assert isinstance(chooser, EncoderDialog)
    chooser.table.selectRow([row.name for row in chooser.model.rows].index("lite0"))
    dims = chooser.findChild(QComboBox, "encoderDim")
    assert isinstance(dims, QComboBox)
    dims.setCurrentIndex(dims.findData(256))
    stage.shoot("reembed")
    stage.close_dialogs()
    again(stage.window.session, str(first.with_name("birds-lite0.vmem")), encoder="lite0")
    tasks = stage.window.session.tasks
    wait(stage, lambda: any(task.done for task in tasks.running) or not tasks.busy)
    stage.shoot("reembed-busy")
    stage.settle()
    stage.shoot("reembed-note")
    stage.window.open(str(stage.room / "birthday" / "demo.vmem"))
    stage.settle()
