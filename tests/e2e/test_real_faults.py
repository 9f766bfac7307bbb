"""Faults of the window that were mended, met again with a real mouse and real keys."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from tests.e2e.drawings import draw
from tests.e2e.real_screen import Screen, State, run, tab_until, x_server
from visualmemory_gui.app.operations.edit import READ_ONLY
from visualmemory_gui.engine.exchange.demo import demo
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

pytestmark = pytest.mark.xvfb
Start = Callable[..., AbstractContextManager[Screen]]
SCALE, MOST_NOTCHES = 2, 40


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts the program on a display, and closes it well at the end."""

    @contextmanager
    def started(display: str, *arguments: str) -> Iterator[Screen]:
        (tmp_path / "room").mkdir()
        screen = Screen(tmp_path / "room", display, *arguments)
        try:
            screen.until(lambda s: s["shown"], "the window is there")
            yield screen
            screen.close()
        finally:
            screen.end()

    return started


@pytest.fixture
def image(tmp_path: Path) -> Path:
    draw("round/disks", seed=50).save(tmp_path / "disks.png")
    return tmp_path / "disks.png"


def ask(screen: Screen, image: Path) -> State:
    """Decide ``image`` by the keyboard, once the memory is open."""
    screen.rest()
    screen.focus()
    screen.keys("ctrl+d")
    screen.answer("QFileDialog", str(image))
    screen.until(lambda s: bool(s["cards"]), "it is decided")
    return screen.rest()


def test_two_fast_clicks_on_the_demo_open_it_once_and_it_can_be_edited(
    start: Start, display: str, drawn: Path, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    place = demo.default_place()
    shutil.copytree(drawn, place)
    with start(display) as screen:
        screen.focus()
        screen.click(screen.state()["begin"]["Open demo memory"], times=2)
        state = screen.rest()
        assert state["workspace"] == "decide" and state["texts"]["statusSaved"] == "saved" and not state["dialog"]
        screen.click(ask(screen, image)["strikes"][0])
        screen.until(lambda s: s["undo"] == "Undo: Strike out 1 exemplar", "the first neighbour is struck out")
    assert len(run("show", place, "--state", "struck")) == 1


def test_the_button_of_a_card_says_why_a_memory_that_is_only_read_stays_as_it_is(
    start: Start, display: str, drawn: Path, image: Path
) -> None:
    with VisualMemory.open(drawn), start(display, str(drawn)) as screen:
        screen.focus("readingDialog")
        screen.keys("Return")
        screen.until(lambda s: s["texts"]["statusSaved"] == "read only", "it is open for reading")
        before = ask(screen, image)
        screen.click(before["strikes"][0])
        after = screen.until(lambda s: s["note"]["text"] == READ_ONLY, "it is said why nothing happens")
        assert after["cards"] == before["cards"]
    assert run("show", drawn, "--state", "struck") == []


def test_an_edit_after_going_back_keeps_the_tagged_state_on_a_branch(
    start: Start, display: str, drawn: Path, image: Path
) -> None:
    run("strike", drawn, 1)
    run("tag", drawn, "clean")
    run("undo", drawn)
    with start(display, str(drawn)) as screen:
        screen.click(ask(screen, image)["strikes"][0])
        screen.until(lambda s: s["note"]["text"].startswith("Struck"), "the card is struck out")
    (listed,) = run("tag", drawn)
    assert [tag["tag"] for tag in listed["tags"]] == ["clean"]
    run("tag", drawn, "clean", "--go")
    assert [row["id"] for row in run("show", drawn, "--state", "struck")] == [1]


@pytest.fixture(scope="module")
def wide_and_tall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images that are no squares, and the memory of them beside it."""
    images = tmp_path_factory.mktemp("shapes") / "images"
    for look, box in (("round/disks", (0, 45, 160, 115)), ("straight/checks", (45, 0, 115, 160))):
        (images / look).mkdir(parents=True)
        for seed in range(3):
            draw(look, seed=seed).crop(box).save(images / look / f"{seed}.png")
    run("build", images, images.with_suffix(".vmem"))
    return images


@pytest.mark.parametrize("look", ["round/disks", "straight/checks"])
def test_the_similarity_map_changes_no_pixel_of_a_card_beside_its_image(
    start: Start, display: str, wide_and_tall: Path, tmp_path: Path, look: str
) -> None:
    with start(display, str(wide_and_tall.with_suffix(".vmem"))) as screen:
        ask(screen, wide_and_tall / look / "0.png")
        tab_until(screen, lambda s: s["focus"] == "similaritySwitch", "the switch")
        left, top, width, height = screen.state()["similarity"]["card"]
        screen.hands("mousemove", str(left + width // 2), str(top + height // 2))
        screen.until(lambda s: s["similarity"]["pointed"] and s["similarity"]["image"], "the card has its image")
        there = screen.rest()
        plain = still(screen, tmp_path / "plain.png")
        screen.keys("space")
        screen.until(lambda s: s["similarity"]["of"] == there["cards"][0]["exemplar"], "its map is there")
        screen.rest()
        covered = still(screen, tmp_path / "covered.png")
    place = there["similarity"]
    x, y, wide, high = place["grid"]
    changed = difference(plain, covered, (x, y, x + wide, y + high))
    assert changed is not None
    size = (changed[2] - changed[0], changed[3] - changed[1])
    assert all(0 <= own - each <= 2 for own, each in zip(place["image"], size, strict=True)), (size, place["image"])
    assert x + changed[0] >= left and y + changed[1] >= top
    assert x + changed[2] <= left + width and y + changed[3] <= top + height


def still(screen: Screen, file: Path) -> Image.Image:
    """The screen once two looks at it are the same."""
    last, now = None, screen.grab(file)
    while now != last:
        last, now = now, screen.grab(file)
    return now


def difference(one: Image.Image, other: Image.Image, corners: tuple[int, int, int, int]) -> tuple[int, ...] | None:
    """The smallest box within ``corners`` that holds all that differs, relative to them: left, top, right, bottom."""
    return ImageChops.difference(one.crop(corners), other.crop(corners)).getbbox()


def pixels(spot: list[int]) -> list[int]:
    """Where on the scaled screen a spot of the window is."""
    return [SCALE * each for each in spot]


def met_by_wheel(screen: Screen) -> tuple[set[str], State]:
    """The parts of the vote's panel that come wholly into sight on the way down, and the last state."""
    met: set[str] = set()
    for _ in range(MOST_NOTCHES):
        state = screen.state()
        vote = state["vote"]
        met |= {name for name, high in vote["high"].items() if vote["seen"][name] >= min(high, vote["room"])}
        if met == set(vote["high"]):
            break
        screen.wheel(pixels(vote["middle"]), down=True)
    return met, state


def test_all_of_the_vote_can_be_reached_by_the_wheel_on_a_low_screen_at_200_percent(
    start: Start, drawn: Path, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_SCALE_FACTOR", str(SCALE))
    with x_server("1920x1080x24") as display, start(display, str(drawn)) as screen:
        state = ask(screen, image)
        screen.click(pixels(state["vote"]["spots"]["fold"]))
        state = screen.until(
            lambda s: {"distances", "flip"} <= set(s["vote"]["high"]), "the details are open, and all is said"
        )
        assert sum(state["vote"]["high"].values()) > state["vote"]["room"]  # there is no room for all at once
        met, state = met_by_wheel(screen)
        assert met == set(state["vote"]["high"]) >= {"bars", "rules", "distances", "classes"}
