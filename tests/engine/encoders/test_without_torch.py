"""Without torch, lite0 works once it is converted, and what needs torch says so."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from visualmemory_gui.engine.device import choice
from visualmemory_gui.engine.device.torch_required import PACKAGES, torch_required
from visualmemory_gui.engine.encoders import local_file, registry, torchvision_models
from visualmemory_gui.engine.errors import BadValue, EncoderError


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [*PACKAGES, *(name for name in sys.modules if name.partition(".")[0] in PACKAGES)]:
        monkeypatch.setitem(sys.modules, name, None)
    torchvision_models._enums.cache_clear()  # an earlier test may have had torchvision
    choice.found_gpus.cache_clear()
    yield
    choice.found_gpus.cache_clear()


@pytest.mark.usefixtures("no_torch")
@pytest.mark.parametrize("name", ["torchvision/ResNet50_Weights.IMAGENET1K_V2", "torchvision/NoSuch_Weights.ANY"])
def test_an_encoder_that_needs_torch_is_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(EncoderError, match=r"^this needs torch\w*, which is not installed here: the full installation"):
        registry.choose(name)


@pytest.mark.usefixtures("no_torch")
@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_file_of_the_users_own_that_needs_torch_is_refused_in_the_same_sentence(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"mine{ending}"
    with zipfile.ZipFile(file, "w") as archive:  # a TorchScript file is an archive with a program in it
        archive.writestr("mine/code/network.py", "")
    file.with_name(file.name + ".json").write_text('{"architecture": "resnet18"}' if ending == ".safetensors" else "{}")
    for add in (lambda: registry.choose(str(file)), lambda: local_file.add(file)):
        with pytest.raises(EncoderError, match=r"^this needs t\w+, which is not installed here: the full installation"):
            add()


@pytest.mark.usefixtures("no_torch")
def test_a_gpu_is_not_there() -> None:
    assert choice.usable() == ()
    with pytest.raises(BadValue, match="auto or cpu"):
        choice.require("cuda")


def test_any_other_missing_module_is_what_it_was() -> None:
    @torch_required
    def broken() -> None:
        raise ModuleNotFoundError("No module named 'other'", name="other")

    with pytest.raises(ModuleNotFoundError, match="other"):
        broken()
