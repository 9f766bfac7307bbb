"""An encoder as a transformer of scikit-learn, from paths of images to vectors.

scikit-learn is an extra; only who asks for the transformer imports this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from os import PathLike

import numpy as np

from visualmemory_gui.engine import arguments
from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.image_reader import timely_batches
from visualmemory_gui.engine.types import F32, Device

try:
    from sklearn.base import BaseEstimator, TransformerMixin
except ImportError as error:
    raise ImportError("ImageEncoder needs the package scikit-learn: pip install 'visualmemory_gui[sklearn]'") from error

Paths = str | PathLike[str] | Iterable[str | PathLike[str]]


class ImageEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns paths of images into vectors of unit length, the first step of a pipeline with VisualMemoryClassifier.

    ``encoder`` is one of ``visualmemory encoders``, or the path of a TorchScript or ONNX file, which is code that runs.
    Its weights are fetched if they are not here. Images are decoded in child processes, as everywhere.
    """

    def __init__(self, encoder: str = "lite0", *, device: Device = "auto") -> None:
        self.encoder = encoder
        self.device = device

    def fit(self, X: Paths | None = None, y: object = None) -> ImageEncoder:  # noqa: N803
        """Learns nothing."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, X: Paths) -> F32:  # noqa: N803
        """The vectors of the images at the paths ``X``, in order: (n, dim) float32 of unit length.

        Raises BadImage at the first that cannot be read, EncoderError, BadValue.
        """
        paths = arguments.paths_of(X)
        wanted = registry.choose(self.encoder)
        vectors = np.empty((len(paths), wanted.dim), np.float32)
        with (
            closing(registry.load(wanted, device=self.device, bulk=True)) as encoder,
            DecodePool(geometry=registry.geometry(wanted)) as pool,
        ):
            places = {path: place for place, path in reversed(list(enumerate(paths)))}
            with closing(pool.map(places)) as outcomes:
                for batch in timely_batches(outcomes, lambda: encoder.at_once):
                    images = []
                    for _, image in batch:
                        if isinstance(image, BadImage):
                            raise image
                        images.append(image.pixels)
                    vectors[[places[path] for path, _ in batch]] = gate(encoder.encode(np.stack(images)), wanted.dim)
        return vectors[[places[path] for path in paths]]
