"""What the processes of a Ray cluster do for a build: they decode images, and encode them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.images.files import MAX_BYTES
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.image_reader import batched
from visualmemory_gui.engine.types import DecodedImage, Device, EncoderIdentity

if TYPE_CHECKING:
    import numpy.typing as npt

Batch = dict[str, "npt.NDArray[Any]"]
GivenFile = dict[str, str]
"""A file to read: its ``name``, a path or an address, its ``label``, ``stamp`` and ``group``."""
TEXTS = ("name", "label", "stamp", "group", "reason", "source", "sha256", "content")
"""Columns of texts; "" where there is none, since Ray makes numbers of a column without any."""
_SIZES = ("width", "height")


class DecodeStage:
    """Turns parts of a build, a list of files each, into decoded images; a file that cannot be read has a reason."""

    def __init__(self, identity: EncoderIdentity) -> None:
        self._geometry = registry.geometry(identity)
        self._pool = DecodePool(1, geometry=self._geometry)

    def __call__(self, batch: Batch) -> Batch:
        columns: dict[str, list[Any]] = {name: [] for name in (*TEXTS, "part", *_SIZES, "jpeg", "pixels")}
        for part, files in zip(batch["part"], batch["files"], strict=True):
            for file, image in zip(files, self._decoded(files), strict=True):
                self._add(columns, int(part), file, image)
        return {name: _column(name, values) for name, values in columns.items()}

    def close(self) -> None:
        """End the processes that decode; those of a cluster end with its own."""
        self._pool.close()

    def _decoded(self, files: Sequence[GivenFile]) -> list[DecodedImage | BadImage]:
        names = [file["name"] for file in files]
        if not any(is_address(name) for name in names):
            found = dict(self._pool.map(names))
            return [found[name] for name in names]
        return [self._fetched(name) for name in names]

    def _fetched(self, address: str) -> DecodedImage | BadImage:
        """The image at an address of fsspec, which has no path: it is read into a file of its own first."""
        import fsspec

        try:
            with tempfile.TemporaryDirectory() as room:
                copy = Path(room) / "image"
                with fsspec.open(address, "rb") as file, copy.open("wb") as out:
                    data = file.read(MAX_BYTES + 1)
                    out.write(data)
                return replace(self._pool.decode(copy), source=None)
        except BadImage as error:
            return BadImage(address, error.reason)
        except Exception as error:  # whatever a file system raises
            return BadImage(address, f"the file cannot be read ({str(error)[:200] or type(error).__name__})")

    def _add(self, columns: dict[str, list[Any]], part: int, file: GivenFile, image: DecodedImage | BadImage) -> None:
        values: dict[str, Any] = {"part": part, "pixels": self._blank(), **file}
        if isinstance(image, BadImage):
            values["reason"] = image.reason
        else:
            values |= {name: getattr(image, name) for name in ("source", "sha256", "content", "width", "height")}
            values |= {"jpeg": image.thumbnail, "pixels": image.pixels}
        for name, column in columns.items():
            value = values.get(name)
            column.append(value if value is not None else 0 if name in _SIZES else b"" if name == "jpeg" else "")

    def _blank(self) -> npt.NDArray[np.uint8]:
        size = self._geometry.size
        return np.zeros((size, size, 3), np.uint8)


class EncodeStage:
    """Gives decoded images their vectors, in batches of a build on one machine; those without an image get zeros."""

    def __init__(self, identity: EncoderIdentity, device: Device) -> None:
        self._identity = identity
        self._encoder = registry.load(identity, device=device)

    def __call__(self, batch: Batch) -> Batch:
        pixels = batch.pop("pixels")
        good = np.flatnonzero(batch["reason"] == "")
        vectors = np.zeros((len(pixels), self._identity.dim), np.float32)
        for part in batched(good.tolist(), self._encoder.at_once):
            some = np.array(part)
            vectors[some] = gate(self._encoder.encode(np.ascontiguousarray(pixels[some])), self._identity.dim)
        return {**batch, "vector": vectors}


def is_address(place: str) -> bool:
    """Whether a place is an address of fsspec, not a path."""
    return "://" in place


def _column(name: str, values: list[Any]) -> npt.NDArray[Any]:
    if name == "pixels":
        return np.stack(values)
    if name in ("part", *_SIZES):
        return np.array(values, np.int64)
    column = np.empty(len(values), object)
    column[:] = values
    return column
