"""The empty state: what the program does in three drawings, one drop zone, a few ways to begin, recent memories."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models import mime
from visualmemory_gui.app.models.recent_memories import RecentMemory
from visualmemory_gui.app.widgets.cards.image_view import ImageView
from visualmemory_gui.app.widgets.panels.begin_button import BeginButton
from visualmemory_gui.app.widgets.panels.recent_tile import RecentTile
from visualmemory_gui.app.widgets.panels.step_drawings import StepDrawings

TILES_IN_ROW = 3
ZONE_PT = (330.0, 60.0)


class EmptyState(QWidget):
    """``dropped`` carries the paths that were dropped; the signals of the tiles the path of a recent memory.

    ``job_of`` names the job that opens the memory at a path.
    """

    dropped = Signal(list)
    recent_chosen = Signal(str)
    recent_removed = Signal(str)
    folder_requested = Signal(str)

    def __init__(
        self,
        sentence: str,
        *,
        drop_text: str = "",
        job_of: Callable[[str], str] = str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("emptyState")
        self._job_of = job_of
        self._paths: tuple[str, ...] = ()
        self.setAcceptDrops(bool(drop_text))
        self._sentence = QLabel(sentence)
        self._sentence.setWordWrap(True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setFont(theme.points(self.font(), 3))
        self._zone = ImageView(empty_text=drop_text)
        self._zone.setFixedSize(*map(theme.px, ZONE_PT))
        self._zone.setVisible(bool(drop_text))
        self._buttons = QHBoxLayout()
        self._fact = QLabel()
        self._fact.setProperty("dim", True)
        self._fact.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._heading = QLabel("Recent memories")
        self._heading.setProperty("title", True)
        self._heading.hide()
        self._recent = QGridLayout()
        self._arrange()

    @property
    def tiles(self) -> list[RecentTile]:
        """The tiles of recent memories, newest first."""
        found = (self._recent.itemAt(n) for n in range(self._recent.count()))
        return [tile for item in found if item is not None and isinstance(tile := item.widget(), RecentTile)]

    def add_button(
        self, text: str, *, icon: str = "", primary: bool = False, job: str = "", busy: str = ""
    ) -> BeginButton:
        """Add a way to begin; the caller connects its ``clicked``. ``busy`` is its text while ``job`` runs."""
        button = BeginButton(text, job=job, busy=busy)
        button.setProperty("primary", primary)
        if icon and not primary:
            theme.set_icon(button, icon)
        self._buttons.addWidget(button)
        return button

    def set_fact(self, text: str) -> None:
        """What is to be known before one of the buttons is pressed; below them."""
        self._fact.setText(text)

    def set_busy_panel(self, panel: QWidget) -> None:
        """Add ``panel``, which shows a long task while it is visible, in the middle."""
        self._column.insertWidget(self._column.indexOf(self._zone) + 1, panel, 0, Qt.AlignmentFlag.AlignHCenter)

    def set_recent(self, paths: Sequence[str]) -> None:
        """Show recent memories as tiles, newest first. If the list is unchanged, the focus stays where it is."""
        if tuple(paths) == self._paths:
            return
        self._paths = tuple(paths)
        for old in self.tiles:
            self._recent.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._heading.setVisible(bool(paths))
        for n, path in enumerate(paths):
            self._recent.addWidget(self._tile(path), n // TILES_IN_ROW, n % TILES_IN_ROW)

    def show_recent(self, memories: Sequence[RecentMemory]) -> None:
        """Show what was read of recent memories on their tiles."""
        found = {memory.path: memory for memory in memories}
        for tile in self.tiles:
            if tile.path in found:
                tile.show_memory(found[tile.path])

    def set_running(self, jobs: Collection[str]) -> None:
        """Let the buttons show whether their jobs are running; a running job is not started twice."""
        for button in self.findChildren(BeginButton):
            button.set_running(jobs)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if mime.paths(event.mimeData()):
            self._zone.set_inviting(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._zone.set_inviting(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._zone.set_inviting(False)
        event.acceptProposedAction()
        self.dropped.emit(mime.paths(event.mimeData()))

    def _arrange(self) -> None:
        panel = QWidget()
        column = self._column = QVBoxLayout(panel)
        column.setSpacing(theme.px(9))
        column.addStretch(1)
        column.addWidget(self._sentence)
        column.addWidget(StepDrawings())
        column.addWidget(self._zone, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(_centred(self._buttons))
        column.addWidget(self._fact)
        tiles = QVBoxLayout()
        tiles.addWidget(self._heading)
        tiles.addLayout(self._recent)
        self._recent.setSpacing(theme.px(6))
        column.addLayout(_centred(tiles))
        column.addStretch(2)
        area = QScrollArea()
        area.setAccessibleName("Start")
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(panel)
        room = QVBoxLayout(self)
        room.setContentsMargins(0, 0, 0, 0)
        room.addWidget(area)

    def _tile(self, path: str) -> RecentTile:
        tile = RecentTile(path, job=self._job_of(path))
        tile.clicked.connect(lambda: self.recent_chosen.emit(path))
        tile.remove_requested.connect(self.recent_removed)
        tile.folder_requested.connect(self.folder_requested)
        return tile


def _centred(layout: QHBoxLayout | QVBoxLayout) -> QHBoxLayout:
    row = QHBoxLayout()
    row.addStretch(1)
    row.addLayout(layout)
    row.addStretch(1)
    return row
