from __future__ import annotations

from pathlib import Path

import numpy as np

SECRET = "a label that nobody else has"


def every_byte(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_purged_exemplars_are_in_no_table(three, row):
    three.strike(1, 2)
    three.relabel("x", 1)
    change = three.catalog.change()
    purged = three.catalog.purge([1, 2, 77])
    assert (purged.ids, purged.change) == ((1, 2), change + 1)
    for table, column in [("exemplars", "id"), ("vectors", "id"), ("thumbnails", "id"), ("entries", "exemplar")]:
        assert three.database.rows(f"select 1 from {table} where {column} in (1, 2)") == []
    assert three.catalog.totals() == (1, 1, 0)
    assert three.damage() == []


def test_purging_again_does_nothing(three):
    three.catalog.purge([1])
    again = three.catalog.purge([1])
    assert (again.ids, again.copies, again.change) == ((), (), three.catalog.change())


def test_a_step_left_empty_goes_and_the_others_still_undo(three):
    three.strike(1)
    three.relabel("x", 1, 2)
    three.strike(1, 2)
    three.catalog.purge([1])
    assert three.names() == ["Strike out 1 exemplar", "Relabel 1 exemplar to x"]
    assert three.history.undo().restored == (2,)
    assert three.history.undo().relabelled == (2,)
    assert three.history.undo().edit is None
    assert [(e.id, e.label, e.state) for e in three.catalog.select()] == [(2, "cat", "active"), (3, "dog", "active")]


def test_labels_and_roots_of_nobody_go(three, row):
    [secret] = three.add(row(9, SECRET, source="/home/secret/9.png"))
    three.relabel("cat", secret)
    three.catalog.purge([secret])
    assert three.database.rows("select path from labels order by path") == [("cat",), ("dog",)]
    assert three.database.rows("select path from roots where path like '%secret%'") == []


def test_a_label_the_history_of_another_needs_stays(three):
    three.relabel("cat", 3)
    three.catalog.purge([1])
    three.history.undo()
    assert three.catalog.get([3])[0].label == "dog"


def test_a_copy_goes_when_its_last_user_does(store, row):
    one = row(1, copy=".png")
    store.add(one, row(2, sha256=one.sha256, copy=".png"), row(3, sha256=one.sha256), row(4, copy=".jpg"))
    assert store.catalog.purge([1, 3]).copies == ()
    assert store.catalog.purge([2]).copies == ((one.sha256, ".png"),)
    assert store.catalog.purge([4]).copies == ((row(4).sha256, ".jpg"),)


def test_recent_queries_of_the_same_content_go(three, row):
    from visualmemory_gui.engine.store.queries import RecentQueries

    queries = RecentQueries(three.database)
    queries.add("/q/1.png", row(1).content)
    queries.add("/q/5.png", row(5).content)
    three.catalog.purge([1])
    assert [query.source for query in queries.recent()] == ["/q/5.png"]


def test_an_import_that_goes_on_survives_the_purge_of_all_it_added(store, row):
    number = store.history.open_import(2)
    with store.history.joining(number) as writer:
        [first] = store.catalog.add(writer, [row(1)])
    store.catalog.purge([first])
    with store.history.joining(number) as writer:
        store.catalog.add(writer, [row(2)])
    assert store.history.finish_import(number).edit == "Add 1 exemplar"


def test_no_byte_of_a_purged_exemplar_is_left_in_any_file(store, row):
    rng = np.random.default_rng(0)
    secret = row(
        50, SECRET, source="/home/someone/hidden.png", thumbnail=rng.bytes(9000), group="the group", note="note!"
    )
    store.add(*(row(i) for i in range(40)))
    [purged] = store.add(secret)
    store.add(*(row(i) for i in range(60, 100)))
    store.relabel("cat", purged)
    store.strike(purged)
    needles = [
        secret.vector.tobytes(),
        bytes.fromhex(secret.content),
        bytes.fromhex(secret.sha256),
        SECRET.encode(),
        b"hidden.png",
        b"/home/someone",
        b"the group",
        b"note!",
    ]
    store.database.checkpoint()
    there = every_byte(store.database.folder)
    pieces = [secret.thumbnail[i : i + 24] for i in range(0, 8900, 100)]
    needles += [piece for piece in pieces if piece in there]  # all but those across the border of two pages
    assert len(needles) > 90
    assert all(needle in there for needle in needles)  # the control
    store.catalog.purge([purged])
    assert store.database.checkpoint() == (0, 0, 0)
    left = every_byte(store.database.folder)
    assert [needle for needle in needles if needle in left] == []


def test_without_secure_delete_bytes_would_be_left(store, row):
    """The control of the test above."""
    store.database.execute("pragma secure_delete=off")
    [purged] = store.add(row(1, SECRET))
    store.add(row(2))
    store.catalog.purge([purged])
    store.database.checkpoint()
    assert SECRET.encode() in every_byte(store.database.folder)
