"""Adding images to the memory under a label: a few one by one, more all or none, thousands in batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations import skipped_files
from visualmemory_gui.app.operations.edit import Edit, Job, Note, last_step, undo_of
from visualmemory_gui.app.session import Session
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.text.visible_text import first_few, how_many
from visualmemory_gui.engine.types import Box, DecodedImage

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.added_images import AddResult
    from visualmemory_gui.engine.memory.image_reader import ImageLike
    from visualmemory_gui.engine.memory.importer import BuildResult
    from visualmemory_gui.engine.memory.protocol import Memory

FEW = 8  # images that are decoded and embedded in the edits' thread; more go to the background
MANY = 200  # images; fewer are decoded first and then added all or none


def teach(session: Session, images: Sequence[ImageLike], label: str, *, box: Box | None = None) -> None:
    """Add images (paths or decoded images) to the memory as ``label``, in one step; with ``box`` that part of each.

    Of more than MANY paths, those added before Cancel stay.
    """
    paths = [image for image in images if isinstance(image, str)]
    if len(paths) <= MANY:
        _teach(session, list(images), label, box)
        return
    if rest := [image for image in images if not isinstance(image, str)]:
        _teach(session, rest, label, box)
    title, once = f"Teaching {len(paths):,} images as {label}", f"teach {', '.join(paths)} as {label}"
    build(session, paths, title, once=once, copy=True, label=label, under=f" as {label}")


def build(
    session: Session,
    source: str | Sequence[str],
    title: str,
    *,
    once: str,
    copy: bool,
    label: str | None,
    group_by: str | None = None,
    under: str = "",
    if_empty: Callable[[BuildResult], Note] | None = None,
) -> None:
    """Add the images of a folder or at some paths, in the background; ``under`` follows the count in the note.

    ``if_empty`` is called if the memory holds no exemplar then, and says so in place of that note.
    """

    def work(memory: Memory, report: Report) -> tuple[BuildResult, int | None, bool]:
        first = not memory.class_counts()
        built = memory.build(
            source, copy=copy, label=label, group_by=group_by, report=report, write=session.tasks.write
        )
        return built, last_step(memory), first

    def said(done: tuple[BuildResult, int | None, bool]) -> Note:
        result, step, first = done
        session.step_finished.emit()
        if first and not result.added and if_empty is not None:
            return if_empty(result)
        undo = undo_of(step) if result.added and step else None
        again = partial(
            build,
            session,
            source,
            title,
            once=once,
            copy=copy,
            label=label,
            group_by=group_by,
            under=under,
            if_empty=if_empty,
        )
        here = result.added + result.unchanged
        if result.stopped:
            offered: tuple[NoteAction, ...] = (NoteAction(go_on_words(here, result.images), again),)
        else:
            offered = offer_settings(session) if first and enough_to_compare(result.added) else ()
        return Note(
            built_text(result, under),
            undo,
            (*skipped_files.show(session, result.skipped, result.first_pages), *offered),
        )

    Job(title, work, said, once=once).run(session)


def go_on_words(here: int, images: int) -> str:
    """ "Go on: 1,200 of 3,000 are in"."""
    return f"Go on: {here:,} of {images:,} are in"


def offer_settings(session: Session) -> tuple[NoteAction, ...]:
    """The button that finds the best settings."""
    return (NoteAction("Find the best settings", session.settings_asked.emit),)


def enough_to_compare(images: int) -> bool:
    """Whether a memory of so many images can tell which settings are best."""
    from visualmemory_gui.engine.evaluation.best_settings import FEWEST

    return images > FEWEST


def taught_note(label: str, done: tuple[AddResult, int | None]) -> Note:
    """A note on what became of images taught as ``label``, whose Undo takes back that step."""
    result, step = done
    if result.added:
        present = f" {len(result.present)} already here." if result.present else ""
        text = (
            f"Taught {how_many(len(result.added))} as {label}.{present}{_pages(result)}{_conflicts(result.conflicts)}"
        )
        return Note(text, undo_of(step))
    ids = ", ".join(str(i) for i in list(result.present.values())[:5])
    known = f"Already in the memory as exemplar {ids}."
    return Note(known if ids else f"Nothing was added.{_conflicts(result.conflicts)}")


def built_text(result: BuildResult, under: str = "") -> str:
    """What a build did, in words; ``under`` follows the count."""
    parts = [f"{'Stopped: added' if result.stopped else 'Added'} {how_many(result.added)}{under}"]
    if result.unchanged:
        parts.append(f"{result.unchanged:,} were already here")
    if result.skipped:
        parts.append(f"{how_many(len(result.skipped), 'file')} skipped")
    if result.first_pages:
        parts.append(skipped_files.first_page_words(len(result.first_pages)))
    return "; ".join(parts) + "."


def _teach(session: Session, images: Sequence[ImageLike], label: str, box: Box | None) -> None:
    """Add all of ``images`` or none."""

    def add(memory: Memory, images: Sequence[ImageLike]) -> tuple[AddResult, int | None]:
        return memory.add_images(images, [label] * len(images), [box] * len(images)), last_step(memory)

    said = partial(taught_note, label)
    if len(images) <= FEW:
        Edit("Teaching", lambda m: add(m, images), said).run(session)
    else:
        stopped = "Teaching stopped; nothing was added."
        title = f"Teaching {len(images):,} images"
        Job(title, lambda m, report: add(m, _decoded(m, images, report)), said, stopped).run(session)


def _decoded(memory: Memory, images: Sequence[ImageLike], report: Report) -> list[DecodedImage]:
    """Decode the images one by one, so that the user can stop before anything is written."""
    found = []
    for done, image in enumerate(images):
        report(done, len(images), "reading images")
        found.append(image if isinstance(image, DecodedImage) else memory.decode(image))
    report(len(images), len(images), "adding images")
    return found


def _pages(result: AddResult) -> str:
    """A sentence on files of which only the first page was taken."""
    if len(result.pages) > 1:
        return f" {skipped_files.first_page_words(len(result.pages))}."
    return "".join(f" Only the first of {pages:,} pages was taken." for pages in result.pages.values())


def _conflicts(conflicts: Mapping[int, tuple[int, str]]) -> str:
    """A sentence on the same images under other labels, which are never skipped silently."""
    if not conflicts:
        return ""
    there = first_few([f"{label} (exemplar {exemplar})" for exemplar, label in conflicts.values()], 1)
    return f" The same image is in the memory as {there}: relabel or strike one of them."
