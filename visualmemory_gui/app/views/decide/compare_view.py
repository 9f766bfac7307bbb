"""The query beside one of its neighbours, zoomed and moved together."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QGridLayout, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.exemplar_image import ExemplarImageModel
from visualmemory_gui.app.models.neighbours import LOCKED, NeighboursModel
from visualmemory_gui.app.models.query_image import QueryImageModel
from visualmemory_gui.app.models.similarity import SimilarityModel
from visualmemory_gui.app.views.decide.similarity_overlay import layered
from visualmemory_gui.app.views.kit.zoomable_image import ZoomableImage
from visualmemory_gui.app.widgets.keys import is_plain, take_key

HINT = "Left and right: the next neighbour · S: strike out · U: restore · + and - 0 1: zoom both · Esc: close"
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class CompareView(QFrame):
    """Lies over the workspace ``above``. Keys without Ctrl or Alt are heard here alone: no digit teaches meanwhile."""

    strike_requested = Signal(list)
    restore_requested = Signal(list)
    moved = Signal(int)  # the exemplar shown now
    closed = Signal()

    def __init__(
        self,
        above: QWidget,
        decision: DecisionModel,
        cards: NeighboursModel,
        query_image: QueryImageModel,
        comparison: ExemplarImageModel,
        similarity: SimilarityModel,
    ) -> None:
        super().__init__(above)
        self.setObjectName("compareView")
        self.setProperty("panel", True)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._above, self._decision, self._cards = above, decision, cards
        self._query_image, self._comparison, self._similarity = query_image, comparison, similarity
        self._row, self._exemplar = 0, 0
        self.query = self._make_image("compareQuery", "The query")
        self.neighbour = self._make_image("compareNeighbour", "No image is stored for this exemplar")
        self.query_words, self.neighbour_words, self.note = QLabel(), QLabel(), QLabel()
        self.note.setProperty("dim", True)
        for label in (self.query_words, self.neighbour_words, self.note):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.map = QCheckBox("Similarity map")
        self.map.setObjectName("compareMap")
        self.map.setToolTip("Show on both images where they resemble each other")
        self.original = QCheckBox("On the original")
        self.original.setObjectName("compareOriginal")
        self.original.setToolTip("The neighbour is a part of an image: show where in it (O)")
        self.before = self._make_button("chevron-left", "Previous neighbour (Left)", lambda: self.step(-1))
        self.after = self._make_button("chevron-right", "Next neighbour (Right)", lambda: self.step(1))
        self.strike = self._make_button("close-circle-outline", "Strike out (S)", self.on_strike)
        self.fit = self._make_button("fit-to-screen-outline", "Fit (0)", self.query.fit)
        self.full = self._make_button("magnify-plus-outline", "1:1", self.query.show_full)
        self.leave = self._make_button("close", "Close (Esc)", self.hide)
        self._lay_out()
        self._connect()
        self.hide()

    @property
    def exemplar(self) -> int | None:
        """The neighbour shown, None while the view is closed."""
        return self._exemplar if self.isVisible() else None

    def open(self, row: int) -> None:
        """Compare the query with the neighbour in ``row`` of the cards."""
        if not self._cards.rowCount():
            return
        self.setGeometry(self._above.rect())
        self._show_query()
        self.original.setChecked(False)
        self.show()
        self.raise_()
        self.setFocus()
        self._go_to(row)

    def step(self, by: int) -> None:
        """Show the neighbour ``by`` cards further on, as far as there is one."""
        there = self._cards.rows_of([self._exemplar])
        gone = by > 0 and there != [self._row]  # the next one has moved up into its place
        self._go_to(min(max(self._row + (0 if gone else by), 0), self._cards.rowCount() - 1))

    def on_strike(self) -> None:
        """Strike the neighbour out, or restore it."""
        if self._locked:
            self._say(f"{LOCKED}.")
        elif self._state == "active":
            self.strike_requested.emit([self._exemplar])
        else:
            self.restore_requested.emit([self._exemplar])

    def on_decided(self) -> None:
        """Follow an edit: the neighbour may have lost its vote, or be gone."""
        if not self.isVisible():
            return
        if self._decision.query is None or not self._cards.rowCount():
            self.hide()
        elif self._cards.rows_of([self._exemplar]):
            self._show_words()
        else:
            self._go_to(min(self._row, self._cards.rowCount() - 1))

    def on_found(self) -> None:
        self._show_neighbour()

    def on_query_read(self) -> None:
        if self._query_image.part is not None:
            self.query.set_pyramid(self._query_image.part)

    def on_similarity(self) -> None:
        """Lay the similarity map over both images, if it is that of this neighbour."""
        found = self._similarity.splitting
        if not self.isVisible() or found is None or found.neighbour.id != self._exemplar:
            self.query.set_layer(None)
            self.neighbour.set_layer(None)
            if self.isVisible() and found is not None:
                self._similarity.look_at(self._exemplar)
            return
        self.query.set_layer(layered(found.seen, found.query))
        self.neighbour.set_layer(layered(found.seen_other, found.other), self._part())

    def hideEvent(self, event: QEvent) -> None:
        self._comparison.close()
        self.query.set_pixmap(None)
        self.neighbour.set_pixmap(None)
        self.closed.emit()

    def event(self, event: QEvent) -> bool:
        return take_key(event, _plain) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if not _plain(event):
            super().keyPressEvent(event)
        elif key in STEPS:
            self.step(STEPS[Qt.Key(key)])
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_C):
            self.hide()
        elif key in (Qt.Key.Key_S, Qt.Key.Key_X, Qt.Key.Key_Delete):
            if self._state == "active":
                self.on_strike()
        elif key == Qt.Key.Key_O:
            if self.original.isVisible() and self.original.isEnabled():
                self.original.toggle()
        elif key == Qt.Key.Key_U:
            if self._state != "active":
                self.on_strike()
        else:
            self.query.keyPressEvent(event)  # + - 0 1, up and down

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.neighbour.set_viewport(self.query.viewport)

    @property
    def _index(self) -> QModelIndex:
        rows = self._cards.rows_of([self._exemplar])
        return self._cards.index(rows[0]) if rows else QModelIndex()

    @property
    def _state(self) -> str:
        return str(self._index.data(CardRole.State) or "active")

    @property
    def _locked(self) -> bool:
        return self._decision.memory is None or self._decision.memory.readonly

    def _go_to(self, row: int) -> None:
        memory = self._decision.memory
        if memory is None:
            return
        self._row, self._exemplar = row, self._cards.neighbour(row).id
        self._show_words()
        self.original.setChecked(False)
        self._comparison.show(memory, self._exemplar)
        self._show_neighbour()
        self.moved.emit(self._exemplar)
        self._similarity.look_at(self._exemplar)
        self.on_similarity()

    def _show_query(self) -> None:
        query = self._decision.query
        image = QImage.fromData(query.thumbnail) if query and query.thumbnail else QImage()
        self.query.set_pixmap(QPixmap.fromImage(image), f"Query {query.name}" if query else "")
        self.query_words.setText(f"Query: {query.name}" if query else "")
        self.on_query_read()

    def _show_words(self) -> None:
        said = str(self._index.data(Qt.ItemDataRole.AccessibleTextRole) or "")
        rows = self._cards.rowCount()
        self.neighbour_words.setText(f"{self._row + 1} of {rows}: {said}")
        self.setAccessibleName(f"The query beside {said}")
        active = self._state == "active"
        self.strike.setToolTip(LOCKED if self._locked else "Strike out (S)" if active else "Restore (U)")
        self.strike.setAccessibleName("Strike out" if active else "Restore")
        theme.set_icon(self.strike, "close-circle-outline" if active else "restore")
        self.strike.setEnabled(not self._locked)
        self.before.setEnabled(self._row > 0)
        self.after.setEnabled(self._row + 1 < rows)

    def _show_neighbour(self) -> None:
        """Show the thumbnail, or all pixels of the neighbour or of its original, where the query is zoomed to."""
        found, view = self._comparison, self.query.viewport
        image = found.thumbnail
        self.neighbour.set_pixmap(QPixmap.fromImage(image) if not image.isNull() else None, self._name())
        pyramid = found.whole if self.original.isChecked() else found.pyramid
        if pyramid is not None:
            self.neighbour.set_pyramid(pyramid)
        self.neighbour.set_viewport(view)
        self.neighbour.set_boxes([found.box] if found.box and found.whole and self.original.isChecked() else [])
        self.original.setVisible(found.box is not None)
        self.original.setEnabled(found.whole is not None)
        part = f"A part of {found.exemplar.source or 'an image'}. " if found.exemplar and found.box else ""
        why = f"Shown from its thumbnail: {found.why}." if found.why else ""
        self._say(f"{part}{why}" or HINT)
        self.on_similarity()

    def _name(self) -> str:
        return f"Neighbour {self._index.data(Qt.ItemDataRole.AccessibleTextRole) or ''}"

    def _part(self) -> QRectF:
        """Which part of what is shown the neighbour is, in fractions of the sides."""
        found = self._comparison
        if not self.original.isChecked() or found.box is None or found.whole is None:
            return QRectF(0, 0, 1, 1)
        wide, high = found.whole.size.width(), found.whole.size.height()
        return QRectF(found.box.x / wide, found.box.y / high, found.box.w / wide, found.box.h / high)

    def _say(self, text: str) -> None:
        self.note.setText(text)

    def _make_image(self, name: str, empty: str) -> ZoomableImage:
        image = ZoomableImage(empty_text=empty)
        image.setObjectName(name)
        image.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return image

    def _make_button(self, icon: str, tip: str, do: Callable[[], object]) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setIconSize(QSize(theme.px(14), theme.px(14)))
        button.setToolTip(tip)
        button.setAccessibleName(tip.split(" (")[0])
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.set_icon(button, icon)
        button.clicked.connect(lambda _checked=False: do())
        return button

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        title = QLabel("Compare")
        title.setProperty("title", True)
        top.addWidget(title)
        top.addStretch(1)
        for widget in (self.map, self.original, self.fit, self.full, self.before, self.after, self.strike, self.leave):
            top.addWidget(widget)
        both = QGridLayout()
        for column, (image, words) in enumerate(
            ((self.query, self.query_words), (self.neighbour, self.neighbour_words))
        ):
            both.addWidget(image, 0, column)
            both.addWidget(words, 1, column)
            both.setColumnStretch(column, 1)
        both.setRowStretch(0, 1)
        column_ = QVBoxLayout(self)
        column_.addLayout(top)
        column_.addLayout(both, 1)
        column_.addWidget(self.note)

    def _connect(self) -> None:
        self.query.viewport_changed.connect(self.neighbour.set_viewport)
        self.neighbour.viewport_changed.connect(self.query.set_viewport)
        self.original.toggled.connect(lambda _: self._show_neighbour())
        self._decision.decided.connect(self.on_decided)
        self._decision.query_changed.connect(self.hide)
        self._comparison.found.connect(self.on_found)
        self._comparison.updated.connect(self.on_found)
        self._query_image.updated.connect(self.on_query_read)
        self._similarity.updated.connect(self.on_similarity)


def _plain(event: QKeyEvent) -> bool:
    """Whether it is a key that this view hears. Space presses its buttons."""
    return is_plain(event) and event.key() != Qt.Key.Key_Space
