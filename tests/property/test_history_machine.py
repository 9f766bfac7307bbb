"""Any sequence of edits, undo, redo, imports, forgetting and restarts, against a model in plain Python."""

from __future__ import annotations

import shutil
import tempfile
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from visualmemory_gui.engine.store import entries
from visualmemory_gui.engine.store.catalog import Catalog
from visualmemory_gui.engine.store.difference import since_step, since_tag
from visualmemory_gui.engine.store.history import History
from visualmemory_gui.engine.store.schema import create_memory, open_memory
from visualmemory_gui.engine.store.tags import Tags
from visualmemory_gui.engine.types import EncoderIdentity, Exemplar, NewExemplar

LABELS = st.sampled_from(["cat", "cat/tabby", "cat/tabby/old", "dog", "catfish"])
TRUSTS = st.sampled_from([0.25, 0.5, 1.0, 3.0])
PICKS = st.lists(st.integers(0, 30), min_size=1, max_size=4)
VECTOR = np.eye(4, dtype=np.float32)[0]


@dataclass
class Model:
    """What the memory should hold: exemplar -> its fields; and two stacks of (kind, what it changed)."""

    rows: dict[int, dict[str, Any]] = field(default_factory=dict)
    done: list[dict[tuple[int, str], tuple[Any, Any]]] = field(default_factory=list)
    undone: list[dict[tuple[int, str], tuple[Any, Any]]] = field(default_factory=list)
    opened: dict[tuple[int, str], tuple[Any, Any]] | None = None

    def here(self) -> list[int]:
        return [i for i, row in self.rows.items() if not row["withdrawn"]]

    def set(self, ids: list[int], name: str, values: list[Any]) -> dict[tuple[int, str], tuple[Any, Any]]:
        changed = {}
        for i, value in zip(ids, values, strict=True):
            if self.rows[i][name] != value:
                changed[i, name] = (self.rows[i][name], value)
                self.rows[i][name] = value
        return changed

    def new(self, i: int, label: str) -> dict[tuple[int, str], tuple[Any, Any]]:
        self.rows[i] = {"label": label, "struck": False, "trust": 1.0, "withdrawn": False}
        return {(i, "withdrawn"): (True, False)}

    def edited(self, changed: dict[tuple[int, str], tuple[Any, Any]]) -> None:
        if changed:
            self.done.append(changed)
            self.undone.clear()

    def apply(self, changed: dict[tuple[int, str], tuple[Any, Any]], side: int) -> None:
        for (i, name), values in changed.items():
            self.rows[i][name] = values[side]

    def go_to(self, done: int) -> None:
        """Undo or redo until that many steps are done."""
        while len(self.done) > done:
            self.undone.append(self.done.pop())
            self.apply(self.undone[-1], 0)
        while len(self.done) < done:
            self.done.append(self.undone.pop())
            self.apply(self.done[-1], 1)

    def purge(self, ids: list[int]) -> None:
        for i in ids:
            self.rows.pop(i, None)
        for stack in (self.done, self.undone):
            stack[:] = [left for step in stack if (left := _without(step, ids))]
        if self.opened is not None:
            self.opened = _without(self.opened, ids)


def _without(step: dict[tuple[int, str], Any], ids: list[int]) -> dict[tuple[int, str], Any]:
    return {key: value for key, value in step.items() if key[0] not in ids}


class Machine(RuleBasedStateMachine):
    @initialize()
    def create(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="visualmemory"))
        self.take(create_memory(self.folder / "m", EncoderIdentity("vectors", 4)))
        self.model = Model()
        self.next_id = 1
        self.number: int | None = None

    def take(self, database: Any) -> None:
        self.database = database
        self.catalog = Catalog(database)
        self.history = History(database, self.catalog)

    def pick(self, picks: list[int]) -> list[int]:
        here = self.model.here()
        return list(dict.fromkeys(here[pick % len(here)] for pick in picks)) if here else []

    @rule(labels=st.lists(LABELS, min_size=1, max_size=3))
    def add(self, labels: list[str]) -> None:
        with self.history.step("add") as writer:
            ids = self.catalog.add(writer, [NewExemplar(label, VECTOR) for label in labels])
        assert ids == list(range(self.next_id, self.next_id + len(labels)))
        self.next_id += len(labels)
        self.model.edited(
            {k: v for i, label in zip(ids, labels, strict=True) for k, v in self.model.new(i, label).items()}
        )

    @rule(picks=PICKS, struck=st.booleans())
    def strike(self, picks: list[int], struck: bool) -> None:
        ids = self.pick(picks)
        with self.history.step("strike" if struck else "restore") as writer:
            self.catalog.set_struck(writer, ids, struck)
        self.model.edited(self.model.set(ids, "struck", [struck] * len(ids)))

    @rule(picks=PICKS, label=LABELS)
    def relabel(self, picks: list[int], label: str) -> None:
        ids = self.pick(picks)
        with self.history.step("relabel") as writer:
            self.catalog.set_label(writer, ids, label)
        self.model.edited(self.model.set(ids, "label", [label] * len(ids)))

    @rule(picks=PICKS, trust=TRUSTS)
    def reweigh(self, picks: list[int], trust: float) -> None:
        ids = self.pick(picks)
        with self.history.step("reweigh") as writer:
            self.catalog.set_trust(writer, ids, trust)
        self.model.edited(self.model.set(ids, "trust", [trust] * len(ids)))

    @rule(old=LABELS, new=LABELS)
    def rename(self, old: str, new: str) -> None:
        with self.history.step("rename") as writer:
            self.catalog.rename(writer, old, new)
        ids = [i for i in self.model.here() if (self.model.rows[i]["label"] + "/").startswith(old + "/")]
        self.model.edited(self.model.set(ids, "label", [new + self.model.rows[i]["label"][len(old) :] for i in ids]))

    @rule()
    def undo(self) -> None:
        changes = self.history.undo()
        assert (changes.edit is None) == (not self.model.done)
        if self.model.done:
            self.model.undone.append(self.model.done.pop())
            self.model.apply(self.model.undone[-1], 0)

    @rule()
    def redo(self) -> None:
        changes = self.history.redo()
        assert (changes.edit is None) == (not self.model.undone)
        if self.model.undone:
            self.model.done.append(self.model.undone.pop())
            self.model.apply(self.model.done[-1], 1)

    def numbers(self, state: str) -> list[int]:
        """Of the steps in this state, in the order of the model's stack."""
        return [step.number for step in self.history.steps() if step.state == state][::-1]

    def states(self) -> list[int]:
        """Steps whose state can be gone back to, the oldest first; 0 is the state before any."""
        return [0, *self.numbers("done"), *self.numbers("undone")]

    @precondition(lambda self: self.model.done)
    @rule(pick=st.integers(0, 30))
    def revert(self, pick: int) -> None:
        place = pick % len(self.model.done)
        changes = self.history.revert(self.numbers("done")[place])
        step, rows = self.model.done[place], self.model.rows
        left = {i for (i, name), (_, after) in step.items() if rows[i][name] != after}
        assert changes.left == tuple(sorted(left))
        taken = {}
        for (i, name), (before, after) in step.items():
            if rows[i][name] == after:
                taken |= self.model.set([i], name, [before])
        self.model.edited(taken)

    @rule(pick=st.integers(0, 30))
    def go_back(self, pick: int) -> None:
        states = self.states()
        place = pick % len(states)
        self.history.go_back(states[place])
        self.model.go_to(place)

    @rule(pick=st.integers(0, 30))
    def differs_from_an_earlier_state(self, pick: int) -> None:
        states = self.states()
        place = pick % len(states)
        then = deepcopy(self.model)
        then.go_to(place)
        old, new = then.rows, self.model.rows
        found = since_step(self.database, states[place])
        there = [i for i in sorted(old) if not old[i]["withdrawn"] and not new[i]["withdrawn"]]
        assert found.added == tuple(i for i in sorted(old) if old[i]["withdrawn"] and not new[i]["withdrawn"])
        assert found.removed == tuple(i for i in sorted(old) if new[i]["withdrawn"] and not old[i]["withdrawn"])
        assert found.struck == tuple(i for i in there if new[i]["struck"] and not old[i]["struck"])
        assert found.restored == tuple(i for i in there if old[i]["struck"] and not new[i]["struck"])
        moved = [(i, old[i]["label"], new[i]["label"]) for i in there if old[i]["label"] != new[i]["label"]]
        assert found.relabelled == tuple(moved)
        assert [row[0] for row in found.reweighed] == [i for i in there if old[i]["trust"] != new[i]["trust"]]

    @rule()
    def a_tag_is_the_present_state(self) -> None:
        tags = Tags(self.database)
        tags.put(" now ", move=True)
        assert since_tag(self.database, tags.all()[-1]).ids == ()
        tags.drop("now")  # else what is undone next were kept on a branch

    @precondition(lambda self: self.model.done)
    @rule(label=LABELS, steps=st.integers(1, 4))
    def a_tagged_state_and_what_took_its_place_lead_to_each_other(self, label: str, steps: int) -> None:
        """Undo from a tag, edit, go to the tag, and come back: both states are exact."""
        tags = Tags(self.database)
        tag, tagged = tags.put("ahead", move=True), deepcopy(self.model)
        for _ in range(steps):
            self.undo()
        self.add([label])
        present, top = deepcopy(self.model), self.history.can_undo()
        assert top is not None and tag.step is not None
        self.history.go_back(tag.step)
        self.model.rows = tagged.rows | {
            i: {**row, "withdrawn": True} for i, row in present.rows.items() if i not in tagged.rows
        }
        self.holds_what_the_model_holds()
        self.is_sound()
        self.history.go_back(top.number)
        self.model = present
        tags.drop("ahead")

    @precondition(lambda self: self.model.done and self.history.branches())
    @rule(pick=st.integers(0, 30), label=LABELS)
    def a_branch_is_gone_to_and_left_again(self, pick: int, label: str) -> None:
        aside, top = self.history.branches(), self.history.can_undo()
        assert top is not None
        self.history.go_back(aside[pick % len(aside)].number)
        self.is_sound()
        self.history.go_back(top.number)
        self.holds_what_the_model_holds()
        self.add([label])

    @precondition(lambda self: self.number is None)
    @rule()
    def open_import(self) -> None:
        self.number = self.history.open_import(10)
        self.model.opened = {}

    @precondition(lambda self: self.number is not None)
    @rule(label=LABELS)
    def join_import(self, label: str) -> None:
        with self.history.joining(self.number) as writer:
            [i] = self.catalog.add(writer, [NewExemplar(label, VECTOR)])
        self.next_id += 1
        self.model.opened |= self.model.new(i, label)

    @precondition(lambda self: self.number is not None)
    @rule()
    def finish_import(self) -> None:
        self.history.finish_import(self.number)
        self.end_import()

    def end_import(self) -> None:
        """The import takes its place on top; what was undone stays redoable."""
        if self.model.opened:
            self.model.done.append(self.model.opened)
        self.model.opened, self.number = None, None

    @rule(picks=PICKS)
    def purge(self, picks: list[int]) -> None:
        ids = self.pick(picks[:1])
        self.catalog.purge(ids)
        self.model.purge(ids)

    @rule()
    def purge_unreachable(self) -> None:
        purged = self.history.purge_unreachable().ids
        steps = (*self.model.undone, *self.model.done)
        reachable = {i for step in steps for i, name in step if name == "withdrawn"} | self.on_branches()
        assert all(self.model.rows[i]["withdrawn"] and i not in reachable for i in purged)
        self.model.purge(list(purged))
        assert all(i in reachable for i, row in self.model.rows.items() if row["withdrawn"])

    def on_branches(self) -> set[int]:
        """The exemplars that a step on a branch can bring back."""
        found = [entries.of_step(self.database, step.number) for step in self.history.branches()]
        return {exemplar for step in found for exemplar, name, *_ in step if name == "withdrawn"}

    @rule()
    def forget_history(self) -> None:
        purged = self.history.forget_before(float("inf")).ids
        self.model.done.clear()
        self.model.undone.clear()
        self.model.purge(list(purged))

    @rule()
    def restart(self) -> None:
        self.database.close()
        self.take(open_memory(self.folder / "m", readonly=False))
        self.end_import()

    @rule()
    def fail(self) -> None:
        """An edit that ends in an error."""
        before = deepcopy(self.model)
        try:
            with self.history.step("strike") as writer:
                self.catalog.set_struck(writer, self.model.here(), True)
                self.catalog.set_label(writer, self.model.here(), "elsewhere")
                raise RuntimeError
        except RuntimeError:
            self.model = before

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        found = {i: self._plain(self.catalog.get([i])[0]) for (i,) in self.database.rows("select id from exemplars")}
        expected = {i: {**row, "struck": row["struck"] and not row["withdrawn"]} for i, row in self.model.rows.items()}
        assert found == expected

    @invariant()
    def lists_the_steps_of_the_model(self) -> None:
        states = [step.state for step in self.history.steps() if step.state != "open"]
        assert states == ["undone"] * len(self.model.undone) + ["done"] * len(self.model.done)

    @invariant()
    def counts_right(self) -> None:
        here = [self.model.rows[i] for i in self.model.here()]
        active = [row["label"] for row in here if not row["struck"]]
        assert self.catalog.totals() == (len(here), len(active), len(here) - len(active))
        assert self.catalog.counts() == {label: active.count(label) for label in sorted(set(active))}

    @invariant()
    def is_sound(self) -> None:
        assert list(self.catalog.check_rows()) == []

    @staticmethod
    def _plain(exemplar: Exemplar) -> dict[str, Any]:
        return {
            "label": exemplar.label,
            "struck": exemplar.state == "struck",
            "trust": exemplar.trust,
            "withdrawn": exemplar.state == "withdrawn",
        }

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder)


TestHistory = Machine.TestCase
TestHistory.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
