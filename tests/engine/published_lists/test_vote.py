from __future__ import annotations

from typing import Any

import pytest

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.published_lists.vote import vote


def record(classes: list[Any], distances: list[Any] | None = None, **other: Any) -> dict[str, Any]:
    near = [0.1 * (i + 1) for i in range(len(classes))] if distances is None else distances
    return {
        "neighbor_distances": near,
        "neighbor_classes": classes,
        "neighbor_image_ids": [f"m{i}" for i in range(len(classes))],
        "image_class": 0,
        **other,
    }


def one(classes: list[Any], distances: list[Any] | None = None, **options: Any) -> Any:
    rule = options.pop("rule", "plurality")
    return vote({"q": record(classes, distances)}, rule, at_each_k=True, **options)["q"]["prediction_at_k"]


def test_the_whole_list_decides_unless_each_k_is_asked_for() -> None:
    data = {"q1": record(["a", "b", "b"]), "q2": record([0, 0, 5])}
    assert vote(data, "plurality") == {"q1": {"prediction": "b"}, "q2": {"prediction": 0}}
    assert one(["a", "b", "b"]) == ["a", "a", "b"]


def test_lists_of_different_lengths_stand_in_one_file() -> None:
    data = {"long": record([1, 2, 2, 2]), "empty": record([]), "short": record([3])}
    answers = vote(data, "rank", at_each_k=True)
    assert answers == {
        "long": {"prediction_at_k": [1, 1, 2, 2]},
        "empty": {"prediction_at_k": []},
        "short": {"prediction_at_k": [3]},
    }
    assert vote({"empty": record([])}, "rank") == {"empty": {"prediction": None}}
    assert vote({}, "rank") == {}


def test_more_lists_than_one_block_keep_their_order() -> None:
    data = {str(i): record([i, i + 1, i + 1]) for i in range(2500)}
    assert vote(data, "rank") == {str(i): {"prediction": i + 1} for i in range(2500)}


def test_excluded_neighbours_do_not_advance_the_rank() -> None:
    classes = ["a", "b", "c", "c"]
    assert one(classes, rule="rank", exclude=["m0"]) == ["a", "b", "b", "c"]
    assert one(classes, exclude=["m0", "m1", "m2", "m3"]) == one(classes)


def test_trust_multiplies_votes() -> None:
    assert one(["a", "b"], trust={"m1": 3.0}) == ["a", "b"]
    assert one(["a", "b"], trust={"m0": 0.25, "elsewhere": 9}) == ["a", "b"]


def test_ids_may_be_whole_numbers() -> None:
    data = {"q": record(["a", "b"], neighbor_image_ids=[7, 8])}
    assert vote(data, "rank", exclude=[7]) == {"q": {"prediction": "b"}}
    assert vote(data, "rank", trust={"8": 9.0}) == {"q": {"prediction": "b"}}


def test_a_list_that_is_not_sorted_is_taken_as_it_stands() -> None:
    assert one(["far", "near"], [2.0, 0.0], rule="softmax", param=0.001) == ["far", "near"]
    assert one(["far", "far", "near"], [1.9, 2.0, 0.1], rule="rank") == ["far", "far", "far"]


@pytest.mark.parametrize(("rule", "param"), [("softmax", 0.001), ("distance", 300.0), ("rank", 1e-9)])
def test_extreme_parameters_still_decide(rule: str, param: float) -> None:
    assert one(["a", "b", "b"], [0.0, 1.0, 2.0], rule=rule, param=param) == ["a", "a", "a"]


BAD_FILES = [
    ([], "JSON object that maps each query"),
    ({"q": 3}, "query q"),
    ({"q": {"neighbor_classes": [], "neighbor_distances": []}}, "neighbor_image_ids is missing"),
    ({"q": record([1], neighbor_classes="ab")}, "neighbor_classes must be a list"),
    ({"q": record([1, 2], [0.1])}, "unequal length"),
    ({"q": record([None])}, "neighbor_classes must be strings or numbers"),
    ({"q": record([[1]])}, "neighbor_classes must be strings or numbers"),
    ({"q": record([True])}, "neighbor_classes must be strings or numbers"),
    ({"q": record([float("nan")])}, "neighbor_classes must be strings or numbers"),
    ({"q": record([1], ["0.1"])}, "finite numbers"),
    ({"q": record([1], [float("nan")])}, "finite numbers"),
    ({"q": record([1], [10**400])}, "finite numbers"),
    ({"q": record([1], neighbor_image_ids=[None])}, "neighbor_image_ids must be"),
    ({"q": record([1], image_class={"a": 1})}, "image_class must be"),
]


@pytest.mark.parametrize(("data", "words"), BAD_FILES)
def test_a_file_that_is_no_neighbour_list_is_refused_in_words(data: Any, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        vote(data, "rank")


@pytest.mark.parametrize("exclude", [{"m0": 1}, "m0", [None], [["m0"]]])
def test_ids_to_exclude_must_be_a_list_of_ids(exclude: Any) -> None:
    with pytest.raises(BadValue, match="list of neighbour ids"):
        one(["a"], exclude=exclude)


@pytest.mark.parametrize("trust", [["m0"], {"m0": 0}, {"m0": -1}, {"m0": 101}, {"m0": "1"}, {"m0": float("nan")}])
def test_trust_must_be_above_nothing_and_at_most_a_hundred(trust: Any) -> None:
    with pytest.raises(BadValue, match="factor"):
        one(["a"], trust=trust)


@pytest.mark.parametrize(
    ("rule", "param", "words"),
    [
        ("borda", None, "unknown voting rule"),
        ("plurality", 1.0, "has no parameter"),
        ("softmax", 0.0, "temperature .* above 0"),
        ("rank", float("inf"), "offset"),
        ("distance", 1e6, "at most 300"),
    ],
)
def test_a_rule_or_parameter_that_cannot_be_is_refused(rule: Any, param: float | None, words: str) -> None:
    with pytest.raises(BadValue, match=words):
        vote({"q": record(["a"])}, rule, param=param)
