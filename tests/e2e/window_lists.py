"""What the lists of the window show, and where a mouse would find their rows: read for the probe."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QAbstractItemView, QPushButton, QWidget

from visualmemory_gui.app.main_window import MainWindow
from visualmemory_gui.app.models.history import StepRole
from visualmemory_gui.app.widgets.history_list import HistoryList

Told = dict[str, Any]


def lists_of(window: MainWindow) -> Told:
    """All of them, under their names."""
    return {
        "workspace": window.workspace,
        "queue": queue(window),
        "note": note(window),
        "history": history(window),
        "review": review(window),
        "hint": window.decide.neighbours.hint.text(),
        "recent": window.decide.recent.rowCount(),
        "keys": {str(digit): label for digit, label in window.decide.decision.keys.items()},
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


def note(window: MainWindow) -> Told:
    buttons = {each.text(): _middle(each) for each in window.note.findChildren(QPushButton) if each.isVisible()}
    return {"text": window.note.text if window.note.isVisible() else "", "buttons": buttons}


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
        "looked": tabs.model.looked and not tabs.model.looking and not tabs.model.edits_since,
        "suspects": [[each.id, each.label, each.suggested] for each in suspects],
        "groups": [list(group.ids) for group in tabs.model.groups],
        "chosen": [each.id for each in tabs.suspects.table.chosen()],
        "tabs": [[spot.x(), spot.y()] for spot in spots],
    }


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
