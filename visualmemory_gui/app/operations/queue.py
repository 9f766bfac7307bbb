"""Operations on the teaching queue; teaching is an edit of the memory, the rest is not."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations import skipped_files
from visualmemory_gui.app.operations.edit import Edit, Job, Note, last_step
from visualmemory_gui.app.operations.teach import taught_note
from visualmemory_gui.app.runtime.place import show_in_folder
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.dialogs.export_dialog import free_name
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from visualmemory_gui.engine.exchange.video_frames import SavedFrames
    from visualmemory_gui.engine.memory.added_images import AddResult
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.memory.teaching_queue import QueueAdded

REFRESH_S = 0.5


def add(session: Session, paths: Sequence[str]) -> None:
    """Put images and folders of images into the queue, in the background; rows appear as images are read."""

    def work(memory: Memory, report: Report) -> QueueAdded:
        last = time.monotonic()

        def told(done: int, total: int | None, what: str = "") -> None:
            nonlocal last
            report(done, total, what)
            if time.monotonic() - last > REFRESH_S:
                last = time.monotonic()
                session.tasks.post(session.queue.refresh)

        return memory.queue.add(paths, report=told, write=session.tasks.write)

    def said(result: QueueAdded) -> Note:
        session.queue.refresh()
        return Note(added_text(result), actions=skipped_files.show(session, result.skipped, result.first_pages))

    Job("Filling the queue", work, said, once=f"queue {', '.join(paths)}").run(session)


def add_videos(session: Session, videos: Sequence[str], every_s: float) -> None:
    """Save a frame every ``every_s`` seconds in a folder beside each video, and put them into the queue."""
    for video in videos:

        def work(memory: Memory, report: Report, video: str = video) -> tuple[QueueAdded, SavedFrames]:
            from visualmemory_gui.engine.exchange.video_frames import save_frames

            folder = free_name(f"{Path(video).with_suffix('')} frames", "")
            saved = save_frames(video, folder, every_s=every_s, report=report)
            return memory.queue.add([folder], report=report, write=session.tasks.write), saved

        name = Path(video).name
        stopped = f"Stopped; no frame of {name} was taken."
        Job(f"Reading {name}", work, partial(_frames_note, session, name), stopped, once=f"frames {video}").run(session)


def _frames_note(session: Session, video: str, done: tuple[QueueAdded, SavedFrames]) -> Note:
    result, saved = done
    session.queue.refresh()
    damage = f" {video}: {saved.reason}." if saved.reason else ""
    text = f"{added_text(result)} The frames are in “{Path(saved.folder).name}”, beside the video.{damage}"
    shown = NoteAction("Show in folder", partial(show_in_folder, f"{saved.folder}/frame"))
    return Note(text, actions=(shown, *skipped_files.show(session, result.skipped)))


def teach(session: Session, wanted: Sequence[tuple[int, str]]) -> None:
    """Teach images of the queue, each as its label, in one step."""
    wanted = list(wanted)
    if not wanted:
        return

    def work(memory: Memory) -> tuple[AddResult, int | None]:
        return memory.queue.teach_each(wanted), last_step(memory)

    Edit("Teaching", work, partial(taught_note, label_in_words(wanted))).run(session)


def label_in_words(wanted: Sequence[tuple[int, str]]) -> str:
    """The label that images are taught as, or words for several."""
    labels = {label for _, label in wanted}
    return labels.pop() if len(labels) == 1 else "what they were decided as"


def remove(session: Session, ids: Sequence[int]) -> None:
    """Remove images from the queue; the memory stays as it is."""
    if ids:
        text = f"Removed {how_many(len(ids), 'image')} from the queue; the memory stays as it was."
        Edit("Removing", lambda m: m.queue.remove(ids), lambda _: _refreshed(session, text)).run(session)


def clear(session: Session) -> None:
    text = "The queue is empty; the memory stays as it was."
    Edit("Removing", lambda m: m.queue.clear(), lambda _: _refreshed(session, text)).run(session)


def export(session: Session, to: str) -> None:
    """Write the table as CSV, in the order shown."""
    table, order = session.queue.table, session.queue.order
    if table is None:
        return

    def work(_: Memory) -> None:
        from visualmemory_gui.engine.exchange.atomic_output import saved_file
        from visualmemory_gui.engine.exchange.queue_csv import queue_csv

        with saved_file(Path(to)) as file:
            file.write(queue_csv(table, order).encode())

    written = Note(f"Wrote {len(table):,} rows to {Path(to).name}.")
    Edit("Exporting", work, lambda _: written, only_reads=True).run(session)


def added_text(result: QueueAdded) -> str:
    """What became of images put into the queue, in words."""
    if not (result.added or result.present or result.skipped or result.stopped):
        return "There is no image in what was dropped."
    queued = f"{how_many(result.added, 'image')} queued"
    parts = [f"Stopped: {queued}" if result.stopped else queued]
    if result.present:
        parts.append(f"{result.present:,} more {'is' if result.present == 1 else 'are'} equal to one already waiting")
    if result.skipped:
        parts.append(f"{len(result.skipped):,} could not be read")
    if result.first_pages:
        parts.append(skipped_files.first_page_words(len(result.first_pages)))
    if result.stopped:
        parts.append("the rest was not read")
    return "; ".join(parts) + "."


def _refreshed(session: Session, text: str) -> Note:
    session.queue.refresh()
    return Note(text)
