"""Imagenette: photographs of ten classes, a small part of ImageNet, fetched by torchvision."""

from __future__ import annotations

import urllib.error
from pathlib import Path

from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange.demo.selection import Chosen, Needs, classes_of, laid_out, lay_out
from visualmemory_gui.engine.progress import Report

SIZE = "320px"
BYTES = 340_000_000
WHAT = "photographs of ten classes (Imagenette)"


def needs(room: Path) -> Needs | None:
    """What ``fetch`` would still download."""
    own = room / "imagenette"
    here = laid_out(own) is not None or any(own.glob("imagenette2*/train"))
    return Needs(WHAT, 0 if here else BYTES)


def fetch(room: Path, report: Report) -> Chosen:
    """Images in ``room``; what was fetched before is reused. Raises ExchangeError without a network."""
    own = room / "imagenette"
    done = laid_out(own)
    if done is not None:
        return done
    try:
        from torchvision.datasets import Imagenette  # late: heavy, and only needed here
    except ImportError as error:
        raise ExchangeError(f"torchvision cannot be used to fetch Imagenette: {error}") from None
    own.mkdir(parents=True, exist_ok=True)
    report(0, None, f"downloading Imagenette, {BYTES // 1_000_000} MB")
    try:
        dataset = Imagenette(own, split="train", size=SIZE, download=not any(own.glob("imagenette2*/train")))
    except (OSError, RuntimeError, urllib.error.URLError) as error:
        raise ExchangeError(f"Imagenette cannot be fetched: {error}; it needs a network") from None
    report(0, None, "choosing images")
    names = {wnid: names[0].replace(" ", "_") for wnid, names in zip(dataset.wnids, dataset.classes, strict=True)}
    found = classes_of(own / f"imagenette2-{SIZE.removesuffix('px')}" / "train")
    return lay_out({names.get(wnid, wnid): paths for wnid, paths in found.items()}, own)
