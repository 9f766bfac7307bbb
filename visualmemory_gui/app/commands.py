"""What the actions do: ask what has to be asked, then call one operation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from visualmemory_gui.app import operations
from visualmemory_gui.app.models.asking import SHOWN
from visualmemory_gui.app.models.headline import winning_label
from visualmemory_gui.app.models.incoming import incoming
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.import_dialog import FolderFacts

RELABEL_HINT = "Relabel {}: press the digit of a class, R for the list of classes, Esc to leave it."


class Cards(Protocol):
    """What the commands need of the workspace Decide."""

    def selected(self, *, struck: bool | None = None) -> list[int]: ...
    def select_all(self) -> None: ...
    def clear_selection(self) -> None: ...
    def label_of_key(self, digit: int) -> str | None: ...
    def say(self, text: str) -> None: ...


class Asking(Protocol):
    """The dialogs; a test brings one that answers at once."""

    def memory(self, then: Callable[[str], object]) -> None: ...
    def reading(self, why: str, then: Callable[[], object]) -> None: ...
    def folder(self, question: str, then: Callable[[str], object]) -> None: ...
    def new_memory(self, suggested: Path, then: Callable[[str], object]) -> None: ...
    def pictures(self, then: Callable[[list[str]], object]) -> None: ...
    def import_options(self, folder: str, then: Callable[[bool], object]) -> Callable[[FolderFacts], object]: ...
    def export_options(self, name: str, folder: Path, then: Callable[[str, str, bool], object]) -> None: ...
    def keys(self, rows: Sequence[tuple[str, str]]) -> None: ...
    def label(
        self,
        question: str,
        labels: Sequence[str],
        then: Callable[[str], object],
        *,
        preselected: str = "",
        verb: str = "Teach",
    ) -> None: ...


class Commands(QObject):
    """One method an action or a gesture. ``relabelling`` is on between R and the digit that follows."""

    def __init__(self, session: Session, cards: Cards, ask: Asking, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._cards = cards
        self.ask = ask
        self.relabelling = False

    # Memories

    def open_memory(self) -> None:
        self.ask.memory(self._session.open)

    def offer_reading(self, path: str, why: str) -> None:
        """A memory that cannot be edited now: ask whether to look at it."""
        self.ask.reading(why, partial(self._session.open, path, readonly=True))

    def new_from_folder(self) -> None:
        self.ask.folder("Make a memory from a folder of pictures", self.new_memory_of)

    def new_memory_of(self, folder: str) -> None:
        """Make a memory beside ``folder``, with its sub-folders as classes."""
        suggested = Path(folder).with_suffix(".vmem")

        def name(copy: bool) -> None:
            self.ask.new_memory(suggested, partial(self._create, folder=folder, copy=copy))

        self._ask_import(folder, name)

    def add_images(self) -> None:
        self.ask.folder("Add the pictures of a folder: its sub-folders are the classes", self.import_folder)

    def import_folder(self, folder: str) -> None:
        """Ask how, then add the pictures of ``folder``."""
        self._ask_import(folder, lambda copy: operations.import_folder(self._session, folder, copy=copy))

    def export(self) -> None:
        memory = self._session.memory
        if memory is not None:
            name, beside = memory.path.name.removesuffix(".vmem"), memory.path.parent
            self.ask.export_options(name, beside, self._export)

    def undo(self) -> None:
        operations.undo(self._session)

    def redo(self) -> None:
        operations.redo(self._session)

    # Queries

    def choose_query(self) -> None:
        self.ask.pictures(self.decide)

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

    # Neighbours

    def strike(self, ids: Sequence[int] | None = None) -> None:
        ids = self._cards.selected(struck=False) if ids is None else ids
        if ids:
            operations.strike(self._session, ids)

    def restore(self, ids: Sequence[int] | None = None) -> None:
        ids = self._cards.selected(struck=True) if ids is None else ids
        if ids:
            operations.restore(self._session, ids)

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

    def _ask_import(self, folder: str, then: Callable[[bool], object]) -> None:
        operations.count_folder(self._session, folder, self.ask.import_options(folder, then))

    def _export(self, to: str, format: str, keep_private: bool) -> None:
        operations.export(self._session, to, format, keep_private=keep_private)

    def _create(self, path: str, *, folder: str, copy: bool) -> None:
        imported = partial(operations.import_folder, self._session, folder, copy=copy)
        self._session.create(path, then=imported)

    def _ask_label(
        self, question: str, then: Callable[[str], object], *, preselected: str = "", verb: str = "Teach"
    ) -> None:
        labels = sorted(label for label, count in self._session.decision.counts.items() if count)
        self.ask.label(question, labels, then, preselected=preselected, verb=verb)

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
