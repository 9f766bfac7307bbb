"""The decisions on a user's watch set, made on a shared memory as it is, or as if an edit were made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.memory.classifier import ContentIds
from visualmemory_gui.engine.memory.protocol import ProposedChange
from visualmemory_gui.engine.shared_memory.exemplar_pages import SharedExemplars
from visualmemory_gui.engine.shared_memory.followed_decisions import FollowedDecisions, FollowedQuery
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.shared_classifier import NOT_SUPPOSED, SharedClassifier
from visualmemory_gui.engine.shared_memory.supposed_edit import supposed
from visualmemory_gui.engine.store.watch import Watched
from visualmemory_gui.engine.types import Decision, MemorySettings


class WatchDecisions:
    """Decides watched images as in a folder: without exemplars that are like them, by the settings. May be called from
    any thread."""

    def __init__(
        self,
        catalog: SharedExemplars,
        own: OwnEdits,
        classifier: SharedClassifier,
        *,
        dim: int,
        settings: Callable[[], MemorySettings],
    ) -> None:
        self._catalog = catalog
        self._own = own
        self._decisions = FollowedDecisions(own, classifier)
        self._dim = dim
        self._settings = settings
        self._lock = threading.Lock()

    def decide(self, watched: Sequence[Watched], edit: ProposedChange | None = None) -> list[Decision]:
        """The decisions on ``watched``, each of which has a vector, in their order; as if ``edit`` were made. Raises
        ServerError, and what the edit would raise."""
        settings = self._settings()
        vectors = [one.image.vector for one in watched if one.image.vector is not None]
        queries = [
            FollowedQuery(one.image.id, ContentIds(one.image.content, one.image.original), one.expected)
            for one in watched
        ]
        after = NOT_SUPPOSED if edit is None else supposed(edit, self._catalog, self._own.labels(), self._dim)
        scheme = VotingScheme.of(settings, level=settings.level)
        with self._lock:
            stacked = np.stack(vectors) if vectors else np.empty((0, self._dim), np.float32)
            return self._decisions.decide(queries, stacked, scheme, supposed=after)
