"""The exemplars of a memory: adding, finding and changing them. Erasing is in ``purge``, checking in ``check``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import index
from typing import Any

import numpy as np

from visualmemory_gui.engine.errors import BadValue, DamagedMemory, UnknownExemplar
from visualmemory_gui.engine.snapshot import Now, Rows
from visualmemory_gui.engine.store import (
    bulk_read,
    check,
    class_hotkeys,
    insertion,
    labels,
    purge,
    row_rewrite,
    sources,
    text_search,
)
from visualmemory_gui.engine.store.checksum import hash64, vector_hash
from visualmemory_gui.engine.store.database import LARGEST, Database
from visualmemory_gui.engine.store.exemplar_row import (
    Row,
    as_now,
    as_snapshot_rows,
    checked_trust,
    effective_trust,
    select,
)
from visualmemory_gui.engine.store.row_rewrite import Change, Stored
from visualmemory_gui.engine.store.sealed_table import damaged_row
from visualmemory_gui.engine.store.vectors import dim_of
from visualmemory_gui.engine.store.writer import Field, Record, Value, Writer
from visualmemory_gui.engine.types import F32, I64, Box, Damage, Exemplar, NewExemplar, State

_STATE_SQL: Mapping[State | None, str] = {
    None: "not e.withdrawn",
    "active": "not e.withdrawn and not e.struck",
    "struck": "not e.withdrawn and e.struck",
    "withdrawn": "e.withdrawn",
}
_COLUMN: Mapping[Field, str] = {
    "withdrawn": "withdrawn",
    "struck": "struck",
    "label": "label_id",
    "trust": "trust",
    "derived": "derived",
}
PAGE = 1024  # exemplars
MANY = 256  # vectors from which on a whole range is read


class Catalog:
    """Reads and edits exemplars. Edits take the Writer of an open step (``history.step``)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, writer: Writer, new: Sequence[NewExemplar], *, root: str | None = None, first: int | None = None
    ) -> list[int]:
        """Store ``new`` with consecutive ids in their order, from ``first`` on, which must not have been used; sources
        below ``root`` are kept relative to it."""
        return insertion.add(self._database, writer, new, root=root, first=first)

    def set_struck(self, writer: Writer, ids: Iterable[int], struck: bool) -> None:
        """Strike out or restore ``ids``. Raises UnknownExemplar, changing nothing; so do the setters below."""
        self.set_field(writer, ids, field="struck", value=int(struck))

    def set_label(self, writer: Writer, ids: Iterable[int], label: str) -> None:
        """Give ``ids`` the label ``label``, which may be new. Raises BadLabel."""
        self.set_field(writer, ids, field="label", value=labels.clean(label))

    def set_labels(self, writer: Writer, wanted: Mapping[str, Iterable[int]]) -> None:
        """Give the exemplars of each label that label."""
        for label, ids in wanted.items():
            self.set_label(writer, ids, label)

    def set_trust(self, writer: Writer, ids: Iterable[int], trust: float) -> None:
        """Set by hand what the votes of ``ids`` are multiplied by, 0 < trust <= 100. Raises BadValue."""
        self.set_field(writer, ids, field="trust", value=trust)

    def set_field(self, writer: Writer, ids: Iterable[int], *, field: Field, value: Value | str) -> None:
        """Set ``field`` of ``ids`` to ``value`` (a label in words) and record what that changed."""
        rows = self._present(list(dict.fromkeys(ids)))
        if field in ("trust", "derived") and value is not None:
            value = checked_trust(float(value))
        if field == "trust":
            rows = [one for one in rows if effective_trust(one.row.trust, one.row.derived) != value]
        if field == "label":
            path = labels.clean(str(value))
            rows = [one for one in rows if one.row.label != path]
            value = labels.number_of(self._database, path) if rows else None
        assert not isinstance(value, str)
        writer.record(self.write(writer, field, [(one.row.id, value) for one in rows], rows=rows))

    def rename(self, writer: Writer, old: str, new: str) -> None:
        """Give every exemplar of ``old`` and below the same place under ``new``; struck ones too."""
        old, new = labels.clean(old), labels.clean(new)
        moves: list[tuple[list[int], str]] = []  # all read before the first is written: new may lie below old
        for number in labels.numbers_under(self._database, old):
            target = labels.clean(new + labels.path_of(self._database, number)[len(old) :])
            found = self._database.rows("select id from exemplars where label_id = ? and not withdrawn", (number,))
            moves.append(([row[0] for row in found], target))
        for ids, target in moves:
            self.set_label(writer, ids, target)

    def write(
        self, writer: Writer, field: Field, values: Sequence[tuple[int, Value]], *, rows: Sequence[Stored] | None = None
    ) -> list[Record]:
        """Set ``field`` of each id to its value without recording it: undo and redo write rows through this.

        ``rows`` are the present rows of the same ids, in the same order, where they were read already. Raises
        DamagedMemory, changing nothing, where one of them is not what was written.
        """
        if rows is None:
            rows = self._stored([exemplar for exemplar, _ in values])
        row_rewrite.require_whole(self._database, rows)
        is_label = field == "label"
        paths, before = (self._label_paths(values), self._label_numbers(rows)) if is_label else ({}, {})
        records, changes = list[Record](), list[Change]()
        for stored, (exemplar, value) in zip(rows, values, strict=True):
            old: Value = before[stored.row.label] if is_label else getattr(stored.row, field)
            if old == value:
                continue
            changed: dict[str, Any] = {field: paths[value] if is_label else value, "change": writer.change}
            changes.append(Change(stored, stored.row._replace(**changed), (value,)))
            records.append(Record(exemplar, field, old, value))
        row_rewrite.rewrite(self._database, writer, (_COLUMN[field],), changes)
        if is_label and records:
            class_hotkeys.follow_rename(self._database, records)
        return records

    def get(self, ids: Iterable[int]) -> list[Exemplar]:
        """The exemplars ``ids`` in their order, withdrawn ones too. Raises UnknownExemplar."""
        return [row.exemplar() for row in self._rows(list(ids))]

    def select(
        self,
        *,
        label: str | None = None,
        state: State | None = None,
        ids: Iterable[int] | None = None,
    ) -> list[Exemplar]:
        """Exemplars that match everything given, by id; withdrawn ones only when that state is asked for.

        ``label`` means it and everything below.
        """
        where = self._where(label, state)
        if ids is None:
            found = self._database.rows(f"{self._select} where {where} order by e.id")
        else:
            wanted = sorted(set(ids))
            self._rows(wanted)
            found = self._database.many(f"{self._select} where e.id = ? and {where}", [(i,) for i in wanted])
        return [Row._make(row).exemplar() for row in found]

    def pages(self, *, label: str | None = None, state: State | None = None) -> Iterator[list[Exemplar]]:
        """``select`` by label and state, a page at a time; each page is read when it is needed."""
        where, last = self._where(label, state), 0
        while page := self._database.rows(
            f"{self._select} where {where} and e.id > ? order by e.id limit {PAGE}", (last,)
        ):
            yield [Row._make(row).exemplar() for row in page]
            last = page[-1][0]

    def _where(self, label: str | None, state: State | None) -> str:
        """An SQL condition that holds for the exemplars of ``state`` and of ``label`` or below it."""
        if label is None:
            return _STATE_SQL[state]
        numbers = ",".join(map(str, labels.numbers_under(self._database, label)))
        return f"{_STATE_SQL[state]} and e.label_id in ({numbers})"

    def ids_under(self, label: str) -> list[int]:
        """Ids of ``label`` and everything below it, increasing; struck ones too, withdrawn ones not."""
        numbers = labels.numbers_under(self._database, label)
        found = self._database.many(
            "select id from exemplars where label_id = ? and not withdrawn", [(n,) for n in numbers]
        )
        return sorted(row[0] for row in found)

    def require_label(self, label: str, *, withdrawn: bool = False) -> None:
        """Raise BadValue where no exemplar has ``label`` or one below it, suggesting labels of similar spelling.

        With ``withdrawn``, exemplars withdrawn by undo count too.
        """
        numbers = labels.numbers_under(self._database, label)
        some = "select 1 from exemplars where label_id = ? and (not withdrawn or ?) limit 1"
        if not self._database.many(some, [(number, withdrawn) for number in numbers]):
            raise BadValue(f"no exemplar has the label {label!r} or one below it{labels.alike(label, self.counts())}")

    def find(self, *, text: str = "", since: float | None = None) -> Iterator[I64]:
        """Ids of the exemplars that match, increasing, a slice of the rows at a time; see ``text_search.ids``."""
        return text_search.ids(self._database, text=text, since=since)

    def withdrawn_ids(self) -> I64:
        """Ids of the exemplars withdrawn by undo, (n,) increasing."""
        return bulk_read.withdrawn_ids(self._database)

    def trusted_by_hand(self) -> I64:
        """Ids of the exemplars whose trust was set by hand, which overrides a derived one; increasing."""
        found = self._database.rows("select id from exemplars where trust is not null order by id")
        return np.array([row[0] for row in found], np.int64)

    def counts(self) -> dict[str, int]:
        """Active exemplars of each label that has any, in the order of the labels."""
        sql = """select l.path, n from labels l join (select label_id, count(*) n from exemplars
                 where not withdrawn and not struck group by label_id) on l.id = label_id order by l.path"""
        return dict(self._database.rows(sql))

    def examples(self, paths: Iterable[str]) -> dict[str, int]:
        """The first active exemplar of each of these labels that has one."""
        sql = """select l.path, min(e.id) from labels l join exemplars e on e.label_id = l.id
                 where l.path = ? and not e.struck and not e.withdrawn group by l.id"""
        return dict(self._database.many(sql, [(path,) for path in paths]))

    def totals(self) -> tuple[int, int, int]:
        """Exemplars, active, struck. Withdrawn ones are not counted."""
        active, struck = self._database.one(
            "select coalesce(sum(not struck), 0), coalesce(sum(struck), 0) from exemplars where not withdrawn"
        )
        return active + struck, active, struck

    def change(self) -> int:
        """The change number of the last edit, even of one that is not committed yet."""
        return self._database.ledger.change_now()

    def sources(self, ids: Iterable[int], *, linked: bool = False) -> dict[int, str | None]:
        """Absolute paths of the originals; unknown ids are left out. ``linked``: only of those of which the
        memory holds no copy, None for the others."""
        found = self._database.many(f"{self._select} where e.id = ?", [(i,) for i in ids])
        return {row.id: None if linked and row.copy else row.path for row in map(Row._make, found)}

    def thumbnail(self, exemplar: int) -> bytes | None:
        """The JPEG of one exemplar, None when it has none."""
        return self.thumbnails([exemplar]).get(exemplar)

    def thumbnails(self, ids: Iterable[int]) -> dict[int, bytes]:
        """JPEGs of those among ``ids`` that have one."""
        return dict(self._database.many("select id, jpeg from thumbnails where id = ?", [(i,) for i in ids]))

    def vectors(self, ids: I64 | Sequence[int]) -> F32:
        """(n, dim) float32: the vectors of ``ids`` in their order. Raises UnknownExemplar."""
        dim = dim_of(self._database)
        wanted = np.asarray(ids, np.int64)
        if len(wanted) > MANY and (np.diff(wanted) > 0).all():
            found = bulk_read.vectors_between(self._database, wanted, dim)
            if found is not None:
                return found
        result = np.empty((len(ids), dim), np.float32)
        remaining, start = iter(wanted.tolist()), 0
        while part := list(islice(remaining, 1024)):
            rows = self._database.many("select id, vector from vectors where id = ?", [(i,) for i in part])
            if len(rows) != len(part):
                raise UnknownExemplar(sorted(set(part) - {row[0] for row in rows}))
            for row in rows:
                if len(row[1]) != 4 * dim:
                    raise DamagedMemory(f"{self._database.path} is damaged: vector {row[0]} is truncated.")
            block = np.frombuffer(b"".join([row[1] for row in rows]), "<f4").reshape(-1, dim)
            result[start : start + len(part)] = block
            start += len(part)
        return result

    def snapshot_rows(self, ids: Iterable[int] | None = None) -> Rows:
        """What decisions need of ``ids`` (None: of all), in the order of ids, withdrawn ones included."""
        if ids is None:
            return bulk_read.all_rows(self._database)
        original = "e.original" if self._database.has_parts else "null"
        sql = f"""select e.id, l.path, not (e.struck or e.withdrawn), e.trust, e.derived, e.content, e.grp,
                  e.vector_hash, e.change, {original} from exemplars e join labels l on l.id = e.label_id"""
        wanted = sorted(set(ids))
        found = self._database.many(f"{sql} where e.id = ?", [(i,) for i in wanted])
        if len(found) != len(wanted):
            raise UnknownExemplar(sorted(set(wanted) - {row[0] for row in found}))
        return as_snapshot_rows(found)

    def now(self, ids: Iterable[int]) -> list[Now]:
        """The fields of ``ids`` that an edit can change, as they are now, in the order of ids."""
        return as_now(self.snapshot_rows(ids))

    def by_content(self, content: str) -> list[Exemplar]:
        """Exemplars of this content id (hex), by id; without withdrawn ones."""
        sql = f"{self._select} where e.content = ? and not e.withdrawn order by e.id"
        return [Row._make(row).exemplar() for row in self._database.rows(sql, (bytes.fromhex(content),))]

    def by_file(self, sha256: str, box: Box | None = None) -> list[tuple[int, str]]:
        """Ids and labels of the exemplars made from a file with this hash (hex), or from the part ``box``, by id."""
        wanted = None if box is None else str(box)
        rows = self._database.rows(
            f"{self._select} where e.sha256 = ? and not e.withdrawn order by e.id", (bytes.fromhex(sha256),)
        )
        return [(row.id, row.label) for row in map(Row._make, rows) if row.box == wanted]

    def known_files(self) -> set[tuple[str, str]]:
        """(sha256, label) of every file of which there is an exemplar that is no part."""
        sql = """select e.sha256, l.path from exemplars e join labels l on l.id = e.label_id
                 where e.sha256 is not null and not e.withdrawn and e.box is null"""
        return {(row[0].hex(), row[1]) for row in self._database.rows(sql)}

    def vector_of_file(self, sha256: str, box: Box | None = None) -> F32 | None:
        """(dim,) float32: the vector of the first exemplar made from a file with this hash, or its part ``box``."""
        found = self.by_file(sha256, box)
        return self.vectors([found[0][0]])[0] if found else None

    def parts_of(self, ids: Iterable[int]) -> list[Exemplar]:
        """The parts of the images ``ids``, withdrawn ones too, but for those among ``ids``, by id.

        An image that another exemplar is of too keeps its parts: they belong to the last one.
        """
        wanted = set(ids)
        if not (self._database.has_parts and self._matching("e.original is not null limit 1")):
            return []
        rows = [row for row in self._rows(sorted(wanted)) if row.content is not None and not row.is_part]
        found = dict[int, Row]()
        for content in {row.content for row in rows}:
            same = self._matching("e.content = ? and e.box is null", content)
            if {row.id for row in same} <= wanted:
                found.update((row.id, row) for row in self._matching("e.original = ?", content))
        return [found[i].exemplar() for i in sorted(found.keys() - wanted)]

    def keepers(self, parts: Iterable[Exemplar]) -> Iterator[tuple[int, int]]:
        """Of each of ``parts`` whose original is still here, its id and that of the first exemplar that keeps it.

        That is one of the whole image, or another part with a copy of the file.
        """
        for part in parts:
            if part.box is not None and part.original is not None:
                same = "e.content = ?1 and e.box is null or e.original = ?1 and e.copy is not null"
                found = [row.id for row in self._matching(same, bytes.fromhex(part.original)) if row.id != part.id]
                if found:
                    yield part.id, min(found)

    def _matching(self, where: str, *params: object) -> list[Row]:
        return [Row._make(row) for row in self._database.rows(f"{self._select} where {where}", params)]

    @property
    def _select(self) -> str:
        return select(self._database)

    def ids_of_source(self, path: str) -> list[int]:
        """Ids whose original is the file ``path`` or lies in the folder ``path``, withdrawn ones too."""
        return sources.ids_at(self._database, path)

    def relink(self, writer: Writer, moved: Mapping[int, str], *, root: str | None = None) -> None:
        """Store the new places of originals that have moved. Makes no step: the images are the same."""
        sources.relink(self._database, writer, moved, root=root)

    def require_whole(self, ids: Sequence[int]) -> None:
        """Raise DamagedMemory where one of ``ids`` is not what was written: its row, its vector or its thumbnail."""
        rows = self._stored(ids)
        row_rewrite.require_whole(self._database, rows)
        jpegs = self.thumbnails(ids)
        for stored, vector in zip(rows, self.vectors(ids), strict=True):
            jpeg = jpegs.get(stored.row.id)
            found = vector_hash(vector), None if jpeg is None else hash64(jpeg)
            if found != (stored.row.vector_hash, stored.row.thumbnail_hash):
                raise damaged_row(self._database, f"the vector or the thumbnail of exemplar {stored.row.id}")

    def purge(self, ids: Collection[int]) -> purge.Purged:
        """Delete ``ids`` for good, with their entries in every step of the history; unknown ids are skipped."""
        return purge.purge(self._database, ids)

    def check_rows(self) -> Iterator[Damage]:
        """Everything that is wrong in the database, as last committed."""
        return check.damages(self._database.folder)

    def _rows(self, ids: Sequence[int]) -> list[Row]:
        return [stored.row for stored in self._stored(ids)]

    def _stored(self, ids: Sequence[int]) -> list[Stored]:
        wanted = [(index(i),) for i in ids]  # numpy's integers would be bound as bytes
        if wanted and (max(wanted)[0] > LARGEST or min(wanted)[0] < -LARGEST):
            raise UnknownExemplar([i for (i,) in wanted if abs(i) > LARGEST])
        found = row_rewrite.read(self._database, "e.id = ?", wanted)
        if len(found) != len(wanted):
            raise UnknownExemplar(sorted({i for (i,) in wanted} - {stored.row.id for stored in found}))
        return found

    def _present(self, ids: Sequence[int]) -> list[Stored]:
        """To edits by hand a withdrawn exemplar does not exist."""
        rows = self._stored(ids)
        if withdrawn := [stored.row.id for stored in rows if stored.row.withdrawn]:
            raise UnknownExemplar(withdrawn)
        return rows

    def _label_paths(self, values: Sequence[tuple[int, Value]]) -> dict[Value, str]:
        return {value: labels.path_of(self._database, int(value or 0)) for value in {value for _, value in values}}

    def _label_numbers(self, rows: Sequence[Stored]) -> dict[str, int]:
        return {path: labels.number_of(self._database, path) for path in {stored.row.label for stored in rows}}
