"""What pruning would do: the plan, its rows, and the expected gain in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from visualmemory_gui.app.models.image_rows import ImageRow, ImageRows
from visualmemory_gui.app.models.impact import propose, propose_trust
from visualmemory_gui.app.models.study_edit import StudyEdit, gain_sentence
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.prune import Judge, Method, Plan, Pruned
    from visualmemory_gui.engine.memory.protocol import WholeMemory

METHODS: tuple[tuple[Method, str, str], ...] = (
    ("hard", "Hard", "Strike out the exemplars that were most often a wrong neighbour"),
    ("difference", "Difference", "Strike out those that were a wrong neighbour far more often than a right one"),
    ("soft", "Soft", "Strike out none; trust each less, the more often it was a wrong neighbour"),
    ("value", "Value", "Strike out those that cost the right answers most: the lowest k-NN Shapley values"),
)
JUDGES: tuple[tuple[Judge, str], ...] = (("own", "the memory's own decisions"), ("watch", "the watch set"))
HEADERS = ("Exemplar", "Labelled", "Wrong", "Right", "Value", "Trust", "It would be")
VALUE, TRUST = 4, 5  # columns that only one method fills
TIPS = (
    "The exemplar",
    "The label it has",
    "How many queries of other classes have it among their first neighbours",
    "How many queries of its own class have it among their first neighbours",
    "Its k-NN Shapley value: what it adds to the mean share of the right label, in thousandths of a point",
    "What its vote would be multiplied by",
    "What pruning would do with it",
)
MOST_NAMED = 4  # classes in a sentence


class PruningModel(StudyEdit["Plan"]):
    """``found`` is the plan of ``method``, judged by ``judge``."""

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(tasks, "prune", parent)
        self.method: Method = "value"
        self.judge: Judge = "own"

    def refused(self, method: Method) -> str:
        """Why ``method`` is not for a memory that decides as this one does; "" where it is."""
        if method != "value" or self._memory is None or not VotingScheme.of(self._memory.settings).joint:
            return ""
        from visualmemory_gui.engine.curation.shapley import no_values

        return f"{no_values(self._memory.settings.rule)}."

    def choose(self, method: Method, judge: Judge) -> None:
        """Plan again with another method, or judged by other decisions."""
        if (method, judge) != (self.method, self.judge):
            self.method, self.judge = method, judge
            self.look()

    def look(self) -> None:
        """Find out what pruning would do to the memory now."""
        method, judge = self.method, self.judge

        def work(memory: WholeMemory, report: Report) -> Plan:
            from visualmemory_gui.engine.curation.prune import plan

            return plan(memory, method, judge=judge, report=report)

        self.run("Planning the pruning", work, keep=False)


class PrunedModel(ImageRows):
    """The rows of a plan: first what it would prune, then what it holds back."""

    def __init__(self, pruning: PruningModel) -> None:
        super().__init__(HEADERS, TIPS, pruning)
        self._pruning = pruning
        self._shown: Plan | None = None
        pruning.updated.connect(self.on_updated)

    def on_updated(self) -> None:
        plan = self._pruning.found
        if plan is not self._shown:
            self._shown = plan
            self.set_rows(rows_of(plan) if plan else [])


def rows_of(plan: Plan) -> list[ImageRow]:
    fate = "less trust" if plan.method == "soft" else "struck out"
    return [*(_row(one, fate) for one in plan.pruned), *(_row(one, "held back") for one in plan.held_back)]


def _row(one: Pruned, fate: str) -> ImageRow:
    value = "" if one.value is None else f"{1e5 * one.value:+.1f}"
    trust = "" if one.trust is None else f"{one.trust:.2f}"
    words = f"exemplar {one.id}, labelled {one.label}, wrong {one.wrong:,} times and right {one.right:,} times: {fate}"
    return ImageRow(one.id, ("", one.label, f"{one.wrong:,}", f"{one.right:,}", value, trust, fate), words)


def proposed_pruning(model: PruningModel) -> ProposedEdit | None:
    """The edit that the plan would make; None if there is nothing to apply."""
    plan = model.found
    if plan is None or model.edits_since:
        return None
    if plan.method == "soft":
        return propose_trust(plan.trust, verb="Pruning")
    return propose("strike", plan.ids, verb="Pruning")


def headline(plan: Plan) -> str:
    """ "Strikes out 64 of 3,329 exemplars of 22 classes: most of flags (12 of 118), …"."""
    verb = "Trusts less" if plan.method == "soft" else "Strikes out"
    if not plan.pruned:
        return "Nothing to prune: no exemplar misleads others that often."
    named = [f"{label} ({gone} of {of})" for label, (gone, of) in list(plan.classes.items())[:MOST_NAMED]]
    more = ", …" if len(plan.classes) > MOST_NAMED else ""
    classes = how_many(len(plan.classes), "class")
    return f"{verb} {len(plan.pruned):,} of {plan.looked_at:,} exemplars, of {classes}: {', '.join(named)}{more}"


def promise(plan: Plan) -> str:
    """ "Accuracy at the full label: 1.2 points better (0.3 to 2.1), from 60.6 %; measured on 3,329 decisions, …"."""
    asked = f"measured on {plan.queries:,} decisions, each under a pruning that it had no part in"
    return gain_sentence(plan.gain, plan.accuracy, asked)


def held_back(plan: Plan) -> str:
    """What the plan spares although the method names it; empty if there is nothing to say."""
    said = []
    if plan.held_back:
        many = len(plan.held_back)
        said.append(f"{many:,} more {'is' if many == 1 else 'are'} held back: over a fifth of the class would go.")
    if plan.by_hand:
        said.append(f"{plan.by_hand:,} keep the trust that was set by hand.")
    return " ".join(said)
