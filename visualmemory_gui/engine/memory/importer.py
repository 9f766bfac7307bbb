"""Importing images as exemplars: decode, embed, and write in batches, so that stopping keeps what was done."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.engine.errors import BadImage, BadLabel, BadValue, Cancelled
from visualmemory_gui.engine.images.folder import walk
from visualmemory_gui.engine.images.pool import DecodePool
from visualmemory_gui.engine.memory import unfinished_import
from visualmemory_gui.engine.memory.added_images import NO_PIXELS, AddResult, copying, keep_copy, put
from visualmemory_gui.engine.memory.image_reader import Bulk, ImageReader, batched, exemplar, file_sha256
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.memory.unfinished_import import UnfinishedImport
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.types import F32, Box, Changes, DecodedImage, FirstPage, NewExemplar, Skipped, first_pages

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.image_reader import ImageLike

BATCH = 16
"""Exemplars written in one commit: in between, an edit by hand has its turn."""
SHUFFLE_SEED = 0


@dataclass(frozen=True, slots=True)
class BuildResult:
    """The result of a build. ``unchanged`` counts files already here under their label, ``links`` symbolic links.

    ``stopped`` is True if the user stopped it: what was added before is kept. ``first_pages`` are the files added of
    which only the first page was taken. ``images`` were to be added, or were here already.
    """

    added: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    links: int = 0
    stopped: bool = False
    ids: tuple[int, ...] = ()
    first_pages: tuple[FirstPage, ...] = ()
    images: int = 0


_Embedded = tuple[tuple[str, DecodedImage], F32]
"""The path of an image, the image, and its vector."""
Commit = Callable[[list[NewExemplar]], list[int]]
Copying = Callable[[Sequence[DecodedImage]], AbstractContextManager[None]]
Write = Callable[[Callable[[], list[int]]], list[int]]


def directly(job: Callable[[], list[int]]) -> list[int]:
    """Write in the calling thread."""
    return job()


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """What a build adds: label by path, and how; ``skipped`` and ``links`` are what the walk left out.

    ``group_by`` is a regular expression on the path; its first group (or whole match) names the exemplar's group.
    ``label`` is the one that all images get, if one was given. ``whole`` says that it is a folder's import, which can
    be continued.
    """

    folder: Path
    label_of: dict[str, str]
    skipped: tuple[Skipped, ...]
    links: int
    copy: bool = False
    group_by: re.Pattern[str] | None = None
    label: str | None = None
    whole: bool = False

    def order(self) -> list[str]:
        """The paths as they are added: shuffled, always in the same way."""
        paths = sorted(self.label_of)
        random.Random(SHUFFLE_SEED).shuffle(paths)
        return paths

    def group_of(self, path: str) -> str | None:
        return group_in(self.group_by, path)


def group_pattern(group_by: str | None) -> re.Pattern[str] | None:
    """The regular expression that names groups, if one was given. Raises BadValue."""
    try:
        return re.compile(group_by) if group_by else None
    except re.error as error:
        raise BadValue(f"{group_by!r} is not a regular expression: {error}") from error


def group_in(pattern: re.Pattern[str] | None, place: str) -> str | None:
    """The group of the image at ``place``, a path or an address: the first group of the pattern, or its whole match."""
    found = pattern.search(place) if pattern else None
    if not found:
        return None
    return found.group(1) if found.groups() else found.group(0)


def plan(
    folder: str | Path | Sequence[str], *, copy: bool, label: str | None, group_by: str | None = None
) -> BuildPlan:
    """Walk ``folder``, or take the images at these paths. All images get ``label`` if it is given; images named
    by path need one. Raises BadValue, BadLabel."""
    pattern = group_pattern(group_by)
    given = labels.clean(label) if label is not None else None
    if not isinstance(folder, str | Path):
        return _plan_of_files(folder, given, copy=copy, group_by=pattern)
    found = walk(folder)
    label_of: dict[str, str] = {}
    skipped = list(found.skipped)
    for path, name in found.files:
        try:
            label_of[path] = given or labels.clean(name)
        except BadLabel as error:
            skipped.append(Skipped(path, f"its folder is not a label: {error}"))
    return BuildPlan(Path(folder).absolute(), label_of, tuple(skipped), found.links, copy, pattern, given, True)


def _plan_of_files(
    paths: Sequence[str], label: str | None, *, copy: bool, group_by: re.Pattern[str] | None
) -> BuildPlan:
    if label is None:
        raise BadValue("images named one by one need a label")
    places = [str(Path(path).absolute()) for path in paths]
    folders = {str(Path(place).parent) for place in places}
    common = Path(os.path.commonpath(folders)) if folders else Path()
    return BuildPlan(common, dict.fromkeys(places, label), (), 0, copy, group_by)


def here_already(known: Collection[tuple[str, str]], path: str, label: str) -> bool:
    """Whether the file at ``path`` is among the (sha256, label) ``known`` to a memory: a build leaves it out."""
    return bool(known) and (file_sha256(path), label) in known


class FolderBuild:
    """Adds what is new in a folder, in shuffled order, so that a half-built memory is balanced and usable.

    ``known`` are the (sha256, label) of files that are here. ``commit(rows)`` writes one batch in one transaction and
    returns its ids; ``copying(images)`` is entered around the copies and the commit. Child processes go on decoding
    while a batch is embedded and written.
    """

    def __init__(
        self,
        plan: BuildPlan,
        *,
        known: Collection[tuple[str, str]],
        files: ImageFiles,
        commit: Commit,
        copying: Copying,
    ) -> None:
        self._plan = plan
        self._files = files
        self._copying = copying
        self._commit = commit
        self._here_before = known
        self._taken: dict[tuple[str, str], str] = {}
        self.ids: list[int] = []
        self.skipped = list(plan.skipped)
        self.first_pages: list[FirstPage] = []
        self.unchanged = 0

    def run(self, pool: DecodePool, embed: Bulk, *, write: Write, report: Report) -> bool:
        """Add everything. True when finished, False when the user stopped it."""
        order = self._plan.order()
        done = 0
        try:
            report(0, len(order), "adding images")
            with closing(pool.map(self._new_files(order))) as images:
                for batch in embed.batches(images):
                    accepted = [item for item in map(self._accepted, batch) if item]
                    vectors = embed([image for _, image in accepted]) if accepted else ()
                    for part in batched(zip(accepted, vectors, strict=True), BATCH):
                        self._write(part, write)
                    done += len(batch)
                    report(done + self.unchanged, len(order), "adding images")
        except (Cancelled, KeyboardInterrupt):
            return False
        return True

    def result(self, *, stopped: bool) -> BuildResult:
        """What was done."""
        return BuildResult(
            added=len(self.ids),
            unchanged=self.unchanged,
            skipped=tuple(self.skipped),
            links=self._plan.links,
            stopped=stopped,
            ids=tuple(self.ids),
            first_pages=tuple(self.first_pages),
            images=len(self._plan.label_of),
        )

    def _new_files(self, order: Sequence[str]) -> Iterator[str]:
        for path in order:
            if here_already(self._here_before, path, self._plan.label_of[path]):
                self.unchanged += 1
            else:
                yield path

    def _accepted(self, item: tuple[str, DecodedImage | BadImage]) -> tuple[str, DecodedImage] | None:
        path, image = item
        if isinstance(image, BadImage):
            self.skipped.append(Skipped(path, image.reason))
            return None
        first = self._taken.setdefault((image.sha256 or "", self._plan.label_of[path]), path)
        if first != path:
            self.skipped.append(Skipped(path, f"the same file as {first}, under the same label"))
            return None
        return path, image

    def _write(self, part: Sequence[_Embedded], write: Write) -> None:
        """Write these as one transaction, with the copies of their images."""
        accepted = [item for item, _ in part]
        with self._copying([image for _, image in accepted]) if self._plan.copy else nullcontext():
            rows = self._rows(part)
            self.ids += write(lambda: self._commit(rows))
            self.first_pages += first_pages(accepted)

    def _rows(self, part: Sequence[_Embedded]) -> list[NewExemplar]:
        rows = []
        for (path, image), vector in part:
            if self._plan.copy:
                keep_copy(self._files, image)
            label, group = self._plan.label_of[path], self._plan.group_of(path)
            rows.append(exemplar(image, vector, label=label, copy=self._plan.copy, group=group))
        return rows


def build(live: OpenMemory, reader: ImageReader, plan: BuildPlan, *, write: Write, report: Report) -> BuildResult:
    """Run ``plan`` as one step of many transactions. A complete build of an empty memory leaves an empty history."""
    empty = live.catalog.totals()[0] == 0
    step = live.history.open_import(len(plan.label_of))
    if plan.whole:
        pattern = plan.group_by.pattern if plan.group_by else None
        begun = UnfinishedImport(str(plan.folder), len(plan.label_of), plan.copy, plan.label, pattern)
        unfinished_import.begin(live, begun)

    def commit(rows: list[NewExemplar]) -> list[int]:
        def join() -> Changes:
            with live.history.joining(step) as writer:
                live.catalog.add(writer, rows, root=str(plan.folder))
            return writer.changes

        return list(live.apply(join).added)

    work = FolderBuild(
        plan,
        known=live.catalog.known_files(),
        files=live.files,
        commit=commit,
        copying=lambda images: copying(live, images),
    )
    complete = False
    try:
        with reader.bulk(len(plan.label_of), report) as embed:
            complete = work.run(reader.pool, embed, write=write, report=report)
    finally:
        live.history.finish_import(step, stopped=not complete)
    if not complete:  # Ctrl-C may have hit between a commit and the recording of its ids
        sql = "select distinct exemplar from entries where step = ? order by exemplar"
        work.ids = [row[0] for row in live.database.rows(sql, (step,))]
    if complete and plan.whole:
        unfinished_import.end(live)
    if empty and complete:
        live.history.baseline()
    if work.ids and complete and not live.deferred:
        live.maintain(report)
    return work.result(stopped=not complete)


def add(
    live: OpenMemory,
    reader: ImageReader,
    images: Sequence[ImageLike],
    names: Sequence[str],
    *,
    copy: bool,
    found: Collection[int],
    boxes: Sequence[Box | None],
) -> AddResult:
    """Add images, or parts of them, as many as ``names`` and ``boxes``, as one step, or nothing.

    Raises BadImage (but for places in ``found``), BadLabel, BadValue.
    """
    cleaned = [labels.clean(name) for name in names]
    decoded, vectors, skipped = read_images(reader, images, boxes, found)
    kept = (lambda image: keep_copy(live.files, image)) if copy else None
    result = put(live, decoded, vectors, cleaned, keep=kept)
    live.keep_up()
    return replace(result, skipped=skipped, pages=several_pages(decoded))


def several_pages(decoded: Mapping[int, DecodedImage]) -> dict[int, int]:
    """By place: how many pages the images have that have more than one."""
    return {place: image.pages for place, image in decoded.items() if image.pages > 1}


def read_images(
    reader: ImageReader, images: Sequence[ImageLike], boxes: Sequence[Box | None], found: Collection[int]
) -> tuple[dict[int, DecodedImage], dict[int, F32], dict[int, str]]:
    """By place: images, whose pixels are released once embedded; vectors; and what is wrong with the others."""
    decoded: dict[int, DecodedImage] = {}
    vectors: dict[int, F32] = {}
    skipped: dict[int, str] = {}
    for places in batched(range(len(images)), BATCH):
        batch: dict[int, DecodedImage] = {}
        for place in places:
            try:
                batch[place] = reader.decode(images[place], boxes[place])
            except BadImage as error:
                if place not in found:
                    raise
                skipped[place] = error.reason
        if batch:
            vectors.update(zip(batch, reader.embed(list(batch.values())), strict=True))
        decoded.update((place, replace(one, pixels=NO_PIXELS)) for place, one in batch.items())
    return decoded, vectors, skipped
