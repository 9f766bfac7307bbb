from __future__ import annotations

import os

import apsw
import numpy as np
import pytest

from visualmemory_gui.engine.errors import BadLabel, BadValue, BadVector, DamagedMemory, UnknownExemplar
from visualmemory_gui.engine.store import bulk_read
from visualmemory_gui.engine.store.checksum import content_key, group_key, vector_hash


def ids(exemplars):
    return [exemplar.id for exemplar in exemplars]


def names(rows):
    return [rows.labels[code] for code in rows.label]


def test_what_was_added_comes_back_as_it_was(store, row):
    given = row(7, "animals/cat", group="walk 1", note="blurred", trust=0.5, struck=True, copy=".png")
    assert store.add(given) == [1]
    [found] = store.catalog.get([1])
    assert (found.label, found.state, found.trust, found.source) == ("animals/cat", "struck", 0.5, given.source)
    assert (found.sha256, found.content, found.group) == (given.sha256, given.content, "walk 1")
    assert (found.width, found.height, found.note) == (640, 480, "blurred")
    assert np.array_equal(store.catalog.vectors([1])[0], given.vector)
    assert store.catalog.thumbnail(1) == given.thumbnail


def test_a_vector_without_an_image_is_an_exemplar_too(store, row):
    store.add(row(1, content=None, sha256=None, source=None, thumbnail=None))
    [found] = store.catalog.get([1])
    assert (found.content, found.sha256, found.source) == (None, None, None)
    assert store.catalog.thumbnail(1) is None
    assert store.damage() == []


def test_ids_are_consecutive_and_never_used_twice(store, row):
    assert store.add(row(1), row(2), row(3)) == [1, 2, 3]
    store.catalog.purge([3])
    assert store.add(row(4), row(5)) == [4, 5]
    store.catalog.purge([1, 2, 4, 5])
    assert store.reopened().add(row(6)) == [6]


@pytest.mark.parametrize("source", ["/a b/ü.png", "/new\nline/x.png", "/top.png", os.fsdecode(b"/bytes \xff/\xfe.png")])
def test_a_source_may_have_any_characters(store, row, source):
    store.add(row(1, source=source))
    assert store.catalog.sources([1, 99]) == {1: source}
    assert store.catalog.ids_of_source(source) == [1]
    assert store.damage() == []


def test_sources_below_a_root_are_found_by_folder(store, row):
    sources = ["/data/set/cat/1.png", "/data/set/cats/2.png", "/data/set/3.png", "/other/4.png"]
    store.add(*(row(i, source=source) for i, source in enumerate(sources)), root="/data/set")
    assert store.database.rows("select path from roots order by id") == [("/data/set",), ("/other",)]
    assert list(store.catalog.sources([1, 2, 3, 4]).values()) == sources
    assert store.catalog.ids_of_source("/data/set/cat") == [1]
    assert store.catalog.ids_of_source("/data") == [1, 2, 3]
    assert store.catalog.ids_of_source("/data/set/3.png") == [3]
    assert store.catalog.ids_of_source("/") == [1, 2, 3, 4]


def test_a_bad_row_adds_none_of_its_batch(store, row):
    for bad, error in [
        (row(2, label="a//b"), BadLabel),
        (row(2, vector=np.zeros(7, np.float32)), BadVector),
        (row(2, vector=np.zeros(8, np.float64)), BadVector),
        (row(2, trust=0.0), BadValue),
        (row(2, trust=float("nan")), BadValue),
    ]:
        with pytest.raises(error):
            store.add(row(1), bad)
    assert store.catalog.totals() == (0, 0, 0)
    assert store.names() == []


def test_an_unknown_id_changes_nothing(three):
    before = three.content()
    for edit in (
        three.strike,
        three.restore,
        lambda *ids: three.relabel("x", *ids),
        lambda *ids: three.reweigh(2, *ids),
    ):
        with pytest.raises(UnknownExemplar) as caught:
            edit(1, 99, 2, 98)
        assert caught.value.ids == [98, 99]
    assert three.content() == before
    assert three.names() == []


def test_a_withdrawn_exemplar_cannot_be_edited_by_hand(store, row):
    store.add(row(1))
    store.history.undo()
    with pytest.raises(UnknownExemplar):
        store.strike(1)
    assert store.history.can_redo()


@pytest.mark.parametrize("trust", [0, -1, 100.1, float("nan"), float("inf")])
def test_a_trust_outside_its_range_is_refused(three, trust):
    with pytest.raises(BadValue, match="trust"):
        three.reweigh(trust, 1)
    assert three.names() == []


def test_select_finds_by_label_and_everything_below(store, row):
    store.add(row(1, "cat"), row(2, "cat/tabby"), row(3, "cat!"), row(4, "cats"), row(5, "cat/tabby/old"))
    assert ids(store.catalog.select(label="cat")) == [1, 2, 5] == store.catalog.ids_under("cat")
    assert ids(store.catalog.select(label="cat/tabby")) == [2, 5]
    assert ids(store.catalog.select(label="nothing")) == [] == store.catalog.ids_under("nothing")


def test_select_by_state_leaves_withdrawn_ones_out_unless_asked(store, row):
    store.add(row(1), row(2))
    store.strike(1)
    store.add(row(3))
    store.history.undo()
    assert ids(store.catalog.select()) == [1, 2]
    assert ids(store.catalog.select(state="struck")) == [1]
    assert ids(store.catalog.select(state="active")) == [2]
    assert ids(store.catalog.select(state="withdrawn")) == [3]
    assert store.catalog.totals() == (2, 1, 1)
    assert store.catalog.counts() == {"cat": 1}


def test_select_joins_its_filters(store, row):
    store.add(row(1), row(2), row(3, "dog"))
    assert ids(store.catalog.select(label="cat", ids=[3, 2, 2])) == [2]
    with pytest.raises(UnknownExemplar):
        store.catalog.select(ids=[1, 99])


def test_a_withdrawn_exemplar_does_not_count_as_already_here(store, row):
    given = row(1)
    store.add(given)
    assert ids(store.catalog.by_content(given.content)) == [1]
    assert store.catalog.by_file(given.sha256) == [(1, "cat")]
    assert store.catalog.known_files() == {(given.sha256, "cat")}
    assert np.array_equal(store.catalog.vector_of_file(given.sha256), given.vector)
    store.history.undo()
    assert store.catalog.by_content(given.content) == []
    assert store.catalog.by_file(given.sha256) == []
    assert store.catalog.known_files() == set()
    assert store.catalog.vector_of_file(given.sha256) is None
    store.history.redo()
    assert ids(store.catalog.by_content(given.content)) == [1]


def test_a_snapshot_holds_every_row_in_the_order_of_ids(store, row):
    given = [row(1, "dog", group="g"), row(2, trust=2.0), row(3, content=None)]
    store.add(*given)
    store.strike(1)
    store.add(row(4))
    change = store.history.undo().change
    rows = store.catalog.snapshot_rows()
    assert rows.ids.tolist() == [1, 2, 3, 4]
    assert names(rows) == ["dog", "cat", "cat", "cat"]
    assert rows.active.tolist() == [False, True, True, False]
    assert rows.trust.tolist() == [1, 2, 1, 1]
    assert rows.content[0] == content_key(given[0].content) and rows.content[2] == 0
    assert rows.group.tolist() == [group_key("g"), 0, 0, 0]
    assert rows.twin[0] == vector_hash(given[0].vector)
    assert rows.change.tolist() == [change - 2, change - 3, change - 3, change]
    some = store.catalog.snapshot_rows([3, 1])
    assert some.ids.tolist() == [1, 3] and names(some) == ["dog", "cat"]


def test_all_rows_at_once_are_the_rows_one_by_one(store, row, monkeypatch):
    monkeypatch.setattr(bulk_read, "SLICE", 4)
    store.add(*(row(i, f"c{i % 3}", group=f"g{i}" if i % 2 else None) for i in range(1, 12)))
    store.add(row(50, "odd", content=None), row(51, trust=0.1 + 0.2))
    store.strike(3, 4)
    store.reweigh(0.7, 9)
    store.add(row(60))
    store.history.undo()
    store.catalog.purge([1, 6])
    whole = store.catalog.snapshot_rows()
    apart = store.catalog.snapshot_rows(whole.ids.tolist())
    assert whole.ids.tolist() == [2, 3, 4, 5, *range(7, 15)] and whole.labels == apart.labels
    for field in ("ids", "label", "active", "trust", "content", "group", "twin", "change"):
        one, other = getattr(whole, field), getattr(apart, field)
        assert np.array_equal(one, other) and one.dtype == other.dtype, field
    assert store.catalog.withdrawn_ids().tolist() == [14]


def test_a_snapshot_of_an_empty_memory_has_no_rows(store):
    rows = store.catalog.snapshot_rows()
    assert len(rows.ids) == 0 and rows.ids.dtype == np.int64 and rows.labels == ()
    assert store.catalog.vectors([]).shape == (0, 8)


def test_vectors_come_in_the_order_asked_for(store, row):
    given = [row(i) for i in range(1, 3001)]
    store.add(*given)
    wanted = np.array([3000, 1, 1, 1500])
    assert np.array_equal(store.catalog.vectors(wanted), np.stack([given[i - 1].vector for i in wanted]))
    with pytest.raises(UnknownExemplar):
        store.catalog.vectors([1, 4000])
    assert np.array_equal(store.catalog.vectors(np.arange(1, 3001)), np.stack([one.vector for one in given]))
    with pytest.raises(UnknownExemplar):
        store.catalog.vectors(np.arange(2, 3003))


def test_many_vectors_are_read_around_those_that_are_gone_and_a_cut_one_is_named(store, row):
    store.add(*(row(i) for i in range(1, 601)))
    store.catalog.purge([7, 300])
    left = store.catalog.snapshot_rows().ids
    assert store.catalog.vectors(left).shape == (598, 8)
    assert np.array_equal(store.catalog.vectors(left[::2]), np.stack([row(int(i)).vector for i in left[::2]]))
    store.database.execute("update vectors set vector = x'00' where id = 400")
    with pytest.raises(DamagedMemory, match="400"):
        store.catalog.vectors(left)


def test_an_edit_is_stamped_with_a_new_change_number_once_a_transaction(three):
    before = three.catalog.change()
    three.strike(1, 2)
    assert three.catalog.change() == before + 1
    three.strike(1, 2)
    assert three.catalog.change() == before + 1
    assert three.catalog.snapshot_rows().change.tolist() == [before + 1, before + 1, before]


class Connected:
    """A database that answers as it was set up, without the checks of the store."""

    def __init__(self, encoding):
        self._connection = apsw.Connection(":memory:")
        self._connection.execute(
            f"pragma encoding = '{encoding}'; create table vectors (id integer primary key, vector)"
        )

    def put(self, rows):
        self._connection.executemany("insert into vectors values (?, ?)", rows)

    def one(self, sql, params):
        return self._connection.execute(sql, params).fetchone()


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16le"])
def test_vectors_read_at_once_have_the_bytes_that_were_written(encoding):
    """Half of them are zeros, marks of an encoding and pieces of characters, which as text would be changed."""
    n, dim = 600, 8
    written = np.random.default_rng(0).integers(0, 256, (n, 4 * dim), np.uint8)
    written[: n // 2] = np.resize([0, 0, 0xEF, 0xBB, 0xBF, 0xFF, 0xFE, 0xC3, 0xED, 0xA0, 0x80], (n // 2, 4 * dim))
    database = Connected(encoding)
    database.put([(i + 1, row.tobytes()) for i, row in enumerate(written)])
    read = bulk_read.vectors_between(database, np.arange(1, n + 1), dim)
    if encoding == "UTF-8":
        assert read is not None and read.tobytes() == written.tobytes()
    else:
        assert read is None, "they are read one by one"


def test_equal_vectors_are_twins(store, row):
    store.add(row(1), row(2, vector=row(1).vector))
    twin = store.catalog.snapshot_rows().twin
    assert twin[0] == twin[1]


def test_relinked_sources_are_no_step_of_the_history(three):
    steps = three.names()
    with three.history.step("relink") as writer:
        three.catalog.relink(writer, {1: "/new/place/1.png", 2: "/new/2.png"}, root="/new")
    assert three.catalog.sources([1, 2, 3]) == {1: "/new/place/1.png", 2: "/new/2.png", 3: "/images/dog/3.png"}
    assert three.names() == steps
    assert three.database.rows("select path from roots order by path") == [("/images/dog",), ("/new",)]
    assert three.damage() == []


def test_a_derived_trust_counts_until_one_is_set_by_hand(three):
    with three.history.step("tune") as writer:
        three.catalog.set_field(writer, [1, 2], field="derived", value=0.3)
    three.reweigh(1.0, 1)
    assert [exemplar.trust for exemplar in three.catalog.get([1, 2, 3])] == [1.0, 0.3, 1.0]
    assert three.names() == ["Set the trust of 1 exemplar to 1", "Tune the trust of 2 exemplars"]
    assert three.history.undo().reweighed == (1,)
    assert [exemplar.trust for exemplar in three.catalog.get([1, 2])] == [0.3, 0.3]


def test_one_edit_looks_at_no_other_row(store, row):
    """Speed at any size: no statement of an edit, an undo or a redo steps through a table."""
    store.add(*(row(i, f"c{i % 5}") for i in range(500)))
    edits = [
        lambda: store.strike(7),
        lambda: store.relabel("c3", 8),
        lambda: store.reweigh(0.5, 9),
        store.history.undo,
        store.history.redo,
        store.history.can_undo,
        lambda: store.add(row(1000)),
    ]
    connection, scans = store.database._connection, []

    def watch(event):
        if event["stmt_status"]["SQLITE_STMTSTATUS_FULLSCAN_STEP"] > 1:
            scans.append(event["sql"])

    import apsw

    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, watch)
    for edit in edits:
        edit()
    assert scans == []
    connection.execute("select max(note) from exemplars").fetchall()
    assert scans == ["select max(note) from exemplars"]  # the control


def test_a_class_can_move_below_itself_beside_one_that_is_there(store, row):
    store.add(row(1, "cat/tabby"), row(2, "cat"), row(3, "cat/tabby"))
    with store.history.step("rename") as writer:
        store.catalog.rename(writer, "cat", "cat/tabby")
    assert [e.label for e in store.catalog.select()] == ["cat/tabby/tabby", "cat/tabby", "cat/tabby/tabby"]


@pytest.mark.parametrize("far", [2**63, -(2**63) - 1, 2**70])
def test_an_id_beyond_all_numbers_of_the_database_is_unknown(store, row, far):
    store.add(row(1))
    for use in (store.catalog.get, lambda ids: store.catalog.select(ids=ids)):
        with pytest.raises(UnknownExemplar):
            use([1, far])
