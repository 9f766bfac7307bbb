"""Settings: one dialog, in force at once, kept over a restart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QDoubleSpinBox, QSpinBox
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from tests.app.conftest import Answers, Desk
from visualmemory_gui.app import preferences, theme
from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.models.window_settings import OfMemory, WindowSettings
from visualmemory_gui.app.widgets.dialogs.settings_dialog import TESTS, SettingsDialog
from visualmemory_gui.app.widgets.panels.scrolled_panel import ScrolledPanel
from visualmemory_gui.engine.decision.class_factor import class_factor, usual_size
from visualmemory_gui.engine.decision.voting_rules import PARAMETERS
from visualmemory_gui.engine.types import CLASS_FACTORS, RULES, MemorySettings, Rule


def dialog_of(qtbot: QtBot, memory: OfMemory | None, window: WindowSettings = WindowSettings()) -> SettingsDialog:  # noqa: B008
    dialog = SettingsDialog(None, window=window, memory=memory)
    qtbot.addWidget(dialog)
    return dialog


def confirmed(qtbot: QtBot, dialog: SettingsDialog) -> tuple[dict[str, object], WindowSettings]:
    with qtbot.waitSignal(dialog.confirmed) as caught:
        dialog.accept()
    return caught.args[0], caught.args[1]


def spin(dialog: SettingsDialog, name: str) -> QSpinBox:
    return next(box for box in dialog.findChildren(QSpinBox) if box.accessibleName() == name)


def choose(dialog: SettingsDialog, name: str, text: str) -> None:
    box = next(box for box in dialog.findChildren(QComboBox) if box.accessibleName() == name)
    box.setCurrentIndex(box.findText(text))


class TestDialog:
    def test_each_gpu_is_offered_by_number_and_the_one_that_is_set(self, qtbot: QtBot) -> None:
        def offered(settings: MemorySettings, *gpus: str) -> list[str]:
            dialog = dialog_of(qtbot, OfMemory(settings, 1280, True, gpus))
            box = next(box for box in dialog.findChildren(QComboBox) if box.accessibleName() == "Device")
            assert box.currentData() == settings.device
            return [box.itemData(i) for i in range(box.count())]

        usual = ["auto", "cpu", "cuda", "mps"]
        assert offered(MemorySettings(), "cuda", "cuda:0") == usual
        assert offered(MemorySettings(), "cuda", "cuda:0", "cuda:1") == [*usual, "cuda:0", "cuda:1"]
        assert offered(MemorySettings(device="cuda:3")) == [*usual, "cuda:3"]

    def test_the_class_factor_is_described_as_it_is(self, qtbot: QtBot) -> None:
        dialog = dialog_of(qtbot, OfMemory(MemorySettings(), 1280, True))
        box = next(box for box in dialog.findChildren(QComboBox) if box.accessibleName() == "Class factor")
        said = {box.itemData(i): box.itemText(i) for i in range(box.count())}
        assert set(said) == set(CLASS_FACTORS) and "Up to 10 times" in box.toolTip()
        counts, usual = np.array([1, 9, 10, 40, 50, 1000]), usual_size(2500, 50)
        raised = {form: (class_factor(form, counts, usual) > 1).tolist() for form in CLASS_FACTORS}
        assert "does not count" in said["off"] and not any(raised["off"])
        assert "fewer than 10" in said["old"] and raised["old"] == [True, True, False, False, False, False]
        assert "smaller than the mean" in said["mean"] and raised["mean"] == [True, True, True, True, False, False]

    def test_what_was_not_touched_is_not_told(self, qtbot: QtBot) -> None:
        settings = MemorySettings(
            k=7, rule="softmax", class_factor="off", exact_limit=26_000_001, threads=2, softmax_temperature=0.0712345
        )
        dialog = dialog_of(qtbot, OfMemory(settings, 1280, True), WindowSettings("dark", True, 112.0))
        assert confirmed(qtbot, dialog) == ({}, WindowSettings("dark", True, 112.0))

    def test_what_changed_is_told_in_the_memory_s_words(self, qtbot: QtBot) -> None:
        dialog = dialog_of(qtbot, OfMemory(MemorySettings(), 1000, True))
        spin(dialog, "k").setValue(25)
        spin(dialog, "Exact search up to").setValue(5_000)
        choose(dialog, "Voting rule", "distance")
        choose(dialog, "Look", "Dark")
        choose(dialog, "Images in Curate", "Small")
        assert confirmed(qtbot, dialog) == (
            {"k": 25, "rule": "distance", "exact_limit": 5_000_000},
            WindowSettings("dark", False, 52.0),
        )

    def test_ridge_has_a_k_of_its_own(self, qtbot: QtBot) -> None:
        dialog = dialog_of(qtbot, OfMemory(MemorySettings(), 1000, True))
        choose(dialog, "Voting rule", "ridge")
        assert spin(dialog, "k").value() == 100
        spin(dialog, "k").setValue(60)
        assert confirmed(qtbot, dialog)[0] == {"ridge_k": 60, "rule": "ridge"}

    @pytest.mark.parametrize("rule", RULES)
    def test_each_rule_shows_its_own_parameters(self, qtbot: QtBot, rule: Rule) -> None:
        dialog = dialog_of(qtbot, OfMemory(MemorySettings(), 1000, True))
        choose(dialog, "Voting rule", rule)
        dialog.show()
        shown = {box.accessibleName() for box in dialog.findChildren(QDoubleSpinBox) if box.isVisible()}
        tests = {text for text, _ in TESTS.values()}
        assert tests <= shown
        assert {name.lower() for name in shown - tests} == set(PARAMETERS[rule])

    def test_a_parameter_that_was_changed_is_set(self, qtbot: QtBot) -> None:
        dialog = dialog_of(qtbot, OfMemory(MemorySettings(rule="ridge"), 1000, True))
        boxes = {box.accessibleName(): box for box in dialog.findChildren(QDoubleSpinBox)}
        boxes["Gamma"].setValue(60)
        boxes["Penalty"].setValue(0)
        boxes["Offset"].setValue(9)  # of another rule, and not shown
        assert confirmed(qtbot, dialog)[0] == {"ridge_gamma": 50.0, "ridge_penalty": 0.001}

    def test_a_test_for_unknown_images_has_a_quantile_or_is_off(self, qtbot: QtBot) -> None:
        dialog = dialog_of(qtbot, OfMemory(MemorySettings(between=False), 1000, True))
        boxes = {box.accessibleName(): box for box in dialog.findChildren(QDoubleSpinBox)}
        unlike, between = (boxes[TESTS[name][0]] for name in ("unlike", "between"))
        assert (unlike.value(), between.text()) == (0.99, "off")
        between.setValue(0.9)
        unlike.setValue(0.0)
        assert confirmed(qtbot, dialog)[0] == {"unlike": False, "between": True, "between_quantile": 0.9}

    def test_a_memory_that_may_not_be_written_is_shown_and_left(self, qtbot: QtBot) -> None:
        dialog = dialog_of(qtbot, OfMemory(MemorySettings(), 1280, False))
        assert not spin(dialog, "k").isEnabled()
        spin(dialog, "k").setValue(3)
        assert confirmed(qtbot, dialog)[0] == {}

    def test_without_a_memory_there_are_the_window_s_own(self, qtbot: QtBot) -> None:
        dialog = dialog_of(qtbot, None)
        assert dialog.findChildren(QSpinBox) == []
        assert confirmed(qtbot, dialog) == ({}, WindowSettings())


class TestWindow:
    @pytest.fixture(autouse=True)
    def moving(self) -> object:
        yield
        theme.set_reduced_motion(False)

    def test_the_decision_follows_at_once(self, desk: Desk) -> None:
        desk.window.session.decision.ask_exemplar(1)
        desk.settle()
        desk.ask.of_memory = {"k": 3, "rule": "plurality", "class_factor": "off"}
        desk.press("actionSettings")
        desk.settle()
        assert (desk.decision.k, desk.decision.rule) == (3, "plurality")
        assert (desk.memory.settings.k, desk.memory.settings.class_factor) == (3, "off")
        assert desk.notes[-1] == "Settings saved."
        shown = desk.ask.settings_shown[1]
        assert shown.writable and shown.dim == desk.memory.identity.dim

    def test_a_lower_limit_of_exact_search_is_in_force_for_the_next_decision(self, desk: Desk) -> None:
        desk.ask.of_memory = {"exact_limit": 0}
        desk.press("actionSettings")
        desk.window.session.decision.ask_exemplar(1)
        desk.settle()
        assert desk.errors == [] and desk.decision.label

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("k", 3),
            ("rule", "softmax"),
            ("class_factor", "off"),
            ("device", "cpu"),
            ("exact_limit", 64),
            ("threads", 1),
        ],
    )
    def test_each_setting_of_the_memory_acts_and_survives_a_restart(
        self, desk: Desk, small: Path, name: str, value: object
    ) -> None:
        desk.ask.of_memory = {name: value}
        desk.press("actionSettings")
        desk.window.session.decision.ask_exemplar(1)
        desk.settle()
        live = desk.memory._live
        acting = {
            "k": len(desk.decision.neighbours),
            "rule": desk.decision.rule,
            "class_factor": "old" if any(n.factor > 1 for n in desk.decision.neighbours) else "off",
            "device": live.searcher.device,
            "exact_limit": live.searcher.exact_limit,
            "threads": live.searcher._threads,
        }
        assert acting[name] == value and desk.errors == []
        desk.window.session.close()
        desk.open(small)
        assert getattr(desk.ask.settings_shown[1].settings, name) != value  # what the dialog showed before
        desk.press("actionSettings")
        assert getattr(desk.ask.settings_shown[1].settings, name) == value

    def test_a_device_that_is_not_here_is_refused_and_nothing_is_kept(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("visualmemory_gui.engine.device.choice.usable", tuple)
        desk.ask.of_memory = {"device": "cuda", "threads": 1}
        desk.press("actionSettings")
        assert "no GPU that CUDA can use" in desk.errors[0][0]
        assert (desk.memory.settings.device, desk.memory.settings.threads) == ("auto", 0)
        desk.window.session.decision.ask_exemplar(1)
        desk.settle()
        assert len(desk.errors) == 1 and desk.decision.label

    def test_another_device_loads_the_encoder_anew(self, desk: Desk) -> None:
        before = desk.memory.encoder
        desk.ask.of_memory = {"device": "cpu"}
        desk.press("actionSettings")
        assert desk.memory.encoder is not before

    def test_the_look_is_kept(self, desk: Desk, qtbot: QtBot) -> None:
        grid = desk.window.curate.grid
        before = grid.geometry_of_cells.cell_w
        desk.ask.window_settings = WindowSettings("dark", True, 112.0)
        desk.press("actionSettings")
        assert theme.current().name == "dark" and theme.reduced_motion()
        assert grid.geometry_of_cells.cell_w > before
        desk.window.close()
        theme.set_reduced_motion(False)
        again = MainWindow(ask=Answers())
        assert theme.reduced_motion() and again.curate.grid.geometry_of_cells.cell_w > before
        again.close()
        delete(again)

    def test_what_stood_at_the_top_stays_when_the_images_grow(self, desk: Desk) -> None:
        desk.window.show_workspace("curate")
        grid = desk.window.curate.grid
        desk.window.resize(700, 400)
        bar = grid.verticalScrollBar()
        bar.setValue(bar.maximum())
        first = grid.ids[grid.geometry_of_cells.columns * (bar.value() // grid.geometry_of_cells.cell_h)]
        grid.set_side(112.0)
        top = grid.geometry_of_cells.columns * (bar.value() // grid.geometry_of_cells.cell_h)
        assert grid.ids[top] <= first < grid.ids[min(top + 2 * grid.geometry_of_cells.columns, len(grid.ids) - 1)]

    def test_strange_values_in_the_file_are_the_usual_ones(self, desk: Desk) -> None:
        store = desk.window.settings
        for key, value in (("side", "huge"), ("still", "?"), ("theme", "pink")):
            store.setValue(key, value)
        assert preferences.window_settings(store) == WindowSettings()


def test_a_read_only_memory_is_not_written(desk: Desk, small: Path) -> None:
    desk.window.session.open(small, readonly=True)
    desk.settle()
    desk.ask.of_memory = {"class_factor": "off"}
    desk.press("actionSettings")
    assert desk.memory.settings.class_factor != "off"


def test_on_a_low_screen_the_settings_scroll_and_the_buttons_stay(qtbot: QtBot) -> None:
    dialog = dialog_of(qtbot, OfMemory(MemorySettings(), 1280, True))
    dialog.show()
    (area,) = dialog.findChildren(ScrolledPanel)
    assert area.verticalScrollBar().maximum() == 0  # there is room for all
    dialog.resize(dialog.width(), 300)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 0)
    (row,) = dialog.findChildren(QDialogButtonBox)
    assert dialog.rect().contains(row.geometry()) and not area.isAncestorOf(row)
