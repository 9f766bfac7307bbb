"""Which processor computes, on computers with and without a GPU."""

from __future__ import annotations

import subprocess
import sys

import pytest

from visualmemory_gui.engine import device as devices
from visualmemory_gui.engine.errors import BadValue


def test_auto_without_a_driver_is_the_cpu_and_loads_no_torch() -> None:
    script = (
        "import sys; from visualmemory_gui.engine import device; device._DRIVER_SIGNS = (); "
        "print(device.resolve('auto'), device.resolve('cpu'), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["cpu", "cpu", "False"]


@pytest.mark.parametrize(("usable", "wanted"), [(["cuda"], "cuda"), (["mps"], "mps"), ([], "cpu")])
def test_auto_with_a_driver_is_what_torch_can_use(
    monkeypatch: pytest.MonkeyPatch, usable: list[str], wanted: str
) -> None:
    monkeypatch.setattr(devices, "gpu_is_likely", lambda: True)
    monkeypatch.setattr(devices, "_usable", lambda: usable)
    assert devices.resolve("auto") == wanted


@pytest.mark.parametrize(("device", "words"), [("cuda", "no GPU that CUDA can use"), ("mps", "no Apple GPU")])
def test_a_gpu_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, device: str, words: str) -> None:
    monkeypatch.setattr(devices, "_usable", list)
    with pytest.raises(BadValue, match=words):
        devices.resolve(device)


def test_another_word_is_no_device() -> None:
    with pytest.raises(BadValue, match="unknown device 'tpu'; choose one of auto, cpu, cuda, mps"):
        devices.resolve("tpu")


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_user_who_hides_the_gpu_has_none(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    monkeypatch.setattr(devices, "_DRIVER_SIGNS", ("/",))
    assert not devices.gpu_is_likely()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert devices.gpu_is_likely()
