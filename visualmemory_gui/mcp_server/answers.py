"""What the tools answer: the structured content of each result, whose schema a client is given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExemplarFacts:
    """One exemplar. ``source`` is the path of its original, if it is known; ``box`` is the part of it, x, y, w, h."""

    id: int
    label: str
    state: str
    trust: float
    source: str | None
    note: str
    box: list[int] | None


@dataclass(frozen=True)
class NeighbourFacts:
    """A neighbour of a query: distance is 1 - cosine, share its part of the vote, null where nothing was voted on."""

    id: int
    label: str
    distance: float
    share: float | None


@dataclass(frozen=True)
class DecisionAnswer:
    """A decision. ``shares`` are of the vote, the largest first, and no probabilities; ``confidence`` is how often such
    answers are right here. ``known`` is null where it was not measured. ``in_memory`` says as what the image itself is
    already kept, "" where it is not. ``shown`` are the ids of the thumbnails that follow, in their order."""

    query: str
    label: str | None
    headline: str
    share: float | None
    margin: float | None
    known: bool | None
    reason: str
    confidence: float | None
    shares: dict[str, float]
    in_memory: str
    neighbours: list[NeighbourFacts]
    rest: str
    shown: list[int]


@dataclass(frozen=True)
class SimilarAnswer:
    """The nearest exemplars of a query, nearest first; ``shown`` as in a decision."""

    query: str
    found: list[NeighbourFacts]
    shown: list[int]


@dataclass(frozen=True)
class ClassFacts:
    """A class and how many of its exemplars vote."""

    label: str
    active: int


@dataclass(frozen=True)
class MemoryAnswer:
    """A memory at a glance; ``classes`` are those with the most exemplars, ``more`` how many are left out."""

    name: str
    path: str
    encoder: str
    rule: str
    active: int
    struck: int
    classes: list[ClassFacts]
    more: int
    editable: bool


@dataclass(frozen=True)
class ShowAnswer:
    """A page of exemplars, by id, of the ``total`` that match; ``shown`` as in a decision."""

    exemplars: list[ExemplarFacts]
    total: int
    shown: list[int]


@dataclass(frozen=True)
class SuspectFacts:
    """An exemplar that the others decide otherwise, with the share of the vote of its label and of the suggested one.

    ``likely``: above a cut that finds about half of labels flipped at random."""

    id: int
    label: str
    share: float
    suggested: str
    suggested_share: float
    likely: bool
    against: list[NeighbourFacts]


@dataclass(frozen=True)
class SuspectsAnswer:
    """Labels that may be wrong, the most suspicious first. Whether one is, only a look at the image tells."""

    looked_at: int
    likely: int
    recall: str
    suspects: list[SuspectFacts]
    shown: list[int]


@dataclass(frozen=True)
class BlamedFacts:
    """An exemplar that takes most from the right label; ``value``, below 0, is what it adds to its mean share."""

    id: int
    label: str
    value: float
    fix: str


@dataclass(frozen=True)
class ExplainAnswer:
    """Why a query is decided as it is. ``strikes`` are the fewest exemplars without which it is ``becomes``, and
    ``exact`` says that no fewer are enough; ``lessons`` more images like it, taught as ``lesson_label``, do the same.
    Null where it cannot be done. ``blamed`` are exemplars to blame, if asked for, and ``blame`` what mending them would
    do.
    """

    decision: DecisionAnswer
    strikes: list[int] | None
    becomes: str | None
    exact: bool
    lessons: int | None
    lesson_label: str | None
    blamed: list[BlamedFacts]
    blame: str


@dataclass(frozen=True)
class MistakeFacts:
    """Queries of one class that are decided as another."""

    label: str
    decided_as: str
    queries: int


@dataclass(frozen=True)
class HardClass:
    """A class, how many exemplars of it were asked, and which part was decided right."""

    label: str
    queries: int
    accuracy: float


@dataclass(frozen=True)
class EvaluateAnswer:
    """How often the memory is right about its own exemplars, each left out. ``run`` names it for ``compare_with``.

    ``gain`` says in points what changed since the run it is compared with, over the exemplars of that run whose label
    is the same; ``fixed`` and ``broken`` count their decisions."""

    run: int
    queries: int
    accuracy: float
    hardest: list[HardClass]
    mistakes: list[MistakeFacts]
    gain: str | None = None
    fixed: int | None = None
    broken: int | None = None


@dataclass(frozen=True)
class StepFacts:
    """A step of the history; state is done, or undone and can be redone."""

    step: int
    edit: str
    exemplars: int
    state: str


@dataclass(frozen=True)
class HistoryAnswer:
    """The latest steps, latest first."""

    steps: list[StepFacts]


@dataclass(frozen=True)
class EditAnswer:
    """What an edit did, null if there was nothing to do, to which exemplars, and how it is taken back."""

    edit: str | None
    ids: list[int]
    take_back: str
    note: str = ""
