"""What is at a path can be asked of any path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from visualmemory_gui.engine.files.path_kind import is_file, is_folder


def test_a_path_that_cannot_be_looked_at_is_neither_a_file_nor_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert (is_folder(tmp_path), is_file(tmp_path), is_folder(file), is_file(file)) == (True, False, False, True)
    for path in (tmp_path / "missing", tmp_path / ("long" * 100), "no\0path", file / "below"):
        assert (is_folder(path), is_file(path)) == (False, False)
    with pytest.raises(OSError, match="too long"):
        (tmp_path / ("long" * 100)).is_dir()  # why the function is there

    def refuse(*_: object, **__: object) -> os.stat_result:
        raise PermissionError

    monkeypatch.setattr(os, "stat", refuse)
    assert (is_folder(tmp_path), is_file(file)) == (False, False)
