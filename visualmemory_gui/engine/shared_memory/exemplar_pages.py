"""The exemplars of a shared memory, listed by id, by page, by label and by content."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from visualmemory_gui.engine.errors import BadValue, UnknownExemplar
from visualmemory_gui.engine.shared_memory.own_edits import OwnEdits
from visualmemory_gui.engine.shared_memory.server import MOST_ROWS, RowCondition, ServerRow
from visualmemory_gui.engine.shared_memory.shared_row import STRUCK, WITHDRAWN, SharedRow, vectors_of
from visualmemory_gui.engine.shared_memory.shared_store import ACTIVE, NOT_WITHDRAWN, SharedStore
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.types import F32, I64, Box, Exemplar, State

_STATES: dict[State | None, RowCondition] = {
    None: NOT_WITHDRAWN,
    "active": ACTIVE,
    "struck": RowCondition("state", "==", STRUCK),
    "withdrawn": RowCondition("state", "in", (WITHDRAWN, WITHDRAWN | STRUCK)),
}


_TEXTS = ("source", "note", "group_name")


class SharedExemplars:
    """Reads rows from the server as ``Catalog`` reads them from a folder; no more of them than are asked for."""

    def __init__(self, store: SharedStore, own: OwnEdits) -> None:
        self._store = store
        self._own = own

    def rows(self, ids: Iterable[int]) -> list[SharedRow]:
        """The rows ``ids`` in their order. Raises UnknownExemplar."""
        wanted = list(ids)
        found = self._store.rows(wanted)
        if missing := [exemplar for exemplar in wanted if exemplar not in found]:
            raise UnknownExemplar(missing)
        return [found[exemplar] for exemplar in wanted]

    def get(self, ids: Iterable[int]) -> list[Exemplar]:
        """The exemplars ``ids`` in their order, withdrawn ones too. Raises UnknownExemplar."""
        return self._listed(self.rows(ids))

    def pages(self, *, label: str | None = None, state: State | None = None) -> Iterator[list[Exemplar]]:
        """Exemplars by id, a page at a time; ``label`` means it and everything below."""
        for page in self._store.pages(*self._where(label, state)):
            yield self._listed(page)

    def select(
        self, *, label: str | None = None, state: State | None = None, ids: Iterable[int] | None = None
    ) -> list[Exemplar]:
        """Those of ``ids``, or of all, that match, by id. Raises UnknownExemplar."""
        if ids is None:
            return [one for page in self.pages(label=label, state=state) for one in page]
        numbers = None if label is None else set(self._numbers_under(label))
        wanted = _STATES[state].value
        states = wanted if isinstance(wanted, tuple) else (wanted,)
        rows = self.rows(sorted(set(ids)))
        return self._listed(
            row for row in rows if row.to_server()["state"] in states and (numbers is None or row.label in numbers)
        )

    def by_content(self, content: str) -> list[Exemplar]:
        """Exemplars of this content id (hex), by id; without withdrawn ones."""
        return self._listed(self._matching("content", content))

    def parts_of(self, ids: Iterable[int]) -> list[Exemplar]:
        """The parts of the images ``ids``, as ``parts_of_rows`` finds them. Raises UnknownExemplar."""
        return self._listed(self.parts_of_rows(self.rows(ids)))

    def parts_of_rows(self, rows: Iterable[SharedRow]) -> list[SharedRow]:
        """The parts of images, withdrawn ones too, but for those among ``rows``, by id.

        As in a folder, an image that another exemplar is of too keeps its parts.
        """
        wanted = {row.id: row for row in rows}
        contents = sorted({row.content for row in wanted.values() if row.content is not None and row.box is None})
        parts = list(self._store.columns(["id", "original"], "original", contents))
        originals = sorted({str(part["original"]) for part in parts})
        whole = self._store.columns(["id", "content"], "content", originals, RowCondition("box", "==", ""))
        kept = {row["content"] for row in whole if row["id"] not in wanted}
        found = self._store.rows(int(str(part["id"])) for part in parts if part["original"] not in kept)
        return [found[exemplar] for exemplar in sorted(found.keys() - wanted.keys())]

    def vector_of_file(self, sha256: str, box: Box | None = None) -> F32 | None:
        """(dim,) float32: the vector of the first exemplar made from a file with this hash, or its part ``box``."""
        part = None if box is None else str(box)
        return next((row.vector for row in self._matching("sha256", sha256) if row.box == part), None)

    def find(self, *, text: str = "", since: float | None = None) -> Iterator[I64]:
        """Ids of the exemplars that match, as ``Catalog.find``, a page of the server at a time: all rows are read."""
        wanted = text.casefold()
        labels_ = {number for number, one in self._own.labels(now=True).labels.items() if wanted in one.path.casefold()}
        columns = ("id", "added", *(("label", *_TEXTS) if text else ()))
        for page in self._store.column_pages(columns, NOT_WITHDRAWN):
            late = [row for row in page if since is None or float(str(row["added"])) >= since]
            fits = [row for row in late if not text or row["label"] in labels_ or _mentions(row, wanted)]
            yield np.array([int(str(row["id"])) for row in fits], np.int64)

    def change(self) -> int:
        """The number of the last change, as the server has it, or an own edit made it."""
        return self._own.change

    def withdrawn_ids(self) -> I64:
        """Ids of the exemplars withdrawn by undo, (n,) increasing."""
        return np.array(list(self._store.ids(_STATES["withdrawn"])), np.int64)

    def contents_going(self, ids: Sequence[int]) -> list[str]:
        """Content ids that no exemplar but ``ids`` has, withdrawn ones counted."""
        going = {row.content for row in self.rows(ids) if row.content is not None}
        found = self._store.columns(["id", "content"], "content", sorted(going))
        return sorted(going - {str(row["content"]) for row in found if row["id"] not in set(ids)})

    def known_files(self, hashes: Sequence[str | None]) -> set[tuple[str, str]]:
        """(sha256, label) of those files among ``hashes`` of which there is an exemplar that is no part."""
        wanted, whole = sorted({one for one in hashes if one}), RowCondition("box", "==", "")
        found = list(self._store.columns(["id", "sha256", "label"], "sha256", wanted, NOT_WITHDRAWN, whole))
        table = self._own.labels(now=True).require(int(str(row["label"])) for row in found).labels
        return {(str(row["sha256"]), table[int(str(row["label"]))].path) for row in found}

    def labels_of_contents(self, contents: Sequence[str]) -> dict[str, str]:
        """The label of the first active exemplar of each content id that has one."""
        found = list(self._store.columns(["id", "content", "label"], "content", sorted(set(contents)), ACTIVE))
        laid = {str(row["content"]): row for row in sorted(found, key=lambda row: -int(str(row["id"])))}
        table = self._own.labels().labels
        return {content: table[int(str(row["label"]))].path for content, row in laid.items()}

    def _matching(self, column: str, value: str) -> list[SharedRow]:
        """The rows of this value that are not withdrawn, with the own edits of the last seconds."""
        laid = self._own.laid()
        found = self._store.matching(RowCondition(column, "==", value), NOT_WITHDRAWN, read=laid.read)
        return self._own.merged(found, laid, lambda row: getattr(row, column) == value and not row.withdrawn)

    def counts(self) -> dict[str, int]:
        """Active exemplars of each label that has any, in the order of the labels."""
        table = self._own.labels(now=True).labels.values()
        return {label.path: label.active for label in sorted(table, key=lambda one: one.path) if label.active}

    def totals(self) -> tuple[int, int, int]:
        """Exemplars, active, struck, as the server counts them. Withdrawn ones are not counted."""
        active, struck = (self._store.count(_STATES[state]) for state in ("active", "struck"))
        return active + struck, active, struck

    def ids_under(self, label: str) -> list[int]:
        """Ids of ``label`` and everything below it, increasing; struck ones too, withdrawn ones not."""
        return list(self._store.ids(*self._where(label, None)))

    def ids_of(self, label: str) -> list[int]:
        """Ids of exactly ``label``, increasing; struck ones too, withdrawn ones not."""
        number = self._own.labels().number_of(label)
        return [] if number is None else list(self._store.ids(NOT_WITHDRAWN, RowCondition("label", "==", number)))

    def require_label(self, label: str, *, withdrawn: bool = False) -> None:
        """Raise BadValue where no exemplar has ``label`` or one below it."""
        where = self._where(label, None)
        if not where[1].value or not self._store.count(*(where[1:] if withdrawn else where)):
            raise BadValue(f"no exemplar has the label {label!r} or one below it{labels.alike(label, self.counts())}")

    def sources(self, ids: Iterable[int], *, linked: bool = False) -> dict[int, str | None]:
        """Absolute paths of the originals, on the machine that added them; unknown ids are left out. The memory holds
        no copies, so that all are ``linked``."""
        return {exemplar: row.source for exemplar, row in self._store.rows(ids, read="bounded").items()}

    def thumbnail(self, exemplar: int) -> bytes | None:
        """The JPEG of one exemplar, None when it has none."""
        return self.thumbnails([exemplar]).get(exemplar)

    def thumbnails(self, ids: Iterable[int]) -> dict[int, bytes]:
        """JPEGs of those among ``ids`` that have one."""
        return self._store.thumbnails(ids)

    def vectors(self, ids: I64 | Sequence[int]) -> F32:
        """(n, dim) float32: the vectors of ``ids`` in their order. Raises UnknownExemplar."""
        return vectors_of(self.rows(np.asarray(ids, np.int64).tolist()), self._store.identity.dim)

    def _listed(self, rows: Iterable[SharedRow]) -> list[Exemplar]:
        found = list(rows)
        table = self._own.labels_of(found).labels
        return [row.exemplar(table[row.label].path) for row in found]

    def _where(self, label: str | None, state: State | None) -> tuple[RowCondition, ...]:
        if label is None:
            return (_STATES[state],)
        numbers = tuple(self._numbers_under(label))
        if len(numbers) > MOST_ROWS:
            raise BadValue(f"{len(numbers):,} labels are below {label!r}: name one of them")
        return _STATES[state], RowCondition("label", "in", numbers)

    def _numbers_under(self, label: str) -> list[int]:
        parent = labels.tidy(label)
        table = self._own.labels(now=True).labels
        return [number for number, one in table.items() if labels.under(one.path, parent)]


def _mentions(row: ServerRow, wanted: str) -> bool:
    """Whether ``wanted``, case-folded, is in one of the texts of a row."""
    return any(wanted in str(row[name]).casefold() for name in _TEXTS)
