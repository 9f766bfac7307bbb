"""The encoders that can be chosen, as the window lists them: what each is, whether it is here, how fast it is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.types import EncoderInfo

JOB = "an encoder"
"""The job that fetches, adds or measures an encoder: one at a time."""
FILES = (".safetensors", ".onnx", ".pt")
"""The endings of the user's own files that can be added."""


class EncodersModel(QObject):
    """``rows`` are empty until they have been read. ``told`` is what the last fetch or measurement came to."""

    updated = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.tasks = tasks
        self.rows: Sequence[EncoderInfo] = ()
        self.told = ""
        self._speeds: dict[str, float] = {}
        tasks.started.connect(lambda _: self.updated.emit())
        tasks.finished.connect(lambda _: self.updated.emit())

    @property
    def busy(self) -> bool:
        """Whether an encoder is being fetched or measured."""
        return self.tasks.running_job(JOB) is not None

    def row(self, name: str) -> EncoderInfo | None:
        return next((row for row in self.rows if row.name == name), None)

    def set_rows(self, rows: Sequence[EncoderInfo]) -> None:
        self.rows = rows
        self.updated.emit()

    def speed_of(self, name: str) -> str:
        """ "246 a second", as measured here; "" where it has not been."""
        speed = self._speeds.get(name)
        if speed is None:
            return ""
        return f"{speed:,.0f} a second" if speed >= 10 else f"{speed:.1f} a second"

    def set_speed(self, name: str, speed: float) -> None:
        """Keep how many images a second ``name`` computes here."""
        self._speeds[name] = speed
        self.updated.emit()

    def tell(self, text: str) -> None:
        """Say what the last job came to; "" once another begins."""
        self.told = text
        self.updated.emit()


def facts(row: EncoderInfo) -> str:
    """What there is to know of an encoder before it is chosen."""
    said = f"{row.name}: {row.dim:,} numbers per vector. Licence: {row.licence}."
    return f"{said} Its terms: {row.terms}" if row.terms else said
