"""The files that ship with the window: its style sheet and its icon."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """The folder of the resources: inside an installed package, next to it in a source tree."""
    inside = _PACKAGE / "resources"
    return inside if inside.is_dir() else _PACKAGE.parent / "resources"


def style_sheet() -> str:
    """The text of ``style.qss``; words that begin with ``@`` are colours of the theme."""
    return (folder() / "style.qss").read_text(encoding="utf-8")


def app_icon() -> str:
    """The path of the application's icon, an SVG."""
    return str(folder() / "icons" / "app.svg")
