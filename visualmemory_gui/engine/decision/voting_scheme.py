"""The voting scheme: which rule weighs the votes of how many neighbours, and what the outcome is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from visualmemory_gui.engine.arguments import whole
from visualmemory_gui.engine.decision import plugin_rules
from visualmemory_gui.engine.decision.class_factor import class_factor
from visualmemory_gui.engine.decision.equal_vectors import Hides, ordinals, rows_behind
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.voting_rules import (
    JOINT,
    RULE_WEIGHTS,
    TIE,
    USUAL,
    RuleParameters,
    parameter_setting,
    parameters_of,
)
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.types import F64, I64, MOST_K, RULES, ClassFactor, MemorySettings, Rule, read_class_factor


@dataclass(frozen=True, slots=True)
class VotingScheme:
    """How neighbours become a decision: ``k`` of them vote by ``rule``; the winner is named at ``level`` (0: in full).

    ``class_factor`` is how classes of few exemplars are heard (``class_factor``); ``parameters`` are the rules' own.
    """

    rule: Rule = "rank"
    k: int = 10
    parameters: RuleParameters = USUAL
    class_factor: ClassFactor = "old"
    level: int = 0

    @classmethod
    def of(
        cls, settings: MemorySettings, k: int | None = None, rule: Rule | None = None, *, level: int = 0
    ) -> VotingScheme:
        """As a memory of these ``settings`` decides, but for what is given. Raises BadValue."""
        rule = settings.rule if rule is None else rule
        k = usual_k(settings, rule) if k is None else whole(k, "k")
        require_k(k)
        if rule not in RULES and (not isinstance(rule, str) or plugin_rules.found(rule) is None):
            raise _no_rule(rule)
        if (level := whole(level, "a level")) < 0:
            raise BadValue(f"a level is 0 (the full label) or more, not {level}")
        return cls(rule, k, RuleParameters.of(settings), class_factor=settings.class_factor, level=level)

    def with_parameters(self, **values: float) -> VotingScheme:
        """The same with other values of the rule's own parameters, by name (``PARAMETERS``)."""
        return replace(self, parameters=replace(self.parameters, **values))

    def changes(self, settings: MemorySettings | None) -> dict[str, object]:
        """The settings, by name, that make a memory decide so, except those that ``settings`` has already.

        The level is none of them: it is what is asked, not how it is answered.
        """
        own = {parameter_setting(self.rule, name): getattr(self.parameters, name) for name in parameters_of(self.rule)}
        values = {"rule": self.rule, k_setting(self.rule): self.k, **own, "class_factor": self.class_factor}
        return {name: value for name, value in values.items() if settings is None or getattr(settings, name) != value}

    @property
    def words(self) -> str:
        """ "ridge, k = 100, gamma 2, penalty 0.3": the rule and what it is given."""
        given = (f"{name} {getattr(self.parameters, name):g}" for name in parameters_of(self.rule))
        return ", ".join((self.rule, f"k = {self.k}", *given))

    def weighs_as(self, other: VotingScheme) -> bool:
        """Whether both give each vote the same weight; they may name the winner at different levels."""
        return (self if self.level == other.level else replace(self, level=other.level)) == other

    @property
    def joint(self) -> bool:
        """Whether a weight depends on which others vote, so that it has to be found for each k (``JOINT``)."""
        return self.rule in JOINT

    @property
    def tie(self) -> float:
        """How near to the largest total another is tied with it (``TIE``)."""
        return TIE.get(self.rule, 0.0)

    def voters(self, snapshot: Snapshot, rows: I64) -> I64 | slice:
        """The places in ``rows``, the neighbours of one query in order, of those that vote: the first k, under a joint
        rule all exemplars of the first k different vectors."""
        if not self.joint or not len(snapshot.twin_groups):
            return slice(0, self.k)
        return np.flatnonzero(ordinals(snapshot.twin[rows]) < self.k)

    def neighbours(
        self, snapshot: Snapshot, rows: I64, distances: F64, *, hides: Hides | None, own: I64 | None = None
    ) -> NeighbourArrays:
        """Those of many queries that vote, where a search for different vectors found ``rows`` (q, w) at ``distances``,
        k of them or more. ``hides`` says what a query must not see, ``own`` is for ``others_counted``."""
        if self.joint:
            first = np.s_[:, : self.k]
            return NeighbourArrays.of_vectors(snapshot, rows[first], distances[first], hides=hides, own=own)
        behind = rows_behind(snapshot, rows, distances, hides, most=self.k)
        return NeighbourArrays.of(snapshot, *behind, own=own)

    def first(self, near: NeighbourArrays, k: int | None = None) -> NeighbourArrays:
        """Those of ``near`` that vote where k is this one; of many queries."""
        k = self.k if k is None else k
        return near.first_vectors(k) if self.joint else near.first(k)

    def vote_weights(self, near: NeighbourArrays, *, by_rule: F64 | None = None, factors: F64 | None = None) -> F64:
        """What the votes of ``near`` weigh, as their arrays are shaped: the rule's weight x trust x class factor.

        All that decides, measures or foresees a decision weighs votes here. ``by_rule`` are the ``rule_weights``, and
        ``factors`` the ``class_factors``, if they are known. Raises BadValue for an unknown rule.
        """
        return (self.rule_weights(near) if by_rule is None else by_rule) * self.vote_scale(near, factors=factors)

    def rule_weights(self, near: NeighbourArrays) -> F64:
        """The part of the weights that is the rule's: the same whatever the class factor. Raises BadValue."""
        if self.rule in RULE_WEIGHTS:
            return RULE_WEIGHTS[self.rule](near, self.parameters)
        plugin = plugin_rules.found(self.rule)
        if plugin is None:
            raise _no_rule(self.rule)
        return plugin(near.distances)

    def vote_scale(self, near: NeighbourArrays, *, factors: F64 | None = None) -> F64:
        """The part of the weights that is the neighbours' own: trust and class factor.

        Of a joint rule only the part of a trust that is not solved for: what it is above 1. ``factors`` are the
        ``class_factors``, if they are known.
        """
        trust = near.trust / np.where(near.heard > 0.0, near.heard, 1.0) if self.joint else near.trust
        if self.class_factor == "off":
            return trust
        return trust * (self.class_factors(near) if factors is None else factors)

    def class_factors(self, near: NeighbourArrays) -> F64:
        """The class factor of each neighbour, as the arrays of ``near`` are shaped."""
        return class_factor(self.class_factor, near.counts, near.usual)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON can hold it; parameters only where they are not the usual ones."""
        data = asdict(self)
        return data if self.parameters != USUAL else {name: data[name] for name in data if name != "parameters"}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> VotingScheme:
        """Read back what ``to_dict`` wrote."""
        read = {"class_factor": read_class_factor(data["class_factor"])} if "class_factor" in data else {}
        return cls(**{**data, **read, "parameters": RuleParameters(**data.get("parameters", {}))})


def k_setting(rule: Rule) -> str:
    """The name of the setting that is k under ``rule``: ridge, of whose neighbours most get no vote, has its own."""
    return "ridge_k" if rule == "ridge" else "k"


def usual_k(settings: MemorySettings, rule: Rule) -> int:
    """How many neighbours vote by ``rule`` where k is not given."""
    return settings.ridge_k if k_setting(rule) == "ridge_k" else settings.k


def require_k(k: int) -> None:
    """Raise BadValue where ``k`` is no number of neighbours, or one that arrays of that width would not fit for."""
    if k < 1:
        raise BadValue(f"k counts neighbours and must be at least 1, not {k}")
    if k > MOST_K:
        raise BadValue(f"k may be at most {MOST_K:,}, not {k:,}")


def _no_rule(rule: object) -> BadValue:
    return BadValue(f"there is no voting rule {rule!r}; there are {', '.join((*RULES, *plugin_rules.names()))}")
