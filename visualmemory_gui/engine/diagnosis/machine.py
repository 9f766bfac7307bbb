"""The computer and the user's folders: Python, GPU, disk, what can be written."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from visualmemory_gui.engine.device.choice import gpu_is_likely
from visualmemory_gui.engine.diagnosis.diagnosis import Finding
from visualmemory_gui.engine.diagnosis.packages import has_module
from visualmemory_gui.engine.diagnosis.probe import Probed
from visualmemory_gui.engine.files.installation import cache_folder, data_folder

LEAST_PYTHON = (3, 11)
LITTLE_BYTES = 1_000_000_000
"""Free disk space below which a warning is due: a memory, a cut-off download and a copy may not fit."""
_NVIDIA = Path("/proc/driver/nvidia/version")
_CPU_TORCH = "pip install --force-reinstall torch torchvision --index-url https://download.pytorch.org/whl/cpu"
_CUDA_TORCH = "pip install --force-reinstall torch torchvision"
_DRIVER = "update the GPU's driver, and if that does not help: pip install --force-reinstall torch torchvision"


def python() -> Finding:
    """The version of Python and what it runs on."""
    here = f"{platform.python_version()}, {platform.system()} {platform.machine()}, {sys.executable}"
    if sys.version_info[:2] < LEAST_PYTHON:
        return Finding("Python", "broken", here, "install Python 3.11 or newer", needed=True)
    return Finding("Python", "ok", here, needed=True)


def folders() -> list[Finding]:
    """Whether the folders that the product keeps for the user can be written, and how much room there is."""
    return [
        _writable("data folder", data_folder(), "keys, settings and logs are not kept"),
        _writable("cache folder", cache_folder(), "weights and the faster encoder are not kept"),
        _room(data_folder()),
    ]


def _writable(name: str, folder: Path, loss: str) -> Finding:
    at = _nearest(folder)
    if at.is_dir() and os.access(at, os.W_OK | os.X_OK):
        return Finding(name, "ok", str(folder))
    mend = f"make {at} writable for you, or set XDG_{name.split()[0].upper()}_HOME to a folder that is"
    return Finding(name, "broken", f"{folder} cannot be written: {loss}", mend)


def _room(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(_nearest(folder)).free
    except OSError as error:
        return Finding("free disk space", "broken", f"cannot be read: {error.strerror}")
    shown = f"{free / 1e9:,.1f} GB"
    if free < LITTLE_BYTES:
        return Finding("free disk space", "slow", f"{shown}, which is little", "free some space on that disk")
    return Finding("free disk space", "ok", shown)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above that is there."""
    return next((one for one in (folder, *folder.parents) if one.exists()), folder)


def torch_build() -> str | None:
    """The CUDA version that the installed torch was built for, "cpu" for none, None where there is no torch.

    Read from its files: importing it takes seconds.
    """
    spec = find_spec("torch") if has_module("torch") else None
    if spec is None or spec.origin is None:
        return None
    try:
        text = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    built = re.search(r"""^cuda\b[^=]*=\s*['"]([\d.]+)""", text, re.MULTILINE)
    return f"CUDA {built[1]}" if built else "cpu"


def torch_may_use_a_gpu() -> bool:
    """Whether a GPU is likely, and the installed torch is one for it. torch is not imported."""
    build = torch_build() if gpu_is_likely() else None
    return build is not None and (build != "cpu" or sys.platform == "darwin")


def gpu(tried: Probed | None = None) -> Finding:
    """Whether there is a GPU and a torch that can use it; where that was ``tried`` by ``probes.gpus``, whether it
    does."""
    build, likely = torch_build(), gpu_is_likely()
    if not likely:
        waste = build not in (None, "cpu")
        detail = "none; the CPU computes" + (f", and the libraries of torch for {build} are not used" if waste else "")
        return Finding("GPU", "note" if waste else "ok", detail, _CPU_TORCH if waste else "")
    driver = _driver()
    if build is not None and not torch_may_use_a_gpu():
        return Finding("GPU", "slow", f"{driver}, but this torch computes on the CPU alone", _CUDA_TORCH)
    if tried is None:
        return Finding("GPU", "ok", driver)
    names, trouble = tried.value.get("names", ()), tried.error or tried.value.get("trouble")
    if names and not trouble:
        return Finding("GPU", "ok", f"{driver}; torch can use it")
    why = trouble or "it finds none"
    return Finding("GPU", "broken", f"{driver}, but torch cannot use it, so the CPU computes: {why}", _DRIVER)


def _driver() -> str:
    try:
        version = re.search(r"Kernel Module\s+(?:for \S+\s+)?([\d.]+)", _NVIDIA.read_text(encoding="utf-8"))
    except OSError:
        return "there is one"
    return f"NVIDIA driver {version[1]}" if version else "NVIDIA driver"
