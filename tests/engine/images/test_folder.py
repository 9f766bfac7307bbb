"""Which files of a folder are images, and under which labels."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from visualmemory_gui.engine.errors import BadValue
from visualmemory_gui.engine.images.folder import walk
from visualmemory_gui.engine.images.formats import looks_like_image


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "birds"
    folder.mkdir()
    return folder


def test_sub_folders_are_labels_and_loose_images_get_the_folder_s_name(root: Path) -> None:
    touch(root, "loose.jpg", "owls/a.JPG", "owls/barn/b.png", "tits/c.webp")
    assert walk(root).files == [
        (str(root / "loose.jpg"), "birds"),
        (str(root / "owls/a.JPG"), "owls"),
        (str(root / "owls/barn/b.png"), "owls/barn"),
        (str(root / "tits/c.webp"), "tits"),
    ]


def test_the_order_is_that_of_the_paths(root: Path) -> None:
    names = ["b/2.png", "b/10.png", "b-c/1.png", "a/z/1.png", "a/1.png", "B/1.png"]
    touch(root, *names)
    found = [str(Path(path).relative_to(root)) for path, _ in walk(root).files]
    assert found == ["B/1.png", "a/1.png", "a/z/1.png", "b/10.png", "b/2.png", "b-c/1.png"]
    assert walk(str(root)) == walk(root)


def test_other_files_are_listed_and_hidden_ones_are_not(root: Path) -> None:
    touch(root, "a/readme.txt", "a/1.png", "a/.hidden.png", ".cache/2.png", "a/Thumbs.db")
    walked = walk(root)
    assert [path for path, _ in walked.files] == [str(root / "a/1.png")]
    assert [Path(skipped.path).name for skipped in walked.skipped] == ["Thumbs.db", "readme.txt"]


def test_links_are_passed_over_and_counted(root: Path, tmp_path: Path) -> None:
    touch(root, "a/1.png")
    (root / "a" / "circle").symlink_to(root)
    (root / "a" / "2.png").symlink_to(root / "a" / "1.png")
    (root / "nothing.png").symlink_to(tmp_path / "gone")
    walked = walk(root)
    assert len(walked.files) == 1 and walked.links == 3


def test_a_folder_given_as_a_link_is_walked(root: Path, tmp_path: Path) -> None:
    touch(root, "a/1.png")
    (tmp_path / "link").symlink_to(root)
    assert [label for _, label in walk(tmp_path / "link").files] == ["a"]


def test_memories_and_pipes_are_not_walked_into(root: Path) -> None:
    touch(root, "mine.vmem/images/ab/1.png")
    os.mkfifo(root / "pipe.png")
    walked = walk(root)
    assert not walked.files
    assert [skipped.reason for skipped in walked.skipped] == [
        "a memory, not a folder of images",
        "not a regular file",
    ]


def test_names_that_are_no_text_are_listed(root: Path) -> None:
    (root / os.fsdecode(b"bad\xff.png")).touch()
    (root / os.fsdecode(b"label\xff")).mkdir()
    walked = walk(root)
    assert not walked.files
    assert [Path(skipped.path).name for skipped in walked.skipped] == [
        "bad\N{REPLACEMENT CHARACTER}.png",
        "label\N{REPLACEMENT CHARACTER}",
    ]


def test_deep_folders_are_walked(root: Path) -> None:
    deep = root.joinpath(*["d"] * 300)
    touch(deep, "1.png")
    assert [label.count("/") for _, label in walk(root).files] == [299]


@pytest.mark.parametrize("name", ["gone", "file"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadValue, match="not a folder"):
        walk(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "is_one"), [("a.JPEG", True), ("a.heic", True), ("a.svg", True), ("a.eps", False), ("jpg", False)]
)
def test_endings_promise_images(name: str, is_one: bool) -> None:
    assert looks_like_image(name) is is_one
