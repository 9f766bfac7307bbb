"""What the window is brought to show, scene by scene; together they are the tour of docs/guide.md.

A scene finds the window as the one before left it, without dialogs.
"""

from __future__ import annotations

from PIL import Image
from PySide6.QtWidgets import QLabel, QLineEdit

from tools.screenshots.encoder_scenes import encoders, reembedded
from tools.screenshots.opinion_scenes import opinion
from tools.screenshots.shared_scenes import shared
from tools.screenshots.stage import Stage, ask, select_rows, type_into, unpack, wait
from tools.screenshots.study_scenes import best_settings, evaluated, experiments, map_of_images, novelty, study
from tools.screenshots.word_scenes import words
from visualmemory_gui.app import preferences
from visualmemory_gui.app.operations import exemplars, folders
from visualmemory_gui.app.operations import history as steps
from visualmemory_gui.app.operations import queue as waiting
from visualmemory_gui.engine.device.fallback import Fallback, fallbacks
from visualmemory_gui.engine.errors import StorageError
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.types import Box

WRONG = "36-ktip.png"
STRANGE = "22-grattacieli_grigi.png"
TORN = "23-zucca_architetto_frances_01.png"
UNSURE = "16-new-south-wales-outline.png"
THINGS = (TORN, "21-trumpet_pocket_colour_ganso.png", WRONG)
NEW_CLASS = "buildings/skyscrapers"
HOME = "/home/ada/images"


def empty(stage: Stage) -> None:
    """Without a memory, with some that were opened before."""
    stage.settle()
    stage.shoot("first-start")
    for name in ("birds.vmem", "demo.vmem"):
        preferences.remember_memory(stage.window.settings, str(stage.room / "birthday" / name))
    stage.window.show_recent()
    stage.settle()
    stage.shoot("empty")


def decide(stage: Stage) -> None:
    """A query, its neighbours, the vote."""
    stage.window.open(str(stage.room / "birthday" / "demo.vmem"))
    stage.settle()
    ask(stage, "21-trumpet_pocket_colour_ganso.png")
    stage.shoot("decide")


def hints(stage: Stage) -> None:
    """What a first start is told, over the window itself."""
    stage.press("actionHints")
    found = stage.window.decide.hints
    while found.shown:
        stage.shoot(f"hint-{found.card.count.text()[0]}")
        found.go_on()


def voters(stage: Stage) -> None:
    """The neighbours that vote by ridge, and those unfolded that add nothing."""
    panel = stage.window.decide.neighbours
    rule = panel.rule.currentText()
    panel.rule.setCurrentText("ridge")
    stage.settle()
    stage.shoot("voters")
    panel.silent.setChecked(True)
    stage.settle()
    decision = stage.window.session.decision.decision
    assert decision is not None
    panel.grid.scrollTo(panel.grid.model().index(len(decision.voters) + 4, 0))
    stage.shoot("silent")
    panel.silent.setChecked(False)
    panel.rule.setCurrentText(rule)
    stage.settle()


def strike(stage: Stage) -> None:
    """A neighbour that misleads is struck out; the note says what that did elsewhere."""
    ask(stage, WRONG)
    stage.window.decide.neighbours.select([stage.window.session.decision.decision.neighbours[0].id])  # type: ignore[union-attr]
    stage.press("actionStrike")
    stage.shoot("struck")
    details = stage.window.decide.decision.details
    details.fold.setChecked(True)
    stage.window.notes.bar.hide()
    stage.shoot("details")
    details.fold.setChecked(False)


def unknown(stage: Stage) -> None:
    """An image unlike all that the memory holds, and the dialog that teaches it."""
    ask(stage, STRANGE)
    stage.shoot("unknown")
    stage.press("actionTeach")
    chooser = stage.dialog()
    type_into(chooser, NEW_CLASS)
    wait(stage, lambda: any("would" in each.text() for each in chooser.findChildren(QLabel)))
    stage.shoot("teach")


def torn(stage: Stage) -> None:
    """An image between classes, and one whose class is one of a few."""
    ask(stage, TORN)
    stage.shoot("between")
    ask(stage, UNSURE)
    stage.shoot("class-set")


def parts(stage: Stage) -> None:
    """Two parts of an image of three things, one of them compared with its nearest neighbour."""
    decide, recent = stage.window.decide, stage.window.decide.recent
    names = {q.name: q.source for q in map(recent.query, range(recent.rowCount()))}
    scene = Image.new("RGB", (1500, 600), "white")
    for at, name in enumerate(THINGS):
        thing = Image.open(names[name] or "").convert("RGBA")
        thing.thumbnail((440, 440))
        scene.paste(thing, (at * 500 + 30, 80), thing)
    scene.save(stage.room / "three-things.png")
    stage.window.commands.decide.decide([str(stage.room / "three-things.png")])
    stage.settle()
    wait(stage, lambda: decide.query_image.part is not None)
    for at in (0, 1):
        decide.parts.decide(Box(at * 500, 40, 500, 520))
        stage.settle()
    wait(stage, lambda: decide.query_image.part is not None)
    stage.shoot("parts")
    stage.press("actionCompare")
    wait(stage, lambda: decide.compare.neighbour.pyramid is not None)
    stage.shoot("compare")
    decide.compare.hide()


def taught(stage: Stage) -> None:
    """One image made a class."""
    stage.window.commands.decide.teach_as(NEW_CLASS)
    stage.settle()
    stage.shoot("taught")


def preview(stage: Stage) -> None:
    """The large image of a card."""
    grid = stage.window.decide.neighbours.grid
    grid.setCurrentIndex(grid.model().index(0, 0))
    stage.window.decide.on_preview_requested()
    stage.settle()
    stage.shoot("preview")
    stage.window.decide.let_go()


def watch(stage: Stage) -> None:
    """Some decisions are followed."""
    for name, label in ((WRONG, "computer/icons"), ("33-truck_jarno_vasamaa1.png", "transportation")):
        ask(stage, name)
        stage.press("actionWatch")
        chooser = stage.dialog()
        type_into(chooser, label)
        chooser.accept()
        stage.settle()


def menus(stage: Stage) -> None:
    """The context menus of a card and of a class, the order of the grid, and an original."""
    grid = stage.window.decide.neighbours.grid
    grid.setCurrentIndex(grid.model().index(0, 0))
    stage.window.decide.select_all()
    grid.customContextMenuRequested.emit(grid.visualRect(grid.model().index(0, 0)).center())
    stage.settle_look()
    stage.shoot("menu-card")
    stage.close_dialogs()
    stage.press("actionOriginal")
    stage.shoot("original")
    stage.window.decide.let_go()
    view = stage.window.curate
    stage.press("actionQuerySimilar")
    view.classes.filter.line.setText("bi")
    view.tree.go_to("class", "animals/birds")
    stage.settle()
    spot = view.tree.visualRect(view.tree.currentIndex()).center()
    view.on_tree_menu_requested(view.tree.viewport().mapToGlobal(spot), "class", "animals/birds")
    stage.shoot("menu-class")
    stage.close_dialogs()
    view.classes.filter.line.clear()
    view.filter.order_changed.emit("oldest")
    stage.settle()
    stage.press("actionDecide")


def queue(stage: Stage) -> None:
    """Many images wait; some were taught."""
    folder = stage.room / "birthday" / "demo-queries"
    waiting.add(stage.window.session, sorted(str(path) for path in folder.iterdir()))
    stage.settle()
    table = stage.window.decide.queue.table
    model = stage.window.session.queue
    star = next(row for row in range(model.rowCount()) if "star" in model.row(row).name)
    table.go_to(star)
    stage.settle()
    stage.window.commands.decide.teach_as("shapes/stars")
    stage.settle()
    stage.window.notes.bar.hide()
    stage.settle()
    stage.shoot("queue")
    stage.press("actionQueue")


def cull(stage: Stage) -> None:
    """The queue one image at a time: the first, after some lessons, and when none is left."""
    view = stage.window.cull
    stage.press("actionCull")
    stage.shoot("cull")
    for name in ("confirm", "skip", "confirm"):
        view.actions_by_id[name].trigger()
        stage.settle()
    stage.shoot("cull-taught")
    stage.window.session.queue.set_least(50)
    view.ask_certain()
    stage.settle()
    stage.shoot("cull-certain")
    stage.close_dialogs()
    while view.run.current is not None:
        view.actions_by_id["skip"].trigger()
        stage.settle()
    stage.window.notes.bar.hide()
    stage.shoot("cull-done")
    view.undo_all()
    stage.settle()
    view.leave()
    stage.settle()


def curate(stage: Stage) -> None:
    """The whole memory, one class, and what is selected in it."""
    stage.press("actionCurate")
    stage.shoot("curate-all")
    view = stage.window.curate
    view.tree.go_to("class", "animals/birds")
    stage.settle()
    for at in (1, 2, 4):
        view.grid.selection.toggle(at)
    view.grid.changed_selection()
    view.grid.viewport().update()
    stage.settle()
    stage.shoot("curate")
    view.forget()
    stage.settle()
    type_into(stage.dialog(), "3")
    stage.shoot("forget")


def struck(stage: Stage) -> None:
    view = stage.window.curate
    view.grid.selection.clear()
    view.grid.changed_selection()
    view.tree.go_to("struck")
    stage.settle()
    stage.shoot("curate-struck")
    view.tree.go_to("all")
    view.filter.start_typing()
    view.filter.findChild(QLineEdit).setText("nothing is called like this")  # type: ignore[union-attr]
    wait(stage, lambda: not len(view.grid.ids))
    stage.shoot("curate-nothing")
    view.filter.clear()
    wait(stage, lambda: len(view.grid.ids) > 0)
    stage.settle()


def review(stage: Stage) -> None:
    """Both lists of what a person should look at."""
    tabs = stage.window.curate.tabs
    tabs.setCurrentWidget(tabs.suspects)
    stage.settle()
    select_rows(tabs.suspects.table, 0)
    stage.shoot("review-labels")
    tabs.setCurrentWidget(tabs.groups)
    stage.settle()
    tabs.groups.slider.setValue(10)
    stage.settle()
    select_rows(tabs.groups.list, 0)
    stage.shoot("review-duplicates")
    tabs.show_grid()


def history(stage: Stage) -> None:
    """The steps by day, a tag, and one step chosen."""
    session, view = stage.window.session, stage.window.curate
    memory = session.memory
    assert memory is not None
    steps.tag(session, "before the clean-up", view.history.refresh)
    stage.settle()
    ids = [int(i) for i in memory.listing.ids[100:112]]
    exemplars.relabel(session, ids[:4], "decorations")
    exemplars.strike(session, ids[4:])
    stage.settle()
    steps.undo(session)
    stage.settle()
    stage.window.notes.bar.hide()
    row = next(r for r in range(view.history.rowCount()) if view.history.step_at(r) is not None and r > 1)
    view.steps.list.setCurrentIndex(view.history.index(row))
    stage.settle()
    stage.shoot("history")


def branch(stage: Stage) -> None:
    """A tagged state that was undone, and what took its place."""
    session, view = stage.window.session, stage.window.curate
    memory = session.memory
    assert memory is not None
    stage.press("actionCurate")
    ids = [int(i) for i in memory.listing.ids[300:312]]
    exemplars.relabel(session, ids[:5], "decorations")
    stage.settle()
    steps.tag(session, "relabelled", view.history.refresh)
    stage.settle()
    steps.undo(session)
    stage.settle()
    exemplars.strike(session, ids[5:9])
    stage.settle()
    row = next(r for r in range(view.history.rowCount()) if (s := view.history.step_at(r)) and s.state == "branch")
    view.steps.list.setCurrentIndex(view.history.index(row))
    stage.settle()
    stage.shoot("branch")


def notes(stage: Stage) -> None:
    """The bell: what was done, what can still be done about it, an error, and files that were skipped."""
    session, memory = stage.window.session, stage.window.session.memory
    assert memory is not None
    folder = stage.room / "broken images"
    folder.mkdir()
    for name in ("scan 1.png", "scan 2.png"):
        (folder / name).write_text("no image")
    ids = [int(i) for i in memory.listing.ids[200:220]]
    session.raise_error(StorageError(f"{HOME}/birds.vmem cannot be written: no space left on device"))
    stage.close_dialogs()
    folders.import_folder(session, str(folder), copy=True, label="inbox")
    stage.settle()
    stage.press("actionDecide")
    ask(stage, WRONG)
    assert session.decision.decision is not None
    exemplars.strike(session, [session.decision.decision.neighbours[0].id], here=True)
    stage.settle()
    exemplars.relabel(session, ids[:9], "animals/birds/birds of prey and others with long names")
    stage.settle()
    exemplars.strike(session, ids[9:])
    stage.settle()
    stage.shoot("notes-unread")
    stage.press("actionNotes")
    stage.shoot("notes")


def palette(stage: Stage) -> None:
    """All commands, and those that a few letters mean."""
    stage.press("actionDecide")
    ask(stage, WRONG)
    stage.press("actionPalette")
    stage.shoot("palette-all")
    stage.window.command_palette.line.setText("strike")
    stage.shoot("palette")
    stage.window.command_palette.line.setText("no such thing")
    stage.shoot("palette-nothing")
    stage.window.command_palette.close()


def originals(stage: Stage) -> None:
    """Linked images were moved: the note, and the dialog it leads to."""
    holiday = stage.room / "birthday" / "holiday"
    unpack(stage, holiday, most=60)
    linked = stage.room / "birthday" / "holiday.vmem"
    with VisualMemory.create(linked) as memory:
        memory.build(holiday)
    holiday.rename(holiday.with_name("holiday 2026"))
    stage.window.open(str(linked))
    wait(stage, stage.window.notes.bar.isVisible)
    stage.settle()
    stage.shoot("originals-note")
    stage.press("actionOriginals")
    stage.shoot("originals")
    stage.close_dialogs()
    stage.window.open(str(stage.room / "birthday" / "demo.vmem"))
    stage.settle()


def busy(stage: Stage) -> None:
    """A long import: what it does, how far it is, Cancel."""
    stage.press("actionCurate")
    memory = stage.window.session.memory
    assert memory is not None
    folder = stage.room / "holiday images"
    unpack(stage, folder)
    folders.import_folder(stage.window.session, folder, copy=False, label="inbox")
    wait(stage, lambda: any(task.done > 40 for task in stage.window.session.tasks.running))
    stage.shoot("busy")
    for task in stage.window.session.tasks.running:
        task.cancel()
    stage.settle()
    stage.shoot("stopped")


def dialogs(stage: Stage) -> None:
    """Dialogs that ask or report."""
    window = stage.window
    stage.press("actionDecide")
    ask(stage, WRONG)
    window.session.raise_error(StorageError(f"{HOME}/birds.vmem cannot be written: no space left on device"))
    stage.settle()
    stage.shoot("error")
    stage.close_dialogs()
    for name, action in (("settings", "actionSettings"), ("export", "actionExport"), ("keys", "actionKeys")):
        stage.press(action)
        if name == "export":
            type_into(stage.dialog(), f"{HOME}/demo.vmemz")
        stage.shoot(name)
        stage.close_dialogs()
    window.commands.memory.import_folder(str(stage.room / "holiday images"))
    stage.settle()
    stage.shoot("import")
    stage.close_dialogs()
    window.decide.neighbours.select([n.id for n in window.session.decision.decision.neighbours[:3]])  # type: ignore[union-attr]
    stage.press("actionTrust")
    stage.shoot("trust")
    stage.close_dialogs()
    window.ask.confirm("Teach 12 images from the queue as the 3 classes they are decided as?", "Teach", lambda: None)
    stage.shoot("confirm")
    stage.close_dialogs()
    window.ask.reading("demo.vmem is being edited by the window of process 4711 on this computer.", lambda: None)
    stage.shoot("reading")


def gpu(stage: Stage) -> None:
    """A GPU that ran out of memory while neighbours were searched for."""
    stage.press("actionDecide")
    fallbacks.note(Fallback("searching", "cuda:0", "memory"))
    stage.settle()
    stage.shoot("gpu")
    fallbacks.clear("searching")


def long_names(stage: Stage) -> None:
    """Names as long as German ones get."""
    exemplars.rename_label(
        stage.window.session,
        "shapes/stars",
        "Verkehrssicherungseinrichtungen/Geschwindigkeitsbegrenzungsschilder mit Zusatzzeichen",
    )
    stage.settle()
    ask(stage, "37-star_23pt05step.png")
    stage.shoot("long-names")
    stage.press("actionCurate")
    stage.shoot("long-names-curate")
    stage.press("actionDecide")
    stage.press("actionQueue")
    stage.shoot("long-names-queue")


STORY = (
    empty, decide, hints, opinion, voters, torn, parts, strike, unknown, taught, preview, watch, menus, queue, cull,
    curate, struck, review, history, branch, notes, palette, study, evaluated, best_settings, novelty,
    map_of_images, experiments, busy, dialogs, encoders, reembedded, originals, shared, gpu, words, long_names,
)  # fmt: skip
