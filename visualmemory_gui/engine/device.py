"""The device that computes: what "auto" means on this computer. torch is asked only where a GPU is likely."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Literal

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.types import DEVICES, Device

Resolved = Literal["cpu", "cuda", "mps"]

# Files by which the drivers of NVIDIA and AMD cards can be recognised, also under WSL.
_DRIVER_SIGNS = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
_WINDOWS_DRIVER = "System32/nvcuda.dll"
_SPOKEN = {"cuda": "no GPU that CUDA can use", "mps": "no Apple GPU"}


def resolve(device: Device) -> Resolved:
    """The device to compute on. "auto" is a GPU if there is one; a GPU asked for by name must be available.

    torch is imported only for a GPU asked for by name, or where a driver makes one likely. Raises BadValue.
    """
    if device not in DEVICES:
        raise BadValue(f"unknown device {device!r}; choose one of {', '.join(DEVICES)}")
    if device == "cpu" or (device == "auto" and not gpu_is_likely()):
        return "cpu"
    usable = _usable()
    if device == "auto":
        return usable[0] if usable else "cpu"
    if device not in usable:
        raise BadValue(f"there is {_SPOKEN[device]} on this computer; choose auto or cpu")
    return device


def require(device: Device | None) -> None:
    """Raise BadValue when ``device`` names a GPU that is not available; before anything is made or opened."""
    if device is not None and device != "auto":
        resolve(device)


def is_gpu(device: Device) -> bool:
    """Whether ``device`` computes on a GPU here; False also for a GPU that is not available."""
    try:
        return resolve(device) != "cpu"
    except BadValue:
        return False


def gpu_is_likely() -> bool:
    """Whether something on this computer looks like the driver of a GPU. Costs microseconds."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if sys.platform == "win32":
        return Path(os.environ.get("SYSTEMROOT", "C:/Windows"), _WINDOWS_DRIVER).exists()
    return any(Path(sign).exists() for sign in _DRIVER_SIGNS)


def _usable() -> list[Resolved]:
    import torch  # late: takes seconds

    usable: list[Resolved] = []
    if torch.cuda.is_available():
        usable.append("cuda")
    if torch.backends.mps.is_available():
        usable.append("mps")
    return usable
