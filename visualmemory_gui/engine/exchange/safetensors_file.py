"""Safetensors files of vectors and labels, read batch by batch.

The tensor ``vectors`` is (n, d). Labels are a tensor ``labels`` (n,) of whole numbers, or text: ``labels`` in the
metadata of the file, or in a file ``NAME.json`` beside it, as a JSON list. ``classes`` there names the classes of
labels that are numbers, from 0, and ``sources`` image files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from visualmemory_gui.engine.errors import ExchangeError
from visualmemory_gui.engine.exchange.table import ENCODER_KEY, Batch, Head, batch_rows, require_size
from visualmemory_gui.engine.exchange.table_child import LABELS, VECTORS

SUFFIX = ".safetensors"
LARGEST_BESIDE = 1 << 28  # bytes of the JSON file
FLOATS = ("F16", "F32", "F64")
_BROKEN = (SafetensorError, OSError, ValueError, TypeError, RecursionError)


@contextmanager
def read(path: Path) -> Iterator[tuple[Head, Iterator[Batch]]]:
    """The file's head, and its rows in batches. Raises ExchangeError, with the reason, for a bad file."""
    try:
        opened = safe_open(str(path), "np")
    except _BROKEN as error:
        raise _refused(path, error) from error
    with opened as file:
        try:
            found = _contents(file, path)
        except _BROKEN as error:
            raise _refused(path, error) from error
        yield Head(found.total, found.dim, found.encoder, found.classes), _batches(path, found)


@dataclass(frozen=True, slots=True)
class _Contents:
    """``vectors`` is sliced as it is read; ``columns`` hold text or numbers by name."""

    vectors: Any
    total: int
    dim: int
    columns: Mapping[str, list[Any]]
    classes: tuple[str, ...] | None
    encoder: str | None


def _contents(file: Any, path: Path) -> _Contents:
    name = next((name for name in VECTORS if name in file.keys()), None)  # noqa: SIM118 - it is no mapping
    if name is None:
        raise ValueError(f"it has no tensor 'vectors', only {', '.join(sorted(file.keys())[:10]) or 'none'}")
    vectors = file.get_slice(name)
    shape, kind = tuple(vectors.get_shape()), vectors.get_dtype()
    if len(shape) != 2 or kind not in FLOATS:
        raise ValueError(f"its vectors are {kind} of shape {shape}, not {', '.join(FLOATS)} of shape (rows, numbers)")
    total, dim = shape
    require_size(total, dim)
    said = dict(file.metadata() or {})
    lists = {name: _list(json.loads(text)) for name, text in said.items() if name in (*LABELS, "classes", "sources")}
    lists = {**_beside(path), **lists}
    columns = {"label": _labels(file, lists)}
    if "sources" in lists:
        columns["source"] = lists["sources"]
    for name, values in columns.items():
        if len(values) != total:
            raise ValueError(f"it has {total:,} vectors and {len(values):,} {name}s")
    classes = tuple(map(str, lists["classes"])) if "classes" in lists else None
    return _Contents(vectors, total, dim, columns, classes, said.get(ENCODER_KEY))


def _labels(file: Any, lists: Mapping[str, list[Any]]) -> list[Any]:
    for name in LABELS:
        if name in file.keys():  # noqa: SIM118
            numbers = np.asarray(file.get_tensor(name))
            if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
                raise ValueError(f"its labels are {numbers.dtype} of shape {numbers.shape}, not whole numbers in a row")
            return list(numbers.tolist())
        if name in lists:
            return lists[name]
    raise ValueError("it has no labels: neither a tensor, nor a list in its metadata or in a JSON file beside it")


def _beside(path: Path) -> dict[str, list[Any]]:
    """What the JSON file beside the tensors says: a list of labels, or lists by name."""
    place = path.with_suffix(".json")
    if not place.is_file():
        return {}
    if place.stat().st_size > LARGEST_BESIDE:
        raise ValueError(f"{place.name} is larger than {LARGEST_BESIDE >> 20} MB")
    found = json.loads(place.read_text("utf-8"))
    named = found if isinstance(found, dict) else {"labels": found}
    return {name: _list(values) for name, values in named.items() if name in (*LABELS, "classes", "sources")}


def _list(found: object) -> list[Any]:
    if not isinstance(found, list):
        raise ValueError("its labels, classes and sources must be JSON lists")
    return found


def _batches(path: Path, found: _Contents) -> Iterator[Batch]:
    size = batch_rows(found.dim)
    for start in range(0, found.total, size):
        try:
            part = np.asarray(found.vectors[start : min(start + size, found.total)])
        except _BROKEN as error:
            raise _refused(path, error) from error
        values = zip(*(column[start : start + size] for column in found.columns.values()), strict=True)
        yield Batch([dict(zip(found.columns, row, strict=True)) for row in values], part)


def _refused(path: Path, error: Exception) -> ExchangeError:
    return ExchangeError(f"{path.name} is not a readable safetensors file: {error}")
