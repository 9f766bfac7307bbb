"""What the actions on a query and its neighbours do: ask what has to be asked, then call one operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from visualmemory_gui.app import operations, watch_operations
from visualmemory_gui.app.dialogs import Asking
from visualmemory_gui.app.models.asking import SHOWN, Query
from visualmemory_gui.app.models.headline import winning_label
from visualmemory_gui.app.models.incoming import incoming
from visualmemory_gui.app.session import Session

RELABEL_HINT = "Relabel {}: press the digit of a class, R for the list of classes, Esc to leave it."


class Cards(Protocol):
    """What the commands need of the workspace Decide."""

    def selected(self, *, struck: bool | None = None) -> list[int]: ...
    def select_all(self) -> None: ...
    def clear_selection(self) -> None: ...
    def label_of_key(self, digit: int) -> str | None: ...
    def say(self, text: str) -> None: ...


class Commands(QObject):
    """One method an action or a gesture. ``relabelling`` is on between R and the digit that follows."""

    def __init__(self, session: Session, cards: Cards, ask: Asking, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._cards = cards
        self._ask = ask
        self.relabelling = False

    # Queries

    def choose_query(self) -> None:
        self._ask.pictures(self.decide)

    def paste(self) -> None:
        found = incoming(QGuiApplication.clipboard().mimeData())
        if found:
            self.decide(found)
        else:
            self._session.post_note("There is no picture on the clipboard.")

    def decide(self, images: Sequence[Any]) -> None:
        """Make the first picture the query; the others join the recent queries."""
        if not images:
            self._session.post_note("There is no picture in it. A folder of classes is imported in Curate.")
            return
        self._session.decision.remember([path for path in images[1:SHOWN] if isinstance(path, str)])
        self._session.decision.ask(images[0])
        if len(images) > SHOWN:
            self._session.post_note(f"Took the first {SHOWN} of {len(images):,} pictures.")

    def ask_selected(self) -> None:
        ids = self._cards.selected()
        if ids:
            self._session.decision.ask_exemplar(ids[0])

    # Teaching

    def teach(self) -> None:
        decision = self._session.decision.decision
        winner = winning_label(decision) if decision is not None else None
        query = self._session.decision.query
        own = query is not None and query.exemplar is not None
        question, verb = ("Relabel this exemplar to", "Relabel") if own else ("Teach this picture as", "Teach")
        self._ask_label(question, self._teach_query, preselected=winner or "", verb=verb)

    def confirm(self) -> None:
        decision = self._session.decision.decision
        label = winning_label(decision) if decision is not None else None
        if label is not None:
            self._teach_query(label)

    def teach_as(self, label: str | None) -> None:
        """Teach the query as ``label``; None asks for a new class."""
        if self._session.decision.query is None:
            self._session.post_note("Drop a picture first; then choose its class.")
        elif label is None:
            self._ask_label("Teach this picture as a new class", self._teach_query)
        else:
            self._teach_query(label)

    def teach_pictures(self, pictures: Sequence[Any], label: str | None) -> None:
        """Pictures dropped on a class: paths and PIL images."""
        if not pictures:
            self._session.post_note("There is no picture in it.")
        elif label is None:
            question = f"Teach {len(pictures)} pictures as" if len(pictures) > 1 else "Teach this picture as"
            self._ask_label(question, partial(operations.teach, self._session, pictures))
        else:
            operations.teach(self._session, pictures, label)

    def watch(self) -> None:
        """Follow the query's decision; ask what it ought to be."""
        decision, query = self._session.decision.decision, self._session.decision.query
        winner = winning_label(decision) if decision is not None else None
        if query is not None:
            self.expect(query, preselected=winner or "")

    def expect(self, query: Query, *, preselected: str = "") -> None:
        """Ask what ``query`` ought to be, and watch it."""
        then = partial(watch_operations.watch, self._session, query)
        self._ask_label("Watch this picture; it ought to be", then, preselected=preselected, verb="Watch")

    # Neighbours

    def strike(self, ids: Sequence[int] | None = None) -> None:
        ids = self._cards.selected(struck=False) if ids is None else ids
        if ids:
            operations.strike(self._session, ids, here=True)

    def restore(self, ids: Sequence[int] | None = None) -> None:
        """Exemplars that only this query leaves out take part again; those that are struck out are restored."""
        ids = self._cards.selected(struck=True) if ids is None else ids
        out = self._session.decision.left_out_ids
        self._session.decision.take_back([i for i in ids if i in out])
        if struck := [i for i in ids if i not in out]:
            operations.restore(self._session, struck)

    def set_trust(self) -> None:
        """Ask how much the votes of the selected cards count."""
        ids = self._cards.selected()
        if ids:
            now = operations.trust_of(self._session, ids)
            self._ask.trust(operations.exemplars(len(ids)), now, partial(operations.reweigh, self._session, ids))

    def relabel(self) -> None:
        """The first R waits for a digit, the second asks for the class."""
        ids = self._cards.selected()
        if not ids:
            return
        if self.relabelling:
            self._stop_relabelling()
            self.relabel_to(ids, None)
        else:
            self.relabelling = True
            self._cards.say(RELABEL_HINT.format(operations.exemplars(len(ids))))

    def relabel_to(self, ids: Sequence[int], label: str | None) -> None:
        """Relabel ``ids``; None asks for the class."""
        if label is None:
            question = f"Relabel {operations.exemplars(len(ids))} to"
            self._ask_label(question, partial(operations.relabel, self._session, ids), verb="Relabel")
        else:
            operations.relabel(self._session, ids, label)

    def on_digit(self, digit: int) -> None:
        label = self._cards.label_of_key(digit)
        if label is None:
            self._session.post_note(f"No class has the digit {digit} here.")
        elif self.relabelling:
            self._stop_relabelling()
            self.relabel_to(self._cards.selected(), label)
        else:
            self.teach_as(label)

    def select_all(self) -> None:
        self._cards.select_all()

    def let_go(self) -> None:
        """One step back: leave relabelling, else clear the selection."""
        if self.relabelling:
            self._stop_relabelling()
        else:
            self._cards.clear_selection()

    def _stop_relabelling(self) -> None:
        self.relabelling = False
        self._cards.say("")

    def _ask_label(
        self, question: str, then: Callable[[str], object], *, preselected: str = "", verb: str = "Teach"
    ) -> None:
        labels = sorted(label for label, count in self._session.decision.counts.items() if count)
        self._ask.label(question, labels, then, preselected=preselected, verb=verb)

    def _teach_query(self, label: str) -> None:
        query = self._session.decision.query
        if query is None:
            return
        if query.exemplar is not None:
            operations.relabel(self._session, [query.exemplar], label)
            return
        image = query.picture or query.source
        if image is None:
            self._session.post_note("This query's picture is not kept; drop it again to teach it.")
        else:
            operations.teach(self._session, [image], label)
