"""The classifier and the encoder as scikit-learn sees them: its own checks, and the answers of a memory."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from tests import long_tail
from tests.conftest import COLOURS, clustered, paint_image
from visualmemory_gui import BadValue, ImageEncoder, VisualMemory, VisualMemoryClassifier
from visualmemory_gui.engine.errors import BadImage, NotAMemory
from visualmemory_gui.engine.types import RULES, Rule

NO_DIRECTION = {"check_estimators_dtypes": "it fits a row of zeros, which has no direction and is refused in words"}
"""What scikit-learn expects of estimators and does not apply to this one, with the reason."""
DIM = 6


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VisualMemory]:
    """A memory of few large and many small classes, with copies, trust set by hand, and struck exemplars."""
    place = tmp_path_factory.mktemp("kept") / "m.vmem"
    with long_tail.filled(place, np.random.default_rng(3), long_tail.SIZES) as memory:
        memory.strike(memory.snapshot.ids[[2, 9]].tolist())
        yield memory


@pytest.fixture(scope="module")
def queries() -> np.ndarray:
    return long_tail.unit(25, np.random.default_rng(8))


def test_it_passes_the_checks_of_scikit_learn_that_apply() -> None:
    done = check_estimator(VisualMemoryClassifier(), expected_failed_checks=NO_DIRECTION, on_skip=None, on_fail=None)
    assert {one["check_name"]: str(one["exception"]) for one in done if one["status"] == "failed"} == {}
    failed = {one["check_name"]: str(one["exception"]) for one in done if one["status"] == "xfail"}
    assert set(failed) == set(NO_DIRECTION) and "has no direction" in failed["check_estimators_dtypes"]
    assert len(done) > 45


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("factor", ["off", "mean"])
def test_a_memory_and_its_estimator_decide_alike(kept: VisualMemory, queries: np.ndarray, rule: Rule, factor: str):
    kept.set_all({"rule": rule, "class_factor": factor})
    decided = [kept.decide_vector(query, search="exact") for query in queries]
    read = VisualMemoryClassifier.from_memory(kept.path)
    assert read.predict(queries).tolist() == [one.label for one in decided]
    shares = [[one.shares.get(label, 0.0) for label in read.classes_] for one in decided]
    np.testing.assert_allclose(read.predict_proba(queries), shares, atol=1e-12)


def test_a_memory_and_what_is_fitted_to_its_vectors_decide_alike(tmp_path: Path, as_new_memories_are: None) -> None:
    vectors, labels = clustered(60, dim=DIM, classes=4, seed=2, spread=0.6)
    queries = clustered(20, dim=DIM, classes=4, seed=2, spread=0.9)[0]
    fitted = VisualMemoryClassifier().fit(7 * vectors.astype(np.float64), labels)
    with VisualMemory.create(tmp_path / "m.vmem", dim=DIM) as memory:
        memory.add_vectors(vectors, labels)
        wanted = [memory.decide_vector(query).label for query in queries]
    assert fitted.predict(queries).tolist() == wanted
    numbers = np.array([int(label.split()[-1]) - 2 for label in labels])
    assert VisualMemoryClassifier().fit(vectors, numbers).predict(queries).tolist() == [
        int(label.split()[-1]) - 2 for label in wanted
    ]


def test_neighbours_are_those_of_the_exemplars_that_are_not_struck(kept: VisualMemory, queries: np.ndarray) -> None:
    read = VisualMemoryClassifier.from_memory(kept)
    distances, places = read.kneighbors(queries, 4)
    by_hand = 1.0 - queries.astype(np.float64) @ read.vectors_.T.astype(np.float64)
    np.testing.assert_allclose(distances, np.sort(by_hand, axis=1)[:, :4], atol=1e-12)
    np.testing.assert_allclose(np.take_along_axis(by_hand, places, axis=1), distances, atol=1e-12)
    assert set(kept.snapshot.ids[[2, 9]]).isdisjoint(read.exemplar_ids_)
    own = read.kneighbors(n_neighbors=3, return_distance=False)
    assert own.shape == (len(read.vectors_), 3) and not (own == np.arange(len(own))[:, None]).any()


def test_it_can_be_copied_cloned_and_searched_over(queries: np.ndarray) -> None:
    vectors, labels = clustered(60, dim=DIM, classes=3, seed=4)
    fitted = VisualMemoryClassifier("softmax", 5, rule_parameters={"temperature": 0.1}).fit(vectors, labels)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(queries), fitted.predict_proba(queries))
    assert clone(fitted).get_params() == fitted.get_params() and not hasattr(clone(fitted), "classes_")
    found = GridSearchCV(VisualMemoryClassifier(), {"rule": ["rank", "ridge"], "k": [3, 9]}, cv=2).fit(vectors, labels)
    assert found.best_score_ > 0.9


def test_a_further_class_can_be_taught_at_any_time() -> None:
    vectors, labels = clustered(40, dim=DIM, classes=3, seed=5)
    taught = VisualMemoryClassifier(k=5).partial_fit(vectors[:30], labels[:30], classes=["class 0", "zebra"])
    assert "zebra" in taught.classes_ and not taught.predict_proba(vectors[:1])[0, -1]
    taught.partial_fit(-vectors[:2], ["new", "new"]).partial_fit(vectors[30:], labels[30:])
    assert taught.predict(-vectors[:1]).tolist() == ["new"]
    whole = VisualMemoryClassifier(k=5).fit(
        np.concatenate([vectors[:30], -vectors[:2], vectors[30:]]), [*labels[:30], "new", "new", *labels[30:]]
    )
    assert taught.predict(vectors).tolist() == whole.predict(vectors).tolist()
    assert taught.exemplar_ids_.tolist() == list(range(1, 43))


@pytest.mark.parametrize("rule", RULES)
def test_more_neighbours_than_there_are_exemplars_are_all_of_them(queries: np.ndarray, rule: Rule) -> None:
    labels = [f"c{i % 3}" for i in range(len(queries))]
    every, beyond = (VisualMemoryClassifier(rule, k=k).fit(queries, labels) for k in (len(queries), 10_000))
    assert beyond.predict_proba(queries).tolist() == every.predict_proba(queries).tolist()
    assert beyond.predict(queries).tolist() == every.predict(queries).tolist()


def _fitted() -> VisualMemoryClassifier:
    return VisualMemoryClassifier().fit(np.eye(4), list("aabb"))


ODD: dict[str, tuple[Callable[[], object], str]] = {
    "sparse": (lambda: _fitted().predict(sparse.eye_array(4).tocsr()), "dense data is required"),
    "no rows": (lambda: _fitted().fit(np.empty((0, 4)), []), "0 sample"),
    "no columns": (lambda: _fitted().fit(np.empty((4, 0)), list("aabb")), "0 feature"),
    "a missing number": (lambda: _fitted().predict(np.full((1, 4), np.nan)), "contains NaN"),
    "infinity": (lambda: _fitted().predict(np.full((1, 4), np.inf)), "infinity"),
    "one row alone": (lambda: _fitted().predict(np.ones(4)), "Expected 2D array"),
    "objects": (lambda: _fitted().predict(np.array([[{}, 1, 2, 3]], object)), "argument must be"),
    "words": (lambda: _fitted().predict([["a", "b", "c", "d"]]), "could not convert"),
    "another width": (lambda: _fitted().predict(np.ones((1, 5))), "expecting 4 features"),
    "a row of zeros": (lambda: _fitted().predict(np.zeros((2, 4))), "vector 0 has .* no direction"),
    "measurements as labels": (lambda: _fitted().fit(np.eye(2), [0.5, 1.25]), "continuous"),
    "labels of another length": (lambda: _fitted().fit(np.eye(2), ["a"]), "inconsistent numbers"),
    "not fitted": (lambda: VisualMemoryClassifier().predict(np.eye(4)), "not fitted yet"),
    "no rule": (lambda: VisualMemoryClassifier("majority").fit(np.eye(2), list("ab")), "there is no voting rule"),
    "no k": (lambda: VisualMemoryClassifier(k=0).fit(np.eye(2), list("ab")), "at least 1"),
    "a parameter of another rule": (
        lambda: VisualMemoryClassifier("rank", rule_parameters={"gamma": 2}).fit(np.eye(2), list("ab")),
        "unknown setting 'rank_gamma'",
    ),
    "a parameter out of bounds": (
        lambda: VisualMemoryClassifier(rule_parameters={"gamma": -1}).fit(np.eye(2), list("ab")),
        "ridge_gamma must be",
    ),
    "too many neighbours": (lambda: _fitted().kneighbors(np.eye(4), 5), "between 1 and the 4 exemplars"),
}


@pytest.mark.parametrize(("call", "says"), ODD.values(), ids=ODD)
def test_what_it_cannot_use_is_refused_in_words(call: Callable[[], object], says: str) -> None:
    with pytest.raises((ValueError, TypeError), match=f"(?i){says}"):
        call()


def test_only_a_memory_with_exemplars_becomes_a_classifier(tmp_path: Path) -> None:
    VisualMemory.create(tmp_path / "empty.vmem", dim=DIM).close()
    with pytest.raises(BadValue, match="no active exemplar"):
        VisualMemoryClassifier.from_memory(tmp_path / "empty.vmem")
    with pytest.raises(NotAMemory):
        VisualMemoryClassifier.from_memory(tmp_path)


def test_images_go_in_at_one_end_of_a_pipeline_and_classes_come_out_at_the_other(memory: VisualMemory, images: Path):
    paths = [str(one) for one in sorted(images.rglob("*.png"))]
    labels = [str(Path(one).parent.relative_to(images)) for one in paths]
    pipeline = make_pipeline(ImageEncoder("fake"), VisualMemoryClassifier(k=3))
    assert pipeline.fit(paths, labels).predict(paths).tolist() == labels
    vectors = ImageEncoder("fake").transform([*paths[:2], paths[0]])
    np.testing.assert_array_equal(vectors, memory.embed([*paths[:2], paths[0]]))


def test_an_image_that_cannot_be_read_ends_the_pipeline_by_name(tmp_path: Path) -> None:
    paint_image(COLOURS["animals/cat"], seed=1).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(BadImage, match=r"bad\.png"):
        ImageEncoder("fake").transform([tmp_path / "good.png", tmp_path / "bad.png"])


@pytest.mark.parametrize("name", ["VisualMemoryClassifier", "ImageEncoder"])
def test_without_scikit_learn_the_line_that_installs_it_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import visualmemory_gui

    home = f"visualmemory_gui.engine.{visualmemory_gui._HOMES[name]}"
    monkeypatch.delitem(sys.modules, home)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ImportError, match=r"pip install 'visualmemory_gui\[sklearn\]'"):
        getattr(visualmemory_gui, name)
