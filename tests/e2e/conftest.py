"""Fixtures of the end-to-end tests: a memory of drawings by the real encoder, and the program over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.drawings import write_drawings
from tests.e2e.real_screen import Screen, run, x_server


@pytest.fixture(scope="session")
def drawn_original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, by the command line: 8 classes of 7 drawings, by the encoder that the product comes with.

    It votes by rank with the old class factor, by which a single lesson wins over all that looks like it.
    """
    folder = tmp_path_factory.mktemp("drawn")
    (built,) = run("build", write_drawings(folder / "drawings", each=7), folder / "drawn.vmem")
    assert built["added"] == 56
    run("settings", folder / "drawn.vmem", "rule", "rank")
    run("settings", folder / "drawn.vmem", "class_factor", "old")
    return folder / "drawn.vmem"


@pytest.fixture
def drawn(drawn_original: Path, tmp_path: Path) -> Path:
    """The folder of a closed memory that the test may change."""
    return Path(shutil.copytree(drawn_original, tmp_path / "drawn.vmem"))


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """One X server for all tests: each has it to itself."""
    with x_server() as name:
        yield name


@pytest.fixture
def screen(drawn: Path, tmp_path: Path, display: str) -> Iterator[Screen]:
    """The program over that memory. At the end it closes well and the memory is sound."""
    (tmp_path / "room").mkdir()
    shown = Screen(tmp_path / "room", display, str(drawn))
    try:
        shown.rest()
        yield shown
        shown.close()
    finally:
        shown.end()
    assert run("verify", drawn)[0]["ok"]


@pytest.fixture
def started(tmp_path: Path, display: str) -> Iterator[Screen]:
    """The program as it is started first: without a memory."""
    (tmp_path / "room").mkdir()
    screen = Screen(tmp_path / "room", display)
    try:
        screen.until(lambda s: s["shown"] and not s["busy"], "the window is there")
        yield screen
        screen.close()
    finally:
        screen.end()
