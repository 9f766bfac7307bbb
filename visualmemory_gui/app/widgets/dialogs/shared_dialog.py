"""The dialog that asks for the address of a shared memory, and for the token of its server."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QVBoxLayout, QWidget

from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog, wrapped
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.shared_memory.address import TOKEN, SharedAddress
from visualmemory_gui.engine.text.visible_text import as_sentence

TOKEN_TIP = f"Used for this opening and kept nowhere. Empty: that of {TOKEN} or of the system's keyring, if any."


class SharedDialog(FittingDialog):
    """Asks for an address and a token, and emits both once the address is one."""

    confirmed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sharedDialog")
        self.setWindowTitle("Open shared memory")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.address, self.token, self.problem = QLineEdit(), QLineEdit(), wrapped("")
        self.address.setObjectName("sharedAddress")
        self.address.setAccessibleName("Address of the shared memory")
        self.address.setPlaceholderText("milvus+http://HOST:19530/COLLECTION")
        self.address.setMinimumWidth(self.fontMetrics().averageCharWidth() * 48)
        self.token.setObjectName("sharedToken")
        self.token.setAccessibleName("Token of its server")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setToolTip(TOKEN_TIP)
        self.problem.hide()
        told = wrapped(TOKEN_TIP)
        told.setProperty("dim", True)
        form = QFormLayout()
        form.addRow("&Address", self.address)
        form.addRow("&Token", self.token)
        column = QVBoxLayout(self)
        column.addLayout(form)
        for part in (told, self.problem, self.verb_or_cancel("Open")[1]):
            column.addWidget(part)

    def accept(self) -> None:
        """Close with an address; say what is wrong with what is none."""
        try:
            address = str(SharedAddress.of(self.address.text().strip()))
        except BadValue as error:
            self.problem.setText(as_sentence(str(error)))
            self.problem.show()
            self.address.setFocus()
            return
        super().accept()
        self.confirmed.emit(address, self.token.text())
