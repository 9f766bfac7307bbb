from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualmemory_gui.engine.errors import BadLabel
from visualmemory_gui.engine.store.labels import clean, common, under


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("cat", "cat"),
        ("  cat ", "cat"),
        ("animals / cat", "animals/cat"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("a.b/..c", "a.b/..c"),
        ("x" * 200, "x" * 200),
        ("日本/猫", "日本/猫"),
        ("' or 1=1 --", "' or 1=1 --"),
    ],
)
def test_a_label_is_stored_in_one_form(given, stored):
    assert clean(given) == stored


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "  ",
        "/",
        "//",
        "/cat",
        "cat/",
        "a//b",
        "a/ /b",
        ".",
        "a/..",
        "../a",
        "a/./b",
        "a\nb",
        "a\0b",
        "x" * 201,
        "\udcff",
    ],
)
def test_what_is_no_label_is_refused_with_a_reason(bad):
    with pytest.raises(BadLabel) as caught:
        clean(bad)
    assert len(str(caught.value)) > 10


@given(st.text(max_size=30))
def test_a_clean_label_stays_as_it_is(text):
    try:
        once = clean(text)
    except BadLabel:
        return
    assert clean(once) == once


def test_below_is_decided_by_parts():
    assert under("a/b", "a") and under("a", "a")
    assert not under("ab", "a") and not under("a", "a/b")


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["a/b/c"], "a/b/c"),
        (["a/b", "a/c"], "a"),
        (["a/b", "a/bc", "a"], "a"),
        (["a", "b"], ""),
        (["a/b/c", "a!/b", "a/b/d"], ""),
    ],
)
def test_the_common_ancestor(labels, found):
    assert common(labels) == found
