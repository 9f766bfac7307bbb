"""What a probing child calls besides importing: each returns what JSON can hold, or raises."""

from __future__ import annotations

import time

import numpy as np

BATCH = 64
ALONE = 8


def sqlite() -> dict[str, object]:
    """The version of SQLite that memories are kept by."""
    import apsw  # late: it may be broken

    return {"version": apsw.sqlite_lib_version()}


def gpus() -> dict[str, object]:
    """Which GPUs torch can use, and what it says where a broken driver lets it use none."""
    from visualmemory_gui.engine.device.choice import found_gpus

    return found_gpus()._asdict()


def encoder_speed() -> dict[str, object]:
    """How fast the default encoder is: milliseconds for one image alone, images a second among many."""
    from visualmemory_gui.engine.encoders import lite, registry

    size = lite.GEOMETRY.size
    batch = np.random.default_rng(0).integers(0, 256, (BATCH, size, size, 3), np.uint8)
    alone, many = registry.load(lite.IDENTITY), registry.load(lite.IDENTITY, bulk=True)
    alone.encode(batch[:1])
    started = time.perf_counter()
    for _ in range(ALONE):
        alone.encode(batch[:1])
    each = (time.perf_counter() - started) / ALONE
    many.encode(batch[:4])
    started = time.perf_counter()
    many.encode(batch)
    whole = time.perf_counter() - started
    return {"backend": many.backend, "device": many.device, "ms": each * 1e3, "per_s": BATCH / whole}
