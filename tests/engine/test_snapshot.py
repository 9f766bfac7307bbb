"""The memory as if: a changed snapshot is the one of a memory in which that was written."""

from __future__ import annotations

import gc
import weakref
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.snapshot import Rows, Snapshot

LABELS = ("a", "b", "c/x")


def same(found: Snapshot, wanted: Snapshot) -> None:
    assert [found.labels[c] for c in found.label] == [wanted.labels[c] for c in wanted.label]
    for name in ("ids", "active", "trust", "content", "group", "twin", "vectors"):
        assert np.array_equal(getattr(found, name), getattr(wanted, name)), name
    every = np.arange(len(found))
    if len(found):
        assert np.array_equal(found.vectors_of(every), wanted.vectors)
        assert np.array_equal(found.vectors_of(every[::-1].copy()), wanted.vectors[::-1])
    groups = {tuple(found.twin_groups.members(i).tolist()) for i in range(len(found.twin_groups))}
    active, twin = found.active, found.twin
    equal = [tuple(np.flatnonzero(active & (twin == one)).tolist()) for one in set(twin.tolist())]
    assert groups == {rows for rows in equal if len(rows) > 1}
    assert found.different.active.sum() == len(set(twin[active].tolist()))
    counts = [dict(zip(each.labels, each.counts.tolist(), strict=True)) for each in (found, wanted)]
    assert {k: n for k, n in counts[0].items() if n} == {k: n for k, n in counts[1].items() if n}


@given(st.data())
def test_what_is_changed_is_what_would_be_read_after_the_edit(data: st.DataObject) -> None:
    n, m = data.draw(st.integers(0, 6)), data.draw(st.integers(0, 3))
    labels = data.draw(st.lists(st.sampled_from(LABELS), min_size=n + m, max_size=n + m))
    was, now = (data.draw(st.lists(st.booleans(), min_size=n, max_size=n)) for _ in range(2))
    votes = data.draw(st.booleans())
    trust = data.draw(st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=n, max_size=n))
    names = data.draw(st.dictionaries(st.integers(0, n - 1), st.sampled_from((*LABELS, "new")))) if n else {}
    vectors = np.eye(n + m, 9, dtype=np.float32)
    before = snapshot_of(labels[:n], vectors[:n], active=was)
    kept = {field.name: np.copy(getattr(before, field.name)) for field in fields(before) if field.name != "fetch"}
    after = [names.get(row, label) for row, label in enumerate(labels)]
    wanted = snapshot_of(
        after, vectors, active=[*now, *[votes] * m], trust=[*trust, *[1.0] * m], content=[*range(1, n + m + 1)]
    )
    content = np.arange(n + 1, n + m + 1)
    rows = Rows.supposed(labels[n:], first=n + 1, content=content, twin=wanted.twin[n:], image=content, active=votes)
    found = before.changed(active=np.array(now, bool), label=names, trust=np.array(trust), more=(rows, vectors[n:]))
    same(found, wanted)
    assert all(np.array_equal(getattr(before, name), value) for name, value in kept.items())


def test_what_is_not_named_stays_and_no_vector_is_copied() -> None:
    before = snapshot_of(["a", "b", "a"], active=[True, False, True])
    same(before.changed(), before)
    assert before.changed(active=before.among(np.array([1]))).vectors.base is before.vectors.base
    assert before.among(np.array([2, 0])).tolist() == [True, False, True]


@pytest.mark.parametrize("twins", [False, True])
def test_a_snapshot_goes_with_its_last_reader(twins: bool) -> None:
    first = snapshot_of(["a", "b", "a"], np.ones((3, 1), np.float32) if twins else None)
    snapshot = first.changed(active=np.ones(3, bool))
    gc.disable()
    try:
        assert snapshot.different.active_count == (1 if twins else 3)
        held = weakref.ref(snapshot.active)
        del snapshot
        assert held() is None
    finally:
        gc.enable()
