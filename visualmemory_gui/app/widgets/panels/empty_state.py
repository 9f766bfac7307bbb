"""The empty state: one sentence, one drop zone, a few ways to begin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models import mime
from visualmemory_gui.app.widgets.cards.image_view import ImageView


class BeginButton(QPushButton):
    """A button to begin with. While its ``job`` runs it says ``busy`` and is disabled. Return presses it too."""

    def __init__(self, text: str, *, job: str = "", busy: str = "") -> None:
        super().__init__(text.replace("&", "&&"))
        self._text, self._job, self._busy = text, job, busy

    def set_running(self, jobs: Collection[str]) -> None:
        """Show whether its job is among the running ``jobs``."""
        runs = bool(self._job) and self._job in jobs
        if runs == self.isEnabled():
            self.setEnabled(not runs)
            self.setText((self._busy if runs else self._text).replace("&", "&&"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)


class EmptyState(QWidget):
    """``dropped`` carries the paths that were dropped, ``recent_chosen`` the path of a recent memory.

    ``job_of`` names the job that opens the memory at a path.
    """

    dropped = Signal(list)
    recent_chosen = Signal(str)

    def __init__(
        self,
        sentence: str,
        *,
        drop_text: str = "",
        job_of: Callable[[str], str] = str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._job_of = job_of
        self._paths: tuple[str, ...] = ()
        self.setAcceptDrops(bool(drop_text))
        self._sentence = QLabel(sentence)
        self._sentence.setWordWrap(True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setFont(theme.points(self.font(), 3))
        self._zone = ImageView(empty_text=drop_text)
        self._zone.setFixedSize(theme.px(330), theme.px(130))
        self._zone.setVisible(bool(drop_text))
        self._buttons = QHBoxLayout()
        self._recent = QVBoxLayout()
        self._arrange()

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

    def set_recent(self, paths: Sequence[str]) -> None:
        """List recent memories as buttons, newest first. If the list is unchanged, the focus stays where it is."""
        if tuple(paths) == self._paths:
            return
        self._paths = tuple(paths)
        while (item := self._recent.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        if paths:
            heading = QLabel("Recent memories")
            heading.setProperty("dim", True)
            self._recent.addWidget(heading, 0, Qt.AlignmentFlag.AlignHCenter)
        for path in paths:
            self._recent.addWidget(self._recent_button(path), 0, Qt.AlignmentFlag.AlignHCenter)

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
        column = QVBoxLayout(self)
        column.setSpacing(theme.px(10))
        column.addStretch(1)
        column.addWidget(self._sentence)
        column.addWidget(self._zone, 0, Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addLayout(self._buttons)
        row.addStretch(1)
        column.addLayout(row)
        column.addLayout(self._recent)
        column.addStretch(2)

    def _recent_button(self, path: str) -> QPushButton:
        button = BeginButton(recent_text(path), job=self._job_of(path), busy=f"Opening {recent_text(path)}…")
        button.setFlat(True)
        button.setProperty("recent", True)
        button.setToolTip(path)
        button.setAccessibleName(f"Open {recent_text(path)}")
        button.clicked.connect(lambda: self.recent_chosen.emit(path))
        return button


def recent_text(path: str) -> str:
    """ "birds  in  documents": distinguishes two memories of one name."""
    memory = Path(path)
    return f"{memory.name}  in  {memory.parent.name}" if memory.parent.name else memory.name
