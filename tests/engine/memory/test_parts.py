"""Parts of images as exemplars: taught, decided, left out, forgotten, and what is kept beside them."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import COLOURS, paint_image
from tests.reliability.planting import age, plant, reseal
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import BadImage, BadValue, DamagedMemory
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.types import Box

CAT, DOG, ROSE = COLOURS
LEFT, RIGHT = Box(0, 0, 64, 48), Box(64, 0, 64, 48)


def paint_pair(path: Path, *labels: str, seed: int = 900, exif: Image.Exif | None = None) -> Path:
    """An image of 128 x 48 pixels that shows two things side by side."""
    image = Image.new("RGB", (128, 48))
    for place, label in enumerate(labels):
        image.paste(paint_image(COLOURS[label], seed=seed + place), (64 * place, 0))
    image.save(path, **({} if exif is None else {"exif": exif}))
    return path


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A dog on the left, a cat on the right."""
    return paint_pair(tmp_path / "pair ü.png", DOG, CAT)


@pytest.fixture
def taught(memory: VisualMemory, pair: Path) -> Iterator[tuple[VisualMemory, list[int]]]:
    """The small memory and the ids of the pair, its left part and its right part."""
    yield memory, memory.add([pair] * 3, [ROSE, DOG, CAT], [None, LEFT, RIGHT])


def test_a_part_is_an_exemplar_with_its_box_and_its_own_pixels(taught, pair: Path):
    memory, (whole, left, right) = taught
    original, one, other = memory.catalog.get([whole, left, right])
    assert (original.box, original.original) == (None, None)
    assert (one.box, other.box) == (LEFT, RIGHT)
    assert one.original == other.original == original.content
    assert len({original.content, one.content, other.content}) == 3
    assert (one.source, one.sha256, one.width, one.height) == (str(pair), original.sha256, 128, 48)
    with Image.open(BytesIO(memory.catalog.thumbnail(left) or b"")) as thumbnail:
        assert thumbnail.size == (64, 48)
    assert len(memory.files.find(str(original.sha256))) == 1
    assert memory.maintenance.verify() == []


def test_a_part_does_not_take_the_vector_of_its_whole_and_the_same_part_does(taught, pair: Path):
    memory, ids = taught
    stored = memory.catalog.vectors(ids)
    assert len({vector.tobytes() for vector in stored}) == 3
    for box, vector in zip((None, LEFT, RIGHT), stored, strict=True):
        assert np.array_equal(memory.embed(memory.decode(pair, box))[0], vector)
    assert memory.decide(pair, box=(0, 0, 64, 48)).in_memory[0].id == ids[1]


def test_the_same_box_again_is_the_same_exemplar(taught, pair: Path):
    memory, (_, left, _) = taught
    again = memory.add_images([pair, pair], DOG, ["0,0,64,48", (0, 0, 63, 48)])
    assert again.ids[0] == left
    assert again.present == {0: left}
    assert len(again.added) == 1
    assert memory.add(pair, CAT, [LEFT])[0] not in (left, *again.ids)  # under another label it is another


def test_a_part_is_added_without_its_whole_and_build_still_adds_the_whole(memory: VisualMemory, images: Path):
    path = paint_pair(images / CAT / "pair.png", CAT, DOG)
    [part] = memory.add(path, CAT, [LEFT])
    result = memory.build(images)
    assert (result.added, result.unchanged) == (1, 18)
    [whole] = result.ids
    assert [one.id for one in memory.catalog.parts_of([whole])] == [part]


@pytest.mark.parametrize("boxes", [[None, Box(500, 0, 20, 20)], [None], ["0,0,5,5", None], "0,0,20,20", [1, 2], {LEFT}])
def test_what_is_no_box_of_the_image_adds_nothing(memory: VisualMemory, pair: Path, boxes: object):
    before = memory.catalog.totals()
    with pytest.raises(BadValue):
        memory.add([pair, pair], CAT, boxes)  # type: ignore[arg-type]
    assert memory.catalog.totals() == before


def test_a_box_counts_upright_pixels_and_a_changed_file_is_read_as_it_is(memory: VisualMemory, tmp_path: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = paint_pair(tmp_path / "turned.png", DOG, CAT, exif=exif)  # upright it is 48 x 128, the dog above
    [above] = memory.add(path, DOG, [(0, 0, 48, 64)])
    assert memory.decide(path, box=(0, 64, 48, 64)).label == CAT
    assert memory.catalog.get([above])[0].width == 48
    paint_pair(path, CAT, CAT, seed=950)
    assert memory.decide(path, box=(0, 0, 64, 48)).label == CAT
    [now] = memory.add(path, CAT, [(0, 0, 64, 48)])
    before, after = memory.catalog.get([above, now])
    assert before.original != after.original
    path.write_bytes(b"damaged")
    with pytest.raises(BadImage):
        memory.add(path, CAT, [(0, 0, 64, 48)])


def test_adding_a_part_is_one_step(taught):
    memory, ids = taught
    assert memory.undo().removed == tuple(ids)
    assert memory.redo().added == tuple(ids)
    assert [one.box for one in memory.catalog.get(ids)] == [None, LEFT, RIGHT]


def test_parts_and_whole_of_one_image_never_vote_for_each_other(taught, pair: Path):
    memory, ids = taught
    everything = set(memory.snapshot.ids.tolist())
    for own in ids:
        found = memory.decide_vector(memory.catalog.vectors([own])[0], 100, own=own)
        assert {n.id for n in found.neighbours} == everything - set(ids)
    asked = {n.id for n in memory.decide(pair, 100, box=LEFT).neighbours}
    assert asked == everything  # a query from outside sees all, so that what was taught counts at once


def test_forgetting_an_image_forgets_its_parts_and_their_traces(taught, pair: Path):
    memory, (whole, left, right) = taught
    for box in (None, LEFT, RIGHT):
        image = memory.decode(pair, box)
        memory.watch.add([(NewKeptImage.of(image, memory.embed(image)[0]), CAT)])
    assert [one.id for one in memory.catalog.parts_of([whole])] == [left, right]
    receipt = memory.forget(whole).receipt
    assert receipt is not None
    assert (receipt.forgotten, receipt.status, receipt.hits, receipt.in_original) == (3, "done", 0, ())
    assert memory.catalog.totals()[0] == 18
    assert len(memory.watch) == 0
    assert not list((memory.path / "images").glob("*/*"))
    assert memory.maintenance.verify() == []


def test_forgetting_a_part_says_that_its_pixels_remain_in_the_original(taught):
    memory, (whole, left, right) = taught
    receipt = memory.forget(left).receipt
    assert receipt is not None
    assert (receipt.forgotten, receipt.status, receipt.in_original) == (1, "done", ((left, whole),))
    assert len(list((memory.path / "images").glob("*/*"))) == 1
    memory.strike(whole)
    assert memory.forget(right).receipt.in_original == ((right, whole),)
    assert memory.maintenance.verify() == []


def test_another_part_with_a_copy_keeps_the_original_and_one_without_does_not(memory: VisualMemory, pair: Path):
    left, right = memory.add([pair] * 2, CAT, [LEFT, RIGHT], copy=False)
    assert memory.forget(left).receipt.in_original == ()
    [left] = memory.add(pair, CAT, [LEFT], copy=True)
    assert memory.forget(right).receipt.in_original == ((right, left),)


def test_an_image_that_is_here_twice_keeps_its_parts_until_the_last_goes(taught, pair: Path):
    memory, (whole, left, right) = taught
    [twice] = memory.add(pair, CAT)
    assert memory.catalog.parts_of([whole]) == []
    assert memory.forget(whole).forgotten == (whole,)
    assert memory.forget([twice, left]).forgotten == (left, right, twice)


def test_what_was_asked_of_a_part_goes_with_the_last_exemplar_of_its_image(memory: VisualMemory, pair: Path):
    [left] = memory.add(pair, CAT, [LEFT])
    for box in (None, LEFT, RIGHT):
        image = memory.decode(pair, box)
        memory.queries.add(str(pair), image.content, box=image.box, original=image.original)
    assert [one.box for one in memory.queries.recent()] == [RIGHT, LEFT, None]
    memory.forget(left)
    assert memory.queries.recent() == []


def test_a_watched_part_is_decided_without_what_is_of_its_image(taught, pair: Path):
    from visualmemory_gui.engine.what_if.impact import ImpactTracker

    memory, (_, left, _) = taught
    image = memory.decode(pair, LEFT)
    memory.watch.add([(NewKeptImage.of(image, memory.embed(image)[0]), DOG)])
    [kept] = memory.watch.all()
    assert (kept.image.box, kept.image.original) == (LEFT, image.original)
    [row] = ImpactTracker(memory).watched_decisions()
    expected = memory.decide_vector(memory.catalog.vectors([left])[0], own=left)
    assert (row.label, row.share) == (expected.label, pytest.approx(expected.share))


def test_a_reader_of_an_older_memory_reads_it_and_an_editor_brings_it_up_to_date(memory: VisualMemory, pair: Path):
    memory.watch.add([(NewKeptImage("ab" * 32, None, None, None, memory.catalog.vectors([1])[0]), CAT)])
    expected = memory.decide(pair).shares
    memory.close()
    age(memory.path, 3)
    with VisualMemory.open(memory.path, readonly=True) as old:
        assert old.decide(pair).shares == expected
        assert old.decide(pair, box=LEFT).label == DOG
        assert old.maintenance.verify() == []
        assert [one.expected for one in old.watch.all()] == [CAT]
        assert (old.queries.recent(), len(old.queue), old.catalog.parts_of([1])) == ([], 0, [])
    with VisualMemory.open(memory.path) as new:
        new.add(pair, DOG, [LEFT])
        assert new.maintenance.verify() == []
        assert new.decide(pair).shares != expected


@pytest.mark.parametrize(
    "planted",
    ["box = '-5,0,20,20'", "box = '0,0,2000000000,20'", "box = '0,0,20,20,20'", "box = '١,0,20,20'", "box = ''",
     "box = null", "original = null", "original = x'00'", "box = '0,0,20, 20'", "box = '90,0,64,48'", "width = 0"],
)  # fmt: skip
@pytest.mark.parametrize("fit", [False, True], ids=["", "sealed"])
def test_a_planted_box_is_damage_and_never_a_crash(taught, pair: Path, planted: str, fit: bool):
    memory, (_, left, _) = taught
    memory.close()
    plant(memory.path, f"update exemplars set {planted} where id = {left}")
    if fit:
        reseal(memory.path)
    with VisualMemory.open(memory.path) as m:
        found = [one.where for one in m.maintenance.verify()]
        assert f"exemplar {left}" in found or (fit and planted in ("original = x'00'",))
        for look in (lambda: m.catalog.get([left]), lambda: m.decide(pair, box=LEFT), lambda: m.strike(left)):
            try:
                look()
            except DamagedMemory as error:
                assert str(left) in str(error) or "exemplar" in str(error)
