"""The values that travel between the rooms of the engine: frozen, small, without behaviour of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.projection import Projection, note_in
from visualmemory_gui.engine.text.data_frame import data_frame
from visualmemory_gui.engine.text.notebook import DecisionImages, decision_html
from visualmemory_gui.engine.text.visible_text import size_text
from visualmemory_gui.engine.text.voice import meaning, without_a_vote

if TYPE_CHECKING:
    from pandas import DataFrame

Rule = Literal["plurality", "distance", "softmax", "rank", "ridge"]
State = Literal["active", "struck", "withdrawn"]
SearchMode = Literal["auto", "exact", "hnsw"]
Device = str
"""Where to compute, as ``device.choice.named`` reads it: "auto", "cpu", "cuda", "cuda:1" (the second GPU), "mps"."""
ClassFactor = Literal["off", "old", "mean"]

PAPER_RULES: tuple[Rule, ...] = ("plurality", "distance", "softmax", "rank")
RULES: tuple[Rule, ...] = (*PAPER_RULES, "ridge")
CLASS_FACTORS: tuple[ClassFactor, ...] = ("off", "old", "mean")
MOST_K = 10_000

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

SMALLEST_BOX = 8
"""Pixels that a part of an image is wide and high at least."""
LARGEST_SIDE = (1 << 31) - 1
_ONCE_A_SWITCH: Mapping[str, ClassFactor] = {
    **dict.fromkeys(("on", "true", "yes", "1"), "old"),
    **dict.fromkeys(("false", "no", "0"), "off"),
}


def read_class_factor(value: str | bool, name: str = "class_factor") -> ClassFactor:
    """The form of the class factor that ``value`` says, also one written when it was only on (now ``old``) or off.

    Raises BadValue.
    """
    text = str(value).strip().lower()
    for form in CLASS_FACTORS:
        if _ONCE_A_SWITCH.get(text, text) == form:
            return form
    raise BadValue(f"{name} must be one of {', '.join(CLASS_FACTORS)}, not {text!r}")


@dataclass(frozen=True, slots=True)
class Box:
    """A part of an image: ``w`` x ``h`` pixels, the top left of which is (``x``, ``y``), counted from 0.

    They are pixels of the upright original at its full size. Raises BadValue for what cannot be a part of any image.
    """

    x: int
    y: int
    w: int
    h: int

    def __post_init__(self) -> None:
        for name, value in zip("xywh", self, strict=True):
            if isinstance(value, bool) or not isinstance(value, Integral):
                raise BadValue(f"{name} of a box must be a whole number of pixels, not {str(value)[:40]!r}")
            object.__setattr__(self, name, int(value))
        if min(self.x, self.y) < 0:
            raise BadValue(f"a box begins inside the image, at 0 or more, not at {self.x},{self.y}")
        if min(self.w, self.h) < SMALLEST_BOX:
            raise BadValue(f"a box is at least {SMALLEST_BOX} pixels wide and high, not {self.w} x {self.h}")
        if max(self) > LARGEST_SIDE:
            raise BadValue(f"a box of {self} is larger than any image")

    @classmethod
    def of(cls, value: object) -> Box:
        """The box that ``value`` is or says: a Box, text ``x,y,w,h``, or four whole numbers. Raises BadValue."""
        if isinstance(value, Box):
            return value
        if isinstance(value, str):
            numbers: list[object] = [int(n) if re.fullmatch(r" *-?[0-9]{1,12} *", n) else n for n in value.split(",")]
        else:
            numbers = list(value) if isinstance(value, Iterable) and not isinstance(value, bytes | Mapping) else []
        if len(numbers) != 4:
            raise BadValue(f"a box is x,y,w,h in pixels of the upright image, not {str(value)[:40]!r}")
        return cls(*numbers)  # type: ignore[arg-type]

    def within(self, width: int, height: int) -> Box:
        """The part of it that lies in an image of this size. Raises BadValue where less than 8 x 8 pixels do."""
        w, h = min(self.w, width - self.x), min(self.h, height - self.y)
        if min(w, h) < SMALLEST_BOX:
            why = f"less than {SMALLEST_BOX} x {SMALLEST_BOX} pixels of it are inside" if min(w, h) > 0 else "outside"
            raise BadValue(f"the box {self} does not fit the image of {width} x {height} pixels: {why}")
        return Box(self.x, self.y, w, h)

    def __iter__(self) -> Iterator[int]:
        return iter((self.x, self.y, self.w, self.h))

    def __str__(self) -> str:
        """As ``of`` reads it."""
        return ",".join(map(str, self))


BoxLike = Box | str | Sequence[int]
"""A box as callers may give it; see ``Box.of``."""


def box_of(value: BoxLike | None) -> Box | None:
    """The box that ``value`` is or says, None for None. Raises BadValue."""
    return None if value is None else Box.of(value)


@dataclass(frozen=True, slots=True)
class Geometry:
    """How an image is brought to the encoder's size.

    ``letterbox``: the whole image, scaled to fit ``size`` x ``size`` pixels, on white. ``crop``: the shorter side is
    scaled to ``resize`` pixels, then the middle ``size`` x ``size`` is cut out.
    """

    size: int = 224
    fit: Literal["letterbox", "crop"] = "letterbox"
    resize: int = 224
    interpolation: Literal["bilinear", "bicubic"] = "bicubic"


BROUGHT = "vectors"
"""The encoder's name in a memory whose vectors the user supplies."""


@dataclass(frozen=True, slots=True)
class EncoderIdentity:
    """What a memory remembers of its encoder; ``name`` is ``BROUGHT`` where the user supplies the vectors.

    Where its vectors are reduced, ``dim`` is that of the reduced ones, ``preprocess`` ends with a note of the
    projection and its SHA-256, and ``projection`` is the one of this hash, or None where it is not at hand.
    """

    name: str
    dim: int
    weights_sha256: str = ""
    preprocess: str = ""
    projection: Projection | None = field(default=None, compare=False, repr=False)

    @property
    def whole(self) -> EncoderIdentity:
        """The encoder itself, without the projection."""
        note = note_in(self.preprocess)
        return self if note is None else EncoderIdentity(self.name, note.before, self.weights_sha256, note.rest)

    def reduced(self, projection: Projection) -> EncoderIdentity:
        """The encoder with ``projection`` after it."""
        after, preprocess = projection.after, projection.note(self.preprocess)
        return EncoderIdentity(self.name, after, self.weights_sha256, preprocess, projection)

    @property
    def facts(self) -> tuple[str, int, str, str]:
        """Name, dim, weights and preprocess: all but the projection, whose hash ``preprocess`` has."""
        return self.name, self.dim, self.weights_sha256, self.preprocess

    def to_json(self) -> dict[str, object]:
        """``facts`` by name."""
        return dict(zip(("name", "dim", "weights_sha256", "preprocess"), self.facts, strict=True))

    @property
    def words(self) -> str:
        """ "lite0", or "lite0, 1,280 -> 256 by PCA"."""
        whole = self.whole
        return self.name if whole is self else f"{self.name}, {whole.dim:,} -> {self.dim:,} by PCA"


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """An encoder as it is listed. ``dim`` is how many numbers its vectors have; ``note`` says what is missing.

    ``size`` is that of its weights in bytes; a fetch that was cut has left ``arrived`` of them. ``terms`` is where a
    licence stands that has to be accepted before they are fetched; "" for free ones.
    """

    name: str
    dim: int
    licence: str
    size: int
    weights_here: bool
    note: str = ""
    terms: str = ""
    arrived: int = 0

    @property
    def weights(self) -> str:
        """Where they are, in words: "here", "not fetched", "12 MB fetched"."""
        if self.weights_here:
            return "here"
        return f"{size_text(self.arrived)} fetched" if self.arrived else "not fetched"


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A decoded image: what the encoder, the memory and the window need of it.

    ``pixels`` is (size, size, 3) uint8 RGB in the encoder's geometry. ``content`` is the sha256 (hex) of the decoded
    RGB pixels, ``sha256`` that of the file's bytes (None without a file). ``thumbnail`` is a JPEG of at most 256 pixels
    a side. ``source`` is the absolute path, ``suffix`` the format's usual file ending with its dot. ``pages`` are those
    of the file, of which this is the first.

    Where it is a part of an image, ``box`` says which, and ``original`` is the content id of the whole: pixels, content
    and thumbnail are those of the part, everything else that of the whole.
    """

    pixels: U8
    content: str
    thumbnail: bytes
    width: int
    height: int
    sha256: str | None = None
    source: str | None = None
    suffix: str = ".png"
    box: Box | None = None
    original: str | None = None
    pages: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Width and height of what is shown: of the part, or of the whole."""
        return (self.width, self.height) if self.box is None else (self.box.w, self.box.h)


@dataclass(frozen=True, slots=True)
class FullImage:
    """All pixels of an image, to be looked at: (h, w, 3) uint8, upright, in sRGB.

    ``width`` and ``height`` are those of the upright original; a JPEG of more than 64 megapixels is read at a fraction
    of them. ``sha256`` is that of the file's bytes, None without a file.
    """

    pixels: U8
    width: int
    height: int
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class NewExemplar:
    """A row on its way into the store. ``vector`` is (dim,) float32 of unit length and has passed the gate.

    ``source`` is the absolute path of the original, ``copy`` the file ending of a copy kept in the memory (None: the
    memory links). ``trust`` and ``struck`` are set by imports; ``content`` is None for vectors without an image. A part
    of an image has its ``box`` and the content id of the ``original``, as in ``DecodedImage``.
    """

    label: str
    vector: F32
    content: str | None = None
    sha256: str | None = None
    source: str | None = None
    copy: str | None = None
    group: str | None = None
    width: int = 0
    height: int = 0
    thumbnail: bytes | None = None
    note: str = ""
    trust: float = 1.0
    struck: bool = False
    box: Box | None = None
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One labelled image in the memory, or a part of one, as ``show`` lists it. ``added`` is seconds since the epoch.

    A part has its ``box`` and the content id of the ``original``, the whole image, whose file is ``source`` and whose
    size are ``width`` and ``height``; ``content`` is the part's own.
    """

    id: int
    label: str
    state: State
    trust: float
    source: str | None
    sha256: str | None
    content: str | None
    group: str | None
    width: int
    height: int
    note: str
    added: float
    box: Box | None = None
    original: str | None = None


class Neighbour(NamedTuple):
    """An exemplar retrieved for a query. Every decision makes as many as k, and a named tuple is the quickest to make.

    ``rank`` counts from 1. ``distance`` is 1 - cosine in [0, 2]. ``weight`` is the vote after ``trust`` and the class
    ``factor``; ``share`` is the weight over the sum of all weights. Under the ridge rule ``explains`` is the same share
    before class factor and a trust above 1, and ``copies`` counts the near copies of it among the neighbours.
    """

    id: int
    rank: int
    label: str
    distance: float
    weight: float
    share: float
    trust: float = 1.0
    factor: float = 1.0
    explains: float | None = None
    copies: int = 0

    @property
    def meaning(self) -> str:
        """What the vote means under the ridge rule; "" under the others."""
        return meaning(self.explains, self.copies)


UnknownReason = Literal["unlike", "between"]
"""Why a query is unknown: unlike anything here, or between classes."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """Why a decision is known or unknown.

    ``statistic`` is the mean distance to the ``m`` nearest exemplars of other content; above ``threshold``, a quantile
    of the same figure over the memory's own exemplars, the query is unlike anything here. ``total`` is what the votes
    for the winner come to under the ridge vote; below ``least`` it is between classes. A threshold is None where it
    cannot be told. ``because`` names what makes it unknown; ``reason`` explains the outcome in words.
    """

    statistic: float | None
    threshold: float | None
    m: int
    reason: str
    total: float | None = None
    least: float | None = None
    because: tuple[UnknownReason, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassSet:
    """Classes that hold the right one nine times in ten: ``labels`` at ``level``, the most probable first.

    ``coverage`` is how often sets of this size hold it in this memory, which was measured and is no guarantee. It is
    None for the winner alone, where no class got enough votes, and where there were too few such sets to tell.
    """

    labels: tuple[str, ...]
    level: int
    coverage: float | None


@dataclass(frozen=True, slots=True)
class SearchInfo:
    """How the neighbours were found. ``agreement`` is how many of the k HNSW also finds, where that was checked;
    ``missed`` are the ids of the others."""

    mode: Literal["exact", "hnsw"]
    device: str
    agreement: int | None = None
    missed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for one query. ``label``, ``share`` and ``margin`` are None when there is nothing to compare with.

    ``shares`` holds every class that got a vote, largest share first. ``margin`` is share 1 minus share 2. ``known`` is
    None when it cannot be determined; ``confidence`` is None while it is not calibrated, as ``class_set`` is, which is
    None too where the sets of this memory are too large. ``in_memory`` holds the exemplars of the query's own content,
    struck ones too. ``timings_ms`` maps the phases ``decode, encode, search,
    vote`` to milliseconds. ``thumbnails`` is where a notebook finds the images. ``box`` is the part of the query's
    image that was decided, None for the whole.
    """

    label: str | None
    share: float | None
    margin: float | None
    shares: Mapping[str, float]
    known: bool | None
    confidence: float | None
    neighbours: tuple[Neighbour, ...]
    k: int
    rule: Rule
    level: int = 0
    novelty: Novelty | None = None
    class_set: ClassSet | None = None
    search: SearchInfo | None = None
    in_memory: tuple[Exemplar, ...] = ()
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    thumbnails: DecisionImages | None = field(default=None, repr=False, compare=False)
    box: Box | None = None

    @property
    def voters(self) -> tuple[Neighbour, ...]:
        """The neighbours whose vote weighs anything; most of those of the ridge vote do not."""
        return tuple(n for n in self.neighbours if n.weight > 0.0)

    @property
    def silent(self) -> tuple[Neighbour, ...]:
        """The neighbours whose vote weighs nothing."""
        return tuple(n for n in self.neighbours if not n.weight > 0.0)

    @property
    def silent_words(self) -> str:
        """ "58 more of the 100 nearest add nothing that nearer ones do not show"; "" where all of them vote."""
        explaining = any(n.explains is not None for n in self.neighbours)
        return without_a_vote(len(self.silent), len(self.neighbours), explaining=explaining)

    def __repr__(self) -> str:
        """In a line, without the neighbours one by one."""
        numbers = (
            "" if self.share is None or self.margin is None else f", share={self.share:.3f}, margin={self.margin:.3f}"
        )
        how = f"known={self.known}, neighbours={len(self.neighbours)}, k={self.k}, rule={self.rule!r}"
        return f"Decision(label={self.label!r}{numbers}, {how})"

    def to_pandas(self) -> DataFrame:
        """One row for each neighbour, by rank, with the fields of ``Neighbour``. Raises ImportError without pandas."""
        columns = {name: [getattr(one, name) for one in self.neighbours] for name in Neighbour._fields}
        return data_frame(columns, index="rank", kinds={"explains": "float64"})

    def _repr_html_(self) -> str:
        voters = [(one.id, one.label, one.distance, one.share, one.meaning) for one in self.voters]
        return decision_html((self.label, self.share, self.known), voters, self.thumbnails, rest=self.silent_words)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What forgetting did. ``status`` is "done" when the scan found nothing and no reader held on to the log.

    Otherwise it is "bytes remain", or "not scanned" when all was erased but the scan could not be finished.

    ``files_scanned`` files of the memory's folder were searched for the erased bytes, ``hits`` places were found.
    ``shared`` counts pieces that a remaining exemplar also holds. ``labels`` are those of the forgotten exemplars,
    ``unreachable`` what no program can reach from here. ``in_original`` are the forgotten parts of images whose pixels
    remain in the original, each with an exemplar that keeps it. ``device`` is the GPU whose copy of the vectors was
    overwritten and freed, None where none held any.
    """

    forgotten: int
    status: Literal["done", "bytes remain", "not scanned"]
    files_scanned: int
    hits: int
    shared: int
    labels: tuple[str, ...]
    unreachable: tuple[str, ...]
    in_original: tuple[tuple[int, int], ...] = ()
    device: str | None = None


Erasure = Literal["hidden", "not provable here", "erased"]
"""What is known of the bytes that a server deleted, from least to most: no answer has them; the files that held them
are replaced, but the server does not say whether they are gone; it confirms that they are."""
ERASURES: Mapping[Erasure, str] = {
    "hidden": "no answer has them any more",
    "not provable here": "the server has replaced the files that held them, but does not say when it deletes those",
    "erased": "the server confirms that nothing of them is left in its files",
}
"""Each of these in words."""


@dataclass(frozen=True, slots=True)
class SharedReceipt:
    """What forgetting on a shared memory did to the exemplars ``ids``. None of them is in any answer.

    ``erasure`` is what the server confirms about their bytes, ``why`` what it said where it has not done its part yet,
    ``labels`` those of the exemplars, ``unreachable`` what cannot be reached from here.
    """

    ids: tuple[int, ...]
    erasure: Erasure
    labels: tuple[str, ...]
    unreachable: tuple[str, ...]
    why: str | None = None


@dataclass(frozen=True, slots=True)
class FinishedEdit:
    """What became of an edit of a shared memory that was cut short: its name, and the exemplars edited elsewhere since,
    which were left.

    ``name`` is None where nothing of it was left to do, and it was taken back. ``ids`` are the others.
    """

    name: str | None
    left: tuple[int, ...]
    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What an edit changed, as every listener receives it. Ids are in the order of the rows.

    ``edit`` is the step's name, None when nothing changed. ``change`` is the memory's change number afterwards.
    ``added`` also holds exemplars that a redo brought back, ``removed`` those withdrawn by undo or forgotten for good.
    ``settings`` names those that have another value now. ``left`` are exemplars that a revert did not touch, because
    they were changed since. ``branched`` are tags of undone states, which the edit put on a branch of the history.
    """

    edit: str | None
    change: int
    step: int | None = None
    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    struck: tuple[int, ...] = ()
    restored: tuple[int, ...] = ()
    relabelled: tuple[int, ...] = ()
    reweighed: tuple[int, ...] = ()
    forgotten: tuple[int, ...] = ()
    settings: tuple[str, ...] = ()
    receipt: Receipt | None = None
    left: tuple[int, ...] = ()
    branched: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """Ids of all exemplars that changed, each once, increasing."""
        changed = {*self.added, *self.removed, *self.struck, *self.restored, *self.relabelled, *self.reweighed}
        return tuple(sorted({*changed, *self.forgotten}))


StepState = Literal["open", "done", "undone", "branch"]


@dataclass(frozen=True, slots=True)
class Step:
    """One undoable step of the history. ``time`` is seconds since the epoch.

    ``name`` ("Relabel 2 exemplars to cat") and ``past`` ("Relabelled 2 exemplars to cat") are made from its entries.
    ``label`` is the class that it gave to all its exemplars, if it did; then both end with it. ``sample`` are up to
    three of their ids. ``after`` is the step that one on a branch was done after, 0 if none was.
    """

    number: int
    name: str
    kind: str
    time: float
    state: StepState
    exemplars: int
    past: str = ""
    label: str | None = None
    sample: tuple[int, ...] = ()
    after: int | None = None


@dataclass(frozen=True, slots=True)
class MemorySettings:
    """The settings of one memory. ``k`` and ``rule`` apply where a caller passes None; under ridge k is ``ridge_k``.

    The defaults are those where nothing is set; a new memory is made with ``rule`` ridge and ``class_factor`` mean.
    ``exact_limit`` is in vector components: above it HNSW proposes on a CPU. ``level`` is where the window opens.
    The parameters of a voting rule are named after it; ``PARAMETER_LIMITS`` are their limits.
    ``unlike`` and ``between`` are the two tests for unknown images, with the share of the memory's own exemplars that
    each takes for known.
    """

    k: int = 10
    rule: Rule = "rank"
    class_factor: ClassFactor = "old"
    level: int = 0
    device: Device = "auto"
    exact_limit: int = 26_000_000
    threads: int = 0
    ridge_k: int = 100
    ridge_gamma: float = 2.0
    ridge_penalty: float = 0.3
    softmax_temperature: float = 0.07
    rank_offset: float = 2.0
    distance_exponent: float = 1.0
    unlike: bool = True
    unlike_quantile: float = 0.99
    between: bool = True
    between_quantile: float = 0.95


PARAMETER_LIMITS: Mapping[str, tuple[float, float]] = {
    "ridge_gamma": (0.0, 50.0),
    "ridge_penalty": (1e-3, 100.0),
    "softmax_temperature": (0.0, 1000.0),
    "rank_offset": (0.0, 1e6),
    "distance_exponent": (0.0, 300.0),  # exp(-2)^300, of an opposite vector, is still above 0
}
"""The least and the largest value of each parameter of a voting rule; it is above a least value of 0, never 0."""
QUANTILE_LIMITS = 0.5, 0.9999
"""The least and the largest quantile of a test for unknown images."""


ServerState = Literal["there", "slow", "gone"]
"""How the server of a shared memory does: it answers, has not answered for a while, or did not answer."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """``kind`` is "exact" or "hnsw"; ``behind`` is how many edits the checkpoint on disk lacks, None without one.

    ``device`` is the GPU where exact search computes, None for the CPU. ``server`` is that of a shared memory.
    """

    kind: Literal["exact", "hnsw"]
    current: bool
    behind: int | None = None
    device: str | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a memory holds, at a glance. ``labels`` counts active exemplars."""

    exemplars: int
    active: int
    struck: int
    labels: Mapping[str, int]
    encoder: EncoderIdentity
    index: IndexState


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was skipped, with the reason in one sentence."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class FirstPage:
    """A file of several pages, of which the first was taken."""

    path: str
    pages: int

    @property
    def words(self) -> str:
        return f"only the first of {self.pages:,} pages was taken"


def first_pages(images: Iterable[tuple[str, DecodedImage]]) -> tuple[FirstPage, ...]:
    """Those among files and their images of which only the first page was taken."""
    return tuple(FirstPage(path, image.pages) for path, image in images if image.pages > 1)


@dataclass(frozen=True, slots=True)
class Damage:
    """One finding of ``verify``: what kind of thing is damaged, where it is, and what is wrong with it."""

    what: str
    where: str
    detail: str
