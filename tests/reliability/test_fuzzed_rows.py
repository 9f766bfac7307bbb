"""Any value in any column, with the checksums as they were or made to fit: an error in words, or an answer; never a
traceback."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from contextlib import closing
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.reliability.full_memory import full_memory
from tests.reliability.planting import plant_value, raw
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import VisualMemoryError

TRIES = 10**6 if os.environ.get("SOAK") else 72
VALUES = (
    "null", "'many'", "''", "cast(x'ff41' as text)", "x'00'", "x''", "0", "-1", "1e999", "0.5",
    "9223372036854775807", "-9223372036854775808", "'[]'", "'{\"a\": 1}'", "char(27) || '[31m'",
)  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_memory(tmp_path_factory.mktemp("fuzz") / "full.vmem")


def cases(full: Path) -> list[tuple[str, str, str, bool]]:
    """Table, column, value, and whether the checksums are made to fit."""
    with closing(raw(full)) as database:
        names = [row[0] for row in database.execute("select name from sqlite_master where type = 'table'").fetchall()]
        columns = [
            (table, row[1]) for table in names for row in database.execute(f"pragma table_info({table})").fetchall()
        ]
    found = [(*place, value, fit) for place, value, fit in product(columns, VALUES, (False, True))]
    random.Random(5).shuffle(found)
    return found[:TRIES]


def looks(memory: VisualMemory) -> tuple[Callable[[], object], ...]:
    vector = np.eye(1, memory.identity.dim, dtype=np.float32)[0]
    return (
        memory.summary,
        lambda: memory.settings,
        lambda: memory.catalog.select(),
        lambda: memory.history.steps(),
        memory.tags.all,
        memory.keys.all,
        memory.watch.all,
        memory.queries.recent,
        memory.queue.table,
        lambda: memory.kept.all("label"),
        lambda: memory.history.difference("first"),
        lambda: memory.decide_vector(vector),
        lambda: memory.maintenance.verify(),
    )


EDITS: tuple[Callable[[VisualMemory], object], ...] = (
    lambda memory: memory.strike([5]),
    lambda memory: memory.relabel([6], "dog"),
    lambda memory: memory.undo(),
    lambda memory: memory.redo(),
    lambda memory: memory.tags.put("second"),
    lambda memory: memory.set("k", 9),
    lambda memory: memory.add_vectors(np.eye(1, memory.identity.dim), ["dog"]),
    lambda memory: memory.forget([7]),
)


def failures(path: Path) -> list[str]:
    """What came out that is no error in words."""
    found: list[str] = []

    def attempt(what: Callable[[], object]) -> None:
        try:
            what()
        except VisualMemoryError:
            pass
        except Exception as error:
            frame = error.__traceback__
            while frame is not None and frame.tb_next is not None:
                frame = frame.tb_next
            where = "" if frame is None else f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
            found.append(f"{type(error).__name__} {error} at {where}")

    def read() -> None:
        with VisualMemory.open(path, readonly=True) as memory:
            for look in looks(memory):
                attempt(look)

    def edit() -> None:
        with VisualMemory.open(path) as memory:
            for change in EDITS:
                attempt(lambda change=change: change(memory))  # type: ignore[misc]

    attempt(read)
    attempt(edit)
    return found


def test_no_value_in_any_column_gives_a_traceback(full: Path, tmp_path: Path) -> None:
    wrong = {}
    for number, (table, column, value, fit) in enumerate(cases(full)):
        path = tmp_path / f"{number}.vmem"
        shutil.copytree(full, path)
        if plant_value(path, table, column, value, fit=fit) and (found := failures(path)):
            wrong[f"{table}.{column} = {value}, {'resealed' if fit else 'as it was'}"] = found
        shutil.rmtree(path)
    assert wrong == {}
