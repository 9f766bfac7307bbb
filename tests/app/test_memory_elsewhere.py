"""What asks no more of a memory than ``Memory`` has works where its rows are not in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import paint_image
from visualmemory_gui import VisualMemory
from visualmemory_gui.app.models import query as asking
from visualmemory_gui.app.models.memory_state import read_state
from visualmemory_gui.app.models.originals import missing_originals
from visualmemory_gui.cli.show import selected
from visualmemory_gui.engine.attribution.attribute import look_at_exemplar
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory import protocol as protocol

FACETS = {
    "catalog": protocol.Exemplars,
    "history": protocol.StepHistory,
    "files": protocol.ImageCopies,
    "queue": protocol.Queue,
    "maintenance": protocol.Maintenance,
}


def verbs(of: type) -> set[str]:
    return {name for kind in of.__mro__ for name in vars(kind) if not name.startswith("_")}


class Elsewhere:
    """Lets through what the protocol names, and nothing else: no snapshot, no search over all rows."""

    def __init__(self, behind: object, kind: type = protocol.Memory) -> None:
        self._behind, self._verbs = behind, verbs(kind)

    def __getattr__(self, name: str) -> object:
        if name not in self._verbs:
            raise AttributeError(f"a memory elsewhere has no {name!r}")
        found = getattr(self._behind, name)
        return Elsewhere(found, FACETS[name]) if name in FACETS else found


@pytest.fixture
def folder(small: Path) -> Iterator[VisualMemory]:
    with VisualMemory.open(small) as opened:
        yield opened


@pytest.fixture
def red(tmp_path: Path) -> Path:
    """An image that is no exemplar."""
    path = tmp_path / "red.png"
    paint_image((200, 60, 40), seed=77).save(path)
    return path


@pytest.fixture
def elsewhere(folder: VisualMemory) -> protocol.Memory:
    return Elsewhere(folder)  # type: ignore[return-value]


def test_the_memory_in_a_folder_has_every_verb(folder: VisualMemory) -> None:
    assert [name for name in verbs(protocol.WholeMemory) if not hasattr(folder, name)] == []
    for facet, kind in FACETS.items():
        assert [name for name in verbs(kind) if not hasattr(getattr(folder, facet), name)] == []


def test_no_row_is_to_be_had_but_by_a_verb(elsewhere: protocol.Memory) -> None:
    for name in ("snapshot", "searcher", "results", "apply_study", "path"):
        assert not hasattr(elsewhere, name)
    assert not hasattr(elsewhere.catalog, "snapshot_rows")


def test_an_image_is_decided_and_kept_as_a_recent_query(
    elsewhere: protocol.Memory, folder: VisualMemory, red: Path
) -> None:
    query = asking.embed(elsewhere, str(red))
    found = asking.answer(elsewhere, query, VotingScheme.of(elsewhere.settings))
    assert found.decision.label == folder.decide(str(red)).label and len(found.images) == 10
    assert found.counts == folder.catalog.counts()
    asking.keep_query(elsewhere, query)
    assert [one.name for one in asking.recent_queries(elsewhere)] == [red.name]


def test_an_exemplar_is_decided_by_all_others(elsewhere: protocol.Memory, folder: VisualMemory) -> None:
    query = asking.query_of(elsewhere, 3)
    assert np.array_equal(query.vector, folder.snapshot.vectors[2])
    found = asking.answer(elsewhere, query, VotingScheme.of(elsewhere.settings)).decision
    assert found.label == folder.decide_vector(query.vector, content=query.content, own=3).label
    assert look_at_exemplar(elsewhere, 3).vector.shape == query.vector.shape


def test_a_queued_image_is_decided_anew_and_taught(elsewhere: protocol.Memory, red: Path) -> None:
    elsewhere.queue.add([red])
    [number] = elsewhere.queue.table().ids.tolist()
    assert asking.queued_query(elsewhere, number).name == red.name
    elsewhere.queue.teach([number], "new")
    assert elsewhere.class_counts()["new"] == 1


def test_the_window_says_what_the_memory_holds(elsewhere: protocol.Memory) -> None:
    elsewhere.strike([1, 2])
    state = read_state(elsewhere)
    assert state.memory == "16 exemplars · 2 struck · 3 classes" and state.undo == "Strike out 2 exemplars"
    elsewhere.undo()
    assert read_state(elsewhere).redo == "Strike out 2 exemplars"
    assert set(missing_originals(elsewhere, [1, 2, 3]).values()) == {""}


def test_exemplars_are_listed_page_by_page(
    elsewhere: protocol.Memory, folder: VisualMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visualmemory_gui.engine.store.catalog.PAGE", 4)
    elsewhere.strike([2, 9])
    pages = [[one.id for one in page] for page in elsewhere.catalog.pages()]
    assert pages == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16], [17, 18]]
    for state in (None, "active", "struck", "withdrawn"):
        for label in (None, "animals", "nothing"):
            assert selected(elsewhere.catalog, None, label=label, state=state) == folder.catalog.select(
                label=label, state=state
            )


def test_a_step_that_is_reverted_is_told_and_seen_by_the_next_decision(folder: VisualMemory) -> None:
    told: list[object] = []
    folder.changed(told.append)
    step = folder.strike([1]).step
    assert step is not None and folder.snapshot.active_count == 17
    changes = folder.history.revert(step)
    assert told[-1] is changes and folder.snapshot.active_count == 18
