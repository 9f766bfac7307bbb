"""The vectors of texts in the space of a memory's images; each text is computed once."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.encoders.base import Encoder, TextTower
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import BROUGHT, F32

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

LONGEST = 500
MOST_KEPT = 4000
NO_IMAGES = "this memory holds vectors of your own: words cannot be compared with them"


class TextVectors:
    """The texts asked for so far, as vectors of ``tower``. It may be used from any thread."""

    def __init__(self, tower: TextTower) -> None:
        self.scale = tower.scale
        self._tower = tower
        self._known: dict[str, F32] = {}
        self._lock = Lock()

    def vectors(self, texts: Sequence[str]) -> F32:
        """(n, dim) float32 of unit length, one row for each text."""
        with self._lock:
            missing = [text for text in dict.fromkeys(texts) if text not in self._known]
            if missing:
                if len(self._known) + len(missing) > MOST_KEPT:
                    self._known = {}
                    missing = list(dict.fromkeys(texts))
                self._known |= dict(zip(missing, self._tower.encode(missing), strict=True))
            return np.array([self._known[text] for text in texts], np.float32)


_OF_ENCODER: weakref.WeakKeyDictionary[Encoder, TextVectors] = weakref.WeakKeyDictionary()
_LOADING = Lock()


def text_vectors_of(memory: Memory) -> TextVectors:
    """The texts of the memory's encoder, loaded when it is first needed, and kept as long as the encoder.

    Raises EncoderError where the encoder knows no words or its text tower is not here, BadValue where the memory has no
    encoder.
    """
    if memory.identity.name == BROUGHT:
        raise BadValue(NO_IMAGES)
    encoder = memory.encoder
    with _LOADING:
        found = _OF_ENCODER.get(encoder)
        if found is None:
            found = _OF_ENCODER[encoder] = TextVectors(registry.text_tower(encoder))
        return found


def vector_of(memory: Memory, text: str) -> F32:
    """The vector (dim,) of ``text``. Raises as ``text_vectors_of``, and BadValue for one that is empty or too long."""
    found: F32 = text_vectors_of(memory).vectors([_checked(text)])[0]
    return found


def to_fetch(memory: Memory) -> str:
    """What ``fetch`` would fetch, "about 605 MB, MIT"; "" where there is nothing that it could."""
    return "" if memory.identity != memory.identity.whole else registry.text_to_fetch(memory.identity.name)


def fetch(memory: Memory, report: Report = silent) -> None:
    """Fetch the text tower of the memory's encoder; only for a user who asked for that. Raises EncoderError."""
    registry.fetch_text(memory.identity.name, report=report)


def refusal(memory: Memory) -> str:
    """Why texts cannot be compared with the memory's images now, "" where they can; loads nothing."""
    if memory.identity != memory.identity.whole:
        return registry.REDUCED
    return NO_IMAGES if memory.identity.name == BROUGHT else registry.text_refusal(memory.identity.name)


def _checked(text: str) -> str:
    """``text`` without spaces around it. Raises BadValue where nothing is left of it, or it is too long."""
    kept = " ".join(text.split())
    if not kept or len(kept) > LONGEST:
        raise BadValue(f"words to look for are 1 to {LONGEST} characters, not {len(kept):,}")
    return kept
