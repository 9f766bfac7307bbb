"""The large picture over a workspace: Space shows and hides it, arrows go on, Esc lets it go."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.preview import Preview


class LargePreview(Preview):
    """Reads what it shows from the memory of ``session``, off the window's thread."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self._session = session
        self._esc = QShortcut(QKeySequence("Esc"), parent)
        self._esc.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._esc.setEnabled(False)
        self._esc.activated.connect(self.hide)
        self.visible_changed.connect(self._esc.setEnabled)

    def toggle(self, exemplar: int | None) -> None:
        """Hide it, or show ``exemplar``."""
        if self.isVisible():
            self.hide()
        elif exemplar is not None:
            self.look_at(exemplar)

    def follow(self, exemplar: int | None) -> None:
        """Another one is under the keyboard now."""
        if self.isVisible() and exemplar is not None:
            self.look_at(exemplar)

    def look_at(self, exemplar: int) -> None:
        memory = self._session.memory
        if memory is None:
            return

        def read() -> tuple[bytes | None, str]:
            found = memory.catalog.get([exemplar])[0]
            source = f"\n{found.source}" if found.source else ""
            return memory.catalog.thumbnail(exemplar), f"{found.label} · {exemplar:,}{source}"

        self._session.tasks.run_edit("Reading pictures", read, lambda r: self.show_picture(*r), topic="preview")
