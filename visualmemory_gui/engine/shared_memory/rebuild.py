"""Rebuilding the collections of a shared memory: a copy of all rows, after which the old collections are dropped."""

from __future__ import annotations

from collections.abc import Callable

from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.shared_memory.push import ThumbnailTally, verify
from visualmemory_gui.engine.shared_memory.shared_collections import Bases
from visualmemory_gui.engine.shared_memory.shared_store import SharedStore
from visualmemory_gui.engine.store.checksum import added


def rebuild(store: SharedStore, base: str, *, still_ours: Callable[[], object], report: Report) -> None:
    """Copy the collections to ``base`` without what is forgotten, compare, and have the copy count, in ``store`` too.

    At every moment either the old or the new ones are whole and count; ``drop_other`` removes what a rebuild that was
    cut short leaves. ``still_ours`` raises where the lease was lost. Raises ServerError.
    """
    drop_other(store)
    store.put_bases(Bases(store.base, other=base))
    copy = store.at(base)
    copy.create_collections(graph=store.graph)
    copy.write_labels(store.labels())
    count, digest, thumbnails = 0, 0, ThumbnailTally()
    total = store.count()
    for rows in store.pages():
        still_ours()
        report(count, total, "rebuilding")
        jpegs = store.thumbnails([row.id for row in rows], read="strong")
        for exemplar, jpeg in jpegs.items():
            thumbnails.add(exemplar, jpeg)
        copy.write_thumbnails(jpegs)
        copy.write(rows)
        count, digest = count + len(rows), added(digest, *(row.checksum for row in rows))
    copy.flush()
    verify(copy, count, digest, thumbnails, then="the next opening for editing copies them again", report=report)
    still_ours()
    store.put_bases(Bases(base, other=store.base))
    drop_other(store)


def drop_other(store: SharedStore) -> None:
    """Drop the collections that do not count: a copy that was cut short, or the old ones after it."""
    bases = store.bases()
    if bases.other is not None:
        store.at(bases.other).drop_collections()
        store.put_bases(Bases(bases.now))
