"""The command reembed: the same memory under another encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.build import MOST_SHOWN, skipped_json
from visualmemory_gui.cli.encoders import choose_encoder
from visualmemory_gui.cli.opening import reader
from visualmemory_gui.cli.output import Progress, emit, print_line, say
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.evaluation.encoder_comparison import EncoderComparison
    from visualmemory_gui.engine.memory.protocol import WholeMemory
    from visualmemory_gui.engine.memory.reembed import Reembedded

WORDS = {"watch": "watch set", "queue": "teaching queue", "queries": "recent queries"}


def reembed(
    memory: options.Memory,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The memory to make; it must not exist.")],
    encoder: Annotated[str, typer.Option("--encoder", help="The encoder of the new memory; see `encoders`.")],
    dim: Annotated[
        int | None,
        typer.Option("--dim", metavar="N", min=2, help="Reduce the vectors to N numbers, by PCA fitted to the images."),
    ] = None,
    device: options.OnDevice = None,
    as_json: options.Json = False,
) -> None:
    """Make the same memory under another encoder.

    Exemplars keep ids, labels, trusts, states and history; each image is read again. Both memories are then compared.
    If it is stopped, the same command goes on where it was.
    """
    encoder = choose_encoder(encoder)
    with reader(memory, device=device) as m:
        done = _made(m, new, encoder, dim)
        found = _compared(m, new)
    if as_json:
        emit({"memory": new, **_json(done), "comparison": None if found is None else found.to_json()})
    else:
        _tell(new, done, found)


def _made(m: WholeMemory, new: str, encoder: str, dim: int | None) -> Reembedded:
    try:
        with Progress("embedding images") as report:
            return m.reembed(new, encoder, dim=dim, report=report)
    except (KeyboardInterrupt, Cancelled):
        say(f"{new} is not made yet; the same command goes on where it was")
        raise


def _compared(m: WholeMemory, new: str) -> EncoderComparison | None:
    """What is usual in the new memory is measured, then both are compared."""
    from visualmemory_gui.engine.evaluation.encoder_comparison import compare
    from visualmemory_gui.engine.memory.visual_memory import VisualMemory

    try:
        with VisualMemory.open(new, device=m.device) as made, Progress("comparing") as report:
            made.maintenance.keep_up(report)
            return compare(m, made, report=report)
    except (KeyboardInterrupt, Cancelled):
        say(f"{new} is made; only the comparison was stopped")
        raise


def _json(done: Reembedded) -> dict[str, object]:
    left = [
        {"id": one.id, "label": one.label, "state": one.state, "path": one.source, "reason": one.reason}
        for one in done.left_out
    ]
    kept = {name: skipped_json(some) for name, some in done.kept.items()}
    encoder = {"encoder": done.identity.name, "dim": done.identity.dim}
    return {**encoder, "exemplars": done.exemplars, "skipped": left, "skipped_beside": kept}


def _tell(new: str, done: Reembedded, found: EncoderComparison | None) -> None:
    print_line(f"{new}: {how_many(done.exemplars)} under {done.identity.words}, {len(done.left_out):,} left out")
    if done.whole_again:
        say(done.whole_again)
    for one in done.left_out[:MOST_SHOWN]:
        say(f"left out {one.id} ({one.label}), {one.source or 'without a file'}: {one.reason}")
    if len(done.left_out) > MOST_SHOWN:
        say(f"… and {len(done.left_out) - MOST_SHOWN:,} more; --json lists all")
    for name, images in done.kept.items():
        for image in images[:MOST_SHOWN]:
            say(f"left out of the {WORDS[name]}, {image.path}: {image.reason}")
    if found is not None:
        print_line(found.words)
