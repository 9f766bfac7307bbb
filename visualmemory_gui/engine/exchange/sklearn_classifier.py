"""The classifier of a memory as an estimator of scikit-learn: the same search and the same votes, on arrays.

scikit-learn is an extra; only who asks for the estimator imports this module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from visualmemory_gui.engine.decision.decide_batch import class_shares, decide_many
from visualmemory_gui.engine.decision.neighbour_table import NeighbourTable
from visualmemory_gui.engine.decision.voting_rules import parameter_setting, parameters_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.index.search import SearchResult, nearest_exact
from visualmemory_gui.engine.index.vector_check import gate
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.snapshot import Rows, Snapshot, WorkingSet
from visualmemory_gui.engine.store.checksum import vector_hash
from visualmemory_gui.engine.store.settings import settings_with
from visualmemory_gui.engine.types import F32, F64, I64, ClassFactor, MemorySettings, Rule

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(
        "VisualMemoryClassifier needs the package scikit-learn: pip install 'visualmemory_gui[sklearn]'"
    ) from error

Labels = npt.NDArray[Any]
"""Labels as scikit-learn takes them, (n,): numbers or texts."""
_SNAPSHOT = "_snapshot"


class VisualMemoryClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Decides vectors by the votes of their nearest exemplars, as a memory does.

    ``rule`` is a voting rule, ``k`` how many neighbours vote (None: 100 under ridge, else 10), ``class_factor`` how
    small classes are heard, ``rule_parameters`` the rule's own: {"gamma": 2.0, "penalty": 0.3} for ridge. None means
    what new memories are made with. The distance is 1 - cosine, and search is exact: rows of X are brought to unit
    length, so only their direction counts, and a row of zeros is refused.

    Fitted, it has ``classes_``, ``n_features_in_``, ``vectors_`` (n, d) float32 of unit length, ``codes_`` (n,), the
    places of their labels in ``classes_``, ``trust_`` (n,), and ``exemplar_ids_`` (n,): those of a memory, else 1, 2, …
    What X cannot be is a ValueError, as scikit-learn has it.
    """

    metric = "cosine"
    classes_: Labels
    n_features_in_: int
    vectors_: F32
    codes_: I64
    trust_: F64
    exemplar_ids_: I64

    def __init__(
        self,
        rule: Rule = "ridge",
        k: int | None = None,
        *,
        class_factor: ClassFactor = "mean",
        rule_parameters: Mapping[str, float] | None = None,
    ) -> None:
        self.rule = rule
        self.k = k
        self.class_factor = class_factor
        self.rule_parameters = rule_parameters

    @classmethod
    def from_memory(cls, memory: str | Path | VisualMemory) -> VisualMemoryClassifier:
        """The active exemplars of a memory, an open one or the folder of one, as a fitted classifier of its settings.

        It decides a vector as the memory does with exact search, at the full label. The folder is only read.
        Raises MemoryFolderError, and BadValue for a memory without active exemplars.
        """
        if not isinstance(memory, VisualMemory):
            with VisualMemory.open(memory, readonly=True) as opened:
                return cls.from_memory(opened)
        scheme, snapshot = VotingScheme.of(memory.settings), memory.snapshot
        rows = np.flatnonzero(snapshot.active)
        if not len(rows):
            raise BadValue(f"{memory.path} has no active exemplar to decide by: add images first")
        own = {name: getattr(scheme.parameters, name) for name in parameters_of(scheme.rule)}
        fitted = cls(scheme.rule, scheme.k, class_factor=scheme.class_factor, rule_parameters=own or None)
        fitted.n_features_in_ = memory.identity.dim
        fitted.classes_, codes = np.unique(np.array(snapshot.labels)[snapshot.label[rows]], return_inverse=True)
        fitted._keep(snapshot.vectors_of(rows), codes, snapshot.trust[rows], snapshot.ids[rows])
        return fitted

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> VisualMemoryClassifier:  # noqa: N803
        """Take the rows of ``X`` (n, d), of numbers, as exemplars with the labels ``y`` (n,)."""
        self._scheme()
        vectors, labels = self._checked(X, y, first=True)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        self._keep(vectors, codes, np.ones(len(codes)), np.arange(1, len(codes) + 1))
        return self

    def partial_fit(
        self,
        X: npt.ArrayLike,  # noqa: N803
        y: npt.ArrayLike,
        classes: npt.ArrayLike | None = None,
    ) -> VisualMemoryClassifier:
        """Add the rows of ``X`` (n, d) as further exemplars. Nothing is trained, so a label may be new at any time;
        ``classes`` only names some in advance."""
        if not hasattr(self, "classes_"):
            self.fit(X, y)
            labels = self.classes_[self.codes_]
        else:
            vectors, more = self._checked(X, y, first=False)
            ids = self.exemplar_ids_.max(initial=0) + np.arange(1, len(vectors) + 1)
            labels = np.concatenate([self.classes_[self.codes_], more])
            self.vectors_ = np.concatenate([self.vectors_, vectors])
            self.trust_ = np.append(self.trust_, np.ones(len(vectors)))
            self.exemplar_ids_ = np.append(self.exemplar_ids_, ids)
        named = labels if classes is None else np.concatenate([labels, np.asarray(classes)])
        self.classes_ = np.unique(np.concatenate([self.classes_, named]))
        self._keep(self.vectors_, np.searchsorted(self.classes_, labels), self.trust_, self.exemplar_ids_)
        return self

    def predict(self, X: npt.ArrayLike) -> Labels:  # noqa: N803
        """The class that wins the vote for each row of ``X`` (q, d): (q,). Of tied ones it is the class with the
        nearest vote."""
        snapshot, table, scheme = self._neighbours(X)
        verdicts = decide_many(snapshot, *table.arrays, scheme, different=True)
        won: Labels = self.classes_[verdicts.winner]
        return won

    def predict_proba(self, X: npt.ArrayLike) -> F64:  # noqa: N803
        """The share of the vote that each of ``classes_`` gets for each row of ``X`` (q, d): (q, classes), rows that
        sum to 1. A share is no calibrated probability."""
        snapshot, table, scheme = self._neighbours(X)
        return class_shares(snapshot, *table.arrays, scheme)

    def kneighbors(
        self,
        X: npt.ArrayLike | None = None,  # noqa: N803
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[F64, I64] | I64:
        """The nearest exemplars of each row of ``X`` (q, d), nearest first: distances (q, n) and places in
        ``vectors_`` (q, n), or the places alone. ``n_neighbors`` None is k, or all there are if they are fewer.

        With ``X`` None those of each exemplar, which is not its own neighbour.
        """
        check_is_fitted(self)
        there = len(self.vectors_) - (X is None)
        wanted = min(self._scheme().k, there) if n_neighbors is None else n_neighbors
        if not 1 <= wanted <= there:
            raise ValueError(f"n_neighbors must be between 1 and the {there:,} exemplars there are, not {wanted}")
        queries = self.vectors_ if X is None else self._queries(X)
        own = None if X is not None else lambda query: np.array([query])
        found = nearest_exact(self._snapshot, queries, wanted, excluded_rows=own)
        places = np.array([one.rows for one in found], np.int64).reshape(len(queries), wanted)
        distances = np.array([one.distances for one in found]).reshape(len(queries), wanted)
        return (distances, places) if return_distance else places

    def _scheme(self) -> VotingScheme:
        own = {parameter_setting(self.rule, name): value for name, value in (self.rule_parameters or {}).items()}
        given = {"class_factor": self.class_factor, **own}
        with _value_errors():
            settings = settings_with(MemorySettings(), {name: str(value) for name, value in given.items()})
            return VotingScheme.of(settings, self.k, self.rule)

    def _checked(self, X: npt.ArrayLike, y: npt.ArrayLike, *, first: bool) -> tuple[F32, Labels]:  # noqa: N803
        numbers, labels = validate_data(self, X, y, reset=first, dtype=[np.float64, np.float32])
        check_classification_targets(labels)
        with _value_errors():
            return gate(numbers, numbers.shape[1]), labels

    def _queries(self, X: npt.ArrayLike) -> F32:  # noqa: N803
        check_is_fitted(self)
        numbers = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        with _value_errors():
            return gate(numbers, self.n_features_in_)

    def _neighbours(self, X: npt.ArrayLike) -> tuple[Snapshot, NeighbourTable, VotingScheme]:  # noqa: N803
        queries, scheme = self._queries(X), self._scheme()
        found: list[SearchResult] = nearest_exact(self._snapshot, queries, scheme.k, different=True)
        return self._snapshot, NeighbourTable.of(found, min(scheme.k, len(self.vectors_))), scheme

    def _keep(self, vectors: F32, codes: I64, trust: F64, ids: I64) -> None:
        self.vectors_, self.codes_, self.trust_, self.exemplar_ids_ = vectors, codes, trust, ids
        self._snapshot = self._made_snapshot()

    def _made_snapshot(self) -> Snapshot:
        """The exemplars as decisions read them; row i is exemplar i, and a label's code its place in ``classes_``."""
        vectors, n = self.vectors_, len(self.vectors_)
        none = np.zeros(n, np.int64)
        rows = Rows(
            ids=np.arange(n),
            label=self.codes_.astype(np.int32),
            labels=tuple(map(str, range(len(self.classes_)))),
            active=np.ones(n, bool),
            trust=self.trust_,
            content=none,
            group=none,
            twin=np.fromiter(map(vector_hash, vectors), np.int64, count=n),
            change=none,
            image=none,
        )
        return WorkingSet(rows, change=0, load_vectors=lambda ids: vectors[ids]).snapshot

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != _SNAPSHOT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "vectors_"):
            self._snapshot = self._made_snapshot()


@contextmanager
def _value_errors() -> Iterator[None]:
    """What the engine refuses is a ValueError to scikit-learn."""
    try:
        yield
    except BadValue as error:
        raise ValueError(str(error)) from error
