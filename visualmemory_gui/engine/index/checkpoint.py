"""The graph on disk: hnswlib's own file, and with it a seal that says whether it may be read at all.

hnswlib believes any file: one flipped byte ends the process or gives wrong answers, and a crafted one may do worse. So
nothing is loaded whose SHA-256, size, encoder and change number do not fit the seal, which is written last and which
only this installation can write. A link is not followed. The files are derived: what does not fit
is deleted and built again.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.files import atomic_file, sealed_json
from visualmemory_gui.engine.index.ef_tuning import Widths
from visualmemory_gui.engine.index.graph import METRIC, Graph, roomy

FORMAT = "visualmemory index"
VERSION = 4
SEAL = "index.json"
_GRAPH = re.compile(r"index-\d+\.hnsw")
_HALF_WRITTEN = re.compile(r"(index-\d+\.hnsw|index\.json)\.tmp")  # as versions before 0.2 called it


class Unfit(Exception):
    """Why a checkpoint cannot be used, in words that follow "the index is rebuilt because"."""


class Foreign(Unfit):
    """The seal is that of another installation: the memory came from another computer, or the checkpoint did."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What ``index.json`` says. ``count`` is the number of nodes, of which ``pads`` stand in place of erased ones,
    ``change`` the memory's change number they fit, ``live`` the digest of those not marked deleted."""

    format: str
    version: int
    byteorder: str
    dim: int
    metric: str
    encoder: str
    count: int
    change: int
    file: str
    size: int
    sha256: str
    counts: list[int]
    widths: list[int]
    nodes: int
    imitated: list[float]
    live: int
    pads: int = 0

    def tuned(self) -> Widths:
        return Widths(tuple(self.counts), tuple(self.widths), self.nodes, tuple(self.imitated))


def write(folder: Path, graph: Graph, widths: Widths, *, dim: int, encoder: str, change: int, live: int) -> Seal:
    """Save ``graph`` to ``folder``: its file, then its seal, each complete under its name or not there; then delete the
    older files. Raises StorageError when not all of it reached the disk; the older ones are then still valid."""
    name = f"index-{change}.hnsw"
    with _as_storage_error(folder):
        with atomic_file.write(folder / name) as file:
            graph.save(Path(file.name))
            size, sha256 = os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()
        seal = Seal(
            FORMAT, VERSION, sys.byteorder, dim, METRIC, encoder, len(graph), change, name, size, sha256,
            list(widths.counts), list(widths.widths), widths.nodes, list(widths.imitated), live, graph.pads,
        )  # fmt: skip
        with atomic_file.write(folder / SEAL) as file:
            file.write(sealed_json.text(asdict(seal)).encode())
        _unlink(p for p in _files(folder) if p.name not in (SEAL, name))
    return seal


def read_seal(folder: Path) -> Seal | None:
    """The seal, or None where there is no checkpoint. Raises Unfit for anything that is not a seal of ours."""
    try:
        return _parsed(sealed_json.read(folder / SEAL))
    except FileNotFoundError:
        if any(_GRAPH.fullmatch(p.name) for p in _files(folder)):
            raise Unfit("the last one was not completely written") from None
        return None
    except OSError as error:
        raise Unfit(f"its seal cannot be read ({error.strerror})") from error
    except sealed_json.ForeignSeal as error:
        raise Foreign("it was not written by this installation") from error
    except sealed_json.DamagedSeal as error:
        raise Unfit("its seal is damaged") from error


def load(folder: Path, seal: Seal, *, dim: int, encoder: str, change: int) -> Graph:
    """The graph that ``seal`` certifies. Raises Unfit if anything does not fit: ``dim``, ``encoder``, a ``change``
    above the memory's own, or any byte of the file; and NoRoom."""
    if (seal.format, seal.version, seal.byteorder, seal.metric) != (FORMAT, VERSION, sys.byteorder, METRIC):
        raise Unfit("it was written by another version")
    if (seal.dim, seal.encoder) != (dim, encoder):
        raise Unfit("it belongs to another encoder")
    if seal.change > change:
        raise Unfit("it is newer than the memory")
    path = folder / seal.file
    if not _GRAPH.fullmatch(seal.file) or not atomic_file.is_own(path) or path.lstat().st_size != seal.size:
        raise Unfit("its file is missing or not of the sealed size")
    try:
        if atomic_file.sha256(path) != seal.sha256:
            raise Unfit("its file is damaged")
        graph = Graph.load(path, dim, capacity=roomy(seal.count), pads=seal.pads)
    except (OSError, RuntimeError) as error:
        raise Unfit(f"its file cannot be read ({error})") from error
    if len(graph) != seal.count:
        raise Unfit("it does not hold what its seal says")
    return graph


def saved_change(folder: Path) -> int | None:
    """The change number of the checkpoint in ``folder``, by its seal alone; None without a seal that can be read."""
    try:
        seal = read_seal(folder)
    except Unfit:
        return None
    return seal.change if seal else None


def is_foreign(folder: Path) -> bool:
    """Whether the checkpoint in ``folder`` is one of another installation: not damaged, but of no use here."""
    try:
        read_seal(folder)
    except Foreign:
        return True
    except Unfit:
        pass
    return False


def delete(folder: Path) -> None:
    """Remove seal, checkpoints and unfinished files, the seal first. Raises StorageError where that is not possible."""
    with _as_storage_error(folder):
        atomic_file.sweep(folder)
        _unlink(sorted(_files(folder), key=lambda p: p.name != SEAL))
        atomic_file.sync_folder(folder)


def _parsed(data: dict[str, Any]) -> Seal:
    try:
        seal = Seal(**data)
    except TypeError as error:
        raise Unfit("its seal is damaged") from error
    numbers = (
        seal.version, seal.dim, seal.count, seal.change, seal.size, seal.nodes, seal.live, seal.pads, *_numbers(seal),
    )  # fmt: skip
    texts = (seal.format, seal.byteorder, seal.metric, seal.encoder, seal.file, seal.sha256)
    if not sealed_json.fits(numbers, texts):
        raise Unfit("its seal is damaged")
    return seal


def _numbers(seal: Seal) -> list[int]:
    """The measured widths; for a seal without a usable table of them, a value that fails every check."""
    table = (seal.counts, seal.widths, seal.imitated)
    if any(type(column) is not list or len(column) != len(seal.counts) for column in table) or not seal.counts:
        return [-1]
    if any(type(recall) is not float or not 0.0 <= recall <= 1.0 for recall in seal.imitated):
        return [-1]
    return [*seal.counts, *seal.widths]


def _files(folder: Path) -> list[Path]:
    """Everything in ``folder`` under a name that this module uses, links included, folders not."""
    with os.scandir(folder) as entries:
        return [Path(one.path) for one in entries if _is_ours(one.name) and not one.is_dir(follow_symlinks=False)]


def _is_ours(name: str) -> bool:
    return name == SEAL or bool(_GRAPH.fullmatch(name) or _HALF_WRITTEN.fullmatch(name))


@contextmanager
def _as_storage_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"the index cannot be written to {folder}: {error.strerror or error}") from error


def _unlink(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
