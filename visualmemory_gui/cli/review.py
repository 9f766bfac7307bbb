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
    from collections.abc import Sequence

    from visualmemory_gui.engine.curation.influence import Order
    from visualmemory_gui.engine.curation.review import Survey
    from visualmemory_gui.engine.curation.suspect import Suspect


class By(StrEnum):
    """Why an exemplar should be looked at."""

    label = "label"
    absence = "absence"
    value = "value"
    misled = "misled"
    duplicates = "duplicates"


ORDERS: dict[By, Order] = {By.absence: "absence", By.value: "value", By.misled: "count"}


def review(
    memory: options.Memory,
    by: Annotated[By, typer.Option("--by", help="What to look for, and how to order it.")],
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="List at most N.")] = 50,
    likely: Annotated[bool, typer.Option("--likely", help="Only labels that are likely to be wrong.")] = False,
    groups: Annotated[bool, typer.Option("--groups", help="By label and suggested label.")] = False,
    k: Annotated[int, typer.Option("-k", metavar="N", min=1, help="How many neighbours vote on each label.")] = 100,
    distance: Annotated[
        float, typer.Option("--distance", help="The distance below which images count as duplicates.")
    ] = 0.02,
    device: options.OnDevice = None,
    form: options.Format = None,
    as_json: options.Json = False,
) -> None:
    """List exemplars to look at, the most suspicious first.

    By label: exemplars that the others decide differently, with the label they suggest and the share of the ridge vote
    that each of the two gets. Likely are those above a cut that finds half of the labels flipped at random to measure
    it; only looking at them shows how many are wrong. By duplicates: groups of equal or nearly equal images,
    those under different labels first. By absence: exemplars that mislead others, ordered by how much larger the mean
    share of the right label would be without each, by the memory's rule, in the decisions of the watch set, else of its
    own exemplars; by value: the same, ordered by k-NN Shapley value for votes weighed by rank; by misled: by how often
    they are a wrong minus a right neighbour. Changes nothing.
    """
    from visualmemory_gui.engine.curation.review import WIDEST, survey

    shown = options.format_of(form, as_json=as_json)
    if (likely or groups) and by is not By.label:
        raise typer.BadParameter("--likely and --groups go with --by label")
    if by in ORDERS:
        _misleading(memory, by, limit, device=device, form=shown)
        return

    if not 0 <= distance <= WIDEST:
        raise BadValue(f"duplicates can be found up to a distance of {WIDEST:g}, not {distance:g}")
    with reader(memory, device=device) as m, Progress("comparing exemplars") as report:
        found = survey(m, k=k, report=report)
    if by is By.label:
        suspects = found.likely if likely else found.suspects
        (_relabellings if groups else _labels)(found, suspects, limit, form=shown)
    else:
        _duplicates(found, distance, limit=limit, form=shown)


def _misleading(memory: str, by: By, limit: int, *, device: str | None, form: FormatName) -> None:
    from visualmemory_gui.engine.curation.influence import misleaders

    with reader(memory, device=device) as m, Progress("looking for what misleads") as report:
        found = misleaders(m, ORDERS[by], report=report)
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
        counts = {name: getattr(found, name) for name in ("looked_at", "m", "rule", "queries", "watched")}
        emit({**counts, "misleading": len(found.rows), "rows": rows})
        return
    values = "" if found.order == "count" else f"; values are of {found.base}"
    print_line(f"{how_many(len(found.rows), 'exemplar')} of {found.looked_at:,} mislead more than they help{values}")
    table(cells, head)


def _labels(found: Survey, suspects: Sequence[Suspect], limit: int, *, form: FormatName) -> None:
    shown = suspects[:limit]
    if form is FormatName.csv:
        cells = ((s.id, s.label, s.share, s.suggested, s.suggested_share, s.likely) for s in shown)
        print_csv(("id", "label", "share", "suggested", "suggested_share", "likely"), cells)
        return
    if form is FormatName.json:
        rows = [
            {
                **{
                    name: getattr(s, name)
                    for name in ("id", "label", "share", "suggested", "suggested_share", "likely")
                },
                "against": [{"id": i, "label": label, "distance": d} for i, label, d in s.against],
            }
            for s in shown
        ]
        emit({**_counts(found), "rows": rows})
        return
    _summary(found)
    table(
        (
            (s.id, s.label, f"{s.share:.2f}", s.suggested, f"{s.suggested_share:.2f}", "likely" if s.likely else "")
            for s in shown
        ),
        ("id", "label", "its share", "suggested", "its share", ""),
    )


def _relabellings(found: Survey, suspects: Sequence[Suspect], limit: int, *, form: FormatName) -> None:
    from visualmemory_gui.engine.curation.review import relabellings

    shown = [(one.label, one.suggested, [s.id for s in one.suspects]) for one in relabellings(suspects)[:limit]]
    if form is FormatName.csv:
        each = ((label, suggested, i) for label, suggested, ids in shown for i in ids)
        print_csv(("label", "suggested", "id"), each)
        return
    if form is FormatName.json:
        rows = [{"label": label, "suggested": suggested, "ids": ids} for label, suggested, ids in shown]
        emit({**_counts(found), "rows": rows})
        return
    _summary(found)
    table(
        ((label, suggested, len(ids), " ".join(map(str, ids))) for label, suggested, ids in shown),
        ("label", "suggested", "exemplars", "ids"),
    )


def _counts(found: Survey) -> dict[str, object]:
    """What JSON says of the whole list; the recall is that of flips planted to measure it."""
    recall = None if found.cut is None else found.cut.recall
    return {
        "looked_at": found.looked_at,
        "suspects": len(found.suspects),
        "rule": found.rule,
        "k": found.k,
        "likely": len(found.likely),
        "recall": recall,
    }


def _summary(found: Survey) -> None:
    print_line(
        f"{how_many(len(found.suspects), 'suspect')} among {how_many(found.looked_at)}, by the {found.rule} vote"
    )
    print_line(f"{how_many(len(found.likely), 'label')} likely to be wrong. {found.recall}")


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
