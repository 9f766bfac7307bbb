"""What a release checks without building anything."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import release
from tools.application import __main__ as application
from tools.application import start


def test_the_files_of_two_wheels_are_compared_by_their_bytes(tmp_path: Path) -> None:
    for name, text in (("a", "one"), ("b", "one"), ("c", "two")):
        with zipfile.ZipFile(tmp_path / name, "w") as wheel:
            wheel.writestr("m.py", text)
            wheel.writestr("d/RECORD", name)
    a, b, c = (release.files(tmp_path / name) for name in "abc")
    assert a == b != c and list(a) == ["m.py"]


def test_the_changelog_is_named_while_it_has_no_heading_of_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "__version__", "99.9.9")
    assert "CHANGELOG" in release.to_do()[0]
    monkeypatch.setattr(release, "__version__", "0.2.0")
    assert not any("CHANGELOG" in each for each in release.to_do())


@pytest.mark.parametrize(
    ("version", "vision", "taken"),
    [
        ({"cuda": None, "hip": None}, SimpleNamespace(), True),
        ({"cuda": "13.0", "hip": None}, SimpleNamespace(), False),
        ({"cuda": None, "hip": "6.4"}, SimpleNamespace(), False),
        ({"cuda": None, "hip": None}, None, False),
    ],
)
def test_a_torch_for_the_cpu_alone_goes_into_the_application_where_torchvision_is_beside_it(
    version: dict[str, str | None], vision: object, taken: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(version=SimpleNamespace(**version)))
    monkeypatch.setitem(sys.modules, "torchvision", vision)
    assert application.takes_torch() is taken
    assert set(application.WITH_TORCH).isdisjoint(application.LEFT_OUT)


def test_the_application_starts_its_children_as_an_interpreter_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "script.py").write_text("import sys; print(__name__, sys.argv[1:])", encoding="utf-8")
    for words in (["-P", str(tmp_path / "script.py"), "a"], ["-m", "script", "a"]):
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr("sys.argv", ["visualmemory", *words])
        start.main()
        assert capsys.readouterr().out == "__main__ ['a']\n"


def test_the_encoder_that_is_shipped_is_put_where_one_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "shipped/lite0-x").mkdir(parents=True)
    (tmp_path / "shipped/lite0-x/seal.json").write_text("{}")
    for _ in range(2):
        start.place_encoder(tmp_path / "shipped")
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == ["seal.json"]
