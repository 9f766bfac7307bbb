"""Erasing for good: the rows between two edits, the search for leftovers in the background."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations.edit import Edit, Job, Note, may_write
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.memory.protocol import whole
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import how_many, remaining_pixels
from visualmemory_gui.engine.types import ERASURES, Receipt, SharedReceipt

if TYPE_CHECKING:
    from visualmemory_gui.engine.experiments.unlearning_proof import Proof
    from visualmemory_gui.engine.memory.protocol import Leftovers, Memory

FORGOTTEN = {
    "done": "Forgot {} for good.",
    "bytes remain": "Forgot {}, but some of their bytes are still in the folder: close other programs that read it, "
    "and run “visualmemory compact”.",
    "not scanned": "Forgot {}; whether anything of them is left could not be checked.",
}


def forget(session: Session, ids: Sequence[int]) -> None:
    """Erase exemplars for good. There is no undo: ask first. "Erasing" is shown until the leftovers are known."""

    def erase(memory: Memory) -> Leftovers:
        return memory.erase(ids)

    def look(erasing: Leftovers) -> None:
        title = "Looking for leftover bytes"
        Job(title, lambda _, report: erasing.finish(report), said, failed=failed).run(session)

    def said(receipt: Receipt | SharedReceipt) -> Note:
        session.erased()
        if isinstance(receipt, SharedReceipt):
            return Note(shared_text(receipt))
        text = FORGOTTEN[receipt.status].format(how_many(receipt.forgotten))
        text = f"{text} {remaining_pixels(receipt.in_original)}".rstrip()
        return Note(text, actions=(NoteAction("Prove it", partial(prove, session)),))

    def failed(error: BaseException) -> None:
        session.erased()
        session.raise_error(error)

    if may_write(session):
        session.erasing()
        Edit("Erasing for good", erase, look, failed).run(session)


def shared_text(receipt: SharedReceipt) -> str:
    """What a forget on a shared memory did, as far as its server says."""
    text = f"Forgot {how_many(len(receipt.ids))}: {ERASURES[receipt.erasure]}."
    return f"{text} Until then: {receipt.why}." if receipt.erasure == "hidden" and receipt.why else text


def prove(session: Session) -> None:
    """Prove a forget: compare decisions with those of a memory that never saw what was forgotten."""

    def work(memory: Memory, report: Report) -> Proof:
        from visualmemory_gui.engine.experiments.unlearning_proof import prove

        return prove(whole(memory), report=report)

    def said(proof: Proof) -> Note:
        same = "all are the same" if proof.holds else f"{proof.different:,} differ"
        return Note(f"{proof.decisions:,} decisions compared with a memory that never saw them: {same}.")

    Job("Proving it", work, said, once="prove", only_reads=True).run(session)
