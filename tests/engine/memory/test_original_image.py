"""The file of an image that a memory names, where the memory is a stranger's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import COLOURS, paint_image
from visualmemory_gui import VisualMemory
from visualmemory_gui.engine.errors import BadImage
from visualmemory_gui.engine.memory.image_reader import file_sha256
from visualmemory_gui.engine.memory.original_image import cut_part, decode_original, file_of, read_original
from visualmemory_gui.engine.types import Box

ODD = ["/" + "x" * 5000, "/a\0b", "\udcff", "", "/dev/zero"]


@pytest.mark.parametrize("source", ODD, ids=["too long", "NUL", "no text", "empty", "device"])
def test_a_place_that_no_file_can_be_at_is_gone(memory: VisualMemory, source: str) -> None:
    image = replace(memory.decode(paint_image(COLOURS["animals/dog"], seed=1)), sha256="ab" * 32, source=source)
    assert file_of(memory, "ab" * 32, source) is None and file_sha256(source) is None
    for read in (
        lambda: read_original(memory, "ab" * 32, source),
        lambda: decode_original(memory, "ab" * 32, source, None),
        lambda: cut_part(memory, image, Box(0, 0, 16, 16), lambda _: image.pixels),
    ):
        with pytest.raises(BadImage):
            read()


def test_a_copy_is_found_where_the_original_cannot_be_looked_at(memory: VisualMemory, tmp_path: Path) -> None:
    image = tmp_path / "new.png"
    paint_image(COLOURS["animals/dog"], seed=2).save(image)
    [added] = memory.add_images([image], "animals/dog", copy=True).added
    image.unlink()
    [row] = memory.catalog.get([added])
    assert read_original(memory, row.sha256, "/" + "x" * 5000).sha256 == row.sha256
    assert decode_original(memory, row.sha256, "/" + "x" * 5000, None).sha256 == row.sha256
