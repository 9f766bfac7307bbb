"""How commands open a memory: to read while a window has it open, to edit, or to fill a new one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from visualmemory_gui.cli.encoders import choose_encoder
from visualmemory_gui.cli.output import Progress, say
from visualmemory_gui.engine.errors import BadValue, EncoderMismatch
from visualmemory_gui.engine.text.visible_text import how_many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from visualmemory_gui.engine.memory.protocol import Memory, WholeMemory
    from visualmemory_gui.engine.memory.visual_memory import VisualMemory
    from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory


@contextmanager
def any_reader(memory: str, *, device: str | None = None) -> Iterator[Memory]:
    """Open a folder or a shared memory for reading."""
    from visualmemory_gui.engine.shared_memory.address import is_shared

    if not is_shared(memory):
        with reader(memory, device=device) as m:
            yield m
        return
    from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory

    with SharedMemory.open(memory, readonly=True, device=device) as shared:
        yield shared


@contextmanager
def any_writer(memory: str, *, device: str | None = None) -> Iterator[Memory]:
    """Open a folder or a shared memory for editing; raises MemoryLocked when another process does."""
    from visualmemory_gui.engine.shared_memory.address import is_shared

    if not is_shared(memory):
        with writer(memory, device=device) as m:
            yield m
        return
    with shared_writer(memory, device=device) as shared:
        yield shared


@contextmanager
def shared_writer(address: str, *, device: str | None = None) -> Iterator[SharedMemory]:
    """Open a shared memory for editing; raises MemoryLocked when another client does."""
    from visualmemory_gui.engine.shared_memory.shared_memory import SharedMemory

    with SharedMemory.open(address, device=device) as shared:
        _tell_finished(shared)
        _tell_finished_forget(shared)
        yield shared


def _tell_finished_forget(m: SharedMemory) -> None:
    """Report on stderr that a forget was gone on with."""
    if (done := m.maintenance.finished_forget) is not None:
        how = "is not complete yet" if done.erasure == "hidden" else f"has now been completed: {done.erasure}"
        say(f"an interrupted forget of {how_many(len(done.ids))} {how}{f' ({done.why})' if done.why else ''}")


def _tell_finished(m: SharedMemory) -> None:
    """Report on stderr what became of an edit that was cut short."""
    done = m.maintenance.finished_edit
    if done is None:
        return
    if done.name is None:
        say("an interrupted edit was taken back: its exemplars have been edited elsewhere since")
        return
    say(f"an interrupted edit has now been completed: {done.name}")
    if done.left:
        say(f"left as they are, because they have been edited elsewhere since: {' '.join(map(str, done.left))}")


@contextmanager
def reader(memory: str, *, device: str | None = None) -> Iterator[WholeMemory]:
    """Open for reading, without a lock; works while a window has the memory open, and on a read-only medium."""
    from visualmemory_gui.engine.memory.visual_memory import VisualMemory

    with _fallbacks_told(), VisualMemory.open(memory, readonly=True, device=device) as m:
        _tell_settings(m)
        yield m
        _tell_index(m)


@contextmanager
def _fallbacks_told() -> Iterator[None]:
    """Within the block, report on stderr what a device cannot do and is done on the CPU."""
    from visualmemory_gui.engine.device.fallback import fallbacks

    end = fallbacks.subscribe(lambda fallback: say(f"note: {fallback}"))
    try:
        yield
    finally:
        end()


def _tell_settings(m: WholeMemory) -> None:
    """Report on stderr which settings are damaged."""
    for name, why in m.maintenance.damaged_settings.items():
        say(f"the setting {name} is damaged ({why}); its default {getattr(m.settings, name)} is used")
        say(f"`visualmemory settings {m.address} {name} VALUE` repairs it")


def _tell_index(m: WholeMemory) -> None:
    """Report on stderr that a search could not use the index on disk."""
    if m.maintenance.index_damage:
        say(f"the index on disk is not used because {m.maintenance.index_damage}; exact search was used")
        say(f"`visualmemory compact {m.address}` rebuilds it")


@contextmanager
def writer(memory: str, *, device: str | None = None) -> Iterator[WholeMemory]:
    """Open for editing; raises MemoryLocked when another process does."""
    from visualmemory_gui.engine.memory.visual_memory import VisualMemory

    with _fallbacks_told(), VisualMemory.open(memory, device=device) as m:
        _tell_forget(m)
        _tell_settings(m)
        yield m


def _tell_forget(m: WholeMemory) -> None:
    """Report on stderr that an interrupted forget has now been completed."""
    done = m.maintenance.finished_forget
    if done is not None:
        how = "remaining bytes could not be searched for" if done.status == "not scanned" else "bytes may remain"
        say(f"an interrupted forget has now been completed: {done.forgotten:,} erased; {how}")


@contextmanager
def creator(
    memory: str, encoder: str | None, *, folder: str, device: str | None = None, dim: int | None = None
) -> Iterator[WholeMemory]:
    """Open for editing, or make the memory if it does not exist. ``folder`` must exist before one is made; a new memory
    that is still empty when the block raises is removed. With ``dim``
    the vectors of a new one are reduced to so many numbers, by PCA fitted to ``folder``."""
    from visualmemory_gui.engine.encoders import registry
    from visualmemory_gui.engine.files.path_kind import is_taken
    from visualmemory_gui.engine.memory.new_memory import new_memory
    from visualmemory_gui.engine.memory.visual_memory import VisualMemory
    from visualmemory_gui.engine.store.filesystem import folder_at

    place = folder_at(memory)
    if not folder or not Path(folder).is_dir():  # Python takes an empty name for the working directory
        raise BadValue(f"{folder or 'an empty name'} is not a folder")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise BadValue(f"{folder} cannot be read: no permission")
    if encoder is not None:
        encoder = choose_encoder(encoder)
    if is_taken(place):
        with _fallbacks_told(), VisualMemory.open(memory, device=device) as m:
            if encoder is not None and encoder != m.identity.name and registry.choose(encoder) != m.identity.whole:
                raise EncoderMismatch(f"{memory} uses the encoder {m.identity.name}, not {encoder}")
            if dim not in (None, m.identity.dim):
                raise EncoderMismatch(f"{memory} is under {m.identity.words}: --dim is for a new memory")
            yield m
    else:
        make = partial(VisualMemory.create, memory, encoder or "lite0", device=device)
        if dim is not None:
            make = partial(_reduced, memory, folder, encoder or "lite0", dim, device=device)
        with _fallbacks_told(), new_memory(place, make, keep_filled=True) as m:
            yield m


def _reduced(memory: str, folder: str, encoder: str, dim: int, *, device: str | None) -> VisualMemory:
    from visualmemory_gui.engine.memory.reduction import create_reduced

    with Progress("fitting PCA") as report:
        return create_reduced(memory, folder, encoder, dim, device=device, report=report)
