"""Files of weights."""

from __future__ import annotations

from pathlib import Path

from visualmemory_gui.engine.encoders import weights


def test_a_checksum_is_computed_again_when_the_file_changes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = weights.sha256(path)
    assert first == weights.sha256(path)
    path.write_bytes(b"three")
    assert weights.sha256(path) != first
