"""The format of a memory, and how an older memory is brought up to date."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from visualmemory_gui.engine.errors import DamagedMemory, MemoryExists, NewerFormat, ReadOnlyMemory, StorageError
from visualmemory_gui.engine.files import atomic_file
from visualmemory_gui.engine.store import layout, ledger, schema_check, settings, stored_projection, tables
from visualmemory_gui.engine.store.database import APPLICATION_ID, FILE, RESTORE, Database
from visualmemory_gui.engine.store.filesystem import refuse_network
from visualmemory_gui.engine.types import EncoderIdentity

FORMAT = 5
MOST_DIM = 1_000_000  # components of a vector
READABLE = 2  # the oldest format that can be read as it is: since then `meta` changed, and parts of images came


def _to_format_2(database: Database) -> None:
    for statement in tables.SINCE_FORMAT_2:
        database.execute(statement)


def _to_format_3(database: Database) -> None:
    """Add what each table holds to ``meta``; its row must be whole, since it is sealed again."""
    database.execute("drop index if exists exemplars_change")
    ledger.rebuild(database)


def _to_format_4(database: Database) -> None:
    """Add the columns of parts. No checksum changes: that of a row which is no part does not cover them."""
    for statement in tables.SINCE_FORMAT_4:
        database.execute(statement)


def _to_format_5(database: Database) -> None:
    for statement in tables.SINCE_FORMAT_5:
        database.execute(statement)


# Version n -> what turns it into n + 1, run inside one transaction for all of them.
MIGRATIONS: Mapping[int, Callable[[Database], None]] = {
    1: _to_format_2, 2: _to_format_3, 3: _to_format_4, 4: _to_format_5
}  # fmt: skip


def create_memory(folder: str | Path, identity: EncoderIdentity) -> Database:
    """Make a memory in ``folder``, which must be missing or empty (but for a ``lock``); it is open for editing.

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


@contextmanager
def successor(database: Database, folder: Path) -> Iterator[Database]:
    """A copy of an open memory, brought up to FORMAT, for the block to change; then it is the memory in ``folder``.

    It is the state of one moment, whatever is edited meanwhile. Where the block raises, nothing is left of it.
    Raises StorageError.
    """
    try:
        with atomic_file.write(folder / FILE) as file:
            part = Path(file.name)
            database.backup(part)
            copy = Database.create(folder, name=part.name)
            try:
                version = int(copy.one("pragma user_version")[0])
                copy.has_parts = version >= 4
                _migrate(copy, version)
                yield copy
            finally:
                copy.close()
    except OSError as error:
        raise StorageError(f"{folder}: the memory cannot be made: {error.strerror}.") from error


def open_memory(folder: str | Path, *, readonly: bool) -> Database:
    """Open the memory in ``folder``, brought up to FORMAT when it is older (for editing only).

    Raises DamagedMemory where the database does not have the schema of a memory, before anything in it is run.
    """
    database = Database.open(folder, readonly=readonly)
    try:
        version = int(database.one("pragma user_version")[0])
        _require_known(database, version)
        schema_check.require(database, version)
        database.has_parts = version >= 4
        if version < FORMAT and not (readonly and version >= READABLE):
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
    if None in found or not 0 < found[1] <= MOST_DIM:
        raise DamagedMemory(f"{database.path} is damaged: it does not say which encoder made its vectors. {RESTORE}")
    return stored_projection.completed(database, EncoderIdentity(*found))


def make_folder(folder: Path, *, begun: bool = False) -> None:
    """Make ``folder``, or accept an empty one. Raises as ``require_room``."""
    require_room(folder, begun=begun)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.") from error


def require_room(folder: Path, *, begun: bool = False) -> None:
    """Raise MemoryExists where no memory can be made because of what is there, StorageError for any other reason.

    ``begun``: what a memory that is being made under another encoder has there is no hindrance.
    """
    refuse_network(folder)
    try:
        names = {entry.name for entry in folder.iterdir()} if os.path.lexists(folder) else set()
    except (FileExistsError, NotADirectoryError) as error:
        raise MemoryExists(f"{folder} is a file; a memory is a folder. Choose another name.") from error
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.") from error
    if FILE in names:
        raise MemoryExists(f"{folder} is a memory already. Open it, or choose another name.")
    own = {layout.JOURNAL, layout.IMAGES} if begun else set[str]()
    if not all(map(layout.is_room, names - own)):
        raise MemoryExists(f"{folder} is not empty. Choose another name for the memory.")


def _require_known(database: Database, version: int) -> None:
    if version > FORMAT:
        raise NewerFormat(
            f"{database.folder} was written by a newer version (format {version}; this one knows {FORMAT}). "
            "Update visualmemory_gui to open it."
        )
    if version < 1:
        raise DamagedMemory(f"{database.path} is damaged: it claims to be of format {version}, which never existed.")


def _install(database: Database, identity: EncoderIdentity) -> None:
    with database.atomic():
        database.execute(f"pragma application_id={APPLICATION_ID}")
        database.execute(f"pragma user_version={FORMAT}")
        for statement in tables.statements(FORMAT):
            database.execute(statement)
        ledger.begin(database, identity.facts)
        stored_projection.write(database, identity)
        settings.begin(database)


def _bring_up_to_date(database: Database, version: int) -> None:
    """All migrations in one transaction, after a backup copy that goes when they succeeded."""
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
    _migrate(database, version)
    layout.drop_backups(database.folder)


def _migrate(database: Database, version: int) -> None:
    """All migrations from format ``version`` on, in one transaction."""
    with database.atomic():
        for number in range(version, FORMAT):
            MIGRATIONS[number](database)
        database.execute(f"pragma user_version={FORMAT}")
    database.has_parts = True
