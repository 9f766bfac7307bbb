from __future__ import annotations

import threading

import pytest

from tests.engine.store.conftest import new_exemplar
from visualmemory_gui.engine.errors import BadLabel, BadValue, DamagedMemory
from visualmemory_gui.engine.store.difference import since_tag
from visualmemory_gui.engine.store.purge import purge
from visualmemory_gui.engine.store.schema import open_memory
from visualmemory_gui.engine.store.sealed_table import STEPS
from visualmemory_gui.engine.store.tags import Tags
from visualmemory_gui.engine.types import Changes


def strike(n):
    return lambda store: store.strike(*range(1, n + 1))


def merged(store):
    store.relabel("cat/tabby", 1)
    return store.rename("cat", "dog")


def several_labels(store):
    with store.history.step("relabel") as writer:
        store.catalog.set_label(writer, [1], "x")
        store.catalog.set_label(writer, [2], "y")
    return writer.changes


def several_kinds(store):
    with store.history.step("clean up") as writer:
        store.catalog.set_label(writer, [1], "x")
        store.catalog.set_struck(writer, [1, 2], True)
    return writer.changes


def pruned(store):
    with store.history.step("prune") as writer:
        store.catalog.set_struck(writer, [1, 2], True)
    return writer.changes


@pytest.mark.parametrize(
    ("edit", "name", "past"),
    [
        (strike(1), "Strike out 1 exemplar", "Struck out 1 exemplar"),
        (strike(3), "Strike out 3 exemplars", "Struck out 3 exemplars"),
        (lambda store: (store.strike(1, 2), store.restore(2))[1], "Restore 1 exemplar", "Restored 1 exemplar"),
        (
            lambda store: store.relabel("cat/tabby", 1, 2, 3),
            "Relabel 3 exemplars to cat/tabby",
            "Relabelled 3 exemplars to cat/tabby",
        ),
        (
            lambda store: store.reweigh(0.5, 1, 2),
            "Set the trust of 2 exemplars to 0.5",
            "Set the trust of 2 exemplars to 0.5",
        ),
        (lambda store: store.rename("cat", "feline"), "Rename cat to feline", "Renamed cat to feline"),
        (lambda store: store.rename("cat", "animals/cat"), "Rename cat to animals/cat", "Renamed cat to animals/cat"),
        (merged, "Rename cat to dog", "Renamed cat to dog"),
        (several_labels, "Relabel 2 exemplars", "Relabelled 2 exemplars"),
        (several_kinds, "Change 2 exemplars", "Changed 2 exemplars"),
        (pruned, "Prune 2 exemplars", "Pruned 2 exemplars"),
    ],
)
def test_a_step_has_a_name_a_person_understands(three, edit, name, past):
    assert edit(three).edit == name
    assert three.history.steps()[0].past == past
    assert three.names()[0] == name
    assert three.history.undo().edit == name
    assert three.history.redo().edit == name
    assert three.reopened().names()[0] == name


def test_what_was_taught_names_its_class_as_it_was_then(store):
    ids = store.add(new_exemplar(1, "cat"), new_exemplar(2, "cat"))
    store.relabel("dog", *ids)
    store.rename("dog", "animals/dog")
    taught = store.reopened().history.steps()[-1]
    assert (taught.name, taught.past, taught.label) == ("Teach 2 as cat", "Taught 2 as cat", "cat")
    assert taught.sample == tuple(ids)
    assert store.history.steps()[1].label == "dog"


def test_what_was_taught_to_several_classes_names_none(store):
    store.add(new_exemplar(1, "cat"), new_exemplar(2, "dog"))
    [step] = store.history.steps()
    assert (step.past, step.label) == ("Added 2 exemplars", None)


@pytest.mark.parametrize(
    ("taught", "then", "name"),
    [
        (["cat", "cat"], None, "Teach 2 as cat"),
        (["cat", "dog"], None, "Add 2 exemplars"),
        (["cat", "dog"], "dog", "Teach 2 as dog"),
    ],
)
def test_the_edit_that_teaches_is_called_what_the_history_calls_it(store, taught, then, name):
    with store.history.step("add") as writer:
        ids = store.catalog.add(writer, [new_exemplar(n, label) for n, label in enumerate(taught)])
        if then is not None:
            store.catalog.set_label(writer, ids, then)
    assert writer.changes.edit == name
    assert store.history.steps()[0].name == name


def test_a_forgotten_exemplar_is_in_no_step_and_its_class_in_no_name(store):
    kept, secret, *more = store.add(*(new_exemplar(n, "cat") for n in range(5)))
    store.relabel("secret", secret)
    store.strike(kept, secret)
    purge(store.database, [secret])
    assert [step.past for step in store.history.steps()] == ["Struck out 1 exemplar", "Taught 4 as cat"]
    assert [step.sample for step in store.history.steps()] == [(kept,), (kept, *more[:2])]


def test_adding_is_named_and_counted(store, row):
    with store.history.step("add") as writer:
        store.catalog.add(writer, [row(i) for i in range(1200)])
    assert writer.changes.edit == "Add 1,200 exemplars"
    [step] = store.history.steps()
    assert (step.name, step.exemplars, step.state, step.kind) == ("Add 1,200 exemplars", 1200, "done", "add")


def test_an_edit_tells_what_changed(three):
    before = three.catalog.change()
    assert three.strike(2, 1) == Changes("Strike out 2 exemplars", before + 1, step=2, struck=(1, 2))
    assert three.history.undo() == Changes("Strike out 2 exemplars", before + 2, step=2, restored=(1, 2))
    assert three.history.redo() == Changes("Strike out 2 exemplars", before + 3, step=2, struck=(1, 2))


def test_what_changes_nothing_makes_no_step(three):
    three.strike(1)
    assert three.strike(1) == Changes(edit=None, change=three.catalog.change())
    three.restore(2)
    three.relabel("cat", 1, 2)
    three.relabel(" cat ", 1)
    three.reweigh(1.0, 1, 2)
    three.rename("cat", "cat")
    three.rename("no such class", "cat")
    three.strike()
    assert three.names() == ["Strike out 1 exemplar"]


def test_an_edit_that_changes_nothing_leaves_redo_as_it_was(three):
    three.strike(1)
    three.history.undo()
    three.restore(1)
    assert three.history.can_redo()
    assert three.history.redo().struck == (1,)


def test_there_and_back_within_one_step_is_no_step(three):
    with three.history.step("nothing") as writer:
        three.catalog.set_struck(writer, [1], True)
        three.catalog.set_struck(writer, [1], False)
    assert writer.changes.edit is None
    assert three.names() == []
    assert three.damage() == []


def test_nothing_to_undo_or_redo(three):
    change = three.catalog.change()
    assert three.history.undo() == three.history.redo() == Changes(edit=None, change=change)
    assert three.history.can_undo() is three.history.can_redo() is None


def test_undo_brings_every_field_back_after_a_restart(three):
    states = [three.content()]
    for edit in (
        lambda: three.strike(1, 3),
        lambda: three.relabel("dog/old", 2, 3),
        lambda: three.reweigh(0.25, 1),
        lambda: three.restore(1),
        lambda: three.rename("dog", "wolf"),
        lambda: three.reweigh(1.0, 1),
    ):
        edit()
        states.append(three.content())
    labels = three.database.rows("select * from labels order by id")
    for expected in reversed(states[:-1]):
        assert three.reopened().history.undo().edit
        assert three.content() == {**expected, "labels": labels}
    for expected in states[1:]:
        assert three.reopened().history.redo().edit
        assert three.content() == {**expected, "labels": labels}
    assert three.damage() == []


def test_undoing_an_add_withdraws_and_redo_brings_back(store, row):
    store.add(row(1), row(2))
    assert store.history.undo().removed == (1, 2)
    assert store.catalog.totals() == (0, 0, 0)
    assert store.history.redo().added == (1, 2)
    assert store.catalog.totals() == (2, 2, 0)


def test_a_strike_survives_undoing_and_redoing_the_add_around_it(store, row):
    number = store.history.open_import(1)
    with store.history.joining(number) as writer:
        store.catalog.add(writer, [row(1)])
    store.strike(1)
    store.history.finish_import(number)
    assert store.history.undo().removed == (1,)
    assert store.history.undo().restored == (1,)
    assert store.history.redo().struck == (1,)
    assert store.history.redo().added == (1,)
    assert store.catalog.get([1])[0].state == "struck"


def test_a_new_edit_abandons_what_was_undone(three):
    three.strike(1)
    three.strike(2)
    three.history.undo()
    three.history.undo()
    three.relabel("x", 3)
    assert three.history.can_redo() is None
    assert three.names() == ["Relabel 1 exemplar to x"]
    three.history.undo()
    assert [step.state for step in three.history.steps()] == ["undone"]


def test_steps_are_listed_newest_first_with_their_state(three):
    three.strike(1)
    three.strike(2)
    three.relabel("x", 3)
    three.history.undo()
    three.history.undo()
    listed = [(step.name, step.state) for step in three.history.steps()]
    assert listed == [
        ("Relabel 1 exemplar to x", "undone"),
        ("Strike out 1 exemplar", "undone"),
        ("Strike out 1 exemplar", "done"),
    ]
    assert [step.number for step in three.history.steps(2)] == [step.number for step in three.history.steps()[:2]]


def test_a_step_inside_a_step_becomes_part_of_it(three):
    with three.history.step("outer") as writer:
        three.catalog.set_struck(writer, [1], True)
        three.relabel("x", 2)
    assert three.names() == ["Change 2 exemplars"]
    changes = three.history.undo()
    assert (changes.restored, changes.relabelled) == ((1,), (2,))


def test_an_inner_step_that_fails_leaves_the_outer_one_whole(three):
    with three.history.step("outer") as writer:
        three.catalog.set_struck(writer, [1], True)
        with pytest.raises(BadLabel):
            three.relabel("", 2)
        with pytest.raises(RuntimeError), three.history.step("inner") as inner:
            three.catalog.set_struck(inner, [2], True)
            raise RuntimeError
    assert writer.changes.struck == (1,)
    assert three.names() == ["Strike out 1 exemplar"]
    assert three.damage() == []


def test_a_failed_edit_leaves_no_step_and_keeps_redo(three):
    three.strike(1)
    three.history.undo()
    before = three.content()
    with pytest.raises(RuntimeError), three.history.step("strike") as writer:
        three.catalog.set_struck(writer, [1, 2], True)
        raise RuntimeError
    assert three.content() == before
    assert three.history.redo().struck == (1,)


def test_a_label_left_by_all_can_come_back_by_undo(three):
    three.relabel("cat", 3)
    three.history.forget_before(0)
    assert three.history.undo().relabelled == (3,)
    assert three.catalog.get([3])[0].label == "dog"


def test_edits_from_many_threads_are_all_kept(store, row):
    store.add(*(row(i) for i in range(40)))
    threads = [threading.Thread(target=lambda n=n: [store.strike(n * 10 + i) for i in range(1, 11)]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.catalog.totals() == (40, 0, 40)
    assert len(store.names()) == 41
    assert store.damage() == []


class TestImports:
    @staticmethod
    def begin(store, row, *numbers, total):
        step = store.history.open_import(total)
        for number in numbers:
            with store.history.joining(step) as writer:
                store.catalog.add(writer, [row(number)])
            assert writer.changes.edit == "Add 1 exemplar"
        return step

    def test_an_import_is_one_step_of_many_transactions(self, store, row):
        number = self.begin(store, row, 1, 2, 3, total=4)
        assert store.names() == ["Adding 3 of 4 exemplars"]
        assert store.history.can_undo() is None
        assert store.history.finish_import(number).edit == "Add 3 exemplars"
        assert store.history.undo().removed == (1, 2, 3)
        assert store.history.redo().added == (1, 2, 3)

    def test_a_stopped_import_says_how_far_it_came(self, store, row):
        number = self.begin(store, row, 1, 2, total=3000)
        changes = store.history.finish_import(number, stopped=True)
        assert changes.edit == "Add 2 of 3,000 exemplars (stopped)"
        assert store.reopened().names() == ["Add 2 of 3,000 exemplars (stopped)"]

    def test_an_import_of_a_crashed_process_is_finished_at_the_next_start(self, store, row):
        self.begin(store, row, 1, 2, total=5)
        reopened = store.reopened()
        assert reopened.names() == ["Add 2 of 5 exemplars (stopped)"]
        assert reopened.history.undo().removed == (1, 2)
        assert reopened.damage() == []

    def test_a_reader_leaves_an_open_import_alone(self, store, row, over):
        number = self.begin(store, row, 1, total=2)
        reader = over(open_memory(store.database.folder, readonly=True))
        assert reader.names() == ["Adding 1 of 2 exemplars"]
        reader.database.close()
        with store.history.joining(number) as writer:
            store.catalog.add(writer, [row(2)])
        assert store.history.finish_import(number).edit == "Add 2 exemplars"

    def test_an_import_that_added_nothing_leaves_no_step(self, store):
        number = store.history.open_import(7)
        assert store.history.finish_import(number) == Changes(edit=None, change=0)
        assert store.history.finish_import(number) == Changes(edit=None, change=0)
        assert store.names() == []

    def test_a_finished_import_takes_nothing_more(self, store, row):
        number = self.begin(store, row, 1, total=1)
        store.history.finish_import(number)
        with pytest.raises(BadValue), store.history.joining(number) as writer:
            store.catalog.add(writer, [row(2)])
        assert store.catalog.totals() == (1, 1, 0)

    def test_edits_made_meanwhile_can_be_undone_and_redone(self, three, row):
        number = self.begin(three, row, 11, total=2)
        three.strike(1)
        three.strike(2)
        assert three.history.undo().restored == (2,)
        assert three.history.undo().restored == (1,)
        with three.history.joining(number) as writer:
            three.catalog.add(writer, [row(12)])
        three.history.finish_import(number)
        assert three.history.redo().struck == (1,)
        assert three.history.undo().restored == (1,)
        assert three.history.redo().struck == (1,)
        assert three.history.redo().struck == (2,)
        assert three.names()[-1] == "Add 2 exemplars"
        assert three.damage() == []

    def test_a_failed_batch_leaves_the_ones_before_it(self, store, row):
        number = self.begin(store, row, 1, total=3)
        with pytest.raises(BadLabel), store.history.joining(number) as writer:
            store.catalog.add(writer, [row(2), row(3, "")])
        assert store.history.finish_import(number, stopped=True).edit == "Add 1 of 3 exemplars (stopped)"

    def test_a_new_memory_begins_with_an_empty_history(self, store, row):
        number = self.begin(store, row, 1, 2, total=2)
        store.history.finish_import(number)
        store.history.baseline()
        assert store.names() == []
        assert store.history.undo().edit is None
        assert store.catalog.totals() == (2, 2, 0)


class TestLeaving:
    @staticmethod
    def at(store, *times):
        """Date the steps, oldest first."""
        for number, moment in enumerate(times, 1):
            with store.database.atomic():
                STEPS.rewrite(store.database, "number = ?", (number,), time=float(moment), touched=float(moment))

    def test_old_steps_leave_at_the_far_end(self, three, row):
        for i in (1, 2, 3):
            three.strike(i)
        self.at(three, 0, 10, 20, 30)
        three.history.forget_before(25)
        assert len(three.names()) == 1
        assert three.history.undo().restored == (3,)
        assert three.history.undo().edit is None
        assert three.catalog.totals() == (3, 1, 2)

    def test_an_old_step_below_a_newer_one_stays(self, three):
        """A clock that went back must not make a hole."""
        three.strike(1)
        three.relabel("x", 1)
        self.at(three, 0, 100, 10)
        three.history.forget_before(50)
        assert len(three.names()) == 2

    def test_what_an_undone_add_left_is_purged_with_its_step(self, store, row):
        store.add(row(1, copy=".png"))
        store.history.undo()
        assert store.history.forget_before(0).ids == ()
        assert store.history.forget_before(2e9 * 10).ids == (1,)
        assert store.history.can_redo() is None
        assert store.database.rows("select id from vectors union select id from thumbnails") == []
        assert store.database.rows("select * from labels") == []
        assert store.damage() == []

    def test_what_an_abandoned_add_left_is_purged_at_once(self, three, row):
        added = three.add(row(9, "secret", copy=".jpg"))
        three.history.undo()
        three.strike(1)
        purged = three.history.purge_unreachable()
        assert purged.ids == tuple(added)
        assert purged.copies == ((row(9).sha256, ".jpg"),)
        assert three.history.undo().restored == (1,)
        assert ("secret",) not in three.database.rows("select path from labels")
        assert three.damage() == []

    def test_what_redo_can_bring_back_is_not_purged(self, store, row):
        store.add(row(1))
        store.history.undo()
        assert store.history.purge_unreachable().ids == ()
        assert store.history.redo().added == (1,)

    def test_forgetting_nothing_changes_nothing(self, three):
        three.strike(1)
        change = three.catalog.change()
        assert three.history.forget_before(0).change == change == three.catalog.change()


def test_an_edit_that_was_taken_back_with_what_it_lay_in_leaves_the_next_one_right(three):
    three.strike(1)
    three.relabel("dog", 2)
    three.history.undo()
    with pytest.raises(RuntimeError), three.database.atomic():
        three.strike(3)  # abandons the relabelling, inside of what fails
        raise RuntimeError
    three.strike(2)
    assert three.history.can_redo() is None  # abandoned by this edit, for the other one never was
    three.history.undo()
    assert three.history.can_redo().name == "Strike out 1 exemplar"
    assert three.damage() == []


def test_steps_made_around_undo_and_redo_stand_in_the_order_they_were_made(three):
    three.strike(1)
    three.strike(2)
    three.history.undo()
    three.history.redo()
    three.strike(3)
    numbers = [step.number for step in three.history.steps()]
    assert numbers == sorted(numbers, reverse=True) and len(set(numbers)) == len(numbers)
    assert three.history.undo().struck == () and three.history.undo().restored == (2,)


class TestBranches:
    """A tagged state that was undone stays on a branch, and can be gone back to exactly."""

    @pytest.fixture
    def gone_back(self, three):
        """Struck, tagged, relabelled, and both undone again; another tag names where the memory is now."""
        tags = Tags(three.database)
        tags.put("before")
        three.strike(1)
        tags.put("struck")
        three.relabel("dog", 1)
        three.history.undo()
        three.history.undo()
        return three

    def step_of(self, store, name):
        return Tags(store.database).get(name).step

    def test_the_tags_are_listed_while_the_state_is_undone(self, gone_back):
        assert gone_back.history.tags_ahead() == ("struck",)
        gone_back.history.redo()
        assert gone_back.history.tags_ahead() == ()

    def test_an_edit_keeps_what_leads_to_the_tag_and_names_it(self, gone_back):
        assert gone_back.strike(2).branched == ("struck",)
        [step] = gone_back.history.branches()
        assert (step.past, step.state, step.after) == ("Struck out 1 exemplar", "branch", 0)
        assert not gone_back.history.can_redo() and gone_back.history.tags_ahead() == ()
        assert gone_back.damage() == []

    def test_without_a_tag_what_was_undone_is_given_up(self, gone_back):
        Tags(gone_back.database).drop("struck")
        assert gone_back.strike(2).branched == () and gone_back.history.branches() == []

    def test_the_tagged_state_and_the_present_one_lead_to_each_other_exactly(self, gone_back):
        gone_back.history.redo()
        tagged = gone_back.content()
        gone_back.history.undo()
        gone_back.strike(2)
        gone_back.reweigh(0.5, 3)
        present, names = gone_back.content(), gone_back.names()
        top = gone_back.history.can_undo().number
        store = gone_back.reopened()
        for _ in range(2):
            changes = store.history.go_back(self.step_of(store, "struck"))
            assert store.content() == tagged and set(changes.struck) == {1}
            assert {step.number for step in store.history.branches()} >= {top}
            store.history.go_back(top)
            assert store.content() == present and store.names() == names and store.damage() == []

    def test_undo_and_redo_walk_the_branch_that_was_gone_to(self, gone_back):
        gone_back.strike(2)
        gone_back.history.go_back(self.step_of(gone_back, "struck"))
        assert gone_back.history.undo().edit == "Strike out 1 exemplar"
        assert gone_back.history.redo().edit == "Strike out 1 exemplar"

    def test_a_branch_of_a_branch_is_gone_to(self, gone_back):
        gone_back.strike(2)
        tags = Tags(gone_back.database)
        gone_back.history.go_back(self.step_of(gone_back, "struck"))
        gone_back.reweigh(0.5, 3)
        tags.put("heavy")
        heavy = gone_back.content()
        for _ in range(2):
            gone_back.history.undo()
        gone_back.reweigh(3.0, 2)
        gone_back.history.go_back(self.step_of(gone_back, "heavy"))
        assert gone_back.content() == heavy and gone_back.damage() == []

    def test_what_differs_from_a_state_on_a_branch(self, gone_back):
        gone_back.strike(2)
        found = since_tag(gone_back.database, Tags(gone_back.database).get("struck"))
        assert (found.struck, found.restored) == ((2,), (1,))

    def test_what_was_added_on_a_branch_is_not_purged(self, three):
        [added] = three.add(new_exemplar(50, "bird"))
        Tags(three.database).put("bird")
        three.history.undo()
        three.strike(1)
        assert three.history.purge_unreachable().ids == ()
        three.history.go_back(self.step_of(three, "bird"))
        assert three.catalog.get([added])[0].state == "active"

    def test_a_branch_holds_nothing_that_was_forgotten(self, three):
        first, second = three.add(new_exemplar(50, "bird")), three.add(new_exemplar(51, "secret"))
        Tags(three.database).put("both")
        three.history.undo()
        three.history.undo()
        three.strike(1)
        three.catalog.purge([*first, *second][1:])
        assert [step.past for step in three.history.branches()] == ["Taught 1 as bird"]
        three.history.go_back(self.step_of(three, "both"))  # the state without it is the one below
        assert three.catalog.get(first)[0].state == "active" and three.damage() == []
        assert "secret" not in {row[0] for row in three.database.rows("select path from labels")}

    def test_a_branch_begins_lower_where_its_first_step_is_forgotten(self, gone_back):
        [added] = gone_back.add(new_exemplar(60, "bird"))
        base = gone_back.history.can_undo().number
        gone_back.strike(2)
        Tags(gone_back.database).put("two")
        gone_back.history.undo()
        gone_back.reweigh(0.5, 3)
        gone_back.catalog.purge([added])
        assert base not in {step.number for step in gone_back.history.steps()}
        gone_back.history.go_back(self.step_of(gone_back, "two"))
        assert gone_back.catalog.get([2])[0].state == "struck" and gone_back.damage() == []

    def test_a_history_that_is_shortened_loses_the_branches_it_no_longer_leads_to(self, gone_back):
        gone_back.strike(2)
        gone_back.history.forget_before(float("inf"))
        assert gone_back.history.branches() == [] and [tag.name for tag in Tags(gone_back.database).all()] == ["before"]
        with pytest.raises(BadValue, match="no longer holds"):
            gone_back.history.go_back(2)

    def test_a_branch_planted_as_a_circle_is_damage(self, gone_back):
        gone_back.strike(2)
        [step] = gone_back.history.branches()
        STEPS.rewrite(gone_back.database, "number = ?", (step.number,), position=-1 - step.number)
        with pytest.raises(DamagedMemory, match="circle"):
            gone_back.history.go_back(step.number)

    def test_a_tag_of_a_state_that_stays_makes_no_branch(self, three):
        three.strike(1)
        Tags(three.database).put("struck")
        three.relabel("dog", 1)
        three.history.undo()
        assert three.strike(2).branched == () and three.history.branches() == []
