"""The command attribute: shows where an image resembles its neighbour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import emit, print_line, say
from visualmemory_gui.engine.errors import BadValue

if TYPE_CHECKING:
    from visualmemory_gui.engine.attribution.attribute import Splitting


def attribute(
    memory: options.Memory,
    image: options.Image,
    neighbour: Annotated[
        int | None,
        typer.Option(
            "--neighbour",
            metavar="ID",
            help="The exemplar to compare with. Default: the winner's against the runner-up's.",
        ),
    ] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="PNG", help="Draw the maps to this new file.")] = None,
    k: options.K = None,
    rule: options.Rule = None,
    level: options.Level = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Show where an image resembles its neighbour.

    Splits the similarity over the cells that the encoder averages; it makes no causal claim. For encoders that do not
    average, shows how similar the patches are.
    """
    from visualmemory_gui.engine.attribution.attribute import attribute, look

    if out is not None and not out.lower().endswith(".png"):
        raise BadValue(f"{out} is not the name of a PNG file")
    with reader(memory, device=device) as m:
        decoded = m.decode(image)
        query = look(m, decoded, vector=m.embed([decoded])[0])
        decision = m.decide_vector(query.vector, k, options.rule_name(rule), level=level, content=decoded.content)
        found = attribute(m, query, decision, neighbour=neighbour)
    if out is not None:
        _draw(found, Path(image).name, out)
    if as_json:
        emit({"image": image, **attribution_json(found)})
    else:
        _tell_attribution(image, found)


def _draw(found: Splitting, name: str, out: str) -> None:
    from visualmemory_gui.engine.attribution.sheet import drawn
    from visualmemory_gui.engine.exchange.atomic_output import new_file

    with new_file(Path(out)) as file:
        drawn(found, name).save(file, "PNG")


def attribution_json(found: Splitting) -> dict[str, object]:
    """``cells`` are the rows of the map over the query; ``square`` is where it lies, in parts of the image's sides."""
    minus = found.minus
    return {
        "kind": found.kind,
        "neighbour": {"id": found.neighbour.id, "label": found.neighbour.label},
        "minus": minus and {"id": minus.id, "label": minus.label},
        "cosine": found.cosine,
        "total": found.total,
        "outside": found.outside,
        "cells": found.query,
        "square": found.seen.square,
        "neighbour_cells": found.other,
        "neighbour_square": found.seen_other.square,
        "notes": [note for note in (found.seen.note, found.seen_other.note) if note],
    }


def _tell_attribution(image: str, found: Splitting) -> None:
    from visualmemory_gui.engine.attribution.attribute import CAPTIONS
    from visualmemory_gui.engine.attribution.sheet import sentence

    print_line(f"{image}: {sentence(found)}")
    print_line(f"{CAPTIONS[found.kind]}; thousandths, row by row:" if found.kind == "attribution" else "")
    for row in found.query.tolist():
        print_line(" ".join(f"{1000 * value:7.1f}" for value in row))
    if found.outside > 0.01:
        print_line(f"{found.outside:.0%} of it lies outside the image, on the white that pads it to a square")
    if found.seen_other.note:
        say(found.seen_other.note)
