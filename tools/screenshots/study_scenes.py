"""The scenes of Study: its pages before anything was asked, and with their answers."""

from __future__ import annotations

from PySide6.QtWidgets import QTabWidget

from tools.screenshots.stage import Stage, turn_to, wait
from visualmemory_gui.app.operations.settings import use_settings
from visualmemory_gui.app.views.study.evaluate_page import EvaluatePage
from visualmemory_gui.app.views.study.growth_page import KINDS, GrowthPage
from visualmemory_gui.app.views.study.map_page import MapPage
from visualmemory_gui.app.views.study.novelty_page import NoveltyPage
from visualmemory_gui.app.views.study.tune_page import TunePage


def study(stage: Stage) -> None:
    """Every page that Study has, as it is before anything was asked."""
    stage.press("actionStudy")
    tabs = stage.window.study.findChild(QTabWidget)
    assert tabs is not None
    for page in range(tabs.count()):
        tabs.setCurrentIndex(page)
        stage.settle()
        name = "".join(c if c.isalnum() else "-" for c in tabs.tabText(page).split("(")[0].strip().lower())
        stage.shoot(f"study-{name}")


def evaluated(stage: Stage) -> None:
    """What an evaluation shows, and who is to blame for its most frequent mistake."""
    page = turn_to(stage, EvaluatePage)
    page.on_run()
    stage.settle()
    stage.shoot("evaluated-curves")
    page.tabs.setCurrentWidget(page.confusion)
    page.model.choose_level(0)  # blame knows full labels
    page.confusion.mistakes.setCurrentRow(0)
    page.look_for_blame()
    stage.settle()
    stage.shoot("evaluated-confusion")
    page.tabs.setCurrentWidget(page.runs)
    stage.shoot("evaluated-runs")


def best_settings(stage: Stage) -> None:
    """A memory that votes by rank, and what other settings would gain."""
    session = stage.window.session
    assert session.memory is not None
    ours = {name: getattr(session.memory.settings, name) for name in ("rule", "class_factor")}
    use_settings(session, {"rule": "rank", "class_factor": "old"}, "")
    page = turn_to(stage, EvaluatePage)
    page.compare_settings()
    stage.settle()
    stage.shoot("best-settings")
    use_settings(session, ours, "")
    stage.settle()


def novelty(stage: Stage) -> None:
    """What each test for unknown images finds and loses."""
    page = turn_to(stage, NoveltyPage)
    page.hide_classes()
    stage.settle()
    page.table.selectRow(page.table.rowCount() // 2)
    stage.shoot("novelty")


def map_of_images(stage: Stage) -> None:
    """The map by neighbourhoods: whole, enlarged until it shows images, and with a cluster in the lasso."""
    page = turn_to(stage, MapPage)
    page.lay_out("tsne")
    wait(stage, lambda: not page.model.running, seconds=300)
    stage.shoot("map-whole")
    view, image = page.view, page.model.found
    assert image is not None
    spot = view.pixel_of(int(image.ids[len(image.ids) // 3]))
    assert spot is not None
    while not view.shows_images:
        view.look(view.camera.zoomed(1.3, spot.x(), spot.y()))
        view.repaint_dots()
        stage.settle()
    left, top = view.camera.place_of(0.3 * view.width(), 0.3 * view.height())
    right, bottom = view.camera.place_of(0.6 * view.width(), 0.7 * view.height())
    inside = (image.xy >= (left, bottom)) & (image.xy <= (right, top))
    view.select(image.ids[inside.all(axis=1)])
    page.on_outlined(view.selected)
    stage.settle()
    stage.shoot("map-images")


def experiments(stage: Stage) -> None:
    """What the other pages of Study answer."""
    growth = turn_to(stage, GrowthPage)
    for kind in (place for place, (name, *_) in enumerate(KINDS) if name != "new"):  # that one asks for a folder
        growth.kind.setCurrentIndex(kind)
        growth.measure()
        stage.settle()
        stage.shoot(f"growth-{growth.kind.currentText().lower().replace(' ', '-')}")
    turn_to(stage, TunePage).look()
    stage.settle()
    stage.shoot("tuned")
