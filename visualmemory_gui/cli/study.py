"""Commands that change many exemplars after a look at what it brings: prune, tune."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader, writer
from visualmemory_gui.cli.output import Progress, count, emit, print_line, table

if TYPE_CHECKING:
    from visualmemory_gui.engine.study.honest import Gain
    from visualmemory_gui.engine.study.prune import Plan, Pruned
    from visualmemory_gui.engine.study.tune import Tuned

SHOWN = 20
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what it would do and bring; change nothing.")]


class MethodName(StrEnum):
    """How misleading exemplars are found, and what becomes of them."""

    hard = "hard"
    difference = "difference"
    soft = "soft"
    value = "value"


class JudgeName(StrEnum):
    """Whose decisions tell what misleads."""

    own = "own"
    watch = "watch"


def prune(
    memory: options.Memory,
    method: Annotated[
        MethodName,
        typer.Option(
            "--method",
            help="hard: often a wrong neighbour; difference: wrong minus right; soft: less trust; value: by Shapley.",
        ),
    ],
    judge: Annotated[
        JudgeName, typer.Option("--judge", help="The memory's own decisions (leave-one-out), or the watch set's.")
    ] = JudgeName.own,
    dry_run: DryRun = False,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Strike out exemplars that mislead others, in one step.

    At most 2 % go, and at most a fifth of a class; soft strikes none but lowers their trust. The gain that is told was
    measured on decisions that had no say in what goes.
    """
    from visualmemory_gui.engine.study import prune as study

    with (reader if dry_run else writer)(memory, device=device) as m:
        with Progress("counting what misleads") as report:
            found = study.plan(m, method.value, judge=judge.value, report=report)
        edit = None if dry_run else study.apply(m, found).edit
    if as_json:
        emit(_plan_json(found, edit))
    else:
        _tell_plan(found, edit, dry_run=dry_run)


def tune(
    memory: options.Memory, dry_run: DryRun = False, device: options.OnDevice = None, as_json: options.Json = False
) -> None:
    """Fit each exemplar's trust by gradient descent, in one step.

    Half of the exemplars fit, a quarter chooses when to stop, a quarter reports. Where the report shows no gain that
    can be told from chance, nothing is applied.
    """
    from visualmemory_gui.engine.study import tune as study

    with (reader if dry_run else writer)(memory, device=device) as m:
        with Progress("fitting") as report:
            found = study.tune(m, report=report)
        edit = None if dry_run or found.refused else study.apply(m, found).edit
    if as_json:
        emit(_tuned_json(found, edit))
    else:
        _tell_tuned(found, edit)


def _gain_json(gain: Gain) -> dict[str, object]:
    return {**asdict(gain), "helps": gain.helps, "words": gain.words}


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
        "gain": _gain_json(found.gain),
        "edit": edit,
    }


def _tell_plan(found: Plan, edit: str | None, *, dry_run: bool) -> None:
    verb = "trusts less" if found.method == "soft" else "strikes out"
    n = f", n = {found.n}" if found.n is not None else ""
    print_line(f"{found.method} (m = {found.m}{n}) {verb} {count(len(found.pruned))} of {found.looked_at:,}")
    table((_row(one) for one in found.pruned[:SHOWN]), ("id", "label", "wrong", "right", "value", "trust"))
    if len(found.pruned) > SHOWN:
        print_line(f"... and {len(found.pruned) - SHOWN:,} more")
    if found.held_back:
        ids = " ".join(str(one.id) for one in found.held_back)
        print_line(f"held back, for more than a fifth of their class would go: {ids}")
    if found.by_hand:
        print_line(f"{count(found.by_hand)} keep the trust that was set by hand")
    asked = f"asked {found.queries:,} times, right {100 * found.accuracy:.1f} %"
    print_line(f"accuracy at the full label: {found.gain.words}; {asked} before")
    print_line("nothing was changed" if dry_run else edit or "nothing to prune")


def _row(one: Pruned) -> tuple[object, ...]:
    return one.id, one.label, one.wrong, one.right, one.value, one.trust


def _tuned_json(found: Tuned, edit: str | None) -> dict[str, object]:
    fit, choose, told = found.queries
    name, used, fitted = found.parameter or (None, None, None)
    return {
        "queries": {"fit": fit, "choose": choose, "report": told},
        "steps": [asdict(one) for one in found.steps],
        "stopped_at": found.stopped_at,
        "parameter": None if name is None else {"name": name, "used": used, "fitted": fitted},
        "trust": {str(i): factor for i, factor in found.trust.items()},
        "by_hand": found.by_hand,
        "accuracy": found.accuracy,
        "gain": _gain_json(found.gain),
        "refused": found.refused,
        "edit": edit,
    }


def _tell_tuned(found: Tuned, edit: str | None) -> None:
    fit, choose, told = found.queries
    print_line(f"fitted on {fit:,} exemplars, stopped by {choose:,} after {count(found.stopped_at, 'step')}")
    if found.trust:
        low, high = min(found.trust.values()), max(found.trust.values())
        print_line(f"trust of {count(len(found.trust))}: {low:.2f} to {high:.2f}")
    if found.parameter:
        name, used, fitted = found.parameter
        print_line(f"the rule's {name}: {fitted:.3g} would fit best, {used:g} stays")
    print_line(
        f"accuracy at the full label on {told:,} others: {found.gain.words}; {100 * found.accuracy:.1f} % before"
    )
    print_line(f"not applied: {found.refused}" if found.refused else edit or "nothing was changed")
