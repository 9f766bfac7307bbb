"""Damage to rows and image copies is found, whatever was damaged: also where SQLite's own check says ok."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import write_images
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store.database import FILE

DAMAGES = 1000 if os.environ.get("SOAK") else 120
Pick = random.Random


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A memory with something in every table that an edit fills, image copies among it."""
    folder = tmp_path_factory.mktemp("damage")
    images = write_images(folder / "images", each=4)
    path = folder / "whole.vmem"
    with VisualMemory.create(path, encoder="fake") as memory:
        files = sorted(images.rglob("*.png"))
        memory.add(files[:6], [file.parent.name for file in files[:6]])
        memory.build(images)
        memory.strike([1, 2])
        memory.relabel([3], "other")
        memory.undo()
        memory.reweigh([4], 2.0)
        memory.set("k", 7)
    return path


def changed(value: object, pick: Pick) -> object:
    """Another value of the same kind."""
    if isinstance(value, bytes) and value:
        at = pick.randrange(len(value))
        return value[:at] + bytes([value[at] ^ (1 << pick.randrange(8))]) + value[at + 1 :]
    if isinstance(value, str) and value:
        at = pick.randrange(len(value))
        return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    if isinstance(value, float):
        return value + 1.0
    return value + 1 if isinstance(value, int) else None


def change_a_value(path: Path, pick: Pick) -> str:
    with closing(raw(path)) as database, database:
        while True:
            table = pick.choice(tables(database))
            columns = [name for _, name, *_ in database.execute(f"pragma table_info({table})")]
            keys = [name for _, name, _, _, _, key in database.execute(f"pragma table_info({table})") if key]
            column = pick.choice(columns)
            row = pick.choice(database.execute(f"select {column}, {', '.join(keys)} from {table}").fetchall())
            other = changed(row[0], pick)
            if other is None or column in keys:
                continue
            where = " and ".join(f"{key} is ?" for key in keys)
            try:
                database.execute(f"update {table} set {column} = ? where {where}", (other, *row[1:]))
            except sqlite3.IntegrityError:  # a unique column
                continue
            return f"{table}.{column}"


def lose_a_row(path: Path, pick: Pick) -> str:
    """Of an exemplar, or its label. (Other rows are not counted: a step that lost one of many entries is not told.)"""
    used = {"labels": "where id in (select label_id from exemplars)"}
    with closing(raw(path)) as database, database:
        table = pick.choice(["exemplars", "vectors", "thumbnails", "labels"])
        ids = [row[0] for row in database.execute(f"select id from {table} {used.get(table, '')}")]
        database.execute(f"delete from {table} where id = ?", (pick.choice(ids),))
    return f"a row of {table}"


def swap_two_rows(path: Path, pick: Pick) -> str:
    table, column = pick.choice([("vectors", "vector"), ("thumbnails", "jpeg")])
    with closing(raw(path)) as database, database:
        rows = database.execute(f"select id, {column} from {table}").fetchall()
        one, its = pick.choice(rows)
        other, theirs = pick.choice([row for row in rows if row[1] != its])
        database.execute(f"update {table} set {column} = ? where id = ?", (theirs, one))
        database.execute(f"update {table} set {column} = ? where id = ?", (its, other))
    return f"two {table}"


def damage_a_copy(path: Path, pick: Pick) -> str:
    copy = pick.choice(sorted(file for file in (path / "images").rglob("*") if file.is_file()))
    data = bytearray(copy.read_bytes())
    if pick.random() < 0.3:
        copy.unlink()
        return "a lost copy"
    if pick.random() < 0.4:
        del data[pick.randrange(len(data)) :]
    else:
        data[pick.randrange(len(data))] ^= 1 << pick.randrange(8)
    copy.write_bytes(data)
    return "a damaged copy"


KINDS: tuple[Callable[[Path, Pick], str], ...] = (
    change_a_value,
    change_a_value,
    lose_a_row,
    swap_two_rows,
    damage_a_copy,
)


def raw(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path / FILE)
    database.execute("pragma ignore_check_constraints = on")
    database.execute("pragma foreign_keys = off")
    return database


def tables(database: sqlite3.Connection) -> list[str]:
    """Those with rows, but for SQLite's own."""
    names = [name for (name,) in database.execute("select name from sqlite_schema where type = 'table'")]
    return [n for n in names if not n.startswith("sqlite_") and database.execute(f"select 1 from {n}").fetchone()]


def is_found(path: Path) -> bool:
    try:
        with VisualMemory.open(path) as memory:
            return memory.maintenance.verify() != []
    except DamagedMemory:
        return True


def test_every_damage_is_found(whole: Path, tmp_path: Path) -> None:
    missed, quiet = [], 0
    for number in range(DAMAGES):
        pick, path = Pick(number), tmp_path / f"{number}.vmem"
        shutil.copytree(whole, path)
        what = pick.choice(KINDS)(path, pick)
        with closing(raw(path)) as database:
            quiet += database.execute("pragma integrity_check").fetchone() == ("ok",)
        if not is_found(path):
            missed.append(f"{number}: {what}")
        shutil.rmtree(path)
    assert missed == []
    assert quiet > DAMAGES / 2, "SQLite's own check would have done"


def test_control_what_is_whole_has_no_damage(whole: Path) -> None:
    assert not is_found(whole)
