"""Edits with real hands, held against what the command line then finds on disk: what-if, bulk, undo, revert."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.drawings import draw_between, draw_spiral
from tests.e2e.real_screen import Screen, State, run

pytestmark = pytest.mark.xvfb


@pytest.fixture
def contested(tmp_path: Path) -> Path:
    """An image between two classes."""
    draw_between("round/rings", "straight/checks", seed=100).save(tmp_path / "contested.png")
    return tmp_path / "contested.png"


@pytest.fixture
def asked(screen: Screen, contested: Path) -> Screen:
    """The window decides that image, which was chosen by keyboard, and its first neighbour is selected."""
    ask(screen, contested)
    select(screen, 1)
    return screen


def ask(screen: Screen, image: Path) -> State:
    screen.focus()
    screen.keys("ctrl+d")
    screen.answer("QFileDialog", str(image))
    screen.until(lambda s: bool(s["cards"]), "the image is decided")
    return screen.rest()


def select(screen: Screen, count: int) -> State:
    """The first ``count`` neighbours, by keyboard."""
    screen.focus()
    screen.keys("Home", *["shift+Right"] * (count - 1))
    screen.until(lambda s: s["selected"] == list(range(count)), f"{count} neighbours are selected")
    return screen.rest()


def exemplars(memory: Path) -> list[dict[str, Any]]:
    """All that is in the memory, struck out or not, as it is on disk now."""
    found = [one for state in ("active", "struck") for one in run("show", memory, "--state", state)]
    return sorted(found, key=lambda one: int(one["id"]))


def voting(state: State) -> list[int]:
    return [card["exemplar"] for card in state["cards"] if card["state"] == "active"]


def press(screen: Screen, *keys: str) -> State:
    """Press keys that make or take back one edit, and wait until it is done and told."""
    before = screen.rest()
    screen.keys(*keys)
    screen.until(lambda s: (s["undo"], s["redo"]) != (before["undo"], before["redo"]), f"{keys} did something")
    return screen.rest()


def test_only_for_this_query_leaves_the_memory_as_it_was(asked: Screen, drawn: Path, contested: Path) -> None:
    on_disk, before = exemplars(drawn), asked.state()
    asked.keys("x")
    asked.until(lambda s: "Only for this query" in s["note"]["buttons"], "the note offers it")
    struck = asked.rest()
    assert struck["note"]["text"].startswith("Struck 1 exemplar from the memory; ")
    assert [one["id"] for one in exemplars(drawn) if one["state"] == "struck"] == [before["cards"][0]["exemplar"]]
    asked.click(struck["note"]["buttons"]["Only for this query"])
    asked.until(lambda s: s["note"]["text"] == "Left 1 exemplar out of this query only.", "it is left out here")
    here = asked.rest()
    assert here["shares"] != before["shares"]
    assert voting(here) == voting(struck)
    assert [card["exemplar"] for card in here["cards"] if card["state"] == "excluded"] == voting(before)[:1]
    assert exemplars(drawn) == on_disk
    ask(asked, contested)
    asked.until(lambda s: s["shares"] == before["shares"], "the next query asks all of them")


def test_relabelling_many_neighbours_is_one_step(asked: Screen, drawn: Path) -> None:
    before, on_disk = select(asked, 4), exemplars(drawn)
    chosen, label = [card["exemplar"] for card in before["cards"][:4]], before["keys"]["2"]
    asked.keys("r")
    asked.until(lambda s: s["hint"].startswith("Relabel 4 exemplars: press the digit"), "R waits for a digit")
    after = press(asked, "2")
    labels = {one["id"]: one["label"] for one in exemplars(drawn)}
    assert {labels[i] for i in chosen} == {label}
    changed = [one["id"] for one in on_disk if labels[one["id"]] != one["label"]]
    assert set(changed) <= set(chosen) and len(changed) >= 2
    assert after["undo"].startswith(f"Undo: Relabel {len(changed)} exemplars to {label}")
    press(asked, "ctrl+z")
    assert exemplars(drawn) == on_disk


def test_a_chain_of_edits_is_undone_and_redone_after_a_restart(asked: Screen, drawn: Path, tmp_path: Path) -> None:
    start = exemplars(drawn)
    names = six_edits(asked, tmp_path / "spiral.png")
    end = exemplars(drawn)
    assert len(names) == 6 and len(set(names)) >= 5
    asked.restart(str(drawn))
    asked.focus()
    for name in reversed(names):
        assert asked.state()["undo"] == name
        press(asked, "ctrl+z")
    assert asked.rest()["undo"] == "Undo"
    assert exemplars(drawn) == start
    for name in names:
        press(asked, "ctrl+shift+z")
        assert asked.state()["undo"] == name
    assert exemplars(drawn) == end


def six_edits(screen: Screen, spiral: Path) -> list[str]:
    """Strike, strike three, relabel two, teach, teach a new class, strike; what Undo says after each."""
    names = [press(screen, "x")["undo"]]
    select(screen, 3)
    names.append(press(screen, "x")["undo"])
    state = select(screen, 2)
    screen.keys("r")
    screen.until(lambda s: "press the digit" in s["hint"], "R waits for a digit")
    names.append(press(screen, "1" if state["cards"][0]["label"] != state["keys"]["1"] else "2")["undo"])
    screen.keys("t")
    names.append(screen.answer("labelChooser", "contested")["undo"])
    draw_spiral(seed=3).save(spiral)
    ask(screen, spiral)
    screen.keys("t")
    names.append(screen.answer("labelChooser", "spirals")["undo"])
    select(screen, 2)
    names.append(press(screen, "x")["undo"])
    return names


def test_one_earlier_step_is_reverted_and_the_later_ones_stay(drawn: Path, request: pytest.FixtureRequest) -> None:
    start = exemplars(drawn)
    ids = [one["id"] for one in start[:4]]
    run("relabel", drawn, ids[0], ids[1], "--label", "other")
    run("strike", drawn, ids[2])
    run("reweigh", drawn, ids[3], "--to", 0.5)
    whole = {one["id"]: one for one in exemplars(drawn)}
    screen: Screen = request.getfixturevalue("screen")
    screen.focus()
    screen.keys("ctrl+2")
    state = screen.until(lambda s: s["workspace"] == "curate" and len(s["history"]["spots"]) >= 4, "the history shows")
    relabelled = next(at for at, text in enumerate(state["history"]["steps"]) if text.startswith("Relabelled 2"))
    screen.click(state["history"]["spots"][relabelled])
    screen.until(lambda s: s["history"]["chosen"] == [relabelled], "the step is chosen")
    screen.keys("Tab", "space")
    screen.until(lambda s: s["note"]["text"].startswith("Reverted: Relabelled 2 exemplars"), "it is reverted")
    screen.rest()
    expected = {**whole, **{one["id"]: one for one in start if one["id"] in ids[:2]}}
    assert {one["id"]: one for one in exemplars(drawn)} == expected
    press(screen, "ctrl+z")
    assert {one["id"]: one for one in exemplars(drawn)} == whole
