"""The looks: every text can be read on every ground it stands on."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAction, QColor, QPalette
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QPushButton, QSpinBox, QToolButton

from visualmemory_gui.app import resources, theme
from visualmemory_gui.app.views.kit.tool_bar import ToolBar

GROUNDS = ("window", "surface", "hover", "selected")
INKS = ("text", "dim", "danger", "good", "link")


def luminance(colour: QColor) -> float:
    """WCAG 2.2 relative luminance."""
    parts = [x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in colour.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str | QColor, other: str | QColor) -> float:
    high, low = sorted((luminance(QColor(one)), luminance(QColor(other))), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=lambda c: c.name)
def test_every_ink_can_be_read_on_every_ground(colours):
    bad = {
        (ink, ground): contrast(getattr(colours, ink), getattr(colours, ground))
        for ink in INKS
        for ground in GROUNDS
        if contrast(getattr(colours, ink), getattr(colours, ground)) < 4.5
    }
    assert not bad


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=lambda c: c.name)
def test_text_on_chips_and_primary_buttons_can_be_read(colours):
    assert all(contrast(colours.on_chip, chip) >= 4.5 for chip in (*colours.chips, colours.grey_chip))
    assert contrast(colours.on_accent, colours.accent) >= 4.5
    assert contrast(colours.on_accent, colours.accent_hover) >= 4.5


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=lambda c: c.name)
def test_bars_outlines_and_focus_rings_stand_out_from_the_surface(colours):
    assert contrast(colours.line, colours.window) >= 3 and contrast(colours.line, colours.surface) >= 3
    assert all(contrast(chip, colours.surface) >= 3 for chip in (*colours.chips, colours.grey_chip, colours.accent))


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=lambda c: c.name)
@pytest.mark.parametrize("kind", [QCheckBox, QComboBox, QSpinBox], ids=lambda kind: kind.__name__)
def test_what_can_be_set_is_outlined(qtbot, colours, kind):
    theme.apply(QApplication.instance(), colours.name)
    widget = kind()
    qtbot.addWidget(widget)
    widget.resize(120, 26)
    widget.show()
    image = widget.grab().toImage()
    left = [image.pixelColor(x, image.height() // 2) for x in range(4)]
    assert max(contrast(colour, colours.surface) for colour in left) >= 3
    theme.apply(QApplication.instance(), "light")


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=lambda c: c.name)
def test_the_palette_itself_can_be_read(colours):
    palette, role = theme.palette(colours), QPalette.ColorRole
    pairs = (
        (role.WindowText, role.Window),
        (role.Text, role.Base),
        (role.Text, role.AlternateBase),
        (role.ButtonText, role.Button),
        (role.HighlightedText, role.Highlight),
        (role.ToolTipText, role.ToolTipBase),
        (role.PlaceholderText, role.Base),
        (role.Link, role.Base),
    )
    assert all(contrast(palette.color(ink), palette.color(ground)) >= 4.5 for ink, ground in pairs)


def test_the_look_changes_everything_at_once_and_says_so(qapp, qtbot):
    theme.apply(qapp, "light")
    button = QPushButton("Teach")
    qtbot.addWidget(button)
    theme.set_icon(button, "school")
    before = button.icon().cacheKey()
    with qtbot.waitSignal(theme.notifier.changed):
        theme.apply(qapp, "dark")
    assert theme.current() is theme.DARK
    assert QApplication.palette().color(QPalette.ColorRole.Window).name() == theme.DARK.window
    assert theme.DARK.surface in qapp.styleSheet() and "@" not in qapp.styleSheet()
    assert button.icon().cacheKey() != before
    theme.apply(qapp, "light")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_button_for_actions_without_room_can_be_seen_and_is_named(qapp, qtbot, look):
    theme.apply(qapp, "light")  # made in one look, shown in either
    actions = {str(i): QAction(f"Action {i}") for i in range(9)}
    bar = ToolBar(actions, shown=list(actions), right=())
    qtbot.addWidget(bar)
    bar.resize(200, 40)
    bar.show()
    theme.apply(qapp, look)
    [more] = [b for b in bar.findChildren(QToolButton) if b.isVisible() and b.text() == ""]
    image, surface = more.grab().toImage(), theme.current().surface
    inks = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    assert max(contrast(ink, surface) for ink in inks) >= 4.5
    assert more.accessibleName() == "More actions"
    theme.apply(qapp, "light")


def test_only_the_first_six_classes_of_a_decision_are_coloured():
    colours = [theme.chip_colour(slot).name() for slot in range(70)]
    assert len(set(colours[:6])) == 6
    assert set(colours[6:]) == {theme.current().grey_chip}
    assert theme.chip_colour(None).name() == theme.current().grey_chip


def test_the_resources_are_there():
    assert len(resources.style_sheet().splitlines()) <= 20
    assert resources.app_icon().endswith("app.svg")
