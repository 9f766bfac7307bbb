"""The answers of experiments in one sentence, against figures chosen for them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.conftest import clustered
from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.experiments.novelty import NoveltyStudy
from visualmemory_gui.engine.experiments.scaling import Fit, Point, Scaling, scale
from visualmemory_gui.engine.experiments.wording import novelty_answer, scaling_answer

SCHEME = VotingScheme()


def study(auroc: float) -> NoveltyStudy:
    return NoveltyStudy((0.1,), (0.2,), auroc, 0.5, 0.3, 0.95, None, None, SCHEME, {})


@pytest.mark.parametrize(("auroc", "word"), [(0.97, "Yes"), (0.8, "Mostly"), (0.64, "Hardly"), (0.543, "No")])
def test_whether_unknown_images_are_recognised_is_said_in_a_word(auroc: float, word: str) -> None:
    said = novelty_answer(study(auroc))
    assert said.startswith(f"{word}: ") and f"in {100 * auroc:.0f} of 100 pairs" in said
    assert ("cannot tell them apart" in said) == (word == "No")


def scaling(*errors: tuple[int, float], power: Fit | None) -> Scaling:
    return Scaling(tuple(Point(n, error, 0.0) for n, error in errors), None, power, 100, SCHEME, 5)


def test_what_twice_as_many_would_bring_is_read_off_the_curve() -> None:
    halves = Fit(-1.0, 0.0, 0.01)  # the error is halved when the memory doubles
    said = scaling_answer(scaling((100, 0.4), (400, 0.1), power=halves))
    assert said == (
        "From 100 to 400 exemplars the error went from 40 to 10 %; twice as many would bring it to about 5 %"
    )
    flat = scaling_answer(scaling((100, 0.4), (400, 0.35), power=Fit(-0.001, 0.0, 0.01)))
    assert flat.endswith("the error went from 40 to 35 %; more of the same would hardly help")
    assert scaling_answer(scaling((100, 0.4), power=None)).endswith("the error went from 40 to 40 %")


@cache
def measured() -> Scaling:
    vectors, labels = clustered(400, dim=8, classes=6, seed=1, spread=0.9)
    return scale(snapshot_of(labels, vectors), SCHEME)


def test_the_answer_is_the_same_in_either_base_of_logarithms() -> None:
    assert scaling_answer(measured().in_log10()) == scaling_answer(measured())
    assert "twice as many would" in scaling_answer(replace(measured(), power=Fit(-0.5, np.log(0.3), 0.0)))
