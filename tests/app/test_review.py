"""Review in Curate: wrong labels and duplicates, by keyboard, in bulk, each one undo step."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from visualmemory_gui import VisualMemory
from visualmemory_gui.app import theme
from visualmemory_gui.app.models import memory_scan
from visualmemory_gui.app.models.review_tables import ReviewColumn
from visualmemory_gui.app.operations import exemplars, history
from visualmemory_gui.app.widgets.tables.group_list import GroupList
from visualmemory_gui.app.widgets.tables.suspect_table import SuspectTable

TRUE = {3: "cat", 70: "dog"}


class Reviewing:
    """Curate with flipped labels, and a test's hands on the review."""

    def __init__(self, curate) -> None:
        self.curate, self.tabs, self.memory = curate, curate.view.tabs, curate.memory
        self.notes = []
        curate.session.note_posted.connect(lambda text, undo, _: self.notes.append((text, undo)))

    def settle(self) -> None:
        for _ in range(2):
            self.curate.settle()
            self.curate._bot.waitUntil(lambda: not self.tabs.model._pause.isActive(), timeout=5_000)
            self.curate.settle()

    def show(self, page) -> None:
        self.tabs.setCurrentWidget(page)
        self.settle()

    def ids(self) -> list[int]:
        return [suspect.id for suspect in self.tabs.model.suspects]

    def select(self, *exemplars: int) -> None:
        table = self.tabs.suspects.table
        table.clearSelection()
        for exemplar in exemplars:
            index = table.model().index(self.ids().index(exemplar), 0)
            flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
            table.selectionModel().select(index, flags)
        table.setFocus()

    def key(self, key: Qt.Key) -> None:
        shown = self.tabs.suspects.table if self.tabs.currentWidget() is self.tabs.suspects else self.tabs.groups.list
        QTest.keyClick(shown, key)
        self.settle()


@pytest.fixture
def clean(curate, tmp_path):
    """Curate over three classes of sixty vectors each, far from one another."""
    rng = np.random.default_rng(5)
    raw = np.repeat(np.eye(3, 8), 60, axis=0) + 0.1 * rng.normal(size=(180, 8))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    with VisualMemory.create(tmp_path / "clean.vmem", dim=8) as made:
        made.add_vectors(vectors, [name for name in ("cat", "dog", "rose") for _ in range(60)])
    curate.session.open(tmp_path / "clean.vmem")
    curate.settle()
    return curate


@pytest.fixture
def flipped(clean):
    """Two exemplars with the label of another class: a cat (3) and a dog (70) are called roses."""
    exemplars.relabel(clean.session, [3, 70], "rose")
    clean.settle()
    hands = Reviewing(clean)
    hands.show(hands.tabs.suspects)
    assert sorted(hands.ids()) == [3, 70]
    return hands


class TestWrongLabels:
    def test_the_flipped_ones_are_found_and_the_title_counts_them(self, flipped):
        assert sorted(flipped.ids()) == sorted([3, 70])
        assert flipped.tabs.tabText(1) == "Wrong label? (2)"
        suspects = {s.id: s for s in flipped.tabs.model.suspects}
        assert all(suspects[i].suggested == TRUE[i] for i in [3, 70])

    def test_nobody_looks_before_the_list_is_seen(self, curate):
        assert curate.view.tabs.model.found is None and curate.view.tabs.tabText(1) == "Wrong label?"

    def test_below_the_list_the_selected_one_lies_between_the_nearest_of_both_labels(self, flipped, qtbot):
        strip = flipped.tabs.suspects.strip
        asked = []
        flipped.tabs.large_requested.connect(asked.append)
        for exemplar in flipped.ids():
            flipped.select(exemplar)
            qtbot.waitUntil(lambda exemplar=exemplar: strip.image.exemplar == exemplar and strip.isVisible())
            labels = [flipped.curate.labels(shown.exemplar)[0] for shown in (*strip.own, *strip.suggested)]
            assert labels == ["rose"] * 3 + [TRUE[exemplar]] * 3
        words = strip.suggested[0].accessibleName()
        assert words.startswith(f"exemplar {strip.suggested[0].exemplar}, {TRUE[exemplar]}, distance 0.")
        QTest.mouseClick(strip.suggested[0], Qt.MouseButton.LeftButton)
        assert asked == [strip.suggested[0].exemplar]

    def test_without_a_selection_there_is_no_evidence(self, flipped, qtbot):
        strip, first = flipped.tabs.suspects.strip, flipped.ids()[0]
        flipped.select(first)
        qtbot.waitUntil(strip.isVisible)
        flipped.tabs.suspects.table.clearSelection()
        qtbot.waitUntil(strip.isHidden)

    def test_enter_takes_the_suggestion_and_undo_takes_it_back(self, flipped):
        first = flipped.ids()[0]
        flipped.select(first)
        flipped.key(Qt.Key.Key_Return)
        assert flipped.curate.labels(first) == [TRUE[first]] and first not in flipped.ids()
        flipped.notes[-1][1]()
        flipped.settle()
        assert first in flipped.ids()

    def test_many_are_relabelled_each_to_its_own_class_in_one_step(self, flipped):
        flipped.select(3, 70)
        take = flipped.tabs.suspects.actions_by_id["take"]
        assert take.text() == "Relabel 2 exemplars as suggested"
        flipped.key(Qt.Key.Key_Return)
        assert flipped.curate.labels(3, 70) == [TRUE[i] for i in [3, 70]]
        assert flipped.notes[-1][0].startswith("Relabelled 2 exemplars as suggested.")
        history.undo(flipped.curate.session)
        flipped.settle()
        assert sorted(flipped.ids()) == sorted([3, 70])

    @pytest.mark.parametrize("key", [Qt.Key.Key_S, Qt.Key.Key_X, Qt.Key.Key_Delete])
    def test_s_strikes_and_the_next_one_comes_under_the_keyboard(self, flipped, key):
        first, second = flipped.ids()
        flipped.select(first)
        flipped.key(key)
        assert flipped.curate.states(first) == ["struck"]
        assert [s.id for s in flipped.tabs.suspects.table.chosen()] == [second]

    def test_k_keeps_it_away_until_its_label_changes(self, flipped):
        first = flipped.ids()[0]
        flipped.select(first)
        flipped.key(Qt.Key.Key_K)
        assert first not in flipped.ids() and flipped.memory.history.can_undo().kind == "relabel"
        flipped.tabs.suspects.again.click()
        flipped.settle()
        assert first not in flipped.ids()
        flipped.notes[-1][1]()  # the note takes it back
        flipped.settle()
        assert first in flipped.ids()

    def test_r_asks_for_another_class(self, flipped):
        first = flipped.ids()[0]
        flipped.select(first)
        flipped.key(Qt.Key.Key_R)
        flipped.curate.choose("animals/fox")
        flipped.settle()
        assert flipped.curate.labels(first) == ["animals/fox"]

    def test_space_shows_it_large_and_arrows_go_on(self, flipped):
        first, second = flipped.ids()
        flipped.select(first)
        flipped.tabs.suspects.table.selectRow(0)
        flipped.key(Qt.Key.Key_Space)
        preview = flipped.curate.view.preview
        assert preview.isVisible() and f"· {first}" in preview.accessibleName()
        flipped.key(Qt.Key.Key_Down)
        assert f"· {second}" in preview.accessibleName()
        flipped.key(Qt.Key.Key_Escape)
        assert not preview.isVisible()

    def test_a_row_tells_itself(self, flipped):
        model = flipped.tabs.suspects.table.model()
        words = model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        first = flipped.tabs.model.suspects[0]
        assert words.startswith(f"exemplar {first.id}, labelled {first.label} with ") and first.suggested in words
        assert str(first.against[0][0]) in model.index(0, ReviewColumn.Against).data(Qt.ItemDataRole.ToolTipRole)

    def test_a_tab_that_is_clicked_gives_its_list_the_keys(self, flipped):
        flipped.tabs.show_grid()
        flipped.curate.view.grid.setFocus()
        bar = flipped.tabs.tabBar()
        QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(1).center())
        flipped.settle()
        assert flipped.tabs.suspects.table.hasFocus()

    def test_a_clean_memory_says_so(self, clean):
        hands = Reviewing(clean)
        hands.show(hands.tabs.suspects)
        shown = [label.text() for label in hands.tabs.suspects.findChildren(QLabel) if label.isVisible()]
        assert "No label is contradicted by the other exemplars." in shown
        assert not any(action.isEnabled() for action in hands.tabs.suspects.actions_by_id.values())

    def test_what_acts_on_the_grid_is_off_while_the_grid_is_hidden(self, flipped):
        flipped.tabs.show_grid()
        flipped.curate.select(3)
        assert flipped.curate.view.actions_by_id["strike"].isEnabled()
        flipped.tabs.setCurrentWidget(flipped.tabs.suspects)
        assert not flipped.curate.view.actions_by_id["strike"].isEnabled()


class TestParts:
    """Which of the suspects are listed, and what is said of them."""

    @pytest.fixture
    def many(self, clean):
        """Thirty flipped labels of three kinds, among 180."""
        exemplars.relabel(clean.session, list(range(1, 15)), "rose")
        exemplars.relabel(clean.session, list(range(61, 70)), "cat")
        exemplars.relabel(clean.session, list(range(121, 128)), "dog")
        clean.settle()
        hands = Reviewing(clean)
        hands.show(hands.tabs.suspects)
        return hands

    def choose(self, hands, part: str) -> None:
        box = hands.tabs.suspects.part
        box.setCurrentIndex(box.findData(part))
        box.activated.emit(box.currentIndex())
        hands.settle()

    def rows(self, hands) -> list[int]:
        model = hands.tabs.suspects.table.model()
        return [model.row(at).id for at in range(model.rowCount())]

    def test_the_likely_ones_are_the_first_and_what_they_are_worth_is_said(self, many):
        every = self.rows(many)
        assert (
            every == many.ids()
            and "are likely to be wrong. Shares are of the ridge vote." in many.tabs.suspects.summary.text()
        )
        self.choose(many, "likely")
        likely = self.rows(many)
        assert 0 < len(likely) < len(every) and likely == every[: len(likely)]
        said = many.tabs.suspects.summary.text()
        assert said.startswith(f"This list of {len(likely)} finds about half of randomly wrong labels")
        self.choose(many, "all")
        assert self.rows(many) == every

    def test_those_of_one_label_and_suggestion_are_together_and_relabelled_in_one_step(self, many):
        self.choose(many, "groups")
        model = many.tabs.suspects.table.model()
        kinds = [(model.row(at).label, model.row(at).suggested) for at in range(model.rowCount())]
        assert kinds[0] == ("rose", "cat") and sum(k != kinds[n - 1] for n, k in enumerate(kinds)) == len(set(kinds))
        many.tabs.suspects.table.selectRow(0)
        assert many.tabs.suspects.actions_by_id["alike"].text() == "Select all of rose that should be cat"
        many.key(Qt.Key.Key_G)
        chosen = many.tabs.suspects.table.chosen()
        assert len(chosen) == kinds.count(("rose", "cat")) > 10
        many.key(Qt.Key.Key_Return)
        assert set(many.curate.labels(*[one.id for one in chosen])) == {"cat"}

    def test_answers_to_the_check_tell_how_many_are_wrong_and_only_at_its_end(self, many):
        self.choose(many, "likely")
        listed = len(self.rows(many))
        self.choose(many, "check")
        drawn = self.rows(many)
        assert len(drawn) == min(20, listed)
        many.tabs.suspects.table.selectRow(0)
        many.key(Qt.Key.Key_K)
        assert len(self.rows(many)) == len(drawn) - 1
        assert many.tabs.suspects.summary.text().startswith(f"1 of {len(drawn)} labels drawn at random are checked.")
        many.tabs.suspects.table.selectAll()
        many.key(Qt.Key.Key_Return)
        assert self.rows(many) == []
        said = many.tabs.suspects.summary.text()
        assert said.startswith(f"{len(drawn) - 1} of {len(drawn)} labels ")
        assert many.tabs.suspects._empty.text() == "Nothing is left to check."

    def test_another_memory_begins_with_all(self, many, small_original, tmp_path):
        self.choose(many, "check")
        many.curate.session.open(shutil.copytree(small_original, tmp_path / "other.vmem"))
        many.curate.settle()
        assert many.tabs.model.part == "all" and many.tabs.model.answers is None and self.rows(many) == []


@pytest.fixture
def alike(clean):
    """Exemplar 1 is there twice more under its own label, exemplar 70 once more, nearly, under another."""
    one, seventy = clean.memory.catalog.vectors([1, 70])
    near = seventy + np.float32(0.003) * np.ones(8, np.float32)
    hands = Reviewing(clean)
    hands.new = clean.memory.add_vectors([one, one, near / np.linalg.norm(near)], ["cat", "cat", "odd"])
    clean.settle()
    hands.show(hands.tabs.groups)
    return hands


class TestDuplicates:
    def groups(self, hands) -> list[tuple[int, ...]]:
        return [group.ids for group in hands.tabs.model.groups]

    def slide(self, hands, milli: int) -> None:
        hands.tabs.groups.slider.setValue(milli)

    def choose(self, hands, *rows: int) -> None:
        shown = hands.tabs.groups.list
        shown.clearSelection()
        for row in rows:
            shown.selectionModel().select(shown.model().index(row), QItemSelectionModel.SelectionFlag.Select)
        shown.setFocus()

    def test_the_slider_moves_the_border_and_the_count_follows(self, alike):
        first, second, third = alike.new
        self.slide(alike, 0)
        assert self.groups(alike) == [(1, first, second)]
        assert alike.tabs.groups.summary.text() == "Equal images only: 1 group of 3 exemplars, 0 with a conflict."
        self.slide(alike, 1)
        assert self.groups(alike) == [(70, third), (1, first, second)]
        assert alike.tabs.groups.summary.text().startswith("Distance up to 0.001: 2 groups of 5 exemplars, 1 with")
        assert alike.tabs.tabText(3) == "Duplicates and conflicts (2)"

    def test_the_first_of_each_stays_and_the_others_are_struck_in_one_step(self, alike):
        self.slide(alike, 1)
        self.choose(alike, 0, 1)
        assert alike.tabs.groups.actions_by_id["strike"].text() == "Keep the first of 2 groups"
        alike.key(Qt.Key.Key_S)
        assert alike.curate.states(1, 70, *alike.new) == ["active", "active", "struck", "struck", "struck"]
        assert self.groups(alike) == [] and "Struck 3 exemplars" in alike.notes[-1][0]
        alike.notes[-1][1]()
        alike.settle()
        assert len(self.groups(alike)) == 2

    def test_space_shows_the_first_of_a_group_large_and_arrows_go_on(self, alike):
        self.slide(alike, 1)
        self.choose(alike, 0)
        alike.key(Qt.Key.Key_Space)
        preview, (first, second) = alike.curate.view.preview, self.groups(alike)[:2]
        assert preview.isVisible() and f"· {first[0]}" in preview.accessibleName()
        alike.tabs.groups.list.setCurrentIndex(alike.tabs.groups.list.model().index(1))
        alike.settle()
        assert f"· {second[0]}" in preview.accessibleName()

    def test_a_group_that_is_kept_stays_away(self, alike):
        self.slide(alike, 0)
        self.choose(alike, 0)
        alike.key(Qt.Key.Key_K)
        assert self.groups(alike) == []
        alike.tabs.groups.again.click()
        alike.settle()
        assert self.groups(alike) == []
        alike.notes[-1][1]()
        alike.settle()
        assert len(self.groups(alike)) == 1

    def test_a_conflict_is_ended_by_one_label_for_all(self, alike):
        self.slide(alike, 1)
        self.choose(alike, 0)
        assert alike.tabs.groups.list.model().index(0).data().endswith("conflict of labels")
        alike.key(Qt.Key.Key_R)
        alike.curate.choose("animals/dog")
        alike.settle()
        assert alike.curate.labels(70, alike.new[2]) == ["animals/dog"] * 2
        assert not any(group.conflict for group in alike.tabs.model.groups)


class TestMisleading:
    @pytest.fixture
    def shown(self, flipped):
        flipped.show(flipped.tabs.misleading)
        return flipped

    def rows(self, hands) -> list[int]:
        return [row.id for row in hands.tabs.misled.rows]

    def choose(self, hands, *rows: int) -> None:
        table = hands.tabs.misleading.table
        table.clearSelection()
        for row in rows:
            flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
            table.selectionModel().select(table.model().index(row, 0), flags)
        table.setFocus()

    def test_it_lists_who_misleads_and_the_title_counts(self, shown):
        assert self.rows(shown)
        many = len(self.rows(shown))
        assert shown.tabs.tabText(2) == f"Misleading ({many})"
        assert shown.tabs.misleading.summary.text().startswith(f"{many} of ")
        first = shown.tabs.misled.rows[0]
        words = shown.tabs.misleading.rows.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        assert words.startswith(f"exemplar {first.id}, labelled {first.label}, a wrong neighbour of {first.wrong}")

    def test_another_order_is_looked_for_anew(self, shown):
        order = shown.tabs.misleading.order
        assert order.currentData() == "absence"
        assert "Values are of the vote by " in shown.tabs.misleading.summary.text()
        order.setCurrentIndex(order.findData("count"))
        order.activated.emit(order.currentIndex())
        shown.settle()
        scores = [row.wrong - row.right for row in shown.tabs.misled.rows]
        assert scores == sorted(scores, reverse=True) and shown.tabs.misled.rows[0].value is None

    def test_s_strikes_in_one_step_and_the_note_takes_it_back(self, shown):
        first = self.rows(shown)[0]
        self.choose(shown, 0)
        shown.key(Qt.Key.Key_S)
        assert shown.curate.states(first) == ["struck"] and first not in self.rows(shown)
        shown.notes[-1][1]()
        shown.settle()
        assert first in self.rows(shown)

    def test_k_keeps_it_away_until_its_label_changes(self, shown):
        first = self.rows(shown)[0]
        self.choose(shown, 0)
        shown.key(Qt.Key.Key_K)
        assert first not in self.rows(shown)
        shown.notes[-1][1]()
        shown.settle()
        assert first in self.rows(shown)

    def test_enter_opens_it_in_decide_and_space_shows_it_large(self, shown):
        opened = []
        shown.curate.view.exemplar_chosen.connect(opened.append)
        self.choose(shown, 0)
        shown.key(Qt.Key.Key_Space)
        assert f"· {self.rows(shown)[0]}" in shown.curate.view.preview.accessibleName()
        shown.key(Qt.Key.Key_Escape)
        shown.key(Qt.Key.Key_Return)
        assert opened == [self.rows(shown)[0]]

    @pytest.mark.parametrize("look", ["light", "dark"])
    def test_it_is_painted(self, shown, look, qapp):
        theme.apply(qapp, look)
        assert not shown.tabs.misleading.table.grab().isNull()


class TestAnyTime:
    def test_a_large_memory_is_looked_over_when_it_is_asked_for(self, flipped, monkeypatch):
        monkeypatch.setattr(memory_scan, "AUTO", 5)
        exemplars.strike(flipped.curate.session, [flipped.ids()[0]])
        flipped.settle()
        page = flipped.tabs.suspects
        assert page.summary.text().endswith("1 edit since.") and len(flipped.ids()) == 1
        page.again.click()
        flipped.settle()
        assert not page.summary.text().endswith("since.")

    def test_another_memory_begins_at_the_grid_without_findings(self, flipped, small_original, tmp_path):
        other = shutil.copytree(small_original, tmp_path / "other.vmem")
        flipped.curate.session.open(other)
        flipped.settle()
        assert flipped.tabs.on_grid and flipped.tabs.model.found is None and flipped.ids() == []

    def test_a_look_that_is_stopped_can_be_begun_again(self, curate):
        hands = Reviewing(curate)
        hands.tabs.setCurrentWidget(hands.tabs.suspects)
        curate.session.tasks.running[-1].cancel()
        hands.settle()
        if hands.tabs.model.found is None:  # the look may have been faster
            assert not hands.tabs.model.running and hands.tabs.suspects.again.isEnabled()
            hands.tabs.suspects.again.click()
            hands.settle()
        assert hands.tabs.model.found is not None

    def test_a_memory_for_reading_only_is_looked_over_but_not_changed(self, flipped):
        flipped.curate.session.open(flipped.memory.path, readonly=True)
        flipped.settle()
        flipped.show(flipped.tabs.suspects)
        flipped.select(flipped.ids()[0])
        on = {name for name, action in flipped.tabs.suspects.actions_by_id.items() if action.isEnabled()}
        assert on == {"alike", "preview"}
        flipped.key(Qt.Key.Key_Return)
        assert len(flipped.ids()) == 2

    @pytest.mark.parametrize("look", ["light", "dark"])
    def test_both_lists_are_painted(self, flipped, look, qapp):
        theme.apply(qapp, look)
        for kind in (SuspectTable, GroupList):
            shown = flipped.tabs.findChild(kind)
            flipped.show(shown.parentWidget().parentWidget())
            assert not shown.grab().isNull()
