"""Digits that a person gave to classes: on the rows, in the tree, for teaching; they stay over a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.app.conftest import Desk
from tests.conftest import paint_image
from visualmemory_gui.app.operations import exemplars
from visualmemory_gui.app.session import Session

COUNTS = {"a": 3, "b": 3, "c": 3, "d": 0}


@pytest.fixture
def session(qapp: QApplication) -> Iterator[Session]:
    made = Session()
    yield made
    made.shutdown()


def counted(session: Session, counts: dict[str, int]) -> None:
    session.decision.counts = counts
    session.decision.decided.emit()


def test_given_digits_belong_to_their_classes_and_the_others_fill_the_gaps(session: Session) -> None:
    session.class_keys.keys = {1: "c", 7: "a", 9: "gone"}
    counted(session, COUNTS)
    assert {row.label: row.key for row in session.class_marks.rows()} == {"a": "7", "b": "2", "c": "1"}


def test_without_any_the_first_nine_have_theirs(session: Session) -> None:
    counted(session, {f"{n:02}": 1 for n in range(12)})
    assert [row.key for row in session.class_marks.rows()] == [*map(str, range(1, 10)), "", "", ""]


def give(desk: Desk, label: str, digit: int | None) -> None:
    """By the context menu of the tree."""
    menu = desk.window.curate.menu_of_class(label)
    keys = next(action.menu() for action in menu.actions() if action.menu())
    words = "None" if digit is None else str(digit)
    next(action for action in keys.actions() if action.text().split()[0] == words).trigger()
    menu.deleteLater()
    desk.settle()


def test_a_digit_teaches_the_class_it_was_given_to(desk: Desk, tmp_path: Path, small: Path) -> None:
    labels = sorted(desk.memory.catalog.counts())
    give(desk, labels[-1], 1)
    paint_image((90, 90, 200), seed=5).save(tmp_path / "new.png")
    desk.drop_files(desk.window.decide.query, tmp_path / "new.png")
    desk.key(Qt.Key.Key_1)
    newest = desk.memory.catalog.select()[-1]
    assert newest.label == labels[-1]
    desk.open(small)
    assert desk.window.session.class_keys.keys == {1: labels[-1]}


def test_the_tree_tells_it_and_a_rename_takes_it_along(desk: Desk) -> None:
    label = sorted(desk.memory.catalog.counts())[0]
    tree = desk.window.curate.tree.model()
    give(desk, label, 4)
    index = tree.find("class", label)
    assert index.data().endswith("· 4") and index.data(Qt.ItemDataRole.AccessibleTextRole).endswith("key 4")
    exemplars.rename_label(desk.window.session, label, "animals/renamed")
    desk.settle()
    assert tree.find("class", "animals/renamed").data().endswith("· 4")
    give(desk, "animals/renamed", None)
    assert desk.window.session.class_keys.keys == {}
    assert "·" not in tree.find("class", "animals/renamed").data()


def test_the_menu_says_whose_a_digit_is(desk: Desk) -> None:
    one, other = sorted(desk.memory.catalog.counts())[:2]
    give(desk, one, 2)
    menu = desk.window.curate.menu_of_class(other)
    keys = next(action.menu() for action in menu.actions() if action.menu())
    assert [action.text() for action in keys.actions()][:3] == ["1", f"2  {one}", "3"]
    menu.deleteLater()
    give(desk, other, 2)
    assert desk.window.session.class_keys.keys == {2: other}


def test_another_memory_has_its_own(desk: Desk, small_original: Path) -> None:
    give(desk, sorted(desk.memory.catalog.counts())[0], 3)
    desk.window.session.open(small_original, readonly=True)
    desk.settle()
    assert desk.window.session.class_keys.keys == {}
