"""A user's road through the real program: drag an image in, mend the memory, teach it, take it elsewhere.

What the window shows is held against what the command line says about the same memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.drawings import LOOKS, draw, draw_between, draw_spiral
from tests.e2e.real_screen import Screen, State, run
from visualmemory_gui.engine.decision.levels import at_level

pytestmark = pytest.mark.xvfb


@pytest.fixture
def contested(tmp_path: Path) -> Path:
    """An image between two classes."""
    draw_between("round/rings", "straight/checks", seed=100).save(tmp_path / "contested.png")
    return tmp_path / "contested.png"


@pytest.fixture
def spiral(tmp_path: Path) -> Path:
    """An image of no class that the memory knows."""
    draw_spiral(seed=1).save(tmp_path / "spiral.png")
    return tmp_path / "spiral.png"


def ask_by_drag(screen: Screen, image: Path) -> State:
    screen.drag("queryPanel", image)
    screen.until(lambda s: bool(s["cards"]), "the image is decided")
    return screen.rest()


def classified(memory: Path, image: Path, *options: object) -> dict[str, Any]:
    (said,) = run("classify", memory, image, *options)
    assert isinstance(said, dict)
    return said


def assert_shows(state: State, said: dict[str, Any]) -> None:
    """The window shows what the command line says: the winner, every neighbour, its distance and its vote.

    At a level the cards may carry the class that is voted on in place of the full label.
    """
    title = said["label"] if said["known"] is not False else f"Unknown. Nearest: {said['label']}"
    assert state["texts"]["queryWinner"] == title
    voting = [card for card in state["cards"] if card["state"] == "active"]
    assert [(n["id"], n["rank"]) for n in said["neighbours"]] == [(card["exemplar"], card["rank"]) for card in voting]
    labels = ([at_level(one["label"], state["level"]) for one in side] for side in (said["neighbours"], voting))
    assert next(labels) == next(labels)
    for name in ("distance", "share"):
        assert [n[name] for n in said["neighbours"]] == pytest.approx([card[name] for card in voting], abs=1e-5)
    for label, share in list(said["shares"].items())[:8]:
        assert f"{label} {share:.0%}".replace("%", " %") in state["shares"]


@pytest.mark.parametrize("level", [0, 1])
def test_an_image_dragged_from_another_program_is_decided(
    drawn: Path, contested: Path, request: pytest.FixtureRequest, level: int
) -> None:
    run("settings", drawn, "level", level)
    screen: Screen = request.getfixturevalue("screen")
    state = ask_by_drag(screen, contested)
    assert (state["level"], state["k"], state["rule"]) == (level, 10, "rank")
    assert_shows(state, classified(drawn, contested, "--level", level))


def test_a_strike_by_keyboard_moves_the_decision_and_undo_takes_it_back(
    screen: Screen, drawn: Path, contested: Path
) -> None:
    before = ask_by_drag(screen, contested)
    screen.focus()
    screen.keys("Home")
    screen.until(lambda s: s["selected"] == [0], "the first neighbour is selected")
    screen.keys("x")
    screen.until(lambda s: s["cards"][-1]["state"] == "struck", "the first neighbour is struck out")
    struck = screen.rest()
    assert struck["cards"][-1]["exemplar"] == before["cards"][0]["exemplar"]
    assert struck["shares"] != before["shares"]
    assert_shows(struck, classified(drawn, contested))
    screen.keys("ctrl+z")
    screen.until(lambda s: s["cards"] == before["cards"], "the decision is what it was")
    assert_shows(screen.rest(), classified(drawn, contested))


def test_a_class_is_taught_from_one_image_dragged_onto_new_class(screen: Screen, drawn: Path, spiral: Path) -> None:
    assert classified(drawn, spiral)["label"] in LOOKS
    screen.drag("newClass", spiral)
    screen.answer("labelChooser", "spirals")
    screen.until(lambda s: "spirals" in s["classes"], "the new class is listed")
    said = classified(drawn, spiral)
    assert (said["label"], said["neighbours"][0]["distance"]) == ("spirals", 0)
    assert_shows(ask_by_drag(screen, spiral), said)


def test_a_class_is_taught_by_a_key_and_the_same_image_is_decided_anew(
    screen: Screen, drawn: Path, spiral: Path
) -> None:
    ask_by_drag(screen, spiral)
    screen.focus()
    screen.keys("t")
    screen.answer("labelChooser", "spirals")
    screen.until(lambda s: s["texts"]["queryWinner"] == "spirals", "the query is decided as the new class")
    assert_shows(screen.rest(), classified(drawn, spiral))


def test_a_bundle_exported_in_the_window_decides_elsewhere_as_here(screen: Screen, drawn: Path, tmp_path: Path) -> None:
    queries = ten_queries(tmp_path / "queries")
    here = decisions(drawn, queries)
    screen.focus()
    screen.keys("ctrl+e")
    screen.focus("exportDialog")
    screen.keys("Return")
    bundle = drawn.with_suffix(".vmemz")
    screen.until(lambda s: not s["dialog"] and not s["busy"] and bundle.is_file(), "the bundle is written")
    run("import", bundle, tmp_path / "elsewhere.vmem")
    there = decisions(tmp_path / "elsewhere.vmem", queries)
    assert [without_sources(one) for one in there] == [without_sources(one) for one in here]
    assert not any(Path(n["source"] or "").is_absolute() for one in there for n in one["neighbours"])


def test_a_bundle_with_its_private_paths_decides_and_names_sources_as_here(drawn: Path, tmp_path: Path) -> None:
    run("strike", drawn, 3, 30)
    run("reweigh", drawn, 5, 41, "--to", 0.5)
    queries = ten_queries(tmp_path / "queries")
    run("export", drawn, tmp_path / "all.vmemz", "--keep-private")
    run("import", tmp_path / "all.vmemz", tmp_path / "elsewhere.vmem")
    assert decisions(tmp_path / "elsewhere.vmem", queries) == decisions(drawn, queries)


def ten_queries(folder: Path) -> list[Path]:
    """One new drawing of each look, one contested, one of no class."""
    folder.mkdir()
    drawn = [draw(look, seed=50) for look in LOOKS]
    drawn += [draw_between("round/dots", "straight/stripes", seed=51), draw_spiral(seed=2)]
    for number, image in enumerate(drawn):
        image.save(folder / f"{number}.png")
    return sorted(folder.iterdir())


def decisions(memory: Path, queries: list[Path]) -> list[dict[str, Any]]:
    """All that is decided. Left out are how long it took and what is usual in the memory: that is measured again when
    5 % have changed, and an imported memory has just been measured."""
    said = run("classify", memory, *queries)
    assert len(said) == len(queries) and {one["known"] for one in said} == {True, False}
    for one in said:
        one["novelty"] = {name: one["novelty"][name] for name in ("because", "distance", "neighbours")}
    return [{name: value for name, value in one.items() if name != "timings_ms"} for one in said]


def without_sources(decision: dict[str, Any]) -> dict[str, Any]:
    neighbours = [{**n, "source": None} for n in decision["neighbours"]]
    return {**decision, "neighbours": neighbours}
