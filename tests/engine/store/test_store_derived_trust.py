"""Trust that a study derived: one run replaces another, and is forgotten with any exemplar that it saw."""

from __future__ import annotations

import numpy as np
import pytest

from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store import derived_trust


@pytest.fixture
def memory(tmp_path):
    with VisualMemory.create(tmp_path / "m.vmem", dim=8) as made:
        made.add_vectors(np.eye(8, dtype=np.float32), list("aabbccdd"))
        yield made


def derive(memory: VisualMemory, trust: dict[int, float], kind: str = "tune"):
    database = memory._live.database
    return memory._live.edit(kind, lambda writer: derived_trust.set_trust(database, memory.catalog, writer, trust))


def trusts(memory: VisualMemory) -> list[float]:
    return [e.trust for e in memory.catalog.select()]


def derived_anywhere(memory: VisualMemory) -> list[object]:
    """Every place on disk that could hold a derived trust."""
    rows = memory._live.database.rows
    return [
        *rows("select id from exemplars where derived is not null"),
        *rows("select step from entries where field = 'derived'"),
        *rows("select name from derived where name = 'studied'"),
    ]


def test_a_run_replaces_the_one_before_and_undo_brings_it_back(memory):
    derive(memory, {1: 0.5, 2: 0.25})
    changes = derive(memory, {2: 0.75, 3: 2.0})
    assert changes.reweighed == (1, 2, 3) and trusts(memory)[:4] == [1.0, 0.75, 2.0, 1.0]
    assert list(memory.snapshot.trust[:4]) == [1.0, 0.75, 2.0, 1.0]
    memory.undo()
    assert trusts(memory)[:4] == [0.5, 0.25, 1.0, 1.0]


def test_trust_set_by_hand_is_left_alone(memory):
    memory.reweigh([2], 3.0)
    assert memory.catalog.trusted_by_hand().tolist() == [2]
    assert derive(memory, {1: 0.5, 2: 0.25}).reweighed == (1,)
    assert trusts(memory)[:2] == [0.5, 3.0]


def test_a_trust_that_no_vote_can_have_is_refused(memory):
    for bad in (0.0, -1.0, float("nan"), 101.0):
        with pytest.raises(BadValue):
            derive(memory, {1: 0.5, 2: bad})
    assert trusts(memory) == [1.0] * 8 and derived_anywhere(memory) == []


def test_forgetting_an_exemplar_forgets_what_was_derived_with_it(memory):
    """As empty as in a memory that never saw it: rows, history, the note of the run; also a run that was undone."""
    derive(memory, {1: 0.5, 2: 0.25}, "prune")
    derive(memory, {3: 0.75})
    memory.undo()
    memory.reweigh([5], 2.0)
    assert derived_anywhere(memory)  # the control: it is there to be forgotten
    memory.forget([8])
    assert derived_anywhere(memory) == []
    assert trusts(memory) == [1.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0]
    assert list(memory.snapshot.trust) == trusts(memory)
    assert [step.name for step in memory.history.steps()] == ["Set the trust of 1 exemplar to 2", "Add 7 exemplars"]
    assert list(memory.catalog.check_rows()) == []
    while memory.undo().edit:
        assert derived_anywhere(memory) == []


def test_an_exemplar_that_came_after_the_run_takes_nothing_with_it(memory):
    derive(memory, {1: 0.5})
    [late, later] = memory.add_vectors(np.ones((2, 8), np.float32) / np.sqrt(8), ["e", "e"])
    memory.forget([later])
    memory.forget([late])
    assert trusts(memory)[0] == 0.5
    derive(memory, {1: 0.25})
    memory.forget([2])
    assert derived_anywhere(memory) == []


def test_a_run_nobody_knows_the_time_of_counts_as_having_seen_it(memory):
    derive(memory, {1: 0.5})
    memory._live.derived.drop("studied")
    [late] = memory.add_vectors(np.ones((1, 8), np.float32) / np.sqrt(8), ["e"])
    memory.forget([late])
    assert derived_anywhere(memory) == []


def test_a_result_is_not_written_over_an_edit_made_since(memory):
    change = memory.snapshot.change
    memory.strike([1])
    with pytest.raises(BadValue, match="edited since"):
        memory._live.edit("tune", lambda writer: derived_trust.require_unchanged(memory._live.database, change))
