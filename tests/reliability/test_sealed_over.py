"""Damage is never sealed over: an edit that would give a damaged row a checksum that fits is refused, edits of other
rows leave the damage to be found, and a row that is gone altogether is missed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.reliability.full_memory import full_memory
from tests.reliability.planting import plant
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.store import row_rewrite
from visualmemory_gui.engine.store.kept_images import NewKeptImage

Edit = Callable[[VisualMemory], object]


def elsewhere(memory: VisualMemory) -> None:
    """Edits that rewrite none of the damaged rows, in as many tables as there are."""
    memory.keys.give(9, "class 1")
    memory._live.derived.put("other", "{}", 1)
    memory.set("level", 1)
    memory.kept.keep("label", [((9, 0), "class 0")])
    memory.queries.add(None, "12" * 32)
    memory.tags.put("another")
    memory.add_vectors(np.eye(8)[:1], ["class 1"])


def watch_again(memory: VisualMemory) -> object:
    return memory.watch.add([(NewKeptImage("ef" * 32, "/query.png", vector=None), "class 1")])


def strike(memory: VisualMemory) -> object:
    return memory.strike([5])


def rename(memory: VisualMemory) -> object:
    return memory.rename_label("class 0", "renamed")


@dataclass(frozen=True)
class Damaged:
    """``column`` of a row of ``table`` is set to ``value``; ``edit`` rewrites that row. ``told`` is what is named."""

    table: str
    row: str
    column: str
    value: str
    edit: Edit
    told: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


def of(table: str, row: str, edit: Edit, told: str, **values: str) -> Iterator[Damaged]:
    for column, value in values.items():
        yield Damaged(table, row, column, value, edit, told)


TEXT, NUMBER, BYTES = "'other'", "77", "x'0102'"
REWRITTEN = (
    *of(
        "meta", "id = 1", strike, "meta",
        encoder=TEXT, dim="9", weights_sha256=TEXT, preprocess=TEXT, change=NUMBER, count=NUMBER, digest=NUMBER,
        tables="replace(tables, '1', '2')", checksum=NUMBER,
    ),
    *of(
        "exemplars", "id = 5", strike, "exemplar 5",
        label_id="label_id % 2 + 1", root_id="null", source=TEXT, sha256=BYTES, content=BYTES, grp=TEXT, width=NUMBER,
        height=NUMBER, copy="'.gif'", struck="1", trust="0.25", derived="0.5", note=TEXT, added="1.0",
        vector_hash=NUMBER, thumbnail_hash=NUMBER, change="999", checksum=NUMBER,
    ),
    *of(
        "exemplars", "id = 6", lambda memory: memory.relabel([6], "new"), "exemplar 6", note=TEXT, trust="0.1",
    ),
    *of("exemplars", "id = 7", lambda memory: memory.reweigh([7], 0.5), "exemplar 7", width=NUMBER, checksum="0"),
    *of("exemplars", "id = 3", lambda memory: memory.undo(), "exemplar 3", grp=TEXT, added="2.0"),
    *of("exemplars", "id = 4", lambda memory: memory.redo(), "exemplar 4", grp=TEXT, added="2.0"),
    *of(
        "steps", "number = 3", lambda memory: memory.undo(), "steps 3",
        kind=TEXT, time="1.0", touched="1.0", total=NUMBER, checksum=NUMBER,
    ),
    *of("steps", "number = 4", lambda memory: memory.redo(), "steps 4", kind=TEXT, time="1.0", total=NUMBER),
    *of("steps", "number = 4", lambda memory: memory.strike([8]), "steps 4", touched="1.0", checksum=NUMBER),
    *of("entries", "step = 3", lambda memory: memory.undo(), "entries 3", before="3 - before", checksum=NUMBER),
    *of("entries", "step = 3", lambda memory: memory.history.revert(3), "entries 3", after=NUMBER),
    *of("entries", "step = 4", lambda memory: memory.redo(), "entries 4", after="0.75"),
    *of(
        "watch", "id = 1", watch_again, "watch 1",
        source=TEXT, sha256=BYTES, thumbnail=BYTES, vector=BYTES, time="1.0", label_id="2", checksum=NUMBER,
    ),
    *of("watch", "id = 1", rename, "watch 1", time="2.0", thumbnail=BYTES),
    *of(
        "tags", "name = 'first'", lambda memory: memory.tags.put("first", move=True), "tags first",
        step="1", position=NUMBER, change=NUMBER, time="1.0", checksum=NUMBER,
    ),
    *of("keys", "digit = 4", rename, "keys 4", checksum=NUMBER),
    *of("labels", "path = 'class 1'", lambda memory: memory.strike([5, 6]), "exemplar", path=TEXT),
)  # fmt: skip

REPLACED = (  # rows that are put in whole or deleted, never rewritten: nothing of the damage could be kept
    ("settings", "name = 'k'", {"value": "'many'", "checksum": NUMBER}),
    ("settings", "name = 'rule'", {"value": "'softmax'"}),
    ("derived", "name = 'note'", {"json": "'[]'", "change": NUMBER, "checksum": NUMBER}),
    ("queries", "id = 1", {"source": TEXT, "content": BYTES, "vector": BYTES, "time": "1.0", "checksum": NUMBER}),
    ("queue", "id = 1", {"source": TEXT, "vector": BYTES, "width": NUMBER, "suffix": "'.gif'", "checksum": NUMBER}),
    ("kept", "id = 1", {"kind": TEXT, "seen": NUMBER, "checksum": NUMBER}),
)

GONE = ("labels", "steps", "entries", "settings", "derived", "queries", "queue", "watch", "tags", "kept", "keys")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_memory(tmp_path_factory.mktemp("sealed") / "full.vmem")


@pytest.fixture
def path(full: Path, tmp_path: Path) -> Path:
    shutil.copytree(full, tmp_path / "m.vmem")
    return tmp_path / "m.vmem"


def findings(path: Path) -> set[tuple[str, str]]:
    with VisualMemory.open(path, readonly=True) as memory:
        return {(found.what, found.where) for found in memory.maintenance.verify()}


def test_the_memory_is_whole_before(full: Path) -> None:
    assert findings(full) == set()
    assert len(REWRITTEN) + sum(len(values) for *_, values in REPLACED) >= 60


@pytest.mark.parametrize("damaged", REWRITTEN, ids=str)
def test_an_edit_that_rewrites_a_damaged_row_is_refused(path: Path, damaged: Damaged) -> None:
    plant(path, f"update {damaged.table} set {damaged.column} = {damaged.value} where {damaged.row}")
    before = findings(path)
    assert before
    with VisualMemory.open(path) as memory, pytest.raises(DamagedMemory, match=damaged.told):
        damaged.edit(memory)
    assert findings(path) == before
    if damaged.table in ("meta", "labels"):
        return
    with VisualMemory.open(path) as memory:
        if damaged.told == "steps 4":  # any step abandons it
            memory.tags.put("another")
        else:
            elsewhere(memory)
    assert before <= findings(path)


@pytest.mark.parametrize(
    ("table", "row", "column", "value"),
    [(table, row, *item) for table, row, values in REPLACED for item in values.items()],
)
def test_damage_of_a_row_that_no_edit_rewrites_is_found_after_edits(
    path: Path, table: str, row: str, column: str, value: str
) -> None:
    plant(path, f"update {table} set {column} = {value} where {row}")
    before = findings(path)
    assert before
    with VisualMemory.open(path) as memory:
        elsewhere(memory)
        memory.strike([5])
        memory.undo()
    assert before <= findings(path)


@pytest.mark.parametrize("table", GONE)
@pytest.mark.parametrize("kind", ["gone", "foreign"])
def test_a_row_that_is_gone_altogether_or_that_nobody_wrote_is_found(path: Path, table: str, kind: str) -> None:
    columns = {
        "labels": "null, 'foreign', seal('foreign')",
        "settings": "'later', 'x', seal('later', 'x')",
        "tags": "'t', 1, 1, 1, 1.0, seal('t', 1, 1, 1, 1.0)",
        "keys": "7, 3, seal(7, 3)",
        "derived": "'later', '{}', 1, seal('later', '{}', 1)",
        "steps": "null, 'strike', 'done', 9, 1.0, 1.0, null, seal(5, 'strike', 'done', 9, 1.0, 1.0, null)",
        "entries": "3, 9, 'struck', 0, 0, seal(3, 9, 'struck', 0, 0)",
    }
    first = {"settings": "name = 'k'", "tags": "true", "entries": "step = 2 and exemplar = 1"}
    if kind == "gone":
        where = first.get(table, f"rowid = (select min(rowid) from {table})")
        plant(path, f"delete from {table} where {where}")
    elif table in columns:
        plant(path, f"insert into {table} values ({columns[table]})")
    else:
        keys = ["kind", "exemplar", "other", "seen", "checksum"] if table == "kept" else None
        copied = ", ".join(keys or ["source", "randomblob(32)", "sha256", "thumbnail", "vector", "time"])
        into = copied.replace("randomblob(32)", "content")
        more = {"queue": ", width, height, suffix", "watch": ", label_id"}.get(table, "")
        tail = "" if table == "kept" else f"{more}, checksum"
        plant(path, f"insert into {table} ({into}{tail}) select {copied}{tail} from {table} limit 1")
    assert ("rows", table) in findings(path)
    with VisualMemory.open(path) as memory:
        memory.add_vectors(np.eye(8)[:1], ["class 1"])
        elsewhere(memory)
    assert ("rows", table) in findings(path)


def test_what_is_damaged_can_be_forgotten_and_its_damage_goes_with_it(path: Path) -> None:
    plant(path, "update exemplars set note = 'other' where id = 5")
    with VisualMemory.open(path) as memory:
        receipt = memory.forget([5]).receipt
        assert receipt is not None and receipt.forgotten == 1
    assert findings(path) == set()


def test_a_damaged_checksum_leaves_the_digest_wrong_when_its_row_is_forgotten(path: Path) -> None:
    plant(path, "update exemplars set checksum = checksum + 1 where id = 5")
    with VisualMemory.open(path) as memory:
        memory.forget([5])
    assert findings(path) == {("rows", "exemplars")}


def test_a_damaged_setting_is_named_its_default_serves_and_setting_it_mends(path: Path) -> None:
    plant(path, "update settings set value = 'many' where name = 'k'")
    with VisualMemory.open(path) as memory:
        assert (memory.settings.k, memory.settings.rule) == (10, "plurality")
        assert set(memory.maintenance.damaged_settings) == {"k"}
        memory.set("level", 1)
        assert set(memory.maintenance.damaged_settings) == {"k"}
        memory.set("k", 3)
        assert memory.settings.k == 3 and memory.maintenance.damaged_settings == {}
    assert findings(path) == set()


def test_a_setting_whose_value_cannot_be_is_found_though_its_checksum_fits(path: Path) -> None:
    plant(path, "delete from settings where name = 'k'", "insert into settings values ('k', '0', seal('k', '0'))")
    assert {("setting", "k"), ("rows", "settings")} == findings(path)


def test_control_without_the_check_damage_is_sealed_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_rewrite, "require_whole", lambda database, rows: None)
    plant(path, "update exemplars set note = 'other' where id = 5")
    assert findings(path)
    with VisualMemory.open(path) as memory:
        memory.strike([5])
    assert findings(path) == set()
