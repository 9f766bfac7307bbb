"""Commands on why a decision is what it is, and what would change it: flip, attribute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import count, emit, print_line, say
from visualmemory_gui.engine.errors import BadValue

if TYPE_CHECKING:
    from visualmemory_gui.engine.study.attribute import Splitting
    from visualmemory_gui.engine.study.flips import Flip, Flips

Image = Annotated[str, typer.Argument(metavar="IMAGE", help="The picture that is decided.")]
Level = Annotated[
    int, typer.Option("--level", min=0, help="Decide by the first LEVEL parts of the label; 0 = the full label.")
]


def flip(
    memory: options.Memory,
    image: Image,
    to: Annotated[
        str | None, typer.Option("--to", metavar="LABEL", help="What it ought to be. Default: anything else.")
    ] = None,
    k: options.K = None,
    rule: options.Rule = None,
    level: Level = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Tell how few strikes, or lessons, change a decision. Changes nothing itself."""
    from visualmemory_gui.engine.store import labels
    from visualmemory_gui.engine.study.flips import flips

    wanted = None if to is None else labels.clean(to)
    with reader(memory, device=device) as m:
        vector = m.embed([m.picture(image)])[0]
        found = flips(m, vector, to=wanted, k=k, rule=options.rule_name(rule), level=level, most=len(m.snapshot))
    if as_json:
        emit(flip_json(image, found))
    else:
        _tell_flips(image, found)


def flip_json(image: str, found: Flips) -> dict[str, object]:
    strikes, lessons = found.strikes, found.lessons
    return {
        "image": image,
        "label": found.winner,
        "to": found.to,
        "strikes": strikes
        and {"ids": list(strikes.ids), "count": len(strikes.ids), "label": strikes.label, "exact": strikes.exact},
        "lessons": lessons and {"label": lessons.label, "count": lessons.count},
    }


def _tell_flips(image: str, found: Flips) -> None:
    if found.winner is None:
        print_line(f"{image}: nothing to compare with")
        return
    print_line(f"{image}: {found.winner}")
    if found.to is not None and found.to == found.winner:
        print_line("it is so already")
        return
    strikes, lessons = found.strikes, found.lessons
    print_line(_strikes_text(strikes) if strikes else f"no strikes make it {found.to or 'another'}")
    if lessons is not None:
        print_line(f"or teach {lessons.count:,} more like it as {lessons.label}")


def _strikes_text(strikes: Flip) -> str:
    ids = " ".join(map(str, strikes.ids))
    own = f"; {count(strikes.own)} of {strikes.label} among them: a smaller class weighs more" if strikes.own else ""
    most = "" if strikes.exact else "at most "
    return f"strike {most}{len(strikes.ids):,} and it is {strikes.label}: {ids}{own}"


def attribute(
    memory: options.Memory,
    image: Image,
    neighbour: Annotated[
        int | None,
        typer.Option(
            "--neighbour", metavar="ID", help="The exemplar to look at. Default: the winner's against the runner-up's."
        ),
    ] = None,
    out: Annotated[str | None, typer.Option("--out", metavar="PNG", help="Draw the maps into this new file.")] = None,
    k: options.K = None,
    rule: options.Rule = None,
    level: Level = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Show where a picture resembles its neighbour.

    How the similarity splits over the cells that the encoder averages: no causal claim. Encoders that do not average
    give a map of how alike the patches are.
    """
    from visualmemory_gui.engine.study.attribute import attribute, look

    if out is not None and not out.lower().endswith(".png"):
        raise BadValue(f"{out} is no name of a PNG file")
    with reader(memory, device=device) as m:
        picture = m.picture(image)
        query = look(m, picture, vector=m.embed([picture])[0])
        decision = m.decide_vector(query.vector, k, options.rule_name(rule), level=level, content=picture.content)
        found = attribute(m, query, decision, neighbour=neighbour)
    if out is not None:
        _draw(found, Path(image).name, out)
    if as_json:
        emit({"image": image, **attribution_json(found)})
    else:
        _tell_attribution(image, found)


def _draw(found: Splitting, name: str, out: str) -> None:
    from visualmemory_gui.engine.exchange.target import new_file
    from visualmemory_gui.engine.study.attribution_sheet import drawn

    with new_file(Path(out)) as file:
        drawn(found, name).save(file, "PNG")


def attribution_json(found: Splitting) -> dict[str, object]:
    """``cells`` are rows of the map over the query; ``square`` is where it lies, in parts of the picture's sides."""
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
    from visualmemory_gui.engine.study.attribute import CAPTIONS
    from visualmemory_gui.engine.study.attribution_sheet import sentence

    print_line(f"{image}: {sentence(found)}")
    print_line(f"{CAPTIONS[found.kind]}; thousandths, row by row:" if found.kind == "attribution" else "")
    for row in found.query.tolist():
        print_line(" ".join(f"{1000 * value:7.1f}" for value in row))
    if found.outside > 0.01:
        print_line(f"{found.outside:.0%} of it lies beside the picture, on the white that makes it a square")
    if found.seen_other.note:
        say(found.seen_other.note)
