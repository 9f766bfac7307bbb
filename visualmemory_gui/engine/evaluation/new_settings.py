"""What the settings of new memories would do to the accuracy of a memory that was made before they were usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.evaluation.query_set import QueryLists, QuerySet
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store.settings import settings_with
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

SAMPLE = 2000


@dataclass(frozen=True, slots=True)
class NewSettings:
    """The ``settings`` of new memories that a memory never had set, as they are written, and what they would do here.

    ``gain`` is in accuracy at the full label, over ``queries`` of the memory's own exemplars, each decided by all
    others. Nothing was chosen on them.
    """

    settings: Mapping[str, str]
    gain: Gain
    queries: int

    @property
    def words(self) -> str:
        """What a person who opens the memory should know."""
        named = " and ".join(f"the {name.replace('_', ' ')} {value}" for name, value in self.settings.items())
        return f"New memories have {named}. On {how_many(self.queries)} of this one that is {self.gain.words}."

    def to_json(self) -> dict[str, object]:
        """All of it, as JSON values."""
        return {"settings": dict(self.settings), "queries": self.queries, "gain": self.gain.to_json()}


def measure(memory: WholeMemory, *, report: Report = silent) -> NewSettings | None:
    """None where each of them was set once, or where no neighbour could be wrong. Raises Cancelled by ``report``."""
    unset, snapshot = memory.maintenance.unset_settings, memory.snapshot
    if not unset or np.count_nonzero(snapshot.counts) < 2:
        return None
    rows = np.flatnonzero(snapshot.active)
    asked = QuerySet.exemplars(snapshot, rows[QuerySet.active(snapshot).sample(SAMPLE)])
    before, after = (
        QueryLists(asked, memory.searcher.nearest_many, scheme=VotingScheme.of(settings), report=report).right()
        for settings in (memory.settings, settings_with(memory.settings, unset))
    )
    return NewSettings(unset, paired_gain(before, after, groups=asked.unit), len(asked))
