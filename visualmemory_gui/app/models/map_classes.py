"""The classes of the map: which have a colour of their own, and which exemplars are of each. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from visualmemory_gui.app.models.class_marks import COLOURS, hand_out
from visualmemory_gui.app.models.exemplars import Ids
from visualmemory_gui.app.models.map import MapImage
from visualmemory_gui.engine.decision.levels import at_level

OTHERS = "other classes"


@dataclass(frozen=True, slots=True, eq=False)
class MapClasses:
    """The largest classes, ``names``, with the slots of their colours. ``group`` (n,) is the index of each exemplar's
    class among them, len(names) for all other classes; ``counts`` are by group."""

    names: tuple[str, ...] = ()
    slots: tuple[int, ...] = ()
    group: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    counts: tuple[int, ...] = (0,)

    @property
    def held(self) -> dict[str, int]:
        """The slot of each name."""
        return dict(zip(self.names, self.slots, strict=True))

    def words(self, image: MapImage, ids: Ids) -> str:
        """ "12 selected: animals 8, food 4"."""
        if not len(ids):
            return "Nothing selected"
        counts = np.bincount(self.group[np.isin(image.ids, ids)], minlength=len(self.names) + 1)
        order = np.argsort(-counts, kind="stable")
        named = [f"{(*self.names, OTHERS)[i]} {counts[i]:,}" for i in order if counts[i]]
        return f"{len(ids):,} selected: {', '.join(named[:4])}{', …' if len(named) > 4 else ''}"


def classes_of(image: MapImage, marks: Mapping[str, int], held: Mapping[str, int]) -> MapClasses:
    """The classes of ``image``. One that has a slot in the decision, in ``marks``, has it here too; else it keeps that
    which it ``held`` on the map."""
    level = level_of(image)
    parts = [at_level(label, level) for label in image.labels]
    every = sorted(set(parts))
    index = {part: at for at, part in enumerate(every)}
    of_label = np.array([index[part] for part in parts], np.int64)
    part = of_label[image.label] if len(image.ids) else np.zeros(0, np.int64)
    counts = np.bincount(part, minlength=len(every))
    first = [int(i) for i in np.argsort(-counts, kind="stable")[: len(COLOURS)] if counts[i]]
    names = tuple(every[i] for i in first)
    fixed = {name: slot for name, slot in marks.items() if name in names}
    free = {name: slot for name, slot in held.items() if slot not in fixed.values()}
    slots = hand_out(free | fixed, names, COLOURS)
    place = np.full(max(len(every), 1), len(first), np.int64)
    place[first] = np.arange(len(first))
    group = place[part]
    found = np.bincount(group, minlength=len(first) + 1)
    return MapClasses(names, tuple(slots[name] for name in names), group, tuple(found.tolist()))


def level_of(image: MapImage) -> int:
    """The level whose classes are shown: the full label, 0, where each has a colour, else the first part of labels."""
    used = np.unique(image.label)
    return 0 if len(used) <= len(COLOURS) else 1
