"""The demo memory: real images of familiar things, enough for every view to have something to show.

Until it is complete it is a folder ``NAME.part`` next to its place, to be continued; then it is renamed into place.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from visualmemory_gui.engine.errors import BadImage, Cancelled, ExchangeError, MemoryExists
from visualmemory_gui.engine.exchange.demo import clipart, imagenette
from visualmemory_gui.engine.exchange.demo.selection import Chosen, Needs, Picked
from visualmemory_gui.engine.files import atomic_file, installation
from visualmemory_gui.engine.files.path_kind import is_taken
from visualmemory_gui.engine.memory.new_memory import new_memory
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store.filesystem import folder_at
from visualmemory_gui.engine.store.layout import DATABASE

QUERIES = 40
MISTAKES = 30
SEED = 0

Source = Callable[[Path, Report], Chosen]
SOURCES: tuple[Source, ...] = (clipart.fetch, imagenette.fetch)
NEEDS: tuple[Callable[[Path], Needs | None], ...] = (clipart.needs, imagenette.needs)


def default_place(*, mistakes: bool = False) -> Path:
    """Where the demo memory is kept; the one with planted mistakes is kept separately."""
    return installation.data_folder() / ("demo-mistakes.vmem" if mistakes else "demo.vmem")


def demo_needs(
    place: Path | None = None, *, sources: Sequence[Callable[[Path], Needs | None]] = NEEDS, room: Path | None = None
) -> Needs | None:
    """What ``make_demo`` would fetch first, from the first source that can be used; None if the memory is made."""
    if ((place or default_place()) / DATABASE).is_file():
        return None
    return next((found for source in sources if (found := source(room or _default_room())) is not None), None)


def make_demo(
    place: str | Path | None = None,
    *,
    mistakes: bool = False,
    encoder: str = "lite0",
    sources: Sequence[Source] = SOURCES,
    room: Path | None = None,
    report: Report = silent,
) -> Path:
    """The demo memory's folder; made if missing. ``room`` keeps what was fetched.

    ``mistakes`` plants 30 wrong labels. Raises ExchangeError if no images can be fetched, Cancelled when stopped (the
    next call continues from there), BadValue for an address.
    """
    place = folder_at(place or default_place(mistakes=mistakes)).absolute()
    if (place / DATABASE).is_file():
        return place
    if is_taken(place):
        raise MemoryExists(f"{place} holds something that is not a memory: name another place for the demo")
    part = place.with_name(f"{place.name}.part")
    chosen = _fetch(sources, room or _default_room(), report)
    part.parent.mkdir(parents=True, exist_ok=True)
    with _half_made(part, encoder) as m:
        if m.build(chosen.folder, copy=True, report=report).stopped:
            raise Cancelled("stopped: the part of the demo made so far is kept, and the next call continues from there")
        if mistakes:
            _plant(m)
        _remember_queries(m, chosen.held, _kept_images(place))
        m.set("level", "1")
        m.history.baseline()
        report(0, None, "learning what is unknown")
        m.maintenance.run()
    part.replace(place)
    return place


def _default_room() -> Path:
    return installation.cache_folder() / "demo"


def _kept_images(place: Path) -> Path:
    """Where the images of the recent queries are: next to the memory, since they are not exemplars."""
    return place.with_name(f"{place.stem}-queries")


@contextmanager
def _half_made(part: Path, encoder: str) -> Iterator[VisualMemory]:
    if (part / DATABASE).is_file():
        with VisualMemory.open(part) as m:
            yield m
    else:
        with new_memory(part, lambda: VisualMemory.create(part, encoder), keep_filled=True) as m:
            yield m


def _fetch(sources: Sequence[Source], room: Path, report: Report) -> Chosen:
    reasons = []
    for source in sources:
        try:
            room.mkdir(parents=True, exist_ok=True)
            return source(room, report)
        except (ExchangeError, OSError) as error:
            reasons.append(str(error))
    raise ExchangeError("no images for the demo can be fetched. " + " ".join(f"({r})" for r in reasons))


def _plant(m: VisualMemory) -> None:
    """Give 30 exemplars, the same on every machine, the label of another class, as one edit."""
    exemplars = sorted(m.catalog.select(state="active"), key=lambda one: one.sha256 or "")
    names = sorted({one.label for one in exemplars})
    lots = random.Random(SEED)
    picked = lots.sample(exemplars, min(MISTAKES, len(exemplars)))
    wrong = {one.id: lots.choice([name for name in names if name != one.label] or names) for one in picked}

    m.relabel_each({label: [i for i, name in wrong.items() if name == label] for label in names})


def _remember_queries(m: VisualMemory, held: Sequence[Picked], folder: Path) -> None:
    """Put 40 images that are not exemplars, spread over the classes, into the strip of recent queries."""
    folder.mkdir(exist_ok=True)
    for n, (path, _) in enumerate(reversed(spread(held, QUERIES))):
        kept = folder / f"{n:02d}-{Path(path).name}"
        with Path(path).open("rb") as picked, atomic_file.write(kept) as file:
            shutil.copyfileobj(picked, file)
        try:
            image = m.decode(kept)
        except BadImage:
            kept.unlink()
            continue
        vector = m.embed([image])[0]
        m.queries.add(str(kept), image.content, sha256=image.sha256, thumbnail=image.thumbnail, vector=vector)


def spread(held: Sequence[Picked], count: int) -> list[Picked]:
    """``count`` of ``held``, drawn the same way each time: one of each class before a second of any."""
    classes: dict[str, list[Picked]] = {}
    for picked in held:
        classes.setdefault(picked[1], []).append(picked)
    order = sorted(classes)
    random.Random(SEED).shuffle(order)
    rounds = zip_longest(*(classes[label] for label in order))
    return [picked for one in rounds for picked in one if picked is not None][:count]
