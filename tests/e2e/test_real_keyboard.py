"""From an empty window to a bundle that decides elsewhere as here, with the keyboard alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.drawings import LOOKS, draw, draw_between, draw_spiral
from tests.e2e.real_screen import Screen, State, run, tab_until
from tests.e2e.story import Story

pytestmark = pytest.mark.xvfb


@pytest.fixture
def images(tmp_path: Path) -> dict[str, Path]:
    drawn = {
        "contested": draw_between("round/rings", "straight/checks", seed=100),
        "spiral": draw_spiral(seed=1),
        **{look.replace("/", "-"): draw(look, seed=50) for look in LOOKS[:4]},
    }
    for name, image in drawn.items():
        image.save(tmp_path / f"{name}.png")
    return {name: tmp_path / f"{name}.png" for name in drawn}


def tab_to(screen: Screen, name: str) -> None:
    """Press Tab until that place has the keys, as a user would who sees where they are."""
    tab_until(screen, lambda s: s["focus"] == name, name)


def ask(screen: Screen, image: Path) -> State:
    screen.keys("ctrl+d")
    state = screen.answer("QFileDialog", str(image))
    return screen.until(lambda s: bool(s["cards"]) and not s["busy"], "it is decided") if not state["cards"] else state


def decisions(memory: Path, images: dict[str, Path]) -> list[dict[str, Any]]:
    """What is decided of them, without where the neighbours came from, which a bundle does not tell."""
    said = run("classify", memory, *images.values())
    for one in said:
        del one["timings_ms"]
        for neighbour in one["neighbours"]:
            del neighbour["source"]
    return said


def test_ctrl_q_closes_the_window_and_the_next_start_continues_there(
    started: Screen, drawn: Path, images: dict[str, Path]
) -> None:
    started.focus()
    started.keys("ctrl+o")
    started.answer("QFileDialog", str(drawn))
    started.rest()
    before = ask(started, images["contested"])
    started.keys("ctrl+2")
    started.rest()
    story = Story("close the window, start it again, and be where you were", started)
    started.quit()
    started.begin()
    started.until(lambda s: s["workspace"] == "curate" and s["cards"] and not s["busy"], "it is as it was")
    assert story.end() == 2
    started.focus()
    started.keys("ctrl+1")
    state = started.until(lambda s: s["workspace"] == "decide", "the query is there")
    assert state["shares"] == before["shares"] and not state["dialog"]
    assert state["texts"]["statusSaved"] == "saved"


def test_a_list_with_nothing_selected_shows_that_it_has_the_keys(screen: Screen, images: dict[str, Path]) -> None:
    screen.focus()
    ask(screen, images["contested"])
    tab_to(screen, "classList")
    tab_to(screen, "neighbourGrid")
    screen.until(lambda s: s["ring"] and not s["selected"], "the grid is ringed")
    screen.keys("Home")
    screen.until(lambda s: s["selected"] == [0] and not s["ring"], "the card shows it")


def test_from_the_start_to_a_bundle_by_keyboard_alone(
    started: Screen, drawn: Path, images: dict[str, Path], tmp_path: Path
) -> None:
    screen = started
    assert screen.state()["workspace"] == "empty"
    screen.focus()
    screen.keys("ctrl+o")
    screen.answer("QFileDialog", str(drawn))
    screen.until(lambda s: s["workspace"] == "decide" and s["texts"]["statusMemory"] != "", "the memory is open")
    screen.rest()
    first = ask(screen, images["contested"])
    ask(screen, images["spiral"])

    tab_to(screen, "recentQueries")  # the newest first
    screen.keys("Home", "Right", "Return")
    again = screen.until(lambda s: s["shares"] == first["shares"] and not s["busy"], "the earlier query is back")
    assert [card["exemplar"] for card in again["cards"]] == [card["exemplar"] for card in first["cards"]]

    tab_to(screen, "neighbourGrid")
    screen.keys("Home", "x")
    screen.until(lambda s: s["undo"] == "Undo: Strike out 1 exemplar", "the first neighbour is struck out")
    screen.rest()
    ask(screen, images["spiral"])
    screen.keys("t")
    screen.answer("labelChooser", "spirals")
    screen.until(lambda s: s["texts"]["queryWinner"] == "spirals", "the new class is taught")
    screen.keys("ctrl+z")
    screen.until(lambda s: s["texts"]["queryWinner"] != "spirals" and not s["busy"], "it is undone")
    screen.keys("ctrl+shift+z")
    screen.until(lambda s: s["texts"]["queryWinner"] == "spirals" and not s["busy"], "it is redone")

    screen.keys("ctrl+e")
    screen.focus("exportDialog")
    screen.keys("Return")
    bundle = drawn.with_suffix(".vmemz")
    screen.until(lambda s: not s["dialog"] and not s["busy"] and bundle.is_file(), "the bundle is written")
    run("import", bundle, tmp_path / "elsewhere.vmem")
    assert decisions(tmp_path / "elsewhere.vmem", images) == decisions(drawn, images)
    (struck,) = run("show", tmp_path / "elsewhere.vmem", "--state", "struck")
    assert struck["id"] == first["cards"][0]["exemplar"]
