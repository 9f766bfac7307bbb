"""The tool bar: actions on the memory, the workspaces, and at its right end the window's own actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSizePolicy, QToolBar, QToolButton, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.literal_text import words_of


class ToolBar(QToolBar):
    """``shown`` are names of actions in order, None is a gap; those at the ``right`` have icons only."""

    def __init__(self, actions: Mapping[str, QAction], *, shown: Sequence[str | None], right: Sequence[str]) -> None:
        super().__init__("Tools")
        self.setObjectName("toolBar")
        self.setMovable(False)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for name in shown:
            self.addAction(actions[name]) if name else self.addSeparator()
        gap = QWidget()
        gap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.addWidget(gap)
        for name in right:
            self.addAction(actions[name])
            button = self.widgetForAction(actions[name])
            if isinstance(button, QToolButton):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
                button.setAccessibleName(words_of(actions[name]))
        if isinstance(more := self.findChild(QToolButton, "qt_toolbar_ext_button"), QToolButton):
            theme.set_icon(more, "chevron-double-right")  # Qt's own is dark in either look
            more.setAccessibleName("More actions")
            more.setToolTip("Actions that have no room")
