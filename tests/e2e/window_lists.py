"""What the lists of the window show, and where a mouse would find their rows: read for the probe."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QAbstractItemView, QPushButton, QStyleOptionViewItem, QWidget

from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.models.card_roles import CardRole
from visualmemory_gui.app.models.history import StepRole
from visualmemory_gui.app.widgets.panels.begin_button import BeginButton
from visualmemory_gui.app.widgets.tables.history_list import HistoryList

Told = dict[str, Any]


def lists_of(window: MainWindow) -> Told:
    """All of them, under their names."""
    return {
        "workspace": window.workspace,
        "queue": queue(window),
        "cull": cull(window),
        "note": note(window),
        "bell": bell(window),
        "history": history(window),
        "review": review(window),
        "hint": window.decide.neighbours.hint.text(),
        "recent": window.decide.recent.rowCount(),
        "keys": {str(n): label for n in range(1, 10) if (label := window.session.class_marks.label_of(n))},
        "begin": {each.text(): _middle(each) for each in window.empty.findChildren(BeginButton) if each.isVisible()},
        "strikes": strikes(window),
        "vote": vote(window),
        "similarity": similarity(window),
        "map": map_of(window),
        "image": image(window),
    }


def queue(window: MainWindow) -> Told:
    model, table = window.session.queue, window.decide.queue.table
    rows = [model.row(at) for at in range(model.rowCount())]
    chosen = set(table.chosen())
    return {
        "shown": table.isVisible(),
        "summary": window.decide.queue.summary.text(),
        "least": window.decide.queue.least.value(),
        "names": [row.name for row in rows],
        "winners": [row.winner for row in rows],
        "shares": [row.share for row in rows],
        "known": [row.known for row in rows],
        "taught": [row.taught for row in rows],
        "moved": [row.name for row in rows if row.id in model.moved],
        "chosen": [row.name for row in rows if row.id in chosen],
        "spots": _spots(table),
    }


def image(window: MainWindow) -> Told:
    """The query's image: where it lies on the screen, which part of it is decided, and which are drawn."""
    view, query = window.decide.query.image, window.session.decision.query
    place = view.place()
    corner = view.mapToGlobal(place.topLeft().toPoint())
    return {
        "place": [corner.x(), corner.y(), round(place.width()), round(place.height())],
        "read": window.decide.query_image.part is not None,
        "box": list(query.box) if query is not None and query.box is not None else None,
        "parts": [list(box) for box in window.decide.parts.boxes],
        "compared": window.decide.compare.exemplar,
    }


def cull(window: MainWindow) -> Told:
    """The image that is shown one by one, None when none is left."""
    run = window.cull.run
    row = run.row
    return {
        "progress": run.counts().in_words() if run.running else "",
        "image": row.name if row is not None else None,
        "winner": row.label if row is not None else None,
        "decided": run.decision is not None and run.pending is None,
        "summary": window.cull.summary.text(),
        "said": window.cull.said.accessibleName(),
    }


def note(window: MainWindow) -> Told:
    buttons = {each.text(): _middle(each) for each in window.note.findChildren(QPushButton) if each.isVisible()}
    return {"text": window.note.text if window.note.isVisible() else "", "buttons": buttons}


def bell(window: MainWindow) -> Told:
    """The list of kept notes: whether it is open, its rows, newest first, and the current one."""
    panel, log = window.bell.panel, window.notes.log
    return {
        "open": panel.isVisible(),
        "rows": [str(log.index(at).data()) for at in range(log.rowCount())],
        "current": panel.list.currentIndex().row(),
    }


def history(window: MainWindow) -> Told:
    view = window.findChild(HistoryList, "historyList")
    assert view is not None
    model = view.model()
    rows = [model.index(at, 0) for at in range(model.rowCount())]
    return {
        "steps": [str(row.data()) for row in rows],
        "days": [row.data(StepRole.Step) is None for row in rows],
        "chosen": [index.row() for index in view.selectedIndexes()],
        "spots": _spots(view),
    }


def review(window: MainWindow) -> Told:
    tabs = window.curate.tabs
    suspects = tabs.model.suspects
    spots = [tabs.tabBar().mapToGlobal(tabs.tabBar().tabRect(at).center()) for at in range(tabs.count())]
    return {
        "looked": tabs.model.found is not None and not tabs.model.running and not tabs.model.edits_since,
        "suspects": [[each.id, each.label, each.suggested] for each in suspects],
        "groups": [list(group.ids) for group in tabs.model.groups],
        "chosen": [each.id for each in tabs.suspects.table.chosen()],
        "tabs": [[spot.x(), spot.y()] for spot in spots],
    }


def strikes(window: MainWindow) -> list[list[int]]:
    """The middle of the button on every neighbour's card."""
    grid, option = window.decide.neighbours.grid, QStyleOptionViewItem()
    grid.initViewItemOption(option)
    cells = [grid.visualRect(grid.model().index(row, 0)) for row in range(grid.model().rowCount())]
    spots = [grid.viewport().mapToGlobal(grid.cards.button_rect(option, cell).center()) for cell in cells]
    return [[spot.x(), spot.y()] for spot in spots]


def similarity(window: MainWindow) -> Told:
    """The exemplar that the similarity map is of, 0 without one; whether the mouse is on the cards; where they are on
    the screen, and the first of them: left, top, width, height. ``image`` is the width and height of that card's own
    image."""
    splitting, grid = window.session.similarity.splitting, window.decide.neighbours.grid
    first = grid.model().index(0, 0)
    pixmap = first.data(CardRole.Pixmap) if first.isValid() else None
    return {
        "of": splitting.neighbour.id if splitting is not None and window.decide.query.similarity.isChecked() else 0,
        "pointed": grid.viewport().underMouse(),
        "grid": _place(grid.viewport()).getRect(),
        "card": grid.visualRect(first).translated(_place(grid.viewport()).topLeft()).getRect(),
        "image": [pixmap.width(), pixmap.height()] if pixmap is not None else None,
    }


def map_of(window: MainWindow) -> Told:
    """The map: where its tab and every exemplar are on the screen, what is selected, and what is listed beside it."""
    page, bar = window.study.map, window.study.tabs.tabBar()
    image, view = page.model.found, page.view
    tab = bar.mapToGlobal(bar.tabRect(window.study.pages.index(page)).center())
    spots = {}
    for exemplar in image.ids.tolist() if image is not None and view.isVisible() else ():
        spot = view.pixel_of(exemplar)
        assert spot is not None
        place = view.mapToGlobal(spot.toPoint())
        spots[str(exemplar)] = [place.x(), place.y()]
    return {
        "tab": [tab.x(), tab.y()],
        "spots": spots,
        "tool": view.tool,
        "selected": view.selected.tolist(),
        "listed": page.grid.ids.tolist(),
    }


def vote(window: MainWindow) -> Told:
    """The panel of the vote: how high its room and its parts are, and how much of each can be seen on the screen."""
    panel = window.decide.decision
    details = panel.details
    room = panel.vote.viewport()
    parts: dict[str, QWidget] = {"bars": panel.bars, "why": panel.why, "flip": panel.flip, "fold": details.fold}
    parts |= {"rules": details.rules, "distances": details.distances, "classes": panel.classes}
    shown = {name: part for name, part in parts.items() if part.isVisible()}
    return {
        "room": room.height(),
        "middle": _middle(room),
        "high": {name: part.height() for name, part in shown.items()},
        "seen": {name: _seen(part).height() for name, part in shown.items()},
        "spots": {name: _middle(part) for name, part in shown.items()},
    }


def _place(widget: QWidget) -> QRect:
    return QRect(widget.mapToGlobal(QPoint(0, 0)), widget.size())


def _seen(widget: QWidget) -> QRect:
    """Where on the screen it can be seen: what none of those that it lies in cuts off."""
    seen, within = _place(widget).intersected(widget.screen().geometry()), widget.parentWidget()
    while within is not None:
        seen, within = seen.intersected(_place(within)), within.parentWidget()
    return seen


def _spots(view: QAbstractItemView) -> list[list[int]]:
    """The middle of every row's first cell; rows that are scrolled out of sight are left out at the end."""
    model, spots = view.model(), []
    for at in range(model.rowCount()):
        middle = view.visualRect(model.index(at, 0)).center()
        if not view.viewport().rect().contains(middle):
            break
        spot = view.viewport().mapToGlobal(middle)
        spots.append([spot.x(), spot.y()])
    return spots


def _middle(widget: QWidget) -> list[int]:
    spot: QPoint = widget.mapToGlobal(widget.rect().center())
    return [spot.x(), spot.y()]
