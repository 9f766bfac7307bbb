"""Every "N of M decisions" is a recount: all queries decided in plain Python before the edit and after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tests import brute_force, long_tail
from tests.brute_force import Voter
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation import prune
from visualmemory_gui.engine.store import derived_trust
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.types import Changes, NewExemplar, Rule
from visualmemory_gui.engine.what_if.impact import Impact, ImpactTracker
from visualmemory_gui.engine.what_if.proposed_edit import Lesson, ProposedEdit

SHARES = (0.01, 0.1, 0.5, 0.9)
DERIVED = ("tune", "soft")
"""Kinds that leave a trust alone that was set by hand."""
LARGER = (90, 60, 40, 12, 9, 7, 5, 3, 1)
"""Pruning takes at most one in fifty."""
WAYS: tuple[tuple[Rule, int, int], ...] = (("rank", 10, 0), ("rank", 4, 1), ("softmax", 5, 1), ("distance", 3, 0))
"""Rule, k and level; under plurality equal totals leave the winner to the order of the neighbours."""


@dataclass(frozen=True)
class Edit:
    """``make`` does it; ``proposal`` is what is asked about it before, where that can be asked."""

    make: Callable[[], object]
    proposal: ProposedEdit | None = None


def edits(memory: VisualMemory, kind: str, ids: tuple[int, ...], rng: np.random.Generator) -> Edit:
    """An edit of ``ids``, which are active."""
    if kind == "strike":
        return Edit(lambda: memory.strike(ids), ProposedEdit("strike", ids))
    if kind == "restore":
        memory.strike(ids)
        return Edit(lambda: memory.restore(ids), ProposedEdit("restore", ids))
    if kind == "relabel":
        return Edit(lambda: memory.relabel(ids, "b/7"), ProposedEdit("relabel", ids, label="b/7"))
    if kind == "reweigh":
        return Edit(lambda: memory.reweigh(ids, 0.1), ProposedEdit("reweigh", ids, trust=0.1))
    if kind == "rename":
        label = memory.catalog.get(ids[:1])[0].label
        return Edit(lambda: memory.rename_label(label, "b/7/new"))
    if kind == "teach":
        vectors = long_tail.unit(len(ids), rng)
        contents = [long_tail.content(5000 + i) for i in range(len(ids))]
        rows = [NewExemplar("b/7", v, content=c) for v, c in zip(vectors, contents, strict=True)]
        lessons = tuple(Lesson(v, c) for v, c in zip(vectors, contents, strict=True))
        return Edit(lambda: memory.add_rows(rows), ProposedEdit("teach", label="b/7", lessons=lessons))
    if kind == "tune":
        trust = {i: float(t) for i, t in zip(ids, rng.uniform(0.05, 4, len(ids)), strict=True)}
        return Edit(lambda: tuned(memory, trust), ProposedEdit("reweigh", tuple(trust), trusts=tuple(trust.values())))
    if kind in prune.METHODS:
        plan = prune.plan(memory, kind)  # type: ignore[arg-type]
        trusts = tuple(one.trust for one in plan.pruned if one.trust is not None)
        proposal = ProposedEdit("reweigh" if trusts else "strike", plan.ids, trusts=trusts)
        return Edit(lambda: prune.apply(memory, plan), proposal if plan.ids else None)
    if kind == "undo":
        memory.relabel(ids, "a/0")
        return Edit(memory.undo)
    if kind == "redo":
        memory.reweigh(ids, 3.0)
        memory.strike(ids[: len(ids) // 2 + 1])
        memory.undo()
        return Edit(memory.redo)
    if kind == "revert":
        memory.relabel(ids, "a/0")
        memory.strike(ids[:1])
        step = memory.history.steps()[1].number
        return Edit(lambda: memory.history.revert(step))
    assert kind == "import"
    return Edit(lambda: imported(memory, len(ids), rng))


def tuned(memory: VisualMemory, trust: dict[int, float]) -> Changes:
    live = memory._live
    return live.edit("tune", lambda writer: derived_trust.set_trust(live.database, memory.catalog, writer, trust))


def imported(memory: VisualMemory, count: int, rng: np.random.Generator) -> None:
    """One step of many transactions, stopped before its end."""
    live = memory._live
    step = live.history.open_import(2 * count)
    for batch in np.array_split(long_tail.unit(count, rng), min(count, 3)):

        def join(batch: np.ndarray = batch) -> Changes:
            with live.history.joining(step) as writer:
                live.catalog.add(writer, [NewExemplar("b/7", vector) for vector in batch])
            return writer.changes

        live.apply(join)
    live.history.finish_import(step, stopped=True)


KINDS = (
    *("strike", "restore", "relabel", "reweigh", "rename", "teach", "tune", "undo", "redo", "revert", "import"),
    *prune.METHODS,
)


@pytest.mark.parametrize("watched", [False, True], ids=["own", "watched"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_an_edit_changed_is_what_a_recount_finds(tmp_path, kind: str, watched: bool) -> None:
    edited = changed = 0
    for number, share in enumerate(SHARES):
        rng = np.random.default_rng([number, KINDS.index(kind)])
        sizes = LARGER if kind in prune.METHODS else long_tail.SIZES
        free = kind in DERIVED
        with long_tail.filled(tmp_path / f"{number}.vmem", rng, sizes, trusted=not free) as memory:
            decided_by(memory, *WAYS[2 + number % 2 if free else number])
            if watched:
                watch(memory, rng)
            ids = memory.snapshot.ids
            some = tuple(rng.choice(ids, max(1, round(share * len(ids))), replace=False).tolist())
            edit = edits(memory, kind, some, rng)
            impact = counted(memory, edit)
            edited, changed = edited + impact.of, changed + len(impact.changed)
    assert edited and (changed or kind in prune.METHODS), "nothing was edited, or it changed nothing"


@pytest.mark.parametrize("watched", [False, True], ids=["own", "watched"])
def test_what_forgetting_would_change_is_what_a_recount_finds(tmp_path, watched: bool) -> None:
    for number, share in enumerate(SHARES):
        rng = np.random.default_rng(number)
        with long_tail.filled(tmp_path / f"{number}.vmem", rng) as memory:
            decided_by(memory, *WAYS[number])
            if watched:
                watch(memory, rng)
            ids = memory.snapshot.ids
            some = tuple(rng.choice(ids, max(1, round(share * len(ids))), replace=False).tolist())
            before, previewed = state(memory), ImpactTracker(memory).preview(ProposedEdit("forget", some))
            memory.forget(some)
            check(previewed, before, state(memory), own=set(), watched=watched)


def counted(memory: VisualMemory, edit: Edit) -> Impact:
    """Make ``edit`` and count after each of its transactions; what was previewed must be the same."""
    tracker = ImpactTracker(memory)
    states, weights = [state(memory)], [trusts(memory)]
    previewed = None if edit.proposal is None else tracker.preview(edit.proposal)
    told: list[Changes] = []

    def note(changes: Changes) -> None:
        told.append(changes)
        states.append(state(memory))
        weights.append(trusts(memory))

    stop = memory.changed(note)
    edit.make()
    stop()
    watched = bool(len(memory.watch))
    impact = Impact((), 0, watched)
    for number, changes in enumerate(told):
        then, now = weights[number : number + 2]
        own = {i for i in then if i in now and then[i] != now[i]}
        impact = tracker.impact_of(changes)
        check(impact, *states[number : number + 2], own=own, watched=watched)
    if previewed is not None and told:
        assert previewed == impact
        assert previewed.forecast == would(previewed)
    return impact


Key = int | str | None


@dataclass(frozen=True)
class Asked:
    """What a query ought to be, and what it is decided as at the memory's level."""

    expected: str
    won: str | None
    level: int

    @property
    def right(self) -> bool:
        return self.won == ("/".join(self.expected.split("/")[: self.level]) if self.level else self.expected)


State = dict[Key, Asked]
"""Each query, by an exemplar's id or a watched content."""


def state(memory: VisualMemory) -> State:
    settings, voters = memory.settings, long_tail.voters(memory)
    found: State = {}
    for watched in memory.watch.all():
        kept = watched.image
        assert kept.vector is not None
        voter = Voter(watched.expected, 1.0, kept.vector.astype(np.float64), kept.content)
        answer = brute_force.watched(voters, voter, settings.k, settings.rule, level=settings.level)
        found[kept.content] = Asked(watched.expected, winner(answer), settings.level)
    if not found:
        for i, voter in voters.items():
            answer = brute_force.leave_one_out(voters, voter, settings.k, settings.rule, level=settings.level)
            found[i] = Asked(voter.label, winner(answer), settings.level)
    return found


def winner(answer: brute_force.Answer) -> str | None:
    assert len(answer.winners) <= 1
    return next(iter(answer.winners), None)


def trusts(memory: VisualMemory) -> dict[int, float]:
    return {i: voter.trust for i, voter in long_tail.voters(memory).items()}


def check(impact: Impact, before: State, after: State, *, own: set[int], watched: bool) -> None:
    """The number of decisions that changed, of how many, of which kind, and the sentence that says so."""
    both = [key for key in before if key in after and (watched or before[key].expected == after[key].expected)]
    moved = {key: (before[key].won, after[key].won) for key in both if before[key].won != after[key].won}
    assert {key_of(m): (m.before, m.after) for m in impact.changed} == moved
    assert impact.of == len(both)
    assert impact.count("fixed") == sum(after[key].right and not before[key].right for key in moved)
    assert impact.count("broken") == sum(before[key].right and not after[key].right for key in moved)
    kind = "watched " if watched else "" if own & set(both) else "other "
    many = len(moved) or "none"
    assert impact.summary == f"{many} of {len(both)} {kind}decision{'' if len(both) == 1 else 's'} changed."


def key_of(moved: object) -> Key:
    query = moved.query  # type: ignore[attr-defined]
    return query.image.content if query.image else query.exemplar


def would(impact: Impact) -> str:
    if not impact.of:
        return "would leave no other decision to compare"
    kinds = (("fix", "fixed"), ("break", "broken"), ("move", "moved"))
    said = [f"{verb} {impact.count(kind)}" for verb, kind in kinds if impact.count(kind)]  # type: ignore[arg-type]
    return f"would {', '.join(said) or 'change none'} of {impact.base}"


def decided_by(memory: VisualMemory, rule: Rule, k: int, level: int) -> None:
    for name, value in (("rule", rule), ("k", k), ("level", level)):
        memory.set(name, value)


def watch(memory: VisualMemory, rng: np.random.Generator) -> None:
    """Thirty images: some are exemplars too, of the label that is expected or of another."""
    new = [(NewKeptImage(long_tail.content(9000 + i), vector=v), "b/7") for i, v in enumerate(long_tail.unit(20, rng))]
    rows = memory.catalog.select()[:10]
    vectors = memory.catalog.vectors([row.id for row in rows])
    taken: set[str | None] = set()
    for number, (row, vector) in enumerate(zip(rows, vectors, strict=True)):
        if row.content not in taken:
            taken.add(row.content)
            expected = row.label if number % 2 else "a/0"
            new.append((NewKeptImage(str(row.content), vector=vector), expected))
    memory.watch.add(new)
