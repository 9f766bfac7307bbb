"""Adding images to a shared memory: a few in one step, or those of a folder in batches that count as one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from visualmemory_gui.engine.memory import importer
from visualmemory_gui.engine.memory.added_images import AddResult, already_here, first_of_each, ids_of
from visualmemory_gui.engine.memory.image_reader import ImageReader, exemplar, file_sha256
from visualmemory_gui.engine.memory.importer import BuildPlan, BuildResult, FolderBuild, Write, read_images
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory.exemplar_pages import SharedExemplars
from visualmemory_gui.engine.shared_memory.shared_editor import SharedEditor
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.types import F32, Box, Changes, DecodedImage, NewExemplar

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.image_reader import ImageLike


class SharedAdditions:
    """Adds images with their thumbnails; their files stay where they are. ``told`` passes changes on.

    ``files`` are the copies of images on this machine: none.
    """

    def __init__(
        self,
        reader: ImageReader,
        catalog: SharedExemplars,
        *,
        editor: Callable[[], SharedEditor],
        told: Callable[[Changes], Changes],
        files: Callable[[], ImageFiles],
    ) -> None:
        self._reader = reader
        self._catalog = catalog
        self._editor = editor
        self._told = told
        self._files = files

    def add_images(
        self, images: Sequence[ImageLike], names: Sequence[str], boxes: Sequence[Box | None], found: Collection[int]
    ) -> AddResult:
        """Add as many images as ``names`` and ``boxes``, as one step. Raises BadImage (but for places in ``found``),
        BadLabel, BadValue, ServerError."""
        self._editor()
        cleaned = [labels.clean(name) for name in names]
        decoded, vectors, skipped = read_images(self._reader, images, boxes, found)
        done = self.add_read(decoded, vectors, cleaned)
        return replace(done, skipped=skipped, pages=importer.several_pages(decoded))

    def add_read(
        self, images: Mapping[int, DecodedImage], vectors: Mapping[int, F32], names: Sequence[str]
    ) -> AddResult:
        """Add decoded images, by their place in ``names`` (clean labels), as one step."""
        editor = self._editor()
        present, conflicts = already_here(self._catalog, images, names)
        fresh = first_of_each(images, names, present)
        rows = [exemplar(images[i], vectors[i], label=names[i], copy=False) for i in fresh]
        added = self._told(editor.add(rows)).added if rows else ()
        ids = ids_of(images, names, present, dict(zip(fresh, added, strict=True)))
        return AddResult(ids, added, present, conflicts)

    def build(self, plan: BuildPlan, *, write: Write = importer.directly, report: Report = silent) -> BuildResult:
        """Add what is new of ``plan``, a batch at a time; batches are one step as long as the server's limits let them
        be. What was added before it is stopped stays. Raises ServerError, EncoderError."""
        step: int | None = None
        self._editor()

        def commit(rows: list[NewExemplar]) -> list[int]:
            nonlocal step
            changes = self._told(self._editor().add(rows, join=step))
            step = changes.step
            return list(changes.added)

        known = self._catalog.known_files([file_sha256(path) for path in plan.label_of])
        work = FolderBuild(plan, known=known, files=self._files(), commit=commit, copying=lambda _: nullcontext())
        with self._reader.bulk(len(plan.label_of), report) as embed:
            complete = work.run(self._reader.pool, embed, write=write, report=report)
        return work.result(stopped=not complete)
