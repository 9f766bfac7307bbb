"""How the map is painted: the camera, dots in an array of pixels, images on a grid, the colours of classes."""

from __future__ import annotations

import numpy as np
import pytest

from visualmemory_gui.app.models.map import MapImage
from visualmemory_gui.app.models.map_classes import OTHERS, classes_of
from visualmemory_gui.app.widgets.map import dots
from visualmemory_gui.app.widgets.map.camera import Camera
from visualmemory_gui.app.widgets.map.tiles import MOST_A_CELL, tiles_of
from visualmemory_gui.engine.experiments.map import Layout

WHITE, RED, BLUE = 0xFFFFFFFF, 0xFFFF0000, 0xFF0000FF


def image_of(labels: list[str], struck: tuple[int, ...] = ()) -> MapImage:
    ids, known = np.arange(1, len(labels) + 1), tuple(dict.fromkeys(labels))
    xy = np.random.default_rng(0).normal(size=(len(labels), 2)).astype(np.float32)
    layout = Layout("tsne", ids, xy, np.empty(0), np.empty((0, 2)))
    none, codes = np.zeros(len(labels), bool), np.array([known.index(label) for label in labels], np.int32)
    return MapImage(layout, ids, xy, codes, known, np.isin(ids, struck), none, 0)


def test_the_camera_moves_and_enlarges_around_a_pixel() -> None:
    camera = Camera(800, 600, 3.0, -2.0, 50.0)
    xy = np.array([(3, -2), (4, -1)], np.float32)
    assert camera.pixels_of(xy).tolist() == [[400, 300], [450, 250]]
    assert np.allclose(camera.places_of(camera.pixels_of(xy)), xy)
    assert np.allclose(camera.moved(7, -4).pixels_of(xy), camera.pixels_of(xy) + np.array((7, -4)))
    nearer = camera.zoomed(3.0, 450, 250)
    assert np.allclose(nearer.pixels_of(xy)[1], (450, 250), atol=1e-3) and nearer.scale == 150


@pytest.mark.parametrize("spots", [[(0, 0), (10, 1)], [(5, 5)], [(2, 2), (2, 2)]])
def test_everything_fits_into_view_even_at_one_place(spots: list[tuple[float, float]]) -> None:
    xy = np.array(spots, np.float32)
    pixels = Camera(300, 200).fitted(xy).pixels_of(xy)
    assert (pixels >= 0).all() and (pixels <= (300, 200)).all()
    assert np.allclose(pixels.mean(axis=0), (150, 100), atol=1)


@pytest.mark.parametrize("many", [False, True])
def test_a_dot_is_painted_where_it_is_and_left_out_at_the_edge(many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dots, "MOST_SMOOTH", 0 if many else 10)
    canvas = dots.canvas_of(40, 30, WHITE)
    spots = np.array([(10.5, 12.5), (0, 0), (39.9, 29.9), (35, 25), (500, 5)], np.float32)
    dots.paint_dots(canvas, spots, np.full(5, RED, np.uint32), dots.stamp_of("dot", 3.0))
    assert canvas[12, 10] == RED == canvas[25, 35]
    assert {canvas[12, 20], canvas[0, 0], canvas[29, 39], canvas[5, 39], canvas[15, 0]} == {WHITE}


def test_a_pixel_goes_to_the_dot_whose_middle_is_nearest() -> None:
    canvas = dots.canvas_of(40, 30, WHITE)
    spots = np.array([(10, 10), (13, 10)], np.float32)
    for order in (slice(None), slice(None, None, -1)):
        paint = np.array([RED, BLUE], np.uint32)[order]
        dots.paint_dots(canvas, spots[order], paint, dots.stamp_of("dot", 4.0))
        assert canvas[10, 10] == RED and canvas[10, 13] == BLUE


def test_images_take_the_place_of_dots_where_most_have_room_and_stay_with_the_map() -> None:
    xy = np.random.default_rng(1).uniform(-5, 5, size=(3000, 2)).astype(np.float32)
    far, near = Camera(800, 600).fitted(xy), Camera(800, 600, 0.0, 0.0, 900.0)
    assert not len(tiles_of(far, xy, [80, 40]).at)
    found = tiles_of(near, xy, [400, 40])
    seen = ((near.pixels_of(xy) >= 0) & (near.pixels_of(xy) <= (800, 600))).all(axis=1)
    assert len(found.at) and int(found.more.sum()) + len(found.at) >= seen.sum()
    assert found.more.sum() <= (MOST_A_CELL - 1) * len(found.at)
    apart = np.abs(found.pixels[:, None] - found.pixels[None]).max(axis=2) + 1e9 * np.eye(len(found.at))
    assert apart.min() > found.side - 0.01  # none lies over another
    moved = tiles_of(near.moved(13, 21), xy, [400, 40])
    both = np.intersect1d(found.at, moved.at)
    assert len(both) > 0.8 * len(found.at)
    assert found.under(*found.pixels[0].tolist()) == found.at[0]


def test_the_largest_classes_have_colours_and_keep_them() -> None:
    few = classes_of(image_of(["b/x", "b/y", "b/y", "a/z"]), {}, {})
    assert few.names == ("b/y", "a/z", "b/x") and few.counts == (2, 1, 1, 0)
    many = image_of([f"{top}/{n}" for n, top in enumerate("aabbccddeeffgghhh")])
    found = classes_of(many, {"c": 5, "g/of the decision": 0}, {"h": 0, "a": 5})
    assert len(found.names) == 6 and found.names[0] == "h" and found.held["h"] == 0 and found.held["c"] == 5
    assert len(set(found.slots)) == 6 and sum(found.counts) == 17 and found.counts[-1] == 4
    assert found.words(many, np.array([1, 2, 15])) == "3 selected: a 2, h 1"
    assert OTHERS in found.words(many, many.ids[-4:-2])
