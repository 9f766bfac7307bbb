"""The memory of a device: how much is free, and work that goes on in smaller parts when it runs out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from visualmemory_gui.engine.errors import DeviceError, DeviceReason

SPARE = 768 << 20
"""Bytes of a device that vectors leave free, for the encoder and for what a search computes."""
FLOAT16 = 2
"""Bytes of a component of a vector that lies on a device."""
# What torch's RuntimeErrors say; they have classes of their own only in newer versions.
_FULL = ("out of memory", "ALLOC_FAILED", "can't allocate memory")
_LOST = ("CUDA error", "HIP error", "CUBLAS_STATUS", "CUDNN_STATUS", "CUSOLVER_STATUS", "No CUDA GPUs", "MPS")

T = TypeVar("T")


def attempt(device: str, work: Callable[[], T]) -> T:
    """The result of ``work``, which computes on ``device``.

    Raises DeviceError where the device ran out of memory or stopped working, with nothing left that holds what
    ``work`` had made so far; other errors pass.
    """
    try:
        return work()
    except RuntimeError as error:
        reason, said = reason_of(error), " ".join(str(error).split())[:200]
        if reason is None:
            raise
    raise DeviceError(device, reason, said)  # outside the handler: the traceback of ``error`` keeps its tensors alive


def reason_of(error: RuntimeError) -> DeviceReason | None:
    """Why ``error`` was raised, if the device is to blame: "memory", "lost", or None for anything else."""
    kind, text = type(error).__name__, str(error)
    if kind == "OutOfMemoryError" or any(sign in text for sign in _FULL):
        return "memory"
    return "lost" if kind == "AcceleratorError" or any(sign in text for sign in _LOST) else None


class Portion:
    """How many items a device takes at once. Each time it runs out of memory they become half as many, down to one."""

    def __init__(self, device: str, most: int) -> None:
        self.device = device
        self.most = most

    def over(self, count: int, work: Callable[[slice], T], *, most: int | None = None) -> list[T]:
        """``work`` for parts of ``count`` items, none larger than ``most``, in order.

        Raises DeviceError where one item alone is too much, or the device stopped working.
        """
        found: list[T] = []
        at = 0
        while at < count:
            part = slice(at, min(at + min(self.most, most or self.most), count))
            try:
                found.append(attempt(self.device, lambda part=part: work(part)))  # type: ignore[misc]
            except DeviceError as error:
                if error.reason == "lost" or part.stop - at == 1:
                    raise
                self.most = (part.stop - at) // 2
                release(self.device)
                continue
            at = part.stop
        return found


def free_bytes(device: str) -> int | None:
    """How many bytes can still be taken on ``device``; None where it does not say."""
    import torch  # late: takes seconds

    if device.startswith("cuda"):
        at = torch.device(device)
        kept = torch.cuda.memory_reserved(at) - torch.cuda.memory_allocated(at)  # by the allocator, for later
        return int(torch.cuda.mem_get_info(at)[0]) + int(kept)
    if device == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    return None


def peak_bytes(device: str, work: Callable[[], object]) -> int | None:
    """How many bytes ``work`` takes on ``device`` at its peak; None where it does not say."""
    import torch  # late: takes seconds

    if not device.startswith("cuda"):
        work()
        return None
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    work()
    return int(torch.cuda.max_memory_allocated(device) - before)


def holds(device: str, rows: int, dim: int) -> bool:
    """Whether ``device`` has room for so many vectors, which lie there as float16; False where it stopped working."""
    try:
        return attempt(device, lambda: has_room(device, rows * dim * FLOAT16))
    except DeviceError:
        return False


def has_room(device: str, size: int) -> bool:
    """Whether ``device`` takes ``size`` bytes more and leaves ``SPARE`` free; True where it does not say."""
    free = free_bytes(device)
    return free is None or size + SPARE <= free


def release(device: str) -> None:
    """Give back what the allocator keeps for later: other programs, and searches for remaining bytes, see it gone.

    Raises DeviceError where the device stopped working.
    """
    attempt(device, lambda: _release(device))


def _release(device: str) -> None:
    import torch  # late: takes seconds

    if device.startswith("cuda"):
        torch.cuda.synchronize(torch.device(device))
        with torch.cuda.device(device):
            torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.synchronize()
        torch.mps.empty_cache()
