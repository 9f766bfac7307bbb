"""Re-embedding: a memory made of another one, with every image read again and embedded by another encoder."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.files.path_kind import is_file
from visualmemory_gui.engine.images.pool import Part
from visualmemory_gui.engine.memory import pca_fit
from visualmemory_gui.engine.memory.image_reader import (
    CHANGED,
    GONE,
    NO_FILE,
    Embed,
    ImageReader,
    KnownInTurn,
    file_sha256,
)
from visualmemory_gui.engine.memory.open_memory import OpenMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.projection import Projection
from visualmemory_gui.engine.store import copies, layout, row_rewrite, schema, vector_swap
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.exemplar_row import Row
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.store.filesystem import folder_at
from visualmemory_gui.engine.store.lock import FolderLock
from visualmemory_gui.engine.store.sources import ImageKey, ImagePlace
from visualmemory_gui.engine.store.vector_journal import Embedded, VectorJournal
from visualmemory_gui.engine.store.vector_swap import Dropped, Find
from visualmemory_gui.engine.types import BROUGHT, DecodedImage, EncoderIdentity, Skipped, State

SEED = 0
_Outcome = tuple[Part, DecodedImage | BadImage]


@dataclass(frozen=True, slots=True)
class LostExemplar:
    """An exemplar that the new memory does not hold, and why; its id stays free. ``source`` is its original's path."""

    id: int
    label: str
    state: State
    source: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Reembedded:
    """A memory that was made under ``identity`` of one that is under ``before``: how many exemplars it holds, and what
    it does not.

    ``kept`` are the images left out of ``watch``, ``queue`` and ``queries``.
    """

    path: str
    before: EncoderIdentity
    identity: EncoderIdentity
    exemplars: int
    left_out: tuple[LostExemplar, ...]
    kept: dict[str, tuple[Skipped, ...]] = field(default_factory=dict)

    @property
    def whole_again(self) -> str:
        """What to know where the vectors were reduced and are no longer: "PCA is not kept: …"; "" otherwise."""
        if self.before == self.before.whole or self.identity != self.identity.whole:
            return ""
        after = f"the new ones have {self.identity.dim:,} numbers"
        return f"PCA is not kept: the old vectors are of {self.before.words}, {after}"


def reembed(
    live: OpenMemory, target: str | Path, encoder: str, *, dim: int | None = None, report: Report = silent
) -> Reembedded:
    """Make the memory ``target`` of ``live`` under ``encoder``, see ``VisualMemory.reembed``."""
    folder = folder_at(target).absolute()
    identity = registry.choose(encoder, report=report)
    if dim is not None:
        pca_fit.require_dim(identity, dim)
        pca_fit.require_enough(len({image.key for image in vector_swap.images(live.database)}), dim, live.folder)
    _require_other(live, identity, dim)
    _require_outside(live, folder)
    with _room(folder), VectorJournal(folder, identity) as journal:
        try:
            done = _made(live, folder, journal, dim, report)
        except BaseException:
            if not len(journal):
                journal.remove()
            raise
        journal.remove()
    return done


def _made(live: OpenMemory, folder: Path, journal: VectorJournal, dim: int | None, report: Report) -> Reembedded:
    """Embed what the journal does not hold yet, then make the memory in ``folder``.

    The journal holds whole vectors: these are what PCA is fitted to, so that no image is embedded twice, and a run that
    was stopped can go on with another ``dim``.
    """
    known = KnownInTurn(journal, live.catalog) if live.identity == journal.identity else journal
    with closing(ImageReader(known, journal.identity, lambda: live.device)) as reader:
        _ = reader.encoder  # raises before anything is read
        work = _Reading(live.files, reader, journal)
        work.take(vector_swap.images(live.database), report)
        if not len(journal):
            raise BadValue("none of the memory's images can be read; `relink` finds those that were moved")
        with schema.successor(live.database, folder) as copy:
            work.take(vector_swap.images(copy), report)  # what was added meanwhile
            identity = journal.identity if dim is None else _reduced(journal, vector_swap.images(copy), dim, live)
            dropped = vector_swap.replace(copy, identity, _projected(journal.get, identity.projection), report)
            lost = _copy_images(copy, live.files, ImageFiles(folder), report)
            count = int(copy.one("select count(*) from exemplars where not withdrawn")[0])
            copy.compact()
    left = _left_out((*dropped.exemplars, *lost), work.reasons)
    return Reembedded(str(folder), live.identity, identity, count, left, _kept_out(dropped, work.reasons))


def _reduced(journal: VectorJournal, images: Iterable[ImagePlace], dim: int, live: OpenMemory) -> EncoderIdentity:
    """The journal's encoder with PCA, fitted to images drawn at random, always the same. Raises BadValue."""
    found = {one.content: one.vector for key, _ in images if key is not None and (one := journal.get(key))}
    contents = list(found)
    random.Random(SEED).shuffle(contents)
    sample = [found[content] for content in contents[: pca_fit.sample_size(dim)]]
    return pca_fit.reduced(journal.identity, sample, dim, of=live.folder)


def _projected(find: Find, projection: Projection | None) -> Find:
    """``find`` with each vector reduced by ``projection``, if there is one."""
    if projection is None:
        return find

    def reduced(key: ImageKey) -> Embedded | None:
        found = find(key)
        return None if found is None else replace(found, vector=pca_fit.projected(projection, found.vector[None])[0])

    return reduced


def _require_other(live: OpenMemory, identity: EncoderIdentity, dim: int | None) -> None:
    if (live.identity.whole, live.identity.dim) == (identity, dim or identity.dim):
        raise BadValue(f"the memory is under {live.identity.words} already; choose another encoder")
    if live.identity.name == BROUGHT and not live.database.maybe("select 1 from exemplars where sha256 is not null"):
        raise BadValue("this memory holds vectors without images, so there is nothing that could be embedded again")


def _require_outside(live: OpenMemory, folder: Path) -> None:
    if folder.resolve().is_relative_to(live.folder.resolve()):
        raise BadValue(f"{folder} lies in the memory itself; choose a place outside of it")


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """The folder, made or begun earlier, locked; what the block leaves empty is removed."""
    begun, was_there = os.path.lexists(folder / layout.JOURNAL), folder.exists()
    schema.make_folder(folder, begun=begun)
    lock = FolderLock(folder).acquire()
    try:
        yield
    finally:
        if not os.path.lexists(folder / layout.JOURNAL) and not os.path.lexists(folder / layout.DATABASE):
            layout.remove(folder, keep_folder=was_there)
        lock.release()


class _Reading:
    """Reads images again and appends their vectors to the journal; ``reasons`` says why some could not be read."""

    def __init__(self, files: ImageFiles, reader: ImageReader, journal: VectorJournal) -> None:
        self._files = files
        self._reader = reader
        self._journal = journal
        self.reasons: dict[ImageKey, str] = {}

    def take(self, images: Iterable[ImagePlace], report: Report) -> None:
        """Embed those of ``images`` that are not in the journal and were not tried. Raises what ``report`` raises."""
        places = self._places(images)
        total = len(self._journal) + len(places)
        if not places:
            return
        report(len(self._journal), total, "embedding images")
        with self._reader.bulk(len(places), report) as embed:
            while places:  # where the first place of an image does not serve, the next one is tried
                tried = _first_places(places)
                with closing(self._reader.pool.each(tried)) as found:
                    for batch in embed.batches(found):
                        self._embed(batch, tried, embed)
                        report(len(self._journal), total, "embedding images")
                places = {key: rest for key, rest in places.items() if rest and key not in self._journal}

    def _places(self, images: Iterable[ImagePlace]) -> dict[ImageKey, list[str]]:
        """Where the file of each image may be, its copies first; those that are nowhere have their reason."""
        places: dict[ImageKey, list[str]] = {}
        for key, source in images:
            if key is None or key in self._journal or key in self.reasons:
                continue
            if key not in places:
                places[key] = [str(path) for path in self._files.find(key[0])]
            if source is not None and source not in places[key]:
                places[key].append(source)
        there = {key: [path for path in found if is_file(path)] for key, found in places.items()}
        self.reasons.update((key, GONE) for key, found in there.items() if not found)
        return {key: found for key, found in there.items() if found}

    def _embed(self, batch: Sequence[_Outcome], tried: dict[Part, list[ImageKey]], embed: Embed) -> None:
        good: dict[ImageKey, DecodedImage] = {}
        for part, image in batch:
            for key in tried[part]:
                if isinstance(image, BadImage):
                    self.reasons[key] = image.reason
                elif image.sha256 != key[0]:
                    self.reasons[key] = CHANGED
                else:
                    good[key] = image
        if good:
            pairs = zip(good.items(), embed(list(good.values())), strict=True)
            self._journal.add({key: Embedded(one.content, one.original, x) for (key, one), x in pairs})
            for key in good:
                self.reasons.pop(key, None)


def _first_places(places: dict[ImageKey, list[str]]) -> dict[Part, list[ImageKey]]:
    """The images to read, each at its first place, which is taken off; a file that has changed may be at several."""
    tried: dict[Part, list[ImageKey]] = {}
    for key, found in places.items():
        tried.setdefault((found.pop(0), key[1]), []).append(key)
    return tried


def _copy_images(database: Database, source: ImageFiles, files: ImageFiles, report: Report) -> tuple[Row, ...]:
    """Make the image copies that ``database`` uses; the rows of exemplars whose file is nowhere any more, deleted."""
    used, lost = copies.all_used(database), list[Row]()
    files.drop_unused(used)  # of a run that was cut, and exemplars forgotten since
    for done, (sha256, suffix) in enumerate(used):
        report(done, len(used), "copying images")
        if files.is_copy(files.path_of(sha256, suffix)):
            continue
        rows = _of_file(database, sha256)
        places = [*source.find(sha256), *(Path(row.path) for row in rows if row.path)]
        whole = next((path for path in places if file_sha256(str(path)) == sha256), None)
        if whole is None:
            lost += [row for row in rows if row.copy == suffix]
        else:
            files.keep(whole, sha256, suffix)
    vector_swap.drop(database, [row.id for row in lost])
    return tuple(lost)


def _of_file(database: Database, sha256: str) -> list[Row]:
    return [stored.row for stored in row_rewrite.read(database, "e.sha256 = ?", [(bytes.fromhex(sha256),)])]


def _left_out(rows: Iterable[Row], reasons: Mapping[ImageKey, str]) -> tuple[LostExemplar, ...]:
    return tuple(
        LostExemplar(row.id, row.label, row.state, row.path, _reason(vector_swap.place_of(row), reasons))
        for row in rows
    )


def _kept_out(dropped: Dropped, reasons: Mapping[ImageKey, str]) -> dict[str, tuple[Skipped, ...]]:
    return {
        table: tuple(Skipped(image.source or "image", _reason(image, reasons)) for image in images)
        for table, images in dropped.kept.items()
    }


def _reason(image: ImagePlace, reasons: Mapping[ImageKey, str]) -> str:
    return NO_FILE if image.key is None else reasons.get(image.key, GONE)
