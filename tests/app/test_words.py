"""Find by words in Curate: offered where the encoder knows words, best first, with scores."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLineEdit, QMessageBox, QToolButton

from tests.app.conftest import Desk
from tests.app.curate_hands import Hands
from visualmemory_gui import VisualMemory
from visualmemory_gui.app.models.grid_cells import in_words, likeness, tip
from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.language import find as finder
from visualmemory_gui.engine.language import text_vectors
from visualmemory_gui.engine.language.class_names import class_name_shares


def by_words(hands: Hands) -> tuple[QLineEdit, QToolButton]:
    line, switch = hands.view.findChild(QLineEdit, "filterEdit"), hands.view.findChild(QToolButton, "filterWords")
    assert line is not None and switch is not None
    return line, switch


def look_for(hands: Hands, words: str) -> None:
    line, switch = by_words(hands)
    switch.setChecked(True)
    line.setText(words)
    QTest.keyClick(line, Qt.Key.Key_Return)
    hands.settle()


def test_images_come_best_first_with_their_scores(curate: Hands) -> None:
    look_for(curate, " something  blue ")
    ids = curate.view.grid.ids
    found = finder.find(curate.memory, "something blue", most=500)
    assert ids.tolist() == found.ids.tolist() and not (np.diff(ids) > 0).all()
    first = curate.view.exemplars.cells(ids[:1])[0]
    assert first.label == "plants/rose" and first.score == pytest.approx(found.scores[0], abs=1e-6)
    assert f"score {first.score:.3f}" in in_words(first) and likeness(first) in tip(first)
    order = curate.view.findChild(QComboBox, "filterOrder")
    assert order is not None and order.currentText() == "Nearest to “something blue”"


def test_beside_an_image_the_distance_is_shown(curate: Hands) -> None:
    curate.view.show_similar(3)
    curate.settle()
    [first] = curate.view.exemplars.cells(curate.view.grid.ids[:1])
    assert (first.id, first.score, likeness(first)) == (3, None, "distance 0.000")


def test_the_other_filters_still_apply(curate: Hands) -> None:
    look_for(curate, "blue")
    curate.view.tree.go_to("class", "animals")
    curate.settle()
    assert len(curate.view.grid.ids) == 12 and not (np.diff(curate.view.grid.ids) > 0).all()


def test_a_selection_stays_with_its_exemplars_when_the_order_changes(curate: Hands) -> None:
    grid = curate.view.grid
    grid.select(np.array([3, 14]))
    look_for(curate, "blue")
    assert sorted(grid.selection.ids) == [3, 14] and grid.selection.current_id in (3, 14)
    curate.view.strike()
    curate.settle()
    assert [cell.id for cell in curate.view.exemplars.cells(grid.ids) if cell.struck] == grid.selection.ids


@pytest.mark.parametrize("way", ["an empty line", "the switch"])
def test_without_words_the_order_is_as_before(curate: Hands, way: str) -> None:
    look_for(curate, "red")
    line, switch = by_words(curate)
    line.clear() if way == "an empty line" else switch.setChecked(False)
    curate.settle()
    ids = curate.view.grid.ids
    assert (np.diff(ids) > 0).all() and len(ids) == 18
    assert likeness(curate.view.exemplars.cells(ids[:1])[0]) == ""


@pytest.mark.parametrize("way", ["an empty line", "another order"])
def test_words_that_are_not_wanted_any_more_change_nothing(
    curate: Hands, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    go_on, vector_of = Event(), text_vectors.vector_of

    def late(memory: VisualMemory, words: str) -> object:
        assert go_on.wait(10)
        return vector_of(memory, words)

    monkeypatch.setattr(text_vectors, "vector_of", late)
    line, switch = by_words(curate)
    switch.setChecked(True)
    line.setText("blue")
    QTest.keyClick(line, Qt.Key.Key_Return)
    line.clear() if way == "an empty line" else curate.view.on_order_chosen("newest")
    go_on.set()
    curate.settle()
    assert curate.view.exemplars.filter.order == ("oldest" if way == "an empty line" else "newest")


def test_typing_finds_nothing_before_enter_and_texts_again_after(curate: Hands) -> None:
    line, switch = by_words(curate)
    switch.setChecked(True)
    line.setText("cat")
    QTest.qWait(200)  # longer than the pause in typing
    curate.settle()
    assert len(curate.view.grid.ids) == 18
    switch.setChecked(False)
    line.setText("cat")
    QTest.keyClick(line, Qt.Key.Key_Return)
    curate.settle()
    assert len(curate.view.grid.ids) == 6


def test_where_the_encoder_knows_no_words_it_says_which_do(curate: Hands, tmp_path: Path) -> None:
    VisualMemory.create(tmp_path / "v.vmem", dim=4).close()
    by_words(curate)[1].setChecked(True)
    curate.session.open(tmp_path / "v.vmem")
    curate.settle()
    switch = by_words(curate)[1]
    assert not switch.isEnabled() and not switch.isChecked() and "vectors of your own" in switch.toolTip()


def test_what_fails_is_said_in_a_note(curate: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[str] = []
    curate.session.note_posted.connect(lambda text, *_: notes.append(text))

    def fail(*_: object, **__: object) -> None:
        raise EncoderError("the text tower is damaged")

    monkeypatch.setattr(text_vectors, "vector_of", fail)
    look_for(curate, "red")
    assert notes == ["The text tower is damaged."]


def test_the_details_of_a_decision_say_what_class_names_alone_would(asked: Desk) -> None:
    details = asked.window.decide.decision.details
    names, query = asked.window.decide.class_names, asked.window.session.decision.query
    details.fold.setChecked(False)
    asked.settle()
    assert names.shares is None
    details.fold.setChecked(True)
    asked.settle()
    assert query is not None
    shares = class_name_shares(asked.memory, query.vector, ("animals/cat", "animals/dog", "plants/rose"))
    assert names.shares == shares and details.names.isVisible()
    assert details.names.text() == names.sentence and names.sentence.startswith("By the names of the classes alone: ")
    asked.window.session.decision.set_level(1)
    asked.settle()
    assert set(names.shares) == {"animals", "plants"}
    asked.window.session.decision.clear()
    asked.settle()
    assert names.shares is None and details.names.isHidden()


def test_a_text_tower_that_is_not_here_is_fetched_on_a_yes(curate: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    here: list[str] = []
    monkeypatch.setattr(registry, "text_refusal", lambda _: "" if here else "the text tower is not on this computer")
    monkeypatch.setattr(registry, "text_to_fetch", lambda _: "" if here else "about 605 MB, MIT")
    monkeypatch.setattr(registry, "fetch_text", lambda name, report: here.append(name))
    curate.view.words.set_memory(curate.memory)
    line, switch = by_words(curate)
    assert switch.isEnabled() and "To be fetched first: about 605 MB, MIT" in switch.toolTip()
    for answer, fetched in (("reject", []), ("accept", ["fake"])):
        switch.click()
        assert not switch.isChecked()
        box = curate.dialog(QMessageBox)
        assert "about 605 MB, MIT" in box.text()
        buttons = {box.buttonRole(button): button for button in box.buttons()}
        role = QMessageBox.ButtonRole.AcceptRole if answer == "accept" else QMessageBox.ButtonRole.RejectRole
        buttons[role].click()
        curate.settle()
        assert here == fetched
    look_for(curate, "blue")
    assert line.text() == "blue" and not (np.diff(curate.view.grid.ids) > 0).all()
