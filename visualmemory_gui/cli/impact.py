"""The command impact: shows which decisions an edit would change."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.edits import chosen
from visualmemory_gui.cli.opening import any_reader
from visualmemory_gui.cli.output import Progress, emit, print_line, table
from visualmemory_gui.cli.watch import image_name

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.what_if.impact import Impact, TrackedQuery
    from visualmemory_gui.engine.what_if.proposed_edit import EditKind, ProposedEdit


class EditName(StrEnum):
    """A proposed edit."""

    strike = "strike"
    restore = "restore"
    relabel = "relabel"
    reweigh = "reweigh"
    teach = "teach"
    forget = "forget"


def impact(
    memory: options.AnyMemory,
    edit: Annotated[
        EditName,
        typer.Argument(metavar="EDIT", help="The proposed edit: strike, restore, relabel, reweigh, teach or forget."),
    ],
    items: Annotated[
        list[str] | None, typer.Argument(metavar="ID|IMAGE", help="Ids of exemplars; for teach, images.")
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label", help="relabel, teach: the label. Others: also the exemplars of this label and below it."
        ),
    ] = None,
    to: Annotated[float, typer.Option("--to", metavar="X", help="reweigh: the trust, above 0 and at most 100.")] = 1.0,
    as_json: options.Json = False,
) -> None:
    """Show which decisions an edit would change.

    Nothing is written. The decisions are those of the watch set; without one, those of up to 2,000 of the memory's own
    exemplars, each decided by the others; of a shared memory, none.
    """
    from visualmemory_gui.engine.what_if.watch_tracker import tracker_of

    with any_reader(memory) as m, Progress("deciding") as report:
        proposed = _proposed(m, edit, items or [], label, to)
        found = tracker_of(m, report=report).preview(proposed, report=report)
        names = [_name(each.query, m) for each in found.changed]
    if as_json:
        emit(impact_json(edit.value, found, names))
    else:
        _tell_impact(found, names)


def _proposed(m: Memory, edit: EditName, items: list[str], label: str | None, to: float) -> ProposedEdit:
    from visualmemory_gui.engine.what_if.proposed_edit import Lesson, ProposedEdit

    kind: EditKind = edit.value
    if edit in (EditName.relabel, EditName.teach) and label is None:
        raise typer.BadParameter(f"{edit.value} needs a label", param_hint="--label")
    if edit is EditName.teach:
        if not items:
            raise typer.BadParameter("name the images", param_hint="IMAGE")
        images = [m.decode(item) for item in items]
        vectors = m.embed(images)
        lessons = tuple(Lesson(v, p.content) for p, v in zip(images, vectors, strict=True))
        return ProposedEdit("teach", label=label or "", lessons=lessons)
    ids = [options.whole_number(item, "an id", argument="ID") for item in items]
    if edit is not EditName.relabel:
        ids = chosen(m, ids, label)
    if not ids:
        raise typer.BadParameter("name exemplars by id or by an option", param_hint="ID")
    return ProposedEdit(kind, tuple(ids), label=label or "", trust=to)


def impact_json(edit: str, found: Impact, names: list[str]) -> dict[str, object]:
    moved = [
        {
            "id": each.query.exemplar,
            "number": each.query.image and each.query.image.id,
            "image": name,
            "expected": each.query.expected,
            "before": each.before,
            "after": each.after,
            "kind": each.kind,
        }
        for each, name in zip(found.changed, names, strict=True)
    ]
    counts = {kind: found.count(kind) for kind in ("fixed", "broken", "moved")}
    return {"edit": edit, "of": found.of, "watched": found.watched, **counts, "decisions": moved}


def _tell_impact(found: Impact, names: list[str]) -> None:
    print_line(found.forecast)
    if found.changed:
        rows = (
            (each.kind, each.query.expected, each.before, each.after, name)
            for each, name in zip(found.changed, names, strict=True)
        )
        table(rows, ("kind", "expected", "now", "then", "image"))


def _name(query: TrackedQuery, m: Memory) -> str:
    """The image's path, or the id of an exemplar without one."""
    if query.image is not None:
        return image_name(query.image)
    source = m.catalog.sources([query.exemplar]).get(query.exemplar) if query.exemplar else None
    return source or f"exemplar {query.exemplar}"
