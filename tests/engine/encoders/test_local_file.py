"""Networks of the user's own: TorchScript and ONNX files."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from visualmemory_gui.engine.encoders import local_file, registry, weights
from visualmemory_gui.engine.encoders.base import Encoder
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.types import EncoderIdentity, Geometry


def field(number: int, value: int | bytes) -> bytes:
    """One field of a protocol buffer, in which ONNX files are written."""

    def varint(n: int) -> bytes:
        return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)

    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def onnx_file(operator: bytes, side: int) -> bytes:
    """A network of one ``operator`` from (1, 3, side, side) floats."""

    def value(name: bytes, *sizes: int) -> bytes:
        shape = b"".join(field(1, field(1, size)) for size in sizes)
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    node = field(1, b"in") + field(2, b"out") + field(4, operator)
    graph = field(1, node) + field(2, b"g") + field(11, value(b"in", 1, 3, side, side)) + field(12, value(b"out"))
    return field(1, 8) + field(7, graph) + field(8, field(1, b"") + field(2, 17))


class Means(torch.nn.Module):
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.cat([inputs.mean((2, 3)), inputs.amax((2, 3))], 1)


class Map(torch.nn.Module):
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs[:, :, ::16, ::16]


class Sequence(torch.nn.Module):
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs.flatten(2)


@pytest.fixture
def script(tmp_path: Path) -> Callable[[torch.nn.Module], Path]:
    def saved(module: torch.nn.Module) -> Path:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.script(module).save(str(tmp_path / "mine.pt"))
        return tmp_path / "mine.pt"

    return saved


def colours(side: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 255, (3, side, side, 3), np.uint8)


def normalised(batch: np.ndarray, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    return (batch / 255.0 - mean) / std


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def used(path: Path) -> Encoder:
    """The encoder of a file that the user names."""
    return registry.load(registry.choose(str(path)), device="cpu")


PLAIN = {"size": 64, "resize": 70, "mean": [0, 0, 0], "std": [1, 1, 1]}


def test_torchscript_is_taken_by_its_path_and_found_again_by_its_name(script: Callable, weights_folder: Path) -> None:
    path = script(Means())
    path.with_name("mine.pt.json").write_text(json.dumps(PLAIN))
    encoder = used(path)
    batch = colours(64)
    wanted = np.concatenate([normalised(batch).mean((1, 2)), normalised(batch).max((1, 2))], 1)
    assert np.abs(encoder.encode(batch) - unit(wanted)).max() < 1e-6
    assert encoder.identity.name == "local/mine.pt" and encoder.identity.dim == 6
    path.unlink()
    assert registry.load(encoder.identity, device="cpu").identity == encoder.identity
    assert registry.choose("local/mine.pt") == encoder.identity
    assert registry.geometry(encoder.identity) == Geometry(64, "crop", 70)
    [info] = [info for info in registry.available() if info.name == "local/mine.pt"]
    assert (info.dim, info.size) == (6, (weights_folder / "mine.pt").stat().st_size)
    assert "program code" in info.note


def test_the_sha256_tells_which_file_a_memory_means_whatever_it_is_called(script: Callable) -> None:
    first, second = script(Means()), script(Map())
    with pytest.raises(EncoderError, match="was not added on this computer"):
        registry.load(EncoderIdentity("local/mine.pt", 3, weights.sha256(second)), device="cpu")
    identity = registry.choose(str(second.rename(first.with_name("other.pt"))))
    theirs = replace(identity, name="local/mine.pt")
    assert registry.load(theirs, device="cpu").identity == theirs


def test_a_file_that_lies_in_the_folder_and_was_not_added_is_not_used(script: Callable, weights_folder: Path) -> None:
    path = script(Means()).rename(weights_folder / "mine.pt")
    wanted = EncoderIdentity("local/mine.pt", 6, weights.sha256(path))
    for ask in (registry.require, registry.load, registry.geometry):
        with pytest.raises(EncoderError, match=f"{wanted.weights_sha256}.*encoders --add FILE"):
            ask(wanted)  # type: ignore[operator]
    assert registry.choose(str(path)).weights_sha256 == wanted.weights_sha256


def test_a_file_that_was_exchanged_after_it_was_added_is_not_opened(script: Callable, weights_folder: Path) -> None:
    identity = registry.choose(str(script(Means())))
    script(Map()).replace(weights_folder / "mine.pt")
    with pytest.raises(EncoderError, match="not the file that was added"):
        registry.load(identity, device="cpu")


def test_other_weights_under_the_name_that_a_memory_remembers_are_not_opened(script: Callable) -> None:
    identity = registry.choose(str(script(Means())))
    with pytest.raises(EncoderError, match="was not added on this computer"):
        registry.load(replace(identity, weights_sha256="0" * 64), device="cpu")


def test_a_map_is_averaged(script: Callable) -> None:
    encoder = used(script(Map()))
    batch = colours(224)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    wanted = ((batch / 255.0 - mean) / std)[:, ::16, ::16].mean((1, 2))
    assert np.abs(encoder.encode(batch) - unit(wanted)).max() < 1e-5


@pytest.mark.parametrize("operator", [b"GlobalAveragePool", b"Relu"])
def test_onnx_gives_means_and_maps(operator: bytes, tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(onnx_file(operator, 32))
    (tmp_path / "mine.onnx.json").write_text(json.dumps({**PLAIN, "size": 32, "resize": 32}))
    encoder = used(tmp_path / "mine.onnx")
    batch = np.concatenate([colours(32)] * 12)
    wanted = unit(normalised(batch).mean((1, 2)))
    assert np.abs(encoder.encode(batch) - wanted).max() < 1e-6
    assert encoder.encode(batch[:0]).shape == (0, 3)
    assert encoder.identity == registry.choose("local/mine.onnx")


def test_a_network_that_gives_something_else_is_refused(script: Callable) -> None:
    with pytest.raises(EncoderError, match=r"\(1, d\) or \(1, d, h, w\)"):
        used(script(Sequence()))


@pytest.mark.parametrize(("ending", "said"), [(".pt", "is no TorchScript file"), (".onnx", "cannot be used as an enc")])
def test_files_that_are_no_networks_are_told(tmp_path: Path, ending: str, said: str) -> None:
    (tmp_path / f"bad{ending}").write_bytes(b"no network")
    with pytest.raises(EncoderError, match=said):
        used(tmp_path / f"bad{ending}")
    assert not weights.folder().exists()


def test_nothing_of_a_file_that_is_no_network_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"\x03\x83\x1b]0;title\x07" * 200)  # what is written to a terminal steers it
    with pytest.raises(EncoderError, match="cannot be used as an encoder"):
        used(tmp_path / "bad.onnx")
    assert capfd.readouterr() == ("", "")


class Program:
    """Makes a file when it is unpickled."""

    def __init__(self, ran: Path) -> None:
        self._ran = ran

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self._ran,)


@pytest.mark.parametrize("how", [{}, {"_use_new_zipfile_serialization": False}], ids=["archive", "pickle"])
def test_a_checkpoint_that_may_hold_a_program_is_not_opened(tmp_path: Path, how: dict[str, bool]) -> None:
    path, ran = tmp_path / "pickled.pt", tmp_path / "ran"
    torch.save({"weights": Program(ran)}, path, **how)
    with pytest.raises(EncoderError, match="is not opened: save its weights as"):
        used(path)
    assert not ran.exists() and not weights.folder().exists()
    torch.load(path, weights_only=False)
    assert ran.exists()  # the control: opened, it runs


def test_another_file_of_the_same_name_is_not_overwritten(script: Callable, weights_folder: Path) -> None:
    (weights_folder / "mine.pt").write_bytes(b"mine from before")
    with pytest.raises(EncoderError, match=r"another file called mine\.pt"):
        used(script(Means()))
    assert (weights_folder / "mine.pt").read_bytes() == b"mine from before"


@pytest.mark.parametrize("name", ["gone.onnx", "/gone/a.onnx", "local/../../secret.pt"])
def test_a_file_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(EncoderError, match="there is no file"):
        registry.choose(name)


@pytest.mark.parametrize("name", ["network.pth", "-network.pt", "a;b.onnx"])
def test_a_name_that_no_encoder_can_have_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(EncoderError, match=r"cannot be added under its name: it has to end in \.pt, \.onnx"):
        local_file.add(tmp_path / name)


def test_a_name_under_which_no_file_was_added_says_how_to_add_one() -> None:
    with pytest.raises(EncoderError, match="encoders --add FILE"):
        registry.choose("local/gone.onnx")


@pytest.mark.parametrize(
    "said",
    [
        "{",
        "[]",
        '{"sizes": 3}',
        '{"mean": [1, 2]}',
        '{"size": "large"}',
        '{"size": 1e999}',
        pytest.param("[" * 99_999, id="deep"),
    ],
)
def test_a_description_that_cannot_be_read_is_told(script: Callable, said: str) -> None:
    path = script(Means())
    path.with_name("mine.pt.json").write_text(said)
    with pytest.raises(EncoderError, match="it may say size, fit, resize, interpolation, mean, std"):
        used(path)


def test_adding_the_same_file_twice_is_nothing_new(script: Callable) -> None:
    path = script(Means())
    assert local_file.add(path) == local_file.add(path)


def test_the_same_file_with_another_description_needs_another_name(script: Callable) -> None:
    path = script(Means())
    first = local_file.add(path)
    path.with_name("mine.pt.json").write_text(json.dumps({"size": 64}))
    with pytest.raises(EncoderError, match="says something else of it now: give both another name"):
        local_file.add(path)
    assert registry.geometry(first).size == 224
    for name in ("mine.pt", "mine.pt.json"):
        path.with_name(name).rename(path.with_name(name.replace("mine", "small")))
    second = local_file.add(path.with_name("small.pt"))
    for identity, size in ((first, 224), (second, 64)):  # their sha256 is the same
        registry.require(identity)
        assert registry.geometry(identity).size == size


def test_a_description_left_of_a_file_that_was_not_added_is_replaced(script: Callable, weights_folder: Path) -> None:
    weights_folder.mkdir(exist_ok=True)
    (weights_folder / "mine.pt.json").write_text(json.dumps({"size": 64}))
    assert registry.geometry(local_file.add(script(Means()))).size == 224
