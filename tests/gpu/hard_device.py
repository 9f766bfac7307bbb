"""Devices that fail as real ones do: by the errors that torch raises, in the middle of its operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary


def _always() -> bool:
    return True


def _reads(func: Any) -> bool:
    """Whether it asks for or sets an attribute, which computes nothing."""
    return func.__name__ in ("__get__", "__set__")


class Ceiling(TorchFunctionMode):
    """Within the block, tensors may take ``most`` bytes together; an operation that needs more raises torch's error.

    ``applies`` says whether it does: where the stand-in for a GPU is the processor itself, a fallback to the processor
    must have room.
    """

    def __init__(self, most: int, applies: Callable[[], bool] = _always) -> None:
        super().__init__()
        self.most, self.applies, self.raised = most, applies, 0
        self._alive = WeakTensorKeyDictionary()

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if _reads(func):
            return out
        for one in tree_leaves(out):
            if isinstance(one, torch.Tensor):
                self._alive[one] = True
        if self.applies() and self._bytes() > self.most:
            self.raised += 1
            del out
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate more than there is.")
        return out

    def _bytes(self) -> int:
        stores = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in self._alive}
        return sum(stores.values())


class Gone(TorchFunctionMode):
    """Within the block, the device disappears after so many ``operations``, for good."""

    def __init__(self, operations: int, applies: Callable[[], bool] = _always) -> None:
        super().__init__()
        self.left, self.applies, self.raised = operations, applies, 0

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if self.applies() and not _reads(func):
            self.left -= 1
            if self.left < 0:
                self.raised += 1
                raise RuntimeError("CUDA error: device-side assert triggered")
        return func(*args, **(kwargs or {}))
