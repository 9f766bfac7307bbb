"""What the window does for the memory while the user rests."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from visualmemory_gui.app.operations import maintenance


def test_what_went_with_a_forgotten_exemplar_is_measured_without_waiting_for_a_pause(
    desk: Desk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "QUIET_MS", 10**8)
    derived = desk.memory._live.derived
    desk.memory.maintenance.measure()
    desk.memory.strike([3])
    desk.settle()
    assert derived.get("novelty") is not None, "what was measured serves on"
    desk.memory.forget([2])
    assert derived.get("novelty") is None
    qtbot.waitUntil(lambda: derived.get("novelty") is not None)
    desk.settle()
