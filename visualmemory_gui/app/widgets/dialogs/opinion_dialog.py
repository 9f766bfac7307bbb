"""Shows what would be sent for a second opinion, and sends it on a yes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialogButtonBox, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog, wrapped
from visualmemory_gui.app.widgets.tables.labelled_images import LabelledImages, LabelledRow

STAYS = "Paths, file names, distances, votes and all other exemplars stay here. The answer is shown, never stored."


class OpinionDialog(FittingDialog):
    """Use ``open()``; ``confirmed`` reports whether to send without asking from now on."""

    confirmed = Signal(bool)
    set_up_requested = Signal()

    def __init__(self, parent: QWidget | None, *, host: str, what: str, rows: Sequence[LabelledRow]) -> None:
        """``what`` is sent to ``host``, in words; ``rows`` are the images."""
        super().__init__(parent)
        self.setObjectName("opinionDialog")
        self.setWindowTitle("Second opinion")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = wrapped(f"Send these images to {host}?")
        heading.setFont(theme.points(self.font(), 2, bold=True))
        self.list = LabelledImages(rows, name="Images that would be sent, with their labels")
        facts = wrapped(f"{what}.")
        stays = wrapped(STAYS)
        stays.setProperty("dim", True)
        self.always = QCheckBox("Do not ask again for this endpoint while this memory is open")
        self.send, buttons = self.verb_or_cancel("Send", careful=True)
        set_up = buttons.addButton("Set up…", QDialogButtonBox.ButtonRole.ResetRole)
        set_up.setAutoDefault(False)
        set_up.clicked.connect(self.set_up_requested)
        set_up.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (heading, self.list, facts, stays, self.always, buttons):
            column.addWidget(widget)
        self.list.setFocus()
        self.resize(theme.px(420), min(theme.px(390), self.screen().availableGeometry().height() - theme.px(60)))

    def accept(self) -> None:
        self.confirmed.emit(self.always.isChecked())
        super().accept()
