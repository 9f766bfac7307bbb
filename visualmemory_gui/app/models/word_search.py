"""Words as something to compare exemplars with: their vector, in the space of the memory's images."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from visualmemory_gui.app.models.exemplars import Like
from visualmemory_gui.app.runtime.tasks import Tasks
from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.text.visible_text import as_sentence

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory
    from visualmemory_gui.engine.progress import Report

TOPIC, FETCH = "words", "fetch text tower"
NO_MEMORY = "no memory is open"


class WordSearchModel(QObject):
    """``refusal`` says why the open memory cannot be searched by words, "" where it can.

    ``fetchable`` is what would have to be fetched for that, "" where that would not help.
    """

    found = Signal(object)  # Like
    failed = Signal(str)  # a sentence
    updated = Signal()  # refusal

    def __init__(self, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tasks = tasks
        self._memory: Memory | None = None
        self.refusal, self.fetchable = NO_MEMORY, ""

    def set_memory(self, memory: Memory | None) -> None:
        self._tasks.supersede(TOPIC)
        self._memory = memory
        self.refusal, self.fetchable = _state_of(memory) if memory is not None else (NO_MEMORY, "")
        self.updated.emit()

    def fetch(self) -> None:
        """Fetch the text tower of the memory's encoder; the user has agreed to that."""
        memory = self._memory
        if memory is not None:
            self._tasks.run_background(
                "Fetching the text tower",
                partial(_fetch, memory),
                partial(self._fetched, memory),
                self._fail,
                once=FETCH,
            )

    def _fetched(self, memory: Memory, _: None) -> None:
        if memory is self._memory:
            self.set_memory(memory)

    def search(self, words: str) -> None:
        """Make a vector of ``words``; loads the text tower if it is not loaded yet."""
        memory = self._memory
        if memory is None:
            return

        def work() -> Like:
            from visualmemory_gui.engine.language.text_vectors import vector_of

            return Like(f"“{words}”", vector_of(memory, words), of_words=True)

        self._tasks.run_beside("Finding by words", work, self.found.emit, self._fail, topic=TOPIC)

    def drop(self) -> None:
        """Find nothing for what was searched last: it is not wanted any more."""
        self._tasks.supersede(TOPIC)

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, VisualMemoryError):
            self.failed.emit(as_sentence(str(error)))
        else:
            self._tasks.crashed.emit(None, error)


def _state_of(memory: Memory) -> tuple[str, str]:
    """Refusal and what could be fetched; it imports the encoders, as opening a memory did already."""
    from visualmemory_gui.engine.language.text_vectors import refusal, to_fetch

    return refusal(memory), to_fetch(memory)


def _fetch(memory: Memory, report: Report) -> None:
    from visualmemory_gui.engine.language.text_vectors import fetch

    fetch(memory, report)
