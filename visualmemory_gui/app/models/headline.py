"""A decision in words: the headline, the sentence below it, and the reason. Pure functions of values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from visualmemory_gui.engine.decision import class_sets, in_memory, novelty
from visualmemory_gui.engine.decision.confidence import in_words
from visualmemory_gui.engine.decision.levels import at_level, disagrees, is_for_winner, roll_up
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.votes import VoteTally, tally
from visualmemory_gui.engine.decision.voting_rules import TIE
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import Cancelled
from visualmemory_gui.engine.text.visible_text import NO_ANSWER, as_sentence, capitalised, in_letters
from visualmemory_gui.engine.types import PAPER_RULES, Decision, Rule

if TYPE_CHECKING:
    from visualmemory_gui.engine.second_opinion.opinion import Opinion

BREAK = "\u200b"
UNBROKEN_PERCENT = "\u00a0%"  # no line begins with the sign
LONG, FITS, PIECE = 20, 12, 8  # letters of a word that is broken, that fit into one line, between two breaks
MOST_MISSES = 5


@dataclass(frozen=True, slots=True)
class Headline:
    """``title``: the winner, "Unknown. Nearest: tiger", or "Taught as lynx; its neighbours still say tiger".

    ``here`` precedes it: "In the memory as tiger (exemplar 12)". ``numbers``:
    share, margin, confidence. ``among``: "One of: cat, lynx; right 9 in 10 times here", if that says more.
    """

    title: str
    numbers: str
    reason: str
    here: str = ""
    among: str = ""


def percent(part: float) -> str:
    """ "71 %"; small shares keep one decimal."""
    value = 100 * part
    return f"{value:.1f} %" if 0 < value < 1 else f"{value:.0f} %"


def breakable(text: str) -> str:
    """``text`` with possible breaks in words of more than 20 letters, which a label could not wrap otherwise.

    They are between the parts of a word, and within those that are long themselves.
    """
    return " ".join(BREAK.join(_pieces(word)) if len(word) > LONG else word for word in text.split(" "))


def _pieces(word: str) -> list[str]:
    parts = re.findall(r"[^/_-]*[/_-]|[^/_-]+", word)
    sizes = ((part, PIECE if len(part) > FITS else FITS) for part in parts)
    return [part[i : i + size] for part, size in sizes for i in range(0, len(part), size)]


def headline(decision: Decision | None) -> Headline:
    """The headline of ``decision``, empty without one."""
    if decision is None:
        return Headline("", "", "")
    here, title = as_sentence(in_memory.in_words(decision)), decision.label
    if title is None:
        return Headline(NO_ANSWER.capitalize(), "The memory has no active exemplars.", "", here)
    if outvoted := in_memory.outvoted(decision):
        title = capitalised(outvoted)
    elif not in_memory.labels_of(decision) and decision.known is False:
        title = novelty.headline(decision)
    return Headline(title, _numbers(decision), _reason(decision), here, _among(decision))


def why(decision: Decision | None) -> str:
    """ "4 of 10 neighbours, the three nearest among them, are tiger.": of those whose vote weighs anything."""
    if decision is None or decision.label is None:
        return ""
    mine = [is_for_winner(n, decision) for n in decision.voters]
    total, votes = len(mine), sum(mine)
    voters = "neighbours that vote" if decision.silent else "neighbours"
    if votes == total:
        return (
            f"The only neighbour is {decision.label}." if total == 1 else f"All {total} {voters} are {decision.label}."
        )
    leading = mine.index(False)
    return f"{votes} of {total} {voters}{_nearest(leading, votes)} {'is' if votes == 1 else 'are'} {decision.label}."


def _nearest(leading: int, votes: int) -> str:
    """How many of the winner's votes come first, in words."""
    if leading == 0:
        return ""
    first = "the nearest" if leading == 1 else f"the {in_letters(leading)} nearest"
    return f", {first}," if leading == votes else f", {first} among them,"


def opinion_sentence(
    opinion: Opinion | None, winner: str | None, error: BaseException | None = None, *, waiting: bool = False
) -> str:
    """ "Second opinion: lynx, as the vote.", or why there is none; "" if none was asked for."""
    if waiting:
        return "Waiting for a second opinion…"
    if opinion is not None:
        return f"Second opinion: {opinion.in_words(winner)}."
    if error is None or isinstance(error, Cancelled):
        return ""
    return f"No second opinion: {error}."


def agreement(decision: Decision | None) -> tuple[str, str]:
    """ "exact · HNSW agrees 10/10", and in brief "exact"."""
    if decision is None or decision.search is None:
        return "", ""
    mode = "exact" if decision.search.mode == "exact" else "HNSW"
    if decision.search.agreement is None:
        return mode, mode
    return f"{mode} · HNSW agrees {decision.search.agreement}/{len(decision.neighbours)}", mode


def agreement_in_words(decision: Decision | None) -> str:
    """The same in plain words."""
    if decision is None or decision.search is None:
        return ""
    if decision.search.mode == "hnsw":
        return "The HNSW index proposed these neighbours; their distances are exact"
    found = decision.search.agreement
    more = "" if found is None else f"; the faster HNSW index would find {found} of these {len(decision.neighbours)}"
    return f"Every exemplar was compared{more}"


def misses(decision: Decision | None) -> str:
    """ "HNSW would miss rank 4 (tiger, 0.231) and rank 9 (lynx, 0.310)." """
    if decision is None or decision.search is None or decision.search.agreement is None:
        return ""
    missed = [n for n in decision.neighbours if n.id in set(decision.search.missed)]
    if not missed:
        return "HNSW would find all of them."
    said = [f"rank {n.rank} ({at_level(n.label, decision.level)}, {n.distance:.3f})" for n in missed[:MOST_MISSES]]
    said += [f"{len(missed) - MOST_MISSES} more"] if len(missed) > MOST_MISSES else []
    return f"HNSW would miss {' and '.join([', '.join(said[:-1]), said[-1]] if said[1:] else said)}."


def by_rule(decision: Decision | None) -> Mapping[Rule, VoteTally[str]]:
    """The outcome of each voting rule on the same neighbours, at the decision's level: of its own rule as it was
    decided, of the others with their usual parameters.

    Ridge only where these neighbours were weighed by it: it needs their vectors.
    """
    if decision is None or not decision.neighbours:
        return {}
    import numpy as np

    labels = [at_level(n.label, decision.level) for n in decision.neighbours]
    distances = np.array([n.distance for n in decision.neighbours])
    trust = np.array([n.trust * n.factor for n in decision.neighbours])
    near = NeighbourArrays.plain(distances, trust=trust)
    schemes = (VotingScheme(rule, decision.k) for rule in PAPER_RULES)
    found = {scheme.rule: tally(labels, scheme.vote_weights(near).tolist()) for scheme in schemes}
    found[decision.rule] = _own_tally(decision, labels)
    return found


def _own_tally(decision: Decision, labels: Sequence[str]) -> VoteTally[str]:
    return tally(labels, [n.weight for n in decision.neighbours], tie=TIE.get(decision.rule, 0.0))


def disagree(tallies: Mapping[Rule, VoteTally[str]]) -> bool:
    return len({t.winner for t in tallies.values()}) > 1


def level_note(decision: Decision | None) -> str:
    """A note for when the winner at this level is not an ancestor of the winner among full labels."""
    if decision is None or decision.level == 0:
        return ""
    full = roll_up(decision, 0)
    if not disagrees(full, decision):
        return ""
    return f"Among full labels {full.label} wins: its votes stay together, those of {decision.label} are split."


def _numbers(decision: Decision) -> str:
    parts = [f"{percent(decision.share or 0.0)} of the vote"]
    if decision.margin is not None and len(decision.shares) > 1:
        parts.append(f"margin {percent(decision.margin)}")
    if decision.confidence is not None and decision.known is not False:
        parts.append(f"such answers are right {in_words(decision.confidence)} here")
    return " · ".join(parts).replace(" %", UNBROKEN_PERCENT)


def _reason(decision: Decision) -> str:
    if decision.novelty is None or decision.known is True:
        return ""
    return as_sentence(decision.novelty.reason)


def _among(decision: Decision) -> str:
    """The class set; of an unknown image none, for the sets were measured on images like the exemplars."""
    if decision.known is False:
        return ""
    return as_sentence(class_sets.in_words(decision.class_set, decision.label))
