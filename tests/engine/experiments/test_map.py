"""Maps: the main directions are those of a plain SVD, new exemplars are placed, and a map can be kept."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import clustered
from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.experiments import tsne
from visualmemory_gui.engine.experiments.map import METHODS, Layout, Method, lay_out, place, stages
from visualmemory_gui.engine.progress import silent


def test_the_main_directions_are_those_of_a_singular_value_decomposition() -> None:
    vectors, labels = clustered(200, dim=12, classes=4, seed=0)
    found = lay_out(snapshot_of(labels, vectors))
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    expected = centred @ axes[:2].T
    for ours, theirs in zip(found.xy.T, (expected / expected.std(axis=0)).T, strict=True):
        assert min(np.abs(ours - theirs).max(), np.abs(ours + theirs).max()) < 1e-5


def test_struck_exemplars_are_not_on_the_map_and_are_placed_where_they_belong() -> None:
    vectors, labels = clustered(100, dim=12, classes=3, seed=1)
    active = np.arange(100) >= 10
    snapshot = snapshot_of(labels, vectors, active=active.tolist())
    found = lay_out(snapshot)
    assert found.ids.tolist() == list(range(11, 101))
    assert np.abs(place(found, snapshot, vectors[active]) - found.xy).max() < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_a_map_keeps_its_clusters_apart_and_takes_a_new_exemplar_in(method: Method) -> None:
    vectors, labels = clustered(330, dim=12, classes=3, seed=2, spread=0.08)
    names = np.array(labels)
    snapshot = snapshot_of(labels[:300], vectors[:300])
    found = lay_out(snapshot, method)
    spots = place(found, snapshot, vectors[300:])
    middles = {name: found.xy[names[:300] == name].mean(axis=0) for name in set(labels)}
    for spot, name in zip(spots, names[300:], strict=True):
        assert min(middles, key=lambda other: float(np.linalg.norm(middles[other] - spot))) == name


@pytest.mark.parametrize("method", METHODS)
def test_a_map_can_be_kept_and_is_the_same_again(method: Method) -> None:
    vectors, labels = clustered(60, dim=8, classes=3, seed=3)
    snapshot = snapshot_of(labels, vectors)
    found = lay_out(snapshot, method)
    again = Layout.from_text(found.to_text())
    assert again.method == method and np.array_equal(again.xy, found.xy) and np.array_equal(again.ids, found.ids)
    assert np.array_equal(place(again, snapshot, vectors), place(found, snapshot, vectors))


def test_laying_out_can_be_stopped() -> None:
    vectors, labels = clustered(100, dim=8, classes=3, seed=4)

    def report(done: int, total: int | None, what: str = "") -> None:
        if what == "laying out the map" and done:
            raise Cancelled

    with pytest.raises(Cancelled):
        lay_out(snapshot_of(labels, vectors), "tsne", report=report)


def test_too_few_exemplars_make_no_map() -> None:
    with pytest.raises(BadValue, match="three exemplars"):
        lay_out(snapshot_of(["a", "b"], np.eye(2, 8, dtype=np.float32)))


def test_exemplars_that_are_all_alike_make_a_map_of_one_spot() -> None:
    vectors = np.tile(np.eye(1, 8, dtype=np.float32), (5, 1))
    assert np.isfinite(lay_out(snapshot_of(["a"] * 5, vectors)).xy).all()


def test_without_its_package_a_map_by_neighbourhoods_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visualmemory_gui.engine.experiments.map.has_tsne", lambda: False)
    vectors, labels = clustered(20, dim=8, classes=2, seed=5)
    with pytest.raises(BadValue, match="pip install"):
        lay_out(snapshot_of(labels, vectors), "tsne")


def test_neighbourhoods_grow_in_stages_and_what_is_there_can_be_kept() -> None:
    vectors, labels = clustered(150, dim=8, classes=3, seed=6)
    snapshot, seen = snapshot_of(labels, vectors), list[Layout]()

    def report(done: int, total: int | None, what: str = "") -> None:
        if what == "laying out the map" and done >= 50:
            raise Cancelled

    with pytest.raises(Cancelled):
        for stage in stages(snapshot, "tsne", report=report):
            seen.append(stage)
    assert seen[-1].steps == 50
    first, second = seen
    assert (first.steps, second.steps, second.finished) == (25, 50, False)
    assert not np.array_equal(first.xy, second.xy) and np.isfinite(second.xy).all()
    assert Layout.from_text(second.to_text()).steps == 50
    assert np.array_equal(next(iter(stages(snapshot, "tsne"))).xy, first.xy)  # the same again


@pytest.mark.parametrize("count", [3, 60])
def test_few_or_equal_vectors_have_a_map_by_neighbourhoods_too(count: int) -> None:
    vectors = np.tile(np.eye(1, 8, dtype=np.float32), (count, 1))
    found = lay_out(snapshot_of(["a"] * count, vectors), "tsne")
    assert np.isfinite(found.xy).all() and len(np.unique(found.xy, axis=0)) == count


@pytest.mark.parametrize("most_exact", [0, 8_000])
def test_near_exemplars_are_those_of_a_plain_search(most_exact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tsne, "MOST_EXACT", most_exact)
    rows = np.random.default_rng(7).normal(size=(700, 6)).astype(np.float32)
    rows[10] = rows[11]
    near, far = tsne.nearest(rows, 20, report=silent)
    away = np.sqrt(((rows[:, None].astype(float) - rows[None]) ** 2).sum(axis=2))
    np.fill_diagonal(away, np.inf)
    expected = np.sort(away, axis=1)[:, :20]
    assert (near != np.arange(700)[:, None]).all() and (np.diff(far, axis=1) >= 0).all()
    assert np.mean(np.abs(far - expected) < 1e-5) > 0.98
    assert np.abs(far - np.take_along_axis(away, near, axis=1)).max() < 1e-6


@pytest.mark.parametrize(
    "text", ["", "[]", '{"method": "pca"}', '{"method": "x", "ids": "", "xy": "", "mean": "", "axes": ""}']
)
def test_a_text_that_is_no_map_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        Layout.from_text(text)
