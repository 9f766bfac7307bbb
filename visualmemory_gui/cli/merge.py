"""The command merge: another memory into one, as one step."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.compare import Other, conflict_json, tell_conflicts
from visualmemory_gui.cli.opening import any_reader, shared_writer
from visualmemory_gui.cli.output import Progress, emit, print_line
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visualmemory_gui.engine.evaluation.memory_difference import Conflict
    from visualmemory_gui.engine.exchange.merge import Merged
    from visualmemory_gui.engine.memory.protocol import Memory


class SettlementName(StrEnum):
    """What becomes of what two memories hold otherwise."""

    refuse = "refuse"
    keep = "keep"
    take = "take"
    both = "both"


def merge(
    memory: options.AnyMemory,
    other: Other,
    conflicts: Annotated[
        SettlementName,
        typer.Option(
            "--conflicts",
            help="What both hold under another label, in another state or with another trust. refuse: merge nothing "
            "and list it; keep: as MEMORY has it; take: as OTHER has it; both: add it under the other label too.",
        ),
    ] = SettlementName.refuse,
    as_json: options.Json = False,
) -> None:
    """Add to a memory what another one has, as one step.

    A missing folder is made first. Both need the same encoder. `compare` shows beforehand what differs.
    """
    from visualmemory_gui.engine.exchange.merge import MergeConflicts
    from visualmemory_gui.engine.shared_memory.address import is_shared
    from visualmemory_gui.engine.store.filesystem import folder_at

    target = memory if is_shared(memory) else folder_at(memory)
    try:
        with any_reader(other) as source, Progress("merging") as report:
            done = _merged(target, source, conflicts, report)
    except MergeConflicts as error:
        _tell_refused(memory, error.conflicts, as_json=as_json)
        raise
    if as_json:
        emit({"memory": memory, **_json(done)})
    else:
        _tell(memory, other, done)


def _merged(target: Path | str, source: Memory, conflicts: SettlementName, report: Progress) -> Merged:
    from visualmemory_gui.engine.exchange.merge import merge as merge_memories
    from visualmemory_gui.engine.exchange.merge import merge_into

    if isinstance(target, Path):
        return merge_into(target, source, conflicts=conflicts.value, report=report)
    with shared_writer(target) as shared:
        return merge_memories(shared, source, conflicts=conflicts.value, report=report)


def _tell_refused(memory: str, conflicts: Sequence[Conflict], *, as_json: bool) -> None:
    if as_json:
        listed = [conflict_json(one) for one in conflicts]
        emit({"memory": memory, "edit": None, "ids": [], "added": 0, "settled": 0, "conflicts": listed})
    else:
        tell_conflicts(conflicts)


def _json(done: Merged) -> dict[str, object]:
    return {
        "edit": done.changes.edit,
        "ids": list(done.changes.ids),
        "added": len(done.changes.added),
        "unchanged": len(done.found.same),
        "settled": len(done.settled),
        "conflicts": [conflict_json(one) for one in done.found.conflicts],
    }


def _tell(memory: str, other: str, done: Merged) -> None:
    print_line(
        f"{memory} {'made with' if done.created else 'got'} {how_many(len(done.changes.added))}; "
        f"{len(done.found.same):,} were here already"
    )
    if done.found.conflicts:
        print_line(
            f"held otherwise: {how_many(len(done.found.conflicts))}, of which {len(done.settled):,} were changed"
        )
        tell_conflicts(done.found.conflicts)
