"""Trust derived by a study, soft pruning or tuning: written as one run, forgotten with any exemplar the run saw."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store import entries, exemplars
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.derived import STUDIED, Derived
from visualmemory_gui.engine.store.exemplars import Change
from visualmemory_gui.engine.store.rows import checked_trust
from visualmemory_gui.engine.store.writer import Writer
from visualmemory_gui.engine.types import I64

if TYPE_CHECKING:
    from visualmemory_gui.engine.store.catalog import Catalog


def set_by_hand(database: Database) -> I64:
    """Ids of the exemplars whose trust was set by hand, which counts before a derived one; increasing."""
    found = database.rows("select id from exemplars where trust is not null order by id")
    return np.array([row[0] for row in found], np.int64)


def require_unchanged(database: Database, change: int) -> None:
    """Inside the transaction that writes a study's result: raise BadValue when an exemplar was edited since."""
    if database.ledger.change_now() != change:
        raise BadValue("the memory was edited since it was looked at; look again, then apply")


def set_trust(database: Database, catalog: Catalog, writer: Writer, trust: Mapping[int, float]) -> None:
    """Let ``trust`` (id -> factor) be all the derived trust there is: what an earlier run derived goes.

    Exemplars of which a trust was set by hand keep theirs: the derived one is not written.
    """
    by_hand = set(set_by_hand(database).tolist())
    earlier = [row[0] for row in database.rows("select id from exemplars where derived is not null")]
    values: dict[int, float | None] = dict.fromkeys(earlier)
    values.update({i: checked_trust(factor) for i, factor in sorted(trust.items()) if i not in by_hand})
    writer.record(catalog.write(writer, "derived", list(values.items())))
    last = database.one("select coalesce(max(id), 0) from exemplars")[0]
    Derived(database).put(STUDIED, json.dumps(last), writer.change)


def drop_what_saw(database: Database, writer: Writer, ids: Collection[int]) -> None:
    """Take every derived trust back to none, in the rows and in the history, if a run saw one of ``ids``.

    A run saw what was there before it. Where it is not known any more when the last one was, it counts as having seen.
    The rows of ``ids`` are left as they are, since they go. Raises DamagedMemory where another one is damaged.
    """
    derived = Derived(database)
    seen = derived.get(STUDIED)
    if not ids or (seen is not None and min(ids) > json.loads(seen[0])):
        return
    going = set(ids)
    rows = [one for one in exemplars.read(database, "e.derived is not null") if one.row.id not in going]
    exemplars.require_whole(database, rows)
    changes = [Change(one, one.row._replace(derived=None, change=writer.change), (None,)) for one in rows]
    exemplars.rewrite(database, writer, ("derived",), changes)
    entries.drop(database, "field = 'derived'")
    derived.drop(STUDIED)
