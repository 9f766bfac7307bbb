"""The Python API under calls as people make them: each works as it is meant, or says in words what it needs."""

from __future__ import annotations

import copy
import html
import io
import pickle
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import visualmemory_gui
from tests.conftest import COLOURS, paint_image
from visualmemory_gui import BadValue, Decision, VisualMemory
from visualmemory_gui.engine.errors import BadImage, UnknownExemplar, VisualMemoryError

RED = np.full((20, 30, 3), (200, 60, 40), np.uint8)
UNIT = np.eye(64, dtype=np.float32)[:2]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images in files, and one that is none."""
    place = tmp_path_factory.mktemp("room")
    for i, colour in enumerate(COLOURS.values()):
        paint_image(colour, seed=700 + i).save(place / f"{i}.png")
    (place / "bad.png").write_bytes(b"no image")
    return place


REFUSED: list[tuple[str, Callable[[VisualMemory, Path], object]]] = [
    ("bytes as an image", lambda m, r: m.add([(r / "0.png").read_bytes()], "x")),
    ("bytes as images", lambda m, r: m.add((r / "0.png").read_bytes(), "x")),
    ("an open file as an image", lambda m, r: m.add([io.BytesIO((r / "0.png").read_bytes())], "x")),
    ("an open file as images", lambda m, r: m.add(io.BytesIO((r / "0.png").read_bytes()), "x")),
    ("a path of bytes", lambda m, r: m.decide(bytes(r / "0.png"))),
    ("an open file to decide", lambda m, r: m.decide(io.BytesIO())),
    ("a list to decide as one", lambda m, r: m.decide([r / "0.png"])),
    ("nothing to decide", lambda m, r: m.decide(None)),
    ("nothing to add", lambda m, r: m.add(None, "x")),
    ("a truth value to decide", lambda m, r: m.decide(True)),
    ("half an id to decide", lambda m, r: m.decide(1.0)),
    ("an array of floats", lambda m, r: m.decide(RED / 255)),
    ("an array of floats to add", lambda m, r: m.add([RED.astype(np.float32)], "x")),
    ("an array of whole numbers", lambda m, r: m.decide(RED.astype(np.int64))),
    ("an array of two channels", lambda m, r: m.decide(RED[..., :2])),
    ("an array of one channel", lambda m, r: m.decide(RED[..., :1])),
    ("an array of channels first", lambda m, r: m.decide(RED.transpose(2, 0, 1))),
    ("a flat array", lambda m, r: m.decide(RED.ravel())),
    ("several arrays to decide as one", lambda m, r: m.decide(np.stack([RED, RED]))),
    ("an empty array", lambda m, r: m.decide(np.empty((0, 5, 3), np.uint8))),
    ("a set of images", lambda m, r: m.add({r / "0.png"}, "x")),
    ("a mapping of images", lambda m, r: m.add({r / "0.png": "x"}, "x")),
    ("images in a list in a list", lambda m, r: m.add([[r / "0.png"]], "x")),
    ("an id to add", lambda m, r: m.add([1], "x")),
    ("two labels for three", lambda m, r: m.add([r / "0.png"] * 3, ["a", "b"])),
    ("no label for one", lambda m, r: m.add([r / "0.png"], [])),
    ("a number as a label", lambda m, r: m.add([r / "0.png"], [5])),
    ("a number for all labels", lambda m, r: m.add([r / "0.png"], 5)),
    ("nothing for all labels", lambda m, r: m.add([r / "0.png"], None)),
    ("bytes as a label", lambda m, r: m.add([r / "0.png"], b"x")),
    ("a set of labels", lambda m, r: m.add([r / "0.png", r / "1.png"], {"a", "b"})),
    ("bytes among images to embed", lambda m, r: m.embed([b"x"])),
    ("bytes among images to decide", lambda m, r: m.decide_many([r / "0.png", b"x"])),
    ("k in halves", lambda m, r: m.decide(1, k=1.5)),
    ("k of a whole float", lambda m, r: m.decide(1, k=2.0)),
    ("k as text", lambda m, r: m.decide(1, k="5")),
    ("k as a truth value", lambda m, r: m.decide(1, k=True)),
    ("k of 0", lambda m, r: m.decide_many([1], k=0)),
    ("k in halves for a vector", lambda m, r: m.decide_vector(UNIT[0], k=1.5)),
    ("a rule that is none", lambda m, r: m.decide(1, rule=3)),
    ("a rule in a list", lambda m, r: m.decide(1, rule=["rank"])),
    ("a level in halves", lambda m, r: m.decide(1, level=0.5)),
    ("a search that is none", lambda m, r: m.decide(1, search=None)),
    ("text to leave out", lambda m, r: m.decide(1, exclude="12")),
    ("truth values to leave out", lambda m, r: m.decide(1, exclude=[True])),
    ("a content id that is none", lambda m, r: m.decide_vector(UNIT[0], content="zz")),
    ("truth values as ids", lambda m, r: m.strike([True])),
    ("one truth value as an id", lambda m, r: m.strike(True)),
    ("a mask as ids", lambda m, r: m.strike(np.array([True, False]))),
    ("text as ids", lambda m, r: m.strike("12")),
    ("a text as an id", lambda m, r: m.strike(["1"])),
    ("whole floats as ids", lambda m, r: m.strike([1.0])),
    ("an array of floats as ids", lambda m, r: m.strike(np.array([1.0, 2.0]))),
    ("nothing as ids", lambda m, r: m.strike(None)),
    ("a mapping as ids", lambda m, r: m.strike({1: "x"})),
    ("ids in a list in a list", lambda m, r: m.restore([[1]])),
    ("bytes as ids", lambda m, r: m.forget(b"12")),
    ("truth values to forget", lambda m, r: m.forget([True])),
    ("text to relabel", lambda m, r: m.relabel("12", "x")),
    ("a number as the new label", lambda m, r: m.relabel([1], 5)),
    ("nothing as the new label", lambda m, r: m.relabel([1], None)),
    ("a list as the new label", lambda m, r: m.relabel([1, 2], ["a", "b"])),
    ("a list of labels and ids", lambda m, r: m.relabel_each([("x", [1])])),
    ("text as the ids of a label", lambda m, r: m.relabel_each({"x": "12"})),
    ("a trust that is no number", lambda m, r: m.reweigh([1], float("nan"))),
    ("a trust without end", lambda m, r: m.reweigh([1], float("inf"))),
    ("a trust as text", lambda m, r: m.reweigh([1], "0.5")),
    ("a trust as a truth value", lambda m, r: m.reweigh([1], True)),
    ("no trust", lambda m, r: m.reweigh([1], None)),
    ("a number to rename", lambda m, r: m.rename_label(5, "x")),
    ("a number to rename to", lambda m, r: m.rename_label("plants", 5)),
    ("half a step", lambda m, r: m.history.revert(1.5)),
    ("a truth value as a step", lambda m, r: m.history.go_back(False)),
    ("a time that is no number", lambda m, r: m.history.difference(float("nan"))),
    ("a truth value as a moment", lambda m, r: m.history.difference(True)),
    ("no moment", lambda m, r: m.history.difference(None)),
    ("a number as a tag", lambda m, r: m.tags.put(5)),
    ("a number as the name of a setting", lambda m, r: m.set(5, 5)),
    ("a setting of nothing", lambda m, r: m.set("k", None)),
    ("a callback that cannot be called", lambda m, r: m.changed(None)),
    ("one vector where several are added", lambda m, r: m.add_vectors(UNIT[0], "x")),
    ("vectors of whole numbers", lambda m, r: m.add_vectors(UNIT.astype(int), "x")),
    ("vectors of two lengths", lambda m, r: m.add_vectors([[1.0], [1.0, 2.0]], "x")),
    ("vectors of text", lambda m, r: m.add_vectors([["a"] * 64], "x")),
    ("no vectors", lambda m, r: m.add_vectors(None, "x")),
    ("a number as the label of vectors", lambda m, r: m.add_vectors(UNIT, [1, 2])),
    ("text as thumbnails", lambda m, r: m.add_vectors(UNIT, "x", ["a", "b"])),
    ("one thumbnail for two", lambda m, r: m.add_vectors(UNIT, "x", [b"a"])),
    ("bytes as a folder", lambda m, r: m.build(bytes(r))),
    ("nothing as a folder", lambda m, r: m.build(None)),
    ("a number as a path in the queue", lambda m, r: m.queue.add([5])),
    ("bytes as a place", lambda m, r: VisualMemory.open(b"x")),
    ("nothing as a place", lambda m, r: VisualMemory.create(None)),
    ("half a dimension", lambda m, r: VisualMemory.create(r / "n.vmem", dim=1.5)),
    ("a dimension as a truth value", lambda m, r: VisualMemory.create(r / "n.vmem", dim=True)),
    ("a number as an encoder", lambda m, r: VisualMemory.create(r / "n.vmem", 5)),
]


@pytest.mark.parametrize("call", [pytest.param(call, id=name) for name, call in REFUSED])
def test_an_odd_call_says_what_it_needs_and_changes_nothing(
    shared: VisualMemory, room: Path, call: Callable[[Any, Path], object]
) -> None:
    change = shared.catalog.change()
    with pytest.raises(VisualMemoryError) as caught:
        call(shared, room)
    assert isinstance(caught.value, BadValue | BadImage)
    assert not re.search(r"object at 0x|Traceback|NoneType|Integral", str(caught.value))
    assert len(str(caught.value)) < 250
    assert shared.catalog.change() == change
    assert not (room / "n.vmem").exists()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VisualMemory]:
    """A memory that no test changes."""
    place = tmp_path_factory.mktemp("shared")
    with VisualMemory.create(place / "m.vmem", encoder="fake") as made:
        images = [paint_image(colour, seed=seed) for colour in COLOURS.values() for seed in range(8)]
        made.add(images, [label for label in COLOURS for _ in range(8)])
        made.set("class_factor", "off")
        made.maintenance.run()
        yield made


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[VisualMemory]:
    """A memory of its own for a test that changes it: three classes of six images that came from no file."""
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as made:
        images = [paint_image(colour, seed=seed) for colour in COLOURS.values() for seed in range(100, 106)]
        made.add(images, [label for label in COLOURS for _ in range(6)])
        yield made


def test_one_label_is_for_all(memory: VisualMemory, room: Path) -> None:
    ids = memory.add([room / f"{i}.png" for i in range(3)], "cat")
    assert {e.label for e in memory.catalog.get(ids)} == {"cat"}
    added = memory.add_vectors(UNIT, "two")
    assert {e.label for e in memory.catalog.get(added)} == {"two"}


WORKS: list[tuple[str, Callable[[VisualMemory, Path], Any], int]] = [
    ("a generator of paths", lambda m, r: m.add((r / f"{i}.png" for i in range(3)), "x"), 3),
    ("a generator of labels", lambda m, r: m.add([r / "0.png", r / "1.png"], (x for x in "ab")), 2),
    ("one path", lambda m, r: m.add(r / "0.png", "x"), 1),
    ("one path as text", lambda m, r: m.add(str(r / "0.png"), "x"), 1),
    ("one PIL image", lambda m, r: m.add(Image.fromarray(RED), "x"), 1),
    ("one array", lambda m, r: m.add(RED, "x"), 1),
    ("a grey array", lambda m, r: m.add([RED[..., 0]], ["x"]), 1),
    ("an array with alpha", lambda m, r: m.add([np.dstack([RED, RED[..., 0]])], "x"), 1),
    ("an array of images", lambda m, r: m.add(np.stack([RED, 255 - RED]), "x"), 2),
    ("a turned view of an array", lambda m, r: m.add([RED[::-1, ::2]], "x"), 1),
    ("all kinds at once", lambda m, r: m.add([r / "0.png", RED, Image.fromarray(255 - RED)], "x"), 3),
    ("no images", lambda m, r: m.add([], "x"), 0),
    ("vectors in lists", lambda m, r: m.add_vectors(UNIT.tolist(), ("a", "b")), 2),
    ("an image to embed", lambda m, r: m.embed(RED), 1),
    ("a generator to embed", lambda m, r: m.embed(x for x in (RED, r / "0.png")), 2),
    ("one image to decide as many", lambda m, r: m.decide_many(r / "0.png"), 1),
    ("no image to decide", lambda m, r: m.decide_many([]), 0),
    ("numpy's ids", lambda m, r: m.strike(np.array([1, 2], np.uint8)).ids, 2),
    ("one id", lambda m, r: m.strike(1).ids, 1),
    ("one of numpy's ids", lambda m, r: m.strike(np.int32(1)).ids, 1),
    ("a set of ids", lambda m, r: m.strike({1, 2}).ids, 2),
    ("a range of ids", lambda m, r: m.relabel(range(1, 4), "x").ids, 3),
    ("a generator of ids", lambda m, r: m.reweigh((i for i in (1, 2)), np.float32(0.5)).ids, 2),
    ("a whole number as trust", lambda m, r: m.reweigh([1], 2).ids, 1),
    ("the same id twice", lambda m, r: m.strike([1, 1]).ids, 1),
    ("numpy's k", lambda m, r: m.decide(np.int64(1), k=np.int64(3)).neighbours, 3),
    ("a set to leave out", lambda m, r: m.decide(1, exclude={2, 10**30}, k=99).neighbours, 17),
    ("a path in the queue", lambda m, r: range(m.queue.add(str(r / "0.png")).added), 1),
]


@pytest.mark.parametrize(("call", "count"), [pytest.param(call, n, id=name) for name, call, n in WORKS])
def test_a_natural_call_works(memory: VisualMemory, room: Path, call: Callable[[Any, Path], Any], count: int) -> None:
    assert len(call(memory, room)) == count


def test_an_array_is_the_image_of_its_pixels(memory: VisualMemory) -> None:
    as_array, as_image = memory.decide(RED), memory.decide(Image.fromarray(RED))
    assert same(as_array, as_image)
    assert memory.decode(RED).content == memory.decode(Image.fromarray(RED)).content


def test_an_id_that_is_not_here_is_named(memory: VisualMemory) -> None:
    for call in (memory.strike, memory.decide, memory.decide_many, memory.forget):
        with pytest.raises(UnknownExemplar, match="999"):
            call(999)


def test_many_are_decided_at_the_first_bad_one(memory: VisualMemory, room: Path) -> None:
    with pytest.raises(BadImage, match=r"bad\.png"):
        memory.decide_many([room / "0.png", room / "bad.png", room / "1.png"])


def same(one: Decision, other: Decision) -> bool:
    """Equal in everything but the time it took."""
    return replace(one, timings_ms={}) == replace(other, timings_ms={})


MIXED = st.one_of(
    st.integers(1, 24),
    st.tuples(st.sampled_from(list(COLOURS)), st.integers(0, 40)).map(lambda t: paint_image(COLOURS[t[0]], seed=t[1])),
    st.sampled_from([RED, 255 - RED]),
    st.sampled_from(["0.png", "1.png", "2.png"]),
)


@given(
    images=st.lists(MIXED, max_size=40),
    k=st.sampled_from([None, 1, 3, 30]),
    rule=st.sampled_from([None, "plurality", "softmax"]),
    level=st.integers(0, 2),
    search=st.sampled_from(["auto", "exact", "hnsw"]),
    exclude=st.sets(st.integers(1, 30), max_size=3),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_are_decided_like_each_alone_to_the_last_digit(
    shared: VisualMemory, room: Path, images: list[Any], **how: Any
) -> None:
    images = [room / one if isinstance(one, str) else one for one in images]
    together = shared.decide_many(iter(images), **how)
    assert len(together) == len(images)
    for one, found in zip(images, together, strict=True):
        alone = shared.decide(one, **how)
        assert same(alone, found)
        assert set(found.timings_ms) == set(alone.timings_ms)


def test_a_memory_counts_its_active_exemplars_and_is_true_when_empty(memory: VisualMemory, tmp_path: Path) -> None:
    assert len(memory) == 18
    memory.strike([1, 2])
    assert len(memory) == 16
    with VisualMemory.create(tmp_path / "n.vmem", dim=4) as empty:
        assert len(empty) == 0 and empty


def test_a_memory_says_in_a_line_what_it_is_open_or_closed(memory: VisualMemory) -> None:
    assert repr(memory) == f"<VisualMemory {str(memory.path)!r}: 18 active exemplars, encoder fake>"
    memory.close()
    assert repr(memory) == f"<VisualMemory {str(memory.path)!r}: closed>"
    assert "closed" in memory._repr_html_()


def test_a_decision_says_in_a_line_what_was_decided(memory: VisualMemory, tmp_path: Path) -> None:
    text = repr(memory.decide(1))
    assert text.startswith("Decision(label='") and "neighbours=10, k=10, rule='rank')" in text
    assert len(text) < 200 and "\n" not in text
    with VisualMemory.create(tmp_path / "n.vmem", dim=4) as empty:
        nothing = empty.decide_vector(np.eye(4, dtype=np.float32)[0])
    assert repr(nothing) == "Decision(label=None, known=None, neighbours=0, k=10, rule='rank')"
    assert "nothing to compare with" in nothing._repr_html_()


NASTY = "<script>alert(1)</script>&\"'\u202egnp"


def test_a_notebook_shows_images_and_takes_no_name_for_markup(memory: VisualMemory) -> None:
    memory.relabel(range(1, 10), NASTY)
    decision = memory.decide(1)
    for text in (decision._repr_html_(), memory._repr_html_()):
        assert "<script" not in text and "\u202e" not in text
        assert html.escape("<script>alert(1)</script>") in text
        assert "data:image/jpeg;base64," in text
        assert not re.search(r"(src|href)=\"(?!data:image/jpeg;base64,)", text)
        assert len(text) < 500_000
    assert decision._repr_html_().count("<img") == 11  # the query and its ten neighbours


def test_a_thumbnail_that_is_absurdly_large_is_left_out(tmp_path: Path) -> None:
    with VisualMemory.create(tmp_path / "m.vmem", dim=64) as m:
        m.add_vectors(UNIT, "x", [b"\xff\xd8" + bytes(10**6), None])
        assert "<img" not in m.decide_vector(UNIT[0])._repr_html_()
        assert "<img" not in m._repr_html_()


def test_what_was_forgotten_is_not_shown_by_a_decision_made_before(memory: VisualMemory) -> None:
    decision = memory.decide(paint_image(COLOURS["plants/rose"], seed=31))
    assert decision._repr_html_().count("<img") == 11
    memory.forget([decision.neighbours[0].id])
    assert decision._repr_html_().count("<img") == 10
    own = memory.decide(2)
    memory.forget(2)
    assert own._repr_html_().count("<img") == 9  # neither as the query nor as its own neighbour
    memory.close()
    assert decision._repr_html_().count("<img") == 1


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(visualmemory_gui.__file__).parent / "py.typed").is_file()


def test_a_decision_can_be_copied_and_kept_in_a_file(memory: VisualMemory) -> None:
    decision = memory.decide(1)
    for other in (copy.deepcopy(decision), pickle.loads(pickle.dumps(decision))):
        assert other == decision and other.thumbnails is None
    assert asdict(decision)["label"] == decision.label
