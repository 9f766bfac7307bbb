"""Small snapshots for tests of decisions and studies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.snapshot import Rows, Snapshot, WorkingSet
from visualmemory_gui.engine.store.checksum import vector_hash
from visualmemory_gui.engine.types import F32


def snapshot_of(
    labels: Sequence[str],
    vectors: F32 | None = None,
    *,
    active: Sequence[bool] | None = None,
    trust: Sequence[float] | None = None,
    content: Sequence[int] | None = None,
    group: Sequence[int] | None = None,
    image: Sequence[int] | None = None,
    change: int = 1,
) -> Snapshot:
    """Exemplars with ids 1, 2, …; equal vectors are twins, contents differ, there are no groups, and no parts,
    unless given."""
    n = len(labels)
    made = np.eye(n, dtype=np.float32) if vectors is None else vectors
    codes = {label: code for code, label in enumerate(dict.fromkeys(labels))}
    rows = Rows(
        ids=np.arange(1, n + 1),
        label=np.array([codes[label] for label in labels], np.int32),
        labels=tuple(codes),
        active=np.ones(n, bool) if active is None else np.array(active, bool),
        trust=np.ones(n) if trust is None else np.array(trust, np.float64),
        content=np.arange(1, n + 1) if content is None else np.array(content, np.int64),
        group=np.zeros(n, np.int64) if group is None else np.array(group, np.int64),
        twin=np.array([vector_hash(v) for v in made], np.int64),
        change=np.full(n, change),
        image=_image(n, content, image),
    )
    return WorkingSet(rows, change=change, load_vectors=lambda ids: made[ids - 1]).snapshot


def _image(n: int, content: Sequence[int] | None, image: Sequence[int] | None) -> np.ndarray:
    """The hashes of the whole images: the contents, where none are parts."""
    given = content if image is None else image
    return np.arange(1, n + 1) if given is None else np.array(given, np.int64)
