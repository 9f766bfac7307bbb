"""Building on a Ray cluster: images are decoded and encoded by its processes, and become shards here."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from visualmemory_gui.engine.errors import BadLabel, BadValue, ExchangeError
from visualmemory_gui.engine.exchange.ray_cluster import LOCAL, RayCluster, connected_cluster, require_ray
from visualmemory_gui.engine.exchange.ray_stages import GivenFile, is_address
from visualmemory_gui.engine.exchange.shards import (
    CoveredFile,
    Manifest,
    covered_files,
    found_shards,
    is_shards,
    read_manifest,
    write_manifest,
    write_shard,
)
from visualmemory_gui.engine.files import atomic_file
from visualmemory_gui.engine.files.path_kind import is_taken
from visualmemory_gui.engine.images.formats import looks_like_image
from visualmemory_gui.engine.memory.image_reader import batched
from visualmemory_gui.engine.memory.importer import group_in, group_pattern, plan
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.lock import FolderLock
from visualmemory_gui.engine.types import Device, EncoderIdentity, NewExemplar, Skipped

if TYPE_CHECKING:
    from visualmemory_gui.engine.exchange.ray_stages import Batch

PART = 128
"""Files of one shard."""


@dataclass(frozen=True, slots=True)
class ShardBuild:
    """What a build did: ``added`` rows in ``shards`` new shards, beside ``unchanged`` files that were covered before.

    ``skipped`` are all files that could not be used, those of earlier runs too; ``damaged`` the shards that did not fit
    their names and were made again. ``links`` counts symbolic links.
    """

    added: int
    unchanged: int
    shards: int
    skipped: tuple[Skipped, ...]
    damaged: tuple[str, ...]
    links: int = 0


@dataclass(frozen=True, slots=True)
class _Source:
    """The files to read, in order, with what is known to be of no use."""

    files: list[CoveredFile]
    groups: dict[str, str | None]
    skipped: list[Skipped]
    links: int = 0


def build_shards(
    origin: str,
    folder: str | Path,
    encoder: EncoderIdentity,
    *,
    address: str = LOCAL,
    workers: int | None = None,
    group_by: str | None = None,
    device: Device = "auto",
    report: Report = silent,
) -> ShardBuild:
    """Decode and encode the images of ``origin`` on the Ray cluster at ``address``, into shards in ``folder``.

    ``origin`` is a folder, which has to be at the same place on every machine of the cluster, or an address of fsspec;
    sub-folders are labels, as in a build on one machine. ``address`` is "local" for a cluster that lives as long as
    this call, or what ``ray.init`` takes. ``workers`` is how many processes encode at once (None: one for each core).
    What is there already is gone on with: a file that a shard covers is read again only if it has changed since.
    Raises BadValue, EncoderError, ExchangeError (of another encoder, or a cluster that cannot be reached),
    StorageError, MemoryLocked while another build fills the folder, and Cancelled, all of which leave whole shards.
    """
    require_ray()
    source, place = _listed(origin, group_by), Path(folder)
    begun = _begun(place, Manifest(encoder, origin, complete=False))
    with FolderLock(place):
        found = found_shards(place)
        for path in found.damaged:
            path.unlink()
        covered = {file.key: file for path in found.whole.values() for file in covered_files(path)}
        waiting = [file for file in source.files if file.key not in covered]
        if waiting or found.damaged or not begun.complete:
            write_manifest(place, replace(begun, complete=False, shards=0, exemplars=0))
        first = max(found.whole, default=0) + 1
        parts = list(enumerate(batched(waiting, PART), first))
        new: list[CoveredFile] = []
        if parts:
            report(0, len(waiting), "encoding images")
            with (
                connected_cluster(address, workers) as cluster,
                closing(_encoded(cluster, parts, source.groups, encoder, device=device)) as encoded,
            ):
                for number, rows, files in encoded:
                    write_shard(place, number, encoder, rows, files)
                    new += files
                    report(len(new), len(waiting), "encoding images")
        total = sum(file.reason is None for file in (*covered.values(), *new))
        write_manifest(place, replace(begun, complete=True, shards=len(found.whole) + len(parts), exemplars=total))
    there = [covered[file.key] for file in source.files if file.key in covered]
    return ShardBuild(
        added=sum(file.reason is None for file in new),
        unchanged=len(there),
        shards=len(parts),
        skipped=(*source.skipped, *(Skipped(file.name, file.reason) for file in (*there, *new) if file.reason)),
        damaged=tuple(str(path) for path in found.damaged),
        links=source.links,
    )


def _begun(place: Path, wanted: Manifest) -> Manifest:
    """What the folder is, made where it is missing. Raises ExchangeError for one that holds anything else."""
    if place.suffix == ".vmem":
        raise ExchangeError(
            f"{place} would be a folder of shards, not a memory: name it otherwise, then `build --vectors` makes one"
        )
    if place.is_dir():
        atomic_file.sweep(place)
    if is_shards(place):
        there = read_manifest(place)
        if there.encoder != wanted.encoder:
            raise ExchangeError(f"{place} has vectors of {there.encoder.words}, not of {wanted.encoder.words}")
        return replace(there, origin=wanted.origin)
    if is_taken(place):
        raise ExchangeError(f"{place} holds something else than shards: name a new folder")
    place.mkdir(parents=True, exist_ok=True)
    write_manifest(place, wanted)
    return wanted


def _listed(origin: str, group_by: str | None) -> _Source:
    """The images of a folder, in the order of a build on one machine, or those below an address. Raises BadValue."""
    if is_address(origin):
        return _listed_below(origin, group_by)
    planned = plan(origin, copy=False, label=None, group_by=group_by)
    files = [CoveredFile(path, planned.label_of[path], _stamp(path)) for path in planned.order()]
    groups = {path: planned.group_of(path) for path in planned.label_of}
    return _Source(files, groups, list(planned.skipped), planned.links)


def _stamp(path: str) -> str:
    try:
        found = os.stat(path)  # noqa: PTH116 - one call a file, of which there may be millions
    except OSError:
        return "gone"
    return f"{found.st_size} {found.st_mtime_ns}"


def _listed_below(origin: str, group_by: str | None) -> _Source:
    """The images below an address of fsspec, by name."""
    import fsspec

    pattern = group_pattern(group_by)
    try:
        system, root = fsspec.core.url_to_fs(origin)
        found = system.find(root, detail=True)
    except Exception as error:  # whatever a file system raises
        raise BadValue(f"{origin} cannot be listed: {str(error)[:200] or type(error).__name__}") from error
    if not found:
        raise BadValue(f"{origin} holds no file, or does not exist")
    source, (first, _, container) = _Source([], {}, []), origin.partition("::")
    scheme = first.partition("://")[0]
    for path, info in sorted(found.items()):
        inside = PurePosixPath(path).relative_to(root)
        name = f"{scheme}://{path}::{container}" if container else system.unstrip_protocol(path)
        if any(part.startswith(".") for part in inside.parts):
            continue
        if not looks_like_image(inside):
            source.skipped.append(Skipped(name, "its ending is not that of an image"))
            continue
        try:
            label = labels.clean("/".join(inside.parts[:-1]) or PurePosixPath(root).name)
        except BadLabel as error:
            source.skipped.append(Skipped(name, f"its folder is not a label: {error}"))
            continue
        source.groups[name] = group_in(pattern, name)
        source.files.append(CoveredFile(name, label, f"{info.get('size')} {info.get('ETag') or info.get('mtime')}"))
    return source


def _encoded(
    cluster: RayCluster,
    parts: Sequence[tuple[int, Sequence[CoveredFile]]],
    groups: dict[str, str | None],
    encoder: EncoderIdentity,
    *,
    device: Device,
) -> Generator[tuple[int, list[NewExemplar], list[CoveredFile]], None, None]:
    """Each part, in the order in which they become ready: its rows, and the files that it covers."""
    given = [(number, [_as_given(one, groups.get(one.name)) for one in files]) for number, files in parts]
    whole = {number: len(files) for number, files in parts}
    for batch in cluster.batches(given, encoder, device):
        for number in dict.fromkeys(batch["part"].tolist()):
            rows, files = _rows(batch, number)
            if len(files) != whole[number]:
                raise ExchangeError(f"Ray returned {len(files)} of the {whole[number]} files of part {number}")
            yield number, rows, files


def _as_given(one: CoveredFile, group: str | None) -> GivenFile:
    return {"name": one.name, "label": one.label, "stamp": one.stamp, "group": group or ""}


def _rows(batch: Batch, number: int) -> tuple[list[NewExemplar], list[CoveredFile]]:
    """The rows of one part, and the files that it covers."""
    rows, files = list[NewExemplar](), list[CoveredFile]()
    for at in (batch["part"] == number).nonzero()[0].tolist():
        one = {name: column[at] for name, column in batch.items()}
        files.append(CoveredFile(one["name"], one["label"], one["stamp"], one["reason"] or None))
        if not one["reason"]:
            rows.append(
                NewExemplar(
                    label=one["label"],
                    vector=one["vector"],
                    content=one["content"],
                    sha256=one["sha256"],
                    source=one["source"] or None,
                    group=one["group"] or None,
                    width=int(one["width"]),
                    height=int(one["height"]),
                    thumbnail=one["jpeg"],
                )
            )
    return rows, files
