"""Proof that a memory decides as if it had never seen what it forgot, by comparison with one built without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import gettempdir

import numpy as np

from visualmemory_gui.engine.files.atomic_file import scratch
from visualmemory_gui.engine.memory.image_reader import batched
from visualmemory_gui.engine.memory.protocol import WholeMemory
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import F32, Decision, MemorySettings, NewExemplar

DECISIONS = 1000
MOST_SHOWN = 10
_BATCH = 1000

Query = tuple[F32, str | None, str | None]  # vector (dim,), content id, and that of the whole image of a part


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof: of ``decisions`` made by both memories, ``different`` differ in label, shares, known, confidence, or
    in a neighbour's place, distance or vote. ``examples`` are the places of the first of these among the queries."""

    decisions: int
    different: int
    examples: tuple[int, ...]

    @property
    def holds(self) -> bool:
        return self.different == 0


def prove(memory: WholeMemory, *, decisions: int = DECISIONS, seed: int = 0, report: Report = silent) -> Proof:
    """Build a memory of what ``memory`` still holds, in a temporary folder, and compare ``decisions`` decisions.

    The queries are seeded: exemplars themselves, and points halfway between two of them. Both memories search
    exactly, with the settings of ``memory``; the thresholds of known and the confidence are measured again in both.
    Raises Cancelled by ``report``, StorageError.
    """
    queries = _queries(memory, decisions, seed=seed)
    with scratch(Path(gettempdir())) as folder, _never_saw(memory, folder, report) as other:
        for each in (memory, other):
            each.maintenance.measure(report)
        mine, theirs = _places(memory), _places(other)
        different = []
        for at, query in enumerate(queries):
            report(at, len(queries), "comparing decisions")
            if _plain(memory, query, mine) != _plain(other, query, theirs):
                different.append(at)
        report(len(queries), len(queries), "comparing decisions")
    return Proof(len(queries), len(different), tuple(different[:MOST_SHOWN]))


def _never_saw(memory: WholeMemory, folder: Path, report: Report) -> VisualMemory:
    """A new memory of the exemplars that ``memory`` holds, in order."""
    other = VisualMemory.create_for(folder / "never-saw.vmem", memory.identity, device=memory.device)
    try:
        settings = memory.settings
        for field in fields(MemorySettings):
            if getattr(settings, field.name) != getattr(other.settings, field.name):
                other.set(field.name, getattr(settings, field.name))
        ids = [exemplar.id for exemplar in memory.catalog.select()]
        for done, batch in enumerate(batched(ids, _BATCH)):
            report(done * _BATCH, len(ids), "building a memory without them")
            other.add_rows(list(_rows(memory, batch)))
    except BaseException:
        other.close()
        raise
    return other


def _rows(memory: WholeMemory, ids: list[int]) -> Iterator[NewExemplar]:
    for exemplar, vector in zip(memory.catalog.get(ids), memory.catalog.vectors(ids), strict=True):
        yield NewExemplar(
            exemplar.label,
            vector,
            content=exemplar.content,
            box=exemplar.box,
            original=exemplar.original,
            group=exemplar.group,
            trust=exemplar.trust,
            struck=exemplar.state == "struck",
        )


def _queries(memory: WholeMemory, count: int, *, seed: int) -> list[Query]:
    """The queries: half are exemplars with their content, half lie between two exemplars."""
    snapshot, rng = memory.snapshot, np.random.default_rng(seed)
    if not len(snapshot):
        return []
    own = rng.choice(len(snapshot), size=min(count // 2, len(snapshot)), replace=False)
    exemplars = memory.catalog.get(snapshot.ids[own].tolist())
    found: list[Query] = [
        (v, one.content, one.original) for v, one in zip(snapshot.vectors[own], exemplars, strict=True)
    ]
    pairs = rng.integers(0, len(snapshot), size=(count - len(own), 2))
    between = snapshot.vectors[pairs[:, 0]].astype(np.float64) + snapshot.vectors[pairs[:, 1]]
    norms = np.linalg.norm(between, axis=1, keepdims=True)
    between = (between / np.maximum(norms, 1e-12))[norms[:, 0] > 1e-6]
    return found + [(vector.astype(np.float32), None, None) for vector in between]


def _places(memory: WholeMemory) -> dict[int, int]:
    """The place of each id among all, which is the same in both memories."""
    return {int(i): place for place, i in enumerate(memory.snapshot.ids)}


def _plain(memory: WholeMemory, query: Query, places: dict[int, int]) -> Decision:
    """The comparable part of the decision: neighbours by their places, without timings."""
    vector, content, original = query
    level = memory.settings.level
    found = memory.decide_vector(vector, level=level, search="exact", content=content, original=original)
    neighbours = tuple(n._replace(id=places[n.id]) for n in found.neighbours)
    return replace(found, neighbours=neighbours, in_memory=(), search=None, timings_ms={})
