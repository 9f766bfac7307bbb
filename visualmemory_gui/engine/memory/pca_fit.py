"""Which images PCA is fitted to, and the encoder that comes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from visualmemory_gui.engine.encoders.base import unit
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.projection import Projection, fit
from visualmemory_gui.engine.types import F32, EncoderIdentity

SAMPLE = 2048  # images that PCA is fitted to, or four for each number that is kept, if that is more


def sample_size(dim: int) -> int:
    """How many different images PCA to ``dim`` numbers is fitted to at most."""
    return max(SAMPLE, 4 * dim)


def require_dim(identity: EncoderIdentity, dim: int) -> None:
    """Raise BadValue unless vectors of ``identity`` can be reduced to ``dim`` numbers."""
    if not 2 <= dim < identity.dim:
        most = identity.dim - 1
        raise BadValue(f"vectors of {identity.name} can be reduced to 2 to {most:,} numbers, not to {dim:,}")


def require_enough(images: int, dim: int, of: object) -> None:
    """Raise BadValue where ``of`` has too few different ``images``."""
    if images <= dim:
        needs = f"reducing vectors to {dim:,} numbers needs at least {dim + 1:,} different images"
        raise BadValue(f"{needs}; {of} has {images:,}")


def reduced(identity: EncoderIdentity, vectors: Sequence[F32], dim: int, *, of: object) -> EncoderIdentity:
    """``identity`` with PCA to ``dim`` numbers, fitted to ``vectors`` of different images of ``of``. Raises BadValue
    where these are too few or too alike."""
    require_enough(len(vectors), dim, of)
    try:
        return identity.reduced(fit(np.stack(vectors), dim))
    except ValueError as error:
        raise BadValue(f"the vectors of {of} cannot be reduced to {dim:,} numbers: {error}") from None


def projected(projection: Projection, vectors: F32) -> F32:
    """(n, before) -> (n, after): what the encoder that ends with ``projection`` gives. Raises BadValue."""
    return gate(unit(projection.apply(vectors)), projection.after)
