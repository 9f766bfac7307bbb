"""Import of a folder of images, and what that would find and cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from visualmemory_gui.app.operations.edit import say_stopped
from visualmemory_gui.app.operations.teach import build
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.dialogs.import_dialog import FolderFacts
from visualmemory_gui.engine.errors import EncoderError
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.types import EncoderIdentity

ENCODER = "lite0"  # for a memory made from a folder
Tell = Callable[[FolderFacts], object]


def import_folder(session: Session, folder: str | Path, *, copy: bool, label: str | None = None) -> None:
    """Add the images of ``folder``: sub-folder names are the labels, or all get ``label``. In the background."""
    title = f"Adding images of {Path(folder).name}"
    build(session, str(folder), title, once=f"import {folder} as {label}", copy=copy, label=label)


def count(session: Session, folders: Sequence[str], tell: Tell, *, new_memory: bool = False) -> None:
    """Count what an import of ``folders`` would find, then measure on a few images how long it takes here.

    ``tell`` is called after each of the two. ``new_memory``: they become a new memory.
    """
    memory = None if new_memory else session.memory
    identity = memory.identity if memory is not None else None
    device = memory.settings.device if memory is not None else "auto"

    def work(report: Report) -> FolderFacts:
        facts, paths = counted(folders, report)
        session.tasks.post(lambda: tell(facts))
        return measured(facts, paths, identity, device, report) if paths else facts

    session.tasks.run_background("Counting images", work, tell, partial(say_stopped, session, ""), topic="counting")


def counted(folders: Sequence[str], report: Report) -> tuple[FolderFacts, list[str]]:
    """What ``folders`` contain, by file names alone (nothing is opened), and the paths of the images."""
    from visualmemory_gui.engine.images.folder import walk

    paths: list[str] = []
    labels: set[str] = set()
    skipped = 0
    for folder in folders:
        found = walk(folder)
        paths += [path for path, _ in found.files]
        labels |= {label for _, label in found.files}
        skipped += len(found.skipped) + found.links
    size = 0
    for done, path in enumerate(paths):
        report(done, len(paths), "")
        size += Path(path).stat().st_size
    return FolderFacts(len(paths), len(labels), size, skipped), paths


def measured(
    facts: FolderFacts, paths: Sequence[str], identity: EncoderIdentity | None, device: str, report: Report
) -> FolderFacts:
    """``facts`` with the cost; without it if the encoder is not available, which the import itself will report.

    Without ``identity`` the encoder is that of a memory made from a folder.
    """
    from visualmemory_gui.engine.encoders import registry
    from visualmemory_gui.engine.memory import import_estimate

    try:
        encoder = identity or registry.choose(ENCODER)
        cost = import_estimate.measure(paths, encoder, device=device, report=report)  # type: ignore[arg-type]
    except EncoderError:
        return replace(facts, measured=True)
    seconds = None if cost.seconds is None else cost.seconds * facts.images
    return replace(facts, measured=True, seconds=seconds, kept=round(cost.size * facts.images))
