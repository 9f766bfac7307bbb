"""The command map: lays out all exemplars in two dimensions."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import Progress, emit, print_csv, say
from visualmemory_gui.engine.exchange.csv_table import csv_table
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    pass


class MapMethod(StrEnum):
    """How a map is laid out."""

    pca = "pca"
    tsne = "tsne"


def map_(
    memory: options.Memory,
    method: Annotated[
        MapMethod, typer.Option("--method", help="pca is immediate; tsne is slow and shows more.")
    ] = MapMethod.pca,
    out: Annotated[
        str | None, typer.Option("--out", metavar="CSV", help="Write the table to this file, which must not exist.")
    ] = None,
    seed: options.Seed = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Lay out all exemplars on a map; print id, x, y and label."""
    from visualmemory_gui.engine.experiments.map import lay_out

    with reader(memory, device=device) as m, Progress("laying out the map") as report:
        snapshot = m.snapshot
        layout = lay_out(snapshot, method.value, seed=seed, report=report)
    labels = [snapshot.labels[code] for code in snapshot.label[snapshot.rows_of(layout.ids)]]
    spots = zip(layout.ids.tolist(), layout.xy.tolist(), labels, strict=True)
    if as_json:
        emit({"method": layout.method, "points": [{"id": i, "x": x, "y": y, "label": n} for i, (x, y), n in spots]})
        return
    head, rows = ("id", "x", "y", "label"), [(i, x, y, name) for i, (x, y), name in spots]
    if out is None:
        print_csv(head, rows)
    else:
        from visualmemory_gui.engine.exchange.atomic_output import new_file

        with new_file(Path(out)) as file:
            file.write(csv_table(head, rows).encode())
        say(f"map of {how_many(len(rows))} written to {out}")
