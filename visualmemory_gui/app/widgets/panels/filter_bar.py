"""The bar above the grid: find by text, filter by state and age, show only some exemplars, and their count."""

from __future__ import annotations

import time
from datetime import datetime

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.literal_text import literal

STATES = (("all", "Active and struck"), ("active", "Active"), ("struck", "Struck"), ("weighed", "Trust not 1"))
AGES = ((None, "Added any time"), (0, "Added today"), (7, "Last 7 days"), (30, "Last 30 days"))
ORDERS = (
    ("oldest", "Oldest first"), ("newest", "Newest first"), ("label", "By class"), ("nearest", "Nearest to the query"),
    ("trust", "Lowest trust first"),
)  # fmt: skip
DAY_S = 86_400
PAUSE_MS = 150
LONGEST_NAME = 28
LEAST_PT, WIDE_PT = 54.0, 520.0  # of a box; of all, from which on it is one row
ONE_ROW, TWO_ROWS = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
FIND = "Find in class, path or note"


class FilterBar(QWidget):
    """The bar. It reports what the user chooses and filters nothing itself."""

    text_changed = Signal(str)  # after a short pause in typing
    state_changed = Signal(str)  # a key of STATES
    since_changed = Signal(object)  # seconds since the epoch, or None
    order_changed = Signal(str)  # a key of ORDERS
    pick_dropped = Signal()  # show all that match again
    words_entered = Signal(str)  # find images by what they show
    fetch_requested = Signal()  # what finding by words takes

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._edit = QLineEdit()
        self._edit.setObjectName("filterEdit")
        self._edit.setAccessibleName(FIND)
        self._edit.setPlaceholderText(FIND)
        self._edit.setClearButtonEnabled(True)
        self._fetches = False
        self._words = QToolButton()
        self._words.setObjectName("filterWords")
        self._words.setText("By words")
        self._words.setCheckable(True)
        self._words.setAutoRaise(False)
        self._words.toggled.connect(self.on_words_toggled)
        self._states = _box("filterState", "Which exemplars", [text for _, text in STATES])
        self._ages = _box("filterAge", "Added when", [text for _, text in AGES])
        self._orders = _box("filterOrder", "In which order", [text for _, text in ORDERS])
        self._pick = QToolButton()
        self._pick.setObjectName("filterPick")
        self._pick.setAutoRaise(False)
        self._pick.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.set_icon(self._pick, "close")
        self._count = QLabel()
        self._count.setObjectName("filterCount")
        self._count.setProperty("dim", True)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._tell)
        self._edit.textChanged.connect(self.on_typed)
        self._edit.returnPressed.connect(self.on_entered)
        self._states.currentIndexChanged.connect(lambda at: self.state_changed.emit(STATES[at][0]))
        self._orders.activated.connect(lambda at: self.order_changed.emit(ORDERS[at][0]))
        self._ages.currentIndexChanged.connect(lambda at: self.since_changed.emit(_moment(AGES[at][0])))
        self._pick.clicked.connect(lambda: self.pick_dropped.emit())
        self._rows, self._line, self._choices = QBoxLayout(TWO_ROWS, self), QHBoxLayout(), QHBoxLayout()
        self._lay_out()
        self.set_pick("")

    @property
    def state(self) -> str:
        return STATES[self._states.currentIndex()][0]

    def set_words(self, refusal: str, fetchable: str = "") -> None:
        """Offer to find by words, or to fetch what that takes, or say why it is not possible."""
        self._fetches = bool(refusal and fetchable)
        self._words.setEnabled(self._fetches or not refusal)
        self._words.setChecked(self._words.isChecked() and not refusal)
        tip = "Find images by what they show: type words, then press Enter"
        off = f"To be fetched first: {fetchable}" if self._fetches else f"Off: {refusal}"
        self._words.setToolTip(f"{tip}\n{off}" if refusal else tip)

    def on_words_toggled(self, on: bool) -> None:
        if on and self._fetches:
            self._words.setChecked(False)
            self.fetch_requested.emit()
            return
        self.clear_text()
        if not on:
            self.words_entered.emit("")
        name = "Find by what the images show, as in: a red flag" if on else FIND
        self._edit.setAccessibleName(name)
        self._edit.setPlaceholderText(name)
        self._edit.setFocus()

    def on_typed(self) -> None:
        """Find in texts after a pause; words are compared with all images only on Enter."""
        if not self._words.isChecked():
            self._pause.start()
        elif not self._edit.text():
            self.on_entered()

    def on_entered(self) -> None:
        if self._words.isChecked():
            self.words_entered.emit(" ".join(self._edit.text().split()))
        else:
            self._tell()

    def set_state(self, state: str) -> None:
        self._states.setCurrentIndex([key for key, _ in STATES].index(state))

    def set_order(self, order: str, like: str = "the query") -> None:
        """Show the order; ``like`` is what "nearest" compares with."""
        keys = [key for key, _ in ORDERS]
        self._orders.setItemText(keys.index("nearest"), f"Nearest to {_short(like)}")
        self._orders.setCurrentIndex(keys.index(order))

    def set_pick(self, name: str) -> None:
        """Say which exemplars alone are shown; "" if there is no such choice."""
        self._pick.setVisible(bool(name))
        self._pick.setText(literal(_short(name)))
        self._pick.setToolTip(f"Only these: {name}. Click to show all again.")
        self._pick.setAccessibleName(f"Only these: {name}. Show all again")

    def set_count(self, text: str) -> None:
        """ "47 of 412"."""
        self._count.setText(text)
        self._edit.setAccessibleDescription(f"{text} exemplars are shown")

    def clear(self) -> None:
        self.set_state("all")
        self._ages.setCurrentIndex(0)
        self.clear_text()

    def clear_text(self) -> None:
        with QSignalBlocker(self._edit):
            self._edit.clear()
        self._tell()

    def start_typing(self) -> None:
        self._edit.setFocus()
        self._edit.selectAll()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the line a row of its own where there is too little room for all."""
        super().resizeEvent(event)
        wanted = ONE_ROW if self.width() >= theme.px(WIDE_PT) else TWO_ROWS
        if wanted != self._rows.direction():
            self._rows.setDirection(wanted)
            (self._choices if wanted == ONE_ROW else self._line).addWidget(self._count)  # where it leaves most room

    def _lay_out(self) -> None:
        self._rows.setContentsMargins(0, 0, 0, 0)
        for row in (self._rows, self._line, self._choices):
            row.setSpacing(theme.px(5))
        self._line.addWidget(self._edit, 1)
        self._line.addWidget(self._words)
        self._line.addWidget(self._count)
        for widget in (self._pick, self._orders, self._states, self._ages):
            self._choices.addWidget(widget)
        self._choices.addStretch(1)
        self._rows.addLayout(self._line, 1)
        self._rows.addLayout(self._choices)

    def _tell(self) -> None:
        self._pause.stop()
        self.text_changed.emit("" if self._words.isChecked() else self._edit.text().strip())


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _box(name: str, title: str, texts: list[str]) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(title)
    box.addItems(texts)
    box.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    box.setMinimumWidth(theme.px(LEAST_PT))  # narrower than its words, where the window is
    return box


def _moment(days: int | None) -> float | None:
    """The start of today, or the time that many days ago."""
    if days is None:
        return None
    if days == 0:
        return datetime.now().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    return time.time() - days * DAY_S
