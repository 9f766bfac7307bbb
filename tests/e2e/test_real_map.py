"""The map with real hands: a cluster is lassoed and relabelled in six actions, and one Undo takes it back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.real_screen import Screen, run

pytestmark = pytest.mark.xvfb
AWAY = 12  # pixels from the dot that the lasso goes around


def labels(memory: Path) -> dict[int, str]:
    return {row["id"]: row["label"] for row in run("show", memory, "--state", "active")}


def test_a_cluster_is_lassoed_and_relabelled_in_six_actions(screen: Screen, drawn: Path) -> None:
    before, begun = labels(drawn), time.monotonic()
    screen.focus()
    screen.keys("ctrl+3")  # 1
    state = screen.until(lambda s: s["workspace"] == "study", "Study is shown")
    screen.click(state["map"]["tab"])  # 2
    state = screen.until(lambda s: len(s["map"]["spots"]) == len(before), "the map is there")
    screen.until(lambda s: s["focus"] == "mapView", "the map has the keys")
    spots = screen.rest()["map"]["spots"]
    one = min(spots, key=lambda each: spots[each][1])  # the highest one
    x, y = spots[one]
    screen.keys("l")  # 3
    screen.until(lambda s: s["map"]["tool"] == "lasso", "the lasso is in hand")
    around = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, 0)]
    screen.lasso([[x + right * AWAY, y + down * AWAY] for right, down in around])  # 4
    state = screen.until(lambda s: int(one) in s["map"]["selected"], "it is selected")
    chosen = state["map"]["selected"]
    assert chosen == state["map"]["listed"] and len(chosen) < len(before)
    screen.keys("r")  # 5
    state = screen.answer("labelChooser", "from/the map")  # 6
    print(f"{len(chosen)} of a cluster relabelled with 6 actions in {time.monotonic() - begun:.1f} s")
    assert state["undo"].startswith("Undo: Relabel") and state["map"]["selected"] == chosen
    assert labels(drawn) == before | dict.fromkeys(chosen, "from/the map")
    screen.keys("ctrl+z")
    screen.until(lambda s: not s["undo"].startswith("Undo: Relabel"), "it is taken back")
    screen.rest()
    assert labels(drawn) == before
