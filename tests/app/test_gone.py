"""What goes away while the window uses it: the memory's folder, an image's file; and a look that changes meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.app.conftest import Desk
from tests.conftest import paint_image, write_images
from tests.reliability.planting import plant
from visualmemory_gui.app import theme
from visualmemory_gui.app.operations import exemplars, folders, teach
from visualmemory_gui.engine.errors import NetworkMemory
from visualmemory_gui.engine.memory.importer import FolderBuild
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.store import filesystem
from visualmemory_gui.engine.types import NewExemplar


@pytest.mark.parametrize("how", ["moved away", "removed", "another in its place"])
def test_an_edit_on_a_memory_whose_folder_went_away_is_refused_and_the_window_lives_on(
    desk: Desk, small: Path, tmp_path: Path, how: str
) -> None:
    desk.window.on_query_chosen(1)
    desk.settle()
    if how == "removed":
        shutil.rmtree(small)
    else:
        small.rename(tmp_path / "away.vmem")
        if how == "another in its place":
            shutil.copytree(tmp_path / "away.vmem", small)
    exemplars.strike(desk.window.session, [1], here=True)
    desk.settle()
    what, todo = desk.errors[0]
    assert "no longer there" in what and "Reconnect" in todo and len(desk.errors) == 1
    desk.window.errors.accept()
    desk.window.on_query_chosen(2)
    desk.settle()
    assert desk.window.session.decision.query.exemplar == 2
    if how == "moved away":
        desk.open(tmp_path / "away.vmem")
        exemplars.strike(desk.window.session, [1], here=True)
        desk.settle()
        assert desk.memory.summary().struck == 1


def test_a_memory_on_a_network_file_system_is_refused_with_what_to_do(
    desk: Desk, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.window.session.close()
    desk.settle()
    monkeypatch.setattr(filesystem, "mount_of", lambda folder, mounts: ("/mnt/office", "nfs4"))
    desk.open(small)
    what, todo = desk.errors[0]
    assert "network file system /mnt/office" in what and "local disk" in todo


def test_control_only_network_file_systems_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(filesystem, "mount_of", lambda folder, mounts: ("/", "ext4"))
    filesystem.refuse_network(tmp_path)
    monkeypatch.setattr(filesystem, "mount_of", lambda folder, mounts: ("/", "cifs"))
    with pytest.raises(NetworkMemory):
        filesystem.refuse_network(tmp_path)


def test_an_exemplar_whose_file_vanished_keeps_its_thumbnail_and_is_decided(desk: Desk, tmp_path: Path) -> None:
    source = Path(desk.memory.catalog.get([1])[0].source or "")
    with VisualMemory.create(tmp_path / "linked.vmem", "fake") as memory:
        memory.build(write_images(tmp_path / "linked", each=2))
    desk.open(tmp_path / "linked.vmem")
    shutil.rmtree(tmp_path / "linked")
    desk.window.on_query_chosen(1)
    desk.settle()
    assert source.name and desk.decision.label is not None and desk.errors == []
    assert all(not desk.window.session.decision.images[n.id].isNull() for n in desk.decision.neighbours)


def test_a_query_whose_file_vanished_is_told_when_it_is_taught_by_path(desk: Desk, tmp_path: Path) -> None:
    teach.teach(desk.window.session, [tmp_path / "vanished.png"], "new")
    desk.settle()
    assert "vanished.png" in desk.errors[0][0]
    desk.window.errors.accept()
    paint_image((9, 9, 200), seed=3).save(tmp_path / "there.png")
    teach.teach(desk.window.session, [tmp_path / "there.png"], "new")
    desk.settle()
    assert "Taught 1 exemplar" in desk.notes[-1]


def test_the_look_can_change_while_images_come_in(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    changed_often, rows = Event(), FolderBuild._rows

    def change() -> None:
        looks.append(theme.current().name)
        if len(looks) > 2:
            changed_often.set()

    def slow_rows(*args: Any) -> list[NewExemplar]:
        assert changed_often.wait(60)
        return rows(*args)

    theme.notifier.changed.connect(change)
    monkeypatch.setattr(FolderBuild, "_rows", slow_rows)
    desk.window.on_query_chosen(1)
    folders.import_folder(desk.window.session, write_images(tmp_path / "more", each=12), copy=False)
    while desk.window.session.tasks.busy:
        desk.window.commands.settings.toggle_theme()
        desk.window.grab()
        desk.bot.wait(5)
    desk.settle()
    assert len(looks) > 2 and desk.errors == []
    assert "Added" in desk.notes[-1]


def test_damaged_settings_are_told_when_the_memory_opens(desk: Desk, small: Path, tmp_path: Path) -> None:
    with VisualMemory.open(small, readonly=True) as memory:
        assert memory.settings.k == 10
    damaged = tmp_path / "damaged.vmem"
    shutil.copytree(small, damaged)
    plant(damaged, "insert into settings values ('k', 'many', 0)")
    desk.open(damaged)
    assert "Damaged settings in this memory: k" in desk.notes[-1]
    assert desk.memory.settings.k == 10 and desk.errors == []
