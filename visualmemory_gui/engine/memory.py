"""VisualMemory: edits and decisions on one memory. Its parts stand behind ``parts.Parts``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine import forget, intake
from visualmemory_gui.engine.arrivals import AddResult
from visualmemory_gui.engine.deciding import Ask
from visualmemory_gui.engine.device import require
from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.index.gate import gate, gate_one
from visualmemory_gui.engine.intake import BuildResult
from visualmemory_gui.engine.live import Callback, LiveMemory
from visualmemory_gui.engine.parts import Parts
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.reading import PictureReader
from visualmemory_gui.engine.store import difference, labels, schema
from visualmemory_gui.engine.store.difference import Difference
from visualmemory_gui.engine.teaching import TeachingQueue
from visualmemory_gui.engine.types import (
    BROUGHT,
    F32,
    Changes,
    Decision,
    Device,
    EncoderIdentity,
    IndexState,
    MemorySettings,
    NewExemplar,
    Picture,
    Rule,
    SearchMode,
    Summary,
)

if TYPE_CHECKING:
    from visualmemory_gui.engine.encoders.base import Encoder
    from visualmemory_gui.engine.reading import ImageLike


class VisualMemory(Parts):
    """One memory, open. Make it with ``create`` or ``open``; use it as a context manager, or ``close`` it.

    Every method may be called from any thread; none starts one for edits and decisions. An edit that returned is on
    disk and seen by the next decision. ``k`` and ``rule`` of None mean the memory's settings.
    """

    def __init__(self, live: LiveMemory, encoder: Encoder | None = None) -> None:
        super().__init__(live)
        self._reader = PictureReader(live.catalog, live.identity, lambda: live.device, encoder)
        self.queue = TeachingQueue(live, self._reader)

    @classmethod
    def create(
        cls, path: str | Path, encoder: str | None = "lite0", *, dim: int | None = None, device: Device | None = None
    ) -> VisualMemory:
        """Make an empty memory in the missing or empty folder ``path``, once its encoder has loaded.

        ``encoder`` names one of ``visualmemory encoders``; with ``dim`` it is a memory of vectors that you bring.
        Raises MemoryExists, StorageError, EncoderError, BadValue.
        """
        if dim is not None and dim < 1:
            raise BadValue(f"a vector has at least one component, not {dim}")
        if dim is None and encoder is None:
            raise BadValue("a memory needs an encoder, or the dimension of the vectors you bring")
        if dim is not None:
            return cls(LiveMemory.create(Path(path), EncoderIdentity(BROUGHT, dim), device=device))
        require(device)
        schema.require_room(Path(path))
        loaded = registry.load(registry.identity(str(encoder)).name, device=device or "auto")
        try:
            return cls(LiveMemory.create(Path(path), loaded.identity, device=device), loaded)
        except BaseException:
            loaded.close()
            raise

    @classmethod
    def open(cls, path: str | Path, *, readonly: bool = False, device: Device | None = None) -> VisualMemory:
        """Open a memory. ``readonly`` takes no lock and works beside the window and on a read-only medium.

        Raises NotAMemory, MemoryLocked (naming who edits it), DamagedMemory, NewerFormat, StorageError.
        """
        live = LiveMemory.open(Path(path), readonly=readonly, device=device)
        forget.resume(live)
        return cls(live)

    def close(self) -> None:
        """Save the index checkpoint and let go of the folder; a second call does nothing."""
        self._reader.close()
        self.live.close()

    def __enter__(self) -> VisualMemory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def encoder(self) -> Encoder:
        """The memory's encoder, loaded when first needed. Raises EncoderError."""
        return self._reader.encoder

    def summary(self) -> Summary:
        """What the memory holds, at a glance. Loads no vectors."""
        exemplars, active, struck = self.catalog.totals()
        return Summary(exemplars, active, struck, self.catalog.counts(), self.identity, self.index_state())

    def changed(self, callback: Callback) -> Callable[[], None]:
        """Call ``callback(changes)`` after each edit, in the editing thread. Returns what ends it."""
        return self.live.subscribe(callback)

    def set(self, name: str, value: object) -> MemorySettings:
        """Change one setting; see ``MemorySettings``. Raises BadValue."""
        changed = self.live.set(name, str(value))
        if name == "device":
            self._reader.drop_encoder()
        return changed

    def picture(self, image: ImageLike) -> Picture:
        """Decode a path (in a process of its own) or a PIL image. Raises BadImage."""
        return self._reader.picture(image)

    def embed(self, pictures: Sequence[Picture]) -> F32:
        """(n, dim) float32, rows of unit length."""
        return self._reader.embed(pictures)

    def decide(
        self,
        image: ImageLike | int,
        k: int | None = None,
        rule: Rule | None = None,
        *,
        level: int = 0,
        search: SearchMode = "auto",
        exclude: Collection[int] = (),
    ) -> Decision:
        """Decide a picture: a path, a PIL image, a decoded Picture, or the id of an exemplar.

        ``exclude`` names exemplars that must not vote this time. Raises BadImage, UnknownExemplar, BadValue.
        """
        if isinstance(image, int | np.integer):
            [exemplar] = self.catalog.get([image])
            vector = self.catalog.vectors([image])[0]
            return self.decide_vector(
                vector, k, rule, level=level, search=search, exclude=exclude, content=exemplar.content
            )
        started = perf_counter()
        picture = self.picture(image)
        decoded = perf_counter()
        vector = self.embed([picture])[0]
        encoded = perf_counter()
        decision = self.decide_vector(
            vector, k, rule, level=level, search=search, exclude=exclude, content=picture.content
        )
        timings = {"decode": (decoded - started) * 1e3, "encode": (encoded - decoded) * 1e3, **decision.timings_ms}
        return replace(decision, timings_ms=timings)

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
    ) -> Decision:
        """Decide a query vector (dim,). ``content`` is the content id of its picture. Raises BadVector, BadValue."""
        ask = Ask.of(self.settings, k, rule, search=search, level=level, exclude=exclude)
        return self.live.decide(gate_one(vector, self.identity.dim), ask, content=content)

    def add(self, images: Sequence[ImageLike], labels: Sequence[str], *, copy: bool = True) -> list[int]:
        """Add pictures as one step; returns one id each, that of the exemplar already here where there is one.

        ``copy`` keeps a copy of each file in the memory. Raises BadImage, BadLabel; then nothing was added.
        """
        return list(self.add_pictures(images, labels, copy=copy).ids)

    def add_pictures(
        self, images: Sequence[ImageLike], names: Sequence[str], *, copy: bool = True, found: Collection[int] = ()
    ) -> AddResult:
        """Like ``add``, and tells what was here already, what under another label.

        ``found`` are the places of pictures nobody named (they lay in a folder): a bad one of them is passed over.
        """
        self.live.require_writable()
        return intake.add(self.live, self._reader, images, names, copy=copy, found=found)

    def add_vectors(
        self, vectors: npt.ArrayLike, labels: Sequence[str], thumbnails: Sequence[bytes | None] | None = None
    ) -> list[int]:
        """Add vectors (n, dim) that you bring, in one transaction; ids are increasing. Raises BadVector, BadLabel."""
        rows = gate(np.asarray(vectors), self.identity.dim)
        if len(rows) != len(labels) or (thumbnails is not None and len(rows) != len(thumbnails)):
            raise BadValue(f"{len(rows)} vectors need as many labels and thumbnails, not {len(labels)}")
        jpegs = thumbnails or [None] * len(rows)
        new = [NewExemplar(x, v, thumbnail=t) for v, x, t in zip(rows, labels, jpegs, strict=True)]
        return self.add_rows(new)

    def add_rows(self, new: Sequence[NewExemplar]) -> list[int]:
        """Add complete rows (an import's) as one step. Their vectors must have passed the gate."""
        ids: list[int] = []
        self.live.edit("add", lambda writer: ids.extend(self.catalog.add(writer, new)))
        self.live.build_index_if_large()
        return ids

    def build(
        self,
        folder: str | Path | Sequence[str],
        *,
        copy: bool = False,
        label: str | None = None,
        group_by: str | None = None,
        report: Report = silent,
        write: intake.Write = intake.directly,
    ) -> BuildResult:
        """Add what is new in ``folder``: sub-folders are label paths, or all get ``label``. One step; can be stopped.

        In place of a folder: paths of pictures, which all get ``label``.
        ``write(job)`` runs each commit where edits are allowed. Raises StorageError, BadValue, EncoderError.
        """
        self.live.require_writable()
        plan = intake.plan(folder, copy=copy, label=label, group_by=group_by)
        return intake.build(self.live, self._reader, plan, write=write, report=report)

    def strike(self, ids: Sequence[int]) -> Changes:
        """Take exemplars out of every vote, reversibly. Raises UnknownExemplar; then nothing changed."""
        return self.live.edit("strike", lambda writer: self.catalog.set_struck(writer, ids, True))

    def restore(self, ids: Sequence[int]) -> Changes:
        """Let struck exemplars vote again."""
        return self.live.edit("restore", lambda writer: self.catalog.set_struck(writer, ids, False))

    def relabel(self, ids: Sequence[int], label: str) -> Changes:
        """Give exemplars another label, which may be new. Raises BadLabel."""
        return self.live.edit("relabel", lambda writer: self.catalog.set_label(writer, ids, label))

    def relabel_each(self, wanted: Mapping[str, Sequence[int]]) -> Changes:
        """Give the exemplars of each label that label, all in one step. Raises BadLabel, UnknownExemplar."""
        return self.live.edit("relabel", lambda writer: self.catalog.set_labels(writer, wanted))

    def reweigh(self, ids: Sequence[int], trust: float) -> Changes:
        """Set what the votes of exemplars are multiplied by, 0 < trust <= 100. Raises BadValue."""
        return self.live.edit("reweigh", lambda writer: self.catalog.set_trust(writer, ids, trust))

    def rename_label(self, old: str, new: str) -> Changes:
        """Rename a class and everything below it; onto an existing one: merge them. Raises BadLabel, BadValue."""
        if not self.catalog.ids_under(labels.clean(old)):
            raise BadValue(f"no exemplar has the label {old!r} or one below it")
        return self.live.edit("rename", lambda writer: self.catalog.rename(writer, old, new))

    def forget(self, ids: Sequence[int], *, report: Report = silent) -> Changes:
        """Erase exemplars for good, everywhere in the memory; no undo. ``Changes.receipt`` says what was done."""
        return forget.forget(self.live, ids, report=report)

    def undo(self) -> Changes:
        """Take back the last step, also one of an earlier session; ``edit`` is None when there is none."""
        return self.live.apply(self.history.undo)

    def redo(self) -> Changes:
        """Do again what was undone last."""
        return self.live.apply(self.history.redo)

    def revert(self, step: int) -> Changes:
        """Take back one earlier step as a new one; exemplars changed since are left, see ``Changes.left``."""
        return self.live.apply(lambda: self.history.revert(step))

    def go_back(self, step: int) -> Changes:
        """Undo or redo until ``step`` is the last one done; 0 undoes all. Raises BadValue."""
        return self.live.apply(lambda: self.history.go_back(step))

    def difference(self, since: int | str | float) -> Difference:
        """What is different now from the state after a step (int), a tag (str), or a time (float, seconds since the
        epoch). Raises BadValue where that cannot be told."""
        if isinstance(since, str):
            tag = self.tags.get(since)
            if tag is None:
                raise BadValue(f"there is no tag {since!r}")
            return difference.since_tag(self.live.database, tag)
        database = self.live.database
        return (
            difference.since_step(database, since) if isinstance(since, int) else difference.since_time(database, since)
        )

    def maintain(self, report: Report = silent) -> None:
        """Do what is due: HNSW index and its checkpoint, thresholds of known and unknown, the encoder's fast form."""
        self.live.maintain(report)
        self._reader.prepare(report)

    def index_state(self) -> IndexState:
        """Whether exact search or HNSW proposes, and how far the checkpoint on disk is behind."""
        return self.live.index_state()
