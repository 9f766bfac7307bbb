"""Makes all images of the window, in both looks and four sizes, from a copy of the demo memory.

    python -m tools.screenshots                      # build/screenshots/NAME-LOOK-SIZE.png
    python -m tools.screenshots --keep               # and renews those in resources/screenshots
    python -m tools.screenshots --size 960x540@2     # a screen of 1920 x 1080 at 200 %, filled by the window

The window is the real one and does what a person would do in it; neither the user's memories nor settings are touched.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything makes an application

from PIL import Image

from tools.screenshots import scenes
from tools.screenshots.stage import Stage, staged
from visualmemory_gui.app.screenshot import silent_plugin
from visualmemory_gui.engine.exchange.demo.demo import default_place, make_demo

KEPT_IN = Path(__file__).resolve().parents[2] / "resources" / "screenshots"
SCREEN = (1920, 1080)  # device pixels
KEPT_SIZE = "1280x800"
SIZES = {KEPT_SIZE: (1280, 800), "1920x1080": (1920, 1080), "1000x650": (1000, 650), "960x540@2": (960, 540)}
KEPT = (
    "decide-light", "parts-light", "compare-light", "struck-light", "teach-light", "taught-light", "queue-light",
    "cull-light", "encoder-fetch-light", "curate-dark", "review-labels-light", "history-light", "export-light",
    "map-images-light",
)  # fmt: skip
LARGEST = 240_000  # bytes of a kept image


def play(demo: Path, to: Path, size: tuple[int, int], story: Sequence[Callable[[Stage], object]]) -> None:
    """All scenes in one window of that size, over a copy of the demo memory of their own."""
    with staged(demo, to, size) as stage:
        for scene in story:
            scene(stage)
            stage.close_dialogs()


def keep(to: Path) -> None:
    """Put the chosen ones where the documents show them, with few enough colours to be small."""
    for name in KEPT:
        with Image.open(to / f"{name}-{KEPT_SIZE}.png") as image:
            small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            small.save(KEPT_IN / f"{name}.png", optimize=True)
        size = (KEPT_IN / f"{name}.png").stat().st_size
        print(f"{name}.png {size / 1000:.0f} kB{' (large)' if size > LARGEST else ''}", file=sys.stderr)


def set_screen(size: str, folder: Path) -> None:
    """Give an application made later a screen of ``SCREEN`` on Qt's offscreen plugin, enlarged as ``size`` says."""
    screen = {"name": "screen", "x": 0, "y": 0, "width": SCREEN[0], "height": SCREEN[1],
              "logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}  # fmt: skip
    described = folder / "screens.json"
    described.write_text(json.dumps({"screens": [screen]}))
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={described}"
    os.environ["QT_SCALE_FACTOR"] = size.partition("@")[2] or "1"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--memory", type=Path, help="the demo memory to copy; made where it is not there")
    options.add_argument("--to", type=Path, default=Path("build/screenshots"))
    options.add_argument("--only", nargs="*", help="names of scenes")
    options.add_argument("--size", choices=SIZES, help="all, each in a process of its own, where none is given")
    options.add_argument("--keep", action="store_true", help="renew those in resources/screenshots")
    chosen = options.parse_args()
    demo = make_demo(chosen.memory or default_place())
    chosen.to.mkdir(parents=True, exist_ok=True)
    if chosen.size is None:
        for size in SIZES:
            subprocess.run([sys.executable, "-m", "tools.screenshots", *sys.argv[1:], f"--size={size}"], check=True)
        return
    story = [scene for scene in scenes.STORY if not chosen.only or scene.__name__ in chosen.only]
    with silent_plugin(), TemporaryDirectory(prefix="visualmemory-") as folder:
        set_screen(chosen.size, Path(folder))
        play(demo, chosen.to, SIZES[chosen.size], story)
    if chosen.keep and chosen.size == KEPT_SIZE:
        keep(chosen.to)


if __name__ == "__main__":
    main()
