"""The tables and indexes of a memory, as each format wrote them."""

from __future__ import annotations

# An edit touches `exemplars` alone: vectors and thumbnails are never rewritten. `checksum` is over all columns of its
# row; in `exemplars` with the label and the source spelled out. `tables` holds the count and digest of each of the
# other sealed tables as JSON; `count` and `digest` are those of `exemplars`. See ``ledger``.
META = """create table meta (
        id integer primary key check (id = 1),
        encoder text not null, dim integer not null, weights_sha256 text not null, preprocess text not null,
        change integer not null, count integer not null, digest integer not null, tables text not null,
        checksum integer not null) strict"""

META_BEFORE_3 = """create table meta (
        id integer primary key check (id = 1),
        encoder text not null, dim integer not null, weights_sha256 text not null, preprocess text not null,
        change integer not null, count integer not null, digest integer not null,
        checksum integer not null) strict"""

SINCE_FORMAT_1 = (
    """create table labels (
        id integer primary key, path text not null unique, checksum integer not null) strict""",
    """create table roots (
        id integer primary key, path any not null unique) strict""",
    """create table exemplars (
        id integer primary key autoincrement,
        label_id integer not null references labels(id),
        root_id integer references roots(id), source any,
        sha256 blob, content blob, grp text,
        width integer not null, height integer not null, copy text,
        struck integer not null, withdrawn integer not null,
        trust real, derived real,
        note text not null, added real not null,
        vector_hash integer not null, thumbnail_hash integer,
        change integer not null, checksum integer not null) strict""",
    "create index exemplars_label on exemplars(label_id, withdrawn, struck)",
    "create index exemplars_root on exemplars(root_id) where root_id is not null",
    "create index exemplars_sha256 on exemplars(sha256) where sha256 is not null",
    "create index exemplars_content on exemplars(content) where content is not null",
    "create index exemplars_withdrawn on exemplars(id) where withdrawn",
    "create table vectors (id integer primary key references exemplars(id), vector blob not null) strict",
    "create table thumbnails (id integer primary key references exemplars(id), jpeg blob not null) strict",
    """create table steps (
        number integer primary key autoincrement,
        kind text not null,
        state text not null check (state in ('open', 'done', 'undone', 'abandoned')),
        position integer not null, time real not null, touched real not null,
        total integer, checksum integer not null) strict""",
    "create index steps_state on steps(state, position)",
    """create table entries (
        step integer not null references steps(number),
        exemplar integer not null references exemplars(id),
        field text not null, before any, after any, checksum integer not null,
        primary key (step, exemplar, field)) strict, without rowid""",
    "create index entries_exemplar on entries(exemplar)",
    "create index entries_label_before on entries(before) where field = 'label'",
    "create index entries_label_after on entries(after) where field = 'label'",
    """create table settings (
        name text primary key, value text not null, checksum integer not null) strict, without rowid""",
    """create table derived (
        name text primary key, json text not null, change integer not null, checksum integer not null) strict""",
    """create table queries (
        id integer primary key autoincrement,
        source any, content blob not null unique, sha256 blob, thumbnail blob, vector blob,
        time real not null, checksum integer not null) strict""",
)

SINCE_FORMAT_2 = (
    """create table queue (
        id integer primary key autoincrement,
        source any, content blob not null unique, sha256 blob, thumbnail blob, vector blob not null,
        time real not null, width integer not null, height integer not null, suffix text not null,
        checksum integer not null) strict""",
    """create table watch (
        id integer primary key autoincrement,
        source any, content blob not null unique, sha256 blob, thumbnail blob, vector blob not null,
        time real not null, label_id integer not null references labels(id), checksum integer not null) strict""",
    "create index watch_label on watch(label_id)",
    """create table tags (
        name text primary key, step integer, position integer not null, change integer not null,
        time real not null, checksum integer not null) strict, without rowid""",
    """create table kept (
        id integer primary key, kind text not null,
        exemplar integer not null references exemplars(id) on delete cascade,
        other integer references exemplars(id) on delete cascade,
        seen integer not null, checksum integer not null) strict""",
    "create index kept_exemplar on kept(exemplar)",
    "create index kept_other on kept(other) where other is not null",
    """create table keys (
        digit integer primary key check (digit between 1 and 9),
        label_id integer not null unique references labels(id) on delete cascade, checksum integer not null) strict""",
)

# The first memories of format 1 had it; nothing reads it, and the migration to format 3 drops it.
INDEX_OF_OLD = "create index exemplars_change on exemplars(change)"


# What tells that an image is a part of another: its box as x,y,w,h, and the content id of the whole.
PART = ("box", "original")
WITH_PARTS = ("exemplars", "queries", "queue", "watch")
_PART_SQL = ("box text", "original blob")
_PART_INDEXES = tuple(f"create index {t}_original on {t}(original) where original is not null" for t in WITH_PARTS)
SINCE_FORMAT_4 = (
    *(f"alter table {table} add column {column}" for table in WITH_PARTS for column in _PART_SQL),
    *_PART_INDEXES,
)

# What reduces the vectors, where they are reduced: the bytes whose hash `meta.preprocess` ends with.
PROJECTION = "create table projection (id integer primary key check (id = 1), numbers blob not null) strict"
SINCE_FORMAT_5 = (PROJECTION,)


def statements(version: int) -> tuple[str, ...]:
    """The SQL that makes an empty database of format ``version``, from 1."""
    meta = META if version >= 3 else META_BEFORE_3
    since = (meta, *SINCE_FORMAT_1, *(SINCE_FORMAT_2 if version >= 2 else ()))
    if version < 4:
        return since
    return (*map(_with_parts, since), *_PART_INDEXES, *(SINCE_FORMAT_5 if version >= 5 else ()))


def _with_parts(statement: str) -> str:
    """``statement`` as SQLite keeps it once the columns of parts were added to the table."""
    if statement.split()[:3] not in [["create", "table", table] for table in WITH_PARTS]:
        return statement
    return statement.replace(") strict", f", {', '.join(_PART_SQL)}) strict")
