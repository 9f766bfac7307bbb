"""The error tree. Every message says what happened and, where something can be done, what to do.

VisualMemoryError
├── MemoryFolderError     the folder is not a memory, or cannot be used as one
│   ├── NotAMemory
│   ├── MemoryExists
│   ├── NewerFormat       written by a newer version of the product
│   ├── DamagedMemory     the database cannot be trusted; the message names file and reason
│   ├── MemoryLocked      another process is editing it; the message names that process
│   ├── ReadOnlyMemory    an edit on a memory opened for reading
│   └── StorageError      disk full, no permission, input/output error
│       ├── NetworkMemory a memory on a network file system
│       ├── MemoryGone    the folder of an open memory no longer exists
│       └── ServerError   the server of a shared memory does not answer, or refuses
├── BadImage              an image that cannot be used, with the reason
├── BadValue              a value a user gave that cannot be used
│   ├── BadVector         a vector that no index may see
│   └── BadLabel          a label that is not a path of names
├── UnknownExemplar       an id that is not in the memory
├── EncoderError          an encoder that is unknown, not installed, or not this memory's
│   └── EncoderMismatch
├── EndpointError         an endpoint that did not answer, or whose answer cannot be used
├── DeviceError           a GPU without room, or one that stopped working
├── PluginError           an encoder or a voting rule of an installed package that cannot be used
├── ExchangeError         an export target or an import source that cannot be used
└── Cancelled             the user stopped a task; what was committed is kept
"""

from __future__ import annotations

from typing import Literal

DeviceReason = Literal["memory", "room", "lost", "absent"]
"""Why a device does not compute: no memory left, no room for all vectors, it stopped working, or it is not here."""


class VisualMemoryError(Exception):
    """Root of all errors whose message is shown to the user."""


class MemoryFolderError(VisualMemoryError):
    """The folder is not a memory, or cannot be used as one."""


class NotAMemory(MemoryFolderError):
    """The folder holds no memory."""


class MemoryExists(MemoryFolderError):
    """A memory cannot be made here: the place is taken."""


class NewerFormat(MemoryFolderError):
    """The memory was written by a newer version of the product."""


class DamagedMemory(MemoryFolderError):
    """The database cannot be trusted; the message names the file and the reason."""


class MemoryLocked(MemoryFolderError):
    """Another process is editing the memory; the message names it."""


class ReadOnlyMemory(MemoryFolderError):
    """An edit was tried on a memory opened for reading."""


class StorageError(MemoryFolderError):
    """The disk is full, permission is missing, or reading or writing failed."""


class NetworkMemory(StorageError):
    """The memory lies on a network file system."""


class MemoryGone(StorageError):
    """The folder of an open memory no longer exists."""


class ServerError(StorageError):
    """The server of a shared memory does not answer, or refuses; the message names it."""


class BadImage(VisualMemoryError):
    """An image that cannot be used. ``path`` names it ("image" for one without a file); ``reason`` is one sentence."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class BadValue(VisualMemoryError):
    """A value a user gave that cannot be used."""


class BadVector(BadValue):
    """A vector that no index may see: of another length, not finite, or zero."""


class BadLabel(BadValue):
    """A label that is not a path of names."""


class UnknownExemplar(VisualMemoryError):
    """The ``ids`` are not in the memory."""

    def __init__(self, ids: list[int]) -> None:
        shown = ", ".join(str(i) for i in ids[:5]) + (", …" if len(ids) > 5 else "")
        super().__init__(f"no exemplar with id {shown} in this memory")
        self.ids = ids


class EncoderError(VisualMemoryError):
    """An encoder that is unknown, not installed, or not this memory's."""


class EncoderMismatch(EncoderError):
    """The encoder of this name has other weights or another preprocessing than the one the memory was made with."""


class EndpointError(VisualMemoryError):
    """The endpoint of a second opinion did not answer, or its answer cannot be used."""


class DeviceError(VisualMemoryError):
    """A device cannot go on, for this ``reason``.

    The engine goes on with less at once or on the CPU, so it reaches a caller only where an encoder is used alone.
    """

    def __init__(self, device: str, reason: DeviceReason, detail: str) -> None:
        super().__init__(f"{device} cannot go on ({detail}): choose the device cpu")
        self.device = device
        self.reason = reason


class PluginError(VisualMemoryError):
    """An encoder or a voting rule of an installed package that cannot be used; the message names the package."""


class ExchangeError(VisualMemoryError):
    """An export target or an import source that cannot be used."""


class Cancelled(VisualMemoryError):
    """Raised out of ``report`` when the user stopped a task; work already committed stays."""

    def __init__(self, message: str = "stopped") -> None:
        super().__init__(message)
