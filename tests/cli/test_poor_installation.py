"""Commands where optional libraries are broken, where no home can be written, and where Python is too old."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint_image, write_images
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.encoders import openvino_lite, openvino_runtime
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.memory import image_reader

ROOT = Path(__file__).resolve().parents[2]
BROKEN = {
    "hnswlib.py": "raise OSError('hnswlib.so: undefined symbol: _ZN3')",
    "openTSNE/__init__.py": "raise ImportError('numpy.core.multiarray failed to import')",
    "openvino/__init__.py": "raise RuntimeError('libopenvino.so: cannot open shared object file')",
    "mcp/__init__.py": "raise ImportError('DLL load failed while importing _pydantic_core')",
}


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of a process in which those libraries are broken and no folder of the user can be written."""
    for name, text in BROKEN.items():
        (tmp_path / "broken" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "broken" / name).write_text(text, encoding="utf-8")
    (tmp_path / "home").write_text("a file, below which nothing can be made", encoding="utf-8")
    home = str(tmp_path / "home")
    user = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"), home)
    return {**os.environ, **user, "PYTHONPATH": os.pathsep.join([str(tmp_path / "broken"), str(ROOT)])}


def run(env: dict[str, str], *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "visualmemory_gui", *map(str, words)]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert "Traceback" not in done.stderr
    return done


def test_a_memory_is_built_and_asked_and_what_is_broken_is_named(env: dict[str, str], tmp_path: Path) -> None:
    write_images(tmp_path / "images", each=2)
    paint_image(COLOURS["animals/dog"], seed=500).save(tmp_path / "new.png")
    place = tmp_path / "m.vmem"
    built = run(env, "build", tmp_path / "images", place)
    assert built.returncode == 0, built.stderr
    decided = run(env, "classify", place, tmp_path / "new.png")
    assert decided.returncode == 0 and "animals/dog" in decided.stdout, decided.stderr
    tsne = run(env, "map", place, "--method", "tsne")
    assert tsne.returncode == 1 and "visualmemory_gui[map]" in tsne.stderr and "multiarray failed" in tsne.stderr
    served = run(env, "mcp", place)
    assert served.returncode == 1 and "`visualmemory doctor`" in served.stderr and "DLL load failed" in served.stderr


def test_where_torch_cannot_use_the_gpu_the_cpu_decides_and_doctor_says_why(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "broken/torch").mkdir()
    (tmp_path / "broken/torch/__init__.py").write_text("raise OSError('libcudart.so.13: cannot open shared object')")
    (tmp_path / "broken/torch/version.py").write_text("cuda = '13.0'")
    likely = "from visualmemory_gui.engine.device import choice; choice._DRIVER_SIGNS = ('/',)"
    (tmp_path / "broken/sitecustomize.py").write_text(likely, encoding="utf-8")
    env.pop("CUDA_VISIBLE_DEVICES", None)
    write_images(tmp_path / "images", each=2)
    built = run(env, "build", tmp_path / "images", tmp_path / "m.vmem", "--encoder", "fake")
    assert built.returncode == 0 and "the CPU computes" in built.stderr and "libcudart.so.13" in built.stderr
    asked = run(env, "classify", tmp_path / "m.vmem", tmp_path / "images/animals/cat/0.png", "--device", "cuda")
    assert asked.returncode != 0 and "libcudart.so.13" in asked.stderr and "choose auto or cpu" in asked.stderr
    told = run(env, "doctor").stdout
    assert "so the CPU computes" in told and "libcudart.so.13" in told and "update the GPU's driver" in told


def test_an_openvino_that_cannot_be_imported_leaves_the_converted_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise EncoderError(openvino_runtime.BROKEN.format("no libopenvino.so"))

    monkeypatch.setattr(openvino_runtime, "module", fail)
    monkeypatch.setattr(openvino_lite.shutil, "rmtree", lambda *_, **__: pytest.fail("removed"))
    with pytest.raises(EncoderError, match=r"cannot be imported .* installs it again"):
        openvino_lite.load(bulk=False)


def test_a_large_folder_is_imported_where_the_faster_encoder_cannot_be_kept(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "home").write_text("a file where the folder should be", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(image_reader, "WORTH_PREPARING", 1)
    with VisualMemory.create(tmp_path / "m.vmem", encoder="lite0") as memory:
        memory.build(images)
        assert len(memory) == 18
    assert "cannot be kept" in caplog.text


def test_a_python_that_is_too_old_is_named_before_anything_is_installed(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    real = f"exec {sys.executable} -c 'import sys; sys.version_info = (3, 10, 13); exec(sys.argv[2])' \"$@\""
    old.write_text(f"#!/bin/sh\n{real}\n", encoding="utf-8")
    old.chmod(0o755)
    command = ["make", "python", f"PYTHON={old}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "Python 3.10 is too old" in done.stderr and "Traceback" not in done.stderr
    assert subprocess.run([*command[:2], f"PYTHON={sys.executable}"], cwd=ROOT, check=False).returncode == 0
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"  # which pip and uv check
