"""Commands on second opinions: set up where they come from, show what would be sent, send it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings

from visualmemory_gui.app import preferences
from visualmemory_gui.app.actions.dialogs import Dialogs
from visualmemory_gui.app.models.thumbnails import scaled
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.tables.labelled_images import LabelledRow
from visualmemory_gui.engine.second_opinion.endpoint import Endpoint, store_key

if TYPE_CHECKING:
    from visualmemory_gui.engine.second_opinion.question import Question

SIDE = 160


class OpinionCommands:
    """What the user agreed to send without being asked holds for one endpoint, as long as the memory is open."""

    def __init__(self, session: Session, store: QSettings, ask: Dialogs) -> None:
        self._session, self._store, self._ask = session, store, ask
        self._agreed: Endpoint | None = None
        session.opinion.set_endpoint(preferences.endpoint(store))
        session.memory_closed.connect(self.on_memory_closed)

    def on_memory_closed(self) -> None:
        self._agreed = None

    def ask(self) -> None:
        """Ask for an opinion on the decision shown, after showing what would be sent."""
        if self._session.opinion.endpoint is None:
            self._ask_set_up(self.ask)
        else:
            self._session.opinion.prepare(self._confirm)

    def set_up(self) -> None:
        """Ask for endpoint, model, price and key."""
        self._ask_set_up(lambda: self._session.post_note("Second opinions are set up."))

    def _ask_set_up(self, then: Callable[[], object]) -> None:
        def chosen(endpoint: Endpoint | None, secret: str) -> None:
            preferences.keep_endpoint(self._store, endpoint)
            self._session.opinion.set_endpoint(endpoint)
            if endpoint is None:
                self._session.post_note("Second opinions are off.")
            elif secret:
                self._session.tasks.run_edit("Storing the key", lambda: store_key(endpoint, secret), lambda _: then())
            else:
                then()

        self._ask.endpoint(self._session.opinion.endpoint, chosen)

    def _confirm(self, question: Question) -> None:
        from visualmemory_gui.engine.second_opinion.estimate import estimate
        from visualmemory_gui.engine.second_opinion.opinion import sent_in_words  # with it ssl

        endpoint = self._session.opinion.endpoint
        if endpoint is None:
            return
        if self._agreed == endpoint:
            self._session.opinion.send(question)
            return

        def send(always: bool) -> None:
            self._agreed = endpoint if always else None
            self._session.opinion.send(question)

        near = [
            LabelledRow(one.label, f"exemplar {one.exemplar}", scaled(one.jpeg, SIDE)) for one in question.neighbours
        ]
        rows = [LabelledRow("", "the query", scaled(question.query, SIDE)), *near]
        what = f"{sent_in_words(question, endpoint)}. Expected: {estimate(question, endpoint).in_words}"
        self._ask.opinion(endpoint.host, what, rows, send, self.set_up)
