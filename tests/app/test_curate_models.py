"""The models of Curate with plain values: the tree of classes, words for times, what dialogs say."""

from __future__ import annotations

from datetime import datetime

import pytest
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QRadioButton

from visualmemory_gui.app.models.class_tree import ClassTreeModel, TreeRole
from visualmemory_gui.app.models.history import when
from visualmemory_gui.app.widgets.dialogs.export_dialog import ExportDialog, free_name
from visualmemory_gui.app.widgets.dialogs.import_dialog import FolderFacts, ImportDialog, in_words, size_text, time_text
from visualmemory_gui.app.widgets.tables.class_tree import ClassTree

NOW = datetime(2026, 5, 3, 12, 0)


@pytest.fixture
def tree(qapp):
    model = ClassTreeModel()
    model.tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.set_counts({"animals/cat": 3, "animals/cat/tabby": 2, "plants": 1}, 4)
    return model


def test_a_class_counts_everything_below_it(tree):
    totals = {path: tree.find("class", path).data(TreeRole.Count) for path in ("animals", "animals/cat", "plants")}
    assert totals == {"animals": 5, "animals/cat": 5, "plants": 1}
    assert tree.find("all").data() == "All exemplars (10)" and tree.find("struck").data() == "Struck (4)"
    assert tree.labels() == ["animals/cat", "animals/cat/tabby", "plants"]


def test_figures_change_in_place_and_classes_by_a_reset(tree, qtbot):
    with qtbot.assertNotEmitted(tree.modelReset), qtbot.waitSignal(tree.dataChanged):
        tree.set_counts({"animals/cat": 2, "animals/cat/tabby": 2, "plants": 1}, 5)
    with qtbot.waitSignal(tree.modelReset):
        tree.set_counts({"animals/cat": 2}, 0)
    assert not tree.find("struck").isValid()


def test_open_branches_and_the_chosen_class_survive_new_classes(tree, qtbot):
    view = ClassTree(tree)
    qtbot.addWidget(view)
    tree.set_counts({"animals/cat": 3, "plants/rose": 1}, 0)
    view.go_to("class", "animals/cat")
    view.collapse(tree.find("class", "plants"))
    with qtbot.assertNotEmitted(view.place_chosen):
        tree.set_counts({"animals/cat": 3, "animals/dog": 1, "plants/rose": 1}, 0)
    assert view.place == ("class", "animals/cat") and view.currentIndex().data() == "cat (3)"
    assert view.isExpanded(tree.find("class", "animals")) and not view.isExpanded(tree.find("class", "plants"))


def test_a_class_that_went_gives_its_place_to_all_exemplars(tree, qtbot):
    view = ClassTree(tree)
    qtbot.addWidget(view)
    view.go_to("class", "plants")
    with qtbot.waitSignal(view.place_chosen) as caught:
        tree.set_counts({"animals/cat": 3}, 0)
    assert caught.args == ["all", None]


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 5, 3, 9, 5), "09:05"),
        (datetime(2026, 5, 2, 23, 0), "yesterday 23:00"),
        (datetime(2026, 2, 1, 8, 0), "1 Feb 08:00"),
        (datetime(2024, 2, 1, 8, 0), "1 Feb 2024"),
    ],
)
def test_times_are_told_as_people_do(moment, text):
    assert when(moment.timestamp(), NOW) == text


@pytest.mark.parametrize(
    ("facts", "label", "text"),
    [
        (FolderFacts(18_000, 2, 5), None, "18,000 images in 2 classes; measuring how long it takes…"),
        (FolderFacts(18_000, 2, 5, 0, True, 300.0), None, "18,000 images in 2 classes, about 5 minutes."),
        (FolderFacts(1, 1, 5, 0, True, 0.1), "cat", "1 image as cat, less than a minute."),
        (FolderFacts(9, 2, 5, 3, True), None, "9 images in 2 classes. 3 other files are skipped."),
        (FolderFacts(0, 0, 0), None, "There are no images in this folder."),
        (
            FolderFacts(410, 12, 5, 3, True, 60.0, here=319),
            None,
            "410 new images in 12 classes, 319 here already; about 1 minute. 3 other files are skipped.",
        ),
        (FolderFacts(0, 0, 0, 0, True, here=319), None, "319 images are all here already."),
        (FolderFacts(0, 0, 0, 0, True, here=1), None, "1 image is here already."),
    ],
)
def test_the_import_says_what_it_will_cost(facts, label, text):
    assert in_words(facts, label) == text


def test_copies_are_not_offered_where_the_memory_can_keep_none(qtbot):
    dialog = ImportDialog(None, folder="x")
    qtbot.addWidget(dialog)
    link, copy = dialog.findChildren(QRadioButton)
    for linked in (False, True):
        dialog.set_facts(FolderFacts(1, 1, 5, linked=linked))
        assert (link.isEnabled(), copy.isEnabled(), bool(copy.toolTip())) == (True, not linked, linked)


def test_sizes_and_times_in_words():
    assert [size_text(n) for n in (5, 20_000, 35_400_000, 2.5e9)] == ["5 bytes", "20 kB", "35 MB", "2.5 GB"]
    assert [time_text(s) for s in (3, 60, 600)] == ["less than a minute", "about 1 minute", "about 10 minutes"]


def test_export_suggests_a_free_target_and_refuses_one_that_is_taken(qtbot, tmp_path):
    (tmp_path / "birds.vmemz").write_text("here")
    dialog = ExportDialog(None, name="birds", folder=tmp_path, choose=lambda parent, now, then: then(f"{tmp_path}/x"))
    qtbot.addWidget(dialog)
    dialog.open()
    target, export = (
        dialog.findChild(QLineEdit),
        next(b for b in dialog.findChildren(QPushButton) if b.text() == "Export"),
    )
    assert target.text() == str(tmp_path / "birds-2.vmemz") and export.isEnabled()
    target.setText(str(tmp_path / "birds.vmemz"))
    assert not export.isEnabled()
    dialog.findChild(QComboBox).setCurrentIndex(1)
    assert target.text() == str(tmp_path / "birds")
    next(b for b in dialog.findChildren(QPushButton) if b.text() == "Choose…").click()
    with qtbot.waitSignal(dialog.confirmed) as caught:
        export.click()
    assert caught.args == [f"{tmp_path}/x", "imagefolder", False]


def test_a_free_name_counts_up(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("x")
    assert free_name(str(tmp_path / "a"), "") == str(tmp_path / "a-2")
