from __future__ import annotations

import hashlib

import numpy as np
import pytest

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.store.class_hotkeys import ClassHotkeys
from visualmemory_gui.engine.store.dismissals import Kept, holds
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.store.queue import NewQueued, QueueRows
from visualmemory_gui.engine.store.watch import Watch


def paint_image(number: int) -> NewKeptImage:
    content = hashlib.sha256(b"content %d" % number).hexdigest()
    vector = np.random.default_rng(number).normal(size=8).astype(np.float32)
    return NewKeptImage(content, f"/q/{number}.png", content, b"jpeg %d" % number, vector)


def queued(number: int) -> NewQueued:
    return NewQueued(paint_image(number), 640, 480, ".png")


def test_a_queued_image_comes_back_as_it_went_in(three):
    queue = QueueRows(three.database)
    ids = queue.add([queued(10), queued(11)])
    three.reopened()
    queue = QueueRows(three.database)
    found = queue.get(ids)[1]
    assert (found.width, found.height, found.suffix) == (640, 480, ".png")
    second = found.image
    assert (second.source, second.content, second.thumbnail) == ("/q/11.png", paint_image(11).content, b"jpeg 11")
    assert (queue.vectors(ids) == [paint_image(10).vector, paint_image(11).vector]).all()
    assert (queue.ids().tolist(), queue.thumbnails([ids[0], 99])) == (ids, {ids[0]: b"jpeg 10"})


def test_the_same_content_waits_once(three):
    queue = QueueRows(three.database)
    assert len(queue.add([queued(10)])) == 1
    assert (queue.add([queued(10)]), len(queue)) == ([], 1)


def test_a_removed_image_waits_no_more_and_its_id_is_not_used_again(three):
    queue = QueueRows(three.database)
    [one] = queue.add([queued(10)])
    queue.remove([one])
    with pytest.raises(BadValue, match="no longer in the queue"):
        queue.get([one])
    assert queue.add([queued(10)]) == [one + 1]
    queue.clear()
    assert len(queue) == 0


def test_a_watched_query_keeps_its_label_alive_and_gets_another_by_watching_again(three):
    watch = Watch(three.database)
    [one] = watch.add([(paint_image(20), " lynx ")])
    three.strike(1)
    assert [(w.image.id, w.expected) for w in watch.all()] == [(one, "lynx")]
    assert watch.add([(paint_image(20), "dog")]) == [one]
    assert [w.expected for w in watch.all()] == ["dog"]
    watch.remove([one])
    assert three.database.rows("select path from labels where path = 'lynx'") == []
    assert three.damage() == []


def test_forgetting_an_exemplar_takes_kept_images_of_its_content_along(three):
    QueueRows(three.database).add([queued(1), queued(9)])
    Watch(three.database).add([(paint_image(1), "cat"), (paint_image(9), "cat")])
    three.catalog.purge([1])
    assert len(QueueRows(three.database)) == len(Watch(three.database)) == 1
    assert three.damage() == []


def test_what_a_renamed_class_stood_for_goes_with_it_and_comes_back(three):
    watch, keys = Watch(three.database), ClassHotkeys(three.database)
    watch.add([(paint_image(20), "cat")])
    keys.give(3, "cat")
    three.rename("cat", "feline")
    assert ([w.expected for w in watch.all()], keys.all()) == (["feline"], {3: "feline"})
    three.history.undo()
    assert ([w.expected for w in watch.all()], keys.all()) == (["cat"], {3: "cat"})
    three.relabel("dog", 1)
    assert keys.all() == {3: "cat"}  # another cat is left
    assert three.damage() == []


def test_a_digit_stands_for_one_class_and_a_class_has_one_digit(three):
    keys = ClassHotkeys(three.database)
    keys.give(1, "cat")
    keys.give(1, "dog")
    keys.give(2, "dog")
    assert keys.all() == {2: "dog"}
    keys.take("dog")
    assert keys.all() == {}
    for digit in (0, 10):
        with pytest.raises(BadValue, match="1 to 9"):
            keys.give(digit, "cat")


def test_a_judgement_holds_until_what_was_seen_changes(three):
    kept = Kept(three.database)
    kept.keep("label", [((1, 0), "cat")])
    kept.keep("pair", [((1, 3), "cat dog")])
    assert holds(kept.all("label"), (1, 0), "cat")
    assert not holds(kept.all("label"), (1, 0), "dog")
    assert not holds(kept.all("label"), (2, 0), "cat")
    kept.keep("label", [((1, 0), "dog")])
    assert holds(kept.all("label"), (1, 0), "dog")
    kept.drop("label", [(1, 0)])
    assert kept.all("label") == {}
    assert list(kept.all("pair")) == [(1, 3)]


def test_judgements_of_a_forgotten_exemplar_go(three):
    kept = Kept(three.database)
    kept.keep("pair", [((1, 3), "cat dog"), ((2, 3), "cat dog")])
    three.catalog.purge([1])
    assert list(kept.all("pair")) == [(2, 3)]
    three.catalog.purge([3])
    assert kept.all("pair") == {}
    assert three.damage() == []
