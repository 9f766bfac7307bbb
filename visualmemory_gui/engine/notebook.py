"""Memories and decisions as a notebook shows them: small pieces of HTML that hold their images and fetch nothing.

No text in them is taken for markup or turns the direction of what is around it.
"""

from __future__ import annotations

import weakref
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Protocol

from visualmemory_gui.engine.errors import VisualMemoryError
from visualmemory_gui.engine.visible_text import visible

if TYPE_CHECKING:
    from visualmemory_gui.engine.types import Decision, Neighbour, Summary

MOST = 10  # neighbours, or classes
LARGEST_BYTES = 64_000  # of a thumbnail; a memory of a stranger can hold anything
_KNOWN = {True: "known", False: "unknown", None: ""}
_CARD = "display:inline-block;width:104px;margin:4px;vertical-align:top;font-size:12px;overflow-wrap:anywhere"
_IMAGE = "display:block;max-width:96px;max-height:96px;background:#fff"


class HasThumbnails(Protocol):
    def thumbnails(self, ids: Iterable[int]) -> dict[int, bytes]: ...


class Thumbnails:
    """Where the images of a decision are found when it is shown: its query, a JPEG or an exemplar's id, and the memory.

    The memory is not kept alive, and what was forgotten since is not found. Copies and pickles find nothing.
    """

    def __init__(self, memory: HasThumbnails, query: bytes | int | None = None) -> None:
        self._memory = weakref.ref(memory)
        self._query = query

    @property
    def query(self) -> bytes | None:
        """The JPEG of the query, if it has one."""
        return self.of([self._query]).get(self._query) if isinstance(self._query, int) else self._query

    def of(self, ids: Sequence[int]) -> Mapping[int, bytes]:
        """JPEGs of those among ``ids`` that have one; none once the memory is closed."""
        memory = self._memory()
        try:
            return {} if memory is None else memory.thumbnails(ids)
        except VisualMemoryError:
            return {}

    def __reduce__(self) -> tuple[object, ...]:
        return type(None), ()


def decision_html(decision: Decision) -> str:
    """The winner, its share, and the first neighbours with their images."""
    shown = decision.neighbours[:MOST]
    found = decision.thumbnails
    jpegs = {} if found is None else found.of([one.id for one in shown])
    jpeg = None if found is None else found.query
    query = "" if jpeg is None else _card(_image(jpeg), "query")
    cards = "".join(_card(_image(jpegs.get(one.id)), *_facts(one)) for one in shown)
    more = len(decision.neighbours) - len(shown)
    return f"<div><p>{_headline(decision)}</p>{query}{cards}{_more(more, 'neighbours')}</div>"


def summary_html(name: str, summary: Summary, examples: Mapping[str, bytes]) -> str:
    """A memory at a glance: how much it holds, and its largest classes with an image of each from ``examples``."""
    largest = largest_classes(summary)
    counts = f"{summary.active:,} active exemplars, {summary.struck:,} struck out"
    head = (
        f"<p><b>{_text(name)}</b>: {counts}; {len(summary.labels):,} classes; encoder {_text(summary.encoder.name)}</p>"
    )
    cards = "".join(_card(_image(examples.get(label)), label, f"{summary.labels[label]:,}") for label in largest)
    return f"<div>{head}{cards}{_more(len(summary.labels) - len(largest), 'classes')}</div>"


def closed_html(name: str) -> str:
    """A memory that cannot be asked any more."""
    return f"<p><b>{_text(name)}</b>: closed</p>"


def largest_classes(summary: Summary) -> list[str]:
    """The labels that are shown, largest class first."""
    return sorted(summary.labels, key=lambda label: (-summary.labels[label], label))[:MOST]


def _headline(decision: Decision) -> str:
    if decision.label is None or decision.share is None:
        return "nothing to compare with"
    known = _KNOWN[decision.known]
    return f"<b>{_text(decision.label)}</b>, {decision.share:.0%} of the vote{f', {known}' if known else ''}"


def _facts(one: Neighbour) -> tuple[str, str, str]:
    return one.label, f"distance {one.distance:.3f}", f"{one.share:.0%} of the vote"


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
