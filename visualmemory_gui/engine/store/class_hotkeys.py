"""The digit keys that a person assigned to classes: 1 to 9, each to one class at most."""

from __future__ import annotations

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.sealed_table import KEYS, WATCH
from visualmemory_gui.engine.store.writer import Record

DIGITS = range(1, 10)


class ClassHotkeys:
    """The digits 1 to 9 that label with a class, as the memory keeps them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[int, str]:
        """Digit to label, by digit."""
        sql = "select k.digit, l.path from keys k join labels l on l.id = k.label_id order by k.digit"
        return dict(self._database.rows(sql))

    def give(self, digit: int, label: str) -> None:
        """Assign ``digit`` to ``label``, which loses any digit it had before. Raises BadValue, BadLabel."""
        if digit not in DIGITS:
            raise BadValue(f"the key of a class must be a digit from 1 to 9, not {digit}")
        path = labels.clean(label)
        with self._database.atomic():
            number = labels.number_of(self._database, path)
            KEYS.delete(self._database, "digit = ? or label_id = ?", [(digit, number)])
            KEYS.insert(self._database, [(digit, number)])

    def take(self, label: str) -> None:
        """Take its digit away from ``label``."""
        with self._database.atomic():
            KEYS.delete(self._database, "label_id = (select id from labels where path = ?)", [(labels.tidy(label),)])
            labels.drop_unused(self._database)


def follow_rename(database: Database, records: list[Record]) -> None:
    """Pass the key and the watched expectations of a class on to the class that took its last exemplar.

    So they follow a rename, and come back when it is undone.
    """
    moves = sorted({(int(r.before or 0), int(r.after or 0)) for r in records if r.field == "label"})
    for before, after in moves:
        if database.maybe("select 1 from exemplars where label_id = ? and not withdrawn limit 1", (before,)) is None:
            pass_on(database, before, after)


def pass_on(database: Database, before: int, after: int) -> None:
    """Give the label of the number ``after`` the key and the watched expectations of another."""
    WATCH.rewrite(database, "label_id = ?", (before,), label_id=after)
    if database.maybe("select 1 from keys where label_id = ?", (before,)):
        KEYS.delete(database, "label_id = ?", [(after,)])
        KEYS.rewrite(database, "label_id = ?", (before,), label_id=after)
