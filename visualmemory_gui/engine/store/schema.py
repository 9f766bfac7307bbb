"""The tables of a memory, their version, and how an older memory is brought up to date."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from visualmemory_gui.engine import atomic_file
from visualmemory_gui.engine.errors import DamagedMemory, MemoryExists, NewerFormat, ReadOnlyMemory, StorageError
from visualmemory_gui.engine.store import layout
from visualmemory_gui.engine.store.database import APPLICATION_ID, FILE, Database
from visualmemory_gui.engine.store.filesystem import refuse_network
from visualmemory_gui.engine.types import EncoderIdentity

FORMAT = 2

# An edit touches `exemplars` alone: vectors and thumbnails are never rewritten. `checksum` is over all columns of its
# row; in `exemplars` with the label and the source spelled out, in `meta` it covers count and digest too.
TABLES = (
    """create table meta (
        id integer primary key check (id = 1),
        encoder text not null, dim integer not null, weights_sha256 text not null, preprocess text not null,
        change integer not null, count integer not null, digest integer not null,
        checksum integer not null) strict""",
    """create table labels (
        id integer primary key, path text not null unique, checksum integer not null) strict""",
    """create table roots (
        id integer primary key, path any not null unique) strict""",
    """create table exemplars (
        id integer primary key autoincrement,
        label_id integer not null references labels(id),
        root_id integer references roots(id), source any,
        sha256 blob, content blob, grp text,
        width integer not null, height integer not null, copy text,
        struck integer not null, withdrawn integer not null,
        trust real, derived real,
        note text not null, added real not null,
        vector_hash integer not null, thumbnail_hash integer,
        change integer not null, checksum integer not null) strict""",
    "create index exemplars_label on exemplars(label_id, withdrawn, struck)",
    "create index exemplars_root on exemplars(root_id) where root_id is not null",
    "create index exemplars_sha256 on exemplars(sha256) where sha256 is not null",
    "create index exemplars_content on exemplars(content) where content is not null",
    "create index exemplars_withdrawn on exemplars(id) where withdrawn",
    "create table vectors (id integer primary key references exemplars(id), vector blob not null) strict",
    "create table thumbnails (id integer primary key references exemplars(id), jpeg blob not null) strict",
    """create table steps (
        number integer primary key autoincrement,
        kind text not null,
        state text not null check (state in ('open', 'done', 'undone', 'abandoned')),
        position integer not null, time real not null, touched real not null,
        total integer, checksum integer not null) strict""",
    "create index steps_state on steps(state, position)",
    """create table entries (
        step integer not null references steps(number),
        exemplar integer not null references exemplars(id),
        field text not null, before any, after any, checksum integer not null,
        primary key (step, exemplar, field)) strict, without rowid""",
    "create index entries_exemplar on entries(exemplar)",
    "create index entries_label_before on entries(before) where field = 'label'",
    "create index entries_label_after on entries(after) where field = 'label'",
    """create table settings (
        name text primary key, value text not null, checksum integer not null) strict, without rowid""",
    """create table derived (
        name text primary key, json text not null, change integer not null, checksum integer not null) strict""",
    """create table queries (
        id integer primary key autoincrement,
        source any, content blob not null unique, sha256 blob, thumbnail blob, vector blob,
        time real not null, checksum integer not null) strict""",
)

SINCE_FORMAT_2 = (
    """create table queue (
        id integer primary key autoincrement,
        source any, content blob not null unique, sha256 blob, thumbnail blob, vector blob not null,
        time real not null, width integer not null, height integer not null, suffix text not null,
        checksum integer not null) strict""",
    """create table watch (
        id integer primary key autoincrement,
        source any, content blob not null unique, sha256 blob, thumbnail blob, vector blob not null,
        time real not null, label_id integer not null references labels(id), checksum integer not null) strict""",
    "create index watch_label on watch(label_id)",
    """create table tags (
        name text primary key, step integer, position integer not null, change integer not null,
        time real not null, checksum integer not null) strict, without rowid""",
    """create table kept (
        id integer primary key, kind text not null,
        exemplar integer not null references exemplars(id) on delete cascade,
        other integer references exemplars(id) on delete cascade,
        seen integer not null, checksum integer not null) strict""",
    "create index kept_exemplar on kept(exemplar)",
    "create index kept_other on kept(other) where other is not null",
    """create table keys (
        digit integer primary key check (digit between 1 and 9),
        label_id integer not null unique references labels(id) on delete cascade, checksum integer not null) strict""",
)


def _to_format_2(database: Database) -> None:
    for statement in SINCE_FORMAT_2:
        database.execute(statement)


# Version n -> what turns it into n + 1, run inside one transaction for all of them.
MIGRATIONS: Mapping[int, Callable[[Database], None]] = {1: _to_format_2}


def create_memory(folder: str | Path, identity: EncoderIdentity) -> Database:
    """Make a memory in ``folder``, which must be missing or empty (a ``lock`` may lie there); open for editing.

    The database gets its name when it is complete, so a crash leaves no half memory. Raises MemoryExists.
    """
    folder = Path(folder).absolute()
    make_folder(folder)
    try:
        layout.sweep_half_made(folder)
        with atomic_file.write(folder / FILE) as file:
            database = Database.create(folder, name=Path(file.name).name)
            try:
                _install(database, identity)
            finally:
                database.close()
    except OSError as error:
        raise StorageError(f"{folder}: the memory cannot be made: {error.strerror}.") from error
    return open_memory(folder, readonly=False)


def open_memory(folder: str | Path, *, readonly: bool) -> Database:
    """Open the memory in ``folder``, brought up to FORMAT when it is older (for editing only)."""
    database = Database.open(folder, readonly=readonly)
    try:
        version = int(database.one("pragma user_version")[0])
        if version > FORMAT:
            raise NewerFormat(
                f"{database.folder} was written by a newer version (format {version}; this one knows {FORMAT}). "
                "Update visualmemory_gui to open it."
            )
        if version < FORMAT:
            _bring_up_to_date(database, version)
        encoder_identity(database)
    except BaseException:
        database.close()
        raise
    return database


def encoder_identity(database: Database) -> EncoderIdentity:
    """Whose vectors the memory holds."""
    found = database.maybe("select encoder, dim, weights_sha256, preprocess from meta")
    if found is None:
        raise DamagedMemory(f"{database.path} is damaged: its first table is empty. Restore it from a backup.")
    return EncoderIdentity(*found)


def make_folder(folder: Path) -> None:
    """Make ``folder``, or accept an empty one. Raises as ``require_room``."""
    require_room(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.") from error


def require_room(folder: Path) -> None:
    """Raise MemoryExists where no memory can be made because of what is there, StorageError for any other reason."""
    refuse_network(folder)
    try:
        names = {entry.name for entry in folder.iterdir()} if os.path.lexists(folder) else set()
    except (FileExistsError, NotADirectoryError) as error:
        raise MemoryExists(f"{folder} is a file; a memory is a folder. Choose another name.") from error
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.") from error
    if FILE in names:
        raise MemoryExists(f"{folder} is a memory already. Open it, or choose another name.")
    if not all(map(layout.is_room, names)):
        raise MemoryExists(f"{folder} is not empty. Choose another name for the memory.")


def _install(database: Database, identity: EncoderIdentity) -> None:
    with database.atomic():
        database.execute(f"pragma application_id={APPLICATION_ID}")
        database.execute(f"pragma user_version={FORMAT}")
        for statement in (*TABLES, *SINCE_FORMAT_2):
            database.execute(statement)
        named = (identity.name, identity.dim, identity.weights_sha256, identity.preprocess)
        database.execute("insert into meta values (1, ?1, ?2, ?3, ?4, 0, 0, 0, seal(?1, ?2, ?3, ?4, 0, 0, 0))", named)


def _bring_up_to_date(database: Database, version: int) -> None:
    """All migrations in one transaction, after a backup copy that goes when they succeeded."""
    missing = [number for number in range(version, FORMAT) if number not in MIGRATIONS]
    if missing:
        raise DamagedMemory(f"{database.path} is damaged: it claims to be of format {version}, which never was.")
    if database.readonly:
        raise ReadOnlyMemory(
            f"{database.folder} was written by an older version (format {version}). "
            "Open it once for editing to bring it up to date."
        )
    backup = database.path.with_name(f"{FILE}.format-{version}")
    try:
        with atomic_file.write(backup) as file:
            database.backup(Path(file.name))
    except OSError as error:
        raise StorageError(f"{backup} cannot be written: {error.strerror}.") from error
    with database.atomic():
        for number in range(version, FORMAT):
            MIGRATIONS[number](database)
        database.execute(f"pragma user_version={FORMAT}")
    layout.drop_backups(database.folder)
