"""Kept evaluations, and what they may be compared with."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui.engine.errors import BadValue, ReadOnlyMemory
from visualmemory_gui.engine.evaluation import runs
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.evaluation.query_set import QuerySet
from visualmemory_gui.engine.memory.tracked_decisions import queries_of
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def taught(tmp_path):
    vectors, labels = clustered(300, dim=8, classes=5, seed=1, spread=0.8)
    with VisualMemory.create(tmp_path / "m.vmem", dim=8) as m:
        m.add_vectors(vectors, labels)
        yield m


def wrong_ids(found):
    return found.outcomes.ids[~found.outcomes.right].tolist()


def test_a_run_comes_back_as_it_was_kept(taught):
    run = runs.keep(taught, evaluate(taught))
    [again] = runs.kept(taught)
    assert again == run
    assert np.array_equal(again.right, run.right)
    assert np.array_equal(again.exemplars.ids, run.exemplars.ids)
    assert again.exemplars.labels == run.exemplars.labels
    assert again.accuracy == pytest.approx(run.right.mean())
    assert runs.kept_run(taught, run.number) == run
    with pytest.raises(BadValue, match="unknown run 7"):
        runs.kept_run(taught, 7)


def test_the_same_run_twice_shows_no_measurable_change(taught):
    one, two = (runs.keep(taught, evaluate(taught)) for _ in range(2))
    assert (one.number, two.number) == (1, 2)
    assert runs.compare(one, two).words.startswith("no measurable change")


def test_another_rule_is_compared_on_the_same_queries(taught):
    one = runs.keep(taught, evaluate(taught))
    taught.set("k", 100)
    taught.set("rule", "plurality")
    two = runs.keep(taught, evaluate(taught))
    assert runs.compare(one, two).mean == pytest.approx(two.accuracy - one.accuracy)


def test_striking_out_what_is_decided_wrong_looks_good_only_on_other_queries(taught):
    """The accuracy over what is left rises; on the frozen queries, those struck out too, it does not."""
    before = runs.keep(taught, evaluate(taught))
    taught.strike(wrong_ids(evaluate(taught)))
    left = runs.keep(taught, evaluate(taught))
    assert left.accuracy > before.accuracy + 0.1
    with pytest.raises(BadValue, match="different queries"):
        runs.compare(before, left)
    again = runs.keep(taught, evaluate(taught, asked=before.exemplars))
    assert again.query_set == before.query_set
    assert again.queries == before.queries
    gain = runs.compare(before, again)
    assert gain.mean < left.accuracy - before.accuracy - 0.05


def test_a_relabelled_exemplar_is_asked_under_the_label_it_had(taught):
    before = runs.keep(taught, evaluate(taught))
    taught.relabel(wrong_ids(evaluate(taught))[:20], "elsewhere")
    again = runs.keep(taught, evaluate(taught, asked=before.exemplars))
    assert runs.compare(before, again).mean == pytest.approx(again.accuracy - before.accuracy)


def test_forgetting_drops_all_runs_and_what_is_being_made_is_not_kept(taught):
    found = evaluate(taught)
    runs.keep(taught, found)
    taught.forget([3])
    assert runs.kept(taught) == []
    assert runs.keep(taught, found) is None
    assert runs.kept(taught) == []


def test_at_most_twenty_are_kept(taught):
    found = evaluate(taught)
    for _ in range(runs.MOST + 3):
        runs.keep(taught, found)
    assert [run.number for run in runs.kept(taught)] == list(range(4, runs.MOST + 4))


def test_a_memory_opened_for_reading_keeps_nothing(taught):
    with VisualMemory.open(taught.path, readonly=True) as reading, pytest.raises(ReadOnlyMemory):
        runs.keep(reading, evaluate(reading))


def test_a_query_set_is_its_contents_labels_and_groups_in_any_order(taught):
    snapshot = taught.snapshot
    labels = [snapshot.labels[c] for c in snapshot.label]
    asked = queries_of(snapshot.vectors, labels)
    backwards = queries_of(snapshot.vectors[::-1], labels[::-1])
    own = QuerySet.active(snapshot).digest
    assert own == QuerySet.of(snapshot, asked).digest == QuerySet.of(snapshot, backwards).digest
    assert own != QuerySet.of(snapshot, queries_of(snapshot.vectors, ["other", *labels[1:]])).digest
    before = runs.run_of(evaluate(taught), number=1)
    assert QuerySet.earlier(snapshot, before.exemplars).digest == own
