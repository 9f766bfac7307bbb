"""Reverting, going back and comparing on a crowded history: few exemplars, so that steps speak of the same ones."""

from __future__ import annotations

import random

import pytest

from tests.property.test_history_machine import Machine

TRUSTS = (0.5, 2.0, 3.0)  # not 1: what was not set by hand is told from what was set to 1
LABELS = ("cat", "cat/tabby", "dog")


def crowded_walk(seed: int) -> Machine:
    """Sixty random edits of three exemplars; after each the memory must be what the model is."""
    machine, chance = Machine(), random.Random(seed)
    machine.create()
    machine.add(["cat", "cat", "dog"])

    def picks() -> list[int]:
        return [chance.randrange(3) for _ in range(chance.randint(1, 3))]

    edits = [
        lambda: machine.strike(picks(), chance.random() < 0.5),
        lambda: machine.relabel(picks(), chance.choice(LABELS)),
        lambda: machine.reweigh(picks(), chance.choice(TRUSTS)),
        machine.undo,
        machine.redo,
        lambda: machine.revert(chance.randrange(30)) if machine.model.done else None,
        lambda: machine.go_back(chance.randrange(30)),
        lambda: machine.differs_from_an_earlier_state(chance.randrange(30)),
    ]
    for _ in range(60):
        chance.choice(edits)()
        machine.holds_what_the_model_holds()
        machine.lists_the_steps_of_the_model()
    return machine


@pytest.mark.parametrize("seed", range(25))
def test_any_walk_ends_where_the_model_does(seed):
    machine = crowded_walk(seed)
    machine.is_sound()
    machine.teardown()
