"""What needs torch says so where there is none, as in the application that ships without it. Light to import."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.files.installation import APP

P = ParamSpec("P")
R = TypeVar("R")
PACKAGES = frozenset({"huggingface_hub", "timm", "torch", "torchvision"})
"""What is missing together, where torch is."""


def torch_required(act: Callable[P, R]) -> Callable[P, R]:
    """``act``, which raises EncoderError where it finds torch, or what comes with it, missing."""

    @wraps(act)
    def acted(*words: P.args, **named: P.kwargs) -> R:
        try:
            return act(*words, **named)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] not in PACKAGES:
                raise
            what = f"this needs {error.name}, which is not installed here"
            raise EncoderError(f"{what}: the full installation has it (`pip install {APP}`)") from error

    return acted
