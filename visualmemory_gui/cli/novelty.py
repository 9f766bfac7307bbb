"""The command novelty: measures how well the memory recognises what it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import tell_skipped
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import Progress, emit, print_line

if TYPE_CHECKING:
    pass


def novelty(
    memory: options.Memory,
    unknown: Annotated[
        str,
        typer.Option("--unknown", metavar="DIR", help="A folder of images of classes that the memory does not hold."),
    ],
    k: options.K = None,
    rule: options.Rule = None,
    seed: options.Seed = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Measure how well the memory recognises unknown images.

    Compares its own exemplars, each left out in turn, with the images of a folder.
    """
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.evaluation.test_folder import from_folder
    from visualmemory_gui.engine.experiments.novelty import measure_novelty
    from visualmemory_gui.engine.experiments.wording import novelty_sentences

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
    tell_skipped(strange.skipped)
    if as_json:
        emit(found.to_json())
    else:
        for sentence in novelty_sentences(found):
            print_line(sentence)
