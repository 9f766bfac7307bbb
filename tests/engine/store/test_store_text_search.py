"""Finding exemplars by a text or by their age, a slice of the rows at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visualmemory_gui.engine.store import bulk_read, text_search
from visualmemory_gui.engine.store.exemplar_row import Row, select


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    monkeypatch.setattr(bulk_read, "SLICE", 3)


def found(store, **wanted) -> list[int]:
    return np.concatenate([*store.catalog.find(**wanted), np.empty(0, np.int64)]).astype(int).tolist()


def test_a_text_is_found_in_label_path_note_and_group_in_any_case(store, row):
    store.add(row(1, "Straße"), row(2, "cat", note="LEFT ear"), row(3, "cat", group="left"), row(4, "dog", note="left"))
    assert found(store, text="STRASSE") == [1]
    assert found(store, text="left") == [2, 3, 4]
    assert found(store, text="/images/cat/2") == [2]
    assert found(store, text="nowhere") == []
    assert found(store) == [1, 2, 3, 4]


def test_withdrawn_ones_are_never_found_and_struck_ones_are(store, row):
    store.add(*(row(i, note="x") for i in range(1, 6)))
    store.strike(2)
    store.add(row(9, note="x"))
    store.history.undo()
    assert found(store, text="x") == [1, 2, 3, 4, 5]


def test_age_and_text_join(store, row):
    store.add(row(1, note="x"), row(2))
    [first] = {e.added for e in store.catalog.get([1, 2])}
    assert found(store, since=first) == [1, 2] and found(store, since=first + 60) == []
    assert found(store, since=first, text="x") == [1]


def test_names_that_are_no_text_and_ends_within_a_note_do_not_shift_the_others(store, row):
    odd = "/images/odd\udcff/bird.png"
    store.add(row(1, note="one\x1etwo"), row(2, source=odd), row(3, note="two"), row(4), row(5, source="/top.png"))
    assert found(store, text="two") == [1, 3]
    assert found(store, text="bird") == [2]
    assert found(store, text="/top") == [5] and found(store, text="//top") == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.text("aAß/ \x1f\x1eé", max_size=5), st.text("aßsS", max_size=3)), max_size=7),
    st.text("aAßsSé/", min_size=1, max_size=3),
)
def test_it_finds_what_looking_at_each_row_finds(store, row, notes, text):
    store.add(*(row(i, note=note, group=group or None) for i, (note, group) in enumerate(notes, 1)))
    rows = map(Row._make, store.database.rows(f"{select(store.database)} where not e.withdrawn order by e.id"))
    assert found(store, text=text) == [row.id for row in rows if text_search.mentions(row, text.casefold())]
