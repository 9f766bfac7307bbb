"""The projection of a memory whose vectors are reduced: one row of its database, sealed by the encoder's identity."""

from __future__ import annotations

from dataclasses import replace

from visualmemory_gui.engine.errors import BadValue, DamagedMemory
from visualmemory_gui.engine.projection import from_bytes, note_in, size_of
from visualmemory_gui.engine.store.database import RESTORE, Database
from visualmemory_gui.engine.types import EncoderIdentity


def write(database: Database, identity: EncoderIdentity) -> None:
    """Keep the projection of ``identity`` in place of any other; nothing where its vectors are whole.

    Raises BadValue where the vectors are reduced and the projection is not at hand.
    """
    database.execute("delete from projection")
    if identity.projection is not None:
        database.execute("insert into projection values (1, ?)", (identity.projection.to_bytes(),))
    elif identity != identity.whole:
        raise BadValue(f"vectors of {identity.words} need their projection; only a memory and its bundle hold it")


def completed(database: Database, identity: EncoderIdentity) -> EncoderIdentity:
    """``identity`` with the projection that it names. Raises DamagedMemory where it is not there as it was written."""
    note = note_in(identity.preprocess)
    if note is None:
        return identity
    try:
        if note.after != identity.dim:
            raise ValueError(f"its vectors have {identity.dim:,} numbers, its projection gives {note.after:,}")
        return replace(identity, projection=from_bytes(_numbers(database, size_of(note)), note))
    except ValueError as error:
        raise DamagedMemory(f"{database.path} is damaged: {error}. {RESTORE}") from error


def is_alone(database: Database, identity: EncoderIdentity) -> bool:
    """Whether nothing is kept beside the projection of ``identity``, if it has one."""
    kept = int(database.one("select count(*) from projection")[0]) if _has_table(database) else 0
    return kept == (identity.projection is not None)


def _has_table(database: Database) -> bool:
    """Since format 5."""
    return int(database.one("pragma user_version")[0]) >= 5


def _numbers(database: Database, size: int) -> bytes:
    """The stored bytes, if they are ``size``."""
    if not _has_table(database):
        return b""
    found = database.maybe("select numbers from projection where length(numbers) = ?", (size,))
    return b"" if found is None else bytes(found[0])
