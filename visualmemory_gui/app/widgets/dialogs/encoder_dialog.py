"""Chooses an encoder: fetches its weights, measures its speed, and uses it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialogButtonBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.encoders import JOB, EncodersModel, facts
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog
from visualmemory_gui.app.widgets.panels.dim_choice import DimChoice
from visualmemory_gui.app.widgets.panels.long_task import LongTask
from visualmemory_gui.app.widgets.tables.encoder_table import EncoderTable
from visualmemory_gui.engine.text.visible_text import size_text

MEANING = (
    "An encoder turns an image into a vector; images whose vectors lie close together are taken for alike. All images "
    "of a memory go through the same one."
)
WIDE_PT, HIGH_PT = 640.0, 150.0
WHOLE_PT = 330.0  # how high the dialog is at first, where the screen has room


class EncoderDialog(FittingDialog):
    """Use ``open()``. ``chosen`` reports the name of an encoder that is here, ``dim_chosen`` to how many numbers its
    vectors are reduced, None for all of them; the other signals ask for a job."""

    chosen = Signal(str)
    dim_chosen = Signal(object)
    fetch_requested = Signal(str)
    measure_requested = Signal(str)
    file_requested = Signal()

    def __init__(
        self,
        parent: QWidget | None,
        model: EncodersModel,
        *,
        now: str,
        verb: str = "Use it",
        reduces: bool = False,
    ) -> None:
        """``now`` is the name of the encoder that is selected at first; ``verb`` says what choosing one does. With
        ``reduces`` its vectors can be reduced."""
        super().__init__(parent)
        self.setObjectName("encoderDialog")
        self.setWindowTitle("Encoder")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.model, self._now = model, now
        self.table = EncoderTable(model)
        self._facts = _sentence("encoderFacts", dim=True)
        self._told = _sentence("encoderTold")
        self._task = LongTask(model.tasks, JOB, stopping="Stopping; what has arrived is kept")
        self._fetch, self._measure = QPushButton("Fetch"), QPushButton("Measure speed")
        self._fetch.setObjectName("fetchEncoder")
        self._measure.setObjectName("measureEncoder")
        self._measure.setToolTip("See how many images a second it turns into vectors on this computer")
        self._file = QPushButton("Add a file…")
        self._file.setObjectName("addEncoder")
        self._file.setToolTip("Add a network of your own: .safetensors for timm, .onnx or .pt")
        self._dims = DimChoice("encoderDim") if reduces else None
        self._use, buttons = self.verb_or_cancel(verb)
        self._lay_out(buttons)
        self.table.row_chosen.connect(self.on_row_chosen)
        room = self.screen().availableGeometry().height() - theme.px(60)
        self.resize(self.sizeHint().width(), min(theme.px(WHOLE_PT), room))
        self.table.itemActivated.connect(lambda _: self.accept())
        self._fetch.clicked.connect(lambda: self.fetch_requested.emit(self._now))
        self._measure.clicked.connect(lambda: self.measure_requested.emit(self._now))
        self._file.clicked.connect(self.file_requested)
        model.updated.connect(self.on_updated)
        self.on_updated()
        self.table.setFocus()

    def on_updated(self) -> None:
        self.table.refresh(self._now)
        self._show()

    def select(self, name: str) -> None:
        """Select an encoder, also one that is not listed yet."""
        self._now = name
        self.on_updated()

    def on_row_chosen(self) -> None:
        row = self.table.chosen
        if row is not None:
            self._now = row.name
            self._show()

    def accept(self) -> None:
        if self._use.isEnabled():
            self.chosen.emit(self._now)
            super().accept()

    def _show(self) -> None:
        """What can be done with the selected encoder, and what is known of it."""
        row, busy = self.model.row(self._now), self.model.busy
        here = row is not None and row.weights_here
        self._use.setEnabled(here)
        self._measure.setEnabled(here and not busy)
        self._file.setEnabled(not busy)
        self._fetch.setEnabled(row is not None and not here and not busy)
        left = 0 if row is None else row.size - row.arrived
        more = row is not None and row.terms
        self._fetch.setText("Fetch" if here or not left else f"Fetch {size_text(left)}{'…' if more else ''}")
        self._facts.setText(facts(row) if row is not None else "Listing the encoders…")
        if self._dims is not None and row is not None:
            self._dims.set_most(row.dim)
        self._told.setText(self.model.told)
        self._told.setVisible(bool(self.model.told))

    def _lay_out(self, buttons: QDialogButtonBox) -> None:
        self.table.setMinimumSize(theme.px(WIDE_PT), theme.px(HIGH_PT))
        meaning = _sentence("encoderMeaning", dim=True)
        meaning.setText(MEANING)
        row = QHBoxLayout()
        row.addWidget(self._fetch)
        row.addWidget(self._measure)
        row.addWidget(self._file)
        row.addStretch(1)
        row.addWidget(buttons)
        column = QVBoxLayout(self)
        column.addWidget(meaning)
        column.addWidget(self.table, 1)
        column.addWidget(self._facts)
        if self._dims is not None:
            self._dims.dim_chosen.connect(self.dim_chosen)
            column.addWidget(self._dims)
        column.addWidget(self._task, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._told)
        column.addLayout(row)


def _sentence(name: str, *, dim: bool = False) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setProperty("dim", dim)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label
