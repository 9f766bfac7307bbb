"""The command add: adds images under a label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import first_pages_json, listed, skipped_json, tell_first_pages, tell_skipped
from visualmemory_gui.cli.opening import any_writer
from visualmemory_gui.cli.output import emit, print_line, say
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.added_images import AddResult
    from visualmemory_gui.engine.types import FirstPage, Skipped


Label = Annotated[str, typer.Option("--label", help="The label of the images, a path with `/`.")]


def add(
    memory: options.AnyMemory,
    images: Annotated[list[str], typer.Argument(metavar="IMAGE", help="Images, or folders of images.")],
    label: Label,
    copy: Annotated[
        bool | None,
        typer.Option(
            "--copy/--link",
            help="Copy the images into the memory, or only link to them, as a shared memory always does. "
            "Default: --copy.",
            show_default=False,
        ),
    ] = None,
    box: options.PartBox = None,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Add images under a label, in one step, and print their ids."""
    from visualmemory_gui.engine.types import FirstPage, Skipped

    options.require_can_copy(memory, copy=copy)
    part = options.part_of_one(box, images)
    files, found, skipped = listed(images)
    with any_writer(memory, device=device) as m:
        result = m.add_images(files, label, [part] * len(files), copy=copy is not False, found=found)
    skipped += [Skipped(files[place], reason) for place, reason in result.skipped.items()]
    pages = tuple(FirstPage(files[place], count) for place, count in result.pages.items())
    _tell_add(memory, files, result, tuple(skipped), pages, as_json=as_json)


def _tell_add(
    memory: str,
    files: list[str],
    result: AddResult,
    skipped: tuple[Skipped, ...],
    pages: tuple[FirstPage, ...],
    *,
    as_json: bool,
) -> None:
    if as_json:
        counts = {"added": len(result.added), "skipped": skipped_json(skipped), "ids": list(result.ids)}
        emit({"memory": memory, **counts, **first_pages_json(pages)})
    else:
        ids = " ".join(map(str, result.added))
        print_line(f"{how_many(len(result.added))} added" + (f": {ids}" if ids else ""))
    tell_skipped(skipped)
    tell_first_pages(pages)
    for place, exemplar in result.present.items():
        say(f"{files[place]}: already here as {exemplar}")
    for place, (exemplar, label) in result.conflicts.items():
        say(f"{files[place]}: the same image is here as {exemplar} under another label, {label}; both now vote")
