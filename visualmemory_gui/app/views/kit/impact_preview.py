"""Previews the edit that a page proposes: a line says what it would do to other decisions."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, QObject
from PySide6.QtWidgets import QAbstractItemView, QWidget

from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.panels.impact_line import ImpactLine
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

Proposed = Callable[[], ProposedEdit | None]


def bind_line(line: ImpactLine, session: Session) -> None:
    """Let ``line`` say what the previewed edit would do."""
    model = session.impact_preview

    def show() -> None:
        line.say(model.text, shows=model.impact is not None and bool(model.impact.changed))

    model.updated.connect(show)
    show()


class PreviewBinding(QObject):
    """While ``page`` is visible, ``line`` shows the impact of the edit ``proposed()``; the page calls ``update`` if it
    may have changed. The edit of what is under the mouse takes precedence: see ``over``."""

    def __init__(self, page: QWidget, session: Session, line: ImpactLine, proposed: Proposed) -> None:
        super().__init__(page)
        self._page, self._session, self._proposed = page, session, proposed
        self._under: Proposed | None = None
        self._over: dict[QObject, Proposed] = {}
        self._rows: set[QObject] = set()
        bind_line(line, session)
        page.installEventFilter(self)

    def over(self, widget: QWidget, proposed: Proposed) -> None:
        """Preview ``proposed()`` while the mouse is over ``widget``."""
        self._over[widget] = proposed
        widget.installEventFilter(self)

    def over_rows(self, view: QAbstractItemView, proposed_by: Callable[[QModelIndex], Proposed | None]) -> None:
        """While the mouse is over a row of ``view``, preview ``proposed_by(row)``; None: the page's edit."""
        self._rows.add(view.viewport())
        view.viewport().installEventFilter(self)
        view.entered.connect(lambda index: self._set(proposed_by(index)))

    def update(self) -> None:
        if self._page.isVisible():
            self._session.impact_preview.preview((self._under or self._proposed)())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Show and watched is self._page:
            self.update()
        elif kind == QEvent.Type.Enter and watched in self._over:
            self._set(self._over[watched])
        elif kind == QEvent.Type.Leave and (watched in self._over or watched in self._rows):
            self._set(None)
        return False

    def _set(self, under: Proposed | None) -> None:
        self._under = under
        self.update()
