"""The command evaluate: measures how often decisions are right, in a memory or on published neighbour lists."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import best_settings, options
from visualmemory_gui.cli.build import tell_skipped
from visualmemory_gui.cli.opening import reader, writer
from visualmemory_gui.cli.output import Progress, emit, print_line, say, table
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visualmemory_gui.engine.curation.blame import Blame
    from visualmemory_gui.engine.evaluation.evaluation import Evaluation
    from visualmemory_gui.engine.evaluation.query_set import ExemplarLabels
    from visualmemory_gui.engine.evaluation.runs import Run
    from visualmemory_gui.engine.evaluation.statistics import Gain
    from visualmemory_gui.engine.memory.protocol import WholeMemory
    from visualmemory_gui.engine.progress import Report
    from visualmemory_gui.engine.published_lists.evaluation import ByK, ListEvaluation
    from visualmemory_gui.engine.published_lists.lists import ListReading
    from visualmemory_gui.engine.types import Rule

WORST = 10


def evaluate(
    memory: Annotated[
        str | None, typer.Argument(metavar="MEMORY", help="The memory: a folder NAME.vmem. Not with --neighbours.")
    ] = None,
    test_folder: Annotated[
        str | None,
        typer.Argument(
            metavar="TEST_FOLDER", help="Images in class folders. Default: the memory itself, leave-one-out."
        ),
    ] = None,
    k: Annotated[
        list[int] | None, typer.Option("-k", metavar="N", min=1, help="How many neighbours vote; can be repeated.")
    ] = None,
    rule: Annotated[
        options.RuleOrAll, typer.Option("--rule", help="The voting rule; all: the paper's four and the memory's own.")
    ] = options.RuleOrAll.all,
    neighbours: Annotated[
        str | None,
        typer.Option(
            "--neighbours", metavar="FILE", help="Evaluate published neighbour lists (JSON or JSONL); needs no MEMORY."
        ),
    ] = None,
    train: Annotated[
        str | None,
        typer.Option(
            "--train", metavar="FILE", help="Lists of the exemplars themselves; measures what pruning by them gains."
        ),
    ] = None,
    prune_m: Annotated[
        int | None,
        typer.Option("--prune-m", metavar="M", min=1, help="Count wrong neighbours among the first M. The paper: 100."),
    ] = None,
    prune_n: Annotated[
        int | None,
        typer.Option(
            "--prune-n", metavar="N", min=1, help="Prune exemplars that are wrong at least N times. The paper: 128."
        ),
    ] = None,
    without_own: Annotated[
        bool,
        typer.Option("--without-own", help="Take each query out of its own list. The lists of --train always are."),
    ] = False,
    equal_length: Annotated[
        bool,
        typer.Option(
            "--equal-length",
            help="Where a list did not hold its own query, take out its last neighbour, as the paper's notebook does.",
        ),
    ] = False,
    normalise: options.Normalise = False,
    unlabelled_wrong: Annotated[
        bool,
        typer.Option(
            "--unlabelled-wrong",
            help="Count queries without image_class as wrong, as the paper's notebook does. Default: leave them out.",
        ),
    ] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Evaluate lists with several values of each rule's parameter, too.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep this run in the memory, to compare later runs with it.")
    ] = False,
    queries: Annotated[
        int | None,
        typer.Option("--queries", metavar="RUN", help="Query the exemplars of a kept run again, under its labels."),
    ] = None,
    blame: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--blame",
            metavar="TRUE WRONG",
            help="Which exemplars cause images of TRUE to be decided as WRONG, and the fix.",
        ),
    ] = None,
    runs: Annotated[bool, typer.Option("--runs", help="Only list the kept runs.")] = False,
    suggest: Annotated[
        bool,
        typer.Option(
            "--suggest", help="Compare rules, k, parameters and class factors, and suggest the best settings."
        ),
    ] = False,
    apply: Annotated[
        bool, typer.Option("--apply", help="Set what --suggest finds, if its gain is measurable.")
    ] = False,
    level: Annotated[
        int | None,
        typer.Option(
            "--level", min=0, help="The level of --suggest; 0 = the full label. Default: the memory's setting."
        ),
    ] = None,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Measure how often decisions are right.

    On the memory itself with each exemplar left out in turn, on a test folder, or on published neighbour lists. A run
    is compared with the kept runs of the same queries.
    """
    from visualmemory_gui.engine.evaluation import evaluate as study
    from visualmemory_gui.engine.types import PAPER_RULES, RULES

    rules = None if rule.value == "all" else tuple(name for name in RULES if name == rule.value)
    ks = tuple(k or study.KS)
    of_lists = bool(train or without_own or normalise or unlabelled_wrong or sweep)
    _check(
        memory,
        neighbours,
        of_lists=of_lists,
        of_memory=bool(keep or queries or runs or test_folder or blame or suggest),
    )
    if equal_length and not (train or without_own):
        raise typer.BadParameter("--equal-length needs --train or --without-own")
    if not suggest and (apply or level is not None):
        raise typer.BadParameter("--apply and --level need --suggest")
    if suggest:
        if test_folder or keep or queries or runs or blame:
            raise typer.BadParameter("--suggest compares settings on the memory itself: leave out the other options")
        best_settings.suggest(str(memory), level=level, apply=apply, device=device, as_json=as_json)
    elif neighbours is not None:
        from visualmemory_gui.engine.published_lists.lists import ListReading

        reading = ListReading(without_own, equal_length, normalise, unlabelled_wrong)
        _lists(
            neighbours, train, ks=ks, rules=rules or PAPER_RULES, m=prune_m, n=prune_n, reading=reading, sweep=sweep,
            as_json=as_json,
        )  # fmt: skip
    elif runs:
        _list_runs(str(memory), as_json=as_json)
    else:
        opened = writer(str(memory), device=device) if keep else reader(str(memory), device=device)
        with opened as m, Progress("evaluating") as report:
            asked = _asked(m, queries, test_folder)
            found = study.evaluate(m, test_folder, ks=ks, rules=rules, asked=asked, report=report)
            blamed = None if blame is None else _blamed(m, found, *blame, report=report)
            run, compared = _compared(m, found, words=_words(queries, test_folder), keep=keep)
        if blamed is not None:
            _tell_blame(blamed, as_json=as_json)
        else:
            _tell(found, run, compared, as_json=as_json)


def _check(memory: str | None, neighbours: str | None, *, of_lists: bool, of_memory: bool) -> None:
    if neighbours is None and memory is None:
        raise typer.BadParameter("name a MEMORY, or lists with --neighbours FILE")
    if neighbours is None and of_lists:
        raise typer.BadParameter(
            "--train, --without-own, --normalise, --unlabelled-wrong and --sweep need --neighbours FILE"
        )
    if neighbours is not None and (memory is not None or of_memory):
        raise typer.BadParameter("--neighbours needs no memory: leave out MEMORY and its options")


def _asked(m: WholeMemory, number: int | None, test_folder: str | None) -> ExemplarLabels | None:
    from visualmemory_gui.engine.evaluation.runs import kept_run

    if number is None:
        return None
    run = kept_run(m, number)
    if run.exemplars is None or test_folder is not None:
        raise BadValue(f"the queries of run {number} came from a folder: name its TEST_FOLDER instead of --queries")
    return run.exemplars


def _words(queries: int | None, test_folder: str | None) -> str:
    from visualmemory_gui.engine.evaluation.runs import OWN

    if queries is not None:
        return f"{OWN}, as in run {queries}"
    return OWN if test_folder is None else "a test folder"


def _blamed(m: WholeMemory, found: Evaluation, true: str, wrong: str, *, report: Report) -> Blame:
    from visualmemory_gui.engine.curation.blame import blame

    outcomes = found.outcomes
    ids = outcomes.ids[outcomes.of_cell(true, wrong)]
    if not len(ids) or not ids.all() or true == wrong:
        raise BadValue(f"no exemplar of {true} is decided as {wrong}")
    return blame(m, ids.tolist(), report=report)


def _tell_blame(found: Blame, *, as_json: bool) -> None:
    if as_json:
        rows = [{**asdict(one), "to": found.true if one.fix == "relabel" else None} for one in found.blamed]
        head = {"true": found.true, "queries": found.queries, "asked": found.asked, "blamed": rows, "base": found.base}
        emit({**head, "fixed": found.fixed, "broken": found.broken, "gain": asdict(found.gain), "words": found.words})
        return
    rows_ = [(one.id, one.label, f"{100 * one.value:.2f}", one.fix) for one in found.blamed]
    table(rows_, ("id", "label", f"% of the vote for {found.true}", "fix"))
    print_line(f"{found.words} Measured by {found.base}.")


def _compared(
    m: WholeMemory, found: Evaluation, *, words: str, keep: bool
) -> tuple[Run | None, list[tuple[Run, Gain]]]:
    from visualmemory_gui.engine.evaluation import runs

    before = [run for run in runs.kept(m) if run.query_set == found.query_set]
    now = runs.run_of(found, number=0, asked=words)
    kept = runs.keep(m, found, asked=words) if keep else None
    return kept, [(run, runs.compare(run, now)) for run in before]


def _tell(found: Evaluation, run: Run | None, compared: Sequence[tuple[Run, Gain]], *, as_json: bool) -> None:
    if as_json:
        gains = [{"run": one.number, **asdict(gain), "words": gain.words} for one, gain in compared]
        emit({**found.to_json(), "run": None if run is None else run.number, "compared": gains})
        return
    _print_evaluation(found)
    for one, gain in compared:
        print_line(f"against run {one.number} ({one.voting}): {gain.words}")
    if run is not None:
        print_line(f"kept as run {run.number}")


def _print_evaluation(found: Evaluation) -> None:
    from visualmemory_gui.engine.decision.levels import level_in_words

    way = f"k = {found.calibration.k}, {found.calibration.rule}"
    print_line(f"{how_many(found.queries, 'query')}; right answers with {way}: {found.words}")
    if found.level:
        print_line(f"this memory decides at {level_in_words(found.level)}")
    columns = list(dict.fromkeys(k for by_k in found.accuracy.values() for k in by_k))
    rows = [
        (level_in_words(level), name, *(f"{100 * by_k[k]:.2f}" for k in columns))
        for level in found.levels
        for name, by_k in found.accuracy_by_level[level].items()
    ]
    table(rows, ("right, % at", "rule", *(f"k={k}" for k in columns)))
    error = found.calibration.ece
    if error is not None:
        print_line(f"calibration error {error:.3f} of the share, with {way}, at the full label")
    if found.confidence is not None and found.confidence.ece is not None:
        print_line(f"calibration error {found.confidence.ece:.3f} of the confidence, on queries it was not fitted on")
    for level in sorted({0, found.level}):
        print_line(f"the hardest classes at {level_in_words(level)}, with {way}")
        worst = found.at(level).hardest()[:WORST]
        cells = ((label, one.support, f"{100 * one.accuracy:.1f}") for label, one in worst)
        table(cells, ("class", "queries", "right, %"))
    tell_skipped(found.skipped)


def _list_runs(memory: str, *, as_json: bool) -> None:
    from visualmemory_gui.engine.evaluation.runs import kept

    with reader(memory) as m:
        found = kept(m)
    if as_json:
        emit([run.head() for run in found])
        return
    rows = [
        (
            run.number,
            time.strftime("%Y-%m-%d %H:%M", time.localtime(run.time)),
            f"{100 * run.accuracy:.2f}",
            run.queries,
            run.voting,
            run.asked,
            run.query_set[:8],
        )
        for run in found
    ]
    table(rows, ("run", "when", "right, % (full label)", "queries", "way", "asked", "query set"))


def _lists(
    neighbours: str, train: str | None, *, ks: Sequence[int], rules: Sequence[Rule], m: int | None, n: int | None,
    reading: ListReading, sweep: bool, as_json: bool,
) -> None:  # fmt: skip
    from visualmemory_gui.engine.decision.voting_rules import PARAMETERS
    from visualmemory_gui.engine.published_lists.evaluate import evaluate_lists

    grids = {rule: values for rule in rules for values in PARAMETERS[rule].values()} if sweep else None
    with Progress("evaluating") as report:
        found = evaluate_lists(
            neighbours, train, ks=ks, rules=rules, m=m, n=n, reading=reading, grids=grids, report=report
        )
    if as_json:
        emit(found.to_json())
    else:
        _print_lists(found)


def _print_lists(found: ListEvaluation) -> None:
    from visualmemory_gui.engine.published_lists.vote import parameter_of

    print_line(
        f"{how_many(found.queries, 'query')}; right answers in %. best: the k that is best on these very queries,"
    )
    print_line("as published; the other columns use a k fixed beforehand")
    ways = [("plain", found.accuracy), *((way, one.accuracy) for way, one in found.ways.items())]
    rows = [
        (
            way,
            rule,
            *_at_ks(by_k, found.ks),
        )
        for way, accuracy in ways
        for rule, by_k in accuracy.items()
    ]
    columns = (*(f"k={k}" for k in found.ks), "best")
    table(rows, ("lists", "rule", *columns))
    for rule, by_value in found.sweeps.items():
        swept = ((f"{value:g}", *_at_ks(by_k, found.ks)) for value, by_k in by_value.items())
        table(swept, (f"{parameter_of(rule)} of {rule}", *columns))
    if found.reliability_fit is not None:
        slope, first = (100 * value for value in found.reliability_fit)
        print_line(f"the k-th neighbour is of the right class in about {first:.1f} {slope:+.1f} ln k % of queries")
    if found.pruning is not None:
        told = found.pruning
        print_line(
            f"hard pruning struck out {told.pruned:,} of {how_many(told.exemplars)}, wrong at least {told.n} times "
            f"among the first {told.m}"
        )
        print_line("positions: the places of pruned neighbours stay empty; refill: the neighbours behind move up")
    for way, one in found.ways.items():
        for rule, gains in one.gain.items():
            print_line(f"{way}, {rule}, k = {found.ks[-1]}: {gains[found.ks[-1]].words}")
    if found.pruning is not None and found.pruning.judged:
        say(f"no gain is reported: {how_many(found.pruning.judged, 'list')} were also used to choose what to prune")
    if found.unlabelled:
        counted = "counted as wrong" if found.reading.unlabelled_wrong else "not counted"
        say(f"{how_many(found.unlabelled, 'list')} without image_class {counted}")


def _at_ks(by_k: ByK, ks: Sequence[int]) -> tuple[str, ...]:
    return (*(f"{100 * by_k.at(k):.2f}" for k in ks), f"{100 * by_k.best:.2f} at {by_k.best_k}")
