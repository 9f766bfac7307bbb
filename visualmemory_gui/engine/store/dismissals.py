"""What a person judged correct in a review: it is not shown again until its labels change."""

from __future__ import annotations

from collections.abc import Iterable

from visualmemory_gui.engine.store.checksum import hash64
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.sealed_table import KEPT

Judged = tuple[int, int]  # an exemplar and the other one of a pair; 0 where there is none


class Kept:
    """Judgements, each of one ``kind`` ("label", "pair"). Those of a forgotten exemplar are erased with it.

    ``seen`` is what was judged, in words (a label, or both labels): a judgement holds for these words only. Only their
    hash is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, kind: str, judged: Iterable[tuple[Judged, str]]) -> None:
        """Remember (exemplar and other, seen) as checked and correct."""
        rows = [(kind, exemplar, other or None, _hashed(seen)) for (exemplar, other), seen in judged]
        with self._database.atomic():
            self._drop(kind, [(exemplar, other or 0) for _, exemplar, other, _ in rows])
            KEPT.insert(self._database, rows)

    def drop(self, kind: str, judged: Iterable[Judged]) -> None:
        """Take judgements back."""
        with self._database.atomic():
            self._drop(kind, judged)

    def all(self, kind: str) -> dict[Judged, int]:
        """What was judged, mapped to the hash of what was seen; compare it with ``holds``."""
        sql = "select exemplar, coalesce(other, 0), seen from kept where kind = ?"
        return {(row[0], row[1]): row[2] for row in self._database.rows(sql, (kind,))}

    def _drop(self, kind: str, judged: Iterable[Judged]) -> None:
        where = "kind = ? and exemplar = ? and coalesce(other, 0) = ?"
        KEPT.delete(self._database, where, [(kind, *pair) for pair in judged])


def holds(found: dict[Judged, int], judged: Judged, seen: str) -> bool:
    """Whether ``judged`` was judged when it looked like ``seen``; ``found`` comes from ``Kept.all``."""
    return found.get(judged) == _hashed(seen)


def _hashed(seen: str) -> int:
    return hash64(seen.encode())
