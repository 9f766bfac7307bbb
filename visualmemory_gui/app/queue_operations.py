"""What can be done to the teaching queue; teaching is an edit of the memory, the rest is not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from visualmemory_gui.app import operations, skipped
from visualmemory_gui.app.session import Session

REFRESH_S = 0.5


def add(session: Session, paths: Sequence[str]) -> None:
    """Put pictures and folders of pictures into the queue, in the background; rows appear as they are read."""

    def work(memory: Any, report: Any) -> Any:
        last = time.monotonic()

        def told(done: int, total: int | None, what: str = "") -> None:
            nonlocal last
            report(done, total, what)
            if time.monotonic() - last > REFRESH_S:
                last = time.monotonic()
                session.tasks.post(session.queue.refresh)

        return memory.queue.add(paths, report=told, write=session.tasks.write)

    def said(result: Any) -> None:
        session.queue.refresh()
        session.post_note(added_text(result), None, skipped.show(session, result.skipped))

    if operations.may_write(session):
        session.run_background("Filling the queue", work, said, once=f"queue {', '.join(paths)}")


def teach(session: Session, wanted: Sequence[tuple[int, str]]) -> None:
    """Teach pictures of the queue, each as its label, in one step."""
    wanted = list(wanted)
    said = wanted[0][1] if len({label for _, label in wanted}) == 1 else "what they were decided as"

    def work(memory: Any) -> Any:
        return memory.queue.teach_each(wanted), operations.last_step(memory)

    if wanted and operations.may_write(session):
        session.edit("Teaching", work, partial(operations.say_taught, session, said))


def remove(session: Session, ids: Sequence[int]) -> None:
    """Take pictures out of the queue; the memory stays as it is."""
    if ids and operations.may_write(session):
        text = f"Took {len(ids):,} picture{'' if len(ids) == 1 else 's'} out of the queue; the memory is as it was."
        session.edit("Removing", lambda m: m.queue.remove(ids), lambda _: _refreshed(session, text))


def clear(session: Session) -> None:
    if operations.may_write(session):
        text = "The queue is empty; the memory is as it was."
        session.edit("Removing", lambda m: m.queue.clear(), lambda _: _refreshed(session, text))


def export(session: Session, to: str) -> None:
    """Write the table as CSV, in the order that is shown."""
    table, order = session.queue.table, session.queue.order
    if table is None:
        return

    def work(_: Any) -> None:
        from visualmemory_gui.engine.exchange.queue_csv import queue_csv
        from visualmemory_gui.engine.exchange.target import saved_file

        with saved_file(Path(to)) as file:
            file.write(queue_csv(table, order).encode())

    session.edit("Exporting", work, lambda _: session.post_note(f"Wrote {len(table):,} rows to {Path(to).name}."))


def added_text(result: Any) -> str:
    if not (result.added or result.present or result.skipped or result.stopped):
        return "There is no picture in it."
    came = f"{result.added:,} picture{'' if result.added == 1 else 's'} came in"
    parts = [f"Stopped: {came} and wait{'s' if result.added == 1 else ''}" if result.stopped else came]
    if result.present:
        parts.append(f"{result.present:,} more {'is' if result.present == 1 else 'are'} the same as one that waits")
    if result.skipped:
        parts.append(f"{len(result.skipped):,} could not be read")
    if result.stopped:
        parts.append("the rest was not looked at")
    return "; ".join(parts) + "."


def _refreshed(session: Session, text: str) -> None:
    session.queue.refresh()
    session.post_note(text)
