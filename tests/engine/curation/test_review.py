"""Wrong labels and duplicates, against plain loops over all exemplars."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation.label_check import LabelCheck
from visualmemory_gui.engine.curation.review import PAIR, WIDEST, pairs_within, relabellings, survey
from visualmemory_gui.engine.curation.suspect import LABEL
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
        alone = memory.decide_vector(memory.catalog.vectors([i])[0], 10, rule="ridge", exclude=(i,))
        own = memory.catalog.get([i])[0].label
        assert (i in suspects) == (alone.label != own)
        if i in suspects:
            assert suspects[i].share == pytest.approx(alone.shares.get(own, 0.0), abs=1e-9)
            assert (suspects[i].suggested, suspects[i].suggested_share) == (alone.label, pytest.approx(alone.share))
            against = [(n.id, n.label, n.distance) for n in alone.neighbours if n.label != own][:3]
            assert suspects[i].against == tuple(against)


class TestLikely:
    """Where the list is cut, and what is said of the part above it."""

    def test_the_cut_finds_half_of_other_flips_than_those_that_were_planted_and_comes_first(self, tmp_path):
        vectors, labels = clusters(600, 3)
        rng = np.random.default_rng(9)
        flipped = rng.choice(600, 60, replace=False)
        for n in flipped.tolist():
            labels[n] = f"class {(int(labels[n][-1]) + rng.integers(1, 4)) % 4}"
        with VisualMemory.create(tmp_path / "w.vmem", dim=DIM) as made:
            made.add_vectors(vectors, labels)
            found = survey(made)
        hits = set((flipped + 1).tolist()) & {suspect.id for suspect in found.likely}
        assert found.cut is not None and found.cut.recall == pytest.approx(0.5, abs=0.01)
        assert len(hits) / len(flipped) == pytest.approx(0.5, abs=0.15)
        assert found.recall.startswith(f"This list of {len(found.likely)} finds about half of randomly wrong labels;")
        assert len(found.likely) < len(found.suspects) and found.suspects[: len(found.likely)] == found.likely

    def test_nothing_is_written_and_the_same_memory_gives_the_same_cut(self, memory):
        before = memory.snapshot.change, memory.snapshot.label.copy()
        assert survey(memory).cut == survey(memory).cut
        assert memory.snapshot.change == before[0] and (memory.snapshot.label == before[1]).all()

    def test_a_list_that_finds_less_than_half_says_how_much(self, tmp_path):
        rng = np.random.default_rng(4)
        one = unit(rng.normal(size=(40, DIM)))
        other = unit(one + 0.01 * rng.normal(size=one.shape))  # each beside its like, which has the other label
        with VisualMemory.create(tmp_path / "pairs.vmem", dim=DIM) as made:
            made.add_vectors(np.concatenate([one, other]), ["a"] * 40 + ["b"] * 40)
            found = survey(made)
        assert found.cut is not None and found.cut.recall < 0.2
        assert f"finds about {100 * found.cut.recall:.0f} % of randomly wrong labels" in found.recall

    @pytest.mark.parametrize(("count", "classes"), [(49, 4), (60, 1), (1, 1)])
    def test_too_little_to_measure_it_on_is_said(self, tmp_path, count, classes):
        vectors, _ = clusters(count, 2)
        with VisualMemory.create(tmp_path / "few.vmem", dim=DIM) as made:
            made.add_vectors(vectors, [f"class {n % classes}" for n in range(count)])
            found = survey(made)
        assert found.cut is None and found.likely == () and "cannot be told" in found.recall

    def test_vectors_in_two_dimensions_are_reviewed(self, tmp_path):
        angles = np.concatenate([np.linspace(0, 0.5, 30), np.linspace(2, 2.5, 30)])
        vectors = unit(np.stack([np.cos(angles), np.sin(angles)], axis=1))
        with VisualMemory.create(tmp_path / "two.vmem", dim=2) as made:
            made.add_vectors(vectors, ["east"] * 30 + ["west"] * 30)
            made.relabel([3], "west")
            found = survey(made)
        assert [suspect.id for suspect in found.suspects] == [3]
        assert found.suspects[0].suggested == "east"

    def test_it_is_by_ridge_under_every_rule(self, memory):
        memory.relabel([5, 17], "class 0")
        found = survey(memory)
        memory.set("rule", "plurality")
        assert survey(memory).suspects == found.suspects and found.rule == "ridge"


class TestCheck:
    """Answers to labels drawn at random are the only measure of how many of a list are wrong."""

    @pytest.fixture
    def checked(self, memory):
        truth = {e.id: e.label for e in memory.catalog.select()}
        for i in range(1, 61):
            memory.relabel([i], f"class {(int(truth[i][-1]) + 1 + i % 3) % 4}")
        memory.check = LabelCheck.draw(survey(memory).suspects)
        return memory

    def test_the_draw_does_not_depend_on_the_order_and_is_spread_over_the_list(self, checked):
        suspects = survey(checked).suspects
        drawn = [one.id for one in LabelCheck.draw(suspects[::-1]).drawn]
        assert drawn == [one.id for one in checked.check.drawn] and len(set(drawn)) == 20
        assert drawn != [one.id for one in LabelCheck.draw(suspects, seed=1).drawn]
        places = [[one.id for one in suspects].index(i) for i in drawn]
        assert min(places) < len(suspects) / 3 and max(places) > 2 * len(suspects) / 3

    def test_kept_labels_were_right_and_changed_or_struck_ones_wrong(self, checked):
        ids = [(one.id, one.label) for one in checked.check.drawn]
        assert survey(checked, check=checked.check).answers.words == "0 of 20 labels drawn at random are checked."
        checked.kept.keep(LABEL, [((i, 0), label) for i, label in ids[:9]])
        checked.relabel([i for i, _ in ids[9:15]], "else")
        checked.strike([ids[15][0]])
        found = survey(checked, check=checked.check).answers
        assert (found.right, found.wrong, [one.id for one in found.left]) == (9, 7, [i for i, _ in ids[16:]])
        assert "were wrong" not in found.words
        checked.undo()
        assert survey(checked, check=checked.check).answers.wrong == 6
        checked.redo()
        checked.kept.keep(LABEL, [((i, 0), label) for i, label in ids[16:]])
        found = survey(checked, check=checked.check).answers
        assert found.left == () and (found.right, found.wrong) == (13, 7)
        listed = checked.check.listed
        said = f"7 of 20 labels drawn at random were wrong: between 18 and 57 % of the list of {listed}."
        assert found.words == said  # Wilson: 0.181 to 0.567

    def test_a_short_list_is_checked_whole_and_an_empty_one_not_at_all(self, checked):
        suspects = survey(checked).suspects[:3]
        check = LabelCheck.draw(suspects)
        checked.relabel([one.id for one in suspects], "else")
        assert check.answers(checked).words == "3 of 3 labels were wrong; these were all on the list."
        assert "nothing to check" in LabelCheck.draw(()).answers(checked).words


def test_relabellings_are_the_suspects_by_label_and_suggestion_the_largest_first(memory):
    truth = {e.id: e.label for e in memory.catalog.select()}
    memory.relabel([i for i in truth if truth[i] == "class 1"][:6], "class 0")
    suspects = survey(memory).suspects
    found = relabellings(suspects)
    assert (found[0].label, found[0].suggested) == ("class 0", "class 1") and len(found[0].suspects) >= 6
    assert sorted(s.id for one in found for s in one.suspects) == sorted(s.id for s in suspects)
    assert [len(one.suspects) for one in found] == sorted((len(one.suspects) for one in found), reverse=True)
    for one in found:
        assert {(s.label, s.suggested) for s in one.suspects} == {(one.label, one.suggested)}
        assert [s.share for s in one.suspects] == sorted(s.share for s in one.suspects)


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
