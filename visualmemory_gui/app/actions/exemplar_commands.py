"""Commands on chosen exemplars, on classes, and on what is dropped on them: ask, then run one operation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from visualmemory_gui.app.actions.dialogs import Dialogs
from visualmemory_gui.app.actions.export_commands import ask_export
from visualmemory_gui.app.models.impact import propose, propose_relabel
from visualmemory_gui.app.models.incoming_images import NO_IMAGE
from visualmemory_gui.app.models.query import query_of
from visualmemory_gui.app.operations import clipboard, exemplars, folders, forget, originals
from visualmemory_gui.app.operations import teach as teaching
from visualmemory_gui.app.operations.edit import may_write
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.widgets.dialogs.import_dialog import images
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

if TYPE_CHECKING:
    from PIL.Image import Image

    from visualmemory_gui.engine.memory.protocol import Memory

PARTS_SHOWN = 10


class ExemplarCommands:
    """Commands on exemplars and classes. ``labels()`` are the classes that can be chosen."""

    def __init__(self, session: Session, ask: Dialogs, labels: Callable[[], Sequence[str]]) -> None:
        self._session = session
        self._ask = ask
        self._labels = labels

    def relabel(self, ids: Sequence[int], label: str | None = None) -> None:
        """Relabel ``ids``; without ``label`` ask for it."""
        if not ids or not may_write(self._session):
            return
        relabel = partial(exemplars.relabel, self._session, list(ids))
        if label is None:
            question = f"Relabel {how_many(len(ids))} to"
            self.ask_label(question, relabel, verb="Relabel", edit_of=partial(propose_relabel, ids))
        else:
            relabel(label)

    def set_trust(self, ids: Sequence[int]) -> None:
        """Ask how much their votes count, then set that trust."""
        if ids and may_write(self._session):
            now = exemplars.trust_of(self._session, ids)
            self._ask.trust(how_many(len(ids)), now, partial(exemplars.reweigh, self._session, list(ids)))

    def open_original(self, exemplar: int | None) -> None:
        if exemplar is not None:
            originals.open_original(self._session, partial(query_of, exemplar=exemplar))

    def show_in_folder(self, exemplar: int | None) -> None:
        if exemplar is not None:
            originals.show_original_in_folder(self._session, partial(query_of, exemplar=exemplar))

    def copy_image(self, exemplar: int | None) -> None:
        if exemplar is not None:
            clipboard.copy_image(self._session, partial(query_of, exemplar=exemplar))

    def merge(self, label: str, about_to: Callable[[str, str], object]) -> None:
        """Ask for the class that ``label`` becomes a part of; ``about_to`` as for ``rename``."""

        def merge(into: str) -> None:
            if into != label:
                about_to(label, into)
                exemplars.rename_label(self._session, label, into)

        if may_write(self._session):
            self.ask_label(f"Merge {label} into", merge, verb="Merge")

    def export(self, label: str) -> None:
        """Ask how to export a class, and what is below it."""
        ask_export(self._session, self._ask, label)

    def new_class(self, above: str = "") -> None:
        """Ask for a new class, below the class ``above`` if one is given, then for its first images."""

        def choose(new: str) -> None:
            self._ask.images(lambda paths: teaching.teach(self._session, paths, new))

        if may_write(self._session):
            question, begin = (f"New class below {above}", f"{above}/") if above else ("New class", "")
            self.ask_label(question, choose, preselected=begin, verb="Choose images")

    def rename(self, label: str, about_to: Callable[[str, str], object]) -> None:
        """Ask for the new name; ``about_to(old, new)`` is called before the class is renamed."""

        def rename(new: str) -> None:
            about_to(label, new)
            exemplars.rename_label(self._session, label, new)

        if may_write(self._session):
            self.ask_label(f"Rename {label} to", rename, verb="Rename", preselected=label)

    def forget(self, ids: Sequence[int], what: str = "") -> None:
        """Forget ``ids`` after asking; ``what`` names the exemplars."""
        if ids and may_write(self._session):
            erase = partial(forget.forget, self._session, list(ids))
            show = self._ask.forget(what or how_many(len(ids)), len(ids), erase)
            look = partial(parts_going, self._session.memory, ids)
            self._session.tasks.run_edit("Looking for parts", look, partial(self._tell_of_forget, ids, show))

    def take(self, found: Sequence[str | Image], label: str | None) -> None:
        """Teach the images and import the folders that were dropped on a class, or outside all of them."""
        if found and may_write(self._session):
            look = partial(parted, list(found))
            self._session.tasks.run_edit("Checking what was dropped", look, partial(self._take, label))

    def refuse_words(self) -> None:
        self._session.post_note(NO_IMAGE)

    def import_folders(self, paths: Sequence[str], label: str | None = None) -> None:
        """Ask whether to link or copy, then import; without ``label`` sub-folders are the classes."""

        def add(copy: bool) -> None:
            for path in paths:
                folders.import_folder(self._session, path, copy=copy, label=label)

        name = paths[0] if len(paths) == 1 else f"{len(paths)} folders"
        folders.count(self._session, paths, self._ask.import_options(name, add, label=label), label=label)

    def ask_label(
        self,
        question: str,
        then: Callable[[str], object],
        *,
        preselected: str = "",
        verb: str = "Teach",
        typed: str | None = None,
        edit_of: Callable[[str], ProposedEdit | None] | None = None,
    ) -> None:
        """Ask for a class; ``edit_of(label)`` is the edit whose impact the dialog shows."""
        impact_of = self._session.impact_preview.for_label(edit_of) if edit_of is not None else None
        self._ask.label(
            question, self._labels(), then, preselected=preselected, verb=verb, typed=typed, impact_of=impact_of
        )

    def _tell_of_forget(self, ids: Sequence[int], show: Callable[[str], object], parts: str) -> None:
        """Show which parts go with ``ids``, and then what else that would change."""
        if parts:
            show(parts)
        self._session.impact_preview.ask(propose("forget", ids), lambda text, _: show(f"{parts} {text}".strip()))

    def _take(self, label: str | None, found: tuple[list[str], list[str | Image]]) -> None:
        paths, rest = found
        if paths:
            self.import_folders(paths, label)
        if rest:
            teach = partial(teaching.teach, self._session, rest)
            self.ask_label(f"Teach {images(len(rest))} as", teach) if label is None else teach(label)


def parts_going(memory: Memory | None, ids: Sequence[int]) -> str:
    """In words, the parts of images that would be forgotten with ``ids``; "" for none."""
    parts = [part.id for part in memory.catalog.parts_of(ids)] if memory is not None else []
    if not parts:
        return ""
    shown = ", ".join(map(str, parts[:PARTS_SHOWN])) + (", …" if len(parts) > PARTS_SHOWN else "")
    verb = "is" if len(parts) == 1 else "are"
    return f"{how_many(len(parts), 'part')} of these images {verb} forgotten too: {shown}."


def parted(found: Sequence[str | Image]) -> tuple[list[str], list[str | Image]]:
    """The folders among what was dropped, and everything else. Reads the disk: not for the window's thread."""
    folders = [each for each in found if isinstance(each, str) and os.path.isdir(each)]  # noqa: PTH112
    known = set(folders)
    return folders, [each for each in found if not (isinstance(each, str) and each in known)]
