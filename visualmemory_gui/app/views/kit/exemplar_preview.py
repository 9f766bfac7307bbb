"""The large image over a workspace: Space shows and hides it, arrows move on, Esc hides it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app.models.originals import OriginalsModel
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.cards.large_preview import LargePreview


class ExemplarPreview(LargePreview):
    """The preview, read from the memory of ``session`` off the window's thread; ``originals`` knows what is missing."""

    def __init__(self, parent: QWidget, session: Session, originals: OriginalsModel) -> None:
        super().__init__(parent)
        self._session, self._originals = session, originals
        self._shown: tuple[int, bytes | None, str, str] | None = None
        self._esc = QShortcut(QKeySequence("Esc"), parent)
        self._esc.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._esc.setEnabled(False)
        self._esc.activated.connect(self.hide)
        self.visible_changed.connect(self._esc.setEnabled)
        originals.updated.connect(self.on_originals_updated)

    def toggle(self, exemplar: int | None) -> None:
        """Hide it, or show ``exemplar``."""
        if self.isVisible():
            self.hide()
        elif exemplar is not None:
            self.look_at(exemplar)

    def follow(self, exemplar: int | None) -> None:
        """Follow the current exemplar while the preview is open."""
        if self.isVisible() and exemplar is not None:
            self.look_at(exemplar)

    def look_at(self, exemplar: int) -> None:
        memory = self._session.memory
        if memory is None:
            return

        def read() -> tuple[int, bytes | None, str, str]:
            found = memory.catalog.get([exemplar])[0]
            return exemplar, memory.catalog.thumbnail(exemplar), found.label, found.source or ""

        self._session.tasks.run_edit("Reading images", read, self._show, topic="preview")

    def on_originals_updated(self) -> None:
        if self._shown is not None and self.isVisible():
            self._show(self._shown)

    def _show(self, found: tuple[int, bytes | None, str, str]) -> None:
        self._shown = found
        exemplar, jpeg, label, source = found
        missing = self._originals.missing(exemplar)
        where = f"\nOriginal missing: {missing}" if missing else f"\n{source}" if source else ""
        self.show_image(jpeg, f"{label} · {exemplar:,}{where}")
