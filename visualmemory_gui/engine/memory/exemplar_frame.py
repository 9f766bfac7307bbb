"""The exemplars of a memory as a data frame."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.text.data_frame import data_frame
from visualmemory_gui.engine.types import Exemplar

if TYPE_CHECKING:
    from pandas import DataFrame

KINDS = {
    "id": "int64",
    "label": "category",
    "state": "category",
    "trust": "float64",
    "width": "int64",
    "height": "int64",
    "added": "float64",
}


def exemplar_frame(catalog: Catalog, *, vectors: bool) -> DataFrame:
    """One row for each exemplar, as ``VisualMemory.to_pandas`` says."""
    rows = catalog.select()
    columns: dict[str, list[object]] = {one.name: [getattr(row, one.name) for row in rows] for one in fields(Exemplar)}
    columns["box"] = [None if row.box is None else tuple(row.box) for row in rows]
    if vectors:
        columns["vector"] = list(catalog.vectors([row.id for row in rows])) if rows else []
    return data_frame(columns, index="id", kinds=KINDS, times=("added",))
