"""Chains of edits, undone and done again: the memory is row for row what it was, after a restart too."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory

CHAINS = 10_000 if os.environ.get("SOAK") else 100
RESTART_EACH = 20
_VALUES = "id, label_id, struck, withdrawn, trust, derived, note, vector_hash"


def rows(memory: VisualMemory) -> list[tuple[object, ...]]:
    """What each exemplar is, labels spelled out; those that an undone add withdrew are not there."""
    labels = dict(memory._live.database.rows("select id, path from labels"))
    found = memory._live.database.rows(f"select {_VALUES} from exemplars where not withdrawn order by id")
    return [(row[0], labels[row[1]], *row[2:]) for row in found]


def edit(memory: VisualMemory, chance: random.Random) -> None:
    ids = [int(i) for i in chance.sample([row[0] for row in rows(memory)], 2)]  # type: ignore[call-overload]
    label = f"class {chance.randrange(5)}"
    vectors, labels = clustered(2, dim=8, classes=2, seed=chance.randrange(1 << 30))
    chance.choice(
        [
            lambda: memory.strike(ids),
            lambda: memory.restore(ids),
            lambda: memory.relabel(ids, label),
            lambda: memory.reweigh(ids, chance.choice([0.5, 2.0])),
            lambda: memory.rename_label(chance.choice(list(memory.catalog.counts())), label),
            lambda: memory.add_vectors(vectors, labels),
        ]
    )()


def chain(memory: VisualMemory, chance: random.Random) -> list[list[tuple[object, ...]]]:
    """The states that a few edits went through, each of them one step."""
    states = [rows(memory)]
    for _ in range(chance.randint(1, 4)):
        steps = len(memory.history.steps())
        edit(memory, chance)
        if len(memory.history.steps()) > steps:
            states.append(rows(memory))
    return states


@pytest.mark.timeout(3600)
def test_undo_and_redo_lead_through_the_very_same_states(tmp_path: Path) -> None:
    path, done = tmp_path / "chains.vmem", 0
    vectors, labels = clustered(20, dim=8, classes=5, seed=0)
    while done < CHAINS:
        with VisualMemory.create(tmp_path / f"{done}.vmem", dim=8) as memory:
            memory.add_vectors(vectors, labels)
            path = memory.path
            for number in range(done, done + RESTART_EACH):
                states = chain(memory, random.Random(number))
                back = [rows(memory)] + [(memory.undo(), rows(memory))[1] for _ in states[1:]]
                assert back == states[::-1], number
                again = [rows(memory)] + [(memory.redo(), rows(memory))[1] for _ in states[1:]]
                assert again == states, number
        with VisualMemory.open(path) as memory:
            assert rows(memory) == states[-1]
            back = [rows(memory)] + [(memory.undo(), rows(memory))[1] for _ in states[1:]]
            assert back == states[::-1], "after a restart"
        done += RESTART_EACH
