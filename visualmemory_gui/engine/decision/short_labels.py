"""Labels that are shown beside each other, cut where there is no room, so that no two classes look alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property, lru_cache

MISSING = "…"
_Cut = tuple[tuple[int, int], ...]  # the stretches of a text that are left, from and to


class ShortLabels:
    """``labels`` are those that are shown beside each other. Others may be asked for too, and are told from these."""

    def __init__(self, labels: Iterable[str] = ()) -> None:
        self.labels = frozenset(labels)
        self._kinds: dict[str, tuple[Callable[[int], _Cut], ...]] = {}  # by label; comparing it with all others is slow

    def ending(self, label: str) -> str:
        """The fewest last parts of the path ``label`` that no other label ends with; all of it where there are none.

        Different labels have different endings.
        """
        own = 1 if label in self.labels else 0
        return next((end for end in _endings(label) if self._ends[end] <= own), label)

    def short(self, label: str) -> str:
        """The ending, with "…/" for the parts that are left out."""
        return _shown(label, self.ending(label))

    def fit(self, label: str, fits: Callable[[str], bool]) -> str:
        """As much of ``label`` as ``fits``: whole parts down to the ending, and then what tells it from the others.

        Below the width of the ending letters are left out in the middle, at the start, at the end, or around the place
        where it differs from the most similar label: the first way that leaves what no other label has.
        """
        if fits(label):
            return label
        ending = self.ending(label)
        whole = (_shown(label, end) for end in reversed(list(_endings(label))) if len(ending) <= len(end) < len(label))
        return next((text for text in whole if fits(text)), None) or self._cut(label, ending, fits)

    @cached_property
    def _ends(self) -> Counter[str]:
        """How many labels have each ending."""
        return Counter(end for label in self.labels for end in _endings(label))

    def _cut(self, label: str, ending: str, fits: Callable[[str], bool]) -> str:
        others = self.labels - {label}
        if label not in self._kinds:
            self._kinds[label] = tuple(_kinds(ending, others))
        cuts = [cut for kind in self._kinds[label] if (cut := _longest(kind, ending, fits))]
        alone = (cut for cut in cuts if not any(map(_could_be(ending, cut).search, others)))
        best = next(alone, cuts[0] if cuts else ())
        return _joined(ending, best)


@lru_cache(maxsize=16)
def short_labels(labels: frozenset[str]) -> ShortLabels:
    """The same object for the same labels: what depends on it can be kept."""
    return ShortLabels(labels)


def _endings(label: str) -> Iterator[str]:
    """The last part, the last two, …, all of ``label``."""
    at = len(label)
    while (at := label.rfind("/", 0, at)) >= 0:
        yield label[at + 1 :]
    yield label


def _shown(label: str, ending: str) -> str:
    return label if ending == label else f"{MISSING}/{ending}"


def _kinds(text: str, others: Collection[str]) -> Iterator[Callable[[int], _Cut]]:
    """Ways to leave out letters of ``text``: each gives what is left when that many letters may stay."""
    size = len(text)
    yield lambda n: ((0, n - n // 2), (size - n // 2, size))
    yield lambda n: ((size - n, size),)
    yield lambda n: ((0, n),)
    differs = max((_alike(text, end) for other in others for end in _endings(other)), default=0)
    yield lambda n: ((start := max(0, differs - n // 2), start + n),)
    yield lambda n: ((0, min(differs, n - n // 2)), (differs, differs + n // 2))


def _alike(text: str, other: str) -> int:
    """With how many equal letters both begin."""
    return next((n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))


def _longest(kind: Callable[[int], _Cut], text: str, fits: Callable[[str], bool]) -> _Cut | None:
    return next((kind(n) for n in range(len(text) - 1, 0, -1) if fits(_joined(text, kind(n)))), None)


def _joined(text: str, cut: _Cut) -> str:
    """What is left of ``text``, with "…" where something is missing, and only there."""
    return MISSING.join(_pieces(text, cut))


def _could_be(text: str, cut: _Cut) -> re.Pattern[str]:
    """Finds labels that could be, or end with, what is left of ``text``."""
    first, *rest = _pieces(text, cut)
    pattern = ".*".join(re.escape(piece) for piece in (first, *rest))
    return re.compile((r"(?:^|/)" if first else "") + pattern + "$", re.DOTALL)


def _pieces(text: str, cut: _Cut) -> list[str]:
    """What is left, split where something is missing; "" at an end that is missing."""
    pieces, at = [""], 0
    for start, end in cut:
        if start < end:
            pieces = [*pieces, text[start:end]] if start > at else [*pieces[:-1], pieces[-1] + text[start:end]]
            at = end
    return pieces if at >= len(text) else [*pieces, ""]
