"""The command novelty: measures how well the memory recognises what it does not know, and sets its two tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import tell_skipped
from visualmemory_gui.cli.opening import reader, writer
from visualmemory_gui.cli.output import Progress, emit, print_findings, say

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

LIMIT = "Set the share of the memory's own exemplars that this test takes for known, such as 0.98; or `off`."


def novelty(
    memory: options.Memory,
    unknown: Annotated[
        str | None,
        typer.Option(
            "--unknown",
            metavar="DIR",
            help="A folder of images of classes that the memory does not hold. Default: a fifth of its own classes is "
            "hidden from it.",
        ),
    ] = None,
    unlike: Annotated[
        str | None, typer.Option("--unlike", metavar="Q", help=f"The test *unlike anything here*. {LIMIT}")
    ] = None,
    between: Annotated[
        str | None, typer.Option("--between", metavar="Q", help=f"The test *between classes*. {LIMIT}")
    ] = None,
    k: options.K = None,
    rule: options.Rule = None,
    seed: options.Seed = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Measure how well the memory recognises unknown images.

    Compares its own exemplars, each left out in turn, with images of classes that it does not hold.

    For each test, and for both, it lists which part of the unknown images is found, and which part of the known ones is
    lost: of all, of those decided right and of those decided wrong. --unlike and --between change the settings.
    """
    from visualmemory_gui.engine.decision.novelty import Limits
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.evaluation.test_folder import from_folder
    from visualmemory_gui.engine.experiments.novelty import hide_classes, measure_novelty
    from visualmemory_gui.engine.experiments.wording import novelty_table

    chosen = {"unlike": unlike, "between": between}
    opened = reader if unlike is None and between is None else writer
    with opened(memory, device=device) as m, Progress("measuring novelty") as report:
        for name, value in chosen.items():
            if value is not None:
                _set(m, name, value)
        scheme = VotingScheme.of(m.settings, k, options.rule_name(rule))
        if unknown is None:
            found = hide_classes(
                m.snapshot, Limits.of(m.settings), scheme=scheme, seed=seed, search=m.searcher.exact_many, report=report
            )
        else:
            strange = from_folder(m, unknown, report=report)
            m.maintenance.measure(report)
            thresholds = m.maintenance.thresholds
            found = measure_novelty(
                m.snapshot, strange, thresholds, scheme=scheme, seed=seed, search=m.searcher.exact_many, report=report
            )
            tell_skipped(strange.skipped)
    for name, value in chosen.items():
        if value is not None:
            say(f"the test {name} is now {value}")
    if as_json:
        emit(found.to_json())
    else:
        print_findings(novelty_table(found))


def _set(m: WholeMemory, name: str, value: str) -> None:
    """Switch a test off, or on at a quantile."""
    if value.strip().lower() == "off":
        m.set(name, "off")
    else:
        m.set(f"{name}_quantile", value)
        m.set(name, "on")
