"""The watch set: queries with their expected label, whose decisions are followed across edits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from visualmemory_gui.engine.store import labels
from visualmemory_gui.engine.store.database import Database
from visualmemory_gui.engine.store.kept_images import KeptImage, NewKeptImage, columns, kept
from visualmemory_gui.engine.store.sealed_table import WATCH


@dataclass(frozen=True, slots=True)
class Watched:
    """An image and the ``expected`` label of its decision."""

    image: KeptImage
    expected: str


class Watch:
    """The watched images on disk. A renamed class is expected under its new name; see ``follow_rename``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __len__(self) -> int:
        return int(self._database.one("select count(*) from watch")[0])

    def add(self, new: Sequence[tuple[NewKeptImage, str]]) -> list[int]:
        """Watch images; one whose content is watched already gets the new label. Raises BadLabel."""
        cleaned = [(image, labels.clean(expected)) for image, expected in new]
        with self._database.atomic():
            return [self._put(image, labels.number_of(self._database, label)) for image, label in cleaned]

    def _put(self, image: NewKeptImage, label_id: int) -> int:
        there = WATCH.rewrite(self._database, "content = ?", (bytes.fromhex(image.content),), label_id=label_id)
        [key] = there or WATCH.insert_new(self._database, [image.columns(label_id)])
        return int(key[0])

    def all(self) -> list[Watched]:
        """All of them, in the order they were added."""
        wanted = columns(self._database, "watch")
        sql = f"select {wanted}, l.path from watch join labels l on l.id = label_id order by watch.id"
        found = self._database.rows(sql)
        images = kept(self._database, [row[:-1] for row in found])
        return [Watched(image, row[-1]) for image, row in zip(images, found, strict=True)]

    def remove(self, ids: Iterable[int]) -> None:
        with self._database.atomic():
            WATCH.delete(self._database, "id = ?", [(int(i),) for i in ids])
            labels.drop_unused(self._database)

    def clear(self) -> None:
        with self._database.atomic():
            WATCH.delete(self._database, "true")
            labels.drop_unused(self._database)
