"""PCA: the projection that reduces an encoder's vectors to fewer numbers.

Principal components (Jolliffe, Principal Component Analysis, 2002): the directions of largest variance of a sample.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

MOST_BYTES = 1 << 26  # 4,096 numbers reduced to 4,095
_NUMBER = r"[1-9][0-9]{0,5}"
_NOTE = re.compile(rf"(?s)(.*); PCA ({_NUMBER}) -> ({_NUMBER}), sha256 ([0-9a-f]{{64}})")
_Floats = npt.NDArray[np.floating]
_WITHIN = 1e-3


@dataclass(frozen=True)
class ProjectionNote:
    """What an encoder's ``preprocess`` says of a projection that follows: ``rest`` is the encoder's own."""

    rest: str
    before: int
    after: int
    sha256: str


def note_in(preprocess: str) -> ProjectionNote | None:
    """The projection that ``preprocess`` ends with, if it does."""
    found = _NOTE.fullmatch(preprocess)
    return ProjectionNote(found[1], int(found[2]), int(found[3]), found[4]) if found else None


@dataclass(frozen=True, eq=False)
class Projection:
    """``mean`` (before,) and ``components`` (before, after), float32; the columns of ``components`` are orthonormal."""

    mean: npt.NDArray[np.float32]
    components: npt.NDArray[np.float32]

    @property
    def before(self) -> int:
        """How many numbers a vector has before it is projected."""
        return len(self.mean)

    @property
    def after(self) -> int:
        """How many it has then."""
        return len(self.components.T)

    @cached_property
    def sha256(self) -> str:
        """Of ``to_bytes``, as hex."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def note(self, preprocess: str) -> str:
        """``preprocess`` with the projection that follows, as ``note_in`` reads it."""
        return f"{preprocess}; PCA {self.before} -> {self.after}, sha256 {self.sha256}"

    def apply(self, rows: _Floats, times: _Floats | float = 1.0) -> npt.NDArray[np.float64]:
        """(..., before) -> (..., after), not of unit length: the components of ``rows`` less ``times`` the mean."""
        found: npt.NDArray[np.float64] = (rows - times * self.mean.astype(np.float64)) @ self._wide
        return found

    @cached_property
    def _wide(self) -> npt.NDArray[np.float64]:
        return self.components.astype(np.float64)

    def to_bytes(self) -> bytes:
        """The mean, then the components row by row, as little-endian float32."""
        return self.mean.astype("<f4").tobytes() + np.ascontiguousarray(self.components, "<f4").tobytes()


def size_of(note: ProjectionNote) -> int:
    """How many bytes the projection of ``note`` has."""
    return 4 * note.before * (1 + note.after)


def from_bytes(data: bytes, note: ProjectionNote) -> Projection:
    """The projection of ``note``, from a stranger's ``data``. Raises ValueError where it is another."""
    if not note.after < note.before or size_of(note) > MOST_BYTES:
        raise ValueError(f"no projection reduces {note.before:,} numbers to {note.after:,}")
    if len(data) != size_of(note) or hashlib.sha256(data).hexdigest() != note.sha256:
        raise ValueError("the projection of its vectors is not the one that was written")
    numbers = np.frombuffer(data, "<f4").astype(np.float32)
    found = Projection(numbers[: note.before], numbers[note.before :].reshape(note.before, note.after))
    if not _is_projection(found):
        raise ValueError("the projection of its vectors is no mean with components of unit length")
    return found


def _is_projection(found: Projection) -> bool:
    """Whether the components are of unit length, and the mean is one of rows of unit length. NaN is neither."""
    lengths = np.sqrt(np.einsum("ij,ij->j", found.components, found.components))
    return bool((np.abs(lengths - 1.0) <= _WITHIN).all()) and float(np.linalg.norm(found.mean)) <= 1.0 + _WITHIN


def fit(vectors: _Floats, dim: int) -> Projection:
    """The first ``dim`` principal components of ``vectors`` (n, before), n > ``dim``; the sign of each is determined.

    Raises ValueError where the vectors vary in fewer directions, or the projection would be too large to keep.
    """
    if 4 * vectors.shape[1] * (1 + dim) > MOST_BYTES:
        raise ValueError(f"the projection would have more than {MOST_BYTES >> 20} MB")
    wide = vectors.astype(np.float64)
    mean = wide.mean(axis=0)
    _, sizes, directions = np.linalg.svd(wide - mean, full_matrices=False)
    if len(sizes) < dim or sizes[dim - 1] <= 1e-6 * sizes[0] or not sizes[0]:
        raise ValueError(f"they vary in fewer than {dim:,} directions")
    components = directions[:dim].T
    components = components * np.sign(components[np.abs(components).argmax(axis=0), np.arange(dim)])
    return Projection(mean.astype(np.float32), np.ascontiguousarray(components, np.float32))
