"""The rows of an import: checked one by one, then written as one step or not at all."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from visualmemory_gui.engine.encoders import registry
from visualmemory_gui.engine.errors import BadValue, EncoderError, EncoderMismatch, ExchangeError, StorageError
from visualmemory_gui.engine.exchange.results import Imported
from visualmemory_gui.engine.exchange.table import Row
from visualmemory_gui.engine.files.path_kind import is_taken
from visualmemory_gui.engine.images.small_jpeg import is_small_jpeg
from visualmemory_gui.engine.memory.new_memory import new_memory
from visualmemory_gui.engine.memory.protocol import Memory
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report
from visualmemory_gui.engine.store import labels, settings
from visualmemory_gui.engine.store.checksum import vector_hash
from visualmemory_gui.engine.store.copies import Copy
from visualmemory_gui.engine.types import BROUGHT, F32, Box, EncoderIdentity, NewExemplar, Skipped

BATCH = 256
HEX64 = re.compile(r"[0-9a-f]{64}")
LONGEST_TEXT = 10_000
LONGEST_SETTING = 40
DEFAULT_ENCODER = "lite0"


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to import: ``exemplar`` without its images, which ``image`` and ``thumbnail`` name in the source.

    ``shown`` names the row in messages.
    """

    exemplar: NewExemplar
    shown: str
    image: str | None = None
    thumbnail: str | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """What an import would add. ``fetch(name)`` gives the bytes of an image, or raises ExchangeError."""

    rows: Sequence[NewRow]
    identity: EncoderIdentity
    fetch: Callable[[str], bytes]
    settings: Mapping[str, str] = field(default_factory=dict)


def exemplar_of(row: Row, vector: F32, *, shown: str) -> NewExemplar:
    """The checked exemplar of a table's row. Raises ExchangeError or BadLabel, naming the row by ``shown``."""
    state, trust = row.get("state") or "active", row.get("trust")
    if state not in ("active", "struck"):
        raise ExchangeError(f"{shown}: an exemplar's state is active or struck, not {ascii(state)[:40]}")
    trust = 1.0 if trust is None else trust
    if isinstance(trust, bool) or not isinstance(trust, int | float) or not (math.isfinite(trust) and 0 < trust <= 100):
        raise ExchangeError(f"{shown}: a trust must be above 0 and at most 100")
    source = _text(row, "source", shown)
    width, height = _size(row, "width", shown), _size(row, "height", shown)
    return NewExemplar(
        label=labels.clean(_text(row, "label", shown) or ""),
        vector=vector,
        content=_hash(row, "content", shown),
        sha256=_hash(row, "sha256", shown),
        source=source if source and Path(source).is_absolute() and "\0" not in source else None,
        group=_text(row, "group", shown),
        width=width,
        height=height,
        box=_box(row, shown, width, height),
        original=_hash(row, "original", shown) if row.get("box") is not None else None,
        note=_text(row, "note", shown) or "",
        trust=float(trust),
        struck=state == "struck",
    )


def _text(row: Row, name: str, shown: str) -> str | None:
    value = row.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > LONGEST_TEXT):
        raise ExchangeError(f"{shown}: its {name} is not a text of at most {LONGEST_TEXT:,} characters")
    return value


def _hash(row: Row, name: str, shown: str) -> str | None:
    value = row.get(name)
    if value is not None and not (isinstance(value, str) and HEX64.fullmatch(value)):
        raise ExchangeError(f"{shown}: its {name} is not a hash")
    return value


def _size(row: Row, name: str, shown: str) -> int:
    value = row.get(name) or 0
    if not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise ExchangeError(f"{shown}: its {name} is not a size in pixels")
    return value


def _box(row: Row, shown: str, width: int, height: int) -> Box | None:
    """The box of a part, which needs the image that it is of."""
    if row.get("box") is None:
        return None
    try:
        box = Box.of(row["box"])
        if row.get("original") is not None and box.within(width, height) == box:
            return box
    except BadValue as error:
        raise ExchangeError(f"{shown}: {error}") from None
    raise ExchangeError(
        f"{shown}: a part of an image needs the original's content id, and a width and height it lies in"
    )


def take(incoming: Incoming, memory: Path, *, report: Report) -> Imported:
    """Add what is new as one step, into ``memory`` or a memory made there. On any error nothing has changed."""
    with opened(memory, incoming.identity, lambda: made_for(memory, incoming.identity)) as (m, new):
        if new:
            for name, value in incoming.settings.items():
                m.set(name, value)
        return finish(m, add(m, incoming, report), new=new)


def take_vectors(batches: Iterable[Sequence[NewRow]], identity: EncoderIdentity, memory: Path) -> Imported:
    """As ``take``, for rows without images, which are read as they are added: ``batches`` may raise."""
    with opened(memory, identity, lambda: made_for(memory, identity)) as (m, new):
        here = _HereAlready(m)
        ids = m.add_batches([row.exemplar for row in here.new_of(rows)] for rows in batches)
        done = Imported(len(ids), here.unchanged, tuple(here.skipped), created=False, ids=tuple(ids))
        return finish(m, done, new=new)


@contextmanager
def opened(
    memory: Path, identity: EncoderIdentity | None, make: Callable[[], VisualMemory]
) -> Iterator[tuple[VisualMemory, bool]]:
    """The memory at ``memory``, or one made there by ``make``, and whether it is new; a new one is removed again if the
    block raises. ``identity`` None: whatever encoder an existing one has.

    Raises EncoderMismatch if the memory's encoder is not ``identity``.
    """
    if is_taken(memory):
        with VisualMemory.open(memory) as m:
            if identity is not None:
                require_encoder(m, identity)
            yield m, False
    else:
        with new_memory(memory, make) as m:
            yield m, True


def finish(m: VisualMemory, done: Imported, *, new: bool) -> Imported:
    """Clear the history: a memory just made has nothing to undo. Do what the new rows leave due."""
    if new:
        m.history.baseline()
    m.maintenance.keep_up()
    return replace(done, created=new)


def require_encoder(m: Memory, identity: EncoderIdentity) -> None:
    """Raise EncoderMismatch unless the memory's vectors come from this encoder."""
    if m.identity != identity:
        raise EncoderMismatch(
            f"this memory's vectors come from {_named(m.identity)}, those to import from {_named(identity)}: "
            "they cannot be compared"
        )


def _named(identity: EncoderIdentity) -> str:
    weights = f", weights {identity.weights_sha256[:8]}" if identity.weights_sha256 else ""
    return f"{identity.words[:120]} ({identity.dim} numbers{weights})"


def made_for(memory: Path, identity: EncoderIdentity) -> VisualMemory:
    """A new memory for existing vectors. Raises EncoderMismatch if the encoder of that name here differs."""
    _require_no_other(identity)
    return VisualMemory.create_for(memory, identity)


def _require_no_other(identity: EncoderIdentity) -> None:
    """Refuse another encoder of the same name. Exemplars of an encoder that is not here can still be edited."""
    try:
        if identity.name != BROUGHT:
            registry.require(identity)
    except EncoderMismatch:
        raise
    except EncoderError:
        return


def add(m: VisualMemory, incoming: Incoming, report: Report) -> Imported:
    """Add the rows that are not in ``m`` yet, as one step."""
    here = _HereAlready(m)
    wanted = here.new_of(incoming.rows)

    def batches() -> Iterator[list[NewExemplar]]:
        for start in range(0, len(wanted), BATCH):
            report(start, len(wanted), "importing")
            yield [complete(m, row, incoming.fetch) for row in wanted[start : start + BATCH]]

    ids = m.add_batches(batches(), copies={copy for copy in map(copy_of, wanted) if copy})
    return Imported(len(ids), here.unchanged, tuple(here.skipped), created=False, ids=tuple(ids))


class _HereAlready:
    """What ``m`` held when the import began. ``unchanged`` counts the rows that are in it, ``skipped`` are those whose
    image is in it under another label."""

    def __init__(self, m: VisualMemory) -> None:
        present = {e.id: e for e in m.catalog.select()}
        self._images = {e.content: e for e in reversed(present.values()) if e.content}
        self._known = {(e.content, e.label) for e in present.values() if e.content}
        arrays = m.catalog.snapshot_rows(list(present))
        by_code = zip(arrays.twin, arrays.label, arrays.content, strict=True)
        self._bare = {(int(t), arrays.labels[x]) for t, x, c in by_code if not c}
        self.unchanged = 0
        self.skipped: list[Skipped] = []

    def new_of(self, rows: Sequence[NewRow]) -> list[NewRow]:
        """Those of ``rows`` that are not in it."""
        return [row for row in rows if self._is_new(row)]

    def _is_new(self, row: NewRow) -> bool:
        new = row.exemplar
        bare = new.content is None
        if (new.content, new.label) in self._known or (bare and (vector_hash(new.vector), new.label) in self._bare):
            self.unchanged += 1
        elif new.content in self._images:
            other = self._images[new.content]
            reason = f"this image is already here as {other.id}, labelled {other.label}"
            self.skipped.append(Skipped(row.shown, reason))
        else:
            return True
        return False


def copy_of(row: NewRow) -> Copy | None:
    """The image copy of the row, if any."""
    if row.image is None or row.exemplar.sha256 is None:
        return None
    return row.exemplar.sha256, row.exemplar.copy or Path(row.image).suffix


def complete(m: Memory, row: NewRow, fetch: Callable[[str], bytes]) -> NewExemplar:
    """The exemplar with its thumbnail, after copying its image into the memory."""
    new = row.exemplar
    if row.thumbnail is not None:
        new = replace(new, thumbnail=checked_thumbnail(fetch(row.thumbnail), row.shown))
    copy = copy_of(row)
    if copy is not None and row.image is not None:
        _keep(m, fetch(row.image), copy)
        new = replace(new, copy=copy[1])
    return new


def _keep(m: Memory, data: bytes, copy: Copy) -> None:
    try:
        m.files.keep(data, *copy)
    except StorageError as error:
        reason = error.__cause__.strerror if isinstance(error.__cause__, OSError) else error
        raise StorageError(f"{m.address} cannot take the images: {reason}; nothing was imported") from error


def checked_thumbnail(data: bytes, shown: str) -> bytes:
    """``data`` if it is a JPEG of at most 1024 pixels a side; the window decodes thumbnails in-process."""
    if is_small_jpeg(data):
        return data
    raise ExchangeError(f"{shown}: its thumbnail is not a small JPEG image")


def checked_settings(found: object, names: Sequence[str]) -> dict[str, str]:
    """The settings among ``names`` in an import's description, as text. Raises BadValue."""
    if not isinstance(found, dict | None):
        raise BadValue("its settings cannot be read")
    plain = {name: found[name] for name in names if name in found} if found else {}
    for name, value in plain.items():
        if not isinstance(value, str | int | float) or len(str(value)) > LONGEST_SETTING:
            raise BadValue(f"its setting {name} cannot be read")
        settings.read(name, str(value))
    return {name: str(value) for name, value in plain.items()}


def checked_identity(found: object) -> EncoderIdentity:
    """The encoder named in an import's description. Raises BadValue."""
    if isinstance(found, dict) and set(found) == {"name", "dim", "weights_sha256", "preprocess"}:
        texts = [found[name] for name in ("name", "weights_sha256", "preprocess")]
        dim = found["dim"]
        if (
            all(isinstance(t, str) and len(t) < LONGEST_TEXT for t in texts)
            and type(dim) is int
            and 1 <= dim <= 1 << 16
            and (found["name"] == BROUGHT or registry.is_name(found["name"]))
        ):
            return EncoderIdentity(**found)
    raise BadValue("it does not say which encoder made its vectors")
