"""The labels, and the commands, that a few letters may mean, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PARTS = re.compile(r"[/ ]")


def ranked(labels: Sequence[str], typed: str) -> list[str]:
    """The ``labels`` that contain the letters of ``typed`` in order, whatever their case.

    First those that equal it, begin with it, have a part or a word that begins with it, contain it; then those with its
    letters apart, the closest together first. Within each group the order of ``labels`` stays. Without letters, all.
    """
    far = {label: distance(label, typed) for label in labels}
    return sorted((label for label in labels if far[label] is not None), key=lambda label: far[label] or 0)


def distance(text: str, typed: str) -> int | None:
    """How far ``text`` is from what was ``typed``, whatever their case; None if it lacks one of the letters."""
    return _distance(text.casefold(), typed.casefold().strip())


def _distance(label: str, wanted: str) -> int | None:
    if label == wanted:
        return 0
    if label.startswith(wanted):
        return 1
    if any(part.startswith(wanted) for part in _PARTS.split(label)):
        return 2
    if wanted in label:
        return 3
    return _spread(label, wanted)


def _spread(label: str, wanted: str) -> int | None:
    """3, and the number of letters of ``label`` from the first letter of ``wanted`` to the last."""
    first = at = label.find(wanted[0])
    for letter in wanted[1:]:
        if at < 0:
            return None
        at = label.find(letter, at + 1)
    return None if at < 0 else 3 + at - first + 1
