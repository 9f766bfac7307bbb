"""The input of ``visualmemory vote``, from parsed JSON: neighbour lists, ids to exclude, trust. Errors are BadValue."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.types import F32, F64

JsonClass: TypeAlias = "str | int | float | None"

MOST_TRUST = 100.0

_CLASS_TYPES = {str, int, float}
_ID_TYPES = {str, int}
_NUMBERS = {int, float}
_NEEDED = ("neighbor_image_ids", "neighbor_classes", "neighbor_distances")


@dataclass(frozen=True, slots=True)
class NeighbourList:
    """One query's neighbours in the order given. ``right`` holds the classes that count as right, if given."""

    query: str
    ids: Sequence[str]
    classes: Sequence[JsonClass]
    distances: F64
    right: tuple[JsonClass, ...] = ()


@dataclass(frozen=True, slots=True)
class DistanceSpan:
    """The smallest and the largest distance of a whole file, by which its distances are scaled to [0, 1]."""

    least: float
    most: float

    @classmethod
    def of(cls, distances: Iterable[F64 | F32]) -> DistanceSpan:
        """That of several arrays; infinity, where a list has ended, is none. Without any distance it is 0 to 1."""
        finite = [kept for one in distances if len(kept := one[np.isfinite(one)])]
        if not finite:
            return cls(0.0, 1.0)
        return cls(float(min(one.min() for one in finite)), float(max(one.max() for one in finite)))

    def scaled(self, distances: F64) -> F64:
        """``distances`` in [0, 1]; all 0 where the file has one distance only."""
        width = self.most - self.least
        return (distances - self.least) / (width if width > 0.0 else 1.0)


def normalised(lists: Sequence[NeighbourList]) -> list[NeighbourList]:
    """The same lists with distances scaled to [0, 1] over all of them."""
    span = DistanceSpan.of(one.distances for one in lists)
    return [replace(one, distances=span.scaled(one.distances)) for one in lists]


def parse_excluded(data: object, *, name: str = "ids to exclude") -> frozenset[str]:
    """The neighbour ids of a JSON list, as text."""
    if not isinstance(data, list | tuple) or not set(map(type, data)) <= _ID_TYPES:
        raise BadValue(f"{name}: expected a JSON list of neighbour ids")
    return frozenset(map(str, data))


def parse_trust(data: object, *, name: str = "trust") -> dict[str, float]:
    """The vote multipliers of a JSON object id -> factor, each above 0 and at most 100."""
    if not isinstance(data, dict):
        raise BadValue(f"{name}: expected a JSON object that maps neighbour ids to factors")
    for key, factor in data.items():
        if type(factor) not in _NUMBERS or not 0 < factor <= MOST_TRUST:
            shown = f"{factor!s:.40}"
            raise BadValue(f"{name}: the factor of {key} must be above 0 and at most {MOST_TRUST:g}, not {shown}")
    return {str(key): float(factor) for key, factor in data.items()}


def parse_lists(data: object, *, name: str = "neighbour lists") -> list[NeighbourList]:
    """Neighbour lists from parsed JSON; ``name`` says in errors where they came from."""
    if not isinstance(data, dict):
        raise BadValue(f"{name}: expected a JSON object that maps each query to its neighbours")
    return [parse_record(record, query, f"{name}: query {query}") for query, record in data.items()]


def parse_record(record: Any, query: str, where: str) -> NeighbourList:
    """One list from its parsed JSON; ``where`` begins every error message."""
    if not isinstance(record, dict):
        raise BadValue(f"{where}: expected an object with {', '.join(_NEEDED)}")
    for key in _NEEDED:
        if key not in record:
            raise BadValue(f"{where}: {key} is missing")
        if not isinstance(record[key], list):
            raise BadValue(f"{where}: {key} must be a list")
    ids, classes, distances = (record[key] for key in _NEEDED)
    if not len(ids) == len(classes) == len(distances):
        lengths = f"{len(ids)} ids, {len(classes)} classes and {len(distances)} distances"
        raise BadValue(f"{where}: lists of unequal length ({lengths})")
    if not set(map(type, ids)) <= _ID_TYPES:
        raise BadValue(f"{where}: neighbor_image_ids must be strings or whole numbers")
    if not _are_classes(classes):
        raise BadValue(f"{where}: neighbor_classes must be strings or numbers")
    numbers = _distances(distances, where)
    return NeighbourList(query, [*map(str, ids)], classes, numbers, _right(record.get("image_class"), where))


def _distances(values: list[Any], where: str) -> F64:
    if set(map(type, values)) <= _NUMBERS:
        try:
            numbers = np.array(values, np.float64)
        except OverflowError:
            numbers = np.array([np.inf])
        if np.isfinite(numbers).all():
            return numbers
    raise BadValue(f"{where}: neighbor_distances must be finite numbers")


def _right(value: Any, where: str) -> tuple[JsonClass, ...]:
    """``image_class`` is one class or a list of classes that are all right."""
    right = value if isinstance(value, list) else [] if value is None else [value]
    if not _are_classes(right):
        raise BadValue(f"{where}: image_class must be a string, a number or a list of these")
    return tuple(right)


def _are_classes(values: list[Any]) -> bool:
    types = set(map(type, values))
    return types <= _CLASS_TYPES and (float not in types or all(math.isfinite(v) for v in values if type(v) is float))
