"""Teaching thousands of pictures at once: batch by batch, one step, a true count, and Cancel keeps what is in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from visualmemory_gui.app import operations, skipped
from visualmemory_gui.app.session import Session

MANY = 200  # pictures; fewer are decoded first and then added all or none


def teach(session: Session, images: Sequence[Any], label: str) -> None:
    """Add pictures (paths, or pictures already decoded) to the memory as ``label``."""
    paths = [image for image in images if isinstance(image, str)]
    if len(paths) <= MANY:
        operations.teach(session, images, label)
        return
    if rest := [image for image in images if not isinstance(image, str)]:
        operations.teach(session, rest, label)
    _teach_files(session, paths, label)


def _teach_files(session: Session, paths: Sequence[str], label: str) -> None:
    def work(memory: Any, report: Any) -> tuple[Any, int | None]:
        result = memory.build(paths, copy=True, label=label, report=report, write=session.tasks.write)
        return result, operations.last_step(memory)

    def said(done: tuple[Any, int | None]) -> None:
        result, step = done
        session.step_finished.emit()
        undo = partial(operations.undo_step, session, step) if result.added and step else None
        session.post_note(operations.built(result, f" as {label}"), undo, skipped.show(session, result.skipped))

    if operations.may_write(session):
        job = f"teach {', '.join(paths)} as {label}"
        session.run_background(f"Teaching {len(paths):,} pictures as {label}", work, said, once=job)
