"""The command classify: decides what images show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from itertools import starmap
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import listed, tell_skipped
from visualmemory_gui.cli.opening import any_reader
from visualmemory_gui.cli.output import emit, print_csv, print_line, say, table
from visualmemory_gui.engine.errors import BadImage, BadValue
from visualmemory_gui.engine.exchange.csv_table import DECISION, known_word
from visualmemory_gui.engine.images.child_process import started_ahead

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import AnyMemory
    from visualmemory_gui.engine.types import Decision, Neighbour, Novelty

    Outcome = Decision | BadImage


def classify(
    memory: options.AnyMemory,
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
    box: options.PartBox = None,
    device: options.OnDevice = None,
    form: options.Format = None,
    as_json: options.Json = False,
) -> None:
    """Decide what images show, and list the neighbours that voted.

    Decides one image after another, those of a folder in path order. CSV has one line per image, without neighbours.
    """
    shown = options.format_of(form, as_json=as_json)
    with started_ahead():
        part = options.part_of_one(box, images)
        files, _, skipped = listed(images)
        if not files:
            raise BadValue(f"{images[0]} is a folder without images")
        bad: list[BadImage] = []
        with any_reader(memory, device=device) as m:
            decided = m.decide_each(files, k, options.rule_name(rule), level=level, search=search.value, box=part)
            each = _noted(zip(files, decided, strict=True), bad)
            if shown is options.FormatName.csv:
                print_csv(("image", *DECISION, "confidence", "error"), starmap(_csv_row, each))
            else:
                _print_each(m, each, all_=all_, as_json=shown is options.FormatName.json)
            _tell_unmeasured(m)
    tell_skipped(tuple(skipped))
    if bad:
        raise typer.Exit(1)


def _tell_unmeasured(m: AnyMemory) -> None:
    """Report on stderr that decisions lack what was never measured: they do not wait for it."""
    from visualmemory_gui.engine.decision.novelty import FEWEST
    from visualmemory_gui.engine.shared_memory.address import is_shared

    if m.maintenance.thresholds is None and sum(m.class_counts().values()) >= FEWEST:
        say("what is usual in this memory has not been measured, so nothing is said of known or unknown")
        if is_shared(m.address):
            say("it is measured in a folder, and goes to a server with `visualmemory push`")
        else:
            say(f"`visualmemory compact {m.address}` measures it")


def _noted(each: Iterable[tuple[str, Outcome]], bad: list[BadImage]) -> Iterator[tuple[str, Outcome]]:
    """``each``; images that could not be read are reported on stderr and appended to ``bad``."""
    for image, found in each:
        if isinstance(found, BadImage):
            bad.append(found)
            say(f"error: {found}")
        yield image, found


def _print_each(m: AnyMemory, each: Iterable[tuple[str, Outcome]], *, all_: bool, as_json: bool) -> None:
    """Print outcomes with their neighbours, those without a vote only if ``all_`` are wanted."""
    for image, found in each:
        if isinstance(found, BadImage):
            if as_json:
                emit({"image": image, "error": found.reason})
            continue
        shown = found if all_ else replace(found, neighbours=found.voters)
        sources = m.catalog.sources([n.id for n in shown.neighbours])
        if as_json:
            emit(decision_json(image, shown, sources))
        else:
            _print_decision(image, shown, sources, rest="" if all_ else found.silent_words)


def _csv_row(image: str, found: Outcome) -> tuple[object, ...]:
    if isinstance(found, BadImage):
        return image, None, None, None, None, None, found.reason
    return image, found.label, found.share, found.margin, known_word(found.known), found.confidence, None


def decision_json(image: str, decision: Decision, sources: Mapping[int, str | None]) -> dict[str, object]:
    """The JSON shape of one decision; ``box`` is there where a part was decided."""
    return {
        "image": image,
        **options.box_json(decision.box),
        "label": decision.label,
        "share": decision.share,
        "margin": decision.margin,
        "known": decision.known,
        "confidence": decision.confidence,
        "novelty": novelty_json(decision.novelty),
        "class_set": None if decision.class_set is None else asdict(decision.class_set),
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
                **({} if n.explains is None else {"explains": n.explains, "copies": n.copies}),
            }
            for n in decision.neighbours
        ],
        "timings_ms": {name: decision.timings_ms.get(name, 0.0) for name in ("decode", "encode", "search", "vote")},
    }


def novelty_json(novelty: Novelty | None) -> dict[str, object] | None:
    """Why a decision is known or unknown: both figures with their thresholds, null where there are none."""
    if novelty is None:
        return None
    return {
        "because": list(novelty.because),
        "reason": novelty.reason,
        "distance": novelty.statistic,
        "largest_usual_distance": novelty.threshold,
        "neighbours": novelty.m,
        "total": novelty.total,
        "smallest_usual_total": novelty.least,
    }


def _print_decision(image: str, decision: Decision, sources: Mapping[int, str | None], *, rest: str) -> None:
    from visualmemory_gui.engine.decision import class_sets, in_memory
    from visualmemory_gui.engine.decision.novelty import headline
    from visualmemory_gui.engine.text.visible_text import NO_ANSWER

    here = in_memory.in_words(decision)
    outvoted = in_memory.outvoted(decision)
    part = "" if decision.box is None else f", part {decision.box}"
    first = f"{image}{part}: " + (f"{here}; " if here else "") + (f"{outvoted}; the vote: " if outvoted else "")
    if decision.label is None or decision.share is None:
        print_line(f"{first}{NO_ANSWER}")
        return
    known = {True: ", known", False: "", None: ""}[decision.known]
    print_line(f"{first}{headline(decision)}  {decision.share:.0%} of the vote, margin {decision.margin:.0%}{known}")
    if decision.novelty and decision.known is not True:
        print_line(f"  {decision.novelty.reason}")
    among = class_sets.in_words(decision.class_set, decision.label) if decision.known is not False else ""
    if among:
        print_line(f"  {among} (measured, no guarantee)")
    columns: dict[str, Callable[[Neighbour], object]] = {
        "rank": lambda n: n.rank,
        "id": lambda n: n.id,
        "label": lambda n: n.label,
        "distance": lambda n: f"{n.distance:.4f}",
        "share": lambda n: f"{n.share:.1%}",
        "explains": lambda n: f"{n.explains or 0.0:.1%}",
        "near copies": lambda n: n.copies or "-",
        "source": lambda n: sources.get(n.id) or "",
    }
    neighbours = decision.neighbours
    if not any(n.factor > 1 or n.trust > 1 for n in neighbours if n.explains is not None):
        del columns["explains"]  # it is the share
    if not any(n.copies for n in neighbours):
        del columns["near copies"]
    table([[value(n) for value in columns.values()] for n in neighbours], tuple(columns))
    if rest:
        print_line(f"  {rest}; --all lists them too")
