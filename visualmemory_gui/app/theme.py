"""The light and the dark theme: colours, palette, style sheet, icons. All sizes are in points.

Colour alone never carries a meaning: what is painted in colour also has a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Literal

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QGuiApplication, QIcon, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication

from visualmemory_gui.app import resources

Name = Literal["light", "dark", "system"]

# White on each of them, and each of them on both surfaces, has enough contrast (4.7 : 1 and 3.1 : 1).
_CHIPS = ("#2872d4", "#c25020", "#12807d", "#8e5ac8", "#cb3c77", "#647b1f")


@dataclass(frozen=True)
class Colours:
    """The colours of one theme, as ``#rrggbb``.

    ``text``, ``dim``, ``danger``, ``good`` and ``link`` are read on window, surface, hover and selected; ``on_accent``
    on accent and accent_hover; ``on_chip`` on every chip: all >= 4.5 : 1. ``line`` outlines what can be typed in or
    ticked, >= 3 : 1 on window and surface.
    """

    name: str
    window: str
    surface: str
    border: str
    text: str
    dim: str
    accent: str
    accent_hover: str
    on_accent: str
    link: str
    danger: str
    good: str
    hover: str
    selected: str
    track: str
    line: str
    chips: tuple[str, ...] = _CHIPS
    on_chip: str = "#ffffff"
    grey_chip: str = "#6c717c"


LIGHT = Colours(
    name="light",
    window="#f3f4f6",
    surface="#ffffff",
    border="#d4d7dd",
    text="#1b1d22",
    dim="#565c66",
    accent="#2467d6",
    accent_hover="#1d58bb",
    on_accent="#ffffff",
    link="#1f57c0",
    danger="#b3213c",
    good="#1a6b3f",
    hover="#eef2f9",
    selected="#dbe7fb",
    track="#e6e8ec",
    line="#858b96",
)

DARK = Colours(
    name="dark",
    window="#1b1d21",
    surface="#24272d",
    border="#3d424b",
    text="#e8eaee",
    dim="#a9afba",
    accent="#246ce0",
    accent_hover="#1f5fc8",
    on_accent="#ffffff",
    link="#7db0ff",
    danger="#ff8699",
    good="#5fcf8f",
    hover="#2c3037",
    selected="#2b3b57",
    track="#3a3f48",
    line="#7b828f",
)


# Fusion outlines each in the window's colour, which the widget does not paint itself, darkened by so many percent.
_OUTLINED = {"QCheckBox": 127, "QComboBox": 140, "QAbstractSpinBox": 140}


class Notifier(QObject):
    """Signals that the theme has changed: caches of painted pixels must be dropped."""

    changed = Signal()


notifier = Notifier()


class _State:
    colours: Colours = LIGHT
    wanted: Name = "light"
    following: bool = False
    still: bool = False


_icons: dict[tuple[str, str], QIcon] = {}
_bound: list[tuple[QAction | QAbstractButton, str]] = []


def reduced_motion() -> bool:
    """Whether nothing may move or fade on its own."""
    return _State.still


def set_reduced_motion(wanted: bool) -> None:
    _State.still = wanted


def current() -> Colours:
    return _State.colours


def wanted() -> Name:
    """The theme last requested; "system" stays "system"."""
    return _State.wanted


def apply(app: QApplication, name: Name) -> None:
    """Apply one theme to the whole application. "system" follows the desktop, also when that changes."""
    _State.wanted = name
    if not _State.following:
        QGuiApplication.styleHints().colorSchemeChanged.connect(_on_system_changed)
        _State.following = True
    colours = _resolve(name)
    if _State.colours is colours and app.property("visualmemoryTheme") == colours.name:
        return
    _State.colours = colours
    app.setStyle("Fusion")
    app.setPalette(palette(colours))
    for kind, darker in _OUTLINED.items():
        app.setPalette(_outlined(colours, darker), kind)  # type: ignore[arg-type]  # it takes str alone
    app.setStyleSheet(_filled(resources.style_sheet(), colours))
    app.setProperty("visualmemoryTheme", colours.name)
    _refresh_icons()
    notifier.changed.emit()


@contextmanager
def styled_once() -> Iterator[None]:
    """Widgets made inside are styled once, at the end. Under a style sheet each would be styled again at every step of
    its way into the window."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    sheet = app.styleSheet()
    app.setStyleSheet("")
    try:
        yield
    finally:
        app.setStyleSheet(sheet)


def palette(colours: Colours) -> QPalette:
    """The palette of ``colours``, including disabled widgets."""
    role = QPalette.ColorRole
    made = QPalette(QColor(colours.surface), QColor(colours.window))
    for target, value in (
        (role.Window, colours.window),
        (role.Base, colours.surface),
        (role.AlternateBase, colours.hover),
        (role.Button, colours.surface),
        (role.Mid, colours.border),
        (role.Midlight, colours.border),
        (role.Dark, colours.border),
        (role.WindowText, colours.text),
        (role.Text, colours.text),
        (role.ButtonText, colours.text),
        (role.ToolTipBase, colours.surface),
        (role.ToolTipText, colours.text),
        (role.PlaceholderText, colours.dim),
        (role.Highlight, colours.accent),
        (role.HighlightedText, colours.on_accent),
        (role.Accent, colours.accent),
        (role.Link, colours.link),
        (role.LinkVisited, colours.link),
        (role.BrightText, colours.danger),
    ):
        made.setColor(target, QColor(value))
    for target in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, target, mixed(colours.dim, colours.surface, 0.4))
    made.setColor(QPalette.ColorGroup.Disabled, role.Highlight, QColor(colours.border))
    return made


def _outlined(colours: Colours, darker: int) -> QPalette:
    """The palette of what Fusion outlines, so that the outline is ``line``, or ``border`` if disabled."""
    made = palette(colours)
    made.setColor(QPalette.ColorRole.Window, QColor(colours.line).lighter(darker))
    made.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Window, QColor(colours.border).lighter(darker))
    return made


def mixed(one: str, other: str, part: float) -> QColor:
    """``one`` mixed with a ``part`` (0 to 1) of ``other``."""
    a, b = QColor(one), QColor(other)
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(x + (y - x) * part) for x, y in pairs))


def chip_colour(slot: int | None) -> QColor:
    """The background of a label's chip: one of six colours, or grey without a slot from 0 to 5."""
    chips = current().chips
    return QColor(chips[slot] if slot is not None and slot < len(chips) else current().grey_chip)


def icon(name: str) -> QIcon:
    """The Material icon ``name`` (without its prefix) in the colours of the current theme."""
    key = (name, current().name)
    if key not in _icons:
        import qtawesome  # late: it loads fonts

        disabled = mixed(current().dim, current().surface, 0.4)
        _icons[key] = qtawesome.icon(f"mdi6.{name}", color=current().text, color_disabled=disabled)
    return _icons[key]


def set_icon(target: QAction | QAbstractButton, name: str) -> None:
    """Give an action or a button an icon that follows the theme."""
    target.setIcon(icon(name))
    _bound[:] = [(old, was) for old, was in _bound if old is not target and shiboken6.isValid(old)]
    _bound.append((target, name))


def points(base: QFont, delta: float = 0.0, *, bold: bool = False) -> QFont:
    """``base`` made larger or smaller by ``delta`` points."""
    font = QFont(base)
    font.setPointSizeF(max(6.0, base.pointSizeF() + delta))
    font.setBold(bold or base.bold())
    return font


def px(pt: float) -> int:
    """Logical pixels of a length in points on the first screen."""
    screen = QGuiApplication.primaryScreen()
    return max(1, round(pt * (screen.logicalDotsPerInch() if screen else 96.0) / 72.0))


def _resolve(name: Name) -> Colours:
    if name == "system":
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return DARK if dark else LIGHT
    return DARK if name == "dark" else LIGHT


def _filled(sheet: str, colours: Colours) -> str:
    """``sheet`` with every ``@name`` replaced, longer names first so that none is mistaken for a shorter one."""
    names = sorted((f.name for f in fields(colours)), key=len, reverse=True)
    for name in names:
        sheet = sheet.replace(f"@{name}", str(getattr(colours, name)))
    return sheet


def _refresh_icons() -> None:
    _bound[:] = [(target, name) for target, name in _bound if shiboken6.isValid(target)]
    for target, name in _bound:
        target.setIcon(icon(name))


def _on_system_changed() -> None:
    app = QApplication.instance()
    if _State.wanted == "system" and isinstance(app, QApplication):
        apply(app, "system")
