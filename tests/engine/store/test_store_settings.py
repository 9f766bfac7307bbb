from __future__ import annotations

import json
import re

import numpy as np
import pytest

from visualmemory_gui.engine.errors import BadValue, ReadOnlyMemory, StorageError
from visualmemory_gui.engine.store import settings
from visualmemory_gui.engine.store.derived_values import Derived
from visualmemory_gui.engine.store.files import ImageFiles
from visualmemory_gui.engine.store.queries import KEPT, RecentQueries
from visualmemory_gui.engine.store.schema import open_memory
from visualmemory_gui.engine.types import MemorySettings

SHA = "ab" * 32


def test_a_new_memory_has_the_defaults(store):
    assert settings.load(store.database).settings == MemorySettings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("k", "25", 25),
        ("rule", " Softmax ", "softmax"),
        ("class_factor", "Mean", "mean"),
        ("class_factor", "off", "off"),
        ("class_factor", "on", "old"),  # as it was stored before it had forms
        ("level", "2", 2),
        ("device", "cuda", "cuda"),
        ("exact_limit", "1,000,000", 1_000_000),
        ("threads", "4", 4),
        ("ridge_gamma", "50", 50.0),
        ("ridge_penalty", " 1e-3 ", 0.001),
        ("softmax_temperature", "0.01", 0.01),
        ("rank_offset", "0.5", 0.5),
        ("distance_exponent", "300", 300.0),
    ],
)
def test_a_setting_is_kept(store, name, text, value):
    assert getattr(settings.save(store.database, name, text).settings, name) == value
    assert getattr(settings.load(store.reopened().database).settings, name) == value
    assert store.damage() == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("k", "0"), ("k", "many"), ("k", "1.5"), ("rule", "best"), ("class_factor", "2"), ("device", "tpu"), ("kk", "1")],
)
def test_a_bad_setting_is_refused_with_what_may_be_said(store, name, text):
    with pytest.raises(BadValue):
        settings.save(store.database, name, text)
    assert settings.load(store.database).settings == MemorySettings()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("ridge_gamma", "0", "ridge_gamma must be above 0 and at most 50, not 0"),
        ("ridge_gamma", "51", "ridge_gamma must be above 0 and at most 50, not 51"),
        ("ridge_penalty", "0.0005", "ridge_penalty must be between 0.001 and 100, not 0.0005"),
        ("ridge_penalty", "nan", "ridge_penalty must be a finite number, not nan"),
        ("rank_offset", "-2", "rank_offset must be above 0"),
        ("softmax_temperature", "warm", "softmax_temperature must be a number, not 'warm'"),
        ("distance_exponent", "1e9", "distance_exponent must be above 0 and at most 300"),
    ],
)
def test_a_parameter_out_of_its_limits_is_refused_with_the_limits(store, name, text, words):
    with pytest.raises(BadValue, match=re.escape(words)):
        settings.save(store.database, name, text)


def test_every_setting_can_be_set(store):
    assert set(settings.NAMES) == set(MemorySettings.__dataclass_fields__)


def test_a_setting_of_a_newer_version_is_left_alone(store):
    store.database.execute("insert into settings values ('later', 'x', seal('later', 'x'))")
    assert settings.load(store.database).settings == MemorySettings()


def test_a_rule_of_a_newer_version_is_named_and_the_default_serves_until_one_is_set(store):
    store.database.execute("insert or replace into settings values ('rule', 'borda', seal('rule', 'borda'))")
    loaded = settings.load(store.database)
    assert loaded.settings == MemorySettings()
    assert "rule must be one of" in loaded.damaged["rule"] and "'borda'" in loaded.damaged["rule"]
    assert settings.save(store.database, "rule", "ridge").damaged == {}


def test_a_memory_open_for_reading_keeps_its_settings(store):
    reader = open_memory(store.database.folder, readonly=True)
    with pytest.raises(ReadOnlyMemory):
        settings.save(reader, "k", "3")
    reader.close()


def test_queries_come_newest_first_and_each_image_once(store, row):
    queries = RecentQueries(store.database)
    vector = row(1).vector
    queries.add("/a.png", "aa" * 32, sha256=SHA, thumbnail=b"jpeg", vector=vector)
    queries.add(None, "bb" * 32)
    queries.add("/moved/a.png", "aa" * 32, sha256=SHA, thumbnail=b"jpeg", vector=vector)
    found = queries.recent()
    assert [query.source for query in found] == ["/moved/a.png", None]
    assert (found[0].content, found[0].sha256, found[0].thumbnail) == ("aa" * 32, SHA, b"jpeg")
    assert np.array_equal(found[0].vector, vector) and found[1].vector is None
    assert len(queries.recent(1)) == 1
    assert store.damage() == []
    queries.remove_content("aa" * 32)
    assert [query.content for query in queries.recent()] == ["bb" * 32]
    queries.clear()
    assert queries.recent() == []


def test_only_the_last_queries_are_kept(store):
    queries = RecentQueries(store.database)
    for i in range(KEPT + 5):
        queries.add(f"/{i}.png", f"{i:064x}")
    found = queries.recent(10_000)
    assert len(found) == KEPT and found[0].source == f"/{KEPT + 4}.png" and found[-1].source == "/5.png"


def test_derived_values_carry_the_change_they_hold_for(store):
    derived = Derived(store.database)
    assert derived.get("novelty") is None
    derived.put("novelty", json.dumps({"1": 0.5}), 7)
    derived.put("novelty", json.dumps({"1": 0.6}), 9)
    assert derived.get("novelty") == ('{"1": 0.6}', 9)
    assert store.damage() == []
    derived.clear()
    assert derived.get("novelty") is None


@pytest.fixture
def files(tmp_path):
    (tmp_path / "m").mkdir()
    return ImageFiles(tmp_path / "m")


def test_a_copy_lies_under_its_hash(files, tmp_path):
    (tmp_path / "a.png").write_bytes(b"pixels")
    where = files.keep(tmp_path / "a.png", SHA, ".png")
    assert where == f"images/ab/{SHA[2:]}.png"
    assert (tmp_path / "m" / where).read_bytes() == b"pixels" == files.path_of(SHA, ".png").read_bytes()
    assert files.keep(tmp_path / "gone.png", SHA, ".png") == where
    assert list(files.all()) == [files.path_of(SHA, ".png")]
    assert files.unlink(SHA, ".png") is True
    assert files.unlink(SHA, ".png") is False
    assert list(files.all()) == []


def test_a_copy_that_fails_leaves_nothing_behind(files, tmp_path):
    with pytest.raises(StorageError, match=r"missing\.png"):
        files.keep(tmp_path / "missing.png", SHA, ".png")
    with pytest.raises(StorageError):
        files.keep(tmp_path, SHA, ".png")
    assert list(files.all()) == []


@pytest.mark.parametrize(
    ("sha256", "suffix"), [("../" * 10, ".png"), (SHA, "/../x"), (SHA, "png"), ("AB" * 32, ".png")]
)
def test_a_copy_cannot_leave_the_folder(files, sha256, suffix):
    with pytest.raises(BadValue):
        files.path_of(sha256, suffix)
