"""The workspace Study: how well the memory does, one question per page."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QPushButton, QTabWidget, QVBoxLayout, QWidget

from visualmemory_gui.app import theme
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.study.evaluate_page import EvaluatePage
from visualmemory_gui.app.views.study.growth_page import GrowthPage
from visualmemory_gui.app.views.study.map_page import MapPage
from visualmemory_gui.app.views.study.novelty_page import NoveltyPage
from visualmemory_gui.app.views.study.prune_page import PrunePage
from visualmemory_gui.app.views.study.study_page import StudyPage
from visualmemory_gui.app.views.study.tune_page import TunePage
from visualmemory_gui.app.views.study.watch_page import WatchPage
from visualmemory_gui.app.widgets.map.map_view import MapView

SHARED = (
    "The exemplars of this shared memory are on its server, and the other pages of Study need all of them on this "
    "computer. A sample in a folder answers their questions about a part of them, drawn at random."
)


class StudyView(QWidget):
    """The pages of Study. It passes on their requests; a page begins its work when it is shown."""

    query_chosen = Signal(object)  # a Query, or the id of an exemplar
    exemplars_chosen = Signal(str, object)  # what they have in common, and their ids
    sample_wanted = Signal()  # of a shared memory, in a folder
    folder_wanted = Signal(str, object)  # the question, and the function to call with the answer

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("workspaceStudy")
        self.watch = WatchPage(session)
        self.evaluate, self.prune, self.tune = EvaluatePage(session), PrunePage(session), TunePage(session)
        self.map = MapPage(session)
        self.pages: tuple[StudyPage, ...] = (
            self.evaluate,
            self.map,
            self.prune,
            self.tune,
            NoveltyPage(session),
            GrowthPage(session),
            self.watch,
        )
        self.tabs = QTabWidget()
        self.tabs.setObjectName("studyTabs")
        self.tabs.setAccessibleName("Study")
        self.tabs.setDocumentMode(True)
        for page in self.pages:
            self.tabs.addTab(page, page.title)
            page.query_chosen.connect(self.query_chosen)
            page.exemplars_chosen.connect(self.exemplars_chosen)
            page.folder_wanted.connect(self.folder_wanted)
        self.tabs.currentChanged.connect(lambda _: self.begin())
        self.tabs.tabBarClicked.connect(lambda at: QTimer.singleShot(0, self, lambda: self._on_tab_clicked(at)))
        column = QVBoxLayout(self)
        margin = theme.px(6)
        column.setContentsMargins(margin, margin, margin, margin)
        column.addWidget(self.tabs)
        self.notice = QWidget()
        self.notice.setObjectName("studyNotice")
        self.pull = QPushButton("Pull a sample…")
        self.pull.setObjectName("pullSample")
        self.pull.clicked.connect(self.sample_wanted)
        said = QLabel(SHARED, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        lines = QVBoxLayout(self.notice)
        lines.addStretch()
        lines.addWidget(said)
        lines.addWidget(self.pull, alignment=Qt.AlignmentFlag.AlignHCenter)
        lines.addStretch()
        self.notice.hide()
        column.addWidget(self.notice)
        self._session = session
        session.memory_opened.connect(self.on_memory_opened)

    def on_memory_opened(self) -> None:
        """Show the pages; for a memory whose exemplars are on a server the watch set, and what to do about the rest."""
        is_whole = self._session.whole is not None
        for at, page in enumerate(self.pages):
            self.tabs.setTabVisible(at, is_whole or page is self.watch)
        self.notice.setVisible(not is_whole)
        self.begin()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.begin()

    def begin(self) -> None:
        """Let the visible page start what it needs."""
        page = self.tabs.currentWidget()
        if isinstance(page, StudyPage) and page.isVisible():
            page.begin()

    def _on_tab_clicked(self, at: int) -> None:
        """Give the keyboard to the page, once the tab bar has let it go."""
        page = self.tabs.widget(at)
        if isinstance(page, StudyPage):
            page.take_keys()

    @property
    def page(self) -> str:
        """The title of the page shown."""
        page = self.tabs.currentWidget()
        return page.title if isinstance(page, StudyPage) else ""

    @property
    def map_in_view(self) -> MapView | None:
        """The map, while its page is shown."""
        return self.map.view if self.tabs.currentWidget() is self.map else None

    def go_to(self, title: str) -> None:
        """Show the page of that title, if there is one."""
        for page in self.pages:
            if page.title == title:
                self.tabs.setCurrentWidget(page)

    def key_sheet(self) -> list[tuple[str, str]]:
        """(keys, what they do) on all pages, each row once."""
        return list(dict.fromkeys(row for page in self.pages for row in page.key_sheet()))
