"""The command build: makes a memory from class folders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.encoders import DEFAULT_ENCODER, choose_encoder
from visualmemory_gui.cli.main_exit import STOPPED
from visualmemory_gui.cli.opening import any_writer, creator
from visualmemory_gui.cli.output import Progress, emit, print_line, say
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.exchange.results import Imported
    from visualmemory_gui.engine.memory.importer import BuildResult
    from visualmemory_gui.engine.types import FirstPage, Skipped


MOST_SHOWN = 20


NOTHING = "no image had been added yet, so no memory was made"


def build(
    folder: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER",
            help="A folder of images; the path of a sub-folder is the label. With --ray also an address of fsspec.",
        ),
    ],
    memory: Annotated[
        str | None,
        typer.Argument(
            metavar="MEMORY", help="The memory's folder, NAME.vmem. With --ray: a folder of shards, or a shared memory."
        ),
    ] = None,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="The encoder that turns images into vectors; see `encoders`. Default: lite0."),
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy/--link", help="Copy the images into the memory, or only link to them.")
    ] = False,
    group_by: Annotated[
        str | None,
        typer.Option(
            "--group-by",
            metavar="PATTERN",
            help="A regular expression applied to the path: images with the same value form a group.",
        ),
    ] = None,
    vectors: Annotated[
        str | None,
        typer.Option(
            "--vectors",
            metavar="FILE",
            help="Instead of FOLDER: vectors made elsewhere, with labels, as .parquet, .npz or .safetensors, or the "
            "shards that --ray made.",
        ),
    ] = None,
    dim: Annotated[
        int | None,
        typer.Option(
            "--dim",
            metavar="N",
            min=2,
            help="Reduce the vectors of a new memory to N numbers, by PCA fitted to FOLDER.",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Encode on the Ray cluster at ADDRESS, or `local`: in several processes here. Needs the extra `ray`.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=1, help="With --ray: how many processes encode at once."),
    ] = None,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Make a memory from class folders. Running it again on the same folder adds what is new.

    With --ray, shards are made: `build --vectors SHARDS MEMORY` makes a memory of them. A build that
    was stopped goes on.
    """
    if ray is not None:
        if vectors is not None or copy or dim is not None:
            raise typer.BadParameter("it goes without --vectors, --copy and --dim", param_hint="--ray")
        if memory is None:
            raise typer.BadParameter("name the folder of shards, or the shared memory", param_hint="MEMORY")
        on_cluster = {"workers": workers, "group_by": group_by, "device": device or "auto"}
        _build_on_ray(folder, memory, encoder, ray, on_cluster, as_json=as_json)
        return
    if workers is not None:
        raise typer.BadParameter("it says how many processes of --ray encode", param_hint="--workers")
    if vectors is not None:
        _require_alone(memory, plain=encoder is None and group_by is None and dim is None and not copy)
        _build_of_vectors(vectors, folder, as_json=as_json)
        return
    if memory is None:
        raise typer.BadParameter("name the memory after the folder", param_hint="MEMORY")
    from visualmemory_gui.engine.exchange import import_export
    from visualmemory_gui.engine.shared_memory.address import is_shared

    if is_shared(memory):
        options.require_can_copy(memory, copy=copy)
        _require_pattern(group_by)
        _build_shared(
            folder, memory, plain=encoder is None and dim is None, group_by=group_by, device=device, as_json=as_json
        )
        return
    if import_export.is_labelled_set(folder):
        plain = group_by is None and device is None and dim is None
        _build_of_set(folder, memory, encoder, copy=copy, plain=plain, as_json=as_json)
        return
    _require_pattern(group_by)
    with creator(memory, encoder, folder=folder, device=device, dim=dim) as m, Progress("adding images") as report:
        result = m.build(folder, copy=copy, group_by=group_by, report=report)
        if not m.catalog.totals()[0]:
            _refuse_empty(folder, memory, result, as_json=as_json)
    _tell_build(memory, result, as_json=as_json)


def _build_on_ray(
    folder: str, target: str, encoder: str | None, ray: str, on_cluster: dict[str, Any], *, as_json: bool
) -> None:
    """Shards, or a shared memory, of the images of ``folder``."""
    from visualmemory_gui.engine.encoders import registry
    from visualmemory_gui.engine.exchange.ray_build import build_shards
    from visualmemory_gui.engine.exchange.ray_shared import build_shared
    from visualmemory_gui.engine.exchange.shards import is_shards, read_manifest
    from visualmemory_gui.engine.shared_memory.address import is_shared

    _require_pattern(on_cluster["group_by"])
    if encoder is None and is_shards(Path(target)):
        identity = read_manifest(Path(target)).encoder
    else:
        identity = registry.choose(choose_encoder(encoder or DEFAULT_ENCODER))
    with Progress("encoding images") as report:
        if is_shared(target):
            done = build_shared(folder, target, identity, cluster=ray, **on_cluster, report=report)
            shards, added, unchanged = done.shards, done.added, done.unchanged
        else:
            shards = build_shards(folder, target, identity, address=ray, **on_cluster, report=report)
            added, unchanged = shards.added, shards.unchanged
    if as_json:
        counts = {"added": added, "unchanged": unchanged, "shards": shards.shards, "links": shards.links}
        damaged = {"damaged": list(shards.damaged)}
        emit({"memory": target, **counts, "skipped": skipped_json(shards.skipped), **damaged})
        return
    print_line(f"{target}: {how_many(added)} added, {unchanged:,} unchanged")
    for path in shards.damaged:
        say(f"{path} was cut short or changed: it was made again")
    tell_skipped(shards.skipped)
    if shards.links:
        say(f"{how_many(shards.links, 'symbolic link')} skipped")


def _require_alone(memory: str | None, *, plain: bool) -> None:
    """Vectors come without a folder, and without what is said of images."""
    if memory is not None:
        raise typer.BadParameter("it takes the place of FOLDER: name the memory alone", param_hint="--vectors")
    if not plain:
        raise typer.BadParameter("--encoder, --copy, --group-by and --dim are for images", param_hint="--vectors")


def _build_of_vectors(file: str, memory: str, *, as_json: bool) -> None:
    from visualmemory_gui.engine.exchange import vector_table
    from visualmemory_gui.engine.store.filesystem import folder_at

    with Progress("adding vectors") as report:
        done = vector_table.import_(file, folder_at(memory), report=report)
    _tell_done(memory, done, as_json=as_json)


def _build_shared(
    folder: str, memory: str, *, plain: bool, group_by: str | None, device: str | None, as_json: bool
) -> None:
    """Add what is new in ``folder`` to a shared memory that is there."""
    if not plain:
        raise typer.BadParameter("the encoder is that of the memory that is shared", param_hint="--encoder, --dim")
    with any_writer(memory, device=device) as m, Progress("adding images") as report:
        result = m.build(folder, group_by=group_by, report=report)
    _tell_build(memory, result, as_json=as_json)


def _build_of_set(folder: str, memory: str, encoder: str | None, *, copy: bool, plain: bool, as_json: bool) -> None:
    """A set of images with a table of their labels."""
    from visualmemory_gui.engine.exchange import import_export

    if not plain:
        raise typer.BadParameter("--group-by, --device and --dim are for class folders", param_hint="FOLDER")
    chosen = None if encoder is None else choose_encoder(encoder)
    with Progress("adding images") as report:
        done = import_export.import_(folder, memory, encoder=chosen, copy=copy, report=report)
    _tell_done(memory, done, as_json=as_json)


def _tell_done(memory: str, done: Imported, *, as_json: bool) -> None:
    from visualmemory_gui.engine.memory.importer import BuildResult

    _tell_build(memory, BuildResult(done.added, done.unchanged, done.skipped, ids=done.ids), as_json=as_json)


def _refuse_empty(folder: str, memory: str, result: BuildResult, *, as_json: bool) -> None:
    """Refuse to make a memory without a single exemplar."""
    _tell_build(memory, result, as_json=as_json)
    raise BadValue(f"{folder} holds no image that can be read, so {memory} was not made")


def _require_pattern(text: str | None) -> None:
    """Check the pattern before a memory is made."""
    try:
        re.compile(text or "")
    except re.error as error:
        raise typer.BadParameter(f"{text!r} is not a regular expression: {error}", param_hint="--group-by") from None


def _tell_build(memory: str, result: BuildResult, *, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "memory": memory,
                "added": result.added,
                "skipped": skipped_json(result.skipped),
                **first_pages_json(result.first_pages),
                "unchanged": result.unchanged,
                "links": result.links,
            }
        )
    else:
        print_line(f"{memory}: {how_many(result.added)} added, {result.unchanged:,} unchanged")
        tell_skipped(result.skipped)
        if result.links:
            say(f"{how_many(result.links, 'symbolic link')} skipped")
        tell_first_pages(result.first_pages)
    if result.stopped:
        kept = (
            f"the {how_many(result.added)} added so far are kept; build again to continue" if result.added else NOTHING
        )
        say(f"stopped: {kept}")
        raise typer.Exit(STOPPED)


def skipped_json(skipped: tuple[Skipped, ...]) -> list[dict[str, str]]:
    return [{"path": one.path, "reason": one.reason} for one in skipped]


def tell_skipped(skipped: tuple[Skipped, ...]) -> None:
    """Name what was skipped, on stderr."""
    for one in skipped[:MOST_SHOWN]:
        say(f"skipped {one.path}: {one.reason}")
    if len(skipped) > MOST_SHOWN:
        say(f"… and {len(skipped) - MOST_SHOWN:,} more")


def first_pages_json(files: tuple[FirstPage, ...]) -> dict[str, object]:
    """Files of which the first page was taken as JSON has them, nothing without any."""
    return {"first_pages": [{"path": one.path, "pages": one.pages} for one in files]} if files else {}


def tell_first_pages(files: tuple[FirstPage, ...]) -> None:
    """Name the files of which only the first page was taken, on stderr."""
    for one in files[:MOST_SHOWN]:
        say(f"{one.path}: {one.words}")
    if len(files) > MOST_SHOWN:
        say(f"… and of {len(files) - MOST_SHOWN:,} more")


def listed(images: list[str]) -> tuple[list[str], set[int], list[Skipped]]:
    """The files in ``images`` and in the folders it names, the indices of those from folders, and what was skipped.

    Raises BadParameter for an empty name, which Python takes for the working directory.
    """
    from visualmemory_gui.engine.images.folder import walk

    if "" in images:
        raise typer.BadParameter("an image needs a name, and one here is empty", param_hint="IMAGE")
    files: list[str] = []
    found: set[int] = set()
    skipped: list[Skipped] = []
    for image in images:
        if Path(image).is_dir():
            below = walk(image)
            found.update(range(len(files), len(files) + len(below.files)))
            files += [path for path, _ in below.files]
            skipped += below.skipped
        else:
            files.append(image)
    return files, found, skipped
