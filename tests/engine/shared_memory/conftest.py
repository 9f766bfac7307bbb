"""A server of vectors for these tests: one in this process, or the Milvus server that ``MILVUS_URI`` names."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import clustered
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.shared_memory.in_process_server import InProcessServer
from visualmemory_gui.engine.shared_memory.lease import LeaseTimes
from visualmemory_gui.engine.shared_memory.milvus_server import MilvusServer
from visualmemory_gui.engine.shared_memory.server import Server
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory

REAL = os.environ.get("MILVUS_URI", "")
QUICK = LeaseTimes(renew_s=0.05, expire_s=0.2, settle_s=0.0, stop_s=5.0)
if REAL:
    QUICK = LeaseTimes(renew_s=1.0, expire_s=4.0, settle_s=0.1, stop_s=10.0)
DIM = 16
collect_ignore = [] if REAL else ["test_real_server.py"]


@pytest.fixture
def server() -> Iterator[Server]:
    """Connected, and closed after the test."""
    if not REAL:
        yield InProcessServer()
        return
    real = MilvusServer(REAL, name="the server of this test")
    yield real
    real.close()


@pytest.fixture
def collection(server: Server) -> Iterator[str]:
    """A name that no other test uses; what is made under it is removed."""
    name = f"t{uuid.uuid4().hex[:12]}"
    yield name
    for part in ("", "_images", "_labels", "_meta"):
        if server.has(name + part):
            server.drop(name + part)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory of 300 vectors in 5 classes, some struck, some weighed, two of each of the first ten vectors."""
    place = tmp_path_factory.mktemp("built") / "folder.vmem"
    vectors, labels = clustered(300, dim=DIM, classes=5, seed=0)
    with VisualMemory.create(place, dim=DIM) as m:
        m.add_vectors(vectors, labels)
        m.add_vectors(vectors[:10], labels[:10])
        m.strike([3, 30, 303])
        m.reweigh([5, 50], 0.25)
        m.reweigh([6], 2.0)
        m.relabel([7, 70], "class 9/odd")
    return place


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Iterator[VisualMemory]:
    """A copy of it for one test."""
    shutil.copytree(built, tmp_path / "folder.vmem")
    with VisualMemory.open(tmp_path / "folder.vmem") as m:
        yield m


def address_of(collection: str) -> str:
    """Any address: the server is handed over connected."""
    return f"milvus+http://localhost:19530/{collection}"


def opened(server: Server, collection: str, *, readonly: bool = False) -> SharedMemory:
    """The shared memory, with a lease that does not keep a test waiting."""
    return SharedMemory.open(address_of(collection), server=server, readonly=readonly, times=QUICK)
