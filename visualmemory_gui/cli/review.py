"""The command review: lists exemplars that a person should look at."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.options import FormatName
from visualmemory_gui.cli.output import Progress, emit, print_csv, print_line, table
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.cli.options import DeviceName
    from visualmemory_gui.engine.curation.review import Survey


class By(StrEnum):
    """Why an exemplar should be looked at."""

    label = "label"
    value = "value"
    misled = "misled"
    duplicates = "duplicates"


def review(
    memory: options.Memory,
    by: Annotated[By, typer.Option("--by", help="What to look for, and how to order it.")],
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="List at most N.")] = 50,
    k: Annotated[
        int, typer.Option("-k", metavar="N", min=1, help="How many neighbours the shares are computed over.")
    ] = 50,
    distance: Annotated[
        float, typer.Option("--distance", help="The distance below which images count as duplicates.")
    ] = 0.02,
    device: options.OnDevice = None,
    form: options.Format = None,
    as_json: options.Json = False,
) -> None:
    """List exemplars to look at, the most suspicious first.

    By label: exemplars that the others decide differently, with the label they suggest. By duplicates: groups of equal
    or nearly equal images, those under different labels first. By misled: exemplars that mislead others, ordered by how
    often they are a wrong minus a right neighbour; by value: the same, ordered by k-NN Shapley value. Changes nothing.
    """
    from visualmemory_gui.engine.curation.review import WIDEST, survey

    shown = options.format_of(form, as_json=as_json)
    if by in (By.value, By.misled):
        _misleading(memory, by, limit, device=device, form=shown)
        return

    if not 0 <= distance <= WIDEST:
        raise BadValue(f"duplicates can be found up to a distance of {WIDEST:g}, not {distance:g}")
    with reader(memory, device=device) as m, Progress("comparing exemplars") as report:
        found = survey(m, k=k, report=report)
    if by is By.label:
        _labels(found, limit, form=shown)
    else:
        _duplicates(found, distance, limit=limit, form=shown)


def _misleading(memory: str, by: By, limit: int, *, device: DeviceName | None, form: FormatName) -> None:
    from visualmemory_gui.engine.curation.influence import misleaders

    with reader(memory, device=device) as m, Progress("looking for what misleads") as report:
        found = misleaders(m, "value" if by is By.value else "count", report=report)
    shown = found.rows[:limit]
    head = ("id", "label", "wrong", "right", "value", "misleads")
    cells = [(r.id, r.label, r.wrong, r.right, r.value, ", ".join(label for _, label, _ in r.misled)) for r in shown]
    if form is FormatName.csv:
        print_csv(head, cells)
        return
    if form is FormatName.json:
        rows = [
            {
                **{name: getattr(one, name) for name in ("id", "label", "wrong", "right", "value")},
                "misled": [{"id": i, "label": label, "distance": d} for i, label, d in one.misled],
            }
            for one in shown
        ]
        emit({"looked_at": found.looked_at, "m": found.m, "misleading": len(found.rows), "rows": rows})
        return
    print_line(f"{how_many(len(found.rows), 'exemplar')} of {found.looked_at:,} mislead more than they help")
    table(cells, head)


def _labels(found: Survey, limit: int, *, form: FormatName) -> None:
    shown = found.suspects[:limit]
    if form is FormatName.csv:
        cells = ((s.id, s.label, s.share, s.suggested, s.suggested_share) for s in shown)
        print_csv(("id", "label", "share", "suggested", "suggested_share"), cells)
        return
    if form is FormatName.json:
        rows = [
            {
                "id": s.id,
                "label": s.label,
                "share": s.share,
                "suggested": s.suggested,
                "suggested_share": s.suggested_share,
                "against": [{"id": i, "label": label, "distance": d} for i, label, d in s.against],
            }
            for s in shown
        ]
        emit({"looked_at": found.looked_at, "suspects": len(found.suspects), "rows": rows})
        return
    print_line(f"{how_many(len(found.suspects), 'suspect')} among {how_many(found.looked_at)}")
    table(
        ((s.id, s.label, f"{s.share:.2f}", s.suggested, f"{s.suggested_share:.2f}") for s in shown),
        ("id", "label", "its share", "suggested", "its share"),
    )


def _duplicates(found: Survey, distance: float, *, limit: int, form: FormatName) -> None:
    groups = found.groups(distance)
    if form is FormatName.csv:
        each = (
            (number, i, label, group.distance, group.conflict)
            for number, group in enumerate(groups[:limit], start=1)
            for i, label in zip(group.ids, group.labels, strict=True)
        )
        print_csv(("group", "id", "label", "distance", "conflict"), each)
        return
    if form is FormatName.json:
        rows = [
            {"ids": list(g.ids), "labels": list(g.labels), "distance": g.distance, "conflict": g.conflict}
            for g in groups[:limit]
        ]
        emit({"groups": len(groups), "conflicts": sum(g.conflict for g in groups), "rows": rows})
        return
    print_line(f"{how_many(len(groups), 'group')}, {how_many(sum(g.conflict for g in groups), 'conflict')}")
    table(
        ((" ".join(map(str, g.ids)), f"{g.distance:.4f}", ", ".join(dict.fromkeys(g.labels))) for g in groups[:limit]),
        ("ids", "distance", "labels"),
    )
