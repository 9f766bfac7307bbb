"""The film of the window: two of its scenes over a small memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import COLOURS, paint_image, write_images
from tools.screenshots.scenes import WRONG
from visualmemory_gui.engine.memory.visual_memory import VisualMemory

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    """A memory of nine images, and next to it the query of the film."""
    with VisualMemory.create(tmp_path / "demo.vmem", encoder="fake") as memory:
        memory.build(write_images(tmp_path / "images", each=3), copy=True)
    queries = tmp_path / "demo-queries"
    queries.mkdir()
    paint_image(COLOURS["animals/cat"], seed=77).save(queries / WRONG)
    return tmp_path / "demo.vmem"


def test_a_film_of_two_scenes_opens_and_strikes_only_in_its_copy_of_the_memory(demo: Path, tmp_path: Path) -> None:
    film = tmp_path / "films" / "film.webp"
    command = [
        sys.executable,
        "-m",
        "tools.film",
        "--memory",
        demo,
        "--to",
        film,
        "--only",
        "dropped",
        "struck",
        "--quality",
        "30",
    ]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120).stderr
    assert said.splitlines()[-1].startswith(f"{film}: ")
    with Image.open(film) as shown:
        assert shown.format == "WEBP" and shown.size == (960, 646)
        frames = [shown.seek(n) or (shown.load(), shown.info["duration"])[1] for n in range(shown.n_frames)]
    assert 8_000 < sum(frames) < 30_000
    assert max(frames) > 3_000  # a frame in which nothing moves is one frame
    with VisualMemory.open(demo, readonly=True) as memory:
        assert sum(memory.class_counts().values()) == 9
