"""Exemplars found by words: those whose vectors are nearest to that of a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.language.text_vectors import vector_of
from visualmemory_gui.engine.types import F32, F64, I64, State

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

USUAL = 20
_ROWS = 4096


@dataclass(frozen=True, slots=True)
class FoundByWords:
    """Exemplars by how well a text fits them, best first: ``ids`` (n,) int64, ``scores`` (n,) float64.

    A score is the cosine of text and image. It orders images for one text; those of two texts cannot be compared, and
    they are mostly far below 1.
    """

    ids: I64
    scores: F64


def find(memory: Memory, text: str, *, most: int = USUAL, state: State = "active") -> FoundByWords:
    """The ``most`` exemplars in ``state`` that ``text`` fits best, equal ones by id.

    Raises BadValue, and EncoderError where the memory's encoder knows no words.
    """
    if most < 1:
        raise BadValue(f"at least 1 exemplar is to be found, not {most}")
    vector = vector_of(memory, text)
    ids, scores = _active(memory, vector, most) if state == "active" else _others(memory, vector, state)
    order = np.lexsort((ids, -scores))[:most]
    return FoundByWords(ids[order], scores[order])


def _active(memory: Memory, vector: F32, most: int) -> tuple[I64, F64]:
    """By the search that finds neighbours, over all of them: a graph of images is no guide to a text."""
    near = memory.decide_vector(vector, most, "plurality", search="exact").neighbours
    return np.array([n.id for n in near], np.int64), 1.0 - np.array([n.distance for n in near])


def _others(memory: Memory, vector: F32, state: State) -> tuple[I64, F64]:
    ids = np.array([row.id for page in memory.catalog.pages(state=state) for row in page], np.int64)
    parts = [memory.catalog.vectors(some) @ vector.astype(np.float64) for some in _blocks(ids)]
    return ids, np.concatenate(parts) if parts else np.empty(0)


def _blocks(ids: I64) -> Iterator[I64]:
    for at in range(0, len(ids), _ROWS):
        yield ids[at : at + _ROWS]
