"""The tree of classes: choose one to see it, drop images on it to teach it, exemplars to relabel them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeView,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models import mime
from visualmemory_gui.app.models.class_tree import ClassTreeModel, Kind, TreeRole
from visualmemory_gui.app.models.incoming_images import brought
from visualmemory_gui.app.models.label_match import distance, ranked

INDENT_PT = 10.0


class _RoomyRows(QStyledItemDelegate):
    """Paints rows tall enough to click and drop on; frames the one under a drag."""

    def __init__(self, view: ClassTree) -> None:
        super().__init__(view)
        self._view = view

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """Cut the name where the row is narrow: the count behind it stays whole."""
        super().initStyleOption(option, index)
        name, bracket, behind = option.text.rpartition(" (")
        margin = self._view.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin) + theme.px(1.5)
        room = option.rect.width() - 2 * margin - option.fontMetrics.horizontalAdvance(bracket + behind)
        if 0 < room < option.fontMetrics.horizontalAdvance(name):
            cut = option.fontMetrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            option.text = cut + bracket + behind

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        if index == self._view.over:
            painter.setPen(QPen(QColor(theme.current().accent), 2))
            painter.drawRect(option.rect.adjusted(1, 1, -1, -1))

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        size = super().sizeHint(option, index)
        return QSize(size.width(), size.height() + theme.px(4))


class ClassTree(QTreeView):
    """The tree. ``place_chosen`` reports kind ("all", "class", "struck") and label (None except for classes)."""

    place_chosen = Signal(str, object)
    cards_dropped = Signal(list, str)  # ids, label
    cards_struck = Signal(list)
    images_dropped = Signal(list, object)  # paths and PIL images, label or None
    words_dropped = Signal()  # an address or text, nothing that could be an image
    menu_requested = Signal(QPoint, str, object)  # global, kind, label

    def __init__(self, model: ClassTreeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classTree")
        self.setAccessibleName("Classes")
        self.setHeaderHidden(True)
        self.setIndentation(theme.px(INDENT_PT))
        self.setUniformRowHeights(True)
        self.setFrameShape(QTreeView.Shape.NoFrame)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        self.setItemDelegate(_RoomyRows(self))
        self.setAutoExpandDelay(600)
        self._over = QPersistentModelIndex()
        self._closed: set[str] = set()
        self._renamed: dict[str, str] = {}
        self._typed = ""
        self._place: tuple[Kind, str | None] = ("all", None)
        self.setModel(model)
        self.expandAll()
        model.modelAboutToBeReset.connect(self._on_about_to_reset)
        model.modelReset.connect(self._on_reset)
        self.selectionModel().currentChanged.connect(self._on_current)

    @property
    def over(self) -> QPersistentModelIndex:
        """The row that would accept what is being dragged."""
        return self._over

    @property
    def place(self) -> tuple[Kind, str | None]:
        """Kind and label of the chosen row."""
        return self._place

    def go_to(self, kind: Kind, path: str | None = None) -> None:
        """Choose a row; does nothing if it does not exist."""
        at = self._tree.find(kind, path)
        if at.isValid():
            self.setCurrentIndex(at)

    def set_filter(self, typed: str) -> None:
        """Show the classes alone that have the letters of ``typed``, and those above them; "" shows all."""
        self._typed = typed
        self._filter(QModelIndex())

    def choose_first(self) -> None:
        """Choose the likeliest of the classes that are shown, if there is one."""
        paths = [path for index in self._rows() if (path := index.data(TreeRole.Path)) is not None]
        if found := ranked(paths, self._typed):
            self.go_to("class", found[0])

    def _filter(self, parent: QModelIndex) -> bool:
        """Hide the rows below ``parent`` that do not fit; whether any does."""
        fits = False
        for row in range(self._tree.rowCount(parent)):
            index = self._tree.index(row, 0, parent)
            path = index.data(TreeRole.Path)
            wanted = path is None or not self._typed or distance(path, self._typed) is not None
            shown = self._filter(index) or wanted
            self.setRowHidden(row, parent, not shown)
            fits = fits or shown
        return fits

    def follow(self, old: str, new: str) -> None:
        """Note that ``old`` is about to be called ``new``: a chosen row stays chosen, also after undo."""
        self._renamed = {old: new, new: old}

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scrollTo(self.currentIndex())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._consider(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        super().dragMoveEvent(event)  # scrolls, and expands collapsed branches
        self._consider(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        self._set_over(QModelIndex())

    def dropEvent(self, event: QDropEvent) -> None:
        kind, path = self._place_at(event.position().toPoint())
        data = event.mimeData()
        ids = mime.exemplars(data)
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.setState(QAbstractItemView.State.NoState)
        self._set_over(QModelIndex())
        if ids and kind == "struck":
            self.cards_struck.emit(ids)
        elif ids and path is not None:
            self.cards_dropped.emit(ids, path)
        elif mime.holds_words(data):
            self.words_dropped.emit()
        elif not ids and kind != "struck":
            self.images_dropped.emit(brought(data), path)

    @property
    def _tree(self) -> ClassTreeModel:
        model = self.model()
        assert isinstance(model, ClassTreeModel)
        return model

    def _consider(self, event: QDragMoveEvent) -> None:
        kind, path = self._place_at(event.position().toPoint())
        data = event.mimeData()
        ids, words = bool(mime.exemplars(data)), mime.holds_words(data)
        cards = ids and (path is not None or kind == "struck")
        images = mime.holds_images(data) and not ids and kind != "struck"
        entering = isinstance(event, QDragEnterEvent) and (ids or mime.holds_images(data))
        self._set_over(self.indexAt(event.position().toPoint()) if cards or images else QModelIndex())
        if cards or images or words or entering:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
        else:
            event.ignore()

    def _set_over(self, index: QModelIndex) -> None:
        if index != self._over:
            self._over = QPersistentModelIndex(index)
            self.viewport().update()

    def _place_at(self, spot: QPoint) -> tuple[Kind, str | None]:
        return self._place_of(self.indexAt(spot))

    def _place_of(self, index: QModelIndex) -> tuple[Kind, str | None]:
        return (index.data(TreeRole.Kind), index.data(TreeRole.Path)) if index.isValid() else ("all", None)

    def _on_current(self, index: QModelIndex, before: QModelIndex) -> None:
        place = self._place_of(index)
        if index.isValid() and place != self._place:
            self._place = place
            self.place_chosen.emit(*place)

    def _on_menu(self, spot: QPoint) -> None:
        kind, path = self._place_at(spot)
        self.menu_requested.emit(self.viewport().mapToGlobal(spot), kind, path)

    def _on_about_to_reset(self) -> None:
        """Remember which branches are collapsed, by label."""
        self._closed = {index.data(TreeRole.Path) for index in self._branches() if not self.isExpanded(index)}

    def _on_reset(self) -> None:
        kind, path = self._place
        for index in self._branches():
            self.setExpanded(index, index.data(TreeRole.Path) not in self._closed)
        self._filter(QModelIndex())
        at = self._tree.find(kind, path)
        if not at.isValid() and path in self._renamed:
            at = self._tree.find(kind, self._renamed[path])
        self.setCurrentIndex(at if at.isValid() else self._tree.find("all"))

    def _branches(self) -> list[QModelIndex]:
        """Every row with rows below it."""
        return [index for index in self._rows() if self._tree.rowCount(index)]

    def _rows(self, parent: QModelIndex | None = None) -> list[QModelIndex]:
        """Every row, each before those below it."""
        parent = parent or QModelIndex()
        found: list[QModelIndex] = []
        for row in range(self._tree.rowCount(parent)):
            index = self._tree.index(row, 0, parent)
            found += [index, *self._rows(index)]
        return found
