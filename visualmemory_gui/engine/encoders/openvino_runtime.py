"""OpenVINO, without its habit of reporting each import over the network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.files import atomic_file

MISSING = "OpenVINO is not installed: `pip install openvino` installs it, where there is a package for this computer"
BROKEN = "OpenVINO cannot be imported ({}): `pip install --force-reinstall openvino` installs it again"


def installed() -> bool:
    return find_spec("openvino") is not None


def module() -> Any:
    """The module ``openvino`` without its converter, which takes as long to import as the rest; see ``convert_model``.

    Raises EncoderError when it is not installed, or cannot be imported.

    Its tools send usage figures when they are imported, unless their reporting package is missing: for this process it
    is made to be missing. Nothing leaves the computer that the user did not ask for.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    try:
        with _left_out("openvino.tools.ovc"):
            import openvino
    except Exception as error:  # a library that is broken raises anything
        absent = isinstance(error, ModuleNotFoundError) and error.name == "openvino"
        raise EncoderError(MISSING if absent else BROKEN.format(error)) from error
    return openvino


def convert_model(model: Any, **arguments: Any) -> Any:
    """``model``, a module of torch, as a model of OpenVINO. Raises as ``module``."""
    module()
    from openvino.tools.ovc import convert_model as convert

    return convert(model, **arguments)


def onnx_model(path: Path) -> Any:
    """The network in the ONNX file ``path``. Raises as ``module``, and RuntimeError where it is none.

    OpenVINO alone would try every format that it knows, and print bytes of the file to stderr.
    """
    module()
    from openvino.frontend import FrontEndManager

    reader = FrontEndManager().load_by_framework("onnx")
    return reader.convert(reader.load(str(path)))


@contextmanager
def _left_out(name: str) -> Iterator[None]:
    """Within the block the module ``name`` cannot be imported, unless it was imported before."""
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    try:
        yield
    finally:
        if sys.modules.get(name) is None:
            sys.modules.pop(name, None)


@contextmanager
def room_beside(target: Path) -> Iterator[Path]:
    """An empty folder in which to make what is renamed to ``target`` when it is whole; what is left of it is deleted.

    Raises EncoderError where it cannot be kept there.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file.scratch(target.parent) as room:
            made = room / "model"
            made.mkdir()
            yield made
    except OSError as error:
        raise EncoderError(f"the fast encoder cannot be kept in {target.parent} ({error.strerror})") from error


def compiled(model: Path | Any, *, bulk: bool) -> Any:
    """``model``, a file or a model that was read, compiled for this CPU: for many images, or quickly for one."""
    # Without the first hint, CPUs that support bfloat16 would compute in it and give other vectors.
    config = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT" if bulk else "LATENCY"}
    return module().Core().compile_model(str(model) if isinstance(model, Path) else model, "CPU", config)
