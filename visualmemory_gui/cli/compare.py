"""The command compare: what differs between two memories, and how they decide the same queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import MOST_SHOWN
from visualmemory_gui.cli.opening import any_reader
from visualmemory_gui.cli.output import Progress, emit, print_line, say, table
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visualmemory_gui.engine.evaluation.memory_comparison import MemoryComparison
    from visualmemory_gui.engine.evaluation.memory_difference import Conflict, MemoryDifference

Other = Annotated[
    str, typer.Argument(metavar="OTHER", help="The other memory, a folder or a shared one. It stays as it is.")
]


def compare(
    memory: options.AnyMemory,
    other: Other,
    decisions: Annotated[
        bool, typer.Option("--decisions/--no-decisions", help="Also decide what both hold, in each of them.")
    ] = True,
    seed: options.Seed = 0,
    as_json: options.Json = False,
) -> None:
    """Show what differs between two memories.

    Exemplars are paired by the content of their images. Those that both hold alike are decided in each memory, at most
    2,000, by its other exemplars.
    """
    from visualmemory_gui.engine.evaluation.memory_comparison import compare_decisions
    from visualmemory_gui.engine.evaluation.memory_difference import difference, names_of

    with any_reader(memory) as first, any_reader(other) as second, Progress("comparing") as report:
        found = difference(first, second, report=report)
        classes = _classes(first.class_counts(), second.class_counts())
        decided = compare_decisions(first, second, found, seed=seed, report=report) if decisions else None
        names = names_of(first, second)
    if as_json:
        _emit(memory, other, found, classes, decided)
    else:
        _tell(names, found, classes, decided)


def _classes(first: dict[str, int], second: dict[str, int]) -> dict[str, tuple[int, int]]:
    """How many active exemplars each class has in either, where the numbers differ."""
    both = {label: (first.get(label, 0), second.get(label, 0)) for label in sorted({*first, *second})}
    return {label: counts for label, counts in both.items() if counts[0] != counts[1]}


def conflict_json(conflict: Conflict) -> dict[str, object]:
    """A conflict as JSON has it: the ids, and of each field that differs both values."""
    pair = (conflict.first, conflict.second)
    fields: dict[str, object] = {name: [getattr(one, name) for one in pair] for name in conflict.fields}
    return {"id": conflict.first.id, "other": conflict.second.id, **fields, "source": conflict.first.source}


def _emit(
    memory: str,
    other: str,
    found: MemoryDifference,
    classes: dict[str, tuple[int, int]],
    decided: MemoryComparison | None,
) -> None:
    emit(
        {
            "memory": memory,
            "other": other,
            "same": len(found.same),
            "only": list(found.first_only),
            "only_other": list(found.second_only),
            "replaced": [list(pair) for pair in found.replaced],
            "conflicts": [conflict_json(one) for one in found.conflicts],
            "labels": {label: list(counts) for label, counts in classes.items()},
            "decisions": None if decided is None else decided.to_json(),
        }
    )


def _tell(
    names: tuple[str, str],
    found: MemoryDifference,
    classes: dict[str, tuple[int, int]],
    decided: MemoryComparison | None,
) -> None:
    print_line(f"the same in both: {how_many(len(found.same))}")
    for name, ids in zip(names, (found.first_only, found.second_only), strict=True):
        print_line(f"only in {name}: {how_many(len(ids))}{_some(ids)}")
    if found.replaced:
        print_line(f"of these with the same file in both, and another content: {len(found.replaced):,}")
    print_line(f"held otherwise: {_held(found)}")
    tell_conflicts(found.conflicts)
    if classes:
        table(((label, *counts) for label, counts in classes.items()), ("class", *names))
    if decided is not None:
        print_line(decided.words)


def _some(ids: Sequence[int]) -> str:
    shown = " ".join(map(str, ids[:MOST_SHOWN]))
    return f": {shown}{' …' if len(ids) > MOST_SHOWN else ''}" if ids else ""


def _held(found: MemoryDifference) -> str:
    words = found.conflicting_words
    return f"{how_many(len(found.conflicts))}{f' ({words})' if words else ''}"


def tell_conflicts(conflicts: Sequence[Conflict]) -> None:
    """List what two memories hold otherwise, as a table."""
    rows = [
        (*(one.id for one in conflict), *(_values(conflict, name) for name in ("label", "state", "trust")))
        for conflict in conflicts[:MOST_SHOWN]
    ]
    if rows:
        table(rows, ("id", "other", "label", "state", "trust"))
    if len(conflicts) > MOST_SHOWN:
        say(f"… and {len(conflicts) - MOST_SHOWN:,} more; --json lists all")


def _values(conflict: Conflict, name: str) -> str:
    mine, theirs = (getattr(one, name) for one in conflict)
    shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in (mine, theirs)]
    return shown[0] if mine == theirs else " | ".join(shown)
