"""What the actions and gestures of Curate do: ask what must be asked, then call one operation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtWidgets import QWidget

from visualmemory_gui.app.actions.dialogs import ImpactOf
from visualmemory_gui.app.models.impact import propose, propose_relabel
from visualmemory_gui.app.models.incoming import NO_PICTURE
from visualmemory_gui.app.operations import exemplars, forget, teaching
from visualmemory_gui.app.operations import folders as folder_imports
from visualmemory_gui.app.operations.edit import how_many, may_write
from visualmemory_gui.app.session import Session
from visualmemory_gui.app.views.choosers import show_impact
from visualmemory_gui.app.widgets.forget_dialog import ForgetDialog
from visualmemory_gui.app.widgets.import_dialog import FolderFacts, ImportDialog, pictures
from visualmemory_gui.app.widgets.label_chooser import LabelChooser
from visualmemory_gui.app.widgets.trust_dialog import TrustDialog

if TYPE_CHECKING:
    from PIL.Image import Image


class CurateCommands:
    """``parent`` carries the dialogs, ``labels()`` are the classes that can be chosen."""

    def __init__(self, session: Session, parent: QWidget, labels: Callable[[], Sequence[str]]) -> None:
        self._session = session
        self._parent = parent
        self._labels = labels

    def strike(self, ids: Sequence[int]) -> None:
        if len(ids) and may_write(self._session):
            exemplars.strike(self._session, list(ids))

    def restore(self, ids: Sequence[int]) -> None:
        if len(ids) and may_write(self._session):
            exemplars.restore(self._session, list(ids))

    def relabel(self, ids: Sequence[int], label: str | None = None) -> None:
        """Without ``label`` it is asked for."""
        if not len(ids) or not may_write(self._session):
            return
        if label is None:
            question = f"Relabel {how_many(len(ids))} to"
            impact_of = self._session.impact_preview.for_label(partial(propose_relabel, ids))
            self._ask_label(
                question, partial(exemplars.relabel, self._session, list(ids)), verb="Relabel", impact_of=impact_of
            )
        else:
            exemplars.relabel(self._session, list(ids), label)

    def set_trust(self, ids: Sequence[int]) -> None:
        """Asks how much their votes count."""
        if not len(ids) or not may_write(self._session):
            return
        now = exemplars.trust_of(self._session, ids)
        dialog = TrustDialog(self._parent, what=how_many(len(ids)), now=now)
        dialog.confirmed.connect(partial(exemplars.reweigh, self._session, list(ids)))
        dialog.open()

    def rename(self, label: str, about_to: Callable[[str, str], object]) -> None:
        """Asks for the new name; ``about_to(old, new)`` is called before it is given."""
        if not may_write(self._session):
            return

        def rename(new: str) -> None:
            about_to(label, new)
            exemplars.rename_label(self._session, label, new)

        self._ask_label(f"Rename {label} to", rename, verb="Rename", preselected=label)

    def forget(self, ids: Sequence[int], what: str = "") -> None:
        """Asks first; ``what`` names the exemplars."""
        if not len(ids) or not may_write(self._session):
            return
        dialog = ForgetDialog(self._parent, count=len(ids), what=what or how_many(len(ids)))
        dialog.confirmed.connect(partial(forget.forget, self._session, list(ids)))
        dialog.open()
        tell = partial(_tell, dialog)
        self._session.impact_preview.ask(propose("forget", ids), tell)

    def take(self, found: Sequence[str | Image], label: str | None) -> None:
        """What was dropped on a class, or where no class is: pictures are taught, folders imported."""
        if not found or not may_write(self._session):
            return
        look = partial(parted, list(found))
        self._session.tasks.run_edit("Looking at what was dropped", look, partial(self._take, label))

    def _take(self, label: str | None, found: tuple[list[str], list[str | Image]]) -> None:
        folders, rest = found
        if folders:
            self.import_folders(folders, label)
        if rest:
            self._teach(rest, label)

    def refuse_words(self) -> None:
        self._session.post_note(NO_PICTURE)

    def import_folders(self, folders: Sequence[str], label: str | None = None) -> None:
        """Asks link or copy; without ``label`` sub-folders are the classes."""
        name = folders[0] if len(folders) == 1 else f"{len(folders)} folders"
        dialog = ImportDialog(self._parent, folder=name, label=label)
        dialog.confirmed.connect(partial(self._import, list(folders), label))
        dialog.open()
        folder_imports.count(self._session, folders, partial(tell, dialog))

    def _import(self, folders: list[str], label: str | None, copy: bool) -> None:
        for folder in folders:
            folder_imports.import_folder(self._session, folder, copy=copy, label=label)

    def _teach(self, found: list[str | Image], label: str | None) -> None:
        teach = partial(teaching.teach, self._session, found)
        if label is None:
            self._ask_label(f"Teach {pictures(len(found))} as", teach)
        else:
            teach(label)

    def _ask_label(
        self,
        question: str,
        then: Callable[[str], object],
        *,
        verb: str = "Teach",
        preselected: str = "",
        impact_of: ImpactOf | None = None,
    ) -> None:
        dialog = LabelChooser(
            self._parent, question=question, labels=self._labels(), preselected=preselected, verb=verb
        )
        if impact_of is not None:
            show_impact(dialog, impact_of)
        dialog.chosen.connect(then)
        dialog.open()


def parted(found: Sequence[str | Image]) -> tuple[list[str], list[str | Image]]:
    """The folders of what was dropped, and everything else. Looks at the disk: not for the window's thread."""
    folders = [each for each in found if isinstance(each, str) and os.path.isdir(each)]  # noqa: PTH112
    known = set(folders)
    return folders, [each for each in found if not (isinstance(each, str) and each in known)]


def tell(dialog: ImportDialog, facts: FolderFacts) -> None:
    """It may have been closed meanwhile."""
    if shiboken6.isValid(dialog):
        dialog.set_facts(facts)


def _tell(dialog: ForgetDialog, text: str, _: object) -> None:
    if shiboken6.isValid(dialog):
        dialog.set_impact(text)
