"""What an edit would do, told before it is made, against what it does when it is made."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.long_tail import counting_means
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.decide import decide
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadLabel, BadValue, Cancelled, UnknownExemplar
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.types import CLASS_FACTORS, RULES, NewExemplar
from visualmemory_gui.engine.what_if.impact import Impact, ImpactTracker, TrackedQuery
from visualmemory_gui.engine.what_if.proposed_edit import Lesson, ProposedEdit

DIM = 4
LABELS = ("a/x", "a/y", "b/x", "b/y", "c")
KINDS = ("strike", "restore", "relabel", "reweigh", "teach", "forget")


def vectors(n: int, rng: np.random.Generator) -> np.ndarray:
    raw = rng.integers(-3, 4, (n, DIM)) + np.linspace(0.1, 0.4, DIM)  # ties and twins are frequent
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def content(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def filled(path: Path, seed: int, n: int = 60) -> VisualMemory:
    """Clusters of twins, shared contents and groups, a few struck, some trusted otherwise."""
    rng = np.random.default_rng(seed)
    memory = VisualMemory.create(path, dim=DIM)
    groups = [None, None, "patient 1", "patient 2"]
    memory.add_rows(
        [
            NewExemplar(
                LABELS[int(rng.integers(len(LABELS)))],
                vector,
                content=content(int(rng.integers(0, 3 * n))),
                group=groups[int(rng.integers(len(groups)))],
                trust=float(rng.choice([1.0, 0.5, 4.0])),
            )
            for vector in vectors(n, rng)
        ]
    )
    memory.strike(rng.choice(memory.snapshot.ids, n // 6, replace=False).tolist())
    return memory


def proposed(memory: VisualMemory, kind: Any, rng: np.random.Generator) -> ProposedEdit:
    ids = tuple(int(i) for i in rng.choice(memory.snapshot.ids, int(rng.integers(1, 12)), replace=False))
    label = str(rng.choice([*LABELS, "new/one"]))
    if kind == "teach":
        fresh = vectors(int(rng.integers(1, 5)), rng)
        lessons = tuple(Lesson(v, content(int(rng.integers(0, 200)))) for v in fresh)
        return ProposedEdit(kind, label=label, lessons=lessons)
    return ProposedEdit(kind, ids, label=label, trust=float(rng.choice([0.1, 20.0, 1.0])))


def make(memory: VisualMemory, edit: ProposedEdit) -> None:
    """The edit itself."""
    if edit.kind == "teach":
        here = {(e.content, e.label) for e in memory.catalog.select()}
        new: dict[str | None, NewExemplar] = {}
        for lesson in edit.lessons:
            if (lesson.content, edit.label) not in here:
                new.setdefault(lesson.content, NewExemplar(edit.label, lesson.vector, content=lesson.content))
        memory.add_rows(list(new.values()))
    elif edit.kind == "relabel":
        memory.relabel(edit.ids, edit.label)
    elif edit.kind == "reweigh":
        memory.reweigh(edit.ids, edit.trust)
    else:
        {"strike": memory.strike, "restore": memory.restore, "forget": memory.forget}[edit.kind](edit.ids)


def moves(impact: Impact) -> list[tuple[Any, str | None, str | None, str]]:
    return [
        (m.query.exemplar or (m.query.image and m.query.image.content), m.before, m.after, m.kind)
        for m in impact.changed
    ]


def state(memory: VisualMemory) -> list[Any]:
    return [memory.catalog.change(), memory.catalog.select(), memory.snapshot.counts.tolist()]


def tracking(memory: VisualMemory, *, watched: bool, seed: int) -> ImpactTracker:
    rng = np.random.default_rng(seed)
    if watched:
        asked = [(NewKeptImage(content(i), vector=v), str(rng.choice(LABELS))) for i, v in enumerate(vectors(25, rng))]
        memory.watch.add(asked)
    k = int(rng.choice([1, 3, 10]))
    memory.set("k", k)
    memory.set("ridge_k", k)
    memory.set("rule", RULES[-1 - seed % len(RULES)])  # ridge twice in six, without the class factor and with the mean
    memory.set("level", int(rng.integers(0, 2)))
    memory.set("class_factor", CLASS_FACTORS[seed % len(CLASS_FACTORS)])
    return ImpactTracker(memory)


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_previewed_is_what_happens(tmp_path, seed: int, watched: bool) -> None:
    rng = np.random.default_rng(seed + 100)
    with counting_means("mean"), filled(tmp_path / "m.vmem", seed) as memory:
        tracker = tracking(memory, watched=watched, seed=seed)
        told: list[Any] = []
        memory.changed(told.append)
        for _ in range(12):
            edit = proposed(memory, rng.choice(KINDS[:-1]), rng)
            before = state(memory)
            previewed = tracker.preview(edit)
            assert state(memory) == before, "the preview wrote something"
            told.clear()
            make(memory, edit)
            if told:
                assert moves(previewed) == moves(tracker.impact_of(told[-1])), edit
            else:
                assert not previewed.changed, edit


@pytest.mark.parametrize("watched", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_what_forgetting_is_previewed_to_do_is_what_a_memory_decides_that_forgot(
    tmp_path: Path, seed: int, watched: bool
) -> None:
    with counting_means("mean"), filled(tmp_path / "m.vmem", seed) as memory:
        tracker = tracking(memory, watched=watched, seed=seed)
        edit = proposed(memory, "forget", np.random.default_rng(seed))
        gone = {e.content for e in memory.catalog.get(edit.ids)}
        before = decided(memory, tracker)
        previewed = tracker.preview(edit)
        memory.forget(edit.ids)
        after = decided(memory, ImpactTracker(memory))
        kept = {key: label for key, label in before.items() if key not in gone and key not in edit.ids}
        assert {key: (old, new) for key, old, new, _ in moves(previewed)} == {
            key: (label, after[key]) for key, label in kept.items() if label != after[key]
        }
        assert previewed.of == len(kept)


def decided(memory: VisualMemory, tracker: ImpactTracker) -> dict[Any, str | None]:
    """Each tracked decision by its exemplar or its content, made one by one."""
    settings, found = memory.settings, {}
    snapshot = memory.snapshot
    asked = tracker.queries  # the very vectors
    for i in range(len(tracker)):
        content, twin, group, _ = (key[i] for key in asked.keys)
        out = snapshot.twin == twin
        out |= (snapshot.content == content) & (content != 0)
        out |= (snapshot.group == group) & (group != 0)
        query = tracker._query(i)
        near = memory.searcher.nearest(
            snapshot, asked.vectors[i], settings.k, mode="exact", excluded=snapshot.ids[out].tolist()
        )
        decision = decide(
            snapshot,
            near.rows,
            near.distances,
            VotingScheme.of(settings, level=settings.level),
            own=own_class_of(snapshot, out, query, asked.labels[i] if asked.ids is None else ""),
        )
        found[query.exemplar or (query.image and query.image.content)] = decision.label
    return found


def own_class_of(snapshot: Snapshot, out: np.ndarray, query: TrackedQuery, expected: str) -> np.ndarray:
    """The class that counts one less: that of the exemplar, or of a copy of what is watched."""
    if query.exemplar is not None:
        own = int(snapshot.label[snapshot.rows_of([query.exemplar])[0]])
    else:
        copies = snapshot.label[out & snapshot.active].tolist()
        mine = [code for code in copies if snapshot.labels[code] == expected]
        own = next(iter(mine + copies), -1)
    return np.array(own)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[VisualMemory]:
    with filled(tmp_path / "m.vmem", 3) as made:
        yield made


def test_striking_nearly_everything_is_previewed_too(memory: VisualMemory) -> None:
    tracker = ImpactTracker(memory)
    ids = tuple(memory.snapshot.ids[memory.snapshot.active].tolist()[:-2])
    told: list[Any] = []
    memory.changed(told.append)
    previewed = tracker.preview(ProposedEdit("strike", ids))
    memory.strike(ids)
    assert moves(previewed) == moves(tracker.impact_of(told[-1]))


def test_previewing_twice_and_other_edits_leaves_the_follower_as_it_was(memory: VisualMemory) -> None:
    tracker, fresh = ImpactTracker(memory), ImpactTracker(memory)
    first = tracker.preview(ProposedEdit("strike", (1, 2, 3, 4)))
    tracker.preview(ProposedEdit("relabel", (5, 6, 7, 8), label="c"))
    assert moves(tracker.preview(ProposedEdit("strike", (1, 2, 3, 4)))) == moves(first)
    told: list[Any] = []
    memory.changed(told.append)
    memory.strike([9, 10, 11, 12, 13])
    assert moves(tracker.impact_of(told[-1])) == moves(fresh.impact_of(told[-1]))


def test_labels_and_trusts_that_differ_are_previewed_as_one_edit(memory: VisualMemory) -> None:
    tracker = ImpactTracker(memory)
    relabelled = tracker.preview(ProposedEdit("relabel", (1, 2, 3), labels=("b", "new", "c")))
    changes = memory.relabel_each({"b": [1], "new": [2], "c": [3]})
    assert moves(relabelled) == moves(tracker.impact_of(changes))
    trusts = {4: 0.1, 5: 4.0, 6: 0.1}
    weighed = tracker.preview(ProposedEdit("reweigh", tuple(trusts), trusts=tuple(trusts.values())))
    before = decided(memory, tracker)
    memory.reweigh((4, 6), 0.1)
    memory.reweigh((5,), 4.0)
    after = decided(memory, tracker)
    assert {one for one, *_ in moves(weighed)} == {one for one in before if before[one] != after[one]}
    with pytest.raises(BadValue):
        tracker.preview(ProposedEdit("reweigh", (4, 5), trusts=(0.1, 0.0)))


def test_an_image_that_is_here_under_its_label_teaches_nothing(memory: VisualMemory) -> None:
    [one] = memory.catalog.get([1])
    vector = memory.catalog.vectors([1])[0]
    tracker = ImpactTracker(memory)
    assert not tracker.preview(ProposedEdit("teach", label=one.label, lessons=(Lesson(vector, one.content),))).changed


@pytest.mark.parametrize(
    ("edit", "error"),
    [
        (ProposedEdit("strike", (999,)), UnknownExemplar),
        (ProposedEdit("relabel", (1,), label="../x"), BadLabel),
        (ProposedEdit("reweigh", (1,), trust=0.0), BadValue),
        (ProposedEdit("teach", label="x"), BadValue),
    ],
)
def test_an_edit_that_would_be_refused_is_refused_here(memory: VisualMemory, edit: ProposedEdit, error: type) -> None:
    with pytest.raises(error):
        ImpactTracker(memory).preview(edit)


def test_an_exemplar_whose_adding_was_undone_cannot_be_struck_in_thought_either(memory: VisualMemory) -> None:
    [new] = memory.add_vectors(vectors(1, np.random.default_rng(1)), ["a/x"])
    memory.undo()
    with pytest.raises(UnknownExemplar):
        ImpactTracker(memory).preview(ProposedEdit("strike", (new,)))


def test_it_can_be_stopped_while_it_searches(memory: VisualMemory) -> None:
    tracker = ImpactTracker(memory)
    stopped = threading.Event()

    def report(done: int, total: int | None, what: str = "") -> None:
        stopped.set()
        raise Cancelled

    with pytest.raises(Cancelled):
        tracker.preview(ProposedEdit("strike", tuple(range(1, 55))), report=report)
    assert stopped.is_set()


def test_a_memory_with_nothing_in_it_has_nothing_to_preview(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        lesson = Lesson(vectors(1, np.random.default_rng(0))[0])
        found = ImpactTracker(memory).preview(ProposedEdit("teach", label="a", lessons=(lesson,)))
        assert found == Impact((), 0, watched=False)


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (ProposedEdit("strike", (1,)), "Striking out 1 exemplar"),
        (ProposedEdit("restore", (1, 2)), "Restoring 2 exemplars"),
        (ProposedEdit("relabel", (1, 2), label="lynx"), "Relabelling 2 exemplars to lynx"),
        (ProposedEdit("relabel", (1, 2), labels=("a", "b")), "Relabelling 2 exemplars as suggested"),
        (ProposedEdit("reweigh", (1,), trust=0.5), "Changing the trust of 1 exemplar"),
        (ProposedEdit("teach", label="lynx", lessons=(Lesson(np.ones(DIM, np.float32)),)), "Teaching it as lynx"),
        (ProposedEdit("forget", tuple(range(1500))), "Forgetting 1,500 exemplars"),
        (ProposedEdit("strike", (1, 2), verb="Pruning"), "Pruning 2 exemplars"),
    ],
)
def test_a_proposed_edit_says_what_it_is(edit: ProposedEdit, words: str) -> None:
    assert edit.words == words


def test_the_same_lesson_twice_is_the_same_edit() -> None:
    vector = np.ones(DIM, np.float32)
    edit = ProposedEdit("teach", label="a", lessons=(Lesson(vector, "content"),))
    assert edit == ProposedEdit("teach", label="a", lessons=(Lesson(vector.copy(), "content"),))
    assert edit != ProposedEdit("teach", label="a", lessons=(Lesson(2 * vector, "content"),))
    assert edit != ProposedEdit("teach", label="a", lessons=(Lesson(vector),))
