"""What the command line says of a damaged memory: ``verify --json`` in every case, and how a setting is mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.reliability.full_memory import full_memory
from tests.reliability.planting import plant
from visualmemory_gui.cli.main import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return full_memory(tmp_path / "m.vmem")


BROKEN: dict[str, Callable[[Path], object]] = {
    "no database": lambda path: (path / "memory.sqlite").write_bytes(b"a text" * 1000),
    "an empty file": lambda path: (path / "memory.sqlite").write_bytes(b""),
    "a cut file": lambda path: (path / "memory.sqlite").write_bytes((path / "memory.sqlite").read_bytes()[:5000]),
    "no file": lambda path: (path / "memory.sqlite").unlink(),
    "a trigger": lambda path: plant(path, "create trigger t after update on meta begin delete from vectors; end"),
    "a view": lambda path: plant(path, "drop table settings", "create view settings as select 1 name, 2 value"),
    "loose vectors": lambda path: plant(
        path,
        "update sqlite_master set sql = replace(sql, ' strict', '') where name = 'vectors'",
        "pragma schema_version=1000",
    ),
    "an empty meta": lambda path: plant(path, "delete from meta"),
    "a newer format": lambda path: plant(path, "pragma user_version=2147483647"),
    "a format that never was": lambda path: plant(path, "pragma user_version=-2147483648"),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_verify_prints_json_in_every_case(path: Path, damage: Callable[[Path], object]) -> None:
    damage(path)
    done = run("verify", path, "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1 and found["ok"] is False
    assert [set(one) for one in found["damage"]] == [{"what", "where", "detail"}]
    assert str(path) in found["damage"][0]["detail"]
    assert run("verify", path).exit_code == 1 and run("show", path).exit_code == 1


def test_a_damaged_setting_is_told_its_default_serves_and_settings_mends_it(path: Path) -> None:
    plant(path, "update settings set value = 'many' where name = 'k'")
    done = run("settings", path, "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["k"] == 10
    assert "setting k is damaged" in done.stderr and "settings" in done.stderr
    found = json.loads(run("verify", path, "--json").stdout)
    assert [one["where"] for one in found["damage"]] == ["settings k"]
    assert json.loads(run("settings", path, "k", "5", "--json").stdout)["k"] == 5
    done = run("verify", path, "--json")
    assert json.loads(done.stdout) == {"ok": True, "damage": []} and "damaged" not in done.stderr
