"""What must hold when somebody forgets in the middle of something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision import novelty


@pytest.fixture
def place(tmp_path: Path) -> Path:
    vectors, labels = clustered(200, dim=16, classes=3, seed=1)
    with VisualMemory.create(tmp_path / "m.vmem", dim=16) as memory:
        memory.add_vectors(vectors, labels)
    return tmp_path / "m.vmem"


def test_a_reader_whose_exemplars_are_forgotten_before_it_reads_their_vectors_decides_on_the_rest(place: Path) -> None:
    query = np.ones(16, np.float32)
    with VisualMemory.open(place, readonly=True) as reader, VisualMemory.open(place) as writer:
        assert 7 in reader.snapshot.ids  # the rows are read, the vectors not yet
        writer.forget([7])
        found, expected = reader.decide_vector(query, k=1000), writer.decide_vector(query, k=1000)
    assert [n.id for n in found.neighbours] == [n.id for n in expected.neighbours]


def test_thresholds_that_were_measured_across_a_forget_are_not_kept(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = novelty.measure

    def forget_meanwhile(*arguments: object, **options: object) -> novelty.OwnFigures:
        measured = measure(*arguments, **options)  # type: ignore[arg-type]
        monkeypatch.setattr(novelty, "measure", measure)
        memory.erase([7]).finish()
        return measured

    with VisualMemory.open(place) as memory:
        monkeypatch.setattr(novelty, "measure", forget_meanwhile)
        memory.maintenance.measure()
        assert memory._live.database.rows("select * from derived") == []


def test_a_build_stopped_right_after_a_commit_counts_what_was_committed(images: Path, tmp_path: Path) -> None:
    def interrupted(job: Callable[[], list[int]]) -> list[int]:
        job()
        raise KeyboardInterrupt

    with VisualMemory.create(tmp_path / "m.vmem", "fake") as memory:
        result = memory.build(images, write=interrupted)
        assert result.stopped and result.added == len(result.ids) == memory.catalog.totals()[0] > 0
