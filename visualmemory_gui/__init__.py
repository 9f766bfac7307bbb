"""Visual memory: image classification whose knowledge can be seen, edited and forgotten.

The names below load lazily, so that importing the package loads neither torch nor Qt.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from visualmemory_gui.engine.errors import BadValue, VisualMemoryError
    from visualmemory_gui.engine.exchange.sklearn_classifier import VisualMemoryClassifier
    from visualmemory_gui.engine.exchange.sklearn_encoder import ImageEncoder
    from visualmemory_gui.engine.memory.visual_memory import VisualMemory
    from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory
    from visualmemory_gui.engine.types import Changes, Decision, EncoderIdentity, Exemplar, Geometry, Neighbour

__version__ = "0.3.0"

__all__ = [
    "BadValue",
    "Changes",
    "Decision",
    "EncoderIdentity",
    "Exemplar",
    "Geometry",
    "ImageEncoder",
    "Neighbour",
    "SharedMemory",
    "VisualMemory",
    "VisualMemoryClassifier",
    "VisualMemoryError",
    "__version__",
]

_HOMES = {
    "BadValue": "errors",
    "Changes": "types",
    "Decision": "types",
    "EncoderIdentity": "types",
    "Exemplar": "types",
    "Geometry": "types",
    "ImageEncoder": "exchange.sklearn_encoder",
    "Neighbour": "types",
    "SharedMemory": "shared_memory.shared_memory",
    "VisualMemory": "memory.visual_memory",
    "VisualMemoryClassifier": "exchange.sklearn_classifier",
    "VisualMemoryError": "errors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"visualmemory_gui.engine.{_HOMES[name]}"), name)
