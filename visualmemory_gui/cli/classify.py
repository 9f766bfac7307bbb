"""The command classify: decides what images show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import starmap
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import listed, tell_skipped
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import emit, print_csv, print_line, say, table
from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.exchange.csv_table import DECISION, known_word

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.types import Decision

    Outcome = Decision | BadImage


def classify(
    memory: options.Memory,
    images: Annotated[
        list[str], typer.Argument(metavar="IMAGE", help="Images to decide; a folder means all images below it.")
    ],
    k: options.K = None,
    rule: options.Rule = None,
    level: options.Level = 0,
    search: Annotated[
        options.SearchName, typer.Option("--search", help="How to search for neighbours.")
    ] = options.SearchName.auto,
    all_: Annotated[
        bool, typer.Option("--all", help="List neighbours without a vote too, as ridge has them among its hundred.")
    ] = False,
    device: options.OnDevice = None,
    form: options.Format = None,
    as_json: options.Json = False,
) -> None:
    """Decide what images show, and list the neighbours that voted.

    Decides one image after another, those of a folder in path order. CSV has one line per image, without neighbours.
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
            outcomes = each if all_ else ((image, _voters_only(found)) for image, found in each)
            _print_each(m, outcomes, as_json=shown is options.FormatName.json)
    tell_skipped(tuple(skipped))
    if bad:
        raise typer.Exit(1)


def _noted(each: Iterable[tuple[str, Outcome]], bad: list[BadImage]) -> Iterator[tuple[str, Outcome]]:
    """``each``; images that could not be read are reported on stderr and appended to ``bad``."""
    for image, found in each:
        if isinstance(found, BadImage):
            bad.append(found)
            say(f"error: {found}")
        yield image, found


def _voters_only(found: Outcome) -> Outcome:
    """The decision without the neighbours that got no vote."""
    if isinstance(found, BadImage):
        return found
    return replace(found, neighbours=found.voters)


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
    known = {True: "known", False: "unknown", None: "too few exemplars to say whether it is known"}[decision.known]
    print_line(f"{first}{decision.label}  {decision.share:.0%} of the vote, margin {decision.margin:.0%}, {known}")
    if decision.novelty and decision.known is False:
        print_line(f"  {decision.novelty.reason}")
    rows = [
        (n.rank, n.id, n.label, f"{n.distance:.4f}", f"{n.share:.1%}", sources.get(n.id) or "")
        for n in decision.neighbours
    ]
    table(rows, ("rank", "id", "label", "distance", "share", "source"))
