"""Making the open memory again under another encoder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations import skipped_files
from visualmemory_gui.app.operations.edit import Job, Note
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.memory.protocol import whole
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Skipped

if TYPE_CHECKING:
    from visualmemory_gui.engine.evaluation.encoder_comparison import EncoderComparison
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.memory.reembed import Reembedded

    Made = tuple[Reembedded, EncoderComparison | None]

STOPPED = "Stopped. What was embedded is kept, and {} is no memory until the rest is."


def reembed(session: Session, path: str, *, encoder: str, dim: int | None = None) -> None:
    """Make the memory at ``path`` in the background, compare it with the open one, and offer to open it.

    With ``dim`` its vectors are reduced to so many numbers.
    """
    name = Path(path).name

    def work(memory: Memory, report: Report) -> Made:
        done = whole(memory).reembed(path, encoder, dim=dim, report=report)
        try:
            return done, _compared(memory, path, report)
        except Cancelled:
            return done, None  # the memory is whole; only the comparison was stopped

    def said(result: Made) -> Note:
        done, found = result
        told = (
            f"{name} holds {how_many(done.exemplars)} under {done.identity.words}.",
            f"{done.whole_again}." if done.whole_again else "",
            found.words if found else "",
        )
        left = [Skipped(one.source or f"exemplar {one.id}", one.reason) for one in done.left_out]
        opening = NoteAction("Open it", partial(session.open, path))
        return Note(" ".join(filter(None, told)), actions=(opening, *skipped_files.show(session, left)))

    def failed(error: BaseException) -> None:
        if isinstance(error, Cancelled):
            again = NoteAction("Go on", partial(reembed, session, path, encoder=encoder, dim=dim))
            session.post_note(STOPPED.format(name), also=(again,))
        else:
            session.raise_error(error)

    Job(f"Making {name}", work, said, once=f"reembed to {path}", only_reads=True, failed=failed).run(session)


def _compared(memory: Memory, path: str, report: Report) -> EncoderComparison | None:
    """What is usual in the new memory is measured, then both are compared."""
    from visualmemory_gui.engine.evaluation.encoder_comparison import compare
    from visualmemory_gui.engine.memory.visual_memory import VisualMemory

    with VisualMemory.open(path, device=memory.device) as made:
        made.maintenance.keep_up(report)
        return compare(whole(memory), made, report=report)
