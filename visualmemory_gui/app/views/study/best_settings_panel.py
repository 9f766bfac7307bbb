"""The part of Evaluate that compares settings and sets the best ones."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.best_settings import BestSettingsModel, details, rows, use_text
from visualmemory_gui.app.operations import settings
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.study.study_page import dim_label
from visualmemory_gui.app.widgets.tables.settings_table import SettingsTable

EXPLAINED = (
    "Which voting rule, k, parameters and class factor suit this memory? Half of the exemplars choose them, the other "
    "half measures what they gain."
)


class BestSettingsPanel(QWidget):
    """It follows its model, which the page starts."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = BestSettingsModel(session.tasks, self)
        self._lay_out()
        session.memory_opened.connect(self.on_memory)
        session.memory_closed.connect(self.on_memory)
        session.changed.connect(self.model.on_changed)
        self.model.updated.connect(self.on_updated)
        self.use_button.clicked.connect(self.use)
        self.on_updated()

    @property
    def in_use(self) -> bool:
        """Whether there is something to show."""
        return self.model.running or self.model.found is not None or bool(self.model.refusal)

    def use(self) -> None:
        if (found := self.model.found) is not None:
            settings.use_settings(
                self._session, found.changes, f"This memory now decides by {found.best.scheme.words}."
            )

    def on_memory(self) -> None:
        self.model.set_memory(self._session.whole)

    def on_updated(self) -> None:
        model, found = self.model, self.model.found
        self.verdict.setText(found.words if found else model.refusal)
        self.verdict.setVisible(bool(self.verdict.text()))
        self.explained.setText(details(found) if found else EXPLAINED)
        self.table.set_rows(rows(found) if found else ())
        self.table.setVisible(found is not None)
        why = model.why_not("" if found is None or found.helps else "they gain nothing that can be measured")
        self.use_button.setVisible(found is not None and found.helps)
        self.use_button.setText(use_text(found) if found else "Use this")
        self.use_button.setEnabled(not why)
        self.use_button.setToolTip(why or "Set all of these settings at once; the note takes them back")

    def _lay_out(self) -> None:
        self.verdict, self.explained = QLabel(), dim_label()
        self.verdict.setObjectName("settingsVerdict")
        self.verdict.setWordWrap(True)
        self.use_button = QPushButton()
        self.use_button.setObjectName("useSettings")
        self.use_button.setProperty("primary", True)
        self.table = SettingsTable()
        top = QHBoxLayout()
        top.addWidget(self.verdict, 1)
        top.addWidget(self.use_button, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.px(8), 0, 0)
        column.addLayout(top)
        column.addWidget(self.explained)
        column.addWidget(self.table, 1)
        column.addStretch(0)
