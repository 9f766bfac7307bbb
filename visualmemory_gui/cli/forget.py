"""The command forget: erases exemplars for good, with a receipt."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from visualmemory_gui.cli import options
from visualmemory_gui.cli.edits import IdsOrNone, OrLabel, need_some
from visualmemory_gui.cli.opening import shared_writer, writer
from visualmemory_gui.cli.output import Progress, emit, print_line, say
from visualmemory_gui.engine.errors import BadValue, VisualMemoryError
from visualmemory_gui.engine.text.visible_text import how_many, remaining_pixels

if TYPE_CHECKING:
    from visualmemory_gui.engine.experiments.unlearning_proof import Proof
    from visualmemory_gui.engine.memory.protocol import AnyMemory, WholeMemory
    from visualmemory_gui.engine.progress import Report
    from visualmemory_gui.engine.types import Receipt, SharedReceipt


NOT_DONE = {
    "bytes remain": "some bytes remain: close every other program that reads this memory and open it again",
    "not scanned": "everything was erased, but the scan for remaining bytes did not finish",
}


def forget(
    memory: options.AnyMemory,
    ids: IdsOrNone = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="PATH", help="Forget exemplars that came from this file or folder."),
    ] = None,
    label: OrLabel = None,
    struck: Annotated[bool, typer.Option("--struck", help="Forget everything struck out: empty the trash.")] = False,
    prove: Annotated[
        bool,
        typer.Option("--prove", help="Afterwards compare 1,000 decisions with those of a memory built without them."),
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="On a server: copy the collections without them and drop the old ones.")
    ] = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Erase exemplars for good.

    Erases their bytes, their entries in the history and everything derived from them. Cannot be undone.
    """
    from visualmemory_gui.engine.shared_memory.address import is_shared

    need_some(ids, source, label, struck)
    if not yes and not sys.stdin.isatty():
        raise typer.BadParameter("forgetting cannot be undone; without a terminal to ask on, --yes is needed")
    if is_shared(memory):
        if prove or source is not None:
            raise typer.BadParameter("--prove and --source need a folder: `visualmemory pull URL FOLDER` makes one")
        _forget_shared(memory, ids, label=label, struck=struck, rebuild=rebuild, yes=yes, as_json=as_json)
        return
    if rebuild:
        raise typer.BadParameter("--rebuild is for a shared memory; the bytes in a folder are erased in any case")
    with writer(memory) as m, Progress("forgetting") as report:
        doomed = _doomed(m, ids, label=label, struck=struck)
        if source is not None:
            doomed = list(dict.fromkeys([*doomed, *_of_source(m, source)]))
        if parts := [part.id for part in m.catalog.parts_of(doomed)]:
            doomed += _told_parts(parts)
        if doomed and not yes:
            _confirm(doomed)
        receipt = m.forget(doomed, report=report).receipt
        assert receipt is not None  # every forget has one
        try:
            proof = _proof(m, report) if prove else None
        except VisualMemoryError:
            _tell_receipt(receipt, None, as_json=as_json)
            raise
    _tell_receipt(receipt, proof, as_json=as_json)
    if receipt.status != "done":
        say(f"error: {NOT_DONE[receipt.status]}")
    if receipt.status != "done" or (proof is not None and not proof.holds):
        raise typer.Exit(1)


def _proof(m: WholeMemory, report: Report) -> Proof:
    from visualmemory_gui.engine.experiments.unlearning_proof import prove

    return prove(m, report=report)


def _forget_shared(
    address: str, ids: list[int] | None, *, label: str | None, struck: bool, rebuild: bool, yes: bool, as_json: bool
) -> None:
    with shared_writer(address) as m, Progress("forgetting") as report:
        doomed = _doomed(m, ids, label=label, struck=struck)
        if parts := [part.id for part in m.catalog.parts_of(doomed)]:
            doomed += _told_parts(parts)
        if doomed and not yes:
            _confirm(doomed)
        receipt = m.forget(doomed, rebuild=rebuild, report=report)
    _tell_shared_receipt(receipt, as_json=as_json)
    if receipt.erasure == "hidden":
        say(f"error: their bytes are not erased yet ({receipt.why}): the next opening for editing goes on with it")
        raise typer.Exit(1)


def _doomed(m: AnyMemory, ids: list[int] | None, *, label: str | None, struck: bool) -> list[int]:
    found = list(ids or [])
    if label is not None:  # exemplars whose adding was undone are still stored
        m.catalog.require_label(label, withdrawn=True)
        found += m.catalog.ids_under(label)
        found += [e.id for page in m.catalog.pages(label=label, state="withdrawn") for e in page]
    if struck:
        found += [e.id for page in m.catalog.pages(state="struck") for e in page]
    return list(dict.fromkeys(found))


def _of_source(m: WholeMemory, source: str) -> list[int]:
    if not (there := m.catalog.ids_of_source(source)):
        raise BadValue(f"no exemplar came from {source}")
    return there


def _told_parts(parts: list[int]) -> list[int]:
    say(f"parts of these images are forgotten with them: {' '.join(map(str, parts))}")
    return parts


def _confirm(doomed: list[int]) -> None:
    typer.confirm(f"Forget {how_many(len(doomed))} for good? This cannot be undone", abort=True, err=True)


def _tell_shared_receipt(receipt: SharedReceipt, *, as_json: bool) -> None:
    if as_json:
        emit(asdict(receipt))
        return
    from visualmemory_gui.engine.types import ERASURES

    print_line(f"{how_many(len(receipt.ids))} forgotten: {receipt.erasure}")
    if receipt.labels:
        print_line(f"labels: {', '.join(receipt.labels)}")
    print_line(ERASURES[receipt.erasure])
    print_line("out of reach: " + "; ".join(receipt.unreachable))


def _tell_receipt(receipt: Receipt, proof: Proof | None, *, as_json: bool) -> None:
    if as_json:
        proved = {} if proof is None else {"proof": {"decisions": proof.decisions, "different": proof.different}}
        emit({**asdict(receipt), **proved})
        return
    print_line(f"{how_many(receipt.forgotten)} forgotten: {receipt.status}")
    if receipt.labels:
        print_line(f"labels: {', '.join(receipt.labels)}")
    found = f"{how_many(receipt.files_scanned, 'file')} scanned, {how_many(receipt.hits, 'trace')} left"
    shared = f", {receipt.shared:,} shared with other exemplars" if receipt.shared else ""
    print_line(found + shared)
    if receipt.device:
        print_line(f"{receipt.device}: its copy of the vectors was overwritten and its memory given back")
    if receipt.in_original:
        print_line(remaining_pixels(receipt.in_original))
    print_line("out of reach: " + "; ".join(receipt.unreachable))
    if proof is not None:
        held = "all equal those" if proof.holds else f"{proof.different:,} DIFFER from those"
        print_line(f"{how_many(proof.decisions, 'decision')} compared: {held} of a memory that never saw them")
