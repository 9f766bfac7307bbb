"""Float arithmetic of a GPU: products of float32 in float32, while vectors are made or compared."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

Setting = tuple[Callable[[], object], Callable[[Any], object], object]
"""How to read one of torch's settings, how to write it, and the value that means full precision."""


class FullPrecision:
    """Within ``on(device)`` torch multiplies float32 as float32, and adds up products of float16 in float32.

    Otherwise CUDA may round the factors of a convolution to the 10 bits of TF32, and the same image would give another
    vector there (https://pytorch.org/docs/stable/notes/cuda.html, "TensorFloat-32"). The settings belong to the whole
    process: the first that comes in sets them and the last that leaves restores what was there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: list[tuple[Callable[[Any], object], object]] = []

    @contextmanager
    def on(self, device: str) -> Iterator[None]:
        """Hold full precision for the length of the block; does nothing on the CPU, which has no other."""
        if device == "cpu":
            yield
            return
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                settings = _settings()
                self._before = [(write, read()) for read, write, _ in settings]
                for _, write, full in settings:
                    write(full)

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                for write, value in self._before:
                    write(value)


full_precision = FullPrecision()
"""That of this process."""


def _settings() -> list[Setting]:
    import torch  # late: takes seconds

    matmul, cudnn = torch.backends.cuda.matmul, cast(Any, torch.backends.cudnn)
    found = [_attribute(matmul, "allow_fp16_reduced_precision_reduction", False)]
    if hasattr(matmul, "fp32_precision"):  # torch from 2.9 on; it warns of the older names
        return found + [_attribute(part, "fp32_precision", "ieee") for part in (matmul, cudnn.conv, cudnn.rnn)]
    return found + [_attribute(part, "allow_tf32", False) for part in (matmul, cudnn)]


def _attribute(of: Any, name: str, full: object) -> Setting:
    return lambda: getattr(of, name), lambda value: setattr(of, name, value), full
