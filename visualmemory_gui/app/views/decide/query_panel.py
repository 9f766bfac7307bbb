"""The query: its image, the answer in words, teaching, and recent queries."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.drawn_parts import DrawnPartsModel
from visualmemory_gui.app.models.headline import breakable, headline, level_note
from visualmemory_gui.app.models.query_image import QueryImageModel
from visualmemory_gui.app.models.recent import RecentQueriesModel
from visualmemory_gui.app.views.decide.part_box import PartBox
from visualmemory_gui.app.views.kit.buttons import ActionButton
from visualmemory_gui.app.views.kit.elided_label import ElidedLabel
from visualmemory_gui.app.views.kit.image_drops import ImageDrops
from visualmemory_gui.app.views.kit.zoom_buttons import zoom_buttons
from visualmemory_gui.app.views.kit.zoomable_image import WHOLE, ZoomableImage
from visualmemory_gui.app.widgets.tables.part_list import PartList

MOST_ROWS = 4  # of the list of parts, before it scrolls


class QueryPanel(QFrame):
    """The query of a ``DecisionModel``; its buttons are bound to actions by its owner."""

    images_dropped = Signal(list)
    words_dropped = Signal()
    menu_requested = Signal(QPoint)  # global; about the query
    recent_chosen = Signal(int)

    def __init__(
        self,
        decision: DecisionModel,
        recent: RecentQueriesModel,
        whole: QueryImageModel,
        parts: DrawnPartsModel,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("queryPanel")
        self.setAccessibleName("Query: drop images here to decide them")
        self.setProperty("panel", True)
        self._decision = decision
        self._whole = whole
        self._drawn = parts
        self._key: object = None
        self._recent_shown = True
        self._make_words()
        self.image = ZoomableImage(empty_text="Drop an image, or paste one")
        self.image.setObjectName("queryImage")
        self.fit, self.full = zoom_buttons(self.image)
        self.part = self._make_part_button()
        self.box = PartBox(self.image, self._why_no_part)
        self.box.drawn.connect(parts.decide)
        self.box.said.connect(self.on_box_said)
        self.parts = self._make_part_list(parts)
        self.box_hint = QLabel()
        self.box_hint.setProperty("dim", True)
        self.box_hint.setWordWrap(True)
        self.box_hint.hide()
        self.similarity = QCheckBox("Similarity map")
        self.similarity.setObjectName("similaritySwitch")
        self.similarity.setToolTip(
            "Show where the image resembles its neighbours; point at a card, or at a spot in the image"
        )
        self.caption = QLabel()
        self.caption.setProperty("dim", True)
        self.caption.setWordWrap(True)
        self.caption.setAccessibleDescription("What the similarity map shows")
        self.caption.hide()
        self.report = ActionButton("reportButton")
        self.back = ActionButton("backButton")
        self.choose = ActionButton("chooseButton", brief="Decide…")
        self.teach = ActionButton("teachButton", primary=True)
        self.confirm = ActionButton("confirmButton")
        self.watch = ActionButton("watchButton")
        self.strip = self._make_strip(recent)
        self.earlier = QLabel("Recent queries")
        self.earlier.setProperty("dim", True)
        self._lay_out()
        recent.modelReset.connect(self.on_recent_reset)
        self.on_recent_reset()
        for widget, menu in ((self.image, self.on_image_menu), (self.strip, self.on_strip_menu)):
            widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            widget.customContextMenuRequested.connect(menu)
        drops = ImageDrops(self)
        drops.dropped.connect(self.images_dropped)
        drops.words_dropped.connect(self.words_dropped)
        drops.hovering.connect(self.image.set_inviting)
        whole.updated.connect(self.on_whole_read)
        decision.query_changed.connect(self.on_query_changed)
        decision.decided.connect(self.on_decided)
        self.on_query_changed()
        self.on_decided()

    def on_query_changed(self) -> None:
        query = self._decision.query
        self.name.set_full_text(query.name if query else "")
        self.name.setToolTip(query.source or "" if query else "")
        self.back.setVisible(bool(self._decision.trail))
        for each in (self.similarity, self.fit, self.full):
            each.setEnabled(query is not None)
        self._show_image()
        self.on_whole_read()

    def _show_image(self) -> None:
        """Show the query's thumbnail until all pixels of its image are read; they stay while its parts are decided."""
        query = self._decision.query
        name, key = (f"Query {query.name}", query.file_key) if query else ("", None)
        if query is not None and self._whole.pyramid is not None and key == self._key:
            self.image.rename(name)
        else:
            image = QImage.fromData(query.thumbnail) if query and query.thumbnail else QImage()
            size = QSize(*query.image.shape) if query and query.image else None
            self.image.set_pixmap(QPixmap.fromImage(image) if query else None, name, size=size)
        self._key = key
        self.box.cancel()
        self.on_parts_updated()

    def on_whole_read(self) -> None:
        if self._whole.pyramid is not None:
            self.image.set_pyramid(self._whole.pyramid)
        self.on_parts_updated()

    @property
    def part_shown(self) -> QRectF:
        """Where in the image shown the query is, in fractions of its sides: all of it, or a part."""
        query, whole = self._decision.query, self._whole.pyramid
        if query is None or query.box is None or whole is None:
            return WHOLE
        wide, high, box = whole.size.width(), whole.size.height(), query.box
        return QRectF(box.x / wide, box.y / high, box.w / wide, box.h / high)

    def on_parts_updated(self) -> None:
        """Outline the parts where the whole image is shown, and list them."""
        there = self._whole.pyramid is not None
        self.image.set_boxes(self._drawn.boxes if there else [], self._drawn.current)
        rows = self._drawn.rowCount()
        self.parts.setVisible(rows > 0)
        if rows:
            high = self.parts.sizeHintForRow(0) * min(rows, MOST_ROWS) + 2 * self.parts.frameWidth()
            self.parts.setFixedHeight(high)
            self.parts.setCurrentIndex(self._drawn.index(self._drawn.current_row))
            self.parts.scrollTo(self.parts.currentIndex())

    def on_box_said(self, text: str) -> None:
        self.box_hint.setText(text)
        self.box_hint.setVisible(bool(text))

    def _why_no_part(self) -> str:
        if self._decision.query is None:
            return "Decide an image first."
        if self._whole.pyramid is not None:
            return ""
        return f"No part can be cut out: {self._whole.why}." if self._whole.why else "The image is still being read."

    def _make_part_button(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("partButton")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _make_part_list(self, parts: DrawnPartsModel) -> PartList:
        made = PartList()
        made.setModel(parts)
        made.chosen.connect(parts.choose)
        made.remove_requested.connect(parts.remove)
        parts.updated.connect(self.on_parts_updated)
        return made

    def on_decided(self) -> None:
        said = headline(self._decision.decision)
        if self._decision.decision is None and self._decision.query is not None:
            said = headline(None)
            self.winner.setText("Deciding…")
        else:
            self.winner.setText(breakable(said.title))
        for label, text in (
            (self.numbers, said.numbers),
            (self.among, said.among),
            (self.reason, said.reason),
            (self.without, without_text(len(self._decision.left_out))),
            (self.note, level_note(self._decision.decision)),
            (self.here, said.here),
            (self.own, self._own_text()),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        self.winner.setVisible(bool(self.winner.text()))
        for button in (self.teach, self.confirm, self.watch):
            button.set_names(self._decision.names)

    def _own_text(self) -> str:
        query = self._decision.query
        own = self._decision.here and query is not None and query.exemplar is not None
        return "It is left out of its own decision." if own else ""

    def set_recent_shown(self, shown: bool) -> None:
        """Hide the strip where something else lists images."""
        self._recent_shown = shown
        self.on_recent_reset()

    def on_recent_reset(self) -> None:
        some = self._recent_shown and self.strip.model().rowCount() > 0
        self.earlier.setVisible(some)
        self.strip.setVisible(some)

    def _make_words(self) -> None:
        self.title, self.name, self.winner = QLabel("Query"), ElidedLabel(), QLabel()
        self.title.setProperty("title", True)
        self.name.setProperty("dim", True)
        self.winner.setObjectName("queryWinner")
        self.winner.setFont(theme.points(self.font(), 6, bold=True))
        self.here, self.numbers, self.among, self.reason = (QLabel() for _ in range(4))
        self.without, self.own, self.note = (QLabel() for _ in range(3))
        self.among.setObjectName("queryClassSet")
        self.among.setToolTip("How often sets of this size hold the right class was measured here; it is no guarantee")
        self.here.setObjectName("queryInMemory")
        self.here.setFont(theme.points(self.font(), 1, bold=True))
        for label, name in (
            (self.here, "Already in the memory"),
            (self.winner, "Decision"),
            (self.numbers, "Share and margin"),
            (self.among, "Classes that hold the right one nine times in ten"),
            (self.reason, "Why it is unknown"),
            (self.without, "Left out"),
            (self.note, "Levels disagree"),
            (self.own, "How an exemplar is decided"),
        ):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setAccessibleDescription(name)
        for label in (self.reason, self.without, self.own, self.note):
            label.setProperty("dim", True)

    def _make_strip(self, recent: RecentQueriesModel) -> QListView:
        strip = QListView()
        strip.setObjectName("recentQueries")
        strip.setAccessibleName("Recent queries")
        strip.setModel(recent)
        strip.setViewMode(QListView.ViewMode.IconMode)
        strip.setFlow(QListView.Flow.LeftToRight)
        strip.setWrapping(False)
        strip.setMovement(QListView.Movement.Static)
        strip.setFrameShape(QListView.Shape.NoFrame)
        side = theme.px(36)
        strip.setIconSize(QSize(side, side))
        strip.setGridSize(QSize(side + theme.px(6), side + theme.px(6)))
        strip.setFixedHeight(side + theme.px(18))
        strip.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        strip.clicked.connect(self.on_recent_clicked)
        strip.activated.connect(self.on_recent_clicked)
        return strip

    def on_image_menu(self, spot: QPoint) -> None:
        if self._decision.query is not None:
            self.menu_requested.emit(self.image.mapToGlobal(spot))

    def on_strip_menu(self, spot: QPoint) -> None:
        """Make the recent query the query; then the menu is about it."""
        index = self.strip.indexAt(spot)
        if index.isValid():
            self.on_recent_clicked(index)
            self.menu_requested.emit(self.strip.viewport().mapToGlobal(spot))

    def on_recent_clicked(self, index: QModelIndex) -> None:
        self.recent_chosen.emit(index.row())

    def _lay_out(self) -> None:
        buttons = QGridLayout()
        buttons.addWidget(self.teach, 0, 0)
        buttons.addWidget(self.watch, 0, 1)
        buttons.addWidget(self.confirm, 1, 0, 1, 2)
        buttons.addWidget(self.choose, 2, 0)
        buttons.addWidget(self.report, 2, 1)
        column = QVBoxLayout(self)
        header = QHBoxLayout()
        header.setSpacing(theme.px(2))
        header.addWidget(self.title)
        header.addWidget(self.name, 1)  # is cut, so that the panel stays as narrow as a low screen needs
        for button in (self.part, self.fit, self.full):
            header.addWidget(button)
        column.addWidget(self.back)
        column.addLayout(header)
        column.addWidget(self.image, 3)
        column.addWidget(self.similarity, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.box_hint)
        column.addWidget(self.parts)
        column.addWidget(self.caption)
        words = (self.here, self.winner, self.numbers, self.among, self.reason, self.without, self.own, self.note)
        for label in words:
            column.addWidget(label)
        column.addLayout(buttons)
        column.addStretch(1)
        column.addWidget(self.earlier)
        column.addWidget(self.strip)


def without_text(count: int) -> str:
    """ "Decided without 2 neighbours left out of this query." """
    if not count:
        return ""
    return f"Decided without {count} neighbour{'' if count == 1 else 's'} left out of this query."
