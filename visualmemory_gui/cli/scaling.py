"""The command scaling: measures how the error falls as the memory grows."""

from __future__ import annotations

from typing import Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import Progress, emit, print_findings


def scaling(
    memory: options.Memory,
    k: options.K = None,
    rule: options.Rule = None,
    log10: Annotated[
        bool,
        typer.Option(
            "--log10", help="Fit log10 of the error in percent, as the paper's notebook does: the same a, another b."
        ),
    ] = False,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Measure how the error falls as the memory grows."""
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.experiments.scaling import scale
    from visualmemory_gui.engine.experiments.wording import scaling_table

    with reader(memory, device=device) as m, Progress("measuring the error") as report:
        found = scale(
            m.snapshot,
            VotingScheme.of(m.settings, k, options.rule_name(rule)),
            search=m.searcher.exact_many,
            report=report,
        )
    if log10:
        found = found.in_log10()
    if as_json:
        emit(found.to_json())
    else:
        print_findings(scaling_table(found))
