"""Memories and decisions as a notebook shows them: small pieces of HTML that hold their images and fetch nothing.

No text in them is taken for markup or changes the direction of the text around it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Protocol

from visualmemory_gui.engine.text.visible_text import NO_ANSWER, visible

MOST = 10  # neighbours, or classes
LARGEST_BYTES = 64_000  # of a thumbnail; a memory of a stranger can hold anything
_KNOWN = {True: "known", False: "unknown", None: ""}
_CARD = "display:inline-block;width:104px;margin:4px;vertical-align:top;font-size:12px;overflow-wrap:anywhere"
_IMAGE = "display:block;max-width:96px;max-height:96px;background:#fff"


class DecisionImages(Protocol):
    """Where the images of a decision are found when it is shown."""

    @property
    def query(self) -> bytes | None:
        """The JPEG of the query, if it has one."""

    def of(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        """JPEGs of those among ``ids`` that have one; none once the memory is closed."""


def decision_html(
    head: tuple[str | None, float | None, bool | None],
    neighbours: Sequence[tuple[int, str, float, float, str]],
    images: DecisionImages | None,
    *,
    rest: str,
) -> str:
    """The winner with its share and whether it is known, and the first neighbours that vote, with their images.

    A neighbour is its id, label, distance and share, and what its vote means in words; ``rest`` is about those that
    have no vote.
    """
    shown = neighbours[:MOST]
    jpegs = {} if images is None else images.of([one[0] for one in shown])
    jpeg = None if images is None else images.query
    query = "" if jpeg is None else _card(_image(jpeg), "query")
    cards = "".join(_card(_image(jpegs.get(one[0])), *_facts(*one[1:])) for one in shown)
    more = _more(len(neighbours) - len(shown), "neighbours") + (f"<p>{_text(rest)}</p>" if rest else "")
    return f"<div><p>{_headline(*head)}</p>{query}{cards}{more}</div>"


def summary_html(
    name: str, labels: Mapping[str, int], examples: Mapping[str, bytes], *, active: int, struck: int, encoder: str
) -> str:
    """A memory at a glance: how much it holds, and its largest classes with an image of each from ``examples``."""
    largest = largest_classes(labels)
    counts = f"{active:,} active exemplars, {struck:,} struck out"
    head = f"<p><b>{_text(name)}</b>: {counts}; {len(labels):,} classes; encoder {_text(encoder)}</p>"
    cards = "".join(_card(_image(examples.get(label)), label, f"{labels[label]:,}") for label in largest)
    return f"<div>{head}{cards}{_more(len(labels) - len(largest), 'classes')}</div>"


def closed_html(name: str) -> str:
    """A memory that has been closed."""
    return f"<p><b>{_text(name)}</b>: closed</p>"


def largest_classes(labels: Mapping[str, int]) -> list[str]:
    """The labels that are shown, the largest class first."""
    return sorted(labels, key=lambda label: (-labels[label], label))[:MOST]


def _headline(label: str | None, share: float | None, known: bool | None) -> str:
    if label is None or share is None:
        return NO_ANSWER
    novelty = _KNOWN[known]
    return f"<b>{_text(label)}</b>, {share:.0%} of the vote{f', {novelty}' if novelty else ''}"


def _facts(label: str, distance: float, share: float, meaning: str) -> tuple[str, ...]:
    said = (label, f"distance {distance:.3f}", f"{share:.0%} of the vote")
    return (*said, meaning) if meaning else said


def _card(image: str, *lines: str) -> str:
    return f'<div style="{_CARD}">{image}{"".join(f"<div>{_text(line)}</div>" for line in lines)}</div>'


def _image(jpeg: bytes | None) -> str:
    if not jpeg or len(jpeg) > LARGEST_BYTES:
        return ""
    return f'<img style="{_IMAGE}" src="data:image/jpeg;base64,{b64encode(jpeg).decode("ascii")}" alt="">'


def _more(count: int, noun: str) -> str:
    return f"<p>and {count:,} more {noun}</p>" if count > 0 else ""


def _text(text: str) -> str:
    return f"<bdi>{escape(visible(text))}</bdi>"
