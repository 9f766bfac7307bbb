"""Asks whether a folder's images are linked or copied, and shows what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QRadioButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog
from visualmemory_gui.app.widgets.panels.dim_choice import DimChoice
from visualmemory_gui.engine.text.visible_text import how_many, size_text

LINK = "Link: the images stay where they are"
COPY = "Copy: the memory keeps its own"
NO_COPIES = "A shared memory keeps thumbnails; the images stay where they are."


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What a folder contains, and what adding it costs once that is ``measured``.

    ``images`` are to be added, ``here`` others are in the memory already; ``size`` is that of ``images`` in bytes;
    ``skipped`` files are links or not images. ``seconds`` is how long it will take, ``kept`` what the memory stores
    besides copies of the images, in bytes; None if unknown. ``linked``: the memory can keep no copies.
    """

    images: int
    classes: int
    size: int
    skipped: int = 0
    measured: bool = False
    seconds: float | None = None
    kept: int | None = None
    here: int = 0
    linked: bool = False


class ImportDialog(FittingDialog):
    """Use ``open()``, then ``set_facts`` once the images are counted, and again once the cost is measured.

    ``confirmed`` reports whether to copy, ``encoder_requested`` asks for another encoder, ``dim_chosen`` has the
    numbers that each vector is reduced to, None for all of them.
    """

    confirmed = Signal(bool)
    encoder_requested = Signal()
    dim_chosen = Signal(object)

    def __init__(self, parent: QWidget | None, *, folder: str, label: str | None = None, encoder: str = "") -> None:
        """With ``label`` all images get it, otherwise the names of their folders. A new memory gets ``encoder``."""
        super().__init__(parent)
        self.setObjectName("importDialog")
        self.setWindowTitle("Add images")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._label = label
        heading = QLabel(f"Add the images of {Path(folder).name}")
        heading.setFont(theme.points(self.font(), 2, bold=True))
        self._told = QLabel("Counting…")
        self._told.setWordWrap(True)
        self._told.setMinimumWidth(theme.px(300))
        self._link = QRadioButton(LINK)
        self._copy = QRadioButton(COPY)
        self._link.setChecked(True)
        self._encoder = QLabel()
        self._encoder.setObjectName("importEncoder")
        self._add, buttons = self.verb_or_cancel("Add")
        self._add.setEnabled(False)
        column = QVBoxLayout(self)
        for widget in (heading, self._told, self._link, self._copy):
            column.addWidget(widget)
        if encoder:
            column.addLayout(self._encoder_row(encoder))
            dims = DimChoice("importDim")
            dims.dim_chosen.connect(self.dim_chosen)
            column.addWidget(dims)
        column.addWidget(buttons)

    def set_encoder(self, name: str) -> None:
        """Show which encoder the new memory gets; the cost is to be measured again."""
        self._encoder.setText(f"Encoder: {name}")
        self._told.setText("Counting…")

    def set_facts(self, facts: FolderFacts) -> None:
        """Show what the folder contains and what adding it costs; without images there is nothing to add."""
        self._told.setText(in_words(facts, self._label))
        for button, words, disk in (
            (self._link, LINK, facts.kept),
            (self._copy, COPY, None if facts.kept is None else facts.kept + facts.size),
        ):
            button.setText(words if disk is None else f"{words} ({size_text(disk)})")
        self._copy.setEnabled(not facts.linked)
        self._copy.setToolTip(NO_COPIES if facts.linked else "")
        self._add.setEnabled(facts.images > 0)
        self._add.setText(f"Add {images(facts.images)}" if facts.images else "Add")
        self._add.setDefault(True)
        if not facts.measured:
            self._add.setFocus()

    def _encoder_row(self, encoder: str) -> QHBoxLayout:
        self._encoder.setText(f"Encoder: {encoder}")
        another = QPushButton("Another encoder…")
        another.setObjectName("anotherEncoder")
        another.setToolTip("Choose what turns the images into vectors")
        another.setAutoDefault(False)
        another.clicked.connect(self.encoder_requested)
        row = QHBoxLayout()
        row.addWidget(self._encoder, 1)
        row.addWidget(another)
        return row

    def accept(self) -> None:
        if self._add.isEnabled():
            self.confirmed.emit(self._copy.isChecked())
            super().accept()


def in_words(facts: FolderFacts, label: str | None) -> str:
    """ "410 new images in 12 classes, 319 here already; about 1 minute. 3 other files are skipped." """
    if not facts.images:
        every = "is" if facts.here == 1 else "are all"
        return f"{images(facts.here)} {every} here already." if facts.here else "There are no images in this folder."
    classes = f"as {label}" if label else f"in {how_many(facts.classes, 'class')}"
    skipped = (
        f" {facts.skipped:,} other file{'s are' if facts.skipped != 1 else ' is'} skipped." if facts.skipped else ""
    )
    if facts.seconds is not None:
        time = f"{';' if facts.here else ','} {time_text(facts.seconds)}."
    else:
        time = "." if facts.measured else "; measuring how long it takes…"
    if facts.here:
        return f"{how_many(facts.images, 'new image')} {classes}, {facts.here:,} here already{time}{skipped}"
    return f"{images(facts.images)} {classes}{time}{skipped}"


def images(count: int) -> str:
    return how_many(count, "image")


def time_text(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"about {how_many(minutes, 'minute')}"
