"""The voting scheme: what it takes from settings and JSON, and that every vote is weighed by it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests import long_tail
from visualmemory_gui.app.models.headline import by_rule
from visualmemory_gui.engine.curation import prune, review, shapley
from visualmemory_gui.engine.curation.blame import blame
from visualmemory_gui.engine.decision import confidence
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.voting_rules import RuleParameters
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.evaluation.evaluate import evaluate
from visualmemory_gui.engine.experiments.scaling import scale
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.published_lists.neighbour_lists import parse_lists
from visualmemory_gui.engine.published_lists.vote import predictions
from visualmemory_gui.engine.store.kept_images import NewKeptImage
from visualmemory_gui.engine.store.queue import NewQueued
from visualmemory_gui.engine.types import F32, F64, MemorySettings
from visualmemory_gui.engine.what_if.flip import flips
from visualmemory_gui.engine.what_if.impact import ImpactTracker

SCHEME = VotingScheme()
LISTS = {
    "a": {
        "featurizer": "f",
        "image_id": "a",
        "image_class": 1,
        "neighbor_image_ids": ["b", "c"],
        "neighbor_classes": [1, 2],
        "neighbor_distances": [0.1, 0.2],
    }
}


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VisualMemory]:
    rng = np.random.default_rng(1)
    with long_tail.filled(tmp_path_factory.mktemp("m") / "m.vmem", rng) as made:
        image = NewKeptImage(long_tail.content(5000), "/q.png", vector=long_tail.unit(1, rng)[0])
        made._live.queue_rows.add([NewQueued(image)])
        made._live.decider.refresh(made.snapshot)
        yield made


def vector() -> F32:
    return long_tail.unit(1, np.random.default_rng(2))[0]


def of_large_class(memory: VisualMemory) -> list[int]:
    return memory.catalog.ids_under("a/0")[:3]


CALLERS: dict[str, Callable[[VisualMemory], object]] = {
    "decide": lambda memory: memory.decide_vector(vector()),
    "decide many": lambda memory: memory.decide_many([1, 2]),
    "evaluate": lambda memory: evaluate(memory, ks=[3], rules=["rank"]),
    "impact": ImpactTracker,
    "prune": lambda memory: prune.plan(memory, "hard"),
    "blame": lambda memory: blame(memory, of_large_class(memory)),
    "confidence": lambda memory: memory.maintenance.measure(),
    "review": review.survey,
    "queue": lambda memory: memory.queue.table(),
    "flip": lambda memory: flips(memory, vector()),
    "headline": lambda memory: by_rule(memory.decide_vector(vector())),
    "experiments": lambda memory: scale(memory.snapshot, SCHEME, seeds=1),
    "values": lambda memory: shapley.rank_weights("rank", 3),
    "published lists": lambda memory: predictions(parse_lists(LISTS), "rank"),
}


@pytest.mark.parametrize("caller", CALLERS)
def test_every_vote_is_weighed_in_one_function(
    caller: str, memory: VisualMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed = []
    original = VotingScheme.vote_weights

    def counted(scheme: VotingScheme, near: NeighbourArrays, **known: F64) -> F64:
        weighed.append(scheme)
        return original(scheme, near, **known)

    monkeypatch.setattr(VotingScheme, "vote_weights", counted)
    monkeypatch.setattr(confidence, "FEWEST", 1)
    CALLERS[caller](memory)
    assert weighed
    if caller == "headline":
        assert {scheme.rule for scheme in weighed} == {"plurality", "distance", "softmax", "rank"}


def test_what_is_not_given_comes_from_the_settings() -> None:
    settings = MemorySettings(k=7, rule="softmax", class_factor="off", level=2)
    assert VotingScheme.of(settings) == VotingScheme("softmax", 7, class_factor="off")
    warm = replace(settings, softmax_temperature=0.5, ridge_gamma=4.0)
    given = RuleParameters(temperature=0.5, gamma=4.0)
    assert VotingScheme.of(warm) == VotingScheme("softmax", 7, given, class_factor="off")
    assert VotingScheme.of(warm, rule="ridge").words == "ridge, k = 100, gamma 4, penalty 0.3"
    assert VotingScheme.of(settings, 3, "rank", level=1) == VotingScheme("rank", 3, class_factor="off", level=1)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"k": 0}, "at least 1"),
        ({"k": 1.5}, "k must be a whole number"),
        ({"rule": "borda"}, "borda"),
        ({"level": -1}, "0"),
    ],
)
def test_what_cannot_decide_is_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(BadValue, match=words):
        VotingScheme.of(MemorySettings(), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("scheme", [SCHEME, VotingScheme("softmax", 3, RuleParameters(temperature=0.2), level=1)])
def test_it_survives_json(scheme: VotingScheme) -> None:
    assert VotingScheme.from_dict(json.loads(json.dumps(scheme.to_dict()))) == scheme


def test_json_names_parameters_only_where_they_are_not_the_usual_ones() -> None:
    assert SCHEME.to_dict() == {"rule": "rank", "k": 10, "class_factor": "old", "level": 0}


def test_another_parameter_is_that_of_the_rule() -> None:
    assert VotingScheme("softmax").with_parameters(temperature=0.5).parameters == RuleParameters(temperature=0.5)
    near = NeighbourArrays.plain(np.array([0.1, 0.3]))
    assert VotingScheme("rank").with_parameters(offset=1.0).vote_weights(near).tolist() == [1.0, 0.5]
