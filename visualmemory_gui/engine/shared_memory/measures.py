"""What is usual in a shared memory, as it was measured in the folder that it was pushed from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from visualmemory_gui.engine.decision.class_sets import ClassSets
from visualmemory_gui.engine.decision.confidence import Confidence
from visualmemory_gui.engine.decision.novelty import OwnFigures
from visualmemory_gui.engine.decision.own_measures import OwnMeasures
from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore

NOVELTY, CONFIDENCE, SETS, AT = "novelty", "confidence", "sets", "measured_at"
T = TypeVar("T")


def write(store: SharedStore, usual: OwnMeasures, change: int) -> None:
    """Keep what was measured at the change number ``change``."""
    for name, found in ((NOVELTY, usual.figures), (CONFIDENCE, usual.confidence), (SETS, usual.sets)):
        store.put(name, None if found is None else found.to_dict())
    store.put(AT, change)


def clear(store: SharedStore) -> None:
    """Nothing was measured: what was, was measured with exemplars that are forgotten."""
    for name in (NOVELTY, CONFIDENCE, SETS, AT):
        store.clear(name)


def read(store: SharedStore) -> OwnMeasures:
    """What was kept; what cannot be read was not measured."""
    return OwnMeasures(
        _read(store, NOVELTY, OwnFigures.from_dict),
        _read(store, CONFIDENCE, Confidence.from_dict),
        _read(store, SETS, ClassSets.from_dict),
    )


def _read(store: SharedStore, name: str, of: Callable[[dict[str, Any]], T]) -> T | None:
    try:
        found = store.get(name)
        return None if found is None else of(found)
    except (DamagedMemory, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
