"""Commands that only read: classify, vote, show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, starmap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import listed, tell_skipped
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import count, emit, print_csv, print_line, say, table
from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.exchange.csv_table import DECISION, known_word
from visualmemory_gui.engine.regular_file import Irregular, open_regular

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory_protocol import Exemplars, Memory
    from visualmemory_gui.engine.types import Decision, Exemplar, State, Summary

    Outcome = Decision | BadImage

EXEMPLAR = ("id", "label", "state", "trust", "source", "sha256")


def classify(
    memory: options.Memory,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE", help="Images to decide; a folder stands for all images below it.")
    ],
    k: options.K = None,
    rule: options.Rule = None,
    level: Annotated[
        int, typer.Option("--level", min=0, help="Decide by the first LEVEL parts of the label; 0 = the full label.")
    ] = 0,
    search: Annotated[
        options.SearchName, typer.Option("--search", help="How to look for neighbours.")
    ] = options.SearchName.auto,
    device: options.OnDevice = None,
    form: options.Format = None,
    as_json: options.Json = False,
) -> None:
    """Decide what images show. Lists the neighbours that voted.

    One after the other, those of a folder in the order of their paths; as CSV a line each, without the neighbours.
    """
    shown = options.format_of(form, as_json=as_json)
    files, _, skipped = listed(images)
    if not files:
        raise BadValue(f"{images[0]} is a folder without images")
    bad: list[BadImage] = []
    with reader(memory, device=device) as m:
        decided = m.decide_each(files, k, options.rule_name(rule), level=level, search=search.value)
        each = _noted(zip(files, decided, strict=True), bad)
        if shown is options.FormatName.csv:
            print_csv(("image", *DECISION, "confidence", "error"), starmap(_csv_row, each))
        else:
            _print_each(m, each, as_json=shown is options.FormatName.json)
    tell_skipped(tuple(skipped))
    if bad:
        raise typer.Exit(1)


def _noted(each: Iterable[tuple[str, Outcome]], bad: list[BadImage]) -> Iterator[tuple[str, Outcome]]:
    """``each``, with those that could not be read told on stderr and put into ``bad``."""
    for image, found in each:
        if isinstance(found, BadImage):
            bad.append(found)
            say(f"error: {found}")
        yield image, found


def _print_each(m: Memory, each: Iterable[tuple[str, Outcome]], *, as_json: bool) -> None:
    for image, found in each:
        if isinstance(found, BadImage):
            if as_json:
                emit({"image": image, "error": found.reason})
            continue
        sources = m.catalog.sources([n.id for n in found.neighbours])
        if as_json:
            emit(decision_json(image, found, sources))
        else:
            _print_decision(image, found, sources)


def _csv_row(image: str, found: Outcome) -> tuple[object, ...]:
    if isinstance(found, BadImage):
        return image, None, None, None, None, None, found.reason
    return image, found.label, found.share, found.margin, known_word(found.known), found.confidence, None


def decision_json(image: str, decision: Decision, sources: Mapping[int, str | None]) -> dict[str, object]:
    """The JSON shape of one decision."""
    return {
        "image": image,
        "label": decision.label,
        "share": decision.share,
        "margin": decision.margin,
        "known": decision.known,
        "confidence": decision.confidence,
        "in_memory": [{"id": each.id, "label": each.label} for each in decision.in_memory],
        "shares": dict(decision.shares),
        "neighbours": [
            {
                "id": n.id,
                "rank": n.rank,
                "label": n.label,
                "distance": n.distance,
                "weight": n.weight,
                "share": n.share,
                "source": sources.get(n.id),
            }
            for n in decision.neighbours
        ],
        "timings_ms": {name: decision.timings_ms.get(name, 0.0) for name in ("decode", "encode", "search", "vote")},
    }


def _print_decision(image: str, decision: Decision, sources: Mapping[int, str | None]) -> None:
    from visualmemory_gui.engine.decision import in_memory

    here = in_memory.in_words(decision)
    first = f"{image}: {here}; the vote: " if here else f"{image}: "
    if decision.label is None or decision.share is None:
        print_line(f"{first}nothing to compare with")
        return
    known = {True: "known", False: "unknown", None: "too few exemplars to tell whether it is known"}[decision.known]
    print_line(f"{first}{decision.label}  {decision.share:.0%} of the vote, margin {decision.margin:.0%}, {known}")
    if decision.novelty and decision.known is False:
        print_line(f"  {decision.novelty.reason}")
    rows = [
        (n.rank, n.id, n.label, f"{n.distance:.4f}", f"{n.share:.1%}", sources.get(n.id) or "")
        for n in decision.neighbours
    ]
    table(rows, ("rank", "id", "label", "distance", "share", "source"))


def show(
    memory: options.Memory,
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID", help="Exemplars to list.")] = None,
    label: Annotated[str | None, typer.Option("--label", help="List this label and everything below it.")] = None,
    state: Annotated[options.StateName | None, typer.Option("--state", help="List exemplars of this state.")] = None,
    labels: Annotated[bool, typer.Option("--labels", help="List the labels, and how many active each has.")] = False,
    form: options.Format = None,
    as_json: options.Json = False,
) -> None:
    """List exemplars or labels, or sum up the memory.

    Without ids and filters it sums up; as CSV a summary is the list of labels.
    """
    shown = options.format_of(form, as_json=as_json)
    filtered = bool(ids) or label is not None or state is not None
    if labels and filtered:
        raise typer.BadParameter("--labels lists all labels: leave ids and filters out", param_hint="--labels")
    with reader(memory) as m:
        if labels or (not filtered and shown is options.FormatName.csv):
            _show_labels(m.catalog.counts(), shown)
            return
        if not filtered:
            _show_summary(m.summary(), as_json=shown is options.FormatName.json)
            return
        chosen = _chosen(m.catalog, ids, label=label, state=None if state is None else state.value)
    if shown is options.FormatName.csv:
        print_csv(EXEMPLAR, ([getattr(one, name) for name in EXEMPLAR] for one in chosen))
        return
    if shown is options.FormatName.json:
        for exemplar in chosen:
            emit(exemplar_json(exemplar))
        return
    rows = [(e.id, e.label, e.state, e.trust, e.source or "") for e in chosen]
    table(rows, ("id", "label", "state", "trust", "source"))


def _chosen(catalog: Exemplars, ids: list[int] | None, *, label: str | None, state: State | None) -> list[Exemplar]:
    """The exemplars that fit everything given, by id."""
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
    """The JSON shape of one listed exemplar."""
    return {name: getattr(exemplar, name) for name in EXEMPLAR}


def _show_summary(summary: Summary, *, as_json: bool) -> None:
    if as_json:
        index = {"kind": summary.index.kind, "current": summary.index.current}
        head = {name: getattr(summary, name) for name in ("exemplars", "active", "struck")}
        encoder = {"encoder": summary.encoder.name, "dim": summary.encoder.dim}
        emit({**head, "labels": dict(summary.labels), **encoder, "index": index})
        return
    print_line(f"{count(summary.exemplars)}: {summary.active:,} active, {summary.struck:,} struck out")
    print_line(f"encoder {summary.encoder.name}, {summary.encoder.dim} numbers a picture; {summary.index.kind} search")
    table(sorted(summary.labels.items()), ("label", "active"))


def vote(
    neighbours: Annotated[
        str, typer.Argument(metavar="NEIGHBOURS.json", help="Published neighbour lists, one object a query.")
    ],
    rule: Annotated[options.RuleName, typer.Option("--rule", help="The voting rule.")],
    param: Annotated[
        float | None,
        typer.Option(
            "--param", metavar="X", help="Exponent of distance (1), temperature of softmax (0.07), offset of rank (2)."
        ),
    ] = None,
    exclude: Annotated[
        str | None, typer.Option("--exclude", metavar="IDS.json", help="A JSON list of neighbour ids that do not vote.")
    ] = None,
    trust: Annotated[
        str | None,
        typer.Option("--trust", metavar="W.json", help="A JSON object of neighbour id and factor on its vote."),
    ] = None,
    at_each_k: Annotated[
        bool, typer.Option("--at-each-k", help="The winner when the first 1, 2, 3, … neighbours vote.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Apply a voting rule to neighbour lists. They are taken in the order given."""
    from visualmemory_gui.engine.decision import published

    answers = published.vote(
        _json_file(neighbours),
        rule.value,
        param=param,
        exclude=_json_file(exclude) if exclude else (),
        trust=_json_file(trust) if trust else None,
        at_each_k=at_each_k,
    )
    if as_json:
        emit(answers)
    else:
        table(((query, *answer.values()) for query, answer in answers.items()), ("query", "prediction"))


def _json_file(path: str) -> Any:
    try:
        with open_regular(path) as file:
            return json.loads(file.read().decode("utf-8-sig"))
    except Irregular as error:
        raise BadValue(f"{path} is {error}, and no JSON file") from None
    except OSError as error:
        raise BadValue(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise BadValue(f"{path} is no JSON file") from None
