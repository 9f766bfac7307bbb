"""Tuning: its gradient against finite differences, what it brings where there is something to win, what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.engine.rule_weights import weights
from tests.engine.study_memories import hubs, memory_of, noisy, unit
from visualmemory_gui.engine.curation import tune
from visualmemory_gui.engine.curation.ridge_problems import RidgeProblems
from visualmemory_gui.engine.curation.trust_loss import FITTED, E, NeighbourLists, TrustLoss
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays, cosines
from visualmemory_gui.engine.decision.voting_rules import USUAL
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue, Cancelled
from visualmemory_gui.engine.types import Rule

RULES: tuple[Rule, ...] = ("rank", "softmax", "distance", "plurality")


def some_lists(seed: int = 0) -> NeighbourLists:
    rng = np.random.default_rng(seed)
    exemplar = np.stack([rng.permutation(9)[:5] for _ in range(7)])
    scale = rng.uniform(0.5, 3.0, (7, 5))
    distances = np.sort(rng.uniform(0.0, 0.6, (7, 5)), axis=1)
    scale[3, 3:], distances[3, 3:] = 0.0, np.inf  # a list that is shorter
    return NeighbourLists(exemplar, distances, rng.random((7, 5)) < 0.5, scale, np.ones((7, 5)))


def solved_lists(seed: int = 0) -> tuple[NeighbourLists, NeighbourArrays]:
    """Seven queries among nine exemplars, two of which are copies; some voters have a trust, one list is shorter."""
    rng = np.random.default_rng(seed)
    vectors = unit(rng.normal(size=(9, 4)) + 0.8)
    vectors[4] = vectors[2]
    exemplar = np.stack([rng.permutation(9)[:6] for _ in range(7)])
    distances = 1.0 - np.einsum("qkd,qd->qk", vectors[exemplar], unit(rng.normal(size=(7, 4)) + 0.8)).astype(np.float64)
    order = np.argsort(distances, axis=1)
    exemplar, distances = (np.take_along_axis(one, order, axis=1) for one in (exemplar, distances))
    trust = np.where(exemplar == 5, 0.3, 1.0)
    trust[3, 4:], distances[3, 4:] = 0.0, np.inf
    twins = np.where(exemplar == 4, 2, exemplar)
    near = replace(
        NeighbourArrays.plain(distances, trust=trust),
        twins=twins,
        places=exemplar,
        compare=lambda at: cosines(vectors[at].astype(np.float64)),
    )
    same, factor = rng.random((7, 6)) < 0.5, rng.uniform(1.0, 3.0, (7, 6))
    return NeighbourLists(exemplar, distances, same, trust, factor, RidgeProblems.of(near, USUAL)), near


@pytest.mark.parametrize("rule", RULES)
def test_the_loss_is_the_formula(rule):
    lists = some_lists()
    loss = TrustLoss(lists, rule=rule, classes=3, penalty=0.7)
    log_trust, log_parameter = loss.start(9)
    values = np.linspace(-1.0, 1.0, 9)
    found = loss(torch.from_numpy(values), log_parameter).item()
    votes = weights(rule, lists.distances) * lists.trust * np.exp(values)[lists.exemplar]
    total, own = votes.sum(axis=1), (votes * lists.same).sum(axis=1)
    expected = -np.log((own + E) / (total + 3 * E)).mean() + 0.7 * (values**2).mean()
    assert found == pytest.approx(expected, abs=1e-12)
    assert log_trust.tolist() == [0.0] * 9


def test_under_ridge_the_votes_are_those_of_decisions() -> None:
    lists, near = solved_lists()
    loss = TrustLoss(lists, rule="ridge", classes=3, penalty=0.0)
    for values in (np.zeros(9), np.linspace(-2.5, 1.3, 9), np.linspace(1.3, -2.5, 9), np.zeros(9)):
        found = loss.votes(torch.from_numpy(values), loss.start(9)[1]).detach().numpy()
        trust = lists.trust * np.exp(values)[lists.exemplar]
        expected = VotingScheme("ridge", 6).vote_weights(replace(near, trust=trust)) * lists.factor
        np.testing.assert_allclose(found, expected, atol=1e-6)  # the kernels are kept as float32
        assert (found[3, 4:] == 0.0).all()


@pytest.mark.parametrize("rule", (*RULES, "ridge"))
def test_the_gradient_is_that_of_finite_differences(rule):
    lists = solved_lists(1)[0] if rule == "ridge" else some_lists(1)
    loss = TrustLoss(lists, rule=rule, classes=3, penalty=0.3)
    at = torch.from_numpy(np.random.default_rng(2).normal(size=9) * 0.5).requires_grad_()
    parameter = torch.tensor(np.log(loss.usual * 1.3), requires_grad=True)
    loss(at, parameter).backward()
    step = 1e-6
    for i in range(9):
        moved = torch.zeros(9, dtype=torch.float64)
        moved[i] = step
        slope = (loss(at + moved, parameter) - loss(at - moved, parameter)).item() / (2 * step)
        assert float(at.grad[i]) == pytest.approx(slope, abs=1e-7)
    slope = (loss(at, parameter + step) - loss(at, parameter - step)).item() / (2 * step)
    found = 0.0 if parameter.grad is None else float(parameter.grad)
    assert found == pytest.approx(slope, abs=1e-7)
    assert (found == 0.0) == (rule == "plurality")


@pytest.fixture
def lied_to(tmp_path):
    """Exemplars of a third class in the middle of each of two classes: everybody's nearest neighbours."""
    vectors, labels, liars = hubs(300, seed=1, liars=3)
    with memory_of(tmp_path, vectors, labels) as memory:
        memory.set("class_factor", "off")
        yield memory, [i + 1 for i in liars]


def test_tuning_trusts_those_less_who_mislead_and_says_what_it_brings(lied_to):
    memory, liars = lied_to
    steps: list[tune.TuningStep] = []
    found = tune.tune(memory, on_step=steps.append)
    assert found.gain.helps and found.refused is None
    assert (
        np.mean([found.trust[i] for i in liars]) < 0.8 < np.mean([t for i, t in found.trust.items() if i not in liars])
    )
    assert all(tune.LEAST <= t <= tune.MOST for t in found.trust.values())
    assert tuple(steps) == found.steps and [s.number for s in steps] == list(range(len(steps)))
    assert min(steps, key=lambda s: s.choose_loss).number == found.stopped_at
    assert sum(found.queries) == 306 and found.parameter[:2] == ("offset", 2.0)
    assert tune.tune(memory).trust == found.trust


def test_applying_is_one_step_and_undo_takes_it_back(lied_to):
    memory, _ = lied_to
    found = tune.tune(memory)
    changes = tune.apply(memory, found)
    assert changes.edit == f"Tune the trust of {len(found.trust)} exemplars"
    assert {e.id: e.trust for e in memory.catalog.select() if e.trust != 1.0} == found.trust
    memory.undo()
    assert {e.trust for e in memory.catalog.select()} == {1.0}
    memory.redo()
    assert {e.id: e.trust for e in memory.catalog.select() if e.trust != 1.0} == found.trust


def test_trust_that_was_set_by_hand_stays(lied_to):
    memory, liars = lied_to
    memory.reweigh(liars[:1], 2.0)
    found = tune.tune(memory)
    assert found.by_hand == 1 and liars[0] not in found.trust
    tune.apply(memory, found)
    assert memory.catalog.get(liars[:1])[0].trust == 2.0


def test_what_does_not_help_is_refused_in_words(tmp_path):
    vectors, labels, _ = noisy(240, seed=2, flipped=0.0, spread=0.5)
    with memory_of(tmp_path, vectors, labels) as memory:
        found = tune.tune(memory)
        assert not found.gain.helps and found.refused
        with pytest.raises(BadValue, match="not applied"):
            tune.apply(memory, found)
        assert memory.history.steps()[0].kind == "add"


def test_a_tuning_of_another_state_of_the_memory_is_refused(lied_to):
    memory, _ = lied_to
    found = tune.tune(memory)
    memory.strike([1])
    with pytest.raises(BadValue, match="edited since"):
        tune.apply(memory, found)


@pytest.mark.parametrize("rule", (*RULES, "ridge"))
def test_every_rule_can_be_tuned(lied_to, rule):
    memory, _ = lied_to
    memory.set("rule", rule)
    found = tune.tune(memory, steps=12)
    assert (found.parameter and found.parameter[0]) == FITTED.get(rule)
    assert found.steps[-1].fit_loss < found.steps[0].fit_loss


def test_under_ridge_a_large_memory_is_tuned_on_a_sample_and_says_so(lied_to, monkeypatch) -> None:
    memory, _ = lied_to
    memory.set("rule", "ridge")
    whole = tune.tune(memory, steps=1)
    assert (sum(whole.queries), whole.of, whole.sampled) == (306, 306, "")
    monkeypatch.setattr(tune, "MOST_JOINT", 100)
    found = tune.tune(memory, steps=3)
    assert (sum(found.queries), found.sampled) == (100, "100 of 306 exemplars")


def test_tuning_that_is_stopped_changes_nothing(lied_to):
    memory, _ = lied_to

    def stop(done, total, what=""):
        if what == "fitting" and done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        tune.tune(memory, report=stop)
    assert memory.history.steps()[0].kind == "add"


def test_too_little_to_tune_on_is_told(tmp_path):
    with memory_of(tmp_path, np.eye(6, dtype=np.float32), list("abcdef")) as memory:
        with pytest.raises(BadValue, match="6 exemplars are too few"):
            tune.tune(memory)
        memory.relabel([1, 2, 3, 4, 5, 6], "a")
        with pytest.raises(BadValue, match="one class"):
            tune.tune(memory)
