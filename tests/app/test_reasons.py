"""What would change a decision, what an edit would move, where images are alike, and the report: in the window."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QDialog, QLabel, QLineEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from tests.app.conftest import Desk
from tests.conftest import paint_image
from visualmemory_gui.app.models.counterfactuals import flip_sentence
from visualmemory_gui.app.models.impact import MOST, TOO_MANY, propose, propose_lesson
from visualmemory_gui.app.operations.edit import Edit
from visualmemory_gui.app.views.curate.review_tabs import ReviewTabs
from visualmemory_gui.app.views.decide.similarity_overlay import cell_at
from visualmemory_gui.app.widgets.dialogs.flip_dialog import FlipDialog
from visualmemory_gui.app.widgets.dialogs.label_chooser import LabelChooser
from visualmemory_gui.app.widgets.tables.labelled_images import LabelledRow
from visualmemory_gui.engine.attribution import attribute
from visualmemory_gui.engine.what_if.flip import Flip, Flips, Lessons
from visualmemory_gui.engine.what_if.impact import Impact
from visualmemory_gui.engine.what_if.proposed_edit import ProposedEdit

Wait = Callable[[Callable[[], object]], None]


@pytest.fixture
def until(qtbot: QtBot, desk: Desk) -> Wait:
    return waiting(desk, qtbot)


def waiting(desk: Desk, qtbot: QtBot) -> Wait:
    """Waits until something is so and the window rests."""

    def wait(so: Callable[[], object]) -> None:
        qtbot.waitUntil(lambda: bool(so()), timeout=10_000)
        desk.settle()

    return wait


def ask(desk: Desk, tmp_path: Path, colour: tuple[int, int, int] = (190, 70, 50)) -> None:
    paint_image(colour, seed=77).save(tmp_path / "asked.png")
    desk.window.commands.decide.decide([str(tmp_path / "asked.png")])
    desk.settle()


def sentence(desk: Desk) -> str:
    found = desk.window.findChild(QLabel, "flipSentence")
    assert found is not None
    return found.text() if found.isVisible() else ""


def led(desk: Desk, until: Wait, to: str = "") -> Flips:
    """What the sentence is made from, once it stays: cards of another size have the query decided once more."""
    for _ in range(2):
        until(lambda: f"and it is {to}" in sentence(desk))
    found = desk.window.session.counterfactuals.found
    assert found is not None
    return found


FLIP = Flip((1, 2), "lynx", exact=True)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, ""),
        (Flips("cat", None, FLIP, Lessons("lynx", 2)), "Strike 2 and it is lynx; or teach 2 more lynx."),
        (Flips("cat", None, Flip((1,) * 9, "lynx", exact=False), None), "Strike at most 9 and it is lynx."),
        (Flips("cat", "new", None, Lessons("new", 1)), "Teach 1 more new and it is new."),
        (Flips("cat", None, None, None), ""),
    ],
)
def test_the_sentence(found: Flips | None, said: str) -> None:
    assert flip_sentence(found) == said


def test_preview_shows_what_would_be_struck_and_applies_it_as_one_step(desk: Desk, tmp_path: Path, until: Wait) -> None:
    ask(desk, tmp_path)
    found = led(desk, until)
    assert found.strikes is not None
    before, steps = desk.decision.label, len(desk.memory.history.steps())
    button = desk.window.findChild(QPushButton, "flipPreview")
    assert button is not None
    button.click()
    desk.settle()
    assert len(desk.ask.rows) == len(found.strikes.ids)
    assert desk.ask.asked[-1].endswith(f"asked.png is {found.strikes.label}")
    assert desk.memory.catalog.totals()[2] == 0  # nothing is struck by looking
    assert "decisions" in desk.ask.impacts[-1][0]
    desk.ask.apply()
    desk.settle()
    assert desk.decision.label == found.strikes.label != before
    assert len(desk.memory.history.steps()) == steps + 1
    desk.press("actionUndo")
    assert desk.decision.label == before


def test_a_watched_query_is_led_to_what_it_ought_to_be(desk: Desk, tmp_path: Path, until: Wait) -> None:
    ask(desk, tmp_path)
    until(lambda: sentence(desk))
    desk.ask.label_answer = "plants/rose"
    desk.press("actionWatch")
    until(lambda: "it is plants/rose" in sentence(desk))
    desk.ask.label_answer = desk.decision.label
    desk.press("actionWatch")  # it is as expected: any other class will do
    until(lambda: sentence(desk) and "and it is " + desk.decision.label not in sentence(desk))


def test_an_exemplar_is_led_to_its_own_label(desk: Desk, until: Wait) -> None:
    [cat] = desk.memory.catalog.select(label="animals/cat")[:1]
    desk.memory.relabel([cat.id], "plants/rose")
    desk.settle()
    desk.window.on_query_chosen(cat.id)
    desk.settle()
    assert cat.id not in (led(desk, until, "plants/rose").strikes or FLIP).ids


def test_selecting_cards_tells_what_striking_them_would_do_and_show_lists_it(
    desk: Desk, tmp_path: Path, until: Wait
) -> None:
    ask(desk, tmp_path)
    cats = [e.id for e in desk.memory.catalog.select(label="animals/cat")]
    preview = desk.window.session.impact_preview
    desk.select(cats)
    until(lambda: preview.text)
    selected = len(desk.window.decide.neighbours.selected())
    assert preview.text.startswith(f"Striking out {selected} exemplars would ")
    line = desk.window.decide.neighbours.impact
    assert line.label.text() == preview.text
    assert desk.memory.catalog.totals()[2] == 0
    predicted = preview.impact
    assert predicted is not None
    if predicted.changed:
        line.show_button.click()
        desk.settle()
        assert desk.ask.asked[-1] == preview.text and len(desk.ask.rows) == len(predicted.changed)
        desk.select(cats)
        until(lambda: preview.text)
    told = []
    desk.window.session.watch.impact_found.connect(told.append)
    desk.press("actionStrike")
    assert [(m.before, m.after) for m in told[-1].changed] == [(m.before, m.after) for m in predicted.changed]
    desk.select([])
    until(lambda: not preview.text)


def test_the_mouse_over_a_class_and_over_teach_tells_what_the_lesson_would_do(
    desk: Desk, tmp_path: Path, until: Wait
) -> None:
    ask(desk, tmp_path)
    preview, classes = desk.window.session.impact_preview, desk.window.decide.decision.classes
    index = classes.model().index(1, 0)
    classes.entered.emit(index)
    until(lambda: preview.text.startswith("Teaching it as "))
    QApplication.sendEvent(classes.viewport(), QEvent(QEvent.Type.Leave))
    until(lambda: not preview.text)
    QApplication.sendEvent(desk.window.decide.query.teach, QEvent(QEvent.Type.Enter))
    until(lambda: preview.text.startswith(f"Teaching it as {desk.decision.label} would "))
    QApplication.sendEvent(desk.window.decide.query.teach, QEvent(QEvent.Type.Leave))
    grid = desk.window.decide.neighbours.grid
    grid.entered.emit(grid.model().index(0, 0))
    until(lambda: preview.text.startswith("Striking out 1 exemplar would "))


def test_the_dialogs_are_told_what_a_label_would_do(desk: Desk, tmp_path: Path, until: Wait) -> None:
    ask(desk, tmp_path)
    desk.press("actionTeach")
    told: list[str] = []
    desk.ask.impact_of("plants/rose", told.append)
    desk.settle()
    assert told[-1].startswith("Teaching it as plants/rose would ")
    desk.ask.impact_of("../x", told.append)  # the edit itself says what is wrong with it
    desk.settle()
    assert told[-1] == ""
    desk.window.commands.decide.relabel_to([1, 2], None)
    desk.ask.impact_of("plants/rose", told.append)
    desk.settle()
    assert told[-1].startswith("Relabelling 2 exemplars to plants/rose would ")


def test_curate_tells_it_of_its_own_selection(desk: Desk, until: Wait) -> None:
    desk.press("actionCurate")
    grid = desk.window.curate.grid
    grid.setFocus()
    desk.key(Qt.Key.Key_Home)
    grid.selection.select_all()
    grid.changed_selection()
    until(lambda: desk.window.curate.middle.impact.label.text())
    assert desk.window.curate.middle.impact.label.text().startswith("Striking out 18 exemplars would ")
    desk.press("actionDecide")
    until(lambda: not desk.window.session.impact_preview.text)


@pytest.fixture
def tabs(empty_desk: Desk, tmp_path: Path) -> ReviewTabs:
    """Curate's review over three classes of twenty: 3 and 25 have labels of other classes, 61 is 1 again."""
    from visualmemory_gui.engine.memory.visual_memory import VisualMemory

    rng = np.random.default_rng(5)
    raw = np.repeat(np.eye(3, 8), 20, axis=0) + 0.1 * rng.normal(size=(60, 8))
    vectors = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    with VisualMemory.create(tmp_path / "mixed.vmem", dim=8) as memory:
        memory.add_vectors(np.vstack([vectors, vectors[:1]]), [*np.repeat(["cat", "dog", "rose"], 20).tolist(), "cat"])
        memory.relabel([3], "rose")
        memory.relabel([25], "cat")
    empty_desk.open(tmp_path / "mixed.vmem")
    empty_desk.press("actionCurate")
    return empty_desk.window.curate.tabs


def test_a_suspect_that_is_selected_tells_what_its_suggestion_and_striking_it_would_do(
    empty_desk: Desk, tabs: ReviewTabs, qtbot: QtBot
) -> None:
    desk, until = empty_desk, waiting(empty_desk, qtbot)
    tabs.setCurrentWidget(tabs.suspects)
    desk.settle()
    page = tabs.suspects
    assert sorted(suspect.id for suspect in tabs.model.suspects) == [3, 25]
    page.table.setFocus()
    page.table.selectAll()
    line = page.impact.label
    until(line.text)
    assert line.text().startswith("Relabelling 2 exemplars as suggested would ")
    page.table.selectRow(0)
    [chosen] = page.table.chosen()
    until(lambda: line.text().startswith(f"Relabelling 1 exemplar to {chosen.suggested} would "))
    [strike] = [b for b in page.findChildren(QToolButton) if b.defaultAction() is page.actions_by_id["strike"]]
    QApplication.sendEvent(strike, QEvent(QEvent.Type.Enter))
    until(lambda: line.text().startswith("Striking out 1 exemplar would "))
    QApplication.sendEvent(strike, QEvent(QEvent.Type.Leave))
    until(lambda: line.text().startswith("Relabelling 1 exemplar to "))
    previewed = desk.window.session.impact_preview.impact
    assert previewed is not None
    moved: list[Impact] = []
    desk.window.session.watch.impact_found.connect(moved.append)
    page.take()
    until(lambda: moved)
    assert moved[-1].changed == previewed.changed
    tabs.show_grid()
    until(lambda: not desk.window.session.impact_preview.text)


def test_duplicates_and_what_misleads_tell_what_striking_them_would_do(
    empty_desk: Desk, tabs: ReviewTabs, qtbot: QtBot
) -> None:
    desk, until = empty_desk, waiting(empty_desk, qtbot)
    tabs.setCurrentWidget(tabs.misleading)
    desk.settle()
    assert tabs.misled.rows
    tabs.misleading.table.selectRow(0)
    until(lambda: tabs.misleading.impact.label.text().startswith("Striking out 1 exemplar would "))
    tabs.setCurrentWidget(tabs.groups)
    tabs.groups.slider.setValue(0)
    desk.settle()
    tabs.groups.list.setCurrentIndex(tabs.groups.list.model().index(0, 0))
    assert [group.ids for group in tabs.groups.list.chosen()] == [(1, 61)]
    assert desk.window.session.impact_preview.edit == propose("strike", [61])
    until(tabs.groups.impact.label.text)


def test_a_class_that_the_review_asks_for_is_previewed_too(empty_desk: Desk, tabs: ReviewTabs, qtbot: QtBot) -> None:
    desk, until = empty_desk, waiting(empty_desk, qtbot)
    tabs.setCurrentWidget(tabs.suspects)
    desk.settle()
    tabs.suspects.table.selectRow(0)
    tabs.suspects.relabel()
    chooser = desk.window.findChild(LabelChooser)
    assert chooser is not None
    [line] = chooser.findChildren(QLineEdit)
    line.setText("plants/rose")
    until(lambda: any(w.text().startswith("Relabelling 1 exemplar to plants/rose ") for w in labels_of(chooser)))
    chooser.close()


def labels_of(dialog: QDialog) -> list[QLabel]:
    return dialog.findChildren(QLabel)


def test_too_many_are_not_previewed_and_nothing_is_asked_of_none(desk: Desk, until: Wait) -> None:
    preview = desk.window.session.impact_preview
    preview.preview(propose("strike", np.arange(1, 2 * MOST)))
    until(lambda: preview.text == TOO_MANY)
    assert propose("strike", []) is None and propose_lesson(None, "x") is None
    preview.preview(ProposedEdit("strike", (999,)))  # nobody is there
    desk.settle()
    assert preview.impact is None


def test_the_similarity_map_lies_over_the_query_and_its_neighbour(desk: Desk, tmp_path: Path, until: Wait) -> None:
    ask(desk, tmp_path)
    model, switch = desk.window.session.similarity, desk.window.findChild(QCheckBox, "similaritySwitch")
    assert switch is not None
    plain = desk.window.decide.query.image.pixmap.toImage()
    switch.setChecked(True)
    until(lambda: model.splitting)
    assert model.splitting is not None and model.splitting.minus is not None
    assert desk.window.decide.query.image.pixmap.toImage() != plain
    assert "not a causal claim" in desk.window.decide.query.caption.text()
    second = desk.decision.neighbours[1].id
    desk.select([second])
    until(lambda: model.splitting and model.splitting.neighbour.id == second)
    assert model.splitting.minus is None
    cards = desk.window.decide._neighbours
    [row] = cards.rows_of([second])
    whole = cards._pixmap(second)
    view = desk.window.decide.query.image
    view.repaint()
    view.pointed.emit((0.5, 0.5))  # one cell of the query, and what it is like
    assert cards._pixmap(second).toImage() != whole.toImage()
    view.pointed.emit(None)
    assert cards._pixmap(second).toImage() == whole.toImage()
    assert row == 1
    switch.setChecked(False)
    until(lambda: model.splitting is None)
    assert desk.window.decide.query.image.pixmap.toImage() == plain
    assert cards._pixmap(second).toImage() != whole.toImage()
    assert not desk.window.decide.query.caption.isVisible()


def test_an_import_does_not_hold_the_similarity_map_up_nor_does_the_map_an_edit(
    desk: Desk, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(desk, tmp_path)
    session, importing, looking, struck = desk.window.session, threading.Event(), threading.Event(), list[object]()
    look = attribute.look

    def slowly(*args: object, **more: object) -> attribute.Seen:
        assert looking.wait(20)
        return look(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(attribute, "look", slowly)
    session.tasks.run_background("Importing", lambda report: importing.wait(20))
    desk.window.decide.query.similarity.setChecked(True)
    qtbot.waitUntil(lambda: any(task.topic == "similarity" for task in session.tasks.running))
    Edit("Striking", lambda memory: memory.strike([18]), struck.append).run(session)
    qtbot.waitUntil(lambda: bool(struck), timeout=10_000)
    assert session.similarity.splitting is None
    looking.set()
    qtbot.waitUntil(lambda: session.similarity.splitting is not None, timeout=10_000)
    assert any(task.title == "Importing" for task in session.tasks.running)
    importing.set()
    desk.settle()


def test_a_query_of_another_day_is_seen_from_its_file_or_its_thumbnail(desk: Desk, tmp_path: Path, until: Wait) -> None:
    ask(desk, tmp_path)
    recent = desk.window.decide.recent
    switch = desk.window.decide.query.similarity
    switch.setChecked(True)
    model = desk.window.session.similarity
    for note, work in (("", lambda: None), ("thumbnail", lambda: (tmp_path / "asked.png").unlink())):
        work()
        desk.window.on_query_chosen(2)
        desk.settle()
        desk.window.decide.on_recent_chosen(0)
        desk.settle()
        query = recent.query(0)
        until(lambda q=query: desk.window.session.decision.query == q and model.splitting)
        assert model.splitting is not None
        assert (note in model.splitting.seen.note) and bool(note) == bool(model.splitting.seen.note)
    assert "its thumbnail was used" in desk.window.decide.query.caption.text()


def test_a_memory_without_an_encoder_says_why_there_is_no_map(empty_desk: Desk, tmp_path: Path, qtbot: QtBot) -> None:
    from visualmemory_gui.engine.memory.visual_memory import VisualMemory

    with VisualMemory.create(tmp_path / "v.vmem", dim=4) as memory:
        memory.add_vectors(np.eye(4, dtype=np.float32), list("aabb"))
    empty_desk.open(tmp_path / "v.vmem")
    empty_desk.window.on_query_chosen(1)
    empty_desk.settle()
    empty_desk.window.decide.query.similarity.setChecked(True)
    qtbot.waitUntil(lambda: bool(empty_desk.window.session.similarity.why), timeout=10_000)
    assert empty_desk.window.decide.query.caption.text()
    assert not empty_desk.errors


def test_the_report_is_written_where_it_is_wanted(desk: Desk, tmp_path: Path) -> None:
    ask(desk, tmp_path)
    for name in ("r.html", "r.png"):
        desk.ask.path = str(tmp_path / name)
        desk.press("actionReport")
        assert (tmp_path / name).stat().st_size > 2000
        assert desk.notes[-1] == f"Wrote {name}."
    desk.press("actionReport")  # it is there already
    assert desk.errors


def test_cells_are_found_under_the_mouse(desk: Desk, tmp_path: Path, until: Wait) -> None:
    ask(desk, tmp_path)
    desk.window.decide.query.similarity.setChecked(True)
    until(lambda: desk.window.session.similarity.splitting)
    seen = desk.window.session.similarity.splitting.seen  # type: ignore[union-attr]
    assert seen.square == pytest.approx((0.0, -1 / 6, 1.0, 7 / 6))  # 64 x 48, letterboxed
    assert cell_at(seen, (0.0, 0.0)) == (1, 0) and cell_at(seen, (0.99, 0.99)) == (6, 7)
    assert cell_at(seen, (1.5, 0.5)) is None


def test_the_preview_dialog_says_it_all_and_cancel_does_nothing(qtbot: QtBot, desk: Desk) -> None:
    from PySide6.QtGui import QImage

    dialog = FlipDialog(
        desk.window, title="Strike 1, and it is lynx", note="beside", rows=[LabelledRow("cat", "rank 1", QImage())]
    )
    qtbot.addWidget(dialog)
    applied: list[bool] = []
    dialog.confirmed.connect(lambda: applied.append(True))
    dialog.open()
    dialog.set_impact("Striking out 1 exemplar would fix 1 of 2 watched decisions.", shows=True)
    assert dialog.impact.show_button.isVisibleTo(dialog)
    dialog.reject()
    assert not applied


def test_the_label_dialog_proposes_what_is_typed_after_a_rest(qtbot: QtBot, desk: Desk) -> None:
    dialog = LabelChooser(desk.window, question="Teach this image as", labels=["cat", "lynx"], preselected="cat")
    qtbot.addWidget(dialog)
    heard: list[str] = []
    dialog.label_proposed.connect(heard.append)
    dialog.open()
    qtbot.keyClicks(dialog._edit, "lynx")
    qtbot.waitUntil(lambda: heard[-1:] == ["lynx"], timeout=5000)
    dialog.set_impact("Teaching it as lynx would change none of 2 watched decisions.")
    assert "would change none" in dialog._impact.text()
    dialog.close()


def test_the_mouse_on_the_image_is_told_in_parts_of_it(desk: Desk, tmp_path: Path, qtbot: QtBot) -> None:
    ask(desk, tmp_path)
    view = desk.window.decide.query.image
    view.repaint()
    heard: list[tuple[float, float] | None] = []
    view.pointed.connect(heard.append)
    qtbot.mouseMove(view, QPoint(view.width() // 2, view.height() // 2))
    assert heard and heard[-1] is not None
    assert heard[-1] == pytest.approx((0.5, 0.5), abs=0.05)
    QApplication.sendEvent(view, QEvent(QEvent.Type.Leave))
    assert heard[-1] is None
