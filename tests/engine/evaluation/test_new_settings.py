"""What new memories have set, and what that would do to one made before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.evaluation import new_settings
from visualmemory_gui.engine.evaluation.evaluate import evaluate_snapshot
from visualmemory_gui.engine.types import MemorySettings


def filled(folder: Path, *, spread: float = 0.6) -> VisualMemory:
    memory = VisualMemory.create(folder / "m.vmem", dim=16)
    memory.add_vectors(*clustered(240, dim=16, classes=6, seed=3, spread=spread))
    return memory


@pytest.mark.usefixtures("as_new_memories_are")
def test_a_new_memory_votes_by_ridge_with_the_class_factor_mean(tmp_path: Path) -> None:
    with filled(tmp_path) as memory:
        assert memory.settings == replace(MemorySettings(), rule="ridge", class_factor="mean")
        decision = memory.decide_vector(memory.snapshot.vectors[0])
        assert (decision.rule, decision.k) == ("ridge", 100)
        assert memory.maintenance.unset_settings == {}
        assert new_settings.measure(memory) is None
    with VisualMemory.open(tmp_path / "m.vmem") as memory:
        assert (memory.settings.rule, memory.settings.class_factor) == ("ridge", "mean")
        assert memory.maintenance.verify() == []


@pytest.mark.usefixtures("made_before")
def test_one_made_before_keeps_its_rule_and_says_what_the_new_one_would_do(tmp_path: Path) -> None:
    with filled(tmp_path) as memory:
        assert memory.settings == MemorySettings()
        found = new_settings.measure(memory)
        assert found is not None
        assert found.settings == {"rule": "ridge", "class_factor": "mean"} and found.queries == 240
        schemes = VotingScheme.of(memory.settings), VotingScheme("ridge", 100, class_factor="mean")
        before, after = (
            evaluate_snapshot(
                memory.snapshot, memory.searcher.nearest_many, ks=[scheme.k], rules=[scheme.rule], scheme=scheme
            ).accuracy[scheme.rule][scheme.k]
            for scheme in schemes
        )
        assert found.gain.mean == pytest.approx(after - before)
        assert found.words == (
            "New memories have the rule ridge and the class factor mean. "
            f"On 240 exemplars of this one that is {found.gain.words}."
        )
        memory.set("rule", "rank")
        assert memory.maintenance.unset_settings == {"class_factor": "mean"}
        memory.set("class_factor", "old")
        assert new_settings.measure(memory) is None


@pytest.mark.usefixtures("made_before")
def test_no_more_than_a_sample_is_decided_and_it_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(new_settings, "SAMPLE", 60)

    def stop(done: int, total: int | None, what: str = "") -> None:
        raise Cancelled

    with filled(tmp_path) as memory:
        found = new_settings.measure(memory)
        assert found is not None and 55 <= found.queries <= 65
        with pytest.raises(Cancelled):
            new_settings.measure(memory, report=stop)


@pytest.mark.usefixtures("made_before")
def test_of_a_memory_in_which_nothing_can_be_wrong_there_is_nothing_to_say(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", dim=4) as memory:
        assert new_settings.measure(memory) is None
        memory.add_vectors(np.eye(4, dtype=np.float32), ["only"] * 4)
        assert new_settings.measure(memory) is None
