"""A virtual environment of its own, what is installed into it, and what works there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.release import size

TRIAL = Path(__file__).with_name("trial.py")
NO_COMPILER = {"CC": "/bin/false", "CXX": "/bin/false"}
Outcomes = dict[str, str]


@dataclass(frozen=True)
class Environment:
    """A virtual environment in the folder ``place``."""

    place: Path

    @classmethod
    def made(cls, place: Path, *, below: Environment | None = None, python: str = sys.executable) -> Environment:
        """A new one; what is installed in ``below`` is installed in it too."""
        subprocess.run([python, "-m", "venv", str(place)], check=True)
        new = cls(place)
        if below is not None:
            (new.site / "below.pth").write_text(f"{below.site}\n", encoding="utf-8")
        return new

    @property
    def python(self) -> Path:
        return self.place / "bin/python"

    @property
    def site(self) -> Path:
        """Where its packages lie."""
        [site] = self.place.glob("lib/python3*/site-packages")
        return site

    def install(self, *words: str, env: Mapping[str, str] | None = None) -> float:
        """``pip install`` of ``words``; the seconds that it takes. Raises CalledProcessError, with what pip says."""
        command = [str(self.python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *words]
        began = time.monotonic()
        subprocess.run(command, env={**os.environ, **(env or {})}, check=True, capture_output=True, text=True)
        return time.monotonic() - began

    def size(self) -> int:
        """Bytes of its packages, without those below."""
        return size(self.site)

    def outcomes(self, images: Path, room: Path, *, cache: bool = False) -> Outcomes:
        """What works there; see ``outcomes``."""
        return outcomes(self.python, images, room, cache=cache)


def outcomes(python: Path, images: Path, room: Path, *, cache: bool = False) -> Outcomes:
    """What works in the installation of ``python``, by function, in the new folder ``room``, with what ``write_images``
    wrote to ``images``. See ``trial``. With ``cache`` the encoder may have been converted already."""
    room.mkdir(parents=True)
    for file in images.iterdir():
        (room / file.name).symlink_to(file)
    own = ("DATA", "CONFIG", "STATE", *(() if cache else ("CACHE",)))
    folders = {f"XDG_{name}_HOME": str(room / name.lower()) for name in own}
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    command = [str(python), "-P", str(TRIAL), str(room)]
    done = subprocess.run(
        command, cwd=room, env={**env, **folders}, capture_output=True, text=True, timeout=900, check=False
    )
    if done.returncode:
        return {"trial": f"FAILED: {done.stderr[-300:]}"}
    found: Outcomes = json.loads(done.stdout.splitlines()[-1])
    return {name: said.replace(str(room), "…") for name, said in found.items()}


def write_images(folder: Path) -> Path:
    """The images and the video that a trial uses, in the new folder ``folder``."""
    import av
    import numpy as np
    import pillow_heif
    from PIL import Image

    for label, colour in {"red": (200, 30, 30), "green": (30, 160, 60)}.items():
        (folder / "images" / label).mkdir(parents=True)
        for i in range(3):
            Image.new("RGB", (90 + i, 60), colour).save(folder / "images" / label / f"{i}.png")
    query = Image.new("RGB", (70, 70), (190, 40, 35))
    query.save(folder / "query.png")
    pillow_heif.from_pillow(query).save(folder / "photo.heic")
    with av.open(str(folder / "film.mp4"), "w") as film:
        stream = film.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for at in range(30):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((120, 160, 3), at, np.uint8), format="rgb24")))
        film.mux(stream.encode())
    return folder


def last_words(error: subprocess.CalledProcessError) -> str:
    """What a command said at last before it failed, without paths of this computer."""
    lines = [line.strip() for line in f"{error.stdout or ''}\n{error.stderr or ''}".splitlines() if line.strip()]
    told = [line for line in lines if re.search("error|fail", line, re.IGNORECASE)] or lines or ["nothing"]
    return re.sub(r"/\S+/", "…/", told[-1])[:300]
