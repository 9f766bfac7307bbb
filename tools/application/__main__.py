"""Build the application and try it: ``python -m tools.application``, into ``build/app``. Needs the extra ``app``.

It is what PyInstaller makes of the command line: one folder that starts without Python. It holds ``lite0`` converted
for OpenVINO; torch only where the one that is installed computes on the CPU alone, for one for CUDA brings gigabytes.
The try builds a memory, decides an image, exports and imports it, and starts the window, with nothing of this
installation in reach. Prints the size and what was tried.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools.application.start import SHIPPED
from tools.release import size
from visualmemory_gui.engine.device.torch_required import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/app"
NAME = "visualmemory"
MOST_BYTES = {False: 1_000_000_000, True: 1_600_000_000}
"""By whether torch is in it."""
HERE = "visualmemory_gui"
WITH_TORCH = ("torch", "torchvision", "timm", "huggingface_hub", "sympy", "networkx", "fsspec")
"""What needs torch, and what torch needs."""
LEFT_OUT = (
    "triton", "nvidia", "open_clip", "tokenizers", "openTSNE", "sklearn", "scipy", "pandas", "pymilvus", "milvus_lite",
    "av", "mcp", "matplotlib", "tkinter", "IPython", "pytest", "hypothesis", "ray", "mypy", "faiss", "grpc", "onnx",
    "tensorflow", "hatchling", "coverage",
)  # fmt: skip
METADATA = (
    HERE, "apsw", "hnswlib", "numpy", "openvino", "Pillow", "platformdirs", "pyarrow", "pyqtgraph",
    "PySide6-Essentials", "qtawesome", "safetensors", "threadpoolctl", "typer",
)  # fmt: skip
EXPECTED = {"added": 6, "label": "red", "window": True}
NEEDS_TORCH = {False: "says what is missing", True: "works"}
"""What comes of an encoder that needs torch, by whether torch is in the application."""


def takes_torch() -> bool:
    """Whether torch goes into the application: it computes on the CPU alone, and torchvision can be imported too."""
    try:
        import torch
        import torchvision  # noqa: F401
    except (ImportError, OSError, RuntimeError):
        return False
    return torch.version.cuda is None and getattr(torch.version, "hip", None) is None


def build(*, with_torch: bool) -> Path:
    """Make the application; the path of its program."""
    import PyInstaller.__main__

    from visualmemory_gui.engine.encoders import openvino_lite

    openvino_lite.prepare()
    shutil.rmtree(BUILD, ignore_errors=True)
    package = ROOT / HERE
    model = openvino_lite.folder()
    left_out = LEFT_OUT if with_torch else (*LEFT_OUT, *WITH_TORCH)
    data = {
        package / "engine/exchange/table_child.py": f"{HERE}/engine/exchange",
        ROOT / "resources/icons": f"{HERE}/resources/icons",
        ROOT / "resources/style.qss": f"{HERE}/resources",
        ROOT / "resources/desktop": "desktop",
        model: f"{SHIPPED}/{model.name}",
    }
    PyInstaller.__main__.run(
        [
            str(ROOT / "tools/application/start.py"),
            *("--name", NAME, "--onedir", "--noconfirm", "--log-level", "WARN", "--paths", str(ROOT)),
            *("--distpath", str(BUILD), "--workpath", str(BUILD / "work"), "--specpath", str(BUILD / "work")),
            *("--collect-submodules", HERE, "--collect-data", "qtawesome", "--collect-all", "openvino"),
            *(word for name in (*METADATA, *(PACKAGES if with_torch else ())) for word in ("--copy-metadata", name)),
            *(word for name in left_out for word in ("--exclude-module", name)),
            *(word for source, target in data.items() for word in ("--add-data", f"{source}{os.pathsep}{target}")),
        ]
    )
    shutil.rmtree(BUILD / "work")
    return BUILD / NAME / NAME


def used(program: Path) -> dict[str, object]:
    """What the application answers where it is all there is. Raises SystemExit where a command fails."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as place:
        room = Path(place)
        env = {"HOME": place, "PATH": "/usr/bin:/bin", "QT_QPA_PLATFORM": "offscreen", "LANG": "C.UTF-8"}

        def run(*words: object, may_fail: bool = False) -> str:
            command = [str(program), *map(str, words)]
            done = subprocess.run(command, cwd=room, env=env, capture_output=True, text=True, timeout=300)
            if done.returncode and not may_fail:
                raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
            return done.stderr if done.returncode else done.stdout

        for label, colour in {"red": (200, 30, 30), "green": (30, 160, 60)}.items():
            (room / "images" / label).mkdir(parents=True)
            for i in range(3):
                Image.new("RGB", (90 + i, 60), colour).save(room / "images" / label / f"{i}.png")
        Image.new("RGB", (70, 70), (190, 40, 35)).save(room / "query.png")
        added = json.loads(run("build", "images", "m.vmem", "--json"))["added"]
        decision = json.loads(run("classify", "m.vmem", "query.png", "--json"))
        run("export", "m.vmem", "m.parquet")
        run("import", "m.parquet", "again.vmem")
        needs_torch = _network_of_torch(room, run)
        with subprocess.Popen([str(program), "gui", "m.vmem"], cwd=room, env=env, stderr=subprocess.PIPE) as window:
            stays = _stays(window)
            window.terminate()
        return {
            "added": added,
            "label": decision["label"],
            "window": stays,
            "needs_torch": needs_torch,
            "doctor": run("doctor"),
        }


def _network_of_torch(room: Path, run: Callable[..., str]) -> str:
    """What comes of a memory by a network of TorchScript."""
    import torch

    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 16, 16), torch.nn.Flatten(), torch.nn.Linear(8 * 14 * 14, 16))
    traced = torch.jit.trace(network.eval(), torch.zeros(1, 3, 224, 224))  # type: ignore[no-untyped-call]
    traced.save(str(room / "network.pt"))
    said = run("build", "images", "n.vmem", "--encoder", "network.pt", "--json", may_fail=True)
    if "full installation" in said:
        return NEEDS_TORCH[False]
    return NEEDS_TORCH[True] if said.startswith("{") and json.loads(said)["added"] == EXPECTED["added"] else said


def _stays(window: subprocess.Popen[bytes]) -> bool:
    """Whether the window is still open after ten seconds."""
    try:
        window.wait(10)
    except subprocess.TimeoutExpired:
        return True
    return False


def main() -> int:
    with_torch = takes_torch()
    program = BUILD / NAME / NAME if "--try" in sys.argv else build(with_torch=with_torch)
    found = used(program)
    bytes_ = size(program.parent)
    print(found.pop("doctor"))
    print(json.dumps({"bytes": bytes_, "megabytes": round(bytes_ / 1e6), "torch": with_torch, **found}))
    return (
        0 if bytes_ <= MOST_BYTES[with_torch] and found == {**EXPECTED, "needs_torch": NEEDS_TORCH[with_torch]} else 1
    )


if __name__ == "__main__":
    sys.exit(main())
