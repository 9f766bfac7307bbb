"""OpenVINO, without its habit of reporting each import over the network."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from visualmemory_gui.engine.errors import EncoderError

MISSING = "OpenVINO is not installed: `pip install openvino` installs it, where there is a package for this computer"


def installed() -> bool:
    return find_spec("openvino") is not None


def module() -> Any:
    """The module ``openvino``. Raises EncoderError when it is not installed.

    Its tools send usage figures when they are imported, unless their reporting package is missing: for this process it
    is made to be missing. Nothing leaves the computer that the user did not ask for.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        import openvino
    except ImportError:
        raise EncoderError(MISSING) from None
    return openvino


def compiled(model: Path | Any, *, bulk: bool) -> Any:
    """``model``, a file or a model that was read, compiled for this CPU: for many images, or quickly for one."""
    # Without the first hint, CPUs that support bfloat16 would compute in it and give other vectors.
    config = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT" if bulk else "LATENCY"}
    return module().Core().compile_model(str(model) if isinstance(model, Path) else model, "CPU", config)
