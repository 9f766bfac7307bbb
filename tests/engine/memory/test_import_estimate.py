"""What an import will cost is measured, and what it says of the disk holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import paint_image, write_images
from visualmemory_gui.engine.encoders import fake
from visualmemory_gui.engine.errors import Cancelled, EncoderError
from visualmemory_gui.engine.images.folder import walk
from visualmemory_gui.engine.memory import import_estimate
from visualmemory_gui.engine.memory.visual_memory import VisualMemory
from visualmemory_gui.engine.types import EncoderIdentity


def paths_of(folder: Path) -> list[str]:
    return [path for path, _ in walk(folder).files]


def test_what_it_says_of_the_disk_is_what_an_import_then_takes(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "images", each=100)
    cost = import_estimate.measure(paths_of(folder), fake.IDENTITY)
    with VisualMemory.create(tmp_path / "m.vmem", encoder="fake") as memory:
        empty = (memory.path / "memory.sqlite").stat().st_size
        memory.build(folder)
        memory._live.build_index()
    taken = sum(path.stat().st_size for path in memory.path.rglob("*") if path.is_file()) - empty
    assert cost.size * 300 == pytest.approx(taken, rel=0.25)
    assert cost.seconds is not None and cost.seconds > 0


def test_it_tries_some_of_many_and_tells_how_far_it_is(tmp_path: Path) -> None:
    paths = paths_of(write_images(tmp_path / "images", each=100))
    told: list[tuple[int, int | None]] = []
    import_estimate.measure(paths, fake.IDENTITY, report=lambda done, total, what="": told.append((done, total)))
    assert told[0] == (0, import_estimate.MOST)
    assert all(done <= import_estimate.MOST for done, _ in told)


def test_images_that_cannot_be_read_are_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    assert import_estimate.measure([str(tmp_path / "bad.png")], fake.IDENTITY).seconds is None
    paint_image((9, 9, 9), seed=1).save(tmp_path / "good.png")
    assert (
        import_estimate.measure([str(tmp_path / "bad.png"), str(tmp_path / "good.png")], fake.IDENTITY).seconds
        is not None
    )


def test_it_can_be_stopped(tmp_path: Path) -> None:
    def stop(done: int, total: int | None, what: str = "") -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        import_estimate.measure(paths_of(write_images(tmp_path / "images", each=6)), fake.IDENTITY, report=stop)


def test_an_encoder_that_is_not_here_is_told(tmp_path: Path) -> None:
    paint_image((9, 9, 9), seed=1).save(tmp_path / "good.png")
    with pytest.raises(EncoderError):
        import_estimate.measure([str(tmp_path / "good.png")], EncoderIdentity("none-of-that-name", 9))
