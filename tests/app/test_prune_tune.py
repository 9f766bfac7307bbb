"""Pages Prune and Tune: a look before, reasons, one step, curves while it runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.engine.study_memories import hubs, memory_of, noisy
from visualmemory_gui.app import theme
from visualmemory_gui.app.operations import exemplars, forget
from visualmemory_gui.app.views.study.prune_page import PrunePage
from visualmemory_gui.app.views.study.tune_page import TunePage


def made(folder: Path, world: tuple[np.ndarray, list[str], list[int]]) -> Path:
    folder.mkdir()
    with memory_of(folder, world[0], world[1]) as memory:
        memory.set("class_factor", "off")
        return memory.path


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("study")
    return made(folder / "noisy", noisy(240, seed=1)), made(folder / "hubs", hubs(300, seed=1, liars=3))


@pytest.fixture
def pruning(empty_desk: Desk, originals: tuple[Path, Path], tmp_path: Path) -> Iterator[tuple[Desk, PrunePage]]:
    empty_desk.open(Path(shutil.copytree(originals[0], tmp_path / "noisy.vmem")))
    empty_desk.press("actionStudy")
    page = empty_desk.window.study.prune
    empty_desk.window.study.tabs.setCurrentWidget(page)
    empty_desk.settle()
    yield empty_desk, page


@pytest.fixture
def tuning(empty_desk: Desk, originals: tuple[Path, Path], tmp_path: Path) -> Iterator[tuple[Desk, TunePage]]:
    empty_desk.open(Path(shutil.copytree(originals[1], tmp_path / "hubs.vmem")))
    empty_desk.press("actionStudy")
    page = empty_desk.window.study.tune
    empty_desk.window.study.tabs.setCurrentWidget(page)
    empty_desk.settle()
    yield empty_desk, page


def choose(desk: Desk, page: PrunePage, method: str) -> None:
    page.method.setCurrentIndex(page.method.findData(method))
    page.method.activated.emit(page.method.currentIndex())
    desk.settle()


class TestPrune:
    def test_the_page_looks_as_soon_as_it_is_seen_and_tells_the_promise(self, pruning) -> None:
        _, page = pruning
        plan = page.model.found
        assert plan.method == "value" and page.rows.rowCount() == len(plan.pruned) + len(plan.held_back)
        assert plan.gain.words in page.promise.text() and "240 decisions" in page.promise.text()
        assert page.actions_by_id["apply"].text() == f"Prune {len(plan.pruned)} exemplars"
        assert page.headline.text().startswith(f"Strikes out {len(plan.pruned)} of 240 exemplars")

    def test_a_method_that_the_voting_rule_rules_out_is_neither_chosen_nor_offered(self, pruning) -> None:
        desk, page = pruning
        desk.memory.set("rule", "ridge")
        page.begin()
        desk.settle()
        assert page.model.method == page.method.currentData() == "hard" and page.model.found is not None
        value = page.method.model().item(page.method.findData("value"))
        assert not value.isEnabled() and "ridge" in value.toolTip()
        desk.memory.set("rule", "rank")
        page.begin()
        assert value.isEnabled() and "Shapley" in value.toolTip()

    @pytest.mark.parametrize("method", ["hard", "difference", "soft"])
    def test_each_method_is_one_step_that_the_note_takes_back(self, pruning, method: str) -> None:
        desk, page = pruning
        choose(desk, page, method)
        plan = page.model.found
        before = [(e.state, e.trust) for e in desk.memory.catalog.select()]
        page.actions_by_id["apply"].trigger()
        desk.settle()
        after = desk.memory.catalog.select()
        if method == "soft":
            assert {e.id: e.trust for e in after if e.trust != 1.0} == {one.id: one.trust for one in plan.pruned}
        else:
            assert {e.id for e in after if e.state == "struck"} == set(plan.ids)
        assert desk.memory.history.steps()[0].kind == "prune"
        desk.undos[-1]()
        desk.settle()
        assert [(e.state, e.trust) for e in desk.memory.catalog.select()] == before

    @pytest.mark.parametrize("method", ["value", "soft"])
    def test_it_tells_what_it_would_do_to_other_decisions_and_does_it(self, pruning, method: str, qtbot: QtBot) -> None:
        desk, page = pruning
        choose(desk, page, method)
        plan, session, moved = page.model.found, desk.window.session, []
        many = f"{len(plan.pruned)} exemplar{'' if len(plan.pruned) == 1 else 's'}"
        qtbot.waitUntil(lambda: page.impact.label.text().startswith(f"Pruning {many} would "), timeout=10_000)
        previewed = session.impact_preview.impact
        session.watch.impact_found.connect(moved.append)
        page.actions_by_id["apply"].trigger()
        qtbot.waitUntil(lambda: bool(moved), timeout=10_000)
        assert moved[-1].changed == previewed.changed
        desk.settle()
        qtbot.waitUntil(lambda: page.impact.label.text() == "")  # the plan is of the memory before

    def test_what_was_looked_at_before_an_edit_cannot_be_applied(self, pruning) -> None:
        desk, page = pruning
        exemplars.strike(desk.window.session, [1])
        desk.settle()
        assert not page.actions_by_id["apply"].isEnabled() and "edited since" in page.why.text()
        assert page.rows.rowCount()  # it stays in sight
        page.actions_by_id["look"].trigger()
        desk.settle()
        assert page.actions_by_id["apply"].isEnabled() and page.why.text() == ""

    def test_a_row_is_decided_or_shown_in_curate(self, pruning) -> None:
        desk, page = pruning
        page.table.selectAll()
        assert page.actions_by_id["gather"].text().startswith("Show ") and not page.actions_by_id["ask"].isEnabled()
        page.actions_by_id["gather"].trigger()
        desk.settle()
        assert desk.window.workspace == "curate"
        assert desk.window.curate.exemplars.found.ids.tolist() == sorted(page.rows.row(i).id for i in range(4))
        desk.press("actionStudy")
        page.table.selectRow(1)
        page.actions_by_id["ask"].trigger()
        desk.settle()
        assert desk.window.workspace == "decide" and f"{page.rows.row(1).id}" in desk.window.session.decision.query.name

    def test_a_row_tells_itself(self, pruning) -> None:
        _, page = pruning
        one = page.model.found.pruned[0]
        words = page.rows.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        assert words.startswith(f"exemplar {one.id}, labelled {one.label}, wrong {one.wrong} times")

    def test_the_watch_set_judges_only_where_there_is_one(self, pruning) -> None:
        _, page = pruning
        assert not page.judge.model().item(1).isEnabled() and "press W" in page.judge.model().item(1).toolTip()

    def test_a_look_that_is_stopped_says_so(self, pruning) -> None:
        desk, page = pruning
        page.look()
        desk.window.session.tasks.running[-1].cancel()
        desk.settle()
        if page.model.found is None:  # the look may have been faster
            assert page.waiting.text() == "Stopped; nothing was changed."
            assert not page.actions_by_id["apply"].isEnabled() and page.actions_by_id["look"].isEnabled()

    def test_one_class_only_is_told_on_the_page(self, pruning) -> None:
        desk, page = pruning
        exemplars.relabel(desk.window.session, list(range(1, 241)), "a")
        desk.settle()
        page.look()
        desk.settle()
        assert "of one class, a" in page.waiting.text() and desk.errors == []

    def test_reading_only_says_why_nothing_can_be_applied(self, pruning) -> None:
        desk, page = pruning
        desk.window.session.open(desk.memory.path, readonly=True)
        desk.settle()
        page.begin()
        desk.settle()
        assert page.model.found is not None and "reading only" in page.why.text()
        assert not page.actions_by_id["apply"].isEnabled()

    @pytest.mark.parametrize("look", ["light", "dark"])
    def test_it_is_painted(self, pruning, look: str, qapp: QApplication) -> None:
        theme.apply(qapp, look)
        assert not pruning[1].grab().isNull()


class TestTune:
    def test_curves_come_while_it_runs_and_what_helps_is_applied_in_one_step(self, tuning, qtbot: QtBot) -> None:
        desk, page = tuning
        assert page.model.found is None and not page.actions_by_id["apply"].isEnabled()
        page.actions_by_id["look"].trigger()
        assert "Cancel in the status bar" in page.why.text()
        desk.settle()
        tuned = page.model.found
        assert page.model.steps == tuned.steps and tuned.gain.words in page.verdict.text()
        loss, accuracy = page.charts
        assert loss.isVisible() and "choose" in loss.accessibleDescription()
        assert accuracy.accessibleDescription().endswith(" %")
        assert [(line.name, len(line.xs)) for line in loss.chart.lines] == [
            ("fit", len(tuned.steps)),
            ("choose", len(tuned.steps)),
        ]
        assert [mark.x for mark in loss.chart.marks] == [tuned.stopped_at]
        many = f"Tuning {len(tuned.trust)} exemplars would "
        qtbot.waitUntil(lambda: page.impact.label.text().startswith(many), timeout=10_000)
        page.actions_by_id["apply"].trigger()
        desk.settle()
        assert {e.id: e.trust for e in desk.memory.catalog.select() if e.trust != 1.0} == tuned.trust
        assert "Tuned the trust of" in desk.notes[-1]
        desk.undos[-1]()
        desk.settle()
        assert {e.trust for e in desk.memory.catalog.select()} == {1.0}

    def test_what_does_not_help_is_refused_and_says_so(self, pruning) -> None:
        desk, _ = pruning
        page = desk.window.study.tune
        desk.window.study.tabs.setCurrentWidget(page)
        page.look()
        desk.settle()
        assert page.model.found.refused and page.impact.label.text() == ""
        assert page.verdict.text().startswith("Cannot be applied: ")
        assert not page.actions_by_id["apply"].isEnabled() and page.why.text() == "It does not help."

    def test_it_can_be_stopped_and_begun_again(self, tuning) -> None:
        desk, page = tuning
        page.look()
        desk.window.session.tasks.running[-1].cancel()
        desk.settle()
        assert page.model.found is None and page.verdict.text() == "Stopped; nothing was changed."
        page.look()
        desk.settle()
        assert page.model.found is not None

    def test_forgetting_leaves_nothing_of_it_on_the_page(self, tuning) -> None:
        desk, page = tuning
        page.look()
        desk.settle()
        forget.forget(desk.window.session, [1])
        desk.settle()
        assert page.model.found is None and page.model.steps == ()
        assert [curve.chart for curve in page.charts] == [None, None]

    @pytest.mark.parametrize("look", ["light", "dark"])
    def test_it_is_painted(self, tuning, look: str, qapp: QApplication) -> None:
        desk, page = tuning
        page.look()
        desk.settle()
        theme.apply(qapp, look)
        assert not page.grab().isNull()
