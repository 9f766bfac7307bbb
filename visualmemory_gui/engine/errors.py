"""The error tree. Every message says what happened and, where something can be done, what to do.

VisualMemoryError
├── MemoryFolderError     the folder is no memory, or cannot be used as one
│   ├── NotAMemory
│   ├── MemoryExists
│   ├── NewerFormat       written by a newer version of the product
│   ├── DamagedMemory     the database cannot be trusted: file and reason are named
│   ├── MemoryLocked      another process is editing it: who is named
│   ├── ReadOnlyMemory    an edit on a memory opened for reading
│   └── StorageError      disk full, no permission, input/output error
│       ├── NetworkMemory a memory on a network file system
│       └── MemoryGone    the folder of an open memory is not there any more
├── BadImage              an image that cannot be used, with the reason
 ├── BadValue              a value a user gave that cannot be used
 │   ├── BadVector         a vector that no index may see
 │   └── BadLabel          a label that is no path of names
 ├── TagsAhead             an edit that would drop tagged states, which were undone
├── UnknownExemplar       an id that is not in the memory
├── EncoderError          an encoder that is unknown, not here, or not this memory's
│   └── EncoderMismatch
├── ExchangeError         an export target or an import source that cannot be used
└── Cancelled             the user stopped a task: what was committed is kept
"""

from __future__ import annotations

from collections.abc import Sequence


class VisualMemoryError(Exception):
    """Root of all errors that are told to the user in words."""


class MemoryFolderError(VisualMemoryError):
    pass


class NotAMemory(MemoryFolderError):
    pass


class MemoryExists(MemoryFolderError):
    pass


class NewerFormat(MemoryFolderError):
    pass


class DamagedMemory(MemoryFolderError):
    pass


class MemoryLocked(MemoryFolderError):
    pass


class ReadOnlyMemory(MemoryFolderError):
    pass


class StorageError(MemoryFolderError):
    pass


class NetworkMemory(StorageError):
    pass


class MemoryGone(StorageError):
    pass


class BadImage(VisualMemoryError):
    """``path`` names the image (or says "image" for one without a file); ``reason`` is one sentence."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class BadValue(VisualMemoryError):
    pass


class BadVector(BadValue):
    pass


class BadLabel(BadValue):
    pass


class TagsAhead(VisualMemoryError):
    """An edit was refused, since it would drop states that were undone and have ``names``."""

    def __init__(self, names: Sequence[str]) -> None:
        shown = ", ".join(f"“{name}”" for name in names)
        states = "a state that was" if len(names) == 1 else "states that were"
        super().__init__(
            f"{shown} {'names' if len(names) == 1 else 'name'} {states} undone, which this edit would drop. "
            "Nothing was changed. Redo until there before you edit, or remove the tag."
        )
        self.names = tuple(names)


class UnknownExemplar(VisualMemoryError):
    """``ids`` are those that are not in the memory."""

    def __init__(self, ids: list[int]) -> None:
        shown = ", ".join(str(i) for i in ids[:5]) + (", …" if len(ids) > 5 else "")
        super().__init__(f"no exemplar with id {shown} in this memory")
        self.ids = ids


class EncoderError(VisualMemoryError):
    pass


class EncoderMismatch(EncoderError):
    pass


class ExchangeError(VisualMemoryError):
    pass


class Cancelled(VisualMemoryError):
    """Raised out of ``report`` when the user stopped a task; work already committed stays."""

    def __init__(self, message: str = "stopped") -> None:
        super().__init__(message)
