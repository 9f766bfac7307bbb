"""Sets up where second opinions come from: endpoint, model, price, key."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.widgets.dialogs.fitting_dialog import FittingDialog, wrapped
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.files import user_keyring
from visualmemory_gui.engine.second_opinion.endpoint import KEY_VARIABLE, Endpoint
from visualmemory_gui.engine.text.visible_text import as_sentence

MEANING = (
    "A vision-language model looks at the query and its neighbours and says which label fits, beside the vote and "
    "never in its place. It needs a server with an API like OpenAI's, here or elsewhere. You see what would be sent "
    "before it is. Leave the endpoint empty to turn this off."
)
MOST_PRICE = 10_000.0


class EndpointDialog(FittingDialog):
    """Use ``open()``; ``confirmed`` reports the Endpoint, None for none, and a key to store, "" for none."""

    confirmed = Signal(object, str)

    def __init__(self, parent: QWidget | None, *, now: Endpoint | None) -> None:
        super().__init__(parent)
        self.setObjectName("endpointDialog")
        self.setWindowTitle("Set up second opinions")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.url = _line("Endpoint", now.url if now else "", "https://api.example.org/v1")
        self.model = _line("Model", now.model if now else "", "a model that takes images")
        self.price_in = _price("Price of a million tokens of question", now.price_in if now else None)
        self.price_out = _price("Price of a million tokens of answer", now.price_out if now else None)
        self.key = _line("Key", "", "empty: the one in the system's keyring stays")
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        if not user_keyring.is_reachable():
            self.key.setEnabled(False)
            self.key.setPlaceholderText("not without the Python package keyring")
        self.fault = wrapped("")
        self.fault.setObjectName("endpointFault")
        self.fault.hide()
        meaning, where = (
            wrapped(MEANING),
            wrapped(f"The environment variable {KEY_VARIABLE} comes before the keyring."),
        )
        meaning.setMinimumWidth(theme.px(330))
        where.setProperty("dim", True)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, field in (
            ("&Endpoint", self.url),
            ("&Model", self.model),
            ("Price of &question", self.price_in),
            ("Price of &answer", self.price_out),
            ("&Key", self.key),
        ):
            form.addRow(text, field)
        form.addRow("", where)
        column = QVBoxLayout(self)
        column.addWidget(meaning)
        column.addLayout(form)
        column.addWidget(self.fault)
        column.addWidget(self.verb_or_cancel("Save")[1])
        self.url.setFocus()

    def accept(self) -> None:
        """Save what was typed if it is an endpoint, else say what is wrong."""
        try:
            chosen = self._chosen()
        except BadValue as error:
            self.fault.setText(as_sentence(str(error)))
            self.fault.show()
            return
        self.confirmed.emit(chosen, self.key.text().strip() if chosen is not None else "")
        super().accept()

    def _chosen(self) -> Endpoint | None:
        if not self.url.text().strip():
            return None
        prices = (field.value() or None for field in (self.price_in, self.price_out))
        return Endpoint(self.url.text(), self.model.text(), *prices)


def _line(name: str, text: str, hint: str) -> QLineEdit:
    line = QLineEdit(text)
    line.setAccessibleName(name)
    line.setPlaceholderText(hint)
    return line


def _price(name: str, now: float | None) -> QDoubleSpinBox:
    """A price, where 0 is none given."""
    field = QDoubleSpinBox()
    field.setAccessibleName(name)
    field.setToolTip("Your own figure, in any currency, to have the cost of each answer")
    field.setRange(0.0, MOST_PRICE)
    field.setDecimals(3)
    field.setSuffix(" a million tokens")
    field.setSpecialValueText("not given")
    field.setValue(now or 0.0)
    return field
