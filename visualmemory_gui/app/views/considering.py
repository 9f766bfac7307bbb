"""An edit that a page offers is told before it is made: what it would do to other decisions stands in a line."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app.models.foreseen import Thought
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.impact_line import ImpactLine

Think = Callable[[], Thought | None]


def bind_line(line: ImpactLine, session: Session) -> None:
    """Let ``line`` tell what the edit in question would do."""
    model = session.foreseen

    def follow() -> None:
        line.say(model.text, shows=model.impact is not None and bool(model.impact.changed))

    model.updated.connect(follow)
    follow()


class Considering(QObject):
    """While ``page`` is seen, its ``line`` tells of the edit that ``think`` names; the page calls ``update`` when that
    may be another one. A widget under the mouse comes before it: see ``over``."""

    def __init__(self, page: QWidget, session: Session, line: ImpactLine, think: Think) -> None:
        super().__init__(page)
        self._page, self._session, self._think = page, session, think
        self._over: dict[QObject, Think] = {}
        self._under: QObject | None = None
        bind_line(line, session)
        page.installEventFilter(self)

    def over(self, widget: QWidget, think: Think) -> None:
        """While the mouse is over ``widget``, the edit is that of ``think``."""
        self._over[widget] = think
        widget.installEventFilter(self)

    def update(self) -> None:
        if self._page.isVisible():
            think = self._over.get(self._under, self._think) if self._under is not None else self._think
            self._session.foreseen.consider(think())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.Show and watched is self._page:
            self.update()
        elif kind in (QEvent.Type.Enter, QEvent.Type.Leave) and watched in self._over:
            self._under = watched if kind == QEvent.Type.Enter else None
            self.update()
        return False
