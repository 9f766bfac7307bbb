"""Reading images for a memory: decoding in child processes, and embedding by its encoder."""

from __future__ import annotations

import hashlib
import logging
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from visualmemory_gui.engine import arguments
from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.encoders.base import FEW, Encoder
from visualmemory_gui.engine.errors import BadImage, BadValue, EncoderError, StorageError, VisualMemoryError
from visualmemory_gui.engine.images.files import IN_MEMORY
from visualmemory_gui.engine.images.formats import looks_like_image
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import (
    BROUGHT,
    F32,
    U8,
    Box,
    DecodedImage,
    Device,
    EncoderIdentity,
    FullImage,
    Geometry,
    NewExemplar,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    ImageLike = str | PathLike[str] | Image | U8 | DecodedImage

log = logging.getLogger(__name__)
GONE = "the original is no longer there"
CHANGED = "the original has changed since"
NO_FILE = "it was not read from a file"
WORTH_PREPARING = 500  # images after which the seconds it takes have paid off
LONGEST_S = 0.5
"""Seconds after which no more images are waited for to fill a batch: about so often Cancel is heard."""
T = TypeVar("T")
Embed = Callable[[Sequence[DecodedImage]], F32]


class KnownVectors(Protocol):
    """Where the vectors of images that were embedded before are found."""

    def vector_of_file(self, sha256: str, box: Box | None = None) -> F32 | None:
        """(dim,) float32: the vector of the file with this hash (hex), or of its part ``box``; None if not known."""
        ...


@dataclass(frozen=True, slots=True)
class KnownInTurn:
    """What ``first`` knows, else what ``second`` does."""

    first: KnownVectors
    second: KnownVectors

    def vector_of_file(self, sha256: str, box: Box | None = None) -> F32 | None:
        """As ``KnownVectors`` promises."""
        found = self.first.vector_of_file(sha256, box)
        return self.second.vector_of_file(sha256, box) if found is None else found


class ImageReader:
    """Turns images into vectors, by decoding processes and the memory's ``encoder``; both start when first needed."""

    def __init__(
        self,
        known: KnownVectors,
        identity: EncoderIdentity,
        device: Callable[[], Device],
        encoder: Encoder | None = None,
    ) -> None:
        self._known = known
        self._identity = identity
        self._device = device
        self._lock = threading.RLock()
        self._encoder = encoder
        self._pool: DecodePool | None = None
        self._closed = False

    @property
    def encoder(self) -> Encoder:
        """The memory's encoder, loaded when first needed. Raises EncoderError, EncoderMismatch."""
        with self._lock:
            self._require_open()
            if self._encoder is None:
                self._encoder = self._load(bulk=False)
            return self._encoder

    @property
    def pool(self) -> DecodePool:
        with self._lock:
            self._require_open()
            if self._pool is None:
                self._pool = DecodePool(geometry=self._geometry())
            return self._pool

    def decode(self, image: ImageLike, box: Box | None = None) -> DecodedImage:
        """Decode a path (in a child process), a PIL image, or an array of pixels; with ``box`` that part of it.

        An array is uint8: (h, w) grey, (h, w, 3) RGB or (h, w, 4) RGBA. Raises BadImage, BadValue.
        """
        if isinstance(image, DecodedImage):
            if box not in (None, image.box):
                raise BadValue("a decoded image has no full-size pixels to cut a part from: give its path")
            return image
        if isinstance(image, str | PathLike):
            with self._told_if_closed():
                return self.pool.decode(arguments.path_of(image), box)
        from visualmemory_gui.engine.images.decode import from_array, from_pil, is_pil

        if isinstance(image, np.ndarray):
            return from_array(image, self._geometry(), box)
        if is_pil(image):
            return from_pil(image, self._geometry(), box)
        raise BadValue(f"an image is a path, a PIL image or an array of uint8, not {arguments.kind(image)}")

    def full_image(self, image: str | PathLike[str] | Image) -> FullImage:
        """All pixels of a path (read in a child process) or of a PIL image, to be looked at. Raises BadImage."""
        if isinstance(image, str | PathLike):
            with self._told_if_closed():
                return self.pool.full_image(arguments.path_of(image))
        from visualmemory_gui.engine.images.decode import full_from_pil

        return full_from_pil(image)

    def decode_many(self, images: Sequence[ImageLike], box: Box | None = None) -> list[DecodedImage | BadImage]:
        """``decode`` for each of ``images``, in order; files are decoded in parallel, unless there is a ``box``.

        For an image that cannot be used it yields the BadImage that says why. Raises BadValue.
        """
        paths = list(dict.fromkeys(arguments.path_of(one) for one in images if isinstance(one, str | PathLike)))
        if paths and self._pool is None:
            self._load_while_a_child_starts(paths[0], box)
        decoded: dict[str, DecodedImage | BadImage] = {}
        if len(paths) > 1 and box is None:
            with self._told_if_closed(), closing(self.pool.map(paths)) as found:
                decoded.update(found)
        return [
            decoded[arguments.path_of(one)] if decoded and isinstance(one, str | PathLike) else self._read(one, box)
            for one in images
        ]

    def _load_while_a_child_starts(self, path: str, box: Box | None) -> None:
        """Load the encoder while the first child starts, if the file ``path`` is likely to need it.

        What fails here fails again where it is needed, and is reported there.
        """
        with suppress(VisualMemoryError, OSError, ValueError):
            _ = self.pool
            if looks_like_image(path) and Path(path).stat().st_size <= IN_MEMORY:
                sha256 = file_sha256(path)
                if sha256 is not None and self._known.vector_of_file(sha256, box) is None:
                    _ = self.encoder

    def _read(self, image: ImageLike, box: Box | None) -> DecodedImage | BadImage:
        try:
            return self.decode(image, box)
        except BadImage as error:
            return error

    def embed(self, images: Sequence[DecodedImage]) -> F32:
        """(n, dim) float32, rows of unit length. An image whose file is known takes the vector of its exemplar."""
        return self._embed(images, lambda: self.encoder)

    def prepare(self, report: Report = silent) -> bool:
        """Make the encoder's faster form for this machine, if it is missing; the next use takes it. True if made."""
        if self._encoder is None and self._pool is None:
            return False  # no image has been read yet
        made = registry.prepare(self._identity.name, device=self._device(), report=report)
        if made:
            self.drop_encoder()
        return made

    def _try_to_prepare(self, report: Report) -> None:
        """``prepare``, without which the images are read all the same, more slowly."""
        try:
            self.prepare(report)
        except EncoderError as error:
            log.warning("%s", error)

    def drop_encoder(self) -> None:
        """Reload the encoder when it is next needed: on another device, or in a faster form."""
        with self._lock:
            self._encoder = None  # not closed: another thread may be using it

    @contextmanager
    def bulk(self, expected: int = 0, report: Report = silent) -> Iterator[Bulk]:
        """``embed`` with an encoder that may use all cores, loaded when the first image needs it.

        If many images are ``expected``, its faster form is made first.
        """

        def load() -> Encoder:
            if expected >= WORTH_PREPARING:
                self._try_to_prepare(report)
            return self._load(bulk=True)

        bulk = Bulk(self._embed, load)
        try:
            with self._told_if_closed():
                yield bulk
        finally:
            bulk.close()

    def _embed(self, images: Sequence[DecodedImage], encoder: Callable[[], Encoder]) -> F32:
        vectors = np.empty((len(images), self._identity.dim), np.float32)
        unknown = []
        for i, image in enumerate(images):
            known = self._known.vector_of_file(image.sha256, image.box) if image.sha256 else None
            if known is None:
                unknown.append(i)
            else:
                vectors[i] = known
        if unknown:
            batch = np.stack([images[i].pixels for i in unknown])
            vectors[unknown] = gate(encoder().encode(batch), self._identity.dim)
        return vectors

    def _geometry(self) -> Geometry:
        """How images are prepared for the encoder. Raises EncoderError where the memory has none."""
        if self._identity.name == BROUGHT:
            raise EncoderError("this memory holds vectors without an encoder, so images cannot be added to them")
        return registry.geometry(self._identity)

    def _load(self, *, bulk: bool) -> Encoder:
        return registry.load(self._identity, device=self._device(), bulk=bulk)

    @contextmanager
    def _told_if_closed(self) -> Iterator[None]:
        """Report whatever fails because the memory was closed in the meantime as exactly that."""
        try:
            yield
        except (VisualMemoryError, RuntimeError):
            self._require_open()
            raise

    def _require_open(self) -> None:
        if self._closed:
            raise StorageError("the memory was closed")

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._pool is not None:
                self._pool.close()
            if self._encoder is not None:
                self._encoder.close()
            self._pool = self._encoder = None


class Bulk:
    """Embeds many images: called with some of them it gives their vectors, (n, dim) float32 of unit length."""

    def __init__(
        self, embed: Callable[[Sequence[DecodedImage], Callable[[], Encoder]], F32], load: Callable[[], Encoder]
    ) -> None:
        self._embed, self._load = embed, load
        self._encoder: Encoder | None = None

    def __call__(self, images: Sequence[DecodedImage]) -> F32:
        return self._embed(images, self._loaded)

    def batches(self, items: Iterable[T]) -> Iterator[list[T]]:
        """Lists of as many ``items`` as the encoder wants together, few until it is loaded; see ``timely_batches``."""
        return timely_batches(items, lambda: FEW if self._encoder is None else self._encoder.at_once)

    def close(self) -> None:
        if self._encoder is not None:
            self._encoder.close()

    def _loaded(self) -> Encoder:
        if self._encoder is None:
            self._encoder = self._load()
        return self._encoder


def images_of(given: object) -> Iterable[ImageLike]:
    """The images in ``given``: one, or any ordered iterable of them. An array (n, h, w, 3) holds n.

    Whether each is an image is checked when it is read. Raises BadValue.
    """
    if isinstance(given, np.ndarray):
        one = given.ndim < 4 and given.dtype.kind not in "OUS"
    else:
        one = isinstance(given, str | bytes | bytearray | PathLike | DecodedImage) or not isinstance(given, Iterable)
    if one or hasattr(given, "read"):  # iterating a file gives lines
        return [given]  # type: ignore[list-item]
    return given if isinstance(given, Iterator) else arguments.several(given, "images")  # type: ignore[return-value]


def file_sha256(path: str) -> str | None:
    """sha256 (hex) of a regular file's bytes; None for anything else."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return None
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):  # ValueError: it is no path
        return None


def exemplar(image: DecodedImage, vector: F32, *, label: str, copy: bool, group: str | None = None) -> NewExemplar:
    """The row for ``image``. ``copy``: its file is also copied into the memory."""
    return NewExemplar(
        label=label,
        vector=vector,
        content=image.content,
        sha256=image.sha256,
        source=image.source,
        copy=image.suffix if copy and image.source else None,
        group=group,
        width=image.width,
        height=image.height,
        thumbnail=image.thumbnail,
        box=image.box,
        original=image.original,
    )


def timely_batches(items: Iterable[T], size: Callable[[], int]) -> Iterator[list[T]]:
    """Lists of ``size()`` items, asked for each; the last may be shorter, and where items take their time to come, a
    list of ``FEW`` or more is not waited for beyond ``LONGEST_S``."""
    batch, began = list[T](), time.monotonic()
    for item in items:
        batch.append(item)
        full = len(batch) >= size()
        if full or (len(batch) >= FEW and time.monotonic() - began > LONGEST_S):
            yield batch
            batch, began = [], time.monotonic()
    if batch:
        yield batch


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of ``size`` items; the last may be shorter."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
