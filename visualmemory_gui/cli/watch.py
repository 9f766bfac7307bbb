"""The command watch: follows decisions that must stay right."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import any_reader, any_writer
from visualmemory_gui.cli.output import Progress, emit, print_line, table
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.store.kept_images import KeptImage


class WatchVerb(StrEnum):
    """What to do with the watch set."""

    add = "add"
    list = "list"
    check = "check"
    remove = "remove"


def watch(
    memory: options.AnyMemory,
    verb: Annotated[
        WatchVerb,
        typer.Argument(
            metavar="VERB", help="add: watch images; list: show them; check: decide them; remove: stop watching."
        ),
    ],
    items: Annotated[
        list[str] | None, typer.Argument(metavar="IMAGE|NUMBER", help="Images to add; numbers to remove.")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="The expected label of the added images.")] = None,
    as_json: options.Json = False,
) -> None:
    """Follow decisions that should stay right.

    `watch M add IMAGE... --label L`, `watch M list`, `watch M check`, `watch M remove NUMBER...`. Check decides all
    of them in the memory as it is now; the exit code is 0 even if some are wrong.
    """
    given = items or []
    if verb is WatchVerb.add:
        _add(memory, given, label, as_json=as_json)
    elif verb is WatchVerb.remove:
        _remove(memory, given, as_json=as_json)
    elif given or label is not None:
        raise typer.BadParameter(f"{verb.value} takes no images and no label", param_hint="ITEM")
    elif verb is WatchVerb.list:
        _list(memory, as_json=as_json)
    else:
        _check(memory, as_json=as_json)


def _add(memory: str, images: list[str], label: str | None, *, as_json: bool) -> None:
    if not images or label is None:
        raise typer.BadParameter("name the images, and their expected label with --label", param_hint="IMAGE")
    from visualmemory_gui.engine.store.kept_images import NewKeptImage

    with any_writer(memory) as m:
        decoded = [m.decode(image) for image in images]
        vectors = m.embed(decoded)
        new = [(NewKeptImage.of(*image), label) for image in zip(decoded, vectors, strict=True)]
        numbers = m.watch.add(new)
        total = len(m.watch)
    if as_json:
        emit({"watched": total, "numbers": numbers})
    else:
        print_line(f"{how_many(len(numbers), 'image')} expected to be {label}; {total:,} watched")


def _remove(memory: str, items: list[str], *, as_json: bool) -> None:
    numbers = [options.whole_number(item, "a number", argument="NUMBER") for item in items]
    if not numbers:
        raise typer.BadParameter("name the numbers, as `watch MEMORY list` shows them", param_hint="NUMBER")
    with any_writer(memory) as m:
        there = {w.image.id for w in m.watch.all()}
        if missing := [n for n in numbers if n not in there]:
            raise BadValue(f"no watched image has the number {missing[0]}")
        m.watch.remove(numbers)
        total = len(m.watch)
    if as_json:
        emit({"watched": total, "numbers": numbers})
    else:
        print_line(f"{how_many(len(numbers), 'image')} no longer watched; {total:,} left")


def _list(memory: str, *, as_json: bool) -> None:
    with any_reader(memory) as m:
        watched = m.watch.all()
    if as_json:
        for w in watched:
            emit({"number": w.image.id, "expected": w.expected, "source": w.image.source})
    else:
        table(((w.image.id, w.expected, w.image.source or "") for w in watched), ("number", "expected", "source"))


def _check(memory: str, *, as_json: bool) -> None:
    from visualmemory_gui.engine.decision.levels import level_in_words
    from visualmemory_gui.engine.what_if.watch_tracker import tracker_of

    with any_reader(memory) as m, Progress("deciding") as report:
        rows = tracker_of(m, report=report).watched_decisions() if len(m.watch) else ()
        level = m.settings.level
    right = sum(row.right for row in rows)
    if as_json:
        shown = [
            {
                "number": row.image.id,
                "source": row.image.source,
                "expected": row.expected,
                "label": row.label,
                "share": row.share,
                "right": row.right,
            }
            for row in rows
        ]
        emit({"watched": len(rows), "right": right, "rows": shown})
        return
    print_line(f"{right:,} of {len(rows):,} as expected at {level_in_words(level)}")
    wrong = [row for row in rows if not row.right]
    if wrong:
        cells = ((row.expected, row.label, row.share, image_name(row.image)) for row in wrong)
        table(cells, ("expected", "decided", "share", "image"))


def image_name(image: KeptImage) -> str:
    return image.source or f"image {image.id}"
