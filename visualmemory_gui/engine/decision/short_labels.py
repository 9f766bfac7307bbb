"""Labels that are shown beside each other, cut where there is no room, so that no two classes look alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property, lru_cache

MISSING = "…"
_Cut = tuple[str, str, str]  # the start, the middle and the end of a text that are left


class ShortLabels:
    """``labels`` are those that are shown beside each other. Others may be asked for too, and are told from these."""

    def __init__(self, labels: Iterable[str] = ()) -> None:
        self.labels = frozenset(labels)

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
        cuts = [cut for kind in _kinds(ending, others) if (cut := _longest(kind, len(ending), fits))]
        alone = (cut for cut in cuts if not any(_may_be(cut, other) for other in others))
        best = next(alone, cuts[0] if cuts else ("", "", ""))
        return _joined(best)


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
    yield lambda n: (text[: n - n // 2], "", text[len(text) - n // 2 :])
    yield lambda n: ("", "", text[len(text) - n :])
    yield lambda n: (text[:n], "", "")
    differs = max((_alike(text, end) for other in others for end in _endings(other)), default=0)
    yield lambda n: ("", text[(start := max(0, differs - n // 2)) : start + n], "")
    yield lambda n: (text[: min(differs, n - n // 2)], text[differs : differs + n // 2], "")


def _alike(text: str, other: str) -> int:
    """With how many equal letters both begin."""
    return next((n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))


def _longest(kind: Callable[[int], _Cut], most: int, fits: Callable[[str], bool]) -> _Cut | None:
    return next((kind(n) for n in range(most - 1, 0, -1) if fits(_joined(kind(n)))), None)


def _joined(cut: _Cut) -> str:
    start, middle, end = cut
    return f"{start}{MISSING}{middle}{MISSING if middle else ''}{end}"


def _may_be(cut: _Cut, label: str) -> bool:
    """Whether ``label``, or its last parts, could be what is left in ``cut``."""
    start, middle, end = cut
    return label.endswith(end) and middle in label and f"/{start}" in f"/{label}"
