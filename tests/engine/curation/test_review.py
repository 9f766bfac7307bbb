"""Wrong labels and duplicates, against plain loops over all exemplars."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation.review import LABEL, PAIR, WIDEST, pairs_within, survey
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.types import NewExemplar

DIM = 12


def unit(raw: np.ndarray) -> np.ndarray:
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def clusters(n: int, seed: int) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(4, DIM)) * 3
    of = rng.integers(0, 4, n)
    return unit(centres[of] + rng.normal(size=(n, DIM))), [f"class {c}" for c in of]


@pytest.fixture
def memory(tmp_path) -> Iterator[VisualMemory]:
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as made:
        made.add_vectors(*clusters(160, 1))
        yield made


def test_flipped_labels_come_first_with_the_label_they_had(memory):
    truth = {e.id: e.label for e in memory.catalog.select()}
    flipped = [5, 17, 60, 101, 140]
    for i in flipped:
        memory.relabel([i], "class 0" if truth[i] != "class 0" else "class 1")
    found = survey(memory)
    assert {s.id for s in found.suspects[:5]} == set(flipped)
    assert all(s.suggested == truth[s.id] for s in found.suspects[:5])
    assert found.looked_at == 160


def test_shares_are_those_of_deciding_each_exemplar_without_itself(memory):
    memory.relabel([5, 17, 60], "class 0")
    memory.set("class_factor", "off")
    suspects = {s.id: s for s in survey(memory, k=10).suspects}
    for i in memory.snapshot.ids.tolist():
        alone = memory.decide_vector(memory.catalog.vectors([i])[0], rule="rank", exclude=(i,))
        own = memory.catalog.get([i])[0].label
        assert (i in suspects) == (alone.label != own)
        if i in suspects:
            assert suspects[i].share == pytest.approx(alone.shares.get(own, 0.0), abs=1e-12)
            assert (suspects[i].suggested, suspects[i].suggested_share) == (alone.label, pytest.approx(alone.share))
            against = [(n.id, n.label, n.distance) for n in alone.neighbours if n.label != own][:3]
            assert suspects[i].against == tuple(against)


def test_what_was_kept_stays_away_until_its_label_changes(memory):
    memory.relabel([5], "class 0")
    first = survey(memory).suspects[0]
    memory.kept.keep(LABEL, [((first.id, 0), first.label)])
    assert first.id not in {s.id for s in survey(memory).suspects}
    memory.relabel([first.id], "something else")
    assert first.id in {s.id for s in survey(memory).suspects}


def brute_groups(memory: VisualMemory, threshold: float) -> set[tuple[int, ...]]:
    """Connected components over all pairs."""
    rows = memory.catalog.select(state="active")
    vectors = memory.catalog.vectors([e.id for e in rows]).astype(np.float64)
    group = {e.id: {e.id} for e in rows}
    for a, one in enumerate(rows):
        for b in range(a):
            other = rows[b]
            equal = one.content is not None and one.content == other.content
            equal |= bool((vectors[a] == vectors[b]).all())
            if equal or 1 - vectors[a] @ vectors[b] <= threshold:
                joined = group[one.id] | group[other.id]
                for i in joined:
                    group[i] = joined
    return {tuple(sorted(g)) for g in group.values() if len(g) > 1}


def with_copies(memory: VisualMemory) -> None:
    """Near copies, equal vectors, equal content; some under other labels, one struck out."""
    rng = np.random.default_rng(3)
    originals = memory.catalog.vectors([1, 2, 3, 4])
    near = unit(originals + rng.normal(size=originals.shape) * 0.002)
    memory.add_vectors(near, ["class 0"] * 4)
    memory.add_vectors(np.repeat(originals[:1], 15, axis=0), ["class 1"] * 15)
    content = hashlib.sha256(b"the same").hexdigest()
    far = unit(rng.normal(size=(3, DIM)))
    memory.add_rows([NewExemplar(label, v, content=content) for label, v in zip("aab", far, strict=True)])
    memory.strike([162])


@pytest.mark.parametrize("threshold", [0.0, 1e-5, 0.001, 0.01])
def test_groups_are_the_connected_images(memory, threshold):
    with_copies(memory)
    found = survey(memory, k=30).groups(threshold)
    assert {group.ids for group in found} == brute_groups(memory, threshold)
    label = {e.id: e.label for e in memory.catalog.select()}
    assert all(group.labels == tuple(label[i] for i in group.ids) for group in found)
    conflicts = [group.conflict for group in found]
    assert conflicts == sorted(conflicts, reverse=True) and any(conflicts)
    assert all(group.distance <= threshold for group in found)


def test_more_copies_than_neighbours_are_one_group(memory):
    with_copies(memory)
    assert max(len(group.ids) for group in survey(memory, k=5).groups(0.0)) == 16


def test_a_kept_pair_comes_back_when_a_label_changes(memory):
    with_copies(memory)
    group = next(g for g in survey(memory).groups(0.0) if len(g.ids) == 3)
    memory.kept.keep(PAIR, pairs_within(group))
    assert group.ids not in {g.ids for g in survey(memory).groups(0.0)}
    memory.relabel([group.ids[0]], "else")
    left = [g for g in survey(memory).groups(0.0) if group.ids[0] in g.ids]
    assert left and left[0].conflict


def test_nothing_is_wrong_in_an_empty_memory(tmp_path):
    with VisualMemory.create(tmp_path / "e.vmem", dim=DIM) as memory:
        found = survey(memory)
        assert (found.suspects, found.groups(WIDEST), found.looked_at) == ((), [], 0)
        memory.add_vectors(unit(np.ones((1, DIM))), ["alone"])
        assert survey(memory).suspects == ()


def test_looking_can_be_stopped(memory):
    def stop(done: int, total: int | None, what: str = "") -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        survey(memory, report=stop)
