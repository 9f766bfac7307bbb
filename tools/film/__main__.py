"""Films the main story of the window, from a copy of the demo memory, as an animated WebP for the README.

    python -m tools.film                        # build/film.webp
    python -m tools.film --to resources/film.webp

The window is the real one, offscreen, and gets the events that a hand would cause. Waiting is cut out: the film shows
what happens, not how fast. Neither the user's memories nor settings are touched.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before anything makes an application

from PySide6.QtWidgets import QApplication

from tools.film import scenes
from tools.screenshots.stage import staged
from visualmemory_gui.app import theme
from visualmemory_gui.app.screenshot import silent_plugin
from visualmemory_gui.engine.exchange.demo.demo import default_place, make_demo

SIZE = (1280, 800)
LONGEST_MS, LARGEST = 60_000, 5_000_000
QUALITY = 88


def film(demo: Path, to: Path, story: Sequence[Callable[[scenes.Set], None]], *, quality: int = QUALITY) -> int:
    """Film the scenes of ``story`` over a copy of ``demo``; returns the film's milliseconds."""
    with silent_plugin(), staged(demo, to.parent, SIZE) as stage:
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        theme.apply(app, "light")
        shown = scenes.Set(stage)
        for scene in story:
            scene(shown)
            print(f"{scene.__name__} until {shown.camera.length_ms / 1000:.1f} s", file=sys.stderr)
        shown.camera.write(to, quality=quality)
        return shown.camera.length_ms


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--memory", type=Path, help="the demo memory to copy; made where it is not there")
    options.add_argument("--to", type=Path, default=Path("build/film.webp"))
    options.add_argument("--only", nargs="*", help="names of scenes")
    options.add_argument("--quality", type=int, default=QUALITY, help="of WebP, 0 to 100")
    chosen = options.parse_args()
    story = [scene for scene in scenes.STORY if not chosen.only or scene.__name__ in chosen.only]
    length = film(make_demo(chosen.memory or default_place()), chosen.to, story, quality=chosen.quality)
    size = chosen.to.stat().st_size
    print(f"{chosen.to}: {length / 1000:.0f} s, {size / 1e6:.1f} MB", file=sys.stderr)
    if length > LONGEST_MS or size > LARGEST:
        raise SystemExit(f"longer than {LONGEST_MS // 1000} s or larger than {LARGEST / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
