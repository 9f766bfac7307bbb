"""The window photographed where there is no display, as `visualmemory demo --screenshot` does it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.e2e.real_screen import ROOT, run
from visualmemory_gui.app.theme import DARK, LIGHT

BOTH = """
import sys
from pathlib import Path
from visualmemory_gui.app.screenshot import take_all
folder = Path(sys.argv[2])
take_all(sys.argv[1], [(folder / "light.png", "light"), (folder / "dark.png", "dark")], size=(1100, 700))
"""


@pytest.fixture(autouse=True)
def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def pixels(png: Path) -> np.ndarray:
    with Image.open(png) as image:
        return np.asarray(image.convert("RGB"))


def colour(name: str) -> list[int]:
    return [int(name[i : i + 2], 16) for i in (1, 3, 5)]


def test_the_demo_command_photographs_the_memory_that_is_there(drawn: Path, tmp_path: Path) -> None:
    (said,) = run("demo", "--to", drawn, "--screenshot", tmp_path / "window.png")
    assert said == {"memory": str(drawn)}
    assert pixels(tmp_path / "window.png").shape == (800, 1280, 3)
    assert run("verify", drawn)[0]["ok"]


def test_both_looks_show_the_same_decision_on_their_own_ground(drawn: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOTH, str(drawn), str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    light, dark = pixels(tmp_path / "light.png"), pixels(tmp_path / "dark.png")
    assert light.shape == dark.shape == (700, 1100, 3)
    for shown, look in ((light, LIGHT), (dark, DARK)):
        grounds = [(shown == colour(ground)).all(axis=2).mean() for ground in (look.surface, look.window)]
        assert sum(grounds) > 0.5, "the ground is not that of the look"
    assert colourful_where_both_agree(light, dark) > 0.02, "no image is shown in both"


def colourful_where_both_agree(light: np.ndarray, dark: np.ndarray) -> float:
    """The part of the window that is coloured and the same in both looks: the images, for all else changes."""
    same = (light == dark).all(axis=2)
    spread = light.max(axis=2).astype(int) - light.min(axis=2)
    return float((same & (spread > 40)).mean())


def test_a_photograph_leaves_no_trace_in_the_settings(drawn: Path, tmp_path: Path) -> None:
    run("demo", "--to", drawn, "--screenshot", tmp_path / "window.png")
    assert not list(Path(os.environ["XDG_CONFIG_HOME"]).rglob("*.ini"))
