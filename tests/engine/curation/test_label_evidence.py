"""The evidence on a label, against a plain sort of all distances."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.engine.study_memories import memory_of, noisy
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.curation.label_evidence import SHOWN, label_evidence
from visualmemory_gui.engine.curation.review import survey
from visualmemory_gui.engine.curation.suspect import Suspect
from visualmemory_gui.engine.errors import UnknownExemplar


@pytest.fixture
def memory(tmp_path) -> Iterator[VisualMemory]:
    with memory_of(tmp_path, *noisy(120, seed=3)[:2]) as made:
        yield made


def plainly(memory: VisualMemory, exemplar: int, label: str) -> list[tuple[int, float]]:
    """The nearest active exemplars of ``label`` but the exemplar itself."""
    query = memory.catalog.vectors([exemplar])[0].astype(np.float64)
    found = [
        (1 - float(memory.catalog.vectors([one.id])[0].astype(np.float64) @ query), one.id)
        for one in memory.catalog.select()
        if one.label == label and one.state == "active" and one.id != exemplar
    ]
    return [(i, distance) for distance, i in sorted(found)[:SHOWN]]


def test_of_each_label_the_nearest_active_ones_are_shown(memory):
    memory.strike([survey(memory).suspects[-1].id])
    for suspect in survey(memory).suspects:
        found = label_evidence(memory.snapshot, suspect)
        for near, label in ((found.own, suspect.label), (found.suggested, suspect.suggested)):
            expected = plainly(memory, suspect.id, label)
            assert [i for i, _ in near] == [i for i, _ in expected]
            assert [d for _, d in near] == pytest.approx([d for _, d in expected], abs=1e-6)


def test_a_copy_of_the_image_is_no_evidence(memory):
    suspect = survey(memory).suspects[0]
    copies = memory.add_vectors(memory.catalog.vectors([suspect.id]), [suspect.label])
    assert copies[0] not in [i for i, _ in label_evidence(memory.snapshot, suspect).own]


def test_a_label_without_others_has_none(memory):
    only = memory.add_vectors(np.eye(8, dtype=np.float32)[:1], ["alone"])[0]
    suspect = Suspect(only, "alone", 0.0, "never heard of", 1.0, ())
    found = label_evidence(memory.snapshot, suspect)
    assert found.own == () and found.suggested == ()
    memory.forget([only])
    with pytest.raises(UnknownExemplar):
        label_evidence(memory.snapshot, suspect)
