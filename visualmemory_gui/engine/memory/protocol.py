"""Memory: what the window, the commands and the studies ask of an open memory, wherever its rows are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, cast

from visualmemory_gui.engine.errors import BadValue

if TYPE_CHECKING:
    import numpy.typing as npt
    from PIL.Image import Image

    from visualmemory_gui.engine.decision.novelty import Thresholds
    from visualmemory_gui.engine.decision.own_measures import OwnMeasures
    from visualmemory_gui.engine.encoders.base import Encoder
    from visualmemory_gui.engine.errors import BadImage
    from visualmemory_gui.engine.index.search import Searcher
    from visualmemory_gui.engine.memory.added_images import AddResult
    from visualmemory_gui.engine.memory.forget import Erasing
    from visualmemory_gui.engine.memory.image_reader import ImageLike, ImageReader
    from visualmemory_gui.engine.memory.importer import BuildResult, Write
    from visualmemory_gui.engine.memory.maintenance import Compacted, Missing, Relinked
    from visualmemory_gui.engine.memory.queue_table import QueueTable
    from visualmemory_gui.engine.memory.reembed import Reembedded
    from visualmemory_gui.engine.memory.study_results import StudyResults
    from visualmemory_gui.engine.memory.teaching_queue import QueueAdded
    from visualmemory_gui.engine.memory.unfinished_import import UnfinishedImport
    from visualmemory_gui.engine.progress import Report
    from visualmemory_gui.engine.snapshot import Snapshot
    from visualmemory_gui.engine.store.catalog import Catalog
    from visualmemory_gui.engine.store.class_hotkeys import ClassHotkeys
    from visualmemory_gui.engine.store.copies import Copy
    from visualmemory_gui.engine.store.difference import Difference
    from visualmemory_gui.engine.store.dismissals import Kept
    from visualmemory_gui.engine.store.queries import RecentQueries
    from visualmemory_gui.engine.store.queue import Queued
    from visualmemory_gui.engine.store.tags import Tag, Tags
    from visualmemory_gui.engine.store.watch import Watch, Watched
    from visualmemory_gui.engine.types import (
        F32,
        I64,
        BoxLike,
        Changes,
        Damage,
        Decision,
        DecodedImage,
        Device,
        EncoderIdentity,
        Exemplar,
        FinishedEdit,
        FullImage,
        IndexState,
        MemorySettings,
        NewExemplar,
        Receipt,
        Rule,
        SearchMode,
        ServerState,
        SharedReceipt,
        State,
        Step,
        StepState,
        Summary,
    )

    Ids = int | Iterable[int]


class ExemplarPages(Protocol):
    """The exemplars of any memory, by id, by page, by label and by content."""

    def get(self, ids: Iterable[int]) -> list[Exemplar]: ...

    def pages(self, *, label: str | None = None, state: State | None = None) -> Iterator[list[Exemplar]]: ...

    def select(
        self, *, label: str | None = None, state: State | None = None, ids: Iterable[int] | None = None
    ) -> list[Exemplar]: ...

    def by_content(self, content: str) -> list[Exemplar]: ...

    def ids_under(self, label: str) -> list[int]: ...

    def require_label(self, label: str, *, withdrawn: bool = False) -> None: ...

    def counts(self) -> dict[str, int]: ...

    def totals(self) -> tuple[int, int, int]: ...

    def sources(self, ids: Iterable[int], *, linked: bool = False) -> dict[int, str | None]: ...

    def thumbnail(self, exemplar: int) -> bytes | None: ...

    def thumbnails(self, ids: Iterable[int]) -> dict[int, bytes]: ...

    def vectors(self, ids: I64 | Sequence[int]) -> F32: ...


class Exemplars(ExemplarPages, Protocol):
    """The same, also by text, by file, and the parts of images."""

    def find(self, *, text: str = "", since: float | None = None) -> Iterator[I64]: ...

    def parts_of(self, ids: Iterable[int]) -> list[Exemplar]: ...

    def withdrawn_ids(self) -> I64: ...

    def change(self) -> int: ...


class Steps(Protocol):
    """The steps done and undone in any memory."""

    def steps(self, limit: int | None = None) -> list[Step]: ...

    def can_undo(self) -> Step | None: ...

    def can_redo(self) -> Step | None: ...

    def tags_ahead(self) -> tuple[str, ...]: ...

    def branches(self) -> list[Step]: ...

    def revert(self, step: int) -> Changes: ...


class StepHistory(Steps, Protocol):
    """The same, with the states between, and what changed since."""

    def states(self, steps: Collection[int]) -> dict[int, StepState]: ...

    def go_back(self, step: int) -> Changes: ...

    def difference(self, since: int | str | float) -> Difference: ...


class ImageCopies(Protocol):
    """The image files of which the memory keeps a copy."""

    def keep(self, source: str | Path | bytes, sha256: str, suffix: str) -> str: ...

    def find(self, sha256: str) -> list[Path]: ...


class Queue(Protocol):
    """Images that wait to be taught, all decided again after every edit."""

    def __len__(self) -> int: ...

    def add(self, paths: Sequence[str | Path], *, report: Report = ..., write: Write = ...) -> QueueAdded: ...

    def table(
        self, *, k: int | None = None, rule: Rule | None = None, level: int = 0, ordered: bool = False
    ) -> QueueTable: ...

    def compare(self, report: Report = ...) -> None: ...

    def teach(self, ids: Sequence[int], label: str) -> AddResult: ...

    def teach_each(self, wanted: Sequence[tuple[int, str]]) -> AddResult: ...

    def query(self, number: int) -> Queued: ...

    def thumbnails(self, ids: Sequence[int]) -> Mapping[int, bytes]: ...

    def remove(self, ids: Sequence[int]) -> None: ...

    def clear(self) -> None: ...


class MemoryCondition(Protocol):
    """What was found at opening, and whether what is usual was measured."""

    @property
    def damaged_settings(self) -> Mapping[str, str]: ...

    @property
    def index_damage(self) -> str | None: ...

    @property
    def thresholds(self) -> Thresholds | None: ...


class Maintenance(MemoryCondition, Protocol):
    """What is due after edits, what else was found at opening, and checks."""

    @property
    def finished_edit(self) -> FinishedEdit | None: ...

    @property
    def finished_forget(self) -> Receipt | SharedReceipt | None: ...

    @property
    def unfinished_import(self) -> UnfinishedImport | None: ...

    def leave_import(self) -> None: ...

    @property
    def unset_settings(self) -> Mapping[str, str]: ...

    def defer(self) -> None: ...

    def run(self, report: Report = ...) -> bool: ...

    def index_state(self) -> IndexState: ...

    def server_state(self) -> ServerState | None: ...

    def ask_server(self) -> str | None: ...

    def verify(self, report: Report = ...) -> list[Damage]: ...


class WholeMaintenance(Maintenance, Protocol):
    """The same for a memory in a folder: also measuring what is usual, compaction, and originals that have moved."""

    @property
    def finished_forget(self) -> Receipt | None: ...

    @property
    def own_measures(self) -> OwnMeasures: ...

    def measure(self, report: Report = ...) -> None: ...

    def keep_up(self, report: Report = ...) -> None: ...

    def compact(self, *, keep_history_s: float | None = None, report: Report = ...) -> Compacted: ...

    def missing_originals(self, report: Report = ...) -> Missing: ...

    def relink(self, old: str, new: str, report: Report = ..., *, only: Collection[int] | None = None) -> Relinked: ...


class AnyMemory(Protocol):
    """An open memory in a folder or on a server: what a script and most commands ask of it.

    What each verb promises is documented in ``VisualMemory``, the memory in a folder.
    """

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def readonly(self) -> bool: ...

    @property
    def identity(self) -> EncoderIdentity: ...

    @property
    def settings(self) -> MemorySettings: ...

    @property
    def device(self) -> Device: ...

    @property
    def encoder(self) -> Encoder: ...

    @property
    def catalog(self) -> ExemplarPages: ...

    @property
    def history(self) -> Steps: ...

    @property
    def maintenance(self) -> MemoryCondition: ...

    def close(self) -> None: ...

    def summary(self) -> Summary: ...

    def class_counts(self) -> dict[str, int]: ...

    def active_and_struck(self) -> tuple[int, int]: ...

    def changed(self, callback: Callable[[Changes], object]) -> Callable[[], None]: ...

    def decode(self, image: ImageLike, box: BoxLike | None = None) -> DecodedImage: ...

    def full_image(self, image: str | PathLike[str] | Image) -> FullImage: ...

    def embed(self, images: ImageLike | Iterable[ImageLike]) -> F32: ...

    def decide(
        self,
        image: ImageLike | int,
        k: int | None = None,
        rule: Rule | None = None,
        *,
        level: int = 0,
        search: SearchMode = "auto",
        exclude: Collection[int] = (),
        box: BoxLike | None = None,
    ) -> Decision: ...

    def decide_each(
        self,
        images: ImageLike | int | Iterable[ImageLike | int],
        k: int | None = None,
        rule: Rule | None = None,
        *,
        level: int = 0,
        search: SearchMode = "auto",
        exclude: Collection[int] = (),
        box: BoxLike | None = None,
    ) -> Iterator[Decision | BadImage]: ...

    def decide_vector(
        self,
        vector: npt.ArrayLike,
        k: int | None = None,
        rule: Rule | None = None,
        *,
        level: int = 0,
        search: SearchMode = "auto",
        exclude: Collection[int] = (),
        content: str | None = None,
        own: int | None = None,
        original: str | None = None,
    ) -> Decision: ...

    def add_images(
        self,
        images: ImageLike | Iterable[ImageLike],
        labels: str | Iterable[str],
        boxes: Iterable[BoxLike | None] | None = None,
        *,
        copy: bool = True,
        found: Collection[int] = (),
    ) -> AddResult: ...

    def strike(self, ids: Ids) -> Changes: ...

    def restore(self, ids: Ids) -> Changes: ...

    def relabel(self, ids: Ids, label: str) -> Changes: ...

    def relabel_each(self, wanted: Mapping[str, Ids]) -> Changes: ...

    def reweigh(self, ids: Ids, trust: float) -> Changes: ...

    def rename_label(self, old: str, new: str) -> Changes: ...

    def undo(self) -> Changes: ...

    def redo(self) -> Changes: ...


class ProposedLesson(Protocol):
    """An image that would be taught."""

    @property
    def vector(self) -> F32: ...

    @property
    def content(self) -> str | None: ...

    @property
    def original(self) -> str | None: ...


class ProposedChange(Protocol):
    """An edit that is not made; ``ProposedEdit`` says what each part means."""

    @property
    def kind(self) -> Literal["strike", "restore", "relabel", "reweigh", "teach", "forget"]: ...

    @property
    def ids(self) -> tuple[int, ...]: ...

    @property
    def label(self) -> str: ...

    @property
    def trust(self) -> float: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    @property
    def trusts(self) -> tuple[float, ...]: ...

    @property
    def lessons(self) -> Sequence[ProposedLesson]: ...


class Tagged(Protocol):
    """Names for states of the memory."""

    def put(self, name: str, *, move: bool = False) -> Tag: ...

    def all(self) -> list[Tag]: ...

    def get(self, name: str) -> Tag | None: ...

    def drop(self, name: str) -> None: ...


class Leftovers(Protocol):
    """The second half of a forget: what remains of the exemplars is looked for, or erased by a server."""

    def finish(self, report: Report = ...) -> Receipt | SharedReceipt: ...


class Memory(AnyMemory, Protocol):
    """An open memory whose rows need not be in this process, except those asked for: what the window asks of it.

    ``is_whole``: all of them are, so that it is a ``WholeMemory``; see ``whole``. ``listing`` are the rows as they were
    when ``list_rows``, which reads on at each step, came to its end; their vectors may be out of reach.

    ``queries``, ``watch``, ``kept``, ``keys`` and ``tags`` are in a database on this machine, wherever the exemplars
    are.
    """

    @property
    def catalog(self) -> Exemplars: ...

    @property
    def history(self) -> StepHistory: ...

    @property
    def files(self) -> ImageCopies: ...

    @property
    def queue(self) -> Queue: ...

    @property
    def maintenance(self) -> Maintenance: ...

    @property
    def queries(self) -> RecentQueries: ...

    @property
    def watch(self) -> Watch: ...

    @property
    def kept(self) -> Kept: ...

    @property
    def keys(self) -> ClassHotkeys: ...

    @property
    def tags(self) -> Tagged: ...

    @property
    def is_whole(self) -> bool: ...

    @property
    def listing(self) -> Snapshot: ...

    def list_rows(self) -> Iterator[None]: ...

    @property
    def is_there(self) -> bool: ...

    def is_at(self, path: str | Path) -> bool: ...

    def set(self, name: str, value: object) -> MemorySettings: ...

    def set_all(self, values: Mapping[str, object]) -> MemorySettings: ...

    def new_reader(self) -> ImageReader: ...

    def erase(self, ids: Ids) -> Leftovers: ...

    def build(
        self,
        folder: str | Path | Sequence[str],
        *,
        copy: bool = False,
        label: str | None = None,
        group_by: str | None = None,
        report: Report = ...,
        write: Write = ...,
    ) -> BuildResult: ...

    def merge_rows(
        self,
        batches: Iterable[Sequence[NewExemplar]],
        *,
        copies: Collection[Copy] = ...,
        strike: Ids = ...,
        restore: Ids = ...,
        relabel: Mapping[str, Ids] | None = ...,
        reweigh: Mapping[float, Ids] | None = ...,
    ) -> Changes: ...


class RemoteMemory(Memory, Protocol):
    """A memory whose rows are elsewhere, which decides the watch set and compares exemplars with a vector there."""

    def likeness(self, vector: F32) -> list[tuple[int, float]]: ...

    def decide_watched(self, watched: Sequence[Watched], edit: ProposedChange | None = None) -> Sequence[Decision]: ...


class WholeMemory(Memory, Protocol):
    """A memory in a folder, whose rows are all in this process: for what needs every row at once."""

    @property
    def path(self) -> Path: ...

    @property
    def catalog(self) -> Catalog: ...

    @property
    def snapshot(self) -> Snapshot: ...

    @property
    def tags(self) -> Tags: ...

    @property
    def searcher(self) -> Searcher: ...

    @property
    def maintenance(self) -> WholeMaintenance: ...

    @property
    def results(self) -> StudyResults: ...

    def forget(self, ids: Ids, *, report: Report = ...) -> Changes: ...

    def erase(self, ids: Ids) -> Erasing: ...

    def reembed(self, path: str | Path, encoder: str, *, dim: int | None = ..., report: Report = ...) -> Reembedded: ...

    def apply_study(
        self,
        kind: str,
        change: int,
        *,
        strike: Ids = (),
        relabel: Mapping[str, Ids] | None = None,
        trust: Mapping[int, float] | None = None,
    ) -> Changes: ...


NOT_WHOLE = (
    "this needs every exemplar on this computer, and those of a shared memory are on its server: "
    "pull a sample to a folder, and open that"
)


def whole(memory: Memory) -> WholeMemory:
    """The memory, where all its rows are in this process. Raises BadValue otherwise."""
    if not memory.is_whole:
        raise BadValue(NOT_WHOLE)
    return cast("WholeMemory", memory)


def remote(memory: Memory) -> RemoteMemory:
    """The memory, where its rows are elsewhere. Raises BadValue otherwise."""
    if memory.is_whole:
        raise BadValue("every exemplar of this memory is on this computer")
    return cast("RemoteMemory", memory)
