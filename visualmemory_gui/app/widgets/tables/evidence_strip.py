"""An image between those nearest to it: on one side those of its own label, on the other those of the suggested."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.label_evidence import LabelEvidenceModel
from visualmemory_gui.app.models.thumbnails import Thumbnails
from visualmemory_gui.app.widgets.cards.label_chip import paint_chip
from visualmemory_gui.engine.decision.short_labels import ShortLabels

SIDE_PT, LEAST_SIDE_PT = 66.0, 30.0
EACH = 3  # images of a label
GAP_PT, SPACING_PT = 14.0, 3.0
EDGE_PT = 8.0  # left and right of an image, together


class EvidenceStrip(QWidget):
    """The evidence on the label of one suspect, in images that are smaller where there is little width.

    ``opened``: one of the images is wanted large.
    """

    opened = Signal(object)  # an exemplar's id

    def __init__(self, model: LabelEvidenceModel, thumbnails: Thumbnails, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("evidenceStrip")
        self.setAccessibleName("The image beside the nearest of its label and of the suggested one")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._model, self._thumbnails = model, thumbnails
        self.image = _Shown(self)
        self.own = tuple(_Shown(self) for _ in range(EACH))
        self.suggested = tuple(_Shown(self) for _ in range(EACH))
        self._heads = _Head("labelled", self), _Head("suggested", self)
        self._lay_out()
        for shown in self._all:
            shown.clicked.connect(lambda _=False, shown=shown: self.opened.emit(shown.exemplar))
        model.updated.connect(self.on_updated)
        thumbnails.loaded.connect(lambda _: self._show_images())
        theme.notifier.changed.connect(self.update)
        self.on_updated()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._wide(theme.px(LEAST_SIDE_PT)), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        spare = self._wide(theme.px(SIDE_PT)) - self.width()
        side = theme.px(SIDE_PT) - max(0, -(-spare // len(self._all)))
        for shown in self._all:
            shown.set_side(side)

    def _wide(self, side: int) -> int:
        """The width that images of ``side`` pixels take, with the gaps between them."""
        images = len(self._all)
        return images * (side + theme.px(EDGE_PT)) + 2 * theme.px(GAP_PT) + (images + 2) * theme.px(SPACING_PT)

    @property
    def _all(self) -> tuple[_Shown, ...]:
        return (self.image, *self.own, *self.suggested)

    def on_updated(self) -> None:
        found = self._model.found
        self.setVisible(found is not None)
        if found is None:
            return
        suspect = found.suspect
        names = ShortLabels((suspect.label, suspect.suggested))
        self._heads[0].set_label(suspect.label, None, names)
        self._heads[1].set_label(suspect.suggested, QColor(theme.current().chips[0]), names)
        self.image.show_exemplar(suspect.id, "this image", f"exemplar {suspect.id}, labelled {suspect.label}")
        for side, near, label in (
            (self.own, found.own, suspect.label),
            (self.suggested, found.suggested, suspect.suggested),
        ):
            _fill(side, near, label)
        self._show_images()

    def _show_images(self) -> None:
        for shown in self._all:
            pixmap = None if shown.exemplar is None else self._thumbnails.get(shown.exemplar)
            shown.setIcon(QIcon() if pixmap is None or pixmap.isNull() else QIcon(pixmap))

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, theme.px(4), 0, theme.px(2))
        grid.setHorizontalSpacing(theme.px(SPACING_PT))
        grid.setVerticalSpacing(theme.px(2))
        grid.addWidget(self.image, 1, EACH + 1)
        for head, side, first in ((self._heads[0], self.own, 0), (self._heads[1], self.suggested, EACH + 3)):
            grid.addWidget(head, 0, first, 1, EACH)
            for place, shown in enumerate(side):
                grid.addWidget(shown, 1, first + place)
        for space in (EACH, EACH + 2):
            grid.setColumnMinimumWidth(space, theme.px(GAP_PT))
        grid.setColumnStretch(2 * EACH + 3, 1)


def _fill(side: Sequence[_Shown], near: Sequence[tuple[int, float]], label: str) -> None:
    """Show as many as there are; the places of the others stay empty."""
    for place, shown in enumerate(side):
        if place < len(near):
            exemplar, distance = near[place]
            text = f"{distance:.2f}"
            shown.show_exemplar(exemplar, text, f"exemplar {exemplar}, {label}, distance {text}")
        else:
            shown.show_exemplar(None)


class _Shown(QToolButton):
    """One image with a word below it; pressing it shows it large."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.exemplar: int | None = None
        self.setAutoRaise(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.set_side(theme.px(SIDE_PT))
        self.show_exemplar(None)

    def set_side(self, side: int) -> None:
        """Show the image with sides of up to ``side`` pixels."""
        self.setIconSize(QSize(side, side))
        self.setFixedSize(side + theme.px(EDGE_PT), side + self.fontMetrics().height() + theme.px(10))

    def show_exemplar(self, exemplar: int | None, text: str = "", words: str = "") -> None:
        self.exemplar = exemplar
        self.setText(text)
        self.setAccessibleName(words or "No exemplar")
        self.setToolTip(f"{words}: show it large" if words else "")
        self.setEnabled(exemplar is not None)


class _Head(QLabel):
    """What the images below it have in common, and their label as a chip."""

    def __init__(self, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._words, self._label, self._colour, self._names = words, "", QColor(), ShortLabels()
        self.setFixedHeight(self.fontMetrics().height() + theme.px(5))

    def set_label(self, label: str, colour: QColor | None, names: ShortLabels) -> None:
        self._label, self._colour, self._names = label, colour or QColor(theme.current().grey_chip), names
        self.setAccessibleName(f"Nearest of those {self._words} {label}")
        self.setToolTip(label)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(theme.current().dim))
        before = f"{self._words} "
        painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), before)
        left = self.fontMetrics().horizontalAdvance(before)
        high = self.fontMetrics().height() + theme.px(2)
        room = QRectF(left, (self.height() - high) / 2, self.width() - left, high)
        paint_chip(painter, room, self._label, self._colour, names=self._names)
