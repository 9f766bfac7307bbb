"""All settings in one dialog: how a memory decides, and how the window looks."""

from __future__ import annotations

import os
from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.window_settings import SIDES, OfMemory, WindowSettings
from visualmemory_gui.app.widgets.panels.scrolled_panel import ScrolledPanel
from visualmemory_gui.app.widgets.panels.term_help import TermHelp
from visualmemory_gui.engine.decision.class_factor import IN_WORDS, LARGEST
from visualmemory_gui.engine.decision.voting_rules import PARAMETERS as RULE_PARAMETERS
from visualmemory_gui.engine.decision.voting_rules import parameter_setting
from visualmemory_gui.engine.decision.voting_scheme import k_setting, usual_k
from visualmemory_gui.engine.types import PARAMETER_LIMITS, QUANTILE_LIMITS, RULES, MemorySettings

MOST_K = 100_000
AROUND_PT = 50.0  # of height for what a desktop puts above and below a window
DECIMALS = 4
OFF = QUANTILE_LIMITS[0] - 10.0**-DECIMALS
TESTS = {
    "unlike": ("Unknown: unlike anything", "The part of the memory's own exemplars whose distance is taken for known"),
    "between": ("Unknown: between classes", "The part of the memory's own exemplars whose votes are taken for known"),
}
DEVICES = (
    ("auto", "Automatic: a graphics card if there is one"),
    ("cpu", "Processor"),
    ("cuda", "CUDA graphics card"),
    ("mps", "Apple graphics (MPS)"),
)
PARAMETERS = {
    "ridge_gamma": ("&Gamma", "A larger one gives far neighbours less of the vote"),
    "ridge_penalty": ("&Penalty", "A larger one spreads the vote over more neighbours"),
    "softmax_temperature": ("&Temperature", "A larger one gives far neighbours more of the vote"),
    "rank_offset": ("&Offset", "Votes are 1 / (rank + offset): a larger one gives far neighbours more of the vote"),
    "distance_exponent": ("E&xponent", "A larger one gives far neighbours less of the vote"),
}
"""The names of the parameters of the voting rules, and what they do."""
THEMES = (("system", "Same as the system"), ("light", "Light"), ("dark", "Dark"))


class SettingsDialog(QDialog):
    """Use ``open()``. ``confirmed`` reports the memory's settings that changed, by name, and those of the window."""

    confirmed = Signal(dict, object)

    def __init__(self, parent: QWidget | None, *, window: WindowSettings, memory: OfMemory | None) -> None:
        super().__init__(parent)
        self.setObjectName("settingsDialog")
        self.setWindowTitle("Settings")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._memory = memory
        self._rows: dict[str, QWidget] = {}
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("primary", True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        boxes = QWidget(self)
        above = QVBoxLayout(boxes)
        above.setContentsMargins(0, 0, 0, 0)
        if memory is not None:
            above.addWidget(self._memory_box(memory))
        above.addWidget(self._window_box(window))
        self._align()
        column = QVBoxLayout(self)
        column.addWidget(ScrolledPanel(boxes, name="Settings", inside=True))
        column.addWidget(buttons)
        wanted, room = self.sizeHint(), self.screen().availableGeometry().height() - theme.px(AROUND_PT)
        self.resize(wanted.width(), min(wanted.height(), room))

    def accept(self) -> None:
        chosen = self._chosen_for_memory()
        before = self._memory.settings if self._memory is not None else MemorySettings()
        changed = {name: value for name, value in chosen.items() if value != getattr(before, name)}
        self.confirmed.emit(changed, self._chosen_for_window())
        super().accept()

    def _align(self) -> None:
        """Align the fields of both boxes."""
        forms = self.findChildren(QFormLayout)
        texts = [form.itemAt(row, QFormLayout.ItemRole.LabelRole) for form in forms for row in range(form.rowCount())]
        labels = [label for label in (item.widget() for item in texts if item is not None) if label is not None]
        widest = max(label.sizeHint().width() for label in labels)
        for label in labels:
            label.setMinimumWidth(widest)

    def _memory_box(self, memory: OfMemory) -> QGroupBox:
        now = memory.settings
        self._k = _spin("k", 1, MOST_K, usual_k(now, now.rule), "How many neighbours vote")
        self._rule = _choice("Voting rule", [(rule, rule) for rule in RULES], now.rule)
        self._k_of = k_setting(now.rule)
        self._rule.currentIndexChanged.connect(self._on_rule)
        self._parameters = {
            name: _number(text, limits, getattr(now, name), tip)
            for name, limits in PARAMETER_LIMITS.items()
            for text, tip in [PARAMETERS[name]]
        }
        self._factor = _choice("Class factor", IN_WORDS.items(), now.class_factor)
        self._factor.setToolTip(f"Up to {LARGEST:.0f} times, so that a single image can teach a class")
        self._tests = {
            name: _test(text, tip, getattr(now, f"{name}_quantile") if getattr(now, name) else None)
            for name, (text, tip) in TESTS.items()
        }
        self._device = _choice("Device", _devices(memory.gpus, now.device), now.device)
        self._limit = _spin(
            "Exact search up to", 0, 100_000_000, now.exact_limit // memory.dim,
            "Above this, HNSW proposes the neighbours and exact distances rank them; a graphics card is exact as long "
            "as all vectors fit",
        )  # fmt: skip
        self._limit.setSuffix(" exemplars")
        self._limit.setGroupSeparatorShown(True)
        self._threads = _spin("Threads", 0, max(os.cpu_count() or 1, now.threads), now.threads, "HNSW threads")
        self._threads.setSpecialValueText("all")
        box, form = _box("This memory")
        for text, widget in (
            ("&k", self._k),
            ("&Voting rule", self._rule),
            *((PARAMETERS[name][0], field) for name, field in self._parameters.items()),
            ("Class &factor", self._factor),
            *((TESTS[name][0], field) for name, field in self._tests.items()),
            ("&Device", self._device),
            ("&Exact search up to", self._limit),
            ("&Threads", self._threads),
        ):
            self._rows[widget.accessibleName()] = row = self._explained(widget)
            form.addRow(text, row)
            widget.setEnabled(memory.writable)
        self._memory_form = form
        self._show_parameters()
        if not memory.writable:
            form.addRow(QLabel("This memory is open for reading only."))
        return box

    def _explained(self, field: QWidget) -> QWidget:
        """``field`` with a "?" that says what its tip does, where it is a term."""
        if field not in (*self._parameters.values(), *self._tests.values(), self._factor):
            return field
        row = QWidget()
        row.setFocusProxy(field)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(field, 1)
        line.addWidget(TermHelp(field.accessibleName(), f"{field.toolTip()}."))
        return row

    def _window_box(self, window: WindowSettings) -> QGroupBox:
        self._theme = _choice("Look", THEMES, window.theme)
        self._side = _choice("Images in Curate", [(str(side), text) for side, text in SIDES], str(window.side_pt))
        self._still = QCheckBox("Nothing moves or lights up on its own")
        self._still.setChecked(window.still)
        self._continues = QCheckBox("Open the last memory where it was left")
        self._continues.setChecked(window.continues)
        box, form = _box("Window")
        form.addRow("&Look", self._theme)
        form.addRow("&Images in Curate", self._side)
        form.addRow("Reduced motion", self._still)
        form.addRow("At start", self._continues)
        return box

    def _show_parameters(self) -> None:
        """Show the parameters of the chosen rule, and no others."""
        for name, field in self._parameters.items():
            self._memory_form.setRowVisible(self._rows[field.accessibleName()], name in self._own_parameters)

    @property
    def _own_parameters(self) -> set[str]:
        """The settings of the parameters of the chosen rule."""
        rule = self._rule.currentData()
        return {parameter_setting(rule, name) for name in RULE_PARAMETERS[rule]}

    def _on_rule(self) -> None:
        """Each rule has parameters of its own, and ridge a k of its own."""
        rule = self._rule.currentData()
        self._show_parameters()
        if self._memory is not None and k_setting(rule) != self._k_of:
            self._k_of = k_setting(rule)
            self._k.setValue(usual_k(self._memory.settings, rule))

    def _chosen_for_memory(self) -> dict[str, object]:
        memory = self._memory
        if memory is None or not memory.writable:
            return {}
        shown = memory.settings.exact_limit // memory.dim
        limit = memory.settings.exact_limit if self._limit.value() == shown else self._limit.value() * memory.dim
        return {
            "device": self._device.currentData(),
            k_setting(self._rule.currentData()): self._k.value(),
            "rule": self._rule.currentData(),
            **{
                name: field.value()
                for name, field in self._parameters.items()
                if name in self._own_parameters and _touched(field, name, memory)
            },
            "class_factor": self._factor.currentData(),
            **{
                set_to: value for name, field in self._tests.items() for set_to, value in _test_set(name, field, memory)
            },
            "exact_limit": limit,
            "threads": self._threads.value(),
        }

    def _chosen_for_window(self) -> WindowSettings:
        return WindowSettings(
            str(self._theme.currentData()),
            self._still.isChecked(),
            float(str(self._side.currentData())),
            self._continues.isChecked(),
        )


def _touched(field: QDoubleSpinBox, name: str, memory: OfMemory) -> bool:
    """Whether another value was chosen than the stored one, which may have more decimals than are shown."""
    return bool(field.value() != round(getattr(memory.settings, name), DECIMALS))


def _box(title: str) -> tuple[QGroupBox, QFormLayout]:
    box = QGroupBox(title)
    form = QFormLayout(box)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    form.setVerticalSpacing(theme.px(5))
    return box, form


def _spin(name: str, least: int, most: int, now: int, tip: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(least, most)
    spin.setValue(now)
    spin.setAccessibleName(name)
    spin.setToolTip(tip)
    return spin


def _number(text: str, limits: tuple[float, float], now: float, tip: str) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setDecimals(DECIMALS)
    spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
    spin.setRange(max(limits[0], 10.0**-DECIMALS), limits[1])
    spin.setValue(now)
    spin.setAccessibleName(text.replace("&", ""))
    spin.setToolTip(tip)
    return spin


def _test(text: str, tip: str, quantile: float | None) -> QDoubleSpinBox:
    """A test for unknown images: its quantile; below all of them it is off."""
    spin = _number(text, (OFF, QUANTILE_LIMITS[1]), OFF if quantile is None else quantile, tip)
    spin.setSpecialValueText("off")
    return spin


def _test_set(name: str, field: QDoubleSpinBox, memory: OfMemory) -> list[tuple[str, object]]:
    """The settings that the field of the test ``name`` says."""
    if field.value() < QUANTILE_LIMITS[0]:
        return [(name, False)]
    quantile = f"{name}_quantile"
    return [(name, True), *([(quantile, field.value())] if _touched(field, quantile, memory) else [])]


def _devices(gpus: Iterable[str], now: str) -> list[tuple[str, str]]:
    """The devices to choose from: each GPU by number where there are several, and the one that is set."""
    named = [key for key, _ in DEVICES]
    numbered = [gpu for gpu in gpus if gpu not in named]
    more = [] if len(numbered) == 1 else numbered
    if now not in [*named, *more]:
        more.append(now)
    return [*DEVICES, *((one, f"CUDA graphics card {one.partition(':')[2]}") for one in more)]


def _choice(name: str, entries: Iterable[tuple[str, str]], now: str) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    for key, text in entries:
        box.addItem(text, key)
    box.setCurrentIndex(max(0, box.findData(now)))
    return box
