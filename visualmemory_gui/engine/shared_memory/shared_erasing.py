"""The second half of a forget on a shared memory: the server erases the bytes of what was deleted."""

from __future__ import annotations

from dataclasses import replace

from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory.shared_editor import SharedEditor
from visualmemory_gui.engine.types import SharedReceipt


class SharedErasing:
    """Exemplars that were deleted, whose bytes the server has yet to erase: ``finish`` has it do so."""

    def __init__(self, editor: SharedEditor, receipt: SharedReceipt) -> None:
        self._editor = editor
        self._receipt = receipt

    def finish(self, report: Report = silent) -> SharedReceipt:
        """Have the server erase their bytes, and say how far it did. Raises ServerError."""
        if not self._receipt.ids:
            return self._receipt
        done = self._editor.erase(report)
        return replace(done, ids=self._receipt.ids, labels=self._receipt.labels)
