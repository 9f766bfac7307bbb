"""What this machine keeps of a shared memory: the history of its own edits, the edit that is under way, and the ids of
exemplars that were forgotten.

An edit is written here before the server gets it, with all that the server will get. So one that was cut short can be
finished, and every edit can be undone here, whatever machine the server is on.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.files import installation
from visualmemory_gui.engine.memory.forget import empty_log
from visualmemory_gui.engine.shared_memory.address import SharedAddress
from visualmemory_gui.engine.shared_memory.shared_row import SharedRow
from visualmemory_gui.engine.shared_memory.shared_store import SharedLabel
from visualmemory_gui.engine.store.checksum import seal
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.lock import FolderLock
from visualmemory_gui.engine.store.tags import Tag, all_tags, clean, new_tag, tag_of
from visualmemory_gui.engine.store.writer import Field, Record, Value

FORMAT = 1
FILE = "journal.sqlite"
Act = Literal["do", "undo", "redo"]
OwnState = Literal["begun", "done", "undone", "dropped"]
_TABLES = (
    "create table if not exists known (name text primary key, value text not null) strict",
    """create table if not exists steps (number integer primary key autoincrement, kind text not null,
       state text not null, position integer not null, time real not null) strict""",
    """create table if not exists entries (step integer not null references steps (number), exemplar integer not null,
       field text not null, before any, after any, primary key (step, exemplar, field)) strict""",
    """create table if not exists edit (id integer primary key check (id = 1), step integer not null, act text not null,
       labels text not null, change integer not null) strict""",
    """create table if not exists edit_rows (exemplar integer primary key, row blob not null, vector blob not null,
       thumbnail blob, checksum integer not null) strict""",
    """create table if not exists tags (name text primary key, step integer, position integer not null,
       time real not null) strict""",
    "create table if not exists forgotten (exemplar integer primary key, label integer, base text) strict",
)


@dataclass(frozen=True, slots=True)
class OwnStep:
    """A step of the history that was made from this machine. ``time`` is seconds since the epoch; ``label`` the number
    of the one that all its exemplars were added under, if it is one."""

    number: int
    kind: str
    state: OwnState
    time: float
    label: int | None = None


@dataclass(frozen=True, slots=True)
class PendingEdit:
    """An edit as the server is to have it: rows, thumbnails and labels as they are after it; ``change`` is its number.

    ``step`` is what is done, undone or redone.
    """

    step: int
    act: Act
    rows: Sequence[SharedRow]
    thumbnails: Mapping[int, bytes]
    labels: Mapping[int, SharedLabel]
    change: int


@dataclass(frozen=True, slots=True)
class PendingForget:
    """A forget that is under way, or was cut short: the exemplars with the numbers of their labels, and the base that
    the collections are to be rebuilt at, if they are."""

    labels: Mapping[int, int]
    base: str | None


class Journal:
    """The database of one shared memory on this machine. One process edits at a time: it holds ``lock``."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.lock = FolderLock(folder)
        self._database = Database.create(folder, name=FILE)
        try:
            with self._database.atomic():
                for table in _TABLES:
                    self._database.execute(table)
                if ("label",) not in self._database.rows("select name from pragma_table_info('steps')"):
                    self._database.execute("alter table steps add column label integer")
            self.owner = self._known("owner", secrets.token_hex(8))
            self._require_format()
        except BaseException:
            self._database.close()
            raise

    @classmethod
    def of(cls, address: SharedAddress) -> Journal:
        """That of ``address``, in the user's data folder; made where there is none."""
        return cls(folder_of(address))

    @classmethod
    def if_there(cls, address: SharedAddress) -> Journal | None:
        """The same, None where nothing was edited from this machine yet."""
        return cls(folder_of(address)) if (folder_of(address) / FILE).exists() else None

    def is_of(self, memory: str) -> bool:
        """Whether it is about the memory of this token, or about none yet."""
        return self._known("memory", memory) == memory

    def begin_memory(self, memory: str) -> None:
        """Be about the memory of this token from now on. What another one of its name had is dropped."""
        if self.is_of(memory):
            return
        with self._database.atomic():
            for table in ("edit_rows", "edit", "entries", "steps", "tags", "forgotten"):
                self._database.execute(f"delete from {table}")
            self._database.execute("update known set value = ? where name = 'memory'", (memory,))

    def close(self) -> None:
        self._database.close()
        self.lock.release()

    def begin(
        self,
        kind: str,
        records: Sequence[Record],
        edit: PendingEdit,
        *,
        label: int | None = None,
        join: int | None = None,
    ) -> int:
        """Write a new step and its edit, before the server gets it; returns the step's number. ``label`` is the number
        of the one that all are added under. The edit becomes a part of the step ``join``, as long as that is done."""
        with self._database.atomic():
            self._database.execute("update steps set state = 'dropped' where state = 'undone'")
            there = None if join is None else self.step(join)
            if there is None or there.state != "done":
                number = self._new_step(kind, label)
            else:
                number = there.number
                self._database.execute(
                    "update steps set label = null where number = ? and label is not ?", (number, label)
                )
            self._database.many("insert into entries values (?, ?, ?, ?, ?)", [(number, *record) for record in records])
            self._write(edit, number)
        return number

    def begin_walk(self, edit: PendingEdit) -> None:
        """Write the edit that undoes or redoes its step, before the server gets it."""
        with self._database.atomic():
            self._write(edit, edit.step)

    def finish(self) -> None:
        """The server has the edit: its step is done, or undone."""
        with self._database.atomic():
            for number, act in self._database.rows("select step, act from edit"):
                self._database.execute(
                    "update steps set state = ?, position = ? where number = ? and not (? = 'do' and state = 'done')",
                    ("undone" if act == "undo" else "done", self._next_position(), number, act),
                )
            self._clear()

    def take_back(self) -> None:
        """The server is not to have the edit: a new step goes, another stays as it was before."""
        with self._database.atomic():
            for number, act in self._database.rows("select step, act from edit"):
                if act == "do":
                    self._database.execute(
                        "delete from entries where step = ? and exemplar in (select exemplar from edit_rows)", (number,)
                    )
                    self._database.execute(
                        "delete from steps where number = ? and number not in (select step from entries)", (number,)
                    )
            self._clear()

    def leave(self, step: int, exemplars: Collection[int]) -> None:
        """The exemplars were edited elsewhere: the step is not about them."""
        with self._database.atomic():
            self._database.many(
                "delete from entries where step = ? and exemplar = ?", [(step, exemplar) for exemplar in exemplars]
            )

    def pending(self) -> PendingEdit | None:
        """The edit that is under way, or was cut short. Raises DamagedMemory."""
        found = self._database.maybe("select step, act, labels, change from edit")
        if found is None:
            return None
        rows, thumbnails = list[SharedRow](), dict[int, bytes]()
        for text, vector, jpeg, checksum in self._database.rows(
            "select row, vector, thumbnail, checksum from edit_rows order by exemplar"
        ):
            if seal(text, vector, jpeg) != checksum:
                raise DamagedMemory(f"{self._database.path} is damaged: the edit that was cut short cannot be read.")
            row = SharedRow.from_server({**json.loads(text), "vector": np.frombuffer(vector, "<f4")})
            rows.append(row)
            if jpeg is not None:
                thumbnails[row.id] = jpeg
        step, act, labels, change = found
        named = {int(number): SharedLabel(*label) for number, label in json.loads(labels).items()}
        return PendingEdit(step, act, rows, thumbnails, named, change)

    def begin_forget(self, labels: Mapping[int, int], base: str | None) -> None:
        """Exemplars, with the numbers of their labels, are forgotten from now on: no step is about them any more, and
        one that was about nothing else is gone. An earlier forget that is not finished goes on with this one."""
        with self._database.atomic():
            self._database.many("delete from entries where exemplar = ?", [(exemplar,) for exemplar in labels])
            self._database.execute("delete from steps where number not in (select step from entries)")
            rows = [(exemplar, label) for exemplar, label in labels.items()]
            self._database.many("insert or replace into forgotten values (?, ?, null)", rows)
            if base is not None:
                self._database.execute("update forgotten set base = ? where label is not null", (base,))

    def pending_forget(self) -> PendingForget | None:
        """The forget that is not finished yet."""
        found = self._database.rows("select exemplar, label, base from forgotten where label is not null")
        base = next((base for _, _, base in found if base is not None), None)
        return PendingForget({exemplar: label for exemplar, label, _ in found}, base) if found else None

    def finish_forget(self) -> None:
        """All that the server can be asked for was done."""
        with self._database.atomic():
            self._database.execute("update forgotten set label = null, base = null")

    def forgotten(self) -> frozenset[int]:
        """All that were forgotten from here, finished or not."""
        return frozenset(exemplar for (exemplar,) in self._database.rows("select exemplar from forgotten"))

    def has_label(self, number: int) -> bool:
        """Whether a step is about the label of that number."""
        found = self._database.maybe(
            "select 1 from entries where field = 'label' and (before = ? or after = ?) limit 1", (number, number)
        )
        return found is not None

    def empty_log(self) -> bool:
        """Leave in no file what was deleted; False if another process reads it just now."""
        return empty_log(self._database)

    def records(self, step: int) -> list[Record]:
        """What a step did."""
        found = self._database.rows(
            "select exemplar, field, before, after from entries where step = ? order by exemplar, field", (step,)
        )
        return [Record(*row) for row in found]

    def steps(self) -> list[OwnStep]:
        """Undone ones first, the lowest of which is redone next, then those done, the latest first."""
        found = self._database.rows(
            """select number, kind, state, time, label from steps where state in ('done', 'undone')
               order by state = 'done', case state when 'undone' then position else -position end"""
        )
        return [OwnStep(*row) for row in found]

    def top(self, state: Literal["done", "undone"]) -> OwnStep | None:
        """The step that is undone next, or redone next."""
        found = self._database.maybe(
            "select number, kind, state, time, label from steps where state = ? order by position desc limit 1",
            (state,),
        )
        return None if found is None else OwnStep(*found)

    def put_tag(self, name: str, *, move: bool) -> Tag:
        """Name the present state. Raises BadValue as ``Tags.put``."""
        with self._database.atomic():
            there = self.tag(name)
            top = self._database.maybe(
                "select number, position from steps where state = 'done' order by position desc limit 1"
            )
            tag = new_tag(name, top, there, move=move)
            if tag is not there:
                self._database.execute("insert or replace into tags values (?, ?, ?, ?)", astuple(tag))
        return tag

    def tags(self) -> list[Tag]:
        """All tags, the oldest first."""
        return all_tags(self._database)

    def tag(self, name: str) -> Tag | None:
        """The tag of that name."""
        return tag_of(self._database, name)

    def drop_tag(self, name: str) -> None:
        with self._database.atomic():
            self._database.execute("delete from tags where name = ?", (clean(name),))

    def step(self, number: int) -> OwnStep | None:
        """The step of that number."""
        found = self._database.maybe("select number, kind, state, time, label from steps where number = ?", (number,))
        return None if found is None else OwnStep(*found)

    def _write(self, edit: PendingEdit, step: int) -> None:
        labels = json.dumps({number: [label.path, label.active] for number, label in edit.labels.items()})
        self._database.execute("insert into edit values (1, ?, ?, ?, ?)", (step, edit.act, labels, edit.change))
        self._database.many(
            "insert into edit_rows values (?, ?, ?, ?, ?)",
            [_stored(row, edit.thumbnails.get(row.id)) for row in edit.rows],
        )

    def _clear(self) -> None:
        self._database.execute("delete from edit_rows")
        self._database.execute("delete from edit")

    def _new_step(self, kind: str, label: int | None) -> int:
        self._database.execute(
            "insert into steps (kind, state, position, time, label) values (?, 'begun', ?, ?, ?)",
            (kind, self._next_position(), time.time(), label),
        )
        return int(self._database.one("select last_insert_rowid()")[0])

    def entry_count(self, step: int) -> int:
        """How many entries a step has."""
        return int(self._database.one("select count(*) from entries where step = ?", (step,))[0])

    def _next_position(self) -> int:
        return int(self._database.one("select coalesce(max(position), 0) + 1 from steps")[0])

    def _known(self, name: str, new: str) -> str:
        with self._database.atomic():
            self._database.execute("insert or ignore into known values (?, ?)", (name, new))
            return str(self._database.one("select value from known where name = ?", (name,))[0])

    def _require_format(self) -> None:
        if int(self._known("format", str(FORMAT))) > FORMAT:
            raise DamagedMemory(f"{self._database.path} was written by a newer version of this program: update it.")


def folder_of(address: SharedAddress) -> Path:
    return installation.data_folder() / "shared" / address.file_name


def _stored(row: SharedRow, jpeg: bytes | None) -> tuple[object, ...]:
    fields = {name: value for name, value in row.to_server().items() if name != "vector"}
    text, vector = json.dumps(fields).encode(), row.vector.astype("<f4").tobytes()
    return row.id, text, vector, jpeg, seal(text, vector, jpeg)


def reversed_records(records: Sequence[Record]) -> list[Record]:
    """The records that take these back."""
    return [Record(one.exemplar, one.field, one.after, one.before) for one in records]


def value_of(row: SharedRow, field: Field) -> Value:
    """A field of a row, as a record has it."""
    found: Value = getattr(row, field)
    return int(found) if isinstance(found, bool) else found
