"""Voting over neighbour lists as the paper's repository publishes them.

A file is one JSON object: query -> {featurizer, image_id, image_class, neighbor_image_ids, neighbor_classes,
neighbor_distances}. Lists are read in the order given and never sorted; the class factor does not apply here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from visualmemory_gui.engine.arguments import within
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.votes import winner_at_each_k
from visualmemory_gui.engine.decision.voting_rules import NO_VECTORS, PARAMETERS, parameter_setting
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.published_lists.neighbour_lists import (
    JsonClass,
    NeighbourList,
    normalised,
    parse_excluded,
    parse_lists,
    parse_trust,
)
from visualmemory_gui.engine.types import F64, I64, PAPER_RULES, PARAMETER_LIMITS, RULES, Bools, Rule

_BLOCK = 1024


def vote(
    data: object,
    rule: Rule,
    *,
    param: float | None = None,
    exclude: object = (),
    trust: object = None,
    at_each_k: bool = False,
    normalise: bool = False,
) -> dict[str, dict[str, Any]]:
    """The winner of each list: ``{query: {"prediction": class}}``, or with ``at_each_k`` ``{"prediction_at_k": [...]}``
    where entry k - 1 is the winner of the first k. Classes keep their JSON type; an empty list gives null.

    ``data``, ``exclude`` (a list of neighbour ids) and ``trust`` (an object id -> factor) are parsed JSON and are
    checked here; BadValue says what is wrong with them. ``normalise`` scales distances to [0, 1] over all lists. The
    other arguments are as in ``predictions``.
    """
    lists = normalised(parse_lists(data)) if normalise else parse_lists(data)
    excluded, factors = parse_excluded(exclude), parse_trust({} if trust is None else trust)
    at_k = predictions(lists, rule, param=param, exclude=excluded, trust=factors)
    if at_each_k:
        return {one.query: {"prediction_at_k": won} for one, won in zip(lists, at_k, strict=True)}
    return {one.query: {"prediction": won[-1] if won else None} for one, won in zip(lists, at_k, strict=True)}


def predictions(
    lists: Sequence[NeighbourList],
    rule: Rule,
    *,
    param: float | None = None,
    exclude: Collection[str] = (),
    trust: Mapping[str, float] | None = None,
) -> list[list[JsonClass]]:
    """For each list, the winners of its first 1, 2, …, all neighbours.

    ``exclude``: neighbours that are skipped without advancing the rank; if that leaves none of a whole list, none is
    skipped, and until the first one counts, the first neighbour's class is the answer. ``trust``: vote multipliers by
    neighbour id, 1 where absent. ``param``: the rule's own parameter.
    """
    scheme = list_scheme(rule, param)
    excluded = frozenset(exclude)
    out: list[list[JsonClass]] = []
    for start in range(0, len(lists), _BLOCK):
        block = lists[start : start + _BLOCK]
        out.extend(_decide_block(block, scheme, excluded=excluded, trust=trust or {}))
    return out


def list_scheme(rule: Rule, param: float | None = None) -> VotingScheme:
    """The scheme for voting on lists: ``rule`` with its parameter ``param``, without class factor. Raises BadValue."""
    if rule not in RULES:
        raise BadValue(f"unknown voting rule {rule!r}; the rules are {', '.join(PAPER_RULES)}")
    if rule not in PAPER_RULES:
        raise BadValue(NO_VECTORS)
    scheme = VotingScheme(rule, class_factor="off")
    if param is None:
        return scheme
    if not PARAMETERS[rule]:
        raise BadValue(f"the rule {rule} has no parameter")
    name = parameter_of(rule)
    limits = PARAMETER_LIMITS[parameter_setting(rule, name)]
    return scheme.with_parameters(**{name: within(param, f"the {name} of the rule {rule}", limits)})


def parameter_of(rule: Rule) -> str:
    """The name of the only parameter of one of the paper's rules; plurality has none."""
    [name] = PARAMETERS[rule]
    return name


def _decide_block(
    block: Sequence[NeighbourList],
    scheme: VotingScheme,
    *,
    excluded: frozenset[str],
    trust: Mapping[str, float],
) -> Iterator[list[JsonClass]]:
    classes = list(dict.fromkeys(c for one in block for c in one.classes))
    code_of = {c: code for code, c in enumerate(classes)}
    shape = (len(block), max(len(one.classes) for one in block))
    codes, distances = np.zeros(shape, np.int64), np.full(shape, np.inf)
    kept, trusted = np.zeros(shape, bool), np.ones(shape)
    for i, one in enumerate(block):
        n = len(one.classes)
        codes[i, :n] = [code_of[c] for c in one.classes]
        distances[i, :n] = one.distances
        kept[i, :n] = _kept(one.ids, excluded)
        if trust:
            trusted[i, :n] = [trust.get(j, 1.0) for j in one.ids]
    winners = winners_at_each_k(scheme, codes, distances=distances, kept=kept, trusted=trusted)
    winners = np.where(winners < 0, codes[:, :1], winners)
    for one, row in zip(block, winners.tolist(), strict=True):
        yield [classes[code] for code in row[: len(one.classes)]]


def _kept(ids: Sequence[str], excluded: frozenset[str]) -> Sequence[bool]:
    if not excluded:
        return [True] * len(ids)
    kept = [i not in excluded for i in ids]
    return kept if any(kept) else [True] * len(ids)


def winners_at_each_k(scheme: VotingScheme, codes: I64, *, distances: F64, kept: Bools, trusted: F64) -> I64:
    """Codes of the winners at each k, (q, k); -1 while no neighbour was ``kept``. All arrays are (q, k), in the order
    of the lists; neighbours not kept do not advance the rank, ``trusted`` are vote multipliers."""
    near = kept_only(distances, kept, trusted)
    winners = winner_at_each_k(codes, scheme.vote_weights(near)).winner
    if scheme.rule != "softmax":
        return winners
    seen = near.distances
    nearest = np.minimum.accumulate(seen, axis=1)
    sinking = (nearest[:, 1:] < nearest[:, :-1]) & np.isfinite(nearest[:, :-1])
    for i in np.flatnonzero(sinking.any(axis=1)):  # relative to each prefix's own nearest
        winners[i] = _softmax_unsorted(codes[i], seen[i], trusted[i], scheme)
    return winners


def kept_only(distances: F64, kept: Bools, trusted: F64) -> NeighbourArrays:
    """(q, k) neighbours in the order of the lists; those not ``kept`` have no vote and do not advance the rank."""
    ranks = np.maximum(np.cumsum(kept, axis=1) - 1, 0)
    return NeighbourArrays.plain(np.where(kept, distances, np.inf), trust=np.where(kept, trusted, 0.0), ranks=ranks)


def _softmax_unsorted(codes: I64, distances: F64, trusted: F64, scheme: VotingScheme) -> list[int]:
    """A list whose nearest neighbour is not its first: later neighbours must not drown the votes of a prefix."""
    won = []
    for k in range(1, len(codes) + 1):
        votes = scheme.vote_weights(NeighbourArrays.plain(distances[:k], trust=trusted[:k]))
        won.append(int(winner_at_each_k(codes[None, :k], votes[None]).winner[0, -1]))
    return won
