"""Parts share no group, and a difference is told from chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.statistics import (
    FEWEST_CHANGED,
    interval_of_share,
    paired_gain,
    split,
    together,
)

rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=60)


@given(rows, st.sampled_from([(1, 1), (2, 1, 1), (0.7, 0.3), (1,)]), st.integers(0, 5))
def test_no_group_falls_apart_and_a_seed_repeats_itself(made, parts, seed):
    labels, groups = (np.array([row[i] for row in made], np.int64) for i in range(2))
    part = split(labels, groups, parts, seed=seed)
    assert part.shape == labels.shape
    assert set(part.tolist()) <= set(range(len(parts)))
    for group in set(groups.tolist()) - {0}:
        assert len(set(part[groups == group].tolist())) == 1
    assert np.array_equal(part, split(labels, groups, parts, seed=seed))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200), st.integers(0, 5))
def test_each_label_is_shared_out_in_proportion(made, seed):
    labels = np.array(made, np.int64)
    part = split(labels, np.zeros(len(labels), np.int64), (2, 1, 1), seed=seed)
    for label in set(made):
        counts = np.bincount(part[labels == label], minlength=3)
        assert np.all(np.abs(counts - counts.sum() * np.array([0.5, 0.25, 0.25])) <= 2)
    assert np.all(np.abs(np.bincount(part, minlength=3) - len(labels) * np.array([0.5, 0.25, 0.25])) <= 1)


def test_classes_of_one_exemplar_land_in_every_part():
    labels = np.arange(100, dtype=np.int64)
    counts = np.bincount(split(labels, np.zeros(100, np.int64), (2, 1, 1)))
    assert counts.tolist() == [50, 25, 25]


def test_another_seed_makes_other_parts():
    labels, groups = np.zeros(50, np.int64), np.zeros(50, np.int64)
    assert not np.array_equal(split(labels, groups, (1, 1), seed=1), split(labels, groups, (1, 1), seed=2))


def test_nothing_splits_into_nothing_and_parts_must_be_positive():
    none = np.empty(0, np.int64)
    assert len(split(none, none, (1, 1))) == 0
    with pytest.raises(BadValue, match="positive"):
        split(none, none, (1, 0))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=25))
def test_rows_that_share_any_key_go_together(made):
    keys = [np.array([row[i] for row in made], np.int64) for i in range(2)]
    found = together(*keys)
    n = len(made)
    near = np.eye(n, dtype=bool)
    for key in keys:
        near |= (key[:, None] == key) & (key != 0)[:, None]
    for _ in range(n):
        near = near @ near
    assert np.array_equal(found[:, None] == found, near)
    assert found.min() > 0


def test_a_gain_is_the_mean_difference_and_its_interval_holds_it():
    rng = np.random.default_rng(0)
    before = rng.random(1000) < 0.6
    after = before | (rng.random(1000) < 0.2)
    gain = paired_gain(before, after)
    assert gain.mean == pytest.approx(after.mean() - before.mean())
    assert 0 < gain.low < gain.mean < gain.high
    assert gain.helps
    assert "points better" in gain.words
    worse = paired_gain(after, before)
    assert worse.measurable
    assert not worse.helps
    assert "points worse" in worse.words


def test_the_interval_is_that_of_drawing_queries_with_replacement():
    rng = np.random.default_rng(1)
    before, after = rng.random(200), rng.random(200)
    gain = paired_gain(before, after)
    drawn = (after - before)[rng.integers(0, 200, (4000, 200))].mean(axis=1)
    assert gain.low == pytest.approx(np.quantile(drawn, 0.025), abs=0.01)
    assert gain.high == pytest.approx(np.quantile(drawn, 0.975), abs=0.01)


def test_what_moves_both_ways_alike_is_no_measurable_change():
    before = np.arange(400) % 2 == 0
    gain = paired_gain(before, ~before)
    assert gain.mean == 0
    assert not gain.measurable
    assert gain.words.startswith("no measurable change (-")


def test_a_handful_of_answers_proves_nothing():
    before = np.zeros(1000, bool)
    few, enough = before.copy(), before.copy()
    few[: FEWEST_CHANGED - 1] = True
    enough[:FEWEST_CHANGED] = True
    assert not paired_gain(before, few).measurable
    assert paired_gain(before, enough).measurable


def test_a_gain_within_one_group_is_the_luck_of_one_group():
    before, after = np.zeros(400, bool), np.zeros(400, bool)
    after[:100] = True
    groups = np.repeat(np.arange(4, dtype=np.int64) + 1, 100)
    assert paired_gain(before, after).measurable
    assert not paired_gain(before, after, groups=groups).measurable


def test_without_queries_there_is_no_gain_and_unequal_queries_are_refused():
    none = np.empty(0, bool)
    assert paired_gain(none, none).words == "no measurable change (0.0 to 0.0 points)"
    with pytest.raises(BadValue, match="same queries"):
        paired_gain(none, np.ones(1, bool))


def test_the_interval_of_a_share_is_that_of_wilson():
    assert interval_of_share(9, 20) == pytest.approx((0.2582, 0.6579), abs=1e-4)
    assert interval_of_share(0, 20)[0] == pytest.approx(0.0, abs=1e-12) and interval_of_share(20, 20)[1] <= 1.0
    assert interval_of_share(0, 20)[1] == pytest.approx(0.1611, abs=1e-4)
