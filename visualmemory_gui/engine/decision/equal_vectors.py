"""Equal vectors: which exemplars stand behind the one of each vector that a search for different vectors returns.

Under the ridge vote k counts different vectors, and all exemplars of a vector share its voice. Lists of many queries
therefore hold each vector once, by the first row that the query may see, however many copies there are: five thousand
copies of one image take one place and not five thousand. What is needed of the others is looked up when votes are
weighed: ``voices_of`` sums them up by label, which is exact as they share one weight in proportion to their trust, and
``rows_behind`` lists the first of them for the rules that count every exemplar.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from visualmemory_gui.engine.decision.votes import ABSENT
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, Bools

Hides = Callable[[I64, I64], Bools]
"""Whether each of some queries (n,), by their places, must not see the row beside it, (n,)."""

AT_ONCE = 2_000_000
"""Exemplars to look at together, so that memory stays bounded."""


class Voices(NamedTuple):
    """(q, k) each, in the order (distance, row): one place for each label that a vector has, with the sum of the
    ``trust`` of its exemplars, and that of what solving sees of it, min(1, trust): the ``voice``."""

    rows: I64
    distances: F64
    trust: F64
    voice: F64


def voices_of(snapshot: Snapshot, rows: I64, distances: F64, hides: Hides | None) -> Voices:
    """Of the exemplars behind ``rows`` (q, k), which a search for different vectors found at ``distances``."""
    there = rows != ABSENT
    trust = np.where(there, snapshot.trust[rows], 0.0)
    found = Voices(rows, distances, trust, np.minimum(trust, 1.0))
    parts = _halves(snapshot, rows)
    if parts:
        return _stacked([voices_of(snapshot, rows[p], distances[p], _shifted(hides, p.start)) for p in parts])
    line, place, members = _behind(snapshot, rows, hides)
    if not len(line):
        return found
    trusts = snapshot.trust[members]
    keys = (line * rows.shape[1] + place) * len(snapshot.labels) + snapshot.label[members]
    _, first, of = np.unique(keys, return_index=True, return_inverse=True)
    line, place, members = line[first], place[first], members[first]
    trust, voice = found.trust.copy(), found.voice.copy()
    whole, heard = np.bincount(of, trusts), np.bincount(of, np.minimum(trusts, 1.0))
    leads = rows[line, place] == members
    trust[line[leads], place[leads]], voice[line[leads], place[leads]] = whole[leads], heard[leads]
    found = Voices(rows, distances, trust, voice)
    if leads.all():
        return found
    rest = ~leads
    return _with_more(found, line[rest], members[rest], distances[line, place][rest], whole[rest], heard[rest])


def rows_behind(snapshot: Snapshot, rows: I64, distances: F64, hides: Hides | None, *, most: int) -> tuple[I64, F64]:
    """The ``most`` nearest exemplars behind ``rows`` (q, w), w >= most unless there are no more vectors, as (q, m)
    rows and distances in the order (distance, row); ABSENT and infinity behind."""
    cut, far = rows[:, :most], distances[:, :most]
    lines = np.flatnonzero((_numbers(snapshot, cut) >= 0).any(axis=1))
    if not len(lines):
        return cut, far
    parts = _halves(snapshot, cut)
    if parts:
        stacked = [rows_behind(snapshot, cut[p], far[p], _shifted(hides, p.start), most=most) for p in parts]
        return _same_width(stacked)
    seen = None if hides is None else _of_lines(hides, lines)
    some = _spread(snapshot, cut[lines], far[lines], seen, most=most)
    if len(lines) == len(cut):
        return some
    out, away = _same_width([(cut, far), some])
    out[lines], away[lines] = out[len(cut) :], away[len(cut) :]
    return out[: len(cut)], away[: len(cut)]


def _spread(snapshot: Snapshot, rows: I64, distances: F64, hides: Hides | None, *, most: int) -> tuple[I64, F64]:
    """``rows_behind`` of lines that all hold vectors with copies."""
    line, place, members = _behind(snapshot, rows, hides)
    single = np.nonzero((rows != ABSENT) & (_numbers(snapshot, rows) < 0))
    line, place = np.concatenate([line, single[0]]), np.concatenate([place, single[1]])
    members = np.concatenate([members, rows[single]])
    away = distances[line, place]
    order = np.lexsort((members, away, line))
    line, members, away = line[order], members[order], away[order]
    counts = np.bincount(line, minlength=len(rows))
    at = np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = min(most, int(counts.max(initial=0)))
    near = at < width
    out = np.full((len(rows), width), ABSENT, np.int64), np.full((len(rows), width), np.inf)
    out[0][line[near], at[near]], out[1][line[near], at[near]] = members[near], away[near]
    return out


def _same_width(parts: list[tuple[I64, F64]]) -> tuple[I64, F64]:
    """The lines of all parts, under each other."""
    width = max(rows.shape[1] for rows, _ in parts)
    return (
        np.concatenate([_padded_rows(rows, width) for rows, _ in parts]),
        np.concatenate([_padded(distances, np.inf, width) for _, distances in parts]),
    )


def _of_lines(hides: Hides, lines: I64) -> Hides:
    return lambda queries, rows: hides(lines[queries], rows)


def ordinals(twins: I64) -> I64:
    """Of rows in order, by their twin hashes (n,), how many different vectors come before that of each."""
    _, first, of = np.unique(twins, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[of].astype(np.int64)


def _behind(snapshot: Snapshot, rows: I64, hides: Hides | None) -> tuple[I64, I64, I64]:
    """Every exemplar that a query may see behind those of ``rows`` (q, w) that have copies: line, place and row, in
    the order of places, the rows of each increasing."""
    groups, number = snapshot.twin_groups, _numbers(snapshot, rows)
    line, place = np.nonzero(number >= 0)
    group = number[line, place]
    start = groups.starts[group]
    size = groups.starts[group + 1] - start
    members = groups.rows[np.arange(size.sum()) + np.repeat(start - (np.cumsum(size) - size), size)]
    line, place = np.repeat(line, size), np.repeat(place, size)
    if hides is None or not len(line):
        return line, place, members
    seen = ~hides(line, members)
    return line[seen], place[seen], members[seen]


def _numbers(snapshot: Snapshot, rows: I64) -> I64:
    """The groups of equal vectors to which ``rows`` belong, -1 where a vector is alone."""
    groups = snapshot.twin_groups
    if not len(groups):
        return np.full(rows.shape, -1, np.int64)
    return np.where(rows == ABSENT, -1, groups.number[rows])


def _halves(snapshot: Snapshot, rows: I64) -> list[slice]:
    """The lines in two parts where there is too much behind them for one; else nothing."""
    groups, number = snapshot.twin_groups, _numbers(snapshot, rows)
    sizes = np.append(np.diff(groups.starts), 0)  # -1 reads the last
    if len(rows) < 2 or sizes[number].sum() <= AT_ONCE:
        return []
    return [slice(0, len(rows) // 2), slice(len(rows) // 2, len(rows))]


def _shifted(hides: Hides | None, start: int) -> Hides | None:
    return None if hides is None else lambda queries, rows: hides(queries + start, rows)


def _with_more(found: Voices, line: I64, rows: I64, distances: F64, trust: F64, voice: F64) -> Voices:
    """With more places in some lines; ``line`` is increasing."""
    counts = np.bincount(line, minlength=len(found.rows))
    at = found.rows.shape[1] + np.arange(len(line)) - np.repeat(np.cumsum(counts) - counts, counts)
    wide = _widened(found, found.rows.shape[1] + int(counts.max()))
    for part, values in zip(wide, (rows, distances, trust, voice), strict=True):
        part[line, at] = values
    lines = np.unique(line)
    last = np.where(wide.rows[lines] == ABSENT, np.iinfo(np.int64).max, wide.rows[lines])
    order = np.lexsort((last, wide.distances[lines]), axis=-1)
    for part in wide:
        part[lines] = np.take_along_axis(part[lines], order, axis=1)
    return wide


def _widened(found: Voices, width: int) -> Voices:
    rows, distances, trust, voice = found
    return Voices(
        _padded_rows(rows, width),
        *(_padded(*part, width) for part in ((distances, np.inf), (trust, 0.0), (voice, 0.0))),
    )


def _stacked(parts: list[Voices]) -> Voices:
    width = max(part.rows.shape[1] for part in parts)
    wide = [_widened(part, width) for part in parts]
    return Voices(
        np.concatenate([part.rows for part in wide]),
        np.concatenate([part.distances for part in wide]),
        np.concatenate([part.trust for part in wide]),
        np.concatenate([part.voice for part in wide]),
    )


def _padded_rows(rows: I64, width: int) -> I64:
    return np.pad(rows, ((0, 0), (0, width - rows.shape[1])), constant_values=ABSENT)


def _padded(part: F64, value: float, width: int) -> F64:
    return np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=value)
