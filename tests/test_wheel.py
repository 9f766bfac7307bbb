"""The installed wheel: what it ships, that its child processes start from it, and that what it declares suffices."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools import release
from tools.installation import extras
from tools.installation.environment import Environment, write_images

ROOT = Path(__file__).resolve().parents[1]
CHILD = re.compile(r'"-m", (?:"visualmemory_gui\.[\w.]*?(\w+)"|(\w+)\.__name__)')
"""A module that is started as a process: its last name, written out or imported."""

ALL_CHILDREN = """
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image

started = []
sys.addaudithook(lambda event, told: started.append(list(told[1])) if event == "subprocess.Popen" else None)

import visualmemory_gui
from visualmemory_gui import VisualMemory
from visualmemory_gui.app import resources
from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.exchange.video_frames import save_frames
from visualmemory_gui.engine.images.pool import DecodePool

room = Path(sys.argv[1])
Image.new("RGB", (60, 40), "red").save(room / "red.png")
with DecodePool(workers=1) as pool:
    shape = pool.decode(room / "red.png").pixels.shape
try:
    save_frames(room / "red.png", room / "frames")
except BadImage as error:
    refused = error.reason
with VisualMemory.create(room / "m.vmem", dim=4) as memory:
    ids = memory.add_vectors(np.eye(4, dtype=np.float32), list("abcd"))
    memory.forget(ids[:1])
app(["export", str(room / "m.vmem"), str(room / "m.parquet")], standalone_mode=False)
app(["import", str(room / "m.parquet"), str(room / "again.vmem")], standalone_mode=False)
with VisualMemory.open(room / "again.vmem", readonly=True) as memory:
    found = {
        "package": visualmemory_gui.__file__,
        "resources": [len(resources.style_sheet()), Path(resources.app_icon()).is_file()],
        "shape": shape,
        "refused": refused,
        "imported": len(memory),
        "started": started,
    }
print(json.dumps(found, default=str))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel of this source tree is installed."""
    room = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    without = ["--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "wheel", str(ROOT), *without, "--wheel-dir", str(room)], check=True, cwd=room)
    [wheel] = room.glob("*.whl")
    site = room / "site"
    subprocess.run([*pip, "install", "--no-deps", "--no-compile", "--target", str(site), str(wheel)], check=True)
    return site


def run(site: Path, *command: str) -> str:
    """The output of a process that finds the package in the wheel and runs apart from the source tree."""
    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=site.parent, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_that_is_started_as_a_process_starts_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "visualmemory_gui").rglob("*.py")]
    modules = {"".join(names) for text in sources for names in CHILD.findall(text)}
    shown = run(installed, sys.executable, "-P", "-c", ALL_CHILDREN, str(tmp_path))
    found = json.loads(shown.splitlines()[-1])
    assert Path(found["package"]).is_relative_to(installed)
    assert found["resources"][0] > 0 and found["resources"][1]
    assert (found["shape"], found["imported"]) == ([224, 224, 3], 3)
    assert "not a video" in found["refused"]
    assert {command[2].rpartition(".")[2] for command in found["started"] if command[1] == "-m"} == modules
    assert modules >= {"child", "byte_scan", "video_child"}
    scripts = {command[2] for command in found["started"] if command[1] == "-P"}
    assert scripts == {str(installed / "visualmemory_gui/engine/exchange/table_child.py")}


def test_the_commands_that_the_wheel_installs_start(installed: Path) -> None:
    assert run(installed, sys.executable, "-P", "-m", "visualmemory_gui", "--help") == run(
        installed, str(installed / "bin/visualmemory"), "--help"
    )
    assert (installed / "bin/visualmemory-gui").is_file()


def declared(package: str, extra: str = "", found: dict[tuple[str, str], metadata.Distribution] | None = None):
    """The installed packages that ``package`` requires, and those that they do, by name and extra."""
    found = {} if found is None else found
    for line in metadata.requires(package) or []:
        needed = Requirement(line)
        if needed.marker is None or needed.marker.evaluate({"extra": extra}):
            for each in ("", *needed.extras):
                if (needed.name, each) not in found:
                    found[needed.name, each] = metadata.distribution(needed.name)
                    declared(needed.name, each, found)
    return found


def with_declared_alone(place: Path) -> Environment:
    """A new environment with links to what the product declares without an extra, and to nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    new = Environment(place)
    for one in declared("visualmemory_gui").values():
        for name in {Path(file).parts[0] for file in one.files or []} - {"..", "__pycache__"}:
            if not (new.site / name).exists():
                (new.site / name).symlink_to(one.locate_file(name))
    return new


def test_the_wheel_of_the_source_archive_works_with_what_it_declares_alone(tmp_path: Path) -> None:
    """Whatever an extra brings is missed in words."""
    archive, wheel = release.built(tmp_path / "dist")
    (tmp_path / "source").mkdir()
    again = release.wheel_of(archive, tmp_path / "source")
    assert release.files(again) == release.files(wheel)

    clean = with_declared_alone(tmp_path / "clean")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "install",
        "--no-deps",
        "--no-compile",
    ]
    subprocess.run([*pip, "--target", str(clean.site), str(again)], check=True)
    outcomes = clean.outcomes(write_images(tmp_path / "images"), tmp_path / "room", cache=True)
    assert extras.failures({extras.NONE: {"outcomes": outcomes}}) == []
    assert {name for name, said in outcomes.items() if said == extras.BROUGHT} == set(extras.ALWAYS)
