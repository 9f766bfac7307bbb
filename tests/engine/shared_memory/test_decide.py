"""Decisions on a shared memory are those of the folder that it was pushed from, to the last digit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import clustered
from tests.engine.shared_memory.conftest import DIM, opened
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import BadValue, UnknownExemplar
from visualmemory_gui.engine.shared_memory import push as pushing
from visualmemory_gui.engine.shared_memory.server import Server
from visualmemory_gui.engine.types import Decision, Rule


def bare(decision: Decision) -> Decision:
    """Without what differs from one machine to the next: times, and who searched."""
    return replace(decision, timings_ms={}, search=None, thumbnails=None)


@pytest.mark.parametrize("rule", ["ridge", "rank", "distance"])
def test_a_query_is_decided_as_in_the_folder(folder: VisualMemory, server: Server, collection: str, rule: Rule) -> None:
    folder.maintenance.measure()
    pushing.push(folder, server, collection)
    queries = np.concatenate([clustered(40, dim=DIM, classes=5, seed=9)[0], folder.catalog.vectors([1, 7, 3])])
    with opened(server, collection, readonly=True) as shared:
        for query in queries:
            there, here = (m.decide_vector(query, rule=rule, k=7) for m in (shared, folder))
            assert bare(there) == bare(here)
        assert [bare(d) for d in shared.decide_many([1, 2, 303])] == [bare(d) for d in folder.decide_many([1, 2, 303])]
    assert there.known is not None or rule != "rank"


def test_copies_that_fill_the_answer_of_the_server_are_searched_past(
    folder: VisualMemory, server: Server, collection: str
) -> None:
    """Ridge looks for 100 different vectors; 400 copies of one fill the first answer, and the second."""
    query = clustered(1, dim=DIM, classes=5, seed=9)[0][0]
    folder.add_vectors(np.repeat(query[None], 400, axis=0), "copy")
    pushing.push(folder, server, collection)
    with opened(server, collection, readonly=True) as shared:
        for rule in ("ridge", "rank"):
            there, here = (m.decide_vector(query, rule=rule) for m in (shared, folder))  # type: ignore[arg-type]
            assert bare(there) == bare(here)


def test_exemplars_that_are_excluded_do_not_vote(folder: VisualMemory, server: Server, collection: str) -> None:
    pushing.push(folder, server, collection)
    with opened(server, collection, readonly=True) as shared:
        out = [n.id for n in folder.decide(1, k=20).neighbours]
        there, here = (m.decide(1, k=20, exclude=out) for m in (shared, folder))
        assert bare(there) == bare(here)
        assert not set(out) & {n.id for n in there.neighbours}


def test_how_it_is_searched_is_the_servers_choice(folder: VisualMemory, server: Server, collection: str) -> None:
    pushing.push(folder, server, collection)
    with opened(server, collection, readonly=True) as shared, pytest.raises(BadValue, match="chooses how it searches"):
        shared.decide(1, search="hnsw")


@pytest.mark.parametrize("exemplar", [1, 3, 7, 303])
def test_an_exemplar_is_decided_by_all_others_as_in_the_folder(
    folder: VisualMemory, server: Server, collection: str, exemplar: int
) -> None:
    pushing.push(folder, server, collection)
    vector = folder.catalog.vectors([exemplar])[0]
    with opened(server, collection, readonly=True) as shared:
        there, here = (m.decide_vector(vector, own=exemplar) for m in (shared, folder))
        assert bare(there) == bare(here)
        assert exemplar not in {n.id for n in there.neighbours}
        with pytest.raises(UnknownExemplar):
            shared.decide_vector(vector, own=9999)


def test_exemplars_are_listed_as_in_the_folder(folder: VisualMemory, server: Server, collection: str) -> None:
    pushing.push(folder, server, collection)
    with opened(server, collection, readonly=True) as shared:
        for label, state in ((None, None), ("class 9", None), (None, "struck"), ("class 1", "active")):
            there, here = (
                [one for page in m.catalog.pages(label=label, state=state) for one in page]  # type: ignore[arg-type]
                for m in (shared, folder)
            )
            assert there == here
        assert shared.catalog.select(ids=[3, 7], label="class 9") == folder.catalog.select(ids=[3, 7], label="class 9")
        assert shared.catalog.counts() == folder.catalog.counts()
        assert shared.summary().labels == folder.summary().labels
        assert (shared.summary().exemplars, shared.summary().struck) == (310, 3)
        assert shared.catalog.ids_under("class 9") == [7, 70]
        with pytest.raises(BadValue, match="did you mean class 9/odd"):
            shared.catalog.require_label("clas 9/odd")
