"""The map with real hands: a cluster is lassoed and relabelled in six actions, and one Undo takes it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.real_screen import Screen, run
from tests.e2e.story import Story

pytestmark = pytest.mark.xvfb
AWAY = 12  # pixels from the dot that the lasso goes around


def labels(memory: Path) -> dict[int, str]:
    return {row["id"]: row["label"] for row in run("show", memory, "--state", "active")}


def test_a_cluster_is_lassoed_and_relabelled_in_six_actions(screen: Screen, drawn: Path) -> None:
    before = labels(drawn)
    screen.focus()
    story = Story("lasso a cluster on the map and give it another class", screen)
    screen.keys("ctrl+3")
    state = screen.until(lambda s: s["workspace"] == "study", "Study is shown")
    screen.click(state["map"]["tab"])
    state = screen.until(lambda s: len(s["map"]["spots"]) == len(before), "the map is there")
    screen.until(lambda s: s["focus"] == "mapView", "the map has the keys")
    spots = screen.rest()["map"]["spots"]
    one = min(spots, key=lambda each: spots[each][1])  # the highest one
    x, y = spots[one]
    screen.keys("l")
    screen.until(lambda s: s["map"]["tool"] == "lasso", "the lasso is in hand")
    around = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, 0)]
    screen.draw([[x + right * AWAY, y + down * AWAY] for right, down in around])
    state = screen.until(lambda s: int(one) in s["map"]["selected"], "it is selected")
    chosen = state["map"]["selected"]
    assert chosen == state["map"]["listed"] and len(chosen) < len(before)
    screen.keys("r")
    state = screen.answer("labelChooser", "from/the map")
    assert story.end() == 6
    assert state["undo"].startswith("Undo: Relabel") and state["map"]["selected"] == chosen
    assert labels(drawn) == before | dict.fromkeys(chosen, "from/the map")
    screen.keys("ctrl+z")
    screen.until(lambda s: not s["undo"].startswith("Undo: Relabel"), "it is taken back")
    screen.rest()
    assert labels(drawn) == before
