"""Published neighbour lists as arrays, small enough that 1.3 million of them fit in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.published_lists.list_file import records
from visualmemory_gui.engine.published_lists.neighbour_lists import (
    DistanceSpan,
    JsonClass,
    NeighbourList,
    parse_record,
)
from visualmemory_gui.engine.types import F32, I32, I64, Bools

BLOCK = 2048
ABSENT = -1
PRINTED = 10

Named = TypeVar("Named", str, JsonClass)


@dataclass(frozen=True, slots=True)
class ListReading:
    """How neighbour lists are read. The paper's notebook does each of these for some of its tables.

    ``without_own``: each query is removed from its own list, as for the lists of the exemplars themselves.
    ``equal_length``: a list that did not hold its own query loses its last neighbour instead.
    ``normalise``: distances are scaled to [0, 1] over the file, after that.
    ``unlabelled_wrong``: a query without a right class counts, and no answer to it is right.
    """

    without_own: bool = False
    equal_length: bool = False
    normalise: bool = False
    unlabelled_wrong: bool = False


AS_GIVEN = ListReading()


class Codes(dict[Named, int]):
    """Codes for names, in the order in which they are first met."""

    def __missing__(self, name: Named) -> int:
        self[name] = code = len(self)
        return code


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The codes of exemplars' ids and of classes, shared by all files of one evaluation."""

    ids: Codes[str] = field(default_factory=Codes)
    classes: Codes[JsonClass] = field(default_factory=Codes)


@dataclass(frozen=True, slots=True)
class ListBlock:
    """Up to 2,048 lists in the order given. (q, w) each: ``ids`` and ``classes`` int32 codes, ABSENT after a list's
    end, ``distances`` float32. ``right`` is (q, m) int32: the classes that count as right, then ABSENT;
    ``own`` (q,) is the code of each query itself.
    """

    ids: I32
    classes: I32
    distances: F32
    right: I32
    own: I32

    def __len__(self) -> int:
        return len(self.ids)

    def hits(self, classes: I32 | I64) -> Bools:
        """Which of ``classes`` (q, ...) are right for their query; ABSENT never is."""
        out = np.zeros(classes.shape, bool)
        for one in self.right.T:
            wanted = one.reshape(-1, *[1] * (classes.ndim - 1))
            out |= (classes == wanted) & (wanted != ABSENT)
        return out


@dataclass(frozen=True, slots=True)
class PublishedLists:
    """The lists of one file, by block. ``unlabelled`` lists had no ``image_class`` and are not included unless they
    count as wrong; ``own_removed`` neighbours were the query itself."""

    blocks: tuple[ListBlock, ...]
    vocabulary: Vocabulary
    queries: int
    width: int
    unlabelled: int
    own_removed: int

    def prints(self) -> I64:
        """A hash of each query and its first ten neighbours but itself, (q,): equal for a list that is in two files."""
        return np.concatenate([_prints(block) for block in self.blocks])

    def support(self) -> I64:
        """The number of queries of each class by code, of several right classes the first."""
        first = np.concatenate([block.right[:, 0] for block in self.blocks])
        return np.bincount(first[first != ABSENT], minlength=len(self.vocabulary.classes))

    def normalised(self) -> PublishedLists:
        """The same with distances scaled to [0, 1]."""
        span = DistanceSpan.of(block.distances for block in self.blocks)
        scaled = (span.scaled(block.distances.astype(np.float64)).astype(np.float32) for block in self.blocks)
        blocks = (replace(block, distances=one) for block, one in zip(self.blocks, scaled, strict=True))
        return replace(self, blocks=tuple(blocks))


def _prints(block: ListBlock) -> I64:
    first = block.ids[:, : PRINTED + 1]
    others = np.where(first == block.own[:, None], ABSENT, first)
    others = np.take_along_axis(others, np.argsort(others == ABSENT, axis=1, kind="stable"), axis=1)
    near = np.full((len(block), PRINTED), ABSENT, np.int64)
    near[:, : others.shape[1]] = others[:, :PRINTED]
    out = block.own.astype(np.uint64)
    for one in near.T:
        out = out * np.uint64(0x9E3779B97F4A7C15) + one.view(np.uint64) + np.uint64(1)
    return out.view(np.int64)


def read_lists(
    path: str | Path,
    *,
    vocabulary: Vocabulary | None = None,
    reading: ListReading = AS_GIVEN,
    report: Report = silent,
) -> PublishedLists:
    """Read the neighbour lists of a file. Raises BadValue, naming the query that is wrong; Cancelled."""
    known = Vocabulary() if vocabulary is None else vocabulary
    blocks: list[ListBlock] = []
    unlabelled = removed = read = 0
    for batch in _batches(path):
        labelled = [one for one in batch if one.right]
        unlabelled, read = unlabelled + len(batch) - len(labelled), read + len(batch)
        lists = batch if reading.unlabelled_wrong else labelled
        if reading.without_own:
            removed += sum(one.ids.count(one.query) for one in lists)
            lists = [_without_own(one, equal_length=reading.equal_length) for one in lists]
        if lists:
            blocks.append(_block(lists, known))
        report(read, None, f"reading {Path(path).name}")
    queries, width = sum(map(len, blocks)), max((block.ids.shape[1] for block in blocks), default=0)
    if read == unlabelled:
        raise BadValue(f"{path} holds no neighbour list with an image_class")
    found = PublishedLists(tuple(blocks), known, queries, width, unlabelled, removed)
    return found.normalised() if reading.normalise else found


def _batches(path: str | Path) -> Iterator[list[NeighbourList]]:
    batch: list[NeighbourList] = []
    for query, record in records(path):
        one = parse_record(record, query, f"{path}: query {query}")
        own = record.get("image_id", query)
        batch.append(NeighbourList(str(own), one.ids, one.classes, one.distances, one.right))
        if len(batch) == BLOCK:
            yield batch
            batch = []
    if batch:
        yield batch


def _without_own(one: NeighbourList, *, equal_length: bool) -> NeighbourList:
    kept = [i for i, name in enumerate(one.ids) if name != one.query]
    if len(kept) == len(one.ids):
        if not equal_length:
            return one
        kept = kept[:-1]
    return NeighbourList(
        one.query, [one.ids[i] for i in kept], [one.classes[i] for i in kept], one.distances[kept], one.right
    )


def _block(lists: Sequence[NeighbourList], known: Vocabulary) -> ListBlock:
    shape = len(lists), max(len(one.ids) for one in lists)
    ids, classes = np.full(shape, ABSENT, np.int32), np.full(shape, ABSENT, np.int32)
    distances = np.full(shape, np.inf, np.float32)
    right = np.full((len(lists), max(1, *(len(one.right) for one in lists))), ABSENT, np.int32)
    code_of, class_of = known.ids, known.classes
    for i, one in enumerate(lists):
        n = len(one.ids)
        ids[i, :n] = [code_of[name] for name in one.ids]
        classes[i, :n] = [class_of[name] for name in one.classes]
        distances[i, :n] = one.distances
        right[i, : len(one.right)] = [class_of[name] for name in one.right]
    own = np.array([code_of[one.query] for one in lists], np.int32)
    return ListBlock(ids, classes, distances, right, own)
