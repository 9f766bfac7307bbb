"""The dialog that asks for the address of a shared memory, and for the token of its server."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QWidget

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.shared_memory.address import TOKEN, SharedAddress

TOKEN_TIP = f"Used for this opening and kept nowhere. Empty: that of {TOKEN} or of the system's keyring, if any."


class SharedDialog(QDialog):
    """Asks for an address and a token, and emits both once the address is one."""

    confirmed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sharedDialog")
        self.setWindowTitle("Open shared memory")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.address, self.token, self.problem = QLineEdit(), QLineEdit(), QLabel()
        self.address.setObjectName("sharedAddress")
        self.address.setPlaceholderText("milvus+http://HOST:19530/COLLECTION")
        self.address.setMinimumWidth(self.fontMetrics().averageCharWidth() * 48)
        self.token.setObjectName("sharedToken")
        self.token.setEchoMode(QLineEdit.EchoMode.Password)
        self.token.setToolTip(TOKEN_TIP)
        self.problem.setWordWrap(True)
        self.problem.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.on_accepted)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow("&Address", self.address)
        form.addRow("&Token", self.token)
        form.addRow(QLabel(TOKEN_TIP, wordWrap=True))
        form.addRow(self.problem)
        form.addRow(buttons)

    def on_accepted(self) -> None:
        """Close with an address; say what is wrong with what is none."""
        text = self.address.text().strip()
        try:
            address = str(SharedAddress.of(text))
        except BadValue as error:
            self.problem.setText(str(error))
            self.problem.show()
            self.address.setFocus()
            return
        self.accept()
        self.confirmed.emit(address, self.token.text())
