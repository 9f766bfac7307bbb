"""Deleting exemplars for good: their rows, their entries in the history, and what nothing else needs."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from visualmemory_gui.engine.store import copies, entries, labels, row_rewrite
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.derived_values import STUDIED, Derived
from visualmemory_gui.engine.store.exemplar_row import Row
from visualmemory_gui.engine.store.kept_images import forget_contents
from visualmemory_gui.engine.store.remains import contents_going
from visualmemory_gui.engine.store.row_rewrite import Change
from visualmemory_gui.engine.store.sealed_table import KEPT
from visualmemory_gui.engine.store.sources import drop_unused_roots
from visualmemory_gui.engine.store.writer import Writer, writing

ERASING = "erasing"
"""Name of the derived value that is the journal of a forget, as JSON: the ids, the last step that was reached, and the
image copies (sha256, file ending) still to unlink. Removed when all is done."""
ROWS, FILES = "rows", "files"  # steps: what has been deleted already


@dataclass(frozen=True, slots=True)
class Purged:
    """``ids`` were deleted; ``copies`` (sha256, file ending) are image copies no longer in use; ``change`` is the
    memory's change number afterwards."""

    ids: tuple[int, ...]
    copies: tuple[tuple[str, str], ...]
    change: int


def purge(database: Database, ids: Collection[int]) -> Purged:
    """Delete ``ids`` in one transaction, which notes under ``ERASING`` what is left to erase outside the rows.

    ``secure_delete`` overwrites the rows; the log keeps them until ``Database.checkpoint``.
    """
    with writing(database) as writer:
        drop_derived_trust(database, writer, ids)
        purged = delete(database, writer, ids)
        journal(database, purged.ids, ROWS, unlink=purged.copies)
        return purged


def drop_derived_trust(database: Database, writer: Writer, ids: Collection[int]) -> None:
    """Remove every derived trust, from the rows and from the history, if a run saw one of ``ids``.

    A run saw what existed before it. Where it is no longer known when the last one was, it counts as having seen them.
    The rows of ``ids`` are left as they are, since they are deleted. Raises DamagedMemory where another is damaged.
    """
    derived = Derived(database)
    seen = derived.get(STUDIED)
    if not ids or (seen is not None and min(ids) > json.loads(seen[0])):
        return
    going = set(ids)
    rows = [one for one in row_rewrite.read(database, "e.derived is not null") if one.row.id not in going]
    row_rewrite.require_whole(database, rows)
    changes = [Change(one, one.row._replace(derived=None, change=writer.change), (None,)) for one in rows]
    row_rewrite.rewrite(database, writer, ("derived",), changes)
    entries.drop(database, "field = 'derived'")
    derived.drop(STUDIED)


def journal(database: Database, ids: Collection[int], step: str, *, unlink: Collection[tuple[str, str]] = ()) -> None:
    """Note how far the forget of ``ids`` has come, and the image copies still to ``unlink``."""
    text = json.dumps({"ids": list(ids), "step": step, "copies": list(unlink)})
    Derived(database).put(ERASING, text, 0)


def delete(database: Database, writer: Writer, ids: Collection[int]) -> Purged:
    """As ``purge``, inside the transaction of ``writer``; damaged rows are deleted like others."""
    wanted = [(exemplar,) for exemplar in sorted(set(ids))]
    stored = row_rewrite.read(database, "e.id = ?", wanted)
    rows = [one.row for one in stored]
    if rows:
        _delete_rows(database, writer, rows)
        writer.weigh(gone=[one.checksum for one in stored])
    return Purged(tuple(row.id for row in rows), _unused_copies(database, rows), writer.reached)


def unreachable(database: Database) -> list[int]:
    """Withdrawn exemplars that no step can bring back any more."""
    # `cross` fixes the order of the loops: from the exemplar to its few entries to their steps.
    found = database.rows(
        """select id from exemplars e where withdrawn and not exists (
           select 1 from entries n cross join steps s on s.number = n.step
           where n.exemplar = e.id and n.field = 'withdrawn' and (s.state <> 'abandoned' or s.position < 0))"""
    )
    return [row[0] for row in found]


def _delete_rows(database: Database, writer: Writer, rows: list[Row]) -> None:
    ids = [(row.id,) for row in rows]
    used = {found[0] for found in database.many("select label_id from exemplars where id = ?", ids)}
    used |= _forget_entries(database, ids)
    forget_contents(database, contents_going(database, [row.id for row in rows]))
    KEPT.delete(database, "exemplar = ?1 or other = ?1", ids)
    database.many("delete from vectors where id = ?", ids)
    database.many("delete from thumbnails where id = ?", ids)
    database.many("delete from exemplars where id = ?", ids)
    labels.drop_unused(database, used)
    drop_unused_roots(database)


def _forget_entries(database: Database, ids: list[tuple[int]]) -> set[int]:
    """Take the exemplars out of every step; a step left empty is deleted. Returns the labels the entries named."""
    found = database.many("select before, after from entries where exemplar = ? and field = 'label'", ids)
    entries.drop(database, "exemplar = ?", ids)
    return {number for pair in found for number in pair}


def _unused_copies(database: Database, rows: list[Row]) -> tuple[tuple[str, str], ...]:
    had = {(row.sha256.hex(), row.copy) for row in rows if row.copy and row.sha256}
    return tuple(sorted(had - copies.used(database, had)))
