"""The command show: lists exemplars or labels, or summarises the memory."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import any_reader
from visualmemory_gui.cli.output import emit, print_csv, print_line, table
from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import ExemplarPages
    from visualmemory_gui.engine.types import Decision, EncoderIdentity, Exemplar, State, Summary

    Outcome = Decision | BadImage


EXEMPLAR = ("id", "label", "state", "trust", "source", "sha256")


def show(
    memory: options.AnyMemory,
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID", help="Exemplars to list.")] = None,
    label: Annotated[str | None, typer.Option("--label", help="List this label and everything below it.")] = None,
    state: Annotated[options.StateName | None, typer.Option("--state", help="List exemplars in this state.")] = None,
    labels: Annotated[
        bool, typer.Option("--labels", help="List the labels and how many active exemplars each has.")
    ] = False,
    form: options.Format = None,
    as_json: options.Json = False,
) -> None:
    """List exemplars or labels, or summarise the memory.

    Without ids and filters it prints a summary; as CSV, the list of labels.
    """
    shown = options.format_of(form, as_json=as_json)
    filtered = bool(ids) or label is not None or state is not None
    if labels and filtered:
        raise typer.BadParameter("--labels lists all labels: leave out ids and filters", param_hint="--labels")
    with any_reader(memory) as m:
        if labels or (not filtered and shown is options.FormatName.csv):
            _show_labels(m.catalog.counts(), shown)
            return
        if not filtered:
            _show_summary(m.summary(), as_json=shown is options.FormatName.json)
            return
        chosen = selected(m.catalog, ids, label=label, state=None if state is None else state.value)
    part = ("box",) if any(one.box for one in chosen) else ()
    if shown is options.FormatName.csv:
        print_csv((*EXEMPLAR, *part), ([getattr(one, name) for name in (*EXEMPLAR, *part)] for one in chosen))
        return
    if shown is options.FormatName.json:
        for exemplar in chosen:
            emit(exemplar_json(exemplar))
        return
    columns = ("id", "label", "state", "trust", *part, "source")
    table(([_cell(getattr(e, name)) for name in columns] for e in chosen), columns)


def _cell(value: object) -> object:
    return "" if value is None else value


def selected(
    catalog: ExemplarPages, ids: list[int] | None, *, label: str | None, state: State | None
) -> list[Exemplar]:
    """The exemplars that match all filters, by id."""
    if not ids:
        return list(chain.from_iterable(catalog.pages(label=label, state=state)))
    return catalog.select(ids=ids, label=label, state=state)


def _show_labels(counts: Mapping[str, int], shown: options.FormatName) -> None:
    head = ("label", "active")
    if shown is options.FormatName.csv:
        print_csv(head, counts.items())
    elif shown is options.FormatName.json:
        for label, active in counts.items():
            emit({"label": label, "active": active})
    else:
        table(counts.items(), head)


def exemplar_json(exemplar: Exemplar) -> dict[str, object]:
    """The JSON shape of one listed exemplar; ``box`` is there where it is a part of its image."""
    return {**{name: getattr(exemplar, name) for name in EXEMPLAR}, **options.box_json(exemplar.box)}


def _reduced_json(encoder: EncoderIdentity) -> dict[str, int]:
    """How many numbers a vector had before it was reduced, where it was."""
    return {} if encoder == encoder.whole else {"reduced_from": encoder.whole.dim}


def _show_summary(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        device = {} if summary.index.device is None else {"device": summary.index.device}
        index = {"kind": summary.index.kind, "current": summary.index.current, **device}
        head = {name: getattr(summary, name) for name in ("exemplars", "active", "struck")}
        encoder = {"encoder": summary.encoder.name, "dim": summary.encoder.dim, **_reduced_json(summary.encoder)}
        emit({**head, "labels": dict(summary.labels), **encoder, "index": index})
        return
    print_line(f"{how_many(summary.exemplars)}: {summary.active:,} active, {summary.struck:,} struck out")
    where = f" on {summary.index.device}" if summary.index.device else ""
    search = f"{summary.index.kind} search{where}"
    print_line(f"encoder {summary.encoder.words}, {summary.encoder.dim} numbers per image; {search}")
    table(sorted(summary.labels.items()), ("label", "active"))
