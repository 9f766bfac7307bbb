"""Build the application and try it: ``python -m tools.application``, into ``build/app``. Needs the extra ``app``.

It is what PyInstaller makes of the command line: one folder that starts without Python. It holds ``lite0`` converted
for OpenVINO, and no torch. The try builds a memory, decides an image, exports and imports it, and starts the window,
with nothing of this installation in reach. Prints the size and what was tried.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.application.start import SHIPPED
from tools.release import size

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/app"
NAME = "visualmemory"
MOST_BYTES = 1_000_000_000
HERE = "visualmemory_gui"
LEFT_OUT = (
    "torch", "torchvision", "timm", "triton", "nvidia", "huggingface_hub", "open_clip", "tokenizers", "openTSNE",
    "sklearn", "scipy", "pandas", "pymilvus", "milvus_lite", "av", "mcp", "matplotlib", "tkinter", "IPython", "pytest",
    "hypothesis", "ray", "fsspec", "mypy", "sympy", "networkx", "faiss", "grpc", "onnx", "tensorflow", "hatchling",
    "coverage",
)  # fmt: skip
METADATA = (
    HERE, "apsw", "hnswlib", "numpy", "openvino", "Pillow", "platformdirs", "pyarrow", "pyqtgraph",
    "PySide6-Essentials", "qtawesome", "safetensors", "threadpoolctl", "typer",
)  # fmt: skip
EXPECTED = {"added": 6, "label": "red", "window": True, "says_what_is_missing": True}


def build() -> Path:
    """Make the application; the path of its program."""
    import PyInstaller.__main__

    from visualmemory_gui.engine.encoders import openvino_lite

    openvino_lite.prepare()
    shutil.rmtree(BUILD, ignore_errors=True)
    package = ROOT / HERE
    model = openvino_lite.folder()
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
            *(word for name in METADATA for word in ("--copy-metadata", name)),
            *(word for name in LEFT_OUT for word in ("--exclude-module", name)),
            *(word for source, target in data.items() for word in ("--add-data", f"{source}{os.pathsep}{target}")),
        ]
    )
    shutil.rmtree(BUILD / "work")
    return BUILD / NAME / NAME


def used(program: Path) -> dict[str, object]:
    """What the application answers where it is all there is. Raises CalledProcessError, AssertionError."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as place:
        room = Path(place)
        env = {"HOME": place, "PATH": "/usr/bin:/bin", "QT_QPA_PLATFORM": "offscreen", "LANG": "C.UTF-8"}

        def run(*words: object, code: int = 0) -> str:
            command = [str(program), *map(str, words)]
            done = subprocess.run(command, cwd=room, env=env, capture_output=True, text=True, timeout=300)
            if done.returncode != code:
                raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")
            return done.stderr if code else done.stdout

        for label, colour in {"red": (200, 30, 30), "green": (30, 160, 60)}.items():
            (room / "images" / label).mkdir(parents=True)
            for i in range(3):
                Image.new("RGB", (90 + i, 60), colour).save(room / "images" / label / f"{i}.png")
        Image.new("RGB", (70, 70), (190, 40, 35)).save(room / "query.png")
        added = json.loads(run("build", "images", "m.vmem", "--json"))["added"]
        decision = json.loads(run("classify", "m.vmem", "query.png", "--json"))
        run("export", "m.vmem", "m.parquet")
        run("import", "m.parquet", "again.vmem")
        missing = run("build", "images", "n.vmem", "--encoder", "torchvision/ResNet50_Weights.IMAGENET1K_V2", code=1)
        with subprocess.Popen([str(program), "gui", "m.vmem"], cwd=room, env=env, stderr=subprocess.PIPE) as window:
            stays = _stays(window)
            window.terminate()
        return {
            "added": added,
            "label": decision["label"],
            "window": stays,
            "says_what_is_missing": "full installation" in missing,
            "doctor": run("doctor"),
        }


def _stays(window: subprocess.Popen[bytes]) -> bool:
    """Whether the window is still open after ten seconds."""
    try:
        window.wait(10)
    except subprocess.TimeoutExpired:
        return True
    return False


def main() -> int:
    program = BUILD / NAME / NAME if "--try" in sys.argv else build()
    found = used(program)
    bytes_ = size(program.parent)
    print(found.pop("doctor"))
    print(json.dumps({"bytes": bytes_, "megabytes": round(bytes_ / 1e6), **found}))
    return 0 if bytes_ <= MOST_BYTES and found == EXPECTED else 1


if __name__ == "__main__":
    sys.exit(main())
