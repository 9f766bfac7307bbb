"""The commands classes and levels: what adding classes costs, and what is right above hidden classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import tell_skipped
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import Progress, emit, print_findings, say

if TYPE_CHECKING:
    from visualmemory_gui.engine.experiments.new_classes import ClassStudy


def classes(
    memory: options.Memory,
    new: Annotated[
        str | None,
        typer.Option(
            "--new",
            metavar="DIR",
            help="Folders of classes to add that the memory does not hold. Default: a fifth of its own.",
        ),
    ] = None,
    k: options.K = None,
    rule: options.Rule = None,
    seed: options.Seed = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Measure what adding whole classes costs the old ones.

    A fifth of each class is held out as queries. The memory is not changed.
    """
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.evaluation.test_folder import from_folder, require_read
    from visualmemory_gui.engine.experiments.new_classes import add_classes
    from visualmemory_gui.engine.experiments.subsampling import with_new

    with reader(memory, device=device) as m, Progress("adding classes") as report:
        snapshot, names = m.snapshot, None
        if new is not None:
            more = from_folder(m, new, report=report)
            tell_skipped(more.skipped)
            added = with_new(snapshot, require_read(more, new))
            snapshot, names = added.snapshot, added.new
            if added.known:
                say(f"left out, because the memory already holds them: {', '.join(added.known)}")
        scheme = VotingScheme.of(m.settings, k, options.rule_name(rule))
        found = add_classes(snapshot, scheme, new=names, seed=seed, search=m.searcher.exact_many, report=report)
    _tell_classes(found, as_json=as_json)


def levels(
    memory: options.Memory,
    k: options.K = None,
    rule: options.Rule = None,
    seed: options.Seed = 0,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Hide classes that have siblings, and teach them again.

    Reports how often each level above a hidden class is right, before and after a few exemplars.
    """
    from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
    from visualmemory_gui.engine.experiments.new_classes import add_classes

    with reader(memory, device=device) as m, Progress("hiding classes") as report:
        scheme = VotingScheme.of(m.settings, k, options.rule_name(rule))
        found = add_classes(m.snapshot, scheme, related=True, seed=seed, search=m.searcher.exact_many, report=report)
    _tell_classes(found, as_json=as_json)


def _tell_classes(found: ClassStudy, *, as_json: bool) -> None:
    from visualmemory_gui.engine.experiments.wording import class_table

    if as_json:
        emit(found.to_json())
    else:
        print_findings(class_table(found))
