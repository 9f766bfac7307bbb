"""The command prune: strikes out misleading exemplars, or lowers their trust."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader, writer
from visualmemory_gui.cli.output import Progress, emit, print_line, table
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.prune import Plan, Pruned


SHOWN = 20


class PruneMethod(StrEnum):
    """How misleading exemplars are found, and what is done to them."""

    hard = "hard"
    difference = "difference"
    soft = "soft"
    value = "value"


class JudgeName(StrEnum):
    """Whose decisions show which exemplars mislead."""

    own = "own"
    watch = "watch"


def prune(
    memory: options.Memory,
    method: Annotated[
        PruneMethod,
        typer.Option(
            "--method",
            help="hard: often a wrong neighbour; difference: wrong minus right; soft: less trust; value: by Shapley.",
        ),
    ],
    judge: Annotated[
        JudgeName, typer.Option("--judge", help="The memory's own decisions (leave-one-out), or the watch set's.")
    ] = JudgeName.own,
    dry_run: options.DryRun = False,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Strike out exemplars that mislead others, in one step.

    At most 2 % are struck out, and at most a fifth of a class; soft strikes out none but lowers their trust. The
    reported gain is measured on decisions that were not used to choose what is struck out.
    """
    from visualmemory_gui.engine.curation import prune as study

    with (reader if dry_run else writer)(memory, device=device) as m:
        with Progress("counting what misleads") as report:
            found = study.plan(m, method.value, judge=judge.value, report=report)
        edit = None if dry_run else study.apply(m, found).edit
    if as_json:
        emit(_plan_json(found, edit))
    else:
        _tell_plan(found, edit, dry_run=dry_run)


def _plan_json(found: Plan, edit: str | None) -> dict[str, object]:
    return {
        "method": found.method,
        "judge": found.judge,
        "m": found.m,
        "n": found.n,
        "looked_at": found.looked_at,
        "ids": list(found.ids),
        "pruned": [asdict(one) for one in found.pruned],
        "held_back": [asdict(one) for one in found.held_back],
        "by_hand": found.by_hand,
        "classes": {label: {"pruned": gone, "of": of} for label, (gone, of) in found.classes.items()},
        "queries": found.queries,
        "accuracy": found.accuracy,
        "gain": found.gain.to_json(),
        "edit": edit,
    }


def _tell_plan(found: Plan, edit: str | None, *, dry_run: bool) -> None:
    verb = "trusts less" if found.method == "soft" else "strikes out"
    n = f", n = {found.n}" if found.n is not None else ""
    print_line(f"{found.method} (m = {found.m}{n}) {verb} {how_many(len(found.pruned))} of {found.looked_at:,}")
    table((_row(one) for one in found.pruned[:SHOWN]), ("id", "label", "wrong", "right", "value", "trust"))
    if len(found.pruned) > SHOWN:
        print_line(f"... and {len(found.pruned) - SHOWN:,} more")
    if found.held_back:
        ids = " ".join(str(one.id) for one in found.held_back)
        print_line(f"held back, because more than a fifth of their class would be struck out: {ids}")
    if found.by_hand:
        print_line(f"{how_many(found.by_hand)} keep the trust set by hand")
    asked = f"{found.queries:,} queries, {100 * found.accuracy:.1f} % right"
    print_line(f"accuracy at the full label: {found.gain.words}; {asked} before")
    print_line("nothing was changed" if dry_run else edit or "nothing to prune")


def _row(one: Pruned) -> tuple[object, ...]:
    return one.id, one.label, one.wrong, one.right, one.value, one.trust
