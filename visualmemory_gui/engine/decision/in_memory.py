"""A query whose image the memory holds already: which exemplars it is, and of which classes."""

from __future__ import annotations

from visualmemory_gui.engine.decision.levels import at_level
from visualmemory_gui.engine.text.visible_text import first_few
from visualmemory_gui.engine.types import Decision, Exemplar

MOST = 3  # that are named


def labels_of(decision: Decision) -> set[str]:
    """The classes that the query's own image has in the memory, at the level of the decision; struck ones have none."""
    return {at_level(each.label, decision.level) for each in decision.in_memory if each.state == "active"}


def outvoted(decision: Decision) -> str:
    """ "taught as clothes; its neighbours still say cat/tiger"; "" where the winner is a class of the image's own."""
    own = labels_of(decision)
    if decision.label is None or not own or decision.label in own:
        return ""
    return f"taught as {' and '.join(sorted(own))}; its neighbours still say {decision.label}"


def in_words(decision: Decision) -> str:
    """ "in the memory as clothes (exemplar 12)"; "" where it is not there."""
    named = [f"{each.label} ({_which(each)})" for each in decision.in_memory]
    return f"in the memory as {first_few(named, MOST, between=' and ')}" if named else ""


def _which(exemplar: Exemplar) -> str:
    return f"exemplar {exemplar.id}{', struck out' if exemplar.state == 'struck' else ''}"
