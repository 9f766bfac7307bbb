"""What the names of the classes alone would say of an image, without any exemplar.

A. Radford et al., "Learning transferable visual models from natural language supervision" (2021), section 3.1: the
texts "a photo of a NAME" of all classes, and the softmax over their cosines with the image.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.language.text_vectors import text_vectors_of
from visualmemory_gui.engine.types import F32

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

TEMPLATE = "a photo of a {}"


def name_of(label: str) -> str:
    """The last part of a label as words: "flags with stars" of ``town/flags_with-stars``."""
    return " ".join(label.rpartition("/")[2].replace("_", " ").replace("-", " ").split())


def class_name_shares(memory: Memory, vector: F32, labels: Iterable[str], *, level: int = 0) -> Mapping[str, float]:
    """The share of each class by its name alone, largest first; they sum to 1. ``vector`` (dim,) is the image's.

    At a ``level`` the classes are the first parts of ``labels``. Raises EncoderError where the memory's encoder knows
    no words.
    """
    classes = sorted({at_level(label, level) for label in labels})
    if not classes:
        return {}
    known = text_vectors_of(memory)
    texts = known.vectors([TEMPLATE.format(name_of(label)) for label in classes])
    logits = known.scale * (texts.astype(np.float64) @ vector.astype(np.float64))
    weights = np.exp(logits - logits.max())
    shares = weights / weights.sum()
    return {classes[i]: float(shares[i]) for i in np.argsort(-shares, kind="stable")}
