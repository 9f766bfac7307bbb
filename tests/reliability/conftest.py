"""A disk that is watched, or fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability.disk import library


@pytest.fixture(scope="session")
def disk_so(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``disk.c``, compiled."""
    return library(tmp_path_factory.mktemp("disk"))
