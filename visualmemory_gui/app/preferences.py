"""What survives a restart: the window's geometry, the theme, recent memories."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from PySide6.QtCore import QSettings, QSize
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QStyle

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.last_place import LastPlace
from visualmemory_gui.app.models.window_settings import SIDES, WindowSettings
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.files.path_kind import is_file, is_folder
from visualmemory_gui.engine.second_opinion.endpoint import Endpoint

MOST_RECENT = 6
SIZE = (1280, 800)
LEAST = 80
OPENING = "opening"
MOST_SIDE = 1000.0
MEMORY, BUNDLE = ".vmem", ".vmemz"


def settings() -> QSettings:
    """The user's settings file."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "visualmemory_gui", "window")


def log_folder() -> Path:
    """The folder of the window's log."""
    import platformdirs

    return Path(platformdirs.user_log_dir("visualmemory_gui", appauthor=False))


def recent_memories(store: QSettings) -> list[str]:
    """Paths of recently opened memories, newest first; some may be missing now."""
    return [str(path) for path in cast(list[object], store.value("recent", [], list))]


def remember_memory(store: QSettings, path: str) -> list[str]:
    """Put ``path`` first and return the list."""
    kept = [path, *(p for p in recent_memories(store) if p != path)][:MOST_RECENT]
    store.setValue("recent", kept)
    return kept


def forget_memory(store: QSettings, path: str) -> list[str]:
    """Take ``path`` off the list of recent memories and return the list."""
    kept = [each for each in recent_memories(store) if each != path]
    store.setValue("recent", kept)
    return kept


def last_place(store: QSettings) -> LastPlace | None:
    """Where the user was when the window closed; without that, the memory opened last. None to start without one."""
    if not window_settings(store).continues:
        return None
    recent = recent_memories(store)
    place = LastPlace.of(str(store.value("place", "")))
    if place is not None and not place.memory:
        return None
    return place if place is not None and recent[:1] == [place.memory] else LastPlace(recent[0]) if recent else None


def keep_last_place(store: QSettings, place: LastPlace) -> None:
    store.setValue("place", place.text())


def was_opening(store: QSettings) -> bool:
    """Whether the program ended while it opened the last memory at start: it could end there again."""
    return store.contains(OPENING)


def mark_opening(store: QSettings, opening: bool) -> None:
    """Note on disk that the last memory is being opened at start, or no longer is."""
    if opening:
        store.setValue(OPENING, "true")
    else:
        store.remove(OPENING)
    store.sync()


def theme_name(store: QSettings) -> theme.Name:
    name = str(store.value("theme", "system"))
    return cast(theme.Name, name) if name in ("light", "dark") else "system"


def set_theme(store: QSettings, name: theme.Name) -> None:
    store.setValue("theme", name)
    app = QApplication.instance()
    if isinstance(app, QApplication):
        theme.apply(app, name)


def window_settings(store: QSettings) -> WindowSettings:
    """The window settings last chosen; unreadable ones have their defaults."""
    sides = [side for side, _ in SIDES]
    side = next((each for each in sides if str(each) == str(store.value("side"))), WindowSettings().side_pt)
    still, continues = (str(store.value(*each)) == "true" for each in (("still", "false"), ("continues", "true")))
    return WindowSettings(theme_name(store), still, side, continues)


def keep_window_settings(store: QSettings, chosen: WindowSettings) -> None:
    store.setValue("still", "true" if chosen.still else "false")
    store.setValue("continues", "true" if chosen.continues else "false")
    store.setValue("side", str(chosen.side_pt))
    if chosen.theme != theme_name(store):
        set_theme(store, cast(theme.Name, chosen.theme))


def least_certain(store: QSettings) -> int:
    """The share of the vote, in per cent, from which a decision of the queue counts as certain; 80 by default."""
    try:
        kept = int(str(store.value("least_certain", LEAST)))
    except ValueError:
        return LEAST
    return kept if 1 <= kept <= 100 else LEAST


def keep_least_certain(store: QSettings, percent: int) -> None:
    store.setValue("least_certain", percent)


def card_side(store: QSettings) -> float | None:
    """The side of the images on cards, in points; None: as the room suggests."""
    try:
        side = float(str(store.value("card_side")))
    except ValueError:
        return None
    return side if 0 < side < MOST_SIDE else None


def keep_card_side(store: QSettings, side_pt: float) -> None:
    store.setValue("card_side", str(side_pt))


def cards_by_vote(store: QSettings) -> bool:
    """Whether cards are ordered by vote, not by distance."""
    return str(store.value("cards_by_vote", "false")) == "true"


def keep_cards_by_vote(store: QSettings, by_vote: bool) -> None:
    store.setValue("cards_by_vote", "true" if by_vote else "false")


def hints_shown(store: QSettings) -> bool:
    """Whether the hints of a first start were shown."""
    return str(store.value("hints_shown", "false")) == "true"


def keep_hints_shown(store: QSettings) -> None:
    store.setValue("hints_shown", "true")


def endpoint(store: QSettings) -> Endpoint | None:
    """The endpoint of second opinions, None while they are off. Its key is not here."""
    url, model, *prices = (str(store.value(f"opinion/{name}", "")) for name in ("url", "model", "in", "out"))
    try:
        return Endpoint(url, model, *(float(price) if price else None for price in prices)) if url else None
    except (BadValue, ValueError):
        return None


def keep_endpoint(store: QSettings, chosen: Endpoint | None) -> None:
    """Keep the endpoint in the user's settings, not in a memory: a memory may come from someone else."""
    store.remove("opinion")
    if chosen is not None:
        prices = (("in", chosen.price_in), ("out", chosen.price_out))
        for name, value in (("url", chosen.url), ("model", chosen.model), *prices):
            store.setValue(f"opinion/{name}", "" if value is None else str(value))


def save_window(store: QSettings, window: QMainWindow) -> None:
    store.setValue("geometry", window.saveGeometry())
    for splitter in window.findChildren(QSplitter):
        if splitter.objectName():
            store.setValue(f"splitters/{splitter.objectName()}", splitter.saveState())


def restore_window(store: QSettings, window: QMainWindow) -> None:
    geometry = store.value("geometry")
    if geometry is None or not window.restoreGeometry(geometry):
        window.resize(*SIZE)
    keep_on_screen(window)
    for splitter in window.findChildren(QSplitter):
        state = store.value(f"splitters/{splitter.objectName()}") if splitter.objectName() else None
        if state is not None:
            splitter.restoreState(state)


def keep_on_screen(window: QMainWindow) -> None:
    """Fit the window to the screen: with other scaling or another screen it may be too large."""
    room = window.screen().availableGeometry()
    title = window.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)
    window.resize(window.size().boundedTo(QSize(room.width(), room.height() - title)))
    if not room.contains(window.geometry()):
        window.move(room.topLeft())


def kind_of(paths: list[str]) -> Literal["memory", "folder", "bundle", "other"]:
    """The kind of what was dropped: one memory, one folder of images, one bundle, or something else."""
    if len(paths) == 1 and paths[0].lower().endswith(BUNDLE) and not is_folder(paths[0]):
        return "bundle"
    if len(paths) != 1 or not is_folder(paths[0]):
        return "other"
    return "memory" if is_file(Path(paths[0]) / "memory.sqlite") else "folder"
