"""Tracked decisions against decisions made one by one, after any sequence of edits."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.long_tail import counting_means
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.decide_batch import Verdicts
from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.decision.novelty import KNOWN, UNKNOWN, UNTOLD
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.votes import ABSENT, tally
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory.tracked_decisions import SPARE, TrackedDecisions, queries_of
from visualmemory_gui.engine.types import CLASS_FACTORS, RULES, NewExemplar

DIM = 6
LABELS = ("a/cat", "a/dog", "b/owl", "b/jay", "c")
KINDS = ("add", "copy", "strike", "restore", "relabel", "reweigh", "undo", "redo", "forget", "nothing")
SAID = {True: KNOWN, False: UNKNOWN, None: UNTOLD}


def unit(rng: np.random.Generator, n: int) -> np.ndarray:
    """Coarse, so that equal distances and twins happen."""
    raw = rng.integers(-2, 3, (n, DIM)).astype(np.float32)
    raw[~raw.any(axis=1)] = 1
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


def content_of(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


def rows_for(rng: np.random.Generator, n: int, first: int) -> list[NewExemplar]:
    return [
        NewExemplar(
            LABELS[int(rng.integers(len(LABELS)))],
            vector,
            content=content_of(first + i) if rng.random() < 0.7 else None,
            group=f"g{rng.integers(3)}" if rng.random() < 0.2 else None,
        )
        for i, vector in enumerate(unit(rng, n))
    ]


def edit(memory: VisualMemory, kind: str, rng: np.random.Generator, number: int) -> None:
    ids = memory.snapshot.ids[np.isin(memory.snapshot.ids, [e.id for e in memory.catalog.select()])]
    some = rng.choice(ids, size=min(len(ids), int(rng.integers(1, 12))), replace=False).tolist() if len(ids) else []
    if kind == "add":
        memory.add_rows(rows_for(rng, int(rng.integers(1, 8)), 1000 * number))
    elif kind == "copy" and some:
        [old] = memory.catalog.get(some[:1])
        memory.add_rows([NewExemplar(LABELS[0], memory.catalog.vectors(some[:1])[0], content=old.content)])
    elif kind in ("strike", "restore", "forget"):
        getattr(memory, kind)(some[:3] if kind == "forget" else some)
    elif kind == "relabel":
        memory.relabel(some, LABELS[int(rng.integers(len(LABELS)))])
    elif kind == "reweigh":
        memory.reweigh(some, float(rng.choice([0.25, 1.0, 7.5])))
    elif kind in ("undo", "redo"):
        getattr(memory, kind)()


def assert_same(found: Verdicts, i: int, decision) -> None:
    assert found.label(i) == decision.label
    if decision.label is None:
        assert np.isnan(found.share[i]) and np.isnan(found.margin[i])
    else:
        assert found.share[i] == pytest.approx(decision.share, abs=1e-12)
        assert found.margin[i] == pytest.approx(decision.margin, abs=1e-12)


def full_winner(decision) -> str | None:
    mine = [n for n in decision.neighbours if at_level(n.label, decision.level) == decision.label]
    return tally([n.label for n in mine], [n.weight for n in mine]).winner


def queue_of(rng: np.random.Generator, n: int) -> tuple[Queries, list[str | None]]:
    contents = [content_of(i) if i % 3 == 0 else None for i in range(n)]
    return queries_of(unit(rng, n), contents=contents, leave_out=False), contents


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
@example(seed=1077, kinds=["add"])  # an exemplar of a query's content is its 12th nearest
def test_every_row_is_decided_as_if_it_were_asked_alone(tmp_path_factory, seed, kinds):
    rng = np.random.default_rng(seed)
    with counting_means("mean"), VisualMemory.create(tmp_path_factory.mktemp("m") / "m.vmem", dim=DIM) as memory:
        memory.add_rows(rows_for(rng, int(rng.integers(0, 90)), 0))
        factor = CLASS_FACTORS[seed % 3]
        memory.set("class_factor", factor)
        asked, contents = queue_of(rng, 6)
        tracked = TrackedDecisions(memory.snapshot, asked, memory.searcher.nearest_many, k=5)
        for number, kind in enumerate(kinds, 1):
            edit(memory, kind, rng, number)
            if rng.random() < 0.3:
                continue  # several edits at once
            tracked.update(memory.snapshot)
            rule, level, k = RULES[number % len(RULES)], number % 2, int(rng.integers(1, 6))
            each = [
                memory.decide_vector(v, k, rule, level=level, content=c)
                for v, c in zip(asked.vectors, contents, strict=True)
            ]
            scheme = VotingScheme(rule, k, class_factor=factor, level=level)
            found = tracked.decide(scheme, thresholds=memory.maintenance.thresholds)
            for i, decision in enumerate(each):
                assert_same(found, i, decision)
                assert found.known[i] == SAID[decision.known]
                full = int(found.full[i])
                assert (None if full == ABSENT else memory.snapshot.labels[full]) == full_winner(decision)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
def test_an_exemplar_is_decided_without_itself_its_copies_and_its_group(tmp_path_factory, seed, kinds):
    rng = np.random.default_rng(seed)
    with VisualMemory.create(tmp_path_factory.mktemp("m") / "m.vmem", dim=DIM) as memory:
        memory.add_rows(rows_for(rng, int(rng.integers(5, 60)), 0))
        asked = Queries.exemplars(memory.snapshot, rng.choice(len(memory.snapshot), 5, replace=False))
        tracked = TrackedDecisions(memory.snapshot, asked, memory.searcher.nearest_many, k=5)
        for number, kind in enumerate(kinds, 1):
            edit(memory, kind, rng, number)
            tracked.update(memory.snapshot)
            found = tracked.decide(VotingScheme("rank", 5, class_factor="off"))
            memory.set("class_factor", "off")
            snapshot = memory.snapshot
            for i in range(len(asked)):
                content, twin, group, _ = (key[i] for key in asked.keys)
                alike = snapshot.twin == twin
                alike |= (snapshot.content == content) & (content != 0)
                alike |= (snapshot.group == group) & (group != 0)
                out = tuple(snapshot.ids[alike].tolist())
                assert_same(found, i, memory.decide_vector(asked.vectors[i], 5, "rank", exclude=out))


def searched(memory: VisualMemory) -> tuple[list[int], object]:
    """How many queries each search was for, and the search that counts."""
    asked: list[int] = []

    def nearest_many(snapshot, queries, k, **how):
        asked.append(len(queries))
        return memory.searcher.nearest_many(snapshot, queries, k, **how)

    return asked, nearest_many


def test_an_edit_searches_nothing_until_a_list_has_lost_its_spare_neighbours(tmp_path):
    rng = np.random.default_rng(3)
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        raw = rng.normal(size=(300, DIM))
        memory.add_vectors(raw / np.linalg.norm(raw, axis=1, keepdims=True), ["x", "y", "z"] * 100)
        searches, nearest_many = searched(memory)
        asked, _ = queue_of(rng, 4)
        tracked = TrackedDecisions(memory.snapshot, asked, nearest_many, k=10)
        near = memory.decide_vector(asked.vectors[0], 60).neighbours
        memory.add_vectors(asked.vectors[:1], ["new"])
        for n in near[: SPARE + 1]:
            memory.strike([n.id])
            tracked.update(memory.snapshot)
        assert searches == [4]
        for n in near[SPARE + 1 : SPARE + 3]:
            memory.strike([n.id])
            tracked.update(memory.snapshot)
        assert searches[1:] and max(searches[1:]) < 4


def test_queries_join_and_leave(tmp_path):
    rng = np.random.default_rng(4)
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.add_rows(rows_for(rng, 40, 0))
        one, two = queue_of(rng, 3)[0], queue_of(rng, 2)[0]
        tracked = TrackedDecisions(memory.snapshot, one, memory.searcher.nearest_many, k=3)
        tracked.extend(two)
        tracked.keep(np.array([0, 2, 4]))
        memory.strike([5, 6])
        tracked.update(memory.snapshot)
        found = tracked.decide(VotingScheme("softmax", 3))
        for i, vector in enumerate([one.vectors[0], one.vectors[2], two.vectors[1]]):
            assert_same(found, i, memory.decide_vector(vector, 3, "softmax"))


def test_nothing_to_compare_with_is_an_answer(tmp_path):
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        asked, _ = queue_of(np.random.default_rng(5), 3)
        tracked = TrackedDecisions(memory.snapshot, asked, memory.searcher.nearest_many, k=3)
        found = tracked.decide(VotingScheme("rank", 3, level=1))
        assert [found.label(i) for i in range(3)] == [None] * 3
        assert np.isnan(found.share).all() and (found.known == UNTOLD).all()
        memory.add_vectors(asked.vectors[:1], ["first"])
        tracked.update(memory.snapshot)
        assert tracked.decide(VotingScheme("rank", 3)).label(2) == "first"
