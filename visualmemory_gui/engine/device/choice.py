"""Which device computes: what "auto" means on this computer. torch is asked only where a GPU is likely."""

from __future__ import annotations

import logging
import os
import platform
import re
import sys
import warnings
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from visualmemory_gui.engine.device.fallback import Fallback, fallbacks
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.types import Device

NAMES = "auto, cpu, cuda, cuda:N (the GPU number N, from 0) or mps"
_FORM = re.compile(r"auto|cpu|mps|cuda(:[0-9]{1,3})?")
# Files by which the drivers of NVIDIA and AMD cards can be recognised, also under WSL.
_DRIVER_SIGNS = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
_WINDOWS_DRIVER = "System32/nvcuda.dll"
_SPOKEN = {"cuda": "no GPU that CUDA can use", "mps": "no Apple GPU"}
log = logging.getLogger(__name__)


class FoundGpus(NamedTuple):
    """The names of the GPUs that torch can use, the one that "auto" takes first; and where it can use none because
    torch or the driver is broken, what it says, else ""."""

    names: tuple[Device, ...]
    trouble: str


def named(text: str) -> Device:
    """The device that ``text`` names, whether it is here or not. Raises BadValue."""
    name = text.strip().lower()
    if not _FORM.fullmatch(name):
        raise BadValue(f"unknown device {text!r}; choose {NAMES}")
    return name


def resolve(device: Device) -> Device:
    """The device to compute on: "cpu", or the name of a GPU as torch has it. "auto" is a GPU if there is one; a GPU
    asked for by name must be there.

    torch is imported only for a GPU asked for by name, or where a driver makes one likely. Raises BadValue.
    """
    wanted = named(device)
    if wanted == "cpu" or (wanted == "auto" and not gpu_is_likely()):
        return "cpu"
    there = usable()
    if wanted == "auto":
        return there[0] if there else "cpu"
    if wanted not in there:
        missing = _SPOKEN.get(wanted, f"no {wanted}")
        why = f" ({trouble})" if (trouble := found_gpus().trouble) else ""
        raise BadValue(f"there is {missing} on this computer{why}; choose {_others(there)}")
    return wanted


def resolve_or_cpu(device: Device) -> Device:
    """``resolve`` of what a memory's settings ask for; the CPU for a GPU that is not there, which is noted: the memory
    may come from another computer."""
    try:
        found = resolve(device)
    except BadValue:
        fallbacks.note(Fallback("computing", device, "absent"))
        return "cpu"
    fallbacks.clear("computing")
    return found


def require(device: Device | None) -> None:
    """Raise BadValue when ``device`` names a GPU that is not available; before anything is made or opened."""
    if device is not None and device != "auto":
        resolve(device)


def gpu_is_likely() -> bool:
    """Whether something on this computer looks like the driver of a GPU. Costs microseconds."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return False
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if sys.platform == "win32":
        return Path(os.environ.get("SYSTEMROOT", "C:/Windows"), _WINDOWS_DRIVER).exists()
    return any(Path(sign).exists() for sign in _DRIVER_SIGNS)


def usable() -> tuple[Device, ...]:
    """The names of the GPUs that torch can use; none without torch, or where torch or the driver is broken. Imports
    torch."""
    return found_gpus().names


@lru_cache(maxsize=1)
def found_gpus() -> FoundGpus:
    """What torch finds, asked once for the process; trouble is logged, and the CPU computes. Imports torch."""
    try:
        import torch  # late: takes seconds

        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")  # by which torch says that a driver is too old
            cuda = _cuda_names(torch.cuda.device_count()) if torch.cuda.is_available() else ()
            mps = ("mps",) if torch.backends.mps.is_available() else ()
        said = "; ".join(str(one.message) for one in heard)
    except ModuleNotFoundError:
        return FoundGpus((), "")
    except Exception as error:  # whatever the libraries of a broken torch or driver raise
        cuda = mps = ()
        said = f"{type(error).__name__}: {error}"
    found = FoundGpus((*cuda, *mps), "" if cuda or mps else " ".join(said.split())[:300])
    if found.trouble:
        log.warning("no GPU can be used, so the CPU computes: %s", found.trouble)
    return found


def _cuda_names(count: int) -> tuple[Device, ...]:
    """All names of ``count`` GPUs: "cuda" is the first."""
    return ("cuda", *(f"cuda:{number}" for number in range(count)))


def known() -> tuple[Device, ...]:
    """``usable`` where that costs no time: torch is loaded already, and a driver makes a GPU likely. Else nothing."""
    return usable() if "torch" in sys.modules and gpu_is_likely() else ()


def _others(there: tuple[Device, ...]) -> str:
    """ "auto, cpu, cuda:0 or cuda:1"."""
    names = ["auto", "cpu", *(name for name in there if name != "cuda")]
    return f"{', '.join(names[:-1])} or {names[-1]}"
