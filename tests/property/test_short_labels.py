"""Whatever the classes are called, two that are shown beside each other never look alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualmemory_gui.engine.decision.short_labels import MISSING, ShortLabels, short_labels

LETTERS = ("letters/outlined/lowercase", "letters/filled/lowercase")
PARTS = st.text("abcxyz", min_size=1, max_size=4)
LABELS = st.sets(st.lists(PARTS, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12)


def ends_with(label: str, parts: list[str]) -> bool:
    return label.split("/")[-len(parts) :] == parts


@given(LABELS)
def test_distinct_labels_have_distinct_endings_as_short_as_they_can_be(labels: set[str]) -> None:
    names = ShortLabels(labels)
    endings = {label: names.ending(label) for label in labels}
    assert len(set(endings.values())) == len(labels)
    assert len({names.short(label) for label in labels}) == len(labels)
    for label, ending in endings.items():
        parts, others = ending.split("/"), labels - {label}
        assert ends_with(label, parts)
        assert ending == label or not any(ends_with(other, parts) for other in others)
        assert len(parts) == 1 or any(ends_with(other, parts[1:]) for other in others)


@given(LABELS, st.integers(1, 24))
def test_what_fits_is_told_whole_and_what_has_room_for_its_ending_looks_like_no_other(
    labels: set[str], room: int
) -> None:
    names = ShortLabels(labels)
    shown = {label: names.fit(label, lambda text: len(text) <= room) for label in labels}
    assert all(text == label for label, text in shown.items() if len(label) <= room)
    assert all(len(text) <= room for text in shown.values())
    told = [text for label, text in shown.items() if len(names.short(label)) <= room]
    assert len(set(told)) == len(told)


@given(LABELS, PARTS)
def test_a_label_that_is_not_among_them_is_told_from_them_too(labels: set[str], other: str) -> None:
    names = ShortLabels(labels)
    assert names.ending(f"q/{other}") not in {label for label in labels if label != f"q/{other}"}


@pytest.mark.parametrize(
    ("labels", "room", "shown"),
    [
        (
            ("letters/outlined/lowercase", "letters/filled/lowercase"),
            20,
            ("…/outlined/lowercase", "…/filled/lowercase"),
        ),
        (LETTERS, 9, ("outl…case", "fill…case")),
        (("a/shepherd-short", "a/shepherd-shaggy"), 8, ("shep…ort", "shep…ggy")),
        (("breed-one-x-of-a-kind", "breed-one-y-of-a-kind"), 7, ("…e-x-o…", "…e-y-o…")),
        (("cat/cartoon", "dog/cartoon", "owl/cartoon"), 9, ("cat/…toon", "dog/…toon", "owl/…toon")),
        ((*LETTERS, "letters/filled/uppercase"), 7, ("out…ase", "fil…lo…", "upp…ase")),
        (("cat", "cat/cartoon"), 9, ("cat", "…/cartoon")),
    ],
)
def test_where_letters_go_what_tells_the_labels_apart_stays(
    labels: tuple[str, ...], room: int, shown: tuple[str, ...]
) -> None:
    names = short_labels(frozenset(labels))
    assert tuple(names.fit(label, lambda text: len(text) <= room) for label in labels) == shown


def test_without_any_room_there_is_one_sign() -> None:
    assert ShortLabels(["cat", "dog"]).fit("cat", lambda text: len(text) <= 1) == MISSING
