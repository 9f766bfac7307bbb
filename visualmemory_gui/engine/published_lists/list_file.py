"""Reading neighbour lists from a file of any size, one record at a time.

A file is one JSON object (query -> record), one JSON list of records, or one record per line (JSONL). Records without a
key are named by their ``image_id``, else by their place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.files.regular_file import Irregular, open_regular

CHUNK = 4_000_000  # characters
LONGEST = 64_000_000
"""Characters of one record, above which it cannot be a neighbour list."""


def records(path: str | Path) -> Iterator[tuple[str, Any]]:
    """(query, record) of each list in the order of the file; a record is any JSON value. Raises BadValue."""
    try:
        with TextIOWrapper(open_regular(path), encoding="utf-8-sig") as file:
            yield from _records(_Text(file, str(path)))
    except Irregular as error:
        raise BadValue(f"{path} is {error}, not a file of neighbour lists") from None
    except OSError as error:
        raise BadValue(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadValue(f"{path} is not a JSON file: it is not UTF-8 text") from None


def _records(text: _Text) -> Iterator[tuple[str, Any]]:
    first = text.peek()
    if first == "[":
        text.expect("[")
        yield from _named(_elements(text))
    elif first == "{" and text.maps_to_objects():
        text.expect("{")
        yield from _entries(text)
    elif first == "{":
        yield from _named(_lines(text))
    else:
        raise text.refuse()


def _entries(text: _Text) -> Iterator[tuple[str, Any]]:
    if text.peek() != "}":
        while True:
            key = text.value()
            if not isinstance(key, str):
                raise text.refuse()
            text.expect(":")
            yield key, text.value()
            if text.peek() != ",":
                break
            text.expect(",")
    text.expect("}")
    text.end()


def _elements(text: _Text) -> Iterator[Any]:
    if text.peek() != "]":
        while True:
            yield text.value()
            if text.peek() != ",":
                break
            text.expect(",")
    text.expect("]")
    text.end()


def _lines(text: _Text) -> Iterator[Any]:
    while text.peek():
        yield text.value()


def _named(values: Iterator[Any]) -> Iterator[tuple[str, Any]]:
    for place, value in enumerate(values, 1):
        name = value.get("image_id") if isinstance(value, dict) else None
        yield str(name if isinstance(name, str | int) else place), value


class _Text:
    """The part of a file that is being parsed; parsed text is released."""

    def __init__(self, file: TextIO, name: str) -> None:
        self._file, self._name = file, name
        self._text, self._at = "", 0
        self._held: int | None = None  # where to go back to
        self._decoder = json.JSONDecoder()

    def peek(self) -> str:
        """The next character that is not a space; empty at the end."""
        while True:
            rest = len(self._text)
            while self._at < rest and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < rest:
                return self._text[self._at]
            if not self._more():
                return ""

    def expect(self, character: str) -> None:
        if self.peek() != character:
            raise self.refuse()
        self._at += 1

    def value(self) -> Any:
        """The next JSON value."""
        self.peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                raise self.refuse() from None
            except ValueError:
                if len(self._text) - self._at > LONGEST or not self._more():
                    raise self.refuse() from None
                continue
            self._at = end
            return found

    def maps_to_objects(self) -> bool:
        """Whether the object that begins here, at the start of the file, holds objects and is not itself a record.

        True for an empty one. Consumes nothing.
        """
        self._held = self._at
        try:
            self.expect("{")
            if self.peek() == "}":
                return True
            self.value()
            self.expect(":")
            return self.peek() == "{"
        finally:
            self._at, self._held = self._held, None

    def end(self) -> None:
        if self.peek():
            raise self.refuse()

    def refuse(self) -> BadValue:
        return BadValue(f"{self._name} is not a JSON file of neighbour lists")

    def _more(self) -> bool:
        chunk = self._file.read(CHUNK)
        cut = self._at if self._held is None else self._held
        self._text, self._at = self._text[cut:] + chunk, self._at - cut
        self._held = None if self._held is None else 0
        return bool(chunk)
