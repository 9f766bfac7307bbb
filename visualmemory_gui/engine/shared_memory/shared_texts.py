"""What is known of a shared memory, by name, in its collection ``NAME_meta``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from visualmemory_gui.engine.errors import DamagedMemory
from visualmemory_gui.engine.shared_memory.server import LONGEST_TEXT, Read, RowCondition, Server
from visualmemory_gui.engine.shared_memory.shared_collections import NOTHING
from visualmemory_gui.engine.shared_memory.shared_row import AGAIN
from visualmemory_gui.engine.store.checksum import hash64

PARTS = "parts of a long text"
MOST_PARTS = 1_000


class SharedTexts:
    """Values that JSON can hold, of the memory ``collection`` on ``server``."""

    def __init__(self, server: Server, collection: str) -> None:
        self.server = server
        self.collection = collection
        self._known: dict[str, str] | None = None

    def get(self, name: str, *, read: Read = "strong") -> Any:
        """What is kept under ``name``, None for nothing. Raises DamagedMemory."""
        text = self._texts([name], read).get(name)
        try:
            found = None if text is None else json.loads(text)
            if isinstance(found, dict) and PARTS in found:
                found = json.loads(self._joined(name, found, read))
            return found
        except (ValueError, TypeError, KeyError, RecursionError):
            raise self._unreadable(name) from None

    def number(self, name: str, *, read: Read = "strong") -> int | None:
        """The whole number that is kept under ``name``, None for nothing. Raises DamagedMemory."""
        found = self.get(name, read=read)
        if found is not None and type(found) is not int:
            raise self._unreadable(name)
        return found

    def keep_texts(self) -> None:
        """Read all of them at once: until ``drop_texts`` each is given as it is now, or as this client writes it then.
        A strong read takes a fifth of a second or more."""
        found = self.server.query(self._meta, [], ["name", "value"], read="strong")
        self._known = {str(row["name"]): str(row["value"]) for row in found}

    def drop_texts(self) -> None:
        """Ask the server for each again."""
        self._known = None

    def _unreadable(self, name: str) -> DamagedMemory:
        return DamagedMemory(f"{name} of the shared memory {self.collection} cannot be read. {AGAIN}")

    def put(self, name: str, value: object) -> None:
        """Keep ``value``, which JSON can hold, under ``name``: in parts where it is longer than a text may be."""
        text = json.dumps(value)
        if len(text) > LONGEST_TEXT:
            parts = [text[start : start + LONGEST_TEXT] for start in range(0, len(text), LONGEST_TEXT)]
            self._write_texts({_part(name, number): part for number, part in enumerate(parts)})
            text = json.dumps({PARTS: len(parts), "digest": hash64(text.encode())})
        self._write_texts({name: text})

    def clear(self, name: str) -> None:
        """Keep None under ``name``, and nothing in the parts of a long text. Cut short, it can be repeated."""
        try:
            found = json.loads(self._texts([name], "strong").get(name, "null"))
            parts = _part_names(name, found) if isinstance(found, dict) and PARTS in found else []
        except (ValueError, TypeError, RecursionError):
            parts = []
        self._write_texts(dict.fromkeys(parts, ""))
        self.put(name, None)

    def _joined(self, name: str, found: dict[str, Any], read: Read) -> str:
        """The parts of a long text. Raises KeyError, ValueError where they are not those that were written together."""
        names = _part_names(name, found)
        texts = self._texts(names, read)
        text = "".join(texts[one] for one in names)
        if hash64(text.encode()) != found["digest"]:
            raise ValueError(name)
        return text

    def _texts(self, names: Sequence[str], read: Read) -> dict[str, str]:
        if self._known is not None:
            return {name: self._known[name] for name in names if name in self._known}
        where = [RowCondition("name", "in", tuple(names))]
        found = self.server.query(self._meta, where, ["name", "value"], read=read)
        return {str(row["name"]): str(row["value"]) for row in found}

    def _write_texts(self, texts: Mapping[str, str]) -> None:
        if self._known is not None:
            self._known.update(texts)
        for name, text in texts.items():
            self.server.upsert(self._meta, [{"name": name, "value": text, "dummy": NOTHING}])

    @property
    def _meta(self) -> str:
        return f"{self.collection}_meta"


def _part(name: str, number: int) -> str:
    return f"{name}/{number}"


def _part_names(name: str, found: Mapping[str, Any]) -> list[str]:
    return [_part(name, number) for number in range(min(int(found[PARTS]), MOST_PARTS))]
