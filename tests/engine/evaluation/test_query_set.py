"""The query set: decisions before and after an edit that is not made, against decisions after making it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.engine.study_memories import memory_of, noisy
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.query_set import QueryLists, own_queries


def lists_of(memory, width=10):
    return QueryLists(
        own_queries(memory.snapshot),
        memory.searcher.nearest_many,
        scheme=VotingScheme.of(memory.settings),
        width=width,
    )


def decided(memory, asked: dict[int, str]) -> list[bool]:
    """The same by deciding each exemplar by itself, without itself. The class factor must be off: it counts it."""
    vectors = memory.catalog.vectors(list(asked))
    return [
        memory.decide_vector(v, exclude=(i,)).label == label
        for v, (i, label) in zip(vectors, asked.items(), strict=True)
    ]


@pytest.mark.parametrize("rule", ["rank", "softmax", "plurality", "distance"])
def test_an_edit_that_is_not_made_is_judged_as_if_it_were(tmp_path, rule):
    vectors, labels, flipped = noisy(80, seed=1)
    with memory_of(tmp_path, vectors, labels) as memory:
        memory.set("class_factor", "off")
        memory.set("rule", rule)
        asked = {e.id: e.label for e in memory.catalog.select()}
        lists = lists_of(memory)
        assert lists.right().tolist() == decided(memory, asked)
        struck, weak = flipped, [3, 4, 5]
        snapshot = memory.snapshot
        trust = np.where(snapshot.among(np.array(weak)), 0.25, snapshot.trust)
        after = lists.right(snapshot.changed(active=~snapshot.among(np.array(struck)), trust=trust))
        memory.strike([i + 1 for i in struck])
        memory.reweigh([i + 1 for i in weak], 0.25)
        assert after.tolist() == decided(memory, asked)


def test_lists_that_a_strike_emptied_are_searched_again(tmp_path):
    vectors, labels, _ = noisy(80, seed=2)
    with memory_of(tmp_path, vectors, labels) as memory:
        memory.set("class_factor", "off")
        asked = {e.id: e.label for e in memory.catalog.select()}
        lists = lists_of(memory)
        after = lists.right(memory.snapshot.changed(active=np.arange(80) >= 70), np.arange(20, 40))
        memory.strike(list(range(1, 71)))
        assert after.tolist() == decided(memory, asked)[20:40]


def test_a_query_does_not_count_itself_to_its_class(tmp_path):
    """One exemplar of a class of two is decided by the other one, whose class then has one exemplar: factor 10."""
    with memory_of(tmp_path, np.eye(4, dtype=np.float32), ["a", "a", "b", "b"]) as memory:
        lists = lists_of(memory)
        scale = lists.scheme.vote_scale(lists.neighbours())[:, :3]
        assert scale.tolist() == [[10.0, 5.0, 5.0], [10.0, 5.0, 5.0], [5.0, 5.0, 10.0], [5.0, 5.0, 10.0]]


def test_copies_and_groups_are_asked_together_and_do_not_see_each_other(tmp_path):
    vectors, labels, _ = noisy(30, seed=3)
    vectors[7] = vectors[2]
    with memory_of(tmp_path, vectors, labels) as memory:
        queries = own_queries(memory.snapshot)
        assert queries.unit[7] == queries.unit[2] != queries.unit[3]
        lists = lists_of(memory, width=29)
        assert not np.isin(lists.table.rows[2], [2, 7]).any()


def test_what_cannot_be_studied_is_refused_in_words(tmp_path):
    with memory_of(tmp_path, np.eye(3, dtype=np.float32), ["a"] * 3) as memory:
        with pytest.raises(BadValue, match="of one class, a"):
            own_queries(memory.snapshot)
        memory.strike([1, 2, 3])
        with pytest.raises(BadValue, match="no active exemplar"):
            own_queries(memory.snapshot)
