"""The command tune: fits the trust of each exemplar."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader, writer
from visualmemory_gui.cli.output import Progress, emit, print_line
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.tune import Tuned


def tune(
    memory: options.Memory,
    dry_run: options.DryRun = False,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Fit each exemplar's trust by gradient descent, in one step.

    Half of the exemplars are fitted, a quarter decides when to stop, and a quarter measures the gain. If that gain
    could be chance, nothing is applied.
    """
    from visualmemory_gui.engine.curation import tune as study

    with (reader if dry_run else writer)(memory, device=device) as m:
        with Progress("fitting") as report:
            found = study.tune(m, report=report)
        edit = None if dry_run or found.refused else study.apply(m, found).edit
    if as_json:
        emit(_tuned_json(found, edit))
    else:
        _tell_tuned(found, edit)


def _tuned_json(found: Tuned, edit: str | None) -> dict[str, object]:
    fit, choose, told = found.queries
    name, used, fitted = found.parameter or (None, None, None)
    return {
        "queries": {"fit": fit, "choose": choose, "report": told, "of": found.of},
        "steps": [asdict(one) for one in found.steps],
        "stopped_at": found.stopped_at,
        "parameter": None if name is None else {"name": name, "used": used, "fitted": fitted},
        "trust": {str(i): factor for i, factor in found.trust.items()},
        "by_hand": found.by_hand,
        "accuracy": found.accuracy,
        "gain": found.gain.to_json(),
        "refused": found.refused,
        "edit": edit,
    }


def _tell_tuned(found: Tuned, edit: str | None) -> None:
    fit, choose, told = found.queries
    if found.sampled:
        print_line(f"measured on a sample: {found.sampled}")
    print_line(f"fitted on {fit:,} exemplars, stopped by {choose:,} after {how_many(found.stopped_at, 'step')}")
    if found.trust:
        low, high = min(found.trust.values()), max(found.trust.values())
        print_line(f"trust of {how_many(len(found.trust))}: {low:.2f} to {high:.2f}")
    if found.parameter:
        name, used, fitted = found.parameter
        print_line(f"the rule's {name}: {fitted:.3g} would fit best, {used:g} is unchanged")
    print_line(
        f"accuracy at the full label on {told:,} others: {found.gain.words}; {100 * found.accuracy:.1f} % before"
    )
    print_line(f"not applied: {found.refused}" if found.refused else edit or "nothing was changed")
