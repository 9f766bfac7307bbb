"""The evidence on the label of a suspect: the images nearest to it, of its own label and of the suggested one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from visualmemory_gui.app.runtime.tasks import Tasks

if TYPE_CHECKING:
    from visualmemory_gui.engine.curation.label_evidence import LabelEvidence
    from visualmemory_gui.engine.curation.suspect import Suspect
    from visualmemory_gui.engine.memory.protocol import WholeMemory

TOPIC = "label evidence"
DELAY_MS = 40  # an arrow key held down looks nothing up


class LabelEvidenceModel(QObject):
    """``found`` belongs to the suspect shown, and is None until it is ready."""

    updated = Signal()

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._memory: WholeMemory | None = None
        self._suspect: Suspect | None = None
        self.found: LabelEvidence | None = None
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._ask)

    def set_memory(self, memory: WholeMemory | None) -> None:
        self._memory = memory
        self.show(None)

    def show(self, suspect: Suspect | None) -> None:
        """Look up the evidence on this one; None: show none."""
        self._tasks.supersede(TOPIC)
        self._suspect = suspect
        if suspect is None or self.found is None or self.found.suspect != suspect:
            self._take(None)
        self._timer.start() if suspect is not None else self._timer.stop()

    def _ask(self) -> None:
        memory, suspect = self._memory, self._suspect
        if memory is None or suspect is None:
            return

        def work() -> LabelEvidence:
            from visualmemory_gui.engine.curation.label_evidence import label_evidence

            return label_evidence(memory.snapshot, suspect)

        self._tasks.run_beside("Comparing with its classes", work, self._take, lambda _: self._take(None), topic=TOPIC)

    def _take(self, found: LabelEvidence | None) -> None:
        if found is not self.found:
            self.found = found
            self.updated.emit()
