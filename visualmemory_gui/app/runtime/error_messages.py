"""Errors in words: one sentence on what happened, one on what to do, and the details for the log."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from visualmemory_gui.engine import errors


@dataclass(frozen=True, slots=True)
class Problem:
    """An error in words: what happened, what to do, and details for a report."""

    what: str
    todo: str
    details: str


ADVICE: tuple[tuple[type[BaseException], str], ...] = (
    (errors.NotAMemory, "Choose a folder whose name ends in .vmem, or make a new memory from a folder of images."),
    (errors.MemoryExists, "Choose another name, or open the existing memory."),
    (errors.NewerFormat, "Update this program, then open the memory again."),
    (errors.DamagedMemory, "Run “visualmemory verify” on the memory to see what is damaged, and restore a copy."),
    (errors.MemoryLocked, "Close the memory there, then open it again."),
    (errors.ReadOnlyMemory, "Copy the memory to a place where you can write, and open the copy."),
    (errors.NetworkMemory, "Copy the folder to a local disk, and open the copy."),
    (errors.MemoryGone, "Reconnect the drive or restore the folder, then open the memory again."),
    (errors.ServerError, "Go on when the server answers; an edit that was cut short is then finished."),
    (errors.StorageError, "Free some space or get permission to write there, then try again."),
    (errors.BadImage, "Try another image, or save this one again as PNG or JPEG."),
    (errors.BadVector, "Check what made the vector; the memory is as it was."),
    (errors.BadLabel, "Give the class another name."),
    (errors.BadValue, "Give another value; nothing was changed."),
    (errors.UnknownExemplar, "It may have been forgotten or undone in the meantime; look at the history."),
    (errors.EncoderError, "Add or fetch the encoder as the message says, then open the memory again."),
    (errors.EndpointError, "The vote is as it was; ask again, or set up another endpoint."),
    (errors.ExchangeError, "Choose another place or another file."),
)


def problem_of(error: BaseException) -> Problem:
    """``error`` in words for the user. One that the engine does not define is a fault of this program, and says so."""
    details = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    for kind, todo in ADVICE:
        if isinstance(error, kind):
            return Problem(_sentence(str(error)), todo, details)
    what = f"Something went wrong inside the program: {type(error).__name__}: {error}"
    return Problem(_sentence(what), "Your memory is safe, and you can go on. To report it, copy the details.", details)


def log_line(error: BaseException) -> str:
    """Kind and place of ``error`` without its message, which may contain a path or a label."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{Path(frame.filename).stem}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    return f"{type(error).__name__} at {places or 'an unknown place'}"


def _sentence(text: str) -> str:
    text = text.strip() or "Something went wrong"
    begin = text[0].upper() if text.split()[0].isalpha() else text[0]  # a file name stays as it is
    return begin + text[1:] + ("" if text[-1] in ".!?…" else ".")
