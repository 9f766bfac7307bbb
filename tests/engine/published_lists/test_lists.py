"""Published neighbour lists: read in any of their forms, evaluated plain and pruned."""

from __future__ import annotations

import json

import numpy as np
import pytest

from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.published_lists import list_file
from visualmemory_gui.engine.published_lists.evaluate import evaluate_lists
from visualmemory_gui.engine.published_lists.lists import ListReading, read_lists
from visualmemory_gui.engine.published_lists.neighbour_lists import parse_lists
from visualmemory_gui.engine.published_lists.vote import predictions, vote
from visualmemory_gui.engine.types import PAPER_RULES


def record(image_id, right, ids, classes, distances=None):
    near = [0.1 * (i + 1) for i in range(len(ids))] if distances is None else distances
    return {
        "featurizer": "f",
        "image_id": image_id,
        "image_class": right,
        "neighbor_image_ids": ids,
        "neighbor_classes": classes,
        "neighbor_distances": near,
    }


def made(n, *, seed=0, classes=5, width=12, exemplars=60):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, classes, exemplars)
    out = {}
    for i in range(n):
        right = int(label[i % exemplars])
        weight = np.where(label == right, 3.0, 1.0)
        near = rng.choice(exemplars, width, replace=False, p=weight / weight.sum())
        distances = np.sort(rng.random(width)).tolist()
        out[f"q{i}"] = record(f"m{i}", right, [f"m{j}" for j in near], label[near].tolist(), distances)
    return out


def as_lines(data):
    return "\n".join(map(json.dumps, data.values()))


FORMS = {
    "an object": json.dumps,
    "an indented object": lambda data: json.dumps(data, indent=2),
    "a list": lambda data: json.dumps(list(data.values())),
    "a record a line": as_lines,
    "lines with space around them": lambda data: f"\n\n {as_lines(data)}\n \n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("chunk", [7, 1000, list_file.CHUNK])
def test_every_form_of_a_file_holds_the_same_lists(form, chunk, tmp_path, monkeypatch):
    monkeypatch.setattr(list_file, "CHUNK", chunk)
    data = made(20)
    path = tmp_path / "lists.json"
    path.write_text(FORMS[form](data))
    assert [one for _, one in list_file.records(path)] == list(data.values())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "nonsense",
        "{",
        "[",
        '{"q": {"a": 1}',
        '[{"a": 1}, ',
        '{"q": {"a": 1}} more',
        "{]",
        '[{"a": 1}] 5',
        "7",
    ],
)
def test_what_is_no_json_is_refused(text, tmp_path):
    path = tmp_path / "lists.json"
    path.write_text(text)
    with pytest.raises(BadValue, match=r"lists\.json"):
        list(list_file.records(path))


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(BadValue, match="cannot be read"):
        list(list_file.records(tmp_path / "none.json"))
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00\x81" * 50)
    with pytest.raises(BadValue, match="UTF-8"):
        list(list_file.records(tmp_path / "binary.json"))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"neighbor_classes": None}, "neighbor_classes must be a list"),
        ({"neighbor_distances": [0.1]}, "unequal length"),
        ({"neighbor_distances": ["near", "far"]}, "finite numbers"),
        ({"neighbor_image_ids": [1.5, 2]}, "whole numbers"),
        ({"image_class": {"a": 1}}, "image_class"),
    ],
)
def test_a_wrong_record_is_refused_by_its_name(broken, words, tmp_path):
    data = {"fine": record("a", 0, ["x", "y"], [0, 1]), "bad": {**record("b", 0, ["x", "y"], [0, 1]), **broken}}
    (tmp_path / "lists.json").write_text(json.dumps(data))
    with pytest.raises(BadValue, match=f"query bad: .*{words}"):
        evaluate_lists(tmp_path / "lists.json")


@pytest.mark.parametrize("key", ["neighbor_image_ids", "neighbor_classes", "neighbor_distances"])
def test_a_missing_key_is_named(key, tmp_path):
    one = record("a", 0, ["x"], [0])
    del one[key]
    (tmp_path / "lists.jsonl").write_text(json.dumps(one))
    with pytest.raises(BadValue, match=f"query a: {key} is missing"):
        evaluate_lists(tmp_path / "lists.jsonl")


def test_lists_without_a_right_class_are_counted_and_some_must_have_one(tmp_path):
    data = {"a": record("a", None, ["x"], [0]), "b": record("b", 0, ["x"], [0])}
    (tmp_path / "lists.json").write_text(json.dumps(data))
    found = evaluate_lists(tmp_path / "lists.json")
    assert (found.queries, found.unlabelled) == (1, 1)
    (tmp_path / "none.json").write_text(json.dumps({"a": data["a"]}))
    with pytest.raises(BadValue, match="no neighbour list with an image_class"):
        evaluate_lists(tmp_path / "none.json")
    (tmp_path / "empty.json").write_text(json.dumps({"a": record("a", 0, [], [])}))
    with pytest.raises(BadValue, match="no neighbour"):
        evaluate_lists(tmp_path / "empty.json")


def test_class_0_is_a_class_and_any_of_several_right_ones_counts(tmp_path):
    data = {
        "zero": record("zero", 0, ["x", "y"], [0, 5]),
        "several": record("several", [7, "cat"], ["x", "y"], ["cat", 5]),
        "wrong": record("wrong", [1, 2], ["x", "y"], [0, 0]),
    }
    (tmp_path / "lists.json").write_text(json.dumps(data))
    found = evaluate_lists(tmp_path / "lists.json", ks=(1,))
    assert found.accuracy["rank"].at_each_k == pytest.approx([2 / 3, 2 / 3])
    assert found.reliability_at_k == pytest.approx([2 / 3, 0.0])
    assert found.per_class["0"].accuracy == 1.0


def slow(data, rule, *, exclude=(), refill=False):
    """Accuracy at each k by the function that serves ``vote``."""
    lists = parse_lists(data)
    if refill:
        kept = [[i for i, name in enumerate(one.ids) if name not in exclude] or range(len(one.ids)) for one in lists]
        data = {
            one.query: record(
                one.query, list(one.right), [one.ids[i] for i in at], [one.classes[i] for i in at],
                [float(one.distances[i]) for i in at],
            )
            for one, at in zip(lists, kept, strict=True)
        }  # fmt: skip
        lists, exclude = parse_lists(data), ()
    won = predictions(lists, rule, exclude=exclude)
    width = max(len(one.classes) for one in parse_lists(data))
    hits = [
        [at_k[min(k, len(at_k) - 1)] in one.right for k in range(width)] for one, at_k in zip(lists, won, strict=True)
    ]
    return np.mean(hits, axis=0)


def test_pruned_lists_are_looked_at_by_position_and_refilled(tmp_path):
    test, train = made(300, seed=1), made(60, seed=2)
    (tmp_path / "test.json").write_text(json.dumps(test))
    (tmp_path / "train.json").write_text(json.dumps(train))
    found = evaluate_lists(tmp_path / "test.json", tmp_path / "train.json", ks=(1, 5), m=6, n=3)
    wrong = {}
    for one in train.values():
        near = [(i, c) for i, c in zip(one["neighbor_image_ids"], one["neighbor_classes"], strict=True)]
        for name, c in [pair for pair in near if pair[0] != one["image_id"]][:6]:
            wrong[name] = wrong.get(name, 0) + (c != one["image_class"])
    out = {name for name, n in wrong.items() if n >= 3}
    own = sum(one["image_id"] in one["neighbor_image_ids"] for one in train.values())
    assert (found.pruning.pruned, found.pruning.exemplars, found.pruning.own_removed) == (len(out), 60, own)
    assert 0 < len(out) < 60
    for rule in PAPER_RULES:
        assert found.accuracy[rule].at_each_k == pytest.approx(slow(test, rule))
        assert found.ways["positions"].accuracy[rule].at_each_k == pytest.approx(slow(test, rule, exclude=out))
        refilled = slow(test, rule, exclude=out, refill=True)
        assert found.ways["refill"].accuracy[rule].at_each_k[: len(refilled)] == pytest.approx(refilled)
    gain = found.ways["refill"].gain["rank"][5]
    assert gain.mean == pytest.approx(
        found.ways["refill"].accuracy["rank"].at_each_k[4] - found.accuracy["rank"].at_each_k[4]
    )


def test_the_best_k_is_that_on_the_very_queries(tmp_path):
    (tmp_path / "test.json").write_text(json.dumps(made(200, seed=3)))
    told = evaluate_lists(tmp_path / "test.json").to_json()
    by_k = told["accuracy_at_each_k"]["rank"]
    assert told["best_on_these_queries"]["rank"] == {"k": int(np.argmax(by_k)) + 1, "accuracy": max(by_k)}
    assert told["accuracy"]["rank"]["5"] == by_k[4]
    assert told["pruning"] is None


@pytest.mark.parametrize("n", [1, 2])
def test_one_class_only_and_classes_of_one_exemplar(n, tmp_path):
    data = {f"q{i}": record(f"q{i}", 0 if n == 1 else i, ["a", "b"], [0, 0] if n == 1 else [8, 9]) for i in range(4)}
    for name in ("test", "train"):
        (tmp_path / name).write_text(json.dumps(data))
    found = evaluate_lists(tmp_path / "test", tmp_path / "train")
    assert found.accuracy["rank"].best == (1.0 if n == 1 else 0.0)
    assert found.ways["soft"].gain == {}


def test_lists_that_pruning_was_counted_on_promise_no_gain(tmp_path):
    test, train = made(50, seed=1), made(60, seed=2)
    for name, data in (("test", test), ("train", train), ("both", {**test, "again": train["q7"]})):
        (tmp_path / name).write_text(json.dumps(data))
    apart = evaluate_lists(tmp_path / "test", tmp_path / "train")
    assert apart.pruning.judged == 0
    assert set(apart.ways["soft"].gain) == set(PAPER_RULES)
    mixed = evaluate_lists(tmp_path / "both", tmp_path / "train")
    assert mixed.pruning.judged == 1
    assert mixed.ways["soft"].gain == {}


@pytest.mark.parametrize("width", [4, 20])
def test_lists_that_still_hold_their_own_query_are_known_for_those_that_were_counted(width, tmp_path):
    train = {
        f"m{i}": record(f"m{i}", i % 3, [f"m{(i + j) % 40}" for j in range(width)], [i % 3] * width) for i in range(40)
    }
    (tmp_path / "train").write_text(json.dumps(train))
    found = evaluate_lists(tmp_path / "train", tmp_path / "train")
    assert found.pruning.judged == 40
    assert found.ways["soft"].gain == {}


def test_where_everything_is_pruned_nothing_is(tmp_path):
    data = {f"q{i}": record(f"q{i}", 1, ["a", "b"], [0, 2]) for i in range(4)}
    for name in ("test", "train"):
        (tmp_path / name).write_text(json.dumps(data))
    found = evaluate_lists(tmp_path / "test", tmp_path / "train", n=1)
    assert found.pruning.pruned == 2
    assert found.ways["refill"].accuracy["rank"].at_each_k == found.accuracy["rank"].at_each_k


def test_lists_of_any_number_and_length_are_read_in_blocks(tmp_path):
    data = {**made(5000, seed=4), "short": record("s", 0, ["m1"], [0]), "empty": record("e", 0, [], [])}
    (tmp_path / "lists.json").write_text(json.dumps(data))
    lists = read_lists(tmp_path / "lists.json")
    assert (lists.queries, lists.width, len(lists.blocks)) == (5002, 12, 3)
    found = evaluate_lists(tmp_path / "lists.json", ks=(1, 12))
    assert found.queries == 5002


def as_the_notebook_scales(data):
    """Distances scaled as the paper's notebook does: over all neighbours of all queries of the file."""
    every = [d for one in data.values() for d in one["neighbor_distances"]]
    width = max(every) - min(every)
    return {
        query: {**one, "neighbor_distances": [(d - min(every)) / width for d in one["neighbor_distances"]]}
        for query, one in data.items()
    }


def test_distances_are_scaled_to_one_over_the_whole_file(tmp_path):
    data = {
        query: {**one, "neighbor_distances": [0.3 + 0.02 * d for d in one["neighbor_distances"]]}
        for query, one in made(300, seed=5).items()
    }
    (tmp_path / "lists.json").write_text(json.dumps(data))
    plain = evaluate_lists(tmp_path / "lists.json")
    scaled = evaluate_lists(tmp_path / "lists.json", reading=ListReading(normalise=True))
    for rule in PAPER_RULES:
        assert scaled.accuracy[rule].at_each_k == pytest.approx(slow(as_the_notebook_scales(data), rule))
    assert scaled.accuracy["softmax"].at_each_k != plain.accuracy["softmax"].at_each_k
    assert scaled.accuracy["rank"].at_each_k == plain.accuracy["rank"].at_each_k
    assert vote(data, "softmax", normalise=True) == vote(as_the_notebook_scales(data), "softmax")


def test_a_file_of_one_distance_is_scaled_to_0(tmp_path):
    data = {"q": record("q", 0, ["x", "y"], [0, 1], [0.4, 0.4]), "empty": record("e", 0, [], [])}
    (tmp_path / "lists.json").write_text(json.dumps(data))
    lists = read_lists(tmp_path / "lists.json", reading=ListReading(normalise=True))
    assert lists.blocks[0].distances[0].tolist() == [0.0, 0.0]
    assert vote({"empty": data["empty"]}, "softmax", normalise=True) == {"empty": {"prediction": None}}


@pytest.mark.parametrize("counted", [False, True])
def test_a_query_without_a_right_class_is_left_out_or_wrong(counted, tmp_path):
    data = {
        "right": record("right", [0], ["x"], [0]),
        "empty": record("empty", [], ["x"], [0]),
        "none": record("none", None, ["x"], [0]),
    }
    (tmp_path / "lists.json").write_text(json.dumps(data))
    found = evaluate_lists(tmp_path / "lists.json", ks=(1,), reading=ListReading(unlabelled_wrong=counted))
    assert (found.queries, found.unlabelled) == ((3, 2) if counted else (1, 2))
    assert found.accuracy["rank"].at(1) == pytest.approx(1 / 3 if counted else 1.0)
    assert found.per_class["0"].support == 1
    del data["right"]
    (tmp_path / "lists.json").write_text(json.dumps(data))
    with pytest.raises(BadValue, match="no neighbour list with an image_class"):
        evaluate_lists(tmp_path / "lists.json", reading=ListReading(unlabelled_wrong=counted))


def test_each_query_is_taken_out_of_its_own_list(tmp_path):
    data = {
        "a": record("a", 0, ["a", "x", "y"], [0, 1, 0]),
        "b": record("b", 0, ["x", "b", "y"], [1, 0, 0]),
        "c": record("c", 0, ["x", "y", "z"], [1, 0, 0]),
    }
    (tmp_path / "lists.json").write_text(json.dumps(data))
    for equal_length, lengths in ((False, [2, 2, 3]), (True, [2, 2, 2])):
        lists = read_lists(tmp_path / "lists.json", reading=ListReading(without_own=True, equal_length=equal_length))
        assert (lists.blocks[0].ids >= 0).sum(axis=1).tolist() == lengths
        assert lists.own_removed == 2
    assert evaluate_lists(tmp_path / "lists.json", ks=(1,)).accuracy["rank"].at(1) == pytest.approx(1 / 3)
    without = evaluate_lists(tmp_path / "lists.json", ks=(1,), reading=ListReading(without_own=True))
    assert without.accuracy["rank"].at(1) == 0.0


def test_the_last_neighbour_of_a_training_list_without_its_own_query_may_be_left_out(tmp_path):
    train = {"m1": record("m1", 0, ["m1", "m2"], [0, 0]), "m2": record("m2", 0, ["m1", "m3"], [0, 1])}
    test = {"q": record("q", 0, ["m3", "m1"], [1, 0])}
    for name, data in (("test", test), ("train", train)):
        (tmp_path / name).write_text(json.dumps(data))
    files = tmp_path / "test", tmp_path / "train"
    assert evaluate_lists(*files, m=2, n=1).pruning.pruned == 1
    assert evaluate_lists(*files, m=2, n=1, reading=ListReading(equal_length=True)).pruning.pruned == 0


def test_parameters_are_swept_on_lists(tmp_path):
    data = made(200, seed=6)
    (tmp_path / "lists.json").write_text(json.dumps(data))
    grids = {"rank": (0.5, 16.0), "softmax": (0.02,)}
    found = evaluate_lists(tmp_path / "lists.json", ks=(1, 5), grids=grids)
    lists = parse_lists(data)
    for rule, values in grids.items():
        for value in values:
            won = predictions(lists, rule, param=value)
            at_5 = np.mean([at_k[4] in one.right for one, at_k in zip(lists, won, strict=True)])
            assert found.sweeps[rule][value].at(5) == at_5
    told = found.to_json()["sweeps"]
    assert told["rank"]["parameter"] == "offset"
    assert told["rank"]["accuracy"]["0.5"]["5"] == found.sweeps["rank"][0.5].at(5)
    assert evaluate_lists(tmp_path / "lists.json").sweeps == {}


def test_ridge_is_refused_before_a_file_is_read(tmp_path):
    with pytest.raises(BadValue, match="hold no vectors"):
        evaluate_lists(tmp_path / "none.json", rules=("ridge",))


def test_k_below_one_is_refused_and_an_evaluation_can_be_stopped(tmp_path):
    (tmp_path / "lists.json").write_text(json.dumps(made(10)))
    with pytest.raises(BadValue, match="at least 1"):
        evaluate_lists(tmp_path / "lists.json", ks=(0,))

    def stop(done, total, what=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        evaluate_lists(tmp_path / "lists.json", report=stop)
