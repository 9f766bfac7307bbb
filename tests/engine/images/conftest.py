"""Fixtures of the image tests: a pool of decoding children, and an image in which every corner differs."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.types import Geometry

SMALL = Geometry(size=64, fit="letterbox", resize=64)

# A child like the product's that does what the file's name says.
_ODD_CHILD = """
import os, signal, sys, threading
from visualmemory_gui.engine.images import child
real = child.decode
def odd(path, geometry):
    name = os.path.basename(path)
    if "hang" in name: threading.Event().wait()
    if "crash" in name: os.kill(os.getpid(), signal.SIGKILL)
    if "chatty" in name: print("a library prints", flush=True); os.write(1, b"and so does a C library")
    return real(path, geometry)
child.decode = odd
child.main()
"""


@pytest.fixture
def geometry() -> Geometry:
    return SMALL


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodePool]:
    with DecodePool(2, SMALL) as running:
        yield running


@pytest.fixture
def odd_child() -> list[str]:
    """A command for a child that hangs, crashes or prints when the file's name says so."""
    return [sys.executable, "-c", _ODD_CHILD]


@pytest.fixture
def scene() -> Image.Image:
    """96 x 64 pixels: smooth colours that tell left from right and top from bottom."""
    y, x = np.mgrid[0:64, 0:96]
    return Image.fromarray(np.stack([x * 2.5, y * 3.5, 255 - (x + y) * 1.5], axis=-1).clip(0, 255).astype(np.uint8))
