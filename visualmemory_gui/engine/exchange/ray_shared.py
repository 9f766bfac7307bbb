"""Building a shared memory on a Ray cluster: shards and a folder on this machine, then its server."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from visualmemory_gui.engine.errors import MemoryExists
from visualmemory_gui.engine.exchange.merge import merge
from visualmemory_gui.engine.exchange.ray_build import ShardBuild, build_shards
from visualmemory_gui.engine.exchange.ray_cluster import LOCAL
from visualmemory_gui.engine.exchange.vector_table import import_
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory.address import SharedAddress
from visualmemory_gui.engine.shared_memory.journal import folder_of
from visualmemory_gui.engine.shared_memory.milvus_server import connected
from visualmemory_gui.engine.shared_memory.push import push
from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory
from visualmemory_gui.engine.types import Device, EncoderIdentity


@dataclass(frozen=True, slots=True)
class SharedBuild:
    """What a build of a shared memory did: what became ``shards``, and how many exemplars were ``added`` on the server,
    beside those ``unchanged``."""

    shards: ShardBuild
    added: int
    unchanged: int


def build_shared(
    origin: str,
    address: str,
    encoder: EncoderIdentity,
    *,
    cluster: str = LOCAL,
    workers: int | None = None,
    group_by: str | None = None,
    device: Device = "auto",
    report: Report = silent,
) -> SharedBuild:
    """``build_shards``, and the rows pushed to the new shared memory at ``address``, or merged into one that is there.

    On its way all of it is in a folder of this user on this machine, where what is usual in it is measured; the folder
    goes at the end. A build that was cut short, wherever it was, goes on when it is asked for again. Of an image that
    the shared memory has under another label, state or trust, it keeps its own. Raises as ``build_shards``, ``push``
    and ``merge``.
    """
    place = SharedAddress.of(address)
    room = folder_of(place) / "build"
    memory = room / "memory.vmem"
    room.mkdir(parents=True, exist_ok=True)
    shards = build_shards(
        origin,
        room / "shards",
        encoder,
        address=cluster,
        workers=workers,
        group_by=group_by,
        device=device,
        report=report,
    )
    import_(room / "shards", memory, report=report)
    with VisualMemory.open(memory) as m:
        try:
            with connected(place) as server:
                pushed = push(m, server, place.collection, report=report)
            done = SharedBuild(shards, pushed.written, pushed.exemplars - pushed.written)
        except MemoryExists:
            with SharedMemory.open(address) as there:
                merged = merge(there, m, conflicts="keep", report=report)
            done = SharedBuild(shards, len(merged.changes.added), len(merged.found.same) + len(merged.found.conflicts))
    shutil.rmtree(room)
    return done
