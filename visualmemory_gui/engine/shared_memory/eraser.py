"""Erasing exemplars from a shared memory for good: here, in its collections, and in the files of its server."""

from __future__ import annotations

from collections.abc import Sequence

from visualmemory_gui.engine.errors import ServerError, UnknownExemplar
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.shared_memory import measures
from visualmemory_gui.engine.shared_memory.candidates import LabelTable
from visualmemory_gui.engine.shared_memory.exemplar_pages import SharedExemplars
from visualmemory_gui.engine.shared_memory.journal import Journal
from visualmemory_gui.engine.shared_memory.lease import Lease
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.rebuild import drop_other, rebuild
from visualmemory_gui.engine.shared_memory.server import RowCondition
from visualmemory_gui.engine.shared_memory.shared_collections import new_base
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.types import Erasure, SharedReceipt

UNREACHABLE = (
    "the server's backups",
    "older versions that its object storage keeps",
    "folders that were pulled before",
    "the history of edits on other machines",
    "the original images",
)


class Eraser:
    """Forgets for the client that holds the lease. Every step can be repeated, so that a cut one is gone on with."""

    def __init__(self, store: SharedStore, own: OwnEdits, journal: Journal, lease: Lease) -> None:
        self._store = store
        self._own = own
        self._journal = journal
        self._lease = lease

    def hide(self, ids: Sequence[int], *, rebuild: bool = False) -> SharedReceipt:
        """Have ``ids`` and the parts of these images deleted; with ``rebuild``, ``erase`` will copy all collections.

        From the first instant no answer here has them. Raises UnknownExemplar, forgetting nothing; ServerError and
        MemoryLocked where the server was not reached to delete them: the next opening goes on with it.
        """
        found = self._store.rows(ids)
        if missing := [exemplar for exemplar in dict.fromkeys(ids) if exemplar not in found]:
            raise UnknownExemplar(missing)
        found.update((part.id, part) for part in SharedExemplars(self._store, self._own).parts_of_rows(found.values()))
        if not found:
            return SharedReceipt((), "erased", (), UNREACHABLE)
        table = self._own.labels_of(found.values()).labels
        labels = tuple(sorted({table[row.label].path for row in found.values()}))
        self._lease.require()
        base = new_base(self._store.collection) if rebuild else None
        self._journal.begin_forget({row.id: row.label for row in found.values()}, base)
        self._hide_pending()
        return SharedReceipt(tuple(sorted(found)), "hidden", labels, UNREACHABLE, "its files have yet to be replaced")

    def resume(self, report: Report = silent) -> SharedReceipt | None:
        """Go on with what was cut short, and delete again what the server has again; None where there is nothing."""
        drop_other(self._store)
        if back := self._store.lingering():
            pending = self._journal.pending_forget()
            self._journal.begin_forget(back, None if pending is None else pending.base)
        if self._journal.pending_forget() is None:
            return None
        self._hide_pending()
        return self.erase(report)

    def _hide_pending(self) -> None:
        pending = self._journal.pending_forget()
        assert pending is not None
        self._store.forgotten = self._journal.forgotten()
        self._own.drop(pending.labels)
        self._delete(sorted(pending.labels), set(pending.labels.values()))

    def erase(self, report: Report = silent) -> SharedReceipt:
        """Have the server replace the files that held what ``hide`` deleted, as far as it can be made to."""
        pending = self._journal.pending_forget()
        if pending is None:
            return SharedReceipt((), "erased", (), UNREACHABLE)
        erasure, why = self._erased(pending.base, report)
        if not self._journal.empty_log():
            erasure, why = "hidden", "another process on this machine reads the journal"
        if erasure != "hidden":
            self._journal.finish_forget()
        return SharedReceipt(tuple(sorted(pending.labels)), erasure, (), UNREACHABLE, why)

    def _delete(self, ids: Sequence[int], numbers: set[int]) -> None:
        """Delete rows, thumbnails, labels that nothing has any more, and what was measured with them."""
        self._lease.require()
        self._store.remove(ids)
        labels = self._own.labels(now=True).labels
        counted = self._store.recounted({number: labels[number] for number in numbers if number in labels})
        unused = [number for number in counted if self._is_unused(number)]
        self._store.write_labels({number: label for number, label in counted.items() if number not in unused})
        self._store.remove_labels(unused)
        measures.clear(self._store)
        plain = self._drop_derived_trust()
        change = self._own.change + 1
        self._store.put("change", change)
        self._lease.require()
        left = {number: counted.get(number, label) for number, label in labels.items() if number not in unused}
        self._own.note(plain, LabelTable.of(left), change)

    def _drop_derived_trust(self) -> list[SharedRow]:
        """Take every trust that a study derived from the rows: it may have seen what is forgotten. As written."""
        found: list[SharedRow] = []
        for page in self._store.pages(RowCondition("derived", ">", 0)):
            rows = [row.changed({"derived": None}, self._journal.owner) for row in page]
            self._store.write(rows)
            found += rows
        return found

    def _is_unused(self, number: int) -> bool:
        return not (self._store.count(RowCondition("label", "==", number)) or self._journal.has_label(number))

    def _erased(self, base: str | None, report: Report) -> tuple[Erasure, str | None]:
        """What the server confirms about the bytes, and what it said where it could not do it."""
        try:
            if base is not None and self._store.base != base:
                rebuild(self._store, base, still_ours=self._lease.require, report=report)
            self._store.flush()
            erasure = self._store.compact()
        except ServerError as error:
            return "hidden", str(error)
        return erasure, "it has not finished replacing its files" if erasure == "hidden" else None
