"""The command find: finds exemplars by words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import emit, table

if TYPE_CHECKING:
    from visualmemory_gui.engine.language.find import FoundByWords
    from visualmemory_gui.engine.memory.protocol import Memory


def find(
    memory: options.Memory,
    text: Annotated[str, typer.Argument(metavar="TEXT", help='What to look for, as in "a red flag".')],
    most: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many exemplars to list.")] = 20,
    state: Annotated[
        options.StateName, typer.Option("--state", help="Exemplars in this state.")
    ] = options.StateName.active,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Find exemplars by words, best first.

    For encoders that know words: CLIP and SigLIP 2, after `encoders --fetch NAME --text`. A score is the cosine of text
    and image: it orders images for one text, and is mostly far below 1.
    """
    from visualmemory_gui.engine.language.find import find

    with reader(memory, device=device) as m:
        found = find(m, text, most=most, state=state.value)
        rows = _rows(m, found)
    if as_json:
        emit({"text": text, "state": state.value, "found": rows})
    else:
        table([tuple(row.values()) for row in rows], ("rank", "id", "label", "score", "source"))


def _rows(m: Memory, found: FoundByWords) -> list[dict[str, object]]:
    exemplars = {row.id: row for row in m.catalog.get(found.ids.tolist())}
    return [
        {
            "rank": rank,
            "id": row.id,
            "label": row.label,
            "score": score,
            "source": row.source,
        }
        for rank, (exemplar, score) in enumerate(zip(found.ids.tolist(), found.scores.tolist(), strict=True), 1)
        for row in (exemplars[exemplar],)
    ]
