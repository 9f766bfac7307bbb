"""Published neighbour lists: read in any of their forms, evaluated plain and pruned."""

from __future__ import annotations

import json

import numpy as np
import pytest

from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.published_lists import list_file
from visualmemory_gui.engine.published_lists.evaluate import evaluate_lists
from visualmemory_gui.engine.published_lists.lists import read_lists
from visualmemory_gui.engine.published_lists.neighbour_lists import parse_lists
from visualmemory_gui.engine.published_lists.vote import predictions
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


def test_k_below_one_is_refused_and_an_evaluation_can_be_stopped(tmp_path):
    (tmp_path / "lists.json").write_text(json.dumps(made(10)))
    with pytest.raises(BadValue, match="at least 1"):
        evaluate_lists(tmp_path / "lists.json", ks=(0,))

    def stop(done, total, what=""):
        raise Cancelled

    with pytest.raises(Cancelled):
        evaluate_lists(tmp_path / "lists.json", report=stop)
