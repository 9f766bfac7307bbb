"""What differs between two memories: exemplars that only one of them has, and those that they hold otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.store.checksum import vector_hash
from visualmemory_gui.engine.text.visible_text import how_many
from visualmemory_gui.engine.types import Box, Exemplar, State

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import Memory

Held = Literal["label", "state", "trust"]
HELD: tuple[Held, ...] = ("label", "state", "trust")


class HeldExemplar(NamedTuple):
    """One exemplar, as it is compared with that of the same content in another memory."""

    id: int
    label: str
    state: State
    trust: float
    source: str | None
    box: Box | None

    @classmethod
    def of(cls, exemplar: Exemplar) -> HeldExemplar:
        return cls(exemplar.id, exemplar.label, exemplar.state, exemplar.trust, exemplar.source, exemplar.box)


class Conflict(NamedTuple):
    """The same content, which the two memories hold under another label, in another state or with another trust."""

    first: HeldExemplar
    second: HeldExemplar

    @property
    def fields(self) -> tuple[Held, ...]:
        """What differs."""
        return tuple(name for name in HELD if getattr(self.first, name) != getattr(self.second, name))


@dataclass(frozen=True, slots=True)
class MemoryDifference:
    """Exemplars of two memories, paired by the content of their images, or by their vectors where they have no image.

    ``same`` are pairs of ids that agree in label, state and trust; ``first_only`` and ``second_only`` ids without a
    counterpart, increasing. ``replaced`` are pairs among these whose file, or part of it, has the same place and
    another content. Exemplars withdrawn by undo are in neither memory.
    """

    same: tuple[tuple[int, int], ...]
    conflicts: tuple[Conflict, ...]
    first_only: tuple[int, ...]
    second_only: tuple[int, ...]
    replaced: tuple[tuple[int, int], ...]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.conflicts or self.first_only or self.second_only)

    @property
    def conflicting_words(self) -> str:
        """ "2 labels, 1 trust": how many conflicts differ in each field."""
        return ", ".join(how_many(count, name) for name, count in self.conflicting.items())

    @property
    def conflicting(self) -> dict[Held, int]:
        """How many conflicts differ in each field, those that none differs in left out."""
        counts = Counter(name for conflict in self.conflicts for name in conflict.fields)
        return {name: counts[name] for name in HELD if counts[name]}


def names_of(first: Memory, second: Memory) -> tuple[str, str]:
    """The names of two memories, or their addresses where both have one name."""
    return (first.name, second.name) if first.name != second.name else (first.address, second.address)


def difference(first: Memory, second: Memory, *, report: Report = silent) -> MemoryDifference:
    """Compare the exemplars of two memories, whatever their encoders, in time and room in proportion to their number.

    Copies of an image are paired one to one, those that agree first. Raises Cancelled, ServerError.
    """
    here, there = _by_content(first, report), _by_content(second, report)
    same: list[tuple[int, int]] = []
    conflicts: list[Conflict] = []
    alone: tuple[list[HeldExemplar], list[HeldExemplar]] = [], []
    for key in here.keys() | there.keys():
        pairs, left = _paired(here.get(key, ()), there.get(key, ()))
        for pair in pairs:
            if pair.fields:
                conflicts.append(pair)
            else:
                same.append((pair.first.id, pair.second.id))
        for side, rest in zip(alone, left, strict=True):
            side.extend(rest)
    return MemoryDifference(
        same=tuple(sorted(same)),
        conflicts=tuple(sorted(conflicts, key=lambda conflict: (conflict.first.id, conflict.second.id))),
        first_only=tuple(sorted(one.id for one in alone[0])),
        second_only=tuple(sorted(one.id for one in alone[1])),
        replaced=_replaced(*alone),
    )


def _by_content(m: Memory, report: Report) -> dict[Hashable, list[HeldExemplar]]:
    """All exemplars by the content id of their image; by the hash of their vector where they have none."""
    found: dict[Hashable, list[HeldExemplar]] = {}
    done, total = 0, m.catalog.totals()[0]
    for page in m.catalog.pages():
        report(done, total, f"reading {m.name}")
        bare = [one.id for one in page if one.content is None]
        hashes = dict(zip(bare, map(vector_hash, m.catalog.vectors(bare)), strict=True)) if bare else {}
        for one in page:
            key = hashes[one.id] if one.content is None else bytes.fromhex(one.content)
            found.setdefault(key, []).append(HeldExemplar.of(one))
        done += len(page)
    return found


_ALIKE: tuple[Callable[[HeldExemplar], Hashable], ...] = (
    lambda one: one[1:],
    lambda one: one[1:4],
    lambda one: (one.label, one.source),
    lambda one: one.label,
    lambda one: one.source,
    lambda one: None,
)
"""By what exemplars of one content are paired: by all, then by less and less."""


def _paired(
    first: Sequence[HeldExemplar], second: Sequence[HeldExemplar]
) -> tuple[list[Conflict], tuple[Sequence[HeldExemplar], Sequence[HeldExemplar]]]:
    """Pairs of exemplars of one content, and those left without a counterpart. A copy too many under a label that is in
    conflict is in that conflict too."""
    if len(first) == len(second) == 1:
        return [Conflict(first[0], second[0])], ((), ())
    pairs: list[Conflict] = []
    for alike in _ALIKE:
        if not (first and second):
            break
        waiting: dict[Hashable, list[HeldExemplar]] = {}
        for one in reversed(second):
            waiting.setdefault(alike(one), []).append(one)
        rest = []
        for one in first:
            if fitting := waiting.get(alike(one)):
                pairs.append(Conflict(one, fitting.pop()))
            else:
                rest.append(one)
        first, second = rest, sorted(one for some in waiting.values() for one in some)
    of_first = {pair.first.label: pair for pair in reversed(pairs) if "label" in pair.fields}
    of_second = {pair.second.label: pair for pair in reversed(pairs) if "label" in pair.fields}
    pairs += [Conflict(one, of_first[one.label].second) for one in first if one.label in of_first]
    pairs += [Conflict(of_second[one.label].first, one) for one in second if one.label in of_second]
    left = [one for one in first if one.label not in of_first], [one for one in second if one.label not in of_second]
    return pairs, left


def _replaced(first: Sequence[HeldExemplar], second: Sequence[HeldExemplar]) -> tuple[tuple[int, int], ...]:
    def placed(some: Sequence[HeldExemplar]) -> Iterator[tuple[Hashable, int]]:
        return (((one.source, one.box), one.id) for one in some if one.source is not None)

    there = dict(placed(second))
    return tuple(sorted((one, there[place]) for place, one in placed(first) if place in there))
