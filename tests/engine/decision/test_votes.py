from __future__ import annotations

import itertools
import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.rule_weights import weights
from tests.engine.snapshots import snapshot_of
from visualmemory_gui.engine.decision.class_factor import class_factor, largest_usual_size, usual_size, usual_size_of
from visualmemory_gui.engine.decision.neighbour_arrays import NeighbourArrays
from visualmemory_gui.engine.decision.votes import tally, winner_at_each_k
from visualmemory_gui.engine.decision.voting_scheme import VotingScheme
from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.types import CLASS_FACTORS, PAPER_RULES, RULES, Rule

VOTES = st.lists(
    st.tuples(st.integers(0, 4), st.sampled_from([0.0, 1e-300, 0.1, 0.25, 0.5, 1.0, 1 / 3])), min_size=1, max_size=20
)


def slow_winner(labels: list[int], votes: list[float]) -> int | None:
    """DESIGN's words as a loop: the class whose running total first reached the maximum."""
    totals = dict.fromkeys(labels, 0.0)
    history = []
    for label, vote in zip(labels, votes, strict=True):
        totals[label] += vote
        history.append((label, totals[label]))
    most = max(totals.values())
    return next((label for label, reached in history if reached == most), None) if most > 0 else None


def test_weights_are_those_of_the_paper() -> None:
    d = np.array([0.1, 0.2, 0.4])
    assert weights("plurality", d).tolist() == [1, 1, 1]
    assert weights("distance", d) == pytest.approx(np.exp(-d))
    assert weights("distance", d, exponent=20) == pytest.approx(np.exp(-20 * d))
    assert weights("softmax", d) == pytest.approx([1.0, math.exp(-0.1 / 0.07), math.exp(-0.3 / 0.07)])
    assert weights("rank", d).tolist() == [1 / 2, 1 / 3, 1 / 4]
    assert weights("rank", d, offset=1.0).tolist() == [1, 1 / 2, 1 / 3]


@pytest.mark.parametrize("distances", [[0.0, 2.0], [0.3, 0.3, 1.9], [2.0]])
def test_softmax_at_a_thousandth_does_not_overflow(distances: list[float]) -> None:
    votes = weights("softmax", np.array(distances), temperature=0.001)
    assert np.isfinite(votes).all()
    assert votes[0] == 1.0


def test_softmax_shares_are_those_of_the_published_form() -> None:
    d = np.sort(np.random.default_rng(0).random(50))
    published = np.exp((1 - d) / 0.07)
    stable = weights("softmax", d)
    assert stable / stable.sum() == pytest.approx(published / published.sum(), rel=1e-12)


def test_distances_far_beyond_a_cosine_still_vote() -> None:
    assert weights("distance", np.array([900.0, 901.0])) == pytest.approx([1.0, math.exp(-1)])


@pytest.mark.parametrize("rule", PAPER_RULES)
def test_an_infinite_distance_among_many_queries_gives_numbers(rule: Rule) -> None:
    votes = weights(rule, np.array([[0.1, np.inf], [np.inf, np.inf]]))
    assert np.isfinite(votes).all()


@pytest.mark.parametrize("rule", RULES)
def test_no_neighbours_give_no_weights(rule: Rule) -> None:
    assert weights(rule, np.empty(0)).shape == (0,)


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(BadValue, match="borda"):
        weights("borda", np.array([0.1]))  # type: ignore[arg-type]


def test_the_class_that_first_reached_the_maximum_wins_a_tie() -> None:
    votes = tally(["a", "b", "b", "a"], [1.0, 1.0, 1.0, 1.0])
    assert votes.winner == "b"
    assert list(votes.shares.items()) == [("b", 0.5), ("a", 0.5)]
    assert (votes.share, votes.margin) == (0.5, 0.0)


def test_the_margin_of_a_single_class_is_its_share() -> None:
    votes = tally(["a", "a"], [0.5, 0.25])
    assert (votes.share, votes.margin) == (1.0, 1.0)


@pytest.mark.parametrize("votes", [[], [0.0, 0.0]])
def test_without_a_positive_vote_there_is_nothing_to_compare_with(votes: list[float]) -> None:
    found = tally(["a", "b"][: len(votes)], votes)
    assert (found.winner, found.share, found.margin, found.shares) == (None, None, None, {})


@given(VOTES)
def test_the_winner_is_the_one_of_the_plain_loop_for_every_k(cast: list[tuple[int, float]]) -> None:
    labels, votes = [label for label, _ in cast], [vote for _, vote in cast]
    running = winner_at_each_k(np.array([labels]), np.array([votes]))
    for k in range(1, len(cast) + 1):
        expected = slow_winner(labels[:k], votes[:k])
        one = tally(labels[:k], votes[:k])
        assert one.winner == expected
        assert running.winner[0, k - 1] == (-1 if expected is None else expected)
        assert running.share[0, k - 1] == (one.share or 0.0)


@given(VOTES)
def test_shares_sum_to_one_and_fall(cast: list[tuple[int, float]]) -> None:
    votes = tally([label for label, _ in cast], [vote for _, vote in cast])
    if votes.winner is not None:
        shares = list(votes.shares.values())
        assert sum(shares) == pytest.approx(1.0)
        assert shares == sorted(shares, reverse=True)
        assert next(iter(votes.shares)) == votes.winner


@given(VOTES, st.randoms(use_true_random=False))
def test_names_of_classes_do_not_matter(cast: list[tuple[int, float]], random: object) -> None:
    names = list(range(10, 15))
    random.shuffle(names)  # type: ignore[attr-defined]
    labels, votes = [label for label, _ in cast], [vote for _, vote in cast]
    plain, renamed = tally(labels, votes), tally([names[label] for label in labels], votes)
    assert [names[label] for label in plain.shares] == list(renamed.shares)


@given(st.lists(st.integers(0, 3), min_size=2, max_size=12), st.data())
def test_swapping_neighbours_of_equal_distance_keeps_the_shares(labels: list[int], data: st.DataObject) -> None:
    distances = np.full(len(labels), 0.25)
    shuffled = data.draw(st.permutations(labels))
    for rule in ("plurality", "distance", "softmax"):
        votes = weights(rule, distances).tolist()
        assert tally(labels, votes).shares == pytest.approx(tally(shuffled, votes).shares)


def test_the_old_class_factor_ends_at_ten_exemplars() -> None:
    counts = np.array([0, 1, 2, 5, 9, 10, 11, 1000])
    assert class_factor("old", counts, usual_size(5000, 10)).tolist() == [10, 10, 5, 2, 10 / 9, 1, 1, 1]


def test_the_class_factor_ends_at_the_mean_of_the_classes_and_never_exceeds_ten() -> None:
    counts = np.array([0, 1, 4, 10, 25, 100, 5000])
    few, many, uneven = usual_size(30, 10), usual_size(1000, 10), usual_size(5001, 2)
    assert class_factor("mean", counts, few) == pytest.approx([10**0.5, 10**0.5, 2.5**0.5, 1, 1, 1, 1])
    assert class_factor("mean", counts, many) == pytest.approx([10, 10, 5, 10**0.5, 2, 1, 1])
    assert class_factor("mean", counts, uneven) == pytest.approx([10, 10, 10, 10, 10, (5001 / 200) ** 0.5, 1])


def test_a_memory_of_one_class_has_no_class_factor() -> None:
    for labels in ([], ["a"], ["a", "a"]):
        assert class_factor("mean", np.array([1, 2]), usual_size_of(snapshot_of(labels))).tolist() == [1, 1]
    emptied = snapshot_of(["a", "b"], active=[True, False])
    assert class_factor("mean", np.array([1]), usual_size_of(emptied)).tolist() == [1]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.integers(0, 4), st.randoms(use_true_random=False))
def test_no_strikes_raise_the_usual_size_above_the_largest(counts: list[int], strikes: int, random: Random) -> None:
    left, largest = np.array(counts), largest_usual_size("mean", np.array(counts), strikes)
    for _ in range(min(strikes, sum(counts))):
        left[random.choice(np.flatnonzero(left).tolist())] -= 1
        assert usual_size(left.sum(), np.count_nonzero(left)) <= largest


@given(st.lists(st.integers(0, 30), max_size=20))
def test_few_neighbours_are_weighed_to_the_last_bit_like_many(counts: list[int]) -> None:
    k = len(counts)
    distances, trust, codes = np.linspace(0.1, 0.9, k), np.linspace(0.5, 3.0, k), np.arange(k)
    usual = usual_size(sum(counts), np.count_nonzero(counts))
    one = NeighbourArrays(distances, trust, codes, np.array(counts, np.int64), usual)
    two = (np.stack([column, column]) for column in (distances, trust, codes, one.counts))
    many = NeighbourArrays(*two, np.stack([usual, usual])[:, None])
    for rule, factor in itertools.product(PAPER_RULES, CLASS_FACTORS):
        scheme = VotingScheme(rule, k, class_factor=factor)
        assert [scheme.vote_weights(one).tolist()] * 2 == scheme.vote_weights(many).tolist()
