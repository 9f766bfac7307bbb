"""Import of a folder of images, and what that would find and cost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.operations import skipped_files
from visualmemory_gui.app.operations.edit import Edit, Note, say_stopped
from visualmemory_gui.app.operations.teach import build, go_on_words
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.dialogs.import_dialog import FolderFacts
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.memory.protocol import whole
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import EncoderIdentity

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.importer import BuildResult
    from visualmemory_gui.engine.memory.unfinished_import import UnfinishedImport

LEFT = "The rest of {} will not be offered again; what was added stays."
ENCODER = "lite0"  # for a memory made from a folder, unless another is chosen
Tell = Callable[[FolderFacts], object]


def import_folder(
    session: Session,
    folder: str | Path,
    *,
    copy: bool,
    label: str | None = None,
    group_by: str | None = None,
    new_memory: bool = False,
) -> None:
    """Add the images of ``folder``: sub-folder names are the labels, or all get ``label``. In the background.

    A ``new_memory`` into which none of them came is closed and removed again.
    """
    title = f"Adding images of {Path(folder).name}"
    build(
        session,
        str(folder),
        title,
        once=f"import {folder} as {label}",
        copy=copy,
        label=label,
        group_by=group_by,
        if_empty=partial(_not_made, session, Path(folder).name) if new_memory else None,
    )


def _not_made(session: Session, folder: str, result: BuildResult) -> Note:
    """Remove the memory that is open and empty, and say why."""
    name = session.whole.path.name if session.whole is not None else "The memory"
    session.discard()
    why = "Stopped" if result.stopped else f"{folder} holds no image that can be read"
    return Note(f"{why}; {name} was not made.", actions=skipped_files.show(session, result.skipped))


def offer_rest(session: Session) -> None:
    """Post a note on an import that was cut short before the memory was opened; its buttons continue or drop it."""
    memory = session.memory
    found = None if memory is None else memory.maintenance.unfinished_import
    if found is None:
        return
    name = Path(found.folder).name
    again = partial(_add_rest, session, found)
    leave = Edit("Leaving the import", lambda m: m.maintenance.leave_import(), lambda _: Note(LEFT.format(name)))
    also = (
        NoteAction(go_on_words(found.added, found.images), again),
        NoteAction("Leave it", partial(leave.run, session)),
    )
    session.post_note(f"Adding the images of {name} was cut short.", also=also)


def _add_rest(session: Session, found: UnfinishedImport) -> None:
    import_folder(session, found.folder, copy=found.copy, label=found.label, group_by=found.group_by)


def count(
    session: Session, folders: Sequence[str], tell: Tell, *, label: str | None = None, new_memory: str = ""
) -> None:
    """Count what an import of ``folders`` would find, and what of it is here already; then measure on a few images how
    long it takes here.

    ``tell`` is called after each of the three. All images get ``label`` if it is given. ``new_memory``: they become a
    new memory with the encoder of this name.
    """
    memory = None if new_memory else session.memory
    identity = memory.identity if memory is not None else None
    device = memory.settings.device if memory is not None else "auto"

    def work(report: Report) -> FolderFacts:
        facts, label_of = counted(folders, report, label=label)
        facts = replace(facts, linked=memory is not None and not memory.is_whole)
        session.tasks.post(lambda: tell(facts))
        known = whole(memory).catalog.known_files() if memory is not None and memory.is_whole else set()
        if known:
            facts, label_of = compared(facts, label_of, known, report)
            session.tasks.post(lambda facts=facts: tell(facts))  # type: ignore[misc]
        return (
            measured(facts, list(label_of), identity or new_memory, device, report)
            if label_of
            else replace(facts, measured=True)
        )

    session.tasks.run_background("Counting images", work, tell, partial(say_stopped, session, ""), topic="counting")


def counted(folders: Sequence[str], report: Report, *, label: str | None = None) -> tuple[FolderFacts, dict[str, str]]:
    """What ``folders`` contain, by file names alone (nothing is opened), and the labels of the images by path."""
    from visualmemory_gui.engine.memory.importer import plan

    label_of: dict[str, str] = {}
    skipped = 0
    for folder in folders:
        found = plan(folder, copy=False, label=label)
        label_of |= found.label_of
        skipped += len(found.skipped) + found.links
    report(0, len(label_of), "")
    return FolderFacts(len(label_of), len(set(label_of.values())), _size_of(label_of), skipped), label_of


def compared(
    facts: FolderFacts, label_of: Mapping[str, str], known: Collection[tuple[str, str]], report: Report
) -> tuple[FolderFacts, dict[str, str]]:
    """``facts`` of those images alone that the memory does not have under their label, and their labels by path."""
    from visualmemory_gui.engine.memory.importer import here_already

    new: dict[str, str] = {}
    for done, (path, label) in enumerate(label_of.items()):
        report(done, len(label_of), "comparing with the memory")
        if not here_already(known, path, label):
            new[path] = label
    here = len(label_of) - len(new)
    return replace(facts, images=len(new), classes=len(set(new.values())), size=_size_of(new), here=here), new


def _size_of(paths: Iterable[str]) -> int:
    """The size of files in bytes; one that is gone by now has none."""
    size = 0
    for path in paths:
        with suppress(OSError):
            size += Path(path).stat().st_size
    return size


def measured(
    facts: FolderFacts, paths: Sequence[str], encoder: EncoderIdentity | str, device: str, report: Report
) -> FolderFacts:
    """``facts`` with the cost of ``encoder``, or of that of the name; without it if that is not available, which the
    import itself will report."""
    from visualmemory_gui.engine.encoders import registry
    from visualmemory_gui.engine.memory import import_estimate

    try:
        identity = registry.choose(encoder) if isinstance(encoder, str) else encoder
        cost = import_estimate.measure(paths, identity, device=device, report=report)
    except EncoderError:
        return replace(facts, measured=True)
    seconds = None if cost.seconds is None else cost.seconds * facts.images
    return replace(facts, measured=True, seconds=seconds, kept=round(cost.size * facts.images))
