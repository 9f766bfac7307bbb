"""A memory goes to Milvus Lite, is edited there beside its folder, and comes back: run as a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.conftest import clustered
from tests.engine.shared_memory.conftest import DIM, opened
from tests.engine.shared_memory.test_decide import bare
from tests.engine.shared_memory.test_edits import state
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer
from visualmemory_gui.engine.shared_memory.pull import pull
from visualmemory_gui.engine.shared_memory.push import push


def main(place: Path) -> None:
    """Raise AssertionError where one is not as the other."""
    vectors, labels = clustered(310, dim=DIM, classes=5, seed=0)
    lite = MilvusServer(str(place / "lite.db"), name="Milvus Lite")
    with VisualMemory.create(place / "folder.vmem", dim=DIM) as folder:
        folder.add_vectors(vectors[:300], labels[:300])
        assert push(folder, lite, "m").exemplars == 300
        with opened(lite, "m") as shared:
            for m in (shared, folder):
                m.strike([1, 2])
                m.relabel([4], "new/one")
                m.reweigh([5], 0.5)
                m.undo()
            for query in vectors[295:]:
                assert bare(shared.decide_vector(query)) == bare(folder.decide_vector(query))
            assert state(shared) == state(folder)
            assert shared.summary().labels == folder.summary().labels
        pull(lite, "m", place / "back.vmem")
        with VisualMemory.open(place / "back.vmem") as back:
            assert state(back) == state(folder)
    lite.close()
    print("the same")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
