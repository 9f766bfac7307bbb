"""The one connection to ``memory.sqlite``: safe settings, transactions, errors in plain words."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from visualmemory_gui.engine.errors import (
    DamagedMemory,
    MemoryFolderError,
    MemoryLocked,
    NotAMemory,
    ReadOnlyMemory,
    StorageError,
)
from visualmemory_gui.engine.store import layout
from visualmemory_gui.engine.store.checksum import seal
from visualmemory_gui.engine.store.column_kinds import Kinds
from visualmemory_gui.engine.store.filesystem import identity_of, is_read_only, refuse_network, require_there
from visualmemory_gui.engine.store.ledger import Ledger
from visualmemory_gui.engine.store.statement_limit import Patience

FILE = layout.DATABASE
APPLICATION_ID = 0x564D454D  # "VMEM": tells a memory from the database of another program

# No ANALYZE, ever: its samples would keep pieces of forgotten rows.
_PRAGMAS = (
    ("synchronous", "FULL", 2),
    ("secure_delete", "ON", 1),
    ("foreign_keys", "ON", 1),
    ("busy_timeout", "5000", 5000),
    ("temp_store", "MEMORY", 2),  # sorting must not leave rows in a temporary folder
    ("cache_size", "-32768", -32768),
    ("trusted_schema", "OFF", 0),
    ("cell_size_check", "ON", 1),
)

LARGEST = 2**63 - 1  # of SQLite's integers
RESTORE = "Restore it from a backup or an export."  # what to do about damage
Row = tuple[Any, ...]
Params = Sequence[Any]


class Database:
    """A memory's SQLite file, usable from any thread: every call runs under ``lock``, which is re-entrant.

    Readers fetch all rows within the call, so no cursor stays open. Errors of SQLite are raised as StorageError,
    DamagedMemory, ReadOnlyMemory or MemoryLocked. ``path`` is the file, ``folder`` the memory, ``rollbacks`` how often
    something written was rolled back: what was learnt from the rows before may then be wrong. ``ledger`` is the row of
    ``meta`` in the open transaction.

    What a crafted file does to a statement is an error too: values of another kind than their column declares, and a
    statement that takes far more steps than the size of the file explains.
    """

    def __init__(self, connection: apsw.Connection, path: Path, *, readonly: bool) -> None:
        self.path = path
        self.folder = path.parent
        self.readonly = readonly
        self.lock = threading.RLock()
        self.rollbacks = 0
        self.has_parts = True  # whether it has the columns of parts of images; not one of before that is only read
        self.ledger = Ledger(self)
        self._connection = connection
        self._depth = 0
        self._place = str(path)  # as the system takes it: each edit asks whether the file is there
        self._identity = identity_of(path)
        self._kinds = Kinds()
        self._patience = Patience(path)
        self._patience.watch(connection)

    @classmethod
    def create(cls, folder: str | Path, *, name: str = FILE) -> Database:
        """Make an empty database file ``name`` in the existing ``folder``."""
        path = Path(folder).absolute() / name
        refuse_network(path.parent)
        return cls._connect(path, readonly=False, flags=apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)

    @classmethod
    def open(cls, folder: str | Path, *, readonly: bool) -> Database:
        """Open the memory in ``folder``; ``readonly`` takes no lock and works next to a writer and on read-only media.

        Raises NotAMemory without a database file, DamagedMemory when it is not one of ours, or a part of it is a link.
        """
        path = Path(folder).absolute() / FILE
        require_file(path, readonly=readonly)
        refuse_network(path.parent)
        flags = apsw.SQLITE_OPEN_READONLY if readonly else apsw.SQLITE_OPEN_READWRITE
        return cls._connect(path, readonly=readonly, flags=flags)

    @classmethod
    def _connect(cls, path: Path, *, readonly: bool, flags: int) -> Database:
        new = bool(flags & apsw.SQLITE_OPEN_CREATE)
        # A medium that cannot be written has no place for the log's shared memory; without a log none is needed.
        still = readonly and is_read_only(path.parent) and not _has_log(path)
        uri = path.as_uri() + ("?immutable=1" if still else "")
        try:
            connection = apsw.Connection(uri, flags=flags | apsw.SQLITE_OPEN_URI)
        except apsw.Error as error:
            raise _in_words(error, path, readonly=readonly) from error
        database = cls(connection, path, readonly=readonly)
        try:
            if not new:
                database._require_ours()
            database._set_up()
        except BaseException:
            connection.close()
            raise
        return database

    def _require_ours(self) -> None:
        if self.one("pragma application_id")[0] != APPLICATION_ID:
            raise DamagedMemory(f"{self.path} is a database, but not a memory's: another program made it.")

    def _set_up(self) -> None:
        """Set each pragma separately and check that it took effect."""
        for name, value, expected in _PRAGMAS:
            self.rows(f"pragma {name}={value}")
            found = self.one(f"pragma {name}")[0]
            if found != expected:
                raise StorageError(f"{self.path}: SQLite did not accept {name}={value} (it says {found}).")
        if not self.readonly and self.one("pragma journal_mode=wal")[0] != "wal":
            raise StorageError(
                f"{self.path}: this file system cannot hold a write-ahead log. Keep the memory on a local disk."
            )
        self._connection.create_scalar_function("seal", seal, deterministic=True)

    @property
    def is_there(self) -> bool:
        """Whether the file that was opened still lies at ``path``."""
        return self.is_at(self.path)

    def is_at(self, file: Path) -> bool:
        """Whether ``file``, however it is spelled, is the file that was opened."""
        return self._identity is not None and identity_of(file) == self._identity

    def require_there(self) -> None:
        """Raise MemoryGone when the memory was moved, removed or replaced: what is written then would be lost."""
        require_there(self._place, self._identity)

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        """All rows of one statement."""
        with self.lock:
            try:
                self._patience.steps = 0
                return self._fetched(sql, self._checked().execute(sql, params))
            except _FROM_SQLITE as error:
                raise _in_words(error, self.path, readonly=self.readonly) from error

    def one(self, sql: str, params: Params = ()) -> Row:
        """The first row; LookupError when there is none."""
        found = self.rows(sql, params)
        if not found:
            raise LookupError(sql)
        return found[0]

    def maybe(self, sql: str, params: Params = ()) -> Row | None:
        """The first row, or None."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def execute(self, sql: str, params: Params = ()) -> None:
        """Run one statement; outside of ``atomic`` it is a transaction of its own."""
        self.rows(sql, params)

    def many(self, sql: str, params: Iterable[Params]) -> list[Row]:
        """Run one statement for each of ``params``, in their order, prepared once; returns the rows of all."""
        if isinstance(params, list) and len(params) == 1:
            return self.rows(sql, params[0])
        with self.lock:
            try:
                return self._fetched(sql, self._checked().executemany(sql, self._patience.for_each(params)))
            except _FROM_SQLITE as error:
                raise _in_words(error, self.path, readonly=self.readonly) from error

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """One transaction, or a savepoint inside the open one: all of the block is kept, or nothing.

        Returning from the outermost block means: on disk, in the memory that is at ``path``. Raises ReadOnlyMemory on a
        connection for reading, and MemoryGone.
        Thousands of statements belong in the outermost block: inside a savepoint each of them takes longer.
        """
        if self.readonly:
            raise ReadOnlyMemory(f"{self.folder} was opened for reading; open it for editing to change it.")
        with self.lock:
            if self._depth:
                with self._savepoint():
                    yield
                return
            try:
                self.rows("begin immediate")
                self._depth = 1
                yield
                self.ledger.save()
                self.require_there()
                self.rows("commit")
            except BaseException as error:
                if self._depth:  # it had begun
                    self._roll_back(None)
                if isinstance(error, Exception):
                    self.require_there()  # where the memory is gone, that is what to say
                raise
            finally:
                self.ledger.close()
                self._depth = 0

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        name, ledger = f"level{self._depth}", self.ledger.state()
        self.rows(f"savepoint {name}")
        self._depth += 1
        try:
            yield
            self.rows(f"release {name}")
        except BaseException:
            self.ledger.go_back(ledger)
            self._roll_back(name)
            raise
        finally:
            self._depth -= 1

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Reads within the block all see the same state, whatever another connection commits in between."""
        with self.lock:
            self.rows("begin")
            try:
                yield
            finally:
                self._roll_back(None)

    def checkpoint(self) -> tuple[int, int, int]:
        """Move the whole log into the database and empty it; (0, 0, 0) when no reader kept it from doing so."""
        busy, log, done = self.one("pragma wal_checkpoint(truncate)")
        return busy, log, done

    def backup(self, target: Path) -> None:
        """Write a complete copy of the database to ``target``."""
        with self.lock:
            try:
                copy = apsw.Connection(target.as_uri(), flags=_NEW)
                try:
                    with copy.backup("main", self._connection, "main") as backup:
                        backup.step(-1)
                finally:
                    copy.close()
            except apsw.Error as error:
                raise _in_words(error, target, readonly=False) from error

    def compact(self) -> None:
        """Give the space of deleted rows back to the disk. Raises MemoryGone."""
        self.require_there()
        self.execute("vacuum")
        self.checkpoint()

    def close(self) -> None:
        """Fold the log into the database and close; an unfinished transaction is rolled back. May be called again."""
        with self.lock:
            try:
                self._connection.close()
            except apsw.Error as error:
                raise _in_words(error, self.path, readonly=self.readonly) from error

    def _fetched(self, sql: str, cursor: apsw.Cursor) -> list[Row]:
        """All rows of ``cursor``, which runs ``sql``. Raises DamagedMemory."""
        columns = self._kinds.of(sql, cursor)
        found: list[Row] = cursor.fetchall()
        if found and (name := columns.misfit(found)):
            raise DamagedMemory(
                f"{self.path} is damaged: a value of {name} is not of the kind its column declares. {RESTORE}"
            )
        return found

    def _checked(self) -> apsw.Connection:
        # A full disk makes SQLite roll back on its own: what follows in the block must not be committed alone.
        if self._depth and not self._connection.in_transaction:
            raise StorageError(f"{self.path}: the edit was rolled back after a disk error; nothing was changed.")
        return self._connection

    def _roll_back(self, savepoint: str | None) -> None:
        self.rollbacks += 1
        if not self._connection.in_transaction:
            return
        if savepoint is None:
            self._connection.execute("rollback")
        else:
            self._connection.execute(f"rollback to {savepoint}")
            self._connection.execute(f"release {savepoint}")


_NEW = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_URI


def require_file(path: Path, *, readonly: bool) -> None:
    """The file is examined without being opened: closing it would drop the locks of another connection of ours."""
    layout.require_no_links(path.parent, readonly=readonly)
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError) as error:
        if os.path.lexists(path.with_name(layout.JOURNAL)):
            raise NotAMemory(
                f"{path.parent} is not made yet: its images are being embedded. `reembed` goes on with it."
            ) from error
        raise NotAMemory(f"{path.parent} is not a memory: it holds no {path.name}.") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from error
    if not stat.S_ISREG(found.st_mode):
        raise DamagedMemory(f"{path} is not a file.")
    if found.st_size == 0:
        raise DamagedMemory(f"{path} is empty: its content was lost. Restore it from a backup or an export.")


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


_FROM_SQLITE = (apsw.Error, UnicodeDecodeError, OverflowError)  # what a statement raises


def _in_words(error: Exception, path: Path, *, readonly: bool) -> MemoryFolderError:
    """What SQLite found wrong, as an error of the product that names the file and what can be done."""
    if isinstance(error, UnicodeDecodeError):
        return DamagedMemory(f"{path} is damaged: a text in it is not valid UTF-8. {RESTORE}")
    if isinstance(error, OverflowError):
        return StorageError(f"{path}: a number would go beyond what a memory can hold; nothing was changed.")
    if isinstance(error, apsw.CorruptError | apsw.NotADBError | apsw.SQLError | apsw.FormatError):
        return DamagedMemory(f"{path} is damaged ({error}). {RESTORE}")
    if isinstance(error, apsw.InterruptError):
        return DamagedMemory(f"{path} is damaged: reading it does not come to an end. {RESTORE}")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return MemoryLocked(f"{path} is in use by another program. Close it there and try again.")
    if isinstance(error, apsw.ConnectionClosedError):
        return StorageError(f"{path} was closed.")
    if isinstance(error, apsw.FullError) or (isinstance(error, apsw.IOError) and _no_space(path.parent)):
        if isinstance(error, apsw.FullError) and not _no_space(path.parent):
            return StorageError(f"{path} takes no more rows of this kind, or the disk is full; nothing was changed.")
        return StorageError(f"{path}: the disk is full; nothing was changed. Free some space and try again.")
    if isinstance(error, apsw.ReadOnlyError | apsw.PermissionsError | apsw.AuthError | apsw.CantOpenError):
        if readonly and _has_log(path):
            return StorageError(
                f"{path} cannot be read here: the last edits are in its log, which needs a folder that can be written. "
                "Copy the folder to such a place, or open it there once."
            )
        return StorageError(f"{path} cannot be {'read' if readonly else 'written'}: no permission ({error}).")
    return StorageError(f"{path} could not be read or written ({error}); nothing was changed.")


def _no_space(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 65_536
    except OSError:
        return False
