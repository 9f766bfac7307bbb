"""From hashes to rows, through any number of small extensions."""

from __future__ import annotations

import numpy as np
import pytest

from visualmemory_gui.engine.index.duplicates import MOST_RECENT, TwinRows


@pytest.mark.parametrize("steps", [[1, 2, 3], [5, MOST_RECENT, 1, 7], [2 * MOST_RECENT, 1, 1]])
def test_every_row_is_found_by_its_hash_after_each_extension(steps: list[int]) -> None:
    hashes = np.random.default_rng(0).integers(-300, 300, 50 + sum(steps))
    n, rows_of = 50, TwinRows.of(hashes[:50])
    for step in steps:
        n += step
        rows_of = rows_of.extended(hashes[:n])
        assert len(rows_of) == n
        asked = np.array([7, -299, 1000, 0])
        rows, places = rows_of.lookup(asked)
        for place, key in enumerate(asked):
            assert sorted(rows[places == place].tolist()) == np.flatnonzero(hashes[:n] == key).tolist()


def test_an_extension_leaves_what_readers_hold() -> None:
    before = TwinRows.of(np.array([4, 4, 9]))
    before.extended(np.array([4, 4, 9, 4]))
    assert sorted(before.lookup(np.array([4]))[0].tolist()) == [0, 1]


def test_different_hashes_are_found_among_old_and_recent_rows() -> None:
    hashes = np.random.default_rng(1).permutation(1000)
    rows_of = TwinRows.of(hashes[:600]).extended(hashes)
    assert rows_of.distinct
    rows, places = rows_of.lookup(np.array([5, 700, 5000]))
    assert hashes[rows].tolist() == np.array([5, 700])[places].tolist()
    assert hashes[rows_of.rows_of(700)].tolist() == [700] and not len(rows_of.rows_of(5000))


def test_a_copy_among_the_recent_rows_is_found_beside_the_first() -> None:
    rows_of = TwinRows.of(np.array([4, 9])).extended(np.array([4, 9, 9]))
    assert sorted(rows_of.lookup(np.array([9]))[0].tolist()) == [1, 2] == sorted(rows_of.rows_of(9).tolist())
