"""Experiments on what a memory knows: novelty, classes, levels, scaling, map. None of them changes it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import Progress, count, emit, print_csv, print_line, say, table
from visualmemory_gui.engine.exchange.csv_table import csv_table

if TYPE_CHECKING:
    from visualmemory_gui.engine.study.classes import ClassStudy
    from visualmemory_gui.engine.study.words import Table
    from visualmemory_gui.engine.types import Skipped

Seed = Annotated[int, typer.Option("--seed", help="Of all that is drawn.")]


class MethodName(StrEnum):
    """How a map is laid out."""

    pca = "pca"
    tsne = "tsne"


def novelty(
    memory: options.Memory,
    unknown: Annotated[
        str, typer.Option("--unknown", metavar="DIR", help="A folder of pictures of things the memory does not hold.")
    ],
    k: options.K = None,
    rule: options.Rule = None,
    seed: Seed = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Measure how well the memory tells what it does not know.

    Its own exemplars, each left out, against the pictures of a folder.
    """
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.study.labelled import from_folder
    from visualmemory_gui.engine.study.novelty import measure_novelty
    from visualmemory_gui.engine.study.words import novelty_sentences

    with reader(memory, device=device) as m, Progress("measuring novelty") as report:
        strange = from_folder(m, unknown, report=report)
        m.maintenance.measure(report)
        found = measure_novelty(
            m.snapshot,
            strange,
            m.maintenance.thresholds,
            scheme=VotingScheme.of(m.settings, k, options.rule_name(rule)),
            seed=seed,
            report=report,
        )
    _tell_skipped(strange.skipped)
    if as_json:
        emit(found.to_json())
    else:
        for sentence in novelty_sentences(found):
            print_line(sentence)


def classes(
    memory: options.Memory,
    new: Annotated[
        str | None,
        typer.Option(
            "--new",
            metavar="DIR",
            help="Class folders to add, of classes that it does not hold. Default: a fifth of its own classes.",
        ),
    ] = None,
    k: options.K = None,
    rule: options.Rule = None,
    seed: Seed = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Add whole classes, and see what it costs the old ones.

    A fifth of each class is held out and asked. The memory is not changed.
    """
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.study.classes import add_classes
    from visualmemory_gui.engine.study.labelled import from_folder, require_read
    from visualmemory_gui.engine.study.subsets import with_new

    with reader(memory, device=device) as m, Progress("adding classes") as report:
        snapshot, names = m.snapshot, None
        if new is not None:
            more = from_folder(m, new, report=report)
            _tell_skipped(more.skipped)
            added = with_new(snapshot, require_read(more, new))
            snapshot, names = added.snapshot, added.new
            if added.known:
                say(f"left out, the memory holds them already: {', '.join(added.known)}")
        scheme = VotingScheme.of(m.settings, k, options.rule_name(rule))
        found = add_classes(snapshot, scheme, new=names, seed=seed, report=report)
    _tell_classes(found, as_json=as_json)


def levels(
    memory: options.Memory,
    k: options.K = None,
    rule: options.Rule = None,
    seed: Seed = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Hide classes that have relatives, and teach them back.

    Which levels above them are right before, and after a few exemplars.
    """
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.study.classes import add_classes

    with reader(memory, device=device) as m, Progress("hiding classes") as report:
        scheme = VotingScheme.of(m.settings, k, options.rule_name(rule))
        found = add_classes(m.snapshot, scheme, related=True, seed=seed, report=report)
    _tell_classes(found, as_json=as_json)


def scaling(
    memory: options.Memory,
    k: options.K = None,
    rule: options.Rule = None,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Measure how the error falls as the memory grows."""
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.study.scaling import scale
    from visualmemory_gui.engine.study.words import scaling_table

    with reader(memory, device=device) as m, Progress("measuring the error") as report:
        found = scale(m.snapshot, VotingScheme.of(m.settings, k, options.rule_name(rule)), report=report)
    if as_json:
        emit(found.to_json())
    else:
        _print(scaling_table(found))


def map_(
    memory: options.Memory,
    method: Annotated[
        MethodName, typer.Option("--method", help="pca at once; tsne takes its time and shows more.")
    ] = MethodName.pca,
    out: Annotated[
        str | None, typer.Option("--out", metavar="CSV", help="Write the table to this file, which must not be there.")
    ] = None,
    seed: Seed = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Lay all exemplars out on a map; prints id, x, y and label."""
    from visualmemory_gui.engine.study.project import lay_out

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
        from visualmemory_gui.engine.exchange.target import new_file

        with new_file(Path(out)) as file:
            file.write(csv_table(head, rows).encode())
        say(f"{count(len(rows))} on the map in {out}")


def _tell_skipped(skipped: tuple[Skipped, ...]) -> None:
    for one in skipped:
        say(f"skipped {one.path}: {one.reason}")


def _tell_classes(found: ClassStudy, *, as_json: bool) -> None:
    from visualmemory_gui.engine.study.words import class_table

    if as_json:
        emit(found.to_json())
    else:
        _print(class_table(found))


def _print(found: Table) -> None:
    print_line(found.before)
    table(found.rows, found.head)
    for sentence in found.after:
        print_line(sentence)
