"""One frozen set of queries, asked before and after an edit that need not have been made.

All exemplars active at the baseline are asked by leave-one-out, those that the edit strikes out too, under the label
they had: else striking whatever is decided wrong would look like a gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from visualmemory_gui.engine.decision.leave_one_out import LeftOut, NearestMany, Retrieved, own_class
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.queries import Queries
from visualmemory_gui.engine.decision.votes import NOBODY, winner_at_each_k
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.index.search import nearest_exact
from visualmemory_gui.engine.progress import Report, silent
from visualmemory_gui.engine.snapshot import Snapshot
from visualmemory_gui.engine.study.honest import together
from visualmemory_gui.engine.tracked_decisions import watched_queries
from visualmemory_gui.engine.types import F64, I64, Bools

if TYPE_CHECKING:
    from visualmemory_gui.engine.memory_protocol import WholeMemory

SPARE = 10
UNHEARD = -1  # the code of an expected label that no exemplar has


@dataclass(frozen=True, slots=True)
class Questions:
    """q queries with their right label codes ``truth`` (UNHEARD where no exemplar has the label).

    ``own`` is each query's row where it is itself an exemplar, NOBODY else; ``unit`` a key above 0 that queries share
    which must not come into different parts of a split: those of one group, content or vector.
    """

    queries: Queries
    truth: I64
    own: I64
    unit: I64

    def __len__(self) -> int:
        return len(self.truth)


def own_questions(snapshot: Snapshot) -> Questions:
    """All active exemplars, by leave-one-out. Raises BadValue where no neighbour could be wrong."""
    rows = np.flatnonzero(snapshot.active)
    if not len(rows):
        raise BadValue("the memory has no active exemplar; restore some or add pictures first")
    if len(np.unique(snapshot.label[rows])) == 1:
        only = snapshot.labels[snapshot.label[rows[0]]]
        raise BadValue(f"all exemplars are of one class, {only}: no neighbour can be wrong")
    queries = Queries.exemplars(snapshot, rows)
    return Questions(queries, snapshot.label[rows].astype(np.int64), rows, together(*queries.keys))


def watched_questions(memory: WholeMemory, snapshot: Snapshot) -> Questions:
    """The watch set, decided without exemplars of the same content. Raises BadValue without one."""
    watched = [one for one in memory.watch.all() if one.picture.vector is not None]
    if not watched:
        raise BadValue("there is no watch set: decide pictures in the window and watch them, or ask leave-one-out")
    own_questions(snapshot)  # refuses what cannot be studied
    queries = watched_queries(watched)
    code = {label: c for c, label in enumerate(snapshot.labels)}
    truth = np.array([code.get(one.expected, UNHEARD) for one in watched], np.int64)
    return Questions(queries, truth, queries.own_rows(snapshot), together(*queries.keys))


class FrozenQueries:
    """``questions`` with their nearest exemplars in ``snapshot``, ``width`` of them or more; searched once."""

    def __init__(
        self,
        snapshot: Snapshot,
        questions: Questions,
        nearest_many: NearestMany,
        *,
        scheme: VotingScheme,
        width: int,
        report: Report = silent,
    ) -> None:
        self.snapshot = snapshot
        self.questions = questions
        self.scheme = scheme
        self.left_out = LeftOut(snapshot, questions.queries.keys)
        self.table = NeighbourTable(len(questions), max(width, scheme.k) + SPARE)
        everything = np.arange(len(questions))
        self.table.put(everything, self._search(snapshot, everything, nearest_many, report))

    def __len__(self) -> int:
        return len(self.questions)

    def right(self, edited: Snapshot | None = None, which: I64 | None = None) -> Bools:
        """Whether each query (or those of ``which``) is decided right, (q,), on ``edited``: the snapshot with other
        trust, or with fewer exemplars active. Without it on the snapshot itself."""
        edited = self.snapshot if edited is None else edited
        which = np.arange(len(self)) if which is None else which
        rows, distances = self._lists(edited, which)
        winner = self.winners(self.neighbours(edited, rows, distances, which=which))
        right: Bools = (winner == self.questions.truth[which]) & (winner != NOBODY)
        return right

    def neighbours(self, edited: Snapshot, rows: I64, distances: F64, *, which: I64) -> NeighbourArrays:
        """The neighbours ``rows`` of the queries ``which``, (q, k), as they weigh in ``edited``."""
        return NeighbourArrays.of(edited, rows, distances, own=own_class(edited, self.questions.own[which]))

    def winners(self, near: NeighbourArrays) -> I64:
        """The label codes that win among ``near``, (q,); NOBODY where no vote weighs anything."""
        won: I64 = winner_at_each_k(near.codes, self.scheme.vote_weights(near)).winner[:, -1]
        return won

    def _lists(self, edited: Snapshot, which: I64) -> tuple[I64, F64]:
        """Rows and distances of the first k that are active in ``edited``."""
        table = copy(self.table)
        table.keep(which)  # copies the lines
        table.take_out(np.flatnonzero(self.snapshot.active & ~edited.active))
        short = table.short(self.scheme.k)
        if len(short):
            table.put(short, self._search(edited, which[short], nearest_exact, silent))
        return table.rows[:, : self.scheme.k], table.distances[:, : self.scheme.k]

    def _search(self, snapshot: Snapshot, which: I64, nearest_many: NearestMany, report: Report) -> Sequence[Retrieved]:
        return nearest_many(
            snapshot,
            self.questions.queries.vectors[which],
            self.table.width,
            excluded_rows=lambda i: self.left_out(int(which[i])),
            report=report,
        )
