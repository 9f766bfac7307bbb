"""Bundles: what goes in comes out, and nothing else does."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.engine.exchange.memories import facts, paint, paint_classes, random_memory
from visualmemory_gui.engine.errors import Cancelled, EncoderMismatch, ExchangeError, StorageError
from visualmemory_gui.engine.exchange import bundle
from visualmemory_gui.engine.memory.visual_memory import VisualMemory


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    """Twelve images; two struck, one with another trust."""
    with VisualMemory.create(tmp_path / "m.vmem", "fake") as m:
        m.build(paint_classes(tmp_path / "images"))
        m.strike([1, 2])
        m.reweigh([3], 0.5)
    return tmp_path / "m.vmem"


def export(memory: Path, target: Path, **options: bool) -> Path:
    with VisualMemory.open(memory, readonly=True) as m:
        bundle.export(m, target, **options)
    return target


@pytest.mark.parametrize("seed", range(20))
def test_a_random_memory_comes_back_whole_and_decides_the_same(tmp_path: Path, seed: int) -> None:
    place = random_memory(tmp_path / "a.vmem", seed)
    bundle.import_(export(place, tmp_path / "a.vmemz"), tmp_path / "b.vmem")
    with VisualMemory.open(place) as a, VisualMemory.open(tmp_path / "b.vmem") as b:
        assert facts(a) == facts(b)
        queries = np.random.default_rng(seed).normal(size=(10, a.identity.dim))
        for query in queries:
            one, other = a.decide_vector(query), b.decide_vector(query)
            assert one.shares == other.shares
            assert [n.distance for n in one.neighbours] == [n.distance for n in other.neighbours]
        assert b.history.steps() == []


def test_images_states_trust_and_thumbnails_survive(memory: Path, tmp_path: Path) -> None:
    bundle.import_(export(memory, tmp_path / "m.vmemz"), tmp_path / "n.vmem")
    with VisualMemory.open(memory) as a, VisualMemory.open(tmp_path / "n.vmem") as b:
        assert facts(a) == facts(b)
        for old, new in zip(a.catalog.select(), b.catalog.select(), strict=True):
            assert a.catalog.thumbnail(old.id) == b.catalog.thumbnail(new.id)
            assert b._live.files.path_of(str(new.sha256), ".png").read_bytes() == Path(str(old.source)).read_bytes()


def test_a_bundle_into_a_filled_memory_is_one_step_and_twice_changes_nothing(memory: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.vmem"
    with VisualMemory.create(other, "fake") as m:
        m.add([paint(tmp_path / "one.png", 999)], ["plant"])
    source = export(memory, tmp_path / "m.vmemz")
    assert (bundle.import_(source, other).added, bundle.import_(source, other).added) == (12, 0)
    with VisualMemory.open(other) as m:
        assert m.undo().edit == "Add 12 exemplars"
        assert m.catalog.totals() == (1, 1, 0)


def test_an_image_here_under_another_label_is_named_and_left(memory: Path, tmp_path: Path) -> None:
    source = export(memory, tmp_path / "m.vmemz")
    with VisualMemory.open(memory) as m:
        m.relabel([5], "something else")
    [skipped] = bundle.import_(source, memory).skipped
    assert "something else" in skipped.reason


def test_an_original_that_is_gone_leaves_its_thumbnail(memory: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "images" / "plant").iterdir():
        path.unlink()
    with VisualMemory.open(memory, readonly=True) as m:
        done = bundle.export(m, tmp_path / "m.vmemz")
    assert (done.images, done.thumbnails, done.bare) == (8, 4, 0)
    assert bundle.import_(tmp_path / "m.vmemz", tmp_path / "n.vmem").added == 12


def test_paths_stay_at_home_unless_kept(memory: Path, tmp_path: Path) -> None:
    home = str(tmp_path / "images").encode()
    packed = export(memory, tmp_path / "m.vmemz")
    with zipfile.ZipFile(packed) as archive:
        assert all(home not in archive.read(name) for name in archive.namelist())
    bundle.import_(export(memory, tmp_path / "private.vmemz", keep_private=True), tmp_path / "n.vmem")
    with VisualMemory.open(tmp_path / "n.vmem") as m:
        assert all(Path(str(e.source)).is_file() for e in m.catalog.select())


def test_a_bundle_holds_no_database_and_nothing_forgotten(memory: Path, tmp_path: Path) -> None:
    with VisualMemory.open(memory) as m:
        gone = m.catalog.vectors([4])[0].tobytes()
        m.forget([4])
    packed = export(memory, tmp_path / "m.vmemz").read_bytes()
    assert b"SQLite format" not in packed
    assert gone not in packed


def test_another_encoder_is_refused_and_nothing_changes(memory: Path, tmp_path: Path) -> None:
    source = export(memory, tmp_path / "m.vmemz")
    with VisualMemory.create(tmp_path / "v.vmem", dim=64) as m:
        m.add_vectors(np.eye(64, dtype=np.float32)[:2], ["a", "b"])
    with pytest.raises(EncoderMismatch):
        bundle.import_(source, tmp_path / "v.vmem")
    with VisualMemory.open(tmp_path / "v.vmem") as m:
        assert m.catalog.totals() == (2, 2, 0)


def test_a_target_that_is_there_is_refused_and_left(memory: Path, tmp_path: Path) -> None:
    (tmp_path / "there.vmemz").write_text("mine")
    with pytest.raises(ExchangeError, match="already exists"):
        export(memory, tmp_path / "there.vmemz")
    assert (tmp_path / "there.vmemz").read_text() == "mine"


def test_a_target_that_cannot_be_written_is_told(memory: Path, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        export(memory, tmp_path / "missing" / "m.vmemz")


def test_a_stopped_export_leaves_nothing(memory: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        if what == "writing vectors":
            raise Cancelled

    folder = tmp_path / "out"
    folder.mkdir()
    with VisualMemory.open(memory, readonly=True) as m, pytest.raises(Cancelled):
        bundle.export(m, folder / "m.vmemz", report=stop)
    assert list(folder.iterdir()) == []


def test_a_stopped_import_leaves_no_memory(memory: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        if what == "importing":
            raise Cancelled

    with pytest.raises(Cancelled):
        bundle.import_(export(memory, tmp_path / "m.vmemz"), tmp_path / "n.vmem", report=stop)
    assert not (tmp_path / "n.vmem").exists()


def test_a_newer_version_is_refused_by_name(memory: Path, tmp_path: Path) -> None:
    source, newer = export(memory, tmp_path / "m.vmemz"), tmp_path / "newer.vmemz"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(newer, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "manifest.json":
                data = json.dumps({**json.loads(data), "version": 99}).encode()
            new.writestr(info, data)
    with pytest.raises(ExchangeError, match="newer version"):
        bundle.import_(newer, tmp_path / "n.vmem")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("rule", "borda", "rule must be one of plurality, distance, softmax, rank, ridge, not 'borda'"),
        ("ridge_gamma", 60.0, "ridge_gamma must be above 0 and at most 50, not 60"),
        ("ridge_penalty", [1], "its setting ridge_penalty cannot be read"),
        ("class_factor", "median", "class_factor must be one of off, old, mean, not 'median'"),
    ],
)
def test_a_setting_that_this_version_does_not_know_is_refused_before_a_memory_is_made(
    memory: Path, tmp_path: Path, name: str, value: object, words: str
) -> None:
    source = with_settings(export(memory, tmp_path / "m.vmemz"), tmp_path / "other.vmemz", {name: value})
    with pytest.raises(ExchangeError, match=re.escape(words)):
        bundle.import_(source, tmp_path / "n.vmem")
    assert not (tmp_path / "n.vmem").exists()


@pytest.mark.usefixtures("as_new_memories_are")
def test_a_bundle_made_before_keeps_its_rule_and_its_class_factor(memory: Path, tmp_path: Path) -> None:
    before = {"k": 7, "rule": "rank", "class_factor": True, "level": 0}
    source = with_settings(export(memory, tmp_path / "m.vmemz"), tmp_path / "before.vmemz", before, only=True)
    bundle.import_(source, tmp_path / "n.vmem")
    with VisualMemory.open(tmp_path / "n.vmem") as m:
        assert (m.settings.k, m.settings.rule, m.settings.class_factor) == (7, "rank", "old")


def with_settings(source: Path, target: Path, settings: dict[str, object], *, only: bool = False) -> Path:
    """The bundle ``source`` with other settings in its manifest; ``only`` these."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == "manifest.json":
                manifest = json.loads(data)
                kept = {} if only else manifest["settings"]
                data = json.dumps({**manifest, "settings": {**kept, **settings}}).encode()
            new.writestr(info, data)
    return target


def test_settings_that_shape_decisions_come_along(memory: Path, tmp_path: Path) -> None:
    with VisualMemory.open(memory) as m:
        m.set("k", 3)
        m.set("class_factor", "off")
        m.set("rule", "ridge")
        m.set("ridge_k", 40)
        m.set("ridge_gamma", 3.5)
        wanted = m.settings
    bundle.import_(export(memory, tmp_path / "m.vmemz"), tmp_path / "n.vmem")
    with VisualMemory.open(tmp_path / "n.vmem") as m:
        assert m.settings == replace(wanted, device=m.settings.device)
