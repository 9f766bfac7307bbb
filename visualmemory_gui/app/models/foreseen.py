"""What an edit that is only being thought of would do to the decisions that are followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.models.asking import Query
from visualmemory_gui.app.models.decision import Runner
from visualmemory_gui.app.models.followed import FollowedModel

if TYPE_CHECKING:
    from visualmemory_gui.engine.study.impact import Impact, ImpactTracker
    from visualmemory_gui.engine.study.proposed_edit import EditKind, ProposedEdit
    from visualmemory_gui.engine.types import I64

Tell = Callable[[str, "Impact | None"], object]
TOPIC, IN_DIALOG = "looking ahead", "looking ahead in a dialog"
DELAY_MS = 120  # the mouse only passing by asks nothing
MOST = 2000  # exemplars; more would keep an edit by hand waiting
TOO_MANY = f"Looking ahead ends at {MOST:,} exemplars; the note after the edit tells what it changed."
_VERBS: dict[str, str] = {
    "strike": "Striking out",
    "restore": "Restoring",
    "relabel": "Relabelling",
    "teach": "Teaching",
    "reweigh": "Trusting otherwise",
    "forget": "Forgetting",
}


@dataclass(frozen=True, slots=True)
class Thought:
    """An edit in question: of ``ids``, or teaching ``query``; ``label`` goes with relabel and teach.

    ``labels`` and ``trusts`` are one for each of ``ids``. ``about`` tells one query from another, ``verb`` names an
    edit that is called otherwise than its kind.
    """

    kind: EditKind
    ids: tuple[int, ...] = ()
    label: str = ""
    query: Query | None = field(default=None, compare=False)
    about: str = ""
    labels: tuple[str, ...] = ()
    trusts: tuple[float, ...] = ()
    verb: str = ""

    def words(self) -> str:
        """ "Striking out 2 exemplars", "Teaching it as lynx", "Pruning 64 exemplars"."""
        what = "it" if self.query is not None else f"{len(self.ids):,} exemplar{'' if len(self.ids) == 1 else 's'}"
        as_ = f" {'as' if self.kind == 'teach' else 'to'} {self.label}" if self.label else ""
        as_ = " as suggested" if self.labels else as_
        return f"{self.verb or _VERBS[self.kind]} {what}{as_}"

    def proposal(self) -> ProposedEdit:
        from visualmemory_gui.engine.study.proposed_edit import Lesson, ProposedEdit

        query = self.query
        lessons = (Lesson(query.vector, query.content),) if query is not None else ()
        return ProposedEdit(self.kind, self.ids, self.label, labels=self.labels, trusts=self.trusts, lessons=lessons)


def thought(kind: EditKind, ids: Sequence[int] | I64) -> Thought | None:
    """About ``ids``; None without any. Of too many only some are kept: nobody looks ahead at them."""
    return Thought(kind, tuple(int(i) for i in ids[: MOST + 1])) if len(ids) else None


def relabelling(ids: Sequence[int], label: str) -> Thought | None:
    return Thought("relabel", tuple(int(i) for i in ids[: MOST + 1]), label) if len(ids) and label else None


def suggestions(labels: Mapping[int, str]) -> Thought | None:
    """Relabelling each exemplar to the label that is suggested for it; None without any."""
    if len(set(labels.values())) < 2:
        return relabelling(tuple(labels), next(iter(labels.values()), ""))
    kept = dict(islice(labels.items(), MOST + 1))
    return Thought("relabel", tuple(kept), labels=tuple(kept.values()))


def trusting(trust: Mapping[int, float], *, verb: str) -> Thought | None:
    """Giving each exemplar the trust that was found for it; None without any."""
    kept = dict(islice(trust.items(), MOST + 1))
    return Thought("reweigh", tuple(kept), trusts=tuple(kept.values()), verb=verb) if kept else None


def lesson(query: Query | None, label: str | None) -> Thought | None:
    """Teaching ``query`` as ``label``: an exemplar of the memory is relabelled by it."""
    if query is None or not label:
        return None
    if query.exemplar is not None:
        return Thought("relabel", (query.exemplar,), label)
    return Thought("teach", label=label, query=query, about=query.content or str(id(query)))


class ForeseenModel(QObject):
    """``text`` and ``impact`` tell about ``thought``; they are empty until the answer is there."""

    updated = Signal()

    def __init__(self, runner: Runner, followed: FollowedModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner, self._followed = runner, followed
        self.thought: Thought | None = None
        self.text = ""
        self.impact: Impact | None = None
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._ask)
        followed.updated.connect(self.on_followed_updated)

    def consider(self, thought: Thought | None) -> None:
        """Look ahead at ``thought`` soon, in place of the one before; None: at nothing."""
        if thought == self.thought:
            return
        self.thought = thought
        self._begin()

    def ask(self, thought: Thought | None, tell: Tell) -> None:
        """Look ahead once, for a dialog; ``tell`` gets sentence and impact, "" and None where there is none."""
        tracker = self._followed.tracker
        if tracker is None or thought is None or len(thought.ids) > MOST:
            self._runner.supersede(IN_DIALOG)
            tell("", None)
            return

        def then(impact: Impact) -> None:
            tell(sentence(thought, impact), impact)

        self._run(tracker, thought, then, lambda _: tell("", None), IN_DIALOG)

    def on_followed_updated(self) -> None:
        """The memory, or what is followed of it, is another."""
        self._begin()

    def _begin(self) -> None:
        self._runner.supersede(TOPIC)
        self._show("", None)
        if self.thought is None:
            self._timer.stop()
        else:
            self._timer.start()

    def _ask(self) -> None:
        tracker, thought = self._followed.tracker, self.thought
        if tracker is None or thought is None:
            return
        if len(thought.ids) > MOST:
            self._show(TOO_MANY, None)
            return
        self._run(tracker, thought, partial(self._take, thought), lambda _: self._show("", None), TOPIC)

    def _run(
        self,
        tracker: ImpactTracker,
        thought: Thought,
        then: Callable[[Impact], object],
        failed: Callable[[BaseException], object],
        topic: str,
    ) -> None:
        """An edit that would be refused has nothing to foresee; the edit itself says why."""
        self._runner.run_edit("Looking ahead", lambda: tracker.preview(thought.proposal()), then, failed, topic=topic)

    def _take(self, thought: Thought, impact: Impact) -> None:
        if thought == self.thought:
            self._show(sentence(thought, impact), impact)

    def _show(self, text: str, impact: Impact | None) -> None:
        if (text, impact) != (self.text, self.impact):
            self.text, self.impact = text, impact
            self.updated.emit()


def sentence(thought: Thought, impact: Impact) -> str:
    """ "Striking out 2 exemplars would fix 1, break 2 of 50 watched decisions."; "" where none are followed."""
    return f"{thought.words()} {impact.forecast}." if impact.of or impact.left_out else ""


def for_dialog(
    model: ForeseenModel, of: Callable[[str], Thought | None]
) -> Callable[[str, Callable[[str], object]], object]:
    """What tells a dialog about the edit ``of(label)``, for the label that it would make."""
    return lambda label, tell: model.ask(of(label), lambda text, _: tell(text))
