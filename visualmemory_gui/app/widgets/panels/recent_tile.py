"""A recent memory as a tile: four of its images, its name, what it holds, and where it is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QImage, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.recent_memories import RecentMemory
from visualmemory_gui.app.runtime.place import place_above, place_name
from visualmemory_gui.app.widgets.panels.begin_button import BeginButton
from visualmemory_gui.engine.shared_memory.address import is_shared

WIDTH_PT, HEIGHT_PT, IMAGE_PT, GAP_PT = 216.0, 68.0, 28.0, 2.0


class RecentTile(BeginButton):
    """Opens the memory at ``path`` by a click or Return; Delete and the menu remove the tile from the list."""

    remove_requested = Signal(str)
    folder_requested = Signal(str)  # show where it is

    def __init__(self, path: str, *, job: str = "") -> None:
        super().__init__(recent_text(path), job=job, busy=f"Opening {recent_text(path)}…")
        self.path = path
        self._shown = RecentMemory(path, "there")
        self.setToolTip(path)
        self.setFixedSize(theme.px(WIDTH_PT), theme.px(HEIGHT_PT))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._add_actions()
        self._name()
        theme.notifier.changed.connect(self.update)

    @staticmethod
    def image_side() -> int:
        """The side of each image, in logical pixels."""
        return theme.px(IMAGE_PT)

    def show_memory(self, memory: RecentMemory) -> None:
        """Show what was read of the memory."""
        self._shown = memory
        self._name()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_frame(painter)
        self._paint_images(painter)
        self._paint_words(painter)

    def _add_actions(self) -> None:
        shown = [("Remove from the list", "Del", self.remove_requested)]
        if not is_shared(self.path):
            shown.append(("Show in folder", "", self.folder_requested))
        for text, key, signal in shown:
            action = QAction(text, self)
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.triggered.connect(lambda _=False, signal=signal: signal.emit(self.path))
            self.addAction(action)

    def _name(self) -> None:
        self.setAccessibleName(", ".join((f"Open {recent_text(self.path)}", *self._shown.facts)))

    def _paint_frame(self, painter: QPainter) -> None:
        c = theme.current()
        lit = self.isEnabled() and self.underMouse()
        focused = self.hasFocus()
        painter.setBrush(QColor(c.selected if self.isDown() else c.hover if lit else c.surface))
        painter.setPen(QPen(QColor(c.accent if focused else c.line if lit else c.border), 2.0 if focused else 1.0))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), theme.px(5), theme.px(5))

    def _paint_images(self, painter: QPainter) -> None:
        """Four fields; those without an image are empty. Of a shared memory, a server."""
        side, gap, margin = theme.px(IMAGE_PT), theme.px(GAP_PT), theme.px(5)
        if is_shared(self.path):
            inwards = (2 * side + gap) // 4
            theme.icon("server-network").paint(painter, QRect(margin + inwards, margin + inwards, side, side))
            return
        for n in range(4):
            field = QRectF(margin + n % 2 * (side + gap), margin + n // 2 * (side + gap), side, side)
            painter.fillRect(field, QColor(theme.current().track))
            if n < len(self._shown.images):
                _paint_cropped(painter, field, self._shown.images[n])

    def _paint_words(self, painter: QPainter) -> None:
        c, missing = theme.current(), self._shown.state in ("missing", "unreadable")
        left = theme.px(5 + 2 * IMAGE_PT + GAP_PT + 7)
        room = QRectF(left, theme.px(5), self.width() - left - theme.px(7), self.height() - theme.px(10))
        first, second = (*(self._shown.facts if self.isEnabled() else ("Opening…",)), "", "")[:2]
        plain = self.font()
        lines = (
            (theme.points(self.font(), 1, bold=True), c.text, place_name(self.path)),
            (plain, c.danger if missing else c.text, first),
            (plain, c.dim, second),
            (theme.points(plain, -0.5), c.dim, place_above(self.path)),
        )
        for n, (font, colour, text) in enumerate(lines):
            line = QRectF(room.x(), room.y() + n * room.height() / 4, room.width(), room.height() / 4)
            _paint_line(painter, line, font, QColor(colour), text)


def _paint_line(painter: QPainter, room: QRectF, font: QFont, colour: QColor, text: str) -> None:
    painter.setFont(font)
    painter.setPen(colour)
    cut = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, int(room.width()))
    painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), cut)


def _paint_cropped(painter: QPainter, field: QRectF, image: QImage) -> None:
    """``image`` filling the field, its middle in sight."""
    size = field.size().scaled(QSize(image.width(), image.height()).toSizeF(), Qt.AspectRatioMode.KeepAspectRatio)
    corner = QPointF((image.width() - size.width()) / 2, (image.height() - size.height()) / 2)
    painter.drawImage(field, image, QRectF(corner, size))


def recent_text(path: str) -> str:
    """ "birds  in  documents", "birds  on  host:19530": distinguishes two memories of one name."""
    name, above = place_name(path), place_above(path)
    if is_shared(path):
        return f"{name}  on  {above}"
    return f"{name}  in  {Path(above).name}" if Path(above).name else name
