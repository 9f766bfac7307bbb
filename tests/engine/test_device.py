"""Which processor computes, on computers with and without a GPU."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from visualmemory_gui.engine.device import choice as devices
from visualmemory_gui.engine.device.fallback import Fallback, fallbacks
from visualmemory_gui.engine.errors import BadValue


def test_auto_without_a_driver_is_the_cpu_and_loads_no_torch() -> None:
    script = (
        "import sys; from visualmemory_gui.engine.device import choice as device; device._DRIVER_SIGNS = (); "
        "print(device.resolve('auto'), device.resolve('cpu'), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["cpu", "cpu", "False"]


@pytest.mark.parametrize(("usable", "wanted"), [(("cuda", "cuda:0"), "cuda"), (("mps",), "mps"), ((), "cpu")])
def test_auto_with_a_driver_is_what_torch_can_use(
    monkeypatch: pytest.MonkeyPatch, usable: tuple[str, ...], wanted: str
) -> None:
    monkeypatch.setattr(devices, "gpu_is_likely", lambda: True)
    monkeypatch.setattr(devices, "usable", lambda: usable)
    assert devices.resolve("auto") == wanted


def _raises() -> bool:
    raise RuntimeError("CUDA driver initialization failed,\n you might not have a CUDA gpu.")


def _warns() -> bool:
    warnings.warn("CUDA initialization: The NVIDIA driver on your system is too old", UserWarning, stacklevel=1)
    return False


TROUBLES = {
    "no library": ("raise OSError('libcudart.so.13: cannot open shared object file')", None, "libcudart.so.13"),
    "half a torch": ("raise ImportError('undefined symbol: ncclCommWindowRegister')", None, "undefined symbol"),
    "a driver that fails": ("", _raises, "CUDA driver initialization failed, you might"),
    "a driver that is too old": ("", _warns, "driver on your system is too old"),
}
"""What the module torch does when it is imported, what it says of CUDA, and what is passed on."""


@pytest.fixture
def broken(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A computer with the driver of a GPU and a torch that cannot use it; what torch says."""
    imported, asked, says = TROUBLES[request.param]
    (tmp_path / "torch.py").write_text(imported, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    if asked is not None:
        cuda = SimpleNamespace(is_available=asked, device_count=lambda: 1)
        mps = SimpleNamespace(is_available=lambda: False)
        torch = SimpleNamespace(cuda=cuda, backends=SimpleNamespace(mps=mps))
        monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(devices, "_DRIVER_SIGNS", ("/",))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    devices.found_gpus.cache_clear()
    yield says
    devices.found_gpus.cache_clear()


@pytest.mark.parametrize("broken", TROUBLES, indirect=True)
def test_a_driver_or_a_torch_that_is_broken_leaves_the_cpu_and_is_said_once(
    broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert [devices.resolve("auto") for _ in range(3)] == ["cpu"] * 3
    [logged] = caplog.messages
    assert broken in logged and "the CPU computes" in logged and "\n" not in logged
    assert devices.resolve_or_cpu("cuda") == "cpu"
    fallbacks.clear("computing")
    with pytest.raises(BadValue, match=rf"no GPU that CUDA can use .*{broken}.*; choose auto or cpu"):
        devices.resolve("cuda")


@pytest.mark.parametrize(("device", "words"), [("cuda", "no GPU that CUDA can use"), ("mps", "no Apple GPU")])
def test_a_gpu_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, device: str, words: str) -> None:
    monkeypatch.setattr(devices, "usable", tuple)
    with pytest.raises(BadValue, match=words):
        devices.resolve(device)


def test_a_gpu_by_number_must_be_there_and_what_is_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "usable", lambda: ("cuda", "cuda:0", "cuda:1"))
    assert devices.resolve("cuda:1") == "cuda:1" and devices.resolve(" CUDA:0 ") == "cuda:0"
    with pytest.raises(BadValue, match="there is no cuda:2 on this computer; choose auto, cpu, cuda:0 or cuda:1"):
        devices.resolve("cuda:2")


def test_what_a_memory_asks_for_and_is_not_here_falls_back_and_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "usable", tuple)
    heard: list[Fallback] = []
    end = fallbacks.subscribe(heard.append)
    try:
        assert [devices.resolve_or_cpu("cuda:1") for _ in range(2)] == ["cpu", "cpu"]
    finally:
        end()
        fallbacks.clear("computing")
    assert [str(one) for one in heard] == ["cuda:1 is not on this computer: computing on the CPU"]
    assert fallbacks.now == ()


def test_another_word_is_no_device() -> None:
    with pytest.raises(BadValue, match="unknown device 'tpu'; choose auto, cpu, cuda, cuda:N"):
        devices.resolve("tpu")


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_user_who_hides_the_gpu_has_none(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    monkeypatch.setattr(devices, "_DRIVER_SIGNS", ("/",))
    assert not devices.gpu_is_likely()
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert devices.gpu_is_likely()
