"""The impact of a proposed edit on the tracked decisions, shown before it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.query import Query
from visualmemory_gui.app.models.watch import WatchModel
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.what_if.proposed_edit import EditKind, Lesson, ProposedEdit

if TYPE_CHECKING:
    from visualmemory_gui.engine.types import I64
    from visualmemory_gui.engine.what_if.impact import Impact
    from visualmemory_gui.engine.what_if.watch_tracker import Tracker

Tell = Callable[[str, "Impact | None"], object]
TOPIC, IN_DIALOG = "impact preview", "impact preview in a dialog"
DELAY_MS = 120  # a mouse passing by starts nothing
MOST = 2000  # exemplars; more would keep a manual edit waiting
TOO_MANY = f"Previews end at {MOST:,} exemplars; the note after the edit says what it changed."


def propose(kind: EditKind, ids: Sequence[int] | I64, *, label: str = "", verb: str = "") -> ProposedEdit | None:
    """The edit of ``ids``; None without any. Too many are truncated, as such an edit is not previewed."""
    return ProposedEdit(kind, tuple(int(i) for i in ids[: MOST + 1]), label, verb=verb) if len(ids) else None


def propose_relabel(ids: Sequence[int], label: str) -> ProposedEdit | None:
    """The edit that relabels ``ids`` to ``label``; None without ids or a label."""
    return propose("relabel", ids, label=label) if label else None


def propose_labels(labels: Mapping[int, str]) -> ProposedEdit | None:
    """The edit that relabels each exemplar as suggested; None without any."""
    if len(set(labels.values())) < 2:
        return propose_relabel(tuple(labels), next(iter(labels.values()), ""))
    kept = dict(islice(labels.items(), MOST + 1))
    return ProposedEdit("relabel", tuple(kept), labels=tuple(kept.values()))


def propose_trust(trust: Mapping[int, float], *, verb: str) -> ProposedEdit | None:
    """The edit that gives each exemplar its new trust; None without any."""
    kept = dict(islice(trust.items(), MOST + 1))
    return ProposedEdit("reweigh", tuple(kept), trusts=tuple(kept.values()), verb=verb) if kept else None


def propose_lesson(query: Query | None, label: str | None) -> ProposedEdit | None:
    """The edit that teaches ``query`` as ``label``; it relabels a query that is an exemplar of the memory."""
    if query is None or not label:
        return None
    if query.exemplar is not None:
        return propose_relabel((query.exemplar,), label)
    return ProposedEdit("teach", label=label, lessons=(Lesson(query.vector, query.content, query.original),))


class ImpactPreview(QObject):
    """Previews ``edit``: ``text`` and ``impact`` describe it, empty until the answer is ready."""

    updated = Signal()

    def __init__(self, tasks: Tasks, watch: WatchModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks, self._watch = tasks, watch
        self.edit: ProposedEdit | None = None
        self.text = ""
        self.impact: Impact | None = None
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._ask)
        watch.decisions_changed.connect(self.on_decisions_changed)

    def preview(self, edit: ProposedEdit | None) -> None:
        """Preview ``edit`` soon, in place of the previous one; None: nothing."""
        if edit != self.edit:
            self.edit = edit
            self._begin()

    def ask(self, edit: ProposedEdit | None, tell: Tell) -> None:
        """Preview ``edit`` once, for a dialog; ``tell`` gets sentence and impact, "" and None if there is none."""
        tracker = self._watch.found
        if tracker is None or edit is None or len(edit.ids) > MOST:
            self._tasks.supersede(IN_DIALOG)
            tell("", None)
        else:
            self._run(tracker, edit, tell, IN_DIALOG)

    def for_label(
        self, edit_of: Callable[[str], ProposedEdit | None]
    ) -> Callable[[str, Callable[[str], object]], object]:
        """A function that tells a dialog what ``edit_of(label)`` would do for the label chosen in it."""
        return lambda label, tell: self.ask(edit_of(label), lambda text, _: tell(text))

    def on_decisions_changed(self) -> None:
        """Preview again: the memory, or what is tracked of it, has changed."""
        self._begin()

    def _begin(self) -> None:
        self._tasks.supersede(TOPIC)
        self._show("", None)
        if self.edit is None:
            self._timer.stop()
        else:
            self._timer.start()

    def _ask(self) -> None:
        tracker, edit = self._watch.found, self.edit
        if tracker is None or edit is None:
            return
        if len(edit.ids) > MOST:
            self._show(TOO_MANY, None)
        else:
            self._run(tracker, edit, partial(self._take, edit), TOPIC)

    def _run(self, tracker: Tracker, edit: ProposedEdit, tell: Tell, topic: str) -> None:
        """Clear the preview: an edit that would be refused has no impact, and says why itself."""
        self._tasks.run_edit(
            "Previewing the edit",
            lambda: tracker.preview(edit),
            lambda impact: tell(sentence(edit, impact), impact),
            lambda _: tell("", None),
            topic=topic,
        )

    def _take(self, edit: ProposedEdit, text: str, impact: Impact | None) -> None:
        if edit == self.edit:
            self._show(text, impact)

    def _show(self, text: str, impact: Impact | None) -> None:
        if (text, impact) != (self.text, self.impact):
            self.text, self.impact = text, impact
            self.updated.emit()


def sentence(edit: ProposedEdit, impact: Impact) -> str:
    """ "Striking out 2 exemplars would fix 1, break 2 of 50 watched decisions."; "" if none are tracked."""
    return f"{edit.words} {impact.forecast}." if impact.of or impact.left_out else ""
