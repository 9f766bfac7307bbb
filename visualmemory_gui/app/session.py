"""The one memory that the window works on, and the signals that report what happened to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from visualmemory_gui.app import theme
from visualmemory_gui.app.models.class_keys import ClassKeysModel
from visualmemory_gui.app.models.class_marks import ClassMarks
from visualmemory_gui.app.models.counterfactuals import CounterfactualsModel
from visualmemory_gui.app.models.decision import DecisionModel
from visualmemory_gui.app.models.impact import ImpactPreview
from visualmemory_gui.app.models.note import NoteAction
from visualmemory_gui.app.models.opinion import OpinionModel
from visualmemory_gui.app.models.queue import QueueModel
from visualmemory_gui.app.models.similarity import SimilarityModel
from visualmemory_gui.app.models.watch import WatchModel
from visualmemory_gui.app.runtime.error_messages import log_line, problem_of
from visualmemory_gui.app.runtime.place import only_readable, opening
from visualmemory_gui.app.runtime.tasks import Task, Tasks
from visualmemory_gui.engine.device.fallback import fallbacks
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.memory.protocol import whole
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory.address import is_shared
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import ERASURES, Changes, FinishedEdit, Receipt, SharedReceipt

if TYPE_CHECKING:
    from visualmemory_gui.engine.encoders.base import Encoder
    from visualmemory_gui.engine.memory.protocol import Memory, WholeMemory

Result = TypeVar("Result")
SAVING = "saving…"
FINISHED_EDIT = "An interrupted edit has been completed: {}."
TAKEN_BACK = "An interrupted edit was taken back: its exemplars have been edited elsewhere since."
LEFT = " {} edited elsewhere since: left as they are."
FINISHED_SHARED = "An interrupted forget has been continued: {}; {}."
FINISHED = "An interrupted forget has been completed: {:,} erased. Whether anything is left could not be checked."
DAMAGED_SETTINGS = "Damaged settings in this memory: {}. Their defaults apply until you set them again."
log = logging.getLogger("visualmemory_gui")


class Session(QObject):
    """Opens and closes memories, runs edits on them, and reports what they changed.

    Every signal is emitted in the window's thread, whatever thread the edit ran in.
    """

    memory_opened = Signal()
    memory_closed = Signal()
    memory_discarded = Signal(str)  # the address of a memory that stayed empty and was removed
    changed = Signal(object)  # Changes
    error_raised = Signal(str, str, str)  # what happened, what to do, details
    step_finished = Signal()  # a step of many transactions is complete and can be undone
    originals_moved = Signal()  # some are elsewhere now; the exemplars are the same
    saving_changed = Signal(str)  # "saved", "not saved", SAVING, "erasing…"
    note_posted = Signal(str, object, object)  # text, the NoteAction that undoes it or None, a tuple of further ones
    encoder_changed = Signal(str)  # "lite0 on cpu", "loading encoder…"
    not_writable = Signal(str, str)  # path of a memory that can only be opened for reading, and why
    note_finished = Signal()  # the note is complete: what its edit did to other decisions is not added
    skipped_asked = Signal(str, object)  # heading; a list of (path, reason) to show
    demo_opened = Signal()  # its first query is being decided
    settings_asked = Signal()  # find out which settings are best
    fell_back = Signal(str)  # "cuda ran out of memory: searching on the CPU"
    _changed_elsewhere = Signal(object)
    _falls_back = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.memory: Memory | None = None
        self.tasks = Tasks(self)
        self.decision = DecisionModel(self.tasks, self)
        self.watch = WatchModel(self.tasks, self)
        self.impact_preview = ImpactPreview(self.tasks, self.watch, self)
        self.counterfactuals = CounterfactualsModel(self.tasks, self.decision, self.watch, self)
        self.similarity = SimilarityModel(self.tasks, self.decision, self)
        self.opinion = OpinionModel(self.tasks, self.decision, self)
        self.class_keys = ClassKeysModel(self.tasks, self)
        self.class_marks = ClassMarks(self.decision, self.class_keys, theme.chip_colour, self)
        self.queue = QueueModel(self.tasks, self.decision, self.class_marks, self)
        self._unsubscribe: Callable[[], object] | None = None
        self._arriving: list[Memory] = []  # opened in the worker, not yet taken over here
        self._encoder: Encoder | None = None  # that of the memory, once it is loaded
        self._wanted = ""  # the job that opens the most recently requested memory
        self.heavy_allowed = False
        self._erasing = 0  # forgets that are still running
        self._following = True  # False until ``watch`` may compute: what the user sees comes first
        self.tasks.idle.connect(self.on_idle)
        self._changed_elsewhere.connect(self.on_changed_elsewhere, Qt.ConnectionType.QueuedConnection)
        self._falls_back.connect(self.on_falls_back, Qt.ConnectionType.QueuedConnection)
        self._stop_hearing = fallbacks.subscribe(lambda fallback: self._falls_back.emit(str(fallback)))
        self.tasks.crashed.connect(self.on_task_crashed)
        self.changed.connect(self.decision.on_changed)
        self.changed.connect(self.similarity.on_changed)
        self.changed.connect(self.opinion.on_changed)
        self.changed.connect(self.class_keys.on_changed)
        self.changed.connect(self.queue.on_changed)
        self.changed.connect(self.watch.on_changed)  # after the decision, which the user sees

    def open(
        self,
        path: str | Path,
        *,
        readonly: bool = False,
        token: str = "",
        then: Callable[[], object] | None = None,
        failed: Callable[[BaseException], object] | None = None,
    ) -> Task | None:
        """Open the memory at ``path`` in place of the one that is open, and call ``then``; if it can only be read, say
        so. ``failed`` is called in place of what reports that it could not be opened. ``token`` is for the server of a
        shared memory, and is kept nowhere.

        One that is already open, or being opened, is not opened a second time. Of several requested
        before the first of them was ready, the last one stays.
        """

        def work() -> Memory:
            if is_shared(path):
                from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory

                return SharedMemory.open(str(path), readonly=readonly, token=token)
            from visualmemory_gui.engine.memory.visual_memory import VisualMemory

            return VisualMemory.open(path, readonly=readonly)

        def report(error: BaseException) -> None:
            if not readonly and only_readable(path, error):
                self.not_writable.emit(str(path), str(error))
            else:
                self.raise_error(error)

        self._wanted = opening(path)
        memory = self.memory
        if memory is not None and memory.is_at(path):
            if memory.is_there and memory.readonly == readonly:
                self.post_note(f"{Path(path).name} is already open.")
                return None
            self.close()  # its own lock would prevent reopening
        return self._take_over(f"Opening {Path(path).name}", work, then, failed or report, job=self._wanted)

    def create(self, path: str | Path, encoder: str = "lite0", *, then: Callable[[], object] | None = None) -> Task:
        """Make an empty memory at ``path`` and open it in place of the one that is open."""

        def work() -> Memory:
            from visualmemory_gui.engine.memory.visual_memory import VisualMemory

            return VisualMemory.create(path, encoder=encoder)

        self._wanted = opening(path)
        return self._take_over(f"Making {Path(path).name}", work, then, job=self._wanted)

    def create_reduced(
        self, path: str | Path, encoder: str, *, dim: int, folder: str, then: Callable[[], object] | None = None
    ) -> Task:
        """The same for vectors reduced to ``dim`` numbers, by PCA fitted to ``folder``. It can be stopped."""

        def work(report: Report) -> WholeMemory:
            from visualmemory_gui.engine.memory.reduction import create_reduced

            return create_reduced(path, folder, encoder, dim, report=report)

        def failed(error: BaseException) -> None:
            if isinstance(error, Cancelled):
                self.post_note(f"Stopped; {Path(path).name} was not made.")
            else:
                self.raise_error(error)

        self._wanted = opening(path)
        arrive, opened = self._taking_over(work, then, job=self._wanted)
        return self.tasks.run_background(f"Making {Path(path).name}", arrive, opened, failed, once=self._wanted)

    def close(self) -> None:
        """Close the memory; its last edits are on disk before the next task runs."""
        closing = self._let_go()
        if closing is not None:
            self.tasks.run_edit("Closing the memory", closing, in_turn=True)

    def discard(self) -> None:
        """Close the memory, and remove it from the disk if it is empty."""
        memory = self.whole
        if memory is None or self._let_go() is None:
            return

        def work() -> bool:
            from visualmemory_gui.engine.memory.new_memory import discard

            return discard(memory)

        def removed(gone: bool) -> None:
            if gone:
                self.memory_discarded.emit(memory.address)

        self.tasks.run_edit("Removing the empty memory", work, removed, in_turn=True)

    def shutdown(self) -> None:
        """Close the memory and end the threads. The last call before the window is gone."""
        closing = self._let_go()
        self._stop_hearing()

        def last() -> None:
            for close in (closing, *(memory.close for memory in self._arriving)):
                try:
                    if close is not None:
                        close()
                except Exception as error:  # every edit is on disk; what fails is the index, which is rebuilt
                    log.error(log_line(error))

        self.tasks.shutdown(last)

    @property
    def whole(self) -> WholeMemory | None:
        """The open memory, where all its rows are on this computer; None for a shared one."""
        return whole(self.memory) if self.memory is not None and self.memory.is_whole else None

    @property
    def beside(self) -> Path:
        """Where a place for what is written is suggested: beside the memory; the home folder for a shared one."""
        memory = self.whole
        return memory.path.parent if memory is not None else Path.home()

    @property
    def readonly(self) -> bool:
        """Whether the open memory can only be read."""
        return self.memory is not None and self.memory.readonly

    def erasing(self) -> None:
        """Note the start of a forget: until ``erased`` nothing is reported as saved."""
        self._erasing += 1
        self.tell_saving("erasing…")

    def erased(self) -> None:
        self._erasing = max(0, self._erasing - 1)
        self.tell_saving("saved")

    def tell_saving(self, state: str) -> None:
        """Report ``state``: SAVING, "saved" or "not saved"."""
        self.saving_changed.emit("erasing…" if self._erasing else state)

    def allow_heavy(self) -> None:
        """Allow the encoder to load from now on: the window calls this after its first paint."""
        self.heavy_allowed = True
        self.load_encoder()

    def post_note(self, text: str, undo: NoteAction | None = None, also: tuple[NoteAction, ...] = ()) -> None:
        self.note_posted.emit(text, undo, also)

    def raise_error(self, error: BaseException) -> None:
        """Report ``error`` to the user, and to the log without paths and labels; everything else goes on."""
        problem = problem_of(error)
        log.error(log_line(error))
        self.error_raised.emit(problem.what, problem.todo, problem.details)

    @Slot()
    def on_idle(self) -> None:
        if not self._following:
            self._following = True
            self.watch.set_memory(self.memory)

    @Slot(object)
    def on_changed_elsewhere(self, changes: Changes) -> None:
        if self.memory is not None:
            self.changed.emit(changes)

    @Slot(str)
    def on_falls_back(self, text: str) -> None:
        """Say so, and show where the encoder computes now."""
        self.post_note(f"{text}.")
        self._show_encoder()
        self.fell_back.emit(text)

    @Slot(object, object)
    def on_task_crashed(self, task: Task, error: BaseException) -> None:
        self.raise_error(error)

    def _take_over(
        self,
        title: str,
        work: Callable[[], Memory],
        then: Callable[[], object] | None = None,
        failed: Callable[[BaseException], object] | None = None,
        *,
        job: str,
    ) -> Task:
        arrive, opened = self._taking_over(lambda _: work(), then, job=job)
        return self.tasks.run_edit(title, lambda: arrive(silent), opened, failed, once=job)

    def _taking_over(
        self, work: Callable[[Report], Memory], then: Callable[[], object] | None, *, job: str
    ) -> tuple[Callable[[Report], Memory], Callable[[Memory], None]]:
        """What a worker runs to bring the memory that ``work`` opens, and what the window does with it then."""

        def opened(memory: Memory) -> None:
            if job != self._wanted:  # another has been requested since
                self._arriving.remove(memory)
                self.tasks.run_edit("Closing the memory", memory.close, in_turn=True)
                return
            self._adopt(memory)
            if then is not None:
                then()

        def arrive(report: Report) -> Memory:
            memory = deferred(work(report))
            self._arriving.append(memory)
            return memory

        return arrive, opened

    def _adopt(self, memory: Memory) -> None:
        self.close()
        self._arriving.remove(memory)
        self.memory, self._erasing = memory, 0
        self._unsubscribe = memory.changed(self._changed_elsewhere.emit)
        self.class_marks.set_memory()
        self.decision.set_memory(memory)
        self.opinion.set_memory(memory)
        self.class_keys.set_memory(memory)
        self.saving_changed.emit("read only" if memory.readonly else "saved")
        self.memory_opened.emit()
        self.load_encoder()
        self.queue.set_memory(memory)
        self._following = False
        if (edit := memory.maintenance.finished_edit) is not None:
            self.post_note(finished_edit_text(edit))
        if (done := memory.maintenance.finished_forget) is not None:
            self.post_note(finished_text(done))
        if memory.maintenance.damaged_settings:
            self.post_note(DAMAGED_SETTINGS.format(", ".join(memory.maintenance.damaged_settings)))

    def _let_go(self) -> Callable[[], object] | None:
        """Detach from the memory and return what closes it, None if there was none."""
        memory, self.memory, self._encoder = self.memory, None, None
        if memory is None:
            return None
        self.tasks.garbage.search_all()
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.decision.set_memory(None)
        self.opinion.set_memory(None)
        self.class_keys.set_memory(None)
        self.queue.set_memory(None)
        self.watch.set_memory(None)
        self.encoder_changed.emit("")
        self.memory_closed.emit()
        return memory.close

    def load_encoder(self) -> None:
        """Load the encoder before an image arrives; also after a change of device."""
        if not self.heavy_allowed or self.memory is None:
            return
        memory = self.memory
        if memory.identity.name == "vectors":
            self.encoder_changed.emit("vectors, no encoder")
            return
        self.encoder_changed.emit("loading encoder…")
        self.tasks.run_background(
            "Loading the encoder", lambda _: memory.encoder, self._encoder_loaded, self._no_encoder, stoppable=False
        )

    def _encoder_loaded(self, encoder: Encoder) -> None:
        if self.memory is not None and encoder.identity == self.memory.identity:
            self._encoder = encoder
            self.decision.encoder_ready = True
            self.tasks.garbage.leave_alone()
            self._show_encoder()

    def _show_encoder(self) -> None:
        if self._encoder is not None:
            self.encoder_changed.emit(f"{self._encoder.identity.name} on {self._encoder.device}")

    def _no_encoder(self, error: BaseException) -> None:
        self.encoder_changed.emit("no encoder")
        self.raise_error(error)


def finished_edit_text(done: FinishedEdit) -> str:
    """What became of an edit of a shared memory that was interrupted."""
    if done.name is None:
        return TAKEN_BACK
    return FINISHED_EDIT.format(done.name) + (LEFT.format(how_many(len(done.left))) if done.left else "")


def finished_text(done: Receipt | SharedReceipt) -> str:
    """What became of a forget that was interrupted."""
    if isinstance(done, SharedReceipt):
        return FINISHED_SHARED.format(how_many(len(done.ids)), ERASURES[done.erasure])
    return FINISHED.format(done.forgotten)


def deferred(memory: Memory) -> Memory:
    """``memory``, set up so that edits and decisions never wait for upkeep: the window does it in the background."""
    memory.maintenance.defer()
    return memory
