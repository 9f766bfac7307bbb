"""An exemplar whose label the others contradict."""

from __future__ import annotations

from dataclasses import dataclass

LABEL = "label"
"""The kind of a kept judgement on a label."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """An exemplar whose own label gets ``share`` of the others' ridge vote, and ``suggested`` gets ``suggested_share``.

    ``against`` are the nearest exemplars of another label, (id, label, distance). ``likely``: it lies above the cut.
    """

    id: int
    label: str
    share: float
    suggested: str
    suggested_share: float
    against: tuple[tuple[int, str, float], ...]
    likely: bool = False


@dataclass(frozen=True, slots=True)
class Relabelling:
    """Suspects of one ``label`` for which the others suggest the same one, the most suspicious first."""

    label: str
    suggested: str
    suspects: tuple[Suspect, ...]
