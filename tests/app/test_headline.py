"""Decisions in words: what is said of a winner, of an unknown, of levels and of rules."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from visualmemory_gui.app.models.classes import ordered_classes
from visualmemory_gui.app.models.headline import (
    BREAK,
    agreement,
    breakable,
    by_rule,
    disagree,
    headline,
    level_note,
    percent,
    why,
)
from visualmemory_gui.engine.decision.confidence import in_words
from visualmemory_gui.engine.decision.levels import roll_up, winning_label
from visualmemory_gui.engine.types import ClassSet, Decision, Exemplar, Neighbour, Novelty, SearchInfo, State


def decided(*votes: tuple[str, float], known: bool | None = True) -> Decision:
    """A decision over neighbours (label, distance), each with the weight 1 / (rank + 1)."""
    weights = [1 / (rank + 2) for rank in range(len(votes))]
    total = sum(weights)
    near = tuple(
        Neighbour(i + 1, i + 1, label, distance, weights[i], weights[i] / total)
        for i, (label, distance) in enumerate(votes)
    )
    bare = Decision(None, None, None, {}, known, None, near, k=len(votes), rule="rank", level=-1)
    return roll_up(bare, 0)


TIGERS = decided(("cat/tiger", 0.1), ("cat/tiger", 0.2), ("cat/lynx", 0.3))


def test_the_headline_is_the_winner_with_share_and_margin() -> None:
    said = headline(TIGERS)
    assert (said.title, said.numbers) == ("cat/tiger", "77\u00a0% of the vote · margin 54\u00a0%")


def test_unknown_owns_the_headline_and_says_why() -> None:
    far = replace(TIGERS, known=False, novelty=Novelty(0.9, 0.5, 10, "farther than 99 % of the memory's own"))
    assert headline(far).title == "Unknown. Nearest: cat/tiger"
    assert headline(far).reason == "Farther than 99 % of the memory's own."


def test_an_image_between_two_classes_names_both() -> None:
    why = Novelty(0.3, 0.5, 10, "between classes: too few votes", total=0.1, least=0.2, because=("between",))
    torn = replace(TIGERS, known=False, novelty=why)
    runner_up = list(TIGERS.shares)[1]
    assert headline(torn).title == f"Unknown, between cat/tiger and {runner_up}"
    assert headline(replace(torn, shares={"cat/tiger": 1.0})).title == "Unknown. Nearest: cat/tiger"


def test_the_classes_that_hold_the_right_one_are_named_where_they_say_more() -> None:
    among = replace(TIGERS, known=True, class_set=ClassSet(("cat/tiger", "cat/lynx"), 0, 0.91))
    assert headline(among).among == "One of: cat/tiger, cat/lynx; right 9 in 10 times here."
    assert headline(replace(among, known=False)).among == ""
    assert headline(replace(among, class_set=ClassSet(("cat/tiger",), 0, 0.97))).among == ""


def here_as(*labels: str, state: State = "active") -> tuple[Exemplar, ...]:
    return tuple(
        Exemplar(12 + i, label, state, 1.0, None, None, None, None, 1, 1, "", 0.0) for i, label in enumerate(labels)
    )


@pytest.mark.parametrize(
    ("there", "known", "here", "title"),
    [
        (here_as("cat/tiger"), True, "In the memory as cat/tiger (exemplar 12).", "cat/tiger"),
        (
            here_as("clothes"),
            True,
            "In the memory as clothes (exemplar 12).",
            "Taught as clothes; its neighbours still say cat/tiger",
        ),
        (
            here_as("clothes"),
            False,
            "In the memory as clothes (exemplar 12).",
            "Taught as clothes; its neighbours still say cat/tiger",
        ),
        (here_as("cat/tiger"), False, "In the memory as cat/tiger (exemplar 12).", "cat/tiger"),
        (
            here_as("clothes", "cat/tiger"),
            True,
            "In the memory as clothes (exemplar 12) and cat/tiger (exemplar 13).",
            "cat/tiger",
        ),
        (
            here_as("clothes", state="struck"),
            False,
            "In the memory as clothes (exemplar 12, struck out).",
            "Unknown. Nearest: cat/tiger",
        ),
    ],
)
def test_an_image_in_the_memory_says_so_before_the_vote(
    there: tuple[Exemplar, ...], known: bool, here: str, title: str
) -> None:
    said = headline(replace(TIGERS, known=known, in_memory=there))
    assert (said.here, said.title) == (here, title)


def test_at_a_level_an_image_is_outvoted_by_another_class_of_that_level_alone() -> None:
    above = replace(roll_up(TIGERS, 1), in_memory=here_as("cat/lynx"))
    assert headline(above).title == "cat"


def test_confidence_is_said_only_where_it_is_calibrated() -> None:
    assert "times" not in headline(TIGERS).numbers
    assert headline(replace(TIGERS, confidence=0.93)).numbers.endswith("such answers are right 9 in 10 times here")


@pytest.mark.parametrize("chance", [i / 1000 for i in range(1, 1000, 7)])
def test_a_chance_in_words_is_never_certain_nor_impossible_and_close(chance: float) -> None:
    said = in_words(chance)
    if found := re.fullmatch(r"(\d+) in (\d+) times", said):
        part, whole = map(int, found.groups())
        assert 0 < part < whole and abs(part / whole - chance) <= 0.5 / whole + 0.005
    else:
        assert said == ("less than 1 in 20 times" if chance < 0.05 else "more than 99 in 100 times")


def test_a_chance_of_one_in_twenty_is_not_none() -> None:
    assert (in_words(0.05), in_words(1.0), in_words(0.96)) == (
        "1 in 10 times", "more than 99 in 100 times", "96 in 100 times",
    )  # fmt: skip


def test_nothing_to_compare_with_is_a_headline_too() -> None:
    assert headline(decided()).title == "Nothing to compare with"


@pytest.mark.parametrize(
    ("votes", "sentence"),
    [
        (("a", "a", "b"), "2 of 3 neighbours, the two nearest, are a."),
        (("a", "b", "a"), "2 of 3 neighbours, the nearest among them, are a."),
        (("a", "a"), "All 2 neighbours are a."),
        (("a",), "The only neighbour is a."),
        (("a", "b"), "1 of 2 neighbours, the nearest, is a."),
        ((), ""),
    ],
)
def test_why_counts_the_neighbours(votes: tuple[str, ...], sentence: str) -> None:
    assert why(decided(*((label, 0.1) for label in votes))) == sentence


def test_a_level_that_disagrees_with_the_full_labels_says_so() -> None:
    spread = decided(("plant/rose", 0.1), ("cat/tiger", 0.2), ("cat/lynx", 0.2), ("cat/tabby", 0.2))
    assert "plant/rose" in level_note(roll_up(spread, 1))
    assert level_note(spread) == "" and level_note(roll_up(TIGERS, 1)) == ""


def test_the_label_to_confirm_at_a_level_is_the_strongest_below_its_winner() -> None:
    assert winning_label(roll_up(TIGERS, 1)) == "cat/tiger"


def test_rules_that_disagree_are_told() -> None:
    split = decided(("a", 0.05), ("b", 0.9), ("b", 0.9))
    winners = {rule: found.winner for rule, found in by_rule(split).items()}
    assert winners["plurality"] == "b" and winners["softmax"] == "a"
    assert disagree(by_rule(split)) and not disagree(by_rule(TIGERS))


def test_agreement_of_hnsw_is_counted() -> None:
    assert agreement(replace(TIGERS, search=SearchInfo("exact", "cpu", 3))) == ("exact · HNSW agrees 3/3", "exact")


def test_small_parts_keep_a_digit() -> None:
    assert (percent(0.004), percent(0.714), percent(0.0)) == ("0.4 %", "71 %", "0 %")


def test_classes_with_votes_come_first_and_empty_ones_not_at_all() -> None:
    counts = {"zebra": 2, "ant": 1, "cat/lynx": 5, "cat/tiger": 9, "gone": 0}
    assert ordered_classes(counts, TIGERS) == ["cat/tiger", "cat/lynx", "ant", "zebra"]


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Unknown. Nearest: tiger", ["Unknown. Nearest: tiger"]),
        ("signs_and_symbols/flags", ["signs_", "and_", "symbols/", "flags"]),
        ("Verkehrszeichenanlagen", ["Verkehrs", "zeichena", "nlagen"]),
        ("say computer/icons/flat-theme", ["say computer/", "icons/", "flat-", "theme"]),
    ],
)
def test_a_long_word_can_be_broken_between_its_parts(title: str, lines: list[str]) -> None:
    assert breakable(title).split(BREAK) == lines
