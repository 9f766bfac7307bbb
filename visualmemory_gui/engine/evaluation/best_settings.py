"""Best settings: by which rule, k, parameters and class factor a memory decides its own exemplars right most often.

They are chosen on one half of the exemplars, each decided by all others, and their gain is measured on the other half,
by the same queries before and after. What is applied is what was measured. Of settings that the choosing half cannot
tell from its best, those are taken that change the least: a parameter or a class factor is changed for a reason only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from visualmemory_gui.engine.decision.levels import at_level, deepest, level_codes, level_in_words
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.voting_rules import PARAMETERS
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.evaluate import KS
from visualmemory_gui.engine.evaluation.query_set import QuerySet, own_queries
from visualmemory_gui.engine.evaluation.statistics import Gain, paired_gain
from visualmemory_gui.engine.evaluation.winners import AT_ONCE, variants, winners_at_each_k
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.types import CLASS_FACTORS, I64, RULES, Bools, MemorySettings

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory.protocol import WholeMemory

FEWEST = 200
"""Exemplars under which nothing is suggested."""
MOST = 2000
"""Exemplars in each half at most."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A scheme, and how often it is right: on the half that chooses, on the half that measures, and there by comparison
    with the present settings."""

    scheme: VotingScheme
    chosen_on: float
    accuracy: float
    gain: Gain

    def to_json(self) -> dict[str, Any]:
        """The scheme's own values, and the figures."""
        figures = {"accuracy_chosen_on": self.chosen_on, "accuracy": self.accuracy, "gain": self.gain.to_json()}
        return {**self.scheme.changes(None), **figures}


@dataclass(frozen=True, slots=True)
class AtLevel:
    """The accuracy of the measuring half at one level, before and after."""

    before: float
    after: float
    gain: Gain


@dataclass(frozen=True, slots=True)
class OfClass:
    """The queries of one class in the measuring half: their number, and the share decided right before and after."""

    queries: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The settings to use instead of ``settings``, as far as they were measured at ``level``.

    ``best`` is what was chosen, ``now`` how the memory decides at present, ``rules`` the best of each rule. ``queries``
    are those of the choosing and of the measuring half, out of ``exemplars``. ``changes`` are the settings to set, by
    name; none where nothing better was found. ``per_class`` is at ``level``.
    """

    settings: MemorySettings
    level: int
    exemplars: int
    queries: tuple[int, int]
    now: Compared
    best: Compared
    rules: tuple[Compared, ...]
    changes: Mapping[str, object]
    by_level: Mapping[int, AtLevel]
    per_class: Mapping[str, OfClass]

    @property
    def gain(self) -> Gain:
        """What the suggested settings gain on the measuring half."""
        return self.best.gain

    @property
    def helps(self) -> bool:
        """Whether there is something to apply, and its gain is more than chance."""
        return bool(self.changes) and self.gain.helps

    def is_of(self, settings: MemorySettings) -> bool:
        """Whether a memory of ``settings`` decides as the one that was measured did."""
        return VotingScheme.of(settings, level=self.level) == self.now.scheme

    @property
    def words(self) -> str:
        """A sentence: what is suggested and what it gains, or why nothing is."""
        at = f"at {level_in_words(self.level)}"
        if not self.changes:
            return f"No other settings are measurably better {at}; {100 * self.now.accuracy:.1f} % right with these."
        if not self.helps:
            return f"Keep the present settings: {in_words(self.best.scheme)}: {self.gain.words} {at}."
        figures = f"{100 * self.now.accuracy:.1f} to {100 * self.best.accuracy:.1f} % right {at}"
        return f"Use {in_words(self.best.scheme)}: {self.gain.words}, from {figures}."

    @property
    def measured_on(self) -> str:
        """What the figures rest on, in a sentence."""
        chosen, measured = self.queries
        sampled = "" if chosen + measured == self.exemplars else f", a sample of {self.exemplars:,}"
        return (
            f"Chosen on {chosen:,} exemplars and measured on {measured:,} others{sampled}, each decided by all others."
        )

    @property
    def caution(self) -> str:
        """What the suggested settings give up that leave-one-out does not measure; empty if nothing."""
        if self.changes.get("class_factor") == "off":
            return "Without the class factor a class that has just been taught with one image is seldom heard."
        return ""

    def most_moved(self, most: int) -> list[tuple[str, OfClass]]:
        """The classes whose accuracy at ``level`` changes, those with the most queries that do first."""
        moved = [(label, one) for label, one in self.per_class.items() if one.before != one.after]
        return sorted(moved, key=lambda item: (-abs(item[1].after - item[1].before) * item[1].queries, item[0]))[:most]

    def to_json(self) -> dict[str, Any]:
        """The shape of ``visualmemory evaluate --suggest --json``."""
        return {
            "level": self.level,
            "exemplars": self.exemplars,
            "queries": {"chosen_on": self.queries[0], "measured_on": self.queries[1]},
            "now": self.now.to_json(),
            "best": self.best.to_json(),
            "rules": [one.to_json() for one in self.rules],
            "changes": dict(self.changes),
            "helps": self.helps,
            "words": self.words,
            "caution": self.caution,
            "by_level": {
                str(level): {**asdict(one), "gain": one.gain.to_json()} for level, one in self.by_level.items()
            },
            "per_class": {label: asdict(one) for label, one in self.per_class.items()},
        }


def in_words(scheme: VotingScheme) -> str:
    """ "ridge, k = 100, gamma 2, penalty 0.3, class factor mean"."""
    return f"{scheme.words}, class factor {scheme.class_factor}"


def suggest(memory: WholeMemory, *, level: int | None = None, seed: int = 0, report: Report = silent) -> Suggestion:
    """The settings that decide the memory's own exemplars best at ``level`` (default: that of its settings).

    Nothing is written. Raises BadValue (fewer than 200 exemplars, one class only, a negative level), Cancelled.
    """
    settings, snapshot = memory.settings, memory.snapshot
    now = VotingScheme.of(settings, level=settings.level if level is None else level)
    queries = own_queries(snapshot)
    if len(queries) < FEWEST:
        raise BadValue(
            f"{len(queries)} exemplars are too few to choose settings by: {FEWEST} are needed; "
            f"until then the present ones stay"
        )
    halves = queries.parts([MOST, MOST], seed=seed)
    chosen = _Half(memory, queries, halves[0], now, report)
    candidates = chosen.candidates(now)
    best = _simplest(candidates, settings)
    of_rules = [_best([one for one in candidates if one.scheme.rule == rule]) for rule in RULES]
    present = next(one for one in candidates if one.scheme == now)
    measured = _Half(memory, queries, halves[1], now, report)
    compared = _Comparison(measured, [present, best, *of_rules], now.level)
    before, after, *rules = compared.rows()
    return Suggestion(
        settings=settings,
        level=now.level,
        exemplars=len(queries),
        queries=(len(halves[0]), len(halves[1])),
        now=before,
        best=after,
        rules=tuple(rules),
        changes=best.scheme.changes(settings),
        by_level=compared.by_level(),
        per_class=compared.per_class(),
    )


def apply(memory: WholeMemory, found: Suggestion) -> MemorySettings:
    """Set what was suggested, all at once. Raises BadValue if it does not help or the settings are others by now."""
    if not found.helps:
        raise BadValue(f"not applied: {found.words}")
    if not found.is_of(memory.settings):
        raise BadValue("the settings were changed since; look for better ones again")
    return memory.set_all(found.changes)


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A scheme, and which queries of the choosing half it decides right."""

    scheme: VotingScheme
    right: Bools

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())


class _Half:
    """One half of the queries with their neighbours, and what schemes decide of them."""

    def __init__(self, memory: WholeMemory, queries: QuerySet, which: I64, now: VotingScheme, report: Report) -> None:
        self.queries, self.which, self._report = queries, which, report
        self.ks = sorted({*KS, now.k})
        search = memory.searcher.exact_many
        width = min(max(self.ks), memory.snapshot.active_count)
        self._blocks: list[tuple[NeighbourArrays, NeighbourArrays]] = []
        for start in range(0, len(which), AT_ONCE):
            report(start, len(which), "finding neighbours")
            part = which[start : start + AT_ONCE]
            self._blocks.append(queries.retrieved(memory.snapshot, search, width, which=part))

    def winners(self, schemes: Sequence[VotingScheme], ks: Sequence[int], levels: Sequence[int]) -> I64:
        """The codes that win, (levels, schemes, q, len(ks))."""
        named = [level_codes(self.queries.names, level) for level in levels]
        found = []
        for done, (near, together) in enumerate(self._blocks):
            self._report(done * AT_ONCE, len(self.which), "comparing settings")
            together = replace(together)  # the copy does not keep the cosines
            found.append(winners_at_each_k(near, schemes, ks, named, together=together))
        return np.concatenate(found, axis=2)

    def truth(self, level: int) -> I64:
        """The right codes, (q,)."""
        return level_codes(self.queries.names, level)[self.queries.truth[self.which]]

    def candidates(self, now: VotingScheme) -> list[_Candidate]:
        """All schemes that are compared.

        Of a joint rule, whose votes take long to find, k is chosen first and then one parameter after the other.
        """
        found: list[_Candidate] = []
        for scheme in (replace(now, rule=rule) for rule in RULES):
            if not scheme.joint:
                found += self._tried([*variants(scheme), scheme], self.ks)
                continue
            of_rule = self._tried([scheme], self.ks)
            for name, values in PARAMETERS[scheme.rule].items():
                best = _best(of_rule).scheme
                of_rule += self._tried([best.with_parameters(**{name: value}) for value in values], [best.k])
            found += of_rule
        return list({one.scheme: one for one in found}.values())

    def _tried(self, schemes: Sequence[VotingScheme], ks: Sequence[int]) -> list[_Candidate]:
        """``schemes`` with each class factor and each of ``ks``."""
        each = [replace(scheme, class_factor=form) for scheme in schemes for form in CLASS_FACTORS]
        level = each[0].level
        [won] = self.winners(each, ks, [level])
        right = won == self.truth(level)[:, None]
        return [
            _Candidate(replace(scheme, k=k), right[place, :, column])
            for place, scheme in enumerate(each)
            for column, k in enumerate(ks)
        ]


def _simplest(candidates: Sequence[_Candidate], settings: MemorySettings) -> _Candidate:
    """The best with the fewest changes that is not measurably worse than the best of all."""
    best, by_changes = _best(candidates), dict[int, list[_Candidate]]()
    for one in candidates:
        by_changes.setdefault(len(one.scheme.changes(settings)), []).append(one)
    simple = (_best(by_changes[changes]) for changes in sorted(by_changes))
    return next(one for one in simple if not paired_gain(one.right, best.right).helps)


def _best(candidates: Sequence[_Candidate]) -> _Candidate:
    """The one that is right most often, the first of equals."""
    return max(candidates, key=lambda one: one.accuracy)


class _Comparison:
    """What the candidates decide of the measuring half; the first is the present scheme, the second the suggestion."""

    def __init__(self, half: _Half, candidates: Sequence[_Candidate], level: int) -> None:
        self._candidates, self._level, self._names = candidates, level, half.queries.names
        self._levels = sorted({level, *range(deepest(self._names))})
        self._truth = half.truth(level)
        self._unit = half.queries.unit[half.which]
        ks = sorted({one.scheme.k for one in candidates})
        won = half.winners([one.scheme for one in candidates], ks, self._levels)
        at_k = [(place, ks.index(one.scheme.k)) for place, one in enumerate(candidates)]
        self._right = {
            at: [won[n, place, :, column] == half.truth(at) for place, column in at_k]
            for n, at in enumerate(self._levels)
        }

    def rows(self) -> list[Compared]:
        right = self._right[self._level]
        return [
            Compared(one.scheme, one.accuracy, float(decided.mean()), self._gain(right[0], decided))
            for one, decided in zip(self._candidates, right, strict=True)
        ]

    def by_level(self) -> dict[int, AtLevel]:
        return {
            at: AtLevel(float(before.mean()), float(after.mean()), self._gain(before, after))
            for at, (before, after, *_) in self._right.items()
        }

    def per_class(self) -> dict[str, OfClass]:
        labels = list(dict.fromkeys(at_level(name, self._level) for name in self._names))
        before, after, *_ = self._right[self._level]
        return {
            labels[code]: OfClass(int(of.sum()), float(before[of].mean()), float(after[of].mean()))
            for code in np.unique(self._truth).tolist()
            for of in [self._truth == code]
        }

    def _gain(self, before: Bools, after: Bools) -> Gain:
        return paired_gain(before, after, groups=self._unit)
