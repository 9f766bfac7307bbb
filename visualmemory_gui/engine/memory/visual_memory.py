"""VisualMemory: one memory in a folder, its edits and decisions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy.typing as npt

from visualmemory_gui.engine import arguments
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.device.choice import require
from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadImage, BadValue, BadVector, VisualMemoryError
from visualmemory_gui.engine.index.search import Searcher
from visualmemory_gui.engine.index.vector_check import gate, gate_one
from visualmemory_gui.engine.memory import forget, importer, reembed
from visualmemory_gui.engine.memory.added_images import AddResult
from visualmemory_gui.engine.memory.classifier import Scope
from visualmemory_gui.engine.memory.exemplar_frame import exemplar_frame
from visualmemory_gui.engine.memory.forget import Erasing
from visualmemory_gui.engine.memory.image_reader import ImageReader, KnownInTurn, batched, images_of
from visualmemory_gui.engine.memory.importer import BuildResult
from visualmemory_gui.engine.memory.maintenance import FolderMaintenance
from visualmemory_gui.engine.memory.open_memory import Callback, OpenMemory
from visualmemory_gui.engine.memory.query import EmbeddedQuery, good, queries
from visualmemory_gui.engine.memory.reembed import Reembedded
from visualmemory_gui.engine.memory.step_history import FolderHistory
from visualmemory_gui.engine.memory.study_results import StudyResults
from visualmemory_gui.engine.memory.teaching_queue import TeachingQueue
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.store import derived_trust, labels, schema
from visualmemory_gui.engine.store.copies import Copy
from visualmemory_gui.engine.store.database import FILE
from visualmemory_gui.engine.store.filesystem import folder_at
from visualmemory_gui.engine.store.schema import MOST_DIM
from visualmemory_gui.engine.store.writer import Writer
from visualmemory_gui.engine.text import notebook
from visualmemory_gui.engine.types import (
    BROUGHT,
    F32,
    Box,
    BoxLike,
    Changes,
    Decision,
    DecodedImage,
    Device,
    EncoderIdentity,
    FullImage,
    MemorySettings,
    NewExemplar,
    Rule,
    SearchMode,
    Summary,
    box_of,
)

if TYPE_CHECKING:
    from pandas import DataFrame
    from PIL.Image import Image

    from visualmemory_gui.engine.encoders.base import Encoder
    from visualmemory_gui.engine.memory.image_reader import ImageLike, KnownVectors

Ids = int | Iterable[int]
BATCH = 16


class VisualMemory:
    """One open memory. Make it with ``create`` or ``open``; use it as a context manager, or ``close`` it.

    Every method may be called from any thread; none starts one for edits and decisions. When an edit returns, it is on
    disk and the next decision sees it. ``k`` and ``rule`` of None mean the memory's settings.
    """

    def __init__(self, live: OpenMemory, encoder: Encoder | None = None, known: KnownVectors | None = None) -> None:
        self._live = live
        self.path = live.folder
        self.readonly = live.readonly
        self.identity = live.identity
        self.catalog = live.catalog
        self._reader = self._new_reader(encoder, known)
        self.history = FolderHistory(live)
        self.queries = live.queries
        self.watch = live.watch
        self.kept = live.kept
        self.keys = live.keys
        self.tags = live.tags
        self.files = live.files
        self.queue = TeachingQueue(live, self._reader)
        self.results = StudyResults(live)
        self.maintenance = FolderMaintenance(live, self._reader)

    @classmethod
    def create(
        cls, path: str | Path, encoder: str | None = "lite0", *, dim: int | None = None, device: Device | None = None
    ) -> VisualMemory:
        """Make an empty memory in the missing or empty folder ``path``, once its encoder has loaded.

        ``encoder`` names one of ``visualmemory encoders``, whose weights are fetched if they are not here, or is the
        path of a TorchScript or ONNX file, which is added to them: a TorchScript file is code that will run. With
        ``dim`` it is a memory of your own vectors.
        Raises MemoryExists, StorageError, EncoderError, BadValue.
        """
        place = arguments.path_of(path)
        folder = folder_at(place)
        if dim is not None and not 1 <= (dim := arguments.whole(dim, "dim")) <= MOST_DIM:
            raise BadValue(f"a vector has 1 to {MOST_DIM:,} components, not {dim:,}")
        if dim is None and encoder is None:
            raise BadValue("a memory needs an encoder, or the dimension of your own vectors")
        if dim is not None:
            return cls(OpenMemory.create(place, EncoderIdentity(BROUGHT, dim), device=device))
        require(device)
        schema.require_room(folder)
        loaded = registry.load(registry.choose(arguments.text(encoder, "an encoder's name")), device=device or "auto")
        try:
            return cls(OpenMemory.create(place, loaded.identity, device=device), loaded)
        except BaseException:
            loaded.close()
            raise

    @classmethod
    def create_for(
        cls,
        path: str | Path,
        identity: EncoderIdentity,
        *,
        device: Device | None = None,
        known: KnownVectors | None = None,
    ) -> VisualMemory:
        """Make an empty memory for vectors of an encoder that need not be installed; those that are ``known`` already
        are taken while it is open. Raises as ``create``."""
        return cls(OpenMemory.create(path, identity, device=device), known=known)

    @classmethod
    def open(cls, path: str | Path, *, readonly: bool = False, device: Device | None = None) -> VisualMemory:
        """Open a memory. ``readonly`` takes no lock and works while the window has it open, and on a read-only medium.

        Raises NotAMemory, MemoryLocked (naming who edits it), DamagedMemory, NewerFormat, StorageError.
        """
        live = OpenMemory.open(arguments.path_of(path), readonly=readonly, device=device)
        forget.resume(live)
        return cls(live)

    def close(self) -> None:
        """Save the index checkpoint and release the folder; a second call does nothing."""
        self._reader.close()
        self._live.close()

    def __enter__(self) -> VisualMemory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The name shown to users: the folder's name without its ending."""
        return self.path.name.removesuffix(".vmem")

    @property
    def address(self) -> str:
        """The address that opens it again."""
        return str(self.path)

    @property
    def settings(self) -> MemorySettings:
        return self._live.settings

    @property
    def device(self) -> Device:
        """Where this memory computes: the device of this opening, else of the settings; "cpu" in place of a GPU that
        this computer lacks. "cuda:1" is the second GPU."""
        return self._live.device

    @property
    def snapshot(self) -> Snapshot:
        """The arrays that decisions read, as they are now; they never change."""
        return self._live.snapshot

    @property
    def is_whole(self) -> bool:
        """True: all rows can be in this process."""
        return True

    @property
    def listing(self) -> Snapshot:
        """The rows as they are now."""
        return self.snapshot

    def list_rows(self) -> Iterator[None]:
        """Nothing is to be read for ``listing``."""
        yield from ()

    @property
    def searcher(self) -> Searcher:
        """The searcher for the nearest rows in a snapshot."""
        return self._live.searcher

    @property
    def is_there(self) -> bool:
        """Whether the memory that was opened is still at ``path``; every edit checks that itself."""
        return self._live.database.is_there

    def is_at(self, path: str | Path) -> bool:
        """Whether the folder ``path``, however it is spelled, holds the memory that was opened."""
        return self._live.database.is_at(Path(path) / FILE)

    @property
    def encoder(self) -> Encoder:
        """The memory's encoder, loaded when first needed. Raises EncoderError."""
        return self._reader.encoder

    def summary(self) -> Summary:
        """A summary of what the memory holds. Loads no vectors."""
        exemplars, active, struck = self.catalog.totals()
        return Summary(exemplars, active, struck, self.catalog.counts(), self.identity, self._live.index_state())

    def class_counts(self) -> dict[str, int]:
        """The number of active exemplars by full label, from the arrays, without counting rows."""
        return self.snapshot.class_counts()

    def active_and_struck(self) -> tuple[int, int]:
        """How many exemplars are active and how many struck out, likewise from the arrays."""
        active, others = self.snapshot.active_count, len(self.snapshot) - self.snapshot.active_count
        return active, others - len(self.catalog.withdrawn_ids()) if others else 0

    def __len__(self) -> int:
        """How many exemplars are active, that is, can vote."""
        return self.catalog.totals()[1]

    def __bool__(self) -> bool:
        """True: an empty memory is still a memory."""
        return True

    def __repr__(self) -> str:
        try:
            return f"<VisualMemory {str(self.path)!r}: {len(self):,} active exemplars, encoder {self.identity.name}>"
        except VisualMemoryError:
            return f"<VisualMemory {str(self.path)!r}: closed>"

    def _repr_html_(self) -> str:
        try:
            summary = self.summary()
            example = self.catalog.examples(notebook.largest_classes(summary.labels))
            jpegs = self.catalog.thumbnails(example.values())
        except VisualMemoryError:
            return notebook.closed_html(self.path.name)
        images = {label: jpegs[exemplar] for label, exemplar in example.items() if exemplar in jpegs}
        return notebook.summary_html(
            self.path.name,
            summary.labels,
            images,
            active=summary.active,
            struck=summary.struck,
            encoder=summary.encoder.name,
        )

    def to_pandas(self, *, vectors: bool = False) -> DataFrame:
        """The exemplars as a data frame of pandas, an extra: one row each, struck ones too, ``id`` is the index.

        Its columns are those of ``Exemplar``: label and state are categories, trust is a float, width and height are
        pixels of the original, added is a time in UTC, box is (x, y, w, h). What is not there is None. ``vectors``:
        also a column of arrays (dim,) float32. Raises ImportError where pandas is not installed.
        """
        return exemplar_frame(self.catalog, vectors=vectors)

    def new_reader(self) -> ImageReader:
        """A separate image reader for this memory, with its own processes. Close it after use."""
        return self._new_reader(None, None)

    def _new_reader(self, encoder: Encoder | None, known: KnownVectors | None) -> ImageReader:
        sources = self.catalog if known is None else KnownInTurn(self.catalog, known)
        return ImageReader(sources, self.identity, lambda: self.device, encoder)

    def changed(self, callback: Callback) -> Callable[[], None]:
        """Call ``callback(changes)`` after each edit, in its thread; the result ends it. Raises BadValue."""
        if not callable(callback):
            raise BadValue(
                f"a callback is called with each edit's Changes, and {arguments.kind(callback)} cannot be called"
            )
        return self._live.subscribe(callback)

    def set(self, name: str, value: object) -> MemorySettings:
        """Change one setting; see ``MemorySettings``. Raises BadValue."""
        return self.set_all({name: value})

    def set_all(self, values: Mapping[str, object]) -> MemorySettings:
        """Change several settings at once, all or none. Raises BadValue."""
        named = {arguments.text(name, "the name of a setting"): str(value) for name, value in values.items()}
        changed = self._live.set(named)
        if "device" in named:
            self._reader.drop_encoder()
        return changed

    def decode(self, image: ImageLike, box: BoxLike | None = None) -> DecodedImage:
        """Decode a path (in a child process), a PIL image, or an array of uint8: (h, w) or (h, w, 3|4).

        ``box`` is (x, y, w, h): that part of it, in pixels of the upright image, clipped to it.
        Raises BadImage, BadValue.
        """
        return self._reader.decode(image, box_of(box))

    def full_image(self, image: str | PathLike[str] | Image) -> FullImage:
        """All pixels of a path or of a PIL image, upright and in sRGB: for a look at it. Raises BadImage."""
        return self._reader.full_image(image)

    def embed(self, images: ImageLike | Iterable[ImageLike]) -> F32:
        """(n, dim) float32, rows of unit length, of one image or several, decoded or not. Raises BadImage, BadValue."""
        return self._reader.embed([self.decode(image) for image in images_of(images)])

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
    ) -> Decision:
        """Decide an image: a path, a PIL image, an array of uint8, a DecodedImage, or the id of an exemplar.

        ``exclude`` names exemplars that must not vote this time. With ``box``, (x, y, w, h) in pixels of the upright
        image, that part of it is decided. Raises BadImage, UnknownExemplar, BadValue.
        """
        scheme, scope = VotingScheme.of(self.settings, k, rule, level=level), Scope.of(search, exclude)
        query = good(queries(self._reader, self.catalog, [image], box_of(box))[0])
        return query.answered(self._live.decide(query.vector, scheme, scope=scope, image=query.image), self.catalog)

    def decide_many(
        self,
        images: ImageLike | int | Iterable[ImageLike | int],
        k: int | None = None,
        rule: Rule | None = None,
        *,
        level: int = 0,
        search: SearchMode = "auto",
        exclude: Collection[int] = (),
        box: BoxLike | None = None,
    ) -> list[Decision]:
        """``decide`` for each of ``images``, in order, with equal results to the last digit.

        Batch by batch: files are decoded in parallel and searched together; each image is encoded alone, since in a
        batch its vector changes in the last digit. Raises what ``decide`` raises, at the first bad one.
        """
        each = self.decide_each(images, k, rule, level=level, search=search, exclude=exclude, box=box)
        return [good(decision) for decision in each]

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
    ) -> Iterator[Decision | BadImage]:
        """``decide_many`` as an iterator: the decisions of a batch are ready before the next batch is read.

        An image that cannot be used yields the BadImage that says why.
        """
        scheme, scope = VotingScheme.of(self.settings, k, rule, level=level), Scope.of(search, exclude)
        part = box_of(box)
        for batch in batched(images_of(images), BATCH):
            asked = queries(self._reader, self.catalog, batch, part)
            readable = [query for query in asked if isinstance(query, EmbeddedQuery)]
            vectors, ids = [query.vector for query in readable], [query.image for query in readable]
            found = iter(self._live.decide_many(vectors, scheme, scope=scope, images=ids))
            for query in asked:
                yield query if isinstance(query, BadImage) else query.answered(next(found), self.catalog)

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
    ) -> Decision:
        """Decide a query vector (dim,). ``content`` is the content id of its image, ``original`` that of the whole
        where it is a part of one.

        ``own`` is the id of the exemplar that the query is, if it is to be decided by all others (leave-one-out):
        without its copies and its group, and with its own class counted one less. Raises BadVector, BadValue,
        UnknownExemplar.
        """
        scheme, scope = VotingScheme.of(self.settings, k, rule, level=level), Scope.of(search, exclude, own=own)
        ids = arguments.content_id(content), arguments.content_id(original)
        query = EmbeddedQuery(gate_one(vector, self.identity.dim), ids[0], None, {}, original=ids[1])
        return query.answered(self._live.decide(query.vector, scheme, scope=scope, image=query.image), self.catalog)

    def add(
        self,
        images: ImageLike | Iterable[ImageLike],
        labels: str | Iterable[str],
        boxes: Iterable[BoxLike | None] | None = None,
        *,
        copy: bool = True,
    ) -> list[int]:
        """Add images as one step; returns one id each, that of the exemplar already here where there is one.

        ``images`` are paths, PIL images or arrays of uint8; ``labels`` is one label for all, or one for each. ``copy``
        keeps a copy of each file in the memory. ``boxes`` has (x, y, w, h), in pixels of the upright image, for each
        image of which only a part is added, and None for the others. Raises BadImage, BadValue; then nothing was added.
        """
        return list(self.add_images(images, labels, boxes, copy=copy).ids)

    def add_images(
        self,
        images: ImageLike | Iterable[ImageLike],
        labels: str | Iterable[str],
        boxes: Iterable[BoxLike | None] | None = None,
        *,
        copy: bool = True,
        found: Collection[int] = (),
    ) -> AddResult:
        """Like ``add``, but also reports what was already here, and what under another label.

        ``found`` are the places of images found in a folder, not named by the caller: bad ones among them are skipped.
        """
        self._live.require_writable()
        given = list(images_of(images))
        names = arguments.labels_of(labels, len(given))
        parts = boxes_of(boxes, len(given))
        return importer.add(self._live, self._reader, given, names, copy=copy, found=found, boxes=parts)

    def add_vectors(
        self,
        vectors: npt.ArrayLike,
        labels: str | Iterable[str],
        thumbnails: Iterable[bytes | None] | None = None,
    ) -> list[int]:
        """Add your own vectors (n, dim), in one transaction; ids are increasing.

        ``labels`` is one label for all, or one for each; so are ``thumbnails``, which are JPEGs. Raises BadVector,
        BadValue.
        """
        rows = gate(vectors, self.identity.dim)
        if rows.ndim == 1:
            raise BadVector(f"vectors to add form an array (n, {self.identity.dim}), not one of shape {rows.shape}")
        names, jpegs = arguments.labels_of(labels, len(rows)), arguments.jpegs_of(thumbnails, len(rows))
        new = [NewExemplar(x, v, thumbnail=t) for v, x, t in zip(rows, names, jpegs, strict=True)]
        return self.add_rows(new)

    def add_rows(self, new: Sequence[NewExemplar]) -> list[int]:
        """Add complete rows as one step. Their vectors must have been checked already."""
        ids = self.add_batches([new])
        self._live.keep_up()
        return ids

    def add_batches(self, batches: Iterable[Sequence[NewExemplar]], *, copies: Collection[Copy] = ()) -> list[int]:
        """Add complete rows (an import's), read as they are added, as one step; leaves the index as it is.

        ``copies`` are the image copies that may be made in ``files`` for it: if adding fails, they are deleted.
        """
        return list(self._add("add", batches, copies, lambda writer: None).added)

    def merge_rows(
        self,
        batches: Iterable[Sequence[NewExemplar]],
        *,
        copies: Collection[Copy] = (),
        strike: Ids = (),
        restore: Ids = (),
        relabel: Mapping[str, Ids] | None = None,
        reweigh: Mapping[float, Ids] | None = None,
    ) -> Changes:
        """Add complete rows as ``add_batches`` does, and settle what is here, all as one step. Raises BadLabel,
        BadValue, UnknownExemplar; then nothing changed."""

        def settle(writer: Writer) -> None:
            self.catalog.set_labels(writer, {label: arguments.ids_of(ids) for label, ids in (relabel or {}).items()})
            self.catalog.set_struck(writer, arguments.ids_of(strike), True)
            self.catalog.set_struck(writer, arguments.ids_of(restore), False)
            for trust, ids in (reweigh or {}).items():
                self.catalog.set_trust(writer, arguments.ids_of(ids), trust)

        return self._add("merge", batches, copies, settle)

    def _add(
        self,
        kind: str,
        batches: Iterable[Sequence[NewExemplar]],
        copies: Collection[Copy],
        then: Callable[[Writer], None],
    ) -> Changes:
        def work(writer: Writer) -> None:
            for batch in batches:
                self.catalog.add(writer, batch)
            then(writer)

        with self._live.files.noted(copies, self._live.used_copies):
            return self._live.edit(kind, work)

    def add_numbered(self, new: Sequence[tuple[int, NewExemplar]]) -> list[int]:
        """Add complete rows under ids of another memory, increasing and above all that were given here, as one step;
        leaves the index as it is. Raises BadValue."""

        def work(writer: Writer) -> None:
            for _, run in groupby(enumerate(new), lambda at: at[1][0] - at[0]):
                numbered = [one for _, one in run]
                self.catalog.add(writer, [one for _, one in numbered], first=numbered[0][0])

        self._live.edit("add", work)
        return [exemplar for exemplar, _ in new]

    def build(
        self,
        folder: str | Path | Sequence[str],
        *,
        copy: bool = False,
        label: str | None = None,
        group_by: str | None = None,
        report: Report = silent,
        write: importer.Write = importer.directly,
    ) -> BuildResult:
        """Add what is new in ``folder``: sub-folders are label paths, or all get ``label``. One step; can be stopped.

        Instead of a folder: paths of images, which all get ``label``.
        ``write(job)`` runs each commit where edits are allowed. Raises StorageError, BadValue, EncoderError.
        """
        self._live.require_writable()
        places = arguments.path_of(folder) if isinstance(folder, str | PathLike) else arguments.paths_of(folder)
        plan = importer.plan(places, copy=copy, label=label, group_by=group_by)
        return importer.build(self._live, self._reader, plan, write=write, report=report)

    def reembed(self, path: str | Path, encoder: str, *, dim: int | None = None, report: Report = silent) -> Reembedded:
        """Make the memory ``path``: the same exemplars, ids, labels, trusts and history under another ``encoder``.

        With ``dim`` its vectors are reduced to so many numbers, by PCA fitted to a sample of the images.

        Each image is read again: the memory's copy, else the original where it is unchanged. What cannot be read is
        left out and named. Where it is stopped or killed, the next call goes on from there; until it has ended,
        ``path`` is no memory. This one stays as it is. Raises EncoderError, MemoryExists, StorageError, BadValue.
        """
        place, name = arguments.path_of(path), arguments.text(encoder, "an encoder's name")
        wanted = None if dim is None else arguments.whole(dim, "dim")
        return reembed.reembed(self._live, place, name, dim=wanted, report=report)

    def strike(self, ids: Ids) -> Changes:
        """Take exemplars out of every vote, reversibly. Raises UnknownExemplar, BadValue; then nothing changed."""
        wanted = arguments.ids_of(ids)
        return self._live.edit("strike", lambda writer: self.catalog.set_struck(writer, wanted, True))

    def restore(self, ids: Ids) -> Changes:
        """Let struck exemplars vote again."""
        wanted = arguments.ids_of(ids)
        return self._live.edit("restore", lambda writer: self.catalog.set_struck(writer, wanted, False))

    def relabel(self, ids: Ids, label: str) -> Changes:
        """Give exemplars another label, which may be new. Raises BadLabel."""
        wanted = arguments.ids_of(ids)
        return self._live.edit("relabel", lambda writer: self.catalog.set_label(writer, wanted, label))

    def relabel_each(self, wanted: Mapping[str, Ids]) -> Changes:
        """Relabel by a mapping of labels to ids, as one step. Raises BadLabel, UnknownExemplar, BadValue."""
        if not isinstance(wanted, Mapping):
            raise BadValue(f"relabel_each takes a mapping of labels to ids, not {arguments.kind(wanted)}")
        each = {label: arguments.ids_of(ids) for label, ids in wanted.items()}
        return self._live.edit("relabel", lambda writer: self.catalog.set_labels(writer, each))

    def reweigh(self, ids: Ids, trust: float) -> Changes:
        """Set what the votes of exemplars are multiplied by, 0 < trust <= 100. Raises BadValue."""
        wanted, factor = arguments.ids_of(ids), arguments.fraction(trust, "a trust")
        return self._live.edit("reweigh", lambda writer: self.catalog.set_trust(writer, wanted, factor))

    def apply_study(
        self,
        kind: str,
        change: int,
        *,
        strike: Ids = (),
        relabel: Mapping[str, Ids] | None = None,
        trust: Mapping[int, float] | None = None,
    ) -> Changes:
        """Apply what a study found at change number ``change``, as one step of ``kind``.

        ``trust`` replaces all derived trust. Raises BadValue if an exemplar has been edited since.
        """

        def work(writer: Writer) -> None:
            derived_trust.require_unchanged(self._live.database, change)
            self.catalog.set_labels(writer, {label: arguments.ids_of(ids) for label, ids in (relabel or {}).items()})
            self.catalog.set_struck(writer, arguments.ids_of(strike), True)
            if trust is not None:
                derived_trust.set_trust(self._live.database, self.catalog, writer, trust)

        return self._live.edit(kind, work)

    def rename_label(self, old: str, new: str) -> Changes:
        """Rename a class and everything below it; onto an existing one: merge them. Raises BadLabel, BadValue."""
        self.catalog.require_label(labels.clean(old))
        return self._live.edit("rename", lambda writer: self.catalog.rename(writer, old, new))

    def forget(self, ids: Ids, *, report: Report = silent) -> Changes:
        """Erase exemplars for good, everywhere in the memory; no undo. ``Changes.receipt`` says what was done."""
        return forget.forget(self._live, arguments.ids_of(ids), report=report)

    def erase(self, ids: Ids) -> Erasing:
        """The first half of ``forget``: the exemplars are erased; ``finish`` of the result scans for what remains."""
        return forget.erase(self._live, arguments.ids_of(ids))

    def undo(self) -> Changes:
        """Undo the last step, even one of an earlier session; ``edit`` is None when there is none."""
        return self.history.undo()

    def redo(self) -> Changes:
        """Redo the step undone last."""
        return self.history.redo()


def boxes_of(given: Iterable[BoxLike | None] | None, count: int) -> list[Box | None]:
    """A box or None for each of ``count`` images. Raises BadValue."""
    if given is None:
        return [None] * count
    boxes = [box_of(one) for one in arguments.several(given, "boxes")]  # type: ignore[arg-type]
    if len(boxes) != count:
        raise BadValue(f"{count} images need as many boxes, None for a whole image, not {len(boxes)}")
    return boxes
