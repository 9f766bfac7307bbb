"""Who is to blame for a kind of mistake: images, what each does, what mending gains, and the button that mends."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.blame import BlameModel, fix_words, promise_words, row_sentence, row_words
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.tables.label_delegate import LabelDelegate, set_words
from visualmemory_gui.engine.decision.short_labels import ShortLabels

SIDE_PT = 30.0

BLAME = "Find the exemplars that take votes from the right class in this cell"


class BlameBox(QWidget):
    """``blame_requested`` asks for a search, ``mend_requested`` for a fix, ``opened`` to decide one."""

    blame_requested = Signal()
    mend_requested = Signal(object)  # Blame
    opened = Signal(object)  # the id of an exemplar

    def __init__(self, model: BlameModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._thumbnails = model, thumbnails
        self.ask_button, self.mend_button = QPushButton("Who is to blame?"), QPushButton("Mend")
        self.ask_button.setObjectName("blameButton")
        self.ask_button.setToolTip(BLAME)
        self.mend_button.setObjectName("mendButton")
        self.mend_button.setToolTip("Apply it as one step that undo reverts")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setProperty("dim", True)
        self.words.setObjectName("blameWords")
        self.rows = QListWidget()
        self.rows.setObjectName("blameList")
        self.rows.setAccessibleName("Exemplars to blame, the worst first")
        self.rows.setIconSize(QSize(theme.px(SIDE_PT), theme.px(SIDE_PT)))
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._names = ShortLabels()
        self.rows.setItemDelegate(LabelDelegate(self.rows, lambda: self._names))
        self._lay_out()
        self.ask_button.clicked.connect(lambda: self.blame_requested.emit())
        self.mend_button.clicked.connect(lambda: self.mend_requested.emit(model.found))
        self.rows.itemActivated.connect(lambda item: self.opened.emit(item.data(Qt.ItemDataRole.UserRole)))
        model.updated.connect(self.on_updated)
        thumbnails.loaded.connect(lambda _: self._show_images())
        self.on_updated()

    def on_updated(self) -> None:
        found, running = self._model.found, self._model.running
        self.rows.clear()
        blamed = found.blamed if found is not None else ()
        self._names = ShortLabels(one.label for one in blamed)
        for one in blamed:
            item = QListWidgetItem()
            set_words(item, row_words(one))
            item.setData(Qt.ItemDataRole.UserRole, one.id)
            sentence = row_sentence(one, found.true if found is not None else "")
            item.setToolTip(f"{sentence}\nEnter or double click: decide it")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, sentence)
            self.rows.addItem(item)
        self._show_images()
        self.words.setText("Looking…" if running else promise_words(found) if found is not None else "")
        self.words.setVisible(bool(self.words.text()))
        there = found is not None and bool(found.blamed)
        self.rows.setVisible(there)
        self.mend_button.setVisible(there)
        self.mend_button.setText(fix_words(found) if found is not None and there else "Mend")

    def _show_images(self) -> None:
        for place in range(self.rows.count()):
            item = self.rows.item(place)
            image = self._thumbnails.get(item.data(Qt.ItemDataRole.UserRole))
            if image is not None and not image.isNull():
                item.setIcon(QIcon(image))

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.ask_button)
        buttons.addWidget(self.mend_button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(buttons)
        column.addWidget(self.words)
        column.addWidget(self.rows, 1)
