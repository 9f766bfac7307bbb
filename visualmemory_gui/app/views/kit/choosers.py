"""Every question the window asks before it acts. Each opens a dialog, returns immediately, and calls back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget

from visualmemory_gui.app.actions.dialogs import ImpactOf
from visualmemory_gui.app.models.encoders import FILES
from visualmemory_gui.app.models.literal_text import literal
from visualmemory_gui.app.models.window_settings import OfMemory, WindowSettings
from visualmemory_gui.app.operations.originals import not_found
from visualmemory_gui.app.widgets.dialogs.changed_decisions_dialog import ChangedDecisionsDialog, DecisionRow
from visualmemory_gui.app.widgets.dialogs.contact_sheet import ContactSheet, SheetRow
from visualmemory_gui.app.widgets.dialogs.encoder_dialog import EncoderDialog
from visualmemory_gui.app.widgets.dialogs.endpoint_dialog import EndpointDialog
from visualmemory_gui.app.widgets.dialogs.export_dialog import ExportDialog
from visualmemory_gui.app.widgets.dialogs.flip_dialog import FlipDialog
from visualmemory_gui.app.widgets.dialogs.forget_dialog import ForgetDialog
from visualmemory_gui.app.widgets.dialogs.import_dialog import FolderFacts, ImportDialog
from visualmemory_gui.app.widgets.dialogs.key_sheet import KeySheet
from visualmemory_gui.app.widgets.dialogs.label_chooser import LabelChooser
from visualmemory_gui.app.widgets.dialogs.opinion_dialog import OpinionDialog
from visualmemory_gui.app.widgets.dialogs.originals_dialog import OriginalsDialog
from visualmemory_gui.app.widgets.dialogs.settings_dialog import SettingsDialog
from visualmemory_gui.app.widgets.dialogs.shared_dialog import SharedDialog
from visualmemory_gui.app.widgets.dialogs.skipped_dialog import SkippedDialog
from visualmemory_gui.app.widgets.dialogs.trust_dialog import TrustDialog
from visualmemory_gui.app.widgets.dialogs.video_dialog import VideoDialog
from visualmemory_gui.app.widgets.tables.labelled_images import LabelledRow
from visualmemory_gui.engine.decision.short_labels import ShortLabels
from visualmemory_gui.engine.images import formats

if TYPE_CHECKING:
    from visualmemory_gui.app.actions.encoder_choice import EncoderChoice
    from visualmemory_gui.engine.memory.maintenance import Missing
    from visualmemory_gui.engine.second_opinion.endpoint import Endpoint


class Choosers:
    """The dialogs over ``window``. Scripts and tests supply their own object with these methods."""

    def __init__(self, window: QWidget) -> None:
        self._window = window

    def memory(self, then: Callable[[str], object]) -> None:
        """Ask for the folder of an existing memory."""
        self._folder("Open a memory (a folder NAME.vmem)", then)

    def shared(self, then: Callable[[str, str], object]) -> None:
        """Ask for the address of a shared memory, and for a token."""
        dialog = SharedDialog(self._window)
        dialog.confirmed.connect(then)
        dialog.open()

    def reading(self, why: str, then: Callable[[], object]) -> None:
        """Ask whether to open for reading a memory that cannot be edited now."""
        box = QMessageBox(QMessageBox.Icon.Information, "Open for reading", why, parent=self._window)
        box.setObjectName("readingDialog")
        box.setInformativeText("You can look at it, decide images and export it, but not change it.")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        read = box.addButton("Open for reading", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(read)
        read.clicked.connect(then)
        box.open()

    def folder(self, question: str, then: Callable[[str], object]) -> None:
        self._folder(question, then)

    def new_memory(self, suggested: Path, then: Callable[[str], object]) -> None:
        """Ask for the name of a new memory."""
        dialog = self._file_dialog("Make the memory as", suggested.parent)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(suggested.name)
        dialog.fileSelected.connect(lambda path: then(path if path.endswith(".vmem") else f"{path}.vmem"))
        dialog.open()

    def bundle(self, then: Callable[[str], object]) -> None:
        """Ask for an existing bundle."""
        dialog = self._file_dialog("Open a bundle", None)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter("Bundles (*.vmemz)")
        dialog.fileSelected.connect(then)
        dialog.open()

    def images(self, then: Callable[[list[str]], object]) -> None:
        from visualmemory_gui.engine.exchange import video_frames

        dialog = self._file_dialog("Choose images", None)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        filters = [name_filter("Images", formats.SUFFIXES), name_filter("Videos", video_frames.SUFFIXES)]
        dialog.setNameFilters([*filters, "All files (*)"])
        dialog.filesSelected.connect(lambda paths: then(list(paths)))
        dialog.open()

    def frames(self, videos: Sequence[str], then: Callable[[float], object]) -> None:
        """Ask how many seconds lie between the frames to take."""
        dialog = VideoDialog(self._window, videos=videos)
        dialog.confirmed.connect(then)
        dialog.open()

    def label(
        self,
        question: str,
        labels: Sequence[str],
        then: Callable[[str], object],
        *,
        preselected: str = "",
        verb: str = "Teach",
        typed: str | None = None,
        impact_of: ImpactOf | None = None,
    ) -> None:
        """Ask for a class: one of ``labels`` or a new one.

        With ``typed``, one of ``labels`` by a few of its letters, of which these are the first.
        """
        dialog = LabelChooser(
            self._window, question=question, labels=labels, preselected=preselected, verb=verb, typed=typed
        )
        if impact_of is not None:
            show_impact(dialog, impact_of)
        dialog.chosen.connect(then)
        dialog.open()

    def import_options(
        self,
        folder: str,
        then: Callable[[bool], object],
        *,
        label: str | None = None,
        encoder: EncoderChoice | None = None,
    ) -> Callable[[FolderFacts], object]:
        """Ask whether to link or copy. The returned callable takes the facts. No ``label``: sub-folders are classes.

        With ``encoder`` it is for a new memory, whose encoder can be chosen.
        """
        dialog = ImportDialog(self._window, folder=folder, label=label, encoder=encoder.name if encoder else "")
        dialog.confirmed.connect(then)
        if encoder is not None:
            dialog.encoder_requested.connect(partial(encoder.ask, dialog.set_encoder))
            dialog.dim_chosen.connect(lambda dim: encoder.reduce(dim))  # a bound method would not keep it alive
        dialog.open()
        return lambda facts: dialog.set_facts(facts) if shiboken6.isValid(dialog) else None

    def encoder(self, choice: EncoderChoice, then: Callable[[str], object], *, reduces: bool = False) -> None:
        """Ask for an encoder that is here; its weights can be fetched and its speed measured meanwhile.

        With ``reduces`` also to how many numbers its vectors are reduced.
        """
        dialog = EncoderDialog(self._above(), choice.model, now=choice.name, reduces=reduces)
        dialog.chosen.connect(then)
        dialog.dim_chosen.connect(lambda dim: choice.reduce(dim))
        dialog.fetch_requested.connect(lambda name: choice.fetch(name))  # a bound method would not keep it alive
        dialog.measure_requested.connect(lambda name: choice.measure(name))
        dialog.file_requested.connect(partial(choice.add, lambda name: _select(dialog, name)))
        dialog.open()

    def network(self, then: Callable[[str], object]) -> None:
        """Ask for a file that can be added as an encoder."""
        dialog = self._file_dialog("Add an encoder of your own", None, self._above())
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([name_filter("Networks", FILES), "All files (*)"])
        dialog.fileSelected.connect(then)
        dialog.open()

    def export_options(
        self, name: str, folder: Path, then: Callable[[str, str, bool], object], *, label: str | None = None
    ) -> None:
        """Ask for target, format, and whether to keep paths and places, for a memory or one class of it."""
        dialog = ExportDialog(self._window, name=name, folder=folder, label=label)
        dialog.confirmed.connect(then)
        dialog.open()

    def forget(self, what: str, count: int, then: Callable[[], object]) -> Callable[[str], object]:
        """Ask whether to erase for good. The returned callable takes what that would change."""
        dialog = ForgetDialog(self._window, count=count, what=what)
        dialog.confirmed.connect(then)
        dialog.open()
        return lambda text: dialog.set_impact(text) if shiboken6.isValid(dialog) else None

    def trust(self, what: str, now: float, then: Callable[[float], object]) -> None:
        """Ask how much the votes of some exemplars count; ``now`` is their present trust."""
        dialog = TrustDialog(self._window, what=what, now=now)
        dialog.confirmed.connect(then)
        dialog.open()

    def changed_decisions(self, title: str, rows: Sequence[DecisionRow], then: Callable[[int], object]) -> None:
        """Show which decisions an edit changed; one may be chosen to be decided."""
        dialog = ChangedDecisionsDialog(self._window, title=title, rows=rows)
        dialog.chosen.connect(then)
        dialog.open()

    def flip(
        self, title: str, note: str, rows: Sequence[LabelledRow], then: Callable[[], object], show: Callable[[], object]
    ) -> Callable[[str, bool], object]:
        """Show what would be struck to change the decision. The returned callable takes what else that would change."""
        dialog = FlipDialog(self._window, title=title, note=note, rows=rows)
        dialog.confirmed.connect(then)
        dialog.show_requested.connect(show)
        dialog.open()
        return lambda text, shows: dialog.set_impact(text, shows=shows) if shiboken6.isValid(dialog) else None

    def opinion(
        self,
        host: str,
        what: str,
        rows: Sequence[LabelledRow],
        then: Callable[[bool], object],
        set_up: Callable[[], object],
    ) -> None:
        """Show ``what`` would be sent to ``host``. ``then`` gets whether to send without asking from now on."""
        dialog = OpinionDialog(self._window, host=host, what=what, rows=rows)
        dialog.confirmed.connect(then)
        dialog.set_up_requested.connect(set_up)
        dialog.open()

    def endpoint(self, now: Endpoint | None, then: Callable[[Endpoint | None, str], object]) -> None:
        """Ask for the endpoint of second opinions, None for none, and a key to store, "" for none."""
        dialog = EndpointDialog(self._window, now=now)
        dialog.confirmed.connect(then)
        dialog.open()

    def report_file(self, suggested: Path, then: Callable[[str], object]) -> None:
        """Ask for the file name of a report."""
        dialog = self._file_dialog("Save the report as", suggested.parent)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["Page (*.html)", "Image (*.png)"])
        dialog.setDefaultSuffix("html")
        dialog.filterSelected.connect(lambda kind: dialog.setDefaultSuffix("png" if "png" in kind else "html"))
        dialog.selectFile(suggested.name)
        dialog.fileSelected.connect(then)
        dialog.open()

    def confirm(self, question: str, verb: str, then: Callable[[], object], *, careful: bool = False) -> None:
        """Ask yes or no; ``verb`` says what yes does. If it is ``careful``, Enter cancels."""
        box = QMessageBox(QMessageBox.Icon.Question, verb, question, parent=self._above())
        box.setObjectName("confirmDialog")
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)  # it may hold an address
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes = box.addButton(literal(verb), QMessageBox.ButtonRole.AcceptRole)
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(cancel if careful else yes)
        yes.clicked.connect(lambda: then())
        box.open()

    def sheet(
        self, title: str, rows: Sequence[SheetRow], names: ShortLabels, then: Callable[[list[int]], object]
    ) -> None:
        """Show images that are about to be taught; ``then`` gets the ids of those that were not left out."""
        dialog = ContactSheet(self._window, title=title, rows=rows, names=names)
        dialog.confirmed.connect(then)
        dialog.open()

    def skipped(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """Show which files could not be read, and why: (path, reason)."""
        SkippedDialog(self._window, title=title, rows=rows).open()

    def table_file(self, suggested: Path, then: Callable[[str], object]) -> None:
        """Ask for the file name of a table."""
        dialog = self._file_dialog("Save the table as", suggested.parent)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("Tables (*.csv)")
        dialog.setDefaultSuffix("csv")
        dialog.selectFile(suggested.name)
        dialog.fileSelected.connect(then)
        dialog.open()

    def originals(self, missing: Missing, then: Callable[[str, str], object]) -> None:
        """Ask where a folder of missing originals is now. ``then`` gets the old and the new path."""
        folders = [(folder, len(ids)) for folder, ids in missing.folders]
        dialog = OriginalsDialog(self._window, heading=not_found(missing.count), folders=folders)
        dialog.locate_requested.connect(
            lambda old: self._folder(f"Where is {Path(old).name} now?", lambda new: then(old, new))
        )
        dialog.open()

    def settings(
        self,
        window: WindowSettings,
        memory: OfMemory | None,
        then: Callable[[dict[str, object], WindowSettings], object],
    ) -> None:
        """Show all settings; ``then`` gets the memory's that changed, and the window's."""
        dialog = SettingsDialog(self._window, window=window, memory=memory)
        dialog.confirmed.connect(then)
        dialog.open()

    def keys(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show the key sheet."""
        KeySheet(rows, self._window).open()

    def _above(self) -> QWidget:
        """What a further dialog has to be above."""
        return QApplication.activeModalWidget() or self._window

    def _folder(self, question: str, then: Callable[[str], object]) -> None:
        dialog = self._file_dialog(question, None)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(then)
        dialog.open()

    def _file_dialog(self, title: str, folder: Path | None, parent: QWidget | None = None) -> QFileDialog:
        dialog = QFileDialog(parent or self._window, title, str(folder or ""))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog


def name_filter(kind: str, suffixes: Iterable[str]) -> str:
    """ "Videos (*.avi *.mov)", as a file dialog takes it."""
    return f"{kind} ({' '.join(f'*{suffix}' for suffix in sorted(suffixes))})"


def show_impact(dialog: LabelChooser, impact_of: ImpactOf) -> None:
    """Let ``dialog`` show what the class in its line would change; an answer about an earlier one is dropped."""

    def tell(label: str, text: str) -> None:
        if shiboken6.isValid(dialog) and dialog.proposed == label:
            dialog.set_impact(text)

    dialog.label_proposed.connect(lambda label: impact_of(label, partial(tell, label)))
    dialog.propose()


def _select(dialog: EncoderDialog, name: str) -> None:
    """Select an encoder that was added, unless the dialog has been closed since."""
    if shiboken6.isValid(dialog):
        dialog.select(name)
