"""Asks how often a frame of a video is taken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog

LEAST, MOST, USUAL = 0.05, 3600.0, 2.0
MEANING = "The frames are saved as images in a new folder beside the video, and wait in the queue to be taught."


class VideoDialog(FittingDialog):
    """Use ``open()``; ``confirmed`` reports the seconds from one frame to the next."""

    confirmed = Signal(float)

    def __init__(self, parent: QWidget | None, *, videos: Sequence[str]) -> None:
        super().__init__(parent)
        self.setObjectName("videoDialog")
        self.setWindowTitle("Take frames of a video")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = QLabel(Path(videos[0]).name if len(videos) == 1 else f"{len(videos):,} videos")
        heading.setTextFormat(Qt.TextFormat.PlainText)
        heading.setWordWrap(True)
        heading.setFont(theme.points(self.font(), 2, bold=True))
        self.seconds = QDoubleSpinBox()
        self.seconds.setAccessibleName("Seconds from one frame to the next")
        self.seconds.setPrefix("a frame every ")
        self.seconds.setSuffix(" s")
        self.seconds.setRange(LEAST, MOST)
        self.seconds.setValue(USUAL)
        self.seconds.selectAll()
        meaning = QLabel(MEANING)
        meaning.setWordWrap(True)
        meaning.setProperty("dim", True)
        meaning.setMinimumWidth(theme.px(230))
        column = QVBoxLayout(self)
        for widget in (heading, self.seconds, meaning, self.verb_or_cancel("Take frames")[1]):
            column.addWidget(widget)
        self.seconds.setFocus()

    def accept(self) -> None:
        self.confirmed.emit(self.seconds.value())
        super().accept()
