"""Trust derived by a study, soft pruning or tuning, written as one run. ``purge`` forgets it with what the run saw."""

from __future__ import annotations

import json
from collections.abc import Mapping

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.derived_values import STUDIED, Derived
from visualmemory_gui.engine.store.exemplar_row import checked_trust
from visualmemory_gui.engine.store.writer import Writer


def require_unchanged(database: Database, change: int) -> None:
    """Inside the transaction that writes a study's result: raise BadValue when an exemplar was edited since."""
    if database.ledger.change_now() != change:
        raise BadValue("the memory was edited since this was computed; compute it again, then apply")


def set_trust(database: Database, catalog: Catalog, writer: Writer, trust: Mapping[int, float]) -> None:
    """Make ``trust`` (id -> factor) the only derived trust: what an earlier run derived is removed.

    Exemplars whose trust was set by hand keep it: the derived one is not written.
    """
    by_hand = set(catalog.trusted_by_hand().tolist())
    earlier = [row[0] for row in database.rows("select id from exemplars where derived is not null")]
    values: dict[int, float | None] = dict.fromkeys(earlier)
    values.update({i: checked_trust(factor) for i, factor in sorted(trust.items()) if i not in by_hand})
    writer.record(catalog.write(writer, "derived", list(values.items())))
    last = database.one("select coalesce(max(id), 0) from exemplars")[0]
    Derived(database).put(STUDIED, json.dumps(last), writer.change)
