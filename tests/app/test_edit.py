"""An edit of the window as one object: it runs, says what it did, and is taken back."""

from __future__ import annotations

from tests.app.conftest import Desk
from visualmemory_gui.app.models.note_log import NOT_LAST
from visualmemory_gui.app.operations.edit import READ_ONLY, UNCHANGED, Edit, Job, Note, step
from visualmemory_gui.engine.text.visible_text import how_many


def saving(desk: Desk) -> list[str]:
    """Every state of saving that is shown from now on."""
    states: list[str] = []
    desk.window.session.saving_changed.connect(states.append)
    return states


def test_a_step_says_what_it_did_and_its_note_takes_it_back(desk: Desk) -> None:
    states = saving(desk)
    step("Striking out", lambda m: m.strike([1]), "Struck it.").run(desk.window.session)
    desk.settle()
    assert desk.notes == ["Struck it."] and states == ["saving…", "saved"]
    assert not desk.memory.snapshot.active[desk.memory.snapshot.rows_of([1])[0]]
    desk.undos[-1]()
    desk.settle()
    assert desk.notes[-1] == "Undone: Strike out 1 exemplar." and desk.memory.summary().active == 18


def test_a_step_that_changes_nothing_says_so_and_offers_no_undo(desk: Desk) -> None:
    step("Restoring", lambda m: m.restore([1]), "Restored it.").run(desk.window.session)
    desk.settle()
    assert desk.notes == [UNCHANGED] and desk.undos == [None]


def test_the_undo_of_a_note_takes_back_no_other_step(desk: Desk) -> None:
    for exemplar in (1, 2):
        step("Striking out", lambda m, exemplar=exemplar: m.strike([exemplar]), "Struck.").run(desk.window.session)
        desk.settle()
    desk.undos[0]()
    desk.settle()
    assert desk.notes[-1] == NOT_LAST and desk.memory.summary().active == 16


def test_an_edit_that_fails_is_not_called_saved(desk: Desk) -> None:
    states = saving(desk)
    Edit("Striking out", lambda m: m.strike([999]), lambda _: Note("Struck.")).run(desk.window.session)
    desk.settle()
    assert not desk.notes and len(desk.errors) == 1 and states == ["saving…", "not saved"]


def test_an_edit_that_fails_in_its_own_way_is_not_called_saved_either(desk: Desk) -> None:
    states: list[str] = saving(desk)
    failures: list[BaseException] = []
    Edit("Striking out", lambda m: m.strike([999]), lambda _: None, failures.append).run(desk.window.session)
    desk.settle()
    assert len(failures) == 1 and not desk.errors and states == ["saving…", "not saved"]


def test_what_only_reads_saves_nothing_and_is_done_where_no_edit_is(desk: Desk) -> None:
    desk.window.session.open(desk.memory.path, readonly=True)
    desk.settle()
    states = saving(desk)
    Edit("Counting", lambda m: m.summary().active, lambda n: Note(how_many(n)), only_reads=True).run(
        desk.window.session
    )
    Job("Counting", lambda m, _: m.summary().active, lambda n: Note(how_many(n)), only_reads=True).run(
        desk.window.session
    )
    desk.settle()
    assert desk.notes == ["18 exemplars"] * 2 and states == []
    Edit("Striking out", lambda m: m.strike([1]), lambda _: Note("Struck.")).run(desk.window.session)
    assert desk.notes[-1] == READ_ONLY


def test_a_job_that_is_stopped_says_its_own_words(desk: Desk) -> None:
    def work(_: object, report: object) -> None:
        while True:
            report(0, 1, "")  # type: ignore[operator]

    Job("Adding", work, lambda _: None, "Stopped; nothing was added.").run(desk.window.session)
    desk.window.session.tasks.running[-1].cancel()
    desk.settle()
    assert desk.notes == ["Stopped; nothing was added."] and not desk.errors
